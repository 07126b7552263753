"""A diff as Markdown for a comment on a change: the sums first, each change folded away, never too long.

Everything from outside stands in code, where no mention, link, HTML or Markdown is read: in code spans and
fences longer than any run of backticks inside, and in `<summary>`, which is HTML, escaped in `<code>`.
Source: CommonMark 0.31 (code spans, fenced code, HTML blocks); GitHub's limit on a comment's length.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from sro_render.diff.records import Diff, FoldedChange
from sro_render.review.diff_text import change_lines
from sro_render.review.diff_words import (
    SIGNS,
    count,
    kernel_moves,
    knows_nodes,
    mark_counts,
    move_text,
    object_counts,
    shown,
    title,
    value_lines,
)

MAX_CHARACTERS = 65_536
MIN_CHARACTERS = 2_000

_MAX_NODES = 40
_MAX_LINES = 200
_RESERVE = 400
"""Characters for the sentence that says what was left out."""
_BACKTICKS = re.compile("`+")


def markdown_report(diff: Diff, *, max_characters: int = MAX_CHARACTERS, program: str = "sro-render") -> str:
    """The report, with as many changes as there is room for; of the others, how many and where they are.

    Args: max_characters: at least MIN_CHARACTERS; program: whose command `diff` has made it.
    """
    page = _Page(max_characters - _RESERVE)
    page.add(_headline(diff))
    left_out = sum(not page.add(each) for each in _sums(diff))
    for folded in diff.folded:
        if not page.add(_details(folded)) and not page.add(_summary_alone(folded)):
            left_out += 1
    if left_out:
        page.parts.append(
            f"**{count(left_out, 'more part')} left out**, for a comment may not be longer than "
            f"{max_characters:,} characters. All of it: `{program} diff`, or `-o json`.\n"
        )
    return "\n".join(page.parts)


class _Page:
    """Parts of a page as far as there is room."""

    def __init__(self, room: int) -> None:
        self.parts: list[str] = []
        self._room = room

    def add(self, part: str) -> bool:
        """Add a part if it fits."""
        if len(part) + 1 > self._room:
            return False
        self._room -= len(part) + 1
        self.parts.append(part)
        return True


def _headline(diff: Diff) -> str:
    total = len(diff.changes)
    what = "Nothing changes" if diff.is_empty else f"{count(total, 'object')} to review"
    where = f", {count(len(diff.touched), 'node')} touched" if diff.touched else ""
    lines = [f"### {what}{where}"]
    if diff.losses:
        lost = len({loss.node for loss in diff.losses})
        lines += ["", f"**{count(lost, 'node')} left without a driver**"]
    before, after = (_code(shown(side.name, 100)) for side in (diff.before, diff.after))
    lines += ["", f"{before} → {after}: {object_counts(diff)}"]
    return "\n".join(lines) + "\n"


def _sums(diff: Diff) -> Iterator[str]:
    """Parts that tell of the whole: each of some lines."""
    marks = [f"- **{code}**: {count(number, 'object')}" for code, number in mark_counts(diff)]
    if marks:
        yield "\n".join(marks) + "\n"
    losses = [
        f"{loss.node} loses {loss.special_resource}: {loss.reason}" for loss in diff.losses[:_MAX_NODES]
    ]
    if losses:
        more = len(diff.losses) - len(losses)
        yield _folded_away(
            "Left without a driver", [*map(shown, losses), *([f"and {more} more"] if more else [])]
        )
    if not knows_nodes(diff):
        yield "Which nodes this touches is not known: both sides need a `sro.lock.yaml`.\n"
    elif diff.touched:
        names = [each.name for each in diff.touched]
        moves = [
            f"- {_move(before, after)}: {_codes(nodes)}"
            for before, after, nodes in kernel_moves(diff.touched)
        ]
        yield "\n".join([f"Nodes touched: {_codes(names)}", *(["", *moves] if moves else [])]) + "\n"
    hidden = [
        f"{count(each.count, 'change')} by {_code(shown(each.rule))}" for each in diff.hidden if each.count
    ]
    if hidden:
        yield f"Hidden: {', '.join(hidden)}.\n"


def _move(before: str, after: str) -> str:
    return _code(move_text(before, after))


def _details(folded: FoldedChange) -> str:
    """A change: its title, and all else folded away."""
    lines = [_dedented(line) for line in list(change_lines(folded))[1:]]
    if folded.shown.manifest is not None:
        sign = SIGNS[folded.shown.kind]
        lines += [f"{sign} {line}" for line in value_lines(folded.shown.manifest)]
    return _folded_away(_title(folded), lines, is_title_safe=True)


def _summary_alone(folded: FoldedChange) -> str:
    return f"- {_code(title(folded))} (too long to be shown here)\n"


def _title(folded: FoldedChange) -> str:
    """A change's title as HTML."""
    change = folded.shown
    ref = change.ref
    place = " ".join(filter(None, (ref.special_resource, ref.state)))
    marked = " ⚠" if change.marks or any(each.marks for each in change.fields) else ""
    where = f"{_html_code(shown(place))}: " if place else ""
    return f"{html.escape(SIGNS[change.kind])} {where}{_html_code(title(folded))}{marked}"


def _folded_away(summary: str, lines: Sequence[str], *, is_title_safe: bool = False) -> str:
    """Lines behind a summary that opens them."""
    text = summary if is_title_safe else html.escape(summary)
    if not lines:
        return f"<details><summary>{text}</summary></details>\n"
    if len(lines) > _MAX_LINES:
        lines = [*lines[:_MAX_LINES], f"… and {len(lines) - _MAX_LINES} more lines"]
    fence = "`" * max(3, 1 + _longest_run(lines))
    return "\n".join(
        [f"<details><summary>{text}</summary>", "", f"{fence}diff", *lines, fence, "", "</details>", ""]
    )


def _dedented(line: str) -> str:
    """A line of the text report, so that + and - stand where diffs have them."""
    text = line[6:]
    return text[2:] if text.startswith(("  + ", "  - ")) else text


def _code(text: str) -> str:
    """A code span around any text of one line."""
    fence = "`" * (1 + _longest_run([text]))
    pad = " " if len(fence) > 1 or text != text.strip() or not text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _codes(words: Sequence[str]) -> str:
    listed = ", ".join(_code(shown(each)) for each in words[:_MAX_NODES])
    return f"{listed} and {len(words) - _MAX_NODES} more" if len(words) > _MAX_NODES else listed


def _html_code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"


def _longest_run(lines: Iterable[str]) -> int:
    return max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
