"""What every command that renders is given, and how it is read: specs, inventories, charts, options.

One set of options, one way of reading, so that `build` and the commands that only look cannot differ in
what they render. Reading goes on after a fault: all faults of all inputs come together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial, wraps
from typing import Any, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from sro_render.cli.ambient_options import ambient_options
from sro_render.cli.limit_options import limit_options
from sro_render.cli.talk import Progress, Talk
from sro_render.cli.time_limit import time_limit
from sro_render.edges.chart_store import ChartStore
from sro_render.edges.inventories import InventoryFiles, read_inventories
from sro_render.edges.own_specs import StoredCharts
from sro_render.edges.specs import Curtain, SpecFiles, read_specs
from sro_render.errors import Faults, Finding, SroError
from sro_render.limits import Limits
from sro_render.model.options import RenderOptions
from sro_render.model.wording import name_some
from sro_render.pipeline.build import Recipe, Render, build, check_charts
from sro_render.pipeline.dependencies import resolve

_R = TypeVar("_R")


class RenderArguments(Struct, frozen=True, kw_only=True):
    """The arguments of a render, as they were given. seconds: the limit of time; 0 is none."""

    specs: Sequence[str]
    inventories: Sequence[str]
    charts: str | None
    options: RenderOptions
    seconds: int


class RenderInputs(Struct, frozen=True, kw_only=True):
    """What the arguments name, read.

    inventory, store: None where they could not be read.
    faults:           everything that is wrong in any input; readers of what comes later add theirs.
    curtain:          hides credentials of specs in what is said.
    chart_findings:   what was found in the SpecialResources that charts bring along.
    """

    specs: SpecFiles
    inventory: InventoryFiles | None
    store: ChartStore | None
    recipes: Sequence[Recipe]
    faults: Faults
    curtain: Curtain
    chart_findings: Sequence[Finding]
    options: RenderOptions
    seconds: int

    @property
    def is_usable(self) -> bool:
        """Whether there is something to render from, and with."""
        return self.inventory is not None and self.store is not None

    def faults_without_nodes(self) -> tuple[SroError, ...]:
        """All faults, with those that the charts have whatever the nodes are."""
        return (*self.faults, *check_charts(self.recipes, self.options.limits))

    def render(self, talk: Talk, *, with_origins: bool = False, with_accounts: bool = False) -> Render:
        """Render everything that could be read, with a progress bar; errors are in the outcome.

        Call it only if `is_usable`. Args: with_accounts: as in `build.build`.
        """
        if self.inventory is None:
            raise AssertionError
        progress = Progress(talk, "rendering")
        outcome = build(
            self.recipes,
            self.inventory.inventory,
            self.options,
            progress,
            partial(time_limit, self.seconds),
            with_origins=with_origins,
            with_accounts=with_accounts,
        )
        progress.close()
        self.curtain.draw(outcome.errors)
        return outcome

    def findings(self, outcome: Render) -> tuple[Finding, ...]:
        """What was found in the specs and by the render, each thing once, without credentials."""
        found = (*self.specs.findings, *self.chart_findings, *outcome.bundle.findings)
        return tuple(map(self.curtain.before, _each_once(found)))


def _each_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for those that are equal: SRs may be for the same nodes, and have the same chart."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        span = finding.span
        place = (span.source.name, span.start) if span else ()
        said = (finding.code, finding.message, finding.path, finding.subject, finding.notes, *place)
        groups.setdefault(said, []).append(finding)
    for same in groups.values():
        names = tuple(dict.fromkeys(each.special_resource for each in same))
        more = (f"found in {name_some(names)}",) if len(names) > 1 else ()
        yield replace(same[0], notes=(*same[0].notes, *more))


def render_options(body: Callable[..., _R]) -> Callable[..., _R]:
    """Adds SPEC... and the options that every render takes; passes RenderArguments as `arguments`."""
    return _with_options(body, click.argument("specs", metavar="SPEC...", nargs=-1, required=True))


def render_options_with_spec(body: Callable[..., _R]) -> Callable[..., _R]:
    """The same for a command whose arguments are something else: specs are given with `--spec`."""
    spec = click.option(
        "--spec",
        "specs",
        metavar="SPEC",
        multiple=True,
        required=True,
        help="A YAML file with SpecialResources, or a folder of them. May be given several times.",
    )
    return _with_options(body, spec)


def optional_render_options(body: Callable[..., _R]) -> Callable[..., _R]:
    """The same, but specs and inventories may be left out."""
    specs = click.argument("specs", metavar="[SPEC...]", nargs=-1)
    return _with_options(body, specs, is_needed=False)


def _with_options(
    body: Callable[..., _R],
    specs_decorator: Callable[[Callable[..., _R]], Callable[..., _R]],
    *,
    is_needed: bool = True,
) -> Callable[..., _R]:
    @wraps(body)
    def with_arguments(
        *,
        specs: Sequence[str],
        inventories: Sequence[str],
        charts: str | None,
        cluster: str | None,
        api_versions: Sequence[str],
        secrets: str,
        now: datetime | None,
        seed: bytes | None,
        limits: Limits,
        seconds: int,
        **others: Any,
    ) -> _R:
        if cluster is not None and not cluster:
            raise click.BadParameter("an empty name is no cluster", param_hint="--cluster")
        if "" in api_versions:
            raise click.BadParameter("an empty text is no API version", param_hint="--api-versions")
        options = RenderOptions(
            cluster=cluster or "",
            api_versions=tuple(api_versions),
            allow_secrets=secrets == "allow",
            now=now,
            seed=seed,
            limits=limits,
        )
        arguments = RenderArguments(
            specs=specs, inventories=inventories, charts=charts, options=options, seconds=seconds
        )
        return body(arguments=arguments, **others)

    decorators = (
        specs_decorator,
        click.option(
            "--inventory",
            "inventories",
            metavar="FILE",
            multiple=True,
            required=is_needed,
            help="A snapshot of the nodes: what kubectl get -o yaml|json prints, or a NodeInventory; - is "
            "standard input. May be given several times; chart ConfigMaps may be among them.",
        ),
        click.option("--charts", metavar="DIR", help="Where charts lie, as folders or .tgz."),
        click.option("--cluster", metavar="NAME", help="Name of the cluster; else the inventory's."),
        click.option(
            "-a",
            "--api-versions",
            metavar="VERSION",
            multiple=True,
            help="An API version beside the inventory's for .Capabilities. May be given several times.",
        ),
        click.option(
            "--secrets",
            type=click.Choice(["refuse", "allow"]),
            default="refuse",
            show_default=True,
            help="Whether Secrets with data may be rendered.",
        ),
        ambient_options,
        limit_options,
    )
    decorated: Callable[..., _R] = with_arguments
    for decorator in reversed(decorators):
        decorated = decorator(decorated)
    return decorated


def read_inputs(
    arguments: RenderArguments, talk: Talk, *, instead: InventoryFiles | None = None
) -> RenderInputs:
    """Read everything that the arguments name; what is wrong is in the result.

    Args:   instead: the inventory where the arguments name none.
    """
    limits = arguments.options.limits
    faults = Faults()
    specs = read_specs(arguments.specs, limits) if arguments.specs else SpecFiles.none()
    for fault in specs.faults:
        faults.add(fault)
    inventory = instead
    if instead is None or arguments.inventories:
        inventory = collect(faults, lambda: read_inventories(arguments.inventories, limits))
    config_maps = [*(inventory.config_maps if inventory else ()), *specs.config_maps]
    store = collect(faults, lambda: ChartStore.over(arguments.charts, config_maps, limits))
    recipes: Sequence[Recipe] = ()
    findings: list[Finding] = []
    if store is not None:
        charts = StoredCharts(store, findings)
        resolution = resolve(specs.resources, charts, broken=specs.broken, is_complete=specs.is_complete)
        recipes = resolution.recipes
        for error in resolution.errors:
            faults.add(error)
    sources = [each.resource.source for each in recipes]
    curtain = Curtain(each for each in (*sources, *(spec.source for spec in specs.resources)) if each)
    curtain.draw(faults)
    for file in (*specs.files, *(inventory.files if inventory else ())):
        talk.detail(f"read {file.path}")
    for recipe in recipes:
        if recipe.chart is not None:
            talk.detail(f"{recipe.resource.name}: chart {recipe.chart.origin}, {recipe.chart.digest}")
    for path in store.not_read() if store else ():
        talk.detail(f"did not look into {path}: no spec names it")
    return RenderInputs(
        specs=specs,
        inventory=inventory,
        store=store,
        recipes=recipes,
        faults=faults,
        curtain=curtain,
        chart_findings=findings,
        options=arguments.options,
        seconds=arguments.seconds,
    )


def collect(faults: Faults, read: Callable[[], _R]) -> _R | None:
    """What `read` gives, or None after its faults were noted: the other inputs are still looked at."""
    try:
        return read()
    except (SroError, ExceptionGroup) as error:
        faults.add(error)
        return None
