"""Makes the picture of how a cluster stands against its bundle, from what can be read: nothing is written.

Who has applied steps says where they stand and why; without that it is told from the cluster alone, as
far as the cluster shows it: what is missing, or of another revision of the bundle, is not ready.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from sro_apply.applying import Applier
from sro_apply.kube.errors import NotFoundError, PermanentError
from sro_apply.kube.interface import Kind, Reading
from sro_apply.looking import Looker
from sro_apply.planning.holding import held_by
from sro_apply.planning.hooks import runs_once
from sro_apply.planning.members import seen_resources
from sro_apply.planning.order import Step, plan
from sro_apply.planning.parts import BundleObject, RenderedBundle
from sro_apply.planning.picture import Picture, SeenObject, SeenStep
from sro_apply.planning.placement import LiveNode, read_node, seen_node
from sro_apply.planning.progress import Status, StepKey, Table, status_of
from sro_apply.planning.running import is_driver, is_spread, running_nodes, served_nodes, used_nodes
from sro_apply.planning.verdict import READY, Readiness, Verdict
from sro_render.errors import Finding
from sro_render.model.objects import JsonObject, annotations_of, object_id

_DIGEST = "sro.openshift.io/digest"
_DRIVER = Kind("apps/v1", "DaemonSet")
_MISSING = Verdict(Readiness.PROGRESSING, "it is not there")
_OUTDATED = Verdict(Readiness.PROGRESSING, "it is not of this revision of the bundle")


class Trouble(Struct, frozen=True, kw_only=True):
    """Why a step failed, as its runner knows, and the seconds until it is tried again."""

    reason: str
    retry_s: float | None = None


NO_TROUBLE: Mapping[StepKey, Trouble] = MappingProxyType({})


class Surveyor:
    """Looks at all of one bundle."""

    def __init__(self, view: Reading, looker: Looker, bundle: RenderedBundle, applier: Applier) -> None:
        self._view, self._looker, self._bundle, self._applier = view, looker, bundle, applier
        self._steps = plan(bundle)

    def survey(
        self,
        table: Table | None = None,
        troubles: Mapping[StepKey, Trouble] = NO_TROUBLE,
        written: Collection[StepKey] = (),
    ) -> Picture:
        """How the cluster stands now.

        Args:
            table:    where each step stands, if a runner knows; None to tell it from the cluster.
            troubles: what stands in the way of steps, beside what shows in their objects.
            written:  steps whose objects were all applied, as a runner knows.
        Raises: TransientError: the server could not be asked; PermanentError: it lets us see no nodes.
        """
        nodes = self._view.nodes()
        live = [*map(read_node, nodes)]
        steps: list[SeenStep] = []
        told: dict[StepKey, Status] = {}
        for step in self._steps:
            if table is None:
                seen = self._seen_alone(step, told)
            else:
                seen = self._seen(step, table, troubles, written)
            told[step.key] = seen.status
            steps.append(seen)
        return Picture(
            cluster=self._bundle.cluster,
            steps=tuple(steps),
            nodes=tuple(sorted(map(seen_node, nodes), key=lambda node: node.name)),
            resources=seen_resources(self._bundle, live, self._stray(steps, live)),
            kernels=self._bundle.kernels,
            templates=self._bundle.templates,
            # Drivers may select on the labels of an SR: who applies takes them when the last of it has gone.
            removed=self._bundle.removed if table is None else (),
        )

    def _stray(self, steps: Iterable[SeenStep], nodes: Iterable[LiveNode]) -> frozenset[str]:
        """The nodes on which drivers run that the bundle has no longer, beside those that it has."""
        try:
            return self._stray_among(steps)
        except PermanentError:  # who may not see them does not know
            return frozenset(node.name for node in nodes)

    def _stray_among(self, steps: Iterable[SeenStep]) -> frozenset[str]:
        known = {each.id for step in steps for each in step.objects if is_driver(each.id)}
        found: set[str] = set()
        places = {(Kind(each.api_version, each.kind), each.namespace) for each in known}
        places |= {(_DRIVER, namespace) for namespace in self._applier.driver_spaces()}
        for kind, namespace in places:
            for live in self._view.ours(kind, namespace):
                if object_id(live) not in known:
                    found.update(used_nodes(live, self._view.pods(namespace)))
        return frozenset(found)

    def _seen(
        self,
        step: Step,
        table: Table,
        troubles: Mapping[StepKey, Trouble],
        written: Collection[StepKey],
    ) -> SeenStep:
        """A step whose runner says where it stands."""
        status = status_of(table, step.key)
        has_begun = status is not Status.WAITING
        objects = tuple(self._look(step, each, looks=has_begun) for each in step.objects)
        trouble = troubles.get(step.key)
        if trouble is not None:
            reason = trouble.reason
        else:
            reason = _first_reason(objects) if has_begun else held_by(step, table, written)
        return SeenStep(
            key=step.key,
            status=status,
            objects=objects,
            reason="" if status is Status.READY else reason,
            retry_s=trouble.retry_s if trouble else None,
        )

    def _seen_alone(self, step: Step, table: Table) -> SeenStep:
        """A step as the cluster shows it. Args: table: the steps before it."""
        objects = tuple(self._look(step, each, looks=True, by_revision=True) for each in step.objects)
        status = _status(objects)
        if status is Status.WAITING:
            objects = tuple(replace(each, readiness=None, reason="") for each in objects)
            return SeenStep(
                key=step.key, status=status, objects=objects, reason=held_by(step, table) or "not applied yet"
            )
        return SeenStep(key=step.key, status=status, objects=objects, reason=_first_reason(objects))

    def _look(self, step: Step, each: BundleObject, *, looks: bool, by_revision: bool = False) -> SeenObject:
        """An object as it is found. Args: by_revision: ask whether it was applied from this bundle."""
        try:
            wanted = self._applier.wanted(step.key.resource, each)
            identity = object_id(wanted)
            live = self._view.live(identity)
        except NotFoundError as error:
            verdict = Verdict(Readiness.PROGRESSING, error.finding.message)
            return _seen_object(SeenObject(id=each.id, sharers=each.sharers), verdict if looks else None)
        except PermanentError as error:
            return _unseen(
                SeenObject(id=each.id, sharers=each.sharers), error.finding, looks=looks, is_alone=by_revision
            )
        seen = SeenObject(id=identity, sharers=each.sharers, live=live)
        try:
            seen = replace(seen, nodes=self._looker.expected(each), fitting=self._looker.fitting(each))
            if live is not None and is_spread(each.id.group, each.id.kind):
                pods = self._view.pods(identity.namespace)
                seen = replace(
                    seen,
                    used=used_nodes(live, pods),
                    served=served_nodes(live, pods),
                    running=running_nodes(live, pods),
                )
            return _seen_object(seen, self._verdict(each, live, by_revision=by_revision) if looks else None)
        except PermanentError as error:
            return _unseen(seen, error.finding, looks=looks, is_alone=by_revision)

    def _verdict(self, each: BundleObject, live: JsonObject | None, *, by_revision: bool) -> Verdict:
        if live is None:
            # A hook that ran need not be there any more, and one that did not is asked for by who applies.
            return READY if runs_once(each.manifest) else _MISSING
        if by_revision and annotations_of(live).get(_DIGEST) != annotations_of(each.manifest).get(_DIGEST):
            return _OUTDATED
        return self._looker.judge(each, live)


def _seen_object(seen: SeenObject, verdict: Verdict | None) -> SeenObject:
    if verdict is None:
        return seen
    return replace(seen, readiness=verdict.readiness, reason=verdict.reason)


def _unseen(seen: SeenObject, finding: Finding, *, looks: bool, is_alone: bool) -> SeenObject:
    """An object that cannot be looked at. Args: is_alone: whether no runner does, who would say so."""
    verdict = Verdict(Readiness.FAILED, finding.message)
    return _seen_object(replace(seen, fault=finding if is_alone else None), verdict if looks else None)


def _status(objects: tuple[SeenObject, ...]) -> Status:
    """Where a step stands as its objects show it."""
    found = {each.readiness for each in objects}
    if Readiness.FAILED in found:
        return Status.FAILED
    if found <= {Readiness.READY}:
        return Status.READY
    return Status.APPLIED if any(each.live is not None for each in objects) else Status.WAITING


def _first_reason(objects: tuple[SeenObject, ...]) -> str:
    """Why a step is not ready: what failed comes before what only takes its time."""
    for readiness in (Readiness.FAILED, Readiness.PROGRESSING):
        for each in objects:
            if each.readiness is readiness:
                return f"{each.id}: {each.reason}"
    return ""
