"""What is done when a process is asked to end, and what is kept of what no longer matters.

Matrix: asked before and after somebody wants to know; asked once more while a server gives no answer, and while
what is under way is waited for. Left out: an end in good order, which tests/cluster has.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sro_apply.controller.stopping import Stopping


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set instead of a signal."""
    event = threading.Event()
    monkeypatch.setattr(signal, "pthread_sigmask", lambda *_: None)
    signals = [event.wait]
    never = threading.Event()
    monkeypatch.setattr(signal, "sigwait", lambda _: signals.pop()() if signals else never.wait())
    yield event
    event.set()


def test_what_was_to_be_done_only_for_a_while_is_forgotten(asked: threading.Event) -> None:
    stopping, done, last = Stopping(), list[str](), threading.Event()
    stopping.call(lambda: done.append("always"))
    for _ in range(3):
        with stopping.calling(lambda: done.append("once")):
            pass
    with stopping.calling(lambda: done.append("now")):
        stopping.call(last.set)
        asked.set()
        assert last.wait(10)
    assert (stopping.is_asked, done) == (True, ["always", "now"])


def test_what_comes_after_the_signal_is_done_at_once(asked: threading.Event) -> None:
    stopping, done = Stopping(), list[str]()
    asked.set()
    stopping.wait(10)
    stopping.call(lambda: done.append("late"))
    assert done == ["late"]


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: "https://127.0.0.1:PORT"}}]
users: [{name: a, user: {token: t}}]
"""


def unready(address: str) -> str:
    """Why a loop is not ready; empty where it is."""
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=10):
            return ""
    except urllib.error.HTTPError as error:
        return error.read().decode()


@pytest.mark.parametrize("asked_by", [signal.SIGINT, signal.SIGTERM])
def test_whoever_asks_twice_does_not_wait_for_an_end_in_good_order(
    tmp_path: Path, asked_by: signal.Signals
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        kubeconfig = tmp_path / "kubeconfig"
        port = str(silent.getsockname()[1])
        kubeconfig.write_text(KUBECONFIG.replace("PORT", port), encoding="utf-8")
        options = ["--kubeconfig", str(kubeconfig), "--listen", "127.0.0.1:0"]
        with subprocess.Popen(
            [sys.executable, "-m", "sro_apply", "run", str(tmp_path), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout
            address = json.loads(process.stdout.readline())["address"]
            with silent.accept()[0]:  # it asks for the Lease, and gets no answer
                process.send_signal(asked_by)
                end = time.monotonic() + 10
                while "about to end" not in unready(address):
                    assert time.monotonic() < end
                process.send_signal(asked_by)
                _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "interrupted\n")


ENDING = """
import threading, time
from sro_apply import __main__ as program

def under_way():
    while threading.main_thread().is_alive():
        time.sleep(0.01)
    print("waited for", flush=True)
    time.sleep(600)

def run(_):
    threading.Thread(target=under_way).start()
    return 130

program.run = run
program.main()
"""
"""A command that was interrupted while it waited for an answer."""


def test_whoever_does_not_wait_for_what_is_under_way_gets_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "waited for\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (-signal.SIGINT, "")
