"""The head of the page: nodes that lose their driver first, then counts, marks, and the nodes touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from sro_render.diff.records import ChangeKind, Diff, DriverLoss, TouchedNode
from sro_render.review.diff_words import knows_nodes
from sro_render.review.page.markup import NOTHING, Html, joined, tag
from sro_render.review.page.tally import anchor, marks_of

KIND_WORDS = {
    ChangeKind.ADDED: "added",
    ChangeKind.CHANGED: "changed",
    ChangeKind.REMOVED: "removed",
    ChangeKind.ROLLED_OVER: "rolled over",
    ChangeKind.KEPT: "kept",
}
MAX_NAMES = 20
"""Names in a row; of more, the first are shown and the others unfold."""
MAX_FIRST = 4
MAX_ROWS = 12
"""Of the table of nodes; of more, those that keep their kernel unfold."""
NODES_UNKNOWN = (
    "Which nodes this touches is not known: only a bundle's sro.lock.yaml tells, and not both sides have one."
)


def kind_class(kind: ChangeKind) -> str:
    """The class that colours a kind of change."""
    return f"is-{kind.value.replace(' ', '-')}"


def count(number: int, what: str) -> str:
    """`1 node`, `2,000 nodes`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def summary_section(diff: Diff) -> Html:
    """What a reviewer must know, without scrolling."""
    return tag(
        "section",
        tag("h2", "Summary", id="summary-title"),
        _losses(diff.losses) if knows_nodes(diff) else None,
        _counts(diff),
        _marks(diff),
        _touched(diff.touched) if knows_nodes(diff) else tag("p", NODES_UNKNOWN, class_="cut"),
        _hidden(diff),
        id="summary",
        aria_labelledby="summary-title",
    )


def _losses(losses: Sequence[DriverLoss]) -> Html:
    if not losses:
        return tag("p", tag("b", "No node"), " would lose a driver.", class_="no-loss")
    nodes = {loss.node for loss in losses}
    ordered = sorted(losses, key=lambda each: (each.special_resource, each.kernel, each.reason, each.node))
    items = [
        tag(
            "li",
            tag("b", _names([loss.node for loss in group])),
            f": {resource} on kernel ",
            tag("code", kernel),
            f". {reason}",
        )
        for (resource, kernel, reason), group in groupby(
            ordered, key=lambda each: (each.special_resource, each.kernel, each.reason)
        )
    ]
    return tag(
        "section",
        tag("h3", f"{count(len(nodes), 'node')} would lose a driver", id="losses-title"),
        tag("ul", *items),
        class_="losses",
        id="losses",
        aria_labelledby="losses-title",
    )


def _counts(diff: Diff) -> Html:
    tiles = [_tile(diff.count(kind), f"objects {KIND_WORDS[kind]}", kind_class(kind)) for kind in diff.kinds]
    if knows_nodes(diff):
        tiles.append(_tile(len(diff.touched), "nodes touched", "is-nodes"))
        lost = len({loss.node for loss in diff.losses})
        tiles.append(_tile(lost, "nodes without driver", "is-loss" if lost else "is-nodes"))
    return tag("ul", *tiles, class_="tiles")


def _tile(number: int, what: str, class_: str) -> Html:
    zero = "" if number else " is-zero"
    return tag("li", tag("b", f"{number:,}"), " ", tag("span", what), class_=f"tile {class_}{zero}")


def _marks(diff: Diff) -> Html:
    """Each kind of mark, with the first change that has it."""
    numbers: Counter[str] = Counter()
    first: dict[str, int] = {}
    for place, folded in enumerate(diff.folded, 1):
        for code in dict.fromkeys(mark.code for mark in marks_of(folded)):
            numbers[code] += len(folded.changes)
            first.setdefault(code, place)
    if not numbers:
        return NOTHING
    items = [
        tag(
            "li",
            tag("span", code, class_="mark"),
            f" {count(numbers[code], 'object')}, first at ",
            tag("a", f"change {place}", href=anchor(place)),
        )
        for code, place in first.items()
    ]
    marked = sum(len(folded.changes) for folded in diff.folded if marks_of(folded))
    return joined(tag("h3", f"{count(marked, 'object')} marked: look here first"), tag("ul", *items))


def _touched(touched: Sequence[TouchedNode]) -> Html:
    """Nodes by what becomes of their kernel: all of them by name."""
    if not touched:
        return tag("p", "No node is touched.")
    groups: dict[tuple[str, str], list[str]] = {}
    for node in touched:
        groups.setdefault((node.kernel_before, node.kernel_after), []).append(node.name)
    moved = {kernels: names for kernels, names in sorted(groups.items()) if kernels[0] != kernels[1]}
    stayed = {kernels: names for kernels, names in sorted(groups.items()) if kernels[0] == kernels[1]}
    title = tag("h3", f"{count(len(touched), 'node')} touched", id="touched")
    if len(groups) <= MAX_ROWS:
        return joined(title, _node_table({**moved, **stayed}))
    # Those that move to another kernel are the news; the others are many and unfold.
    number = sum(map(len, stayed.values()))
    return joined(
        title,
        _node_table(moved) if moved else None,
        tag("details", tag("summary", f"{count(number, 'node')} with the same kernel"), _node_table(stayed)),
    )


def _node_table(groups: Mapping[tuple[str, str], Sequence[str]]) -> Html:
    heads = [tag("th", head, scope="col") for head in ("kernel before", "kernel after", "nodes", "names")]
    return tag(
        "table",
        tag("thead", tag("tr", *heads)),
        tag("tbody", *(_node_row(*kernels, names) for kernels, names in groups.items())),
        class_="touched",
        aria_labelledby="touched",
    )


def _node_row(before: str, after: str, names: Sequence[str]) -> Html:
    return tag(
        "tr",
        tag("td", _kernel(before), data_label="kernel before"),
        tag("td", _kernel_after(before, after), data_label="kernel after"),
        tag("td", f"{len(names):,}", class_="number", data_label="nodes"),
        tag("td", _names(names), class_="names", data_label="names"),
    )


def _names(names: Sequence[str]) -> Html:
    """All of them; of many the first, and the others folded."""
    if len(names) <= MAX_NAMES:
        return joined(", ".join(names))
    first, others = names[:MAX_FIRST], names[MAX_FIRST:]
    return tag(
        "details",
        tag("summary", f"{', '.join(first)} and {len(others):,} more"),
        ", ".join(others),
        class_="names",
    )


def _kernel(kernel: str) -> Html:
    return tag("code", kernel) if kernel else tag("i", "not there")


def _kernel_after(before: str, after: str) -> Html:
    return tag("i", "the same") if before == after else _kernel(after)


def _hidden(diff: Diff) -> Html:
    if not diff.hidden:
        return NOTHING
    items = [
        tag("li", tag("code", each.rule), f": {count(each.count, 'change')} of fields")
        for each in diff.hidden
    ]
    return joined(tag("h3", "Left out by ignore rules"), tag("ul", *items))
