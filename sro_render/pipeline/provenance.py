"""Annotations that say where an object comes from: state, kernel, and a digest of what made it.

The digest is over the chart's content, the SR, and for an object of one kernel that kernel's facts;
not over the nodes, so that a new node with a known kernel changes no manifest.
"""

from __future__ import annotations

import hashlib
import json

from msgspec import to_builtins
from msgspec.structs import replace

from sro_render.kernels.grouping import KernelGroup
from sro_render.kernels.runtime_values import kernel_values, special_resource_values
from sro_render.model.bundle import StateName
from sro_render.model.inventory import Cluster, Inventory, Node
from sro_render.model.objects import JsonObject, annotations_of, mapping_of
from sro_render.model.specialresource import SpecialResource

STATE_ANNOTATION = "sro.openshift.io/state"
KERNEL_ANNOTATION = "sro.openshift.io/kernel"
DIGEST_ANNOTATION = "sro.openshift.io/digest"


class Provenance:
    """Marks the objects of one SR."""

    def __init__(self, chart_digest: str, resource: SpecialResource) -> None:
        self._base = (chart_digest, with_sorted_dependencies(special_resource_values(resource)))
        self._digests: dict[str, str] = {}

    def mark(self, manifest: JsonObject, state: StateName, group: KernelGroup | None) -> JsonObject:
        """The object with its annotations, a new one."""
        marks: JsonObject = {STATE_ANNOTATION: state, DIGEST_ANNOTATION: self._digest(group)}
        if group is not None:
            marks[KERNEL_ANNOTATION] = group.kernel
        metadata = mapping_of(manifest.get("metadata"))
        return {
            **manifest,
            "metadata": {**metadata, "annotations": {**annotations_of(manifest), **marks}},
        }

    def _digest(self, group: KernelGroup | None) -> str:
        key = group.kernel if group else ""
        known = self._digests.get(key)
        if known is None:
            # How a toolkit was found is no fact about it.
            toolkit = to_builtins(replace(group.toolkit, tag="")) if group and group.toolkit else None
            facts = (kernel_values(group), toolkit) if group else ()
            known = self._digests[key] = digest_of((*self._base, facts))
        return known


def digest_of(value: object) -> str:
    """`sha256:` and 64 hex digits over a JSON value, whatever the order of its keys."""
    data = canonical_text(value).encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def with_sorted_dependencies(resource: JsonObject) -> JsonObject:
    """A SpecialResource for a digest: the order of its dependencies means nothing, that of names does."""
    spec = mapping_of(resource.get("spec"))
    dependencies = spec.get("dependencies")
    if not isinstance(dependencies, list):
        return resource
    return {**resource, "spec": {**spec, "dependencies": sorted(dependencies, key=canonical_text)}}


def canonical_text(value: object) -> str:
    """A JSON value as text that depends on the value alone; only ever digested, never shown."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def facts_digest(inventory: Inventory) -> str | None:
    """A digest over the facts in one inventory file, None where it has none.

    Heartbeats, images and whatever else rendering does not read count for nothing, nor does order.
    """
    if inventory == Inventory(cluster=inventory.cluster) and inventory.cluster == Cluster(platform="K8S"):
        return None
    return digest_of(_facts(inventory))


def _facts(inventory: Inventory) -> dict[str, object]:
    return {
        "cluster": to_builtins(inventory.cluster),
        "nodes": [_node_facts(node) for node in inventory.nodes],
        "planned": sorted(canonical_text(_node_facts(node)) for node in inventory.planned),
        "toolkits": sorted(canonical_text(to_builtins(toolkit)) for toolkit in inventory.toolkits),
        "tags": [to_builtins(tag) for tag in inventory.toolkit_tags],
        "secrets": dict(inventory.push_secrets),
    }


def _node_facts(node: Node) -> dict[str, object]:
    return {
        "name": node.name,
        "kernel": node.kernel,
        "labels": dict(node.labels),
        "osImage": node.os_image,
        "architecture": node.architecture,
        "kubelet": node.kubelet_version,
    }
