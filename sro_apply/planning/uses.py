"""What a driver needs to start once more, as after its node has booted: what it uses stays as long as itself.

Decides by what its pods name: accounts with their Secrets and what gives them rights, ConfigMaps, Secrets,
claims, classes, and the image streams that its images are pulled from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from sro_apply.planning.reading import items_of, mappings_of, spec_of
from sro_apply.planning.sets import Key, Member, key_of
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of

_RBAC = "rbac.authorization.k8s.io"
_SECRET = ("", "Secret")
_BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})
_ADMITTING: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "securitycontextconstraints": ("security.openshift.io", "SecurityContextConstraints"),
        "podsecuritypolicies": ("policy", "PodSecurityPolicy"),
    }
)
"""What says which pods are let in: each resource with its group and kind."""


def used_by(drivers: Iterable[Member], others: Sequence[Member]) -> Mapping[Key, str]:
    """Of other members those that the drivers use, each with the first driver that does."""
    found: dict[Key, str] = {}
    for driver in drivers:
        for key in _uses(driver, others):
            found.setdefault(key, str(driver.id))
    return found


def _uses(driver: Member, others: Sequence[Member]) -> Iterator[Key]:
    namespace = driver.id.namespace
    pod = spec_of(mapping_of(spec_of(driver.live).get("template")))
    account = text_of(pod.get("serviceAccountName")) or "default"
    yield "", "ServiceAccount", namespace, account
    yield from _named(pod, namespace)
    images = [text_of(each.get("image")) for each in _containers(pod)]
    for other in others:
        if key_of(other.id) == ("", "ServiceAccount", namespace, account):
            # What they are pulled with may stand in the account alone.
            yield from ((*_SECRET, namespace, text_of(each.get("name"))) for each in _secrets(other.live))
        if _gives_rights(other, namespace, account):
            yield key_of(other.id)
            role = _role_of(other)
            yield role
            yield from (key for each in others if key_of(each.id) == role for key in _admissions(each.live))
        elif _has_image(other, images):
            yield key_of(other.id)


def _named(pod: JsonObject, namespace: str) -> Iterator[Key]:
    """What its volumes, environment and pull secrets name."""
    for kind, name in (*_of_volumes(pod), *_of_environment(pod)):
        yield "", kind, namespace, text_of(name)
    for each in mappings_of(pod.get("imagePullSecrets")):
        yield *_SECRET, namespace, text_of(each.get("name"))
    # Without these no pod is let in, or none starts.
    yield "scheduling.k8s.io", "PriorityClass", "", text_of(pod.get("priorityClassName"))
    yield "node.k8s.io", "RuntimeClass", "", text_of(pod.get("runtimeClassName"))


def _of_volumes(pod: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    for volume in mappings_of(pod.get("volumes")):
        for each in (volume, *mappings_of(mapping_of(volume.get("projected")).get("sources"))):
            yield "ConfigMap", mapping_of(each.get("configMap")).get("name")
            secret = mapping_of(each.get("secret"))
            yield "Secret", secret.get("secretName") or secret.get("name")
        yield "PersistentVolumeClaim", mapping_of(volume.get("persistentVolumeClaim")).get("claimName")


def _of_environment(pod: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    for container in _containers(pod):
        for each in mappings_of(container.get("envFrom")):
            yield "ConfigMap", mapping_of(each.get("configMapRef")).get("name")
            yield "Secret", mapping_of(each.get("secretRef")).get("name")
        for variable in mappings_of(container.get("env")):
            source = mapping_of(variable.get("valueFrom"))
            yield "ConfigMap", mapping_of(source.get("configMapKeyRef")).get("name")
            yield "Secret", mapping_of(source.get("secretKeyRef")).get("name")


def _containers(pod: JsonObject) -> list[JsonObject]:
    return [*mappings_of(pod.get("initContainers")), *mappings_of(pod.get("containers"))]


def _secrets(account: JsonObject) -> list[JsonObject]:
    return [*mappings_of(account.get("imagePullSecrets")), *mappings_of(account.get("secrets"))]


def _gives_rights(other: Member, namespace: str, account: str) -> bool:
    """Whether it is a binding of the account, or lets its pods be what they are (OpenShift's SCC)."""
    name = f"system:serviceaccount:{namespace}:{account}"
    groups = {f"system:serviceaccounts:{namespace}", "system:serviceaccounts", "system:authenticated"}
    if other.id.kind == "SecurityContextConstraints":
        allowed = {*map(text_of, items_of(other.live.get("users")))}
        return name in allowed or not groups.isdisjoint(map(text_of, items_of(other.live.get("groups"))))
    return other.id.kind in _BINDINGS and any(
        _is_account(each, other, namespace, account)
        or (each.get("kind"), each.get("name")) == ("User", name)
        or (each.get("kind") == "Group" and each.get("name") in groups)
        for each in mappings_of(other.live.get("subjects"))
    )


def _role_of(binding: Member) -> Key:
    """A Role is in the namespace of its binding, which need not be the driver's."""
    role = mapping_of(binding.live.get("roleRef"))
    place = "" if role.get("kind") == "ClusterRole" else binding.id.namespace
    return _RBAC, text_of(role.get("kind")), place, text_of(role.get("name"))


def _admissions(role: JsonObject) -> Iterator[Key]:
    """What a role lets pods be admitted by: whoever may `use` one of these by name."""
    for rule in mappings_of(role.get("rules")):
        for resource, (group, kind) in _ADMITTING.items():
            if resource in items_of(rule.get("resources")):
                yield from ((group, kind, "", text_of(name)) for name in items_of(rule.get("resourceNames")))


def _is_account(subject: JsonObject, binding: Member, namespace: str, account: str) -> bool:
    """Without a namespace it is of that of its binding.

    Source: kubernetes pkg/registry/rbac/validation `appliesToUser`.
    """
    place = text_of(subject.get("namespace")) or binding.id.namespace
    return (subject.get("kind"), subject.get("name"), place) == ("ServiceAccount", account, namespace)


def _has_image(other: Member, images: Sequence[str]) -> bool:
    if other.id.kind != "ImageStream":
        return False
    path = f"/{other.id.namespace}/{other.id.name}"
    return any(image.endswith(path) or f"{path}:" in image or f"{path}@" in image for image in images)
