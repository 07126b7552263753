"""Rendering a chart's templates.

Matrix: choice of templates, partials, findings with their places, traces, sharing and copying of
values, limits, faults. Left out: what helm says to the texts (tests/helm), the language itself.
"""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import ChartError, LimitError, TemplateError, describe
from sro_render.limits import Limits

LIMITS = Limits()
RELEASE = Release(name="rel", namespace="ns")
CAPABILITIES = Capabilities()
HEAD = "apiVersion: v2\nname: c\nversion: 1.0.0\n"


def engine(files: dict[str, str], limits: Limits = LIMITS) -> Engine:
    data = {name: text.encode() for name, text in {"Chart.yaml": HEAD, **files}.items()}
    return Engine(load_chart(data, "charts/c", limits), limits)


def test_only_chosen_templates_and_partials_take_part() -> None:
    chart = engine(
        {
            "templates/a.yaml": '{{ include "p" . }}{{ define "of a" }}{{ end }}',
            "templates/b.yaml": '{{ include "of a" . }}',
            "templates/broken.yaml": "{{ if }}",
            "templates/_p.tpl": '{{ define "p" }}partial{{ end }}',
        }
    )
    rendering = chart.render({}, RELEASE, CAPABILITIES, templates=["c/templates/a.yaml"])
    assert rendering.texts == {"c/templates/a.yaml": "partial"}
    with pytest.raises(TemplateError, match='there is no template "of a"'):
        chart.render({}, RELEASE, CAPABILITIES, templates=["c/templates/b.yaml"])
    with pytest.raises(ChartError, match=r'the chart has no template "c/templates/x\.yaml"'):
        chart.render({}, RELEASE, CAPABILITIES, templates=["c/templates/x.yaml"])
    assert chart.template_names({}) == ("c/templates/a.yaml", "c/templates/b.yaml", "c/templates/broken.yaml")


def test_faults_of_several_templates_come_together() -> None:
    chart = engine({"templates/a.yaml": "{{ if }}", "templates/b.yaml": "{{ nonsense }}"})
    with pytest.raises(ExceptionGroup) as caught:
        chart.render({}, RELEASE, CAPABILITIES)
    places = [
        str(fault.finding.span) for fault in caught.value.exceptions if isinstance(fault, TemplateError)
    ]
    assert [place.rpartition(":")[0] for place in places] == [
        "charts/c/templates/b.yaml:1",
        "charts/c/templates/a.yaml:1",
    ]


def test_what_is_missing_is_a_finding_with_its_place_and_renders_as_nothing() -> None:
    chart = engine({"templates/a.yaml": 'a: [{{ .Values.KernelVersion }}]\nf: {{ .Files.Get "x" }}\n'})
    rendering = chart.render({"kernelVersion": "5"}, RELEASE, CAPABILITIES)
    assert rendering.texts == {"c/templates/a.yaml": "a: []\nf: \n"}
    assert [describe(finding, severity="warning") for finding in rendering.findings] == [
        """\
warning[missing-value]: .Values.KernelVersion is not set
  --> charts/c/templates/a.yaml:1:8
  1 | a: [{{ .Values.KernelVersion }}]
    |        ^^^^^^^^^^^^^^^^^^^^^
  help: did you mean kernelVersion?""",
        """\
warning[missing-file]: the chart has no file "x", so its content is empty
  --> charts/c/templates/a.yaml:2:7
  2 | f: {{ .Files.Get "x" }}
    |       ^^^^^^^^^^^^^^
  help: add it to the chart; files that .helmignore names are not in it""",
    ]


def render_action(action: str) -> tuple[str, list[str]]:
    """What one action writes, and all that is said of it."""
    chart = engine({"templates/a.yaml": f"{{{{ {action} }}}}", "f.txt": "x"})
    rendering = chart.render({}, RELEASE, CAPABILITIES)
    said = [describe(finding, severity="warning") for finding in rendering.findings]
    return rendering.texts["c/templates/a.yaml"], said


