"""Entry of `sro-render` and `python -m sro_render`: exit codes, and nothing else."""

from __future__ import annotations

import gc
import sys

from sro_render.cli.main import run
from sro_render.cli.talk import open_streams


def main() -> None:
    """Run the command line and exit with its code."""
    # A run is short and makes few cycles: looking for them costs time and frees nothing.
    gc.disable()
    # Templates that include each other nest a few Python calls each; their own limit must come first.
    sys.setrecursionlimit(10_000)
    open_streams()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
