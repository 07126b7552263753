"""Entry of `sro-apply` and `python -m sro_apply`: exit codes, and who ends it."""

from __future__ import annotations

import gc
import signal
import sys

from sro_apply.cli.main import run
from sro_apply.cli.talk import open_streams

_MANY = 100_000
"""New containers between two looks for cycles. Python looks after 2,000, or less."""


def main() -> None:
    """Run the command line and exit with its code.

    Who asks it to end, as CI does, is answered as Ctrl-C is: the Lease is let go of, and nobody waits for it.
    """
    # Objects of a bundle come by the thousand and stay: to look for cycles among them so often costs time.
    gc.set_threshold(_MANY)
    open_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = run(sys.argv[1:])
    # Requests that are under way are waited for. Who does not want that, and says so, wants no traceback.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    gc.freeze()  # what ends with the process need not be looked through once more
    sys.exit(code)


if __name__ == "__main__":
    main()
