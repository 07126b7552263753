"""Chart archives (`.tgz`) in memory: read with suspicion, written the same way every time.

Decides which archives are chart archives at all and which entries are taken; what the files mean is
for `chart.py`. Nothing is ever unpacked to disk. The tar headers are walked here and not by
`tarfile`, because that takes a damaged header in the middle for the end of the archive.
Source: helm pkg/chart/loader/archive/archive.go; differs: links, devices, backslashes, `..`, double
entries and several top folders are errors instead of being cleaned up or taken as they come.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from typing import NoReturn

from msgspec import Struct

from sro_render.errors import ArchiveError
from sro_render.gotemplate.numbers import parse_uint
from sro_render.limits import Limits, leave_out

_GZIP_MAGIC = b"\x1f\x8b\x08"
_UTF8_BOM = b"\xef\xbb\xbf"
_BLOCK = tarfile.BLOCKSIZE
_BLOCKS_PER_ENTRY = 8
"""Header, extension headers and padding that one entry may cost beside its content."""
_MTIME = 315_532_800
"""1980-01-01: older times make tar warn, newer ones would depend on the clock."""
_DRIVE = re.compile(r"[A-Za-z]:(?:/|$)")
_WHAT = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
}


class Unpacked(Struct):
    """How much archives held so far; all those inside one chart share it, and with it the limits."""

    entries: int = 0
    files: int = 0
    total: int = 0
    """Bytes, headers included."""
    content: int = 0


def read_archive(data: bytes, name: str, limits: Limits, so_far: Unpacked | None = None) -> dict[str, bytes]:
    """All files of a chart archive.

    Args:    data: the archive. name: how error texts call it. so_far: counts on.
    Returns: path below the archive's top folder -> content without a byte order mark, in the
             archive's order. Always has a `Chart.yaml`.
    Raises:  ArchiveError: `archive-empty`, `archive-not-gzip`, `archive-damaged`, `archive-size`,
             `archive-entry`, `archive-path`, `archive-duplicate`, `archive-top-folder`,
             `archive-no-chart`.
    """
    return _Reader(name, limits, so_far or Unpacked()).read(data)


def check_archive_size(size: int, name: str, limits: Limits) -> None:
    """Refuse an archive by its size alone, before it is read.

    Raises: ArchiveError `archive-size`.
    """
    _Reader(name, limits, Unpacked()).check_size(size)


def write_archive(chart_name: str, files: Mapping[str, bytes]) -> bytes:
    """A chart archive whose bytes depend on its files alone: sorted, without owners, times and names.

    Args: chart_name: the top folder. files: path below the top folder -> content.
    """
    tar_bytes = io.BytesIO()
    with tarfile.open(fileobj=tar_bytes, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"{chart_name}/{path}")
            entry.size = len(content)
            entry.mtime = _MTIME
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as stream:
        stream.write(tar_bytes.getvalue())
    return packed.getvalue()


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in {"", "."}]


def _fault_of_path(name: str) -> str:
    """Why an entry's path is refused; empty if it is fine."""
    parts = _parts(name)
    if name.startswith("/"):
        return "is absolute"
    if "\\" in name:
        return "has a backslash"
    if _DRIVE.match(name) or _DRIVE.match("/".join(parts[1:])):
        return "starts with a drive"
    if ".." in parts:
        return "climbs out of its folder"
    if any(ord(character) < 32 for character in name):
        return "has control characters"
    if any(0xDC80 <= ord(character) <= 0xDCFF for character in name):
        return "is not UTF-8"
    return "" if parts else "is empty"


