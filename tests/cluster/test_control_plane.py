"""The judge itself: is this a cluster as its users know it, and is the next test's cluster a new one?

Matrix: scheduling, workload controllers, garbage collection, authorization, token of a ServiceAccount, server
restarted, each player by each of its outcomes. Left out: what sro-apply does with it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import playing
import playing_openshift
import pytest
from clusters import Cluster, until
from kubernetes.client.exceptions import ApiException
from raw_api import Object, RawApi
from urllib3.exceptions import HTTPError

EXAMPLES = Path(__file__).parents[2] / "examples"
WORKER = {"node-role.kubernetes.io/worker": ""}


def daemon_set(namespace: str, image: str = "driver:v1", **selector: str) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "driver", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "driver"}},
            "template": {
                "metadata": {"labels": {"app": "driver"}},
                "spec": {"containers": [{"name": "c", "image": image}], "nodeSelector": selector},
            },
        },
    }


def job(namespace: str, name: str = "once", image: str = "tool:v1") -> Object:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }


def status(cluster: Cluster, manifest: Object) -> Object:
    found: Object = cluster.api.get(cluster.api.path_of(manifest)).get("status", {})
    return found


def pods(cluster: Cluster, namespace: str) -> list[Object]:
    return cluster.api.items(f"/api/v1/namespaces/{namespace}/pods")


def test_a_daemon_set_runs_on_the_nodes_of_an_inventory_that_it_selects(cluster: Cluster) -> None:
    inventory = EXAMPLES / "03-accelerator-stack" / "cluster.yaml"
    names = cluster.play_nodes(inventory)
    made = daemon_set(cluster.namespace("a"), **WORKER)
    cluster.api.create(made)

    (document,) = playing.documents_of(inventory)
    workers = {node["name"] for node in document["nodes"] if WORKER.items() <= node["labels"].items()}
    assert 0 < len(workers) < len(names)
    until(lambda: status(cluster, made).get("numberReady") == len(workers))
    assert {pod["spec"]["nodeName"] for pod in pods(cluster, "a")} == workers


def test_a_cleaned_cluster_is_a_new_one_whatever_finalizers_say(cluster: Cluster) -> None:
    cluster.play_nodes(EXAMPLES / "01-simple-kmod" / "cluster.yaml")
    cluster.play_openshift()
    made = daemon_set(cluster.namespace("a"))
    cluster.api.create(made)
    stream = image_stream("a")
    stream["metadata"]["finalizers"] = ["example.test/never"]
    cluster.api.create(stream)
    until(lambda: status(cluster, made).get("numberReady"))

    cluster.servers.clean()

    for path in ("/api/v1/nodes", "/api/v1/pods", "/apis/apps/v1/controllerrevisions"):
        until(lambda path=path: cluster.api.items(path) == [])  # type: ignore[misc]
    names = [each["metadata"]["name"] for each in cluster.api.items("/api/v1/namespaces")]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    groups = [group["name"] for group in cluster.api.get("/apis")["groups"]]
    assert [name for name in groups if name.endswith("openshift.io")] == []


def test_a_job_completes(cluster: Cluster) -> None:
    cluster.play_nodes(EXAMPLES / "01-simple-kmod" / "cluster.yaml")
    made = job(cluster.namespace("a"))
    cluster.api.create(made)

    until(lambda: status(cluster, made).get("succeeded") == 1)


def test_a_job_fails_as_its_image_s_rule_says(cluster: Cluster) -> None:
    cluster.play_nodes(EXAMPLES / "01-simple-kmod" / "cluster.yaml")
    cluster.kubelet.rule("tool:*", playing.failed(3, "no such device"))
    # A name of its own: the controller takes its time with whatever is called like one that failed.
    made = job(cluster.namespace("a"), "fails")
    cluster.api.create(made)

    until(lambda: status(cluster, made).get("failed") == 1)
    (pod,) = pods(cluster, "a")
    (container,) = pod["status"]["containerStatuses"]
    assert container["state"]["terminated"]["exitCode"] == 3
    assert container["state"]["terminated"]["message"] == "no such device"


def test_an_image_that_is_missing_keeps_its_pods_waiting_until_it_is_there(cluster: Cluster) -> None:
    nodes = cluster.play_nodes(EXAMPLES / "01-simple-kmod" / "cluster.yaml")
    cluster.kubelet.rule("driver:*", playing.image_pull_back_off("driver:v1"))
    made = daemon_set(cluster.namespace("a"))
    cluster.api.create(made)

    def reasons() -> list[str]:
        return [
            container["state"]["waiting"]["reason"]
            for pod in pods(cluster, "a")
            for container in pod["status"].get("containerStatuses", ())
        ]

    until(lambda: reasons() == ["ImagePullBackOff"] * len(nodes))
    assert status(cluster, made)["numberReady"] == 0
    cluster.kubelet.rule("driver:*", playing.RUNNING)
    until(lambda: status(cluster, made).get("numberReady") == len(nodes))


def test_what_a_pod_has_printed_can_be_read(cluster: Cluster) -> None:
    cluster.play_nodes(EXAMPLES / "01-simple-kmod" / "cluster.yaml")
    cluster.kubelet.rule("tool:*", replace(playing.SUCCEEDED, log="module loaded\n"))
    made = job(cluster.namespace("a"))
    cluster.api.create(made)
    until(lambda: status(cluster, made).get("succeeded") == 1)

    (pod,) = pods(cluster, "a")
    assert cluster.api.text(f"/api/v1/namespaces/a/pods/{pod['metadata']['name']}/log") == "module loaded\n"


def test_a_node_that_changes_its_kernel_loses_the_pod_of_the_old_one(cluster: Cluster) -> None:
    label = "feature.node.kubernetes.io/kernel-version.full"
    nodes = cluster.play_nodes(EXAMPLES / "01-simple-kmod" / "cluster.yaml")
    kernel = cluster.api.get(f"/api/v1/nodes/{nodes[0]}")["metadata"]["labels"][label]
    made = daemon_set(cluster.namespace("a"), **{label: kernel})
    cluster.api.create(made)
    until(lambda: nodes[0] in {pod["spec"].get("nodeName") for pod in pods(cluster, "a")})

    playing.change_kernel(cluster.api, nodes[0], "5.14.0-999.el9")

    until(lambda: nodes[0] not in {pod["spec"].get("nodeName") for pod in pods(cluster, "a")})
    assert (
        cluster.api.get(f"/api/v1/nodes/{nodes[0]}")["status"]["nodeInfo"]["kernelVersion"]
        == "5.14.0-999.el9"
    )


def test_a_namespace_goes_with_all_that_is_in_it(cluster: Cluster) -> None:
    cluster.play_nodes(EXAMPLES / "01-simple-kmod" / "cluster.yaml")
    made = daemon_set(cluster.namespace("a"))
    cluster.api.create(made)
    until(lambda: status(cluster, made).get("numberReady"))

    cluster.api.delete("/api/v1/namespaces/a")

    until(lambda: "a" not in {each["metadata"]["name"] for each in cluster.api.items("/api/v1/namespaces")})
    assert pods(cluster, "a") == []


def test_who_has_no_right_is_refused_and_who_is_given_one_is_not(cluster: Cluster) -> None:
    alice = RawApi(cluster.kubeconfig("alice"))
    with pytest.raises(ApiException) as refused:
        alice.get("/api/v1/nodes")
    assert refused.value.status == 403
    assert message_of(refused.value).startswith(
        'nodes is forbidden: User "alice" cannot list resource "nodes"'
    )

    group = "rbac.authorization.k8s.io"
    cluster.api.create(
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "alice-reads"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "system:node"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "alice"}],
        }
    )
    until(lambda: can_list_nodes(alice))


def message_of(fault: ApiException) -> str:
    return str(json.loads(str(fault.body))["message"])


def can_list_nodes(api: RawApi) -> bool:
    try:
        api.get("/api/v1/nodes")
    except ApiException as fault:
        if fault.status == 403:
            return False
        raise
    return True


def test_a_service_account_has_a_kubeconfig_of_its_own(cluster: Cluster) -> None:
    metadata = {"name": "sa", "namespace": cluster.namespace("a")}
    cluster.api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    with pytest.raises(ApiException) as refused:
        RawApi(cluster.service_account("a", "sa")).get("/api/v1/nodes")
    assert 'User "system:serviceaccount:a:sa" cannot list' in message_of(refused.value)


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_an_api_server_that_comes_back_has_all_as_it_was(cluster: Cluster, kill: bool) -> None:
    nodes = cluster.play_nodes(EXAMPLES / "01-simple-kmod" / "cluster.yaml")
    made = daemon_set(cluster.namespace("a"))
    cluster.api.create(made)
    until(lambda: status(cluster, made).get("numberReady") == len(nodes))

    cluster.servers.stop_api_server(kill=kill)
    with pytest.raises(HTTPError):
        cluster.api.get("/api/v1/nodes")
    cluster.servers.start_api_server()

    assert len(cluster.api.items("/api/v1/nodes")) == len(nodes)
    # Controllers, scheduler and kubelets go on: a pod that goes comes back.
    gone = pods(cluster, "a")[0]["metadata"]
    cluster.api.delete(f"/api/v1/namespaces/a/pods/{gone['name']}")
    until(lambda: gone["uid"] not in {pod["metadata"]["uid"] for pod in pods(cluster, "a")})
    until(lambda: status(cluster, made).get("numberReady") == len(nodes))


def build_config(namespace: str, name: str = "driver-build") -> Object:
    return {
        "apiVersion": "build.openshift.io/v1",
        "kind": "BuildConfig",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "triggers": [{"type": "ConfigChange"}],
            "output": {"to": {"kind": "ImageStreamTag", "name": "driver:v1"}},
            "strategy": {"dockerStrategy": {}},
        },
    }


def image_stream(namespace: str) -> Object:
    metadata = {"name": "driver", "namespace": namespace}
    return {"apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": metadata, "spec": {}}


def phases(cluster: Cluster, namespace: str) -> dict[str, str]:
    builds = cluster.api.items(f"/apis/build.openshift.io/v1/namespaces/{namespace}/builds")
    return {build["metadata"]["name"]: build["status"]["phase"] for build in builds}


def test_a_build_config_is_built_and_its_image_stream_has_the_tag(cluster: Cluster) -> None:
    cluster.play_openshift()
    stream = image_stream(cluster.namespace("a"))
    cluster.api.create(stream)
    cluster.api.create(build_config("a"))

    until(lambda: phases(cluster, "a") == {"driver-build-1": "Complete"})
    assert [tag["tag"] for tag in status(cluster, stream)["tags"]] == ["v1"]


def test_a_build_runs_fails_and_is_started_again_as_its_rules_say(cluster: Cluster) -> None:
    cluster.play_openshift()
    cluster.api.create(image_stream(cluster.namespace("a")))
    cluster.builds.rule("driver-*", playing_openshift.BUILDING)
    cluster.api.create(build_config("a"))
    until(lambda: phases(cluster, "a") == {"driver-build-1": "Running"})

    cluster.builds.rule("driver-*", playing_openshift.build_failed("fatal error: linux/module.h"))
    until(lambda: phases(cluster, "a") == {"driver-build-1": "Failed"})
    (build,) = cluster.api.items("/apis/build.openshift.io/v1/namespaces/a/builds")
    assert build["status"]["logSnippet"] == "fatal error: linux/module.h"

    cluster.builds.rule("driver-*", playing_openshift.COMPLETE)
    cluster.builds.instantiate("a", "driver-build")
    until(lambda: phases(cluster, "a") == {"driver-build-1": "Failed", "driver-build-2": "Complete"})
