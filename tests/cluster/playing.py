"""Plays what a control plane without machines lacks: nodes, the kubelet, OpenShift's kinds and its builds.

Each player follows the API server as the real one does and writes only what the real one writes. What it does
with a pod or a build is decided by rules that a test sets, the newest that fits first; a changed rule also
reaches what is there already, as when somebody mends a cause.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client.exceptions import ApiException
from raw_api import Follower, Object, RawApi

CAPACITY = {"cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti"}
CONDITIONS = ("Initialized", "Ready", "ContainersReady", "PodScheduled")

OPENSHIFT_KINDS = (
    # Group, version, kind, plural, whether namespaced, whether its status is a subresource.
    ("build.openshift.io", "v1", "BuildConfig", "buildconfigs", True, False),
    ("build.openshift.io", "v1", "Build", "builds", True, False),
    ("image.openshift.io", "v1", "ImageStream", "imagestreams", True, False),
    ("config.openshift.io", "v1", "ClusterVersion", "clusterversions", False, False),
    ("config.openshift.io", "v1", "Proxy", "proxies", False, False),
    ("security.openshift.io", "v1", "SecurityContextConstraints", "securitycontextconstraints", False, False),
    ("sro.openshift.io", "v1beta1", "SpecialResource", "specialresources", False, True),
)


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


# ---- nodes ----


def documents_of(*files: Path) -> list[Object]:
    """The objects of YAML files, Lists taken apart."""
    found: list[Object] = []
    for file in files:
        for document in yaml.safe_load_all(file.read_text("utf-8")):
            found += document["items"] if document["kind"] == "List" else [document]
    return found


def nodes_of(documents: Iterable[Object]) -> list[Object]:
    """The Node objects that an inventory describes, in either form, as a kubelet registers them."""
    made = []
    for document in documents:
        if document["kind"] == "Node":
            info = document["status"]["nodeInfo"]
            made.append(node_object(document["metadata"]["name"], document["metadata"].get("labels"), info))
        elif document["kind"] == "NodeInventory":
            for node in document.get("nodes", ()):
                info = {
                    "kernelVersion": node["kernelVersion"],
                    "osImage": node.get("osImage", ""),
                    "architecture": node.get("architecture", "amd64"),
                }
                made.append(node_object(node["name"], node.get("labels"), info))
    return made


def node_object(name: str, labels: Mapping[str, str] | None, info: Mapping[str, str]) -> Object:
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
            "addresses": [{"type": "Hostname", "address": name}],
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


# ---- OpenShift ----


def crd(group: str, version: str, kind: str, plural: str, *, namespaced: bool, has_status: bool) -> Object:
    """A kind that takes whatever is written."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced" if namespaced else "Cluster",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                    },
                    **({"subresources": {"status": {}}} if has_status else {}),
                }
            ],
        },
    }


def openshift_crds() -> list[Object]:
    return [
        crd(group, version, kind, plural, namespaced=namespaced, has_status=has_status)
        for group, version, kind, plural, namespaced, has_status in OPENSHIFT_KINDS
    ]


@dataclass(frozen=True, kw_only=True)
class BuildOutcome:
    """What becomes of a build: `Complete`, `Failed`, or `Running` for as long as the rule says so."""

    phase: str
    reason: str = ""
    message: str = ""
    log: str = ""
    """The last lines of the log, which OpenShift keeps in the status of a failed build."""


COMPLETE = BuildOutcome(phase="Complete")
BUILDING = BuildOutcome(phase="Running")


def build_failed(log: str = "make: *** [all] Error 2") -> BuildOutcome:
    text = "Docker build strategy has failed."
    return BuildOutcome(phase="Failed", reason="DockerBuildFailed", message=text, log=log)


