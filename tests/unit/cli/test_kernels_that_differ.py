"""Builds in which kernels differ in more than their names.

Matrix: a subchart that one kernel switches off, the first or the last; a CustomResourceDefinition that
only one kernel has; two kernels of one suffix; what is wrong for every kernel; states that differ.
Left out: objects that differ (test_build.py), kernels that fail (test_what_stays.py).
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

FIRST, LAST = "6.1.0-1", "6.1.0-2"
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  annotations:
    specialresource.openshift.io/kernel-affine: "true"
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {scope: Cluster, group: example.com, names: {kind: Thing, plural: things}}
"""


def places(project: Any) -> list[str]:
    """The folders of ConfigMaps, below that of the SR, one for each ConfigMap."""
    return sorted(path.split("/", 2)[2].rpartition("/")[0] for path in project.files() if "configmap" in path)


@pytest.fixture
def with_subchart(project: Any) -> Any:
    """Two kernels, and a chart whose subchart `s` has a state of its own and a template without number."""
    project.write_nodes(FIRST, LAST)
    project.write(
        "charts/kmod/Chart.yaml",
        "apiVersion: v2\nname: kmod\nversion: 1.0.0\ndependencies:\n"
        "- {name: s, version: 1.0.0, condition: s.enabled}\n",
    )
    project.write("charts/kmod/charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n")
    project.write("charts/kmod/charts/s/templates/0001-sub.yaml", CONFIG_MAP.format(name="sub"))
    project.write("charts/kmod/charts/s/templates/other.yaml", CONFIG_MAP.format(name="other"))
    return project


def switch_off(project: Any, kernel: str) -> None:
    is_it = f'eq .Values.kernelFullVersion "{kernel}"'
    key = "{{ if " + is_it + " }}s{{ else }}unused{{ end }}"
    project.write_spec(set={key: {"enabled": False}})


@pytest.mark.parametrize(("off", "on"), [(FIRST, LAST), (LAST, FIRST)])
def test_a_subchart_that_one_kernel_lacks_is_rendered_for_the_other(
    with_subchart: Any, off: str, on: str
) -> None:
    switch_off(with_subchart, off)
    outcome = with_subchart.build()
    assert (outcome.code, outcome.err) == (0, "")
    assert places(with_subchart) == sorted(
        [f"0000-state/{FIRST}", f"0000-state/{LAST}", f"0000-state/{on}", f"0001-sub/{on}"]
    )


def test_a_state_that_the_first_kernel_lacks_and_that_is_not_affine_is_told(with_subchart: Any) -> None:
    plain = CONFIG_MAP.format(name="sub").split("  annotations")[0]
    with_subchart.write("charts/kmod/charts/s/templates/0001-sub.yaml", plain)
    switch_off(with_subchart, FIRST)
    outcome = with_subchart.build()
    assert outcome.code == 0
    assert outcome.err == (
        "warning[state-depends-on-kernel]: state 0001-sub renders differently for kernels 6.1.0-1 and "
        "6.1.0-2, but nothing in it is kernel-affine\n"
        "  in: kmod\n"
        "  help: it is rendered once, for 6.1.0-1; annotate what differs "
        'specialresource.openshift.io/kernel-affine: "true"\n'
    )


def test_a_kind_that_only_one_kernel_declares_cluster_scoped_has_no_namespace(with_subchart: Any) -> None:
    with_subchart.write("charts/kmod/charts/s/templates/0001-sub.yaml", CRD)
    thing = CONFIG_MAP.format(name="one").replace("ConfigMap", "Thing").replace("v1", "example.com/v1")
    with_subchart.write("charts/kmod/charts/s/templates/other.yaml", thing)
    switch_off(with_subchart, FIRST)
    assert with_subchart.build().code == 0
    (text,) = (data for path, data in with_subchart.files().items() if "thing.example.com-" in path)
    assert "namespace" not in yaml.safe_load(text)["metadata"]


COLLISION = """\
{severity}[kernel-hash-collision]: kernels 6.1.0-a and 6.1.0_a have the same hash 34ddc8d92e000c47, so that names collide
  in: kmod
  note: ConfigMap/kmod/a-34ddc8d92e000c47 {what}
  help: the two kernels differ only in what the hash does not tell apart; give each a SpecialResource with a nodeSelector of its own
"""


def test_two_kernels_of_one_hash_are_both_named_and_an_error_where_objects_differ(project: Any) -> None:
    project.write_nodes("6.1.0_a", "6.1.0-a")
    text = CONFIG_MAP.format(name="a") + "data: {k: '{{ .Values.kernelFullVersion }}'}\n"
    project.write("charts/kmod/templates/0000-state.yaml", text)
    outcome = project.build()
    expected = COLLISION.format(severity="error", what="has different content for them")
    assert (outcome.code, outcome.err) == (2, f"{expected}nothing was written: 1 error\n")


def test_two_kernels_of_one_hash_whose_objects_are_equal_are_a_finding(project: Any) -> None:
    project.write_nodes("6.1.0_a", "6.1.0-a")
    project.write("charts/kmod/templates/0000-state.yaml", CONFIG_MAP.format(name="a"))
    outcome = project.build()
    expected = COLLISION.format(severity="warning", what="is written once for both")
    assert (outcome.code, outcome.err) == (0, expected)


def test_two_kernels_that_differ_in_more_have_hashes_of_their_own(project: Any) -> None:
    project.write_nodes("6.1.0_a", "6.1.0-b")
    project.write("charts/kmod/templates/0000-state.yaml", CONFIG_MAP.format(name="a"))
    assert (project.build().code, project.build().err) == (0, "")


def test_what_is_too_long_for_every_kernel_is_one_error(project: Any) -> None:
    project.write_nodes(*(f"6.1.0-{n}" for n in range(9)))
    text = CONFIG_MAP.format(name="x" * 60).replace("ConfigMap", "DaemonSet").replace("v1", "apps/v1")
    project.write("charts/kmod/templates/0000-state.yaml", text)
    outcome = project.build()
    assert (outcome.code, outcome.err.count("error[")) == (2, 1)
    assert outcome.err.startswith("error[object-label]: ")
    assert "  note: rendered by kmod/templates/0000-state.yaml\n" in outcome.err
    assert "  note: and so for 8 more of its kernels\n" in outcome.err


def test_a_state_that_depends_on_the_kernel_is_said_to_be_rendered_for_one_that_did_not_fail(
    project: Any,
) -> None:
    project.write_nodes(FIRST, LAST, "6.1.0-3")
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: '{{ .Values.kernelFullVersion }}'}\n",
    )
    fails = '{{ if eq .Values.kernelFullVersion "6.1.0-1" }}{{ fail "no" }}{{ end }}'
    project.write("charts/kmod/templates/0001-state.yaml", fails)
    outcome = project.build("--keep-going")
    assert outcome.code == 1
    assert "renders differently for kernels 6.1.0-2 and 6.1.0-3, but" in outcome.err
    assert "it is rendered once, for 6.1.0-2; annotate" in outcome.err


def test_templates_that_differ_in_their_endings_are_one_state(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yml", CONFIG_MAP.format(name="other"))
    outcome = project.build()
    assert (outcome.code, outcome.out.splitlines()[1].split()[-2:]) == (0, ["2", "objects"])
    lock = yaml.safe_load(project.files()["cluster/sro.lock.yaml"])
    states = lock["specialResources"][0]["states"]
    assert [(each["name"], each["template"]) for each in states[1:]] == [
        ("0000-state", "templates/0000-state.yaml")
    ]
