"""`build --git`: commits on a branch without a work tree.

Matrix: new and grown branches, nothing to commit, what is kept and what goes; repositories that are
bare, linked, submodules, SHA-256, shallow; settings and hooks of the user; names of all kinds; what is
refused. After every kind of commit `git fsck --strict` is asked. Left out: pushing, signing.
"""

from __future__ import annotations

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

OTHER = "4.18.0-305.19.1.el8_4.x86_64"
KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
HASHES = re.compile(r"[0-9a-f]{40,64}|[0-9a-f]{12}(?=[ ,\n])")


def without_ids(text: str) -> str:
    return HASHES.sub("ID", text)


def test_a_new_branch_begins_with_nothing_and_has_the_bundle(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert (outcome.code, outcome.err) == (0, "")
    assert without_ids(outcome.out) == (
        "kmod: chart kmod 1.0.0, namespace kmod, 1 kernel\n"
        f"  {KERNEL}  1 node, 1 object\n"
        "rendered:cluster: 8 created, 0 updated, 0 removed, 0 unchanged\n"
        "rendered: commit ID\n"
    )
    assert tools.git(repo, "rev-list", "--count", "rendered") == "1"
    assert tools.git(repo, "fsck", "--strict") == ""
    assert all(path.startswith("cluster/") for path in tools.files(repo, "rendered"))


def test_the_bytes_and_the_tree_are_those_of_out_and_git_add(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    world.build("--git", "../repo", "--branch", "rendered", "--path", "deploy")
    world.build("--out", "../repo/deploy")
    tools.git(repo, "add", "-A")
    tools.git(repo, "commit", "-q", "-m", "By hand")
    assert tools.git(repo, "rev-parse", "main^{tree}") == tools.git(repo, "rev-parse", "rendered^{tree}")


def test_nothing_is_committed_where_nothing_changed(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    world.build("--git", "../repo", "--branch", "rendered")
    before = tools.git(repo, "rev-parse", "rendered")
    outcome = world.build("--git", "../repo", "--branch", "rendered", "-q")
    assert (outcome.code, outcome.out) == (0, "")
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert outcome.out.splitlines()[-2:] == [
        "rendered:cluster: up to date, 8 files",
        f"rendered: no commit, {before[:12]} is up to date",
    ]
    assert tools.git(repo, "rev-parse", "rendered") == before


def test_only_what_the_last_lock_lists_goes(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    world.write_nodes(KERNEL, OTHER)
    world.build("--git", "../repo", "--branch", "rendered", "--path", "deploy")
    tools.commit_file(repo, "rendered", "deploy/README.md", "ours\n")
    tools.commit_file(repo, "rendered", "docs/a b.md", "ours\n")
    world.write_nodes(KERNEL)
    outcome = world.build("--git", "../repo", "--branch", "rendered", "--path", "deploy")
    assert "rendered:deploy/cluster: 0 created, 2 updated, 2 removed, 6 unchanged" in outcome.out
    after = tools.files(repo, "rendered")
    assert {"deploy/README.md", "docs/a b.md"} <= after.keys()
    assert not [path for path in after if OTHER in path]
    assert tools.git(repo, "rev-list", "--count", "rendered") == "4"
    assert tools.git(repo, "fsck", "--strict") == ""


def test_a_foreign_file_stops_the_build_by_name(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    world.build("--git", "../repo", "--branch", "rendered")
    before = tools.commit_file(repo, "rendered", "cluster/mine.yaml", "mine\n")
    world.write_nodes(OTHER)
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[output-foreign-files]: cluster has 1 file that its lock does not list\n"
            "  note: mine.yaml\n"
            "  help: move or remove them, or choose another --path; sro-render replaces this folder as a whole\n"
            "nothing was written: 1 error\n"
        ),
    )
    assert tools.git(repo, "rev-parse", "rendered") == before


def test_an_edited_and_a_deleted_file_are_written_again(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    world.build("--git", "../repo", "--branch", "rendered")
    before = tools.files(repo, "rendered")
    tools.commit_file(repo, "rendered", "cluster/kmod/kustomization.yaml", "edited\n")
    assert world.build("--git", "../repo", "--branch", "rendered").code == 0
    assert tools.files(repo, "rendered") == before


def test_what_failed_stays_as_the_branch_has_it(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    world.write_nodes(KERNEL, OTHER)
    world.build("--git", "../repo", "--branch", "rendered")
    before = tools.files(repo, "rendered")
    fails = f'{{{{ if eq .Values.kernelFullVersion "{OTHER}" }}}}{{{{ fail "no" }}}}{{{{ end }}}}\n'
    state = Path("charts/kmod/templates/0000-state.yaml")
    state.write_text(fails + state.read_text())
    outcome = world.build("--git", "../repo", "--branch", "rendered", "--keep-going")
    assert outcome.code == 1
    assert f"kmod: kernel {OTHER} is stale, 2 files kept\n" in outcome.out
    after = tools.files(repo, "rendered")
    assert {path: name for path, name in before.items() if OTHER in path}.items() <= after.items()
    assert "stale" in tools.git(repo, "show", "rendered:cluster/sro.lock.yaml")


@pytest.mark.parametrize("kind", ["bare", "linked", "submodule", "sha256", "below"])
def test_every_kind_of_repository_is_as_good(kind: str, world: Any, tools: Any) -> None:
    repo = world.repository("repo", *{"bare": ["--bare"], "sha256": ["--object-format=sha256"]}.get(kind, []))
    place = repo
    if kind != "bare":
        (repo / "sub").mkdir()
        (repo / "sub/a.txt").write_text("a\n")
        tools.git(repo, "add", "-A")
        tools.git(repo, "commit", "-q", "-m", "First")
    if kind == "linked":
        place = world.root / "linked"
        tools.git(repo, "worktree", "add", "-q", str(place))
    if kind == "submodule":
        outer = world.repository("outer")
        tools.git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo), "sub")
        tools.git(outer, "commit", "-q", "-m", "First")
        place = outer / "sub"
    if kind == "below":
        place = repo / "sub"
    outcome = world.build("--git", str(place), "--branch", "rendered")
    assert (outcome.code, outcome.err) == (0, "")
    assert tools.git(place, "fsck", "--strict") == ""
    assert len(tools.files(place, "rendered")) == 8
    assert len(tools.git(place, "rev-parse", "rendered")) == (64 if kind == "sha256" else 40)
    assert world.build("--git", str(place), "--branch", "rendered", "--path", "again").code == 0
    assert len(tools.files(place, "rendered")) == 16


def test_submodules_and_links_of_the_branch_come_along(world: Any, tools: Any) -> None:
    inner = world.repository("inner")
    tools.git(inner, "commit", "-q", "--allow-empty", "-m", "First")
    repo = world.repository("repo")
    tools.git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    (repo / "link").symlink_to("sub")
    tools.git(repo, "add", "-A")
    tools.git(repo, "commit", "-q", "-m", "First")
    tools.git(repo, "branch", "rendered")
    before = tools.git(repo, "ls-tree", "rendered")
    assert world.build("--git", "../repo", "--branch", "rendered").code == 0
    assert set(before.splitlines()) <= set(tools.git(repo, "ls-tree", "rendered").splitlines())
    assert tools.git(repo, "fsck", "--strict") == ""


def test_a_branch_that_a_work_tree_shows_is_refused(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    tools.git(repo, "commit", "-q", "--allow-empty", "-m", "First")
    linked = world.root / "linked"
    tools.git(repo, "worktree", "add", "-q", "-b", "rendered", str(linked))
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert (outcome.code, outcome.err) == (
        2,
        (
            f"error[git-checked-out]: branch 'rendered' is checked out in {linked}, which would then show all of "
            "it as undone\n"
            "  --> --branch\n"
            f"  help: commit to another branch, leave this one there (git -C {linked} switch --detach), or build "
            "with --out and commit there\n"
            "nothing was written: 1 error\n"
        ),
    )
    assert world.build("--git", "../repo", "--branch", "main").code == 2
    shutil.rmtree(linked)
    assert world.build("--git", "../repo", "--branch", "rendered").code == 0


def test_settings_and_hooks_of_the_user_change_no_byte(world: Any, tools: Any) -> None:
    plain = world.repository("plain")
    world.build("--git", "../plain", "--branch", "rendered")
    repo = world.repository("repo")
    for name, value in {
        "core.autocrlf": "true", "core.eol": "crlf", "core.quotePath": "true", "core.fsmonitor": "/bin/false",
        "core.sparseCheckout": "true", "core.splitIndex": "true", "commit.gpgSign": "true",
        "commit.template": "/nowhere", "i18n.commitEncoding": "latin1", "core.hooksPath": "",
        "trailer.ifexists": "replace", "gpg.program": "/bin/false", "core.pager": "/bin/false",
        "core.editor": "/bin/false",
    }.items():  # fmt: skip
        tools.git(repo, "config", name, value)
    tools.git(repo, "config", "--unset", "core.hooksPath")
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "pre-push", "post-commit"):
        hook = repo / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
    (repo / ".git/info").mkdir(exist_ok=True)
    (repo / ".git/info/attributes").write_text("* text eol=crlf ident filter=x\n")
    assert world.build("--git", "../repo", "--branch", "rendered").code == 0
    assert tools.git(repo, "rev-parse", "rendered") == tools.git(plain, "rev-parse", "rendered")


def test_variables_that_a_hook_sets_do_not_lead_elsewhere(
    world: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, other = world.repository("repo"), world.repository("other")
    for name, value in {
        "GIT_DIR": str(other / ".git"), "GIT_INDEX_FILE": str(other / "index"), "GIT_WORK_TREE": str(other),
        "GIT_OBJECT_DIRECTORY": str(other / "objects"), "GIT_NAMESPACE": "n", "GIT_PREFIX": "sub/",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert world.build("--git", "../repo", "--branch", "rendered").code == 0
    for name in (
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_WORK_TREE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
    ):
        monkeypatch.delenv(name)
    assert len(tools.files(repo, "rendered")) == 8
    assert tools.git(other, "for-each-ref") == ""


def test_replaced_objects_and_grafts_are_not_built_upon(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    world.build("--git", "../repo", "--branch", "rendered")
    first = tools.git(repo, "rev-parse", "rendered")
    empty = tools.git(repo, "mktree")
    stand_in = tools.git(repo, "commit-tree", empty, "-m", "Stand-in")
    tools.git(repo, "replace", first, stand_in)
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert outcome.out.splitlines()[-1] == f"rendered: no commit, {first[:12]} is up to date"


def test_a_hook_that_guards_references_is_obeyed(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    hook = repo / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" = prepared ] && { echo no such branches here >&2; exit 1; }\nexit 0\n')
    hook.chmod(0o755)
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[git-refused]: git does not move refs/heads/rendered: ref updates aborted by hook\n"
            "  note: no such branches here\n"
            "  note: fatal: ref updates aborted by hook\n"
            "  help: nothing was changed\n"
            "nothing was written: 1 error\n"
        ),
    )
    assert tools.git(repo, "for-each-ref") == ""


def test_author_message_trailers_and_date_are_as_given(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    outcome = world.build(
        *("--git", "../repo", "--branch", "rendered", "--author", "Zoë O'Neil <zoe@example.com>"),
        *("--message", 'Neues "Bild"\n\n# no comment', "--trailer", "Ticket=A-1", "--trailer", "Team=Ü 2"),
    )
    assert outcome.code == 0
    shown = tools.git(repo, "log", "-1", "--format=%an|%ae|%cn|%ad|%cd%n%B", "rendered")
    head, _, body = shown.partition("\n")
    assert head == (
        "Zoë O'Neil|zoe@example.com|Ann|Tue Nov 14 22:13:20 2023 +0000|Tue Nov 14 22:13:20 2023 +0000"
    )
    assert body.startswith('Neues "Bild"\n\n# no comment\n\nSro-Render-Version: ')
    keys = tools.git(repo, "log", "-1", "--format=%(trailers:keyonly)", "rendered").split("\n")
    assert [key for key in keys if key] == [
        "Sro-Render-Version", "Sro-Render-Lock", "Sro-Render-Specs", "Sro-Render-Charts",
        "Sro-Render-Inventory", "Ticket", "Team",
    ]  # fmt: skip
    lock = tools.git(repo, "log", "-1", "--format=%(trailers:key=Sro-Render-Lock,valueonly)", "rendered")
    data = tools.git(repo, "show", "rendered:cluster/sro.lock.yaml") + "\n"
    assert lock == f"sha256:{sha256(data.encode()).hexdigest()}"


def test_nobody_commits_under_our_name_where_git_knows_none(
    world: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = world.repository("repo")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    assert world.build("--git", "../repo", "--branch", "rendered").code == 0
    assert tools.git(repo, "log", "-1", "--format=%an <%ae>, %cn <%ce>", "rendered") == (
        "sro-render <sro-render@localhost>, sro-render <sro-render@localhost>"
    )


def test_the_commit_of_the_specs_is_told_in_metadata_note_and_trailer(world: Any, tools: Any) -> None:
    tools.git(world.project, "init", "-q")
    tools.git(world.project, "remote", "add", "origin", "https://me:secret@git.example.com/specs.git")
    tools.git(world.project, "add", "-A")
    tools.git(world.project, "commit", "-q", "-m", 'Say "hello"\n\nAnd more.')
    dry = tools.git(world.project, "rev-parse", "HEAD")
    date = tools.git(world.project, "log", "-1", "--format=%aI")
    repo = world.repository("repo")
    outcome = world.build("--git", "../repo", "--branch", "env/dev-next", "--path", "app")
    assert (outcome.code, outcome.err) == (0, "")
    metadata = json.loads(tools.git(repo, "show", "env/dev-next:app/hydrator.metadata"))
    assert metadata == {
        "repoURL": "https://git.example.com/specs.git",
        "drySha": dry,
        "author": "Ann <ann@example.com>",
        "date": date,
        "subject": 'Say "hello"',
        "body": "And more.",
    }
    note = tools.git(repo, "notes", "--ref=hydrator.metadata", "show", "env/dev-next")
    assert json.loads(note) == {"drySha": dry}
    assert f"Sro-Render-Dry-Sha: {dry}" in tools.git(repo, "log", "-1", "--format=%B", "env/dev-next")
    assert tools.git(repo, "fsck", "--strict") == ""
    assert tools.git(repo, "for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/env/dev-next",
        "refs/notes/hydrator.metadata",
    ]


def test_a_commit_of_the_specs_that_changes_nothing_renews_the_note_alone(world: Any, tools: Any) -> None:
    tools.git(world.project, "init", "-q")
    tools.git(world.project, "add", "-A")
    tools.git(world.project, "commit", "-q", "-m", "First")
    repo = world.repository("repo")
    world.build("--git", "../repo", "--branch", "rendered")
    before = tools.git(repo, "rev-parse", "rendered")
    tools.git(world.project, "commit", "-q", "--allow-empty", "-m", "Second")
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert outcome.out.splitlines()[-1] == (
        f"rendered: noted on {before[:12]} from which commit it was rendered"
    )
    assert tools.git(repo, "rev-parse", "rendered") == before
    dry = tools.git(world.project, "rev-parse", "HEAD")
    assert json.loads(tools.git(repo, "notes", "--ref=hydrator.metadata", "show", before)) == {"drySha": dry}
    again = world.build("--git", "../repo", "--branch", "rendered")
    assert again.out.splitlines()[-1] == f"rendered: no commit, {before[:12]} is up to date"


def test_inputs_that_are_not_committed_name_no_commit(world: Any, tools: Any) -> None:
    tools.git(world.project, "init", "-q")
    tools.git(world.project, "add", "spec.yaml", "charts")
    tools.git(world.project, "commit", "-q", "-m", "First")
    repo = world.repository("repo")
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert (outcome.code, outcome.err) == (
        0,
        (
            "warning[git-uncommitted]: nodes.json is not committed, so that no commit can be named from which "
            "this was rendered\n"
            "  help: commit the inputs first, or name the commit with --dry-sha; hydrator.metadata and the git "
            "note stay as they are\n"
        ),
    )
    assert "hydrator.metadata" not in tools.files(repo, "rendered")
    dry = tools.git(world.project, "rev-parse", "HEAD")
    world.build("--git", "../repo", "--branch", "other", "--dry-sha", dry)
    assert json.loads(tools.git(repo, "show", "other:hydrator.metadata"))["drySha"] == dry


def test_a_file_that_only_has_the_name_of_the_metadata_stays(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    tools.commit_file(repo, "rendered", "hydrator.metadata", "mine\n")
    outcome = world.build("--git", "../repo", "--branch", "rendered", "--dry-sha", "0" * 40)
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[output-foreign-files]: hydrator.metadata is a file that no hydrator wrote\n"
            "  help: move or remove it, or choose another --path\n"
            "nothing was written: 1 error\n"
        ),
    )


@pytest.mark.parametrize(
    "path",
    ["a b", "quo\"te's", "new\nline", "Ünï/côde", "-dash/--git", ":(glob)*", "x" * 255, "tab\there/$(id)"],
)
def test_folders_of_all_names_are_written(path: str, world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    assert world.build("--git", "../repo", "--branch", "rendered", f"--path={path}").code == 0
    assert all(each.startswith(f"{path}/cluster/") for each in tools.files(repo, "rendered"))
    assert tools.git(repo, "fsck", "--strict") == ""
    world.write_nodes(OTHER)
    assert world.build("--git", "../repo", "--branch", "rendered", f"--path={path}").code == 0
    assert len(tools.files(repo, "rendered")) == 8


@pytest.mark.parametrize("name", ["with'quote", 'a"b', "Ünï", "a/b/c", "$(id)", "b" * 250, "-c"[1:] + "=d"])
def test_branches_of_all_names_are_written(name: str, world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    assert world.build("--git", "../repo", "--branch", name).code == 0
    assert len(tools.files(repo, f"refs/heads/{name}")) == 8


@pytest.mark.parametrize("name", ["a b", "quo\"te's", "new\nline", "Ünï", "-dash", "--exec=id", "x" * 200])
def test_repositories_of_all_names_are_found(name: str, world: Any, tools: Any) -> None:
    repo = world.repository(f"project/{name}")
    assert world.build(f"--git={name}", "--branch", "rendered").code == 0
    assert len(tools.files(repo, "rendered")) == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--branch", "a b"], "error[git-branch-name]: 'a b' cannot be the name of a branch: git does not allow it"),
        (["--branch", "--exec"], "error[git-branch-name]: '--exec' cannot be the name of a branch: git keeps it for itself"),
        (["--branch", "a\nb"], "error[git-branch-name]: 'a\\nb' cannot be the name of a branch: git does not allow it"),
        (["--branch", "HEAD"], "error[git-branch-name]: 'HEAD' cannot be the name of a branch: git keeps it for itself"),
        (["--branch", "b" * 251], f"error[git-branch-name]: '{'b' * 251}' cannot be the name of a branch: a part of it is longer than 250 bytes"),
        (["--branch", "b", "--path", "../x"], "error[git-path]: '../x' cannot be a folder in a repository: it is not a folder below the repository's top"),
        (["--branch", "b", "--path", "/x"], "error[git-path]: '/x' cannot be a folder in a repository: it is not a folder below the repository's top"),
        (["--branch", "b", "--path", "a/.GIT/b"], "error[git-path]: 'a/.GIT/b' cannot be a folder in a repository: git keeps .git for itself"),
        (["--branch", "b", "--path", "é" * 128], f"error[git-path]: '{'é' * 128}' cannot be a folder in a repository: a part of it is longer than 255 bytes"),
        (["--branch", "b", "--path", "git~1"], "error[git-path]: git does not take a path: "),
        (["--branch", "b", "--push", "--upload-pack=id"], "error[git-remote-name]: '--upload-pack=id' cannot be a remote: it is empty, or looks like an option"),
        (["--branch", "b", "--author", "Ann"], "error[git-author]: 'Ann' is not an author"),
        (["--branch", "b", "--trailer", "a b=c"], "error[git-trailer]: 'a b=c' is not a trailer"),
        (["--branch", "b", "--trailer", "a=b\nc"], "error[git-trailer]: 'a=b\\nc' is not a trailer"),
        (["--branch", "b", "--dry-sha", "HEAD"], "error[git-dry-sha]: 'HEAD' is not the whole id of a commit"),
        (["--branch", "b", "--cluster", "a/b"], "error[output-cluster-name]: 'a/b' cannot be the name of a cluster's folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(options: list[str], message: str, world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    outcome = world.build("--git", "../repo", *options)
    assert outcome.code == 2
    assert outcome.err.startswith(message)
    assert outcome.err.splitlines()[0].startswith(message)
    assert tools.git(repo, "for-each-ref") == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            [],
            (
                "Error: give either --out or --git, to say where to write, or let `sro-render init` write a sro.yaml "
                "that says it\n"
            ),
        ),
        (["--out", "o", "--git", "r"], "Error: give either --out or --git, to say where to write\n"),
        (["--git", "r"], "Error: --git needs --branch NAME\n"),
        (["--out", "o", "--branch", "b"], "Error: --branch goes with --git only\n"),
        (["--out", "o", "--trailer", "a=b"], "Error: --trailer goes with --git only\n"),
        (["--out", "o", "--sign-key", "k"], "Error: --sign-key goes with --sign only\n"),
    ],
)
def test_options_that_do_not_fit_are_told(options: list[str], message: str, world: Any) -> None:
    outcome = world.build(*options)
    assert outcome.code == 2
    assert outcome.err.endswith(message)


def test_what_is_no_repository_is_told(world: Any) -> None:
    outcome = world.build("--git", ".", "--branch", "b")
    assert (outcome.code, outcome.err.splitlines()[0]) == (
        2,
        (
            "error[git-no-repository]: . cannot be used as a repository: not a git repository (or any of the "
            "parent directories): .git"
        ),
    )
    outcome = world.build("--git", "nowhere", "--branch", "b")
    assert outcome.err.splitlines()[0] == "error[git-no-repository]: 'nowhere' is not a folder"


@pytest.mark.parametrize("url", ["https://me:kolibri@example.com/x", "https:/me:kolibri@example.com/x"])
def test_the_url_of_a_repository_is_no_clone_and_its_password_is_not_shown(world: Any, url: str) -> None:
    outcome = world.build("--git", url, "--branch", "b")
    assert outcome.code == 2
    assert outcome.err == (
        "error[git-no-repository]: 'https://…@example.com/x' is not a folder\n"
        "  --> --git\n"
        "  help: name a clone on this machine, and the URL as --push\n"
        "nothing was written: 1 error\n"
    )


def test_the_report_for_programs_names_the_commit(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    report = json.loads(world.build("--git", "../repo", "--branch", "rendered", "-o", "json").out)
    assert report["folder"] == "rendered:cluster"
    assert report["git"] == {
        "branch": "rendered",
        "commit": tools.git(repo, "rev-parse", "rendered"),
        "new": True,
        "remote": "",
        "pushed": False,
        "noted": False,
        "localBranch": "",
    }


def test_under_strict_inputs_that_are_not_committed_stop_the_build(world: Any, tools: Any) -> None:
    tools.git(world.project, "init", "-q")
    tools.git(world.project, "commit", "-q", "--allow-empty", "-m", "First")
    repo = world.repository("repo")
    outcome = world.build("--git", "../repo", "--branch", "rendered", "--strict")
    assert (outcome.code, outcome.err.splitlines()[0]) == (
        1,
        (
            "error[git-uncommitted]: charts/kmod/Chart.yaml and 3 more inputs are not committed, so that no "
            "commit can be named from which this was rendered"
        ),
    )
    assert tools.git(repo, "for-each-ref") == ""


def test_what_is_unmanaged_stays_as_the_branch_has_it(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    world.build("--git", "../repo", "--branch", "rendered")
    before = tools.files(repo, "rendered")
    spec = Path("spec.yaml")
    spec.write_text(spec.read_text() + "  managementState: Unmanaged\n")
    world.write(
        "charts/kmod/templates/1000-more.yaml", Path("charts/kmod/templates/0000-state.yaml").read_text()
    )
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert (outcome.code, outcome.err) == (0, "")
    assert "kmod: unmanaged, left as it is\n" in outcome.out
    after = tools.files(repo, "rendered")
    assert before.keys() == after.keys()
    assert {path for path in before if before[path] != after[path]} == {"cluster/sro.lock.yaml"}
    tools.commit_file(repo, "rendered", "cluster/kmod/kustomization.yaml", "edited\n")
    world.build("--git", "../repo", "--branch", "rendered")
    assert tools.git(repo, "show", "rendered:cluster/kmod/kustomization.yaml") == "edited"


def test_a_folder_that_is_something_else_on_the_branch_is_refused(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    tools.commit_file(repo, "rendered", "deploy", "a file\n")
    outcome = world.build("--git", "../repo", "--branch", "rendered", "--path", "deploy/more")
    assert outcome.err.splitlines()[0] == (
        "error[output-no-folder]: deploy/more leads over a file of the branch, not over folders alone"
    )
    tools.commit_file(repo, "other", "cluster", "a file\n")
    outcome = world.build("--git", "../repo", "--branch", "other")
    assert outcome.err.splitlines()[0] == (
        "error[output-not-plain]: cluster is a file, where sro-render has a folder of its own"
    )
    tools.commit_file(repo, "third", "Cluster/sro.lock.yaml", "x\n")
    outcome = world.build("--git", "../repo", "--branch", "third")
    assert outcome.err.splitlines()[0] == (
        "error[output-cluster-name]: the branch has a cluster 'Cluster', which differs from 'cluster' in case "
        "alone"
    )


def test_a_repository_of_the_specs_that_git_does_not_look_into_is_told(
    world: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.git(world.project, "init", "-q")
    repo = world.repository("repo")
    tools.git(world.project, "config", "--global", "safe.directory", str(repo))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    outcome = world.build("--git", "../repo", "--branch", "rendered")
    assert outcome.code == 2
    assert outcome.err.startswith(
        f"error[git-failed]: git rev-parse failed: detected dubious ownership in repository at '{world.project}'\n"
    )
    monkeypatch.delenv("GIT_TEST_ASSUME_DIFFERENT_OWNER")
    assert tools.git(repo, "for-each-ref") == ""
