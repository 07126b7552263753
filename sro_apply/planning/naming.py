"""Names that no server takes, and that would lead a request somewhere else: refused before the first one.

Source: kubernetes apimachinery pkg/api/validation/path `IsValidPathSegmentName`; api/validation of groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sro_render.model.objects import JsonObject, mapping_of, text_of

_API_VERSION: Final = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?v[0-9a-z]+")
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_NAMESPACE: Final = re.compile(r"(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)?")
_MOST: Final = 253


def faults_of_names(manifest: JsonObject) -> Iterator[str]:
    """What of an object's address is no address."""
    metadata = mapping_of(manifest.get("metadata"))
    if not _API_VERSION.fullmatch(text_of(manifest.get("apiVersion"))):
        yield f"its apiVersion {manifest.get('apiVersion')!r} is none"
    if not _KIND.fullmatch(text_of(manifest.get("kind"))):
        yield f"its kind {manifest.get('kind')!r} is none"
    name = text_of(metadata.get("name"))
    if name in {"", ".", ".."} or "/" in name or "%" in name or len(name) > _MOST or not name.isprintable():
        yield f"its name {metadata.get('name')!r} is none"
    namespace = metadata.get("namespace", "")
    if not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
        yield f"its namespace {namespace!r} is none"
