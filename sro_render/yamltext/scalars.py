"""What an unquoted word of YAML means: a boolean, a number, nothing, or the text itself.

Decides values only. Places, quoting, tags of collections and documents may not live here.
Re-implements the resolver of sigs.k8s.io/yaml v1.6.0 (go.yaml.in/yaml/v2 `resolve.go`, then
`encoding/json`): booleans of YAML 1.1 with y and n, octals of both forms, no sexagesimals, and
timestamps stay text. Differs: whole numbers beyond 64 bits keep all their digits.
"""

from __future__ import annotations

import binascii
import re
import struct
from calendar import monthrange
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeAlias

Scalar: TypeAlias = "bool | int | float | str | None"

TAG_PREFIX = "tag:yaml.org,2002:"


def _cases(*words: str) -> Iterable[str]:
    """Each word in the three spellings that YAML 1.1 knows: yes, Yes, YES."""
    return (spelling for word in words for spelling in (word, word.capitalize(), word.upper()))


WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", *_cases("null"))),
    **dict.fromkeys(_cases("y", "yes", "true", "on"), True),
    **dict.fromkeys(_cases("n", "no", "false", "off"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}

_WORD_STARTS = frozenset("yYnNtTfFoO~")
_NUMBER_STARTS = frozenset("0123456789+-.")
STARTS = _WORD_STARTS | _NUMBER_STARTS | {""}
"""First characters of all texts that may be something else; nothing needs to be asked of others."""

# Go's `strconv.ParseInt` with base 0; underscores are gone by then.
_PREFIXED = re.compile(r"([-+]?)0(?:[xX]([0-9a-fA-F]+)|[bB]([01]+)|[oO]?([0-7]+))", re.ASCII)
# go-yaml takes what follows a small 0b by itself, with a sign of its own.
_SIGNED_BINARY = re.compile(r"0b([-+][01]+)", re.ASCII)
_DECIMAL = re.compile(
    r"[-+]?(?:\.[0-9]+|(?P<whole>[0-9]+)(?P<point>\.[0-9]*)?)(?P<exponent>[eE][-+]?[0-9]+)?", re.ASCII
)
# What begins with a point keeps its underscores, which Go wants between two digits.
_FRACTION = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)

_WIDEST_JSON_INTEGER = 1e21
"""From here on Go writes a float with an exponent, and it stays a float."""

_EXACT = 2**53

# A zero in front makes an octal number; with an 8 or 9 Go takes the text for a float.
_FLOAT_FOR_GO = re.compile(r"[-+]?_*0[0-9_]*[89][0-9_]*", re.ASCII)

_LONGEST_INTEGER = 4_300
"""Digits that Python turns into an int; Go's float64 ends at 309 digits and gives text beyond."""


def resolve(text: str) -> Scalar:
    """The value of a plain scalar.

    Returns: floats without a fraction become ints below 1e21, as JSON prints them (`1e3` is 1000);
             `.inf` and `.nan` are floats that the reader refuses.
    Source:  go.yaml.in/yaml/v2 resolve.go `resolve`.
    """
    if text[:1] not in STARTS:
        return text
    if text in WORDS:
        return WORDS[text]
    if text[0] in _WORD_STARTS:
        return text
    number = parse_number(text)
    return text if number is None else as_json_prints(number)


def parse_number(text: str) -> int | float | None:
    """The number that a text is, `None` if it is none. Floats stay floats here."""
    if text[:1] == ".":
        return _finite(text.replace("_", "")) if _FRACTION.fullmatch(text) else None
    if text[:1] not in _NUMBER_STARTS:
        return None
    plain = text.replace("_", "")
    if prefixed := _PREFIXED.fullmatch(plain):
        value = _prefixed_integer(*prefixed.groups(""))
        if value is not None:
            return value
    decimal = _DECIMAL.fullmatch(plain)
    if decimal is None:
        signed = _SIGNED_BINARY.fullmatch(plain)
        return int(signed[1], 2) if signed else None
    if decimal["whole"] and decimal["point"] is None and decimal["exponent"] is None:
        return int(plain) if len(plain) <= _LONGEST_INTEGER else None
    return _finite(plain)


