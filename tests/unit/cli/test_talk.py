"""What is said to people.

Matrix: the progress bar on terminals and elsewhere, before and after a second; text that is not
printable. Time is played: nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sro_render.cli.talk import Progress, Talk, printable


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    played = Clock()
    monkeypatch.setattr("sro_render.cli.talk.time.monotonic", played.monotonic)
    return played


Bar = Callable[..., str]


@pytest.fixture
def bar_after(clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bar:
    """What standard error got when half of the work was done after so many seconds."""

    def show(seconds: float, *, is_terminal: bool = True, quiet: bool = False) -> str:
        monkeypatch.setattr("sro_render.cli.talk.sys.stderr.isatty", lambda: is_terminal, raising=False)
        progress = Progress(Talk(quiet=quiet), "rendering")
        clock.now += seconds
        progress(500, 1000)
        progress.close()
        return capsys.readouterr().err

    return show


def test_a_run_of_more_than_a_second_shows_how_far_it_is_and_cleans_up(bar_after: Bar) -> None:
    assert bar_after(1.5) == "\rrendering [###############...............] 500/1000\r\x1b[K"


def test_a_short_run_shows_nothing(bar_after: Bar) -> None:
    assert bar_after(0.5) == ""


def test_a_quiet_run_shows_nothing(bar_after: Bar) -> None:
    assert bar_after(5, quiet=True) == ""


def test_what_is_no_terminal_gets_no_bar(bar_after: Bar) -> None:
    assert bar_after(5, is_terminal=False) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\tb", "a\tb"),
        ("café 漢字", "café 漢字"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("\udcff", "\\udcff"),
    ],
)
def test_characters_that_steer_terminals_are_shown_as_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown
