"""`build --git --push`: a branch at a remote that others write to as well.

Matrix: what each side has before (nothing, the same, behind, ahead, diverged); who was faster, and where
that shows (before the push, inside the server); servers that refuse or are not there; notes; many builds
at once; a build that is killed. The remote is a bare repository on this machine. Left out: ssh and https.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from sro_render.edges.git import publish

OTHER = "4.18.0-305.19.1.el8_4.x86_64"
HASHES = re.compile(r"[0-9a-f]{40,64}|[0-9a-f]{12}(?=[ ,\n])")
ARGUMENTS = ("--git", "../repo", "--branch", "rendered")
PUSH = (*ARGUMENTS, "--push", "origin")


@pytest.fixture
def remote(world: Any, tools: Any) -> Path:
    """A bare repository that `repo` knows as origin."""
    made: Path = world.repository("remote.git", "--bare")
    repo = world.repository("repo")
    tools.git(repo, "remote", "add", "origin", "../remote.git")
    return made


def tip(tools: Any, place: Path, name: str = "rendered") -> str:
    text: str = tools.git(place, "rev-parse", name)
    return text


def stand_in_front_of_git(world: Any, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `git` that runs a script before each push, and then is the real one."""
    folder = world.root / "bin"
    folder.mkdir()
    real = shutil.which("git")
    wrapper = folder / "git"
    wrapper.write_text(
        f'#!/bin/sh\nfor each in "$@"; do if [ "$each" = push ] && [ -z "$INNER" ]; then\n'
        f'( INNER=1; export INNER; unset GIT_DIR; {script} ) >/dev/null 2>&1; fi; done\nexec {real} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_new_branch_is_pushed_and_is_the_same_here_and_there(world: Any, tools: Any, remote: Path) -> None:
    outcome = world.build(*PUSH)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1] == (f"rendered: commit {tip(tools, remote)[:12]}, pushed to origin")
    assert tip(tools, remote) == tip(tools, world.root / "repo")
    assert tools.git(remote, "fsck", "--strict") == ""
    again = world.build(*PUSH)
    assert again.out.splitlines()[-1] == (f"rendered: no commit, {tip(tools, remote)[:12]} is up to date")


def test_a_branch_that_is_behind_goes_on_from_the_remote_one(world: Any, tools: Any, remote: Path) -> None:
    world.build(*PUSH)
    theirs = tools.commit_file(remote, "rendered", "docs/a.md", "theirs\n")
    world.write_nodes(OTHER)
    assert world.build(*PUSH).code == 0
    assert tools.git(remote, "rev-parse", "rendered^") == theirs
    assert "docs/a.md" in tools.files(remote, "rendered")
    assert tip(tools, remote) == tip(tools, world.root / "repo")


def test_a_branch_that_is_only_there_is_gone_on_with(world: Any, tools: Any, remote: Path) -> None:
    theirs = tools.commit_file(remote, "rendered", "docs/a.md", "theirs\n")
    assert world.build(*PUSH).code == 0
    assert tools.git(remote, "rev-parse", "rendered^") == theirs


def test_what_was_committed_here_before_is_pushed_along(world: Any, tools: Any, remote: Path) -> None:
    world.build(*ARGUMENTS)
    here = tip(tools, world.root / "repo")
    outcome = world.build(*PUSH)
    assert outcome.out.splitlines()[-1] == (
        f"rendered: no commit, {here[:12]} is up to date, pushed to origin"
    )
    assert tip(tools, remote) == here


def test_a_branch_that_was_fetched_is_gone_on_with_without_a_push(
    world: Any, tools: Any, remote: Path
) -> None:
    theirs = tools.commit_file(remote, "rendered", "docs/a.md", "theirs\n")
    repo = world.root / "repo"
    tools.git(repo, "fetch", "-q", "origin")
    assert world.build(*ARGUMENTS).code == 0
    assert tools.git(repo, "rev-parse", "rendered^") == theirs


