"""How each SpecialResource stands, as a table of states by kernels: what the page and `status` show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from sro_apply.planning.completion import steps_of
from sro_apply.planning.order import SHARED
from sro_apply.planning.picture import Picture, SeenStep
from sro_apply.planning.progress import Status
from sro_apply.planning.running import is_driver
from sro_apply.planning.stale import StaleNodes, stale_nodes

WORDS: Final = {
    Status.READY: "ready",
    Status.FAILED: "failed",
    Status.APPLIED: "at work",
    Status.WAITING: "not begun",
}
"""What people are told of a step."""


class Nodes(Struct, frozen=True, kw_only=True):
    """Those that must run a step's DaemonSets, and those of them where all of these are ready; A-Z."""

    expected: tuple[str, ...]
    ready: tuple[str, ...]


class Cell(Struct, frozen=True, kw_only=True):
    """A step. ready, expected: nodes of its DaemonSets; None where it has none."""

    status: Status
    ready: int | None = None
    expected: int | None = None


class Row(Struct, frozen=True, kw_only=True):
    """A kernel, or what exists once (then it is empty). nodes: live ones of the SR that run it, A-Z.

    cells: one for each state of the summary; None where the kernel has nothing of it.
    """

    kernel: str
    nodes: tuple[str, ...]
    cells: tuple[Cell | None, ...]


class Summary(Struct, frozen=True, kw_only=True):
    """An SR. states: their names, in order; steps: all of its steps, in order; nodes: how many it takes."""

    name: str
    status: Status
    states: tuple[str, ...]
    rows: tuple[Row, ...]
    steps: tuple[SeenStep, ...]
    nodes: int
    stale: tuple[StaleNodes, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether all of it is ready, and no node is left without a driver."""
        return self.status is Status.READY and all(each.is_served for each in self.stale)

    @property
    def open_steps(self) -> tuple[SeenStep, ...]:
        """The steps that are not ready."""
        return tuple(step for step in self.steps if step.status is not Status.READY)


def summaries(picture: Picture) -> tuple[Summary, ...]:
    """Each SR, in order; what several of them share comes as `_shared`."""
    names = dict.fromkeys(step.key.resource for step in picture.steps)
    names.update(dict.fromkeys(each.name for each in picture.resources))
    stale = stale_nodes(picture.resources, picture.nodes, picture.kernels)
    return tuple(_summary(picture, name, stale) for name in names)


def is_ready(picture: Picture) -> bool:
    """Whether all of a picture is ready, and no node is left without a driver."""
    return all(each.is_ready for each in summaries(picture))


def _summary(picture: Picture, name: str, stale: Sequence[StaleNodes]) -> Summary:
    steps = steps_of(picture, name)
    states = tuple(dict.fromkeys(step.key.state for step in steps))
    taken = frozenset(next((each.nodes for each in picture.resources if each.name == name), ()))
    by_kernel: dict[str, list[str]] = {}
    for node in picture.nodes:
        if node.name in taken:
            by_kernel.setdefault(node.kernel, []).append(node.name)
    by_place = {(step.key.kernel, step.key.state): step for step in steps}
    kernels = sorted({kernel for kernel, _ in by_place})
    return Summary(
        name=name,
        status=_worst(steps),
        states=states,
        rows=tuple(
            Row(
                kernel=kernel,
                nodes=tuple(by_kernel.get(kernel, ())) if kernel else (),
                cells=tuple(
                    _cell(by_place[kernel, state]) if (kernel, state) in by_place else None
                    for state in states
                ),
            )
            for kernel in kernels
        ),
        steps=steps,
        nodes=0 if name == SHARED else len(taken),
        stale=tuple(each for each in stale if each.resource == name),
    )


def _worst(steps: Sequence[SeenStep]) -> Status:
    """Of all steps together: failed if one has, ready if all are, waiting if none has begun."""
    found = {step.status for step in steps}
    if Status.FAILED in found:
        return Status.FAILED
    if found <= {Status.READY}:
        return Status.READY
    return Status.WAITING if found == {Status.WAITING} else Status.APPLIED


def _cell(step: SeenStep) -> Cell:
    nodes = nodes_of(step)
    if nodes is None:
        return Cell(status=step.status)
    return Cell(status=step.status, ready=len(nodes.ready), expected=len(nodes.expected))


def nodes_of(step: SeenStep) -> Nodes | None:
    """The nodes of a step's DaemonSets; None where it has none."""
    drivers = [each for each in step.objects if is_driver(each.id)]
    if not drivers:
        return None
    expected = {name for each in drivers for name in each.nodes}
    lacking = {name for each in drivers for name in {*each.nodes} - {*each.served}}
    return Nodes(expected=tuple(sorted(expected)), ready=tuple(sorted(expected - lacking)))
