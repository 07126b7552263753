"""Which labels nodes should have for the states that they are done with, and what is to change for it.

A node gets `specialresource.openshift.io/state-SR-NNNN: Ready` when its own kernel's lane has finished the
state, and the state's drivers run on the node itself: one that has just come is not served yet. What is not
kernel-affine counts for all nodes of the SR. It keeps the label while the state is at work
again, for what selects on the label would be taken from the node, and a driver with it. It loses the label
when it is not true any more: another kernel, a driver that does not run there, nothing left of the state, an
SR that has gone, or a state, once all others are ready: until then what another bundle had may select on it.
Where the bundle does not know, as on a node with a driver that it has no longer and that stays since
its kernel runs, every label stays.
Source: special-resource-operator controllers/label_nodes.go; differs: the operator labels all nodes at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from sro_apply.planning.completion import (
    NUMBER_LENGTH,
    SeenState,
    are_ready,
    finished,
    is_ready,
    shared_steps,
    states_of,
)
from sro_apply.planning.picture import Picture, SeenNode, SeenResource, SeenStep
from sro_apply.planning.placement import STATE_LABEL
from sro_apply.planning.progress import Status, StepKey
from sro_apply.planning.running import is_driver
from sro_render.errors import Finding
from sro_render.model.wording import wordlist

READY: Final = "Ready"
MOST_LETTERS: Final = 63
"""Of a label's name behind its `/`."""
_LONGEST_NAME: Final = MOST_LETTERS - len("state-") - 1 - NUMBER_LENGTH


class NodeChange(Struct, frozen=True, kw_only=True):
    """What is to change of a node's labels: values to set, None to remove one."""

    node: str
    labels: Mapping[str, str | None]


class StateChange(Struct, frozen=True, kw_only=True):
    """What was changed of one state's label. state: its name; its number where the bundle lacks it."""

    resource: str
    state: str
    is_ready: bool
    nodes: tuple[str, ...]


def state_label(resource: str, number: str) -> str:
    """`specialresource.openshift.io/state-simple-kmod-0000`."""
    return f"{STATE_LABEL}{resource}-{number}"


def label_findings(picture: Picture) -> tuple[Finding, ...]:
    """The SRs whose nodes cannot be labelled."""
    return tuple(
        Finding(
            code="label-too-long",
            message=f"the nodes of {each.name} get no labels of its states: a label's name has at most "
            f"{MOST_LETTERS} characters",
            subject=each.name,
            special_resource=each.name,
            hint=f"give the SpecialResource a name of at most {_LONGEST_NAME} characters",
        )
        for each in picture.resources
        if not _has_labels(each)
    )


def label_changes(picture: Picture) -> tuple[NodeChange, ...]:
    """What is to change so that each node has the labels that are true of it; nodes A-Z."""
    deciding = [_Deciding(picture, each) for each in picture.resources if _has_labels(each)]
    names = {each.name for each in picture.resources} | set(picture.removed)
    return tuple(
        change
        for node in picture.nodes
        if (change := _change(node, names, {label for one in deciding for label in one.labels_of(node)}))
    )


def state_changes(picture: Picture, changes: Iterable[NodeChange]) -> tuple[StateChange, ...]:
    """Changes of nodes, state by state, as people want to know of them; removed labels after set ones."""
    nodes: dict[tuple[bool, str], list[str]] = {}
    for change in changes:
        for label, value in change.labels.items():
            nodes.setdefault((value is None, label), []).append(change.node)
    return tuple(
        _state_change(picture, label, is_ready=not is_removed, nodes=found)
        for (is_removed, label), found in sorted(nodes.items())
    )


def _state_change(picture: Picture, label: str, *, is_ready: bool, nodes: list[str]) -> StateChange:
    resource, _, number = label.removeprefix(STATE_LABEL).rpartition("-")
    names = [each.name for each in states_of(picture, resource) if each.number == number]
    return StateChange(
        resource=resource,
        state=wordlist(names) if names else number,
        is_ready=is_ready,
        nodes=tuple(sorted(nodes)),
    )


def without_labels(nodes: tuple[SeenNode, ...], resource: str) -> tuple[NodeChange, ...]:
    """What is to change so that no node has labels of an SR."""
    return tuple(change for node in nodes if (change := _change(node, {resource}, set())))


def _has_labels(resource: SeenResource) -> bool:
    return len(resource.name) <= _LONGEST_NAME


