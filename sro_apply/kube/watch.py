"""What the server has, always at hand: a list for each kind and namespace once, from then on only changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from sro_apply.kube.feed import END_S, Collection, Feed, FeedTimes, Slim
from sro_apply.kube.interface import Kind, Watched
from sro_apply.kube.slim import slim, slim_build, slim_node, slim_pod
from sro_apply.kube.view import BUILD, NODE, OWNED, POD
from sro_render.model.objects import JsonObject, ObjectId, object_id

_SLIMS: Final = MappingProxyType({POD: slim_pod, NODE: slim_node, BUILD: slim_build})
IDLE_S: Final = 600.0
"""What nobody asked for for so long is not watched any more."""
SETTLE_S: Final = 0.2
"""Changes come in groups: after the first one the others are waited for so long."""


class WatchView:
    """See `Reading`. Ends its watches with `close`."""

    def __init__(self, kube: Watched, times: FeedTimes | None = None) -> None:
        self._kube, self._times = kube, times
        self._feeds: dict[tuple[Kind, str, str], Feed] = {}
        self._asked_at: dict[tuple[Kind, str, str], float] = {}
        self._news = threading.Condition()
        self._changes = self._noticed = 0

    def live(self, identity: ObjectId) -> JsonObject | None:
        """See `Reading`."""
        return self._ours(identity).get(identity.name)

    def ours(self, kind: Kind, namespace: str) -> list[JsonObject]:
        """See `Reading`."""
        return self._owned(kind, namespace).all()

    def put(self, live: JsonObject) -> None:
        """See `Reading`."""
        self._ours(object_id(live)).put(live)

    def drop(self, identity: ObjectId) -> None:
        """See `Reading`."""
        self._ours(identity).drop(identity.name)

    def add_build(self, build: JsonObject) -> None:
        """See `Reading`."""
        self._others(BUILD, object_id(build).namespace).put(build)

    def pods(self, namespace: str) -> list[JsonObject]:
        """See `Reading`."""
        return self._others(POD, namespace).all()

    def builds(self, namespace: str) -> list[JsonObject]:
        """See `Reading`."""
        return self._others(BUILD, namespace).all()

    def nodes(self) -> list[JsonObject]:
        """See `Reading`."""
        return self._others(NODE, "").all()

    def forget(self) -> None:
        """See `Reading`: all of it is new already. What nobody asks for any more is not watched any more."""
        with self._news:
            since = time.monotonic() - IDLE_S
            idle = [key for key, asked_at in self._asked_at.items() if asked_at < since]
            feeds = [self._feeds.pop(key) for key in idle]
            for key in idle:
                del self._asked_at[key]
        _close(feeds)

    def wait(self, timeout_s: float) -> bool:
        """Wait until something has changed since the last time; False if nothing has by then."""
        with self._news:
            is_new = self._news.wait_for(lambda: self._changes != self._noticed, timeout_s)
        if is_new:
            time.sleep(min(SETTLE_S, timeout_s))
        with self._news:
            self._noticed = self._changes
        return is_new

    def wake(self) -> None:
        """Let who waits go on, from any thread."""
        self._tell()

    def close(self) -> None:
        """End all watches."""
        with self._news:
            feeds = [*self._feeds.values()]
            self._feeds.clear()
            self._asked_at.clear()
        _close(feeds)

    def _ours(self, identity: ObjectId) -> Feed:
        return self._owned(Kind(identity.api_version, identity.kind), identity.namespace)

    def _owned(self, kind: Kind, namespace: str) -> Feed:
        return self._feed((kind, namespace, OWNED), slim, is_packed=True)

    def _others(self, kind: Kind, namespace: str) -> Feed:
        return self._feed((kind, namespace, ""), _SLIMS[kind], is_packed=False)

    def _feed(self, key: tuple[Kind, str, str], kept: Slim, *, is_packed: bool) -> Feed:
        with self._news:
            self._asked_at[key] = time.monotonic()
            if key not in self._feeds:
                kind, namespace, labels = key
                what = Collection(
                    kind=kind, namespace=namespace, labels=labels, slim=kept, is_packed=is_packed
                )
                self._feeds[key] = Feed(self._kube, what, self._tell, self._times)
            return self._feeds[key]

    def _tell(self) -> None:
        with self._news:
            self._changes += 1
            self._news.notify_all()


def _close(feeds: Sequence[Feed]) -> None:
    """End them all. A server that gives no answer holds up each of them, and not one after the other."""
    for each in feeds:
        each.stop()
    end_s = time.monotonic() + END_S
    for each in feeds:
        each.await_end(max(0.0, end_s - time.monotonic()))
