"""JSON texts, read by the standard library: fifty megabytes of `kubectl get nodes -o json` in a second.

Decides only whether a text is JSON that may be taken as it is. Everything doubtful (a fault, a
duplicate key, too deep a nesting) is left to the YAML reader, which reads JSON too and knows places.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from sro_render.errors import YamlError
from sro_render.limits import Limits
from sro_render.model.objects import JsonValue
from sro_render.source import Source
from sro_render.yamltext.scalars import as_json_prints

_START = re.compile(r"\ufeff?[ \t\r\n]*[{\[]")
_SURROGATE = re.compile(r"\\u[dD][89abAB]")


class NotJson(Exception):  # noqa: N818 (an answer, not a fault)
    """The YAML reader has to read this text."""


def read_json(source: Source, limits: Limits, *, strict: bool) -> JsonValue:
    """The value of a JSON text.

    Args:   strict: look for duplicate keys; without it the last one wins.
    Raises: NotJson: this is something else, or has a fault that the YAML reader will find.
            YamlError: a number that is not finite.
    """
    text = source.text
    if not _START.match(text):
        raise NotJson
    not_finite: list[str] = []
    decoder = json.JSONDecoder(
        object_pairs_hook=_unique if strict else None,
        parse_float=lambda written: _number(written, not_finite),
        parse_constant=not_finite.append,
    )
    try:
        value: Any = decoder.decode(text)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise NotJson from None
    if not_finite:
        _fail_not_finite(source, not_finite[0])
    if is_deeper(value, limits.max_yaml_depth):
        raise NotJson
    return value  # type: ignore[no-any-return]


def _fail_not_finite(source: Source, number: str) -> NoReturn:
    """Say where the number stands outside of strings for the first time."""
    found = re.finditer(rf'"(?:[^"\\]|\\.)*"|{re.escape(number)}\b', source.text)
    place = next(match for match in found if match[0] == number)
    raise YamlError(
        "yaml-not-finite",
        f"{number} is no number that JSON knows",
        span=source.span(*place.span()),
        hint="write it in quotes if it is a text",
    )


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise NotJson
    return mapping


def _number(text: str, not_finite: list[str]) -> float:
    number = float(text)
    if abs(number) == float("inf"):
        not_finite.append(text)
    return as_json_prints(number)


def is_deeper(value: Any, depth: int) -> bool:
    """Whether more collections than `depth` stand inside each other; looks at one level after another."""
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if outer.__class__ is dict else outer)
            if inner.__class__ is dict or inner.__class__ is list
        ]
        if not level:
            return False
    return True
