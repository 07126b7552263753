"""What `sync` does from its first to its last step: load the bundle, connect, apply, and prune if asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from sro_apply.checking import check_nodes, check_operator
from sro_apply.clock import Clock, SystemClock
from sro_apply.config import OnStale, SyncSettings, Terms
from sro_apply.controller.connecting import Target, connect
from sro_apply.events import Event, warned
from sro_apply.insisting import insisting
from sro_apply.kube.interface import Kube
from sro_apply.kube.view import View
from sro_apply.leading import Leader
from sro_apply.planning.allowed import refuse_beyond, refuse_own
from sro_apply.planning.backoff import delay_s
from sro_apply.planning.parts import RenderedBundle
from sro_apply.runner import MOST_REPORTS, Outcome, Runner
from sro_apply.sources import load_once
from sro_render.version import __version__

if TYPE_CHECKING:
    from sro_apply.pruning.pruner import PruneOutcome, Pruner

T = TypeVar("T")
_TICK_S: Final = 1.0


class SyncRequest(Struct, frozen=True, kw_only=True):
    """What the user asked of `sync`; see its options."""

    source: str
    target: Target
    terms: Terms
    timeout_s: float
    waits: bool
    is_dry_run: bool
    prunes: bool = False
    wait_s: float = 1200.0
    on_stale: OnStale = OnStale.WARN


class SyncOutcome(Struct, frozen=True, kw_only=True):
    """What a sync came to. pruned: None where nobody asked for that."""

    applied: Outcome
    pruned: PruneOutcome | None = None

    @property
    def is_complete(self) -> bool:
        """Whether everything is applied and ready, and what may go is gone."""
        return self.applied.is_complete and (self.pruned is None or self.pruned.is_complete)

    @property
    def was_refused(self) -> bool:
        """Whether a server's answer is what is in the way."""
        return self.applied.was_refused or (self.pruned is not None and self.pruned.was_refused)


class _TickingClock(SystemClock):
    """One that says while somebody waits that time passes."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick

    def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        while seconds > 0:
            part_s = min(_TICK_S, seconds)
            super().sleep(part_s)
            self._tick()
            seconds -= part_s


def sync(
    request: SyncRequest, tell: Callable[[Event], None], tick: Callable[[], None] = lambda: None
) -> SyncOutcome:
    """Bring a bundle into the cluster, once.

    Args: tick: called every second while nothing happens.

    Raises:
        BundleError, InputError: before the first request.
        ServerError: there is no server to talk to, or another one works in its cluster.
    """
    bundle = load_once(request.source)
    refuse_beyond(bundle, request.terms.kinds, request.terms.namespaces)
    kube, namespace = connect(request.target)
    refuse_own(bundle, namespace)
    clock = _TickingClock(tick)
    if request.is_dry_run:  # in nobody's way
        return _Sync(request, bundle, namespace, tell, clock).through(kube, request.timeout_s)
    began_s = time.monotonic()
    with Leader(kube, namespace, tell).leading(request.timeout_s) as fenced:
        left_s = request.timeout_s - (time.monotonic() - began_s)
        return _Sync(request, bundle, namespace, tell, clock).through(fenced, left_s)


class _Sync:
    """One sync, which has its turn."""

    def __init__(
        self,
        request: SyncRequest,
        bundle: RenderedBundle,
        namespace: str,
        tell: Callable[[Event], None],
        clock: Clock,
    ) -> None:
        self._request, self._bundle, self._namespace = request, bundle, namespace
        self._tell, self._clock = tell, clock
        # Who does not wait does not know what is ready.
        self._knows = request.waits and not request.is_dry_run

    def through(self, kube: Kube, timeout_s: float) -> SyncOutcome:
        """Check, apply, and prune if asked, in so much time. Raises: see `sync`."""
        request, view, end_s = self._request, View(kube), self._clock.now() + timeout_s

        def get_through(do: Callable[[], T]) -> T:
            """A dry run is the first who asks; else the server has let us have the Lease, and is there."""
            return do() if request.is_dry_run else insisting(do, self._tell, self._clock, end_s)

        found = get_through(lambda: check_operator(kube, adopts=request.terms.adopts))
        for each in (*found, *get_through(lambda: check_nodes(view, self._bundle, request.on_stale))):
            self._tell(warned(each))
        runner = Runner(kube, self._bundle, self._settings(end_s), self._tell, self._clock, view)
        report = self._reporter(kube, runner)
        applied = get_through(lambda: runner.run(report))
        if not request.prunes:
            return SyncOutcome(applied=applied)
        ready = runner.ready_resources() if request.waits or request.is_dry_run else frozenset()
        pruner = self._pruner(kube, self._settings(end_s), runner)
        pruned = get_through(lambda: pruner.prune(ready))
        # Nodes keep all labels while a driver runs on them that the bundle has no longer.
        for attempts in range(1, MOST_REPORTS + 1):
            view.forget()
            if report():
                break
            self._clock.sleep(delay_s(attempts))
        return SyncOutcome(applied=applied, pruned=pruned)

    def _settings(self, end_s: float) -> SyncSettings:
        """What was chosen, with the time that is left."""
        request = self._request
        return SyncSettings(
            namespace=self._namespace,
            version=__version__,
            timeout_s=end_s - self._clock.now(),
            waits=request.waits,
            takes_over=request.terms.takes_over,
            is_dry_run=request.is_dry_run,
            concurrency=request.terms.concurrency,
            prune_limit=request.terms.prune_limit,
            adopts=request.terms.adopts,
            wait_s=request.wait_s,
        )

    def _reporter(self, kube: Kube, runner: Runner) -> Callable[[], bool]:
        """What is done after a round that has changed something; see `Runner.run`."""
        if not self._knows:
            return lambda: True
        from sro_apply.controller.reporters import Reporters  # noqa: PLC0415 - is needed here only

        reporters = Reporters(kube, self._tell, tells_stale=False)
        return lambda: reporters.report_on(runner.picture)

    def _pruner(self, kube: Kube, settings: SyncSettings, runner: Runner) -> Pruner:
        from sro_apply.labelling import Labeller  # noqa: PLC0415 - is needed here only
        from sro_apply.pruning.pruner import Pruner  # noqa: PLC0415 - so is this

        return Pruner(
            kube,
            self._bundle,
            settings,
            wanted=runner.applier.wanted,
            tell=self._tell,
            clock=self._clock,
            unlabel=lambda name: Labeller(kube).unlabel(name).findings,
        )
