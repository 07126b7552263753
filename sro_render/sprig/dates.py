"""Sprig's functions of time.

Decides what each gives; the time that it is comes from `ambient.now_of`, never from a clock, and counts
in UTC, which `Local` is here. What is no time counts as now, as in Sprig. `now` shows without the
reading of a monotonic clock (`m=+0.01`) that Go prints. A text that is no date, duration or zone gives
what Sprig gives, with a finding; the functions with must in their name end the render.
Source: Sprig v3 date.go.
"""

from __future__ import annotations

import re

from sro_render.errors import Finding
from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import Int32, Int64
from sro_render.sprig.ambient import now_of
from sro_render.sprig.durations import MAX, SECOND, Duration, duration_text, parse_duration, rounded
from sro_render.sprig.gotime import ZERO, Time
from sro_render.sprig.layouts import parse_time
from sro_render.sprig.zones import UTC, find_zone

FUNCTIONS: dict[str, Function] = {}

_DATE = "2006-01-02"
_HOUR = 3600 * SECOND
_ROUND_UNITS = (
    ("y", 365 * 24 * _HOUR),
    ("mo", 30 * 24 * _HOUR),
    ("d", 24 * _HOUR),
    ("h", _HOUR),
    ("m", 60 * SECOND),
    ("s", SECOND),
)


def _now(run: Run, name: str) -> Time:
    moment = now_of(run, name)
    seconds = moment.replace(microsecond=0).timestamp()
    return Time(int(seconds), moment.microsecond * 1000)


def _time_of(run: Run, name: str, value: object) -> Time:
    """A value as a time: seconds since 1970 in an int, int64 or int32; now for all else."""
    if isinstance(value, Time):
        return value
    return Time(int(value)) if isinstance(value, int) and type(value) in _SECONDS else _now(run, name)


_AS_DURATION = "write it as 1h30m"
_SECONDS = frozenset({int, Int64, Int32})


def _report(run: Run, code: str, message: str, hint: str) -> None:
    run.report(Finding(code=code, message=message, span=run.span, hint=hint, notes=run.notes()))


@go_function(FUNCTIONS, "now", "() time.Time", wants_run=True)
def now(run: Run) -> Time:
    """The time of the render."""
    return _now(run, "now")


def _in_zone(run: Run, name: str, layout: str, value: object, zone_name: str) -> str:
    zone = find_zone(zone_name)
    if zone is None:
        _report(
            run,
            "unknown-zone",
            f'{name} knows no time zone "{zone_name}" and takes UTC',
            "name it as Europe/Paris",
        )
    return _time_of(run, name, value).seen_in(zone or UTC).format(layout)


@go_function(FUNCTIONS, "date", "(string, any) string", wants_run=True)
def date(run: Run, layout: str, value: object) -> str:
    """A time as the layout says."""
    return _in_zone(run, "date", layout, value, "Local")


@go_function(FUNCTIONS, "dateInZone", "(string, any, string) string", wants_run=True)
@go_function(FUNCTIONS, "date_in_zone", "(string, any, string) string", wants_run=True)
def date_in_zone(run: Run, layout: str, value: object, zone: str) -> str:
    """The same in a named zone; UTC where there is no such zone."""
    return _in_zone(run, "dateInZone", layout, value, zone)


@go_function(FUNCTIONS, "htmlDate", "(any) string", wants_run=True)
def html_date(run: Run, value: object) -> str:
    """A date such as 2024-01-31."""
    return _in_zone(run, "htmlDate", _DATE, value, "Local")


@go_function(FUNCTIONS, "htmlDateInZone", "(any, string) string", wants_run=True)
def html_date_in_zone(run: Run, value: object, zone: str) -> str:
    """The same in a named zone."""
    return _in_zone(run, "htmlDateInZone", _DATE, value, zone)


@go_function(FUNCTIONS, "mustDateModify", "(string, time.Time) time.Time")
@go_function(FUNCTIONS, "must_date_modify", "(string, time.Time) time.Time")
def must_date_modify(duration: str, moment: Time) -> Time:
    """Later by a duration."""
    try:
        return moment.add(parse_duration(duration))
    except ValueError as fault:
        raise FunctionError(str(fault)) from None


@go_function(FUNCTIONS, "dateModify", "(string, time.Time) time.Time", wants_run=True)
@go_function(FUNCTIONS, "date_modify", "(string, time.Time) time.Time", wants_run=True)
def date_modify(run: Run, duration: str, moment: Time) -> Time:
    """The same; the time itself where the text is no duration."""
    try:
        return moment.add(parse_duration(duration))
    except ValueError as fault:
        _report(run, "not-readable", f"dateModify leaves the time as it is: {fault}", _AS_DURATION)
        return moment


@go_function(FUNCTIONS, "ago", "(any) string", wants_run=True)
def ago(run: Run, value: object) -> str:
    """How long ago a time was, to the second."""
    moment = _now(run, "ago") if type(value) is Int32 else _time_of(run, "ago", value)
    return duration_text(rounded(_now(run, "ago").since(moment), SECOND))


@go_function(FUNCTIONS, "duration", "(any) string")
def duration(seconds: object) -> str:
    """A number of seconds in an int64 or a text, as 1h2m3s; all else counts as 0."""
    number = int(seconds) if isinstance(seconds, Int64) and type(seconds) is Int64 else 0
    if isinstance(seconds, str) and re.fullmatch(r"[+-]?[0-9]+", seconds):
        # Python reads no number of thousands of digits; what lies behind the 20th changes nothing here.
        number = int(f"0{seconds.lstrip('+-0')[:20]}")
        number = max(-MAX - 1, -number) if seconds.startswith("-") else min(MAX, number)
    return duration_text(Duration.wrap(number * SECOND))


@go_function(FUNCTIONS, "durationRound", "(any) string", wants_run=True)
def duration_round(run: Run, value: object) -> str:
    """A duration, an int64 of nanoseconds or the time since a time, in its largest whole unit, as 3mo."""
    size = abs(_to_round(run, value))
    for name, unit in _ROUND_UNITS:
        if size > unit:
            return f"{size // unit}{name}"
    return "0s"


def _to_round(run: Run, value: object) -> int:
    if isinstance(value, Time):
        return _now(run, "durationRound").since(value)
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as fault:
            _report(run, "not-readable", f"durationRound gives 0s: {fault}", _AS_DURATION)
    return int(value) if isinstance(value, Int64) and type(value) is Int64 else 0


@go_function(FUNCTIONS, "mustToDate", "(string, string) time.Time")
def must_to_date(layout: str, text: str) -> Time:
    """The time that a text in a layout means."""
    try:
        return Time(*parse_time(layout, text))
    except ValueError as fault:
        raise FunctionError(str(fault)) from None


@go_function(FUNCTIONS, "toDate", "(string, string) time.Time", wants_run=True)
def to_date(run: Run, layout: str, text: str) -> Time:
    """The same; the start of the year 1 for what is no such time."""
    try:
        return Time(*parse_time(layout, text))
    except ValueError as fault:
        hint = "end the render where this happens: mustToDate"
        _report(run, "not-readable", f"toDate gives the year 1: {fault}", hint)
        return ZERO


@go_function(FUNCTIONS, "unixEpoch", "(time.Time) string")
def unix_epoch(moment: Time) -> str:
    """The seconds since 1970 as a text."""
    return str(moment.unix)
