"""`sro-render lint`: what is wrong, likely wrong, or worth a look in specs, charts and rendered objects."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from sro_render.charts.scope import Capabilities, KubeVersion
from sro_render.cli.config_options import complete, config_file, given_names
from sro_render.cli.exit_codes import INCOMPLETE, WRONG_INPUT
from sro_render.cli.output_option import output_option
from sro_render.cli.render_inputs import (
    RenderArguments,
    RenderInputs,
    optional_render_options,
    read_inputs,
)
from sro_render.cli.talk import Talk, has_colour, printable, talk_options, tell
from sro_render.cli.time_limit import time_limit
from sro_render.edges.files import write_file
from sro_render.edges.inventories import InventoryFiles
from sro_render.edges.kube_schemas import load_schemas
from sro_render.edges.mended_files import mended
from sro_render.errors import ChartError, OutOfTimeError
from sro_render.lint.interface import Subject
from sro_render.lint.linter import review
from sro_render.lint.made_up import INVENTORY, KERNELS
from sro_render.lint.mending import edits_of, out_of_reach
from sro_render.lint.rules import PLAIN_SECRET
from sro_render.lint.unused import Usage
from sro_render.model.problem import Problem, Review, Severity, merged
from sro_render.model.specialresource import ChartReference, SpecialResource
from sro_render.pipeline.build import Recipe, Render
from sro_render.review.github import github_report
from sro_render.review.interface import Reporter
from sro_render.review.records import json_report
from sro_render.review.sarif import sarif_report
from sro_render.review.text import text_report
from sro_render.review.unified import unified_diff

_MOST_PASSES = 10
"""A mend may show what it hid: a spec with a misspelt key is not rendered at all."""
# Templates that ask for the time or for chance get some: nothing of what they render is kept.
_NOW = datetime(2024, 1, 1, tzinfo=UTC)
_SEED = b"sro-render lint: nothing that is rendered with this seed is kept"
_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}
_HEADLINE = re.compile(r"^(error|warning|info)(\[[a-z-]+\]:)", re.MULTILINE)

_REPORTERS: Mapping[str, Reporter] = {
    "text": text_report,
    "json": json_report,
    "github": github_report,
    "sarif": sarif_report,
}


@click.command(
    "lint",
    epilog="""\b