@pytest.mark.parametrize("options", [PUSH, ARGUMENTS])
def test_a_branch_that_diverged_is_left_to_people(
    options: tuple[str, ...], world: Any, tools: Any, remote: Path
) -> None:
    world.build(*ARGUMENTS)
    repo = world.root / "repo"
    here, there = tip(tools, repo), tools.commit_file(remote, "rendered", "docs/a.md", "theirs\n")
    tools.git(repo, "fetch", "-q", "origin")
    outcome = world.build(*options)
    assert (outcome.code, outcome.err) == (
        2,
        (
            f"error[git-diverged]: branch 'rendered' has diverged: it is {here[:12]} here, and {there[:12]} "
            f"{'there' if options == PUSH else 'as last fetched'}, and neither has all of the other\n"
            "  --> --branch\n"
            f"  help: if nothing here is needed, git update-ref refs/heads/rendered {there[:12]}; else merge them\n"
            "nothing was written: 1 error\n"
        ),
    )
    assert (tip(tools, repo), tip(tools, remote)) == (here, there)


def test_a_shallow_clone_is_enough(world: Any, tools: Any, remote: Path) -> None:
    world.build(*PUSH)
    tools.commit_file(remote, "rendered", "docs/a.md", "1\n")
    theirs = tools.commit_file(remote, "rendered", "docs/a.md", "2\n")
    shallow = world.root / "shallow"
    tools.git(world.root, "clone", "-q", "--depth=1", "--branch=rendered", f"file://{remote}", str(shallow))
    tools.git(shallow, "switch", "-q", "--detach")
    world.write_nodes(OTHER)
    outcome = world.build("--git", str(shallow), "--branch", "rendered", "--push", "origin")
    assert (outcome.code, outcome.err) == (0, "")
    assert tools.git(remote, "rev-parse", "rendered^") == theirs
    assert tools.git(remote, "fsck", "--strict") == ""


def test_a_push_that_another_writer_beat_is_done_again_on_his(
    world: Any, tools: Any, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.build(*PUSH)
    other = world.root / "other"
    tools.git(world.root, "clone", "-q", "-b", "rendered", str(remote), str(other))
    (other / "theirs.txt").write_text("theirs\n")
    tools.git(other, "add", "-A")
    tools.git(other, "commit", "-q", "-m", "Theirs")
    theirs = tip(tools, other, "HEAD")
    stand_in_front_of_git(world, monkeypatch, f"cd {other} && git push origin HEAD:rendered")
    world.write_nodes(OTHER)
    outcome = world.build(*PUSH)
    assert (outcome.code, outcome.err) == (0, "")
    assert tools.git(remote, "rev-parse", "rendered^") == theirs
    after = tools.files(remote, "rendered")
    assert "theirs.txt" in after
    assert len([path for path in after if path.startswith("cluster/")]) == 8
    assert [path for path in after if OTHER in path]
    assert tip(tools, remote) == tip(tools, world.root / "repo")
    assert tools.git(remote, "fsck", "--strict") == ""


def test_a_push_that_is_beaten_inside_the_server_is_done_again(world: Any, tools: Any, remote: Path) -> None:
    world.build(*PUSH)
    theirs = tools.commit_file(remote, "waiting", "theirs.txt", "theirs\n")
    tree = tools.git(remote, "rev-parse", f"{theirs}^{{tree}}")
    theirs = tools.git(remote, "commit-tree", tree, "-p", "rendered", "-m", "Theirs")
    hook = remote / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\n[ -e beaten ] && exit 0\n: > beaten\ngit update-ref refs/heads/rendered {theirs}\nexit 0\n"
    )
    hook.chmod(0o755)
    world.write_nodes(OTHER)
    outcome = world.build(*PUSH)
    assert (outcome.code, outcome.err) == (0, "")
    assert (remote / "beaten").exists()
    assert tools.git(remote, "rev-parse", "rendered^") == theirs
    assert "theirs.txt" in tools.files(remote, "rendered")


