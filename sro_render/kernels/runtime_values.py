"""The values that SRO adds at run time: `.Values.kernelFullVersion` and its kin.

Source: special-resource-operator pkg/runtime/runtime.go and its JSON encoding. Differs: every
kernel has its own `kernelPatchVersion`, and credentials of the repository are always empty.
"""

from __future__ import annotations

from collections.abc import Sequence

from sro_render.kernels.facts import kernel_patch_version
from sro_render.kernels.grouping import KernelGroup
from sro_render.model.inventory import DriverToolkit, Inventory
from sro_render.model.objects import JsonObject, JsonValue, mapping_of
from sro_render.model.specialresource import (
    API_VERSION,
    KIND,
    ChartReference,
    ManagementState,
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
        "proxy": {
            "httpProxy": cluster.proxy.http_proxy,
            "httpsProxy": cluster.proxy.https_proxy,
            "noProxy": cluster.proxy.no_proxy,
            "trustedCA": cluster.proxy.trusted_ca,
        },
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
    if resource.management_state is not ManagementState.MANAGED:
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
        "artifacts": mapping_of(given.get("artifacts")),
    }
