"""How many requests go to a server in a second, where the user has set a limit.

Matrix: the burst, the pace after it, a pause, less than one a second, several threads.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sro_apply.kube.pace import Pace


class Time:
    """Time that passes when somebody waits; each thread's own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.waited.append(seconds)


def pace(time: Time, per_s: float) -> Pace:
    return Pace(per_s, now=lambda: time.now, sleep=time.sleep)


def test_a_second_s_worth_goes_at_once_and_the_others_one_after_the_other() -> None:
    time = Time()
    limited = pace(time, 4)
    for _ in range(7):
        limited.take()
    assert time.waited == [0.25, 0.5, 0.75]


def test_a_pause_is_made_up_for_by_one_second_s_worth_and_no_more() -> None:
    time = Time()
    limited = pace(time, 4)
    for _ in range(4):
        limited.take()
    time.now = 100.0
    for _ in range(5):
        limited.take()
    assert time.waited == [0.25]


def test_less_than_one_a_second_is_a_pace_too() -> None:
    time = Time()
    limited = pace(time, 0.5)
    for _ in range(3):
        limited.take()
    assert time.waited == [2.0, 4.0]


def test_it_is_one_pace_for_all_threads() -> None:
    time = Time()
    limited = pace(time, 10)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(30):
            pool.submit(limited.take)
    assert sorted(time.waited) == pytest.approx([each / 10 for each in range(1, 21)])
