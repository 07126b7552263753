"""Splits a template's text into tokens.

Decides where actions begin and end, what trim markers take away, and what a word inside an action
looks like. Whether words make sense together is the parser's. A fault becomes an ERROR token and ends
the lexing, so that the parser reports whatever is wrong before it first.

Source: text/template/parse/lex.go; differs: blanks are no tokens (tokens know where they stand), and
a chain of fields is one token.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sro_render.gotemplate.tokens import KEYWORDS, Token, TokenKind

SPACES: Final = " \t\r\n"
_LETTERS_AND_DIGITS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"})

_TOKEN: Final = re.compile(
    r"""
      (?P<blank>[ \t\r\n]+)
    | (?P<right>\}\})
    | (?P<number>[+-]|\.?[0-9])                       # only its beginning
    | (?P<chain>\$?\w*(?:\.(?![0-9])\w+)+|\$\w*)      # .a.b, $x.a, $x, $
    | (?P<word>\w+)                                   # a function, a keyword, true, false, nil
    | (?P<dot>\.)
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*")
    | (?P<raw>`[^`]*`)
    | (?P<char>'(?:[^'\\\n]|\\[^\n])*')
    | (?P<mark>:=|[=|()])
    """,
    re.VERBOSE,
)
_NUMBER: Final = re.compile(
    r"""
    [+-]?
    (?: 0[xX] [0-9a-fA-F_]* (?:\.[0-9a-fA-F_]*)? (?:[pP][+-]?[0-9_]*)?
      | 0[oO] [0-7_]* (?:\.[0-7_]*)?
      | 0[bB] [01_]* (?:\.[01_]*)?
      | [0-9_]* (?:\.[0-9_]*)? (?:[eE][+-]?[0-9_]*)?
    ) i?
    """,
    re.VERBOSE,
)
_FIELD_ALONE: Final = re.compile(r"[ \t\r\n]*((?:\.[A-Za-z_][A-Za-z0-9_]*)+)[ \t\r\n]*\}\}")
"""What most actions are, read in one go: one field chain in plain ASCII."""
_MARKS: Final = {
    ":=": TokenKind.DECLARE,
    "=": TokenKind.ASSIGN,
    "|": TokenKind.PIPE,
    "(": TokenKind.LEFT_PAREN,
    ")": TokenKind.RIGHT_PAREN,
}
_WORDS: Final = {
    "true": TokenKind.BOOL,
    "false": TokenKind.BOOL,
    "nil": TokenKind.NIL,
    **dict.fromkeys(KEYWORDS, TokenKind.KEYWORD),
}
_TERMINATORS: Final = frozenset(" \t\r\n.,|:)(")


def lex(text: str) -> list[Token]:
    """All tokens of a template; the last one is END or ERROR."""
    return _Lexer(text).run()


class _Fault(Exception):  # noqa: N818 - ends the lexing, never leaves this module
    def __init__(self, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.token = Token(TokenKind.ERROR, start, end, message, hint)


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        try:
            position = 0
            while position >= 0:
                position = self.lex_text(position)
        except _Fault as fault:
            self.tokens.append(fault.token)
        return self.tokens

    def lex_text(self, start: int) -> int:
        """Text up to the next `{{`, then that action; returns where to go on, or -1 at the end."""
        text = self.text
        left = text.find("{{", start)
        if left < 0:
            if start < len(text):
                self.tokens.append(Token(TokenKind.TEXT, start, len(text), text[start:]))
            self.tokens.append(Token(TokenKind.END, len(text), len(text), ""))
            return -1
        inside = left + 2
        trims = text[inside : inside + 1] == "-" and text[inside + 1 : inside + 2] in (" ", "\t", "\r", "\n")
        if left > start:
            stretch = text[start:left]
            if trims:
                stretch = stretch.rstrip(SPACES)
            if stretch:
                self.tokens.append(Token(TokenKind.TEXT, start, start + len(stretch), stretch))
        if trims:
            inside += 2
        if text.startswith("/*", inside):
            return self.lex_comment(left, inside)
        self.tokens.append(Token(TokenKind.LEFT, left, inside, "{{"))
        alone = _FIELD_ALONE.match(text, inside)
        if alone is not None:
            start, end = alone.span(1)
            right = alone.end()
            self.tokens.append(Token(TokenKind.FIELD, start, end, alone[1]))
            self.tokens.append(Token(TokenKind.RIGHT, right - 2, right, "}}"))
            return right
        return self.lex_action(left, inside)

    def lex_comment(self, left: int, start: int) -> int:
        close = self.text.find("*/", start + 2)
        if close < 0:
            raise _Fault("this comment is never closed", left, start + 2, "end it with */}}")
        close += 2
        if self.text.startswith("}}", close):
            return close + 2
        if self.text[close : close + 1] in SPACES and self.text.startswith("-}}", close + 1):
            return self.after_trim(close + 4)
        raise _Fault(
            "the }} that ends a comment must follow */ at once", close, close + 1, "write */}} or */ -}}"
        )

    def after_trim(self, position: int) -> int:
        text, end = self.text, len(self.text)
        while position < end and text[position] in SPACES:
            position += 1
        return position

    def lex_action(self, left: int, position: int) -> int:
        """The tokens up to and with `}}`; returns where the text behind begins."""
        text, tokens = self.text, self.tokens
        match_token = _TOKEN.match
        open_parens: list[int] = []
        while True:
            match = match_token(text, position)
            if match is None:
                self.lex_other(left, position)
                position += 1
                continue
            group, start, end = match.lastgroup, position, match.end()
            position = end
            if group == "chain":
                self.lex_chain(match[0], start)
            elif group == "blank":
                if not text.startswith("-}}", end):
                    continue
                self.check_parens(open_parens)
                tokens.append(Token(TokenKind.RIGHT, end - 1, end + 3, "}}"))
                return self.after_trim(end + 3)
            elif group == "right":
                self.check_parens(open_parens)
                tokens.append(Token(TokenKind.RIGHT, start, end, "}}"))
                return end
            elif group == "word":
                self.lex_word(match[0], start)
            elif group == "number":
                position = self.lex_number(start)
            elif group == "mark":
                mark = match[0]
                if mark == "(":
                    open_parens.append(start)
                elif mark == ")":
                    if not open_parens:
                        raise _Fault(
                            "this ) closes nothing", start, end, "take it away, or add the ( that it closes"
                        )
                    open_parens.pop()
                tokens.append(Token(_MARKS[mark], start, end, mark))
            elif group == "dot":
                self.check_terminator(end)
                tokens.append(Token(TokenKind.DOT, start, end, "."))
            else:
                kind = {"string": TokenKind.STRING, "raw": TokenKind.RAW_STRING}.get(
                    group or "", TokenKind.CHAR_CONSTANT
                )
                tokens.append(Token(kind, start, end, match[0]))

    def check_parens(self, open_parens: list[int]) -> None:
        if open_parens:
            start = open_parens[-1]
            raise _Fault("this ( is never closed", start, start + 1, "add the ) before }}")

    def lex_chain(self, chain: str, start: int) -> None:
        if not chain.isascii():
            self.check_letters(chain, start)
        end = start + len(chain)
        self.check_terminator(end)
        kind = TokenKind.VARIABLE if chain[0] == "$" else TokenKind.FIELD
        if chain[0] == "." or chain[0] == "$":
            self.tokens.append(Token(kind, start, end, chain))
            return
        # A word and then fields, as in `now.Year`: two tokens that touch.
        word = chain[: chain.index(".")]
        self.lex_word(word, start)
        self.tokens.append(Token(TokenKind.FIELD, start + len(word), end, chain[len(word) :]))

    def lex_word(self, word: str, start: int) -> None:
        if not word.isascii():
            self.check_letters(word, start)
        end = start + len(word)
        self.check_terminator(end)
        self.tokens.append(Token(_WORDS.get(word, TokenKind.IDENTIFIER), start, end, word))

    def check_letters(self, word: str, start: int) -> None:
        for offset, char in enumerate(word):
            if char not in "_.$" and unicodedata.category(char) not in _LETTERS_AND_DIGITS:
                raise _Fault(
                    f"the character {_shown(char)} cannot stand here", start + offset, start + offset + 1
                )

    def check_terminator(self, end: int) -> None:
        """A name must end where a name may end, so that `.a+1` is no surprise."""
        following = self.text[end : end + 1]
        if following and following not in _TERMINATORS and not self.text.startswith("}}", end):
            hints = {"}": "end the action with }}", "=": "put a blank before ="}
            hint = hints.get(following, "separate words by a blank")
            raise _Fault(f"the character {_shown(following)} cannot stand here", end, end + 1, hint)

    def lex_number(self, start: int) -> int:
        match = _NUMBER.match(self.text, start)
        end = match.end() if match else start
        kind = TokenKind.NUMBER
        if self.text[end : end + 1] in ("+", "-"):
            kind = TokenKind.COMPLEX
            match = _NUMBER.match(self.text, end)
            end = match.end() if match else end
        following = self.text[end : end + 1]
        if (
            following == "_"
            or following.isalnum()
            or (kind is TokenKind.COMPLEX and self.text[end - 1] != "i")
        ):
            raise _Fault(
                f"{self.text[start : end + 1].strip()} is not a number",
                start,
                end + 1,
                "put names that begin with digits in quotes",
            )
        self.tokens.append(Token(kind, start, end, self.text[start:end]))
        return end

    def lex_other(self, left: int, position: int) -> None:
        """One character that begins no word: punctuation, or a fault."""
        char = self.text[position : position + 1]
        if not char:
            raise _Fault("this action is never closed", left, left + 2, "end it with }}")
        if char in "\"'`":
            what = {'"': "string", "'": "character constant", "`": "raw string"}[char]
            end = len(self.text) if char == "`" else self.text.find("\n", position)
            shown = position + 1 if end < 0 else min(end, position + 40)
            raise _Fault(f"this {what} is never closed", position, shown, f"end it with {char}")
        if char == ":":
            raise _Fault("a lone : cannot stand here", position, position + 1, "declare a variable with :=")
        if not ("!" <= char <= "~"):
            raise _Fault(f"the character {_shown(char)} cannot stand here", position, position + 1)
        self.tokens.append(Token(TokenKind.CHAR, position, position + 1, char))


def _shown(char: str) -> str:
    code = f"U+{ord(char):04X}"
    if not char.isprintable():
        return code
    shown = "'\"'" if char == '"' else f'"{char}"'
    return shown if char.isascii() else f"{shown} ({code})"
