"""The calendar that Go reckons with: days since 1970 as year, month, day, in any year.

Source: Go time/time.go; the arithmetic is that of Howard Hinnant's chrono-compatible date algorithms.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sro_render.sprig.zones import Zone

DAY_S: Final = 86_400


class Clock(Struct, frozen=True):
    """What calendar and clock show at a moment: weekday from 0 for Sunday, year_day from 1 on."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    weekday: int
    year_day: int
    zone_name: str
    offset_s: int


def clock_at(unix: int, zone: Zone) -> Clock:
    """What calendar and clock show in a zone at a moment in Unix seconds."""
    name, offset_s = zone.at(unix)
    days, second = divmod(unix + offset_s, DAY_S)
    year, month, day = date_of(days)
    return Clock(
        year=year,
        month=month,
        day=day,
        hour=second // 3600,
        minute=second // 60 % 60,
        second=second % 60,
        weekday=(days + 4) % 7,
        year_day=days - days_before(year, 1, 1) + 1,
        zone_name=name,
        offset_s=offset_s,
    )


def days_before(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date. Months and days beyond their ends go on in the next."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    # Years begin in March, so that the leap day is a year's last.
    year -= month <= 2
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - 719_468


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def days_in(year: int, month: int) -> int:
    """Days of a month."""
    return days_before(year, month + 1, 1) - days_before(year, month, 1)
