"""What templates see at the top: `.Release`, `.Chart`, `.Files`, `.Capabilities`, `.Subcharts`.

Decides the shape of these objects and what their methods do; `.Values` is put together in
`values.py`, the objects are handed to templates by `engine.py`.
Source: helm pkg/engine/engine.go (`recAllTpls`), pkg/engine/files.go, pkg/chart/common/capabilities.go.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from posixpath import basename
from typing import Any, ClassVar

from msgspec import Struct

from sro_render.charts.api_versions import DEFAULT_API_VERSIONS
from sro_render.charts.patterns import NO_SLASH, Choice, OneOf, Part, literal, matches
from sro_render.charts.patterns import Run as AnyCharacters
from sro_render.errors import ChartError, Finding, nearest
from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.quoting import quote
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import BytesMap, GoObject, NamedMap, StringList, from_bytes, go_method
from sro_render.sprig.versions import parse_kube_version
from sro_render.yamltext import go_json, go_yaml

DEFAULT_KUBE_VERSION = "v1.37.0"
"""What Helm 4.3.1 takes for the cluster's version where nobody says another."""


class Release(Struct, frozen=True, kw_only=True):
    """The release that the templates are rendered for."""

    name: str
    namespace: str
    revision: int = 1
    is_install: bool = True
    is_upgrade: bool = False

    def for_templates(self) -> dict[str, object]:
        """`.Release`, a new map each time."""
        return {
            "Name": self.name,
            "Namespace": self.namespace,
            "IsUpgrade": self.is_upgrade,
            "IsInstall": self.is_install,
            "Revision": self.revision,
            "Service": "Helm",
        }


class Values(NamedMap):
    """`.Values`, of a chart and of those inside it, and `.` itself: a map with methods.

    Source: helm pkg/chart/common/values.go.
    """

    @go_method("AsMap", "() map[string]any")
    def as_map(self) -> dict[str, Any]:
        """The same map, so that what changes it changes `.Values` too; a new one if it is empty."""
        return self or {}

    @go_method("YAML", "() string")
    def yaml(self) -> str:
        """The values as YAML, with the line break at the end that toYaml cuts off."""
        return go_yaml.marshal(self)

    @go_method("Table", "(string) common.Values")
    def table(self, path: str) -> Values:
        """The map at a path such as `a.b`."""
        table: dict[str, Any] = self
        for name in path.split("."):
            table = table.get(name, ())
            if not isinstance(table, dict):
                raise FunctionError(
                    f"{quote(name)} is not a table", hint="a table is a mapping; hasKey tells"
                )
        return table if isinstance(table, Values) else Values(table)

    @go_method("PathValue", "(string) any")
    def path_value(self, path: str) -> object:
        """The value at a path such as `a.b`, which is no map."""
        if not path:
            raise FunctionError("YAML path cannot be empty")
        *tables, key = path.split(".")
        table: object = self
        for name in tables:
            table = table.get(name) if isinstance(table, dict) else None
        if not isinstance(table, dict) or key not in table or isinstance(table[key], dict):
            raise FunctionError(f"{quote(key)} is not a value", hint="dig gives a default where nothing is")
        return table[key]

    @go_method("Encode", "(io.Writer) error")
    def encode(self, writer: object) -> object:
        """Nothing that a template has is a Writer."""
        del writer
        raise FunctionError("templates have no io.Writer", hint="use toYaml")


class JsonObject(GoObject):
    """A Go value that `toYaml` and `toJson` can write."""

    __slots__ = ()

    def as_json(self) -> object:
        """The value that Go's encoding/json makes of it."""
        return go_json.Struct(self.go_fields())


