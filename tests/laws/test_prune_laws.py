"""Laws of pruning: whatever a cluster has, and whatever bundle comes.

Matrix: made-up bundles and sets of SRs that the bundle has, lacks, or lists as removed; members of any state and
kernel, some moved, inherited, leaving or forced; nodes, readiness and shares at will. Judge: the words of
design.md, said once more over whole plans. Left out: single guards with their messages, which the unit tests
have.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.picture import SeenNode
from sro_apply.planning.prune import (
    LEAST_FOR_SHARE,
    PrunePlan,
    Situation,
    end_of,
    first_wave,
    plan_prune,
)
from sro_apply.planning.sets import LiveSet, Member, key_of
from sro_apply.planning.strangers import Contents, hold_namespaces
from sro_render.model.objects import JsonObject, JsonValue, object_id

RESOURCES = ("_shared", "a", "b", "removed", "unknown")
STATES = ("namespace", "crds", "0000-x", "1000-y", "2000-gone", "stateless", "post-install")
KERNELS = ("", "k1", "k2")
KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
    ("v1", "PersistentVolumeClaim"),
    ("apps/v1", "DaemonSet"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
)


@st.composite
def objects(draw: st.DrawFn) -> JsonObject:
    api_version, kind = draw(st.sampled_from(KINDS))
    metadata: JsonObject = {
        "name": draw(st.sampled_from("vwxyz")),
        "annotations": {
            "sro.openshift.io/state": draw(st.sampled_from(STATES)),
            "sro.openshift.io/kernel": draw(st.sampled_from(KERNELS)),
        },
        "managedFields": [{"manager": "sro-apply", "operation": "Apply"}],
    }
    if kind not in {"Namespace", "CustomResourceDefinition"}:
        metadata["namespace"] = draw(st.sampled_from(("n", "x")))
    metadata["uid"] = f"{kind}/{metadata.get('namespace')}/{metadata['name']}"
    sort = draw(st.sampled_from(("plain", "plain", "plain", "inherited", "copied", "leaving", "forced")))
    if sort == "inherited":
        metadata["ownerReferences"] = [{"kind": "Other", "uid": "o", "controller": True}]
    if sort == "copied":
        metadata["managedFields"] = [{"manager": "kubectl", "operation": "Apply"}]
    if sort == "leaving":
        metadata["deletionTimestamp"] = "2024-01-01T00:00:00Z"
    if sort == "forced":
        annotations: dict[str, JsonValue] = {**metadata["annotations"], "sro.openshift.io/prune": "force"}  # type: ignore[dict-item]
        metadata["annotations"] = annotations
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Most of them let something go: where all stands still no law is put to the test."""
    found = draw(st.lists(objects(), min_size=6, max_size=14, unique_by=object_id))
    sets: dict[str, list[Member]] = {}
    kept: dict[str, list[BundleObject]] = {}
    for live in found:
        owner = draw(st.sampled_from(("a", "a", "a", "removed", "removed", *RESOURCES)))
        sets.setdefault(owner, []).append(Member(resource=owner, live=live))
        if draw(st.sampled_from((False, False, False, True))):
            wanting = draw(st.sampled_from(RESOURCES[:3]))
            kept.setdefault(wanting, []).append(BundleObject(id=object_id(live), manifest=live, file=""))
    resources = tuple(
        BundleResource(
            name=name,
            namespace="n",
            states=tuple(
                BundleState(name=state, objects=tuple(kept.get(name, ())))
                for state in STATES
                if state != "2000-gone"
            ),
        )
        for name in RESOURCES[:3]
    )
    two = {"k1": ("n1",), "k2": ("n2",)}
    kernels = draw(st.sampled_from((two, two, two, {"k1": ("n1",)}, {})))
    nodes = draw(st.sampled_from((("k1",), ("k3",), ("k2", "k1"), ("k1", "k1", "k3"), ())))
    return Situation(
        bundle=RenderedBundle(cluster="c", resources=resources, kernels=kernels, removed=("removed",)),
        sets=tuple(LiveSet(resource=name, parent={}, members=tuple(each)) for name, each in sets.items()),
        keep=frozenset(key_of(each.id) for some in kept.values() for each in some),
        nodes=tuple(SeenNode(name=f"n{index}", kernel=kernel) for index, kernel in enumerate(nodes)),
        ready=frozenset(RESOURCES) - draw(st.sets(st.sampled_from(RESOURCES), max_size=2)),
        limit=draw(st.sampled_from((1.0, 1.0, 0.5, 0.0))),
    )


def uid_of(live: JsonObject) -> str:
    return str(live["metadata"]["uid"])  # type: ignore[index,call-overload]


def doomed_of(plan: PrunePlan) -> list[Member]:
    return [each.member for each in plan.doomed]


@given(situations())
def test_nothing_goes_that_is_in_no_set_or_in_the_bundle_or_made_by_a_controller(
    situation: Situation,
) -> None:
    members = {each.uid: each for one in situation.sets for each in one.members}
    for each in doomed_of(plan_prune(situation)):
        assert members[each.uid] == each
        assert key_of(each.id) not in situation.keep
        assert each.is_ours
        assert not each.is_leaving


