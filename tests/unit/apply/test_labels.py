"""Which labels nodes get for the states that they are done with, and what is written for it.

Matrix: a state ready, at work again, failed, not begun, empty; kernel-affine or not; a node that moved, left,
came or never belonged; an SR that is removed, or whose name is too long; a node that fails. Left out: what makes
a step ready.
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_double import Double, FastClock, lacking
from msgspec import structs
from pictures import NEW, OLD
from pictures import node as node_object

from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.labelling import Labeller
from sro_apply.planning.labels import label_changes, label_findings, state_changes
from sro_apply.planning.picture import Picture, SeenNode, SeenObject, SeenResource, SeenStep
from sro_apply.planning.progress import Status, StepKey
from sro_render.model.objects import ObjectId, object_id

PREFIX = "specialresource.openshift.io/state-sr-"
BUILD, DRIVER, LAST = (f"{PREFIX}{number}" for number in ("0000", "1000", "2000"))
TEMPLATES = {
    ("sr", "0000-build"): "templates/0000-build.yaml",
    ("sr", "1000-driver"): "templates/1000-driver.yaml",
    ("sr", "2000-last"): "templates/2000-last.yaml",
}
READY, APPLIED, FAILED, WAITING = Status.READY, Status.APPLIED, Status.FAILED, Status.WAITING


def labelled(name: str, *labels: str, kernel: str = OLD, **more: str) -> SeenNode:
    return SeenNode(name=name, kernel=kernel, labels={**dict.fromkeys(labels, "Ready"), **more})


def thing(name: str, *, kind: str = "ConfigMap", there: bool = True, **more: Any) -> SeenObject:
    version = "apps/v1" if kind == "DaemonSet" else "v1"
    return SeenObject(id=ObjectId(version, kind, "sr", name), live={} if there else None, **more)


def step(state: str, status: Status, *objects: SeenObject, kernel: str = "") -> SeenStep:
    return SeenStep(key=StepKey("sr", state, kernel), status=status, objects=objects)


def picture(*steps: SeenStep, nodes: tuple[SeenNode, ...], **more: Any) -> Picture:
    taken = more.pop("taken", tuple(node.name for node in nodes))
    chosen = {
        "resources": (SeenResource(name="sr", lanes=(OLD, NEW), nodes=taken),),
        "templates": TEMPLATES,
        **more,
    }
    return Picture(cluster="lab", steps=steps, nodes=nodes, **chosen)


def changes(given: Picture) -> dict[str, dict[str, str | None]]:
    return {each.node: dict(each.labels) for each in label_changes(given)}


def test_nodes_have_the_states_that_their_own_kernel_has_finished() -> None:
    given = picture(
        step("0000-build", READY, thing("b1"), kernel=OLD),
        step("0000-build", READY, thing("b2"), kernel=NEW),
        step("1000-driver", READY, thing("common")),
        step("1000-driver", READY, thing("d1"), kernel=OLD),
        step("1000-driver", APPLIED, thing("d2"), kernel=NEW),
        step("2000-last", WAITING, thing("last", there=False)),
        nodes=(labelled("a"), labelled("b", kernel=NEW), labelled("c", kernel="5.14")),
    )
    assert changes(given) == {"a": {BUILD: "Ready", DRIVER: "Ready"}, "b": {BUILD: "Ready"}}


def test_a_state_that_is_not_affine_counts_for_all_nodes_of_the_resource() -> None:
    given = picture(
        step("0000-build", READY, thing("b")),
        nodes=(labelled("a"), labelled("b", kernel=NEW), labelled("c"), labelled("d", kernel="5.14")),
        taken=("a", "b", "d"),
        templates={("sr", "0000-build"): "templates/0000-build.yaml"},
    )
    assert changes(given) == {name: {BUILD: "Ready"} for name in "abd"}


def test_what_exists_once_in_a_state_is_needed_too() -> None:
    given = picture(
        step("0000-build", APPLIED, thing("common")),
        step("0000-build", READY, thing("b"), kernel=OLD),
        nodes=(labelled("a"),),
    )
    assert changes(given) == {}


def test_a_state_without_objects_is_finished_with_the_one_before_it() -> None:
    done = step("0000-build", READY, thing("b"), kernel=OLD)
    last = step("2000-last", APPLIED, thing("last"))
    assert changes(picture(done, last, nodes=(labelled("a"), labelled("b", kernel=NEW)))) == {
        "a": {BUILD: "Ready", DRIVER: "Ready"}
    }


def test_a_state_of_which_all_is_shared_is_finished_with_that() -> None:
    """What several SRs share comes before their own states; a label that is there stays while it is at work."""
    shared = SeenStep(
        key=StepKey("_shared", "0000-build"), status=APPLIED, objects=(thing("b", sharers=("other", "sr")),)
    )
    templates = {("sr", "0000-build"): "templates/0000-build.yaml"}
    nodes = (labelled("a"), labelled("b", BUILD))
    assert changes(picture(shared, nodes=nodes, templates=templates)) == {}
    ready = structs.replace(shared, status=READY)
    assert changes(picture(ready, nodes=nodes, templates=templates)) == {"a": {BUILD: "Ready"}}


def test_states_of_one_number_are_finished_together() -> None:
    given = picture(
        step("0000-a", READY, thing("a")),
        step("0000-b", APPLIED, thing("b")),
        nodes=(labelled("a"),),
        templates={("sr", "0000-a"): "templates/0000-a.yaml", ("sr", "0000-b"): "templates/0000-b.yaml"},
    )
    assert changes(given) == {}


def driver(status: Status, *, there: bool = True, **more: Any) -> SeenStep:
    made = thing("d", kind="DaemonSet", there=there, nodes=("a", "b"), **more)
    return step("1000-driver", status, made, kernel=OLD)


@pytest.mark.parametrize(
    ("given", "lose"),
    [
        (driver(APPLIED, used=("a", "b"), served=("a",)), {"b"}),
        (driver(APPLIED, used=("a", "b"), served=("a",), running=("a", "b")), set()),
        (driver(FAILED, used=("a", "b"), served=("a",)), {"b"}),
        (driver(WAITING, used=("a", "b"), served=("a", "b")), set()),
        (driver(APPLIED, there=False), {"a", "b"}),
        (step("1000-driver", APPLIED, thing("build"), kernel=OLD), set()),
        (step("1000-driver", FAILED, thing("build"), kernel=OLD), set()),
        (step("1000-driver", WAITING, thing("build", there=False), kernel=OLD), {"a", "b"}),
        (step("1000-driver", READY, thing("d"), kernel=NEW), {"a", "b"}),
    ],
    ids=[
        "at work",
        "does not answer",
        "failed",
        "not begun",
        "gone",
        "builds again",
        "does not build",
        "never",
        "no lane",
    ],
)
def test_a_node_keeps_a_label_while_its_driver_runs_and_loses_it_when_that_is_not_so(
    given: SeenStep, lose: set[str]
) -> None:
    nodes = (labelled("a", DRIVER), labelled("b", DRIVER))
    templates = {("sr", "1000-driver"): "templates/1000-driver.yaml"}
    assert changes(picture(given, nodes=nodes, templates=templates)) == {
        name: {DRIVER: None} for name in lose
    }


def test_a_new_node_gets_the_label_when_its_own_driver_runs_there() -> None:
    """The state is ready: its DaemonSet has not been told of the node yet, or the node lacks the kernel's label."""
    nodes = (labelled("a", DRIVER), labelled("new"))
    more: dict[str, Any] = {"nodes": ("a",), "fitting": ("a", "new")}
    templates = {("sr", "1000-driver"): "templates/1000-driver.yaml"}
    for there, gets in ((("a",), {}), (("a", "new"), {"new": {DRIVER: "Ready"}})):
        made = thing("d", kind="DaemonSet", used=there, served=there, **more)
        given = picture(step("1000-driver", READY, made, kernel=OLD), nodes=nodes, templates=templates)
        assert changes(given) == gets


