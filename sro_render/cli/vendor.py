"""`sro-render vendor`: charts of repositories and registries into the charts folder, and their lock."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from sro_render.cli.exit_codes import SERVER_REFUSED, WRONG_INPUT
from sro_render.cli.limit_options import limit_option
from sro_render.cli.output_option import output_option
from sro_render.cli.report import json_text
from sro_render.cli.talk import Talk, printable, talk_options
from sro_render.edges.specs import read_specs
from sro_render.edges.vendor import Vendored, VendorOptions, VendorOutcome, vendor
from sro_render.errors import Finding, ServerError, SroError, flatten
from sro_render.limits import Limits
from sro_render.review.records import finding_mapping


@click.command(
    "vendor",
    epilog="""\b
Credentials come from the spec's chart.repository, else from SRO_RENDER_HOST,
SRO_RENDER_USERNAME and SRO_RENDER_PASSWORD, for oci:// also from docker login.
Exit codes: 2 wrong input, 4 a server refused or cannot be reached.

\b
Example:
  sro-render vendor specialresource.yaml --charts charts""",
)
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option("--charts", metavar="DIR", required=True, help="Where charts go: DIR/NAME-VERSION.tgz.")
@click.option(
    "--update",
    is_flag=True,
    help="Look for versions anew and fetch again, and lock what comes; else the lock decides.",
)
@click.option(
    "--plain-http", is_flag=True, help="Speak http to servers on this machine (localhost, 127.0.0.1, [::1])."
)
@limit_option
@output_option()
@talk_options
def command(
    *,
    talk: Talk,
    specs: Sequence[str],
    charts: str,
    update: bool,
    plain_http: bool,
    limits: Limits,
    output_format: str,
) -> int:
    """Fetch the charts that SPECs name by https:// and oci:// URLs, and lock their digests.

    Dependencies are fetched too, also those of SpecialResources that charts bring along.

    Writes DIR/NAME-VERSION.tgz and DIR/charts.lock.yaml, to be committed; every build checks its charts
    against the lock. What is there and right is not fetched again. If anything is wrong, nothing is
    written.
    """
    if not charts:
        raise click.BadParameter("an empty name is no folder", param_hint="--charts")
    is_json = output_format == "json"
    findings: tuple[Finding, ...] = ()
    try:
        read = read_specs(specs, limits)
        findings = read.findings
        read.raise_if_wrong()
        options = VendorOptions(
            update=update,
            plain_http=plain_http,
            environment=dict(os.environ),
            limits=limits,
            say=talk.detail,
        )
        outcome = vendor(read.resources, Path(charts), options)
    except (SroError, ExceptionGroup) as error:
        if not isinstance(error, SroError) and error.split(SroError)[1] is not None:
            raise
        outcome = VendorOutcome(charts=(), errors=flatten(error), findings=())
    outcome_findings = (*findings, *outcome.findings)
    if is_json:
        click.echo(_json_report(outcome, outcome_findings))
    else:
        talk.findings(outcome_findings)
        for each in outcome.errors:
            talk.errors(each)
        if not outcome.errors and not talk.quiet:
            click.echo(_text_report(outcome.charts, charts), nl=False)
    if not outcome.errors:
        return 0
    talk.note(f"nothing was written: {len(outcome.errors)} error{'s' if len(outcome.errors) > 1 else ''}")
    return SERVER_REFUSED if all(isinstance(e, ServerError) for e in outcome.errors) else WRONG_INPUT


def _text_report(charts: Sequence[Vendored], folder: str) -> str:
    lines = [
        f"{each.entry.name} {each.entry.version}: {each.change}, {each.entry.repository}"
        for each in charts
        if each.change != "unchanged"
    ]
    changes = [each.change for each in charts]
    counts = ", ".join(f"{changes.count(change)} {change}" for change in ("fetched", "updated", "unchanged"))
    lines.append(f"{folder}: {counts}")
    return "".join(f"{printable(line)}\n" for line in lines)


def _json_report(outcome: VendorOutcome, findings: Sequence[Finding]) -> str:
    """The same, for programs. Keys are stable."""
    return json_text(
        {
            "written": not outcome.errors,
            "errors": [finding_mapping(error.finding) for error in outcome.errors],
            "findings": [finding_mapping(finding) for finding in findings],
            "charts": [
                {
                    "name": each.entry.name,
                    "version": each.entry.version,
                    "wanted": each.entry.wanted,
                    "repository": each.entry.repository,
                    "archiveDigest": each.entry.archive_digest,
                    "digest": each.entry.digest,
                    "change": each.change,
                }
                for each in ([] if outcome.errors else outcome.charts)
            ],
        }
    )
