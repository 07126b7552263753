"""On which nodes a DaemonSet must run: those that ran its kernel when the bundle was rendered.

Decides how nodes of the lock, which has names only, and live nodes, which have labels and taints, go
together. A node that lost the kernel's label still counts: that its pod is missing is what is to be seen.
So does one that lacks the label of an earlier state: it is the applier that sets it.
Source: kubernetes pkg/controller/daemon `NodeShouldRunDaemonPod`, `AddOrUpdateDaemonPodTolerations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from sro_apply.planning.picture import SeenNode
from sro_render.kernels.affinity import pod_spec_path
from sro_render.kernels.facts import KERNEL_LABEL
from sro_render.kernels.selectors import PodSelector, Term, pod_selector
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of

# What the DaemonSet controller lets its pods tolerate whatever they say.
_TOLERATED = frozenset(
    f"node.kubernetes.io/{each}"
    for each in (
        "not-ready",
        "unreachable",
        "disk-pressure",
        "memory-pressure",
        "pid-pressure",
        "unschedulable",
        "network-unavailable",
    )
)
_STOPPING = frozenset({"NoSchedule", "NoExecute"})
STATE_LABEL: Final = "specialresource.openshift.io/state-"
"""What the applier sets on nodes, followed by `SR-NNNN`."""


class LiveNode(Struct, frozen=True, kw_only=True):
    """A node as the server has it now. kernel: that it runs; empty where it has not said so yet."""

    name: str
    labels: Mapping[str, str]
    kernel: str = ""
    taints: tuple[JsonObject, ...] = ()


def read_node(manifest: JsonObject) -> LiveNode:
    """A Node object."""
    metadata = mapping_of(manifest.get("metadata"))
    taints = mapping_of(manifest.get("spec")).get("taints")
    info = mapping_of(mapping_of(manifest.get("status")).get("nodeInfo"))
    return LiveNode(
        name=text_of(metadata.get("name")),
        labels={key: text_of(value) for key, value in mapping_of(metadata.get("labels")).items()},
        kernel=text_of(info.get("kernelVersion")),
        taints=tuple(map(mapping_of, taints)) if isinstance(taints, list) else (),
    )


def seen_node(manifest: JsonObject) -> SeenNode:
    """A Node object with the kernel that it runs."""
    node = read_node(manifest)
    return SeenNode(name=node.name, kernel=node.kernel, labels=node.labels)


def expected_nodes(
    manifest: JsonObject, nodes: Iterable[LiveNode], locked: Sequence[str], *, is_affine: bool
) -> tuple[str, ...]:
    """The names of the nodes that a DaemonSet must run on, A-Z.

    Args: nodes: all live nodes; locked: those that the lock lists for the DaemonSet's kernel, or all of them
          for one that is not kernel-affine.
    """
    place = read_place(manifest, is_affine=is_affine)
    if place is None:
        return ()
    known = frozenset(locked)
    return tuple(sorted(node.name for node in nodes if node.name in known and place.fits(node)))


def fitting_nodes(manifest: JsonObject, nodes: Iterable[LiveNode], kernel: str) -> tuple[str, ...]:
    """The names of the live nodes that a DaemonSet should run on, A-Z, whether a lock has them or not.

    Args: kernel: that it is made for; empty for one that is not kernel-affine.
    """
    place = read_place(manifest, is_affine=bool(kernel))
    if place is None:
        return ()
    return tuple(sorted(node.name for node in nodes if kernel in {"", node.kernel} and place.fits(node)))


class Place(Struct, frozen=True, kw_only=True):
    """Where pods or builds may run as far as it lasts: whichever state a node is at."""

    selector: PodSelector
    tolerations: tuple[JsonObject, ...] = ()

    def fits(self, node: LiveNode) -> bool:
        """Whether a node is such a place."""
        return self.selector.matches(node.labels, node.name) and all(
            _is_tolerated(taint, self.tolerations) for taint in node.taints
        )


def read_place(manifest: JsonObject, *, is_affine: bool = True) -> Place | None:
    """Where the pods of a workload or of a build may run; None for other kinds.

    Args: is_affine: whether the kernel's label is left to who knows the nodes' kernels; else it counts.
    """
    selector = pod_selector(manifest)
    if selector is None:
        return None
    lasting = _lasting(selector.without(KERNEL_LABEL) if is_affine else selector)
    return Place(selector=lasting, tolerations=tuple(_tolerations(manifest)))


def _lasting(selector: PodSelector) -> PodSelector:
    """A selector without the labels that the applier sets."""
    return PodSelector(
        labels={key: value for key, value in selector.labels.items() if not key.startswith(STATE_LABEL)},
        terms=None if selector.terms is None else tuple(map(_lasting_term, selector.terms)),
        node_name=selector.node_name,
        is_broken=selector.is_broken,
    )


def _lasting_term(term: Term) -> Term:
    return Term(tuple(each for each in term.labels if not each.key.startswith(STATE_LABEL)), term.fields)


def _tolerations(manifest: JsonObject) -> list[JsonObject]:
    spec = manifest
    for key in pod_spec_path(text_of(manifest.get("kind"))) or ():
        spec = mapping_of(spec.get(key))
    given = spec.get("tolerations")
    return [mapping_of(each) for each in given] if isinstance(given, list) else []


def _is_tolerated(taint: JsonObject, tolerations: Sequence[JsonObject]) -> bool:
    if taint.get("effect") not in _STOPPING or taint.get("key") in _TOLERATED:
        return True
    return any(_fits(each, taint) for each in tolerations)


def _fits(toleration: JsonObject, taint: JsonObject) -> bool:
    """Source: k8s.io/api core/v1 `ToleratesTaint`."""
    effect, key = text_of(toleration.get("effect")), text_of(toleration.get("key"))
    if effect and effect != taint.get("effect"):
        return False
    if key and key != taint.get("key"):
        return False
    operator = text_of(toleration.get("operator"))
    if operator == "Exists":
        return True
    return bool(key) and operator in {"", "Equal"} and _text(toleration, "value") == _text(taint, "value")


def _text(fields: Mapping[str, JsonValue], key: str) -> str:
    return text_of(fields.get(key))
