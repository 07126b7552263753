"""Where a value was set: which of the layers that are put over each other have it, and where it is written.

The layers, the strongest first: what is added at run time, `spec.set`, the values of the chart, and those
of its sub-charts. What a runtime value is in the cluster is told in words here.
Source: `charts.values` for how layers are put together, `kernels.runtime_values` for what is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from sro_render.charts.chart import Chart
from sro_render.charts.values import GLOBAL
from sro_render.explain.interface import ABSENT, Absent, Setting, Value
from sro_render.explain.paths import show, value_at
from sro_render.gotemplate.reads import Home, Path, Read, Reads, watch
from sro_render.kernels.grouping import KernelGroup
from sro_render.kernels.set_templates import SpecTemplates
from sro_render.kernels.spec_places import place_in_spec
from sro_render.limits import Limits
from sro_render.model.objects import JsonValue
from sro_render.pipeline.accounts import Accounts, KernelValues
from sro_render.source import Source, Span
from sro_render.yamltext.reader import decode, locate

SPEC = "spec.set"
RUNTIME = "runtime value"
CHART = "values of the chart"
SUBCHART = "values of the sub-chart"
MAX_NODES: Final = 3


class Settings(Struct, frozen=True):
    """Finds where the values of one SR were set, for one kernel."""

    accounts: Accounts
    values: KernelValues
    limits: Limits

    def value(self, read: Read) -> Value:
        """A value that a template read, with all layers that have it."""
        settings = tuple(self._layers(read.path))
        found = value_at(self.values.prepared.values, read.path)
        has_default = found is ABSENT and bool({"default", "coalesce", "dig"} & set(_words(read.place.text)))
        return Value(
            path=read.path, value=found, place=read.place, settings=settings, has_default=has_default
        )

    def _layers(self, path: Path) -> Iterator[Setting]:
        runtime = value_at(self.values.runtime, path)
        if not isinstance(runtime, Absent):
            yield self._runtime(path, runtime)
        given = value_at(self.accounts.resource.set, path)
        if given is not ABSENT:
            yield self._in_spec(path)
        yield from _in_chart(self.accounts.chart, path, CHART)

    def _runtime(self, path: Path, value: JsonValue) -> Setting:
        resource = self.accounts.resource
        if path[0] != "specialresource":
            fact = _FACTS.get(str(path[0]), _always("added by the operator"))
            return Setting(layer=RUNTIME, value=value, detail=fact(self.values.group))
        inside = path[1:]
        span = place_in_spec(resource, inside, value=True).span
        detail = f"{show(inside)} of the SpecialResource" if inside else "the SpecialResource itself"
        return Setting(
            layer=RUNTIME,
            value=value,
            detail=detail if span or not inside else f"{detail}, which is not set there: the default",
            span=span,
        )

    def _in_spec(self, path: Path) -> Setting:
        # A dependency's values stand in the specs of those that need it.
        there = place_in_spec(self.accounts.resource, ("spec", "set", *path), value=True)
        filled = value_at(self.values.given, path)
        return Setting(
            layer=SPEC,
            value=None if isinstance(filled, Absent) else filled,
            detail=there.path,
            span=there.span,
            reads=tuple(self._read_in_spec(path, there.span)),
        )

    def _read_in_spec(self, path: Path, span: Span | None) -> Iterable[Value]:
        """What a template in the spec reads: it runs once more, over watched values."""
        text = value_at(self.accounts.resource.set, path)
        if not isinstance(text, str) or "{{" not in text:
            return ()
        place = span or Source(self.accounts.resource.name, text).span(0, len(text))
        reads = Reads()
        reads.begin(place, ())
        templates = SpecTemplates(
            text, resource=self.accounts.resource, path=("spec", "set", *path), limits=self.limits
        )
        templates.fill(watch(self.values.in_spec, reads, Home()))
        return [self._runtime_value(read) for read in reads.all if not read.is_table]

    def _runtime_value(self, read: Read) -> Value:
        """A value that a string of the spec read: there are no others than runtime values there."""
        value = value_at(self.values.in_spec, read.path)
        settings = () if isinstance(value, Absent) else (self._runtime(read.path, value),)
        return Value(path=read.path, value=value, place=read.place, settings=settings)


def _words(text: str) -> Iterable[str]:
    return text.replace("(", " ").replace("|", " ").split()


# The values of charts


def _in_chart(chart: Chart, path: Path, layer: str) -> Iterator[Setting]:
    """The values of a chart that has the path, and of the sub-charts that lend it to their parent."""
    found = value_at(chart.values, path)
    if not isinstance(found, Absent):
        yield Setting(layer=layer, value=found, detail=show(path), span=_written(chart, path))
    for name, subchart in _subcharts(chart):
        inner = f"{SUBCHART} {name}"
        if path[0] == name and len(path) > 1:
            yield from _in_chart(subchart, path[1:], inner)
        elif path[0] == GLOBAL:
            yield from _in_chart(subchart, path, inner)
    for name, subchart, given in _imports(chart, path):
        yield from _in_chart(subchart, given, f"{SUBCHART} {name}, imported")


def _written(chart: Chart, path: Path) -> Span | None:
    """Where the chart's values.yaml has a path; of several documents the last one counts."""
    if chart.values_file is None:
        return None
    source = decode(chart.values_file.data, chart.values_file.source_name)
    documents = range(source.text.count("\n---"), -1, -1)
    spans = (locate(source, path, document, value=True) for document in documents)
    return next((span for span in spans if span is not None), None)