NO_LIST = "json: cannot unmarshal object into Go value of type []interface {}"
HAS_ERROR = "what it gives has the key Error: mend the text, or ask for that key with hasKey"
HOLDS_FAULT = "the list that it gives holds the fault alone: mend the text"


@pytest.mark.parametrize(
    ("action", "text", "message", "hint"),
    [
        ('lookup "v1" "Pod" "ns" "x"', "map[]", "[offline-lookup]: lookup of v1 Pod/ns/x finds nothing: rendering asks no cluster", "hand the fact in as a value"),
        ('getHostByName "h"', "", "[offline-lookup]: getHostByName of h finds nothing: rendering asks no name server", "hand the address in as a value"),
        ('.Files.Lines "f.tx"', "[]", '[missing-file]: the chart has no file "f.tx", so its content is empty', "did you mean f.txt?"),
        ('.Files.Get "Chart.yaml"', "", '[missing-file]: the chart has no file "Chart.yaml", so its content is empty', "templates do not reach the files that Helm itself uses"),
        ('fromYaml "a: b: c" | len', "1", "[not-readable]: fromYaml cannot read its text: a key and its colon cannot stand here (line 1)", HAS_ERROR),
        ('fromYamlArray "a: 1" | len', "1", f"[not-readable]: fromYamlArray cannot read its text: error unmarshaling JSON: while decoding JSON: {NO_LIST}", HOLDS_FAULT),
        ('fromJson "x" | len', "1", "[not-readable]: fromJson cannot read its text: invalid character 'x' looking for beginning of value", HAS_ERROR),
        ('fromJsonArray "{}" | len', "1", f"[not-readable]: fromJsonArray cannot read its text: {NO_LIST}", HOLDS_FAULT),
        ('toYaml (float64 "inf")', "", "[not-written]: toYaml writes nothing: inf is no number that JSON knows", "end the render where this happens: mustToYaml"),
        ('toPrettyJson (float64 "inf")', "", "[not-written]: toPrettyJson writes nothing: inf is no number that JSON knows", "end the render where this happens: mustToPrettyJson"),
    ],
)  # fmt: skip
def test_where_helm_hides_a_failure_there_is_a_finding(
    action: str, text: str, message: str, hint: str
) -> None:
    marks = "^" * len(action.removesuffix(" | len"))
    said = (
        f"warning{message}\n  --> charts/c/templates/a.yaml:1:4\n"
        f"  1 | {{{{ {action} }}}}\n    |    {marks}\n  help: {hint}"
    )
    assert render_action(action) == (text, [said])


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ('if false }}{{ lookup "v1" "Pod" "ns" "x" }}{{ end', ""),
        ('.Files.Get "f.txt"', "x"),
        ('fromYaml "a: b" | len', "1"),
        ('fromYamlArray "[a]" | len', "1"),
        ('fromJson "{}" | len', "0"),
        ('fromJsonArray "[]" | len', "0"),
        ('toYaml (float64 "1.5")', "1.5"),
        ('toPrettyJson (float64 "1.5")', "1.5"),
        ("list (list .Release.Name)", "[[rel]]"),
    ],
)
def test_where_helm_hides_nothing_there_is_none(action: str, text: str) -> None:
    assert render_action(action) == (text, [])


def test_an_address_in_the_output_is_a_finding() -> None:
    said = """\
warning[address-printed]: the output has the address of a value, which in Helm differs from run to run
  in: c/templates/a.yaml
  help: print fields of the value instead of the whole"""
    assert render_action('printf "%p" .Files') == ("0xc00000000000", [said])


def test_a_trace_leads_from_the_text_to_the_template() -> None:
    template = 'a: {{ .Values.none }}{{ .Values.x }}\n{{ include "p" . }}\n'
    chart = engine({"templates/a.yaml": template, "templates/_p.tpl": '{{ define "p" }}part{{ end }}'})
    values = {"x": "found"}
    text = chart.render(values, RELEASE, CAPABILITIES).texts["c/templates/a.yaml"]
    trace = chart.trace("c/templates/a.yaml", values, RELEASE, CAPABILITIES)
    assert trace.text == text == "a: found\npart\n"
    found = {
        word: str(trace.place_of(match.start()))
        for word in ("a:", "found", "part")
        for match in re.finditer(word, text)
    }
    assert found == {
        "a:": "charts/c/templates/a.yaml:1:1",
        "found": "charts/c/templates/a.yaml:1:25",
        "part": "charts/c/templates/a.yaml:2:4",
    }


