"""Who may have a Lease, and when requests may be sent.

Matrix: a Lease that is not there, let go of, ours, another's and fresh, another's and old, of a holder whose
clock is wrong; renewals that come, do not come, come too late; another that was quicker or has taken over; a
Lease that somebody deleted; two who make the first one. The server is a double, so is the clock; threads, processes and a real server are
for tests/cluster.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from kube_double import Double, lacking

from sro_apply.events import Delayed, Event, Leading, Warned
from sro_apply.kube.errors import LeaseLostError, PermanentError, TransientError
from sro_apply.kube.interface import Gate
from sro_apply.leading import Leader
from sro_apply.planning.lease import (
    LeaseTimes,
    Sighting,
    claimed,
    first_lease,
    is_free,
    lease_id,
    released,
    sighted,
)
from sro_render.model.objects import JsonObject, mapping_of, object_id

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)
OURS = first_lease("ops", "a", LeaseTimes(), AT)


def spec(lease: JsonObject) -> JsonObject:
    return mapping_of(lease["spec"])


def test_the_first_lease_is_as_those_of_kubernetes_own_programs() -> None:
    assert OURS == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "sro-apply", "namespace": "ops"},
        "spec": {
            "holderIdentity": "a",
            "leaseDurationSeconds": 15,
            "acquireTime": "2026-01-02T03:04:05.000678Z",
            "renewTime": "2026-01-02T03:04:05.000678Z",
            "leaseTransitions": 0,
        },
    }


def test_a_renewal_changes_the_time_alone() -> None:
    assert claimed(OURS, "a", LeaseTimes(), LATER) == {
        **OURS,
        "spec": {**spec(OURS), "renewTime": "2026-01-02T04:04:05.000000Z"},
    }


def test_who_takes_over_is_counted() -> None:
    taken = spec(claimed(OURS, "b", LeaseTimes(), LATER))
    assert (taken["holderIdentity"], taken["leaseTransitions"]) == ("b", 1)
    assert taken["acquireTime"] == taken["renewTime"] == "2026-01-02T04:04:05.000000Z"


@pytest.mark.parametrize(
    ("lease", "free_after_s"),
    [
        (OURS, 0),
        (released(first_lease("ops", "b", LeaseTimes(), AT), LATER), 0),
        (first_lease("ops", "b", LeaseTimes(), AT), 15),
        (first_lease("ops", "b", LeaseTimes(duration_s=40), AT), 40),
        (first_lease("ops", "b", LeaseTimes(duration_s=0.2), AT), 1),
        ({**OURS, "spec": {"holderIdentity": "b"}}, 15),
    ],
    ids=["ours", "let go of", "another's", "of a longer time", "of a shorter time", "of no time"],
)
def test_a_lease_is_free_when_its_holder_s_time_is_over_by_our_clock(
    lease: JsonObject, free_after_s: int
) -> None:
    seen = Sighting(lease, 100.0)
    assert not free_after_s or not is_free(seen, "a", 100.0 + free_after_s)
    assert is_free(seen, "a", 100.001 + free_after_s)


def test_what_is_written_in_it_does_not_make_it_older_or_younger() -> None:
    """The holder's clock is years behind, or ahead: what counts is that it changes."""
    lease = first_lease("ops", "b", LeaseTimes(), datetime(1999, 1, 1, tzinfo=UTC))
    seen = sighted(None, lease, 100.0)
    assert sighted(seen, lease, 110.0) == seen
    renewed = claimed(lease, "b", LeaseTimes(), datetime(2199, 1, 1, tzinfo=UTC))
    assert sighted(seen, renewed, 110.0) == Sighting(renewed, 110.0)
    # A change of anything else, such as a label, is no renewal.
    assert sighted(seen, {**lease, "metadata": {"resourceVersion": "7"}}, 110.0).since_s == 100.0


