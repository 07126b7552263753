"""Values that a spec sets and no template reads, and how their names are mended.

Matrix: each way to read a value (field, index, function, whole mapping, loop, include, tpl, sub-chart, global,
condition, Jinja), each way not to. Left out: what counts as a read of which path (charts/test_reads.py).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kmod\ndata:\n"


def unused(project: Any) -> list[str]:
    """The key paths that are unused."""
    outcome = project.run("lint", "spec.yaml", "--charts", "charts", "-o", "json")
    problems = json.loads(outcome.out)["problems"]
    assert [each for each in problems if each["severity"] == "error"] == []
    return [each["path"] for each in problems if each["code"] == "unused-value"]


@pytest.mark.parametrize(
    ("read", "values", "found"),
    [
        ("{{ .Values.a }}", {"a": 1, "b": 2}, ["b"]),
        ("{{ .Values.a.b }}", {"a": {"b": 1, "c": 2}}, ["a.c"]),
        ("{{ .Values.a | toYaml | quote }}", {"a": {"b": 1, "c": {"d": [1]}}}, []),
        ('{{ index .Values "a" "b" }}', {"a": {"b": 1, "c": 2}}, ["a.c"]),
        (
            '{{ get .Values.a "b" }}{{ dig "a" "c" 0 (merge (dict) .Values) }}',
            {"a": {"b": 1, "c": 2}, "d": 3},
            [],
        ),
        ("{{ range $k, $v := .Values.a }}{{ $k }}{{ $v }}{{ end }}", {"a": {"b": 1}}, []),
        ("{{ with .Values.a }}{{ .b }}{{ end }}", {"a": {"b": 1, "c": 2}}, ["a.c"]),
        ("{{ $v := .Values }}{{ $v.a }}", {"a": 1, "b": 2}, ["b"]),
        ("{{ if .Values.a }}{{ .Values.b }}{{ end }}", {"a": False, "b": 2, "c": 3}, ["c"]),
        ("{{ if .Values.a }}x{{ end }}", {"a": {"b": 1}}, ["a.b"]),
        ("{{ default 1 .Values.a }}", {"a": 1, "b": {"c": 1, "d": 2}}, ["b"]),
        ("{{ tpl .Values.a . }}", {"a": '{{ "{{" }} .Values.b }}', "b": 1}, []),
        ("{{ .Values.a }}", {"a": [{"x": 1}], "kind": "Values", "apiVersion": "v1"}, []),
        ("{{ .Values.specialresource.spec.set.b }}", {"b": 1}, []),
        ("{{/* .Values.b */}}", {"b": 1}, []),
        ("b: {{ .Values.a }}", {"a": 1, "b": 1}, ["b"]),
    ],
)
def test_a_value_is_unused_if_nothing_reads_it(
    project: Any, read: str, values: dict[str, Any], found: list[str]
) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", f"{HEAD}  x: |\n    {read}\n")
    project.write_spec(set=values)
    assert unused(project) == [f"spec.set.{path}" for path in found]


def test_a_value_that_only_a_partial_a_sub_chart_or_jinja_reads_is_used(project: Any) -> None:
    project.write("charts/kmod/templates/_p.tpl", '{{ define "p" }}{{ .Values.a }}{{ end }}')
    project.write("charts/kmod/templates/0000-state.yaml", HEAD + "  x: '{{ include \"p\" . }}'\n")
    project.write(
        "charts/kmod/templates/1000-state.yaml.j2", HEAD.replace("kmod", "j") + "  x: '{{ Values.b }}'\n"
    )
    project.write("charts/kmod/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n")
    project.write(
        "charts/kmod/charts/sub/templates/c.yaml",
        HEAD.replace("kmod", "s") + "  x: '{{ .Values.c }}{{ .Values.global.d }}'\n",
    )
    project.write_spec(set={"a": 1, "b": 2, "sub": {"c": 3, "xx": 4}, "global": {"d": 5, "yy": 6}, "zz": 7})
    assert unused(project) == ["spec.set.sub.xx", "spec.set.global.yy", "spec.set.zz"]


def test_values_of_a_sub_chart_that_is_off_and_its_condition_are_used(project: Any) -> None:
    project.write(
        "charts/kmod/Chart.yaml",
        "apiVersion: v2\nname: kmod\nversion: 1.0.0\ndependencies:\n"
        "- {name: sub, version: 1.0.0, condition: subchart.on, alias: other}\n",
    )
    project.write("charts/kmod/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n")
    project.write("charts/kmod/charts/sub/templates/c.yaml", HEAD + "  x: '{{ .Values.c }}'\n")
    project.write_spec(set={"subchart": {"on": False}, "other": {"whatever": 1}})
    assert unused(project) == []


def test_what_is_said_names_the_nearest_value_that_is_read(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml", HEAD + "  x: '{{ default 1 .Values.driver.version }}'\n"
    )
    project.write_spec(set={"driver": {"vresion": 2}, "zz": 1})
    outcome = project.run("lint", "spec.yaml", "--charts", "charts")
    assert outcome.out.startswith(
        "warning[unused-value]: driver.vresion is set, and no template reads it\n"
        "  --> spec.yaml:14:7 (spec.set.driver.vresion)\n"
        "  14 |       vresion: 2\n"
        "     |       ^^^^^^^\n"
        "  in: kmod\n"
        "  help: did you mean version?\n"
        "warning[unused-value]: zz is set, and no template reads it\n"
        "  --> spec.yaml:15:5 (spec.set.zz)\n"
        "  15 |     zz: 1\n"
        "     |     ^^\n"
        "  in: kmod\n"
        "  help: remove it, or read it in a template of kmod\n"
    )


SET = """\
apiVersion: sro.openshift.io/v1beta1
kind: SpecialResource
metadata: {name: kmod}
spec:
  chart: {name: kmod, version: 1.0.0, repository: {name: r, url: 'file:///c'}}
