"""A diff for programs: JSON whose keys are stable, unfolded and folded.

schemas/diff.schema.json says its form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import UnsetType

from sro_render.diff.records import (
    BundleShape,
    ChangeKind,
    Diff,
    FieldChange,
    FoldedChange,
    ListKey,
    Mark,
    ObjectChange,
    ObjectRef,
    ResourceShape,
)
from sro_render.model.objects import JsonValue
from sro_render.review.diff_words import path_text

API_VERSION = "sro.openshift.io/v1alpha1"
KIND = "Diff"
KIND_NAMES = {
    ChangeKind.ADDED: "added",
    ChangeKind.CHANGED: "changed",
    ChangeKind.REMOVED: "removed",
    ChangeKind.ROLLED_OVER: "rolledOver",
    ChangeKind.KEPT: "kept",
}

_Ends = tuple[ObjectRef | None, ObjectRef | None]


def diff_json_report(diff: Diff) -> str:
    """The whole diff. Folded changes name their members by their places in `changes`."""
    # An object stands in one change alone, so that its places before and after tell the change.
    places: dict[_Ends, int] = {(each.before, each.after): place for place, each in enumerate(diff.changes)}
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "before": _bundle(diff.before),
        "after": _bundle(diff.after),
        "summary": {
            **{name: diff.count(kind) for kind, name in KIND_NAMES.items()},
            "nodesTouched": len(diff.touched),
            "nodesWithoutDriver": len({loss.node for loss in diff.losses}),
        },
        "losses": [
            {
                "node": each.node,
                "kernel": each.kernel,
                "specialResource": each.special_resource,
                "reason": each.reason,
            }
            for each in diff.losses
        ],
        "touched": [
            {"node": each.name, "kernelBefore": each.kernel_before, "kernelAfter": each.kernel_after}
            for each in diff.touched
        ],
        "hidden": [{"rule": each.rule, "count": each.count} for each in diff.hidden],
        "changes": [_change(each) for each in diff.changes],
        "folded": [_folded(each, places) for each in diff.folded],
    }
    # What JSON cannot say in UTF-8, half of a surrogate pair, it can say escaped.
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return text if _is_utf8(text) else json.dumps(document, indent=2) + "\n"


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in text)


def _bundle(shape: BundleShape) -> dict[str, object]:
    return {
        "name": shape.name,
        "cluster": shape.cluster,
        "specialResources": [_resource(each) for each in shape.resources],
        "kernels": [{"kernel": kernel, "nodes": list(nodes)} for kernel, nodes in shape.kernels],
    }


def _resource(resource: ResourceShape) -> dict[str, object]:
    return {
        "name": resource.name,
        "dependencies": list(resource.dependencies),
        "states": [
            {
                "name": state.name,
                "objects": [
                    {"kernel": kernel, "count": number} for kernel, number in sorted(state.objects.items())
                ],
            }
            for state in resource.states
        ],
    }


def _folded(folded: FoldedChange, places: Mapping[_Ends, int]) -> dict[str, object]:
    return {
        "kernels": list(folded.kernels),
        "hasDigests": folded.has_digests,
        "shown": places[folded.shown.before, folded.shown.after],
        "changes": [places[each.before, each.after] for each in folded.changes],
    }


def _change(change: ObjectChange) -> dict[str, object]:
    document: dict[str, object] = {
        "change": KIND_NAMES[change.kind],
        "before": _ref(change.before),
        "after": _ref(change.after),
        "nodes": list(change.nodes),
        "marks": _marks(change.marks),
        "fields": [_field(each) for each in change.fields],
    }
    if change.manifest is not None:
        document["manifest"] = change.manifest
    return document


def _ref(ref: ObjectRef | None) -> dict[str, str] | None:
    if ref is None:
        return None
    return {
        "apiVersion": ref.id.api_version,
        "kind": ref.id.kind,
        "namespace": ref.id.namespace,
        "name": ref.id.name,
        "specialResource": ref.special_resource,
        "state": ref.state,
        "kernel": ref.kernel,
        "file": ref.file,
    }


def _field(field: FieldChange) -> dict[str, object]:
    """A field; a side where it is not set has no key, for null is a value."""
    sides: dict[str, JsonValue] = {
        name: value
        for name, value in (("before", field.before), ("after", field.after))
        if not isinstance(value, UnsetType)
    }
    return {
        "path": [_step(step) for step in field.path],
        "field": path_text(field.path),
        **sides,
        "masked": field.is_masked,
        "followsKernel": field.follows_kernel,
        "marks": _marks(field.marks),
    }


def _step(step: str | int | ListKey) -> object:
    return dict(step.fields) if isinstance(step, ListKey) else step


def _marks(marks: tuple[Mark, ...]) -> list[dict[str, str]]:
    return [{"code": mark.code, "message": mark.message} for mark in marks]
