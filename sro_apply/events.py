"""What happens during a sync, as data: whoever reports it makes lines, JSON or metrics of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from sro_render.errors import Finding


class Result(StrEnum):
    """What applying an object did."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    ADOPTED = "adopted"
    """It was of a SpecialResource, and is no more."""
    UNCHECKED = "unchecked"
    """A dry run cannot ask the server: the namespace or the kind is not there yet."""


class Applied(Struct, frozen=True, kw_only=True, tag="applied", tag_field="event"):
    """An object was applied. step: `SR / state`, and ` / kernel` where there is one."""

    step: str
    object: str
    result: Result


class Readied(Struct, frozen=True, kw_only=True, tag="ready", tag_field="event"):
    """All objects of a step are ready."""

    step: str
    objects: int


class Awaited(Struct, frozen=True, kw_only=True, tag="waiting", tag_field="event"):
    """A step waits for an object, and why."""

    step: str
    object: str
    reason: str


class Failed(Struct, frozen=True, kw_only=True, tag="failed", tag_field="event"):
    """A step failed, and is tried again after some seconds; 0 where it is not.

    reason: and lines of a log; hint: what to do about it, where that is known.
    """

    step: str
    object: str
    reason: str
    retry_s: float
    hint: str = ""


class Delayed(Struct, frozen=True, kw_only=True, tag="delayed", tag_field="event"):
    """The server did not answer or was busy, and is asked again after some seconds."""

    reason: str
    retry_s: float


class StoodBy(Struct, frozen=True, kw_only=True, tag="standby", tag_field="event"):
    """Another one works in the cluster, and is waited for. lease: as an object; holder: who has it."""

    lease: str
    holder: str


class Leading(Struct, frozen=True, kw_only=True, tag="leading", tag_field="event"):
    """We have the Lease, and begin. holder: as who."""

    lease: str
    holder: str


class Loaded(Struct, frozen=True, kw_only=True, tag="loaded", tag_field="event"):
    """A bundle was loaded, and counts from now on. revision: a commit, or the digest of a lock."""

    source: str
    revision: str
    cluster: str
    objects: int


class Listening(Struct, frozen=True, kw_only=True, tag="listening", tag_field="event"):
    """Metrics, probes and the page are served. address: `HOST:PORT`, with the port that was free."""

    address: str


class Rejected(Struct, frozen=True, kw_only=True, tag="rejected", tag_field="event"):
    """What a source has now is no bundle to apply: the one before it is kept."""

    source: str
    reason: str


class Pruned(Struct, frozen=True, kw_only=True, tag="pruned", tag_field="event"):
    """An object was deleted, and why; in a dry run it would be."""

    specialresource: str
    object: str
    reason: str
    is_dry_run: bool = False


class Kept(Struct, frozen=True, kw_only=True, tag="kept", tag_field="event"):
    """An object that is to go stays, why, and what to do about it."""

    specialresource: str
    object: str
    reason: str
    hint: str = ""


class Leaving(Struct, frozen=True, kw_only=True, tag="leaving", tag_field="event"):
    """An object was deleted and is still there, and why."""

    specialresource: str
    object: str
    reason: str


class PruneStopped(Struct, frozen=True, kw_only=True, tag="prune-stopped", tag_field="event"):
    """Nothing of a set was deleted, and why. objects: what would have gone, where that is the reason."""

    specialresource: str
    code: str
    reason: str
    hint: str
    objects: tuple[str, ...] = ()


class Cleared(Struct, frozen=True, kw_only=True, tag="cleared", tag_field="event"):
    """Deleting is over. leaving: objects that were deleted and are still there."""

    pruned: int
    kept: int
    leaving: int
    is_dry_run: bool = False


class Finished(Struct, frozen=True, kw_only=True, tag="finished", tag_field="event"):
    """A sync is over. held: steps that were not begun, for what they wait for is not ready."""

    ready: int
    waiting: int
    failed: int
    held: int
    written: int
    unchanged: int
    is_dry_run: bool = False
    is_out_of_time: bool = False


class Labelled(Struct, frozen=True, kw_only=True, tag="labelled", tag_field="event"):
    """The label of a state was set on nodes, or taken from them.

    nodes: A-Z; state: its name, or as much as the label says of it; is_ready: whether it was set.
    """

    nodes: tuple[str, ...]
    specialresource: str = ""
    state: str = ""
    is_ready: bool = True


class Warned(Struct, frozen=True, kw_only=True, tag="warning", tag_field="event"):
    """Something that the user should know, and that stops nothing."""

    code: str
    message: str
    subject: str = ""
    notes: tuple[str, ...] = ()
    hint: str = ""


def warned(finding: Finding) -> Warned:
    """A finding as an event."""
    return Warned(
        code=finding.code,
        message=finding.message,
        subject=finding.subject,
        notes=finding.notes,
        hint=finding.hint,
    )


Pruning: TypeAlias = Pruned | Kept | Leaving | PruneStopped | Cleared
Telling: TypeAlias = Labelled | Warned
Standing: TypeAlias = StoodBy | Leading | Listening | Loaded | Rejected
Event: TypeAlias = Applied | Readied | Awaited | Failed | Delayed | Finished | Standing | Pruning | Telling
