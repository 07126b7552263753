"""Pipelines: constants and values for typed parameters, variables, calls.

Matrix: each parameter type x constant, value, nil in its forms, as argument and from the pipeline;
what Go finds out only when an action runs; which missing values become findings. Chains of fields
stand in test_fields, the grammar in test_parser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sro_render.errors import TemplateError
from sro_render.gotemplate.values import Int64

DOT = {"m": {"a": 1}, "s": "text", "f": 2.0, "null": None, "l": [None], "i64": Int64(7)}


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ('trunc 2 "abc"', "ab"),
        ('trunc 2.0 "abc"', "ab"),
        ("trunc 'a' \"abc\"", "abc"),
        ('trunc 0x1 "abc"', "a"),
        ('"abc" | trunc 2', "ab"),
        ("float64 1", "1"),
        ("float64 .f", "2"),
        ("float64 18446744073709551615", "1.8446744073709552e+19"),
        ("int64 5", "5"),
        ("int64 5.0", "5"),
        ("int64 .i64", "7"),
        ("flag true", "true"),
        ("keyCount nil", "0"),
        ("keyCount .m", "1"),
        ("keyCount (.absent)", "0"),
        (".absent | keyCount", "0"),
        (".null | keyCount", "0"),
        ("print 1.0 1 1e3 'a' true nil", "1 1 1000 97 true <nil>"),
        ('"a" | print "b" | printf "%s-%s" "c"', "c-ba"),
        ("print .null .absent", "<nil> <nil>"),
        ("$x := 5 | print}}{{$x", "5"),
        ("$x := .absent}}{{$x.y.z", "<no value>"),
        ("$x := 1}}{{$x = .absent}}{{$x", "<no value>"),
        ("($y := 5)}}{{$y", "55"),
        ("if false}}{{$y = 1}}{{print $y}}{{end", ""),
        ("if false}}{{$y := $y}}{{trunc 1}}{{end", ""),
        ('$x := 1}}{{$x := print $x}}{{printf "%q" $x', '"1"'),
        ("print", ""),
        ("1 | ", "1"),
    ],
)
def test_a_pipeline_gives_what_go_gives(render: Callable[..., str], action: str, text: str) -> None:
    assert render(f"{{{{ {action} }}}}", DOT) == text


@pytest.mark.parametrize(
    ("action", "message", "marked"),
    [
        ("trunc 1.5 .s", "argument 1 of trunc must be of type int, not 1.5", "1.5"),
        ('trunc "1" .s', 'argument 1 of trunc must be of type int, not "1"', '"1"'),
        ("trunc nil .s", "argument 1 of trunc must be of type int, not nil", "nil"),
        ("trunc 1 2", "argument 2 of trunc must be of type string, not 2", "2"),
        ("trunc 1 true", "argument 2 of trunc must be of type string, not true", "true"),
        ("trunc .f .s", "argument 1 of trunc must be of type int, not float64", ".f"),
        ("trunc .i64 .s", "argument 1 of trunc must be of type int, not int64", ".i64"),
        ("trunc 1 .absent", "argument 2 of trunc must be of type string, but .absent is not set", ".absent"),
        ("trunc 1 .null", "argument 2 of trunc must be of type string, but it has no value", ".null"),
        (".absent | trunc 1", "argument 2 of trunc must be of type string, but .absent is not set", "trunc 1"),
        ("1 | float64", "argument 1 of float64 must be of type float64, not int", "float64"),
        ("int64 (len .s)", "argument 1 of int64 must be of type int64, not int", "len .s"),
        ("int64 9223372036854775808", "argument 1 of int64 must be of type int64, not 9223372036854775808", "9223372036854775808"),
        ("flag 1", "argument 1 of flag must be of type bool, not 1", "1"),
        ("keyCount .absent", "argument 1 of keyCount must be of type map[string]any, but .absent is not set", ".absent"),
        ("keyCount .null", "argument 1 of keyCount must be of type map[string]any, but it has no value", ".null"),
        ("keyCount $.null", "argument 1 of keyCount must be of type map[string]any, but it has no value", "$.null"),
        ("range .l}}{{keyCount .}}{{end", "argument 1 of keyCount must be of type map[string]any, but it has no value", "."),
        ("keyCount 1", "argument 1 of keyCount must be of type map[string]any, not 1", "1"),
        ("trunc 1", "trunc takes 2 arguments, not 1", "trunc 1"),
        (".s | trunc 1 2", "trunc takes 2 arguments, not 3", "trunc 1 2"),
        ("not", "not takes 1 argument, not 0", "not"),
        ("nil", "nil alone is no value", "nil"),
        ("1 2", "1 is no function, but has arguments", "1"),
        ("(1) 2", "(1) is no function, but has arguments", "1"),
        ("$ 2", "$ is no function, but has arguments", "$"),
        ("9223372036854775808", "9223372036854775808 does not fit into an int", "9223372036854775808"),
        ("$y = 1", "the variable $y is not declared here", "$y"),
        ("$y := $y", "the variable $y is not declared here", "$y"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_an_error_at_its_place(
    render: Callable[..., str], action: str, message: str, marked: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        render(f"{{{{ {action} }}}}", DOT)
    finding = caught.value.finding
    assert finding.span is not None
    assert (finding.message, finding.span.text) == (message, marked)


def test_the_whole_text_of_an_error_names_place_and_signature(render: Callable[..., str]) -> None:
    with pytest.raises(TemplateError) as caught:
        render("a: {{ .f | trunc 5 }}", DOT)
    assert str(caught.value) == (
        "error[template-runtime]: argument 2 of trunc must be of type string, not float64\n"
        "  --> main.yaml:1:12\n"
        "  1 | a: {{ .f | trunc 5 }}\n"
        "    |            ^^^^^^^\n"
        "  help: its signature is trunc(int, string) string"
    )


def test_the_pipeline_before_a_command_runs_before_its_arguments(render: Callable[..., str]) -> None:
    text = '{{ $d := dict "n" "" }}{{ set $d "n" "first" | print (set $d "n" (print $d.n "+second")).n }}'
    assert render(text) == "first+secondmap[n:first+second]"


def test_and_or_stop_early_but_the_pipeline_before_them_has_run(render: Callable[..., str]) -> None:
    assert render("{{ or 1 (index 1 1) }}{{ and 0 (index 1 1) }}") == "10"
    with pytest.raises(TemplateError):
        render("{{ index 1 1 | or 1 }}")


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("{{ .name }}", [".name is not set"]),
        ("{{ .m.name }}", [".m.name is not set"]),
        ("{{ $.m.name | quote }}", ["$.m.name is not set"]),
        ("{{ quote .name .m.b }}", [".name is not set", ".m.b is not set"]),
        ("{{ eq .name 1 }}", [".name is not set"]),
        ("{{ $x := .name }}{{ $x }}{{ $x }}", [".name is not set"]),
        ("{{ (.name).b.c }}", [".name is not set"]),
        ('{{ index .m "b" }}', ['(index .m "b") is not set']),
        ("{{ or .name .m.b }}", [".m.b is not set"]),
        ("{{ keyCount (.name) }}", [".name is not set"]),
        ('{{ template "t" .name }}{{ define "t" }}{{ . }}{{ end }}', [".name is not set"]),
        ("{{ if .name }}{{ end }}{{ with .name }}{{ end }}{{ range .name }}{{ end }}", []),
        ("{{ .name | default 1 }}{{ default 1 .name }}{{ not .name }}{{ and .name 1 | not }}", []),
        ("{{ or .name 1 }}{{ $x := .name }}{{ .null }}{{ print .null }}", []),
    ],
)
def test_a_missing_value_is_a_finding_where_it_is_needed(
    engine: Callable[..., Any], text: str, messages: list[str]
) -> None:
    rendered = engine().render(text, DOT)
    assert [finding.message for finding in rendered.findings] == messages


def test_the_finding_of_a_missing_value_names_the_place_and_the_nearest_key(
    engine: Callable[..., Any],
) -> None:
    dot = {"Values": {"kernelFullVersion": "5.14"}}
    rendered = engine().render('kernel: "{{.Values.KernelFullVersion}}"', dot)
    [finding] = rendered.findings
    assert rendered.text == 'kernel: "<no value>"'
    assert (finding.code, finding.message) == ("missing-value", ".Values.KernelFullVersion is not set")
    assert finding.hint == "did you mean kernelFullVersion?"
    assert str(finding.span) == "main.yaml:1:12"
    assert finding.span.text == ".Values.KernelFullVersion"


def test_a_place_gives_its_finding_once(engine: Callable[..., Any]) -> None:
    rendered = engine().render("{{ range 3 }}{{ $.x }}{{ end }}", {})
    assert len(rendered.findings) == 1


def test_containers_never_hold_what_is_missing(render: Callable[..., str]) -> None:
    assert (
        render('{{ printf "%v" (list .absent .null (dict "k" .absent)) }}', DOT)
        == "[<nil> <nil> map[k:<nil>]]"
    )
