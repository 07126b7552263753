"""Sprig's dictionary functions. `set`, `unset` and the merges change their first argument, as in Go.

Where Go's order is random (`keys`, `values`) it is that of the keys here.
Source: Sprig v3 dict.go; dario.cat/mergo v1 for the merges.
"""

from __future__ import annotations

from typing import Any

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import StringList, type_name
from sro_render.sprig.text import is_empty, strval

FUNCTIONS: dict[str, Function] = {}
_MAP = "map[string]any"


@go_function(FUNCTIONS, "dict", "(...any) map[string]any")
def new_dict(*pairs: object) -> dict[str, object]:
    """A dictionary of keys and values in turn; a key without a value gets the empty text."""
    values = [*pairs[1::2], ""] if len(pairs) % 2 else pairs[1::2]
    return {strval(key): value for key, value in zip(pairs[::2], values, strict=True)}


@go_function(FUNCTIONS, "get", f"({_MAP}, string) any", tolerant=True)
def get(table: dict[str, object], key: str) -> object:
    """A key's value; the empty text where there is no such key."""
    return table.get(key, "")


@go_function(FUNCTIONS, "set", f"({_MAP}, string, any) {_MAP}", mutates=True)
def set_key(table: dict[str, object], key: str, value: object) -> dict[str, object]:
    """The dictionary itself, with the key set."""
    if not table and getattr(table, "is_nil", False):
        raise FunctionError(
            f'cannot set "{key}" in a map that is nil', hint="begin with an empty map: default dict"
        )
    table[key] = value
    return table


@go_function(FUNCTIONS, "unset", f"({_MAP}, string) {_MAP}", mutates=True)
def unset(table: dict[str, object], key: str) -> dict[str, object]:
    """The dictionary itself, without the key."""
    table.pop(key, None)
    return table


@go_function(FUNCTIONS, "hasKey", f"({_MAP}, string) bool", tolerant=True)
def has_key(table: dict[str, object], key: str) -> bool:
    """Whether there is such a key, though it be null."""
    return key in table


@go_function(FUNCTIONS, "pluck", f"(string, ...{_MAP}) []any")
def pluck(key: str, *tables: dict[str, object]) -> list[object]:
    """The key's values of all dictionaries that have it."""
    return [table[key] for table in tables if key in table]


@go_function(FUNCTIONS, "keys", f"(...{_MAP}) []string")
def keys(*tables: dict[str, object]) -> StringList:
    """The keys of each dictionary, A-Z."""
    return StringList(key for table in tables for key in sorted(table))


@go_function(FUNCTIONS, "values", f"({_MAP}) []any")
def values_of(table: dict[str, object]) -> list[object]:
    """The values, in the order of their keys."""
    return [table[key] for key in sorted(table)]


@go_function(FUNCTIONS, "pick", f"({_MAP}, ...string) {_MAP}")
def pick(table: dict[str, object], *wanted: str) -> dict[str, object]:
    """A new dictionary with just these keys."""
    return {key: table[key] for key in wanted if key in table}


@go_function(FUNCTIONS, "omit", f"({_MAP}, ...string) {_MAP}")
def omit(table: dict[str, object], *unwanted: str) -> dict[str, object]:
    """A new dictionary without these keys."""
    return {key: value for key, value in table.items() if key not in unwanted}


@go_function(FUNCTIONS, "dig", "(...any) any", tolerant=True)
def dig(*arguments: object) -> object:
    """The value at a path of keys: `dig KEY... DEFAULT DICTIONARY`."""
    if len(arguments) < 3:
        raise FunctionError("dig takes at least 3 arguments", hint="dig KEY... DEFAULT DICTIONARY")
    *path, default, value = arguments
    for key in path:
        if not isinstance(value, dict):
            raise FunctionError(
                f'dig finds a value of type {type_name(value)}, not a map, where "{key}" should be'
            )
        if not isinstance(key, str):
            raise FunctionError(f"the keys that dig takes are texts, not {type_name(key)}")
        if key not in value:
            return default
        value = value[key]
    return value


@go_function(FUNCTIONS, "mustMerge", f"({_MAP}, ...{_MAP}) any", mutates=True)
@go_function(FUNCTIONS, "merge", f"({_MAP}, ...{_MAP}) any", mutates=True)
def merge(target: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    """The first dictionary itself, its absent and empty values filled from the others."""
    for source in sources:
        _merge(target, source, overwrite=False)
    return target


@go_function(FUNCTIONS, "mustMergeOverwrite", f"({_MAP}, ...{_MAP}) any", mutates=True)
@go_function(FUNCTIONS, "mergeOverwrite", f"({_MAP}, ...{_MAP}) any", mutates=True)
def merge_overwrite(target: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    """The first dictionary itself, overwritten by the others from left to right."""
    for source in sources:
        _merge(target, source, overwrite=True)
    return target


def _merge(target: dict[str, Any], source: dict[str, Any], *, overwrite: bool) -> None:
    if target is source:
        return
    for key, value in list(source.items()):
        if value is None:
            if overwrite:
                target[key] = None
            continue
        old = target.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            _merge(old, value, overwrite=overwrite)
            if old:
                continue
        if overwrite or is_empty(old):
            target[key] = value


@go_function(FUNCTIONS, "mustDeepCopy", "(any) any", wants_run=True)
@go_function(FUNCTIONS, "deepCopy", "(any) any", wants_run=True)
def deep_copy(run: Run, value: Any) -> Any:
    """A copy that shares nothing with the value, which must be one."""
    if value is None:
        raise FunctionError(
            "nil cannot be copied", hint="guard this place with {{ with }}, or give a default"
        )
    try:
        return _copied(run, value)
    except RecursionError:
        raise FunctionError(
            "the value holds itself, or too many values inside each other, to be copied"
        ) from None


def _copied(run: Run, value: Any) -> Any:
    if isinstance(value, dict | list):
        # What values hold many times is copied as often.
        run.count_items(len(value) + 1, run.span)
    if isinstance(value, dict):
        return type(value)({key: _copied(run, item) for key, item in value.items()})
    if isinstance(value, list):
        return type(value)(_copied(run, item) for item in value)
    return value
