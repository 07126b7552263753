"""What the loop does between two rounds and between two looks at its source: how long it waits, and for what.

Matrix: sources that answer at once and that take long; rounds that took no time and that took long; the next one
due later, much later, or at once; news, and an end that is asked for, meanwhile. Left out: what changes, and how that is heard of (tests/cluster/test_watching.py).
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.controller.resting import poll_pause_s, rest


class Waiting:
    """Stands for who asks the loop to end, and for its view; waits for nobody.

    ends: somebody asks meanwhile; news_after: so many waits for news end without any.
    """

    def __init__(self, *, ends: bool = False, news_after: int = 0) -> None:
        self.done: list[tuple[str, float]] = []
        self.is_asked, self._ends = False, ends
        self.view = View(self.done, news_after)

    def wait(self, seconds: float) -> None:
        self.done.append(("rest", seconds))
        self.is_asked = self._ends

    def beat(self) -> None:
        self.done.append(("beat", 0.0))

    def rested(self, due_s: float, took_s: float) -> list[tuple[str, float]]:
        """What was done in a rest, beside the beats."""
        waiting: Any = self
        rest(due_s, took_s, waiting, waiting.view, self.beat)
        return [each for each in self.done if each[0] != "beat"]


class View:
    def __init__(self, done: list[tuple[str, float]], news_after: int) -> None:
        self._done, self._news_after = done, news_after

    def forget(self) -> None:
        self._done.append(("forget", 0.0))

    def wait(self, seconds: float) -> bool:
        self._done.append(("news", seconds))
        self._news_after -= 1
        return self._news_after < 0


@pytest.mark.parametrize(
    ("due_s", "took_s", "waited"),
    [
        (60.0, 0.01, [("rest", 0.5), ("news", 59.5)]),
        (60.0, 10.0, [("rest", 10.0), ("news", 50.0)]),  # half of the time, whatever changes
        (5.0, 10.0, [("rest", 10.0)]),
        (-1.0, 0.01, [("rest", 0.5)]),  # what is due at once is not due without a pause
    ],
)
def test_a_round_is_followed_by_a_rest_as_long_and_then_by_news(
    due_s: float, took_s: float, waited: list[tuple[str, float]]
) -> None:
    assert Waiting().rested(due_s, took_s) == [("forget", 0.0), *waited]


@pytest.mark.parametrize(("due_s", "took_s"), [(600.0, 1.0), (1000.0, 400.0)])
def test_a_loop_that_rests_for_long_says_every_minute_that_it_lives(due_s: float, took_s: float) -> None:
    """As after a look at a source that gave no answer in two minutes: it rests for longer than a round may take."""
    waiting = Waiting(news_after=99)
    rested = waiting.rested(due_s, took_s)
    assert sum(seconds for _, seconds in rested) == due_s
    silent = [0.0]
    for what, seconds in waiting.done:
        silent = [*silent, 0.0] if what == "beat" else [*silent[:-1], silent[-1] + seconds]
    assert max(silent) <= 60.0


def test_news_end_a_long_rest() -> None:
    assert Waiting(news_after=2).rested(600.0, 0.0)[2:] == [("news", 60.0)] * 3


@pytest.mark.parametrize(("took_s", "pause_s"), [(0.0, 60.0), (2.0, 60.0), (15.0, 60.0), (30.0, 120.0)])
def test_a_source_that_takes_long_takes_a_fifth_of_the_time_at_most(took_s: float, pause_s: float) -> None:
    assert poll_pause_s(60.0, took_s) == pytest.approx(pause_s)


def test_who_is_asked_to_end_waits_for_no_news() -> None:
    assert Waiting(ends=True).rested(60.0, 1.0) == [("forget", 0.0), ("rest", 1.0)]
