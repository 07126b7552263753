"""Which rights the applier needs for a bundle, and no other: one by one, and folded into roles.

Decides what each object of the bundle takes. Objects of a namespace are a matter of that namespace's Role;
what has no namespace is named where its name stays the same from kernel to kernel. Who applies a Role, or
binds one, must have its rights or be let: `escalate` and `bind` are given for the bundle's roles, by name.
Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/; which request asks for which verb:
kubernetes pkg/apiserver endpoints/handlers (an apply that creates asks for `patch` and for `create`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

from sro_apply.planning.applyset import parent_id
from sro_apply.planning.kinds import KindNames
from sro_apply.planning.lease import lease_id
from sro_apply.planning.order import SHARED
from sro_apply.planning.parts import BundleObject, BundleResource, RenderedBundle
from sro_apply.planning.readiness import waits_for_builds, waits_for_pods
from sro_apply.planning.special_resource_crd import GROUP
from sro_apply.planning.waits import WAIT_FOR_LOGS
from sro_render.model.objects import (
    JsonObject,
    JsonValue,
    ObjectId,
    annotations_of,
    mapping_of,
    object_id,
    text_of,
)

RBAC: Final = "rbac.authorization.k8s.io"
ANY: Final = "*"
"""Of groups and of resources, where everything is meant."""
EVENTS: Final = "default"
"""The namespace for Events of what lies in none."""
OPERATOR: Final = "special-resource-controller-manager"
"""The Deployment of the Special Resource Operator, in whatever namespace."""
NEVER_DELETED: Final = frozenset(
    {("apiextensions.k8s.io", "CustomResourceDefinition"), ("", "PersistentVolumeClaim")}
)
"""Kinds that pruning leaves alone, whatever the bundle says."""


class Purpose(StrEnum):
    """What the rights are for."""

    RUN = "run"
    OBSERVE = "observe"
    SYNC = "sync"

    @property
    def is_in_cluster(self) -> bool:
        """Whether it runs there, and is told of changes instead of asking."""
        return self is not Purpose.SYNC

    @property
    def writes(self) -> bool:
        """Whether the bundle's objects are brought, and not only looked at."""
        return self is not Purpose.OBSERVE


class Right(Struct, frozen=True, order=True):
    """One right: nothing of it can be taken away without taking all.

    namespace: empty for the whole cluster; resource: with its subresource, `pods/log`; name: empty for any.
    """

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""


class Needs(Struct, frozen=True, kw_only=True):
    """What is to be done. namespace: the applier's own; deletes_namespaces: whether Namespaces may go."""

    namespace: str
    purpose: Purpose
    deletes_namespaces: bool = False


def rights_of(bundle: RenderedBundle, names: KindNames, needs: Needs) -> tuple[Right, ...]:
    """All rights for a bundle, sorted, without those that others of them imply.

    Raises: RightsError: a kind's plural is not known.
    """
    found = {*_of_applier(needs), *_of_special_resources(each.name for each in bundle.resources)}
    if needs.purpose.writes:
        found |= {*_of_sets(bundle, names, needs)}
    for resource in bundle.resources:
        for each in resource.objects:
            found |= {*_of_object(resource, each, names, needs)}
    return tuple(sorted(right for right in found if not found & set(_wider(right))))


def _wider(right: Right) -> Iterator[Right]:
    """Rights that imply this one."""
    namespace, group, resource, verb, name = astuple(right)
    if name:
        yield Right(namespace, group, resource, verb)
    if (group, resource) != (ANY, ANY):
        yield Right(namespace, ANY, ANY, verb)


def _of_applier(needs: Needs) -> Iterator[Right]:
    """What is needed whatever the bundle holds: one works at a time, and labels nodes."""
    lease = lease_id(needs.namespace)
    yield from _rights(needs.namespace, lease.group, "leases", ("get", "update"), lease.name)
    # Who creates names the object in the body alone, where no role can see it.
    yield Right(needs.namespace, lease.group, "leases", "create")
    yield from _rights("", "", "nodes", (*_reading(needs), "patch"))
    if needs.purpose.writes:
        # Whether the operator works on the same objects: of all namespaces, but by name.
        yield Right("", "apps", "deployments", "list", OPERATOR)


def _of_sets(bundle: RenderedBundle, names: KindNames, needs: Needs) -> Iterator[Right]:
    """The parents of ApplySets, and where their members may be."""
    own = needs.namespace
    # Parents that no bundle names any more are found by listing.
    yield Right(own, "", "configmaps", "list")
    for name in bundle.removed:
        yield from _rights(own, "", "configmaps", ("patch", "delete"), parent_id(name, own).name)
    for resource in bundle.resources:
        objects = [each.id for each in resource.objects]
        # With the last member goes the parent; a Namespace that may not go is one that stays.
        is_kept = not needs.deletes_namespaces and any(map(_is_namespace, objects))
        verbs = ("get", "patch", "create") if is_kept else ("get", "patch", "create", "delete")
        yield from _rights(own, "", "configmaps", verbs, parent_id(resource.name, own).name)
        ids = [each for each in objects if not names.is_cluster_scoped(each)]
        # A parent names its kinds and its namespaces, not which is where; its own comes by itself.
        for space in {each.namespace or resource.namespace for each in ids} | {own}:
            for each in ids:
                yield Right(space, each.group, names.plural(each), "list")


