"""Who may work: two appliers in one cluster, of which one works whatever happens to either.

Matrix: at once, one after the other, asked to end, killed, cut off, stopped in the middle of its writes and woken up too late,
without a Lease for a moment. The first goes through a proxy that counts what it sends; the Lease's times are
short. Left out: the rules themselves (tests/unit/apply/test_leading.py), and `run`, which takes the same Lease.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import playing_openshift
import pytest
from clusters import Cluster, until
from fault_proxy import Asked, Cut, FaultProxy
from raw_api import Object
from simple_kmod import HURRIED, KERNELS, Synced, command, daemon_set, ready_pods

LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/sro-apply"

SHORT = (HURRIED[0], "4", "3", "0.5")
"""For what must run out. A machine that is busy must not lose it by that."""
USUAL = ("-m", "sro_apply")


class Running:
    """A sync that is under way."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: list[str] = []

    def after(self, event: str) -> Object:
        """The next event of a kind, which is waited for."""
        for line in _output(self.process):
            self._lines.append(line)
            found: Object = json.loads(line)
            if found["event"] == event:
                return found
        raise AssertionError(f"ended without {event}: {self._lines}")

    def end(self) -> Synced:
        rest, errors = self.process.communicate(timeout=90)
        printed = "".join([*self._lines, rest])
        return Synced(
            subprocess.CompletedProcess(self.process.args, self.process.returncode, printed, errors)
        )


