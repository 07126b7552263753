"""`sro-render build`: specs, charts and an inventory in, a folder or a commit of manifests out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import Struct

from sro_render.cli.config_options import Plan, Run, plan_options
from sro_render.cli.destination import Delivered, Destination, open_destination
from sro_render.cli.each_cluster import Say, each_cluster
from sro_render.cli.exit_codes import INCOMPLETE, SERVER_REFUSED, WRONG_INPUT
from sro_render.cli.git_options import GitArguments, git_options
from sro_render.cli.git_report import published_mapping, published_text
from sro_render.cli.output_option import output_option
from sro_render.cli.render_inputs import RenderArguments, RenderInputs, collect, read_inputs
from sro_render.cli.report import count, report_mapping, text_report
from sro_render.cli.talk import Talk, talk_options, tell
from sro_render.cli.target_options import locked_target
from sro_render.edges.bundles import BuildInputs
from sro_render.edges.inventories import InventoryFiles
from sro_render.edges.tree import check_place
from sro_render.errors import Finding, ServerError, SroError
from sro_render.model.objects import JsonValue
from sro_render.model.options import RenderOptions
from sro_render.pipeline.build import DEFAULT_CLUSTER, Render
from sro_render.targets.choose import target_of
from sro_render.targets.options import TargetOptions


@click.command(
    "build",
    epilog="""\b
Example:
  kubectl get nodes -o json > nodes.json
  sro-render build specialresource.yaml --inventory nodes.json --charts charts --out out
  sro-render build specs/ --inventory nodes.json --charts charts --git . --branch rendered --push origin""",
)
@plan_options
@git_options
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
    plan: Plan,
    git: GitArguments | None,
    sign_key: str | None,
    keep_going: bool,
    output_format: str,
) -> int:
    """Render SpecialResources for every kernel that the nodes run.

    SPEC is a YAML file with SpecialResources, or a folder of them. The result is one manifest a file
    in OUT/CLUSTER/SPECIALRESOURCE/STATE/[KERNEL/], with a kustomization.yaml at each level and a lock.
    With --git it is a commit, without a work tree; nothing is committed where nothing changed.

    What is not given is taken from the repository's sro.yaml, which sro-render init writes. Its clusters
    are built one after the other, each as a whole or not at all.
    """
    is_json = output_format == "json"

    def build(run: Run, talk: Talk, say: Say) -> int:
        report = _Report(talk, say if is_json else None, strict=run.strict)
        place = _Place(out=run.out, git=git or run.git, sign_key=sign_key)
        return _build(run, place, talk, report, keep_going=keep_going)

    codes = set(each_cluster(plan, build, talk, is_json=is_json))
    return max(codes, default=0) if len(codes) < 2 else INCOMPLETE


def _build(run: Run, place: _Place, talk: Talk, report: _Report, *, keep_going: bool) -> int:
    arguments, strict = run.arguments, run.strict
    inputs = read_inputs(arguments, talk)
    destination = collect(inputs.faults, lambda: _destination(place, arguments, inputs.inventory))
    target = collect(inputs.faults, run.target)
    if not inputs.is_usable or destination is None or target is None:
        return report.refuse(inputs.faults_without_nodes())
    outcome = inputs.render(talk)
    made = made_from(inputs, target)
    seen = collect(inputs.faults, lambda: destination.look(made)) or ()
    errors = (*inputs.faults, *outcome.errors)
    findings = (*inputs.findings(outcome), *target_of(target).findings(outcome.bundle), *seen)
    is_empty = not outcome.bundle.resources and not outcome.bundle.removed and not outcome.unmanaged
    if (errors and (not keep_going or is_empty)) or (strict and findings):
        return report.refuse(errors, findings)
    try:
        delivered = destination.deliver(outcome, made, talk.note)
    except (SroError, ExceptionGroup) as error:
        inputs.faults.add(error)
        return report.refuse((*outcome.errors, *inputs.faults), findings)
    return report.done(outcome, delivered, errors, findings)


def made_from(inputs: RenderInputs, target: TargetOptions) -> BuildInputs:
    """What the lock says of the inputs."""
    return BuildInputs(
        specs=inputs.specs.files,
        inventories=inputs.inventory.files if inputs.inventory else (),
        repositories={each.resource.name: each.url for each in inputs.recipes},
        broken=inputs.specs.broken,
        is_complete=inputs.specs.is_complete,
        options=_locked_options(inputs.options, target),
        target=target_of(target),
    )


def _locked_options(options: RenderOptions, target: TargetOptions) -> dict[str, JsonValue]:
    """What the bundle depends on beside the files, for the lock."""
    return {
        "apiVersions": list[JsonValue](sorted(options.api_versions)),
        "secrets": "allow" if options.allow_secrets else "refuse",
        **locked_target(target),
        **({"now": options.now.isoformat()} if options.now else {}),
        # Never the seed itself, nor what could be compared with it.
        **({"seeded": True} if options.seed else {}),
    }


class _Place(Struct, frozen=True, kw_only=True):
    """Where to write, as it was given: a folder, or a branch. sign_key: as in `git_options`."""

    out: str
    git: GitArguments | None
    sign_key: str | None


def _destination(
    place: _Place, arguments: RenderArguments, inventory_files: InventoryFiles | None
) -> Destination:
    """Where to write; raises OutputError if it cannot be, before time is spent on rendering."""
    cluster, named_by = cluster_of(arguments.options.cluster, inventory_files)
    return open_destination(
        place.out, place.git, place.sign_key, arguments.charts, cluster=cluster, named_by=named_by
    )


def place_of(out: str, cluster: str, inventory_files: InventoryFiles | None) -> Path:
    """The folder OUT; raises OutputError if OUT/CLUSTER cannot be one, before time is spent on rendering."""
    name, named_by = cluster_of(cluster, inventory_files)
    check_place(Path(out), name, named_by=named_by)
    return Path(out)


def cluster_of(cluster: str, inventory_files: InventoryFiles | None) -> tuple[str, str]:
    """The name of the cluster's folder, and what names it."""
    name, named_by = cluster, "--cluster"
    if not name and inventory_files and inventory_files.inventory.cluster.name:
        name, named_by = inventory_files.inventory.cluster.name, "metadata.name of the NodeInventory"
    return name or DEFAULT_CLUSTER, named_by


class _Report:
    """The end of a build, in the form that was asked for, and its exit code."""

    def __init__(self, talk: Talk, say: Say | None, *, strict: bool) -> None:
        self._talk = talk
        self._say = say
        self._strict = strict

    def refuse(self, errors: Sequence[SroError], findings: Sequence[Finding] = ()) -> int:
        """Nothing was written. Under `--strict` the findings are errors, in every form of the report."""
        wrong = [error.finding for error in errors]
        if self._strict:
            wrong, findings = [*findings, *wrong], ()
        if self._say:
            self._say(report_mapping(None, None, wrong, findings))
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
        if self._say:
            more = published_mapping(delivered)
            self._say(report_mapping(outcome, delivered.written, wrong, findings, more))
        else:
            self._talk.findings(findings)
            self._talk.findings(wrong, as_errors=True)
            if not self._talk.quiet:
                tell(text_report(outcome, delivered.written) + published_text(delivered))
        if errors:
            self._talk.note(f"not everything was written: {count(len(errors), 'error')}")
        return INCOMPLETE if errors else 0
