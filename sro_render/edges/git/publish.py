"""Commits a bundle on a branch, and pushes it: all of it or nothing, whoever else writes there.

Decides on what a commit stands, and what happens when somebody else was faster:

- The base is the branch here and at the remote, whichever has all of the other; where neither has, the
  branch has diverged, and people decide. A branch that is nowhere begins with nothing.
- A branch that a push goes to is asked for at the remote, each time anew. Without a push, it is what was
  last fetched that counts, and nothing touches the network.
- The branch moves in one step, only from where it stood when we looked (at the remote: only forward).
  Else everything is done again on its new tip: what others wrote stays, what our last lock lists goes.
- At the remote first and here then: a branch that is here only could never be pushed after it lost.
- Hooks that look at a work tree (pre-commit, pre-push) are not run; `reference-transaction` is, and what
  it refuses is refused.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from sro_render.edges.bundles import Written
from sro_render.edges.git.branch_tree import BranchTree
from sro_render.edges.git.hydrator import DrySource, check_source, write_note
from sro_render.edges.git.message import commit_message
from sro_render.edges.git.objects import Committer, write_commit
from sro_render.edges.git.program import without_credentials
from sro_render.edges.git.reading import Blobs
from sro_render.edges.git.remote import check_remote, fetch, push, remote_tips
from sro_render.edges.git.repository import (
    RacedError,
    Repository,
    check_branch,
    check_path,
    open_repository,
)
from sro_render.errors import OutputError

MAX_ATTEMPTS = 10
_PAUSE_S = 0.05
_MAX_PAUSE_S = 1.0


class Choices(Struct, frozen=True, kw_only=True):
    """What the user said of the commit, as given; empty is not given.

    sign_key: signs, with git's own key where it is empty; None does not sign.
    """

    repository: str
    branch: str
    path: str = ""
    remote: str = ""
    sign_key: str | None = None
    author: str = ""
    message: str = ""
    trailers: tuple[tuple[str, str], ...] = ()
    dry_sha: str = ""


class Published(Struct, frozen=True, kw_only=True):
    """What became of a branch. commit: the new one, or the tip that was right already.

    remote: without credentials. local: why the branch here stayed behind what was pushed, if it did.
    """

    commit: str
    branch: str
    is_new: bool
    remote: str = ""
    is_pushed: bool = False
    is_noted: bool = False
    local: str = ""


class Branch(Struct, frozen=True, kw_only=True):
    """A branch that may be committed to. reference: as git writes it in full."""

    repository: Repository
    choices: Choices
    path: str
    committer: Committer

    @property
    def reference(self) -> str:
        """The branch as git writes it in full."""
        return f"refs/heads/{self.choices.branch}"

    def place_of(self, cluster: str) -> str:
        """A cluster's folder on the branch, for people."""
        return f"{self.choices.branch}:{f'{self.path}/' if self.path else ''}{cluster}"

    def folder_of(self, cluster: str, first_input: str) -> Path:
        """Where a cluster's folder would lie, were the branch checked out: inputs are named from there.

        In the work tree in which the inputs lie, if it is one of this repository; else where the
        repository is.
        """
        top = self.repository.top
        if first_input:
            try:
                other = open_repository(str(Path(first_input).resolve().parent))
            except OutputError:
                other = self.repository
            if other.common_dir == self.repository.common_dir:
                top = other.top
        return top / self.path / cluster


def open_branch(choices: Choices) -> Branch:
    """Look whether everything that the user said can be, before anything is rendered.

    Raises: OutputError.
    """
    repository = open_repository(choices.repository)
    check_branch(repository, choices.branch)
    path = check_path(choices.path)
    if choices.remote:
        check_remote(choices.remote)
    check_source(choices.dry_sha)
    repository.refuse_checked_out(choices.branch)
    committer = Committer(variables=_identity(repository, choices.author), key=choices.sign_key)
    return Branch(repository=repository, choices=choices, path=path, committer=committer)


@contextmanager
def look_at(branch: Branch, cluster: str) -> Iterator[BranchTree]:
    """A cluster's tree as it is on the branch, here and as last fetched; the network is not touched.

    Raises: OutputError: `git-diverged`.
    """
    repository = branch.repository
    known = replace(branch, choices=replace(branch.choices, remote=""))
    base = _base(known, repository.tip(branch.reference), _remote_tip(known))
    blobs = Blobs(repository.git)
    try:
        yield BranchTree(repository, blobs, base, branch.path, cluster)
    finally:
        blobs.close()


def publish(
    branch: Branch, cluster: str, source: DrySource | None, write: Callable[[BranchTree], Written]
) -> tuple[Written, Published]:
    """Commit what `write` puts into a tree, and push it.

    Args:   write: called for each attempt, with the tree as it is then.
    Raises: OutputError: what `write` raises; `git-diverged`, `git-checked-out`, `git-refused`,
            `git-busy`, `git-failed`; ServerError: as `remote.push`.
    """
    for attempt in range(MAX_ATTEMPTS):
        try:
            written, published = _try(branch, cluster, source, write)
        except RacedError:
            time.sleep(min(_MAX_PAUSE_S, _PAUSE_S * (1 + attempt + os.getpid() % 7)))
            continue
        if source is not None:
            noted = write_note(
                branch.repository,
                published.commit,
                source,
                branch.committer.variables,
                branch.choices.remote,
            )
            published = replace(published, is_noted=noted)
        return written, published
    raise OutputError(
        "git-busy",
        f"others move branch {branch.choices.branch!r} all the time: {MAX_ATTEMPTS} attempts were too slow",
        hint="build again when they are done; nothing was changed",
    )


