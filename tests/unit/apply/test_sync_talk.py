"""What `sro-apply sync` says where nobody looks at a terminal: when, and once more at its end what is not well.

Matrix: steps that failed, got well, wait or were waited for; text, JSON and a dry run; times of each length. Left out:
each event's own words, and the board.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from sro_apply.cli import sync as cli
from sro_apply.cli.main import run
from sro_apply.controller.sync import SyncOutcome, SyncRequest
from sro_apply.events import Awaited, Event, Failed, Finished, Readied
from sro_apply.reporting.elapsed import elapsed_text, with_elapsed
from sro_apply.reporting.ending import Ending
from sro_apply.runner import Outcome

FINISHED = Finished(ready=1, waiting=1, failed=1, held=0, written=2, unchanged=0)
LOG = "build b-1 is Failed: DockerBuildFailed\nmake: *** No rule"
EVENTS: tuple[Event, ...] = (
    Failed(step="sr / s0 / k1", object="BuildConfig/a/b", reason=LOG, retry_s=1),
    Failed(step="sr / s0 / k2", object="Pod/a/p", reason="ErrImagePull", retry_s=1),
    Awaited(step="sr / s0 / k3", object="DaemonSet/a/d", reason="0 of 2 pods are ready (w0, w1)"),
    Readied(step="sr / s0 / k2", objects=1),
    FINISHED,
)
LAST = [
    "failed: sr / s0 / k1: BuildConfig/a/b: build b-1 is Failed: DockerBuildFailed",
    "not ready: sr / s0 / k3: DaemonSet/a/d: 0 of 2 pods are ready (w0, w1)",
]


def perform(request: SyncRequest, tell: Callable[[Event], None], tick: Callable[[], None]) -> SyncOutcome:
    del request
    for event in EVENTS:
        tell(event)
        tick()
    return SyncOutcome(applied=Outcome(finished=FINISHED, was_refused=False))


def test_a_log_ends_with_what_has_failed_and_what_was_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "perform_sync", perform)
    assert run(["sync", "out"]) == 1
    printed = capsys.readouterr().out
    assert printed.splitlines()[-2:] == LAST
    first, log, *_ = printed.splitlines()
    said = "sr / s0 / k1: failed: BuildConfig/a/b: build b-1 is Failed: DockerBuildFailed; again in 1 s"
    assert re.fullmatch(rf" *[0-9ms]+  {re.escape(said)}", first)
    assert log == "            make: *** No rule"
    assert re.fullmatch(r" *[0-9ms]+  steps: 1 ready, 1 not ready, 1 failed; .*", printed.splitlines()[-3])


def test_json_has_the_events_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "perform_sync", perform)
    assert run(["sync", "out", "-o", "json"]) == 1
    printed = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert printed == ["failed", "failed", "waiting", "ready", "finished"]


def test_a_dry_run_takes_no_time_worth_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "perform_sync", perform)
    assert run(["sync", "out", "--dry-run"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("sr / s0 / k1: failed: ")
    assert printed[-2:] == LAST


def test_the_last_word_on_each_step_counts_and_failures_come_first() -> None:
    ending = Ending()
    assert ending.lines() == []
    for event in (
        Awaited(step="a", object="Pod/a/a", reason="it comes"),
        Failed(step="b", object="Pod/a/b", reason="one", retry_s=1),
        Failed(step="b", object="Pod/a/c", reason="two", retry_s=1),
        Failed(step="c", object="Pod/a/c", reason="three", retry_s=1),
        Awaited(step="c", object="Pod/a/c", reason="it is gone, and is applied again"),
    ):
        ending.hear(event)
    assert ending.lines() == [
        "failed: b: Pod/a/c: two",
        "not ready: a: Pod/a/a: it comes",
        "not ready: c: Pod/a/c: it is gone, and is applied again",
    ]


def test_what_to_do_about_several_failures_is_said_once_after_them() -> None:
    ending = Ending()
    for step in ("a", "b"):
        ending.hear(Failed(step=step, object="Role/x/y", reason="no", retry_s=0, hint="ask for it"))
    ending.hear(Awaited(step="c", object="Pod/x/y", reason="it comes"))
    assert ending.lines() == [
        "failed: a: Role/x/y: no",
        "failed: b: Role/x/y: no",
        "  help: ask for it",
        "not ready: c: Pod/x/y: it comes",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (59.99, "59s"),
        (60.0, "1m00s"),
        (125.0, "2m05s"),
        (3599.0, "59m59s"),
        (3600.0, "1h00m"),
        (90_000.0, "25h00m"),
    ],
)
def test_a_time_is_short_and_of_one_width(seconds: float, text: str) -> None:
    assert elapsed_text(seconds) == text
    assert with_elapsed("a", seconds) == f"{text:>6}  a"
