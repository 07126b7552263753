"""What pruning decides of one object and of one set, and in which words.

Matrix: each guard with what it keeps and what it lets go, for SRs that stay and for removed ones; what stops a whole
set; where a share ends; in which order objects go; which keys an object of the bundle has. Expected: the README's
list of what stays, and the order of application in test_order.py, backwards. Left out: whole plans (tests/laws),
what drivers use (test_uses.py), namespaces with strangers (test_pruning.py), what a real server does (tests/cluster).
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.events import Kept, PruneStopped
from sro_apply.planning.live_prune import fates
from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.picture import SeenNode
from sro_apply.planning.prune import PrunePlan, Situation, end_of, first_wave, keys_to_keep, plan_prune
from sro_apply.planning.sets import LiveSet, Member, key_of
from sro_apply.planning.undoing import deletion_order
from sro_render.model.objects import JsonObject, object_id

Object = dict[str, Any]
CRDS = "apiextensions.k8s.io/v1"
RUNS, DEAD = "5.1", "4.18"
NODES = (SeenNode(name="n1", kernel=RUNS),)


def live(
    kind: str = "ConfigMap",
    api_version: str = "v1",
    *,
    name: str = "old",
    namespace: str = "a",
    kernel: str = "",
    state: str = "0000-x",
    annotations: Object | None = None,
    **metadata: Any,
) -> JsonObject:
    marks = {"sro.openshift.io/state": state, "sro.openshift.io/kernel": kernel, **(annotations or {})}
    known: Object = {
        "name": name,
        "uid": f"{kind}-{name}",
        "annotations": marks,
        "managedFields": [{"manager": "sro-apply", "operation": "Apply"}],
        **({"namespace": namespace} if namespace else {}),
        **metadata,
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": known}


def copied(name: str) -> JsonObject:
    """One with the labels of the set that somebody else has made."""
    return live(name=name, managedFields=[{"manager": "kubectl", "operation": "Apply"}])


STAYS = live(name="stays")


def resource(*manifests: JsonObject, name: str = "sr") -> BundleResource:
    objects = tuple(BundleObject(id=object_id(each), manifest=each, file="f") for each in manifests)
    return BundleResource(name=name, namespace="a", states=(BundleState(name="0000-x", objects=objects),))


def situation(*members: JsonObject, name: str = "sr", **more: Any) -> Situation:
    """One set. Its SR is ready, and has something left, unless said otherwise."""
    chosen: Object = {
        "bundle": RenderedBundle(cluster="c", resources=(resource(STAYS),), kernels={RUNS: ("n1",)}),
        "keep": frozenset({key_of(object_id(STAYS))}),
        "nodes": NODES,
        "ready": frozenset({"sr"}),
        "limit": 0.5,
        **more,
    }
    found = tuple(Member(resource=name, live=each) for each in members)
    return Situation(sets=(LiveSet(resource=name, parent={}, members=found),), **chosen)


def fate_of(plan: PrunePlan) -> tuple[str, str, str]:
    """`goes` or `stays`, why, and what to do."""
    assert not plan.stopped
    if plan.doomed:
        (doomed,) = plan.doomed
        assert not plan.kept
        return "goes", doomed.reason, ""
    (kept,) = plan.kept
    assert kept.specialresource
    return "stays", kept.reason, kept.hint


GOES = ("goes", "the bundle has it no longer", "")
NOT_NEEDED = ("goes", f"no node runs {DEAD}", "")
DRIVER = (
    "stays",
    "it is a driver for a kernel that a node runs (n1), and deleting it unloads the module",
    (
        "it goes when no node runs that kernel, or after kubectl annotate -n a daemonset old "
        "sro.openshift.io/prune=force"
    ),
)
DEFINITION = (
    "stays",
    "with a definition goes every object of its kind, whosever it is",
    "if nobody uses it any more: kubectl delete crd old",
)
LEAVING = ("stays", "it is being deleted", "")
WAITS = (
    "stays",
    "it goes when all of sr is ready, so that what replaces it is there before",
    "see what is waited for",
)
ON_ITS_WAY: Object = {"deletionTimestamp": "2024-01-01T00:00:00Z"}
FORCE = {"sro.openshift.io/prune": "force"}


@pytest.mark.parametrize(
    ("given", "is_ready", "fate"),
    [
        (live(), True, GOES),
        (live(), False, WAITS),
        # Of what is made for a kernel only drivers wait for it to go.
        (live(kernel=RUNS), True, GOES),
        (live("Deployment", "apps/v1", kernel=RUNS), True, GOES),
        (live(kernel=RUNS), False, WAITS),
        (live(kernel=DEAD), True, NOT_NEEDED),
        # Nothing replaces what is for a kernel that nobody runs.
        (live(kernel=DEAD), False, NOT_NEEDED),
        (live("DaemonSet", "apps/v1", kernel=RUNS), True, DRIVER),
        (live("DaemonSet", "apps/v1", kernel=RUNS), False, DRIVER),
        (live("DaemonSet", "apps/v1", kernel=RUNS, annotations=FORCE), True, GOES),
        (live("DaemonSet", "apps/v1", kernel=RUNS, annotations=FORCE), False, WAITS),
        (
            live("DaemonSet", "apps/v1", kernel=RUNS, annotations={"sro.openshift.io/prune": "no"}),
            True,
            DRIVER,
        ),
        (live("DaemonSet", "apps/v1", kernel=DEAD), False, NOT_NEEDED),
        (live("DaemonSet", "apps/v1"), True, GOES),
        # Somebody's kind that only has the name.
        (live("DaemonSet", "example.com/v1", kernel=RUNS), True, GOES),
        (live("CustomResourceDefinition", CRDS, namespace=""), True, DEFINITION),
        (live("CustomResourceDefinition", CRDS, namespace="", annotations=FORCE), True, DEFINITION),
        (live("CustomResourceDefinition", "example.com/v1", namespace=""), True, GOES),
        (
            live("PersistentVolumeClaim"),
            True,
            (
                "stays",
                "with a claim goes what is stored",
                "if it is not needed: kubectl delete -n a persistentvolumeclaim old",
            ),
        ),
        (live("PersistentVolumeClaim", "example.com/v1"), True, GOES),
        (live(**ON_ITS_WAY), True, LEAVING),
        # That it is on its way is the news, whatever else would keep it.
        (live("DaemonSet", "apps/v1", kernel=RUNS, **ON_ITS_WAY), True, LEAVING),
    ],
)
def test_each_guard_keeps_what_it_is_for_and_nothing_else(
    given: JsonObject, is_ready: bool, fate: tuple[str, str, str]
) -> None:
    plan = plan_prune(situation(STAYS, given, ready=frozenset({"sr"} if is_ready else ())))
    assert fate_of(plan) == fate
    assert not any(each.after_pods for each in plan.doomed)


def test_a_driver_names_the_nodes_that_run_its_kernel() -> None:
    nodes = tuple(
        SeenNode(name=name, kernel=kernel) for name, kernel in (("n3", RUNS), ("n2", RUNS), ("x", DEAD))
    )
    plan = plan_prune(situation(STAYS, live("DaemonSet", "apps/v1", kernel=RUNS), nodes=nodes))
    assert fate_of(plan)[1] == (
        "it is a driver for a kernel that 2 nodes run (n2, n3), and deleting it unloads the module"
    )


@pytest.mark.parametrize(
    ("given", "fate", "has_pods"),
    [
        (live(), ("goes", "sr is removed", ""), False),
        (live(kernel=DEAD), ("goes", "sr is removed", ""), False),
        (live("DaemonSet", "apps/v1", kernel=RUNS), ("goes", "sr is removed", ""), True),
        (live("Deployment", "apps/v1"), ("goes", "sr is removed", ""), True),
        (live("ReplicaSet", "apps/v1"), ("goes", "sr is removed", ""), True),
        (live("StatefulSet", "apps/v1"), ("goes", "sr is removed", ""), True),
        (live("Job", "batch/v1"), ("goes", "sr is removed", ""), True),
        (live("CronJob", "batch/v1beta1"), ("goes", "sr is removed", ""), True),
        (live("Job", "example.com/v1"), ("goes", "sr is removed", ""), False),
        (live("PersistentVolumeClaim"), ("goes", "sr is removed", ""), False),
        (live("CustomResourceDefinition", CRDS, namespace=""), DEFINITION, False),
        (live(**ON_ITS_WAY), LEAVING, False),
    ],
)
def test_of_a_removed_sr_all_goes_but_definitions(
    given: JsonObject, fate: tuple[str, str, str], has_pods: bool
) -> None:
    bundle = RenderedBundle(cluster="c", resources=(), removed=("sr",))
    removed = situation(given, bundle=bundle, keep=frozenset(), nodes=(), ready=frozenset(), limit=0)
    for each in (removed, end_of(removed.sets[0])):
        plan = plan_prune(each)
        assert fate_of(plan) == fate
        assert any(doomed.after_pods for doomed in plan.doomed) is has_pods


def test_a_removed_sr_goes_whatever_its_share() -> None:
    bundle = RenderedBundle(cluster="c", resources=(), removed=("sr",))
    members = [live(name=f"old-{number}") for number in range(9)]
    plan = plan_prune(situation(*members, bundle=bundle, keep=frozenset(), limit=0))
    assert (len(plan.doomed), plan.stopped) == (9, ())


NO_KERNELS = RenderedBundle(cluster="c", resources=(resource(STAYS),))
EMPTY = RenderedBundle(cluster="c", resources=(resource(),), kernels={RUNS: ("n1",)})
REMOVE_OR_BUILD = "build with managementState: Removed in was, or run sro-apply delete was"


@pytest.mark.parametrize(
    ("given", "name", "more", "stop"),
    [
        (
            [live()],
            "was",
            {},
            (
                "unknown-set",
                "1 object of was stay: the bundle neither has it nor lists it as removed",
                REMOVE_OR_BUILD,
            ),
        ),
        # What SRs share is none that a spec could remove.
        (
            [live(), live(name="other")],
            "_shared",
            {},
            (
                "unknown-set",
                "2 objects of _shared stay: the bundle neither has it nor lists it as removed",
                "run sro-apply delete _shared",
            ),
        ),
        (
            [live()],
            "sr",
            {"bundle": NO_KERNELS},
            (
                "lost-inventory",
                (
                    "1 object of sr stay: the bundle was rendered without nodes, "
                    "so that nothing says which kernels run"
                ),
                "take a new snapshot and build again; see whether the nodes can be read",
            ),
        ),
        (
            [live()],
            "sr",
            {"nodes": ()},
            (
                "lost-inventory",
                "1 object of sr stay: the cluster shows no node, so that nothing says which kernels run",
                "take a new snapshot and build again; see whether the nodes can be read",
            ),
        ),
        (
            [live(), live("Namespace", name="a", namespace="", state="namespace")],
            "sr",
            {"bundle": EMPTY, "keep": frozenset()},
            (
                "empty-bundle",
                "2 objects of sr stay: the bundle has nothing of it any more",
                "see why it renders nothing; to be rid of it, set managementState: Removed in sr",
            ),
        ),
    ],
)
def test_what_keeps_a_whole_set_is_told_with_what_to_do(
    given: list[JsonObject], name: str, more: Object, stop: tuple[str, str, str]
) -> None:
    plan = plan_prune(situation(*given, name=name, **more))
    code, reason, hint = stop
    assert plan == PrunePlan(
        stopped=(PruneStopped(specialresource=name, code=code, reason=reason, hint=hint),)
    )


def test_an_sr_that_never_had_more_than_its_namespace_may_lose_one() -> None:
    """It renders nothing, and did not before: what goes is a namespace that it has no longer."""
    given = live("Namespace", name="b", namespace="", state="namespace")
    plan = plan_prune(situation(given, bundle=EMPTY, keep=frozenset()))
    assert fate_of(plan) == GOES


def test_nothing_is_said_of_a_set_of_which_nothing_is_stale() -> None:
    for name in ("sr", "unknown"):
        assert plan_prune(situation(STAYS, name=name, nodes=())) == PrunePlan()


@pytest.mark.parametrize(
    ("going", "others", "limit", "goes"),
    [
        # Five may always go.
        (5, 0, 0.0, True),
        (6, 6, 0.5, True),
        (6, 5, 0.5, False),
        (6, 0, 1.0, True),
        (6, 94, 0.05, False),
        (6, 94, 0.06, True),
    ],
)
def test_more_than_five_go_only_up_to_a_share_of_what_we_applied(
    going: int, others: int, limit: float, goes: bool
) -> None:
    stale = [live(name=f"old-{number}") for number in range(going)]
    kept = [live(name=f"stays-{number}") for number in range(others)]
    # What only has the labels of the set makes it no larger.
    strangers = [copied(f"copy-{number}") for number in range(50)]
    keep = frozenset(key_of(object_id(each)) for each in kept)
    plan = plan_prune(situation(*stale, *kept, *strangers, keep=keep, limit=limit))
    if goes:
        assert len(plan.doomed) == going
        assert not plan.stopped
        return
    assert not plan.doomed
    (stop,) = plan.stopped
    assert (stop.specialresource, stop.code) == ("sr", "prune-limit")
    assert stop.reason == (
        f"{going} of {going + others} objects of sr would go, more than the share of {limit:g}: none of them does"
    )
    assert stop.hint == "if that is meant, say so with a larger --prune-limit, such as 1"
    assert set(stop.objects) == {str(object_id(each)) for each in stale}


def test_what_stays_for_its_own_sake_is_none_of_the_share_and_is_told_beside_it() -> None:
    claim = live("PersistentVolumeClaim", name="data")
    five = [live(name=f"old-{number}") for number in range(5)]
    plan = plan_prune(situation(claim, *five, limit=0))
    assert (len(plan.doomed), len(plan.kept)) == (5, 1)
    plan = plan_prune(situation(claim, *five, live(name="sixth"), limit=0))
    assert (len(plan.doomed), len(plan.kept), len(plan.stopped)) == (0, 1, 1)


def test_an_object_that_two_groups_serve_is_one() -> None:
    """As an Ingress, which has one uid in both: the bundle has it in either group, or it goes once."""
    twins = [live("Ingress", group, uid="one") for group in ("extensions/v1beta1", "networking.k8s.io/v1")]
    for each in twins:
        keep = frozenset({key_of(object_id(each))})
        assert plan_prune(situation(*twins, keep=keep)) == PrunePlan()
    assert len(plan_prune(situation(*twins)).doomed) == 1


def test_what_is_kept_is_found_by_where_it_is_applied_and_by_all_it_may_be_if_nobody_says() -> None:
    given: JsonObject = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}}
    applied: JsonObject = {**given, "metadata": {"name": "x", "namespace": "b"}}
    each = BundleObject(id=object_id(given), manifest=given, file="f")
    owner = BundleResource(name="sr", namespace="a", states=())
    assert keys_to_keep(owner, each, applied) == (("example.com", "Thing", "b", "x"),)
    # Its kind is not there (yet): with namespaces or without.
    assert set(keys_to_keep(owner, each, None)) == {
        ("example.com", "Thing", "", "x"),
        ("example.com", "Thing", "a", "x"),
    }


def test_of_a_removed_sr_what_is_on_its_way_is_waited_for_and_not_told_as_kept() -> None:
    bundle = RenderedBundle(cluster="c", resources=(), removed=("sr",))
    leaving, definition = (
        live("DaemonSet", "apps/v1", name="leaving", state="1000-y", **ON_ITS_WAY),
        live("CustomResourceDefinition", CRDS, name="crd", namespace="", state="crds", **ON_ITS_WAY),
    )
    given = situation(leaving, definition, live(name="under"), bundle=bundle, keep=frozenset())
    wave = first_wave(plan_prune(given), given)
    assert [each.id.name for each in wave.awaited] == ["leaving"]
    assert [each.member.id.name for each in wave.later] == ["under"]
    assert wave.doomed == ()
    # Somebody else deletes the definition: nothing of the SR waits for that.
    assert wave.kept == (
        Kept(specialresource="sr", object="CustomResourceDefinition/crd", reason="it is being deleted"),
    )


@pytest.mark.parametrize(
    ("given", "goes", "code", "message"),
    [
        (
            live(),
            True,
            "needs-prune",
            "a sync leaves it where it is; --prune deletes it: the bundle has it no longer",
        ),
        (
            live("CustomResourceDefinition", CRDS, namespace=""),
            False,
            "kept",
            (
                "with a definition goes every object of its kind, whosever it is; "
                "if nobody uses it any more: kubectl delete crd old"
            ),
        ),
        # There is nothing to do about it.
        (live(**ON_ITS_WAY), False, "kept", "it is being deleted"),
    ],
)
def test_a_comparison_says_of_each_what_becomes_of_it(
    given: JsonObject, goes: bool, code: str, message: str
) -> None:
    seen = situation(STAYS, given)
    (fate,) = fates(seen, plan_prune(seen))
    assert (fate.goes, fate.mark.code, fate.mark.message) == (goes, code, message)


def placed(owner: str, state: str, kind: str = "ConfigMap", api_version: str = "v1", **more: Any) -> Member:
    namespace = "" if kind == "Namespace" else "a"
    made = live(
        kind, api_version, state=state, **{"name": f"{owner}-{state}", "namespace": namespace, **more}
    )
    return Member(resource=owner, live=made)


def named(*states: str, name: str) -> BundleResource:
    return BundleResource(
        name=name, namespace="a", states=tuple(BundleState(name=each, objects=()) for each in states)
    )


UNDER = named(
    "namespace", "crds", "pre-install", "0000-x", "1000-y", "stateless", "post-install", name="under"
)
REVERSED = (
    # What no lock knows any more stood on what it knows, as far as anybody can tell.
    placed("went2", "0000-a"),
    *(placed("went", each) for each in ("post-install", "stateless", "1000-b", "0000-a", "pre-install")),
    # The dependent goes before what it needs; a state that it has no longer goes where its name puts it.
    *(placed("above", each) for each in ("0500-was", "0000-x")),
    *(placed("under", each) for each in ("post-install", "stateless", "2000-was", "1000-y", "0500-was")),
    *(placed("under", each) for each in ("0000-x", "pre-install")),
    # What is applied first of all SRs goes when nothing else of any is left; with a Namespace goes all in it.
    *(placed(each, state) for each in ("went", "under") for state in ("crds", "namespace")),
    placed("went", "namespace", "Namespace"),
    placed("above", "0000-x", "Namespace", name="in-a-state"),
    placed("under", "namespace", "Namespace"),
)


@pytest.mark.parametrize("given", [REVERSED, REVERSED[::-1], REVERSED[7:] + REVERSED[:7]])
def test_what_is_applied_last_goes_first_over_all_srs(given: tuple[Member, ...]) -> None:
    bundle = RenderedBundle(cluster="c", resources=(UNDER, named("0000-x", name="above")))
    found = deletion_order(given, bundle)
    assert [(each.resource, str(each.id)) for each in found] == [
        (each.resource, str(each.id)) for each in REVERSED
    ]


def test_states_go_as_the_lock_lists_them_and_not_by_their_names() -> None:
    bundle = RenderedBundle(cluster="c", resources=(named("1000-first", "0000-second", name="sr"),))
    members = [placed("sr", each) for each in ("1000-first", "0000-second")]
    assert [each.state for each in deletion_order(members, bundle)] == ["0000-second", "1000-first"]


def test_in_a_state_objects_go_against_the_order_of_their_kinds_then_of_kernels_and_names() -> None:
    """Helm's order of kinds: accounts before bindings, ConfigMaps before what mounts them."""
    rbac = "rbac.authorization.k8s.io/v1"
    members = [
        placed("sr", "0000-x", "Widget", "z.example.com/v1", name="w"),
        placed("sr", "0000-x", "Widget", "a.example.com/v1", name="w"),
        placed("sr", "0000-x", "DaemonSet", "apps/v1", name="a", kernel="5.2"),
        placed("sr", "0000-x", "DaemonSet", "apps/v1", name="z", kernel="5.1"),
        placed("sr", "0000-x", "RoleBinding", rbac, name="b"),
        placed("sr", "0000-x", "ConfigMap", name="a", namespace="z"),
        placed("sr", "0000-x", "ConfigMap", name="z", namespace="a"),
        placed("sr", "0000-x", "ConfigMap", name="y", namespace="a"),
        placed("sr", "0000-x", "ServiceAccount", name="b"),
    ]
    bundle = RenderedBundle(cluster="c", resources=(named("0000-x", name="sr"),))
    for given in (members, members[::-1], members[4:] + members[:4]):
        assert deletion_order(given, bundle) == members


def test_somebody_s_kind_namespace_is_none() -> None:
    bundle = RenderedBundle(cluster="c", resources=(named("0000-x", "1000-y", name="sr"),))
    members = [placed("sr", "1000-y", "Namespace", "example.com/v1"), placed("sr", "0000-x")]
    assert deletion_order(members, bundle) == members
