"""Where charts are looked for: ConfigMaps among the inputs, then folders and archives on disk.

Decides which files belong to a chart's folder; what a chart is, is decided in `charts`. No link is
followed out of the folder that the user named.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sro_render.charts.archive import read_archive
from sro_render.charts.chart import Chart, load_chart
from sro_render.charts.configmap import find_chart, read_chart_configmap
from sro_render.charts.ignore import without_ignored
from sro_render.edges.files import similar_file, unreadable
from sro_render.errors import ChartError, InputError, SroError, nearest
from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, object_id, text_of
from sro_render.model.specialresource import ChartReference
from sro_render.yamltext.reader import decode, read_values

_MAX_DEPTH = 4
"""Folders below `--charts` in which charts are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundChart:
    """A chart, and where it was found: a folder or archive, or `cm://NAMESPACE/NAME`."""

    chart: Chart
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A folder with a Chart.yaml, or an archive; of an archive only the file's name is known."""

    path: Path
    name: str = ""
    version: str = ""

    @property
    def is_archive(self) -> bool:
        return not self.name

    def __str__(self) -> str:
        return self.path.name if self.is_archive else f"{self.name} {self.version}"


@dataclass(slots=True)
class ChartStore:
    """Finds charts: in the ConfigMaps among the inputs, then below the `--charts` folder."""

    folder: Path | None
    config_maps: Mapping[str, JsonObject]
    limits: Limits
    _candidates: tuple[_Candidate, ...] | None = field(default=None, init=False)
    _loaded: set[Path] = field(default_factory=set, init=False)

    @classmethod
    def over(cls, folder: str | None, config_maps: Iterable[JsonObject], limits: Limits) -> ChartStore:
        """A store over a folder and the ConfigMaps of specs and inventories.

        Raises: InputError: the folder does not exist.
        """
        if folder is not None and not Path(folder).is_dir():
            is_file = Path(folder).exists()
            raise InputError(
                "no-such-file",
                f"{folder} is a file, not a folder" if is_file else f"there is no folder {folder}",
                path="--charts",
                hint="name the folder in which charts lie, as folders or .tgz"
                if is_file
                else similar_file(Path(folder), is_folder=True),
            )
        named = {}
        for config_map in config_maps:
            identity = object_id(config_map)
            named[f"{identity.namespace}/{identity.name}"] = config_map
        return cls(folder=Path(folder) if folder is not None else None, config_maps=named, limits=limits)

    def find(self, reference: ChartReference) -> FoundChart:
        """The chart that an SR names.

        Raises: ChartError, or a group of them: it is nowhere, or damaged.
        """
        key = _config_map_key(reference)
        if key in self.config_maps:
            return self._in_config_map(reference, key)
        looked = [f"looked for ConfigMap {key}: not among the inputs"] if key else []
        found, versions = self._in_folder(reference)
        if found is not None:
            return found
        looked.append(
            f"looked in {self.folder}: {self._listing()}" if self.folder else "no --charts folder was given"
        )
        if versions:
            raise ChartError(
                "chart-version-not-found",
                f"chart {reference.name} has no version {reference.version}",
                path="spec.chart.version",
                notes=tuple(looked),
                hint=f"versions there: {', '.join(versions)}",
            )
        raise ChartError(
            "chart-not-found",
            f"chart {reference.name} {reference.version} was not found",
            path="spec.chart",
            notes=tuple(looked),
            hint=self._advice(reference, key),
        )

    def not_read(self) -> tuple[Path, ...]:
        """Charts below the folder that nobody looked into: only the name of their file or folder is known."""
        return tuple(each.path for each in self._candidates or () if each.path not in self._loaded)

    def _load(self, path: Path) -> Chart:
        self._loaded.add(path)
        return load_chart_at(path, self.limits)

    def _in_config_map(self, reference: ChartReference, key: str) -> FoundChart:
        origin = f"cm://{key}"
        archives = read_chart_configmap(self.config_maps[key], self.limits)
        version, data = find_chart(archives, reference.name, reference.version, origin)
        name = f"{origin}!{reference.name}-{version}.tgz"
        chart = load_chart(read_archive(data, name, self.limits), name, self.limits)
        return FoundChart(chart=chart, origin=origin)

    def _in_folder(self, reference: ChartReference) -> tuple[FoundChart | None, tuple[str, ...]]:
        """The chart below `--charts`, or the versions of it that are there.

        Raises: ChartError, or a group of them: the chart, or an archive named after it, is damaged.
        """
        versions: list[str] = []
        for candidate in self._below_folder():
            if candidate.is_archive:
                if not candidate.path.name.startswith(f"{reference.name}-"):
                    continue
                chart = self._load(candidate.path)
                if (chart.name, chart.version) == (reference.name, reference.version):
                    return self._found(candidate.path, chart), ()
                if chart.name == reference.name:
                    versions.append(chart.version)
            elif candidate.name == reference.name:
                # Without a version its Chart.yaml is broken: loading it says how.
                if candidate.version in {reference.version, ""}:
                    chart = self._load(candidate.path)
                    if chart.version == reference.version:
                        return self._found(candidate.path, chart), ()
                    versions.append(chart.version)
                else:
                    versions.append(candidate.version)
        return None, tuple(sorted(set(versions)))

    def _found(self, path: Path, chart: Chart) -> FoundChart:
        return FoundChart(chart=chart, origin=path.as_posix())

    def _below_folder(self) -> tuple[_Candidate, ...]:
        if self._candidates is None:
            self._candidates = tuple(self._scan(self.folder, 0)) if self.folder else ()
        return self._candidates

    def _scan(self, folder: Path, depth: int) -> Iterator[_Candidate]:
        """The charts below a folder, A-Z, without looking into charts or through links."""
        chart_file = folder / "Chart.yaml"
        if chart_file.is_file():
            try:
                metadata = read_values(decode(chart_file.read_bytes(), chart_file.as_posix()), self.limits)
            except (SroError, ExceptionGroup):
                # Found by its folder's name, it is loaded and its faults are shown; else it is not ours.
                metadata = {}
            name = text_of(metadata.get("name")) or folder.name
            yield _Candidate(path=folder, name=name, version=text_of(metadata.get("version")))
            return
        try:
            paths = sorted(folder.iterdir())
        except OSError as error:
            raise unreadable(folder, error, ChartError) from error
        for path in paths:
            if path.name.startswith(".") or path.is_symlink():
                continue
            if path.is_dir() and depth < _MAX_DEPTH:
                yield from self._scan(path, depth + 1)
            elif path.suffix == ".tgz" and path.is_file():
                yield _Candidate(path=path)

    def _listing(self) -> str:
        found = sorted({str(candidate) for candidate in self._below_folder()})
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        return (", ".join(found[:10]) + more) or "no chart there"

    def _advice(self, reference: ChartReference, key: str) -> str:
        meant = nearest(reference.name, {each.name for each in self._below_folder() if each.name})
        if meant:
            return f"did you mean chart {meant}?"
        folder = "put the chart, as a folder or .tgz, below the --charts folder"
        if key:
            namespace, _, name = key.partition("/")
            return (
                f"give the ConfigMap with --inventory (oc get cm {name} -n {namespace} -o yaml), or {folder}"
            )
        return folder


