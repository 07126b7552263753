"""What is measured of a picture: the operator's metrics by name and label, and the applier's own.

Matrix: each metric over a picture with everything in it, and over none. Judge: the operator's source for
names, labels and help. Left out: the text, which prometheus_client's own reader judges in test_web.
"""

from __future__ import annotations

from typing import Any

from pictures import NEW, OLD

from sro_apply.planning.picture import Picture, SeenNode, SeenObject, SeenResource, SeenStep
from sro_apply.planning.progress import Status, StepKey
from sro_apply.planning.verdict import Readiness
from sro_apply.reporting.metrics import Family, Work, families
from sro_render.model.objects import ObjectId


def thing(kind: str, name: str, version: str = "v1", *, ready: bool = True, **more: Any) -> SeenObject:
    readiness = Readiness.READY if ready else Readiness.PROGRESSING
    return SeenObject(id=ObjectId(version, kind, "sr", name), readiness=readiness, **more)


def step(state: str, status: Status, *objects: SeenObject, kernel: str = "", sr: str = "sr") -> SeenStep:
    return SeenStep(key=StepKey(sr, state, kernel), status=status, objects=objects)


PICTURE = Picture(
    cluster="lab",
    steps=(
        step("namespace", Status.READY, SeenObject(id=ObjectId("v1", "Namespace", "", "sr"))),
        step("0000-build", Status.READY, thing("Build", "b1", "build.openshift.io/v1"), kernel=OLD),
        step(
            "0000-build",
            Status.FAILED,
            thing("Build", "b2", "build.openshift.io/v1", ready=False),
            kernel=NEW,
        ),
        step("1000-driver", Status.READY, thing("DaemonSet", "d1", "apps/v1", used=("a", "b")), kernel=OLD),
        step(
            "1000-driver",
            Status.WAITING,
            SeenObject(id=ObjectId("apps/v1", "DaemonSet", "sr", "d2")),
            kernel=NEW,
        ),
        step(
            "stateless",
            Status.APPLIED,
            thing("Service", "s"),
            thing("Service", "s", "serving.knative.dev/v1", ready=False),
            thing("StatefulSet", "t", "apps/v1", used=("a",)),
            thing("Deployment", "p", "apps/v1", used=("a",)),
        ),
        step("0000-x", Status.READY, thing("ConfigMap", "c"), sr="other"),
    ),
    nodes=(SeenNode(name="a", kernel=OLD), SeenNode(name="b", kernel=OLD), SeenNode(name="c", kernel="5.14")),
    resources=(
        SeenResource(name="sr", lanes=(OLD, NEW), nodes=("a", "b")),
        SeenResource(name="other", lanes=(OLD,), nodes=("a", "c")),
    ),
    kernels={OLD: ("a", "b")},
    templates={
        ("sr", "0000-build"): "templates/0000-build.yaml",
        ("sr", "0500-none"): "templates/0500-none.yaml",
        ("sr", "1000-driver"): "templates/1000-driver.yaml",
        ("other", "0000-x"): "templates/0000-x.yaml",
        ("other", "0500-none"): "templates/0500-none.yaml",
    },
)


def family(name: str, picture: Picture | None = PICTURE, work: Work | None = None) -> Family:
    (found,) = (each for each in families(picture, work or Work()) if each.name == name)
    return found


def test_specialresources_are_counted() -> None:
    assert family("sro_managed_resources_total").samples == (((), 2),)


def test_a_state_is_completed_when_all_its_kernels_are() -> None:
    found = family("sro_states_completed_info")
    assert found.labels == ("specialresource", "state")
    assert dict(found.samples) == {
        ("sr", "templates/0000-build.yaml"): 0,
        ("sr", "templates/0500-none.yaml"): 0,
        ("sr", "templates/1000-driver.yaml"): 0,
        ("other", "templates/0000-x.yaml"): 1,
        ("other", "templates/0500-none.yaml"): 1,
    }


def test_an_object_is_completed_when_it_is_ready_and_each_series_is_there_once() -> None:
    found = family("sro_kind_completed_info")
    assert found.labels == ("specialresource", "kind", "name", "namespace")
    assert found.samples == (
        (("sr", "Namespace", "sr", ""), 0),
        (("sr", "Build", "b1", "sr"), 1),
        (("sr", "Build", "b2", "sr"), 0),
        (("sr", "DaemonSet", "d1", "sr"), 1),
        (("sr", "DaemonSet", "d2", "sr"), 0),
        (("sr", "Service", "s", "sr"), 0),
        (("sr", "StatefulSet", "t", "sr"), 1),
        (("sr", "Deployment", "p", "sr"), 1),
        (("other", "ConfigMap", "c", "sr"), 1),
    )


def test_used_nodes_have_each_value_under_its_own_label() -> None:
    found = family("sro_used_nodes")
    assert found.labels == ("cr", "kind", "name", "namespace", "nodes")
    assert found.samples == (
        (("sr", "DaemonSet", "d1", "sr", "a,b"), 1),
        (("sr", "Deployment", "p", "sr", "a"), 1),
    )


