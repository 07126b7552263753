"""A bundle in a Git repository, which is asked for what it has committed.

Decides what is followed, and that objects are read as they were committed, without a work tree: no filter,
hook or line ending comes between, and a link is seen as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import Final

from msgspec import Struct

from sro_apply.bundle import MAX_BYTES, MAX_FILES, Found, read_bundle, too_large, too_many
from sro_apply.errors import BundleError
from sro_apply.git import SCHEMES, Git, TooMuchError, shown
from sro_render.errors import InputError, some
from sro_render.model.file_names import LOCK_NAME

_FORM: Final = "git+https://HOST/REPOSITORY@REF:PATH"
_ADDRESS: Final = re.compile(r"(?P<url>[^@]+://(?:[^@/]*@)?[^@]+)@(?P<ref>[^@:]+)(?::(?P<path>[^:]*))?")
_ASK_S: Final = 30.0
"""To hear which commit a ref stands for: rounds wait meanwhile, and it is asked again and again."""
_MOST_OF_LINE: Final = 256
"""Bytes in which git says of a file what and where it is, of many files on average."""
_MOST_OF_REFS: Final = 2**20
"""Bytes of an answer that is a commit or a few refs."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LINK, _FILE_MODES = "120000", frozenset({"100644", "100755"})


class _Address(Struct, frozen=True, kw_only=True):
    """A repository, what of it is followed, and where in it the bundle is; shown: without credentials."""

    url: str
    ref: str
    path: str
    shown: str

    def __str__(self) -> str:
        """What is followed, as people may see it."""
        return f"{self.shown}@{self.ref}"


def _address(text: str) -> _Address:
    match = _ADDRESS.fullmatch(text)
    url = match["url"] if match else ""
    scheme = url.partition("://")[0].lower()
    path = (match["path"] or "") if match else ""
    is_inside = not path.startswith("/") and ".." not in path.split("/")
    if match is None or scheme not in SCHEMES or match["ref"].startswith("-") or not is_inside:
        raise InputError(
            "source-address",
            f"git+{shown(text)} names no bundle in a Git repository",
            hint=f"write {_FORM}, with one of {', '.join(SCHEMES)}; PATH is that of OUT/CLUSTER",
        )
    return _Address(url=url, ref=match["ref"], path=path.strip("/"), shown=shown(url))


class Repository:
    """A repository, of which nothing is kept between two looks.

    Args:   text: `URL@REF:PATH`; is_over: whether nobody waits for the bundle any more.
    Raises: InputError: the text names no bundle.
    """

    def __init__(self, text: str, *, of_any_target: bool, is_over: Callable[[], bool]) -> None:
        self._address, self._of_any_target, self._is_over = _address(text), of_any_target, is_over

    def newer(self, known: str) -> Found | None:
        """The bundle, unless its commit is the known one.

        Raises:
            InputError, or a group of them: there is none, or it is damaged.
            SourceUnreachableError: the repository's server does not answer.
        """
        try:
            if known and known == self._commit():
                return None
            with TemporaryDirectory(prefix="sro-apply-") as folder:
                commit, files = self._fetched(folder)
        except OSError as error:
            raise InputError(
                "source-git",
                f"{self._address}: {error.strerror or error}",
                hint="see that there is room for temporary files, a folder for them (TMPDIR), and that "
                "programs may be started",
            ) from error
        if commit == known:
            return None
        place = f"{self._address.shown}@{commit[:12]}:{self._address.path}"
        files = _bundle_files(files, self._address.path, place)
        bundle = read_bundle(files, place, of_any_target=self._of_any_target)
        return Found(revision=commit, bundle=bundle)

    def _fetched(self, folder: str) -> tuple[str, Mapping[str, bytes]]:
        """The commit that the ref stands for, and its files."""
        git = self._git(folder)
        git("init", "--quiet", "--bare", ".", most=_MOST_OF_REFS)
        wanted = ("--", self._address.url, self._address.ref)
        git("fetch", "--quiet", "--depth=1", "--no-tags", *wanted, most=_MOST_OF_REFS)
        commit = git("rev-parse", "--verify", "FETCH_HEAD^{commit}", most=_MOST_OF_REFS).decode().strip()
        return commit, _committed_files(git, commit, self._address)

    def _git(self, folder: str) -> Git:
        return Git(str(self._address), folder, self._is_over)

    def _commit(self) -> str:
        """The commit that the ref stands for; empty where the repository names none."""
        ref = self._address.ref
        if _COMMIT.fullmatch(ref):
            return ref
        asked = ("ls-remote", "--", self._address.url, ref, f"{ref}^{{}}")
        try:
            told = self._git("/")(*asked, most=_MOST_OF_REFS, within_s=_ASK_S)
        except TooMuchError:
            return ""  # very many refs end with this name: fetching it says which is meant
        lines = (line.partition("\t") for line in told.decode("utf-8", "replace").splitlines())
        commits = {name: commit for commit, _, name in lines}
        # As git looks a name up; of an annotated tag the commit behind it.
        for name in (ref, f"refs/{ref}", f"refs/tags/{ref}", f"refs/heads/{ref}"):
            if name in commits:
                return commits.get(f"{name}^{{}}", commits[name])
        return ""


def _committed_files(git: Git, commit: str, address: _Address) -> Mapping[str, bytes]:
    """Every file below the path, by its path from the top."""
    below = ("--", address.path) if address.path else ()
    listing = ("ls-tree", "-r", "-l", "-z", "--full-tree", commit, *below)
    try:
        told = git(*listing, most=MAX_FILES * _MOST_OF_LINE)
    except TooMuchError as error:  # as of a tree that has another one in it many times, and that likewise
        raise too_many(str(address)) from error
    entries = [_entry(line) for line in told.split(b"\0") if line]
    if len(entries) > MAX_FILES:
        raise too_many(str(address))
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


def _contents(git: Git, names: Sequence[str]) -> list[bytes]:
    """What the objects of these names hold: git answers `NAME blob SIZE`, a line end, and that, for each."""
    asked = "".join(f"{name}\n" for name in names).encode()
    told = git("cat-file", "--batch", given=asked, most=MAX_BYTES + len(names) * _MOST_OF_LINE)
    contents: list[bytes] = []
    at = 0
    for _ in names:
        start = told.index(b"\n", at) + 1
        at = start + int(told[at:start].rsplit(b" ", 1)[1])
        contents.append(told[start:at])
        at += 1
    return contents


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
