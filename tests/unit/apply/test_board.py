"""The board of lanes: its lines, and how they come onto a terminal.

Matrix: each event that says something of a lane; colours, width and height; a pseudo-terminal of the system; where
there is none, no Unicode, or NO_COLOR. Left out: what a sync tells, which tests/cluster has.
"""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from sro_apply.events import Applied, Awaited, Delayed, Event, Failed, Readied, Result
from sro_apply.reporting.board import LaneBoard

OLD, NEW = "4.18.0-305.19.1", "4.18.0-305.49.1"
LONG = "driver-bfb16b50984f16f0"


def board(*events: Event) -> LaneBoard:
    made = LaneBoard(lambda text: text.replace("\x1b", "?"))
    for event in events:
        made.hear(event)
    return made


def applied(step: str) -> Applied:
    return Applied(step=step, object="Role/a/b", result=Result.CREATED)


EVENTS: tuple[Event, ...] = (
    applied("kmod / namespace"),
    Readied(step="kmod / namespace", objects=1),
    Awaited(
        step=f"kmod / 0000-build / {OLD}", object=f"BuildConfig/a/{LONG}", reason=f"build {LONG}-1 is Running"
    ),
    Failed(
        step=f"kmod / 0000-build / {NEW}", object="BuildConfig/a/c", reason="it is Failed\nlog", retry_s=2
    ),
    Delayed(reason="the server is busy", retry_s=1),
    applied("other / s0"),
)


def test_each_lane_has_a_line_with_its_state_status_and_reason() -> None:
    assert board(*EVENTS).lines(200, 50, has_colours=False) == [
        "kmod",
        "  ready     all kernels      namespace",
        f"  waiting   {OLD}  0000-build  build …-1 is Running (BuildConfig)",
        f"  failed    {NEW}  0000-build  it is Failed; again in 2 s (BuildConfig)",
        "other",
        "  applying  all kernels      s0          Role/a/b created",
    ]


def test_what_is_written_again_hides_nothing_that_is_waited_for() -> None:
    waiting = Awaited(step="kmod / s0", object="Job/a/b", reason="it runs")
    assert board(waiting, applied("kmod / s0")).lines(99, 9, has_colours=False)[1] == (
        "  waiting   all kernels  s0  Job/a/b: it runs"
    )
    assert "applying" in board(waiting, applied("kmod / s1")).lines(99, 9, has_colours=False)[1]


def test_only_the_status_has_a_colour() -> None:
    lines = board(*EVENTS).lines(200, 50, has_colours=True)
    assert lines[1] == "  \x1b[32mready\x1b[0m     all kernels      namespace"
    assert "\x1b[33mwaiting\x1b[0m  " in lines[2]
    assert "\x1b[31mfailed\x1b[0m  " in lines[3]
    assert "\x1b" not in lines[5]
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in lines] == board(*EVENTS).lines(
        200, 50, has_colours=False
    )


@pytest.mark.parametrize("width", [0, 1, 10, 35, 36, 40, 60])
@pytest.mark.parametrize("has_colours", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, has_colours: bool) -> None:
    wide = Awaited(step="kmod / 漢字", object="Pod/漢/字", reason="é" * 99)
    for line in board(*EVENTS, wide).lines(width, 50, has_colours=has_colours):
        plain = re.sub(r"\x1b\[\d+m", "", line)
        assert len(plain) + sum(each in "漢字" for each in plain) <= width
        assert not plain or plain.isprintable()


def test_where_there_is_little_room_failures_stay() -> None:
    ready = [Readied(step=f"kmod / s0 / k{number}", objects=1) for number in range(9)]
    failed = Failed(step="kmod / s0 / k9", object="Pod/a/b", reason="x", retry_s=0)
    assert board(*ready, failed).lines(99, 4, has_colours=False) == [
        "kmod",
        "  ready     k0  s0",
        "  failed    k9  s0  x (Pod)",
        "and 8 more",
    ]
    for height in range(12):
        assert len(board(*ready, failed).lines(99, height, has_colours=False)) <= height


