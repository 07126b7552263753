"""Files as the user names them: which ones a folder stands for, and their text.

What the text means is decided elsewhere.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sro_render.errors import Faults, InputError, OutputError, SroError
from sro_render.model.file_names import CONFIG_NAME, LOCK_NAME, missing_hint
from sro_render.source import Source
from sro_render.yamltext.reader import decode

_ENDINGS = (".yaml", ".yml", ".json")
_STREAMS = frozenset({"/dev/stdout", "/dev/stderr"})
_DESCRIPTORS = frozenset({"/dev/fd", "/proc/self/fd"})


def each_file(paths: Iterable[str], faults: Faults) -> Iterator[Path]:
    """The files that the user named: a file as it is, of a folder every YAML and JSON file, A-Z.

    What an earlier build wrote below the folder is no input, and is passed over with its lock; so is a
    `sro.yaml`.
    """
    for given in paths:
        path = Path(given)
        if given == "-" or path.is_file() or (path.exists() and not path.is_dir()):
            yield path
        elif path.is_dir():
            outputs = {lock.parent for lock in path.rglob(LOCK_NAME)} - {path}
            found = sorted(
                each
                for each in path.rglob("*")
                if each.suffix in _ENDINGS
                and each.name != CONFIG_NAME
                and each.is_file()
                and outputs.isdisjoint(each.parents)
                and not any(part.startswith(".") for part in each.relative_to(path).parts)
            )
            if not found:
                faults.add(
                    InputError(
                        "no-such-file",
                        f"there is no YAML or JSON file in {given}",
                        hint="name a file, or a folder with files that end in .yaml, .yml or .json",
                    )
                )
            yield from found
        else:
            faults.add(
                InputError("no-such-file", f"there is no file or folder {given}", hint=similar_file(path))
            )


def similar_file(path: Path, *, is_folder: bool = False) -> str:
    """A hint for a path that does not exist: what stands beside it; see `missing_hint`."""
    try:
        names = [each.name for each in path.parent.iterdir() if each.is_dir() or not is_folder]
    except OSError:
        return f"there is no folder {path.parent} either"
    return missing_hint(str(path.parent), path.name, names, is_folder=is_folder)


def read_source(path: Path) -> Source:
    """A file's text; `-` is standard input.

    Raises: InputError: it cannot be read; YamlError: it is not text.
    """
    name = "standard input" if str(path) == "-" else path.as_posix()
    if not name.isprintable():
        raise InputError("file-name", f"{name!r} is not a name that a lock can hold", hint="rename the file")
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise unreadable(name, error, InputError) from error
    return decode(data, name)


_Error = TypeVar("_Error", bound=SroError)


def unreadable(name: object, error: OSError, kind: type[_Error]) -> _Error:
    """The error for a file or folder that is there, but that the system does not let us read."""
    is_refused = error.errno in {errno.EACCES, errno.EPERM}
    return kind(
        "unreadable-file",
        f"{name} cannot be read: {error.strerror}",
        hint=f"give yourself the right to read it: chmod u+r {name}"
        if is_refused
        else "check that it is a file, and the disk that it lies on",
    )


def write_file(path: Path, data: bytes) -> None:
    """Write a whole file, or leave what is there as it is; who may read it stays. Folders come as needed.

    A pipe, a device and /dev/stdout are written to and stay what they are. A link gives way to the file.

    Raises: OutputError: the system refuses.
    """
    try:
        if _is_stream(path):
            with path.open("ab") as stream:
                stream.write(data)
        else:
            _replace(path, data)
    except OSError as error:
        raise OutputError("output-failed", f"{path} cannot be written: {error.strerror}") from error


def _is_stream(path: Path) -> bool:
    """Whether it is a pipe, a device or one of our own streams, in whose place no file is to be put.

    Any other link may lead to wherever a stranger wants us to write.
    """
    if path.as_posix() in _STREAMS or path.parent.as_posix() in _DESCRIPTORS:
        return True
    return not path.is_symlink() and path.exists() and not path.is_file()


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)  # what an interrupted run left, or a link
        with draft.open("xb") as file:
            file.write(data)
        if path.exists() and not path.is_symlink():
            draft.chmod(path.stat().st_mode)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def write_new_file(path: Path, data: bytes) -> None:
    """Write a file that is not there yet.

    Raises: OutputError: the system refuses; it is there, whoever made it just now.
    """
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise OutputError("output-failed", f"{path} cannot be written: {error.strerror}") from error
