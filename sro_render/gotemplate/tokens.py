"""The words of the template language: what the lexer gives to the parser."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class TokenKind(Enum):
    """What a token is; the value is how messages call it."""

    TEXT = "text"
    LEFT = "{{"
    RIGHT = "}}"
    DOT = "."
    FIELD = "field"
    VARIABLE = "variable"
    IDENTIFIER = "name"
    KEYWORD = "keyword"
    NIL = "nil"
    BOOL = "constant"
    NUMBER = "number"
    COMPLEX = "imaginary number"
    CHAR_CONSTANT = "character constant"
    STRING = "string"
    RAW_STRING = "raw string"
    PIPE = "|"
    ASSIGN = "="
    DECLARE = ":="
    LEFT_PAREN = "("
    RIGHT_PAREN = ")"
    CHAR = "character"
    END = "end of the template"
    ERROR = "error"


class Token(NamedTuple):
    """A word of the template at an offset in characters.

    `text` is as in the source, except that TEXT is already trimmed, that ERROR holds its message, and
    that FIELD and VARIABLE hold their whole chain, such as `.Values.name` or `$x.name`.
    """

    kind: TokenKind
    start: int
    end: int
    text: str
    hint: str = ""


KEYWORDS: Final = frozenset(
    {"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"}
)
