"""The applier's commands within the test's own process: where there are many, to start each would take longest."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from raw_api import Object
from simple_kmod import Synced

from sro_apply.cli.main import run as command_line
from sro_apply.config import Terms
from sro_apply.controller import run as loop
from sro_apply.controller.connecting import Target
from sro_apply.events import Event
from sro_apply.reporting.logs import json_line


def sync(kubeconfig: Path, bundle: Path, *options: str) -> Synced:
    """`sro-apply sync`."""
    said, errors = io.StringIO(), io.StringIO()
    arguments = ["sync", str(bundle), "--kubeconfig", str(kubeconfig), "-o", "json", *options]
    with redirect_stdout(said), redirect_stderr(errors):
        code = command_line(arguments)
    return Synced(CompletedProcess(arguments, code, said.getvalue(), errors.getvalue()))


def run(
    kubeconfig: Path,
    bundle: Path,
    is_enough: Callable[[list[Object]], bool],
    *,
    observes: bool = False,
    seconds: float = 30,
) -> list[Object]:
    """`sro-apply run`, until what it has told is enough or the time is over; all that it has told."""
    stopping, told = _Stopping(), list[Object]()

    def tell(event: Event) -> None:
        told.append(json.loads(json_line(event)))
        if is_enough(told):
            stopping.ask()

    request = loop.RunRequest(
        source=str(bundle),
        target=Target(kubeconfig=str(kubeconfig)),
        listen="127.0.0.1:0",
        interval_s=1.0,
        observes=observes,
        terms=Terms(),
        prunes=True,
        wait_s=1200.0,
    )
    alarm = threading.Timer(seconds, stopping.ask)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Stopping", lambda: stopping)
        alarm.start()
        try:
            loop.run(request, tell)
        finally:
            alarm.cancel()
    return told


class _Stopping:
    """See `sro_apply.controller.stopping`: a test asks, and no signal."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._acts: list[Callable[[], None]] = []

    @property
    def is_asked(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        self._event.wait(seconds)

    def call(self, act: Callable[[], None]) -> None:
        self._acts.append(act)

    @contextmanager
    def calling(self, act: Callable[[], None]) -> Iterator[None]:
        self.call(act)
        try:
            yield
        finally:
            self._acts.remove(act)

    def ask(self) -> None:
        self._event.set()
        for act in [*self._acts]:
            act()
