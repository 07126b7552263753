"""The names of files on disk: those that are ours, and what is said where one is not there."""

from __future__ import annotations

from collections.abc import Iterable

from sro_render.errors import nearest
from sro_render.model.wording import name_some

LOCK_NAME = "sro.lock.yaml"
"""The lock of a cluster's folder of manifests."""
CHARTS_LOCK_NAME = "charts.lock.yaml"
"""The lock of a charts folder."""
CONFIG_NAME = "sro.yaml"
"""What a repository renders, in its root."""
SIGNATURE_NAME = f"{LOCK_NAME}.sig"
"""The signature of a lock, beside it. No lock lists it, for it is made after the lock."""
METADATA_NAME = "hydrator.metadata"
"""Where a tool that promotes commits finds which commit they were made from."""
_ENDINGS = frozenset({".yaml", ".yml", ".json"})


def missing_hint(folder: str, name: str, beside: Iterable[str], *, is_folder: bool = False) -> str:
    """A hint for a path that does not exist: what has a similar name there, or else what is there at all.

    Endings say nothing of what was meant: nearly every file there has the same one.
    Args: beside: the names in its folder, any order; is_folder: whether they are folders, as it should be.
    """
    names = sorted(beside)
    by_stem = {_without_ending(each): each for each in reversed(names)}
    meant = nearest(_without_ending(name), by_stem)
    if meant:
        before = "" if folder == "." else f"{folder.rstrip('/')}/"
        return f"did you mean {before}{by_stem[meant]}?"
    place = "the current folder" if folder == "." else folder
    shown = [each for each in names if not each.startswith(".")]
    if not shown:
        return f"there is no folder in {place}" if is_folder else f"there is nothing in {place}"
    is_one = len(shown) == 1
    what = ("the folder " if is_one else "the folders ") if is_folder else ""
    return f"in {place} there {'is' if is_one else 'are'} {what}{name_some(shown)}"


def _without_ending(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return stem if stem and dot + ending in _ENDINGS else name
