"""Kubernetes objects as plain JSON data, and the one way to name them.

An object stays the mapping that YAML gave: dict, list, str, int, float, bool, None. Whoever keeps
one does not change it; a step that changes an object builds a new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]


class ObjectId(Struct, frozen=True, order=True):
    """What an API server keys an object by. Printed as `Kind/namespace/name` or `Kind/name`."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)

    @property
    def group(self) -> str:
        """The API group: `apps` of `apps/v1`, empty for the core group."""
        group, slash, _ = self.api_version.rpartition("/")
        return group if slash else ""


def object_id(manifest: Mapping[str, JsonValue]) -> ObjectId:
    """The id of a manifest; what is absent or not a string is empty."""
    metadata = manifest.get("metadata")
    inner = metadata if isinstance(metadata, dict) else {}
    return ObjectId(
        text_of(manifest.get("apiVersion")),
        text_of(manifest.get("kind")),
        text_of(inner.get("namespace")),
        text_of(inner.get("name")) or text_of(inner.get("generateName")),
    )


def text_of(value: JsonValue) -> str:
    """The value if it is a string, else the empty string."""
    return value if isinstance(value, str) else ""


def mapping_of(value: JsonValue) -> JsonObject:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def annotations_of(manifest: Mapping[str, JsonValue]) -> JsonObject:
    """`metadata.annotations`, empty where it is absent or not a mapping."""
    return mapping_of(mapping_of(manifest.get("metadata")).get("annotations"))


def kinds_of(objects: Iterable[Mapping[str, JsonValue]]) -> str:
    """What a file holds, in words for people: `2 objects of kind Pod, 1 object of kind Secret`."""
    counts = Counter(text_of(each.get("kind")) for each in objects)
    return ", ".join(
        f"{number} {'object' if number == 1 else 'objects'} {f'of kind {kind}' if kind else 'without a kind'}"
        for kind, number in sorted(counts.items())
    )
