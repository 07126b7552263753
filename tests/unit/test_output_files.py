"""Where `--out` names something other than a file: a pipe is written to, and stays one; a link is not followed.

Matrix: both programs' way to write, to a pipe, to a link that leads somewhere and one that does not, also in the
place of the draft, and to standard output. A device such as /dev/null is as a pipe: who may replace it by a file
must not do so.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
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
def test_a_link_gives_way_and_what_it_leads_to_stays(write: Write, is_there: bool, tmp_path: Path) -> None:
    """Whoever writes into a repository of others is not to write wherever these want."""
    file, link = tmp_path / "file", tmp_path / "link"
    if is_there:
        file.write_bytes(b"before")
    link.symlink_to(file.name)
    write(link, b"text")
    assert not link.is_symlink()
    assert link.read_bytes() == b"text"
    assert [each.read_bytes() for each in [file] if each.exists()] == [b"before"] * is_there


@both
def test_a_link_in_the_place_of_the_draft_leads_nowhere(write: Write, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"before")
    (tmp_path / ".report.new").symlink_to(precious)
    write(tmp_path / "report", b"text")
    assert (tmp_path / "report").read_bytes() == b"text"
    assert precious.read_bytes() == b"before"


@pytest.mark.parametrize(
    "program",
    [
        "from sro_apply.files import write_if_changed as write",
        "from sro_render.edges.files import write_file as write",
    ],
)
def test_standard_output_is_written_to_whatever_it_is(program: str, tmp_path: Path) -> None:
    code = f"{program}\nfrom pathlib import Path\nwrite(Path('/dev/stdout'), b'text')"
    with (tmp_path / "log").open("ab") as log:
        log.write(b"before, ")
        log.flush()
        subprocess.run([sys.executable, "-c", code], stdout=log, check=True)
    assert (tmp_path / "log").read_bytes() == b"before, text"
    assert Path("/dev/stdout").is_symlink()
