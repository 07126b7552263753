"""Whether an object is ready, by kind, and what is said where it is not.

Matrix: each kind of the table by each of its verdicts; pods by each way of standing still; conditions Ready.
Judge: Kubernetes' and OpenShift's documentation of each status; the real controllers in tests/cluster.
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.planning.pods import newest_pods, old_pods, pods_of
from sro_apply.planning.readiness import Surroundings, judge, waits_for_builds, waits_for_pods
from sro_apply.planning.verdict import Readiness, Verdict

Object = dict[str, Any]
LABELS = {"app": "d"}


def live(kind: str, status: Object, spec: Object | None = None, version: str = "apps/v1") -> Object:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {
            "name": "d",
            "namespace": "a",
            "generation": 2,
            "annotations": {"deprecated.daemonset.template.generation": "2"},
        },
        "spec": {"selector": {"matchLabels": LABELS}, **(spec or {})},
        "status": status,
    }


def pod(
    name: str, node: str, *, waiting: Object | None = None, is_ready: bool = False, old: bool = False
) -> Object:
    container: Object = {"state": {"waiting": waiting} if waiting else {"running": {}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {**LABELS, "pod-template-generation": "1" if old else "2"}},
        "spec": {"nodeName": node},
        "status": {
            "containerStatuses": [container],
            "conditions": [{"type": "Ready", "status": "True" if is_ready else "False"}],
        },
    }


def unscheduled(name: str, node: str) -> Object:
    """A DaemonSet's pod that no node takes: it says itself which one it is for."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = [{"matchFields": [field]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}
    return {
        "metadata": {"name": name, "labels": {**LABELS, "pod-template-generation": "2"}},
        "spec": {"affinity": {"nodeAffinity": required}},
        "status": {"conditions": [condition]},
    }


def daemon_set(
    desired: int, updated: int, ready: int, *, seen: int = 2, strategy: str = "OnDelete"
) -> Object:
    status = {
        "observedGeneration": seen,
        "desiredNumberScheduled": desired,
        "updatedNumberScheduled": updated,
        "numberReady": ready,
    }
    return live("DaemonSet", status, {"updateStrategy": {"type": strategy}})


def delayed(given: Object, *, available: int) -> Object:
    """A DaemonSet whose pods must stay ready for a while."""
    spec = {**given["spec"], "minReadySeconds": 30}
    return {**given, "spec": spec, "status": {**given["status"], "numberAvailable": available}}


def revised(name: str, number: str, revision: str) -> Object:
    made = pod(name, f"node-{name}", is_ready=True)
    made["metadata"]["labels"] |= {"pod-template-generation": number, "controller-revision-hash": revision}
    return made


@pytest.mark.parametrize(
    ("pods", "updated", "said"),
    [
        ([revised("a", "1", "x"), revised("b", "1", "x")], 0, "; an earlier one runs (node-a, node-b)"),
        ([revised("b", "1", "x"), revised("a", "1", "x")], 0, "; an earlier one runs (node-a, node-b)"),
        ([revised("a", "1", "x"), revised("b", "2", "y")], 1, "; an earlier one runs (node-a)"),
        # A change was taken back: `x` is the newest again, under another number.
        (
            [revised("a", "0", "x"), revised("b", "1", "y"), revised("c", "1", "y")],
            1,
            "; an earlier one runs (node-b, node-c)",
        ),
        (
            [revised("a", "0", "x"), revised("b", "1", "y"), revised("c", "2", "x")],
            2,
            "; an earlier one runs (node-b)",
        ),
        # Either may be the newest.
        ([revised("a", "0", "x"), revised("b", "1", "y")], 1, ""),
        # None is of which there are so many: the controller has counted before or after them.
        ([revised("a", "0", "x"), *(revised(each, "1", "y") for each in "bcd")], 2, ""),
    ],
)
def test_nodes_that_still_run_an_earlier_revision_are_named(
    pods: list[Object], updated: int, said: str
) -> None:
    verdict = judge(daemon_set(len(pods), updated, len(pods)), Surroundings(pods=pods))
    assert verdict == Verdict(
        Readiness.PROGRESSING,
        f"{updated} of {len(pods)} pods are of this revision{said}; OnDelete: delete the old pods",
    )


def test_without_the_number_of_the_newest_revision_no_pod_is_taken_for_an_earlier_one() -> None:
    given = daemon_set(1, 0, 1)
    given["metadata"]["annotations"] = {}
    assert old_pods(given, [revised("a", "1", "x")], 0) == []


