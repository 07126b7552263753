"""Kinds that every API server has, under names that never change: to find their paths costs no request.

Of anything else, and where a server answers that it does not know the path, discovery is asked.
Source: https://kubernetes.io/docs/reference/kubernetes-api/; what is generally available does not change,
https://kubernetes.io/docs/reference/using-api/deprecation-policy/.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sro_apply.kube.interface import Kind, Resource

_RBAC: Final = "rbac.authorization.k8s.io/v1"
_IN_NAMESPACES: Final = (
    ("v1", "configmaps", "ConfigMap"),
    ("v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    ("v1", "pods", "Pod"),
    ("v1", "secrets", "Secret"),
    ("v1", "serviceaccounts", "ServiceAccount"),
    ("v1", "services", "Service"),
    ("apps/v1", "daemonsets", "DaemonSet"),
    ("apps/v1", "deployments", "Deployment"),
    ("apps/v1", "statefulsets", "StatefulSet"),
    ("batch/v1", "jobs", "Job"),
    ("coordination.k8s.io/v1", "leases", "Lease"),
    (_RBAC, "rolebindings", "RoleBinding"),
    (_RBAC, "roles", "Role"),
)
_BESIDE_THEM: Final = (
    ("v1", "namespaces", "Namespace"),
    ("v1", "nodes", "Node"),
    (_RBAC, "clusterrolebindings", "ClusterRoleBinding"),
    (_RBAC, "clusterroles", "ClusterRole"),
)

BUILT_IN: Final[Mapping[Kind, Resource]] = MappingProxyType(
    {
        Kind(api_version, name): Resource(
            kind=Kind(api_version, name), plural=plural, is_namespaced=is_namespaced
        )
        for kinds, is_namespaced in ((_IN_NAMESPACES, True), (_BESIDE_THEM, False))
        for api_version, plural, name in kinds
    }
)
