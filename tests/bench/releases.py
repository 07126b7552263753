"""`sro-render template` beside `helm template`, both as whole processes: a small chart, a large one, and
all public charts in the folders of the variable CHARTS."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cases import find_cases
from measure import Cost, alternate, attempt, run, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both sides of one chart, or of many."""

    name: str
    ours: Cost
    helm: Cost
    output_bytes: int

    @property
    def times_helm(self) -> float:
        """How many times helm's time we take."""
        return self.ours.wall_s / self.helm.wall_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The public charts, each once with its defaults and once with each file of its folder ci.

    both:    over the cases that both render; None if there is none.
    cases:   how many both render.
    charts:  of how many charts these are.
    refused: cases that helm refuses, which do not count.
    failed:  cases that we refuse and helm renders, which do not count either.
    """

    both: Pair | None
    cases: int
    charts: int
    refused: int
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Both programs, and a folder for what they print."""

    helm: str
    sro_render: str
    scratch: Path

    def compare(self, name: str, arguments: Sequence[str], rounds: int) -> Pair:
        """Both with the same arguments, in turns. They must print the same."""
        mine, theirs = self.scratch / f"{name}.ours", self.scratch / f"{name}.helm"
        ours, helm = alternate(
            partial(run, [self.sro_render, *arguments], mine),
            partial(run, [self.helm, *arguments], theirs),
            rounds,
        )
        if mine.read_bytes() != theirs.read_bytes():
            sys.exit(f"bench: {mine} and {theirs} differ")
        return Pair(name=name, ours=ours, helm=helm, output_bytes=mine.stat().st_size)

    def survey(self, folders: Sequence[Path], every: int) -> Survey:
        """Each case once with each program; `every`: only each so-many-th case, from the first."""
        ours: list[Cost] = []
        helm: list[Cost] = []
        charts: set[Path] = set()
        failed: list[str] = []
        refused = output_bytes = 0
        mine, theirs = self.scratch / "case.ours", self.scratch / "case.helm"
        # Without these we refuse what depends on time or chance.
        seed = self.scratch / "seed"
        seed.write_bytes(b"a seed for comparisons of whole processes")
        ambient = ["--now", "2024-01-31T12:00:00Z", "--seed-file", str(seed)]
        for case in list(find_cases(folders))[::every]:
            their_cost, their_code = attempt([self.helm, *case.arguments()], theirs)
            if their_code:
                refused += 1
                continue
            cost, code = attempt([self.sro_render, *case.arguments(), *ambient], mine)
            if code:
                failed.append(str(case))
                continue
            ours.append(cost)
            helm.append(their_cost)
            charts.add(case.chart)
            output_bytes += mine.stat().st_size
        both = Pair(name="public", ours=total(ours), helm=total(helm), output_bytes=output_bytes)
        return Survey(
            both=both if ours else None,
            cases=len(ours),
            charts=len(charts),
            refused=refused,
            failed=tuple(failed),
        )
