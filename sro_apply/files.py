"""Files that the user names: specs that are read, and what a command writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sro_render.errors import Faults, InputError, OutputError
from sro_render.model.file_names import CONFIG_NAME, LOCK_NAME, missing_hint
from sro_render.source import Source
from sro_render.yamltext.reader import decode

if TYPE_CHECKING:
    from sro_render.review.diff_html import PageAssets

_PAGE = "sro_render.review.page"
_ENDINGS = (".yaml", ".yml", ".json")
_STREAMS = frozenset({"/dev/stdout", "/dev/stderr"})
_DESCRIPTORS = frozenset({"/dev/fd", "/proc/self/fd"})


def read_sources(paths: Iterable[Path]) -> list[Source]:
    """The texts of files, and of all YAML and JSON files below folders, A-Z.

    As for `sro-render build`: hidden files, a `sro.yaml` and what was rendered below a folder are no specs.

    Raises: InputError, or a group of them: a file is not there or cannot be read.
    """
    faults = Faults()
    found: list[Source] = []
    for path in paths:
        for file in _files_of(path):
            try:
                found.append(decode(file.read_bytes(), file.as_posix()))
            except FileNotFoundError:
                missing = f"there is no file or folder {file}"
                faults.add(InputError("no-such-file", missing, hint=_hint(file)))
            except OSError as error:
                faults.add(InputError("unreadable-file", f"{file} cannot be read: {error.strerror}"))
    faults.raise_if_any()
    return found


def _files_of(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    rendered = {lock.parent for lock in path.rglob(LOCK_NAME)} - {path}
    for each in sorted(path.rglob("*")):
        is_hidden = any(part.startswith(".") for part in each.relative_to(path).parts)
        is_ours = each.name == CONFIG_NAME or not rendered.isdisjoint(each.parents)
        if each.suffix in _ENDINGS and each.is_file() and not is_hidden and not is_ours:
            yield each


def _hint(missing: Path) -> str:
    """What stands beside a path that does not exist."""
    try:
        return missing_hint(
            str(missing.parent), missing.name, [each.name for each in missing.parent.iterdir()]
        )
    except OSError:
        return f"there is no folder {missing.parent} either"


def page_assets() -> PageAssets:
    """The style and the script of the page that shows a diff, from where the package is installed."""
    from sro_render.review.diff_html import PageAssets  # noqa: PLC0415 - see `cli.diff`

    folder = files(_PAGE)
    style, script = ((folder / name).read_text("utf-8") for name in ("page.css", "page.js"))
    return PageAssets(style=style, script=script)


def write_if_changed(path: Path, data: bytes) -> bool:
    """Write a whole file, or leave what is there as it is; folders come as needed. Whether it was written.

    A pipe, a device and /dev/stdout are written to and stay what they are. A link gives way to the file.

    Raises: OutputError: the system refuses.
    """
    try:
        if _is_stream(path):
            with path.open("ab") as stream:
                stream.write(data)
            return True
        if path.exists() and not path.is_symlink() and path.read_bytes() == data:
            return False
        _replace(path, data)
    except OSError as error:
        raise OutputError("output-failed", f"{path} cannot be written: {error.strerror}") from error
    return True


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
