"""Cuts rendered text into documents, as Helm does before it reads any of them as YAML.

Decides where a document begins and whether it has content; what it means is decided by `reader`.
Re-implements Helm pkg/release/v1/util/manifest.go `SplitManifests`.
"""

from __future__ import annotations

import re

from msgspec import Struct

# Helm cuts at three dashes that begin a line, whatever follows: `---apiVersion: v1` too.
_SEPARATOR = re.compile(r"^---[ \t]*", re.MULTILINE)
# Go's `unicode.IsSpace`; Python's own idea of white space has four control characters more.
SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
_LEADING_SPACE = re.compile(f"[{SPACE}]*")


class ManifestText(Struct, frozen=True):
    """One document of a rendered text, and the line of that text, from 1, where it begins."""

    text: str
    line: int


def split_manifests(text: str) -> list[ManifestText]:
    """The documents of a rendered text in their order, without those that are only white space.

    Returns: texts without white space at their beginning; documents of comments alone are kept.
    """
    skipped = _skip_space(text, 0)
    # What is left begins a line for Helm, even where white space stood before it.
    line, text = 1 + text.count("\n", 0, skipped), text[skipped:]
    found: list[ManifestText] = []
    start = counted = 0
    for separator in (*_SEPARATOR.finditer(text), None):
        end = separator.start() if separator else len(text)
        begin = _skip_space(text, start)
        if begin < end:
            line += text.count("\n", counted, begin)
            counted = begin
            found.append(ManifestText(text[begin:end], line))
        start = separator.end() if separator else end
    return found


def _skip_space(text: str, start: int) -> int:
    """The offset of the first character from `start` on that is no white space."""
    match = _LEADING_SPACE.match(text, start)
    return match.end() if match else start
