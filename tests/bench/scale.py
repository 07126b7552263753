"""How a build grows in nodes, kernels and SpecialResources: `tox -e bench`.

One large fleet (10,000 nodes, 200 kernels, 20 SpecialResources) is built into an empty folder by a
whole process, as a user starts it. Then each of the three is cut to a half and to a quarter while the
others stay: a ratio of 2.0 or less says that time grows no faster than what was doubled. The chart is
that of examples/06-planned-upgrade: a build and a driver for each kernel, and a toolkit for each.

Beside the table it asserts what is promised: the large fleet in under 20 s and 1 GiB.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

CHARTS = Path(__file__).parents[2] / "examples" / "06-planned-upgrade" / "charts"
MAX_S = 20
MAX_MIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is built."""

    nodes: int
    kernels: int
    resources: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a build took, and how many files it wrote."""

    wall_s: float
    peak_mib: float
    files: int


LARGE = Fleet(nodes=10_000, kernels=200, resources=20)


def kernel_of(index: int) -> str:
    return f"5.14.0-{427 + index // 100}.{index % 100}.1.el9_4.x86_64"


def write_inventory(path: Path, fleet: Fleet) -> None:
    """Nodes as `kubectl get nodes -o json` prints them, cut to what rendering reads, and toolkits."""
    nodes = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": f"worker-{index:05}",
                "labels": {
                    "kubernetes.io/arch": "amd64",
                    "kubernetes.io/hostname": f"worker-{index:05}",
                    "node-role.kubernetes.io/worker": "",
                    "feature.node.kubernetes.io/kernel-version.full": kernel_of(index % fleet.kernels),
                },
            },
            "status": {
                "nodeInfo": {
                    "architecture": "amd64",
                    "kernelVersion": kernel_of(index % fleet.kernels),
                    "kubeletVersion": "v1.31.7",
                    "osImage": "Red Hat Enterprise Linux CoreOS 418.94.202505062142-0",
                }
            },
        }
        for index in range(fleet.nodes)
    ]
    toolkits = [
        {"image": f"toolkit.example.com/dtk@sha256:{index:064x}", "kernelFullVersion": kernel_of(index)}
        for index in range(fleet.kernels)
    ]
    inventory = {"apiVersion": "sro.openshift.io/v1alpha1", "kind": "NodeInventory"}
    path.mkdir()
    (path / "nodes.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": nodes}))
    (path / "toolkits.json").write_text(json.dumps({**inventory, "driverToolkits": toolkits}))


def write_specs(path: Path, fleet: Fleet) -> None:
    path.mkdir()
    chart = {"name": "telemetry", "version": "0.9.2", "repository": {"name": "r", "url": "file:///charts"}}
    git = {"ref": "v1", "uri": "https://git.example.com/kmod.git"}
    for index in range(fleet.resources):
        spec = {
            "nodeSelector": {"node-role.kubernetes.io/worker": ""},
            "chart": chart,
            "driverContainer": {"source": {"git": git}},
        }
        document = {
            "apiVersion": "sro.openshift.io/v1beta1",
            "kind": "SpecialResource",
            "metadata": {"name": f"driver-{index:02}"},
            "spec": spec,
        }
        (path / f"{index:02}.yaml").write_text(json.dumps(document))


def measure(fleet: Fleet, folder: Path) -> Cost:
    """Build the fleet into an empty folder, in a process of its own."""
    write_inventory(folder / "inventory", fleet)
    write_specs(folder / "specs", fleet)
    inventories = [
        word for path in sorted((folder / "inventory").iterdir()) for word in ("--inventory", str(path))
    ]
    options = [*inventories, "--charts", str(CHARTS), "--out", str(folder / "out")]
    command = [sys.executable, "-m", "sro_render", "-q", "build", str(folder / "specs"), *options]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"the build of {fleet} failed with {process.returncode}")
    files = sum(1 for path in (folder / "out").rglob("*") if path.is_file())
    return Cost(wall_s=wall_s, peak_mib=usage.ru_maxrss / 1024, files=files)


def best(fleet: Fleet, rounds: int) -> Cost:
    """The fastest of some rounds, with the highest peak."""
    costs = []
    for _ in range(rounds):
        with TemporaryDirectory(prefix="scale-") as name:
            costs.append(measure(fleet, Path(name)))
            # Before the next round, so that its time has no part in it.
            shutil.rmtree(Path(name) / "out")
    return replace(min(costs, key=lambda each: each.wall_s), peak_mib=max(each.peak_mib for each in costs))


def say(*cells: str) -> None:
    sys.stdout.write("".join(cell.rjust(12) for cell in cells) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, help="of which the fastest counts")
    rounds = parser.parse_args(arguments).rounds
    say("nodes", "kernels", "SRs", "files", "s", "MiB", "ratio")
    whole = best(LARGE, rounds)

    def row(fleet: Fleet, cost: Cost, ratio: str) -> None:
        sizes = (f"{fleet.nodes:,}", f"{fleet.kernels:,}", f"{fleet.resources:,}", f"{cost.files:,}")
        say(*sizes, f"{cost.wall_s:.2f}", f"{cost.peak_mib:.0f}", ratio)

    row(LARGE, whole, "")
    for field in ("nodes", "kernels", "resources"):
        larger = whole
        for divisor in (2, 4):
            fleet = replace(LARGE, **{field: getattr(LARGE, field) // divisor})
            cost = best(fleet, rounds)
            row(fleet, cost, f"{larger.wall_s / cost.wall_s:.2f}")
            larger = cost
    if whole.wall_s > MAX_S or whole.peak_mib > MAX_MIB:
        sys.exit(f"the large fleet must take less than {MAX_S} s and {MAX_MIB} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
