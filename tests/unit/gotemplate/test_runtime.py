"""A run: limits, deadline, findings, the chain of calls, text that templates make of templates, traces.

Matrix: each limit, reached from each kind of template; include and tpl; errors at depth; traces of
text, actions, loops and called templates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sro_render.errors import Finding, LimitError, TemplateError
from sro_render.gotemplate.program import Program
from sro_render.gotemplate.runtime import Run
from sro_render.limits import Limits
from sro_render.source import Source

NAMED = {
    "_helpers.tpl": '{{ define "name" -}}\n{{ .Values.name }}\n{{- end }}\n{{ define "outer" }}{{ include "name" . }}{{ end }}'
}


def test_include_renders_a_template_into_a_string(engine: Callable[..., Any]) -> None:
    rendered = engine(NAMED).render('a: {{ include "outer" . | quote }}', {"Values": {"name": "x"}})
    assert rendered.text == 'a: "x"'


def test_an_error_names_the_calls_that_led_to_it_innermost_first(engine: Callable[..., Any]) -> None:
    with pytest.raises(TemplateError) as caught:
        engine(NAMED).render('a:\n  {{ template "outer" . }}', {"values": 1})
    assert str(caught.value) == (
        "error[template-nil-pointer]: .Values is not set, so it has no field name\n"
        "  --> _helpers.tpl:2:4\n"
        "  2 | {{ .Values.name }}\n"
        "    |    ^^^^^^^\n"
        "  note: included from _helpers.tpl:4:24\n"
        "  note: included from main.yaml:2:6\n"
        "  help: did you mean values?"
    )


def test_a_finding_inside_an_include_names_the_calls_too(engine: Callable[..., Any]) -> None:
    [finding] = engine(NAMED).render('{{ include "name" . }}', {"Values": {"Name": "x"}}).findings
    assert (finding.message, finding.hint) == (".Values.name is not set", "did you mean Name?")
    assert finding.notes == ("included from main.yaml:1:4",)


def test_an_unknown_template_is_an_error_at_the_call(engine: Callable[..., Any]) -> None:
    with pytest.raises(TemplateError) as caught:
        engine(NAMED).render('{{ include "nmae" . }}')
    finding = caught.value.finding
    assert (finding.code, finding.message) == ("template-unknown", 'there is no template "nmae"')
    assert (str(finding.span), finding.hint) == ("main.yaml:1:4", "did you mean name?")


def test_tpl_renders_a_text_that_sees_all_templates(engine: Callable[..., Any]) -> None:
    text = '{{ tpl "{{ include \\"name\\" . }}-{{ .Values.name }}" . }}'
    assert engine(NAMED).render(text, {"Values": {"name": "x"}}).text == "x-x"


def test_what_a_text_defines_is_seen_while_it_runs_and_by_nobody_else(engine: Callable[..., Any]) -> None:
    redefine = '{{ define "name" }}new{{ end }}{{ include "outer" . }}'
    text = '{{ include "outer" . }} {{ tpl .t . }} {{ include "outer" . }}'
    assert engine(NAMED).render(text, {"t": redefine, "Values": {"name": "old"}}).text == "old new old"
    with pytest.raises(TemplateError, match='there is no template "mine"'):
        engine().render('{{ tpl .t . }}{{ include "mine" . }}', {"t": '{{ define "mine" }}{{ end }}'})


def test_a_fault_inside_a_text_names_the_text_and_the_call(engine: Callable[..., Any]) -> None:
    for text, error in (
        (
            "{{ .a",
            (
                "error[template-syntax]: this action is never closed\n"
                "  --> (text given to tpl):1:1\n"
                "  1 | {{ .a\n"
                "    | ^^\n"
                "  note: included from main.yaml:1:7\n"
                "  help: end it with }}"
            ),
        ),
        (
            "{{ .a.b.c }}",
            (
                "error[template-nil-pointer]: .a.b is not set, so it has no field c\n"
                "  --> (text given to tpl):1:4\n"
                "  1 | {{ .a.b.c }}\n"
                "    |    ^^^^\n"
                "  note: included from main.yaml:1:7\n"
                "  help: set it, or guard this place with {{ with .a.b }}"
            ),
        ),
    ):
        with pytest.raises(TemplateError) as caught:
            engine().render("a: {{ tpl .t . }}", {"t": text, "a": {}})
        assert str(caught.value) == error


def test_a_run_can_be_used_again_after_an_error(engine: Callable[..., Any]) -> None:
    program = engine(NAMED).program("{{ tpl .t . }}")
    run = Run(program, Limits())
    with pytest.raises(TemplateError):
        program.execute("main.yaml", {"t": "{{ .a.b }}"}, run)
    assert program.execute("main.yaml", {"t": "{{ .a }}", "a": 1}, run) == "1"
    assert run.calls == []


@pytest.mark.parametrize(
    ("text", "limits", "code", "message", "marked"),
    [
        ("{{range 5}}{{end}}{{range 6}}{{end}}", {"max_loop_iterations": 10}, "limit-loop-iterations",
         "the loops of this render make more than 10 rounds", "range 6"),
        ("{{range 1000000}}{{range 1000000}}{{end}}{{end}}", {"max_loop_iterations": 1000}, "limit-loop-iterations",
         "the loops of this render make more than 1,000 rounds", "range 1000000"),
        ('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', {"max_call_depth": 5}, "limit-call-depth",
         "templates call each other more than 5 levels deep", 'template "a"'),
        ('{{define "a"}}{{include "a" .}}{{end}}{{include "a" .}}', {"max_call_depth": 5}, "limit-call-depth",
         "templates call each other more than 5 levels deep", 'include "a" .'),
        ("{{ tpl .t . }}", {"max_call_depth": 5}, "limit-call-depth",
         "templates call each other more than 5 levels deep", "tpl .t ."),
        ("{{ tpl .t . }}", {"max_template_bytes": 3}, "limit-template-size",
         "the template text has more than 3 bytes", "tpl .t ."),
        ("{{range 1000}}xxxxxxxxxx{{end}}", {"max_output_bytes": 1000}, "limit-output",
         "the output has more than 1,000 bytes", "range 1000"),
        ('{{$x := "0123456789"}}{{range 30}}{{$x = print $x $x}}{{end}}', {"max_output_bytes": 1000}, "limit-output",
         "functions made more than 8,000 characters of text in this render", "print $x $x"),
    ],
)  # fmt: skip
def test_a_limit_ends_the_run_at_the_place_that_reached_it(
    engine: Callable[..., Any], text: str, limits: dict[str, int], code: str, message: str, marked: str
) -> None:
    program = engine().program(text)
    run = Run(program, Limits(**limits))
    with pytest.raises(LimitError) as caught:
        program.execute("main.yaml", {"t": "{{ tpl .t . }}"}, run)
    finding = caught.value.finding
    assert finding.span is not None
    assert (finding.code, finding.message, finding.span.text) == (code, message, marked)


def test_output_counts_over_all_templates_of_a_run_in_bytes(engine: Callable[..., Any]) -> None:
    program = engine().program("éé")
    run = Run(program, Limits(max_output_bytes=8))
    assert program.execute("main.yaml", None, run) == "éé"
    assert program.execute("main.yaml", None, run) == "éé"
    with pytest.raises(LimitError) as caught:
        program.execute("main.yaml", None, run)
    assert caught.value.finding.message == "the output has more than 8 bytes"


def test_output_inside_an_include_counts_with_what_is_around_it(engine: Callable[..., Any]) -> None:
    text = '{{define "a"}}{{range 600}}x{{end}}{{end}}{{range 600}}x{{end}}{{include "a" .}}'
    with pytest.raises(LimitError):
        engine().render(text, None, Limits(max_output_bytes=1000))


def test_recursion_beyond_pythons_stack_is_a_limit_too(engine: Callable[..., Any]) -> None:
    text = (
        '{{define "a"}}'
        + "{{if true}}" * 9
        + '{{include "a" .}}'
        + "{{end}}" * 9
        + '{{end}}{{include "a" .}}'
    )
    with pytest.raises(LimitError) as caught:
        engine().render(text, None, Limits(max_call_depth=1_000_000))
    finding = caught.value.finding
    assert finding.message == "templates call each other, or hold pipelines and blocks, too deeply"
    assert str(finding.span) == f"main.yaml:1:{text.index('include') + 1}"


def test_long_chains_of_calls_are_cut_in_the_middle(engine: Callable[..., Any]) -> None:
    with pytest.raises(LimitError) as caught:
        engine().render(
            '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', None, Limits(max_call_depth=50)
        )
    notes = caught.value.finding.notes
    assert len(notes) == 10
    assert notes[3:5] == ("included from main.yaml:1:17", "… 40 more")
    assert notes[-1] == "included from main.yaml:1:40"


@pytest.mark.parametrize(
    "text",
    [
        "{{range 1000}}{{end}}",
        '{{template "t"}}{{define "t"}}{{end}}',
        '{{include "t" .}}{{define "t"}}{{end}}',
    ],
)
def test_the_deadline_is_looked_at_in_loops_and_calls(engine: Callable[..., Any], text: str) -> None:
    def late() -> None:
        raise LimitError("limit-time", "too late")

    program = engine().program(text)
    with pytest.raises(LimitError, match="too late"):
        program.execute("main.yaml", None, Run(program, Limits(), late))


def test_the_state_is_there_for_functions_that_want_the_run(engine: Callable[..., Any]) -> None:
    program = engine().program("")
    assert Run(program, Limits(), state="mine").state == "mine"


def test_functions_may_report_findings_and_each_place_counts_once(engine: Callable[..., Any]) -> None:
    run = Run(engine().program(""), Limits())
    span = Source("a", "text").span(0)
    for _ in range(2):
        run.report(Finding(code="lookup-offline", message="empty", span=span))
    run.report(Finding(code="other", message="no place"))
    assert [finding.code for finding in run.findings] == ["lookup-offline", "other"]


def test_bytes_that_add_up_to_characters_become_these(render: Callable[..., str]) -> None:
    assert render(r'{{ "\xc3" }}{{ "\xa9" }}{{ "\xff" }}') == "é\udcff"


def test_a_trace_tells_which_place_wrote_what(engine: Callable[..., Any]) -> None:
    program: Program = engine(NAMED).program(
        'a: {{ .x }}\n{{ range .l }}- {{ . }}\n{{ end }}{{ template "outer" . }}{{ $y := 1 }}z'
    )
    dot = {"x": "X", "l": [1, 2], "Values": {"name": "N"}}
    traced = program.execute_traced("main.yaml", dot, Run(program, Limits()))
    assert traced.text == "a: X\n- 1\n- 2\nNz"
    assert traced.text == program.execute("main.yaml", dot, Run(program, Limits()))
    shown = [(traced.text[start:], str(span), span.text) for start, span in traced.segments]
    assert [(text[:3], place, marked) for text, place, marked in shown] == [
        ("a: ", "main.yaml:1:1", "a: "),
        ("X\n-", "main.yaml:1:7", ".x"),
        ("\n- ", "main.yaml:1:12", "\n"),
        ("- 1", "main.yaml:2:15", "- "),
        ("1\n-", "main.yaml:2:20", "."),
        ("\n- ", "main.yaml:2:24", "\n"),
        ("- 2", "main.yaml:2:15", "- "),
        ("2\nN", "main.yaml:2:20", "."),
        ("\nNz", "main.yaml:2:24", "\n"),
        ("Nz", "_helpers.tpl:4:24", 'include "name" .'),
        ("z", "main.yaml:3:47", "z"),
    ]


def test_a_trace_points_into_plain_text_by_the_character(engine: Callable[..., Any]) -> None:
    program: Program = engine().program("a: 1\nb: {{ .x }}\n")
    traced = program.execute_traced("main.yaml", {"x": "long"}, Run(program, Limits()))
    assert [str(traced.place_of(offset)) for offset in (0, 5, 8, 10, 12)] == [
        "main.yaml:1:1",
        "main.yaml:2:1",
        "main.yaml:2:7",
        "main.yaml:2:7",
        "main.yaml:2:12",
    ]
    empty = program.execute_traced("main.yaml", {}, Run(engine().program(""), Limits()))
    assert empty.place_of(0) is None
