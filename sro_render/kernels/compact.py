"""An inventory as a NodeInventory: what a snapshot is in Git.

Decides what is written: all that rendering reads, in one order and form, so that a difference of two
snapshots is one that matters. Left out is what changes by itself (heartbeats, images, versions of
objects, labels by which operators report how far they are) and what is secret. What the fields mean
is decided in `snapshot`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sro_render.errors import Finding
from sro_render.kernels.snapshot import INVENTORY_KIND
from sro_render.model.inventory import Cluster, DriverToolkit, Inventory, Node, Proxy
from sro_render.model.objects import JsonObject, JsonValue

API_VERSION = "sro.openshift.io/v1alpha1"

# Any label may be in somebody's nodeSelector, so that all are kept but those that say how far an
# operator is: SRO's and sro-apply's states, what kernel-module-management and GPU operators have loaded.
_PROGRESS_LABEL = re.compile(
    r"""
      specialresource\.openshift\.io/state-.*
    | kmm\.node\.kubernetes\.io/.*ready
    | (?:nvidia|amd)\.com/gpu-driver-upgrade-state
    | nvidia\.com/mig\.config\.state
    """,
    re.VERBOSE,
)
_USER_INFO = re.compile(r"^((?:[a-z][a-z0-9+.-]*:)?//|)[^/@]*@", re.IGNORECASE)


def compact_inventory(inventory: Inventory) -> tuple[JsonObject, tuple[Finding, ...]]:
    """The inventory as a NodeInventory, and what was left out although rendering reads it.

    Returns: the same for equal inventories, whatever files they came from; reading the NodeInventory
             gives an inventory that renders the same.
    """
    proxy, findings = _proxy(inventory.cluster.proxy)
    return (
        {
            "apiVersion": API_VERSION,
            "kind": INVENTORY_KIND,
            **_given(
                metadata=_given(name=inventory.cluster.name),
                cluster=_cluster(inventory.cluster, proxy),
                driverToolkits=_toolkits(inventory),
                pushSecrets=dict(sorted(inventory.push_secrets.items())),
                nodes=[_node(node) for node in sorted(inventory.nodes, key=lambda each: each.name)],
                plannedKernels=_planned(inventory.planned),
            ),
        },
        findings,
    )


def lasting_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that do not change by themselves, A-Z."""
    return {key: labels[key] for key in sorted(labels) if not _PROGRESS_LABEL.fullmatch(key)}


def public_url(url: str) -> str:
    """The URL without user and password."""
    return _USER_INFO.sub(r"\1", url)


def _cluster(cluster: Cluster, proxy: JsonObject) -> JsonObject:
    # What follows from the version is left out: another file may have the version.
    derived = "OCP" if cluster.version else "K8S"
    return _given(
        version=cluster.version,
        kubernetesVersion=cluster.kubernetes_version,
        apiVersions=list[JsonValue](sorted(cluster.api_versions)),
        platform="" if cluster.platform == derived else cluster.platform,
        osImageURL=cluster.os_image_url,
        proxy=proxy,
    )


def _proxy(proxy: Proxy) -> tuple[JsonObject, tuple[Finding, ...]]:
    urls = {"httpProxy": proxy.http_proxy, "httpsProxy": proxy.https_proxy}
    public = {name: public_url(url) for name, url in urls.items()}
    findings: tuple[Finding, ...] = ()
    if public != urls:
        findings = (
            Finding(
                code="proxy-password-dropped",
                message="the URL of the cluster's proxy has a user or password in it, which is left out",
                hint="what is in Git can be read: if charts need all of the URL, give it by another file",
            ),
        )
    return _given(**public, noProxy=proxy.no_proxy, trustedCA=proxy.trusted_ca), findings


def _toolkits(inventory: Inventory) -> list[JsonValue]:
    """An entry for each image, architecture and tag."""
    tags: dict[str, list[str]] = {}
    for each in inventory.toolkit_tags:
        tags.setdefault(each.image, []).append(each.tag)
    known = {toolkit.image for toolkit in inventory.toolkits}
    toolkits = [*inventory.toolkits, *(DriverToolkit(image=image) for image in tags if image not in known)]
    entries = [
        _given(
            image=toolkit.image,
            tag=tag,
            kernelFullVersion=toolkit.kernel,
            rtKernelFullVersion=toolkit.rt_kernel,
            osVersion=toolkit.os_version,
            architecture=toolkit.architecture,
        )
        for toolkit in toolkits
        for tag in tags.get(toolkit.image, [""])
    ]
    return _sorted(entries, "image")


def _node(node: Node) -> JsonObject:
    # The kubelet's version is in the cluster's, which is the highest of them.
    return _given(
        name=node.name,
        kernelVersion=str(node.kernel),
        osImage=node.os_image,
        architecture=node.architecture,
        labels=dict(lasting_labels(node.labels)),
    )


def _planned(kernels: Iterable[Node]) -> list[JsonValue]:
    return _sorted(map(_node, kernels), "kernelVersion")


def _sorted(entries: Iterable[JsonObject], first: str) -> list[JsonValue]:
    """Entries in an order that their content decides, one field before the others; each once."""
    by_content = {(entry[first], repr(sorted(entry.items()))): entry for entry in entries}
    return [by_content[key] for key in sorted(by_content, key=lambda each: (str(each[0]), each[1]))]


def _given(**fields: JsonValue) -> JsonObject:
    """The fields that are not empty."""
    return {key: value for key, value in fields.items() if value}
