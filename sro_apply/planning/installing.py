"""What to install so that the applier works in a cluster: namespaces, its account and roles, its Deployment.

Decides every manifest but those of other files: the CRD (`special_resource_crd`) and what watches over it
(`monitoring`). The pods meet Pod Security's level `restricted`, and OpenShift's: no user ID is asked for,
since OpenShift gives one, and the image's own is not root.
Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from sro_apply.planning.rights import RBAC, Right, roles_of
from sro_render.model.objects import JsonObject, JsonValue

NAME: Final = "sro-apply"
"""Of all that is installed once."""
SNAPSHOT: Final = "sro-snapshot"
"""Of the account that only takes snapshots."""
PORT: Final = 8080
LABELS: Mapping[str, str] = MappingProxyType({"app.kubernetes.io/name": NAME})
"""Of all that is installed, so that it can be told from what a bundle brings."""
_GIT: Final = "/etc/sro-apply/git"
_RESTRICTED: Mapping[str, JsonValue] = MappingProxyType(
    {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
)


class Workload(Struct, frozen=True, kw_only=True):
    """What runs in the cluster.

    arguments:  after `sro-apply run`.
    git_secret: the Secret with what git needs to read the source; empty where it needs nothing.
    """

    image: str
    arguments: tuple[str, ...]
    replicas: int
    git_secret: str = ""


def namespaces(own: str, others: Iterable[str]) -> Iterator[JsonObject]:
    """The applier's namespace, and those that its roles lie in.

    Pods are held to `restricted` in the first alone: the others are the drivers'.
    """
    level = "pod-security.kubernetes.io/enforce"
    yield _object("v1", "Namespace", own, labels={level: "restricted"})
    for name in sorted(set(others) - {own}):
        # Bare, for all else of it is the bundle's.
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def access(own: str, rights: Collection[Right], account: str = NAME) -> Iterator[JsonObject]:
    """The applier's account, and its roles with who has them."""
    yield _object("v1", "ServiceAccount", account, own)
    api_version = f"{RBAC}/v1"
    for namespace, rules in roles_of(rights).items():
        # Two installations in one cluster meet outside of their own namespaces.
        name = account if own in {namespace, NAME} else f"{account}-{own}"
        prefix = "" if namespace else "Cluster"
        yield _object(api_version, f"{prefix}Role", name, namespace, rules=rules)
        yield _object(
            api_version,
            f"{prefix}RoleBinding",
            name,
            namespace,
            roleRef={"apiGroup": RBAC, "kind": f"{prefix}Role", "name": name},
            subjects=[{"kind": "ServiceAccount", "name": account, "namespace": own}],
        )


def workload(own: str, asked: Workload) -> Iterator[JsonObject]:
    """The Deployment and the Service that it is reached by."""
    selector: JsonObject = {**LABELS}
    yield _object(
        "apps/v1",
        "Deployment",
        NAME,
        own,
        spec={
            "replicas": asked.replicas,
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": selector}, "spec": _pod(asked)},
        },
    )
    # Older servers apply no port without its protocol.
    port: JsonObject = {"name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP"}
    yield _object("v1", "Service", NAME, own, spec={"selector": selector, "ports": [port]})


def _pod(asked: Workload) -> JsonObject:
    volumes: list[JsonValue] = [{"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}}]
    if asked.git_secret:
        volumes.append({"name": "git", "secret": {"secretName": asked.git_secret, "defaultMode": 0o444}})
    return {
        "serviceAccountName": NAME,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        # Each replica on a node of its own, where there are so many.
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 100,
                        "podAffinityTerm": {
                            "labelSelector": {"matchLabels": {**LABELS}},
                            "topologyKey": "kubernetes.io/hostname",
                        },
                    }
                ]
            }
        },
        "containers": [_container(asked)],
        "volumes": volumes,
    }


def _container(asked: Workload) -> JsonObject:
    mounts: list[JsonValue] = [{"name": "scratch", "mountPath": "/tmp"}]  # noqa: S108 - in the container
    if asked.git_secret:
        mounts.append({"name": "git", "mountPath": _GIT, "readOnly": True})
    return {
        "name": NAME,
        "image": asked.image,
        "args": ["run", *asked.arguments],
        "env": _environment(asked),
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "livenessProbe": _probe("/healthz", 20, 3),
        "readinessProbe": _probe("/readyz", 5, 3),
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {**_RESTRICTED},
        "volumeMounts": mounts,
    }


def _environment(asked: Workload) -> list[JsonValue]:
    """Where git looks: into the Secret for `.netrc`, or for a key and the hosts that are known."""
    if not asked.git_secret:
        return [{"name": "HOME", "value": "/tmp"}]  # noqa: S108 - in the container
    ssh = (
        f"ssh -i {_GIT}/ssh-privatekey -o IdentitiesOnly=yes -o UserKnownHostsFile={_GIT}/known_hosts "
        "-o StrictHostKeyChecking=yes"
    )
    return [{"name": "HOME", "value": _GIT}, {"name": "GIT_SSH_COMMAND", "value": ssh}]


def _probe(path: str, period_s: int, failures: int) -> JsonObject:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period_s,
        "failureThreshold": failures,
        "timeoutSeconds": 5,
    }


def _object(
    api_version: str,
    kind: str,
    name: str,
    namespace: str = "",
    labels: Mapping[str, str] = MappingProxyType({}),
    **fields: JsonValue,
) -> JsonObject:
    metadata: JsonObject = {"name": name, "labels": {**LABELS, **labels}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
