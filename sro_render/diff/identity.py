"""Which object of one bundle is which of the other.

Decides: one group, kind, namespace and name are one object, whatever the version that it is written in. What
is left over on both sides is paired as a rollover if it is kernel-affine, of one SR, state and kind, and has
one name but for the hash of its kernel. Between several kernels that go and come the nodes decide: an old
kernel goes with the new one that most of its nodes run; without such nodes, with one of its own kind (release
aside, the same string), else of its own architecture, in byte order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from sro_render.diff.records import ObjectRef
from sro_render.model.objects import ObjectId

ObjectKey = tuple[str, str, str, str]
"""(group, kind, namespace, name)."""
_RolloverKey = tuple[str, str, str, str, str, str]

_NUMBERS = re.compile(r"\d+")


def object_key(identity: ObjectId) -> ObjectKey:
    """See `ObjectKey`."""
    return identity.group, identity.kind, identity.namespace, identity.name


class KernelMoves(Struct, frozen=True):
    """Which kernels the nodes run before and after, by the nodes' names."""

    before: Mapping[str, str]
    after: Mapping[str, str]

    def count(self, old: str, new: str) -> int:
        """How many nodes go from one kernel to the other."""
        return sum(1 for node, kernel in self.before.items() if kernel == old and self.after.get(node) == new)


def pair_rollovers(
    removed: Sequence[ObjectRef], added: Sequence[ObjectRef], moves: KernelMoves
) -> list[tuple[int, int]]:
    """The places in both sequences of what gives way to what; each object is in one pair at most."""
    old, new = _by_key(removed), _by_key(added)
    ranks: dict[tuple[str, str], tuple[int, bool] | None] = {}
    pairs: list[tuple[int, int]] = []
    for key in old.keys() & new.keys():
        wanted = []
        for first in old[key]:
            for second in new[key]:
                kernels = removed[first].kernel, added[second].kernel
                if kernels not in ranks:
                    ranks[kernels] = _rank(*kernels, moves)
                rank = ranks[kernels]
                if rank is not None:
                    wanted.append((rank, kernels, first, second))
        used_first: set[int] = set()
        used_second: set[int] = set()
        for _, _, first, second in sorted(wanted):
            if first not in used_first and second not in used_second:
                used_first.add(first)
                used_second.add(second)
                pairs.append((first, second))
    return sorted(pairs)


def _by_key(refs: Sequence[ObjectRef]) -> dict[_RolloverKey, list[int]]:
    found: dict[_RolloverKey, list[int]] = {}
    for place, ref in enumerate(refs):
        if ref.suffix:
            key = (
                ref.special_resource,
                ref.state,
                ref.id.group,
                ref.id.kind,
                ref.id.namespace,
                ref.base_name,
            )
            found.setdefault(key, []).append(place)
    return found


def _rank(old: str, new: str, moves: KernelMoves) -> tuple[int, bool] | None:
    """How well two kernels go together, the best first; None if they do not."""
    if old == new:
        return None
    shared = moves.count(old, new)
    is_alike = _NUMBERS.sub("0", old) == _NUMBERS.sub("0", new)
    if not shared and not is_alike and _architecture(old) != _architecture(new):
        return None
    return -shared, not is_alike


def _architecture(kernel: str) -> str:
    return kernel.rpartition(".")[2].partition("+")[0]
