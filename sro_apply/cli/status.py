"""`sro-apply status`: its options, and how the cluster stands as a table or as JSON."""

from __future__ import annotations

import click

from sro_apply.cli.exit_codes import INCOMPLETE
from sro_apply.cli.options import output_option, source_argument, target_options
from sro_apply.cli.talk import printable_lines, warn
from sro_apply.controller.connecting import Target
from sro_apply.controller.status import look
from sro_apply.planning.stale import stale_findings, stale_nodes
from sro_apply.reporting.status_text import status_json, status_table
from sro_apply.reporting.summary import is_ready


@click.command(
    "status",
    epilog="""\b
Example:
  sro-apply status out/cluster
  sro-apply status out/cluster -o json""",
)
@source_argument
@target_options
@output_option(
    ("table", "json"),
    help="A table of states by kernels for each SpecialResource, or one JSON document.",
)
def command(*, source: str, target: Target, output_format: str) -> int:
    """Say how the cluster stands against the bundle in SOURCE: what is ready, and what is in the way.

    SOURCE is what sro-render build wrote, OUT/CLUSTER or git+URL@REF:PATH, of any target. Numbers such as
    11/12 are nodes on which all drivers of a state are ready, of those that must run them. It writes nothing.
    The exit code is 1 where something is not ready, or a node runs a kernel that the bundle has nothing for.
    """
    picture = look(source, target)
    if output_format == "json":
        click.echo(status_json(picture), nl=False)
    else:
        click.echo(printable_lines(status_table(picture)), nl=False)
    warn(stale_findings(stale_nodes(picture.resources, picture.nodes, picture.kernels)))
    return 0 if is_ready(picture) else INCOMPLETE
