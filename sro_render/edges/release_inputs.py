"""What `template` reads and writes: a chart by its path, values files, a folder of output."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from sro_render.charts.chart import Chart
from sro_render.charts.set_values import SetOption, apply_options
from sro_render.charts.values import merge_files
from sro_render.edges.chart_files import load_chart_at
from sro_render.edges.files import read_source, similar_file, unreadable, write_file
from sro_render.errors import ChartError, Faults, InputError, OutputError, SroError
from sro_render.gotemplate.values import from_bytes, to_bytes
from sro_render.limits import Limits
from sro_render.source import Source, Span
from sro_render.yamltext.reader import locate, read_values


class GivenValues(Struct, frozen=True):
    """The user's values, and the files that they come from, the last one on top."""

    values: dict[str, Any]
    sources: tuple[Source, ...]

    def place(self, path: Sequence[str | int]) -> Span | None:
        """Where the value at a key path stands in the files; None if it stands in none."""
        found = (locate(source, path, value=True) for source in reversed(self.sources))
        return next((span for span in found if span is not None), None)


def load_chart_named(name: str, limits: Limits) -> Chart:
    """The chart in a folder or archive.

    Raises: ChartError, or a group of them: there is none, or it is damaged or hostile.
    """
    path = Path(name)
    if not path.exists():
        is_remote = "://" in name
        raise ChartError(
            "chart-not-found",
            f"there is no folder or archive {name}",
            hint="charts of repositories are brought into a folder by sro-render vendor"
            if is_remote
            else similar_file(path),
        )
    return load_chart_at(path, limits)


def read_given_values(names: Iterable[str], sets: Iterable[SetOption], limits: Limits) -> GivenValues:
    """The user's values: files over each other, the last one on top, and single values over them.

    Args:   names: of files; `-` is standard input.
    Raises: InputError, or a group of them: everything that is wrong in any of the files.
    """
    sources: list[Source] = []
    faults = Faults()
    values: dict[str, Any] = {}
    for name in names:
        path = Path(name)
        try:
            if name != "-" and not path.is_file():
                raise InputError("no-such-file", f"there is no file {name}", hint=similar_file(path))
            source = read_source(path)
            values = merge_files(values, read_values(source, limits))
            sources.append(source)
        except (SroError, ExceptionGroup) as error:
            faults.add(error)
    faults.raise_if_any()
    return GivenValues(apply_options(values, sets, limits, _read_text), tuple(sources))


def _read_text(name: str) -> str:
    """The content of a file that `--set-file` names, whatever it is."""
    try:
        return from_bytes(sys.stdin.buffer.read() if name.strip() == "-" else Path(name).read_bytes())
    except FileNotFoundError as error:
        raise InputError(
            "unreadable-file", f"{name} cannot be read: {error.strerror}", hint=similar_file(Path(name))
        ) from error
    except OSError as error:
        raise unreadable(name, error, InputError) from error


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write each file as a whole below a folder, which is made where it does not exist.

    Raises: OutputError: the system refuses.
    """
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError("output-failed", f"{path.parent} cannot be made: {error.strerror}") from error
        write_file(path, to_bytes(text))
