"""Values to YAML, byte for byte as go.yaml.in/yaml/v3 writes them: what toYamlPretty gives in Helm.

Decides the text only: lists stand two columns behind their key, lines are never folded, numbers are
written as they are, text with tabs may stay in a block. What both versions share is in `go_yaml`.
Re-implements go.yaml.in/yaml/v3 v3.0.5 `encode.go`, `sorter.go`, `emitterc.go` with an indentation of 2.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from decimal import Decimal
from functools import cmp_to_key
from math import copysign, isfinite, isnan

from sro_render.limits import MAX_WRITTEN, TooLargeError
from sro_render.yamltext.go_json import Default, Struct
from sro_render.yamltext.go_yaml import (
    _BASE_60,
    _BREAK,
    _LONGEST_SIMPLE_KEY,
    _NO_LITERAL,
    _NO_PLAIN,
    _NO_PLAIN_INSIDE,
    _NO_SINGLE_QUOTES,
    _NODE_COST,
    _compare,
    _double_quoted,
    _is_resolved,
    _is_special,
    _literal,
    _single_quoted,
)
from sro_render.yamltext.scalars import STARTS, go_shortest

_NOT_UTF8 = re.compile("[\ud800-\udfff]")


class Plain(str):
    """A text that is written without quotes, whatever it looks like."""

    __slots__ = ()


def marshal(value: object, *, default: Default | None = None) -> str:
    """The YAML text of a value, with a newline at its end.

    Args:   value: None, bool, int, float, str, bytes (a list of numbers), list, dict with keys that are
            strings, a `Struct` of `go_json`.
            default: turns any other object into one of these, and integers of other classes.
    Raises: ValueError: an object of another type, or a value that contains itself; TooLargeError.
    """
    emitter = _Emitter(default)
    try:
        emitter.node(value, -2, " ")
    except RecursionError:
        raise ValueError("the value contains itself, or its collections are nested too deep") from None
    text = "".join(emitter.out).removeprefix(" ")
    return text if text.endswith("\n") else text + "\n"


class _Emitter:
    def __init__(self, default: Default | None) -> None:
        self.out: list[str] = []
        self._default = default
        self._room = MAX_WRITTEN

    def node(self, value: object, indent: int, lead: str) -> None:
        """One value behind a key or a dash.

        Args: indent: the indentation of the collection around it.
              lead: what stands before a collection's first entry: a blank where it goes on in the line
              of a dash, else nothing, and it begins a line of its own.
        """
        self._room -= _NODE_COST + (len(value) if isinstance(value, str | bytes) else 0)
        if self._room < 0:
            raise TooLargeError
        match value:
            case dict() if value:
                self._entries(value, indent + 2, lead)
            case list() | bytes() if value:
                for item in value:
                    self._begin(indent + 2, lead)
                    self.out.append("-")
                    self.node(item, indent + 2, " ")
                    lead = ""
            case dict():
                self.out.append(" {}")
            case list() | bytes():
                self.out.append(" []")
            case Plain():
                self.out.append(f" {value}")
            case str():
                self.out.append(" " + _scalar(value, max(indent, 0) + 2))
            case None:
                self.out.append(" null")
            case bool():
                self.out.append(" true" if value else " false")
            case int() if type(value) is int or self._default is None:
                self.out.append(f" {int.__repr__(value)}")
            case float():
                self.out.append(f" {_float_text(value)}")
            case _:
                if self._default is None:
                    raise ValueError(f"a value of the type {type(value).__name__} cannot be written as YAML")
                self.node(self._default(value), indent, lead)

    def _begin(self, indent: int, lead: str) -> None:
        if lead:
            self.out.append(lead)
        else:
            fresh = not self.out or self.out[-1].endswith(("\n", "\u2028", "\u2029"))
            self.out.append(("" if fresh else "\n") + " " * indent)

    def _entries(self, value: dict[str, object], indent: int, lead: str) -> None:
        for key in _ordered(value):
            self._begin(indent, lead)
            lead = ""
            if _BREAK.search(key) or len(key.encode("utf-8", "replace")) > _LONGEST_SIMPLE_KEY:
                self.out.append(f"? {_scalar(key, indent + 2)}")
                self._begin(indent, "")
                self.out.append(":")
                self.node(value[key], indent, " ")
            else:
                self.out.append(f"{_scalar(key, 0)}:")
                self.node(value[key], indent, "")


def _ordered(value: dict[str, object]) -> Iterable[str]:
    return value if isinstance(value, Struct) else sorted(value, key=_natural)


def _compare_keys(left: str, right: str) -> int:
    """As `go_yaml` orders them, but behind equal digits letters come before all else."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            after_digit = index > 0 and left[index - 1].isdecimal()
            if after_digit and a.isalpha() != b.isalpha():
                return -1 if a.isalpha() else 1
            break
    return _compare(left, right)


_natural = cmp_to_key(_compare_keys)


def _scalar(text: str, indent: int) -> str:
    """A string; `indent` is that of the lines of a block."""
    if _NOT_UTF8.search(text):
        return f"!!binary {b64encode(text.encode('utf-8', 'surrogateescape')).decode()}"
    style = _style(text)
    if style == "|":
        return _literal(text, indent) if indent else _double_quoted(text, 0, -(2**31))
    if style == "'":
        return _single_quoted(text, indent, -(2**31))
    return text if style == "plain" else _double_quoted(text, 0, -(2**31))


def _style(text: str) -> str:
    """How a string is written: `plain`, `'`, `"` or `|`.

    Source: yaml v3 encode.go `stringv`, emitterc.go `yaml_emitter_analyze_scalar`.
    """
    if "\n" in text:
        return '"' if _NO_LITERAL.search(text) or _is_special(text.replace("\t", "")) else "|"
    if text[:1] in STARTS and (_is_resolved(text) or _BASE_60.fullmatch(text)):
        return '"'
    if _is_special(text.replace("\t", "")):
        return '"'
    if _NO_PLAIN.match(text) or _NO_PLAIN_INSIDE.search(text) or "\t" in text:
        return '"' if _NO_SINGLE_QUOTES.search(text) or "\t" in text else "'"
    return "plain"


def _float_text(value: float) -> str:
    if value == 0:
        return "-0" if copysign(1, value) < 0 else "0"
    if isfinite(value):
        return go_shortest(format(Decimal(repr(value)), "e"))
    return ".nan" if isnan(value) else ".inf" if value > 0 else "-.inf"
