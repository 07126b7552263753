"""A limit on how long one SR may take to render, whatever its chart does.

Two things end a render. The engine looks at the clock itself, in loops and calls; and a timer stops a
function that works long on what is allowed. The timer raises only where the code of rendering runs,
which holds nothing: at any other moment some library may hold a lock or be half way through a change,
which an exception would leave so for good. There the timer comes back a moment later.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sro_render.errors import OutOfTimeError

_RETRY_S = 0.01
_LONGEST_S = 10**9
"""31 years, which every clock and timer can count; no render comes to it."""


@contextmanager
def time_limit(seconds: int) -> Iterator[Callable[[], None] | None]:
    """Raise OutOfTimeError inside the block once it took longer; 0 is no limit.

    Gives a function that raises likewise when it is called too late. That is all there is without
    POSIX timers and outside the main thread.
    """
    if seconds <= 0:
        yield None
        return
    seconds = min(seconds, _LONGEST_S)
    end = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() >= end:
            raise OutOfTimeError(seconds)

    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield check
        return

    def stop(number: int, frame: FrameType | None) -> None:
        del number
        if frame is not None and _is_rendering(frame):
            raise OutOfTimeError(seconds)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, _RETRY_S)
    try:
        yield check
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _is_rendering(frame: FrameType) -> bool:
    """Whether a frame is one of the pure layers."""
    package, _, module = str(frame.f_globals.get("__name__", "")).partition(".")
    return package == "sro_render" and not module.startswith(("cli", "edges"))