def _change(node: SeenNode, names: set[str], wanted: set[str]) -> NodeChange | None:
    """Args: names: the SRs whose labels are ours to remove; wanted: the labels that the node should have."""
    labels: dict[str, str | None] = {
        label: None for label in node.labels if _owner_of(label) in names and label not in wanted
    }
    labels.update({label: READY for label in sorted(wanted) if node.labels.get(label) != READY})
    return NodeChange(node=node.name, labels=MappingProxyType(labels)) if labels else None


def _owner_of(label: str) -> str | None:
    """The SR of a state's label; None of any other label."""
    if not label.startswith(STATE_LABEL):
        return None
    name, _, number = label.removeprefix(STATE_LABEL).rpartition("-")
    return name if len(number) == NUMBER_LENGTH else None


class _Deciding:
    """The labels of one SR."""

    def __init__(self, picture: Picture, resource: SeenResource) -> None:
        self._name = resource.name
        self._states = states_of(picture, resource.name)
        self._nodes = {*resource.nodes, *_used(self._states)}
        self._held = frozenset(resource.held)
        self._numbers = frozenset(state.number for state in self._states)
        self._is_ready = all(map(is_ready, self._states))
        self._is_begun = are_ready(shared_steps(picture, resource.name))
        self._steps: dict[tuple[str, str], tuple[tuple[SeenStep, ...], bool]] = {}
        self._lacking: dict[StepKey, frozenset[str] | None] = {}

    def labels_of(self, node: SeenNode) -> Iterator[str]:
        """Those that are true of a node."""
        given = [each for each, value in node.labels.items() if self._is_true(each, value)]
        if node.name in self._held:
            yield from given
        elif not self._is_ready:
            yield from (each for each in given if each.rpartition("-")[2] not in self._numbers)
        if node.name not in self._nodes:
            return
        by_number: dict[str, bool] = {}
        # As other labels, that of what is shared stays while it is at work again.
        before = self._is_begun or any(self._has_been(each, node) for each in self._states[:1])
        for state, is_finished in finished(
            self._states, lambda state: self._is_done(state, node), before=before
        ):
            by_number[state.number] = by_number.get(state.number, True) and is_finished
        for number, is_finished in by_number.items():
            if is_finished:
                yield state_label(self._name, number)

    def _is_true(self, label: str, value: str) -> bool:
        return _owner_of(label) == self._name and value == READY

    def _is_done(self, state: SeenState, node: SeenNode) -> bool:
        steps, is_finished = self._steps_of(state, node.kernel)
        own = [step for step in steps if step.key.kernel] or steps
        return (
            (is_finished or self._has_been(state, node))
            and bool(own)
            and all(self._holds(step, node.name) for step in own)
        )

    def _has_been(self, state: SeenState, node: SeenNode) -> bool:
        """Whether a node has the label already."""
        return node.labels.get(state_label(self._name, state.number)) == READY

    def _holds(self, step: SeenStep, node: str) -> bool:
        """Whether a state that is finished, or was, is so on a node: one may be newer than the state."""
        if step.key not in self._lacking:
            self._lacking[step.key] = _unserved(step)
        lacking = self._lacking[step.key]
        return lacking is not None and node not in lacking

    def _steps_of(self, state: SeenState, kernel: str) -> tuple[tuple[SeenStep, ...], bool]:
        """What nodes of a kernel need of a state, and whether all of it is ready."""
        key = state.name, kernel
        if key not in self._steps:
            steps = state.steps_of(kernel)
            self._steps[key] = steps, bool(steps) and are_ready(steps)
        return self._steps[key]


def _unserved(step: SeenStep) -> frozenset[str] | None:
    """The nodes where a DaemonSet of a step should run, and does not; None where nothing is left of it.

    Nothing need be left of what is ready: a hook may be gone.

    A node that only does not answer is none of them: were its label taken, what selects on that would be
    deleted there as soon as it answers again, and a driver unloaded that ran all the time.
    """
    if step.status is not Status.READY and all(each.live is None for each in step.objects):
        return None
    drivers = [each for each in step.objects if is_driver(each.id)]
    return frozenset().union(
        *({*each.nodes, *each.fitting, *each.used} - {*each.served, *each.running} for each in drivers)
    )


def _used(states: tuple[SeenState, ...]) -> set[str]:
    """The nodes that DaemonSets of an SR run on already."""
    return {
        name
        for state in states
        for step in state.steps
        for each in step.objects
        if is_driver(each.id)
        for name in each.used
    }
