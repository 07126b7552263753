"""Texts and places in them: what every error and finding points at.

Decides how a place is counted (lines and columns from 1, columns in characters) and how its
excerpt is drawn. Knows nothing of YAML, templates or Kubernetes, and imports nothing of the project.
"""

from __future__ import annotations

import re

from msgspec import Struct

MAX_EXCERPT_CHARACTERS = 160
"""Longer lines are cut around the marked place: minified YAML has lines of a megabyte."""

# Excerpts go to the logs of a CI. Not what a template puts there: it is no password yet.
_PASSWORD = re.compile(r"(://[^/\s:@{}]*:)[^/\s@{}]+(?=@)")


class Source(Struct, frozen=True, eq=False, weakref=True):
    """A text with the name that its reader knows it by, such as `charts/a/templates/b.yaml`."""

    name: str
    text: str

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} characters)"

    def span(self, start: int, end: int | None = None) -> Span:
        """The place between two offsets in characters; without `end`, one character long."""
        return Span(self, start, start + 1 if end is None else end)

    def span_at(self, line: int, column: int) -> Span:
        """The place at a line and column (both from 1), clamped to the text."""
        start = 0
        for _ in range(line - 1):
            following = self.text.find("\n", start)
            if following < 0:
                break
            start = following + 1
        return self.span(min(start + column - 1, len(self.text)))

    def line_text(self, line: int) -> str:
        """The text of a line (from 1) without its line break; empty beyond the end."""
        return self.line_around(self.span_at(line, 1).start) if line <= self.text.count("\n") + 1 else ""

    def line_around(self, offset: int) -> str:
        """The line that a character stands in, without its line break."""
        end = self.text.find("\n", offset)
        return self.text[self.text.rfind("\n", 0, offset) + 1 : None if end < 0 else end].rstrip("\r")


class Span(Struct, frozen=True, eq=False):
    """A stretch of a source, from offset `start` up to but without offset `end`, in characters."""

    source: Source
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Span({self})"

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    @property
    def line(self) -> int:
        """The line of the first character, from 1."""
        return self.source.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        """The column of the first character, from 1, in characters."""
        return self.start - self.source.text.rfind("\n", 0, self.start)

    @property
    def text(self) -> str:
        """The marked text itself."""
        return self.source.text[self.start : self.end]

    def excerpt(self) -> str:
        """The first line of the place with a marker below it, as two numbered lines; no password of a URL.

        ```
        12 | app: {{ .Values.x }
           |      ^^^^^^^^^^^^^
        ```
        """
        line, column = self.line, self.column
        text = self.source.line_around(self.start)
        width = max(1, min(self.end, self.start + len(text) - column + 1) - self.start)
        before, marked = text[: column - 1], text[column - 1 : column - 1 + width]
        text, column, width = _hide(text), len(_hide(before)) + 1, max(1, len(_hide(marked)))
        skipped = 0
        if len(text) > MAX_EXCERPT_CHARACTERS:
            skipped = max(0, min(column - 40, len(text) - MAX_EXCERPT_CHARACTERS))
            text = text[skipped : skipped + MAX_EXCERPT_CHARACTERS]
        width = min(width, max(1, len(text) - (column - 1 - skipped)))
        gutter = str(line)
        # A tab keeps its width in the marker line, so that the marker stands below its text.
        lead = "".join("\t" if character == "\t" else " " for character in text[: column - 1 - skipped])
        return f"{gutter} | {text}\n{' ' * len(gutter)} | {lead}{'^' * width}"


def _hide(text: str) -> str:
    return _PASSWORD.sub(r"\1…", text)
