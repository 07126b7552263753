"""`sro-apply sync` into a real control plane: order, waiting, failing lanes, and nothing written twice.

Matrix: the documentation's chart on 24 nodes with 3 kernels: a first sync, an unchanged second one; a build
that fails and an image that cannot be pulled, each beside kernels that go on; drift; conflicts; a dry run;
no waiting; refusals before the first write; requests counted; each sort of fault between client and server, the
server stopped. Left out: what is no part of sync (pruning, leases), the program killed (test_kills.py), and what a
control plane of 1.20 does not do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import playing
import playing_openshift
import pytest
import yaml
from clusters import Cluster, until
from fault_proxy import Answer, Asked, Cut, FaultProxy, failure
from instantiating import instantiating
from raw_api import Object
from simple_kmod import (
    DRIVER,
    KERNELS,
    LABEL,
    MIDDLE,
    NEW,
    OLD,
    build_config,
    command,
    daemon_set,
    everything,
    node,
    ready_pods,
    sync,
)


def test_a_sync_applies_state_after_state_and_waits_until_every_driver_runs(
    openshift: Cluster, bundle: Path
) -> None:
    done = sync(openshift, bundle)

    assert (done.code, done.errors) == (0, "")
    assert done.finished["ready"] == 9, done.events
    assert {kernel: ready_pods(openshift, daemon_set(kernel, bundle)) for kernel in KERNELS} == KERNELS
    for kernel in KERNELS:
        way = [
            done.place("applied", "simple-kmod / namespace"),
            done.place("applied", "simple-kmod / 0000-buildconfig"),
            done.place("applied", f"simple-kmod / 0000-buildconfig / {kernel}"),
            done.place("ready", f"simple-kmod / 0000-buildconfig / {kernel}"),
            done.place("applied", f"simple-kmod / 1000-driver-container / {kernel}"),
            done.place("ready", f"simple-kmod / 1000-driver-container / {kernel}"),
        ]
        assert way == sorted(way)


def test_a_second_sync_of_an_unchanged_bundle_writes_nothing(openshift: Cluster, bundle: Path) -> None:
    assert sync(openshift, bundle).code == 0
    before = everything(openshift)

    again = sync(openshift, bundle)

    assert again.code == 0
    assert everything(openshift) == before
    assert {each["result"] for each in again.of("applied")} == {"unchanged"}
    assert (again.finished["written"], again.finished["unchanged"]) == (0, len(again.applied))


def test_a_build_that_fails_and_an_image_that_is_missing_hold_up_no_other_kernel(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy
) -> None:
    fault_proxy.decide = instantiating(openshift)
    openshift.builds.rule(build_config(OLD, bundle), playing_openshift.build_failed("no rule to make target"))
    image = f"*/{DRIVER}:v{MIDDLE}"
    openshift.kubelet.rule(image, playing.image_pull_back_off("driver:middle"))

    # Long enough for a build to fail four times; the image would be waited for a minute.
    kubeconfig = openshift.kubeconfig("admin", fault_proxy.url)
    done = sync(openshift, bundle, "--timeout", "40", kubeconfig=kubeconfig)

    assert done.code == 1
    assert (done.finished["ready"], done.finished["failed"], done.finished["held"]) == (6, 2, 1)
    assert ready_pods(openshift, daemon_set(NEW, bundle)) == KERNELS[NEW]
    reasons = {each["step"]: each["reason"] for each in done.of("failed")}
    assert "no rule to make target" in reasons[f"simple-kmod / 0000-buildconfig / {OLD}"]
    assert "ImagePullBackOff" in reasons[f"simple-kmod / 1000-driver-container / {MIDDLE}"]
    # What waits for the failed build was not applied at all.
    assert f"DaemonSet/simple-kmod/{daemon_set(OLD, bundle)}" not in done.applied


def test_what_failed_is_well_once_its_cause_is_mended_without_a_restart(
    openshift: Cluster, bundle: Path
) -> None:
    image = f"*/{DRIVER}:v{MIDDLE}"
    openshift.kubelet.rule(image, playing.image_pull_back_off("driver:middle"))
    with subprocess.Popen(
        command(openshift.admin, bundle, "--timeout", "60"), stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        for line in running.stdout:
            if json.loads(line)["event"] == "failed":
                openshift.kubelet.rule(image, playing.RUNNING)
        assert running.wait(60) == 0
    assert ready_pods(openshift, daemon_set(MIDDLE, bundle)) == KERNELS[MIDDLE]


def test_fields_and_labels_that_somebody_changed_and_objects_that_went_come_back(
    openshift: Cluster, bundle: Path
) -> None:
    assert sync(openshift, bundle).code == 0
    apps = "/apis/apps/v1/namespaces/simple-kmod/daemonsets"
    roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/simple-kmod/roles"
    openshift.api.patch(
        f"{apps}/{daemon_set(OLD, bundle)}",
        {"metadata": {"labels": {"specialresource.openshift.io/owned": None, "mine": "stays"}}},
    )
    openshift.api.patch(f"{roles}/{DRIVER}", {"rules": []})
    openshift.api.delete(f"{apps}/{daemon_set(NEW, bundle)}")
    until(lambda: len(openshift.api.items(apps)) == 2)

    done = sync(openshift, bundle)

    assert done.code == 0
    labels = openshift.api.get(f"{apps}/{daemon_set(OLD, bundle)}")["metadata"]["labels"]
    assert (labels["specialresource.openshift.io/owned"], labels["mine"]) == ("true", "stays")
    assert openshift.api.get(f"{roles}/{DRIVER}")["rules"]
    assert ready_pods(openshift, daemon_set(NEW, bundle)) == KERNELS[NEW]
    changed = {each["object"] for each in done.of("applied") if each["result"] != "unchanged"}
    assert changed == {
        f"DaemonSet/simple-kmod/{daemon_set(OLD, bundle)}",
        f"DaemonSet/simple-kmod/{daemon_set(NEW, bundle)}",
        f"Role/simple-kmod/{DRIVER}",
    }


def test_a_field_of_another_manager_is_a_failure_where_the_user_says_so(
    openshift: Cluster, bundle: Path
) -> None:
    assert sync(openshift, bundle).code == 0
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/simple-kmod/roles/{DRIVER}"
    openshift.api.patch(path, {"rules": []})

    done = sync(openshift, bundle, "--on-conflict", "fail")

    assert done.code == 4
    (failed,) = done.of("failed")
    assert failed["object"] == f"Role/simple-kmod/{DRIVER}"
    assert "conflict" in failed["reason"]
    assert not openshift.api.get(path)["rules"]


def test_a_dry_run_says_what_would_change_and_writes_nothing(openshift: Cluster, bundle: Path) -> None:
    done = sync(openshift, bundle, "--dry-run")

    assert done.code == 0
    assert done.finished["written"] == len(done.applied)
    parents = {
        each["metadata"]["name"] for each in openshift.api.items("/api/v1/namespaces/default/configmaps")
    }
    assert "sro-apply-simple-kmod" not in parents
    assert "simple-kmod" not in {
        each["metadata"]["name"] for each in openshift.api.items("/api/v1/namespaces")
    }


def test_without_waiting_everything_is_applied_at_once(openshift: Cluster, bundle: Path) -> None:
    """Also what the documentation's chart asks to be waited for."""
    openshift.kubelet.rule("*", playing.NOT_READY)
    openshift.builds.rule("*", playing_openshift.BUILDING)

    done = sync(openshift, bundle, "--no-wait")

    assert done.code == 0
    assert done.finished["written"] == len(done.applied) == 11


