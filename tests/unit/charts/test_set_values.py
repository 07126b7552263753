"""What is said of a wrong `--set`, and where; what helm cannot judge of the language.

Matrix: each message with its place; bounds on nesting that helm does not have; the arguments stay as
they were. Left out: which texts are accepted and what they set (tests/helm/test_set_values.py).
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_render.charts.set_values import SetKind, SetOption, apply_options, parse_into
from sro_render.errors import InputError
from sro_render.gotemplate.values import Int64
from sro_render.limits import Limits

LIMITS = Limits()
BASE: dict[str, Any] = {"n": 1, "no": None, "m": {"k": 1}, "l": [1, [2]]}


def read_file(name: str) -> str:
    raise InputError("file-missing", f"there is no file {name}")


def fault(kind: SetKind, text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_into(BASE, text, kind, LIMITS, read_file)
    return str(caught.value)


def test_a_fault_is_shown_with_its_option_its_text_and_its_place() -> None:
    assert fault(SetKind.TYPED, "a=1,b.c[x]=1") == (
        'error[set-syntax]: "x" is no index\n'
        '  --> --set "a=1,b.c[x]=1":1:9\n'
        "  1 | a=1,b.c[x]=1\n"
        "    |         ^\n"
        "  help: write a whole number from 0 on; a bracket that belongs to a key is written \\["
    )


@pytest.mark.parametrize(
    ("kind", "text", "message", "marked"),
    [
        (SetKind.TYPED, "a", 'the key "a" has no value', "a"),
        (SetKind.TYPED, "a=1,bc,d=1", 'the key "bc" has no value', "bc,"),
        (SetKind.STRING, "x=1,a.=1", 'the mapping "a" would get a key without a name', "a.=1"),
        (SetKind.TYPED, "a={1,2", "the list that begins here is not closed", "{1,2"),
        (SetKind.TYPED, "a[-1]=1", "the index -1 is negative", "-1"),
        (SetKind.TYPED, "a[]=1", '"" is no index', "]"),
        (SetKind.TYPED, "a[0]x=1", '"x" cannot stand behind an index', "x="),
        (SetKind.TYPED, "a[65537]=1", "the index 65537 is greater than 65536", "]"),
        (SetKind.LITERAL, "a" + ".b" * 31 + "=1", "a name has at most 30 points", "b."),
        (
            SetKind.TYPED,
            "n.x=1",
            '"n" is no mapping: values given before it have set it to something else',
            "n.",
        ),
        (
            SetKind.TYPED,
            "no[0]=1",
            '"no" is no list: values given before it have set it to something else',
            "no[0]",
        ),
        (
            SetKind.TYPED,
            "l[0][0]=1",
            "item 0 is no list: values given before it have set it to something else",
            "[0]",
        ),
        (SetKind.JSON, "a=1,b=x", "invalid character 'x' looking for beginning of value", "x"),
        (SetKind.JSON, "a=1.,b=1", "invalid character ',' in numeric literal", ","),
        (SetKind.JSON, "a=1e999", "the number 1e999 is beyond float64", "1"),
        (SetKind.JSON, "a=[-Infinity]", "invalid character 'I' in numeric literal", "I"),
        (SetKind.JSON, ' {"a":1} x', "invalid character 'x' after top-level value", "x"),
    ],
)
def test_each_fault_marks_its_place(kind: SetKind, text: str, message: str, marked: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_into(BASE, text, kind, LIMITS, read_file)
    finding = caught.value.finding
    assert finding.span is not None
    assert (finding.message, finding.span.text) == (message, marked)


def test_a_long_text_is_named_by_its_beginning() -> None:
    assert f'--> --set-json "a={"x" * 58}…":1:3\n' in fault(SetKind.JSON, "a=" + "x" * 1000 + "\n")


@pytest.mark.parametrize("text", ["a" + "[0]" * 100_000 + "=1", "a" + "[0].b" * 100_000 + "=1"])
def test_indexes_nest_as_deep_as_yaml_may(text: str) -> None:
    assert "more than 200 names and indexes stand inside each other" in fault(SetKind.TYPED, text)


@pytest.mark.parametrize(
    "text", ["a=" + "[" * 100_000, "a[0][0]=" + "[" * 199 + "]" * 199, '{"a":' * 5000 + "1"]
)
def test_json_nests_as_deep_as_yaml_may(text: str) -> None:
    assert fault(SetKind.JSON, text).startswith("error[set-json]: ")


def test_a_file_that_cannot_be_read_ends_the_work() -> None:
    assert fault(SetKind.FILE, "a=x") == "error[file-missing]: there is no file x"


def test_the_values_below_stay_as_they_were() -> None:
    base: dict[str, Any] = {"m": {"k": [1]}, "l": [{"a": 1}]}
    options = [SetOption(SetKind.TYPED, "m.k[0]=2,l[0].a=2"), SetOption(SetKind.JSON, '{"m":{"j":1}}')]
    assert apply_options(base, options, LIMITS, read_file) == {"m": {"k": [2], "j": 1}, "l": [{"a": 2}]}
    assert base == {"m": {"k": [1]}, "l": [{"a": 1}]}


def test_whole_numbers_are_int64_and_those_of_json_float64() -> None:
    values = apply_options(
        {}, [SetOption(SetKind.TYPED, "a=1"), SetOption(SetKind.JSON, "b=1")], LIMITS, read_file
    )
    assert [type(values[key]) for key in "ab"] == [Int64, float]
