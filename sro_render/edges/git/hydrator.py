"""Tells GitOps Promoter from which commit of the specs a commit was rendered.

Decides what `hydrator.metadata` and the git note hold, and which commit the specs lie in. The note is
renewed where the manifests did not change but the specs' commit did: then there is no new commit.

Source: https://gitops-promoter.readthedocs.io/en/latest/custom-hydrator/, the contract for hydrators.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from sro_render.edges.git.objects import write_blobs
from sro_render.edges.git.program import Git, failed
from sro_render.edges.git.remote import fetch, push, remote_tips
from sro_render.edges.git.repository import RacedError, Repository
from sro_render.errors import Finding, OutputError

NOTES = "refs/notes/hydrator.metadata"
_MAX_ATTEMPTS = 10
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SECRET_IN_URL = re.compile(r"(?<=://)(?:[^/@]*:[^/@]*@|(?<=https://)[^/@]*@|(?<=http://)[^/@]*@)")


class DrySource(Struct, frozen=True, kw_only=True):
    """The commit that the specs lie in; what is not known of it is empty. date: as ISO 8601 writes it."""

    id: str
    url: str = ""
    author: str = ""
    date: str = ""
    subject: str = ""
    body: str = ""

    def metadata(self) -> bytes:
        """The file for whoever promotes the commit."""
        known = {
            "repoURL": self.url,
            "drySha": self.id,
            "author": self.author,
            "date": self.date,
            "subject": self.subject,
            "body": self.body,
        }
        document = {name: value for name, value in known.items() if value}
        return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()

    def note(self) -> bytes:
        """The note on the commit."""
        return f"{json.dumps({'drySha': self.id})}\n".encode()


def check_source(given: str) -> None:
    """Refuse what is no commit's id. Raises OutputError: `git-dry-sha`."""
    if given and not _ID.fullmatch(given):
        raise OutputError(
            "git-dry-sha",
            f"{given!r} is not the whole id of a commit",
            path="--dry-sha",
            hint="git rev-parse HEAD prints one",
        )


def find_source(
    files: Sequence[str], charts: str | None, given: str, findings: list[Finding]
) -> DrySource | None:
    """The commit that the specs lie in.

    Args:    files: specs and inventories; charts: their folder; given: the commit as the user names it.
    Returns: None where the specs lie in no repository, or are not committed as they are, which is
             a finding: nobody could render the same from that commit.
    Raises:  OutputError: `git-failed`: git does not look into that repository.
    """
    if not files:
        return DrySource(id=given) if given else None
    git = Git(folder=str(Path(files[0]).resolve().parent))
    head = git.run(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{given or 'HEAD'}^{{commit}}", may_fail=True
    )
    if head.code and given:
        return DrySource(id=given)
    if head.code:
        if head.err.strip() and "not a git repository" not in head.err:
            raise failed("rev-parse", head)
        return None
    if not given:
        changed = _changed(git, files, charts)
        if changed:
            findings.append(_uncommitted(changed))
            return None
    return _described(git, head.text)


def _described(git: Git, commit: str) -> DrySource:
    shown = git.run("log", "-1", "--no-show-signature", "--format=%an <%ae>%x00%aI%x00%s%x00%b", commit).out
    author, date, subject, body = shown.decode("utf-8", "replace").split("\0")
    url = git.setting("remote.origin.url")
    return DrySource(
        id=commit,
        url=_SECRET_IN_URL.sub("", url) if "://" in url or re.match(r"[^/:]+@[^/:]+:", url) else "",
        author=author,
        date=date,
        subject=subject,
        body=body.strip(),
    )


def _changed(git: Git, files: Sequence[str], charts: str | None) -> list[str]:
    """The inputs that are not as the last commit has them; those outside the repository do not count."""
    top = Path(git.run("rev-parse", "--show-toplevel").text).resolve()
    named = [Path(file).resolve() for file in files]
    named += [Path(charts).resolve()] if charts else []
    inside = [str(path) for path in named if path.is_relative_to(top)]
    status = git.run("status", "--porcelain", "-z", "--untracked-files=all", "--ignored", "--", *inside).out
    lines = iter(os.fsdecode(status).split("\0")[:-1])
    changed = []
    for line in lines:
        if line.startswith(("R", "C")):
            next(lines)
        if not line.startswith("!!") or str(top / line[3:].rstrip("/")) in inside:
            changed.append(line[3:])
    return sorted(changed)


def _uncommitted(changed: Sequence[str]) -> Finding:
    return Finding(
        code="git-uncommitted",
        message=f"{changed[0]} " + (f"and {len(changed) - 1} more inputs are" if changed[1:] else "is")
        + " not committed, so that no commit can be named from which this was rendered",
        hint="commit the inputs first, or name the commit with --dry-sha; "
        "hydrator.metadata and the git note stay as they are",
    )  # fmt: skip


def write_note(
    repository: Repository, commit: str, source: DrySource, variables: Mapping[str, str], remote: str
) -> bool:
    """Note on a commit from which commit it was rendered, here and at the remote.

    Returns: whether anything had to be written. The notes of others stay.
    Raises:  OutputError, ServerError: as `move` and `push`; `git-busy` after many attempts.
    """
    for _ in range(_MAX_ATTEMPTS):
        local = repository.tip(NOTES)
        base = local
        try:
            if remote:
                base = remote_tips(repository, remote, (NOTES,)).get(NOTES, "")
                if base:
                    fetch(repository, remote, NOTES, base)
                elif local:
                    base = local
            if base and _noted(repository, base, commit) == source.note():
                return False
            noted = _with_note(repository, base, commit, source.note(), variables)
            if remote:
                push(repository, remote, noted, NOTES)
            # Notes here that the remote lacks are somebody's own: they stay, and ours is at the remote.
            if not remote or not local or repository.is_ancestor(local, noted):
                repository.move(NOTES, noted, local, "sro-render: note")
        except RacedError:
            continue
        return True
    raise OutputError("git-busy", f"others write {NOTES} all the time", hint="build again")


def _noted(repository: Repository, notes: str, commit: str) -> bytes | None:
    """The note on a commit, as a commit of notes has it. Folders split long lists of notes."""
    for path in (commit, f"{commit[:2]}/{commit[2:]}", f"{commit[:2]}/{commit[2:4]}/{commit[4:]}"):
        answer = repository.git.run("cat-file", "blob", f"{notes}:{path}", may_fail=True)
        if not answer.code:
            return answer.out
    return None


def _with_note(
    repository: Repository, base: str, commit: str, note: bytes, variables: Mapping[str, str]
) -> str:
    """A commit of notes that has one more than `base`, made under a name that is nobody else's."""
    own = f"refs/notes/sro-render/{uuid.uuid4().hex}"
    blob = write_blobs(repository, [note])[note]
    if base:
        repository.move(own, base, "", "sro-render: note")
    try:
        repository.git.run("notes", f"--ref={own}", "add", "-f", "-C", blob, commit, more=variables)
        return repository.tip(own)
    finally:
        repository.git.run("update-ref", "-d", own, may_fail=True)
