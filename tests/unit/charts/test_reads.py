"""Which values a record says were read, where, and what it took to write a text.

Matrix: each way to reach a value in Go templates and in Jinja, with all paths and places that are read;
whole subtrees; absent keys; sub-charts and globals; copies and changed values; variables and the dot that
hold what was read elsewhere; includes that are indented and quoted. Left out: that a record renders the
same texts (tests/laws/test_reads_laws.py).
"""

from __future__ import annotations

import pytest

from sro_render.charts.chart import load_chart
from sro_render.charts.dependencies import steering_paths
from sro_render.charts.engine import Engine, Recording
from sro_render.charts.scope import Capabilities, Release
from sro_render.limits import Limits

CHART = b"apiVersion: v2\nname: c\nversion: 0.1.0\n"
VALUES = b"""\
a: {b: {c: deep, d: other}, e: text}
list: [first, second]
tables: [{name: one}, {name: two}]
name: words
empty: {}
"""
SUBCHART = {
    "charts/s/Chart.yaml": b"apiVersion: v2\nname: s\nversion: 0.1.0\n",
    "charts/s/values.yaml": b"own: 1\nglobal: {mine: 2, table: {inner: 3}}\n",
}


def record(text: str, name: str = "a.yaml", **more: str) -> Recording:
    files = {"Chart.yaml": CHART, "values.yaml": VALUES, f"templates/{name}": text.encode()}
    files |= {f"templates/{key}.tpl": value.encode() for key, value in more.items()}
    return recorded(files)


def recorded(files: dict[str, bytes]) -> Recording:
    limits = Limits()
    engine = Engine(load_chart(files, "charts/c", limits), limits)
    return engine.record({}, Release(name="r", namespace="n"), Capabilities())


def leaves(recording: Recording) -> list[str]:
    """What is read, except the maps and lists on the way; `?` for what is not set."""
    shown = (".".join(map(str, read.path)) + ("" if read.is_set else "?") for read in recording.reads)
    tables = {read.path for read in recording.reads if read.is_table}
    return [each for each, read in zip(shown, recording.reads, strict=True) if read.path not in tables]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .Values.a.b.c }}", ["a.b.c"]),
        ("{{ with .Values.a }}{{ .b.c }}{{ $.Values.name }}{{ end }}", ["a.b.c", "name"]),
        ("{{ $x := .Values.a }}{{ $x.b.d }}", ["a.b.d"]),
        ('{{ index .Values "a" "b" "c" }}', ["a.b.c"]),
        ("{{ index .Values.list 1 }}", ["list.1"]),
        ('{{ (get .Values "a").e }}', ["a.e"]),
        ('{{ dig "a" "e" "" .Values.AsMap }}', ["a.e"]),
        ('{{ hasKey .Values.a "e" }}{{ hasKey .Values "no" }}', ["a.e", "no?"]),
        ('{{ pick .Values.a "e" | toYaml }}', ["a.e"]),
        ('{{ pluck "e" .Values.a .Values.empty }}', ["a.e", "empty.e?"]),
        ("{{ toYaml .Values.a.b }}", ["a.b.c", "a.b.d"]),
        ("{{ toJson .Values.tables }}", ["tables.0.name", "tables.1.name"]),
        ("{{ range .Values.tables }}{{ .name }}{{ end }}", ["tables.0.name", "tables.1.name"]),
        ("{{ range $k, $v := .Values.a.b }}{{ $v }}{{ end }}", ["a.b.c", "a.b.d"]),
        ("{{ if .Values.empty }}{{ .Values.name }}{{ end }}", []),
        ('{{ include "t" .Values.a }}{{ define "t" }}{{ .b.c }}{{ end }}', ["a.b.c"]),
        ('{{ template "t" (dict "x" .Values.a.b) }}{{ define "t" }}{{ .x.d }}{{ end }}', ["a.b.d"]),
        ('{{ tpl "{{ .Values.name }}" . }}', ["name"]),
        ('{{ default "x" .Values.absent }}', ["absent?"]),
        ("{{ (deepCopy .Values.a).b.c }}", ["a.b.c"]),
        ("{{ (.Values.Table `a.b`).c }}", ["a.b.c", "a.b.d"]),
        ("{{ .Values.PathValue `a.e` }}", ["a.e"]),
        ("{{ merge (dict) .Values.a.b | len }}", ["a.b.c", "a.b.d"]),
        ("{{ deepEqual .Values.list (list) }}", []),
        ("{{ first .Values.list }}{{ rest .Values.list }}", ["list.0", "list.1"]),
    ],
)
def test_go_templates_read(text: str, expected: list[str]) -> None:
    assert leaves(record(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ Values.a.b.c }}", ["a.b.c"]),
        ("{{ Values['a']['e'] }}", ["a.e"]),
        ("{{ Values.a.get('e') }}", ["a.e"]),
        ("{% set x = Values.a %}{{ x.b.c }}", ["a.b.c"]),
        ("{% for t in Values.tables %}{{ t.name }}{% endfor %}", ["tables.0.name", "tables.1.name"]),
        ("{% for k, v in Values.a.b.items() %}{{ v }}{% endfor %}", ["a.b.c", "a.b.d"]),
        ("{{ Values.a.b | toYaml }}", ["a.b.c", "a.b.d"]),
        ("{% if Values.absent is defined %}{% endif %}", ["absent?"]),
        ("{% if 'e' in Values.a %}{% endif %}", ["a.e"]),
        ("{% macro m(x) %}{{ x.b.d }}{% endmacro %}{{ m(Values.a) }}", ["a.b.d"]),
        ("{{ Values.list[0] }}{{ Values.list[1:] }}", ["list.0", "list.1"]),
    ],
)
def test_jinja_templates_read(text: str, expected: list[str]) -> None:
    assert leaves(record(text, "a.yaml.j2")) == expected


