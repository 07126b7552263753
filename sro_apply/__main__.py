"""Entry of `sro-apply` and `python -m sro_apply`: exit codes, and who ends it."""

from __future__ import annotations

import signal
import sys

from sro_apply.cli.main import run
from sro_apply.cli.talk import open_streams


def main() -> None:
    """Run the command line and exit with its code.

    Who asks it to end, as CI does, is answered as Ctrl-C is: the Lease is let go of, and nobody waits for it.
    """
    open_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