class KubeVersion(JsonObject):
    """`.Capabilities.KubeVersion`."""

    __slots__ = ("major", "minor", "normalized", "version")
    go_type: ClassVar[str] = "common.KubeVersion"

    def __init__(self, version: str) -> None:
        parsed = parse_kube_version(version)
        if parsed is None:
            raise ChartError(
                "kube-version", f'"{version}" is not a version of Kubernetes', hint="write it as v1.31.0"
            )
        self.version = version if version.startswith("v") else f"v{version}"
        self.normalized = f"v{parsed[0]}"
        """Without what vendors put behind the numbers; compared with a chart's `kubeVersion`."""
        self.major, self.minor = map(str, parsed[1][:2])

    def go_fields(self) -> Mapping[str, object]:
        """Exported fields."""
        return {"Version": self.version, "Major": self.major, "Minor": self.minor}

    def go_printed_fields(self) -> Mapping[str, object]:
        """The version without a vendor's suffix is a field that is not exported."""
        first = {"Version": self.version, "normalizedVersion": self.normalized}
        return {**first, **self.go_fields()}

    def go_string_of_pointer(self) -> str:
        """The version without a vendor's suffix."""
        return self.normalized

    @go_method("String", "() string")
    def string(self) -> str:
        """The version without a vendor's suffix."""
        return self.normalized

    @go_method("GitVersion", "() string")
    def git_version(self) -> str:
        """The version as given."""
        return self.version


class VersionSet(JsonObject):
    """`.Capabilities.APIVersions`."""

    __slots__ = ("_known", "versions")
    go_type: ClassVar[str] = "common.VersionSet"

    def __init__(self, versions: Iterable[str]) -> None:
        self.versions = StringList(versions)
        self._known = frozenset(self.versions)

    def go_underlying(self) -> list[Any]:
        """The list of versions."""
        return self.versions

    def as_json(self) -> object:
        """A list of texts."""
        return list(self.versions)

    @go_method("Has", "(string) bool")
    def has(self, version: str) -> bool:
        """Whether the cluster knows `apps/v1`, or `apps/v1/Deployment` if that was given so."""
        return version in self._known


class HelmVersion(JsonObject):
    """`.Capabilities.HelmVersion`: the Helm that is played here."""

    __slots__ = ()
    go_type: ClassVar[str] = "version.BuildInfo"

    def go_fields(self) -> Mapping[str, object]:
        """Exported fields."""
        return {
            "Version": "v4.3.1",
            "GitCommit": "c0d08d0d6d9424d4a14febb5e8a3e51b0dd00dff",
            "GitTreeState": "clean",
            "GoVersion": "go1.27.2",
            "KubeClientVersion": "v1.37",
        }

    def as_json(self) -> object:
        """With the names of Go's field tags."""
        return go_json.Struct(
            {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value for name, value in self.go_fields().items()}
        )


class Capabilities(JsonObject):
    """`.Capabilities`: what the cluster can do."""

    __slots__ = ("api_versions", "helm_version", "kube_version")
    go_type: ClassVar[str] = "*common.Capabilities"

    def __init__(self, kube_version: str = "", api_versions: Iterable[str] = ()) -> None:
        """Capabilities of a cluster.

        Args:   kube_version: such as `v1.31.2`, empty for Helm's own. api_versions: besides Helm's list.
        Raises: ChartError `kube-version`.
        """
        self.kube_version = KubeVersion(kube_version or DEFAULT_KUBE_VERSION)
        self.api_versions = VersionSet(dict.fromkeys([*DEFAULT_API_VERSIONS, *api_versions]))
        self.helm_version = HelmVersion()

    def go_fields(self) -> Mapping[str, object]:
        """Exported fields."""
        return {
            "KubeVersion": self.kube_version,
            "APIVersions": self.api_versions,
            "HelmVersion": self.helm_version,
        }

    @go_method("Copy", "() *common.Capabilities")
    def copy(self) -> Capabilities:
        """The same: nothing changes it."""
        return self


