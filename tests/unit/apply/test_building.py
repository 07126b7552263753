"""When a build is asked for, and what is told of it, where the server does what a real one does rarely.

Matrix: builds that are started, lost, refused because another was, and that fail again and again; logs that can
and cannot be read. Left out: which build is missing (test_build_outlook.py), and builds that run (tests/cluster).
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_double import Double, FastClock, lacking

from sro_apply.building import LOST_AFTER_S, BuildStarter
from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.kube.view import View
from sro_apply.planning.builds import REVISION
from sro_apply.planning.verdict import Readiness, Verdict
from sro_render.model.objects import JsonObject, ObjectId, object_id

Object = dict[str, Any]
CONFIG = ObjectId("build.openshift.io/v1", "BuildConfig", "a", "d")


class Builds(Double):
    """A cluster whose BuildConfig `d` gets the builds that are asked for, in whatever phase the test says."""

    def __init__(self) -> None:
        super().__init__(lambda *_: None)
        self.last = 0
        self.asked: list[int] = []
        self.phase = "New"
        self.lost = False
        self.refusal: Exception | None = None
        self.text: str | Exception = "cc -c x.c\nmake: *** [all] Error 2\n"

    def config(self, *, trigger: bool = False) -> JsonObject:
        return {
            "apiVersion": CONFIG.api_version,
            "kind": CONFIG.kind,
            "metadata": {"name": "d", "namespace": "a", "labels": {REVISION: "new"}},
            "spec": {"triggers": [{"type": "ConfigChange"}] if trigger else []},
            "status": {"lastVersion": self.last},
        }

    def act(self, identity: ObjectId, subresource: str, body: JsonObject) -> JsonObject:
        assert (identity, subresource) == (CONFIG, "instantiate")
        self.asked.append(int(str(body["lastVersion"])))
        if self.refusal:
            raise self.refusal
        assert body["lastVersion"] == self.last
        self.last += 1
        if self.lost:
            raise TransientError("server-unreachable", "no answer")
        return self.made()

    def made(self) -> JsonObject:
        build: JsonObject = {
            "apiVersion": "build.openshift.io/v1",
            "kind": "Build",
            "metadata": {
                "name": f"d-{self.last}",
                "namespace": "a",
                "labels": {REVISION: "new"},
                "annotations": {"openshift.io/build-config.name": "d"},
            },
            "status": {"phase": self.phase},
        }
        self.objects[object_id(build)] = build
        return build

    def log(self, pod: ObjectId, container: str = "", *, tail_lines: int = 0) -> str:
        assert (str(pod), container, tail_lines) == (f"Pod/a/d-{self.last}-build", "", 20)
        if isinstance(self.text, Exception):
            raise self.text
        return self.text


class Looking:
    """One run that looks at the BuildConfig again and again."""

    def __init__(self, builds: Builds) -> None:
        self.builds = builds
        self.clock = FastClock()
        self.view = View(builds)
        self.starter = BuildStarter(builds, self.view, self.clock.now)

    def look(self, *, trigger: bool = False, after_s: float = 0) -> Verdict:
        self.clock.sleep(after_s)
        self.view.forget()
        return self.starter.attend(self.builds.config(trigger=trigger))


def progressing(reason: str) -> Verdict:
    return Verdict(Readiness.PROGRESSING, reason)


def test_a_build_that_is_missing_is_started_once() -> None:
    run = Looking(Builds())
    assert run.look() == progressing("build d-1 was started")
    assert run.look() == progressing("build d-1 is New")
    assert run.builds.asked == [0]


def test_the_first_build_is_left_to_openshift_unless_nothing_comes_of_it() -> None:
    run = Looking(Builds())
    assert run.look(trigger=True) == progressing("no build was started yet")
    assert run.look(trigger=True, after_s=LOST_AFTER_S - 1) == progressing("no build was started yet")
    assert run.builds.asked == []
    assert run.look(trigger=True, after_s=1) == progressing("build d-1 was started")


def test_a_build_that_was_numbered_and_never_came_is_given_up_after_a_while() -> None:
    run = Looking(Builds())
    run.builds.lost = True
    with pytest.raises(TransientError):
        run.look()
    run.builds.lost = False
    assert run.look() == progressing("build d-1 was not started yet")
    # Who comes anew cannot know since when, and waits from the start.
    other = Looking(run.builds)
    assert other.look(after_s=LOST_AFTER_S) == progressing("build d-1 was not started yet")
    assert run.look(after_s=LOST_AFTER_S) == progressing("build d-2 was started")
    assert run.builds.asked == [0, 1]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "create BuildConfig/a/d: the LastVersion(1) on build config a/d does not match"),
        (409, "create BuildConfig/a/d: the object has been modified"),
    ],
)
def test_who_comes_too_late_is_content_with_the_build_of_others(status: int, text: str) -> None:
    run = Looking(Builds())
    refusal = PermanentError("server-refused", text)
    refusal.status = status
    run.builds.refusal = refusal
    assert run.look() == progressing("somebody else has started a build")


def test_what_openshift_cannot_build_is_a_fault() -> None:
    run = Looking(Builds())
    run.builds.refusal = PermanentError("server-invalid", "Error resolving ImageStreamTag base:latest")
    with pytest.raises(PermanentError, match="Error resolving ImageStreamTag"):
        run.look()


def test_a_failed_build_is_told_with_its_log_and_started_again_at_growing_intervals() -> None:
    run = Looking(Builds())
    run.builds.phase = "Failed"
    run.look()
    log = "cc -c x.c\nmake: *** [all] Error 2"
    assert run.look() == Verdict(Readiness.FAILED, f"build d-1 is Failed\n{log}", retry_s=1)
    assert run.look(after_s=0.5) == Verdict(Readiness.FAILED, f"build d-1 is Failed\n{log}", retry_s=0.5)
    assert run.look(after_s=0.5) == progressing("build d-2 was started")
    for number, seconds in ((2, 2), (3, 4)):
        assert run.look().readiness is Readiness.FAILED
        assert run.look(after_s=seconds - 1).readiness is Readiness.FAILED
        assert run.look(after_s=1) == progressing(f"build d-{number + 1} was started")
    # Three times is enough for one run, which says so; the next one begins anew.
    given_up = Verdict(
        Readiness.FAILED,
        "build d-4 is Failed; so are those before it: mend the cause, then start one with oc start-build d -n a\n"
        + log,
        retry_s=0,
    )
    assert run.look() == given_up
    assert run.look(after_s=1000) == given_up
    assert run.builds.asked == [0, 1, 2, 3]
    other = Looking(run.builds)
    assert other.look().readiness is Readiness.FAILED
    assert other.look(after_s=1) == progressing("build d-5 was started")


@pytest.mark.parametrize("error", [NotFoundError("x", "gone"), TransientError("x", "the kubelet is away")])
def test_a_log_that_cannot_be_read_hides_no_failure(error: Exception) -> None:
    run = Looking(Builds())
    run.builds.phase, run.builds.text = "Failed", error
    run.look()
    assert run.look() == Verdict(Readiness.FAILED, "build d-1 is Failed", retry_s=1)


def test_a_log_that_we_may_not_read_is_said_below_the_failure_until_we_may() -> None:
    run = Looking(Builds())
    run.builds.phase = "Failed"
    run.builds.text = refused = lacking("read the log of Pod/a/d-1-build", "get", "pods/log", "a")
    run.look()
    reason = f"build d-1 is Failed\nits log cannot be read: {refused.finding.message}"
    assert refused.rule == 'apiGroups: [""], resources: [pods/log], verbs: [get], namespace a'
    assert run.look() == Verdict(Readiness.FAILED, reason, retry_s=1)
    run.builds.text = "make: *** [all] Error 2"
    assert run.look().reason == "build d-1 is Failed\nmake: *** [all] Error 2"