def _prefixed_integer(sign: str, hexadecimal: str, binary: str, octal: str) -> int | None:
    """An integer with a base, if Go's 64 bits hold it: all of uint64 without a sign, else int64."""
    digits, base = (hexadecimal, 16) if hexadecimal else (binary, 2) if binary else (octal, 8)
    value = int(sign + digits, base)
    return value if -(2**63) <= value < (2**63 if sign else 2**64) else None


def _finite(text: str) -> float | None:
    """The float, `None` beyond float64's range, where Go reports an error and go-yaml keeps text."""
    value = float(text)
    return value if abs(value) != float("inf") else None


def as_json_prints(number: float) -> int | float:
    """The number with the type that is left after Go has written it as JSON.

    Beyond 2**53 that is the number of its shortest digits: 4.165573631708857e+16 has become
    41655736317088570, though the float is 41655736317088568.
    """
    if type(number) is float and number.is_integer() and abs(number) < _WIDEST_JSON_INTEGER:
        return int(number) if abs(number) < _EXACT else int(Decimal(repr(number)))
    return number


_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)"
    r"(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?:Z|[-+](\d\d):(\d\d))"
    r"| +(\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?)?",
    re.ASCII,
)


def is_timestamp(text: str) -> bool:
    """Whether the text is one of the four forms of time that go-yaml knows, with a day that exists.

    Source: go-yaml resolve.go `parseTimestamp`; Go time/format.go `Parse`.
    """
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        return False
    year, month, day, *clock = (int(part or 0) for part in found.groups())
    hour, minute, second, zone_hour, zone_minute, hour_2, minute_2, second_2 = clock
    return (
        1 <= month <= 12
        and 1 <= day <= (monthrange(year or 4, month)[1])
        and max(hour, hour_2) < 24
        and max(minute, minute_2, second, second_2) < 60
        and zone_hour <= 24
        and zone_minute < 60
    )


def resolve_tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with one of YAML's own tags, such as `!!int`, whether quoted or not.

    Args:   tag: the long form without its prefix: `str`, `int`, `float`, `bool`, `null`, `binary`,
            `timestamp`.
    Raises: ValueError: the text is no such thing.
            KeyError: the tag is none of these.
    Source: go.yaml.in/yaml/v2 resolve.go `resolve`, decode.go `scalar`.
    """
    if tag == "str" or (tag == "timestamp" and is_timestamp(text)):
        return text
    if tag == "binary":
        # Go's json replaces each byte that is not UTF-8.
        data = binascii.a2b_base64(text.replace("\n", "").replace("\r", ""), strict_mode=True)
        return data.decode("utf-8", "replace")
    number = WORDS[text] if text in WORDS else parse_number(text)
    matching = {
        "int": type(number) is int and not _FLOAT_FOR_GO.fullmatch(text),
        "float": isinstance(number, float) or type(number) is int,
        "bool": isinstance(number, bool),
        "null": text in WORDS and number is None,
        "timestamp": False,
    }[tag]
    if not matching:
        raise ValueError(text)
    return as_json_prints(number) if isinstance(number, float) else number


def key_text(value: Scalar) -> str | None:
    """A mapping's key as the string that it becomes; `None` where Kubernetes refuses it (null).

    Source: sigs.k8s.io/yaml yaml.go `convertToJSONableObject`: floats go through float32.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _float32_text(value)
    return None


def _float32_text(value: float) -> str:
    """Go's `strconv.FormatFloat(value, 'g', -1, 32)`, with go-yaml's names for what is not finite."""
    if value != value:  # noqa: PLR0124 (only nan differs from itself)
        return ".nan"
    try:
        (narrow,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        narrow = float("inf") if value > 0 else float("-inf")
    if abs(narrow) == float("inf"):
        return ".inf" if narrow > 0 else "-.inf"
    shortest = next(
        text
        for text in (f"{narrow:.{digits}e}" for digits in range(10))
        if struct.pack("f", float(text)) == struct.pack("f", narrow)
    )
    return go_shortest(shortest)


def go_shortest(scientific: str) -> str:
    """Go's format 'g' with shortest digits, from a text like `1.5e+08` that has these digits.

    Source: Go strconv/ftoa.go `formatDigits`: an exponent below -4 or from 6 on is written as such.
    """
    mantissa, _, exponent_text = scientific.partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    digits = mantissa.replace(".", "").rstrip("0") or "0"
    exponent = int(exponent_text)
    if exponent < -4 or exponent >= 6:
        fraction = "." + digits[1:] if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}" + (f".{fraction}" if fraction else "")
