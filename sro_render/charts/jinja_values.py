"""What Jinja templates do with values: fields, elements, arithmetic, comparisons, loops, printing.

Values are Go's, as in the other syntax (`gotemplate.values`), and nothing of Python shows through:
only keys of maps and what a `GoObject` declares can be reached, numbers stay within 64 bits, and what
is not set is the same `Missing`. Knows nothing of Jinja's code, which stands in `jinja_chart.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NoReturn

from msgspec import Struct

from sro_render.errors import nearest
from sro_render.gotemplate.builtin_functions import absent_key
from sro_render.gotemplate.functions import Function, FunctionError, assign, exact_class, function_of
from sro_render.gotemplate.numbers import MAX_INT
from sro_render.gotemplate.printing import to_text
from sro_render.gotemplate.runtime import LARGE, SIZED, Run
from sro_render.gotemplate.values import (
    GoObject,
    Int8,
    Int16,
    Int32,
    Int64,
    Missing,
    NamedMap,
    SizedInt,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    plain,
    sorted_items,
    to_bytes,
    type_label,
)
from sro_render.source import Span

_SIZED: Final[dict[str, type[SizedInt]]] = {
    kind.go_type: kind for kind in (Int8, Int16, Int32, Int64, Uint, Uint8, Uint16, Uint32, Uint64)
}
_VALUES: Final = (type(None), str, bool, int, float, bytes, dict, list, GoObject)
_MAP_METHODS: Final = ("get", "items", "keys", "values")


class Site(Struct, frozen=True, eq=False):
    """One place in a template that does something.

    span: where. code: how messages call what stands there.
    """

    span: Span
    code: str


def fail(run: Run, site: Site, message: str, *, hint: str = "", code: str = "template-runtime") -> NoReturn:
    """The one way out for faults."""
    raise run.error(FunctionError(message, hint=hint, code=code), site.span)


def spend(run: Run, site: Site, rounds: int = 1) -> None:
    """Count work that grows with the values as rounds of a loop."""
    run.rounds += rounds
    if run.rounds > run.next_check:
        run.check_rounds(lambda: site.span)


def settled(run: Run, site: Site, value: Any, name: str = "") -> Any:
    """A value that goes somewhere: what is not set is reported and becomes null."""
    if value is None or value.__class__ is str:
        return value
    if value.__class__ is Missing:
        run.report_missing(value)
        return None
    if value.__class__ is tuple:
        return list(value)
    if not isinstance(value, _VALUES):
        fail(run, site, f"{name or site.code} is no value", hint="macros, loops and imports are only called")
    return value


def show(run: Run, site: Site, value: Any) -> str:
    """What an output writes for a value."""
    value = settled(run, site, value)
    if value is None:
        return ""
    try:
        return to_text(value)
    except FunctionError as fault:
        raise run.error(fault, site.span) from None


# Fields and elements


def read_field(run: Run, site: Site, value: Any, name: str) -> Any:
    """`value.name`: a key of a map, a field of an object, or what a method without arguments gives."""
    if isinstance(value, GoObject | NamedMap):
        method = value.go_methods.get(name)
        if method is not None:
            return call_function(run, site, function_of(method), (value,), is_method=True)
    if isinstance(value, dict):
        return _key(site, value, name)
    if isinstance(value, GoObject):
        fields = value.go_fields()
        if name in fields:
            return fields[name]
        underlying = value.go_underlying()
        if isinstance(underlying, dict):
            return _key(site, underlying, name)
        near = nearest(name, [*fields, *value.go_methods])
        message = f"{site.code}: {value.go_type} has no field {name}"
        fail(run, site, message, hint=f"did you mean {near}?" if near else "")
    _refuse_nil(run, site, value, f"it has no field {name}")
    value = settled(run, site, value)
    fail(run, site, f"{site.code}: a value of type {type_label(value)} has no field {name}")


def call_method(
    run: Run, site: Site, value: Any, name: str, arguments: Sequence[Any], keywords: dict[str, Any]
) -> Any:
    """`value.name(arguments)` of an object or a map."""
    if keywords:
        fail(run, site, f"{site.code}: the method {name} takes no arguments by name")
    if isinstance(value, GoObject | NamedMap) and name in value.go_methods:
        function = function_of(value.go_methods[name])
        return call_function(run, site, function, (value, *arguments), is_method=True)
    table = plain(value)
    if isinstance(table, dict) and name in _MAP_METHODS:
        return _map_method(run, site, table, name, arguments)
    _refuse_nil(run, site, value, f"it has no method {name}")
    known = [*getattr(value, "go_methods", ())] if isinstance(value, GoObject) else []
    if isinstance(table, dict):
        known += _MAP_METHODS
    near = nearest(name, known)
    fail(
        run,
        site,
        f"{site.code}: a value of type {type_label(value)} has no method {name}",
        hint=f"did you mean {near}?" if near else "functions are called as f(x) or x | f",
    )


def _map_method(run: Run, site: Site, table: dict[str, Any], name: str, arguments: Sequence[Any]) -> Any:
    if name == "get":
        if len(arguments) not in {1, 2} or not isinstance(arguments[0], str):
            fail(run, site, f"{site.code}: get takes a key, and what to give where there is none")
        return table.get(arguments[0], arguments[1] if len(arguments) > 1 else None)
    if arguments:
        fail(run, site, f"{site.code}: {name} takes no arguments")
    spend(run, site, len(table))
    items = sorted_items(table)
    if name == "items":
        return [[key, item] for key, item in items]
    return [key if name == "keys" else item for key, item in items]


def _key(site: Site, table: dict[str, Any], name: str) -> Any:
    if name in table:
        return table[name]
    zero = getattr(type(table), "zero", None)
    return Missing(site.span, site.code, name, table) if zero is None else zero


def _refuse_nil(run: Run, site: Site, value: Any, effect: str) -> None:
    if isinstance(value, Missing):
        near = nearest(value.key, value.candidates)
        hint = (
            f"did you mean {near}?" if near else f"set it, or guard this place with {{% if {value.name} %}}"
        )
        span = Site(value.span, value.name)
        fail(run, span, f"{value.name} is not set, so {effect}", hint=hint, code="template-nil-pointer")
    if value is None:
        fail(run, site, f"{site.code}: this is null, so {effect}", code="template-nil-pointer")


def read_element(run: Run, site: Site, value: Any, key: Any) -> Any:
    """`value[key]`: a key of a map, or a position in a list or text, counted from the end below 0."""
    value, key = plain(value), settled(run, site, key)
    if isinstance(value, dict):
        if not isinstance(key, str):
            fail(run, site, f"{site.code}: the keys of a map are texts, not {type_label(key)}")
        return _key(site, value, key)
    _refuse_nil(run, site, value, "it has no elements")
    if not isinstance(value, str | list | tuple | bytes):
        fail(run, site, f"{site.code}: a value of type {type_label(value)} has no elements")
    position = _position(run, site, key)
    if not -len(value) <= position < len(value):
        there = f"there are {len(value)} elements"
        fail(run, site, f"{site.code}: position {position} is out of range: {there}")
    found = value[position]
    return Uint8(found) if isinstance(value, bytes) else found


def read_part(run: Run, site: Site, value: Any, bounds: Sequence[Any]) -> Any:
    """`value[start:stop:step]` of a list or text, characters in a text."""
    value = plain(value)
    _refuse_nil(run, site, value, "it has no elements")
    if not isinstance(value, str | list | tuple | bytes):
        fail(run, site, f"{site.code}: a value of type {type_label(value)} cannot be sliced")
    start, stop, step = (None if bound is None else _position(run, site, bound) for bound in bounds)
    if step == 0:
        fail(run, site, f"{site.code}: a slice needs a step other than 0")
    part = value[start:stop:step]
    spend(run, site, 0 if isinstance(part, str) else len(part))
    return list(part) if isinstance(part, list | tuple) else part


def _position(run: Run, site: Site, key: Any) -> int:
    if isinstance(key, int) and not isinstance(key, bool):
        return int(key)
    hint = "convert it with int" if isinstance(key, float) else ""
    fail(run, site, f"{site.code}: a position is an integer, not {type_label(key)}", hint=hint)


# Functions


def call_function(
    run: Run,
    site: Site,
    function: Function,
    arguments: Sequence[Any],
    *,
    is_piped: bool = False,
    is_method: bool = False,
) -> Any:
    """Call a function of the library, its arguments in Go's order and checked as Go checks them.

    Args: is_piped: the last argument comes from a filter. is_method: the first one is the receiver.
    """
    try:
        receiver = tuple(arguments[:1]) if is_method else ()
        given = arguments[len(receiver) :]
        function.check_count(len(given))
        fitting = [
            _argument(run, site, function, index, value, is_last=is_piped and index == len(given) - 1)
            for index, value in enumerate(given)
        ]
        if function.wants_run:
            run.span = site.span
            result: Any = function.call(run, *receiver, *fitting)
        else:
            result = function.call(*receiver, *fitting)
        if result is None and function.name == "index":
            absent = absent_key(*fitting)
            return None if absent is None else Missing(site.span, f"({site.code})", absent[1], absent[0])
    except FunctionError as fault:
        raise run.error(fault, site.span) from None
    kind: type = result.__class__
    if kind in SIZED and len(result) > LARGE:
        run.count_made(result, site.span)
    return result


def _argument(run: Run, site: Site, function: Function, index: int, value: Any, *, is_last: bool) -> Any:
    """A value as the parameter at `index` takes it."""
    go_type = function.types.parameter(index)
    if value.__class__ is exact_class(go_type):
        return value
    is_missing = value.__class__ is Missing
    if is_missing and not function.tolerant:
        run.report_missing(value)
    elif not is_missing:
        value = settled(run, site, value, f"argument {index + 1} of {function.name}")
    if type(value) is int and go_type == "float64":
        # Jinja does not tell 1 in the template, which Go takes for either, from 1 in a variable.
        return float(value)
    sized = _SIZED.get(go_type)
    if type(value) is int and sized is not None and sized.wrap(value) == value:
        return sized(value)
    try:
        fitting = assign(value, go_type, is_interface=is_missing and not is_last)
    except FunctionError as fault:
        raise FunctionError(
            f"argument {index + 1} of {function.name} {fault.message}",
            hint=fault.hint or f"its signature is {function.name}{function.types}",
            code=fault.code,
        ) from None
    return None if fitting.__class__ is Missing else fitting


# Operators


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int):
        if abs(base) > 1 and exponent * (abs(base).bit_length() - 1) > 64:
            raise OverflowError
        if exponent < 0 and base != 0:
            return float(base) ** exponent
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("a negative number has no such root")  # noqa: TRY004 - the value is to blame
    return result


_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
}
_INSTEAD: Final = {
    ("*", "string"): 'repeat a text with repeat(N, "text")',
    ("%", "string"): 'format with printf("%s", x)',
    ("+", "string"): "join texts and other values with ~",
    ("+", "[]any"): "join lists with concat(one, other)",
}


def is_number(value: Any) -> bool:
    """Whether Go counts with a value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def calculate(run: Run, site: Site, sign: str, left: Any, right: Any) -> Any:
    """`left sign right` of two numbers; + joins two texts as well."""
    left, right = settled(run, site, left), settled(run, site, right)
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        run.count_text(len(left) + len(right), site.span)
        return left + right
    if not is_number(left) or not is_number(right):
        types = [type_label(left), type_label(right)]
        hint = next((_INSTEAD[sign, name] for name in types if (sign, name) in _INSTEAD), "")
        fail(
            run,
            site,
            f"{site.code}: {sign} counts with numbers, not with {types[0]} and {types[1]}",
            hint=hint,
        )
    try:
        return _within_bounds(_ARITHMETIC[sign](left, right))
    except ZeroDivisionError:
        fail(run, site, f"{site.code}: division by zero")
    except OverflowError:
        fail(run, site, f"{site.code}: the result does not fit into 64 bits")
    except ValueError as fault:
        fail(run, site, f"{site.code}: {fault}")


