"""The language of `--set`, `--set-string`, `--set-file`, `--set-json` and `--set-literal`.

Decides which values such a text names and what they are. Values files and what lies over what in a
chart are decided in `values`; where a file of `--set-file` is read from, by whoever calls. The grammar
is what Helm's parser accepts, odd corners included: a text that ends within an index, or behind a
point, changes nothing and is no error.
Source: helm pkg/strvals/parser.go, pkg/strvals/literal_parser.go, pkg/cli/values/options.go.
Differs: names, indexes and JSON nest at most as deep as YAML may.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from msgspec import Struct

from sro_render.charts.values import Table, deep_copy, merge_files
from sro_render.errors import InputError
from sro_render.gotemplate.values import Int64
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.sprig.strings import trim
from sro_render.yamltext.go_json_reader import GoJsonError, GoJsonRangeError, read_go_json, read_go_json_at

MAX_INDEX = 65536
MAX_NAME_LEVELS = 30
"""Points in one name. Helm's limits; neither has an option there."""

ReadFile = Callable[[str], str]
"""The text of the file that `--set-file` names; raises InputError where it cannot be read."""


class SetKind(Enum):
    """The five options, in the order in which Helm applies them whatever their order was."""

    JSON = "--set-json"
    TYPED = "--set"
    STRING = "--set-string"
    FILE = "--set-file"
    LITERAL = "--set-literal"


class SetOption(Struct, frozen=True):
    """One option with its text, as the command line has them."""

    kind: SetKind
    text: str


def apply_options(
    base: Mapping[str, Any], options: Iterable[SetOption], limits: Limits, read_file: ReadFile
) -> Table:
    """The values of `-f` files with what the options set over them; of one kind the last one wins.

    Returns: a new table that shares nothing with `base`. Whole numbers of `--set` are int64, those of
             `--set-json` float64. A null stays, to delete later what a chart's defaults have there.
    Raises:  InputError `set-syntax`, `set-json`, `set-shape`, `set-limit`, and what `read_file` raises.
    """
    values: Table = deep_copy(dict(base))
    ranks = list(SetKind)
    for option in sorted(options, key=lambda option: ranks.index(option.kind)):
        values = _Parser(option, limits, read_file).parse(values)
    return values


def parse_into(
    base: Mapping[str, Any], text: str, kind: SetKind, limits: Limits, read_file: ReadFile
) -> Table:
    """The values with what one option sets over them; otherwise as `apply_options`."""
    return apply_options(base, [SetOption(kind, text)], limits, read_file)


