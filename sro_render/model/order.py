"""The order of SpecialResources: dependencies before dependents, otherwise by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush


def in_order(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Names so that whatever each needs comes before it; among those that could come next, byte order.

    The order depends on names and needs alone, not on that of the mapping.

    Args: needs: each name with the names that it needs; those that are no keys count for nothing. A
          circle, which is an error elsewhere, is entered at its first name in byte order.
    """
    missing = {name: {each for each in others if each in needs} - {name} for name, others in needs.items()}
    dependents: dict[str, list[str]] = {name: [] for name in needs}
    for name, others in missing.items():
        for other in others:
            dependents[other].append(name)
    ready = [name for name, others in missing.items() if not others]
    heapify(ready)
    ordered: list[str] = []
    while missing:
        name = heappop(ready) if ready else min(missing)
        del missing[name]
        ordered.append(name)
        for dependent in dependents[name]:
            if dependent in missing:
                missing[dependent].discard(name)
                if not missing[dependent]:
                    heappush(ready, dependent)
    return tuple(ordered)
