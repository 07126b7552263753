"""Go's regular expressions: what they accept, what they match, and the templates that replace matches.

RE2 does the matching; Go's package regexp has the same author, language and answers. Here stands what
differs: a few things that only one of the two reads, empty matches, bytes that are not UTF-8, and the
`$1` of replacements. Time is linear in the text, whatever the expression. Nothing else may import re2.
Source: Go regexp/regexp.go `allMatches`, `expand`, `extract`; regexp/syntax/parse.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from sro_render.gotemplate.functions import FunctionError

Pattern = Any
"""A compiled expression; the library has no types."""
Spans = Sequence[tuple[int, int]]
"""Where the whole match and each group begin and end, in characters; -1 for a group without part in it."""

_MAX_MEMORY: Final = 64 * 2**20
"""What one expression may take; RE2's own 8 MiB are too few for some that Go compiles."""

# Bytes that are not UTF-8 stand as lone surrogates; Go matches each as if it were U+FFFD.
_NOT_UTF8: Final = re.compile("[\ud800-\udfff]")
_ESCAPED: Final = re.compile(
    r"\\(?:Q(?P<literal>.*?)(?:\\E|\Z)|(?P<class>[pP])\{(?P<negated>\^?)(?P<name>[^}]*)\}|(?P<other>.))",
    re.DOTALL,
)
_GROUP_NAME: Final = re.compile(r"\(\?P?<(?![=!])([^>]*)>")
_META: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")

_CATEGORIES: Final = {
    "other": "C", "control": "Cc", "cntrl": "Cc", "format": "Cf", "privateuse": "Co", "surrogate": "Cs",
    "letter": "L", "lowercaseletter": "Ll", "modifierletter": "Lm", "otherletter": "Lo",
    "titlecaseletter": "Lt", "uppercaseletter": "Lu", "mark": "M", "combiningmark": "M", "spacingmark": "Mc",
    "enclosingmark": "Me", "nonspacingmark": "Mn", "number": "N", "decimalnumber": "Nd", "digit": "Nd",
    "letternumber": "Nl", "othernumber": "No", "punctuation": "P", "punct": "P", "connectorpunctuation": "Pc",
    "dashpunctuation": "Pd", "closepunctuation": "Pe", "finalpunctuation": "Pf", "initialpunctuation": "Pi",
    "otherpunctuation": "Po", "openpunctuation": "Ps", "symbol": "S", "currencysymbol": "Sc",
    "modifiersymbol": "Sk", "mathsymbol": "Sm", "othersymbol": "So", "separator": "Z",
    "lineseparator": "Zl", "paragraphseparator": "Zp", "spaceseparator": "Zs", "any": "Any",
}  # fmt: skip
"""Go's long names of Unicode's categories, which RE2 does not know; without case, blanks, `_` and `-`."""


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Pattern:
    """The expression, compiled.

    Raises: FunctionError `bad-pattern`: Go does not accept it.
    """
    if _NOT_UTF8.search(text):
        raise _bad(text, "it holds bytes that are not UTF-8")
    for name in _GROUP_NAME.findall(text):
        if not re.fullmatch(r"\w+", name, re.ASCII):
            raise _bad(text, f'"{name}" is no name for a group')
    # Only charts that use these functions pay for the library.
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.max_mem, options.log_errors = _MAX_MEMORY, False
    try:
        return re2.compile(_translated(text), options)
    except re2.error as fault:
        reason = fault.args[0] if fault.args else "it is no expression"
        raise _bad(text, reason.decode() if isinstance(reason, bytes) else str(reason)) from None


def _bad(text: str, reason: str) -> FunctionError:
    return FunctionError(
        f'"{text}" is not a regular expression: {reason}',
        hint="the language is that of https://github.com/google/re2/wiki/Syntax",
        code="bad-pattern",
    )


def _translated(text: str) -> str:
    """The expression in the words that RE2 knows."""
    return _ESCAPED.sub(lambda found: _translated_escape(text, found), text)


def _translated_escape(text: str, found: re.Match[str]) -> str:
    if found["other"] == "C":
        raise _bad(text, r"it asks for a single byte with \C")
    if not found["class"] or found["negated"]:
        return found[0]
    name = found["name"]
    plain = re.sub("[ _-]", "", name).lower()
    if len(plain) <= 2:
        known = plain.capitalize()
    else:
        known = _CATEGORIES.get(plain) or "_".join(part.capitalize() for part in re.split("[ _-]", name))
    return f"\\{found['class']}{{{known}}}"


def matches(pattern: Pattern, text: str, limit: int = -1) -> Iterator[Spans]:
    """The matches from left to right, none twice at one place, at most `limit` unless that is negative."""
    end = -1
    groups = range(pattern.groups + 1)
    for found in pattern.finditer(_NOT_UTF8.sub("\ufffd", text)):
        if limit == 0:
            return
        spans = [found.span(group) for group in groups]
        is_repeated = spans[0] == (end, end)
        end = spans[0][1]
        if not is_repeated:
            limit -= 1
            yield spans


def expand(pattern: Pattern, template: str, text: str, spans: Spans) -> str:
    """What a template makes of a match: `$1`, `${1}`, `$name`, `${name}`, and `$$` for a dollar.

    `$1x` is the group named `1x`, and a group that does not exist is the empty text.
    """
    parts: list[str] = []
    while True:
        before, dollar, template = template.partition("$")
        parts.append(before)
        if not dollar:
            return "".join(parts)
        if template.startswith("$"):
            parts.append("$")
            template = template[1:]
            continue
        name, template = _group_name(template)
        start, end = _group_span(pattern, name, spans) if name else (-1, -1)
        parts.append(text[start:end] if start >= 0 else "" if name else "$")


def _group_name(template: str) -> tuple[str, str]:
    """The name behind a dollar, and what follows it; an empty name where there is none."""
    braced = template.startswith("{")
    start = end = int(braced)
    while end < len(template) and (
        template[end].isalpha() or template[end].isdecimal() or template[end] == "_"
    ):
        end += 1
    if end == start or (braced and template[end : end + 1] != "}"):
        return "", template
    return template[start:end], template[end + braced :]


def _group_span(pattern: Pattern, name: str, spans: Spans) -> tuple[int, int]:
    is_number = name.isascii() and name.isdecimal() and (name == "0" or name[0] != "0") and len(name) <= 9
    index = int(name) if is_number else pattern.groupindex.get(name, len(spans))
    return spans[index] if index < len(spans) else (-1, -1)


def split(pattern: Pattern, text: str, limit: int, found: Iterable[Spans]) -> list[str]:
    """The parts between the matches that were found, at most `limit` unless that is negative."""
    if pattern.pattern and not text:
        return [""]
    parts: list[str] = []
    begin = end = 0
    for spans in found:
        if limit > 0 and len(parts) == limit - 1:
            break
        end = spans[0][0]
        if spans[0][1] != 0:
            parts.append(text[begin:end])
        begin = spans[0][1]
    if end != len(text):
        parts.append(text[begin:])
    return parts


def quote_meta(text: str) -> str:
    """An expression that matches the text itself."""
    return _META.sub(r"\\\g<0>", text)
