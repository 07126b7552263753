"""The lock of a bundle: what it was made from, and every file that is ours.

Decides the form of `sro.lock.yaml` (schemas/lock.schema.json says the same in JSON Schema) and
what a damaged or foreign one is told. Reading and writing its text, and comparing it with the files
beside it, are others' work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from sro_render.errors import InputError, nearest
from sro_render.model.bundle import InputFile
from sro_render.model.objects import JsonObject, JsonValue

API_VERSION = "sro.openshift.io/v1alpha1"
KIND = "BundleLock"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_WAY_OUT = (
    "take the committed one back (git checkout), or remove the cluster's whole folder and build again: "
    "every file in it is made anew"
)

_T = TypeVar("_T")


class LockedChart(Struct, frozen=True, kw_only=True):
    """A chart as it was used. source: the repository as the spec names it, without credentials."""

    special_resource: str
    name: str
    version: str
    source: str
    digest: str


class LockedState(Struct, frozen=True, kw_only=True):
    """A state's name, its template (empty for our own states) and whether it exists for each kernel."""

    name: str
    template: str = ""
    is_affine: bool = False


class LockedResource(Struct, frozen=True, kw_only=True):
    """An SR with its states in the order in which they are applied.

    chart_digest: empty for `_shared`. dependencies: the SRs that it needs before it, A-Z.
    """

    name: str
    namespace: str
    chart_digest: str
    states: tuple[LockedState, ...] = ()
    dependencies: tuple[str, ...] = ()


class StaleFiles(Struct, frozen=True, kw_only=True):
    """Files that an earlier build wrote for a kernel that failed in this one; no kernel is the whole SR."""

    special_resource: str
    kernel: str
    files: tuple[str, ...]


class Lock(Struct, frozen=True, kw_only=True):
    """One cluster's lock.

    options:   the choices that the bundle depends on, by their names on the command line.
    specs:     the spec files; charts: one entry for each SR and chart.
    resources: in the order in which they are applied: dependencies before dependents, else by name.
    inventory: the inventory files; kernels: as in `Bundle`. Together they are the nodes' part.
    files:     path to digest of each file but the lock itself, paths relative to the lock.
    shared:    each object's file in `_shared`, with the SRs that render the object, A-Z.
    removed:   SRs with `managementState: Removed`.
    Paths have `/` between their parts; those of inputs are relative to the lock and may start with `..`.
    """

    cluster: str
    tool_name: str = "sro-render"
    tool_version: str = ""
    options: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))
    specs: tuple[InputFile, ...] = ()
    charts: tuple[LockedChart, ...] = ()
    resources: tuple[LockedResource, ...] = ()
    inventory: tuple[InputFile, ...] = ()
    kernels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    removed: tuple[str, ...] = ()
    stale: tuple[StaleFiles, ...] = ()

    def without_nodes(self) -> Lock:
        """The lock without the nodes' part and the tool's version: what `check` compares."""
        return replace(self, inventory=(), kernels=(), tool_version="")

    def to_mapping(self) -> JsonObject:
        """The document to write; `from_mapping` reads it back."""
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "cluster": self.cluster,
            "tool": {"name": self.tool_name, "version": self.tool_version},
            "options": dict(self.options),
            "inputs": {
                "specs": [_input_mapping(spec) for spec in self.specs],
                "charts": [_chart_mapping(chart) for chart in self.charts],
            },
            "specialResources": [_resource_mapping(resource) for resource in self.resources],
            "inventory": {
                "inputs": [_input_mapping(file) for file in self.inventory],
                "kernels": {kernel: list(nodes) for kernel, nodes in self.kernels},
            },
            "files": dict(self.files),
            "shared": {path: list(users) for path, users in self.shared.items()},
            "removed": list(self.removed),
            "stale": [_stale_mapping(entry) for entry in self.stale],
        }

    @classmethod
    def from_mapping(cls, value: JsonValue) -> Lock:
        """Read the document of a lock.

        Raises: InputError: `lock-foreign` if it is no lock of this version, `lock-damaged` with the
                key path of the first fault if it is one.
        """
        document = _Fields(_own_document(value), "", {"apiVersion", "kind"})
        tool, inputs = document.fields("tool"), document.fields("inputs")
        nodes = document.fields("inventory")
        kernels = nodes.fields("kernels")
        files = document.fields("files")
        shared = document.fields("shared")
        lock = cls(
            cluster=document.text("cluster"),
            tool_name=tool.text("name"),
            tool_version=tool.text("version", may_be_empty=True),
            options=MappingProxyType(dict(document.fields("options").values)),
            specs=inputs.items("specs", _read_input),
            charts=inputs.items("charts", _read_chart),
            resources=document.items("specialResources", _read_resource),
            inventory=nodes.items("inputs", _read_input),
            kernels=tuple((kernel, kernels.texts(kernel)) for kernel in sorted(kernels.values)),
            files=MappingProxyType({files.own_path(name): files.digest(name) for name in files.values}),
            shared=MappingProxyType({shared.own_path(path): shared.texts(path) for path in shared.values}),
            removed=document.texts("removed"),
            stale=document.items("stale", _read_stale),
        )
        for part in (document, tool, inputs, nodes):
            part.refuse_unknown()
        return lock