def test_a_failed_lane_or_a_kernel_that_no_lane_serves_is_an_alert() -> None:
    assert dict(family("sro_upgrade_alert").samples) == {("sr",): 1, ("other",): 1}
    well = Picture(
        cluster="lab",
        steps=(step("0000-x", Status.APPLIED, sr="other"),),
        nodes=(SeenNode(name="a", kernel=NEW),),
        resources=(SeenResource(name="other", lanes=(OLD, NEW), nodes=("a",)),),
        kernels={OLD: ("a",)},
    )
    assert dict(family("sro_upgrade_alert", well).samples) == {("other",): 0}
    # The bundle does not know of its move, though it is served.
    assert dict(family("sro_apply_stale_nodes", well).samples) == {("other", NEW): 1}


def test_steps_are_counted_by_where_they_stand() -> None:
    assert dict(family("sro_apply_steps").samples) == {
        ("sr", "waiting"): 1,
        ("sr", "applied"): 1,
        ("sr", "ready"): 3,
        ("sr", "failed"): 1,
        ("other", "waiting"): 0,
        ("other", "applied"): 0,
        ("other", "ready"): 1,
        ("other", "failed"): 0,
    }
    assert dict(family("sro_apply_nodes").samples) == {("sr",): 2, ("other",): 2}
    assert dict(family("sro_apply_stale_nodes").samples) == {("other", "5.14"): 1}


def test_a_replica_that_has_seen_nothing_says_so_of_itself_alone() -> None:
    assert [(each.name, each.samples) for each in families(None, Work(version="1.2"))] == [
        ("sro_apply_info", ((("1.2",), 1),)),
        ("sro_apply_leader", (((), 0),)),
    ]


def test_the_applier_says_when_its_last_round_was_and_how_often_it_asked() -> None:
    work = Work(is_leader=True, last_round_at=1700.5, took_s=0.25, requests={("GET", "200"): 3})
    assert family("sro_apply_leader", work=work).samples == (((), 1),)
    assert family("sro_apply_last_round_timestamp_seconds", work=work).samples == (((), 1700.5),)
    assert family("sro_apply_last_round_duration_seconds", work=work).samples == (((), 0.25),)
    requests = family("sro_apply_requests_total", work=work)
    assert (requests.labels, requests.samples) == (("method", "code"), ((("GET", "200"), 3),))


def test_what_several_specialresources_share_is_no_specialresource() -> None:
    shared = Picture(cluster="lab", steps=(step("namespace", Status.READY, sr="_shared"),))
    assert family("sro_managed_resources_total", shared).samples == (((), 0),)
    assert family("sro_upgrade_alert", shared).samples == ()


def test_what_several_specialresources_share_is_each_one_s_to_the_operator_s_metrics() -> None:
    """The operator knows none but SpecialResources, and says of each what it has applied for it."""
    driver = thing("DaemonSet", "d", "apps/v1", ready=False, used=("a",), sharers=("other", "sr"))
    unknown = thing("ConfigMap", "c")  # the lock does not say whose
    shared = Picture(cluster="lab", steps=(step("0000-x", Status.FAILED, driver, unknown, sr="_shared"),))
    assert family("sro_kind_completed_info", shared).samples == (
        (("other", "DaemonSet", "d", "sr"), 0),
        (("sr", "DaemonSet", "d", "sr"), 0),
    )
    assert family("sro_used_nodes", shared).samples == (
        (("other", "DaemonSet", "d", "sr", "a"), 1),
        (("sr", "DaemonSet", "d", "sr", "a"), 1),
    )


def test_what_a_specialresource_shares_is_a_part_of_it() -> None:
    """Of its first state all may be shared: that is not completed before, and what fails of it is its problem."""
    driver = thing("DaemonSet", "d", "apps/v1", ready=False, sharers=("other", "sr"))
    more: Any = {
        "cluster": "lab",
        "resources": tuple(SeenResource(name=name) for name in ("alone", "other", "sr")),
        "templates": {(name, "0000-x"): "templates/0000-x.yaml" for name in ("alone", "other", "sr")},
    }
    for status, is_ready, fails in ((Status.FAILED, 0, 1), (Status.APPLIED, 0, 0), (Status.READY, 1, 0)):
        shared = Picture(steps=(step("0000-x", status, driver, sr="_shared"),), **more)
        assert dict(family("sro_states_completed_info", shared).samples) == {
            ("alone", "templates/0000-x.yaml"): 1,
            ("other", "templates/0000-x.yaml"): is_ready,
            ("sr", "templates/0000-x.yaml"): is_ready,
        }
        assert dict(family("sro_upgrade_alert", shared).samples) == {
            ("alone",): 0,
            ("other",): fails,
            ("sr",): fails,
        }


def test_what_several_specialresources_share_fails_for_the_applier_too() -> None:
    shared = Picture(cluster="lab", steps=(step("0000-x", Status.FAILED, sr="_shared"),))
    assert dict(family("sro_apply_steps", shared).samples) == {
        ("_shared", "waiting"): 0,
        ("_shared", "applied"): 0,
        ("_shared", "ready"): 0,
        ("_shared", "failed"): 1,
    }
