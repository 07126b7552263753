"""From findings with one right answer to edits of texts: the word alone changes, nothing around it.

Decides what may be edited; reading and writing files is for others. Texts inside archives and ConfigMaps
are never edited: whoever made these has the files.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sro_render.errors import Finding
from sro_render.model.problem import Problem
from sro_render.source import Source

STANDARD_INPUT = "standard input"


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """The stretch of a text, in characters, that is replaced."""

    start: int
    end: int
    text: str


def edit_of(finding: Finding) -> Edit | None:
    """The edit that mends a finding; None where the word does not stand there once, as it is."""
    span, mend = finding.span, finding.mend
    if span is None or mend is None:
        return None
    found = list(re.finditer(rf"(?<![\w-]){re.escape(mend.wrong)}(?![\w-])", span.text))
    if len(found) != 1:
        return None
    start = span.start + found[0].start()
    return Edit(start, start + len(mend.wrong), mend.right)


def is_file(source: Source) -> bool:
    """Whether a text is a whole file of the user's, as opposed to what an archive or a ConfigMap holds."""
    return (
        source.name != STANDARD_INPUT and "!" not in source.name and not source.name.startswith("rendered ")
    )


def out_of_reach(problems: Iterable[Problem]) -> tuple[str, ...]:
    """The texts that could be mended if they were files of the user's; A-Z."""
    names = {
        problem.finding.span.source.name
        for problem in problems
        if problem.finding.span is not None
        and edit_of(problem.finding) is not None
        and not is_file(problem.finding.span.source)
    }
    return tuple(sorted(names))


def mark_mendable(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems, with `can_mend` where that is so."""
    listed = tuple(problems)
    edits = {source.name: chosen for source, chosen in edits_of(listed)}
    return tuple(
        replace(problem, can_mend=edit_of(problem.finding) in edits.get(_name(problem), ()))
        for problem in listed
    )


def edits_of(problems: Iterable[Problem]) -> Iterator[tuple[Source, tuple[Edit, ...]]]:
    """The edits of each file, in the order of places; where two findings want different things, none."""
    wanted: dict[str, dict[tuple[int, int], set[str]]] = {}
    sources: dict[str, Source] = {}
    refused: set[tuple[str, int]] = set()
    for problem in problems:
        span = problem.finding.span
        if span is None or not is_file(span.source):
            continue
        edit = edit_of(problem.finding)
        if edit is None:
            if problem.finding.code.startswith("api-"):
                # The same text is another object's API version, whose replacement has another shape.
                refused.add((span.source.name, span.start))
            continue
        sources.setdefault(span.source.name, span.source)
        wanted.setdefault(span.source.name, {}).setdefault((edit.start, edit.end), set()).add(edit.text)
    for name, places in sorted(wanted.items()):
        edits = tuple(
            Edit(start, end, *texts)
            for (start, end), texts in sorted(places.items())
            if len(texts) == 1 and (name, start) not in refused
        )
        if edits:
            yield sources[name], edits


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with its edits, none of which overlap."""
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def unified_diff(name: str, before: str, after: str) -> str:
    """What changes, as `diff -u` shows it."""
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    """Lines end at line feeds alone, as patch(1) counts them."""
    parts = text.split("\n")
    return [f"{line}\n" for line in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _name(problem: Problem) -> str:
    span = problem.finding.span
    return span.source.name if span else ""
