"""Every example gives what lies beside this file: what its commands print, and the whole bundle.

Matrix: the commands of each example's README.md, run one after the other in a copy of the example.
`pytest tests/golden --rewrite-golden` writes what comes out instead of comparing; the diff is for review.
That kubectl reads the bundles as we mean them is tested in tests/helm/test_kustomize.py.
Left out: the tool's version in the lock, which every release changes.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sro_render.version import __version__

HERE = Path(__file__).parent
EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())

WITH_FINDINGS = {"01-simple-kmod", "02-jinja", "03-accelerator-stack", "06-planned-upgrade"}
"""The examples that show a finding on purpose, as their README.md says."""

Files = dict[str, str]


def run_example(name: str, folder: Path) -> Files:
    """Run an example's commands in `folder`: the report, and every file of its bundle."""
    example = shutil.copytree(EXAMPLES / name, folder / name)
    report = []
    for command in commands(name):
        _, *arguments = shlex.split(command)
        done = subprocess.run(
            [sys.executable, "-m", "sro_render", *arguments],
            cwd=example,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stderr
        report.append(f"$ {command}\n{done.stderr}{done.stdout}")
    out = example / "out"
    bundle = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {"report.txt": "".join(report), **{name: read(path) for name, path in bundle.items()}}


def commands(name: str) -> list[str]:
    """The command lines of an example's README.md."""
    blocks = re.findall(r"```sh\n(.*?)```", (EXAMPLES / name / "README.md").read_text("utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def read(path: Path) -> str:
    text = path.read_bytes().decode()
    if path.name == "sro.lock.yaml":
        return text.replace(f"version: {__version__}\n", "version: THE-TOOLS-VERSION\n")
    return text


def golden(name: str) -> Files:
    folder = HERE / name
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rewrite(name: str, files: Files) -> None:
    shutil.rmtree(HERE / name, ignore_errors=True)
    for path, text in files.items():
        target = HERE / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


@pytest.mark.parametrize("name", NAMES)
def test_an_example_gives_what_was_reviewed(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    files = run_example(name, tmp_path)
    if request.config.getoption("--rewrite-golden"):
        rewrite(name, files)
    expected = golden(name)
    # Names first: a list of them says more than the first of many texts that differ.
    assert sorted(files) == sorted(expected)
    assert files == expected


@pytest.mark.parametrize("name", NAMES)
def test_an_example_shows_findings_only_on_purpose(name: str) -> None:
    findings = re.findall(r"^warning\[", golden(name)["report.txt"], re.MULTILINE)
    assert bool(findings) == (name in WITH_FINDINGS)


def test_nothing_is_left_of_an_example_that_went() -> None:
    assert sorted(path.name for path in HERE.iterdir() if path.name[0].isdigit()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_of_an_example_is_short(name: str) -> None:
    text = (EXAMPLES / name / "README.md").read_text("utf-8")
    assert text.startswith("# ")
    assert len(text.splitlines()) <= 20
