"""Reads a rendered bundle from a folder, or from files that somebody else has read.

Decides what is refused before the first request: a file that is not as the lock says, one that the lock
does not list, one that is missing, links, an object that is there twice, and a bundle that was written for
another tool. The order inside a state is that of its `kustomization.yaml`, which is the order of application.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from msgspec import Struct, structs

from sro_apply.errors import BundleError
from sro_apply.planning.naming import faults_of_names
from sro_apply.planning.order import SHARED
from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.sets import KERNEL, STATE
from sro_apply.planning.waits import faults_of_waits
from sro_render.errors import Faults, InputError, SroError, YamlError, some
from sro_render.limits import Limits
from sro_render.model.file_names import LOCK_NAME, SIGNATURE_NAME
from sro_render.model.lock import Lock, LockedResource, digest_of
from sro_render.model.objects import JsonObject, JsonValue, annotations_of, object_id, text_of
from sro_render.yamltext.canonical import read_written

KUSTOMIZATION = "kustomization.yaml"
_AS_COMMITTED = "take the committed bundle back (git checkout), or build it again with sro-render"


MAX_BYTES = 32 * 2**20
"""All files of a bundle. One of 3,000 objects has some 10 MiB."""
MAX_FILES = 100_000
"""Files and folders of a bundle: names take room too, and a few bytes of Git can stand for very many."""
_LIMITS = Limits(max_yaml_alias_nodes=0, max_yaml_depth=100)
"""sro-render writes no aliases: whoever did, wants a small file to become a large one."""
TARGETS = ("_argocd/", "_flux/")
"""Where a bundle for another tool has the objects of that tool."""


class Found(Struct, frozen=True, kw_only=True):
    """A bundle and its revision: a commit, or the digest of a lock."""

    revision: str
    bundle: RenderedBundle


def load_bundle(folder: Path, *, of_any_target: bool = False) -> RenderedBundle:
    """The bundle that `sro-render build` wrote to OUT/CLUSTER.

    Args:   folder: OUT/CLUSTER, or OUT if there is one cluster in it; of_any_target: also one that Argo CD or
            Flux applies, without the objects of these.
    Raises: BundleError, or a group of them.
    """
    root = root_of(folder)
    return read_bundle(_read_files(root), root.as_posix(), of_any_target=of_any_target)


def read_bundle(files: Mapping[str, bytes], place: str, *, of_any_target: bool = False) -> RenderedBundle:
    """The bundle in some files.

    Args:   files: by their paths below OUT/CLUSTER; place: where that is, for messages.
    Raises: BundleError, or a group of them.
    """
    lock = _read_lock(place, files)
    _refuse_differences(place, files, lock)
    if not of_any_target:
        _refuse_other_target(lock)
    manifests = _read_manifests(place, lock, files)
    bundle = RenderedBundle(
        cluster=lock.cluster,
        resources=_resources(lock, files, manifests),
        kernels=MappingProxyType(dict(lock.kernels)),
        templates=MappingProxyType(
            {
                (resource.name, state.name): state.template
                for resource in lock.resources
                for state in resource.states
                if state.template
            }
        ),
        removed=lock.removed,
    )
    _refuse_vain_waits(bundle)
    return bundle


def _refuse_vain_waits(bundle: RenderedBundle) -> None:
    wrong = [*faults_of_waits(bundle)]
    if wrong:
        raise BundleError(
            "bundle-waits",
            f"the bundle of {bundle.cluster} waits for what can never come",
            notes=some(wrong),
            hint="correct the annotations in the charts, and build it again",
        )


def root_of(folder: Path) -> Path:
    """OUT/CLUSTER, of that or of OUT. Raises: BundleError: none, several, or one that cannot be read."""
    try:
        return _root_of(folder)
    except OSError as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: OSError) -> BundleError:
    inner = error.filename if isinstance(error.filename, str) else ""
    place = f" ({inner})" if inner not in {"", os.fspath(folder)} else ""
    return BundleError(
        "unreadable-file",
        f"{folder} cannot be read: {error.strerror}{place}",
        hint="name what sro-render build wrote, OUT/CLUSTER, and give yourself the right to read it",
    )


def _root_of(folder: Path) -> Path:
    if folder.is_symlink():
        raise BundleError("bundle-link", f"{folder} is a link", hint="name the folder that it leads to")
    if (folder / LOCK_NAME).exists():
        return folder
    found = sorted(each.parent for each in folder.glob(f"*/{LOCK_NAME}"))
    if len(found) == 1 and not found[0].is_symlink():
        return found[0]
    if found:
        raise BundleError(
            "several-bundles",
            f"{folder} has bundles of {len(found)} clusters",
            notes=some([each.as_posix() for each in found]),
            hint="name the folder of the cluster that you are connected to",
        )
    raise BundleError("no-bundle", _missing(folder), hint=_way_out(folder))


def _missing(folder: Path) -> str:
    if folder.is_dir():
        return f"there is no {LOCK_NAME} in {folder}"
    return f"{folder} is a file" if folder.exists() else f"there is no folder {folder}"


def _way_out(folder: Path) -> str:
    """The bundle that a part of it was named of, if it is one."""
    above = next((each for each in folder.parents if (each / LOCK_NAME).exists()), None)
    return "name what sro-render build wrote: OUT/CLUSTER" if above is None else f"did you mean {above}?"


def _read_files(root: Path) -> Mapping[str, bytes]:
    """Every file, by its path below the root; links are refused before anything is read through them.

    Raises: BundleError: also where a folder cannot be read, or has just gone: others may fill it anew.
    """
    try:
        return _walked(root)
    except OSError as error:
        raise _unreadable(root, error) from error


def _fail(error: OSError) -> NoReturn:
    raise error


def _walked(root: Path) -> Mapping[str, bytes]:
    """As above. Raises: OSError: of a folder.

    Files are opened in the folder that was looked into, so that none above them becomes a link meanwhile.
    """
    files: dict[str, bytes] = {}
    strange: list[str] = []
    left, names_left = MAX_BYTES, MAX_FILES
    top = os.fspath(root)
    for place, folders, names, opened in os.fwalk(top, onerror=_fail, follow_symlinks=False):
        names_left -= len(folders) + len(names)
        if names_left < 0:
            raise too_many(place)
        if place == top:
            # A bundle may be all that a repository has.
            folders[:] = [name for name in folders if name != ".git"]
            names[:] = [name for name in names if name != ".git"]
        below = "" if place == top else f"{Path(place).relative_to(root).as_posix()}/"
        strange += [f"{below}{name} is a link" for name in folders if _is_link(name, opened)]
        for name in names:
            try:
                data = _read_plain(name, left, within=opened, folder=place)
            except _StrangeError as error:
                strange.append(f"{below}{name} {error}")
            else:
                left -= len(data)
                files[f"{below}{name}"] = data
    if strange:
        raise BundleError(
            "bundle-link",
            f"{root} has something that is neither a file nor a folder",
            notes=some(sorted(strange)),
            hint=_AS_COMMITTED,
        )
    return files


def read_lock_bytes(root: Path) -> bytes:
    """The lock of OUT/CLUSTER as it lies there.

    Raises: BundleError
    """
    try:
        return _read_plain(LOCK_NAME, MAX_BYTES, within=None, folder=os.fspath(root))
    except _StrangeError as error:
        raise BundleError("bundle-link", f"{root / LOCK_NAME} {error}", hint=_AS_COMMITTED) from None


class _StrangeError(Exception):
    """What is in the place of a file is none."""


def _is_link(name: str, within: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=within, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False  # it has just gone, and is missed where the lock is compared


def _read_plain(name: str, left: int, *, within: int | None, folder: str) -> bytes:
    """A file that is no link, pipe or device: opening one of those neither follows nor waits.

    Args:   left: bytes that it may have; within: its folder as it is open, else it is opened by its path.
    Raises: _StrangeError; BundleError: it cannot be read, or is too large.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name if within is not None else f"{folder}/{name}", flags, dir_fd=within)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - it is open already
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise _StrangeError("is no plain file")
            # What grows meanwhile is not read to an end that may never come: it is not what the lock says.
            data = file.read(facts.st_size + 1) if facts.st_size <= left else b""
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK}:
            raise _StrangeError("is a link") from error
        if error.errno == errno.ENXIO:
            raise _StrangeError("is no plain file") from error
        raise BundleError(
            "unreadable-file",
            f"{folder}/{name} cannot be read: {error.strerror}",
            hint=f"give yourself the right to read it: chmod u+r {folder}/{name}",
        ) from error
    if facts.st_size > left:
        raise too_large(f"{folder}/{name}")
    return data