def test_who_runs_out_of_time_is_told_what_is_waited_for(openshift: Cluster, bundle: Path) -> None:
    openshift.kubelet.rule("*", playing.NOT_READY)

    done = sync(openshift, bundle, "--timeout", "5")

    assert done.code == 1
    assert done.finished["is_out_of_time"]
    waited = {each["step"]: each for each in done.of("waiting")}
    last = waited[f"simple-kmod / 1000-driver-container / {NEW}"]
    assert last["object"] == f"DaemonSet/simple-kmod/{daemon_set(NEW, bundle)}"
    assert last["reason"].startswith("0 of 5 pods are ready (w2-00, w2-01, w2-02, w2-03, w2-04)")


def test_nodes_that_lost_the_label_of_their_kernel_are_missed(openshift: Cluster, bundle: Path) -> None:
    for name in ("w2-00", "w2-01"):
        openshift.api.patch(f"/api/v1/nodes/{name}", {"metadata": {"labels": {LABEL: None}}})

    done = sync(openshift, bundle, "--timeout", "8")

    assert done.code == 1
    last = [each for each in done.of("waiting") if each["step"].endswith(f"container / {NEW}")][-1]
    assert last["reason"] == "3 pods are scheduled, and 5 nodes must run it (w2-00, w2-01)"


