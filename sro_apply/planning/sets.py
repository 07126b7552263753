"""What the server has of the SRs' sets: each set's parent and its members.

Only data, read from live objects; what becomes of them is decided in `prune`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from sro_apply.config import MANAGER
from sro_apply.planning.applyset import (
    GROUP_KINDS,
    ID_LABEL,
    NAMESPACES,
    PART_OF,
    TOOLING,
    group_kind,
    listed,
    parent_id,
    set_id,
)
from sro_apply.planning.order import SHARED
from sro_apply.planning.parts import BundleResource
from sro_apply.planning.reading import is_leaving, labels_of, mappings_of, owners_of, uid_of
from sro_apply.planning.running import is_driver
from sro_render.model.objects import (
    JsonObject,
    JsonValue,
    ObjectId,
    annotations_of,
    mapping_of,
    object_id,
    text_of,
)

_KUBECTL: Final = "kubectl-client-side-apply"
_DRIVER: Final = ObjectId("apps/v1", "DaemonSet", "", "")
STATE = "sro.openshift.io/state"
KERNEL = "sro.openshift.io/kernel"
PRUNE = "sro.openshift.io/prune"

Key = tuple[str, str, str, str]
"""An object by group, kind, namespace and name: what it is, whatever version names it."""


def key_of(identity: ObjectId) -> Key:
    """An object's key."""
    return identity.group, identity.kind, identity.namespace, identity.name


class Member(Struct, frozen=True, kw_only=True):
    """A live object that has the label of an SR's set."""

    resource: str
    live: JsonObject

    @property
    def id(self) -> ObjectId:
        """What it is."""
        return object_id(self.live)

    @property
    def metadata(self) -> JsonObject:
        """Its metadata."""
        return mapping_of(self.live.get("metadata"))

    @property
    def uid(self) -> str:
        """Which of all that ever had its name."""
        return uid_of(self.live)

    @property
    def version(self) -> str:
        """Its resourceVersion."""
        return text_of(self.metadata.get("resourceVersion"))

    @property
    def state(self) -> str:
        """The state that it was applied in."""
        return text_of(annotations_of(self.live).get(STATE))

    @property
    def kernel(self) -> str:
        """The kernel that it was made for; empty for one that is not kernel-affine."""
        return text_of(annotations_of(self.live).get(KERNEL))

    @property
    def is_forced(self) -> bool:
        """Whether somebody has said that it may go although its kernel runs."""
        return annotations_of(self.live).get(PRUNE) == "force"

    @property
    def is_leaving(self) -> bool:
        """Whether its deletion has begun."""
        return is_leaving(self.live)

    @property
    def is_ours(self) -> bool:
        """Whether we applied it. Controllers copy labels to what they make of an object, and people do."""
        if any(each.get("controller") is True for each in owners_of(self.live)):
            return False
        return any(
            (each.get("manager"), each.get("operation")) == (MANAGER, "Apply")
            for each in mappings_of(self.metadata.get("managedFields"))
        )


def set_of(live: JsonObject) -> str:
    """The set that an applier has put an object into, whichever applier; empty where none has.

    A label that somebody wrote by hand, or that a controller copied, puts nothing into a set.
    """
    for each in mappings_of(mapping_of(live.get("metadata")).get("managedFields")):
        labels = mapping_of(mapping_of(mapping_of(each.get("fieldsV1")).get("f:metadata")).get("f:labels"))
        is_applied = each.get("operation") == "Apply" or each.get("manager") == _KUBECTL
        if is_applied and f"f:{PART_OF}" in labels:
            return text_of(labels_of(live).get(PART_OF))
    return ""


class LiveSet(Struct, frozen=True, kw_only=True):
    """An SR's set. parent: as the server has it; members: in any order."""

    resource: str
    parent: JsonObject
    members: tuple[Member, ...] = ()


def live_sets(
    parents: Mapping[str, JsonObject], namespace: str, found: Iterable[JsonObject]
) -> tuple[LiveSet, ...]:
    """The sets of some SRs, in the order of their parents, with those of the objects that have their labels.

    Args: parents: by SR; namespace: the applier's.
    """
    names = {set_id(parent_id(name, namespace)): name for name in parents}
    members: dict[str, list[Member]] = {name: [] for name in parents}
    for live in found:
        name = names.get(text_of(labels_of(live).get(PART_OF)))
        if name is not None:
            members[name].append(Member(resource=name, live=live))
    return tuple(
        LiveSet(resource=name, parent=parent, members=tuple(members[name]))
        for name, parent in parents.items()
    )


class Span(Struct, frozen=True, kw_only=True):
    """Where the members of a set may be: `Kind.group`, and namespaces beside the parent's own; each A-Z."""

    kinds: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


def span_of(parent: Mapping[str, JsonValue]) -> Span:
    """What the parent says of its set."""
    known = annotations_of(parent)
    return Span(
        kinds=tuple(sorted(listed(known.get(GROUP_KINDS)))),
        namespaces=tuple(sorted(listed(known.get(NAMESPACES)))),
    )


def driver_spaces(parent: Mapping[str, JsonValue], resource: BundleResource) -> frozenset[str]:
    """The namespaces where a set may have drivers, and its SR none in the bundle.

    Nothing else tells of an SR that has moved to another namespace, or has no driver any more.
    """
    span = span_of(parent)
    if group_kind(_DRIVER) not in span.kinds:
        return frozenset()
    ids = [each.id for each in resource.objects]
    if not any(map(is_driver, ids)):
        return frozenset({*span.namespaces, resource.namespace})
    return frozenset(span.namespaces) - {each.namespace or resource.namespace for each in ids}


def resource_of(parent: JsonObject) -> str | None:
    """The SR whose set a ConfigMap is the parent of; None for one that is not ours.

    A copy of a parent under another name has the ID of the first, and is none.
    """
    identity = object_id(parent)
    labels = mapping_of(mapping_of(parent.get("metadata")).get("labels"))
    is_ours = text_of(annotations_of(parent).get(TOOLING)).startswith("sro-apply/")
    if not is_ours or labels.get(ID_LABEL) != set_id(identity):
        return None
    name = identity.name.removeprefix("sro-apply-")
    resource = SHARED if name == "-shared" else name
    return resource if parent_id(resource, identity.namespace) == identity else None
