"""A chart in memory, and how it is loaded from files.

Decides which file is what (template, CRD, default values, sub-chart, other), what makes a chart
invalid, and the digest of its content. Reads no disk and renders nothing; values are merged in
`values.py`, sub-charts chosen in `dependencies.py`.
Source: helm pkg/chart/v2/loader/load.go and pkg/chart/v2/chart.go; differs: sub-charts come in the
order of their file names, where Helm's order is random.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from posixpath import splitext
from typing import TYPE_CHECKING, Any, NoReturn

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from sro_render.charts.metadata import Locate, Metadata, parse_metadata
from sro_render.errors import ChartError
from sro_render.gotemplate.values import from_bytes
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext.reader import locate, read_metadata, read_values

if TYPE_CHECKING:
    from sro_render.charts.archive import Unpacked

_BOM = b"\xef\xbb\xbf"
_MANIFEST_ENDINGS = frozenset({".yaml", ".yml", ".json"})
_MAX_NESTING = 16
"""Charts inside charts; a chain that is longer is an attack, not a chart."""


class ChartFile(Struct, frozen=True, kw_only=True):
    """One file of a chart.

    name:        path in the chart, such as `templates/a.yaml`.
    source_name: as the user knows it: `charts/x/templates/a.yaml`, `x-1.0.tgz!x/templates/a.yaml`.
    """

    name: str
    data: bytes
    source_name: str

    def source(self) -> Source:
        """The text, for positions in it."""
        return Source(self.source_name, from_bytes(self.data))


class Chart(Struct, frozen=True, kw_only=True):
    """A chart with its sub-charts. Whoever holds one changes nothing in it, `values` included.

    templates: everything below `templates/`, partials and NOTES.txt too.
    files:     what `.Files` reaches: everything that is none of the files that Helm knows.
    crds:      the manifests below `crds/`, with those of the sub-charts behind them; their names
               start with the chart's, as Helm prints them.
    values:    the chart's own `values.yaml`.
    digest:    `sha256:` and 64 hex digits over what Helm makes of the files, so that a folder and
               the archive that `helm package` makes of it have the same.
    origin:    where it comes from, such as `charts/x`, `charts/x-1.0.tgz`, `cm://ns/name!x-1.0.tgz`.
    """

    metadata: Metadata
    templates: tuple[ChartFile, ...]
    files: tuple[ChartFile, ...]
    values: Mapping[str, Any]
    schema: ChartFile | None
    dependencies: tuple[Chart, ...]
    digest: str
    origin: str
    values_file: ChartFile | None = None
    """The `values.yaml` that `values` were read from, for places in it."""

    @property
    def name(self) -> str:
        """The chart's name, or the alias under which its parent uses it."""
        return self.metadata.name

    @property
    def version(self) -> str:
        """The chart's version as written."""
        return self.metadata.version

    @property
    def app_version(self) -> str:
        """The version of what the chart installs."""
        return self.metadata.app_version

    @property
    def crds(self) -> tuple[ChartFile, ...]:
        """See the class."""
        return tuple(_crds(self, self.name))


def _crds(chart: Chart, full_path: str) -> Iterable[ChartFile]:
    for file in chart.files:
        if file.name.startswith("crds/") and splitext(file.name)[1].lower() in _MANIFEST_ENDINGS:
            yield replace(file, name=f"{full_path}/{file.name}")
    for dependency in chart.dependencies:
        yield from _crds(dependency, f"{full_path}/charts/{dependency.name}")


def load_chart(files: Mapping[str, bytes], origin: str, limits: Limits) -> Chart:
    """The chart that a folder or an archive holds.

    Args:    files: path below the chart's folder -> content; of a folder after `without_ignored`.
             origin: see `Chart`; one that ends in `.tgz` or `.tar.gz` is taken for an archive.
    Raises:  ChartError: `chart-missing-file`, `chart-metadata`, `chart-nesting`, `chart-size`;
             ArchiveError: a sub-chart's archive; YamlError: a YAML file of the chart.
    """
    return _Loader(limits).load(files, origin, 0)


