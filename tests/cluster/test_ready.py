"""When objects count as ready, judged beside the real controllers.

Matrix: an update of a DaemonSet with OnDelete, pod by pod, and taken back in the middle; a DaemonSet without
any pod where nodes must run it; a node that does not answer; logs that are waited for, and what comes after
them; what somebody is deleting; a rollout after one that failed, one that a quota stops, one that is paused.
Left out: each kind by each of its states (tests/unit/apply/test_readiness.py).
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import playing
from clusters import Cluster, until
from little import MAPS, NODES, build, config_map, play, yaml_of
from raw_api import Object
from simple_kmod import (
    DRIVER,
    KERNELS,
    LABEL,
    MIDDLE,
    NEW,
    Synced,
    changed,
    command,
    daemon_set,
    ready_pods,
    sync,
)

PODS = "/api/v1/namespaces/simple-kmod/pods"


def last_wait(done: Synced, kernel: str) -> str:
    """What a sync said last of a kernel's drivers."""
    step = f"simple-kmod / 1000-driver-container / {kernel}"
    return str([each["reason"] for each in done.of("waiting") if each["step"] == step][-1])


def delete_pods(cluster: Cluster, *nodes: str) -> None:
    """Delete the driver pods of nodes, and wait until others are there."""
    gone = set()
    for pod in cluster.api.items(PODS):
        if pod["spec"].get("nodeName") in nodes:
            cluster.api.delete(f"{PODS}/{pod['metadata']['name']}")
            gone.add(pod["metadata"]["uid"])
    assert len(gone) == len(nodes)
    until(lambda: not gone & {pod["metadata"]["uid"] for pod in cluster.api.items(PODS)})
    until(lambda: len([pod for pod in cluster.api.items(PODS) if is_ready(pod)]) == sum(KERNELS.values()))


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)


def test_an_update_waits_for_pods_of_the_new_revision_and_says_which_nodes_run_the_old_one(
    openshift: Cluster, bundle: Path, tmp_path: Path
) -> None:
    assert sync(openshift, bundle).code == 0

    def add_variable(manifest: Object) -> None:
        if manifest["metadata"]["name"] == daemon_set(NEW, bundle):
            container = manifest["spec"]["template"]["spec"]["containers"][0]
            container["env"] = [{"name": "RELOAD", "value": "1"}]

    update = changed(bundle, tmp_path / "update", "daemonset", add_variable)
    done = sync(openshift, update, "--timeout", "6")
    assert (done.code, done.finished["waiting"]) == (1, 1)
    assert last_wait(done, NEW) == (
        "0 of 5 pods are of this revision; an earlier one runs (w2-00, w2-01, w2-02, w2-03, w2-04); "
        "OnDelete: delete the old pods"
    )

    delete_pods(openshift, "w2-01", "w2-03", "w2-04")
    done = sync(openshift, update, "--timeout", "6")
    assert last_wait(done, NEW) == (
        "3 of 5 pods are of this revision; an earlier one runs (w2-00, w2-02); OnDelete: delete the old pods"
    )

    # Taken back: the pods that were never touched are right as they are.
    done = sync(openshift, bundle, "--timeout", "6")
    assert last_wait(done, NEW) == (
        "2 of 5 pods are of this revision; an earlier one runs (w2-01, w2-03, w2-04); "
        "OnDelete: delete the old pods"
    )
    delete_pods(openshift, "w2-01", "w2-03", "w2-04")
    assert sync(openshift, bundle).code == 0


def test_no_pod_at_all_is_not_ready_where_twelve_nodes_must_run_one(openshift: Cluster, bundle: Path) -> None:
    for number in range(12):
        openshift.api.patch(f"/api/v1/nodes/w1-{number:02}", {"metadata": {"labels": {LABEL: None}}})

    done = sync(openshift, bundle, "--timeout", "8")

    assert done.code == 1
    assert last_wait(done, MIDDLE) == (
        "0 pods are scheduled, and 12 nodes must run it (w1-00, w1-01, w1-02, w1-03, w1-04 and 7 more)"
    )


def test_a_node_that_does_not_answer_keeps_its_labels_and_loses_them_when_its_kubelet_says_so(
    openshift: Cluster, bundle: Path
) -> None:
    """What selects on the label would be deleted as soon as the node answers again, with all that runs there.

    Of a node that does not answer the node controller sets the condition Ready of its pods, and no other.
    """
    assert sync(openshift, bundle).code == 0
    pod = next(each for each in openshift.api.items(PODS) if is_ready(each))
    name, node = pod["metadata"]["name"], pod["spec"]["nodeName"]

    def say(**conditions: str) -> None:
        said = [{"type": kind, "status": status} for kind, status in conditions.items()]
        openshift.api.patch(f"{PODS}/{name}/status", {"status": {"conditions": said}})
        until(lambda: sum(ready_pods(openshift, daemon_set(kernel, bundle)) for kernel in KERNELS) == 23)

    say(Ready="False", ContainersReady="True")
    done = sync(openshift, bundle, "--timeout", "2")
    assert (done.code, done.of("labelled")) == (1, [])

    say(Ready="False", ContainersReady="False")
    done = sync(openshift, bundle, "--timeout", "2")
    (labelled,) = done.of("labelled")
    assert (done.code, labelled["nodes"]) == (1, [node])


