"""One change that repeats in many kernels, once.

Decides which changes are one: of one kind, SR, state and object, whose texts are the same when what is each
kernel's own has been replaced (`normalize`). An object that exists once is never folded; nor is one that is
kept, for each has a reason of its own. Nothing gets lost: each folded change keeps all that it stands for.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from sro_render.diff.normalize import fields_text, kernel_words, value_text, without_digests
from sro_render.diff.records import ChangeKind, FoldedChange, ObjectChange


def fold(changes: Sequence[ObjectChange]) -> tuple[FoldedChange, ...]:
    """The changes, folded, each at the place of the first that it stands for."""
    groups: dict[Hashable, list[ObjectChange]] = {}
    digests: dict[Hashable, set[tuple[str, ...]]] = {}
    for place, change in enumerate(changes):
        key: Hashable = place
        if change.ref.kernel and change.kind is not ChangeKind.KEPT:
            key, found = _key(change)
            digests.setdefault(key, set()).add(found)
        groups.setdefault(key, []).append(change)
    return tuple(_folded(group, len(digests.get(key, ())) > 1) for key, group in groups.items())


def unfold(folded: Iterable[FoldedChange]) -> tuple[ObjectChange, ...]:
    """All changes again, in the order of the folded ones."""
    return tuple(change for each in folded for change in each.changes)


def _folded(group: Sequence[ObjectChange], has_digests: bool) -> FoldedChange:
    ordered = tuple(sorted(group, key=lambda change: change.ref.kernel))
    return FoldedChange(shown=ordered[0], changes=ordered, has_digests=has_digests)


def _key(change: ObjectChange) -> tuple[Hashable, tuple[str, ...]]:
    """What changes that are one have in common, and the digests in this one."""
    ref = change.ref
    words = kernel_words(change.after, change.before)
    text = fields_text(change.fields) if change.manifest is None else value_text(change.manifest)
    text, digests = without_digests(words.without(text))
    marks = "\n".join(each.code for each in (*change.marks, *(m for f in change.fields for m in f.marks)))
    key = change.kind, ref.special_resource, ref.state, ref.id.api_version, ref.label, text, marks
    return key, digests
