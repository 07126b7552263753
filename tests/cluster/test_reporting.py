"""What is told of a real cluster: metrics over HTTP, labels on nodes, status and Events, and `sro-apply status`.

Matrix: the documentation's chart on 24 nodes with 3 kernels: nothing there, one kernel behind, one that fails, all
ready, a node that moved to a fourth kernel, an SR that goes; the SpecialResource kind with the operator's own
schema of its status, and no such kind. Left out: the loop that reports after each round, which test_run has.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import playing
import playing_openshift
import pytest
import urllib3
from clusters import Cluster, until
from fault_proxy import FaultProxy
from kubernetes.client.exceptions import ApiException
from prometheus_client.parser import text_string_to_metric_families
from raw_api import Object
from simple_kmod import DRIVER, KERNELS, MIDDLE, NEW, OLD, build_config, daemon_set, sync

from sro_apply.config import SyncSettings
from sro_apply.controller.connecting import Target, connect
from sro_apply.controller.reporters import Reporters
from sro_apply.events import Event, Warned
from sro_apply.kube.view import View
from sro_apply.labelling import Labeller
from sro_apply.observing import Observer
from sro_apply.planning.picture import Picture
from sro_apply.sources import load_once
from sro_apply.web.address import Address
from sro_apply.web.board import Board
from sro_apply.web.server import WebServer

PREFIX = "specialresource.openshift.io/state-simple-kmod-"
BUILT, DRIVEN = f"{PREFIX}0000", f"{PREFIX}1000"
SR = "/apis/sro.openshift.io/v1beta1/specialresources/simple-kmod"
FOURTH = "4.18.0-372.9.1.el8.x86_64"
NEVER_BUILT = playing_openshift.BUILDING
BOTH = {BUILT: "Ready", DRIVEN: "Ready"}


class Telling:
    """All who tell of one bundle in one cluster, as the loop has them."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.kube, namespace = connect(Target(kubeconfig=str(cluster.admin)))
        self._bundle = load_once(str(folder))
        self._settings = SyncSettings(namespace=namespace, version="1", timeout_s=1)
        self._board = Board("1", longest_s=60)
        self._board.lead(is_leader=True)
        self.web = WebServer(Address("127.0.0.1", 0), self._board)

    def survey(self) -> Picture:
        return Observer(self.kube, View(self.kube), self._bundle, self._settings).picture()

    def report(self) -> list[Event]:
        """Report once, as a run that has just begun; what was said."""
        told: list[Event] = []
        Reporters(self.kube, told.append, board=self._board).report(self.survey())
        faults = [each for each in told if isinstance(each, Warned) and each.code != "stale-nodes"]
        assert faults == []
        return told

    def series(self, name: str) -> dict[tuple[str, ...], float]:
        """A metric as Prometheus would scrape it: the values of its labels in order of their names."""
        answer = urllib3.request("GET", f"http://{self.web.address}/metrics")
        return {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.data.decode())
            for sample in family.samples
            if sample.name == name
        }

    def labels(self) -> dict[str, dict[str, str]]:
        """The labels of states of each kernel's nodes, which all must have the same."""
        found: dict[str, dict[str, str]] = {}
        for node in self.cluster.api.items("/api/v1/nodes"):
            kernel = node["status"]["nodeInfo"]["kernelVersion"]
            labels = {
                key: value for key, value in node["metadata"]["labels"].items() if key.startswith(PREFIX)
            }
            assert found.setdefault(kernel, labels) == labels, node["metadata"]["name"]
        return found

    def status(self) -> Object:
        return dict(self.cluster.api.get(SR)["status"])

    def conditions(self) -> dict[str, str]:
        return {each["type"]: each["status"] for each in self.status()["conditions"]}

    def events(self) -> dict[tuple[str, str], int]:
        """The Events of the SpecialResource by reason and message, with how often they came."""
        return {
            (each["reason"], each["message"]): each["count"]
            for each in self.cluster.api.items("/api/v1/namespaces/default/events")
            if each["involvedObject"]["kind"] == "SpecialResource"
        }


@pytest.fixture
def telling(openshift: Cluster, bundle: Path) -> Iterator[Telling]:
    made = Telling(openshift, bundle)
    made.web.start()
    yield made
    made.web.stop()


