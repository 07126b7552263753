"""What reports of a diff have in common: paths, values and lists in words, bounded and harmless.

Everything that comes from outside goes through `shown`: control characters, which could steer a terminal or
turn a line round, are escaped. What must be escaped beside that is each form's own matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import unified_diff

from msgspec import UnsetType

from sro_render.diff.records import (
    BundleShape,
    ChangeKind,
    Diff,
    FieldChange,
    FieldPath,
    FoldedChange,
    ListKey,
    Mark,
    ObjectChange,
    TouchedNode,
)
from sro_render.model.objects import JsonValue
from sro_render.yamltext import writer

SIGNS = {
    ChangeKind.ADDED: "+",
    ChangeKind.CHANGED: "~",
    ChangeKind.REMOVED: "-",
    ChangeKind.ROLLED_OVER: ">",
    ChangeKind.KEPT: "=",
}
MAX_NAMES = 12
MAX_VALUE_LINES = 20
_MAX_LINE = 400
_SHORT = 80
_PLAIN_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/")
# More lines are not compared one by one: it takes time that grows with their square.
_MAX_COMPARED_LINES = 2_000


def shown(text: str, most: int = _MAX_LINE) -> str:
    """A text on one line, without control characters, cut where nobody reads on."""
    if len(text) > most:
        text = f"{text[:most]}… and {len(text) - most:,} more characters"
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def count(number: int, what: str) -> str:
    """`1 node`, `2 nodes`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def names(words: Sequence[str], most: int = MAX_NAMES) -> str:
    """The first of many names, and how many more there are."""
    text = ", ".join(shown(each) for each in words[:most])
    return f"{text} and {len(words) - most} more" if len(words) > most else text


def path_text(path: FieldPath) -> str:
    """`spec.containers[name=driver].env[0].value`; keys with dots or spaces stand in brackets."""
    text = ""
    for part in path:
        if isinstance(part, ListKey):
            text += str(part)
        elif isinstance(part, int) or not part or not _PLAIN_KEY.issuperset(part):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return shown(text)


def title(folded: FoldedChange) -> str:
    """What an object is, whatever the kernel, and which kernels the change holds for."""
    change = folded.shown
    text = shown(change.ref.label)
    if change.kind is ChangeKind.ROLLED_OVER:
        moves = [f"{_kernel(each.before)} -> {_kernel(each.after)}" for each in folded.changes]
        return f"{text}: kernel {names(list(dict.fromkeys(moves)))}"
    kernels = folded.kernels
    if len(kernels) == 1:
        return f"{text} in kernel {shown(kernels[0])}"
    return f"{text} in {len(kernels)} kernels: {names(kernels)}" if kernels else text


def _kernel(ref: object) -> str:
    return str(getattr(ref, "kernel", ""))


def nodes_of(folded: FoldedChange) -> tuple[str, ...]:
    """All nodes that a change touches, by name."""
    return tuple(sorted({node for change in folded.changes for node in change.nodes}))


def all_marks(change: ObjectChange) -> Iterator[tuple[str, Mark]]:
    """Each mark of a change once, with the path of the first field that has it; empty for the object's."""
    seen = set()
    for path, mark in (
        *(("", mark) for mark in change.marks),
        *((path_text(each.path), mark) for each in change.fields for mark in each.marks),
    ):
        if mark not in seen:
            seen.add(mark)
            yield path, mark


def mark_counts(diff: Diff) -> list[tuple[str, int]]:
    """How many objects have each mark, by its code."""
    counts: Counter[str] = Counter()
    for change in diff.changes:
        counts.update({mark.code for _, mark in all_marks(change)})
    return sorted(counts.items())


def field_lines(change: FieldChange) -> Iterator[str]:
    """A field's values: on one line if they are short, else one under the other, with + and - before them."""
    path = path_text(change.path)
    before, after = change.before, change.after
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield f"{path}:"
        yield from _bounded(_text_diff(before, after))
        return
    old, new = _lines(before, "-"), _lines(after, "+")
    if len(old) <= 1 and len(new) <= 1 and sum(map(len, (*old, *new))) <= _SHORT:
        if old and new:
            yield f"{path}: {old[0][2:]} -> {new[0][2:]}"
        else:
            yield f"{path}: {(old or new)[0]}"
        return
    yield f"{path}:"
    yield from _bounded(old)
    yield from _bounded(new)


def value_lines(value: JsonValue) -> list[str]:
    """A value as YAML, line by line."""
    try:
        text = writer.write(value)
    except ValueError:  # half of a surrogate pair, which YAML cannot hold and JSON can
        text = ascii(value)
    return [shown(line) for line in text.removesuffix("\n").split("\n")]


def _lines(value: JsonValue | UnsetType, sign: str) -> list[str]:
    return [] if isinstance(value, UnsetType) else [f"{sign} {line}" for line in value_lines(value)]


def _bounded(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:MAX_VALUE_LINES])
    if len(lines) > MAX_VALUE_LINES:
        yield f"  … and {count(len(lines) - MAX_VALUE_LINES, 'more line')}"


def _text_diff(before: str, after: str) -> list[str]:
    old, new = before.split("\n"), after.split("\n")
    if len(old) + len(new) > _MAX_COMPARED_LINES:
        return [f"- {count(len(old), 'line')}", f"+ {count(len(new), 'line')}, not compared one by one"]
    found = list(unified_diff(old, new, n=1, lineterm=""))[2:]
    return [shown(f"{line[:1]} {line[1:]}") if not line.startswith("@@") else "…" for line in found] or [
        "- the same lines"
    ]


def kernel_moves(touched: Iterable[TouchedNode]) -> list[tuple[str, str, list[str]]]:
    """Nodes by the kernels between which they move; an empty kernel: not in that bundle."""
    moves: dict[tuple[str, str], list[str]] = {}
    for each in touched:
        if each.kernel_before != each.kernel_after:
            moves.setdefault((each.kernel_before, each.kernel_after), []).append(each.name)
    return [(before, after, nodes) for (before, after), nodes in sorted(moves.items())]


def move_text(before: str, after: str) -> str:
    """What became of nodes, by their kernels before and after."""
    if not before:
        return f"new, with kernel {shown(after)}"
    return (
        f"rolled over from kernel {shown(before)} to {shown(after)}"
        if after
        else f"gone, had kernel {shown(before)}"
    )


def knows_nodes(diff: Diff) -> bool:
    """Whether both sides have a lock that says which nodes there are."""
    return bool(diff.before.cluster and diff.after.cluster)


def side_text(shape: BundleShape) -> str:
    """A side as the user named it, with its cluster."""
    cluster = f" (cluster {shown(shape.cluster, 100)})" if shape.cluster else ""
    return f"{shown(shape.name, 100)}{cluster}"


def object_counts(diff: Diff) -> str:
    """`1 added, 2 changed, 0 removed, 0 rolled over`, and `1 kept` where something is."""
    return ", ".join(f"{diff.count(kind)} {kind.value}" for kind in diff.kinds)


def hidden_texts(diff: Diff) -> list[str]:
    """What each rule hid."""
    return [f"{count(each.count, 'change')} hidden by {shown(each.rule)}" for each in diff.hidden]