def _subcharts(chart: Chart) -> Iterator[tuple[str, Chart]]:
    """The sub-charts by the names under which their values stand."""
    for subchart in chart.dependencies:
        wanted = [each for each in chart.metadata.dependencies or () if each.name == subchart.name]
        for name in [each.final_name for each in wanted] or [subchart.name]:
            yield name, subchart


def _imports(chart: Chart, path: Path) -> Iterator[tuple[str, Chart, Path]]:
    """Where `import-values` takes a path from: the sub-chart's name, the sub-chart, and the path in it."""
    by_name = dict(_subcharts(chart))
    for requirement in chart.metadata.dependencies or ():
        for wanted in requirement.import_values:
            child, parent = (f"exports.{wanted}", ".") if isinstance(wanted, str) else _pair(wanted)
            below = () if parent == "." else tuple(parent.split("."))
            if child and path[: len(below)] == below and requirement.final_name in by_name:
                given = (*child.split("."), *path[len(below) :])
                yield requirement.final_name, by_name[requirement.final_name], given


def _pair(wanted: object) -> tuple[str, str]:
    table = wanted if isinstance(wanted, Mapping) else {}
    return str(table.get("child", "")), str(table.get("parent", ""))


# What runtime values are


def _of_nodes(what: str) -> Callable[[KernelGroup], str]:
    return lambda group: f"{what} of {_nodes(group)}"


def _nodes(group: KernelGroup) -> str:
    if group.is_planned:
        return "a planned kernel"
    if len(group.nodes) == 1:
        return f"node {group.nodes[0]}"
    shown = ", ".join(group.nodes[:MAX_NODES])
    more = len(group.nodes) - MAX_NODES
    return f"nodes {shown}" + (f" and {more} more" if more > 0 else "")


def _toolkit(group: KernelGroup) -> str:
    if group.toolkit is None:
        return f"no driver toolkit of the inventory has kernel {group.kernel}"
    return f"driver toolkit for kernel {group.kernel}"


def _always(text: str) -> Callable[[KernelGroup], str]:
    return lambda _: text


_FACTS: Final[Mapping[str, Callable[[KernelGroup], str]]] = {
    "kind": _always("the same in every cluster"),
    "apiVersion": _always("the same in every cluster"),
    "groupName": _always("the same in every cluster"),
    "kernelFullVersion": _of_nodes("kernel"),
    "kernelPatchVersion": _of_nodes("kernel"),
    "operatingSystemMajor": _of_nodes("operating system"),
    "operatingSystemMajorMinor": _of_nodes("operating system"),
    "operatingSystemDecimal": _of_nodes("operating system"),
    "clusterVersionMajorMinor": _of_nodes("OpenShift release"),
    "driverToolkitImage": _toolkit,
    "clusterVersion": _always("version of the cluster"),
    "clusterUpgradeInfo": _always("kernels and driver toolkits of all nodes"),
    "platform": _always("platform of the cluster"),
    "pushSecretName": _always("push Secret of the namespace"),
    "osImageURL": _always("OS image of the cluster"),
    "proxy": _always("proxy of the cluster"),
}
