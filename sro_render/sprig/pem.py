"""Text armour around bytes: `-----BEGIN …-----` blocks.

Decides what counts as a block, as Go does; what the bytes mean is decided elsewhere.
Source: Go's encoding/pem (RFC 7468, and the headers of RFC 1421).
"""

from __future__ import annotations

import base64
from typing import Final

from msgspec import Struct

from sro_render.sprig.encoding import decode_base64

_BEGIN: Final = b"-----BEGIN "
_END: Final = b"\n-----END "
_DASHES: Final = b"-----"
_LINE: Final = 64


class Block(Struct, frozen=True):
    """What stands behind BEGIN, and the bytes inside."""

    label: str
    data: bytes


def encode(label: str, data: bytes) -> str:
    """A block, with the line break at its end."""
    text = base64.b64encode(data).decode()
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def decode(text: bytes) -> Block | None:
    """The first block of a text that is whole and sound; None where there is none.

    A block ends at the first line of an END, and begins at the last BEGIN before that.
    """
    start = 0
    while (end := text.find(_END, start)) >= 0:
        begin = text.rfind(_BEGIN, start, end)
        if begin >= 0 and (begin == start or text[begin - 1 : begin] == b"\n"):
            block = _read_block(text, begin + len(_BEGIN), end)
            if block is not None:
                return block
        start = end + len(_END)
    return None


def _read_block(text: bytes, start: int, end: int) -> Block | None:
    """The block whose label starts at `start` and whose END line starts with the line break at `end`."""
    first, start = _line(text, start)
    if not first.endswith(_DASHES):
        return None
    label = first.removesuffix(_DASHES)
    has_headers = False
    while start < len(text):
        line, behind = _line(text, start)
        if b":" not in line:
            break
        has_headers, start = True, behind
    last, _ = _line(text, end + len(_END))
    if last != label + _DASHES or (start > end and has_headers):
        return None
    body = text[start:end].replace(b" ", b"").replace(b"\t", b"") if start < end else b""
    data = decode_base64(body)
    return None if data is None else Block(label.decode("utf-8", "surrogateescape"), data)


def _line(text: bytes, start: int) -> tuple[bytes, int]:
    """The line from `start` on without blanks at its end, and where the next one starts."""
    end = text.find(b"\n", start)
    stop = len(text) if end < 0 else end
    line = text[start:stop].removesuffix(b"\r") if end >= 0 else text[start:stop]
    return line.rstrip(b" \t"), len(text) if end < 0 else end + 1
