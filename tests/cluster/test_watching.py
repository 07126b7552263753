"""What the server has is known without asking again: lists once, and then changes as they happen.

Matrix: objects that come, change, lose their label, go; kinds that come and go; a watch that has expired, as an
answer and as an event; a server that stops and starts; a resync; who waits for changes; nothing asked while nothing
happens. A proxy counts what is asked. Left out: which of two versions is newer (tests/unit/apply/test_feed.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import playing_openshift
import pytest
from clusters import Cluster, until
from fault_proxy import Answer, Asked, FaultProxy, failure
from raw_api import Object
from simple_kmod import OLD, node

from sro_apply.kube.client import Client
from sro_apply.kube.connection import connect
from sro_apply.kube.errors import TransientError
from sro_apply.kube.feed import FeedTimes
from sro_apply.kube.watch import WatchView
from sro_render.model.objects import ObjectId

OWNED = "specialresource.openshift.io/owned"
QUICK = FeedTimes(pause_s=0.05, longest_pause_s=0.2, missing_s=0.1)
CONFIG_MAPS = "/api/v1/namespaces/a/configmaps"
MINE = ObjectId("v1", "ConfigMap", "a", "mine")

Make = Callable[..., WatchView]


@pytest.fixture
def make(cluster: Cluster, fault_proxy: FaultProxy) -> Iterator[Make]:
    """Makes views through the proxy, which are closed in the end and leave no thread behind."""
    made: list[WatchView] = []

    def view(times: FeedTimes = QUICK) -> WatchView:
        made.append(
            WatchView(Client(connect(str(cluster.kubeconfig("admin", fault_proxy.url)), None)), times)
        )
        return made[-1]

    yield view
    for each in made:
        each.close()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("watch ")] == []


def config_map(name: str = "mine", **data: str) -> Object:
    metadata = {"name": name, "namespace": "a", "labels": {OWNED: "true"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def lists(proxy: FaultProxy, plural: str = "/configmaps") -> int:
    return sum(f"{plural}?limit=" in each.path for each in proxy.asked)


def data(view: WatchView) -> object:
    return (view.live(MINE) or {}).get("data")


def test_what_comes_changes_and_goes_is_known_after_one_list(
    cluster: Cluster, fault_proxy: FaultProxy, make: Make
) -> None:
    cluster.namespace("a")
    view = make()
    assert view.live(MINE) is None

    cluster.api.create(config_map(key="one"))
    until(lambda: data(view) == {"key": "one"})
    live = cluster.api.get(f"{CONFIG_MAPS}/mine")
    del live["metadata"]["managedFields"]
    assert view.live(MINE) == {**live, "metadata": {**live["metadata"], "managedFields": []}}
    cluster.api.patch(f"{CONFIG_MAPS}/mine", {"data": {"key": "two"}})
    until(lambda: data(view) == {"key": "two"})
    cluster.api.patch(f"{CONFIG_MAPS}/mine", {"metadata": {"labels": {OWNED: None}}})
    until(lambda: view.live(MINE) is None)
    cluster.api.patch(f"{CONFIG_MAPS}/mine", {"metadata": {"labels": {OWNED: "true"}}})
    until(lambda: data(view) == {"key": "two"})
    cluster.api.delete(f"{CONFIG_MAPS}/mine")
    until(lambda: view.live(MINE) is None)

    assert lists(fault_proxy) == 1


def test_nothing_is_asked_while_nothing_happens_and_who_waits_is_woken_when_something_does(
    cluster: Cluster, fault_proxy: FaultProxy, make: Make
) -> None:
    cluster.namespace("a")
    cluster.api.create(node("n", OLD))
    cluster.api.create(config_map())
    view = make()

    def names() -> list[Object]:
        view.forget()
        assert view.live(MINE)
        assert view.pods("a") == []
        return [dict(each) for each in view.nodes()]

    assert len(names()) == 1
    while view.wait(1):
        pass  # the node controller is done with the new node
    before = len(fault_proxy.asked)
    for _ in range(3):
        assert len(names()) == 1
        assert not view.wait(0.2)
    assert len(fault_proxy.asked) == before

    threading.Timer(0.2, lambda: cluster.api.delete("/api/v1/nodes/n")).start()
    assert view.wait(20)
    until(lambda: names() == [])
    assert len(fault_proxy.asked) == before


def of_watch(asked: Asked) -> bool:
    return "watch=1" in asked.path


EXPIRED = failure(410, "Expired", "too old resource version: 1 (2)")
EXPIRED_LATER = Answer(status=200, body={"type": "ERROR", "object": EXPIRED.body})


@pytest.mark.parametrize("expired", [EXPIRED, EXPIRED_LATER], ids=["answer", "event"])
def test_a_watch_that_has_expired_is_begun_again_with_a_list_and_misses_nothing(
    cluster: Cluster, fault_proxy: FaultProxy, make: Make, expired: Answer
) -> None:
    cluster.namespace("a")
    cluster.api.create(config_map("gone"))
    turns = iter([expired])

    def decide(asked: Asked) -> Answer | None:
        if not of_watch(asked):
            return None
        answer = next(turns, None)
        if answer:
            # Between the list and the watch, which does not get to hear of it.
            cluster.api.delete(f"{CONFIG_MAPS}/gone")
            cluster.api.create(config_map(key="new"))
        return answer

    fault_proxy.decide = decide
    view = make()
    assert view.live(MINE) is None

    until(lambda: data(view) == {"key": "new"})
    assert view.live(ObjectId("v1", "ConfigMap", "a", "gone")) is None
    assert lists(fault_proxy) == 2


def test_a_server_that_stops_is_missed_and_what_happened_meanwhile_is_known_when_it_is_back(
    cluster: Cluster, make: Make
) -> None:
    cluster.namespace("a")
    cluster.api.create(config_map(key="one"))
    view = make()
    assert data(view) == {"key": "one"}

    cluster.servers.stop_api_server(kill=True)

    def is_missed() -> bool:
        try:
            view.live(MINE)
        except TransientError as error:
            return error.finding.code == "server-unreachable"
        return False

    until(is_missed)
    cluster.servers.start_api_server()
    cluster.api.patch(f"{CONFIG_MAPS}/mine", {"data": {"key": "two"}})
    until(lambda: not is_missed())
    until(lambda: data(view) == {"key": "two"})


def test_a_list_is_read_again_after_its_time_whatever_the_watch_said(
    cluster: Cluster, fault_proxy: FaultProxy, make: Make
) -> None:
    cluster.namespace("a")
    view = make(FeedTimes(resync_s=1.0, pause_s=0.05))
    assert view.live(MINE) is None
    until(lambda: lists(fault_proxy) >= 3)


def test_a_kind_that_comes_with_its_crd_is_watched_and_one_that_goes_is_empty(
    cluster: Cluster, make: Make
) -> None:
    cluster.namespace("a")
    crd = playing_openshift.crd("example.test", "v1", "Gadget", "gadgets", namespaced=True, has_status=False)
    metadata = {"name": "g", "namespace": "a", "labels": {OWNED: "true"}}
    gadget = {"apiVersion": "example.test/v1", "kind": "Gadget", "metadata": metadata}
    identity = ObjectId("example.test/v1", "Gadget", "a", "g")
    view = make()
    assert view.live(identity) is None

    for _ in range(2):
        cluster.play_kinds([crd])
        cluster.api.create(gadget)
        until(lambda: view.live(identity) is not None)
        cluster.api.delete(
            f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}"
        )
        until(lambda: view.live(identity) is None)
        until(lambda: "example.test" not in {each["name"] for each in cluster.api.get("/apis")["groups"]})
