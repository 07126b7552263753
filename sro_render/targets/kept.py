"""Files of an earlier build that stay: they must be reachable from the kustomizations again.

Decides where a kept folder goes in the order of its neighbours; which files are kept is the
caller's decision.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, mapping_of
from sro_render.source import Source
from sro_render.targets.layout import KUSTOMIZATION
from sro_render.yamltext import writer
from sro_render.yamltext.reader import read_manifest


def with_kept(files: Mapping[str, bytes], kept: Iterable[str]) -> dict[str, bytes]:
    """The files of a build, whose kustomizations also list what is kept from an earlier one.

    Args:    files: as a target lays them out; kept: paths that are not among them.
    Returns: the same files; a kustomization that is itself kept stays out, as it is on disk.
    """
    completed = dict(files)
    for path in kept:
        parts = path.split("/")
        for depth, name in enumerate(parts):
            kustomization = "/".join((*parts[:depth], KUSTOMIZATION))
            if name != KUSTOMIZATION and kustomization in completed:
                completed[kustomization] = _listing(completed, kustomization, name)
    return completed


def _listing(files: Mapping[str, bytes], path: str, name: str) -> bytes:
    """A kustomization that lists `name`: folders in their order, behind the files."""
    source = Source(path, files[path].decode())
    document: JsonObject = mapping_of(read_manifest(source, Limits()))
    listed = document.get("resources")
    names = [str(each) for each in listed] if isinstance(listed, list) else []
    if name in names:
        return files[path]
    folder = path.removesuffix(KUSTOMIZATION)
    first_folder = next((at for at, each in enumerate(names) if f"{folder}{each}" not in files), len(names))
    names.insert(bisect_left(names, name, lo=first_folder), name)
    return writer.write({**document, "resources": list(names)}).encode()
