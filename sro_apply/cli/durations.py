"""Durations on the command line, as Go's programs write them: `90s`, `1h30m`; a number alone is seconds."""

from __future__ import annotations

import re
import threading
from typing import Final

import click

_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0}
_FORM: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[hms])+")
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([hms])")
_SECONDS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class Duration(click.ParamType):  # type: ignore[type-arg]  # click 8.1 has none
    """Seconds. Args: least_s: shorter ones are refused, and those that are longer than anybody can wait."""

    name = "duration"

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds of a text; what is a number already stays."""
        seconds = _seconds_of(value) if isinstance(value, str) else value
        if seconds is None or not self._least_s <= seconds < threading.TIMEOUT_MAX:
            least = f" of at least {self._least_s:g} s" if self._least_s >= 1 else ""
            self.fail(f"{value!r} is no duration{least}: write 90, 90s, 15m or 1h30m", param, ctx)
        return seconds


def _seconds_of(text: str) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    if not _FORM.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
