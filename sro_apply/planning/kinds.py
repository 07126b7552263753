"""What a kind is called in paths and rights: `daemonsets` for `DaemonSet`, known without asking a server.

Decides it from a table of Kubernetes' and OpenShift's own kinds and of those that bundles often hold; from
the CustomResourceDefinitions of the bundle, which say it themselves; and from what the user says of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct, field

from sro_apply.errors import RightsError
from sro_apply.planning.applyset import group_kind
from sro_render.errors import nearest
from sro_render.kernels.affinity import declared_cluster_kinds, is_cluster_scoped
from sro_render.model.objects import JsonValue, ObjectId, mapping_of, text_of

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "": """ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod
            PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount""",
        "admissionregistration.k8s.io": """MutatingAdmissionPolicy MutatingAdmissionPolicyBinding
            MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding
            ValidatingWebhookConfiguration""",
        "apiextensions.k8s.io": "CustomResourceDefinition",
        "apiregistration.k8s.io": "APIService",
        "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
        "apps.openshift.io": "DeploymentConfig",
        "argoproj.io": "AppProject Application ApplicationSet Rollout Workflow WorkflowTemplate",
        "autoscaling": "HorizontalPodAutoscaler",
        "batch": "CronJob Job",
        "build.openshift.io": "Build BuildConfig",
        "cert-manager.io": "Certificate CertificateRequest ClusterIssuer Issuer",
        "certificates.k8s.io": "CertificateSigningRequest",
        "config.openshift.io": "ClusterOperator ClusterVersion Image Infrastructure Network OAuth Proxy",
        "console.openshift.io": "ConsoleLink ConsoleNotification ConsolePlugin ConsoleQuickStart",
        "coordination.k8s.io": "Lease",
        "discovery.k8s.io": "EndpointSlice",
        "events.k8s.io": "Event",
        "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
        "gateway.networking.k8s.io": "Gateway GatewayClass HTTPRoute ReferenceGrant",
        "image.openshift.io": "Image ImageStream ImageStreamTag",
        "k8s.cni.cncf.io": "NetworkAttachmentDefinition",
        "kmm.sigs.x-k8s.io": "Module PreflightValidation PreflightValidationOCP",
        "machineconfiguration.openshift.io": "KubeletConfig MachineConfig MachineConfigPool",
        "monitoring.coreos.com": """Alertmanager AlertmanagerConfig PodMonitor Probe Prometheus PrometheusRule
            ServiceMonitor""",
        "networking.k8s.io": "Ingress IngressClass NetworkPolicy",
        "nfd.k8s-sigs.io": "NodeFeature NodeFeatureGroup NodeFeatureRule",
        "nfd.openshift.io": "NodeFeatureDiscovery NodeFeatureRule",
        "node.k8s.io": "RuntimeClass",
        "nvidia.com": "ClusterPolicy NVIDIADriver",
        "operators.coreos.com": "CatalogSource ClusterServiceVersion OperatorGroup Subscription",
        "policy": "PodDisruptionBudget PodSecurityPolicy",
        "project.openshift.io": "Project ProjectRequest",
        "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding Role RoleBinding",
        "resource.k8s.io": "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice",
        "route.openshift.io": "Route",
        "scheduling.k8s.io": "PriorityClass",
        "security.openshift.io": "SecurityContextConstraints",
        "shipwright.io": "Build BuildRun BuildStrategy ClusterBuildStrategy",
        "snapshot.storage.k8s.io": "VolumeSnapshot VolumeSnapshotClass VolumeSnapshotContent",
        "sriovnetwork.openshift.io": """SriovIBNetwork SriovNetwork SriovNetworkNodePolicy
            SriovNetworkNodeState SriovOperatorConfig""",
        "sro.openshift.io": "SpecialResource",
        "storage.k8s.io": """CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment
            VolumeAttributesClass""",
        "tekton.dev": "Pipeline PipelineRun Task TaskRun",
        "template.openshift.io": "Template TemplateInstance",
        "topology.node.k8s.io": "NodeResourceTopology",
        "tuned.openshift.io": "Profile Tuned",
    }
)
"""By group."""
_IRREGULAR: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("", "Endpoints"): "endpoints",
        ("gateway.networking.k8s.io", "Gateway"): "gateways",
        ("k8s.cni.cncf.io", "NetworkAttachmentDefinition"): "network-attachment-definitions",
        ("kmm.sigs.x-k8s.io", "PreflightValidationOCP"): "preflightvalidationsocp",
        ("security.openshift.io", "SecurityContextConstraints"): "securitycontextconstraints",
    }
)


class KindNames(Struct, frozen=True, kw_only=True):
    """What is known of kinds. Both by (group, kind).

    plurals: of those that are in no table; cluster_kinds: those of the bundle's own CRDs without namespaces.
    """

    plurals: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    cluster_kinds: frozenset[tuple[str, str]] = frozenset()

    def plural(self, identity: ObjectId) -> str:
        """The plural of an object's kind.

        Raises: RightsError: nobody says it.
        """
        group, kind = identity.group, identity.kind
        found = self.plurals.get((group, kind)) or plural_of(group, kind)
        if found:
            return found
        name = group_kind(identity)
        meant = nearest(kind, _KINDS.get(group, "").split())
        raise RightsError(
            "kind-unknown",
            f"what rights for {name} are called is not known: {identity} is of it, and no CRD of the bundle "
            "says its plural",
            hint=f"{f'did you mean {meant}? Else say ' if meant else 'say '}the plural, which kubectl "
            f"api-resources shows: --resource {name}=PLURAL",
        )

    def is_cluster_scoped(self, identity: ObjectId) -> bool:
        """Whether objects of this kind lie in no namespace."""
        return is_cluster_scoped(identity.group, identity.kind, self.cluster_kinds)


def kind_names(manifests: Iterable[Mapping[str, JsonValue]], given: Mapping[str, str]) -> KindNames:
    """What the bundle and the user say of kinds.

    Args: given: `KIND.GROUP` (`KIND` of the core group) to the plural.
    """
    crds = [each for each in manifests if each.get("kind") == "CustomResourceDefinition"]
    plurals = dict(map(_declared, crds))
    for name, plural in given.items():
        kind, _, group = name.partition(".")
        plurals[group, kind] = plural
    return KindNames(plurals=MappingProxyType(plurals), cluster_kinds=declared_cluster_kinds(crds))


def plural_of(group: str, kind: str) -> str:
    """The plural of a kind of the table; empty for any other."""
    if kind not in _KINDS.get(group, "").split():
        return ""
    return _IRREGULAR.get((group, kind)) or _regular(kind.lower())


def _regular(singular: str) -> str:
    """Source: k8s.io/apimachinery pkg/api/meta `UnsafeGuessKindToResource`."""
    if singular.endswith(("s", "x", "ch")):
        return f"{singular}es"
    return f"{singular[:-1]}ies" if singular.endswith("y") else f"{singular}s"


def _declared(crd: Mapping[str, JsonValue]) -> tuple[tuple[str, str], str]:
    """Group, kind and plural of what a CRD declares."""
    spec = mapping_of(crd.get("spec"))
    names = mapping_of(spec.get("names"))
    return (text_of(spec.get("group")), text_of(names.get("kind"))), text_of(names.get("plural"))
