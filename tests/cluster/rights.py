"""Rights as single ones, from both sides: those that roles give, and those that requests ask a server for.

Source: kubernetes pkg/apiserver endpoints/request `RequestInfo`: how a request becomes verb, resource and name.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import yaml
from clusters import Cluster
from fault_proxy import Asked
from raw_api import Object

OWN = "sro-apply"
"""The applier's namespace, account and roles."""
IN_CLUSTER = (
    "--image",
    "x",
    "--source",
    "git+https://x/y@z:w",
    "--without",
    "crd",
    "--without",
    "monitoring",
)
"""Options of `manifests` for what runs there, where the kind SpecialResource is and no Prometheus Operator."""


@dataclass(frozen=True, order=True)
class Right:
    """As in `sro_apply.planning.rights`, which this judges; namespace and name are empty for all, group and resource `*`."""

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""

    def allows(self, other: Right) -> bool:
        pairs = zip(astuple(self), astuple(other), strict=True)
        return all(mine in {theirs, "", "*"} for mine, theirs in pairs)


def printed(bundle: Path, *options: str) -> list[Object]:
    """What `sro-apply manifests` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "sro_apply", "manifests", bundle, *options],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(yaml.safe_load_all(done.stdout))


def install(kubectl: Path, cluster: Cluster, manifests: Iterable[Object]) -> str:
    """Apply them as an administrator, in one go; what kubectl says."""
    done = subprocess.run(
        [kubectl, "--kubeconfig", cluster.admin, "apply", "--server-side", "--filename", "-"],
        input=yaml.safe_dump_all(manifests),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def account(cluster: Cluster, folder: Path, url: str = "") -> Path:
    """The kubeconfig of the applier's account, in its namespace."""
    config = yaml.safe_load(cluster.service_account(OWN, OWN, url).read_text("utf-8"))
    config["contexts"][0]["context"]["namespace"] = OWN
    file = folder / "account.kubeconfig"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


def may(cluster: Cluster, right: Right) -> bool:
    """Whether the server lets the applier's account do this now."""
    resource, _, subresource = right.resource.partition("/")
    attributes = {
        "namespace": right.namespace,
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "verb": right.verb,
        "name": right.name,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": f"system:serviceaccount:{OWN}:{OWN}", "resourceAttributes": attributes},
    }
    answer = cluster.api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer["status"]["allowed"])


def granted(manifests: Iterable[Object]) -> set[Right]:
    """The single rights of all roles."""
    return {
        Right(manifest["metadata"].get("namespace", ""), group, resource, verb, name)
        for manifest in manifests
        if manifest["kind"] in {"Role", "ClusterRole"}
        for rule in manifest["rules"]
        for group, resource, verb, name in itertools.product(
            rule["apiGroups"], rule["resources"], rule["verbs"], rule.get("resourceNames", [""])
        )
    }


def without(manifests: Iterable[Object], taken: Right) -> list[Object]:
    """The manifests with one right less."""
    return [_without(each, taken) for each in manifests]


def _without(manifest: Object, taken: Right) -> Object:
    if manifest["kind"] not in {"Role", "ClusterRole"}:
        return manifest
    left = sorted(granted([manifest]) - {taken})
    return {**manifest, "rules": [_rule(each) for each in left]}


def _rule(right: Right) -> Object:
    named = {"resourceNames": [right.name]} if right.name else {}
    return {"apiGroups": [right.group], "resources": [right.resource], "verbs": [right.verb], **named}


def asked_for(answered: Iterable[tuple[Asked, int]]) -> set[Right]:
    """What requests, with the status of their answers, have asked the authorizer for."""
    return {right for asked, status in answered for right in _asked_for(asked, status)}


def _asked_for(asked: Asked, status: int) -> Iterator[Right]:
    url = urlsplit(asked.path)
    parts = [unquote(each) for each in url.path.split("/") if each]
    if parts[0] not in {"api", "apis"} or len(parts) <= (2 if parts[0] == "api" else 3):
        return  # discovery and the version: everybody may read them
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "")[:3] if len(rest) > 1 else (rest[0], "", "")
    resource = f"{plural}/{subresource}" if subresource else plural
    query = parse_qs(url.query, keep_blank_values=True)
    is_watch, field = "watch" in query, query.get("fieldSelector", [""])[0]
    verb = {
        "GET": "get" if name else "watch" if is_watch else "list",
        "POST": "create",
        "PUT": "update",
        "PATCH": "patch",
        "DELETE": "delete" if name else "deletecollection",
    }[asked.method]
    right = Right(namespace, group, resource, verb, name or field.removeprefix("metadata.name="))
    yield right
    if verb == "patch" and status == 201:
        yield replace(right, verb="create")
    if status in {200, 201} and verb in {"patch", "create"} and group == "rbac.authorization.k8s.io":
        yield from _given_on(right, json.loads(asked.body))


def _given_on(right: Right, body: Object) -> Iterator[Right]:
    """Who writes a role must have its rights, or be let; likewise who binds one."""
    if right.resource in {"roles", "clusterroles"}:
        yield replace(right, verb="escalate")
    else:
        reference = body["roleRef"]
        yield replace(
            right, resource=f"{reference['kind'].lower()}s", verb="bind", name=str(reference["name"])
        )
