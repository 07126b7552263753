"""A set of templates: which definition a name stands for, and what is compiled when.

Matrix: definitions in one file and in several, empty or not; functions beside text/template's own;
texts of tpl that are given again.
"""

from __future__ import annotations

import pytest

from sro_render.errors import TemplateError
from sro_render.gotemplate.functions import Function
from sro_render.gotemplate.program import MAX_KEPT_TEXTS, Program, parse_file
from sro_render.gotemplate.runtime import Run
from sro_render.limits import Limits
from sro_render.source import Source

SHOUT = {"shout": Function("shout", str.upper, "(string) string")}


def program(**texts: str) -> Program:
    return Program([parse_file(Source(name, text), name, SHOUT) for name, text in texts.items()], SHOUT)


def run(templates: Program, name: str, dot: object = None) -> str:
    return templates.execute(name, dot, Run(templates, Limits()))


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ('{{define "n"}}1{{end}}', '{{define "n"}}2{{end}}', "2"),
        ('{{define "n"}}1{{end}}', '{{define "n"}} {{/* c */}}{{end}}', "1"),
        ('{{define "n"}}{{end}}', '{{define "n"}}2{{end}}', "2"),
        ('{{define "n"}} {{end}}', '{{define "n"}}{{end}}', " "),
        ('{{block "n" .}}1{{end}}', '{{define "n"}}2{{end}}', "2"),
    ],
)
def test_of_two_definitions_the_later_one_stands_unless_it_is_empty(
    first: str, second: str, text: str
) -> None:
    templates = program(a=first, b=second, main='{{template "n" .}}')
    assert run(templates, "main") == text


def test_a_file_can_be_called_by_its_name() -> None:
    assert run(program(a="A{{.}}", main='{{template "a" 1}}'), "main") == "A1"


def test_a_file_that_defines_its_own_name_has_that_definition_if_it_is_empty_itself() -> None:
    assert run(program(a='{{define "a"}}inner{{end}}'), "a") == "inner"
    with pytest.raises(TemplateError, match='the template "a" is defined twice in this file'):
        program(a='{{define "a"}}inner{{end}}outer')


def test_functions_stand_beside_those_that_every_template_has() -> None:
    assert run(program(main='{{ shout "a" | printf "%s!" }}'), "main") == "A!"


def test_an_unknown_name_is_an_error_with_the_nearest_one() -> None:
    with pytest.raises(TemplateError) as caught:
        run(program(main=""), "mian")
    assert (caught.value.finding.message, caught.value.finding.hint) == (
        'there is no template "mian"',
        "did you mean main?",
    )


def test_names_are_given_in_their_order() -> None:
    assert program(b="", a='{{define "c"}}{{end}}').template_names() == ("a", "b", "c")


def test_a_text_that_is_given_again_is_not_parsed_again() -> None:
    templates = program(main="")
    child, code = templates.with_text("{{ . }}")
    assert templates.with_text("{{ . }}") == (child, code)
    for number in range(MAX_KEPT_TEXTS + 1):
        templates.with_text(f"{{{{ {number} }}}}")
    assert templates.with_text("{{ . }}") != (child, code)


def test_a_program_runs_many_times_with_runs_of_their_own() -> None:
    templates = program(main="{{ .x }}")
    assert [run(templates, "main", {"x": n}) for n in range(3)] == ["0", "1", "2"]


def test_the_size_of_a_file_is_bounded() -> None:
    with pytest.raises(TemplateError, match="this template has more than 3 bytes"):
        parse_file(Source("a", "four"), "a", (), Limits(max_template_bytes=3))
