"""Speaks to the repository that a branch is pushed to: what it has, fetching it, pushing to it.

Decides what a refusal means: somebody else was faster (`RacedError`), or the server does not want it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from sro_render.edges.git.program import Answer, without_credentials
from sro_render.edges.git.repository import RacedError, Repository
from sro_render.errors import OutputError, ServerError

_FASTER = re.compile(
    r"\[rejected\] \((?:fetch first|non-fast-forward|stale info|already exists)\)"
    r"|\[remote rejected\] \((?:cannot lock ref|failed to update ref|incorrect old value|reference already)"
)
"""What git and its servers say where a reference moved between looking and pushing."""


def check_remote(remote: str) -> None:
    """Refuse what cannot be a remote. Raises OutputError: `git-remote-name`."""
    if not remote or remote.startswith("-") or "\0" in remote:
        raise OutputError(
            "git-remote-name",
            f"{without_credentials(remote)!r} cannot be a remote: it is empty, or looks like an option",
            path="--push",
            hint="name a remote of the repository (git remote -v), or a URL",
        )


def remote_tips(repository: Repository, remote: str, references: Sequence[str]) -> dict[str, str]:
    """What the references stand at there; those that are not there are left out.

    Raises: ServerError: `git-unreachable`.
    """
    answer = repository.git.run(
        "ls-remote", "--refs", "--", remote, *references, more=_network(repository), may_fail=True
    )
    if answer.code:
        raise _unreachable(remote, answer)
    tips = {}
    for line in os.fsdecode(answer.out).split("\n"):
        name, _, reference = line.partition("\t")
        if reference in references:
            tips[reference] = name
    return tips


def fetch(repository: Repository, remote: str, reference: str, tip: str) -> None:
    """Bring a reference's commits here, without a reference of ours to them.

    Raises: RacedError: it does not stand at `tip` any more; ServerError: `git-unreachable`.
    """
    if repository.tip(tip):
        return
    answer = repository.git.run(
        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--",
        remote, reference, more=_network(repository), may_fail=True,
    )  # fmt: skip
    if answer.code and "couldn't find remote ref" not in answer.err:
        raise _unreachable(remote, answer)
    if not repository.tip(tip):
        raise RacedError


def push(repository: Repository, remote: str, commit: str, reference: str) -> None:
    """Push a commit; never anything else, and never over what is not in it.

    The hook pre-push is not run: it looks at a work tree, and there is none.

    Raises: RacedError: somebody else was faster; ServerError: `git-push-refused`, `git-unreachable`.
    """
    answer = repository.git.run(
        "push", "--porcelain", "--no-verify", "--", remote, f"{commit}:{reference}",
        more=_network(repository), may_fail=True,
    )  # fmt: skip
    if not answer.code:
        return
    out = os.fsdecode(answer.out)
    if _FASTER.search(out):
        raise RacedError
    refused = next((line for line in out.split("\n") if line.startswith("!")), "")
    if not refused:
        raise _unreachable(remote, answer)
    told = [line.removeprefix("remote: ").rstrip() for line in answer.err.splitlines() if "remote: " in line]
    raise ServerError(
        "git-push-refused",
        f"{without_credentials(remote)} refused {reference}: {refused.split(chr(9))[-1]}",
        notes=tuple(line for line in told if line)[:10],
        hint="nothing was changed; the server's owner says what it accepts",
    )


def _unreachable(remote: str, answer: Answer) -> ServerError:
    lines = [line for line in answer.err.splitlines() if line.strip()]
    return ServerError(
        "git-unreachable",
        f"{without_credentials(remote)} cannot be read or written: {answer.complaint}",
        notes=tuple(lines[:10]) if len(lines) > 1 else (),
        hint="see whether git ls-remote reaches it without asking for a password",
    )


def _network(repository: Repository) -> Mapping[str, str]:
    """Keeps ssh from asking, unless the user chose how ssh is called."""
    if os.environ.keys() & {"GIT_SSH", "GIT_SSH_COMMAND"} or repository.git.setting("core.sshCommand"):
        return {}
    return {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
