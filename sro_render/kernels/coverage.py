"""Which node each SpecialResource serves, with what, and why not: judged by the objects as they are written.

What "served" means. A SpecialResource's *drivers* are its kernel-affine DaemonSets; where it has none, its
other kernel-affine workloads that stay (Deployments, Pods and their kin); else its DaemonSets; else its
kernel-affine Jobs. A node that the SpecialResource selects is

- `failed`    if nothing could be rendered for its kernel;
- `idle`      if the SpecialResource has no drivers at all;
- `excluded`  if the chart's own selectors (all but the kernel's label) keep each driver of its kernel off;
- `unserved`  if its kernel has no driver while others have one, if a driver that could run there does not
              because of the node's kernel label, or if the driver's image cannot be there: its build needs
              a driver toolkit and there is none, no build makes its tag, or the build fits on no node;
- `served`    else: every driver of its kernel that the chart lets run there does.

A selector on a label that the applier sets while it goes through the states counts as met, and is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from sro_render.kernels.facts import KERNEL_LABEL
from sro_render.kernels.grouping import KernelGroup
from sro_render.kernels.images import BuilderIndex, holds_text, names_kernel
from sro_render.kernels.selectors import BUILD_KINDS
from sro_render.kernels.workloads import Expansion, Nodes, Profile, Workload, find_profiles, read_workloads
from sro_render.model.coverage import (
    Coverage,
    ImageUse,
    KernelCoverage,
    Lack,
    Origin,
    Reason,
    ResourceCoverage,
    Share,
    Status,
)
from sro_render.model.inventory import Inventory

_DRIVER_KINDS: Sequence[tuple[bool, frozenset[str]]] = (
    (True, frozenset({"DaemonSet"})),
    (
        True,
        frozenset(
            {"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "DeploymentConfig", "Pod"}
        ),
    ),
    (False, frozenset({"DaemonSet"})),
    (True, frozenset({"Job", "CronJob"})),
)
"""(kernel-affine, kinds): what a SpecialResource's drivers are, the first of these that it has."""


def cover(expansions: Sequence[Expansion], inventory: Inventory) -> Coverage:
    """The coverage of everything that was rendered; SpecialResources in the order given."""
    builders = BuilderIndex()
    prepared = []
    for expansion in expansions:
        workloads = read_workloads(expansion, builders)
        prepared.append((expansion, workloads))
    nodes = Nodes(find_profiles(prepared, inventory.nodes))
    return Coverage(
        resources=tuple(
            _ResourceCover(expansion, workloads, builders, nodes).run() for expansion, workloads in prepared
        ),
        nodes=tuple((node.name, node.kernel) for node in inventory.nodes),
    )


