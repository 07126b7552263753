"""Inventory files as they come: what `kubectl get` prints, or a NodeInventory, merged into one.

Decides which field of which object is a fact that rendering uses. Contradictions between files are
errors (`merging`); objects of other kinds are passed over, since `kubectl get` prints whatever it was
asked for.
Source: special-resource-operator pkg/cluster/cluster.go and pkg/proxy/proxy.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from sro_render.errors import InputError
from sro_render.kernels.merging import InventoryDocument, Merger, Place
from sro_render.model.inventory import (
    Cluster,
    DriverToolkit,
    Inventory,
    KernelVersion,
    Node,
    Proxy,
    ToolkitTag,
)
from sro_render.model.objects import JsonObject, JsonValue, kinds_of, mapping_of, text_of
from sro_render.model.specialresource import KIND as SPEC_KIND
from sro_render.model.specialresource import UNSUPPORTED_KINDS
from sro_render.source import Source
from sro_render.sprig.versions import parse_kube_version

INVENTORY_KIND = "NodeInventory"
_BUILDER_SECRET = "builder-dockercfg"  # noqa: S105 - a part of a Secret's name


def read_inventory(documents: Sequence[InventoryDocument]) -> Inventory:
    """Merge inventory documents, each already valid by its schema where it is a NodeInventory.

    Raises: InputError, or a group of them: contradictions, nodes without a kernel, no nodes at all.
    """
    inventory = merge_documents(documents)
    if not inventory.nodes and not inventory.planned:
        raise without_nodes(documents)
    return inventory


def without_nodes(documents: Iterable[InventoryDocument]) -> InputError:
    """Says what is there instead: often an answer that kubectl gave, or another file."""
    notes = []
    has_spec = False
    by_file: dict[Source, list[JsonObject]] = {}
    for document in documents:
        by_file.setdefault(document.source, []).extend(value for value, _ in objects_in(document.value))
    for source, objects in by_file.items():
        kinds = {text_of(each.get("kind")) for each in objects}
        has_spec |= SPEC_KIND in kinds
        if not source.text.strip():
            notes.append(f"{source.name} is empty")
        elif not objects:
            notes.append(f"{source.name} has an empty list")
        elif kinds == {""}:
            first_line = source.text.strip().partition("\n")[0]
            notes.append(f"{source.name} begins with: {first_line[:100]}")
        elif not kinds <= {INVENTORY_KIND}:
            notes.append(f"{source.name} has {kinds_of(objects)}")
    return InputError(
        "inventory-empty",
        f"no nodes in {', '.join(sorted({source.name for source in by_file}))}",
        notes=tuple(notes),
        hint="give a SpecialResource as SPEC, without --inventory"
        if has_spec
        else "make one with: kubectl get nodes -o json > nodes.json",
    )


def merge_documents(documents: Iterable[InventoryDocument]) -> Inventory:
    """The same without asking for nodes: one file of several may have none.

    Raises: InputError, or a group of them: contradictions, nodes without a kernel.
    """
    merger = Merger()
    for document in documents:
        for value, path in objects_in(document.value):
            reader = _READERS.get(text_of(value.get("kind")))
            if reader is not None:
                reader(value, Place(document, path), merger)
    merger.check_tags()
    merger.faults.raise_if_any()
    nodes = tuple(merger.nodes[name][0] for name in sorted(merger.nodes))
    return Inventory(
        cluster=_cluster(merger),
        nodes=nodes,
        planned=tuple(merger.planned),
        toolkits=merger.known_toolkits(),
        toolkit_tags=tuple(ToolkitTag(tag=tag, image=image) for tag, image in sorted(merger.tags)),
        push_secrets=MappingProxyType(
            {namespace: min(names) for namespace, names in merger.builder_secrets.items()}
            | {namespace: name for namespace, (name, _) in merger.secrets.items()}
        ),
    )


def objects_in(
    value: JsonObject, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[JsonObject, tuple[str | int, ...]]]:
    """The objects of a List (of any kind), or the object itself, each with its key path."""
    items = value.get("items")
    kind = text_of(value.get("kind"))
    if kind.endswith("List") and isinstance(items, list):
        item_kind = kind.removesuffix("List")
        for index, item in enumerate(items):
            if isinstance(item, dict):
                # Items of a typed list (NodeList) do not repeat their kind.
                typed = item if item.get("kind") or not item_kind else {**item, "kind": item_kind}
                yield from objects_in(typed, (*path, "items", index))
    else:
        yield value, path


def _cluster(merger: Merger) -> Cluster:
    proxy = merger.facts["proxy"][0] if "proxy" in merger.facts else None
    version = merger.text("version")
    return Cluster(
        name=merger.text("name"),
        version=version,
        kubernetes_version=_kubernetes_version(merger),
        api_versions=tuple(sorted(merger.api_versions)),
        platform=merger.text("platform") or ("OCP" if version else "K8S"),
        os_image_url=merger.text("osImageURL"),
        proxy=proxy if isinstance(proxy, Proxy) else Proxy(),
    )


def _kubernetes_version(merger: Merger) -> str:
    """What the inventory says, else the highest kubelet's.

    Raises: InputError: it is no version.
    """
    version = merger.text("kubernetesVersion")
    place = merger.facts["kubernetesVersion"][1] if version else None
    if not version:
        kubelets = [(node.kubelet_version, where) for node, where in merger.nodes.values()]
        version, where = max(kubelets, key=lambda each: (_version_key(each[0]), each[0]), default=("", None))
        place = where.at("status", "nodeInfo", "kubeletVersion") if where else None
    if version and not _version_key(version):
        raise InputError(
            "kube-version",
            f"{version!r} is not a version of Kubernetes",
            span=place.span() if place else None,
            hint="write it as v1.31.0",
        )
    return version


def _version_key(version: str) -> tuple[int, ...]:
    parsed = parse_kube_version(version)
    return parsed[1] if parsed else ()


def _read_node(value: JsonObject, place: Place, merger: Merger) -> None:
    metadata = mapping_of(value.get("metadata"))
    info = mapping_of(mapping_of(value.get("status")).get("nodeInfo"))
    name = merger.needed("the name of a node", metadata.get("name"), place, "metadata", "name")
    if not name:
        return
    kernel_path = ("status", "nodeInfo", "kernelVersion")
    kernel = merger.needed(f"the kernel of node {name}", info.get("kernelVersion"), place, *kernel_path)
    if not kernel:
        return
    node = Node(
        name=name,
        kernel=KernelVersion(kernel),
        labels=_texts(metadata.get("labels")),
        os_image=text_of(info.get("osImage")),
        architecture=text_of(info.get("architecture")),
        kubelet_version=text_of(info.get("kubeletVersion")),
    )
    merger.add_node(node, place, *kernel_path)


def _read_cluster_version(value: JsonObject, place: Place, merger: Merger) -> None:
    """The newest completed update: `status.history` starts with the newest."""
    if mapping_of(value.get("metadata")).get("name") != "version":
        return
    history = mapping_of(value.get("status")).get("history")
    for entry in history if isinstance(history, list) else ():
        if mapping_of(entry).get("state") == "Completed":
            merger.add_fact("version", text_of(mapping_of(entry).get("version")), place)
            return


def _read_image_stream(value: JsonObject, place: Place, merger: Merger) -> None:
    """`status` has each tag's images, also those that it named before; `spec` what was asked for."""
    metadata = mapping_of(value.get("metadata"))
    if (metadata.get("namespace"), metadata.get("name")) != ("openshift", "driver-toolkit"):
        return
    named = set()
    for tag in _mappings(mapping_of(value.get("status")).get("tags")):
        name, entries = text_of(tag.get("tag")), list(_mappings(tag.get("items")))
        newest = max(entries, key=lambda each: text_of(each.get("created")), default=None)
        if name and newest is not None:
            merger.add_tag(name, text_of(newest.get("dockerImageReference")), place)
            named.add(name)
    for tag in _mappings(mapping_of(value.get("spec")).get("tags")):
        name, source = text_of(tag.get("name")), mapping_of(tag.get("from"))
        if name not in named and source.get("kind") == "DockerImage":
            merger.add_tag(name, text_of(source.get("name")), place)


