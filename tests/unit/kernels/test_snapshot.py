"""Inventory files as they come.

Matrix: each kind that is read, both forms, typed lists, contradictions between files, and what is
passed over. Objects are written as `kubectl get -o json` prints them, cut to what matters.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sro_render.errors import InputError
from sro_render.kernels.merging import InventoryDocument
from sro_render.kernels.snapshot import merge_documents, read_inventory
from sro_render.model.inventory import Cluster, DriverToolkit, Inventory, Proxy, ToolkitTag
from sro_render.source import Source


def node(name: str = "w1", kernel: str = "5.1", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"role": "w"}, **metadata},
        "status": {
            "nodeInfo": {
                "kernelVersion": kernel,
                "osImage": "Ubuntu 22.04.3 LTS",
                "architecture": "amd64",
                "kubeletVersion": "v1.23.5",
            }
        },
    }


def compact(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "sro.openshift.io/v1alpha1", "kind": "NodeInventory", **fields}


def document(name: str, value: Any) -> InventoryDocument:
    return InventoryDocument(source=Source(name, yaml.safe_dump(value)), value=value)


def read(*values: Any) -> Inventory:
    """Each value is a document of a file of its own: 1.yaml, 2.yaml, …"""
    return read_inventory([document(f"{number}.yaml", value) for number, value in enumerate(values, 1)])


def cluster(*values: Any) -> Cluster:
    return read(node(), *values).cluster


def test_a_node_is_read_in_either_form() -> None:
    (from_kubectl,) = read({"kind": "List", "items": [node()]}).nodes
    (from_compact,) = read(
        compact(
            nodes=[
                {
                    "name": "w1",
                    "labels": {"role": "w"},
                    "kernelVersion": "5.1",
                    "osImage": "Ubuntu 22.04.3 LTS",
                    "architecture": "amd64",
                    "kubeletVersion": "v1.23.5",
                }
            ]
        )
    ).nodes
    assert from_kubectl == from_compact
    assert (from_kubectl.name, from_kubectl.kernel, from_kubectl.labels) == ("w1", "5.1", {"role": "w"})


def test_items_of_a_typed_list_have_no_kind_of_their_own() -> None:
    item = {key: value for key, value in node().items() if key not in {"apiVersion", "kind"}}
    assert [each.name for each in read({"kind": "NodeList", "items": [item]}).nodes] == ["w1"]


def test_nodes_come_a_to_z_and_the_same_node_twice_counts_once() -> None:
    names = [each.name for each in read(node("b"), node("a"), node("b")).nodes]
    assert names == ["a", "b"]


def test_the_clusters_version_is_that_of_the_newest_completed_update() -> None:
    history = [
        {"state": "Partial", "version": "4.11.0"},
        {"state": "Completed", "version": "4.10.11"},
        {"state": "Completed", "version": "4.9.5"},
    ]
    version = {"kind": "ClusterVersion", "metadata": {"name": "version"}, "status": {"history": history}}
    assert (cluster(version).version, cluster(version).platform) == ("4.10.11", "OCP")


def test_plain_kubernetes_has_no_version_of_openshift() -> None:
    assert (cluster().version, cluster().platform, cluster().kubernetes_version) == ("", "K8S", "v1.23.5")


def test_the_kubernetes_version_is_the_highest_kubelets() -> None:
    older = node("a")
    older["status"]["nodeInfo"]["kubeletVersion"] = "v1.9.10"
    assert read(older, node("b")).cluster.kubernetes_version == "v1.23.5"
    assert cluster(compact(cluster={"kubernetesVersion": "v1.30.0"})).kubernetes_version == "v1.30.0"


def test_each_tag_of_the_driver_toolkit_names_its_newest_image() -> None:
    items = [
        {"created": "2022-01-01T00:00:00Z", "dockerImageReference": "old"},
        {"created": "2022-09-01T00:00:00Z", "dockerImageReference": "new"},
    ]
    stream = {
        "kind": "ImageStream",
        "metadata": {"name": "driver-toolkit", "namespace": "openshift"},
        "status": {"tags": [{"tag": "latest", "items": items}, {"tag": "empty", "items": None}]},
    }
    assert read(node(), stream).toolkit_tags == (ToolkitTag(tag="latest", image="new"),)


def stream(**parts: Any) -> dict[str, Any]:
    return {
        "kind": "ImageStream",
        "metadata": {"name": "driver-toolkit", "namespace": "openshift"},
        **parts,
    }


def test_a_tag_that_was_not_imported_yet_names_the_image_that_was_asked_for() -> None:
    def source(kind: str, name: str) -> dict[str, Any]:
        return {"from": {"kind": kind, "name": name}}

    spec = [
        {"name": "latest", **source("DockerImage", "asked")},
        {"name": "4.11", **source("DockerImage", "next")},
        {"name": "alias", **source("ImageStreamTag", "latest")},
    ]
    status = [{"tag": "latest", "items": [{"dockerImageReference": "in-force"}]}]
    assert read(node(), stream(spec={"tags": spec}, status={"tags": status})).toolkit_tags == (
        ToolkitTag(tag="4.11", image="next"),
        ToolkitTag(tag="latest", image="in-force"),
    )


def test_what_one_place_leaves_out_of_a_toolkit_another_may_add() -> None:
    toolkits = [
        compact(driverToolkits=[{"image": "i", "tag": "latest"}, {"image": "i", "tag": "4.10"}]),
        compact(driverToolkits=[{"image": "i", "osVersion": "8.4"}]),
        compact(driverToolkits=[{"image": "i", "kernelFullVersion": "5.1"}]),
    ]
    for order in (toolkits, toolkits[::-1]):
        inventory = read(node(), *order)
        assert inventory.toolkits == (DriverToolkit(image="i", kernel="5.1", os_version="8.4"),)
        assert inventory.toolkit_tags == (
            ToolkitTag(tag="4.10", image="i"),
            ToolkitTag(tag="latest", image="i"),
        )


def test_one_image_may_be_the_toolkit_of_several_architectures() -> None:
    toolkits = [
        {"image": "i", "tag": "t", "architecture": "arm64", "kernelFullVersion": "5.1.aarch64"},
        {"image": "i", "tag": "t", "architecture": "amd64", "kernelFullVersion": "5.1.x86_64"},
    ]
    read_toolkits = read(node(), compact(driverToolkits=toolkits)).toolkits
    assert [each.kernel for each in read_toolkits] == ["5.1.x86_64", "5.1.aarch64"]


def test_a_tag_may_name_an_image_for_each_architecture() -> None:
    toolkits = [{"image": each, "tag": "t", "architecture": each} for each in ("arm64", "amd64")]
    assert read(node(), compact(driverToolkits=toolkits)).toolkit_tags == (
        ToolkitTag(tag="t", image="amd64"),
        ToolkitTag(tag="t", image="arm64"),
    )


def test_the_proxy_in_force_comes_before_the_one_asked_for() -> None:
    proxy = {
        "kind": "Proxy",
        "metadata": {"name": "cluster"},
        "spec": {"httpProxy": "http://asked", "noProxy": "a", "trustedCA": {"name": "ca"}},
        "status": {"httpProxy": "http://in-force", "noProxy": "a,b"},
    }
    assert cluster(proxy).proxy == Proxy(http_proxy="http://in-force", no_proxy="a,b", trusted_ca="ca")


def test_the_os_image_is_read_from_its_config_map() -> None:
    config_map = {
        "kind": "ConfigMap",
        "metadata": {"name": "machine-config-osimageurl", "namespace": "openshift-machine-config-operator"},
        "data": {"osImageURL": "quay.io/x@sha256:1"},
    }
    assert cluster(config_map).os_image_url == "quay.io/x@sha256:1"


def test_of_secrets_only_the_builders_name_is_kept() -> None:
    secrets = [
        {"kind": "Secret", "metadata": {"name": name, "namespace": "ns"}, "data": {"a": "c2VjcmV0"}}
        for name in ("default-token-x", "builder-dockercfg-b", "builder-dockercfg-a")
    ]
    inventory = read(node(), *secrets)
    assert dict(inventory.push_secrets) == {"ns": "builder-dockercfg-a"}
    assert "c2VjcmV0" not in repr(inventory)


def test_a_compact_inventory_has_everything() -> None:
    inventory = read(
        compact(
            metadata={"name": "east"},
            cluster={
                "version": "4.10.11",
                "apiVersions": ["b/v1", "a/v1"],
                "osImageURL": "img",
                "proxy": {"httpProxy": "http://p"},
            },
            driverToolkits=[{"image": "dtk", "kernelFullVersion": "5.1", "osVersion": "8.4"}],
            pushSecrets={"ns": "push"},
            nodes=[{"name": "w1", "kernelVersion": "5.1"}],
            plannedKernels=[{"kernelVersion": "5.2"}, {"kernelVersion": "5.2"}],
        )
    )
    assert inventory.cluster == Cluster(
        name="east",
        version="4.10.11",
        api_versions=("a/v1", "b/v1"),
        platform="OCP",
        os_image_url="img",
        proxy=Proxy(http_proxy="http://p"),
    )
    assert inventory.toolkits == (DriverToolkit(image="dtk", kernel="5.1", os_version="8.4"),)
    assert dict(inventory.push_secrets) == {"ns": "push"}
    assert [(each.name, each.kernel) for each in inventory.planned] == [("", "5.2")]


@pytest.mark.parametrize(
    "stranger",
    [
        {"kind": "Pod", "metadata": {"name": "p"}},
        {"kind": "ImageStream", "metadata": {"name": "other", "namespace": "openshift"}},
        {"kind": "ClusterVersion", "metadata": {"name": "other"}, "status": {"history": None}},
        {"kind": "Proxy", "metadata": {"name": "other"}, "spec": {"httpProxy": "x"}},
        {"kind": "ConfigMap", "metadata": {"name": "other", "namespace": "ns"}, "data": {"osImageURL": "x"}},
        {"metadata": {}},
    ],
)
def test_objects_of_other_kinds_and_names_are_passed_over(stranger: dict[str, Any]) -> None:
    assert read(node(), stranger) == read(node())


@pytest.mark.parametrize("kind", ["PreflightValidation", "SpecialResourceModule"])
def test_the_operators_other_kinds_are_refused_by_name(kind: str) -> None:
    stranger = {"apiVersion": "sro.openshift.io/v1beta1", "kind": kind, "metadata": {"name": "x"}}
    for value in (stranger, {"kind": "List", "items": [stranger]}):
        with pytest.raises(InputError) as caught:
            read(node(), value)
        assert caught.value.finding.span is not None
        assert (caught.value.finding.code, caught.value.finding.message) == (
            "kind-not-supported",
            f"{kind} is not supported",
        )
    other = {**stranger, "apiVersion": "kmm.sigs.x-k8s.io/v1beta2"}
    assert read(node(), other) == read(node())


CONTRADICTION_HELP = "  help: take one snapshot of the whole cluster, or drop the older file"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [node(), node(kernel="5.2")],
            """\
