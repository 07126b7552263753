"""Sprig's text functions: cutting, trimming, replacing, quoting, indenting, splitting.

Lengths and places are bytes, as in Go. Not here: random texts (`chance`), regular expressions
(`regex`), and what third-party libraries do with words and lines (`words`).
Source: Sprig v3 strings.go and functions.go.
"""

from __future__ import annotations

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.quoting import quote as go_quote
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import StringList, StringMap, from_bytes, to_bytes
from sro_render.sprig.bounds import check_items, check_length
from sro_render.sprig.runes import SPACES, runes, to_lower, to_title, to_upper
from sro_render.sprig.text import shown, strval, texts_of

FUNCTIONS: dict[str, Function] = {}


@go_function(FUNCTIONS, "trim", "(string) string")
def trim(text: str) -> str:
    """Without white space at both ends."""
    return text.strip(SPACES)


@go_function(FUNCTIONS, "trimAll", "(string, string) string")
@go_function(FUNCTIONS, "trimall", "(string, string) string")
def trim_all(characters: str, text: str) -> str:
    """Without any of the given characters at both ends."""
    return text.strip(characters) if characters else text


@go_function(FUNCTIONS, "trimPrefix", "(string, string) string")
def trim_prefix(prefix: str, text: str) -> str:
    """Without the prefix, once."""
    return text.removeprefix(prefix)


@go_function(FUNCTIONS, "trimSuffix", "(string, string) string")
def trim_suffix(suffix: str, text: str) -> str:
    """Without the suffix, once."""
    return text.removesuffix(suffix)


@go_function(FUNCTIONS, "trunc", "(int, string) string")
def trunc(length: int, text: str) -> str:
    """The first bytes, or for a negative length the last ones."""
    if text.isascii():
        if length < 0:
            return text[length:] if len(text) + length > 0 else text
        return text[:length]
    data = to_bytes(text)
    if length < 0:
        return from_bytes(data[length:]) if len(data) + length > 0 else text
    return from_bytes(data[:length])


@go_function(FUNCTIONS, "substr", "(int, int, string) string")
def substr(start: int, end: int, text: str) -> str:
    """The bytes from `start` up to `end`; a negative one stands for the text's own end."""
    data = to_bytes(text)
    if start < 0:
        start = 0
    elif end < 0 or end > len(data):
        end = len(data)
    if not 0 <= start <= end <= len(data):
        raise FunctionError(f"cannot cut from {start} to {end}: the text has {len(data)} bytes")
    return from_bytes(data[start:end])


@go_function(FUNCTIONS, "upper", "(string) string")
def upper(text: str) -> str:
    """In capitals, character by character as in Go: ß stays."""
    return text.upper() if text.isascii() else "".join(map(to_upper, runes(text)))


@go_function(FUNCTIONS, "lower", "(string) string")
def lower(text: str) -> str:
    """In small letters, character by character as in Go."""
    return text.lower() if text.isascii() else "".join(map(to_lower, runes(text)))


@go_function(FUNCTIONS, "title", "(string) string")
def title(text: str) -> str:
    """With a capital at the start of each word; letters, digits and _ make up words."""
    out = []
    previous = " "
    for character in runes(text):
        is_inside = previous == "_" or previous.isalnum() or (ord(previous) > 127 and previous not in SPACES)
        out.append(character if is_inside else to_title(character))
        previous = character
    return "".join(out)


@go_function(FUNCTIONS, "untitle", "(string) string")
def untitle(text: str) -> str:
    """With a small letter at the start of each word; only white space parts words."""
    out = []
    previous = " "
    for character in runes(text):
        out.append(to_lower(character) if previous in SPACES else character)
        previous = character
    return "".join(out)


@go_function(FUNCTIONS, "repeat", "(int, string) string", wants_run=True)
def repeat(run: Run, count: int, text: str) -> str:
    """The text several times."""
    if count < 0:
        raise FunctionError(f"cannot repeat a text {count} times")
    check_length(run, count * len(text))
    return text * count


@go_function(FUNCTIONS, "contains", "(string, string) bool")
def contains(part: str, text: str) -> bool:
    """Whether the second text has the first one in it."""
    return part in text


