"""Where a bundle comes from: a folder, or a Git repository, each looked at again and again or once.

Decides what counts as new in a folder: another lock.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from sro_apply.bundle import Found, load_bundle, read_lock_bytes, root_of
from sro_apply.errors import BundleError
from sro_apply.planning.parts import RenderedBundle
from sro_render.model.lock import digest_of

GIT_PREFIX: Final = "git+"


class Source(Protocol):
    """A place that has a bundle, and may have another later."""

    def newer(self, known: str) -> Found | None:
        """The bundle, unless its revision is the known one.

        Raises:
            InputError, or a group of them: there is none, or it is damaged.
            SourceUnreachableError: the server that has it does not answer.
        """


def opened(text: str, *, of_any_target: bool = False, is_over: Callable[[], bool] = lambda: False) -> Source:
    """The source that a text names: a folder, or `git+URL@REF:PATH`.

    Args:   is_over: whether nobody waits for a bundle any more, so that it fails instead of taking its time.
    Raises: InputError
    """
    if text.startswith(GIT_PREFIX):
        from sro_apply.repository import Repository  # noqa: PLC0415 - a folder needs neither it nor git

        return Repository(text[len(GIT_PREFIX) :], of_any_target=of_any_target, is_over=is_over)
    if not text:
        raise BundleError(
            "no-bundle",
            "SOURCE is empty",
            hint="name what sro-render build wrote, OUT/CLUSTER; maybe a variable is not set",
        )
    if "://" in text and not Path(text).exists():
        # It is not repeated: addresses have passwords in them.
        raise BundleError(
            "source-address",
            "SOURCE is an address, and names no bundle in a Git repository",
            hint=f"write {GIT_PREFIX}URL@REF:PATH, such as {GIT_PREFIX}https://HOST/REPOSITORY@main:OUT/CLUSTER",
        )
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
                "bundle-moves",
                f"{root} was changed while it was read",
                hint="run the command again when nobody writes there; a loop reads it again by itself",
            )
        return Found(revision=revision, bundle=bundle)