def test_what_ran_and_is_gone_is_finished() -> None:
    """As a hook that was deleted by its policy."""
    hook = step("0000-build", READY, thing("hook", kind="Job", there=False))
    templates = {("sr", "0000-build"): "templates/0000-build.yaml"}
    assert changes(picture(hook, nodes=(labelled("a"),), templates=templates)) == {"a": {BUILD: "Ready"}}


def test_a_node_that_moved_to_a_kernel_whose_driver_is_not_ready_there_loses_the_label() -> None:
    new = thing("d2", kind="DaemonSet", nodes=("c",), used=("a", "c"), served=("c",))
    given = picture(
        driver(READY, used=("b",), served=("b",)),
        step("1000-driver", APPLIED, new, kernel=NEW),
        nodes=(labelled("a", DRIVER, kernel=NEW), labelled("c", DRIVER, kernel=NEW)),
        templates={("sr", "1000-driver"): "templates/1000-driver.yaml"},
    )
    assert changes(given) == {"a": {DRIVER: None}}


def test_a_node_on_which_the_driver_runs_keeps_it_though_new_drivers_would_not_come() -> None:
    """As with a taint that came later."""
    given = picture(
        driver(READY, used=("a", "b"), served=("a", "b")),
        nodes=(labelled("a", DRIVER), labelled("b", DRIVER)),
        taken=("b",),
        templates={("sr", "1000-driver"): "templates/1000-driver.yaml"},
    )
    assert changes(given) == {}


