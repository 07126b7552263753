"""API versions that Kubernetes has given up, or will: which, when, and what takes their place.

Source: Kubernetes' Deprecated API Migration Guide (docs/reference/using-api/deprecation-guide) for what
was removed up to 1.32; the lifecycle tags of `k8s.io/api` (zz_generated.prerelease-lifecycle.go) for
when each was deprecated; for 1.33 and later, which kinds the releases' own OpenAPI documents serve.
Alpha versions are no part of it: clusters do not serve them unless told to.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from sro_render.errors import Mend
from sro_render.lint.interface import Hit, Subject
from sro_render.lint.rules import API_DEPRECATED, API_REMOVED

Version = tuple[int, int]


class Retired(Struct, frozen=True):
    """An API version of some kinds.

    removed:     the first release that does not serve it; None if none is known yet.
    replacement: empty where nothing takes its place.
    since:       the first release that serves the replacement.
    changes:     what else must be changed; empty if the API version is all that differs.
    """

    api_version: str
    kinds: tuple[str, ...]
    deprecated: Version
    removed: Version | None
    replacement: str
    since: Version
    changes: str = ""


_APPS = "spec.selector is required, and what is left out has other defaults"
_WEBHOOKS = "sideEffects and admissionReviewVersions are required, and what is left out has other defaults"
_CRD = "versions, with a structural schema in each, and scope are required"
_INGRESS = "backends are written as service.name and service.port, and each path needs a pathType"
_PSP = "Pod Security admission, by labels of the namespace, or SecurityContextConstraints take its place"
_HPA = "targets of metrics are written below target"
_PDB = "an empty selector means all pods, where it meant none"
_FLOW = "spec.limited.assuredConcurrencyShares is called nominalConcurrencyShares"
_ENDPOINTS = "write an EndpointSlice for each Endpoints"

RETIRED = (
    Retired("extensions/v1beta1", ("NetworkPolicy",), (1, 9), (1, 16), "networking.k8s.io/v1", (1, 8)),
    Retired("extensions/v1beta1", ("PodSecurityPolicy",), (1, 10), (1, 16), "", (1, 10), _PSP),
    Retired(
        "extensions/v1beta1",
        ("DaemonSet", "Deployment", "ReplicaSet"),
        (1, 9),
        (1, 16),
        "apps/v1",
        (1, 9),
        _APPS,
    ),
    Retired("extensions/v1beta1", ("Ingress",), (1, 14), (1, 22), "networking.k8s.io/v1", (1, 19), _INGRESS),
    Retired(
        "apps/v1beta1", ("Deployment", "ReplicaSet", "StatefulSet"), (1, 9), (1, 16), "apps/v1", (1, 9), _APPS
    ),
    Retired("apps/v1beta1", ("ControllerRevision",), (1, 9), (1, 16), "apps/v1", (1, 9)),
    Retired(
        "apps/v1beta2",
        ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
        (1, 9),
        (1, 16),
        "apps/v1",
        (1, 9),
    ),
    Retired(
        "admissionregistration.k8s.io/v1beta1",
        ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        (1, 16),
        (1, 22),
        "admissionregistration.k8s.io/v1",
        (1, 16),
        _WEBHOOKS,
    ),
    Retired(
        "apiextensions.k8s.io/v1beta1",
        ("CustomResourceDefinition",),
        (1, 16),
        (1, 22),
        "apiextensions.k8s.io/v1",
        (1, 16),
        _CRD,
    ),
    Retired(
        "apiregistration.k8s.io/v1beta1",
        ("APIService",),
        (1, 19),
        (1, 22),
        "apiregistration.k8s.io/v1",
        (1, 10),
    ),
    Retired(
        "authentication.k8s.io/v1beta1",
        ("TokenReview",),
        (1, 19),
        (1, 22),
        "authentication.k8s.io/v1",
        (1, 6),
    ),
    Retired(
        "authorization.k8s.io/v1beta1",
        (
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ),
        (1, 19),
        (1, 22),
        "authorization.k8s.io/v1",
        (1, 6),
        "spec.group is called spec.groups",
    ),
    Retired(
        "certificates.k8s.io/v1beta1",
        ("CertificateSigningRequest",),
        (1, 19),
        (1, 22),
        "certificates.k8s.io/v1",
        (1, 19),
        "spec.signerName and spec.usages are required",
    ),
    Retired("coordination.k8s.io/v1beta1", ("Lease",), (1, 19), (1, 22), "coordination.k8s.io/v1", (1, 14)),
    Retired(
        "networking.k8s.io/v1beta1", ("Ingress",), (1, 19), (1, 22), "networking.k8s.io/v1", (1, 19), _INGRESS
    ),
    Retired(
        "networking.k8s.io/v1beta1", ("IngressClass",), (1, 19), (1, 22), "networking.k8s.io/v1", (1, 19)
    ),
    Retired(
        "rbac.authorization.k8s.io/v1beta1",
        ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
        (1, 17),
        (1, 22),
        "rbac.authorization.k8s.io/v1",
        (1, 8),
    ),
    Retired(
        "scheduling.k8s.io/v1beta1", ("PriorityClass",), (1, 14), (1, 22), "scheduling.k8s.io/v1", (1, 14)
    ),
    Retired("storage.k8s.io/v1beta1", ("CSIDriver",), (1, 19), (1, 22), "storage.k8s.io/v1", (1, 19)),
    Retired("storage.k8s.io/v1beta1", ("CSINode",), (1, 17), (1, 22), "storage.k8s.io/v1", (1, 17)),
    Retired("storage.k8s.io/v1beta1", ("StorageClass",), (1, 19), (1, 22), "storage.k8s.io/v1", (1, 6)),
    Retired("storage.k8s.io/v1beta1", ("VolumeAttachment",), (1, 19), (1, 22), "storage.k8s.io/v1", (1, 13)),
    Retired("batch/v1beta1", ("CronJob",), (1, 21), (1, 25), "batch/v1", (1, 21)),
    Retired(
        "discovery.k8s.io/v1beta1",
        ("EndpointSlice",),
        (1, 21),
        (1, 25),
        "discovery.k8s.io/v1",
        (1, 21),
        "topology is replaced by nodeName and zone of each endpoint",
    ),
    Retired(
        "events.k8s.io/v1beta1",
        ("Event",),
        (1, 22),
        (1, 25),
        "events.k8s.io/v1",
        (1, 19),
        "several fields have other names or are required",
    ),
    Retired(
        "autoscaling/v2beta1", ("HorizontalPodAutoscaler",), (1, 22), (1, 25), "autoscaling/v2", (1, 23), _HPA
    ),
    Retired("autoscaling/v2beta2", ("HorizontalPodAutoscaler",), (1, 23), (1, 26), "autoscaling/v2", (1, 23)),
    Retired("policy/v1beta1", ("PodDisruptionBudget",), (1, 21), (1, 25), "policy/v1", (1, 21), _PDB),
    Retired("policy/v1beta1", ("PodSecurityPolicy",), (1, 21), (1, 25), "", (1, 21), _PSP),
    Retired("node.k8s.io/v1beta1", ("RuntimeClass",), (1, 22), (1, 25), "node.k8s.io/v1", (1, 20)),
    Retired(
        "storage.k8s.io/v1beta1", ("CSIStorageCapacity",), (1, 24), (1, 27), "storage.k8s.io/v1", (1, 24)
    ),
    Retired(
        "flowcontrol.apiserver.k8s.io/v1beta1",
        ("FlowSchema",),
        (1, 23),
        (1, 26),
        "flowcontrol.apiserver.k8s.io/v1",
        (1, 29),
    ),
    Retired(
        "flowcontrol.apiserver.k8s.io/v1beta1",
        ("PriorityLevelConfiguration",),
        (1, 23),
        (1, 26),
        "flowcontrol.apiserver.k8s.io/v1",
        (1, 29),
        _FLOW,
    ),
    Retired(
        "flowcontrol.apiserver.k8s.io/v1beta2",
        ("FlowSchema",),
        (1, 26),
        (1, 29),
        "flowcontrol.apiserver.k8s.io/v1",
        (1, 29),
    ),
    Retired(
        "flowcontrol.apiserver.k8s.io/v1beta2",
        ("PriorityLevelConfiguration",),
        (1, 26),
        (1, 29),
        "flowcontrol.apiserver.k8s.io/v1",
        (1, 29),
        _FLOW,
    ),
    Retired(
        "flowcontrol.apiserver.k8s.io/v1beta3",
        ("FlowSchema", "PriorityLevelConfiguration"),
        (1, 29),
        (1, 32),
        "flowcontrol.apiserver.k8s.io/v1",
        (1, 29),
    ),
    Retired(
        "authentication.k8s.io/v1beta1",
        ("SelfSubjectReview",),
        (1, 30),
        (1, 33),
        "authentication.k8s.io/v1",
        (1, 28),
    ),
    Retired(
        "admissionregistration.k8s.io/v1beta1",
        ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
        (1, 31),
        (1, 34),
        "admissionregistration.k8s.io/v1",
        (1, 30),
    ),
    Retired(
        "networking.k8s.io/v1beta1",
        ("IPAddress", "ServiceCIDR"),
        (1, 34),
        (1, 37),
        "networking.k8s.io/v1",
        (1, 33),
    ),
    Retired(
        "storage.k8s.io/v1beta1", ("VolumeAttributesClass",), (1, 34), (1, 37), "storage.k8s.io/v1", (1, 34)
    ),
    Retired(
        "v1", ("ComponentStatus",), (1, 19), None, "", (1, 19), "ask the components' own health endpoints"
    ),
    Retired("v1", ("Endpoints",), (1, 33), None, "discovery.k8s.io/v1", (1, 21), _ENDPOINTS),
)

_BY_KIND = {(each.api_version, kind): each for each in RETIRED for kind in each.kinds}


def find_retired(api_version: str, kind: str) -> Retired | None:
    """What is known of an API version and kind that was given up, or will be."""
    return _BY_KIND.get((api_version, kind))


def check_api_versions(subject: Subject) -> Iterator[Hit]:
    """Objects whose API version the cluster does not serve, or will not some day."""
    for rendered in subject.objects():
        retired = find_retired(rendered.id.api_version, rendered.id.kind)
        if retired is None or subject.kube_version < retired.deprecated:
            continue
        is_removed = retired.removed is not None and subject.kube_version >= retired.removed
        what = f"{retired.api_version} {rendered.id.kind}"
        message = f"Kubernetes {_text(subject.kube_version)} does not serve {what}: it was removed in "
        if retired.removed is None:
            message = f"{what} is deprecated since Kubernetes {_text(retired.deprecated)}"
        elif is_removed:
            message += _text(retired.removed)
        else:
            message = (
                f"{what} is deprecated since Kubernetes {_text(retired.deprecated)}, "
                f"and removed in {_text(retired.removed)}"
            )
        is_mendable = retired.replacement and not retired.changes and subject.kube_version >= retired.since
        yield Hit(
            rule=API_REMOVED if is_removed else API_DEPRECATED,
            message=message,
            rendered=rendered,
            path=("apiVersion",),
            hint=_hint(retired),
            mend=Mend(retired.api_version, retired.replacement) if is_mendable else None,
        )


def _hint(retired: Retired) -> str:
    if not retired.replacement:
        return retired.changes
    use = f"use {retired.replacement}, which there is since {_text(retired.since)}"
    return f"{use}; {retired.changes}" if retired.changes else f"{use} and has the same fields"


def _text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