def _config_map_key(reference: ChartReference) -> str:
    """`NAMESPACE/NAME` of `cm://NAMESPACE/NAME` and `cm:///NAMESPACE/NAME`; empty for other URLs."""
    if not reference.url.startswith("cm://"):
        return ""
    return "/".join(reference.url.removeprefix("cm://").strip("/").split("/")[:2])


def load_chart_at(path: Path, limits: Limits) -> Chart:
    """The chart in a folder or archive.

    Raises: ChartError, or a group of them: it is no chart, damaged or hostile.
    """
    name = path.as_posix()
    if path.is_dir():
        return load_chart(read_chart_folder(path, limits), name, limits)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(name, error, ChartError) from error
    return load_chart(read_archive(data, name, limits), name, limits)


def read_chart_folder(folder: Path, limits: Limits) -> dict[str, bytes]:
    """The files of a chart's folder by their path in it, with `/`, without those that `.helmignore` names.

    A link in `charts/` to a chart that lies beside this one, as repositories of many charts have them,
    is that chart.

    Raises: ChartError: another link leads out of the folder, or there are too many files or bytes.
    """
    return without_ignored(_read_folder(folder, folder.resolve(), limits, 0), folder.as_posix())


def _read_folder(folder: Path, root: Path, limits: Limits, depth: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    size = 0
    for parent, folders, names in os.walk(root, followlinks=False):
        folders.sort()
        for name in sorted((*names, *(each for each in folders if Path(parent, each).is_symlink()))):
            path = Path(parent, name)
            relative = path.relative_to(root).as_posix()
            if relative == f"charts/{name}" and depth < _MAX_DEPTH and _is_chart_beside(path, root):
                linked = _read_folder(
                    Path(f"{folder.as_posix()}/{relative}"), path.resolve(), limits, depth + 1
                )
                files |= {f"{relative}/{inner}": data for inner, data in linked.items()}
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise ChartError(
                    "chart-link",
                    f"{folder.as_posix()}/{relative} is a link that leads out of the chart",
                    hint="copy the file into the chart",
                )
            if path.is_dir():
                raise ChartError(
                    "chart-link",
                    f"{folder.as_posix()}/{relative} is a link to a folder",
                    hint="copy the folder to the place of the link",
                )
            if not path.is_file():
                continue
            size += path.stat().st_size
            if len(files) >= limits.max_chart_files or size > limits.max_chart_bytes:
                raise ChartError(
                    "chart-too-large",
                    f"{folder.as_posix()} has more than {limits.max_chart_files} files "
                    f"or {limits.max_chart_bytes} bytes",
                    hint="keep what is not part of the chart out of its folder",
                )
            try:
                files[relative] = path.read_bytes()
            except OSError as error:
                raise unreadable(path, error, ChartError) from error
    return files


def _is_chart_beside(path: Path, root: Path) -> bool:
    """Whether a path is a link to the folder of another chart, in the folder around this one."""
    target = path.resolve()
    return (
        path.is_symlink()
        and target.is_relative_to(root.parent)
        and not root.is_relative_to(target)
        and (target / "Chart.yaml").is_file()
    )
