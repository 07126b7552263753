"""What of a bundle may be applied when: its steps, and what each of them waits for.

Decides the order that design.md gives: namespaces and CRDs first; then the states of each SR, kernels beside
each other. A kernel goes on as soon as its own objects are ready. What is not kernel-affine in a state with
kernels goes with the first of them, and is waited for only where the chart asks for it. A state without
kernels waits until each kernel is ready or has failed, and one at least is ready; so does an SR for those
that it depends on.

No order of sets or of time stands in a plan: the same bundle gives the same steps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from sro_apply.planning.parts import BundleObject, BundleResource, RenderedBundle
from sro_apply.planning.progress import Status, StepKey, Table, status_of
from sro_apply.planning.waits import holds

SHARED = "_shared"
FIRST_STATES = frozenset({"namespace", "crds"})
"""The states that come before all others, and wait for no dependency."""

Lane = tuple[StepKey, ...]
"""A kernel's steps up to some state."""


class Step(Struct, frozen=True, kw_only=True):
    """Objects that are applied together, in order.

    ready:    steps that must be ready before; applied: steps whose objects must be there before.
    joins:    lanes of which each must be ready or failed, and of each group one ready.
    openings: of these lists of steps, one must be ready throughout; empty where nothing is asked.
    rank:     sorts steps that may start at once.
    """

    key: StepKey
    objects: tuple[BundleObject, ...]
    rank: tuple[int, int, int, str]
    ready: tuple[StepKey, ...] = ()
    applied: tuple[StepKey, ...] = ()
    joins: tuple[tuple[Lane, ...], ...] = ()
    openings: tuple[tuple[StepKey, ...], ...] = ()


def plan(bundle: RenderedBundle) -> tuple[Step, ...]:
    """The steps of a bundle, sorted by rank."""
    planned = {resource.name: _Planned(resource, index) for index, resource in enumerate(bundle.resources)}
    first = tuple(each.key for one in planned.values() for each in one.first_steps())
    steps: list[Step] = []
    for name, one in planned.items():
        before = [planned[other] for other in one.resource.dependencies if other in planned]
        steps += one.first_steps(_first_of(planned, SHARED, but=name))
        steps += one.later_steps(first if name == SHARED else one.first_keys(), before)
    return tuple(sorted(steps, key=lambda step: step.rank))


def _first_of(planned: Mapping[str, _Planned], name: str, *, but: str) -> tuple[StepKey, ...]:
    return planned[name].first_keys() if name in planned and name != but else ()


class _Planned:
    """One SR on its way through `plan`."""

    def __init__(self, resource: BundleResource, index: int) -> None:
        self.resource = resource
        self._index = index
        walk = self._walked((), ())
        self.last, self.lanes = walk.last, walk.lanes

    def first_keys(self) -> tuple[StepKey, ...]:
        return tuple(step.key for step in self.first_steps())

    def first_steps(self, before: tuple[StepKey, ...] = ()) -> list[Step]:
        """Namespaces and CRDs, one state after the other."""
        steps: list[Step] = []
        for index, state in enumerate(self.resource.states):
            if state.name in FIRST_STATES:
                key = StepKey(self.resource.name, state.name)
                previous = tuple(step.key for step in steps)
                steps.append(
                    Step(
                        key=key,
                        objects=state.objects,
                        rank=(0, self._index, index, ""),
                        ready=(*before, *previous),
                    )
                )
        return steps

    def later_steps(self, first: tuple[StepKey, ...], before: Sequence[_Planned]) -> list[Step]:
        """All other states. Args: first: what comes before them; before: the SRs that they depend on."""
        base = (*first, *(key for one in before for key in one.ends()))
        joins = tuple(tuple(one.lanes.values()) for one in before if one.lanes)
        return self._walked(base, joins).steps

    def ends(self) -> tuple[StepKey, ...]:
        """What must be ready of an SR, its lanes aside."""
        return (*self.first_keys(), *((self.last,) if self.last else ()))

    def _walked(self, base: tuple[StepKey, ...], joins: tuple[tuple[Lane, ...], ...]) -> _Walk:
        """Through all states but the first ones."""
        walk = _Walk(self.resource.name, self._index, base, joins)
        for index, state in enumerate(self.resource.states):
            if state.name not in FIRST_STATES:
                walk.enter(index, state.name, state.objects)
        return walk


