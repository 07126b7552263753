"""Sprig's functions: what no helm run shows.

Matrix: error texts, arguments left unchanged (and changed, where Go changes them), sharing, wrapping.
Left out: results, which the real helm judges for every function (tests/helm).
"""

from __future__ import annotations

from importlib import import_module

import pytest

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import TemplateError
from sro_render.gotemplate.functions import Families
from sro_render.limits import Limits
from sro_render.sprig.dicts import merge, set_key
from sro_render.sprig.numbers import add, to_int
from sro_render.sprig.registry import FAMILIES
from sro_render.sprig.versions import admits, parse_version

HEAD = b"apiVersion: v2\nname: c\nversion: 1.0.0\n"


def render(template: str) -> str:
    chart = load_chart({"Chart.yaml": HEAD, "templates/a": template.encode()}, "c", Limits())
    rendering = Engine(chart, Limits()).render({}, Release(name="r", namespace="n"), Capabilities())
    return rendering.texts["c/templates/a"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("div 1 0", "cannot divide by 0"),
        ('first "abc"', "cannot take the first of a value of type string, only a list"),
        ("rest nil", "cannot take the rest of a value that is not there"),
        ("slice (list 1) 2", "cannot slice from 2 to 1: the list has 1 items"),
        ('substr 3 1 "abc"', "cannot cut from 3 to 1: the text has 3 bytes"),
        ("chunk 0 (list 1)", "cannot cut a list into pieces of 0 items"),
        ('dig "a" (dict)', "dig takes at least 3 arguments"),
        ('dig "a" "b" 1 (dict "a" 1)', 'dig finds a value of type int, not a map, where "b" should be'),
        ('semverCompare "x>" "1"', '"x>" is not a constraint on versions'),
        ('semver "one"', '"one" is not a semantic version'),
        ('indent -1 "a"', "cannot indent by -1 blanks"),
        ('addf (float64 "inf")', "cannot calculate with infinity, or with what is not a number"),
    ],
)
def test_errors_say_what_is_wrong(action: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(f"{{{{ {action} }}}}")
    assert caught.value.finding.message.endswith(message)


def test_set_and_merge_change_their_first_argument_and_no_other() -> None:
    target: dict[str, object] = {"a": {"x": 1}}
    source: dict[str, object] = {"a": {"y": 2}, "b": [1]}
    assert merge(target, source) is target
    assert set_key(target, "c", 3) is target
    assert target == {"a": {"x": 1, "y": 2}, "b": [1], "c": 3}
    assert source == {"a": {"y": 2}, "b": [1]}


def test_only_functions_that_change_an_argument_are_marked() -> None:
    assert sorted(name for name, function in Families(FAMILIES).items() if function.mutates) == [
        "merge",
        "mergeOverwrite",
        "mustMerge",
        "mustMergeOverwrite",
        "set",
        "unset",
    ]


def test_list_functions_leave_their_argument_as_it_is() -> None:
    text = "{{ $l := list 2 1 }}{{ $_ := list (append $l 3) (reverse $l) (sortAlpha $l) (concat $l $l) }}{{ $l }}"
    assert render(text) == "[2 1]"


def test_integers_wrap_around() -> None:
    assert add(2**63 - 1, 1) == -(2**63)
    assert to_int(2**64 + 5) == 5


@pytest.mark.parametrize("text", ["", "one", "1.2.3-01", "1.2.3.4", "1.2.3+", "99999999999999999999.0.0"])
def test_what_is_no_version_is_admitted_nowhere(text: str) -> None:
    assert parse_version(text) is None
    assert not admits("*", text)


@pytest.mark.parametrize("constraint", ["", "x>", ">>1", "1 ||", "latest"])
def test_what_is_no_constraint_admits_nothing(constraint: str) -> None:
    assert not admits(constraint, "1.0.0")


@pytest.mark.parametrize("module", FAMILIES)
def test_every_function_of_a_module_is_in_the_table(module: str) -> None:
    # What the table does not name is unknown to templates.
    assert sorted(import_module(module).FUNCTIONS) == sorted(FAMILIES[module].split())
