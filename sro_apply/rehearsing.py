"""Rehearses a sync: asks the server what it would make of every object, without waiting for any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from sro_apply.applying import Applier, Came, Turn
from sro_apply.events import Applied, Event, Failed, Result
from sro_apply.hooking import HookKeeper
from sro_apply.kube.errors import NotFoundError, TransientError
from sro_apply.kube.interface import Reading
from sro_apply.planning.hooks import runs_anew, runs_once
from sro_apply.planning.order import Step
from sro_apply.planning.parts import BundleObject
from sro_apply.planning.progress import StepKey
from sro_render.model.objects import ObjectId, object_id


class Rehearsed(Struct, frozen=True, kw_only=True):
    """What a sync would do. failed: steps of which an object is refused; was_refused: by the server."""

    results: Mapping[ObjectId, Result]
    failed: frozenset[StepKey]
    was_refused: bool


class Rehearsal:
    """Asks about the steps of one bundle, once. Args: applier, hooks: of dry runs."""

    def __init__(
        self, applier: Applier, hooks: HookKeeper, view: Reading, tell: Callable[[Event], None]
    ) -> None:
        self._applier, self._hooks, self._view, self._tell = applier, hooks, view, tell
        self._results: dict[ObjectId, Result] = {}
        self._failed: set[StepKey] = set()
        self._was_refused = False

    def rehearse(self, steps: Sequence[Step]) -> Rehearsed:
        """Ask about all objects at once.

        Raises: TransientError, PermanentError: the server did not answer.
        """
        turns = [
            (step, Turn(resource=step.key.resource, object=each))
            for step in steps
            for each in step.objects
            if not self._rests(step, each)
        ]
        for (step, _), came in zip(turns, self._applier.apply_all([turn for _, turn in turns]), strict=True):
            self._take(step, came)
        return Rehearsed(results=self._results, failed=frozenset(self._failed), was_refused=self._was_refused)

    def _take(self, step: Step, came: Came) -> None:
        fault = came.fault
        if fault is None:
            if came.result is not None:
                self._note(step, came.turn.object, came.id, came.result)
        elif isinstance(fault.error, TransientError):
            raise fault.error
        elif isinstance(fault.error, NotFoundError):
            self._note(step, came.turn.object, came.id, Result.UNCHECKED)
        else:
            self._failed.add(step.key)
            self._was_refused |= fault.error is not None
            self._tell(
                Failed(
                    step=str(step.key), object=str(came.id), reason=fault.reason, retry_s=0, hint=fault.hint
                )
            )

    def _note(self, step: Step, each: BundleObject, identity: ObjectId, result: Result) -> None:
        """Args: identity: with its namespace."""
        self._results[each.id] = result
        self._tell(Applied(step=str(step.key), object=str(identity), result=result))

    def _rests(self, step: Step, each: BundleObject) -> bool:
        """Whether an object is a hook that ran, or would be made anew: no server can say of that."""
        if not runs_once(each.manifest):
            return False
        wanted = self._applier.wanted(step.key.resource, each)
        if self._hooks.ran(step.key.resource, each, wanted):
            return True
        live = self._view.live(object_id(wanted))
        if live is None or not runs_anew(live, wanted):
            return False
        self._note(step, each, object_id(wanted), Result.CREATED)
        return True