# Source: special-resource-operator config/crd/bases/sro.openshift.io_specialresources.yaml.
CONDITION = {
    "type": "object",
    "required": ["lastTransitionTime", "message", "reason", "status", "type"],
    "properties": {
        "lastTransitionTime": {"type": "string", "format": "date-time"},
        # A server of that age, built with a Go of today, takes an empty string of a CRD for null.
        "message": {"type": "string", "maxLength": 32768, "nullable": True},
        "reason": {
            "type": "string",
            "minLength": 1,
            "maxLength": 1024,
            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        },
        "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
        "type": {"type": "string", "maxLength": 316},
    },
}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "status": {
            "type": "object",
            "required": ["state"],
            "properties": {
                "state": {"type": "string"},
                "conditions": {"type": "array", "items": CONDITION},
            },
        },
    },
}


@pytest.fixture
def special_resource(openshift: Cluster) -> Object:
    """The SpecialResource is in the cluster, and the server takes only what the operator's schema allows."""
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/specialresources.sro.openshift.io"
    version = {
        "name": "v1beta1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": SCHEMA},
        "subresources": {"status": {}},
    }
    openshift.api.patch(crd, {"spec": {"versions": [version]}})
    made = openshift.api.create(
        {
            "apiVersion": "sro.openshift.io/v1beta1",
            "kind": "SpecialResource",
            "metadata": {"name": "simple-kmod"},
            "spec": {"namespace": "simple-kmod"},
        }
    )
    until(lambda: refuses(openshift, {"status": {"conditions": []}}))
    return made


def refuses(cluster: Cluster, change: Object) -> bool:
    try:
        cluster.api.patch(f"{SR}/status", change)
    except ApiException as fault:
        return bool(fault.status == 422)
    return False


@pytest.mark.usefixtures("special_resource")
def test_at_every_step_metrics_labels_status_and_events_say_how_far_each_kernel_is(
    telling: Telling, openshift: Cluster, bundle: Path
) -> None:
    telling.report()
    assert telling.labels() == {kernel: {} for kernel in KERNELS}
    assert set(telling.series("sro_states_completed_info").values()) == {0}
    assert telling.series("sro_managed_resources_total") == {(): 1}

    openshift.builds.rule(build_config(NEW, bundle), NEVER_BUILT)
    done = sync(openshift, bundle, "--timeout", "12")
    assert done.code == 1
    labelled = {node for each in done.of("labelled") for node in each["nodes"]}
    assert len(labelled) == KERNELS[OLD] + KERNELS[MIDDLE]
    assert telling.labels() == {OLD: BOTH, MIDDLE: BOTH, NEW: {}}
    assert telling.status()["state"] == "Progressing: Working on: templates/0000-buildconfig.yaml"
    assert telling.conditions() == {"Ready": "False", "Progressing": "True", "Errored": "False"}
    # Nothing is left to be told but what is scraped.
    assert telling.report() == []
    assert telling.series("sro_states_completed_info") == {
        ("simple-kmod", "templates/0000-buildconfig.yaml"): 0,
        ("simple-kmod", "templates/1000-driver-container.yaml"): 0,
    }
    kinds = telling.series("sro_kind_completed_info")
    ready = {
        kernel: kinds[("BuildConfig", build_config(kernel, bundle), "simple-kmod", "simple-kmod")]
        for kernel in KERNELS
    }
    assert ready == {OLD: 1, MIDDLE: 1, NEW: 0}

    openshift.builds.rule(build_config(NEW, bundle), playing_openshift.COMPLETE)
    assert sync(openshift, bundle).code == 0
    assert telling.labels() == dict.fromkeys(KERNELS, BOTH)
    assert telling.status()["state"] == "Ready: "
    assert telling.conditions() == {"Ready": "True", "Progressing": "False", "Errored": "False"}
    events = telling.events()
    assert events["StateReady", f"1000-driver-container of {NEW} is ready"] == 1
    assert events["Ready", "all of simple-kmod is ready"] == 1
    versions = node_versions(openshift)
    assert telling.report() == []
    assert telling.events() == events
    assert node_versions(openshift) == versions
    assert set(telling.series("sro_states_completed_info").values()) == {1}
    assert set(telling.series("sro_kind_completed_info").values()) == {1}
    used = {
        (kind, name): nodes.count(",") + 1 for _, kind, name, _, nodes in telling.series("sro_used_nodes")
    }
    assert used == {("DaemonSet", daemon_set(kernel, bundle)): number for kernel, number in KERNELS.items()}
    assert telling.series("sro_upgrade_alert") == {("simple-kmod",): 0}

    assert Labeller(telling.kube).unlabel("simple-kmod").findings == ()
    assert telling.labels() == {kernel: {} for kernel in KERNELS}


def node_versions(cluster: Cluster) -> dict[str, str]:
    """What every write to a node changes."""
    nodes = cluster.api.items("/api/v1/nodes")
    return {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in nodes}


