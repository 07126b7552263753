"""Inventory files as they come: what `kubectl get` prints, or a NodeInventory, merged into one.

Decides which field of which object is a fact that rendering uses. Contradictions between files are
errors; objects of other kinds are passed over, since `kubectl get` prints whatever it was asked for.
Source: special-resource-operator pkg/cluster/cluster.go and pkg/proxy/proxy.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sro_render.errors import Faults, InputError
from sro_render.model.inventory import (
    Cluster,
    DriverToolkit,
    Inventory,
    KernelVersion,
    Node,
    Proxy,
    ToolkitTag,
)
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of

INVENTORY_KIND = "NodeInventory"
_BUILDER_SECRET = "builder-dockercfg"  # noqa: S105 - a part of a Secret's name
_KERNEL = re.compile(r"[!-.0-~]+")
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryDocument:
    """One document of an inventory file. name: the file's, for messages."""

    name: str
    value: JsonObject


@dataclass(slots=True)
class _Merger:
    """Collects facts and remembers which file said what."""

    faults: Faults = field(default_factory=Faults)
    nodes: dict[str, tuple[Node, str]] = field(default_factory=dict)
    facts: dict[str, tuple[object, str]] = field(default_factory=dict)
    planned: list[Node] = field(default_factory=list)
    toolkits: dict[str, tuple[DriverToolkit, str]] = field(default_factory=dict)
    tags: dict[str, ToolkitTag] = field(default_factory=dict)
    secrets: dict[str, tuple[str, str]] = field(default_factory=dict)
    builder_secrets: dict[str, list[str]] = field(default_factory=dict)
    api_versions: dict[str, None] = field(default_factory=dict)

    def add_fact(self, name: str, value: object, file: str) -> None:
        """Keep a fact of the cluster, unless it is empty; another value for it is an error."""
        if not value:
            return
        known, where = self.facts.setdefault(name, (value, file))
        if known != value and not isinstance(value, str):
            # A proxy's URL may hold a password: the values are not shown.
            self._contradict(f"the cluster's {name} is one in {where}, and another in {file}")
        elif known != value:
            self._contradiction(f"the cluster's {name}", known, where, value, file)

    def add_node(self, node: Node, file: str) -> None:
        """Keep a node; the same node with other facts is an error."""
        if not self.has_kernel(node, file):
            return
        known, where = self.nodes.setdefault(node.name, (node, file))
        if known.kernel != node.kernel:
            self._contradiction(f"the kernel of node {node.name}", known.kernel, where, node.kernel, file)
        elif known != node:
            self._contradict(f"node {node.name} has other labels or facts in {file} than in {where}")

    def has_kernel(self, node: Node, file: str) -> bool:
        """Whether the node's kernel can be one; if not, that is an error."""
        if _KERNEL.fullmatch(node.kernel):
            return True
        self.faults.add(
            InputError(
                "inventory-kernel",
                f"{node.kernel!r} cannot be a kernel's version",
                subject=f"{file} / {f'node {node.name}' if node.name else 'a planned kernel'}",
                hint="it is what uname -r prints on the node: visible ASCII characters without '/'",
            )
        )
        return False

    def add_toolkit(self, toolkit: DriverToolkit, file: str) -> None:
        known, where = self.toolkits.setdefault(toolkit.image, (toolkit, file))
        if known != toolkit:
            self._contradiction(f"driver toolkit {toolkit.image}", known.kernel, where, toolkit.kernel, file)

    def add_secret(self, namespace: str, name: str, file: str) -> None:
        known, where = self.secrets.setdefault(namespace, (name, file))
        if known != name:
            self._contradiction(f"the push secret of namespace {namespace}", known, where, name, file)

    def _contradiction(self, what: str, first: object, where: str, second: object, file: str) -> None:
        self._contradict(f"{what} is {first} in {where}, but {second} in {file}")

    def _contradict(self, message: str) -> None:
        hint = "take one snapshot of the whole cluster, or drop the older file"
        self.faults.add(InputError("inventory-contradiction", message, hint=hint))

    def text(self, name: str) -> str:
        value = self.facts.get(name, ("", ""))[0]
        return value if isinstance(value, str) else ""


def read_inventory(documents: Sequence[InventoryDocument]) -> Inventory:
    """Merge inventory documents, each already valid by its schema where it is a NodeInventory.

    Raises: InputError, or a group of them: contradictions, nodes without a kernel, no nodes at all.
    """
    inventory = merge_documents(documents)
    if not inventory.nodes and not inventory.planned:
        files = sorted({document.name for document in documents})
        raise InputError(
            "inventory-empty",
            f"no nodes in {', '.join(files) or 'the inventory'}",
            hint="make one with: kubectl get nodes -o json > nodes.json",
        )
    return inventory


