"""Two bundles, or two heaps of objects, beside each other: what became of each object.

Puts the steps together: pair, mask, compare, mark, hide what rules say, find the nodes, fold. Objects come in
pairs of files, so that never more than two files' objects are held at once where names have stayed the same;
who reads them knows files and bundles (`edges`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from sro_render.diff.compare import compare
from sro_render.diff.fold import fold
from sro_render.diff.identity import KernelMoves, ObjectKey, object_key, pair_rollovers
from sro_render.diff.ignore import BUILT_IN, IgnoreRule, parse_rule, rules_for
from sro_render.diff.marks import mark_fields, mark_object
from sro_render.diff.mask import has_mark, holds_secret, mask, mask_pair
from sro_render.diff.normalize import follows_kernel, kernel_words
from sro_render.diff.records import (
    BundleShape,
    ChangeKind,
    Diff,
    FieldChange,
    Hidden,
    Mark,
    ObjectChange,
    ObjectRef,
)
from sro_render.diff.touch import NodeMap, driver_losses, touched_nodes
from sro_render.errors import InputError
from sro_render.model.objects import JsonObject


class StoredObject(Struct, frozen=True, kw_only=True):
    """An object and where it lies.

    line:       in its file, from 1.
    has_secret: False only where the text of its file rules out that there is a Secret in it.
    marks:      what is known of it beside its content: with any it is shown even if nothing differs.
    """

    ref: ObjectRef
    manifest: JsonObject
    line: int = 1
    has_secret: bool = True
    marks: tuple[Mark, ...] = ()

    @property
    def place(self) -> str:
        """Where it lies, for people."""
        return f"{self.ref.file}:{self.line}"


class Side(Struct, frozen=True, kw_only=True):
    """One side from afar. drivers: (SR, kernel) of each kernel-affine DaemonSet in it."""

    shape: BundleShape
    drivers: frozenset[tuple[str, str]] = field(default=frozenset())


class FilePair(Struct, frozen=True, kw_only=True):
    """The objects of the files of one path on both sides, which differ."""

    before: tuple[StoredObject, ...] = ()
    after: tuple[StoredObject, ...] = ()


def diff_bundles(
    before: Side,
    after: Side,
    pairs: Iterable[FilePair],
    rules: Sequence[str] = (),
    *,
    kept: Iterable[StoredObject] = (),
    digests_only: int = 0,
) -> Diff:
    """Everything that differs.

    Args:   pairs: the files that differ, in any order; each object is there once on each side.
            rules: what to ignore, beside what is built in; see `ignore`.
            kept: what is the same on both sides and worth to be told nevertheless: their marks say why.
            digests_only: objects that were seen to differ in their digests alone.
    Raises: InputError: a rule is none, or an object is twice on one side.
    """
    comparison = _Comparison(before, after, [parse_rule(text) for text in (BUILT_IN, *rules)])
    comparison.hidden[BUILT_IN] += digests_only
    for pair in pairs:
        comparison.add(pair)
    for each in kept:
        comparison.keep(each)
    return comparison.finish()


class _Comparison:
    """The steps, one after the other."""

    def __init__(self, before: Side, after: Side, rules: Sequence[IgnoreRule]) -> None:
        self._sides = before, after
        self._nodes = NodeMap(before.shape), NodeMap(after.shape)
        self._rules = rules
        self._old: dict[ObjectKey, StoredObject] = {}
        self._new: dict[ObjectKey, StoredObject] = {}
        self._changes: list[ObjectChange] = []
        self._unions: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}
        # Each rule once, in the order given, also if it hides nothing: that is worth knowing too.
        self.hidden: Counter[str] = Counter({rule.text: 0 for rule in rules})

    def add(self, pair: FilePair) -> None:
        """Compare what both files have, and keep the rest until all files are known."""
        after = _by_key(pair.after)
        for key, old in _by_key(pair.before).items():
            new = after.pop(key, None)
            if new is None:
                _keep(self._old, key, old)
            else:
                self._compare(old, new, ChangeKind.CHANGED)
        for key, new in after.items():
            _keep(self._new, key, new)

    def keep(self, stored: StoredObject) -> None:
        """Tell of an object that stays as it is."""
        rule = self._hiding(stored.ref)
        if rule is not None:
            self.hidden[rule.text] += 1
            return
        ref, marks = stored.ref, stored.marks
        self._changes.append(ObjectChange(kind=ChangeKind.KEPT, before=ref, after=ref, marks=marks))

    def finish(self) -> Diff:
        """Pair what is left, and put everything together."""
        for key in [key for key in self._old if key in self._new]:
            self._compare(self._old.pop(key), self._new.pop(key), ChangeKind.CHANGED)
        removed, added = list(self._old.values()), list(self._new.values())
        moves = KernelMoves(self._nodes[0].kernels, self._nodes[1].kernels)
        rolled = pair_rollovers([each.ref for each in removed], [each.ref for each in added], moves)
        for first, second in rolled:
            self._compare(removed[first], added[second], ChangeKind.ROLLED_OVER)
        self._add_whole(removed, {first for first, _ in rolled}, ChangeKind.REMOVED)
        self._add_whole(added, {second for _, second in rolled}, ChangeKind.ADDED)
        return self._diff()

    def _diff(self) -> Diff:
        before, after = self._sides
        order = _Order(before.shape, after.shape)
        changes = tuple(sorted(self._changes, key=lambda change: order.of(change.ref)))
        names = {node for change in changes for node in change.nodes}
        return Diff(
            before=before.shape,
            after=after.shape,
            changes=changes,
            folded=fold(changes),
            touched=touched_nodes(names, *self._nodes),
            losses=driver_losses(*self._nodes, before.drivers, after.drivers),
            hidden=tuple(Hidden(rule=rule, count=count) for rule, count in self.hidden.items()),
        )

    def _compare(self, old: StoredObject, new: StoredObject, kind: ChangeKind) -> None:
        before, after = old.manifest, new.manifest
        is_secret = any(each.has_secret and holds_secret(each.manifest) for each in (old, new))
        if is_secret:
            before, after = mask_pair(before, after)
        found = compare(before, after)
        fields = self._shown(new.ref, found)
        marks = (*old.marks, *new.marks)
        if not fields and (kind is ChangeKind.CHANGED and not marks):
            return
        if not fields and (rule := self._hiding(new.ref)):
            self.hidden[rule.text] += not found
            return
        if is_secret:
            fields = [
                replace(each, is_masked=True) if has_mark(each.before) or has_mark(each.after) else each
                for each in fields
            ]
        if kind is ChangeKind.ROLLED_OVER:
            fields = _with_followers(fields, old.ref, new.ref)
        self._changes.append(
            ObjectChange(
                kind=kind,
                before=old.ref,
                after=new.ref,
                fields=mark_fields(new.ref, before, after, fields, kind),
                marks=marks,
                nodes=self._union(
                    self._nodes[0].touched_by(old.ref, before), self._nodes[1].touched_by(new.ref, after)
                ),
            )
        )

    def _shown(self, ref: ObjectRef, fields: list[FieldChange]) -> list[FieldChange]:
        """The fields that no rule hides; the others are counted for the first rule that hides them."""
        rules = rules_for(self._rules, ref) if fields else []
        shown = []
        for each in fields:
            rule = next((rule for rule in rules if rule.hides_field(each.path)), None)
            if rule is None:
                shown.append(each)
            else:
                self.hidden[rule.text] += 1
        return shown

    def _hiding(self, ref: ObjectRef) -> IgnoreRule | None:
        """The first rule that hides the object as a whole."""
        return next((rule for rule in rules_for(self._rules, ref) if not rule.parts), None)

    def _add_whole(self, objects: Sequence[StoredObject], rolled: Collection[int], kind: ChangeKind) -> None:
        is_added = kind is ChangeKind.ADDED
        nodes = self._nodes[is_added]
        for place, each in enumerate(objects):
            if place in rolled:
                continue
            rule = self._hiding(each.ref)
            if rule is not None:
                self.hidden[rule.text] += 1
                continue
            manifest = mask(each.manifest) if holds_secret(each.manifest) else each.manifest
            touched = nodes.touched_by(each.ref, manifest)
            found = mark_object(each.ref, manifest, kind, self._staying(each.ref, touched))
            self._changes.append(
                ObjectChange(
                    kind=kind,
                    before=None if is_added else each.ref,
                    after=each.ref if is_added else None,
                    manifest=manifest,
                    marks=(*found, *each.marks),
                    nodes=touched,
                )
            )

    def _staying(self, ref: ObjectRef, nodes: tuple[str, ...]) -> tuple[str, ...] | None:
        """Of a kernel's nodes those that do not move to another one; None where that is not known."""
        if not (self._nodes[0].kernels and self._nodes[1].kernels):
            return None
        return tuple(node for node in nodes if self._nodes[1].kernels.get(node, ref.kernel) == ref.kernel)

    def _union(self, before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
        """Both together, by name; one tuple for all changes that touch the same."""
        if before == after:
            return before
        key = before, after
        if key not in self._unions:
            self._unions[key] = tuple(sorted({*before, *after}))
        return self._unions[key]


def _by_key(objects: Sequence[StoredObject]) -> dict[ObjectKey, StoredObject]:
    found: dict[ObjectKey, StoredObject] = {}
    for each in objects:
        _keep(found, object_key(each.ref.id), each)
    return found


def _keep(found: dict[ObjectKey, StoredObject], key: ObjectKey, stored: StoredObject) -> None:
    other = found.setdefault(key, stored)
    if other is not stored:
        raise InputError(
            "object-twice",
            f"{stored.ref.id} is there twice: {other.place} and {stored.place}",
            hint="compare folders in which each object is once, such as one cluster's",
        )


def _with_followers(fields: list[FieldChange], old: ObjectRef, new: ObjectRef) -> list[FieldChange]:
    before, after = kernel_words(old), kernel_words(new)
    return [
        replace(each, follows_kernel=True) if follows_kernel(each, before, after) else each for each in fields
    ]


class _Order:
    """The order of application: SRs, states, kernels, files; what only the old bundle has comes last."""

    def __init__(self, before: BundleShape, after: BundleShape) -> None:
        self._resources: dict[str, int] = {}
        self._states: dict[tuple[str, str], int] = {}
        for shape in (after, before):
            for resource in shape.resources:
                self._resources.setdefault(resource.name, len(self._resources))
                for state in resource.states:
                    self._states.setdefault((resource.name, state.name), len(self._states))

    def of(self, ref: ObjectRef) -> tuple[object, ...]:
        """A key to sort by."""
        return (
            self._resources.get(ref.special_resource, len(self._resources)),
            ref.special_resource,
            self._states.get((ref.special_resource, ref.state), len(self._states)),
            ref.state,
            ref.kernel,
            ref.file,
            ref.id,
        )
