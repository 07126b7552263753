"""SpecialResource, `sro.openshift.io/v1beta1`: a chart, values for it, and the nodes that it is for.

Source: special-resource-operator api/v1beta1 and pkg/helmer/api/v1beta1. Differs: credentials of
the chart's repository are dropped while reading, so that nothing later can show them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of
from sro_render.source import Source

_USER_INFO = re.compile(r"(?<=//)[^/@]*@|[?#].*", re.DOTALL)
API_VERSION = "sro.openshift.io/v1beta1"
KIND = "SpecialResource"
UNSUPPORTED_KINDS = ("PreflightValidation", "SpecialResourceModule")
"""SRO's other kinds, of the same API group."""


class ManagementState(StrEnum):
    """What is done with an SR; the empty string in a spec means Managed."""

    MANAGED = "Managed"
    UNMANAGED = "Unmanaged"
    REMOVED = "Removed"
    FORCE = "Force"


class ChartReference(Struct, frozen=True, kw_only=True):
    """A chart by name, exact version and repository (`cm://…`, `file://…`, `https://…`, `oci://…`)."""

    name: str
    version: str
    repository_name: str = ""
    url: str = ""
    tags: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @classmethod
    def from_mapping(cls, chart: Mapping[str, JsonValue]) -> ChartReference:
        """Read `spec.chart`, already valid by the schema."""
        repository = mapping_of(chart.get("repository"))
        tags = chart.get("tags")
        return cls(
            name=text_of(chart.get("name")),
            version=text_of(chart.get("version")),
            repository_name=text_of(repository.get("name")),
            url=_USER_INFO.sub("", text_of(repository.get("url"))),
            tags=tuple(text_of(tag) for tag in tags) if isinstance(tags, list) else None,
        )


class Dependency(Struct, frozen=True, kw_only=True):
    """A chart that renders before its dependent, with values of its own."""

    chart: ChartReference
    set: JsonObject = {}


class Graft(Struct, frozen=True, kw_only=True):
    """A part of an SR that the spec of another one gives: of a dependency, by its dependents.

    path: the part, such as ("spec", "set"). owner, at: the SR that gives it, and the key path there.
    """

    path: tuple[str | int, ...]
    owner: SpecialResource
    at: tuple[str | int, ...]


class SpecialResource(Struct, frozen=True, kw_only=True):
    """One SR. `set` and the strings of the spec may hold templates, which are not yet run here."""

    name: str
    namespace: str
    chart: ChartReference
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    set: JsonObject | None = None
    driver_container: JsonObject = {}
    node_selector: Mapping[str, str] = {}
    dependencies: tuple[Dependency, ...] = ()
    management_state: ManagementState = ManagementState.MANAGED
    names_management: bool = False
    """Whether the spec says its managementState, which templates can see."""
    debug: bool = False
    force_upgrade: bool = False
    source: Source | None = None
    """The file that it was read from, for messages."""
    document: int = 0
    """Which document of that file, from 0."""
    prefix: tuple[str | int, ...] = ()
    """The key path inside the document, of an item of a list."""
    grafts: tuple[Graft, ...] = ()
    """The parts that stand elsewhere, for messages; what several give is the first one's that has it."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the SRs that come before this one, A-Z."""
        return tuple(sorted({each.chart.name for each in self.dependencies}))

    @classmethod
    def from_mapping(
        cls,
        value: Mapping[str, JsonValue],
        *,
        source: Source | None = None,
        document: int = 0,
        prefix: tuple[str | int, ...] = (),
    ) -> SpecialResource:
        """Read a SpecialResource that is valid by its schema.

        Source: createSpecialResourceNamespace for the namespace's default.
        """
        metadata, spec = mapping_of(value.get("metadata")), mapping_of(value.get("spec"))
        name = text_of(metadata.get("name"))
        given = spec.get("set")
        dependencies = spec.get("dependencies")
        return cls(
            name=name,
            namespace=text_of(spec.get("namespace")) or name,
            chart=ChartReference.from_mapping(mapping_of(spec.get("chart"))),
            labels=_texts(metadata.get("labels")),
            annotations={
                key: value
                for key, value in _texts(metadata.get("annotations")).items()
                # kubectl's own copy of the whole object, credentials and all.
                if key != "kubectl.kubernetes.io/last-applied-configuration"
            },
            set=given if isinstance(given, dict) else None,
            driver_container=mapping_of(spec.get("driverContainer")),
            node_selector=_texts(spec.get("nodeSelector")),
            dependencies=tuple(
                Dependency(
                    chart=ChartReference.from_mapping(mapping_of(mapping_of(item).get("chart"))),
                    set=mapping_of(mapping_of(item).get("set")),
                )
                for item in (dependencies if isinstance(dependencies, list) else ())
            ),
            management_state=ManagementState(text_of(spec.get("managementState")) or "Managed"),
            names_management=bool(spec.get("managementState")),
            debug=spec.get("debug") is True,
            force_upgrade=spec.get("forceUpgrade") is True,
            source=source,
            document=document,
            prefix=prefix,
        )


def _texts(value: JsonValue) -> Mapping[str, str]:
    return {key: text_of(item) for key, item in mapping_of(value).items()}