def merge_documents(documents: Iterable[InventoryDocument]) -> Inventory:
    """The same without asking for nodes: one file of several may have none.

    Raises: InputError, or a group of them: contradictions, nodes without a kernel.
    """
    merger = _Merger()
    for document in documents:
        for value in _unpacked(document.value):
            reader = _READERS.get(text_of(value.get("kind")))
            if reader is not None:
                reader(value, document.name, merger)
    merger.faults.raise_if_any()
    nodes = tuple(merger.nodes[name][0] for name in sorted(merger.nodes))
    return Inventory(
        cluster=_cluster(merger, nodes),
        nodes=nodes,
        planned=tuple(merger.planned),
        toolkits=tuple(toolkit for toolkit, _ in merger.toolkits.values()),
        toolkit_tags=tuple(merger.tags[tag] for tag in sorted(merger.tags)),
        push_secrets=MappingProxyType(
            {namespace: min(names) for namespace, names in merger.builder_secrets.items()}
            | {namespace: name for namespace, (name, _) in merger.secrets.items()}
        ),
    )


def _unpacked(value: JsonObject) -> Iterator[JsonObject]:
    """The objects of a List (of any kind), or the object itself."""
    items = value.get("items")
    kind = text_of(value.get("kind"))
    if kind.endswith("List") and isinstance(items, list):
        item_kind = kind.removesuffix("List")
        for item in items:
            if isinstance(item, dict):
                # Items of a typed list (NodeList) do not repeat their kind.
                yield from _unpacked(
                    item if item.get("kind") or not item_kind else {**item, "kind": item_kind}
                )
    else:
        yield value


def _cluster(merger: _Merger, nodes: tuple[Node, ...]) -> Cluster:
    proxy = merger.facts.get("proxy", (Proxy(), ""))[0]
    version = merger.text("version")
    kubelets = [node.kubelet_version for node in nodes if node.kubelet_version]
    return Cluster(
        name=merger.text("name"),
        version=version,
        kubernetes_version=merger.text("kubernetesVersion")
        or max(kubelets, key=lambda each: (_version_key(each), each), default=""),
        api_versions=tuple(sorted(merger.api_versions)),
        platform=merger.text("platform") or ("OCP" if version else "K8S"),
        os_image_url=merger.text("osImageURL"),
        proxy=proxy if isinstance(proxy, Proxy) else Proxy(),
    )


