"""`sro-render coverage`: which nodes are served, by what, and what is missing; nothing is written."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from msgspec.structs import replace

from sro_render.cli.coverage_data import coverage_mapping, reason_mapping
from sro_render.cli.coverage_text import coverage_text, plain, upgrade_text
from sro_render.cli.exit_codes import INCOMPLETE, WRONG_INPUT
from sro_render.cli.output_option import output_option
from sro_render.cli.render_inputs import RenderArguments, RenderInputs, collect, read_inputs, render_options
from sro_render.cli.report import count, json_text
from sro_render.cli.talk import Talk, has_colour, talk_options
from sro_render.edges.inventories import read_inventories
from sro_render.errors import Finding
from sro_render.model.coverage import Coverage
from sro_render.pipeline.build import Render
from sro_render.pipeline.what_if import Upgrade, compare, has_gaps, with_next
from sro_render.review.records import finding_mapping


@click.command(
    "coverage",
    epilog="""\b
Example:
  sro-render coverage specs/ --inventory nodes.json --charts charts
  sro-render coverage specs/ --inventory nodes.json --next next.yaml --charts charts""",
)
@render_options
@click.option(
    "--next",
    "following",
    metavar="FILE",
    multiple=True,
    help="An inventory of the next release: its kernels are taken for planned ones, and the exit code is 1 "
    "if anything is missing for them. May be given several times.",
)
@click.option("--strict", is_flag=True, help="Treat findings as errors: exit with 1.")
@output_option()
@talk_options
def command(
    *,
    talk: Talk,
    arguments: RenderArguments,
    following: Sequence[str],
    strict: bool,
    output_format: str,
) -> int:
    """Show which nodes each SpecialResource serves.

    Everything is rendered as build does it, and nothing is written. The selectors of the rendered objects
    are evaluated against the nodes' labels. With --next, the kernels of the next release too, before any
    node runs them: which driver toolkit, build or image is missing.
    """
    inputs = read_inputs(arguments, talk)
    report = _Report(talk, is_json=output_format == "json", strict=strict)
    upgrade = None
    if following:
        limits = arguments.options.limits
        read = collect(inputs.faults, lambda: read_inventories(following, limits))
        if read is not None and inputs.inventory is not None:
            now = inputs.inventory.inventory
            upgrade = compare(now, read.inventory)
            planned = replace(inputs.inventory, inventory=with_next(now, read.inventory))
            inputs = replace(inputs, inventory=planned)
    if not inputs.is_usable or inputs.faults:
        return report.refuse(inputs)
    return report.done(inputs, inputs.render(talk), upgrade)


class _Report:
    """The end of the command, in the form that was asked for, and its exit code."""

    def __init__(self, talk: Talk, *, is_json: bool, strict: bool) -> None:
        self._talk = talk
        self._is_json = is_json
        self._strict = strict

    def refuse(self, inputs: RenderInputs) -> int:
        """Nothing could be rendered, for the inputs are wrong."""
        wrong = [error.finding for error in inputs.faults_without_nodes()]
        if self._is_json:
            click.echo(json_text(_mapping(wrong, inputs.specs.findings)))
        else:
            self._talk.findings(wrong, as_errors=True)
        return WRONG_INPUT

    def done(self, inputs: RenderInputs, outcome: Render, upgrade: Upgrade | None) -> int:
        """What was rendered is covered, even if something failed."""
        wrong = [error.finding for error in outcome.errors]
        findings: Sequence[Finding] = inputs.findings(outcome)
        lacks = upgrade is not None and has_gaps(upgrade, outcome.coverage)
        code = INCOMPLETE if wrong or lacks or (self._strict and findings) else 0
        if self._strict:
            wrong, findings = [*findings, *wrong], ()
        if self._is_json:
            document = _mapping(wrong, findings)
            document["cluster"] = outcome.bundle.cluster
            document |= coverage_mapping(outcome.coverage)
            document |= {"removed": list(outcome.bundle.removed), "unmanaged": list(outcome.unmanaged)}
            if upgrade is not None:
                document["next"] = _upgrade_mapping(upgrade, outcome.coverage)
            click.echo(json_text(document))
            return code
        # The text itself names the nodes that are not served.
        self._talk.findings(each for each in findings if each.code != "node-unserved")
        self._talk.findings(wrong, as_errors=True)
        click.echo(self._text(outcome, upgrade), nl=False, color=True)
        if wrong:
            self._talk.note(f"not everything is right: {count(len(wrong), 'error')}")
        return code

    def _text(self, outcome: Render, upgrade: Upgrade | None) -> str:
        is_painted = has_colour(sys.stdout.isatty())
        text = coverage_text(outcome.coverage, _red if is_painted else plain)
        text += "".join(f"{name}: removed, nothing rendered\n" for name in outcome.bundle.removed)
        text += "".join(f"{name}: unmanaged, not looked at\n" for name in outcome.unmanaged)
        return text + (upgrade_text(upgrade, outcome.coverage) if upgrade is not None else "")


def _red(text: str) -> str:
    return click.style(text, fg="red", bold=True)


def _mapping(errors: Sequence[Finding], findings: Sequence[Finding]) -> dict[str, object]:
    return {
        "errors": [finding_mapping(each) for each in errors],
        "findings": [finding_mapping(each) for each in findings],
    }


def _upgrade_mapping(upgrade: Upgrade, coverage: Coverage) -> dict[str, object]:
    """What the next inventory adds."""
    targets = frozenset(upgrade.targets)
    return {
        "kernels": list(upgrade.kernels),
        "leavingKernels": list(upgrade.leaving),
        "moves": [{"node": move.node, "before": move.before, "after": move.after} for move in upgrade.moves],
        "missing": [
            {"specialResource": resource.name, "kernel": kernel.kernel, **reason_mapping(reason)}
            for resource in coverage.resources
            for kernel in resource.kernels
            if kernel.kernel in targets
            for reason in kernel.lacks
        ],
    }
