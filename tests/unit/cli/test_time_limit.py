"""The limit of time on an SR.

Matrix: what is stopped (loops by the engine's own looks, long functions by the timer), what is not
(code of anybody else, which may hold a lock), each SR by itself, whole messages. The timer is real
where it must strike, and played by hand where it must not. Left out: systems without POSIX timers,
played by another thread.
"""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.cli.time_limit import time_limit
from sro_render.errors import OutOfTimeError
from sro_render.limits import Limits
from sro_render.yamltext import go_json

LOOPS = "{{ range until 1000 }}{{ range until 999 }}{{ end }}{{ end }}"
LONG_FUNCTION = (
    '{{ $d := dict "x" 1 }}{{ range until 40 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ toJson $d }}'
)
STATE = "charts/kmod/templates/0000-state.yaml"


def test_a_function_that_takes_too_long_is_stopped(project: Any) -> None:
    project.write(STATE, LONG_FUNCTION)
    outcome = project.build("--time-limit", "1")
    assert outcome.code == 2
    assert outcome.err == (
        "error[limit-time]: rendering took longer than 1 s\n"
        "  in: kmod\n"
        "  note: it was at 0000-state for kernel 4.18.0-305.45.1.el8_4.x86_64\n"
        "  help: look for long loops in what the chart does there, or raise --time-limit\n"
        "nothing was written: 1 error\n"
    )


def test_one_sr_that_takes_too_long_hides_no_other(project: Any) -> None:
    project.write("charts/other/Chart.yaml", "apiVersion: v2\nname: other\nversion: 1.0.0\n")
    project.write(
        "charts/other/templates/0000-state.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
    )
    spec = (project.root / "spec.yaml").read_text("utf-8")
    project.write("spec.yaml", f"{spec}---\n{spec.replace('kmod', 'other')}")
    project.write(STATE, LONG_FUNCTION)
    outcome = project.build("--time-limit", "1", "--keep-going")
    assert outcome.code == 1
    assert outcome.err.startswith("error[limit-time]: ")
    assert [path for path in project.files() if "secret" in path] == [
        "cluster/other/0000-state/secret-a.yaml"
    ]
    assert not any(path.startswith("cluster/kmod/") for path in project.files())


def test_what_is_not_rendering_is_never_interrupted() -> None:
    lock = threading.Lock()
    with time_limit(3600), lock:
        signal.raise_signal(signal.SIGALRM)
    assert not lock.locked()


def test_rendering_is_interrupted_wherever_it_is() -> None:
    with time_limit(3600):
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.01)
        with pytest.raises(OutOfTimeError):
            go_json.marshal(_forever())


def _forever() -> object:
    """A value that has more parts than anybody lives to see."""
    value: object = 1
    for _ in range(60):
        value = [value, value]
    return value


def test_the_timer_and_the_handler_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(3600):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_no_limit_sets_no_timer() -> None:
    with time_limit(0) as check:
        assert check is None
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_the_engine_looks_at_the_clock_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = iter(range(10**6))
    monkeypatch.setattr("sro_render.cli.time_limit.time.monotonic", lambda: next(hours) * 3600.0)
    files = {"Chart.yaml": b"apiVersion: v2\nname: c\nversion: 1.0.0\n", "templates/a.yaml": LOOPS.encode()}
    engine = Engine(load_chart(files, "c", Limits()), Limits())
    seen: list[BaseException] = []

    def in_a_thread() -> None:
        try:
            with time_limit(7200) as check:
                assert signal.getitimer(signal.ITIMER_REAL) == (0, 0), "timers are the main thread's"
                engine.render({}, Release(name="r", namespace="n"), Capabilities(), deadline=check)
        except OutOfTimeError as error:
            seen.append(error)

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    assert [str(error) for error in seen] == ["took longer than 7200 s"]
