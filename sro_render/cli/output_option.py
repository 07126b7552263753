"""The option that chooses how to report: `-o`, `--output`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Body = TypeVar("_Body", bound=Callable[..., Any])


def output_option(*more: str, text: str = "How to report.") -> Callable[[_Body], _Body]:
    """Adds the option, with text and json and what is given; passes the choice as `output_format`."""
    return click.option(
        "-o",
        "--output",
        "output_format",
        type=click.Choice(["text", "json", *more]),
        default="text",
        show_default=True,
        help=text,
    )
