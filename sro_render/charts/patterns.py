"""Patterns for paths, matched in time proportional to pattern times path.

Decides whether a path fits a list of parts; how patterns are written is for `ignore.py` (Go's
`filepath.Match`) and `scope.py` (`.Files.Glob`). Regular expressions would take hours over
`**a**a**a**`, which a chart may well ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct


class Run(Struct, frozen=True):
    """Any number of characters; slashes among them only where `with_slashes`."""

    with_slashes: bool = False


class OneOf(Struct, frozen=True):
    """One character out of ranges, both ends included; with `is_negated` one that is in none."""

    ranges: tuple[tuple[str, str], ...]
    is_negated: bool = False

    def admits(self, character: str) -> bool:
        """Whether the character fits."""
        return any(low <= character <= high for low, high in self.ranges) != self.is_negated


class Choice(Struct, frozen=True):
    """One of several patterns."""

    options: tuple[tuple[Part, ...], ...]


Part: TypeAlias = Run | OneOf | Choice
NO_SLASH = OneOf((("/", "/"),), is_negated=True)


def literal(character: str) -> OneOf:
    """The part that is just this character."""
    return OneOf(((character, character),))


def matches(parts: Sequence[Part], text: str) -> bool:
    """Whether the whole text fits the pattern."""
    # The ends decide for most patterns and paths.
    for part, character in ((parts[0], text[:1]), (parts[-1], text[-1:])) if parts else ():
        if isinstance(part, OneOf) and not (character and part.admits(character)):
            return False
    return len(text) in _ends(parts, text, {0})


def _ends(parts: Iterable[Part], text: str, starts: set[int]) -> set[int]:
    """Where the pattern may end when it starts at one of `starts`."""
    for part in parts:
        if isinstance(part, OneOf):
            starts = {at + 1 for at in starts if at < len(text) and part.admits(text[at])}
        elif isinstance(part, Choice):
            starts = {end for option in part.options for end in _ends(option, text, starts)}
        else:
            starts = _stretched(part, text, starts)
        if not starts:
            break
    return starts


def _stretched(run: Run, text: str, starts: set[int]) -> set[int]:
    reached = set(starts)
    for at in range(len(text)):
        if at in reached and (run.with_slashes or text[at] != "/"):
            reached.add(at + 1)
    return reached