error[inventory-contradiction]: the kernel of node w1 is 5.1 in 1.yaml, but 5.2 in 2.yaml
  --> 2.yaml:1:1
  1 | apiVersion: v1
    | ^
  note: the first one is at 1.yaml:1:1
""",
        ),
        (
            [node(), node(labels={})],
            """\
error[inventory-contradiction]: node w1 has other labels or facts in 2.yaml than in 1.yaml
  --> 2.yaml:1:1
  1 | apiVersion: v1
    | ^
  note: the first one is at 1.yaml:1:1
""",
        ),
        (
            [node(), compact(metadata={"name": "a"}), compact(metadata={"name": "b"})],
            """\
error[inventory-contradiction]: the cluster's name is a in 2.yaml, but b in 3.yaml
  --> 3.yaml:4:9
  4 |   name: b
    |         ^
  note: the first one is at 2.yaml:4:9
""",
        ),
        (
            [node(), compact(pushSecrets={"ns": "a"}), compact(pushSecrets={"ns": "b"})],
            """\
error[inventory-contradiction]: the push secret of namespace ns is a in 2.yaml, but b in 3.yaml
  --> 3.yaml:4:7
  4 |   ns: b
    |       ^
  note: the first one is at 2.yaml:4:7
""",
        ),
        (
            [
                node(),
                compact(driverToolkits=[{"image": "i", "kernelFullVersion": "5.1"}]),
                compact(driverToolkits=[{"image": "i", "kernelFullVersion": "5.2"}]),
            ],
            """\
