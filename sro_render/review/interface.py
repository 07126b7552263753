"""What a report of a review is made from, and the forms that there are."""

from __future__ import annotations

from collections.abc import Callable

from sro_render.errors import Finding
from sro_render.model.problem import Review, Severity

Reporter = Callable[[Review], str]
"""A review as text that ends with a line break, or is empty."""


def plain_message(finding: Finding) -> str:
    """All that a finding says but its place, for forms that show the place themselves."""
    lines = [finding.message]
    if finding.path:
        lines.append(f"at: {finding.path}")
    if finding.subject:
        lines.append(f"in: {finding.subject}")
    lines.extend(f"note: {note}" for note in finding.notes)
    if finding.hint:
        lines.append(f"help: {finding.hint}")
    return "\n".join(lines)


def summary(review: Review) -> str:
    """How many problems there are, and what was silenced, in one line."""
    counts = [
        _count(review.count(Severity.ERROR), "error", "errors"),
        _count(review.count(Severity.WARNING), "warning", "warnings"),
        _count(review.count(Severity.INFO), "remark", "remarks"),
    ]
    text = ", ".join(counts)
    mendable = sum(problem.can_mend for problem in review.problems)
    if mendable:
        text += f"; --fix mends {mendable}"
    if review.silenced:
        total = sum(review.silenced.values())
        codes = ", ".join(f"{code} {number}" for code, number in review.silenced.items())
        text += f"; {_count(total, 'finding', 'findings')} silenced: {codes}"
    return text


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
