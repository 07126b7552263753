"""The time between two rounds of the loop: it passes until something changes, but never too soon."""

from __future__ import annotations

from sro_apply.controller.stopping import Stopping
from sro_apply.kube.watch import WatchView
from sro_apply.runner import FIRST_LOOK_S


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
