"""What is written into the status of a SpecialResource, and which Events come with it.

Matrix: each condition from each other; a first picture and later ones; what became ready, fails, is awaited, comes
again; conditions of others; the kind missing; a write that is refused. Judge of words: the operator's source.
Left out: the server's own checks of status and Events, which tests/cluster has.
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_double import Double, lacking
from msgspec import structs

from sro_apply.kube.errors import NotFoundError, PermanentError
from sro_apply.planning.picture import Picture, SeenObject, SeenStep
from sro_apply.planning.progress import Status, StepKey
from sro_apply.planning.verdict import Readiness
from sro_apply.recording import Recorder, utc_now
from sro_apply.reporting.conditions import ResourceStatus, resource_status, status_patch
from sro_render.model.objects import JsonObject, ObjectId

Object = dict[str, Any]
SR = ObjectId("sro.openshift.io/v1beta1", "SpecialResource", "", "sr")
READY, APPLIED, FAILED, WAITING = Status.READY, Status.APPLIED, Status.FAILED, Status.WAITING
TEMPLATES = {("sr", "0000-build"): "templates/0000-build.yaml"}


def step(
    state: str, status: Status, reason: str = "", *, kernel: str = "", waits_for: str = "", sr: str = "sr"
) -> SeenStep:
    ready = SeenObject(id=ObjectId("v1", "Secret", "sr", "s"), readiness=Readiness.READY)
    awaited = SeenObject(id=ObjectId("v1", "Pod", "sr", waits_for), readiness=Readiness.PROGRESSING)
    objects = (ready, awaited) if waits_for else (ready,)
    return SeenStep(key=StepKey(sr, state, kernel), status=status, reason=reason, objects=objects)


def picture(*steps: SeenStep) -> Picture:
    return Picture(cluster="lab", steps=steps, templates=TEMPLATES)


class Clock:
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        self.seconds = 0

    def now(self) -> str:
        self.seconds += 1
        return f"2026-01-01T00:00:{self.seconds:02}Z"


def cluster(*, installed: bool = True, there: bool = True, **status: Any) -> Double:
    def fault(method: str, name: str) -> Exception | None:
        if (method, name) == ("list", "SpecialResource") and not installed:
            return NotFoundError("server-not-found", "no such kind")
        return None

    double = Double(fault)
    if there:
        double.objects[SR] = {
            "apiVersion": SR.api_version,
            "kind": SR.kind,
            "metadata": {"name": "sr", "uid": "u", "resourceVersion": "7"},
            **status,
        }
    return double


def status_of(double: Double) -> Object:
    status: Any = double.objects[SR]["status"]
    return dict(status)


def conditions(double: Double) -> dict[str, tuple[str, str, str]]:
    return {
        each["type"]: (each["status"], each["reason"], each["message"])
        for each in status_of(double)["conditions"]
    }


def events(double: Double) -> list[tuple[Any, ...]]:
    found: list[Any] = [each for identity, each in double.objects.items() if identity.kind == "Event"]
    return [(each["type"], each["reason"], each["message"], each["count"]) for each in found]


WORKING = step("0000-build", APPLIED, "Pod/sr/p: not yet", waits_for="p")
DONE = step("0000-build", READY)
BROKEN = step("0000-build", FAILED, "Pod/sr/p: ImagePullBackOff", kernel="k")


@pytest.mark.parametrize(
    ("given", "state", "found"),
    [
        (
            WORKING,
            "Progressing: Working on: templates/0000-build.yaml",
            {
                "Ready": ("False", "Progressing", ""),
                "Progressing": ("True", "HandlingState", "Working on: templates/0000-build.yaml"),
                "Errored": ("False", "Progressing", ""),
            },
        ),
        (
            step("namespace", WAITING),
            "Progressing: Working on: namespace",
            {
                "Ready": ("False", "Progressing", ""),
                "Progressing": ("True", "HandlingState", "Working on: namespace"),
                "Errored": ("False", "Progressing", ""),
            },
        ),
        (
            DONE,
            "Ready: ",
            {
                "Ready": ("True", "Success", ""),
                "Progressing": ("False", "SpecialResourceIsReady", ""),
                "Errored": ("False", "SpecialResourceIsReady", ""),
            },
        ),
        (
            BROKEN,
            "Errored: sr / 0000-build / k: Pod/sr/p: ImagePullBackOff",
            {
                "Ready": ("False", "ErrorHasOccurred", ""),
                "Progressing": ("False", "ErrorHasOccurred", ""),
                "Errored": (
                    "True",
                    "FailedToDeployChart",
                    "sr / 0000-build / k: Pod/sr/p: ImagePullBackOff",
                ),
            },
        ),
    ],
    ids=["progressing", "not begun", "ready", "errored"],
)
def test_the_status_has_the_operator_s_conditions_and_words(
    given: SeenStep, state: str, found: dict[str, tuple[str, str, str]]
) -> None:
    double = cluster()
    assert Recorder(double, Clock().now).record(picture(given)) == ()
    assert (status_of(double)["state"], conditions(double)) == (state, found)


def test_a_time_changes_with_the_condition_and_what_does_not_differ_is_not_written() -> None:
    double, recorder = cluster(), Recorder(cluster(), Clock().now)
    recorder = Recorder(double, Clock().now)
    recorder.record(picture(WORKING))
    first = {each["type"]: each["lastTransitionTime"] for each in status_of(double)["conditions"]}
    recorder.record(picture(step("1000-x", APPLIED, waits_for="p")))
    second = {each["type"]: each["lastTransitionTime"] for each in status_of(double)["conditions"]}
    assert second == first
    before = len(double.writes)
    recorder.record(picture(step("1000-x", APPLIED, waits_for="p")))
    assert len(double.writes) == before
    recorder.record(picture(DONE))
    third = {each["type"]: each["lastTransitionTime"] for each in status_of(double)["conditions"]}
    assert [kind for kind in third if third[kind] != first[kind]] == ["Ready", "Progressing"]


def test_conditions_of_others_stay_and_a_status_that_changed_since_is_not_overwritten() -> None:
    theirs: Object = {"type": "Upgradeable", "status": "True", "reason": "X", "message": ""}
    live: JsonObject = {"metadata": {"resourceVersion": "7"}, "status": {"conditions": [theirs]}}
    patch: Any = status_patch(ResourceStatus(condition="Ready"), live, "now")
    assert patch["metadata"] == {"resourceVersion": "7"}
    assert [each["type"] for each in patch["status"]["conditions"]] == [
        "Upgradeable",
        "Ready",
        "Progressing",
        "Errored",
    ]
    assert patch["status"]["conditions"][0] == theirs


def test_what_is_awaited_fails_or_becomes_ready_is_told_once() -> None:
    double = cluster()
    recorder = Recorder(double, Clock().now)
    for given in (
        WORKING,
        WORKING,
        step("0000-build", APPLIED, "Pod/sr/p: nearly", waits_for="p"),
        step("0000-build", FAILED, "Pod/sr/p: broken"),
        step("0000-build", FAILED, "Pod/sr/p: broken"),
        WORKING,
        DONE,
        DONE,
    ):
        recorder.record(picture(given))
    assert events(double) == [
        ("Normal", "Waiting", "0000-build waits for Pod/sr/p: not yet", 2),
        ("Warning", "Failed", "0000-build: Pod/sr/p: broken", 1),
        ("Normal", "StateReady", "0000-build is ready", 1),
        ("Normal", "Ready", "all of sr is ready", 1),
    ]


def test_what_comes_again_is_counted_in_the_same_event_also_by_another_run() -> None:
    double = cluster()
    for _ in range(2):
        recorder = Recorder(double, Clock().now)
        recorder.record(picture(BROKEN))
        recorder.record(picture(DONE))
    assert events(double) == [
        ("Warning", "Failed", "0000-build of k: Pod/sr/p: ImagePullBackOff", 2),
        ("Normal", "Ready", "all of sr is ready", 2),
    ]


def test_a_run_that_finds_all_as_it_is_said_already_writes_nothing() -> None:
    double = cluster()
    Recorder(double, Clock().now).record(picture(WORKING))
    before = list(double.writes)
    Recorder(double, Clock().now).record(picture(WORKING))
    assert double.writes == before


def test_an_event_names_its_specialresource_where_events_of_such_are() -> None:
    double = cluster()
    Recorder(double, Clock().now).record(picture(BROKEN))
    (event,) = (each for identity, each in double.objects.items() if identity.kind == "Event")
    metadata: Any = event["metadata"]
    assert (metadata["namespace"], metadata["name"].partition(".")[0]) == ("default", "sr")
    assert event["involvedObject"] == {
        "apiVersion": "sro.openshift.io/v1beta1",
        "kind": "SpecialResource",
        "name": "sr",
        "uid": "u",
    }
    assert (event["firstTimestamp"], event["source"]) == (event["lastTimestamp"], {"component": "sro-apply"})


@pytest.mark.parametrize("more", [{"installed": False}, {"there": False}])
def test_nothing_is_written_where_there_is_no_specialresource(more: dict[str, bool]) -> None:
    double = cluster(**more)
    assert Recorder(double).record(picture(BROKEN)) == ()
    assert double.writes == []


def test_a_write_that_is_refused_is_said_and_hides_no_other() -> None:
    double = cluster()
    refused = PermanentError("server-forbidden", "apply SpecialResource/sr: you may not")
    double.fault = lambda method, name: refused if (method, name) == ("patch", "sr") else None
    (finding,) = Recorder(double, Clock().now).record(picture(BROKEN))
    assert finding.message == "apply SpecialResource/sr: you may not"
    assert [each[1] for each in events(double)] == ["Failed"]
    double.fault = lambda *_: refused
    assert Recorder(double).record(picture(BROKEN)) == (refused.finding,)


def test_a_right_that_is_missing_is_said_of_the_first_event_until_one_is_written() -> None:
    double = cluster()
    recorder = Recorder(double, Clock().now)
    double.fault = lambda method, name: (
        lacking(f"create Event/default/{name}", "create", "events", "default")
        if method == "apply" and name != "sr"
        else None
    )
    rounds = [recorder.record(picture(each)) for each in (WORKING, BROKEN, BROKEN, WORKING)]
    assert [len(each) for each in rounds] == [1] * 4
    assert rounds[0] == rounds[1] == rounds[2] == rounds[3]
    assert status_of(double)["state"] == "Progressing: Working on: templates/0000-build.yaml"
    double.fault = lambda *_: None
    assert recorder.record(picture(DONE)) == ()
    assert [each[1] for each in events(double)] == ["StateReady", "Ready"]


def test_long_causes_are_cut() -> None:
    double = cluster()
    Recorder(double, Clock().now).record(picture(step("0000-build", FAILED, "x" * 5_000)))
    assert len(status_of(double)["state"]) < 1_100
    assert len(events(double)[0][2]) < 1_100


def test_times_are_written_as_kubernetes_writes_them() -> None:
    assert len(utc_now()) == len("2026-01-01T00:00:00Z")
    assert utc_now().endswith("Z")


def test_what_a_specialresource_shares_counts_for_its_status() -> None:
    """It waits for that: that it works on its first state would not be true."""
    key = StepKey("_shared", "0000-build")
    driver = SeenObject(id=ObjectId("v1", "Secret", "sr", "s"), sharers=("other", "sr"))
    own = step("1000-driver", WAITING)
    failed = SeenStep(key=key, status=FAILED, reason="it is refused", objects=(driver,))
    assert resource_status(picture(failed, own), "sr") == ResourceStatus(
        condition="Errored", message="_shared / 0000-build: it is refused"
    )
    assert resource_status(picture(structs.replace(failed, status=APPLIED), own), "sr") == ResourceStatus(
        condition="Progressing", message="Working on: templates/0000-build.yaml"
    )
    assert resource_status(picture(failed, step("1000-driver", READY)), "alone").condition == "Ready"
