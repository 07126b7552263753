"""`sro-render inventory`: show, normalize and diff.

Matrix: show of OpenShift and of plain Kubernetes, each thing that a snapshot can lack, in text and JSON;
normalize of every kind of input, to a file and to standard output; each kind of difference, in text and
JSON, and none. Inputs are written as kubectl prints them, cut to what matters.
Left out: what holds for all inventories (tests/laws/test_inventory_laws.py); faults of inventories
(test_wrong_inputs.py).
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

EL8 = "4.18.0-305.45.1.el8_4.x86_64"
OLD8 = "4.18.0-305.19.1.el8_4.x86_64"
R410 = "410.84.202203221702-0"
KERNEL_LABEL = "feature.node.kubernetes.io/kernel-version.full"
IMAGE = f"quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:{'d07d95029663' * 5}abcd"


def node(name: str, kernel: str = EL8, *roles: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "resourceVersion": "12345",
            "annotations": {"machineconfiguration.openshift.io/state": "Done"},
            "labels": {
                KERNEL_LABEL: kernel,
                **{f"node-role.kubernetes.io/{role}": "" for role in roles or ("worker",)},
                **labels,
            },
        },
        "status": {
            "conditions": [{"type": "Ready", "lastHeartbeatTime": "2022-09-01T00:00:00Z"}],
            "images": [{"names": ["quay.io/some/image"], "sizeBytes": 1}],
            "nodeInfo": {
                "kernelVersion": kernel,
                "osImage": f"Red Hat Enterprise Linux CoreOS {R410} (Ootpa)",
                "architecture": "amd64",
                "kubeletVersion": "v1.23.5",
            },
        },
    }


def plain(name: str, **facts: str) -> dict[str, Any]:
    info = {"kernelVersion": "5.15.0-113-generic", "osImage": "Ubuntu 22.04.4 LTS", "architecture": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {KERNEL_LABEL: "5.15.0-113-generic"}},
        "status": {"nodeInfo": {**info, "kubeletVersion": "v1.30.4", **facts}},
    }


CLUSTER_VERSION = {
    "apiVersion": "config.openshift.io/v1",
    "kind": "ClusterVersion",
    "metadata": {"name": "version"},
    "status": {"history": [{"state": "Completed", "version": "4.10.11"}]},
}
STREAM = {
    "apiVersion": "image.openshift.io/v1",
    "kind": "ImageStream",
    "metadata": {"name": "driver-toolkit", "namespace": "openshift"},
    "status": {"tags": [{"tag": R410, "items": [{"dockerImageReference": IMAGE}]}]},
}
OS_IMAGE_URL = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "machine-config-osimageurl", "namespace": "openshift-machine-config-operator"},
    "data": {"osImageURL": "quay.io/os"},
}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "builder-dockercfg-x", "namespace": "kmod"},
    "data": {".dockercfg": "c2VjcmV0"},
}
PROXY = {
    "apiVersion": "config.openshift.io/v1",
    "kind": "Proxy",
    "metadata": {"name": "cluster"},
    "spec": {"httpProxy": "http://me:hunter2@proxy.example:3128", "noProxy": ".svc"},
}
CHARTS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "charts",
        "namespace": "kmod",
        "uid": "1-2-3",
        "creationTimestamp": "2022-01-01T00:00:00Z",
    },
    "data": {"index.yaml": "apiVersion: v1\nentries: {}\n"},
    "binaryData": {"kmod-1.0.0.tgz": "AAAA"},
}
WHOLE = [CLUSTER_VERSION, STREAM, OS_IMAGE_URL, SECRET]


def write(project: Any, name: str, *objects: dict[str, Any]) -> str:
    project.write(name, json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
    return name


def compact(project: Any, name: str, **fields: Any) -> str:
    inventory = {"apiVersion": "sro.openshift.io/v1alpha1", "kind": "NodeInventory", **fields}
    project.write(name, yaml.safe_dump(inventory))
    return name


# -- show


def test_show_prints_kernels_with_nodes_roles_and_toolkits(project: Any) -> None:
    nodes = [node("m1", EL8, "master", "control-plane"), node("w2"), node("w1"), node("w3", OLD8)]
    done = project.run("inventory", "show", write(project, "all.json", *nodes, *WHOLE))
    assert (done.code, done.err) == (0, TWO_KERNELS_OF_ONE_TAG)
    assert (
        done.out
        == f"""\
