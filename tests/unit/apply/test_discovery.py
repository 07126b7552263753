"""What a 404 means: that an object has gone, that its kind has, or that nobody answers for it at this moment.

Matrix: versions of groups that are listed or not and answer or not; paths of objects that nobody serves while
their kind is there, or has gone; kinds that are known without asking, on a server that has them and one that
does not; reading, listing, deleting and watching. The server is a double: a real one is
in between for a moment only. A real one that lists an API and does not answer is in tests/cluster.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from kube_double import Double

from sro_apply.collecting import collect
from sro_apply.kube.client import Client
from sro_apply.kube.connection import Answer
from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.kube.interface import ApiVersions, Kind, Propagation
from sro_apply.planning.specs import Needs
from sro_render.model.objects import ObjectId

BUILD = Kind("build.openshift.io/v1", "Build")
PATH = "/apis/build.openshift.io/v1"
ONE = ObjectId(BUILD.api_version, BUILD.name, "sr", "one")


class Server:
    """Has Builds. Args: has_group: whether it lists their group; answers: whether anybody answers for that."""

    def __init__(self, *, has_group: bool = True, answers: bool = True) -> None:
        self.has_group, self.answers = has_group, answers
        self.objects: Callable[[], Answer] = page_not_found
        self.asked: list[str] = []

    def exchange(self, method: str, path: str, what: str, **_: Any) -> Answer:
        del method, what
        self.asked.append(path)
        if path == "/apis":
            return answered({"groups": [self.group()] if self.has_group else []})
        if path == "/api/v1":
            return answered({"resources": [resource("pods", "Pod")]})
        if path == PATH:
            return (
                answered({"resources": [resource("builds", "Build")]}) if self.answers else page_not_found()
            )
        return self.objects()

    def stream(self, path: str, what: str) -> Any:
        answer = self.exchange("GET", path, what)
        return _Stream(answer)

    def group(self) -> dict[str, Any]:
        version = {"groupVersion": BUILD.api_version}
        return {"preferredVersion": version, "versions": [version]}


class _Stream:
    def __init__(self, answer: Answer) -> None:
        self.status, self.headers, self.data = answer.status, answer.headers, answer.data

    def read(self) -> bytes:
        return self.data


def resource(plural: str, kind: str) -> dict[str, Any]:
    return {"name": plural, "kind": kind, "namespaced": True, "verbs": ["list", "delete"]}


def answered(body: Any, status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


def page_not_found() -> Answer:
    """As a server answers for a path that nobody has there."""
    return Answer(404, {}, b"404 page not found\n")


def no_such_build() -> Answer:
    text = 'builds.build.openshift.io "one" not found'
    return answered({"kind": "Status", "reason": "NotFound", "message": text}, 404)


def client(server: Server) -> Client:
    connection: Any = server
    return Client(connection)


def knowing(server: Server) -> Client:
    """A client that has asked for the kinds before."""
    made = client(server)
    assert made.is_namespaced(BUILD)
    return made


ASKED: dict[str, Callable[[Client], object]] = {
    "get": lambda kube: kube.get(ONE),
    "list": lambda kube: kube.list(BUILD, "sr"),
    "metadata": lambda kube: kube.metadata(BUILD, "sr"),
    "delete": lambda kube: kube.delete(ONE, uid="1", propagation=Propagation.BACKGROUND),
    "watch": lambda kube: kube.watch(BUILD, "sr", version="1", timeout_s=60),
}


def test_a_group_that_is_listed_and_does_not_answer_is_silent_and_none_that_is_not_there() -> None:
    kube = client(Server(answers=False))
    assert kube.resources().silent == (BUILD.api_version,)
    assert kube.api_versions().silent == (BUILD.api_version,)
    assert BUILD.api_version in kube.api_versions().served


def test_a_group_that_goes_while_it_is_asked_for_is_not_there() -> None:
    server = Server(answers=False)

    class Going(Client):
        def _group_versions(self) -> list[str]:
            found = [*super()._group_versions()]
            server.has_group = False
            return found

    connection: Any = server
    assert Going(connection).resources().silent == ()


@pytest.mark.parametrize("ask", [*ASKED])
def test_of_a_group_that_is_listed_and_does_not_answer_nothing_is_said_to_have_gone(ask: str) -> None:
    with pytest.raises(TransientError) as raised:
        ASKED[ask](client(Server(answers=False)))
    assert raised.value.finding.message == (
        "read the kinds of build.openshift.io/v1: the server lists it, but nobody answers for it yet "
        "(kubectl get apiservices)"
    )


@pytest.mark.parametrize("ask", [*ASKED])
def test_what_is_no_api_server_has_nothing_to_say_of_objects(ask: str) -> None:
    class Other(Server):
        def exchange(self, method: str, path: str, what: str, **_: Any) -> Answer:
            del method, path, what
            return page_not_found()

    with pytest.raises(PermanentError) as raised:
        ASKED[ask](client(Other()))
    assert (raised.value.finding.message, raised.value.finding.hint) == (
        "read the API groups: what answers is no API server of Kubernetes",
        "check the server's address in the kubeconfig, with its path if it has one",
    )


@pytest.mark.parametrize("ask", [*ASKED])
def test_a_kind_that_the_server_does_not_have_is_not_there(ask: str) -> None:
    if ask == "get":
        assert ASKED[ask](client(Server(has_group=False, answers=False))) is None
    elif ask == "delete":
        ASKED[ask](client(Server(has_group=False, answers=False)))
    else:
        with pytest.raises(NotFoundError):
            ASKED[ask](client(Server(has_group=False, answers=False)))


@pytest.mark.parametrize("ask", [*ASKED])
def test_an_object_has_not_gone_where_nobody_answers_for_its_kind(ask: str) -> None:
    kube = knowing(Server())
    with pytest.raises(TransientError) as raised:
        ASKED[ask](kube)
    assert raised.value.finding.message.endswith(": nobody answered for what the server has")


@pytest.mark.parametrize("ask", ["get", "delete"])
def test_an_object_of_which_the_server_says_so_has_gone(ask: str) -> None:
    server = Server()
    server.objects = no_such_build
    assert ASKED[ask](knowing(server)) is None


@pytest.mark.parametrize("ask", ["list", "watch"])
def test_objects_of_a_kind_that_has_gone_have_gone(ask: str) -> None:
    server = Server()
    kube = knowing(server)
    server.has_group = server.answers = False
    with pytest.raises(NotFoundError):
        ASKED[ask](kube)


def test_a_kind_that_every_server_has_is_asked_for_at_once() -> None:
    server = Server()
    server.objects = lambda: answered({"metadata": {}, "items": []})
    assert client(server).list(Kind("batch/v1", "Job"), "sr") == []
    assert server.asked == ["/apis/batch/v1/namespaces/sr/jobs?limit=500"]


def test_a_kind_that_every_other_server_has_is_not_there_where_it_is_not_served() -> None:
    with pytest.raises(NotFoundError):
        client(Server()).list(Kind("batch/v1", "Job"), "sr")


def test_a_kind_that_every_server_has_is_waited_for_where_nobody_answers_for_it() -> None:
    with pytest.raises(TransientError, match="nobody answered for what the server has"):
        client(Server()).list(Kind("v1", "Pod"), "sr")


def test_a_snapshot_of_an_openshift_that_is_silent_is_none_of_plain_kubernetes() -> None:
    class Starting(Double):
        def api_versions(self) -> ApiVersions:
            return ApiVersions(served=("config.openshift.io/v1", "v1"), silent=("config.openshift.io/v1",))

    busy = TransientError("server-busy", "nobody answers")
    kube = Starting(lambda method, name: busy if (method, name) == ("get", "version") else None)
    with pytest.raises(TransientError):
        collect(kube, Needs(), lambda _: None)
