"""The parts of a live object that judging it reads; what is absent or of another sort is empty."""

from __future__ import annotations

from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of


def items_of(value: JsonValue) -> list[JsonValue]:
    """A list."""
    return value if isinstance(value, list) else []


def mappings_of(value: JsonValue) -> list[JsonObject]:
    """A list of mappings."""
    return [mapping_of(each) for each in items_of(value)]


def kind_of(live: JsonObject) -> tuple[str, str]:
    """Its group, empty for the core group, and its kind: what it is, whatever version names it."""
    return text_of(live.get("apiVersion")).rpartition("/")[0], text_of(live.get("kind"))


def metadata_of(live: JsonObject) -> JsonObject:
    """`metadata`."""
    return mapping_of(live.get("metadata"))


def labels_of(live: JsonObject) -> JsonObject:
    """`metadata.labels`."""
    return mapping_of(metadata_of(live).get("labels"))


def spec_of(live: JsonObject) -> JsonObject:
    """`spec`."""
    return mapping_of(live.get("spec"))


def status_of(live: JsonObject) -> JsonObject:
    """`status`."""
    return mapping_of(live.get("status"))


def name_of(live: JsonObject) -> str:
    """`metadata.name`."""
    return text_of(metadata_of(live).get("name"))


def number_of(fields: JsonObject, key: str, *, default: int = 0) -> int:
    """An integer."""
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def uid_of(live: JsonObject) -> str:
    """`metadata.uid`: which of all that ever had its name."""
    return text_of(metadata_of(live).get("uid"))


def owners_of(live: JsonObject) -> list[JsonObject]:
    """`metadata.ownerReferences`."""
    return mappings_of(metadata_of(live).get("ownerReferences"))


def is_leaving(live: JsonObject) -> bool:
    """Whether its deletion has begun: nothing takes that back."""
    return bool(metadata_of(live).get("deletionTimestamp"))


def generation_of(live: JsonObject) -> int:
    """How often the server saw its spec change."""
    return number_of(metadata_of(live), "generation")


def is_observed(live: JsonObject, *, unknown: bool = False) -> bool:
    """Whether the controller has seen the newest generation. Args: unknown: the answer where it says none."""
    seen: JsonValue = status_of(live).get("observedGeneration")
    if not isinstance(seen, int):
        return unknown
    return seen >= generation_of(live)


def condition_of(live: JsonObject, name: str) -> JsonObject:
    """A condition of its status by its type."""
    for each in mappings_of(status_of(live).get("conditions")):
        if each.get("type") == name:
            return each
    return {}


def is_true(live: JsonObject, name: str) -> bool:
    """Whether a condition is True."""
    return condition_of(live, name).get("status") == "True"


def words_of(condition: JsonObject) -> str:
    """`Reason: message`, as far as there are any."""
    reason, message = text_of(condition.get("reason")), text_of(condition.get("message"))
    return (
        ": ".join(each for each in (reason, message) if each) or f"{text_of(condition.get('type'))} is False"
    )