Example:
  sro-render lint specialresource.yaml --charts charts --inventory nodes.json
  sro-render lint --charts charts --kube-version v1.31.0 --fix""",
)
@optional_render_options
@click.option(
    "--kube-version", metavar="VERSION", help="Kubernetes' version; else the inventory's, else Helm's own."
)
@click.option("--fix", is_flag=True, help="Mend what has one right answer in your files, and show the diff.")
@click.option("--diff", "only_diff", is_flag=True, help="Show what --fix would change, and write nothing.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@output_option("github", "sarif")
@click.option("--out", metavar="PATH", help="Where to write the report; else standard output.")
@talk_options
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    talk: Talk,
    arguments: RenderArguments,
    kube_version: str | None,
    fix: bool,
    only_diff: bool,
    strict: bool,
    output_format: str,
    out: str | None,
) -> int:
    """Look for mistakes in SpecialResources, their charts and the objects that these render.

    SPEC is as for build. Without SPEC, every chart below --charts is looked at with its own values;
    without --inventory, charts are rendered for two made-up kernels. Without any, the clusters of the
    repository's sro.yaml are looked at, and what several have is said once.

    A SpecialResource silences findings by code: sro.openshift.io/lint-ignore: "CODE,CODE".
    """
    if fix and only_diff:
        raise click.UsageError("--fix and --diff contradict each other: give one of them")
    looked_at = [arguments]
    if not arguments.specs and arguments.charts is None:
        file = config_file(None)
        if file is None:
            raise click.UsageError(
                "nothing to look at: give SPEC, or --charts, or let `sro-render init` write a sro.yaml"
            )
        looked_at = [run.arguments for run in complete(file, arguments, given_names(context))]
    if "-" in arguments.specs and fix:
        raise click.UsageError("--fix cannot write to standard input: name the files")
    linted = _Linters([_Linter(talk, each, kube_version) for each in looked_at])
    diff, outcome = _mend(linted, write=fix) if fix or only_diff else ("", linted.run())
    if diff:
        # Beside a report for programs, the diff is talk.
        click.echo(diff, nl=False, err=output_format != "text" and out is None)
    _report(outcome.shown, output_format, out)
    if outcome.is_input_wrong:
        return WRONG_INPUT
    bad = outcome.found.count(Severity.ERROR) + (outcome.found.count(Severity.WARNING) if strict else 0)
    return INCOMPLETE if bad else 0


class _Outcome(Struct, frozen=True, kw_only=True):
    """found: with the places as they are; shown: with credentials hidden."""

    found: Review
    shown: Review
    is_input_wrong: bool


class _Linter:
    """Reads and renders what the arguments name, as often as it is asked."""

    def __init__(self, talk: Talk, arguments: RenderArguments, kube_version: str | None) -> None:
        options = arguments.options
        self._allow_secrets = options.allow_secrets
        self._kube_version = kube_version
        self._talk = talk
        self._arguments = replace(
            arguments,
            # Refusing Secrets would hide everything else of their kernel; a rule finds them.
            options=replace(options, allow_secrets=True, now=options.now or _NOW, seed=options.seed or _SEED),
        )

    def run(self) -> _Outcome:
        """Everything, from the files on."""
        made_up = InventoryFiles(inventory=INVENTORY, config_maps=(), files=())
        inputs = read_inputs(self._arguments, self._talk, instead=made_up)
        if not self._arguments.specs:
            inputs = _with_all_charts(inputs)
        inputs = self._with_kube_version(inputs)
        outcome = inputs.render(self._talk, with_origins=True) if inputs.is_usable else None
        errors = (*inputs.faults, *outcome.errors) if outcome else inputs.faults_without_nodes()
        usages, unknown = _usages(outcome, inputs.seconds) if outcome else ({}, ())
        found = review(
            _subjects(inputs, outcome) if outcome else (),
            resources=[each.resource for each in inputs.recipes],
            places=outcome.origins if outcome else {},
            usages=usages,
            errors=[each.finding for each in errors],
            findings=(*inputs.specs.findings, *(outcome.bundle.findings if outcome else ())),
            skip=frozenset({PLAIN_SECRET.code}) if self._allow_secrets else frozenset(),
            notes=(*self._notes(), *unknown),
        )
        shown = tuple(
            Problem(
                finding=inputs.curtain.before(each.finding), severity=each.severity, can_mend=each.can_mend
            )
            for each in found.problems
        )
        return _Outcome(
            found=found,
            shown=replace(found, problems=shown),
            is_input_wrong=any(each.finding.span is None for each in inputs.faults) or not inputs.is_usable,
        )

    def _notes(self) -> tuple[str, ...]:
        if self._arguments.inventories:
            return ()
        return (f"no inventory was given: rendered for two made-up kernels, {' and '.join(KERNELS)}",)

    def _with_kube_version(self, inputs: RenderInputs) -> RenderInputs:
        if inputs.inventory is None:
            return inputs
        inventory = inputs.inventory.inventory
        version = self._kube_version or inventory.cluster.kubernetes_version
        if self._kube_version:
            try:
                KubeVersion(version)
            except ChartError as error:
                raise click.BadParameter(str(error.finding.message), param_hint="--kube-version") from None
        cluster = replace(inventory.cluster, kubernetes_version=version)
        files = replace(inputs.inventory, inventory=replace(inventory, cluster=cluster))
        return replace(inputs, inventory=files)


class _Linters(Struct):
    """Several as one: what more than one of them finds is found once."""

    linters: Sequence[_Linter]

    def run(self) -> _Outcome:
        """Everything, from the files on, of one after the other."""
        outcomes = [each.run() for each in self.linters]
        if len(outcomes) == 1:
            return outcomes[0]
        return _Outcome(
            found=merged([each.found for each in outcomes]),
            shown=merged([each.shown for each in outcomes]),
            is_input_wrong=any(each.is_input_wrong for each in outcomes),
        )


def _with_all_charts(inputs: RenderInputs) -> RenderInputs:
    """A SpecialResource for each chart below the folder, which sets nothing."""
    store = inputs.store
    charts = tuple(store.each(inputs.faults)) if store else ()
    if store and not charts and not inputs.faults:
        raise click.UsageError(f"there is no chart below {store.folder}")
    recipes = [
        Recipe(
            resource=SpecialResource(
                name=chart.name,
                namespace=chart.name,
                chart=ChartReference(name=chart.name, version=chart.version),
            ),
            chart=chart,
        )
        for chart in {chart.name: chart for chart in charts}.values()
    ]
    return replace(inputs, recipes=recipes)


def _subjects(inputs: RenderInputs, outcome: Render) -> tuple[Subject, ...]:
    """What the rules look at: the SRs that could be rendered."""
    if inputs.inventory is None or not outcome.bundle.resources:
        return ()
    version = Capabilities(inputs.inventory.inventory.cluster.kubernetes_version).kube_version
    numbers = (int(version.major), int(version.minor))
    schemas = load_schemas(numbers)
    return tuple(
        Subject(
            resource=resource,
            kube_version=numbers,
            schemas=schemas,
            toolkits={
                group.kernel: group.toolkit.image
                for group in outcome.groups.get(resource.name, ())
                if group.toolkit is not None
            },
        )
        for resource in outcome.bundle.resources
    )


def _usages(outcome: Render, seconds: int) -> tuple[dict[str, Usage], tuple[str, ...]]:
    """What the templates of each SR read, where all of them could be rendered; and what took too long."""
    usages: dict[str, Usage] = {}
    notes: list[str] = []
    failed = {name for name, _ in outcome.failed}
    for name, origins in outcome.origins.items():
        if name in failed:
            continue
        try:
            with time_limit(seconds):
                reads = frozenset(read.path for read in origins.record())
        except OutOfTimeError as late:
            notes.append(
                f"unused values of {name} were not looked for: that took longer than {late.limit_s} s"
            )
        else:
            usages[name] = Usage(origins.chart, reads)
    return usages, tuple(notes)


def _mend(linter: _Linters, *, write: bool) -> tuple[str, _Outcome]:
    """The diff of what has one right answer, and what is found once that is written, if it is."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    outcome = linter.run()
    for _ in range(_MOST_PASSES):
        edits = tuple(edits_of(outcome.found.problems))
        # All files are looked at before one is written.
        files = [(source, *mended(source, chosen)) for source, chosen in edits]
        for source, path, data, text in files:
            before.setdefault(source.name, source.text)
            after[source.name] = text
            if write:
                write_file(path, data)
        if not files or not write:
            break
        outcome = linter.run()
    diff = "".join(unified_diff(name, before[name], after[name]) for name in sorted(before))
    unreached = out_of_reach(outcome.found.problems)
    if unreached:
        note = "not mended, since archives, ConfigMaps and standard input are left alone: "
        note += ", ".join(unreached)
        notes = (*outcome.found.notes, note)
        outcome = replace(
            outcome,
            found=replace(outcome.found, notes=notes),
            shown=replace(outcome.shown, notes=notes),
        )
    return diff, outcome


def _report(found: Review, output_format: str, out: str | None) -> None:
    text = _REPORTERS[output_format](found)
    if output_format == "text":
        # Hostile text must not steer the terminal.
        text = "\n".join(map(printable, text.split("\n")))
        if out is None and has_colour(sys.stdout.isatty()):
            text = _HEADLINE.sub(
                lambda match: click.style(match[1] + match[2][:-1], fg=_COLOURS[match[1]], bold=True) + ":",
                text,
            )
    if out is None:
        tell(text)
    else:
        write_file(Path(out), text.encode("utf-8", "surrogateescape"))