def test_labels_of_what_has_gone_are_removed_and_those_of_others_stay() -> None:
    other = "specialresource.openshift.io/state-other-0000"
    away = "specialresource.openshift.io/state-away-0000"
    odd = "specialresource.openshift.io/state-sr-abcde"
    given = picture(
        step("0000-build", READY, thing("b")),
        nodes=(labelled("a", BUILD, f"{PREFIX}9000", other, away, odd), labelled("no", BUILD)),
        taken=("a",),
        templates={("sr", "0000-build"): "templates/0000-build.yaml"},
        removed=("away",),
    )
    assert changes(given) == {"a": {f"{PREFIX}9000": None, away: None}, "no": {BUILD: None}}


@pytest.mark.parametrize(
    ("status", "stays"), [(WAITING, True), (APPLIED, True), (FAILED, True), (READY, False)]
)
def test_the_label_of_a_state_that_has_gone_stays_until_all_others_are_ready(
    status: Status, stays: bool
) -> None:
    """A driver that was not applied from this bundle yet selects on the state's old number."""
    given = picture(
        step("0000-build", READY, thing("b")),
        step("2000-last", status, thing("last")),
        nodes=(labelled("a", BUILD, f"{PREFIX}9000", kernel=OLD),),
        templates={
            ("sr", "0000-build"): "templates/0000-build.yaml",
            ("sr", "2000-last"): "templates/2000-last.yaml",
        },
    )
    removed = {label for label, value in changes(given).get("a", {}).items() if value is None}
    assert removed == (set() if stays else {f"{PREFIX}9000"})


def test_a_node_of_which_the_bundle_does_not_know_keeps_what_it_has() -> None:
    """A driver may select on it: without it its pods would go, and its module with them."""
    node = labelled("a", BUILD, f"{PREFIX}9000", kernel="5.14", **{DRIVER: "NotReady"})
    given = picture(step("0000-build", READY, thing("b"), kernel=OLD), nodes=(node,), taken=())
    (resource,) = given.resources
    held = structs.replace(given, resources=(structs.replace(resource, held=("a",)),))
    assert changes(given) == {"a": {BUILD: None, DRIVER: None, f"{PREFIX}9000": None}}
    assert changes(held) == {"a": {DRIVER: None}}


def test_another_value_is_put_right() -> None:
    done = step("0000-build", READY, thing("b"))
    node = labelled("a", **{BUILD: "NotReady"})
    given = picture(done, nodes=(node,), templates={("sr", "0000-build"): "templates/0000-build.yaml"})
    assert changes(given) == {"a": {BUILD: "Ready"}}


def test_a_name_that_is_too_long_for_labels_is_said_and_nothing_is_written() -> None:
    name = "x" * 53
    given = Picture(
        cluster="lab",
        steps=(SeenStep(key=StepKey(name, "0000-a"), status=READY),),
        nodes=(labelled("a"),),
        resources=(SeenResource(name=name, nodes=("a",)), SeenResource(name="y" * 52, nodes=("a",))),
        templates={
            (name, "0000-a"): "templates/0000-a.yaml",
            ("y" * 52, "0000-a"): "templates/0000-a.yaml",
        },
    )
    (finding,) = label_findings(given)
    assert (finding.code, finding.message, finding.hint) == (
        "label-too-long",
        f"the nodes of {name} get no labels of its states: a label's name has at most 63 characters",
        "give the SpecialResource a name of at most 52 characters",
    )
    (label,) = changes(given)["a"]
    assert len(label.partition("/")[2]) == 63


def test_what_was_changed_is_told_state_by_state() -> None:
    given = picture(
        step("0000-build", READY, thing("b")),
        step("1000-driver", READY, thing("d")),
        nodes=(labelled("b", BUILD), labelled("c", DRIVER), labelled("a"), labelled("d", LAST)),
        templates={
            ("sr", "0000-build"): "templates/0000-build.yaml",
            ("sr", "1000-driver"): "templates/1000-driver.yaml",
            ("sr", "1000-more"): "templates/1000-more.yaml",
        },
    )
    found = [
        (each.resource, each.state, each.is_ready, each.nodes)
        for each in state_changes(given, label_changes(given))
    ]
    assert found == [
        ("sr", "0000-build", True, ("a", "c", "d")),
        ("sr", "1000-driver and 1000-more", True, ("a", "b", "d")),
        ("sr", "2000", False, ("d",)),
    ]


