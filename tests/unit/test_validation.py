"""Schemas and Kubernetes' own rules.

Matrix: each kind of schema fault with its place; names by kind; labels and annotations, keys and
values. Sources: JSON Schema's keywords, and Kubernetes' rules for names and labels.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sro_render.edges import schemas
from sro_render.model.wording import format_path
from sro_render.source import Source
from sro_render.validation import check_object, check_schema

CHART = "  chart: {name: a, version: '1', repository: {name: r, url: 'file:///c'}}\n"
HEAD = "apiVersion: sro.openshift.io/v1beta1\nkind: SpecialResource\nmetadata: {name: a}\nspec:\n"


def faults(text: str, kind: str = "SpecialResource") -> list[tuple[str, str, str, str]]:
    """(code, place, path, message) of every fault of a document."""
    source = Source("s.yaml", text)
    value: Any = yaml.safe_load(text)
    return [
        (each.finding.code, str(each.finding.span), each.finding.path, each.finding.message)
        for each in check_schema(value, schemas.validator(kind), schemas.schema(kind), source=source)
    ]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("", []),
        (
            "  debug: 1\n",
            [("wrong-type", "s.yaml:6:10", "spec.debug", "this must be true or false, and is the number 1")],
        ),
        (
            "  managementState: Gone\n",
            [
                (
                    "wrong-value",
                    "s.yaml:6:20",
                    "spec.managementState",
                    "'Gone' is none of 'Managed', 'Unmanaged', 'Removed', 'Force'",
                )
            ],
        ),
        (
            "  nodeSelector: {a: true}\n",
            [
                (
                    "wrong-type",
                    "s.yaml:6:21",
                    "spec.nodeSelector.a",
                    "this must be a string, and is the boolean true",
                )
            ],
        ),
        (
            f"  namespace: {'n' * 64}\n",
            [("wrong-value", "s.yaml:6:14", "spec.namespace", "this has 64 characters, and may have 63")],
        ),
        (
            "  dependencies: [{set: {}}]\n",
            [("missing-key", "s.yaml:6:18", "spec.dependencies[0].chart", "'chart' is missing")],
        ),
        (
            "  driverContainer: {source: {git: {url: x}}}\n",
            [
                (
                    "unknown-key",
                    "s.yaml:6:36",
                    "spec.driverContainer.source.git.url",
                    "'url' is not a key of spec.driverContainer.source.git",
                )
            ],
        ),
        (
            "  debgu: true\n  set: []\n",
            [
                ("unknown-key", "s.yaml:6:3", "spec.debgu", "'debgu' is not a key of spec"),
                ("wrong-type", "s.yaml:7:8", "spec.set", "this must be a mapping or null, and is a list"),
            ],
        ),
    ],
)
def test_every_fault_has_its_place_and_words(spec: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert faults(HEAD + CHART + spec) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            HEAD.replace("v1beta1", "v1alpha1") + CHART,
            (
                "wrong-value",
                "s.yaml:1:13",
                "apiVersion",
                "'sro.openshift.io/v1alpha1' must be 'sro.openshift.io/v1beta1'",
            ),
        ),
        (
            HEAD + CHART.replace("file:///c", "/c"),
            (
                "wrong-value",
                "s.yaml:5:61",
                "spec.chart.repository.url",
                "'/c' is not of the form that is wanted here",
            ),
        ),
        (
            HEAD + CHART.replace("'1'", "1.0"),
            (
                "wrong-type",
                "s.yaml:5:29",
                "spec.chart.version",
                "this must be a string, and is the number 1.0",
            ),
        ),
        (
            HEAD + CHART.replace("name: a,", "name: '',"),
            ("wrong-value", "s.yaml:5:17", "spec.chart.name", "this must not be empty"),
        ),
        (
            HEAD + CHART + "stauts: {}\n",
            ("unknown-key", "s.yaml:6:1", "stauts", "'stauts' is not a key of this document"),
        ),
    ],
)
def test_faults_of_the_head_and_the_chart_have_theirs(text: str, expected: tuple[str, str, str, str]) -> None:
    assert faults(text) == [expected]


def found(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """(key path, message) of every fault of an object."""
    return [(format_path(path), error.finding.message) for path, error in check_object(manifest)]


def named(kind: str, name: Any, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **metadata}}


@pytest.mark.parametrize(
    ("kind", "name", "fits"),
    [
        ("ConfigMap", "a.b-c", True),
        ("ConfigMap", "a" * 253, True),
        ("ConfigMap", "a" * 254, False),
        ("ConfigMap", "-a", False),
        ("ConfigMap", "a..b", False),
        ("ConfigMap", "A", False),
        ("ConfigMap", "a_b", False),
        ("Namespace", "a-b", True),
        ("Namespace", "a.b", False),
        ("Namespace", "a" * 64, False),
        ("Service", "a1", True),
        ("Service", "1a", False),
        ("ClusterRole", "system:node", True),
        ("ClusterRole", "a/b", False),
        ("RoleBinding", "..", False),
        ("RoleBinding", "a%b", False),
    ],
)
def test_names_are_checked_by_the_rule_of_their_kind(kind: str, name: str, fits: bool) -> None:
    assert (found(named(kind, name)) == []) is fits


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({}, ["the object has no apiVersion", "the object has no kind", "the object has no name"]),
        (named("Job", None, generateName="a-"), ["the Job has generateName, but no name"]),
        (named("Job", 5), ["the name of an object must be a string, and is the number 5"]),
        (named("Job", "a", namespace="B"), ["'B' cannot be the name of a namespace"]),
        (named("Job", "a", labels=["x"]), ["this must be a mapping, and is a list"]),
        (named("Job", "a", labels={"a": None}), ["the value of label 'a' must be a string, and is null"]),
        (named("Job", "a", labels={"a": "b" * 64}), [f"'{'b' * 64}' cannot be the value of label 'a'"]),
        (named("Job", "a", labels={"a": ""}), []),
        (named("Job", "a", labels={"x/y/z": "1"}), ["'x/y/z' cannot be the key of a label"]),
        (named("Job", "a", labels={"example.com/a": "1"}), []),
        (named("Job", "a", annotations={"a": "any text, of any length" * 99}), []),
        (
            named("Job", "a", annotations={"a b": True}),
            [
                "'a b' cannot be the key of an annotation",
                "the value of annotation 'a b' must be a string, and is the boolean true",
            ],
        ),
    ],
)
def test_what_kubernetes_would_refuse_is_said(manifest: dict[str, Any], expected: list[str]) -> None:
    assert [message for _, message in found(manifest)] == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [([], ""), (["a"], "a"), (["a", 0, "b"], "a[0].b"), ([0], "[0]")],
)
def test_key_paths_are_written_as_people_write_them(path: list[str | int], text: str) -> None:
    assert format_path(path) == text


@pytest.mark.parametrize(
    "spec",
    [
        "spec: {chart: null}\n",
        "spec: []\n",
        "spec: {driverContainer: {artifacts: {hostPaths: x}}}\n",
        "spec: {driverContainer: {artifacts: {images: [{name: [], path: {}}]}}}\n",
        "spec: {set: 1, debug: {}, nodeSelector: {a: {}}, managementState: 3}\n",
        "spec: {dependencies: [{}, 1]}\nmetadata: 1\n",
    ],
)
def test_every_fault_of_a_schema_says_what_to_do(spec: str) -> None:
    text = "apiVersion: x\nkind: [y]\n" + spec
    value: Any = yaml.safe_load(text)
    kind = "SpecialResource"
    found = check_schema(value, schemas.validator(kind), schemas.schema(kind), source=Source("s.yaml", text))
    assert len(found) > 2
    assert [str(each) for each in found if not each.finding.hint] == []


@pytest.mark.parametrize(
    "manifest",
    [{"apiVersion": "a b", "kind": "c-d"}, named("Job", "A", namespace=1, labels=[], annotations="x")],
)
def test_everything_that_kubernetes_would_refuse_has_a_way_out(manifest: dict[str, Any]) -> None:
    assert [str(error) for _, error in check_object(manifest) if not error.finding.hint] == []
