"""Lets each of Helm's hooks run once: makes way for it, remembers that it ran, and deletes it as it asks.

Acts; what a hook is, and when it goes, is decided in `planning.hooks`. First it is written down that a hook
ran, then it is deleted: whoever is stopped between the two finds it done, and deletes it.
"""

from __future__ import annotations

from sro_apply.kube.interface import Kube, Propagation, Reading
from sro_apply.planning.applyset import parent_id
from sro_apply.planning.hooks import (
    goes_now,
    has_failed,
    is_in_the_way,
    judge_hook,
    read_record,
    record_patch,
    revision_of,
    runs_anew,
    runs_once,
    told,
)
from sro_apply.planning.parts import BundleObject, RenderedBundle
from sro_apply.planning.reading import is_leaving, uid_of
from sro_apply.planning.verdict import READY, Readiness, Verdict, progress
from sro_render.model.objects import JsonObject, ObjectId, object_id


class HookKeeper:
    """The hooks of one bundle. Args: namespace: the applier's, with the parents of its sets."""

    def __init__(self, kube: Kube, view: Reading, bundle: RenderedBundle, namespace: str) -> None:
        self._kube, self._view, self._namespace = kube, view, namespace
        self._files = frozenset(each.file for each in bundle.objects)
        self._records: dict[str, dict[str, str]] = {}
        self._begun: set[ObjectId] = set()
        """What was seen to run, or to be about to: its end is that of this run."""

    def rests(self, resource: str, each: BundleObject, wanted: JsonObject) -> bool:
        """Whether a hook is not to be applied now: it ran, or what is in its way has yet to go.

        Raises: TransientError, PermanentError
        """
        if not runs_once(wanted):
            return False
        if self.ran(resource, each, wanted):
            return True
        identity = object_id(wanted)
        live = self._view.live(identity)
        goes = is_in_the_way if identity in self._begun else runs_anew
        if live is None or not goes(live, wanted):
            self._begun.add(identity)
            return False
        if not is_leaving(live):
            self._delete(live)
        return True

    def judge(
        self, resource: str, each: BundleObject, wanted: JsonObject, live: JsonObject | None, found: Verdict
    ) -> Verdict:
        """What a hook has come to; what is then to be done is done.

        Args:   found: what its live object is found to be, if there is one.
        Raises: TransientError, PermanentError
        """
        if self.ran(resource, each, wanted):
            if live is not None and goes_now(wanted, READY):
                self._delete(live)
            return READY
        if live is None:
            return found
        if is_in_the_way(live, wanted):
            return progress("the one before it is being deleted")
        verdict = judge_hook(live, found)
        if verdict.readiness is Readiness.READY:
            self._remember(resource, each, wanted)
        if verdict.readiness is not Readiness.PROGRESSING and goes_now(wanted, verdict):
            self._delete(live)
        elif has_failed(live):
            return told(wanted, verdict)
        return verdict

    def ran(self, resource: str, each: BundleObject, wanted: JsonObject) -> bool:
        """Whether this revision of a hook came to its end, in this run or an earlier one."""
        return self._record(resource).get(each.file) == revision_of(wanted)

    def _record(self, resource: str) -> dict[str, str]:
        if resource not in self._records:
            parent = self._kube.get(parent_id(resource, self._namespace))
            self._records[resource] = read_record(parent)
        return self._records[resource]

    def _remember(self, resource: str, each: BundleObject, wanted: JsonObject) -> None:
        record = {**self._record(resource), each.file: revision_of(wanted)}
        self._kube.patch(parent_id(resource, self._namespace), record_patch(record, self._files))
        self._records[resource] = record

    def _delete(self, live: JsonObject) -> None:
        identity = object_id(live)
        self._kube.delete(identity, uid=uid_of(live), propagation=Propagation.BACKGROUND)
        self._view.drop(identity)
