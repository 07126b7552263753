"""Sprig's list functions. None changes its argument; what Go returns as nil is None here, or a nil list.

Each `must…` form does the same here: in Go it differs only in how an error travels.
Source: Sprig v3 list.go; `until` and `untilStep` of numeric.go are in numbers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.values import ListList, NilList, StringList, plain
from sro_render.sprig.bounds import check_items
from sro_render.sprig.numbers import to_int
from sro_render.sprig.reflection import deep_equal
from sro_render.sprig.text import is_empty, items_of, strval, texts_of

FUNCTIONS: dict[str, Function] = {}
_Body = TypeVar("_Body", bound=Callable[..., Any])


def _both(name: str, signature: str) -> Callable[[_Body], _Body]:
    """Register under `name` and `mustName`."""

    def enter(body: _Body) -> _Body:
        go_function(FUNCTIONS, name, signature)(body)
        return go_function(FUNCTIONS, f"must{name[0].upper()}{name[1:]}", signature)(body)

    return enter


@go_function(FUNCTIONS, "tuple", "(...any) []any")
@go_function(FUNCTIONS, "list", "(...any) []any")
def new_list(*items: object) -> list[object]:
    """A list of the arguments."""
    return list(items)


@_both("first", "(any) any")
def first(value: object) -> object:
    """The first item; nil of an empty list."""
    items = items_of(value, "take the first of")
    return items[0] if items else None


@_both("last", "(any) any")
def last(value: object) -> object:
    """The last item; nil of an empty list."""
    items = items_of(value, "take the last of")
    return items[-1] if items else None


@_both("rest", "(any) []any")
def rest(value: object) -> list[object]:
    """All but the first."""
    items = items_of(value, "take the rest of")
    return items[1:] if items else NilList()


@_both("initial", "(any) []any")
def initial(value: object) -> list[object]:
    """All but the last."""
    items = items_of(value, "take the start of")
    return items[:-1] if items else NilList()


@_both("reverse", "(any) []any")
def reverse(value: object) -> list[object]:
    """Back to front."""
    return list(reversed(items_of(value, "reverse")))


@_both("push", "(any, any) []any")
@_both("append", "(any, any) []any")
def append(value: object, item: object) -> list[object]:
    """With one item more at the end."""
    return [*items_of(value, "append to"), item]


@_both("prepend", "(any, any) []any")
def prepend(value: object, item: object) -> list[object]:
    """With one item more at the start."""
    return [item, *items_of(value, "prepend to")]


@go_function(FUNCTIONS, "concat", "(...any) any", wants_run=True)
def concat(run: Any, *values: object) -> list[object]:
    """Several lists as one, no longer than what loops may go through."""
    lists = [items_of(value, "concatenate") for value in values]
    check_items(run, sum(len(items) for items in lists))
    return [item for items in lists for item in items] or NilList()


@_both("uniq", "(any) []any")
def uniq(value: object) -> list[object]:
    """Without what came before."""
    found: list[object] = []
    for item in items_of(value, "take the distinct items of"):
        if not _contains(found, item):
            found.append(item)
    return found


@_both("without", "(any, ...any) []any")
def without(value: object, *omitted: object) -> list[object]:
    """Without the given items."""
    return [item for item in items_of(value, "leave out items of") if not _contains(omitted, item)]


@_both("has", "(any, any) bool")
def has(needle: object, haystack: object) -> bool:
    """Whether an item is in a list, by value and type; nothing is in nil."""
    return haystack is not None and _contains(items_of(haystack, "search"), needle)


@_both("compact", "(any) []any")
def compact(value: object) -> list[object]:
    """Without empty items."""
    return [item for item in items_of(value, "compact") if not is_empty(item)]


@_both("slice", "(any, ...any) any")
def slice_list(value: object, *indices: object) -> object:
    """The items from the first index up to the second; nil of an empty list."""
    items = items_of(value, "slice")
    if not items:
        return None
    start = to_int(indices[0]) if indices else 0
    end = to_int(indices[1]) if len(indices) > 1 else len(items)
    if not 0 <= start <= end <= len(items):
        raise FunctionError(f"cannot slice from {start} to {end}: the list has {len(items)} items")
    part = items[start:end]
    kind = type(plain(value))
    return kind(part) if issubclass(kind, list) else part


@_both("chunk", "(int, any) [][]any")
def chunk(size: int, value: object) -> ListList:
    """Lists of at most `size` items."""
    items = items_of(value, "cut up")
    if size < -1 and len(items) == 1:
        return ListList([items])
    if size < 0 and 2 <= len(items) <= 1 - size:
        # What Sprig computes for so few items is a list of no pieces.
        return ListList()
    if size < 1:
        raise FunctionError(f"cannot cut a list into pieces of {size} items")
    return ListList(items[start : start + size] for start in range(0, len(items), size))


@go_function(FUNCTIONS, "sortAlpha", "(any) []string")
def sort_alpha(value: object) -> StringList:
    """The items as texts, by their bytes."""
    if isinstance(plain(value), list):
        return StringList(sorted(texts_of(value)))
    return StringList([strval(value)])


def _contains(items: list[Any] | tuple[object, ...], needle: object) -> bool:
    return any(deep_equal(item, needle) for item in items)
