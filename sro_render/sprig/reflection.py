"""Sprig's questions about types, and Go's reflect.DeepEqual.

Source: Sprig v3 reflect.go.
"""

from __future__ import annotations

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.values import plain, type_name
from sro_render.sprig.text import kind_name

FUNCTIONS: dict[str, Function] = {}


@go_function(FUNCTIONS, "typeOf", "(any) string", tolerant=True)
def type_of(value: object) -> str:
    """Go's name of a value's type."""
    return type_name(value)


@go_function(FUNCTIONS, "typeIs", "(string, any) bool", tolerant=True)
def type_is(target: str, value: object) -> bool:
    """Whether a value is of that type."""
    return type_name(value) == target


@go_function(FUNCTIONS, "typeIsLike", "(string, any) bool", tolerant=True)
def type_is_like(target: str, value: object) -> bool:
    """Whether a value is of that type, or a pointer to it."""
    return type_name(value) in {target, f"*{target}"}


@go_function(FUNCTIONS, "kindOf", "(any) string", tolerant=True)
def kind_of_value(value: object) -> str:
    """Go's name of a value's kind: map, slice, string, int64 and so on."""
    return kind_name(value)


@go_function(FUNCTIONS, "kindIs", "(string, any) bool", tolerant=True)
def kind_is(target: str, value: object) -> bool:
    """Whether a value is of that kind."""
    return kind_name(value) == target


@go_function(FUNCTIONS, "deepEqual", "(any, any) bool", tolerant=True)
def deep_equal(one: object, other: object) -> bool:
    """Whether two values have the same type and content, all the way down: 1 is not 1.0."""
    try:
        return _equal(one, other, {})
    except RecursionError:
        raise FunctionError("the values hold too many others inside each other to be compared") from None


def _equal(one: object, other: object, seen: dict[tuple[int, int], object]) -> bool:
    """`seen` has the pairs that are or were compared, kept alive: as in Go, none is looked at twice."""
    one, other = plain(one), plain(other)
    if type(one) is not type(other):
        return False
    if not isinstance(one, dict | list):
        return one == other
    pair = id(one), id(other)
    if one is other or pair in seen:
        return True
    seen[pair] = one, other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(item, other[key], seen) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            _equal(item, its, seen) for item, its in zip(one, other, strict=True)
        )
    return False
