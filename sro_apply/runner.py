"""Performs what was planned: applies steps as soon as they may start, and looks until all are ready.

Decides nothing about order or readiness (`planning`); it knows requests, the clock and what was done. Nothing
is kept beyond one sync: whatever stops it between two requests, the next one begins from what the server has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import Struct

from sro_apply.applying import Applier, FaultError
from sro_apply.config import SyncSettings
from sro_apply.events import Applied, Awaited, Delayed, Event, Failed, Finished, Readied, Result
from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.kube.interface import Kube
from sro_apply.kube.view import View
from sro_apply.looking import Looker
from sro_apply.planning.backoff import delay_s
from sro_apply.planning.order import FIRST_STATES, Step, may_start, plan
from sro_apply.planning.parts import BundleObject, RenderedBundle
from sro_apply.planning.progress import Happening, Status, StepKey, after, status_of
from sro_apply.planning.readiness import (
    Readiness,
    Verdict,
)
from sro_render.model.objects import ObjectId, object_id

FIRST_LOOK_S = 0.5
LONGEST_LOOK_S = 5.0
MOST_ATTEMPTS = 4
"""A sync ends when all that is left has failed so often: somebody must look."""


class Clock(Protocol):
    """Time, which tests do not wait for."""

    def now(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's."""

    def now(self) -> float:
        """See `Clock`."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        time.sleep(seconds)


class Outcome(Struct, frozen=True, kw_only=True):
    """What a sync came to. was_refused: whether a server's answer is what is in the way."""

    finished: Finished
    was_refused: bool

    @property
    def is_complete(self) -> bool:
        """Whether everything is applied and ready."""
        return not (self.finished.waiting or self.finished.failed or self.finished.held)


class _Trial(Struct):
    """How often a step failed, and when it is tried again."""

    attempts: int = 0
    next_at: float = 0.0
    is_transient: bool = False
    was_refused: bool = False


