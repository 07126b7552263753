"""Text on its way to a person's terminal."""

from __future__ import annotations

from collections.abc import Iterable

import click

from sro_render.errors import Finding, describe


def printable(text: str) -> str:
    """Text without control characters: what a server says must not steer a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def warn(findings: Iterable[Finding]) -> None:
    """Say what the user should know, on standard error."""
    for finding in findings:
        lines = describe(finding, severity="warning").split("\n")
        click.echo("\n".join(map(printable, lines)), err=True)