def test_without_a_selector_no_pod_is_its_own() -> None:
    """As of a Job that the server has not completed yet."""
    assert pods_of({"kind": "Job", "spec": {}}, [pod("x", "n1")]) == []


@pytest.mark.parametrize("seen", [{}, {"observedGeneration": 1}])
@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment", "StatefulSet"])
def test_numbers_from_before_the_controller_has_seen_a_revision_say_nothing(kind: str, seen: Object) -> None:
    numbers = {
        "desiredNumberScheduled": 1,
        "updatedNumberScheduled": 1,
        "numberReady": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
    }
    assert judge(live(kind, {**numbers, **seen}), Surroundings()) == Verdict(
        Readiness.PROGRESSING, "the controller has not seen this revision yet"
    )
    assert judge(live(kind, {**numbers, "observedGeneration": 2}), Surroundings()) == Verdict(Readiness.READY)


PULL = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x"'}


@pytest.mark.parametrize(
    ("given", "pods", "expected", "verdict"),
    [
        (daemon_set(2, 2, 2), [pod("d-1", "n1"), pod("d-2", "n2")], ("n1", "n2"), Verdict(Readiness.READY)),
        # The server takes no pod: its events tell why, such as rights that the account lacks.
        (
            daemon_set(2, 0, 0),
            [],
            ("n1", "n2"),
            Verdict(
                Readiness.PROGRESSING,
                "0 of 2 pods are there (n1, n2); kubectl describe -n a daemonset d says why, if it stays so",
            ),
        ),
        # As many pods as nodes, but not on all of these.
        (
            daemon_set(2, 2, 2),
            [pod("d-1", "n1"), pod("d-3", "n3")],
            ("n1", "n2"),
            Verdict(Readiness.PROGRESSING, "2 pods are scheduled, and 2 nodes must run it (n2)"),
        ),
        (
            delayed(daemon_set(2, 2, 2), available=1),
            [pod("d-1", "n1", is_ready=True), pod("d-2", "n2", is_ready=True)],
            (),
            Verdict(Readiness.PROGRESSING, "1 of 2 pods are ready"),
        ),
        (daemon_set(0, 0, 0), [], (), Verdict(Readiness.READY)),
        (
            daemon_set(2, 2, 2, seen=1),
            [],
            (),
            Verdict(Readiness.PROGRESSING, "the controller has not seen this revision yet"),
        ),
        (
            live("DaemonSet", {}),
            [],
            (),
            Verdict(Readiness.PROGRESSING, "the controller has not seen this revision yet"),
        ),
        (
            daemon_set(0, 0, 0),
            [],
            tuple(f"n{number:02}" for number in range(12)),
            Verdict(
                Readiness.PROGRESSING,
                "0 pods are scheduled, and 12 nodes must run it (n00, n01, n02, n03, n04 and 7 more)",
            ),
        ),
        (
            daemon_set(1, 1, 1),
            [pod("d-1", "n1", is_ready=True)],
            ("n1", "n2"),
            Verdict(Readiness.PROGRESSING, "1 pod is scheduled, and 2 nodes must run it (n2)"),
        ),
        (
            daemon_set(2, 1, 2),
            [pod("d-1", "n1", is_ready=True, old=True), pod("d-2", "n2", is_ready=True)],
            ("n1", "n2"),
            Verdict(
                Readiness.PROGRESSING,
                "1 of 2 pods are of this revision; an earlier one runs (n1); OnDelete: delete the old pods",
            ),
        ),
        (
            daemon_set(2, 1, 2, strategy="RollingUpdate"),
            [],
            (),
            Verdict(Readiness.PROGRESSING, "1 of 2 pods are of this revision"),
        ),
        (
            daemon_set(2, 2, 1),
            [pod("d-1", "n1", is_ready=True), unscheduled("d-2", "n2")],
            ("n1", "n2"),
            Verdict(Readiness.PROGRESSING, "1 of 2 pods are ready (n2); pod d-2: Unschedulable: no room"),
        ),
        (
            daemon_set(2, 2, 1),
            [pod("d-2", "n2", waiting=PULL), pod("d-1", "n1", is_ready=True)],
            ("n1", "n2"),
            Verdict(
                Readiness.FAILED,
                'pod d-2 on node n2: ImagePullBackOff: Back-off pulling image "x"',
                is_retried=True,
            ),
        ),
    ],
)
def test_a_daemon_set_is_ready_on_the_nodes_that_it_must_run_on(
    given: Object, pods: list[Object], expected: tuple[str, ...], verdict: Verdict
) -> None:
    assert judge(given, Surroundings(pods=pods, expected=expected)) == verdict


