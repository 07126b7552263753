"""The committed bundle beside what its inputs give now. Reads; writes nothing, and takes no lock.

No committed YAML is parsed while its bytes are what is rendered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from sro_render.edges.bundles import BuildInputs, compose
from sro_render.edges.owned import OwnTree, TreeChange
from sro_render.edges.tree import OutputTree
from sro_render.model.committed import FileDifference, FileState
from sro_render.model.file_names import LOCK_NAME, SIGNATURE_NAME
from sro_render.model.lock import Lock, digest_of
from sro_render.pipeline.build import Render
from sro_render.yamltext import writer


class Compared(Struct, frozen=True, kw_only=True):
    """differences: A-Z by path. same: how many files are as they should be.

    before, after: of what differs at all, every file of the bundle as it is and as it would be.
    """

    place: str
    differences: tuple[FileDifference, ...]
    same: int
    before: Mapping[str, bytes] = {}
    after: Mapping[str, bytes] = {}


class LookedAt(OwnTree, Protocol):
    """A tree that is looked at, and not held: in a folder, or on a branch."""

    def look(self, files: Mapping[str, bytes], keep: Collection[str] = ()) -> TreeChange:
        """What a build would change."""


def compare_committed(render: Render, inputs: BuildInputs, out: Path) -> Compared:
    """Compare OUT/CLUSTER with what a build would put there.

    Neither the nodes' part of the lock nor the tool's version counts.

    Raises: as `bundles.write_bundle`, but for files that are not ours: they are differences.
    """
    folder = out / render.bundle.cluster
    tree = OutputTree(out, render.bundle.cluster, LOCK_NAME)
    return compare_tree(tree, render, inputs, folder, place=folder.as_posix())


def compare_tree(
    tree: LookedAt, render: Render, inputs: BuildInputs, folder: Path, *, place: str
) -> Compared:
    """The same with a tree wherever it lies. Arguments and errors as `bundles.write_into`."""
    cluster = render.bundle.cluster
    # The last lock decides what stays of what cannot be rendered; else it has no part in the outcome.
    has_kept = bool(render.failed or render.unmanaged or inputs.broken or not inputs.is_complete)
    old = tree.read_lock() if has_kept else None
    made = compose(tree, render, inputs, folder, place=place, old=old or Lock(cluster=cluster))
    signature = (SIGNATURE_NAME,) if tree.read(SIGNATURE_NAME) is not None else ()
    change = tree.look(made.files, (*made.staying, *signature))
    if not change:
        return Compared(place=place, differences=(), same=len(change.unchanged) - len(signature))
    old = old or tree.read_lock()
    listed = old.files if old else {}
    same = frozenset(change.unchanged)
    paths = {*change.created, *change.updated, *change.removed, *change.unchanged} - {SIGNATURE_NAME}
    differences = []
    for path in sorted(paths):
        if path == LOCK_NAME:
            before, after = _lock_text(old), _lock_text(made.lock)
            state = _lock_state(before, after)
        else:
            before = None if path in change.created else tree.read(path)
            after = before if path in made.staying else made.files.get(path)
            state = _state(before, after, listed.get(path), is_same=path in same)
        if state is not None:
            differences.append(FileDifference(path=path, state=state, before=before, after=after))
    if not differences:
        return Compared(place=place, differences=(), same=len(paths))
    foreign = {each.path for each in differences if each.state is FileState.ADDITIONAL}
    there = {path: tree.read(path) or b"" for path in sorted(paths - {*change.created, *foreign})}
    return Compared(
        place=place,
        differences=tuple(differences),
        same=len(paths) - len(differences),
        before=there,
        after={**made.files, **{path: there[path] for path in made.staying}},
    )


def expected_files(
    tree: OwnTree, render: Render, inputs: BuildInputs, folder: Path, *, place: str
) -> Mapping[str, bytes]:
    """Every file that a tree would have after a build. Arguments and errors as `bundles.write_into`."""
    made = compose(tree, render, inputs, folder, place=place)
    return {**made.files, **{path: tree.read(path) or b"" for path in made.staying}}


def _lock_state(before: bytes | None, after: bytes | None) -> FileState | None:
    if before is None:
        return FileState.NEW
    return None if before == after else FileState.STALE


def _state(
    before: bytes | None, after: bytes | None, listed: str | None, *, is_same: bool
) -> FileState | None:
    """What is the matter with a file; None if nothing is. listed: its digest in the last lock."""
    if listed is None:
        return FileState.NEW if before is None else FileState.ADDITIONAL
    if before is None:
        return FileState.MISSING
    if is_same:
        return None
    if after is None:
        return FileState.LEFT_OVER
    return FileState.STALE if digest_of(before) == listed and before != after else FileState.EDITED


def _lock_text(lock: Lock | None) -> bytes | None:
    return None if lock is None else writer.write(lock.without_nodes().to_mapping()).encode()
