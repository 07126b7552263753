"""What marks the objects of an SR as one ApplySet: its ID, the labels and annotations of parent and members.

Only what the specification says; when a set may shrink is decided by who prunes.
Source: https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/3659-kubectl-apply-prune.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from sro_apply.planning.parts import BundleResource
from sro_render.model.objects import JsonObject, JsonValue, ObjectId, annotations_of, mapping_of, text_of

ID_LABEL: Final = "applyset.kubernetes.io/id"
PART_OF: Final = "applyset.kubernetes.io/part-of"
TOOLING: Final = "applyset.kubernetes.io/tooling"
GROUP_KINDS: Final = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES: Final = "applyset.kubernetes.io/additional-namespaces"


def parent_id(resource: str, namespace: str) -> ObjectId:
    """The parent of an SR's set, in the applier's namespace.

    No SR is called `-shared`, so that what several SRs share meets nobody.
    """
    return ObjectId("v1", "ConfigMap", namespace, f"sro-apply-{resource.replace('_', '-')}")


def set_id(parent: ObjectId) -> str:
    """`applyset-<base64(sha256(<name>.<namespace>.<kind>.<group>))>-v1`."""
    text = f"{parent.name}.{parent.namespace}.{parent.kind}.{parent.group}"
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"applyset-{digest.decode()}-v1"


def parent_manifest(
    resource: BundleResource, namespace: str, version: str, live: Mapping[str, JsonValue] | None
) -> JsonObject:
    """The parent as it is written before the first object: what it named before, and what comes.

    Args: live: the parent as the server has it; kinds and namespaces in it may still have members.
    """
    kinds, namespaces = _span_of(resource)
    known = annotations_of(live) if live else {}
    return _parent(
        parent_id(resource.name, namespace),
        version,
        kinds | listed(known.get(GROUP_KINDS)),
        namespaces | listed(known.get(NAMESPACES)),
    )


def shrunk_parent(
    resource: BundleResource | None, parent: ObjectId, version: str, left: Iterable[ObjectId]
) -> JsonObject | None:
    """The parent as it is written after pruning; None where the set has come to its end.

    Args: resource: what the bundle has of the SR, if it has it; left: the members that are still there.
    """
    ids = tuple(left)
    if resource is None and not ids:
        return None
    kinds, namespaces = _span_of(resource) if resource else (set(), set())
    return _parent(
        parent,
        version,
        kinds | {group_kind(each) for each in ids},
        namespaces | {each.namespace for each in ids},
    )


def _span_of(resource: BundleResource) -> tuple[set[str], set[str]]:
    """The kinds and namespaces of an SR's objects; one that names no namespace goes to that of its SR."""
    ids = [each.id for each in resource.objects]
    return {group_kind(each) for each in ids}, {each.namespace or resource.namespace for each in ids}


def _parent(identity: ObjectId, version: str, kinds: set[str], namespaces: set[str]) -> JsonObject:
    return {
        "apiVersion": identity.api_version,
        "kind": identity.kind,
        "metadata": {
            "name": identity.name,
            "namespace": identity.namespace,
            "labels": {ID_LABEL: set_id(identity)},
            "annotations": {
                TOOLING: f"sro-apply/{version}",
                GROUP_KINDS: _joined(kinds),
                NAMESPACES: _joined(namespaces - {"", identity.namespace}),
            },
        },
    }


def as_member(manifest: JsonObject, applyset: str) -> JsonObject:
    """The object with the label of its set."""
    metadata = mapping_of(manifest.get("metadata"))
    labels = mapping_of(metadata.get("labels"))
    return {**manifest, "metadata": {**metadata, "labels": {**labels, PART_OF: applyset}}}


def group_kind(identity: ObjectId) -> str:
    """`DaemonSet.apps`, or `Secret` of the core group."""
    return f"{identity.kind}.{identity.group}" if identity.group else identity.kind


def listed(value: JsonValue) -> set[str]:
    """The entries of one of the parent's annotations."""
    return {each for each in text_of(value).split(",") if each}


def _joined(values: Iterable[str]) -> str:
    return ",".join(sorted(values))
