"""What is said to people.

Matrix: the progress bar on terminals and elsewhere, before and after a second; text that is not
printable. Time is played: nothing here waits.
"""

from __future__ import annotations

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


def bar_after(
    seconds: float, clock: Clock, capsys: pytest.CaptureFixture[str], settings: Talk | None = None
) -> str:
    progress = Progress(settings or Talk(), "rendering")
    clock.now += seconds
    progress(500, 1000)
    shown = capsys.readouterr().err
    progress.close()
    return shown


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    del capsys  # puts its own stream in the place of standard error first
    monkeypatch.setattr("sro_render.cli.talk.sys.stderr.isatty", lambda: True, raising=False)


@pytest.mark.usefixtures("terminal")
def test_a_run_of_more_than_a_second_shows_how_far_it_is(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bar_after(1.5, clock, capsys) == "\rrendering [###############...............] 500/1000"
    assert capsys.readouterr().err == "\r\x1b[K"


@pytest.mark.usefixtures("terminal")
def test_a_short_run_shows_nothing(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    assert bar_after(0.5, clock, capsys) == ""
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("terminal")
def test_a_quiet_run_shows_nothing(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    assert bar_after(5, clock, capsys, Talk(quiet=True)) == ""


def test_what_is_no_terminal_gets_no_bar(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    assert bar_after(5, clock, capsys) == ""


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
