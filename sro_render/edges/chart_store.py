"""Where charts are looked for: ConfigMaps among the inputs, then folders and archives on disk.

Decides which chart a reference means, and whether it is the one that `charts.lock.yaml` beside it locks;
reading one is for `chart_files`, and what a chart is, is decided in `charts`.

A chart counts as vendored if the lock has its name and version. Then its content must have a locked
digest, and for a spec that names a repository of the network the lock must have it from there. Other
charts in the folder are the user's own, and are taken as they are. A constraint in a spec stands for the
version that the lock chose for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from sro_render.charts.chart import Chart, load_chart
from sro_render.charts.configmap import find_chart, read_chart_configmap
from sro_render.edges.chart_files import load_chart_at
from sro_render.edges.chart_locks import read_charts_lock
from sro_render.edges.files import similar_file, unreadable
from sro_render.errors import ChartError, Faults, InputError, SroError, nearest
from sro_render.limits import Limits
from sro_render.model.chart_lock import ChartsLock, is_remote, repository_of
from sro_render.model.file_names import CHARTS_LOCK_NAME
from sro_render.model.objects import JsonObject, object_id, text_of
from sro_render.model.specialresource import ChartReference
from sro_render.yamltext.reader import decode, read_values

_MAX_DEPTH = 4
"""Folders below `--charts` in which charts are looked for."""


class FoundChart(Struct, frozen=True, kw_only=True):
    """A chart, and where it was found: a folder or archive, or `cm://NAMESPACE/NAME`."""

    chart: Chart
    origin: str


class _Candidate(Struct, frozen=True, kw_only=True):
    """A folder with a Chart.yaml, or an archive; of an archive only the file's name is known."""

    path: Path
    name: str = ""
    version: str = ""

    @property
    def is_archive(self) -> bool:
        return not self.name

    def __str__(self) -> str:
        return self.path.name if self.is_archive else f"{self.name} {self.version}"


class ChartStore(Struct):
    """Finds charts: in the ConfigMaps among the inputs, then below the `--charts` folder."""

    folder: Path | None
    config_maps: Mapping[str, JsonObject]
    limits: Limits
    lock: ChartsLock = field(default_factory=ChartsLock)
    _candidates: tuple[_Candidate, ...] | None = None
    _loaded: set[Path] = set()

    @classmethod
    def over(cls, folder: str | None, config_maps: Iterable[JsonObject], limits: Limits) -> ChartStore:
        """A store over a folder and the ConfigMaps of specs and inventories.

        Raises: InputError, or a group of them: the folder does not exist, or its lock is damaged.
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
        if folder is None:
            return cls(folder=None, config_maps=named, limits=limits)
        lock = read_charts_lock(Path(folder), limits)
        return cls(folder=Path(folder), config_maps=named, limits=limits, lock=lock)

    def find(self, reference: ChartReference) -> FoundChart:
        """The chart that an SR names.

        Raises: ChartError, or a group of them: it is nowhere, or damaged.
        """
        key = _config_map_key(reference)
        if key in self.config_maps:
            return self._in_config_map(reference, key)
        looked = [f"looked for ConfigMap {key}: not among the inputs"] if key else []
        locked = self.lock.find(reference)
        found, versions = self._in_folder(replace(reference, version=locked.version) if locked else reference)
        if found is not None:
            self._check_lock(found, reference)
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
                hint=f"versions there: {', '.join(versions)}{self._or_vendor(reference)}",
            )
        raise ChartError(
            "chart-not-found",
            f"chart {reference.name} {reference.version} was not found",
            path="spec.chart",
            notes=tuple(looked),
            hint=self._advice(reference, key),
        )

    def each(self, faults: Faults) -> Iterator[Chart]:
        """Every chart below the folder that has something to install, in the order of paths.

        Args: faults: gets what is wrong with charts that are damaged.
        """
        for candidate in self._below_folder():
            try:
                chart = self._load(candidate.path)
            except (SroError, ExceptionGroup) as error:
                faults.add(error)
            else:
                if not chart.metadata.is_library:
                    yield chart

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
        # Only archives pay for loading what unpacks them.
        from sro_render.charts.archive import read_archive  # noqa: PLC0415

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

    def _check_lock(self, found: FoundChart, reference: ChartReference) -> None:
        """Raise ChartError if a chart was vendored, and is another one now or from somewhere else."""
        chart = found.chart
        entries = self.lock.of(chart.name, chart.version)
        if not entries:
            return
        if chart.digest not in {entry.digest for entry in entries}:
            raise ChartError(
                "chart-lock-mismatch",
                f"chart {chart.name} {chart.version} is not the one that {CHARTS_LOCK_NAME} locks",
                path=found.origin,
                notes=(*(f"locked: {entry.digest}" for entry in entries), f"found:  {chart.digest}"),
                hint="remove it, and let `sro-render vendor` fetch the locked one; a chart of your own has "
                "another version, or no entry in the lock",
            )
        if is_remote(reference) and self.lock.find(reference) is None:
            known = sorted({f"{entry.repository}, wanted as {entry.wanted}" for entry in entries})
            raise ChartError(
                "chart-lock-repository",
                f"{CHARTS_LOCK_NAME} has chart {chart.name} {chart.version} from somewhere else than "
                f"{repository_of(reference)}",
                path="spec.chart.repository",
                notes=tuple(f"locked: {each}" for each in known),
                hint=f"run `sro-render vendor SPEC --charts {self.folder}`",
            )

    def _or_vendor(self, reference: ChartReference) -> str:
        return f"; or run `sro-render vendor SPEC --charts {self.folder}`" if is_remote(reference) else ""

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
                with chart_file.open("rb") as file:
                    data = file.read(self.limits.max_chart_file_bytes)
                metadata = read_values(decode(data, chart_file.as_posix()), self.limits)
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
        if is_remote(reference):
            return f"run `sro-render vendor SPEC --charts {self.folder or 'DIR'}`: it fetches the chart"
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
