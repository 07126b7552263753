"""A chart's templates, compiled once and rendered many times.

Decides which templates take part, in which order they run, and what each sees as `.`; what templates
mean is for `gotemplate`, what the values are for `values.py` and `dependencies.py`.
Source: helm pkg/engine/engine.go (`recAllTpls`, `sortTemplates`, `render`) and pkg/action/action.go
(`renderResources`); special-resource-operator for rendering one template with the partials.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from posixpath import basename
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sro_render.charts.chart import Chart, ChartFile
from sro_render.charts.dependencies import Selection, apply, check_dependencies, select
from sro_render.charts.helm_functions import NO_VALUE, functions
from sro_render.charts.scope import Capabilities, Files, Release, Values
from sro_render.charts.values import coalesce_values, deep_copy, home_of
from sro_render.errors import ChartError, Faults, Finding, TemplateError, nearest
from sro_render.gotemplate.parser import ParsedFile
from sro_render.gotemplate.program import Program, parse_file
from sro_render.gotemplate.reads import Read, Reads, watch
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.traced import Origin, Traced
from sro_render.limits import Deadline, Limits
from sro_render.source import Span
from sro_render.sprig.ambient import Ambient
from sro_render.sprig.versions import admits

if TYPE_CHECKING:
    from sro_render.charts.jinja_chart import JinjaCode
    from sro_render.charts.schemas import Place, SchemaChecker

NOTES = ("NOTES.txt", "NOTES.txt.j2")
JINJA = ".j2"
"""What the names of templates in Jinja's syntax end in; all others are Go templates."""


class Rendering(Struct, frozen=True, kw_only=True):
    """What a chart rendered.

    texts:    Helm's template name (`x/templates/a.yaml`, `x/charts/y/templates/b.yaml`) -> text, A-Z;
              partials and notes are not among them.
    notes:    the text of the chart's own NOTES.txt.
    findings: in the order of finding, each place once.
    """

    texts: Mapping[str, str]
    notes: str = ""
    findings: tuple[Finding, ...] = ()


class Trace(Struct, frozen=True):
    """A rendered text that knows which place in the templates wrote each of its characters."""

    text: str
    traced: Traced

    def place_of(self, offset: int) -> Span | None:
        """The place that wrote the character at an offset of `text`."""
        return self.traced.place_of(self._raw(offset))

    def origin_of(self, offset: int) -> Origin | None:
        """The same, down to the templates that are included there, and what was read on the way."""
        return self.traced.origin_of(self._raw(offset))

    def origins_between(self, start: int, end: int) -> list[Origin]:
        """The origins of a stretch of the text, each once."""
        return self.traced.origins_between(self._raw(start), self._raw(end - 1) + 1) if start < end else []

    def silent_between(self, start: int, end: int) -> list[Origin]:
        """The acts that wrote nothing between two offsets, or what Helm takes for nothing."""
        first, last = self._raw(start), self._raw(end)
        return [
            *self.traced.silent_between(first, last),
            *self.traced.writers_of(NO_VALUE, first, last),
        ]

    def _raw(self, offset: int) -> int:
        """The offset in the text before Helm takes `<no value>` out of it."""
        raw = 0
        for piece in self.traced.text.split(NO_VALUE):
            if offset < len(piece):
                break
            offset -= len(piece)
            raw += len(piece) + len(NO_VALUE)
        return raw + offset


