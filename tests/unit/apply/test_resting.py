"""What the loop does between two rounds and between two looks at its source: how long it waits, and for what.

Matrix: sources that answer at once and that take long; rounds that took no time and that took long; the next one due later, or at once; an end that is asked for
meanwhile. Left out: what changes, and how that is heard of (tests/cluster/test_watching.py).
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.controller.resting import poll_pause_s, rest


class Waiting:
    """Stands for who asks the loop to end, and for its view; waits for nobody. ends: somebody asks meanwhile."""

    def __init__(self, *, ends: bool = False) -> None:
        self.done: list[tuple[str, float]] = []
        self.is_asked, self._ends = False, ends
        self.view = View(self.done)

    def wait(self, seconds: float) -> None:
        self.done.append(("rest", seconds))
        self.is_asked = self._ends


class View:
    def __init__(self, done: list[tuple[str, float]]) -> None:
        self._done = done

    def forget(self) -> None:
        self._done.append(("forget", 0.0))

    def wait(self, seconds: float) -> bool:
        self._done.append(("news", seconds))
        return True


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
    waiting: Any = Waiting()
    rest(due_s, took_s, waiting, waiting.view)
    assert waiting.done == [("forget", 0.0), *waited]


@pytest.mark.parametrize(("took_s", "pause_s"), [(0.0, 60.0), (2.0, 60.0), (15.0, 60.0), (30.0, 120.0)])
def test_a_source_that_takes_long_takes_a_fifth_of_the_time_at_most(took_s: float, pause_s: float) -> None:
    assert poll_pause_s(60.0, took_s) == pytest.approx(pause_s)


def test_who_is_asked_to_end_waits_for_no_news() -> None:
    waiting: Any = Waiting(ends=True)
    rest(60.0, 1.0, waiting, waiting.view)
    assert waiting.done == [("forget", 0.0), ("rest", 1.0)]
