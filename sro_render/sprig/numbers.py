"""Sprig's arithmetic. Integers are int64 and wrap around; what is no number counts as 0.

A Go duration is none, as for the library that converts.
Not here: `randInt` (`chance`).
Source: Sprig v3 numeric.go; spf13/cast for what counts as a number, shopspring/decimal for `addf`
and its kind.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.values import Int64, IntList, plain, wrap_integer
from sro_render.limits import allow_more
from sro_render.sprig.durations import Duration
from sro_render.sprig.text import shown

FUNCTIONS: dict[str, Function] = {}

_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1
_MOST_DIGITS = 30
"""What has more decimal digits is beyond 64 bits; Python refuses to read thousands of them."""
_INTEGER = re.compile(
    r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)"
)
_ZERO_FRACTION = re.compile(r"\.0+$")
_FLOAT = re.compile(
    r"[+-]?(?:(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9]+)?"
    r"|inf|infinity|nan)",
    re.IGNORECASE,
)
_HEXADECIMAL_FLOAT = re.compile(
    r"[+-]?0[xX](?:(?:_?[0-9a-fA-F])+(?:\.(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?)?|\.[0-9a-fA-F](?:_?[0-9a-fA-F])*)"
    r"[pP][+-]?[0-9]{1,4}"
)
_DIVISION_PLACES = Decimal(1).scaleb(-16)
_PRECISION = 1_000
"""Digits that sums and products of float64 values never exceed."""


def to_int(value: object) -> int:
    """A value as Go's int: texts as Go's literals (0x1f, 010 is 8), fractions cut off, else 0."""
    value = plain(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Duration):
        return 0
    if isinstance(value, int):
        return wrap_integer(int(value))
    if isinstance(value, float):
        # Beyond int64 the processor's conversion gives the smallest number.
        return int(value) if -(2.0**63) <= value < 2.0**63 else _MIN_INT64
    if isinstance(value, str):
        return _parse_integer(value)
    return 0


def _parse_integer(text: str) -> int:
    text = _ZERO_FRACTION.sub("", text)
    if not _INTEGER.fullmatch(text):
        return 0
    digits = text.replace("_", "")
    if len(digits) > _MOST_DIGITS and digits.lstrip("+-")[0] != "0":
        return 0
    number = int(digits, 8) if re.fullmatch(r"[+-]?0[0-7]+", digits) else int(digits, 0)
    return number if _MIN_INT64 <= number <= _MAX_INT64 else 0


def to_float(value: object) -> float:
    """A value as Go's float64; what is no number is 0."""
    value = plain(value)
    if isinstance(value, bool | int | float) and not isinstance(value, Duration):
        return float(value)
    if isinstance(value, str):
        return parse_float(value) or 0.0
    return 0.0


def parse_float(text: str) -> float | None:
    """A text as Go's strconv.ParseFloat reads it; None for what it refuses."""
    if _HEXADECIMAL_FLOAT.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except OverflowError:
            return None
    if not _FLOAT.fullmatch(text):
        return None
    number = float(text)
    is_overflow = math.isinf(number) and "n" not in text.lower()
    return None if is_overflow else number


def _int64(number: int) -> Int64:
    return Int64(wrap_integer(number))


go_function(FUNCTIONS, "int", "(any) int")(to_int)
go_function(FUNCTIONS, "float64", "(any) float64")(to_float)


@go_function(FUNCTIONS, "int64", "(any) int64")
def to_int64(value: object) -> Int64:
    """A value as int64."""
    return Int64(to_int(value))


@go_function(FUNCTIONS, "atoi", "(string) int")
def atoi(text: str) -> int:
    """A decimal text as int; 0 for what is none, the nearest int for what is too large."""
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        return 0
    if len(text.lstrip("+-0")) > _MOST_DIGITS:
        return _MIN_INT64 if text[0] == "-" else _MAX_INT64
    return max(_MIN_INT64, min(_MAX_INT64, int(text.lstrip("+-0") or "0") * (-1 if text[0] == "-" else 1)))


@go_function(FUNCTIONS, "toDecimal", "(any) int64")
def to_decimal(value: object) -> Int64:
    """The number that a value's digits mean in base 8."""
    text = shown(value)
    number = int(text, 8) if re.fullmatch(r"[+-]?[0-7]+", text) else 0
    return Int64(number if _MIN_INT64 <= number <= _MAX_INT64 else 0)


@go_function(FUNCTIONS, "add", "(...any) int64")
def add(*values: object) -> Int64:
    """The sum."""
    return _int64(sum(map(to_int, values)))


@go_function(FUNCTIONS, "add1", "(any) int64")
def add1(value: object) -> Int64:
    """One more."""
    return _int64(to_int(value) + 1)


@go_function(FUNCTIONS, "sub", "(any, any) int64")
def sub(one: object, other: object) -> Int64:
    """The difference."""
    return _int64(to_int(one) - to_int(other))


@go_function(FUNCTIONS, "mul", "(any, ...any) int64")
def mul(*values: object) -> Int64:
    """The product."""
    return _int64(math.prod(map(to_int, values)))


@go_function(FUNCTIONS, "div", "(any, any) int64")
def div(one: object, other: object) -> Int64:
    """The quotient, cut off towards 0."""
    dividend, divisor = to_int(one), _not_zero(to_int(other))
    quotient = abs(dividend) // abs(divisor)
    return _int64(quotient if (dividend < 0) == (divisor < 0) else -quotient)


@go_function(FUNCTIONS, "mod", "(any, any) int64")
def mod(one: object, other: object) -> Int64:
    """The remainder, with the sign of the first number."""
    dividend, divisor = to_int(one), _not_zero(to_int(other))
    remainder = abs(dividend) % abs(divisor)
    return _int64(-remainder if dividend < 0 else remainder)


