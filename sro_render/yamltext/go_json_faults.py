"""Why a text is not JSON, in the words of Go, which charts put into their output: `fromJson`'s `Error`.

Decides only the words and the place; that there is a fault has been found out by `go_json_reader`, which
is faster. Left out: bytes that are not UTF-8, which Go takes.
Source: Go 1.27 encoding/json over encoding/json/jsontext and internal/jsonwire: decode.go, state.go.
"""

from __future__ import annotations

import re

_BLANKS = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_DIGITS = re.compile("[0-9]*", re.ASCII)
_HEX = re.compile("[0-9a-fA-F]{4}")
_HEX_BEGUN = re.compile(r"\\u[0-9a-fA-F]{0,3}")
_LITERALS = {"t": "true", "f": "false", "n": "null"}
_SHORT_ESCAPES = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
}


class JsonFault(Exception):  # noqa: N818 (what `find_fault` gives back)
    """What is wrong, and where, in characters."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def find_fault(text: str, start: int, *, is_alone: bool) -> JsonFault | None:
    """The first fault of the JSON value that begins at `start`; None if there is none.

    Args: is_alone: whether something behind the value is a fault too.
    """
    try:
        end = _Scanner(text).scan(start)
        end = _skip(_BLANKS, text, end)
        if is_alone and end < len(text):
            raise _unexpected(text, end, "after top-level value")
    except JsonFault as fault:
        return fault
    return None


def _quoted(text: str, at: int) -> str:
    """The character at `at` as Go's QuoteRune shows it; a byte that is not UTF-8 as its number."""
    char = text[at]
    return "'" + (r"\'" if char == "'" else _escaped(char)) + "'"


def _escaped(char: str) -> str:
    if char in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return rf"\x{code - 0xDC00:x}"  # a byte that is not UTF-8
    if code < 0x20 or code == 0x7F:
        return rf"\x{code:02x}"
    return rf"\u{code:04x}" if code < 0x10000 else rf"\U{code:08x}"


def _unexpected(text: str, at: int, where: str) -> JsonFault:
    if at >= len(text):
        return JsonFault("unexpected end of JSON input", at)
    return JsonFault(f"invalid character {_quoted(text, at)} {where}", at)


def _wrong_escape(text: str, start: int, size: int) -> JsonFault:
    """Args: size: of what is shown, in bytes, which may cut a character."""
    data = text[start : start + size].encode("utf-8", "surrogateescape")[:size]
    written = data.decode("utf-8", "surrogateescape")
    if all(char.isprintable() and char not in " `" for char in written):
        shown = f"`{written}`"
    else:
        shown = '"' + "".join(r"\"" if char == '"' else _escaped(char) for char in written) + '"'
    return JsonFault(f"invalid escape sequence {shown} in string", start)


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


class _Scanner:
    """Goes over one JSON value; each step takes where it begins and returns where it ends."""

    def __init__(self, text: str) -> None:
        self.text = text

    def scan(self, at: int) -> int:
        """A value, with the collections around the place in a list instead of in calls."""
        closers: list[str] = []
        while True:
            at, opened = self.begin_value(at)
            if opened:
                closers.append("}" if opened == "{" else "]")
                continue
            at, is_done = self.end_values(at, closers)
            if is_done:
                return at

    def begin_value(self, at: int) -> tuple[int, str]:
        """A whole value that is no collection, an empty collection, or the start of one and what opens it."""
        at = _skip(_BLANKS, self.text, at)
        char = self.text[at : at + 1]
        match char:
            case "{" | "[":
                inside = _skip(_BLANKS, self.text, at + 1)
                if self.text[inside : inside + 1] == ("}" if char == "{" else "]"):
                    return inside + 1, ""
                return (self.key(inside) if char == "{" else inside), char
            case '"':
                return self.string(at), ""
            case "t" | "f" | "n":
                return self.literal(at, _LITERALS[char]), ""
            case _ if char == "-" or (char.isascii() and char.isdigit()):
                return self.number(at), ""
        raise _unexpected(self.text, at, "looking for beginning of value")

    def end_values(self, at: int, closers: list[str]) -> tuple[int, bool]:
        """What stands behind a value, up to where the next one begins; whether none does."""
        while closers:
            at = _skip(_BLANKS, self.text, at)
            found = self.text[at : at + 1]
            if found == ",":
                return (self.key(at + 1) if closers[-1] == "}" else at + 1), False
            if found != closers[-1]:
                where = "object key:value pair" if closers[-1] == "}" else "array element"
                raise _unexpected(self.text, at, f"after {where}")
            closers.pop()
            at += 1
        return at, True

    def key(self, at: int) -> int:
        """A key, its colon."""
        at = _skip(_BLANKS, self.text, at)
        if self.text[at : at + 1] != '"':
            raise _unexpected(self.text, at, "looking for beginning of object key string")
        at = _skip(_BLANKS, self.text, self.string(at))
        if self.text[at : at + 1] != ":":
            raise _unexpected(self.text, at, "after object key")
        return at + 1

    def literal(self, at: int, word: str) -> int:
        for number, expected in enumerate(word):
            if self.text[at + number : at + number + 1] != expected:
                where = f"in literal {word} (expecting {expected!r})"
                raise _unexpected(self.text, at + number, where)
        return at + len(word)

    def number(self, at: int) -> int:
        """`-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [-+]? [0-9]+)?`."""
        at += self.text[at] == "-"
        at = at + 1 if self.text[at : at + 1] == "0" else self.digits(at)
        if self.text[at : at + 1] == ".":
            at = self.digits(at + 1)
        if self.text[at : at + 1] in {"e", "E"}:
            at += 2 if self.text[at + 1 : at + 2] in {"-", "+"} else 1
            at = self.digits(at)
        return at

    def digits(self, at: int) -> int:
        end = _skip(_DIGITS, self.text, at)
        if end == at:
            raise _unexpected(self.text, at, "in numeric literal")
        return end

    def string(self, at: int) -> int:
        at += 1
        while True:
            at = _skip(_PLAIN, self.text, at)
            match self.text[at : at + 1]:
                case '"':
                    return at + 1
                case "\\":
                    at = self.escape(at)
                case _:
                    raise _unexpected(self.text, at, "in string")

    def escape(self, at: int) -> int:
        kind = self.text[at + 1 : at + 2]
        if kind == "":
            raise _unexpected(self.text, at + 1, "")
        if kind in '"\\/bfnrt':
            return at + 2
        if kind != "u":
            raise _wrong_escape(self.text, at, 2)
        if _HEX.match(self.text, at + 2):
            return at + 6
        if _HEX_BEGUN.fullmatch(self.text, at):
            raise _unexpected(self.text, len(self.text), "")
        raise _wrong_escape(self.text, at, 6)
