"""Files of a folder, wherever they lie, whose bytes are read when somebody asks for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path


class LazyFiles(Mapping[str, bytes]):
    """Path relative to a folder, with `/` between its parts, to bytes.

    read: gives the bytes of one of the paths; others: links and the like, with what they are.
    """

    def __init__(
        self, paths: Iterable[str], read: Callable[[str], bytes], others: Mapping[str, str] | None = None
    ) -> None:
        self._paths = dict.fromkeys(paths)
        self._read = read
        self.others = others or {}

    def __getitem__(self, path: str) -> bytes:
        if path not in self._paths:
            raise KeyError(path)
        return self._read(path)

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def below(self, prefix: str) -> LazyFiles:
        """Those below a folder, whose name ends in `/`; all of them with an empty one."""
        return LazyFiles(
            (path.removeprefix(prefix) for path in self if path.startswith(prefix)),
            lambda path: self[prefix + path],
            {
                path.removeprefix(prefix): what
                for path, what in self.others.items()
                if path.startswith(prefix)
            },
        )


def folder_files(folder: Path) -> LazyFiles:
    """The files of a folder on disk."""
    paths: list[str] = []
    others: dict[str, str] = {}
    for place, folders, files in os.walk(folder):
        for name in (*files, *(each for each in folders if (Path(place) / each).is_symlink())):
            path = Path(place) / name
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                others[relative] = "a link"
            elif path.is_file():
                paths.append(relative)
            else:
                others[relative] = "no plain file"
    return LazyFiles(paths, lambda path: (folder / path).read_bytes(), others)
