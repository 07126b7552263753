"""The options that bound what a chart may cost: `--limit NAME=NUMBER` and `--time-limit`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from msgspec.structs import replace

from sro_render.errors import nearest
from sro_render.limits import NAMES, Limits

_NUMBER = re.compile("[0-9]{1,18}")
_Body = TypeVar("_Body", bound=Callable[..., Any])
TIME_LIMIT_S = 300
"""For one chart, unless another limit is given."""


def limit_options(body: _Body) -> _Body:
    """Adds both options; passes Limits as `limits` and the limit of time as `seconds`."""
    time_limit = click.option(
        "--time-limit",
        "seconds",
        type=click.IntRange(min=0),
        metavar="SECONDS",
        default=TIME_LIMIT_S,
        show_default=True,
        help="How long the rendering of one chart may take; 0 is no limit.",
    )
    return limit_option(time_limit(body))


def limit_option(body: _Body) -> _Body:
    """Adds `--limit` alone, for commands that read charts and render none; passes Limits as `limits`."""
    return click.option(
        "--limit",
        "limits",
        metavar="NAME=NUMBER",
        multiple=True,
        callback=_limits,
        help=f"Another bound on what a chart may cost; NAME is one of {', '.join(NAMES)}.",
    )(body)


def _limits(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> Limits:
    del context, parameter
    limits = Limits()
    for text in given:
        name, equals, number = text.partition("=")
        if not equals or not _NUMBER.fullmatch(number):
            raise click.BadParameter(f"{text!r} is not NAME=NUMBER")
        if name not in NAMES:
            meant = nearest(name, NAMES)
            raise click.BadParameter(
                f"there is no limit {name!r}" + (f"; did you mean {meant}?" if meant else "")
            )
        limits = replace(limits, **{NAMES[name]: int(number)})
    return limits
