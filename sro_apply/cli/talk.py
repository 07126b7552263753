"""Text on its way to a person's terminal."""

from __future__ import annotations

from collections.abc import Iterable

import click

from sro_render.errors import Finding, describe


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
