"""Time zones by name: what a zone calls itself at a moment, and how far it is from UTC.

`Local` is UTC: rendering knows no machine. The rules of named zones are package data, read from the
package tzdata the way a module is imported, never from the machine's own files, which differ from one
machine to the next. Nothing else may import tzdata or zoneinfo.
Source: Go time/zoneinfo.go `LoadLocation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from msgspec import Struct

_NAME: Final = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")
_400_YEARS_S: Final = 146_097 * 86_400
_FIRST_S, _LAST_S = -62_104_060_800, 253_370_764_800
"""The years 2 to 9998: Python's calendar, less a margin for offsets."""


class Zone(Struct, frozen=True):
    """A time zone: its name, and for a moment in Unix seconds its abbreviation and offset in seconds."""

    name: str
    at: Callable[[int], tuple[str, int]]


def fixed_zone(name: str, offset_s: int) -> Zone:
    """A zone with one offset at all times."""
    return Zone(name, _Fixed(name, offset_s))


class _Fixed(Struct, frozen=True):
    """One answer for all times; equal to another with the same answer."""

    name: str
    offset_s: int

    def __call__(self, unix_s: int) -> tuple[str, int]:
        del unix_s
        return self.name, self.offset_s


UTC: Final = fixed_zone("UTC", 0)
LOCAL: Final = Zone("Local", _Fixed("UTC", 0))


@lru_cache(maxsize=64)
def find_zone(name: str) -> Zone | None:
    """The zone of that name, such as Europe/Berlin; None if there is none."""
    if name in {"", "UTC"}:
        return UTC
    if name == "Local":
        return LOCAL
    data = _zone_data(name) if _NAME.fullmatch(name) else None
    return None if data is None else Zone(name, _offsets(name, data))


def _zone_data(name: str) -> bytes | None:
    # Only charts that name a zone pay for these modules.
    from importlib.resources import files  # noqa: PLC0415

    try:
        data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    except OSError:
        return None
    return data if data.startswith(b"TZif") else None


def _offsets(name: str, data: bytes) -> Callable[[int], tuple[str, int]]:
    from datetime import datetime, timedelta  # noqa: PLC0415
    from io import BytesIO  # noqa: PLC0415
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    rules = ZoneInfo.from_file(BytesIO(data), key=name)
    epoch = datetime(1970, 1, 1, tzinfo=rules)

    def at(unix_s: int) -> tuple[str, int]:
        if unix_s > _LAST_S:
            unix_s -= -(-(unix_s - _LAST_S) // _400_YEARS_S) * _400_YEARS_S
        moment = rules.fromutc(epoch + timedelta(seconds=max(unix_s, _FIRST_S)))
        return moment.tzname() or "", int((moment.utcoffset() or timedelta()).total_seconds())

    return at
