"""How long something has taken, in the fewest letters that people read at a glance."""

from __future__ import annotations

from typing import Final

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_WIDTH: Final = 6
"""Of all but days; what is longer than its column pushes the line to the right."""


def elapsed_text(seconds: float) -> str:
    """`12s`, `2m05s`, `1h02m`."""
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"{whole}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}m{whole % _MINUTE_S:02}s"
    return f"{whole // _HOUR_S}h{whole % _HOUR_S // _MINUTE_S:02}m"


def with_elapsed(text: str, seconds: float) -> str:
    """A text with the time before its first line; the others stay below that."""
    below = "\n" + " " * (_WIDTH + 2)
    return f"{elapsed_text(seconds):>{_WIDTH}}  {text.replace(chr(10), below)}"
