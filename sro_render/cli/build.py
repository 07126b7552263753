"""`sro-render build`: specs, charts and an inventory in, a folder of manifests out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from sro_render.api import DEFAULT_CLUSTER, Recipe, Render, check_charts, in_spec, render
from sro_render.cli.ambient_options import ambient_options
from sro_render.cli.limit_options import limit_options
from sro_render.cli.report import count, json_report, text_report
from sro_render.cli.talk import Progress, Talk, talk_options, tell
from sro_render.cli.time_limit import time_limit
from sro_render.edges.bundles import BuildInputs, Written, write_bundle
from sro_render.edges.chart_store import ChartStore
from sro_render.edges.inventories import InventoryFiles, read_inventories
from sro_render.edges.specs import Curtain, SpecFiles, read_specs
from sro_render.edges.tree import check_place
from sro_render.errors import Faults, Finding, SroError, flatten
from sro_render.limits import Limits
from sro_render.model.objects import JsonValue
from sro_render.model.options import RenderOptions
from sro_render.model.specialresource import ManagementState

PARTLY_DONE = 1
WRONG_INPUT = 2


@click.command(
    "build",
    epilog="""\b
Example:
  kubectl get nodes -o json > nodes.json
  sro-render build specialresource.yaml --inventory nodes.json --charts charts --out out""",
)
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option(
    "--inventory",
    "inventories",
    metavar="FILE",
    multiple=True,
    required=True,
    help="A snapshot of the nodes: what kubectl get -o yaml|json prints, or a NodeInventory; - is "
    "standard input. May be given several times; chart ConfigMaps may be among them.",
)
@click.option("--charts", metavar="DIR", help="Where charts lie, as folders or .tgz.")
@click.option("--out", metavar="DIR", required=True, help="Where to write: DIR/CLUSTER becomes ours.")
@click.option("--cluster", metavar="NAME", help="Name of the cluster; else the inventory's.")
@click.option(
    "-a",
    "--api-versions",
    metavar="VERSION",
    multiple=True,
    help="An API version beside the inventory's for .Capabilities. May be given several times.",
)
@click.option("--strict", is_flag=True, help="Treat findings as errors: write nothing, and exit with 1.")
@click.option(
    "--keep-going",
    is_flag=True,
    help="Write what is right; the files of what failed stay as they were, and the exit code is 1.",
)
@click.option(
    "--secrets",
    type=click.Choice(["refuse", "allow"]),
    default="refuse",
    show_default=True,
    help="Whether Secrets with data may be written.",
)
@ambient_options
@limit_options
@click.option(
    "-o",
    "--output",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to report.",
)
@talk_options
def command(
    *,
    talk: Talk,
    specs: Sequence[str],
    inventories: Sequence[str],
    charts: str | None,
    out: str,
    cluster: str | None,
    api_versions: Sequence[str],
    strict: bool,
    keep_going: bool,
    secrets: str,
    now: datetime | None,
    seed: bytes | None,
    limits: Limits,
    seconds: int,
    output_format: str,
) -> int:
    """Render SpecialResources for every kernel that the nodes run.

    SPEC is a YAML file with SpecialResources, or a folder of them. The result is one manifest a file
    in OUT/CLUSTER/SPECIALRESOURCE/STATE/[KERNEL/], with a kustomization.yaml at each level and a lock.
    """
    if not out:
        raise click.BadParameter("an empty name is no folder", param_hint="--out")
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
    report = _Report(talk, output_format, strict=strict)
    faults = Faults()
    spec_files = read_specs(specs, limits)
    for fault in spec_files.faults:
        faults.add(fault)
    inventory_files = _collect(faults, lambda: read_inventories(inventories, limits))
    store = _collect(
        faults,
        lambda: ChartStore.over(
            charts,
            [*(inventory_files.config_maps if inventory_files else ()), *spec_files.config_maps],
            limits,
        ),
    )
    recipes = _find_charts(spec_files, store, faults) if store else []
    place = _collect(faults, lambda: _place(out, cluster, inventory_files))
    curtain = Curtain(each.source for each in spec_files.resources if each.source)
    curtain.draw(faults)
    if inventory_files is None or store is None or place is None:
        return report.refuse((*faults, *check_charts(recipes, limits)))
    for file in (*spec_files.files, *inventory_files.files):
        talk.detail(f"read {file.path}")
    for recipe in recipes:
        if recipe.chart is not None:
            talk.detail(f"{recipe.resource.name}: chart {recipe.chart.origin}, {recipe.chart.digest}")
    for path in store.not_read():
        talk.detail(f"did not look into {path}: no spec names it")
    progress = Progress(talk, "rendering")
    outcome = render(recipes, inventory_files.inventory, options, progress, partial(time_limit, seconds))
    progress.close()
    curtain.draw(outcome.errors)
    errors = (*faults, *outcome.errors)
    findings = tuple(map(curtain.before, (*spec_files.findings, *outcome.bundle.findings)))
    is_empty = not outcome.bundle.resources and not outcome.bundle.removed and not outcome.unmanaged
    if (errors and (not keep_going or is_empty)) or (strict and findings):
        return report.refuse(errors, findings)
    inputs = BuildInputs(
        specs=spec_files.files,
        inventories=inventory_files.files,
        resources=spec_files.resources,
        broken=spec_files.broken,
        is_complete=spec_files.is_complete,
        options={
            "apiVersions": list[JsonValue](sorted(api_versions)),
            "secrets": secrets,
            "target": "plain",
            **({"now": now.isoformat()} if now else {}),
            # Never the seed itself, nor what could be compared with it.
            **({"seeded": True} if seed else {}),
        },
    )
    try:
        written = write_bundle(outcome, inputs, place, say=talk.note)
    except (SroError, ExceptionGroup) as error:
        faults.add(error)
        return report.refuse((*outcome.errors, *faults), findings)
    return report.done(outcome, written, errors, findings)


_T = TypeVar("_T")


def _collect(faults: Faults, read: Callable[[], _T]) -> _T | None:
    """What `read` gives, or None after its faults were noted: the other inputs are still looked at."""
    try:
        return read()
    except (SroError, ExceptionGroup) as error:
        faults.add(error)
        return None


def _place(out: str, cluster: str | None, inventory_files: InventoryFiles | None) -> Path:
    """The folder OUT; raises OutputError if OUT/CLUSTER cannot be one, before time is spent on rendering."""
    name, named_by = cluster, "--cluster"
    if not name and inventory_files and inventory_files.inventory.cluster.name:
        name, named_by = inventory_files.inventory.cluster.name, "metadata.name of the NodeInventory"
    check_place(Path(out), name or DEFAULT_CLUSTER, named_by=named_by)
    return Path(out)


def _find_charts(specs: SpecFiles, store: ChartStore, faults: Faults) -> list[Recipe]:
    """Each SR with its chart; without one where it is not needed or was not found."""
    recipes = []
    for resource in specs.resources:
        chart = None
        if resource.management_state in {ManagementState.MANAGED, ManagementState.FORCE}:
            try:
                chart = store.find(resource.chart).chart
            except (SroError, ExceptionGroup) as error:
                for each in flatten(error):
                    faults.add(in_spec(each, resource))
        recipes.append(Recipe(resource=resource, chart=chart))
    return recipes


class _Report:
    """The end of a build, in the form that was asked for, and its exit code."""

    def __init__(self, talk: Talk, output_format: str, *, strict: bool) -> None:
        self._talk = talk
        self._is_json = output_format == "json"
        self._strict = strict

    def refuse(self, errors: Sequence[SroError], findings: Sequence[Finding] = ()) -> int:
        """Nothing was written. Under `--strict` the findings are errors, in every form of the report."""
        wrong = [error.finding for error in errors]
        if self._strict:
            wrong, findings = [*findings, *wrong], ()
        if self._is_json:
            click.echo(json_report(None, None, wrong, findings))
        else:
            self._talk.findings(findings)
            self._talk.findings(wrong, as_errors=True)
        self._talk.note(f"nothing was written: {count(len(wrong), 'error')}")
        return WRONG_INPUT if errors else PARTLY_DONE

    def done(
        self, outcome: Render, written: Written, errors: Sequence[SroError], findings: Sequence[Finding]
    ) -> int:
        """Something was written, and perhaps not all."""
        wrong = [error.finding for error in errors]
        if self._is_json:
            click.echo(json_report(outcome, written, wrong, findings))
        else:
            self._talk.findings(findings)
            self._talk.findings(wrong, as_errors=True)
            if not self._talk.quiet:
                tell(text_report(outcome, written))
        if errors:
            self._talk.note(f"not everything was written: {count(len(errors), 'error')}")
        return PARTLY_DONE if errors else 0
