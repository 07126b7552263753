"""Text on its way to a person's terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Text without control characters: what a server says must not steer a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
