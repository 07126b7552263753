"""What the web server shows: the last picture, and how its loop fares. Written by the loop, read by threads.

Alive is a loop that has gone round, or stood by, not too long ago; ready is one that has done so at all and
is not about to end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from sro_apply.planning.picture import Picture
from sro_apply.reporting.metrics import Work

Requests = Mapping[tuple[str, str], int]


class Shown(Struct, frozen=True, kw_only=True):
    """What is shown at one moment. picture: None where nothing was seen, or another replica leads."""

    work: Work
    picture: Picture | None = None


class Board:
    """See above.

    Args:
        longest_s: seconds without a beat after which the loop counts as stuck.
        requests:  how many requests were made so far, by method and answer.
        now:       a clock that nobody sets; wall: seconds since 1970.
    """

    def __init__(
        self,
        version: str,
        *,
        longest_s: float,
        requests: Callable[[], Requests] = lambda: MappingProxyType({}),
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._longest_s, self._requests, self._now, self._wall = longest_s, requests, now, wall
        self._lock = threading.Lock()
        self._shown = Shown(work=Work(version=version))
        self._beaten_at = now()
        self._has_begun = False
        self._is_ending = False

    def beat(self) -> None:
        """The loop goes on: it has gone round, or stands by."""
        with self._lock:
            self._beaten_at, self._has_begun = self._now(), True

    def lead(self, *, is_leader: bool) -> None:
        """Whether this replica works. One that stands by has no picture: what it saw is old."""
        with self._lock:
            work = replace(self._shown.work, is_leader=is_leader)
            self._shown = Shown(work=work, picture=self._shown.picture if is_leader else None)

    def show(self, picture: Picture, took_s: float | None = None) -> None:
        """A round has ended."""
        self.beat()
        with self._lock:
            work = replace(self._shown.work, last_round_at=self._wall(), took_s=took_s)
            self._shown = Shown(work=work, picture=picture)

    def end(self) -> None:
        """The program is about to end: nobody should be sent here any more."""
        with self._lock:
            self._is_ending = True

    def shown(self) -> Shown:
        """What is to be shown now."""
        requests = self._requests()
        with self._lock:
            return replace(self._shown, work=replace(self._shown.work, requests=requests))

    def stuck(self) -> str:
        """Why the loop does not live; empty where it does."""
        with self._lock:
            silent_s = self._now() - self._beaten_at
        if silent_s <= self._longest_s:
            return ""
        return f"the loop has not gone round for {silent_s:.0f} s, and should within {self._longest_s:g} s"

    def unready(self) -> str:
        """Why it is not ready; empty where it is."""
        with self._lock:
            if self._is_ending:
                return "it is about to end"
            return "" if self._has_begun else "the loop has not gone round yet"
