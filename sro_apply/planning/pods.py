"""The pods of an object: which they are, where they run, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from sro_apply.planning.reading import (
    condition_of,
    is_leaving,
    items_of,
    labels_of,
    mappings_of,
    name_of,
    number_of,
    owners_of,
    spec_of,
    status_of,
    uid_of,
    words_of,
)
from sro_apply.planning.verdict import Verdict, failure
from sro_render.model.objects import JsonObject, JsonValue, annotations_of, mapping_of, text_of

_MOST_NAMES = 5
_GENERATION = "deprecated.daemonset.template.generation"
_NUMBER = "pod-template-generation"
_HASH = "controller-revision-hash"
RESTARTING: Final = "CrashLoopBackOff"
_DEAD_WAITS = frozenset(
    {
        RESTARTING,
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
"""Reasons of a waiting container that say that something is wrong; its kubelet goes on trying."""
_HOPELESS_WAITS = frozenset({"InvalidImageName"})
"""Of these the ones that no further try can change."""


def pods_of(live: JsonObject, pods: Sequence[JsonObject]) -> list[JsonObject]:
    """The pods that its selector names, that no other controller has, and that are not being deleted."""
    selector = mapping_of(spec_of(live).get("selector"))
    if not selector:
        return []
    return [pod for pod in pods if _fits(selector, pod) and not is_leaving(pod) and _may_be_of(pod, live)]


def _fits(selector: JsonObject, pod: JsonObject) -> bool:
    """Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors."""
    labels = labels_of(pod)
    exact = mapping_of(selector.get("matchLabels"))
    return all(labels.get(key) == value for key, value in exact.items()) and all(
        _holds(each, labels.get(text_of(each.get("key"))))
        for each in mappings_of(selector.get("matchExpressions"))
    )


def _holds(requirement: JsonObject, value: JsonValue) -> bool:
    """Args: value: the label's; None where there is none."""
    match requirement.get("operator"):
        case "In":
            return value in items_of(requirement.get("values"))
        case "NotIn":
            return value not in items_of(requirement.get("values"))
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False


def _may_be_of(pod: JsonObject, live: JsonObject) -> bool:
    """Whether no other controller has it: two of them may have one selector, as drivers of two kernels.

    A Deployment has its pods by ReplicaSets, which are not read: their names begin with its own.
    """
    owner = _controller_of(pod)
    if not owner:
        return True
    if live.get("kind") == "Deployment":
        is_replica_set = owner.get("kind") == "ReplicaSet"
        return is_replica_set and text_of(owner.get("name")).rpartition("-")[0] == name_of(live)
    return owner.get("uid") == uid_of(live)


def _controller_of(pod: JsonObject) -> JsonObject:
    """The owner that made a pod; empty where there is none."""
    return next((each for each in owners_of(pod) if each.get("controller") is True), {})


def old_pods(live: JsonObject, pods: Sequence[JsonObject], updated: int) -> list[JsonObject]:
    """Of a DaemonSet's pods those of an earlier revision; none where that cannot be told.

    A pod is of the newest revision if it has its number or its hash: whoever takes a change back gets a new
    number, and pods from before it are of the newest revision again. The hash stands on pods that have the
    number; without any it is the one of which there are as many pods as the controller counts.
    Source: kubernetes pkg/controller/daemon/util `IsPodUpdated`.

    Args: updated: how many the controller counts as of the newest revision.
    """
    newest = text_of(annotations_of(live).get(_GENERATION))
    if not newest:
        return []
    hashes = {_hash_of(pod) for pod in pods if labels_of(pod).get(_NUMBER) == newest}
    if not hashes and updated:
        counts = Counter(map(_hash_of, pods))
        hashes = {each for each, count in counts.items() if count == updated}
        if len(hashes) != 1:
            return []
    hashes -= {""}
    return [pod for pod in pods if labels_of(pod).get(_NUMBER) != newest and _hash_of(pod) not in hashes]


def newest_pods(live: JsonObject, pods: Sequence[JsonObject]) -> list[JsonObject]:
    """Of a Deployment's pods those of its newest ReplicaSet; all of them where that cannot be told.

    Its name stands in the condition Progressing, which goes on as soon as that ReplicaSet has a pod.
    Source: kubernetes pkg/controller/deployment `getNewReplicaSet`, `syncRolloutStatus`.
    """
    if not number_of(status_of(live), "updatedReplicas"):
        return []
    message = text_of(condition_of(live, "Progressing").get("message"))
    _, _, rest = message.partition('"')
    name, quote, _ = rest.partition('"')
    if not quote:
        return [*pods]
    return [pod for pod in pods if text_of(_controller_of(pod).get("name")) in {"", name}]


def _hash_of(pod: JsonObject) -> str:
    return text_of(labels_of(pod).get(_HASH))


def fault_of(pods: Sequence[JsonObject], passing: Collection[str] = ()) -> Verdict | None:
    """The first thing that is wrong, with the pod and its node; pods A-Z. None where nothing is.

    Args: passing: reasons that are none here.
    """
    for pod in sorted(pods, key=name_of):
        for container in _containers(pod):
            waiting = mapping_of(mapping_of(container.get("state")).get("waiting"))
            reason = text_of(waiting.get("reason"))
            if reason in _DEAD_WAITS and reason not in passing:
                detail = text_of(waiting.get("message"))
                where = f" on node {node_of(pod)}" if node_of(pod) else ""
                what = f"pod {name_of(pod)}{where}: {reason}{f': {detail}' if detail else ''}"
                return failure(what, is_retried=reason not in _HOPELESS_WAITS)
    return None


def _containers(pod: JsonObject) -> list[JsonObject]:
    return [
        each
        for key in ("initContainerStatuses", "containerStatuses")
        for each in mappings_of(status_of(pod).get(key))
    ]


def pending_of(pods: Sequence[JsonObject]) -> str:
    """Why the scheduler has no node for a pod; of several the first."""
    for pod in sorted(pods, key=name_of):
        scheduled = condition_of(pod, "PodScheduled")
        if scheduled.get("status") == "False":
            return f"pod {name_of(pod)}: {words_of(scheduled)}"
    return ""


def node_of(pod: JsonObject) -> str:
    """The node of a pod; of one that the scheduler has not placed, the one that a DaemonSet wants it on."""
    if spec_of(pod).get("nodeName"):
        return text_of(spec_of(pod).get("nodeName"))
    affinity = mapping_of(mapping_of(spec_of(pod).get("affinity")).get("nodeAffinity"))
    required = mapping_of(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    names = [
        text_of(value)
        for term in mappings_of(required.get("nodeSelectorTerms"))
        for field in mappings_of(term.get("matchFields"))
        if field.get("key") == "metadata.name"
        for value in items_of(field.get("values"))
    ]
    return names[0] if len(names) == 1 else ""


def named(nodes: Sequence[str]) -> str:
    """` (a, b and 3 more)`; empty without any."""
    if not nodes:
        return ""
    more = f" and {len(nodes) - _MOST_NAMES} more" if len(nodes) > _MOST_NAMES else ""
    return f" ({', '.join(nodes[:_MOST_NAMES])}{more})"
