"""Key paths, kinds of values and lists of names, in words for people."""

from __future__ import annotations

from collections.abc import Sequence

from sro_render.model.objects import JsonValue

KeyPath = Sequence[str | int]

TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
"""What JSON Schema calls a type -> what people call it."""


_MAX_NAMES = 5


def type_name(value: JsonValue) -> str:
    """What a value is."""
    match value:
        case None:
            return "null"
        case bool():
            return f"the boolean {'true' if value else 'false'}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the string {value!r}"
        case list():
            return "a list"
        case _:
            return "a mapping"


def wanted_types(names: Sequence[str]) -> str:
    """Types of JSON Schema, joined by `or`; null last, for it is never what the user meant to write."""
    ordered = sorted(names, key=lambda each: each == "null")
    return " or ".join(TYPE_NAMES.get(each, each) for each in ordered)


def type_hint(found: JsonValue, wanted: Sequence[str]) -> str:
    """How to write a value of the type that is wanted; empty where that cannot be guessed."""
    if "string" in wanted and isinstance(found, bool | int | float):
        return "put it into quotes to make it a string"
    if "boolean" in wanted and isinstance(found, str):
        return "write true or false, without quotes"
    return ""


def format_path(path: KeyPath) -> str:
    """A key path as people write it: `spec.dependencies[0].chart`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def wordlist(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def name_some(names: Sequence[str]) -> str:
    """The first names of many, and how many more there are."""
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def counted(number: int, what: str) -> str:
    """`1 node`, `3 nodes`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
