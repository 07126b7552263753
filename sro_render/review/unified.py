"""Two texts of one file beside each other, as `diff -u` and `git diff` show them."""

from __future__ import annotations

import difflib


def unified_diff(name: str, before: str, after: str) -> str:
    """What changes, as `diff -u` shows it."""
    # An absolute path has no a/ and b/ before it that patch(1) could strip.
    old, new = (name, name) if name.startswith("/") else (f"a/{name}", f"b/{name}")
    lines = difflib.unified_diff(_lines(before), _lines(after), old, new)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    """Lines end at line feeds alone, as patch(1) counts them."""
    parts = text.split("\n")
    return [f"{line}\n" for line in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
