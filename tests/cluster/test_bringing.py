"""The program that brings the control plane, where it cannot or need not: what does it say?

Left out: that it brings one, which is what the other tests here stand on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[1] / "control_plane.py"


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    ours = {
        name: value
        for name, value in os.environ.items()
        if name not in {"KUBEBUILDER_ASSETS", "SRO_TEST_KUBECONFIG"}
    }
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, env=ours | environment, capture_output=True, text=True, check=False)


def fake_apt(folder: Path, script: str) -> str:
    """A PATH with nothing but an apt-get that does as the script says."""
    program = folder / "apt-get"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(folder)


def test_it_wants_a_folder() -> None:
    done = run()
    assert done.returncode == 1
    assert done.stderr == "control plane: usage: python tests/control_plane.py FOLDER\n"


def test_it_builds_nothing_where_a_control_plane_is_named(tmp_path: Path) -> None:
    done = run(tmp_path / "cache", KUBEBUILDER_ASSETS="/some/folder")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "KUBEBUILDER_ASSETS names a control plane: nothing to build\n"
    assert not (tmp_path / "cache").exists()


def test_it_says_what_to_do_on_a_machine_without_apt(tmp_path: Path) -> None:
    done = run(tmp_path / "cache", PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == (
        "control plane: the source of Kubernetes is fetched with apt-get, which is not here: "
        "set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, kube-controller-manager and kube-scheduler\n"
    )


def test_it_passes_on_what_apt_says_of_each_mirror_and_leaves_no_half_build(tmp_path: Path) -> None:
    script = """\
case "$*" in
indextargets*) echo http://one.test/debian; echo http://two.test/debian; echo http://one.test/debian ;;
*) echo "E: no answer" >&2; exit 100 ;;
esac"""
    done = run(tmp_path / "cache", PATH=fake_apt(tmp_path, script))
    assert done.returncode == 1
    assert done.stderr == (
        "control plane: no mirror has the source of Kubernetes 1.20.2:\nE: no answer\nE: no answer\n"
    )
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".control-plane-1.20.2.lock"]


def test_it_says_so_when_apt_knows_no_mirror(tmp_path: Path) -> None:
    done = run(tmp_path / "cache", PATH=fake_apt(tmp_path, "exit 0"))
    assert done.returncode == 1
    assert done.stderr == (
        "control plane: no mirror has the source of Kubernetes 1.20.2:\napt is configured without any\n"
    )
