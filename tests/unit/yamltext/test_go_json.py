"""JSON as Go writes it.

Matrix: every type, escapes with and without HTML, floats around Go's two thresholds, order of keys,
indentation, refusals. Left out: the comparison with Go itself (tests/helm/test_yaml_judges.py).
"""

from __future__ import annotations

import pytest

from sro_render.yamltext.go_json import marshal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7, "-7"),
        (2**64 - 1, "18446744073709551615"),
        ("", '""'),
        (b"\x00\xff", '"AP8="'),
        ([], "[]"),
        ({}, "{}"),
        ([1, [2, {}]], "[1,[2,{}]]"),
        ({"b": 1, "a": 2, "B": 3, "": 4}, '{"":4,"B":3,"a":2,"b":1}'),
        ({"\U0001f600": 1, "\ufffd": 2}, '{"\ufffd":2,"\U0001f600":1}'),
    ],
)
def test_values_are_written_on_one_line_with_sorted_keys(value: object, text: str) -> None:
    assert marshal(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (1.5, "1.5"),
        (1e6, "1000000"),
        (1e16, "10000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (1e-6, "0.000001"),
        (1.5e-6, "0.0000015"),
        (9.99e-7, "9.99e-7"),
        (-1e-9, "-1e-9"),
        (1e-10, "1e-10"),
        (5e-324, "5e-324"),
    ],
)
def test_floats_have_an_exponent_only_where_go_gives_them_one(value: float, text: str) -> None:
    assert marshal(value) == text


def test_control_characters_quotes_and_html_are_escaped() -> None:
    text = 'a"\\\b\f\n\r\t\x01\x1f\x7f<>&\u2028\u2029é\U0001f600'
    html = '"a\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u003c\\u003e\\u0026\\u2028\\u2029é\U0001f600"'
    raw = '"a\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f<>&\\u2028\\u2029é\U0001f600"'
    assert marshal(text) == html
    assert marshal(text, escape_html=False) == raw
    assert marshal({"<": 1}) == '{"\\u003c":1}'


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    assert marshal("a\udcff\udcfe") == '"a\ufffd\ufffd"'


def test_indentation_leaves_empty_collections_on_their_line() -> None:
    value = {"b": [1, {"c": []}], "a": {}}
    assert (
        marshal(value, indent="  ") == '{\n  "a": {},\n  "b": [\n    1,\n    {\n      "c": []\n    }\n  ]\n}'
    )


def test_other_types_go_through_default() -> None:
    assert marshal([object()], default=lambda _: {"a": 1}) == '[{"a":1}]'


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "nan is no number that JSON knows"),
        ([float("-inf")], "-inf is no number that JSON knows"),
        ({"a": object()}, "a value of the type object cannot be written as JSON"),
    ],
)
def test_what_json_cannot_hold_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        marshal(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(
        ValueError, match=r"^the value contains itself, or its collections are nested too deep$"
    ):
        marshal(value)
