"""A cluster and a clock in memory, for what a real server does not do on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from sro_apply.kube.errors import PermanentError, error_of
from sro_apply.kube.interface import ApiVersions, Kind, Propagation, Resource, Served
from sro_render.model.objects import JsonObject, ObjectId, mapping_of, object_id

Fault = Callable[[str, str], Exception | None]
"""(method, object's name) to what goes wrong with this request; None where nothing does."""


class Double:
    """A cluster in memory that fails as it is told."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.objects: dict[ObjectId, JsonObject] = {}
        self.writes: list[str] = []
        """The names of what was written; deleted ones with a `-` before them."""

    def is_namespaced(self, kind: Kind) -> bool:
        return kind.name != "Namespace"

    def resources(self) -> Served:
        kinds = sorted({Kind(each.api_version, each.kind) for each in self.objects})
        found = (
            Resource(
                kind=kind,
                plural=f"{kind.name.lower()}s",
                is_namespaced=self.is_namespaced(kind),
                verbs=("list", "delete"),
            )
            for kind in kinds
        )
        return Served(resources=tuple(found))

    def version(self) -> str:
        return "v1.20.2"

    def api_versions(self) -> ApiVersions:
        versions = {each.api_version for each in self.objects}
        kinds = {f"{each.api_version}/{each.kind}" for each in self.objects}
        return ApiVersions(served=tuple(sorted(versions | kinds)))

    def apply(
        self, manifest: JsonObject, *, force: bool, dry_run: bool = False, subresource: str = ""
    ) -> JsonObject:
        del force, subresource
        identity = object_id(manifest)
        self._ask("apply", identity.name)
        metadata: Any = {**manifest["metadata"], "resourceVersion": "1"}  # type: ignore[dict-item]
        live: JsonObject = {**manifest, "metadata": metadata}
        if not dry_run:
            self.objects[identity] = live
            self.writes.append(identity.name)
        return live

    def get(self, identity: ObjectId) -> JsonObject | None:
        self._ask("get", identity.name)
        return self.objects.get(identity)

    def list(
        self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[JsonObject]:
        del labels, fields
        self._ask("list", kind.name)
        return [
            live
            for identity, live in self.objects.items()
            if (identity.kind, identity.namespace) == (kind.name, namespace)
        ]

    def metadata(self, kind: Kind, namespace: str = "") -> Sequence[JsonObject]:
        names = ("apiVersion", "kind", "metadata")
        return [{name: each[name] for name in names} for each in self.list(kind, namespace)]

    def create(self, manifest: JsonObject) -> JsonObject:
        return self.apply(manifest, force=False)

    def replace(self, manifest: JsonObject) -> JsonObject:
        return self.apply(manifest, force=False)

    def patch(self, identity: ObjectId, patch: JsonObject, *, subresource: str = "") -> JsonObject:
        del subresource
        self._ask("patch", identity.name)
        self.objects[identity] = merged(self.objects[identity], patch)
        self.writes.append(identity.name)
        return self.objects[identity]

    def delete(
        self,
        identity: ObjectId,
        *,
        uid: str,
        propagation: Propagation,
        resource_version: str = "",
        dry_run: bool = False,
    ) -> None:
        del uid, propagation, resource_version
        self._ask("delete", identity.name)
        if not dry_run and self.objects.pop(identity, None) is not None:
            self.writes.append(f"-{identity.name}")

    def act(self, identity: ObjectId, subresource: str, body: JsonObject) -> JsonObject:
        self._ask(subresource, identity.name)
        return body

    def log(self, pod: ObjectId, container: str = "", *, tail_lines: int = 0) -> str:
        del container, tail_lines
        self._ask("log", pod.name)
        return ""

    def _ask(self, method: str, name: str) -> None:
        fault = self.fault(method, name)
        if fault is not None:
            raise fault


def lacking(what: str, verb: str, resource: str, namespace: str = "") -> PermanentError:
    """What comes of a request whose right is missing. Args: what: the request in words."""
    place = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = f'{resource} is forbidden: User "u" cannot {verb} resource "{resource}" in API group "" {place}'
    error = error_of(403, json.dumps({"reason": "Forbidden", "message": message}).encode(), what, "", {})
    assert isinstance(error, PermanentError)
    return error


class FastClock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def merged(live: JsonObject, patch: JsonObject) -> JsonObject:
    """RFC 7386."""
    made = {key: value for key, value in live.items() if key not in patch}
    for key, value in patch.items():
        if isinstance(value, dict):
            made[key] = merged(mapping_of(live.get(key)), value)
        elif value is not None:
            made[key] = value
    return made