error[inventory-contradiction]: the kernel of driver toolkit i is 5.1 in 2.yaml, but 5.2 in 3.yaml
  --> 3.yaml:3:3
  3 | - image: i
    |   ^
  note: the first one is at 2.yaml:3:3
""",
        ),
        (
            [
                node(),
                compact(driverToolkits=[{"image": "a", "tag": "t"}]),
                compact(driverToolkits=[{"image": "b", "tag": "t", "architecture": "arm64"}]),
            ],
            """\
error[inventory-contradiction]: the driver toolkit with tag t is a in 2.yaml, but b in 3.yaml
  --> 3.yaml:3:3
  3 | - architecture: arm64
    |   ^
  note: the first one is at 2.yaml:3:3
""",
        ),
    ],
)
def test_a_contradiction_names_both_places(values: list[Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(*values)
    assert str(caught.value) == message + CONTRADICTION_HELP


def test_a_contradiction_of_proxies_shows_no_url() -> None:
    proxies = [compact(cluster={"proxy": {"httpProxy": f"http://u:{word}@p"}}) for word in ("one", "two")]
    with pytest.raises(InputError) as caught:
        read(node(), *proxies)
    assert str(caught.value) == (
        "error[inventory-contradiction]: the cluster's proxy is one in 2.yaml, but another in 3.yaml\n"
        "  note: the first one is at 2.yaml:4:5\n"
        "  help: take one snapshot of the whole cluster, or drop the older file"
    )


def test_two_nodes_of_one_name_in_one_document_are_a_mistake_even_if_they_are_alike() -> None:
    with pytest.raises(InputError) as caught:
        read(compact(nodes=[{"name": "w1", "kernelVersion": "5.1"}, {"name": "w1", "kernelVersion": "5.1"}]))
    assert (
        str(caught.value)
        == """\
