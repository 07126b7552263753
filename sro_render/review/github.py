"""A review as workflow commands of GitHub Actions, which shows them at the lines of a pull request.

Source: GitHub's toolkit, packages/core/src/command.ts (what is escaped) and core.ts (`error`, `warning`,
`notice` and their properties); docs "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Mapping

from sro_render.model.problem import Problem, Review, Severity
from sro_render.review.interface import plain_message, summary

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github_report(review: Review) -> str:
    """A command for each problem, one for each note, and the counts as plain text."""
    lines = [_command(problem) for problem in review.problems]
    lines += [workflow_command("notice", {"title": "sro-render lint"}, note) for note in review.notes]
    return "\n".join((*lines, summary(review))) + "\n"


def _command(problem: Problem) -> str:
    finding = problem.finding
    properties = {"title": finding.code}
    span = finding.span
    if span is not None:
        # What an archive holds has no line that GitHub could show.
        name, _, inside = span.source.name.partition("!")
        properties["file"] = name
        if not inside:
            properties["line"] = str(span.line)
            properties["col"] = str(span.column)
            if "\n" not in span.text:
                properties["endColumn"] = str(span.column + len(span.text))
        message = plain_message(finding) + (f"\nfile: {inside}:{span.line}" if inside else "")
    else:
        message = plain_message(finding)
    return workflow_command(_COMMANDS[problem.severity], properties, message)


def workflow_command(command: str, properties: Mapping[str, str], message: str) -> str:
    """A command in one line, whatever stands in its parts."""
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{command} {written}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
