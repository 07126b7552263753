"""The web server of the loop: metrics, probes and the page over real HTTP, and who takes pictures to it.

Matrix: each path; alive, stuck, not begun, about to end; leading or not; addresses, right and wrong; clients that are
slow, many, or gone. Judge of the metrics: prometheus_client's own reader. Left out: the page's looks and
accessibility, which tests/browser has.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
import urllib3
from kube_double import Double
from prometheus_client.parser import text_string_to_metric_families

from sro_apply.controller.reporters import Reporters
from sro_apply.events import Event, Labelled, Warned
from sro_apply.kube.errors import PermanentError
from sro_apply.planning.picture import Picture, SeenNode, SeenObject, SeenResource, SeenStep
from sro_apply.planning.progress import Status, StepKey
from sro_apply.reporting.logs import json_line, text_line
from sro_apply.web import server as web_server
from sro_apply.web.address import Address, parse_address
from sro_apply.web.board import Board
from sro_apply.web.server import WebServer
from sro_render.errors import InputError
from sro_render.model.objects import ObjectId

HOSTILE = '</script><img src=x onerror=alert(1)>"\n\\'
PICTURE = Picture(
    cluster="lab",
    steps=(
        SeenStep(
            key=StepKey("sr", "0000-build"),
            status=Status.FAILED,
            objects=(SeenObject(id=ObjectId("v1", "Secret", "sr", HOSTILE)),),
            reason=HOSTILE,
            retry_s=4,
        ),
    ),
    nodes=(SeenNode(name="a", kernel="5.14"),),
    resources=(SeenResource(name="sr", lanes=("4.18",), nodes=("a",)),),
    templates={("sr", "0000-build"): "templates/0000-build.yaml"},
)


class Now:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def board(now: Now) -> Board:
    requests = {("GET", "200"): 3, ("PATCH", "none"): 1}
    return Board("1.2", longest_s=60, requests=lambda: requests, now=now.now, wall=lambda: 1_700_000_000.5)


@pytest.fixture
def get(board: Board) -> Iterator[Get]:
    server = WebServer(Address("127.0.0.1", 0), board)
    server.start()
    with urllib3.PoolManager(retries=False) as pool:
        yield Get(pool, f"http://{server.address}")
    server.stop()


class Get:
    """Asks the server."""

    def __init__(self, pool: urllib3.PoolManager, root: str) -> None:
        self._pool, self._root = pool, root

    def __call__(self, path: str, method: str = "GET") -> urllib3.BaseHTTPResponse:
        return self._pool.request(method, self._root + path)

    def connected(self) -> socket.socket:
        """A client that says nothing yet."""
        host, _, port = self._root.removeprefix("http://").rpartition(":")
        return socket.create_connection((host, int(port)), timeout=60)

    def probe(self, path: str) -> tuple[int, str]:
        answer = self(path)
        return answer.status, answer.data.decode()


def series(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), float(sample.value)))
    return found


def test_metrics_are_read_back_as_they_were_seen(get: Get, board: Board) -> None:
    board.lead(is_leader=True)
    board.show(PICTURE, took_s=0.5)
    answer = get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = series(answer.data.decode())
    assert found["sro_managed_resources_total"] == [({}, 1)]
    assert found["sro_states_completed_info"] == [
        ({"specialresource": "sr", "state": "templates/0000-build.yaml"}, 0)
    ]
    assert found["sro_kind_completed_info"] == [
        ({"specialresource": "sr", "kind": "Secret", "name": HOSTILE, "namespace": "sr"}, 0)
    ]
    assert found["sro_upgrade_alert"] == [({"cr": "sr"}, 1)]
    assert found["sro_apply_leader"] == [({}, 1)]
    assert found["sro_apply_last_round_timestamp_seconds"] == [({}, 1_700_000_000.5)]
    assert found["sro_apply_requests_total"] == [
        ({"method": "GET", "code": "200"}, 3),
        ({"method": "PATCH", "code": "none"}, 1),
    ]


def test_series_of_what_has_gone_are_gone(get: Get, board: Board) -> None:
    board.lead(is_leader=True)
    board.show(PICTURE)
    board.show(Picture(cluster="lab"))
    found = series(get("/metrics").data.decode())
    assert found["sro_managed_resources_total"] == [({}, 0)]
    assert not {"sro_kind_completed_info", "sro_upgrade_alert"} & set(found)
    board.lead(is_leader=False)
    found = series(get("/metrics").data.decode())
    assert found["sro_apply_leader"] == [({}, 0)]
    assert "sro_managed_resources_total" not in found


def test_the_loop_is_alive_until_it_has_been_silent_for_too_long(get: Get, board: Board, now: Now) -> None:
    now.seconds += 60
    assert get.probe("/healthz") == (200, "ok\n")
    now.seconds += 5
    text = "the loop has not gone round for 65 s, and should within 60 s\n"
    assert get.probe("/healthz") == (503, text)
    board.beat()
    assert get.probe("/healthz") == (200, "ok\n")


def test_it_is_ready_from_the_first_round_until_it_is_about_to_end(get: Get, board: Board) -> None:
    assert get.probe("/readyz") == (503, "the loop has not gone round yet\n")
    board.beat()
    assert get.probe("/readyz") == (200, "ok\n")
    board.end()
    assert get.probe("/readyz") == (503, "it is about to end\n")


def test_the_page_escapes_what_it_shows_and_lets_nothing_run(get: Get, board: Board) -> None:
    board.lead(is_leader=True)
    board.show(PICTURE)
    answer = get("/?x=1")
    text = answer.data.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "lab: 0 of 1 ready" in text
    assert "2023-11-14 22:13:20 UTC" in text
    assert "1 node with kernel" in text


@pytest.mark.parametrize(
    ("is_leader", "words"), [(True, "Nothing was seen yet."), (False, "This replica stands by")]
)
def test_a_page_without_a_picture_says_why(get: Get, board: Board, words: str, *, is_leader: bool) -> None:
    board.lead(is_leader=is_leader)
    assert words in get("/").data.decode()


def test_other_paths_and_methods_are_refused(get: Get) -> None:
    assert get("/secret").status == 404
    assert get("/metrics", "POST").status == 501
    head = get("/healthz", "HEAD")
    assert (head.status, head.data, head.headers["Content-Length"]) == (200, b"", "3")
    assert head.headers["Server"].strip() == "sro-apply"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        (":8080", Address("", 8080)),
        ("[::1]:0", Address("::1", 0)),
        ("localhost:65535", Address("localhost", 65535)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    ["", "8080", "host:", "host:65536", "::1:80", "http://h:80", "h:8O", "[x:80", "ü..:80", "a\u2028b:80"],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_address(text)
    assert (refused.value.finding.code, refused.value.finding.message) == (
        "web-address",
        f"{text!r} is not an address to listen on",
    )


def test_an_address_that_is_taken_is_said(board: Board) -> None:
    first = WebServer(Address("127.0.0.1", 0), board)
    first.start()
    try:
        with pytest.raises(InputError) as refused:
            WebServer(first.address, board)
    finally:
        first.stop()
    assert refused.value.finding.code == "web-address"
    assert refused.value.finding.message.startswith(f"nobody can listen on {first.address}: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_all_addresses_of_the_machine_are_those_of_both_versions(board: Board, host: str) -> None:
    if host == "::1" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine knows no IPv6")
    server = WebServer(Address("", 0), board)
    server.start()
    try:
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request("GET", f"http://{Address(host, server.address.port)}/healthz")
    finally:
        server.stop()
    assert answer.status == 200


def test_who_sends_one_letter_after_the_other_is_not_listened_to_without_an_end(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_server, "_LONGEST_S", 0.1)

    def talk(end: float) -> None:
        while time.monotonic() < end:
            slow.sendall(b"x")
            time.sleep(0.05)

    with get.connected() as slow, pytest.raises(ConnectionError):
        talk(time.monotonic() + 60)


def test_where_there_are_too_many_the_oldest_goes_and_who_comes_is_answered(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_server, "_MOST", 2)
    with get.connected() as first, get.connected() as second, get.connected() as third:
        assert first.recv(1) == b""
        assert get.probe("/healthz") == (200, "ok\n")
        assert second.recv(1) == b""
        third.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert third.recv(1) == b"H"


def test_a_client_that_has_gone_away_is_not_spoken_of_but_a_bug_is(
    get: Get, board: Board, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for fault in (BrokenPipeError("gone"), TimeoutError("slow"), RuntimeError("a bug")):

        def fail(fault: Exception = fault) -> None:
            raise fault

        monkeypatch.setattr(board, "stuck", fail)
        with pytest.raises(urllib3.exceptions.ProtocolError):
            get("/healthz")
    said = capfd.readouterr().err
    assert "RuntimeError: a bug" in said
    assert "BrokenPipeError" not in said
    assert "TimeoutError" not in said


def test_reporters_take_a_picture_everywhere_and_say_a_warning_once(board: Board) -> None:
    double = Double(lambda *_: None)
    double.objects[ObjectId("v1", "Node", "", "a")] = {"metadata": {"name": "a", "labels": {}}}
    told: list[Event] = []
    reporters = Reporters(double, told.append, board=board)
    board.lead(is_leader=True)
    ready = Picture(
        cluster="lab",
        steps=(SeenStep(key=StepKey("sr", "0000-build"), status=Status.READY),),
        nodes=PICTURE.nodes,
        resources=PICTURE.resources,
        templates=PICTURE.templates,
    )
    reporters.report(ready, took_s=0.25)
    reporters.report(ready)
    assert board.shown().picture is ready
    assert [type(each) for each in told] == [Labelled, Warned]
    assert text_line(told[0]) == "sr / 0000-build: label set on 1 node: a"
    assert text_line(told[1]) == (
        "warning[stale-nodes]: sr: 1 node runs 5.14, for which the bundle has nothing (a); take a new snapshot "
        "and build the bundle again: sro-apply snapshot, sro-render build"
    )
    assert '"event":"warning"' in json_line(told[1])


def test_what_cannot_be_reported_stops_nothing() -> None:
    refused = PermanentError("server-forbidden", "you may not")
    told: list[Event] = []
    reporters = Reporters(Double(lambda *_: refused), told.append, tells_stale=False)
    reporters.report(PICTURE)
    reporters.report(PICTURE)
    assert [text_line(each) for each in told] == ["warning[server-forbidden]: you may not"]
