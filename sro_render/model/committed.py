"""How a committed bundle differs from what its inputs give now, file by file."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from sro_render.errors import Finding


class FileState(StrEnum):
    """What is the matter with a file of a bundle. The values are stable, and documented."""

    STALE = "stale"
    """As it was built, but the inputs give another one now."""
    EDITED = "edited"
    """Not as the last build wrote it."""
    MISSING = "missing"
    """The lock lists it, and it is gone."""
    NEW = "new"
    """The inputs give it now, and no build wrote it yet."""
    LEFT_OVER = "left over"
    """The lock lists it, and the inputs do not give it any more."""
    ADDITIONAL = "additional"
    """The lock does not list it: a build stops at it."""


class FileDifference(Struct, frozen=True, kw_only=True):
    """A file that differs. path: relative to the bundle; before, after: None where there is no such file."""

    path: str
    state: FileState
    before: bytes | None
    after: bytes | None


class BundleCheck(Struct, frozen=True, kw_only=True):
    """A committed bundle beside what its inputs give.

    differences: A-Z by path; the lock's is there only if more than the nodes' part and the version differ.
    same:        how many files are as they should be.
    mend:        the command after which nothing differs.
    """

    cluster: str
    folder: str
    differences: tuple[FileDifference, ...]
    same: int
    mend: str
    errors: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()
