"""The values that SRO adds at run time: `.Values.kernelFullVersion` and its kin.

Source: special-resource-operator pkg/runtime/runtime.go and its JSON encoding. Differs: every
kernel has its own `kernelPatchVersion`, and credentials of the repository are always empty.
"""

from __future__ import annotations

from collections.abc import Sequence

from sro_render.kernels.facts import kernel_patch_version
from sro_render.kernels.grouping import KernelGroup
from sro_render.model.inventory import DriverToolkit, Inventory, Proxy
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of
from sro_render.model.specialresource import (
    API_VERSION,
    KIND,
    ChartReference,
    SpecialResource,
)

_GROUP_NAMES: JsonObject = {
    "driverBuild": "driver-build",
    "driverContainer": "driver-container",
    "runtimeEnablement": "runtime-enablement",
    "devicePlugin": "device-plugin",
    "deviceMonitoring": "device-monitoring",
    "deviceDashboard": "device-dashboard",
    "deviceFeatureDiscovery": "device-feature-discovery",
    "csiDriver": "csi-driver",
}


def common_values(
    resource: SpecialResource, inventory: Inventory, groups: Sequence[KernelGroup]
) -> JsonObject:
    """What is the same for every kernel of an SR; shared between renders, so not to be changed."""
    cluster = inventory.cluster
    return {
        "kind": "Values",
        "apiVersion": API_VERSION,
        "clusterVersion": cluster.version,
        "clusterUpgradeInfo": {group.kernel: _upgrade_info(group) for group in groups},
        "groupName": dict(_GROUP_NAMES),
        "platform": cluster.platform,
        "pushSecretName": inventory.push_secrets.get(resource.namespace, ""),
        "osImageURL": cluster.os_image_url,
        "proxy": _proxy_values(cluster.proxy),
        "specialresource": special_resource_values(resource),
    }


def kernel_values(group: KernelGroup) -> JsonObject:
    """What belongs to one kernel."""
    return {
        "kernelFullVersion": group.kernel,
        "kernelPatchVersion": kernel_patch_version(group.kernel),
        "operatingSystemMajor": group.system.major,
        "operatingSystemMajorMinor": group.system.major_minor,
        "operatingSystemDecimal": group.system.version,
        "clusterVersionMajorMinor": group.system.release,
        "driverToolkitImage": group.toolkit.image if group.toolkit else "",
    }


def cluster_release(version: str) -> str:
    """`4.10` of `4.10.11`: what `clusterVersionMajorMinor` is inside `set`."""
    return ".".join(version.split(".")[:2])


def values_in_spec(inventory: Inventory) -> JsonObject:
    """What strings of a spec see otherwise than templates do: the cluster's release, the proxy's keys.

    Source: TemplateFragment, which fills specs in once, and encodes by other rules than those that make
    the values of charts: there the proxy's keys start with a capital letter. Both spellings are given.
    """
    proxy = inventory.cluster.proxy
    return {
        "clusterVersionMajorMinor": cluster_release(inventory.cluster.version),
        "proxy": {
            **_proxy_values(proxy),
            "HttpProxy": proxy.http_proxy,
            "HttpsProxy": proxy.https_proxy,
            "NoProxy": proxy.no_proxy,
            "TrustedCA": proxy.trusted_ca,
        },
    }


def _proxy_values(proxy: Proxy) -> JsonObject:
    return {
        "httpProxy": proxy.http_proxy,
        "httpsProxy": proxy.https_proxy,
        "noProxy": proxy.no_proxy,
        "trustedCA": proxy.trusted_ca,
    }


def _upgrade_info(group: KernelGroup) -> JsonObject:
    toolkit = group.toolkit or DriverToolkit(image="")
    return {
        "OSVersion": group.system.version,
        "OSMajor": group.system.major,
        "OSMajorMinor": group.system.major_minor,
        "clusterVersion": group.system.release,
        "driverToolkit": {
            "imageURL": toolkit.image,
            "kernelFullVersion": toolkit.kernel,
            "RTKernelFullVersion": toolkit.rt_kernel,
            "OSVersion": toolkit.os_version,
        },
    }


def special_resource_values(resource: SpecialResource) -> JsonObject:
    """`.Values.specialresource`: the SR as the operator's Go types encode it, defaults filled in.

    What a server fills in (uid, resourceVersion, status) is left out: a snapshot has none of it.
    """
    metadata: JsonObject = {"name": resource.name, "creationTimestamp": None}
    if resource.labels:
        metadata["labels"] = dict(resource.labels)
    if resource.annotations:
        metadata["annotations"] = dict(resource.annotations)
    spec: JsonObject = {
        "chart": _chart_values(resource.chart),
        "namespace": resource.namespace,
        "forceUpgrade": resource.force_upgrade,
        "debug": resource.debug,
        "driverContainer": _driver_container_values(resource.driver_container),
    }
    if resource.set is not None:
        spec["set"] = _with_type(resource.set)
    if resource.node_selector:
        spec["nodeSelector"] = dict(resource.node_selector)
    if resource.dependencies:
        spec["dependencies"] = [
            {"chart": _chart_values(each.chart), "set": _with_type(each.set)}
            for each in resource.dependencies
        ]
    if resource.names_management:
        spec["managementState"] = resource.management_state.value
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata,
        "spec": spec,
        "status": {"state": ""},
    }


def _with_type(values: JsonObject) -> JsonObject:
    """`set` as the operator keeps it: an object with a kind."""
    return {**values, "kind": "Values", "apiVersion": API_VERSION}


def _chart_values(chart: ChartReference) -> JsonObject:
    tags: list[JsonValue] | None = None if chart.tags is None else list(chart.tags)
    return {
        "name": chart.name,
        "version": chart.version,
        "repository": {
            "name": chart.repository_name,
            "url": chart.url,
            "username": "",
            "password": "",
            "certFile": "",
            "keyFile": "",
            "caFile": "",
            "insecure_skip_tls_verify": False,
        },
        "tags": tags,
    }


def _driver_container_values(given: JsonObject) -> JsonObject:
    git = mapping_of(mapping_of(given.get("source")).get("git"))
    return {
        "source": {"git": {"ref": git.get("ref", ""), "uri": git.get("uri", "")}},
        "artifacts": _artifact_values(mapping_of(given.get("artifacts"))),
    }


def _artifact_values(given: JsonObject) -> JsonObject:
    """Artifacts as Go's types encode them: what an entry lacks is empty, and an empty list is left out."""
    entries: dict[str, list[JsonValue]] = {
        "hostPaths": [_named(each, "sourcePath", "destinationDir") for each in _mappings(given, "hostPaths")],
        "images": [
            {
                **each,
                **_named(each, "name", "kind", "namespace"),
                "path": [_named(path, "sourcePath", "destinationDir") for path in _mappings(each, "path")]
                or each.get("path"),
            }
            for each in _mappings(given, "images")
        ],
        "claims": [_named(each, "name", "mountPath") for each in _mappings(given, "claims")],
    }
    return {key: values for key, values in entries.items() if values}


def _mappings(given: JsonObject, key: str) -> list[JsonObject]:
    values = given.get(key)
    return [mapping_of(each) for each in values] if isinstance(values, list) else []


def _named(given: JsonObject, *keys: str) -> JsonObject:
    """Texts by these keys, empty where absent."""
    return {key: text_of(given.get(key)) for key in keys}
