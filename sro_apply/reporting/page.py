"""The status page: one HTML document without script, with what is in the way of each SpecialResource."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Final

from sro_apply.planning.picture import Picture
from sro_apply.planning.progress import Status
from sro_apply.reporting.metrics import Work
from sro_apply.reporting.obstacles import Obstacle, obstacles
from sro_apply.reporting.summary import WORDS, Cell, Row, Summary, summaries
from sro_render.model.wording import counted
from sro_render.review.page.markup import NOTHING, Html, joined, raw, tag

_STYLE: Final = """
/* Colours come in pairs, light then dark; each text is at least 4.5 : 1 on what lies behind it. */
:root {
  color-scheme: light dark;
  --ground: light-dark(#ffffff, #14171a);
  --raised: light-dark(#f4f6f8, #1d2226);
  --text: light-dark(#1b1f23, #e6e9ec);
  --quiet: light-dark(#505a64, #a9b2bb);
  --line: light-dark(#cdd4db, #3a424a);
  --ready: light-dark(#116329, #7ddf97);
  --failed: light-dark(#a40e26, #ff9a9a);
  --applied: light-dark(#6b4700, #f0c050);
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, "Liberation Sans", "DejaVu Sans", sans-serif;
}
header, main, footer { padding: 0.75rem clamp(0.75rem, 2.5vw, 2.5rem); }
footer { border-top: 1px solid var(--line); color: var(--quiet); }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2rem 0 0.5rem; overflow-wrap: anywhere; }
h3 { font-size: 1.05rem; margin: 1rem 0 0.25rem; }
p { margin: 0.25rem 0; }
td, th, li, p { unicode-bidi: isolate; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
.scroll:focus-visible { outline: 3px solid var(--quiet); outline-offset: 2px; }
table { border-collapse: collapse; min-width: 100%; }
th, td { padding: 0.35rem 0.75rem; text-align: left; white-space: nowrap; }
th, td { border-bottom: 1px solid var(--line); }
tr:last-child > * { border-bottom: 0; }
thead th { background: var(--raised); }
tbody th, .mono { font: 0.875rem ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, monospace; }
li { overflow-wrap: anywhere; }
.ready { color: var(--ready); }
.failed { color: var(--failed); font-weight: 600; }
.applied { color: var(--applied); }
.waiting, .quiet { color: var(--quiet); }
.stale { margin-block: 0.5rem; padding: 0.5rem 1rem; background: var(--raised); }
.stale { border-left: 5px solid var(--failed); }
.unseen { border: 1px dashed; padding: 0 0.2em; }
"""
STYLE_DIGEST: Final = f"sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}"
"""How a Content-Security-Policy allows the page's style and no other."""
_SIGNS: Final = {Status.READY: "✓", Status.FAILED: "✗", Status.APPLIED: "…", Status.WAITING: "·"}


def page(picture: Picture | None, work: Work) -> str:
    """The document. Args: picture: None where nothing was seen, or another replica leads."""
    found = summaries(picture) if picture else ()
    title = _title(picture, found)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", raw(_STYLE)),
    )
    body = tag(
        "body",
        tag("header", tag("h1", title), tag("p", _as_of(work), class_="quiet")),
        tag("main", *map(_resource, found)) if found else tag("main", tag("p", _nothing(work))),
        tag("footer", tag("p", f"sro-apply {work.version}")),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}"


def _title(picture: Picture | None, found: tuple[Summary, ...]) -> str:
    if picture is None:
        return "sro-apply"
    ready = sum(each.is_ready for each in found)
    return f"{picture.cluster}: {ready} of {len(found)} ready"


def _as_of(work: Work) -> str:
    if work.last_round_at is None:
        return "no round has ended yet"
    when = datetime.fromtimestamp(work.last_round_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"as of {when}"


def _nothing(work: Work) -> str:
    if work.is_leader:
        return "Nothing was seen yet."
    return "This replica stands by: ask the one that leads."


def _resource(summary: Summary) -> Html:
    return tag(
        "section",
        tag("h2", summary.name),
        tag("p", _state(summary.status), f", {counted(summary.nodes, 'node')}"),
        *(_stale(summary) if summary.stale else ()),
        _table(summary) if summary.rows else NOTHING,
        _reasons(summary),
    )


def _stale(summary: Summary) -> tuple[Html, ...]:
    return tuple(
        tag(
            "div",
            tag(
                "p",
                f"{counted(len(each.nodes), 'node')} with kernel ",
                tag("span", each.kernel, class_="mono"),
                ", which the bundle expects under another: "
                if each.is_served
                else ", which nothing serves: ",
                ", ".join(each.nodes),
            ),
            class_="stale",
        )
        for each in summary.stale
    )


def _table(summary: Summary) -> Html:
    label = f"States of {summary.name} by kernel"
    head = tag(
        "tr",
        *(tag("th", text, scope="col") for text in ("Kernel", "Nodes", *summary.states)),
    )
    body = [_row(row) for row in summary.rows]
    return tag(
        "div",
        tag("table", tag("thead", head), tag("tbody", *body), aria_label=label),
        class_="scroll",
        role="region",
        aria_label=label,
        tabindex=0,
    )


def _row(row: Row) -> Html:
    return tag(
        "tr",
        tag("th", row.kernel or "(once)", scope="row"),
        tag("td", str(len(row.nodes)) if row.kernel else ""),
        *(tag("td", _cell(cell)) for cell in row.cells),
    )


def _cell(cell: Cell | None) -> Html:
    if cell is None:
        return NOTHING
    nodes = "" if cell.expected is None else f" {cell.ready}/{cell.expected}"
    return joined(_state(cell.status), nodes)


def _state(status: Status) -> Html:
    return tag(
        "span",
        tag("span", f"{_SIGNS[status]} ", aria_hidden="true"),
        WORDS[status],
        class_=status.value,
    )


def _reasons(summary: Summary) -> Html:
    found = [each for each in obstacles(summary) if each.reason]
    if not found:
        return NOTHING
    return joined(tag("h3", "What is in the way"), tag("ul", *map(_reason, found)))


def _reason(obstacle: Obstacle) -> Html:
    again = f" (again in {obstacle.retry_s:.0f} s)" if obstacle.retry_s is not None else ""
    return tag(
        "li",
        _state(obstacle.status),
        " ",
        tag("span", obstacle.place, class_="mono"),
        f": {obstacle.reason}{again}",
    )
