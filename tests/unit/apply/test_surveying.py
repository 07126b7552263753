"""What a look at a cluster makes of a bundle: steps, objects, nodes, and the nodes that a bundle is stale for.

Matrix: a runner's table or none; nothing, some or all there, of another revision, failing, not readable; nodes
that moved, came, lost labels or are tainted. Left out: readiness by kind, which test_readiness has.
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_double import Double, lacking
from msgspec import structs
from pictures import (
    BUILD,
    DIGEST,
    DRIVER,
    LAST,
    NEW,
    NODES,
    OLD,
    Object,
    bundle,
    config_map,
    daemon_set,
    in_bundle,
    node,
    pod,
    running,
    state,
)

from sro_apply.applying import Applier
from sro_apply.config import SyncSettings
from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.kube.view import View
from sro_apply.looking import Looker
from sro_apply.planning.applyset import NAMESPACES, parent_manifest
from sro_apply.planning.parts import RenderedBundle
from sro_apply.planning.picture import Picture, SeenObject, SeenResource, SeenStep
from sro_apply.planning.progress import Status, StepKey
from sro_apply.planning.stale import stale_findings, stale_nodes
from sro_apply.planning.verdict import Readiness
from sro_apply.surveying import Surveyor, Trouble
from sro_render.model.objects import object_id

ALL = (
    config_map("build-old"),
    config_map("build-new"),
    config_map("common"),
    running(daemon_set("driver-old", OLD), 2),
    running(daemon_set("driver-new", NEW), 1),
    config_map("last"),
    pod("1", "driver-old", "a"),
    pod("2", "driver-old", "b"),
    pod("3", "driver-new", "c"),
)


def cluster(*objects: Object, nodes: tuple[Object, ...] = NODES) -> Double:
    double = Double(lambda *_: None)
    double.objects = {object_id(each): each for each in (*objects, *nodes)}
    return double


def surveyor(double: Double, given: RenderedBundle | None = None) -> Surveyor:
    made = given or bundle()
    view = View(double)
    applier = Applier(double, view, made, SyncSettings(namespace="ops", version="1", timeout_s=1))
    applier.read_parents()
    return Surveyor(view, Looker(view, made, double), made, applier)


def look(*objects: Object, given: RenderedBundle | None = None, **more: Any) -> Picture:
    return surveyor(cluster(*objects, **more), given).survey()


def step(picture: Picture, name: str, kernel: str = "") -> SeenStep:
    (found,) = (each for each in picture.steps if each.key == StepKey("sr", name, kernel))
    return found


def seen(picture: Picture, name: str) -> SeenObject:
    (found,) = (each for one in picture.steps for each in one.objects if each.id.name == name)
    return found


def without(name: str) -> list[Object]:
    return [each for each in ALL if each["metadata"]["name"] != name]


def statuses(picture: Picture) -> dict[str, str]:
    return {f"{each.key.state} {each.key.kernel}".strip(): each.status.value for each in picture.steps}


def test_everything_is_ready_where_all_is_there() -> None:
    picture = look(*ALL)
    assert set(statuses(picture).values()) == {"ready"}
    assert (picture.cluster, [each.name for each in picture.nodes]) == ("lab", ["a", "b", "c"])
    assert picture.resources == (SeenResource(name="sr", lanes=(OLD, NEW), nodes=("a", "b", "c")),)
    driver = seen(picture, "driver-old")
    assert (driver.nodes, driver.used, driver.served) == (("a", "b"), ("a", "b"), ("a", "b"))
    assert driver.readiness is Readiness.READY


def test_nodes_that_came_later_are_told_of_where_the_driver_of_their_kernel_should_run() -> None:
    """By the kernel that they run: the label by which the driver selects them may come later than they."""
    new = node("d")
    new["metadata"]["labels"] = {}
    picture = look(*ALL, nodes=(*NODES, new, tainted("e", OLD)))
    driver = seen(picture, "driver-old")
    assert (driver.nodes, driver.fitting) == (("a", "b"), ("a", "b", "d"))
    assert seen(picture, "driver-new").fitting == ("c",)
    assert seen(picture, "common").fitting == ()


def test_nodes_are_held_on_which_a_driver_runs_that_the_bundle_has_no_longer() -> None:
    stray = running(daemon_set("driver-gone", "5.14"), 1)
    picture = look(*ALL, node("d", "5.14"), stray, pod("9", "driver-gone", "d"))
    assert [each.held for each in picture.resources] == [("d",)]


@pytest.mark.parametrize(
    ("namespace", "given", "held"),
    [
        ("old", bundle(), ("d",)),
        ("other", bundle(), ()),
        ("sr", bundle(state(BUILD, in_bundle(config_map("one")))), ("a", "b", "c", "d")),
    ],
    ids=["moved", "somebody's", "without drivers"],
)
def test_nodes_are_held_where_drivers_may_be_that_only_the_parent_of_the_set_tells_of(
    namespace: str, given: RenderedBundle, held: tuple[str, ...]
) -> None:
    """An SR that has moved to another namespace, or has no driver any more: its old one runs on."""
    stray = [running(daemon_set("driver-gone", OLD), 1), pod("9", "driver-gone", "d")]
    for each in stray:
        each["metadata"]["namespace"] = namespace
    double = cluster(*ALL, node("d"), *stray)
    (resource,) = given.resources
    old = structs.replace(resource, states=bundle().resources[0].states)
    parent = parent_manifest(old, "ops", "1", None)
    parent["metadata"]["annotations"][NAMESPACES] = "old"  # type: ignore[call-overload, index]
    double.objects[object_id(parent)] = parent
    assert [each.held for each in surveyor(double, given).survey().resources] == [held]


def test_all_nodes_are_held_where_the_bundle_was_rendered_without_nodes_or_to_nothing() -> None:
    for given in (bundle(kernels={}), bundle(state("namespace", in_bundle(config_map("x"))))):
        assert [each.held for each in look(*NODES, given=given).resources] == [("a", "b", "c")]


def test_nothing_has_begun_where_nothing_is_there() -> None:
    picture = look()
    assert set(statuses(picture).values()) == {"waiting"}
    assert step(picture, BUILD, OLD).reason == "not applied yet"
    assert step(picture, DRIVER, OLD).reason == f"waits for sr / {BUILD} / {OLD}"
    assert step(picture, LAST).reason == f"waits for sr / {BUILD} / {OLD}"
    assert {each.readiness for one in picture.steps for each in one.objects} == {None}


def test_what_is_missing_or_of_another_revision_is_not_ready() -> None:
    old = config_map("common")
    old["metadata"]["annotations"][DIGEST] = "0"
    two = state(BUILD, in_bundle(config_map("one")), in_bundle(config_map("two")))

    picture = look(*without("common"), old)
    assert step(picture, DRIVER).status is Status.APPLIED
    assert step(picture, DRIVER).reason == "ConfigMap/sr/common: it is not of this revision of the bundle"

    picture = look(config_map("one"), given=bundle(two))
    assert step(picture, BUILD).status is Status.APPLIED
    assert step(picture, BUILD).reason == "ConfigMap/sr/two: it is not there"


def test_pods_that_are_not_ready_serve_no_node() -> None:
    waiting = running(daemon_set("driver-old", OLD), 2, ready=1)
    objects = [each for each in ALL if each["metadata"]["name"] not in {"driver-old", "2"}]
    picture = look(*objects, waiting, pod("2", "driver-old", "b", ready=False))
    driver = seen(picture, "driver-old")
    assert (driver.used, driver.served) == (("a", "b"), ("a",))
    assert step(picture, DRIVER, OLD).reason == "DaemonSet/sr/driver-old: 1 of 2 pods are ready (b)"
    assert statuses(picture)[f"{DRIVER} {NEW}"] == "ready"


def test_a_runner_says_where_steps_stand_and_what_was_not_begun_is_not_judged() -> None:
    table = {
        StepKey("sr", BUILD, OLD): Status.READY,
        StepKey("sr", BUILD, NEW): Status.FAILED,
        StepKey("sr", DRIVER): Status.READY,
        StepKey("sr", DRIVER, OLD): Status.APPLIED,
    }
    troubles = {StepKey("sr", BUILD, NEW): Trouble(reason="refused", retry_s=4)}
    picture = surveyor(cluster(*without("driver-old"))).survey(table, troubles)
    assert statuses(picture) == {
        f"{BUILD} {OLD}": "ready",
        f"{BUILD} {NEW}": "failed",
        DRIVER: "ready",
        f"{DRIVER} {OLD}": "applied",
        f"{DRIVER} {NEW}": "waiting",
        LAST: "waiting",
    }
    assert (step(picture, BUILD, NEW).reason, step(picture, BUILD, NEW).retry_s) == ("refused", 4)
    assert step(picture, DRIVER, OLD).reason == "DaemonSet/sr/driver-old: it is not there"
    assert step(picture, DRIVER, NEW).reason == f"waits for sr / {BUILD} / {NEW}"
    waiting = seen(picture, "driver-new")
    assert (waiting.readiness, waiting.live is not None, waiting.nodes) == (None, True, ("c",))


def test_the_labels_of_a_removed_resource_are_left_to_whoever_deletes_it() -> None:
    """Its drivers may select on them. Who only looks has no other moment to take them."""
    watching = surveyor(cluster(*ALL), bundle(removed=("away",)))
    assert watching.survey({}).removed == ()
    assert watching.survey().removed == ("away",)


def test_what_may_not_be_read_is_said_where_it_matters() -> None:
    double = cluster(*ALL)
    forbidden = PermanentError("server-forbidden", "read Pod: you may not")
    double.fault = lambda method, name: forbidden if (method, name) == ("list", "Pod") else None
    picture = surveyor(double).survey()
    assert step(picture, DRIVER, OLD).status is Status.FAILED
    assert step(picture, DRIVER, OLD).reason == "DaemonSet/sr/driver-old: read Pod: you may not"
    assert step(picture, BUILD, OLD).status is Status.READY
    # Said once, however many objects it is about, and by the runner where there is one.
    assert picture.faults == (forbidden.finding,)
    assert surveyor(double).survey({step.key: Status.APPLIED for step in picture.steps}).faults == ()


def test_a_log_that_we_may_not_read_is_not_waited_for() -> None:
    waits = daemon_set("driver", OLD)
    waits["metadata"]["annotations"]["specialresource.openshift.io/wait-for-logs"] = "loaded"
    driver = pod("1", "driver", "a")
    driver["status"]["containerStatuses"] = [{"name": "c"}]
    given = bundle(state(DRIVER, in_bundle(waits)), kernels={OLD: ("a", "b")})
    double = cluster(running(waits, 2), driver, pod("2", "driver", "b"))
    refused = lacking("read the log of Pod/sr/1", "get", "pods/log", "sr")
    for fault, status in ((NotFoundError("x", "gone"), Status.APPLIED), (refused, Status.FAILED)):
        double.fault = lambda method, _, fault=fault: fault if method == "log" else None  # type: ignore[misc]
        assert step(surveyor(double, given).survey(), DRIVER).status is status
    assert step(surveyor(double, given).survey(), DRIVER).reason == (
        f"DaemonSet/sr/driver: {refused.finding.message}"
    )


def test_a_server_that_is_gone_is_an_error() -> None:
    double = cluster(*ALL)
    gone = TransientError("server-unreachable", "read ConfigMap: cut")
    double.fault = lambda _, name: gone if name == "ConfigMap" else None
    with pytest.raises(TransientError, match="read ConfigMap: cut"):
        surveyor(double).survey()


TAINT = {"key": "maintenance", "effect": "NoSchedule"}


def tainted(name: str, kernel: str) -> Object:
    return {**node(name, kernel), "spec": {"taints": [TAINT]}}


@pytest.mark.parametrize(
    ("nodes", "stale"),
    [
        (NODES, []),
        ((node("a"),), []),
        # A new node with a kernel that has a lane is served as it comes.
        ((*NODES, node("d", NEW)), []),
        ((node("a"), node("b", "5.14"), node("c", NEW)), [("5.14", ("b",), False)]),
        ((*NODES, node("d", "5.14"), node("e", "5.14")), [("5.14", ("d", "e"), False)]),
        ((node("a", NEW), node("b"), node("c", NEW)), [(NEW, ("a",), True)]),
        ((*NODES, tainted("d", "5.14")), []),
        ((*NODES, {"metadata": {"name": "unready"}}), []),
    ],
    ids=["none", "gone", "same", "moved", "new", "other lane", "tainted", "no kernel yet"],
)
def test_stale_are_nodes_whose_kernel_is_not_the_one_that_was_rendered(
    nodes: tuple[Object, ...], stale: list[tuple[str, tuple[str, ...], bool]]
) -> None:
    picture = look(*ALL, nodes=nodes)
    found = stale_nodes(picture.resources, picture.nodes, picture.kernels)
    assert [(each.kernel, each.nodes, each.is_served) for each in found] == stale


def test_nodes_that_the_drivers_do_not_take_are_not_the_resource_s() -> None:
    given = bundle(
        state(
            DRIVER,
            in_bundle(daemon_set("driver-old", OLD, gpu="yes"), OLD),
            in_bundle(daemon_set("driver-new", NEW, gpu="yes"), NEW),
            in_bundle(daemon_set("helper")),
        )
    )
    nodes = (node("a", gpu="yes"), node("b"), node("c", NEW, gpu="yes"), node("d", "5.14"))
    picture = look(given=given, nodes=nodes)
    assert picture.resources[0].nodes == ("a", "c")
    assert stale_nodes(picture.resources, picture.nodes, picture.kernels) == ()


def test_a_resource_without_workloads_has_the_nodes_of_the_lock() -> None:
    given = bundle(state(BUILD, in_bundle(config_map("one"))))
    picture = look(given=given, nodes=(*NODES, node("d")))
    assert picture.resources == (SeenResource(name="sr", nodes=("a", "b", "c")),)


def test_a_label_that_the_applier_sets_does_not_decide_whose_a_node_is() -> None:
    label = "specialresource.openshift.io/state-sr-0000"
    made = running(daemon_set("driver-old", OLD, **{label: "Ready"}), 0)
    given = bundle(state(DRIVER, in_bundle(made, OLD)))
    picture = look(made, given=given)
    assert picture.resources[0].nodes == ("a", "b", "c")
    assert step(picture, DRIVER, OLD).reason == (
        "DaemonSet/sr/driver-old: 0 pods are scheduled, and 2 nodes must run it (a, b)"
    )


def test_stale_nodes_are_said_by_resource_and_kernel() -> None:
    picture = look(*ALL, nodes=(node("a", NEW), node("b", "5.14"), node("c", NEW)))
    found = stale_findings(stale_nodes(picture.resources, picture.nodes, picture.kernels))
    assert [(each.code, each.subject, each.message, each.notes) for each in found] == [
        (
            "stale-nodes",
            "sr",
            f"1 node runs {NEW}, and the bundle expects it under another",
            ("a",),
        ),
        ("stale-nodes", "sr", "1 node runs 5.14, for which the bundle has nothing", ("b",)),
    ]
