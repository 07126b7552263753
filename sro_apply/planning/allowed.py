"""What a bundle may hold: the kinds and namespaces that the user allows, and nothing of the applier itself.

Asked before the first write. The namespaces of Kubernetes itself are refused unless the user names them: who
can write there rules the cluster. Those of OpenShift are not: recipes of its own components live in them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from sro_apply.config import MANAGER
from sro_apply.errors import BundleError
from sro_apply.planning.applyset import group_kind
from sro_apply.planning.parts import BundleObject, BundleResource, RenderedBundle
from sro_render.errors import some

_KUBERNETES: Final = "kube-"
"""What the namespaces of the control plane begin with; Kubernetes reserves it."""
_RIGHTS: Final = frozenset({"rbac.authorization.k8s.io"})


def refuse_beyond(bundle: RenderedBundle, kinds: Collection[str], namespaces: Collection[str]) -> None:
    """Refuse a bundle with objects of other kinds or in other namespaces than these.

    With no kinds all are allowed, and with no namespaces all but those of Kubernetes itself.

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
    for each in resource.objects:
        if kinds and group_kind(each.id) not in kinds:
            yield f"{each.id}: kind {group_kind(each.id)} ({each.file})"
        place = _place_of(each, resource)
        if place.startswith(_KUBERNETES) if not namespaces else place not in namespaces:
            yield f"{each.id}: namespace {place or 'none'} ({each.file})"


def refuse_own(bundle: RenderedBundle, namespace: str) -> None:
    """Refuse a bundle that would change the applier itself: its Lease, the parents of its sets, its rights.

    Args:   namespace: the applier's.
    Raises: BundleError: with each of these objects.
    """
    wrong = [
        f"{each.id} ({each.file})"
        for resource in bundle.resources
        for each in resource.objects
        if _is_named_as_ours(each.id.name)
        and (each.id.group in _RIGHTS or _place_of(each, resource) == namespace)
        and each.id.kind != "Namespace"
    ]
    if wrong:
        raise BundleError(
            "bundle-not-ours",
            f"the bundle of {bundle.cluster} has objects in the place of those of {MANAGER} itself",
            notes=some(wrong),
            hint=f"give them names in the charts that do not begin with {MANAGER}",
        )


def _is_named_as_ours(name: str) -> bool:
    return name == MANAGER or name.startswith(f"{MANAGER}-")


def _place_of(each: BundleObject, resource: BundleResource) -> str:
    if each.id.kind == "Namespace" and not each.id.group:
        return each.id.name
    return each.id.namespace or resource.namespace
