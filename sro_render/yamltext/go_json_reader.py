"""JSON to values, exactly as Go's encoding/json reads it into `any`.

Decides what is JSON for Go and what it means: every number a float64, of equal keys the last one,
half of a surrogate pair U+FFFD. Writing is decided in `go_json`, the words for faults in
`go_json_faults`; JSON that is YAML too, and wants the place of every fault, is read by `reader`.
Source: Go encoding/json decode.go, scanner.go and stream.go.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sro_render.yamltext.go_json_faults import find_fault
from sro_render.yamltext.json_text import is_deeper

_BLANKS = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# Where Python ends a number and leaves the rest to the caller, Go wants more digits.
_CUT_NUMBER = re.compile(r"-?[0-9]+(?:\.|(?:\.[0-9]+)?[eE])", re.ASCII)


class GoJsonError(ValueError):
    """A text is not JSON. `offset`: where in it, in characters."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class GoJsonRangeError(GoJsonError):
    """A number is beyond float64.

    number: as it is written. value: all that Go still reads, with 0 for each such number.
    """

    def __init__(self, message: str, offset: int, number: str, value: Any) -> None:
        super().__init__(message, offset)
        self.number = number
        self.value = value


def read_go_json(text: str, *, max_depth: int) -> Any:
    """The value of a text that is one JSON value, as `json.Unmarshal` reads it.

    Raises: GoJsonError: it is none, or more than one, or nested deeper than `max_depth`.
    """
    return _read(text, 0, max_depth, is_alone=True)[0]


def read_go_json_at(text: str, start: int, *, max_depth: int) -> tuple[Any, int]:
    """The JSON value that begins at `start`, as `json.Decoder` reads it, and the offset behind it.

    Raises: GoJsonError.
    """
    return _read(text, start, max_depth, is_alone=False)


def _read(text: str, start: int, max_depth: int, *, is_alone: bool) -> tuple[Any, int]:
    start = _skip_blanks(text, start)
    beyond: list[str] = []
    try:
        value, end = _decoder(beyond).raw_decode(text, start)
        is_wrong = (is_alone and _skip_blanks(text, end) < len(text)) or (
            isinstance(value, float) and _CUT_NUMBER.fullmatch(text, start, end + 1) is not None
        )
    except RecursionError:
        raise GoJsonError("the collections are nested too deep", start) from None
    except ValueError:
        is_wrong = True
    if is_wrong and (fault := find_fault(text, start, is_alone=is_alone)) is not None:
        raise GoJsonError(fault.message, fault.offset)
    if isinstance(value, dict | list) and is_deeper(value, max_depth):
        raise GoJsonError(f"more than {max_depth} collections stand inside each other", start)
    # Surrogates in the text itself are bytes that are not UTF-8, each of which Go reads as U+FFFD.
    if _ESCAPED_SURROGATE.search(text, start, end) or _SURROGATE.search(text, start, end):
        value = _mended(value)
    if beyond:
        raise GoJsonRangeError(_say_beyond(text, start, beyond[0]), start, beyond[0], value)
    return value, end


def _skip_blanks(text: str, start: int) -> int:
    match = _BLANKS.match(text, start)
    return match.end() if match else start


def _mended(value: Any) -> Any:
    """The value with U+FFFD for each half of a surrogate pair in its texts."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def _decoder(beyond: list[str]) -> json.JSONDecoder:
    """Reads each number as float64, and those that are beyond it as 0; keeps their texts."""

    def number(text: str) -> float:
        read = float(text)
        if abs(read) != float("inf"):
            return read
        beyond.append(text)
        return 0.0

    return json.JSONDecoder(parse_int=number, parse_float=number, parse_constant=_refuse)


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is no number that JSON knows")


def _say_beyond(text: str, start: int, number: str) -> str:
    """What Go says to the first number that is beyond float64: its path has points before each part."""
    pairs = json.JSONDecoder(parse_int=_Number, parse_float=_Number, object_pairs_hook=tuple)
    path = _path_to(pairs.raw_decode(text, start)[0], number)
    if not any(path):
        return f"json: cannot unmarshal number {number} into Go value of type float64"
    what = "" if path[-1].isascii() and path[-1].isdigit() else "Go struct field "
    return f"json: cannot unmarshal number {number} into {what}.{'.'.join(path)} of type float64"


class _Number(str):
    """A number as it is written, apart from texts."""

    __slots__ = ()


def _path_to(value: Any, number: str) -> tuple[str, ...]:
    """The path to the first number that is written so; objects are tuples of pairs."""
    left: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while left:
        path, value = left.pop()
        if isinstance(value, _Number) and value == number:
            return path
        items: list[tuple[str, Any]] = []
        if isinstance(value, tuple):
            items = [(key.replace("~", "~0").replace("/", "~1"), inner) for key, inner in value]
        elif isinstance(value, list):
            items = [(str(index), inner) for index, inner in enumerate(value)]
        left.extend(((*path, key), inner) for key, inner in reversed(items))
    return ()
