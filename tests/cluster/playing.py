"""Plays the machines that a control plane of tests lacks: nodes and their kubelets.

The player follows the API server as the real one does and writes only what the real one writes. What it does
with a pod is decided by rules that a test sets, the newest that fits first; a changed rule also
reaches what is there already, as when somebody mends a cause.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from kubernetes.client.exceptions import ApiException
from raw_api import Follower, Object, RawApi

CAPACITY = {"cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti"}
CONDITIONS = ("Initialized", "Ready", "ContainersReady", "PodScheduled")


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What becomes of a pod: `Running`, `Succeeded`, `Failed`, `Pending` or `Waiting` with a reason."""

    phase: str
    is_ready: bool = True
    reason: str = ""
    """Why a container waits, or ended: ImagePullBackOff, CrashLoopBackOff, Error."""
    message: str = ""
    exit_code: int = 0
    log: str = ""
    """What its containers have printed."""


RUNNING = Outcome(phase="Running")
NOT_READY = Outcome(phase="Running", is_ready=False)
SUCCEEDED = Outcome(phase="Succeeded", is_ready=False, reason="Completed")
PENDING = Outcome(phase="Pending", is_ready=False, reason="ContainerCreating")


def failed(exit_code: int = 1, message: str = "") -> Outcome:
    return Outcome(phase="Failed", is_ready=False, reason="Error", message=message, exit_code=exit_code)


def image_pull_back_off(image: str) -> Outcome:
    text = f'Back-off pulling image "{image}"'
    return Outcome(phase="Waiting", is_ready=False, reason="ImagePullBackOff", message=text)


class Kubelet:
    """Every node's kubelet: gives each pod that is bound to a node the status that its image's rule says.

    Without a rule a pod runs and is ready; one that may end (a Job's) succeeds.
    """

    def __init__(self, api: RawApi) -> None:
        self._api = api
        self._rules: list[tuple[str, Outcome]] = []
        self._pods: dict[str, Object] = {}
        self._told: dict[str, Outcome] = {}
        self._lock = threading.RLock()
        self._follower = Follower(api, "/api/v1/pods", self._hear)

    def start(self) -> None:
        self._follower.start()

    def stop(self) -> None:
        self._follower.stop()

    def reset(self) -> None:
        """Forget the rules: what a new test starts from."""
        with self._lock:
            self._rules.clear()
            self._told.clear()

    def rule(self, image: str, outcome: Outcome) -> None:
        """From now on pods of images that fit the pattern have this outcome, pods that are there too."""
        with self._lock:
            self._rules.insert(0, (image, outcome))
            pods = list(self._pods.values())
            for pod in pods:
                self._play(pod)

    def log(self, namespace: str, name: str) -> str | None:
        """What a pod has printed; None if there is no such pod."""
        with self._lock:
            for pod in self._pods.values():
                if (pod["metadata"]["namespace"], pod["metadata"]["name"]) == (namespace, name):
                    return self._outcome(pod).log
        return None

    def _hear(self, pod: Object, is_there: bool) -> None:
        with self._lock:
            if is_there:
                self._pods[pod["metadata"]["uid"]] = pod
                self._play(pod)
            else:
                self._pods.pop(pod["metadata"]["uid"], None)
                self._told.pop(pod["metadata"]["uid"], None)

    def _play(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        if "nodeName" not in pod["spec"]:
            return
        if "deletionTimestamp" in pod["metadata"]:
            self._write(lambda path: self._api.delete(path, gracePeriodSeconds=0), pod)
            return
        outcome = self._outcome(pod)
        if self._told.get(uid) == outcome or pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return
        status = {"status": pod_status(pod, outcome)}
        if self._write(lambda path: self._api.patch(f"{path}/status", status), pod):
            self._told[uid] = outcome

    def _outcome(self, pod: Object) -> Outcome:
        images = [each["image"] for each in pod["spec"]["containers"]]
        for pattern, outcome in self._rules:
            if any(fnmatchcase(image, pattern) for image in images):
                return outcome
        return RUNNING if pod["spec"].get("restartPolicy", "Always") == "Always" else SUCCEEDED

    def _write(self, write: Callable[[str], object], pod: Object) -> bool:
        """Whether it was written; a pod that has gone or a server that is down is no fault of the kubelet."""
        metadata = pod["metadata"]
        try:
            write(f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}")
        except ApiException as fault:
            if fault.status not in {404, 409}:
                raise
            return False
        return True


def pod_status(pod: Object, outcome: Outcome) -> Object:
    """The status that a kubelet writes for an outcome."""
    at = now()
    phase = "Pending" if outcome.phase == "Waiting" else outcome.phase
    ready = "True" if outcome.is_ready else "False"
    return {
        "phase": phase,
        "startTime": at,
        "podIP": "10.128.0.1",
        "podIPs": [{"ip": "10.128.0.1"}],
        "hostIP": "127.0.0.1",
        "conditions": [
            {
                "type": kind,
                "status": "True" if kind in {"Initialized", "PodScheduled"} else ready,
                "lastTransitionTime": at,
                "lastProbeTime": None,
            }
            for kind in CONDITIONS
        ],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": outcome.is_ready,
                "started": phase == "Running",
                "restartCount": 0,
                "state": container_state(outcome, at),
                "lastState": {},
            }
            for container in pod["spec"]["containers"]
        ],
    }