def cluster(*names: str) -> Double:
    double = Double(lambda *_: None)
    double.objects = {object_id(each): each for each in map(node_object, names)}
    return double


GIVEN = picture(
    step("0000-build", READY, thing("b")),
    nodes=(labelled("a"), labelled("b", BUILD), labelled("c"), labelled("d")),
    templates={("sr", "0000-build"): "templates/0000-build.yaml"},
)


def test_only_what_differs_is_written() -> None:
    double = cluster("a", "b", "c", "d")
    done = Labeller(double).label(GIVEN)
    assert ([each.node for each in done.changes], done.findings) == (["a", "c", "d"], ())
    assert double.writes == ["a", "c", "d"]
    labels: Any = double.objects[ObjectId("v1", "Node", "", "a")]["metadata"]
    assert labels["labels"][BUILD] == "Ready"
    assert labels["labels"]["feature.node.kubernetes.io/kernel-version.full"] == OLD


def test_a_node_that_fails_or_has_left_hides_no_other() -> None:
    double = cluster("a", "b", "c", "d")
    faults = {
        "a": PermanentError("server-forbidden", "apply Node/a: you may not"),
        "c": NotFoundError("server-not-found", "apply Node/c: not found"),
    }
    double.fault = lambda _, name: faults.get(name)
    done = Labeller(double).label(GIVEN)
    assert [each.node for each in done.changes] == ["d"]
    assert [each.message for each in done.findings] == ["apply Node/a: you may not"]


def test_a_server_that_is_gone_is_not_asked_for_each_node() -> None:
    double = cluster("a", "b", "c", "d")
    asked: list[str] = []

    def fault(_: str, name: str) -> Exception:
        asked.append(name)
        return TransientError("server-unreachable", "cut")

    double.fault = fault
    done = Labeller(double).label(GIVEN)
    assert (asked, [each.message for each in done.findings]) == (["a"], ["cut"])


def test_who_changes_labels_back_is_answered_at_growing_intervals() -> None:
    double, clock = cluster("a", "b", "c", "d"), FastClock()
    labeller = Labeller(double, clock.now)
    for _ in range(100):
        labeller.label(GIVEN)
        clock.sleep(0.5)
    assert double.writes == ["a", "c", "d"] * 6  # at 0, 1, 3, 7, 15 and 31 s
    clock.sleep(600)
    labeller.label(structs.replace(GIVEN, nodes=()))
    double.writes.clear()
    for _ in range(3):
        labeller.label(GIVEN)
        clock.sleep(0.5)
    assert double.writes == ["a", "c", "d"] * 2


def test_a_node_that_refuses_is_told_of_in_each_round_and_not_asked_in_each() -> None:
    refusals: list[str] = []

    def fault(method: str, name: str) -> Exception:
        refusals.append(f"{method} {name}")
        return PermanentError("server-forbidden", f"apply Node/{name}: you may not")

    double, clock = Double(fault), FastClock()
    labeller = Labeller(double, clock.now)
    told = [labeller.label(GIVEN).findings for _ in range(3)]
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == len(refusals) == 3


def test_a_right_that_is_missing_is_said_of_one_node_and_not_of_each() -> None:
    double = Double(lambda _, name: lacking(f"apply Node/{name}", "patch", "nodes"))
    labeller = Labeller(double, FastClock().now)
    told = [labeller.label(GIVEN).findings for _ in range(2)]
    (finding,) = told[0]
    assert finding.message.startswith("apply Node/a: nodes is forbidden: ")
    assert told[1] == told[0]


def test_unlabel_takes_the_labels_of_one_resource_from_all_nodes() -> None:
    double = Double(lambda *_: None)
    other = "specialresource.openshift.io/state-sr-two-0000"
    for each in (
        node_object("a", **{BUILD: "Ready", other: "Ready"}),
        node_object("b", **{other: "Ready"}),
    ):
        double.objects[object_id(each)] = each
    assert [each.node for each in Labeller(double).unlabel("sr").changes] == ["a"]
    labels: Any = double.objects[ObjectId("v1", "Node", "", "a")]["metadata"]
    assert (BUILD in labels["labels"], other in labels["labels"]) == (False, True)
