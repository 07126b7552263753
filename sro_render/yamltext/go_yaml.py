"""Values to YAML, byte for byte as sigs.k8s.io/yaml writes them: what toYaml gives in Helm.

Decides the text only. Re-implements sigs.k8s.io/yaml v1.6.0 `Marshal` (the value goes through JSON
first) over go.yaml.in/yaml/v2 v2.4.4: `encode.go` chooses styles, `sorter.go` the order of keys,
`emitterc.go` writes. The canonical form of rendered manifests is another one: `writer`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from decimal import Decimal
from functools import cache, cmp_to_key, lru_cache

from sro_render.limits import MAX_WRITTEN, TooLargeError
from sro_render.yamltext.go_json import Default, float_text, utf8
from sro_render.yamltext.go_json import marshal as marshal_json
from sro_render.yamltext.scalars import STARTS, WORDS, go_shortest, is_timestamp, parse_number

_NODE_COST = 16
"""What each node counts beside its characters."""
_WIDTH = 80
"""Spaces beyond this column become line breaks."""

_MOST_BITS = 1023
"""Of whole numbers, which beyond 64 bits are written as floats."""

_LONGEST_SIMPLE_KEY = 128
"""In bytes; longer keys, and those of several lines, are written after a question mark."""


def marshal(value: object, *, default: Default | None = None) -> str:
    """The YAML text of a value, with a newline at its end.

    Args:   value, default: as in `go_json.marshal`.
    Raises: ValueError: as `go_json.marshal`; and for control characters that Go's YAML reader
            refuses in the JSON text that the value goes through. TooLargeError.
    """
    emitter = _Emitter(default)
    try:
        emitter.node(value, -1, 0, begins_line=True)
    except RecursionError:
        raise ValueError("the value contains itself, or its collections are nested too deep") from None
    emitter.line(0)
    return "".join(emitter.out)


class _Emitter:
    """Writes nodes one after another. The indentation around the whole document is -1."""

    def __init__(self, default: Default | None) -> None:
        self.out: list[str] = []
        self._default = default
        self._room = MAX_WRITTEN

    def line(self, indent: int) -> None:
        """Go to the next line, unless a literal block has just ended one."""
        fresh = not self.out or self.out[-1].endswith(("\n", "\u2028", "\u2029"))
        self.out.append(" " * indent if fresh else "\n" + " " * indent)

    def node(self, value: object, indent: int, column: int, *, begins_line: bool) -> None:
        """One value, just behind the key or the indicator that it belongs to.

        Args: indent: the indentation of the collection around it.
              column: where the text stands now, from 0; a space is to follow.
              begins_line: only indicators stand before it on its line, so that a collection may
              begin there; a list behind a key stands below it, at the same indentation.
        """
        self._room -= _NODE_COST + (len(value) if value.__class__ is str else 0)
        if self._room < 0:
            raise TooLargeError
        match value:
            case dict() if value:
                self._mapping(value, indent + 2 if indent >= 0 else 0, column, begins_line=begins_line)
            case list() if value:
                inner = max(indent + 2, 0) if begins_line and indent >= 0 else max(indent, 0)
                self._sequence(value, inner, column, begins_line=begins_line)
            case str():
                self._scalar(_through_json(value), indent, column)
            case bytes():
                self._scalar(b64encode(value).decode(), indent, column)
            case dict():
                self._word("null" if getattr(value, "is_nil", False) else "{}", column)
            case list():
                self._word("null" if getattr(value, "is_nil", False) else "[]", column)
            case None:
                self._word("null", column)
            case bool():
                self._word("true" if value else "false", column)
            case int() | float():
                self._word(_number_text(value), column)
            case _:
                if self._default is None:
                    raise ValueError(f"a value of the type {type(value).__name__} cannot be written as YAML")
                self.node(self._default(value), indent, column, begins_line=begins_line)

    def _word(self, text: str, column: int) -> None:
        self.out.append(f" {text}" if column else text)

    def _mapping(self, value: dict[str, object], indent: int, column: int, *, begins_line: bool) -> None:
        entries = [(_key_through_json(key), inner) for key, inner in value.items()]
        for key, inner in sorted(entries, key=_by_name if "".join(value).isalpha() else _by_key):
            if begins_line:
                self.out.append(" " * (indent - column))
                begins_line = False
            else:
                self.line(indent)
            if _BREAK.search(key) or len(key.encode()) > _LONGEST_SIMPLE_KEY:
                self.out.append("?")
                self._scalar(key, indent, indent + 1)
                self.line(indent)
                self.out.append(":")
                self.node(inner, indent, indent + 1, begins_line=True)
            else:
                written = _one_line(key)
                self.out.append(written + ":")
                self.node(inner, indent, indent + len(written) + 1, begins_line=False)

    def _sequence(self, value: list[object], indent: int, column: int, *, begins_line: bool) -> None:
        for inner in value:
            if begins_line:
                self.out.append(" " * (indent - column))
                begins_line = False
            else:
                self.line(indent)
            self.out.append("-")
            self.node(inner, indent, indent + 1, begins_line=True)

    def _scalar(self, text: str, indent: int, column: int) -> None:
        """A string with all the styles that are possible outside of simple keys."""
        style = _style(text)
        indent = indent + 2 if indent >= 0 else 2
        if column:
            self.out.append(" ")
            column += 1
        if style == "|":
            self.out.append(_literal(text, indent))
        elif column + 2 * len(text) <= _WIDTH and not _BREAK.search(text):
            self.out.append(_one_line(text))
        else:
            self.out.append(_WRITERS[style](text, indent, column))


# What only looks like a string: sexagesimals, which go-yaml does not read but quotes.
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_BREAK = re.compile("[\r\n\x85\u2028\u2029]")
_NO_PLAIN = re.compile(
    r"""[#,\[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|\Z)|---|\.\.\."""  # at the beginning
    "|[ \u2028\u2029]"
)
_NO_PLAIN_INSIDE = re.compile(":(?:[ \\t]|\\Z)|[ \\t\u2028\u2029]#|[\u2028\u2029]|[ \u2028\u2029]\\Z")
_NO_SINGLE_QUOTES = re.compile("[\n\u2028\u2029] | [\n\u2028\u2029]")
_NO_LITERAL = re.compile(" (?:\\Z|[\n\u2028\u2029])")


