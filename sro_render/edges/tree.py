"""Replaces OUT/CLUSTER by a new bundle as a whole, or not at all.

Decides how a new tree takes the place of an old one; which files there are ours is decided in `owned`,
and what the files hold elsewhere. The rules:

- OUT/CLUSTER belongs to us. A file that the last lock does not list, or anything that is no plain
  file or folder, stops the build. A listed file that was edited or deleted is written again. Empty
  folders are nobody's.
- The new tree is built in the hidden folder `OUT/.CLUSTER.sro-new`; files that stay as they are get
  hard links from the old tree, so that they keep their inodes and times. Then the two folders
  exchange their names in one step, and the old tree is removed, its lock first. If nothing differs,
  nothing is touched.
- Readers: who opens OUT/CLUSTER once and reads below that descriptor sees the old tree or the new
  one; if the lock is still there after reading, what was read is whole. Who looks up every file by
  its path may meet the exchange between two files, and compares with the digests in the lock.
- A killed process leaves the old tree or the new one, and maybe the hidden folder, which the next
  build removes. A machine that stops does the same: the new tree is flushed to the disk before the
  exchange, and the exchange before the old tree goes.
- Where names cannot be exchanged, the old tree is renamed to `OUT/.CLUSTER.sro-old` and the new one
  takes its place; between the two, readers find nothing, and after a kill there the next build puts
  the old tree back. Where hard links cannot be made, files are copied with their times.
- One process at a time holds OUT. The lock is on the folder itself and needs no file in it.

Folders are new ones after a change: a shell or a watcher inside stays in the old, removed ones. A
folder from a lower layer of a container image cannot be renamed by overlayfs, so that a bundle
inside an image can be checked, but not built again in place.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sro_render.edges import system_calls
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
from sro_render.model.file_names import LOCK_NAME
from sro_render.model.lock import Lock

WAIT_S = 5.0
"""How long a build waits for another one."""

_POLL_S = 0.05
_MAX_CLUSTER_BYTES = 200
_CLUSTER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")
_DEVICE = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_OLD_FILE = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISREG, "a file"),
)


def replace_tree(
    out: Path,
    cluster: str,
    files: Mapping[str, bytes],
    *,
    keep: Collection[str] = (),
    lock_name: str = LOCK_NAME,
    wait_s: float = WAIT_S,
    say: Callable[[str], None] = lambda _: None,
) -> TreeChange:
    """Make OUT/CLUSTER hold exactly `files` and `keep`: `open_tree` and `OutputTree.replace` in one."""
    with open_tree(out, cluster, lock_name=lock_name, wait_s=wait_s, say=say) as tree:
        return tree.replace(files, keep=keep)


def check_cluster_name(cluster: str, *, named_by: str = "") -> None:
    """Refuse a name that is not a folder's on every system. Raises OutputError: `output-cluster-name`."""
    if len(cluster) > _MAX_CLUSTER_BYTES or not _CLUSTER.fullmatch(cluster) or _DEVICE.fullmatch(cluster):
        raise OutputError(
            "output-cluster-name",
            f"{cluster!r} cannot be the name of a cluster's folder",
            path=named_by,
            hint="use letters, digits, '.', '_' and '-', a letter or digit first, no dot at the end, "
            f"{_MAX_CLUSTER_BYTES} characters at most, and no device's name such as CON",
        )


def check_place(out: Path, cluster: str, *, named_by: str = "") -> None:
    """Refuse what cannot become OUT/CLUSTER, before anything is rendered. Touches nothing.

    Args:   named_by: where the cluster's name comes from, such as `--cluster`.
    Raises: OutputError: as `check_cluster_name`; `output-no-folder`: OUT, or a part of its path, is
            something else than a folder.
    """
    check_cluster_name(cluster, named_by=named_by)
    with _system_errors(out):
        there = next((each for each in (out, *out.parents) if os.path.lexists(each)), None)
        if there is None or there.is_dir():
            return
        kind = _kind(there.lstat().st_mode)
    raise OutputError(
        "output-no-folder",
        f"{there} is {kind}" + (", and leads to no folder" if there.is_symlink() else ", not a folder"),
        path="--out",
        hint="name a folder; it is made if it does not exist",
    )