def _version_key(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def _read_node(value: JsonObject, file: str, merger: _Merger) -> None:
    metadata = mapping_of(value.get("metadata"))
    info = mapping_of(mapping_of(value.get("status")).get("nodeInfo"))
    name = text_of(metadata.get("name"))
    kernel = text_of(info.get("kernelVersion"))
    if not kernel or not name:
        merger.faults.add(
            InputError(
                "inventory-node",
                f"node {name} reports no kernel" if name else "a node has no name",
                path="status.nodeInfo.kernelVersion" if name else "metadata.name",
                subject=file,
                hint="take the snapshot with -o json or -o yaml, from a running cluster",
            )
        )
        return
    merger.add_node(
        Node(
            name=name,
            kernel=KernelVersion(kernel),
            labels=_texts(metadata.get("labels")),
            os_image=text_of(info.get("osImage")),
            architecture=text_of(info.get("architecture")),
            kubelet_version=text_of(info.get("kubeletVersion")),
        ),
        file,
    )


def _read_cluster_version(value: JsonObject, file: str, merger: _Merger) -> None:
    """The newest completed update: `status.history` starts with the newest."""
    if mapping_of(value.get("metadata")).get("name") != "version":
        return
    history = mapping_of(value.get("status")).get("history")
    for entry in history if isinstance(history, list) else ():
        if mapping_of(entry).get("state") == "Completed":
            merger.add_fact("version", text_of(mapping_of(entry).get("version")), file)
            return


def _read_image_stream(value: JsonObject, _file: str, merger: _Merger) -> None:
    metadata = mapping_of(value.get("metadata"))
    if (metadata.get("namespace"), metadata.get("name")) != ("openshift", "driver-toolkit"):
        return
    tags = mapping_of(value.get("status")).get("tags")
    for tag in tags if isinstance(tags, list) else ():
        name, items = text_of(mapping_of(tag).get("tag")), mapping_of(tag).get("items")
        entries = [mapping_of(item) for item in items] if isinstance(items, list) else []
        newest = max(entries, key=lambda each: text_of(each.get("created")), default=None)
        if name and newest is not None:
            merger.tags[name] = ToolkitTag(tag=name, image=text_of(newest.get("dockerImageReference")))


def _read_config_map(value: JsonObject, file: str, merger: _Merger) -> None:
    metadata = mapping_of(value.get("metadata"))
    name = (metadata.get("namespace"), metadata.get("name"))
    if name == ("openshift-machine-config-operator", "machine-config-osimageurl"):
        merger.add_fact("osImageURL", text_of(mapping_of(value.get("data")).get("osImageURL")), file)


def _read_proxy(value: JsonObject, file: str, merger: _Merger) -> None:
    """`status` is what is in force; `spec` is what was asked for."""
    if mapping_of(value.get("metadata")).get("name") != "cluster":
        return
    spec, status = mapping_of(value.get("spec")), mapping_of(value.get("status"))

    def setting(name: str) -> str:
        return text_of(status.get(name)) or text_of(spec.get(name))

    proxy = Proxy(
        http_proxy=setting("httpProxy"),
        https_proxy=setting("httpsProxy"),
        no_proxy=setting("noProxy"),
        trusted_ca=text_of(mapping_of(spec.get("trustedCA")).get("name")),
    )
    if proxy != Proxy():
        merger.add_fact("proxy", proxy, file)


def _read_secret(value: JsonObject, _file: str, merger: _Merger) -> None:
    """Only names are looked at: data never enters the inventory."""
    metadata = mapping_of(value.get("metadata"))
    name = text_of(metadata.get("name"))
    if _BUILDER_SECRET in name:
        merger.builder_secrets.setdefault(text_of(metadata.get("namespace")), []).append(name)


def _read_node_inventory(value: JsonObject, file: str, merger: _Merger) -> None:
    merger.add_fact("name", text_of(mapping_of(value.get("metadata")).get("name")), file)
    cluster = mapping_of(value.get("cluster"))
    for fact in ("version", "kubernetesVersion", "platform", "osImageURL"):
        merger.add_fact(fact, text_of(cluster.get(fact)), file)
    versions = cluster.get("apiVersions")
    merger.api_versions.update(
        (text_of(each), None) for each in (versions if isinstance(versions, list) else ())
    )
    proxy = mapping_of(cluster.get("proxy"))
    if proxy:
        merger.add_fact(
            "proxy",
            Proxy(
                http_proxy=text_of(proxy.get("httpProxy")),
                https_proxy=text_of(proxy.get("httpsProxy")),
                no_proxy=text_of(proxy.get("noProxy")),
                trusted_ca=text_of(proxy.get("trustedCA")),
            ),
            file,
        )
    for toolkit in _mappings(value.get("driverToolkits")):
        merger.add_toolkit(
            DriverToolkit(
                image=text_of(toolkit.get("image")),
                tag=text_of(toolkit.get("tag")),
                kernel=text_of(toolkit.get("kernelFullVersion")),
                rt_kernel=text_of(toolkit.get("rtKernelFullVersion")),
                os_version=text_of(toolkit.get("osVersion")),
                architecture=text_of(toolkit.get("architecture")),
            ),
            file,
        )
    for namespace, secret in mapping_of(value.get("pushSecrets")).items():
        merger.add_secret(namespace, text_of(secret), file)
    for node in _mappings(value.get("nodes")):
        merger.add_node(_compact_node(node), file)
    for kernel in _mappings(value.get("plannedKernels")):
        planned = replace(_compact_node(kernel), name="")
        if planned not in merger.planned and merger.has_kernel(planned, file):
            merger.planned.append(planned)


def _compact_node(value: JsonObject) -> Node:
    return Node(
        name=text_of(value.get("name")),
        kernel=KernelVersion(text_of(value.get("kernelVersion"))),
        labels=_texts(value.get("labels")),
        os_image=text_of(value.get("osImage")),
        architecture=text_of(value.get("architecture")),
        kubelet_version=text_of(value.get("kubeletVersion")),
    )


def _mappings(value: JsonValue) -> Iterator[JsonObject]:
    for item in value if isinstance(value, list) else ():
        yield mapping_of(item)


def _texts(value: JsonValue) -> Mapping[str, str]:
    return {key: text_of(item) for key, item in mapping_of(value).items()}


_READERS: Mapping[str, Callable[[JsonObject, str, _Merger], None]] = MappingProxyType(
    {
        "Node": _read_node,
        "ClusterVersion": _read_cluster_version,
        "ImageStream": _read_image_stream,
        "ConfigMap": _read_config_map,
        "Proxy": _read_proxy,
        "Secret": _read_secret,
        INVENTORY_KIND: _read_node_inventory,
    }
)
