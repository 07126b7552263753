"""A repository: where it is, what its branches stand at, and whether a branch may be moved.

Decides which repositories, branches and paths are accepted. Linked work trees, submodules, bare and
SHA-256 repositories are all alike here: only the folder with the objects counts.
"""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote

from msgspec import Struct

from sro_render.edges.git.program import Git, failed
from sro_render.errors import OutputError
from sro_render.model.lock import is_own_path

_OLDEST = (2, 36)
"""`worktree list -z` came with it, in April 2022."""
_MAX_PART_BYTES = 255
_MAX_BRANCH_PART_BYTES = 250
"""Git makes a file of a branch's name, and beside it one that ends in `.lock`."""


class RacedError(Exception):
    """Somebody else moved the branch in the meantime: begin again from where it stands now."""


class Repository(Struct, frozen=True, kw_only=True):
    """A repository.

    common_dir: the folder that linked work trees share, by which two of them are one repository.
    top:        the work tree, or the repository's own folder where it is bare.
    hash_name:  `sha1` or `sha256`.
    """

    git: Git
    common_dir: str
    top: Path
    hash_name: str

    @property
    def no_object(self) -> str:
        """The id that stands for nothing."""
        return "0" * (64 if self.hash_name == "sha256" else 40)

    def tip(self, reference: str) -> str:
        """What a reference stands at; empty where there is none."""
        return self.git.run("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}", may_fail=True).text

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether everything of `old` is in `new`."""
        return self.git.run("merge-base", "--is-ancestor", old, new, may_fail=True).code == 0

    def move(self, reference: str, new: str, old: str, why: str) -> None:
        """Move a reference, if it still stands where it did; empty is no reference at all.

        Raises: RacedError; OutputError: `git-refused`: a hook or the system does not let us.
        """
        answer = self.git.run(
            "update-ref", "-m", why, "--no-deref", reference, new, old or self.no_object, may_fail=True
        )
        if not answer.code:
            return
        if self.tip(reference) != old:
            raise RacedError
        raise OutputError(
            "git-refused",
            f"git does not move {reference}: {answer.complaint}",
            notes=tuple(line for line in answer.err.splitlines() if line.strip())[:10],
            hint="nothing was changed",
        )

    def refuse_checked_out(self, branch: str) -> None:
        """Refuse a branch that some work tree shows: its files would look reverted.

        Raises: OutputError: `git-checked-out`.
        """
        listed = os.fsdecode(self.git.run("worktree", "list", "--porcelain", "-z").out)
        for entry in listed.split("\0\0"):
            fields = dict(line.partition(" ")[::2] for line in entry.split("\0") if line)
            if fields.get("branch") == f"refs/heads/{branch}" and "prunable" not in fields:
                place = fields["worktree"]
                leave = f"git -C {quote(place)} switch --detach"
                raise OutputError(
                    "git-checked-out",
                    f"branch {branch!r} is checked out in {place}, which would then show all of it as undone",
                    path="--branch",
                    hint=f"commit to another branch, leave this one there ({leave}), or build "
                    "with --out and commit there",
                )


def open_repository(folder: str) -> Repository:
    """The repository that a folder is, or lies in.

    Raises: OutputError: `git-no-repository`, `git-missing`, `git-too-old`, `git-failed`.
    """
    if not folder:
        raise OutputError("git-no-repository", "an empty name is no repository", path="--git")
    git = Git(folder=folder)
    answer = git.run("rev-parse", "--absolute-git-dir", may_fail=True)
    if answer.code:
        raise OutputError(
            "git-no-repository",
            f"{folder} cannot be used as a repository: {answer.complaint}",
            path="--git",
            hint="make one with git init or git clone",
        )
    _check_version(git)
    inner = Git(folder=folder, git_dir=answer.text)
    common = git.run("rev-parse", "--path-format=absolute", "--git-common-dir").text
    top = git.run("rev-parse", "--show-toplevel", may_fail=True)
    return Repository(
        git=inner,
        common_dir=os.path.realpath(common),
        top=Path(answer.text if top.code else top.text),
        hash_name=inner.run("rev-parse", "--show-object-format").text,
    )


def check_branch(repository: Repository, branch: str) -> None:
    """Refuse what cannot be a branch's name. Raises OutputError: `git-branch-name`."""
    reason = ""
    if branch.startswith("-") or branch in {"HEAD", "@"}:
        reason = "git keeps it for itself"
    elif any(len(os.fsencode(part)) > _MAX_BRANCH_PART_BYTES for part in branch.split("/")):
        reason = f"a part of it is longer than {_MAX_BRANCH_PART_BYTES} bytes"
    elif (
        "\0" in branch
        or repository.git.run("check-ref-format", f"refs/heads/{branch}", may_fail=True).code != 0
    ):
        reason = "git does not allow it"
    if reason:
        raise OutputError(
            "git-branch-name",
            f"{branch!r} cannot be the name of a branch: {reason}",
            path="--branch",
            hint="see git help check-ref-format",
        )


def check_path(path: str, option: str = "--path") -> str:
    """A folder inside a repository, without slashes at its ends; empty is the whole of it.

    Args:   option: what gave the path; empty for what is no option.
    Raises: OutputError: `git-path`.
    """
    cleaned = path.rstrip("/").removeprefix("./")
    if cleaned in {"", "."} and not path.startswith("/"):
        return ""
    parts = cleaned.split("/")
    if not is_own_path(cleaned):
        reason = "it is not a folder below the repository's top"
    elif any(part.lower() == ".git" for part in parts):
        reason = "git keeps .git for itself"
    elif any(len(os.fsencode(part)) > _MAX_PART_BYTES for part in parts):
        reason = f"a part of it is longer than {_MAX_PART_BYTES} bytes"
    else:
        return cleaned
    raise OutputError(
        "git-path",
        f"{path!r} cannot be a folder in a repository: {reason}",
        path=option,
        hint="name a folder such as deploy/clusters, with / between its parts",
    )


def _check_version(git: Git) -> None:
    answer = git.run("version")
    numbers = answer.text.split(" ")[2].split(".")[:2] if answer.text.count(" ") > 1 else []
    if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
        raise failed("version", answer)
    if (int(numbers[0]), int(numbers[1])) < _OLDEST:
        raise OutputError(
            "git-too-old",
            f"this is {answer.text}, and sro-render needs {_OLDEST[0]}.{_OLDEST[1]}",
            hint="install a newer git, or use --out",
        )
