"""Sprig's functions for values that may be absent or empty.

Source: Sprig v3 defaults.go; its JSON functions are in charts/helm_functions.py.
"""

from __future__ import annotations

from sro_render.gotemplate.functions import Function, go_function
from sro_render.sprig.text import is_empty

FUNCTIONS: dict[str, Function] = {}


@go_function(FUNCTIONS, "default", "(any, ...any) any", tolerant=True)
def default(fallback: object, *given: object) -> object:
    """The second argument, or the first where that is empty."""
    return fallback if not given or is_empty(given[0]) else given[0]


@go_function(FUNCTIONS, "empty", "(any) bool", tolerant=True)
def empty(value: object) -> bool:
    """Whether a value is nil, zero, false or has no length."""
    return is_empty(value)


@go_function(FUNCTIONS, "coalesce", "(...any) any", tolerant=True)
def coalesce(*values: object) -> object:
    """The first value that is not empty; nil if all are."""
    return next((value for value in values if not is_empty(value)), None)


@go_function(FUNCTIONS, "all", "(...any) bool", tolerant=True)
def all_given(*values: object) -> bool:
    """Whether no value is empty."""
    return not any(map(is_empty, values))


@go_function(FUNCTIONS, "any", "(...any) bool", tolerant=True)
def any_given(*values: object) -> bool:
    """Whether some value is not empty."""
    return not all(map(is_empty, values))


@go_function(FUNCTIONS, "ternary", "(any, any, bool) any", tolerant=True)
def ternary(if_true: object, if_false: object, condition: object) -> object:
    """The first argument if the third is true, else the second."""
    return if_true if condition else if_false
