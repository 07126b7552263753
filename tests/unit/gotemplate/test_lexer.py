"""How a text is split into tokens.

Matrix: text and trim markers; every kind of token; comments; every lexical fault, with its hint. What
the tokens mean together stands in test_parser.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sro_render.gotemplate.lexer import SPACES, lex
from sro_render.gotemplate.tokens import TokenKind


def show(text: str) -> list[str]:
    return [f"{token.kind.name} {token.text}".strip() for token in lex(text)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", ["END"]),
        ("a", ["TEXT a", "END"]),
        ("a {{- .x -}} b", ["TEXT a", "LEFT {{", "FIELD .x", "RIGHT }}", "TEXT b", "END"]),
        ("a {{-3}} b", ["TEXT a", "LEFT {{", "NUMBER -3", "RIGHT }}", "TEXT  b", "END"]),
        ("{{3 -}}", ["LEFT {{", "NUMBER 3", "RIGHT }}", "END"]),
        ("a {{- /* c */ -}} b", ["TEXT a", "TEXT b", "END"]),
        ("a {{/* }} */}} b", ["TEXT a", "TEXT  b", "END"]),
        ("{{ .a.b $ $x.y . }}", ["LEFT {{", "FIELD .a.b", "VARIABLE $", "VARIABLE $x.y", "DOT .", "RIGHT }}", "END"]),
        ("{{ now.Year }}", ["LEFT {{", "IDENTIFIER now", "FIELD .Year", "RIGHT }}", "END"]),
        ("{{if true nil}}", ["LEFT {{", "KEYWORD if", "BOOL true", "NIL nil", "RIGHT }}", "END"]),
        ("{{\"a}}\" `b}}` 'c'}}", ["LEFT {{", 'STRING "a}}"', "RAW_STRING `b}}`", "CHAR_CONSTANT 'c'", "RIGHT }}", "END"]),
        ("{{.5 1+2i .x}}", ["LEFT {{", "NUMBER .5", "COMPLEX 1+2i", "FIELD .x", "RIGHT }}", "END"]),
        ("{{$x:=(.a)|b,!}}", ["LEFT {{", "VARIABLE $x", "DECLARE :=", "LEFT_PAREN (", "FIELD .a", "RIGHT_PAREN )",
                              "PIPE |", "IDENTIFIER b", "CHAR ,", "CHAR !", "RIGHT }}", "END"]),
        ("{{.ñ ß}}", ["LEFT {{", "FIELD .ñ", "IDENTIFIER ß", "RIGHT }}", "END"]),
        ("{{$x.1}}", ["LEFT {{", "VARIABLE $x", "NUMBER .1", "RIGHT }}", "END"]),
    ],
)  # fmt: skip
def test_a_text_becomes_tokens(text: str, tokens: list[str]) -> None:
    assert show(text) == tokens


@pytest.mark.parametrize(
    ("text", "message", "marked", "hint"),
    [
        ("{{ .a", "this action is never closed", "{{", "end it with }}"),
        ("{{/* a", "this comment is never closed", "{{/*", "end it with */}}"),
        ("{{/* a */ }}", "the }} that ends a comment must follow */ at once", " ", "write */}} or */ -}}"),
        ('{{ "a }}', "this string is never closed", '"', 'end it with "'),
        ("{{ `a }}", "this raw string is never closed", "`a }}", "end it with `"),
        ("{{ 'a }}", "this character constant is never closed", "'", "end it with '"),
        ("{{ (.a }}", "this ( is never closed", "(", "add the ) before }}"),
        ("{{ .a) }}", "this ) closes nothing", ")", "take it away, or add the ( that it closes"),
        ("{{ .a+1 }}", 'the character "+" cannot stand here', "+", "separate words by a blank"),
        ("{{ .a} }}", 'the character "}" cannot stand here', "}", "end the action with }}"),
        ("{{ $x=1 }}", 'the character "=" cannot stand here', "=", "put a blank before ="),
        ('{{ .a"" }}', "the character '\"' cannot stand here", '"', "separate words by a blank"),
        ("{{ .a² }}", 'the character "²" (U+00B2) cannot stand here', "²", ""),
        ("{{ é² }}", 'the character "²" (U+00B2) cannot stand here', "²", ""),
        ("{{ € }}", 'the character "€" (U+20AC) cannot stand here', "€", ""),
        ("{{ \x00 }}", "the character U+0000 cannot stand here", "\x00", ""),
        ("{{ : }}", "a lone : cannot stand here", ":", "declare a variable with :="),
        ("{{ 1x }}", "1x is not a number", "1x", "put names that begin with digits in quotes"),
        ("{{ 1+2 }}", "1+2 is not a number", "1+2 ", "put names that begin with digits in quotes"),
    ],
)
def test_a_lexical_fault_is_the_last_token(text: str, message: str, marked: str, hint: str) -> None:
    token = lex(text)[-1]
    assert token.kind is TokenKind.ERROR
    assert (token.text, text[token.start : token.end], token.hint) == (message, marked, hint)


TEMPLATES = st.text(alphabet="{}-. \n\"'`$(|)=:/*ax1é,", max_size=40)


@given(TEMPLATES)
def test_tokens_stand_in_order_and_cover_all_but_blanks_and_comments(text: str) -> None:
    tokens = lex(text)
    position = 0
    for token in tokens[:-1]:
        skipped = text[position : token.start]
        assert token.start >= position
        assert not skipped.strip(SPACES + "-") or "/*" in skipped
        position = token.end
    assert tokens[-1].kind in (TokenKind.END, TokenKind.ERROR)
