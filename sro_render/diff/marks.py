"""What a reviewer must not overlook: what an API server refuses, what widens rights, what takes things away.

Decides from kinds, paths and masked values alone. Codes are stable and documented in the README.
Source: the validation of updates in Kubernetes' pkg/apis/*/validation, and Pod Security Standards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from sro_render.diff.privileges import Privileges, privileges_of
from sro_render.diff.records import ChangeKind, FieldChange, FieldPath, ListKey, Mark, ObjectRef
from sro_render.diff.touch import is_driver
from sro_render.model.objects import JsonObject, JsonValue, mapping_of

IMMUTABLE = "immutable-field"
WIDENS = "widens-rbac"
PRIVILEGE = "new-privilege"
UNLOADS = "unloads-module"
DELETES = "deletes-data"

_Names = tuple[str, ...]


def _paths(*paths: str) -> Sequence[_Names]:
    return tuple(tuple(path.split(".")) for path in paths)


# By kind: fields that can be set once. A field's parts are fixed with it.
_FIXED: Mapping[str, Sequence[_Names]] = MappingProxyType(
    {
        "CSIDriver": _paths("spec.attachRequired", "spec.volumeLifecycleModes"),
        "ClusterRoleBinding": _paths("roleRef"),
        "CustomResourceDefinition": _paths(
            "spec.group", "spec.scope", "spec.names.kind", "spec.names.plural"
        ),
        "DaemonSet": _paths("spec.selector"),
        "Deployment": _paths("spec.selector"),
        "IngressClass": _paths("spec.controller"),
        "Job": _paths("spec.template", "spec.selector", "spec.completionMode", "spec.manualSelector"),
        "PersistentVolume": _paths(
            "spec.csi", "spec.hostPath", "spec.local", "spec.nfs", "spec.nodeAffinity", "spec.volumeMode"
        ),
        "PersistentVolumeClaim": _paths(
            "spec.accessModes", "spec.dataSource", "spec.dataSourceRef", "spec.selector",
            "spec.storageClassName", "spec.volumeMode",
        ),
        "PriorityClass": _paths("value", "preemptionPolicy"),
        "ReplicaSet": _paths("spec.selector"),
        "RoleBinding": _paths("roleRef"),
        "RuntimeClass": _paths("handler"),
        "Secret": _paths("type"),
        "StatefulSet": _paths(
            "spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"
        ),
        "StorageClass": _paths("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    }
)  # fmt: skip
# Fixed once a server has set them: left out, they stay as they are.
_FIXED_ONCE_SET: Mapping[str, Sequence[_Names]] = MappingProxyType(
    {"Service": _paths("spec.clusterIP", "spec.clusterIPs")}
)
# Of a pod only images, tolerations that are added, and two time limits may change.
_POD_MAY_CHANGE = frozenset({"image", "activeDeadlineSeconds", "terminationGracePeriodSeconds"})
_SEALED_BY_IMMUTABLE = ("data", "binaryData", "stringData", "immutable")
_RBAC_ROLES = frozenset({"Role", "ClusterRole"})
_RBAC_BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})
# Labels by which Kubernetes' own roles take in others' rules.
_AGGREGATED = tuple(f"rbac.authorization.k8s.io/aggregate-to-{name}" for name in ("admin", "edit", "view"))
# The lists whose items, left out, narrow a rule: with fewer names it is about more.
_NARROWING = frozenset({"resourceNames"})


def mark_fields(
    ref: ObjectRef, before: JsonObject, after: JsonObject, fields: Sequence[FieldChange], kind: ChangeKind
) -> tuple[FieldChange, ...]:
    """The fields with their marks. A rollover makes a new object: there nothing is fixed."""
    has_rights = ref.id.kind in _RBAC_ROLES | _RBAC_BINDINGS
    new = _new_privileges(before, after)
    marked = []
    for each in fields:
        marks: list[Mark] = []
        if kind is ChangeKind.CHANGED:
            marks += _fixed(ref.id.kind, before, each)
        if has_rights:
            marks += _widened(ref.id.kind, each)
        if each.after is not UNSET:
            marks += [_privilege(what) for what, path in new.items() if _is_below(path, each.path)]
        marked.append(replace(each, marks=tuple(marks)) if marks else each)
    return tuple(marked)


def mark_object(
    ref: ObjectRef, manifest: JsonObject, kind: ChangeKind, nodes: Sequence[str] | None
) -> tuple[Mark, ...]:
    """The marks of what is added or removed as a whole.

    Args: nodes: those that still run its kernel, or that are not known any more; None: which is not known.
    """
    if kind is ChangeKind.ADDED:
        return tuple(_added(ref, manifest))
    return tuple(_removed(ref, nodes))


def _added(ref: ObjectRef, manifest: JsonObject) -> Iterator[Mark]:
    if ref.id.kind in _RBAC_ROLES:
        yield Mark(WIDENS, "a role is new")
    elif ref.id.kind in _RBAC_BINDINGS:
        role = mapping_of(manifest.get("roleRef"))
        yield Mark(WIDENS, f"subjects get the rights of {role.get('kind')} {role.get('name')}")
    for what in privileges_of(manifest):
        yield _privilege(what)


def _removed(ref: ObjectRef, nodes: Sequence[str] | None) -> Iterator[Mark]:
    if is_driver(ref):
        # A node that has left the kernel has left its module too.
        if nodes is not None and not nodes:
            return
        where = f" on {len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}" if nodes else ""
        yield Mark(UNLOADS, f"deleting it unloads the kernel module{where}")
    elif ref.id.kind == "CustomResourceDefinition":
        yield Mark(DELETES, "deleting it deletes all objects of its kind")
    elif ref.id.kind == "Namespace":
        yield Mark(DELETES, "deleting it deletes everything in it")
    elif ref.id.kind == "PersistentVolumeClaim":
        yield Mark(DELETES, "deleting it may delete the volume and what is on it")


def _fixed(kind: str, before: JsonObject, change: FieldChange) -> Iterator[Mark]:
    names = change.path
    message = "an API server refuses the change: the object must be deleted and made anew"
    is_fixed_pod = (
        kind == "Pod"
        and names[:1] == ("spec",)
        and names[-1] not in _POD_MAY_CHANGE
        and not (names[1:2] == ("tolerations",) and change.before is UNSET)
    )
    if is_fixed_pod or any(_is_below(names, path) for path in _FIXED.get(kind, ())):
        yield Mark(IMMUTABLE, message)
    elif (
        kind in {"ConfigMap", "Secret"}
        and before.get("immutable") is True
        and names[0] in _SEALED_BY_IMMUTABLE
    ):
        yield Mark(IMMUTABLE, "it is marked as immutable: it must be deleted and made anew")
    elif UnsetType not in {type(change.before), type(change.after)} and any(
        _is_below(names, path) for path in _FIXED_ONCE_SET.get(kind, ())
    ):
        yield Mark(IMMUTABLE, message)


def _widened(kind: str, change: FieldChange) -> Iterator[Mark]:
    """More rules, verbs, resources or subjects; fewer names that a rule is for; another role."""
    top = change.path[0]
    if kind in _RBAC_BINDINGS:
        if top == "subjects" and change.after is not UNSET:
            yield Mark(WIDENS, "others get the role's rights")
        elif top == "roleRef":
            yield Mark(WIDENS, "the subjects get another role's rights")
    elif top == "metadata":
        if change.path[-1] in _AGGREGATED and change.after is not UNSET:
            yield Mark(WIDENS, "other roles get its rules")
    elif top == "aggregationRule":
        yield Mark(WIDENS, "other roles' rules become part of it")
    elif top == "rules":
        is_gone = change.after is UNSET
        narrows = any(part in _NARROWING for part in change.path if isinstance(part, str))
        if is_gone == narrows or (not is_gone and change.before is not UNSET):
            yield Mark(WIDENS, _rights(change))


def _rights(change: FieldChange) -> str:
    text = "the role may do more"
    return f"{text}: * stands for everything" if _holds_star(change.after) else text


def _holds_star(value: JsonValue | UnsetType) -> bool:
    match value:
        case str():
            return value == "*"
        case list():
            return any(map(_holds_star, value))
        case dict():
            return any(map(_holds_star, value.values()))
    return False


def _new_privileges(before: JsonObject, after: JsonObject) -> Privileges:
    known = privileges_of(before)
    return {what: path for what, path in privileges_of(after).items() if what not in known}


def _privilege(what: str) -> Mark:
    return Mark(PRIVILEGE, what)


def _is_below(path: FieldPath, top: FieldPath) -> bool:
    """Whether a path is another one, or goes on from it; an item that went by its place counts as any."""
    if len(path) < len(top):
        return False
    return all(
        one == other or (isinstance(one, ListKey) and isinstance(other, int))
        for one, other in zip(path, top, strict=False)
    )
