"""The example for CI does what it says, and the page that it keeps is the one beside this file.

Matrix: both pipelines by their published schemas (check-jsonschema carries those of schemastore.org); their
commands run as they stand, in a repository with a changed value, and in one where nothing differs.
`--rewrite-golden` writes the page instead of comparing.
Left out: the steps that speak to GitHub or GitLab, and those that install.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from sro_render.version import __version__

EXAMPLE = Path(__file__).parents[2] / "examples" / "07-review-in-ci"
GOLDEN = Path(__file__).parent / "pages" / "07-review-in-ci.html"
BUILD = ["build", "specialresource.yaml", "--inventory", "cluster.yaml", "--charts", "charts", "--out", "out"]
PIPELINES = {
    "github-workflows": EXAMPLE / ".github" / "workflows" / "review.yaml",
    "gitlab-ci": EXAMPLE / ".gitlab-ci.yml",
}


def pipeline(name: str) -> Any:
    # YAML 1.2's `on` is a string; PyYAML reads 1.1.
    text = re.sub(r"^on:", '"on":', PIPELINES[name].read_text("utf-8"), flags=re.MULTILINE)
    return yaml.safe_load(text)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_pipeline_is_one_by_its_schema(name: str) -> None:
    # Only its data is read: to import it takes what its command line needs.
    judge = distribution("check-jsonschema")
    schema = Path(str(judge.locate_file(f"check_jsonschema/builtin_schemas/vendor/{name}.json")))
    validator = jsonschema_rs.validator_for(json.loads(schema.read_text("utf-8")))
    assert [str(error) for error in validator.iter_errors(pipeline(name))] == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The example as a repository: its bundle, then a merge that changes a value, with the bundle built again."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "a repository"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    sro_render(folder, *BUILD)
    commit(folder, "first")
    git(folder, "checkout", "--quiet", "-b", "change")
    spec = folder / "specialresource.yaml"
    spec.write_text(spec.read_text("utf-8").replace("3.1.0", "3.2.0"), encoding="utf-8")
    sro_render(folder, *BUILD)
    commit(folder, "second")
    git(folder, "checkout", "--quiet", "main")
    git(folder, *WHO, "merge", "--quiet", "--no-ff", "change")
    return folder


WHO = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, *WHO, "commit", "--quiet", "-m", message)


def sro_render(folder: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "sro_render", *arguments], cwd=folder, check=True, capture_output=True
    )


def run_script(script: str, folder: Path, **environment: str) -> str:
    """A script as a runner runs it: it stops at the first command that fails."""
    programs = folder.parent / "bin"
    programs.mkdir(exist_ok=True)
    program = programs / "sro-render"
    program.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sro_render "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_github(folder: Path) -> str:
    """The step of the workflow that compares; what it prints."""
    job = pipeline("github-workflows")["jobs"]["diff"]
    (script,) = [step["run"] for step in job["steps"] if "sro-render diff" in step.get("run", "")]
    temp = folder.parent / "runner temp"
    temp.mkdir(exist_ok=True)
    return run_script(
        script, folder, **job["env"], RUNNER_TEMP=str(temp), GITHUB_STEP_SUMMARY=str(temp / "summary.md")
    )


def test_the_workflow_makes_page_comment_and_annotations(
    repository: Path, request: pytest.FixtureRequest
) -> None:
    printed = run_github(repository)
    assert printed.splitlines()[-1] == (
        "::notice title=sro-render diff::objects: 0 added, 2 changed, 0 removed, 0 rolled over; "
        "nodes: 3 touched, 0 without a driver"
    )
    made = repository.parent / "runner temp"
    comment = (made / "review.md").read_text("utf-8")
    assert "timecard-driver" in comment
    assert (made / "summary.md").read_text("utf-8") == comment
    # The page names the folders that were compared, and the version that made it.
    page = (made / "review.html").read_text("utf-8").replace(str(made), "RUNNER_TEMP")
    page = page.replace(f"Made by sro-render {__version__}.", "Made by sro-render THE-VERSION.")
    # Style and script are files of their own.
    page = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", page, flags=re.DOTALL)
    page = re.sub(r"sha256-[\w+/]{43}=", "sha256-DIGEST", page)
    if request.config.getoption("--rewrite-golden"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_bytes(page.encode())
    assert page == GOLDEN.read_bytes().decode()


def test_a_pull_request_without_differences_is_fine_too(repository: Path) -> None:
    (repository / "notes.txt").write_text("nothing for the bundle\n", encoding="utf-8")
    commit(repository, "third")
    assert "0 added, 0 changed, 0 removed" in run_github(repository)


def test_the_job_of_gitlab_makes_page_and_comment(repository: Path) -> None:
    job = pipeline("gitlab-ci")["review"]
    base = git(repository, "rev-parse", "HEAD^1")
    environment = {
        "CI_BUILDS_DIR": str(repository.parent / "builds"),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "REVIEW_TOKEN": "",
    }
    run_script("\n".join(job["script"]), repository, **job["variables"], **environment)
    assert "timecard-driver" in (repository / "review.md").read_text("utf-8")
    for path in job["artifacts"]["paths"]:
        assert (repository / path).is_file()


def test_a_bundle_that_cannot_be_read_stops_the_step(repository: Path) -> None:
    shutil.rmtree(repository / "out")
    with pytest.raises(AssertionError, match="out/edge"):
        run_github(repository)
