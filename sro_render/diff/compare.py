"""What differs between two objects, field by field.

Decides what a field is: mappings are gone into, lists too, by the keys of their items or by their place.
Values are the same if they are of one type and equal: `1`, `1.0` and `true` differ. The order of keys means
nothing. What is secret has been masked before.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import UNSET, UnsetType

from sro_render.diff.keyed_lists import match_items
from sro_render.diff.records import FieldChange, FieldPath
from sro_render.model.objects import JsonObject, JsonValue

_Found = list[FieldChange]
_Maybe: TypeAlias = "JsonValue | UnsetType"


def compare(before: JsonObject, after: JsonObject) -> list[FieldChange]:
    """The fields that differ, in the order of their keys."""
    found: _Found = []
    _compare_mappings(before, after, (), found)
    return found


def _compare_values(before: _Maybe, after: _Maybe, path: FieldPath, found: _Found) -> None:
    if before.__class__ is not after.__class__:
        found.append(FieldChange(path=path, before=before, after=after))
    elif isinstance(before, dict) and isinstance(after, dict):
        _compare_mappings(before, after, path, found)
    elif isinstance(before, list) and isinstance(after, list):
        _compare_lists(before, after, path, found)
    elif before != after:
        found.append(FieldChange(path=path, before=before, after=after))


def _compare_mappings(before: JsonObject, after: JsonObject, path: FieldPath, found: _Found) -> None:
    keys = before if before.keys() == after.keys() else {**before, **after}
    for key in sorted(keys):
        old, new = before.get(key, UNSET), after.get(key, UNSET)
        # Most fields are strings that are equal: they are let pass without a call.
        if old.__class__ is str and old == new:
            continue
        _compare_values(old, new, (*path, key), found)


def _compare_lists(before: list[JsonValue], after: list[JsonValue], path: FieldPath, found: _Found) -> None:
    name = path[-1] if path else ""
    pairs = match_items(name, before, after) if isinstance(name, str) else None
    if pairs is not None:
        for key, old, new in pairs:
            _compare_values(old, new, (*path, key), found)
        return
    for index in range(max(len(before), len(after))):
        _compare_values(_at(before, index), _at(after, index), (*path, index), found)


def _at(items: list[JsonValue], index: int) -> _Maybe:
    return items[index] if index < len(items) else UNSET