cluster: OpenShift 4.10.11, Kubernetes v1.23.5, 4 nodes on 2 kernels

KERNEL                        NODES  ARCHITECTURE  SYSTEM
{OLD8}      1  amd64         rhel8.4 (OpenShift 4.10)
    nodes    w3
    roles    worker 1
    toolkit  …nshift-release-dev/ocp-v4.0-art-dev@sha256:d07d95029663 (by tag {R410})
{EL8}      3  amd64         rhel8.4 (OpenShift 4.10)
    nodes    m1, w1, w2
    roles    control-plane 1, master 1, worker 2
    toolkit  …nshift-release-dev/ocp-v4.0-art-dev@sha256:d07d95029663 (by tag {R410})

system        rhel8.4 (OpenShift 4.10) 4
architecture  amd64 4
role          control-plane 1, master 1, worker 3
"""
    )
    assert max(map(len, done.out.splitlines())) <= 100


TWO_KERNELS_OF_ONE_TAG = f"""\
warning[toolkit-ambiguous]: the driver toolkit with the tag {R410} is for one of the kernels {OLD8} and {EL8}, and nothing tells for which
  in: kernel {OLD8}
  note: it is {IMAGE}
  help: add it with its kernelFullVersion to driverToolkits of a NodeInventory; /etc/driver-toolkit-release.json in the image has it
"""


def test_show_of_plain_kubernetes_speaks_of_no_toolkit(project: Any) -> None:
    done = project.run("inventory", "show", write(project, "nodes.json", plain("a"), plain("b")))
    assert (done.code, done.err) == (0, "")
    assert (
        done.out
        == """\
cluster: Kubernetes v1.30.4, 2 nodes on 1 kernel

KERNEL              NODES  ARCHITECTURE  SYSTEM
5.15.0-113-generic      2  amd64         ubuntu22.04
    nodes    a, b
    roles    <none> 2

