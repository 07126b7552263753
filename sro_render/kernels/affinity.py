"""What happens to an object after templating: namespace, ownership, kernel, selectors, proxy.

Source: special-resource-operator pkg/kernel/kernel.go, pkg/proxy/proxy.go and
internal/resourcehelper/helper.go. Differs: cluster-scoped kinds never get a namespace, StatefulSets
(and Jobs and CronJobs that are not hooks) get their selectors, and the proxy reaches every
container of every workload kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct, field

from sro_render.errors import RenderError
from sro_render.kernels.facts import KERNEL_LABEL
from sro_render.model.inventory import Proxy
from sro_render.model.objects import JsonObject, JsonValue, annotations_of, mapping_of, object_id, text_of

if TYPE_CHECKING:
    from sro_render.kernels.grouping import KernelGroup

PREFIX = "specialresource.openshift.io/"
OWNED_LABEL = f"{PREFIX}owned"
AFFINE_ANNOTATION = f"{PREFIX}kernel-affine"
PROXY_ANNOTATION = f"{PREFIX}proxy"
HOOK_ANNOTATION = "helm.sh/hook"

# Where a kind keeps its pod template, and its pod's spec.
_POD_TEMPLATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "DaemonSet": ("spec", "template"),
        "Deployment": ("spec", "template"),
        "StatefulSet": ("spec", "template"),
        "ReplicaSet": ("spec", "template"),
        "ReplicationController": ("spec", "template"),
        "DeploymentConfig": ("spec", "template"),
        "Job": ("spec", "template"),
        "CronJob": ("spec", "jobTemplate", "spec", "template"),
    }
)
_POD_SPECS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"Pod": ("spec",), **{kind: (*path, "spec") for kind, path in _POD_TEMPLATES.items()}}
)
# Where the nodeSelector stands of the kinds that SRO gives one.
_NODE_SELECTORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"BuildConfig": ("spec", "nodeSelector")}
    | {kind: (*path, "nodeSelector") for kind, path in _POD_SPECS.items()}
)
# Kinds that get a nodeSelector from SRO in any case, if only an empty one: in a BuildConfig that says
# that the cluster's default selector for builds does not count.
_ALWAYS_SELECTING = frozenset({"BuildConfig", "DaemonSet", "Deployment", "Pod", "StatefulSet"})
_RENAMED_WORKLOADS = frozenset({"DaemonSet", "Deployment", "StatefulSet"})

# Cluster-scoped kinds by API group; of a group that is not listed, a CustomResourceDefinition
# among the rendered objects decides, and without one an object is taken to be namespaced.
_CLUSTER_SCOPED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "": frozenset({"Namespace", "Node", "PersistentVolume", "ComponentStatus"}),
        "admissionregistration.k8s.io": frozenset(
            {
                "MutatingAdmissionPolicy",
                "MutatingAdmissionPolicyBinding",
                "MutatingWebhookConfiguration",
                "ValidatingAdmissionPolicy",
                "ValidatingAdmissionPolicyBinding",
                "ValidatingWebhookConfiguration",
            }
        ),
        "apiextensions.k8s.io": frozenset({"CustomResourceDefinition"}),
        "apiregistration.k8s.io": frozenset({"APIService"}),
        "certificates.k8s.io": frozenset({"CertificateSigningRequest", "ClusterTrustBundle"}),
        "cert-manager.io": frozenset({"ClusterIssuer"}),
        "config.openshift.io": frozenset(
            {
                "APIServer",
                "Authentication",
                "Build",
                "ClusterImagePolicy",
                "ClusterOperator",
                "ClusterVersion",
                "Console",
                "DNS",
                "FeatureGate",
                "Image",
                "ImageContentPolicy",
                "ImageDigestMirrorSet",
                "ImageTagMirrorSet",
                "Infrastructure",
                "Ingress",
                "Network",
                "Node",
                "OAuth",
                "OperatorHub",
                "Project",
                "Proxy",
                "Scheduler",
            }
        ),
        "console.openshift.io": frozenset(
            {
                "ConsoleCLIDownload",
                "ConsoleExternalLogLink",
                "ConsoleLink",
                "ConsoleNotification",
                "ConsolePlugin",
                "ConsoleQuickStart",
                "ConsoleYAMLSample",
            }
        ),
        "flowcontrol.apiserver.k8s.io": frozenset({"FlowSchema", "PriorityLevelConfiguration"}),
        "image.openshift.io": frozenset({"Image", "ImageSignature"}),
        "kmm.sigs.x-k8s.io": frozenset({"PreflightValidation", "PreflightValidationOCP"}),
        "machineconfiguration.openshift.io": frozenset(
            {
                "ContainerRuntimeConfig",
                "ControllerConfig",
                "KubeletConfig",
                "MachineConfig",
                "MachineConfigPool",
            }
        ),
        "networking.k8s.io": frozenset({"IngressClass", "IPAddress", "ServiceCIDR"}),
        "nfd.k8s-sigs.io": frozenset({"NodeFeatureRule"}),
        "nfd.openshift.io": frozenset({"NodeFeatureRule"}),
        "node.k8s.io": frozenset({"RuntimeClass"}),
        "nvidia.com": frozenset({"ClusterPolicy", "NVIDIADriver"}),
        "oauth.openshift.io": frozenset(
            {"OAuthAccessToken", "OAuthAuthorizeToken", "OAuthClient", "OAuthClientAuthorization"}
        ),
        "operator.openshift.io": frozenset(
            {
                "CSISnapshotController",
                "ClusterCSIDriver",
                "Console",
                "DNS",
                "Etcd",
                "ImageContentSourcePolicy",
                "KubeAPIServer",
                "KubeControllerManager",
                "KubeScheduler",
                "Network",
                "OpenShiftAPIServer",
                "ServiceCA",
                "Storage",
            }
        ),
        "policy": frozenset({"PodSecurityPolicy"}),
        "project.openshift.io": frozenset({"Project", "ProjectRequest"}),
        "rbac.authorization.k8s.io": frozenset({"ClusterRole", "ClusterRoleBinding"}),
        "resource.k8s.io": frozenset({"DeviceClass", "DeviceTaintRule", "ResourceSlice"}),
        "scheduling.k8s.io": frozenset({"PriorityClass"}),
        "security.openshift.io": frozenset({"RangeAllocation", "SecurityContextConstraints"}),
        "shipwright.io": frozenset({"ClusterBuildStrategy"}),
        "sro.openshift.io": frozenset({"SpecialResource"}),
        "storage.k8s.io": frozenset(
            {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"}
        ),
        "snapshot.storage.k8s.io": frozenset({"VolumeSnapshotClass", "VolumeSnapshotContent"}),
        "template.openshift.io": frozenset({"BrokerTemplateInstance"}),
        "user.openshift.io": frozenset({"Group", "Identity", "User", "UserIdentityMapping"}),
    }
)


class Placement(Struct, frozen=True, kw_only=True):
    """What an SR gives to each of its objects.

    cluster_kinds: (group, kind) of the custom resources that CRDs among the objects declare cluster-scoped.
    """

    namespace: str
    node_selector: Mapping[str, str]
    proxy: Proxy
    cluster_kinds: Collection[tuple[str, str]] = field(default=frozenset())


def is_affine(manifest: Mapping[str, JsonValue]) -> bool:
    """Whether the object exists once for each kernel."""
    return annotations_of(manifest).get(AFFINE_ANNOTATION) == "true"


def pod_spec_path(kind: str) -> tuple[str, ...] | None:
    """Where the kind keeps its pod's spec; None for kinds that have no pods."""
    return _POD_SPECS.get(kind)


