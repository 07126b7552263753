"""What several families need: a value as text, as a list, and whether it is empty.

Source: Sprig v3 `strval`, `strslice`, `empty`, and Go's reflection behind the list functions.
"""

from __future__ import annotations

from typing import Any

from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.printing import sprint
from sro_render.gotemplate.values import GoObject, Kind, from_bytes, kind_of, plain


def shown(value: object) -> str:
    """A value as Go's `%v` writes it."""
    return value if isinstance(value, str) else sprint((value,))


def strval(value: object) -> str:
    """A value as Sprig's functions write it into a text: like `%v`, but bytes as the text that they are."""
    return from_bytes(value) if isinstance(value, bytes) else shown(value)


def is_empty(value: object) -> bool:
    """Whether a value is nil, zero, false, or has no length. A struct never is."""
    if isinstance(value, GoObject) and not isinstance(value, int):
        value = plain(value)
        return not isinstance(value, GoObject) and not value
    return not value


def kind_name(value: object) -> str:
    """The name of Go's reflect.Kind: int64 where `Kind` says int."""
    kind = kind_of(value)
    if kind in {Kind.INT, Kind.UINT}:
        own = type(value)
        return str(getattr(own, "go_kind", getattr(own, "go_type", "int")))
    if kind is Kind.FLOAT:
        return "float64"
    go_type = str(getattr(type(value), "go_type", ""))
    return "ptr" if go_type.startswith("*") else kind.value


def items_of(value: object, action: str) -> list[Any]:
    """A list's items, not to be changed. Raises FunctionError for what is no list.

    Args: action: how the error goes on after "cannot", such as `find first on`.
    """
    value = plain(value)
    if isinstance(value, list):
        return value
    if isinstance(value, bytes):
        return list(value)
    if value is None:
        raise FunctionError(
            f"cannot {action} a value that is not there", hint="give it an empty list: default list"
        )
    raise FunctionError(f"cannot {action} a value of type {kind_name(value)}, only a list")


def texts_of(value: object) -> list[str]:
    """A value as a list of texts: nulls left out, and what is no list as its only entry."""
    value = plain(value)
    if isinstance(value, list):
        return [strval(item) for item in value if item is not None]
    return [] if value is None else [strval(value)]