system        ubuntu22.04 2
architecture  amd64 2
role          <none> 2
"""
    )


def lacks(project: Any, *files: str) -> dict[str, str]:
    """Code and message of all that a snapshot lacks."""
    done = project.run("inventory", "show", "-o", "json", *files)
    assert (done.code, done.err) == (0, "")
    return {each["code"]: each["message"] for each in json.loads(done.out)["lacks"]}


@pytest.mark.parametrize(
    ("left_out", "code", "message"),
    [
        (
            CLUSTER_VERSION,
            "cluster-version",
            "no ClusterVersion: clusterVersion is empty, and nothing tells which release is current",
        ),
        (STREAM, "driver-toolkit", f"no driver toolkit for 1 of 1 kernels: {EL8}"),
        (OS_IMAGE_URL, "os-image-url", "no image of the nodes' system: osImageURL is empty"),
        (SECRET, "push-secret", "no Secret that builds push with: pushSecretName is empty"),
    ],
)
def test_show_names_each_object_of_openshift_that_is_lacking(
    project: Any, left_out: dict[str, Any], code: str, message: str
) -> None:
    objects = [each for each in WHOLE if each is not left_out]
    assert lacks(project, write(project, "all.json", node("a"), *objects)) == {code: message}
    assert lacks(project, write(project, "all.json", node("a"), *WHOLE)) == {}


def test_show_names_what_nodes_do_not_say(project: Any) -> None:
    bare = plain("bare", osImage="Linux", architecture="", kernelVersion="6.2.0")
    bare["metadata"]["labels"] = {}
    assert lacks(project, write(project, "nodes.json", plain("a"), bare)) == {
        "kernel-label": f"1 of 2 nodes without the label {KERNEL_LABEL}, by which kernel-affine objects find "
        "their nodes: bare",
        "os-version": "1 of 2 nodes without the version of their system: bare",
        "architecture": "1 of 2 nodes without an architecture: bare",
    }
    lone = compact(project, "one.yaml", nodes=[{"name": "lone", "kernelVersion": "6.2.0"}])
    assert lacks(project, lone) == {
        "kubernetes-version": "no version of Kubernetes: charts that ask see the oldest that Helm knows",
        "kernel-label": f"the node without the label {KERNEL_LABEL}, by which kernel-affine objects find "
        "their nodes: lone",
        "os-version": "the node without the version of their system: lone",
        "architecture": "the node without an architecture: lone",
    }


def test_show_names_what_planned_kernels_do_not_say(project: Any) -> None:
    planned = compact(project, "next.yaml", plannedKernels=[{"kernelVersion": "6.8.0-45-generic"}])
    files = [write(project, "nodes.json", plain("a")), planned]
    assert lacks(project, *files) == {
        "planned-labels": "planned kernels without labels, for which every SpecialResource prepares: "
        "6.8.0-45-generic",
        "planned-system": "planned kernels without a system: 6.8.0-45-generic",
    }
    done = project.run("inventory", "show", *files)
    assert "6.8.0-45-generic    planned  unknown       unknown\n" in done.out
    assert done.out.startswith("cluster: Kubernetes v1.30.4, 1 node on 1 kernel, 1 planned kernel\n")


def test_show_says_how_to_get_what_is_lacking(project: Any) -> None:
    done = project.run("inventory", "show", write(project, "nodes.json", node("a")))
    assert (
        done.out.partition("lacks:\n")[2]
        == f"""\
- no ClusterVersion: clusterVersion is empty, and nothing tells which release is current
  > oc get clusterversion/version -o json > clusterversion.json
- no driver toolkit for 1 of 1 kernels: {EL8}
  > oc get imagestream/driver-toolkit -n openshift -o json > toolkit.json
- no image of the nodes' system: osImageURL is empty
  > oc get cm/machine-config-osimageurl -n openshift-machine-config-operator -o json > osimage.json
- no Secret that builds push with: pushSecretName is empty
  > oc get secrets -n NAMESPACE -o name | grep builder-dockercfg, and write the name under
    pushSecrets of a NodeInventory
"""
    )


def test_show_fits_long_names_and_many_of_them(project: Any) -> None:
    kernel = "5.14.0-" + "1" * 55
    nodes = [node(f"worker-{number:05}.example", kernel) for number in range(200)]
    toolkit = {"image": f"registry.example/{'x' * 120}", "kernelFullVersion": kernel}
    extra = compact(project, "toolkit.yaml", driverToolkits=[toolkit])
    done = project.run("inventory", "show", write(project, "nodes.json", *nodes), extra)
    assert "worker-00000.example, worker-00001.example, worker-00002.example and 197 more\n" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_show_as_json_has_all_names_and_stable_keys(project: Any) -> None:
    done = project.run("inventory", "show", "-o", "json", write(project, "all.json", node("a"), *WHOLE))
    assert json.loads(done.out) == {
        "cluster": {"name": "", "version": "4.10.11", "kubernetesVersion": "v1.23.5", "platform": "OCP"},
        "nodes": 1,
        "kernels": [
            {
                "kernel": EL8,
                "planned": False,
                "nodes": ["a"],
                "architectures": ["amd64"],
                "systems": [{"id": "rhel", "version": "8.4", "release": "4.10"}],
                "roles": {"worker": 1},
                "driverToolkit": {
                    "image": IMAGE,
                    "tag": R410,
                    "kernelFullVersion": EL8,
                    "rtKernelFullVersion": "",
                    "osVersion": "8.4",
                    "architecture": "",
                },
            }
        ],
        "systems": {"rhel8.4 (OpenShift 4.10)": 1},
        "architectures": {"amd64": 1},
        "roles": {"worker": 1},
        "lacks": [],
        "findings": [],
    }


def test_show_counts_nodes_that_contradict_each_other_and_says_so(project: Any) -> None:
    other = node("b")
    other["status"]["nodeInfo"]["osImage"] = "Red Hat Enterprise Linux CoreOS 411.86.202301311516-0 (Ootpa)"
    done = project.run("inventory", "show", "-o", "json", write(project, "nodes.json", node("a"), other))
    shown = json.loads(done.out)
    assert (done.code, shown["kernels"][0]["nodes"]) == (0, ["a", "b"])
    assert [each["code"] for each in shown["findings"]] == ["kernel-mixed-os"]


def test_show_refuses_what_is_no_inventory(project: Any) -> None:
    done = project.run("inventory", "show", write(project, "pods.json", {"kind": "Pod"}))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error[inventory-empty]: no nodes in pods.json\n")


IN_A_LIST = """\
kind: List
items:
- apiVersion: sro.openshift.io/v1alpha1
  kind: NodeInventory
  nodes:
  - name: w1
    kernelVersion: "5.1"
  driverToolkits:
  - tag: latest
  noeds: []
