"""Whether a Namespace may go: only if whatever is in it goes too, or comes with every namespace by itself.

Decides who is a stranger. What belongs to something that goes, as a pod to its DaemonSet, goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct, structs

from sro_apply.events import Kept
from sro_apply.planning.installing import LABELS
from sro_apply.planning.prune import Doomed, PrunePlan, Situation, first_wave, kept_back
from sro_apply.planning.reading import is_leaving, labels_of, mappings_of, metadata_of, owners_of, uid_of
from sro_apply.planning.rights import RBAC
from sro_apply.planning.undoing import is_namespace
from sro_render.model.objects import JsonObject, annotations_of, object_id, text_of
from sro_render.model.wording import name_some

_OF_EVERY_NAMESPACE: Mapping[str, frozenset[str]] = {
    "ServiceAccount": frozenset({"default", "builder", "deployer"}),
    "ConfigMap": frozenset({"kube-root-ca.crt", "openshift-service-ca.crt"}),
    "RoleBinding": frozenset({"system:deployers", "system:image-builders", "system:image-pullers"}),
}
"""What Kubernetes and OpenShift put into each namespace, by kind and name."""
_OF_ACCOUNTS = (
    "kubernetes.io/service-account.name",
    "openshift.io/token-secret.name",
    "openshift.io/internal-registry-auth-token.service-account",
)
"""Annotations of the Secrets that a controller makes for each ServiceAccount: tokens, and dockercfg."""
_OF_SERVICES = "endpoints.kubernetes.io/last-change-trigger-time"
"""Annotation of the Endpoints that a controller makes for each Service, without naming it as their owner.

