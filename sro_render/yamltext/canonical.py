"""Reads back what `writer` wrote, faster than YAML is read: each line is looked at once.

Knows the canonical form alone, and of that what nearly all rendered objects have. Of every other text it says
that it does not know it, and the reader of YAML decides: what is read here means the same to that.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from sro_render.limits import Limits
from sro_render.model.objects import JsonValue
from sro_render.yamltext.scalars import STARTS, resolve

# White space before, dashes of lists, a key, and the rest of the line.
_LINE = re.compile(r'( *)((?:- )*)(?:([A-Za-z0-9_./$][A-Za-z0-9_./$-]*|"[^"\\]*"):(?: |\Z))?([^\t]*)')
_UNUSUAL = re.compile(r"[^\t\n -~]")
_INDICATORS = frozenset("?:,[]{}#&*!|>%@` ")
"""What begins something other than plain text, or may."""
_COLLECTIONS = {"{}": dict, "[]": list}
_LONGEST_KEY = 1_000


class NotCanonical(Exception):  # noqa: N818 - it is an answer, and no error
    """The text has something that is not known here, be it right or wrong."""


def read_written(data: bytes, name: str, limits: Limits) -> JsonValue:
    """What `reader.read_manifest` reads, faster where it is canonical.

    Raises: YamlError: as that one, and as `reader.decode`.
    """
    try:
        return read_canonical(data, limits)
    except NotCanonical:
        # libyaml's bindings take as long to import as some hundred objects to read.
        from sro_render.yamltext.reader import decode, read_manifest  # noqa: PLC0415

        return read_manifest(decode(data, name), limits)


def read_canonical(data: bytes, limits: Limits) -> dict[str, JsonValue]:
    """The mapping of a text that `write` wrote.

    Returns: what `reader.read_manifest` returns for it.
    Raises:  NotCanonical: that must read it.
    """
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise NotCanonical from None
    if _UNUSUAL.search(text) or not text.endswith("\n"):
        raise NotCanonical
    # Two columns hold two collections at most, a list and a mapping.
    return _Lines(text.split("\n")[:-1], limits.max_yaml_depth - 3).read()


class _Lines:
    """Reads lines into collections. `_open` has those that are open, outermost first, with their columns.

    widest: the column from which on the other reader has to see whether it is too deep.
    """

    def __init__(self, lines: list[str], widest: int) -> None:
        self._lines, self._widest = lines, widest
        self._next = 0
        self._top: dict[str, Any] = {}
        self._open: list[tuple[int, Any]] = [(0, self._top)]
        self._waiting: tuple[dict[str, Any], str, int] | None = None

    def read(self) -> dict[str, JsonValue]:
        """All of it. Raises: NotCanonical."""
        lines, end = self._lines, len(self._lines)
        while self._next < end:
            match = _LINE.fullmatch(lines[self._next])
            if match is None:
                raise NotCanonical
            self._next += 1
            space, dashes, key, rest = match.groups()
            column = len(space)
            if column + len(dashes) > self._widest:
                raise NotCanonical
            if dashes:
                items, column = self._items(column, len(dashes) // 2)
                if key is None:
                    items.append(_scalar(rest))
                    continue
                entries: dict[str, Any] = {}
                items.append(entries)
                self._open.append((column, entries))
            elif key is None:
                raise NotCanonical
            else:
                entries = self._entries(column)
            self._enter(entries, _key(key), column, rest)
        if self._waiting is not None or not self._top:
            raise NotCanonical
        return self._top

    def _enter(self, entries: dict[str, Any], key: str, column: int, rest: str) -> None:
        if key in entries:
            raise NotCanonical
        if not rest:
            self._waiting = entries, key, column
        elif rest[0] == "|":
            entries[key] = self._literal(rest, column + 2)
        else:
            entries[key] = _scalar(rest)

    def _entries(self, column: int) -> dict[str, Any]:
        """The mapping that a key in this column is of."""
        if self._waiting is not None:
            above, key, outer = self._waiting
            if column != outer + 2:
                raise NotCanonical
            self._waiting = None
            found: dict[str, Any] = {}
            above[key] = found
            self._open.append((column, found))
            return found
        while self._open[-1][0] > column:
            self._open.pop()
        if self._open[-1][1].__class__ is list:
            self._open.pop()
        at, known = self._open[-1]
        if at != column or known.__class__ is not dict:
            raise NotCanonical
        return known

    def _items(self, column: int, dashes: int) -> tuple[list[Any], int]:
        """The list that the last of some dashes is of, and the column of what comes after that."""
        if self._waiting is not None:
            above, key, outer = self._waiting
            if column != outer:
                raise NotCanonical
            self._waiting = None
            found: list[Any] = []
            above[key] = found
            self._open.append((column, found))
        else:
            while self._open[-1][0] > column:
                self._open.pop()
            at, found = self._open[-1]
            if at != column or found.__class__ is not list:
                raise NotCanonical
        for _ in range(dashes - 1):
            inner: list[Any] = []
            found.append(inner)
            column += 2
            self._open.append((column, inner))
            found = inner
        return found, column + 2

    def _literal(self, mark: str, column: int) -> str:
        """The text of the lines that follow, as far as they stand in this column."""
        lines, indent = self._lines, " " * column
        first = self._next
        while self._next < len(lines) and (lines[self._next].startswith(indent) or not lines[self._next]):
            self._next += 1
        text = "\n".join(line[column:] for line in lines[first : self._next])
        if text[:1] in ("", "\n", "\t", " "):
            raise NotCanonical
        content = text.rstrip("\n")
        match mark:
            case "|":
                return content + "\n"
            case "|-":
                return content
            case "|+":
                return text + "\n"
        raise NotCanonical


def _key(text: str) -> str:
    if len(text) > _LONGEST_KEY:
        raise NotCanonical
    if text[0] == '"':
        return text[1:-1]
    if text[0] in STARTS and resolve(text).__class__ is not str:
        raise NotCanonical
    return text


def _scalar(text: str) -> Any:
    """The value of what stands on one line."""
    first = text[:1]
    if first in ('"', "'"):
        inner = text[1:-1]
        if len(text) < 2 or text[-1] != first or first in inner or "\\" in inner:
            raise NotCanonical
        return inner
    if text in _COLLECTIONS:
        return _COLLECTIONS[text]()
    if (
        not text
        or first in _INDICATORS
        or text[-1] in ": "
        or ": " in text
        or " #" in text
        or (first == "-" and text[1:2] in ("", " "))
    ):
        raise NotCanonical
    if first not in STARTS:
        return text
    value = resolve(text)
    if value.__class__ is float and not isfinite(value):
        raise NotCanonical
    return value
