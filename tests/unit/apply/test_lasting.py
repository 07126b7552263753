"""Failures that only time tells from hiccups: when a sync ends for them, and what is said of another try.

Matrix: image pulls, crash loops and hopeless names; for a moment, again and again, and for good; failed Jobs and
Builds, which nobody runs again. The clock is a double, and so is the cluster. Left out: a real kubelet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kube_double import Double, FastClock

from sro_apply.config import SyncSettings
from sro_apply.events import Applied, Event, Failed
from sro_apply.kube.interface import Kind
from sro_apply.planning.lasting import Spell, after_look
from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.verdict import Readiness
from sro_apply.reporting.metrics import Work
from sro_apply.reporting.page import page
from sro_apply.runner import Outcome, Runner
from sro_render.model.objects import JsonObject, ObjectId, object_id

Waits = Callable[[float], str]
"""Seconds since the beginning to why the container waits: `Running` where it does not, empty where it is ready."""


def manifest(api_version: str, kind: str, name: str, **more: Any) -> JsonObject:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "a"}, **more}


def in_bundle(made: JsonObject, kernel: str = "") -> BundleObject:
    return BundleObject(id=object_id(made), manifest=made, file=object_id(made).name, kernel=kernel)


def bundle(first: JsonObject) -> RenderedBundle:
    """What is asked about for one kernel, beside it another kernel, and after both what waits for their ends."""
    states = (
        BundleState(
            name="s0",
            objects=(in_bundle(first, "k1"), in_bundle(manifest("v1", "ConfigMap", "other"), "k2")),
        ),
        BundleState(name="s1", objects=(in_bundle(manifest("v1", "ConfigMap", "after")),)),
    )
    resource = BundleResource(name="sr", namespace="a", states=states)
    return RenderedBundle(cluster="c", resources=(resource,))


class Node(Double):
    """With a kubelet, for one pod."""

    def __init__(self, clock: FastClock, waits: Waits) -> None:
        super().__init__(lambda *_: None)
        self._clock, self._waits = clock, waits

    def list(
        self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[JsonObject]:
        found = super().list(kind, namespace, labels=labels, fields=fields)
        return [{**each, "status": self._status()} for each in found] if kind.name == "Pod" else found

    def _status(self) -> JsonObject:
        reason = self._waits(self._clock.now())
        if not reason:
            return {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        state: JsonObject = {} if reason == "Running" else {"waiting": {"reason": reason}}
        return {"phase": "Pending", "containerStatuses": [{"name": "c", "state": state}]}


class Ran:
    """A sync, with the time of each event."""

    def __init__(self, double: Double, clock: FastClock, first: JsonObject) -> None:
        self.events: list[tuple[float, Event]] = []
        settings = SyncSettings(namespace="ops", version="1", timeout_s=1800.0, concurrency=1)

        def tell(event: Event) -> None:
            self.events.append((clock.now(), event))

        self.runner = Runner(double, bundle(first), settings, tell, clock)
        self.outcome: Outcome = self.runner.run()
        self.took_s = clock.now()

    def failed(self) -> list[Failed]:
        return [event for _, event in self.events if isinstance(event, Failed)]

    def time_of(self, name: str) -> float:
        """When an object was applied."""
        (found,) = [
            at
            for at, event in self.events
            if isinstance(event, Applied) and event.object.endswith(f"/{name}")
        ]
        return found


def with_pod(waits: Waits) -> Ran:
    clock = FastClock()
    return Ran(Node(clock, waits), clock, manifest("v1", "Pod", "pod"))


def crash_loop(now: float) -> str:
    """As a kubelet does it, for a container that runs 5 s: it waits 10, 20, 40, 80, 160 and then 300 s."""
    back_off = 10.0
    while now >= 0:
        if now < 5:
            return "Running"
        if now < 5 + back_off:
            return "CrashLoopBackOff"
        now -= 5 + back_off
        back_off = min(300.0, back_off * 2)
    raise AssertionError


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff"])
def test_what_a_kubelet_goes_on_trying_is_told_at_once_and_ends_a_sync_after_a_minute(reason: str) -> None:
    ran = with_pod(lambda _: reason)
    assert (ran.outcome.finished.failed, ran.outcome.was_refused) == (1, False)
    assert not ran.outcome.finished.is_out_of_time
    assert 60 <= ran.took_s < 120
    # Others do not wait for that.
    assert [each.reason for each in ran.failed()] == [f"pod pod: {reason}"]
    assert ran.time_of("after") < 5


def test_the_hiccup_of_a_registry_ends_no_sync() -> None:
    ran = with_pod(lambda now: "ErrImagePull" if now < 45 else "")
    assert ran.outcome.is_complete
    assert ran.took_s < 80


def test_two_hiccups_that_lie_apart_are_no_lasting_failure() -> None:
    def waits(now: float) -> str:
        if now < 40 or 300 <= now < 340:
            return "ErrImagePull"
        return "Running" if now < 400 else ""

    assert with_pod(waits).outcome.is_complete


def test_a_crash_loop_ends_a_sync_though_the_container_runs_now_and_then() -> None:
    ran = with_pod(crash_loop)
    assert (ran.outcome.finished.failed, ran.outcome.finished.is_out_of_time) == (1, False)
    assert 60 <= ran.took_s < 180


def test_what_can_never_start_ends_a_sync_soon() -> None:
    assert with_pod(lambda _: "InvalidImageName").took_s < 30


def test_a_job_that_failed_ends_a_sync_soon_for_nobody_runs_it_again() -> None:
    status = {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}
    clock = FastClock()
    ran = Ran(Double(lambda *_: None), clock, manifest("batch/v1", "Job", "job", status=status))
    assert ran.outcome.finished.failed == 1
    (failed,) = ran.failed()
    assert failed.reason == "BackoffLimitExceeded; it runs again after kubectl delete -n a job job"
    assert failed.retry_s == 0
    assert ran.took_s < 30


class Builds(Double):
    """With OpenShift, of which every build fails at once."""

    def act(self, identity: ObjectId, subresource: str, body: JsonObject) -> JsonObject:
        super().act(identity, subresource, body)
        config: Any = self.objects[identity]
        number = int(str(body["lastVersion"])) + 1
        made: Any = manifest("build.openshift.io/v1", "Build", f"{identity.name}-{number}")
        made["metadata"]["labels"] = config["metadata"]["labels"]
        made["metadata"]["annotations"] = {"openshift.io/build-config.name": identity.name}
        made["status"] = {"phase": "Failed", "reason": "DockerBuildFailed"}
        build: JsonObject = made
        self.objects[object_id(build)] = build
        return build


def test_nothing_promises_another_build_after_the_last_one() -> None:
    clock = FastClock()
    config = manifest("build.openshift.io/v1", "BuildConfig", "b", spec={})
    ran = Ran(Builds(lambda *_: None), clock, config)
    assert ran.outcome.finished.failed == 1
    assert ran.failed()[-1].retry_s == 0
    assert ran.took_s < 60
    (step,) = [each for each in ran.runner.picture().steps if each.key.kernel == "k1"]
    assert "mend the cause, then start one with oc start-build b -n a" in step.reason
    assert step.retry_s is None
    assert "again in" not in page(ran.runner.picture(), Work(version="1"))


def test_the_page_says_when_a_build_is_started_again() -> None:
    clock, seen = FastClock(), list[float | None]()
    settings = SyncSettings(namespace="ops", version="1", timeout_s=1800.0)
    config = manifest("build.openshift.io/v1", "BuildConfig", "b", spec={})
    runner = Runner(Builds(lambda *_: None), bundle(config), settings, lambda _: None, clock)
    runner.begin()
    for _ in range(40):
        runner.round()
        seen += [each.retry_s for each in runner.picture().steps if each.key.kernel == "k1"]
        clock.sleep(0.5)
    assert {1.0, 2.0, 4.0} <= set(seen)
    assert seen[-1] is None


READY, PROGRESSING, FAILED = Readiness.READY, Readiness.PROGRESSING, Readiness.FAILED


@pytest.mark.parametrize(
    ("looks", "since"),
    [
        ([(0.0, PROGRESSING)], None),
        ([(1.0, FAILED), (9.0, FAILED)], 1.0),
        ([(1.0, FAILED), (2.0, PROGRESSING), (9.0, FAILED)], 1.0),
        ([(1.0, FAILED), (2.0, PROGRESSING), (61.0, PROGRESSING), (61.5, FAILED)], 1.0),
        ([(1.0, FAILED), (2.0, PROGRESSING), (62.0, PROGRESSING), (63.0, FAILED)], 63.0),
        ([(1.0, FAILED), (2.0, READY), (3.0, FAILED)], 3.0),
        ([(1.0, FAILED), (2.0, READY)], None),
    ],
)
def test_a_failure_lasts_until_it_has_been_away_for_as_long(
    looks: list[tuple[float, Readiness]], since: float | None
) -> None:
    spell: Spell | None = None
    for at, readiness in looks:
        spell = after_look(spell, readiness, at)
    assert (spell.since if spell else None) == since
