"""Go's layouts: a time written the way that 2006-01-02 15:04:05 would be, and read back.

Decides which stretches of a layout stand for what, how they are written and what they admit when read.
Differs from Go: error texts are our own; names of zones are looked up in UTC alone, which is what
`Local` is here.
Source: Go time/format.go `nextStdChunk`, `appendFormat`, `parse`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from sro_render.sprig.clock import DAY_S, Clock, days_before, days_in
from sro_render.sprig.durations import DAYS, MONTHS
from sro_render.sprig.zones import LOCAL, UTC, Zone, fixed_zone

_CHUNK: Final = re.compile(
    r"""January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm
    |[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?![0-9])""",
    re.VERBOSE,
)


# Writing


def format_time(clock: Clock, nano: int, layout: str) -> str:
    """The time as the layout says; what stands for nothing stays as it is."""
    return _CHUNK.sub(lambda found: _written(found[0], clock, nano), layout)


def _written(chunk: str, clock: Clock, nano: int) -> str:
    write = _WRITERS.get(chunk)
    if write is not None:
        return write(clock)
    if chunk[0] in ".,":
        return _fraction(chunk, nano)
    return _offset(chunk, clock.offset_s)


def _signed(number: int, width: int) -> str:
    return f"{'-' if number < 0 else ''}{abs(number):0{width}d}"


def _fraction(chunk: str, nano: int) -> str:
    digits = f"{nano:09d}"[: len(chunk) - 1]
    if chunk[1] == "9":
        digits = digits.rstrip("0")
        return chunk[0] + digits if digits else ""
    return chunk[0] + digits


def _offset(chunk: str, offset_s: int) -> str:
    if chunk[0] == "Z" and offset_s == 0:
        return "Z"
    minutes, second = divmod(abs(offset_s), 60)
    colon = ":" if ":" in chunk else ""
    # Go takes the sign from the minutes.
    parts = ["-" if offset_s <= -60 else "+", f"{minutes // 60:02d}"]
    if len(chunk) > 3:
        parts += colon, f"{minutes % 60:02d}"
    if len(chunk) > 6:
        parts += colon, f"{second:02d}"
    return "".join(parts)


def _zone_name(clock: Clock) -> str:
    return clock.zone_name or _offset("-0700", clock.offset_s)


_WRITERS: Final[dict[str, Callable[[Clock], str]]] = {
    "January": lambda c: MONTHS[c.month - 1],
    "Jan": lambda c: MONTHS[c.month - 1][:3],
    "Monday": lambda c: DAYS[c.weekday],
    "Mon": lambda c: DAYS[c.weekday][:3],
    "MST": _zone_name,
    "01": lambda c: f"{c.month:02d}",
    "02": lambda c: f"{c.day:02d}",
    "03": lambda c: f"{c.hour % 12 or 12:02d}",
    "04": lambda c: f"{c.minute:02d}",
    "05": lambda c: f"{c.second:02d}",
    "06": lambda c: f"{abs(c.year) % 100:02d}",
    "002": lambda c: f"{c.year_day:03d}",
    "15": lambda c: f"{c.hour:02d}",
    "1": lambda c: str(c.month),
    "2006": lambda c: _signed(c.year, 4),
    "2": lambda c: str(c.day),
    "__2": lambda c: f"{c.year_day:3d}",
    "_2": lambda c: f"{c.day:2d}",
    "3": lambda c: str(c.hour % 12 or 12),
    "4": lambda c: str(c.minute),
    "5": lambda c: str(c.second),
    "PM": lambda c: "PM" if c.hour >= 12 else "AM",
    "pm": lambda c: "pm" if c.hour >= 12 else "am",
}


# Reading


def parse_time(layout: str, text: str) -> tuple[int, int, Zone]:
    """Unix seconds, nanoseconds and zone of a text in that layout.

    Raises: ValueError: it is not in that layout, or no such time exists; says so.
    """
    reader = _Reader(layout, text)
    reader.read()
    return reader.result()


class _Parts(Struct):
    """What was read so far; None where nothing was."""

    year: int = 0
    month: int | None = None
    day: int | None = None
    year_day: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    nano: int = 0
    half: str = ""
    zone: Zone | None = None
    offset_s: int | None = None
    zone_name: str = ""


class _Reader:
    """One run over a layout and a text."""

    def __init__(self, layout: str, text: str) -> None:
        self._layout = layout
        self._text = text
        self._rest = text
        self._parts = _Parts()

    def fail(self, reason: str) -> ValueError:
        return ValueError(f'"{self._text}" is no time in the layout "{self._layout}": {reason}')

    def read(self) -> None:
        position = 0
        for chunk in _CHUNK.finditer(self._layout):
            self._skip(self._layout[position : chunk.start()])
            position = chunk.end()
            self._read_chunk(chunk[0], self._layout[position:])
        self._skip(self._layout[position:])
        if self._rest:
            raise self.fail(f'"{self._rest}" is left over')

    def _skip(self, prefix: str) -> None:
        """Text between chunks; a run of blanks stands for any other run, and for the end of the text."""
        while prefix:
            if prefix[0] == " ":
                if self._rest and self._rest[0] != " ":
                    raise self.fail(f'there is no blank before "{self._rest}"')
                prefix, self._rest = prefix.lstrip(" "), self._rest.lstrip(" ")
                continue
            if self._rest[:1] != prefix[0]:
                raise self.fail(f'"{prefix}" is wanted before "{self._rest}"')
            prefix, self._rest = prefix[1:], self._rest[1:]

    def _take(self, pattern: str, what: str) -> re.Match[str]:
        found = re.match(pattern, self._rest, re.ASCII | re.DOTALL)
        if found is None:
            raise self.fail(f'"{self._rest}" does not begin with {what}')
        self._rest = self._rest[found.end() :]
        return found

    def _number(self, what: str, low: int, high: int, *, is_fixed: bool = False) -> int:
        number = int(self._take(r"\d\d" if is_fixed else r"\d\d?", what)[0])
        if not low <= number <= high:
            raise self.fail(f"{what} is out of range")
        return number

    def _name(self, names: list[str], what: str) -> int:
        for index, name in enumerate(names):
            if self._rest[: len(name)].lower() == name.lower() and self._rest[: len(name)].isascii():
                self._rest = self._rest[len(name) :]
                return index
        raise self.fail(f'"{self._rest}" does not begin with {what}')

    def _read_chunk(self, chunk: str, rest_of_layout: str) -> None:
        parts = self._parts
        match chunk:
            case "06":
                year = int(self._take(r"[-+\d]\d", "the year")[0])
                parts.year = year + (1900 if year >= 69 else 2000)
            case "2006":
                parts.year = int(self._take(r"\d{4}", "the year")[0])
            case "January" | "Jan":
                short = chunk == "Jan"
                parts.month = 1 + self._name([m[:3] if short else m for m in MONTHS], "a month's name")
            case "1" | "01":
                parts.month = self._number("the month", 1, 12, is_fixed=chunk == "01")
            case "Monday" | "Mon":
                self._name([d[:3] if chunk == "Mon" else d for d in DAYS], "a weekday's name")
            case "2" | "02" | "_2":
                if chunk == "_2":
                    self._rest = self._rest.removeprefix(" ")
                parts.day = self._number("the day", 0, 99, is_fixed=chunk == "02")
            case "002":
                parts.year_day = int(self._take(r"\d{3}", "the day of the year")[0])
            case "__2":
                parts.year_day = int(self._take(r" {0,2}(\d{1,3})", "the day of the year")[1])
            case "15":
                parts.hour = self._number("the hour", 0, 23)
            case "3" | "03":
                parts.hour = self._number("the hour", 0, 12, is_fixed=chunk == "03")
            case "4" | "04":
                parts.minute = self._number("the minute", 0, 59, is_fixed=chunk == "04")
            case "5" | "05":
                parts.second = self._number("the second", 0, 59, is_fixed=chunk == "05")
                self._read_unasked_fraction(rest_of_layout)
            case "PM" | "pm":
                parts.half = self._take("AM|PM" if chunk == "PM" else "am|pm", chunk)[0].lower()
            case "MST":
                self._read_zone_name()
            case _ if chunk[0] in ".,":
                self._read_fraction(chunk)
            case _:
                self._read_offset(chunk)

    def _read_unasked_fraction(self, rest_of_layout: str) -> None:
        """A fraction may follow the seconds though the layout has none."""
        following = _CHUNK.search(rest_of_layout)
        if following is not None and following[0][0] in ".,":
            return
        if re.match(r"[.,][0-9]", self._rest):
            self._read_fraction(".9")

    def _read_fraction(self, chunk: str) -> None:
        if chunk[1] == "0":
            found = self._take(rf"[.,](\d{{{len(chunk) - 1}}})", "a fraction of that length")
        elif re.match(r"[.,][0-9]", self._rest):
            found = self._take(r"[.,](\d+)", "a fraction")
        else:
            return
        self._parts.nano = int(found[1][:9].ljust(9, "0"))

    def _read_offset(self, chunk: str) -> None:
        if chunk[0] == "Z" and self._rest.startswith("Z"):
            self._rest = self._rest[1:]
            self._parts.zone = UTC
            return
        pattern = r"([-+])" + re.sub(r"\d\d", r"(\\d\\d)", chunk[1:])
        sign, *fields = self._take(pattern, "an offset from UTC").groups()
        hour, minute, second = (int(field) for field in [*fields, "0", "0"][:3])
        if hour > 24 or minute > 60 or second > 60:
            raise self.fail("the offset from UTC is out of range")
        offset_s = hour * 3600 + minute * 60 + second
        self._parts.offset_s = -offset_s if sign == "-" else offset_s

    def _read_zone_name(self) -> None:
        """Source: Go `parseTimeZone`."""
        if self._rest.startswith("UTC"):
            self._rest = self._rest[3:]
            self._parts.zone = UTC
            return
        signed = r"[-+]0*(?:2[0-3]|1?[0-9])(?![0-9])"
        name = rf"ChST|MeST|GMT(?:{signed})?|{signed}|[A-Z]{{4}}T(?![A-Z])|(?:[A-Z]{{3}}T|WITA)(?![A-Z])"
        self._parts.zone_name = self._take(rf"{name}|[A-Z]{{3}}(?![A-Z])", "the name of a zone")[0]

    def result(self) -> tuple[int, int, Zone]:
        parts = self._parts
        month, day = self._date()
        hour = parts.hour
        if parts.half:
            hour = hour + 12 if parts.half == "pm" and hour < 12 else hour
            hour = 0 if parts.half == "am" and hour == 12 else hour
        unix = days_before(parts.year, month, day) * DAY_S + hour * 3600 + parts.minute * 60 + parts.second
        if parts.zone is not None:
            return unix, parts.nano, parts.zone
        if parts.offset_s is not None:
            is_local = parts.offset_s == 0 and parts.zone_name in {"", "UTC"}
            zone = LOCAL if is_local else fixed_zone(parts.zone_name, parts.offset_s)
            return unix - parts.offset_s, parts.nano, zone
        if parts.zone_name:
            # A name says nothing of its offset, but for GMT with one behind it.
            hours = parts.zone_name.removeprefix("GMT")
            offset_s = int(hours) * 3600 if hours and hours != parts.zone_name else 0
            return unix, parts.nano, fixed_zone(parts.zone_name, offset_s)
        return unix, parts.nano, LOCAL

    def _date(self) -> tuple[int, int]:
        """Month and day, also from the day of the year."""
        parts = self._parts
        month, day = parts.month, parts.day
        if parts.year_day is not None:
            month, day = self._from_year_day(parts.year_day)
            if parts.month not in {None, month} or parts.day not in {None, day}:
                raise self.fail("the day of the year is another than that of month and day")
        month, day = 1 if month is None else month, 1 if day is None else day
        if not 1 <= day <= days_in(parts.year, month):
            raise self.fail("the month has no such day")
        return month, day

    def _from_year_day(self, year_day: int) -> tuple[int, int]:
        month, day = 1, year_day
        while month < 12 and day > days_in(self._parts.year, month):
            day -= days_in(self._parts.year, month)
            month += 1
        if not 1 <= day <= days_in(self._parts.year, month):
            raise self.fail("the day of the year is out of range")
        return month, day
