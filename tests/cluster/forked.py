"""`sro-apply` in forks of a process that has imported it already: a start takes no half a second of the processor.

A fork is a process of its own all the same, and is killed as any other. Nothing else is imported here, for every
fork would pay for it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [f"sro_apply.{each}" for each in ("cli.main", "cli.sync", "cli.delete", "kube.client", "kube.official")]
)
_TURN = threading.Lock()
"""One thread at a time: who starts a process also takes the exit codes of all that have ended."""


class Forked:
    """A process of `sro-apply` with these arguments; what it prints, errors too, is added to a file."""

    def __init__(self, arguments: Sequence[str], output: Path) -> None:
        self._process = _FORKS.Process(target=_run, args=(list(arguments), str(output)), daemon=True)
        with _TURN:
            self._process.start()

    def wait(self) -> int:
        """Its exit code; below 0 the signal that ended it."""
        while True:
            with _TURN:
                code = self._process.exitcode
            if code is not None:
                return code
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once."""
        with _TURN:
            self._process.kill()


def _run(arguments: list[str], output: str) -> None:
    from sro_apply.cli.main import run  # noqa: PLC0415 - the fork has it, and the tests do without

    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.exit(run(arguments))
