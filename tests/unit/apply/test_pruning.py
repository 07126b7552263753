"""What pruning does where requests fail, and its smaller rules: strangers, reasons, the lines of its events.

Matrix: a deletion that meets a changed object, a busy server and a refusal, once and for good; a Namespace over an
object that could not go; states of a removed SR that wait for each other; labels that cannot be taken; a namespace
that has gone with the rights in it; a loop that says nothing twice; who is a stranger; why an object is still there;
each event as a line. Left out: plans (tests/laws), and what a real server does
(tests/cluster).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from kube_double import Double, FastClock, Fault, lacking

from sro_apply.config import SyncSettings
from sro_apply.controller.run import Pruning
from sro_apply.events import Cleared, Delayed, Event, Kept, Leaving, Pruned, PruneStopped
from sro_apply.insisting import insisting
from sro_apply.kube.errors import PermanentError, TransientError
from sro_apply.kube.interface import Kind, Propagation, Served
from sro_apply.planning.applyset import PART_OF, parent_id, parent_manifest, set_id
from sro_apply.planning.leaving import leaving_reason
from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.picture import SeenNode
from sro_apply.planning.prune import Doomed, PrunePlan, nodes_of_driver
from sro_apply.planning.sets import Member
from sro_apply.planning.strangers import Contents, hold_namespaces, strangers_of
from sro_apply.pruning.deleting import Deleter
from sro_apply.pruning.pruner import PruneOutcome, Pruner
from sro_apply.pruning.remover import Remover
from sro_apply.reporting.logs import text_line
from sro_apply.runner import Runner
from sro_apply.set_reading import SetReader
from sro_render.errors import Finding
from sro_render.model.objects import JsonObject, ObjectId, mapping_of, object_id

Object = dict[str, Any]
SET = set_id(parent_id("sr", "ops"))


class Sets(Double):
    """A double that knows the selectors of sets."""

    def list(
        self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[JsonObject]:
        found = super().list(kind, namespace, labels=labels, fields=fields)
        key = labels.partition(" ")[0]
        return [each for each in found if not key or key in labels_of(each)]


class Elsewhere(Sets):
    """One with the set of an SR, whose namespace lets nobody list."""

    def __init__(self, namespace: str, refused: Exception, *, is_gone: bool) -> None:
        super().__init__(lambda *_: None)
        self._namespace, self._refused = namespace, refused
        self.objects = dict(cluster(lambda *_: None).objects)
        del self.objects[STAYS.id]
        if not is_gone:
            space: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            self.objects[object_id(space)] = space

    def list(
        self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[JsonObject]:
        if namespace == self._namespace:
            raise self._refused
        return super().list(kind, namespace, labels=labels, fields=fields)


def labels_of(live: JsonObject) -> JsonObject:
    return mapping_of(mapping_of(live.get("metadata")).get("labels"))


def member(name: str, kind: str = "ConfigMap", namespace: str = "a") -> Object:
    metadata: Object = {
        "name": name,
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "labels": {PART_OF: SET},
        "managedFields": [{"manager": "sro-apply", "operation": "Apply"}],
    }
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


STAYS = BundleObject(id=object_id(member("stays")), manifest=member("stays"), file="stays")
RESOURCE = BundleResource(name="sr", namespace="a", states=(BundleState(name="0000-x", objects=(STAYS,)),))
BUNDLE = RenderedBundle(cluster="c", resources=(RESOURCE,), kernels={"k": ("n",)})


def cluster(fault: Fault, *members: Object, resource: BundleResource = RESOURCE) -> Sets:
    double = Sets(fault)
    names = BundleObject(id=object_id(member("x", "Namespace", "")), manifest={}, file="x")
    wide = BundleResource(
        name=resource.name, namespace="a", states=(BundleState(name="0000-x", objects=(STAYS, names)),)
    )
    node: JsonObject = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n"},
        "status": {"nodeInfo": {"kernelVersion": "k"}},
    }
    for each in (parent_manifest(wide, "ops", "1", None), node, STAYS.manifest, *members):
        double.objects[object_id(each)] = each
    return double


def prune(
    double: Sets,
    bundle: RenderedBundle = BUNDLE,
    faults: Sequence[Finding] = (),
    events: list[Event] | None = None,
    **more: Any,
) -> tuple[PruneOutcome, list[Event], float]:
    told: list[Event] = [] if events is None else events
    clock = FastClock()
    chosen: dict[str, Any] = {"namespace": "ops", "version": "1", "timeout_s": 60.0, **more}
    pruner = Pruner(
        double,
        bundle,
        SyncSettings(**chosen),
        wanted=lambda _, each: each.manifest,
        tell=told.append,
        clock=clock,
        unlabel=lambda _: faults,
    )
    return pruner.prune(frozenset({"sr"})), told, clock.time


class Preconditions(Sets):
    """A double that notes which object each deletion means, and what of it goes first."""

    def __init__(self, *members: Object) -> None:
        super().__init__(lambda *_: None)
        self.objects = cluster(lambda *_: None, *members).objects
        self.asked: list[tuple[str, str, str, Propagation, bool]] = []

    def delete(
        self,
        identity: ObjectId,
        *,
        uid: str,
        propagation: Propagation,
        resource_version: str = "",
        dry_run: bool = False,
    ) -> None:
        self.asked.append((identity.name, uid, resource_version, propagation, dry_run))
        super().delete(
            identity, uid=uid, propagation=propagation, resource_version=resource_version, dry_run=dry_run
        )


BACKGROUND, FOREGROUND = Propagation.BACKGROUND, Propagation.FOREGROUND


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_a_deletion_means_the_very_object_that_was_decided_about(is_dry_run: bool) -> None:
    double = Preconditions(member("old"))
    outcome, events, _ = prune(double, is_dry_run=is_dry_run)
    assert double.asked == [("old", "uid-old", "1", BACKGROUND, is_dry_run)]
    (told,) = (each for each in events if isinstance(each, Pruned))
    assert told.is_dry_run is outcome.cleared.is_dry_run is is_dry_run
    assert (outcome.cleared.pruned, outcome.cleared.leaving) == (1, 0)
    assert gone(double) == ([] if is_dry_run else ["old"])


def test_what_has_pods_is_there_until_they_are_gone_where_something_may_stand_on_them() -> None:
    """Foreground deletion keeps an owner until its dependents are gone: only so can the driver below wait."""
    driver = {**member("driver", "DaemonSet"), "apiVersion": "apps/v1"}
    double = Preconditions(driver, member("old"))
    state = BundleState(
        name="x",
        objects=tuple(
            BundleObject(id=object_id(each), manifest={}, file="x") for each in (driver, STAYS.manifest)
        ),
    )
    parent = parent_manifest(BundleResource(name="sr", namespace="a", states=(state,)), "ops", "1", None)
    double.objects[parent_id("sr", "ops")] = parent
    del double.objects[STAYS.id]

    prune(double, REMOVED)

    how = {name: (uid, propagation) for name, uid, _, propagation, _ in double.asked}
    assert how == {
        "driver": ("uid-driver", FOREGROUND),
        "old": ("uid-old", BACKGROUND),
        "sro-apply-sr": ("", BACKGROUND),  # the double gives no uid to what it is given
    }


def test_what_has_the_name_of_a_deleted_object_is_not_waited_for() -> None:
    """Somebody has made it anew: it is another one, which nobody deletes."""
    double = cluster(lambda *_: None, member("old"))
    deleter = Deleter(double, lambda _: None, FastClock(), is_dry_run=False)
    (old,) = (Member(resource="sr", live=live) for key, live in double.objects.items() if key.name == "old")
    double.objects[old.id] = {**member("old"), "metadata": {**member("old")["metadata"], "uid": "another"}}
    assert deleter.await_end([old], limit_s=60, patience_s=60) == ()


@pytest.mark.parametrize(
    ("finalizers", "waited"),
    [
        (["foregroundDeletion"], 60),
        (["orphan"], 60),
        (["example.com/x"], 5),
        # Both must let go, and one of them is somebody's.
        (["example.com/x", "foregroundDeletion"], 5),
    ],
)
def test_what_only_others_can_let_go_is_waited_for_a_while_and_what_goes_by_itself_for_longer(
    finalizers: list[str], waited: float
) -> None:
    clock, told = FastClock(), list[Event]()
    live = member("old")
    live["metadata"] |= {"deletionTimestamp": "t", "finalizers": finalizers}
    double = cluster(lambda *_: None, live)
    deleter = Deleter(double, told.append, clock, is_dry_run=False)
    (kept,) = deleter.await_end([Member(resource="sr", live=live)], limit_s=60, patience_s=5)
    assert clock.time == waited
    assert (kept.object, kept.reason) == ("ConfigMap/a/old", leaving_reason(live))
    assert [type(each) for each in told] == [Leaving]  # once, however often it is looked at


def test_what_a_server_refuses_is_told_with_its_words_or_with_who_it_may_be() -> None:
    refused = PermanentError("server-refused", "delete ConfigMap/a/old: not on a weekday")
    for hint, said in (
        ("", "see who refuses it, a webhook or a missing right: the message names it"),
        ("wait", "wait"),
    ):
        refused.finding = Finding(code="server-refused", message="no: not on a weekday", hint=hint)
        outcome, events, time = prune(cluster(times(99, refused, "old"), member("old"), member("z")))
        assert (outcome.was_refused, outcome.is_complete, time) == (True, False, 0)
        assert [each for each in events if isinstance(each, Kept)] == [
            Kept(specialresource="sr", object="ConfigMap/a/old", reason="no: not on a weekday", hint=said)
        ]
        assert [each.object for each in events if isinstance(each, Pruned)] == ["ConfigMap/a/z"]


def times(count: int, fault: Exception, name: str) -> Fault:
    left = [count]

    def ask(method: str, about: str) -> Exception | None:
        if (method, about) != ("delete", name) or not left[0]:
            return None
        left[0] -= 1
        return fault

    return ask


def changed() -> PermanentError:
    error = PermanentError("server-conflict", "delete ConfigMap/a/old: the object has been modified")
    error.status = 409
    return error


def busy() -> TransientError:
    return TransientError("server-busy", "delete ConfigMap/a/old: too many requests")


@pytest.mark.parametrize("fault", [changed(), busy()], ids=["changed", "busy"])
def test_what_cannot_go_for_a_moment_is_looked_at_again_and_goes(fault: Exception) -> None:
    outcome, events, time = prune(cluster(times(2, fault, "old"), member("old")))
    assert outcome.is_complete
    assert [type(each) for each in events] == [Pruned, Cleared]
    assert time == 3


def pruner_of(double: Sets, told: list[Event], clock: FastClock, bundle: RenderedBundle = BUNDLE) -> Pruner:
    return Pruner(
        double,
        bundle,
        SyncSettings(namespace="ops", version="1", timeout_s=60.0),
        wanted=lambda _, each: each.manifest,
        tell=told.append,
        clock=clock,
        unlabel=lambda _: (),
    )


@pytest.mark.parametrize(
    ("place", "pauses"),
    [
        (("list", "ConfigMap"), [1, 2]),
        (("list", "Node"), [1, 2]),
        (("get", "old"), [1]),  # it has gone: nobody asks again
        (("apply", "sro-apply-sr"), [1, 2]),
    ],
)
def test_a_sync_that_cannot_read_or_write_for_a_moment_prunes_once_it_can(
    place: tuple[str, str], pauses: list[float]
) -> None:
    left = [2]

    def fault(method: str, about: str) -> Exception | None:
        if (method, about) != place or not left[0]:
            return None
        left[0] -= 1
        return busy()

    double, told, clock = cluster(fault, member("old")), list[Event](), FastClock()
    pruner = pruner_of(double, told, clock)
    outcome = insisting(lambda: pruner.prune(frozenset({"sr"})), told.append, clock, 60.0)
    assert outcome.is_complete
    assert gone(double) == ["old"]
    assert [each.retry_s for each in told if isinstance(each, Delayed)] == pauses
    assert clock.time == sum(pauses)


@pytest.mark.parametrize("retry_after_s", [None, 0.0])
def test_a_server_that_stays_busy_is_told_when_the_time_is_over(retry_after_s: float | None) -> None:
    fault = busy()
    fault.retry_after_s = retry_after_s
    double = cluster(lambda method, _: fault if method == "list" else None, member("old"))
    clock = FastClock()
    pruner = pruner_of(double, [], clock)
    with pytest.raises(TransientError):
        insisting(lambda: pruner.prune(frozenset({"sr"})), lambda _: None, clock, 10.0)
    assert clock.time == 7
    assert gone(double) == []


@pytest.mark.parametrize(
    ("fault", "reason", "hint"),
    [
        (changed(), "it has changed meanwhile", "sync again"),
        (busy(), "delete ConfigMap/a/old: too many requests", "it is tried again with the next sync"),
    ],
    ids=["changed", "busy"],
)
def test_what_cannot_go_for_long_stays_with_a_reason_and_takes_no_namespace_along(
    fault: Exception, reason: str, hint: str
) -> None:
    double = cluster(
        times(99, fault, "old"),
        member("old", namespace="z"),
        member("other", namespace="z"),
        member("z", "Namespace", ""),
    )
    state = BundleState(
        name="0000-x",
        objects=tuple(
            BundleObject(id=object_id(each), manifest={}, file="x")
            for each in (STAYS.manifest, member("old", namespace="z"), member("z", "Namespace", ""))
        ),
    )
    resource = BundleResource(name="sr", namespace="a", states=(state,))
    double.objects[parent_id("sr", "ops")] = parent_manifest(resource, "ops", "1", None)
    outcome, events, time = prune(double)
    assert (outcome.is_complete, outcome.was_refused) == (False, False)
    assert time == 7
    assert [each for each in events if isinstance(each, Kept)] == [
        Kept(specialresource="sr", object="ConfigMap/z/old", reason=reason, hint=hint),
        Kept(
            specialresource="sr",
            object="Namespace/z",
            reason="ConfigMap/z/old is in it, which could not be deleted",
        ),
    ]
    assert "-other" in double.writes
    assert "-z" not in double.writes


def in_state(state: str, made: Object) -> Object:
    made["metadata"]["annotations"] = {"sro.openshift.io/state": state}
    return made


def gone(double: Double) -> list[str]:
    return [each[1:] for each in double.writes if each.startswith("-")]


REMOVED = RenderedBundle(cluster="c", resources=(), removed=("sr",))


def test_of_a_removed_sr_what_cannot_go_keeps_what_was_applied_before_it() -> None:
    double = cluster(
        times(99, changed(), "old"),
        in_state("1000-y", member("old")),
        in_state("1000-y", member("beside")),
        in_state("0000-x", member("under")),
    )
    del double.objects[STAYS.id]
    outcome, events, _ = prune(double, REMOVED)
    assert not outcome.is_complete
    assert [each.object for each in events if isinstance(each, Kept)] == ["ConfigMap/a/old"]
    assert gone(double) == ["beside"]
    assert parent_id("sr", "ops") in double.objects
    double.fault = lambda *_: None
    outcome, events, _ = prune(double, REMOVED)
    assert outcome.is_complete
    assert gone(double) == ["beside", "old", "under", "sro-apply-sr"]


class Holding(Sets):
    """A cluster where something of deleted objects is left until it is let go: pods, or what a finalizer guards."""

    def __init__(self, *held: str, finalizer: str = "foregroundDeletion") -> None:
        super().__init__(lambda *_: None)
        self.held, self.finalizer = {*held}, finalizer

    def delete(self, identity: ObjectId, **more: Any) -> None:
        if identity.name not in self.held:
            super().delete(identity, **more)
            return
        live: Any = self.objects[identity]
        metadata = {**live["metadata"], "deletionTimestamp": "t", "finalizers": [self.finalizer]}
        self.objects[identity] = {**live, "metadata": metadata}

    def let_go(self, name: str) -> None:
        self.objects = {key: each for key, each in self.objects.items() if key.name != name}


def holding(held: str, **more: str) -> Holding:
    double = Holding(held, **more)
    made = cluster(
        lambda *_: None,
        in_state("1000-y", member(held)),
        in_state("0000-x", member("under")),
        member("a", "Namespace", ""),
    )
    double.objects = {key: each for key, each in made.objects.items() if key != STAYS.id}
    return double


def test_what_it_took_to_read_the_sets_is_part_of_the_time_that_a_pruning_has() -> None:
    double, clock, told = holding("last"), FastClock(), list[Event]()
    fault = busy()
    fault.retry_after_s = 20.0
    left = [fault, fault]
    double.fault = lambda method, _: left.pop() if method == "list" and left else None
    pruner = pruner_of(double, told, clock, REMOVED)
    outcome = insisting(lambda: pruner.prune(frozenset()), told.append, clock, 60.0)
    assert not outcome.is_complete
    assert clock.time == 60


@pytest.mark.parametrize("limits", [{"wait_s": 30.0}, {"timeout_s": 30.0}])
def test_a_sync_waits_for_each_state_of_a_removed_sr_to_be_gone(limits: dict[str, Any]) -> None:
    double = holding("last")
    outcome, events, time = prune(double, REMOVED, **limits)
    assert (outcome.is_complete, time) == (False, 30.0)
    assert gone(double) == []
    waiting = "it is being deleted, and waits for what belongs to it to go first"
    assert [(each.object, each.reason) for each in events if isinstance(each, Leaving | Kept)] == [
        ("ConfigMap/a/last", waiting)
    ] * 2
    double.let_go("last")
    outcome, _, _ = prune(double, REMOVED)
    assert outcome.is_complete
    assert gone(double) == ["under", "a", "sro-apply-sr"]


def test_whoever_takes_a_finalizer_from_what_is_removed_is_given_the_time_before_it_goes_itself() -> None:
    double = holding("last", finalizer="example.com/operator")
    outcome, _, time = prune(double, REMOVED, wait_s=30.0)
    assert (outcome.is_complete, time, gone(double)) == (False, 30.0, [])


def test_a_removed_sr_that_is_held_up_holds_up_no_other() -> None:
    double = holding("last")
    other = {**parent_manifest(RESOURCE, "ops", "1", None)}
    other_set = set_id(parent_id("other", "ops"))
    identity = parent_id("other", "ops")
    other["metadata"] = {
        **mapping_of(other["metadata"]),
        "name": identity.name,
        "labels": {"applyset.kubernetes.io/id": other_set},
    }
    double.objects[identity] = other
    for state, name in (("1000-y", "b2"), ("0000-x", "b1")):
        made = in_state(state, member(name))
        made["metadata"]["labels"] = {PART_OF: other_set}
        double.objects[object_id(made)] = made
    bundle = RenderedBundle(cluster="c", resources=(), removed=("other", "sr"))
    outcome, _, _ = prune(double, bundle, wait_s=30.0)
    assert not outcome.is_complete
    assert gone(double) == ["b2", "b1", "sro-apply-other"]


def test_a_loop_comes_back_for_the_states_of_a_removed_sr_and_waits_for_none() -> None:
    double, events, clock = holding("last"), list[Event](), FastClock()
    settings = SyncSettings(namespace="ops", version="1", timeout_s=math.inf, is_continuous=True)
    runner = Runner(double, REMOVED, settings, lambda _: None, clock)
    pruning = Pruning(double, REMOVED, settings, runner, events.append, clock)
    for _ in range(3):
        pruning.go_on(runner.picture())
        assert 0 < pruning.next_try_s() <= 5
        clock.sleep(pruning.next_try_s())
    assert gone(double) == []
    assert [type(each) for each in events] == [Pruned, Leaving, Kept, Cleared]
    double.let_go("last")
    pruning.go_on(runner.picture())
    assert gone(double) == ["under", "a", "sro-apply-sr"]


def with_two_namespaces() -> Sets:
    """Of a removed SR, which has them in two states; a stranger is in the one that was applied last."""
    stranger = member("stranger", namespace="z")
    del stranger["metadata"]["labels"][PART_OF]
    double = cluster(
        lambda *_: None,
        in_state("namespace", member("a", "Namespace", "")),
        in_state("1000-y", member("z", "Namespace", "")),
        stranger,
    )
    del double.objects[STAYS.id]
    return double


def test_a_namespace_that_strangers_hold_holds_up_no_other() -> None:
    double = with_two_namespaces()
    outcome, events, time = prune(double, REMOVED)
    assert (outcome.is_complete, time) == (True, 0)
    assert [each.object for each in events if isinstance(each, Kept)] == ["Namespace/z"]
    assert gone(double) == ["a"]


def test_nor_does_it_where_the_sr_is_deleted() -> None:
    double = with_two_namespaces()
    outcome = Remover(double, "ops", lambda _: None, FastClock()).remove("sr", 60.0, lambda _: ())
    assert not outcome.is_complete
    assert gone(double) == ["a"]


def test_a_namespace_that_strangers_hold_is_no_end_and_the_same_command_comes_back_for_it() -> None:
    double = holding("last")
    double.held.clear()
    stranger = member("stranger")
    del stranger["metadata"]["labels"][PART_OF]
    double.objects[object_id(stranger)] = stranger
    remover = Remover(double, "ops", lambda _: None, FastClock())
    assert remover.plan("sr").held == ("a",)
    assert not remover.rehearse(remover.plan("sr")).is_complete

    first = remover.remove("sr", 60.0, lambda _: ())

    assert (first.is_complete, first.was_refused, first.cleared.kept) == (False, False, 1)
    assert gone(double) == ["last", "under"]
    del double.objects[object_id(stranger)]
    assert remover.remove("sr", 60.0, lambda _: ()).is_complete
    assert gone(double) == ["last", "under", "a", "sro-apply-sr"]


def test_a_removed_sr_whose_labels_cannot_be_taken_keeps_its_parent() -> None:
    double, bundle = cluster(lambda *_: None, member("old")), REMOVED
    fault = Finding(code="server-forbidden", message="apply Node/n: you may not", hint="ask somebody")
    _, events, _ = prune(double, bundle, [fault])
    assert "-old" in double.writes
    assert [each for each in events if isinstance(each, Kept)] == [
        Kept(
            specialresource="sr",
            object="ConfigMap/ops/sro-apply-sr",
            reason="labels of its states are left on nodes: apply Node/n: you may not",
            hint="ask somebody",
        )
    ]
    assert parent_id("sr", "ops") in double.objects
    prune(double, bundle)
    assert parent_id("sr", "ops") not in double.objects


@pytest.mark.parametrize("is_gone", [True, False], ids=["gone", "there"])
def test_members_in_a_namespace_that_has_gone_have_gone_with_the_right_to_list_them(is_gone: bool) -> None:
    refused = lacking("read ConfigMap/a/", "list", "configmaps", "a")
    double = Elsewhere("a", refused, is_gone=is_gone)
    bundle = RenderedBundle(cluster="c", resources=(), removed=("sr",))
    if is_gone:
        assert prune(double, bundle)[0].is_complete
    else:
        with pytest.raises(PermanentError, match=r"verbs: \[list\], namespace a\b"):
            prune(double, bundle)
    assert (parent_id("sr", "ops") in double.objects) is not is_gone


@pytest.mark.parametrize(
    ("name", "has_member", "stays"),
    [("_shared", False, False), ("_shared", True, True), ("another", False, True)],
    ids=["nothing shared", "something shared once", "another bundle's"],
)
def test_what_says_what_is_shared_goes_when_nothing_is_any_more(
    name: str, *, has_member: bool, stays: bool
) -> None:
    left = member("left")
    left["metadata"]["labels"] = {PART_OF: set_id(parent_id(name, "ops"))}
    double = cluster(lambda *_: None, *([left] if has_member else []))
    state = BundleState(name="0000-x", objects=(BundleObject(id=object_id(left), manifest={}, file="x"),))
    before = BundleResource(name=name, namespace="a", states=(state,))
    double.objects[parent_id(name, "ops")] = parent_manifest(before, "ops", "1", None)
    outcome, events, _ = prune(double)
    assert outcome.is_complete
    assert (parent_id(name, "ops") in double.objects, object_id(left) in double.objects) == (
        stays,
        has_member,
    )
    assert [each.code for each in events if isinstance(each, PruneStopped)] == ["unknown-set"] * has_member


def test_who_may_not_delete_what_says_what_was_shared_is_told_how_and_has_pruned_all_the_same() -> None:
    """The rights of a bundle that shares nothing have nothing of it."""
    name = "sro-apply--shared"
    refused = lacking(f"delete ConfigMap/ops/{name}", "delete", "configmaps", "ops")
    double = cluster(lambda method, about: refused if (method, about) == ("delete", name) else None)
    before = BundleResource(name="_shared", namespace="", states=())
    double.objects[parent_id("_shared", "ops")] = parent_manifest(before, "ops", "1", None)
    outcome, events, _ = prune(double)
    assert (outcome.is_complete, outcome.was_refused) == (True, False)
    assert [each for each in events if isinstance(each, Kept)] == [
        Kept(
            specialresource="_shared",
            object=f"ConfigMap/ops/{name}",
            reason="several SpecialResources share nothing any more, and we may not delete it",
            hint=f"nobody needs it: kubectl delete -n ops configmap {name}",
        )
    ]


@pytest.mark.parametrize(
    ("came_to", "is_complete"),
    [
        ({}, True),
        # What stays by a rule is told, and nothing is left to do.
        ({"cleared": Cleared(pruned=1, kept=3, leaving=0)}, True),
        ({"stopped": ("unknown-set",)}, True),
        ({"stopped": ("unknown-set", "prune-limit")}, False),
        ({"stopped": ("empty-bundle",)}, False),
        ({"was_refused": True}, False),
        ({"is_unsure": True}, False),
        ({"cleared": Cleared(pruned=1, kept=0, leaving=1)}, False),
    ],
)
def test_pruning_is_complete_when_it_has_nothing_to_come_back_for(came_to: Any, is_complete: bool) -> None:
    nothing = Cleared(pruned=0, kept=0, leaving=0)
    assert PruneOutcome(**{"cleared": nothing, **came_to}).is_complete is is_complete


def test_what_stays_is_counted_whether_by_a_rule_or_by_the_server() -> None:
    claim = member("data", "PersistentVolumeClaim")
    double = cluster(times(99, busy(), "old"), member("old"), member("new"), claim)
    objects = tuple(
        BundleObject(id=object_id(each), manifest={}, file="x") for each in (claim, STAYS.manifest)
    )
    home = BundleResource(name="sr", namespace="a", states=(BundleState(name="x", objects=objects),))
    double.objects[parent_id("sr", "ops")] = parent_manifest(home, "ops", "1", None)
    outcome, events, _ = prune(double)
    assert outcome.cleared == Cleared(pruned=1, kept=2, leaving=0)
    assert events[-1] == outcome.cleared


def test_a_definition_of_a_removed_sr_stays_and_nobody_comes_back_for_it() -> None:
    definition = {
        **member("things.example.com", "CustomResourceDefinition", ""),
        "apiVersion": "apiextensions.k8s.io/v1",
    }

    class Wide(Sets):
        def is_namespaced(self, kind: Kind) -> bool:
            return kind.name not in {"Namespace", "CustomResourceDefinition"}

    double = Wide(lambda *_: None)
    double.objects = cluster(lambda *_: None, definition, member("old")).objects
    del double.objects[STAYS.id]
    objects = tuple(
        BundleObject(id=object_id(each), manifest={}, file="x") for each in (definition, member("old"))
    )
    home = BundleResource(name="sr", namespace="a", states=(BundleState(name="x", objects=objects),))
    double.objects[parent_id("sr", "ops")] = parent_manifest(home, "ops", "1", None)

    outcome, events, _ = prune(double, REMOVED)

    assert [each.object for each in events if isinstance(each, Kept)] == [
        "CustomResourceDefinition/things.example.com"
    ]
    assert gone(double) == ["old", "sro-apply-sr"]
    assert outcome.is_complete


@pytest.mark.parametrize(
    ("fault", "was_refused"),
    [(PermanentError("server-refused", "delete: no"), True), (changed(), False), (busy(), False)],
    ids=["refused", "changed", "busy"],
)
def test_what_delete_cannot_get_rid_of_is_told_by_rehearsal_and_by_the_deed(
    fault: Exception, was_refused: bool
) -> None:
    told: list[Event] = []
    double = cluster(times(99, fault, "old"), member("old"))
    remover = Remover(double, "ops", told.append, FastClock())
    rehearsed = remover.rehearse(remover.plan("sr"))
    assert gone(double) == []
    assert (rehearsed.was_refused, rehearsed.is_complete) == (was_refused, False)
    assert rehearsed.cleared == Cleared(pruned=1, kept=1, leaving=0, is_dry_run=True)

    done = remover.remove("sr", 60.0, lambda _: ())

    assert (done.was_refused, done.is_complete) == (was_refused, False)
    assert done.cleared == Cleared(pruned=1, kept=1, leaving=0)
    assert gone(double) == ["stays"]
    assert parent_id("sr", "ops") in double.objects
    assert [each.object for each in told if isinstance(each, Kept)] == ["ConfigMap/a/old"] * 2


def test_a_loop_does_not_wait_and_says_nothing_twice() -> None:
    double = cluster(times(99, busy(), "old"), member("old"))
    events: list[Event] = []
    clock = FastClock()
    settings = SyncSettings(namespace="ops", version="1", timeout_s=math.inf, is_continuous=True)
    pruner = Pruner(
        double,
        BUNDLE,
        settings,
        wanted=lambda _, each: each.manifest,
        tell=events.append,
        clock=clock,
        unlabel=lambda _: (),
    )
    for _ in range(3):
        assert not pruner.prune(frozenset({"sr"})).is_complete
    assert [type(each) for each in events] == [Kept]
    assert clock.time == 0
    double.fault = lambda *_: None
    assert pruner.prune(frozenset({"sr"})).is_complete
    assert [type(each) for each in events] == [Kept, Pruned, Cleared]


def test_a_loop_sees_after_a_while_that_what_was_kept_may_go() -> None:
    """As a driver whose kernel runs, once somebody has said that it may."""
    driver = {**member("driver", "DaemonSet"), "apiVersion": "apps/v1"}
    driver["metadata"] = {**driver["metadata"], "annotations": {"sro.openshift.io/kernel": "k"}}
    double, clock = cluster(lambda *_: None, driver), FastClock()
    space = BundleObject(id=object_id(driver), manifest={}, file="x")
    wide = BundleState(name="0000-x", objects=(STAYS, space))
    parent = parent_manifest(BundleResource(name="sr", namespace="a", states=(wide,)), "ops", "1", None)
    double.objects[parent_id("sr", "ops")] = parent
    events: list[Event] = []
    settings = SyncSettings(namespace="ops", version="1", timeout_s=math.inf, is_continuous=True)
    runner = Runner(double, BUNDLE, settings, lambda _: None, clock)
    runner.begin()
    runner.round()
    pruning = Pruning(double, BUNDLE, settings, runner, events.append, clock)
    pruning.go_on(runner.picture())
    assert [type(each) for each in events] == [Kept]
    driver["metadata"]["annotations"]["sro.openshift.io/prune"] = "force"

    pruning.go_on(runner.picture())
    assert [type(each) for each in events] == [Kept]
    clock.sleep(pruning.next_try_s())
    pruning.go_on(runner.picture())

    assert [type(each) for each in events] == [Kept, Pruned, Cleared]


LABEL = "feature.node.kubernetes.io/kernel-version.full"


def affine(operator: str, *values: str) -> Object:
    line = {"key": LABEL, "operator": operator, "values": [*values]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [line]}]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}


@pytest.mark.parametrize(
    ("kernel", "pod", "nodes"),
    [
        ("5.1+x", {}, ("a",)),
        ("5.0", {}, ()),
        # Without the annotation, as after somebody's edit, the pods' own selectors tell.
        ("", {"nodeSelector": {LABEL: "5.1_x"}}, ("a",)),
        ("", {"nodeSelector": {LABEL: "5.1+x"}}, ("a",)),
        ("", {"nodeSelector": {LABEL: "other"}}, ("b",)),
        ("", affine("In", "5.0", "5.2"), ("b",)),
        ("", affine("In", "5.0"), ()),
        ("", affine("NotIn", "5.1_x"), ()),
        ("", {"nodeSelector": {"gpu": "yes"}}, ()),
        ("", {}, ()),
    ],
)
def test_a_driver_stays_for_every_node_that_runs_its_kernel_however_it_is_named(
    kernel: str, pod: Object, nodes: tuple[str, ...]
) -> None:
    live: JsonObject = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"annotations": {"sro.openshift.io/kernel": kernel}},
        "spec": {"template": {"spec": pod}},
    }
    # Of one that node feature discovery has not labelled yet, and of one whose label says something else.
    seen = (SeenNode(name="a", kernel="5.1+x"), SeenNode(name="b", kernel="5.2", labels={LABEL: "other"}))
    assert nodes_of_driver(Member(resource="sr", live=live), seen) == nodes


def test_the_parent_names_only_what_is_left() -> None:
    double = cluster(lambda *_: None)
    prune(double)
    parent = double.objects[parent_id("sr", "ops")]
    annotations = mapping_of(mapping_of(parent["metadata"]).get("annotations"))
    assert annotations["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap"


def thing(kind: str, name: str, *owners: Object, **metadata: Any) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "a",
            "uid": f"{kind}-{name}",
            "ownerReferences": [*owners],
            **metadata,
        },
    }


def owner(kind: str, name: str) -> Object:
    return {"kind": kind, "name": name, "uid": f"{kind}-{name}", "controller": True}


@pytest.mark.parametrize(
    ("objects", "strangers"),
    [
        ([], ()),
        (
            [
                thing("ServiceAccount", "default"),
                thing("ServiceAccount", "builder"),
                thing("ConfigMap", "kube-root-ca.crt"),
                thing("ConfigMap", "openshift-service-ca.crt"),
                thing("ServiceAccount", "deployer"),
                thing("RoleBinding", "system:deployers"),
                thing("RoleBinding", "system:image-builders"),
                thing("RoleBinding", "system:image-pullers"),
                thing("Secret", "t", annotations={"kubernetes.io/service-account.name": "default"}),
                thing("Secret", "d", annotations={"openshift.io/token-secret.name": "t"}),
                thing("Event", "e"),
            ],
            (),
        ),
        ([thing("ConfigMap", "gone")], ()),
        # Endpoints say only by their name whose they are, and for a moment without their Service by a time.
        ([thing("Endpoints", "s"), thing("Service", "s")], ("Service/a/s",)),
        (
            [
                thing(
                    "Endpoints", "s", annotations={"endpoints.kubernetes.io/last-change-trigger-time": "t"}
                ),
                thing("Endpoints", "mine"),
            ],
            ("Endpoints/a/mine",),
        ),
        # Without a time, when nothing triggered their last change: who wrote them says it then.
        (
            [
                thing("Endpoints", "s", managedFields=[{"manager": "kube-controller-manager"}]),
                thing("Endpoints", "mine", managedFields=[{"manager": "kubectl-create"}]),
                thing(
                    "Endpoints",
                    "touched",
                    managedFields=[{"manager": "kube-controller-manager"}, {"manager": "kubectl-edit"}],
                ),
                thing("ConfigMap", "other", managedFields=[{"manager": "kube-controller-manager"}]),
            ],
            ("ConfigMap/a/other", "Endpoints/a/mine", "Endpoints/a/touched"),
        ),
        # The operator lifecycle manager of OpenShift.
        (
            [
                thing("ClusterServiceVersion", "nfd", labels={"olm.copiedFrom": "openshift-nfd"}),
                thing("ClusterServiceVersion", "mine"),
            ],
            ("ClusterServiceVersion/a/mine",),
        ),
        (
            [thing("Secret", "mine"), thing("ServiceAccount", "mine")],
            ("Secret/a/mine", "ServiceAccount/a/mine"),
        ),
        # Of OpenShift's later versions, where a pull secret has no token in a Secret any more.
        (
            [
                thing(
                    "Secret",
                    "builder-dockercfg-x",
                    annotations={"openshift.io/internal-registry-auth-token.service-account": "builder"},
                )
            ],
            (),
        ),
        # What belongs to what comes by itself.
        ([thing("ServiceAccount", "builder"), thing("Secret", "s", owner("ServiceAccount", "builder"))], ()),
        # Down to the third generation, whatever the order.
        (
            [
                thing("Pod", "p", owner("ReplicaSet", "r")),
                thing("ReplicaSet", "r", owner("Deployment", "gone")),
            ],
            (),
        ),
        # One name of the wrong kind, and a kind of somebody else.
        (
            [thing("ConfigMap", "default"), thing("Secret", "kube-root-ca.crt")],
            ("ConfigMap/a/default", "Secret/a/kube-root-ca.crt"),
        ),
        (
            [
                {
                    **thing("Secret", "t", annotations={"kubernetes.io/service-account.name": "default"}),
                    "apiVersion": "example.com/v1",
                }
            ],
            ("Secret/a/t",),
        ),
        # Endpoints of a Service of Kubernetes, not of Knative's.
        (
            [thing("Endpoints", "s"), {**thing("Service", "s"), "apiVersion": "serving.knative.dev/v1"}],
            ("Endpoints/a/s", "Service/a/s"),
        ),
        # The rights that are installed for us; what only has the label of something else, or is none.
        (
            [
                {**thing(kind, name, labels={"app.kubernetes.io/name": label}), "apiVersion": f"{group}/v1"}
                for group, kind, name, label in (
                    ("rbac.authorization.k8s.io", "Role", "ours", "sro-apply"),
                    ("rbac.authorization.k8s.io", "RoleBinding", "ours", "sro-apply"),
                    ("rbac.authorization.k8s.io", "Role", "theirs", "prometheus"),
                    ("apps", "Deployment", "copied", "sro-apply"),
                )
            ],
            ("Deployment/a/copied", "Role/a/theirs"),
        ),
        # The workload of a stranger, and what is of both.
        (
            [
                thing("Deployment", "mine"),
                thing("Pod", "p", owner("Deployment", "mine")),
                thing("Secret", "s", owner("Deployment", "gone"), owner("Deployment", "mine")),
            ],
            ("Deployment/a/mine", "Pod/a/p", "Secret/a/s"),
        ),
        # What the garbage collector is on its way to; an owner without a namespace is somebody's.
        ([thing("Pod", "p", owner("DaemonSet", "was"))], ()),
        ([thing("Pod", "p", owner("Cluster", "whose"))], ("Pod/a/p",)),
        ([thing("ConfigMap", "c", deletionTimestamp="2024-01-01T00:00:00Z")], ()),
    ],
)
def test_a_stranger_is_who_neither_goes_nor_comes_with_a_namespace(
    objects: list[JsonObject], strangers: tuple[str, ...]
) -> None:
    assert strangers_of(objects, {"Deployment-gone", "ConfigMap-gone"}) == strangers


@pytest.mark.parametrize(
    ("kind", "is_stranger"),
    [
        # Kubernetes' and OpenShift's owners of pods, of ReplicaSets and Jobs, of builds and of EndpointSlices.
        *((kind, False) for kind in ("DaemonSet", "ReplicaSet", "StatefulSet", "Job")),
        *((kind, False) for kind in ("Deployment", "CronJob", "BuildConfig", "Build", "Service")),
        # It may be without a namespace, so that it is not seen here and lives.
        ("Node", True),
        ("Cluster", True),
    ],
)
def test_of_an_owner_that_is_not_there_it_is_known_where_it_would_be(kind: str, is_stranger: bool) -> None:
    given = thing("ConfigMap", "c", owner(kind, "was"))
    assert strangers_of([given], ()) == (("ConfigMap/a/c",) if is_stranger else ())
    # Another owner lives: the garbage collector leaves it.
    lives = thing("ConfigMap", "mine")
    both = thing("ConfigMap", "c", owner(kind, "was"), owner("ConfigMap", "mine"))
    assert strangers_of([both, lives], ()) == ("ConfigMap/a/c", "ConfigMap/a/mine")


def space(name: str) -> Doomed:
    return Doomed(member=Member(resource="sr", live=member(name, "Namespace", "")), reason="why")


MINE = ("i", "ii")


@pytest.mark.parametrize(
    ("contents", "kept"),
    [
        (Contents(), None),
        (Contents(objects=(thing("Event", "e"),)), None),
        # It goes with the same pruning.
        (Contents(objects=(member("old"),)), None),
        (
            Contents(objects=(thing("ConfigMap", "i"),)),
            (
                "with it would go an object that must not (ConfigMap/a/i)",
                "move them away or delete them; or delete all of it: kubectl delete namespace a",
            ),
        ),
        (
            Contents(objects=tuple(thing("ConfigMap", each) for each in MINE), unread=("Pod",)),
            (
                "with it would go 2 objects that must not (ConfigMap/a/i, ConfigMap/a/ii)",
                "move them away or delete them; or delete all of it: kubectl delete namespace a",
            ),
        ),
        # What nobody can look into may have anything.
        (
            Contents(unread=("Pod", "Widget.example.com")),
            (
                "what is in it cannot be seen (Pod, Widget.example.com)",
                (
                    "install the rights that sro-apply manifests --delete-namespaces prints, or look yourself: "
                    "kubectl delete namespace a"
                ),
            ),
        ),
    ],
)
def test_a_namespace_goes_only_if_it_is_known_that_nothing_else_goes_with_it(
    contents: Contents, kept: tuple[str, str] | None
) -> None:
    old = Doomed(member=Member(resource="sr", live=member("old")), reason="why")
    plan = PrunePlan(doomed=(old, space("a")))
    looked: list[str] = []

    def look(names: Sequence[str]) -> dict[str, Contents]:
        looked.extend(names)
        return dict.fromkeys(names, contents)

    held = hold_namespaces(plan, look, own="ops")
    assert looked == ["a"]
    if kept is None:
        assert held == plan
        return
    reason, hint = kept
    assert held == PrunePlan(
        doomed=(old,),
        kept=(Kept(specialresource="sr", object="Namespace/a", reason=reason, hint=hint),),
        held=("a",),
    )


def test_our_own_namespace_stays_and_nothing_lets_go_of_it() -> None:
    plan = PrunePlan(doomed=(space("ops"), space("b")))
    held = hold_namespaces(plan, lambda names: dict.fromkeys(names, Contents()), own="ops")
    assert held == PrunePlan(
        doomed=(space("b"),),
        kept=(
            Kept(
                specialresource="sr",
                object="Namespace/ops",
                reason="sro-apply keeps its own objects in it",
                hint="delete it once nothing else is in it",
            ),
        ),
    )


def test_what_two_groups_serve_is_what_the_first_of_them_says() -> None:
    """OpenShift serves roles once more, in a group of its own, which comes after Kubernetes'."""

    class OpenShift(Double):
        def resources(self) -> Served:
            return Served(resources=super().resources().resources[::-1])

        def metadata(self, kind: Kind, namespace: str = "") -> Sequence[JsonObject]:
            found = super().metadata(kind, namespace)
            return [each for each in found if each["apiVersion"] == kind.api_version]

    double = OpenShift(lambda *_: None)
    role = thing("Role", "sro-apply", labels={"app.kubernetes.io/name": "sro-apply"})
    for group in ("authorization.openshift.io", "rbac.authorization.k8s.io"):
        live = {**role, "apiVersion": f"{group}/v1"}
        double.objects[object_id(live)] = live
    found = SetReader(double, "ops").contents(["a"])["a"]
    assert strangers_of(found.objects, ()) == ()


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        ({"metadata": {}}, "it is being deleted"),
        (
            {"metadata": {"finalizers": ["b.com/x", "a.com/x", "foregroundDeletion"]}},
            "it is being deleted, and waits for the finalizers a.com/x and b.com/x",
        ),
        (
            {"metadata": {"finalizers": ["foregroundDeletion"]}},
            "it is being deleted, and waits for what belongs to it to go first",
        ),
        (
            {
                "status": {
                    "conditions": [
                        {"type": "NamespaceContentRemaining", "status": "True", "message": "1 pod"},
                        {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "x in 1"},
                        {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "none"},
                    ]
                }
            },
            "it is being deleted: x in 1; 1 pod",
        ),
    ],
)
def test_it_is_said_what_an_object_waits_for_that_is_being_deleted(live: JsonObject, reason: str) -> None:
    assert leaving_reason(live) == reason


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            Pruned(specialresource="sr", object="ConfigMap/a/b", reason="the bundle has it no longer"),
            "sr: ConfigMap/a/b deleted: the bundle has it no longer",
        ),
        (
            Pruned(specialresource="sr", object="ConfigMap/a/b", reason="sr is removed", is_dry_run=True),
            "sr: ConfigMap/a/b would be deleted: sr is removed",
        ),
        (
            Kept(specialresource="sr", object="ConfigMap/a/b", reason="why", hint="do this"),
            "sr: ConfigMap/a/b stays: why; do this",
        ),
        (Kept(specialresource="sr", object="ConfigMap/a/b", reason="why"), "sr: ConfigMap/a/b stays: why"),
        (
            Leaving(specialresource="sr", object="ConfigMap/a/b", reason="why"),
            "sr: waiting for ConfigMap/a/b to go: why",
        ),
        (
            PruneStopped(
                specialresource="sr",
                code="prune-limit",
                reason="too much",
                hint="less",
                objects=("A/a", "B/b"),
            ),
            "sr: prune-limit: too much (A/a, B/b); less",
        ),
        (Cleared(pruned=0, kept=0, leaving=0), "objects: 0 deleted"),
        (Cleared(pruned=3, kept=2, leaving=1), "objects: 3 deleted, 2 kept, 1 still on their way"),
        (Cleared(pruned=3, kept=0, leaving=0, is_dry_run=True), "objects: 3 would be deleted"),
    ],
)
def test_what_pruning_tells_is_a_line_each(event: Event, line: str) -> None:
    assert text_line(event) == line


def test_a_parent_that_is_not_ours_is_none() -> None:
    double = cluster(lambda *_: None, member("old"))
    parent = double.objects.pop(parent_id("sr", "ops"))
    copy: JsonObject = {**parent, "metadata": {**mapping_of(parent["metadata"]), "name": "sro-apply-copy"}}
    double.objects[ObjectId("v1", "ConfigMap", "ops", "sro-apply-copy")] = copy
    _, events, _ = prune(double)
    assert events == [Cleared(pruned=0, kept=0, leaving=0)]