"""


def test_a_nodeinventory_in_a_list_is_checked_by_its_schema_too(project: Any) -> None:
    project.write("all.yaml", IN_A_LIST)
    done = project.run("inventory", "show", "all.yaml")
    assert (done.code, done.out) == (2, "")
    assert (
        done.err
        == """\
error[missing-key]: 'image' is missing
  --> all.yaml:9:5 (driverToolkits[0].image)
  9 |   - tag: latest
    |     ^
  help: The image, by digest.
error[unknown-key]: 'noeds' is not a key of this document
  --> all.yaml:10:3 (noeds)
  10 |   noeds: []
     |   ^^^^^
  help: did you mean 'nodes'?
"""
    )


# -- normalize


def test_normalize_writes_what_rendering_reads_and_nothing_else(project: Any) -> None:
    nodes = [
        node("b", **{"specialresource.openshift.io/state-kmod-0000": "Ready", "gpu": "yes"}),
        node("a", OLD8),
    ]
    file = write(
        project, "all.json", *nodes, *WHOLE, PROXY, CHARTS, {"kind": "Pod", "metadata": {"name": "p"}}
    )
    done = project.run("inventory", "normalize", file)
    assert done.code == 0
    assert (
        done.out
        == f"""\
apiVersion: sro.openshift.io/v1alpha1
cluster:
  kubernetesVersion: v1.23.5
  osImageURL: quay.io/os
  proxy:
    httpProxy: http://proxy.example:3128
    noProxy: .svc
  version: 4.10.11
driverToolkits:
- image: {IMAGE}
  tag: {R410}
kind: NodeInventory
nodes:
- architecture: amd64
  kernelVersion: {OLD8}
  labels:
    {KERNEL_LABEL}: {OLD8}
    node-role.kubernetes.io/worker: ""
  name: a
  osImage: Red Hat Enterprise Linux CoreOS {R410} (Ootpa)
- architecture: amd64
  kernelVersion: {EL8}
  labels:
    {KERNEL_LABEL}: {EL8}
    gpu: "yes"
    node-role.kubernetes.io/worker: ""
  name: b
  osImage: Red Hat Enterprise Linux CoreOS {R410} (Ootpa)
pushSecrets:
  kmod: builder-dockercfg-x
---
apiVersion: v1
binaryData:
  kmod-1.0.0.tgz: AAAA
data:
  index.yaml: |
    apiVersion: v1
    entries: {{}}
kind: ConfigMap
metadata:
  name: charts
  namespace: kmod
"""
    )
    assert (
        done.err
        == """\
warning[proxy-password-dropped]: the URL of the cluster's proxy has a user or password in it, which is left out
  help: what is in Git can be read: if charts need all of the URL, give it by another file