def test_a_read_has_the_place_of_the_innermost_action_and_once_each() -> None:
    recording = record(
        '{{ include "t" . | quote }}\n{{ .Values.name }}{{ .Values.name }}',
        t="""\
{{ define "t" -}}
{{ range .Values.list }}{{ $.Values.name }}{{ end }}
{{- end }}""",
    )
    assert [(".".join(map(str, read.path)), str(read.place)) for read in recording.reads] == [
        ("list", "charts/c/templates/t.tpl:2:10"),
        ("list.0", "charts/c/templates/t.tpl:2:10"),
        ("list.1", "charts/c/templates/t.tpl:2:10"),
        ("name", "charts/c/templates/t.tpl:2:28"),
        ("name", "charts/c/templates/a.yaml:2:4"),
        ("name", "charts/c/templates/a.yaml:2:22"),
    ]


def test_subcharts_read_below_their_name_and_globals_where_they_are_given() -> None:
    files = {
        "Chart.yaml": CHART,
        "values.yaml": b"s: {own: 5}\nglobal: {shared: 1, table: {outer: 2}}\n",
        **SUBCHART,
        "charts/s/templates/a.yaml": b"""\
{{ .Values.own }} {{ .Values.global.shared }} {{ .Values.global.mine }}
{{ .Values.global.table.outer }} {{ .Values.global.table.inner }} {{ .Values.global.no }}
""",
    }
    assert leaves(recorded(files)) == [
        "s.own",
        "global.shared",
        "s.global.mine",
        "global.table.outer",
        "s.global.table.inner",
        "global.no?",
    ]


def test_what_decides_which_subcharts_take_part_is_known_too() -> None:
    chart = CHART + (
        b"dependencies:\n- {name: s, version: 0.1.0, alias: t, condition: 't.on,global.on', tags: [x]}\n"
    )
    loaded = load_chart({"Chart.yaml": chart, **SUBCHART}, "charts/c", Limits())
    assert list(steering_paths(loaded)) == [("t", "on"), ("global", "on"), ("tags", "x")]


def origins(recording: Recording, template: str, word: str) -> tuple[str, list[str], list[str]]:
    """Of a word in the text: its place, what the acts that wrote it read, and what guards them."""
    trace = recording.traces[f"c/templates/{template}"]
    origin = trace.origin_of(trace.text.index(word))
    assert origin is not None
    paths = [".".join(map(str, path)) for act in origin.acts[-1:] for path in act.reads]
    return str(origin.place), paths, [guard.span.text for act in origin.acts for guard in act.guards]


GO = """\
{{- $x := .Values.name | upper }}
{{- $d := dict "k" .Values.a.e }}
plain: text
variable: {{ $x }}
field: {{ $d.k | quote }}
{{- range $i, $e := .Values.list }}
- {{ $e }}
- {{ . | upper }}
{{- end }}
{{- if eq .Values.name "words" }}
guarded: {{ .Values.a.b.c }}
{{- end }}
labels:
  {{- include "labels" (dict "n" .Values.a.b.d) | nindent 2 }}
{{ include "labels" (dict "n" "lit") | quote }}
"""
LABELS = """\
{{ define "labels" }}
one: 1
two: {{ .n }}
{{ end }}"""


@pytest.mark.parametrize(
    ("word", "place", "reads", "guards"),
    [
        ("text", "a.yaml:3:8", [], []),
        ("WORDS", "a.yaml:4:14", ["name"], []),
        ('"text"', "a.yaml:5:11", ["a", "a.e"], []),
        ("second", "a.yaml:7:6", ["list.1"], ["$i, $e := .Values.list"]),
        ("FIRST", "a.yaml:8:6", ["list.0"], ["$i, $e := .Values.list"]),
        ("deep", "a.yaml:11:13", ["a", "a.b", "a.b.c"], ['eq .Values.name "words"']),
        ("one: 1", "labels.tpl:2:1", [], []),
        ("other", "labels.tpl:3:9", ["a", "a.b", "a.b.d"], []),
        ("lit", "labels.tpl:3:9", [], []),
    ],
)
def test_a_text_knows_what_wrote_it_in_go_templates(
    word: str, place: str, reads: list[str], guards: list[str]
) -> None:
    found = origins(record(GO, labels=LABELS), "a.yaml", word)
    assert found == (f"charts/c/templates/{place}", reads, guards)


@pytest.mark.parametrize(
    ("word", "place", "reads"),
    [
        ("text", "a.yaml.j2:2:4", []),
        ("WORDS", "a.yaml.j2:3:4", ["name"]),
        ("second", "a.yaml.j2:5:6", ["list.1"]),
        ("[deep", "a.yaml.j2:8:4", ["a", "a.b", "a.b.c"]),
    ],
)
def test_a_text_knows_what_wrote_it_in_jinja(word: str, place: str, reads: list[str]) -> None:
    text = """\
{% set x = Values.name | upper %}
p: text
{{ x }}
{% for e in Values.list %}
- {{ e }}
{% endfor %}
{% macro m(v) %}[{{ v }}]{% endmacro %}
{{ m(Values.a.b.c) }}
"""
    found = origins(record(text, "a.yaml.j2"), "a.yaml.j2", word)
    assert found[:2] == (f"charts/c/templates/{place}", reads)


def test_what_a_template_puts_into_the_values_was_read_where_it_came_from() -> None:
    text = '{{ $_ := set .Values "made" (upper .Values.name) }}x: {{ .Values.made }}'
    assert origins(record(text), "a.yaml", "WORDS")[1] == ["name"]
