"""What a bundle has to run, and where: its workloads by kernel, and the nodes by what selectors ask of them.

Decides what is one workload whatever the kernel, and which nodes are alike. What serves a node is decided
in `coverage`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from sro_render.kernels.affinity import PREFIX, is_affine, kernel_suffix
from sro_render.kernels.facts import KERNEL_LABEL
from sro_render.kernels.grouping import KernelGroup
from sro_render.kernels.images import BuilderIndex, builder_of, images_of
from sro_render.kernels.selectors import PodSelector, Questions, node_labels, pod_selector
from sro_render.model.bundle import RenderedObject, RenderedResource
from sro_render.model.inventory import Node
from sro_render.model.objects import JsonObject

STATE_LABEL = f"{PREFIX}state-"
"""What the applier sets on nodes, followed by `SR-NNNN`."""


class Expansion(Struct, frozen=True, kw_only=True):
    """What coverage needs to know of one SpecialResource.

    rendered:      None where it failed as a whole.
    uses_toolkit:  whether its chart builds in a driver toolkit.
    """

    name: str
    node_selector: Mapping[str, str]
    groups: tuple[KernelGroup, ...]
    rendered: RenderedResource | None
    uses_toolkit: bool = False


class Workload(Struct, frozen=True, kw_only=True):
    """An object with pods, or a build.

    base: what it is called whatever the kernel; own: its selector without the kernel's label.
    """

    identity: str
    kind: str
    base: tuple[str, str, str]
    kernel: str
    selector: PodSelector
    own: PodSelector
    images: tuple[str, ...]
    manifest: JsonObject
    is_builder: bool

    @property
    def kernel_label(self) -> str | None:
        """The value of the kernel's label that it is bound to."""
        return self.selector.labels.get(KERNEL_LABEL)


def read_workloads(expansion: Expansion, builders: BuilderIndex) -> tuple[Workload, ...]:
    """Everything that runs pods; what builds images goes to `builders` too."""
    if expansion.rendered is None:
        return ()
    suffixes: dict[str, str] = {
        group.kernel: f"-{kernel_suffix(group.system.version, group.kernel)}" for group in expansion.groups
    }
    found = []
    for each in (each for state in expansion.rendered.states for each in state.objects):
        builder = builder_of(each.manifest)
        if builder is not None:
            builders.add(str(each.id), builder, each.kernel)
        selector = pod_selector(each.manifest)
        if selector is not None:
            is_builder = builder is not None and bool(builder.outputs)
            found.append(_workload(each, selector, suffixes.get(each.kernel, ""), is_builder=is_builder))
    return tuple(found)


def _workload(each: RenderedObject, selector: PodSelector, suffix: str, *, is_builder: bool) -> Workload:
    identity = each.id
    return Workload(
        identity=str(identity),
        kind=identity.kind,
        base=(identity.kind, identity.namespace, identity.name.removesuffix(suffix)),
        kernel=each.kernel if is_affine(each.manifest) else "",
        selector=selector,
        own=selector.without(KERNEL_LABEL),
        images=images_of(each.manifest),
        manifest=each.manifest,
        is_builder=is_builder,
    )


class Profile(Struct, frozen=True, kw_only=True):
    """Nodes that no selector tells apart, with the name and labels of one of them.

    own: the labels that the snapshot has, for the SRs' selectors.
    """

    kernel: str
    name: str
    labels: Mapping[str, str]
    own: Mapping[str, str]
    nodes: tuple[str, ...]

    def fits(self, selector: PodSelector) -> tuple[str, ...] | None:
        """The labels that a pod waits for on these nodes, of those that the applier sets; None: never."""
        if selector.matches(self.labels, self.name):
            return ()
        awaited = sorted(
            key for key in set(selector.keys()) if key.startswith(STATE_LABEL) and key not in self.labels
        )
        if awaited and selector.matches({**self.labels, **dict.fromkeys(awaited, "Ready")}, self.name):
            return tuple(awaited)
        return None

    def obstacle(self, selector: PodSelector) -> str:
        """What keeps a pod off these nodes, in words."""
        return selector.obstacle(self.labels, self.name)


def find_profiles(
    prepared: Iterable[tuple[Expansion, tuple[Workload, ...]]], nodes: Iterable[Node]
) -> tuple[Profile, ...]:
    """The nodes, those together that no selector tells apart: thousands of nodes become a few."""
    of_pods, of_resources = Questions(), Questions()
    of_pods.add_labels({KERNEL_LABEL: ""})
    for expansion, workloads in prepared:
        of_resources.add_labels(expansion.node_selector)
        for each in workloads:
            of_pods.add(each.selector)
    alike: dict[tuple[object, ...], list[Node]] = {}
    for node in nodes:
        labels = node_labels(node)
        profile = (
            node.kernel,
            labels[KERNEL_LABEL],
            of_pods.answers(labels, node.name),
            of_resources.answers(node.labels, ""),
        )
        alike.setdefault(profile, []).append(node)
    return tuple(
        Profile(
            kernel=members[0].kernel,
            name=members[0].name,
            labels=_only(node_labels(members[0]), of_pods.keys()),
            own=_only(members[0].labels, of_resources.keys()),
            nodes=tuple(node.name for node in members),
        )
        for members in alike.values()
    )


def _only(labels: Mapping[str, str], keys: Iterable[str]) -> Mapping[str, str]:
    return {key: labels[key] for key in keys if key in labels}


class Nodes:
    """All nodes of a cluster as profiles, found by the kernel's label."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.profiles = tuple(profiles)
        self._by_label: dict[str, list[Profile]] = {}
        for profile in profiles:
            self._by_label.setdefault(profile.labels.get(KERNEL_LABEL, ""), []).append(profile)

    def have_place_for(self, selector: PodSelector) -> bool:
        """Whether any node may run the pod, now or once the applier has labelled it."""
        label = selector.labels.get(KERNEL_LABEL)
        candidates = self.profiles if label is None else self._by_label.get(label, ())
        return any(profile.fits(selector) is not None for profile in candidates)
