"""Values to JSON, byte for byte as Go's encoding/json writes them.

Decides the text only; who asks for it (toJson, toPrettyJson, …) and what a failure means there is
the caller's. Re-implements Go encoding/json `encode.go` and `indent.go` for what templates hold.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from math import isfinite

Default = Callable[[object], object]

_ALWAYS_ESCAPED = {0x2028: "\\u2028", 0x2029: "\\u2029"}
_ESCAPED_FOR_HTML = _ALWAYS_ESCAPED | {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class Struct(dict[str, object]):
    """A struct of Go: its fields stay in their order, where a map's keys are sorted."""


def marshal(
    value: object, *, escape_html: bool = True, indent: str = "", default: Default | None = None
) -> str:
    """The JSON text of a value, without a newline at its end.

    Args:   value: None, bool, int, float, str, bytes (base64), list, dict with keys that are strings;
            an empty list or dict with a true `is_nil` is null;
            a character that is half of a pair stands for a byte that is not UTF-8.
            indent: one step of indentation; empty for one line.
            default: turns any other object into one of these.
    Returns: keys in the byte order of UTF-8.
    Raises: ValueError: NaN or an infinity, an object of another type, or a value that contains itself.
    """
    try:
        return _text(
            value,
            _ESCAPED_FOR_HTML if escape_html else _ALWAYS_ESCAPED,
            indent,
            "\n" if indent else "",
            default,
        )
    except RecursionError:
        raise ValueError("the value contains itself, or its collections are nested too deep") from None


def _text(value: object, escapes: dict[int, str], indent: str, newline: str, default: Default | None) -> str:
    """One value; `newline` is the line break with the indentation of the line that it stands on."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return string_text(value).translate(escapes)
        case int():
            return int.__repr__(value)
        case float():
            return float_text(value)
        case bytes():
            return f'"{b64encode(value).decode()}"'
        case list() | dict() if not value and getattr(value, "is_nil", False):
            return "null"  # a list or map of Go that was never made
        case dict():
            colon = ": " if indent else ":"
            parts = [
                string_text(key).translate(escapes)
                + colon
                + _text(value[key], escapes, indent, newline + indent, default)
                for key in (value if isinstance(value, Struct) else sorted(value, key=utf8))
            ]
            return _enclosed("{", parts, "}", newline, indent)
        case list():
            items = [_text(item, escapes, indent, newline + indent, default) for item in value]
            return _enclosed("[", items, "]", newline, indent)
    if default is None:
        raise ValueError(f"a value of the type {type(value).__name__} cannot be written as JSON")
    return _text(default(value), escapes, indent, newline, default)


def _enclosed(opening: str, parts: list[str], closing: str, newline: str, indent: str) -> str:
    if not parts:
        return opening + closing
    return f"{opening}{newline}{indent}{f',{newline}{indent}'.join(parts)}{newline}{closing}"


def utf8(text: str) -> bytes:
    """The bytes that Go sorts a text by."""
    return text.encode("utf-8", "surrogatepass")


def string_text(text: str) -> str:
    """A string in quotes, with the escapes that JSON asks for; broken characters become U+FFFD."""
    return encode_basestring(_SURROGATE.sub("\ufffd", text))


def float_text(value: float) -> str:
    """A float64 with the fewest digits that read back as the same number; whole ones without a point.

    Source: encoding/json encode.go `floatEncoder`: an exponent below 1e-6 and from 1e21 on.
    Raises: ValueError: NaN or an infinity.
    """
    if not isfinite(value):
        raise ValueError(f"{value} is no number that JSON knows")
    shortest = float.__repr__(value)
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return shortest.removesuffix(".0") if "e" not in shortest else format(Decimal(shortest), "f")
    mantissa, _, exponent = format(Decimal(shortest), "e").partition("e")
    return f"{mantissa}e{exponent}"
