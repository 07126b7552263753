"""Where a bundle comes from: a folder, or a Git repository, each looked at again and again or once.

Decides what counts as new: another lock, or another commit. Of a repository the objects are read as they were
committed, without a work tree: no filter, hook or line ending comes between, and a link is seen as one.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from msgspec import Struct

from sro_apply.bundle import MAX_BYTES, load_bundle, read_bundle, read_lock_bytes, root_of, too_large
from sro_apply.errors import BundleError
from sro_apply.planning.parts import RenderedBundle
from sro_render.errors import InputError, some
from sro_render.model.file_names import LOCK_NAME
from sro_render.model.lock import digest_of

GIT_PREFIX: Final = "git+"
_SCHEMES: Final = ("https", "ssh", "file")
_TIMEOUT_S: Final = 120
_FORM: Final = "git+https://HOST/REPOSITORY@REF:PATH"
_ADDRESS: Final = re.compile(r"(?P<url>[^@]+://(?:[^@/]*@)?[^@]+)@(?P<ref>[^@:]+)(?::(?P<path>[^:]*))?")
_CREDENTIALS: Final = re.compile(
    r"(?<=://)(?:"
    r"[^/@:\s]*:(?!\d{1,5}/)[^@\s]*@"  # a user and a password, which may have a slash by mistake
    r"|(?<=https://)[^/@\s]+@"  # a token alone
    r")(?:[^/@\s]+@)*"  # or an @
)
_CALM: Final = (
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    "maintenance.auto=0",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
)
"""Settings of git: it runs nothing of the repository, leaves nothing behind, and waits for no dead server."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LINK, _FILE_MODES = "120000", frozenset({"100644", "100755"})


class Found(Struct, frozen=True, kw_only=True):
    """A bundle and its revision: a commit, or the digest of a lock."""

    revision: str
    bundle: RenderedBundle


class Source(Protocol):
    """A place that has a bundle, and may have another later."""

    def newer(self, known: str) -> Found | None:
        """The bundle, unless its revision is the known one.

        Raises: InputError, or a group of them: there is none, or it is damaged.
        """


def opened(text: str, *, of_any_target: bool = False) -> Source:
    """The source that a text names: a folder, or `git+URL@REF:PATH`.

    Raises: InputError
    """
    if text.startswith(GIT_PREFIX):
        return _Repository(_address(text), of_any_target=of_any_target)
    return _Folder(Path(text), of_any_target=of_any_target)


def load_once(text: str, *, of_any_target: bool = False) -> RenderedBundle:
    """The bundle of a source, as it is now. Raises: see `Source.newer`."""
    found = opened(text, of_any_target=of_any_target).newer("")
    if found is None:
        raise AssertionError("every revision is newer than none")
    return found.bundle


class _Folder:
    """A folder, which somebody else may fill anew at any time."""

    def __init__(self, folder: Path, *, of_any_target: bool) -> None:
        self._folder, self._of_any_target = folder, of_any_target

    def newer(self, known: str) -> Found | None:
        root = root_of(self._folder)
        # What a link above leads to is looked up once: it may be another folder a moment later.
        root = root.parent.resolve() / root.name
        revision = digest_of(read_lock_bytes(root))
        if revision == known:
            return None
        bundle = load_bundle(root, of_any_target=self._of_any_target)
        if digest_of(read_lock_bytes(root)) != revision:
            raise BundleError(
                "bundle-moves", f"{root} was changed while it was read", hint="it is read again"
            )
        return Found(revision=revision, bundle=bundle)


class _Address(Struct, frozen=True, kw_only=True):
    """A repository, what of it is followed, and where in it the bundle is; shown: without credentials."""

    url: str
    ref: str
    path: str
    shown: str


def _address(text: str) -> _Address:
    match = _ADDRESS.fullmatch(text[len(GIT_PREFIX) :])
    url = match["url"] if match else ""
    scheme = url.partition("://")[0].lower()
    path = (match["path"] or "") if match else ""
    is_inside = not path.startswith("/") and ".." not in path.split("/")
    if match is None or scheme not in _SCHEMES or match["ref"].startswith("-") or not is_inside:
        raise InputError(
            "source-address",
            f"{shown(text)} names no bundle in a Git repository",
            hint=f"write {_FORM}, with one of {', '.join(_SCHEMES)}; PATH is that of OUT/CLUSTER",
        )
    return _Address(url=url, ref=match["ref"], path=path.strip("/"), shown=shown(url))


def shown(text: str) -> str:
    """A text with addresses in it, as people may see it: without passwords and tokens."""
    return _CREDENTIALS.sub("***@", text)