def _read_config_map(value: JsonObject, place: Place, merger: Merger) -> None:
    metadata = mapping_of(value.get("metadata"))
    name = (metadata.get("namespace"), metadata.get("name"))
    if name == ("openshift-machine-config-operator", "machine-config-osimageurl"):
        merger.add_fact(
            "osImageURL",
            text_of(mapping_of(value.get("data")).get("osImageURL")),
            place.at("data", "osImageURL"),
        )


def _read_proxy(value: JsonObject, place: Place, merger: Merger) -> None:
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
        merger.add_fact("proxy", proxy, place)


def _read_secret(value: JsonObject, _place: Place, merger: Merger) -> None:
    """Only names are looked at: data never enters the inventory."""
    metadata = mapping_of(value.get("metadata"))
    name = text_of(metadata.get("name"))
    if _BUILDER_SECRET in name:
        merger.builder_secrets.setdefault(text_of(metadata.get("namespace")), []).append(name)


def _read_status(value: JsonObject, place: Place, merger: Merger) -> None:
    """What kubectl prints instead of objects when the server refuses."""
    reason = text_of(value.get("message")) or "no reason given"
    merger.faults.add(
        InputError(
            "inventory-status",
            f"this is the server's refusal, not a snapshot: {reason}",
            span=place.span(),
            hint="take the snapshot again, as a user who may get nodes",
        )
    )


