"""What the comparison of two bundles found, as frozen data: all that reports are made of.

Nothing in here is a Secret's data any more: what compares masks first. How objects are paired, compared
and folded, and how it is shown, is others' work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType

from sro_render.model.objects import JsonObject, JsonValue, ObjectId

_KERNEL_SUFFIX = re.compile(r"-([0-9a-f]{1,16})")


class ChangeKind(StrEnum):
    """What became of an object. A rollover: an object of one kernel gives way to its successor of another.

    Kept: it is as it was although one would expect it to go; no difference.
    """

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    ROLLED_OVER = "rolled over"
    KEPT = "kept"


class ObjectRef(Struct, frozen=True, kw_only=True, order=True):
    """An object and where it stands in its bundle. What a plain folder of YAML does not say is empty.

    file: relative to the bundle, with `/` between its parts.
    """

    id: ObjectId
    special_resource: str = ""
    state: str = ""
    kernel: str = ""
    file: str = ""

    @property
    def suffix(self) -> str:
        """The hash of its kernel at the end of its name; empty where it has none."""
        _, dash, last = self.id.name.rpartition("-")
        return last if self.kernel and _KERNEL_SUFFIX.fullmatch(dash + last) else ""

    @property
    def base_name(self) -> str:
        """What it is called whatever the kernel."""
        return self.id.name.removesuffix(f"-{self.suffix}") if self.suffix else self.id.name

    @property
    def label(self) -> str:
        """How people name it, for all kernels alike: `Kind/namespace/name`."""
        return "/".join(part for part in (self.id.kind, self.id.namespace, self.base_name) if part)


class ListKey(Struct, frozen=True, order=True):
    """An item of a list, by the fields that tell it from the others: `[name=HTTP_PROXY]`."""

    fields: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"[{','.join(f'{name}={value}' for name, value in self.fields)}]"


FieldPath: TypeAlias = tuple[str | int | ListKey, ...]
"""From the object down: keys of mappings, items of lists by their key, or by index where they have none."""


class Mark(Struct, frozen=True, order=True):
    """What a reviewer must not overlook. code: stable, such as `immutable-field` or `unloads-module`."""

    code: str
    message: str


class FieldChange(Struct, frozen=True, kw_only=True):
    """A field with another value. before, after: UNSET where there is none.

    is_masked:      the values are marks that stand for Secret data: they differ if the data does.
    follows_kernel: of a rollover: it differs only because the kernel's name, or its hash, does.
    """

    path: FieldPath
    before: JsonValue | UnsetType = UNSET
    after: JsonValue | UnsetType = UNSET
    is_masked: bool = False
    follows_kernel: bool = False
    marks: tuple[Mark, ...] = ()


class ObjectChange(Struct, frozen=True, kw_only=True):
    """What became of one object.

    before, after:       where it stood and stands; one of them is None for what was added or removed.
    fields:              what differs, in the order of the paths; empty for what was added, removed or kept.
    manifest:            of what was added or removed: the whole object, masked.
    marks:               of the object as a whole; those of its fields stand there.
    nodes:               which it touches, by name, as far as the locks know them.
    """

    kind: ChangeKind
    before: ObjectRef | None
    after: ObjectRef | None
    fields: tuple[FieldChange, ...] = ()
    manifest: JsonObject | None = None
    marks: tuple[Mark, ...] = ()
    nodes: tuple[str, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """Where the object stands, or stood."""
        ref = self.after or self.before
        if ref is None:
            raise AssertionError("a change has an object before or after it")
        return ref


class FoldedChange(Struct, frozen=True, kw_only=True):
    """A change once, however many kernels it repeats in.

    shown:       the change as it is shown: that of the first kernel.
    changes:     all that it stands for, the shown one included, in the order of their kernels.
    has_digests: the kernels have digests of their own in it, as of images: those shown are one kernel's.
    """

    shown: ObjectChange
    changes: tuple[ObjectChange, ...]
    has_digests: bool = False

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels that it holds for, in byte order; empty for an object that exists once."""
        return tuple(sorted({change.ref.kernel for change in self.changes} - {""}))


class TouchedNode(Struct, frozen=True, kw_only=True, order=True):
    """A node on which something changes, with its kernels before and after; empty: it is not there."""

    name: str
    kernel_before: str
    kernel_after: str


class DriverLoss(Struct, frozen=True, kw_only=True, order=True):
    """A node that has an SR's driver before and would have none after."""

    node: str
    kernel: str
    special_resource: str
    reason: str


class Hidden(Struct, frozen=True, kw_only=True, order=True):
    """An ignore rule as the user wrote it, and how many changes of fields it hid."""

    rule: str
    count: int


class StateShape(Struct, frozen=True, kw_only=True):
    """A state of an SR: how many objects it has, by kernel; the empty kernel is what exists once."""

    name: str
    objects: Mapping[str, int]


class ResourceShape(Struct, frozen=True, kw_only=True):
    """An SR: its states in the order of application, and the SRs before it."""

    name: str
    states: tuple[StateShape, ...]
    dependencies: tuple[str, ...] = ()


class BundleShape(Struct, frozen=True, kw_only=True):
    """A bundle from afar. kernels: each with the names of its nodes, both sorted."""

    name: str
    cluster: str = ""
    resources: tuple[ResourceShape, ...] = ()
    kernels: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Diff(Struct, frozen=True, kw_only=True):
    """Two bundles beside each other.

    changes:        one for each object, in the order of application.
    folded:         the same changes, none left out.
    touched:        by name.
    losses:         nodes left without a driver, by name.
    """

    before: BundleShape
    after: BundleShape
    changes: tuple[ObjectChange, ...] = ()
    folded: tuple[FoldedChange, ...] = ()
    touched: tuple[TouchedNode, ...] = ()
    losses: tuple[DriverLoss, ...] = ()
    hidden: tuple[Hidden, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs but what ignore rules hide."""
        differs = any(each.kind is not ChangeKind.KEPT for each in self.changes)
        return not (differs or self.touched or self.losses)

    @property
    def kinds(self) -> tuple[ChangeKind, ...]:
        """The kinds of changes that a report tells of, even if there are none."""
        return tuple(kind for kind in ChangeKind if kind is not ChangeKind.KEPT or self.count(kind))

    def count(self, kind: ChangeKind) -> int:
        """How many objects fared like that."""
        return sum(1 for change in self.changes if change.kind is kind)
