"""Whether a failure that others go on trying is a hiccup, or lasts: only time tells.

A kubelet pulls an image again and again, and restarts what crashed; one that fails for a while and then works
is none of our business. What fails again soon after it worked has failed all the time: a crash loop runs now
and then.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sro_apply.planning.verdict import Readiness

LASTING_S: Final = 60.0
"""So long a registry may be away, and so long something must work that failed."""


class Spell(Struct, frozen=True, kw_only=True):
    """An object fails. since: from when on; better_since: when it was first seen not to, if not long ago."""

    since: float
    better_since: float | None = None


def after_look(spell: Spell | None, readiness: Readiness, now: float) -> Spell | None:
    """What is known of an object's failing after it was found to be so; None where it does not fail."""
    match readiness:
        case Readiness.READY:
            return None
        case Readiness.FAILED:
            return Spell(since=spell.since if spell else now)
        case Readiness.PROGRESSING:
            return _after_better(spell, now)


def _after_better(spell: Spell | None, now: float) -> Spell | None:
    if spell is None:
        return None
    since = now if spell.better_since is None else spell.better_since
    return replace(spell, better_since=since) if now - since < LASTING_S else None
