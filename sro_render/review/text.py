"""A review for people: each problem with its place, and how many there are."""

from __future__ import annotations

from sro_render.errors import describe
from sro_render.model.problem import Review
from sro_render.review.interface import summary


def text_report(review: Review) -> str:
    """Problems in their order, then notes, then the counts."""
    blocks = [describe(problem.finding, severity=problem.severity.value) for problem in review.problems]
    blocks += [f"note: {note}" for note in review.notes]
    return "\n".join((*blocks, summary(review))) + "\n"
