"""A diff as workflow commands of GitHub Actions, shown at the files of a pull request.

Nodes that lose a driver are errors, marks are warnings. GitHub shows ten of either kind for a step and
drops the others: so the tenth says how many more there are, and these are plain lines of the log.
Source: docs "Workflow commands for GitHub Actions"; GitHub's runner, src/Runner.Worker/ExecutionContext.cs
(`_maxIssueCount`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from sro_render.diff.records import Diff, DriverLoss, FoldedChange, Mark, ObjectChange
from sro_render.review.diff_words import knows_nodes, object_counts, path_text
from sro_render.review.github import workflow_command

MAX_SHOWN = 10
_MAX_NAMES = 20

_Properties = dict[str, str]
_Remark = tuple[_Properties, str]
"""What a command says: its properties and its message."""


def diff_github_report(diff: Diff, folder: str | None = "", *, program: str = "sro-render") -> str:
    """Commands for losses and marks, and the counts as one notice.

    Args: folder: where the bundle stands in the repository, for the paths of its files; empty: at its root;
                  None: its objects come from no file that GitHub has.
          program: whose command `diff` has made it.
    """
    title = f"{program} diff"
    losses, marks = _losses(diff.losses), _marks(diff.folded, folder)
    lines = [*_commands("error", losses, title), *_commands("warning", marks, title)]
    notice = workflow_command("notice", {"title": title}, _counts(diff))
    return "\n".join((*lines, notice)) + "\n"


def _commands(command: str, remarks: Sequence[_Remark], title: str) -> Iterator[str]:
    """As many as are shown; the rest is counted in the last, and comes as text."""
    fits = len(remarks) <= MAX_SHOWN
    shown = remarks if fits else remarks[: MAX_SHOWN - 1]
    for properties, message in shown:
        yield workflow_command(command, properties, message)
    rest = remarks[len(shown) :]
    if rest:
        text = f"{len(rest)} more such {command}s: see the log of this step"
        yield workflow_command(command, {"title": title}, text)
    for properties, message in rest:
        place = properties.get("file", "")
        yield _one_line(f"{properties['title']}: {place + ': ' if place else ''}{message}")


def _losses(losses: Sequence[DriverLoss]) -> list[_Remark]:
    """One for the nodes that lose a driver for one reason."""

    def cause(loss: DriverLoss) -> tuple[str, str, str]:
        return loss.special_resource, loss.kernel, loss.reason

    return [
        (
            {"title": "node-without-driver"},
            f"{_names([loss.node for loss in group])} would lose {resource}'s driver for {kernel}: {reason}",
        )
        for (resource, kernel, reason), group in groupby(sorted(losses, key=cause), key=cause)
    ]


def _names(nodes: Sequence[str]) -> str:
    names = ", ".join(sorted(nodes)[:_MAX_NAMES])
    left_out = len(nodes) - _MAX_NAMES
    return f"{names} and {left_out} more nodes" if left_out > 0 else names


def _marks(changes: Sequence[FoldedChange], folder: str | None) -> list[_Remark]:
    """Each mark of a change once, at the file of the first object that has it."""
    found: dict[tuple[int, Mark, str], _Remark] = {}
    for number, folded in enumerate(changes):
        for change in folded.changes:
            for mark, where in _marks_of(change):
                message = f"{_object(folded)}{where}: {mark.message}"
                found.setdefault((number, mark, where), (_place(change, mark, folder), message))
    return list(found.values())


def _marks_of(change: ObjectChange) -> Iterator[tuple[Mark, str]]:
    yield from ((mark, "") for mark in change.marks)
    for field in change.fields:
        yield from ((mark, f", {path_text(field.path)}") for mark in field.marks)


def _place(change: ObjectChange, mark: Mark, folder: str | None) -> _Properties:
    """The file as it is after; what was removed has none that GitHub could show."""
    properties = {"title": mark.code}
    if folder is not None and change.after is not None and change.after.file:
        properties["file"] = f"{folder.rstrip('/')}/{change.after.file}" if folder else change.after.file
    return properties


def _object(folded: FoldedChange) -> str:
    """What the object is in all of its kernels."""
    label, kernels = folded.shown.ref.label, folded.kernels
    if len(kernels) > 1:
        return f"{label} in {len(kernels)} kernels"
    return f"{label} in kernel {kernels[0]}" if kernels else label


def _counts(diff: Diff) -> str:
    lost = len({loss.node for loss in diff.losses})
    nodes = f"{len(diff.touched)} touched, {lost} without a driver" if knows_nodes(diff) else "not known"
    return f"objects: {object_counts(diff)}; nodes: {nodes}"


def _one_line(text: str) -> str:
    """A line of the log that is no command: those start with `::`, or have `##[` anywhere."""
    return " ".join(text.split()).replace("##[", "## [")
