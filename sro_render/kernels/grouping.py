"""Which nodes an SR is for, and which kernels they run.

Source: special-resource-operator pkg/upgrade/upgrade.go and pkg/runtime/runtime.go. Differs:
kernels go in byte order, every kernel has facts of its own, and all toolkits are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from sro_render.errors import Finding, InputError
from sro_render.gotemplate.numbers import parse_uint
from sro_render.kernels.facts import (
    KERNEL_LABEL,
    OperatingSystem,
    kernel_label_value,
    operating_system,
)
from sro_render.kernels.toolkits import Toolkits, choose_toolkit, doubtful_toolkits
from sro_render.model.inventory import DriverToolkit, KernelVersion, Node, ToolkitTag
from sro_render.model.wording import name_some


class KernelGroup(Struct, frozen=True, kw_only=True):
    """The nodes of one SR that run one kernel, and what holds for all of them.

    nodes:    names A-Z; empty for a kernel that is only planned.
    selector: value of the label `feature.node.kubernetes.io/kernel-version.full`.
    toolkit:  the driver toolkit that has this kernel's headers, its kernels with their
              architecture's suffix, and the tag that it was found by if it was; or None.
    """

    kernel: KernelVersion
    nodes: tuple[str, ...]
    system: OperatingSystem
    architecture: str
    selector: str
    toolkit: DriverToolkit | None = None

    @property
    def is_planned(self) -> bool:
        """Whether no node runs it yet."""
        return not self.nodes


def select_nodes(nodes: Iterable[Node], selector: Mapping[str, str]) -> tuple[Node, ...]:
    """The nodes that have every label of the selector; an empty selector selects every node."""
    wanted = selector.items()
    return tuple(node for node in nodes if all(node.labels.get(key) == value for key, value in wanted))


def group_by_kernel(
    nodes: Sequence[Node],
    planned: Sequence[Node],
    toolkits: Sequence[DriverToolkit],
    tags: Sequence[ToolkitTag] = (),
    version: str = "",
) -> tuple[tuple[KernelGroup, ...], tuple[InputError, ...], tuple[Finding, ...]]:
    """Split an SR's nodes into one group per kernel.

    Args:    nodes: any order; planned: kernels that no node runs yet; toolkits, tags: any order;
             version: the cluster's version of OpenShift.
    Returns: groups in byte order of the kernel string, the kernels that have no group because
             their nodes contradict each other, and findings.
    """
    by_kernel: dict[KernelVersion, list[Node]] = {}
    for node in nodes:
        by_kernel.setdefault(node.kernel, []).append(node)
    running = frozenset(by_kernel)
    for node in planned:
        # Once a node runs it, the node's own facts count.
        if node.kernel not in running:
            by_kernel.setdefault(node.kernel, []).append(node)
    groups: list[KernelGroup] = []
    errors: list[InputError] = []
    findings: list[Finding] = []
    index = Toolkits.of(toolkits, tags, version)
    for kernel in sorted(by_kernel, key=str.encode):
        members = sorted(by_kernel[kernel], key=lambda node: node.name)
        systems = {operating_system(node): node for node in reversed(members)}
        if len({system.version for system in systems} - {""}) > 1:
            errors.append(_mixed_systems(kernel, systems))
            continue
        # In an order that no node's name decides; a system that says nothing comes last.
        group, more = _group(kernel, members, sorted(systems, key=_system_order), index)
        groups.append(group)
        findings.extend(more)
    findings.extend(_ambiguous_labels(groups))
    findings.extend(doubtful_toolkits((group.kernel, group.toolkit) for group in groups))
    return tuple(groups), tuple(errors), tuple(findings)


def _ambiguous_labels(groups: Sequence[KernelGroup]) -> Iterator[Finding]:
    """Kernels that no node's label tells apart: what is for one of them would run on the other."""
    by_selector: dict[str, list[str]] = {}
    for group in groups:
        by_selector.setdefault(group.selector, []).append(group.kernel)
    for selector, kernels in by_selector.items():
        if len(kernels) > 1:
            yield Finding(
                code="kernel-label-ambiguous",
                message=f"the label {KERNEL_LABEL} is {selector!r} for {' and for '.join(kernels)}",
                subject=f"kernel {kernels[0]}",
                hint="a driver for one of them would run on the other's nodes: give each a SpecialResource "
                "with a nodeSelector of its own",
            )


def _mixed_systems(kernel: KernelVersion, systems: Mapping[OperatingSystem, Node]) -> InputError:
    seen = sorted((system.version or "none", node.name) for system, node in systems.items())
    return InputError(
        "kernel-mixed-os",
        "nodes with this kernel report different OS versions: "
        + ", ".join(f"{version} on {name or 'a planned kernel'}" for version, name in seen),
        subject=f"kernel {kernel}",
        hint="one kernel string belongs to one OS version; take the snapshot again, "
        "or mend the nodes' labels feature.node.kubernetes.io/system-os_release.*",
    )


