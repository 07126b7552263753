"""What of the sets in a cluster goes, because the bundle has it no longer, and what stays nevertheless.

Decides the guards: a driver whose kernel runs and what it uses, an SR that is not ready, an empty bundle, a
lost inventory, definitions and volumes, a share that is too large. What no set has, what only has the labels
of one, and what any SR of the bundle has, is not even a candidate. SRs that the lock lists as removed lose
all of this but their CRDs. Whether a Namespace may go is decided in `strangers`, once it is known what is in
it.

No request, no clock: the same situation gives the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field, structs

from sro_apply.events import Kept, PruneStopped
from sro_apply.planning.leaving import leaving_hint, leaving_reason
from sro_apply.planning.order import FIRST_STATES, SHARED, is_empty
from sro_apply.planning.parts import BundleObject, BundleResource, RenderedBundle
from sro_apply.planning.picture import SeenNode
from sro_apply.planning.running import is_driver
from sro_apply.planning.sets import PRUNE, Key, LiveSet, Member, key_of
from sro_apply.planning.undoing import Place, deletion_order, has_pods, is_namespace, place_of
from sro_apply.planning.uses import used_by
from sro_render.kernels.facts import KERNEL_LABEL, kernel_label_value
from sro_render.kernels.selectors import pod_selector
from sro_render.model.inventory import KernelVersion
from sro_render.model.objects import JsonObject, ObjectId, object_id
from sro_render.model.wording import counted, name_some

LEAST_FOR_SHARE: Final = 5
"""So many objects may go whatever share they are: a small set changes as a whole."""


NO_BUNDLE: Final = RenderedBundle(cluster="", resources=())
"""What is known of a bundle where there is none."""


class Situation(Struct, frozen=True, kw_only=True):
    """All that pruning depends on.

    sets:  those that were found; keep: the key of each object of the bundle, whichever SR's.
    nodes: live ones; ready: SRs with every step ready; limit: the share of a set that may go.
    used:  what drivers that stay use, each with its driver; found by `plan_prune`.
    """

    bundle: RenderedBundle
    sets: tuple[LiveSet, ...]
    keep: frozenset[Key]
    nodes: tuple[SeenNode, ...]
    ready: frozenset[str]
    limit: float
    used: Mapping[Key, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def resources(self) -> Mapping[str, BundleResource]:
        """The bundle's SRs by name."""
        return {each.name: each for each in self.bundle.resources}

    @property
    def same(self) -> frozenset[str]:
        """The uids of what the bundle has: some objects, such as an Ingress, are served by two groups."""
        members = (each for one in self.sets for each in one.members)
        return frozenset(each.uid for each in members if key_of(each.id) in self.keep)


class Doomed(Struct, frozen=True, kw_only=True):
    """An object that goes, and why. after_pods: it is there until its pods are gone."""

    member: Member
    reason: str
    after_pods: bool = False


class PrunePlan(Struct, frozen=True, kw_only=True):
    """What goes, in order, what stays although the bundle lacks it, and the sets that were not touched.

    Of a wave: awaited: what is on its way out already; later: what goes once all of the wave is gone.
    held: Namespaces that could go if it were not for what is in them.
    """

    doomed: tuple[Doomed, ...] = ()
    kept: tuple[Kept, ...] = ()
    stopped: tuple[PruneStopped, ...] = ()
    awaited: tuple[Member, ...] = ()
    later: tuple[Doomed, ...] = ()
    held: tuple[str, ...] = ()


def plan_prune(situation: Situation) -> PrunePlan:
    """Decide what becomes of every stale object of the sets."""
    situation = structs.replace(situation, used=_used(situation))
    plans = [_plan_set(each, situation) for each in sorted(situation.sets, key=lambda each: each.resource)]
    by_uid = {doomed.member.uid: doomed for plan in plans for doomed in plan.doomed}
    ordered = deletion_order((doomed.member for doomed in by_uid.values()), situation.bundle)
    return PrunePlan(
        doomed=tuple(by_uid[each.uid] for each in ordered),
        kept=tuple(each for plan in plans for each in plan.kept),
        stopped=tuple(each for plan in plans for each in plan.stopped),
    )


def first_wave(plan: PrunePlan, situation: Situation) -> PrunePlan:
    """What of a plan goes now: of each SR that is removed what was applied last of all that is still there.

    So what stands on a driver is gone before the driver goes. Of SRs that stay no driver goes that runs.
    """
    removed = [each for each in situation.sets if each.resource in situation.bundle.removed]
    leaving = [
        each
        for one in removed
        for each in stale_members(one, situation)
        if each.is_leaving and not is_definition(each)
    ]
    names = {each.resource for each in removed}
    ending = [*leaving, *(each.member for each in plan.doomed if each.member.resource in names)]
    last: dict[str, Place] = {}
    for each in ending:
        place = _wave_of(each, situation.bundle)
        last[each.resource] = max(place, last.get(each.resource, place))

    def is_next(member: Member) -> bool:
        return last.get(member.resource) in {None, _wave_of(member, situation.bundle)}

    known = {(each.resource, str(each.id)) for each in leaving}
    return structs.replace(
        plan,
        doomed=tuple(each for each in plan.doomed if is_next(each.member)),
        later=tuple(each for each in plan.doomed if not is_next(each.member)),
        awaited=tuple(each for each in leaving if is_next(each)),
        kept=tuple(each for each in plan.kept if (each.specialresource, each.object) not in known),
    )


