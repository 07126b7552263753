"""What the benchmarks of builds read: nodes, a cluster's facts, and helm's values for one kernel.

All of it follows from numbers, so that two runs measure the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent
from typing import Any


def kernel_name(index: int) -> str:
    return f"4.18.0-{305 + index // 100}.{index % 100}.1.el8_4.x86_64"


def make_node(index: int, kernel: str, *, padding: int) -> dict[str, Any]:
    """A node as `kubectl get nodes -o json` prints it.

    padding: how many CPU features, images and annotations of the machine config it has beside what
    rendering reads; 11 makes about 10 KB.
    """
    features = {f"feature.node.kubernetes.io/cpu-cpuid.AVX512FEATURE{i:02}": "true" for i in range(padding)}
    config = f"rendered-worker-{index:04x}" + "0123456789abcdef" * 2
    annotations = {f"machineconfiguration.openshift.io/state-{i:02}": config for i in range(padding)}
    repository = "quay.io/openshift-release-dev/ocp-v4.0-art-dev"
    images = [
        {
            "names": [
                f"{repository}@sha256:{index:032x}{i:032x}",
                f"{repository}:release-4.10.11-component-{i:02}",
            ],
            "sizeBytes": 300_000_000 + i,
        }
        for i in range(padding)
    ]
    pressures = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"worker-{index:05}.example",
            "uid": f"{index:08x}-0000-4000-8000-000000000000",
            "resourceVersion": str(1_000_000 + index),
            "creationTimestamp": "2022-04-01T00:00:00Z",
            "annotations": annotations,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/os": "linux",
                "kubernetes.io/hostname": f"worker-{index:05}",
                "node-role.kubernetes.io/worker": "",
                "feature.node.kubernetes.io/kernel-version.full": kernel,
                "feature.node.kubernetes.io/system-os_release.ID": "rhcos",
                "feature.node.kubernetes.io/system-os_release.VERSION_ID": "4.10",
                "feature.node.kubernetes.io/system-os_release.RHEL_VERSION": "8.4",
                **features,
            },
        },
        "spec": {"providerID": f"aws:///us-east-1a/i-{index:017x}"},
        "status": {
            "allocatable": {"cpu": "15500m", "memory": "64301644Ki", "pods": "250"},
            "capacity": {"cpu": "16", "memory": "65452620Ki", "pods": "250"},
            "conditions": [
                {
                    "type": name,
                    "status": str(name == "Ready"),
                    "lastHeartbeatTime": "2022-09-01T00:00:00Z",
                    "lastTransitionTime": "2022-04-01T00:00:00Z",
                    "reason": f"KubeletHasNo{name}",
                    "message": f"kubelet says that {name} is {name == 'Ready'}",
                }
                for name in pressures
            ],
            "images": images,
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "00000000-0000-4000-8000-000000000000",
                "containerRuntimeVersion": "cri-o://1.23.2",
                "kernelVersion": kernel,
                "kubeProxyVersion": "v1.23.5",
                "kubeletVersion": "v1.23.5",
                "machineID": f"{index:032x}",
                "operatingSystem": "linux",
                "osImage": "Red Hat Enterprise Linux CoreOS 410.84.202203221702-0 (Ootpa)",
                "systemUUID": f"{index:08x}-0000-4000-8000-000000000000",
            },
        },
    }


def write_nodes(path: Path, nodes: int, kernels: int, *, padding: int = 0) -> Path:
    """A List of nodes, evenly spread over the kernels, in kubectl's layout."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n    "apiVersion": "v1",\n    "items": [')
        for index in range(nodes):  # one by one, see `measure` on the peak
            node = make_node(index, kernel_name(index % kernels), padding=padding)
            file.write(("," if index else "") + "\n" + indent(json.dumps(node, indent=4), " " * 8))
        file.write(
            '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n'
        )
    return path


def write_cluster(path: Path, kernels: int) -> Path:
    """A NodeInventory with the cluster's facts and a driver toolkit for each kernel."""
    toolkits = [
        {
            "image": f"quay.io/example/driver-toolkit@sha256:{index:064x}",
            "kernelFullVersion": kernel_name(index).removesuffix(".x86_64"),
            "osVersion": "8.4",
        }
        for index in range(kernels)
    ]
    inventory = {
        "apiVersion": "sro.openshift.io/v1alpha1",
        "kind": "NodeInventory",
        "metadata": {"name": "bench"},
        "cluster": {"version": "4.10.11", "kubernetesVersion": "v1.23.5", "platform": "OCP"},
        "driverToolkits": toolkits,
    }
    path.write_text(json.dumps(inventory, indent=4) + "\n", encoding="utf-8")
    return path


def write_helm_values(path: Path, special_resource: Mapping[str, Any], index: int) -> Path:
    """What helm needs to be told for one kernel, as a JSON file, which is YAML too."""
    groups = {"driverBuild": "driver-build", "driverContainer": "driver-container"}
    values = {
        **special_resource["spec"].get("set", {}),
        "specialresource": special_resource,
        "groupName": groups,
        "kernelFullVersion": kernel_name(index),
        "driverToolkitImage": f"quay.io/example/driver-toolkit@sha256:{index:064x}",
        "operatingSystemDecimal": "8.4",
        "operatingSystemMajor": "rhel8",
        "operatingSystemMajorMinor": "rhel8.4",
        "clusterVersion": "4.10.11",
        "clusterVersionMajorMinor": "4.10",
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    return path