class Files(JsonObject):
    """`.Files`: the chart's files that Helm has no use for itself, by path."""

    __slots__ = ("files",)
    go_type: ClassVar[str] = "engine.files"

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = BytesMap(files)

    def go_underlying(self) -> dict[str, Any]:
        """Path to content."""
        return self.files

    def as_json(self) -> object:
        """Contents in base 64."""
        return {name: base64.b64encode(data).decode() for name, data in self.files.items()}

    def _found(self, run: Run, name: str) -> bytes:
        """A file's content; empty, as in Helm, with a finding, where there is no such file."""
        if name not in self.files:
            near = nearest(name, self.files)
            is_hidden = name.startswith(("templates/", "charts/")) or name in {"Chart.yaml", "values.yaml"}
            reason = (
                "templates do not reach the files that Helm itself uses"
                if is_hidden
                else "add it to the chart; files that .helmignore names are not in it"
            )
            run.report(
                Finding(
                    code="missing-file",
                    message=f'the chart has no file "{name}", so its content is empty',
                    span=run.span,
                    hint=f"did you mean {near}?" if near else reason,
                    notes=run.notes(),
                )
            )
        return self.files.get(name, b"")

    @go_method("Get", "(string) string", wants_run=True)
    def get(self, run: Run, name: str) -> str:
        """A file's content as text."""
        return from_bytes(self._found(run, name))

    @go_method("GetBytes", "(string) []byte", wants_run=True)
    def get_bytes(self, run: Run, name: str) -> bytes:
        """A file's content."""
        return self._found(run, name)

    @go_method("Lines", "(string) []string", wants_run=True)
    def lines(self, run: Run, name: str) -> StringList:
        """A file's lines without their line breaks."""
        text = from_bytes(self._found(run, name))
        return StringList(text.removesuffix("\n").split("\n")) if text else StringList()

    @go_method("Glob", "(string) engine.files")
    def glob(self, pattern: str) -> Files:
        """The files whose paths match a pattern; all of them if it is no pattern."""
        try:
            parts = parse_glob(pattern)
        except ValueError:
            return self
        return Files({name: data for name, data in self.files.items() if matches(parts, name)})

    @go_method("AsConfig", "() string")
    def as_config(self) -> str:
        """The files as the data of a ConfigMap: base name to text, as YAML."""
        return go_yaml.marshal(
            {basename(n): from_bytes(d) for n, d in sorted(self.files.items())}
        ).removesuffix("\n")

    @go_method("AsSecrets", "() string")
    def as_secrets(self) -> str:
        """The files as the data of a Secret: base name to base 64, as YAML."""
        data = {basename(n): base64.b64encode(d).decode() for n, d in sorted(self.files.items())}
        return go_yaml.marshal(data).removesuffix("\n")


_GLOB_TOKEN = re.compile(r"\*\*+|\\.|\[(!?)((?:[^\]\\]|\\.)+)\]|.", re.DOTALL)


def parse_glob(pattern: str) -> tuple[Part, ...]:
    """A pattern of github.com/gobwas/glob with `/` as separator.

    `*` and `?` stop at a slash, `**` does not; `[abc]`, `[!abc]`, `[a-z]`; `{one,other}`, nested too.
    Raises: ValueError: it is no pattern.
    """
    # One list of options for the whole pattern and for each brace that is open; the last one grows.
    open_options: list[list[list[Part]]] = [[[]]]
    for token in _GLOB_TOKEN.finditer(pattern):
        text = token[0]
        options = open_options[-1]
        if text == "{":
            open_options.append([[]])
        elif text == "}" and len(open_options) > 1:
            open_options.pop()
            open_options[-1][-1].append(Choice(tuple(map(tuple, options))))
        elif text == "," and len(open_options) > 1:
            options.append([])
        else:
            options[-1].append(_glob_part(token))
    if len(open_options) > 1:
        raise ValueError(pattern)
    return tuple(open_options[0][0])


def _glob_part(token: re.Match[str]) -> Part:
    text, body = token[0], token[2]
    if body:
        is_range = len(body) == 3 and body[1] == "-"
        plain = re.sub(r"\\(.)", r"\1", body)
        ranges = ((body[0], body[2]),) if is_range else tuple((one, one) for one in plain)
        return OneOf(ranges, is_negated=bool(token[1]))
    if text in {"[", "\\", "}"}:
        raise ValueError(text)
    if text[0] == "*":
        return AnyCharacters(with_slashes=len(text) > 1)
    return NO_SLASH if text == "?" else literal(text[-1])
