"""JSON to values, exactly as Go's encoding/json reads it into `any`.

Decides what is JSON for Go and what it means: every number a float64, of equal keys the last one,
half of a surrogate pair U+FFFD. Writing is decided in `go_json`; JSON that is YAML too, and wants the
place of every fault, is read by `reader`.
Source: Go encoding/json decode.go, scanner.go and stream.go.
"""

from __future__ import annotations

import json
import re
from typing import Any

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


def read_go_json(text: str, *, max_depth: int) -> Any:
    """The value of a text that is one JSON value, as `json.Unmarshal` reads it.

    Raises: GoJsonError: it is none, or more than one, or nested deeper than `max_depth`.
    """
    value, end = read_go_json_at(text, 0, max_depth=max_depth)
    end = _skip_blanks(text, end)
    if end < len(text):
        raise GoJsonError("more text stands behind the JSON value", end)
    return value


def read_go_json_at(text: str, start: int, *, max_depth: int) -> tuple[Any, int]:
    """The JSON value that begins at `start`, as `json.Decoder` reads it, and the offset behind it.

    Raises: GoJsonError.
    """
    start = _skip_blanks(text, start)
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as fault:
        raise GoJsonError(f"this is not JSON: {fault.msg}", min(fault.pos, len(text))) from None
    except ValueError as fault:
        raise GoJsonError(str(fault), start) from None
    except RecursionError:
        raise GoJsonError("the collections are nested too deep", start) from None
    if isinstance(value, float) and _CUT_NUMBER.fullmatch(text, start, end + 1):
        raise GoJsonError("this is not JSON: the number is not complete", end)
    if isinstance(value, dict | list) and is_deeper(value, max_depth):
        raise GoJsonError(f"more than {max_depth} collections stand inside each other", start)
    # Surrogates in the text itself are bytes that are not UTF-8, each of which Go reads as U+FFFD.
    if _ESCAPED_SURROGATE.search(text, start, end) or _SURROGATE.search(text, start, end):
        value = _mended(value)
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


def _number(text: str) -> float:
    number = float(text)
    if abs(number) == float("inf"):
        raise ValueError(f"the number {text} is beyond float64")
    return number


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is no number that JSON knows")


_DECODER = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_refuse)
