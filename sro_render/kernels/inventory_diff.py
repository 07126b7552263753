"""What differs between two snapshots of a cluster: kernels, nodes, labels, toolkits, the cluster's facts.

Decides what a difference is. What changes by itself is none (see `compact`), nor is a label that
only repeats a node's kernel or system.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from sro_render.kernels.compact import lasting_labels, public_url
from sro_render.kernels.facts import KERNEL_LABEL, kernel_label_value, operating_system
from sro_render.kernels.inventory_summary import system_name
from sro_render.model.inventory import Cluster, DriverToolkit, Inventory, Node

_TOLD_OTHERWISE = (
    "feature.node.kubernetes.io/kernel-version.",
    "feature.node.kubernetes.io/system-os_release.",
)


class KernelChange(Struct, frozen=True, kw_only=True):
    """A kernel that only one snapshot has, running or planned, with the nodes that run it, A-Z."""

    kernel: str
    nodes: tuple[str, ...]


class NodeChange(Struct, frozen=True, kw_only=True):
    """A node that only one snapshot has, and its kernel."""

    node: str
    kernel: str


class Change(Struct, frozen=True, kw_only=True):
    """One fact that is another now, and all nodes on which it is; empty texts are absent.

    fact:  `kernel`, `system`, `architecture` or `label KEY`; of the cluster and of toolkits the field's
           name in a NodeInventory.
    nodes: names A-Z; empty for what is no fact of a node.
    """

    fact: str
    before: str
    after: str
    nodes: tuple[str, ...] = ()


class InventoryDiff(Struct, frozen=True, kw_only=True):
    """All differences, each list in a fixed order. toolkits: `before` and `after` are images' facts."""

    kernels_added: tuple[KernelChange, ...]
    kernels_removed: tuple[KernelChange, ...]
    planned_added: tuple[str, ...]
    planned_removed: tuple[str, ...]
    nodes_added: tuple[NodeChange, ...]
    nodes_removed: tuple[NodeChange, ...]
    nodes_changed: tuple[Change, ...]
    toolkits_added: tuple[DriverToolkit, ...]
    toolkits_removed: tuple[DriverToolkit, ...]
    tags_changed: tuple[Change, ...]
    cluster_changed: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the snapshots say the same."""
        return not any(getattr(self, name) for name in self.__struct_fields__)


def diff_inventories(before: Inventory, after: Inventory) -> InventoryDiff:
    """What is other in `after`. Equal inventories give an empty difference."""
    old_nodes = {node.name: node for node in before.nodes}
    new_nodes = {node.name: node for node in after.nodes}
    old_kernels, new_kernels = _by_kernel(before.nodes), _by_kernel(after.nodes)
    old_planned, new_planned = _planned(before), _planned(after)
    old_toolkits, new_toolkits = frozenset(before.toolkits), frozenset(after.toolkits)
    return InventoryDiff(
        kernels_added=_kernels(new_kernels, old_kernels),
        kernels_removed=_kernels(old_kernels, new_kernels),
        planned_added=_sorted(new_planned - old_planned),
        planned_removed=_sorted(old_planned - new_planned),
        nodes_added=_nodes(new_nodes, old_nodes),
        nodes_removed=_nodes(old_nodes, new_nodes),
        nodes_changed=_changed_nodes(old_nodes, new_nodes),
        toolkits_added=_toolkits(new_toolkits - old_toolkits),
        toolkits_removed=_toolkits(old_toolkits - new_toolkits),
        tags_changed=_changes(_tags(before), _tags(after)),
        cluster_changed=_changes(_cluster_facts(before), _cluster_facts(after)),
    )


def _by_kernel(nodes: Iterable[Node]) -> dict[str, list[str]]:
    by_kernel: dict[str, list[str]] = {}
    for node in nodes:
        by_kernel.setdefault(node.kernel, []).append(node.name)
    return by_kernel


def _planned(inventory: Inventory) -> frozenset[str]:
    return frozenset(
        str(kernel.kernel)
        + (f" on {system_name(operating_system(kernel))}" if operating_system(kernel).version else "")
        for kernel in inventory.planned
    )


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(texts, key=str.encode))


def _kernels(these: Mapping[str, Sequence[str]], others: Mapping[str, object]) -> tuple[KernelChange, ...]:
    return tuple(
        KernelChange(kernel=kernel, nodes=_sorted(these[kernel]))
        for kernel in _sorted(these.keys() - others.keys())
    )


def _nodes(these: Mapping[str, Node], others: Mapping[str, Node]) -> tuple[NodeChange, ...]:
    return tuple(
        NodeChange(node=name, kernel=these[name].kernel) for name in _sorted(these.keys() - others.keys())
    )


def _toolkits(toolkits: Iterable[DriverToolkit]) -> tuple[DriverToolkit, ...]:
    return tuple(sorted(toolkits, key=lambda each: (each.image, each.architecture)))


def _changed_nodes(before: Mapping[str, Node], after: Mapping[str, Node]) -> tuple[Change, ...]:
    """One change that is the same on many nodes is one."""
    nodes: dict[tuple[int, str, str, str], list[str]] = {}
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        if old == new:
            continue
        for order, changes in enumerate((_facts_changed(old, new), _labels_changed(old, new))):
            for fact, was, is_ in changes:
                nodes.setdefault((order, fact, was, is_), []).append(name)
    return tuple(
        Change(fact=fact, before=was, after=is_, nodes=_sorted(nodes[order, fact, was, is_]))
        for order, fact, was, is_ in sorted(nodes)
    )


def _facts_changed(old: Node, new: Node) -> list[tuple[str, str, str]]:
    facts = (
        ("architecture", old.architecture, new.architecture),
        ("kernel", str(old.kernel), str(new.kernel)),
        ("osImage", old.os_image, new.os_image),
        ("system", system_name(operating_system(old)), system_name(operating_system(new))),
    )
    return [each for each in facts if each[1] != each[2]]


def _labels_changed(old: Node, new: Node) -> list[tuple[str, str, str]]:
    was, is_ = _own_labels(old), _own_labels(new)
    return [
        (f"label {key}", _quoted(was.get(key)), _quoted(is_.get(key)))
        for key in sorted(was.keys() | is_.keys())
        if was.get(key) != is_.get(key)
    ]


def _quoted(value: str | None) -> str:
    """A label's value in quotes, for it may be empty; an absent one is empty."""
    return "" if value is None else f'"{value}"'