error[inventory-contradiction]: there are two nodes named 'w1'
  --> 1.yaml:6:3
  6 | - kernelVersion: '5.1'
    |   ^
  note: the first one is at 1.yaml:4:3
  help: give each node a name of its own, or remove one of them"""
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            node(kernel=5.1),  # type: ignore[arg-type]
            """\
error[inventory-node]: the kernel of node w1 must be a string, and is the number 5.1
  --> 1.yaml:10:20 (status.nodeInfo.kernelVersion)
  10 |     kernelVersion: 5.1
     |                    ^^^
  help: put it into quotes""",
        ),
        (
            {"kind": "List", "items": [{"kind": "Node", "metadata": {"name": "x"}}]},
            """\
error[inventory-node]: the kernel of node x is missing
  --> 1.yaml:2:3 (status.nodeInfo.kernelVersion)
  2 | - kind: Node
    |   ^
  help: take the snapshot with -o json or -o yaml, from a running cluster""",
        ),
        (
            node(7),  # type: ignore[arg-type]
            """\
error[inventory-node]: the name of a node must be a string, and is the number 7
  --> 1.yaml:6:9 (metadata.name)
  6 |   name: 7
    |         ^
  help: put it into quotes""",
        ),
    ],
)
def test_a_node_without_a_usable_name_or_kernel_is_shown(value: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(value)
    assert str(caught.value) == message


def test_all_faults_of_all_files_come_at_once() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        read(node(), node(kernel="5.2"), node(""), {"kind": "Node", "metadata": {"name": "x"}})
    assert [str(each).split("\n", 1)[0] for each in caught.value.exceptions] == [
        "error[inventory-contradiction]: the kernel of node w1 is 5.1 in 1.yaml, but 5.2 in 2.yaml",
        "error[inventory-node]: the name of a node is missing",
        "error[inventory-node]: the kernel of node x is missing",
    ]


def test_one_file_of_several_may_have_no_nodes() -> None:
    toolkits = document("t.yaml", compact(driverToolkits=[{"image": "i"}]))
    assert merge_documents([toolkits]).toolkits == (DriverToolkit(image="i"),)


@pytest.mark.parametrize("kernel", ["../x", "a b", "5.1\t", "5.1é", ".", "-_", "5" * 65])
def test_a_kernel_that_uname_cannot_print_is_refused(kernel: str) -> None:
    value = node(kernel=kernel)
    source = Source("1.yaml", f"status: {{nodeInfo: {{kernelVersion: {kernel!r}}}}}")
    with pytest.raises(InputError) as caught:
        read_inventory([InventoryDocument(source=source, value=value)])
    assert str(caught.value) == (
        f"error[inventory-kernel]: {kernel!r} cannot be a kernel's version\n"
        "  --> 1.yaml:1:36\n"
        f"  1 | status: {{nodeInfo: {{kernelVersion: {kernel!r}}}}}\n"
        f"    | {' ' * 35}{'^' * len(repr(kernel))}\n"
        "  in: node w1\n"
        "  help: it is what uname -r prints on the node: at most 64 visible ASCII characters without '/', a letter or digit among them"
    )


def test_a_planned_kernel_is_checked_too() -> None:
    with pytest.raises(InputError) as caught:
        read(node(), compact(plannedKernels=[{"kernelVersion": "a b"}]))
    assert (
        str(caught.value)
        == """\