"""
    )


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("http://me@proxy.example", "http://proxy.example"),
        ("HTTPS://me:p%40ss@[::1]:3128/", "HTTPS://[::1]:3128/"),
        ("me:secret@proxy.example:3128", "proxy.example:3128"),
        ("http://proxy.example/@path", "http://proxy.example/@path"),
    ],
)
def test_normalize_keeps_passwords_out(project: Any, url: str, public: str) -> None:
    proxy = {**PROXY, "spec": {"httpsProxy": url}}
    done = project.run("inventory", "normalize", write(project, "all.json", node("a"), proxy))
    assert yaml.safe_load(done.out)["cluster"]["proxy"] == {"httpsProxy": public}
    assert ("[proxy-password-dropped]" in done.err) is (url != public)
    assert bool(done.err) == (url != public)


def test_normalize_writes_to_a_file_and_reads_standard_input(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(node("a")).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    done = project.run("inventory", "normalize", "-", "--out", "nodes.yaml")
    assert (done.code, done.out, done.err) == (0, "", "wrote nodes.yaml\n")
    written = (project.root / "nodes.yaml").read_text()
    assert project.run("inventory", "normalize", "nodes.yaml").out == written
    assert [each["name"] for each in yaml.safe_load(written)["nodes"]] == ["a"]


def test_normalize_makes_the_folders_that_it_writes_to(project: Any) -> None:
    done = project.run("inventory", "normalize", "nodes.json", "--out", "inventory/lab/nodes.yaml")
    assert (done.code, done.err) == (0, "wrote inventory/lab/nodes.yaml\n")
    assert [each.name for each in (project.root / "inventory/lab").iterdir()] == ["nodes.yaml"]


def test_normalize_says_where_a_file_stands_in_place_of_a_folder(project: Any) -> None:
    done = project.run("inventory", "normalize", "nodes.json", "--out", "spec.yaml/nodes.yaml")
    assert (done.code, done.err) == (
        2,
        "error[output-failed]: spec.yaml/nodes.yaml cannot be written: File exists\n",
    )


def test_normalize_as_json_is_read_like_the_yaml(project: Any) -> None:
    file = write(project, "all.json", node("a"), *WHOLE, CHARTS)
    project.run("inventory", "normalize", file, "--out", "all.yaml")
    project.run("inventory", "normalize", file, "-o", "json", "--out", "again.json")
    assert [each["kind"] for each in json.loads((project.root / "again.json").read_text())["items"]] == [
        "NodeInventory",
        "ConfigMap",
    ]
    yaml_text = (project.root / "all.yaml").read_text()
    assert project.run("inventory", "normalize", "again.json").out == yaml_text
    write(project, "nodes.json", node("a"))
    alone = project.run("inventory", "normalize", "nodes.json", "-o", "json")
    assert json.loads(alone.out)["kind"] == "NodeInventory"


def test_normalize_takes_a_file_without_nodes(project: Any) -> None:
    done = project.run("inventory", "normalize", write(project, "stream.json", STREAM))
    assert (done.code, yaml.safe_load(done.out)["driverToolkits"]) == (0, [{"image": IMAGE, "tag": R410}])


def test_normalize_refuses_two_chart_configmaps_of_one_name(project: Any) -> None:
    other = {**CHARTS, "binaryData": {"kmod-1.0.1.tgz": "AAAA"}}
    done = project.run("inventory", "normalize", write(project, "all.json", node("a"), CHARTS, other))
    assert (done.code, done.out) == (2, "")
    assert "there are two of it, with different content" in done.err


# -- diff


def diffed(project: Any, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Any:
    return project.run("inventory", "diff", write(project, "a.json", *old), write(project, "b.json", *new))


def test_diff_of_what_changes_by_itself_is_empty(project: Any) -> None:
    later = node("a", **{"specialresource.openshift.io/state-kmod-0000": "Ready"})
    later["metadata"]["resourceVersion"] = "99999"
    later["status"]["conditions"][0]["lastHeartbeatTime"] = "2023-01-01T00:00:00Z"
    done = diffed(project, [node("a"), *WHOLE], [later, *WHOLE[::-1]])
    assert (done.code, done.out, done.err) == (0, "", "")


def upgraded(name: str) -> dict[str, Any]:
    new = node(name, "4.18.0-372.9.1.el8.x86_64", gpu="b")
    new["status"]["nodeInfo"]["osImage"] = "Red Hat Enterprise Linux CoreOS 411.86.202208191320-0 (Ootpa)"
    return new


OLD = [node("w1", gpu="a"), node("w2", gpu="a"), node("gone"), *WHOLE]
NEW_STREAM = {**STREAM, "status": {"tags": [{"tag": R410, "items": [{"dockerImageReference": "other"}]}]}}
NEW = [upgraded("w1"), upgraded("w2"), node("new", OLD8), CLUSTER_VERSION, NEW_STREAM]


def test_diff_says_what_comes_and_goes_and_each_change_once(project: Any) -> None:
    done = diffed(project, OLD, NEW)
    assert (done.code, done.err) == (1, "")
    assert (
        done.out
        == f"""\
