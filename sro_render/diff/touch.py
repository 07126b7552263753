"""Which nodes a change touches, and which would be left without a driver.

Decides by what both locks say of kernels and nodes, and by the objects' own selectors as far as they ask for
a kernel or a node by name; other labels of nodes are in no lock, and count as met. A lock names the nodes of
a kernel for all SRs together: where two SRs select different nodes of one kernel, both touch all of them.
A kernel-affine object touches its kernel's nodes, a DaemonSet those that its pods may run on. What runs
somewhere, such as a Deployment, and what only others read, such as a ConfigMap, touches no node by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from sro_render.diff.records import BundleShape, DriverLoss, ObjectRef, TouchedNode
from sro_render.kernels.facts import KERNEL_LABEL, kernel_label_value
from sro_render.kernels.selectors import PodSelector, pod_selector
from sro_render.model.inventory import KernelVersion
from sro_render.model.objects import JsonObject

HOSTNAME_LABEL = "kubernetes.io/hostname"
_KNOWN_LABELS = frozenset({KERNEL_LABEL, HOSTNAME_LABEL})
_DRIVER_KIND = "DaemonSet"

Drivers = AbstractSet[tuple[str, str]]
"""(SR, kernel) of each kernel-affine DaemonSet."""


def is_driver(ref: ObjectRef) -> bool:
    """Whether it is what loads a kernel's module: a kernel-affine DaemonSet."""
    return ref.id.kind == _DRIVER_KIND and bool(ref.kernel)


class NodeMap:
    """The nodes of one side by kernel, as its lock knows them."""

    def __init__(self, shape: BundleShape) -> None:
        self.nodes: Mapping[str, tuple[str, ...]] = dict(shape.kernels)
        self.kernels: Mapping[str, str] = {node: kernel for kernel, nodes in shape.kernels for node in nodes}
        self._all = tuple(sorted(self.kernels))
        self._by_selector: dict[str, tuple[str, ...]] = {}

    def touched_by(self, ref: ObjectRef, manifest: JsonObject) -> tuple[str, ...]:
        """The nodes that an object's change touches, by name."""
        if ref.kernel:
            return self.nodes.get(ref.kernel, ())
        if ref.id.kind != _DRIVER_KIND or not self._all:
            return ()
        selector = pod_selector(manifest)
        if selector is None:
            return ()
        known = _with_known_labels(selector)
        question = repr(known)
        if question not in self._by_selector:
            self._by_selector[question] = tuple(self._matching(known))
        return self._by_selector[question]

    def _matching(self, selector: PodSelector) -> Iterator[str]:
        for node in self._all:
            kernel = kernel_label_value(KernelVersion(self.kernels[node]))
            if selector.matches({KERNEL_LABEL: kernel, HOSTNAME_LABEL: node}, node):
                yield node


def touched_nodes(names: AbstractSet[str], before: NodeMap, after: NodeMap) -> tuple[TouchedNode, ...]:
    """The nodes that some object touches, and those whose kernel changes, by name."""
    # Where one side has no lock, that nothing is known of a node means nothing.
    moved = {
        node
        for node in {**before.kernels, **after.kernels}
        if before.kernels and after.kernels and before.kernels.get(node) != after.kernels.get(node)
    }
    return tuple(
        TouchedNode(
            name=node,
            kernel_before=before.kernels.get(node, ""),
            kernel_after=after.kernels.get(node, ""),
        )
        for node in sorted({*names, *moved})
    )


def driver_losses(
    before: NodeMap, after: NodeMap, drivers_before: Drivers, drivers_after: Drivers
) -> tuple[DriverLoss, ...]:
    """The nodes that have an SR's driver before and none after, by name."""
    if not before.kernels or not after.kernels:
        return ()
    still_there = {resource for resource, _ in drivers_after}
    return tuple(
        sorted(
            DriverLoss(
                node=node,
                kernel=kernel,
                special_resource=resource,
                reason=_reason(resource, kernel, after.kernels.get(node, ""), still_there),
            )
            for resource, kernel in drivers_before
            for node in before.nodes.get(kernel, ())
            if (resource, after.kernels.get(node, "")) not in drivers_after
        )
    )


def _reason(resource: str, kernel: str, new_kernel: str, still_there: AbstractSet[str]) -> str:
    if not new_kernel:
        return "the bundle does not name the node any more: it is gone, or no SpecialResource selects it"
    if resource not in still_there:
        return f"{resource} has no driver any more"
    if new_kernel == kernel:
        return "the driver of its kernel is removed"
    return f"it moves to kernel {new_kernel}, which has no driver of {resource}"


def _with_known_labels(selector: PodSelector) -> PodSelector:
    """What a selector asks of a node's kernel and name."""
    terms = selector.terms
    if terms is not None:
        terms = tuple(
            replace(term, labels=tuple(each for each in term.labels if each.key in _KNOWN_LABELS))
            for term in terms
        )
        if any(not term.labels and not term.fields for term in terms):
            terms = None
    labels = {key: value for key, value in selector.labels.items() if key in _KNOWN_LABELS}
    return replace(selector, labels=labels, terms=terms)
