"""What is done when a process is asked to end, and what is kept of what no longer matters.

Left out: signals themselves, which tests/cluster sends to processes.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from sro_apply.controller.stopping import Stopping


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set instead of a signal."""
    event = threading.Event()
    monkeypatch.setattr(signal, "pthread_sigmask", lambda *_: None)
    monkeypatch.setattr(signal, "sigwait", lambda _: event.wait())
    yield event
    event.set()


def test_what_was_to_be_done_only_for_a_while_is_forgotten(asked: threading.Event) -> None:
    stopping, done, last = Stopping(), list[str](), threading.Event()
    stopping.call(lambda: done.append("always"))
    for _ in range(3):
        with stopping.calling(lambda: done.append("once")):
            pass
    with stopping.calling(lambda: done.append("now")):
        stopping.call(last.set)
        asked.set()
        assert last.wait(10)
    assert (stopping.is_asked, done) == (True, ["always", "now"])


def test_what_comes_after_the_signal_is_done_at_once(asked: threading.Event) -> None:
    stopping, done = Stopping(), list[str]()
    asked.set()
    stopping.wait(10)
    stopping.call(lambda: done.append("late"))
    assert done == ["late"]
