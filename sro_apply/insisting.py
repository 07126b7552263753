"""Begins again what a busy server has stopped, for what goes on from whatever the server has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sro_apply.clock import Clock
from sro_apply.events import Delayed, Event
from sro_apply.kube.errors import TransientError
from sro_apply.planning.backoff import delay_s

T = TypeVar("T")


def insisting(do: Callable[[], T], tell: Callable[[Event], None], clock: Clock, until_s: float) -> T:
    """What comes of it, once it gets through.

    Args:   until_s: by the clock; what has not come through by then is an error.
    Raises: TransientError: of the last time; whatever else it raises.
    """
    attempts = 0
    while True:
        try:
            return do()
        except TransientError as error:
            attempts += 1
            pause_s = error.retry_after_s or delay_s(attempts)
            if clock.now() + pause_s > until_s:
                raise
            tell(Delayed(reason=error.finding.message, retry_s=pause_s))
            clock.sleep(pause_s)
