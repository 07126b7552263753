"""`sro-apply run`: its options, and its events as lines."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from sro_apply.cli.durations import Duration
from sro_apply.cli.options import (
    output_option,
    source_argument,
    target_options,
    terms_options,
    wait_timeout_option,
)
from sro_apply.cli.talk import printable_lines
from sro_apply.config import Terms
from sro_apply.controller.connecting import Target
from sro_apply.controller.run import RunRequest
from sro_apply.controller.run import run as perform_run
from sro_apply.events import Event
from sro_apply.reporting.logs import json_line, text_line


@click.command(
    "run",
    epilog="""\b
Example:
  sro-apply run out/cluster
  sro-apply run git+https://example.com/fleet.git@main:out/cluster --interval 60
  sro-apply run out/cluster --observe""",
)
@source_argument
@target_options
@click.option(
    "--interval",
    "interval_s",
    metavar="DURATION",
    type=Duration(1),
    default="60s",
    show_default=True,
    help="How often to see whether SOURCE has another bundle.",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default=":8080",
    show_default=True,
    help="Where /metrics, the probes /healthz and /readyz, and the status page / are served.",
)
@click.option(
    "--observe",
    "observes",
    is_flag=True,
    help="Write no manifest: node labels, metrics and status only, beside Argo CD or Flux.",
)
@wait_timeout_option
@click.option(
    "--prune/--no-prune",
    "prunes",
    default=True,
    show_default=True,
    help="Delete what earlier bundles had and this one has not, once what replaces it is ready.",
)
@terms_options
@output_option(("text", "json"), default="json", help="A line for each event, or a JSON object for each.")
def command(
    *,
    source: str,
    target: Target,
    terms: Terms,
    interval_s: float,
    listen: str,
    observes: bool,
    wait_s: float,
    prunes: bool,
    output_format: str,
) -> int:
    """Keep the bundle in SOURCE in the cluster, until stopped.

    SOURCE is a folder that is filled anew by others (OUT/CLUSTER, as git-sync does), or git+URL@REF:PATH. Of
    several replicas one works, and another one takes over when it is gone.
    """

    def tell(event: Event) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json_line(event, at) if output_format == "json" else text_line(event)
        click.echo(printable_lines(line))

    perform_run(
        RunRequest(
            source=source,
            target=target,
            terms=terms,
            interval_s=interval_s,
            listen=listen,
            observes=observes,
            wait_s=wait_s,
            prunes=prunes,
        ),
        tell,
    )
    return 0