class _Loader:
    """Loads one chart with all inside it; the archives in it share the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.unpacked: Unpacked | None = None

    def load(self, files: Mapping[str, bytes], origin: str, depth: int) -> Chart:
        if depth > _MAX_NESTING:
            raise ChartError(
                "chart-nesting",
                f"charts lie more than {_MAX_NESTING} levels deep inside each other",
                path=origin,
                hint="look for a chart that contains itself",
            )
        files = {name: files[name].removeprefix(_BOM) for name in sorted(files)}
        metadata = self.read_metadata(files, origin)
        prefix = f"{origin}!{metadata.name}/" if _is_archive(origin) else f"{origin}/"
        parts = _sort_files(files, prefix, is_v1=metadata.api_version == "v1")
        values = parts.values
        chart = Chart(
            metadata=metadata,
            templates=tuple(parts.templates),
            files=tuple(parts.files),
            values=read_values(values.source(), self.limits) if values else {},
            schema=parts.schema,
            dependencies=tuple(self.load_dependencies(parts.subcharts, f"{prefix}charts/", depth)),
            digest="",
            origin=origin,
            values_file=values,
        )
        return replace(chart, digest=_digest(chart, values.data if values else b""))

    def read_metadata(self, files: Mapping[str, bytes], origin: str) -> Metadata:
        if "Chart.yaml" not in files:
            self.fail_without_chart_yaml(files, origin)
        source = _source("Chart.yaml", files, origin)
        document = self.read_mapping(source)
        if "requirements.yaml" in files:
            # Charts of version v1; what Helm reads there goes over Chart.yaml, whatever the key.
            document = {**document, **self.read_mapping(_source("requirements.yaml", files, origin))}
        return parse_metadata(document, _locator(source))

    def read_mapping(self, source: Source) -> dict[str, Any]:
        document = read_metadata(source, self.limits)
        if document is None:
            return {}
        if not isinstance(document, dict):
            raise ChartError(
                "chart-metadata",
                "the file must hold a mapping",
                span=source.span(0),
                hint="start with `name: ...`",
            )
        return document

    def fail_without_chart_yaml(self, files: Mapping[str, bytes], origin: str) -> NoReturn:
        miswritten = next((name for name in files if name.lower() in {"chart.yaml", "chart.yml"}), None)
        raise ChartError(
            "chart-missing-file",
            "there is no Chart.yaml",
            path=origin,
            hint=f'rename "{miswritten}": the name is exactly Chart.yaml'
            if miswritten
            else "a chart's folder has a Chart.yaml and a folder templates",
        )

    def load_dependencies(
        self, subcharts: Mapping[str, Mapping[str, bytes]], prefix: str, depth: int
    ) -> Iterable[Chart]:
        for name, files in subcharts.items():
            origin = f"{prefix}{name}"
            if splitext(name)[1] == ".tgz":
                if list(files) != [""]:
                    raise ChartError(
                        "chart-missing-file",
                        f'"{name}" is a folder, though it is called like an archive',
                        path=origin,
                        hint="rename it, without .tgz",
                    )
                from sro_render.charts.archive import Unpacked, read_archive  # noqa: PLC0415  # few hold one

                self.unpacked = self.unpacked or Unpacked()
                inside = read_archive(files[""], origin, self.limits, self.unpacked)
                yield self.load(inside, origin, depth + 1)
            else:
                below = {path: data for path, data in files.items() if path}
                yield self.load(below, origin, depth + 1)


class _Parts(Struct):
    """The files of a chart by their part in it."""

    templates: list[ChartFile]
    files: list[ChartFile]
    subcharts: dict[str, dict[str, bytes]]
    values: ChartFile | None = None
    schema: ChartFile | None = None


def _sort_files(files: Mapping[str, bytes], prefix: str, *, is_v1: bool) -> _Parts:
    parts = _Parts([], [], {})
    for name, data in files.items():
        file = ChartFile(name=name, data=data, source_name=f"{prefix}{name}")
        if name in {"Chart.yaml", "Chart.lock"}:
            continue
        if name == "values.yaml":
            parts.values = file
        elif name == "values.schema.json":
            parts.schema = file
        elif name in {"requirements.yaml", "requirements.lock"}:
            parts.files += [file] if is_v1 else []
        elif name.startswith("templates/"):
            parts.templates.append(file)
        elif name.startswith("charts/") and not name.endswith(".prov"):
            folder, _, path = name.removeprefix("charts/").partition("/")
            if not folder.startswith(("_", ".")):
                parts.subcharts.setdefault(folder, {})[path] = data
        else:
            parts.files.append(file)
    return parts


def _is_archive(origin: str) -> bool:
    return origin.endswith((".tgz", ".tar.gz"))


def _source(name: str, files: Mapping[str, bytes], origin: str) -> Source:
    return Source(f"{origin}!{name}" if _is_archive(origin) else f"{origin}/{name}", from_bytes(files[name]))


def _locator(source: Source) -> Locate:
    return lambda path: locate(source, path)


def _digest(chart: Chart, values: bytes) -> str:
    """Over what Helm makes of the files: `helm package` writes Chart.yaml anew and unpacks sub-charts."""
    metadata = to_builtins(chart.metadata)
    metadata["annotations"] = metadata["annotations"] or {}  # `helm package` leaves empty ones out
    if chart.metadata.api_version == "v1":
        metadata["dependencies"] = None  # they stand in requirements.yaml, which is among the files
    content = [("Chart.yaml", json.dumps(metadata, sort_keys=True, default=str).encode())]
    content.append(("values.yaml", values))
    content += [(file.name, file.data) for file in (*chart.templates, *chart.files)]
    if chart.schema:
        content.append((chart.schema.name, chart.schema.data))
    content += [(f"charts/{inner.name}", inner.digest.encode()) for inner in chart.dependencies]
    total = hashlib.sha256()
    for name, data in sorted(content):
        # Lengths keep the end of a name and the start of a content apart.
        total.update(f"{len(name.encode('utf-8', 'surrogateescape'))} {len(data)} ".encode())
        total.update(name.encode("utf-8", "surrogateescape"))
        total.update(data)
    return f"sha256:{total.hexdigest()}"
