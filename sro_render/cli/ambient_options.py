"""The options that give templates the time and a seed: `--now` and `--seed-file`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from sro_render.edges.files import similar_file
from sro_render.errors import InputError
from sro_render.model.config import read_time

_Body = TypeVar("_Body", bound=Callable[..., Any])
MIN_SEED_BYTES = 16
"""A shorter secret could be guessed."""


def ambient_options(body: _Body) -> _Body:
    """Adds the options; passes a datetime or None as `now`, bytes or None as `seed`."""
    now = click.option(
        "--now",
        metavar="TIME",
        callback=_now,
        help="The time that templates see, such as 2024-01-31T12:00:00Z; without it, asking is an error.",
    )
    return now(seed_option(body))


def seed_option(body: _Body) -> _Body:
    """Adds `--seed-file` alone, for commands that know the time otherwise; passes bytes or None as `seed`."""
    return click.option(
        "--seed-file",
        "seed",
        metavar="FILE",
        callback=_seed,
        help="A secret file from which random values, passwords and keys are derived, the same every "
        "time; without it, asking for chance is an error. Keep it out of Git.",
    )(body)


def _now(context: click.Context, parameter: click.Parameter, text: str | None) -> datetime | None:
    del context, parameter
    if text is None:
        return None
    try:
        return read_time(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time such as 2024-01-31T12:00:00Z") from None


def _seed(context: click.Context, parameter: click.Parameter, name: str | None) -> bytes | None:
    del context, parameter
    if name is None:
        return None
    try:
        return read_seed(name)
    except InputError as error:
        raise click.BadParameter(
            f"{error.finding.message}{error.finding.hint and ': '}{error.finding.hint}"
        ) from None


def read_seed(name: str) -> bytes:
    """The secret in a file.

    Raises: InputError: it cannot be read, or could be guessed.
    """
    try:
        seed = Path(name).read_bytes()
    except OSError as error:
        hint = similar_file(Path(name)) if isinstance(error, FileNotFoundError) else ""
        raise InputError("seed-file", f"{name} cannot be read: {error.strerror}", hint=hint) from error
    if len(seed.strip()) < MIN_SEED_BYTES:
        raise InputError(
            "seed-file",
            f"{name} has less than {MIN_SEED_BYTES} bytes",
            hint="make one with head -c 32 /dev/urandom | base64",
        )
    return seed
