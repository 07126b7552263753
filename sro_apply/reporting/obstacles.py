"""What is in the way of an SR: a line for all kernels of which the same is to be said.

Decides which steps stand alike: those of one state whose reasons differ in nothing but the kernel and the
names that are made for it. On a new cluster of a hundred kernels that is a line for each state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from sro_apply.planning.picture import SeenStep
from sro_apply.planning.progress import Status
from sro_apply.reporting.summary import Summary
from sro_render.model.wording import name_some

_HASH: Final = re.compile(r"-[0-9a-f]{8,16}$")
"""What ends a name that is made for a kernel."""


class Obstacle(Struct, frozen=True, kw_only=True):
    """Steps of one state that stand alike.

    kernels: theirs, in order; empty of what exists once. nodes: how many of the SR's live ones run them.
    retry_s: seconds until the first of them is tried again; None where none is.
    """

    state: str
    status: Status
    reason: str
    kernels: tuple[str, ...] = ()
    nodes: int = 0
    retry_s: float | None = None

    @property
    def place(self) -> str:
        """`STATE`, `STATE / KERNEL`, or how many kernels and nodes, naming some."""
        match self.kernels:
            case ():
                return self.state
            case (kernel,):
                return f"{self.state} / {kernel}"
        nodes = "1 node" if self.nodes == 1 else f"{self.nodes} nodes"
        return f"{self.state} / {len(self.kernels)} kernels on {nodes} ({name_some(self.kernels)})"


def obstacles(summary: Summary) -> tuple[Obstacle, ...]:
    """What is said of the steps that are not ready, in the order of the first of each."""
    alike: dict[tuple[str, Status, str], list[SeenStep]] = {}
    for step in summary.open_steps:
        alike.setdefault((step.key.state, step.status, _common(step)), []).append(step)
    running = {row.kernel: len(row.nodes) for row in summary.rows}
    return tuple(_obstacle(reason, steps, running) for (_, _, reason), steps in alike.items())


def _obstacle(common: str, steps: list[SeenStep], running: dict[str, int]) -> Obstacle:
    first, *others = steps
    kernels = tuple(step.key.kernel for step in steps if step.key.kernel)
    return Obstacle(
        state=first.key.state,
        status=first.status,
        reason=common if others else first.reason,
        kernels=kernels,
        nodes=sum(running.get(kernel, 0) for kernel in kernels),
        retry_s=min((step.retry_s for step in steps if step.retry_s is not None), default=None),
    )


def _common(step: SeenStep) -> str:
    """Its reason without what is its kernel's own."""
    kernel = step.key.kernel
    if not kernel:
        return step.reason
    reason = re.sub(rf" / {re.escape(kernel)}$", " / the same kernel", step.reason)
    for own in (kernel, *_hashes(each.id.name for each in step.objects)):
        reason = reason.replace(own, "…")
    return reason


def _hashes(names: Iterable[str]) -> list[str]:
    found = (_HASH.search(name) for name in names)
    return sorted({each.group().removeprefix("-") for each in found if each})
