"""The objects of one kind as they are now: listed once, then watched, by a thread of its own.

Decides what is newer. Source: client-go tools/cache/reflector.go and
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes; differs: what a
request gave back counts too, so that who has written an object never reads an older one. Resource versions
are compared as the numbers that they are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from sro_apply.kube.errors import GONE, LeaseLostError, NotFoundError, PermanentError, TransientError
from sro_apply.kube.interface import Kind, Watch, Watched
from sro_apply.kube.patience import afresh
from sro_render.errors import ServerError
from sro_render.model.objects import JsonObject, mapping_of, text_of

END_S: Final = 5.0
"""Who ends feeds waits so long for their threads, of all together."""
Slim = Callable[[JsonObject], JsonObject]


class FeedTimes(Struct, frozen=True, kw_only=True):
    """When a feed does what.

    resync_s:        after so long it lists again, whatever the watch said.
    pause_s:         before it asks a server again that did not answer; then twice as long each time.
    longest_pause_s: but no longer than this.
    missing_s:       before it asks again for a kind that is not there.
    lasting_s:       a watch that lasted so long was none that failed.
    """

    resync_s: float = 600.0
    pause_s: float = 0.5
    longest_pause_s: float = 30.0
    missing_s: float = 10.0
    lasting_s: float = 10.0


class Collection(Struct, frozen=True, kw_only=True):
    """What is fed: objects of a kind, in a namespace or in all, with these labels.

    slim: what is kept of an object; is_packed: kept as bytes, for what is many and read once a round.
    """

    kind: Kind
    namespace: str = ""
    labels: str = ""
    slim: Slim
    is_packed: bool = False


class _Kept(Struct, frozen=True):
    """An object in a version. data: the object without it, packed or not."""

    version: int
    data: JsonObject | bytes


class Feed:
    """One collection. changed: called by any thread after something has."""

    def __init__(
        self, kube: Watched, what: Collection, changed: Callable[[], None], times: FeedTimes | None = None
    ) -> None:
        self._kube, self._what, self._changed = kube, what, changed
        self._times = times or FeedTimes()
        self._objects: dict[str, _Kept] = {}
        self._all: list[JsonObject] | None = None
        self._version, self._resync_at, self._missing_until = "", 0.0, 0.0
        self._trouble: ServerError | None = None
        self._lock, self._starting = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._watch: Watch | None = None
        self._has_heard = False
        self._is_closed = threading.Event()

    def get(self, name: str) -> JsonObject | None:
        """An object by its name. Raises: ServerError: nobody knows how it is now."""
        self._ready()
        kept = self._objects.get(name)
        return None if kept is None else _unpacked(kept)

    def all(self) -> list[JsonObject]:
        """All objects; the same list until something changes. Raises: as above."""
        self._ready()
        with self._lock:
            if self._all is None:
                self._all = [_unpacked(each) for each in self._objects.values()]
            return self._all

    def put(self, live: JsonObject) -> None:
        """Keep what a request gave back, unless the watch has come further already."""
        name, kept = self._kept(live)
        with self._lock:
            self._missing_until = 0.0
            known = self._objects.get(name)
            if kept.version > max(_number(self._version), known.version if known else 0):
                self._set(name, kept)

    def drop(self, name: str) -> None:
        """Forget an object that was deleted. If it is there still, the watch will say so."""
        with self._lock:
            if self._objects.pop(name, None):
                self._all = None

    def close(self) -> None:
        """End the watch and its thread."""
        self.stop()
        self.await_end(END_S)

    def stop(self) -> None:
        """Let the watch and its thread end, without waiting for it."""
        self._is_closed.set()
        with self._lock:
            watch = self._watch
        if watch is not None:
            watch.stop()

    def await_end(self, timeout_s: float) -> None:
        """Wait for the thread to end. One whose server gives no answer ends with its request, by itself."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _ready(self) -> None:
        """List, if that is not done yet.

        Raises: ServerError: it cannot be, or the watch has not got through for a while.
        """
        trouble = self._trouble
        if trouble is not None:
            raise trouble.with_traceback(None)  # it is raised again and again
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                return
            if time.monotonic() < self._missing_until:
                return
            try:
                self._list()
            except NotFoundError:
                self._missing_until = time.monotonic() + self._times.missing_s
                return
            self._thread = threading.Thread(
                target=self._follow, name=f"watch {self._what.kind.name}", daemon=True
            )
            self._thread.start()

    def _follow(self) -> None:
        failures, must_list = 0, False
        while not self._is_closed.is_set():
            began_s, self._has_heard = time.monotonic(), False
            try:
                if must_list or began_s >= self._resync_at:
                    self._list()
                    must_list = False
                self._read_changes()
            except NotFoundError:
                self._vanish()
                return
            except LeaseLostError as error:
                self._set_trouble(error)
                return
            except (TransientError, PermanentError) as error:
                lasted = self._has_heard or time.monotonic() - began_s > self._times.lasting_s
                failures = 1 if lasted else failures + 1
                must_list = must_list or (isinstance(error, PermanentError) and error.status == GONE)
                if failures > 1:
                    self._set_trouble(error)
                self._is_closed.wait(self._pause_s(error, failures))
            else:
                failures = 0
                if not self._has_heard:  # a server that ends each watch at once is not asked all the time
                    self._is_closed.wait(self._times.pause_s)

    def _pause_s(self, error: ServerError, failures: int) -> float:
        asked_s = error.retry_after_s if isinstance(error, TransientError) else None
        # Never less than ours: a server that asks for 0 s each time would be asked without an end.
        return max(
            asked_s or 0.0,
            min(self._times.longest_pause_s, self._times.pause_s * 2.0 ** min(failures - 1, 10)),
        )

    def _list(self) -> None:
        with self._lock:
            before = dict(self._objects) if self._version else {}
        found, version = afresh(self._read_list)
        with self._lock:
            # What was written while the list was on its way is newer than that. What was known before it was
            # asked for is not, whatever its version: etcd was restored from a backup, and counts from there.
            found |= {
                name: kept
                for name, kept in self._objects.items()
                if kept.version > _number(version) and before.get(name) is not kept
            }
            is_changed = _contents(found) != _contents(self._objects)
            self._objects, self._version = found, version
            self._all = None
        self._resync_at = time.monotonic() + self._times.resync_s
        self._set_trouble(None)
        if is_changed:
            self._changed()

    def _read_list(self) -> tuple[dict[str, _Kept], str]:
        """All objects, and the version of the list."""
        what, found, version = self._what, dict[str, _Kept](), ""
        for page in self._kube.pages(what.kind, what.namespace, labels=what.labels):
            version = page.version
            found.update(map(self._kept, page.items))
        return found, version

    def _read_changes(self) -> None:
        """Follow one watch to its end."""
        what = self._what
        watch = self._kube.watch(
            what.kind,
            what.namespace,
            labels=what.labels,
            version=self._version,
            timeout_s=max(1.0, self._resync_at - time.monotonic()),
        )
        with self._lock:
            self._watch = watch
        if self._is_closed.is_set():
            watch.stop()
        self._set_trouble(None)
        for kind, live in watch:
            self._has_heard = True
            if self._take(kind, live):
                self._changed()

    def _take(self, kind: str, live: JsonObject) -> bool:
        """One event; whether it changed anything."""
        version = text_of(mapping_of(live.get("metadata")).get("resourceVersion"))
        if kind == "BOOKMARK":
            with self._lock:
                self._version = version
            return False
        name, kept = self._kept(live)
        with self._lock:
            self._version = version
            known = self._objects.get(name)
            if known is not None and known.version >= kept.version:
                return False  # our own write, or one before it
            if kind == "DELETED":
                self._all = None
                return self._objects.pop(name, None) is not None
            self._set(name, kept)
            return known is None or known.data != kept.data

    def _set(self, name: str, kept: _Kept) -> None:
        self._objects[name] = kept
        self._all = None

    def _vanish(self) -> None:
        """The kind is not served any more: nothing is there, and one day somebody asks again."""
        with self._lock:
            self._objects, self._all, self._watch = {}, None, None
        self._missing_until = time.monotonic() + self._times.missing_s
        with self._starting:
            self._thread = None
        self._changed()

    def _set_trouble(self, error: ServerError | None) -> None:
        before, self._trouble = self._trouble, error
        if (before is None) != (error is None):
            self._changed()

    def _kept(self, live: JsonObject) -> tuple[str, _Kept]:
        made = self._what.slim(live)
        metadata = {**mapping_of(made.get("metadata"))}
        version = _number(text_of(metadata.pop("resourceVersion", None)))
        data = {**made, "metadata": metadata}
        packed = msgspec.json.encode(data) if self._what.is_packed else data
        return text_of(metadata.get("name")), _Kept(version, packed)


def _unpacked(kept: _Kept) -> JsonObject:
    data = mapping_of(msgspec.json.decode(kept.data)) if isinstance(kept.data, bytes) else kept.data
    metadata = {**mapping_of(data.get("metadata")), "resourceVersion": str(kept.version)}
    return {**data, "metadata": metadata}


def _contents(objects: Mapping[str, _Kept]) -> Mapping[str, JsonObject | bytes]:
    return {name: kept.data for name, kept in objects.items()}


def _number(version: str) -> int:
    """Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions."""
    return int(version) if version.isascii() and version.isdigit() else 0
