"""Shares and rates of the command line.

Matrix: the ends of what each may be, and between; what is outside, no number, or none that can be compared.
"""

from __future__ import annotations

import click
import pytest

from sro_apply.cli.main import run
from sro_apply.cli.numbers import Rate, Share


@pytest.mark.parametrize(("text", "share"), [("0", 0.0), ("0.5", 0.5), ("1", 1.0), ("1e-1", 0.1)])
def test_a_share_is_a_number_from_0_to_1(text: str, share: float) -> None:
    assert Share().convert(text, None, None) == share


@pytest.mark.parametrize("text", ["", "-0.1", "1.1", "50", "50%", "half", "nan", "inf"])
def test_what_is_no_share_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        Share().convert(text, None, None)
    assert caught.value.message == f"{text!r} is no share: write a number from 0 to 1, such as 0.5 for half"


@pytest.mark.parametrize(("text", "rate"), [("0", 0.0), ("1", 1.0), ("2.5", 2.5), ("100", 100.0)])
def test_a_rate_is_0_or_at_least_1(text: str, rate: float) -> None:
    assert Rate().convert(text, None, None) == rate


@pytest.mark.parametrize("text", ["", "-1", "0.001", "5/s", "nan", "inf"])
def test_what_is_no_rate_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        Rate().convert(text, None, None)
    assert caught.value.message == (
        f"{text!r} is no number of requests a second: write 1 or more, or 0 for as many as the server takes"
    )


@pytest.mark.parametrize("option", ["--prune-limit", "--qps"])
@pytest.mark.parametrize("command", ["sync", "run", "diff"])
def test_a_limit_that_limits_nothing_is_refused(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "out/cluster", option, "nan"]) == 2
    assert f"Error: Invalid value for '{option}': 'nan' is no " in capsys.readouterr().err