def _own_labels(node: Node) -> dict[str, str]:
    """Labels that say more than the kernel and the system do; a kernel label that lies is one."""
    labels = {
        key: value
        for key, value in lasting_labels(node.labels).items()
        if not key.startswith(_TOLD_OTHERWISE)
    }
    kernel = node.labels.get(KERNEL_LABEL)
    if kernel is not None and kernel not in {node.kernel, kernel_label_value(node.kernel)}:
        labels[KERNEL_LABEL] = kernel
    return labels


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    return tuple(
        Change(fact=fact, before=before.get(fact, ""), after=after.get(fact, ""))
        for fact in sorted(before.keys() | after.keys())
        if before.get(fact, "") != after.get(fact, "")
    )


def _tags(inventory: Inventory) -> dict[str, str]:
    tags: dict[str, list[str]] = {}
    for each in inventory.toolkit_tags:
        tags.setdefault(each.tag, []).append(each.image)
    return {tag: ", ".join(sorted(images)) for tag, images in tags.items()}


def _cluster_facts(inventory: Inventory) -> dict[str, str]:
    cluster: Cluster = inventory.cluster
    facts = {
        "name": cluster.name,
        "version": cluster.version,
        "kubernetesVersion": cluster.kubernetes_version,
        "platform": cluster.platform,
        "osImageURL": cluster.os_image_url,
        "httpProxy": public_url(cluster.proxy.http_proxy),
        "httpsProxy": public_url(cluster.proxy.https_proxy),
        "noProxy": cluster.proxy.no_proxy,
        "trustedCA": cluster.proxy.trusted_ca,
    }
    facts |= {f"pushSecrets.{namespace}": name for namespace, name in inventory.push_secrets.items()}
    facts |= {f"apiVersions {version}": "given" for version in cluster.api_versions}
    return facts
