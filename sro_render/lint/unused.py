"""Values that a spec sets and that no template reads: misspelt names, mostly, or what a newer chart dropped.

What was read is known from a render that took note. A branch that was not taken reads nothing, so that a
value counts as unused only if its name stands in no action of any template either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from sro_render.charts.chart import Chart
from sro_render.errors import Finding, nearest, only_meant
from sro_render.gotemplate.values import from_bytes
from sro_render.kernels.spec_places import place_in_spec
from sro_render.lint.rules import UNUSED_VALUE
from sro_render.model.objects import JsonValue
from sro_render.model.problem import Problem
from sro_render.model.specialresource import SpecialResource
from sro_render.model.wording import format_path

Reads = frozenset[tuple[str | int, ...]]
"""Key paths below `.Values` of the SR's chart."""

_ACTION = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
_WORD = re.compile(r"[\w-]+")
# What SRO's specs carry so that `set` looks like an object; it is no value of a chart.
_MARKS = frozenset({"apiVersion", "kind"})


class Usage(Struct, frozen=True, dict=True):
    """What a chart reads. reads: of a render with the SR's values."""

    chart: Chart
    reads: Reads

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word in an action of the chart and its sub-charts, and in their conditions."""
        return frozenset(_words(self.chart))

    def is_read(self, path: tuple[str | int, ...]) -> bool:
        """Whether a value, or something inside it, is read."""
        return path in self._read_above

    def names_beside(self, path: tuple[str | int, ...]) -> set[str]:
        """What is read from the mapping that holds a value."""
        around = path[:-1]
        return {str(read[-1]) for read in self.reads if len(read) == len(path) and read[:-1] == around}

    @cached_property
    def _read_above(self) -> frozenset[tuple[str | int, ...]]:
        return frozenset(read[:length] for read in self.reads for length in range(1, len(read) + 1))


def unused_values(resource: SpecialResource, usage: Usage) -> Iterator[Problem]:
    """A problem for each value of an SR that is not read; of a mapping none of which is read, one."""
    own = {key: value for key, value in (resource.set or {}).items() if key not in _MARKS}
    for path in _unread(own, (), usage.chart, usage):
        yield _problem(resource, path, usage)


def _unread(
    given: Mapping[str, JsonValue], prefix: tuple[str | int, ...], chart: Chart | None, usage: Usage
) -> Iterator[tuple[str | int, ...]]:
    """Args: chart: the one whose values these are; None for a mapping among them."""
    subcharts = _subcharts(chart) if chart else {}
    for key, value in given.items():
        path = (*prefix, key)
        is_read = usage.is_read(path)
        if key in subcharts:
            # One that is switched off reads nothing, and would when it is switched on.
            if isinstance(value, dict) and is_read:
                yield from _unread(value, path, subcharts[key], usage)
        elif is_read:
            if isinstance(value, dict):
                yield from _unread(value, path, None, usage)
        elif key not in usage.words:
            yield path


def _problem(resource: SpecialResource, path: tuple[str | int, ...], usage: Usage) -> Problem:
    place = place_in_spec(resource, ("spec", "set", *path))
    around: JsonValue = resource.set
    for key in path[:-1]:
        around = around[key] if isinstance(around, dict) and isinstance(key, str) else None
    there = around if isinstance(around, dict) else {}
    free = {name for name in usage.names_beside(path) if name not in there}
    word = str(path[-1])
    near = nearest(word, free)
    finding = Finding(
        code=UNUSED_VALUE.code,
        message=f"{format_path(path)} is set, and no template reads it",
        span=place.span,
        path=place.path,
        subject=resource.name,
        hint=f"did you mean {near}?"
        if near
        else f"remove it, or read it in a template of {usage.chart.name}",
        mend=only_meant(word, free),
        special_resource=resource.name,
    )
    return Problem(finding=finding, severity=UNUSED_VALUE.severity)


def _subcharts(chart: Chart) -> dict[str, Chart]:
    """A chart's sub-charts by the keys that their values stand under."""
    by_name = {each.name: each for each in chart.dependencies}
    aliases = {
        each.alias: by_name[each.name]
        for each in chart.metadata.dependencies or ()
        if each.alias and each.name in by_name
    }
    return {**by_name, **aliases}


def _words(chart: Chart) -> Iterator[str]:
    for file in (*chart.templates, *chart.files):
        yield from _words_of_actions(from_bytes(file.data))
    yield from _words_of_values(dict(chart.values))
    for dependency in chart.metadata.dependencies or ():
        yield from _WORD.findall(f"{dependency.condition} {dependency.import_values}")
        if dependency.tags:
            yield from ("tags", *dependency.tags)
    for subchart in chart.dependencies:
        yield from _words(subchart)


def _words_of_actions(text: str) -> Iterator[str]:
    for action in _ACTION.finditer(text):
        yield from _WORD.findall(action[1] or action[2])


def _words_of_values(value: object) -> Iterator[str]:
    """Values may hold templates for `tpl`."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _words_of_values(item)
    elif isinstance(value, list):
        for item in value:
            yield from _words_of_values(item)
    elif isinstance(value, str):
        yield from _words_of_actions(value)
