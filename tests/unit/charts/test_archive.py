"""Chart archives.

Matrix: what is read; every hostile or damaged shape with its code; that a bomb is stopped early; that
writing gives the same bytes. Left out: what helm makes of our archives (tests/helm).
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable

import pytest

from sro_render.charts.archive import read_archive, write_archive
from sro_render.errors import ArchiveError, describe
from sro_render.limits import Limits

LIMITS = Limits()
GOOD = {"Chart.yaml": b"name: c\n", "templates/a.yaml": b"a: 1\n"}


def entry(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def tgz(*entries: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue())


CHART = entry("c/Chart.yaml", b"name: c\n")


def fault(data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(ArchiveError) as caught:
        read_archive(data, "c-1.tgz", limits)
    return describe(caught.value.finding)


def test_what_was_written_is_read() -> None:
    files = {**GOOD, "files/ü" + "x" * 150: b"\x00\xff", "empty": b""}
    assert read_archive(write_archive("c", files), "c.tgz", LIMITS) == files


def test_the_same_files_give_the_same_bytes() -> None:
    backwards = dict(reversed(GOOD.items()))
    assert write_archive("c", GOOD) == write_archive("c", backwards)


@pytest.mark.parametrize("format_", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_folders_global_headers_and_byte_order_marks_are_no_obstacle(format_: int) -> None:
    long = "templates/" + "x" * 200 + ".yaml"
    data = tgz(
        entry("pax_global_header", b"30 comment=x\n", type=tarfile.XGLTYPE),
        entry("c", type=tarfile.DIRTYPE),
        entry("./c/Chart.yaml", b"\xef\xbb\xbfname: c\n"),
        entry(f"c/{long}", b"a"),
        format=format_,
    )
    assert read_archive(data, "c.tgz", LIMITS) == {"Chart.yaml": b"name: c\n", long: b"a"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "is absolute"),
        ("c/../../x", "climbs out of its folder"),
        ("..", "climbs out of its folder"),
        ("c\\templates\\a.yaml", "has a backslash"),
        ("C:/c/x", "starts with a drive"),
        ("c/C:/x", "starts with a drive"),
        ("c/a\x01b", "has control characters"),
        ("c/\udcff", "is not UTF-8"),
    ],
)
def test_paths_that_could_lead_out_of_the_chart_are_refused(name: str, why: str) -> None:
    text = fault(tgz(CHART, entry(name, b"x"), format=tarfile.GNU_FORMAT))
    assert text.startswith("error[archive-path]: the path ")
    assert f'" {why}\n' in text


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (tarfile.GNUTYPE_SPARSE, "an entry of a kind that charts do not have"),
    ],
)
def test_only_files_are_taken(kind: bytes, what: str) -> None:
    link = entry("c/templates/a.yaml", type=kind, linkname="/etc/passwd")
    assert fault(tgz(CHART, link)) == (
        f'error[archive-entry]: "c/templates/a.yaml" is {what}\n'
        "  --> c-1.tgz!c/templates/a.yaml\n"
        "  help: a chart archive holds only files: put the content in its place"
    )


def test_an_archive_with_two_charts_is_refused() -> None:
    assert fault(tgz(CHART, entry("d/Chart.yaml", b"x"))) == (
        "error[archive-top-folder]: the archive has several top folders: c, d\n"
        "  --> c-1.tgz\n"
        "  help: an archive holds one chart, below one folder with its name"
    )


def test_a_file_beside_the_top_folder_is_refused() -> None:
    assert '"Chart.yaml" stands beside the chart\'s folder' in fault(tgz(entry("Chart.yaml", b"x")))


def test_the_same_path_twice_is_refused() -> None:
    assert '"c/Chart.yaml" is in the archive twice' in fault(tgz(CHART, entry("c/./Chart.yaml", b"y")))


def test_an_archive_without_chart_yaml_is_refused() -> None:
    assert 'there is no "c/Chart.yaml"' in fault(tgz(entry("c/templates/a.yaml", b"x")))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "archive-empty"),
        (b"name: c", "archive-not-gzip"),
        (gzip.compress(b""), "archive-empty"),
        (tgz(), "archive-empty"),
        (gzip.compress(b"no tar at all" * 100), "archive-damaged"),
    ],
    ids=["nothing", "text", "nothing-packed", "empty-tar", "packed-text"],
)
def test_what_is_no_archive_is_named(data: bytes, code: str) -> None:
    assert fault(data).startswith(f"error[{code}]: ")


def test_every_truncation_is_noticed() -> None:
    data = write_archive("c", {**GOOD, "files/x": bytes(range(256)) * 8})
    for length in range(1, len(data), 7):
        with pytest.raises(ArchiveError):
            read_archive(data[:length], "c.tgz", LIMITS)


def test_a_truncated_tar_in_whole_gzip_is_noticed() -> None:
    tar = gzip.decompress(write_archive("c", GOOD))
    for length in (100, 513, 700, 1030):
        assert fault(gzip.compress(tar[:length])).startswith("error[archive-damaged]: ")


def test_a_broken_header_in_the_middle_does_not_end_the_archive_silently() -> None:
    tar = bytearray(gzip.decompress(write_archive("c", GOOD)))
    tar[1024 + 148] ^= 1
    assert "the archive is damaged: a header is broken" in fault(gzip.compress(bytes(tar)))


def change_size(size: int) -> Callable[[tarfile.TarInfo], bytes]:
    def header(info: tarfile.TarInfo) -> bytes:
        info.size = size
        return info.tobuf(tarfile.GNU_FORMAT)

    return header


@pytest.mark.parametrize("size", [-1, 2**40])
def test_sizes_that_cannot_be_are_refused_before_anything_is_read(size: int) -> None:
    header = change_size(size)(tarfile.TarInfo("c/x"))
    assert fault(gzip.compress(header + b"\0" * 1024)).startswith(
        ("error[archive-damaged]", "error[archive-size]")
    )


@pytest.mark.parametrize(
    "record",
    [
        b"1" * 5000 + b" path=x\n",
        "\u0661\u0661 path=x\n".encode(),
        b"5020 size=" + b"1" * 5009 + b"\n",
        "13 size=\u0661\u0661\n".encode(),
        f"29 size={2**64}\n".encode(),
    ],
)
def test_numbers_of_an_extended_header_that_go_does_not_read_are_refused(record: bytes) -> None:
    extended = entry("x", record, type=tarfile.XHDTYPE)
    assert fault(tgz(extended, CHART)).startswith("error[archive-damaged]: the archive is damaged: ")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_archive_bytes=50), "the archive has "),
        (Limits(max_chart_bytes=5), "the files are too large together; at most 5 bytes are allowed"),
        (Limits(max_chart_file_bytes=5), '"c/Chart.yaml" has 8 bytes; at most 5 bytes are allowed'),
        (Limits(max_chart_files=1), "the archive has 2 files; at most 1 files are allowed"),
        (
            Limits(max_path_characters=5),
            'the path "c/Chart.yaml..." has 12 characters; at most 5 characters are',
        ),
    ],
)
def test_limits_end_the_reading(limits: Limits, message: str) -> None:
    assert message in fault(write_archive("c", GOOD), limits)


def test_a_bomb_is_stopped_before_it_has_grown() -> None:
    zeros = entry("c/x", bytes(2**20))
    data = tgz(CHART, *[zeros] * 4)
    limits = Limits(max_chart_bytes=2**20)
    assert fault(data, limits).startswith("error[archive-size]: ")
    folders = tgz(CHART, *[entry(f"c/{i}", type=tarfile.DIRTYPE) for i in range(500)])
    assert "the archive has too many entries" in fault(folders, Limits(max_chart_files=20))
