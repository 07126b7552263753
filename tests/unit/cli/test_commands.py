"""The commands beside build, and what all commands have in common.

Matrix: version, help with an example for each command, usage errors, quiet and verbose, colour,
completion, package, schema, our own bugs. Left out: build and vendor, which have files of their own.
"""

from __future__ import annotations

import base64
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sro_render.cli import main as cli_main
from sro_render.edges.schemas import KINDS
from sro_render.version import __version__

COMMANDS = [
    "build",
    "check",
    "completion",
    "coverage",
    "diff",
    "explain",
    "init",
    "inventory",
    "lint",
    "package",
    "schema",
    "template",
    "vendor",
    "verify",
]


def test_the_version_is_printed(project: Any) -> None:
    assert project.run("--version").out == f"sro-render, version {__version__}\n"


def test_the_help_lists_the_commands(project: Any) -> None:
    outcome = project.run("--help")
    assert outcome.code == 0
    listed = [
        line.split()[0]
        for line in outcome.out.split("Commands:\n")[1].splitlines()
        if line[:3] == "  " + line[2:3] and line.strip()
    ]
    assert listed[: len(COMMANDS)] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_an_example(project: Any, command: str) -> None:
    outcome = project.run(command, "--help")
    assert outcome.code == 0
    assert "Example:" in outcome.out
    assert f"sro-render {command}" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "Usage: sro-render [OPTIONS] COMMAND [ARGS]..."),
        (["bild"], "No such command 'bild'"),
        (["build"], "Missing argument 'SPEC...'"),
        (["build", "spec.yaml"], "Missing option '--inventory'"),
        (["build", "spec.yaml", "--inventroy", "x"], "No such option '--inventroy'"),
        (
            ["-q", "build", "-v", "spec.yaml", "--inventory", "x", "--out", "x"],
            "-q and -v contradict each other",
        ),
        (["-q", "-v", "schema"], "-q and -v contradict each other: give one of them"),
        (["package", "charts/kmod", "--configmap", "name"], "'name' is not NAMESPACE/NAME"),
    ],
)
def test_a_usage_error_says_so_and_exits_with_2(project: Any, arguments: list[str], text: str) -> None:
    outcome = project.run(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert text in outcome.err


@pytest.mark.parametrize("place", ["before", "behind"])
def test_quiet_says_nothing_but_errors(project: Any, place: str) -> None:
    options = ["--inventory", "nodes.json", "--charts", "charts", "--out", "out"]
    before, behind = (["-q"], []) if place == "before" else ([], ["-q"])
    quiet = project.run(*before, "build", *behind, "spec.yaml", *options)
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_verbose_says_what_is_read(project: Any) -> None:
    arguments = ["build", "spec.yaml", "--inventory", "nodes.json", "--charts", "charts", "--out", "out"]
    lines = project.run("-v", *arguments).err.splitlines()
    assert lines[:2] == ["read spec.yaml", "read nodes.json"]
    assert lines[2].startswith("kmod: chart charts/kmod, sha256:")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_that_the_shell_understands(project: Any, shell: str) -> None:
    script = project.run("completion", shell).out
    assert "_SRO_RENDER_COMPLETE" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_completion_completes(project: Any) -> None:
    environment = {
        **os.environ,
        "_SRO_RENDER_COMPLETE": "bash_complete",
        "COMP_WORDS": "sro-render b",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from sro_render.__main__ import main; main()"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=project.root,
    )
    assert done.stdout == "plain,build\n"


def test_schema_lists_the_kinds(project: Any) -> None:
    assert project.run("schema").out.split() == list(KINDS)


@pytest.mark.parametrize("kind", [*KINDS, "specialresource"])
def test_schema_prints_a_schema_that_says_what_it_is(project: Any, kind: str) -> None:
    schema = json.loads(project.run("schema", kind).out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"].casefold() == kind.casefold()


def test_an_unknown_schema_names_the_nearest(project: Any) -> None:
    outcome = project.run("schema", "SpecialResorce")
    assert outcome.code == 2
    assert outcome.err == (
        "error[unknown-kind]: there is no schema for 'SpecialResorce'\n  help: did you mean SpecialResource?\n"
    )


def test_package_makes_the_config_map_of_the_documentation(project: Any) -> None:
    outcome = project.run("package", "charts/kmod", "--configmap", "ns/charts")
    config_map = yaml.safe_load(outcome.out)
    assert config_map["metadata"] == {"name": "charts", "namespace": "ns"}
    index = yaml.safe_load(config_map["data"]["index.yaml"])
    assert [entry["version"] for entry in index["entries"]["kmod"]] == ["1.0.0"]
    assert list(config_map["binaryData"]) == ["kmod-1.0.0.tgz"]


def test_package_gives_the_same_bytes_whatever_the_files_times(project: Any) -> None:
    first = project.run("package", "charts/kmod", "--configmap", "ns/charts").out
    for path in (project.root / "charts").rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o755 if path.is_dir() else 0o600)
    assert project.run("package", "charts/kmod", "--configmap", "ns/charts").out == first


def test_helm_reads_the_packed_chart(project: Any, helm: Path) -> None:
    outcome = project.run("package", "charts/kmod", "--configmap", "ns/charts")
    data = yaml.safe_load(outcome.out)["binaryData"]["kmod-1.0.0.tgz"]
    archive = project.write("kmod-1.0.0.tgz", base64.b64decode(data))
    shown = subprocess.run([helm, "show", "chart", archive], capture_output=True, text=True, check=True)
    assert yaml.safe_load(shown.stdout) == {"apiVersion": "v2", "name": "kmod", "version": "1.0.0"}


def test_a_config_map_that_no_server_takes_is_refused(project: Any) -> None:
    wrong = project.run("package", "charts/kmod", "--configmap", "A/b")
    assert (wrong.code, wrong.err.splitlines()[0]) == (
        2,
        "error[object-name]: 'A' cannot be the name of a namespace",
    )
    project.write("charts/kmod/big.bin", os.urandom(2**20))
    large = project.run("package", "charts/kmod", "--configmap", "a/b")
    assert (large.code, large.out) == (2, "")
    assert large.err.startswith("error[configmap-too-large]: the ConfigMap has ")


def test_a_full_disk_behind_standard_output_is_no_bug(project: Any) -> None:
    command = f"{sys.executable} -m sro_render schema SpecialResource > /dev/full"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=project.root
    )
    assert (done.returncode, done.stderr) == (2, "error[system]: standard output: No space left on device\n")


