"""The first `sro.yaml` of a repository, from what lies in it.

Decides which cluster a snapshot belongs to, and which specs and charts are for it. Reads nothing. What is
taken and why is said in words, for whoever edits the file afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from posixpath import basename, dirname, splitext

from msgspec import Struct
from msgspec.structs import replace

from sro_render.errors import InputError
from sro_render.model.config import API_VERSION, KIND
from sro_render.model.objects import JsonObject, JsonValue
from sro_render.model.wording import wordlist
from sro_render.pipeline.build import DEFAULT_CLUSTER
from sro_render.yamltext import writer

DEFAULT_FOLDER = "rendered"
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_HEADER = """\
# What sro-render build, check, diff and lint do without arguments.
# `sro-render schema Config` says what may stand here.
"""


class FoundSnapshot(Struct, frozen=True, kw_only=True):
    """A file that says something of nodes. cluster: the name in it; has_nodes: whether it lists some."""

    path: str
    kinds: tuple[str, ...]
    cluster: str
    has_nodes: bool


class FoundBundle(Struct, frozen=True, kw_only=True):
    """A bundle of an earlier build, with the inputs that its lock names and that are there."""

    folder: str
    cluster: str
    specs: tuple[str, ...]
    inventory: tuple[str, ...]
    allows_secrets: bool
    api_versions: tuple[str, ...]


class Survey(Struct, frozen=True, kw_only=True):
    """What lies in a folder: paths relative to it, A-Z. specs: file to the names of its SRs.

    spec_folders: folders in which every YAML file is a spec. charts: folders and archives.
    """

    specs: dict[str, tuple[str, ...]]
    spec_folders: tuple[str, ...]
    snapshots: tuple[FoundSnapshot, ...]
    charts: tuple[str, ...]
    bundles: tuple[FoundBundle, ...]


class FirstConfig(Struct, frozen=True, kw_only=True):
    """The text of a `sro.yaml`, and what was taken and why, a line each."""

    text: str
    reasons: tuple[str, ...]


class _Cluster(Struct, frozen=True, kw_only=True):
    name: str
    inventory: tuple[str, ...]
    why: str
    specs: tuple[str, ...] = ()
    charts: str = ""
    options: JsonObject = {}


def first_config(survey: Survey) -> FirstConfig:
    """Write the first `sro.yaml`.

    Raises: InputError: `init-nothing`: there is no spec, or no snapshot of nodes.
    """
    _check(survey)
    known = {path for bundle in survey.bundles for path in bundle.inventory}
    clusters = [_of_bundle(bundle) for bundle in survey.bundles if bundle.inventory]
    clusters += _of_snapshots([each for each in survey.snapshots if each.path not in known])
    clusters = [_with_inputs(each, survey) for each in _with_own_names(clusters)]
    folders = sorted({dirname(bundle.folder) or "." for bundle in survey.bundles})
    output = folders[0] if folders else DEFAULT_FOLDER
    reasons = [line for each in clusters for line in _reasons(each, survey)]
    if folders:
        reasons.append(f"output {output}: there is a bundle, {survey.bundles[0].folder}")
    else:
        reasons.append(f"output {output}: there is no bundle yet")
    reasons.extend(f"left out {each}: bundles go to one folder" for each in folders[1:])
    return FirstConfig(text=_text(clusters, output), reasons=tuple(reasons))


def _check(survey: Survey) -> None:
    if not survey.specs:
        raise InputError(
            "init-nothing",
            "there is no SpecialResource here",
            hint="a spec is YAML with kind: SpecialResource; name the folder of the repository that has it",
        )
    if not any(each.has_nodes for each in survey.snapshots) and not any(
        each.inventory for each in survey.bundles
    ):
        raise InputError(
            "init-nothing",
            "there is no snapshot of a cluster's nodes here",
            hint="make one with: kubectl get nodes -o json > nodes.json",
        )


def _of_bundle(bundle: FoundBundle) -> _Cluster:
    options: JsonObject = {}
    if bundle.allows_secrets:
        options["secrets"] = "allow"
    if bundle.api_versions:
        options["apiVersions"] = list[JsonValue](bundle.api_versions)
    return _Cluster(
        name=bundle.cluster,
        inventory=bundle.inventory,
        why=f"{bundle.folder} was built from it",
        specs=bundle.specs,
        options=options,
    )


def _of_snapshots(snapshots: Sequence[FoundSnapshot]) -> list[_Cluster]:
    """The clusters of each folder: by their names; without one, each file that has nodes is a cluster.

    What names no cluster and has no nodes, such as driver toolkits, is for all clusters of its folder.
    """
    clusters = []
    for folder in sorted({dirname(each.path) for each in snapshots}):
        here = [each for each in snapshots if dirname(each.path) == folder]
        common = [each.path for each in here if not each.cluster and not each.has_nodes]
        named: dict[str, list[str]] = {}
        unnamed = [each for each in here if not each.cluster and each.has_nodes]
        for each in here:
            if each.cluster:
                named.setdefault(each.cluster, []).append(each.path)
        for name, paths in sorted(named.items()):
            why = f"the name is in {wordlist(paths)}"
            clusters.append(_Cluster(name=name, inventory=(*paths, *common), why=why))
        for each in unnamed:
            inventory = (each.path, *common)
            if len(unnamed) == 1 and not named:
                name, why = basename(folder) or DEFAULT_CLUSTER, "it has nodes, and names no cluster"
            else:
                name, why = splitext(basename(each.path))[0], "it has nodes, as other files of its folder"
            clusters.append(
                _Cluster(name=_NOT_IN_A_NAME.sub("-", name).strip("-._") or "_", inventory=inventory, why=why)
            )
    return clusters


def _with_own_names(clusters: Iterable[_Cluster]) -> list[_Cluster]:
    """The same with a name for each that no other one has, whatever the case of its letters."""
    taken: set[str] = set()
    renamed = []
    for each in clusters:
        name, number = each.name, 2
        while name.lower() in taken:
            name, number = f"{each.name}-{number}", number + 1
        taken.add(name.lower())
        renamed.append(replace(each, name=name))
    return renamed


def _with_inputs(cluster: _Cluster, survey: Survey) -> _Cluster:
    """With specs and charts: those of its folder, else of the nearest folder around that has some."""
    home = _common([dirname(path) for path in cluster.inventory])
    specs = cluster.specs or tuple(_nearest(home, survey.specs))
    charts = _nearest(home, survey.charts)
    return replace(
        cluster,
        specs=_as_folder(specs, survey),
        charts=(_common([dirname(path) for path in charts]) or ".") if charts else "",
    )


def _as_folder(specs: tuple[str, ...], survey: Survey) -> tuple[str, ...]:
    """A folder instead of its files, if it holds nothing else: what is added to it later is meant too."""
    for folder in survey.spec_folders:
        if specs == tuple(path for path in survey.specs if _is_below(path, folder)):
            return (folder,)
    return specs


def _nearest(home: str, paths: Iterable[str]) -> list[str]:
    ordered = sorted(paths)
    while True:
        found = [path for path in ordered if _is_below(path, home)]
        if found or not home:
            return found
        home = dirname(home)


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def _common(folders: Sequence[str]) -> str:
    """The folder that holds all of them; empty is the outermost."""
    common = folders[0]
    while not all(each == common or _is_below(each, common) for each in folders):
        common = dirname(common)
    return common


def _reasons(cluster: _Cluster, survey: Survey) -> list[str]:
    names = sorted(
        name
        for path, found in survey.specs.items()
        if path in cluster.specs or any(_is_below(path, each) for each in cluster.specs)
        for name in found
    )
    kinds = {each.path: each.kinds for each in survey.snapshots}
    what = sorted({kind for path in cluster.inventory for kind in kinds.get(path, ())})
    lines = [
        f"cluster {cluster.name}: {cluster.why}",
        f"  inventory {', '.join(cluster.inventory)}: {', '.join(what)}",
        f"  specs {', '.join(cluster.specs)}: SpecialResource {wordlist(names)}",
    ]
    if cluster.charts:
        below = [path for path in survey.charts if cluster.charts == "." or _is_below(path, cluster.charts)]
        lines.append(f"  charts {cluster.charts}: {', '.join(map(basename, below))}")
    return lines


def _text(clusters: Sequence[_Cluster], output: str) -> str:
    """What is the same for every cluster stands outside of them."""
    specs, charts = {each.specs for each in clusters}, {each.charts for each in clusters}
    text = f"{_HEADER}apiVersion: {API_VERSION}\nkind: {KIND}\n"
    if len(specs) == 1:
        text += writer.write({"specs": list[JsonValue](clusters[0].specs)})
    if len(charts) == 1 and clusters[0].charts:
        text += writer.write({"charts": clusters[0].charts})
    text += "clusters:\n"
    for each in clusters:
        entry: JsonObject = {"name": each.name, "inventory": list[JsonValue](each.inventory)}
        if len(specs) > 1:
            entry["specs"] = list[JsonValue](each.specs)
        if len(charts) > 1 and each.charts:
            entry["charts"] = each.charts
        if each.options:
            entry["options"] = each.options
        # The writer sorts keys, and people look for the name first.
        lines = "".join(writer.write({key: value}) for key, value in entry.items()).splitlines()
        text += "".join(f"{'  ' if at else '- '}{line}\n" for at, line in enumerate(lines))
    return text + writer.write({"output": {"dir": output}})
