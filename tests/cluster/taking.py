"""Takes single rights away from the applier's account, where all is as the bundle says but what needs the right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path

import little
import rights
import yaml
from clusters import Cluster, until
from in_process import sync
from raw_api import Object
from rights import OWN, Right
from simple_kmod import DRIVER, NEW, OLD, build_config, daemon_set

EVENTS = "/api/v1/namespaces/default/events"
SPECIAL_RESOURCE = "/apis/sro.openshift.io/v1beta1/specialresources/simple-kmod"
ROLE_BINDING = f"/apis/rbac.authorization.k8s.io/v1/namespaces/simple-kmod/rolebindings/{DRIVER}"
STALE = "/api/v1/namespaces/simple-kmod/serviceaccounts/stale"
LABELLED = ("w0-00", "w0-01")
STATE = "specialresource.openshift.io/state-simple-kmod-0000"
OF_SETS = ("specialresource.openshift.io/owned", "applyset.kubernetes.io/part-of")
NOTES = ("sro.openshift.io/digest", "applyset.kubernetes.io/tooling")


def rule_of(right: Right) -> str:
    """How the rule of a right is said, as a regular expression.

    A server that refuses to create what is applied does not say where, and one that refuses to bind not what.
    What is asked for of a Namespace is asked for in it.
    """
    group, resource = right.group or '""', right.resource
    if resource == "*":
        return rf"resources: \[[a-z]+\], verbs: \[{right.verb}\], namespace {right.namespace}"
    if right.verb == "bind":
        rule = f"apiGroups: [{group}], resources: [roles, clusterroles], verbs: [bind] for the role that "
        return re.escape(f"{rule}{DRIVER} refers to")
    if right.verb == "escalate":
        named = f"resources: [{resource}], resourceNames: [{right.name}], verbs: [escalate]"
        return re.escape(f"apiGroups: [{group}], {named}")
    space = right.name if resource == "namespaces" else right.namespace
    place = f"namespace {space}" if space else "cluster-wide"
    rule = re.escape(f"apiGroups: [{group}], resources: [{resource}], verbs: [{right.verb}], ")
    return rule + (f"({place}|where [a-z0-9-]+ lies)" if right.verb == "create" else f"{place}(?![a-z0-9-])")


class Taking:
    """An account with the rights of manifests, and the cluster in which it works on a bundle."""

    def __init__(self, cluster: Cluster, bundle: Path, manifests: list[Object], folder: Path) -> None:
        self.cluster, self.bundle, self.manifests = cluster, bundle, manifests
        self.account = rights.account(cluster, folder)
        config = yaml.safe_load(cluster.admin.read_text("utf-8"))
        config["contexts"][0]["context"]["namespace"] = OWN
        self.admin = folder / "admin.kubeconfig"
        """Of an administrator who does the same work."""
        self.admin.write_text(yaml.safe_dump(config), encoding="utf-8")
        self._api = cluster.api

    @property
    def rights(self) -> list[Right]:
        return sorted(rights.granted(self.manifests))

    def mend(self) -> None:
        """Bring all that the bundle has, and wait until it is ready."""
        done = sync(self.admin, self.bundle, "--prune", "--timeout", "60s")
        assert (done.code, done.errors) == (0, ""), done.events

    @contextmanager
    def without(self, *taken: Right) -> Iterator[None]:
        """While the real authorizer knows nothing of these rights."""
        roles = [each for each in self.manifests if rights.granted([each]) & {*taken}]
        for role in roles:
            (left,) = reduce(rights.without, taken, [role])
            self._api.patch(self._api.path_of(role), {"rules": left["rules"]})
        until(lambda: not any(rights.may(self.cluster, each) for each in taken))
        try:
            yield
        finally:
            for role in roles:
                self._api.patch(self._api.path_of(role), {"rules": role["rules"]})
            until(lambda: all(rights.may(self.cluster, each) for each in taken))

    def need(self, right: Right) -> Callable[[], None]:
        """Disturb what is there so that a right is needed; what is to be done once it is given back."""
        match right.resource, right.verb:
            case "buildconfigs/instantiate", _:
                return self._change_build(
                    {"metadata": {"labels": {"sro.openshift.io/build-revision": "other"}}}
                )
            case "pods/log", _:
                return self._change_build({"status": {"phase": "Failed"}})
            case "nodes", "patch":
                for name in LABELLED:
                    self._api.patch(f"/api/v1/nodes/{name}", {"metadata": {"labels": {STATE: None}}})
            case "nodes", _:
                self._make_stale(Right("simple-kmod", "", "serviceaccounts", ""))
            case "specialresources/status", _:
                self._say_nothing_of_ready()
            case "events", "create":
                self._api.delete(EVENTS)
                self._say_nothing_of_ready()
            case "events", _:
                self._say_nothing_of_ready()
                self.mend()
                self._say_nothing_of_ready()
            case "roles", "escalate":
                self._api.delete(f"{_folder(right)}/{DRIVER}")
                return self.mend
            case "roles", "bind":
                self._api.delete(ROLE_BINDING)
                return self.mend
            case "leases", "create":
                self._api.delete(f"{_folder(right)}/{OWN}")
                return self.mend
            case resource, "create":
                if resource == "buildconfigs":
                    self._api.delete(self._build)  # the collector would take it, one day
                self._api.delete(f"{_folder(right)}/{self._name(right)}")
                return self.mend
            case _, "patch":
                path = f"{_folder(right)}/{self._name(right)}"
                known = self._api.get(path)["metadata"]["annotations"]
                changed = {each: "sro-apply/other" for each in NOTES if each in known}
                self._api.patch(path, {"metadata": {"annotations": changed}})
            case _, "delete" | "get" if not right.name:
                self._make_stale(right)
            case _:
                pass  # it is asked for in any case
        return lambda: None

    def _say_nothing_of_ready(self) -> None:
        self._api.patch(f"{SPECIAL_RESOURCE}/status", {"status": {"conditions": []}})

    @property
    def _build(self) -> str:
        folder = "/apis/build.openshift.io/v1/namespaces/simple-kmod/builds"
        return f"{folder}/{build_config(OLD, self.bundle)}-1"

    def _change_build(self, change: Object) -> Callable[[], None]:
        """Change a build; what changes it back."""
        found = self._api.get(self._build)
        labels, phase = found["metadata"]["labels"], found["status"]["phase"]
        self._api.patch(self._build, change)

        def change_back() -> None:
            self._api.patch(self._build, {"metadata": {"labels": labels}, "status": {"phase": phase}})

        return change_back

    def _name(self, right: Right) -> str:
        """An object of the bundle, or the set's parent."""
        if right.name:
            return right.name
        affine = {"daemonsets": daemon_set(NEW, self.bundle), "buildconfigs": build_config(OLD, self.bundle)}
        return affine.get(right.resource, DRIVER)

    def _make_stale(self, right: Right) -> None:
        """Put an object into the set that the bundle does not have, as if the applier had."""
        like = self._api.get(f"{_folder(right)}/{self._name(right)}")
        labels = {each: like["metadata"]["labels"][each] for each in OF_SETS}
        made: Object = {
            "apiVersion": like["apiVersion"],
            "kind": like["kind"],
            "metadata": {"name": "stale", "namespace": right.namespace, "labels": labels},
        }
        if right.resource == "daemonsets":
            template = {
                "metadata": {"labels": {"app": "stale"}},
                "spec": {"containers": [{"name": "x", "image": "x"}], "nodeSelector": {"no": "node"}},
            }
            made["spec"] = {"selector": {"matchLabels": {"app": "stale"}}, "template": template}
        if right.resource == "rolebindings":
            made["roleRef"] = like["roleRef"]
        self._api.request(
            "PATCH",
            self._api.path_of(made),
            made,
            content_type="application/apply-patch+yaml",
            query={"fieldManager": "sro-apply"},
        )

    @property
    def has_stale(self) -> bool:
        return little.is_there(self.cluster, STALE)


def _folder(right: Right) -> str:
    root = f"/apis/{right.group}/v1" if right.group else "/api/v1"
    return f"{root}{f'/namespaces/{right.namespace}' if right.namespace else ''}/{right.resource}"
