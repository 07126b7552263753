"""Go's durations and the named numbers of its calendar: what they are called and how they read.

Decides the values and their texts; which functions give or take them stands in `dates` and in
`charts.helm_durations`.
Source: Go time/time.go `Duration`, `Month`, `Weekday`; time/format.go `ParseDuration`.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

from sro_render.gotemplate.values import GoObject, Int64, go_method

SECOND: Final = 10**9
MAX: Final = 2**63 - 1

_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART: Final = re.compile(r"(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?([^.0-9]+)")


class Duration(Int64, GoObject):
    """Go's time.Duration: nanoseconds."""

    __slots__ = ()
    go_type: ClassVar[str] = "time.Duration"
    go_kind: ClassVar[str] = "int64"

    def go_string(self) -> str:
        """Such as 1h2m3.5s."""
        return duration_text(self)

    @go_method("String", "() string")
    def string(self) -> str:
        """Such as 1h2m3.5s."""
        return duration_text(self)

    @go_method("Hours", "() float64")
    def hours(self) -> float:
        """In hours."""
        return in_units(self, 3600 * SECOND)

    @go_method("Minutes", "() float64")
    def minutes(self) -> float:
        """In minutes."""
        return in_units(self, 60 * SECOND)

    @go_method("Seconds", "() float64")
    def seconds(self) -> float:
        """In seconds."""
        return in_units(self, SECOND)

    @go_method("Milliseconds", "() int64")
    def milliseconds(self) -> Int64:
        """In whole milliseconds."""
        return Int64(truncated(self, 10**6) // 10**6)

    @go_method("Microseconds", "() int64")
    def microseconds(self) -> Int64:
        """In whole microseconds."""
        return Int64(truncated(self, 10**3) // 10**3)

    @go_method("Nanoseconds", "() int64")
    def nanoseconds(self) -> Int64:
        """In nanoseconds."""
        return Int64(self)

    @go_method("Abs", "() time.Duration")
    def absolute(self) -> Duration:
        """Without its sign."""
        return Duration(min(abs(self), MAX))

    @go_method("Round", "(time.Duration) time.Duration")
    def round_to(self, unit: int) -> Duration:
        """To the nearest multiple, halves away from 0."""
        return rounded(self, unit)

    @go_method("Truncate", "(time.Duration) time.Duration")
    def truncate_to(self, unit: int) -> Duration:
        """To a multiple, towards 0."""
        return Duration(truncated(self, unit))


def in_units(nanoseconds: int, unit: int) -> float:
    """The duration as a multiple of the unit, computed as Go does: whole part and rest by themselves."""
    whole = truncated(nanoseconds, unit)
    return float(whole // unit) + float(nanoseconds - whole) / unit


def truncated(nanoseconds: int, unit: int) -> int:
    """The multiple of the unit that is nearest on the way to 0."""
    if unit <= 0:
        return int(nanoseconds)
    whole = abs(nanoseconds) // unit * unit
    return whole if nanoseconds >= 0 else -whole


def rounded(nanoseconds: int, unit: int) -> Duration:
    """The nearest multiple of the unit, halves away from 0, within int64."""
    if unit <= 0:
        return Duration(nanoseconds)
    whole = (2 * abs(nanoseconds) + unit) // (2 * unit) * unit
    return Duration(min(whole, MAX) if nanoseconds >= 0 else max(-whole, -MAX - 1))


def duration_text(nanoseconds: int) -> str:
    """A duration as Go writes it: 0s, 1.5µs, 2m0s, -3h0m0.25s."""
    size = abs(nanoseconds)
    sign = "-" if nanoseconds < 0 else ""
    if size == 0:
        return "0s"
    if size < SECOND:
        unit, name = (1, "ns") if size < 10**3 else (10**3, "µs") if size < 10**6 else (10**6, "ms")
        return sign + _decimal(size, unit) + name
    minutes, rest = divmod(size, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{head}{_decimal(rest, SECOND)}s"


def _decimal(number: int, unit: int) -> str:
    whole, fraction = divmod(number, unit)
    digits = f"{fraction:0{len(str(unit)) - 1}d}".rstrip("0") if fraction else ""
    return f"{whole}.{digits}" if digits else str(whole)


def parse_duration(text: str) -> Duration:
    """A text such as 1h30m, 1.5h, -2ms.

    Raises: ValueError: it is none; says so.
    """
    body = re.sub(r"\A[+-]", "", text)
    if body == "0":
        return Duration(0)
    total = position = 0
    # Not with finditer, which looks for more behind each digit of a text that has no unit at all.
    while part := _PART.match(body, position):
        position = part.end()
        total += _part_value(text, part[1], part[2] or "", part[3])
    is_negative = text.startswith("-")
    if not body or position != len(body) or total > MAX + is_negative:
        raise ValueError(f'"{text}" is no duration such as 1h30m')
    return Duration(-total if is_negative else total)


def _part_value(text: str, whole: str, fraction: str, unit_name: str) -> int:
    unit = _UNITS.get(unit_name)
    if unit is None:
        raise ValueError(f'"{text}" is no duration: "{unit_name}" is none of the units h, m, s, ms, us, ns')
    if len(whole.lstrip("0")) > 20:
        raise ValueError(f'"{text}" is no duration: it is too long')
    numerator, scale = 0, 1.0
    for digit in fraction:
        # Digits that int64 does not hold any more are left out, and the product is one of float64 numbers.
        if numerator <= MAX // 10 and numerator * 10 + int(digit) <= MAX + 1:
            numerator, scale = numerator * 10 + int(digit), scale * 10
    return int(whole or "0") * unit + int(numerator * (unit / scale))


class Month(Int64, GoObject):
    """Go's time.Month, from 1 on."""

    __slots__ = ()
    go_type: ClassVar[str] = "time.Month"
    go_kind: ClassVar[str] = "int"

    def go_string(self) -> str:
        """The name."""
        return MONTHS[self - 1]

    @go_method("String", "() string")
    def string(self) -> str:
        """The name."""
        return self.go_string()


class Weekday(Int64, GoObject):
    """Go's time.Weekday, from 0 for Sunday on."""

    __slots__ = ()
    go_type: ClassVar[str] = "time.Weekday"
    go_kind: ClassVar[str] = "int"

    def go_string(self) -> str:
        """The name."""
        return DAYS[self]

    @go_method("String", "() string")
    def string(self) -> str:
        """The name."""
        return self.go_string()


MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