"""
LAYOUTS = {
    "block style": SET + "  set:\n    @: 1 # vresion\n",
    "flow style": SET + "  set: {@: 1}\n",
    "quotes": SET + "  set:\n    '@'  :   1\n",
    "carriage returns": (SET + "  set:\n    @: 1\n").replace("\n", "\r\n"),
    "no line break at the end": SET + "  set:\n    @: 1",
    "an anchor": SET + "  set: &a\n    @: &b 1\n    other: *b\n",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_misspelt_name_is_mended(project: Any, layout: str) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        HEAD + "  x: '{{ default 1 .Values.version }}{{ .Values.other }}'\n",
    )
    path = project.write("spec.yaml", LAYOUTS[layout].replace("@", "vresion"))
    outcome = project.run("lint", "spec.yaml", "--charts", "charts", "--fix")
    assert path.read_bytes() == LAYOUTS[layout].replace("@", "version").encode()
    assert outcome.out.startswith("--- a/spec.yaml\n+++ b/spec.yaml\n@@ ")
    assert unused(project) == []


@pytest.mark.parametrize(
    "text",
    [
        SET + "  set:\n    version: 1\n    vresion: 1\n",  # the right name is there too
        SET + "  set:\n    <<: {vresion: 1}\n",  # it does not stand where it is set
        SET + "  set: {something: 1}\n",
    ],
)
def test_what_has_no_one_right_answer_stays(project: Any, text: str) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", HEAD + "  x: '{{ default 1 .Values.version }}'\n")
    path = project.write("spec.yaml", text)
    project.run("lint", "spec.yaml", "--charts", "charts", "--fix")
    assert path.read_bytes() == text.encode()


def test_between_a_spec_and_a_template_that_differ_the_spec_is_mended(project: Any) -> None:
    template = project.write("charts/kmod/templates/0000-state.yaml", HEAD + "  x: '{{ .Values.version }}'\n")
    before = template.read_bytes()
    spec = project.write("spec.yaml", SET + "  set: {vresion: 1}\n")
    project.run("lint", "spec.yaml", "--charts", "charts", "--fix")
    assert template.read_bytes() == before
    assert spec.read_text("utf-8") == SET + "  set: {version: 1}\n"


def test_a_template_is_not_mended_against_another_spec_of_the_same_chart(project: Any) -> None:
    template = project.write("charts/kmod/templates/0000-state.yaml", HEAD + "  x: '{{ .Values.verson }}'\n")
    project.write("charts/kmod/values.yaml", "version: 1\n")
    before = template.read_bytes()
    project.write("spec.yaml", f"{SET}---\n{SET.replace('name: kmod}', 'name: b}', 1)}  set: {{verson: 1}}\n")
    outcome = project.run("lint", "spec.yaml", "--charts", "charts", "--fix")
    assert template.read_bytes() == before
    assert outcome.out.startswith("warning[missing-value]: .Values.verson is not set\n")


def test_values_of_a_dependency_are_placed_silenced_and_mended_where_they_are_given(project: Any) -> None:
    project.write("charts/base/Chart.yaml", "apiVersion: v2\nname: base\nversion: 1.0.0\n")
    project.write("charts/base/templates/0000-a.yaml", HEAD + "  x: '{{ default 1 .Values.version }}'\n")
    given = (
        "  dependencies:\n  - chart: {name: base, version: 1.0.0, repository: {name: r, url: 'file:///c'}}\n"
        "    set: {vresion: 1, zz: 2}\n"
    )
    spec = project.write("spec.yaml", SET + given)
    assert unused(project) == ["spec.dependencies[0].set.vresion", "spec.dependencies[0].set.zz"]
    project.run("lint", "spec.yaml", "--charts", "charts", "--fix")
    assert spec.read_text("utf-8") == SET + given.replace("vresion", "version")
    silent = "metadata: {name: kmod, annotations: {sro.openshift.io/lint-ignore: unused-value}}"
    project.write("spec.yaml", (SET + given).replace("metadata: {name: kmod}", silent))
    outcome = project.run("lint", "spec.yaml", "--charts", "charts")
    assert outcome.out.splitlines()[-1].endswith("; 2 findings silenced: unused-value 2")


def test_a_chart_that_fails_says_nothing_of_its_values(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", '{{ fail "no" }}')
    project.write_spec(set={"zz": 1})
    outcome = project.run("lint", "spec.yaml", "--charts", "charts", "-o", "json")
    assert [each["code"] for each in json.loads(outcome.out)["problems"]] == ["chart-fails"]
