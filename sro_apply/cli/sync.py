"""`sro-apply sync`: its options, and its events as lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from sro_apply.cli.exit_codes import INCOMPLETE, SERVER_REFUSED
from sro_apply.cli.options import (
    output_option,
    source_argument,
    target_options,
    terms_options,
    timeout_option,
    wait_timeout_option,
)
from sro_apply.cli.talk import can_be_drawn_on, printable, printable_lines
from sro_apply.config import OnStale, Terms
from sro_apply.controller.connecting import Target
from sro_apply.controller.sync import SyncRequest
from sro_apply.controller.sync import sync as perform_sync
from sro_apply.events import Event
from sro_apply.reporting.elapsed import elapsed_text, with_elapsed
from sro_apply.reporting.ending import Ending
from sro_apply.reporting.logs import json_line, text_line

if TYPE_CHECKING:
    from sro_apply.cli.live import LiveBoard


@click.command(
    "sync",
    epilog="""\b
Example:
  sro-apply sync out/cluster
  sro-apply sync out/cluster --dry-run -o json""",
)
@source_argument
@target_options
@click.option(
    "--wait/--no-wait",
    "waits",
    default=True,
    help="Go on to what comes next only when what was applied is ready (namespaces, CRDs and hooks always).",
)
@timeout_option("30m", help="How long to apply and wait, altogether.")
@wait_timeout_option
@click.option(
    "--prune",
    "prunes",
    is_flag=True,
    help="Delete what earlier bundles had and this one has not, once what replaces it is ready.",
)
@click.option(
    "--on-stale",
    type=click.Choice([each.value for each in OnStale]),
    default=OnStale.WARN.value,
    show_default=True,
    help="What to do if nodes run other kernels than when the bundle was rendered.",
)
@terms_options
@click.option(
    "--dry-run", "is_dry_run", is_flag=True, help="Ask the server what would change; write nothing."
)
@output_option(
    ("text", "json"),
    help="A line for each event (with a board of all kernels on a terminal), or a JSON object for each.",
)
def command(
    *,
    source: str,
    target: Target,
    terms: Terms,
    waits: bool,
    timeout_s: float,
    wait_s: float,
    prunes: bool,
    on_stale: str,
    is_dry_run: bool,
    output_format: str,
) -> int:
    """Apply the bundle in SOURCE, once.

    SOURCE is what sro-render build wrote: the folder OUT/CLUSTER, or git+URL@REF:PATH. Namespaces and CRDs
    come first, then state after state, each kernel by itself: one that fails is tried again, and holds up no
    other.
    """
    teller = _Teller(output_format, is_dry_run=is_dry_run)
    outcome = perform_sync(
        SyncRequest(
            source=source,
            target=target,
            terms=terms,
            timeout_s=timeout_s,
            wait_s=wait_s,
            waits=waits,
            prunes=prunes,
            on_stale=OnStale(on_stale),
            is_dry_run=is_dry_run,
        ),
        teller.tell,
        teller.tick,
    )
    teller.end()
    if outcome.is_complete:
        return 0
    return SERVER_REFUSED if outcome.was_refused else INCOMPLETE


class _Teller:
    """Tells of events: a JSON object or a line for each; on a terminal a board below them."""

    def __init__(self, output_format: str, *, is_dry_run: bool) -> None:
        self._is_json, self._is_dry_run = output_format == "json", is_dry_run
        self._began_s = time.monotonic()
        has_board = not (self._is_json or is_dry_run) and can_be_drawn_on(sys.stdout)
        self._board = _board(lambda: elapsed_text(self._elapsed_s())) if has_board else None
        self._ending = Ending()

    def tell(self, event: Event) -> None:
        """Say what has happened, with the time since the beginning."""
        if self._is_json:
            click.echo(json_line(event))
            return
        self._ending.hear(event)
        text = printable_lines(text_line(event))
        if not self._is_dry_run:
            text = with_elapsed(text, self._elapsed_s())
        if self._board:
            self._board.show(event, text)
        else:
            click.echo(text)

    def tick(self) -> None:
        """Time has passed."""
        if self._board:
            self._board.tick()

    def end(self) -> None:
        """Say once more what is not as it should be; a board has it already."""
        if not (self._is_json or self._board):
            for line in self._ending.lines():
                click.echo(printable(line))

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began_s


def _board(elapsed: Callable[[], str]) -> LiveBoard:
    from sro_apply.cli.live import LiveBoard  # noqa: PLC0415 - only a terminal has one

    return LiveBoard(sys.stdout, elapsed)