def test_renders_do_not_see_each_others_changes() -> None:
    chart = engine(
        {
            "values.yaml": "shared: {count: 0, deep: {}}",
            "templates/a.yaml": '{{ $_ := set .Values.shared "count" (add1 .Values.shared.count) }}{{ .Values.shared.count }}',
            "templates/b.yaml": "{{ .Values.shared.count }}",
        }
    )
    prepared = chart.prepare({"big": {"x": [1]}})
    for _ in range(3):
        texts = chart.render(prepared, RELEASE, CAPABILITIES).texts
        assert texts == {"c/templates/a.yaml": "1", "c/templates/b.yaml": "0"}
    assert chart.chart.values == {"shared": {"count": 0.0, "deep": {}}}


def test_values_that_templates_cannot_change_are_shared_and_not_copied() -> None:
    chart = engine({"values.yaml": "a: {b: 1}", "templates/a.yaml": "{{ .Values.a.b }}"})
    given = {"big": {"x": [1]}}
    values = chart.prepare(given).values
    assert values["big"] is given["big"]
    assert values["a"] is chart.chart.values["a"]


def test_a_library_and_an_absent_dependency_are_refused() -> None:
    with pytest.raises(ChartError, match="c is a library: it has nothing to install"):
        engine({"Chart.yaml": HEAD + "type: library\n"})
    with pytest.raises(ChartError, match="the chart c depends on a, which is not in its folder charts"):
        engine({"Chart.yaml": HEAD + "dependencies: [{name: a, version: 1.0.0}]\n"})


def test_two_sub_charts_of_one_name_are_refused() -> None:
    sub = HEAD.replace("name: c", "name: s")
    head = HEAD + "dependencies: [{name: x, version: 1.0.0}]\n"
    files = {"Chart.yaml": head, "charts/a/Chart.yaml": sub, "charts/b/Chart.yaml": sub}
    files["charts/x/Chart.yaml"] = HEAD.replace("name: c", "name: x")
    with pytest.raises(ChartError, match='the chart c has two sub-charts called "s"'):
        engine(files).prepare({})


def test_a_sub_charts_values_must_be_a_mapping() -> None:
    chart = engine({"charts/s/Chart.yaml": HEAD.replace("name: c", "name: s")})
    with pytest.raises(ChartError) as caught:
        chart.prepare({"s": 1})
    assert describe(caught.value.finding) == (
        "error[chart-values]: `s` must be a mapping: it holds the values of the sub-chart c/s\n"
        "  --> s\n"
        "  help: write s: {...}, or give the sub-chart an alias"
    )


def test_the_charts_own_words_come_through() -> None:
    chart = engine({"templates/a.yaml": '{{ required "say which" .Values.x }}'})
    with pytest.raises(TemplateError) as caught:
        chart.render({}, RELEASE, CAPABILITIES)
    assert describe(caught.value.finding) == (
        "error[required-value]: say which\n"
        "  --> charts/c/templates/a.yaml:1:4\n"
        '  1 | {{ required "say which" .Values.x }}\n'
        "    |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  help: set this value"
    )


@pytest.mark.parametrize(
    "action",
    [
        "until 2000000",
        "seq 1 2000000",
        'repeat 100000000 "x"',
        "{{ range until 999999 }}{{ range until 99 }}{{ end }}{{ end }}",
        'indent 1000000000 "a"',
        r'nindent 1000 (repeat 1000000 "\n")',
        'join (repeat 100000 "a") (until 20000)',
        '{{ $x := "ab" }}{{ range until 60 }}{{ $x = replace "a" "aa" $x }}{{ end }}',
        'regexReplaceAll "a" (repeat 100000 "a") (repeat 100000 "b")',
        "{{ $y := list }}{{ range until 1000 }}{{ $y = append $y (until 900000) }}{{ end }}",
        "until (int64 9223372036854775807 | int)",
    ],
)
def test_lists_and_texts_cannot_grow_beyond_the_limits(action: str) -> None:
    text = action if action.startswith("{{") else f"{{{{ {action} | len }}}}"
    with pytest.raises(LimitError):
        engine({"templates/a.yaml": text}).render({}, RELEASE, CAPABILITIES)


