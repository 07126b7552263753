"""What is said to people: errors, findings, progress. All of it on standard error."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from sro_render.errors import Finding, SroError, describe, flatten

_COLOURS = {"error": "red", "warning": "yellow"}
CONTRADICTION = "-q and -v contradict each other: give one of them"
_R = TypeVar("_R")
_QUIET_S = 1.0
"""A run that ends sooner shows no progress."""


class Talk(Struct, frozen=True):
    """How much is said. cluster: named in all that is said, where there are several."""

    quiet: bool = False
    verbose: bool = False
    cluster: str = ""

    def errors(self, error: SroError | ExceptionGroup[SroError]) -> None:
        """Say everything that is wrong."""
        for each in flatten(error):
            self._say(each.finding, "error")

    def findings(self, findings: Iterable[Finding], *, as_errors: bool = False) -> None:
        """Say what was found, unless we are quiet; under `--strict` they are errors."""
        if self.quiet and not as_errors:
            return
        for finding in findings:
            self._say(finding, "error" if as_errors else "warning")

    def note(self, text: str) -> None:
        """Say one line, unless we are quiet."""
        if not self.quiet:
            click.echo(f"{self.cluster}: {text}" if self.cluster else text, err=True)

    def detail(self, text: str) -> None:
        """Say one line if we are verbose."""
        if self.verbose:
            click.echo(text, err=True)

    def _say(self, finding: Finding, severity: str) -> None:
        if self.cluster:
            subject = f"{self.cluster} / {finding.subject}" if finding.subject else self.cluster
            finding = replace(finding, subject=subject)
        # Hostile text must not steer the terminal.
        headline, *rest = (printable(line) for line in describe(finding, severity=severity).split("\n"))
        if has_colour(sys.stderr.isatty()):
            label, _, message = headline.partition(": ")
            headline = f"{click.style(label, fg=_COLOURS[severity], bold=True)}: {message}"
        lines = [headline, *rest]
        click.echo("\n".join(lines), err=True, color=True)


class _Unheard(io.FileIO):
    """A file that swallows what the system refuses to take."""

    def write(self, data: Any, /) -> int:
        with suppress(OSError):
            return super().write(data)
        return len(data)


def open_streams() -> None:
    """Make sure that talk cannot fail: a closed or full standard error must not matter to the work.

    A stream that was closed before we started becomes the null device, also so that no file that is
    opened later gets its number.
    """
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as we live
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - likewise
    else:
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_Unheard(sys.stderr.fileno(), "w", closefd=False)),
            encoding=sys.stderr.encoding,
            errors="backslashreplace",
            line_buffering=True,
        )


def tell(text: str) -> None:
    """Print what was done: a reader that went away does not undo it."""
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        leave_stdout()


def leave_stdout() -> None:
    """Let standard output, which takes nothing any more, end without another complaint."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def has_colour(is_terminal: bool) -> bool:
    """Colour is for terminals whose user did not refuse it (https://no-color.org)."""
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def printable(text: str) -> str:
    """Text without control characters, which could steer a terminal; tabs stay."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\t" else ascii(each)[1:-1] for each in text)


def talk_options(body: Callable[..., _R]) -> Callable[..., _R]:
    """`-q` and `-v` behind the command's name too: adds the options, and passes a Talk as `talk`."""

    @click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
    @click.option("-v", "--verbose", is_flag=True, help="Say what is read.")
    @click.pass_context
    @wraps(body)
    def with_talk(context: click.Context, /, *, quiet: bool, verbose: bool, **options: Any) -> _R:
        outer = context.obj if isinstance(context.obj, Talk) else Talk()
        talk = Talk(quiet=outer.quiet or quiet, verbose=outer.verbose or verbose)
        if talk.quiet and talk.verbose:
            raise click.UsageError(CONTRADICTION)
        return body(talk=talk, **options)

    return with_talk


class Progress:
    """A bar on a terminal, for runs of more than a second."""

    def __init__(self, talk: Talk, label: str) -> None:
        self._is_shown = sys.stderr.isatty() and not talk.quiet
        self._label = label
        self._start = time.monotonic()
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Say that `done` of `total` steps are done."""
        if not self._is_shown:
            return
        now = time.monotonic()
        if now - self._start < _QUIET_S or now - self._last < 0.1:
            return
        self._last = now
        filled = done * 30 // max(1, total)
        click.echo(
            f"\r{self._label} [{'#' * filled}{'.' * (30 - filled)}] {done}/{total}", err=True, nl=False
        )

    def close(self) -> None:
        """Remove the bar."""
        if self._last:
            click.echo("\r\x1b[K", err=True, nl=False)
