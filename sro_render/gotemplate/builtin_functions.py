"""The functions that every Go template has: comparisons, logic, index, len, printing, escaping.

`and` and `or` stand here for their names and signatures; since they stop early, the compiler does
their work.

Source: text/template/funcs.go.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote as percent_encode

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.printing import sprint, sprintf, sprintln, to_text
from sro_render.gotemplate.quoting import is_printable
from sro_render.gotemplate.values import Kind, Uint8, from_bytes, kind_of, plain, to_bytes, type_label

BUILTINS: Final[dict[str, Function]] = {}


@go_function(BUILTINS, "and", "(reflect.Value, ...reflect.Value) reflect.Value", tolerant=True)
def logical_and(first: object, *others: object) -> object:
    """The first argument that is false, else the last."""
    return next((value for value in (first, *others) if not value), (first, *others)[-1])


@go_function(BUILTINS, "or", "(reflect.Value, ...reflect.Value) reflect.Value", tolerant=True)
def logical_or(first: object, *others: object) -> object:
    """The first argument that is true, else the last."""
    return next((value for value in (first, *others) if value), (first, *others)[-1])


@go_function(BUILTINS, "not", "(reflect.Value) bool", tolerant=True)
def logical_not(value: object) -> bool:
    """Whether the value is false, zero, nil or empty."""
    return not value


@go_function(BUILTINS, "call", "(reflect.Value, ...reflect.Value) reflect.Value")
def call(function: object, *_arguments: object) -> object:
    """Values that are functions do not exist here, so that this is always an error."""
    raise FunctionError(f"call needs a function, not {type_label(function)}")


# Comparisons

_COMPARABLE: Final = frozenset({Kind.BOOL, Kind.INT, Kind.UINT, Kind.FLOAT, Kind.STRING})
_ORDERED: Final = _COMPARABLE - {Kind.BOOL}
_INTEGERS: Final = frozenset({Kind.INT, Kind.UINT})


@go_function(BUILTINS, "eq", "(reflect.Value, ...reflect.Value) bool")
def equal(first: object, *others: object) -> bool:
    """Whether the first argument equals one of the others."""
    if not others:
        raise FunctionError("eq needs something to compare with")
    return any(_equal(first, other) for other in others)


def _equal(first: object, other: object) -> bool:
    if type(first) is str and type(other) is str:
        return first == other
    kind, other_kind = _kind_for_equality(first), _kind_for_equality(other)
    if kind is other_kind or (kind in _INTEGERS and other_kind in _INTEGERS):
        if kind in _COMPARABLE:
            return first == other
        if kind is Kind.INVALID:
            return True
        if kind is Kind.STRUCT:
            # Pointers are the same or not; a struct by value says itself when it is equal.
            return first == other
        raise FunctionError(
            f"{type_label(first)} cannot be compared",
            hint="compare single values, or use deepEqual where there is one",
        )
    if Kind.INVALID in (kind, other_kind):
        return False
    raise _incompatible(first, other)


def _kind_for_equality(value: object) -> Kind:
    return Kind.INVALID if getattr(value, "is_nil", False) else kind_of(value)


def _incompatible(first: object, other: object) -> FunctionError:
    names = type_label(first), type_label(other)
    hint = ""
    if set(names) == {"int", "float64"}:
        hint = "numbers from values files are float64: write 1.0, or convert with int"
    return FunctionError(f"{names[0]} and {names[1]} cannot be compared", hint=hint)


@go_function(BUILTINS, "ne", "(reflect.Value, reflect.Value) bool")
def not_equal(first: object, other: object) -> bool:
    """Whether two values differ."""
    return not _equal(first, other)


@go_function(BUILTINS, "lt", "(reflect.Value, reflect.Value) bool")
def less(first: Any, other: Any) -> bool:
    """Whether first < other."""
    kind, other_kind = kind_of(first), kind_of(other)
    if kind not in _COMPARABLE or other_kind not in _COMPARABLE:
        name = type_label(other if kind in _COMPARABLE else first)
        raise FunctionError("nil has no order" if name == "<nil>" else f"{name} has no order")
    if kind is not other_kind and not (kind in _INTEGERS and other_kind in _INTEGERS):
        raise _incompatible(first, other)
    if kind not in _ORDERED:
        raise FunctionError("bool has no order")
    if kind is Kind.STRING:
        return to_bytes(first) < to_bytes(other)
    return bool(first < other)


@go_function(BUILTINS, "le", "(reflect.Value, reflect.Value) bool")
def less_or_equal(first: object, other: object) -> bool:
    """Whether first <= other."""
    return less(first, other) or _equal(first, other)


@go_function(BUILTINS, "gt", "(reflect.Value, reflect.Value) bool")
def greater(first: object, other: object) -> bool:
    """Whether first > other."""
    return not less_or_equal(first, other)


@go_function(BUILTINS, "ge", "(reflect.Value, reflect.Value) bool")
def greater_or_equal(first: object, other: object) -> bool:
    """Whether first >= other."""
    return not less(first, other)


# Containers


@go_function(BUILTINS, "len", "(reflect.Value) int")
def length(item: object) -> int:
    """How many bytes a string has, how many elements a map or list."""
    if isinstance(item, str):
        return len(item) if item.isascii() else len(to_bytes(item))
    item = plain(item)
    if isinstance(item, dict | list | bytes):
        return len(item)
    raise FunctionError("nil has no length" if item is None else f"{type_label(item)} has no length")


@go_function(BUILTINS, "index", "(reflect.Value, ...reflect.Value) reflect.Value")
def index(item: object, *indexes: object) -> object:
    """`index x 1 "a"` is x[1]["a"] in Go. A key that a map does not have gives the zero value."""
    if item is None:
        raise FunctionError("nil has no elements")
    for position, key in enumerate(indexes):
        if item is None:
            raise FunctionError(
                f"nil has no elements; it is what index {position} gave", code="template-nil-pointer"
            )
        item = _element(plain(item), key)
    return item


def absent_key(item: object, *indexes: object) -> tuple[dict[str, object], str] | None:
    """The map that does not have the last of the indexes, and that key; for messages."""
    container = plain(index(item, *indexes[:-1])) if indexes else None
    key = indexes[-1] if indexes else None
    if isinstance(container, dict) and isinstance(key, str) and key not in container:
        return container, key
    return None


def _element(item: object, key: object) -> object:
    if isinstance(item, dict):
        if key is None:
            raise FunctionError("a map cannot be indexed with nil")
        if not isinstance(key, str):
            raise FunctionError(f"the keys of {type_label(item)} are strings, not {type_label(key)}")
        return item.get(key, getattr(type(item), "zero", None))
    if isinstance(item, str):
        data = to_bytes(item)
        return Uint8(data[_position(key, len(data) - 1)])
    if isinstance(item, bytes):
        return Uint8(item[_position(key, len(item) - 1)])
    if isinstance(item, list):
        return item[_position(key, len(item) - 1)]
    raise FunctionError(f"{type_label(item)} has no elements")


def _position(key: object, last: int) -> int:
    if key is None:
        raise FunctionError("a position cannot be nil")
    if not isinstance(key, int) or isinstance(key, bool):
        hint = "convert it with int" if isinstance(key, float) else ""
        raise FunctionError(f"a position is an integer, not {type_label(key)}", hint=hint)
    if not 0 <= key <= last:
        raise FunctionError(f"position {key} is out of range: there are {last + 1} elements")
    return int(key)


@go_function(BUILTINS, "slice", "(reflect.Value, ...reflect.Value) reflect.Value")
def slice_item(item: object, *indexes: object) -> object:
    """`slice x 1 2` is x[1:2] in Go, bytes in a string."""
    if item is None:
        raise FunctionError("nil cannot be sliced")
    if len(indexes) > 3:
        raise FunctionError(f"slice takes up to 3 positions, not {len(indexes)}")
    item = plain(item)
    if isinstance(item, str) and len(indexes) == 3:
        raise FunctionError("a string is sliced by two positions, not three")
    sequence = to_bytes(item) if isinstance(item, str) else item
    if not isinstance(sequence, bytes | list):
        raise FunctionError(f"{type_label(item)} cannot be sliced")
    bounds = [_position(key, len(sequence)) for key in indexes]
    start, stop = (bounds + [0, len(sequence)][len(bounds) :])[:2]
    if start > stop or (len(bounds) == 3 and stop > bounds[2]):
        low, high = (start, stop) if start > stop else (stop, bounds[2])
        raise FunctionError(f"cannot slice from {low} to {high}")
    part = sequence[start:stop]
    if isinstance(item, str) and isinstance(part, bytes):
        return from_bytes(part)
    return part if isinstance(part, bytes) else type(item)(part)  # type: ignore[call-arg]


# Text


@go_function(BUILTINS, "print", "(...any) string")
def go_print(*arguments: object) -> str:
    """All arguments as text, blanks between those that are no strings."""
    return sprint(arguments)


@go_function(BUILTINS, "println", "(...any) string")
def go_println(*arguments: object) -> str:
    """All arguments as text, blanks between them, and a line break."""
    return sprintln(arguments)


@go_function(BUILTINS, "printf", "(string, ...any) string")
def go_printf(format_text: str, *arguments: object) -> str:
    """The arguments in the places that the format gives them."""
    return sprintf(format_text, arguments)


def _joined(arguments: tuple[object, ...]) -> str:
    if len(arguments) == 1 and isinstance(arguments[0], str):
        return arguments[0]
    return sprint([to_text(None) if argument is None else argument for argument in arguments])


_HTML: Final = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_JS: Final = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
}
_JS_SPECIAL: Final = re.compile(r"""[\\'"<>&=\x00-\x1f]|[^\x00-\x7f]""")


@go_function(BUILTINS, "html", "(...any) string")
def html(*arguments: object) -> str:
    """The arguments as text that HTML takes literally."""
    return _joined(arguments).translate(_HTML)


@go_function(BUILTINS, "js", "(...any) string")
def js(*arguments: object) -> str:
    """The arguments as text that stands inside a JavaScript string."""
    return _JS_SPECIAL.sub(_js_escape, _joined(arguments))


def _js_escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in _JS:
        return _JS[char]
    if "\udc80" <= char <= "\udcff" or (ord(char) >= 0x80 and is_printable(char)):
        return char
    return f"\\u{ord(char):04X}"


@go_function(BUILTINS, "urlquery", "(...any) string")
def urlquery(*arguments: object) -> str:
    """The arguments as a value inside the query of a URL."""
    return percent_encode(to_bytes(_joined(arguments)), safe="-_.~ ").replace(" ", "+")