error[inventory-kernel]: 'a b' cannot be a kernel's version
  --> 2.yaml:4:18
  4 | - kernelVersion: a b
    |                  ^^^
  in: a planned kernel
  help: it is what uname -r prints on the node: at most 64 visible ASCII characters without '/', a letter or digit among them"""
    )


def test_a_long_kernel_does_not_flood_the_terminal() -> None:
    with pytest.raises(InputError) as caught:
        read(node(kernel="5" * 10_000))
    assert caught.value.finding.message == f"'{'5' * 80}…' cannot be a kernel's version"
    assert max(len(line) for line in str(caught.value).splitlines()) < 200


KUBECTL_HELP = "  help: make one with: kubectl get nodes -o json > nodes.json"


@pytest.mark.parametrize(
    ("text", "found", "way_out"),
    [
        ("kind: List\nitems: []\n", "1.yaml has an empty list", KUBECTL_HELP),
        ("", "1.yaml is empty", KUBECTL_HELP),
        ("kind: NodeInventory\n", "", KUBECTL_HELP),
        ("kind: PodList\nitems: [{}, {}]\n", "1.yaml has 2 objects of kind Pod", KUBECTL_HELP),
        (
            "kind: List\nitems: [{kind: Pod}, {kind: Secret}, {kind: Pod}]\n",
            "1.yaml has 2 objects of kind Pod, 1 object of kind Secret",
            KUBECTL_HELP,
        ),
        (
            "error: You must be logged in to the server (Unauthorized)\n",
            "1.yaml begins with: error: You must be logged in to the server (Unauthorized)",
            KUBECTL_HELP,
        ),
        (
            "kind: SpecialResource\n",
            "1.yaml has 1 object of kind SpecialResource",
            "  help: give a SpecialResource as SPEC, without --inventory",
        ),
    ],
)
def test_an_inventory_without_nodes_says_what_is_there_instead(text: str, found: str, way_out: str) -> None:
    value = yaml.safe_load(text) or {}
    with pytest.raises(InputError) as caught:
        read_inventory([InventoryDocument(source=Source("1.yaml", text), value=value)])
    notes = f"  note: {found}\n" if found else ""
    assert str(caught.value) == f"error[inventory-empty]: no nodes in 1.yaml\n{notes}{way_out}"


def test_a_refusal_of_the_server_is_no_inventory() -> None:
    with pytest.raises(InputError) as caught:
        read({"kind": "Status", "status": "Failure", "message": "Unauthorized"})
    assert (
        str(caught.value)
        == """\
error[inventory-status]: this is the server's refusal, not a snapshot: Unauthorized
  --> 1.yaml:1:1
  1 | kind: Status
    | ^
  help: take the snapshot again, as a user who may get nodes"""
    )
