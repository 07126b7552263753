"""A limit on how long rendering may take, whatever a template does.

The engine counts rounds and sizes; a function that works long on what is allowed is stopped here.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sro_render.errors import LimitError


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise LimitError inside the block when it takes longer, and again after as long.

    So each SR that is rendered in the block is stopped by itself. 0 is no limit; without POSIX
    timers, or outside the main thread, there is none either.
    """
    has_timer = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds <= 0 or not has_timer:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise LimitError(
            "limit-time",
            f"rendering took longer than {seconds} seconds",
            hint="look for loops in the chart's templates, or raise --time-limit",
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