def _of_special_resources(names: Iterable[str]) -> Iterator[Right]:
    """Status and Events of those that are in the cluster."""
    yield Right("", GROUP, "specialresources", "list")
    for name in names:
        if name != SHARED:
            yield Right("", GROUP, "specialresources/status", "patch", name)
    yield from _rights(EVENTS, "", "events", ("get", "create", "patch"))


def _reading(needs: Needs) -> tuple[str, ...]:
    return ("list", "watch") if needs.purpose.is_in_cluster else ("list",)


def _rights(
    namespace: str, group: str, resource: str, verbs: Iterable[str], name: str = ""
) -> Iterator[Right]:
    for verb in verbs:
        yield Right(namespace, group, resource, verb, name)


def _of_object(
    resource: BundleResource, each: BundleObject, names: KindNames, needs: Needs
) -> Iterator[Right]:
    """What one object takes."""
    group, plural = each.id.group, names.plural(each.id)
    is_of_cluster = names.is_cluster_scoped(each.id)
    namespace = "" if is_of_cluster else each.id.namespace or resource.namespace
    name = each.id.name if is_of_cluster and not each.kernel else ""
    yield from _rights(namespace, group, plural, _reading(needs))
    yield from _of_pods(each.manifest, namespace, needs)
    if needs.purpose.writes:
        yield from _rights(namespace, group, plural, _writing(each.id, needs), name)
        yield from _of_contents(each.id, needs)
        yield from _of_builds(each.id, namespace)
        yield from _of_roles(each.manifest, namespace)


def _writing(identity: ObjectId, needs: Needs) -> tuple[str, ...]:
    """What is deleted is looked at until it is gone."""
    key = identity.group, identity.kind
    if _is_namespace(identity):
        # It is installed with the rights, which lie in it.
        return ("patch", "get", "delete") if needs.deletes_namespaces else ("patch",)
    return ("patch", "create") if key in NEVER_DELETED else ("patch", "create", "get", "delete")


def _is_namespace(identity: ObjectId) -> bool:
    return (identity.group, identity.kind) == ("", "Namespace")


def _of_contents(identity: ObjectId, needs: Needs) -> Iterator[Right]:
    """A Namespace goes only if nobody else's objects are in it, whatever they are."""
    if needs.deletes_namespaces and _is_namespace(identity):
        yield Right(identity.name, ANY, ANY, "list")


def _of_pods(manifest: JsonObject, namespace: str, needs: Needs) -> Iterator[Right]:
    """What it takes to see whether an object is ready, and why not."""
    identity = object_id(manifest)
    if waits_for_pods(identity.group, identity.kind):
        yield from _rights(namespace, "", "pods", _reading(needs))
    if waits_for_builds(identity.group, identity.kind):
        yield from _rights(namespace, identity.group, "builds", _reading(needs))
    if WAIT_FOR_LOGS in annotations_of(manifest):
        yield Right(namespace, "", "pods/log", "get")


def _of_builds(identity: ObjectId, namespace: str) -> Iterator[Right]:
    """Builds that are missing are started, and the end of a failed one's log is told."""
    if waits_for_builds(identity.group, identity.kind):
        yield Right(namespace, identity.group, "buildconfigs/instantiate", "create")
        yield Right(namespace, "", "pods/log", "get")


def _of_roles(manifest: JsonObject, namespace: str) -> Iterator[Right]:
    """What it takes to give rights that we do not have ourselves."""
    kind = text_of(manifest.get("kind"))
    if kind in {"Role", "ClusterRole"}:
        name = text_of(mapping_of(manifest.get("metadata")).get("name"))
        yield Right(namespace, RBAC, f"{kind.lower()}s", "escalate", name)
    if kind in {"RoleBinding", "ClusterRoleBinding"}:
        reference = mapping_of(manifest.get("roleRef"))
        role = text_of(reference.get("kind")).lower()
        # A ClusterRole that a RoleBinding refers to is bound in that namespace alone.
        yield Right(namespace, RBAC, f"{role}s", "bind", text_of(reference.get("name")))


def roles_of(rights: Collection[Right]) -> Mapping[str, list[JsonValue]]:
    """Rights as rules, by namespace; those of the cluster under the empty name."""
    return {
        namespace: _rules([right for right in rights if right.namespace == namespace])
        for namespace in sorted({right.namespace for right in rights})
    }


def _rules(rights: Iterable[Right]) -> list[JsonValue]:
    """As few rules as say exactly this. Sorted by group and resource."""
    names: dict[tuple[str, str, str], set[str]] = {}
    for right in rights:
        names.setdefault((right.group, right.resource, right.verb), set()).add(right.name)
    verbs: dict[tuple[str, str, tuple[str, ...]], set[str]] = {}
    for (group, resource, verb), found in names.items():
        verbs.setdefault((group, resource, tuple(sorted(found))), set()).add(verb)
    resources: dict[tuple[str, tuple[str, ...], tuple[str, ...]], set[str]] = {}
    for (group, resource, found_names), found in verbs.items():
        resources.setdefault((group, found_names, tuple(sorted(found))), set()).add(resource)
    rules = sorted(
        (group, sorted(found), found_names, found_verbs)
        for (group, found_names, found_verbs), found in resources.items()
    )
    return [_rule(*each) for each in rules]


def _rule(group: str, resources: list[str], names: tuple[str, ...], verbs: tuple[str, ...]) -> JsonValue:
    named: JsonObject = {} if names == ("",) else {"resourceNames": [*names]}
    return {"apiGroups": [group], "resources": [*resources], "verbs": [*verbs], **named}
