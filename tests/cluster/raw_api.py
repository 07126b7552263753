"""Speaks JSON with an API server, for the tests' own side: no models, so that what is sent is what is asserted.

The client is the official one; what it decides (addresses, certificates, tokens) comes from a kubeconfig.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from kubernetes.config import new_client_from_config
from urllib3.exceptions import HTTPError

Object = dict[str, Any]


class RawApi:
    """Requests to one API server as one user. Raises the official client's ApiException."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client: ApiClient = new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call]
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}

    def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str | int] | None = None,
    ) -> Object:
        """The answer's JSON."""
        answer = self._send(method, path, body, content_type, query or {})
        try:
            return dict(json.loads(answer.data))
        finally:
            answer.release_conn()

    def get(self, path: str, **query: str | int) -> Object:
        return self.request("GET", path, query=query)

    def text(self, path: str) -> str:
        """An answer that is no JSON: a log, or metrics."""
        answer = self._send("GET", path, None, "application/json", {})
        try:
            return str(answer.data.decode())
        finally:
            answer.release_conn()

    def items(self, path: str) -> list[Object]:
        return list(self.get(path)["items"])

    def create(self, manifest: Mapping[str, Any]) -> Object:
        """Create an object; its namespace must be there."""
        path, _, _ = self.path_of(manifest).rpartition("/")
        return self.request("POST", path, dict(manifest))

    def patch(self, path: str, change: Object) -> Object:
        """A JSON merge patch."""
        return self.request("PATCH", path, change, content_type="application/merge-patch+json")

    def delete(self, path: str, **options: Any) -> None:
        self.request("DELETE", path, options)

    def path_of(self, manifest: Mapping[str, Any]) -> str:
        """The path of an object, by the server's own discovery."""
        version, kind = manifest["apiVersion"], manifest["kind"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self._plurals:
            for resource in self.get(root)["resources"]:
                if "/" not in resource["name"]:
                    self._plurals[version, resource["kind"]] = resource["name"], resource["namespaced"]
        plural, is_namespaced = self._plurals[version, kind]
        metadata = manifest["metadata"]
        namespace = f"/namespaces/{metadata.get('namespace', 'default')}" if is_namespaced else ""
        return f"{root}{namespace}/{plural}/{metadata['name']}"

    def lines(self, path: str, **query: str | int) -> Iterable[Object]:
        """The events of a watch, until the server ends it."""
        answer = self._send("GET", path, None, "application/json", {**query, "watch": 1})
        rest = b""
        try:
            for chunk in answer.stream(65_536):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in whole if line)
        finally:
            answer.close()

    def _send(
        self, method: str, path: str, body: Object | None, content_type: str, query: Mapping[str, str | int]
    ) -> Any:
        headers: dict[str, str] = {"Accept": "application/json, */*", "Content-Type": content_type}
        self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = self._client.configuration.host + path + (f"?{urlencode(query)}" if query else "")
        answer = self._client.rest_client.pool_manager.request(
            method,
            url,
            body=None if body is None else json.dumps(body),
            headers=headers,
            preload_content=False,
            retries=False,  # a server that is down is part of some tests
            timeout=30,
        )
        if answer.status >= 400:
            text = answer.read(decode_content=True)
            answer.release_conn()
            fault = ApiException(status=answer.status, reason=answer.reason)
            fault.body = text.decode()
            raise fault
        return answer


class Follower:
    """A thread that hears of every object of a kind as it is now; it outlives restarts of the server.

    `hear` is called from this thread alone, with an object and whether it is there (else it has gone).
    """

    def __init__(self, api: RawApi, path: str, hear: Callable[[Object, bool], None]) -> None:
        self._api = api
        self._path = path
        self._hear = hear
        self._ended = threading.Event()
        self._known: dict[str, Object] = {}
        self._thread = threading.Thread(target=self._run, name=f"follow {path}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(5)

    def _run(self) -> None:
        version = ""
        while not self._ended.is_set():
            try:
                version = self._watch(version) if version else self._list()
            except (ApiException, HTTPError, OSError, ValueError):
                # Down, not there yet, or the version is too old: from the start.
                version = ""
                time.sleep(0.1)

    def _list(self) -> str:
        listed = self._api.get(self._path)
        now = {item["metadata"]["uid"]: item for item in listed["items"]}
        for uid in [uid for uid in self._known if uid not in now]:
            self._take(self._known[uid], is_there=False)
        for item in now.values():
            self._take(item, is_there=True)
        return str(listed["metadata"]["resourceVersion"])

    def _watch(self, version: str) -> str:
        # Short, so that stopping takes no longer: the next watch goes on where this one ended.
        query: dict[str, str | int] = {
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": 1,
        }
        for event in self._api.lines(self._path, **query):
            if event["type"] == "ERROR" or self._ended.is_set():
                return ""
            if event["type"] != "BOOKMARK":
                self._take(event["object"], is_there=event["type"] != "DELETED")
            version = event["object"]["metadata"]["resourceVersion"]
        return version

    def _take(self, item: Object, *, is_there: bool) -> None:
        uid = item["metadata"]["uid"]
        if is_there:
            self._known[uid] = item
        else:
            self._known.pop(uid, None)
        self._hear(item, is_there)
