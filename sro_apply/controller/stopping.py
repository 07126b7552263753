"""Ends a process that runs for good when it is asked to: by a signal, at a place of its own choosing.

Whoever asks twice does not want to wait for that: then it ends where it is. Nothing is half written then: a
server takes a request as a whole or not at all, and whoever works next goes on from what the server has.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_INTERRUPTED: Final = 128 + signal.SIGINT
"""The exit code, as shells count."""


class Stopping:
    """Whether the process is to end. To be made before any other thread, which would else get the signals."""

    def __init__(self) -> None:
        self._event, self._lock = threading.Event(), threading.Lock()
        self._acts: list[Callable[[], None]] = []
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        # A handler would run between any two steps of the main thread; a thread is in nobody's way.
        threading.Thread(target=self._listen, name="signals", daemon=True).start()

    @property
    def is_asked(self) -> bool:
        """Whether somebody has asked."""
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Wait, unless and until somebody asks."""
        self._event.wait(seconds)

    def call(self, act: Callable[[], None]) -> None:
        """Have something done, in another thread, as soon as somebody asks; at once where somebody has."""
        with self._lock:
            self._acts.append(act)
        if self.is_asked:
            act()

    @contextmanager
    def calling(self, act: Callable[[], None]) -> Iterator[None]:
        """The same, but only for a while: nothing is kept of it afterwards."""
        self.call(act)
        try:
            yield
        finally:
            with self._lock:
                self._acts.remove(act)

    def _listen(self) -> None:
        signal.sigwait(_SIGNALS)
        with self._lock:
            self._event.set()
            acts = tuple(self._acts)
        for act in acts:
            act()
        signal.sigwait(_SIGNALS)
        os.write(2, b"interrupted\n")
        os._exit(_INTERRUPTED)
