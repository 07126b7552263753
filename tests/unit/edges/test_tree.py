"""A bundle's folder, replaced as a whole.

Matrix: what differs (nothing, one file, all, modes), whose the files are (no lock, damaged lock,
strangers, links and sockets), what is kept, what the system refuses at each step, what it does not
offer (links, exchange, flock), leftovers, two builds. Each refusal is checked to leave the old tree.
Left out: kills and readers beside a writer (laws/test_tree_kill.py), Windows.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sro_render.edges import system_calls
from sro_render.edges.owned import TreeChange
from sro_render.edges.tree import open_tree, replace_tree
from sro_render.errors import OutputError
from sro_render.model.file_names import LOCK_NAME
from sro_render.model.lock import Lock, digest_of


def with_lock(files: Mapping[str, str], *, also: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Files and a lock that lists them, and the kept ones of `also`."""
    contents = {path: text.encode() for path, text in files.items()}
    digests = {path: digest_of(data) for path, data in contents.items()}
    lock = Lock(cluster="c", files=digests | dict.fromkeys(also, digest_of(b"")))
    return contents | {LOCK_NAME: json.dumps(lock.to_mapping(), sort_keys=True).encode()}


def read(out: Path) -> dict[str, bytes]:
    """All files below OUT, hidden ones too."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if not path.is_dir()
    }


def below(cluster: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{cluster}/{path}": data for path, data in files.items()}


OLD = with_lock({"k": "1", "a/k": "2", "a/b/k": "3", "a/b/l": "4"})
NEW = with_lock({"k": "1", "a/k": "22", "a/b/k": "3", "a/c/k": "5", "d": "6"})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """OUT with the tree `OLD`."""
    replace_tree(tmp_path, "c", OLD)
    return tmp_path


def refuse(out: Path, files: Mapping[str, bytes] = NEW, keep: tuple[str, ...] = ()) -> str:
    """The text of the refusal, after a look that nothing changed."""
    before = read(out)
    with pytest.raises(OutputError) as caught:
        replace_tree(out, "c", files, keep=keep)
    assert read(out) == before
    assert not list(out.glob(".c.*"))
    return str(caught.value).replace(str(out), "OUT")


def test_a_first_build_makes_its_folders(tmp_path: Path) -> None:
    change = replace_tree(tmp_path / "x/y", "c", OLD)
    assert change == TreeChange(created=("a/b/k", "a/b/l", "a/k", "k", "sro.lock.yaml"))
    assert read(tmp_path) == below("x/y/c", OLD)


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "c/empty").mkdir(parents=True)
    replace_tree(tmp_path, "c", OLD)
    assert read(tmp_path) == below("c", OLD)
    assert not (tmp_path / "c/empty").exists()


def test_a_build_tells_what_it_changed(out: Path) -> None:
    assert replace_tree(out, "c", NEW) == TreeChange(
        created=("a/c/k", "d"),
        updated=("a/k", "sro.lock.yaml"),
        removed=("a/b/l",),
        unchanged=("a/b/k", "k"),
    )
    assert read(out) == below("c", NEW)


def test_unchanged_files_keep_their_inodes_and_times(out: Path) -> None:
    os.utime(out / "c/a/b/k", ns=(1, 1_000_000_007))
    before = (out / "c/a/b/k").stat()
    replace_tree(out, "c", NEW)
    after = (out / "c/a/b/k").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_nlink) == (before.st_ino, before.st_mtime_ns, 1)


def test_nothing_is_touched_when_nothing_differs(out: Path) -> None:
    def seen() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_ino, path.stat().st_ctime_ns) for path in (out, *out.rglob("*"))}

    before = seen()
    change = replace_tree(out, "c", OLD)
    assert not change
    assert change.unchanged == tuple(sorted(OLD))
    assert seen() == before


def test_other_clusters_are_left_alone(out: Path) -> None:
    replace_tree(out, "d", NEW)
    replace_tree(out, "c", NEW)
    assert read(out) == below("c", NEW) | below("d", NEW)


def test_edited_and_deleted_files_are_written_again(out: Path) -> None:
    (out / "c/a/k").write_text("edited")
    (out / "c/a/b/k").unlink()
    change = replace_tree(out, "c", OLD)
    assert (change.updated, change.created) == (("a/k",), ("a/b/k",))
    assert read(out) == below("c", OLD)


def test_an_executable_file_is_written_again_without_the_bit(out: Path) -> None:
    (out / "c/k").chmod(0o755)
    assert replace_tree(out, "c", OLD).updated == ("k",)
    assert (out / "c/k").stat().st_mode & 0o111 == 0


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_no_umask_makes_files_executable(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        replace_tree(tmp_path, "c", OLD)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o666 & ~umask}


def test_kept_files_stay_as_they_are_even_if_edited(out: Path) -> None:
    (out / "c/a/b/k").write_text("edited")
    before = (out / "c/a/b/k").stat()
    files = with_lock({"k": "9"}, also=("a/b/k",))
    assert replace_tree(out, "c", files, keep=["a/b/k"]).unchanged == ("a/b/k",)
    after = (out / "c/a/b/k").stat()
    assert read(out) == below("c", files) | {"c/a/b/k": b"edited"}
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_kept_file_that_is_gone_is_an_error(out: Path) -> None:
    (out / "c/a/b/k").unlink()
    assert refuse(out, with_lock({"k": "9"}, also=("a/b/k",)), keep=("a/b/k",)) == (
        "error[output-kept-missing]: OUT/c lacks 1 file that must stay as before\n"
        "  note: a/b/k\n"
        "  help: take them back (git checkout), or render again what they were made from"
    )


def test_a_file_that_the_lock_does_not_list_cannot_be_kept(out: Path) -> None:
    (out / "c/mine").write_text("")
    assert "output-kept-missing" in refuse(out, with_lock({"k": "9"}, also=("mine",)), keep=("mine",))


def test_files_without_a_lock_stop_the_build(tmp_path: Path) -> None:
    (tmp_path / "c/x").mkdir(parents=True)
    (tmp_path / "c/x/notes").write_text("")
    assert refuse(tmp_path) == (
        "error[output-foreign-files]: OUT/c has 1 file and no sro.lock.yaml\n"
        "  note: x/notes\n"
        "  help: move or remove them, or choose another --out; sro-render replaces this folder as a whole"
    )


def test_strangers_beside_a_lock_are_named_and_counted(out: Path) -> None:
    for number in range(12):
        (out / f"c/a/{number:02}").write_text("")
    lines = "".join(f"  note: a/{number:02}\n" for number in range(10))
    assert refuse(out) == (
        "error[output-foreign-files]: OUT/c has 12 files that its lock does not list\n"
        f"{lines}  note: and 2 more\n"
        "  help: move or remove them, or choose another --out; sro-render replaces this folder as a whole"
    )


def test_a_stranger_where_a_new_file_would_go_is_not_overwritten(out: Path) -> None:
    (out / "c/d").write_text("mine")
    assert "  note: d\n" in refuse(out)


def test_a_stranger_stops_a_build_that_would_change_nothing_else(out: Path) -> None:
    (out / "c/.DS_Store").write_text("")
    assert "  note: .DS_Store\n" in refuse(out, OLD)


def test_a_damaged_lock_stops_the_build_with_the_way_out(out: Path) -> None:
    (out / "c/sro.lock.yaml").write_text("kind: BundleLock\napiVersion: sro.openshift.io/v2\n")
    assert refuse(out) == (
        "error[lock-damaged]: OUT/c/sro.lock.yaml cannot be used, so that nobody knows which files beside it "
        "are ours: this lock has apiVersion 'sro.openshift.io/v2', and this version of sro-render reads "
        "'sro.openshift.io/v1alpha1'\n"
        "  --> apiVersion\n"
        "  help: take the committed one back (git checkout), or remove OUT/c and build again"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<<<<<<< HEAD\nkind: a\n=======\nkind: b\n>>>>>>> x\n",
        "",
        "\0",
        "- a",
        "a: b\na: c\n",
        "a: b\na: c\nd: e\nd: f\n",
    ],
)
def test_a_lock_that_is_no_lock_stops_the_build(out: Path, text: str) -> None:
    (out / "c/sro.lock.yaml").write_text(text)
    assert refuse(out).startswith("error[lock-damaged]: OUT/c/sro.lock.yaml cannot be used")


def test_a_lock_that_points_outside_stops_the_build(out: Path) -> None:
    (out / "secret").write_text("")
    document = json.loads(OLD[LOCK_NAME])
    document["files"]["../secret"] = digest_of(b"")
    (out / "c/sro.lock.yaml").write_text(json.dumps(document))
    assert "'../secret', which is not a path below its own folder" in refuse(out)


def test_links_sockets_and_fifos_are_refused_by_name(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out / "c/link").symlink_to("k")
    (out / "c/a/folder").symlink_to(tmp_path)
    os.mkfifo(out / "c/fifo")
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's name has about a hundred bytes at most, and the folder's is longer.
        monkeypatch.chdir(out / "c")
        server.bind("socket")
    with pytest.raises(OutputError) as caught:
        replace_tree(out, "c", NEW)
    assert str(caught.value).replace(str(out), "OUT") == (
        "error[output-not-plain]: OUT/c has something that is neither a file nor a folder\n"
        "  note: a/folder is a link\n"
        "  note: fifo is a FIFO\n"
        "  note: link is a link\n"
        "  note: socket is a socket\n"
        "  help: remove or move them; sro-render replaces this folder as a whole"
    )


def test_a_listed_file_that_became_a_link_is_refused_and_not_followed(out: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(OLD["k"])
    (out / "c/k").unlink()
    (out / "c/k").symlink_to(victim)
    assert "  note: k is a link\n" in refuse(out)


def test_a_cluster_folder_that_is_a_link_is_refused(out: Path) -> None:
    (out / "c").rename(out / "elsewhere")
    (out / "c").symlink_to("elsewhere")
    assert refuse(out) == (
        "error[output-not-plain]: OUT/c is a link, where sro-render has a folder of its own\n"
        "  help: remove it, or choose another --out"
    )


def test_an_out_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError) as caught:
        replace_tree(tmp_path / "out", "c", NEW)
    assert str(caught.value) == (
        f"error[output-no-folder]: {tmp_path}/out is a file, not a folder\n"
        "  --> --out\n"
        "  help: name a folder; it is made if it does not exist"
    )


@pytest.mark.parametrize(
    "cluster", ["", ".", "..", ".c", "a/b", "a\\b", "-c", "c.", "c d", "å", "nul", "COM1.x", "c" * 201, "c\n"]
)
def test_a_cluster_is_named_like_a_folder(tmp_path: Path, cluster: str) -> None:
    with pytest.raises(OutputError) as caught:
        replace_tree(tmp_path, cluster, NEW)
    assert str(caught.value) == (
        f"error[output-cluster-name]: {cluster!r} cannot be the name of a cluster's folder\n"
        "  help: use letters, digits, '.', '_' and '-', a letter or digit first, no dot at the end, "
        "200 characters at most, and no device's name such as CON"
    )
    assert list(tmp_path.iterdir()) == []


def test_clusters_that_differ_in_case_alone_are_refused(out: Path) -> None:
    with pytest.raises(OutputError) as caught:
        replace_tree(out, "C", NEW)
    assert str(caught.value) == (
        f"error[output-cluster-name]: {out} has a cluster 'c', which differs from 'C' in case alone\n"
        "  help: they would be one folder on Windows and macOS: give one another name"
    )


@pytest.mark.parametrize(
    ("files", "keep"),
    [
        ({"k": b""}, []),
        (OLD | {"../x": b""}, []),
        (OLD | {"/x": b""}, []),
        (OLD, ["../x"]),
        (OLD, ["k"]),
    ],
    ids=["no lock", "outside", "absolute", "kept outside", "kept and written"],
)
def test_paths_that_are_none_of_the_tree_are_our_own_bug(
    out: Path, files: dict[str, bytes], keep: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"need sro\.lock\.yaml|not a path of its own"):
        replace_tree(out, "c", files, keep=keep)
    assert read(out) == below("c", OLD)


class Refusal:
    """Stands in for a function that touches files; fails at a path that ends with `at`."""

    def __init__(self, function: object, number: int, at: str) -> None:
        self.function = function
        self.number = number
        self.at = at

    def __call__(self, path: object, *rest: object, **named: object) -> object:
        if str(path).endswith(self.at):
            raise OSError(self.number, os.strerror(self.number), str(path))
        assert callable(self.function)
        return self.function(path, *rest, **named)


@pytest.mark.parametrize(
    ("function", "number", "at"),
    [
        ("open", errno.EACCES, "c/a/b/k"),
        ("open", errno.EACCES, ".c.sro-new/d"),
        ("open", errno.EMFILE, ".c.sro-new/a/k"),
        ("mkdir", errno.ENOSPC, ".c.sro-new/a/c"),
        ("mkdir", errno.EROFS, ".c.sro-new"),
        ("scandir", errno.EIO, "c/a/b"),
    ],
)
def test_what_the_system_refuses_is_told_and_leaves_the_old_tree(
    out: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int, at: str
) -> None:
    monkeypatch.setattr(os, function, Refusal(getattr(os, function), number, at))
    with pytest.raises(OutputError) as caught:
        replace_tree(out, "c", NEW)
    monkeypatch.undo()
    shown = out if function == "mkdir" and at == ".c.sro-new" else out / at
    assert str(caught.value) == (
        f"error[output-failed]: {shown}: {os.strerror(number)}\n  help: the output is as it was"
    )
    assert read(out) == below("c", OLD)


def test_a_full_disk_is_told_with_the_file(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        del descriptor, data
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutputError) as caught:
        replace_tree(out, "c", NEW)
    monkeypatch.undo()
    assert str(caught.value) == (
        f"error[output-failed]: {out}/.c.sro-new/a/c/k: No space left on device\n"
        "  help: the output is as it was"
    )
    assert read(out) == below("c", OLD)


def test_a_write_that_the_system_cuts_short_is_continued(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    replace_tree(out, "c", NEW)
    assert read(out) == below("c", NEW)


@pytest.mark.parametrize("name", ["flush", "exchange"])
def test_a_disk_that_fails_at_the_end_leaves_the_old_tree(
    out: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(system_calls, name, fail)
    assert refuse(out) == "error[output-failed]: OUT/c: Input/output error\n  help: the output is as it was"


def test_an_old_tree_that_cannot_be_removed_is_told_and_removed_by_the_next_build(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))

    monkeypatch.setattr(shutil, "rmtree", fail)
    with pytest.raises(OutputError) as caught:
        replace_tree(out, "c", NEW)
    monkeypatch.undo()
    assert str(caught.value) == (
        f"error[output-failed]: {out}/.c.sro-new: Device or resource busy\n"
        "  help: the new output is in place; the next build removes what is left over"
    )
    assert read(out / "c") == NEW
    replace_tree(out, "c", NEW)
    assert read(out) == below("c", NEW)


def test_read_only_folders_are_removed_too(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rmtree = shutil.rmtree
    refused: list[Path] = []

    def refuse_once(path: Path) -> None:
        # Root removes anything, so that the refusal is played here.
        if not refused:
            refused.append(path)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        rmtree(path)

    (out / "c/a").chmod(0o500)
    monkeypatch.setattr(shutil, "rmtree", refuse_once)
    replace_tree(out, "c", NEW)
    assert refused
    assert read(out) == below("c", NEW)


def test_an_interrupt_leaves_the_old_tree_and_no_leftovers(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(system_calls, "flush", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace_tree(out, "c", NEW)
    assert read(out) == below("c", OLD)


def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_offered(left: Path, right: Path) -> None:
        del left, right
        raise system_calls.NotOfferedError

    monkeypatch.setattr(system_calls, "exchange", not_offered)


def test_without_exchange_two_renames_do_it(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_exchange(monkeypatch)
    replace_tree(out, "c", NEW)
    assert read(out) == below("c", NEW)


def test_a_second_rename_that_fails_is_taken_back(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_exchange(monkeypatch)
    monkeypatch.setattr(os, "rename", Refusal(os.rename, errno.EXDEV, ".c.sro-new"))
    assert refuse(out) == (
        "error[output-failed]: OUT/.c.sro-new: Invalid cross-device link\n  help: the output is as it was"
    )


def test_without_hard_links_files_are_copied_with_their_times(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(out / "c/a/b/k", ns=(1, 1_000_000_007))
    monkeypatch.setattr(os, "link", Refusal(os.link, errno.EPERM, ""))
    monkeypatch.setattr(os, "supports_follow_symlinks", {os.link})
    replace_tree(out, "c", NEW)
    assert read(out) == below("c", NEW)
    assert (out / "c/a/b/k").stat().st_mtime_ns == 1_000_000_007


def test_leftovers_of_a_killed_build_are_removed(out: Path) -> None:
    for name in (".c.sro-new", ".c.sro-old"):
        (out / name / "x").mkdir(parents=True)
        (out / name / "x/y").write_text("")
    assert not replace_tree(out, "c", OLD)
    assert read(out) == below("c", OLD)


def test_an_old_tree_that_lost_its_name_gets_it_back(out: Path) -> None:
    (out / "c").rename(out / ".c.sro-old")
    (out / ".c.sro-new").mkdir()
    with open_tree(out, "c") as current:
        lock = current.read_lock()
    assert lock == Lock.from_mapping(json.loads(OLD[LOCK_NAME]))
    assert read(out) == below("c", OLD)


def test_a_leftover_that_is_a_link_is_refused_and_not_followed(out: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (out / ".c.sro-new").symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError) as caught:
        replace_tree(out, "c", NEW)
    assert caught.value.finding.message == (
        f"{out}/.c.sro-new is a link, where sro-render has a folder of its own"
    )
    assert (tmp_path / "precious").is_dir()


def test_there_is_no_lock_before_the_first_build(tmp_path: Path) -> None:
    with open_tree(tmp_path, "c") as current:
        assert current.read_lock() is None


HOLDER = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds OUT until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, out], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process


def who(process: subprocess.Popen[bytes]) -> str:
    if sys.platform != "linux":
        return "another process"
    return f"process {process.pid} ({Path(f'/proc/{process.pid}/comm').read_text().strip()})"


def test_a_second_build_gives_up_and_says_who_is_first(out: Path, holder: subprocess.Popen[bytes]) -> None:
    said: list[str] = []
    with pytest.raises(OutputError) as caught:
        replace_tree(out, "c", NEW, wait_s=0.1, say=said.append)
    assert said == [f"waiting for {who(holder)}, which is writing to {out}"]
    assert str(caught.value) == (
        f"error[output-busy]: {who(holder)} is writing to {out}, and did not finish within 0.1 seconds\n"
        "  help: wait until it is done, and build again"
    )
    assert read(out) == below("c", OLD)


def test_a_second_build_goes_on_when_the_first_ends(out: Path, holder: subprocess.Popen[bytes]) -> None:
    def end(_: str) -> None:
        assert holder.stdin is not None
        holder.stdin.close()

    replace_tree(out, "c", NEW, wait_s=30, say=end)
    assert read(out) == below("c", NEW)


def test_the_lock_is_let_go_after_a_failure(out: Path) -> None:
    (out / "c/mine").write_text("")
    refuse(out)
    (out / "c/mine").unlink()
    replace_tree(out, "c", NEW, wait_s=0)


def test_a_folder_that_cannot_be_locked_gets_a_lock_file(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock = fcntl.flock

    def only_files(descriptor: int, operation: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", only_files)
    with open_tree(out, "c"), pytest.raises(OutputError, match="output-busy"):
        replace_tree(out, "c", NEW, wait_s=0)
    replace_tree(out, "c", NEW)
    assert read(out) == below("c", NEW) | {system_calls.LOCK_FILE: b""}


def test_a_lock_on_a_folder_that_was_moved_away_does_not_count(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = out.with_name("moved")
    try_lock = system_calls.try_lock

    def move_first(folder: Path) -> tuple[int, bool]:
        found = try_lock(folder)
        if not moved.exists():
            out.rename(moved)
            out.mkdir()
        return found

    monkeypatch.setattr(system_calls, "try_lock", move_first)
    replace_tree(out, "c", NEW)
    assert read(out) == below("c", NEW)
    assert read(moved) == below("c", OLD)


def test_exchange_tells_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(FileNotFoundError):
        system_calls.exchange(tmp_path / "a", tmp_path / "b")


def test_a_holder_that_the_system_does_not_name_is_another_process(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, **_: object) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", fail)
    folder = os.open(out, os.O_RDONLY)
    assert system_calls.lock_holder(folder) == "another process"
    os.close(folder)