def test_a_node_that_is_down_is_why_its_pod_is_not_ready() -> None:
    def node(name: str, status: str) -> Object:
        ready = {"type": "Ready", "status": status, "reason": "NodeStatusUnknown", "message": "no word of it"}
        return {"kind": "Node", "metadata": {"name": name}, "status": {"conditions": [ready]}}

    pods = [pod("d-1", "n1", is_ready=True), pod("d-2", "n2"), pod("d-3", "n3")]
    nodes = [node("n0", "Unknown"), node("n1", "True"), node("n2", "True"), node("n3", "Unknown")]
    verdict = judge(daemon_set(3, 3, 1), Surroundings(pods=pods, nodes=nodes))
    assert verdict == Verdict(
        Readiness.PROGRESSING, "1 of 3 pods are ready (n2, n3); node n3: NodeStatusUnknown: no word of it"
    )


def test_of_several_nodes_the_first_by_name_is_told_in_whatever_order_they_are_listed() -> None:
    names = ("n2", "n1", "n3")
    down = {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "no network"}
    nodes: list[Object] = [
        {"kind": "Node", "metadata": {"name": name}, "status": {"conditions": [down]}} for name in names
    ]
    pods = [pod(f"p-{name}", name) for name in names]
    for order in (1, -1):
        verdict = judge(daemon_set(3, 3, 0), Surroundings(pods=pods[::order], nodes=nodes[::order]))
        assert verdict == Verdict(
            Readiness.PROGRESSING,
            "0 of 3 pods are ready (n1, n2, n3); node n1: KubeletNotReady: no network",
        )


@pytest.mark.parametrize(
    ("seen", "readiness"), [(1, Readiness.PROGRESSING), (2, Readiness.READY), (3, Readiness.READY)]
)
def test_a_condition_may_say_itself_of_which_generation_it_is(seen: int, readiness: Readiness) -> None:
    """As those of metav1.Condition do. A newer one than we have read is of what we applied, too."""
    ready = {"type": "Ready", "status": "True", "observedGeneration": seen}
    assert judge(
        live("Thing", {"conditions": [ready]}, version="example.com/v1"), Surroundings()
    ).readiness is (readiness)


@pytest.mark.parametrize("kind", ["Certificate", "CertificateRequest", "ClusterIssuer", "Issuer"])
def test_what_always_gets_a_condition_ready_is_not_ready_before(kind: str) -> None:
    """https://cert-manager.io/docs/reference/api-docs/: each of these has one as soon as it was looked at."""
    assert (
        judge(live(kind, {}, version="cert-manager.io/v1"), Surroundings()).readiness is Readiness.PROGRESSING
    )
    assert judge(live(kind, {}, version="example.com/v1"), Surroundings()).readiness is Readiness.READY


def test_a_pod_that_was_given_up_while_it_waited_says_what_it_waited_for() -> None:
    given = pod("p", "n", waiting=PULL)
    given["status"] |= {"phase": "Failed", "message": "it was active for too long"}
    assert judge(given, Surroundings()).reason == (
        'pod p on node n: ImagePullBackOff: Back-off pulling image "x"'
    )
    given["status"]["containerStatuses"] = []
    assert judge(given, Surroundings()).reason == "it was active for too long"


def test_replicas_that_are_held_back_are_not_counted_and_a_pod_without_a_node_is_told() -> None:
    """https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions."""
    spec: Object = {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}
    given = replicas("StatefulSet", spec, updatedReplicas=0, replicas=3, readyReplicas=3)
    assert judge(given, Surroundings(pods=[unscheduled("d-2", "")])) == Verdict(
        Readiness.PROGRESSING, "0 of 1 replicas are of this revision; pod d-2: Unschedulable: no room"
    )


@pytest.mark.parametrize("seconds", [1, 30])
def test_a_pod_that_must_stay_ready_for_however_short_a_while_is_no_use_before(seconds: int) -> None:
    spec = {"minReadySeconds": seconds}
    numbers = {
        "observedGeneration": 2,
        "desiredNumberScheduled": 1,
        "updatedNumberScheduled": 1,
        "numberReady": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
    }
    for kind, available in (("DaemonSet", "numberAvailable"), ("StatefulSet", "availableReplicas")):
        assert judge(live(kind, numbers, spec), Surroundings()).readiness is Readiness.PROGRESSING
        assert judge(live(kind, {**numbers, available: 1}, spec), Surroundings()).readiness is Readiness.READY


