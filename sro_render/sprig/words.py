"""Sprig's functions on words: their case, their initials, wrapping and shortening of lines.

Several of them take each byte for a character, since the libraries behind Sprig do; beyond ASCII their
results are odd, and the same here.
Source: Sprig v3 strings.go; Masterminds/goutils wordutils.go and stringutils.go; huandu/xstrings
convert.go.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category

from sro_render.gotemplate.functions import Function, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import from_bytes, to_bytes
from sro_render.sprig.bounds import check_length
from sro_render.sprig.runes import (
    SPACES,
    is_lower,
    is_title,
    is_upper,
    runes,
    to_lower,
    to_title,
    to_upper,
)

FUNCTIONS: dict[str, Function] = {}

_BYTE_SPACES: Final = re.compile("[\t\n\v\f\r \x85\xa0]+")


def _bytes_as_characters(text: str) -> str:
    return text if text.isascii() else to_bytes(text).decode("latin-1")


@go_function(FUNCTIONS, "nospace", "(string) string")
def nospace(text: str) -> str:
    """Without any white space."""
    characters = _bytes_as_characters(text)
    without = _BYTE_SPACES.sub("", characters)
    return text if len(without) == len(characters) else without


@go_function(FUNCTIONS, "initials", "(string) string")
def initials(text: str) -> str:
    """The first character of each word."""
    return "".join(word[:1] for word in _BYTE_SPACES.split(_bytes_as_characters(text)))


@go_function(FUNCTIONS, "swapcase", "(string) string")
def swapcase(text: str) -> str:
    """Capitals small and small letters as capitals, in title case at the start of a word."""
    out = []
    begins_word = True
    for character in runes(text):
        changed = character
        if is_upper(character) or is_title(character):
            changed, begins_word = to_lower(character), False
        elif is_lower(character):
            changed = to_title(character) if begins_word else to_upper(character)
            begins_word = False
        else:
            begins_word = character in SPACES
        out.append(changed)
    return "".join(out)


@go_function(FUNCTIONS, "wrap", "(int, string) string")
def wrap(width: int, text: str) -> str:
    """Lines of up to `width` bytes where blanks allow it; longer words stay whole."""
    return _wrapped(text, width, "\n", cuts_words=False)


@go_function(FUNCTIONS, "wrapWith", "(int, string, string) string", wants_run=True)
def wrap_with(run: Run, width: int, separator: str, text: str) -> str:
    """The same with a separator of one's own, and with longer words cut."""
    check_length(run, len(text) + len(text) // max(width, 1) * len(separator))
    return _wrapped(text, width, separator or "\n", cuts_words=True)


def _wrapped(text: str, width: int, separator: str, *, cuts_words: bool) -> str:
    """Source: goutils `WrapCustom`."""
    data, line_break, width = to_bytes(text), to_bytes(separator), max(width, 1)
    out, offset = bytearray(), 0
    while len(data) - offset > width:
        if data[offset : offset + 1] == b" ":
            offset += 1
            continue
        end, skipped = data.rfind(b" ", offset, offset + width + 1), 1
        if end < 0 and cuts_words:
            end, skipped = offset + width, 0
        elif end < 0:
            end = data.find(b" ", offset + width)
            if end < 0:
                break
        out += data[offset:end] + line_break
        offset = end + skipped
    return from_bytes(bytes(out + data[offset:]))


@go_function(FUNCTIONS, "abbrev", "(int, string) string")
def abbrev(width: int, text: str) -> str:
    """At most `width` bytes, three dots included; widths below 4 change nothing."""
    return abbrevboth(0, width, text)


@go_function(FUNCTIONS, "abbrevboth", "(int, int, string) string")
def abbrevboth(offset: int, width: int, text: str) -> str:
    """The same from an offset on, with dots at the start too.

    Source: goutils `AbbreviateFull`.
    """
    data = to_bytes(text)
    if width < 4 or (offset > 0 and width < 7) or len(data) <= width:
        return text
    offset = min(offset, len(data) - (width - 3))
    if offset <= 4:
        return from_bytes(data[: width - 3]) + "..."
    if offset + width - 3 < len(data):
        return "..." + abbrev(width - 3, from_bytes(data[offset:]))
    return "..." + from_bytes(data[len(data) - (width - 3) :])


def _is_connector(character: str) -> bool:
    return character in "-_" or character in SPACES


@go_function(FUNCTIONS, "camelcase", "(string) string")
def camelcase(text: str) -> str:
    """Words with capitals and without what parts them; connectors at the ends stay.

    Source: xstrings `ToPascalCase`.
    """
    characters = runes(text)
    body = characters.lstrip("-_" + SPACES)
    if not body:
        # The library writes the last of the connectors twice.
        return characters + characters[-1:]
    out = [characters[: len(characters) - len(body)]]
    is_word_upper = is_upper(body[0])
    current = to_upper(body[0])
    for following in body[1:]:
        previous, current = current, following
        if _is_connector(current) and _is_connector(previous):
            out.append(previous)
        elif _is_connector(previous):
            is_word_upper = is_upper(current)
            current = to_upper(current)
        else:
            if is_word_upper and is_upper(current):
                current = to_lower(current)
            else:
                is_word_upper = False
            out.append(previous)
    return "".join([*out, current])


@go_function(FUNCTIONS, "snakecase", "(string) string")
def snakecase(text: str) -> str:
    """Words in small letters with `_` between."""
    return _joined_words(text, "_")


@go_function(FUNCTIONS, "kebabcase", "(string) string")
def kebabcase(text: str) -> str:
    """Words in small letters with `-` between."""
    return _joined_words(text, "-")


Word = tuple[str, str]
"""What a stretch of text is (invalid, number, upper, alphabet, connector, punct, other), and the text."""


def _joined_words(text: str, connector: str) -> str:
    """Source: xstrings `camelCaseToLowerCase`, step by step, for its rules are its steps."""
    if not text:
        return ""
    words = _Words(text)
    out: list[str] = []

    def write(word: Word) -> None:
        kind, letters = word
        if kind in {"upper", "connector"}:
            letters = "".join(connector if _is_connector(c) else _small(c) for c in runes(letters))
        out.append(letters)

    def write_run(word: Word) -> Word:
        """Write letters and numbers up to the next word of another kind, with a connector before it."""
        while word[0] in {"alphabet", "number"}:
            write(word)
            word = words.next()
        if word[0] not in {"invalid", "punct", "connector"}:
            out.append(connector)
        return word

    word = words.next()
    while not words.is_done():
        if word[0] != "connector":
            write(word)
        last, word = word, words.next()
        if last[0] == "number":
            word = write_run(word)
        elif last[0] == "connector":
            write(last)
        elif last[0] != "punct":
            if word[0] != "number":
                if word[0] not in {"connector", "punct"}:
                    out.append(connector)
                continue
            if words.is_done():
                continue
            number, word = word, words.next()
            if word[0] != "alphabet":
                write(number)
                if word[0] not in {"connector", "punct"}:
                    out.append(connector)
                continue
            out.append(connector)
            write(number)
            word = write_run(word)
    write(word)
    return "".join(out)


def _small(character: str) -> str:
    return to_lower(character) if is_upper(character) else character


def _kind(character: str) -> str:
    if _is_connector(character):
        return "connector"
    main = category(character)[0]
    if main == "L":
        return "upper" if is_upper(character) else "other" if _is_ideograph(character) else "alphabet"
    return {"P": "punct", "N": "number"}.get(main, "other")


def _is_ideograph(character: str) -> bool:
    return (
        "\u3400" <= character <= "\u4d85"
        or "\u4e00" <= character <= "\u9fcc"
        or "\U00020000" <= character <= "\U0002b81d"
    )


class _Words:
    """The stretches of a text; bytes that are not UTF-8 go with what stands around them.

    Source: xstrings `nextWord`, `nextValidRune`.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._runes = runes(text)
        self._position = 0

    def is_done(self) -> bool:
        return self._position >= len(self._text)

    def next(self) -> Word:
        """The next stretch; an invalid one at the end, and of nothing but broken characters."""
        start = self._position
        kind, self._position = self._peek("invalid")
        if kind == "upper":
            self._take_capitalized()
        elif kind != "invalid":
            self._take(kind)
        return kind, self._text[start : self._position]

    def _peek(self, previous: str) -> tuple[str, int]:
        """The kind of the next character, broken ones left aside, and where it ends."""
        position = self._position
        while position < len(self._runes) and self._runes[position] == "\ufffd":
            position += 1
        if position == len(self._runes):
            return previous, position
        return _kind(self._runes[position]), position + 1

    def _take(self, kind: str) -> int:
        """Go on as long as characters are of that kind; returns where the last one began."""
        last = self._position
        while not self.is_done():
            following, end = self._peek(kind)
            if following != kind:
                break
            last, self._position = self._position, end
        return last

    def _take_capitalized(self) -> None:
        """What follows a capital: `HTTP` before `Status`, or the rest of `Status`."""
        following, _ = self._peek("upper")
        if following == "alphabet":
            self._take("alphabet")
        elif following == "upper" and not self.is_done():
            last = self._take("upper")
            if not self.is_done() and self._peek("upper")[0] == "alphabet":
                self._position = last