Not of all: where nothing triggered their last change it takes the annotation away. Source: kubernetes
pkg/controller/endpoint/endpoints_controller.go `syncService`.
"""
_CONTROLLERS = frozenset({"kube-controller-manager"})
"""Who writes those Endpoints, and alone; as managedFields name them."""
_OF_OPERATORS = "olm.copiedFrom"
"""Label of what OpenShift copies into each namespace of an operator that works in all of them."""


class Contents(Struct, frozen=True, kw_only=True):
    """What is in a namespace. unread: kinds that could not be listed."""

    objects: tuple[JsonObject, ...] = ()
    unread: tuple[str, ...] = ()


Look = Callable[[Sequence[str]], Mapping[str, Contents]]
"""Namespaces to what is in each of them."""


def next_wave(plan: PrunePlan, situation: Situation, look: Look, own: str) -> PrunePlan:
    """What of a plan goes now, without the Namespaces that must stay.

    One that stays holds up none that was applied before it: whose wave has nothing else gets the next one.

    Args: situation: what the plan was made of; the others as below.
    """
    while True:
        wave = hold_namespaces(first_wave(plan, situation), look, own)
        busy = {each.resource for each in (*wave.awaited, *(one.member for one in wave.doomed))}
        if {each.member.resource for each in wave.later} <= busy:
            return wave
        plan = structs.replace(wave, doomed=(*wave.doomed, *wave.later), later=())


def hold_namespaces(plan: PrunePlan, look: Look, own: str) -> PrunePlan:
    """The plan without the Namespaces that must stay.

    Args: look: into the namespaces that are to go; own: the applier's, with the parents of all sets.
    """
    contents = look([each.member.id.name for each in plan.doomed if is_namespace(each.member)])
    gone = {each.member.uid for each in plan.doomed}
    doomed: list[Doomed] = []
    kept = list(plan.kept)
    for each in plan.doomed:
        held = _hold(each, contents, own, gone) if is_namespace(each.member) else None
        if held:
            kept.append(held)
        else:
            doomed.append(each)
    going = {each.member.uid for each in doomed}
    names = [each.member.id.name for each in plan.doomed if each.member.uid not in going]
    return structs.replace(
        plan,
        doomed=tuple(doomed),
        kept=tuple(kept),
        held=(*plan.held, *(name for name in names if name != own)),  # nothing lets go of our own
    )


def _hold(each: Doomed, contents: Mapping[str, Contents], own: str, gone: Collection[str]) -> Kept | None:
    name = each.member.id.name
    if name == own:
        return kept_back(
            each.member, "sro-apply keeps its own objects in it", "delete it once nothing else is in it"
        )
    found = contents[name]
    strangers = strangers_of(found.objects, gone)
    if strangers:
        what = "an object" if len(strangers) == 1 else f"{len(strangers)} objects"
        return kept_back(
            each.member,
            f"with it would go {what} that must not ({name_some(strangers)})",
            f"move them away or delete them; or delete all of it: kubectl delete namespace {name}",
        )
    if found.unread:
        return kept_back(
            each.member,
            f"what is in it cannot be seen ({name_some(found.unread)})",
            "install the rights that sro-apply manifests --delete-namespaces prints, or look yourself: "
            f"kubectl delete namespace {name}",
        )
    return None


def strangers_of(objects: Sequence[JsonObject], gone: Collection[str]) -> tuple[str, ...]:
    """The names of what would be lost with the namespace, A-Z.

    Args: objects: all that is in it, of every kind that can be deleted; gone: the uids of what goes.
    """
    there = {uid_of(each) for each in objects}
    services = {object_id(each).name for each in objects if _is_service(each)}
    going = set(gone)
    going |= {uid_of(each) for each in objects if is_leaving(each) or _comes_by_itself(each, services)}
    left = [each for each in objects if uid_of(each) not in going]
    while True:
        # A pod goes with its ReplicaSet, and that with its Deployment; each round finds one generation more.
        more = {uid_of(each) for each in left if _goes_along(each, going, there)}
        if not more:
            return tuple(sorted({str(object_id(each)) for each in left}))
        going |= more
        left = [each for each in left if uid_of(each) not in more]


def _goes_along(live: JsonObject, going: Collection[str], there: Collection[str]) -> bool:
    """Whether all its owners go, or are gone from this namespace with the garbage collector still on its way.

    An owner that is not among the objects may be without a namespace, and somebody else's: only one of a kind
    that has a namespace can be missing.
    """
    owners = owners_of(live)
    return bool(owners) and all(
        text_of(each.get("uid")) in going
        or (text_of(each.get("uid")) not in there and each.get("kind") in _NAMESPACED_OWNERS)
        for each in owners
    )


_NAMESPACED_OWNERS = frozenset(
    {
        "DaemonSet",
        "ReplicaSet",
        "Deployment",
        "StatefulSet",
        "Job",
        "CronJob",
        "BuildConfig",
        "Build",
        "Service",
    }
)


def _comes_by_itself(live: JsonObject, services: Collection[str]) -> bool:
    """Args: services: the names of those in the namespace, which are strangers or go themselves."""
    identity = object_id(live)
    if identity.kind == "Event":
        return True
    if identity.kind == "Endpoints":
        return identity.name in services or _OF_SERVICES in annotations_of(live) or _is_by_controllers(live)
    if identity.kind == "ClusterServiceVersion":
        return _OF_OPERATORS in labels_of(live)
    if identity.kind == "Secret" and not identity.group:
        return any(mark in annotations_of(live) for mark in _OF_ACCOUNTS)
    if identity.group == RBAC and LABELS.items() <= labels_of(live).items():
        return True  # our own rights in it, which are of no use without it
    return identity.name in _OF_EVERY_NAMESPACE.get(identity.kind, ())


def _is_by_controllers(live: JsonObject) -> bool:
    """Whether nobody else has written it, as far as that is known."""
    fields = mappings_of(metadata_of(live).get("managedFields"))
    return bool(fields) and {text_of(each.get("manager")) for each in fields} <= _CONTROLLERS


def _is_service(live: JsonObject) -> bool:
    identity = object_id(live)
    return (identity.group, identity.kind) == ("", "Service")
