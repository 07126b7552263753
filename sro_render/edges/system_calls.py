"""What the file system offers beyond `os`: exchanging folders, flushing, locking a folder.

Decides how each is asked for on Linux, macOS and elsewhere, and tells honestly where it does not
exist. What they are used for is `tree`'s matter.
Source: the manual pages renameat2(2), renamex_np(2), syncfs(2), flock(2), proc_locks(5).
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_FILE = ".sro-render.lock"
"""Locked where a folder itself cannot be: on Windows and on some network file systems."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
# The number of renameat2, for C libraries that have no function for it.
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "ppc64le": 357, "s390x": 347, "riscv64": 276}
# EPERM: sandboxes answer so to calls that they do not know; a real one hits the plain renames as well.
_NOT_OFFERED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP})


class NotOfferedError(Exception):
    """The system or the file system cannot do it."""


def exchange(left: Path, right: Path) -> None:
    """Swap the names of two folders in one step: nobody ever sees one of them missing.

    Raises: NotOfferedError: nothing happened, and nothing of the kind is to be had here.
            OSError: nothing happened, for another reason.
    """
    swap = _swap()
    if swap is None:
        raise NotOfferedError
    if swap(os.fsencode(left), os.fsencode(right)) != 0:
        number = ctypes.get_errno()
        if number in _NOT_OFFERED:
            raise NotOfferedError
        raise OSError(number, os.strerror(number), str(left), None, str(right))


def flush(folder: int) -> None:
    """Bring all that was written to a folder's file system onto the disk.

    One call for thousands of files: an fsync for each costs a commit of the journal each.
    Elsewhere than on Linux every file system is flushed; on Windows nothing is.
    """
    library = _c_library()
    if library is not None and hasattr(library, "syncfs"):
        if library.syncfs(folder) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    elif hasattr(os, "sync"):
        os.sync()


def try_lock(folder: Path) -> tuple[int, bool]:
    """Try to take the lock on a folder for this process.

    Returns: a descriptor, to be closed by the caller, and whether the lock is ours. The lock goes when
             the descriptor is closed or the process ends, however it ends.
    """
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return descriptor, _try_lock(descriptor)
        except OSError:
            # NFS locks only what is open for writing, which a folder cannot be.
            os.close(descriptor)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(folder / LOCK_FILE, flags, 0o666)
    return descriptor, _try_lock(descriptor)


def lock_holder(descriptor: int) -> str:
    """Who holds a lock, such as `process 1234 (sro-render)`; `another process` where that is not told."""
    inode = f":{os.fstat(descriptor).st_ino}"
    try:
        # 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF; a process that waits has "->" after the number.
        locks = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
        holder = next(lock[4] for lock in locks if lock[1] == "FLOCK" and lock[5].endswith(inode))
        name = Path(f"/proc/{int(holder)}/comm").read_text(encoding="utf-8", errors="replace")
    except (OSError, StopIteration, ValueError, IndexError):
        return "another process"
    return f"process {holder} ({name.strip()})"


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _swap() -> Callable[[bytes, bytes], int] | None:
    """The system's own function that exchanges two names, 0 for success; None if it has none."""
    library = _c_library()
    if library is None:
        return None
    if hasattr(library, "renameat2"):
        return lambda one, two: library.renameat2(_AT_FDCWD, one, _AT_FDCWD, two, _RENAME_EXCHANGE)
    if hasattr(library, "renamex_np"):
        return lambda one, two: library.renamex_np(one, two, _RENAME_SWAP)
    number = _RENAMEAT2.get(os.uname().machine) if sys.platform == "linux" else None
    if number is None:
        return None
    return lambda one, two: library.syscall(number, _AT_FDCWD, one, _AT_FDCWD, two, _RENAME_EXCHANGE)


@cache
def _c_library() -> ctypes.CDLL | None:
    return None if sys.platform == "win32" else ctypes.CDLL(None, use_errno=True)
