"""Whether a live object does what the applied one asks for, by kind, and if not, why not.

Decides from the object, its pods, its builds and the nodes that it must run on; who asks again, and when, is
the runner's matter. Ready is only what the controllers have seen in its newest generation. A failure is said
as soon as it shows, with its cause; a kind that nobody knows is ready unless it has a condition Ready.
Source: kubernetes pkg/controller (status of each kind), OpenShift api build/v1 `BuildPhase`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct

from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of


class Readiness(StrEnum):
    """What an object is found to be."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"


class Verdict(Struct, frozen=True):
    """What an object is found to be, and why it is not ready."""

    readiness: Readiness
    reason: str = ""


class Surroundings(Struct, frozen=True, kw_only=True):
    """What is known around an object.

    pods, builds: those of its namespace; expected: the nodes that it must run on, A-Z.
    """

    pods: Sequence[JsonObject] = ()
    builds: Sequence[JsonObject] = ()
    expected: tuple[str, ...] = ()


READY = Verdict(Readiness.READY)
_MOST_NAMES = 5
_DEAD_WAITS = frozenset(
    {
        "CrashLoopBackOff",
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
"""Reasons of a waiting container that do not pass by waiting alone."""
_BUILD_NAME = "openshift.io/build-config.name"
_BUILD_NUMBER = "openshift.io/build.number"
_GENERATION_LABEL = "pod-template-generation"
_GENERATION = "deprecated.daemonset.template.generation"


def judge(live: JsonObject, around: Surroundings) -> Verdict:
    """What a live object is found to be."""
    group = text_of(live.get("apiVersion")).rpartition("/")[0]
    return _JUDGES.get((group, text_of(live.get("kind"))), _judge_any)(live, around)


def waits_for_pods(group: str, kind: str) -> bool:
    """Whether pods are needed to judge a kind."""
    return (group, kind) in _WITH_PODS


def waits_for_builds(group: str, kind: str) -> bool:
    """Whether Builds are needed to judge a kind."""
    return (group, kind) == ("build.openshift.io", "BuildConfig")


def _judge_daemonset(live: JsonObject, around: Surroundings) -> Verdict:
    status, desired = _status(live), _number(_status(live), "desiredNumberScheduled")
    if not _is_observed(live):
        return _progress("the controller has not seen this revision yet")
    pods = _pods_of(live, around.pods)
    fault = _pod_fault(pods)
    if fault:
        return _failure(fault)
    if desired < len(around.expected):
        missing = sorted(set(around.expected) - {_node_of(pod) for pod in pods})
        return _progress(
            f"{desired} pods are scheduled, and {len(around.expected)} nodes must run it{_named(missing)}"
        )
    updated = _number(status, "updatedNumberScheduled")
    if updated < desired:
        return _progress(
            f"{updated} of {desired} pods are of this revision{_still_old(live, pods)}", _pending(pods)
        )
    ready = _number(status, "numberReady")
    if ready < desired:
        waiting = sorted(_node_of(pod) for pod in pods if not _is_true(pod, "Ready"))
        return _progress(f"{ready} of {desired} pods are ready{_named(waiting)}", _pending(pods))
    return READY


def _still_old(live: JsonObject, pods: Sequence[JsonObject]) -> str:
    """The nodes whose pods are of an earlier revision; with OnDelete they stay until they are deleted."""
    newest = text_of(mapping_of(_metadata(live).get("annotations")).get(_GENERATION))
    old = sorted(
        _node_of(pod)
        for pod in pods
        if newest and mapping_of(_metadata(pod).get("labels")).get(_GENERATION_LABEL) != newest
    )
    strategy = mapping_of(_spec(live).get("updateStrategy")).get("type")
    advice = "; OnDelete: delete the old pods" if strategy == "OnDelete" else ""
    return (f"; an earlier one runs{_named(old)}" if old else "") + advice


def _judge_deployment(live: JsonObject, around: Surroundings) -> Verdict:
    status = _status(live)
    if not _is_observed(live):
        return _progress("the controller has not seen this revision yet")
    stuck = _condition(live, "Progressing")
    if stuck.get("status") == "False":
        return _failure(_words(stuck))
    return _judge_replicas(live, around, available=_number(status, "availableReplicas"))


def _judge_statefulset(live: JsonObject, around: Surroundings) -> Verdict:
    if not _is_observed(live):
        return _progress("the controller has not seen this revision yet")
    status = _status(live)
    strategy = mapping_of(_spec(live).get("updateStrategy"))
    return _judge_replicas(
        live,
        around,
        available=_number(status, "readyReplicas"),
        held=_number(mapping_of(strategy.get("rollingUpdate")), "partition"),
    )


def _judge_replicas(live: JsonObject, around: Surroundings, *, available: int, held: int = 0) -> Verdict:
    """Args: held: replicas that stay at an earlier revision on purpose."""
    status = _status(live)
    wanted = _number(_spec(live), "replicas", default=1)
    pods = _pods_of(live, around.pods)
    fault = _pod_fault(pods)
    if fault:
        return _failure(fault)
    updated = _number(status, "updatedReplicas")
    if updated < wanted - held:
        return _progress(f"{updated} of {wanted - held} replicas are of this revision", _pending(pods))
    if _number(status, "replicas") > wanted:
        return _progress("replicas of an earlier revision are still there")
    if available < wanted:
        return _progress(f"{available} of {wanted} replicas are ready", _pending(pods))
    return READY


def _judge_job(live: JsonObject, around: Surroundings) -> Verdict:
    failed = _condition(live, "Failed")
    if failed.get("status") == "True":
        return _failure(_words(failed))
    if _is_true(live, "Complete"):
        return READY
    pods = _pods_of(live, around.pods)
    fault = _pod_fault(pods)
    return _failure(fault) if fault else _progress("the job has not completed", _pending(pods))


def _judge_pod(live: JsonObject, _: Surroundings) -> Verdict:
    phase = text_of(_status(live).get("phase"))
    if phase == "Succeeded" or _is_true(live, "Ready"):
        return READY
    fault = _pod_fault([live])
    if phase == "Failed":
        return _failure(fault or text_of(_status(live).get("message")) or "the pod failed")
    return _failure(fault) if fault else _progress("the pod is not ready", _pending([live]))


def _judge_build(live: JsonObject, _: Surroundings) -> Verdict:
    status = _status(live)
    phase = text_of(status.get("phase"))
    if phase == "Complete":
        return READY
    if phase in {"Failed", "Error", "Cancelled"}:
        return _failure(f"build {_name(live)} is {phase}{_build_words(status)}")
    return _progress(f"build {_name(live)} is {phase or 'New'}")


def _build_words(status: JsonObject) -> str:
    """Why, and the end of the log, as OpenShift writes it into the status."""
    words = [text_of(status.get(key)).strip() for key in ("reason", "message", "logSnippet")]
    return "".join(f": {each}" for each in words if each)


def _judge_build_config(live: JsonObject, around: Surroundings) -> Verdict:
    """By its newest build; a build of an earlier number says nothing any more."""
    own = [each for each in around.builds if _build_config_of(each) == _name(live)]
    if not own:
        return _progress("no build was started yet")
    newest = max(own, key=_build_number)
    last = _number(_status(live), "lastVersion")
    if _build_number(newest) < last:
        return _progress(f"build {_name(live)}-{last} was not started yet")
    return _judge_build(newest, around)


def _build_config_of(build: JsonObject) -> str:
    metadata = _metadata(build)
    annotations, labels = mapping_of(metadata.get("annotations")), mapping_of(metadata.get("labels"))
    return text_of(annotations.get(_BUILD_NAME)) or text_of(labels.get(_BUILD_NAME))


def _build_number(build: JsonObject) -> int:
    given = text_of(mapping_of(_metadata(build).get("annotations")).get(_BUILD_NUMBER))
    digits = given or _name(build).rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _judge_crd(live: JsonObject, _: Surroundings) -> Verdict:
    refused = _condition(live, "NamesAccepted")
    if refused.get("status") == "False":
        return _failure(_words(refused))
    return READY if _is_true(live, "Established") else _progress("the API is not established yet")


def _judge_namespace(live: JsonObject, _: Surroundings) -> Verdict:
    if _status(live).get("phase") == "Terminating":
        return _progress("the namespace is being deleted")
    return READY


def _judge_any(live: JsonObject, _: Surroundings) -> Verdict:
    """Certificates and whatever else has a condition Ready: that of the generation that was applied."""
    ready = _condition(live, "Ready")
    if not ready:
        return READY
    seen = ready.get("observedGeneration")
    if not _is_observed(live, unknown=True) or (isinstance(seen, int) and seen < _generation(live)):
        return _progress("its controller has not seen this revision yet")
    return READY if ready.get("status") == "True" else _progress(_words(ready))


_Judge = Callable[[JsonObject, Surroundings], Verdict]
_JUDGES: Mapping[tuple[str, str], _Judge] = MappingProxyType(
    {
        ("", "Namespace"): _judge_namespace,
        ("", "Pod"): _judge_pod,
        ("apiextensions.k8s.io", "CustomResourceDefinition"): _judge_crd,
        ("apps", "DaemonSet"): _judge_daemonset,
        ("apps", "Deployment"): _judge_deployment,
        ("apps", "StatefulSet"): _judge_statefulset,
        ("batch", "Job"): _judge_job,
        ("build.openshift.io", "Build"): _judge_build,
        ("build.openshift.io", "BuildConfig"): _judge_build_config,
    }
)
_WITH_PODS = frozenset(
    {("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("batch", "Job")}
)


def _pods_of(live: JsonObject, pods: Sequence[JsonObject]) -> list[JsonObject]:
    """The pods that its selector names and that are not being deleted."""
    wanted = mapping_of(mapping_of(_spec(live).get("selector")).get("matchLabels"))
    if not wanted:
        return []
    return [pod for pod in pods if _fits(wanted, pod) and "deletionTimestamp" not in _metadata(pod)]


def _fits(wanted: JsonObject, pod: JsonObject) -> bool:
    labels = mapping_of(_metadata(pod).get("labels"))
    return all(labels.get(key) == value for key, value in wanted.items())


def _pod_fault(pods: Sequence[JsonObject]) -> str:
    """The first thing that does not pass by waiting, with the pod and its node; pods A-Z."""
    for pod in sorted(pods, key=_name):
        for container in _containers(pod):
            waiting = mapping_of(mapping_of(container.get("state")).get("waiting"))
            reason = text_of(waiting.get("reason"))
            if reason in _DEAD_WAITS:
                detail = text_of(waiting.get("message"))
                where = f" on node {_node_of(pod)}" if _node_of(pod) else ""
                return f"pod {_name(pod)}{where}: {reason}{f': {detail}' if detail else ''}"
    return ""


def _containers(pod: JsonObject) -> list[JsonObject]:
    return [
        each
        for key in ("initContainerStatuses", "containerStatuses")
        for each in _mappings(_status(pod).get(key))
    ]


def _pending(pods: Sequence[JsonObject]) -> str:
    """Why the scheduler has no node for a pod; of several the first."""
    for pod in sorted(pods, key=_name):
        scheduled = _condition(pod, "PodScheduled")
        if scheduled.get("status") == "False":
            return f"pod {_name(pod)}: {_words(scheduled)}"
    return ""


def _progress(what: str, why: str = "") -> Verdict:
    return Verdict(Readiness.PROGRESSING, f"{what}; {why}" if why else what)


def _failure(reason: str) -> Verdict:
    return Verdict(Readiness.FAILED, reason)


def _named(nodes: Sequence[str]) -> str:
    if not nodes:
        return ""
    more = f" and {len(nodes) - _MOST_NAMES} more" if len(nodes) > _MOST_NAMES else ""
    return f" ({', '.join(nodes[:_MOST_NAMES])}{more})"


def _items(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _mappings(value: JsonValue) -> list[JsonObject]:
    return [mapping_of(each) for each in _items(value)]


def _metadata(live: JsonObject) -> JsonObject:
    return mapping_of(live.get("metadata"))


def _spec(live: JsonObject) -> JsonObject:
    return mapping_of(live.get("spec"))


def _status(live: JsonObject) -> JsonObject:
    return mapping_of(live.get("status"))


def _name(live: JsonObject) -> str:
    return text_of(_metadata(live).get("name"))


def _node_of(pod: JsonObject) -> str:
    """The node of a pod; of one that the scheduler has not placed, the one that a DaemonSet wants it on."""
    if _spec(pod).get("nodeName"):
        return text_of(_spec(pod).get("nodeName"))
    affinity = mapping_of(mapping_of(_spec(pod).get("affinity")).get("nodeAffinity"))
    required = mapping_of(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    names = [
        text_of(value)
        for term in _mappings(required.get("nodeSelectorTerms"))
        for field in _mappings(term.get("matchFields"))
        if field.get("key") == "metadata.name"
        for value in _items(field.get("values"))
    ]
    return names[0] if len(names) == 1 else ""


def _number(fields: JsonObject, key: str, *, default: int = 0) -> int:
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _generation(live: JsonObject) -> int:
    return _number(_metadata(live), "generation")


def _is_observed(live: JsonObject, *, unknown: bool = False) -> bool:
    """Whether the controller has seen the newest generation. Args: unknown: the answer where it says none."""
    seen: JsonValue = _status(live).get("observedGeneration")
    if not isinstance(seen, int):
        return unknown
    return seen >= _generation(live)


def _condition(live: JsonObject, name: str) -> JsonObject:
    for each in _mappings(_status(live).get("conditions")):
        if each.get("type") == name:
            return each
    return {}


def _is_true(live: JsonObject, name: str) -> bool:
    return _condition(live, name).get("status") == "True"


def _words(condition: JsonObject) -> str:
    """`Reason: message`, as far as there are any."""
    reason, message = text_of(condition.get("reason")), text_of(condition.get("message"))
    return (
        ": ".join(each for each in (reason, message) if each) or f"{text_of(condition.get('type'))} is False"
    )
