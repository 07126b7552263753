"""`sro-render build`: specs, charts and an inventory in, a folder or a commit of manifests out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from sro_render.cli.destination import Delivered, Destination, open_destination
from sro_render.cli.exit_codes import INCOMPLETE, SERVER_REFUSED, WRONG_INPUT
from sro_render.cli.git_options import GitArguments, git_options
from sro_render.cli.git_report import published_mapping, published_text
from sro_render.cli.output_option import output_option
from sro_render.cli.render_inputs import RenderArguments, RenderInputs, collect, read_inputs, render_options
from sro_render.cli.report import count, json_report, text_report
from sro_render.cli.talk import Talk, talk_options, tell
from sro_render.edges.bundles import BuildInputs
from sro_render.edges.inventories import InventoryFiles
from sro_render.errors import Finding, ServerError, SroError
from sro_render.model.objects import JsonValue
from sro_render.model.options import RenderOptions
from sro_render.pipeline.build import DEFAULT_CLUSTER, Render


@click.command(
    "build",
    epilog="""\b
Example:
  kubectl get nodes -o json > nodes.json
  sro-render build specialresource.yaml --inventory nodes.json --charts charts --out out
  sro-render build specs/ --inventory nodes.json --charts charts --git . --branch rendered --push origin""",
)
@render_options
@git_options
@click.option("--strict", is_flag=True, help="Treat findings as errors: write nothing, and exit with 1.")
@click.option(
    "--keep-going",
    is_flag=True,
    help="Write what is right; the files of what failed stay as they were, and the exit code is 1.",
)
@output_option()
@talk_options
def command(
    *,
    talk: Talk,
    arguments: RenderArguments,
    out: str | None,
    git: GitArguments | None,
    sign_key: str | None,
    strict: bool,
    keep_going: bool,
    output_format: str,
) -> int:
    """Render SpecialResources for every kernel that the nodes run.

    SPEC is a YAML file with SpecialResources, or a folder of them. The result is one manifest a file
    in OUT/CLUSTER/SPECIALRESOURCE/STATE/[KERNEL/], with a kustomization.yaml at each level and a lock.
    With --git it is a commit, without a work tree; nothing is committed where nothing changed.
    """
    if out == "":
        raise click.BadParameter("an empty name is no folder", param_hint="--out")
    report = _Report(talk, output_format, strict=strict)
    inputs = read_inputs(arguments, talk)
    destination = collect(
        inputs.faults, lambda: _destination(out, git, sign_key, arguments, inputs.inventory)
    )
    if not inputs.is_usable or inputs.inventory is None or destination is None:
        return report.refuse(inputs.faults_without_nodes())
    outcome = inputs.render(talk)
    made_from = build_inputs(inputs, _locked_options(arguments.options))
    seen = collect(inputs.faults, lambda: destination.look(made_from)) or ()
    errors = (*inputs.faults, *outcome.errors)
    findings = (*inputs.findings(outcome), *seen)
    is_empty = not outcome.bundle.resources and not outcome.bundle.removed and not outcome.unmanaged
    if (errors and (not keep_going or is_empty)) or (strict and findings):
        return report.refuse(errors, findings)
    try:
        delivered = destination.deliver(outcome, made_from, talk.note)
    except (SroError, ExceptionGroup) as error:
        inputs.faults.add(error)
        return report.refuse((*outcome.errors, *inputs.faults), findings)
    return report.done(outcome, delivered, errors, findings)


def build_inputs(inputs: RenderInputs, options: Mapping[str, JsonValue]) -> BuildInputs:
    """What a bundle is made from, for its lock. Call it only if `inputs.is_usable`."""
    return BuildInputs(
        specs=inputs.specs.files,
        inventories=inputs.inventory.files if inputs.inventory else (),
        repositories={each.resource.name: each.url for each in inputs.recipes},
        broken=inputs.specs.broken,
        is_complete=inputs.specs.is_complete,
        options=options,
    )


def _locked_options(options: RenderOptions) -> dict[str, JsonValue]:
    """What the bundle depends on beside the files, for the lock."""
    return {
        "apiVersions": list[JsonValue](sorted(options.api_versions)),
        "secrets": "allow" if options.allow_secrets else "refuse",
        "target": "plain",
        **({"now": options.now.isoformat()} if options.now else {}),
        # Never the seed itself, nor what could be compared with it.
        **({"seeded": True} if options.seed else {}),
    }


def _destination(
    out: str | None,
    git: GitArguments | None,
    sign_key: str | None,
    arguments: RenderArguments,
    inventory_files: InventoryFiles | None,
) -> Destination:
    """Where to write; raises OutputError if it cannot be, before time is spent on rendering."""
    name, named_by = arguments.options.cluster, "--cluster"
    if not name and inventory_files and inventory_files.inventory.cluster.name:
        name, named_by = inventory_files.inventory.cluster.name, "metadata.name of the NodeInventory"
    return open_destination(
        out, git, sign_key, arguments.charts, cluster=name or DEFAULT_CLUSTER, named_by=named_by
    )


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
        if any(isinstance(error, ServerError) for error in errors):
            return SERVER_REFUSED
        return WRONG_INPUT if errors else INCOMPLETE

    def done(
        self, outcome: Render, delivered: Delivered, errors: Sequence[SroError], findings: Sequence[Finding]
    ) -> int:
        """Something was written, and perhaps not all."""
        wrong = [error.finding for error in errors]
        if self._is_json:
            click.echo(json_report(outcome, delivered.written, wrong, findings, published_mapping(delivered)))
        else:
            self._talk.findings(findings)
            self._talk.findings(wrong, as_errors=True)
            if not self._talk.quiet:
                tell(text_report(outcome, delivered.written) + published_text(delivered))
        if errors:
            self._talk.note(f"not everything was written: {count(len(errors), 'error')}")
        return INCOMPLETE if errors else 0
