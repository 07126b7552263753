"""How long it takes and how much memory, beside helm: `tox -e bench`.

Six questions, answered with whole processes as a user starts them, imports and writing included:

- building: one `sro-render build` for N kernels beside N times `helm template`, one for each kernel, on
  the documentation's chart (examples/01-simple-kmod);
- one process: the same chart rendered for a hundred kernels by one process, without SpecialResource and
  files, beside a hundred times `helm template`;
- reading: one `sro-render build` with an inventory of thousands of nodes on three kernels, beside a
  Python process that does nothing but `json.load` the same file;
- looking: one `sro-render inventory show` of an even larger one, beside the same;
- releases: `sro-render template` beside `helm template`, on that small chart and on a large one;
- public charts: the same, over all charts in the folders of the variable CHARTS, if it is set.

Machines are noisy, so the two sides take turns and of each the fastest round counts; peak memory is
the highest of all rounds. Beyond a hundred kernels, and for public charts, one round is sum enough.
Nothing is extrapolated: what was not run is left out. At the end stands each figure that we want to
reach, with what we want. Not a test: it asserts only that the programs succeed and print the same, for
on a busy machine a time says little.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import yaml
from inputs import write_cluster, write_helm_values, write_nodes
from large_chart import write_large_chart
from measure import MIB, Cost, Target, alternate, run, total
from releases import Pair, Programs, Survey

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-simple-kmod"
ONE_ROUND = 100
"""Beyond so many kernels helm runs in one round only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One size: ours, and the other side where it was run."""

    size: int
    ours: Cost
    other: Cost | None
    files: int
    """How many files the build wrote."""

    @property
    def times_faster(self) -> float | None:
        """How many times our time the other side takes."""
        return self.other.wall_s / self.ours.wall_s if self.other else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All figures of one run. survey: None if there are no folders of public charts."""

    rounds: int
    building: tuple[Row, ...]
    growth: float | None
    """(time(c) - time(b)) / (time(b) - time(a)) of the three largest sizes a < b < c."""
    linear_growth: float | None
    """The same of the sizes themselves: what `growth` is if each further kernel costs the same."""
    one_process: Row
    reading: Row
    inventory_bytes: int
    looking: Row
    looked_at_bytes: int
    small: Pair
    large: Pair
    survey: Survey | None


