"""What was read of a cluster, as the documents of a snapshot.

Decides what is written and what is said of it. Which field of which object is a fact, and what of it goes
into a NodeInventory, is decided in `sro_render.kernels`: a cluster that `kubectl get` printed gives the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from sro_render.errors import Finding, InputError, some
from sro_render.kernels.compact import compact_inventory
from sro_render.kernels.merging import InventoryDocument
from sro_render.kernels.snapshot import merge_documents
from sro_render.model.objects import JsonObject, mapping_of, object_id, text_of
from sro_render.source import Source

_VERSION = re.compile(r"v?\d+\.\d+\.\d+([-+].*)?")
_UNSET = "$Format"
"""A server that was built by hand may call itself `v0.0.0-master+$Format:%H$`: the kubelets know more."""


class ReadCluster(Struct, frozen=True, kw_only=True):
    """What a cluster answered. Objects are as the server has them; of Secrets there are only the metadata.

    nodes:    every one; facts: all other objects that rendering has a use for.
    charts:   ConfigMaps with charts; missing: (namespace, name) of those that are not there.
    silent:   API group versions that did not say which kinds they have.
    """

    nodes: tuple[JsonObject, ...]
    facts: tuple[JsonObject, ...] = ()
    charts: tuple[JsonObject, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    version: str = ""
    api_versions: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


class Snapshot(Struct, frozen=True, kw_only=True):
    """A NodeInventory and the ConfigMaps behind it, and what the user should know of them."""

    documents: tuple[JsonObject, ...]
    findings: tuple[Finding, ...]


def snapshot(read: ReadCluster, cluster: str) -> Snapshot:
    """The same documents for what says the same, whatever the server counted meanwhile.

    Args:   cluster: its name; may be empty.
    Raises: InputError: there are no nodes to render for.
    """
    nodes = [each for each in read.nodes if _kernel(each)]
    silent = [object_id(each).name for each in read.nodes if not _kernel(each)]
    if not nodes:
        raise _without_nodes(silent)
    merged = merge_documents(
        InventoryDocument(source=Source(str(object_id(each)), ""), value=each)
        for each in (*nodes, *read.facts)
    )
    facts = replace(
        merged.cluster,
        name=cluster,
        kubernetes_version=_version(read.version) or merged.cluster.kubernetes_version,
        api_versions=read.api_versions,
    )
    inventory, findings = compact_inventory(replace(merged, cluster=facts))
    return Snapshot(
        documents=(inventory, *sorted(map(_chart, read.charts), key=object_id)),
        findings=(*_silent_apis(read.silent), *_silent_nodes(silent), *_missing(read.missing), *findings),
    )


def _kernel(node: JsonObject) -> str:
    info = mapping_of(mapping_of(node.get("status")).get("nodeInfo"))
    return text_of(info.get("kernelVersion"))


def _version(version: str) -> str:
    return version if _VERSION.fullmatch(version) and _UNSET not in version else ""


def _chart(config_map: JsonObject) -> JsonObject:
    """A ConfigMap without what a server adds."""
    identity = object_id(config_map)
    content = {key: mapping_of(config_map.get(key)) for key in ("data", "binaryData")}
    return {
        "apiVersion": identity.api_version,
        "kind": identity.kind,
        "metadata": {"name": identity.name, "namespace": identity.namespace},
        **{key: part for key, part in content.items() if part},
    }


def _without_nodes(silent: Sequence[str]) -> InputError:
    return InputError(
        "snapshot-empty",
        "no node reports its kernel" if silent else "the cluster has no nodes",
        notes=some(sorted(silent)),
        hint="wait until kubelets have joined, or see whether --kubeconfig and --context name the cluster "
        "that you mean",
    )


def _silent_apis(silent: Sequence[str]) -> Iterator[Finding]:
    if silent:
        yield Finding(
            code="snapshot-api-silent",
            message=f"these APIs do not answer: {', '.join(silent)}",
            notes=("their kinds are missing in the API versions, which charts may ask for",),
            hint="see kubectl get apiservices, and take the snapshot again when they are available",
        )


def _silent_nodes(names: Sequence[str]) -> Iterator[Finding]:
    if names:
        yield Finding(
            code="snapshot-node-silent",
            message=f"{len(names)} {'node reports' if len(names) == 1 else 'nodes report'} no kernel, "
            "and nothing is rendered for it" + ("" if len(names) == 1 else " there"),
            notes=some(sorted(names)),
            hint="take the snapshot again when the kubelet there has reported",
        )


def _missing(charts: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    for namespace, name in charts:
        yield Finding(
            code="snapshot-chart-missing",
            message=f"there is no ConfigMap {namespace}/{name}, which a spec names for its chart",
            hint=f"create it: oc create cm {name} -n {namespace} --from-file=index.yaml "
            "--from-file=CHART.tgz; or give sro-render the chart in a folder, with --charts",
        )
