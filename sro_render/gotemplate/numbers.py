"""Number and character constants of the template language: from their text to their values.

Source: text/template/parse/node.go `newNumber`, strconv's ParseInt and ParseFloat with base 0.
"""

from __future__ import annotations

import re
from typing import Final

from sro_render.gotemplate.nodes import Number
from sro_render.gotemplate.quoting import rune_of
from sro_render.gotemplate.tokens import Token, TokenKind

MAX_INT: Final = 2**63 - 1
MAX_UINT: Final = 2**64 - 1

_DIGITS: Final = re.compile(r"[0-9]+")
_INTEGER: Final = re.compile(
    r"[+-]?(?:0[xX](?P<x>_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)|0[bB](?P<b>_?[01]+(?:_[01]+)*)"
    r"|0[oO]?(?P<o>_?[0-7]+(?:_[0-7]+)*)|(?P<d>0|[1-9][0-9]*(?:_[0-9]+)*))"
)
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL: Final = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")
_UNDERSCORES: Final = re.compile(r"(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])")
_BASES: Final = {"x": 16, "b": 2, "o": 8, "d": 10}


def read_number(token: Token) -> Number:
    """The node of a NUMBER or CHAR_CONSTANT token.

    Raises:
        ValueError: says what is wrong with the constant.
    """
    text = token.text
    if token.kind is TokenKind.CHAR_CONSTANT:
        code = rune_of(text)
        return Number(token.start, token.end, text, code, float(code), is_float=False)
    if token.kind is TokenKind.COMPLEX or text.endswith("i"):
        raise ValueError(f"{text} is imaginary; templates here know integers and floats")
    integer = _integer(text)
    if integer is not None:
        if not -MAX_INT - 1 <= integer <= MAX_UINT:
            raise ValueError(f"{text} does not fit into 64 bits")
        return Number(token.start, token.end, text, integer, float(integer), is_float=False)
    real = _real(text)
    if real is None:
        raise ValueError(f"{text} is not a number")
    exact = int(real) if real.is_integer() and -(2.0**63) <= real < 2.0**63 else None
    return Number(token.start, token.end, text, exact, real, is_float=True)


def parse_uint(digits: str) -> int | None:
    """The number that decimal digits mean; None for anything else, and beyond 64 bits.

    Source: strconv.ParseUint. Python's own `int` takes digits of any script, and refuses long texts.
    """
    if not _DIGITS.fullmatch(digits):
        return None
    significant = digits.lstrip("0")
    if len(significant) > len(str(MAX_UINT)):
        return None
    value = int(significant or "0")
    return value if value <= MAX_UINT else None


def _integer(text: str) -> int | None:
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    kind = match.lastgroup or "d"
    digits = match[kind].replace("_", "")
    if len(digits) > 64:
        digits = digits.lstrip("0") or "0"
        if len(digits) > 64:
            raise ValueError(f"{text[:20]}… does not fit into 64 bits")
    value = int(digits, _BASES[kind])
    return -value if text[0] == "-" else value


def _real(text: str) -> float | None:
    digits = _UNDERSCORES.sub("", text)
    if _HEXADECIMAL.fullmatch(digits):
        try:
            return float.fromhex(digits)
        except OverflowError:
            return None
    if not _DECIMAL.fullmatch(digits):
        return None
    if not any(mark in digits for mark in ".eE"):
        # Digits that are no integer, such as 089, Go reads as a float and then refuses.
        return None
    value = float(digits)
    return None if value in (float("inf"), float("-inf")) else value