def _output(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout
    return process.stdout


@contextmanager
def running(
    kubeconfig: Path, bundle: Path, *options: str, program: Sequence[str] = SHORT
) -> Iterator[Running]:
    given = command(kubeconfig, bundle, "--timeout", "60", *options, program=program)
    with subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


@pytest.fixture
def through(openshift: Cluster, fault_proxy: FaultProxy) -> Path:
    """The administrator, behind the proxy."""
    return openshift.kubeconfig("admin", fault_proxy.url)


def lease(cluster: Cluster) -> Object:
    found: Object = cluster.api.get(LEASE)["spec"]
    return found


def assert_all_is_well(cluster: Cluster, bundle: Path) -> None:
    assert {kernel: ready_pods(cluster, daemon_set(kernel, bundle)) for kernel in KERNELS} == KERNELS


def test_of_two_at_once_one_works_and_the_other_waits_until_it_is_done(
    openshift: Cluster, bundle: Path
) -> None:
    openshift.builds.rule("*", playing_openshift.BUILDING)
    with running(openshift.admin, bundle, program=USUAL) as first:
        holder = first.after("leading")["holder"]
        first.after("waiting")
        with running(openshift.admin, bundle, program=USUAL) as second:
            assert second.after("standby") == {
                "event": "standby",
                "lease": "Lease/default/sro-apply",
                "holder": holder,
            }
            assert lease(openshift)["holderIdentity"] == holder
            openshift.builds.rule("*", playing_openshift.COMPLETE)
            done, later = first.end(), second.end()
    assert (done.code, later.code) == (0, 0)
    assert_all_is_well(openshift, bundle)
    assert {each["result"] for each in later.of("applied")} == {"unchanged"}
    # Let go of at the end, by both.
    assert (lease(openshift)["holderIdentity"], lease(openshift)["leaseTransitions"]) == ("", 1)


def test_who_waits_in_vain_is_told_whom_for(openshift: Cluster, bundle: Path) -> None:
    openshift.builds.rule("*", playing_openshift.BUILDING)
    with running(openshift.admin, bundle, program=USUAL) as first:
        holder = first.after("leading")["holder"]
        with running(openshift.admin, bundle, "--timeout", "1", program=USUAL) as second:
            done = second.end()
    assert done.code == 4
    assert done.errors == (
        f"error[lease-lost]: Lease/default/sro-apply is held by {holder}, and was not let go of within 1 s\n"
        "  help: wait until the other one is done, or give it more time with --timeout; a loop (sro-apply run) is "
        "never done: change its source, or stop it\n"
    )
    assert done.of("applied") == []


def test_a_dry_run_is_in_nobody_s_way(openshift: Cluster, bundle: Path) -> None:
    openshift.builds.rule("*", playing_openshift.BUILDING)
    with running(openshift.admin, bundle, program=USUAL) as first:
        first.after("waiting")
        with running(openshift.admin, bundle, "--dry-run", program=USUAL) as second:
            assert second.end().code == 0


def test_one_that_is_killed_is_followed_by_the_other_when_its_time_is_over(
    openshift: Cluster, bundle: Path
) -> None:
    openshift.builds.rule("*", playing_openshift.BUILDING)
    with ExitStack() as stack:
        first = stack.enter_context(running(openshift.admin, bundle))
        first.after("waiting")
        second = stack.enter_context(running(openshift.admin, bundle))
        second.after("standby")
        first.process.kill()
        first.process.wait()
        last = lease(openshift)["renewTime"]
        openshift.builds.rule("*", playing_openshift.COMPLETE)
        holder = second.after("leading")["holder"]
        taken = lease(openshift)
        assert second.end().code == 0
    assert taken["holderIdentity"] == holder
    # Never before the time is over; both were written on this machine.
    assert _seconds(taken["acquireTime"]) - _seconds(last) >= 4
    assert_all_is_well(openshift, bundle)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_asked_to_end_lets_go_of_the_lease(
    openshift: Cluster, bundle: Path, how: signal.Signals
) -> None:
    openshift.builds.rule("*", playing_openshift.BUILDING)
    with running(openshift.admin, bundle, program=USUAL) as sync:
        sync.after("waiting")
        sync.process.send_signal(how)
        done = sync.end()
    assert (done.code, done.errors.strip()) == (130, "interrupted")
    assert lease(openshift)["holderIdentity"] == ""


def _seconds(micro_time: str) -> float:
    return datetime.fromisoformat(micro_time).timestamp()


def test_one_that_is_cut_off_sends_nothing_more_when_it_is_back(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy, through: Path
) -> None:
    openshift.builds.rule("*", playing_openshift.BUILDING)
    with ExitStack() as stack:
        first = stack.enter_context(running(through, bundle))
        first.after("waiting")
        second = stack.enter_context(running(openshift.admin, bundle))
        second.after("standby")
        fault_proxy.decide = lambda _: Cut.BEFORE
        holder = second.after("leading")["holder"]
        sent = len(fault_proxy.work())
        fault_proxy.decide = lambda _: None
        openshift.builds.rule("*", playing_openshift.COMPLETE)
        lost, done = first.end(), second.end()
    assert done.code == 0
    assert lost.code == 4
    assert f"error[lease-lost]: {holder} has taken Lease/default/sro-apply" in lost.errors
    assert len(fault_proxy.work()) == sent
    assert_all_is_well(openshift, bundle)


@pytest.mark.parametrize("writes", [1, 3, 6])
def test_one_that_is_stopped_between_two_writes_and_wakes_up_too_late_sends_not_one_request_more(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy, through: Path, writes: int
) -> None:
    with running(through, bundle) as first:

        def stop(_: Asked) -> None:
            if len(fault_proxy.writes()) == writes:
                os.kill(first.process.pid, signal.SIGSTOP)

        fault_proxy.after_write = stop
        until(lambda: len(fault_proxy.writes()) >= writes)
        with running(openshift.admin, bundle) as second:
            done = second.end()
            assert done.code == 0
            sent = len(fault_proxy.work())
            os.kill(first.process.pid, signal.SIGCONT)
            lost = first.end()
    assert lost.code == 4
    # Nobody has the Lease any more, and yet it is known that somebody had it.
    assert (
        "error[lease-lost]: another one had taken Lease/default/sro-apply, which was not renewed in time: "
        "nothing more was sent\n"
    ) in lost.errors
    assert len(fault_proxy.work()) == sent
    assert_all_is_well(openshift, bundle)


def test_a_lease_that_is_lost_for_a_moment_and_taken_by_nobody_is_taken_again(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy, through: Path
) -> None:
    openshift.builds.rule("*", playing_openshift.BUILDING)
    with running(through, bundle) as first:
        first.after("waiting")
        fault_proxy.decide = lambda asked: Cut.BEFORE if asked.is_of_lease else None
        reason = first.after("delayed")["reason"]
        fault_proxy.decide = lambda _: None
        openshift.builds.rule("*", playing_openshift.COMPLETE)
        done = first.end()
    assert reason.startswith(
        "Lease/default/sro-apply could not be renewed in time, so nothing is sent until it is (replace Lease/"
    )
    assert (done.code, done.errors) == (0, "")
    assert_all_is_well(openshift, bundle)
