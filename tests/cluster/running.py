"""`sro-apply run` as a process, for tests: what it says, and what it serves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from clusters import until
from prometheus_client.parser import text_string_to_metric_families
from raw_api import Object
from servers import fetch

Start = Callable[..., "Running"]


class Running:
    """A loop, and what it has said so far."""

    def __init__(self, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sro_apply", "run", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.events: list[Object] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def of(self, event: str, **fields: Any) -> list[Object]:
        return [
            each
            for each in list(self.events)
            if each["event"] == event and all(each.get(key) == value for key, value in fields.items())
        ]

    def read(self, path: str) -> str:
        """What it serves there."""
        (listening,) = until(lambda: self.of("listening"), seconds=30)
        return fetch(f"http://{listening['address']}{path}")

    def metric(self, series: str, /, **labels: str) -> float | None:
        """The value of the only series of this name that has these labels; None where there is none."""
        found = [
            sample.value
            for family in text_string_to_metric_families(self.read("/metrics"))
            for sample in family.samples
            if sample.name == series and labels.items() <= sample.labels.items()
        ]
        assert len(found) <= 1, found
        return found[0] if found else None

    def is_ready(self, steps: int = 9) -> bool:
        return len({each["step"] for each in self.of("ready")}) == steps

    def stop(self) -> tuple[int, str]:
        """Ask it to end; its exit code, and its standard error."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._reader.join()
        assert self.process.stderr
        with self.process.stderr as errors:
            return self.process.wait(), errors.read()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr
        self.process.stderr.close()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            self.events.extend(map(json.loads, lines))
