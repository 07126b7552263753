"""Files of the user's, mended: read again, and compared with what was linted, before they are written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sro_render.edges.files import unreadable
from sro_render.errors import OutputError
from sro_render.lint.mending import Edit, edited
from sro_render.source import Source

_BOM = b"\xef\xbb\xbf"


def mended(source: Source, edits: Iterable[Edit]) -> tuple[Path, bytes, str]:
    """The file that a text was read from, what it is to hold, and that as text. Writes nothing.

    Raises: OutputError: the file cannot be read, or is not what was linted.
    """
    # A link stays one: what it leads to is mended.
    path = Path(source.name).resolve()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(source.name, error, OutputError) from error
    mark = _BOM if data.startswith(_BOM) else b""
    # Bytes that are no text are kept as they are.
    if data[len(mark) :].decode("utf-8", "surrogateescape") != source.text:
        raise OutputError(
            "mend-changed",
            f"{source.name} is not mended: it was changed meanwhile, or is not UTF-8",
            hint="run the command again; save the file as UTF-8",
        )
    text = edited(source.text, edits)
    return path, mark + text.encode("utf-8", "surrogateescape"), text
