"""The canonical form.

Matrix: layout of collections, quoting of every string that some reader takes for something else,
literal blocks, numbers, keys, refusals. Left out: that all readers agree (tests/laws).
"""

from __future__ import annotations

import pytest

from sro_render.model.objects import JsonValue
from sro_render.yamltext.writer import write


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null\n"),
        (True, "true\n"),
        (-7, "-7\n"),
        (10**30, f"{10**30}\n"),
        (1.5, "1.5\n"),
        (1.0, "1.0\n"),
        (1e21, "1.0e+21\n"),
        (1.5e-7, "1.5e-07\n"),
        ("a", "a\n"),
        ({}, "{}\n"),
        ([], "[]\n"),
        ({"b": 1, "a": {"d": [], "c": {}}}, "a:\n  c: {}\n  d: []\nb: 1\n"),
        ({"a": [1, [2, [3]], {"b": 1, "c": [4]}]}, "a:\n- 1\n- - 2\n  - - 3\n- b: 1\n  c:\n  - 4\n"),
        (
            {"B": 1, "a": 2, "é": 3, "\ufffd": 4, "\U0001f600": 5},
            'B: 1\na: 2\n"é": 3\n"\ufffd": 4\n"\U0001f600": 5\n',
        ),
    ],
)
def test_values_have_one_form(value: JsonValue, text: str) -> None:
    assert write(value) == text


PLAIN = [
    "a", "a b", "a  b", "-v", "--flag=x", "a:b", "http://h/p?q=1&r=[2]#f", "a#b", "4.18.0-305.el8_4.x86_64",
    "quay.io/a/b@sha256:0f", "it's", "a,b", "$(VAR)", "/bin/sh", "(a|b)", "\\d", "10.0.0.1", "a - b", "<a>", "100m", "1Gi",
    "a: b".replace(": ", ":"), "Yes sir", "nullable", "v1", "0.5.1", "1.2.3", "+x", "_", "a%b", "a@b", "a`b", "^.*$",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_strings_that_nobody_misreads_have_no_quotes(text: str) -> None:
    assert write(text) == f"{text}\n"


QUOTED = [
    "", " ", " a", "a ", "y", "Y", "n", "yes", "No", "oN", "off", "TRUE", "falsE", "null", "Null", "~", "=", "<<",
    "0", "-1", "+1", "1_000", "0644", "0o644", "0x1F", "0b1", "1.5", ".5", "1.", "1e3", "1E+3", "-.inf", ".NaN", "._",
    "+_1", "0_x1F", "-_8.1", "8e_+8", "1:20", "190:20:30", "1:20.5", "2002-12-14", "2001-12-14t21:59:43.10-05:00", "2001-1-1 1:1:1", "0x_", "1__", "1e_",
    "a: b", "a:", "a #b", "# a", "- a", "-", "- ", "? a", "?", ": a", ":", ",", "[a", "]", "{a", "}", "&a", "*a", "!a", "|",
    ">", "%a", "@a", "`a", "---", "--- a", "...", "a\tb", "\ta", "é", "\x7f", "\x85", "\u2028", "\ufeff", "\U0001f600",
]  # fmt: skip


@pytest.mark.parametrize("text", QUOTED)
def test_strings_that_some_reader_misreads_have_quotes(text: str) -> None:
    assert write(text)[0] + write(text)[-2:] == '""\n'


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('"a"', "'\"a\"'"),
        ('{"a": 1, "b": "it\'s"}', '\'{"a": 1, "b": "it\'\'s"}\''),
        ("\\ ", "'\\ '"),
        ("'a'", "\"'a'\""),
        ("a\r\nb\t", '"a\\r\\nb\\t"'),
        ("\x00\x1b\x7f\x85\u2028\ufeff\ufffe", '"\\u0000\\u001b\\u007f\\u0085\\u2028\\ufeff\\ufffe"'),
        ("café \U0001f600", '"café \U0001f600"'),
        ('é"\x01', '"é\\"\\u0001"'),
    ],
)
def test_quotes_are_single_only_where_they_save_escapes(text: str, written: str) -> None:
    assert write(text) == f"{written}\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\nb", "k: |-\n  a\n  b\n"),
        ("a\nb\n", "k: |\n  a\n  b\n"),
        ("a\n\n", "k: |+\n  a\n\n"),
        ("a\n\nb\n", "k: |\n  a\n\n  b\n"),
        (" a\nb", "k: |2-\n   a\n  b\n"),
        ("\ta\nb", "k: |2-\n  \ta\n  b\n"),
        ("\na", "k: |2-\n\n  a\n"),
        ("a \n  \nb\t\n", "k: |\n  a \n    \n  b\t\n"),
        ("é: \U0001f600\n# b\n--- c\n", "k: |\n  é: \U0001f600\n  # b\n  --- c\n"),
        ("\n", 'k: "\\n"\n'),
        ("\n \n", 'k: "\\n \\n"\n'),
        ("a\r\nb", 'k: "a\\r\\nb"\n'),
        ("a\n\x1b", 'k: "a\\n\\u001b"\n'),
        ("a\u2028b\n", 'k: "a\\u2028b\\n"\n'),
    ],
)
def test_texts_of_several_lines_are_literal_where_no_character_needs_an_escape(
    text: str, written: str
) -> None:
    assert write({"k": text}) == written


def test_literal_blocks_stand_two_columns_right_of_what_holds_them() -> None:
    assert write("a\nb") == "|-\n  a\n  b\n"
    assert write(["a\nb"]) == "- |-\n  a\n  b\n"
    assert write({"k": ["a\nb", {"l": "a\nb"}]}) == "k:\n- |-\n  a\n  b\n- l: |-\n    a\n    b\n"


def test_keys_are_quoted_like_values() -> None:
    keys = ["1", "a: b", "a b", "on", "a\nb", ""]
    assert write(dict.fromkeys(keys, 0)) == '"": 0\n"1": 0\n"a\\nb": 0\na b: 0\n"a: b": 0\n"on": 0\n'


def test_keys_that_readers_find_too_long_follow_a_question_mark() -> None:
    key = "k" * 1001
    assert write({key: {"a": [1, 2]}, "z": 1}) == f"? {key}\n: a:\n  - 1\n  - 2\nz: 1\n"
    assert write([{"a": 1, key: [1, 2]}]) == f"- a: 1\n  ? {key}\n  : - 1\n    - 2\n"


def test_long_lines_are_not_folded() -> None:
    text = "word " * 100 + "end"
    assert write({"a": text}) == f"a: {text}\n"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "nan is no number that JSON knows"),
        (float("inf"), "inf is no number that JSON knows"),
        ("a\ud800", "half of a surrogate pair, U\\+D800, is no character"),
    ],
)
def test_what_yaml_cannot_hold_is_refused(value: JsonValue, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        write({"a": [value]})


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[JsonValue] = []
    value.append(value)
    with pytest.raises(
        ValueError, match=r"^the value contains itself, or its collections are nested too deep$"
    ):
        write(value)