class _ResourceCover(Struct):
    """The coverage of one SpecialResource, in steps."""

    expansion: Expansion
    workloads: tuple[Workload, ...]
    builders: BuilderIndex
    nodes: Nodes
    drivers: tuple[Workload, ...] = ()
    by_label: dict[str | None, list[tuple[int, Workload]]] = {}
    by_identity: dict[str, Workload] = {}
    groups: dict[str, KernelGroup] = {}
    needing: frozenset[tuple[str, str, str]] = frozenset()
    """What needs a driver toolkit, by base."""
    drivers_of: dict[str, list[Workload]] = {}
    builders_of: dict[str, list[Workload]] = {}
    lacks_of: dict[tuple[str, str], tuple[Reason, ...]] = {}

    def run(self) -> ResourceCoverage:
        """All steps."""
        self._sort_workloads()
        selected: dict[str, list[Profile]] = {}
        wanted = self.expansion.node_selector.items()
        for profile in self.nodes.profiles:
            if all(profile.own.get(key) == value for key, value in wanted):
                selected.setdefault(profile.kernel, []).append(profile)
        self.groups = {group.kernel: group for group in self.expansion.groups}
        kernels = sorted({*self.groups, *selected}, key=str.encode)
        return ResourceCoverage(
            name=self.expansion.name,
            selector=self.expansion.node_selector,
            kernels=tuple(self._kernel(each, selected.get(each, [])) for each in kernels),
            has_drivers=bool(self.drivers),
        )

    def _sort_workloads(self) -> None:
        self.by_identity = {each.identity: each for each in self.workloads}
        running = [each for each in self.workloads if each.kind not in BUILD_KINDS]
        for order, each in enumerate(running):
            self.by_label.setdefault(each.kernel_label, []).append((order, each))
        for wants_affine, kinds in _DRIVER_KINDS:
            found = tuple(
                each for each in running if each.kind in kinds and bool(each.kernel) == wants_affine
            )
            if found:
                self.drivers = found
                break
        for each in self.drivers:
            self.drivers_of.setdefault(each.kernel, []).append(each)
        for each in self.workloads:
            if each.is_builder or self._is_making_job(each):
                self.builders_of.setdefault(each.kernel, []).append(each)
        self.needing = frozenset(self._needing())

    def _is_making_job(self, workload: Workload) -> bool:
        if workload.kind != "Job":
            return False
        images = {image for each in self.drivers_of.get(workload.kernel, ()) for image in each.images}
        return any(self.builders.maker_of(image, workload.kernel) == workload.identity for image in images)

    def _needing(self) -> Iterator[tuple[str, str, str]]:
        """What is made with a toolkit: it names its kernel's toolkit, as far as any kernel has one."""
        if not self.expansion.uses_toolkit:
            return
        images: dict[str, str] = {
            group.kernel: group.toolkit.image for group in self.expansion.groups if group.toolkit
        }
        if images:
            seen: set[tuple[str, str, str]] = set()
            for each in self.workloads:
                if each.base not in seen and each.kernel in images:
                    seen.add(each.base)
                    if holds_text(each.manifest, images[each.kernel]):
                        yield each.base
            return
        makers = [each for kernel in self.builders_of.values() for each in kernel]
        for each in makers or self.drivers:
            yield each.base

    def _kernel(self, kernel: str, profiles: Sequence[Profile]) -> KernelCoverage:
        rendered, group = self.expansion.rendered, self.groups.get(kernel)
        has_failed = group is None or rendered is None or kernel not in rendered.kernels
        toolkit = group.toolkit.image if group and group.toolkit else ""
        if has_failed:
            reason = Reason(Lack.RENDER, "rendering failed for this kernel")
            nodes = tuple(sorted(name for profile in profiles for name in profile.nodes))
            failed = (Share(nodes=nodes, status=Status.FAILED, reasons=(reason,)),) if nodes else ()
            return KernelCoverage(
                kernel=kernel, is_planned=not nodes, toolkit=toolkit, lacks=(reason,), shares=failed
            )
        drivers = self.drivers_of.get(kernel, []) or self.drivers_of.get("", [])
        makers = self.builders_of.get(kernel, [])
        lacks = tuple(dict.fromkeys(reason for each in drivers for reason in self._lacks(each, kernel)))
        if self.drivers and not drivers:
            lacks = (self._no_driver(),)
        images = dict.fromkeys(image for each in drivers for image in each.images)
        return KernelCoverage(
            kernel=kernel,
            is_planned=not profiles,
            toolkit=toolkit,
            needs_toolkit=any(each.base in self.needing for each in (*drivers, *makers)),
            drivers=tuple(each.identity for each in drivers),
            builders=tuple(each.identity for each in makers),
            images=tuple(self._image_use(image, kernel) for image in images),
            lacks=lacks,
            shares=_merged(self._share(kernel, drivers, profile) for profile in profiles),
        )

    def _no_driver(self) -> Reason:
        names = sorted({f"{kind} {name}" for kind, _, name in (each.base for each in self.drivers)})
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return Reason(
            Lack.DRIVER, f"the chart renders no driver for this kernel ({names[0]}{more} for others)"
        )

    def _share(self, kernel: str, drivers: Sequence[Workload], profile: Profile) -> Share:
        """What becomes of the nodes of one profile."""
        candidates = (*self.by_label.get(profile.labels.get(KERNEL_LABEL), ()), *self.by_label.get(None, ()))
        running: dict[str, Workload] = {}
        awaits: set[str] = set()
        for _, each in sorted(candidates, key=lambda pair: pair[0]):
            waits = profile.fits(each.selector)
            if waits is not None:
                running[each.identity] = each
                awaits.update(waits)
        status, reasons = self._judge(kernel, drivers, profile, running)
        return Share(
            nodes=profile.nodes,
            status=status,
            reasons=reasons,
            objects=tuple(running),
            images=tuple(dict.fromkeys(image for each in running.values() for image in each.images)),
            awaits=tuple(sorted(awaits)),
        )

    def _judge(
        self,
        kernel: str,
        drivers: Sequence[Workload],
        profile: Profile,
        running: Mapping[str, Workload],
    ) -> tuple[Status, tuple[Reason, ...]]:
        if not self.drivers:
            return Status.IDLE, ()
        if not drivers:
            return Status.UNSERVED, (self._no_driver(),)
        wanted = [each for each in drivers if profile.fits(each.own) is not None]
        if not wanted:
            texts = (f"{each.kind} {each.base[2]} wants {profile.obstacle(each.own)}" for each in drivers)
            return Status.EXCLUDED, tuple(Reason(Lack.SELECTOR, text) for text in texts)
        reasons: list[Reason] = []
        for each in wanted:
            if each.identity not in running:
                value = profile.labels.get(KERNEL_LABEL, "")
                text = f"{each.identity} does not run there: the node's kernel label is {value!r}"
                reasons.append(Reason(Lack.LABEL, text))
            reasons.extend(self._lacks(each, kernel))
        return (Status.UNSERVED if reasons else Status.SERVED), tuple(dict.fromkeys(reasons))

    # -- images

    def _image_use(self, image: str, kernel: str) -> ImageUse:
        maker = self.builders.maker_of(image, kernel) if image else ""
        if maker:
            origin = Origin.BUILT
        elif not image:
            origin = Origin.EMPTY
        elif self.builders.should_make(image, kernel):
            origin = Origin.UNBUILT
        else:
            origin = Origin.OF_KERNEL if names_kernel(image, kernel) else Origin.COMMON
        return ImageUse(image=image, origin=origin, maker=maker)

    def _lacks(self, driver: Workload, kernel: str) -> tuple[Reason, ...]:
        """What keeps a driver from working on any node of a kernel."""
        known = self.lacks_of.get((driver.identity, kernel))
        if known is None:
            known = self.lacks_of[driver.identity, kernel] = tuple(
                dict.fromkeys(self._find_lacks(driver, self.groups[kernel]))
            )
        return known

    def _find_lacks(self, driver: Workload, group: KernelGroup) -> Iterator[Reason]:
        kernel = group.kernel
        needy = [driver] if driver.base in self.needing else []
        for image in driver.images:
            use = self._image_use(image, kernel)
            maker = self.by_identity.get(use.maker)
            if use.origin is Origin.UNBUILT:
                yield Reason(Lack.IMAGE, f"no build makes the image {image} of {driver.identity}")
            elif use.origin is Origin.EMPTY and (group.toolkit or not needy):
                yield Reason(Lack.IMAGE, f"{driver.identity} has a container without an image")
            rivals = self.builders.kernels_of(image)
            if len(rivals) > 1:
                text = f"the builds of {len(rivals)} kernels push one image, {image}"
                yield Reason(Lack.IMAGE, f"{text}, where the last one stays")
            if maker is not None:
                if maker.base in self.needing and maker.kernel in {"", kernel}:
                    needy.append(maker)
                # A Job for a planned kernel waits for the first node that runs it.
                is_early = maker.kind == "Job" and group.is_planned
                if not is_early and not self.nodes.have_place_for(maker.selector):
                    yield Reason(Lack.BUILD, f"no node fits the selectors of {maker.identity}")
        if group.toolkit is None:
            for each in needy:
                yield Reason(Lack.TOOLKIT, f"there is no driver toolkit for {each.identity}")


def _merged(shares: Iterable[Share]) -> tuple[Share, ...]:
    """Shares that differ in their nodes alone as one; in the order of their first nodes."""
    nodes: dict[Share, list[str]] = {}
    for share in shares:
        nodes.setdefault(replace(share, nodes=()), []).extend(share.nodes)
    merged = (replace(share, nodes=tuple(sorted(names))) for share, names in nodes.items())
    return tuple(sorted(merged, key=lambda share: share.nodes))
