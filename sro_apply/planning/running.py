"""Where the pods of a workload run, and where they are ready."""

from __future__ import annotations

from collections.abc import Sequence

from sro_apply.planning.pods import pods_of
from sro_apply.planning.reading import is_true, spec_of
from sro_render.model.objects import JsonObject, ObjectId, text_of

_SPREAD = frozenset({("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "StatefulSet")})


def is_driver(identity: ObjectId) -> bool:
    """Whether an object is of the kind that drivers are."""
    return (identity.group, identity.kind) == ("apps", "DaemonSet")


def is_spread(group: str, kind: str) -> bool:
    """Whether objects of a kind keep pods on nodes."""
    return (group, kind) in _SPREAD


def used_nodes(live: JsonObject, pods: Sequence[JsonObject]) -> tuple[str, ...]:
    """The nodes that its pods were placed on, A-Z. Args: pods: those of its namespace."""
    return _nodes(pods_of(live, pods))


def served_nodes(live: JsonObject, pods: Sequence[JsonObject]) -> tuple[str, ...]:
    """Those of them on which a pod is ready, A-Z."""
    return _nodes([pod for pod in pods_of(live, pods) if is_true(pod, "Ready")])


def running_nodes(live: JsonObject, pods: Sequence[JsonObject]) -> tuple[str, ...]:
    """Those of them on which all containers of a pod are ready, as far as their kubelet has said, A-Z.

    Of a node that does not answer the node controller says that its pods are not ready, and leaves what the
    kubelet said of their containers: they may run all the time.
    Source: kubernetes pkg/controller/util/node `MarkPodsNotReady`.
    """
    return _nodes([pod for pod in pods_of(live, pods) if is_true(pod, "ContainersReady")])


def _nodes(pods: Sequence[JsonObject]) -> tuple[str, ...]:
    return tuple(sorted({text_of(spec_of(pod).get("nodeName")) for pod in pods} - {""}))
