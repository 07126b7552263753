"""Characters as Go's package unicode sees them: white space, and case one character at a time.

Python's own words differ: more characters are white space, `isupper` knows more than letters, and a
capital may be several characters. A byte that is not UTF-8 is a lone surrogate here (see
`gotemplate.values`) and U+FFFD for Go's functions that go by characters.
Source: Go unicode/graphic.go, unicode/letter.go.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category

SPACES: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What Go's unicode.IsSpace knows."""

_NOT_UTF8: Final = re.compile("[\ud800-\udfff]")


def runes(text: str) -> str:
    """The characters of a text, as Go's []rune has them."""
    return text if text.isascii() else _NOT_UTF8.sub("\ufffd", text)


def is_upper(character: str) -> bool:
    """Whether it is a capital letter."""
    return category(character) == "Lu"


def is_lower(character: str) -> bool:
    """Whether it is a small letter."""
    return category(character) == "Ll"


def is_title(character: str) -> bool:
    """Whether it is a letter in title case, such as ǅ."""
    return category(character) == "Lt"


def to_upper(character: str) -> str:
    """The capital letter; ß stays."""
    changed = character.upper()
    if len(changed) == 1:
        return changed
    changed = character.title()
    return changed if len(changed) == 1 else character


def to_lower(character: str) -> str:
    """The small letter; of İ it is i."""
    return character.lower()[0]


def to_title(character: str) -> str:
    """The letter in title case."""
    changed = character.title()
    return changed if len(changed) == 1 else character
