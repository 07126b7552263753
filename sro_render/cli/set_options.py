"""The options that set single values: `--set` and its four siblings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from sro_render.charts.set_values import SetKind, SetOption

_R = TypeVar("_R")
_HELP = {
    SetKind.TYPED: "Set values: a.b=1,c[0]=x. Numbers, true, false and null are what they look like.",
    SetKind.STRING: "The same, all of them texts.",
    SetKind.JSON: "The same with JSON: a.b={...}; or a whole mapping: {...}.",
    SetKind.FILE: "The same with the content of files: a.b=PATH.",
    SetKind.LITERAL: "Set one text in which no character has a meaning.",
}


def set_options(body: Callable[..., _R]) -> Callable[..., _R]:
    """Adds the options; passes them as `sets`, in the order of their kinds."""

    @wraps(body)
    def with_sets(**options: Any) -> _R:
        sets = [SetOption(kind, text) for kind in SetKind for text in options.pop(_name(kind))]
        return body(sets=sets, **options)

    decorated: Callable[..., _R] = with_sets
    for kind in reversed(_HELP):
        add = click.option(kind.value, _name(kind), metavar="TEXT", multiple=True, help=_HELP[kind])
        decorated = add(decorated)
    return decorated


def _name(kind: SetKind) -> str:
    return kind.value.removeprefix("--").replace("-", "_") + "_"
