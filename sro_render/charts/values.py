"""How values are put together: files over each other, and over the defaults of charts and sub-charts.

Decides what `.Values` is. Nothing is changed in place, and a subtree that nobody overrides is shared,
not copied: a render costs what overlaps, not what is there. Whoever runs templates that change their
values copies them first (`deep_copy`).
Source: helm pkg/chart/common/util/coalesce.go and `MergeMaps` of pkg/chart/v2/loader/load.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from sro_render.charts.chart import Chart
from sro_render.errors import ChartError
from sro_render.gotemplate.reads import Home, Path
from sro_render.gotemplate.values import NamedMap

Table: TypeAlias = dict[str, Any]
GLOBAL = "global"
_Tables: TypeAlias = tuple[tuple[Path, Table], ...]


def merge_files(under: Mapping[str, Any], over: Mapping[str, Any]) -> Table:
    """Two values files, as `helm -f UNDER -f OVER` merges them: tables inside each other, else replaced.

    A null in `over` stays, to delete later what a chart's defaults have there.
    """
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = (
            merge_files(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
        )
    return merged


def coalesce_values(chart: Chart, values: Mapping[str, Any]) -> Table:
    """What the chart's templates get as `.Values`; the values of a sub-chart stand under its name.

    Args:   values: what the user gives; goes over all defaults. A null removes a default.
    Raises: ChartError `chart-values`: the name of a sub-chart holds something other than a mapping.
    """
    return _coalesce(chart, dict(values), chart.name, keep_nulls=False)


def merge_values(chart: Chart, values: Mapping[str, Any]) -> Table:
    """The same with nulls kept, for steps that coalesce again later."""
    return _coalesce(chart, dict(values), chart.name, keep_nulls=True)


def _coalesce(chart: Chart, values: Table, path: str, *, keep_nulls: bool) -> Table:
    """`values` over the defaults of a chart and of its sub-charts. `values` is this call's own."""
    values = _coalesce_defaults(chart, values, keep_nulls=keep_nulls)
    has_leaked = False
    for dependency in chart.dependencies:
        name = dependency.name
        given = values.get(name, {})
        if not isinstance(given, dict):
            raise ChartError(
                "chart-values",
                f"`{name}` must be a mapping: it holds the values of the sub-chart {path}/{name}",
                path=name,
                hint=f"write {name}: {{...}}, or give the sub-chart an alias",
            )
        given = _with_globals(given, values)
        values[name] = _coalesce(dependency, given, f"{path}/{name}", keep_nulls=keep_nulls)
        has_leaked |= _leak_globals(values, values[name])
    if has_leaked:
        _share_globals(chart, values, values[GLOBAL])
    return values


def _coalesce_defaults(chart: Chart, values: Table, *, keep_nulls: bool) -> Table:
    """`values` over the chart's own defaults."""
    merged = dict(values)
    subcharts = {dependency.name for dependency in chart.dependencies}
    for key, default in chart.values.items():
        if key not in values:
            if keep_nulls:
                merged[key] = default
            elif default is not None:
                merged[key] = _without_nulls(default)
        elif values[key] is None:
            if not keep_nulls:
                del merged[key]
        elif isinstance(values[key], dict) and isinstance(default, dict):
            # Nulls for a sub-chart are kept until that sub-chart's own defaults have been met.
            keep = keep_nulls or key in subcharts
            under = default if keep else _without_nulls(default)
            merged[key] = _coalesce_tables(values[key], under, keep_nulls=keep)
    return merged


def _coalesce_tables(over: Mapping[str, Any], under: Mapping[str, Any], *, keep_nulls: bool) -> Table:
    merged = dict(over)
    for key, default in under.items():
        if key not in over:
            merged[key] = default
            continue
        value = over[key]
        if value is None:
            if not keep_nulls and default is not None:
                del merged[key]
        elif isinstance(value, dict) and isinstance(default, dict):
            merged[key] = _coalesce_tables(value, default, keep_nulls=keep_nulls)
    return merged


def _with_globals(values: Mapping[str, Any], parent: Mapping[str, Any]) -> Table:
    """A sub-chart's values with its parent's globals put over its own."""
    own, given = values.get(GLOBAL, {}), parent.get(GLOBAL, {})
    if not isinstance(own, dict) or not isinstance(given, dict):
        return dict(values)
    merged = dict(own)
    for key, value in given.items():
        below = merged.get(key)
        if isinstance(value, dict):
            if key not in merged:
                merged[key] = value
            elif isinstance(below, dict):
                merged[key] = _coalesce_tables(value, below, keep_nulls=True)
        elif not isinstance(below, dict):
            merged[key] = value
    return {**values, GLOBAL: merged}