def test_a_bundle_beyond_what_is_allowed_is_refused_before_the_first_write(
    openshift: Cluster, bundle: Path
) -> None:
    before = openshift.api.items("/api/v1/namespaces")
    done = sync(openshift, bundle, "--allow-kinds", "Namespace,ServiceAccount", "--allow-namespaces", "other")
    assert done.code == 2
    assert "error[bundle-not-allowed]: the bundle of cluster goes beyond what is allowed" in done.errors
    assert "Namespace/simple-kmod: namespace simple-kmod" in done.errors
    assert openshift.api.items("/api/v1/namespaces") == before


def test_an_unchanged_sync_asks_by_kind_and_sends_no_write(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy
) -> None:
    assert sync(openshift, bundle).code == 0

    assert sync(openshift, bundle, kubeconfig=openshift.kubeconfig("admin", fault_proxy.url)).code == 0

    assert fault_proxy.writes() == []
    asked = [each.path.partition("?")[0] for each in fault_proxy.work()]
    # No question twice: one for each kind and namespace, one for the kinds of each group that not every server
    # has, one for the set, what there is of SpecialResources, and whether the operator runs.
    assert len(asked) == len(set(asked)) == 7 + 3 + 2 + 1 + 2 + 1, asked


BUSY = failure(429, "TooManyRequests", "try again later", retry_after_s=1)
BROKEN = failure(500, "InternalError", "etcdserver: leader changed")


@pytest.mark.parametrize(
    "fault", [BUSY, BROKEN, Cut.BEFORE, Cut.AFTER], ids=["429", "500", "before", "after"]
)
def test_requests_that_go_wrong_now_and_then_are_made_again(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy, fault: Answer | str
) -> None:
    turns: Iterator[bool] = iter(number % 7 == 3 for number in range(10_000))
    fault_proxy.decide = lambda asked: fault if is_object(asked) and next(turns) else None

    done = sync(openshift, bundle, kubeconfig=openshift.kubeconfig("admin", fault_proxy.url))

    assert done.code == 0, done.events
    assert done.of("delayed")
    assert not done.of("failed")
    assert {kernel: ready_pods(openshift, daemon_set(kernel, bundle)) for kernel in KERNELS} == KERNELS


def is_object(asked: Asked) -> bool:
    """A write, or a list of what is ours: the very first questions are let through."""
    return (asked.is_write and not asked.is_of_lease) or "labelSelector" in asked.path


