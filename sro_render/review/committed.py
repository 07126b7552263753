"""A committed bundle that is not what its inputs give, as text and for programs.

Decides what of the differences is shown. What a Secret has is never shown, whatever its file is called.
"""

from __future__ import annotations

from collections import Counter

from sro_render.diff.mask import holds_secret
from sro_render.errors import SroError
from sro_render.limits import Limits
from sro_render.model.committed import BundleCheck, FileDifference, FileState
from sro_render.model.file_names import LOCK_NAME
from sro_render.review.unified import unified_diff
from sro_render.source import Source
from sro_render.yamltext.reader import read_stream

MAX_LINES = 400
"""Lines of differences that are shown of one bundle."""
MAX_FILES = 10
"""Files that are named of each state."""

_SIGNS = ("Secret", "\\", "!", "\0")
"""The kind as it is written, or what it may be written with: escapes, tags, other encodings."""
_WITHOUT_TEXT = frozenset({FileState.NEW, FileState.LEFT_OVER, FileState.MISSING, FileState.ADDITIONAL})
_MEANING = {
    FileState.STALE: "the inputs changed",
    FileState.EDITED: "changed by hand: put the change into the chart or the spec, it will be lost",
    FileState.MISSING: "in the lock, and gone",
    FileState.NEW: "not built yet",
    FileState.LEFT_OVER: "not rendered any more",
    FileState.ADDITIONAL: "not in the lock: move it elsewhere, build stops at it",
}


def check_text(check: BundleCheck, objects: str | None) -> str:
    """The report for people: what differs, how, and the command that mends it.

    Args:   objects: the differences by objects and fields; None where that is not known, or where there
            are none and the files differ nevertheless: then their lines are shown.
    """
    if not check.differences:
        return f"{check.folder}: up to date, {_count(check.same, 'file')}\n"
    lines = []
    for state, number in _states(check).items():
        lines.append(f"{state} ({_MEANING[state]}): {_count(number, 'file')}")
        if state is FileState.STALE and objects is not None:
            continue  # what they hold is shown, and that says more than their names
        named = [each.path for each in check.differences if each.state is state]
        lines.extend(f"  {path}" for path in named[:MAX_FILES])
        if len(named) > MAX_FILES:
            lines.append(f"  and {len(named) - MAX_FILES} more")
    shown = _line_diffs(check) if objects is None else objects.removesuffix("\n").split("\n")
    lines += ["", *shown[:MAX_LINES]] if shown else []
    if len(shown) > MAX_LINES:
        lines.append(f"and {_count(len(shown) - MAX_LINES, 'more line')} of differences")
    counts = ", ".join(f"{number} {state}" for state, number in _states(check).items())
    lines += ["", f"{check.folder}: {counts}, {check.same} as they should be"]
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
    if _may_hold_secret(before) or _may_hold_secret(after):
        return "(a Secret, which is not shown)\n"
    if before == after:
        return "(the same bytes, but executable)\n"
    return unified_diff(f"{folder}/{difference.path}", before, after)


def _may_hold_secret(text: str) -> bool:
    """Whether there is a Secret in a text; of what is no YAML, whether one may be meant."""
    if not any(sign in text for sign in _SIGNS):
        return False
    try:
        return any(holds_secret(document.value) for document in read_stream(Source("", text), Limits()))
    except (SroError, ExceptionGroup):
        return True


def _line_diffs(check: BundleCheck) -> list[str]:
    """The lines in which the files differ."""
    others = [each for each in check.differences if each.path != LOCK_NAME]
    lines: list[str] = []
    # The lock repeats what the files say; alone it is all there is to see.
    for each in others or check.differences:
        text = file_diff(check.folder, each)
        if text.startswith("("):
            lines.append(f"{check.folder}/{each.path}: {text[1:-2]}")
        elif text:
            lines += text.removesuffix("\n").split("\n")
    return lines


def _states(check: BundleCheck) -> dict[FileState, int]:
    found = Counter(each.state for each in check.differences)
    return {state: found[state] for state in FileState if found[state]}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
