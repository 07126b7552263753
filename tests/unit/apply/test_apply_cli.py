"""The command line of sro-apply: exit codes and messages where no cluster is needed, and the lines of events.

Matrix: each exit code that comes before the first request; a server that is not there; each event as text and
as JSON. Left out: what a cluster answers, which tests/cluster has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sro_apply.cli import status
from sro_apply.cli.main import run
from sro_apply.events import (
    Applied,
    Awaited,
    Delayed,
    Event,
    Failed,
    Finished,
    Labelled,
    Leading,
    Readied,
    Result,
    StoodBy,
)
from sro_apply.kube.errors import TransientError
from sro_apply.reporting.logs import json_line, text_line
from sro_render.errors import InputError

GOLDEN = Path(__file__).parents[2] / "golden" / "01-simple-kmod" / "cluster"
NOBODY = """\
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: ops}}]
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Of a server that is not there."""
    file = tmp_path / "config"
    file.write_text(NOBODY, encoding="utf-8")
    return file


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", "--help"]) == 0
    printed = capsys.readouterr().out
    for option in (
        "--wait / --no-wait",
        "--timeout",
        "--on-conflict",
        "--allow-kinds",
        "--dry-run",
        "--output",
    ):
        assert option in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sync"], "Missing argument 'SOURCE'"),
        (["sync", "x", "--on-conflict", "guess"], "'guess' is not one of 'force', 'fail'"),
        (["sync", "x", "--allow-kinds", ""], "Invalid value for '--allow-kinds': it names nothing"),
        (
            ["run", "x", "--allow-namespaces", " , "],
            "Invalid value for '--allow-namespaces': it names nothing",
        ),
        (["sync", "x", "--timeout", "0"], "'0' is no duration: write 90, 90s, 15m or 1h30m"),
        (["sink"], "No such command 'sink'"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_a_bundle_is_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"error[no-bundle]: there is no sro.lock.yaml in {tmp_path}\n"
        "  help: name what sro-render build wrote: OUT/CLUSTER\n"
    )


def test_a_folder_that_cannot_be_looked_into_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    name = (
        "x" * 300
    )  # longer than the name of any file; a folder without rights is read by the root of a container
    assert run(["sync", name]) == 2
    assert capsys.readouterr().err == (
        f"error[unreadable-file]: {name} cannot be read: File name too long\n"
        "  help: name what sro-render build wrote, OUT/CLUSTER, and give yourself the right to read it\n"
    )


def test_a_folder_that_is_not_there_is_said_to_be_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", "/nowhere/out"]) == 2
    assert capsys.readouterr().err.startswith("error[no-bundle]: there is no folder /nowhere/out\n")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("simple-kmod", "there is no sro.lock.yaml in {}"),
        ("sro.lock.yaml", "{} is a file"),
    ],
)
def test_who_names_a_part_of_a_bundle_is_told_which_one_it_is_of(
    part: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", str(GOLDEN / part)]) == 2
    assert capsys.readouterr().err == (
        f"error[no-bundle]: {said.format(GOLDEN / part)}\n  help: did you mean {GOLDEN}?\n"
    )


def test_an_empty_source_is_not_the_folder_that_one_is_in(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(GOLDEN)
    assert run(["sync", ""]) == 2
    assert capsys.readouterr().err == (
        "error[no-bundle]: SOURCE is empty\n"
        "  help: name what sro-render build wrote, OUT/CLUSTER; maybe a variable is not set\n"
    )


def test_an_address_without_git_before_it_is_told_how_to_be_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["sync", "https://me:secret@example.com/fleet.git"]) == 2
    assert capsys.readouterr().err == (
        "error[source-address]: SOURCE is an address, and names no bundle in a Git repository\n"
        "  help: write git+URL@REF:PATH, such as git+https://HOST/REPOSITORY@main:OUT/CLUSTER\n"
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_this_program(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_SRO_APPLY_COMPLETE" in capsys.readouterr().out


def test_completion_completes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SRO_APPLY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "sro-apply s")
    monkeypatch.setenv("COMP_CWORD", "1")
    with pytest.raises(SystemExit) as ended:  # click's own end
        run([])
    assert ended.value.code == 0
    assert capsys.readouterr().out.split() == ["plain,snapshot", "plain,sync", "plain,status"]


@pytest.mark.parametrize(
    ("words", "sort"),
    [
        *((f"{command} ", "dir") for command in ("sync", "diff", "status", "run", "manifests")),
        ("delete --kubeconfig ", "file"),
    ],
)
def test_folders_and_files_are_completed_by_the_shell(
    words: str, sort: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_SRO_APPLY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"sro-apply {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" "))))
    with pytest.raises(SystemExit):
        run([])
    assert capsys.readouterr().out == f"{sort},\n"


def test_an_output_that_is_full_is_no_bug_of_ours() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sro_apply", "manifests", GOLDEN, "--for", "sync"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        2,
        "error[system]: standard output: No space left on device\n",
    )


@pytest.mark.parametrize(
    ("fault", "code", "last"),
    [
        (KeyError("x"), 3, "  help: please report it, with all of the above"),
        (ExceptionGroup("some", [KeyError("x")]), 3, "  help: please report it, with all of the above"),
        (OSError(5, "Input/output error"), 2, "error[system]: standard output: Input/output error"),
        (OSError(13, "Permission denied", "out"), 2, "error[system]: out: Permission denied"),
        (OSError(9, "Bad file descriptor"), 3, "  help: please report it, with all of the above"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (TransientError("server-busy", "it is", hint="x"), 4, "  help: x"),
        (InputError("wrong", "it is", hint="x"), 2, "  help: x"),
        (
            ExceptionGroup("some", [InputError("a", "it is", hint="x"), InputError("b", "is it", hint="y")]),
            2,
            "  help: y",
        ),
    ],
)
def test_whatever_ends_a_command_has_its_exit_code_and_its_words(
    fault: BaseException,
    code: int,
    last: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def look(*_: object) -> None:
        raise fault

    monkeypatch.setattr(status, "look", look)
    monkeypatch.setattr(os, "dup2", lambda *_: None)  # the tests' own output stays
    assert run(["status", "out"]) == code
    assert capfd.readouterr().err.splitlines()[-1] == last


def test_who_reads_no_more_of_our_output_is_told_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    arguments = [sys.executable, "-m", "sro_apply", "manifests", str(GOLDEN), "--for", "sync"]
    done = subprocess.run(arguments, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    "arguments", [["snapshot", "x" * 300], ["sync", str(GOLDEN), "--kubeconfig", "x" * 300]]
)
def test_a_file_that_the_system_does_not_let_us_look_at_is_no_bug_of_ours(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr().err == f"error[system]: {'x' * 300}: File name too long\n"


def test_what_is_not_allowed_is_refused_without_any_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", str(GOLDEN), "--allow-namespaces", "other", "--kubeconfig", "/nowhere"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error[bundle-not-allowed]: the bundle of cluster goes beyond what is allowed\n")
    assert "  help: allow more with --allow-kinds and --allow-namespaces, or change the charts\n" in said


def test_a_library_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "sro_apply.kube.official", raising=False)
    monkeypatch.delattr("sro_apply.kube.official", raising=False)  # where another test imported it
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    assert run(["sync", str(GOLDEN)]) == 2
    assert capsys.readouterr().err == (
        "error[extra-missing]: the package kubernetes is not installed, which speaks with the cluster\n"
        "  help: install sro-render with its extra: pip install 'sro-render[apply]'\n"
    )


def test_a_kubeconfig_that_is_not_there_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", str(GOLDEN), "--kubeconfig", "/nowhere"]) == 2
    assert capsys.readouterr().err == (
        "error[no-connection]: there is no cluster to connect to: there is no file /nowhere\n"
        "  in: /nowhere\n"
        "  help: name a kubeconfig with --kubeconfig or KUBECONFIG, or run in a pod\n"
    )


def test_a_home_that_nobody_knows_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", str(GOLDEN), "--kubeconfig", "~nobody-of-this-name/config"]) == 2
    assert capsys.readouterr().err.startswith(
        "error[no-connection]: there is no cluster to connect to: there is no file ~nobody-of-this-name/config\n"
    )


def test_a_context_that_is_not_there_is_wrong_input(
    kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", str(GOLDEN), "--kubeconfig", str(kubeconfig), "--context", "other"]) == 2
    assert capsys.readouterr().err == (
        "error[no-connection]: there is no cluster to connect to: there is no context other\n"
        f"  in: {kubeconfig}\n"
        "  help: name one of these with --context: c\n"
    )


def test_a_server_that_is_not_there_is_not_waited_for(
    kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", str(GOLDEN), "--kubeconfig", str(kubeconfig)]) == 4
    said = capsys.readouterr().err
    assert said.startswith("error[server-unreachable]: read Lease/ops/sro-apply: ")
    assert "  help: check the connection, and that the server runs\n" in said


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            Applied(step="sr / s0", object="Role/a/b", result=Result.CONFIGURED),
            "sr / s0: Role/a/b configured",
        ),
        (
            Applied(step="sr / s0", object="Role/a/b", result=Result.UNCHECKED),
            "sr / s0: Role/a/b would be created, unchecked: its namespace or kind is not there yet",
        ),
        (Readied(step="sr / s0 / k", objects=1), "sr / s0 / k: ready (1 object)"),
        (
            Awaited(step="sr / s0 / k", object="DaemonSet/a/b", reason="0 of 2 pods are ready"),
            "sr / s0 / k: waiting for DaemonSet/a/b: 0 of 2 pods are ready",
        ),
        (
            Failed(step="sr / s0 / k", object="Build/a/b", reason="it is Failed", retry_s=1.0),
            "sr / s0 / k: failed: Build/a/b: it is Failed; again in 1 s",
        ),
        (
            Failed(step="sr / s0", object="Role/a/b", reason="no", retry_s=1.0, hint="ask for it"),
            "sr / s0: failed: Role/a/b: no; again in 1 s\n    help: ask for it",
        ),
        (
            Failed(step="sr / s0 / k", object="Build/a/b", reason="it is Failed", retry_s=0),
            "sr / s0 / k: failed: Build/a/b: it is Failed",
        ),
        (
            Failed(
                step="sr / s0", object="BuildConfig/a/b", reason="b-1 is Failed: cc\nError 2", retry_s=1.0
            ),
            "sr / s0: failed: BuildConfig/a/b: b-1 is Failed: cc; again in 1 s\n    Error 2",
        ),
        (Delayed(reason="list Pod: no answer", retry_s=2.5), "list Pod: no answer; again in 2.5 s"),
        (
            StoodBy(lease="Lease/ops/sro-apply", holder="b_1"),
            "waiting for Lease/ops/sro-apply: b_1 has it, and works in this cluster",
        ),
        (
            Labelled(nodes=("a", "b"), specialresource="sr", state="0000-build"),
            "sr / 0000-build: label set on 2 nodes: a, b",
        ),
        (
            Labelled(nodes=("a",), specialresource="sr", state="0000-build", is_ready=False),
            "sr / 0000-build: label taken from 1 node: a",
        ),
        (Leading(lease="Lease/ops/sro-apply", holder="a_1"), "Lease/ops/sro-apply is ours, as a_1"),
        (
            Finished(ready=3, waiting=0, failed=0, held=0, written=0, unchanged=11),
            "steps: 3 ready; objects: 0 written, 11 unchanged",
        ),
        (
            Finished(ready=3, waiting=2, failed=1, held=4, written=5, unchanged=6, is_out_of_time=True),
            (
                "out of time: steps: 3 ready, 2 not ready, 1 failed, 4 held back by what is not ready; "
                "objects: 5 written, 6 unchanged"
            ),
        ),
        (
            Finished(ready=3, waiting=0, failed=0, held=0, written=5, unchanged=6, is_dry_run=True),
            "dry run: 5 would be written, 6 unchanged",
        ),
    ],
)
def test_an_event_is_a_line(event: Event, text: str) -> None:
    assert text_line(event) == text
    assert json.loads(json_line(event))["event"]


@pytest.mark.parametrize(
    "strange",
    [
        "\x7f",  # deletes on a terminal, and is no control character to JSON
        "\x9b2J",  # the beginning of a command to a terminal, in one byte of Latin-1
        "\xa0",  # a space that is none
        "\U000e0001",  # beyond what four digits name
        "\udcff",  # half a character: of a file's name that is no UTF-8
        '\n\t"\\',
        "é – 中 😀",
    ],
)
def test_whatever_an_event_says_its_line_is_json_and_steers_no_terminal(strange: str) -> None:
    line = json_line(Delayed(reason=f"a{strange}b", retry_s=2.5), "2026-01-01T00:00:00.000Z")
    assert line.isprintable()
    assert json.loads(line) == {
        "time": "2026-01-01T00:00:00.000Z",
        "event": "delayed",
        "reason": f"a{strange}b",
        "retry_s": 2.5,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b: c", "ScannerError: mapping values are not allowed here"),
        ("[1, 2]", "there is no cluster to connect to: "),
        ("kind: Config\nclusters: 7\n", "there is no cluster to connect to: "),
    ],
)
def test_a_damaged_kubeconfig_is_a_mistake_of_the_user_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    file = tmp_path / "config"
    file.write_text(text, encoding="utf-8")
    assert run(["sync", str(GOLDEN), "--kubeconfig", str(file)]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error[no-connection]: there is no cluster to connect to: ")
    assert said in errors
    assert f"  in: {file}\n" in errors
    assert "Traceback" not in errors


def test_a_lock_of_another_sort_is_named_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sro.lock.yaml").write_text("kind: Other\n", encoding="utf-8")
    assert run(["sync", str(tmp_path)]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error[lock-foreign]: this is not a BundleLock of sro-render\n")
    assert f"  in: {tmp_path / 'sro.lock.yaml'}\n" in errors