def _group(
    kernel: KernelVersion,
    members: Sequence[Node],
    systems: Sequence[OperatingSystem],
    toolkits: Toolkits,
) -> tuple[KernelGroup, tuple[Finding, ...]]:
    """One kernel's group, from its nodes A-Z, and what is odd about it."""
    selector = kernel_label_value(kernel)
    architectures = sorted({node.architecture for node in members if node.architecture})
    findings = [
        *_mixed_releases(kernel, members, systems),
        *_mixed_architectures(kernel, members, architectures),
        *_stale_labels(kernel, members, selector),
    ]
    if len(selector) > 63:
        findings.append(
            Finding(
                code="kernel-label-too-long",
                message=f"the kernel's label value has {len(selector)} characters, and Kubernetes allows 63",
                subject=f"kernel {kernel}",
                hint="no node can carry this label, so that nothing for this kernel can be scheduled: give "
                "the kernel a shorter version string, or keep its nodes out with spec.nodeSelector",
            )
        )
    architecture = architectures[0] if architectures else ""
    toolkit, more = choose_toolkit(kernel, members, architecture, systems[0], toolkits)
    findings.extend(more)
    group = KernelGroup(
        kernel=kernel,
        nodes=tuple(node.name for node in members if node.name),
        system=systems[0],
        architecture=architecture,
        selector=selector,
        toolkit=toolkit,
    )
    if group.toolkit and group.toolkit.os_version not in {"", group.system.version}:
        findings.append(
            Finding(
                code="toolkit-os-mismatch",
                message=f"the driver toolkit is for OS version {group.toolkit.os_version}, "
                f"but the nodes report {group.system.version or 'none'}",
                subject=f"kernel {kernel}",
                hint="add the toolkit of the nodes' OS version to driverToolkits of a NodeInventory, or mend "
                f"the osVersion of {group.toolkit.image} there",
            )
        )
    return group, tuple(findings)


def _mixed_releases(
    kernel: KernelVersion, members: Sequence[Node], systems: Sequence[OperatingSystem]
) -> Iterator[Finding]:
    releases = tuple(dict.fromkeys(system.release for system in systems if system.release))
    if len(releases) > 1:
        yield Finding(
            code="kernel-mixed-release",
            message=f"nodes with this kernel belong to several OpenShift releases: {', '.join(releases)}",
            subject=f"kernel {kernel}",
            notes=_by_fact(releases, members, lambda node: operating_system(node).release),
            hint=f"clusterVersionMajorMinor is {releases[0]} for all of them; finish the update, "
            "or give each release a SpecialResource of its own",
        )


def _mixed_architectures(
    kernel: KernelVersion, members: Sequence[Node], architectures: Sequence[str]
) -> Iterator[Finding]:
    if len(architectures) > 1:
        yield Finding(
            code="kernel-mixed-architecture",
            message=f"one kernel string runs on several architectures: {', '.join(architectures)}",
            subject=f"kernel {kernel}",
            notes=_by_fact(architectures, members, lambda node: node.architecture),
            hint="an image for one of them does not run on the other; give each a SpecialResource "
            "with a nodeSelector on kubernetes.io/arch",
        )


def _by_fact(
    facts: Iterable[str], members: Sequence[Node], fact_of: Callable[[Node], str]
) -> tuple[str, ...]:
    """A note for each fact, with the nodes that report it."""
    names = {
        fact: [each.name or "a planned kernel" for each in members if fact_of(each) == fact] for fact in facts
    }
    return tuple(f"{fact} on {name_some(nodes)}" for fact, nodes in names.items())


def _stale_labels(kernel: KernelVersion, members: Sequence[Node], selector: str) -> Iterator[Finding]:
    """One finding for all nodes with the same wrong label: after an update that may be every node."""
    stale: dict[str, list[str]] = {}
    for node in members:
        label = node.labels.get(KERNEL_LABEL)
        if label is not None and label not in {kernel, selector}:
            stale.setdefault(label, []).append(node.name)
    for label, (first, *others) in stale.items():
        yield Finding(
            code="kernel-label-stale",
            message=f"the label {KERNEL_LABEL} is {label!r}, but the node runs {kernel}"
            if not others
            else f"the label {KERNEL_LABEL} is {label!r} on {len(others) + 1} nodes that run {kernel}",
            # A planned kernel has no name.
            subject=f"node {first}" if first and not others else f"kernel {kernel}",
            notes=(f"on {name_some([first, *others])}",) if first and others else (),
            hint="objects for this kernel will not run there until node-feature-discovery "
            f"sets the label to {selector}",
        )


def _system_order(system: OperatingSystem) -> tuple[bool, bool, tuple[int, ...], str, str]:
    numbers = tuple(parse_uint(part) or 0 for part in system.release.split("."))
    return not system.version, not system.release, numbers, system.version, system.id
