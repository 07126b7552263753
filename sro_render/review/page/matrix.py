"""The table of SRs and states against kernels: what there is, what changes, and on how many nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sro_render.diff.records import ChangeKind, Diff
from sro_render.review.page.markup import NOTHING, Html, joined, tag
from sro_render.review.page.summary import KIND_WORDS, count
from sro_render.review.page.tally import NO_NAME, Place, Tally, anchor, kernel_name

MAX_KERNELS = 60
"""Columns: with more nobody finds anything. Those where something changes come first."""
SIGNS = {
    ChangeKind.ADDED: "+",
    ChangeKind.CHANGED: "~",
    ChangeKind.REMOVED: "\u2212",
    ChangeKind.ROLLED_OVER: "\u21bb",
    ChangeKind.KEPT: "=",
}


def matrix_section(diff: Diff, counted: Tally) -> Html:
    """The table, with a legend; each cell that changes leads to its first change."""
    kernels = _shown_kernels(counted)
    left_out = len(counted.kernels) - len(kernels)
    note = f"{count(left_out, 'kernel')} more, not shown here: the filter below has all of them."
    legend = ", ".join(f"{SIGNS[kind]} {KIND_WORDS[kind]}" for kind in diff.kinds)
    return tag(
        "section",
        tag("h2", "SpecialResources and kernels", id="matrix-title"),
        tag(
            "p",
            f"Objects in each state, for each kernel, and how many of them change: {legend}.",
            id="legend",
        ),
        tag("p", note, class_="cut") if left_out else None,
        tag(
            "div",
            _table(counted, kernels),
            class_="scroll",
            tabindex=0,
            role="region",
            aria_label="The table, which scrolls sideways",
        ),
        id="matrix",
        aria_labelledby="matrix-title",
    )


def _shown_kernels(counted: Tally) -> tuple[str, ...]:
    if len(counted.kernels) <= MAX_KERNELS:
        return counted.kernels
    changed = {kernel for _, _, kernel in counted.changes}
    chosen = sorted(counted.kernels, key=lambda each: (each not in changed, each))[:MAX_KERNELS]
    return tuple(sorted(chosen))


def _table(counted: Tally, kernels: Sequence[str]) -> Html:
    heads = [_head(kernel, counted.nodes.get(kernel, (0, 0))) for kernel in kernels]
    return tag(
        "table",
        tag("thead", tag("tr", tag("th", "state", scope="col", class_="corner"), *heads)),
        *(
            _resource(counted, resource, states, kernels, number)
            for number, (resource, states) in enumerate(counted.resources.items())
        ),
        class_="matrix",
        aria_describedby="legend",
    )


def _head(kernel: str, nodes: tuple[int, int]) -> Html:
    """A column's head: the kernel, and its nodes on either side."""
    before, after = nodes
    text = count(after, "node") if before == after else f"{before:,} \u2192 {count(after, 'node')}"
    return tag(
        "th",
        tag("span", kernel_name(kernel), class_="kernel"),
        tag("small", text, class_=None if before == after else "moved") if kernel else None,
        scope="col",
    )


def _resource(
    counted: Tally, resource: str, states: Sequence[str], kernels: Sequence[str], number: int
) -> Html:
    head = tag("th", resource or NO_NAME, scope="rowgroup", colspan=len(kernels) + 1)
    rows = [
        tag(
            "tr",
            tag("th", state or NO_NAME, scope="row"),
            *(_cell(counted, (resource, state, kernel), number) for kernel in kernels),
        )
        for state in states
    ]
    return tag("tbody", tag("tr", head, class_="resource"), *rows)


def _cell(counted: Tally, place: Place, resource: int) -> Html:
    before, after = counted.objects.get(place, (0, 0))
    number = f"{after:,}" if before == after else f"{before:,} \u2192 {after:,}"
    changes = counted.changes.get(place)
    if not changes:
        return tag("td", number if before or after else None)
    link = tag(
        "a",
        number,
        " ",
        joined(*_changes(changes)),
        href=anchor(counted.first[place]),
        class_="cell",
        data_r=resource,
        data_s=place[1],
        data_k=counted.kernels.index(place[2]),
        aria_label=", ".join(
            (f"{place[1]}, {kernel_name(place[2])}: {count(after, 'object')}", *_words(changes))
        ),
    )
    return tag("td", link, class_="changed")


def _changes(changes: Mapping[ChangeKind, int]) -> Iterator[Html]:
    for kind in ChangeKind:
        number = changes.get(kind, 0)
        yield tag("span", f"{SIGNS[kind]}{number}", class_="sign") if number else NOTHING


def _words(changes: Mapping[ChangeKind, int]) -> list[str]:
    return [f"{changes[kind]} {KIND_WORDS[kind]}" for kind in ChangeKind if changes.get(kind)]