@pytest.mark.parametrize(
    ("group", "kind", "needed"),
    [
        *(("apps", kind, "pods") for kind in ("DaemonSet", "Deployment", "StatefulSet")),
        ("batch", "Job", "pods"),
        ("build.openshift.io", "BuildConfig", "builds"),
        ("build.openshift.io", "Build", ""),
        ("", "Pod", ""),  # it is there itself
        ("", "ConfigMap", ""),
        ("example.com", "Job", ""),
    ],
)
def test_what_is_read_to_judge_a_kind(group: str, kind: str, needed: str) -> None:
    assert waits_for_pods(group, kind) is (needed == "pods")
    assert waits_for_builds(group, kind) is (needed == "builds")


def test_pods_of_others_and_pods_that_go_do_not_count() -> None:
    other = pod("x", "n1", waiting=PULL)
    other["metadata"]["labels"] = {"app": "another"}
    gone = pod("y", "n1", waiting=PULL)
    gone["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert judge(daemon_set(1, 1, 1), Surroundings(pods=[other, gone])) == Verdict(Readiness.READY)


def owned(made: Object, kind: str, name: str, uid: str) -> Object:
    made["metadata"]["ownerReferences"] = [{"kind": kind, "name": name, "uid": uid, "controller": True}]
    return made


@pytest.mark.parametrize(
    ("kind", "owner", "is_its_own"),
    [
        ("DaemonSet", ("DaemonSet", "d", "u1"), True),
        # Of another kernel, with the same selector; of the one of this name before this one.
        ("DaemonSet", ("DaemonSet", "other", "u2"), False),
        ("DaemonSet", ("DaemonSet", "d", "u0"), False),
        ("Deployment", ("ReplicaSet", "d-7d5c66b6c4", "r"), True),
        ("Deployment", ("ReplicaSet", "d-canary-7d5c66b6c4", "r"), False),
        ("Deployment", ("StatefulSet", "d-7d5c66b6c4", "r"), False),
    ],
)
def test_pods_that_another_controller_has_say_nothing(
    kind: str, owner: tuple[str, str, str], is_its_own: bool
) -> None:
    given = live(kind, {"observedGeneration": 2, "updatedReplicas": 1}, {"replicas": 0})
    given["metadata"]["uid"] = "u1"
    verdict = judge(given, Surroundings(pods=[owned(pod("x", "n1", waiting=PULL), *owner)]))
    assert verdict.readiness is (Readiness.FAILED if is_its_own else Readiness.READY)


@pytest.mark.parametrize(
    ("expressions", "is_its_own"),
    [
        ([{"key": "app", "operator": "In", "values": ["c", "d"]}], True),
        ([{"key": "app", "operator": "In", "values": ["c"]}], False),
        ([{"key": "app", "operator": "NotIn", "values": ["d"]}], False),
        ([{"key": "other", "operator": "NotIn", "values": ["d"]}], True),
        ([{"key": "app", "operator": "Exists"}, {"key": "other", "operator": "DoesNotExist"}], True),
        ([{"key": "app", "operator": "DoesNotExist"}], False),
        ([{"key": "other", "operator": "Exists"}], False),
        ([{"key": "app", "operator": "Near"}], False),
    ],
)
def test_a_selector_may_have_expressions(expressions: list[Object], is_its_own: bool) -> None:
    given = live("DaemonSet", daemon_set(1, 1, 1)["status"], {"selector": {"matchExpressions": expressions}})
    verdict = judge(given, Surroundings(pods=[pod("d-1", "n1", is_ready=True)], expected=("n1",)))
    assert (verdict.readiness is Readiness.READY) is is_its_own


def replicas(kind: str, spec: Object, **status: int) -> Object:
    return live(kind, {"observedGeneration": 2, **status}, spec)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (
            replicas("Deployment", {"replicas": 2}, updatedReplicas=2, replicas=2, availableReplicas=2),
            Verdict(Readiness.READY),
        ),
        (replicas("Deployment", {"replicas": 0}), Verdict(Readiness.READY)),
        (
            live("Deployment", {"observedGeneration": 1}),
            Verdict(Readiness.PROGRESSING, "the controller has not seen this revision yet"),
        ),
        (
            replicas("Deployment", {}),
            Verdict(Readiness.PROGRESSING, "0 of 1 replicas are of this revision"),
        ),
        (
            replicas("Deployment", {"replicas": 1}, updatedReplicas=1, replicas=2, availableReplicas=1),
            Verdict(Readiness.PROGRESSING, "replicas of an earlier revision are still there"),
        ),
        (
            replicas("Deployment", {"replicas": 2}, updatedReplicas=2, replicas=2, availableReplicas=1),
            Verdict(Readiness.PROGRESSING, "1 of 2 replicas are ready"),
        ),
        (
            live(
                "Deployment",
                {
                    "observedGeneration": 2,
                    "conditions": [
                        {
                            "type": "Progressing",
                            "status": "False",
                            "reason": "ProgressDeadlineExceeded",
                            "message": "took too long",
                        }
                    ],
                },
            ),
            Verdict(Readiness.FAILED, "ProgressDeadlineExceeded: took too long", is_retried=True),
        ),
        (
            replicas("StatefulSet", {"replicas": 2}, updatedReplicas=2, replicas=2, readyReplicas=2),
            Verdict(Readiness.READY),
        ),
        (
            replicas("StatefulSet", {"replicas": 2}, updatedReplicas=2, replicas=2, readyReplicas=1),
            Verdict(Readiness.PROGRESSING, "1 of 2 replicas are ready"),
        ),
        (
            replicas(
                "StatefulSet",
                {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
                updatedReplicas=1,
                replicas=3,
                readyReplicas=3,
            ),
            Verdict(Readiness.READY),
        ),
    ],
)
def test_replicas_are_ready_when_all_of_the_newest_revision_are(given: Object, verdict: Verdict) -> None:
    assert judge(given, Surroundings()) == verdict


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment", "StatefulSet"])
@pytest.mark.parametrize(
    "reason",
    [
        # kubernetes pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime, pkg/kubelet/container.
        *("CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"),
        *("ErrImagePull", "ErrImageNeverPull", "ImageInspectError", "ImagePullBackOff"),
    ],
)
def test_a_container_that_cannot_start_is_a_failure_at_once(kind: str, reason: str) -> None:
    given = live(kind, {"observedGeneration": 2, "desiredNumberScheduled": 1, "updatedReplicas": 1})
    verdict = judge(given, Surroundings(pods=[pod("p", "n", waiting={"reason": reason})]))
    assert verdict == Verdict(Readiness.FAILED, f"pod p on node n: {reason}", is_retried=True)


