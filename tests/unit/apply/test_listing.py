"""Lists in pages whose version the server forgets before the last one, and the last word on what nobody tries again.

Matrix: forgotten once and always; lists, metadata alone and a feed; another refusal midway; answers that come at
the second and third try, and never; hints of errors that pass and of such that do not. The server is a double: a
real one forgets after minutes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sro_apply.kube.client import Client
from sro_apply.kube.connection import Answer
from sro_apply.kube.errors import PermanentError, TransientError, error_of, last_word
from sro_apply.kube.feed import Collection, Feed
from sro_apply.kube.interface import Kind
from sro_apply.kube.patience import patiently
from sro_render.model.objects import JsonObject, object_id

POD = Kind("v1", "Pod")


class Server:
    """Three pages, each with a pod that is named after the version of the list. refusals: to continuations."""

    def __init__(self, *refusals: int) -> None:
        self.refusals, self.asked, self.version = [*refusals], list[str](), 0

    def exchange(self, method: str, path: str, what: str, **_: Any) -> Answer:
        del method, what
        if path == "/api/v1":
            pods = {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["list"]}
            return answered(200, {"resources": [pods]})
        self.asked.append(path)
        page = int(parse_qs(urlsplit(path).query).get("continue", ["0"])[0])
        if page == 0:
            self.version += 1
        if page == 2 and self.refusals and (status := self.refusals.pop(0)) != 200:
            return answered(
                status, {"message": "The provided continue parameter is too old", "reason": "Expired"}
            )
        metadata = {"resourceVersion": str(self.version), **({"continue": str(page + 1)} if page < 2 else {})}
        name = f"{self.version}-{page}"
        return answered(200, {"metadata": metadata, "items": [{"metadata": {"name": name}}]})


def answered(status: int, body: Any) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


class ForgetfulClient(Client):
    """One whose other threads are told at once that nobody answers for what this one has just read."""

    def _discover(self, api_version: str) -> JsonObject:
        answer = super()._discover(api_version)
        self._resources.clear()
        return answer


def client(server: Server) -> Client:
    connection: Any = server
    return Client(connection)


def fed(server: Server) -> list[str]:
    watched: Any = client(server)
    feed = Feed(watched, Collection(kind=POD, namespace="a", slim=lambda live: live), lambda: None)
    feed.close()  # no watch is begun
    return [object_id({"apiVersion": "v1", "kind": "Pod", **each}).name for each in feed.all()]


READ: dict[str, Callable[[Server], list[str]]] = {
    "list": lambda server: [object_id(each).name for each in client(server).list(POD, "a")],
    "metadata": lambda server: [object_id(each).name for each in client(server).metadata(POD, "a")],
    "feed": fed,
}


@pytest.mark.parametrize("read", [*READ])
def test_a_list_whose_version_is_forgotten_midway_begins_again_and_mixes_no_versions(read: str) -> None:
    server = Server(410, 200)
    assert READ[read](server) == ["2-0", "2-1", "2-2"]
    assert len(server.asked) == 6


@pytest.mark.parametrize("read", [*READ])
def test_a_list_that_is_forgotten_each_time_is_an_error_that_says_what_to_do(read: str) -> None:
    server = Server(410, 410, 410, 410)
    with pytest.raises(PermanentError) as caught:
        READ[read](server)
    assert caught.value.status == 410
    assert str(caught.value) == (
        "error[server-refused]: list Pod in a: The provided continue parameter is too old\n"
        "  help: the list changed faster than it could be read: run the command again when less happens"
    )
    assert len(server.asked) == 9


def test_another_refusal_midway_is_none_to_begin_again_for() -> None:
    server = Server(403)
    with pytest.raises(PermanentError) as caught:
        client(server).list(POD, "a")
    assert (caught.value.status, len(server.asked)) == (403, 3)


def test_a_kind_that_another_thread_forgets_as_soon_as_it_is_read_is_known_all_the_same() -> None:
    connection: Any = Server()
    found = ForgetfulClient(connection).list(POD, "a")
    assert [object_id(each).name for each in found] == ["1-0", "1-1", "1-2"]


def busy(retry_after_s: float | None = None) -> TransientError:
    error = TransientError("server-busy", "later")
    error.retry_after_s = retry_after_s
    return error


@pytest.mark.parametrize(
    ("faults", "pauses"),
    [
        ([], []),
        ([busy()], [1]),
        ([busy(), busy()], [1, 2]),
        # The server knows better how long it wants.
        ([busy(17), busy()], [17, 2]),
        ([busy(), busy(17)], [1, 17]),
    ],
)
def test_a_busy_server_is_asked_again_after_a_pause(
    faults: list[TransientError], pauses: list[float]
) -> None:
    left, waited = [*faults], list[float]()

    def ask() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    assert patiently(ask, waited.append) == "answer"
    assert waited == pauses


@pytest.mark.parametrize(
    ("fault", "pauses"), [(busy(), [1, 2]), (PermanentError("server-refused", "no"), [])]
)
def test_a_server_that_stays_busy_is_asked_three_times_and_one_that_refuses_once(
    fault: Exception, pauses: list[float]
) -> None:
    waited: list[float] = []

    def ask() -> str:
        raise fault

    with pytest.raises(type(fault)):
        patiently(ask, waited.append)
    assert waited == pauses


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (503, "see what keeps the server busy, and run the command again when it answers"),
        (401, "log in again: the token or certificate of the kubeconfig is not accepted"),
    ],
)
def test_the_last_word_says_what_to_do_where_nobody_tries_again(status: int, hint: str) -> None:
    assert last_word(error_of(status, b"", "read Node", "Node", {}).finding).hint == hint