def container_state(outcome: Outcome, at: str) -> Object:
    if outcome.phase == "Running":
        return {"running": {"startedAt": at}}
    if outcome.phase in {"Succeeded", "Failed"}:
        ended = {"exitCode": outcome.exit_code, "reason": outcome.reason, "message": outcome.message}
        return {"terminated": {**ended, "startedAt": at, "finishedAt": at}}
    return {"waiting": {"reason": outcome.reason, "message": outcome.message}}


def documents_of(*files: Path) -> list[Object]:
    """The objects of YAML files, Lists taken apart."""
    found: list[Object] = []
    for file in files:
        for document in yaml.safe_load_all(file.read_text("utf-8")):
            found += document["items"] if document["kind"] == "List" else [document]
    return found


def nodes_of(documents: Iterable[Object], kubelet_port: int = 10250) -> list[Object]:
    """The Node objects that an inventory describes, in either form, as a kubelet registers them."""
    made = []
    for document in documents:
        if document["kind"] == "Node":
            info = document["status"]["nodeInfo"]
            made.append(
                node_object(
                    document["metadata"]["name"], document["metadata"].get("labels"), info, kubelet_port
                )
            )
        elif document["kind"] == "NodeInventory":
            for node in document.get("nodes", ()):
                info = {
                    "kernelVersion": node["kernelVersion"],
                    "osImage": node.get("osImage", ""),
                    "architecture": node.get("architecture", "amd64"),
                }
                made.append(node_object(node["name"], node.get("labels"), info, kubelet_port))
    return made


def node_object(
    name: str, labels: Mapping[str, str] | None, info: Mapping[str, str], kubelet_port: int
) -> Object:
    """A node that is ready and has room for everything."""
    at = now()
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "played"}
    defaults = {
        **dict.fromkeys(("bootID", "machineID", "systemUUID", "kubeProxyVersion", "osImage"), ""),
        "architecture": "amd64",
        "operatingSystem": "linux",
        "kubeletVersion": "v1.20.2",
        "containerRuntimeVersion": "cri-o://1.20.0",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "status": {
            "capacity": CAPACITY,
            "allocatable": CAPACITY,
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
            "conditions": [{**ready, "lastHeartbeatTime": at, "lastTransitionTime": at}],
            "nodeInfo": {**defaults, **info},
        },
    }


def change_kernel(api: RawApi, node: str, kernel: str) -> None:
    """A node comes back with another kernel, and node feature discovery labels it."""
    path = f"/api/v1/nodes/{node}"
    api.patch(f"{path}/status", {"status": {"nodeInfo": {"kernelVersion": kernel}}})
    label = "feature.node.kubernetes.io/kernel-version.full"
    api.patch(path, {"metadata": {"labels": {label: kernel}}})
