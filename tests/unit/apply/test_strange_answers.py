"""Success in JSON that is none of Kubernetes', as of a gateway in the server's place: it says nothing of a cluster.

Matrix: every question whose answer is read, and a line of a watch. Left out: what is no JSON (test_connection.py),
refusals (test_kube_errors.py), and what comes of it in a cluster (tests/cluster/test_faults.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sro_apply.kube.client import Client
from sro_apply.kube.connection import Answer
from sro_apply.kube.errors import TransientError
from sro_apply.kube.interface import Kind, Propagation
from sro_render.model.objects import JsonObject, ObjectId

MAP, ONE = Kind("v1", "ConfigMap"), ObjectId("v1", "ConfigMap", "sr", "one")
MANIFEST: JsonObject = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "one", "namespace": "sr"},
}
SAID = b'{"message": "please log in"}'


class Gateway:
    """Answers whatever is asked."""

    status, headers = 200, dict[str, str]()

    def exchange(self, *_: Any, **__: Any) -> Answer:
        return Answer(200, {}, SAID)

    def stream(self, *_: Any) -> Gateway:
        return self

    def lines(self) -> Iterator[bytes]:
        yield SAID


ASKED: dict[str, tuple[Callable[[Client], object], str]] = {
    "get": (lambda kube: kube.get(ONE), "read ConfigMap/sr/one: the answer has no metadata"),
    "list": (lambda kube: kube.list(MAP, "sr"), "list ConfigMap in sr: the answer has no metadata"),
    "metadata": (lambda kube: kube.metadata(MAP, "sr"), "list ConfigMap in sr: the answer has no metadata"),
    "apply": (
        lambda kube: kube.apply(MANIFEST, force=True),
        "apply ConfigMap/sr/one: the answer has no metadata",
    ),
    "create": (lambda kube: kube.create(MANIFEST), "create ConfigMap/sr/one: the answer has no metadata"),
    "replace": (lambda kube: kube.replace(MANIFEST), "replace ConfigMap/sr/one: the answer has no metadata"),
    "patch": (lambda kube: kube.patch(ONE, {}), "apply ConfigMap/sr/one: the answer has no metadata"),
    "delete": (
        lambda kube: kube.delete(ONE, uid="1", propagation=Propagation.BACKGROUND),
        "delete ConfigMap/sr/one: the answer has no metadata",
    ),
    "groups": (lambda kube: kube.resources(), "read the API groups: the answer has no groups"),
    "kinds": (
        lambda kube: kube.is_namespaced(Kind("example.com/v1", "Thing")),
        "read the kinds of example.com/v1: the answer has no resources",
    ),
    "version": (lambda kube: kube.version(), "read the server's version: the answer has no gitVersion"),
    "watch": (
        lambda kube: [*kube.watch(MAP, "sr", version="1", timeout_s=60)],
        "watch ConfigMap in sr: the answer has no object",
    ),
}


@pytest.mark.parametrize(("ask", "message"), ASKED.values(), ids=ASKED)
def test_an_answer_that_lacks_what_every_server_says_is_none(
    ask: Callable[[Client], object], message: str
) -> None:
    gateway: Any = Gateway()
    with pytest.raises(TransientError) as strange:
        ask(Client(gateway))
    assert strange.value.finding.code == "server-not-understood"
    assert strange.value.finding.message == f"{message}, so that it is none of an API server"