def test_a_container_that_must_end_before_the_others_is_one_too() -> None:
    """Init containers wait and fail as others do: a driver is often built or fetched by one."""
    starting = pod("p", "n", waiting={"reason": "PodInitializing"})
    starting["status"]["initContainerStatuses"] = [
        {"state": {"waiting": {"reason": "ErrImagePull", "message": "m"}}}
    ]
    verdict = judge(daemon_set(1, 1, 0), Surroundings(pods=[starting], expected=("n",)))
    assert verdict == Verdict(Readiness.FAILED, "pod p on node n: ErrImagePull: m", is_retried=True)


def test_of_several_pods_the_first_by_name_is_told_in_whatever_order_they_are_listed() -> None:
    """Or a reason would change from look to look, and be told as news each time."""
    wrong = [pod(name, f"n-{name}", waiting=PULL) for name in ("b", "a", "c")]
    waiting = [unscheduled(name, f"n-{name}") for name in ("b", "a", "c")]
    for pods, said in (
        (wrong, "pod a on node n-a: ImagePullBackOff"),
        (waiting, "pod a: Unschedulable: no room"),
    ):
        reasons = {judge(daemon_set(3, 3, 0), Surroundings(pods=each)).reason for each in (pods, pods[::-1])}
        (reason,) = reasons
        assert said in reason


def test_only_five_of_many_nodes_are_named() -> None:
    def said(count: int) -> str:
        expected = tuple(f"n{number}" for number in range(count))
        pods = [pod(f"p{number}", node) for number, node in enumerate(expected)]
        return judge(daemon_set(count, count, 0), Surroundings(pods=pods, expected=expected)).reason

    assert said(5) == "0 of 5 pods are ready (n0, n1, n2, n3, n4)"
    assert said(7) == "0 of 7 pods are ready (n0, n1, n2, n3, n4 and 2 more)"


def test_an_owner_that_is_no_controller_has_no_say() -> None:
    """Somebody may let a pod go with an object of their own: it is the DaemonSet's all the same."""
    given = daemon_set(1, 1, 0)
    given["metadata"]["uid"] = "u1"
    made = pod("x", "n1", waiting=PULL)
    made["metadata"]["ownerReferences"] = [
        {"kind": "ConfigMap", "name": "theirs", "uid": "u9"},
        {"kind": "DaemonSet", "name": "d", "uid": "u1", "controller": True},
    ]
    assert judge(given, Surroundings(pods=[made])).readiness is Readiness.FAILED


