"""How long a diff of two large bundles takes: `python tests/bench/diff.py`.

A fleet of 250 kernels and 20 SpecialResources is built into a bundle of some 10,000 objects. Its copy has
another digest in every object, as after any change of a chart, and beside that

- in `one value` another Git reference in each build: half of all objects;
- in `every object` a label more in each object: nothing can be left unread.

Each diff runs as a whole process, as a user starts it, and its report must show the change once for each
SpecialResource. Promised are 4 s and 600 MiB, for each.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import scale
from measure import Cost, Target, attempt, log_of, run

FLEET = scale.Fleet(nodes=1_000, kernels=250, resources=20)
MAX_S = 4
MAX_MIB = 600
Mend = Callable[[str], str]


def with_digest(text: str) -> str:
    """The object as a build from other inputs writes it."""
    other = hashlib.sha256(text.encode()).hexdigest()
    lines = text.split("\n")
    return "\n".join(
        f"    sro.openshift.io/digest: sha256:{other}" if "sro.openshift.io/digest:" in line else line
        for line in lines
    )


CASES: dict[str, Mend] = {
    "one value": lambda text: with_digest(text).replace("\n      ref: v1\n", "\n      ref: v2\n"),
    "every object": lambda text: with_digest(text).replace("\n  labels:\n", "\n  labels:\n    a: b\n", 1),
}


def build(folder: Path) -> Path:
    """The bundle of the fleet."""
    scale.write_inventory(folder / "inventory", FLEET)
    scale.write_specs(folder / "specs", FLEET)
    inventories = [
        word for path in sorted((folder / "inventory").iterdir()) for word in ("--inventory", str(path))
    ]
    options = [*inventories, "--charts", str(scale.CHARTS), "--out", str(folder / "out")]
    run(
        [sys.executable, "-m", "sro_render", "-q", "build", str(folder / "specs"), *options], folder / "built"
    )
    return folder / "out" / "cluster"


def copy(bundle: Path, to: Path, mend: Mend) -> int:
    """The bundle with other objects; returns how many there are."""
    objects = 0
    for path in sorted(bundle.rglob("*.yaml")):
        text = path.read_text("utf-8")
        if path.name not in {"kustomization.yaml", "sro.lock.yaml"}:
            text = mend(text)
            objects += 1
        target = to / path.relative_to(bundle)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return objects


def measure(before: Path, after: Path, output: Path) -> Cost:
    """One diff, which must find something."""
    cost, code = attempt([sys.executable, "-m", "sro_render", "diff", str(before), str(after)], output)
    if code != 1:
        sys.exit(f"bench: exit code {code} of the diff\n{log_of(output).read_text('utf-8')}")
    return cost


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest counts")
    rounds = parser.parse_args(arguments).rounds
    is_fine = True
    with TemporaryDirectory(prefix="diff-") as name:
        folder = Path(name)
        bundle = build(folder)
        for case, mend in CASES.items():
            after = folder / case.replace(" ", "-")
            objects = copy(bundle, after, mend)
            best: Cost | None = None
            for _ in range(rounds):
                best = measure(bundle, after, folder / "report").best(best)
            assert best is not None
            for target in (
                Target(name=f"{case}, {objects:,} objects", figure=best.wall_s, limit=MAX_S, unit="s"),
                Target(name=f"{case}, CPU", figure=best.cpu_s, limit=MAX_S, unit="s"),
                Target(name=f"{case}, memory", figure=best.peak_rss_bytes / 2**20, limit=MAX_MIB, unit="MiB"),
            ):
                sys.stdout.write(f"{target}\n")
                is_fine &= target.is_met is not False
    if not is_fine:
        sys.exit("a promise is broken")


if __name__ == "__main__":
    main(sys.argv[1:])
