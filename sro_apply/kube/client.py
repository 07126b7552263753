"""A cluster: which request does what, and which error its answer is.

Objects stay plain JSON: the official client's models know one release's kinds, and we have any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from sro_apply.config import MANAGER
from sro_apply.kube.builtin import BUILT_IN
from sro_apply.kube.connection import Connection, Stream
from sro_apply.kube.errors import (
    TRIED_AGAIN,
    NotFoundError,
    NotServedError,
    PermanentError,
    TransientError,
    error_of,
    not_understood,
)
from sro_apply.kube.interface import ApiVersions, Gate, Kind, Page, Propagation, Resource, Served, Watch
from sro_apply.kube.patience import afresh
from sro_render.errors import ServerError
from sro_render.model.objects import JsonObject, JsonValue, ObjectId, mapping_of, object_id, text_of

_PAGE: Final = 500
"""Objects of one answer to a list."""


class Client:
    """See `Kube` and `Gated`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._resources: dict[str, Mapping[str, Resource]] = {}

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many requests were made, by method and answer (a status, or `none`); those behind gates too."""
        return dict(self._connection.counts)

    def behind(self, gate: Gate, *, is_urgent: bool = False) -> Client:
        """See `Gated`."""
        made = Client(self._connection.behind(gate, is_urgent=is_urgent))
        made._resources = self._resources
        return made

    def is_namespaced(self, kind: Kind) -> bool:
        """See `Kube`."""
        return self._resource(kind).is_namespaced

    def resources(self) -> Served:
        """See `Kube`."""
        found: list[Resource] = []
        silent: list[str] = []
        for api_version, answer in self._discovered():
            if answer is None:
                silent.append(api_version)
            else:
                found += _resources_in(answer, api_version).values()
        return Served(resources=tuple(found), silent=tuple(silent))

    def _group_versions(self) -> Sequence[str]:
        """All versions of all groups, of each group the preferred one first."""
        versions = ["v1"]
        what = "the API groups"
        try:
            answer = self._read("/apis", what)
        except NotFoundError as error:
            raise PermanentError(
                "server-refused",
                f"read {what}: what answers is no API server of Kubernetes",
                hint="check the server's address in the kubeconfig, with its path if it has one",
            ) from error
        for group in _mappings(_field("groups", answer, f"read {what}")):
            preferred = text_of(mapping_of(group.get("preferredVersion")).get("groupVersion"))
            names = [text_of(each.get("groupVersion")) for each in _mappings(group.get("versions"))]
            versions += sorted(names, key=lambda name: name != preferred)
        return versions

    def version(self) -> str:
        """See `Kube`."""
        what = "the server's version"
        return text_of(_field("gitVersion", self._read("/version", what), f"read {what}"))

    def api_versions(self) -> ApiVersions:
        """See `Kube`. Source: helm pkg/action/action.go, GetVersionSet."""
        served: set[str] = set()
        silent: list[str] = []
        for api_version, answer in self._discovered():
            served.add(api_version)
            if answer is None:
                silent.append(api_version)
            else:
                kinds = (text_of(each.get("kind")) for each in _mappings(answer.get("resources")))
                served.update(f"{api_version}/{kind}" for kind in kinds if kind)
        return ApiVersions(served=tuple(sorted(served)), silent=tuple(sorted(silent)))

    def _discovered(self) -> Iterator[tuple[str, JsonObject | None]]:
        """Each version of each group with what it has; None where it does not answer."""
        for api_version in self._group_versions():
            answer = None
            try:
                answer = self._discover(api_version)
            except NotFoundError:
                continue  # a CRD that has just gone
            except TransientError as error:
                if error.finding.code != "server-busy":
                    raise
            yield api_version, answer

    def apply(
        self, manifest: JsonObject, *, force: bool, dry_run: bool = False, subresource: str = ""
    ) -> JsonObject:
        """See `Kube`."""
        identity = object_id(manifest)
        query = {"fieldManager": MANAGER, "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        return self._send("PATCH", self._path(identity, subresource), query, identity, body=manifest)

    def get(self, identity: ObjectId) -> JsonObject | None:
        """See `Kube`."""
        try:
            return self._send("GET", self._path(identity), {}, identity)
        except NotFoundError:
            return None

    def list(
        self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[JsonObject]:
        """See `Kube`."""
        return [*self._whole(kind, namespace, _selecting(labels, fields))]

    def metadata(self, kind: Kind, namespace: str = "") -> Sequence[JsonObject]:
        """See `Kube`."""
        return self._whole(kind, namespace, {}, accept=_METADATA_ONLY)

    def pages(self, kind: Kind, namespace: str = "", *, labels: str = "") -> Iterator[Page]:
        """See `Watched`."""
        return self._pages(kind, namespace, _selecting(labels))

    def watch(
        self, kind: Kind, namespace: str = "", *, labels: str = "", version: str, timeout_s: float
    ) -> Watch:
        """See `Watched`."""
        query = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, round(timeout_s))),
            **_selecting(labels),
        }
        what = f"watch {_all_of(kind, namespace)}"
        stream = self._connection.stream(f"{self._folder(kind, namespace)}?{urlencode(query)}", what)
        if stream.status != 200:
            error = error_of(stream.status, stream.read(), what, kind.name, stream.headers)
            raise self._told_apart(error, kind, what)
        return _Changes(stream, what, kind.name)

    def _whole(
        self, kind: Kind, namespace: str, asked: Mapping[str, str], *, accept: str = ""
    ) -> Sequence[JsonObject]:
        """All pages of one version of a list."""
        return afresh(
            lambda: [
                item for page in self._pages(kind, namespace, asked, accept=accept) for item in page.items
            ]
        )

    def _pages(
        self, kind: Kind, namespace: str, asked: Mapping[str, str], *, accept: str = ""
    ) -> Iterator[Page]:
        path, what = self._folder(kind, namespace), f"list {_all_of(kind, namespace)}"
        identity, query = ObjectId(kind.api_version, kind.name, namespace, ""), {"limit": str(_PAGE), **asked}
        while True:
            page = self._send("GET", path, query, identity, what=what, accept=accept)
            metadata = mapping_of(page.get("metadata"))
            # Items of a list do not say what they are.
            items: list[JsonObject] = [
                {**each, "apiVersion": kind.api_version, "kind": kind.name}
                for each in _mappings(_field("items", page, what))
            ]
            yield Page(items, text_of(metadata.get("resourceVersion")))
            more = text_of(metadata.get("continue"))
            if not more:
                return
            query["continue"] = more

    def create(self, manifest: JsonObject) -> JsonObject:
        """See `Kube`."""
        identity = object_id(manifest)
        folder = self._folder(Kind(identity.api_version, identity.kind), identity.namespace)
        return self._send("POST", folder, _AS_MANAGER, identity, body=manifest)

    def replace(self, manifest: JsonObject) -> JsonObject:
        """See `Kube`."""
        identity = object_id(manifest)
        return self._send("PUT", self._path(identity), _AS_MANAGER, identity, body=manifest)

    def patch(self, identity: ObjectId, patch: JsonObject, *, subresource: str = "") -> JsonObject:
        """See `Kube`."""
        path = self._path(identity, subresource)
        return self._send("PATCH", path, _AS_MANAGER, identity, body=patch, media_type=_MERGE_PATCH)

    def delete(
        self,
        identity: ObjectId,
        *,
        uid: str,
        propagation: Propagation,
        resource_version: str = "",
        dry_run: bool = False,
    ) -> None:
        """See `Kube`."""
        version: JsonObject = {"resourceVersion": resource_version} if resource_version else {}
        options: JsonObject = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid, **version},
            "propagationPolicy": propagation.value,
            **({"dryRun": ["All"]} if dry_run else {}),
        }
        with suppress(NotFoundError):
            self._send("DELETE", self._path(identity), {}, identity, body=options)

    def act(self, identity: ObjectId, subresource: str, body: JsonObject) -> JsonObject:
        """See `Kube`."""
        return self._send("POST", self._path(identity, subresource), _AS_MANAGER, identity, body=body)

    def log(self, pod: ObjectId, container: str = "", *, tail_lines: int) -> str:
        """See `Kube`."""
        query = {"tailLines": str(tail_lines), **({"container": container} if container else {})}
        answer = self._exchange("GET", self._path(pod, "log"), query, f"read the log of {pod}", pod.kind)
        return answer.decode("utf-8", "replace")

    def _path(self, identity: ObjectId, subresource: str = "") -> str:
        kind = Kind(identity.api_version, identity.kind)
        path = f"{self._folder(kind, identity.namespace)}/{quote(identity.name, safe=':')}"
        return f"{path}/{subresource}" if subresource else path

    def _folder(self, kind: Kind, namespace: str) -> str:
        resource = self._resource(kind)
        inner = f"/namespaces/{quote(namespace, safe='')}" if namespace and resource.is_namespaced else ""
        return f"{_root(kind.api_version)}{inner}/{resource.plural}"

    def _resource(self, kind: Kind) -> Resource:
        """What a kind is called in paths. Raises: NotFoundError: the server has no such kind."""
        return BUILT_IN.get(kind) or self._discovered_resource(kind)

    def _discovered_resource(self, kind: Kind) -> Resource:
        """What discovery says of a kind. A kind that was not there is asked for again: a CRD may have come.

        Raises: NotFoundError: the server has no such kind.
        """
        found = self._resources.get(kind.api_version, {}).get(kind.name)
        if found is None:
            # What is kept may be forgotten again, by another thread that was told that nobody answers for it.
            answer = self._discover(kind.api_version)
            found = _resources_in(answer, kind.api_version).get(kind.name)
        if found is None:
            raise error_of(
                404,
                b"",
                f"the server has no kind {kind.name} in {kind.api_version}",
                kind.name,
                {},
            )
        return found

    def _discover(self, api_version: str) -> JsonObject:
        """What a version of a group has; its kinds are kept.

        Raises: NotFoundError: the server does not have it; TransientError: it has it, and nobody answers.
        """
        what = f"the kinds of {api_version}"
        try:
            answer = self._read(_root(api_version), what)
        except NotFoundError as error:
            self._resources.pop(api_version, None)
            if api_version not in self._group_versions():
                raise
            # As while a server starts, or a CRD or an APIService comes: what it has is there all the same.
            # Source: client-go discovery/discovery_client.go takes it for a group that failed, too.
            raise TransientError(
                "server-busy",
                f"read {what}: the server lists it, but nobody answers for it yet (kubectl get apiservices)",
                hint=TRIED_AGAIN,
            ) from error
        _field("resources", answer, f"read {what}")
        self._resources[api_version] = _resources_in(answer, api_version)
        return answer

    def _told_apart(self, error: ServerError, kind: Kind, what: str) -> ServerError:
        """The error, or that it passes: where nobody answers for a kind which the server has."""
        if not isinstance(error, NotServedError):
            return error
        self._resources.pop(kind.api_version, None)
        try:
            self._discovered_resource(kind)
        except NotFoundError:
            return error
        return TransientError(
            "server-busy", f"{what}: nobody answered for what the server has", hint=TRIED_AGAIN
        )

    def _read(self, path: str, what: str) -> JsonObject:
        asked = f"read {what}"
        return _decoded(self._exchange("GET", path, {}, asked, ""), asked)

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        identity: ObjectId,
        *,
        body: JsonObject | None = None,
        what: str = "",
        media_type: str = "",
        accept: str = "",
    ) -> JsonObject:
        what = what or f"{_VERBS[method]} {identity}"
        sent_as = media_type or _MEDIA_TYPES.get(method, "")
        try:
            data = self._exchange(method, path, query, what, identity.kind, body, sent_as, accept)
        except NotServedError as error:
            raise self._told_apart(error, Kind(identity.api_version, identity.kind), what) from error
        answer = _decoded(data, what)
        _field("metadata", answer, what)  # objects, lists and a Status have it, all of them
        return answer

    def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        what: str,
        kind: str,
        body: JsonObject | None = None,
        media_type: str = "",
        accept: str = "",
    ) -> bytes:
        """One request and its answer. Args: what: the request in words; kind: see `error_of`."""
        answer = self._connection.exchange(
            method,
            f"{path}?{urlencode(query)}" if query else path,
            what,
            # JSON is YAML, which is what the server calls a manifest to apply.
            body=None if body is None else msgspec.json.encode(body),
            media_type=media_type,
            accept=accept,
        )
        if not 200 <= answer.status < 300:
            is_apply = media_type == _MEDIA_TYPES["PATCH"] and not _names_version(body or {})
            raise error_of(answer.status, answer.data, what, kind, answer.headers, is_apply=is_apply)
        return answer.data


class _Changes:
    """See `Watch`."""

    def __init__(self, stream: Stream, what: str, kind: str) -> None:
        self._stream, self._what, self._kind = stream, what, kind

    def __iter__(self) -> Iterator[tuple[str, JsonObject]]:
        for line in self._stream.lines():
            event = _decoded(line, self._what)
            kind, changed = text_of(event.get("type")), mapping_of(_field("object", event, self._what))
            if kind == "ERROR":
                code = changed.get("code")
                status = code if isinstance(code, int) else 500
                raise error_of(status, msgspec.json.encode(changed), self._what, self._kind, {})
            yield kind, changed

    def stop(self) -> None:
        self._stream.stop()


_VERBS = {"GET": "read", "PATCH": "apply", "POST": "create", "PUT": "replace", "DELETE": "delete"}
_MERGE_PATCH = "application/merge-patch+json"
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_MEDIA_TYPES = {
    "PATCH": "application/apply-patch+yaml",
    "POST": "application/json",
    "PUT": "application/json",
    "DELETE": "application/json",
}
_AS_MANAGER = MappingProxyType({"fieldManager": MANAGER})


def _resources_in(answer: JsonObject, api_version: str) -> Mapping[str, Resource]:
    """The kinds that discovery names. Subresources, such as deployments/scale, have kinds too."""
    return {
        text_of(each.get("kind")): Resource(
            kind=Kind(api_version, text_of(each.get("kind"))),
            plural=text_of(each.get("name")),
            is_namespaced=each.get("namespaced") is True,
            verbs=tuple(map(text_of, _list(each.get("verbs")))),
        )
        for each in _mappings(answer.get("resources"))
        if "/" not in text_of(each.get("name"))
    }


def _names_version(manifest: JsonObject) -> bool:
    return not mapping_of(manifest.get("metadata")).keys().isdisjoint({"resourceVersion", "uid"})


def _decoded(data: bytes, what: str) -> JsonObject:
    """Raises: TransientError: it is no JSON, as when something between us and the server answers."""
    try:
        return mapping_of(msgspec.json.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_understood(f"{what}: the answer is no JSON") from error


def _field(name: str, answer: JsonObject, what: str) -> JsonValue:
    """What every server says, be it that there is nothing.

    Raises: TransientError: it is not said, so that nobody knows: that is no answer of Kubernetes.
    """
    if name not in answer:
        raise not_understood(f"{what}: the answer has no {name}, so that it is none of an API server")
    return answer[name]


def _selecting(labels: str, fields: str = "") -> Mapping[str, str]:
    selectors = {"labelSelector": labels, "fieldSelector": fields}
    return {key: value for key, value in selectors.items() if value}


def _all_of(kind: Kind, namespace: str) -> str:
    return f"{kind.name} in {namespace}" if namespace else kind.name


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _mappings(value: JsonValue) -> list[JsonObject]:
    return [mapping_of(each) for each in _list(value)]
