"""How often a step was tried, when it is tried again, and when that is given up."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sro_apply.planning.backoff import delay_s
from sro_apply.planning.lasting import LASTING_S
from sro_render.model.objects import ObjectId

MOST_ATTEMPTS: Final = 4
"""A sync ends when all that is left has failed so often: somebody must look.

What others go on trying must have failed for `LASTING_S`, too.
"""


class Fault(Struct, frozen=True, kw_only=True):
    """What is wrong with an object of a step.

    was_refused:   whether a server said so; is_transient: whether that passes.
    retry_after_s: when the server wants to be asked again, if it says that.
    retry_s:       see `Verdict`; since: from when on it has failed, None where nobody else goes on trying it.
    """

    object: ObjectId
    reason: str
    was_refused: bool = False
    is_transient: bool = False
    retry_after_s: float | None = None
    retry_s: float | None = None
    since: float | None = None


class Trial(Struct, frozen=True, kw_only=True):
    """How a step failed last.

    attempts: how often the same object did; at: when; pause_s: until we try again.
    again_s:  until what people are told of that, 0 where it is given up.
    """

    fault: Fault
    attempts: int
    at: float
    pause_s: float
    again_s: float

    @property
    def next_at(self) -> float:
        """When we try again."""
        return self.at + self.pause_s

    @property
    def again_at(self) -> float | None:
        """When people are told that it is tried again; None where it is given up."""
        return self.at + self.again_s if self.again_s else None

    @property
    def is_given_up(self) -> bool:
        """Whether waiting for it is in vain, as far as anybody can tell."""
        since = self.fault.since
        is_lasting = since is None or self.at - since >= LASTING_S
        return not self.fault.is_transient and self.attempts >= MOST_ATTEMPTS and is_lasting


def after_fault(before: Trial | None, fault: Fault, now: float) -> Trial:
    """A step has failed. What failed before another object of it does is got past: that one counts anew."""
    attempts = before.attempts + 1 if before and before.fault.object == fault.object else 1
    pause_s = delay_s(attempts) if fault.retry_after_s is None else fault.retry_after_s
    again_s = pause_s if fault.retry_s is None else fault.retry_s
    return Trial(fault=fault, attempts=attempts, at=now, pause_s=pause_s, again_s=again_s)