@contextmanager
def open_tree(
    out: Path,
    cluster: str,
    *,
    lock_name: str = LOCK_NAME,
    wait_s: float = WAIT_S,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[OutputTree]:
    """Hold OUT for this process, and clean up after a build that was killed.

    A build that decides by the last lock (stale files, Unmanaged SRs) reads that lock and replaces the
    tree inside one `with`, so that no other build comes between.

    Args:   out: made with its parents if it does not exist.
            say: told once, in one sentence, whom we wait for.
    Raises: OutputError: as `check_place`; `output-busy` when another process still holds OUT
            after `wait_s` seconds, `output-failed` when the system refuses.
    """
    check_place(out, cluster)
    with _system_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    with _hold(out, wait_s, say):
        tree = OutputTree(out, cluster, lock_name)
        tree.recover()
        yield tree


class OutputTree:
    """OUT/CLUSTER, while this process holds OUT. Made by `open_tree`."""

    def __init__(self, out: Path, cluster: str, lock_name: str) -> None:
        self._out = out
        self._cluster = cluster
        self._lock_name = lock_name
        self._current = out / cluster
        self._place = Place(name=str(self._current), option="--out")
        self._new = out / f".{cluster}.sro-new"
        self._old = out / f".{cluster}.sro-old"

    def recover(self) -> None:
        """Remove what a killed build left, and put back an old tree that lost its name."""
        with _system_errors(self._current):
            self._check_own_folders()
            self._clean_up()

    def read_lock(self) -> Lock | None:
        """The lock of the tree as it is, None where there is none.

        Raises: OutputError: `lock-damaged`, with what is wrong in it.
        """
        path = self._current / self._lock_name
        with _system_errors(path):
            try:
                data = _read_file(path)
            except FileNotFoundError:
                return None
        return parse_lock(str(path), data, self._place)

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None where there is no plain file of that path."""
        file = self._current / path
        with _system_errors(file):
            return None if file.is_symlink() or not file.is_file() else file.read_bytes()

    def look(self, files: Mapping[str, bytes], keep: Collection[str] = ()) -> TreeChange:
        """What `replace` would change; writes nothing, and needs no hold on OUT.

        Raises: OutputError: `output-not-plain`, `output-kept-missing`, `output-failed`.
        """
        check_paths(files, keep, self._lock_name)
        with _system_errors(self._current):
            return self._compare(self._scan(), files, keep)

    def replace(self, files: Mapping[str, bytes], *, keep: Collection[str] = ()) -> TreeChange:
        """Make the tree hold exactly `files`, and the files of `keep` as they are now.

        Args:   files: path relative to OUT/CLUSTER, with `/` between its parts, to content; the lock
                among them.
                keep: paths that the last lock lists and `files` does not have.
        Returns: what differs from before; `keep` counts as unchanged.
        Raises: OutputError: `output-foreign-files`, `output-not-plain`, `output-kept-missing`,
                `lock-damaged`, `output-failed`. The tree is as it was.
                ValueError: the paths are not what they are said to be here.
        """
        check_paths(files, keep, self._lock_name)
        with _system_errors(self._current):
            found = self._scan()
            change = self._compare(found, files, keep)
            if change:
                refuse_foreign(self._place, found, self.read_lock(), keep, self._lock_name)
                self._write(files, change)
        return change

    def _check_own_folders(self) -> None:
        """Refuse folders of ours that are something else, and a cluster that differs in case alone."""
        for path in (self._current, self._new, self._old):
            if os.path.lexists(path) and not stat.S_ISDIR(path.lstat().st_mode):
                raise OutputError(
                    "output-not-plain",
                    f"{path} is {_kind(path.lstat().st_mode)}, where sro-render has a folder of its own",
                    hint="remove it, or choose another --out",
                )
        refuse_twin(str(self._out), self._cluster, (entry.name for entry in self._out.iterdir()))

    def _scan(self) -> dict[str, os.stat_result]:
        """All files of the tree as it is, paths as in the lock; refuses what is neither file nor folder."""
        found: dict[str, os.stat_result] = {}
        refused: dict[str, str] = {}
        folders = [""] if os.path.lexists(self._current) else []
        while folders:
            prefix = folders.pop()
            with os.scandir(self._current / prefix) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{path}/")
                        continue
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        found[path] = status
                    else:
                        refused[path] = _kind(status.st_mode)
        refuse_not_plain(self._place, refused)
        return found

    def _compare(
        self, found: Mapping[str, os.stat_result], files: Mapping[str, bytes], keep: Collection[str]
    ) -> TreeChange:
        return compare(
            self._place, found, lambda path, data: self._is_same(path, found[path], data), files, keep
        )

    def _is_same(self, path: str, status: os.stat_result, data: bytes) -> bool:
        """Whether Git would see no difference: the same bytes, and not executable."""
        if status.st_size != len(data) or (os.name == "posix" and status.st_mode & 0o111):
            return False
        return _read_file(f"{self._current}/{path}") == data

    def _write(self, files: Mapping[str, bytes], change: TreeChange) -> None:
        try:
            self._build(files, change)
            self._flush()
            self._put_in_place()
        except BaseException:
            with suppress(OSError):
                self._clean_up()
            raise
        with _system_errors(
            self._out, "the new output is in place; the next build removes what is left over"
        ):
            self._flush_names()
            self._clean_up()

    def _build(self, files: Mapping[str, bytes], change: TreeChange) -> None:
        try:
            self._new.mkdir()
        except OSError as error:
            # What is refused is writing to OUT; nobody knows the hidden folder.
            error.filename = str(self._out)
            raise
        made = {""}
        for path in (*change.created, *change.updated):
            self._make_parents(path, made)
            _write_file(f"{self._new}/{path}", files[path])
        for path in change.unchanged:
            self._make_parents(path, made)
            _link_or_copy(f"{self._current}/{path}", f"{self._new}/{path}")

    def _make_parents(self, path: str, made: set[str]) -> None:
        parent = path.rpartition("/")[0]
        if parent not in made:
            self._make_parents(parent, made)
            (self._new / parent).mkdir()
            made.add(parent)

    def _flush(self) -> None:
        """Before the exchange: a machine that stops after it must find the new files' contents."""
        with _opened_folder(self._out) as folder:
            system_calls.flush(folder)

    def _flush_names(self) -> None:
        """Before the old tree goes: a machine that stops then must find the new one under its name."""
        if os.name == "posix":
            with _opened_folder(self._out) as folder:
                os.fsync(folder)

    def _put_in_place(self) -> None:
        """Give the new tree its name. An old tree then bears one of the two hidden names."""
        if not os.path.lexists(self._current):
            self._new.rename(self._current)
            return
        try:
            system_calls.exchange(self._new, self._current)
        except system_calls.NotOfferedError:
            self._current.rename(self._old)
            self._new.rename(self._current)

    def _clean_up(self) -> None:
        """Remove the hidden folders; an old tree that lost its name to nobody gets it back first.

        The lock goes before the other files: a reader that still finds it has read a whole tree.
        """
        if os.path.lexists(self._old) and not os.path.lexists(self._current):
            self._old.rename(self._current)
        for path in (self._old, self._new):
            (path / self._lock_name).unlink(missing_ok=True)
            _remove_tree(path)


@contextmanager
def _hold(out: Path, wait_s: float, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock on OUT; another process that holds it is waited for."""
    deadline = time.monotonic() + wait_s
    has_said = False
    while True:
        with _system_errors(out):
            descriptor, is_ours = system_calls.try_lock(out)
        try:
            if is_ours and _is_still(out, descriptor):
                yield
                return
            holder = system_calls.lock_holder(descriptor)
        finally:
            os.close(descriptor)
        if time.monotonic() >= deadline:
            raise OutputError(
                "output-busy",
                f"{holder} is writing to {out}, and did not finish within {wait_s:g} seconds",
                hint="wait until it is done, and build again",
            )
        if not has_said:
            say(f"waiting for {holder}, which is writing to {out}")
            has_said = True
        time.sleep(_POLL_S)


def _is_still(out: Path, descriptor: int) -> bool:
    """Whether a lock that we got is on what OUT is now: whoever held it may have moved the folder."""
    status = os.fstat(descriptor)
    if not stat.S_ISDIR(status.st_mode):
        return True
    try:
        return os.path.samestat(status, out.stat())
    except FileNotFoundError:
        return False


@contextmanager
def _system_errors(path: Path, consequence: str = "the output is as it was") -> Iterator[None]:
    """Tell a refusal of the system with its path and reason."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            "output-failed", f"{error.filename or path}: {error.strerror or error}", hint=consequence
        ) from error


@contextmanager
def _opened_folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read_file(path: str | Path) -> bytes:
    with os.fdopen(os.open(path, _OLD_FILE), "rb", buffering=0) as file:
        return file.read()


def _write_file(path: str, data: bytes) -> None:
    descriptor = os.open(path, _NEW_FILE, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError as error:
        error.filename = error.filename or path
        raise
    finally:
        os.close(descriptor)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=os.link not in os.supports_follow_symlinks)
    except OSError:
        # FAT has no links; Linux may refuse links to other users' files (protected_hardlinks).
        import shutil  # noqa: PLC0415 (most builds neither copy nor remove, and it brings all compressors along)

        shutil.copy2(source, target, follow_symlinks=False)


def _remove_tree(path: Path) -> None:
    """Remove a tree of ours, also one with folders that were made read-only."""
    if not os.path.lexists(path):
        return
    import shutil  # noqa: PLC0415 (as above)

    try:
        shutil.rmtree(path)
    except PermissionError:
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(0o700)
        shutil.rmtree(path)


def _kind(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "a device")
