"""What the server has, read once a round: a request for each kind and namespace, not for each object."""

from __future__ import annotations

import threading

from sro_apply.kube.errors import NotFoundError
from sro_apply.kube.interface import Kind, Kube
from sro_render.model.objects import JsonObject, ObjectId, object_id

OWNED = "specialresource.openshift.io/owned=true"
"""The label that every object of a bundle has. What lost it is not found, and so applied again."""
POD, NODE, BUILD = Kind("v1", "Pod"), Kind("v1", "Node"), Kind("build.openshift.io/v1", "Build")


class View:
    """See `Reading`: reads what is asked for, and keeps it until `forget`."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._ours: dict[tuple[Kind, str], dict[str, JsonObject]] = {}
        self._others: dict[tuple[Kind, str], list[JsonObject]] = {}
        # Who asks for what another thread is reading waits for it, and does not ask the server too.
        self._lock = threading.RLock()

    def forget(self) -> None:
        """See `Reading`: all of it is read again."""
        with self._lock:
            self._ours.clear()
            self._others.clear()

    def live(self, identity: ObjectId) -> JsonObject | None:
        """See `Reading`."""
        with self._lock:
            return self._of(identity).get(identity.name)

    def ours(self, kind: Kind, namespace: str) -> list[JsonObject]:
        """See `Reading`."""
        with self._lock:
            return [*self._named(kind, namespace).values()]

    def put(self, live: JsonObject) -> None:
        """See `Reading`."""
        identity = object_id(live)
        with self._lock:
            self._of(identity)[identity.name] = live

    def drop(self, identity: ObjectId) -> None:
        """See `Reading`."""
        with self._lock:
            self._of(identity).pop(identity.name, None)

    def add_build(self, build: JsonObject) -> None:
        """See `Reading`."""
        identity = object_id(build)
        with self._lock:
            known = self._all(BUILD, identity.namespace)
            others = [each for each in known if object_id(each).name != identity.name]
            self._others[BUILD, identity.namespace] = [*others, build]

    def pods(self, namespace: str) -> list[JsonObject]:
        """See `Reading`."""
        return self._all(POD, namespace)

    def builds(self, namespace: str) -> list[JsonObject]:
        """See `Reading`."""
        return self._all(BUILD, namespace)

    def nodes(self) -> list[JsonObject]:
        """See `Reading`."""
        return self._all(NODE, "")

    def _of(self, identity: ObjectId) -> dict[str, JsonObject]:
        return self._named(Kind(identity.api_version, identity.kind), identity.namespace)

    def _named(self, kind: Kind, namespace: str) -> dict[str, JsonObject]:
        key = kind, namespace
        if key not in self._ours:
            self._ours[key] = {object_id(each).name: each for each in self._read(*key, labels=OWNED)}
        return self._ours[key]

    def _all(self, kind: Kind, namespace: str) -> list[JsonObject]:
        key = kind, namespace
        with self._lock:
            if key not in self._others:
                self._others[key] = self._read(kind, namespace)
            return self._others[key]

    def _read(self, kind: Kind, namespace: str = "", *, labels: str = "") -> list[JsonObject]:
        """A list; an empty one of a kind that is not there."""
        try:
            return self._kube.list(kind, namespace, labels=labels)
        except NotFoundError:
            return []
