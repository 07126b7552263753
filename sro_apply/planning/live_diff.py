"""What a sync would change in a live cluster, as a diff of sro-render: live objects before, dry runs after.

Decides what of an object counts, and what is marked. How objects are compared, masked and folded is decided
in `sro_render.diff`. Both sides name the live nodes: that a lock knows others is no change that a sync makes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct, UnsetType

from sro_apply.planning.adopting import as_released, special_resource_of
from sro_apply.planning.live_prune import Fate
from sro_apply.planning.parts import BundleObject, BundleResource, RenderedBundle
from sro_apply.planning.running import is_driver
from sro_apply.planning.sets import Member
from sro_render.diff.bundles import FilePair, Side, StoredObject, diff_bundles
from sro_render.diff.keyed_lists import match_items
from sro_render.diff.records import BundleShape, Diff, Mark, ObjectRef, ResourceShape, StateShape
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, object_id, text_of

REFUSED: Final = "server-refuses"
UNCHECKED: Final = "unchecked"
RUNS_AGAIN: Final = "runs-again"
OWNED: Final = "owned-by-operator"

_COUNTED: Final = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
# apiserver pkg/registry/apps/daemonset: spec.templateGeneration of the old API, which the server counts.
_COUNTED_ANNOTATION: Final = "deprecated.daemonset.template.generation"


class Checked(Struct, frozen=True, kw_only=True):
    """An object of the bundle, and what the server says of it.

    wanted:  as it is applied, with its namespace; live: as it is there, None where it is not.
    answer:  what applying it would make of it; None where that is not known, or nothing was asked.
    refusal: the server's words; is_unchecked: its namespace or kind is not there yet.
    adopts:  whether it is taken away from the operator, where it is its.
    has_run: a hook that came to its end and need not be there; runs_anew: one that is deleted and made again.
    """

    resource: str
    state: str
    object: BundleObject
    wanted: JsonObject
    live: JsonObject | None = None
    answer: JsonObject | None = None
    refusal: str = ""
    is_unchecked: bool = False
    adopts: bool = False
    has_run: bool = False
    runs_anew: bool = False

    @property
    def owner(self) -> str:
        """The SpecialResource that it belongs to; empty where it belongs to none."""
        return special_resource_of(self.live) if self.live is not None else ""

    @property
    def after(self) -> JsonObject:
        """What it would be, as far as that is known."""
        if self.live is None:
            return self.wanted
        if self.answer is not None:
            made = self.answer
        else:
            is_guessed = self.refusal or self.runs_anew
            made = mapping_of(_overlaid(self.live, self.wanted)) if is_guessed else self.live
        return as_released(made) if self.adopts and self.owner else made


def live_diff(
    bundle: RenderedBundle,
    checked: Sequence[Checked],
    stale: Sequence[Fate],
    nodes: Iterable[JsonObject],
    names: tuple[str, str],
    rules: Sequence[str] = (),
) -> Diff:
    """Everything that a sync would change.

    Args:
        bundle:  as it was loaded.
        checked: each object of the bundle.
        stale:   what pruning would make of live objects of the bundle's sets that it does not have.
        nodes:   Node objects.
        names:   of the cluster and of the bundle, for people.
        rules:   what to ignore; see `sro_render.diff.ignore`.
    Raises: InputError: a rule is none.
    """
    kernels = _kernels(nodes)
    before, after = _Counts(), _Counts()
    pairs, kept = [], []
    for each in checked:
        ref = _ref(each)
        after.count(each.resource, ref)
        if each.live is not None or each.has_run:
            before.count(each.resource, ref)
        if _differs(each):
            pairs.append(_pair(each, ref))
    for fate in stale:
        ref = _stale_ref(fate.member)
        stored = _stored(ref, _content(fate.member.live), (fate.mark,))
        before.count(fate.member.resource, ref)
        if fate.goes:
            pairs.append(FilePair(before=(stored,)))
        else:
            after.count(fate.member.resource, ref)
            kept.append(stored)
    staying = _drivers(checked, [each for each in stale if not each.goes])
    return diff_bundles(
        # What the bundle has is on both sides: that a node gets its first driver is no loss.
        Side(shape=before.shape(bundle, names[0], kernels), drivers=staying | _drivers((), stale)),
        Side(shape=after.shape(bundle, names[1], kernels), drivers=staying),
        pairs,
        rules,
        kept=kept,
    )


def _drivers(checked: Iterable[Checked], stale: Iterable[Fate]) -> frozenset[tuple[str, str]]:
    """Each kernel-affine DaemonSet, as its SR and its kernel."""
    members = [each.member for each in stale]
    return frozenset(
        [
            *((each.resource, each.object.kernel) for each in checked if _is_driver(each.object)),
            *((each.resource, each.kernel) for each in members if is_driver(each.id) and each.kernel),
        ]
    )


def _differs(each: Checked) -> bool:
    """Whether there may be something to show; whether there is, is decided by who compares."""
    if each.has_run:
        return False
    return each.live is None or each.answer is not None or bool(each.owner or _marks(each))


def _marks(each: Checked) -> tuple[Mark, ...]:
    return tuple(_each_mark(each))


def _each_mark(each: Checked) -> Iterator[Mark]:
    if each.refusal:
        yield Mark(REFUSED, each.refusal)
    if each.runs_anew:
        yield Mark(RUNS_AGAIN, "a sync deletes what has run, and makes it anew")
    if each.is_unchecked:
        yield Mark(UNCHECKED, "the server cannot be asked: its namespace or its kind is not there yet")
    if each.owner and not each.adopts:
        yield Mark(
            OWNED,
            f"it belongs to SpecialResource/{each.owner}, whose deletion takes it along: a sync refuses it, "
            "and sync --adopt takes it over",
        )


def _pair(each: Checked, ref: ObjectRef) -> FilePair:
    marks = _marks(each)
    if each.live is None:
        return FilePair(after=(_stored(ref, each.wanted, marks),))
    old, new = _content(each.live), _content(each.after)
    return FilePair(before=(_stored(ref, old),), after=(_stored(ref, new, marks),))


def _stored(ref: ObjectRef, manifest: JsonObject, marks: tuple[Mark, ...] = ()) -> StoredObject:
    return StoredObject(ref=ref, manifest=manifest, marks=marks)


def _ref(each: Checked) -> ObjectRef:
    return ObjectRef(
        id=object_id(each.wanted),
        special_resource=each.resource,
        state=each.state,
        kernel=each.object.kernel,
        file=each.object.file,
    )


def _stale_ref(member: Member) -> ObjectRef:
    return ObjectRef(id=member.id, special_resource=member.resource, state=member.state, kernel=member.kernel)


def _content(live: JsonObject) -> JsonObject:
    """An object without what the server counts, and without its status."""
    metadata = {key: value for key, value in mapping_of(live.get("metadata")).items() if key not in _COUNTED}
    annotations = mapping_of(metadata.get("annotations"))
    if _COUNTED_ANNOTATION in annotations:
        metadata["annotations"] = {
            key: value for key, value in annotations.items() if key != _COUNTED_ANNOTATION
        }
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def _overlaid(live: JsonValue, wanted: JsonValue, name: str = "") -> JsonValue:
    """What we apply over what is there, field by field: an estimate of what a server refuses to tell."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        return {**live, **{key: _overlaid(live.get(key), value, key) for key, value in wanted.items()}}
    if isinstance(live, list) and isinstance(wanted, list):
        pairs = match_items(name, live, wanted)
        if pairs is not None:
            return [
                new if isinstance(old, UnsetType) else _overlaid(old, new)
                for _, old, new in pairs
                if not isinstance(new, UnsetType)
            ]
    return wanted


