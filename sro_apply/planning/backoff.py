"""How long to wait before something is tried again."""

from __future__ import annotations

from msgspec import Struct

FIRST_S = 1.0
LONGEST_S = 60.0


def delay_s(attempts: int) -> float:
    """Seconds before the next attempt after so many that failed: twice as long each time.

    No chance is added: one applier works at a time, and nobody else is in step with it.
    """
    if attempts < 1:
        return 0.0
    return min(LONGEST_S, FIRST_S * 2.0 ** min(attempts - 1, 10))


class Spaced(Struct, frozen=True):
    """What is done at growing intervals. next_at: not before."""

    times: int
    next_at: float


def once_more(before: Spaced | None, now: float) -> Spaced:
    """It was done now."""
    times = before.times + 1 if before else 1
    return Spaced(times, now + delay_s(times))
