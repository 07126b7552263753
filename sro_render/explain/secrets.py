"""What is not shown: the data of Secrets, and the values that they are made of.

Decides by the structure of the object alone, before anything is formatted. That a value differs from kernel
to kernel, and where it was set, is still told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from sro_render.explain.interface import Absent, FieldAccount, MaybeValue, Value
from sro_render.model.objects import JsonObject, JsonValue

HIDDEN: Final = "(hidden)"
_SECRET_FIELDS: Final = ("data", "stringData")


def is_secret(manifest: JsonObject, path: Sequence[str | int]) -> bool:
    """Whether a field of an object, or something inside it, may not be shown."""
    is_kind = (manifest.get("apiVersion"), manifest.get("kind")) == ("v1", "Secret")
    return is_kind and (not path or path[0] in _SECRET_FIELDS)


def masked(manifest: JsonObject) -> JsonObject:
    """The object with its data hidden."""
    if not is_secret(manifest, ()):
        return manifest
    return {key: _masked(value) if key in _SECRET_FIELDS else value for key, value in manifest.items()}


def masked_field(account: FieldAccount) -> FieldAccount:
    """An account of a field that is secret, without what it says."""
    return replace(
        account,
        value=_masked(account.value),
        writers=tuple(
            replace(each, values=tuple(map(_masked_value, each.values)), is_secret=True)
            for each in account.writers
        ),
        conditions=tuple(
            replace(each, values=tuple(map(_masked_value, each.values))) for each in account.conditions
        ),
        steps=tuple(
            replace(each, before=_maybe(each.before), after=_maybe(each.after)) for each in account.steps
        ),
        by_kernel=tuple(replace(each, value=_maybe(each.value)) for each in account.by_kernel),
    )


def _masked_value(value: Value) -> Value:
    settings = tuple(
        replace(each, value=HIDDEN, reads=tuple(map(_masked_value, each.reads))) for each in value.settings
    )
    return replace(value, value=_maybe(value.value), settings=settings)


def _maybe(value: MaybeValue) -> MaybeValue:
    return value if isinstance(value, Absent) else _masked(value)


def _masked(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else HIDDEN
