"""Durations of the command line: what Go's programs write, and seconds.

Matrix: each unit, several together, fractions, seconds alone; what is none, and what is too short. Expected values
are those of Go's `time.ParseDuration`, by hand.
"""

from __future__ import annotations

import click
import pytest

from sro_apply.cli.durations import Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5", 1.5), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("1h0m0s", 3600), ("0.5h", 1800)],
)
def test_a_duration_is_so_many_seconds(text: str, seconds: float) -> None:
    assert Duration(1).convert(text, None, None) == seconds


def test_what_no_clock_can_wait_is_refused() -> None:
    with pytest.raises(click.BadParameter):
        Duration(1).convert("99999999999h", None, None)


@pytest.mark.parametrize("text", ["", "0", "0.5", "-5", "5x", "m", "1 h", "1m30", "inf", "nan", "1e3", "٣s"])
def test_what_is_none_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        Duration(1).convert(text, None, None)
    assert caught.value.message == (f"{text!r} is no duration of at least 1 s: write 90, 90s, 15m or 1h30m")
