"""References between objects that break because one of them is kernel-affine, and gets another name.

Decides which fields name other objects, and which of them name a kernel-affine one by the name that its
template gave it: an object of that name will not exist. SRO renames neither side.
Source: the API references of Kubernetes, OpenShift and Shipwright for the fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from sro_render.kernels.affinity import is_cluster_scoped, pod_spec_path
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, object_id, text_of

Path = tuple[str, ...]
"""Keys from the top of an object; `*` stands for every item of a list."""


class Reference(Struct, frozen=True):
    """A field that names another object. namespace: empty for that of the object itself."""

    kind: str
    name: str
    path: str
    namespace: str = ""


def _path(text: str) -> Path:
    return tuple(text.split("."))


# Below a pod's spec: where a name stands, and the kind that it is a name of.
_POD_FIELDS: Sequence[tuple[Path, str]] = tuple(
    (_path(path), kind)
    for path, kind in (
        ("serviceAccountName", "ServiceAccount"),
        ("serviceAccount", "ServiceAccount"),
        ("priorityClassName", "PriorityClass"),
        ("runtimeClassName", "RuntimeClass"),
        ("imagePullSecrets.*.name", "Secret"),
        ("volumes.*.configMap.name", "ConfigMap"),
        ("volumes.*.secret.secretName", "Secret"),
        ("volumes.*.persistentVolumeClaim.claimName", "PersistentVolumeClaim"),
        ("volumes.*.projected.sources.*.configMap.name", "ConfigMap"),
        ("volumes.*.projected.sources.*.secret.name", "Secret"),
        *(
            (f"{containers}.*.{field}", kind)
            for containers in ("containers", "initContainers")
            for field, kind in (
                ("envFrom.*.configMapRef.name", "ConfigMap"),
                ("envFrom.*.secretRef.name", "Secret"),
                ("env.*.valueFrom.configMapKeyRef.name", "ConfigMap"),
                ("env.*.valueFrom.secretKeyRef.name", "Secret"),
            )
        ),
    )
)

_WEBHOOKS = (("webhooks.*.clientConfig.service.name", "Service"),)
# By kind, from the top of the object.
_FIELDS: Mapping[str, Sequence[tuple[Path, str]]] = MappingProxyType(
    {
        kind: tuple((_path(path), target) for path, target in fields)
        for kind, fields in {
            "BuildConfig": (
                ("spec.output.pushSecret.name", "Secret"),
                ("spec.serviceAccount", "ServiceAccount"),
                ("spec.source.sourceSecret.name", "Secret"),
                ("spec.source.configMaps.*.configMap.name", "ConfigMap"),
                ("spec.source.secrets.*.secret.name", "Secret"),
                ("spec.strategy.dockerStrategy.pullSecret.name", "Secret"),
                ("spec.strategy.dockerStrategy.volumes.*.source.configMap.name", "ConfigMap"),
                ("spec.strategy.dockerStrategy.volumes.*.source.secret.secretName", "Secret"),
            ),
            "StatefulSet": (("spec.serviceName", "Service"),),
            "ServiceAccount": (("secrets.*.name", "Secret"), ("imagePullSecrets.*.name", "Secret")),
            "Ingress": (
                ("spec.defaultBackend.service.name", "Service"),
                ("spec.rules.*.http.paths.*.backend.service.name", "Service"),
                ("spec.tls.*.secretName", "Secret"),
            ),
            "Build": (("spec.output.pushSecret", "Secret"), ("spec.source.git.cloneSecret", "Secret")),
            "BuildRun": (("spec.serviceAccount", "ServiceAccount"), ("spec.build.name", "Build")),
            "APIService": (("spec.service.name", "Service"),),
            "MutatingWebhookConfiguration": _WEBHOOKS,
            "ValidatingWebhookConfiguration": _WEBHOOKS,
        }.items()
    }
)

# By kind: mappings that say kind and name themselves.
_TYPED_FIELDS: Mapping[str, Sequence[Path]] = MappingProxyType(
    {
        kind: tuple(map(_path, fields))
        for kind, fields in {
            "RoleBinding": ("roleRef", "subjects.*"),
            "ClusterRoleBinding": ("roleRef", "subjects.*"),
            "HorizontalPodAutoscaler": ("spec.scaleTargetRef",),
            "Route": ("spec.to", "spec.alternateBackends.*"),
            "BuildConfig": (
                "spec.output.to",
                "spec.source.images.*.from",
                "spec.strategy.dockerStrategy.from",
                "spec.strategy.sourceStrategy.from",
                "spec.strategy.customStrategy.from",
                "spec.triggers.*.imageChange.from",
            ),
            "DeploymentConfig": ("spec.triggers.*.imageChangeParams.from",),
        }.items()
    }
)
_OWNERS = _path("metadata.ownerReferences.*")

# By kind: selectors of pods by labels. SRO sets `app` of a kernel-affine workload's pods to its new name.
_APP_LABELS: Mapping[str, Path] = MappingProxyType(
    {
        "Service": _path("spec.selector.app"),
        "NetworkPolicy": _path("spec.podSelector.matchLabels.app"),
        "PodDisruptionBudget": _path("spec.selector.matchLabels.app"),
        "PodMonitor": _path("spec.selector.matchLabels.app"),
    }
)


def references_of(manifest: JsonObject) -> Iterator[Reference]:
    """Every field of an object that names another one."""
    kind = text_of(manifest.get("kind"))
    pod_path = pod_spec_path(kind)
    if pod_path is not None:
        for path, target in _POD_FIELDS:
            yield from _named(manifest, (*pod_path, *path), target)
    for path, target in _FIELDS.get(kind, ()):
        yield from _named(manifest, path, target)
    for path in (_OWNERS, *_TYPED_FIELDS.get(kind, ())):
        for place, value in _values(manifest, path):
            reference = mapping_of(value)
            target, name = text_of(reference.get("kind")), text_of(reference.get("name"))
            if target in {"ImageStreamTag", "ImageStreamImage"}:
                target, name = "ImageStream", name.partition(":" if target.endswith("Tag") else "@")[0]
            if name:
                yield Reference(target, name, f"{place}.name", text_of(reference.get("namespace")))


def selected_apps(manifest: JsonObject) -> Iterator[Reference]:
    """The value of the label `app` that an object selects pods by, as if it named their workload."""
    path = _APP_LABELS.get(text_of(manifest.get("kind")))
    for place, value in _values(manifest, path) if path else ():
        if isinstance(value, str):
            yield Reference("", value, place)


def is_reference_to(reference: Reference, user: JsonObject, target: JsonObject, name: str) -> bool:
    """Whether it names the target, whose name was `name`, with the namespaces that both have."""
    identity = object_id(target)
    if (reference.kind, reference.name) != (identity.kind, name):
        return False
    if is_cluster_scoped(identity.group, identity.kind):
        return True
    return (reference.namespace or object_id(user).namespace or identity.namespace) == identity.namespace


def _named(manifest: JsonObject, path: Path, kind: str) -> Iterator[Reference]:
    for place, value in _values(manifest, path):
        if isinstance(value, str) and value:
            yield Reference(kind, value, place)


def _values(manifest: JsonObject, path: Iterable[str]) -> Iterator[tuple[str, JsonValue]]:
    """What stands at a path, for each item of the lists on the way, with the place in words."""
    found: list[tuple[str, JsonValue]] = [("", manifest)]
    for key in path:
        if key == "*":
            found = [
                (f"{place}[{index}]", item)
                for place, value in found
                if isinstance(value, list)
                for index, item in enumerate(value)
            ]
        else:
            found = [
                (f"{place}.{key}" if place else key, value[key])
                for place, value in found
                if isinstance(value, dict) and key in value
            ]
        if not found:
            return
    yield from found