@pytest.mark.parametrize(
    ("name", "version", "hint"),
    [
        ("kmod", "1.0.0+meta", "give kmod a version without '+'"),
        ("k" * 245, "1.0.0", f"give {'k' * 245} another name or version"),
    ],
)
def test_package_refuses_what_cannot_be_a_key_of_a_config_map(
    project: Any, name: str, version: str, hint: str
) -> None:
    project.write("charts/kmod/Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: {version}\n")
    outcome = project.run("package", "charts/kmod", "--configmap", "ns/charts")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"error[configmap-key]: '{name}-{version}.tgz' cannot be a key of a ConfigMap\n"
        "  --> charts/kmod\n"
        "  note: a key has letters, digits, '-', '_' and '.', and at most 253 of them\n"
        f"  help: {hint}, or keep it in a --charts folder\n"
    )


def test_package_of_no_folder_says_so(project: Any) -> None:
    outcome = project.run("package", "charts/none", "--configmap", "ns/charts", "--out", "x.yaml")
    assert outcome.code == 2
    assert outcome.err == (
        "error[chart-not-found]: there is no folder charts/none\n  help: name the folder that has Chart.yaml\n"
    )
    assert not (project.root / "x.yaml").exists()


def on_terminal(project: Any, **environment: str) -> str:
    """Standard error of a build with a finding, as a terminal gets it."""
    project.write("charts/kmod/templates/0000-state.yaml", "# {{ .Values.nothing }}\n")
    reader, writer = pty.openpty()
    arguments = ["build", "spec.yaml", "--inventory", "nodes.json", "--charts", "charts", "--out", "out"]
    child_environment = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "CI"}}
    subprocess.run(
        [sys.executable, "-m", "sro_render", *arguments],
        stderr=writer,
        stdout=subprocess.DEVNULL,
        cwd=project.root,
        env={**child_environment, "TERM": "xterm", **environment},
        check=True,
    )
    os.close(writer)
    text = b""
    while True:
        try:
            part = os.read(reader, 4096)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(reader)
    return text.decode()


def test_a_terminal_gets_colour(project: Any) -> None:
    assert on_terminal(project).startswith("\x1b[33m\x1b[1mwarning[missing-value]\x1b[0m: ")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_refused(project: Any, environment: dict[str, str]) -> None:
    assert on_terminal(project, **environment).startswith("warning[missing-value]: ")


def test_hostile_text_does_not_steer_the_terminal(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", "a: \x1b]0;owned\x07{{ .Values.x\n")
    outcome = project.build()
    assert outcome.code == 2
    assert "\x1b" not in outcome.err


def test_a_bug_of_ours_is_said_to_be_one(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: Any, **__: Any) -> int:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(cli_main.cli, "main", explode)
    outcome = project.run("schema")
    assert outcome.code == 3
    assert outcome.err == (
        "internal error: ZeroDivisionError: by zero\n"
        "  This is a bug of sro-render and not your mistake.\n"
        "  help: please report it, with the output of the same command with -v\n"
    )
    assert "Traceback" in project.run("-v", "schema").err


def test_an_interrupt_exits_with_130(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_main.cli, "main", interrupt)
    outcome = project.run("schema")
    assert (outcome.code, outcome.err) == (130, "interrupted\n")


def test_a_reader_that_goes_away_is_no_traceback(project: Any) -> None:
    command = f"{sys.executable} -m sro_render schema SpecialResource | head -c 1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, cwd=project.root
    )
    assert (done.stdout, done.stderr) == ("{", "")


BUILD = f"{sys.executable} -m sro_render build spec.yaml --inventory nodes.json --charts charts --out out"


@pytest.mark.parametrize(
    ("redirection", "reader", "code"),
    [
        ("2>&-", "cat", 0),
        (">&-", "cat", 0),
        (">&- 2>&-", "cat", 0),
        ("2>/dev/full", "cat", 0),
        # The files are the output; what was done is only told.
        ("", "true", 0),
        ("2>&1", "true", 0),
        # A report for a program is data, and was not delivered.
        ("-o json", "true", 1),
        ("-o json >/dev/full", "cat", 2),
    ],
)
def test_who_does_not_listen_does_not_undo_a_build(
    project: Any, redirection: str, reader: str, code: int
) -> None:
    project.write("charts/kmod/templates/0001-b.yaml", "# {{ .Values.nothing }}\n")
    # The wait lets the reader be gone before anything is printed.
    command = f"set -o pipefail; {{ sleep 0.1; {BUILD} {redirection}; }} | {reader}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=project.root
    )
    assert done.returncode == code
    assert (project.root / "out/cluster/sro.lock.yaml").is_file()
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