def _wave_of(member: Member, bundle: RenderedBundle) -> Place:
    """The place of all that goes with a member. Namespaces go together: one that stays holds up no other."""
    place = place_of(member, bundle)
    return (*place[:3], 0, 0, "") if is_namespace(member) else place


def stale_members(given: LiveSet, situation: Situation) -> list[Member]:
    """What the bundle has no longer of what we applied, each object once, A-Z."""
    found: dict[str, Member] = {}
    same = situation.same
    for each in sorted(given.members, key=lambda each: each.id):
        if each.is_ours and key_of(each.id) not in situation.keep and each.uid not in same:
            found.setdefault(each.uid, each)
    return [*found.values()]


def keys_to_keep(resource: BundleResource, each: BundleObject, wanted: JsonObject | None) -> tuple[Key, ...]:
    """The keys of an object of the bundle. Args: wanted: as it is applied; None if its kind is not there."""
    if wanted is not None:
        return (key_of(object_id(wanted)),)
    # Nobody says whether the kind has namespaces: both are kept.
    group, kind, _, name = key_of(each.id)
    return key_of(each.id), (group, kind, resource.namespace, name)


def end_of(given: LiveSet) -> Situation:
    """The end of an SR, which somebody asked for: all of its set goes but CRDs."""
    bundle = structs.replace(NO_BUNDLE, removed=(given.resource,))
    return Situation(bundle=bundle, sets=(given,), keep=frozenset(), nodes=(), ready=frozenset(), limit=1)


def _used(situation: Situation) -> Mapping[Key, str]:
    stale = [
        each
        for one in situation.sets
        if one.resource not in situation.bundle.removed
        for each in stale_members(one, situation)
    ]
    return used_by([each for each in stale if _keep_driver(each, situation)], stale)


def _plan_set(given: LiveSet, situation: Situation) -> PrunePlan:
    stale = stale_members(given, situation)
    if not stale:
        return PrunePlan()
    is_removed = given.resource in situation.bundle.removed
    stop = None if is_removed else _stop(given.resource, stale, situation)
    if stop:
        return PrunePlan(stopped=(stop,))
    guards = _GUARDS_OF_REMOVED if is_removed else _GUARDS
    kept: list[Kept] = []
    doomed: list[Doomed] = []
    for each in stale:
        found = next((keeping for guard in guards if (keeping := guard(each, situation))), None)
        if found:
            kept.append(found)
        else:
            reason = _reason(each, situation, is_removed=is_removed)
            doomed.append(Doomed(member=each, reason=reason, after_pods=is_removed and has_pods(each)))
    own = {each.uid for each in given.members if each.is_ours}
    beyond = None if is_removed else _beyond_share(given.resource, doomed, len(own), situation)
    if beyond:
        return PrunePlan(kept=tuple(kept), stopped=(beyond,))
    return PrunePlan(kept=tuple(kept), doomed=tuple(doomed))


def _reason(member: Member, situation: Situation, *, is_removed: bool) -> str:
    if is_removed:
        return f"{member.resource} is removed"
    if _is_of_dead_kernel(member, situation):
        return f"no node runs {member.kernel}"
    return "the bundle has it no longer"


# What keeps a whole set.


def _stop(resource: str, stale: Sequence[Member], situation: Situation) -> PruneStopped | None:
    count = counted(len(stale), "object")
    known = situation.resources.get(resource)
    if known is None:
        return unknown_set(resource, f"{count} of {resource} stay")
    if not situation.bundle.kernels or not situation.nodes:
        what = "the bundle was rendered without nodes" if situation.nodes else "the cluster shows no node"
        return PruneStopped(
            specialresource=resource,
            code="lost-inventory",
            reason=f"{count} of {resource} stay: {what}, so that nothing says which kernels run",
            hint="take a new snapshot and build again; see whether the nodes can be read",
        )
    if is_empty(known) and any(each.state not in FIRST_STATES for each in stale):
        return PruneStopped(
            specialresource=resource,
            code="empty-bundle",
            reason=f"{count} of {resource} stay: the bundle has nothing of it any more",
            hint=f"see why it renders nothing; to be rid of it, set managementState: Removed in {resource}",
        )
    return None


def unknown_set(resource: str, what: str) -> PruneStopped:
    """That a set is none of the bundle's. Args: what: stays."""
    ways = [f"run sro-apply delete {resource}"]
    if resource != SHARED:
        ways.insert(0, f"build with managementState: Removed in {resource}")
    return PruneStopped(
        specialresource=resource,
        code="unknown-set",
        reason=f"{what}: the bundle neither has it nor lists it as removed",
        hint=", or ".join(ways),
    )