class Runner:
    """One sync of one bundle."""

    def __init__(
        self,
        kube: Kube,
        bundle: RenderedBundle,
        settings: SyncSettings,
        tell: Callable[[Event], None],
        clock: Clock,
    ) -> None:
        self._settings, self._tell, self._clock = settings, tell, clock
        self._view = View(kube)
        self._applier = Applier(kube, self._view, bundle, settings)
        self._looker = Looker(self._view, bundle)
        self._steps = plan(bundle)
        self._table: dict[StepKey, Status] = {}
        self._trials: dict[StepKey, _Trial] = {}
        self._told: dict[StepKey, Event] = {}
        self._done: dict[ObjectId, Result] = {}

    def run(self) -> Outcome:
        """Apply and wait until all is ready, or nothing but failures is left, or the time is over.

        Raises: TransientError, PermanentError: the server did not even let us read.
        """
        self._applier.read_parents()
        if self._settings.is_dry_run:
            return self._dry_run()
        deadline = self._clock.now() + self._settings.timeout_s
        look_s, troubles = FIRST_LOOK_S, 0
        while True:
            before, known = dict(self._table), self._view.reads
            try:
                self._round()
            except TransientError as error:
                # What was read before it stays known, so that a server that now and then fails is got past.
                troubles = 1 if self._view.reads > known else troubles + 1
                pause = error.retry_after_s or delay_s(troubles)
                self._tell(Delayed(reason=error.finding.message, retry_s=pause))
            else:
                troubles = 0
                self._view.forget()
                look_s = FIRST_LOOK_S if before != self._table else min(LONGEST_LOOK_S, look_s * 1.5)
                pause = look_s
                if self._is_over():
                    return self._outcome(is_out_of_time=False)
            left_s = deadline - self._clock.now()
            if left_s <= 0:
                return self._outcome(is_out_of_time=True)
            self._clock.sleep(min(pause, left_s))

    def _round(self) -> None:
        """Apply what may start, and look at what was applied; what becomes ready lets others start."""
        looked: set[StepKey] = set()
        is_moving = True
        while is_moving:
            is_moving = False
            for step in self._steps:
                if step.key not in looked and self._is_due(step):
                    looked.add(step.key)
                    self._advance(step)
                    is_moving = True

    def _is_due(self, step: Step) -> bool:
        status = status_of(self._table, step.key)
        if status is Status.READY:
            return False
        trial = self._trials.get(step.key)
        if trial and trial.next_at > self._clock.now():
            return False
        return status is not Status.WAITING or may_start(step, self._table)

    def _advance(self, step: Step) -> None:
        """Apply the objects of a step that are not as they should be, then see whether all are ready."""
        try:
            self._apply(step)
            waiting = self._look(step)
        except FaultError as fault:
            self._fail(step, fault)
            return
        self._trials.pop(step.key, None)
        if waiting is None:
            self._happen(step, Happening.SAW_READY)
            self._tell_once(step, Readied(step=str(step.key), objects=len(step.objects)))
        else:
            self._happen(step, Happening.SAW_PROGRESS)
            self._tell_once(step, waiting)

    def _apply(self, step: Step) -> None:
        self._applier.apply_parent(step.key.resource)
        for each in step.objects:
            self._apply_object(step, each)
        if status_of(self._table, step.key) is Status.WAITING:
            self._happen(step, Happening.WROTE)

    def _apply_object(self, step: Step, each: BundleObject) -> None:
        identity, result = self._applier.apply(step.key.resource, each, is_done=each.id in self._done)
        if result is None:
            return
        self._done[each.id] = result
        self._tell(Applied(step=str(step.key), object=str(identity), result=result))

    def _look(self, step: Step) -> Awaited | None:
        """The first object that is not ready; None where all are."""
        if not self._settings.waits and step.key.state not in FIRST_STATES:
            return None
        for each in step.objects:
            try:
                verdict = self._judge(step, each)
            except PermanentError as error:
                raise FaultError(each.id, error.finding.message, error) from error
            match verdict.readiness:
                case Readiness.READY:
                    continue
                case Readiness.FAILED:
                    raise FaultError(each.id, verdict.reason, None)
                case Readiness.PROGRESSING:
                    return Awaited(step=str(step.key), object=str(each.id), reason=verdict.reason)
        return None

    def _judge(self, step: Step, each: BundleObject) -> Verdict:
        live = self._view.live(object_id(self._applier.wanted(step.key.resource, each)))
        if live is None:
            self._done.pop(each.id, None)
            return Verdict(Readiness.PROGRESSING, "it is gone, and is applied again")
        return self._looker.judge(each, live)

    def _fail(self, step: Step, fault: FaultError) -> None:
        trial = self._trials.setdefault(step.key, _Trial())
        trial.attempts += 1
        trial.was_refused = fault.error is not None
        trial.is_transient = isinstance(fault.error, TransientError)
        pause = delay_s(trial.attempts)
        if isinstance(fault.error, TransientError) and fault.error.retry_after_s is not None:
            pause = fault.error.retry_after_s
        trial.next_at = self._clock.now() + pause
        if trial.is_transient:
            self._tell(Delayed(reason=fault.reason, retry_s=pause))
            return
        self._happen(step, Happening.SAW_FAULT)
        event = Failed(step=str(step.key), object=str(fault.identity), reason=fault.reason, retry_s=pause)
        known = self._told.get(step.key)
        if not isinstance(known, Failed) or known.reason != event.reason:
            self._tell_once(step, event)

    def _happen(self, step: Step, happening: Happening) -> None:
        self._table[step.key] = after(status_of(self._table, step.key), happening)

    def _tell_once(self, step: Step, event: Event) -> None:
        if self._told.get(step.key) != event:
            self._told[step.key] = event
            self._tell(event)

    def _is_over(self) -> bool:
        """Whether nothing is left but what is ready, has failed often enough, or is held back by that."""
        for step in self._steps:
            match status_of(self._table, step.key):
                case Status.READY:
                    continue
                case Status.APPLIED:
                    return False
                case Status.FAILED:
                    trial = self._trials.get(step.key)
                    if trial is None or trial.is_transient or trial.attempts < MOST_ATTEMPTS:
                        return False
                case Status.WAITING:
                    if may_start(step, self._table):
                        return False
        return True

    def _outcome(self, *, is_out_of_time: bool) -> Outcome:
        states = [(step, status_of(self._table, step.key)) for step in self._steps]
        finished = Finished(
            ready=sum(status is Status.READY for _, status in states),
            waiting=sum(status is Status.APPLIED for _, status in states),
            failed=sum(status is Status.FAILED for _, status in states),
            held=sum(status is Status.WAITING for _, status in states),
            written=sum(each is not Result.UNCHANGED for each in self._done.values()),
            unchanged=sum(each is Result.UNCHANGED for each in self._done.values()),
            is_dry_run=self._settings.is_dry_run,
            is_out_of_time=is_out_of_time,
        )
        self._tell(finished)
        return Outcome(finished=finished, was_refused=any(each.was_refused for each in self._trials.values()))

    def _dry_run(self) -> Outcome:
        """Ask the server what it would make of every object, without waiting for any."""
        for step in self._steps:
            for each, fault in self._dry_step(step):
                if isinstance(fault.error, TransientError):
                    raise fault.error
                if isinstance(fault.error, NotFoundError):
                    self._done[each.id] = Result.UNCHECKED
                    self._tell(Applied(step=str(step.key), object=str(each.id), result=Result.UNCHECKED))
                    continue
                self._table[step.key] = Status.FAILED
                self._trials[step.key] = _Trial(was_refused=fault.error is not None)
                self._tell(Failed(step=str(step.key), object=str(each.id), reason=fault.reason, retry_s=0))
            self._table.setdefault(step.key, Status.READY)
        return self._outcome(is_out_of_time=False)

    def _dry_step(self, step: Step) -> Iterator[tuple[BundleObject, FaultError]]:
        for each in step.objects:
            try:
                self._apply_object(step, each)
            except FaultError as fault:
                yield each, fault
