"""A render that is recorded is the render: the same texts, the same errors, byte for byte.

Matrix: the charts of all examples, with the values of one kernel; charts that exercise the functions which
copy, change or compare values, in both syntaxes; generated templates (tests/bench/template_grammar.py), those that are
refused included. Left out: findings, which a record does not give.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from helm_batches import CHART, HELPERS
from template_grammar import VALUES, Templates

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import SroError, flatten
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext.reader import read_values

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/charts/*/Chart.yaml"))
LIMITS = Limits(max_output_bytes=2**20, max_loop_iterations=20_000)
RELEASE = Release(name="rel", namespace="ns")
RUNTIME = {
    "kernelFullVersion": "4.18.0-305.45.1.el8_4.x86_64",
    "kernelPatchVersion": "4.18.0-305.45",
    "operatingSystemMajor": "rhel8",
    "operatingSystemMajorMinor": "rhel8.4",
    "operatingSystemDecimal": "8.4",
    "clusterVersion": "4.9.0",
    "clusterVersionMajorMinor": "4.9",
    "driverToolkitImage": "quay.io/dtk@sha256:0123",
    "groupName": {"driverBuild": "driver-build", "driverContainer": "driver-container"},
    "platform": "OCP",
    "specialresource": {"metadata": {"name": "rel"}, "spec": {"namespace": "ns"}},
}


def outcome(engine: Engine, values: Mapping[str, Any], render: Callable[..., Any]) -> dict[str, str]:
    """The texts by template; of a render that is refused, what it says."""
    try:
        done = render(engine, values, RELEASE, Capabilities())
    except (SroError, ExceptionGroup) as error:
        return {str(number): str(each) for number, each in enumerate(flatten(error))}
    return dict(done.texts) if hasattr(done, "texts") else {n: t.text for n, t in done.traces.items()}


def assert_same(files: Mapping[str, bytes], values: Mapping[str, Any]) -> dict[str, str]:
    engine = Engine(load_chart(files, "charts/c", LIMITS), LIMITS)
    plain = outcome(engine, values, Engine.render)
    assert outcome(engine, values, Engine.record) == plain
    # Nothing of the record stays behind.
    assert outcome(engine, values, Engine.render) == plain
    return plain


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.parent.parent.name)
def test_the_charts_of_the_examples_render_the_same_when_recorded(folder: Path) -> None:
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    assert assert_same(files, RUNTIME)


CHANGING = """\
{{- $copy := deepCopy .Values.map }}
{{- $_ := set $copy "b" .Values.text }}
{{- $_ := set .Values.map "new" (list 1 2) }}
{{- $_ := unset .Values.map "a" }}
copy: {{ $copy | toJson }} {{ deepEqual $copy .Values.map }}
map: {{ .Values.map | toJson }} {{ .Values.map }} {{ len .Values.map }} {{ printf "%v %T" .Values.map .Values.map }}
same: {{ deepEqual .Values.map.b (dict "c" "deep" "d" (list 1.0 2.0)) }} {{ deepEqual .Values.list .Values.list }}
merged: {{ mustMergeOverwrite (dict) .Values.map (dict "x" .Values.list) | toYaml | b64enc }}
into: {{ merge .Values.map .Values.strings | toJson }}
lists: {{ concat .Values.list .Values.names | toJson }} {{ slice .Values.list 1 3 | toJson }} {{ rest .Values.names }}
more: {{ append .Values.names "q" }} {{ has "y" .Values.names }} {{ without .Values.names "x" }} {{ first .Values.list }}
sorted: {{ sortAlpha .Values.names | join "," }} {{ reverse .Values.names }} {{ uniq .Values.list }}
kinds: {{ kindOf .Values.map }} {{ typeOf .Values.list }} {{ typeIs "common.Values" .Values }} {{ kindIs "map" .Values }}
keys: {{ keys .Values.map | sortAlpha }} {{ values .Values.strings }} {{ pick .Values.map "b" }} {{ omit .Values.map "b" }}
pluck: {{ pluck "k" .Values.strings .Values.map }} {{ dig "b" "c" "no" .Values.map }} {{ get .Values.map "b" }}
table: {{ (.Values.Table "map.b").c }} {{ .Values.PathValue "map.b.c" }} {{ .Values.AsMap.text }}
toml: {{ toToml .Values.strings | quote }} {{ .Values.YAML | sha256sum }} {{ toPrettyJson .Values.map | sha256sum }}
tpl: {{ tpl "{{ .Values.text }}{{ range .Values.names }}{{ . }}{{ end }}" . }}
{{ range $i, $e := .Values.list }}{{ $i }}={{ $e }};{{ end }}
{{ range $k, $v := .Values.map }}{{ if eq $k "f" }}{{ break }}{{ end }}{{ $k }}={{ $v }};{{ end }}
{{ with .Values.map }}{{ with .b }}{{ .c }}{{ $.Values.text }}{{ end }}{{ else }}none{{ end }}
{{ template "t" (dict "a" .Values.map) }}{{ define "t" }}{{ .a.b.c }}{{ with .a }}{{ range .b.d }}{{ . }}{{ end }}{{ end }}{{ end }}
absent: {{ .Values.absent }} {{ default "x" .Values.absent }} {{ .Values.map.absent }}
"""

JINJA = """\
{% set x = Values.map %}
{{ x }} {{ x.b.c }} {{ x["b"].d[0] }} {{ Values.list[1:3] }} {{ Values.names | join("-") }}
{% for k, v in x.items() %}{{ k }}={{ v }};{% endfor %}
{% for e in Values.list if e %}{{ loop.index }}{{ e }}{% if loop.last %}!{% endif %}{% endfor %}
{{ x == Values.map }} {{ "b" in x }} {{ "x" in Values.names }} {{ Values.names == ["x", "y", "z"] }}
{% macro show(v) %}<{{ v }}{{ caller() if caller }}>{% endmacro %}
{{ show(Values.text) }}{% call show(Values.map.b.c) %}{{ Values.text }}{% endcall %}
{{ Values.map | toYaml }} {{ Values | toJson | sha256sum }} {{ x | dictsort }} {{ Values.names | sort(reverse=true) }}
{{ tpl("{{ Values.text }}", ctx) }} {{ deepCopy(x) == x }} {{ deepEqual(x, Values.map) }} {{ Values.absent | default("q") }}
{% filter upper %}{{ Values.text }}{% endfilter %} {{ Values.absent is defined }} {{ Values.list | length }}
"""


@pytest.mark.parametrize(("name", "text"), [("a.yaml", CHANGING), ("a.yaml.j2", JINJA)])
def test_functions_treat_watched_values_as_plain_ones(name: str, text: str) -> None:
    files = {"Chart.yaml": CHART, f"templates/{name}": text.encode()}
    [rendered] = assert_same(files, known_values()).values()
    assert "error[" not in rendered, rendered


def known_values() -> dict[str, Any]:
    return read_values(Source("values.json", json.dumps(VALUES, ensure_ascii=False)), LIMITS)


@pytest.mark.parametrize("seed", range(8))
def test_generated_templates_render_the_same_when_recorded(seed: int) -> None:
    templates = Templates(random.Random(seed))
    values = known_values()
    for _ in range(60):
        files = {
            "Chart.yaml": CHART,
            "templates/a.yaml": templates.template().encode(),
            "templates/_h.tpl": HELPERS,
        }
        assert_same(files, values)
