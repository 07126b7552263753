"""What of an earlier build stays: files of Unmanaged SRs, and with `--keep-going` of what failed.

Decides which files stay, how kustomizations reach them, and what the lock goes on saying of them.
A file that stays and an object that is rendered anew never meet: alike, the file stays alone;
different, it is an error.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product

from msgspec import Struct
from msgspec.structs import replace

from sro_render.errors import Faults, RenderError
from sro_render.limits import Limits
from sro_render.model.bundle import Bundle, RenderedObject
from sro_render.model.lock import Lock, LockedResource, StaleFiles
from sro_render.model.objects import JsonObject, mapping_of, object_id
from sro_render.model.order import in_order
from sro_render.source import Source
from sro_render.targets.layout import (
    KUSTOMIZATION,
    READY_AT_ONCE,
    READY_LATER,
    SHARED,
    ObjectKey,
    object_key,
    possible_folders,
    state_rank,
    without_provenance,
)
from sro_render.targets.plain import kustomization
from sro_render.yamltext import writer
from sro_render.yamltext.reader import read_manifest


class Kept(Struct, frozen=True, kw_only=True):
    """What stays.

    files:  paths, A-Z.
    shared: those of them in `_shared` with the SRs that need them, A-Z: those that stay, and those
            that render the same anew.
    bundle: what was rendered, without what stays as a file.
    """

    files: tuple[str, ...]
    shared: Mapping[str, tuple[str, ...]]
    stale: tuple[StaleFiles, ...]
    bundle: Bundle


def keep(
    bundle: Bundle,
    failed: Iterable[tuple[str, str]],
    unmanaged: Collection[str],
    old: Lock,
    read: Callable[[str], bytes],
    undress: Callable[[JsonObject], JsonObject] = lambda manifest: manifest,
) -> Kept:
    """Decide what of the tree that `old` describes stays beside a new bundle.

    Args:   failed: (SR, kernel), an empty kernel for a whole SR; read: gives a listed file's bytes;
            undress: takes the target's annotations off a manifest: the bundle does not have them yet.
    Raises: RenderError, or a group of them: `object-conflict`: an object is rendered anew that a
            file which stays has with other content.
    """
    files = _index(old.files)
    stale = [entry for entry in old.stale if entry.special_resource in unmanaged]
    gone = {(name, folder) for name, kernel in failed for folder in _kernel_folders(kernel)}
    for name, kernel in failed:
        found = _files_of(name, kernel, files)
        if found:
            stale.append(StaleFiles(special_resource=name, kernel=kernel, files=found))
    staying = {path for entry in stale for path in entry.files}
    staying.update(path for name in unmanaged for path in _files_of(name, "", files))
    shared: dict[str, set[str]] = {}
    for path, users in old.shared.items():
        kernel = _kernel_folder(path)
        needing = {
            name for name in users if name in unmanaged or not gone.isdisjoint({(name, ""), (name, kernel)})
        }
        if needing:
            shared[path] = needing
    staying.update(shared)
    fresh = {object_key(each.id): (each, users) for each, users in _objects(bundle)}
    dropped: set[ObjectKey] = set()
    faults = Faults()
    for path in sorted(staying):
        if path.endswith(f"/{KUSTOMIZATION}"):
            continue
        manifest = manifest_of(path, read(path))
        again, users = fresh.get(object_key(object_id(manifest)), (None, ()))
        if again is None:
            continue
        if _text(undress(again.manifest)) == _text(undress(manifest)):
            dropped.add(object_key(again.id))
            if path in shared:
                shared[path].update(users)
        else:
            faults.add(_conflict(again, path))
    faults.raise_if_any()
    return Kept(
        files=tuple(sorted(staying)),
        shared={path: tuple(sorted(users)) for path, users in shared.items()},
        stale=tuple(stale),
        bundle=_without(bundle, dropped),
    )


def _index(files: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """Paths by SR folder and kernel folder; all paths of an SR with an empty kernel folder too."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in files:
        folder, *rest = path.split("/")
        if rest:
            for kernel in {"", _kernel_folder(path)}:
                found.setdefault((folder, kernel), []).append(path)
    return found


def _files_of(name: str, kernel: str, files: Mapping[tuple[str, str], Sequence[str]]) -> tuple[str, ...]:
    """What `_index` knows of an SR's kernel, or without a kernel of the whole SR; A-Z."""
    places = product(possible_folders(name), _kernel_folders(kernel))
    return tuple(sorted(path for place in places for path in files.get(place, ())))


def _kernel_folders(kernel: str) -> tuple[str, ...]:
    return possible_folders(kernel) if kernel else ("",)


def _kernel_folder(path: str) -> str:
    """The folder of a kernel that a file lies in, empty without one."""
    parts = path.split("/")
    return parts[2] if len(parts) > 3 else ""


def _objects(bundle: Bundle) -> Iterator[tuple[RenderedObject, tuple[str, ...]]]:
    """Each object with the SRs that render it."""
    for resource in bundle.resources:
        for state in resource.states:
            for each in state.objects:
                yield each, each.users or (resource.name,)


def manifest_of(path: str, data: bytes) -> JsonObject:
    """What a file of a bundle holds."""
    return mapping_of(read_manifest(Source(path, data.decode("utf-8", "replace")), Limits()))


