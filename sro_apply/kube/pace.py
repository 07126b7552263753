"""Spreads requests over time, where the user wants a server to be spared: a token bucket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """At most so many requests a second, of all threads together; after a pause those of a second at once.

    Source: client-go util/flowcontrol/throttle.go, with a burst of one second.
    """

    def __init__(
        self,
        per_s: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_s, self._now, self._sleep = per_s, now, sleep
        self._lock = threading.Lock()
        self._burst = max(1.0, per_s)
        self._left, self._at = self._burst, now()

    def take(self) -> None:
        """Wait until it is this request's turn."""
        with self._lock:
            now = self._now()
            self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
            self._at = now
            self._left -= 1
            wait_s = -self._left / self._per_s
        if wait_s > 0:
            self._sleep(wait_s)
