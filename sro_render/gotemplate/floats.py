"""How Go writes a float64: the formats of strconv.FormatFloat.

Python and Go agree on the shortest digits that read back as the same number, and on correct rounding;
they differ in when an exponent is shown, and in the hexadecimal and binary forms.
"""

from __future__ import annotations

import math
from typing import Final

SHORTEST: Final = -1
_EXPONENT_FROM: Final = 6
"""With shortest digits, %g shows an exponent from here on: 100000, but 1e+06."""


def format_float(value: float, verb: str, precision: int = SHORTEST) -> str:
    """`value` as FormatFloat writes it with a 64-bit size.

    Args:
        value: any float.
        verb: one of `b e E f g G x X`.
        precision: digits behind the point, for `g` and `G` all digits; SHORTEST for as many as it takes.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    match verb:
        case "b":
            return _binary(value)
        case "x" | "X":
            text = _hexadecimal(value, precision)
        case "e" | "E":
            text = _shortest_e(value) if precision < 0 else f"{value:.{precision}e}"
        case "f":
            return _shortest_f(value) if precision < 0 else f"{value:.{precision}f}"
        case _:
            text = _shortest_g(value) if precision < 0 else f"{value:.{precision}g}"
    return text.upper() if verb.isupper() else text


def shortest_digits(value: float) -> tuple[str, str, int]:
    """Sign, digits without zeros at their end, and the decimal exponent of the first digit."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    first = len(whole) - 1 if whole.strip("0") else len(digits) - len(fraction) - 1
    digits = digits.rstrip("0")
    return sign, digits or "0", (first + int(exponent or 0)) if digits else 0


def _shortest_g(value: float) -> str:
    exponent = shortest_digits(value)[2]
    return _shortest_e(value) if exponent < -4 or exponent >= _EXPONENT_FROM else _shortest_f(value)


def _shortest_e(value: float) -> str:
    sign, digits, exponent = shortest_digits(value)
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{exponent:+03d}"


def _shortest_f(value: float) -> str:
    sign, digits, exponent = shortest_digits(value)
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1], digits[exponent + 1 :]
    return f"{sign}{whole.ljust(exponent + 1, '0')}{'.' if fraction else ''}{fraction}"


def _binary(value: float) -> str:
    mantissa, exponent = math.frexp(abs(value))
    integer, exponent = int(math.ldexp(mantissa, 53)), exponent - 53
    if value == 0 or exponent < -1074:
        integer, exponent = integer >> max(0, -1074 - exponent), -1074
    return f"{'-' if math.copysign(1, value) < 0 else ''}{integer}p{exponent:+d}"


def _hexadecimal(value: float, precision: int) -> str:
    sign = "-" if math.copysign(1, value) < 0 else ""
    mantissa, exponent = math.frexp(abs(value))
    # 1 bit before the point, 52 = 13 hexadecimal digits behind it.
    integer, exponent = int(math.ldexp(mantissa, 53)), exponent - 1 if value else 0
    digits = 13
    if 0 <= precision < digits:
        unit = 1 << (4 * (digits - precision))
        quotient, rest = divmod(integer, unit)
        quotient += rest * 2 > unit or (rest * 2 == unit and quotient & 1)
        integer, digits = quotient, precision
        if integer >> (4 * digits) > 1:
            integer, exponent = integer >> 1, exponent + 1
    whole, fraction = integer >> (4 * digits), integer & ((1 << (4 * digits)) - 1)
    shown = f"{fraction:0{digits}x}" if digits else ""
    shown = shown.rstrip("0") if precision < 0 else shown.ljust(precision, "0")
    return f"{sign}0x{whole}{'.' if shown else ''}{shown}p{exponent:+03d}"
