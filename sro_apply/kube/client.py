"""A cluster, over the official client: connection and credentials are its matter, paths and bodies ours.

Decides the requests. Objects stay plain JSON: the client's models know one release's kinds, and we have any.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode

import urllib3
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from sro_apply.config import MANAGER
from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError, error_of, unreachable
from sro_apply.kube.interface import ApiVersions, Kind, Propagation, Resource
from sro_render.errors import InputError
from sro_render.model.objects import JsonObject, JsonValue, ObjectId, mapping_of, object_id, text_of

_PAGE: Final = 500
"""Objects of one answer to a list."""
_TIMEOUT_S: Final = (10.0, 60.0)
"""For the connection, and for the answer."""
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class Connection:
    """Where we are connected to. namespace: the applier's own: of the pod, or of the kubeconfig's context."""

    def __init__(self, api: client.ApiClient, namespace: str) -> None:
        self.api = api
        self.namespace = namespace


def connect(kubeconfig: str | None, context: str | None) -> Connection:
    """Connect as kubectl does: a kubeconfig, else the pod's ServiceAccount.

    Raises: InputError: there is neither, or it cannot be used.
    """
    settings = client.Configuration()
    try:
        namespace = _configure(settings, kubeconfig, context)
    except Exception as error:  # a damaged kubeconfig makes the library raise whatever it stumbles over
        raise InputError(
            "no-connection",
            f"there is no cluster to connect to: {_in_words(error)}",
            subject=kubeconfig or "",
            hint="name a kubeconfig with --kubeconfig or KUBECONFIG, or run in a pod",
        ) from error
    # What is tried again, and when, is decided by who knows what the request is for.
    settings.retries = False
    return Connection(client.ApiClient(settings), namespace)


def _in_words(error: Exception) -> str:
    """One line: a fault that the library foresaw in its words, any other with its sort."""
    words = " ".join(str(error).split())
    return words if isinstance(error, ConfigException) else f"{type(error).__name__}: {words}"


def _configure(settings: client.Configuration, kubeconfig: str | None, context: str | None) -> str:
    if kubeconfig is None and context is None and _SERVICE_ACCOUNT.exists():
        config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        return _SERVICE_ACCOUNT.read_text(encoding="utf-8").strip()
    load, list_contexts = config.load_kube_config, config.list_kube_config_contexts
    load(config_file=kubeconfig, context=context, client_configuration=settings)  # type: ignore[no-untyped-call]
    contexts, active = list_contexts(config_file=kubeconfig)  # type: ignore[no-untyped-call]
    chosen = next((each for each in contexts if each["name"] == context), active)
    return text_of(mapping_of(mapping_of(chosen).get("context")).get("namespace")) or "default"


class Client:
    """See `Kube`."""

    def __init__(self, connection: Connection) -> None:
        self._api = connection.api
        self._resources: dict[str, Mapping[str, Resource]] = {}

    def is_namespaced(self, kind: Kind) -> bool:
        """See `Kube`."""
        return self._resource(kind).is_namespaced

    def resources(self) -> Sequence[Resource]:
        """See `Kube`."""
        versions = self._group_versions()
        for api_version in versions:
            self._resources[api_version] = self._discover(Kind(api_version, ""))
        return [each for api_version in versions for each in self._resources[api_version].values()]

    def _group_versions(self) -> Sequence[str]:
        """All versions of all groups, of each group the preferred one first."""
        versions = ["v1"]
        for group in _mappings(self._read("/apis", "the API groups").get("groups")):
            preferred = text_of(mapping_of(group.get("preferredVersion")).get("groupVersion"))
            names = [text_of(each.get("groupVersion")) for each in _mappings(group.get("versions"))]
            versions += sorted(names, key=lambda name: name != preferred)
        return versions

    def version(self) -> str:
        """See `Kube`."""
        return text_of(self._read("/version", "the server's version").get("gitVersion"))

    def api_versions(self) -> ApiVersions:
        """See `Kube`. Source: helm pkg/action/action.go, GetVersionSet."""
        served, silent = set(), []
        for api_version in self._group_versions():
            served.add(api_version)
            try:
                answer = self._read(_root(api_version), f"the kinds of {api_version}")
            except NotFoundError:
                served.remove(api_version)  # a CRD that has just gone
            except TransientError as error:
                if error.finding.code != "server-busy":
                    raise
                silent.append(api_version)
            else:
                self._resources[api_version] = _resources_in(answer, api_version)
                kinds = (text_of(each.get("kind")) for each in _mappings(answer.get("resources")))
                served.update(f"{api_version}/{kind}" for kind in kinds if kind)
        return ApiVersions(served=tuple(sorted(served)), silent=tuple(sorted(silent)))

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

    def list(self, kind: Kind, namespace: str = "", *, labels: str = "") -> list[JsonObject]:
        """See `Kube`."""
        return [*self._pages(kind, namespace, {"labelSelector": labels} if labels else {})]

    def metadata(self, kind: Kind, namespace: str = "") -> Sequence[JsonObject]:
        """See `Kube`."""
        return self._pages(kind, namespace, {}, accept=_METADATA_ONLY)

    def _pages(
        self, kind: Kind, namespace: str, asked: Mapping[str, str], *, accept: str = ""
    ) -> Sequence[JsonObject]:
        path, identity = self._folder(kind, namespace), ObjectId(kind.api_version, kind.name, namespace, "")
        query = {"limit": str(_PAGE), **asked}
        found = []
        while True:
            page = self._send("GET", path, query, identity, accept=accept)
            # Items of a list do not say what they are.
            found += [
                {**each, "apiVersion": kind.api_version, "kind": kind.name}
                for each in _mappings(page.get("items"))
            ]
            more = text_of(mapping_of(page.get("metadata")).get("continue"))
            if not more:
                return found
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

    def delete(self, identity: ObjectId, *, uid: str, propagation: Propagation) -> None:
        """See `Kube`."""
        options: JsonObject = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": propagation.value,
        }
        with suppress(NotFoundError):
            self._send("DELETE", self._path(identity), {}, identity, body=options)

    def act(self, identity: ObjectId, subresource: str, body: JsonObject) -> JsonObject:
        """See `Kube`."""
        return self._send("POST", self._path(identity, subresource), _AS_MANAGER, identity, body=body)

    def log(self, pod: ObjectId, container: str = "", *, tail_lines: int = 0) -> str:
        """See `Kube`."""
        query = {**({"container": container} if container else {})}
        if tail_lines:
            query["tailLines"] = str(tail_lines)
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
        """What discovery says of a kind. A kind that was not there is asked for again: a CRD may have come.

        Raises: NotFoundError: the server has no such kind.
        """
        found = self._resources.get(kind.api_version, {}).get(kind.name)
        if found is None:
            self._resources[kind.api_version] = self._discover(kind)
            found = self._resources[kind.api_version].get(kind.name)
        if found is None:
            raise error_of(
                404,
                b"",
                f"the server has no kind {kind.name} in {kind.api_version}",
                kind.name,
                {},
            )
        return found

    def _discover(self, kind: Kind) -> Mapping[str, Resource]:
        answer = self._read(_root(kind.api_version), f"the kinds of {kind.api_version}")
        return _resources_in(answer, kind.api_version)

    def _read(self, path: str, what: str) -> JsonObject:
        return mapping_of(json.loads(self._exchange("GET", path, {}, f"read {what}", "")))

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        identity: ObjectId,
        *,
        body: JsonObject | None = None,
        media_type: str = "",
        accept: str = "",
    ) -> JsonObject:
        what = f"{_VERBS[method]} {identity}"
        kind = media_type or _MEDIA_TYPES.get(method, "")
        data = self._exchange(method, path, query, what, identity.kind, body, kind, accept)
        return mapping_of(json.loads(data))

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
        headers = {"Accept": accept or "application/json, */*"}
        if body is not None:
            headers["Content-Type"] = media_type
        try:
            request = self._api.param_serialize(
                method,
                f"{path}?{urlencode(query)}" if query else path,
                header_params=headers,
                # The official client makes JSON of a body itself, merge patches too; YAML it takes as is.
                body=json.dumps(body) if media_type.endswith("yaml") else body,
                auth_settings=["BearerToken"],
            )
            answer = self._api.call_api(*request, _request_timeout=_TIMEOUT_S)
            data: bytes = answer.read()  # type: ignore[no-untyped-call]
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(what, error) from error
        except client.ApiException as error:
            raise PermanentError(
                "server-tls",
                f"{what}: {error.reason}",
                hint="check the certificate authority of the kubeconfig",
            ) from error
        if not 200 <= answer.status < 300:
            raise error_of(answer.status, data, what, kind, answer.headers or {})
        return data


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


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _mappings(value: JsonValue) -> list[JsonObject]:
    return [mapping_of(each) for each in _list(value)]