@go_function(FUNCTIONS, "hasPrefix", "(string, string) bool")
def has_prefix(prefix: str, text: str) -> bool:
    """Whether the second text starts with the first one."""
    return text.startswith(prefix)


@go_function(FUNCTIONS, "hasSuffix", "(string, string) bool")
def has_suffix(suffix: str, text: str) -> bool:
    """Whether the second text ends with the first one."""
    return text.endswith(suffix)


@go_function(FUNCTIONS, "quote", "(...any) string")
def quote(*values: object) -> str:
    """Each value as a quoted Go string, with blanks between; nulls left out."""
    return " ".join(go_quote(strval(value)) for value in values if value is not None)


@go_function(FUNCTIONS, "squote", "(...any) string")
def squote(*values: object) -> str:
    """Each value in single quotes, with blanks between; nulls left out, nothing escaped."""
    return " ".join(f"'{shown(value)}'" for value in values if value is not None)


@go_function(FUNCTIONS, "cat", "(...any) string")
def cat(*values: object) -> str:
    """The values with blanks between; nulls left out."""
    return " ".join(shown(value) for value in values if value is not None)


@go_function(FUNCTIONS, "indent", "(int, string) string", wants_run=True)
def indent(run: Run, spaces: int, text: str) -> str:
    """With that many blanks at the start of each line."""
    if spaces < 0:
        raise FunctionError(f"cannot indent by {spaces} blanks")
    check_length(run, len(text) + spaces * (1 + text.count("\n")))
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


@go_function(FUNCTIONS, "nindent", "(int, string) string", wants_run=True)
def nindent(run: Run, spaces: int, text: str) -> str:
    """The same behind a line break."""
    return "\n" + indent(run, spaces, text)


@go_function(FUNCTIONS, "replace", "(string, string, string) string", wants_run=True)
def replace(run: Run, old: str, new: str, text: str) -> str:
    """The third text with every first one replaced by the second."""
    if len(new) > len(old):
        check_length(run, len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


@go_function(FUNCTIONS, "plural", "(string, string, int) string")
def plural(one: str, many: str, count: int) -> str:
    """The first word for 1, else the second."""
    return one if count == 1 else many


@go_function(FUNCTIONS, "join", "(string, any) string", wants_run=True)
def join(run: Run, separator: str, value: object) -> str:
    """The entries of a list as one text; nulls left out."""
    texts = texts_of(value)
    check_length(run, sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


@go_function(FUNCTIONS, "splitList", "(string, string) []string", wants_run=True)
def split_list(run: Run, separator: str, text: str) -> StringList:
    """The parts of a text; without a separator its characters."""
    check_items(run, text.count(separator))
    return StringList(text.split(separator) if separator else text)


@go_function(FUNCTIONS, "split", "(string, string) map[string]string", wants_run=True)
def split(run: Run, separator: str, text: str) -> StringMap:
    """The parts of a text under the names _0, _1 and so on."""
    return _numbered(split_list(run, separator, text))


@go_function(FUNCTIONS, "splitn", "(string, int, string) map[string]string", wants_run=True)
def splitn(run: Run, separator: str, count: int, text: str) -> StringMap:
    """The parts of a text, at most `count`, as _0, _1 and so on; below 0 all, at 0 none."""
    if count == 0:
        return StringMap()
    if count < 0:
        return split(run, separator, text)
    check_items(run, min(count, text.count(separator)))
    if separator:
        return _numbered(text.split(separator, count - 1))
    rest = [text[count - 1 :]] if len(text) >= count else []
    return _numbered([*text[: count - 1], *rest])


def _numbered(parts: list[str]) -> StringMap:
    return StringMap({f"_{index}": part for index, part in enumerate(parts)})


@go_function(FUNCTIONS, "toString", "(any) string")
def to_string(value: object) -> str:
    """A value as text."""
    return strval(value)


@go_function(FUNCTIONS, "toStrings", "(any) []string")
def to_strings(value: object) -> StringList:
    """The entries of a list as texts; nulls left out."""
    return StringList(texts_of(value))


@go_function(FUNCTIONS, "hello", "() string")
def hello() -> str:
    """Sprig's test of itself."""
    return "Hello!"