def test_a_server_that_goes_and_comes_back_in_the_middle_is_waited_for(
    openshift: Cluster, bundle: Path
) -> None:
    openshift.builds.rule("*", playing_openshift.BUILDING)
    with subprocess.Popen(
        command(openshift.admin, bundle, "--timeout", "90"), stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        building: set[str] = set()
        for line in running.stdout:
            event = json.loads(line)
            building |= {event["step"]} if "is Running" in event.get("reason", "") else set()
            if len(building) == len(KERNELS):
                break
        openshift.servers.stop_api_server(kill=True)
        for line in running.stdout:
            if json.loads(line)["event"] == "delayed":
                break
        openshift.servers.start_api_server()
        openshift.builds.rule("*", playing_openshift.COMPLETE)
        rest = running.stdout.read().splitlines()
        assert running.wait(100) == 0, rest
    assert {kernel: ready_pods(openshift, daemon_set(kernel, bundle)) for kernel in KERNELS} == KERNELS


def applyset_of(cluster: Cluster) -> dict[str, Object]:
    """What says which set the objects belong to, and what the set's parent says of them."""
    found = {}
    for path in (*everything(cluster), f"/api/v1/namespaces/simple-kmod/configmaps/{PARENT}"):
        metadata = cluster.api.get(path)["metadata"]
        marks = {**metadata.get("labels", {}), **metadata.get("annotations", {})}
        found[path] = {
            key: value
            for key, value in marks.items()
            if key.startswith("applyset.kubernetes.io/") and not key.endswith("/tooling")
        }
    return {path: marks for path, marks in found.items() if marks}


PARENT = "sro-apply-simple-kmod"


def test_kubectl_writes_the_same_labels_annotations_and_id_for_the_same_set(
    openshift: Cluster, bundle: Path, tmp_path: Path
) -> None:
    """kubectl has sets in one namespace only: the applier's is the SpecialResource's own here."""
    openshift.namespace("simple-kmod")
    config = yaml.safe_load(openshift.admin.read_text(encoding="utf-8"))
    config["contexts"][0]["context"]["namespace"] = "simple-kmod"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
    assert sync(openshift, bundle, kubeconfig=kubeconfig).code == 0
    ours = applyset_of(openshift)
    assert len(ours) == 12
    openshift.api.delete("/api/v1/namespaces/simple-kmod")
    until(lambda: "/api/v1/namespaces/simple-kmod" not in everything(openshift), seconds=60)
    openshift.namespace("simple-kmod")

    skipped = {"kustomization.yaml", "sro.lock.yaml"}
    files = [f"--filename={each}" for each in sorted(bundle.rglob("*.yaml")) if each.name not in skipped]
    options = [
        "--namespace=simple-kmod",
        f"--kubeconfig={kubeconfig}",
        "--prune",
        f"--applyset=configmaps/{PARENT}",
    ]
    done = subprocess.run(
        [
            Path(os.environ["JUDGES"]) / "kubectl",
            "apply",
            "--server-side",
            "--force-conflicts",
            *options,
            *files,
        ],
        env={**os.environ, "KUBECTL_APPLYSET": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert applyset_of(openshift) == ours


def test_ports_without_protocol_are_applied_to_a_server_that_asks_for_it(
    openshift: Cluster, tmp_path: Path
) -> None:
    """It refuses a Service of the chart as it is; once applied, nothing of it differs."""
    files = {
        "Chart.yaml": "apiVersion: v2\nname: ports\nversion: 1.0.0\n",
        "templates/1000-all.yaml": PORTS,
    }
    for name, text in files.items():
        file = tmp_path / "charts" / "ports" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    spec = tmp_path / "spec.yaml"
    spec.write_text(PORTS_SPEC, encoding="utf-8")
    nodes = tmp_path / "nodes.yaml"
    nodes.write_text(yaml.safe_dump(node("w", OLD)), encoding="utf-8")
    inputs: list[str | Path] = [
        "--inventory",
        nodes,
        "--charts",
        tmp_path / "charts",
        "--out",
        tmp_path / "out",
    ]
    subprocess.run(
        [sys.executable, "-m", "sro_render", "build", spec, *inputs], check=True, capture_output=True
    )

    done = sync(openshift, tmp_path / "out" / "cluster", "--no-wait")

    assert done.code == 0, done.events
    again = sync(openshift, tmp_path / "out" / "cluster", "--no-wait")
    assert {each["result"] for each in again.of("applied")} == {"unchanged"}


PORTS_SPEC = """\
apiVersion: sro.openshift.io/v1beta1
kind: SpecialResource
metadata:
  name: ports
spec:
  chart:
    name: ports
    version: 1.0.0
    repository:
      name: r
      url: file:///charts
"""
PORTS = """\
apiVersion: v1
kind: Service
metadata:
  name: ports
spec:
  selector:
    app: ports
  ports:
  - name: metrics
    port: 9100
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: ports
spec:
  selector:
    matchLabels:
      app: ports
  template:
    metadata:
      labels:
        app: ports
    spec:
      containers:
      - name: c
        image: example.com/c:1
        ports:
        - containerPort: 9100
"""