def _try(
    branch: Branch, cluster: str, source: DrySource | None, write: Callable[[BranchTree], Written]
) -> tuple[Written, Published]:
    """One attempt. Raises RacedError where somebody was faster; nothing is changed then."""
    repository, choices = branch.repository, branch.choices
    repository.refuse_checked_out(choices.branch)
    local = repository.tip(branch.reference)
    remote = _remote_tip(branch)
    base = _base(branch, local, remote)
    written, commit = _commit(branch, base, cluster, source, write)
    published = Published(
        commit=commit,
        branch=choices.branch,
        is_new=commit != base,
        remote=without_credentials(choices.remote),
    )
    if choices.remote and commit != remote:
        push(repository, choices.remote, commit, branch.reference)
        published = replace(published, is_pushed=True)
    # A branch that is not here is not made where there is nothing new to show on it.
    if commit != local and (published.is_new or local):
        try:
            repository.move(branch.reference, commit, local, f"sro-render: render {cluster}")
        except (RacedError, OutputError) as error:
            if not published.is_pushed:
                raise
            reason = "it moved meanwhile" if isinstance(error, RacedError) else error.finding.message
            published = replace(published, local=reason)
    return written, published


def _commit(
    branch: Branch,
    base: str,
    cluster: str,
    source: DrySource | None,
    write: Callable[[BranchTree], Written],
) -> tuple[Written, str]:
    """A commit on `base` that no branch stands at yet, or `base` itself where nothing changes."""
    blobs = Blobs(branch.repository.git)
    try:
        tree = BranchTree(branch.repository, blobs, base, branch.path, cluster)
        written = write(tree)
        if not written.change and base:
            return written, base
        made = tree.write(source.metadata() if source else None)
    finally:
        blobs.close()
    message = commit_message(written, cluster, source, branch.choices.message, branch.choices.trailers)
    return written, write_commit(branch.repository, made, base, message, branch.committer)


def _remote_tip(branch: Branch) -> str:
    """What the branch stands at elsewhere: at the remote, or as it was last fetched."""
    repository, choices = branch.repository, branch.choices
    if choices.remote:
        tip = remote_tips(repository, choices.remote, (branch.reference,)).get(branch.reference, "")
        if tip:
            fetch(repository, choices.remote, branch.reference, tip)
        return tip
    upstream = repository.tip(f"{branch.reference}@{{upstream}}")
    if upstream:
        return upstream
    listed = repository.git.run("for-each-ref", "--format=%(objectname) %(refname)", "refs/remotes/").out
    tips = {}
    for line in os.fsdecode(listed).splitlines():
        name, _, reference = line.partition(" ")
        tracked = reference.removeprefix("refs/remotes/").partition("/")[2]
        if tracked == choices.branch:
            tips[reference] = name
    if len(set(tips.values())) > 1 and not repository.tip(branch.reference):
        raise OutputError(
            "git-diverged",
            f"branch {choices.branch!r} is not here, and {' and '.join(sorted(tips))} differ",
            path="--branch",
            hint=f"choose one: git branch {choices.branch} REMOTE/{choices.branch}",
        )
    return next(iter(tips.values())) if len(set(tips.values())) == 1 else ""


def _base(branch: Branch, local: str, remote: str) -> str:
    """The commit to build on: the one that has all of the other."""
    repository, name = branch.repository, branch.choices.branch
    if not local or not remote or local == remote:
        return local or remote
    if repository.is_ancestor(local, remote):
        return remote
    if repository.is_ancestor(remote, local):
        return local
    shallow = repository.git.run("rev-parse", "--is-shallow-repository").text == "true"
    raise OutputError(
        "git-diverged",
        f"branch {name!r} has diverged: it is {local[:12]} here, and {remote[:12]} "
        f"{'there' if branch.choices.remote else 'as last fetched'}, and neither has all of the other",
        path="--branch",
        hint="this clone is shallow and may not know better: git fetch --unshallow"
        if shallow
        else f"if nothing here is needed, git update-ref refs/heads/{name} {remote[:12]}; else merge them",
    )


def _identity(repository: Repository, author: str) -> Mapping[str, str]:
    """Who commits, and when: as git knows it; where it does not, the author or our own name."""
    variables: dict[str, str] = {}
    name, _, address = author.rpartition(" <")
    if author:
        if not name.strip() or not address.endswith(">") or any(each in author for each in "\n\0"):
            raise OutputError(
                "git-author",
                f"{author!r} is not an author",
                path="--author",
                hint='write it as git does: --author "Jane Doe <jane@example.com>"',
            )
        variables = {"GIT_AUTHOR_NAME": name.strip(), "GIT_AUTHOR_EMAIL": address.removesuffix(">")}
    elif not _is_known(repository, "AUTHOR"):
        variables = {"GIT_AUTHOR_NAME": "sro-render", "GIT_AUTHOR_EMAIL": "sro-render@localhost"}
    if not _is_known(repository, "COMMITTER"):
        variables |= {
            "GIT_COMMITTER_NAME": variables.get("GIT_AUTHOR_NAME", "sro-render"),
            "GIT_COMMITTER_EMAIL": variables.get("GIT_AUTHOR_EMAIL", "sro-render@localhost"),
        }
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch:
        if not epoch.isdecimal():
            raise OutputError(
                "git-date",
                f"SOURCE_DATE_EPOCH is {epoch!r}, not a number of seconds",
                hint="see https://reproducible-builds.org/specs/source-date-epoch/",
            )
        variables |= {"GIT_AUTHOR_DATE": f"@{epoch} +0000", "GIT_COMMITTER_DATE": f"@{epoch} +0000"}
    return variables


def _is_known(repository: Repository, role: str) -> bool:
    """Whether git can name somebody without guessing from the machine's name."""
    asked = ("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT")
    return repository.git.run(*asked, may_fail=True).code == 0