def test_the_name_of_an_image_that_is_none_is_not_tried_again() -> None:
    pods = [pod("p", "n", waiting={"reason": "InvalidImageName"})]
    verdict = judge(daemon_set(1, 1, 0), Surroundings(pods=pods))
    assert verdict == Verdict(Readiness.FAILED, "pod p on node n: InvalidImageName")


def of_replica_set(name: str, replica_set: str, reason: str = "") -> Object:
    made = pod(name, "n", waiting={"reason": reason} if reason else None, is_ready=not reason)
    return owned(made, "ReplicaSet", replica_set, replica_set)


@pytest.mark.parametrize(
    ("progressing", "updated", "pods", "verdict"),
    [
        # A bundle that mends what does not start is no failure, though the old pod stays for a while.
        (
            'ReplicaSet "d-2" is progressing.',
            1,
            [of_replica_set("a", "d-1", "ImagePullBackOff"), of_replica_set("b", "d-2", "ContainerCreating")],
            Verdict(Readiness.PROGRESSING, "replicas of an earlier revision are still there"),
        ),
        (
            'Created new replica set "d-2"',
            0,
            [of_replica_set("a", "d-1", "ImagePullBackOff")],
            Verdict(Readiness.PROGRESSING, "0 of 1 replicas are of this revision"),
        ),
        (
            'ReplicaSet "d-2" is progressing.',
            1,
            [of_replica_set("a", "d-1"), of_replica_set("b", "d-2", "ErrImagePull")],
            Verdict(Readiness.FAILED, "pod b on node n: ErrImagePull", is_retried=True),
        ),
        # Without a deadline for its progress there is no condition: any of them may be of the newest.
        (
            "",
            1,
            [of_replica_set("a", "d-1", "ImagePullBackOff"), of_replica_set("b", "d-2")],
            Verdict(Readiness.FAILED, "pod a on node n: ImagePullBackOff", is_retried=True),
        ),
    ],
    ids=["mended", "not begun", "broken", "unknown"],
)
def test_what_is_wrong_with_pods_of_a_deployment_s_earlier_revision_passes(
    progressing: str, updated: int, pods: list[Object], verdict: Verdict
) -> None:
    given = replicas("Deployment", {}, updatedReplicas=updated, replicas=len(pods), availableReplicas=0)
    given["status"]["conditions"] = [{"type": "Progressing", "status": "True", "message": progressing}]
    assert judge(given, Surroundings(pods=pods)) == verdict


def test_a_deployment_without_a_pod_of_the_newest_revision_has_none() -> None:
    """Its condition still names the ReplicaSet before, or nothing: those pods are on their way out."""
    pods = [of_replica_set("p", "d-1")]
    assert newest_pods(live("Deployment", {"replicas": 1}), pods) == []
    assert newest_pods(live("Deployment", {"replicas": 1, "updatedReplicas": 1}), pods) == pods


@pytest.mark.parametrize("strategy", ["OnDelete", "RollingUpdate"])
def test_what_is_wrong_with_pods_of_a_daemon_set_s_earlier_revision_passes(strategy: str) -> None:
    pods = [pod("a", "n1", waiting=PULL, old=True), pod("b", "n2", is_ready=True)]
    verdict = judge(daemon_set(2, 1, 1, strategy=strategy), Surroundings(pods=pods))
    advice = "; OnDelete: delete the old pods" if strategy == "OnDelete" else ""
    assert verdict == Verdict(
        Readiness.PROGRESSING, f"1 of 2 pods are of this revision; an earlier one runs (n1){advice}"
    )