@pytest.mark.usefixtures("special_resource")
def test_a_kernel_that_fails_is_an_alert_and_an_error_and_its_nodes_lack_the_label(
    telling: Telling, openshift: Cluster, bundle: Path
) -> None:
    image = f"*/{DRIVER}:v{MIDDLE}"
    openshift.kubelet.rule(image, playing.image_pull_back_off("driver:middle"))
    assert sync(openshift, bundle, "--timeout", "12").code == 1

    telling.report()

    assert telling.labels() == {OLD: BOTH, MIDDLE: {BUILT: "Ready"}, NEW: BOTH}
    assert telling.series("sro_upgrade_alert") == {("simple-kmod",): 1}
    assert telling.series("sro_apply_steps")["simple-kmod", "failed"] == 1
    status = telling.status()
    assert status["state"].startswith(f"Errored: simple-kmod / 1000-driver-container / {MIDDLE}: DaemonSet/")
    assert "ImagePullBackOff" in status["state"]
    assert telling.conditions() == {"Ready": "False", "Progressing": "False", "Errored": "True"}
    ((_, message),) = (key for key in telling.events() if key[0] == "Failed")
    assert f"1000-driver-container of {MIDDLE}: DaemonSet/simple-kmod/" in message


def test_a_node_that_moves_to_a_fourth_kernel_loses_its_labels_and_is_said_to_be_stale(
    telling: Telling, openshift: Cluster, bundle: Path
) -> None:
    assert sync(openshift, bundle).code == 0
    telling.report()
    playing.change_kernel(openshift.api, "w2-00", FOURTH)

    said = telling.report()

    assert telling.labels() == {**dict.fromkeys(KERNELS, BOTH), FOURTH: {}}
    (stale,) = (each for each in said if isinstance(each, Warned))
    assert (stale.code, stale.subject, stale.notes) == ("stale-nodes", "simple-kmod", ("w2-00",))
    assert telling.series("sro_upgrade_alert") == {("simple-kmod",): 1}
    assert telling.series("sro_apply_stale_nodes") == {(FOURTH, "simple-kmod"): 1}
    done = status(openshift.admin, bundle)
    assert done.returncode == 1
    assert f"warning[stale-nodes]: 1 node runs {FOURTH}, for which the bundle has nothing" in done.stderr


def status(kubeconfig: Path, bundle: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sro_apply", "status", str(bundle), "--kubeconfig", str(kubeconfig), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_status_says_what_is_ready_and_what_is_in_the_way_and_writes_nothing(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy
) -> None:
    kubeconfig = openshift.kubeconfig("admin", fault_proxy.url)
    done = status(kubeconfig, bundle)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("simple-kmod: not ready, 24 nodes\n")
    place = f"1000-driver-container / 3 kernels on 24 nodes ({', '.join(sorted(KERNELS))})"
    assert f"  {place}: not begun: waits for simple-kmod / namespace\n" in done.stdout

    openshift.kubelet.rule(f"*/{DRIVER}:v{OLD}", playing.NOT_READY)
    assert sync(openshift, bundle, "--timeout", "12").code == 1
    done = status(kubeconfig, bundle, "-o", "json")
    assert (done.returncode, done.stderr) == (1, "")
    (resource,) = json.loads(done.stdout)["specialResources"]
    found: dict[tuple[str, str], Any] = {(each["state"], each["kernel"]): each for each in resource["steps"]}
    old = found["1000-driver-container", OLD]
    assert (old["status"], old["nodes"]["ready"], len(old["nodes"]["expected"])) == ("applied", [], 7)
    assert "0 of 7 pods are ready" in old["reason"]
    new = found["1000-driver-container", NEW]
    assert (new["status"], new["nodes"]["ready"]) == ("ready", new["nodes"]["expected"])

    openshift.kubelet.rule(f"*/{DRIVER}:v{OLD}", playing.RUNNING)
    assert sync(openshift, bundle).code == 0
    done = status(kubeconfig, bundle)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"  {MIDDLE}  12" in done.stdout
    assert "ready 12/12" in done.stdout
    assert fault_proxy.writes() == []


def test_where_the_kind_is_missing_no_status_and_no_event_is_written(cluster: Cluster, bundle: Path) -> None:
    cluster.play_nodes()
    telling = Telling(cluster, bundle)
    telling.web.start()
    try:
        assert telling.report() == []
        assert telling.events() == {}
        assert telling.series("sro_managed_resources_total") == {(): 1}
    finally:
        telling.web.stop()
