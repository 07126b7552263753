"""What of a cluster's tree is ours, wherever the tree lies: in a folder, or in a commit.

Decides which files the last lock makes ours, what an exchange of the tree changes, and when it is
refused. How a tree is read and replaced is the matter of `tree` and of `git`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from sro_render.errors import OutputError, SroError, flatten, some
from sro_render.limits import Limits
from sro_render.model.file_names import LOCK_NAME, SIGNATURE_NAME
from sro_render.model.lock import Lock, is_own_path
from sro_render.yamltext.reader import decode, read_manifest


class TreeChange(Struct, frozen=True, kw_only=True):
    """What a build did to OUT/CLUSTER: paths relative to it, A-Z."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.created or self.updated or self.removed)


class Place(Struct, frozen=True, kw_only=True):
    """Where a tree lies, in the words of messages. option: what chooses another place."""

    name: str
    option: str
    remedy: str = "take the committed one back (git checkout)"


class OwnTree(Protocol):
    """A cluster's tree, held by this process: what an earlier build left, to be replaced as a whole."""

    def read_lock(self) -> Lock | None:
        """The lock of the tree as it is; None where there is none. Raises OutputError: `lock-damaged`."""

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None where there is no plain file of that path."""

    def replace(self, files: Mapping[str, bytes], *, keep: Collection[str] = ()) -> TreeChange:
        """Make the tree hold exactly `files`, and the files of `keep` as they are now."""


def check_paths(files: Mapping[str, bytes], keep: Collection[str], lock_name: str = LOCK_NAME) -> None:
    """Raises ValueError if what is to be written is not what `OwnTree.replace` takes."""
    if lock_name not in files:
        raise ValueError(f"the files of a tree need {lock_name}")
    wrong = [path for path in (*files, *keep) if not is_own_path(path)]
    wrong += [path for path in keep if path in files]
    if wrong:
        raise ValueError(f"not a path of its own in the tree: {wrong[0]!r}")


def compare(
    place: Place,
    found: Collection[str],
    is_same: Callable[[str, bytes], bool],
    files: Mapping[str, bytes],
    keep: Collection[str],
) -> TreeChange:
    """What becomes of the files that are there; `keep` counts as unchanged.

    Raises: OutputError: `output-kept-missing`.
    """
    kept = frozenset(keep)
    refuse_missing(place, kept.difference(found))
    same = {path for path, data in files.items() if path in found and is_same(path, data)}
    return TreeChange(
        created=tuple(sorted(path for path in files if path not in found)),
        updated=tuple(sorted(path for path in files if path in found and path not in same)),
        removed=tuple(sorted(path for path in found if path not in files and path not in kept)),
        unchanged=tuple(sorted(same | kept)),
    )


def refuse_foreign(
    place: Place, found: Iterable[str], lock: Lock | None, keep: Collection[str], lock_name: str = LOCK_NAME
) -> None:
    """Refuse files that the last lock does not list, and to keep what is not ours.

    Raises: OutputError: `output-foreign-files`, `output-kept-missing`.
    """
    ours = {lock_name, SIGNATURE_NAME, *lock.files} if lock else set()
    refuse_missing(place, set(keep).difference(ours))
    foreign = sorted(path for path in found if path not in ours)
    if not foreign:
        return
    raise OutputError(
        "output-foreign-files",
        f"{place.name} has {_count(len(foreign), 'file', 'files')} "
        + ("that its lock does not list" if lock else f"and no {lock_name}"),
        notes=some(foreign),
        hint=f"move or remove them, or choose another {place.option}; "
        "sro-render replaces this folder as a whole",
    )


def refuse_missing(place: Place, paths: Iterable[str]) -> None:
    """Refuse to keep what is not there. Raises OutputError: `output-kept-missing`."""
    missing = sorted(paths)
    if missing:
        raise OutputError(
            "output-kept-missing",
            f"{place.name} lacks {_count(len(missing), 'file', 'files')} that must stay as before",
            notes=some(missing),
            hint="take them back (git checkout), or render again what they were made from",
        )


def refuse_not_plain(place: Place, refused: Mapping[str, str]) -> None:
    """Refuse what is neither a file nor a folder. Args: refused: of each path, what it is."""
    if refused:
        raise OutputError(
            "output-not-plain",
            f"{place.name} has something that is neither a file nor a folder",
            notes=some([f"{path} is {refused[path]}" for path in sorted(refused)]),
            hint="remove or move them; sro-render replaces this folder as a whole",
        )


def refuse_twin(place: str, cluster: str, names: Iterable[str]) -> None:
    """Refuse a cluster whose name differs from another one's in case alone."""
    for name in sorted(names):
        if name != cluster and name.lower() == cluster.lower():
            raise OutputError(
                "output-cluster-name",
                f"{place} has a cluster {name!r}, which differs from {cluster!r} in case alone",
                hint="they would be one folder on Windows and macOS: give one another name",
            )


def parse_lock(name: str, data: bytes, place: Place) -> Lock:
    """A lock's text, read. Raises OutputError: `lock-damaged`, with what is wrong in it."""
    try:
        return Lock.from_mapping(read_manifest(decode(data, name), Limits()))
    except SroError as error:
        raise _damaged_lock(name, place, [error]) from error
    except ExceptionGroup as group:
        raise _damaged_lock(name, place, flatten(group)) from group


def _damaged_lock(name: str, place: Place, errors: Sequence[SroError]) -> OutputError:
    first = errors[0].finding
    return OutputError(
        "lock-damaged",
        f"{name} cannot be used, so that nobody knows which files beside it are ours: {first.message}",
        span=first.span,
        path=first.path,
        hint=f"{place.remedy}, or remove {place.name} and build again",
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