def _text(manifest: JsonObject) -> str:
    """What two objects must have in common to be one; in Python 1, 1.0 and True are equal."""
    return writer.write(without_provenance(manifest))


def _conflict(again: RenderedObject, path: str) -> RenderError:
    return RenderError(
        "object-conflict",
        f"{again.id} is rendered by {again.template or 'a SpecialResource'}, "
        f"and {path}, which stays as it is, has it with other content",
        hint="render both, or give one of the objects another name or namespace",
    )


def _without(bundle: Bundle, dropped: Collection[ObjectKey]) -> Bundle:
    if not dropped:
        return bundle
    return replace(
        bundle,
        resources=tuple(
            replace(
                resource,
                states=tuple(
                    replace(
                        state,
                        objects=tuple(each for each in state.objects if object_key(each.id) not in dropped),
                    )
                    for state in resource.states
                ),
            )
            for resource in bundle.resources
        ),
    )


def with_kept(
    files: Mapping[str, bytes], kept: Collection[str], resources: Sequence[str]
) -> dict[str, bytes]:
    """The files of a build, whose kustomizations also list what stays from an earlier one.

    Args:    files: as the target lays them out; kept: paths that are not among them.
             resources: the names of all SRs in the order in which they are applied.
    Returns: the same files, with kustomizations for folders that have none any more; one that stays
             itself is left out, as it is on disk.
    """
    completed = dict(files)
    wanted: dict[str, set[str]] = {}
    for path in kept:
        parts = path.split("/")
        for depth, name in enumerate(parts):
            if name != KUSTOMIZATION:
                wanted.setdefault("/".join((*parts[:depth], KUSTOMIZATION)), set()).add(name)
    for path in sorted(wanted.keys() - set(kept)):
        names = _listed(path, completed[path]) if path in completed else []
        if path == KUSTOMIZATION:
            completed[path] = kustomization(_folders_in_order({*names, *wanted[path]}, resources))
            continue
        folder = path.removesuffix(KUSTOMIZATION)
        first_folder = next(
            (at for at, each in enumerate(names) if f"{folder}{each}" not in completed), len(names)
        )
        order = _order(path.count("/"))
        for name in sorted(wanted[path] - set(names), key=order):
            is_file = f"{folder}{name}" in kept
            at = 0 if is_file else bisect_left(names, order(name), lo=first_folder, key=order)
            names.insert(at, name)
            first_folder += is_file
        completed[path] = kustomization(names)
    return completed


def _order(depth: int) -> Callable[[str], tuple[int, str]]:
    """How folders below an SR's go: states by rank; what is no kernel's first, and kernels by name."""
    parts = (READY_AT_ONCE, READY_LATER)
    return state_rank if depth == 1 else lambda name: (name not in parts, name)


def _folders_in_order(folders: Collection[str], resources: Sequence[str]) -> list[str]:
    """The folders of SRs in the order of these."""
    ordered = (folder for name in resources for folder in resource_folders(name) if folder in folders)
    return list(dict.fromkeys(ordered))


def _listed(path: str, data: bytes) -> list[str]:
    listed = manifest_of(path, data).get("resources")
    return [str(each) for each in listed] if isinstance(listed, list) else []


def locked_resources(
    new: Sequence[LockedResource], old: Lock, kept: Collection[str], needs: Mapping[str, Sequence[str]]
) -> tuple[LockedResource, ...]:
    """What the lock says of the SRs: the new entries, and the old ones of what stays.

    Args:    needs: the SRs of this build with those that come before each, for what has no entry; what
             stays keeps its place.
    Returns: `_shared` first, then dependencies before dependents, else by name.
    """
    states = {tuple(path.split("/")[:2]) for path in kept if path.count("/") > 1}
    entries = {resource.name: resource for resource in new}
    for resource in old.resources:
        folders = resource_folders(resource.name)
        staying = [
            each
            for each in resource.states
            if not states.isdisjoint(product(folders, possible_folders(each.name)))
        ]
        known = entries.get(resource.name)
        if known is None:
            if staying:
                entries[resource.name] = replace(resource, states=tuple(staying))
            continue
        names = {state.name for state in known.states}
        added = [state for state in staying if state.name not in names]
        if added:
            merged = sorted([*known.states, *added], key=lambda state: state_rank(state.name))
            entries[resource.name] = replace(known, states=tuple(merged))
    shared = entries.pop(SHARED, None)
    known_needs = {**needs, **{name: each.dependencies for name, each in entries.items()}}
    ordered = [entries[name] for name in in_order(known_needs) if name in entries]
    return (shared, *ordered) if shared else tuple(ordered)


def resource_folders(name: str) -> tuple[str, ...]:
    """The folders that an SR may have."""
    return (SHARED,) if name == SHARED else possible_folders(name)


def locked_kernels(
    new: Sequence[tuple[str, tuple[str, ...]]], old: Lock, kept: Collection[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The lock's kernels: the new ones, and the old ones whose objects stay."""
    folders = {path.split("/")[2] for path in kept if path.count("/") > 2}
    staying = {
        kernel: nodes for kernel, nodes in old.kernels if not folders.isdisjoint(possible_folders(kernel))
    }
    return tuple(sorted({**staying, **dict(new)}.items(), key=lambda each: each[0].encode()))