+ kernel {OLD8}: 1 node
    new
+ kernel 4.18.0-372.9.1.el8.x86_64: 2 nodes
    w1, w2
- kernel {EL8}: 3 nodes
    gone, w1, w2
+ 1 node with kernel {OLD8}
    new
- 1 node with kernel {EL8}
    gone
~ kernel {EL8} -> 4.18.0-372.9.1.el8.x86_64: 2 nodes
    w1, w2
~ osImage Red Hat Enterprise Linux CoreOS {R410} (Ootpa) -> Red Hat Enterprise Linux CoreOS 411.86.202208191320-0 (Ootpa): 2 nodes
    w1, w2
~ system rhel8.4 (OpenShift 4.10) -> rhel8.6 (OpenShift 4.11): 2 nodes
    w1, w2
~ label gpu "a" -> "b": 2 nodes
    w1, w2
~ driver toolkit's tag {R410} quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:d07d95029663 -> other
~ cluster's osImageURL quay.io/os -> none
~ cluster's pushSecrets.kmod builder-dockercfg-x -> none
"""
    )


def test_diff_as_json_has_all_names_and_stable_keys(project: Any) -> None:
    files = write(project, "a.json", *OLD), write(project, "b.json", *NEW)
    done = project.run("inventory", "diff", *files, "-o", "json")
    image = "Red Hat Enterprise Linux CoreOS"
    assert (done.code, json.loads(done.out)) == (
        1,
        {
            "kernelsAdded": [
                {"kernel": OLD8, "nodes": ["new"]},
                {"kernel": "4.18.0-372.9.1.el8.x86_64", "nodes": ["w1", "w2"]},
            ],
            "kernelsRemoved": [{"kernel": EL8, "nodes": ["gone", "w1", "w2"]}],
            "plannedAdded": [],
            "plannedRemoved": [],
            "nodesAdded": [{"node": "new", "kernel": OLD8}],
            "nodesRemoved": [{"node": "gone", "kernel": EL8}],
            "nodesChanged": [
                {
                    "fact": "kernel",
                    "before": EL8,
                    "after": "4.18.0-372.9.1.el8.x86_64",
                    "nodes": ["w1", "w2"],
                },
                {
                    "fact": "osImage",
                    "before": f"{image} {R410} (Ootpa)",
                    "after": f"{image} 411.86.202208191320-0 (Ootpa)",
                    "nodes": ["w1", "w2"],
                },
                {
                    "fact": "system",
                    "before": "rhel8.4 (OpenShift 4.10)",
                    "after": "rhel8.6 (OpenShift 4.11)",
                    "nodes": ["w1", "w2"],
                },
                {"fact": "label gpu", "before": '"a"', "after": '"b"', "nodes": ["w1", "w2"]},
            ],
            "toolkitsAdded": [],
            "toolkitsRemoved": [],
            "tagsChanged": [{"fact": R410, "before": IMAGE, "after": "other"}],
            "clusterChanged": [
                {"fact": "osImageURL", "before": "quay.io/os", "after": ""},
                {"fact": "pushSecrets.kmod", "before": "builder-dockercfg-x", "after": ""},
            ],
        },
    )


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ({"gpu": ""}, {}, ['~ label gpu "" -> none: 1 node']),
        ({}, {"gpu": ""}, ['~ label gpu none -> "": 1 node']),
        ({}, {KERNEL_LABEL: "4.18.0-1"}, [f'~ label {KERNEL_LABEL} none -> "4.18.0-1": 1 node']),
        ({}, {"feature.node.kubernetes.io/kernel-version.major": "4"}, []),
    ],
    ids=["gone", "empty", "lies", "repeats the kernel"],
)
def test_diff_of_labels_tells_those_that_say_something(
    project: Any, old: dict[str, str], new: dict[str, str], lines: list[str]
) -> None:
    done = diffed(project, [node("a", **old)], [node("a", **new)])
    assert done.out.splitlines() == [each for line in lines for each in (line, "    a")]


def test_diff_tells_toolkits_planned_kernels_and_facts_of_the_cluster(project: Any) -> None:
    toolkit = {"image": "dtk", "kernelFullVersion": EL8, "rtKernelFullVersion": "5-rt"}
    nodes = [{"name": "a", "kernelVersion": EL8, "architecture": "amd64"}]
    old = compact(project, "a.yaml", nodes=nodes, driverToolkits=[toolkit])
    new = compact(
        project,
        "b.yaml",
        metadata={"name": "east"},
        nodes=[{**nodes[0], "architecture": "arm64"}],
        cluster={"version": "4.11.0", "proxy": {"httpProxy": "http://u:p@proxy"}, "apiVersions": ["x/v1"]},
        plannedKernels=[{"kernelVersion": "6.1", "osImage": "Ubuntu 24.04 LTS"}, {"kernelVersion": "6.2"}],
    )
    there, back = project.run("inventory", "diff", old, new), project.run("inventory", "diff", new, old)
    assert (there.code, back.code) == (1, 1)
    assert (
        there.out
        == f"""\
