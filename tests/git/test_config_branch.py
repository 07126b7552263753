"""`output.git` of `sro.yaml`: build, check and diff with a bundle that lies on a branch.

Matrix: nothing there yet, up to date, stale, a file of somebody else, two clusters; a folder given in its place;
a file that says both places, or none. Judge: git's own account of the branch. Left out: what `--git` itself
does, which has a file of its own.
"""

from __future__ import annotations

from typing import Any

import pytest

CONFIG = """\
apiVersion: sro.openshift.io/v1alpha1
kind: Config
specs: [spec.yaml]
charts: charts
clusters:
- name: lab
  inventory: [nodes.json]
{more}output:
  git: {{branch: rendered, path: clusters, message: Render, trailers: {{Ticket: A-1}}}}
"""
SECOND = "- name: prod\n  inventory: [nodes.json]\n"


@pytest.fixture
def repository(world: Any, tools: Any) -> Any:
    """The project in Git, with a `sro.yaml` whose bundles go to a branch."""
    world.write("sro.yaml", CONFIG.format(more=""))
    world.repository("project")
    tools.git(world.project, "add", ".")
    tools.git(world.project, "commit", "-q", "-m", "first")
    return world


def change(world: Any) -> None:
    state = world.project / "charts/kmod/templates/0000-state.yaml"
    state.write_text(state.read_text() + "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n")


def test_build_check_and_diff_need_no_arguments(repository: Any, tools: Any) -> None:
    before = repository.run("check")
    assert (before.code, before.out.splitlines()[0].startswith("new (not built yet): ")) == (1, True)
    assert repository.run("build").code == 0
    message = tools.git(repository.project, "log", "-1", "--format=%B", "rendered")
    assert (message.splitlines()[0], "Ticket: A-1" in message.splitlines()) == ("Render", True)
    assert "clusters/lab/sro.lock.yaml" in tools.files(repository.project, "rendered")
    assert tools.git(repository.project, "status", "--short") == ""
    outcome = repository.run("check")
    assert (outcome.code, outcome.out.startswith("rendered:clusters/lab: up to date, ")) == (0, True)
    assert repository.run("diff").code == 0


def test_a_stale_branch_is_told_and_the_command_mends_it(repository: Any, tools: Any) -> None:
    repository.run("build")
    change(repository)
    tip = tools.git(repository.project, "rev-parse", "rendered")
    outcome = repository.run("check")
    assert outcome.code == 1
    assert "  + ConfigMap/kmod/more\n" in outcome.out
    assert outcome.out.endswith("mend it with: sro-render build\n")
    diff = repository.run("diff")
    assert diff.code == 1
    assert diff.out.startswith(
        "A: rendered:clusters/lab (cluster lab)\nB: what the inputs give (cluster lab)\n"
    )
    assert tools.git(repository.project, "rev-parse", "rendered") == tip
    assert repository.run("build").code == 0
    assert repository.run("check").code == 0


def test_a_file_of_somebody_else_on_the_branch_is_additional(repository: Any, tools: Any) -> None:
    repository.run("build")
    tools.commit_file(repository.project, "rendered", "clusters/lab/notes.txt", "mine")
    outcome = repository.run("check")
    assert outcome.code == 1
    assert outcome.out.startswith(
        "additional (not in the lock: move it elsewhere, build stops at it): 1 file\n  notes.txt\n"
    )


def test_each_cluster_is_a_commit_on_the_branch(repository: Any, tools: Any) -> None:
    repository.write("sro.yaml", CONFIG.format(more=SECOND))
    assert repository.run("build").code == 0
    locks = [path for path in tools.files(repository.project, "rendered") if path.endswith("sro.lock.yaml")]
    assert locks == ["clusters/lab/sro.lock.yaml", "clusters/prod/sro.lock.yaml"]
    assert repository.run("check").code == 0


def test_a_folder_on_the_command_line_wins(repository: Any, tools: Any) -> None:
    assert repository.run("build", "--out", "out").code == 0
    assert (repository.project / "out/lab/sro.lock.yaml").is_file()
    assert tools.git(repository.project, "for-each-ref", "refs/heads/rendered") == ""
    assert repository.run("check", "--out", "out").code == 0


@pytest.mark.parametrize("output", ["{}", "{dir: out, git: {branch: b}}"])
def test_a_file_says_one_place(repository: Any, output: str) -> None:
    text = CONFIG.format(more="").partition("output:")[0]
    repository.write("sro.yaml", f"{text}output: {output}\n")
    outcome = repository.run("build")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[wrong-value]: output is either a folder or a branch\n"
        "  --> sro.yaml:8:1 (output)\n"
        f"  8 | output: {output}\n"
        "    | ^^^^^^\n"
        "  help: write one of both: dir: FOLDER, or git: {branch: NAME}\n"
    )
