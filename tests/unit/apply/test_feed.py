"""Which of two versions of an object is kept: what a request gave back, what the watch says, what a list has.

Matrix: each order in which they can come, of objects that change and that go, and a history that begins anew; servers that fail once, again, and for
good; what is kept of an object. The server is a double that says what a test tells it to, when it does; a
real one is for tests/cluster/test_watching.py.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sro_apply.kube import watch
from sro_apply.kube.errors import LeaseLostError, NotFoundError, PermanentError, TransientError
from sro_apply.kube.feed import Collection, Feed, FeedTimes
from sro_apply.kube.interface import Kind, Page
from sro_apply.kube.slim import slim, slim_node, slim_pod
from sro_apply.kube.watch import WatchView
from sro_render.model.objects import JsonObject, mapping_of

POD = Kind("v1", "Pod")
QUICK = FeedTimes(pause_s=0.001, longest_pause_s=0.01, missing_s=0.0, lasting_s=1000.0)


def made(version: int, name: str = "a") -> JsonObject:
    return {"kind": "Pod", "metadata": {"name": name, "resourceVersion": str(version)}, "n": version}


class Source:
    """A server: lists are what they are set to, and watches say what is put into `events`."""

    def __init__(self, *items: JsonObject, version: int = 10) -> None:
        self.items, self.list_version = list(items), version
        self.events: queue.Queue[tuple[str, JsonObject] | Exception | None] = queue.Queue()
        self.fault: Exception | None = None
        self.lists = self.watches = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def pages(self, *_: Any, **__: Any) -> Iterator[Page]:
        self.lists += 1
        if self.fault:
            raise self.fault
        items, version = [*self.items], str(self.list_version)
        self.meanwhile()
        yield Page(items, version)

    def watch(self, *_: Any, **__: Any) -> Source:
        self.watches += 1
        if self.fault:
            raise self.fault
        return self

    def __iter__(self) -> Iterator[tuple[str, JsonObject]]:
        while (event := self.events.get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event

    def stop(self) -> None:
        self.events.put(None)

    def say(self, kind: str, live: JsonObject) -> None:
        self.events.put((kind, live))


Start = Callable[[Source], Feed]


@pytest.fixture
def start() -> Iterator[Start]:
    feeds: list[Feed] = []

    def begin(source: Source) -> Feed:
        server: Any = source
        feeds.append(Feed(server, Collection(kind=POD, slim=lambda live: live), lambda: None, QUICK))
        return feeds[-1]

    yield begin
    for each in feeds:
        each.close()


def until(ask: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not ask():
        assert time.monotonic() < end
        time.sleep(0.001)


def number(feed: Feed, name: str = "a") -> object:
    live = feed.get(name)
    return None if live is None else live["n"]


def after_all(source: Source, feed: Feed, last: int = 999) -> None:
    """Wait until everything that was said has been heard."""
    source.say("ADDED", made(last, f"last-{last}"))
    until(lambda: feed.get(f"last-{last}"))


def test_a_late_event_does_not_undo_what_was_written(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    assert number(feed) == 5
    feed.put(made(20))
    source.say("MODIFIED", made(15))
    after_all(source, feed)
    assert number(feed) == 20


def test_a_newer_event_counts(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    feed.get("a")
    feed.put(made(20))
    source.say("MODIFIED", made(25))
    after_all(source, feed)
    assert number(feed) == 25


def test_the_end_of_an_earlier_one_does_not_end_what_was_written_after_it(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    feed.get("a")
    feed.put(made(20))
    source.say("DELETED", made(15))
    after_all(source, feed)
    assert number(feed) == 20
    source.say("DELETED", made(1001))
    after_all(source, feed, 1002)
    assert number(feed) is None


def test_an_answer_that_comes_after_the_end_of_its_object_does_not_bring_it_back(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    feed.get("a")
    source.say("DELETED", made(30))
    until(lambda: feed.get("a") is None)
    feed.put(made(20))
    assert number(feed) is None


def test_a_list_that_was_under_way_does_not_undo_what_was_written(start: Start) -> None:
    source = Source(made(5), made(5, "b"))
    feed = start(source)
    feed.get("a")

    def write() -> None:
        feed.put(made(60))
        feed.put(made(61, "new"))

    source.items, source.list_version, source.meanwhile = [made(5)], 50, write
    expired = PermanentError("server-refused", "watch: too old")
    expired.status = 410
    source.events.put(expired)
    until(lambda: feed.get("b") is None)
    assert (number(feed), number(feed, "new")) == (60, 61)


def test_after_etcd_was_restored_from_a_backup_nothing_of_what_is_gone_again_is_left(start: Start) -> None:
    """Versions are counted from the backup on: all that was known is of the future."""
    source = Source(made(70), made(71, "lost"), version=80)
    feed = start(source)
    feed.put(made(90, "written"))
    assert (number(feed), number(feed, "lost"), number(feed, "written")) == (70, 71, 90)
    source.items, source.list_version = [made(20)], 30
    expired = PermanentError("server-refused", "watch: too old")
    expired.status = 410
    source.events.put(expired)
    until(lambda: number(feed) == 20)
    assert (number(feed, "lost"), number(feed, "written")) == (None, None)
    source.say("MODIFIED", made(31))
    until(lambda: number(feed) == 31)


def test_what_is_put_before_the_first_list_is_not_older_than_that(start: Start) -> None:
    source = Source(made(5), version=50)
    feed = start(source)
    feed.put(made(60))
    feed.put(made(40, "gone"))
    assert (number(feed), number(feed, "gone")) == (60, None)


def test_what_was_dropped_is_there_again_only_if_the_watch_says_so(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    feed.get("a")
    feed.drop("a")
    assert feed.get("a") is None
    source.say("MODIFIED", made(30))  # a finalizer holds it
    until(lambda: number(feed) == 30)


def test_all_is_the_same_list_until_something_changes(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    before = feed.all()
    assert feed.all() is before
    source.say("ADDED", made(30, "b"))
    until(lambda: len(feed.all()) == 2)


def test_a_server_that_fails_once_is_asked_again_and_one_that_fails_on_is_missed(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    feed.get("a")
    source.events.put(TransientError("server-unreachable", "watch Pod: cut"))
    until(lambda: source.watches == 2)
    assert number(feed) == 5

    source.fault = TransientError("server-unreachable", "watch Pod: refused")
    source.events.put(None)

    def is_missed() -> bool:
        try:
            feed.get("a")
        except TransientError:
            return True
        return False

    until(is_missed)
    source.fault = None
    until(lambda: not is_missed())
    assert (number(feed), source.lists) == (5, 1)


def test_a_server_that_wants_to_be_asked_again_at_once_is_spared_all_the_same() -> None:
    source: Any = Source(made(5))
    times = FeedTimes(pause_s=0.05, longest_pause_s=0.05)
    feed = Feed(source, Collection(kind=POD, slim=lambda live: live), lambda: None, times)
    feed.get("a")
    busy = TransientError("server-busy", "watch Pod: too many requests")
    busy.retry_after_s = 0.0
    source.fault = busy
    source.events.put(None)
    began_s, before = time.monotonic(), source.watches
    until(lambda: source.watches >= before + 5)
    feed.close()
    assert time.monotonic() - began_s > 3 * times.pause_s


def test_a_server_that_cannot_be_asked_at_first_is_told_and_asked_again(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    source.fault = TransientError("server-unreachable", "read Pod: refused")
    with pytest.raises(TransientError):
        feed.get("a")
    source.fault = None
    assert number(feed) == 5


def test_a_kind_that_goes_is_empty_and_is_asked_for_again(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    feed.get("a")
    source.fault = NotFoundError("server-not-found", "watch Pod: no such kind")
    source.events.put(None)
    until(lambda: feed.get("a") is None)
    source.fault = None
    until(lambda: number(feed) == 5)


def test_who_has_lost_the_lease_reads_nothing_more(start: Start) -> None:
    source = Source(made(5))
    feed = start(source)
    feed.get("a")
    source.events.put(LeaseLostError("b", "b has taken it", hint=""))

    def is_over() -> bool:
        try:
            feed.get("a")
        except LeaseLostError:
            return True
        return False

    until(is_over)
    assert source.watches == 1


def test_of_an_object_of_ours_only_our_own_managed_fields_are_kept() -> None:
    ours: JsonObject = {"manager": "sro-apply", "operation": "Apply"}
    live: JsonObject = {
        "metadata": {"name": "a", "managedFields": [{"manager": "kubectl"}, ours]},
        "spec": {},
    }
    assert slim(live) == {"metadata": {"name": "a", "managedFields": [ours]}, "spec": {}}
    assert slim({"kind": "A"}) == {"kind": "A"}


def test_of_a_pod_and_of_a_node_what_nobody_reads_is_not_kept() -> None:
    pod: JsonObject = {
        "metadata": {"name": "p", "managedFields": []},
        "spec": {"nodeName": "n", "containers": [{"name": "c"}], "volumes": []},
        "status": {"phase": "Running"},
    }
    assert slim_pod(pod) == {
        "metadata": {"name": "p"},
        "spec": {"nodeName": "n"},
        "status": {"phase": "Running"},
    }
    ready: JsonObject = {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-02T03:04:05Z"}
    node: JsonObject = {
        "metadata": {"name": "n", "labels": {"a": "b"}},
        "spec": {"taints": []},
        "status": {"conditions": [ready], "images": [{"names": ["i"]}], "nodeInfo": {"kernelVersion": "k"}},
    }
    assert slim_node(node) == {
        "metadata": {"name": "n", "labels": {"a": "b"}},
        "spec": {"taints": []},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kernelVersion": "k"},
        },
    }
    assert mapping_of(slim_node({"metadata": {"name": "n"}})["metadata"]) == {"name": "n"}


class Hanging(Source):
    """A server that has no answer for the first watch before somebody ends the second."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: queue.Queue[str] = queue.Queue()
        self.released, self.has_answered = threading.Event(), False

    def watch(self, *given: Any, **_: Any) -> Source:
        _, namespace = given
        self.begun.put(namespace)
        if namespace == "second":
            return _Second(self.released)
        self.has_answered = self.released.wait(30)
        return self


class _Second(Source):
    def __init__(self, stopped: threading.Event) -> None:
        super().__init__()
        self._stopped = stopped

    def stop(self) -> None:
        super().stop()
        self._stopped.set()


def test_a_watch_that_hangs_holds_up_the_end_of_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told to end before any is waited for."""
    monkeypatch.setattr(watch, "END_S", 60.0)
    server = Hanging()
    given: Any = server
    view = WatchView(given, QUICK)
    for namespace in ("first", "second"):
        view.pods(namespace)
        server.begun.get(timeout=30)
    view.close()
    assert server.has_answered
