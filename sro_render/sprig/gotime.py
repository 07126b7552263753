"""Go's time.Time: a moment to the nanosecond, seen in a zone.

Decides the value and the methods that templates may call. Methods with several results are left out,
since templates cannot call them.
Source: Go time/time.go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.quoting import quote
from sro_render.gotemplate.values import GoObject, Int64, go_method, wrap_integer
from sro_render.sprig.clock import DAY_S, Clock, clock_at, days_before
from sro_render.sprig.durations import MAX, MONTHS, SECOND, Duration, Month, Weekday
from sro_render.sprig.layouts import format_time
from sro_render.sprig.zones import LOCAL, UTC, Zone

RFC_3339_NANO: Final = "2006-01-02T15:04:05.999999999Z07:00"

_START_S: Final = -62_135_596_800
"""The start of the year 1, Go's zero time."""


@dataclass(frozen=True, slots=True)
class Location(GoObject):
    """Go's *time.Location."""

    go_type: ClassVar[str] = "*time.Location"

    zone: Zone

    def go_string(self) -> str:
        """The zone's name. That of the local one is UTC, as where the variable TZ says so."""
        return "UTC" if self.zone is LOCAL else self.zone.name

    @go_method("String", "() string")
    def string(self) -> str:
        """The zone's name."""
        return self.go_string()


