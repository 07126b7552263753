"""Reads files out of commits, without a work tree and only those that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from sro_render.edges.git.objects import TreeEntry, list_tree
from sro_render.edges.git.program import Git
from sro_render.edges.git.repository import Repository, check_path, open_repository
from sro_render.edges.lazy_files import LazyFiles
from sro_render.errors import InputError, OutputError


class Blobs:
    """Gives the bytes of blobs, from one git that answers until it is closed."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._program = git.stream("cat-file", "--batch")

    def read(self, name: str) -> bytes:
        """The bytes of a blob. Raises OutputError: `git-damaged`: it is not there."""
        questions, answers = self._program.stdin, self._program.stdout
        if questions is None or answers is None:
            raise AssertionError
        questions.write(name.encode("ascii") + b"\n")
        questions.flush()
        header = answers.readline().split()
        if len(header) != 3 or header[1] != b"blob":
            raise OutputError(
                "git-damaged",
                f"the repository lacks the object {name}",
                hint="look at it with git fsck, or fetch again",
            )
        data = answers.read(int(header[2]) + 1)
        return data[:-1]

    def close(self) -> None:
        """End the program."""
        self._program.communicate()


class RevisionFiles(LazyFiles):
    """The files of a folder in a commit; links and submodules are among `others`."""

    def __init__(
        self, repository: Repository, commit: str, folder: str, entries: Mapping[str, TreeEntry]
    ) -> None:
        self.repository = repository
        self.commit = commit
        self.folder = folder
        self._blobs = Blobs(repository.git)
        super().__init__(
            (path for path, entry in entries.items() if entry.is_file),
            lambda path: self._blobs.read(entries[path].id),
            {path: entry.what for path, entry in entries.items() if not entry.is_file},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program that reads."""
        self._blobs.close()


def open_revision(given: str, place: str = ".", *, may_be_file: bool = False) -> RevisionFiles:
    """The files of `REV:PATH`, or of all of REV.

    Args:   given: PATH is relative to the repository's top; a `REV` has no colon.
            place: a folder of the repository; may_be_file: whether PATH may name a file, too.
    Raises: InputError: `no-such-revision`, `no-such-folder`; OutputError: as `open_repository`.
    """
    revision, _, path = given.partition(":")
    repository = open_repository(place)
    folder = check_path(path, option="")
    name = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    commit = repository.git.run(*name, may_fail=True).text if revision and "\0" not in revision else ""
    if not commit:
        raise InputError(
            "no-such-revision",
            f"{place} has no commit {revision!r}",
            hint="git log --all lists commits; a branch of a server has to be fetched first",
        )
    found = find_folder(repository, commit, folder)
    if found is None:
        raise InputError("no-such-folder", f"{revision} has nothing in {path!r}")
    if found.is_file and may_be_file:
        return RevisionFiles(repository, commit, folder, {folder.rpartition("/")[2]: found})
    if found.kind != "tree":
        raise InputError("no-such-folder", f"{path!r} is {found.what} in {revision}, not a folder")
    return RevisionFiles(repository, commit, folder, list_tree(repository, found.id, is_deep=True))


def find_folder(repository: Repository, commit: str, folder: str) -> TreeEntry | None:
    """What a commit has under a path: a tree's entry, None where there is nothing.

    Where a part of the path is no folder, that part is what is given.
    """
    found = TreeEntry(mode="040000", kind="tree", id=f"{commit}^{{tree}}")
    for part in folder.split("/") if folder else ():
        inner = list_tree(repository, found.id).get(part)
        if inner is None or inner.kind != "tree":
            return inner
        found = inner
    return found