# Measuring


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The programs, the chart, and a scratch folder to work in."""

    programs: Programs
    spec: Path
    charts: Path
    scratch: Path

    def build(self, nodes: Path, cluster: Path) -> tuple[Cost, int]:
        """One build into a new folder, and how many files it wrote.

        Nothing is removed before the end: ext4 without a journal passes over inodes that were freed
        moments ago, one by one, and what is measured then is the removal of the round before.
        """
        out = Path(mkdtemp(prefix="out-", dir=self.scratch))
        inventory = ["--inventory", str(nodes), "--inventory", str(cluster)]
        folders = ["--charts", str(self.charts), "--out", str(out)]
        command = [self.programs.sro_render, "build", str(self.spec), *inventory, *folders]
        cost = run(command, self.scratch / "build")
        return cost, sum(1 for path in out.rglob("*") if path.is_file())

    def release(self) -> list[str]:
        """The arguments with which both programs render the example; a kernel's values come behind them."""
        special_resource = yaml.safe_load(self.spec.read_text(encoding="utf-8"))
        spec = special_resource["spec"]
        namespace = spec.get("namespace") or special_resource["metadata"]["name"]
        (chart,) = (path.parent for path in self.charts.glob(f"{spec['chart']['name']}*/Chart.yaml"))
        return ["template", chart.name, str(chart), "--namespace", namespace, "--include-crds", "--values"]

    def values(self, size: int) -> list[Path]:
        """A values file for helm for each kernel."""
        special_resource = yaml.safe_load(self.spec.read_text(encoding="utf-8"))
        places = [self.scratch / f"values-{index}.json" for index in range(size)]
        return [write_helm_values(place, special_resource, index) for index, place in enumerate(places)]

    def helm_template(self, values: Sequence[Path]) -> Cost:
        """One helm process for each values file, one after the other; the peak is that of the largest."""
        command = [self.programs.helm, *self.release()]
        return total([run([*command, str(path)], self.scratch / f"rendered-{path.stem}") for path in values])

    def one_process(self, size: int, rounds: int) -> Row:
        """The row for rendering in one process; both sides must print the same."""
        places = self.values(size)
        name, chart, _, namespace, *_ = self.release()[1:]
        script = Path(__file__).with_name("one_process.py")
        mine = self.scratch / "one-process"
        command = [sys.executable, str(script), name, chart, namespace, *map(str, places)]
        ours, theirs = alternate(partial(run, command, mine), partial(self.helm_template, places), rounds)
        printed = [self.scratch / f"rendered-{place.stem}" for place in places]
        if mine.read_bytes() != b"".join(path.read_bytes() for path in printed):
            sys.exit(f"bench: {mine} differs from what helm prints")
        return Row(size=size, ours=ours, other=theirs, files=0)

    def building(self, sizes: Sequence[int], most_helm_runs: int, rounds: int) -> Iterator[Row]:
        """A row for each number of kernels."""
        for size in sizes:
            nodes = write_nodes(self.scratch / "nodes.json", size, size)
            cluster = write_cluster(self.scratch / "cluster.json", size)
            helm = partial(self.helm_template, self.values(size)) if size <= most_helm_runs else None
            yield self.row(size, nodes, cluster, helm, rounds, 1 if size > ONE_ROUND else rounds)

    def reading(self, node_count: int, rounds: int) -> Row:
        """The row for a large inventory on three kernels; the other side is json.load."""
        nodes = write_nodes(self.scratch / "nodes.json", node_count, 3, padding=11)
        cluster = write_cluster(self.scratch / "cluster.json", 3)
        load = [sys.executable, "-c", "import json, sys; json.load(open(sys.argv[1], 'rb'))", str(nodes)]
        return self.row(node_count, nodes, cluster, partial(run, load, self.scratch / "load"), rounds, rounds)

    def looking(self, node_count: int, rounds: int) -> Row:
        """The row for `inventory show`, on 200 kernels; the other side is json.load."""
        nodes = write_nodes(self.scratch / "looked-at.json", node_count, 200, padding=11)
        load = [sys.executable, "-c", "import json, sys; json.load(open(sys.argv[1], 'rb'))", str(nodes)]
        show = [self.programs.sro_render, "inventory", "show", str(nodes)]
        ours: Cost | None = None
        theirs: Cost | None = None
        for _ in range(rounds):
            ours = run(show, self.scratch / "show").best(ours)
            theirs = run(load, self.scratch / "load").best(theirs)
        assert ours is not None
        return Row(size=node_count, ours=ours, other=theirs, files=0)

    def row(
        self,
        size: int,
        nodes: Path,
        cluster: Path,
        other: Callable[[], Cost] | None,
        rounds: int,
        other_rounds: int,
    ) -> Row:
        """Both sides in turns: of each the fastest round and the highest peak."""
        ours: Cost | None = None
        theirs: Cost | None = None
        files = 0
        for index in range(rounds):
            cost, files = self.build(nodes, cluster)
            ours = cost.best(ours)
            if other and index < other_rounds:
                theirs = other().best(theirs)
        assert ours is not None
        return Row(size=size, ours=ours, other=theirs, files=files)


def growth_of(rows: Sequence[Row]) -> tuple[float | None, float | None]:
    """Measured growth between the three largest sizes, and what it is if cost is linear."""
    if len(rows) < 3:
        return None, None
    a, b, c = sorted(rows, key=lambda row: row.size)[-3:]
    measured = (c.ours.wall_s - b.ours.wall_s) / (b.ours.wall_s - a.ours.wall_s)
    return measured, (c.size - b.size) / (b.size - a.size)


# What we want


