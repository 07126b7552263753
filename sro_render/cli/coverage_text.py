"""Coverage for people: a matrix of kernels and SpecialResources, the nodes that lack something, what is next.

A block of the matrix is at most 100 columns wide; SpecialResources that do not fit into one go to further
blocks. Nodes are named as far as a screen allows: `-o json` has them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from sro_render.cli.report import count
from sro_render.cli.talk import printable
from sro_render.errors import some
from sro_render.kernels.unserved import MISSED
from sro_render.model.coverage import (
    Coverage,
    ImageUse,
    KernelCoverage,
    Origin,
    ResourceCoverage,
    Status,
)
from sro_render.model.wording import name_some
from sro_render.pipeline.what_if import Upgrade

WIDTH = 100
MAX_NAME = 30
MAX_LINES = 10
LEGEND = (
    "N/M: N of M nodes are served, ! not all of them. +N: nodes that the chart's own selectors exclude.\n"
    "planned: no node runs the kernel yet. idle: nothing there serves a node. -: no node is selected.\n"
)
_ORIGINS = {
    Origin.BUILT: "built by {maker}",
    Origin.UNBUILT: "no build makes it",
    Origin.OF_KERNEL: "not built here: it must be in its registry",
    Origin.COMMON: "one for all kernels",
    Origin.EMPTY: "no image",
}

Paint = Callable[[str], str]
"""Makes a text stand out, or leaves it as it is."""


def plain(text: str) -> str:
    """The text as it is: standard output is no terminal."""
    return text


def coverage_text(coverage: Coverage, paint: Paint = plain) -> str:
    """The matrix, its legend, and each SpecialResource with the nodes that it does not serve."""
    lines = [*_matrix(coverage, paint)]
    text = "".join(f"{line}\n" for line in lines)
    rest = [line for each in coverage.resources for line in _resource_lines(each)]
    return text + LEGEND + "\n" + "".join(f"{printable(line)}\n" for line in rest)


# -- the matrix


def _matrix(coverage: Coverage, paint: Paint) -> Iterator[str]:
    kernels = sorted(
        {each.kernel for resource in coverage.resources for each in resource.kernels}, key=str.encode
    )
    first = [printable(each) for each in ("kernel", *kernels, "all kernels")]
    width = max(map(len, first))
    columns = [_column(resource, kernels) for resource in coverage.resources]
    for block in _blocks(columns, WIDTH - width):
        for row, name in enumerate(first):
            # Painted after it is cut to size: colours have no width.
            cells = [_painted(column[row], _width(column), paint) for column in block]
            yield f"{name:<{width}}  {'  '.join(cells)}".rstrip()
        yield ""


def _column(resource: ResourceCoverage, kernels: Iterable[str]) -> list[str]:
    name = printable(resource.name)
    head = name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"
    by_kernel = {each.kernel: each for each in resource.kernels}
    cells = [_cell(by_kernel[each]) if each in by_kernel else "-" for each in kernels]
    return [head, *cells, _count_cell(resource.count)]


def _cell(kernel: KernelCoverage) -> str:
    if kernel.is_planned:
        return "planned !" if kernel.lacks else "planned"
    return _count_cell(kernel.count)


def _count_cell(number: Callable[..., int]) -> str:
    served, unserved, failed = (number(status) for status in (Status.SERVED, Status.UNSERVED, Status.FAILED))
    excluded, idle = number(Status.EXCLUDED), number(Status.IDLE)
    wanted = served + unserved + failed
    parts = []
    if wanted:
        parts.append(f"{served}/{wanted}{' !' if served < wanted else ''}")
    if failed:
        parts.append("failed")
    if idle:
        parts.append(f"{idle} idle")
    if excluded:
        parts.append(f"+{excluded}")
    return " ".join(parts) or "-"


def _width(column: Sequence[str]) -> int:
    return max(map(len, column))


def _blocks(columns: Sequence[list[str]], room: int) -> Iterator[list[list[str]]]:
    """Columns side by side as far as there is room; one at least."""
    block: list[list[str]] = []
    used = 0
    for column in columns:
        needed = _width(column) + 2
        if block and used + needed > room:
            yield block
            block, used = [], 0
        block.append(column)
        used += needed
    if block:
        yield block


def _painted(cell: str, width: int, paint: Paint) -> str:
    padded = f"{cell:<{width}}"
    return paint(padded) if "!" in cell else padded


# -- the nodes


def _resource_lines(resource: ResourceCoverage) -> Iterator[str]:
    selector = ", ".join(f"{key}={value}" for key, value in resource.selector.items())
    selected = resource.count(*Status)
    parts = [
        f"{count(selected, 'node')} selected by {selector}"
        if selector
        else f"all nodes selected ({selected})"
    ]
    if resource.wanted:
        parts.append(f"{resource.count(Status.SERVED)} of {resource.wanted} served")
    if resource.count(Status.EXCLUDED):
        parts.append(f"{resource.count(Status.EXCLUDED)} excluded by the chart")
    if resource.count(Status.IDLE):
        parts.append(f"{resource.count(Status.IDLE)} idle, for it has no drivers")
    yield f"{resource.name}: {', '.join(parts)}"
    missed = [
        f"not served: {name_some(share.nodes)} with kernel {kernel.kernel}: "
        + "; ".join(reason.text for reason in share.reasons)
        for kernel in resource.kernels
        for share in kernel.shares
        if share.status in MISSED
    ]
    waits = sorted({each for kernel in resource.kernels for share in kernel.shares for each in share.awaits})
    planned = [
        f"planned kernel {kernel.kernel}: {reason.text}"
        for kernel in resource.kernels
        if kernel.is_planned
        for reason in kernel.lacks
    ]
    excluded = {
        reason.text: None
        for kernel in resource.kernels
        for share in kernel.shares
        if share.status is Status.EXCLUDED
        for reason in share.reasons
    }
    yield from (f"  {line}" for line in some(missed, MAX_LINES))
    yield from (f"  {line}" for line in some(planned, MAX_LINES))
    yield from (f"  excluded: {line}" for line in some(list(excluded), 3))
    yield from (f"  some pods wait for the label {label}" for label in some(waits, 3))


# -- the next inventory


def upgrade_text(upgrade: Upgrade, coverage: Coverage) -> str:
    """Each kernel that nodes will run then, what every SpecialResource has for it, and what is missing."""
    moving = count(len(upgrade.moves), "node")
    lines = ["", f"next: {count(len(upgrade.kernels), 'new kernel')}, {moving} with another kernel"]
    for kernel in upgrade.targets:
        is_new = kernel in upgrade.kernels
        lines += ["", kernel if is_new else f"{kernel} (some node runs it already)", *_moves(upgrade, kernel)]
        for resource in coverage.resources:
            for each in resource.kernels:
                if each.kernel == kernel:
                    lines += _prepared(resource, each)
    if upgrade.leaving:
        lines.append("")
    lines += [f"no node will run {kernel} any more" for kernel in upgrade.leaving]
    return "".join(f"{printable(line)}\n" for line in lines)


def _moves(upgrade: Upgrade, kernel: str) -> Iterator[str]:
    moves = [move for move in upgrade.moves if move.after == kernel]
    if not moves:
        yield "  nodes: not said; give an inventory with nodes to see which ones will run it"
    by_origin: dict[str, list[str]] = {}
    for move in moves:
        by_origin.setdefault(move.before, []).append(move.node)
    for before, names in by_origin.items():
        origin = f"from {before}" if before else "new"
        yield f"  nodes: {name_some(names)} ({origin})"


def _prepared(resource: ResourceCoverage, kernel: KernelCoverage) -> Iterator[str]:
    if kernel.needs_toolkit and kernel.toolkit:
        yield f"  {resource.name}: toolkit {kernel.toolkit}"
    for builder in kernel.builders:
        yield f"  {resource.name}: build {builder}"
    for use in kernel.images:
        yield f"  {resource.name}: image {use.image or 'none'}, {_origin(use)}"
    if not resource.has_drivers:
        yield f"  {resource.name}: nothing of it serves nodes"
    for reason in kernel.lacks:
        yield f"  {resource.name}: MISSING {reason.text}"


def _origin(use: ImageUse) -> str:
    return _ORIGINS[use.origin].format(maker=use.maker)
