"""In which order objects of different kinds are applied; what is deleted goes the other way.

Only the table: what else decides the order (states, hooks) is the caller's.
Source: helm pkg/release/v1/util/kind_sorter.go; special-resource-operator pkg/helmer/helmer.go
(`OpenShiftInstallOrder`), which puts five kinds before Service.
"""

from __future__ import annotations

INSTALL_ORDER = (
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    # The operator writes the first one "Certificates", which is no kind: a slip that is put right here.
    "Certificate",
    "Issuer",
    "SecurityContextConstraints",
    "ImageStream",
    "BuildConfig",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
)
_RANKS = {kind: rank for rank, kind in enumerate(INSTALL_ORDER)}


def install_rank(kind: str) -> tuple[int, str]:
    """A key to sort objects by kind (stably): unknown kinds come last, by name.

    All of one kind have one key, so that a stable sort leaves them in their order.
    """
    rank = _RANKS.get(kind)
    return (len(INSTALL_ORDER), kind) if rank is None else (rank, "")
