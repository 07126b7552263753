"""Helm's functions of durations.

A duration is a text such as 1h30m, a number of seconds, also as a text, or a Go duration. Of what is
none these functions give 0, as Helm does, with a finding; `mustToDuration` ends the render.
Source: helm pkg/engine/funcs.go.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from sro_render.errors import Finding
from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import Int64, type_label
from sro_render.sprig.durations import MAX, SECOND, Duration, in_units, parse_duration, rounded, truncated
from sro_render.sprig.numbers import parse_float
from sro_render.sprig.runes import SPACES

FUNCTIONS: dict[str, Function] = {}

_HOUR = 3600 * SECOND


def as_duration(value: object) -> Duration:
    """A value as a duration. Raises ValueError: it is none; says so."""
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return _from_text(value.strip(SPACES))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a value of type {type_label(value)} is no duration")  # noqa: TRY004
    return _from_float(value) if isinstance(value, float) else _checked(int(value) * SECOND, value)


def _from_text(text: str) -> Duration:
    try:
        return parse_duration(text)
    except ValueError:
        number = parse_float(text)
        if number is None:
            raise
        return _from_float(number)


def _from_float(seconds: float) -> Duration:
    if not isfinite(seconds):
        raise ValueError(f"{seconds} seconds are no duration")
    nanoseconds = seconds * SECOND
    if abs(nanoseconds) > float(MAX):
        _checked(2 * MAX, seconds)
    # The processor's conversion of what rounds up beyond int64 gives the smallest number.
    return Duration(int(nanoseconds) if nanoseconds < float(MAX) else -MAX - 1)


def _checked(nanoseconds: int, seconds: float) -> Duration:
    if not -MAX - 1 <= nanoseconds <= MAX:
        raise ValueError(f"{seconds} seconds are more than the 292 years that a duration holds")
    return Duration(nanoseconds)


def _report(run: Run, message: str) -> None:
    run.report(
        Finding(
            code="not-readable", message=message, span=run.span, hint="write it as 1h30m", notes=run.notes()
        )
    )


@go_function(FUNCTIONS, "mustToDuration", "(any) time.Duration")
def must_to_duration(value: object) -> Duration:
    """A value as a Go duration."""
    try:
        return as_duration(value)
    except ValueError as fault:
        raise FunctionError(str(fault), hint="write it as 1h30m") from None


def _measure(name: str, result: str, measure: Callable[[Duration], float]) -> None:
    """Register a function that gives a duration in a unit."""

    def call(run: Run, value: object) -> float:
        try:
            return measure(as_duration(value))
        except ValueError as fault:
            _report(run, f"{name} gives 0: {fault}")
            return measure(Duration(0))

    FUNCTIONS[name] = Function(name, call, f"(any) {result}", wants_run=True)


_measure("durationNanoseconds", "int64", Int64)
_measure("durationMicroseconds", "int64", Duration.microseconds)
_measure("durationMilliseconds", "int64", Duration.milliseconds)
_measure("durationSeconds", "float64", Duration.seconds)
_measure("durationMinutes", "float64", Duration.minutes)
_measure("durationHours", "float64", Duration.hours)
_measure("durationDays", "float64", lambda duration: in_units(duration, _HOUR) / 24.0)
_measure("durationWeeks", "float64", lambda duration: in_units(duration, _HOUR) / 24.0 / 7.0)


def _to_unit(name: str, change: Callable[[int, int], int]) -> None:
    """Register a function that brings a duration to a multiple of another one."""

    def call(run: Run, value: object, unit: object) -> Duration:
        try:
            duration = as_duration(value)
        except ValueError as fault:
            _report(run, f"{name} gives 0: {fault}")
            return Duration(0)
        try:
            return Duration(change(duration, as_duration(unit)))
        except ValueError as fault:
            _report(run, f"{name} leaves the duration as it is: {fault}")
            return duration

    FUNCTIONS[name] = Function(name, call, "(any, any) time.Duration", wants_run=True)


_to_unit("durationRoundTo", rounded)
_to_unit("durationTruncateTo", truncated)
