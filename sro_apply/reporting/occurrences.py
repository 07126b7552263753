"""What happened to a SpecialResource between two pictures: what became ready, failed, or is awaited now.

A thing is told once when it comes about, not in every round; where it comes about again its Event is counted
up.
Source: k8s.io/api core/v1 Event; client-go tools/record for the namespace of what has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sro_apply.config import MANAGER
from sro_apply.planning.completion import steps_of
from sro_apply.planning.picture import Picture, SeenStep
from sro_apply.planning.progress import Status, StepKey
from sro_apply.planning.verdict import Readiness
from sro_apply.reporting.conditions import cut
from sro_render.model.objects import JsonObject, ObjectId, mapping_of

NAMESPACE: Final = "default"
"""Where Events of what lies in no namespace are."""


class Occurrence(Struct, frozen=True, kw_only=True):
    """Something that happened. reason: a word for programs."""

    reason: str
    message: str
    is_warning: bool = False


def occurrences(before: Picture | None, now: Picture, resource: str) -> tuple[Occurrence, ...]:
    """What came about with an SR, in the order of its steps.

    Args: before: the picture of the last round; None where nobody looked, so that what is ready may have been
        so for long, and is no news.
    """
    known = {step.key: step for step in steps_of(before, resource)} if before else {}
    steps = steps_of(now, resource)
    return tuple(each for step in steps for each in _of_step(step, known.get(step.key)))


def readied(resource: str) -> Occurrence:
    """All of an SR is ready, which its status did not say before."""
    return Occurrence(reason="Ready", message=f"all of {resource} is ready")


def _of_step(step: SeenStep, before: SeenStep | None) -> Iterator[Occurrence]:
    place = _place(step.key)
    match step.status:
        case Status.READY:
            if before is not None and before.status is not Status.READY:
                yield Occurrence(reason="StateReady", message=f"{place} is ready")
        case Status.FAILED:
            if before is None or (before.status, before.reason) != (step.status, step.reason):
                yield Occurrence(reason="Failed", message=cut(f"{place}: {step.reason}"), is_warning=True)
        case Status.APPLIED:
            awaited = _awaited(step)
            if awaited and (before is None or _awaited(before) != awaited):
                yield Occurrence(reason="Waiting", message=cut(f"{place} waits for {step.reason}"))
        case Status.WAITING:
            pass


def _awaited(step: SeenStep) -> str:
    """The object that a step waits for: how far it has come is no news."""
    if step.status is not Status.APPLIED:
        return ""
    found = (str(each.id) for each in step.objects if each.readiness is not Readiness.READY)
    return next(found, "")


def _place(key: StepKey) -> str:
    return f"{key.state} of {key.kernel}" if key.kernel else key.state


def event_id(resource: str, what: Occurrence) -> ObjectId:
    """The Event of an occurrence: the same thing has the same name."""
    digest = hashlib.sha256(f"{resource}\0{what.reason}\0{what.message}".encode()).hexdigest()[:16]
    return ObjectId("v1", "Event", NAMESPACE, f"{resource}.{digest}")


def event_manifest(live: JsonObject, what: Occurrence, now: str) -> JsonObject:
    """A first Event. Args: live: the SpecialResource; now: RFC 3339."""
    metadata = mapping_of(live.get("metadata"))
    name = str(metadata.get("name"))
    identity = event_id(name, what)
    return {
        "apiVersion": identity.api_version,
        "kind": identity.kind,
        "metadata": {"name": identity.name, "namespace": identity.namespace},
        "involvedObject": {
            "apiVersion": live.get("apiVersion"),
            "kind": live.get("kind"),
            "name": name,
            "uid": metadata.get("uid"),
        },
        "type": "Warning" if what.is_warning else "Normal",
        "reason": what.reason,
        "message": what.message,
        "source": {"component": MANAGER},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }


def once_more(event: JsonObject, now: str) -> JsonObject:
    """What is to change of an Event whose occurrence came again."""
    count = event.get("count")
    return {"count": (count if isinstance(count, int) else 1) + 1, "lastTimestamp": now}
