"""What lies in a folder that `sro-render init` may take: specs, snapshots, charts, bundles.

Files are known by the kinds in them, whatever they are called. Passed over: hidden folders, what is inside
charts and bundles, and YAML that is no YAML, such as templates elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sro_render.edges.tree import OutputTree
from sro_render.errors import SroError
from sro_render.kernels.snapshot import INVENTORY_KIND, objects_in
from sro_render.limits import Limits
from sro_render.model.bundle import InputFile
from sro_render.model.file_names import CHARTS_LOCK_NAME, CONFIG_NAME, LOCK_NAME
from sro_render.model.objects import JsonObject, mapping_of, text_of
from sro_render.model.specialresource import KIND as SPEC_KIND
from sro_render.pipeline.first_config import FoundBundle, FoundSnapshot, Survey
from sro_render.yamltext.reader import decode, read_stream

_ENDINGS = (".yaml", ".yml", ".json")
_OURS = frozenset({LOCK_NAME, CONFIG_NAME, CHARTS_LOCK_NAME})
_MOST_BYTES = 64 * 2**20
"""Larger files are no specs, and no snapshot of a cluster that anybody keeps in Git."""
_NODES = re.compile(rb"kind[\"']?\s*:\s*[\"']?(?:Node|NodeList|NodeInventory)\b")
_SNAPSHOT_KINDS = frozenset({"Node", "ClusterVersion", "Proxy", INVENTORY_KIND})
_SNAPSHOT_OBJECTS = frozenset({("ImageStream", "driver-toolkit"), ("ConfigMap", "machine-config-osimageurl")})


def look_around(root: Path) -> Survey:
    """See what there is below a folder. What cannot be read is passed over."""
    specs: dict[str, tuple[str, ...]] = {}
    snapshots: list[FoundSnapshot] = []
    charts: list[str] = []
    bundles: list[FoundBundle] = []
    others: set[str] = set()
    for folder, names in _folders(root):
        place = folder.relative_to(root).as_posix().removeprefix(".")
        if "Chart.yaml" in names:
            charts.append(place)
            continue
        if LOCK_NAME in names:
            bundles.extend(_bundle(folder, root))
            continue
        for name in names:
            path = f"{place}/{name}" if place else name
            if name.endswith(".tgz"):
                charts.append(path)
            if not name.endswith(_ENDINGS) or name in _OURS:
                continue
            objects = _objects(folder / name)
            resources = [each for each in objects if each.get("kind") == SPEC_KIND]
            found = _snapshot(path, objects)
            if resources:
                specs[path] = tuple(
                    text_of(mapping_of(each.get("metadata")).get("name")) for each in resources
                )
            else:
                others.add(place)
            if found is not None and not resources:
                snapshots.append(found)
    spec_folders = {path.rpartition("/")[0] for path in specs} - {""}
    return Survey(
        specs=dict(sorted(specs.items())),
        spec_folders=tuple(
            each
            for each in sorted(spec_folders)
            if not any(other == each or other.startswith(f"{each}/") for other in (*others, *charts))
        ),
        snapshots=tuple(sorted(snapshots, key=lambda each: each.path)),
        charts=tuple(sorted(charts)),
        bundles=tuple(sorted(bundles, key=lambda each: each.folder)),
    )


def is_snapshot(path: Path) -> bool:
    """Whether a file says which nodes a cluster has, and nothing of what is rendered."""
    if not path.is_file() or not _NODES.search(path.read_bytes()):
        return False  # a large file of other objects is not read twice
    objects = _objects(path)
    found = _snapshot(path.as_posix(), objects)
    return found is not None and not any(each.get("kind") == SPEC_KIND for each in objects)


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folders that are looked into, with the names of their files, A-Z."""
    for place, folders, files in os.walk(root):
        is_whole = "Chart.yaml" in files or LOCK_NAME in files
        folders[:] = [] if is_whole else sorted(each for each in folders if not each.startswith("."))
        yield Path(place), sorted(each for each in files if not each.startswith("."))


def _objects(path: Path) -> list[JsonObject]:
    """The objects in a file, those of lists by themselves; none if it cannot be read."""
    try:
        if path.stat().st_size > _MOST_BYTES or not path.is_file():
            return []
        data = path.read_bytes()
        # Reading YAML takes its time, and most files of a repository hold no object.
        if b"kind" not in data:
            return []
        documents = read_stream(decode(data, path.as_posix()), Limits())
    except (OSError, SroError, ExceptionGroup):
        return []
    return [
        each
        for document in documents
        if isinstance(document.value, dict)
        for each, _ in objects_in(document.value)
    ]


def _name(value: JsonObject) -> str:
    return text_of(mapping_of(value.get("metadata")).get("name"))


def _snapshot(path: str, objects: list[JsonObject]) -> FoundSnapshot | None:
    kinds: set[str] = set()
    names: set[str] = set()
    has_nodes = False
    for each in objects:
        kind, name = text_of(each.get("kind")), _name(each)
        is_charts = kind == "ConfigMap" and "index.yaml" in mapping_of(each.get("data"))
        if kind in _SNAPSHOT_KINDS or (kind, name) in _SNAPSHOT_OBJECTS or is_charts:
            kinds.add(kind)
        if kind == INVENTORY_KIND:
            names.add(name)
        has_nodes = has_nodes or kind == "Node" or (kind == INVENTORY_KIND and bool(each.get("nodes")))
    if not kinds:
        return None
    return FoundSnapshot(
        path=path, kinds=tuple(sorted(kinds)), cluster=min(names - {""}, default=""), has_nodes=has_nodes
    )


def _bundle(folder: Path, root: Path) -> Iterator[FoundBundle]:
    with suppress(SroError, ExceptionGroup):
        lock = OutputTree(folder.parent, folder.name, LOCK_NAME).read_lock()
        if lock is not None:
            api_versions = lock.options.get("apiVersions")
            yield FoundBundle(
                folder=folder.relative_to(root).as_posix(),
                cluster=lock.cluster,
                specs=_inputs(lock.specs, folder, root),
                inventory=_inputs(lock.inventory, folder, root),
                allows_secrets=lock.options.get("secrets") == "allow",
                api_versions=tuple(map(str, api_versions)) if isinstance(api_versions, list) else (),
            )


def _inputs(files: tuple[InputFile, ...], folder: Path, root: Path) -> tuple[str, ...]:
    """The inputs that are there, inside the folder; none if one is not."""
    # Of relative paths, those that climb out count as inside of `.` too.
    start = Path(os.path.normpath(root.absolute()))
    paths = [Path(os.path.normpath(folder.absolute() / file.path)) for file in files]
    if not all(path.is_file() and path.is_relative_to(start) for path in paths):
        return ()
    return tuple(path.relative_to(start).as_posix() for path in paths)
