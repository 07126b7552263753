"""A review for programs: JSON whose keys are stable."""

from __future__ import annotations

import json

from sro_render.errors import Finding
from sro_render.model.problem import Problem, Review, Severity


def json_report(review: Review) -> str:
    """Counts, every problem, and what was silenced."""
    document = {
        "errors": review.count(Severity.ERROR),
        "warnings": review.count(Severity.WARNING),
        "remarks": review.count(Severity.INFO),
        "problems": [_problem(problem) for problem in review.problems],
        "silenced": dict(review.silenced),
        "notes": list(review.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def finding_mapping(finding: Finding) -> dict[str, object]:
    """A finding or an error. Without a place its line and column are 0."""
    span = finding.span
    return {
        "code": finding.code,
        "message": finding.message,
        "file": span.source.name if span else "",
        "line": span.line if span else 0,
        "column": span.column if span else 0,
        "path": finding.path,
        "subject": finding.subject,
        "hint": finding.hint,
        "notes": list(finding.notes),
    }


def _problem(problem: Problem) -> dict[str, object]:
    finding = problem.finding
    mend = finding.mend
    return {
        **finding_mapping(finding),
        "severity": problem.severity.value,
        "specialResource": finding.special_resource,
        "mend": {"wrong": mend.wrong, "right": mend.right} if mend and problem.can_mend else None,
    }
