"""Charts in Jinja2's syntax, and in both syntaxes.

Matrix: findings and errors with their places, includes, imports, inheritance, named templates of Go,
sub-charts, tpl, loops, Jinja's own filters and tests, white space, traces, sharing of values, the
example in both syntaxes. Left out: the library of functions (test_jinja_equality.py), attacks
(test_jinja_hostile.py).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.jinja_chart import JinjaCode
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import TemplateError, describe
from sro_render.limits import Limits
from sro_render.source import Source

LIMITS = Limits()
RELEASE = Release(name="rel", namespace="ns")
CAPABILITIES = Capabilities()
HEAD = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
ROOT = Path(__file__).parents[3]


def engine(files: dict[str, str]) -> Engine:
    data = {name: text.encode() for name, text in {"Chart.yaml": HEAD, **files}.items()}
    return Engine(load_chart(data, "charts/c", LIMITS), LIMITS)


def text_of(template: str, values: dict[str, Any] | None = None, **partials: str) -> str:
    files = {"templates/a.yaml.j2": template} | {f"templates/_{n}.j2": t for n, t in partials.items()}
    return engine(files).render(values or {}, RELEASE, CAPABILITIES).texts["c/templates/a.yaml.j2"]


def error_of(template: str, values: dict[str, Any] | None = None, **partials: str) -> str:
    with pytest.raises(TemplateError) as caught:
        text_of(template, values, **partials)
    return describe(caught.value.finding)


# Findings and errors


def test_a_missing_value_is_a_finding_with_its_place_and_renders_as_nothing() -> None:
    chart = engine({"templates/a.yaml.j2": "x: 1\na: [{{ Values.KernelVersion }}]\n"})
    rendering = chart.render({"kernelVersion": "5"}, RELEASE, CAPABILITIES)
    assert rendering.texts == {"c/templates/a.yaml.j2": "x: 1\na: []\n"}
    [finding] = rendering.findings
    assert describe(finding, severity="warning") == (
        "warning[missing-value]: Values.KernelVersion is not set\n"
        "  --> charts/c/templates/a.yaml.j2:2:8\n"
        "  2 | a: [{{ Values.KernelVersion }}]\n"
        "    |        ^^^^^^^^^^^^^^^^^^^^\n"
        "  help: did you mean kernelVersion?"
    )


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("Values.x ~ '-'", ["Values.x"]),
        ("[Values.x, values2]", ["Values.x", "values2"]),
        ("Values['x']", ["Values['x']"]),
        ("Values.x == 1", ["Values.x"]),
        ("Values.x | upper if Values.x else ''", []),
        ("Values.x is defined", []),
        ("Values.x | default('a')", []),
        ("[Values.y] | map(attribute='z') | len", ["map(attribute='z')"]),
        ("Values.x and 1", ["Values.x"]),
        ("'a' in Values.x", ["Values.x"]),
    ],
)
def test_a_missing_value_is_reported_where_it_goes_somewhere(expression: str, names: list[str]) -> None:
    chart = engine({"templates/a.yaml.j2": f"{{{{ {expression} }}}}"})
    findings = chart.render({"y": {}}, RELEASE, CAPABILITIES).findings
    assert [finding.message for finding in findings] == [f"{name} is not set" for name in names]


def test_a_field_of_what_is_not_set_is_an_error_at_the_first_name_that_is_missing() -> None:
    assert error_of("a: {{ Values.imge.name.x }}", {"image": {"name": "x"}}) == (
        "error[template-nil-pointer]: Values.imge is not set, so it has no field name\n"
        "  --> charts/c/templates/a.yaml.j2:1:7\n"
        "  1 | a: {{ Values.imge.name.x }}\n"
        "    |       ^^^^^^^^^^^\n"
        "  help: did you mean image?"
    )


def test_a_fault_of_a_function_is_said_at_its_filter() -> None:
    assert error_of("a:\n  - {{ 'x' | upper | indent('2') }}") == (
        "error[template-runtime]: argument 1 of indent must be of type int, not string\n"
        "  --> charts/c/templates/a.yaml.j2:2:22\n"
        "  2 |   - {{ 'x' | upper | indent('2') }}\n"
        "    |                      ^^^^^^^^^^^\n"
        "  help: its signature is indent(int, string) string"
    )


def test_an_error_in_a_macro_says_from_where_it_was_called() -> None:
    macros = "{% macro m(x) %}\n{{ fail(x) }}\n{% endmacro %}"
    assert error_of("{% import '_m.j2' as m %}\n{{ m.m('no') }}", m=macros) == (
        "error[chart-fails]: no\n"
        "  --> charts/c/templates/_m.j2:2:4\n"
        "  2 | {{ fail(x) }}\n"
        "    |    ^^^^^^^\n"
        "  note: included from charts/c/templates/a.yaml.j2:2:4"
    )


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "a\n{{ .Values.x }}",
            "error[template-syntax]: unexpected '.'|2:4|write Values.x for Go's .Values.x",
        ),
        ("{{ $x }}", "error[template-syntax]: unexpected char '$' at 3|1:4|write Values.x"),
        ("\n {% if x %}", "error[template-syntax]: Unexpected end of template|2:"),
        (
            "{{ 1 | toYml }}",
            "error[template-function-unknown]: there is no function or filter toYml|1:8|toYaml",
        ),
        ("{{ 1 | tojson }}", "there is no function or filter tojson|1:8|write toJson"),
        ("{{ 1 is strin }}", "there is no test strin|1:6|did you mean string?"),
        ("{{ toYml(1) }}", "there is no function toYml|1:4|did you mean toYaml?"),
        ("{{ values.x }}", "values is a function, so it has no x|1:4|did you mean Values?"),
        ("{{ dict(a=1) }}", 'dict takes no arguments by name|1:4|dict("key", value)'),
        ("{{ 1 | default('a', true) }}", "default takes 1 argument as a filter|1:8"),
        ("{% include '_n.j2' %}", 'the chart has no template "_n.j2"|1:12|did you mean _m.j2?'),
        ("a: {{ (1, 2) + [3] }}", "+ counts with numbers, not with []any and []any|1:7|concat(one, other)"),
    ],
)
def test_errors_say_what_would_have_been_right(template: str, message: str) -> None:
    said = error_of(template, m="")
    for part in message.split("|"):
        assert part in said


def test_faults_of_all_templates_come_together() -> None:
    chart = engine(
        {
            "templates/a.yaml.j2": "{% if %}",
            "templates/b.yaml": "{{ if }}",
            "templates/c.yaml.j2": "{{ x | y }}",
        }
    )
    with pytest.raises(ExceptionGroup) as caught:
        chart.render({}, RELEASE, CAPABILITIES)
    places = [str(e.finding.span) for e in caught.value.exceptions if isinstance(e, TemplateError)]
    assert [place.rpartition(":")[0] for place in places] == [
        "charts/c/templates/c.yaml.j2:1",
        "charts/c/templates/b.yaml:1",
        "charts/c/templates/a.yaml.j2:1",
    ]


def test_places_are_right_behind_other_line_ends_and_in_what_is_stripped() -> None:
    assert ":3:7\n" in error_of("a\r\nb\r\n  {{- 1/0 }}")
    assert ":4:4\n" in error_of("a  \n\n{%- if 1 -%}\n{{ 1/0 }}{% endif %}")


# Templates that use each other


def test_includes_imports_and_inheritance_work_inside_the_chart() -> None:
    base = "[{% block b %}base{% endblock %}]{% block c %}c{% endblock %}"
    assert (
        text_of('{% extends "_base.j2" %}{% block b %}own {{ super() }}{% endblock %}', base=base)
        == "[own base]c"
    )
    assert (
        text_of('{% set x = 1 %}{% include "_i.j2" %}', i="x={{ x }} {{ Values.y }}", values=None) == "x=1 "
    )
    assert (
        text_of(
            '{% from "_m.j2" import m %}{{ m(2) }}',
            {"y": 3},
            m="{% macro m(x) %}{{ x }}{{ Values.y }}{% endmacro %}",
        )
        == "23"
    )
    assert text_of('{% include "_none.j2" ignore missing %}ok') == "ok"
    assert text_of('{% include ["_none.j2", "_i.j2"] %}', i="i") == "i"
    assert text_of("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}x{% endcall %}") == "<x>"


def test_templates_one_after_the_other_are_not_taken_for_templates_inside_each_other() -> None:
    template = '{% for x in range(300) %}{% include "_i.j2" %}{{ m() }}{% endfor %}'
    macro = '{% macro m() %}{% include "_i.j2" %}{% endmacro %}'
    assert text_of(macro + template, i='{% extends "_base.j2" %}', base="b") == "b" * 600


def test_both_syntaxes_stand_in_one_chart_and_use_each_others_templates() -> None:
    chart = engine(
        {
            "templates/_go.tpl": '{{ define "labels" }}app: {{ .Release.Name }}{{ end }}',
            "templates/_j.j2": "from jinja: {{ Values.x }} {{ ctx.Release.Name }}",
            "templates/a.yaml.j2": '{{ include("labels", ctx) }}',
            "templates/b.yaml": '{{ include "c/templates/_j.j2" . }} {{ template "labels" . }}',
            "templates/NOTES.txt.j2": "notes {{ Values.x }}",
        }
    )
    rendering = chart.render({"x": 1}, RELEASE, CAPABILITIES)
    assert rendering.texts == {
        "c/templates/a.yaml.j2": "app: rel",
        "c/templates/b.yaml": "from jinja: 1 rel app: rel",
    }
    assert rendering.notes == "notes 1"
    assert chart.template_names({}) == ("c/templates/a.yaml.j2", "c/templates/b.yaml")


def test_a_subchart_sees_its_own_values_and_templates() -> None:
    chart = engine(
        {
            "charts/s/Chart.yaml": HEAD.replace("name: c", "name: s"),
            "charts/s/values.yaml": "v: sub",
            "charts/s/templates/_p.j2": "{{ Values.v }} {{ Template.Name }}",
            "charts/s/templates/x.yaml.j2": '{% include "_p.j2" %}',
            "templates/_p.j2": "parent",
            "templates/x.yaml.j2": '{% include "_p.j2" %} {% include "c/charts/s/templates/_p.j2" %} {{ Subcharts.s.Values.v }}',
        }
    )
    assert chart.render({"v": "top"}, RELEASE, CAPABILITIES).texts == {
        "c/charts/s/templates/x.yaml.j2": "sub c/charts/s/templates/x.yaml.j2",
        "c/templates/x.yaml.j2": "parent top c/templates/x.yaml.j2 sub",
    }


def test_tpl_takes_the_syntax_of_the_template_that_calls_it() -> None:
    chart = engine(
        {
            "templates/_m.j2": "{% macro m() %}m{% endmacro %}",
            "templates/a.yaml.j2": "{{ tpl(Values.j, ctx) }}{{ tpl('{{ x }}', {'x': 1}) }}",
            "templates/b.yaml": "{{ tpl .Values.g . }}",
        }
    )
    values = {"j": "{% import '_m.j2' as m %}{{ m.m() }}{{ Release.Name }}", "g": "{{ .Release.Name }}"}
    for _ in range(2):
        texts = chart.render(values, RELEASE, CAPABILITIES).texts
        assert texts == {"c/templates/a.yaml.j2": "mrel1", "c/templates/b.yaml": "rel"}


# Values


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% for k in Values.m %}{{ k }} {% endfor %}", "a b "),
        ("{% for k, v in Values.m %}{{ k }}={{ v }} {% endfor %}", "a=1 b=2 "),
        ("{% for k, v in Values.m.items() %}{{ k }}={{ v }} {% endfor %}", "a=1 b=2 "),
        ("{{ Values.m.keys() }} {{ Values.m.values() }} {{ Values.m.get('x', 3) }}", "[a b] [1 2] 3"),
        ("{% for x in Values.none %}x{% else %}else{% endfor %}", "else"),
        ("{% for x in Values.l if x > 1 %}{{ loop.index }}{{ x }}{% endfor %}", "1223"),
        ("{% for x in Values.l %}{{ loop.first }}{{ loop.last }}{{ loop.previtem }} {% endfor %}", "truefalse falsefalse1 falsetrue2 "),
        ("{% for x in Values.l %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "13"),
        ("{% for x in Values.l %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}", "1"),
        ("{% for x in Values.l %}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }}{% endfor %}", "atruebtrueafalse"),
        ("{% for x in [[1, [2]]] recursive %}{{ x if x is number else loop(x) }}{% endfor %}", "12"),
        ("{% set ns = namespace(n=0) %}{% for x in Values.l %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}", "6"),
        ("{% set d = {} %}{% do set(d, 'a', 1) %}{{ d }}", "map[a:1]"),
        ("{{ Values.l[-1] }} {{ Values.l[0:2] }} {{ 'abc'[1:] }}", "3 [1 2] bc"),
        ("{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 7 % 4 }} {{ 2 ** 10 }} {{ -1 }}", "7 3 3.5 2 3 1024 -1"),
        ("{{ true }} {{ none }}|{{ 1 if false }}|{{ 'a' 'b' }}", "true ||ab"),
        ("{{ 1 == 1.0 }} {{ true == 1 }} {{ [1] == [1.0] }} {{ 1 < 2 < 3 }} {{ 'a' in 'abc' }} {{ 1 not in [2] }}", "true false true true true true"),
        ("{{ Values.l | map('add', 1) }} {{ [{'a': 1}] | map(attribute='a') }}", "[2 3 4] [1]"),
        ("{{ Values.l | select('odd') }} {{ Values.l | reject('gt', 1) }}", "[1 3] [1]"),
        ("{{ [{'a': 1, 'n': 'x'}, {'a': 0, 'n': 'y'}] | selectattr('a') | map(attribute='n') | join(',') }}", "x"),
        ("{{ [{'a': 1}, {'a': 2}] | rejectattr('a', 'eq', 1) }}", "[map[a:2]]"),
        ("{{ ['b', 'A', 'c'] | sort }} {{ [3, 1] | sort(reverse=true) }} {{ Values.l | sum }}", "[A b c] [3 1] 6"),
        ("{{ Values.l | batch(2, 0) }} {{ Values.m | dictsort(by='value', reverse=true) }}", "[[1 2] [3 0]] [[b 2] [a 1]]"),
        ("{% for k, g in [{'a': 1}, {'a': 2}, {'a': 1}] | groupby('a') %}{{ k }}:{{ g | len }} {% endfor %}", "1:2 2:1 "),
        ("{{ 'ab' | length }} {{ 'a b' | wordcount }} {{ 'ab' | capitalize }} {{ -3 | abs }}[{{ 'a' | center(3) }}]", "2 2 Ab 3[ a ]"),
        ("{{ 4 is even }} {{ 'x' is string }} {{ Values.m is mapping }} {{ 3 is divisibleby 2 }} {{ 3 is not odd }} {{ none is none }}", "true true true false false true"),
        ("{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }} {{ m(1, 3, 4, c=5) }}", "12[]map[] 13[4]map[c:5]"),
        ("{% set x | upper %}a{{ 1 }}{% endset %}{{ x }}{% filter quote %}b{% endfilter %}", 'A1"b"'),
        ("{% raw %}{{ x }}{% endraw %}{# comment #}{{ '{{' }}", "{{ x }}{{"),
        ("{{ '<&>' }}", "<&>"),
        ("{{ list(*Values.l) }}{% macro m(a) %}{{ a }}{% endmacro %}{{ m(**{'a': 1}) }}", "[1 2 3]1"),
    ],
)  # fmt: skip
def test_jinjas_own_constructs_work_on_gos_values(template: str, text: str) -> None:
    assert text_of(template, {"m": {"b": 2.0, "a": 1.0}, "l": [1, 2, 3]}) == text


def test_blocks_leave_no_empty_lines() -> None:
    template = "a:\n  {% for x in [1, 2] %}\n  - {{ x }}\n  {% endfor %}\nb: 1\n"
    assert text_of(template) == "a:\n  - 1\n  - 2\nb: 1\n"


def test_the_set_tag_does_not_count_as_the_function_that_changes_values() -> None:
    def uses(text: str) -> bool:
        return "set" in JinjaCode(Source("t", text), "t", "c", LIMITS).uses

    assert not uses("{% set x = Values.a %}{{ x.set }}")
    assert uses("{% do set(Values.a, 'b', 2) %}")
    assert uses("{{ 2 | set(Values.a, 'b') }}")


def test_renders_do_not_see_each_others_changes() -> None:
    chart = engine({"templates/a.yaml.j2": "{% do set(Values.a, 'n', add1(Values.a.n)) %}{{ Values.a.n }}"})
    prepared = chart.prepare({"a": {"n": 0}})
    for _ in range(2):
        assert chart.render(prepared, RELEASE, CAPABILITIES).texts == {"c/templates/a.yaml.j2": "1"}


def test_imported_macros_see_the_values_of_their_own_render() -> None:
    chart = engine(
        {
            "templates/_m.j2": "{% macro m() %}{{ Values.x }}{% endmacro %}",
            "templates/a.yaml.j2": "{% import '_m.j2' as m %}{{ m.m() }}",
        }
    )
    for x in ("1", "2"):
        assert chart.render({"x": x}, RELEASE, CAPABILITIES).texts == {"c/templates/a.yaml.j2": x}


# Traces


def test_a_trace_leads_from_the_text_to_the_template() -> None:
    template = "a: {{ Values.x }}\n{% for y in [1, 2] %}\n- item{{ y }}\n{% endfor %}\n{% include '_p.j2' %}{{ self.b() }}{% block b %}block{% endblock %}"
    chart = engine({"templates/a.yaml.j2": template, "templates/_p.j2": "part\n"})
    values = {"x": "found"}
    text = chart.render(values, RELEASE, CAPABILITIES).texts["c/templates/a.yaml.j2"]
    trace = chart.trace("c/templates/a.yaml.j2", values, RELEASE, CAPABILITIES)
    assert trace.text == text == "a: found\n- item1\n- item2\npart\nblockblock"
    places = {
        match.start(): str(trace.place_of(match.start())).removeprefix("charts/c/templates/")
        for match in re.finditer("a:|found|item|[12]|part|block", text)
    }
    assert list(places.values()) == [
        "a.yaml.j2:1:1",
        "a.yaml.j2:1:7",
        "a.yaml.j2:3:3",
        "a.yaml.j2:3:10",
        "a.yaml.j2:3:3",
        "a.yaml.j2:3:10",
        "_p.j2:1:1",
        "a.yaml.j2:5:25",
        "a.yaml.j2:5:49",
    ]


# The example


def build(folder: Path) -> dict[str, str]:
    arguments = [
        "--inventory",
        "cluster.yaml",
        "--inventory",
        "driver-toolkits.yaml",
        "--charts",
        "charts",
        "--out",
        "out",
    ]
    subprocess.run(
        [sys.executable, "-m", "sro_render", "-q", "build", "specialresource.yaml", *arguments],
        check=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        env={"PYTHONPATH": str(ROOT)},
    )
    files = {
        path.relative_to(folder / "out").as_posix(): path.read_text("utf-8")
        for path in (folder / "out").rglob("*.yaml")
    }
    # The digest is that of the chart's files, and the lock lists these: they differ, and nothing else may.
    return {
        name: re.sub("sha256:[0-9a-f]{64}", "", text)
        for name, text in files.items()
        if not name.endswith("sro.lock.yaml")
    }


def test_the_example_renders_the_same_bytes_in_both_syntaxes(tmp_path: Path) -> None:
    for example in ("01-simple-kmod", "02-jinja"):
        shutil.copytree(ROOT / "examples" / example, tmp_path / example)
    # The documentation's chart misspells this name, and shows what a finding is.
    driver = tmp_path / "01-simple-kmod/charts/simple-kmod/templates/1000-driver-container.yaml"
    text = driver.read_text("utf-8")
    driver.write_text(text.replace(".Values.KernelFullVersion", ".Values.kernelFullVersion"), "utf-8")
    go, jinja = build(tmp_path / "01-simple-kmod"), build(tmp_path / "02-jinja")
    assert len(go) > 15
    assert jinja == go


def test_a_chart_of_go_templates_does_not_load_jinja(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "examples" / "01-simple-kmod", tmp_path / "x")
    code = (
        "import sys; from click.testing import CliRunner; from sro_render.cli.main import cli\n"
        "a = 'build specialresource.yaml --inventory cluster.yaml --charts charts --out out'.split()\n"
        "r = CliRunner().invoke(cli, a); assert r.exit_code == 0, r.output\n"
        "sys.exit('jinja2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=folder, env={"PYTHONPATH": str(ROOT)})
