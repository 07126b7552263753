"""What a sync does when requests fail: the server is gone, busy, or refuses.

Matrix: faults of each sort before, between and after the steps, with a double of the cluster and of the clock;
the double has kinds that are ready at once. Left out: everything that goes well, and readiness, which
tests/cluster has from a real server.
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_double import Double, FastClock, Fault, lacking

from sro_apply.config import SyncSettings
from sro_apply.events import Applied, Delayed, Event, Failed, Finished, Result
from sro_apply.insisting import insisting
from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.kube.interface import Kind
from sro_apply.kube.view import View
from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.runner import Outcome, Runner
from sro_render.model.objects import JsonObject, ObjectId, object_id


def config_map(name: str, kernel: str) -> BundleObject:
    manifest: JsonObject = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "a"},
    }
    return BundleObject(id=object_id(manifest), manifest=manifest, file=name, kernel=kernel)


def bundle(states: int = 2, kernels: tuple[str, ...] = ("k1", "k2", "k3")) -> RenderedBundle:
    made = tuple(
        BundleState(
            name=f"s{number}", objects=tuple(config_map(f"s{number}-{kernel}", kernel) for kernel in kernels)
        )
        for number in range(states)
    )
    return RenderedBundle(cluster="c", resources=(BundleResource(name="sr", namespace="a", states=made),))


def run(
    double: Double, given: RenderedBundle | None = None, **more: Any
) -> tuple[Outcome, list[Event], float]:
    events: list[Event] = []
    clock = FastClock()
    chosen: dict[str, Any] = {
        "namespace": "ops",
        "version": "1",
        "timeout_s": 600.0,
        "concurrency": 1,
        **more,
    }
    settings = SyncSettings(**chosen)
    outcome = Runner(double, given or bundle(), settings, events.append, clock).run()
    return outcome, events, clock.time


def refused(*_: str) -> PermanentError:
    return PermanentError("server-forbidden", "apply x: you may not")


def busy(retry_after_s: float | None = None) -> TransientError:
    error = TransientError("server-busy", "apply x: too many requests")
    error.retry_after_s = retry_after_s
    return error


def times(count: int, fault: Exception, *, method: str, name: str) -> Fault:
    """A fault of the first so many requests of one sort."""
    left = [count]

    def ask(asked: str, about: str) -> Exception | None:
        if (asked, about) != (method, name) or not left[0]:
            return None
        left[0] -= 1
        return fault

    return ask


def test_what_does_not_pass_counts_anew_after_what_did() -> None:
    """As a namespace that is gone, after it was being deleted for a while."""
    faults: list[Exception | None] = [*[busy() for _ in range(5)], refused(), refused(), None]
    double = Double(
        lambda method, name: faults.pop(0) if faults and (method, name) == ("apply", "s0-k1") else None
    )
    outcome, _, _ = run(double)
    assert outcome.is_complete
    assert not faults


def test_nothing_goes_wrong_where_nothing_is_wrong() -> None:
    double = Double(lambda *_: None)
    outcome, events, _ = run(double)
    assert (outcome.is_complete, outcome.was_refused) == (True, False)
    assert isinstance(events[-1], Finished)
    # The parent comes first: who stops after any request leaves no object that no set knows.
    assert double.writes[0] == "sro-apply-sr"
    assert double.writes[1:] == ["s0-k1", "s0-k2", "s0-k3", "s1-k1", "s1-k2", "s1-k3"]


def test_one_object_that_is_refused_holds_up_only_its_own_kernel() -> None:
    double = Double(lambda method, name: refused() if (method, name) == ("apply", "s0-k2") else None)
    outcome, events, time = run(double)
    finished = outcome.finished
    assert (finished.ready, finished.failed, finished.held) == (4, 1, 1)
    assert outcome.was_refused
    assert "s1-k2" not in double.writes
    # Said once, tried four times.
    assert [each for each in events if isinstance(each, Failed)] == [
        Failed(step="sr / s0 / k2", object="ConfigMap/a/s0-k2", reason="apply x: you may not", retry_s=1.0)
    ]
    assert 7 <= time < 30


def test_what_is_refused_once_is_tried_again_and_goes_on() -> None:
    double = Double(times(2, refused(), method="apply", name="s0-k2"))
    outcome, _, _ = run(double)
    assert (outcome.is_complete, outcome.was_refused) == (True, False)


def test_a_step_that_gets_on_object_by_object_is_not_given_up() -> None:
    """Each of its objects is refused three times, and four are the most for one."""
    left = {"a": 3, "b": 3}

    def fault(method: str, name: str) -> Exception | None:
        if method != "apply" or not left.get(name):
            return None
        left[name] -= 1
        return refused()

    kinds: list[Any] = [
        {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "x"}}
        for kind, name in (("ConfigMap", "a"), ("Service", "b"))
    ]
    objects = tuple(BundleObject(id=object_id(each), manifest=each, file=str(each)) for each in kinds)
    resource = BundleResource(name="sr", namespace="x", states=(BundleState(name="s0", objects=objects),))

    outcome, _, _ = run(Double(fault), RenderedBundle(cluster="c", resources=(resource,)))

    assert outcome.is_complete


@pytest.mark.parametrize(("asked_for", "waited"), [(None, 1.0), (17.0, 17.0)])
def test_a_busy_server_is_asked_again_when_it_says(asked_for: float | None, waited: float) -> None:
    double = Double(times(1, busy(asked_for), method="apply", name="s1-k1"))
    outcome, events, time = run(double)
    assert outcome.is_complete
    assert [each for each in events if isinstance(each, Delayed | Failed)] == [
        Delayed(reason="apply x: too many requests", retry_s=waited)
    ]
    assert waited <= time < waited + 10


def test_a_job_that_has_ended_and_is_gone_is_not_run_again() -> None:
    """As the control plane removes one whose `ttlSecondsAfterFinished` is over, while its step still goes on."""
    job: Any = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "job",
            "namespace": "a",
            "annotations": {"specialresource.openshift.io/wait": "true"},
        },
        "spec": {"ttlSecondsAfterFinished": 0},
        "status": {"conditions": [{"type": "Complete", "status": "True"}]},
    }
    passing = BundleObject(id=object_id(job), manifest=job, file="job")
    state = BundleState(name="s0", objects=(passing, config_map("after", "")))
    given = RenderedBundle(
        cluster="c", resources=(BundleResource(name="sr", namespace="a", states=(state,)),)
    )
    double = Double(lambda *_: None)

    def fault(method: str, name: str) -> Exception | None:
        if (method, name) == ("apply", "after") and passing.id in double.objects:
            del double.objects[passing.id]
            return refused()
        return None

    double.fault = fault
    outcome, _, _ = run(double, given)

    assert outcome.is_complete
    # That it ran is written on the parent.
    assert double.writes == ["sro-apply-sr", "job", "sro-apply-sr", "after"]
    again, _, _ = run(double, given)
    assert again.is_complete
    assert passing.id not in double.objects


def test_what_is_never_ready_counts_as_failed_after_its_time_and_holds_up_no_other_kernel() -> None:
    """A state that is not kernel-affine waits until each kernel is ready or has failed."""

    def job(name: str, kernel: str, *, ends: bool) -> BundleObject:
        manifest: Any = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "namespace": "a"},
            "status": {"conditions": [{"type": "Complete", "status": "True"}] if ends else []},
        }
        return BundleObject(id=object_id(manifest), manifest=manifest, file=name, kernel=kernel)

    states = (
        BundleState(name="s0", objects=(job("slow", "k1", ends=False), job("quick", "k2", ends=True))),
        BundleState(name="s1", objects=(config_map("after", ""),)),
    )
    given = RenderedBundle(cluster="c", resources=(BundleResource(name="sr", namespace="a", states=states),))
    double = Double(lambda *_: None)

    outcome, events, time = run(double, given, wait_s=60.0)

    (failed,) = [each for each in events if isinstance(each, Failed)]
    assert (failed.step, failed.object) == ("sr / s0 / k1", "Job/a/slow")
    assert failed.reason.startswith("not ready after 60 s: ")
    assert "after" in double.writes
    assert (outcome.finished.ready, outcome.finished.failed) == (2, 1)
    assert 60 <= time < 120


def test_a_server_that_never_answered_is_not_waited_for() -> None:
    double = Double(lambda *_: busy())
    with pytest.raises(TransientError):
        run(double)
    assert double.writes == []


def test_a_server_that_goes_away_in_the_middle_is_waited_for_until_the_time_is_over() -> None:
    asked = [0]

    def gone_after_some(*_: str) -> Exception | None:
        asked[0] += 1
        return busy() if asked[0] > 4 else None

    outcome, events, time = run(Double(gone_after_some), timeout_s=100.0)
    assert not outcome.is_complete
    assert outcome.was_refused
    assert isinstance(events[-1], Finished)
    assert events[-1].is_out_of_time
    assert time == 100


def test_a_server_that_lets_itself_be_asked_late_gives_nobody_more_time() -> None:
    """What it took to ask the first question is part of the time that a sync has."""
    fault = times(3, busy(20.0), method="get", name="sro-apply-sr")
    double, clock, events = Double(fault), FastClock(), list[Event]()
    double.fault = lambda method, name: busy() if method == "apply" else fault(method, name)
    settings = SyncSettings(namespace="ops", version="1", timeout_s=100.0)
    runner = Runner(double, bundle(), settings, events.append, clock)
    outcome = insisting(runner.run, events.append, clock, 100.0)
    assert outcome.finished.is_out_of_time
    assert clock.time == 100


def test_a_sync_that_was_stopped_after_any_request_is_finished_by_the_next() -> None:
    whole = Double(lambda *_: None)
    run(whole)
    for last in range(len(whole.writes)):
        double = Double(lambda *_: None)
        left = [last]

        def stop(method: str, _: str, left: list[int] = left) -> Exception | None:
            if method == "apply":
                left[0] -= 1
            return KeyboardInterrupt() if left[0] < 0 else None  # type: ignore[return-value]

        double.fault = stop
        with pytest.raises(KeyboardInterrupt):
            run(double)
        double.fault = lambda *_: None
        outcome, _, _ = run(double)
        assert outcome.is_complete
        assert double.objects == whole.objects


def test_a_loop_is_told_when_to_try_again_also_if_that_moment_passes_while_it_does_something_else() -> None:
    double, clock = Double(times(1, refused(), method="apply", name="s0-k1")), FastClock()
    settings = SyncSettings(namespace="ops", version="1", timeout_s=60, is_continuous=True)
    view = View(double)
    runner = Runner(double, bundle(1, ("k1",)), settings, lambda _: None, clock, view)
    runner.begin()
    runner.round()
    assert runner.next_try_s() == 1
    clock.sleep(5)  # as pruning may take
    assert runner.next_try_s() == 0
    view.forget()
    runner.round()
    assert double.writes[-1] == "s0-k1"


def test_what_belongs_to_a_special_resource_is_refused() -> None:
    double = Double(lambda *_: None)
    owned = config_map("s0-k1", "k1")
    owner: JsonObject = {"apiVersion": "sro.openshift.io/v1beta1", "kind": "SpecialResource", "name": "old"}
    double.objects[owned.id] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "s0-k1", "namespace": "a", "ownerReferences": [owner]},
    }
    outcome, events, _ = run(double, bundle(1))
    assert not outcome.is_complete
    assert "s0-k1" not in double.writes
    (failed,) = [each for each in events if isinstance(each, Failed)]
    assert failed.reason == (
        "it belongs to SpecialResource/old, whose deletion would take it along: --adopt takes it over"
    )


class OfOthers(Double):
    """Where each object is of a set; who asks for that set's parent gets an answer as a test says."""

    def __init__(self, parents: list[JsonObject] | PermanentError) -> None:
        super().__init__(lambda *_: None)
        self.parents = parents
        part_of = "applyset.kubernetes.io/part-of"
        fields: JsonObject = {"f:metadata": {"f:labels": {f"f:{part_of}": {}}}}
        for each in bundle(1).objects:
            metadata: JsonObject = {
                "name": each.id.name,
                "namespace": each.id.namespace,
                "labels": {part_of: "applyset-x-v1"},
                "managedFields": [{"manager": "sro-apply", "operation": "Apply", "fieldsV1": fields}],
            }
            self.objects[each.id] = {**each.manifest, "metadata": metadata}

    def list(
        self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[JsonObject]:
        if namespace != "ops":
            return super().list(kind, namespace, labels=labels, fields=fields)
        if isinstance(self.parents, PermanentError):
            raise self.parents
        return self.parents


def test_an_object_of_another_set_is_taken_if_that_is_ours_and_else_it_is_said_why_not() -> None:
    assert run(OfOthers([{"kind": "ConfigMap"}]), bundle(1))[0].is_complete
    refused = lacking("read ConfigMap/ops/", "list", "configmaps", "ops")
    theirs = "it belongs to a set that is not in namespace ops (applyset-x-v1): another applier has it; "
    for parents, reason in (([], theirs), (refused, refused.finding.message)):
        _, events, _ = run(OfOthers(parents), bundle(1))
        reasons = [each.reason for each in events if isinstance(each, Failed)]
        assert [each.startswith(reason) for each in reasons] == [True] * 3


class Operated(Double):
    """With an operator that takes back what was taken from it."""

    def patch(self, identity: ObjectId, patch: JsonObject, *, subresource: str = "") -> JsonObject:
        before = self.objects[identity]
        made = super().patch(identity, patch, subresource=subresource)
        self.objects[identity] = before
        return made

    def apply(self, manifest: JsonObject, **more: Any) -> JsonObject:
        before = self.objects.get(object_id(manifest))
        made = super().apply(manifest, **more)
        if before is not None:
            self.objects[object_id(manifest)] = before
        return made


def test_an_operator_that_takes_back_what_is_adopted_is_answered_at_growing_intervals() -> None:
    double, clock, events = Operated(lambda *_: None), FastClock(), list[Event]()
    owned = config_map("s0-k1", "k1")
    owner: JsonObject = {"apiVersion": "sro.openshift.io/v1beta1", "kind": "SpecialResource", "name": "old"}
    metadata: JsonObject = {"name": "s0-k1", "namespace": "a", "ownerReferences": [owner]}
    double.objects[owned.id] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    settings = SyncSettings(namespace="ops", version="1", timeout_s=60, adopts=True, is_continuous=True)
    view = View(double)
    runner = Runner(double, bundle(1, ("k1",)), settings, events.append, clock, view)
    runner.begin()
    for _ in range(100):
        runner.round()
        view.forget()
        clock.sleep(0.5)
    adopted = [each for each in events if isinstance(each, Applied) and each.result is Result.ADOPTED]
    assert len(adopted) == 6  # at 0, 1, 3, 7, 15 and 31 s


def test_a_dry_run_says_what_it_cannot_check_and_what_is_refused_and_writes_nothing() -> None:
    def fault(method: str, name: str) -> Exception | None:
        if method == "apply" and name == "s0-k1":
            return NotFoundError("server-not-found", "no namespace")
        return refused() if (method, name) == ("apply", "s0-k2") else None

    double = Double(fault)
    outcome, events, _ = run(double, bundle(1), is_dry_run=True)
    assert double.writes == []
    assert (outcome.is_complete, outcome.was_refused) == (False, True)
    assert [getattr(each, "result", type(each).__name__) for each in events] == [
        "unchecked",
        "Failed",
        "created",
        "Finished",
    ]


def test_what_fails_beside_the_kernels_does_not_keep_their_own_objects_back() -> None:
    """As a second sync finds it, or a loop that was started again: the pod has failed when it is first seen."""
    manifest: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "side", "namespace": "a"},
        "status": {"phase": "Failed"},
    }
    side = BundleObject(id=object_id(manifest), manifest=manifest, file="side")
    state = BundleState(name="s0", objects=(side, config_map("driver", "k1")))
    resource = BundleResource(name="sr", namespace="a", states=(state,))
    double = Double(lambda *_: None)
    outcome, _, _ = run(double, RenderedBundle(cluster="c", resources=(resource,)))
    assert "driver" in double.writes
    assert (outcome.finished.ready, outcome.finished.failed, outcome.finished.held) == (1, 1, 0)