def is_cluster_scoped(group: str, kind: str, declared: Collection[tuple[str, str]] = ()) -> bool:
    """Whether objects of this kind have no namespace."""
    return kind in _CLUSTER_SCOPED.get(group, ()) or (group, kind) in declared


def declared_cluster_kinds(manifests: Iterable[Mapping[str, JsonValue]]) -> frozenset[tuple[str, str]]:
    """(group, kind) of what the CustomResourceDefinitions among the manifests make cluster-scoped."""
    found = set()
    for manifest in manifests:
        if manifest.get("kind") != "CustomResourceDefinition":
            continue
        spec = mapping_of(manifest.get("spec"))
        if spec.get("scope") == "Cluster":
            found.add((text_of(spec.get("group")), text_of(mapping_of(spec.get("names")).get("kind"))))
    return frozenset(found)


def kernel_suffix(os_version: str, kernel: str) -> str:
    """FNV-1a 64 of `OSDECIMAL-KERNEL` in hex without leading zeros, `_` of the kernel as `-`.

    Source: kernel.go SetAffineAttributes and utils.FNV64a; the constants are those of
    http://www.isthe.com/chongo/tech/comp/fnv/.
    """
    digest = 0xCBF29CE484222325
    for byte in f"{os_version}-{kernel.replace('_', '-')}".encode():
        digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{digest:x}"


