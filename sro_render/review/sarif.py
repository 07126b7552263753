"""A review as SARIF 2.1.0, which code scanning of several hosts reads.

Source: OASIS Static Analysis Results Interchange Format (SARIF) Version 2.1.0,
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; numbers in comments are its sections.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from sro_render.errors import Mend
from sro_render.model.problem import Problem, Review, Severity
from sro_render.review.interface import plain_message
from sro_render.source import Span
from sro_render.version import __version__

SCHEMA_URI = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}  # 3.27.10
_DRIVE = re.compile(r"[A-Za-z]:/")


def sarif_report(review: Review) -> str:
    """One run: every rule that there is, every problem, and the notes of the run."""
    rules: dict[str, dict[str, object]] = {
        rule.code: {
            "id": rule.code,
            "shortDescription": {"text": rule.summary},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for rule in review.rules
    }
    for problem in review.problems:
        # Errors of the render are many, and say themselves what they are.
        code = problem.finding.code
        rules.setdefault(code, {"id": code, "defaultConfiguration": {"level": _LEVELS[problem.severity]}})
    index = {code: number for number, code in enumerate(rules)}
    run: dict[str, object] = {
        "tool": {
            "driver": {"name": "sro-render", "version": __version__, "rules": list(rules.values())},
        },
        "columnKind": "unicodeCodePoints",  # 3.14.17
        "results": [_result(problem, index) for problem in review.problems],
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": note}} for note in review.notes
                ],
            }
        ],
    }
    if review.silenced:
        run["properties"] = {"silenced": dict(review.silenced)}
    document = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _result(problem: Problem, index: dict[str, int]) -> dict[str, object]:
    finding = problem.finding
    result: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[problem.severity],
        "message": {"text": plain_message(finding)},
    }
    location: dict[str, object] = {}
    if finding.span is not None:
        location["physicalLocation"] = _physical(finding.span)
    if finding.path or finding.subject:
        name = " ".join(part for part in (finding.subject, finding.path) if part)
        location["logicalLocations"] = [{"fullyQualifiedName": name}]  # 3.33.5
    if location:
        result["locations"] = [location]
    span, mend = finding.span, finding.mend
    # Where a credential was hidden, the word may be too.
    if problem.can_mend and span is not None and mend is not None and mend.wrong in span.text:
        result["fixes"] = [_fix(span, mend)]
    return result


def _physical(span: Span) -> dict[str, object]:
    """A file and a region; of an archive's member the archive, whose own lines mean nothing."""
    name, _, inside = span.source.name.partition("!")
    physical: dict[str, object] = {"artifactLocation": {"uri": _uri(name)}}
    if not inside:
        physical["region"] = _region(span)
    return physical


def _region(span: Span) -> dict[str, int]:
    """Lines and columns from 1; the end column is that behind the last character. 3.30.5-8."""
    before = span.source.text[: span.end]
    end_line = before.count("\n") + 1
    end_column = len(before) - before.rfind("\n")
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": max(end_line, span.line),
        "endColumn": end_column,
    }


def _fix(span: Span, mend: Mend) -> dict[str, object]:
    """The mend of a problem that can be mended. 3.55."""
    start = span.start + span.text.rindex(mend.wrong)
    word = span.source.span(start, start + len(mend.wrong))
    return {
        "description": {"text": f"write {mend.right} instead of {mend.wrong}"},
        "artifactChanges": [
            {
                "artifactLocation": {"uri": _uri(span.source.name)},
                "replacements": [{"deletedRegion": _region(word), "insertedContent": {"text": mend.right}}],
            }
        ],
    }


def _uri(name: str) -> str:
    """A path as a URI: relative where the path is. 3.4.3."""
    quoted = quote(name, safe="/", errors="surrogateescape")
    if name.startswith("/"):
        return f"file://{quoted}"
    return f"file:///{quoted}" if _DRIVE.match(name) else quoted
