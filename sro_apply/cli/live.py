"""Draws the board of lanes below the events, where somebody looks at a terminal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import TextIO

import click

from sro_apply.cli.talk import printable
from sro_apply.events import Event
from sro_apply.reporting.board import LaneBoard


class LiveBoard:
    """Prints events, and under the last one the board, which is drawn anew each time.

    Args: elapsed: the time that it took so far, in words.
    """

    def __init__(self, out: TextIO, elapsed: Callable[[], str] = lambda: "") -> None:
        self._out, self._elapsed = out, elapsed
        self._board = LaneBoard(printable)
        self._drawn = 0
        self._has_colours = not os.environ.get("NO_COLOR")

    def show(self, event: Event, text: str) -> None:
        """Print an event's text above the board, and the board as it is after it."""
        self._board.hear(event)
        self._draw([text])

    def tick(self) -> None:
        """Draw the board anew, for time has passed."""
        if self._drawn:
            self._draw([])

    def _draw(self, texts: list[str]) -> None:
        width, height = shutil.get_terminal_size()
        # The last column stays free: some terminals go on to the next line when it is written.
        lines = self._board.lines(
            width - 1, height - 2, has_colours=self._has_colours, elapsed=self._elapsed()
        )
        # Up to the board's first line, and everything below it away: in one piece, so that nothing flickers.
        above = f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""
        click.echo(above + "\n".join([*texts, *lines]), file=self._out, color=True)
        self._drawn = len(lines)
