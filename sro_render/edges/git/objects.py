"""Writes blobs, trees and commits, by git's own programs and without a work tree.

Blobs go in one stream through `git fast-import`: thousands take one process and end in one pack, where
`hash-object` would need each of them as a file first. The tree is made in an index of our own, in a
folder of its own, so that everything else that the commit's tree holds (submodules and links too) comes
along by `read-tree`; the user's index is never looked at. `commit-tree` makes the commit, which is also
where git signs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import new as new_hash
from tempfile import TemporaryDirectory

from msgspec import Struct

from sro_render.edges.git.program import failed
from sro_render.edges.git.repository import Repository
from sro_render.errors import OutputError

FILE_MODE = "100644"
FOLDER_MODE = "040000"


class TreeEntry(Struct, frozen=True, kw_only=True):
    """What a tree holds under a name. kind: `blob`, `tree` or `commit`, which is a submodule."""

    mode: str
    kind: str
    id: str

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file, executable or not."""
        return self.kind == "blob" and self.mode.startswith("100")

    @property
    def what(self) -> str:
        """In a message."""
        if self.mode.startswith("120"):
            return "a link"
        return {"commit": "a submodule", "tree": "a folder"}.get(self.kind, "a file")


class Committer(Struct, frozen=True, kw_only=True):
    """Who commits, and when, as variables of git's environment. key: signs, where it is not None."""

    variables: Mapping[str, str]
    key: str | None = None


def blob_id(data: bytes, hash_name: str) -> str:
    """The id that git gives a content: to know what is there already without asking for each file."""
    return new_hash(hash_name, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def list_tree(repository: Repository, tree: str, *, is_deep: bool = False) -> dict[str, TreeEntry]:
    """What a tree holds: names, or with `is_deep` paths of everything but folders."""
    deep = ("-r",) if is_deep else ()
    listed = repository.git.run("ls-tree", "-z", "--full-tree", *deep, tree).out
    entries = {}
    for line in listed.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, kind, name = about.decode("ascii").split(" ")
        entries[os.fsdecode(path)] = TreeEntry(mode=mode, kind=kind, id=name)
    return entries


def write_blobs(repository: Repository, contents: Iterable[bytes]) -> dict[bytes, str]:
    """Write contents; returns the id of each."""
    distinct = list(dict.fromkeys(contents))
    if not distinct:
        return {}
    stream = bytearray()
    for mark, data in enumerate(distinct, start=1):
        stream += b"blob\nmark :%d\ndata %d\n%b\n" % (mark, len(data), data)
    for mark in range(1, len(distinct) + 1):
        stream += b"get-mark :%d\n" % mark
    stream += b"done\n"
    # It moves no reference, and would ask the hook that guards them nevertheless.
    unhooked = ("-c", f"core.hooksPath={os.devnull}")
    ids = repository.git.run(*unhooked, "fast-import", "--quiet", "--done", data=bytes(stream)).out
    return dict(zip(distinct, ids.decode("ascii").split(), strict=True))


def write_tree(repository: Repository, base: str, put: Mapping[str, str], removed: Iterable[str] = ()) -> str:
    """A tree like that of `base`, with other files.

    Args:    base: a commit, or empty for none; put: of each path, the blob's id.
    Raises:  OutputError: `git-path`: git refuses a path.
    """
    lines = [f"0 {repository.no_object}\t{path}" for path in removed]
    lines += [f"{FILE_MODE} {name}\t{path}" for path, name in put.items()]
    with TemporaryDirectory(prefix="sro-render-") as folder:
        own = {"GIT_INDEX_FILE": os.path.join(folder, "index")}  # noqa: PTH118 - for git
        if base:
            repository.git.run("read-tree", base, more=own)
        data = b"".join(os.fsencode(line) + b"\0" for line in lines)
        answer = repository.git.run("update-index", "-z", "--index-info", data=data, more=own)
        if "Ignoring path" in answer.err:
            raise OutputError(
                "git-path",
                f"git does not take a path: {answer.complaint.removeprefix('Ignoring path ')}",
                path="--path",
                hint="choose another folder",
            )
        return repository.git.run("write-tree", more=own).text


def write_commit(repository: Repository, tree: str, parent: str, message: str, committer: Committer) -> str:
    """Write a commit. Args: parent: empty for the first one.

    Raises: OutputError: `git-not-signed` where git cannot sign it.
    """
    arguments = ["commit-tree", tree, *(("-p", parent) if parent else ())]
    if committer.key is not None:
        arguments.append(f"-S{committer.key}")
    answer = repository.git.run(
        *arguments, "-F", "-", data=message.encode(), more=committer.variables, may_fail=True
    )
    if not answer.code:
        return answer.text
    if committer.key is None:
        raise failed("commit-tree", answer)
    raise OutputError(
        "git-not-signed",
        f"git cannot sign the commit: {answer.complaint}",
        notes=tuple(line for line in answer.err.splitlines() if line.strip())[:10],
        path="--sign",
        hint="set user.signingkey and gpg.format (ssh or openpgp) with git config, or give --sign-key",
    )
