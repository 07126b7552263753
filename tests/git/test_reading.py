"""Reading commits: `diff` with `REV:PATH`, and the mapping of paths to bytes below it.

Matrix: folders, single files and whole commits; names of all kinds; links and submodules; bytes that are
no text; objects that are missing. Left out: what a diff says.
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_render.edges.git.reading import open_revision
from sro_render.errors import OutputError

OTHER = "4.18.0-305.19.1.el8_4.x86_64"
NAMES = ["a b", "quo\"te's", "new\nline", "Ünï/côde", "-dash", ":(glob)*", "x" * 255, "tab\there"]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_read(name: str, world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    blob = tools.git(repo, "hash-object", "-w", "--stdin", data=b"\0\xff\n\n")
    # git update-index would take the name for an option or a pattern, where mktree takes it as it is.
    tree = tools.git(repo, "mktree", "-z", data=f"100644 blob {blob}\t{name.rpartition('/')[2]}\0".encode())
    for part in name.split("/")[:-1]:
        tree = tools.git(repo, "mktree", "-z", data=f"040000 tree {tree}\t{part}\0".encode())
    commit = tools.git(repo, "commit-tree", tree, "-m", "First")
    with open_revision(commit, str(repo)) as files:
        assert dict(files) == {name: b"\0\xff\n\n"}
    with open_revision(f"{commit}:{name}", str(repo), may_be_file=True) as files:
        assert list(files.values()) == [b"\0\xff\n\n"]


def test_links_and_submodules_have_no_bytes(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    (repo / "link").symlink_to("a")
    (repo / "a").write_text("a\n")
    (repo / "run").write_text("b\n")
    (repo / "run").chmod(0o755)
    tools.git(repo, "add", "-A")
    tools.git(repo, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    tools.git(repo, "commit", "-q", "-m", "First")
    with open_revision("HEAD", str(repo)) as files:
        assert dict(files) == {"a": b"a\n", "run": b"b\n"}
        assert files.others == {"link": "a link", "sub": "a submodule"}
        assert "sub" not in files
        with pytest.raises(KeyError):
            files["sub"]


def test_an_object_that_is_missing_is_named(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    (repo / "a").write_text("a\n")
    tools.git(repo, "add", "-A")
    tools.git(repo, "commit", "-q", "-m", "First")
    blob = tools.git(repo, "rev-parse", "HEAD:a")
    (repo / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with open_revision("HEAD", str(repo)) as files, pytest.raises(OutputError) as caught:
        files["a"]
    assert str(caught.value) == (
        f"error[git-damaged]: the repository lacks the object {blob}\n"
        "  help: look at it with git fsck, or fetch again"
    )


def test_a_diff_compares_commits_with_folders(world: Any, tools: Any) -> None:
    tools.git(world.project, "init", "-q")
    world.build("--git", ".", "--branch", "rendered")
    world.build("--out", "out")
    same = world.run("diff", "rendered:cluster", "out/cluster")
    assert (same.code, same.err) == (0, "")
    world.write_nodes(OTHER)
    world.build("--git", ".", "--branch", "rendered")
    by_commits = world.run("diff", "rendered~1:cluster", "rendered:cluster")
    assert (by_commits.code, by_commits.err) == (1, "")
    world.build("--out", "next")
    by_folders = world.run("diff", "out/cluster", "next/cluster")
    assert by_commits.out.splitlines()[2:] == by_folders.out.splitlines()[2:]
    one = "kmod/namespace/namespace-kmod.yaml"
    assert world.run("diff", f"rendered:cluster/{one}", f"out/cluster/{one}").code == 0
    missing = world.run("diff", "nowhere", "out")
    assert (missing.code, missing.err.splitlines()[0]) == (
        2,
        "error[no-such-file]: there is no file or folder nowhere",
    )
    outside = world.run("diff", "rendered:../x", "out")
    assert outside.code == 2
    assert outside.err.splitlines() == [
        (
            "error[git-path]: '../x' cannot be a folder in a repository: it is not a folder below the "
            "repository's top"
        ),
        "  help: name a folder such as deploy/clusters, with / between its parts",
    ]