def too_large(place: str) -> BundleError:
    """The error for more bytes than any bundle needs. Args: place: where the limit was met."""
    return _beyond(f"{MAX_BYTES // 2**20} MiB", place)


def too_many(place: str) -> BundleError:
    """The error for more files than any bundle needs. Args: as above."""
    return _beyond(f"{MAX_FILES:,} files", place)


def _beyond(most: str, place: str) -> BundleError:
    return BundleError(
        "bundle-large",
        f"the bundle has more than {most}, up to {place}",
        hint="split it: build fewer SpecialResources, or fewer kernels, into one folder",
    )


def _parsed(data: bytes, place: str) -> JsonValue:
    """The value of a file of the bundle."""
    try:
        return read_written(data, place, _LIMITS)
    except YamlError as error:
        # Whoever only applies can neither allow more nor correct it here.
        error.finding = structs.replace(error.finding, hint=_AS_COMMITTED)
        raise


def _read_lock(root: str, files: Mapping[str, bytes]) -> Lock:
    place = f"{root}/{LOCK_NAME}"
    if LOCK_NAME not in files:  # it was there when its folder was looked for
        raise BundleError("no-bundle", f"there is no {LOCK_NAME} in {root} any more", hint=_AS_COMMITTED)
    value = _parsed(files[LOCK_NAME], place)
    try:
        return Lock.from_mapping(value)
    except InputError as error:
        raise error.about(place) from None


