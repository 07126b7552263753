"""Go's literals: written, read, and read back.

Matrix: quoting x plain, control, other characters, bytes that are no text; every escape; faults. The
expected texts are what Go 1.26 prints.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sro_render.gotemplate.quoting import can_backquote, quote, quote_rune, rune_of, unquote


@pytest.mark.parametrize(
    ("text", "quoted", "ascii_only"),
    [
        ("", '""', '""'),
        ("a b", '"a b"', '"a b"'),
        ('a"\\', r'"a\"\\"', r'"a\"\\"'),
        ("\a\b\f\n\r\t\v\x00\x7f", r'"\a\b\f\n\r\t\v\x00\x7f"', r'"\a\b\f\n\r\t\v\x00\x7f"'),
        ("é😀", '"é😀"', r'"\u00e9\U0001f600"'),
        ("\u00a0\u2028\u00ad", r'"\u00a0\u2028\u00ad"', r'"\u00a0\u2028\u00ad"'),
        ("\udcff", r'"\xff"', r'"\xff"'),
        ("\udcc3\udca9", '"é"', r'"\u00e9"'),
    ],
)
def test_a_text_is_quoted_as_go_does(text: str, quoted: str, ascii_only: str) -> None:
    assert quote(text) == quoted
    assert quote(text, to_ascii=True) == ascii_only


@pytest.mark.parametrize(
    ("code", "quoted"),
    [
        (97, "'a'"),
        (39, r"'\''"),
        (34, "'\"'"),
        (10, r"'\n'"),
        (233, "'é'"),
        (-1, "'\ufffd'"),
        (0x110000, "'\ufffd'"),
    ],
)
def test_a_character_is_quoted_as_go_does(code: int, quoted: str) -> None:
    assert quote_rune(code) == quoted


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ('"a"', "a"),
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'"\101\x41\u0041\U00000041"', "AAAA"),
        (r'"\xc3\xa9"', "é"),
        (r'"\xff"', "\udcff"),
        ("`a\\n\r`", "a\\n"),
    ],
)
def test_a_literal_is_read(literal: str, text: str) -> None:
    assert unquote(literal) == text


@pytest.mark.parametrize("escape", [r"\q", r"\'", r"\x4", r"\400", r"\ud800", r"\U00110000", r"\8"])
def test_an_escape_that_go_does_not_know_is_named(escape: str) -> None:
    with pytest.raises(ValueError, match="is no escape that Go knows"):
        unquote(f'"{escape}"')


@pytest.mark.parametrize(
    ("literal", "code"), [("'a'", 97), (r"'\''", 39), (r"'\xff'", 255), (r"'\u00e9'", 233), ("'é'", 233)]
)
def test_a_character_constant_is_a_number(literal: str, code: int) -> None:
    assert rune_of(literal) == code


@pytest.mark.parametrize("literal", ["''", "'ab'"])
def test_a_character_constant_holds_one_character(literal: str) -> None:
    with pytest.raises(ValueError, match="a character constant holds exactly one character"):
        rune_of(literal)


@pytest.mark.parametrize(("text", "can"), [("a\tb", True), ("a`", False), ("a\n", False), ("\ufeff", False)])
def test_a_raw_literal_can_hold_what_go_lets_it_hold(text: str, can: bool) -> None:
    assert can_backquote(text) is can


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_quoted_reads_back(text: str) -> None:
    assert unquote(quote(text)) == text
    assert unquote(quote(text, to_ascii=True)) == text
