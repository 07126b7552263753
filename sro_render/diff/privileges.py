"""What an object lets its pods do to their nodes, in words, each with the field that says so.

Decides what counts as a privilege. Whether it is new is decided in `marks`.
Source: Pod Security Standards, https://kubernetes.io/docs/concepts/security/pod-security-standards/, and
OpenShift's SecurityContextConstraints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sro_render.diff.keyed_lists import set_item
from sro_render.diff.records import FieldPath, ListKey
from sro_render.kernels.affinity import pod_spec_path
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of

Privileges = Mapping[str, FieldPath]

_HOST_NAMESPACES = {"hostNetwork": "network", "hostPID": "process", "hostIPC": "IPC"}
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_SCC_LISTS = MappingProxyType(
    {
        "allowedCapabilities": "allows the capability",
        "defaultAddCapabilities": "gives the capability",
        "groups": "is for the group",
        "users": "is for the user",
    }
)
_ENFORCE = "pod-security.kubernetes.io/enforce"


def privileges_of(manifest: JsonObject) -> Privileges:
    """What is more than a plain pod may do."""
    kind = text_of(manifest.get("kind"))
    if kind == "SecurityContextConstraints":
        return dict(_of_constraints(manifest))
    if kind == "Namespace":
        return dict(_of_namespace(manifest))
    path = pod_spec_path(kind)
    if path is None:
        return {}
    pod = manifest
    for key in path:
        pod = mapping_of(pod.get(key))
    return dict(_of_pod(pod, path))


def _of_pod(pod: JsonObject, path: FieldPath) -> Iterator[tuple[str, FieldPath]]:
    for key, name in _HOST_NAMESPACES.items():
        if pod.get(key) is True:
            yield f"a pod in its node's {name} namespace", (*path, key)
    for volume in _items(pod, "volumes"):
        host = mapping_of(volume.get("hostPath"))
        if host:
            place = (*path, "volumes", _named(volume), "hostPath", "path")
            yield f"a pod mounts {text_of(host.get('path'))} of its node", place
    for field in _CONTAINERS:
        for container in _items(pod, field):
            yield from _of_container(container, (*path, field, _named(container), "securityContext"))


def _of_container(container: JsonObject, path: FieldPath) -> Iterator[tuple[str, FieldPath]]:
    context = mapping_of(container.get("securityContext"))
    name = text_of(container.get("name"))
    if context.get("privileged") is True:
        yield f"a privileged container, {name}", (*path, "privileged")
    if context.get("allowPrivilegeEscalation") is True:
        yield f"container {name} may get more privileges", (*path, "allowPrivilegeEscalation")
    added = mapping_of(context.get("capabilities")).get("add")
    for each in map(text_of, added if isinstance(added, list) else ()):
        place = (*path, "capabilities", "add", set_item(each))
        yield f"container {name} has the capability {each.removeprefix('CAP_')}", place


def _of_constraints(manifest: JsonObject) -> Iterator[tuple[str, FieldPath]]:
    for key in sorted(manifest):
        if key.startswith("allow") and manifest[key] is True:
            yield f"the constraint says {key}", (key,)
    for key, words in _SCC_LISTS.items():
        given = manifest.get(key)
        for each in map(text_of, given if isinstance(given, list) else ()):
            yield f"the constraint {words} {each}", (key, set_item(each))
    for key in ("runAsUser", "seLinuxContext", "fsGroup", "supplementalGroups"):
        if mapping_of(manifest.get(key)).get("type") == "RunAsAny":
            yield f"the constraint says RunAsAny for {key}", (key, "type")


def _of_namespace(manifest: JsonObject) -> Iterator[tuple[str, FieldPath]]:
    labels = mapping_of(mapping_of(manifest.get("metadata")).get("labels"))
    if labels.get(_ENFORCE) == "privileged":
        yield "pods of the namespace may be privileged", ("metadata", "labels", _ENFORCE)


def _named(item: JsonObject) -> ListKey:
    return ListKey((("name", text_of(item.get("name"))),))


def _items(value: JsonObject, key: str) -> Iterator[JsonObject]:
    given: JsonValue = value.get(key)
    return (mapping_of(each) for each in (given if isinstance(given, list) else ()))
