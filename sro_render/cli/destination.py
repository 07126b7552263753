"""Where a build goes: into a folder, or onto a branch of a Git repository.

Each is looked at before time is spent on rendering, and written to afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from sro_render.cli.git_options import GitArguments
from sro_render.edges.bundles import BuildInputs, Written, write_bundle, write_into
from sro_render.edges.tree import check_cluster_name, check_place
from sro_render.errors import Finding
from sro_render.pipeline.build import Render

if TYPE_CHECKING:
    from sro_render.edges.git.hydrator import DrySource
    from sro_render.edges.git.publish import Branch, Published


class Delivered(Struct, frozen=True, kw_only=True):
    """What was written, and what became of the branch, if it was one."""

    written: Written
    published: Published | None = None


class Destination(Protocol):
    """A place that a build may go to."""

    def look(self, inputs: BuildInputs) -> Sequence[Finding]:
        """What the user should know before anything is written. Call it once. Raises SroError."""

    def deliver(self, outcome: Render, inputs: BuildInputs, say: Callable[[str], None]) -> Delivered:
        """Write what was rendered. Raises SroError, or a group of them."""


class Folder(Struct, frozen=True, kw_only=True):
    """OUT on disk. sign_key: as in `git_options`."""

    out: Path
    sign_key: str | None

    def look(self, inputs: BuildInputs) -> Sequence[Finding]:
        """Nothing: a folder has no past."""
        del inputs
        return ()

    def deliver(self, outcome: Render, inputs: BuildInputs, say: Callable[[str], None]) -> Delivered:
        """Replace OUT/CLUSTER."""
        sign = None
        if self.sign_key is not None:
            # Programs are called to sign, which few builds ask for.
            from sro_render.edges.signing import signer  # noqa: PLC0415

            sign = signer(self.sign_key)
        return Delivered(written=write_bundle(outcome, inputs, self.out, sign=sign, say=say))


class OnBranch:
    """A branch of a repository. charts: the folder of charts, as given."""

    def __init__(self, branch: Branch, charts: str | None) -> None:
        self._branch = branch
        self._charts = charts
        self._source: DrySource | None = None

    def look(self, inputs: BuildInputs) -> Sequence[Finding]:
        """Find the commit that the inputs lie in."""
        # As in `open_destination`.
        from sro_render.edges.git.hydrator import find_source  # noqa: PLC0415

        findings: list[Finding] = []
        self._source = find_source(_paths(inputs), self._charts, self._branch.choices.dry_sha, findings)
        return findings

    def deliver(self, outcome: Render, inputs: BuildInputs, say: Callable[[str], None]) -> Delivered:
        """Commit PATH/CLUSTER, and push it."""
        del say
        from sro_render.edges.git.publish import publish  # noqa: PLC0415 - likewise

        cluster = outcome.bundle.cluster
        folder = self._branch.folder_of(cluster, next(iter(_paths(inputs)), ""))
        place = self._branch.place_of(cluster)
        written, published = publish(
            self._branch,
            cluster,
            self._source,
            lambda tree: write_into(tree, outcome, inputs, folder, place=place),
        )
        return Delivered(written=written, published=published)


def _paths(inputs: BuildInputs) -> list[str]:
    """The files that inputs were read from."""
    return [file.path for file in (*inputs.specs, *inputs.inventories) if file.path != "-"]


def open_destination(
    out: str | None,
    git: GitArguments | None,
    sign_key: str | None,
    charts: str | None,
    *,
    cluster: str,
    named_by: str,
) -> Destination:
    """Where to write; raises OutputError if nothing can be written there."""
    if git is None:
        check_place(Path(out or ""), cluster, named_by=named_by)
        return Folder(out=Path(out or ""), sign_key=sign_key)
    check_cluster_name(cluster, named_by=named_by)
    return OnBranch(branch_of(git), charts)


def branch_of(git: GitArguments) -> Branch:
    """The branch that is meant; raises OutputError if nothing can be committed there."""
    # A build into a folder starts without what calls programs.
    from sro_render.edges.git.message import check_message, parse_trailers  # noqa: PLC0415
    from sro_render.edges.git.publish import Choices, open_branch  # noqa: PLC0415

    check_message(git.message)
    return open_branch(
        Choices(
            repository=git.repository,
            branch=git.branch,
            path=git.path,
            remote=git.remote,
            sign_key=git.sign_key,
            author=git.author,
            message=git.message,
            trailers=parse_trailers(git.trailers),
            dry_sha=git.dry_sha,
        )
    )
