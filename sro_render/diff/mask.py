"""What is never shown: the data of Secrets. Marks stand for it that tell only whether it changed.

Decides by the structure of the objects alone, and before they are compared: what is found later can say
nothing that is not here. A mark tells neither the value nor its length nor a hash of it, which a dictionary
would undo. The names of the keys stay. Secrets inside other objects (a List, a Template) are masked too, and
so is the copy that kubectl keeps in an annotation.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import UNSET, UnsetType

from sro_render.model.objects import JsonObject, JsonValue

UNCHANGED = "<secret>"
OLD = "<secret A>"
NEW = "<secret B>"

_FIELDS = ("data", "stringData")
# What a Secret has beside them. Any other field is a misspelling of those (`Data`), or of a later version.
_OPEN = ("apiVersion", "kind", "type", "immutable")
_COPIES = ("kubectl.kubernetes.io/last-applied-configuration",)
_Maybe: TypeAlias = "JsonValue | UnsetType"


def holds_secret(manifest: JsonValue) -> bool:
    """Whether there is something in it to mask."""
    match manifest:
        case dict():
            return _is_secret(manifest) or any(holds_secret(each) for each in manifest.values())
        case list():
            return any(holds_secret(each) for each in manifest)
    return False


def mask_pair(before: JsonObject, after: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Both objects with marks: equal ones at one place stand for equal data, different ones do not."""
    first, second = _mask(before, after)
    return _object(first), _object(second)


def mask(manifest: JsonObject) -> JsonObject:
    """An object alone, masked."""
    return _object(_mask(manifest, UNSET)[0])


def has_mark(value: _Maybe) -> bool:
    """Whether a mark stands in a value; asked only of objects that hold a secret."""
    match value:
        case str():
            return value in {UNCHANGED, OLD, NEW}
        case dict():
            return any(map(has_mark, value.values()))
        case list():
            return any(map(has_mark, value))
    return False


def _object(value: _Maybe) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _is_secret(value: JsonObject) -> bool:
    """A Secret of any version: a later one, or a fault in it, must not lay it open."""
    return value.get("kind") == "Secret"


def _mask(before: _Maybe, after: _Maybe) -> tuple[_Maybe, _Maybe]:
    """Two values at one place, which need not be there."""
    if isinstance(before, list) or isinstance(after, list):
        return _mask_lists(before, after)
    first = before if isinstance(before, dict) else None
    second = after if isinstance(after, dict) else None
    if first is None and second is None:
        return before, after
    keys = {**(first or {}), **(second or {})}
    is_secret = _is_secret(first or {}) or _is_secret(second or {})
    pairs = {
        key: (_mask_secret_part if is_secret else _mask_part)(key, _of(first, key), _of(second, key))
        for key in keys
    }
    return (
        before if first is None else _present({key: pair[0] for key, pair in pairs.items()}),
        after if second is None else _present({key: pair[1] for key, pair in pairs.items()}),
    )


def _mask_part(_: str, before: _Maybe, after: _Maybe) -> tuple[_Maybe, _Maybe]:
    return _mask(before, after)


def _mask_secret_part(key: str, before: _Maybe, after: _Maybe) -> tuple[_Maybe, _Maybe]:
    """A field of a Secret."""
    if key in _FIELDS:
        return _seal_entries(before, after)
    if key == "metadata":
        return _mask_metadata(before, after)
    return _mask(before, after) if key in _OPEN else _seal_entries(before, after)


def _mask_metadata(before: _Maybe, after: _Maybe) -> tuple[_Maybe, _Maybe]:
    """A Secret's metadata: the annotations that hold copies of it are sealed."""
    first, second = _of(before, "annotations"), _of(after, "annotations")
    for name in _COPIES:
        old, new = _seal(_of(first, name), _of(second, name))
        first, second = _with(first, name, old), _with(second, name, new)
    return _with(before, "annotations", first), _with(after, "annotations", second)


def _seal_entries(before: _Maybe, after: _Maybe) -> tuple[_Maybe, _Maybe]:
    """Each value of a mapping sealed; all of it where it is none."""
    if not all(isinstance(each, dict) or each is UNSET for each in (before, after)):
        return _seal(before, after)
    sealed = {key: _seal(_of(before, key), _of(after, key)) for key in {**_object(before), **_object(after)}}
    return (
        before if before is UNSET else _present({key: pair[0] for key, pair in sealed.items()}),
        after if after is UNSET else _present({key: pair[1] for key, pair in sealed.items()}),
    )


def _seal(before: _Maybe, after: _Maybe) -> tuple[_Maybe, _Maybe]:
    """Marks for two values at one place."""
    if before is UNSET or after is UNSET:
        return (UNSET if before is UNSET else UNCHANGED), (UNSET if after is UNSET else UNCHANGED)
    return (UNCHANGED, UNCHANGED) if _are_equal(before, after) else (OLD, NEW)


def _are_equal(before: _Maybe, after: _Maybe) -> bool:
    """In Python 1, 1.0 and True are equal; written out they are not."""
    return before == after and repr(before) == repr(after)


def _mask_lists(before: _Maybe, after: _Maybe) -> tuple[_Maybe, _Maybe]:
    """Items by their place: where others stand there now, marks say that it changed."""
    first = before if isinstance(before, list) else []
    second = after if isinstance(after, list) else []
    pairs = [
        _mask(
            first[index] if index < len(first) else UNSET,
            second[index] if index < len(second) else UNSET,
        )
        for index in range(max(len(first), len(second)))
    ]
    old = [each for each, _ in pairs[: len(first)] if not isinstance(each, UnsetType)]
    new = [each for _, each in pairs[: len(second)] if not isinstance(each, UnsetType)]
    return (
        old if isinstance(before, list) else _mask(before, UNSET)[0],
        new if isinstance(after, list) else _mask(after, UNSET)[0],
    )


def _of(value: _Maybe, key: str) -> _Maybe:
    return value.get(key, UNSET) if isinstance(value, dict) else UNSET


def _with(value: _Maybe, key: str, item: _Maybe) -> _Maybe:
    """A mapping with another item, where it had one."""
    return {**value, key: item} if isinstance(value, dict) and not isinstance(item, UnsetType) else value


def _present(values: dict[str, _Maybe]) -> JsonObject:
    return {key: value for key, value in values.items() if not isinstance(value, UnsetType)}