class LeaseDouble(Double):
    """With the versions that Leases stand on."""

    def __init__(self, fault: Callable[[str, str], Exception | None] = lambda *_: None) -> None:
        super().__init__(fault)
        self.version_now = 0

    def behind(self, gate: Gate, *, is_urgent: bool = False) -> Any:
        del gate, is_urgent
        return self

    def create(self, manifest: JsonObject) -> JsonObject:
        self._ask("create", "sro-apply")
        if object_id(manifest) in self.objects:
            raise TransientError("server-busy", "create Lease: it already exists")
        return self._keep(manifest)

    def replace(self, manifest: JsonObject) -> JsonObject:
        self._ask("replace", "sro-apply")
        live = self.objects.get(object_id(manifest))
        if live is None or version(live) != version(manifest):
            raise conflict()
        return self._keep(manifest)

    def _keep(self, manifest: JsonObject) -> JsonObject:
        self.version_now += 1
        metadata = {**mapping_of(manifest["metadata"]), "resourceVersion": str(self.version_now)}
        self.objects[object_id(manifest)] = {**manifest, "metadata": metadata}
        return self.objects[object_id(manifest)]

    def taken_by(self, holder: str) -> None:
        """Another one writes it."""
        self._keep({**self.lease, "spec": {**spec(self.lease), "holderIdentity": holder}})

    @property
    def lease(self) -> JsonObject:
        return self.objects[lease_id("ops")]


def version(lease: JsonObject) -> Any:
    return mapping_of(lease["metadata"]).get("resourceVersion")


def conflict() -> PermanentError:
    error = PermanentError("server-conflict", "replace Lease: it has changed")
    error.status = 409
    return error


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


TIMES = LeaseTimes(retry_s=1000.0)
"""Renewed by the tests, not by the thread."""


def leader(double: LeaseDouble, time: Time, events: list[Event] | None = None) -> Leader:
    said = [] if events is None else events
    return Leader(double, "ops", said.append, times=TIMES, now=time)


def test_the_gate_is_open_until_the_deadline_and_a_renewal_moves_that() -> None:
    double, time, events = LeaseDouble(), Time(), list[Event]()
    one = leader(double, time, events)
    with one.leading(60):
        assert one.gate() == 10
        assert events == [Leading(lease="Lease/ops/sro-apply", holder=one.identity)]
        time.now += 7
        assert one.gate() == 3
        one.renew()
        assert one.gate() == 10
    assert spec(double.lease)["holderIdentity"] == ""
    with pytest.raises(TransientError):
        one.gate()


def test_the_time_counts_from_before_the_renewal_was_sent() -> None:
    double, time = LeaseDouble(), Time()
    one = leader(double, time)
    with one.leading(60):

        def slow(method: str, _: str) -> None:
            time.now += 4 if method == "replace" else 0

        double.fault = slow
        one.renew()
        assert one.gate() == 6
        double.fault = lambda *_: None


def test_who_could_not_renew_in_time_sends_nothing_until_it_could() -> None:
    double, time = LeaseDouble(), Time()
    one = leader(double, time)
    with one.leading(60):
        time.now += 10
        with pytest.raises(TransientError) as shut:
            one.gate()
        assert shut.value.finding.message == (
            "Lease/ops/sro-apply could not be renewed in time, so nothing is sent until it is"
        )
        assert shut.value.retry_after_s == 1000
        one.renew()
        assert one.gate() == 10


@pytest.mark.parametrize(
    ("holder", "who"), [("b", "b has"), ("", "another one had")], ids=["at work", "done"]
)
def test_what_another_one_has_taken_is_lost_for_good(holder: str, who: str) -> None:
    double, time = LeaseDouble(), Time()
    one = leader(double, time)
    with one.leading(60):
        double.taken_by(holder)
        one.renew()
        with pytest.raises(LeaseLostError) as lost:
            one.gate()
        assert str(lost.value.finding.message).startswith(f"{who} taken Lease/ops/sro-apply, ")
        assert lost.value.holder == holder
    assert spec(double.lease)["holderIdentity"] == holder  # it is not ours to let go of


def test_a_lease_that_somebody_deleted_is_made_again() -> None:
    double, time = LeaseDouble(), Time()
    one = leader(double, time)
    with one.leading(60):
        double.objects.clear()
        time.now += 5
        one.renew()
        assert spec(double.lease)["holderIdentity"] == one.identity
        assert one.gate() == 10


