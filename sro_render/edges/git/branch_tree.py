"""A cluster's tree in a commit, as `owned` wants it: read lazily, replaced by a tree that is written.

Decides nothing of its own but what is the same: a plain file, not executable, with the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from sro_render.edges.git.objects import FILE_MODE, TreeEntry, blob_id, list_tree, write_blobs, write_tree
from sro_render.edges.git.reading import Blobs, find_folder
from sro_render.edges.git.repository import Repository
from sro_render.edges.owned import (
    Place,
    TreeChange,
    check_paths,
    compare,
    parse_lock,
    refuse_foreign,
    refuse_not_plain,
    refuse_twin,
)
from sro_render.errors import OutputError
from sro_render.model.file_names import LOCK_NAME, METADATA_NAME
from sro_render.model.lock import Lock


class BranchTree:
    """PATH/CLUSTER in the tree of a commit, to be replaced by another one.

    Args of the class: base: the commit, empty for none; path: PATH, empty for the top.
    """

    def __init__(self, repository: Repository, blobs: Blobs, base: str, path: str, cluster: str) -> None:
        self._repository = repository
        self._blobs = blobs
        self._base = base
        self._path = path
        self._folder = _joined(path, cluster)
        self.place = Place(
            name=self._folder, option="--path", remedy="take the last good one back (git revert)"
        )
        around = self._list_around(path)
        refuse_twin(path or "the branch", cluster, around)
        self._metadata = around.get(METADATA_NAME)
        self._entries = self._list_own(around.get(cluster))
        self._put: Mapping[str, bytes] = {}
        self._removed: Collection[str] = ()

    def read_lock(self) -> Lock | None:
        """The lock of the tree as it is, None where there is none. Raises OutputError: `lock-damaged`."""
        data = self.read(LOCK_NAME)
        return None if data is None else parse_lock(f"{self._folder}/{LOCK_NAME}", data, self.place)

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None where there is no plain file of that path."""
        entry = self._entries.get(path)
        return self._blobs.read(entry.id) if entry is not None and entry.is_file else None

    def look(self, files: Mapping[str, bytes], keep: Collection[str] = ()) -> TreeChange:
        """What `replace` would change, whosever the files are. Raises: as `tree.OutputTree.look`."""
        check_paths(files, keep)
        refuse_not_plain(
            self.place, {path: entry.what for path, entry in self._entries.items() if not entry.is_file}
        )
        return compare(self.place, self._entries, self._is_same, files, keep)

    def replace(self, files: Mapping[str, bytes], *, keep: Collection[str] = ()) -> TreeChange:
        """Say what the next tree holds: `files`, and those of `keep` as they are. Nothing is written yet.

        Raises: OutputError: as `tree.OutputTree.replace`.
        """
        change = self.look(files, keep)
        if change:
            refuse_foreign(self.place, self._entries, self.read_lock(), keep)
        self._put = {path: files[path] for path in (*change.created, *change.updated)}
        self._removed = change.removed
        return change

    def write(self, metadata: bytes | None) -> str:
        """Write the tree of the whole commit, and return its id.

        Args:    metadata: the file beside the clusters' folders that tells what was rendered.
        """
        contents = {f"{self._folder}/{path}": data for path, data in self._put.items()}
        if metadata is not None:
            self._refuse_foreign_metadata()
            contents[_joined(self._path, METADATA_NAME)] = metadata
        ids = write_blobs(self._repository, contents.values())
        put = {path: ids[data] for path, data in contents.items()}
        return write_tree(
            self._repository, self._base, put, (f"{self._folder}/{path}" for path in self._removed)
        )

    def _list_around(self, path: str) -> Mapping[str, TreeEntry]:
        """What lies in PATH, which must be a folder or not there yet."""
        found = find_folder(self._repository, self._base, path) if self._base else None
        if found is None:
            return {}
        if found.kind != "tree":
            raise OutputError(
                "output-no-folder",
                f"{path} leads over {found.what} of the branch, not over folders alone",
                path="--path",
                hint="name another folder",
            )
        return list_tree(self._repository, found.id)

    def _list_own(self, entry: TreeEntry | None) -> Mapping[str, TreeEntry]:
        if entry is None:
            return {}
        if entry.kind != "tree":
            raise OutputError(
                "output-not-plain",
                f"{self._folder} is {entry.what}, where sro-render has a folder of its own",
                hint="remove it, or choose another --path",
            )
        return list_tree(self._repository, entry.id, is_deep=True)

    def _is_same(self, path: str, data: bytes) -> bool:
        entry = self._entries[path]
        return entry.mode == FILE_MODE and entry.id == blob_id(data, self._repository.hash_name)

    def _refuse_foreign_metadata(self) -> None:
        """Refuse to overwrite what only has the name of the hydrator's file."""
        entry = self._metadata
        if entry is None:
            return
        if entry.is_file:
            try:
                document = json.loads(self._blobs.read(entry.id))
            except ValueError:
                document = None
            if isinstance(document, dict) and "drySha" in document:
                return
        raise OutputError(
            "output-foreign-files",
            f"{_joined(self._path, METADATA_NAME)} is {entry.what} that no hydrator wrote",
            hint="move or remove it, or choose another --path",
        )


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
