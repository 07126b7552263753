"""Which build of a BuildConfig is to be started, and when its image is the one that it asks for.

Matrix: which changes are a new revision; builds of this and other revisions in every order and phase; numbers
without a build; what hinders a start. Judge: openshift-apiserver's `instantiate`, whose rules the module's
docstring names; tests/cluster plays them. Left out: who asks, and when (test_building.py).
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.planning.builds import (
    REVISION,
    Next,
    Outlook,
    build_request,
    judge_build,
    outlook,
    pod_of_build,
    with_revision,
)
from sro_apply.planning.verdict import READY, Readiness, Verdict

Object = dict[str, Any]
SPEC: Object = {
    "nodeSelector": {"kernel": "k"},
    "runPolicy": "Serial",
    "triggers": [{"type": "ConfigChange"}],
    "source": {"type": "Git", "git": {"ref": "main", "uri": "https://example.com/x.git"}},
    "strategy": {"dockerStrategy": {"buildArgs": [{"name": "KVER", "value": "k"}]}},
    "output": {"to": {"kind": "ImageStreamTag", "name": "driver:k"}},
}


def config(**changes: Any) -> Object:
    metadata = {"name": "d", "namespace": "a", "labels": {"app": "d"}}
    return {
        "apiVersion": "build.openshift.io/v1",
        "kind": "BuildConfig",
        "metadata": metadata,
        "spec": {**SPEC, **changes},
    }


def revision(manifest: Object) -> str:
    found: Any = with_revision(manifest)
    return str(found["metadata"]["labels"][REVISION])


def test_a_build_config_is_labelled_with_its_revision_and_nothing_else_changes() -> None:
    before = config()
    after: Any = with_revision(before)
    assert after["metadata"]["labels"].pop(REVISION)
    assert after == before == config()


def test_an_object_of_another_kind_gets_none() -> None:
    other = {**config(), "apiVersion": "example.com/v1"}
    assert with_revision(other) is other


@pytest.mark.parametrize(
    "change",
    [
        {"source": {"type": "Git", "git": {"ref": "v2", "uri": "https://example.com/x.git"}}},
        {"strategy": {"dockerStrategy": {}}},
        {"output": {"to": {"kind": "ImageStreamTag", "name": "driver:v2"}}},
        {"postCommit": {"script": "make test"}},
    ],
)
def test_what_goes_into_the_image_makes_a_new_revision(change: Object) -> None:
    assert revision(config(**change)) != revision(config())


@pytest.mark.parametrize(
    "change",
    [
        # The first node that runs a planned kernel brings its selector: the driver is there already.
        {"nodeSelector": {}},
        {"triggers": []},
        {"runPolicy": "Parallel"},
        {"resources": {"limits": {"cpu": "4"}}},
        {"failedBuildsHistoryLimit": 2},
    ],
)
def test_where_and_when_it_is_built_makes_none(change: Object) -> None:
    assert revision(config(**change)) == revision(config())


def live(last: int, *, trigger: bool = False, annotations: Object | None = None, **spec: Any) -> Object:
    """A BuildConfig of revision `new`."""
    metadata = {"name": "d", "namespace": "a", "labels": {REVISION: "new"}, "annotations": annotations or {}}
    triggers = [{"type": "ConfigChange"}] if trigger else []
    return {
        "apiVersion": "build.openshift.io/v1",
        "kind": "BuildConfig",
        "metadata": metadata,
        "spec": {"triggers": triggers, **spec},
        "status": {"lastVersion": last},
    }


def build(number: int, phase: str, of: str = "new", config: str = "d") -> Object:
    return {
        "kind": "Build",
        "metadata": {
            "name": f"{config}-{number}",
            "namespace": "a",
            "labels": {REVISION: of} if of else {},
            "annotations": {"openshift.io/build-config.name": config},
        },
        "status": {"phase": phase},
    }


def progressing(reason: str) -> Verdict:
    return Verdict(Readiness.PROGRESSING, reason)


NOT_STARTED = progressing("no build was started yet")


@pytest.mark.parametrize(
    ("given", "builds", "verdict", "step", "number"),
    [
        (live(0), [], NOT_STARTED, Next.START, 0),
        # OpenShift starts the first one; should it not, the request is one that only one of the two can win.
        (live(0, trigger=True), [], NOT_STARTED, Next.START_IF_LOST, 0),
        (live(1, trigger=True), [build(1, "Complete")], READY, Next.NOTHING, 1),
        (live(1), [build(1, "New")], progressing("build d-1 is New"), Next.NOTHING, 1),
        # A change starts nothing by itself.
        (live(1, trigger=True), [build(1, "Complete", "old")], NOT_STARTED, Next.START, 1),
        (live(1), [build(1, "Running", "old")], NOT_STARTED, Next.START, 1),
        (live(1), [build(1, "Failed", "old")], NOT_STARTED, Next.START, 1),
        # One that was built before we came has no revision.
        (live(4), [build(4, "Complete", "")], NOT_STARTED, Next.START, 4),
        (live(2), [build(1, "Complete", "old"), build(2, "Complete")], READY, Next.NOTHING, 2),
        # Back to what it was: the image is of the build between.
        (live(2), [build(1, "Complete"), build(2, "Complete", "old")], NOT_STARTED, Next.START, 2),
        (live(2), [build(1, "Complete"), build(2, "Running", "old")], NOT_STARTED, Next.START, 2),
        # Of a build that came to nothing nothing is in the image.
        (live(2), [build(1, "Complete"), build(2, "Failed", "old")], READY, Next.NOTHING, 2),
        (live(2), [build(1, "Complete"), build(2, "Failed")], READY, Next.NOTHING, 2),
        (
            live(10),
            [build(10, "Failed"), build(9, "Failed")],
            Verdict(Readiness.FAILED, "build d-10 is Failed"),
            Next.RESTART,
            10,
        ),
        (
            live(3),
            [build(2, "Failed"), build(3, "Running")],
            progressing("build d-3 is Running"),
            Next.NOTHING,
            3,
        ),
        # Numbered, and not there: on its way, or lost.
        (live(2), [build(1, "Failed")], progressing("build d-2 was not started yet"), Next.START_IF_LOST, 2),
        (live(2), [], progressing("build d-2 was not started yet"), Next.START_IF_LOST, 2),
        (live(2), [build(1, "Complete")], READY, Next.NOTHING, 2),
        # What was read of the BuildConfig may be older than what was read of its builds.
        (live(0), [build(1, "Running")], progressing("build d-1 is Running"), Next.NOTHING, 1),
        (live(0), [build(1, "Complete", "new", "other")], NOT_STARTED, Next.START, 0),
    ],
)
def test_the_newest_build_that_comes_to_its_end_says_whether_another_is_needed(
    given: Object, builds: list[Object], verdict: Verdict, step: Next, number: int
) -> None:
    for order in (builds, builds[::-1]):
        found = outlook(given, order)
        assert (found.verdict, found.next, found.number) == (verdict, step, number)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            live(0, annotations={"openshift.io/build-config.paused": "true"}),
            "a build is needed, and it is paused: remove the annotation openshift.io/build-config.paused",
        ),
        (
            live(0, successfulBuildsHistoryLimit=0),
            (
                "a build is needed, and its end would not be seen: "
                "set successfulBuildsHistoryLimit to 1 or more"
            ),
        ),
    ],
)
def test_a_build_that_cannot_be_started_is_told(given: Object, reason: str) -> None:
    found = outlook(given, [])
    assert (found.verdict, found.next) == (Verdict(Readiness.FAILED, reason), Next.NOTHING)
    assert outlook(given, [build(1, "Complete")]).verdict == READY


def test_no_build_is_started_of_a_config_that_is_being_deleted() -> None:
    leaving = live(0)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert outlook(leaving, []) == Outlook(verdict=progressing("it is being deleted"))


def test_a_request_is_for_the_build_after_the_newest_that_we_know() -> None:
    assert build_request(live(7), 7) == {
        "apiVersion": "build.openshift.io/v1",
        "kind": "BuildRequest",
        "metadata": {"name": "d", "namespace": "a"},
        "lastVersion": 7,
        "triggeredBy": [{"message": "sro-apply: no build of this revision"}],
    }


def test_a_failed_build_shows_its_log_or_what_openshift_kept_of_it() -> None:
    failed = build(1, "Failed")
    failed["status"] |= {"reason": "DockerBuildFailed", "message": "no", "logSnippet": "…\nError 2"}
    assert judge_build(failed).reason == "build d-1 is Failed: DockerBuildFailed: no\n…\nError 2"
    assert judge_build(failed, "cc\nmake: Error 2\n").reason == (
        "build d-1 is Failed: DockerBuildFailed: no\ncc\nmake: Error 2"
    )


def test_the_pod_of_a_build_is_the_one_that_it_names() -> None:
    assert str(pod_of_build(build(1, "Failed"))) == "Pod/a/d-1-build"
    named = build(1, "Failed")
    named["metadata"]["annotations"]["openshift.io/build.pod-name"] = "cut-off-build"
    assert str(pod_of_build(named)) == "Pod/a/cut-off-build"
