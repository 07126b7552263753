"""The time between two rounds of the loop, and between two looks at its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from sro_apply.controller.stopping import Stopping
from sro_apply.kube.watch import WatchView
from sro_apply.runner import FIRST_LOOK_S

_POLLING_SHARE: Final = 0.2
_BEAT_S: Final = 60.0
"""Who rests says so often that nobody takes it for stuck."""


def poll_pause_s(interval_s: float, took_s: float) -> float:
    """Seconds until the source is looked at again.

    Nothing goes on while it is: one that gives no answer must not take most of the time from the cluster.

    Args: interval_s: what the user wants; took_s: how long the last look took.
    """
    return max(interval_s, took_s / _POLLING_SHARE - took_s)


def rest(
    seconds: float, took_s: float, stopping: Stopping, view: WatchView, beat: Callable[[], None]
) -> None:
    """Wait until something changes, or somebody asks us to end.

    A cluster in which something changes all the time is not worked at for more than half of the time.

    Args:
        seconds:  after these a round is due whatever happens.
        took_s:   how long the last one took.
        stopping: says whether we are to end.
        view:     says what changes.
        beat:     called now and then.
    """
    # Before it waits: what this round has asked for is not idle, however long nothing changes.
    view.forget()
    least_s = max(FIRST_LOOK_S, took_s)
    for part_s in _parts(least_s):
        beat()
        stopping.wait(part_s)
    for part_s in _parts(seconds - least_s):
        beat()
        if stopping.is_asked or view.wait(part_s):
            return


def _parts(seconds: float) -> Iterator[float]:
    """A time in parts after each of which there is a beat."""
    while seconds > 0:
        yield min(seconds, _BEAT_S)
        seconds -= _BEAT_S
