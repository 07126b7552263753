"""JSON that is JSON wherever it is printed: what steers a terminal, or is half a character, is escaped."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A value, maybe with structs in it; on one line where there is no indent."""
    separators = (",", ": ") if indent else (",", ":")
    # Names of files that are no UTF-8 have halves of characters in them, which msgspec does not write.
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=indent, separators=separators)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(char: str) -> str:
    """A character as it may stand in JSON: by its number in UTF-16 if it is not to be seen."""
    if char.isprintable() or char == "\n":  # one that is data is an escape already
        return char
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