def digest_of(data: bytes) -> str:
    """`sha256:` and 64 hex digits: how the lock names a content."""
    return f"sha256:{sha256(data).hexdigest()}"


def is_own_path(path: str) -> bool:
    """Whether a path stays inside the bundle's folder: relative, `/` between parts, no `.` and `..`."""
    if "\\" in path or "\0" in path:
        return False
    return all(part not in {"", ".", ".."} for part in path.split("/"))


def _input_mapping(file: InputFile) -> JsonObject:
    return {"path": file.path, "digest": file.digest}


def _chart_mapping(chart: LockedChart) -> JsonObject:
    return {
        "specialResource": chart.special_resource,
        "name": chart.name,
        "version": chart.version,
        "source": chart.source,
        "digest": chart.digest,
    }


def _resource_mapping(resource: LockedResource) -> JsonObject:
    return {
        "name": resource.name,
        "namespace": resource.namespace,
        "chartDigest": resource.chart_digest,
        "states": [
            {"name": state.name, "template": state.template, "affine": state.is_affine}
            for state in resource.states
        ],
        # Left out where there are none: locks were written before there could be any.
        **({"dependencies": list(resource.dependencies)} if resource.dependencies else {}),
    }


def _stale_mapping(entry: StaleFiles) -> JsonObject:
    return {
        "specialResource": entry.special_resource,
        "kernel": entry.kernel,
        "files": list(entry.files),
    }


def _own_document(value: JsonValue) -> JsonObject:
    """The value, if it says that it is a lock of our version."""
    if not isinstance(value, dict) or value.get("kind") != KIND:
        raise InputError("lock-foreign", f"this is not a {KIND} of sro-render", hint=_WAY_OUT)
    if value.get("apiVersion") != API_VERSION:
        raise InputError(
            "lock-foreign",
            f"this lock has apiVersion {value.get('apiVersion')!r}, and this version of sro-render reads "
            f"{API_VERSION!r}",
            path="apiVersion",
            hint=f"use the version of sro-render that wrote it, or {_WAY_OUT}",
        )
    return value


def _read_input(entry: _Fields) -> InputFile:
    return InputFile(path=entry.text("path"), digest=entry.digest("digest"))


def _read_chart(entry: _Fields) -> LockedChart:
    return LockedChart(
        special_resource=entry.text("specialResource"),
        name=entry.text("name"),
        version=entry.text("version"),
        source=entry.text("source", may_be_empty=True),
        digest=entry.digest("digest"),
    )


