"""A committed bundle that is not what its inputs give, as text and for programs.

Decides what of the differences is shown. What a Secret has is never shown, whatever its file is called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from sro_render.model.committed import BundleCheck, FileDifference, FileState
from sro_render.model.file_names import LOCK_NAME
from sro_render.review.unified import unified_diff

MAX_LINES = 200
"""Lines of differences that are shown of one bundle."""
MAX_FILES = 50
"""Files that are named of one bundle."""

_SECRET = re.compile(r"kind[\"']?\s*:\s*[\"']?Secret\b")
_DIGEST = re.compile(r"^ *sro\.openshift\.io/digest: .*\n", re.MULTILINE)
_WITHOUT_TEXT = frozenset({FileState.NEW, FileState.LEFT_OVER, FileState.MISSING, FileState.ADDITIONAL})
_MEANING = {
    FileState.STALE: "the inputs changed",
    FileState.EDITED: "changed by hand: put the change into the chart or the spec, it will be lost",
    FileState.MISSING: "in the lock, and gone",
    FileState.NEW: "not built yet",
    FileState.LEFT_OVER: "not rendered any more",
    FileState.ADDITIONAL: "not in the lock: move it elsewhere, build stops at it",
}


def check_text(check: BundleCheck) -> str:
    """The report for people: what differs, how, and the command that mends it."""
    if not check.differences:
        return f"{check.folder}: up to date, {_count(check.same, 'file')}\n"
    lines = []
    for state, number in _states(check).items():
        lines.append(f"{state} ({_MEANING[state]}): {_count(number, 'file')}")
        named = [each.path for each in check.differences if each.state is state]
        lines.extend(f"  {path}" for path in named[:MAX_FILES])
        if len(named) > MAX_FILES:
            lines.append(f"  and {len(named) - MAX_FILES} more")
    lines.extend(_diff_lines(check))
    counts = ", ".join(f"{number} {state}" for state, number in _states(check).items())
    lines.append(f"{check.folder}: stale, {counts}, {check.same} as they should be")
    lines.append(f"mend it with: {check.mend}")
    return "".join(f"{line}\n" for line in lines)


def check_mapping(check: BundleCheck) -> dict[str, object]:
    """The report for programs, without errors and findings. Keys are stable."""
    return {
        "cluster": check.cluster,
        "folder": check.folder,
        "current": not check.differences,
        "files": [
            {"path": each.path, "state": each.state.value, "diff": file_diff(check.folder, each)}
            for each in check.differences
        ],
        "same": check.same,
        "mend": check.mend if check.differences else "",
    }


def file_diff(folder: str, difference: FileDifference) -> str:
    """The lines in which a file differs; empty where its state says it all."""
    if difference.state in _WITHOUT_TEXT or difference.before is None or difference.after is None:
        return ""
    before, after = (data.decode("utf-8", "replace") for data in (difference.before, difference.after))
    if any(_SECRET.search(text) for text in (before, after)):
        return "(a Secret, which is not shown)\n"
    if before == after:
        return "(the same bytes, but executable)\n"
    return unified_diff(f"{folder}/{difference.path}", before, after)


def _diff_lines(check: BundleCheck) -> Iterator[str]:
    """The lines of all files up to the limit, and how many more there are."""
    others = [each for each in check.differences if each.path != LOCK_NAME]
    shown = hidden = digests = 0
    # The lock repeats what the files say; alone it is all there is to see.
    for each in others or check.differences:
        quiet = _without_digest(each)
        digests += quiet != each
        lines = _lines(check.folder, quiet) if quiet == each or quiet.before != quiet.after else ()
        room = max(0, MAX_LINES - shown)
        yield from lines[:room]
        shown += min(room, len(lines))
        hidden += max(0, len(lines) - room)
    if hidden:
        yield f"and {_count(hidden, 'more line')} of differences, which -o json shows"
    if digests:
        yield f"not shown: the digest of chart, spec and kernel that {_count(digests, 'file')} got anew"


def _lines(folder: str, difference: FileDifference) -> Sequence[str]:
    text = file_diff(folder, difference)
    if text.startswith("("):
        return (f"{folder}/{difference.path}: {text[1:-2]}",)
    return text.removesuffix("\n").split("\n") if text else ()


def _without_digest(difference: FileDifference) -> FileDifference:
    """A stale object as if its digest had not changed: it says that something did, and hides what."""
    before, after = difference.before or b"", difference.after or b""
    if difference.state is not FileState.STALE:
        return difference
    old, new = (
        _DIGEST.search(before.decode("utf-8", "replace")),
        _DIGEST.search(after.decode("utf-8", "replace")),
    )
    if old is None or new is None or old[0] == new[0]:
        return difference
    return replace(difference, before=before.replace(old[0].encode(), new[0].encode(), 1))


def _states(check: BundleCheck) -> dict[FileState, int]:
    found = Counter(each.state for each in check.differences)
    return {state: found[state] for state in FileState if found[state]}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