def test_the_time_stands_below_it_with_how_many_lanes_stand_how() -> None:
    lines = board(*EVENTS).lines(200, 50, has_colours=False, elapsed="2m05s")
    assert lines[:-1] == board(*EVENTS).lines(200, 50, has_colours=False)
    assert lines[-1] == "2m05s: 1 failed, 1 waiting, 1 applying, 1 ready"
    for height in range(12):
        assert len(board(*EVENTS).lines(99, height, has_colours=False, elapsed="1s")) <= height
    assert board(*EVENTS).lines(9, 50, has_colours=False, elapsed="2m05s")[-1] == "2m05s: 1…"
    assert board().lines(200, 50, has_colours=False, elapsed="2m05s") == []


def test_what_a_server_says_does_not_steer_the_terminal() -> None:
    evil = Awaited(step="kmod / s0", object="Pod/a/b", reason="\x1b[2J")
    assert board(evil).lines(99, 9, has_colours=False)[1] == "  waiting   all kernels  s0  Pod/a/b: ?[2J"


PROGRAM = """
import sys
from sro_apply.cli.live import LiveBoard
from sro_apply.cli.talk import can_be_drawn_on
from sro_apply.events import Awaited, Readied
out = sys.stdout
print("drawn", can_be_drawn_on(out))
board = LiveBoard(out)
board.show(Awaited(step="sr / s0 / k1", object="Pod/a/b", reason="it comes"), "first")
board.show(Awaited(step="sr / s0 / k2", object="Pod/a/c", reason="it comes"), "second")
board.show(Readied(step="sr / s0 / k1", objects=1), "third")
"""


def on_terminal(columns: int, rows: int, program: str = PROGRAM, **environment: str) -> str:
    """What a program writes onto a terminal of this size."""
    controlling, terminal = pty.openpty()
    ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    given = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[3])} | environment
    for name in ("COLUMNS", "LINES", *(() if "NO_COLOR" in environment else ("NO_COLOR",))):
        given.pop(name, None)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=terminal, stdout=terminal, env=given
    ) as running:
        os.close(terminal)
        written = b""
        while part := _read(controlling):
            written += part
    os.close(controlling)
    assert running.returncode == 0
    return written.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # Linux says so when nobody writes any more
        return b""


def screen(written: str) -> list[str]:
    """What stands on a terminal after text with `up N lines` and `erase below`."""
    lines = [""]
    for part in re.split(r"(\x1b\[\d+F|\x1b\[J|\x1b\[\d+m|\n)", written):
        if part == "\n":
            lines.append("")
        elif up := re.fullmatch(r"\x1b\[(\d+)F", part):
            del lines[len(lines) - 1 - int(up[1]) :]
            lines.append("")
        elif not part.startswith("\x1b"):
            lines[-1] += part
    return lines


def test_the_board_stays_below_the_events_on_a_terminal() -> None:
    written = on_terminal(80, 24)
    assert screen(written) == [
        "drawn True",
        "first",
        "second",
        "third",
        "sr",
        "  ready     k1  s0",
        "  waiting   k2  s0  it comes (Pod)",
        "",
    ]
    assert "\x1b[32mready\x1b[0m" in written


def test_time_that_passes_is_seen_though_nothing_happens() -> None:
    timed = PROGRAM.replace("LiveBoard(out)", "LiveBoard(out, lambda: f'{next(times)}s')")
    ticking = f"times = iter(range(9))\n{timed}board.tick()\nboard.tick()\n"
    written = on_terminal(80, 24, program=ticking)
    assert screen(written)[1:] == [
        "first",
        "second",
        "third",
        "sr",
        "  ready     k1  s0",
        "  waiting   k2  s0  it comes (Pod)",
        "4s: 1 waiting, 1 ready",
        "",
    ]


def test_a_narrow_terminal_gets_narrow_lines_and_who_wants_no_colours_none() -> None:
    written = on_terminal(20, 24, NO_COLOR="1")
    assert screen(written)[-3:] == ["  ready     k1  s0", "  waiting   k2  s0…", ""]
    assert not re.search(r"\x1b\[\d+m", written)


def test_a_terminal_without_unicode_gets_the_number_of_what_it_lacks() -> None:
    opened = "from sro_apply.cli.talk import open_streams\nopen_streams()\n"
    written = on_terminal(20, 24, PYTHONIOENCODING="ascii", program=opened + PROGRAM)
    assert screen(written)[-2] == "  waiting   k2  s0\\u2026"


def test_on_a_terminal_that_cannot_go_back_nothing_is_drawn() -> None:
    assert on_terminal(80, 24, TERM="dumb").startswith("drawn False\n")
