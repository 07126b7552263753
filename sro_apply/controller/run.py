"""The loop in the cluster: what a source has is brought into it and kept there, round after round.

One replica works, the others stand by. A bundle that is damaged or goes beyond what is allowed is not taken:
the one before it stays. Whatever else goes wrong is told and tried again; only a signal ends the loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from sro_apply.bundle import Found
from sro_apply.checking import check_operator
from sro_apply.clock import Clock, SystemClock
from sro_apply.config import SyncSettings, Terms
from sro_apply.controller.connecting import Target, connect
from sro_apply.controller.reporters import Reporters
from sro_apply.controller.resting import poll_pause_s, rest
from sro_apply.controller.stopping import Stopping
from sro_apply.events import Cleared, Delayed, Event, Listening, Loaded, Rejected, warned
from sro_apply.git import shown
from sro_apply.kube.errors import LeaseLostError, PermanentError, TransientError
from sro_apply.kube.interface import Kube, Watched
from sro_apply.kube.watch import WatchView
from sro_apply.labelling import Labeller
from sro_apply.leading import Leader
from sro_apply.observing import Observer
from sro_apply.planning.allowed import refuse_beyond, refuse_own
from sro_apply.planning.backoff import delay_s
from sro_apply.planning.parts import RenderedBundle
from sro_apply.planning.picture import Picture
from sro_apply.pruning.pruner import PruneOutcome, Pruner
from sro_apply.runner import Runner
from sro_apply.sources import Source, opened
from sro_apply.web.address import parse_address
from sro_apply.web.board import Board
from sro_apply.web.server import WebServer
from sro_render.errors import Finding, SroError, flatten
from sro_render.version import __version__

_LONGEST_S = 300.0
"""Without a sign of life for so long, and an interval, the loop counts as stuck."""

_SOON_S = 5.0
"""After so long what was deleted is looked for again, if it was still there."""
_AGAIN_S = 60.0
"""After so long what could not be pruned is tried again."""
_LOOK_S = 300.0
"""After so long it is seen whether what was kept may go, as when somebody has annotated it."""


class RunRequest(Struct, frozen=True, kw_only=True):
    """What the user asked of `run`; see its options. observes: write no manifest."""

    source: str
    target: Target
    terms: Terms
    listen: str
    interval_s: float
    observes: bool
    prunes: bool
    wait_s: float


def run(request: RunRequest, tell: Callable[[Event], None]) -> None:
    """Keep what the source has in the cluster, until a signal comes.

    Raises: InputError: there is no cluster to connect to, or the source can be none.
    """
    stopping = Stopping()
    source = opened(request.source, of_any_target=request.observes, is_over=lambda: stopping.is_asked)
    address = parse_address(request.listen)
    kube, namespace = connect(request.target)
    board = Board(__version__, longest_s=request.interval_s + _LONGEST_S, requests=lambda: kube.counts)
    server = WebServer(address, board)
    server.start()
    tell(Listening(address=str(server.address)))
    stopping.call(board.end)

    def tell_on(event: Event) -> None:
        board.beat()
        tell(event)

    leader = Leader(kube, namespace, tell_on, beat=board.beat)
    stopping.call(leader.give_up)
    attempts = 0
    while not stopping.is_asked:
        try:
            with leader.leading(math.inf) as fenced:
                attempts = 0
                board.lead(is_leader=True)
                _Loop(request, source, fenced, namespace, tell_on, stopping, board).run()
        except LeaseLostError as error:
            if not stopping.is_asked:
                tell(Delayed(reason=error.finding.message, retry_s=0))
        except (PermanentError, TransientError) as error:
            attempts += 1
            pause_s = delay_s(attempts)
            tell_on(Delayed(reason=error.finding.message, retry_s=pause_s))
            stopping.wait(pause_s)
        finally:
            board.lead(is_leader=False)
    server.stop()


class _Work(Protocol):
    """What is done with a bundle, round after round."""

    def begin(self) -> None:
        """The first question."""

    def round(self) -> None:
        """Do what is to be done now."""

    def picture(self) -> Picture:
        """What came of it."""

    def next_try_s(self) -> float | None:
        """Seconds until a round is worth it though nothing has changed."""


class Pruning:
    """Prunes beside the rounds: when something else is ready or nodes run other kernels, and now and then."""

    def __init__(
        self,
        kube: Kube,
        bundle: RenderedBundle,
        settings: SyncSettings,
        runner: Runner,
        tell: Callable[[Event], None],
        clock: Clock,
    ) -> None:
        self._runner, self._tell, self._clock = runner, tell, clock
        self._pruner = Pruner(
            kube,
            bundle,
            replace(settings, waits=False),  # what takes its time is seen the next time
            wanted=runner.applier.wanted,
            tell=self._tell_news,
            clock=clock,
            unlabel=lambda name: Labeller(kube).unlabel(name).findings,
        )
        self._seen: object = None
        self._next_at = 0.0
        self._trouble: Finding | None = None

    def go_on(self, picture: Picture) -> None:
        """Prune, if it is time to.

        Raises: TransientError
        """
        seen = self._runner.ready_resources(), {node.kernel for node in picture.nodes}
        if seen == self._seen and self._clock.now() < self._next_at:
            return
        try:
            outcome = self._pruner.prune(seen[0])
        except PermanentError as error:
            if error.finding != self._trouble:
                self._trouble = error.finding
                self._tell(warned(error.finding))
            pause_s = _AGAIN_S
        else:
            self._trouble, pause_s = None, _pause_s(outcome)
        self._seen = seen
        self._next_at = self._clock.now() + pause_s

    def next_try_s(self) -> float:
        """Seconds until it is worth it again though nothing has changed."""
        return max(0.0, self._next_at - self._clock.now())

    def _tell_news(self, event: Event) -> None:
        if not isinstance(event, Cleared) or event.pruned:
            self._tell(event)


def _fault_of(part: Callable[[], None]) -> PermanentError | TransientError | None:
    """Do a part of a turn; what a server had against it."""
    try:
        part()
    except (PermanentError, TransientError) as error:
        return error
    return None


def _in_one_line(finding: Finding) -> str:
    notes = f" ({', '.join(finding.notes)})" if finding.notes else ""
    return f"{finding.code}: {finding.message}{notes}{f'; {finding.hint}' if finding.hint else ''}"


def _pause_s(outcome: PruneOutcome) -> float:
    if outcome.cleared.leaving:
        return _SOON_S
    if not outcome.is_complete:
        return _AGAIN_S
    return _LOOK_S if outcome.cleared.kept else math.inf


class _Loop:
    """What a replica does while it has the Lease."""

    def __init__(
        self,
        request: RunRequest,
        source: Source,
        kube: Watched,
        namespace: str,
        tell: Callable[[Event], None],
        stopping: Stopping,
        board: Board,
    ) -> None:
        self._request, self._source, self._kube, self._tell = request, source, kube, tell
        self._shown = shown(request.source)
        self._stopping, self._board, self._clock = stopping, board, SystemClock()
        self._view = WatchView(kube)
        self._settings = SyncSettings(
            namespace=namespace,
            version=__version__,
            timeout_s=math.inf,
            takes_over=request.terms.takes_over,
            concurrency=request.terms.concurrency,
            prune_limit=request.terms.prune_limit,
            adopts=request.terms.adopts,
            wait_s=request.wait_s,
            is_continuous=True,
        )
        self._work: _Work | None = None
        self._pruning: Pruning | None = None
        self._reporters = Reporters(kube, tell, board=board)
        self._revision, self._rejected = "", ""
        self._next_poll_at, self._attempts, self._took_s = 0.0, 0, 0.0

    def run(self) -> None:
        """Round after round.

        Raises: LeaseLostError
        """
        with self._stopping.calling(self._view.wake), closing(self._view):
            while not self._stopping.is_asked:
                due_s = self._turn()
                rest(due_s, self._took_s, self._stopping, self._view, self._board.beat)

    def _turn(self) -> float:
        """Look at the source, and go round once; for how many seconds nothing is to be done unasked."""
        # A new bundle that cannot be taken now holds up nothing of the one before it.
        faults = [fault for part in (self._poll, self._go_round) if (fault := _fault_of(part)) is not None]
        if faults:
            self._attempts += 1
            pause_s = delay_s(self._attempts)
            for each in faults:
                self._tell(Delayed(reason=each.finding.message, retry_s=pause_s))
            return pause_s
        self._attempts = 0
        times = [self._next_poll_at - self._clock.now()]
        if self._pruning is not None:
            times.append(self._pruning.next_try_s())
        if self._work is not None and (next_try_s := self._work.next_try_s()) is not None:
            times.append(next_try_s)
        return min(times)

    def _poll(self) -> None:
        """Take what the source has, where it is time to look, and it is new and good."""
        began_s = self._clock.now()
        if began_s < self._next_poll_at:
            return
        try:
            found = self._source.newer(self._revision)
            if found is not None and not self._request.observes:
                self._check(found.bundle)
        except (LeaseLostError, PermanentError, TransientError):
            raise
        except (SroError, ExceptionGroup) as error:
            if not self._stopping.is_asked:  # then nobody waited for it
                self._reject(error)
        else:
            self._rejected = ""
            if found is not None:
                self._take(found)
            elif self._work is not None:
                self._work.begin()  # the parents of its sets are not watched
        now_s = self._clock.now()
        self._next_poll_at = now_s + poll_pause_s(self._request.interval_s, now_s - began_s)

    def _check(self, bundle: RenderedBundle) -> None:
        """Refuse what must not be applied, or not now."""
        refuse_beyond(bundle, self._request.terms.kinds, self._request.terms.namespaces)
        refuse_own(bundle, self._settings.namespace)
        for each in check_operator(self._kube, adopts=self._request.terms.adopts):
            self._tell(warned(each))

    def _reject(self, error: SroError | ExceptionGroup[SroError]) -> None:
        reason = "; ".join(map(_in_one_line, (each.finding for each in flatten(error))))
        if reason != self._rejected:
            self._rejected = reason
            self._tell(Rejected(source=self._shown, reason=reason))

    def _take(self, found: Found) -> None:
        bundle = found.bundle
        work, pruning = self._work_for(bundle)
        work.begin()
        self._work, self._pruning, self._revision = work, pruning, found.revision
        self._reporters = Reporters(self._kube, self._tell, board=self._board)
        self._tell(
            Loaded(
                source=self._shown,
                revision=found.revision,
                cluster=bundle.cluster,
                objects=len(bundle.objects),
            )
        )

    def _work_for(self, bundle: RenderedBundle) -> tuple[_Work, Pruning | None]:
        if self._request.observes:
            return Observer(self._kube, self._view, bundle, self._settings), None
        runner = Runner(self._kube, bundle, self._settings, self._tell, self._clock, self._view)
        if not self._request.prunes:
            return runner, None
        return runner, Pruning(self._kube, bundle, self._settings, runner, self._tell, self._clock)

    def _go_round(self) -> None:
        if self._work is None:
            return
        began_s = self._clock.now()
        self._work.round()
        picture = self._work.picture()
        self._reporters.report(picture, self._clock.now() - began_s)
        if self._pruning is not None:
            self._pruning.go_on(picture)
        self._took_s = self._clock.now() - began_s
