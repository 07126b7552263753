"""Kubernetes' own schemas, of the version that comes closest to a cluster's.

They are data of the package kubernetes-validate, an extra: found as files, without importing the package,
whose own validator stops at the first fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema_rs
from msgspec import Struct

from sro_render.lint.interface import KindSchema
from sro_render.model.objects import JsonValue
from sro_render.model.wording import KeyPath

PACKAGE = "kubernetes-validate"
INSTALL = f"pip install {PACKAGE}"
_FOLDER = re.compile(r"v(\d+)\.(\d+)\.\d+-local-strict")
_DEFINITIONS = "/api/_definitions.json#/$defs/"
_LOCAL = "#/$defs/"
# Each of these takes null twice in the package's schemas, and so not at all.
_EITHER = ("io.k8s.apimachinery.pkg.api.resource.Quantity", "io.k8s.apimachinery.pkg.util.intstr.IntOrString")


def load_schemas(version: tuple[int, int]) -> KubeSchemas | None:
    """The schemas of a version; of the nearest one, older ones first, where it is not there.

    Returns: None if the package is not installed.
    """
    spec = find_spec("kubernetes_validate")
    folders = spec.submodule_search_locations if spec else None
    found: dict[tuple[int, int], Path] = {}
    for folder in folders or ():
        for path in (Path(folder) / "kubernetes-json-schema").glob("v*-local-strict"):
            match = _FOLDER.fullmatch(path.name)
            if match:
                found[int(match[1]), int(match[2])] = path
    if not found:
        return None
    older = [each for each in found if each <= version]
    nearest = max(older) if older else min(found)
    return KubeSchemas(version=nearest, folder=found[nearest])


class KubeSchemas(Struct):
    """The schemas of one version, each read when its kind is first met."""

    version: tuple[int, int]
    folder: Path
    _definitions: dict[str, Any] | None = None
    _kinds: dict[tuple[str, str], _Kind | None] = {}

    def of(self, api_version: str, kind: str) -> KindSchema | None:
        """The schema of a kind; None for kinds that are not Kubernetes' own."""
        key = (api_version, kind)
        if key not in self._kinds:
            self._kinds[key] = self._load(api_version, kind)
        return self._kinds[key]

    def served(self, kind: str) -> Sequence[str]:
        """The API versions that have the kind, A-Z."""
        found: set[str] = set()
        if kind.isalnum():
            for path in self.folder.glob(f"{kind.lower()}-*.json"):
                for each in json.loads(path.read_text("utf-8")).get("x-kubernetes-group-version-kind", ()):
                    if each["kind"] == kind:
                        found.add("/".join(part for part in (each["group"], each["version"]) if part))
        return sorted(found)

    def _load(self, api_version: str, kind: str) -> _Kind | None:
        group, _, version = api_version.rpartition("/")
        name = f"{kind.lower()}-{group.split('.')[0]}-{version}" if group else f"{kind.lower()}-{version}"
        if not re.fullmatch(r"[a-z0-9-]+", name):
            return None
        path = self.folder / f"{name}.json"
        if not path.is_file():
            return None
        schema = json.loads(path.read_text("utf-8").replace(_DEFINITIONS, _LOCAL))
        # Of a group only the first word is in the file's name: another group may have the same.
        of_kind = {"group": group, "version": version, "kind": kind}
        if of_kind not in schema.get("x-kubernetes-group-version-kind", ()):
            return None
        schema["$defs"] = self._all_definitions()
        return _Kind(schema)

    def _all_definitions(self) -> dict[str, Any]:
        if self._definitions is None:
            text = (self.folder / "_definitions.json").read_text("utf-8").replace(_DEFINITIONS, _LOCAL)
            definitions: dict[str, Any] = json.loads(text)["$defs"]
            for name in _EITHER:
                either = definitions.get(name, {})
                if "oneOf" in either:
                    either["anyOf"] = either.pop("oneOf")
            self._definitions = definitions
        return self._definitions


class _Kind:
    """The compiled schema of one kind."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._validator = jsonschema_rs.Draft202012Validator(dict(schema))

    def faults(self, manifest: Mapping[str, JsonValue]) -> Iterator[Any]:
        """Every fault of an object."""
        return iter(list(self._validator.iter_errors(manifest)))

    def known_fields(self, path: KeyPath) -> Sequence[str]:
        """The fields that the mapping at a key path may have."""
        at = self._schema
        for key in path:
            at = self._resolved(at)
            inner = at.get("items") if isinstance(key, int) else at.get("properties", {}).get(key)
            if inner is None:
                inner = at.get("additionalProperties")
            if not isinstance(inner, Mapping):
                return ()
            at = inner
        return sorted(self._resolved(at).get("properties", ()))

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._schema["$defs"][schema["$ref"].removeprefix(_LOCAL)]
        return schema