def test_who_is_beaten_all_the_time_gives_up_and_changes_nothing(
    world: Any, tools: Any, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.build(*PUSH)
    before = tip(tools, world.root / "repo")
    other = world.root / "other"
    tools.git(world.root, "clone", "-q", "-b", "rendered", str(remote), str(other))
    stand_in_front_of_git(
        world,
        monkeypatch,
        f"cd {other} && git commit --allow-empty -m x && git push origin HEAD:rendered",
    )
    monkeypatch.setattr(publish, "MAX_ATTEMPTS", 3)
    world.write_nodes(OTHER)
    outcome = world.build(*PUSH)
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[git-busy]: others move branch 'rendered' all the time: 3 attempts were too slow\n"
            "  help: build again when they are done; nothing was changed\n"
            "nothing was written: 1 error\n"
        ),
    )
    assert tip(tools, world.root / "repo") == before
    assert tools.git(remote, "rev-list", "--count", "rendered") == "4"


def test_a_server_that_refuses_is_quoted(world: Any, tools: Any, remote: Path) -> None:
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho only on Fridays >&2\nexit 1\n")
    hook.chmod(0o755)
    outcome = world.build(*PUSH)
    assert (outcome.code, outcome.err) == (
        4,
        (
            "error[git-push-refused]: origin refused refs/heads/rendered: [remote rejected] (pre-receive hook "
            "declined)\n"
            "  note: only on Fridays\n"
            "  help: nothing was changed; the server's owner says what it accepts\n"
            "nothing was written: 1 error\n"
        ),
    )
    assert tools.git(world.root / "repo", "for-each-ref") == ""


@pytest.mark.usefixtures("remote")
def test_a_server_that_is_not_there_is_told_without_credentials(world: Any) -> None:
    outcome = world.build(*ARGUMENTS, "--push", "http://me:secret@127.0.0.1:1/x.git")
    assert outcome.code == 4
    assert outcome.err.startswith(
        "error[git-unreachable]: http://…@127.0.0.1:1/x.git cannot be read or written: "
    )
    assert "secret" not in outcome.err
    outcome = world.build(*ARGUMENTS, "--push", "nowhere")
    assert outcome.code == 4
    assert outcome.err.startswith("error[git-unreachable]: nowhere cannot be read or written: ")


def test_a_guard_here_keeps_the_branch_here_where_it_was(world: Any, tools: Any, remote: Path) -> None:
    repo = world.root / "repo"
    hook = repo / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" = prepared ] && grep -q refs/heads/ && exit 1\nexit 0\n')
    hook.chmod(0o755)
    outcome = world.build(*PUSH)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-2:] == [
        f"rendered: commit {tip(tools, remote)[:12]}, pushed to origin",
        (
            "rendered: the branch here stayed as it was: git does not move refs/heads/rendered: ref updates "
            "aborted by hook"
        ),
    ]
    assert tools.git(repo, "for-each-ref", "refs/heads") == ""


@pytest.mark.usefixtures("remote")
def test_the_users_hooks_around_a_push_are_not_run(world: Any) -> None:
    hook = world.root / "repo/.git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert world.build(*PUSH).code == 0


def test_the_branch_that_a_remote_shows_is_refused_by_it(world: Any, tools: Any) -> None:
    shown = world.repository("shown")
    tools.git(shown, "commit", "-q", "--allow-empty", "-m", "First")
    world.repository("repo")
    outcome = world.build("--git", "../repo", "--branch", "main2", "--push", "../shown")
    assert outcome.code == 0
    tools.git(shown, "switch", "-q", "main2")
    world.write_nodes(OTHER)
    outcome = world.build("--git", "../repo", "--branch", "main2", "--push", "../shown")
    assert (outcome.code, outcome.err.splitlines()[0]) == (
        4,
        (
            "error[git-push-refused]: ../shown refused refs/heads/main2: [remote rejected] (branch is currently "
            "checked out)"
        ),
    )


