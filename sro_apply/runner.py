"""Performs what was planned: applies steps as soon as they may start, and looks until all are ready.

Decides nothing about order or readiness (`planning`); it knows requests, the clock and what was done. Nothing
is kept beyond one sync: whatever stops it between two requests, the next one begins from what the server has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from sro_apply.applying import Applier, Came, FaultError, Turn
from sro_apply.building import BuildStarter
from sro_apply.clock import Clock
from sro_apply.config import SyncSettings
from sro_apply.events import Applied, Awaited, Delayed, Event, Failed, Finished, Readied, Result
from sro_apply.hooking import HookKeeper
from sro_apply.kube.errors import EndingError, NotFoundError, PermanentError, TransientError
from sro_apply.kube.interface import Kube, Reading
from sro_apply.kube.view import View
from sro_apply.looking import Looker
from sro_apply.planning.backoff import LONGEST_S, Spaced, once_more
from sro_apply.planning.builds import is_build_config
from sro_apply.planning.hooks import has_failed, runs_once, told
from sro_apply.planning.lasting import Spell, after_look
from sro_apply.planning.order import Step, may_start, plan
from sro_apply.planning.parts import BundleObject, RenderedBundle
from sro_apply.planning.picture import Picture
from sro_apply.planning.progress import Happening, Status, StepKey, after, status_of
from sro_apply.planning.trials import Fault, Trial, after_fault
from sro_apply.planning.verdict import Readiness, Verdict
from sro_apply.planning.waits import batches, must_wait, takes_others_along
from sro_apply.rehearsing import Rehearsal
from sro_apply.surveying import Surveyor, Trouble
from sro_render.model.objects import ObjectId, object_id

FIRST_LOOK_S = 0.5
LONGEST_LOOK_S = 5.0
MOST_REPORTS = 5
"""So often what could not be reported is reported again where nothing else is left to be done."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What a sync came to. was_refused: whether a server's answer is what is in the way."""

    finished: Finished
    was_refused: bool

    @property
    def is_complete(self) -> bool:
        """Whether everything is applied and ready."""
        return not (self.finished.waiting or self.finished.failed or self.finished.held)


_Course = Generator[list[Turn], list[Came], Awaited | None]
"""A step under way: gives what is to be applied next, takes what came of it, and ends with what it awaits."""