class _Parser:
    """Reads one text from left to right, into values that the caller owns.

    Steps that read return whether Helm's would go on: at the end of the text they give up, and keep
    what they have.
    """

    def __init__(self, option: SetOption, limits: Limits, read_file: ReadFile) -> None:
        # Bytes that are not UTF-8 become U+FFFD, as in Go.
        self._text = _BROKEN.sub("\ufffd", option.text)
        self._kind = option.kind
        self._max_depth = limits.max_yaml_depth
        self._read_file = read_file
        self._at = 0
        self._depth = 0
        shown = self._text.split("\n", 1)[0]
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
        self._source = Source(f'{option.kind.value} "{shown}"', self._text)

    def parse(self, into: Table) -> Table:
        """Set everything; returns `into` changed, or a new table."""
        if self._kind is SetKind.JSON and trim(self._text).startswith("{"):
            return merge_files(into, self._json_object())
        while self._key(into, 0):
            self._depth = 0
        return into

    def _json_object(self) -> Table:
        """The whole text as one JSON object."""
        trimmed = trim(self._text)
        lead = self._text.index("{")
        try:
            value: Table = read_go_json(trimmed, max_depth=self._max_depth)
        except GoJsonError as fault:
            raise self._json_fault(fault, lead + fault.offset) from None
        return value

    def _key(self, into: Table, level: int) -> bool:
        """`NAME=VALUE`, `NAME.KEY`, `NAME[INDEX]…`, with what separates it from the next one."""
        self._go_deeper()
        start = self._at
        stops = _LITERAL_KEY if self._kind is SetKind.LITERAL else _KEY
        name, stop = self._until(stops)
        match stop:
            case "=":
                value, goes_on = self._value()
                _set(into, name, value)
                return goes_on
            case ".":
                return self._inner_key(into, name, start, level + 1)
            case "[":
                index = self._index()
                if index is None:
                    return False
                items, goes_on = self._item(self._below(into, name, [], start), index, level)
                _set(into, name, items)
                return goes_on
        if not stop and not name:
            return False
        hint = "write KEY=VALUE"
        if stop == ",":
            hint += "; a comma that belongs to a key or a value is written \\,"
        raise self._fault("set-syntax", f'the key "{name}" has no value', start, self._at, hint)

    def _inner_key(self, into: Table, name: str, start: int, level: int) -> bool:
        """What stands behind `NAME.`."""
        if level > MAX_NAME_LEVELS:
            raise self._fault(
                "set-limit",
                f"a name has at most {MAX_NAME_LEVELS} points",
                start,
                self._at,
                "set such values with a values file",
            )
        inner: Table = self._below(into, name, {}, start)
        goes_on = self._key(inner, level)
        if goes_on and not inner:
            raise self._fault(
                "set-syntax",
                f'the mapping "{name}" would get a key without a name',
                start,
                self._at,
                "write NAME.KEY=VALUE",
            )
        if inner:
            _set(into, name, inner)
        return goes_on

    def _item(self, items: list[Any], index: int, level: int) -> tuple[list[Any], bool]:
        """What stands behind `[INDEX]`: `=VALUE`, `.KEY` or another index. `items` is changed."""
        self._go_deeper()
        start = self._at
        unexpected, stop = self._until(_LITERAL_ITEM if self._kind is SetKind.LITERAL else _ITEM)
        if unexpected:
            raise self._fault(
                "set-syntax",
                f'"{unexpected}" cannot stand behind an index',
                start,
                self._at,
                "write NAME[INDEX]=VALUE, NAME[INDEX].KEY=VALUE or NAME[INDEX][INDEX]=VALUE",
            )
        goes_on = True
        match stop:
            case "":
                return items, False
            case "=":
                value, _ = self._value()
            case ".":
                value = items[index] if index < len(items) else {}
                if not isinstance(value, dict):
                    value = items[index] = {}
                goes_on = self._key(value, level)
            case _:
                inner_index = self._index()
                if inner_index is None:
                    return items, False
                found = items[index] if index < len(items) else None
                below = [] if found is None else self._of_shape(found, [], f"item {index}", start)
                value, goes_on = self._item(below, inner_index, level)
        if goes_on:
            self._set_item(items, index, value, start)
        return items, goes_on

    def _set_item(self, items: list[Any], index: int, value: Any, start: int) -> None:
        if index > MAX_INDEX:
            raise self._fault(
                "set-limit",
                f"the index {index} is greater than {MAX_INDEX}",
                max(start - 1, 0),
                start,
                "set such lists with a values file",
            )
        items.extend([None] * (index + 1 - len(items)))
        items[index] = value

    def _index(self) -> int | None:
        """The number up to `]`; `None` at the end of the text."""
        start = self._at
        text, stop = self._until(_LITERAL_INDEX if self._kind is SetKind.LITERAL else _INDEX)
        if not stop:
            return None
        index = _go_integer(text)
        if index is None:
            raise self._fault(
                "set-syntax",
                f'"{text}" is no index',
                start,
                self._at - 1,
                "write a whole number from 0 on; a bracket that belongs to a key is written \\[",
            )
        if index < 0:
            raise self._fault(
                "set-syntax", f"the index {index} is negative", start, self._at - 1, "count from 0"
            )
        return index

    def _value(self) -> tuple[Any, bool]:
        """What stands behind `=`, with the comma that ends it."""
        match self._kind:
            case SetKind.LITERAL:
                start, self._at = self._at, len(self._text)
                return self._text[start:], True
            case SetKind.JSON:
                return self._json_value(), True
        if self._at == len(self._text):
            return "", False
        if self._text[self._at] == "{":
            return self._list(), True
        return self._converted(self._until(_VALUE)[0]), True

    def _list(self) -> list[Any]:
        """`{A,B}`; `{}` is a list of one empty value."""
        start = self._at
        self._at += 1
        items: list[Any] = []
        stop = ","
        while stop == ",":
            text, stop = self._until(_LIST)
            if not stop:
                raise self._fault(
                    "set-syntax",
                    "the list that begins here is not closed",
                    start,
                    len(self._text),
                    "end it with }; a value that begins with { is written \\{",
                )
            items.append(self._converted(text))
        if self._text[self._at : self._at + 1] == ",":
            self._at += 1
        return items

    def _json_value(self) -> Any:
        """A JSON value, or nothing, which is null; the comma behind it may be left out."""
        if self._is_blank():
            return None
        try:
            value, self._at = read_go_json_at(self._text, self._at, max_depth=self._max_depth - self._depth)
        except GoJsonError as fault:
            raise self._json_fault(fault, fault.offset) from None
        self._is_blank()
        return value

    def _is_blank(self) -> bool:
        """Skip white space and, if it stands there, a comma; whether that or the end was found."""
        rest = self._text[self._at :]
        kept = trim(rest)
        if not kept:
            self._at = len(self._text)
            return True
        self._at += rest.index(kept[0])
        if kept[0] == ",":
            self._at += 1
        return kept[0] == ","

    def _converted(self, text: str) -> Any:
        """A value with its type."""
        match self._kind:
            case SetKind.TYPED:
                return _typed(text)
            case SetKind.FILE:
                return self._read_file(text)
        return text

    def _until(self, stops: re.Pattern[str]) -> tuple[str, str]:
        """The text up to the next of the characters that stop, and that one; `""` at the end."""
        match = stops.match(self._text, self._at)
        if match is None:  # the patterns match everything
            return "", ""
        self._at = match.end()
        text = match[1] if self._kind is SetKind.LITERAL else _ESCAPE.sub(r"\1", match[1])
        return text, match[2]

    def _below(self, into: Table, name: str, empty: Any, start: int) -> Any:
        """The list or mapping that a name holds already, else `empty`."""
        return self._of_shape(into[name], empty, f'"{name}"', start) if name in into else empty

    def _of_shape(self, value: Any, empty: Any, what: str, start: int) -> Any:
        """`value`, which must be of the shape of `empty`."""
        if isinstance(value, type(empty)):
            return value
        wanted = "a list" if isinstance(empty, list) else "a mapping"
        raise self._fault(
            "set-shape",
            f"{what} is no {wanted[2:]}: values given before it have set it to something else",
            start,
            self._at,
            f"set it to {wanted} there, or leave it out there",
        )

    def _go_deeper(self) -> None:
        self._depth += 1
        if self._depth > self._max_depth:
            raise self._fault(
                "set-limit",
                f"more than {self._max_depth} names and indexes stand inside each other",
                self._at,
                self._at + 1,
                "set such values with a values file",
            )

    def _json_fault(self, fault: GoJsonError, offset: int) -> InputError:
        message = str(fault)
        if isinstance(fault, GoJsonRangeError):
            message = f"the number {fault.number} is beyond float64"
        return self._fault("set-json", message, offset, offset + 1, "write KEY=JSON, or one JSON object")

    def _fault(self, code: str, message: str, start: int, end: int, hint: str) -> InputError:
        return InputError(code, message, span=self._source.span(start, max(end, start + 1)), hint=hint)


