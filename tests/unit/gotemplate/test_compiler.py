"""Statements: if, with, range, template, block, break, continue.

Matrix: each statement x the values that it tells apart, the scopes of its variables, its else branch;
what range refuses. Pipelines stand in test_pipelines.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sro_render.errors import TemplateError
from sro_render.gotemplate.values import Int64, Uint8

DOT = {"l": [1, None, "x"], "m": {"b": 2, "a": 1}, "e": [], "n": 3.0, "s": "text", "ms": [{"a": 1}, {"a": 2}]}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{{if .s}}a{{end}}{{if .e}}b{{end}}", "a"),
        ("{{if .e}}1{{else if .x}}2{{else if .n}}3{{else}}4{{end}}", "3"),
        ("{{if .e}}1{{else}}2{{end}}", "2"),
        ("{{with .m}}{{.a}}{{$.n}}{{end}}", "13"),
        ("{{with .e}}1{{else with .m}}{{.a}}{{else}}3{{end}}", "1"),
        ("{{with .e}}1{{else}}{{.n}}{{end}}", "3"),
        ("{{with $x := .m}}{{$x.a}}{{end}}", "1"),
        ("{{with $x := .e}}{{else}}{{$x}}{{end}}", "[]"),
        ("{{range .l}}<{{.}}>{{end}}", "<1><<no value>><x>"),
        ("{{range $i, $e := .l}}{{$i}}={{$e}} {{end}}", "0=1 1=<no value> 2=x "),
        ("{{range $e := .l}}{{$e}}{{.}} {{end}}", "11 <no value><no value> xx "),
        ("{{range $k, $v := .m}}{{$k}}{{$v}} {{end}}", "a1 b2 "),
        ("{{range .m}}{{.}}{{end}}", "12"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{range $i := 2}}{{$i}}{{end}}", "01"),
        ("{{range 0}}a{{else}}b{{end}}{{range -1}}a{{else}}b{{end}}", "bb"),
        ('{{range (byte 2)}}{{printf "%T" .}} {{end}}', "uint8 uint8 "),
        ('{{range bytes "ab"}}{{.}} {{end}}', "97 98 "),
        ("{{range .e}}a{{else}}{{.n}}{{end}}", "3"),
        ("{{range .absent}}a{{else}}b{{end}}", "b"),
        ("{{range $x := .e}}{{else}}{{$x}}{{end}}", "[]"),
        ("{{$v := 8}}{{range $v = .l}}{{end}}{{$v}}", "x"),
        ("{{$i := 9}}{{$v := 8}}{{range $i, $v = .ms}}{{end}}{{$i}}{{$v.a}}", "12"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ('{{range .l}}{{if eq (print .) "x"}}{{break}}{{end}}{{.}},{{end}}', "1,<no value>,"),
        ("{{range $i, $e := .l}}{{if eq $i 1}}{{continue}}{{end}}{{$i}}{{end}}", "02"),
        ("{{range .l}}{{range $.l}}{{break}}{{end}}x{{end}}", "xxx"),
        ("{{range .l}}{{range $.e}}{{else}}{{break}}{{end}}x{{end}}", "xxx"),
        ("{{range .l}}{{range $.e}}{{else}}{{continue}}{{end}}x{{end}}y", "y"),
        ('{{define "t"}}[{{.}}]{{end}}{{template "t" .n}}{{template "t"}}', "[3][<no value>]"),
        ('{{define "t"}}{{$}}{{end}}{{$x := 1}}{{template "t" $x}}', "1"),
        ('{{block "b" .m}}{{.a}}{{end}}{{template "b" .m}}', "11"),
        ('{{template "t" $x := 5}}{{$x}}{{define "t"}}{{.}}{{end}}', "55"),
        ('{{if false}}{{template "absent"}}{{end}}', ""),
        ('a{{- /* c */ -}} b {{- "c" -}} d', "abcd"),
        ("", ""),
    ],
)
def test_a_statement_writes_what_go_writes(render: Callable[..., str], text: str, rendered: str) -> None:
    assert render(text, DOT) == rendered


@pytest.mark.parametrize(
    ("text", "message", "marked", "hint"),
    [
        ("{{range .s}}{{end}}", "range cannot go over a value of type string", ".s", ""),
        (
            "{{range .n}}{{end}}",
            "range cannot go over a value of type float64",
            ".n",
            "a number from a values file is float64; convert it with int",
        ),
        ("{{range true}}{{end}}", "range cannot go over a value of type bool", "true", ""),
        (
            "{{range $i, $x := 3}}{{end}}",
            "range over a number has no index",
            "$i, $x := 3",
            "declare one variable only",
        ),
        (
            '{{template "nme"}}{{define "name"}}{{end}}',
            'there is no template "nme"',
            'template "nme"',
            "did you mean name?",
        ),
    ],
)
def test_a_statement_that_cannot_run_says_why(
    render: Callable[..., str], text: str, message: str, marked: str, hint: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text, DOT)
    finding = caught.value.finding
    assert finding.span is not None
    assert (finding.message, finding.span.text, finding.hint) == (message, marked, hint)


def test_the_elements_of_a_range_over_a_sized_number_have_its_type(render: Callable[..., str]) -> None:
    assert render('{{range .}}{{printf "%T" .}}{{end}}', Int64(1)) == "int64"
    assert render("{{range .}}{{.}}{{end}}", Uint8(2)) == "01"
