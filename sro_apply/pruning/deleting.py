"""Deletes what was planned, one object after the other: only those that are as they were when it was decided.

Decides nothing about what goes; it knows requests and the clock, and tells what the server says to each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from sro_apply.clock import Clock
from sro_apply.events import Event, Kept, Leaving, Pruned
from sro_apply.kube.errors import PermanentError, TransientError
from sro_apply.kube.interface import Kube, Propagation
from sro_apply.planning import leaving
from sro_apply.planning.prune import Doomed, kept_back
from sro_apply.planning.reading import uid_of
from sro_apply.planning.sets import Member
from sro_apply.planning.undoing import is_namespace
from sro_render.model.objects import JsonObject

_CONFLICT: Final = 409
_FIRST_LOOK_S: Final = 0.25
_LONGEST_LOOK_S: Final = 2.0


class Deleted(Struct, frozen=True, kw_only=True):
    """What deleting came to.

    deleted: what the server took; refused: what it does not let go; unsure: what is to be looked at again.
    """

    deleted: tuple[Member, ...] = ()
    refused: tuple[Kept, ...] = ()
    unsure: tuple[Kept, ...] = ()


class Deleter:
    """Deletes, and waits until it is gone."""

    def __init__(
        self,
        kube: Kube,
        tell: Callable[[Event], None],
        clock: Clock,
        *,
        is_dry_run: bool,
    ) -> None:
        self._kube, self._tell, self._clock, self._is_dry_run = kube, tell, clock, is_dry_run

    def delete(self, doomed: Sequence[Doomed]) -> Deleted:
        """Delete in the given order. A Namespace stays if anything in it did."""
        deleted: list[Member] = []
        refused: list[Kept] = []
        unsure: list[Kept] = []
        troubled: dict[str, str] = {}
        for each in doomed:
            member = each.member
            if is_namespace(member) and member.id.name in troubled:
                reason = f"{troubled[member.id.name]} is in it, which could not be deleted"
                unsure.append(kept_back(member, reason))
                continue
            try:
                self._send(each)
            except TransientError as error:
                unsure.append(
                    kept_back(member, error.finding.message, "it is tried again with the next sync")
                )
            except PermanentError as error:
                if error.status == _CONFLICT:
                    unsure.append(kept_back(member, "it has changed meanwhile", "sync again"))
                else:
                    refused.append(kept_back(member, error.finding.message, error.finding.hint or _REFUSED))
            else:
                deleted.append(member)
                self._tell(
                    Pruned(
                        specialresource=member.resource,
                        object=str(member.id),
                        reason=each.reason,
                        is_dry_run=self._is_dry_run,
                    )
                )
                continue
            troubled.setdefault(member.id.namespace, str(member.id))
        return Deleted(deleted=tuple(deleted), refused=tuple(refused), unsure=tuple(unsure))

    def await_end(self, members: Sequence[Member], *, limit_s: float, patience_s: float) -> tuple[Kept, ...]:
        """Wait until deleted objects are gone; those that are still there, and why.

        Args:   patience_s: how long to wait where nothing is left but what somebody else must let go.
        Raises: TransientError, PermanentError: they cannot be looked at.
        """
        began, look_s = self._clock.now(), _FIRST_LOOK_S
        told: dict[str, str] = {}
        left = [(each, live) for each in members if (live := self._live(each))]
        while left:
            self._tell_news(left, told)
            waits_for_others = all(map(leaving.waits_for_others, (live for _, live in left)))
            until = began + (min(patience_s, limit_s) if waits_for_others else limit_s)
            if self._clock.now() >= until:
                break
            self._clock.sleep(min(look_s, until - self._clock.now()))
            look_s = min(_LONGEST_LOOK_S, look_s * 1.5)
            left = [(each, live) for each, _ in left if (live := self._live(each))]
        return tuple(
            kept_back(each, leaving.leaving_reason(live), leaving.leaving_hint(live)) for each, live in left
        )

    def _tell_news(self, left: Sequence[tuple[Member, JsonObject]], told: dict[str, str]) -> None:
        for each, live in left:
            reason = leaving.leaving_reason(live)
            if told.get(each.uid) != reason:
                told[each.uid] = reason
                self._tell(Leaving(specialresource=each.resource, object=str(each.id), reason=reason))

    def _send(self, each: Doomed) -> None:
        self._kube.delete(
            each.member.id,
            uid=each.member.uid,
            resource_version=each.member.version,
            propagation=Propagation.FOREGROUND if each.after_pods else Propagation.BACKGROUND,
            dry_run=self._is_dry_run,
        )

    def _live(self, member: Member) -> JsonObject | None:
        """The object, if it is still the one that was deleted."""
        live = self._kube.get(member.id)
        return live if live is not None and uid_of(live) == member.uid else None


_REFUSED = "see who refuses it, a webhook or a missing right: the message names it"
