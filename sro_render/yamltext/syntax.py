"""What libyaml's complaints mean, in words that say what to do.

Decides texts and the place that helps most; whether something is a fault, libyaml decides.
"""

from __future__ import annotations

import yaml
from msgspec import Struct
from yaml.reader import ReaderError

from sro_render.errors import YamlError
from sro_render.source import Source


class _Meaning(Struct, frozen=True):
    """A complaint in our words. `at_context`: the place is where the construct began."""

    message: str
    hint: str
    at_context: bool = False
    code: str = "yaml-syntax"


_MEANINGS = {
    "mapping values are not allowed in this context": _Meaning(
        "a key and its colon cannot stand here",
        "check the indentation, and quote a text that has a colon followed by a space",
    ),
    "found character that cannot start any token": _Meaning(
        "no value can begin with this character", "put the text in quotes"
    ),
    "could not find expected ':'": _Meaning(
        "a colon is missing after this key",
        "write KEY: VALUE, or indent the line to continue the text above",
        at_context=True,
    ),
    "did not find expected ',' or ']'": _Meaning(
        "the list that begins here is not closed",
        "write a comma between entries and ] at the end",
        at_context=True,
    ),
    "did not find expected ',' or '}'": _Meaning(
        "the mapping that begins here is not closed",
        "write a comma between entries and } at the end",
        at_context=True,
    ),
    "found unexpected end of stream": _Meaning(
        "the quoted text that begins here is not closed", "end it with the same quote", at_context=True
    ),
    "found unexpected document indicator": _Meaning(
        "the quoted text that begins here is not closed before the next document",
        "end it with the same quote",
        at_context=True,
    ),
    "found unexpected ':'": _Meaning(
        "a colon cannot end this text", "quote the text, or write a space and a value behind the colon"
    ),
    "did not find expected key": _Meaning(
        "neither a key nor the end of the mapping",
        "check indentation and quotes of this line and the line above",
    ),
    "did not find expected '-' indicator": _Meaning(
        "neither an entry of the list nor its end", "begin each entry with a dash, all in one column"
    ),
    "block sequence entries are not allowed in this context": _Meaning(
        "a list cannot begin here", "begin it on a line of its own, or quote a text that begins with a dash"
    ),
    "mapping keys are not allowed in this context": _Meaning(
        "a mapping cannot begin here", "begin it on a line of its own, or quote a text that begins with ?"
    ),
    "did not find expected node content": _Meaning(
        "a value is missing here", "write the value, or quote a text that begins with this character"
    ),
    "did not find expected <document start>": _Meaning(
        "this belongs to no document", "write --- on a line before it, or indent it"
    ),
    "did not find expected comment or line break": _Meaning(
        "only a comment may follow on this line", "begin the text on the next line"
    ),
    "found a tab character that violates indentation": _Meaning("a tab cannot indent", "indent with spaces"),
    "found a tab character where an indentation space is expected": _Meaning(
        "a tab cannot indent", "indent with spaces"
    ),
    "found unknown escape character": _Meaning(
        "there is no such escape in double quotes", "write two backslashes for one, or use single quotes"
    ),
    "found invalid Unicode character escape code": _Meaning(
        "this escape is no character", "write the character itself, or \\U with eight digits"
    ),
    "did not find expected hexdecimal number": _Meaning(
        "digits are missing in this escape", "write \\x with two, \\u with four or \\U with eight digits"
    ),
    "did not find expected alphabetic or numeric character": _Meaning(
        "a name is missing after & or *", "quote a text that begins with & or *"
    ),
    "found an indentation indicator equal to 0": _Meaning(
        "an indentation of 0 is not allowed here", "write a digit from 1 to 9"
    ),
    "found undefined tag handle": _Meaning(
        "this tag's prefix is not declared", "quote a text that begins with !"
    ),
    "found incompatible YAML document": _Meaning(
        "this version of YAML is not known", "remove the %YAML line"
    ),
    # libyaml's own limit, which is met first where it has to look ahead.
    "exceeded maximum nesting depth": _Meaning(
        "too many collections stand inside each other", "split the value up", code="yaml-depth"
    ),
    "control characters are not allowed": _Meaning(
        "this control character is not allowed", 'write it as an escape in double quotes, such as "\\x1b"'
    ),
}

_END = _Meaning("the text ends where a value is expected", "close the list or mapping that is still open")
_TAB = _Meaning("a tab cannot indent", "indent with spaces")
_DIRECTIVE = _Meaning(
    "a line that begins with % is a directive, and this is none", "quote the text, or remove the line"
)
_TAG = _Meaning("this is no tag", "quote a text that begins with !")
_MEANINGS |= dict.fromkeys(
    (
        "could not find expected directive name",
        "did not find expected digit or '.' character",
        "did not find expected version number",
        "did not find expected whitespace",
        "found duplicate %TAG directive",
        "found duplicate %YAML directive",
        "found extremely long version number",
        "found unexpected non-alphabetical character",
        "found unknown directive name",
    ),
    _DIRECTIVE,
) | dict.fromkeys(
    (
        "did not find URI escaped octet",
        "did not find expected '!'",
        "did not find expected tag URI",
        "did not find expected whitespace or line break",
        "did not find the expected '>'",
        "found an incorrect leading UTF-8 octet",
        "found an incorrect trailing UTF-8 octet",
    ),
    _TAG,
)
_NO_TEXT = _Meaning("these bytes are no text", "write the character itself")


def syntax_fault(fault: yaml.YAMLError | UnicodeError, source: Source, start: int) -> YamlError:
    """The fault in our words, with its place.

    Args: start: where in the source the text began that libyaml was given, in characters.
    """
    offset, problem = start, ""
    match fault:
        case ReaderError():
            problem = str(fault.reason)
            offset += _characters(source.text[start:], fault.position)
        case UnicodeEncodeError():
            problem = "control characters are not allowed"
            offset += fault.start
        case yaml.MarkedYAMLError():
            problem = str(fault.problem)
            meaning = _MEANINGS.get(problem)
            context_first = meaning is not None and meaning.at_context
            mark = (fault.context_mark if context_first else None) or fault.problem_mark or fault.context_mark
            offset += mark.index if mark else 0
    offset = min(offset, len(source.text))
    if problem == "found character that cannot start any token" and source.text[offset : offset + 1] == "\t":
        meaning = _TAB
    elif problem == "did not find expected node content" and not source.text[offset:].strip():
        meaning = _END
    else:
        meaning = _MEANINGS.get(problem) or _Meaning(problem, "") if problem else _NO_TEXT
    return YamlError(meaning.code, meaning.message, span=source.span(offset), hint=meaning.hint)


def _characters(text: str, size: int) -> int:
    """How many characters the first `size` bytes of a text in UTF-8 are."""
    return len(text[:size].encode("utf-8", "replace")[:size].decode("utf-8", "ignore"))
