"""One chart as a release: what `helm template` prints, with every fault and finding.

Decides which steps are done and what their faults are called; each step is Helm's and stands in
`charts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from msgspec import Struct, field

from sro_render.charts.chart import Chart, ChartFile
from sro_render.charts.engine import Engine, PreparedValues
from sro_render.charts.helm_functions import functions
from sro_render.charts.release import (
    Document,
    DocumentFault,
    print_release,
    printed_crd,
    show_only,
    sort_release,
)
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import Faults, Finding, InputError, LimitError, OutOfTimeError, SroError
from sro_render.gotemplate.program import Program, parse_file
from sro_render.gotemplate.runtime import Run
from sro_render.limits import Deadline, Limits, TimeLimit
from sro_render.pipeline.rendered_faults import not_yaml
from sro_render.source import Source, Span
from sro_render.sprig.ambient import Ambient

_NAME = "name"
Place = Callable[[Sequence[str | int]], Span | None]


class TemplateOptions(Struct, frozen=True, kw_only=True):
    """The choices of one `template`; those of `helm template` by their names."""

    release: Release
    kube_version: str = ""
    api_versions: Sequence[str] = ()
    include_crds: bool = False
    no_hooks: bool = False
    skip_tests: bool = False
    show_only: Sequence[str] = ()
    skip_schema_validation: bool = False
    place: Place | None = None
    """Where a value stands in the user's files, for messages."""
    ambient: Ambient = field(default_factory=Ambient)
    limits: Limits = field(default_factory=Limits)


class Templated(Struct, frozen=True, kw_only=True):
    """The outcome.

    text:   what Helm prints.
    files:  what Helm writes into `--output-dir`: path to content, in Helm's order.
    """

    text: str = ""
    files: Mapping[str, str] = {}
    errors: tuple[SroError, ...] = ()
    findings: tuple[Finding, ...] = ()


def release_name_of(name_template: str, chart: str, ambient: Ambient, limits: Limits) -> str:
    """A name that is made: by a template, else from the last part of the chart's path and the time.

    Raises: SroError: the template cannot be rendered, or there is no time.
    """
    if name_template:
        source = Source("--name-template", name_template)
        program = Program([parse_file(source, _NAME, functions(), limits)], functions())
        return Run(program, limits, state=ambient).execute(_NAME, None)
    if ambient.now is None:
        raise InputError(
            "no-time", "--generate-name needs the time", hint="give it with --now, or give the release a name"
        )
    base = chart.rstrip("/").rpartition("/")[2].partition(".")[0] or "chart"
    return f"{base}-{int(ambient.now.timestamp())}"


def template(
    chart: Chart,
    values: Mapping[str, Any],
    options: TemplateOptions,
    time_limit: TimeLimit = nullcontext,
) -> Templated:
    """Render a chart with the user's values. Never raises SroError: what is wrong is in the result."""
    return next(template_each(chart, [values], options, time_limit))


def template_each(
    chart: Chart,
    several: Iterable[Mapping[str, Any]],
    options: TemplateOptions,
    time_limit: TimeLimit = nullcontext,
) -> Iterator[Templated]:
    """As `template`, with one user's values after the other: the chart is compiled once for all of them."""
    engine: Engine | None = None
    for values in several:
        try:
            engine = engine or Engine(chart, options.limits, options.ambient)
        except SroError as error:
            yield Templated(errors=(error,))
        else:
            yield _limited(engine, values, options, time_limit)


def _limited(
    engine: Engine, values: Mapping[str, Any], options: TemplateOptions, time_limit: TimeLimit
) -> Templated:
    faults = Faults()
    try:
        with time_limit() as deadline:
            return _template(engine, values, options, deadline)
    except OutOfTimeError as late:
        faults.add(
            LimitError(
                "limit-time",
                f"rendering took longer than {late.limit_s} s",
                subject=engine.chart.name,
                hint="look for long loops in the chart's templates, or raise --time-limit",
            )
        )
    except (SroError, ExceptionGroup) as error:
        faults.add(error)
    return Templated(errors=tuple(faults))


def _template(
    engine: Engine, values: Mapping[str, Any], options: TemplateOptions, deadline: Deadline | None
) -> Templated:
    prepared = engine.prepare(values)
    if not options.skip_schema_validation:
        engine.check_values(prepared, place=options.place)
    capabilities = Capabilities(options.kube_version, options.api_versions)
    rendering = engine.render(prepared, options.release, capabilities, deadline=deadline)
    release = sort_release(rendering.texts, options.limits)
    errors = tuple(
        _blamed(fault, engine, rendering.texts, prepared, options, capabilities) for fault in release.faults
    )
    if errors:
        return Templated(errors=errors, findings=rendering.findings)
    hooks = () if options.no_hooks else release.without_tests() if options.skip_tests else release.hooks
    crds = prepared.chart.crds if options.include_crds else ()
    text = print_release(crds, release.manifests, hooks)
    if options.show_only:
        text = show_only(text, options.show_only)
    return Templated(text=text, files=_files(crds, (*release.manifests, *hooks)), findings=rendering.findings)


def _blamed(
    fault: DocumentFault,
    engine: Engine,
    texts: Mapping[str, str],
    prepared: PreparedValues,
    options: TemplateOptions,
    capabilities: Capabilities,
) -> SroError:
    """A document's fault, said with the place in the template that wrote it."""

    def blame(offset: int) -> Span | None:
        trace = engine.trace(fault.template, prepared, options.release, capabilities)
        return trace.place_of(offset)

    return not_yaml(fault.error, fault.line, texts[fault.template], fault.template, blame)


def _files(crds: Iterable[ChartFile], documents: Iterable[Document]) -> dict[str, str]:
    """What Helm writes for each template: all that it renders, one document behind the other."""
    files: dict[str, str] = {}
    for name, text in [
        *((crd.name, printed_crd(crd)) for crd in crds),
        *((document.template, document.printed) for document in documents),
    ]:
        files[name] = files.get(name, "") + text
    return files