def _leak_globals(parent: Table, inner: Mapping[str, Any]) -> bool:
    """Put what a sub-chart added to tables inside the parent's global tables into the parent.

    Helm copies a global table only one level deep before it hands it down, so that `global.a.b`, where
    it is a table, is one object for a chart and all below it: a sub-chart's defaults for it show up in
    its parent and in all other sub-charts.

    Returns: whether anything was added.
    """
    own, changed = parent.get(GLOBAL), inner.get(GLOBAL)
    if not isinstance(own, dict) or not isinstance(changed, dict):
        return False
    has_leaked = False
    for key, table in own.items():
        below = changed.get(key)
        if not isinstance(table, dict) or not isinstance(below, dict):
            continue
        leaked = {
            name: below[name]
            for name, value in table.items()
            if isinstance(value, dict) and isinstance(below.get(name), dict) and below[name] is not value
        }
        if leaked:
            parent[GLOBAL] = {**parent[GLOBAL], key: {**table, **leaked}}
            has_leaked = True
    return has_leaked


def _share_globals(chart: Chart, values: Mapping[str, Any], shared: Mapping[str, Any]) -> None:
    """Put the tables inside `shared`, a chart's global tables, into the sub-charts' values as well."""
    for dependency in chart.dependencies:
        inner = values[dependency.name]
        own = inner.get(GLOBAL)
        if isinstance(own, dict):
            inner[GLOBAL] = {key: _with_shared(table, shared.get(key)) for key, table in own.items()}
        _share_globals(dependency, inner, shared)


def _with_shared(own: Any, shared: Any) -> Any:
    """A global table whose inner tables are those of `shared`, where both have one."""
    if not isinstance(own, dict) or not isinstance(shared, dict):
        return own
    return {
        name: shared[name] if isinstance(value, dict) and isinstance(shared.get(name), dict) else value
        for name, value in own.items()
    }


def _without_nulls(value: Any) -> Any:
    """The value without the null entries of its tables; the same object where there are none."""
    if not isinstance(value, dict):
        return value
    cleaned = {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if len(cleaned) == len(value) and all(cleaned[key] is item for key, item in value.items()):
        return value
    return cleaned


def deep_copy(value: Any) -> Any:
    """A copy of tables and lists, for templates that change what they get."""
    if isinstance(value, NamedMap):
        return type(value)({key: deep_copy(item) for key, item in value.items()})
    if isinstance(value, dict):
        return {key: deep_copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [deep_copy(item) for item in value]
    return value


def home_of(chart: Chart, values: Mapping[str, Any]) -> Home:
    """Where the values stand that a chart and its sub-charts see: globals where they were first given.

    Args: values: those of the chart, put together by `coalesce_values`.
    """
    return _home_of(chart, values, (), ())


def _home_of(chart: Chart, values: Mapping[str, Any], path: Path, outer: _Tables) -> Home:
    """Args: outer: the global tables of the charts around this one, outermost first, with their paths."""
    inner: dict[str, Home] = {}
    own, own_path = values.get(GLOBAL), (*path, GLOBAL)
    if isinstance(own, dict):
        if outer:
            inner[GLOBAL] = _home_of_table(own, own_path, outer)
        outer = (*outer, (own_path, own))
    for dependency in chart.dependencies:
        name = dependency.name
        given = values.get(name)
        if isinstance(given, dict):
            inner[name] = _home_of(dependency, given, (*path, name), outer)
    return Home(path, inner)


def _home_of_table(own: Table, path: Path, outer: _Tables) -> Home:
    """A table that the charts around have too: what they have in it stands there, the rest here."""
    inner: dict[str, Home] = {}
    home = outer[0][0]
    for key, value in own.items():
        holders = [((*place, key), table[key]) for place, table in outer if key in table]
        tables = tuple((place, held) for place, held in holders if isinstance(held, dict))
        if not holders:
            inner[key] = Home((*path, key))
        elif isinstance(value, dict) and tables:
            inner[key] = _home_of_table(value, (*path, key), tables)
        elif holders[0][0] != (*home, key):
            inner[key] = Home(holders[0][0])
    return Home(home, inner)
