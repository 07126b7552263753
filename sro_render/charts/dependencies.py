"""Which sub-charts take part, under which names, and what is imported from their values.

Decides from the values alone: conditions and tags say who takes part (`select`, cheap, per render),
and the chart with only these, renamed and with its imports done, is built from that (`apply`; the same
selection gives the same chart, so it is worth keeping). Values are merged in `values.py`.
Source: helm pkg/chart/v2/util/dependencies.go, and action.CheckDependencies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from sro_render.charts.chart import Chart
from sro_render.charts.metadata import Requirement
from sro_render.charts.values import Table, coalesce_values, deep_copy, merge_values
from sro_render.errors import ChartError
from sro_render.gotemplate.reads import Path
from sro_render.sprig.versions import admits


class Selected(Struct, frozen=True):
    """A sub-chart that takes part: the index among its parent's sub-charts, its name, what is in it."""

    index: int
    name: str
    inner: Selection


class Selection(Struct, frozen=True):
    """What takes part of a chart's sub-charts, in the order in which Helm treats them.

    requirements: indices of the entries of `dependencies` that are left; None where the chart has
                  no such key, and all of its sub-charts take part as they are.
    """

    subcharts: tuple[Selected, ...] = ()
    requirements: tuple[int, ...] | None = None


_ALL = Selection()


def check_dependencies(chart: Chart) -> None:
    """Raise ChartError `chart-dependency` if a dependency of the chart is not in its folder charts/."""
    present = {dependency.name for dependency in chart.dependencies}
    wanted = chart.metadata.dependencies or ()
    absent = [requirement.name for requirement in wanted if requirement.name not in present]
    if absent:
        raise ChartError(
            "chart-dependency",
            f"the chart {chart.name} depends on {', '.join(absent)}, which is not in its folder charts",
            path=f"{chart.origin}/charts",
            hint="run `helm dependency build`, and commit what it brings",
        )


def select(chart: Chart, values: Mapping[str, Any]) -> Selection:
    """Which sub-charts take part with these values (those of the user, without the defaults)."""
    return _select(chart, values, "")


def _select(chart: Chart, values: Mapping[str, Any], path: str) -> Selection:
    requirements = chart.metadata.dependencies
    if requirements is None:
        return _ALL
    candidates = _candidates(chart, requirements)
    named = [replace_name(chart.dependencies[index], name) for index, name in candidates]
    coalesced = coalesce_values(replace(chart, dependencies=tuple(named)), values)
    enabled = [_is_enabled(requirement, coalesced, path) for requirement in requirements]
    removed = {r.final_name for r, is_on in zip(requirements, enabled, strict=True) if not is_on}
    subcharts = tuple(
        Selected(index, name, _select(subchart, coalesced, f"{path}{name}."))
        for (index, name), subchart in zip(candidates, named, strict=True)
        if name not in removed
    )
    left = tuple(i for i, r in enumerate(requirements) if r.final_name not in removed)
    _refuse_duplicates(chart, subcharts)
    return Selection(subcharts, left)


def _candidates(chart: Chart, requirements: Sequence[Requirement]) -> list[tuple[int, str]]:
    """Index and final name of each sub-chart: first those that no requirement names, then by requirement."""

    def fits(requirement: Requirement, subchart: Chart) -> bool:
        return subchart.name == requirement.name and admits(requirement.version, subchart.version)

    candidates = [
        (index, subchart.name)
        for index, subchart in enumerate(chart.dependencies)
        if not any(fits(requirement, subchart) for requirement in requirements)
    ]
    for requirement in requirements:
        found = next(
            (i for i, subchart in enumerate(chart.dependencies) if fits(requirement, subchart)), None
        )
        if found is not None:
            candidates.append((found, requirement.final_name))
    return candidates


