"""Plays OpenShift beside Kubernetes: its kinds, which keep whatever is written, and the builds that it runs.

The kinds have no rules of their own: what OpenShift itself would refuse is accepted here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from kubernetes.client.exceptions import ApiException
from playing import now
from raw_api import Follower, Object, RawApi

KINDS = (
    # Group, version, kind, plural, whether namespaced, whether its status is a subresource.
    ("build.openshift.io", "v1", "BuildConfig", "buildconfigs", True, False),
    ("build.openshift.io", "v1", "Build", "builds", True, False),
    ("image.openshift.io", "v1", "ImageStream", "imagestreams", True, False),
    ("config.openshift.io", "v1", "ClusterVersion", "clusterversions", False, False),
    ("config.openshift.io", "v1", "Proxy", "proxies", False, False),
    ("security.openshift.io", "v1", "SecurityContextConstraints", "securitycontextconstraints", False, False),
    ("sro.openshift.io", "v1beta1", "SpecialResource", "specialresources", False, True),
)


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


def crds() -> list[Object]:
    return [
        crd(group, version, kind, plural, namespaced=namespaced, has_status=has_status)
        for group, version, kind, plural, namespaced, has_status in KINDS
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


class TooLateError(Exception):
    """Another build of a BuildConfig was numbered before."""


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

    def instantiate(self, namespace: str, name: str, last_version: int | None = None) -> Object:
        """Start the next build of a BuildConfig, as its subresource does: first it is numbered, then made.

        Args:   last_version: which one is the newest that the caller knows.
        Raises: TooLateError: another was numbered since; ApiException
        """
        path = f"/apis/build.openshift.io/v1/namespaces/{namespace}/buildconfigs/{name}"
        with self._lock:
            config = self._api.get(path)
            last = config.get("status", {}).get("lastVersion", 0)
            if last_version not in {None, last}:
                raise TooLateError(
                    f"the LastVersion({last}) on build config {namespace}/{name} does not match "
                    f"the build request LastVersion({last_version})"
                )
            self._api.patch(path, {"status": {"lastVersion": last + 1}})
            return self._api.create(build_of(config, last + 1))

    def _hear_config(self, config: Object, is_there: bool) -> None:
        metadata = config["metadata"]
        triggers = [trigger["type"] for trigger in config.get("spec", {}).get("triggers", ())]
        with self._lock:
            is_new = metadata["uid"] not in self._started and not config.get("status", {}).get("lastVersion")
            if is_there and is_new and "ConfigChange" in triggers and "deletionTimestamp" not in metadata:
                self._quietly(lambda: self.instantiate(metadata["namespace"], metadata["name"], 0))
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
        except TooLateError:
            pass
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
