"""A cluster, over the official client: connection and credentials are its matter, paths and bodies ours.

Decides the requests. Objects stay plain JSON: the client's models know one release's kinds, and we have any.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import urllib3
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from sro_apply.kube.errors import NotFoundError, PermanentError, error_of, unreachable
from sro_apply.kube.interface import Kind
from sro_render.errors import InputError
from sro_render.model.objects import JsonObject, ObjectId, mapping_of, object_id, text_of

MANAGER: Final = "sro-apply"
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
    except (ConfigException, OSError, ValueError) as error:
        raise InputError(
            "no-connection",
            f"there is no cluster to connect to: {error}",
            hint="name a kubeconfig with --kubeconfig or KUBECONFIG, or run in a pod",
        ) from error
    # What is tried again, and when, is decided by who knows what the request is for.
    settings.retries = False
    return Connection(client.ApiClient(settings), namespace)


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
        self._resources: dict[str, Mapping[str, JsonObject]] = {}

    def is_namespaced(self, kind: Kind) -> bool:
        """See `Kube`."""
        return self._resource(kind).get("namespaced") is True

    def apply(self, manifest: JsonObject, *, force: bool, dry_run: bool = False) -> JsonObject:
        """See `Kube`."""
        identity = object_id(manifest)
        query = {"fieldManager": MANAGER, "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        answer = self._send("PATCH", self._path(identity), query, identity, body=manifest)
        return mapping_of(answer)

    def get(self, identity: ObjectId) -> JsonObject | None:
        """See `Kube`."""
        try:
            return mapping_of(self._send("GET", self._path(identity), {}, identity))
        except NotFoundError:
            return None

    def list(self, kind: Kind, namespace: str = "", *, labels: str = "") -> list[JsonObject]:
        """See `Kube`."""
        path = self._folder(kind, namespace)
        query = {"limit": str(_PAGE), **({"labelSelector": labels} if labels else {})}
        found: list[JsonObject] = []
        while True:
            page = mapping_of(
                self._send("GET", path, query, ObjectId(kind.api_version, kind.name, namespace, ""))
            )
            items = page.get("items")
            # Items of a list do not say what they are.
            found += [
                {"apiVersion": kind.api_version, "kind": kind.name, **mapping_of(each)}
                for each in (items if isinstance(items, list) else [])
            ]
            more = text_of(mapping_of(page.get("metadata")).get("continue"))
            if not more:
                return found
            query["continue"] = more

    def _path(self, identity: ObjectId) -> str:
        kind = Kind(identity.api_version, identity.kind)
        return f"{self._folder(kind, identity.namespace)}/{quote(identity.name, safe=':')}"

    def _folder(self, kind: Kind, namespace: str) -> str:
        resource = self._resource(kind)
        inner = f"/namespaces/{quote(namespace, safe='')}" if namespace and resource.get("namespaced") else ""
        return f"{_root(kind.api_version)}{inner}/{text_of(resource.get('name'))}"

    def _resource(self, kind: Kind) -> JsonObject:
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

    def _discover(self, kind: Kind) -> Mapping[str, JsonObject]:
        answer = mapping_of(
            self._send("GET", _root(kind.api_version), {}, ObjectId(kind.api_version, "", "", ""))
        )
        listed = answer.get("resources")
        resources = [mapping_of(each) for each in (listed if isinstance(listed, list) else [])]
        # Subresources, such as deployments/scale, have kinds too.
        return {text_of(each.get("kind")): each for each in resources if "/" not in text_of(each.get("name"))}

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        identity: ObjectId,
        *,
        body: JsonObject | None = None,
    ) -> Any:
        what = (
            f"{_VERBS[method]} {identity}" if identity.kind else f"read the kinds of {identity.api_version}"
        )
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/apply-patch+yaml"
        url = f"{path}?{urlencode(query)}" if query else path
        try:
            request = self._api.param_serialize(
                method,
                url,
                header_params=headers,
                body=None if body is None else json.dumps(body),
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
            raise error_of(answer.status, data, what, identity.kind, answer.headers or {})
        return json.loads(data)


_VERBS = {"GET": "read", "PATCH": "apply"}


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
