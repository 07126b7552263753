"""A build that is killed, and builds and readers side by side: always the old tree or the new one.

Matrix: SIGKILL before each single operation on files, in the middle of each write and after the
exchange, for a small tree that is replaced, one that is written first, and one on a system without
exchange; fifty random points in a larger tree; two builders and a reader. Left out: machines that
stop (what the disk keeps is the file system's law), Windows.

This file is also the program that builds and dies: it forks for each point, which takes
milliseconds where a new interpreter takes tenths of a second.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

import sro_render
from sro_render.edges import system_calls
from sro_render.edges.tree import replace_tree
from sro_render.model.file_names import LOCK_NAME
from sro_render.model.lock import Lock, digest_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has neither fork nor SIGKILL")

OPERATIONS = frozenset(
    {
        "fcntl.flock",
        "open",
        "os.chmod",
        "os.link",
        "os.listdir",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.scandir",
        "os.utime",
    }
)
"""The audit events of the operations that a build is made of; each comes before the operation."""


def with_lock(files: Mapping[str, bytes]) -> dict[str, bytes]:
    lock = Lock(cluster="c", files={path: digest_of(data) for path, data in files.items()})
    return {**files, LOCK_NAME: json.dumps(lock.to_mapping()).encode()}


def small_trees() -> tuple[dict[str, bytes], dict[str, bytes]]:
    old = with_lock({"same": b"1", "a/edited": b"2", "a/b/gone": b"3"})
    new = with_lock({"same": b"1", "a/edited": b"22", "d/come": b"4"})
    return old, new


def larger_trees() -> tuple[dict[str, bytes], dict[str, bytes]]:
    """A hundred files in folders; a third stays, a third differs, a third comes and goes."""
    old, new = {}, {}
    for number in range(120):
        path = f"sr-{number % 4}/state-{number % 5}/{number}.yaml"
        if number % 6 != 1:
            old[path] = b"%d" % number
        if number % 6 != 2:
            new[path] = b"%d" % (number if number % 3 == 0 else -number)
    return with_lock(old), with_lock(new)


TREES = {"small": small_trees, "larger": larger_trees}


def read(folder: Path) -> dict[str, bytes] | None:
    if not folder.exists():
        return None
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


class Death:
    """Counts operations, and kills this process at the one with a given number (from 1)."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.count = 0

    def step(self) -> bool:
        self.count += 1
        return self.count == self.number

    def die(self) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def listen(self, event: str, _: tuple[object, ...]) -> None:
        if event in OPERATIONS and self.step():
            self.die()

    def write(self, descriptor: int, data: memoryview) -> int:
        if self.step():
            _WRITE(descriptor, data[: len(data) // 2])
            self.die()
        return _WRITE(descriptor, data)

    def exchange(self, left: Path, right: Path) -> None:
        if self.step():
            self.die()
        _EXCHANGE(left, right)
        if self.step():
            self.die()


_WRITE = os.write
_EXCHANGE = system_calls.exchange


def no_exchange(left: Path, right: Path) -> None:
    del left, right
    raise system_calls.NotOfferedError


def no_flush(folder: int) -> None:
    """A killed process loses nothing that the system has; flushing would only take time."""
    del folder


def build_and_die(out: Path, files: Mapping[str, bytes], number: int, *, has_exchange: bool) -> int:
    """Build in a child that dies at an operation.

    Returns: the number of operations if it lived to the end, else 0.
    """
    result, report = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            death = Death(number)
            os.write = death.write  # type: ignore[assignment]
            system_calls.exchange = death.exchange if has_exchange else no_exchange
            sys.addaudithook(death.listen)
            replace_tree(out, "c", files)
            death.number = 0
            _WRITE(report, b"%d" % death.count)
            status = 0
        finally:
            os._exit(status)
    os.close(report)
    with os.fdopen(result) as pipe:
        count = pipe.read()
    _, ended = os.waitpid(child, 0)
    assert ended in {0, signal.SIGKILL}, ended
    return int(count or 0)


def kill_at(
    out: Path,
    trees: tuple[dict[str, bytes], dict[str, bytes]],
    number: int,
    *,
    is_first: bool,
    has_exchange: bool,
) -> dict[str, Any]:
    """One death: what a reader finds after it, and what the next build makes of it."""
    old, new = trees
    shutil.rmtree(out, ignore_errors=True)
    if not is_first:
        replace_tree(out, "c", old)
    operations = build_and_die(out, new, number, has_exchange=has_exchange)
    found = read(out / "c")
    name = next(
        (name for name, tree in (("old", old), ("new", new), ("nothing", None)) if tree == found), "mixture"
    )
    replace_tree(out, "c", new)
    return {
        "number": number,
        "operations": operations,
        "found": name,
        "mended": read(out / "c") == new,
        "left over": sorted(entry.name for entry in out.iterdir() if entry.name != "c"),
    }


def kill(out: Path, order: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The deaths that a test orders: at every operation, or at some random ones."""
    system_calls.flush = no_flush
    trees = TREES[order["tree"]]()
    options = {"is_first": order["is_first"], "has_exchange": order["has_exchange"]}
    if order["random"]:
        whole = kill_at(out, trees, 0, **options)
        yield whole
        points = random.Random(order["seed"]).sample(range(1, whole["operations"] + 1), order["random"])
        for number in points:
            yield kill_at(out, trees, number, **options)
        return
    number, lived = 0, False
    while not lived:
        number += 1
        result = kill_at(out, trees, number, **options)
        lived = result["operations"] > 0
        yield result


def generation(name: str, number: int) -> dict[str, bytes]:
    return with_lock(
        {f"f{index % 3}/{index}": f"{name} {number}".encode() for index in range(6 + number % 5)}
    )


def build_often(out: Path, order: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    system_calls.flush = no_flush
    for number in range(order["times"]):
        replace_tree(out, "c", generation(order["name"], number), wait_s=60)
    yield {"built": order["times"]}


def program() -> None:
    """`python test_tree_kill.py OUT ORDER`: prints one JSON line for each result."""
    out, order = Path(sys.argv[1]), json.loads(sys.argv[2])
    for result in {"kill": kill, "build": build_often}[order["do"]](out, order):
        sys.stdout.write(f"{json.dumps(result)}\n")


def start(out: Path, **order: object) -> subprocess.Popen[str]:
    package = Path(sro_render.__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, __file__, out, json.dumps(order)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package)},
    )


def results(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    with process:
        try:
            text, _ = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 0
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("is_first", "has_exchange", "expected"),
    [
        (False, True, ["old", "new"]),
        (True, True, ["nothing", "new"]),
        # Between the two renames there is nothing; the next build mends it.
        (False, False, ["old", "nothing", "new"]),
    ],
    ids=["replaced", "first", "without exchange"],
)
def test_a_kill_at_any_operation_leaves_the_old_tree_or_the_new_one(
    tmp_path: Path, *, is_first: bool, has_exchange: bool, expected: list[str]
) -> None:
    found = results(
        start(
            tmp_path / "out",
            do="kill",
            tree="small",
            random=0,
            is_first=is_first,
            has_exchange=has_exchange,
        )
    )
    states = [one["found"] for one in found]
    assert list(dict.fromkeys(states)) == expected, "the states follow each other, and none comes back"
    assert states == sorted(states, key=expected.index)
    assert [one for one in found if not one["mended"] or one["left over"]] == []
    assert len(found) > 20


def test_a_kill_at_a_random_moment_of_a_larger_build_does_no_harm(tmp_path: Path) -> None:
    found = results(
        start(
            tmp_path / "out",
            do="kill",
            tree="larger",
            random=50,
            seed=20,
            is_first=False,
            has_exchange=True,
        )
    )
    assert len(found) == 51
    assert {one["found"] for one in found} == {"old", "new"}
    assert [one for one in found if not one["mended"] or one["left over"]] == []


def read_by_descriptor(cluster: Path) -> dict[str, bytes] | None:
    """A careful reader: opens the folder once, and believes what it read if the lock is still there."""
    found = {}
    folder = os.open(cluster, os.O_RDONLY)
    try:
        for root, _, names, inner in os.fwalk(".", dir_fd=folder):
            for name in names:
                file = os.open(name, os.O_RDONLY, dir_fd=inner)
                with os.fdopen(file, "rb") as opened:
                    found[os.path.normpath(f"{root}/{name}")] = opened.read()
        os.stat(LOCK_NAME, dir_fd=folder)
    except FileNotFoundError:
        return None
    finally:
        os.close(folder)
    return found


def test_a_reader_beside_two_builders_sees_whole_trees_alone(tmp_path: Path) -> None:
    replace_tree(tmp_path, "c", generation("first", 0))
    whole = 0
    with (
        start(tmp_path, do="build", name="one", times=60) as one,
        start(tmp_path, do="build", name="two", times=60) as two,
    ):
        while one.poll() is None or two.poll() is None:
            found = read_by_descriptor(tmp_path / "c")
            if found is None:
                continue
            name, number = found["f0/0"].decode().split()
            assert found == generation(name, int(number))
            whole += 1
        assert [results(one), results(two)] == [[{"built": 60}]] * 2
    assert whole > 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["c"]
    assert read_by_descriptor(tmp_path / "c") in (generation("one", 59), generation("two", 59))


if __name__ == "__main__":
    program()