def sign_of(run: Run, site: Site, sign: str, value: Any) -> Any:
    """`-value` or `+value` of a number."""
    value = settled(run, site, value)
    if not is_number(value):
        fail(run, site, f"{site.code}: {sign} needs a number, not {type_label(value)}")
    return -value if sign == "-" else value


def _within_bounds(number: Any) -> Any:
    if isinstance(number, int) and not -MAX_INT - 1 <= number <= MAX_INT:
        raise OverflowError
    return number


def join_texts(run: Run, site: Site, values: Sequence[Any]) -> str:
    """`a ~ b`: all values as text."""
    text = "".join([show(run, site, value) for value in values])
    run.count_text(len(text), site.span)
    return text


def same(run: Run, site: Site, one: Any, other: Any) -> bool:
    """Whether two values are equal, all the way down; numbers by what they count."""
    one, other = plain(one), plain(other)
    spend(run, site)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(run, site, one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(same(run, site, *pair) for pair in zip(one, other, strict=True))
    if is_number(one) and is_number(other):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def is_less(run: Run, site: Site, one: Any, other: Any) -> bool:
    """Whether one < other: numbers among themselves, texts by their bytes."""
    if isinstance(one, str) and isinstance(other, str):
        return to_bytes(one) < to_bytes(other)
    if is_number(one) and is_number(other):
        return bool(one < other)
    fail(run, site, f"{site.code}: {type_label(one)} and {type_label(other)} have no common order")


def is_in(run: Run, site: Site, one: Any, other: Any) -> bool:
    """Whether `one` is a key of a map, an element of a list, or a part of a text."""
    other = plain(other)
    if other is None:
        return False
    if isinstance(other, dict):
        return isinstance(one, str) and one in other
    if isinstance(other, list | tuple):
        return any(same(run, site, one, element) for element in other)
    if isinstance(other, str) and isinstance(one, str):
        return one in other
    fail(run, site, f"{site.code}: {type_label(one)} cannot be looked for in {type_label(other)}")


COMPARISONS: Final[dict[str, Callable[[Run, Site, Any, Any], bool]]] = {
    "eq": same,
    "ne": lambda run, site, one, other: not same(run, site, one, other),
    "lt": is_less,
    "gt": lambda run, site, one, other: is_less(run, site, other, one),
    "lteq": lambda run, site, one, other: not is_less(run, site, other, one),
    "gteq": lambda run, site, one, other: not is_less(run, site, one, other),
    "in": is_in,
    "notin": lambda run, site, one, other: not is_in(run, site, one, other),
}


def compare(run: Run, site: Site, first: Any, rest: Sequence[tuple[str, Any]]) -> bool:
    """`first < second <= third`: whether all of it holds."""
    left = settled(run, site, first)
    for name, value in rest:
        right = settled(run, site, value)
        if not COMPARISONS[name](run, site, left, right):
            return False
        left = right
    return True


# Lists, maps and loops


def make_list(run: Run, site: Site, items: Sequence[Any]) -> list[Any]:
    """`[a, b]` and `(a, b)`."""
    return [settled(run, site, item) for item in items]


def make_map(run: Run, site: Site, pairs: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    """`{key: value}`."""
    table = {}
    for key, value in pairs:
        if not isinstance(key, str):
            fail(run, site, f"the keys of a map are texts, not {type_label(key)}", hint="put it in quotes")
        table[key] = settled(run, site, value)
    return table


def rounds(run: Run, site: Site, value: Any, names: int) -> Iterator[Any]:
    """What `for` goes over, each round counted: lists, and maps in the order of their keys.

    Args: names: how many stand before `in`; a map gives its keys for one, and keys with values for two.
    """
    value = plain(value)
    items: Any
    if isinstance(value, dict):
        items = sorted_items(value) if names == 2 else sorted(value)
    elif isinstance(value, list | tuple):
        items = value
    elif value is None or isinstance(value, Missing):
        return
    else:
        hint = "a text is one value; split it with splitList" if isinstance(value, str) else ""
        if is_number(value):
            hint = "write range(N) or until(N)"
        fail(run, site, f"{site.code}: for cannot go over a value of type {type_label(value)}", hint=hint)
    for item in items:
        run.rounds += 1
        if run.rounds > run.next_check:
            run.check_rounds(lambda: site.span)
        if names > 1 and not (isinstance(item, list | tuple) and len(item) == names):
            fail(run, site, f"{site.code}: for needs lists of {names} elements here, not {type_label(item)}")
        yield item
