"""`sro-apply manifests`: what to install in a cluster, as YAML. Needs no cluster."""

from __future__ import annotations

import re
from pathlib import Path

import click
from click.core import ParameterSource

from sro_apply.cli.options import source_argument
from sro_apply.controller.manifests import ManifestsRequest, Part, snapshot_manifests
from sro_apply.controller.manifests import manifests as put_together
from sro_apply.planning.rights import Purpose
from sro_render.yamltext.writer import write

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_RESOURCE = re.compile(r"(?P<kind>[A-Z][A-Za-z0-9]*(\.[-a-z0-9.]+)?)=(?P<plural>[a-z0-9][-a-z0-9]*)")
_SNAPSHOT = "snapshot"
"""A purpose that has no bundle."""
_OF_PODS = ("image", "from_where", "replicas", "git_secret", "run_options")
_OF_BUNDLES = (*_OF_PODS, "deletes_namespaces", "plurals")


def _namespace(context: click.Context, option: click.Parameter, value: str) -> str:
    del context, option
    if not _NAME.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no name of a namespace")
    return value


def _plurals(context: click.Context, option: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    del context, option
    found = {}
    for each in value:
        match = _RESOURCE.fullmatch(each)
        if match is None:
            raise click.BadParameter(f"{each!r} is not KIND.GROUP=PLURAL, such as Widget.example.com=widgets")
        found[match["kind"]] = match["plural"]
    return found


@click.command(
    "manifests",
    epilog="""\b
Example:
  sro-apply manifests out/cluster --image registry.example.com/sro-apply:1.0.0 \\
    --source git+https://git.example.com/fleet.git@main:out/cluster | kubectl apply --server-side -f -
  sro-apply manifests out/cluster --for sync
  sro-apply manifests specs/ --for snapshot""",
)
@source_argument
@click.argument("run_options", metavar="[-- RUN_OPTION...]", nargs=-1)
@click.option(
    "--for",
    "purpose",
    type=click.Choice([*(each.value for each in Purpose), _SNAPSHOT]),
    default=Purpose.RUN.value,
    show_default=True,
    help="What runs there, what only observes beside Argo CD or Flux, or rights for sync from outside; "
    "rights for snapshots, of a SOURCE that has SpecialResources.",
)
@click.option(
    "--namespace",
    metavar="NAME",
    default="sro-apply",
    show_default=True,
    callback=_namespace,
    help="The applier's own.",
)
@click.option("--image", metavar="IMAGE", default="", help="What the pods run; see the Dockerfile.")
@click.option(
    "--source",
    "from_where",
    metavar="SOURCE",
    default="",
    help="Where the pods find the bundle: git+URL@REF:PATH. By default SOURCE itself.",
)
@click.option(
    "--replicas", type=click.IntRange(min=1), default=2, show_default=True, help="One works at a time."
)
@click.option(
    "--git-secret",
    metavar="NAME",
    default="",
    help="A Secret with what git needs: .netrc, or ssh-privatekey and known_hosts.",
)
@click.option(
    "--delete-namespaces",
    "deletes_namespaces",
    is_flag=True,
    help="The right to delete the bundle's namespaces too, and to list all that is in them.",
)
@click.option(
    "--without",
    metavar="PART",
    type=click.Choice([each.value for each in Part]),
    multiple=True,
    help=f"Leave out {', '.join(Part)}; may be given several times.",
)
@click.option(
    "--resource",
    "plurals",
    metavar="KIND.GROUP=PLURAL",
    multiple=True,
    callback=_plurals,
    help="What a kind is called in rights, where neither we nor the bundle's CRDs know it.",
)
@click.pass_context
def command(
    context: click.Context,
    *,
    source: str,
    run_options: tuple[str, ...],
    purpose: str,
    namespace: str,
    image: str,
    from_where: str,
    replicas: int,
    git_secret: str,
    deletes_namespaces: bool,
    without: tuple[str, ...],
    plurals: dict[str, str],
) -> None:
    """Print what to install so that the bundle in SOURCE can be brought into a cluster.

    The rights are those that this bundle needs: print them again when it gets other kinds or namespaces.
    Those of snapshots are those that the SpecialResources need, on plain Kubernetes --without openshift.
    Options after -- go to `sro-apply run`.
    """
    if purpose == _SNAPSHOT:
        _refuse(context, _OF_BUNDLES, purpose)
        made = snapshot_manifests(Path(source), namespace, frozenset(map(Part, without)))
        click.echo("---\n".join(map(write, made)), nl=False)
        return
    if not Purpose(purpose).is_in_cluster:
        _refuse(context, _OF_PODS, purpose)
    if Part.OPENSHIFT in without:
        raise click.UsageError(
            f"--for {purpose} asks for nothing of OpenShift: --without {Part.OPENSHIFT} is of snapshots"
        )
    request = ManifestsRequest(
        source=source,
        namespace=namespace,
        purpose=Purpose(purpose),
        image=image,
        from_where=from_where,
        replicas=replicas,
        git_secret=git_secret,
        arguments=run_options,
        deletes_namespaces=deletes_namespaces,
        without=frozenset(map(Part, without)),
        plurals=plurals,
    )
    click.echo("---\n".join(map(write, put_together(request))), nl=False)


def _refuse(context: click.Context, useless: tuple[str, ...], purpose: str) -> None:
    """Refuse what has nothing to say for a purpose."""
    given = [
        each.opts[0] if isinstance(each, click.Option) else "options after --"
        for each in context.command.params
        if each.name in useless and context.get_parameter_source(each.name) is not ParameterSource.DEFAULT
    ]
    if given:
        raise click.UsageError(f"--for {purpose} has no use for {', '.join(given)}")
