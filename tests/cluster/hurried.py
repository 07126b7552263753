"""The applier's command line with a Lease that runs out soon: what tests run that kill it, or stop it.

As `python -m sro_apply`, after three numbers: the Lease's duration, the renew deadline, and the pause between two
renewals, in seconds.
"""

from __future__ import annotations

import sys

from sro_apply import leading
from sro_apply.cli.main import run
from sro_apply.planning.lease import LeaseTimes

if __name__ == "__main__":
    duration_s, deadline_s, retry_s = map(float, sys.argv[1:4])
    leading.TIMES = LeaseTimes(duration_s=duration_s, renew_deadline_s=deadline_s, retry_s=retry_s)
    sys.exit(run(sys.argv[4:]))
