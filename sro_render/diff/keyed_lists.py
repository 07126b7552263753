"""Lists whose items have keys: which item of one is which of the other.

Decides by the name of the field that holds the list, as Kubernetes does with its merge keys. Where an item
lacks its key, or two have the same one, a list has none: its items go by their place.
Source: `x-kubernetes-list-map-keys` and `x-kubernetes-patch-merge-key` of Kubernetes' OpenAPI document
(api/openapi-spec/swagger.json) and of OpenShift's and the Prometheus operator's CRDs. Differs: rules of
roles go by what they are about, and lists of names that no order means anything to are sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from msgspec import UNSET, UnsetType

from sro_render.diff.records import ListKey
from sro_render.model.objects import JsonObject, JsonValue

_Fields = tuple[str, ...]

# The name of the list -> what may be its items' key, the first that all of them have. A dot goes into a
# mapping. A field behind `?` may be missing.
_KEYS: Mapping[str, Sequence[_Fields]] = MappingProxyType(
    {
        "buildArgs": (("name",),),
        "claims": (("name",),),
        "conditions": (("type",),),
        "containers": (("name",),),
        "endpoints": (("port", "?path"), ("targetPort", "?path")),
        "env": (("name",),),
        "ephemeralContainers": (("name",),),
        "groups": (("name",),),
        "hostAliases": (("ip",),),
        "imageLabels": (("name",),),
        "imagePullSecrets": (("name",),),
        "items": (("key",),),
        "matchExpressions": (("key", "operator"),),
        "ownerReferences": (("kind", "name"),),
        "parameters": (("name",),),
        "paths": (("path", "?pathType"),),
        "podMetricsEndpoints": (("port", "?path"),),
        "ports": (("containerPort", "?protocol"), ("port", "?protocol")),
        "resourceClaims": (("name",),),
        "rules": (
            ("?apiGroups", "?resources", "?resourceNames", "?nonResourceURLs", "?operations"),
            ("alert", "?labels.severity"),
            ("record",),
            ("host",),
        ),
        "schedulingGates": (("name",),),
        "secrets": (("name",),),
        "subjects": (("kind", "name", "?namespace"),),
        "tags": (("name",),),
        "tolerations": (("?key", "?operator", "?value", "?effect"),),
        "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
        "versions": (("name",),),
        "volumeClaimTemplates": (("metadata.name",),),
        "volumeDevices": (("devicePath",),),
        "volumeMounts": (("mountPath",),),
        "volumes": (("name",),),
        "webhooks": (("name",),),
    }
)
# Lists of names in which no order means anything.
_SETS = frozenset(
    {
        "accessModes", "add", "allowedCapabilities", "apiGroups", "categories", "defaultAddCapabilities",
        "drop", "finalizers", "groups", "nonResourceURLs", "operations", "requiredDropCapabilities",
        "resourceNames", "resources", "shortNames", "users", "validationActions", "verbs",
        "volumeLifecycleModes",
    }
)  # fmt: skip
_DEFAULTS = {"protocol": "TCP", "operator": "Equal"}
_ITEM = "item"

Pair: TypeAlias = "tuple[ListKey, JsonValue | UnsetType, JsonValue | UnsetType]"
"""A key, and the item of the first and of the second list."""


def match_items(name: str, before: list[JsonValue], after: list[JsonValue]) -> list[Pair] | None:
    """The items of two lists by their keys, in the order of the keys; None if they go by their place.

    A list that is not known here, and whose items all have a name, goes by these as long as what both have
    stands in the same order: whether the order means something is not known.

    Args: name: the field that holds the list.
    """
    is_known = name in _KEYS or name in _SETS
    first, second = _keyed(name, before, after)
    if first is None or second is None:
        return None
    if not is_known:
        common = [key for key in first if key in second]
        if common != [key for key in second if key in first]:
            return None
    return [(key, first.get(key, UNSET), second.get(key, UNSET)) for key in sorted({*first, *second})]


def set_item(value: str) -> ListKey:
    """The key of an item of a set of names."""
    return ListKey(((_ITEM, value),))


def _keyed(
    name: str, before: list[JsonValue], after: list[JsonValue]
) -> tuple[dict[ListKey, JsonValue] | None, dict[ListKey, JsonValue] | None]:
    """Both lists by the first key that fits all their items."""
    items = (*before, *after)
    if all(item.__class__ is str for item in items):
        return (_by_value(before), _by_value(after)) if name in _SETS else (None, None)
    if not all(item.__class__ is dict for item in items):
        return None, None
    for fields in _KEYS.get(name, (("name",),)):
        first, second = _by_key(before, fields), _by_key(after, fields)
        if first is not None and second is not None:
            return first, second
    return None, None


def _by_value(items: list[JsonValue]) -> dict[ListKey, JsonValue] | None:
    found = {set_item(str(item)): item for item in items}
    return found if len(found) == len(items) else None


def _by_key(items: list[JsonValue], fields: _Fields) -> dict[ListKey, JsonValue] | None:
    found: dict[ListKey, JsonValue] = {}
    for item in items:
        key = _key_of(item, fields) if isinstance(item, dict) else None
        if key is None or key in found:
            return None
        found[key] = item
    return found


def _key_of(item: JsonObject, fields: _Fields) -> ListKey | None:
    """The key of an item; None if a field is missing, or if it has none of those that may be missing."""
    found = []
    for field in fields:
        name = field.removeprefix("?")
        text = _key_text(item, name)
        if text is None:
            if name == field:
                return None
            if name in _DEFAULTS:
                found.append((name, _DEFAULTS[name]))
            continue
        found.append((name, text))
    return ListKey(tuple(found)) if found else None


def _key_text(item: JsonObject, path: str) -> str | None:
    value: JsonValue = item
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    match value:
        case str():
            return value
        case bool() | None | float() | dict():
            return None
        case int():
            return str(value)
    if not all(each.__class__ is str for each in value):
        return None
    return ",".join(sorted(_texts(value)))


def _texts(items: list[JsonValue]) -> Iterator[str]:
    return (each for each in items if isinstance(each, str))