class Step(StrEnum):
    """What is done to an object after templating, in this order; the first two to every object."""

    NAMESPACE = "namespace"
    OWNED_LABEL = "owned-label"
    KERNEL_NAME = "kernel-name"
    APP_LABEL = "app-label"
    NODE_SELECTOR = "node-selector"
    KERNEL_SELECTOR = "kernel-selector"
    PROXY = "proxy"


def place(manifest: JsonObject, placement: Placement, group: KernelGroup | None) -> JsonObject:
    """The object as it is written, a new one; `group` is given for kernel-affine objects.

    Raises: RenderError: a field that must be a mapping is something else.
    """
    placed = manifest
    for _, placed in place_steps(manifest, placement, group):  # noqa: B007 - the last one counts
        pass
    return placed


def place_steps(
    manifest: JsonObject, placement: Placement, group: KernelGroup | None
) -> Iterator[tuple[Step, JsonObject]]:
    """The steps of `place` that this object takes, each with the object after it; the last is the result.

    Raises: RenderError: as `place`.
    """
    kind, annotations = text_of(manifest.get("kind")), annotations_of(manifest)
    labelled = _merged(manifest, ("metadata", "labels"), {OWNED_LABEL: "true"})
    yield Step.NAMESPACE, _with_namespace(manifest, placement)
    placed = _with_namespace(labelled, placement)
    if kind in _RENAMED_WORKLOADS:
        placed = _merged(placed, (*_POD_TEMPLATES[kind], "metadata", "labels"), {OWNED_LABEL: "true"})
    yield Step.OWNED_LABEL, placed
    if group is not None:
        name = f"{object_id(manifest).name}-{kernel_suffix(group.system.version, group.kernel)}"
        yield Step.KERNEL_NAME, (placed := _with_name(placed, kind, name))
        if kind in _RENAMED_WORKLOADS:
            yield Step.APP_LABEL, (placed := _with_app(placed, kind, name))
    selector_path = _NODE_SELECTORS.get(kind)
    if selector_path:
        is_hook = HOOK_ANNOTATION in annotations
        terms = {} if is_hook else dict(placement.node_selector)
        if terms or kind in _ALWAYS_SELECTING:
            yield Step.NODE_SELECTOR, (placed := _merged(placed, selector_path, terms))
        if not is_hook and group is not None and not (kind == "BuildConfig" and group.is_planned):
            placed = _merged(placed, selector_path, {KERNEL_LABEL: group.selector})
            yield Step.KERNEL_SELECTOR, placed
    if annotations.get(PROXY_ANNOTATION) == "true" and kind in _POD_SPECS:
        yield Step.PROXY, _with_proxy(placed, _POD_SPECS[kind], placement.proxy)


def check_shape(manifest: Mapping[str, JsonValue]) -> Iterator[tuple[tuple[str, ...], RenderError]]:
    """What `place` could not go through below `spec`: each key path, and the fault."""
    kind = text_of(manifest.get("kind"))
    paths = [path for path in (_NODE_SELECTORS.get(kind), _POD_SPECS.get(kind)) if path]
    if kind == "BuildRun":
        paths.append(("spec", "buildRef"))
    if kind in _RENAMED_WORKLOADS:
        paths += [("spec", "selector", "matchLabels"), (*_POD_TEMPLATES[kind], "metadata", "labels")]
    # Paths begin alike: each place is looked at once.
    for path in dict.fromkeys(each[:depth] for each in paths for depth in range(1, len(each) + 1)):
        parent: JsonValue = dict(manifest)
        for key in path[:-1]:
            parent = mapping_of(parent).get(key)
        value = mapping_of(parent).get(path[-1])
        if value is not None and not isinstance(value, dict):
            yield path, _wrong_shape(manifest, value, path)