def _refuse_differences(root: str, files: Mapping[str, bytes], lock: Lock) -> None:
    ours = {*lock.files, LOCK_NAME, SIGNATURE_NAME}
    wrong = [f"{path} is missing" for path in lock.files if path not in files]
    wrong += [f"{path} is not in the lock" for path in files if path not in ours]
    wrong += [
        f"{path} is not what the lock says"
        for path, digest in lock.files.items()
        if path in files and digest_of(files[path]) != digest
    ]
    if wrong:
        raise BundleError(
            "bundle-differs",
            f"{root} is not what its lock says",
            notes=some(sorted(wrong)),
            hint=_AS_COMMITTED,
        )


def _refuse_other_target(lock: Lock) -> None:
    target = lock.options.get("target", "plain")
    if target != "plain":
        raise BundleError(
            "bundle-target",
            f"this bundle was written for the target {target}, which applies it itself",
            hint="build it with --target plain for sro-apply",
        )


def _read_manifests(root: str, lock: Lock, files: Mapping[str, bytes]) -> Mapping[str, JsonObject]:
    """The objects by their files. Every file's fault is told."""
    faults = Faults()
    found: dict[str, JsonObject] = {}
    for path in lock.files:
        if path.rpartition("/")[2] == KUSTOMIZATION or path.startswith(TARGETS):
            continue
        try:
            value = _parsed(files[path], f"{root}/{path}")
        except (SroError, ExceptionGroup) as error:
            faults.add(error)
            continue
        problems = [*faults_of_names(value)] if isinstance(value, dict) else ["it is no mapping"]
        if isinstance(value, dict) and not problems:
            found[path] = value
        else:
            faults.add(
                BundleError("no-object", f"{path} has no object: {'; '.join(problems)}", hint=_AS_COMMITTED)
            )
    faults.raise_if_any()
    _refuse_twice(found)
    return found


def _refuse_twice(manifests: Mapping[str, JsonObject]) -> None:
    places: dict[tuple[str, str, str, str], str] = {}
    for path, manifest in manifests.items():
        each = object_id(manifest)
        other = places.setdefault((each.group, each.kind, each.namespace, each.name), path)
        if other != path:
            raise BundleError(
                "object-twice", f"{each} is there twice: {other} and {path}", hint=_AS_COMMITTED
            )


def _resources(
    lock: Lock, files: Mapping[str, bytes], manifests: Mapping[str, JsonObject]
) -> tuple[BundleResource, ...]:
    ranks = _ranks(files)
    by_state: dict[tuple[str, str], list[BundleObject]] = {}
    for path in sorted(manifests, key=lambda path: ranks.get(path, (len(ranks), path))):
        each = _object(path, manifests[path], lock.shared.get(path, ()))
        state = text_of(annotations_of(each.manifest).get(STATE))
        by_state.setdefault((path.partition("/")[0], state), []).append(each)
    resources = tuple(_resource(each, by_state, _users_first(lock)) for each in lock.resources)
    left = sorted(each.file for objects in by_state.values() for each in objects)
    if left:
        raise BundleError(
            "bundle-state",
            "the lock does not know the states of some objects",
            notes=some(left),
            hint=_AS_COMMITTED,
        )
    return tuple(sorted(resources, key=lambda each: each.name != SHARED))


def _users_first(lock: Lock) -> tuple[str, ...]:
    return (SHARED,) if any(each.name == SHARED for each in lock.resources) else ()


def _resource(
    locked: LockedResource, by_state: dict[tuple[str, str], list[BundleObject]], before: Iterable[str]
) -> BundleResource:
    return BundleResource(
        name=locked.name,
        namespace=locked.namespace,
        states=tuple(
            BundleState(name=state.name, objects=tuple(by_state.pop((locked.name, state.name))))
            for state in locked.states
            if (locked.name, state.name) in by_state
        ),
        dependencies=tuple(each for each in (*before, *locked.dependencies) if each != locked.name),
    )


def _object(path: str, manifest: JsonObject, sharers: tuple[str, ...]) -> BundleObject:
    kernel = text_of(annotations_of(manifest).get(KERNEL))
    return BundleObject(id=object_id(manifest), manifest=manifest, file=path, kernel=kernel, sharers=sharers)


def _ranks(files: Mapping[str, bytes]) -> Mapping[str, tuple[int, str]]:
    """Each file's place in the order of application, as the kustomizations list it from the top."""
    ordered: list[str] = []
    waiting = [""]
    seen: set[str] = set()
    while waiting:
        entry = waiting.pop()
        if entry in seen:
            continue
        seen.add(entry)
        listing = f"{entry}/{KUSTOMIZATION}".lstrip("/")
        if listing not in files:
            ordered.append(entry)
            continue
        value = _parsed(files[listing], listing)
        names = value.get("resources") if isinstance(value, dict) else None
        inner = [text_of(name) for name in names] if isinstance(names, list) else []
        waiting.extend(f"{entry}/{name}".lstrip("/") for name in reversed(inner))
    return {path: (index, path) for index, path in enumerate(ordered)}