def _read_resource(entry: _Fields) -> LockedResource:
    return LockedResource(
        name=entry.text("name"),
        namespace=entry.text("namespace", may_be_empty=True),
        chart_digest=entry.digest("chartDigest", may_be_empty=True),
        states=entry.items("states", _read_state),
        dependencies=entry.texts("dependencies") if "dependencies" in entry.values else (),
    )


def _read_state(entry: _Fields) -> LockedState:
    return LockedState(
        name=entry.text("name"),
        template=entry.text("template", may_be_empty=True),
        is_affine=entry.flag("affine"),
    )


def _read_stale(entry: _Fields) -> StaleFiles:
    files = entry.texts("files")
    for path in files:
        entry.check_own_path(path)
    return StaleFiles(
        special_resource=entry.text("specialResource"),
        kernel=entry.text("kernel", may_be_empty=True),
        files=files,
    )


class _Fields(Struct, frozen=True):
    """A mapping of the lock and its key path; every read names the key when the value is wrong."""

    values: Mapping[str, JsonValue]
    path: str
    known: set[str] = set()

    @classmethod
    def of(cls, value: JsonValue, path: str) -> _Fields:
        if not isinstance(value, dict):
            raise _damaged("a mapping", value, path)
        return cls(value, path)

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def get(self, key: str) -> JsonValue:
        self.known.add(key)
        if key not in self.values:
            raise InputError("lock-damaged", "this lock lacks a field", path=self.at(key), hint=_WAY_OUT)
        return self.values[key]

    def fields(self, key: str) -> _Fields:
        return _Fields.of(self.get(key), self.at(key))

    def text(self, key: str, *, may_be_empty: bool = False) -> str:
        value = self.get(key)
        if not isinstance(value, str) or not (value or may_be_empty):
            raise _damaged("a text", value, self.at(key))
        return value

    def flag(self, key: str) -> bool:
        value = self.get(key)
        if not isinstance(value, bool):
            raise _damaged("true or false", value, self.at(key))
        return value

    def digest(self, key: str, *, may_be_empty: bool = False) -> str:
        value = self.get(key)
        if isinstance(value, str) and (_DIGEST.fullmatch(value) or (may_be_empty and not value)):
            return value
        raise _damaged("sha256: and 64 hex digits", value, self.at(key))

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self._text_item(item, self.at(key)) for item in self._items(key))

    def items(self, key: str, read: Callable[[_Fields], _T]) -> tuple[_T, ...]:
        found = []
        for index, item in enumerate(self._items(key)):
            entry = _Fields.of(item, f"{self.at(key)}[{index}]")
            found.append(read(entry))
            entry.refuse_unknown()
        return tuple(found)

    def own_path(self, key: str) -> str:
        self.check_own_path(key)
        return key

    def check_own_path(self, path: str) -> None:
        if not is_own_path(path):
            raise InputError(
                "lock-damaged",
                f"this lock lists {path!r}, which is not a path below its own folder",
                path=self.path,
                hint=_WAY_OUT,
            )

    def refuse_unknown(self) -> None:
        """A field that nobody asked for: damage, or a newer tool whose meaning would be lost."""
        for key in self.values:
            if key not in self.known:
                close = nearest(key, self.known)
                raise InputError(
                    "lock-damaged",
                    "this lock has a field that this version of sro-render does not know",
                    path=self.at(key),
                    notes=(f"the nearest field is {close}",) if close else (),
                    hint=f"use the version of sro-render that wrote it, or {_WAY_OUT}",
                )

    def _items(self, key: str) -> Sequence[JsonValue]:
        value = self.get(key)
        if not isinstance(value, list):
            raise _damaged("a list", value, self.at(key))
        return value

    @staticmethod
    def _text_item(item: JsonValue, path: str) -> str:
        if not isinstance(item, str) or not item:
            raise _damaged("a list of texts", item, path)
        return item


def _damaged(wanted: str, value: JsonValue, path: str) -> InputError:
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:60]}…"
    return InputError("lock-damaged", f"this lock has {shown} instead of {wanted}", path=path, hint=_WAY_OUT)