def _is_special(text: str) -> bool:
    """Whether a character, line breaks aside, needs an escape: also each one beyond U+FFFF."""
    if text.isascii():
        return not text.replace("\n", "").isprintable()
    return _special().search(text) is not None


@cache
def _special() -> re.Pattern[str]:
    # Compiled for the first text beyond ASCII: that takes as long as rendering a small chart.
    return re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")


@lru_cache(maxsize=4096)
def _style(text: str) -> str:
    """How a string is written: `plain`, `'`, `"` or `|`.

    Source: go-yaml encode.go `stringv`, emitterc.go `yaml_emitter_analyze_scalar`.
    """
    if "\n" in text:
        return '"' if _NO_LITERAL.search(text) or _is_special(text) else "|"
    if text[:1] in STARTS and (_is_resolved(text) or _BASE_60.fullmatch(text)):
        return '"'
    if _is_special(text):
        return '"'
    if _NO_PLAIN.match(text) or _NO_PLAIN_INSIDE.search(text):
        return '"' if _NO_SINGLE_QUOTES.search(text) else "'"
    return "plain"


def _is_resolved(text: str) -> bool:
    """Whether go-yaml would read the unquoted text as something else than a string."""
    if text in WORDS or is_timestamp(text):
        return True
    number = parse_number(text)
    if isinstance(number, int):
        # Decimal numbers beyond float64 are strings for Go, and exact numbers for us.
        return len(text) <= 308 or abs(number) < _BEYOND_FLOAT
    return number is not None


_BEYOND_FLOAT = 2**1024 - 2**970
"""From here on Go's `ParseFloat` reports an overflow."""


def _one_line(text: str) -> str:
    """A string that is neither folded nor has line breaks."""
    style = _style(text)
    if style == "plain":
        return text
    return "'" + text.replace("'", "''") + "'" if style == "'" else _double_quoted(text, 0, -(2**31))


def _plain(text: str, indent: int, column: int) -> str:
    return "".join(_folded(text, indent, column, first=True))


def _single_quoted(text: str, indent: int, column: int) -> str:
    return "'" + "".join(_folded(text, indent, column + 1, first=False)) + "'"


def _folded(text: str, indent: int, column: int, *, first: bool) -> list[str]:
    """The characters of a plain or single-quoted string; lone spaces behind column 80 become breaks."""
    out: list[str] = []
    spaces = breaks = False
    for index, character in enumerate(text):
        if character == " ":
            inside = first or 0 < index < len(text) - 1
            if not spaces and column > _WIDTH and inside and text[index + 1] != " ":
                out.append("\n" + " " * indent)
                column = indent
            else:
                out.append(" ")
                column += 1
            spaces = True
            continue
        if _BREAK.match(character):
            out.append(character)
            column = 0
            breaks = True
            continue
        if breaks:
            out.append(" " * (indent - column))
            column = max(column, indent)
        written = "''" if character == "'" and not first else character
        out.append(written)
        column += len(written)
        spaces = breaks = False
    return out


_ESCAPES = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\xa0": "\\_", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_ALWAYS_ESCAPED = frozenset('"\\\n\u2028\u2029')


def _escape(character: str) -> str:
    """The escape of a character in double quotes."""
    code = ord(character)
    width = 2 if code <= 0xFF else 4 if code <= 0xFFFF else 8
    return _ESCAPES.get(character) or f"\\{'xuU'[width.bit_length() - 2]}{code:0{width}X}"


