"""On which nodes a DaemonSet must run: those that ran its kernel when the bundle was rendered.

Decides how nodes of the lock, which has names only, and live nodes, which have labels and taints, go
together. A node that lost the kernel's label still counts: that its pod is missing is what is to be seen.
Source: kubernetes pkg/controller/daemon `NodeShouldRunDaemonPod`, `AddOrUpdateDaemonPodTolerations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from sro_render.kernels.facts import KERNEL_LABEL
from sro_render.kernels.selectors import pod_selector
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of

# What the DaemonSet controller lets its pods tolerate whatever they say.
_TOLERATED = frozenset(
    f"node.kubernetes.io/{each}"
    for each in (
        "not-ready",
        "unreachable",
        "disk-pressure",
        "memory-pressure",
        "pid-pressure",
        "unschedulable",
        "network-unavailable",
    )
)
_STOPPING = frozenset({"NoSchedule", "NoExecute"})


class LiveNode(Struct, frozen=True, kw_only=True):
    """A node as the server has it now."""

    name: str
    labels: Mapping[str, str]
    taints: tuple[JsonObject, ...] = ()


def read_node(manifest: JsonObject) -> LiveNode:
    """A Node object."""
    metadata = mapping_of(manifest.get("metadata"))
    taints = mapping_of(manifest.get("spec")).get("taints")
    return LiveNode(
        name=text_of(metadata.get("name")),
        labels={key: text_of(value) for key, value in mapping_of(metadata.get("labels")).items()},
        taints=tuple(map(mapping_of, taints)) if isinstance(taints, list) else (),
    )


def expected_nodes(manifest: JsonObject, nodes: Iterable[LiveNode], locked: Sequence[str]) -> tuple[str, ...]:
    """The names of the nodes that a DaemonSet must run on, A-Z.

    Args: nodes: all live nodes; locked: those that the lock lists for the DaemonSet's kernel.
    """
    selector = pod_selector(manifest)
    if selector is None:
        return ()
    known = frozenset(locked)
    where = selector.without(KERNEL_LABEL)
    tolerations = _tolerations(manifest)
    return tuple(
        sorted(
            node.name
            for node in nodes
            if node.name in known
            and where.matches(node.labels, node.name)
            and all(_is_tolerated(taint, tolerations) for taint in node.taints)
        )
    )


def _tolerations(manifest: JsonObject) -> list[JsonObject]:
    template = mapping_of(mapping_of(manifest.get("spec")).get("template"))
    given = mapping_of(template.get("spec")).get("tolerations")
    return [mapping_of(each) for each in given] if isinstance(given, list) else []


def _is_tolerated(taint: JsonObject, tolerations: Sequence[JsonObject]) -> bool:
    if taint.get("effect") not in _STOPPING or taint.get("key") in _TOLERATED:
        return True
    return any(_fits(each, taint) for each in tolerations)


def _fits(toleration: JsonObject, taint: JsonObject) -> bool:
    """Source: k8s.io/api core/v1 `ToleratesTaint`."""
    effect, key = text_of(toleration.get("effect")), text_of(toleration.get("key"))
    if effect and effect != taint.get("effect"):
        return False
    if key and key != taint.get("key"):
        return False
    operator = text_of(toleration.get("operator"))
    if operator == "Exists":
        return True
    return bool(key) and operator in {"", "Equal"} and _text(toleration, "value") == _text(taint, "value")


def _text(fields: Mapping[str, JsonValue], key: str) -> str:
    return text_of(fields.get(key))