class _Repository:
    """A repository, of which nothing is kept between two looks."""

    def __init__(self, address: _Address, *, of_any_target: bool) -> None:
        self._address, self._of_any_target = address, of_any_target

    def newer(self, known: str) -> Found | None:
        if known and known == self._commit():
            return None
        try:
            with TemporaryDirectory(prefix="sro-apply-") as folder:
                commit, files = self._fetched(folder)
        except OSError as error:
            raise InputError(
                "source-git",
                f"{self._address.shown}@{self._address.ref}: {error.strerror or error}",
                hint="see that there is room for temporary files, and a folder for them (TMPDIR)",
            ) from error
        if commit == known:
            return None
        place = f"{self._address.shown}@{commit[:12]}:{self._address.path}"
        files = _bundle_files(files, self._address.path, place)
        bundle = read_bundle(files, place, of_any_target=self._of_any_target)
        return Found(revision=commit, bundle=bundle)

    def _fetched(self, folder: str) -> tuple[str, Mapping[str, bytes]]:
        """The commit that the ref stands for, and its files."""
        git = _Git(self._address, folder)
        git("init", "--quiet", "--bare", ".")
        git("fetch", "--quiet", "--depth=1", "--no-tags", "--", self._address.url, self._address.ref)
        commit = git("rev-parse", "--verify", "FETCH_HEAD^{commit}").decode().strip()
        return commit, _committed_files(git, commit, self._address)

    def _commit(self) -> str:
        """The commit that the ref stands for; empty where the repository names none."""
        ref = self._address.ref
        if _COMMIT.fullmatch(ref):
            return ref
        told = _Git(self._address, "/")("ls-remote", "--", self._address.url, ref, f"{ref}^{{}}").decode()
        lines = (line.partition("\t") for line in told.splitlines())
        commits = {name: commit for commit, _, name in lines}
        # As git looks a name up; of an annotated tag the commit behind it.
        for name in (ref, f"refs/{ref}", f"refs/tags/{ref}", f"refs/heads/{ref}"):
            if name in commits:
                return commits.get(f"{name}^{{}}", commits[name])
        return ""


def _committed_files(git: _Git, commit: str, address: _Address) -> Mapping[str, bytes]:
    """Every file below the path, by its path from the top."""
    below = ("--", address.path) if address.path else ()
    told = git("ls-tree", "-r", "-l", "-z", "--full-tree", commit, *below)
    entries = [_entry(line) for line in told.split(b"\0") if line]
    strange = [
        f"{path} is {'a link' if mode == _LINK else 'no plain file'}"
        for mode, _, _, path in entries
        if mode not in _FILE_MODES
    ]
    if strange:
        raise BundleError(
            "bundle-link",
            f"{address.shown} has something that is neither a file nor a folder",
            notes=some(sorted(strange)),
            hint="name the bundle's own folder after the ref, or take it back as it was committed",
        )
    if sum(size for _, _, size, _ in entries) > MAX_BYTES:
        raise too_large(max(entries, key=lambda entry: entry[2])[3])
    contents = _contents(git, [name for _, name, _, _ in entries])
    return {path: content for (_, _, _, path), content in zip(entries, contents, strict=True)}


def _contents(git: _Git, names: Sequence[str]) -> list[bytes]:
    """What the objects of these names hold: git answers `NAME blob SIZE`, a line end, and that, for each."""
    told = git("cat-file", "--batch", given="".join(f"{name}\n" for name in names).encode())
    contents: list[bytes] = []
    at = 0
    for _ in names:
        start = told.index(b"\n", at) + 1
        at = start + int(told[at:start].rsplit(b" ", 1)[1])
        contents.append(told[start:at])
        at += 1
    return contents


class _Git:
    """The program git in a folder, told nothing by whoever calls us but how to reach a repository."""

    def __init__(self, address: _Address, folder: str) -> None:
        self._address, self._folder = address, folder

    def __call__(self, *arguments: str, given: bytes = b"") -> bytes:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key in _KEPT},
            "GIT_ALLOW_PROTOCOL": ":".join(_SCHEMES),
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }
        settings = [each for setting in _CALM for each in ("-c", setting)]
        try:
            process = subprocess.Popen(
                ["git", *settings, *arguments],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.PIPE,
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
                told, complaint = process.communicate(given, timeout=_TIMEOUT_S)
            except BaseException as error:
                _kill_group(process)
                if isinstance(error, subprocess.TimeoutExpired):
                    raise self._fault(f"git gave no answer in {_TIMEOUT_S} s") from error
                raise
        if process.returncode:
            raise self._fault(shown(" ".join(complaint.decode("utf-8", "replace").split())[:500]))
        return told

    def _fault(self, reason: str) -> InputError:
        return InputError(
            "source-git",
            f"{self._address.shown}@{self._address.ref}: {reason}",
            hint="see that the repository and the ref are there, and that git's credentials let us read them",
        )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End git with what it has started, which would wait on for the server, and hold our pipes open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # As the first process of a container we get its orphans, too.
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-process.pid, 0)


_KEPT: Final = frozenset({"GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL"})
"""Of git's variables those that say how to reach a repository; others name one."""


def _entry(line: bytes) -> tuple[str, str, int, str]:
    """Mode, name of the content, its size, and path of a line of `git ls-tree -l`."""
    facts, _, path = line.partition(b"\t")
    mode, _, name, size = facts.decode().split()
    # A submodule has no size.
    return mode, name, int(size) if size.isdigit() else 0, path.decode("utf-8", "surrogateescape")


def _bundle_files(files: Mapping[str, bytes], path: str, place: str) -> Mapping[str, bytes]:
    """The files by their paths below OUT/CLUSTER, where the path is that or OUT."""
    top = f"{path}/" if path else ""
    locks = [each for each in files if each == f"{top}{LOCK_NAME}"] or [
        each
        for each in files
        if each.startswith(top) and each.endswith(f"/{LOCK_NAME}") and each[len(top) :].count("/") == 1
    ]
    if len(locks) != 1:
        raise BundleError(
            "several-bundles" if locks else "no-bundle",
            f"{place} has {'bundles of several clusters' if locks else f'no {LOCK_NAME}'}",
            notes=some(sorted(locks)),
            hint="name what sro-render build wrote after the ref: OUT/CLUSTER",
        )
    root = locks[0][: -len(LOCK_NAME)]
    return {each[len(root) :]: content for each, content in files.items() if each.startswith(root)}
