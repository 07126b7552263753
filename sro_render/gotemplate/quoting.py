"""Go's string and character literals: read (`unquote`) and written (`quote`).

Re-implements strconv's Quote, QuoteToASCII, QuoteRune, CanBackquote, IsPrint, Unquote and UnquoteChar
for the strings that `values` describes.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sro_render.gotemplate.values import from_bytes, to_bytes

_SHORT: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}
_LONG: Final = {short[1]: char for char, short in _SHORT.items()}
_PRINTABLE: Final = frozenset("LMNPS")
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")
_ASCII_TO_ESCAPE: Final = re.compile(r"[\x00-\x1f\x7f\"\\]")
_ESCAPE: Final = re.compile(
    r"""\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|.|$)""",
    re.DOTALL,
)


def is_printable(char: str) -> bool:
    """Whether Go shows the character as it is: letters, marks, numbers, punctuation, symbols, space."""
    return char == " " or unicodedata.category(char)[0] in _PRINTABLE


def quote(text: str, *, to_ascii: bool = False) -> str:
    """The text as a Go string literal in double quotes; with `to_ascii`, without other characters."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    if text.isascii():
        body = _ASCII_TO_ESCAPE.sub(lambda match: _escaped(match[0], '"', to_ascii), text)
    else:
        body = "".join(_escaped(char, '"', to_ascii) for char in _characters(text))
    return f'"{body}"'


def quote_rune(code: int, *, to_ascii: bool = False) -> str:
    """A code point as a Go character literal; what is no character becomes U+FFFD."""
    valid = 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    body = _escaped(chr(code) if valid else "\ufffd", "'", to_ascii)
    return f"'{body}'"


def can_backquote(text: str) -> bool:
    """Whether the text can stand in a raw literal: no backquote, no control character but tab."""
    return not any(
        char in "`\x7f\ufeff" or (char < " " and char != "\t") or "\ud800" <= char <= "\udfff"
        for char in text
    )


def unquote(literal: str) -> str:
    """The text of a literal in double quotes, single quotes or backquotes, delimiters included.

    Raises:
        ValueError: with the escape that Go does not know, or what else is wrong.
    """
    delimiter, body = literal[0], literal[1:-1]
    if delimiter == "`":
        return body.replace("\r", "")
    if "\\" not in body:
        return body

    def replace(match: re.Match[str]) -> str:
        short, hexadecimal, octal, four, eight = match.groups()
        if short is not None and not (short in "'\"" and short != delimiter):
            return _LONG.get(short, short)
        if hexadecimal is not None:
            return _byte(int(hexadecimal, 16))
        if octal is not None and int(octal, 8) <= 0xFF:
            return _byte(int(octal, 8))
        code = int(four or eight or "110000", 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise ValueError(f"{match[0]} is no escape that Go knows")
        return chr(code)

    text = _ESCAPE.sub(replace, body)
    # Bytes written one by one may add up to characters.
    return text if text.isascii() or delimiter == "'" else from_bytes(to_bytes(text))


def rune_of(literal: str) -> int:
    """The code point of a character literal such as `'a'`, quotes included.

    Raises:
        ValueError: it holds none, several, or an escape that Go does not know.
    """
    text = unquote(literal)
    if len(text) != 1:
        raise ValueError("a character constant holds exactly one character")
    code = ord(text)
    return code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code


def _byte(value: int) -> str:
    return chr(value) if value < 0x80 else chr(0xDC00 + value)


def _characters(text: str) -> str:
    """The text with its escaped bytes joined to characters where they are some."""
    return text if text.isprintable() else from_bytes(to_bytes(text))


def _escaped(char: str, delimiter: str, to_ascii: bool) -> str:
    if char in (delimiter, "\\"):
        return f"\\{char}"
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x7F or not to_ascii:
        if is_printable(char):
            return char
        if char in _SHORT:
            return _SHORT[char]
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
