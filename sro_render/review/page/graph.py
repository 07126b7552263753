"""The graph of SRs, their states and dependencies, as inline SVG and as a list that says the same.

SRs stand below each other in the order of application, their states go from left to right; arrows
at the left lead from an SR to those that need it. Places are computed from counts and lengths alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sro_render.diff.records import Diff
from sro_render.review.page.markup import Html, joined, tag
from sro_render.review.page.summary import count
from sro_render.review.page.tally import NO_NAME, Tally, anchor

MAX_RESOURCES = 60
"""Rows of the drawing; the list has all."""
_MAX_NAME = 28
_CHARACTER = 7.5
_ROW, _BOX, _GAP, _LANE, _EDGE = 76, 44, 34, 14, 12
_LANES = 12
"""Beyond it arrows share a track."""

Dependencies = Mapping[str, Sequence[str]]


def graph_section(diff: Diff, counted: Tally) -> Html:
    """The drawing, and below it what it shows in words."""
    needs = dependencies(diff)
    names = list(counted.resources)[:MAX_RESOURCES]
    left_out = len(counted.resources) - len(names)
    return tag(
        "section",
        tag("h2", "States and dependencies", id="graph-title"),
        tag("p", f"{count(left_out, 'SpecialResource')} more, only in the list.", class_="cut")
        if left_out
        else None,
        tag(
            "div",
            _drawing(counted, names, needs),
            class_="scroll",
            tabindex=0,
            role="region",
            aria_label="The drawing, which scrolls sideways",
        ),
        tag("details", tag("summary", "The same as a list"), _list(counted, needs)),
        id="graph",
        aria_labelledby="graph-title",
    )


def dependencies(diff: Diff) -> dict[str, tuple[str, ...]]:
    """SR to what it needs: as it is after, or was if it went."""
    return {
        resource.name: resource.dependencies
        for shape in (diff.before, diff.after)
        for resource in shape.resources
    }


def _drawing(counted: Tally, names: Sequence[str], needs: Dependencies) -> Html:
    edges = [
        (names.index(needed), row)
        for row, name in enumerate(names)
        for needed in needs.get(name, ())
        if needed in names
    ]
    left = _EDGE + _LANE * min(len(edges), _LANES) + (_GAP if edges else 0)
    head = max((_width(name) for name in names), default=0)
    parts: list[Html] = []
    widest: float = left + head
    for row, name in enumerate(names):
        x: float = left
        y = _EDGE + row * _ROW
        changed = sum(counted.changed_in(name, state) for state in counted.resources[name])
        parts.append(_box(x, y, head, name or NO_NAME, changed, "resource"))
        x += head
        for state in counted.resources[name]:
            parts.append(_line(f"M{x:g} {y + _BOX / 2:g}H{x + _GAP - 2:g}"))
            x += _GAP
            width = _width(state)
            parts.append(_box(x, y, width, state or NO_NAME, counted.changed_in(name, state), "state"))
            x += width
        widest = max(widest, x)
    parts.extend(_needs(edges, left))
    width, height = widest + _EDGE, _EDGE * 2 + max(len(names) - 1, 0) * _ROW + _BOX
    arrow = tag("path", d="M0 0L8 4L0 8z")
    return tag(
        "svg",
        tag("title", "States and dependencies", id="drawing-title"),
        tag("desc", "The list below says the same in words.", id="drawing-text"),
        tag(
            "defs",
            # Names of SVG's elements and attributes are taken as they are by HTML's parser, which mends
            # the case of those that have capitals.
            tag("marker", arrow, id="arrow", markerWidth=8, markerHeight=8, refX=7, refY=4, orient="auto"),
        ),
        *parts,
        role="img",
        aria_labelledby="drawing-title drawing-text",
        width=f"{width:g}",
        height=f"{height:g}",
        viewBox=f"0 0 {width:g} {height:g}",
        class_="graph",
    )


def _needs(edges: Sequence[tuple[int, int]], left: float) -> Iterator[Html]:
    """From an SR to those that need it, each on a track of its own as long as there are some."""
    for number, (needed, needing) in enumerate(edges):
        track = _EDGE + _LANE * (number % _LANES)
        start, end = (_EDGE + row * _ROW + _BOX / 2 for row in (needed, needing))
        # Those that leave a box start below those that come in.
        yield _line(f"M{left:g} {start + 8:g}H{track:g}V{end - 6:g}H{left - 2:g}", "need")


def _line(path: str, class_: str = "next") -> Html:
    return tag("path", d=path, class_=class_, marker_end="url(#arrow)")


def _width(name: str) -> float:
    return max(len(_short(name)) * _CHARACTER + 20, 110)


def _short(name: str) -> str:
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}\u2026"


def _box(x: float, y: float, width: float, name: str, changed: int, class_: str) -> Html:
    middle = f"{x + width / 2:g}"
    text = f"{changed:,} changed" if changed else "unchanged"
    return tag(
        "g",
        tag("title", f"{name}: {text}"),
        tag("rect", x=f"{x:g}", y=f"{y:g}", width=f"{width:g}", height=_BOX, rx=6),
        tag("text", _short(name), x=middle, y=f"{y + 18:g}", class_="name"),
        tag("text", text, x=middle, y=f"{y + 35:g}"),
        class_=f"{class_} changed" if changed else class_,
    )


def _list(counted: Tally, needs: Dependencies) -> Html:
    return tag("ol", *(_item(counted, name, needs.get(name, ())) for name in counted.resources))


def _item(counted: Tally, name: str, needed: Sequence[str]) -> Html:
    states = [
        tag("li", state or NO_NAME, ": ", _changed(counted, name, state)) for state in counted.resources[name]
    ]
    after = f", after {', '.join(needed)}" if needed else ""
    return tag("li", tag("b", name or NO_NAME), after, tag("ol", *states))


def _changed(counted: Tally, name: str, state: str) -> Html:
    changed = counted.changed_in(name, state)
    if not changed:
        return joined("unchanged")
    return tag("a", f"{count(changed, 'object')} changed", href=anchor(counted.first_in(name, state)))
