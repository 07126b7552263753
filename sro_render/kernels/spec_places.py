"""Where a part of an SR stands in the files that were read: in its own spec, or in a dependent's.

Most SRs stand in one file. A dependency's values come from every SR that needs it, and messages about a
value show the line that gave it.
"""

from __future__ import annotations

from msgspec import Struct

from sro_render.model.specialresource import SpecialResource
from sro_render.model.wording import KeyPath, format_path
from sro_render.source import Span
from sro_render.yamltext.reader import locate


class SpecPlace(Struct, frozen=True, kw_only=True):
    """A place in a spec. span: None where no file has it. path: the key path there, as people write it."""

    span: Span | None
    path: str


def place_in_spec(resource: SpecialResource, path: KeyPath, *, value: bool = False) -> SpecPlace:
    """Where a key path of an SR stands.

    Args: path: from the SR's own root, such as ("spec", "set", "version"). value: the value's place
          rather than the key's.
    """
    for graft in resource.grafts:
        depth = len(graft.path)
        if tuple(path[:depth]) == graft.path:
            there = (*graft.at, *path[depth:])
            span = _locate(graft.owner, there, value=value)
            if span is not None:
                return SpecPlace(span=span, path=format_path(there))
    return SpecPlace(span=_locate(resource, path, value=value), path=format_path(path))


def _locate(resource: SpecialResource, path: KeyPath, *, value: bool) -> Span | None:
    if resource.source is None:
        return None
    return locate(resource.source, [*resource.prefix, *path], resource.document, value=value)
