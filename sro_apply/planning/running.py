"""Where the pods of a workload run, and where they are ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of

_SPREAD = frozenset({("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "StatefulSet")})


def is_spread(group: str, kind: str) -> bool:
    """Whether objects of a kind keep pods on nodes."""
    return (group, kind) in _SPREAD


def used_nodes(live: JsonObject, pods: Sequence[JsonObject]) -> tuple[str, ...]:
    """The nodes that its pods were placed on, A-Z. Args: pods: those of its namespace."""
    return _nodes(_own(live, pods))


def served_nodes(live: JsonObject, pods: Sequence[JsonObject]) -> tuple[str, ...]:
    """Those of them on which a pod is ready, A-Z."""
    return _nodes([pod for pod in _own(live, pods) if _is_ready(pod)])


def _own(live: JsonObject, pods: Sequence[JsonObject]) -> list[JsonObject]:
    """The pods that its selector names and that are not being deleted."""
    wanted = mapping_of(mapping_of(mapping_of(live.get("spec")).get("selector")).get("matchLabels"))
    if not wanted:
        return []
    return [
        pod
        for pod in pods
        if "deletionTimestamp" not in _metadata(pod)
        and _fits(wanted, mapping_of(_metadata(pod).get("labels")))
    ]


def _fits(wanted: JsonObject, labels: JsonObject) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


def _nodes(pods: Sequence[JsonObject]) -> tuple[str, ...]:
    names = {text_of(mapping_of(pod.get("spec")).get("nodeName")) for pod in pods}
    return tuple(sorted(names - {""}))


def _is_ready(pod: JsonObject) -> bool:
    conditions = mapping_of(pod.get("status")).get("conditions")
    return any(
        (each.get("type"), each.get("status")) == ("Ready", "True")
        for each in map(mapping_of, conditions if isinstance(conditions, list) else [])
    )


def _metadata(live: Mapping[str, JsonValue]) -> JsonObject:
    return mapping_of(live.get("metadata"))
