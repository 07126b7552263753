"""Number constants of the template language.

Matrix: every notation x value as integer and as float; faults. The values are what Go 1.26 reads.
"""

from __future__ import annotations

import pytest

from sro_render.gotemplate.numbers import parse_uint, read_number
from sro_render.gotemplate.tokens import Token, TokenKind


def read(text: str) -> tuple[int | None, float | None, bool]:
    kind = TokenKind.CHAR_CONSTANT if text.startswith("'") else TokenKind.NUMBER
    number = read_number(Token(kind, 0, len(text), text))
    return number.integer, number.real, number.is_float


@pytest.mark.parametrize(
    ("text", "integer"),
    [("0", 0), ("00", 0), ("-0", 0), ("+5", 5), ("-42", -42), ("1_000", 1000), ("017", 15), ("0_7", 7),
     ("0o17", 15), ("0O17", 15), ("0x1F", 31), ("0X_1f", 31), ("-0x10", -16), ("0b1_1", 3), ("0x1e5", 485),
     ("'a'", 97), (r"'\n'", 10), ("9223372036854775808", 2**63)],
)  # fmt: skip
def test_integers(text: str, integer: int) -> None:
    assert read(text) == (integer, float(integer), False)


@pytest.mark.parametrize(
    ("text", "real", "integer"),
    [("1.0", 1.0, 1), ("1.5", 1.5, None), (".5", 0.5, None), ("5.", 5.0, 5), ("1e3", 1000.0, 1000),
     ("1E+3", 1000.0, 1000), ("1e-7", 1e-7, None), ("1_000.5", 1000.5, None), ("0x1p4", 16.0, 16),
     ("0x1_0p1_0", 16384.0, 16384), ("1e30", 1e30, None), ("01.5", 1.5, None)],
)  # fmt: skip
def test_floats_and_the_integers_that_they_may_stand_for(text: str, real: float, integer: int | None) -> None:
    assert read(text) == (integer, real, True)


@pytest.mark.parametrize(
    "text", ["089", "0x", "1__0", "1_.5", "1._5", "0x1.8", "1e400", "-", "+", ".", "0b2", "0x1p99999"]
)
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        read(text)


@pytest.mark.parametrize("text", ["18446744073709551616", "-9223372036854775809", "1" * 5000])
def test_integers_beyond_64_bits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not fit into 64 bits"):
        read(text)


def test_imaginary_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="1i is imaginary; templates here know integers and floats"):
        read("1i")


@pytest.mark.parametrize(
    ("digits", "number"),
    [("0", 0), ("007", 7), (str(2**64 - 1), 2**64 - 1), ("0" * 5000 + "1", 1), (str(2**64), None), ("9" * 5000, None),
     ("", None), ("-1", None), ("+1", None), ("1_0", None), ("²", None), ("\u0661", None), (" 1", None)],
)  # fmt: skip
def test_unsigned_integers_have_64_bits_and_ascii_digits(digits: str, number: int | None) -> None:
    assert parse_uint(digits) == number