def _read_unsupported(value: JsonObject, place: Place, merger: Merger) -> None:
    """SRO's other kinds; another operator has one of the same name."""
    if text_of(value.get("apiVersion")).startswith("sro.openshift.io/"):
        kind = text_of(value.get("kind"))
        merger.faults.add(
            InputError(
                "kind-not-supported",
                f"{kind} is not supported",
                span=place.at("kind").span(),
                hint="sro-render renders SpecialResources for the nodes of an inventory; remove this object",
            )
        )


def _read_node_inventory(value: JsonObject, place: Place, merger: Merger) -> None:
    merger.add_fact(
        "name", text_of(mapping_of(value.get("metadata")).get("name")), place.at("metadata", "name")
    )
    cluster = mapping_of(value.get("cluster"))
    for fact in ("version", "kubernetesVersion", "platform", "osImageURL"):
        merger.add_fact(fact, text_of(cluster.get(fact)), place.at("cluster", fact))
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
            place.at("cluster", "proxy"),
        )
    for index, toolkit in enumerate(_mappings(value.get("driverToolkits"))):
        _read_toolkit(toolkit, place.at("driverToolkits", index), merger)
    for namespace, secret in mapping_of(value.get("pushSecrets")).items():
        merger.add_secret(namespace, text_of(secret), place.at("pushSecrets", namespace))
    for index, node in enumerate(_mappings(value.get("nodes"))):
        merger.add_node(_compact_node(node), place.at("nodes", index), "kernelVersion")
    for index, kernel in enumerate(_mappings(value.get("plannedKernels"))):
        planned = replace(_compact_node(kernel), name="")
        kernel_place = place.at("plannedKernels", index, "kernelVersion")
        if planned not in merger.planned and merger.has_kernel(planned, kernel_place):
            merger.planned.append(planned)


def _read_toolkit(value: JsonObject, place: Place, merger: Merger) -> None:
    """What an image has, and the tag that names it, as an image stream's tag would."""
    image = text_of(value.get("image"))
    toolkit = DriverToolkit(
        image=image,
        kernel=text_of(value.get("kernelFullVersion")),
        rt_kernel=text_of(value.get("rtKernelFullVersion")),
        os_version=text_of(value.get("osVersion")),
        architecture=text_of(value.get("architecture")),
    )
    merger.add_tag(text_of(value.get("tag")), image, place)
    merger.add_toolkit(toolkit, place)


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


_READERS: Mapping[str, Callable[[JsonObject, Place, Merger], None]] = MappingProxyType(
    {
        "Node": _read_node,
        "ClusterVersion": _read_cluster_version,
        "ImageStream": _read_image_stream,
        "ConfigMap": _read_config_map,
        "Proxy": _read_proxy,
        "Secret": _read_secret,
        "Status": _read_status,
        INVENTORY_KIND: _read_node_inventory,
        **dict.fromkeys(UNSUPPORTED_KINDS, _read_unsupported),
    }
)
