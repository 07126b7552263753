"""`Chart.yaml` as data: what Helm takes from it, what it refuses, and how templates see it.

Decides the types of the fields, Helm's validation, and the names under `.Chart`. Does not read YAML
and knows no files.
Source: helm pkg/chart/v2/metadata.go and dependency.go; sigs.k8s.io/yaml for numbers and booleans
where a text is wanted.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from msgspec import Struct

from sro_render.errors import ChartError
from sro_render.gotemplate.values import NilStringMap, StringMap
from sro_render.source import Span
from sro_render.sprig.versions import parse_version

_ALIAS = re.compile(r"[a-zA-Z0-9_-]+")
_GO_SPACES = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {
    chr(code) for code in range(0x2000, 0x200B)
}
Locate = Callable[[tuple[str | int, ...]], Span | None]
"""Where a key path of the document stands; None where that is unknown."""


class Maintainer(Struct, frozen=True, kw_only=True):
    """One entry of `maintainers`."""

    name: str = ""
    email: str = ""
    url: str = ""


class Requirement(Struct, frozen=True, kw_only=True):
    """One entry of `dependencies`: a sub-chart, when it takes part, and what is imported from it."""

    name: str
    version: str = ""
    repository: str = ""
    condition: str = ""
    tags: tuple[str, ...] = ()
    enabled: bool = False
    import_values: tuple[object, ...] = ()
    alias: str = ""

    @property
    def final_name(self) -> str:
        """The name under which the sub-chart's values stand."""
        return self.alias or self.name


class Metadata(Struct, frozen=True, kw_only=True):
    """The fields of `Chart.yaml`. `dependencies` and `annotations` are None where the key is absent."""

    name: str
    version: str
    api_version: str
    home: str = ""
    sources: tuple[str, ...] = ()
    description: str = ""
    keywords: tuple[str, ...] = ()
    maintainers: tuple[Maintainer, ...] = ()
    icon: str = ""
    condition: str = ""
    tags: str = ""
    app_version: str = ""
    deprecated: bool = False
    annotations: Mapping[str, str] | None
    kube_version: str = ""
    dependencies: tuple[Requirement, ...] | None = None
    type: str = ""

    @property
    def is_library(self) -> bool:
        """Whether the chart only lends its named templates to others."""
        return self.type.lower() == "library"

    def for_templates(self, *, is_root: bool) -> dict[str, object]:
        """`.Chart`, a map with the names of Helm's Go fields; a new one each time."""
        return {
            "Name": self.name,
            "Home": self.home,
            "Sources": list(self.sources),
            "Version": self.version,
            "Description": self.description,
            "Keywords": list(self.keywords),
            "Maintainers": [{"Name": m.name, "Email": m.email, "URL": m.url} for m in self.maintainers],
            "Icon": self.icon,
            "APIVersion": self.api_version,
            "Condition": self.condition,
            "Tags": self.tags,
            "AppVersion": self.app_version,
            "Deprecated": self.deprecated,
            "Annotations": NilStringMap() if self.annotations is None else StringMap(self.annotations),
            "KubeVersion": self.kube_version,
            "Dependencies": [_requirement_for_templates(r) for r in self.dependencies or ()],
            "Type": self.type,
            "IsRoot": is_root,
        }


def _requirement_for_templates(requirement: Requirement) -> dict[str, object]:
    return {
        "Name": requirement.name,
        "Version": requirement.version,
        "Repository": requirement.repository,
        "Condition": requirement.condition,
        "Tags": list(requirement.tags),
        "Enabled": requirement.enabled,
        "ImportValues": list(requirement.import_values),
        "Alias": requirement.alias,
    }


def parse_metadata(document: Mapping[str, Any], locate: Locate) -> Metadata:
    """`Chart.yaml` (over it, for charts of version v1, `requirements.yaml`) as data.

    Args:   document: keys count in any case, as in Go's JSON; unknown ones are passed over.
    Raises: ChartError `chart-metadata`, at the faulty key where it can be located.
    """
    reader = _Reader(document, locate, ())
    metadata = Metadata(
        name=reader.text("name"),
        version=reader.text("version", clean=False),
        api_version=reader.text("apiVersion", clean=False) or "v1",
        home=reader.text("home"),
        sources=reader.texts("sources"),
        description=reader.text("description"),
        keywords=reader.texts("keywords"),
        maintainers=tuple(
            Maintainer(name=item.text("name"), email=item.text("email"), url=item.text("url"))
            for item in reader.items("maintainers") or ()
        ),
        icon=reader.text("icon"),
        condition=reader.text("condition"),
        tags=reader.text("tags"),
        app_version=reader.text("appVersion"),
        deprecated=reader.flag("deprecated"),
        annotations=reader.text_map("annotations"),
        kube_version=reader.text("kubeVersion"),
        dependencies=_requirements(reader),
        type=reader.text("type", clean=False),
    )
    _validate(metadata, reader)
    return metadata