def test_an_answer_that_was_lost_is_found_to_have_been_ours() -> None:
    double, time = LeaseDouble(), Time()
    one = leader(double, time)
    with one.leading(60):
        double.taken_by(one.identity)  # our own renewal arrived, and its answer did not
        time.now += 9
        one.renew()
        assert one.gate() == 10


def test_a_lease_that_we_may_not_let_go_of_is_said() -> None:
    refused = lacking("replace Lease/ops/sro-apply", "update", "leases", "ops")
    double, events = LeaseDouble(), list[Event]()
    with leader(double, Time(), events).leading(60):
        double.fault = lambda method, _: refused if method == "replace" else None
    (warned,) = (each for each in events if isinstance(each, Warned))
    assert (warned.code, warned.message, warned.hint) == (
        "server-forbidden",
        f"who works here next has to wait for 15 s: {refused.finding.message}",
        refused.finding.hint,
    )


def test_who_is_stopped_while_it_says_that_it_leads_lets_go_of_the_lease() -> None:
    """As by Ctrl-C, or where nobody reads what it says any more."""
    double = LeaseDouble()

    def stop(event: Event) -> None:
        if isinstance(event, Leading):
            raise KeyboardInterrupt

    one = Leader(double, "ops", stop, times=TIMES, now=Time())
    with pytest.raises(KeyboardInterrupt), one.leading(60):
        pass
    assert spec(double.lease)["holderIdentity"] == ""


def test_a_server_that_never_answered_is_not_waited_for() -> None:
    double = LeaseDouble(lambda *_: TransientError("server-unreachable", "read Lease: no answer"))
    with pytest.raises(TransientError), leader(double, Time()).leading(60):
        pass


@pytest.mark.parametrize("comes", ["another", "nobody"])
def test_a_first_lease_that_cannot_be_written_is_tried_again(comes: str) -> None:
    """Two that begin at once in a new cluster: one of them is told that the Lease already exists."""
    tried: list[str] = []

    def fault(method: str, _: str) -> Exception | None:
        if method != "create":
            return None
        tried.append(method)
        if len(tried) > 1:
            return None
        if comes == "another":
            double.objects[lease_id("ops")] = first_lease("ops", "", LeaseTimes(), datetime.now(UTC))
        return TransientError("server-busy", "create Lease: not now")

    events: list[Event] = []
    double = LeaseDouble(fault)
    times = LeaseTimes(retry_s=0.01)
    with Leader(double, "ops", events.append, times=times, now=Time()).leading(60):
        assert Delayed(reason="create Lease: not now", retry_s=0.01) in events
    assert double.lease


def test_who_has_no_more_time_for_a_busy_server_is_told_that_and_not_of_a_holder() -> None:
    busy = TransientError("server-busy", "replace Lease: try again later")
    double = LeaseDouble(lambda method, _: busy if method == "replace" else None)
    double.objects[lease_id("ops")] = released(OURS, LATER)
    with pytest.raises(TransientError) as told, leader(double, Time()).leading(0):
        pass
    assert told.value is busy


def test_a_leader_may_lead_again() -> None:
    double, time = LeaseDouble(), Time()
    one = leader(double, time)
    for _ in range(2):
        with one.leading(60):
            assert one.gate() == 10


def test_the_thread_that_renews_survives_whatever_it_meets() -> None:
    """Without it the gate would stay shut, and nobody else would be seen to have taken over."""
    met = threading.Event()

    def fault(method: str, _: str) -> Exception | None:
        if method != "replace":
            return None
        if met.is_set():
            renewed.set()
            return None
        met.set()
        return RuntimeError("nobody thought of this")

    renewed = threading.Event()
    double = LeaseDouble(fault)
    one = Leader(double, "ops", lambda _: None, times=LeaseTimes(retry_s=0.01))
    with one.leading(60):
        assert met.wait(10)
        assert renewed.wait(10)
