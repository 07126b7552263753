"""How a cluster stands, for a terminal and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from sro_apply.planning.picture import Picture, SeenStep
from sro_apply.reporting.json_text import json_text
from sro_apply.reporting.obstacles import Obstacle, obstacles
from sro_apply.reporting.summary import WORDS, Cell, Row, Summary, is_ready, nodes_of, summaries
from sro_render.model.objects import JsonObject
from sro_render.model.wording import counted


def status_table(picture: Picture) -> str:
    """A table for each SR, and below it what is in the way. Lines end with a line feed."""
    found = summaries(picture)
    if not found:
        return f"{picture.cluster}: the bundle has nothing in it\n"
    return "\n".join(map(_section, found))


def status_json(picture: Picture) -> str:
    """One JSON document. Keys are stable."""
    document: JsonObject = {
        "cluster": picture.cluster,
        "ready": is_ready(picture),
        "specialResources": [_resource_json(each) for each in summaries(picture)],
    }
    return json_text(document, indent=2) + "\n"


def _section(summary: Summary) -> str:
    nodes = f", {counted(summary.nodes, 'node')}" if summary.nodes else ""
    lines = [f"{summary.name}: {'ready' if summary.is_ready else 'not ready'}{nodes}"]
    lines += _aligned([("kernel", "nodes", *summary.states), *map(_cells, summary.rows)])
    lines += [f"  {each.place}: {WORDS[each.status]}{_reason(each)}" for each in obstacles(summary)]
    return "".join(f"{line}\n" for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    number = str(len(row.nodes)) if row.kernel else ""
    return (row.kernel or "(once)", number, *map(_cell, row.cells))


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    word = WORDS[cell.status]
    return word if cell.expected is None else f"{word} {cell.ready}/{cell.expected}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _reason(obstacle: Obstacle) -> str:
    """What others say may have several lines, as the end of a build's log."""
    indented = obstacle.reason.replace("\n", "\n      ")
    return f": {indented}" if obstacle.reason else ""


def _resource_json(summary: Summary) -> JsonObject:
    return {
        "name": summary.name,
        "ready": summary.is_ready,
        "status": summary.status.value,
        "nodes": summary.nodes,
        "steps": [_step_json(step) for step in summary.steps],
        "staleNodes": [
            {"kernel": each.kernel, "nodes": list(each.nodes), "served": each.is_served}
            for each in summary.stale
        ],
    }


def _step_json(step: SeenStep) -> JsonObject:
    nodes = nodes_of(step)
    return {
        "state": step.key.state,
        "kernel": step.key.kernel,
        "status": step.status.value,
        "reason": step.reason,
        **({"nodes": {"expected": [*nodes.expected], "ready": [*nodes.ready]}} if nodes else {}),
    }
