"""Whether a live object does what the applied one asks for, by kind, and if not, why not.

Decides from the object, its pods, its builds and the nodes that it must run on; who asks again, and when, is
the runner's matter. Ready is only what the controllers have seen in its newest generation. A failure is said
as soon as it shows, with its cause; a kind that nobody knows is ready unless it has a condition Ready.
Source: kubernetes pkg/controller (status of each kind), OpenShift api build/v1 `BuildPhase`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from sro_apply.planning.builds import judge_build, judge_build_config
from sro_apply.planning.leaving import leaving_reason
from sro_apply.planning.pods import (
    RESTARTING,
    fault_of,
    named,
    newest_pods,
    node_of,
    old_pods,
    pending_of,
    pods_of,
)
from sro_apply.planning.reading import (
    condition_of,
    generation_of,
    is_leaving,
    is_observed,
    is_true,
    kind_of,
    metadata_of,
    name_of,
    number_of,
    spec_of,
    status_of,
    words_of,
)
from sro_apply.planning.verdict import READY, Readiness, Verdict, failure, progress
from sro_apply.planning.waits import judge_logs, pattern_of, pods_to_read
from sro_render.model.objects import JsonObject, mapping_of, text_of
from sro_render.model.wording import counted


class Surroundings(Struct, frozen=True, kw_only=True):
    """What is known around an object.

    pods, builds: those of its namespace; nodes: all; expected: those that it must run on, A-Z; matched: the
    uids of the pods whose logs have what the object waits for.
    """

    pods: Sequence[JsonObject] = ()
    builds: Sequence[JsonObject] = ()
    nodes: Sequence[JsonObject] = ()
    expected: tuple[str, ...] = ()
    matched: frozenset[str] = frozenset()


def judge(live: JsonObject, around: Surroundings) -> Verdict:
    """What a live object is found to be. One whose deletion has begun is as good as gone."""
    if is_leaving(live):
        return progress(leaving_reason(live))
    found = _JUDGES.get(kind_of(live), _judge_any)(live, around)
    pattern = pattern_of(live)
    if found.readiness is Readiness.READY and pattern:
        return judge_logs(pattern, pods_to_read(live, around.pods), around.matched)
    return found


def waits_for_pods(group: str, kind: str) -> bool:
    """Whether pods are needed to judge a kind."""
    return (group, kind) in _WITH_PODS


def waits_for_builds(group: str, kind: str) -> bool:
    """Whether Builds are needed to judge a kind."""
    return (group, kind) == ("build.openshift.io", "BuildConfig")


def _judge_daemonset(live: JsonObject, around: Surroundings) -> Verdict:
    status, desired = status_of(live), number_of(status_of(live), "desiredNumberScheduled")
    if not is_observed(live):
        return progress("the controller has not seen this revision yet")
    pods = pods_of(live, around.pods)
    updated = number_of(status, "updatedNumberScheduled")
    old = old_pods(live, pods, updated)
    passing = {name_of(pod) for pod in old}
    fault = fault_of([pod for pod in pods if name_of(pod) not in passing])
    if fault:
        return fault
    missing = sorted(set(around.expected) - {node_of(pod) for pod in pods})
    if missing and len(pods) < desired:
        where = f"-n {text_of(metadata_of(live).get('namespace'))} daemonset {name_of(live)}"
        return progress(
            f"{len(pods)} of {desired} pods are there{named(missing)}",
            f"kubectl describe {where} says why, if it stays so",
        )
    if missing:
        come = f"{counted(desired, 'pod')} {'is' if desired == 1 else 'are'} scheduled"
        return progress(f"{come}, and {counted(len(around.expected), 'node')} must run it{named(missing)}")
    if updated < desired:
        return progress(
            f"{updated} of {desired} pods are of this revision{_still_old(live, old)}", pending_of(pods)
        )
    # Of a pod that has to stay ready for a while the controller says when it has.
    is_delayed = number_of(spec_of(live), "minReadySeconds") > 0
    ready = number_of(status, "numberAvailable" if is_delayed else "numberReady")
    if ready < desired:
        waiting = sorted(node_of(pod) for pod in pods if not is_true(pod, "Ready"))
        why = pending_of(pods) or _down(around.nodes, waiting)
        return progress(f"{ready} of {desired} pods are ready{named(waiting)}", why)
    return READY


def _down(nodes: Sequence[JsonObject], waiting: Collection[str]) -> str:
    """What is wrong with the first of the waiting nodes that is not ready itself."""
    for node in sorted(nodes, key=name_of):
        ready = condition_of(node, "Ready")
        if name_of(node) in waiting and ready and ready.get("status") != "True":
            return f"node {name_of(node)}: {words_of(ready)}"
    return ""


def _still_old(live: JsonObject, old: Sequence[JsonObject]) -> str:
    """The nodes whose pods are of an earlier revision, and what to do where they stay."""
    return (f"; an earlier one runs{named(sorted(map(node_of, old)))}" if old else "") + _on_delete(live)


def _on_delete(live: JsonObject) -> str:
    strategy = mapping_of(spec_of(live).get("updateStrategy")).get("type")
    return "; OnDelete: delete the old pods" if strategy == "OnDelete" else ""


def _judge_deployment(live: JsonObject, around: Surroundings) -> Verdict:
    status = status_of(live)
    if not is_observed(live):
        return progress("the controller has not seen this revision yet")
    stuck = condition_of(live, "Progressing")
    if stuck.get("status") == "False":
        return failure(words_of(stuck), is_retried=True)
    pods = pods_of(live, around.pods)
    # What is wrong with pods of an earlier revision passes: they go as those of the newest become ready.
    fault = fault_of(newest_pods(live, pods))
    if fault:
        return fault
    found = _judge_replicas(live, pods, available=number_of(status, "availableReplicas"))
    if found != READY and spec_of(live).get("paused") is True:
        return failure(f"{found.reason}; it is paused: {_resume(live)} lets it go on")
    return found


def _resume(live: JsonObject) -> str:
    namespace = text_of(metadata_of(live).get("namespace"))
    return f"kubectl rollout resume -n {namespace} deployment {name_of(live)}"


def _judge_statefulset(live: JsonObject, around: Surroundings) -> Verdict:
    if not is_observed(live):
        return progress("the controller has not seen this revision yet")
    status = status_of(live)
    strategy = mapping_of(spec_of(live).get("updateStrategy"))
    pods = pods_of(live, around.pods)
    # Of whatever revision: one that does not start holds up the others, until somebody deletes it.
    fault = fault_of(pods)
    if fault:
        return fault
    is_delayed = number_of(spec_of(live), "minReadySeconds") > 0
    return _judge_replicas(
        live,
        pods,
        available=number_of(status, "availableReplicas" if is_delayed else "readyReplicas"),
        held=number_of(mapping_of(strategy.get("rollingUpdate")), "partition"),
    )


def _judge_replicas(
    live: JsonObject, pods: Sequence[JsonObject], *, available: int, held: int = 0
) -> Verdict:
    """Args: held: replicas that stay at an earlier revision on purpose."""
    status = status_of(live)
    wanted = number_of(spec_of(live), "replicas", default=1)
    updated = number_of(status, "updatedReplicas")
    if updated < wanted - held:
        return progress(
            f"{updated} of {wanted - held} replicas are of this revision{_on_delete(live)}",
            pending_of(pods) or _refusal(live),
        )
    if number_of(status, "replicas") > wanted:
        return progress("replicas of an earlier revision are still there")
    if available < wanted:
        return progress(f"{available} of {wanted} replicas are ready", pending_of(pods))
    return READY


def _refusal(live: JsonObject) -> str:
    """Why the server takes no pod of a Deployment, such as a quota or rights that its account lacks."""
    return words_of(condition_of(live, "ReplicaFailure")) if is_true(live, "ReplicaFailure") else ""


def _judge_job(live: JsonObject, around: Surroundings) -> Verdict:
    failed = condition_of(live, "Failed")
    if failed.get("status") == "True":
        return failure(words_of(failed))
    if is_true(live, "Complete"):
        return READY
    if spec_of(live).get("suspend") is True:
        return progress("the job is suspended")
    pods = pods_of(live, around.pods)
    fault = fault_of(pods, passing={RESTARTING})
    if fault:
        return fault
    # How often its containers may fail is for the job to say: it has failed when its backoffLimit is reached.
    again = fault_of(pods)
    return progress("the job has not completed", again.reason if again else pending_of(pods))


def _judge_pod(live: JsonObject, _: Surroundings) -> Verdict:
    phase = text_of(status_of(live).get("phase"))
    if phase == "Succeeded" or is_true(live, "Ready"):
        return READY
    fault = fault_of([live])
    if phase == "Failed":
        return failure(fault.reason if fault else text_of(status_of(live).get("message")) or "the pod failed")
    return fault or progress("the pod is not ready", pending_of([live]))


def _judge_crd(live: JsonObject, _: Surroundings) -> Verdict:
    refused = condition_of(live, "NamesAccepted")
    if refused.get("status") == "False":
        return failure(words_of(refused))
    return READY if is_true(live, "Established") else progress("the API is not established yet")


def _judge_any(live: JsonObject, _: Surroundings) -> Verdict:
    """Certificates and whatever else has a condition Ready: that of the generation that was applied."""
    ready = condition_of(live, "Ready")
    if not ready:
        return _UNSEEN if kind_of(live) in _ALWAYS_WITH_READY else READY
    seen = ready.get("observedGeneration")
    if not is_observed(live, unknown=True) or (isinstance(seen, int) and seen < generation_of(live)):
        return progress("its controller has not seen this revision yet")
    return READY if ready.get("status") == "True" else progress(words_of(ready))


_UNSEEN = progress("its controller has not seen it yet")
_ALWAYS_WITH_READY = frozenset(
    ("cert-manager.io", each) for each in ("Certificate", "CertificateRequest", "ClusterIssuer", "Issuer")
)
"""Kinds that get this condition sooner or later; of others nobody knows whether they ever do."""
_Judge = Callable[[JsonObject, Surroundings], Verdict]
_JUDGES: Mapping[tuple[str, str], _Judge] = MappingProxyType(
    {
        ("", "Pod"): _judge_pod,
        ("apiextensions.k8s.io", "CustomResourceDefinition"): _judge_crd,
        ("apps", "DaemonSet"): _judge_daemonset,
        ("apps", "Deployment"): _judge_deployment,
        ("apps", "StatefulSet"): _judge_statefulset,
        ("batch", "Job"): _judge_job,
        ("build.openshift.io", "Build"): lambda live, _: judge_build(live),
        ("build.openshift.io", "BuildConfig"): lambda live, around: judge_build_config(live, around.builds),
    }
)
_WITH_PODS = frozenset(
    {("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("batch", "Job")}
)
