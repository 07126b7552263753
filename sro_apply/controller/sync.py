"""What `sync` does from its first to its last step: load the bundle, connect, apply, and prune if asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sro_apply.checking import check_nodes, check_operator
from sro_apply.clock import SystemClock
from sro_apply.config import OnStale, SyncSettings, Terms
from sro_apply.controller.connecting import Target, connect
from sro_apply.controller.reporters import Reporters, warned
from sro_apply.events import Event
from sro_apply.insisting import insisting
from sro_apply.kube.interface import Kube
from sro_apply.kube.view import View
from sro_apply.labelling import Labeller
from sro_apply.leading import Leader
from sro_apply.planning.allowed import refuse_beyond, refuse_own
from sro_apply.pruning.pruner import PruneOutcome, Pruner
from sro_apply.runner import Outcome, Runner
from sro_apply.sources import load_once
from sro_render.version import __version__

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
    settings = SyncSettings(
        namespace=namespace,
        version=__version__,
        timeout_s=request.timeout_s,
        waits=request.waits,
        takes_over=request.terms.takes_over,
        is_dry_run=request.is_dry_run,
        concurrency=request.terms.concurrency,
        prune_limit=request.terms.prune_limit,
        adopts=request.terms.adopts,
        wait_s=request.wait_s,
    )

    def run(cluster: Kube, timeout_s: float) -> SyncOutcome:
        view, clock = View(cluster), _TickingClock(tick)
        end_s = clock.now() + timeout_s

        def get_through(do: Callable[[], T]) -> T:
            """A dry run is the first who asks; else the server has let us have the Lease, and is there."""
            return do() if request.is_dry_run else insisting(do, tell, clock, end_s)

        found = get_through(lambda: check_operator(cluster, adopts=request.terms.adopts))
        for each in (*found, *get_through(lambda: check_nodes(view, bundle, request.on_stale))):
            tell(warned(each))
        runner = Runner(cluster, bundle, replace(settings, timeout_s=end_s - clock.now()), tell, clock, view)
        # Who does not wait does not know what is ready.
        knows = request.waits and not request.is_dry_run
        reporters = Reporters(cluster, tell, tells_stale=False)
        applied = get_through(
            lambda: runner.run(lambda: reporters.report_on(runner.picture) if knows else None)
        )
        if not request.prunes:
            return SyncOutcome(applied=applied)
        pruner = Pruner(
            cluster,
            bundle,
            settings,
            wanted=runner.applier.wanted,
            tell=tell,
            clock=clock,
            unlabel=lambda name: Labeller(cluster).unlabel(name).findings,
        )
        ready = runner.ready_resources() if request.waits or request.is_dry_run else frozenset()
        pruned = get_through(lambda: pruner.prune(ready))
        if knows:
            # Nodes keep all labels while a driver runs on them that the bundle has no longer.
            view.forget()
            reporters.report_on(runner.picture)
        return SyncOutcome(applied=applied, pruned=pruned)

    if request.is_dry_run:  # in nobody's way
        return run(kube, request.timeout_s)
    began_s = time.monotonic()
    with Leader(kube, namespace, tell).leading(request.timeout_s) as fenced:
        return run(fenced, request.timeout_s - (time.monotonic() - began_s))
