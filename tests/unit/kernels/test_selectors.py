"""Where pods may run.

`nodeaffinity.jsonl` has pods, nodes and Kubernetes' own answer, one case a line: [pod spec, node name, node
labels, whether it fits]; made by k8s.io/component-helpers v0.31.0, GetRequiredNodeAffinity(pod).Match(node)
and nodeName, over random selectors, a share of them faulty.
Matrix: those; each operator once by hand; shapes that no server takes; labels that kubelet sets; where each
kind keeps its pod. Left out: preferred affinity, taints, resources.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sro_render.kernels.selectors import PodSelector, node_labels, pod_selector, read_pod_selector
from sro_render.model.inventory import KernelVersion, Node

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "nodeaffinity.jsonl").read_text("utf-8").splitlines()
]
LABEL = "feature.node.kubernetes.io/kernel-version.full"


def test_pods_fit_where_kubernetes_says_that_they_do() -> None:
    answers = [(case, read_pod_selector(case[0]).matches(case[2], case[1])) for case in CASES]
    assert [case for case, is_fit in answers if is_fit != case[3]] == []
    assert {case[3] for case, _ in answers} == {True, False}


def affinity(*terms: dict[str, Any]) -> dict[str, Any]:
    required = {"nodeSelectorTerms": list(terms)}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("term", "is_fit"),
    [
        (expression("a", "In", "1", "2"), True),
        (expression("a", "In", "3"), False),
        (expression("none", "In", "1"), False),
        (expression("a", "NotIn", "1"), False),
        (expression("a", "NotIn", "2"), True),
        (expression("none", "NotIn", "1"), True),
        (expression("a", "Exists"), True),
        (expression("none", "Exists"), False),
        (expression("a", "DoesNotExist"), False),
        (expression("none", "DoesNotExist"), True),
        (expression("a", "Gt", "0"), True),
        (expression("a", "Gt", "1"), False),
        (expression("a", "Lt", "2"), True),
        (expression("word", "Gt", "0"), False),
        ({}, False),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}, True),
        ({"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n"]}]}, False),
    ],
)
def test_each_operator_of_node_affinity_holds_where_it_should(term: dict[str, Any], is_fit: bool) -> None:
    assert read_pod_selector(affinity(term)).matches({"a": "1", "word": "x"}, "n") == is_fit


def test_one_of_several_terms_is_enough_and_a_faulty_one_does_no_harm() -> None:
    terms = (expression("a", "Sometimes"), expression("none", "Exists"), expression("a", "In", "1"))
    assert read_pod_selector(affinity(*terms)).matches({"a": "1"}, "n")
    assert not read_pod_selector(affinity()).matches({"a": "1"}, "n")


@pytest.mark.parametrize(
    "spec",
    [
        {"nodeSelector": {"a": True}},
        {"nodeSelector": ["a"]},
        {"nodeName": "other"},
        affinity(expression("a", "In", "1") | {"matchFields": "x"}),
        {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": "x"}}},
        affinity({"matchExpressions": [{"key": "a", "operator": "In", "values": [1]}]}),
    ],
)
def test_a_pod_that_no_server_takes_or_that_names_another_node_fits_nowhere(spec: dict[str, Any]) -> None:
    assert not read_pod_selector(spec).matches({"a": "1"}, "n")


def test_a_pod_that_asks_for_nothing_fits_everywhere() -> None:
    assert read_pod_selector({}) == PodSelector()
    assert PodSelector().matches({}, "n")


def test_a_node_has_the_labels_that_every_kubelet_sets_and_its_own_come_first() -> None:
    labels = {"kubernetes.io/hostname": "h", "x": "y"}
    node = Node(name="n", kernel=KernelVersion("6.1.0+1"), architecture="arm64", labels=labels)
    assert node_labels(node) == {
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "arm64",
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": "arm64",
        "kubernetes.io/hostname": "h",
        LABEL: "6.1.0_1",
        "x": "y",
    }
    assert "kubernetes.io/arch" not in node_labels(Node(name="n", kernel=KernelVersion("6.1.0")))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", ["spec"]),
        ("DaemonSet", ["spec", "template", "spec"]),
        ("DeploymentConfig", ["spec", "template", "spec"]),
        ("CronJob", ["spec", "jobTemplate", "spec", "template", "spec"]),
        ("BuildConfig", ["spec"]),
    ],
)
def test_each_kind_keeps_its_selector_at_its_place(kind: str, path: list[str]) -> None:
    manifest: Any = {"nodeSelector": {"a": "1"}}
    for key in reversed(path):
        manifest = {key: manifest}
    assert pod_selector({"kind": kind, **manifest}) == PodSelector(labels={"a": "1"})
    assert pod_selector({"kind": "ConfigMap", **manifest}) is None


def test_an_obstacle_is_said_in_words() -> None:
    labels = {"a": "1"}
    assert PodSelector(labels={"a": "1", "b": "2"}).obstacle(labels, "n") == "the label b=2"
    assert PodSelector(node_name="m").obstacle(labels, "n") == "the node m"
    assert PodSelector(terms=()).obstacle(labels, "n") == "what its node affinity requires"