+ planned kernel 6.1 on ubuntu24.04
+ planned kernel 6.2
~ architecture amd64 -> arm64: 1 node
    a
- driver toolkit dtk for {EL8} and 5-rt
~ cluster's apiVersions x/v1 none -> given
~ cluster's httpProxy none -> http://proxy
~ cluster's name none -> east
~ cluster's platform K8S -> OCP
~ cluster's version none -> 4.11.0
"""
    )
    assert f"+ driver toolkit dtk for {EL8} and 5-rt\n" in back.out
    assert "- planned kernel 6.2\n" in back.out


def test_diff_reads_folders_and_one_standard_input(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, "old/nodes.json", node("a"))
    write(project, "old/cluster.json", *WHOLE)
    whole = json.dumps({"kind": "List", "items": [node("a"), *WHOLE]}).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(whole)))
    assert project.run("inventory", "diff", "old", "-").code == 0
    done = project.run("inventory", "diff", "-", "-")
    assert (done.code, "only one of A and B can be standard input" in done.err) == (2, True)


@pytest.mark.parametrize("name", ["show", "normalize", "diff"])
def test_each_help_has_an_example_that_runs(project: Any, name: str) -> None:
    done = project.run("inventory", name, "--help")
    assert done.code == 0
    examples = done.out.partition("Example:\n")[2].splitlines()
    command = next(line for line in examples if f"sro-render inventory {name}" in line)
    for file in ("nodes.json", "nodes.yaml", "next.yaml"):
        write(project, file, node("a"))
    arguments = command.partition("sro-render ")[2].replace("normalize -", "normalize nodes.json").split()
    assert project.run(*arguments).code == 0
    assert Path("nodes.yaml").is_file()
