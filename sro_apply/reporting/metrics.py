"""What is measured: the operator's metrics by their names and labels, and the applier's own, as plain values.

Everything is built anew from a picture, so that series of what has gone are gone too. How it is written as
text is not decided here.
Source: special-resource-operator pkg/metrics/metrics.go, controllers/resources.go, pkg/resource/resource.go.
Differs: `sro_used_nodes` has its values under the labels that they belong to, and its nodes are A-Z; a
kernel-affine object is named as it is in the cluster, where the operator has one series for all kernels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct, field

from sro_apply.planning.completion import (
    are_ready,
    finished,
    resources_of,
    shared_steps,
    states_of,
    steps_of,
)
from sro_apply.planning.order import SHARED
from sro_apply.planning.picture import Picture, SeenObject
from sro_apply.planning.progress import Status
from sro_apply.planning.stale import stale_nodes
from sro_apply.planning.verdict import Readiness

Sample = tuple[tuple[str, ...], float]
"""The values of a series' labels, and its own."""


class Family(Struct, frozen=True, kw_only=True):
    """A metric with all its series. is_counter: its name then ends in `_total`."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()
    is_counter: bool = False


class Work(Struct, frozen=True, kw_only=True):
    """What the applier says of itself.

    last_round_at: in seconds since 1970; None before the first. took_s: how long that round took.
    requests: how many were made, by method and answer (an HTTP status, or `none`).
    """

    version: str = ""
    is_leader: bool = False
    last_round_at: float | None = None
    took_s: float | None = None
    requests: Mapping[tuple[str, str], int] = field(default_factory=lambda: MappingProxyType({}))


def families(picture: Picture | None, work: Work) -> tuple[Family, ...]:
    """All metrics. Args: picture: None where nothing was seen yet, or another replica leads."""
    return (*(_operators(picture) if picture else ()), *(_of_steps(picture) if picture else ()), *_own(work))


def _operators(picture: Picture) -> Iterator[Family]:
    resources = resources_of(picture)
    yield Family(
        name="sro_managed_resources_total",
        help="Number of created SpecialResources",
        samples=(((), len(resources)),),
    )
    yield Family(
        name="sro_states_completed_info",
        help="For a given specialresource and state, 1 if the state is completed, 0 if it is not.",
        labels=("specialresource", "state"),
        samples=tuple(
            ((resource, state.template), float(is_finished))
            for resource in resources
            for state, is_finished in finished(
                states_of(picture, resource), before=are_ready(shared_steps(picture, resource))
            )
        ),
    )
    yield Family(
        name="sro_kind_completed_info",
        help="For a given specialresource,kind,name and namespace, "
        "1 if the state is completed, 0 if it is not.",
        labels=("specialresource", "kind", "name", "namespace"),
        samples=_kinds(picture),
    )
    yield Family(
        name="sro_used_nodes",
        help="Nodes that the deployments/daemonsets' pods are running on",
        labels=("cr", "kind", "name", "namespace", "nodes"),
        samples=_used(picture),
    )
    stale = {
        each.resource
        for each in stale_nodes(picture.resources, picture.nodes, picture.kernels)
        if not each.is_served
    }
    yield Family(
        name="sro_upgrade_alert",
        help="For a SRO CR, 1 if during upgrade there is a problem with CR, 0 otherwise",
        labels=("cr",),
        samples=tuple(
            ((resource,), float(resource in stale or _has_failed(picture, resource)))
            for resource in resources
        ),
    )


def _has_failed(picture: Picture, resource: str) -> bool:
    steps = (*shared_steps(picture, resource), *steps_of(picture, resource))
    return any(step.status is Status.FAILED for step in steps)


def _objects(picture: Picture) -> Iterator[tuple[str, SeenObject]]:
    """Each object with each SR that renders it: the operator knows of none that several share."""
    for step in picture.steps:
        for each in step.objects:
            resources = each.sharers or (step.key.resource,)
            yield from ((resource, each) for resource in resources if resource != SHARED)


def _kinds(picture: Picture) -> tuple[Sample, ...]:
    """Objects of one kind's name in two groups have one series: both must be ready."""
    found: dict[tuple[str, ...], float] = {}
    for resource, each in _objects(picture):
        key = (resource, each.id.kind, each.id.name, each.id.namespace)
        found[key] = min(found.get(key, 1.0), float(each.readiness is Readiness.READY))
    return tuple(found.items())


def _used(picture: Picture) -> tuple[Sample, ...]:
    return tuple(
        ((resource, each.id.kind, each.id.name, each.id.namespace, ",".join(each.used)), 1.0)
        for resource, each in _objects(picture)
        if each.used and each.id.group == "apps" and each.id.kind in {"DaemonSet", "Deployment"}
    )


def _of_steps(picture: Picture) -> Iterator[Family]:
    shared = (SHARED,) if steps_of(picture, SHARED) else ()
    yield Family(
        name="sro_apply_steps",
        help="Steps of a SpecialResource by where they stand: waiting, applied, ready or failed. "
        "What several share is counted as _shared.",
        labels=("specialresource", "status"),
        samples=tuple(
            ((resource, status.value), float(count[status]))
            for resource in (*shared, *resources_of(picture))
            for count in [Counter(step.status for step in steps_of(picture, resource))]
            for status in Status
        ),
    )
    yield Family(
        name="sro_apply_nodes",
        help="Live nodes that a SpecialResource takes.",
        labels=("specialresource",),
        samples=tuple(((each.name,), float(len(each.nodes))) for each in picture.resources),
    )
    yield Family(
        name="sro_apply_stale_nodes",
        help="Live nodes of a SpecialResource that run another kernel than the bundle was rendered for.",
        labels=("specialresource", "kernel"),
        samples=tuple(
            ((each.resource, each.kernel), float(len(each.nodes)))
            for each in stale_nodes(picture.resources, picture.nodes, picture.kernels)
        ),
    )


def _own(work: Work) -> Iterator[Family]:
    yield Family(
        name="sro_apply_info",
        help="The version of the applier.",
        labels=("version",),
        samples=(((work.version,), 1.0),),
    )
    yield Family(
        name="sro_apply_leader",
        help="1 if this replica is the one that works, 0 if it stands by.",
        samples=(((), float(work.is_leader)),),
    )
    if work.last_round_at is not None:
        yield Family(
            name="sro_apply_last_round_timestamp_seconds",
            help="When the last round ended, in seconds since 1970.",
            samples=(((), work.last_round_at),),
        )
    if work.took_s is not None:
        yield Family(
            name="sro_apply_last_round_duration_seconds",
            help="How long the last round took.",
            samples=(((), work.took_s),),
        )
    if work.requests:
        yield Family(
            name="sro_apply_requests_total",
            help="Requests to the API server by method and answer.",
            labels=("method", "code"),
            samples=tuple((key, float(number)) for key, number in sorted(work.requests.items())),
            is_counter=True,
        )