class _Counts:
    """How many objects there are, by SR, state and kernel."""

    def __init__(self) -> None:
        self._found: Counter[tuple[str, str, str]] = Counter()

    def count(self, resource: str, ref: ObjectRef) -> None:
        """One more."""
        self._found[resource, ref.state, ref.kernel] += 1

    def shape(
        self, bundle: RenderedBundle, name: str, kernels: tuple[tuple[str, tuple[str, ...]], ...]
    ) -> BundleShape:
        """The side from afar; SRs that the bundle does not have come last."""
        known = {each.name: each for each in bundle.resources}
        others = sorted({resource for resource, _, _ in self._found} - known.keys())
        return BundleShape(
            name=name,
            cluster=bundle.cluster,
            resources=tuple(
                ResourceShape(
                    name=each,
                    states=tuple(
                        StateShape(name=state, objects=self._of(each, state))
                        for state in self._states(each, known.get(each))
                    ),
                    dependencies=known[each].dependencies if each in known else (),
                )
                for each in (*known, *others)
            ),
            kernels=kernels,
        )

    def _states(self, name: str, resource: BundleResource | None) -> list[str]:
        planned = [state.name for state in resource.states] if resource else []
        others = {state for found, state, _ in self._found if found == name} - {*planned}
        return [*planned, *sorted(others)]

    def _of(self, resource: str, state: str) -> Mapping[str, int]:
        return {
            kernel: number
            for (found, place, kernel), number in sorted(self._found.items())
            if (found, place) == (resource, state)
        }


def _kernels(nodes: Iterable[JsonObject]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for node in nodes:
        info = mapping_of(mapping_of(node.get("status")).get("nodeInfo"))
        kernel = text_of(info.get("kernelVersion"))
        if kernel:
            found.setdefault(kernel, []).append(object_id(node).name)
    return tuple((kernel, tuple(sorted(names))) for kernel, names in sorted(found.items()))


def _is_driver(each: BundleObject) -> bool:
    return is_driver(each.id) and bool(each.kernel)