@given(situations())
def test_every_stale_object_goes_or_stays_with_a_reason(situation: Situation) -> None:
    plan = plan_prune(situation)
    stopped = {each.specialresource for each in plan.stopped}
    told = {each.uid for each in doomed_of(plan)}
    kept = {(each.specialresource, each.object) for each in plan.kept}
    for one in situation.sets:
        for each in one.members:
            is_stale = key_of(each.id) not in situation.keep and each.is_ours
            is_told = each.uid in told or (each.resource, str(each.id)) in kept or each.resource in stopped
            assert is_told or not is_stale


@given(situations())
def test_what_the_guards_name_stays(situation: Situation) -> None:
    running = {node.kernel for node in situation.nodes}
    for each in doomed_of(plan_prune(situation)):
        assert each.id.kind != "CustomResourceDefinition"
        if each.resource == "removed":
            continue
        assert each.resource in {"_shared", "a", "b"}
        assert situation.bundle.kernels
        assert situation.nodes
        assert each.id.kind != "PersistentVolumeClaim"
        assert each.is_forced or each.id.kind != "DaemonSet" or each.kernel not in running
        assert each.resource in situation.ready or (each.kernel and each.kernel not in running)


@given(situations())
def test_no_more_goes_of_a_set_than_its_share(situation: Situation) -> None:
    doomed = doomed_of(plan_prune(situation))
    for one in situation.sets:
        going = sum(each.resource == one.resource for each in doomed)
        own = sum(each.is_ours for each in one.members)
        assert going <= LEAST_FOR_SHARE or going <= situation.limit * own or one.resource == "removed"


@given(situations())
def test_what_was_applied_last_goes_first_and_namespaces_go_last(situation: Situation) -> None:
    doomed = doomed_of(plan_prune(situation))
    order = {name: index for index, name in enumerate(STATES)}
    for earlier, later in pairwise(doomed):
        if later.id.kind == "Namespace" or earlier.id.kind == "Namespace":
            assert later.id.kind == "Namespace"
        elif earlier.resource == later.resource:
            assert order[earlier.state] >= order[later.state]


@given(situations(), st.randoms(use_true_random=False))
def test_the_order_in_which_a_server_lists_does_not_matter(situation: Situation, chance: object) -> None:
    def shuffled(one: LiveSet) -> LiveSet:
        members = list(one.members)
        chance.shuffle(members)  # type: ignore[attr-defined]
        return LiveSet(resource=one.resource, parent=one.parent, members=tuple(members))

    other = Situation(
        bundle=situation.bundle,
        sets=tuple(map(shuffled, reversed(situation.sets))),
        keep=situation.keep,
        nodes=tuple(reversed(situation.nodes)),
        ready=situation.ready,
        limit=situation.limit,
    )
    assert plan_prune(other) == plan_prune(situation)


@given(situations(), st.lists(objects(), max_size=4))
def test_a_namespace_goes_only_if_all_that_is_in_it_goes_or_belongs_to_that(
    situation: Situation, others: list[JsonObject]
) -> None:
    plan = plan_prune(situation)
    members = [each.live for one in situation.sets for each in one.members]
    inside = {
        name: Contents(
            objects=tuple(each for each in (*members, *others) if object_id(each).namespace == name)
        )
        for name in "vwxyz"
    }
    held = hold_namespaces(plan, lambda _: inside, own="n")
    gone = {each.uid for each in doomed_of(plan)}
    for each in doomed_of(held):
        if each.id.kind == "Namespace":
            for live in inside[each.id.name].objects:
                assert uid_of(live) in gone or "deletionTimestamp" in live["metadata"]  # type: ignore[operator]
    assert [each for each in held.doomed if each.member.id.kind != "Namespace"] == [
        each for each in plan.doomed if each.member.id.kind != "Namespace"
    ]


@given(situations())
def test_the_end_of_an_sr_leaves_only_definitions_and_what_is_on_its_way(situation: Situation) -> None:
    for one in situation.sets:
        plan = plan_prune(end_of(one))
        gone = {each.uid for each in doomed_of(plan)}
        for each in one.members:
            stays = not each.is_ours or each.is_leaving or each.id.kind == "CustomResourceDefinition"
            assert (each.uid in gone) is not stays
        assert not plan.stopped


@given(situations())
def test_of_a_removed_sr_one_state_goes_after_the_other_and_all_of_it_in_the_end(
    situation: Situation,
) -> None:
    order = {name: index for index, name in enumerate(STATES)}
    whole = plan_prune(situation)
    gone: list[Member] = []
    for _ in range(len(STATES) + 2):
        wave = first_wave(plan_prune(situation), situation)
        going = [*doomed_of(wave), *wave.awaited]
        removed = [each for each in going if each.resource == "removed"]
        assert len({"" if each.id.kind == "Namespace" else each.state for each in removed}) <= 1
        for each in wave.later:
            assert each.member.resource == "removed"
            is_last = each.member.id.kind == "Namespace"
            assert removed
            assert is_last or all(order[each.member.state] < order[one.state] for one in removed)
        gone += doomed_of(wave)
        situation = without(situation, {each.uid for each in going})
    ended, meant = (
        sorted(each.uid for each in some if each.resource == "removed") for some in (gone, doomed_of(whole))
    )
    assert ended == meant


def without(situation: Situation, uids: set[str]) -> Situation:
    sets = tuple(
        LiveSet(
            resource=one.resource,
            parent=one.parent,
            members=tuple(each for each in one.members if each.uid not in uids),
        )
        for one in situation.sets
    )
    return structs.replace(situation, sets=sets)
