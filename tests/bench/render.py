"""How long a build takes and how much memory, beside helm: `tox -e bench`.

Three questions, answered with whole processes as a user starts them, imports and writing included:

- rendering: one `sro-render build` for N kernels beside N times `helm template`, one for each
  kernel, on the documentation's chart (examples/01-simple-kmod);
- reading: one `sro-render build` with an inventory of thousands of nodes on three kernels, beside a
  Python process that does nothing but `json.load` the same file;
- looking: one `sro-render inventory show` of an even larger one, beside the same.

Machines are noisy, so the two sides take turns and of each the fastest round counts; peak memory is
the highest of all rounds. Nothing is extrapolated: what was not run is left out. Not a test: it
asserts only that the programs succeed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from textwrap import indent
from typing import Any

import yaml

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-simple-kmod"
MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one or more processes, run one after the other, took together."""

    wall_s: float
    peak_rss_bytes: int

    def best(self, other: Cost | None) -> Cost:
        """The faster time and the higher peak of two rounds."""
        if other is None:
            return self
        return Cost(
            wall_s=min(self.wall_s, other.wall_s),
            peak_rss_bytes=max(self.peak_rss_bytes, other.peak_rss_bytes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One size: ours, and the other side where it was run."""

    size: int
    ours: Cost
    other: Cost | None
    files: int
    """How many files the build wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All figures of one run."""

    rounds: int
    rendering: tuple[Row, ...]
    growth: float | None
    """(time(c) - time(b)) / (time(b) - time(a)) of the three largest sizes a < b < c."""
    linear_growth: float | None
    """The same of the sizes themselves: what `growth` is if each further kernel costs the same."""
    reading: Row
    inventory_bytes: int
    looking: Row
    looked_at_bytes: int


# The inputs


def kernel_name(index: int) -> str:
    return f"4.18.0-{305 + index // 100}.{index % 100}.1.el8_4.x86_64"


def make_node(index: int, kernel: str, *, padding: int) -> dict[str, Any]:
    """A node as `kubectl get nodes -o json` prints it.

    padding: how many CPU features, images and annotations of the machine config it has beside what
    rendering reads; 11 makes about 10 KB.
    """
    features = {f"feature.node.kubernetes.io/cpu-cpuid.AVX512FEATURE{i:02}": "true" for i in range(padding)}
    config = f"rendered-worker-{index:04x}" + "0123456789abcdef" * 2
    annotations = {f"machineconfiguration.openshift.io/state-{i:02}": config for i in range(padding)}
    repository = "quay.io/openshift-release-dev/ocp-v4.0-art-dev"
    images = [
        {
            "names": [
                f"{repository}@sha256:{index:032x}{i:032x}",
                f"{repository}:release-4.10.11-component-{i:02}",
            ],
            "sizeBytes": 300_000_000 + i,
        }
        for i in range(padding)
    ]
    pressures = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"worker-{index:05}.example",
            "uid": f"{index:08x}-0000-4000-8000-000000000000",
            "resourceVersion": str(1_000_000 + index),
            "creationTimestamp": "2022-04-01T00:00:00Z",
            "annotations": annotations,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/os": "linux",
                "kubernetes.io/hostname": f"worker-{index:05}",
                "node-role.kubernetes.io/worker": "",
                "feature.node.kubernetes.io/kernel-version.full": kernel,
                "feature.node.kubernetes.io/system-os_release.ID": "rhcos",
                "feature.node.kubernetes.io/system-os_release.VERSION_ID": "4.10",
                "feature.node.kubernetes.io/system-os_release.RHEL_VERSION": "8.4",
                **features,
            },
        },
        "spec": {"providerID": f"aws:///us-east-1a/i-{index:017x}"},
        "status": {
            "allocatable": {"cpu": "15500m", "memory": "64301644Ki", "pods": "250"},
            "capacity": {"cpu": "16", "memory": "65452620Ki", "pods": "250"},
            "conditions": [
                {
                    "type": name,
                    "status": str(name == "Ready"),
                    "lastHeartbeatTime": "2022-09-01T00:00:00Z",
                    "lastTransitionTime": "2022-04-01T00:00:00Z",
                    "reason": f"KubeletHasNo{name}",
                    "message": f"kubelet says that {name} is {name == 'Ready'}",
                }
                for name in pressures
            ],
            "images": images,
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "00000000-0000-4000-8000-000000000000",
                "containerRuntimeVersion": "cri-o://1.23.2",
                "kernelVersion": kernel,
                "kubeProxyVersion": "v1.23.5",
                "kubeletVersion": "v1.23.5",
                "machineID": f"{index:032x}",
                "operatingSystem": "linux",
                "osImage": "Red Hat Enterprise Linux CoreOS 410.84.202203221702-0 (Ootpa)",
                "systemUUID": f"{index:08x}-0000-4000-8000-000000000000",
            },
        },
    }


def write_nodes(path: Path, nodes: int, kernels: int, *, padding: int = 0) -> Path:
    """A List of nodes, evenly spread over the kernels, in kubectl's layout."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n    "apiVersion": "v1",\n    "items": [')
        for index in range(nodes):  # one by one, see `run` on the peak
            node = make_node(index, kernel_name(index % kernels), padding=padding)
            file.write(("," if index else "") + "\n" + indent(json.dumps(node, indent=4), " " * 8))
        file.write(
            '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n'
        )
    return path


def write_cluster(path: Path, kernels: int) -> Path:
    """A NodeInventory with the cluster's facts and a driver toolkit for each kernel."""
    toolkits = [
        {
            "image": f"quay.io/example/driver-toolkit@sha256:{index:064x}",
            "kernelFullVersion": kernel_name(index).removesuffix(".x86_64"),
            "osVersion": "8.4",
        }
        for index in range(kernels)
    ]
    inventory = {
        "apiVersion": "sro.openshift.io/v1alpha1",
        "kind": "NodeInventory",
        "metadata": {"name": "bench"},
        "cluster": {"version": "4.10.11", "kubernetesVersion": "v1.23.5", "platform": "OCP"},
        "driverToolkits": toolkits,
    }
    path.write_text(json.dumps(inventory, indent=4) + "\n", encoding="utf-8")
    return path


def write_helm_values(path: Path, special_resource: Mapping[str, Any], index: int) -> Path:
    """What helm needs to be told for one kernel, as a JSON file, which is YAML too."""
    groups = {"driverBuild": "driver-build", "driverContainer": "driver-container"}
    values = {
        **special_resource["spec"].get("set", {}),
        "specialresource": special_resource,
        "groupName": groups,
        "kernelFullVersion": kernel_name(index),
        "driverToolkitImage": f"quay.io/example/driver-toolkit@sha256:{index:064x}",
        "operatingSystemDecimal": "8.4",
        "operatingSystemMajor": "rhel8",
        "operatingSystemMajorMinor": "rhel8.4",
        "clusterVersion": "4.10.11",
        "clusterVersionMajorMinor": "4.10",
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


# Measuring


def run(command: Sequence[str], log: Path) -> Cost:
    """Run a program to its end; what it says goes into the log. A failure ends the benchmark.

    Linux counts the peak of this process, as it was when it started the program, as the program's
    too: so this one must stay smaller than all that it measures.
    """
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        sys.exit(f"bench: exit code {process.returncode} of {' '.join(command)}\n{said}")
    return Cost(wall_s=wall_s, peak_rss_bytes=usage.ru_maxrss * 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The programs, the chart, and a scratch folder to work in."""

    helm: str
    program: str
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
        cost = run([self.program, "build", str(self.spec), *inventory, *folders], self.scratch / "build.log")
        return cost, sum(1 for path in out.rglob("*") if path.is_file())

    def helm_template(self, chart: Path, namespace: str, values: Sequence[Path]) -> Cost:
        """One helm process for each values file, one after the other; the peak is that of the largest."""
        command = [self.helm, "template", chart.name, str(chart), "--namespace", namespace, "--include-crds"]
        costs = [run([*command, "--values", str(path)], path.with_suffix(".rendered")) for path in values]
        return Cost(
            wall_s=sum(cost.wall_s for cost in costs),
            peak_rss_bytes=max(cost.peak_rss_bytes for cost in costs),
        )

    def rendering(self, sizes: Sequence[int], most_helm_runs: int, rounds: int) -> Iterator[Row]:
        """A row for each number of kernels."""
        special_resource = yaml.safe_load(self.spec.read_text(encoding="utf-8"))
        spec = special_resource["spec"]
        namespace = spec.get("namespace") or special_resource["metadata"]["name"]
        (chart,) = (path.parent for path in self.charts.glob(f"{spec['chart']['name']}*/Chart.yaml"))
        for size in sizes:
            nodes = write_nodes(self.scratch / "nodes.json", size, size)
            cluster = write_cluster(self.scratch / "cluster.json", size)
            values = [
                write_helm_values(self.scratch / f"values-{index}.json", special_resource, index)
                for index in range(size)
            ]
            helm = partial(self.helm_template, chart, namespace, values)
            yield self.alternate(size, nodes, cluster, helm if size <= most_helm_runs else None, rounds)

    def reading(self, node_count: int, rounds: int) -> Row:
        """The row for a large inventory on three kernels; the other side is json.load."""
        nodes = write_nodes(self.scratch / "nodes.json", node_count, 3, padding=11)
        cluster = write_cluster(self.scratch / "cluster.json", 3)
        load = [sys.executable, "-c", "import json, sys; json.load(open(sys.argv[1], 'rb'))", str(nodes)]
        return self.alternate(
            node_count, nodes, cluster, partial(run, load, self.scratch / "load.log"), rounds
        )

    def looking(self, node_count: int, rounds: int) -> Row:
        """The row for `inventory show`, on 200 kernels; the other side is json.load."""
        nodes = write_nodes(self.scratch / "looked-at.json", node_count, 200, padding=11)
        load = [sys.executable, "-c", "import json, sys; json.load(open(sys.argv[1], 'rb'))", str(nodes)]
        ours = theirs = None
        for _ in range(rounds):
            command = [self.program, "inventory", "show", str(nodes)]
            ours = run(command, self.scratch / "show.log").best(ours)
            theirs = run(load, self.scratch / "load.log").best(theirs)
        assert ours is not None
        return Row(size=node_count, ours=ours, other=theirs, files=0)

    def alternate(
        self, size: int, nodes: Path, cluster: Path, other: Callable[[], Cost] | None, rounds: int
    ) -> Row:
        """Both sides in turns: of each the fastest round and the highest peak."""
        ours: Cost | None = None
        theirs: Cost | None = None
        files = 0
        for _ in range(rounds):
            cost, files = self.build(nodes, cluster)
            ours = cost.best(ours)
            theirs = other().best(theirs) if other else None
        assert ours is not None
        return Row(size=size, ours=ours, other=theirs, files=files)


def growth_of(rows: Sequence[Row]) -> tuple[float | None, float | None]:
    """Measured growth between the three largest sizes, and what it is if cost is linear."""
    if len(rows) < 3:
        return None, None
    a, b, c = sorted(rows, key=lambda row: row.size)[-3:]
    measured = (c.ours.wall_s - b.ours.wall_s) / (b.ours.wall_s - a.ours.wall_s)
    return measured, (c.size - b.size) / (b.size - a.size)


# Printing


def describe(results: Results) -> str:
    """The results as two tables."""
    lines = [
        f"Whole processes, the fastest of {results.rounds} rounds in turns, highest peak of resident memory.",
        "",
        "sro-render build for N kernels, beside N times helm template",
        table_line("kernels", "sro-render", "helm", "helm / ours", "peak", "helm's", "files"),
        *(row_line(row) for row in results.rendering),
    ]
    if results.growth is not None:
        lines.append(
            f"growth between the last three: {results.growth:.2f} (linear: {results.linear_growth:.2f})"
        )
    lines += [
        "",
        f"sro-render build with an inventory of {results.inventory_bytes / 1e6:.1f} MB, beside json.load",
        table_line("nodes", "sro-render", "json.load", "load / ours", "peak", "load's", "files"),
        row_line(results.reading),
        "",
        f"sro-render inventory show of {results.looked_at_bytes / 1e6:.1f} MB, beside json.load",
        table_line("nodes", "sro-render", "json.load", "load / ours", "peak", "load's", "files"),
        row_line(results.looking),
    ]
    return "\n".join(lines) + "\n"


def row_line(row: Row) -> str:
    theirs = ("-", "-", "-")
    if row.other:
        theirs = (
            f"{row.other.wall_s:.3f} s",
            f"{row.other.wall_s / row.ours.wall_s:.2f}",
            f"{row.other.peak_rss_bytes / MIB:.0f} MiB",
        )
    wall, ratio, peak = theirs
    ours = (f"{row.ours.wall_s:.3f} s", f"{row.ours.peak_rss_bytes / MIB:.0f} MiB")
    return table_line(str(row.size), ours[0], wall, ratio, ours[1], peak, str(row.files))


def table_line(*cells: str) -> str:
    return "".join(cell.rjust(12) for cell in cells)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure sro-render beside helm.")
    parser.add_argument(
        "--example", type=Path, default=EXAMPLE, help="folder with specialresource.yaml and charts"
    )
    parser.add_argument("--kernels", type=int, nargs="*", default=[1, 10, 100, 1000], help="sizes to render")
    parser.add_argument("--nodes", type=int, default=5000, help="nodes of the large inventory")
    parser.add_argument("--looked-at", type=int, default=10_000, help="nodes of the inventory that is shown")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest of so many counts")
    parser.add_argument(
        "--most-helm-runs", type=int, default=1000, help="leave helm out beyond so many kernels"
    )
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="how to print the results"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    options = parse_arguments(arguments)
    helm = shutil.which("helm", path=os.environ.get("JUDGES")) or sys.exit(
        "bench: helm is not in JUDGES nor on PATH"
    )
    with TemporaryDirectory(prefix="sro-render-bench-") as name:
        bench = Bench(
            helm=helm,
            program=str(Path(sys.executable).with_name("sro-render")),
            spec=options.example / "specialresource.yaml",
            charts=options.example / "charts",
            scratch=Path(name),
        )
        rendering = tuple(bench.rendering(options.kernels, options.most_helm_runs, options.rounds))
        growth, linear_growth = growth_of(rendering)
        results = Results(
            rounds=options.rounds,
            rendering=rendering,
            growth=growth,
            linear_growth=linear_growth,
            reading=bench.reading(options.nodes, options.rounds),
            inventory_bytes=(bench.scratch / "nodes.json").stat().st_size,
            looking=bench.looking(options.looked_at, options.rounds),
            looked_at_bytes=(bench.scratch / "looked-at.json").stat().st_size,
        )
    sys.stdout.write(
        describe(results) if options.output == "text" else json.dumps(asdict(results), indent=2) + "\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