def targets(results: Results) -> tuple[Target, ...]:
    """Every figure that we want to reach, measured or not."""
    rows = {row.size: row for row in results.building}
    one, thousand = rows.get(1), rows.get(1000)
    not_run = "--kernels"
    times_linear = (
        results.growth / results.linear_growth if results.growth and results.linear_growth else None
    )
    survey = results.survey
    name = "public charts, all together"
    if survey is not None and survey.both is not None:
        name = f"{survey.charts} public charts in {survey.cases} cases"
    return (
        Target(name="build for 1 kernel", figure=_wall(one), limit=0.25, unit="s", left_out=not_run),
        Target(
            name="100 kernels in one process, faster than helms",
            figure=results.one_process.times_faster,
            limit=20,
            unit="times",
            is_least=True,
        ),
        Target(name="build for 1000 kernels", figure=_wall(thousand), limit=1.5, unit="s", left_out=not_run),
        Target(
            name="build for 1000 kernels, peak",
            figure=thousand.ours.peak_rss_bytes / MIB if thousand else None,
            limit=300,
            unit="MiB",
            left_out=not_run,
        ),
        Target(
            name="growth with the kernels, beside linear",
            figure=times_linear,
            limit=1.25,
            unit="times",
            left_out="less than three sizes",
        ),
        Target(name="build with the large inventory", figure=_wall(results.reading), limit=3, unit="s"),
        Target(
            name="build with the large inventory, peak",
            figure=results.reading.ours.peak_rss_bytes / MIB,
            limit=1024,
            unit="MiB",
        ),
        Target(name="inventory show", figure=_wall(results.looking), limit=4, unit="s"),
        Target(name="template, small chart", figure=results.small.ours.wall_s, limit=0.2, unit="s"),
        Target(name="template, large chart", figure=results.large.times_helm, limit=4, unit="x helm"),
        Target(
            name=f"template, {name}",
            figure=survey.both.times_helm if survey and survey.both else None,
            limit=5,
            unit="x helm",
            left_out="CHARTS names no folder of charts that both render",
        ),
    )


def _wall(row: Row | None) -> float | None:
    return row.ours.wall_s if row else None


# Printing


def describe(results: Results) -> str:
    """The results as tables."""
    lines = [
        f"Whole processes, the fastest of {results.rounds} rounds in turns, highest peak of resident memory.",
        "",
        "sro-render build for N kernels, beside N times helm template",
        table_line(
            "kernels", "sro-render", "helm", "helm / ours", "cpu", "helm's", "peak", "helm's", "files"
        ),
        *(row_line(row) for row in results.building),
    ]
    if results.growth is not None:
        lines.append(
            f"growth between the last three: {results.growth:.2f} (linear: {results.linear_growth:.2f})"
        )
    lines += [
        "",
        "one process that renders the chart for N kernels, beside N times helm template",
        table_line(
            "kernels", "sro-render", "helm", "helm / ours", "cpu", "helm's", "peak", "helm's", "files"
        ),
        row_line(results.one_process),
        "",
        f"sro-render build with an inventory of {results.inventory_bytes / 1e6:.1f} MB, beside json.load",
        table_line(
            "nodes", "sro-render", "json.load", "load / ours", "cpu", "load's", "peak", "load's", "files"
        ),
        row_line(results.reading),
        "",
        f"sro-render inventory show of {results.looked_at_bytes / 1e6:.1f} MB, beside json.load",
        table_line("nodes", "sro-render", "json.load", "load / ours", "peak", "load's", "files"),
        row_line(results.looking),
        "",
        "sro-render template, beside helm template",
        table_line(
            "chart", "sro-render", "helm", "ours / helm", "cpu", "helm's", "peak", "helm's", "printed"
        ),
        pair_line(results.small),
        pair_line(results.large),
    ]
    if results.survey:
        if results.survey.both:
            lines.append(pair_line(results.survey.both))
        lines.append(
            f"public: {results.survey.charts} charts in {results.survey.cases} cases that both render; "
            f"helm refuses {results.survey.refused} more"
        )
        lines += [f"we refuse what helm renders: {case}" for case in results.survey.failed]
    lines += ["", "What we want", *(str(target) for target in targets(results))]
    return "\n".join(lines) + "\n"


