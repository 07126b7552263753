"""Prunes: reads the sets, has it planned what goes, deletes it, and lets the parents name what is left.

Decides nothing about what goes (`planning.prune`). Nothing is kept between two prunings: whatever stops one,
the next begins from what the server has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct, structs

from sro_apply.clock import Clock
from sro_apply.config import MANAGER, SyncSettings
from sro_apply.events import Cleared, Event, Kept, Leaving, PruneStopped
from sro_apply.kube.errors import NotFoundError, PermanentError
from sro_apply.kube.interface import Kube
from sro_apply.planning.applyset import shrunk_parent
from sro_apply.planning.backoff import delay_s
from sro_apply.planning.order import SHARED
from sro_apply.planning.parts import BundleObject, BundleResource, RenderedBundle
from sro_apply.planning.prune import (
    PrunePlan,
    Situation,
    is_definition,
    keys_to_keep,
    plan_prune,
)
from sro_apply.planning.sameness import is_same
from sro_apply.planning.sets import Key, LiveSet, Member
from sro_apply.planning.strangers import hold_namespaces, next_wave
from sro_apply.pruning.deleting import Deleted, Deleter
from sro_apply.pruning.ending import Unlabel, end_set
from sro_apply.set_reading import SetReader
from sro_render.model.objects import JsonObject, ObjectId, object_id

MOST_ATTEMPTS: Final = 4
"""So often a pruning looks again where something changed under it, or the server was busy."""
LONGEST_END_S: Final = 60.0
"""How long a sync waits for what it deleted last to be gone."""
PATIENCE_S: Final = 5.0
"""The same where finalizers of others hold it."""
_FORBIDDEN: Final = 403

Wanted = Callable[[str, BundleObject], JsonObject]
"""An SR's name and an object of it to the object as it is applied."""


class PruneOutcome(Struct, frozen=True, kw_only=True):
    """What pruning came to. stopped: codes of what kept whole sets; was_refused: whether a server did."""

    cleared: Cleared
    stopped: tuple[str, ...] = ()
    was_refused: bool = False
    is_unsure: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether all is gone that may go. A set that belongs to no SR of the bundle is another's matter."""
        halted = any(code != "unknown-set" for code in self.stopped)
        return not (halted or self.was_refused or self.is_unsure or self.cleared.leaving)


