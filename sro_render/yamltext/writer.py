"""Values to YAML in the one canonical form of rendered manifests.

Decides the form: sorted keys, block style, lists not indented below their key (as kubectl prints
them), literal blocks, and quotes wherever any common reader could take a string for something else.
No folding, no anchors, no comments. What toYaml gives in templates is another form: `go_yaml`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from math import isfinite

from sro_render.model.objects import JsonValue
from sro_render.yamltext import scalars

# Everything that go-yaml v2 and v3, PyYAML (YAML 1.1) or ruamel.yaml (YAML 1.2) may resolve, and
# some more: words in any spelling; numbers with underscores, of any base, sexagesimal; dates; = and <<.
_OTHER_THAN_TEXT = re.compile(
    r"""
    (?i: y(?:es)? | no? | on | off | true | false | null | ~ | = | << )
    | [-+]? \.(?i:inf|nan)
    | [-+]? (?: [0-9][0-9_]* (?: \.[0-9_]* )? | \.[0-9_]+ ) (?: [eE][-+]?[0-9_]* )?
    | [-+]? 0[xXoObB] [-+0-9a-fA-F_]*
    | [-+]? [0-9][0-9_]* (?: :[0-9_]+ )+ (?: \.[0-9_]* )?
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} (?: [Tt\ ] .* )?
    """,
    re.VERBOSE,
)
_PLAIN = re.compile(
    r"""
    (?! --- | \.\.\. )
    (?: [A-Za-z0-9_./\\+($^<;)] | - (?= [!-~] ) )                  # no indicator begins a text
    (?: [!"$-9;-~] | : (?! \ | \Z ) | (?<! \ ) \# | \  (?! \Z ) )*  # nor a comment or a value inside it
    """,
    re.VERBOSE,
)
_MAYBE_ESCAPED = re.compile(r"[^ !#-\[\]-~]")
_LITERAL_LINE = re.compile("^(?=.)", re.MULTILINE)
_SHORT_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}

_LONGEST_SIMPLE_KEY = 1_000
"""Readers look for the colon within 1,024 characters; longer keys are written after a question mark."""


def write(value: JsonValue) -> str:
    """The canonical text of a value: one document, ending with a newline, without `---`.

    Returns: the same bytes for equal values of equal types, whatever the order of their keys.
    Raises:  ValueError: NaN, an infinity, half of a surrogate pair, or a value that contains itself.
    """
    lines: list[str] = []
    try:
        _write_node(value, "", "", lines)
    except RecursionError:
        raise ValueError("the value contains itself, or its collections are nested too deep") from None
    lines.append("")
    return "\n".join(lines)


def _write_node(value: JsonValue, first: str, rest: str, lines: list[str]) -> None:
    """Write a value; `first` begins its first line, `rest` is the indentation of the others."""
    if value and isinstance(value, dict):
        for key in sorted(value):
            _write_entry(_key(key), value[key], first, rest, lines)
            first = rest
    elif value and isinstance(value, list):
        for item in value:
            _write_node(item, first + "- ", rest + "  ", lines)
            first = rest
    else:
        lines.append(first + _scalar(value, rest))


def _write_entry(key: str, value: JsonValue, first: str, rest: str, lines: list[str]) -> None:
    """Write a key and its value."""
    if len(key) > _LONGEST_SIMPLE_KEY:
        lines.append(f"{first}? {key}")
        _write_node(value, f"{rest}: ", rest + "  ", lines)
    elif value.__class__ is str and "\n" not in value:  # most are
        lines.append(f"{first}{key}: {_key(value)}")
    elif value and isinstance(value, dict):
        lines.append(f"{first}{key}:")
        _write_node(value, rest + "  ", rest + "  ", lines)
    elif value and isinstance(value, list):
        lines.append(f"{first}{key}:")
        _write_node(value, rest, rest, lines)
    else:
        lines.append(f"{first}{key}: {_scalar(value, rest + '  ')}")


def _scalar(value: JsonValue, indent: str) -> str:
    """Anything but a collection with content. A literal block stands at `indent`."""
    match value:
        case str():
            return (
                _literal(value, indent or "  ")
                if "\n" in value and _is_fit_for_literal(value)
                else _key(value)
            )
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case float():
            return _float(value)
        case dict():
            return "{}"
    return "[]"


@lru_cache(maxsize=8192)
def _key(text: str) -> str:
    """A string on one line: as it is where no reader misunderstands it, else in quotes.

    Quotes are double, as kubectl's, except around text such as JSON that would need escapes there.
    """
    # Our own reader is Go's; what Go alone takes for a number, such as `+_1` and `8e_+8`, it knows.
    if (
        _PLAIN.fullmatch(text)
        and not _OTHER_THAN_TEXT.fullmatch(text)
        and isinstance(scalars.resolve(text), str)
    ):
        return text
    if ('"' in text or "\\" in text) and _is_readable(text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + _MAYBE_ESCAPED.sub(_escape, text) + '"'


def _is_fit_for_literal(text: str) -> bool:
    """Whether a text of several lines has something to see, and no character needs an escape."""
    return not text.isspace() and _is_readable(text.replace("\n", "").replace("\t", ""))


def _is_readable(text: str) -> bool:
    """Whether no character of a text, which has no line breaks and tabs, needs an escape."""
    return text.isprintable() if text.isascii() else not _unreadable().search(text)


@cache
def _unreadable() -> re.Pattern[str]:
    # Compiled for the first text beyond ASCII: that takes as long as writing the objects of a small chart.
    return re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character > "\x7f" and _is_readable(character):
        return character
    if "\ud800" <= character <= "\udfff":
        raise ValueError(f"half of a surrogate pair, U+{ord(character):04X}, is no character")
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _literal(text: str, indent: str) -> str:
    """A string of several lines as a literal block, in which no character needs an escape.

    A first line that begins with white space would be taken for indentation, so the two spaces of
    ours are announced.
    """
    hint = "2" if text[0] in " \t\n" else ""
    ending = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    return f"|{hint}{ending}\n{_LITERAL_LINE.sub(indent, text)}".removesuffix("\n")


def _float(value: float) -> str:
    """A float that every reader takes for one: with a point, and a sign in its exponent.

    YAML 1.1 readers need both: `1e21` would be a string for PyYAML.
    """
    if not isfinite(value):
        raise ValueError(f"{value} is no number that JSON knows")
    mantissa, exponent_mark, exponent = float.__repr__(value).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + exponent_mark + exponent