def row_line(row: Row) -> str:
    ratio = f"{row.times_faster:.2f}" if row.times_faster else "-"
    return table_line(str(row.size), *cost_cells(row.ours, row.other, ratio), str(row.files))


def pair_line(pair: Pair) -> str:
    cells = cost_cells(pair.ours, pair.helm, f"{pair.times_helm:.2f}")
    return table_line(pair.name, *cells, f"{pair.output_bytes / 1e6:.2f} MB")


def cost_cells(ours: Cost, other: Cost | None, ratio: str) -> list[str]:
    """Both times, their ratio, both times of the processors, both peaks."""
    sides = (ours, other)
    walls, cpus, peaks = zip(
        *(
            (f"{each.wall_s:.3f} s", f"{each.cpu_s:.3f} s", f"{each.peak_rss_bytes / MIB:.0f} MiB")
            if each
            else ("-", "-", "-")
            for each in sides
        ),
        strict=True,
    )
    return [*walls, ratio, *cpus, *peaks]


def table_line(*cells: str) -> str:
    return "".join(cell.rjust(12) for cell in cells)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure sro-render beside helm.")
    parser.add_argument(
        "--example", type=Path, default=EXAMPLE, help="folder with specialresource.yaml and charts"
    )
    parser.add_argument(
        "--kernels", type=int, nargs="*", default=[1, 10, 100, 500, 1000], help="sizes to build"
    )
    parser.add_argument("--nodes", type=int, default=5000, help="nodes of the large inventory")
    parser.add_argument("--looked-at", type=int, default=10_000, help="nodes of the inventory that is shown")
    parser.add_argument("--components", type=int, default=250, help="components of the large chart")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest of so many counts")
    parser.add_argument(
        "--most-helm-runs", type=int, default=1000, help="leave helm out beyond so many kernels"
    )
    parser.add_argument(
        "--every", type=int, default=1, help="of the public charts' cases take only each so-many-th"
    )
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="how to print the results"
    )
    return parser.parse_args(arguments)


def measure(options: argparse.Namespace, bench: Bench) -> Results:
    """Everything, one after the other."""
    building = tuple(bench.building(options.kernels, options.most_helm_runs, options.rounds))
    growth, linear_growth = growth_of(building)
    one_process = bench.one_process(ONE_ROUND, options.rounds)
    reading = bench.reading(options.nodes, options.rounds)
    looking = bench.looking(options.looked_at, options.rounds)
    small = [*bench.release(), str(*bench.values(1))]
    large = write_large_chart(bench.scratch / "large", options.components)
    folders = [Path(folder) for folder in os.environ.get("CHARTS", "").split(os.pathsep) if folder]
    # Small processes vary most, and cost least to repeat.
    return Results(
        rounds=options.rounds,
        building=building,
        growth=growth,
        linear_growth=linear_growth,
        one_process=one_process,
        reading=reading,
        inventory_bytes=(bench.scratch / "nodes.json").stat().st_size,
        looking=looking,
        looked_at_bytes=(bench.scratch / "looked-at.json").stat().st_size,
        small=bench.programs.compare("small", small, options.rounds * 5),
        large=bench.programs.compare("large", ["template", "rel", str(large)], options.rounds),
        survey=bench.programs.survey(folders, options.every) if folders else None,
    )


def main(arguments: Sequence[str]) -> None:
    options = parse_arguments(arguments)
    helm = shutil.which("helm", path=os.environ.get("JUDGES")) or sys.exit(
        "bench: helm is not in JUDGES nor on PATH"
    )
    with TemporaryDirectory(prefix="sro-render-bench-") as name:
        scratch = Path(name)
        program = str(Path(sys.executable).with_name("sro-render"))
        bench = Bench(
            programs=Programs(helm=helm, sro_render=program, scratch=scratch),
            spec=options.example / "specialresource.yaml",
            charts=options.example / "charts",
            scratch=scratch,
        )
        results = measure(options, bench)
    sys.stdout.write(
        describe(results)
        if options.output == "text"
        else json.dumps({**asdict(results), "targets": list(map(asdict, targets(results)))}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