def test_logs_that_the_chart_waits_for_are_waited_for_when_the_pods_are_ready(
    openshift: Cluster, bundle: Path, tmp_path: Path
) -> None:
    def wait_for_logs(manifest: Object) -> None:
        annotations = manifest["metadata"]["annotations"]
        annotations["specialresource.openshift.io/wait-for-logs"] = "module .*loaded"

    waiting = changed(bundle, tmp_path / "waiting", "daemonset", wait_for_logs)
    image = f"*/{DRIVER}:v{NEW}"
    openshift.kubelet.rule("*", playing.Outcome(phase="Running", log="start\nmodule simple-kmod loaded\n"))
    openshift.kubelet.rule(image, playing.Outcome(phase="Running", log="start\n"))

    done = sync(openshift, waiting, "--timeout", "8")

    assert (done.code, done.finished["waiting"]) == (1, 1), done.events
    assert last_wait(done, NEW) == (
        "the logs of 5 of 5 pods do not match 'module .*loaded' yet (w2-00, w2-01, w2-02, w2-03, w2-04)"
    )
    assert ready_pods(openshift, daemon_set(NEW, bundle)) == KERNELS[NEW]

    openshift.kubelet.rule(image, playing.Outcome(phase="Running", log="module simple-kmod loaded\n" * 9))
    assert sync(openshift, waiting).code == 0


def test_what_somebody_is_deleting_is_waited_for_and_applied_again(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    bundle = build(tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}, NODES)
    assert sync(cluster, bundle).code == 0
    path = f"{MAPS}/a"
    cluster.api.patch(path, {"metadata": {"finalizers": ["example.com/hold"]}})
    before = cluster.api.get(path)["metadata"]["uid"]
    cluster.api.delete(path)

    held = sync(cluster, bundle, "--timeout", "4")

    assert held.code == 1
    assert held.of("waiting")[-1]["reason"] == (
        "it is being deleted, and waits for the finalizer example.com/hold"
    )
    given = command(cluster.admin, bundle, "--timeout", "60")
    with subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout
        printed = []
        for line in running.stdout:
            printed.append(line)
            if '"waiting"' in line:
                break
        cluster.api.patch(path, {"metadata": {"finalizers": None}})
        rest, errors = running.communicate(timeout=60)
    done = Synced(subprocess.CompletedProcess(given, running.returncode, "".join([*printed, rest]), errors))
    assert (done.code, done.errors) == (0, ""), done.events
    assert cluster.api.get(path)["metadata"]["uid"] != before
    assert sync(cluster, bundle).finished["written"] == 0


def deployment(image: str, **spec: Any) -> str:
    """A template with one of a pod."""
    pod_spec = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "web", "image": image}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec}
    metadata = {"name": "web"}
    return yaml_of(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
        }
    )


def test_pods_of_an_earlier_revision_that_do_not_start_are_no_failure_of_the_one_that_mends_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    cluster.kubelet.rule("wrong", playing.image_pull_back_off("wrong"))
    cluster.kubelet.rule("right", playing.PENDING)
    wrong = build(tmp_path / "1", {"little": {"0000-x.yaml": deployment("wrong")}}, NODES)
    right = build(tmp_path / "2", {"little": {"0000-x.yaml": deployment("right")}}, NODES)
    (failed,) = sync(cluster, wrong, "--timeout", "4").of("failed")
    assert "ImagePullBackOff" in failed["reason"]

    done = sync(cluster, right, "--timeout", "4")

    assert (done.code, done.of("failed")) == (1, [])
    assert done.of("waiting")[-1]["reason"] == "replicas of an earlier revision are still there"
    images = {
        each["spec"]["containers"][0]["image"] for each in cluster.api.items("/api/v1/namespaces/little/pods")
    }
    assert images == {"wrong", "right"}
    cluster.kubelet.rule("right", playing.RUNNING)
    assert sync(cluster, right).code == 0


def test_a_deployment_that_gets_no_pods_says_why(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"pods": "0"}},
    }
    one = build(
        tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(quota), "1000-y.yaml": deployment("web")}}, NODES
    )
    until(lambda: sync(cluster, one, "--timeout", "6").of("waiting")[-1]["reason"].count("exceeded quota"))
    cluster.api.delete("/api/v1/namespaces/little/resourcequotas/none")
    two = build(tmp_path / "2", {"little": {"1000-y.yaml": deployment("new", paused=True)}}, NODES)
    (failed,) = sync(cluster, two, "--timeout", "20").of("failed")
    assert failed["reason"].startswith("0 of 1 replicas are of this revision; ")
    resume = "kubectl rollout resume -n little deployment web"
    assert failed["reason"].endswith(f"; it is paused: {resume} lets it go on")