class Pruner:
    """Prunes for one bundle, once or again and again."""

    def __init__(
        self,
        kube: Kube,
        bundle: RenderedBundle,
        settings: SyncSettings,
        *,
        wanted: Wanted,
        tell: Callable[[Event], None],
        clock: Clock,
        unlabel: Unlabel,
    ) -> None:
        self._kube, self._bundle, self._settings = kube, bundle, settings
        self._wanted, self._tell, self._clock, self._unlabel = wanted, tell, clock, unlabel
        self._deleter = Deleter(kube, self._tell_news, clock, is_dry_run=settings.is_dry_run)
        self._told_before: frozenset[Event] = frozenset()
        self._told: set[Event] = set()
        self._end = clock.now() + settings.timeout_s

    def prune(self, ready: frozenset[str]) -> PruneOutcome:
        """Delete what the bundle has no longer, where nothing speaks against it; a removed SR state by state.

        Args:   ready: SRs with every step ready; of others only what serves no node any more goes.
        Raises: TransientError, PermanentError: the sets cannot be read, or a parent not written.
        """
        reader = SetReader(
            self._kube, self._settings.namespace, known=[each.id for each in self._bundle.objects]
        )
        self._told_before, self._told = frozenset(self._told), set()
        deleted: list[Member] = []
        going: list[Member] = []
        attempts, until = 0, min(self._clock.now() + self._settings.wait_s, self._end)
        while True:
            sets = reader.sets(reader.parents())
            plan = self._plan(reader, sets, ready, deleted)
            self._tell_all((*plan.stopped, *plan.kept))
            done = self._deleter.delete(plan.doomed)
            deleted += done.deleted
            going += done.deleted
            if done.unsure and (attempts := attempts + 1) < self._most_attempts():
                self._clock.sleep(delay_s(attempts))
                continue
            left = self._await_end([*plan.awaited, *going], until if plan.later else None)
            held = {each.specialresource for each in (*done.refused, *done.unsure, *left)}
            if not (plan.doomed or plan.awaited):
                break  # whatever comes later, another look would not bring it nearer
            if {each.member.resource for each in plan.later} <= held or self._clock.now() > until:
                break
            going, attempts = [], 0
        self._tell_all((*done.refused, *done.unsure, *left))
        if not self._settings.is_dry_run:
            self._shrink(sets, [*deleted, *plan.awaited], left)
        return self._outcome(plan, done, deleted, left)

    def _plan(
        self,
        reader: SetReader,
        sets: Sequence[LiveSet],
        ready: frozenset[str],
        deleted: Sequence[Member],
    ) -> PrunePlan:
        """Args: deleted: what an attempt before has deleted, which is no news where it is still there."""
        situation = Situation(
            bundle=self._bundle,
            sets=tuple(sets),
            keep=frozenset(self._keep()),
            nodes=reader.nodes(),
            ready=ready,
            limit=self._settings.prune_limit,
        )
        plan, own = plan_prune(situation), self._settings.namespace
        if self._settings.is_dry_run:
            plan = hold_namespaces(plan, reader.contents, own)
        else:
            plan = next_wave(plan, situation, reader.contents, own)
        known = {(each.resource, str(each.id)) for each in deleted}
        kept = tuple(each for each in plan.kept if (each.specialresource, each.object) not in known)
        return structs.replace(plan, kept=kept)

    def _keep(self) -> Iterator[Key]:
        """All that the bundle has, as it is applied."""
        for resource in self._bundle.resources:
            for each in resource.objects:
                try:
                    wanted = self._wanted(resource.name, each)
                except NotFoundError:
                    wanted = None
                yield from keys_to_keep(resource, each, wanted)

    def _most_attempts(self) -> int:
        """The loop comes again by itself, and a dry run has nothing to wait for."""
        return 1 if self._settings.is_dry_run or self._settings.is_continuous else MOST_ATTEMPTS

    def _await_end(self, going: Sequence[Member], until: float | None) -> tuple[Kept, ...]:
        """Args: until: when to wait no more for what others stand on; None where nothing does."""
        settings = self._settings
        if settings.is_dry_run:
            return ()
        limit_s, patience_s = LONGEST_END_S, PATIENCE_S
        if until is not None:
            # Who takes a finalizer away may be among what goes later: it is given the time for it.
            limit_s = patience_s = max(0.0, until - self._clock.now())
        if settings.is_continuous or not settings.waits:
            limit_s = 0.0
        return self._deleter.await_end(going, limit_s=limit_s, patience_s=patience_s)

    def _shrink(self, sets: Sequence[LiveSet], ended: Sequence[Member], left: Sequence[Kept]) -> None:
        """Let each parent name what its set still has; a removed SR's goes with the last member."""
        leaving = {(each.specialresource, each.object) for each in left}
        gone = {each.uid for each in ended if (each.resource, str(each.id)) not in leaving}
        resources = {each.name: each for each in self._bundle.resources}
        for each in sets:
            known = resources.get(each.resource)
            staying = [one for one in each.members if one.uid not in gone and one.is_ours]
            # No bundle says of what is shared that it is removed: it is when nothing of it is left.
            is_over = each.resource == SHARED and not staying
            if known or is_over or each.resource in self._bundle.removed:
                # CRDs of a removed SR were told of; nobody comes back for them.
                ids = [one.id for one in staying if known or not is_definition(one)]
                self._write_parent(each, known, ids)

    def _write_parent(
        self, given: LiveSet, resource: BundleResource | None, left: Sequence[ObjectId]
    ) -> None:
        parent = shrunk_parent(resource, object_id(given.parent), self._settings.version, left)
        if parent is not None:
            if not is_same(parent, given.parent, MANAGER):
                self._kube.apply(parent, force=True)
            return
        kept = self._end_set(given)
        if kept:
            self._tell_all([kept])

    def _end_set(self, given: LiveSet) -> Kept | None:
        try:
            return end_set(self._kube, given, self._unlabel)
        except PermanentError as error:
            # The rights of a bundle are on the parents of its own sets, and this is none of them.
            if error.status != _FORBIDDEN or given.resource != SHARED:
                raise
        identity = object_id(given.parent)
        return Kept(
            specialresource=given.resource,
            object=str(identity),
            reason="several SpecialResources share nothing any more, and we may not delete it",
            hint=f"nobody needs it: kubectl delete -n {identity.namespace} configmap {identity.name}",
        )

    def _tell_all(self, events: Sequence[Kept | PruneStopped]) -> None:
        """Tell what was not told of the last pruning: that something stays is no news the second time."""
        for each in events:
            self._tell_news(each)

    def _tell_news(self, event: Event) -> None:
        is_lasting = isinstance(event, Kept | PruneStopped | Leaving)
        if not is_lasting or event not in self._told_before | self._told:
            self._tell(event)
        if is_lasting:
            self._told.add(event)

    def _outcome(
        self, plan: PrunePlan, done: Deleted, deleted: Sequence[Member], left: Sequence[Kept]
    ) -> PruneOutcome:
        cleared = Cleared(
            pruned=len(deleted),
            kept=len(plan.kept) + len(done.refused) + len(done.unsure),
            leaving=len(left),
            is_dry_run=self._settings.is_dry_run,
        )
        if not self._settings.is_continuous or deleted:
            self._tell(cleared)
        return PruneOutcome(
            cleared=cleared,
            stopped=tuple(each.code for each in plan.stopped),
            was_refused=bool(done.refused),
            is_unsure=bool(done.unsure or plan.later),
        )
