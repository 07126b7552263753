"""Which live nodes a SpecialResource takes: those that its own selectors fit, whatever kernel they run.

A bundle does not say which nodes an SR selects, but each of its workloads and builds has the SR's selector.
Drivers come first, since what they fit is what needs one; an SR without any workload has those of the lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from sro_apply.planning.order import SHARED, is_empty
from sro_apply.planning.parts import BundleResource, RenderedBundle
from sro_apply.planning.picture import SeenResource
from sro_apply.planning.placement import LiveNode, Place, read_place
from sro_apply.planning.running import is_driver


def seen_resources(
    bundle: RenderedBundle, nodes: Sequence[LiveNode], stray: Collection[str] = ()
) -> tuple[SeenResource, ...]:
    """The SRs of a bundle with their lanes and their live nodes, in the bundle's order.

    Args: stray: the nodes on which drivers run that the bundle has no longer.
    """
    return tuple(
        SeenResource(
            name=resource.name,
            lanes=tuple(sorted({each.kernel for each in resource.objects if each.kernel})),
            nodes=_members(resource, nodes, bundle.kernels),
            held=tuple(
                sorted(
                    node.name
                    for node in nodes
                    if node.name in stray or is_empty(resource) or not bundle.kernels
                )
            ),
        )
        for resource in bundle.resources
        if resource.name != SHARED
    )


def _members(
    resource: BundleResource, nodes: Sequence[LiveNode], kernels: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    places = _places(resource)
    if not places:
        locked = {name for names in kernels.values() for name in names}
        return tuple(sorted(node.name for node in nodes if node.name in locked))
    return tuple(sorted(node.name for node in nodes if any(place.fits(node) for place in places)))


def _places(resource: BundleResource) -> tuple[Place, ...]:
    """Of the first of these that there are: drivers, other DaemonSets, whatever else selects nodes."""
    found = [(each, place) for each in resource.objects if (place := read_place(each.manifest))]
    daemon_sets = [(each, place) for each, place in found if is_driver(each.id)]
    drivers = [(each, place) for each, place in daemon_sets if each.kernel]
    # Those of 37 kernels are one place: it is asked once.
    places = {msgspec.json.encode(place): place for _, place in drivers or daemon_sets or found}
    return tuple(places.values())