@dataclass(frozen=True, slots=True)
class Time(GoObject):
    """Go's time.Time.

    unix: whole seconds since 1970 in UTC, rounded down. nano: nanoseconds on top. zone: where it is seen.
    """

    go_type: ClassVar[str] = "time.Time"

    unix: int
    nano: int = 0
    zone: Zone = LOCAL

    @property
    def nanoseconds(self) -> int:
        """Nanoseconds since 1970, without bounds."""
        return self.unix * SECOND + self.nano

    @property
    def clock(self) -> Clock:
        """What calendar and clock show."""
        return clock_at(self.unix, self.zone)

    def seen_in(self, zone: Zone) -> Time:
        """The same moment in another zone."""
        return replace(self, zone=zone)

    def since(self, earlier: Time) -> Duration:
        """The time between, within what a duration holds."""
        return Duration(max(-MAX - 1, min(MAX, self.nanoseconds - earlier.nanoseconds)))

    def go_string(self) -> str:
        """Such as 2024-01-31 12:00:00 +0000 UTC."""
        return self.format("2006-01-02 15:04:05.999999999 -0700 MST")

    def go_text(self) -> str:
        """Such as 2024-01-31T12:00:00Z. Raises ValueError: RFC 3339 has no form for its year or offset."""
        clock = self.clock
        if not 0 <= clock.year <= 9999 or abs(clock.offset_s) >= DAY_S:
            raise ValueError("a time outside of the years 0 to 9999, or a day off UTC, cannot be written")
        return self.format(RFC_3339_NANO)

    def _moved(self, nanoseconds: int) -> Time:
        unix, nano = divmod(self.nanoseconds + nanoseconds, SECOND)
        return replace(self, unix=unix, nano=nano)

    @go_method("String", "() string")
    def string(self) -> str:
        """Such as 2024-01-31 12:00:00 +0000 UTC."""
        return self.go_string()

    @go_method("GoString", "() string")
    def go_source(self) -> str:
        """The call of time.Date that makes this time."""
        clock = self.clock
        fields = clock.day, clock.hour, clock.minute, clock.second, self.nano
        zone = {"UTC": "time.UTC", "Local": "time.Local"}.get(self.zone.name)
        zone = zone or f"time.Location({quote(self.zone.name)})"
        return (
            f"time.Date({clock.year}, time.{MONTHS[clock.month - 1]}, {', '.join(map(str, fields))}, {zone})"
        )

    @go_method("Format", "(string) string")
    def format(self, layout: str) -> str:
        """As the layout says."""
        return format_time(self.clock, self.nano, layout)

    @go_method("Year", "() int")
    def year(self) -> int:
        """The year."""
        return self.clock.year

    @go_method("Month", "() time.Month")
    def month(self) -> Month:
        """The month."""
        return Month(self.clock.month)

    @go_method("Day", "() int")
    def day(self) -> int:
        """The day of the month."""
        return self.clock.day

    @go_method("YearDay", "() int")
    def year_day(self) -> int:
        """The day of the year, from 1 on."""
        return self.clock.year_day

    @go_method("Weekday", "() time.Weekday")
    def weekday(self) -> Weekday:
        """The day of the week."""
        return Weekday(self.clock.weekday)

    @go_method("Hour", "() int")
    def hour(self) -> int:
        """The hour, 0 to 23."""
        return self.clock.hour

    @go_method("Minute", "() int")
    def minute(self) -> int:
        """The minute."""
        return self.clock.minute

    @go_method("Second", "() int")
    def second(self) -> int:
        """The second."""
        return self.clock.second

    @go_method("Nanosecond", "() int")
    def nanosecond(self) -> int:
        """Nanoseconds within the second."""
        return self.nano

    @go_method("Unix", "() int64")
    def unix_seconds(self) -> Int64:
        """Seconds since 1970."""
        return Int64(self.unix)

    @go_method("UnixMilli", "() int64")
    def unix_milliseconds(self) -> Int64:
        """Milliseconds since 1970."""
        return Int64(wrap_integer(self.nanoseconds // 10**6))

    @go_method("UnixMicro", "() int64")
    def unix_microseconds(self) -> Int64:
        """Microseconds since 1970."""
        return Int64(wrap_integer(self.nanoseconds // 10**3))

    @go_method("UnixNano", "() int64")
    def unix_nanoseconds(self) -> Int64:
        """Nanoseconds since 1970; they wrap around outside of the years 1678 to 2262, as in Go."""
        return Int64(wrap_integer(self.nanoseconds))

    @go_method("UTC", "() time.Time")
    def utc(self) -> Time:
        """The moment in UTC."""
        return self.seen_in(UTC)

    @go_method("Local", "() time.Time")
    def local(self) -> Time:
        """The moment in the local zone, which is UTC."""
        return self.seen_in(LOCAL)

    @go_method("In", "(*time.Location) time.Time")
    def in_location(self, location: Location | None) -> Time:
        """The moment in another time's zone."""
        if location is None:
            raise FunctionError("a time is seen in no zone")
        return self.seen_in(location.zone)

    @go_method("Location", "() *time.Location")
    def location(self) -> Location:
        """The zone."""
        return Location(self.zone)

    @go_method("IsZero", "() bool")
    def is_zero(self) -> bool:
        """Whether it is the start of the year 1."""
        return (self.unix, self.nano) == (_START_S, 0)

    @go_method("Equal", "(time.Time) bool")
    def equal(self, other: Time) -> bool:
        """Whether it is the same moment."""
        return self.nanoseconds == other.nanoseconds

    @go_method("Before", "(time.Time) bool")
    def before(self, other: Time) -> bool:
        """Whether it is earlier."""
        return self.nanoseconds < other.nanoseconds

    @go_method("After", "(time.Time) bool")
    def after(self, other: Time) -> bool:
        """Whether it is later."""
        return self.nanoseconds > other.nanoseconds

    @go_method("Compare", "(time.Time) int")
    def compare(self, other: Time) -> int:
        """-1, 0 or 1 for earlier, the same, later."""
        return self.after(other) - self.before(other)

    @go_method("Sub", "(time.Time) time.Duration")
    def sub(self, other: Time) -> Duration:
        """The time since another."""
        return self.since(other)

    @go_method("Add", "(time.Duration) time.Time")
    def add(self, duration: int) -> Time:
        """Later by a duration."""
        return self._moved(duration)

    @go_method("AddDate", "(int, int, int) time.Time")
    def add_date(self, years: int, months: int, days: int) -> Time:
        """Later by years, months and days, at the same time of day."""
        clock = self.clock
        day = days_before(clock.year + years, clock.month + months, 1) + clock.day - 1 + days
        wall = day * DAY_S + clock.hour * 3600 + clock.minute * 60 + clock.second
        offset_s = self.zone.at(wall - self.zone.at(wall)[1])[1]
        return replace(self, unix=wall - offset_s)

    @go_method("Truncate", "(time.Duration) time.Time")
    def truncate(self, unit: int) -> Time:
        """Down to a multiple of a duration since the year 1."""
        return self if unit <= 0 else self._moved(-self._beyond(unit))

    @go_method("Round", "(time.Duration) time.Time")
    def round(self, unit: int) -> Time:
        """To the nearest multiple of a duration since the year 1, halves up."""
        if unit <= 0:
            return self
        rest = self._beyond(unit)
        return self._moved(-rest if 2 * rest < unit else unit - rest)

    def _beyond(self, unit: int) -> int:
        return (self.nanoseconds - _START_S * SECOND) % unit


ZERO: Final = Time(_START_S, 0, UTC)
"""Go's zero time, which `toDate` gives for what is no date."""