def test_a_deadline_ends_the_render() -> None:
    def deadline() -> None:
        raise TimeoutError

    chart = engine({"templates/a.yaml": "{{ range until 10000 }}x{{ end }}"})
    with pytest.raises(TimeoutError):
        chart.render({}, RELEASE, CAPABILITIES, deadline=deadline)


@pytest.mark.parametrize("name", ["now", "randAlphaNum", "uuidv4", "genCA", "env", "expandenv"])
def test_functions_that_are_not_here_are_unknown(name: str) -> None:
    with pytest.raises(TemplateError, match=name):
        engine({"templates/a.yaml": f"{{{{ {name} }}}}"}).render({}, RELEASE, CAPABILITIES)


@pytest.mark.parametrize(
    ("given", "shown", "normalized"),
    [("1.31", "v1.31", "v1.31"), ("v1.31.2-gke.5", "v1.31.2-gke.5", "v1.31.2"), ("", "v1.37.0", "v1.37.0")],
)
def test_kubernetes_versions_lose_what_vendors_add(given: str, shown: str, normalized: str) -> None:
    version = Capabilities(given, ["x.io/v1"]).kube_version
    assert (version.version, version.normalized) == (shown, normalized)


@pytest.mark.parametrize("given", ["latest", "v1", f"v{2**64}.1", "v1." + "9" * 5000])
def test_a_kubernetes_version_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(ChartError, match=f'"{given}" is not a version of Kubernetes'):
        Capabilities(given)


HELD_OFTEN = "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}"


@pytest.mark.parametrize("function", ["deepCopy", "toJson", "toYaml", "toYamlPretty", "print"])
def test_values_that_hold_each_other_often_are_stopped_when_they_are_written_or_copied(
    monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    # With smaller bounds, since what is asked is that they are looked at, not where they are.
    for module in ("go_json", "go_yaml", "go_yaml_pretty"):
        monkeypatch.setattr(f"sro_render.yamltext.{module}.MAX_WRITTEN", 100_000)
    monkeypatch.setattr("sro_render.gotemplate.printing.MAX_TEXT", 100_000)
    limits = replace(LIMITS, max_loop_iterations=10_000)
    with pytest.raises(LimitError):
        engine({"templates/a.yaml": f"{HELD_OFTEN}{{{{ {function} $x | len }}}}"}, limits).render(
            {}, RELEASE, CAPABILITIES
        )


@pytest.mark.parametrize(
    "action",
    [
        "until -9223372036854775808",
        'untilStep 0 (int "-9223372036854775808") -1',
        "until .Values.large",
        "indent .Values.large `x`",
        "float64 .Values.huge",
        "round .Values.huge 1",
        'semver (repeat 5000 "1")',
        "mustToYaml .Values.huge",
    ],
)
def test_numbers_beyond_all_bounds_are_errors_of_the_template(action: str) -> None:
    values = {"large": 10**30, "huge": 10**400}
    with pytest.raises(TemplateError):
        engine({"templates/a.yaml": f"{{{{ {action} }}}}"}).render(values, RELEASE, CAPABILITIES)


def test_texts_of_thousands_of_digits_count_as_numbers_out_of_range() -> None:
    text = '{{ $d := repeat 5000 "1" }}{{ atoi $d }} {{ atoi (print "-" $d) }} {{ int $d }} {{ add $d 1 }}'
    rendered = engine({"templates/a.yaml": text}).render({}, RELEASE, CAPABILITIES)
    # As in Go: Atoi gives the nearest int, spf13/cast 0.
    assert rendered.texts["c/templates/a.yaml"] == "9223372036854775807 -9223372036854775808 0 1"
