"""A small project, repositories beside it, and the command line run on them; git is the real one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sro_render.cli.main import run

KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
SPEC = """\
apiVersion: sro.openshift.io/v1beta1
kind: SpecialResource
metadata:
  name: kmod
spec:
  chart:
    name: kmod
    version: 1.0.0
    repository:
      name: r
      url: file:///charts
"""
STATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: kmod
  annotations:
    specialresource.openshift.io/kernel-affine: "true"
data:
  kernel: {{ .Values.kernelFullVersion }}
"""


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class World:
    """A folder with `project` (spec, nodes, chart; the working directory) and repositories."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def project(self) -> Path:
        return self.root / "project"

    def write(self, path: str, text: str) -> Path:
        target = self.project / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def write_nodes(self, *kernels: str) -> None:
        nodes = [
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": f"n{index}", "labels": {}},
                "status": {
                    "nodeInfo": {
                        "kernelVersion": kernel,
                        "osImage": "Red Hat Enterprise Linux CoreOS 48.84.202209012023-0 (Ootpa)",
                        "architecture": "amd64",
                    }
                },
            }
            for index, kernel in enumerate(kernels)
        ]
        self.write("nodes.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": nodes}))

    def arguments(self, *more: str) -> list[str]:
        return ["build", "spec.yaml", "--inventory", "nodes.json", "--charts", "charts", *more]

    def run(self, *arguments: str) -> Outcome:
        code = run(arguments)
        captured = self.capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    def build(self, *more: str) -> Outcome:
        return self.run(*self.arguments(*more))

    def start(self, *more: str, **variables: str) -> subprocess.Popen[str]:
        """The build in a process of its own, in a group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "sro_render", *self.arguments(*more)],
            cwd=self.project,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def repository(self, name: str, *options: str) -> Path:
        place = self.root / name
        subprocess.run(["git", "init", "-q", *options, "--", str(place)], check=True)
        return place


def need(*programs: str) -> None:
    """Skip the test where a program is missing, unless everything must be tried."""
    for name in programs:
        if shutil.which(name) is None:
            if os.environ.get("CI"):
                pytest.fail(f"{name} is not here")
            pytest.skip(f"{name} is not here")


def git(place: Path, *arguments: str, data: bytes = b"") -> str:
    """What git says; a failure fails the test."""
    done = subprocess.run(["git", *arguments], cwd=place, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def commit_file(place: Path, branch: str, path: str, content: str) -> str:
    """A commit by somebody else on a branch of any repository, without its work tree."""
    other = place.parent / f"other-{len(list(place.parent.iterdir()))}"
    git(place.parent, "clone", "-q", "--no-checkout", str(place), str(other))
    has = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", f"origin/{branch}"],
        cwd=other,
        check=False,
        capture_output=True,
    )
    git(
        other,
        "checkout",
        "-q",
        *(["-B", branch, f"origin/{branch}"] if not has.returncode else ["--orphan", branch]),
    )
    target = other / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content, encoding="utf-8")
    git(other, "add", "--", path)
    git(other, "commit", "-q", "-m", "Other")
    git(other, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
    made = git(other, "rev-parse", "HEAD")
    shutil.rmtree(other)
    return made


def files(place: Path, revision: str) -> dict[str, str]:
    """Path to blob id of everything in a commit."""
    listed = git(place, "ls-tree", "-r", "-z", "--full-tree", revision)
    lines = [line.split("\t", 1) for line in listed.split("\0") if line]
    return {path: about.split()[2] for about, path in lines}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> World:
    """A project that is not in Git yet, and git with nobody's settings but a name."""
    for name in [each for each in os.environ if each.startswith(("GIT_", "SSH_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    settings = home / ".gitconfig"
    settings.write_text("[user]\n\tname = Ann\n\temail = ann@example.com\n[init]\n\tdefaultBranch = main\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    made = World(tmp_path, capsys)
    made.write("spec.yaml", SPEC)
    made.write_nodes(KERNEL)
    made.write("charts/kmod/Chart.yaml", "apiVersion: v2\nname: kmod\nversion: 1.0.0\n")
    made.write("charts/kmod/templates/0000-state.yaml", STATE)
    monkeypatch.chdir(made.project)
    return made


@pytest.fixture
def tools() -> Any:
    """The functions of this file, for tests that are no package."""

    class Tools:
        need = staticmethod(need)
        git = staticmethod(git)
        commit_file = staticmethod(commit_file)
        files = staticmethod(files)

    return Tools
