"""`charts.lock.yaml` on disk: read with every fault of it told, and written the same way every time."""

from __future__ import annotations

from pathlib import Path

from sro_render.edges import schemas
from sro_render.edges.files import read_source, write_file
from sro_render.errors import Faults, InputError
from sro_render.limits import Limits
from sro_render.model.chart_lock import KIND, ChartsLock
from sro_render.model.file_names import CHARTS_LOCK_NAME
from sro_render.model.objects import mapping_of
from sro_render.validation import check_schema
from sro_render.yamltext import writer
from sro_render.yamltext.reader import read_manifest


def read_charts_lock(folder: Path, limits: Limits) -> ChartsLock:
    """The lock of a charts folder, an empty one where there is none.

    Raises: InputError, or a group of them: everything that is wrong in it.
    """
    path = folder / CHARTS_LOCK_NAME
    if not path.exists():
        return ChartsLock()
    source = read_source(path)
    value = read_manifest(source, limits)
    if mapping_of(value).get("kind") != KIND:
        raise InputError(
            "lock-foreign",
            f"this is not a {KIND} of sro-render",
            path=source.name,
            hint="take the committed one back (git checkout), or remove it and the archives beside it, and "
            "run `sro-render vendor` again",
        )
    faults = Faults()
    for fault in check_schema(
        mapping_of(value), schemas.validator(KIND), schemas.schema(KIND), source=source
    ):
        faults.add(fault)
    faults.raise_if_any()
    return ChartsLock.from_mapping(mapping_of(value))


def write_charts_lock(folder: Path, lock: ChartsLock) -> None:
    """Write the lock of a charts folder.

    Raises: OutputError: the system refuses.
    """
    write_file(folder / CHARTS_LOCK_NAME, writer.write(lock.to_mapping()).encode())