def _with_namespace(manifest: JsonObject, placement: Placement) -> JsonObject:
    """The SR's namespace where the object names none; none where its kind has none."""
    metadata = dict(_mapping(manifest, manifest, ("metadata",)))
    if is_cluster_scoped(object_id(manifest).group, text_of(manifest.get("kind")), placement.cluster_kinds):
        metadata.pop("namespace", None)
    elif not metadata.get("namespace"):
        metadata["namespace"] = placement.namespace
    return {**manifest, "metadata": metadata}


def _with_name(manifest: JsonObject, kind: str, name: str) -> JsonObject:
    """The kernel's own name for the object."""
    renamed = _merged(manifest, ("metadata",), {"name": name})
    return _merged(renamed, ("spec", "buildRef"), {"name": name}) if kind == "BuildRun" else renamed


def _with_app(manifest: JsonObject, kind: str, name: str) -> JsonObject:
    """The same name as the label by which a workload finds its pods."""
    for path in (
        ("metadata", "labels"),
        ("spec", "selector", "matchLabels"),
        (*_POD_TEMPLATES[kind], "metadata", "labels"),
    ):
        manifest = _merged(manifest, path, {"app": name})
    return manifest


def _with_proxy(manifest: JsonObject, path: tuple[str, ...], proxy: Proxy) -> JsonObject:
    """The proxy's variables appended to each container that does not set them itself."""
    variables = {
        name: value
        for name, value in (
            ("HTTP_PROXY", proxy.http_proxy),
            ("HTTPS_PROXY", proxy.https_proxy),
            ("NO_PROXY", proxy.no_proxy),
        )
        if value
    }
    pod = manifest
    for key in path:
        pod = mapping_of(pod.get(key))
    changed: JsonObject = {}
    for field_name in ("containers", "initContainers"):
        containers = pod.get(field_name)
        if variables and isinstance(containers, list):
            changed[field_name] = [_container_with(each, variables) for each in containers]
    return _merged(manifest, path, changed) if changed else manifest


def _container_with(container: JsonValue, variables: Mapping[str, str]) -> JsonValue:
    if not isinstance(container, dict):
        return container
    given = container.get("env")
    present: list[JsonValue] = given if isinstance(given, list) else []
    names = {text_of(mapping_of(each).get("name")) for each in present}
    added: list[JsonValue] = [
        {"name": name, "value": value} for name, value in variables.items() if name not in names
    ]
    return {**container, "env": [*present, *added]}


def _merged(manifest: JsonObject, path: tuple[str, ...], entries: Mapping[str, JsonValue]) -> JsonObject:
    """A copy of the object with entries merged into the mapping at `path`, which is made where absent."""
    copy = dict(manifest)
    inner = copy
    for depth, key in enumerate(path, start=1):
        inner[key] = inner_copy = dict(_mapping(manifest, inner, path[:depth]))
        inner = inner_copy
    inner.update(entries)
    return copy


def _mapping(
    manifest: Mapping[str, JsonValue],
    parent: Mapping[str, JsonValue],
    path: tuple[str, ...],
) -> JsonObject:
    """The mapping below the last key of a path; absent or null is an empty one.

    Raises: RenderError: it is a list or a scalar.
    """
    value = parent.get(path[-1])
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise _wrong_shape(manifest, value, path)


def _wrong_shape(manifest: Mapping[str, JsonValue], value: JsonValue, path: tuple[str, ...]) -> RenderError:
    found = "a list" if isinstance(value, list) else f"the scalar {value!r}"
    return RenderError(
        "object-shape",
        f"{path[-1]} is {found}, and must be a mapping",
        path=".".join(path),
        subject=str(object_id(manifest)),
        hint=f"write keys below {path[-1]}:, or leave it out",
    )
