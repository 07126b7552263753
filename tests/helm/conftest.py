"""The judge of expressions: many template expressions, rendered by helm in one process and by us."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import SroError
from sro_render.limits import Limits
from sro_render.sprig.ambient import Ambient

METADATA = "apiVersion: v2\nname: e\nversion: 0.1.0\nappVersion: '1.10'\nkeywords: [k]\n"
AMBIENT = Ambient(now=datetime(2024, 2, 29, 13, 4, 5, 678901, UTC), seed=b"the seed of the tests")
# What helm takes for Local is what we do.
HELM_ENVIRONMENT = {**os.environ, "TZ": "UTC"}


class Expressions:
    """Renders expressions with the given values.yaml, with `printf "%T %v"` and `toJson` of each result."""

    def __init__(self, helm: Path, folder: Path, values: str = "") -> None:
        self._helm = helm
        self._folder = folder
        self._values = values

    def with_values(self, values: str) -> Expressions:
        """The same judge, with another values.yaml."""
        return Expressions(self._helm, self._folder, values)

    def assert_same(self, expressions: Iterable[str]) -> None:
        """Assert that helm and we give the same type, text and JSON for each expression."""
        wanted = list(expressions)
        ours = dict(zip(wanted, self._our_lines(wanted), strict=True))
        printed = self._run_helm(self._chart("all", wanted))
        assert printed.returncode == 0, printed.stderr
        lines = [self._line(line) for line in printed.stdout.split("\n") if line.startswith("e")]
        theirs = dict(zip(wanted, lines, strict=True))
        assert ours == theirs

    def assert_both_fail(self, expressions: Iterable[str]) -> None:
        """Assert that helm ends with an error at each expression, and that we do."""
        wanted = list(expressions)
        charts = [self._chart(str(number), [text]) for number, text in enumerate(wanted)]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(self._run_helm, charts))
        assert [text for text, run in zip(wanted, done, strict=True) if run.returncode == 0] == []
        assert [text for text in wanted if not self._ours([text]).startswith("error: ")] == []

    def _template(self, expressions: Sequence[str]) -> str:
        action = '{{{{- $x := {} }}}}\ne{}: {{{{ printf "%T %v %s" $x $x (toJson $x) | quote }}}}'
        return "\n".join(action.format(text, number) for number, text in enumerate(expressions))

    def _chart(self, name: str, expressions: Sequence[str]) -> Path:
        folder = self._folder / name
        (folder / "templates").mkdir(parents=True)
        (folder / "Chart.yaml").write_text(METADATA)
        (folder / "values.yaml").write_text(self._values)
        (folder / "templates" / "a.yaml").write_text(self._template(expressions))
        return folder

    def _run_helm(self, chart: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._helm, "template", "rel", chart, "-n", "ns"],
            capture_output=True,
            text=True,
            check=False,
            env=HELM_ENVIRONMENT,
        )

    def _ours(self, expressions: Sequence[str]) -> str:
        files = {
            "Chart.yaml": METADATA.encode(),
            "values.yaml": self._values.encode(),
            "templates/a.yaml": self._template(expressions).encode(),
        }
        engine = Engine(load_chart(files, "e", Limits()), Limits(), AMBIENT)
        try:
            rendering = engine.render({}, Release(name="rel", namespace="ns"), Capabilities())
        except SroError as fault:
            return f"error: {fault}"
        except ExceptionGroup as faults:
            return f"error: {faults.exceptions[0]}"
        return rendering.texts["e/templates/a.yaml"]

    def _our_lines(self, wanted: list[str]) -> list[str]:
        """All at once, or one by one where one of them fails, so that it is known which."""
        lines = self._ours(wanted).split("\n")
        if lines[0].startswith("error: "):
            return [self._line(self._ours([text])) for text in wanted]
        return [self._line(line) for line in lines if line.startswith("e")]

    def _line(self, text: str) -> str:
        return text.strip().partition(": ")[2]


@pytest.fixture
def expressions(helm: Path, tmp_path: Path) -> Expressions:
    """The judge, with a chart without values."""
    return Expressions(helm, tmp_path)
