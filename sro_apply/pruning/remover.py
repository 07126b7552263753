"""Removes an SR as a whole, state after state: what stands on a driver is gone before the driver goes.

Decides nothing about what goes (`planning.prune`). Knows no bundle: the parent in the cluster says where its
objects are. Whatever stops it, the next one goes on from what the server has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from sro_apply.clock import Clock
from sro_apply.events import Cleared, Event, Kept
from sro_apply.kube.interface import Kube
from sro_apply.planning.backoff import delay_s
from sro_apply.planning.prune import PrunePlan, end_of, plan_prune
from sro_apply.planning.sets import LiveSet, Member
from sro_apply.planning.strangers import hold_namespaces, next_wave
from sro_apply.pruning.deleting import Deleter
from sro_apply.pruning.ending import Unlabel, end_set, free_nodes
from sro_apply.set_reading import SetReader
from sro_render.errors import InputError, nearest, some
from sro_render.model.objects import JsonObject

MOST_ATTEMPTS: Final = 5
"""So often in a row it is tried again where the server was busy or an object had changed."""


class RemoveOutcome(Struct, frozen=True, kw_only=True):
    """What removing came to. was_refused: whether a server's answer is what is in the way."""

    cleared: Cleared
    is_complete: bool
    was_refused: bool


class Remover:
    """Removes one SR."""

    def __init__(self, kube: Kube, namespace: str, tell: Callable[[Event], None], clock: Clock) -> None:
        self._kube, self._namespace, self._tell, self._clock = kube, namespace, tell, clock
        self._reader = SetReader(kube, namespace)

    def plan(self, resource: str) -> PrunePlan:
        """All that would go, in order, and what would stay.

        Raises: InputError: there is no such set; TransientError, PermanentError: it cannot be read.
        """
        parents = self._reader.parents()
        if resource not in parents:
            close = nearest(resource, parents)
            raise InputError(
                "no-set",
                f"nothing of {resource} is in this cluster that sro-apply, in the namespace "
                f"{self._namespace}, has applied",
                notes=some([f"there is {name}" for name in parents]),
                hint=f"did you mean {close}?"
                if close
                else "choose the cluster and the namespace of sro-apply with --kubeconfig and --context",
            )
        plan = plan_prune(end_of(self._read(resource, parents[resource])))
        return hold_namespaces(plan, self._reader.contents, self._namespace)

    def rehearse(self, plan: PrunePlan) -> RemoveOutcome:
        """Ask the server whether it would let all of it go; nothing does."""
        deleter = Deleter(self._kube, self._tell, self._clock, is_dry_run=True)
        done = deleter.delete(plan.doomed)
        kept = (*plan.kept, *done.refused, *done.unsure)
        self._tell_all(kept)
        cleared = Cleared(pruned=len(done.deleted), kept=len(kept), leaving=0, is_dry_run=True)
        self._tell(cleared)
        return RemoveOutcome(
            cleared=cleared,
            is_complete=not (done.refused or done.unsure or plan.held),
            was_refused=bool(done.refused),
        )

    def remove(self, resource: str, timeout_s: float, unlabel: Unlabel) -> RemoveOutcome:
        """Remove all of an SR, and wait until it is gone.

        Raises: TransientError, PermanentError: what is left cannot be read.
        """
        end = self._clock.now() + timeout_s
        deleter = Deleter(self._kube, self._tell, self._clock, is_dry_run=False)
        deleted: set[str] = set()
        attempts = 0
        while True:
            given = self._read(resource, self._reader.parents().get(resource, {}))
            situation = end_of(given)
            wave = next_wave(plan_prune(situation), situation, self._reader.contents, self._namespace)
            done = deleter.delete(wave.doomed)
            deleted |= {each.uid for each in done.deleted}
            attempts = attempts + 1 if done.unsure else 0
            if done.refused or attempts == MOST_ATTEMPTS or (done.unsure and self._clock.now() >= end):
                kept = (*wave.kept, *done.refused, *done.unsure)
                return self._ended(deleted, kept, was_refused=bool(done.refused), is_complete=False)
            going = (*wave.awaited, *done.deleted)
            left = self._await(deleter, going, end)
            if left:
                return self._ended(deleted, wave.kept, left=left)
            if not (going or done.unsure):
                break
            self._clock.sleep(delay_s(attempts))
        # With the parent whoever has made room finds the Namespace again.
        labels = self._end(given, unlabel, is_held=bool(wave.held)) if given.parent else None
        kept = (*wave.kept, *([labels] if labels else []))
        return self._ended(deleted, kept, is_complete=labels is None and not wave.held)

    def _end(self, given: LiveSet, unlabel: Unlabel, *, is_held: bool) -> Kept | None:
        return free_nodes(given, unlabel) if is_held else end_set(self._kube, given, unlabel)

    def _read(self, resource: str, parent: JsonObject) -> LiveSet:
        found = self._reader.sets({resource: parent}) if parent else ()
        return found[0] if found else LiveSet(resource=resource, parent={})

    def _await(self, deleter: Deleter, members: Sequence[Member], end: float) -> tuple[Kept, ...]:
        left_s = max(0.0, end - self._clock.now())
        return deleter.await_end(members, limit_s=left_s, patience_s=left_s)

    def _ended(
        self,
        deleted: set[str],
        kept: Sequence[Kept],
        *,
        left: Sequence[Kept] = (),
        was_refused: bool = False,
        is_complete: bool = True,
    ) -> RemoveOutcome:
        self._tell_all((*kept, *left))
        cleared = Cleared(pruned=len(deleted), kept=len(kept), leaving=len(left))
        self._tell(cleared)
        return RemoveOutcome(cleared=cleared, is_complete=is_complete and not left, was_refused=was_refused)

    def _tell_all(self, events: Sequence[Kept]) -> None:
        for each in events:
            self._tell(each)