class _Reader:
    """Reads one archive; holds its name for errors and what has been read so far."""

    def __init__(self, name: str, limits: Limits, so_far: Unpacked) -> None:
        self.name = name
        self.limits = limits
        self.so_far = so_far
        self.max_unpacked = limits.max_chart_bytes + _BLOCKS_PER_ENTRY * _BLOCK * limits.max_chart_files

    def read(self, data: bytes) -> dict[str, bytes]:
        if not data:
            self.fail("archive-empty", "the archive is empty", hint="build it again with `helm package`")
        if not data.startswith(_GZIP_MAGIC):
            self.fail(
                "archive-not-gzip",
                "this is not a gzipped archive",
                hint="a chart archive is a .tgz file, as `helm package` makes it",
            )
        self.check_size(len(data))
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
                files = self.collect(stream)
                while self.take(stream, 65_536):
                    pass  # to the end, so that the checksum is compared
        except (EOFError, OSError, zlib.error) as error:
            self.damaged(f"it cannot be unpacked ({error})")
        if not files:
            self.fail("archive-empty", "the archive has no files", hint="build it again with `helm package`")
        return self.below_top_folder(files)

    def check_size(self, size: int) -> None:
        if size > self.limits.max_archive_bytes:
            self.too_large(f"the archive has {size} bytes", self.limits.max_archive_bytes, "archive-bytes")

    def collect(self, stream: gzip.GzipFile) -> dict[str, bytes]:
        """All regular files by their whole path, cleaned."""
        files: dict[str, bytes] = {}
        for entry in self.walk(stream):
            if entry.isdir():
                self.read_content(stream, entry)
                continue
            if entry.type not in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE}:
                what = _WHAT.get(entry.type, "an entry of a kind that charts do not have")
                self.fail(
                    "archive-entry",
                    f'"{entry.name}" is {what}',
                    entry.name,
                    hint="a chart archive holds only files: put the content in its place",
                )
            path = self.clean_path(entry.name)
            if path in files:
                self.fail(
                    "archive-duplicate",
                    f'"{path}" is in the archive twice',
                    path,
                    hint="which one is meant cannot be known: build it again with `helm package`",
                )
            files[path] = self.read_content(stream, entry).removeprefix(_UTF8_BOM)
        return files

    def walk(self, stream: gzip.GzipFile) -> Iterator[tarfile.TarInfo]:
        """The entries with their final names and sizes; the caller reads each one's content."""
        extension: dict[str, str] = {}
        while True:
            block = self.take(stream, _BLOCK)
            try:
                entry = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except (tarfile.EOFHeaderError, tarfile.EmptyHeaderError):  # type: ignore[attr-defined]
                return  # two empty blocks, or nothing more: Go's reader takes both for the end
            except tarfile.HeaderError:
                self.damaged("it ends in the middle" if len(block) < _BLOCK else "a header is broken")
            self.so_far.entries += 1
            if self.so_far.entries > 2 * self.limits.max_chart_files:
                allowed = 2 * self.limits.max_chart_files
                self.too_large("the archive has too many entries", allowed, "chart-files", "entries")
            if entry.type == tarfile.XGLTYPE:
                self.read_content(stream, entry)
            elif entry.type == tarfile.XHDTYPE:
                extension |= self.parse_pax(self.read_content(stream, entry))
            elif entry.type in {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}:
                text = self.read_content(stream, entry).rstrip(b"\0").decode("utf-8", "surrogateescape")
                extension["path" if entry.type == tarfile.GNUTYPE_LONGNAME else "linkpath"] = text
            else:
                entry.name = extension.get("path", entry.name)
                entry.size = self.size_of(extension, entry)
                extension = {}
                yield entry

    def size_of(self, extension: Mapping[str, str], entry: tarfile.TarInfo) -> int:
        if "size" not in extension:
            return entry.size
        size = parse_uint(extension["size"])
        if size is None:
            self.damaged(f'the size of "{entry.name}" is broken')
        return size

    def parse_pax(self, content: bytes) -> dict[str, str]:
        """The records of an extended header, each `LENGTH KEY=VALUE` and a line break."""
        records = {}
        while content:
            digits = content.partition(b" ")[0]
            length = parse_uint(digits.decode("utf-8", "replace"))
            if length is None or not len(digits) < length <= len(content):
                self.damaged("an extended header is broken")
            record = content[len(digits) + 1 : length - 1].decode("utf-8", "surrogateescape")
            key, _, value = record.partition("=")
            records[key] = value
            content = content[length:]
        return records

    def read_content(self, stream: gzip.GzipFile, entry: tarfile.TarInfo) -> bytes:
        """An entry's content; what follows it up to the next block is skipped."""
        limits = self.limits
        if entry.size < 0:
            self.damaged(f'the size of "{entry.name}" is broken')
        if entry.size > limits.max_chart_file_bytes:
            what = f'"{entry.name}" has {entry.size} bytes'
            self.too_large(what, limits.max_chart_file_bytes, "chart-file-bytes", entry=entry.name)
        self.so_far.content += entry.size
        if self.so_far.content > limits.max_chart_bytes:
            self.too_large("the files are too large together", limits.max_chart_bytes, "chart-bytes")
        content = self.take(stream, entry.size)
        padding = -entry.size % _BLOCK
        if len(content) < entry.size or len(self.take(stream, padding)) < padding:
            self.damaged(f'it ends in the middle of "{entry.name}"')
        return content

    def take(self, stream: gzip.GzipFile, size: int) -> bytes:
        """The next bytes, fewer at the end; stops a bomb before it has grown."""
        content = stream.read(size)
        self.so_far.total += len(content)
        if self.so_far.total > self.max_unpacked:
            self.too_large("the archive unpacks to too much", self.max_unpacked, "chart-bytes")
        return content

    def clean_path(self, name: str) -> str:
        """An entry's path without `.` parts; refuses everything that could lead out of the chart."""
        shown = name.encode("utf-8", "replace").decode()
        if len(name) > self.limits.max_path_characters:
            what = f'the path "{shown[:60]}..." has {len(name)} characters'
            self.too_large(what, self.limits.max_path_characters, "path-characters", "characters")
        fault = _fault_of_path(name)
        if fault:
            self.fail(
                "archive-path",
                f'the path "{shown}" {fault}',
                shown,
                hint="paths in a chart archive are relative, with `/`, below one folder",
            )
        return "/".join(_parts(name))

    def below_top_folder(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        folders = sorted({path.partition("/")[0] for path in files})
        self.so_far.files += len(files)
        count = self.so_far.files
        if count > self.limits.max_chart_files:
            have = "the archive has" if count == len(files) else "the archives of the chart have together"
            self.too_large(f"{have} {count} files", self.limits.max_chart_files, "chart-files", "files")
        loose = next((path for path in files if "/" not in path), None)
        if loose is not None:
            self.fail(
                "archive-top-folder",
                f'"{loose}" stands beside the chart\'s folder',
                loose,
                hint="everything lies below one folder with the chart's name, as `helm package` does it",
            )
        if len(folders) > 1:
            self.fail(
                "archive-top-folder",
                f"the archive has several top folders: {', '.join(folders)}",
                hint="an archive holds one chart, below one folder with its name",
            )
        below = {path.partition("/")[2]: content for path, content in files.items()}
        if "Chart.yaml" not in below:
            self.fail(
                "archive-no-chart",
                f'there is no "{folders[0]}/Chart.yaml"',
                hint="the archive is not a chart, or its top folder was lost: build it with `helm package`",
            )
        return below

    def too_large(
        self, what: str, allowed: int, limit: str, unit: str = "bytes", *, entry: str = ""
    ) -> NoReturn:
        """`limit` is what `--limit` calls it."""
        self.fail(
            "archive-size",
            f"{what}; at most {allowed} {unit} are allowed",
            entry,
            hint=leave_out(limit),
        )

    def damaged(self, why: str) -> NoReturn:
        self.fail(
            "archive-damaged",
            f"the archive is damaged: {why}",
            hint="fetch or build the archive again",
        )

    def fail(self, code: str, message: str, entry: str = "", *, hint: str) -> NoReturn:
        raise ArchiveError(code, message, path=f"{self.name}!{entry}" if entry else self.name, hint=hint)