def _not_zero(divisor: int) -> int:
    if divisor == 0:
        raise FunctionError("cannot divide by 0")
    return divisor


@go_function(FUNCTIONS, "max", "(any, ...any) int64")
@go_function(FUNCTIONS, "biggest", "(any, ...any) int64")
def largest(*values: object) -> Int64:
    """The largest."""
    return Int64(max(map(to_int, values)))


@go_function(FUNCTIONS, "min", "(any, ...any) int64")
def smallest(*values: object) -> Int64:
    """The smallest."""
    return Int64(min(map(to_int, values)))


@go_function(FUNCTIONS, "maxf", "(any, ...any) float64")
def largest_float(*values: object) -> float:
    """The largest; not a number if any is not a number."""
    numbers = list(map(to_float, values))
    return math.nan if any(map(math.isnan, numbers)) else max(numbers)


@go_function(FUNCTIONS, "minf", "(any, ...any) float64")
def smallest_float(*values: object) -> float:
    """The smallest; not a number if any is not a number."""
    numbers = list(map(to_float, values))
    return math.nan if any(map(math.isnan, numbers)) else min(numbers)


@go_function(FUNCTIONS, "floor", "(any) float64")
def floor(value: object) -> float:
    """Down to a whole number."""
    number = to_float(value)
    return math.copysign(math.floor(number), number) if math.isfinite(number) else number


@go_function(FUNCTIONS, "ceil", "(any) float64")
def ceil(value: object) -> float:
    """Up to a whole number."""
    number = to_float(value)
    return math.copysign(math.ceil(number), number) if math.isfinite(number) else number


@go_function(FUNCTIONS, "round", "(any, int, ...float64) float64")
def round_to(value: object, places: int, *limits: float) -> float:
    """To that many places, up from a fraction of 0.5, or of the third argument, on."""
    power = math.pow(10, places)
    scaled = power * to_float(value)
    if not math.isfinite(scaled):
        return scaled
    fraction = math.modf(scaled)[0]
    rounded = math.ceil(scaled) if fraction >= (limits[0] if limits else 0.5) else math.floor(scaled)
    return math.copysign(rounded, scaled) / power


def _exactly(operation: Callable[[Decimal, Decimal], Decimal], values: tuple[object, ...]) -> float:
    """Several floats combined from left to right as the decimals that they are written as."""
    numbers = [to_float(value) for value in values]
    if not all(map(math.isfinite, numbers)):
        raise FunctionError("cannot calculate with infinity, or with what is not a number")
    with localcontext() as context:
        context.prec = _PRECISION
        result, *rest = [Decimal(repr(number)) for number in numbers]
        for number in rest:
            result = operation(result, number)
        return float(result) + 0.0  # decimals of Go have no negative zero


@go_function(FUNCTIONS, "addf", "(...any) float64")
def addf(*values: object) -> float:
    """The sum."""
    return _exactly(lambda one, other: one + other, (0.0, *values))


@go_function(FUNCTIONS, "add1f", "(any) float64")
def add1f(value: object) -> float:
    """One more."""
    return addf(value, 1)


@go_function(FUNCTIONS, "subf", "(any, ...any) float64")
def subf(*values: object) -> float:
    """The first less all others."""
    return _exactly(lambda one, other: one - other, values)


@go_function(FUNCTIONS, "mulf", "(any, ...any) float64")
def mulf(*values: object) -> float:
    """The product."""
    return _exactly(lambda one, other: one * other, values)


@go_function(FUNCTIONS, "divf", "(any, ...any) float64")
def divf(*values: object) -> float:
    """The first divided by all others, each quotient to 16 places."""
    return _exactly(_divide, values)


def _divide(one: Decimal, other: Decimal) -> Decimal:
    if not other:
        raise FunctionError("cannot divide by 0")
    return (one / other).quantize(_DIVISION_PLACES, rounding=ROUND_HALF_UP)


def _counted(run: Any, start: int, stop: int, step: int) -> IntList:
    """Numbers from `start` up or down to, but without, `stop`; none if the step leads away."""
    if step == 0:
        return IntList()
    numbers = range(start, stop, step)
    allowed = run.limits.max_loop_iterations
    if len(numbers) > allowed:
        message = (
            f"a list of {len(numbers):,} numbers is longer than the {allowed:,} rounds that loops may make"
        )
        raise FunctionError(message, code="limit-loop-iterations", hint=allow_more("loop-iterations"))
    return IntList(numbers)


@go_function(FUNCTIONS, "until", "(int) []int", wants_run=True)
def until(run: Any, count: int) -> IntList:
    """The numbers from 0 up or down to `count`, without it."""
    return _counted(run, 0, count, -1 if count < 0 else 1)


@go_function(FUNCTIONS, "untilStep", "(int, int, int) []int", wants_run=True)
def until_step(run: Any, start: int, stop: int, step: int) -> IntList:
    """The numbers from `start` up or down to `stop`, without it."""
    return _counted(run, start, stop, step)


@go_function(FUNCTIONS, "seq", "(...int) string", wants_run=True)
def seq(run: Any, *parameters: int) -> str:
    """Numbers as the program seq prints them, with blanks: END, START END or START STEP END."""
    match parameters:
        case (end,):
            start, step = 1, -1 if end < 1 else 1
            stop = end + step
        case (start, end):
            step = -1 if end < start else 1
            stop = end + step
        case (start, step, end):
            if end < start and step > 0:
                return ""
            stop = end + (-1 if end < start else 1)
        case _:
            return ""
    return " ".join(map(str, _counted(run, start, stop, step)))
