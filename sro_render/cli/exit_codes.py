"""What the exit codes say; 0 is fine. The same for every command, and documented in the README."""

from __future__ import annotations

INCOMPLETE = 1
"""Differences, findings that count as errors, or not everything was done."""
WRONG_INPUT = 2
OUR_BUG = 3
SERVER_REFUSED = 4
INTERRUPTED = 130