class Recording(Struct, frozen=True, kw_only=True):
    """What a chart rendered, and how.

    traces:   Helm's template name -> its text with the places that wrote it, A-Z; without notes.
    reads:    each value that any template asked for, once for each place, in the order of reading. Paths
              are those of the values of the chart that is rendered, whichever of its sub-charts reads.
    findings: as in `Rendering`.
    """

    traces: Mapping[str, Trace]
    reads: tuple[Read, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def texts(self) -> Mapping[str, str]:
        """As in `Rendering`."""
        return {name: trace.text for name, trace in self.traces.items()}


class _Template(Struct, frozen=True):
    """A template with its name, and the chart in whose scope it runs."""

    name: str
    file: ChartFile
    chart_path: str

    @property
    def is_partial(self) -> bool:
        return basename(self.name).startswith("_")

    @property
    def is_jinja(self) -> bool:
        return self.name.endswith(JINJA)


class _Layout(Struct, frozen=True, kw_only=True):
    """A chart with the sub-charts that one selection leaves in it, ready to run."""

    chart: Chart
    templates: Mapping[str, _Template]
    files: Mapping[str, Files]


class PreparedValues(Struct, frozen=True, kw_only=True):
    """Values put together for a chart; good for any number of renders with the same values.

    chart:  the chart with the sub-charts that take part, for whoever checks the values against schemas.
    values: what the templates get as `.Values`. Shares subtrees with the chart: not to be changed.
    """

    chart: Chart
    values: Mapping[str, Any]
    selection: Selection


class Engine:
    """The templates of a chart. Parses each at most once, whatever is rendered how often."""

    def __init__(self, chart: Chart, limits: Limits, ambient: Ambient | None = None) -> None:
        """Prepare to render a chart.

        Args:   ambient: the time and the seed that its functions may use; the label is the release's.
        Raises: ChartError `chart-library`: the chart only lends templates to others;
                `chart-dependency`: a dependency is not in its folder charts.
        """
        if chart.metadata.is_library:
            raise ChartError(
                "chart-library",
                f"{chart.name} is a library: it has nothing to install",
                path=chart.origin,
                hint="use a chart that depends on it",
            )
        check_dependencies(chart)
        self.chart = chart
        self.limits = limits
        self.ambient = ambient or Ambient()
        self._layouts: dict[Selection, _Layout] = {}
        self._parsed: dict[str, ParsedFile | JinjaCode] = {}
        self._programs: dict[tuple[Selection, tuple[str, ...]], tuple[Program, bool]] = {}
        self._schemas: SchemaChecker | None = None

    def prepare(self, values: Mapping[str, Any]) -> PreparedValues:
        """Put the user's values over the chart's, for several renders with the same values.

        Raises: ChartError `chart-values`, `chart-dependency`.
        """
        selection = select(self.chart, values)
        chart = self._layout(selection).chart
        tables = _with_methods(chart, coalesce_values(chart, values))
        return PreparedValues(chart=chart, values=tables, selection=selection)

    def check_values(
        self, prepared: PreparedValues, *, strangers: Collection[str] = (), place: Place | None = None
    ) -> None:
        """Check values against the schemas of the chart and its sub-charts; `render` does not do it.

        Args:   strangers, place: as in `SchemaChecker.check`.
        Raises: ChartError `values-schema`, or a group of them.
        """
        if self._schemas is None:
            if not any(chart.schema for _, chart in _charts(self.chart, self.chart.name)):
                return
            # Only charts with a schema pay for loading what reads it.
            from sro_render.charts.schemas import SchemaChecker  # noqa: PLC0415

            self._schemas = SchemaChecker(self.limits)
        self._schemas.check(prepared.chart, prepared.values, strangers=strangers, place=place)

    def check(self, values: Mapping[str, Any]) -> None:
        """Parse the templates that these values leave, and run nothing.

        Raises: TemplateError, or a group of them; ChartError `chart-dependency`.
        """
        self._parse(self._layout(select(self.chart, values)).templates.values())

    def template_names(self, values: Mapping[str, Any] | PreparedValues) -> tuple[str, ...]:
        """The templates that a render with these values writes texts of, A-Z; without notes."""
        layout = self._layout(self._prepared(values).selection)
        names = (template.name for template in layout.templates.values() if not template.is_partial)
        return tuple(sorted(name for name in names if not name.endswith(NOTES)))

    def render(
        self,
        values: Mapping[str, Any] | PreparedValues,
        release: Release,
        capabilities: Capabilities,
        templates: Collection[str] | None = None,
        deadline: Deadline | None = None,
    ) -> Rendering:
        """Render a chart, or some of its templates.

        Args:   values: the user's, without the chart's defaults; or what `prepare` made of them.
                templates: names as in `Rendering.texts`; only these and the partials of all charts
                take part then, so that what other templates define is not known. None renders all.
                deadline: called now and then while templates run; raises to end the render.
        Raises: TemplateError, LimitError: the first fault while running; ExceptionGroup of
                TemplateError: several templates cannot be parsed; ChartError: as `prepare`, and
                `chart-kube-version`, `chart-template`.
        """
        prepared = self._prepared(values)
        self._check_kube_version(prepared.chart, capabilities)
        execution = self._execution(prepared, release, capabilities, templates, deadline)
        texts = {name: execution.text(name) for name in execution.order}
        notes = "".join(texts.get(f"{self.chart.name}/templates/{name}", "") for name in NOTES)
        shown = {name: texts[name] for name in sorted(texts) if not name.endswith(NOTES)}
        findings = (*_about_chart(self.chart), *execution.run.findings)
        return Rendering(texts=shown, notes=notes, findings=findings)

    def trace(
        self,
        name: str,
        values: Mapping[str, Any] | PreparedValues,
        release: Release,
        capabilities: Capabilities,
        templates: Collection[str] | None = None,
    ) -> Trace:
        """Render one template once more, slowly, and keep which place wrote what.

        Args:   name: one of the names that `render` with the same other arguments gave a text of.
        Raises: as `render`.
        """
        execution = self._execution(self._prepared(values), release, capabilities, templates, None)
        # What runs before may have changed the values, so it runs again too.
        for earlier in execution.order[: execution.order.index(name)]:
            execution.text(earlier)
        return execution.trace(name)

    def record(
        self,
        values: Mapping[str, Any] | PreparedValues,
        release: Release,
        capabilities: Capabilities,
        templates: Collection[str] | None = None,
        deadline: Deadline | None = None,
        reads: Reads | None = None,
    ) -> Recording:
        """Render as `render` does, with the same texts, slowly, and keep who read which value.

        Args:   reads: keeps the reads of several renders together.
        Raises: as `render`.
        """
        reads = Reads() if reads is None else reads
        prepared = self._prepared(values)
        self._check_kube_version(prepared.chart, capabilities)
        execution = self._execution(prepared, release, capabilities, templates, deadline, reads)
        traces = {name: execution.trace(name) for name in execution.order}
        shown = {name: traces[name] for name in sorted(traces) if not name.endswith(NOTES)}
        findings = (*_about_chart(self.chart), *execution.run.findings)
        return Recording(traces=shown, reads=reads.all, findings=findings)

    def _prepared(self, values: Mapping[str, Any] | PreparedValues) -> PreparedValues:
        return values if isinstance(values, PreparedValues) else self.prepare(values)

    def _layout(self, selection: Selection) -> _Layout:
        if selection not in self._layouts:
            chart = apply(self.chart, selection)
            charts = dict(_charts(chart, chart.name))
            self._layouts[selection] = _Layout(
                chart=chart,
                templates={t.name: t for path, one in charts.items() for t in _templates(one, path)},
                files={path: Files({f.name: f.data for f in one.files}) for path, one in charts.items()},
            )
        return self._layouts[selection]

    def _check_kube_version(self, chart: Chart, capabilities: Capabilities) -> None:
        wanted, version = chart.metadata.kube_version, capabilities.kube_version
        if wanted and not admits(wanted, version.normalized):
            raise ChartError(
                "chart-kube-version",
                f"the chart {chart.name} needs Kubernetes {wanted}, and this is {version.version}",
                path=chart.origin,
                hint="use a version of the chart that fits",
            )

    def _execution(
        self,
        prepared: PreparedValues,
        release: Release,
        capabilities: Capabilities,
        templates: Collection[str] | None,
        deadline: Deadline | None,
        reads: Reads | None = None,
    ) -> _Execution:
        layout = self._layout(prepared.selection)
        chosen = _choose(layout, templates)
        program, changes_values = self._program(prepared.selection, chosen)
        values: Any = prepared.values
        if reads is not None:
            values = watch(values, reads, home_of(layout.chart, values))
        elif changes_values:
            values = deep_copy(values)
        scopes = _Scopes(layout, release, capabilities)
        scopes.add(layout.chart, layout.chart.name, values)
        ambient = replace(self.ambient, label=f"{release.namespace}/{release.name}")
        run = Run(program, self.limits, deadline, ambient, reads)
        return _Execution(run, [t for t in chosen if not t.is_partial], scopes.by_path)

    def _program(self, selection: Selection, chosen: tuple[_Template, ...]) -> tuple[Program, bool]:
        """The compiled templates, and whether running them may change the values."""
        key = (selection, tuple(template.name for template in chosen))
        if key not in self._programs:
            parsed = self._parse(chosen)
            files = [file for file in parsed.values() if isinstance(file, ParsedFile)]
            others = {name: file for name, file in parsed.items() if not isinstance(file, ParsedFile)}
            used = {name for file in parsed.values() for name in file.uses}
            changes_values = any(functions()[name].mutates for name in used & functions().keys())
            self._programs[key] = (Program(files, functions(), others), changes_values)
        return self._programs[key]

    def _parse(self, chosen: Iterable[_Template]) -> Mapping[str, ParsedFile | JinjaCode]:
        """The parsed templates by name; the faults of all of them come together."""
        faults = Faults()
        for template in chosen:
            try:
                if template.name not in self._parsed:
                    self._parsed[template.name] = _parse_template(template, self.limits)
            except TemplateError as error:
                faults.add(error)
        faults.raise_if_any()
        return {template.name: self._parsed[template.name] for template in chosen}


def _parse_template(template: _Template, limits: Limits) -> ParsedFile | JinjaCode:
    """A template in the syntax that its name's ending says."""
    source = template.file.source()
    if not template.is_jinja:
        return parse_file(source, template.name, functions(), limits)
    # Loading Jinja takes as long as rendering a chart; most charts have no such template.
    from sro_render.charts.jinja_chart import JinjaCode  # noqa: PLC0415

    return JinjaCode(source, template.name, template.chart_path, limits)


class _Execution:
    """One run over the chosen templates, each in the scope of its chart."""

    def __init__(self, run: Run, chosen: Iterable[_Template], scopes: Mapping[str, dict[str, Any]]) -> None:
        self.run = run
        self.templates = {template.name: template for template in chosen}
        self.order = tuple(self.templates)
        self.scopes = scopes

    def text(self, name: str) -> str:
        return self.run.execute(name, self._scope(name)).replace(NO_VALUE, "")

    def trace(self, name: str) -> Trace:
        traced = self.run.execute_traced(name, self._scope(name))
        return Trace(traced.text.replace(NO_VALUE, ""), traced)

    def _scope(self, name: str) -> dict[str, Any]:
        template = self.templates[name]
        scope = self.scopes[template.chart_path]
        scope["Template"] = Values(Name=name, BasePath=f"{template.chart_path}/templates")
        return scope


def _about_chart(chart: Chart) -> Iterable[Finding]:
    if chart.metadata.deprecated:
        yield Finding(
            code="chart-deprecated",
            message=f"the chart {chart.name} is deprecated",
            path=f"{chart.origin}/Chart.yaml",
            hint="its description or its home may say what takes its place",
        )


def _with_methods(chart: Chart, values: Mapping[str, Any]) -> Values:
    """The values with the type that Helm gives to those of a chart, and of each chart inside it.

    A parent sees the same maps under the sub-charts' names: what one changes, the other sees.
    """
    typed = Values(values)
    for subchart in chart.dependencies:
        inner = typed.get(subchart.name)
        if isinstance(inner, dict):
            typed[subchart.name] = _with_methods(subchart, inner)
    return typed


def _charts(chart: Chart, path: str) -> Iterable[tuple[str, Chart]]:
    """A chart and all inside it, by their full paths."""
    yield path, chart
    for subchart in chart.dependencies:
        yield from _charts(subchart, f"{path}/charts/{subchart.name}")


def _templates(chart: Chart, path: str) -> Iterable[_Template]:
    for file in chart.templates:
        if not chart.metadata.is_library or basename(file.name).startswith("_"):
            yield _Template(f"{path}/{file.name}", file, path)


def _choose(layout: _Layout, names: Collection[str] | None) -> tuple[_Template, ...]:
    """The templates that take part, in the order in which Helm parses and runs them.

    That is: those deepest in folders first, and backwards through the alphabet.
    """
    known = layout.templates
    for name in names or ():
        if name not in known:
            near = nearest(name, known)
            raise ChartError(
                "chart-template",
                f'the chart has no template "{name}"',
                path=layout.chart.origin,
                hint=f"did you mean {near}?" if near else "",
            )
    chosen = [t for t in known.values() if names is None or t.is_partial or t.name in names]
    return tuple(sorted(chosen, key=lambda t: (t.name.count("/"), t.name), reverse=True))


class _Scopes:
    """What the templates of each chart see as `.`, by the chart's full path, for one run."""

    def __init__(self, layout: _Layout, release: Release, capabilities: Capabilities) -> None:
        self.layout = layout
        self.release = release.for_templates()
        self.capabilities = capabilities
        self.by_path: dict[str, dict[str, Any]] = {}

    def add(self, chart: Chart, path: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Make the scope of a chart and of those inside it."""
        subcharts: dict[str, Any] = {}
        scope = Values(
            Chart=chart.metadata.for_templates(is_root=chart is self.layout.chart),
            Files=self.layout.files[path],
            Release=self.release,
            Capabilities=self.capabilities,
            Values=values,
            Subcharts=subcharts,
        )
        self.by_path[path] = scope
        for subchart in chart.dependencies:
            inner = values.get(subchart.name)
            own = inner if isinstance(inner, dict) else Values()
            subcharts[subchart.name] = self.add(subchart, f"{path}/charts/{subchart.name}", own)
        return scope
