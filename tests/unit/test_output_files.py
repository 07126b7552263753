"""Where `--out` names something other than a file: it is written to, and stays what it is.

Matrix: both programs' way to write, to a pipe, to a link and to what a link leads nowhere to. A device such as
/dev/null is as a pipe: who may replace it by a file must not do so.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sro_apply.files import write_if_changed
from sro_render.edges.files import write_file

Write = Callable[[Path, bytes], object]
both = pytest.mark.parametrize("write", [write_if_changed, write_file])


@both
def test_a_pipe_is_written_to_and_stays_one(write: Write, tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    writer = threading.Thread(target=write, args=(pipe, b"text"), daemon=True)
    writer.start()
    writer.join(10)
    reader.join(10)
    assert read == [b"text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [*tmp_path.iterdir()] == [pipe]


@both
@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_stays_one_and_its_file_is_written(write: Write, is_there: bool, tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    if is_there:
        file.write_bytes(b"before")
    link.symlink_to(file.name)
    write(link, b"text")
    assert link.is_symlink()
    assert file.read_bytes() == b"text"
