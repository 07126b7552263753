"""The next release before any node runs it: what an upgrade adds, and what is missing for it.

Decides which of the next inventory's facts count: its kernels, as planned ones, its toolkits, and which
nodes go where. What a planned kernel lacks is decided in `kernels.coverage`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sro_render.model.coverage import Coverage
from sro_render.model.inventory import Inventory, Node

_T = TypeVar("_T")
_OF_ONE_NODE = frozenset({"kubernetes.io/hostname"})


class Move(Struct, frozen=True, kw_only=True):
    """A node that will run another kernel. before: empty for a node that is new."""

    node: str
    before: str
    after: str


class Upgrade(Struct, frozen=True, kw_only=True):
    """From one inventory to the next.

    kernels: new ones, in byte order.
    moves:   nodes A-Z; only a next inventory with nodes says which. A node that it does not have stays.
    leaving: kernels that no node runs any more then.
    """

    kernels: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()
    leaving: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """The kernels that must be ready: the new ones, and those that nodes move to."""
        return _ordered({*self.kernels, *(move.after for move in self.moves)})


def with_next(now: Inventory, following: Inventory) -> Inventory:
    """The inventory of now that plans for the kernels of the next one, and knows its toolkits."""
    running = {node.kernel for node in now.nodes}
    planned = [
        _planned(node) for node in (*following.nodes, *following.planned) if node.kernel not in running
    ]
    return replace(
        now,
        planned=_unique((*now.planned, *planned)),
        toolkits=_unique((*now.toolkits, *following.toolkits)),
        toolkit_tags=_unique((*now.toolkit_tags, *following.toolkit_tags)),
    )


def compare(now: Inventory, following: Inventory) -> Upgrade:
    """What changes for the nodes."""
    before = {node.name: str(node.kernel) for node in now.nodes}
    after = {node.name: str(node.kernel) for node in following.nodes}
    planned = {str(node.kernel) for node in (*now.planned, *following.planned)}
    return Upgrade(
        kernels=_ordered((planned | {*after.values()}) - {*before.values()}),
        moves=tuple(
            Move(node=name, before=before.get(name, ""), after=after[name])
            for name in sorted(after)
            if before.get(name) != after[name]
        ),
        leaving=_ordered({*before.values()} - {*(before | after).values()}),
    )


def has_gaps(upgrade: Upgrade, coverage: Coverage) -> bool:
    """Whether anything is missing for any kernel that nodes will run."""
    targets = frozenset(upgrade.targets)
    return any(
        each.lacks for resource in coverage.resources for each in resource.kernels if each.kernel in targets
    )


def _planned(node: Node) -> Node:
    """A node's kernel without what makes it this node: nodes that are alike plan one kernel."""
    labels = {key: value for key, value in sorted(node.labels.items()) if key not in _OF_ONE_NODE}
    return replace(node, name="", labels=labels)


def _unique(entries: Iterable[_T]) -> tuple[_T, ...]:
    """Each entry once, in order; nodes hold mappings, and so have no hash."""
    return tuple({repr(entry): entry for entry in entries}.values())


def _ordered(kernels: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(kernels, key=str.encode))
