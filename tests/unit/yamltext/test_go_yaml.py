"""YAML as toYaml writes it.

Matrix: styles of strings, folding, keys, order, numbers, nesting, refusals; one case for each rule.
Left out: breadth, which the real helm judges (tests/helm/test_yaml_judges.py).
"""

from __future__ import annotations

import pytest

from sro_render.yamltext.go_yaml import marshal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null\n"),
        (True, "true\n"),
        (7, "7\n"),
        ("a", "a\n"),
        ("", '""\n'),
        (b"hi", "aGk=\n"),
        ([], "[]\n"),
        ({}, "{}\n"),
        ("a\nb", "|-\n  a\n  b\n"),
        ({"a": {"b": [1, [2, 3], {"c": {}}, []]}}, "a:\n  b:\n  - 1\n  - - 2\n    - 3\n  - c: {}\n  - []\n"),
        ([{"a": 1, "b": [1]}], "- a: 1\n  b:\n  - 1\n"),
    ],
)
def test_collections_are_blocks_with_lists_at_the_indentation_of_their_key(value: object, text: str) -> None:
    assert marshal(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1e6, "1000000"),
        (123456789.5, "1.234567895e+08"),
        (99999.5, "99999.5"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e18, "1000000000000000000"),
        (1e20, "1e+20"),
        (1e21, "1e+21"),
        (2**64 - 1, "18446744073709551615"),
        (-(2**63), "-9223372036854775808"),
    ],
)
def test_whole_floats_of_64_bits_turn_into_integers_on_their_way_through_json(
    value: float, text: str
) -> None:
    assert marshal(value) == f"{text}\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("y", '"y"'),
        ("No", '"No"'),
        ("~", '"~"'),
        ("1_000", '"1_000"'),
        ("0x1F", '"0x1F"'),
        ("1e3", '"1e3"'),
        (".5", '".5"'),
        ("12:30", '"12:30"'),
        ("12:61", "12:61"),
        ("2002-12-14", '"2002-12-14"'),
        ("2002-13-14", "2002-13-14"),
        ("1e400", "1e400"),
        ("9" * 310, "9" * 310),
        ("<<", "<<"),
        ("=", "="),
        ("yEs", "yEs"),
        ("-a", "-a"),
        ("- a", "'- a'"),
        ("a: b", "'a: b'"),
        ("a:b", "a:b"),
        ("a:", "'a:'"),
        ("a #b", "'a #b'"),
        ("a#b", "a#b"),
        (" a", "' a'"),
        ("a ", "'a '"),
        ("it's", "it's"),
        ("'a'", "'''a'''"),
        ("{a", "'{a'"),
        ("a,[b]", "a,[b]"),
        ("---", "'---'"),
        ("a\tb", '"a\\tb"'),
        ("a\rb", '"a\\rb"'),
        ("\U0001f600", '"\\U0001F600"'),
        ("é", "é"),
        ("\ufeffa", '"\\uFEFF\\x61"'),
        ("a\u2028b", "'a\u2028  b'"),
        ("a\x85\x85b", "|-\n  a\n  b"),
        ("a\x85b", "a b"),
        ("a\udcff", "a\ufffd"),
    ],
)
def test_strings_are_quoted_where_go_yaml_quotes_them(text: str, written: str) -> None:
    assert marshal(text) == f"{written}\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        ("\n", "|2+\n"),
        (" a\nb", "|2-\n   a\n  b"),
        ("a \nb", '"a \\nb"'),
        ("a\nb ", '"a\\nb "'),
        ("a\n\tb", '"a\\n\\tb"'),
    ],
)
def test_texts_of_several_lines_are_literal_unless_they_need_escapes(text: str, written: str) -> None:
    assert marshal(text) == f"{written}\n"


def test_spaces_behind_column_80_become_breaks() -> None:
    word = "x" * 40
    assert marshal({"k": f"{word} {word} {word}"}) == f"k: {word} {word}\n  {word}\n"
    assert marshal({"k": f"{word} {word} it's: {word}"}) == f"k: '{word} {word}\n  it''s: {word}'\n"
    assert marshal({"k": f"{word}\t{word} {word}  {word}"}) == f'k: "{word}\\t{word}\n  {word}  {word}"\n'
    assert marshal({"k": f"\t{word}{word}  {word}"}) == f'k: "\\t{word}{word}\n  \\ {word}"\n'


def test_long_keys_and_keys_of_several_lines_follow_a_question_mark() -> None:
    key = "k" * 129
    assert marshal({key: {"a": [1]}}) == f"? {key}\n: a:\n  - 1\n"
    assert marshal({"a\nb": [1]}) == "? |-\n  a\n  b\n: - 1\n"
    assert marshal({key[1:]: 1}) == f"{key[1:]}: 1\n"


@pytest.mark.parametrize(
    "keys",
    [
        ["a2", "a10"],
        ["a", "b"],
        ["B", "a"],
        ["1", "a"],
        ["_", "a"],
        ["a-b", "ab"],
        ["a1b", "a01b"],
        ["k100-x", "k1000-x"],
        ["x1y2", "x1y10"],
        ["", "a"],
        ["a", "aa"],
    ],
)
def test_keys_are_in_natural_order(keys: list[str]) -> None:
    text = "".join(f"{key}: 0\n" if key not in ("", "1") else f'"{key}": 0\n' for key in keys)
    assert marshal(dict.fromkeys(reversed(keys), 0)) == text
    assert marshal(dict.fromkeys(keys, 0)) == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("inf"), "inf is no number that JSON knows"),
        (object(), "a value of the type object cannot be written as YAML"),
        ("a\x7f", "Go cannot write U\\+007F as YAML"),
        ("a\x85--- b", "Go cannot write U\\+0085 as YAML"),
        (
            {"k" * 1100: 1},
            "Go cannot write this key as YAML: it is too long, or has a line break U\\+0085",
        ),
    ],
)
def test_what_helm_cannot_write_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        marshal(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: dict[str, object] = {}
    value["a"] = value
    with pytest.raises(
        ValueError, match=r"^the value contains itself, or its collections are nested too deep$"
    ):
        marshal(value)


def test_other_types_go_through_default() -> None:
    assert marshal({"a": object()}, default=lambda _: [1]) == "a:\n- 1\n"
