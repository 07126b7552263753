"""`sro.yaml` on disk: where it lies, and every fault of it told at once.

A repository's root is the folder that has `.git`. Without one, only the current folder is looked at: a
file further up may be anybody's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from sro_render.edges import schemas
from sro_render.edges.files import read_source
from sro_render.errors import Faults, InputError, SroError, flatten
from sro_render.limits import Limits
from sro_render.model.config import API_VERSION, KIND, Config, read_time
from sro_render.model.file_names import CONFIG_NAME
from sro_render.model.objects import JsonValue, mapping_of, text_of
from sro_render.model.wording import KeyPath, format_path
from sro_render.source import Source, Span
from sro_render.targets.options import TargetOptions, read_target
from sro_render.validation import check_schema
from sro_render.yamltext.reader import locate_nearest, read_manifest


class ConfigFile(Struct, frozen=True, kw_only=True):
    """A `sro.yaml` and the text it was read from. targets: of each cluster, by its name."""

    config: Config
    path: Path
    source: Source
    targets: Mapping[str, TargetOptions]

    def shown(self, path: str) -> str:
        """A path of the file as it is given on the command line: from the current folder."""
        return (self.path.parent / path).as_posix()

    def place(self, path: KeyPath, *, value: bool = True) -> Span | None:
        """Where a key path, or what of it there is, stands."""
        return locate_nearest(self.source, path, 0, value=value)


def find_config() -> Path | None:
    """The `sro.yaml` that is for the current folder: there, or further up to the repository's root."""
    here = Path.cwd()
    inside = [here, *here.parents]
    root = next((each for each in inside if (each / ".git").exists()), here)
    for folder in inside[: inside.index(root) + 1]:
        if (folder / CONFIG_NAME).is_file():
            return Path(os.path.relpath(folder / CONFIG_NAME))
    return None


def read_config(path: Path) -> ConfigFile:
    """Read a `sro.yaml`.

    Raises: InputError, or a group of them: everything that is wrong in it.
    """
    if not path.exists():
        raise InputError(
            "no-such-file",
            f"there is no file {path.as_posix()}",
            path="--config",
            hint="`sro-render init` writes a sro.yaml from what it finds",
        )
    source = read_source(path)
    value = read_manifest(source, Limits())
    if not isinstance(value, dict):
        raise InputError(
            "not-an-object",
            f"{source.name} is no {KIND}",
            span=source.span(0, 0),
            hint=f"write apiVersion: {API_VERSION} and kind: {KIND}, or let `sro-render init` write it anew",
        )
    faults = Faults()
    found = [*check_schema(value, schemas.validator(KIND), schemas.schema(KIND), source=source)]
    found += _faults(value, source)
    for fault in sorted(found, key=lambda each: each.finding.span.start if each.finding.span else 0):
        faults.add(fault)
    faults.raise_if_any()
    config = Config.from_mapping(value)
    targets = {}
    for index, cluster in enumerate(config.clusters):
        own = mapping_of(value["clusters"][index]) if isinstance(value["clusters"], list) else {}
        at = ("clusters", index) if "target" in own else ()
        try:
            targets[cluster.name] = read_target(cluster.target)
        except (SroError, ExceptionGroup) as error:
            for each in flatten(error):
                faults.add(_placed(each, at, source))
        if not at and faults:
            break  # every other cluster without a target of its own has the same faults
    faults.raise_if_any()
    return ConfigFile(config=config, path=path, source=source, targets=targets)


def _placed(error: SroError, at: KeyPath, source: Source) -> SroError:
    """A fault of a target with its place in the file."""
    path = (*at, *error.finding.path.split("."))
    span = locate_nearest(source, path, 0)
    error.finding = replace(error.finding, span=span, path=format_path(path))
    return error


def _faults(value: dict[str, JsonValue], source: Source) -> Iterator[InputError]:
    """What no schema can say, of a value that may have other faults."""
    clusters, output = value.get("clusters"), value.get("output")
    first: dict[str, int] = {}
    if isinstance(output, dict) and ("dir" in output) == ("git" in output):
        yield InputError(
            "wrong-value",
            "output is either a folder or a branch",
            span=locate_nearest(source, ("output",), 0),
            path="output",
            hint="write one of both: dir: FOLDER, or git: {branch: NAME}",
        )
    yield from _option_faults(value, (), source)
    yield from _rule_faults(value.get("ignore"), source)
    for index, cluster in enumerate(map(mapping_of, clusters if isinstance(clusters, list) else ())):
        at = ("clusters", index)
        name = text_of(cluster.get("name"))
        before = first.setdefault(name.lower(), index)
        if name and before != index:
            yield InputError(
                "duplicate-cluster",
                f"there are two clusters named {name!r}, or differing in case alone",
                span=locate_nearest(source, (*at, "name"), 0, value=True),
                path=format_path((*at, "name")),
                notes=(f"the first one is at {locate_nearest(source, ('clusters', before, 'name'), 0)}",),
                hint="each has a folder of its name in the output: give one of them another name",
            )
        if not cluster.get("specs") and not value.get("specs"):
            yield InputError(
                "missing-key",
                "'specs' is missing, here and outside of the clusters",
                span=locate_nearest(source, at, 0, value=True),
                path=format_path((*at, "specs")),
                hint="write specs: and below it the files with SpecialResources, or folders of them",
            )
        yield from _option_faults(cluster, at, source)


def _option_faults(holder: dict[str, JsonValue], at: KeyPath, source: Source) -> Iterator[InputError]:
    text = mapping_of(holder.get("options")).get("now")
    if isinstance(text, str):
        path = (*at, "options", "now")
        try:
            read_time(text)
        except ValueError:
            yield InputError(
                "wrong-value",
                f"{text!r} is not a time",
                span=locate_nearest(source, path, 0, value=True),
                path=format_path(path),
                hint="write one such as 2024-01-31T12:00:00Z",
            )


def _rule_faults(rules: JsonValue, source: Source) -> Iterator[InputError]:
    if not isinstance(rules, list) or not rules:
        return
    # A build without rules does not pay for what compares.
    from sro_render.diff.ignore import parse_rule  # noqa: PLC0415

    for index, rule in enumerate(rules):
        if not isinstance(rule, str) or not rule:
            continue  # the schema says it
        try:
            parse_rule(rule)
        except InputError as error:
            path = ("ignore", index)
            span = locate_nearest(source, path, 0, value=True)
            error.finding = replace(error.finding, span=span, path=format_path(path))
            yield error
