"""The command `sro-apply`: arguments, exit codes, prints; no rules of its own.

Exit codes: 0 all is applied and ready; 1 not all of it is; 2 wrong input or usage; 3 our bug; 4 a server
refused or cannot be reached; 130 interrupted.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from sro_apply.controller import SyncRequest
from sro_apply.controller import sync as perform_sync
from sro_apply.events import Event
from sro_apply.reporting.logs import json_line, text_line
from sro_render.errors import ServerError, SroError, describe, flatten
from sro_render.version import __version__

INCOMPLETE = 1
WRONG_INPUT = 2
OUR_BUG = 3
SERVER_REFUSED = 4
INTERRUPTED = 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: sro-apply sync out/cluster",
)
@click.version_option(__version__, prog_name="sro-apply")
def cli() -> None:
    """Bring bundles of sro-render into a cluster: in order, waiting, and never by surprise."""


@cli.command(
    epilog="""\b
Example:
  sro-apply sync out/cluster
  sro-apply sync out/cluster --dry-run -o json"""
)
@click.argument("source", metavar="SOURCE", type=click.Path(path_type=Path))
@click.option("--kubeconfig", metavar="FILE", help="How to reach the cluster; as for kubectl.")
@click.option(
    "--context", metavar="NAME", help="Which context of the kubeconfig; its current one by default."
)
@click.option(
    "--wait/--no-wait",
    "waits",
    default=True,
    help="Go on to what comes next only when what was applied is ready (namespaces and CRDs always).",
)
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=1800.0,
    show_default=True,
    help="How long to apply and wait, altogether.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["force", "fail"]),
    default="force",
    show_default=True,
    help="What to do with fields that another manager has set: take them over, or fail.",
)
@click.option("--allow-kinds", metavar="KIND[.GROUP],...", help="Refuse bundles with other kinds.")
@click.option(
    "--allow-namespaces", metavar="NAME,...", help="Refuse bundles that reach into other namespaces."
)
@click.option(
    "--dry-run", "is_dry_run", is_flag=True, help="Ask the server what would change; write nothing."
)
@click.option(
    "-o",
    "--output",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="A line for each event, or a JSON object for each.",
)
def sync(
    *,
    source: Path,
    kubeconfig: str | None,
    context: str | None,
    waits: bool,
    timeout_s: float,
    on_conflict: str,
    allow_kinds: str | None,
    allow_namespaces: str | None,
    is_dry_run: bool,
    output_format: str,
) -> int:
    """Apply the bundle in the folder SOURCE, once.

    SOURCE is what sro-render build wrote: OUT/CLUSTER. Namespaces and CRDs come first, then state after
    state, each kernel by itself: one that fails is tried again, and holds up no other.
    """
    line = json_line if output_format == "json" else text_line

    def tell(event: Event) -> None:
        click.echo(_printable(line(event)))

    outcome = perform_sync(
        SyncRequest(
            source=source,
            kubeconfig=kubeconfig,
            context=context,
            timeout_s=timeout_s,
            waits=waits,
            takes_over=on_conflict == "force",
            is_dry_run=is_dry_run,
            kinds=_listed(allow_kinds),
            namespaces=_listed(allow_namespaces),
        ),
        tell,
    )
    if outcome.is_complete:
        return 0
    return SERVER_REFUSED if outcome.was_refused else INCOMPLETE


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; every message has gone to standard error."""
    try:
        code = cli.main(list(arguments), prog_name="sro-apply", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return INCOMPLETE
    except (SroError, ExceptionGroup) as error:
        if not isinstance(error, SroError) and error.split(SroError)[1] is not None:
            return _our_bug(error)
        for each in flatten(error):
            click.echo("\n".join(map(_printable, describe(each.finding).split("\n"))), err=True)
        return SERVER_REFUSED if isinstance(error, ServerError) else WRONG_INPUT
    except Exception as error:  # noqa: BLE001 - the last resort: a bug, said as one
        return _our_bug(error)
    return code if isinstance(code, int) else 0


def _our_bug(error: BaseException) -> int:
    click.echo(
        f"{''.join(traceback.format_exception(error))}"
        "internal error: this is a bug of sro-apply and not your mistake.\n"
        "  help: please report it, with all of the above",
        err=True,
    )
    return OUR_BUG


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(each.strip() for each in (text or "").split(",") if each.strip())


def _printable(text: str) -> str:
    """Text without control characters: what a server says must not steer a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
