"""Which nodes a bundle is stale for: those that run another kernel than when it was rendered.

A node whose kernel no lane of an SR serves has no driver of it. One that has moved to the kernel of another
lane is served, but the bundle still expects it where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from sro_apply.planning.picture import SeenNode, SeenResource
from sro_render.errors import Finding, some


class StaleNodes(Struct, frozen=True, kw_only=True, order=True):
    """Nodes of an SR that run a kernel of which the bundle knows less. is_served: whether a lane has it."""

    resource: str
    kernel: str
    nodes: tuple[str, ...]
    is_served: bool


def stale_nodes(
    resources: Sequence[SeenResource],
    nodes: Sequence[SeenNode],
    kernels: Mapping[str, tuple[str, ...]],
) -> tuple[StaleNodes, ...]:
    """The stale nodes by SR, in the given order, and by kernel, in byte order.

    Args: nodes: all live ones; kernels: each with its nodes when the bundle was rendered.
    """
    locked = {name: kernel for kernel, names in kernels.items() for name in names}
    running = {node.name: node.kernel for node in nodes}
    return tuple(
        found for resource in resources if resource.lanes for found in _of(resource, running, locked)
    )


def _of(
    resource: SeenResource, running: Mapping[str, str], locked: Mapping[str, str]
) -> Iterator[StaleNodes]:
    by_kernel: dict[str, list[str]] = {}
    for name in resource.nodes:
        kernel = running.get(name, "")
        has_moved = locked.get(name, kernel) != kernel
        if kernel and (has_moved or kernel not in resource.lanes):
            by_kernel.setdefault(kernel, []).append(name)
    for kernel, names in sorted(by_kernel.items()):
        yield StaleNodes(
            resource=resource.name,
            kernel=kernel,
            nodes=tuple(sorted(names)),
            is_served=kernel in resource.lanes,
        )


def stale_findings(found: Sequence[StaleNodes]) -> tuple[Finding, ...]:
    """What people are told of them: one finding for each SR and kernel."""
    return tuple(
        Finding(
            code="stale-nodes",
            message=f"{_count(each)} {each.kernel}, {_consequence(each)}",
            subject=each.resource,
            special_resource=each.resource,
            notes=some(each.nodes),
            hint="take a new snapshot and build the bundle again: sro-apply snapshot, sro-render build",
        )
        for each in found
    )


def _count(each: StaleNodes) -> str:
    return "1 node runs" if len(each.nodes) == 1 else f"{len(each.nodes)} nodes run"


def _consequence(each: StaleNodes) -> str:
    if each.is_served:
        return f"and the bundle expects {'it' if len(each.nodes) == 1 else 'them'} under another"
    return "for which the bundle has nothing"
