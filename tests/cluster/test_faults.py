"""Whatever goes wrong between client and server, the cluster converges, and nothing is done twice.

Matrix: a server that refuses for a conflict, now and then or for good; one that stops in the middle of the writes and
comes back; one that is busy while something ends; what its database does not take; a namespace that goes;
a proxy that answers in its place; one that does not take labels of nodes; a loop through a proxy where every few requests and watches go
wrong, in each way in turn, which puts right what is changed meanwhile. Left out: one sort of fault after the other
(test_sync.py), being killed (test_kills.py), the Lease (test_lease.py).
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import little
import pytest
from clusters import Cluster, until
from fault_proxy import Answer, Asked, Cut, FaultProxy, failure, now_and_then
from little import NODES
from raw_api import Object
from simple_kmod import (
    DRIVER,
    KERNELS,
    NEW,
    Synced,
    changed,
    command,
    daemon_set,
    everything,
    ready_pods,
    sync,
)

ROLES = f"/apis/rbac.authorization.k8s.io/v1/namespaces/simple-kmod/roles/{DRIVER}"
APPS = "/apis/apps/v1/namespaces/simple-kmod/daemonsets"
WAYS: tuple[Answer | str, ...] = (
    failure(429, "TooManyRequests", "try again later", retry_after_s=1),
    failure(500, "InternalError", "etcdserver: leader changed"),
    failure(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
    Cut.BEFORE,
    Cut.AFTER,
)
EXPIRED = failure(410, "Expired", "too old resource version: 1 (2)")


@pytest.fixture
def through(openshift: Cluster, fault_proxy: FaultProxy) -> Path:
    """The administrator, behind the proxy."""
    return openshift.kubeconfig("admin", fault_proxy.url)


def is_well(cluster: Cluster, bundle: Path) -> bool:
    return {kernel: ready_pods(cluster, daemon_set(kernel, bundle)) for kernel in KERNELS} == KERNELS


@pytest.mark.parametrize("reason", ["Conflict", "AlreadyExists"])
def test_a_conflict_now_and_then_is_got_past(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy, through: Path, reason: str
) -> None:
    conflict = failure(409, reason, "the object has been modified")
    has_turn = now_and_then(2)
    fault_proxy.decide = lambda asked: conflict if asked.is_write and has_turn(asked) else None

    done = sync(openshift, bundle, kubeconfig=through)

    assert (done.code, done.errors) == (0, ""), done.events
    assert done.of("delayed")
    assert is_well(openshift, bundle)
    assert sync(openshift, bundle).finished["written"] == 0


def test_a_manifest_of_an_object_as_it_was_once_is_told_and_not_sent_for_ever(
    openshift: Cluster, bundle: Path, tmp_path: Path
) -> None:
    assert sync(openshift, bundle).code == 0
    old = changed(bundle, tmp_path / "old", "role", lambda role: role["metadata"].update(resourceVersion="1"))

    done = sync(openshift, old)

    assert done.code == 4
    (failed,) = done.of("failed")
    assert failed["object"] == f"Role/simple-kmod/{DRIVER}"
    assert "the object has been modified" in failed["reason"]
    assert done.errors == ""


@pytest.mark.parametrize("writes", [2, 7])
def test_a_server_that_stops_in_the_middle_of_the_writes_is_waited_for(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy, through: Path, writes: int
) -> None:
    stopped, turn = threading.Event(), threading.Lock()

    def stop(_: Asked) -> None:
        with turn:
            if len(fault_proxy.writes()) >= writes and not stopped.is_set():
                openshift.servers.stop_api_server(kill=True)
                stopped.set()

    fault_proxy.after_write = stop
    given = command(through, bundle, "--timeout", "90")
    with subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert stopped.wait(30)
        openshift.servers.start_api_server()
        printed, errors = running.communicate(timeout=100)
    done = Synced(subprocess.CompletedProcess(given, running.returncode, printed, errors))

    assert (done.code, done.errors) == (0, ""), done.events
    assert is_well(openshift, bundle)
    assert sync(openshift, bundle).finished["written"] == 0


def test_a_namespace_that_is_deleted_in_the_middle_of_a_sync_is_made_anew_with_all_that_was_in_it(
    cluster: Cluster, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    little.play(cluster, tmp_path)
    templates = {
        f"{number}000-x.yaml": little.yaml_of(little.config_map(name))
        for number, name in enumerate(["first", "second"])
    }
    bundle = little.build(tmp_path / "1", {"little": templates}, little.NODES)
    deleted: list[Asked] = []

    def delete(asked: Asked) -> None:
        if asked.path.startswith(f"{little.MAPS}/first") and not deleted:
            deleted.append(asked)
            cluster.api.delete("/api/v1/namespaces/little")

    fault_proxy.after_write = delete

    done = sync(cluster, bundle, kubeconfig=cluster.kubeconfig("admin", fault_proxy.url))

    assert (done.code, done.errors) == (0, ""), done.events
    assert little.names(cluster, little.MAPS) == ["first", "second"]
    assert sync(cluster, bundle).finished["written"] == 0


def test_an_object_that_is_too_large_for_the_database_is_told_and_not_sent_for_ever(
    cluster: Cluster, tmp_path: Path
) -> None:
    little.play(cluster, tmp_path)
    role: Object = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "wide"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    }
    small = little.build(tmp_path / "1", {"little": {"0000-x.yaml": little.yaml_of(role)}}, little.NODES)
    pods = ["x" * 999] * 1700
    large = changed(
        small, tmp_path / "large", "role", lambda each: each["rules"][0].update(resourceNames=pods)
    )

    done = sync(cluster, large)

    assert done.code == 4
    (failed,) = done.of("failed")
    assert failed["object"] == "Role/little/wide"
    assert failed["reason"] == "apply Role/little/wide: etcdserver: request is too large"
    assert done.finished["failed"] == 1


def test_a_server_that_is_busy_as_soon_as_the_lease_is_taken_is_waited_for(
    cluster: Cluster, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    little.play(cluster, tmp_path)
    templates = {"0000-x.yaml": little.yaml_of(little.config_map("a"))}
    bundle = little.build(tmp_path / "1", {"little": templates}, little.NODES)
    busy = iter([WAYS[0], None, WAYS[1], Cut.BEFORE, None, None, WAYS[2]])
    fault_proxy.decide = lambda asked: None if asked.is_of_lease else next(busy, None)

    done = sync(cluster, bundle, kubeconfig=cluster.kubeconfig("admin", fault_proxy.url))

    assert (done.code, done.errors) == (0, ""), done.events
    assert little.names(cluster, little.MAPS) == ["a"]


@pytest.mark.parametrize("command", ["sync", "delete"])
def test_what_is_deleted_is_followed_to_its_end_though_the_server_is_busy_meanwhile(
    cluster: Cluster, fault_proxy: FaultProxy, tmp_path: Path, command: str
) -> None:
    little.play(cluster, tmp_path)
    both = [little.config_map("goes"), little.config_map("stays")]
    one = little.build(tmp_path / "1", {"little": {"0000-x.yaml": little.yaml_of(*both)}}, little.NODES)
    two = little.build(tmp_path / "2", {"little": {"0000-x.yaml": little.yaml_of(both[1])}}, little.NODES)
    assert sync(cluster, one).code == 0
    busy = iter([WAYS[0], WAYS[1], None, Cut.BEFORE])

    def decide(asked: Asked) -> Answer | str | None:
        has_begun = any(each.method == "DELETE" for each in fault_proxy.asked)
        return next(busy, None) if has_begun and asked.method == "GET" and not asked.is_of_lease else None

    fault_proxy.decide = decide
    through = cluster.kubeconfig("admin", fault_proxy.url)
    if command == "sync":
        done = sync(cluster, two, "--prune", kubeconfig=through)
    else:
        done = little.delete(cluster, "little", "--yes", kubeconfig=through)

    assert (done.code, done.errors) == (0, ""), done.events
    assert next(busy, "asked") == "asked"
    assert not little.is_there(cluster, f"{little.MAPS}/goes")
    assert little.is_there(cluster, little.PARENT) == (command == "sync")


def test_what_a_proxy_answers_in_json_is_not_taken_for_a_list_of_nothing(
    cluster: Cluster, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    little.play(cluster, tmp_path)
    account: Object = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "goes"}}
    stays = little.config_map("stays")
    one = little.build(tmp_path / "1", {"little": {"0000-x.yaml": little.yaml_of(stays, account)}}, NODES)
    two = little.build(tmp_path / "2", {"little": {"0000-x.yaml": little.yaml_of(stays)}}, NODES)
    assert sync(cluster, one).code == 0
    answers = iter([Answer(status=200, body={"message": "please log in"})])
    asked_for = "/little/serviceaccounts?"
    fault_proxy.decide = lambda asked: next(answers, None) if asked_for in asked.path else None

    done = sync(cluster, two, "--prune", kubeconfig=cluster.kubeconfig("admin", fault_proxy.url))

    # Once its parent names no ServiceAccounts any more nobody would ever look for this one.
    assert (done.code, done.errors) == (0, ""), done.events
    assert next(answers, "asked") == "asked"
    assert little.pruned(done) == ["ServiceAccount/little/goes"]
    assert little.names(cluster, "/api/v1/namespaces/little/serviceaccounts") == ["default"]


FOLLOWER = little.DRIVER.replace("driver", "follower").replace(
    "      containers:",
    '      nodeSelector: {specialresource.openshift.io/state-little-0000: "Ready"}\n      containers:',
)


@pytest.mark.parametrize("templates", [{}, {"1000-follower.yaml": FOLLOWER}], ids=["last", "waited for"])
def test_a_label_that_a_busy_server_does_not_take_is_on_the_node_in_the_end(
    cluster: Cluster, fault_proxy: FaultProxy, tmp_path: Path, templates: dict[str, str]
) -> None:
    little.play(cluster, tmp_path)
    charts = {"little": {"0000-driver.yaml": little.DRIVER, **templates}}
    bundle = little.build(tmp_path / "1", charts, NODES)
    busy = iter([WAYS[2]] * 3)
    fault_proxy.decide = lambda asked: (
        next(busy, None) if asked.is_write and "/api/v1/nodes/" in asked.path else None
    )

    done = sync(cluster, bundle, "--timeout", "40", kubeconfig=cluster.kubeconfig("admin", fault_proxy.url))

    assert (done.code, done.errors) == (0, ""), done.events
    labelled = [node["metadata"]["labels"] for node in cluster.api.items("/api/v1/nodes")]
    states = ["0000", *(each[:4] for each in templates)]
    assert all(
        each.get(f"specialresource.openshift.io/state-little-{state}") == "Ready"
        for each in labelled
        for state in states
    ), labelled


@contextmanager
def looping(kubeconfig: Path, bundle: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = [sys.executable, "-m", "sro_apply", "run", str(bundle), "--interval", "1"]
    options = ["--listen", "127.0.0.1:0", "--kubeconfig", str(kubeconfig)]
    with subprocess.Popen([*program, *options], stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
        assert process.wait(30) == 0


def test_a_loop_puts_right_what_is_changed_while_requests_and_watches_go_wrong(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy, through: Path
) -> None:
    ways = iter(cycle(WAYS))
    has_turn = now_and_then(3, first=1)  # it could not even begin without its first questions

    def decide(asked: Asked) -> Answer | str | None:
        if asked.is_of_lease or not has_turn(asked):
            return None
        return EXPIRED if "watch=1" in asked.path else next(ways)

    fault_proxy.decide = decide
    with looping(through, bundle):
        until(lambda: len(openshift.api.items(APPS)) == 3, seconds=90)
        until(lambda: ready_pods(openshift, daemon_set(NEW, bundle)) == KERNELS[NEW], seconds=60)
        openshift.api.patch(ROLES, {"rules": []})
        openshift.api.delete(f"{APPS}/{daemon_set(NEW, bundle)}")

        until(lambda: openshift.api.get(ROLES)["rules"], seconds=60)
        until(lambda: ready_pods(openshift, daemon_set(NEW, bundle)) == KERNELS[NEW], seconds=60)
        until(lambda: is_well(openshift, bundle), seconds=60)
        openshift.servers.stop_api_server(kill=True)
        openshift.servers.start_api_server()
        openshift.api.patch(ROLES, {"rules": []})
        until(lambda: openshift.api.get(ROLES)["rules"], seconds=60)
    before = everything(openshift)
    assert sync(openshift, bundle).finished["written"] == 0
    assert everything(openshift) == before
