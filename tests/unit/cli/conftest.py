"""A small project in a folder of its own, and the command line run on it inside this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sro_render.cli.main import run

KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
CHART = "apiVersion: v2\nname: kmod\nversion: 1.0.0\n"
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
    """What a command did: exit code, standard output and standard error."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A folder with a spec, nodes and a chart; the working directory is that folder."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    def write(self, path: str, text: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def write_spec(self, **spec: Any) -> None:
        """spec.yaml with the SR `kmod`; keyword arguments go over its spec."""
        document = {
            "apiVersion": "sro.openshift.io/v1beta1",
            "kind": "SpecialResource",
            "metadata": {"name": "kmod"},
            "spec": {
                "chart": {
                    "name": "kmod",
                    "version": "1.0.0",
                    "repository": {"name": "r", "url": "file:///charts"},
                },
                **spec,
            },
        }
        self.write("spec.yaml", yaml.safe_dump(document, sort_keys=False))

    def write_nodes(self, *kernels: str) -> None:
        """nodes.json with a node for each kernel: n0, n1, …"""
        self.write(
            "nodes.json",
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "List",
                    "items": [node(f"n{i}", k) for i, k in enumerate(kernels)],
                }
            ),
        )

    def run(self, *arguments: str) -> Outcome:
        self.capsys.readouterr()
        code = run(arguments)
        captured = self.capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    def build(self, *more: str) -> Outcome:
        return self.run(
            "build", "spec.yaml", "--inventory", "nodes.json", "--charts", "charts", "--out", "out", *more
        )

    def files(self) -> dict[str, bytes]:
        """Everything below out, by path."""
        out = self.root / "out"
        return {
            path.relative_to(out).as_posix(): path.read_bytes()
            for path in sorted(out.rglob("*"))
            if path.is_file()
        }


def node(name: str, kernel: str) -> dict[str, Any]:
    """A node as kubectl prints it, cut to what matters."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "role": "worker"}},
        "status": {
            "nodeInfo": {
                "kernelVersion": kernel,
                "osImage": "Red Hat Enterprise Linux 8.4 (Ootpa)",
                "architecture": "amd64",
                "kubeletVersion": "v1.23.5",
            }
        },
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    """A project that builds without a finding."""
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path, capsys)
    made.write_spec()
    made.write_nodes(KERNEL)
    made.write("charts/kmod/Chart.yaml", CHART)
    made.write("charts/kmod/templates/0000-state.yaml", STATE)
    return made


MakeWrong = Callable[[Project], None]
