"""Objects that the operator made: whose they are, and how they are taken away from it.

What belongs to a SpecialResource goes when that is deleted, and the drivers with it, whoever has applied them
since: the garbage collector sees to that.
"""

from __future__ import annotations

from collections.abc import Mapping

from sro_apply.planning.reading import metadata_of, owners_of
from sro_render.model.objects import JsonObject, JsonValue, text_of


def special_resource_of(live: JsonObject) -> str:
    """The SpecialResource that an object belongs to; empty where it belongs to none."""
    return next((text_of(each.get("name")) for each in owners_of(live) if _is_special_resource(each)), "")


def released(live: JsonObject) -> JsonObject:
    """The merge patch that takes an object away from its SpecialResource; other owners stay."""
    return {
        "metadata": {
            # A list is replaced as a whole: only if nobody has changed it meanwhile.
            "resourceVersion": metadata_of(live).get("resourceVersion"),
            "ownerReferences": _other_owners(live) or None,
        }
    }


def as_released(live: JsonObject) -> JsonObject:
    """An object as it would be after that."""
    metadata = {key: value for key, value in metadata_of(live).items() if key != "ownerReferences"}
    others = _other_owners(live)
    return {**live, "metadata": {**metadata, **({"ownerReferences": others} if others else {})}}


def _other_owners(live: JsonObject) -> list[JsonValue]:
    return [each for each in owners_of(live) if not _is_special_resource(each)]


def _is_special_resource(owner: Mapping[str, JsonValue]) -> bool:
    group = text_of(owner.get("apiVersion")).partition("/")[0]
    return owner.get("kind") == "SpecialResource" and group == "sro.openshift.io"
