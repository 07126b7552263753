"""`sro-apply snapshot`: its options, and the snapshot on standard output or in a file."""

from __future__ import annotations

from pathlib import Path

import click

from sro_apply.cli.options import target_options
from sro_apply.cli.talk import warn
from sro_apply.controller.connecting import Target
from sro_apply.controller.snapshot import take_snapshot, write_snapshot


@click.command(
    "snapshot",
    epilog="""\b
Example:
  sro-apply snapshot specs/ --cluster prod --out inventory/prod.yaml
  sro-render build specs/ --inventory inventory/prod.yaml --out out""",
)
@click.argument("specs", metavar="[SPEC]...", nargs=-1, type=click.Path(path_type=Path))
@target_options
@click.option("--cluster", metavar="NAME", default="", help="The cluster's name, which builds take over.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write; else standard output.",
)
def command(*, specs: tuple[Path, ...], target: Target, cluster: str, out: Path | None) -> None:
    """Write what rendering needs to know of the cluster, as a NodeInventory.

    It has the nodes with their kernels and labels, and the cluster's versions, driver toolkits and proxy,
    sorted and without anything that changes by itself: it is the same as long as nothing that matters
    changes, and is meant to be kept in Git. Plain Kubernetes works too.

    SPEC is a file or folder with SpecialResources: the names of the Secrets that their builds push with
    are brought too, and the ConfigMaps that their charts cm://NAMESPACE/NAME lie in.
    """
    text, findings = take_snapshot(specs, target, cluster)
    warn(findings)
    if out is None:
        click.echo(text, nl=False)
    elif write_snapshot(out, text):
        click.echo(f"wrote {out}", err=True)
    else:
        click.echo(f"{out} is the same", err=True)
