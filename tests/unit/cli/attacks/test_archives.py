"""Hostile archives and folders of charts, through `template` and `build`.

Matrix: paths, links, devices and double entries of an archive; bombs (size packed and unpacked, number of
entries and files, archives in archives); archives of a ConfigMap; links out of a chart's folder, and what is
no file there. Left out: each form of damage (tests/unit/charts/test_archive.py), which links are followed
(tests/unit/edges/test_chart_store.py), the limits one by one (test_limits.py).
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

CHART = ("kmod/Chart.yaml", "apiVersion: v2\nname: kmod\nversion: 1.0.0\n")
Tgz = Callable[..., bytes]


def header(path: str, kind: bytes, target: str = "", size: int = 0) -> tarfile.TarInfo:
    made = tarfile.TarInfo(path)
    made.type, made.linkname, made.size = kind, target, size
    return made


# CVE-2020-4053 (Helm): an archive wrote files outside of its folder.
# CVE-2019-18658 (Helm), CVE-2022-24904 and CVE-2022-31036 (Argo CD): links in charts led to other files.
# CVE-2025-53547 (Helm): Chart.lock was a link to a file that helm then wrote into.
ENTRIES: dict[str, tuple[tarfile.TarInfo | tuple[str, str], str]] = {
    "a path that climbs": (
        ("kmod/../../secret.yaml", "x"),
        '[archive-path]: the path "kmod/../../secret.yaml" climbs out of its folder',
    ),
    "a path that starts by climbing": (
        ("../../secret.yaml", "x"),
        '[archive-path]: the path "../../secret.yaml" climbs out of its folder',
    ),
    "an absolute path": (("/etc/passwd", "x"), '[archive-path]: the path "/etc/passwd" is absolute'),
    "a path that climbs on Windows": (
        ("kmod\\..\\..\\x", "x"),
        '[archive-path]: the path "kmod\\..\\..\\x" has a backslash',
    ),
    "a drive": (("C:/x", "x"), '[archive-path]: the path "C:/x" starts with a drive'),
    "a drive below the chart": (
        ("kmod/C:/x", "x"),
        '[archive-path]: the path "kmod/C:/x" starts with a drive',
    ),
    "a path that steers terminals": (
        ("kmod/\x1b[2J", "x"),
        '[archive-path]: the path "kmod/\\x1b[2J" has control characters',
    ),
    "a path without end": (
        ("kmod/" + "x" * 5000, "x"),
        f'[archive-size]: the path "kmod/{"x" * 55}..." has 5005 characters; at most 1024 characters are allowed',
    ),
    "a symbolic link to a file outside": (
        header("kmod/values.yaml", tarfile.SYMTYPE, "../../../secret.yaml"),
        '[archive-entry]: "kmod/values.yaml" is a symbolic link',
    ),
    "a symbolic link inside": (
        header("kmod/Chart.lock", tarfile.SYMTYPE, "Chart.yaml"),
        '[archive-entry]: "kmod/Chart.lock" is a symbolic link',
    ),
    "a symbolic link as a folder": (
        header("kmod/templates", tarfile.SYMTYPE, "/etc"),
        '[archive-entry]: "kmod/templates" is a symbolic link',
    ),
    "a hard link": (
        header("kmod/values.yaml", tarfile.LNKTYPE, "/etc/passwd"),
        '[archive-entry]: "kmod/values.yaml" is a hard link',
    ),
    "a character device": (
        header("kmod/values.yaml", tarfile.CHRTYPE),
        '[archive-entry]: "kmod/values.yaml" is a device',
    ),
    "a block device": (
        header("kmod/values.yaml", tarfile.BLKTYPE),
        '[archive-entry]: "kmod/values.yaml" is a device',
    ),
    "a named pipe": (
        header("kmod/values.yaml", tarfile.FIFOTYPE),
        '[archive-entry]: "kmod/values.yaml" is a named pipe',
    ),
    "the same file twice": (CHART, '[archive-duplicate]: "kmod/Chart.yaml" is in the archive twice'),
    "the same file by another path": (
        ("kmod/./Chart.yaml", "x"),
        '[archive-duplicate]: "kmod/Chart.yaml" is in the archive twice',
    ),
    "another chart": (
        ("other/Chart.yaml", "x"),
        "[archive-top-folder]: the archive has several top folders: kmod, other",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ENTRIES)
def test_an_archive_with_such_an_entry_is_refused(victim: Any, tgz: Tgz, attack: str) -> None:
    entry, message = ENTRIES[attack]
    victim.pack(tgz(CHART, entry))
    victim.assert_refused(message)


def test_the_same_entries_are_refused_in_a_configmap(victim: Any, tgz: Tgz) -> None:
    data = tgz(CHART, header("kmod/values.yaml", tarfile.SYMTYPE, "/etc/passwd"))
    index = {"apiVersion": "v1", "entries": {"kmod": [{"version": "1.0.0", "urls": ["kmod.tgz"]}]}}
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "charts", "namespace": "ns"},
        "data": {"index.yaml": json.dumps(index)},
        "binaryData": {"kmod.tgz": base64.b64encode(data).decode()},
    }
    victim.project.write("cm.json", json.dumps(config_map))
    spec = (victim.root / "spec.yaml").read_text().replace("file:///charts", "cm://ns/charts")
    victim.project.write("spec.yaml", spec)
    message = '[archive-entry]: "kmod/values.yaml" is a symbolic link'
    victim.assert_refused(message, "--inventory", "cm.json", command="build")


# CVE-2023-40584 (Argo CD), CVE-2025-32386 (Helm): a small archive unpacked to more than the memory.
def zeros(_: Tgz) -> bytes:
    return gzip.compress(bytes(200 * 2**20), 1)


def a_large_file(tgz: Tgz) -> bytes:
    return tgz(CHART, ("kmod/values.yaml", bytes(6 * 2**20)))


def a_size_that_is_not_there(_: Tgz) -> bytes:
    return gzip.compress(header("kmod/x", tarfile.REGTYPE, size=2**40).tobuf(tarfile.GNU_FORMAT))


def many_large_files(tgz: Tgz) -> bytes:
    return tgz(CHART, *((f"kmod/files/{number}", bytes(5 * 2**20)) for number in range(21)))


def many_files(tgz: Tgz) -> bytes:
    return tgz(CHART, *((f"kmod/files/{number}", "") for number in range(10_000)))


def many_folders(tgz: Tgz) -> bytes:
    return tgz(CHART, *(header(f"kmod/{number}", tarfile.DIRTYPE) for number in range(20_000)))


def sub_chart(tgz: Tgz, *entries: tarfile.TarInfo | tuple[str, bytes | str]) -> bytes:
    return tgz(("s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"), *entries)


def archives_with_many_files(tgz: Tgz) -> bytes:
    inner = sub_chart(tgz, *((f"s/{number}", "") for number in range(999)))
    return tgz(CHART, *((f"kmod/charts/s{number:03}.tgz", inner) for number in range(100)))


def archives_with_many_folders(tgz: Tgz) -> bytes:
    inner = sub_chart(tgz, *(header(f"s/{number}", tarfile.DIRTYPE) for number in range(1_999)))
    return tgz(CHART, *((f"kmod/charts/s{number:03}.tgz", inner) for number in range(100)))


def archives_with_zeros(tgz: Tgz) -> bytes:
    inner = sub_chart(tgz, ("s/x", bytes(5 * 2**20)))
    return tgz(CHART, *((f"kmod/charts/s{number:03}.tgz", inner) for number in range(100)))


def archives_inside_each_other(tgz: Tgz) -> bytes:
    data = sub_chart(tgz)
    for _ in range(20):
        data = sub_chart(tgz, ("s/charts/s.tgz", data))
    return tgz(CHART, ("kmod/charts/s.tgz", data))


BOMBS: dict[Callable[[Tgz], bytes], str] = {
    zeros: "[archive-size]: the archive unpacks to too much; at most 145817600 bytes are allowed",
    a_large_file: '[archive-size]: "kmod/values.yaml" has 6291456 bytes; at most 5242880 bytes are allowed',
    a_size_that_is_not_there: (
        '[archive-size]: "kmod/x" has 1099511627776 bytes; at most 5242880 bytes are allowed'
    ),
    many_large_files: (
        "[archive-size]: the files are too large together; at most 104857600 bytes are allowed"
    ),
    many_files: "[archive-size]: the archive has 10001 files; at most 10000 files are allowed",
    many_folders: (
        "[archive-size]: the archive has too many entries; at most 20000 entries are allowed"
    ),
    archives_with_many_files: (
        "[archive-size]: the archives of the chart have together 11000 files; at most 10000 files are allowed"
    ),
    archives_with_many_folders: (
        "[archive-size]: the archive has too many entries; at most 20000 entries are allowed"
    ),
    archives_with_zeros: (
        "[archive-size]: the files are too large together; at most 104857600 bytes are allowed"
    ),
    archives_inside_each_other: "[chart-nesting]: charts lie more than 16 levels deep inside each other",
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.__name__)
def test_a_bomb_is_refused_before_it_has_grown(victim: Any, tgz: Tgz, bomb: Callable[[Tgz], bytes]) -> None:
    victim.pack(bomb(tgz))
    victim.assert_refused(BOMBS[bomb])


def test_a_large_archive_is_refused_by_its_size_and_not_read(victim: Any, tgz: Tgz) -> None:
    victim.pack(tgz(CHART))
    with (victim.root / "charts/kmod-1.0.0.tgz").open("r+b") as file:
        file.truncate(2**40)  # takes no place on the disk
    victim.assert_refused(
        "[archive-size]: the archive has 1099511627776 bytes; at most 20971520 bytes are allowed"
    )


@pytest.mark.parametrize("path", ["values.yaml", "Chart.lock", "templates/a.yaml", "charts/s", "crds"])
def test_a_link_out_of_a_charts_folder_is_refused(victim: Any, path: str) -> None:
    link = victim.root / "charts/kmod" / path
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(victim.root.parent / ("secret.yaml" if "." in path else ""))
    victim.assert_refused(f"[chart-link]: charts/kmod/{path} is a link that leads out of the chart")


def test_a_link_to_a_device_is_refused(victim: Any) -> None:
    (victim.root / "charts/kmod/values.yaml").symlink_to("/dev/zero")
    victim.assert_refused("[chart-link]: charts/kmod/values.yaml is a link that leads out of the chart")


def test_a_chart_file_that_is_a_link_out_is_not_shown(victim: Any) -> None:
    chart = victim.root / "charts/kmod/Chart.yaml"
    chart.unlink()
    chart.symlink_to(victim.root.parent / "secret.yaml")
    message = "[chart-link]: charts/kmod/Chart.yaml is a link that leads out of the chart"
    victim.assert_refused(message)


def test_a_pipe_in_a_charts_folder_is_refused_and_not_waited_for(victim: Any) -> None:
    os.mkfifo(victim.root / "charts/kmod/values.yaml")
    victim.assert_refused("[chart-file]: charts/kmod/values.yaml is no file")


def test_a_pipe_that_is_no_part_of_the_chart_does_no_harm(victim: Any) -> None:
    os.mkfifo(victim.root / "charts/kmod/pipe")
    victim.write({".helmignore": "pipe\n"})
    assert [victim.run(command).code for command in ("template", "build")] == [0, 0]


@pytest.mark.parametrize("path", ["Chart.yaml", "values.yaml", "templates/0000-state.yaml", "files/large"])
def test_a_file_without_end_is_refused_and_not_read(victim: Any, path: str) -> None:
    victim.write({path: ""})
    with (victim.root / "charts/kmod" / path).open("wb") as file:
        file.truncate(2**40)
    victim.assert_refused(
        f"[chart-file]: charts/kmod/{path} has 1099511627776 bytes; at most 5242880 bytes are allowed"
    )


def test_a_large_file_that_is_no_part_of_the_chart_does_no_harm(victim: Any) -> None:
    victim.write({".helmignore": "large\n", "large": ""})
    with (victim.root / "charts/kmod/large").open("wb") as file:
        file.truncate(2**40)
    assert [victim.run(command).code for command in ("template", "build")] == [0, 0]


def test_folders_inside_each_other_without_end_are_refused(victim: Any) -> None:
    deepest = victim.root / "charts/kmod"
    for _ in range(520):
        deepest /= "a"
    deepest.mkdir(parents=True)
    shown = "a/" * 30
    victim.assert_refused(
        f"[chart-too-large]: the path {shown}... in charts/kmod has 1025 characters; "
        "at most 1024 characters are allowed"
    )
