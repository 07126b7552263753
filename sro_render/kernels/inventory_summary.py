"""What a snapshot says in short: nodes by kernel, system, architecture and role, and what it lacks.

Decides what is counted, and what rendering will miss; how it is printed is decided in `cli`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from sro_render.errors import Finding
from sro_render.kernels.facts import KERNEL_LABEL, OperatingSystem, is_rhcos, operating_system
from sro_render.kernels.grouping import group_by_kernel
from sro_render.model.inventory import Cluster, DriverToolkit, Inventory, KernelVersion, Node

_ROLE = "node-role.kubernetes.io/"
_MOST_NAMES = 3
NO_ROLE = "<none>"
"""What kubectl prints for a node without a role."""


class KernelRow(Struct, frozen=True, kw_only=True):
    """A kernel, and the nodes that run it.

    nodes:   names A-Z; empty for a kernel that is only planned.
    systems: one, unless nodes contradict each other.
    roles:   how many nodes have each role; a node may have several.
    toolkit: its driver toolkit, None where there is none.
    """

    kernel: KernelVersion
    nodes: tuple[str, ...]
    architectures: tuple[str, ...]
    systems: tuple[OperatingSystem, ...]
    roles: Mapping[str, int]
    toolkit: DriverToolkit | None


class Lack(Struct, frozen=True, kw_only=True):
    """Something that the snapshot does not say. code: stable; hint: how to get it."""

    code: str
    message: str
    hint: str


class Summary(Struct, frozen=True, kw_only=True):
    """An inventory in short. Kernels in byte order; counts of nodes by system, architecture and role."""

    cluster: Cluster
    node_count: int
    kernels: tuple[KernelRow, ...]
    systems: Mapping[str, int]
    architectures: Mapping[str, int]
    roles: Mapping[str, int]
    lacks: tuple[Lack, ...]
    findings: tuple[Finding, ...]


def summarize(inventory: Inventory) -> Summary:
    """Count what an inventory has, and name what it lacks.

    Returns: its findings are those of grouping all nodes; kernels whose nodes contradict each other
             are among them.
    """
    groups, errors, findings = group_by_kernel(
        inventory.nodes,
        inventory.planned,
        inventory.toolkits,
        inventory.toolkit_tags,
        inventory.cluster.version,
    )
    toolkits = {group.kernel: group.toolkit for group in groups}
    by_kernel: dict[KernelVersion, list[Node]] = {}
    for node in inventory.nodes:
        by_kernel.setdefault(node.kernel, []).append(node)
    running = frozenset(by_kernel)
    for node in inventory.planned:
        if node.kernel not in running:
            by_kernel.setdefault(node.kernel, []).append(node)
    # Looked up for thousands of nodes more than once; planned kernels have no names.
    systems = {node.name: operating_system(node) for node in inventory.nodes}
    rows = tuple(
        _row(kernel, by_kernel[kernel], systems, toolkits.get(kernel))
        for kernel in sorted(by_kernel, key=str.encode)
    )
    return Summary(
        cluster=inventory.cluster,
        node_count=len(inventory.nodes),
        kernels=rows,
        systems=_counted(map(system_name, systems.values())),
        architectures=_counted(node.architecture for node in inventory.nodes),
        roles=_counted(role for node in inventory.nodes for role in roles_of(node)),
        lacks=tuple(_lacks(inventory, systems, rows)),
        findings=(*(error.finding for error in errors), *findings),
    )


def roles_of(node: Node) -> tuple[str, ...]:
    """The node's roles A-Z, as kubectl prints them."""
    roles = sorted(key.removeprefix(_ROLE) for key in node.labels if key.startswith(_ROLE) and key != _ROLE)
    return tuple(roles) or (NO_ROLE,)


def system_name(system: OperatingSystem) -> str:
    """`rhel8.4`; with the release of OpenShift where it is known: `rhel8.4 (OpenShift 4.10)`."""
    release = f" (OpenShift {system.release})" if system.release else ""
    return f"{system.major_minor}{release}"


def _row(
    kernel: KernelVersion,
    members: Sequence[Node],
    known: Mapping[str, OperatingSystem],
    toolkit: DriverToolkit | None,
) -> KernelRow:
    named = [node for node in members if node.name]
    systems = {known.get(node.name) or operating_system(node): None for node in members}
    return KernelRow(
        kernel=kernel,
        nodes=tuple(sorted(node.name for node in named)),
        architectures=tuple(sorted({node.architecture for node in members} - {""})),
        systems=tuple(sorted(systems, key=lambda each: (each.version, each.id, each.release))),
        roles=_counted(role for node in named for role in roles_of(node)),
        toolkit=toolkit,
    )


