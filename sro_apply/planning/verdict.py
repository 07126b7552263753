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
    """What an object is found to be, and why it is not ready."""

    readiness: Readiness
    reason: str = ""


READY = Verdict(Readiness.READY)


def progress(what: str, why: str = "") -> Verdict:
    """It is on its way. Args: why: what stands in it, if that is known."""
    return Verdict(Readiness.PROGRESSING, f"{what}; {why}" if why else what)


def failure(reason: str) -> Verdict:
    """Waiting alone does not help."""
    return Verdict(Readiness.FAILED, reason)
