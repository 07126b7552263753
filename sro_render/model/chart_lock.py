"""The lock of a charts folder: which charts were brought into it, from where, and their digests.

Decides the form of `charts.lock.yaml` (schemas/chartslock.schema.json says the same in JSON Schema)
and which entry a reference means. Reading, checking and writing its text is for the edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of
from sro_render.model.specialresource import ChartReference

API_VERSION = "sro.openshift.io/v1alpha1"
KIND = "ChartsLock"
REMOTE = ("https://", "http://", "oci://")
"""What the URL of a repository starts with whose charts are vendored."""


class LockedArchive(Struct, frozen=True, kw_only=True, order=True):
    """One vendored chart.

    repository:     as the spec names it, without credentials and without a slash at the end.
    wanted:         the version or constraint in the spec. version: the chart's own.
    archive_digest: over the archive's bytes. digest: over the chart's content, see `Chart`.
    """

    name: str
    repository: str
    wanted: str
    version: str
    archive_digest: str
    digest: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What a reference is looked up by."""
        return (self.name, self.repository, self.wanted)

    @property
    def file_name(self) -> str:
        """The archive's file in the charts folder."""
        return f"{self.name}-{self.version}.tgz"


class ChartsLock(Struct, frozen=True, kw_only=True):
    """The lock of one charts folder; sorted, each key once."""

    charts: tuple[LockedArchive, ...] = ()

    def find(self, reference: ChartReference) -> LockedArchive | None:
        """The entry of a chart that a spec names."""
        key = (reference.name, repository_of(reference), reference.version)
        return next((entry for entry in self.charts if entry.key == key), None)

    def of(self, name: str, version: str) -> tuple[LockedArchive, ...]:
        """The entries that stand for one archive: several specs may want it in other words."""
        return tuple(entry for entry in self.charts if (entry.name, entry.version) == (name, version))

    def with_charts(self, charts: Iterable[LockedArchive]) -> ChartsLock:
        """The lock with these entries in the place of those with the same key."""
        merged = {entry.key: entry for entry in (*self.charts, *charts)}
        return ChartsLock(charts=tuple(sorted(merged.values())))

    def to_mapping(self) -> JsonObject:
        """The document to write; `from_mapping` reads it back."""
        charts: list[JsonValue] = [
            {
                "name": entry.name,
                "version": entry.version,
                "wanted": entry.wanted,
                "repository": entry.repository,
                "archiveDigest": entry.archive_digest,
                "digest": entry.digest,
            }
            for entry in self.charts
        ]
        return {"apiVersion": API_VERSION, "kind": KIND, "charts": charts}

    @classmethod
    def from_mapping(cls, value: Mapping[str, JsonValue]) -> ChartsLock:
        """Read a document that is valid by the schema."""
        charts = value.get("charts")
        entries = map(mapping_of, charts if isinstance(charts, list) else [])
        return cls().with_charts(
            LockedArchive(
                name=text_of(entry.get("name")),
                repository=text_of(entry.get("repository")),
                wanted=text_of(entry.get("wanted")),
                version=text_of(entry.get("version")),
                archive_digest=text_of(entry.get("archiveDigest")),
                digest=text_of(entry.get("digest")),
            )
            for entry in entries
        )


def is_remote(reference: ChartReference) -> bool:
    """Whether a chart is one that is vendored, rather than found in a ConfigMap or a folder."""
    return reference.url.startswith(REMOTE)


def repository_of(reference: ChartReference) -> str:
    """The repository's URL as the lock has it."""
    return reference.url.rstrip("/")
