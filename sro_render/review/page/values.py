"""A field's two values beside each other, with what differs in them marked.

What is cut says so, and how much: of long texts that is what is equal, then the rest of what differs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import SequenceMatcher

from msgspec import UNSET, UnsetType

from sro_render.model.objects import JsonObject, JsonValue
from sro_render.review.page.markup import NOTHING, Html, joined, tag
from sro_render.yamltext.writer import write

CONTEXT = 3
"""Equal lines shown before and after those that differ, as in a unified diff."""
MAX_LINES = 200
"""Of one value that differs: beyond it nobody reads on, and matching takes its square."""
MAX_WIDTH = 2_000
"""Characters of one line."""
_WORD = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MAX_WORD = 40
_NEAR = 200
"""Equal characters shown before and after what differs in a line too long."""


def value_text(value: JsonValue) -> str:
    """A value as in a manifest."""
    try:
        return write(value).rstrip("\n")
    except ValueError:
        # Half of a surrogate pair, or NaN: no YAML, but a reader must see it all the same.
        return json.dumps(value, indent=2)


def manifest_block(manifest: JsonObject) -> Html:
    """A whole object."""
    lines = value_text(manifest).split("\n")
    return tag("pre", "\n", _cut_lines(lines), class_="manifest")


def sides(before: JsonValue | UnsetType, after: JsonValue | UnsetType) -> Html:
    """Two values, in as many pairs as they have parts."""
    if before is UNSET or after is UNSET:
        return _pair(_whole(before), _whole(after), is_first=True)
    old, new = _texts(before, after)
    if len(old) == len(new) == 1:
        return _pair(*_line_pair(old[0], new[0]), is_first=True)
    return _line_pairs(old, new)


def _texts(before: JsonValue, after: JsonValue) -> tuple[list[str], list[str]]:
    """Both as lines. Strings of several lines as they are; else a string must not pass for a mapping."""
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        return before.split("\n"), after.split("\n")
    return value_text(before).split("\n"), value_text(after).split("\n")


def _whole(value: JsonValue | UnsetType) -> Html:
    if isinstance(value, UnsetType):
        return tag("i", "not set", class_="unset")
    text = value if isinstance(value, str) and "\n" in value else value_text(value)
    return _cut_lines(text.split("\n"))


def _cut_lines(lines: Sequence[str]) -> Html:
    shown = [joined(_cut_line(line), "\n") for line in lines[:MAX_LINES]]
    return joined(*shown, _note(len(lines) - MAX_LINES, "more lines"))


def _cut_line(line: str) -> Html:
    return joined(line[:MAX_WIDTH], _note(len(line) - MAX_WIDTH, "more characters"))


def _note(number: int, what: str) -> Html:
    return tag("i", f"… {number:,} {what}", class_="cut") if number > 0 else NOTHING


def _pair(old: Html, new: Html, *, is_first: bool = False, kind: str = "differs") -> Html:
    """The two sides of one part; the first pair of a field says which side is which."""
    return tag(
        "div",
        tag("div", tag("b", "before") if is_first else None, _pre(old), class_="old"),
        tag("div", tag("b", "after") if is_first else None, _pre(new), class_="new"),
        class_=f"pair {kind}",
    )


def _pre(text: Html) -> Html:
    """Lines as they are. HTML's parser leaves out a line break at the start, so that it gets one."""
    return tag("pre", "\n", text)


def _line_pair(old: str, new: str) -> tuple[Html, Html]:
    """Two lines, what differs between their common beginning and end marked."""
    start, end = _common_ends(old, new)
    start, end = _whole_words(old, new, start, end)
    if not start and not end:
        return _cut_line(old), _cut_line(new)
    first, last = _near_end(old[:start]), _near_start(old[len(old) - end :])
    return (
        joined(first, _marked("del", old[start : len(old) - end]), last),
        joined(first, _marked("ins", new[start : len(new) - end]), last),
    )


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many characters, or lines, both begin with."""
    for number, (a, b) in enumerate(zip(old, new, strict=False)):
        if a != b:
            return number
    return min(len(old), len(new))


def _common_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many of them both begin and end with; none is counted twice."""
    start = _common(old, new)
    most = min(len(old), len(new)) - start
    return start, _common(old[::-1][:most], new[::-1][:most])


def _whole_words(old: str, new: str, start: int, end: int) -> tuple[int, int]:
    """The same ends, cut back to where words begin and end: nobody reads that `true` became `fals`+`e`."""
    first = _to_edge(old[:start][::-1], old[start:][:1] + new[start:][:1])
    last = _to_edge(old[len(old) - end :], old[: len(old) - end][-1:] + new[: len(new) - end][-1:])
    return start - first, end - last


def _to_edge(equal: str, beyond: str) -> int:
    """How much of a word is in the equal part, next to what differs; of a very long one nothing."""
    if not any(each in _WORD for each in beyond):
        return 0
    length = len(equal) - len(equal.lstrip(_WORD))
    return length if length <= _MAX_WORD else 0


def _marked(name: str, text: str) -> Html:
    return tag(name, _cut_line(text)) if text else NOTHING


def _near_end(text: str) -> Html:
    if len(text) <= MAX_WIDTH:
        return joined(text)
    return joined(_note(len(text) - _NEAR, "equal characters "), text[-_NEAR:])


def _near_start(text: str) -> Html:
    if len(text) <= MAX_WIDTH:
        return joined(text)
    return joined(text[:_NEAR], _note(len(text) - _NEAR, "equal characters"))


def _line_pairs(old: list[str], new: list[str]) -> Html:
    """Two texts of lines: a pair for each run of equal and of different lines."""
    pairs: list[Html] = []
    runs = _runs(old, new)
    for number, (kind, a, b, c, d) in enumerate(runs):
        if kind == "equal":
            text = _equal_lines(old[a:b], is_start=number == 0, is_end=number == len(runs) - 1)
            pairs.append(_pair(text, text, is_first=not pairs, kind="equal"))
        else:
            left, right = _different_lines(old[a:b], new[c:d])
            pairs.append(_pair(left, right, is_first=not pairs))
    return joined(*pairs)


def _runs(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    """What difflib calls opcodes. What is equal at both ends is left out of its quadratic search."""
    start, end = _common_ends(old, new)
    a, b = len(old) - end, len(new) - end
    if max(a, b) - start > MAX_LINES:
        middle = [("replace", start, a, start, b)]
    else:
        matcher = SequenceMatcher(None, old[start:a], new[start:b], autojunk=False)
        middle = [
            (kind, i + start, j + start, k + start, m + start) for kind, i, j, k, m in matcher.get_opcodes()
        ]
    head = [("equal", 0, start, 0, start)] if start else []
    tail = [("equal", a, len(old), b, len(new))] if end else []
    return [*head, *middle, *tail]


def _equal_lines(lines: list[str], *, is_start: bool, is_end: bool) -> Html:
    before = [] if is_start else lines[:CONTEXT]
    after = [] if is_end else lines[-CONTEXT:]
    left_out = len(lines) - len(before) - len(after)
    if left_out <= 1:
        return _cut_lines(lines)
    parts = [_cut_lines(before) if before else None, _note(left_out, "equal lines\n")]
    return joined(*parts, _cut_lines(after) if after else None)


def _different_lines(old: list[str], new: list[str]) -> tuple[Html, Html]:
    if len(old) != len(new) or len(old) > MAX_LINES:
        return _cut_lines(old), _cut_lines(new)
    pairs = [_line_pair(*each) for each in zip(old, new, strict=True)]
    return joined(*(joined(a, "\n") for a, _ in pairs)), joined(*(joined(b, "\n") for _, b in pairs))