@pytest.mark.parametrize("name", ["a b.git", "quo\"te's.git", "Ünï.git", "new\nline.git", "x" * 200])
def test_remotes_of_all_names_are_reached(name: str, world: Any, tools: Any) -> None:
    remote = world.repository(name, "--bare")
    world.repository("repo")
    outcome = world.build(*ARGUMENTS, "--push", str(remote))
    assert (outcome.code, outcome.err) == (0, "")
    assert len(tools.files(remote, "rendered")) == 8


def test_notes_go_along_and_those_of_others_stay(world: Any, tools: Any, remote: Path) -> None:
    notes = "refs/notes/hydrator.metadata"
    theirs = tools.commit_file(remote, "theirs", "a", "a\n")
    tools.git(remote, "notes", f"--ref={notes}", "add", "-m", "theirs", theirs)
    repo = world.root / "repo"
    tools.git(repo, "commit", "-q", "--allow-empty", "-m", "First")
    tools.git(repo, "notes", f"--ref={notes}", "add", "-m", "ours", "HEAD")
    outcome = world.build(*PUSH, "--dry-sha", "1" * 40)
    assert (outcome.code, outcome.err) == (0, "")
    assert tools.git(remote, "notes", f"--ref={notes}", "show", theirs) == "theirs"
    assert json.loads(tools.git(remote, "notes", f"--ref={notes}", "show", "rendered")) == {
        "drySha": "1" * 40
    }
    assert tools.git(repo, "notes", f"--ref={notes}", "show", "HEAD") == "ours"
    assert tools.git(remote, "fsck", "--strict") == ""


def test_many_builds_at_once_all_arrive(world: Any, tools: Any, remote: Path) -> None:
    clusters = [f"c{number}" for number in range(4)]
    running = []
    for name in clusters:
        clone = world.root / name
        tools.git(world.root, "clone", "-q", str(remote), str(clone))
        running.append(
            world.start(
                *("--git", str(clone), "--branch", "rendered", "--push", "origin", "--cluster", name),
                *("--dry-sha", "2" * 40),
            )
        )
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, ""), out
    after = tools.files(remote, "rendered")
    assert {path.split("/")[0] for path in after} == {*clusters, "hydrator.metadata"}
    assert len(after) == 4 * 8 + 1
    assert tools.git(remote, "rev-list", "--count", "rendered") == "4"
    noted = tools.git(remote, "notes", "--ref=hydrator.metadata", "list").splitlines()
    assert len(noted) == 4
    assert tools.git(remote, "fsck", "--strict", "--no-dangling") == ""


def test_many_builds_into_one_repository_all_arrive(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    clusters = [f"c{number}" for number in range(4)]
    running = [world.start(*ARGUMENTS, "--cluster", name) for name in clusters]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, ""), out
    assert len(tools.files(repo, "rendered")) == 4 * 8
    assert tools.git(repo, "rev-list", "--count", "rendered") == "4"
    assert tools.git(repo, "fsck", "--strict", "--no-dangling") == ""


def test_a_build_that_is_killed_leaves_the_branch_old_or_new(world: Any, tools: Any, remote: Path) -> None:
    world.build(*PUSH)
    repo = world.root / "repo"
    began = time.monotonic()
    world.write_nodes(OTHER)
    process = world.start(*PUSH)
    process.communicate(timeout=60)
    took = time.monotonic() - began
    trees = {tools.git(remote, "rev-parse", f"{name}^{{tree}}") for name in ("rendered", "rendered^")}
    kernels = ["4.18.0-305.45.1.el8_4.x86_64", OTHER]
    for number in range(8):
        world.write_nodes(kernels[number % 2])
        process = world.start(*PUSH)
        time.sleep(took * (0.4 + 0.07 * number))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        for place in (repo, remote):
            assert tools.git(place, "rev-parse", "rendered^{tree}") in trees
            for lock in place.rglob("rendered.lock"):
                lock.unlink()
            subprocess.run(
                ["git", "fsck", "--strict", "--no-dangling"], cwd=place, check=True, capture_output=True
            )
    assert world.build(*PUSH).code == 0
    assert tip(tools, repo) == tip(tools, remote)