def _double_quoted(text: str, indent: int, column: int) -> str:
    """A string in double quotes, folded at spaces behind column 80."""
    out = ['"']
    column += 1
    spaces = False
    # The emitter looks for a byte order mark at the beginning, whichever character it is at.
    escapes_all = text.startswith("\ufeff")
    for index, character in enumerate(text):
        if escapes_all or character in _ALWAYS_ESCAPED or _is_special(character):
            written = _escape(character)
        elif character == " " and not spaces and column > _WIDTH and 0 < index < len(text) - 1:
            out.append("\n" + " " * indent)
            written = "\\" if text[index + 1] == " " else ""
            column = indent
        else:
            written = character
        spaces = character == " " and not escapes_all
        out.append(written)
        column += len(written)
    out.append('"')
    return "".join(out)


def _literal(text: str, indent: int) -> str:
    """A string as a block of lines; what ends the last line says whether more breaks follow."""
    hint = "2" if text[0] in " \n\u2028\u2029" else ""
    keeps = len(text) == 1 or _BREAK.match(text[-2])
    chomping = "-" if not _BREAK.match(text[-1]) else "+" if keeps else ""
    return f"|{hint}{chomping}\n" + _LITERAL_LINE.sub(" " * indent + r"\g<0>", text)


_LITERAL_LINE = re.compile("[^\n\u2028\u2029]+")
_WRITERS = {"plain": _plain, "'": _single_quoted, '"': _double_quoted}


def _number_text(value: float) -> str:
    """A number after its way through JSON, where whole floats turn into integers of 64 bits."""
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise ValueError(f"a whole number of {value.bit_length()} bits cannot be written as YAML")
    text = int.__repr__(value) if isinstance(value, int) else float_text(value)
    if not _FRACTION_OR_EXPONENT.search(text):
        if -(2**63) <= int(text) < 2**64:
            return str(int(text))
        text = float.__repr__(float(text))
    return go_shortest(format(Decimal(text), "e"))


_FRACTION_OR_EXPONENT = re.compile(r"[.e]")
_REFUSED = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]|\x85(?:---|\\.\\.\\.)(?=[ \x85])")
_CHANGED = re.compile("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NEXT_LINES = re.compile(" *(\x85)(?: *(\x85))* *")


def _through_json(text: str) -> str:
    """What is left of a string after JSON was written and read as YAML.

    Broken characters become U+FFFD. U+0085 stands unescaped in JSON, and YAML folds it as a line
    break: one becomes a space, more become one line break less.
    """
    if not _CHANGED.search(text):
        return text
    if refused := _REFUSED.search(text):
        raise ValueError(f"Go cannot write U+{ord(refused[0][0]):04X} as YAML")
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return _NEXT_LINES.sub(lambda found: "\n" * (found[0].count("\x85") - 1) or " ", text)


def _key_through_json(text: str) -> str:
    """The same for a key, which Go's YAML reader wants on one line and within 1,024 characters."""
    if "\x85" in text or (len(text) > 1024 // 6 and len(marshal_json(text)) > 1024):
        raise ValueError("Go cannot write this key as YAML: it is too long, or has a line break U+0085")
    return _through_json(text)


def _by_name(item: tuple[str, object]) -> str:
    return item[0]


def _by_key(item: tuple[str, object]) -> tuple[object, bytes]:
    return _natural(item[0]), utf8(item[0])


def _compare(left: str, right: str) -> int:
    """Order keys as go-yaml does: letters behind all else, runs of digits by their number.

    Source: go-yaml sorter.go `Less`.
    """
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a == b:
            continue
        if a.isalpha() or b.isalpha():
            if a.isalpha() and b.isalpha():
                return -1 if a < b else 1
            return -1 if b.isalpha() else 1
        lead = 0
        if "0" in (a, b) and _ENDS_IN_NUMBER.search(left[:index]):
            lead = 1
        a_digits, b_digits = _digits(left, index), _digits(right, index)
        a_number, b_number = _go_number(lead, a_digits), _go_number(lead, b_digits)
        if a_number != b_number:
            return -1 if a_number < b_number else 1
        if len(a_digits) != len(b_digits):
            return -1 if len(a_digits) < len(b_digits) else 1
        return -1 if a < b else 1
    return len(left) - len(right)


_natural = cmp_to_key(_compare)
# A digit other than zero somewhere in the run of digits that ends here.
_ENDS_IN_NUMBER = re.compile(r"[1-9]\d*\Z")


def _digits(text: str, start: int) -> str:
    """The run of decimal digits of any script from `start` on."""
    end = start
    while end < len(text) and text[end].isdecimal():
        end += 1
    return text[start:end]


def _go_number(lead: int, digits: str) -> int:
    """Go's int64 arithmetic over a run of digits, whose overflow wraps around."""
    number = lead
    for digit in digits:
        number = number * 10 + ord(digit) - ord("0")
    return (number + 2**63) % 2**64 - 2**63
