"""Plain scalars: words, numbers of every form, tags, keys.

Matrix: each form that go-yaml v2 knows, its look-alikes that stay text, and the edges of 64 bits and
of float64. Left out: what libyaml does before (quotes, escapes), and the comparison with the real
resolver, which tests/helm/test_yaml_judges.py makes.
"""

from __future__ import annotations

from math import isfinite

import pytest

from sro_render.yamltext.scalars import Scalar, key_text, parse_number, resolve, resolve_tagged


def typed(value: Scalar) -> tuple[type, Scalar]:
    return type(value), value


@pytest.mark.parametrize("word", ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
def test_words_of_assent_are_true(word: str) -> None:
    assert resolve(word) is True


@pytest.mark.parametrize("word", ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
def test_words_of_denial_are_false(word: str) -> None:
    assert resolve(word) is False


@pytest.mark.parametrize("word", ["", "~", "null", "Null", "NULL"])
def test_words_for_nothing_are_null(word: str) -> None:
    assert resolve(word) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("-12", -12),
        ("1_000", 1000),
        ("1__0_", 10),
        ("0644", 420),
        ("0o644", 420),
        ("0O17", 15),
        ("-0o17", -15),
        ("08", 8),
        ("0x1F", 31),
        ("0X1f", 31),
        ("+0x_1F", 31),
        ("0b101", 5),
        ("-0b101", -5),
        ("0b-101", -5),
        ("0b+101", 5),
        ("1e3", 1000),
        ("1.0", 1),
        ("-0.0", 0),
        ("5.", 5),
        ("1.e2", 100),
        ("1E+2", 100),
        ("1e20", 10**20),
        ("4.165573631708857e+16", 41655736317088570),
        ("9007199254740993", 9007199254740993),
        ("18446744073709551616", 2**64),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0xFFFFFFFFFFFFFFFF", 2**64 - 1),
        ("-0x8000000000000000", -(2**63)),
    ],
)
def test_whole_numbers_are_ints(text: str, value: int) -> None:
    assert typed(resolve(text)) == (int, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("1.50", 1.5),
        ("-.5", -0.5),
        ("+.5", 0.5),
        (".5", 0.5),
        (".5_0", 0.5),
        ("1_0.5", 10.5),
        ("1.5e-3", 0.0015),
        ("1e21", 1e21),
        ("1e-7", 1e-7),
    ],
)
def test_numbers_with_a_fraction_or_beyond_1e21_are_floats(text: str, value: float) -> None:
    assert typed(resolve(text)) == (float, value)


@pytest.mark.parametrize(
    "text",
    [
        "yEs",
        "nUll",
        "none",
        "12:30:45",
        "190:20:30",
        "2002-12-14",
        "2001-12-14t21:59:43.10-05:00",
        "1e400",
        "0x1FFFFFFFFFFFFFFFF",
        "-0x8000000000000001",
        "0x",
        "0b",
        "0b2",
        "0o8",
        "1.2.3",
        "1e",
        "e3",
        ".",
        "._5",
        "+",
        "-",
        "_1",
        "Infinity",
        "NaN",
        "1 000",
        "\u0661",
        "1\u0660",
        "9" * 4301,
    ],
)
def test_look_alikes_stay_text(text: str) -> None:
    assert typed(resolve(text)) == (str, text)


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan", ".NaN"])
def test_what_is_not_finite_is_a_float_for_the_reader_to_refuse(text: str) -> None:
    value = resolve(text)
    assert isinstance(value, float)
    assert not isfinite(value)


def test_a_number_keeps_its_type_until_it_goes_through_json() -> None:
    assert typed(parse_number("1e3")) == (float, 1000.0)
    assert parse_number("x") is None


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        ("str", "12", "12"),
        ("str", "", ""),
        ("int", "12", 12),
        ("int", "0x1F", 31),
        ("float", "1", 1),
        ("float", "1.5", 1.5),
        ("bool", "yes", True),
        ("null", "~", None),
        ("timestamp", "2001-12-14", "2001-12-14"),
        ("timestamp", "2001-12-14 21:59:43", "2001-12-14 21:59:43"),
        ("binary", "aGk=", "hi"),
        ("binary", "a\nGk=", "hi"),
        ("binary", "/w==", "\ufffd"),
    ],
)
def test_tags_decide_what_a_text_is(tag: str, text: str, value: Scalar) -> None:
    assert typed(resolve_tagged(tag, text)) == typed(value)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("int", "1.5"),
        ("int", "1e3"),
        ("int", "x"),
        ("int", "~"),
        ("float", "x"),
        ("bool", "1"),
        ("null", "x"),
        ("timestamp", "2001-02-29"),
        ("timestamp", "2001-13-01"),
        ("timestamp", "2001-12-14 24:00:00"),
        ("timestamp", "noon"),
        ("binary", "a"),
        ("binary", "%"),
    ],
)
def test_a_text_that_does_not_fit_its_tag_is_refused(tag: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        resolve_tagged(tag, text)


def test_a_tag_that_is_not_a_scalars_is_unknown() -> None:
    with pytest.raises(KeyError, match="set"):
        resolve_tagged("set", "")


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("a", "a"),
        (1, "1"),
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        (1000.0, "1000"),
        (1e6, "1e+06"),
        (3.141592653589793, "3.1415927"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-0.0, "-0"),
        (1e39, ".inf"),
        (-1e39, "-.inf"),
        (float("inf"), ".inf"),
        (float("nan"), ".nan"),
        (None, None),
    ],
)
def test_keys_become_text_as_in_kubernetes_with_floats_of_32_bits(value: Scalar, key: str | None) -> None:
    assert key_text(value) == key
