"""What the server has, read once a round: a request for each kind and namespace, not for each object."""

from __future__ import annotations

from sro_apply.kube.errors import NotFoundError
from sro_apply.kube.interface import Kind, Kube
from sro_render.model.objects import JsonObject, ObjectId, object_id

OWNED = "specialresource.openshift.io/owned=true"
"""The label that every object of a bundle has. What lost it is not found, and so applied again."""


class View:
    """Reads what is asked for, and keeps it until `forget`. reads: how many lists were read, ever."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self.reads = 0
        self._ours: dict[tuple[Kind, str], dict[str, JsonObject]] = {}
        self._others: dict[tuple[Kind, str], list[JsonObject]] = {}
        self._nodes: list[JsonObject] | None = None

    def forget(self) -> None:
        """Read again what is asked for next."""
        self._ours.clear()
        self._others.clear()
        self._nodes = None

    def live(self, identity: ObjectId) -> JsonObject | None:
        """An object of a bundle; None where there is none, or no kind of that name."""
        return self._of(identity).get(identity.name)

    def put(self, live: JsonObject) -> None:
        """Keep what a request gave back."""
        identity = object_id(live)
        self._of(identity)[identity.name] = live

    def pods(self, namespace: str) -> list[JsonObject]:
        """The pods of a namespace."""
        return self._all(Kind("v1", "Pod"), namespace)

    def builds(self, namespace: str) -> list[JsonObject]:
        """The Builds of a namespace."""
        return self._all(Kind("build.openshift.io/v1", "Build"), namespace)

    def log(self, pod: ObjectId, container: str, tail_lines: int) -> str:
        """The end of what a container has printed; it is read each time."""
        return self._kube.log(pod, container, tail_lines=tail_lines)

    def nodes(self) -> list[JsonObject]:
        """All nodes."""
        if self._nodes is None:
            self._nodes = self._read(Kind("v1", "Node"))
        return self._nodes

    def _of(self, identity: ObjectId) -> dict[str, JsonObject]:
        key = Kind(identity.api_version, identity.kind), identity.namespace
        if key not in self._ours:
            self._ours[key] = {object_id(each).name: each for each in self._read(*key, labels=OWNED)}
        return self._ours[key]

    def _all(self, kind: Kind, namespace: str) -> list[JsonObject]:
        key = kind, namespace
        if key not in self._others:
            self._others[key] = self._read(kind, namespace)
        return self._others[key]

    def _read(self, kind: Kind, namespace: str = "", *, labels: str = "") -> list[JsonObject]:
        """A list; an empty one of a kind that is not there."""
        try:
            found = self._kube.list(kind, namespace, labels=labels)
        except NotFoundError:
            found = []
        self.reads += 1
        return found
