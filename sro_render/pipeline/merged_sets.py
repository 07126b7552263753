"""One `set` from several: what an SR's spec and all of its dependents say of its values.

Merged leaf by leaf: a mapping is gone into, everything else is one value. Nobody's value goes over
another's: two that differ are an error that shows both. Templates are compared as they are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from sro_render.errors import InputError
from sro_render.kernels.spec_places import SpecPlace, place_in_spec
from sro_render.model.objects import JsonObject, JsonValue
from sro_render.model.specialresource import SpecialResource
from sro_render.model.wording import format_path
from sro_render.pipeline.provenance import canonical_text

_TYPE_KEYS = frozenset({"kind", "apiVersion"})
"""SRO's marks of a `set`, which it writes itself whatever stands there."""
_SECRET = re.compile(r"(?i)pas+w|token|secret|cred|user(name)?$|(api|private|access)_?key")
_MAX_SHOWN = 60


class Part(Struct, frozen=True, kw_only=True):
    """The values that one place gives. owner, at: the SR that gives them, and the key path there."""

    owner: SpecialResource
    at: tuple[str | int, ...]
    values: JsonObject

    def place(self, path: Sequence[str]) -> SpecPlace:
        """Where a key path inside the values stands."""
        return place_in_spec(self.owner, (*self.at, *path))


def merge_sets(name: str, parts: Sequence[Part]) -> tuple[JsonObject, list[InputError]]:
    """The values of all parts, and one error for each value that differs from an earlier part's.

    Args: name: the SR that the values are for.
    """
    merged: JsonObject = {}
    errors: list[InputError] = []
    for number, part in enumerate(parts):
        values: JsonObject = {key: value for key, value in part.values.items() if key not in _TYPE_KEYS}
        for path, found in _merge(merged, values, ()):
            earlier = next(each for each in parts[:number] if _has(each.values, path))
            errors.append(_conflict(name, path, earlier, part, found))
    return merged, errors


def _merge(
    merged: JsonObject, values: JsonObject, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], tuple[JsonValue, JsonValue]]]:
    """Add values to what is there; yields the key paths where both have one, with the two values."""
    for key, value in values.items():
        inner = (*path, key)
        if key not in merged:
            merged[key] = _copy(value)
            continue
        known = merged[key]
        if isinstance(known, dict) and isinstance(value, dict):
            yield from _merge(known, value, inner)
        elif canonical_text(known) != canonical_text(value):
            yield inner, (known, value)


def _copy(value: JsonValue) -> JsonValue:
    """A copy of the mappings, which are added to; lists stay as they are."""
    return {key: _copy(item) for key, item in value.items()} if isinstance(value, dict) else value


def _has(values: JsonValue, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(values, dict) or key not in values:
            return False
        values = values[key]
    return True


def _conflict(
    name: str, path: Sequence[str], earlier: Part, later: Part, found: tuple[JsonValue, JsonValue]
) -> InputError:
    is_secret = any(_SECRET.search(step) for step in path)
    first, second = ("***" if is_secret else _shown(value) for value in found)
    here, there = later.place(path), earlier.place(path)
    return InputError(
        "dependency-conflict",
        f"two values of {format_path(path)} for {name}: {first} and {second}",
        span=here.span,
        path=here.path,
        subject=later.owner.name,
        notes=(f"{first} is at {there.span or there.path}, in {earlier.owner.name}",),
        hint=f"{name} is rendered once for all that need it: write one value, or leave it to one of them",
    )


def _shown(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"{text[:_MAX_SHOWN]}…" if len(text) > _MAX_SHOWN else text
