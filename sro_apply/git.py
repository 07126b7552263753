"""The program git, which reads what strangers wrote: it is told how to reach them, and heard only so long.

Knows no bundle. What git says may repeat an address, so that credentials are taken out of it here.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from sro_apply.errors import SourceUnreachableError
from sro_render.errors import InputError, SroError

SCHEMES: Final = ("https", "ssh", "file")
TIMEOUT_S: Final = 120.0
_CHUNK: Final = 65_536
_MOST_COMPLAINT: Final = 65_536
"""Bytes of what git complains of that are kept: the far end may talk without an end."""
_CREDENTIALS: Final = re.compile(
    r"(?<=://)(?:"
    r"[^/@:\s]*:(?!\d{1,5}/)[^@\s]*@"  # a user and a password, which may have a slash by mistake
    r"|(?<=https://)[^/@\s]+@"  # a token alone
    r")(?:[^/@\s]+@)*"  # or an @
)
_UNREACHABLE: Final = re.compile(
    r"\bunable to access '[^']*': (?:Could not resolve (?:host|proxy)|Failed to connect to"
    r"|Connection timed out|Operation (?:timed out|too slow)|Recv failure|Send failure"
    r"|Empty reply from server|The requested URL returned error: 5\d\d)"
    r"|\bssh: (?:Could not resolve hostname|connect to host) "
    r"|\bRPC failed; (?:curl|HTTP 5\d\d) "
)
"""What git, curl and ssh say of a server that is not there or not well; of all else the address, the ref or
the credentials may be the cause. Source: git remote-curl.c; curl lib/strerror.c, lib/connect.c; openssh
sshconnect.c."""
_LOOK_S: Final = 0.5
"""So often it is seen whether git's answer is waited for still."""
_CALM: Final = (
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    "maintenance.auto=0",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
    "core.bigFileThreshold=32m",
)
"""Settings of git: it runs nothing of the repository, leaves nothing behind, waits for no dead server, and
holds no file in memory that is larger than any bundle: half a megabyte can be packed half a gigabyte."""
_KEPT: Final = frozenset({"GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL"})
"""Of git's variables those that say how to reach a repository; others name one."""


class TooMuchError(InputError):
    """Git told more than it may, and was ended."""


class _EndlessError(Exception):
    """What git tells has no end that we wait for."""


class _SilentError(Exception):
    """Git does not come to an end."""


class _UnwantedError(Exception):
    """Nobody waits for git any more."""


class Git:
    """Git in a folder.

    Args:
        about:   the repository and the ref, as people may see them.
        is_over: whether nobody waits for an answer any more.
    """

    def __init__(self, about: str, folder: str, is_over: Callable[[], bool] = lambda: False) -> None:
        self._about, self._folder, self._is_over = about, folder, is_over

    def __call__(
        self, *arguments: str, given: bytes = b"", most: int, within_s: float | None = None
    ) -> bytes:
        """What git tells.

        Args:
            arguments: its command, and what that takes.
            given:     for it to read.
            most:      bytes that it may tell.
            within_s:  for all of it; `TIMEOUT_S` by default.

        Raises:
            InputError: it is not here, or fails; TooMuchError.
            SourceUnreachableError: the server that it asks does not answer.
        """
        limit_s = TIMEOUT_S if within_s is None else within_s
        settings = [each for setting in _CALM for each in ("-c", setting)]
        with _as_file(given) as file:
            try:
                process = subprocess.Popen(
                    ["git", *settings, *arguments],
                    cwd=self._folder,
                    env=_environment(),
                    stdin=file,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                raise InputError(
                    "git-missing", "the program git is not here", hint="install git, or name a folder"
                ) from error
        with process:
            try:
                told, complaint = _heard(process, most, limit_s, self._is_over)
            except BaseException as error:
                _kill_group(process)
                if isinstance(error, _SilentError):
                    raise self._unreachable(f"git gave no answer in {limit_s:g} s") from error
                if isinstance(error, _UnwantedError):
                    raise self._unreachable("git was ended, for nobody waits for it any more") from error
                if isinstance(error, _EndlessError):
                    raise TooMuchError(
                        "source-git",
                        f"{self._about}: git {arguments[0]} told more than {most} bytes",
                        hint="see what is in that repository",
                    ) from error
                raise
        if process.returncode:
            said = shown(" ".join(complaint.decode("utf-8", "replace").split())[:500])
            raise self._fault(said or f"git {arguments[0]} {_ending(process.returncode)}")
        return told

    def _fault(self, reason: str) -> SroError:
        if _UNREACHABLE.search(reason):
            return self._unreachable(reason)
        return InputError(
            "source-git",
            f"{self._about}: {reason}",
            hint="see that the repository and the ref are there, and that git's credentials let us read them",
        )

    def _unreachable(self, reason: str) -> SourceUnreachableError:
        return SourceUnreachableError(
            "source-unreachable",
            f"{self._about}: {reason}",
            hint="check the connection, and that the server runs",
        )


def shown(text: str) -> str:
    """A text with addresses in it, as people may see it: without passwords and tokens."""
    return _CREDENTIALS.sub("***@", text)


def _ending(code: int) -> str:
    """How a program that said nothing of it came to a bad end. Args: code: negative for a signal."""
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _environment() -> dict[str, str]:
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key in _KEPT},
        "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


@contextmanager
def _as_file(given: bytes) -> Iterator[IO[bytes]]:
    """What a program reads while nobody feeds it."""
    with TemporaryFile() if given else Path(os.devnull).open("rb") as file:
        if given:
            file.write(given)
            file.seek(0)
        yield file


def _heard(
    process: subprocess.Popen[bytes], most: int, limit_s: float, is_over: Callable[[], bool]
) -> tuple[bytes, bytes]:
    """What a program has told and complained of, when it has ended.

    Raises: _EndlessError, _SilentError, _UnwantedError
    """
    end = time.monotonic() + limit_s
    told, complaint = bytearray(), bytearray()
    with selectors.DefaultSelector() as pipes:
        pipes.register(_pipe(process.stdout), selectors.EVENT_READ, told)
        pipes.register(_pipe(process.stderr), selectors.EVENT_READ, complaint)
        while pipes.get_map():
            left_s = end - time.monotonic()
            if left_s <= 0:
                raise _SilentError
            if is_over():
                raise _UnwantedError
            for key, _ in pipes.select(min(left_s, _LOOK_S)):
                part = os.read(key.fd, _CHUNK)
                if not part:
                    pipes.unregister(key.fileobj)
                elif key.data is told:
                    told += part
                elif len(complaint) < _MOST_COMPLAINT:
                    complaint += part
            if len(told) > most:
                raise _EndlessError
    try:
        process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise _SilentError from error
    return bytes(told), bytes(complaint)


def _pipe(given: IO[bytes] | None) -> IO[bytes]:
    if given is None:
        raise AssertionError("both outputs are pipes")
    return given


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End git with what it has started, which would wait on for the server, and hold our pipes open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # As the first process of a container we get its orphans, too.
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-process.pid, 0)
