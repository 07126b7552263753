"""Whether applying an object would change nothing, so that it need not be sent.

An object is the same if every field that we apply has our value on the server, and the server knows no
field as ours that we do not apply any more. In doubt the answer is no, and the server decides: it writes
nothing either where nothing changes.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and the form of `fieldsV1` in
sigs.k8s.io/structured-merge-diff v4 fieldpath/serialize-pe.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sro_render.model.objects import JsonObject, JsonValue, mapping_of

_ADDRESS = frozenset({"apiVersion", "kind"})
_COLLECTIONS = (dict, list)
_CREATED = "creationTimestamp"
_FIELD, _ITSELF = "f:", "."
"""How the path to a field of a mapping begins, and what stands for the mapping or the list itself."""


def is_same(wanted: JsonObject, live: JsonObject, manager: str) -> bool:
    """Whether the server has all of `wanted`, and nothing of ours beside it."""
    owned = _owned_fields(live, manager)
    if owned is None or not _covers(owned, wanted):
        return False
    content = {key: value for key, value in wanted.items() if key not in _ADDRESS}
    # Few objects have what the second look is for.
    return _holds(content, live) or _holds(_kept(content, live, owned), live)


def _owned_fields(live: JsonObject, manager: str) -> Mapping[str, Any] | None:
    """What the manager applied; None where it applied nothing yet."""
    entries = mapping_of(live.get("metadata")).get("managedFields")
    for entry in map(mapping_of, entries if isinstance(entries, list) else []):
        is_ours = entry.get("manager") == manager and entry.get("operation") == "Apply"
        if is_ours and not entry.get("subresource"):
            return mapping_of(entry.get("fieldsV1"))
    return None


def _covers(owned: Mapping[str, Any], wanted: JsonValue) -> bool:
    """Whether each field that is ours is one that we still want."""
    for step, inner in owned.items():
        if step[:2] == _FIELD:
            name = step[2:]
            if not isinstance(wanted, dict) or name not in wanted:
                return False
            value = wanted[name]
        elif step == _ITSELF:
            continue
        else:
            found, value = _item(step, wanted)
            if not found:
                return False
        if inner and not _covers(inner, value):
            return False
    return True


def _item(step: str, wanted: JsonValue) -> tuple[bool, JsonValue]:
    """What one element of a path means in a list, and whether it is there."""
    if not isinstance(wanted, list):
        return False, None
    kind, _, name = step.partition(":")
    match kind:
        case "v":
            return msgspec.json.decode(name) in wanted, None
        case "i":
            index = int(name)
            return index < len(wanted), wanted[index] if index < len(wanted) else None
        case "k":
            keys = mapping_of(msgspec.json.decode(name))
            for each in map(mapping_of, wanted):
                # A key that we left to its default, such as a port's protocol, fits whatever it is.
                if all(each.get(key, value) == value for key, value in keys.items()):
                    return True, each
    return False, None


def _kept(wanted: JsonValue, live: JsonValue, owned: Mapping[str, Any]) -> JsonValue:
    """What is wanted without what the server does not keep, though it is applied.

    That are zeros, such as `hostPID: false`: the field is ours and has no value. (Had somebody taken it away,
    it would not be ours any more.) And generators write `creationTimestamp: null`, which is no wish.
    """
    if isinstance(wanted, dict) and isinstance(live, dict):
        return {
            key: _kept(value, live.get(key), mapping_of(owned.get(f"{_FIELD}{key}")))
            for key, value in wanted.items()
            if not (key not in live and not value and f"{_FIELD}{key}" in owned)
            and not (key == _CREATED and value is None)
        }
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        return [_kept(one, other, _of_item(owned, one)) for one, other in zip(wanted, live, strict=True)]
    return wanted


def _of_item(owned: Mapping[str, Any], item: JsonValue) -> Mapping[str, Any]:
    """What is ours of an element of a list; nothing where it cannot be told."""
    for step, inner in owned.items():
        if step[:2] == "k:" and _item(step, [item])[0]:
            return mapping_of(inner)
    return {}


def _holds(wanted: JsonValue, live: JsonValue) -> bool:
    """Whether `live` has every value of `wanted`; fields that others or defaults added do not count."""
    if isinstance(wanted, dict):
        if not isinstance(live, dict):
            # A server that drops an empty mapping has all of it.
            return not wanted and live is None
        for key, value in wanted.items():
            found = live.get(key)
            # Most values are texts, which need no look inside. (True is 1, and 1 is 1.0, for Python only.)
            is_plain = value.__class__ is found.__class__ and value.__class__ not in _COLLECTIONS
            if not (value == found if is_plain else _holds(value, found)):
                return False
        return True
    if isinstance(wanted, list):
        if not isinstance(live, list):
            return not wanted and live is None
        return len(wanted) == len(live) and all(map(_holds, wanted, live))
    return type(wanted) is type(live) and wanted == live