class _Walk:
    """Goes through the states of an SR, and knows how far each kernel has come."""

    def __init__(
        self, resource: str, index: int, base: tuple[StepKey, ...], joins: tuple[tuple[Lane, ...], ...]
    ) -> None:
        self._resource, self._index = resource, index
        self._base, self._joins = base, joins
        self.last: StepKey | None = None
        self.lanes: dict[str, Lane] = {}
        self.steps: list[Step] = []

    def enter(self, index: int, state: str, objects: Sequence[BundleObject]) -> None:
        by_kernel: dict[str, list[BundleObject]] = {}
        for each in objects:
            by_kernel.setdefault(each.kernel, []).append(each)
        common = by_kernel.pop("", [])
        if by_kernel:
            self._enter_lanes(index, state, by_kernel, common)
        elif common:
            self._enter_common(index, state, common)

    def _enter_common(self, index: int, state: str, objects: list[BundleObject]) -> None:
        lanes = tuple(self.lanes.values())
        self._add(
            index,
            StepKey(self._resource, state),
            objects,
            ready=self._before(),
            joins=(*self._joins, *((lanes,) if lanes else ())),
        )
        self.last = StepKey(self._resource, state)

    def _enter_lanes(
        self,
        index: int,
        state: str,
        by_kernel: Mapping[str, list[BundleObject]],
        common: list[BundleObject],
    ) -> None:
        beside = StepKey(self._resource, state)
        companion = (beside,) if common else ()
        is_held = any(map(holds, common))
        ready = self._before()
        ways = {kernel: self.lanes.get(kernel, ()) for kernel in sorted(by_kernel)}
        if common:
            openings = tuple(ways.values()) if all(ways.values()) else ()
            self._add(index, beside, common, ready=ready, joins=self._joins, openings=openings)
        for kernel, way in ways.items():
            key = StepKey(self._resource, state, kernel)
            self._add(
                index,
                key,
                by_kernel[kernel],
                ready=(*ready, *way, *(companion if is_held else ())),
                applied=companion,
                joins=self._joins,
            )
            self.lanes[kernel] = (*way, *companion, key)

    def _before(self) -> tuple[StepKey, ...]:
        return (*self._base, *((self.last,) if self.last else ()))

    def _add(
        self,
        index: int,
        key: StepKey,
        objects: Iterable[BundleObject],
        *,
        ready: tuple[StepKey, ...],
        joins: tuple[tuple[Lane, ...], ...],
        applied: tuple[StepKey, ...] = (),
        openings: tuple[tuple[StepKey, ...], ...] = (),
    ) -> None:
        self.steps.append(
            Step(
                key=key,
                objects=tuple(objects),
                rank=(1, self._index, index, key.kernel),
                ready=ready,
                applied=applied,
                joins=joins,
                openings=openings,
            )
        )


def is_empty(resource: BundleResource) -> bool:
    """Whether nothing is left but what comes by itself: an SR's namespace, whatever its chart renders."""
    return not any(state.objects for state in resource.states if state.name not in FIRST_STATES)


def may_start(step: Step, table: Table, written: Collection[StepKey] = ()) -> bool:
    """Whether all that a step waits for is there. Args: written: see `is_applied`."""
    return (
        all(status_of(table, key) is Status.READY for key in step.ready)
        and all(is_applied(key, table, written) for key in step.applied)
        and all(_is_joined(lanes, table) for lanes in step.joins)
        and (not step.openings or any(is_lane_ready(lane, table) for lane in step.openings))
    )


def is_applied(key: StepKey, table: Table, written: Collection[StepKey]) -> bool:
    """Whether all objects of a step are there, ready or not.

    Args: written: steps whose objects were all applied, whatever became of them.
    """
    return key in written or status_of(table, key) in {Status.APPLIED, Status.READY}


def _is_joined(lanes: Sequence[Lane], table: Table) -> bool:
    """Whether each lane is ready or has failed, and one is ready."""
    ready = [is_lane_ready(lane, table) for lane in lanes]
    return any(ready) and all(
        is_ready or has_lane_failed(lane, table) for lane, is_ready in zip(lanes, ready, strict=True)
    )


def is_lane_ready(lane: Lane, table: Table) -> bool:
    """Whether all steps of a lane are ready."""
    return all(status_of(table, key) is Status.READY for key in lane)


def has_lane_failed(lane: Lane, table: Table) -> bool:
    """Whether a step of a lane has failed."""
    return any(status_of(table, key) is Status.FAILED for key in lane)