class BuildController:
    """OpenShift's builds: a new BuildConfig with a ConfigChange trigger gets a Build, and Builds end.

    A completed one pushes: its output tag appears in the image stream. As in OpenShift a change of a
    BuildConfig starts nothing; that is `instantiate`.
    """

    def __init__(self, api: RawApi) -> None:
        self._api = api
        self._rules: list[tuple[str, BuildOutcome]] = []
        self._builds: dict[str, Object] = {}
        self._started: set[str] = set()
        self._lock = threading.RLock()
        root = "/apis/build.openshift.io/v1"
        self._followers = (
            Follower(api, f"{root}/buildconfigs", self._hear_config),
            Follower(api, f"{root}/builds", self._hear_build),
        )

    def start(self) -> None:
        for follower in self._followers:
            follower.start()

    def stop(self) -> None:
        for follower in self._followers:
            follower.stop()

    def reset(self) -> None:
        """Forget the rules: what a new test starts from."""
        with self._lock:
            self._rules.clear()

    def rule(self, build_config: str, outcome: BuildOutcome) -> None:
        """From now on builds of BuildConfigs whose name fits the pattern end so, those that run now too."""
        with self._lock:
            self._rules.insert(0, (build_config, outcome))
            for build in list(self._builds.values()):
                self._play(build)

    def instantiate(self, namespace: str, name: str) -> Object:
        """Start the next build of a BuildConfig, as its subresource does."""
        path = f"/apis/build.openshift.io/v1/namespaces/{namespace}/buildconfigs/{name}"
        with self._lock:
            config = self._api.get(path)
            number = config.get("status", {}).get("lastVersion", 0) + 1
            made = self._api.create(build_of(config, number))
            self._api.patch(path, {"status": {"lastVersion": number}})
        return made

    def _hear_config(self, config: Object, is_there: bool) -> None:
        metadata = config["metadata"]
        triggers = [trigger["type"] for trigger in config.get("spec", {}).get("triggers", ())]
        with self._lock:
            is_new = metadata["uid"] not in self._started and not config.get("status", {}).get("lastVersion")
            if is_there and is_new and "ConfigChange" in triggers and "deletionTimestamp" not in metadata:
                self._quietly(lambda: self.instantiate(metadata["namespace"], metadata["name"]))
                self._started.add(metadata["uid"])

    def _hear_build(self, build: Object, is_there: bool) -> None:
        with self._lock:
            if is_there:
                self._builds[build["metadata"]["uid"]] = build
                self._play(build)
            else:
                self._builds.pop(build["metadata"]["uid"], None)

    def _play(self, build: Object) -> None:
        status = build.get("status", {})
        outcome = self._outcome(build)
        if status.get("phase") in {"Complete", "Failed", outcome.phase}:
            return
        change: Object = {"phase": outcome.phase, "startTimestamp": status.get("startTimestamp", now())}
        if outcome.phase != "Running":
            change["completionTimestamp"] = now()
        if outcome.reason:
            change |= {"reason": outcome.reason, "message": outcome.message, "logSnippet": outcome.log}
        # First the image, then the word that it is there.
        if outcome.phase == "Complete":
            self._quietly(lambda: self._push(build))
        self._quietly(lambda: self._api.patch(self._api.path_of(build), {"status": change}))

    def _outcome(self, build: Object) -> BuildOutcome:
        name = build["metadata"].get("labels", {}).get("openshift.io/build-config.name", "")
        found = (outcome for pattern, outcome in self._rules if fnmatchcase(name, pattern))
        return next(found, COMPLETE)

    def _push(self, build: Object) -> None:
        output = build.get("spec", {}).get("output", {}).get("to", {})
        if output.get("kind") != "ImageStreamTag":
            return
        namespace = output.get("namespace", build["metadata"]["namespace"])
        name, _, tag = output["name"].partition(":")
        path = f"/apis/image.openshift.io/v1/namespaces/{namespace}/imagestreams/{name}"
        tags = self._api.get(path).get("status", {}).get("tags", [])
        host = "image-registry.openshift-image-registry.svc:5000"
        item = {"created": now(), "dockerImageReference": f"{host}/{namespace}/{name}:{tag}", "generation": 1}
        others = [each for each in tags if each["tag"] != tag]
        self._api.patch(path, {"status": {"tags": [*others, {"tag": tag, "items": [item]}]}})

    def _quietly(self, write: Callable[[], Any]) -> None:
        """Whatever has gone meanwhile, as when a test ends, is no fault of the controller."""
        try:
            write()
        except ApiException as fault:
            if fault.status not in {404, 409}:
                raise


def build_of(config: Object, number: int) -> Object:
    """The Build number so-and-so of a BuildConfig."""
    metadata, spec = config["metadata"], config["spec"]
    name = metadata["name"]
    owner = {"apiVersion": config["apiVersion"], "kind": config["kind"], "name": name, "uid": metadata["uid"]}
    return {
        "apiVersion": "build.openshift.io/v1",
        "kind": "Build",
        "metadata": {
            "name": f"{name}-{number}",
            "namespace": metadata["namespace"],
            "labels": {
                **metadata.get("labels", {}),
                "buildconfig": name,
                "openshift.io/build-config.name": name,
                "openshift.io/build.start-policy": spec.get("runPolicy", "Serial"),
            },
            "annotations": {
                "openshift.io/build-config.name": name,
                "openshift.io/build.number": str(number),
            },
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {
            part: spec[part] for part in ("source", "strategy", "output", "nodeSelector") if part in spec
        },
        "status": {"phase": "New", "config": {**owner, "namespace": metadata["namespace"]}},
    }
