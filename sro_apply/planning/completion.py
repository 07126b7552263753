"""How far a SpecialResource has come, state by state: what metrics, labels and conditions tell.

A state is a numbered template, as for the operator. One that rendered to nothing, or to nothing but what
several SRs share, is finished with the one before it; before the first comes what is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from sro_apply.planning.order import SHARED
from sro_apply.planning.picture import Picture, SeenStep
from sro_apply.planning.progress import Status

NUMBER_LENGTH: Final = 4


class SeenState(Struct, frozen=True, kw_only=True):
    """A state of an SR with its steps: that of each kernel, and what exists once.

    template: as the operator writes it, `templates/0000-buildconfig.yaml`.
    """

    name: str
    template: str
    steps: tuple[SeenStep, ...] = ()

    @property
    def number(self) -> str:
        """`0000`. Source: special-resource-operator controllers/resources.go, `path.Base(Name)[:4]`."""
        return self.template.rpartition("/")[2][:NUMBER_LENGTH]

    @property
    def is_affine(self) -> bool:
        """Whether it has something for each kernel."""
        return any(step.key.kernel for step in self.steps)

    def steps_of(self, kernel: str) -> tuple[SeenStep, ...]:
        """What a node with this kernel needs of it; none where it has nothing for that kernel."""
        if not self.is_affine:
            return self.steps
        if all(step.key.kernel != kernel for step in self.steps):
            return ()
        return tuple(step for step in self.steps if step.key.kernel in {"", kernel})


def resources_of(picture: Picture) -> tuple[str, ...]:
    """The SRs of a picture, in order; what several share is none."""
    named = [each.name for each in picture.resources]
    stepping = [step.key.resource for step in picture.steps if step.key.resource != SHARED]
    return tuple(dict.fromkeys((*named, *stepping)))


def steps_of(picture: Picture, resource: str) -> tuple[SeenStep, ...]:
    """All steps of an SR, in order."""
    return tuple(step for step in picture.steps if step.key.resource == resource)


def shared_steps(picture: Picture, resource: str) -> tuple[SeenStep, ...]:
    """The steps of what an SR shares with others, in order: they come before its own."""
    return tuple(
        step for step in steps_of(picture, SHARED) if any(resource in each.sharers for each in step.objects)
    )


def are_ready(steps: Iterable[SeenStep]) -> bool:
    """Whether each of some steps is."""
    return all(step.status is Status.READY for step in steps)


def states_of(picture: Picture, resource: str) -> tuple[SeenState, ...]:
    """The states of an SR, in order."""
    by_state: dict[str, list[SeenStep]] = {}
    for step in steps_of(picture, resource):
        by_state.setdefault(step.key.state, []).append(step)
    return tuple(
        SeenState(name=state, template=template, steps=tuple(by_state.get(state, ())))
        for (owner, state), template in picture.templates.items()
        if owner == resource
    )


def is_ready(state: SeenState) -> bool:
    """Whether all of a state is ready."""
    return are_ready(state.steps)


def finished(
    states: tuple[SeenState, ...], is_done: Callable[[SeenState], bool] = is_ready, *, before: bool
) -> Iterator[tuple[SeenState, bool]]:
    """Each state, and whether it is finished.

    Args: is_done: asked of states that have anything; before: whether what comes before the first of them is
          finished: what the SR shares.
    """
    for state in states:
        before = is_done(state) if state.steps else before
        yield state, before
