"""What both GitOps tools must be told of an object: that it is not to be pruned, or that it is a hook.

Decides which objects those are, and how annotations are put onto one. The words for it are the tools'.

Annotations stand in the objects' own files: `commonAnnotations` of a kustomization would put them onto
pod templates too, and so replace every driver's pods; and whoever reads a file sees what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from sro_render.charts.manifests import hook_weight, is_hook
from sro_render.kernels.affinity import is_affine
from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource, State
from sro_render.model.objects import JsonObject, annotations_of, mapping_of, object_id, text_of

# What goes with them is lost: loaded modules, all objects of a kind, data, everything in a namespace.
_LOSSES: Final = frozenset(
    {
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("", "PersistentVolumeClaim"),
        ("", "Namespace"),
    }
)
PRUNE: Final = "sro.openshift.io/prune"
"""`force` on an object lifts its guard."""


def is_driver(manifest: JsonObject) -> bool:
    """Whether deleting it unloads a module."""
    return object_id(manifest).kind == "DaemonSet" and is_affine(manifest)


def is_guarded(manifest: JsonObject) -> bool:
    """Whether it is not to be pruned."""
    identity = object_id(manifest)
    if annotations_of(manifest).get(PRUNE) == "force":
        return False
    return (identity.group, identity.kind) in _LOSSES or is_driver(manifest)


def is_hook_object(manifest: JsonObject) -> bool:
    """Whether Helm runs it around an installation."""
    return is_hook(annotations_of(manifest))


def annotated(manifest: JsonObject, added: Mapping[str, str]) -> JsonObject:
    """The manifest with these annotations over its own."""
    if not added:
        return manifest
    metadata = mapping_of(manifest.get("metadata"))
    return {
        **manifest,
        "metadata": {**metadata, "annotations": {**annotations_of(manifest), **added}},
    }


def without_annotations(manifest: JsonObject, keys: Sequence[str]) -> JsonObject:
    """The manifest without these annotations."""
    own = annotations_of(manifest)
    kept: JsonObject = {key: value for key, value in own.items() if key not in keys}
    metadata = mapping_of(manifest.get("metadata"))
    return {**manifest, "metadata": {**metadata, "annotations": kept}} if kept != own else manifest


def listed(value: object, added: str) -> str:
    """A comma-separated list with one more item."""
    items = [item.strip() for item in text_of(value if isinstance(value, str) else "").split(",")]
    return ",".join(dict.fromkeys((*filter(None, items), *added.split(","))))


def dressed(bundle: Bundle, words: Callable[[JsonObject, int], Mapping[str, str]]) -> Bundle:
    """The bundle with annotations on every object.

    Args: words: what to add to a manifest, given its place in its SR's order: states one after the other,
          hooks of a state by their weight; places ascend, and between two states one is left free.
    """
    return replace(
        bundle, resources=tuple(_dressed_resource(resource, words) for resource in bundle.resources)
    )


def _dressed_resource(
    resource: RenderedResource, words: Callable[[JsonObject, int], Mapping[str, str]]
) -> RenderedResource:
    states: list[State] = []
    place = 0
    for state in resource.states:
        weights = sorted({_weight(each) for each in state.objects})
        states.append(
            replace(
                state,
                objects=tuple(
                    replace(
                        each,
                        manifest=annotated(
                            each.manifest, words(each.manifest, place + 2 * weights.index(_weight(each)))
                        ),
                    )
                    for each in state.objects
                ),
            )
        )
        place += 2 * max(len(weights), 1)
    return replace(resource, states=tuple(states))


def _weight(each: RenderedObject) -> int:
    """Of a hook among the hooks of its state; 0 for all others."""
    return hook_weight(annotations_of(each.manifest)) if is_hook_object(each.manifest) else 0