def _refuse_duplicates(chart: Chart, subcharts: Sequence[Selected]) -> None:
    names = [selected.name for selected in subcharts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ChartError(
            "chart-dependency",
            f'the chart {chart.name} has two sub-charts called "{twice}"',
            path=f"{chart.origin}/charts",
            hint="remove one from the folder charts, or list both as dependencies, one with an alias",
        )


def _is_enabled(requirement: Requirement, values: Mapping[str, Any], path: str) -> bool:
    """Tags decide, unless a condition does: the first of its paths that holds true or false."""
    for condition in requirement.condition.strip().split(","):
        value = _value_at(values, f"{path}{condition}") if condition else None
        if isinstance(value, bool):
            return value
    tags = values.get("tags")
    if not isinstance(tags, dict):
        return True
    said = [tags[tag] for tag in requirement.tags if isinstance(tags.get(tag), bool)]
    return any(said) or not said


def steering_paths(chart: Chart, path: Path = ()) -> Iterator[Path]:
    """The values that decide which sub-charts take part: they count, though no template reads them."""
    for requirement in chart.metadata.dependencies or ():
        conditions = filter(None, requirement.condition.strip().split(","))
        yield from ((*path, *condition.split(".")) for condition in conditions)
        # Tags are the outermost chart's own, however deep a chart lies.
        yield from (("tags", tag) for tag in requirement.tags)
    for subchart in chart.dependencies:
        names = [r.final_name for r in chart.metadata.dependencies or () if r.name == subchart.name]
        for name in names or [subchart.name]:
            yield from steering_paths(subchart, (*path, name))


def _value_at(values: Mapping[str, Any], path: str) -> object:
    """The value at a dotted path; None where there is none, or a table."""
    *folders, key = path.split(".")
    table = table_at(values, folders)
    value = None if table is None else table.get(key)
    return None if isinstance(value, dict) else value


def table_at(values: Mapping[str, Any], path: Sequence[str]) -> Table | None:
    """The table at a path of keys; None where there is none."""
    table: Any = values
    for key in path:
        table = table.get(key)
        if not isinstance(table, dict):
            return None
    return cast("Table", table)


def replace_name(chart: Chart, name: str) -> Chart:
    """The chart under another name."""
    return chart if name == chart.name else replace(chart, metadata=replace(chart.metadata, name=name))


def apply(chart: Chart, selection: Selection) -> Chart:
    """The chart with just the selected sub-charts, its values over what it imports from theirs."""
    if selection.requirements is None:
        return _untouched(chart)
    subcharts = tuple(
        replace_name(apply(chart.dependencies[one.index], one.inner), one.name) for one in selection.subcharts
    )
    requirements = chart.metadata.dependencies or ()
    left = tuple(
        replace(requirements[index], name=requirements[index].final_name, enabled=True)
        for index in selection.requirements
    )
    return _with_imports(replace(chart, dependencies=subcharts), left)


def _untouched(chart: Chart) -> Chart:
    """A chart in which Helm looks for no conditions: all of it takes part, imports are done."""
    subcharts = tuple(_untouched(subchart) for subchart in chart.dependencies)
    return _with_imports(replace(chart, dependencies=subcharts), chart.metadata.dependencies or ())


def _with_imports(chart: Chart, requirements: Sequence[Requirement]) -> Chart:
    """The chart with its defaults over what its requirements' `import-values` bring into them."""
    if not requirements:
        return replace(chart, metadata=replace(chart.metadata, dependencies=None))
    values: Table = deep_copy(merge_values(chart, {}))
    imported: Table = {}
    shown = []
    for requirement in requirements:
        paths = [_import_paths(wanted) for wanted in requirement.import_values]
        for child, parent in paths:
            table = table_at(values, [requirement.name, *child.split(".")]) if child else None
            if table is not None:
                _merge_in_place(imported, _nested(parent, table))
        imports = tuple({"child": child, "parent": parent} for child, parent in paths if child)
        shown.append(replace(requirement, import_values=imports))
    metadata = replace(chart.metadata, dependencies=tuple(shown))
    values = deep_copy(values)  # parts of it are in `imported` too
    _merge_in_place(values, imported)
    return replace(chart, metadata=metadata, values=values)


def _merge_in_place(over: Table, under: Table) -> None:
    """Put `under` below `over`, changing both.

    In place, because Helm does: when two imports bring the same table, what the second one adds to it
    also shows up in the sub-chart from which the first one came.
    """
    under.update({key: None for key, value in over.items() if value is None})
    for key, value in under.items():
        if key not in over:
            over[key] = value
        elif isinstance(value, dict) and isinstance(over[key], dict):
            _merge_in_place(over[key], value)


def _import_paths(wanted: object) -> tuple[str, str]:
    """From where and to where an entry of `import-values` brings a table; empty where it is malformed."""
    if isinstance(wanted, str):
        return f"exports.{wanted}", "."
    if isinstance(wanted, dict):
        return str(wanted.get("child", "")), str(wanted.get("parent", ""))
    return "", ""


def _nested(path: str, table: Table) -> Table:
    if path == ".":
        return table
    for key in reversed(path.split(".")):
        table = {key: table}
    return table