def _beyond_share(
    resource: str, doomed: Sequence[Doomed], members: int, situation: Situation
) -> PruneStopped | None:
    if len(doomed) <= LEAST_FOR_SHARE or len(doomed) <= situation.limit * members:
        return None
    return PruneStopped(
        specialresource=resource,
        code="prune-limit",
        reason=f"{len(doomed)} of {members} objects of {resource} would go, more than the share of "
        f"{situation.limit:g}: none of them does",
        hint="if that is meant, say so with a larger --prune-limit, such as 1",
        objects=tuple(str(each.member.id) for each in doomed),
    )


# What keeps an object.

_Guard = Callable[[Member, Situation], Kept | None]


def _keep_leaving(member: Member, _: Situation) -> Kept | None:
    if not member.is_leaving:
        return None
    return kept_back(member, leaving_reason(member.live), leaving_hint(member.live))


def _keep_definition(member: Member, _: Situation) -> Kept | None:
    if not is_definition(member):
        return None
    return kept_back(
        member,
        "with a definition goes every object of its kind, whosever it is",
        f"if nobody uses it any more: kubectl delete crd {member.id.name}",
    )


def _keep_volume(member: Member, _: Situation) -> Kept | None:
    if (member.id.group, member.id.kind) != ("", "PersistentVolumeClaim"):
        return None
    return kept_back(
        member,
        "with a claim goes what is stored",
        f"if it is not needed: {_kubectl('delete', member.id)}",
    )


def _keep_driver(member: Member, situation: Situation) -> Kept | None:
    if not is_driver(member.id) or member.is_forced:
        return None
    nodes = nodes_of_driver(member, situation.nodes)
    if not nodes:
        return None
    many = "a node runs" if len(nodes) == 1 else f"{len(nodes)} nodes run"
    return kept_back(
        member,
        f"it is a driver for a kernel that {many} ({name_some(nodes)}), and deleting it unloads the module",
        f"it goes when no node runs that kernel, or after {_kubectl('annotate', member.id)} {PRUNE}=force",
    )


def _keep_used(member: Member, situation: Situation) -> Kept | None:
    driver = situation.used.get(key_of(member.id))
    if not driver:
        return None
    return kept_back(member, f"{driver} uses it, which stays", "it goes with that")


def _keep_until_ready(member: Member, situation: Situation) -> Kept | None:
    if member.resource in situation.ready or _is_of_dead_kernel(member, situation):
        return None
    return kept_back(
        member,
        f"it goes when all of {member.resource} is ready, so that what replaces it is there before",
        "see what is waited for",
    )


_GUARDS: tuple[_Guard, ...] = (
    _keep_leaving,
    _keep_definition,
    _keep_volume,
    _keep_driver,
    _keep_used,
    _keep_until_ready,
)
_GUARDS_OF_REMOVED: tuple[_Guard, ...] = (_keep_leaving, _keep_definition)


def is_definition(member: Member) -> bool:
    """Whether it is a CRD, which never goes."""
    return (member.id.group, member.id.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition")


def nodes_of_driver(member: Member, nodes: Sequence[SeenNode]) -> tuple[str, ...]:
    """The nodes, A-Z, that run the kernel of a DaemonSet: by its annotation, or by what its pods select."""
    selected = _selected_kernels(member.live)
    return tuple(
        sorted(
            node.name
            for node in nodes
            if (member.kernel and node.kernel == member.kernel) or not selected.isdisjoint(_names_of(node))
        )
    )


def _names_of(node: SeenNode) -> set[str]:
    """What a selector may call the kernel of a node."""
    label = kernel_label_value(KernelVersion(node.kernel))
    return {node.labels.get(KERNEL_LABEL, ""), node.kernel, label} - {""}


def _selected_kernels(live: JsonObject) -> frozenset[str]:
    """The values of the kernel's label that its pods select, by `nodeSelector` or by affinity."""
    selector = pod_selector(live)
    if selector is None:
        return frozenset()
    asked = [each for term in selector.terms or () for each in term.labels]
    listed = [each.values for each in asked if (each.key, each.operator) == (KERNEL_LABEL, "In")]
    return frozenset().union(*listed, {selector.labels.get(KERNEL_LABEL, "")}) - {""}


def _is_of_dead_kernel(member: Member, situation: Situation) -> bool:
    return bool(member.kernel) and all(node.kernel != member.kernel for node in situation.nodes)


def kept_back(member: Member, reason: str, hint: str = "") -> Kept:
    """That an object stays."""
    return Kept(specialresource=member.resource, object=str(member.id), reason=reason, hint=hint)


def _kubectl(verb: str, identity: ObjectId) -> str:
    place = f" -n {identity.namespace}" if identity.namespace else ""
    return f"kubectl {verb}{place} {identity.kind.lower()} {identity.name}"
