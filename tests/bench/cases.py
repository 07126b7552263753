"""The charts in folders of public charts, and with which values they are rendered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Case:
    """A chart and a values file of its own, or None for its defaults."""

    chart: Path
    values: Path | None

    def __str__(self) -> str:
        return str(self.chart) + (f" -f {self.values.name}" if self.values else "")

    def arguments(self) -> list[str]:
        """What both programs are given."""
        values = ["-f", str(self.values)] if self.values else []
        return ["template", "rel", str(self.chart), "-n", "ns", "--include-crds", *values]


def find_cases(folders: Sequence[Path]) -> Iterator[Case]:
    """The charts below the folders that lie in no other chart, A-Z, and each file of their folder ci."""
    for folder in folders:
        inside: list[Path] = []
        for chart_file in sorted(folder.rglob("Chart.yaml"), key=lambda path: (len(path.parts), path)):
            chart = chart_file.parent
            if any(chart.is_relative_to(other) for other in inside):
                continue
            inside.append(chart)
        for chart in sorted(inside):
            yield Case(chart, None)
            for values in sorted((chart / "ci").glob("*.yaml")):
                yield Case(chart, values)
