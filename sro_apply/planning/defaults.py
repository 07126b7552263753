"""What servers want to be told more exactly where an object is applied than where it is created.

Servers of 1.20 and older refuse to apply a port without `protocol`, which is a part of its key though it has
a default, and a quantity that is a number, as in `cpu: 1`.
Source: https://github.com/kubernetes/kubernetes/issues/92332; apimachinery pkg/api/resource `UnmarshalJSON`,
which takes numbers.
"""

from __future__ import annotations

from collections.abc import Callable

from sro_apply.planning.reading import kind_of
from sro_render.model.objects import JsonObject, JsonValue, mapping_of

_PODS_AT = {
    ("", "Pod"): ("spec",),
    ("apps", "DaemonSet"): ("spec", "template", "spec"),
    ("apps", "Deployment"): ("spec", "template", "spec"),
    ("apps", "ReplicaSet"): ("spec", "template", "spec"),
    ("apps", "StatefulSet"): ("spec", "template", "spec"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
    ("batch", "Job"): ("spec", "template", "spec"),
}
_QUANTITIES_AT = {
    ("", "PersistentVolumeClaim"): ("spec", "resources", "requests"),
    ("", "ResourceQuota"): ("spec", "hard"),
}
_CONTAINERS = ("containers", "initContainers")


def acceptable(manifest: JsonObject) -> JsonObject:
    """The object with `protocol: TCP` at each port that names none, and texts for quantities.

    Returns: itself where nothing is missing.
    """
    kind = kind_of(manifest)
    if kind == ("", "Service"):
        return _at(manifest, ("spec",), _with_ports)
    if kind in _QUANTITIES_AT:
        return _at(manifest, _QUANTITIES_AT[kind], _with_texts)
    return _at(manifest, _PODS_AT[kind], _with_containers) if kind in _PODS_AT else manifest


def _at(value: JsonObject, path: tuple[str, ...], change: Callable[[JsonObject], JsonObject]) -> JsonObject:
    if not path:
        return change(value)
    inner = value.get(path[0])
    if not isinstance(inner, dict):
        return value
    changed = _at(inner, path[1:], change)
    return value if changed is inner else {**value, path[0]: changed}


def _with_containers(spec: JsonObject) -> JsonObject:
    for key in _CONTAINERS:
        containers = spec.get(key)
        if isinstance(containers, list):
            changed = [_container(each) if isinstance(each, dict) else each for each in containers]
            if any(one is not other for one, other in zip(changed, containers, strict=True)):
                spec = {**spec, key: changed}
    return spec


def _container(given: JsonObject) -> JsonObject:
    for part in ("limits", "requests"):
        given = _at(given, ("resources", part), _with_texts)
    return _with_ports(given)


def _with_texts(quantities: JsonObject) -> JsonObject:
    texts = {key: text for key, value in quantities.items() if (text := _as_text(value)) is not None}
    return {**quantities, **texts} if texts else quantities


def _as_text(quantity: JsonValue) -> str | None:
    """A number as a text; None for anything else."""
    if isinstance(quantity, bool) or not isinstance(quantity, int | float):
        return None
    return str(int(quantity) if quantity == int(quantity) else quantity)


def _with_ports(holder: JsonObject) -> JsonObject:
    ports = holder.get("ports")
    if not isinstance(ports, list) or not any(map(_lacks_protocol, ports)):
        return holder
    named: list[JsonValue] = [
        {**mapping_of(each), "protocol": "TCP"} if _lacks_protocol(each) else each for each in ports
    ]
    return {**holder, "ports": named}


def _lacks_protocol(port: JsonValue) -> bool:
    return isinstance(port, dict) and port.get("protocol") is None
