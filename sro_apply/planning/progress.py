"""Where each step of a sync stands, and what may become of it: the state table.

A failed step stays failed while it is tried again, so that who waits for `ready or failed` does not wait
once more; only what is seen of its objects moves it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct


class StepKey(Struct, frozen=True, order=True):
    """A step: of an SR, a state and of that a kernel's objects, or with no kernel what exists once."""

    resource: str
    state: str
    kernel: str = ""

    def __str__(self) -> str:
        place = f"{self.resource} / {self.state}"
        return f"{place} / {self.kernel}" if self.kernel else place


class Status(StrEnum):
    """Where a step stands."""

    WAITING = "waiting"
    """Nothing of it was applied in this sync."""
    APPLIED = "applied"
    """All its objects were, and not all are ready."""
    READY = "ready"
    FAILED = "failed"


class Happening(StrEnum):
    """What is seen of a step."""

    WROTE = "wrote"
    SAW_READY = "saw ready"
    SAW_PROGRESS = "saw progress"
    SAW_FAULT = "saw fault"


TRANSITIONS: Mapping[Status, Mapping[Happening, Status]] = MappingProxyType(
    {
        Status.WAITING: MappingProxyType(
            {Happening.WROTE: Status.APPLIED, Happening.SAW_FAULT: Status.FAILED}
        ),
        Status.APPLIED: MappingProxyType(
            {
                Happening.SAW_READY: Status.READY,
                Happening.SAW_PROGRESS: Status.APPLIED,
                Happening.SAW_FAULT: Status.FAILED,
            }
        ),
        # What comes after it may have begun, and goes on.
        Status.READY: MappingProxyType(
            {
                Happening.SAW_READY: Status.READY,
                Happening.SAW_PROGRESS: Status.APPLIED,
                Happening.SAW_FAULT: Status.FAILED,
            }
        ),
        Status.FAILED: MappingProxyType(
            {
                Happening.WROTE: Status.FAILED,
                Happening.SAW_READY: Status.READY,
                Happening.SAW_PROGRESS: Status.APPLIED,
                Happening.SAW_FAULT: Status.FAILED,
            }
        ),
    }
)


def after(status: Status, happening: Happening) -> Status:
    """What a step becomes. Raises ValueError where that cannot happen."""
    following = TRANSITIONS[status].get(happening)
    if following is None:
        raise ValueError(f"a step that is {status} never {happening}")
    return following


Table = Mapping[StepKey, Status]
"""Where each step stands; one that is missing is waiting."""


def status_of(table: Table, key: StepKey) -> Status:
    """Where a step stands."""
    return table.get(key, Status.WAITING)
