"""Text on its way to a person's terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import click

from sro_render.errors import Finding, describe


def open_streams() -> None:
    """Make sure that what is said can be said: a letter that the terminal's encoding lacks as its number.

    A stream that was closed before we started becomes the null device.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as we live
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def can_be_drawn_on(out: TextIO) -> bool:
    """Whether somebody looks at it, through something that can go back."""
    return out.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def printable(text: str) -> str:
    """Text without control characters: what a server says must not steer a terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def printable_lines(text: str) -> str:
    """The same of a text that has several lines of its own."""
    return "\n".join(map(printable, text.split("\n")))


def warn(findings: Iterable[Finding]) -> None:
    """Say what the user should know, on standard error."""
    for finding in findings:
        click.echo(printable_lines(describe(finding, severity="warning")), err=True)
