"""What becomes of each live object that the bundle does not have, in words for a diff.

Decides nothing about what goes: that is `prune`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sro_apply.planning.prune import PrunePlan, Situation, stale_members
from sro_apply.planning.sets import Member
from sro_render.diff.records import Mark

PRUNED: Final = "needs-prune"
KEPT: Final = "kept"


class Fate(Struct, frozen=True, kw_only=True):
    """A live object of a set that the bundle does not have. mark: why it goes or stays, and what to do."""

    member: Member
    goes: bool
    mark: Mark


def fates(situation: Situation, plan: PrunePlan) -> tuple[Fate, ...]:
    """All of them, A-Z: what the plan deletes, what it keeps, and what is in a set that it does not touch."""
    return tuple(sorted(_each_fate(situation, plan), key=lambda each: each.member.id))


def _each_fate(situation: Situation, plan: PrunePlan) -> Iterator[Fate]:
    doomed = {each.member.uid: each.reason for each in plan.doomed}
    kept = {(each.specialresource, each.object): each for each in plan.kept}
    stopped = {each.specialresource: each for each in plan.stopped}
    for given in situation.sets:
        for member in stale_members(given, situation):
            if member.uid in doomed:
                what = f"a sync leaves it where it is; --prune deletes it: {doomed[member.uid]}"
                yield Fate(member=member, goes=True, mark=Mark(PRUNED, what))
                continue
            one = kept.get((given.resource, str(member.id)))
            why = one or stopped[given.resource]
            code = KEPT if one else stopped[given.resource].code
            what = f"{why.reason}; {why.hint}" if why.hint else why.reason
            yield Fate(member=member, goes=False, mark=Mark(code, what))
