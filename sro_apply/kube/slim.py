"""What is kept of a watched object: the parts that somebody reads. Thousands of them are held for weeks."""

from __future__ import annotations

from typing import Final

from sro_apply.config import MANAGER
from sro_render.model.objects import JsonObject, JsonValue, mapping_of

_POD_SPEC: Final = frozenset(
    {"containers", "ephemeralContainers", "initContainers", "tolerations", "volumes", "imagePullSecrets"}
)
"""What a pod was asked for. How it fares stands in its status."""
_NODE_STATUS: Final = frozenset({"allocatable", "capacity", "images", "volumesAttached", "volumesInUse"})


def slim(live: JsonObject) -> JsonObject:
    """An object of a bundle: without what other managers hold."""
    metadata = mapping_of(live.get("metadata"))
    entries = metadata.get("managedFields")
    if not isinstance(entries, list):
        return live
    ours = [each for each in entries if mapping_of(each).get("manager") == MANAGER]
    return {**live, "metadata": {**metadata, "managedFields": ours}}


def slim_pod(live: JsonObject) -> JsonObject:
    """A pod: where it is, whose, and how it fares."""
    return _without(live, {"spec": _POD_SPEC})


def slim_node(live: JsonObject) -> JsonObject:
    """A node, without what changes every few seconds while nothing happens."""
    made = _without(live, {"status": _NODE_STATUS})
    conditions = mapping_of(made.get("status")).get("conditions")
    if not isinstance(conditions, list):
        return made
    calm: list[JsonValue] = [
        {key: value for key, value in mapping_of(each).items() if key != "lastHeartbeatTime"}
        for each in conditions
    ]
    return {**made, "status": {**mapping_of(made.get("status")), "conditions": calm}}


def slim_build(live: JsonObject) -> JsonObject:
    """A Build: how it fares."""
    return _without(live, {})


def _without(live: JsonObject, parts: dict[str, frozenset[str]]) -> JsonObject:
    left = {"metadata": frozenset({"managedFields"}), **parts}
    return {
        key: {name: inner for name, inner in value.items() if name not in left[key]}
        if key in left and isinstance(value, dict)
        else value
        for key, value in live.items()
    }
