"""The hooks of `.pre-commit-hooks.yaml`, as pre-commit itself installs and runs them.

Matrix: a repository whose bundle is stale, with the hook of check; the same with all hooks once the command
that check prints has mended it.
Judge: `pre-commit try-repo`, which installs this project from a Git repository, dependencies and all. So it
needs the package registry: without one the test is skipped, unless CI is set. What pip downloads stays in its
own cache, outside of the checkout. Left out: what the commands print, which has tests of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "03-accelerator-stack"
PROJECT = ("pyproject.toml", "README.md", "LICENSE", "sro_render", "schemas", ".pre-commit-hooks.yaml")
IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
OFFLINE = re.compile(
    r"No matching distribution|NewConnectionError|NameResolutionError|Could not find a version"
)
HOOKS = {each["id"]: each for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def committed(folder: Path) -> Path:
    """A Git repository with all that is in the folder."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a Git repository, whatever state the checkout is in."""
    folder = tmp_path_factory.mktemp("project")
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return committed(folder)


@pytest.fixture
def stale(tmp_path: Path) -> Path:
    """A repository with a bundle that was built, and a chart that was changed after that."""
    folder = shutil.copytree(EXAMPLE, tmp_path / "repository")
    for command in ("init", "build"):
        subprocess.run([sys.executable, "-m", "sro_render", "-q", command], cwd=folder, check=True)
    values = folder / "charts/orion/values.yaml"
    values.write_text(values.read_text("utf-8") + "more: yes\n", "utf-8")
    return committed(folder)


def try_repo(project: Path, repository: Path, *hooks: str) -> dict[str, str]:
    """Each hook with how it ended, and all that was printed as `""`."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pre_commit",
            "try-repo",
            str(project),
            *hooks,
            "--all-files",
            "--color",
            "never",
        ],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout + done.stderr
    if OFFLINE.search(printed) and not os.environ.get("CI"):
        pytest.skip(
            "pre-commit installs the project with what it depends on, and there is no package registry"
        )
    found = dict(re.findall(r"^(sro-render \w+)\.+(Passed|Failed)$", printed, re.MULTILINE))
    return {**found, "": printed}


def test_check_fails_on_a_stale_bundle_and_all_hooks_pass_on_what_its_command_mends(
    project: Path, stale: Path
) -> None:
    found = try_repo(project, stale, "sro-render-check")
    assert found.get("sro-render check") == "Failed", found[""]
    assert "rendered/lab: 19 stale, 16 as they should be\nmend it with: sro-render build\n" in found[""]
    assert git(stale, "status", "--short") == ""
    subprocess.run([sys.executable, "-m", "sro_render", "-q", "build"], cwd=stale, check=True)
    git(stale, "commit", "--quiet", "--all", "--message", "built")
    found = try_repo(project, stale)
    ended = {name: found.get(each["name"]) for name, each in HOOKS.items()}
    assert ended == dict.fromkeys(HOOKS, "Passed"), found[""]
    assert git(stale, "status", "--short") == ""


def test_the_hooks_are_commands_that_get_no_file_names() -> None:
    assert {name: (each["entry"], each["pass_filenames"]) for name, each in HOOKS.items()} == {
        "sro-render-check": ("sro-render check", False),
        "sro-render-build": ("sro-render build", False),
        "sro-render-lint": ("sro-render lint", False),
    }
