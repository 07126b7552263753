"""What an object is found to be: the answer that everything about readiness gives."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Readiness(StrEnum):
    """What an object is found to be."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"


class Verdict(Struct, frozen=True):
    """What an object is found to be, and why it is not ready.

    retry_s:    seconds until it is started again, 0 if it is not; None where that is for others to know.
    is_retried: whether others go on trying what failed, so that it may pass by itself.
    """

    readiness: Readiness
    reason: str = ""
    retry_s: float | None = None
    is_retried: bool = False


READY = Verdict(Readiness.READY)


def progress(what: str, why: str = "") -> Verdict:
    """It is on its way. Args: why: what stands in it, if that is known."""
    return Verdict(Readiness.PROGRESSING, f"{what}; {why}" if why else what)


def failure(reason: str, *, is_retried: bool = False) -> Verdict:
    """It has failed. Args: is_retried: whether its controller or kubelet goes on trying."""
    return Verdict(Readiness.FAILED, reason, is_retried=is_retried)
