"""The system's calls behind an output tree, with a C library that is played.

Matrix: libraries with renameat2, renamex_np, a bare syscall, nothing; what they answer; with and
without syncfs. Left out: what the real ones do (test_tree.py, laws/test_tree_kill.py).
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sro_render.edges import system_calls
from sro_render.edges.system_calls import NotOfferedError, exchange, flush

LEFT, RIGHT = Path("/left"), Path("/right")
Calls = list[tuple[Any, ...]]


def answering(number: int, calls: Calls) -> Callable[..., int]:
    """A C function that fails with an error number, or succeeds for 0."""

    def function(*arguments: object) -> int:
        calls.append(arguments)
        ctypes.set_errno(number)
        return -1 if number else 0

    return function


def play(monkeypatch: pytest.MonkeyPatch, number: int = 0, *names: str) -> Calls:
    """Stand in for the C library; returns the calls that it will get."""
    calls: Calls = []
    library = SimpleNamespace(**{name: answering(number, calls) for name in names})
    monkeypatch.setattr(system_calls, "_c_library", lambda: library)
    return calls


def set_machine(monkeypatch: pytest.MonkeyPatch, system: str, machine: str) -> None:
    """Let the program believe that it runs there."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine=machine))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("renameat2", (-100, b"/left", -100, b"/right", 2)),
        ("renamex_np", (b"/left", b"/right", 2)),
        ("syscall", (316, -100, b"/left", -100, b"/right", 2)),
    ],
)
def test_each_system_has_its_own_way_to_exchange(
    monkeypatch: pytest.MonkeyPatch, name: str, expected: tuple[object, ...]
) -> None:
    set_machine(monkeypatch, "linux", "x86_64")
    calls = play(monkeypatch, 0, name)
    exchange(LEFT, RIGHT)
    assert calls == [expected]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_that_cannot_exchange_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    play(monkeypatch, number, "renameat2")
    with pytest.raises(NotOfferedError):
        exchange(LEFT, RIGHT)


def test_another_failure_names_both_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, errno.EXDEV, "renameat2")
    with pytest.raises(OSError, match="Invalid cross-device link: '/left' -> '/right'"):
        exchange(LEFT, RIGHT)


@pytest.mark.parametrize(("system", "machine"), [("linux", "mips"), ("freebsd14", "x86_64")])
def test_an_unknown_machine_cannot_exchange(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str
) -> None:
    set_machine(monkeypatch, system, machine)
    calls = play(monkeypatch, 0, "syscall")
    with pytest.raises(NotOfferedError):
        exchange(LEFT, RIGHT)
    assert calls == []


def test_without_a_c_library_nothing_can_be_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_calls, "_c_library", lambda: None)
    with pytest.raises(NotOfferedError):
        exchange(LEFT, RIGHT)


def test_one_file_system_is_flushed_where_that_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = play(monkeypatch, 0, "syncfs")
    flush(7)
    assert calls == [(7,)]


def test_a_flush_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, errno.EIO, "syncfs")
    with pytest.raises(OSError, match="Input/output error"):
        flush(7)


def test_everything_is_flushed_where_one_file_system_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(os, "sync", lambda: flushed.append("all"))
    play(monkeypatch)
    flush(7)
    assert flushed == ["all"]
