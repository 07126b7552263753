"""A diff counted for the page: what there is on either side, and how much of it changes where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from sro_render.diff.records import BundleShape, ChangeKind, Diff, FoldedChange, Mark, ObjectChange, ObjectRef

NO_NAME = "(none)"
"""What stands for an SR or a state that a plain folder of YAML does not tell."""
ONCE = "(once)"
"""What stands for the kernel of an object that exists once."""
MAX_CHANGES = 10_000
"""Folded changes that have a line on the page."""

Place = tuple[str, str, str]
"""SR, state, kernel."""


class Tally(Struct, frozen=True, kw_only=True):
    """All that tables, the graph and the filters of one page count by.

    resources:   SRs in the order of application, those that went last, each with its states alike.
    kernels:     of both sides, in byte order; the empty one first, where an object exists once.
    nodes:       kernel to its nodes before and after.
    objects:     how many there are before and after.
    changes:     how many objects change, and how; a rollover counts in both of its kernels.
    states:      how many objects change in a state of an SR, each counted once.
    first:       the number of the first folded change there, from 1.
    kinds:       of objects that change, A-Z.
    """

    resources: Mapping[str, tuple[str, ...]]
    kernels: tuple[str, ...]
    nodes: Mapping[str, tuple[int, int]]
    objects: Mapping[Place, tuple[int, int]]
    changes: Mapping[Place, Mapping[ChangeKind, int]]
    states: Mapping[tuple[str, str], int]
    first: Mapping[Place, int]
    kinds: tuple[str, ...]

    def changed_in(self, resource: str, state: str) -> int:
        """How many objects change in a state, whatever their kernel."""
        return self.states.get((resource, state), 0)

    def first_in(self, resource: str, state: str) -> int:
        """The number of the first folded change in a state; 0 where there is none."""
        places = [(resource, state, kernel) for kernel in self.kernels]
        return min((self.first[place] for place in places if place in self.first), default=0)


def tally(diff: Diff) -> Tally:
    """Count a diff."""
    changes: dict[Place, Counter[ChangeKind]] = {}
    states: Counter[tuple[str, str]] = Counter()
    for change in diff.changes:
        places = dict.fromkeys(map(_place, refs(change)))
        if change.kind is not ChangeKind.KEPT:
            states.update({place[:2] for place in places})
        for place in places:
            changes.setdefault(place, Counter())[change.kind] += 1
    first: dict[Place, int] = {}
    for number, folded in enumerate(diff.folded, 1):
        for place in (_place(ref) for change in folded.changes for ref in refs(change)):
            first.setdefault(place, number)
    before, after = _objects(diff.before), _objects(diff.after)
    objects = {place: (before.get(place, 0), after.get(place, 0)) for place in {**after, **before}}
    known = [*objects, *changes]
    nodes_before, nodes_after = _nodes(diff.before), _nodes(diff.after)
    kernels = {kernel for _, _, kernel in known} | nodes_before.keys() | nodes_after.keys()
    return Tally(
        resources=_resources(diff, known),
        kernels=tuple(sorted(kernels)),
        nodes={
            kernel: (nodes_before.get(kernel, 0), nodes_after.get(kernel, 0)) for kernel in sorted(kernels)
        },
        objects=objects,
        changes=changes,
        states=states,
        first=first,
        kinds=tuple(sorted({change.ref.id.kind for change in diff.changes})),
    )


def refs(change: ObjectChange) -> tuple[ObjectRef, ...]:
    """Where an object stood and stands."""
    return tuple(ref for ref in (change.after, change.before) if ref is not None)


def folded_kernels(folded: FoldedChange) -> tuple[str, ...]:
    """The kernels that a change is about; of a rollover both. The empty one: an object that exists once."""
    return tuple(sorted({ref.kernel for change in folded.changes for ref in refs(change)}))


def marks_of(folded: FoldedChange) -> tuple[Mark, ...]:
    """What must not be overlooked, in whichever kernel: of objects before that of fields, each once."""
    of_objects = [mark for change in folded.changes for mark in change.marks]
    of_fields = [mark for change in folded.changes for field in change.fields for mark in field.marks]
    return tuple(dict.fromkeys((*of_objects, *of_fields)))


def anchor(number: int) -> str:
    """Where a folded change is on the page, by its number from 1; those beyond its end stand in one line."""
    return f"#c{number}" if number <= MAX_CHANGES else "#more"


def kernel_name(kernel: str) -> str:
    """A kernel as a heading."""
    return kernel or ONCE


def _place(ref: ObjectRef) -> Place:
    return ref.special_resource, ref.state, ref.kernel


def _objects(shape: BundleShape) -> dict[Place, int]:
    return {
        (resource.name, state.name, kernel): number
        for resource in shape.resources
        for state in resource.states
        for kernel, number in state.objects.items()
    }


def _nodes(shape: BundleShape) -> dict[str, int]:
    return {kernel: len(nodes) for kernel, nodes in shape.kernels}


def _resources(diff: Diff, places: Iterable[Place]) -> dict[str, tuple[str, ...]]:
    """SRs and their states. What only the side before has comes behind what is there after."""
    found: dict[str, dict[str, None]] = {}
    for shape in (diff.after, diff.before):
        for resource in shape.resources:
            states = found.setdefault(resource.name, {})
            states.update({state.name: None for state in resource.states})
    for resource_name, state_name, _ in places:
        found.setdefault(resource_name, {})[state_name] = None
    return {name: tuple(states) for name, states in found.items()}
