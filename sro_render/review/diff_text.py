"""A diff as text: changes by SR and state, then what they do in all: objects, nodes, drivers lost."""

from __future__ import annotations

from collections.abc import Iterator

from sro_render.diff.records import ChangeKind, Diff, FoldedChange
from sro_render.review.diff_words import (
    SIGNS,
    all_marks,
    count,
    field_lines,
    hidden_texts,
    kernel_moves,
    knows_nodes,
    move_text,
    names,
    nodes_of,
    object_counts,
    shown,
    side_text,
    title,
)

_MAX_LOSSES = 20


def text_report(diff: Diff) -> str:
    """All that differs, each change once, and the sums at the end."""
    lines = [f"A: {side_text(diff.before)}", f"B: {side_text(diff.after)}"]
    place = None
    for folded in diff.folded:
        ref = folded.shown.ref
        if place != (ref.special_resource, ref.state):
            place = ref.special_resource, ref.state
            lines += ["", shown(" ".join(filter(None, place)) or "objects")]
        lines += change_lines(folded)
    lines += ["", *_sums(diff)]
    return "".join(f"{line}\n" for line in lines)


def change_lines(folded: FoldedChange) -> Iterator[str]:
    """One change: what it is about, its fields, its marks, its nodes."""
    change = folded.shown
    yield f"  {SIGNS[change.kind]} {title(folded)}"
    if len(folded.changes) > 1 and change.fields:
        own = "; digests differ from kernel to kernel" if folded.has_digests else ""
        yield f"      as in kernel {shown(change.ref.kernel)}{own}:"
    following = [each for each in change.fields if each.follows_kernel]
    for each in change.fields:
        if not each.follows_kernel:
            yield from (f"      {line}" for line in field_lines(each))
    if following:
        yield f"      and {count(len(following), 'field')} by the kernel's name or hash alone"
    if change.kind in {ChangeKind.ADDED, ChangeKind.REMOVED} and change.ref.file:
        yield f"      {shown(change.ref.file)}"
    for path, mark in all_marks(change):
        yield f"      ! {mark.code}: {shown(mark.message)}{f' ({path})' if path else ''}"
    nodes = nodes_of(folded)
    if nodes:
        yield f"      on {count(len(nodes), 'node')}: {names(nodes)}"


def _sums(diff: Diff) -> Iterator[str]:
    yield from (f"{line}" for line in hidden_texts(diff) if not line.startswith("0 "))
    unused = [shown(each.rule) for each in diff.hidden[1:] if not each.count]
    if unused:
        yield f"these rules hide nothing: {names(unused)}"
    yield f"objects: {object_counts(diff)}"
    if not knows_nodes(diff):
        yield "nodes: not known, for only bundles with a sro.lock.yaml on both sides name them"
        return
    touched = [each.name for each in diff.touched]
    yield f"nodes touched: {len(touched)}{f': {names(touched)}' if touched else ''}"
    for before, after, nodes in kernel_moves(diff.touched):
        yield f"  {move_text(before, after)}: {names(nodes)}"
    yield f"nodes left without a driver: {len(diff.losses)}"
    for loss in diff.losses[:_MAX_LOSSES]:
        yield f"  {shown(loss.node)} loses {shown(loss.special_resource)}: {shown(loss.reason)}"
    if len(diff.losses) > _MAX_LOSSES:
        yield f"  and {len(diff.losses) - _MAX_LOSSES} more"
