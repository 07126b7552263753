"""How long `check` takes where nothing has changed: `python tests/bench/check.py`.

The first five examples lie in one repository with one `sro.yaml` and their bundles. Promised is half a
second for a whole process, as pre-commit starts it.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import Cost, Target, run

EXAMPLES = Path(__file__).parents[2] / "examples"
ROUNDS = 5
MAX_S = 0.5


def main() -> None:
    program = str(Path(sys.executable).with_name("sro-render"))
    with TemporaryDirectory(prefix="check-") as name:
        folder = Path(name) / "repository"
        (folder / ".git").mkdir(parents=True)
        for example in sorted(EXAMPLES.iterdir())[:5]:
            shutil.copytree(example, folder / example.name)
        os.chdir(folder)
        for command in ("init", "build"):
            run([program, "-q", command], Path(name) / command)
        best: Cost | None = None
        for _ in range(ROUNDS):
            best = run([program, "-q", "check"], Path(name) / "check").best(best)
    assert best is not None
    target = Target(name="check of five examples", figure=best.wall_s, limit=MAX_S, unit="s")
    sys.stdout.write(f"{target}\n")
    if not target.is_met:
        sys.exit("a promise is broken")


if __name__ == "__main__":
    main()