class Runner:
    """Brings one bundle into a cluster, in rounds."""

    def __init__(
        self,
        kube: Kube,
        bundle: RenderedBundle,
        settings: SyncSettings,
        tell: Callable[[Event], None],
        clock: Clock,
        view: Reading | None = None,
    ) -> None:
        self._settings, self._tell, self._clock = settings, tell, clock
        self._view = view or View(kube)
        self.applier = Applier(kube, self._view, bundle, settings)
        self._looker = Looker(self._view, bundle, kube)
        self._builder = BuildStarter(kube, self._view, clock.now)
        self._hooks = HookKeeper(kube, self._view, bundle, settings.namespace)
        self._surveyor = Surveyor(self._view, self._looker, bundle, self.applier)
        self._steps = plan(bundle)
        self._table: dict[StepKey, Status] = {}
        self._trials: dict[StepKey, Trial] = {}
        self._told: dict[StepKey, Event] = {}
        self._done: dict[ObjectId, Result] = {}
        self._fixes: dict[ObjectId, Spaced] = {}
        self._delays: set[str] = set()
        self._begun: set[StepKey] = set()
        self._written: set[StepKey] = set()
        self._since: dict[ObjectId, float] = {}
        self._spells: dict[ObjectId, Spell] = {}
        self._round_at = -math.inf
        # From now on: `run` may be begun again, where the server was busy when it was asked first.
        self._until = clock.now() + settings.timeout_s

    def run(self, after_round: Callable[[], bool] = lambda: True) -> Outcome:
        """Apply and wait until all is ready, or nothing but failures is left, or the time is over.

        Args:   after_round: called where a round has changed something; whether all of it could be reported:
            what is applied later may wait for a label on a node.
        Raises: TransientError, PermanentError: the server did not even let us read.
        """
        self.begin()
        if self._settings.is_dry_run:
            return self._rehearse()
        look_s = FIRST_LOOK_S
        is_reported, reports_left = True, MOST_REPORTS
        while True:
            before = dict(self._table)
            self.round()
            if before != self._table or not is_reported:
                is_reported = after_round()
            left_s = self._until - self._clock.now()
            is_over = self._is_over()
            if left_s <= 0 or (is_over and (is_reported or not reports_left)):
                return self._ended(is_out_of_time=not is_over)
            reports_left -= is_over
            look_s = FIRST_LOOK_S if before != self._table else min(LONGEST_LOOK_S, look_s * 1.5)
            self._clock.sleep(min(look_s, left_s))
            self._view.forget()

    def begin(self) -> None:
        """Ask the first question, which a server answers or not.

        Raises: TransientError, PermanentError
        """
        self.applier.read_parents()

    def round(self) -> None:
        """Apply what may start, and look at what was applied; what becomes ready lets others start."""
        self._delays.clear()
        self._round_at = self._clock.now()
        looked: set[StepKey] = set()
        while due := [step for step in self._steps if step.key not in looked and self._is_due(step)]:
            looked |= {step.key for step in due}
            self._advance(due)

    def ready_resources(self) -> frozenset[str]:
        """The SRs of which every step is ready."""
        unready = {step.key.resource for step in self._steps if self._status(step) is not Status.READY}
        return frozenset(step.key.resource for step in self._steps) - unready

    def picture(self) -> Picture:
        """How the cluster stands after the last round. Raises: see `Surveyor.survey`."""
        return self._surveyor.survey(self._table, self._troubles(), self._written)

    def next_try_s(self) -> float | None:
        """Seconds until something that failed is tried again; None where nothing did."""
        times = [each.next_at for each in self._trials.values()]
        times += [each.next_at for each in self._fixes.values()]
        now = self._clock.now()
        # What was due in that round has had its turn; what has become due since has not.
        return min((max(0.0, time - now) for time in times if time > self._round_at), default=None)

    def _troubles(self) -> Mapping[StepKey, Trouble]:
        """What stands in the way of steps, beside what shows in their objects."""
        found = {
            step.key: Trouble(reason=f"waiting for {event.object}: {event.reason}")
            for step in self._steps
            if self._is_at_gate(step) and isinstance(event := self._told.get(step.key), Awaited)
        }
        now = self._clock.now()
        for key, trial in self._trials.items():
            retry_s = None if trial.again_at is None else max(0.0, trial.again_at - now)
            found[key] = Trouble(reason=f"{trial.fault.object}: {trial.fault.reason}", retry_s=retry_s)
        return found

    def _status(self, step: Step) -> Status:
        return status_of(self._table, step.key)

    def _is_due(self, step: Step) -> bool:
        if self._status(step) is Status.READY:
            return self._settings.is_continuous
        trial = self._trials.get(step.key)
        if trial and trial.next_at > self._clock.now():
            return False
        return self._status(step) is not Status.WAITING or may_start(step, self._table, self._written)

    def _advance(self, due: Sequence[Step]) -> None:
        """Take steps beside each other to where each of them waits, fails or is ready.

        What all of them apply next goes to the server at once: a wave.
        """
        wave = [begun for step in due if (begun := self._go_on(step, self._course(step), None))]
        while wave:
            came = iter(self.applier.apply_all([turn for _, _, turns in wave for turn in turns]))
            answers = [[next(came) for _ in turns] for _, _, turns in wave]
            wave = [
                going
                for (step, course, _), answer in zip(wave, answers, strict=True)
                if (going := self._go_on(step, course, answer))
            ]

    def _go_on(
        self, step: Step, course: _Course, answer: list[Came] | None
    ) -> tuple[Step, _Course, list[Turn]] | None:
        """A step with what it applies next; None where it has come to its end."""
        try:
            turns = next(course) if answer is None else course.send(answer)
        except StopIteration as end:
            self._settle(step, end.value)
        except FaultError as fault:
            self._fail(step, fault)
        else:
            return step, course, turns
        return None

    def _course(self, step: Step) -> _Course:
        """Apply the objects of a step that are not as they should be, kind after kind, and see them.

        What the chart wants to see ready holds up what comes after it.

        Raises: FaultError: when all that went together is told.
        """
        self.applier.apply_parent(step.key.resource)
        self._begun.add(step.key)
        parts = batches(step.objects)
        for batch in parts:
            for objects in _by_kind(batch):
                came = yield [self._turn(step, each) for each in objects if not self._rests(step, each)]
                self._note(step, came)
            if batch is parts[-1]:
                self._written.add(step.key)
                if self._status(step) is Status.WAITING:
                    self._happen(step, Happening.WROTE)
            waiting = self._look(step, batch)
            if waiting is not None:
                return waiting
        return None

    def _rests(self, step: Step, each: BundleObject) -> bool:
        """Whether an object is a hook that is not to run now."""
        try:
            wanted = self.applier.wanted(step.key.resource, each)
            return self._hooks.rests(step.key.resource, each, wanted)
        except NotFoundError:
            return False  # applying it says the same, with its place
        except (PermanentError, TransientError) as error:
            raise FaultError(each.id, error.finding.message, error) from error

    def _turn(self, step: Step, each: BundleObject) -> Turn:
        fix = self._fixes.get(each.id)
        is_calm = fix is not None and fix.next_at > self._clock.now()
        is_done = each.id in self._done and (is_calm or not self._settings.is_continuous)
        return Turn(resource=step.key.resource, object=each, is_done=is_done)

    def _note(self, step: Step, came: Sequence[Came]) -> None:
        for each in came:
            if each.result is None:
                continue
            if each.result is Result.CREATED and each.turn.object.id in self._done:
                self._note_loss(each.turn.object.id)
            is_news = each.result is not Result.UNCHANGED or each.turn.object.id not in self._done
            self._done[each.turn.object.id] = each.result
            self._space_out(each.turn.object.id, each.result)
            if each.result is not Result.UNCHANGED:
                self._since.pop(each.turn.object.id, None)  # its time begins anew
            if is_news:
                self._tell(Applied(step=str(step.key), object=str(each.id), result=each.result))
        fault = next((each.fault for each in came if each.fault), None)
        if fault:
            raise fault

    def _space_out(self, identity: ObjectId, result: Result) -> None:
        """Whoever changes back what we apply, each time, is answered at growing intervals only."""
        if result is not Result.UNCHANGED:
            self._fixes[identity] = once_more(self._fixes.get(identity), self._clock.now())
        elif identity in self._fixes and self._clock.now() - self._fixes[identity].next_at > LONGEST_S:
            del self._fixes[identity]

    def _settle(self, step: Step, waiting: Awaited | None) -> None:
        self._trials.pop(step.key, None)
        if waiting is None:
            self._happen(step, Happening.SAW_READY)
            self._tell_once(step, Readied(step=str(step.key), objects=len(step.objects)))
        else:
            if self._status(step) is not Status.WAITING:
                self._happen(step, Happening.SAW_PROGRESS)
            self._tell_once(step, waiting)

    def _look(self, step: Step, objects: Sequence[BundleObject]) -> Awaited | None:
        """The first object that is waited for and not ready; None where all are.

        Raises: FaultError: of the first that has failed.
        """
        # All of them: looking at a BuildConfig starts its build, and none waits for another's.
        found = [(each, self._judge(step, each)) for each in objects if self._is_looked_at(each)]
        waited = [(each, verdict) for each, verdict in found if must_wait(each, self._settings.waits)]
        for each, verdict in waited:
            self._note_spell(each.id, verdict)
        for each, verdict in waited:
            if verdict.readiness is Readiness.FAILED:
                raise FaultError(
                    each.id, verdict.reason, None, verdict.retry_s, is_retried=verdict.is_retried
                )
        late = [self._late(each, verdict) for each, verdict in waited]
        for fault in late:
            if fault is not None:
                raise fault
        for each, verdict in waited:
            if verdict.readiness is Readiness.PROGRESSING:
                return Awaited(step=str(step.key), object=str(each.id), reason=verdict.reason)
        return None

    def _note_spell(self, identity: ObjectId, verdict: Verdict) -> None:
        spell = after_look(self._spells.pop(identity, None), verdict.readiness, self._clock.now())
        if spell is not None:
            self._spells[identity] = spell

    def _late(self, each: BundleObject, verdict: Verdict) -> FaultError | None:
        """What is waited for too long counts as failed, so that it holds up nobody who waits for its end."""
        if verdict.readiness is not Readiness.PROGRESSING:
            self._since.pop(each.id, None)
            return None
        now, limit_s = self._clock.now(), self._settings.wait_s
        if now - self._since.setdefault(each.id, now) < limit_s:
            return None
        return FaultError(each.id, f"not ready after {limit_s:g} s: {verdict.reason}", None)

    def _is_looked_at(self, each: BundleObject) -> bool:
        return must_wait(each, self._settings.waits) or is_build_config(each.id)

    def _judge(self, step: Step, each: BundleObject) -> Verdict:
        try:
            return self._seen(step, each)
        except (PermanentError, TransientError) as error:
            raise FaultError(each.id, error.finding.message, error) from error

    def _seen(self, step: Step, each: BundleObject) -> Verdict:
        wanted = self.applier.wanted(step.key.resource, each)
        live = self._view.live(object_id(wanted))
        if live is None:
            self._done.pop(each.id, None)
            self._note_loss(each.id)
            found = Verdict(Readiness.PROGRESSING, "it is gone, and is applied again")
        elif is_build_config(each.id):
            found = self._builder.attend(live)
        else:
            found = self._looker.judge(each, live)
        if runs_once(wanted):
            return self._hooks.judge(step.key.resource, each, wanted, live, found)
        return told(wanted, found) if live is not None and has_failed(live) else found

    def _fail(self, step: Step, fault: FaultError) -> None:
        trial = after_fault(self._trials.get(step.key), self._as_planned(fault), self._clock.now())
        self._trials[step.key] = trial
        if isinstance(fault.error, EndingError | NotFoundError):
            self._look_again()
        if trial.fault.is_transient:
            if fault.reason not in self._delays:
                self._delays.add(fault.reason)
                self._tell(Delayed(reason=fault.reason, retry_s=trial.pause_s))
            return
        self._happen(step, Happening.SAW_FAULT)
        event = Failed(
            step=str(step.key),
            object=str(fault.identity),
            reason=fault.reason,
            retry_s=trial.again_s,
            hint=fault.hint,
        )
        known = self._told.get(step.key)
        if not isinstance(known, Failed) or known.reason != event.reason:
            self._tell_once(step, event)

    def _as_planned(self, fault: FaultError) -> Fault:
        error = fault.error
        return Fault(
            object=fault.identity,
            reason=fault.reason,
            was_refused=error is not None,
            is_transient=isinstance(error, EndingError | TransientError),
            retry_after_s=error.retry_after_s if isinstance(error, TransientError) else None,
            retry_s=fault.retry_s,
            since=self._spells[fault.identity].since if fault.is_retried else None,
        )

    def _note_loss(self, identity: ObjectId) -> None:
        """What was applied is gone."""
        if takes_others_along(identity):
            self._look_again()

    def _look_again(self) -> None:
        """Somebody deletes a namespace or a CRD, and with it what was ready. A loop looks at all anyway."""
        if self._settings.is_continuous:
            return
        for step in self._steps:
            if self._status(step) is Status.READY:
                self._happen(step, Happening.SAW_PROGRESS)

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
                    if trial is None or not trial.is_given_up:
                        return False
                case Status.WAITING:
                    if may_start(step, self._table, self._written):
                        return False
        return True

    def _is_at_gate(self, step: Step) -> bool:
        """Whether it has begun, and waits for an object of its own before it applies the others."""
        return step.key in self._begun and self._status(step) is Status.WAITING

    def _ended(self, *, is_out_of_time: bool) -> Outcome:
        was_refused = any(each.fault.was_refused for each in self._trials.values())
        return self._outcome(is_out_of_time=is_out_of_time, was_refused=was_refused)

    def _outcome(self, *, is_out_of_time: bool, was_refused: bool) -> Outcome:
        states = [(step, status_of(self._table, step.key)) for step in self._steps]
        finished = Finished(
            ready=sum(status is Status.READY for _, status in states),
            waiting=sum(status is Status.APPLIED or self._is_at_gate(step) for step, status in states),
            failed=sum(status is Status.FAILED for _, status in states),
            held=sum(status is Status.WAITING and not self._is_at_gate(step) for step, status in states),
            written=sum(each is not Result.UNCHANGED for each in self._done.values()),
            unchanged=sum(each is Result.UNCHANGED for each in self._done.values()),
            is_dry_run=self._settings.is_dry_run,
            is_out_of_time=is_out_of_time,
        )
        self._tell(finished)
        return Outcome(finished=finished, was_refused=was_refused)

    def _rehearse(self) -> Outcome:
        found = Rehearsal(self.applier, self._hooks, self._view, self._tell).rehearse(self._steps)
        self._done.update(found.results)
        for step in self._steps:
            self._table[step.key] = Status.FAILED if step.key in found.failed else Status.READY
        return self._outcome(is_out_of_time=False, was_refused=found.was_refused)


def _by_kind(objects: Sequence[BundleObject]) -> Iterator[list[BundleObject]]:
    """Objects in their order, those of one kind that follow each other together."""
    for _, group in groupby(objects, key=lambda each: (each.id.group, each.id.kind)):
        yield list(group)
