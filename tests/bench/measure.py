"""What whole processes cost, and whether that is what we want to reach.

Linux counts the peak of the process that starts another, as it was then, as the other's too: so the
benchmark must stay smaller than all that it measures, and imports nothing of the project.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20

# Python is as its users have it: with its compiled modules kept, whatever this machine sets. The zone of
# time is one, because helm prints it.
_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
    "TZ": "UTC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one or more processes, run one after the other, took together.

    cpu_s: of all their threads; says more than `wall_s` where others keep the machine busy.
    """

    wall_s: float
    cpu_s: float
    peak_rss_bytes: int

    def best(self, other: Cost | None) -> Cost:
        """The faster times and the higher peak of two rounds."""
        if other is None:
            return self
        return Cost(
            wall_s=min(self.wall_s, other.wall_s),
            cpu_s=min(self.cpu_s, other.cpu_s),
            peak_rss_bytes=max(self.peak_rss_bytes, other.peak_rss_bytes),
        )


def total(costs: Sequence[Cost]) -> Cost:
    """The sum of the times, and the peak of the largest."""
    return Cost(
        wall_s=sum(cost.wall_s for cost in costs),
        cpu_s=sum(cost.cpu_s for cost in costs),
        peak_rss_bytes=max((cost.peak_rss_bytes for cost in costs), default=0),
    )


def attempt(command: Sequence[str], output: Path) -> tuple[Cost, int]:
    """Run a program to its end; returns its exit code too. What it prints goes to `output`, what it
    says beside that to the same name with `.log` behind it."""
    with output.open("wb") as printed, log_of(output).open("wb") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=printed, stderr=said, env=_ENVIRONMENT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    cost = Cost(wall_s=wall_s, cpu_s=usage.ru_utime + usage.ru_stime, peak_rss_bytes=usage.ru_maxrss * 1024)
    return cost, process.returncode


def run(command: Sequence[str], output: Path) -> Cost:
    """Run a program that must succeed; a failure ends the benchmark."""
    cost, code = attempt(command, output)
    if code:
        said = log_of(output).read_text(encoding="utf-8", errors="replace")[-2000:]
        sys.exit(f"bench: exit code {code} of {' '.join(command)}\n{said}")
    return cost


def log_of(output: Path) -> Path:
    return output.with_name(f"{output.name}.log")


def alternate(ours: Callable[[], Cost], other: Callable[[], Cost], rounds: int) -> tuple[Cost, Cost]:
    """Both sides in turns, at least once: of each the fastest round and the highest peak."""
    mine, theirs = ours(), other()
    for _ in range(rounds - 1):
        mine, theirs = ours().best(mine), other().best(theirs)
    return mine, theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure beside what we want to reach.

    figure:   None where it was not measured; `left_out` says why.
    is_least: whether more is better.
    """

    name: str
    figure: float | None
    limit: float
    unit: str
    is_least: bool = False
    left_out: str = ""

    @property
    def is_met(self) -> bool | None:
        """None where nothing was measured."""
        if self.figure is None:
            return None
        return self.figure >= self.limit if self.is_least else self.figure <= self.limit

    def __str__(self) -> str:
        wanted = f"at {'least' if self.is_least else 'most'} {self.limit:g} {self.unit}"
        if self.figure is None:
            return f"{self.name:46}{'-':>14}   {wanted:26}left out: {self.left_out}"
        figure = f"{self.figure:.2f} {self.unit}"
        return f"{self.name:46}{figure:>14}   {wanted:26}{'reached' if self.is_met else 'MISSED'}"
