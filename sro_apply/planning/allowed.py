"""What a bundle may hold where the user says so: kinds and namespaces. Asked before the first request."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sro_apply.errors import BundleError
from sro_apply.planning.applyset import group_kind
from sro_apply.planning.parts import BundleObject, BundleResource, RenderedBundle
from sro_render.errors import some


def refuse_beyond(bundle: RenderedBundle, kinds: Collection[str], namespaces: Collection[str]) -> None:
    """Refuse a bundle with objects of other kinds or in other namespaces; empty allows all.

    Args:   kinds: such as `Secret` or `DaemonSet.apps`. An object without a namespace counts for that of its
            SpecialResource, and a Namespace for itself.
    Raises: BundleError: with every object that is too much.
    """
    wrong = [text for resource in bundle.resources for text in _beyond(resource, kinds, namespaces)]
    if wrong:
        raise BundleError(
            "bundle-not-allowed",
            f"the bundle of {bundle.cluster} goes beyond what is allowed",
            notes=some(wrong),
            hint="allow more with --allow-kinds and --allow-namespaces, or change the charts",
        )


def _beyond(resource: BundleResource, kinds: Collection[str], namespaces: Collection[str]) -> Iterator[str]:
    for each in (each for state in resource.states for each in state.objects):
        if kinds and group_kind(each.id) not in kinds:
            yield f"{each.id}: kind {group_kind(each.id)} ({each.file})"
        place = _place_of(each, resource)
        if namespaces and place not in namespaces:
            yield f"{each.id}: namespace {place or 'none'} ({each.file})"


def _place_of(each: BundleObject, resource: BundleResource) -> str:
    if each.id.kind == "Namespace" and not each.id.group:
        return each.id.name
    return each.id.namespace or resource.namespace
