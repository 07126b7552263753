"""`sro-apply delete`: its options, what it asks, and its events as lines."""

from __future__ import annotations

import sys

import click

from sro_apply.cli.exit_codes import INCOMPLETE, SERVER_REFUSED
from sro_apply.cli.options import output_option, target_options, timeout_option
from sro_apply.cli.talk import printable, printable_lines
from sro_apply.controller.connecting import Target
from sro_apply.controller.delete import DeleteRequest
from sro_apply.controller.delete import delete as perform_delete
from sro_apply.events import Event
from sro_apply.planning.prune import PrunePlan
from sro_apply.reporting.logs import json_line, text_line
from sro_render.model.wording import counted


@click.command(
    "delete",
    epilog="""\b
Example:
  sro-apply delete simple-kmod --dry-run
  sro-apply delete simple-kmod""",
)
@click.argument("resource", metavar="SPECIALRESOURCE")
@target_options
@click.option(
    "--yes", "is_sure", is_flag=True, help="Do not ask. Where there is no terminal it must be said."
)
@timeout_option("10m", help="How long to wait until all of it is gone.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Ask the server what would go; delete nothing.")
@output_option(("text", "json"), help="A line for each event, or a JSON object for each.")
def command(
    *,
    resource: str,
    target: Target,
    is_sure: bool,
    timeout_s: float,
    is_dry_run: bool,
    output_format: str,
) -> int:
    """Remove SPECIALRESOURCE with all that was applied of it, its drivers and their modules too.

    State after state, the last one first; the namespace goes if nothing else is in it, CRDs stay. No bundle
    is needed. One that still has it brings it back with the next sync.
    The exit code is 1 where something stays that could go, as a namespace with something else in it: the same
    command takes it away later.
    """
    if not (is_sure or is_dry_run or sys.stdin.isatty()):
        raise click.UsageError("nobody can be asked here: see with --dry-run what would go, and say --yes")
    line = json_line if output_format == "json" else text_line

    def tell(event: Event) -> None:
        click.echo(printable_lines(line(event)))

    def confirm(plan: PrunePlan) -> bool:
        for each in plan.doomed:
            click.echo(printable(f"goes:  {each.member.id}"), err=True)
        for kept in plan.kept:
            click.echo(printable(f"stays: {kept.object}: {kept.reason}"), err=True)
        what = counted(len(plan.doomed), "object")
        return click.confirm(f"Delete {what} of {resource}?", err=True)

    outcome = perform_delete(
        DeleteRequest(
            resource=resource,
            target=target,
            timeout_s=timeout_s,
            is_dry_run=is_dry_run,
        ),
        tell,
        None if is_sure else confirm,
    )
    if outcome is None:
        click.echo("nothing was deleted", err=True)
        return INCOMPLETE
    if outcome.was_refused:
        return SERVER_REFUSED
    return 0 if outcome.is_complete else INCOMPLETE
