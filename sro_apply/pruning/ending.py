"""The end of a set: the labels of its SR leave the nodes, and then its parent goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sro_apply.events import Kept
from sro_apply.kube.interface import Kube, Propagation
from sro_apply.planning.reading import uid_of
from sro_apply.planning.sets import LiveSet
from sro_render.errors import Finding
from sro_render.model.objects import object_id

Unlabel: TypeAlias = Callable[[str], Sequence[Finding]]
"""Takes the labels of an SR from the nodes; what it could not do."""


def end_set(kube: Kube, given: LiveSet, unlabel: Unlabel) -> Kept | None:
    """Delete the parent of a set that has no members any more; what keeps it, if anything does.

    Raises: TransientError, PermanentError
    """
    # The labels first: who finds no parent any more does not look for them.
    kept = free_nodes(given, unlabel)
    if kept is None:
        kube.delete(object_id(given.parent), uid=uid_of(given.parent), propagation=Propagation.BACKGROUND)
    return kept


def free_nodes(given: LiveSet, unlabel: Unlabel) -> Kept | None:
    """Take the labels of a set's SR from the nodes; what is to be said where that fails.

    Raises: TransientError, PermanentError
    """
    faults = unlabel(given.resource)
    if not faults:
        return None
    return Kept(
        specialresource=given.resource,
        object=str(object_id(given.parent)),
        reason=f"labels of its states are left on nodes: {faults[0].message}",
        hint=faults[0].hint,
    )