def _set(into: Table, name: str, value: Any) -> None:
    """Set a key, but not the empty one, which Helm leaves out."""
    if name:
        into[name] = value


def _typed(text: str) -> Any:
    """A value of `--set`: a boolean, null, a whole number of 64 bits without leading zeros, else text."""
    word = text.lower() if text.isascii() else text.replace("\u017f", "s").lower()  # the long s, as EqualFold
    if word in _WORDS:
        return _WORDS[word]
    if text != "0" and text.startswith("0"):
        return text
    number = _go_integer(text)
    return text if number is None else Int64(number)


def _go_integer(text: str) -> int | None:
    """Go's `strconv.ParseInt` in base 10 with 64 bits; `None` where it fails."""
    match = _INTEGER.fullmatch(text)
    if match is None or len(match[2]) > 19:  # the longest that 64 bits hold
        return None
    number = int(match[1] + match[2])
    return number if -(2**63) <= number < 2**63 else None


_SHOWN = 60
_BROKEN = re.compile("[\ud800-\udfff]")
_INTEGER = re.compile(r"([-+]?)0*([0-9]+)", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None}
# A backslash takes away what the next character means; the last one of a text is dropped.
_ESCAPE = re.compile(r"\\(.|\Z)", re.DOTALL)


def _escaped(stops: str) -> re.Pattern[str]:
    """Any text and one of the characters that stop it, unless a backslash stands before that."""
    return re.compile(rf"((?:[^\\{stops}]|\\.|\\\Z)*)([{stops}]?)", re.DOTALL)


def _unescaped(stops: str) -> re.Pattern[str]:
    return re.compile(rf"([^{stops}]*)([{stops}]?)", re.DOTALL)


_KEY, _LITERAL_KEY = _escaped(r"=\[,."), _unescaped(r"=\[.")
_ITEM, _LITERAL_ITEM = _escaped(r"=\[."), _unescaped(r"=\[.")
_INDEX, _LITERAL_INDEX = _escaped(r"\]"), _unescaped(r"\]")
_VALUE, _LIST = _escaped(","), _escaped(",}")
