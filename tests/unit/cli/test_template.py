"""`sro-render template`: what it says, and what helm cannot judge.

Matrix: whole messages of wrong calls and wrong charts, findings and --strict, time and seed, limits,
files that are written. Left out: what is printed (tests/helm/test_release.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

CHART = "apiVersion: v2\nname: c\nversion: 0.1.0\n"


@pytest.fixture
def chart(project: Any) -> Any:
    """A project with the chart `c`; its only template is yet to be written."""
    project.write("c/Chart.yaml", CHART)
    return project


def render(project: Any, text: str, *arguments: str) -> Any:
    project.write("c/templates/a.yaml", text)
    return project.run("template", "rel", "c", *arguments)


def test_a_document_that_is_not_yaml_names_the_template_line_that_wrote_it(chart: Any) -> None:
    outcome = render(chart, 'kind: A\n{{ if true }}\n{{ print "b: c: d" }}\n{{ end }}\n')
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[rendered-yaml]: c/templates/a.yaml renders text that is not YAML: "
        "a key and its colon cannot stand here\n"
        "  --> c/templates/a.yaml:3:4\n"
        '  3 | {{ print "b: c: d" }}\n'
        "    |    ^^^^^^^^^^^^^^^\n"
        "  note: rendered line 3, column 5: b: c: d\n"
        "  help: check the indentation, and quote a text that has a colon followed by a space\n"
    )


def test_a_missing_value_is_a_finding_and_under_strict_an_error(chart: Any) -> None:
    lenient = render(chart, "a: {{ .Values.x }}\n")
    assert (lenient.code, lenient.out) == (0, "---\n# Source: c/templates/a.yaml\na:\n")
    assert lenient.err.startswith("warning[missing-value]: .Values.x is not set\n  --> c/templates/a.yaml:1:")
    strict = render(chart, "a: {{ .Values.x }}\n", "--strict")
    assert (strict.code, strict.out) == (1, "")
    assert strict.err.startswith("error[missing-value]: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "b", "c"), "at most a name and a chart are expected, not a b c"),
        (("-g", "a", "c"), "--generate-name and a name contradict each other: give one of them"),
        (
            ("Name", "c"),
            "'Name' is not the name of a release: lower-case letters, digits, '-' and '.', at most 53",
        ),
        (
            ("rel", "c", "--now", "noon"),
            "Invalid value for '--now': 'noon' is not a time such as 2024-01-31T12:00:00Z",
        ),
        (
            ("rel", "c", "--seed-file", "c/sede"),
            (
                "Invalid value for '--seed-file': c/sede cannot be read: No such file or directory: in c there "
                "are Chart.yaml, Chart.yaml.short"
            ),
        ),
        (
            ("rel", "c", "--seed-file", "c/Chart.yaml.short"),
            "Invalid value for '--seed-file': c/Chart.yaml.short has less than 16 bytes: make one with head -c 32 /dev/urandom | base64",
        ),
        (("rel", "c", "--limit", "x"), "Invalid value for '--limit': 'x' is not NAME=NUMBER"),
        (
            ("rel", "c", "--limit", "output-byte=5"),
            "Invalid value for '--limit': there is no limit 'output-byte'; did you mean output-bytes?",
        ),
    ],
)
def test_wrong_calls(chart: Any, arguments: tuple[str, ...], message: str) -> None:
    chart.write("c/Chart.yaml.short", "short")
    outcome = chart.run("template", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines()[-1] == f"Error: {message}"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("cc", "did you mean c?"),
        (
            "https://example.org/charts/c",
            "charts of repositories are brought into a folder by sro-render vendor",
        ),
    ],
)
def test_a_chart_that_is_not_there(chart: Any, name: str, hint: str) -> None:
    outcome = chart.run("template", "rel", name)
    error = f"error[chart-not-found]: there is no folder or archive {name}\n  help: {hint}\n"
    assert (outcome.code, outcome.err) == (2, error)


def test_a_values_file_that_is_not_there_is_named_with_all_others(chart: Any) -> None:
    chart.write("values.yml", "a: 1\n")
    chart.write("broken.yaml", "a: [\n")
    outcome = render(chart, "a: 1\n", "-f", "values.yaml", "-f", "broken.yaml")
    assert outcome.code == 2
    assert outcome.err.startswith(
        "error[no-such-file]: there is no file values.yaml\n  help: did you mean values.yml?\nerror[yaml-syntax]: "
    )


def test_a_name_is_made_of_the_chart_and_the_time(chart: Any) -> None:
    chart.write("c/templates/a.yaml", "name: {{ .Release.Name }}\n")
    # 1706702400 is what `date -d 2024-01-31T12:00:00Z +%s` prints.
    for now in ("2024-01-31T12:00:00Z", "2024-01-31T13:00:00+01:00", "2024-01-31T12:00:00"):
        assert chart.run("template", "-g", "./c", "--now", now).out.endswith("name: c-1706702400\n")
    assert chart.run("template", "-g", "c").err == (
        "error[no-time]: --generate-name needs the time\n  help: give it with --now, or give the release a name\n"
    )


@pytest.mark.parametrize(
    ("text", "limit", "code"),
    [
        ("{{ range until 50 }}0123456789{{ end }}", "output-bytes=100", "limit-output"),
        ("{{ range until 50 }}{{ end }}", "loop-iterations=10", "limit-loop-iterations"),
        (
            '{{ define "r" }}{{ include "r" . }}{{ end }}{{ include "r" . }}',
            "call-depth=5",
            "limit-call-depth",
        ),
        ("{{ 1 }}" * 20, "template-bytes=50", "limit-template-size"),
        ("a: [[[[[1]]]]]", "yaml-depth=3", "rendered-yaml"),
    ],
)
def test_limits_can_be_set(chart: Any, text: str, limit: str, code: str) -> None:
    outcome = render(chart, text, "--limit", limit)
    assert outcome.code == 2
    assert outcome.err.startswith(f"error[{code}]: ")


def test_files_are_written_whole_and_named(chart: Any) -> None:
    outcome = render(chart, "kind: A\n---\nkind: B\n", "--output-dir", "out", "--release-name")
    written = chart.root / "out/rel/c/templates/a.yaml"
    assert outcome.out == f"wrote {Path('out/rel/c/templates/a.yaml')}\n"
    assert written.read_text() == (
        "---\n# Source: c/templates/a.yaml\nkind: A\n\n---\n# Source: c/templates/a.yaml\nkind: B\n\n"
    )


def test_a_link_to_a_chart_beside_is_that_chart_and_any_other_is_refused(chart: Any) -> None:
    chart.write("lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n")
    chart.write("lib/templates/_l.tpl", '{{ define "l" }}linked{{ end }}')
    chart.write("secret/key", "secret")
    (chart.root / "c/charts").mkdir(parents=True)
    (chart.root / "c/charts/lib").symlink_to("../../lib")
    assert render(chart, 'a: {{ include "l" . }}\n').out.endswith("a: linked\n")
    (chart.root / "c/charts/key").symlink_to("../../secret")
    outcome = render(chart, "a: 1\n")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[chart-link]: c/charts/key is a link that leads out of the chart\n  help: copy the file into the chart\n"
    )


def test_what_is_read_is_said_when_asked(chart: Any) -> None:
    chart.write("v.yaml", "a: 1\n")
    lines = render(chart, "a: 1\n", "-f", "v.yaml", "-v").err.splitlines()
    assert lines[0].startswith("chart c 0.1.0 of c, sha256:")
    assert lines[1] == "values of v.yaml"


def test_single_values_lie_over_those_of_files(chart: Any) -> None:
    chart.write("v.yaml", "a: file\nb: file\n")
    chart.write("text", "of a file\n")
    outcome = render(
        chart, "v: {{ .Values | toJson }}\n", "--set", "b=2,c={x,y}", "--set-file", "d=text", "-f", "v.yaml"
    )
    assert outcome.out.endswith('v: {"a":"file","b":2,"c":["x","y"],"d":"of a file\\n"}\n')


def test_a_file_of_a_single_value_that_is_not_there(chart: Any) -> None:
    outcome = render(chart, "a: 1\n", "--set-file", "d=c/Chart.yml")
    assert outcome.code == 2
    assert outcome.err == (
        "error[unreadable-file]: c/Chart.yml cannot be read: No such file or directory\n"
        "  help: did you mean c/Chart.yaml?\n"
    )


def test_a_value_that_the_schema_refuses_is_shown_where_it_stands(chart: Any) -> None:
    chart.write(
        "c/values.schema.json",
        '{"type": "object", "properties": {"port": {"type": "integer", "maximum": 65535}}}',
    )
    chart.write("v.yaml", "# ports\nport: 70000\n")
    outcome = render(chart, "p: {{ .Values.port }}\n", "-f", "v.yaml")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[values-schema]: this is greater than the maximum of 65535\n"
        "  --> v.yaml:2:7 (port)\n"
        "  2 | port: 70000\n"
        "    |       ^^^^^\n"
        "  in: chart c\n"
        "  note: says c/values.schema.json:1, at #/properties/port/maximum\n"
    )
    assert render(chart, "p: {{ .Values.port }}\n", "-f", "v.yaml", "--skip-schema-validation").code == 0


def test_a_deprecated_chart_is_a_finding(chart: Any) -> None:
    chart.write("c/Chart.yaml", f"{CHART}deprecated: true\n")
    outcome = render(chart, "a: 1\n")
    assert outcome.code == 0
    assert outcome.err == (
        "warning[chart-deprecated]: the chart c is deprecated\n"
        "  --> c/Chart.yaml\n"
        "  help: its description or its home may say what takes its place\n"
    )
    chart.write("c/Chart.yaml", f"{CHART}deprecated: false\n")
    assert render(chart, "a: 1\n").err == ""
