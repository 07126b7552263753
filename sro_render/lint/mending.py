"""From findings with one right answer to edits of texts: the word alone changes, nothing around it.

Decides what may be edited; reading and writing files is for others. Texts inside archives and ConfigMaps
are never edited: whoever made these has the files.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from sro_render.errors import Finding, Mend
from sro_render.lint.rules import UNUSED_VALUE
from sro_render.model.objects import JsonValue
from sro_render.model.problem import Problem
from sro_render.model.specialresource import SpecialResource
from sro_render.source import Source

STANDARD_INPUT = "standard input"


class Edit(Struct, frozen=True, order=True):
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


def settle(problems: Iterable[Problem], resources: Iterable[SpecialResource]) -> list[Problem]:
    """The problems without mends of templates that a spec speaks against.

    A spec that sets what a template reads nearly by that name is mended itself: charts say which names
    they read, and other specs may use them. A name that some spec sets is right in the template.
    """
    listed = list(problems)
    in_specs = {each.finding.mend for each in listed if each.finding.code == UNUSED_VALUE.code}
    names = {name for resource in resources for name in _names(resource.set)}
    return [_without_mend(each) if _is_disputed(each.finding, in_specs, names) else each for each in listed]


def _is_disputed(finding: Finding, in_specs: Collection[Mend | None], names: Collection[str]) -> bool:
    mend = finding.mend
    if mend is None or finding.code != "missing-value":
        return False
    return mend.wrong in names or Mend(mend.right, mend.wrong) in in_specs


def _without_mend(problem: Problem) -> Problem:
    return replace(problem, finding=replace(problem.finding, mend=None))


def _names(value: JsonValue) -> Iterator[str]:
    """All keys in a value."""
    if isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)


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


def _name(problem: Problem) -> str:
    span = problem.finding.span
    return span.source.name if span else ""