def _counted(values: Iterable[str]) -> Mapping[str, int]:
    counts = Counter(values)
    return {value: counts[value] for value in sorted(counts)}


def _lacks(
    inventory: Inventory, systems: Mapping[str, OperatingSystem], rows: Sequence[KernelRow]
) -> Iterator[Lack]:
    cluster, nodes, planned = inventory.cluster, inventory.nodes, inventory.planned
    if cluster.version or any(map(is_rhcos, (*nodes, *planned))):
        yield from _lacks_of_openshift(inventory, rows)
    elif not cluster.kubernetes_version:
        yield Lack(
            code="kubernetes-version",
            message="no version of Kubernetes: charts that ask see the oldest that Helm knows",
            hint="write it under cluster.kubernetesVersion of a NodeInventory",
        )
    yield from _lacks_of_nodes(nodes, systems)
    yield from _lacks_of_planned(planned)


def _lacks_of_openshift(inventory: Inventory, rows: Sequence[KernelRow]) -> Iterator[Lack]:
    cluster = inventory.cluster
    if not cluster.version:
        yield Lack(
            code="cluster-version",
            message="no ClusterVersion: clusterVersion is empty, and nothing tells which release is current",
            hint="oc get clusterversion/version -o json > clusterversion.json",
        )
    lacking = [row.kernel for row in rows if row.toolkit is None]
    if lacking:
        yield Lack(
            code="driver-toolkit",
            message=f"no driver toolkit for {len(lacking)} of {len(rows)} kernels: {_some(lacking)}",
            hint="oc get imagestream/driver-toolkit -n openshift -o json > toolkit.json"
            if not inventory.toolkit_tags
            else "write the toolkits of these kernels under driverToolkits of a NodeInventory",
        )
    if not cluster.os_image_url:
        yield Lack(
            code="os-image-url",
            message="no image of the nodes' system: osImageURL is empty",
            hint="oc get cm/machine-config-osimageurl -n openshift-machine-config-operator -o json "
            "> osimage.json",
        )
    if not inventory.push_secrets:
        yield Lack(
            code="push-secret",
            message="no Secret that builds push with: pushSecretName is empty",
            hint="oc get secrets -n NAMESPACE -o name | grep builder-dockercfg, and write the name under "
            "pushSecrets of a NodeInventory",
        )


def _lacks_of_nodes(nodes: Sequence[Node], systems: Mapping[str, OperatingSystem]) -> Iterator[Lack]:
    unlabelled = [node.name for node in nodes if KERNEL_LABEL not in node.labels]
    if unlabelled:
        yield Lack(
            code="kernel-label",
            message=f"{_of(unlabelled, nodes)} without the label {KERNEL_LABEL}, by which kernel-affine "
            f"objects find their nodes: {_some(unlabelled)}",
            hint="run node-feature-discovery on these nodes, and take the snapshot again",
        )
    unknown = [node.name for node in nodes if not systems[node.name].version]
    if unknown:
        yield Lack(
            code="os-version",
            message=f"{_of(unknown, nodes)} without the version of their system: {_some(unknown)}",
            hint="run node-feature-discovery on them, which labels them with it, and take the snapshot again",
        )
    bare = [node.name for node in nodes if not node.architecture]
    if bare:
        yield Lack(
            code="architecture",
            message=f"{_of(bare, nodes)} without an architecture: {_some(bare)}",
            hint="write it at each node of the NodeInventory, as amd64 or arm64",
        )


def _lacks_of_planned(planned: Sequence[Node]) -> Iterator[Lack]:
    unlabelled = [kernel.kernel for kernel in planned if not kernel.labels]
    if unlabelled:
        yield Lack(
            code="planned-labels",
            message="planned kernels without labels, for which every SpecialResource prepares: "
            f"{_some(unlabelled)}",
            hint="give them under plannedKernels the labels of the nodes that will run them",
        )
    unknown = [kernel.kernel for kernel in planned if not operating_system(kernel).version]
    if unknown:
        yield Lack(
            code="planned-system",
            message=f"planned kernels without a system: {_some(unknown)}",
            hint="write under plannedKernels the osImage that their nodes will report",
        )


def _of(some: Sequence[str], nodes: Sequence[Node]) -> str:
    return f"{len(some)} of {len(nodes)} nodes" if len(nodes) > 1 else "the node"


def _some(names: Sequence[str]) -> str:
    """`a, b, c and 7 more`."""
    ordered = sorted(names)
    rest = len(ordered) - _MOST_NAMES
    return ", ".join(ordered[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
