"""The exit codes of `sro-apply`, as the README lists them."""

from __future__ import annotations

from typing import Final

INCOMPLETE: Final = 1
WRONG_INPUT: Final = 2
OUR_BUG: Final = 3
SERVER_REFUSED: Final = 4
INTERRUPTED: Final = 130
