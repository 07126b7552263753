"""`sro-render inventory`: what a snapshot of the nodes says, its compact form, and what differs in another.

The three commands only look: nothing is rendered.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sro_render.charts.configmap import chart_config_maps
from sro_render.cli.exit_codes import INCOMPLETE
from sro_render.cli.inventory_report import diff_json, diff_text, show_json, show_text
from sro_render.cli.output_option import output_option
from sro_render.cli.report import json_text
from sro_render.cli.talk import Talk, talk_options
from sro_render.edges.files import write_file
from sro_render.edges.inventories import InventoryFiles, read_inventories
from sro_render.kernels.compact import compact_inventory
from sro_render.kernels.inventory_diff import diff_inventories
from sro_render.kernels.inventory_summary import summarize
from sro_render.limits import Limits
from sro_render.yamltext import writer


@click.group(
    "inventory",
    epilog="""\b
Example:
  kubectl get nodes -o json > nodes.json
  sro-render inventory show nodes.json""",
)
def command() -> None:
    """Look at snapshots of the nodes: what they say and lack, their compact form, what differs."""


@command.command(
    "show",
    short_help="Show nodes by kernel, system and role, and what is lacking.",
    epilog="""\b
Example:
  kubectl get nodes -o json > nodes.json
  sro-render inventory show nodes.json

\b
Keys of -o json:
  cluster           name, version, kubernetesVersion, platform
  nodes             how many there are
  kernels           kernel, planned, nodes (their names), architectures, systems
                    (id, version, release), roles (how many nodes have each), driverToolkit
                    (image, tag, kernelFullVersion, rtKernelFullVersion, osVersion) or null
  systems, architectures, roles
                    how many nodes have each
  lacks             code, message, hint: what the snapshot does not say, and how to get it
  findings          as in a build""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@output_option(text="How to print.")
@talk_options
def show(*, talk: Talk, files: Sequence[str], output_format: str) -> None:
    """Show the nodes by kernel, system, architecture and role, and what the snapshot lacks.

    FILE is what kubectl get -o json|yaml prints, a NodeInventory, or a folder of them; - is standard
    input. Several files are one snapshot.
    """
    summary = summarize(_read(talk, files).inventory)
    if output_format == "json":
        click.echo(show_json(summary))
    else:
        talk.findings(summary.findings)
        click.echo(show_text(summary), nl=False)


@command.command(
    "normalize",
    epilog="""\b
Example:
  kubectl get nodes -o json | sro-render inventory normalize - --out nodes.yaml""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--out", metavar="FILE", help="Where to write; else standard output.")
@output_option(text="YAML (text) or JSON.")
@talk_options
def normalize(*, talk: Talk, files: Sequence[str], out: str | None, output_format: str) -> None:
    """Write a snapshot as a compact NodeInventory, to be kept in Git.

    It has all that rendering reads, sorted, so that a build with it gives the same as one with FILE...;
    and nothing that changes by itself: no heartbeats, no images, no labels by which operators report how
    far they are (specialresource.openshift.io/state-* and the like). Secrets stay out: of push secrets
    there is the name, of a proxy's URL all but user and password. ConfigMaps with charts follow as
    further documents; other objects are left out.
    """
    if out is not None and not out:
        raise click.BadParameter("an empty name is no file", param_hint="--out")
    read = _read(talk, files, needs_nodes=False)
    inventory, findings = compact_inventory(read.inventory)
    documents = [inventory, *chart_config_maps(read.config_maps)]
    talk.findings(findings)
    if output_format == "json":
        listed: dict[str, object] = {"apiVersion": "v1", "kind": "List", "items": documents}
        text = json_text(dict(inventory) if len(documents) == 1 else listed) + "\n"
    else:
        text = "---\n".join(map(writer.write, documents))
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(Path(out), text.encode())
        talk.note(f"wrote {out}")


@command.command(
    "diff",
    short_help="Say which kernels come and go, and on which nodes.",
    epilog="""\b
Exit codes: 0 the snapshots say the same; 1 they differ; 2 wrong input.

\b
Example:
  sro-render inventory diff nodes.yaml next.yaml

\b
Keys of -o json:
  kernelsAdded, kernelsRemoved    kernel, nodes (names)
  plannedAdded, plannedRemoved    planned kernels
  nodesAdded, nodesRemoved        node, kernel
  nodesChanged                    fact, before, after, nodes (names): one entry for each change,
                                  however many nodes it is on
  toolkitsAdded, toolkitsRemoved  image, kernelFullVersion, rtKernelFullVersion, osVersion,
                                  architecture
  tagsChanged, clusterChanged     fact, before, after""",
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@output_option(text="How to print.")
@talk_options
def diff(*, talk: Talk, before: str, after: str, output_format: str) -> int:
    """Say which kernels come and go from snapshot A to snapshot B, and on which nodes.

    A and B are each what kubectl get -o json|yaml prints, a NodeInventory, or a folder of them. What
    changes by itself is no difference (see normalize); proxies are compared without their passwords.
    """
    if (before, after) == ("-", "-"):
        raise click.UsageError("only one of A and B can be standard input")
    old, new = (_read(talk, [each], needs_nodes=False).inventory for each in (before, after))
    difference = diff_inventories(old, new)
    if output_format == "json":
        click.echo(diff_json(difference))
    else:
        click.echo(diff_text(difference), nl=False)
    return 0 if difference.is_empty else INCOMPLETE


def _read(talk: Talk, files: Sequence[str], *, needs_nodes: bool = True) -> InventoryFiles:
    read = read_inventories(files, Limits(), needs_nodes=needs_nodes)
    for file in read.files:
        talk.detail(f"read {file.path}")
    return read