def _requirements(reader: _Reader) -> tuple[Requirement, ...] | None:
    items = reader.items("dependencies")
    if items is None:
        return None
    requirements = tuple(
        Requirement(
            name=item.text("name"),
            version=item.text("version"),
            repository=item.text("repository"),
            condition=item.text("condition"),
            tags=item.texts("tags"),
            enabled=item.flag("enabled"),
            import_values=tuple(item.sequence("import-values") or ()),
            alias=item.text("alias", clean=False),
        )
        for item in items
    )
    seen: set[str] = set()
    for item, requirement in zip(items, requirements, strict=True):
        if requirement.alias and not _ALIAS.fullmatch(requirement.alias):
            item.fail(
                "alias",
                f'"{requirement.alias}" is not an alias',
                hint="letters, digits, _ and - are allowed",
            )
        if requirement.final_name in seen:
            item.fail(
                "alias" if requirement.alias else "name",
                f'two dependencies are called "{requirement.final_name}"',
                hint="give one of them an `alias`",
            )
        seen.add(requirement.final_name)
    return requirements


def _validate(metadata: Metadata, reader: _Reader) -> None:
    if metadata.api_version not in {"v1", "v2"}:
        reader.fail(
            "apiVersion",
            f'the chart has the version "{metadata.api_version}" of the chart format',
            hint="v2 and v1 are supported",
        )
    if not metadata.name:
        reader.fail("name", "the chart has no name", hint="add `name: ...` to its Chart.yaml")
    # A backslash parts folders where the chart may be written to next.
    if metadata.name in {".", ".."} or "/" in metadata.name or "\\" in metadata.name:
        reader.fail(
            "name", f'"{metadata.name}" is not a chart name', hint="a name has no slashes and no backslashes"
        )
    if not metadata.version:
        reader.fail("version", "the chart has no version", hint="add `version: 0.1.0` to its Chart.yaml")
    if parse_version(metadata.version) is None:
        reader.fail(
            "version", f'"{metadata.version}" is not a version', hint="use a semantic version such as 0.1.0"
        )
    if metadata.type not in {"", "application", "library"}:
        reader.fail(
            "type", f'"{metadata.type}" is not a type of chart', hint="the types are application and library"
        )


class _Reader:
    """Takes typed fields out of one mapping, and knows where it stands in the document."""

    def __init__(self, mapping: Mapping[str, Any], locate: Locate, path: tuple[str | int, ...]) -> None:
        self.mapping = mapping
        self.locate = locate
        self.path = path
        self.folded = {key.lower(): key for key in mapping}

    def raw(self, key: str) -> Any:
        """The value of a key in any case; None where it is absent or null."""
        found = key if key in self.mapping else self.folded.get(key.lower())
        return None if found is None else self.mapping[found]

    def text(self, key: str, *, clean: bool = True) -> str:
        value = self.as_text(self.raw(key), key)
        return _printable(value) if clean else value

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(_printable(self.as_text(item, key)) for item in self.sequence(key) or ())

    def flag(self, key: str) -> bool:
        value = self.raw(key)
        if not isinstance(value, bool | None):
            self.fail(key, f"`{key}` must be true or false")
        return bool(value)

    def text_map(self, key: str) -> dict[str, str] | None:
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.fail(key, f"`{key}` must be a mapping")
        return {name: self.as_text(item, key) for name, item in value.items()}

    def sequence(self, key: str) -> list[Any] | None:
        value = self.raw(key)
        if not isinstance(value, list | None):
            self.fail(key, f"`{key}` must be a list")
        return value

    def items(self, key: str) -> list[_Reader] | None:
        """A list of mappings, as readers."""
        value = self.sequence(key)
        if value is None:
            return None
        readers = []
        for index, item in enumerate(value):
            if not isinstance(item, Mapping):
                self.fail(key, f"`{key}[{index}]` must be a mapping")
            readers.append(_Reader(item, self.locate, (*self.path, key, index)))
        return readers

    def as_text(self, value: object, key: str) -> str:
        """A text; numbers and booleans as sigs.k8s.io/yaml writes them for a Go string."""
        if isinstance(value, str):
            return value
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, int | float):
            self.fail(key, f"`{key}` must be a text")
        return _shortest(value) if isinstance(value, float) else str(int(value))

    def fail(self, key: str, message: str, *, hint: str = "") -> NoReturn:
        path = (*self.path, key)
        span = self.locate(path) or (self.locate(self.path) if self.path else None)
        shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        raise ChartError("chart-metadata", message, span=span, path=shown.removeprefix("."), hint=hint)


def _shortest(number: float) -> str:
    """A float where a text is wanted: the shortest digits that give the same 32-bit float.

    Source: sigs.k8s.io/yaml, which calls Go's `strconv.FormatFloat(number, 'g', -1, 32)`: with an
    exponent where that is below -4 or above 5.
    """
    try:
        single = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        return "+Inf" if number > 0 else "-Inf"
    shown = next(
        text
        for text in (f"{single:.{digits}e}" for digits in range(17))
        if struct.unpack("f", struct.pack("f", float(text)))[0] == single
    )
    power = int(shown.partition("e")[2])
    return shown if power < -4 or power > 5 else format(Decimal(shown), "f")


def _printable(text: str) -> str:
    """Without characters that cannot be shown; every kind of white space becomes a blank."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if character in _GO_SPACES else character
        for character in text
        if character in _GO_SPACES or unicodedata.category(character)[0] in "LMNPS"
    )