def test_a_stateful_set_waits_for_somebody_to_delete_a_pod_that_does_not_start_whatever_its_revision() -> (
    None
):
    """Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback."""
    given = replicas("StatefulSet", {}, updatedReplicas=0, replicas=1)
    verdict = judge(given, Surroundings(pods=[pod("a", "n", waiting=PULL, old=True)]))
    assert verdict.readiness is Readiness.FAILED


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (
            replicas("Deployment", {"paused": True}, replicas=1, availableReplicas=1),
            Verdict(
                Readiness.FAILED,
                "0 of 1 replicas are of this revision; it is paused: kubectl rollout resume -n a deployment d "
                "lets it go on",
            ),
        ),
        (
            replicas("Deployment", {"paused": True}, updatedReplicas=1, replicas=1, availableReplicas=1),
            Verdict(Readiness.READY),
        ),
        (
            live(
                "Deployment",
                {
                    "observedGeneration": 2,
                    "conditions": [
                        {
                            "type": "ReplicaFailure",
                            "status": "True",
                            "reason": "FailedCreate",
                            "message": "exceeded quota: pods",
                        }
                    ],
                },
            ),
            Verdict(
                Readiness.PROGRESSING,
                "0 of 1 replicas are of this revision; FailedCreate: exceeded quota: pods",
            ),
        ),
        (
            replicas("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, replicas=1, readyReplicas=1),
            Verdict(
                Readiness.PROGRESSING, "0 of 1 replicas are of this revision; OnDelete: delete the old pods"
            ),
        ),
        (
            replicas("StatefulSet", {"minReadySeconds": 9}, updatedReplicas=1, replicas=1, readyReplicas=1),
            Verdict(Readiness.PROGRESSING, "0 of 1 replicas are ready"),
        ),
    ],
    ids=["paused", "paused when ready", "refused", "OnDelete", "minReadySeconds"],
)
def test_it_is_said_what_replicas_wait_for(given: Object, verdict: Verdict) -> None:
    assert judge(given, Surroundings()) == verdict


def test_a_container_that_is_being_made_is_no_failure() -> None:
    pods = [pod("p", "n", waiting={"reason": "ContainerCreating"})]
    verdict = judge(daemon_set(1, 1, 0), Surroundings(pods=pods, expected=("n",)))
    assert verdict == Verdict(Readiness.PROGRESSING, "0 of 1 pods are ready (n)")


def condition(name: str, status: str, reason: str = "", message: str = "") -> Object:
    return {"conditions": [{"type": name, "status": status, "reason": reason, "message": message}]}


CRD = "apiextensions.k8s.io/v1"
BUILD = "build.openshift.io/v1"


@pytest.mark.parametrize(
    ("version", "kind", "status", "verdict"),
    [
        ("batch/v1", "Job", condition("Complete", "True"), Verdict(Readiness.READY)),
        ("batch/v1", "Job", {}, Verdict(Readiness.PROGRESSING, "the job has not completed")),
        (
            "batch/v1",
            "Job",
            condition("Failed", "True", "BackoffLimitExceeded", "Job has reached the limit"),
            Verdict(Readiness.FAILED, "BackoffLimitExceeded: Job has reached the limit"),
        ),
        ("v1", "Pod", {"phase": "Succeeded"}, Verdict(Readiness.READY)),
        ("v1", "Pod", {"phase": "Running", **condition("Ready", "True")}, Verdict(Readiness.READY)),
        ("v1", "Pod", {"phase": "Running"}, Verdict(Readiness.PROGRESSING, "the pod is not ready")),
        ("v1", "Pod", {"phase": "Failed"}, Verdict(Readiness.FAILED, "the pod failed")),
        ("v1", "Pod", {"phase": "Failed", "message": "Evicted"}, Verdict(Readiness.FAILED, "Evicted")),
        ("v1", "Namespace", {"phase": "Active"}, Verdict(Readiness.READY)),
        (CRD, "CustomResourceDefinition", condition("Established", "True"), Verdict(Readiness.READY)),
        (
            CRD,
            "CustomResourceDefinition",
            {},
            Verdict(Readiness.PROGRESSING, "the API is not established yet"),
        ),
        (
            CRD,
            "CustomResourceDefinition",
            condition("NamesAccepted", "False", "PluralConflict", "taken"),
            Verdict(Readiness.FAILED, "PluralConflict: taken"),
        ),
        (BUILD, "Build", {"phase": "Complete"}, Verdict(Readiness.READY)),
        (BUILD, "Build", {"phase": "Running"}, Verdict(Readiness.PROGRESSING, "build d is Running")),
        (
            BUILD,
            "Build",
            {
                "phase": "Failed",
                "reason": "DockerBuildFailed",
                "message": "no",
                "logSnippet": "make: *** x\n",
            },
            Verdict(Readiness.FAILED, "build d is Failed: DockerBuildFailed: no\nmake: *** x"),
        ),
        (BUILD, "Build", {"phase": "Cancelled"}, Verdict(Readiness.FAILED, "build d is Cancelled")),
        ("v1", "ConfigMap", {}, Verdict(Readiness.READY)),
        ("cert-manager.io/v1", "Certificate", condition("Ready", "True"), Verdict(Readiness.READY)),
        (
            "cert-manager.io/v1",
            "Certificate",
            condition("Ready", "False", "Issuing", "not yet"),
            Verdict(Readiness.PROGRESSING, "Issuing: not yet"),
        ),
        (
            "example.com/v1",
            "Thing",
            {"observedGeneration": 1, **condition("Ready", "True")},
            Verdict(Readiness.PROGRESSING, "its controller has not seen this revision yet"),
        ),
        (
            "example.com/v1",
            "Thing",
            {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]},
            Verdict(Readiness.PROGRESSING, "its controller has not seen this revision yet"),
        ),
        # Its controller has yet to look at it: a moment after it was applied, each of them is like this.
        (
            "cert-manager.io/v1",
            "Certificate",
            {},
            Verdict(Readiness.PROGRESSING, "its controller has not seen it yet"),
        ),
        ("example.com/v1", "Certificate", {}, Verdict(Readiness.READY)),
        # A kind of that name in another group is another kind.
        ("example.com/v1", "Job", {}, Verdict(Readiness.READY)),
    ],
)
def test_other_kinds(version: str, kind: str, status: Object, verdict: Verdict) -> None:
    assert judge(live(kind, status, version=version), Surroundings()) == verdict


