"""A diff as one page of HTML that needs nothing else: no network, and no script to be read.

Decides the frame of the page and what it may do: a policy in its head lets it run its own script and
style, by their hashes, and load nothing whatever. Style and script are given, for layers that render
read no files; `edges.page_assets` has them. The same diff gives the same bytes.
Source: W3C Content Security Policy Level 3; WCAG 2.2, 2.4.1 (a link past what repeats), 1.3.1 (landmarks).
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from msgspec import Struct

from sro_render.diff.records import ChangeKind, Diff
from sro_render.review.page.changes import changes_section
from sro_render.review.page.graph import graph_section
from sro_render.review.page.markup import Html, joined, raw, tag
from sro_render.review.page.matrix import matrix_section
from sro_render.review.page.summary import KIND_WORDS, count, summary_section
from sro_render.review.page.tally import tally
from sro_render.version import __version__

_KEYS = (
    ("j", "next change"),
    ("k", "previous change"),
    ("Enter", "unfold or fold the change"),
    ("o", "unfold or fold all"),
    ("/", "search"),
    ("m", "marked only, or all"),
    ("Escape", "leave the search, then clear all filters"),
    ("?", "this help"),
)


class PageAssets(Struct, frozen=True, kw_only=True):
    """The page's own style and script."""

    style: str
    script: str


def html_report(diff: Diff, assets: PageAssets, *, program: str = "sro-render") -> str:
    """The page. Args: program: what has made it."""
    counted = tally(diff)
    title = f"{_names(diff)}: {_in_short(diff)}"
    head = joined(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(assets)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", raw(assets.style)),
    )
    sections = [
        summary_section(diff),
        matrix_section(diff, counted),
        graph_section(diff, counted),
        changes_section(diff, counted),
    ]
    body = joined(
        tag("a", "Skip to the summary", href="#summary", class_="skip"),
        _header(diff),
        _nav(),
        tag("main", *sections, id="main"),
        tag("footer", tag("p", f"Made by {program} {__version__}. This page loads nothing from anywhere.")),
        _help(),
        tag("script", raw(assets.script)),
    )
    return f"<!DOCTYPE html>\n{tag('html', tag('head', head), tag('body', body), lang='en')}\n"


def _policy(assets: PageAssets) -> str:
    return (
        f"default-src 'none'; script-src {_source(assets.script)}; style-src {_source(assets.style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _names(diff: Diff) -> str:
    return diff.after.cluster or diff.before.cluster or diff.after.name


def _in_short(diff: Diff) -> str:
    counts = [f"{diff.count(kind):,} {KIND_WORDS[kind]}" for kind in ChangeKind if diff.count(kind)]
    lost = len({loss.node for loss in diff.losses})
    if lost:
        counts.insert(0, f"{count(lost, 'node')} without driver")
    return ", ".join(counts) or "nothing differs"


def _header(diff: Diff) -> Html:
    return tag(
        "header",
        tag(
            "div",
            tag("h1", "What changes in ", tag("bdi", _names(diff))),
            tag("p", tag("code", diff.before.name), " \u2192 ", tag("code", diff.after.name)),
        ),
        tag(
            "p",
            tag("button", "Dark or light", type="button", id="theme"),
            tag("button", "Keys ", tag("kbd", "?"), type="button", id="keys"),
            class_="scripted buttons",
        ),
    )


def _nav() -> Html:
    places = (
        ("summary", "Summary"),
        ("matrix", "Matrix"),
        ("graph", "Graph"),
        ("changes", "Changes"),
    )
    links = [tag("li", tag("a", text, href=f"#{place}")) for place, text in places]
    return tag("nav", tag("ul", *links), aria_label="Parts of this page")


def _help() -> Html:
    rows = [joined(tag("dt", tag("kbd", key)), tag("dd", text)) for key, text in _KEYS]
    return tag(
        "dialog",
        tag("h2", "Keys", id="help-title"),
        tag("dl", *rows),
        # WCAG 2.2, 2.1.4: whoever dictates must be able to turn off keys of one character.
        tag(
            "p",
            tag("input", type="checkbox", id="letters", checked=True),
            tag("label", " keys of one character work", for_="letters"),
        ),
        tag("form", tag("button", "Close"), method="dialog"),
        id="help",
        aria_labelledby="help-title",
    )
