"""A chart on disk: a folder or an archive, read as a whole and within bounds.

Decides which files belong to a chart's folder; what a chart is, is decided in `charts`. No link is
followed out of the folder that the user named, but into charts beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from sro_render.charts.chart import Chart, load_chart
from sro_render.charts.ignore import without_ignored
from sro_render.edges.files import unreadable
from sro_render.errors import ChartError
from sro_render.limits import Limits, leave_out

_MAX_LINKS = 4
"""Links to folders behind each other."""


def load_chart_at(path: Path, limits: Limits) -> Chart:
    """The chart in a folder or archive.

    Raises: ChartError, or a group of them: it is no chart, damaged or hostile.
    """
    name = path.as_posix()
    if path.is_dir():
        return load_chart(read_chart_folder(path, limits), name, limits)
    # Only archives pay for loading what unpacks them.
    from sro_render.charts.archive import check_archive_size, read_archive  # noqa: PLC0415

    try:
        check_archive_size(path.stat().st_size, name, limits)
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(name, error, ChartError) from error
    return load_chart(read_archive(data, name, limits), name, limits)


def read_chart_folder(folder: Path, limits: Limits) -> dict[str, bytes]:
    """The files of a chart's folder by their path in it, with `/`, without those that `.helmignore` names.

    Links are followed inside the chart, and into other charts of the same Git repository (without one,
    of the folder around the chart), as repositories of many charts have them.

    Raises: ChartError: a link leads elsewhere or to nothing, a file is none or too large, or there are
            too many files or bytes.
    """
    reader = _FolderReader(folder, limits)
    reader.read(reader.root, "", 0)
    files = without_ignored(reader.files, folder.as_posix())
    for name, fault in reader.refused.items():
        if name in files:
            raise fault
    return files


class _FolderReader:
    """Reads a folder with all below it, within bounds."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.root = folder.resolve()
        self.limits = limits
        self.files: dict[str, bytes] = {}
        self.refused: dict[str, ChartError] = {}
        """Files that no chart may have, but beside it; they stand in `files` without content."""
        self.size = 0

    def read(self, place: Path, prefix: str, links: int) -> None:
        """Read a folder; `prefix` is its path in the chart, `links` how many of its parents are links."""
        for path in sorted(place.iterdir()):
            name = f"{prefix}{path.name}"
            is_link = path.is_symlink()
            self.check_length(name)
            if is_link:
                self.check_link(path, name, links)
            if path.is_dir():
                self.read(path, f"{name}/", links + is_link)
            elif path.is_file():
                self.add(path, name)
            else:
                self.refuse(name, "is no file", "remove it")

    def check_length(self, name: str) -> None:
        """Long paths are deep ones, too: they end here, and not where there is no room for more."""
        allowed = self.limits.max_path_characters
        if len(name) > allowed:
            what = f"the path {name[:60]}... in {self.folder.as_posix()} has {len(name)} characters"
            self.fail_size(what, f"{allowed} characters", "path-characters")

    def check_link(self, path: Path, name: str, links: int) -> None:
        target = path.resolve()
        if not target.exists():
            self.fail_link(name, "leads to nothing", "remove it, or give it the path of a file")
        if not target.is_relative_to(self.root) and not self.is_in_chart_beside(target):
            self.fail_link(name, "leads out of the chart", "copy the file into the chart")
        if links >= _MAX_LINKS:
            self.fail_link(name, f"lies behind {_MAX_LINKS} others", "look for a link to a folder around it")

    def is_in_chart_beside(self, target: Path) -> bool:
        """Whether a path lies in another chart of the same repository, or of the folder around this one."""
        around = next((each for each in self.root.parents if (each / ".git").exists()), self.root.parent)
        if not target.is_relative_to(around) or self.root.is_relative_to(target):
            return False
        inside = (target, *target.parents)
        return any((each / "Chart.yaml").is_file() for each in inside[: inside.index(around)])

    def fail_link(self, name: str, what: str, hint: str) -> NoReturn:
        raise ChartError("chart-link", f"{self.folder.as_posix()}/{name} is a link that {what}", hint=hint)

    def check_size(self) -> None:
        where, limits = self.folder.as_posix(), self.limits
        if len(self.files) >= limits.max_chart_files:
            self.fail_size(f"{where} has too many files", f"{limits.max_chart_files} files", "chart-files")
        if self.size > limits.max_chart_bytes:
            what = f"the files in {where} are too large together"
            self.fail_size(what, f"{limits.max_chart_bytes} bytes", "chart-bytes")

    def fail_size(self, what: str, allowed: str, limit: str) -> NoReturn:
        raise ChartError("chart-too-large", f"{what}; at most {allowed} are allowed", hint=leave_out(limit))

    def refuse(self, name: str, what: str, hint: str) -> None:
        """A file that is an error unless `.helmignore` names it."""
        self.files[name] = b""
        self.refused[name] = ChartError(
            "chart-file", f"{self.folder.as_posix()}/{name} {what}", hint=f"{hint}; or name it in .helmignore"
        )

    def add(self, path: Path, name: str) -> None:
        allowed = self.limits.max_chart_file_bytes
        try:
            size = path.stat().st_size
            if size > allowed:
                what = f"has {size} bytes; at most {allowed} bytes are allowed"
                self.refuse(name, what, "allow more: --limit chart-file-bytes=NUMBER")
                return
            self.size += size
            self.check_size()
            self.files[name] = path.read_bytes()
        except OSError as error:
            raise unreadable(path, error, ChartError) from error