@pytest.mark.parametrize(
    ("spec", "reason", "verdict"),
    [
        (
            {},
            "CrashLoopBackOff",
            Verdict(Readiness.PROGRESSING, "the job has not completed; pod p on node n: CrashLoopBackOff"),
        ),
        (
            {},
            "ErrImagePull",
            Verdict(Readiness.FAILED, "pod p on node n: ErrImagePull", is_retried=True),
        ),
        ({"suspend": True}, "", Verdict(Readiness.PROGRESSING, "the job is suspended")),
    ],
    ids=["starts again", "no image", "suspended"],
)
def test_a_job_says_itself_how_often_it_may_fail(spec: Object, reason: str, verdict: Verdict) -> None:
    """Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy."""
    pods = [pod("p", "n", waiting={"reason": reason})] if reason else []
    assert judge(live("Job", {}, spec, version="batch/v1"), Surroundings(pods=pods)) == verdict


def build(number: int, phase: str, config: str = "d") -> Object:
    name = f"{config}-{number}"
    annotations = {"openshift.io/build-config.name": config, "openshift.io/build.number": str(number)}
    return {
        "kind": "Build",
        "metadata": {"name": name, "annotations": annotations},
        "status": {"phase": phase},
    }


@pytest.mark.parametrize(
    ("last", "builds", "verdict"),
    [
        (0, [], Verdict(Readiness.PROGRESSING, "no build was started yet")),
        (1, [build(1, "Complete", "other")], Verdict(Readiness.PROGRESSING, "no build was started yet")),
        (1, [build(1, "Complete")], Verdict(Readiness.READY)),
        (10, [build(10, "Complete"), build(9, "Failed")], Verdict(Readiness.READY)),
        (
            10,
            [build(9, "Complete"), build(10, "Running")],
            Verdict(Readiness.PROGRESSING, "build d-10 is Running"),
        ),
        (2, [build(1, "Complete")], Verdict(Readiness.PROGRESSING, "build d-2 was not started yet")),
        (2, [build(1, "Complete"), build(2, "Error")], Verdict(Readiness.FAILED, "build d-2 is Error")),
    ],
)
def test_a_build_config_is_as_ready_as_its_newest_build(
    last: int, builds: list[Object], verdict: Verdict
) -> None:
    given = live("BuildConfig", {"lastVersion": last}, version=BUILD)
    assert judge(given, Surroundings(builds=builds)) == verdict


@pytest.mark.parametrize(
    ("kind", "status", "version"),
    [
        ("ConfigMap", {}, "v1"),
        ("Namespace", {"phase": "Terminating"}, "v1"),
        ("CustomResourceDefinition", condition("Established", "True"), CRD),
        ("BuildConfig", {"lastVersion": 1}, BUILD),
        ("DaemonSet", {"observedGeneration": 2}, "apps/v1"),
    ],
)
def test_what_is_being_deleted_is_not_ready_whatever_its_status_says(
    kind: str, status: Object, version: str
) -> None:
    given = live(kind, status, version=version)
    given["metadata"] |= {"deletionTimestamp": "2020-01-01T00:00:00Z", "finalizers": ["example.com/hold"]}
    assert judge(given, Surroundings(builds=[build(1, "Complete")])) == Verdict(
        Readiness.PROGRESSING, "it is being deleted, and waits for the finalizer example.com/hold"
    )
