"""The time between two rounds of the loop, and between two looks at its source."""

from __future__ import annotations

from typing import Final

from sro_apply.controller.stopping import Stopping
from sro_apply.kube.watch import WatchView
from sro_apply.runner import FIRST_LOOK_S

_POLLING_SHARE: Final = 0.2


def poll_pause_s(interval_s: float, took_s: float) -> float:
    """Seconds until the source is looked at again.

    Nothing goes on while it is: one that gives no answer must not take most of the time from the cluster.

    Args: interval_s: what the user wants; took_s: how long the last look took.
    """
    return max(interval_s, took_s / _POLLING_SHARE - took_s)


def rest(seconds: float, took_s: float, stopping: Stopping, view: WatchView) -> None:
    """Wait until something changes, or somebody asks us to end.

    A cluster in which something changes all the time is not worked at for more than half of the time.

    Args: seconds: after these a round is due whatever happens; took_s: how long the last one took.
    """
    # Before it waits: what this round has asked for is not idle, however long nothing changes.
    view.forget()
    least_s = max(FIRST_LOOK_S, took_s)
    stopping.wait(least_s)
    if not stopping.is_asked and seconds > least_s:
        view.wait(seconds - least_s)
