"""What a chart asks to be waited for: batches, annotations, hooks, CRDs, and logs.

Matrix: each reason to wait, alone and beside others; with and without `--no-wait`; logs by kind of object and
by what matches; patterns that can never match. Left out: reading logs from a server, which tests/cluster has.
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.readiness import Surroundings, judge
from sro_apply.planning.verdict import Readiness, Verdict
from sro_apply.planning.waits import batches, faults_of_waits, has_match, must_wait
from sro_render.model.objects import object_id

LOGS = "specialresource.openshift.io/wait-for-logs"


def made(name: str, kind: str = "ConfigMap", version: str = "v1", **annotations: str) -> BundleObject:
    manifest: Any = {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
    if annotations:
        manifest["metadata"]["annotations"] = {KEYS[key]: value for key, value in annotations.items()}
    return BundleObject(id=object_id(manifest), manifest=manifest, file=name)


KEYS = {"wait": "specialresource.openshift.io/wait", "logs": LOGS, "hook": "helm.sh/hook"}
CRD = ("CustomResourceDefinition", "apiextensions.k8s.io/v1")


@pytest.mark.parametrize(
    ("objects", "names"),
    [
        ([], []),
        ([made("a"), made("b")], [["a", "b"]]),
        ([made("a", wait="true"), made("b"), made("c")], [["a"], ["b", "c"]]),
        ([made("a"), made("b", wait="true"), made("c")], [["a", "b"], ["c"]]),
        ([made("a"), made("b", wait="true")], [["a", "b"]]),
        ([made("a", wait="false"), made("b")], [["a", "b"]]),
        ([made("a", logs="loaded"), made("b")], [["a"], ["b"]]),
        ([made("a", logs=""), made("b")], [["a", "b"]]),
        # Helm runs its hooks one after the other.
        ([made("a", hook="pre-install"), made("b", hook="pre-install")], [["a"], ["b"]]),
        ([made("a", *CRD), made("b", *CRD), made("c", "Thing", "x.io/v1")], [["a", "b"], ["c"]]),
    ],
)
def test_what_comes_after_an_object_that_is_waited_for_is_another_batch(
    objects: list[BundleObject], names: list[list[str]]
) -> None:
    assert [[each.id.name for each in batch] for batch in batches(objects)] == names


@pytest.mark.parametrize(
    ("each", "is_asked"),
    [
        (made("a"), False),
        (made("a", "DaemonSet", "apps/v1"), False),
        (made("a", wait="true"), False),
        (made("a", logs="loaded"), False),
        (made("a", "Job", "batch/v1", hook="post-install"), True),
        (made("a", *CRD), True),
        (made("a", "Namespace"), True),
    ],
)
def test_who_does_not_wait_waits_for_what_nothing_goes_on_without_and_for_hooks(
    each: BundleObject, is_asked: bool
) -> None:
    assert must_wait(each, waits=False) is is_asked
    assert must_wait(each, waits=True)


def pod(name: str, node: str = "", phase: str = "Running", app: str = "d") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": {"app": app}},
        "spec": {"nodeName": node or f"node-{name}"},
        "status": {"phase": phase},
    }


def waiting(kind: str, version: str, status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "d", "uid": "uid-d", "generation": 1, "annotations": {LOGS: "module .* loaded"}},
        "spec": {"selector": {"matchLabels": {"app": "d"}}, **spec},
        "status": {"observedGeneration": 1, **status},
    }


RUNS = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberReady": 2}
DONE = {"conditions": [{"type": "Complete", "status": "True"}]}


@pytest.mark.parametrize(
    ("live", "pods", "matched", "verdict"),
    [
        (
            waiting("DaemonSet", "apps/v1", RUNS),
            [pod("a"), pod("b")],
            {"uid-a"},
            Verdict(
                Readiness.PROGRESSING,
                "the logs of 1 of 2 pods do not match 'module .* loaded' yet (node-b)",
            ),
        ),
        (
            waiting("DaemonSet", "apps/v1", RUNS),
            [pod("a"), pod("b"), pod("other", app="x")],
            {"uid-a", "uid-b"},
            Verdict(Readiness.READY),
        ),
        # Nothing is said of logs before the pods are ready.
        (
            waiting("DaemonSet", "apps/v1", {**RUNS, "numberReady": 1}),
            [pod("a"), pod("b")],
            set(),
            Verdict(Readiness.PROGRESSING, "1 of 2 pods are ready (node-a, node-b)"),
        ),
        # A Job is done although a pod before the last one failed.
        (
            waiting("Job", "batch/v1", DONE),
            [pod("a", phase="Failed"), pod("b", phase="Succeeded")],
            {"uid-b"},
            Verdict(Readiness.READY),
        ),
        (
            waiting("Pod", "v1", {"phase": "Succeeded"}),
            [],
            set(),
            Verdict(Readiness.PROGRESSING, "the logs of 1 of 1 pods do not match 'module .* loaded' yet"),
        ),
    ],
)
def test_an_object_that_waits_for_logs_is_ready_when_all_its_pods_printed_what_it_asks_for(
    live: dict[str, Any], pods: list[dict[str, Any]], matched: set[str], verdict: Verdict
) -> None:
    assert judge(live, Surroundings(pods=pods, matched=frozenset(matched))) == verdict


@pytest.mark.parametrize(
    ("pattern", "log", "found"),
    [
        ("loaded", "module simple-kmod loaded\nsleeping", True),
        (r"loaded\s*$", "module loaded\n", True),
        (r"^loaded", "one\nloaded", False),
        (r"(?m)^loaded", "one\nloaded", True),
        ("x", "", False),
        (r"\pL+!", "größer!", True),
        # Backtracking would take longer than the universe has.
        ("(a+)+$", "a" * 5000 + "!", False),
    ],
)
def test_a_pattern_matches_anywhere_as_in_go(pattern: str, log: str, found: bool) -> None:
    assert has_match(pattern, log) is found


def test_what_can_never_be_waited_for_is_told() -> None:
    objects = (
        made("good", "DaemonSet", "apps/v1", logs="loaded"),
        made("a", "ConfigMap", logs="x"),
        made("b", "Pod", logs="(unclosed"),
        made("c", "Pod", logs=r"(?=lookahead)"),
    )
    state = BundleState(name="s", objects=objects)
    resource = BundleResource(name="sr", namespace="n", states=(state,))
    assert list(faults_of_waits(RenderedBundle(cluster="c", resources=(resource,)))) == [
        f"ConfigMap/a: {LOGS}: a ConfigMap has no pods whose logs could be read",
        f"Pod/b: {LOGS}: '(unclosed' is no regular expression of RE2: missing ): (unclosed",
        f"Pod/c: {LOGS}: '(?=lookahead)' is no regular expression of RE2: invalid perl operator: (?=",
    ]
