"""`sro-render package`: charts into the ConfigMap that `cm://NAMESPACE/NAME` names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sro_render.charts.configmap import write_chart_configmap
from sro_render.charts.package import package_chart
from sro_render.cli.limit_options import limit_option
from sro_render.cli.talk import Talk, talk_options
from sro_render.edges.chart_files import read_chart_folder
from sro_render.edges.files import write_file
from sro_render.errors import ChartError, Faults, SroError
from sro_render.limits import Limits
from sro_render.validation import check_object
from sro_render.yamltext import writer

MAX_CONFIG_MAP_BYTES = 2**20


@click.command(
    "package",
    epilog="""\b
Example:
  sro-render package charts/simple-kmod --configmap simple-kmod/simple-kmod-chart | oc apply -f -""",
)
@click.argument("charts", metavar="CHART...", nargs=-1, required=True)
@click.option(
    "--configmap",
    metavar="NAMESPACE/NAME",
    required=True,
    help="The ConfigMap to make; a spec then names its charts by cm://NAMESPACE/NAME.",
)
@click.option("--out", metavar="FILE", help="Where to write; else standard output.")
@limit_option
@talk_options
def command(*, talk: Talk, charts: Sequence[str], configmap: str, out: str | None, limits: Limits) -> None:
    """Pack the folders CHART as helm package, helm repo index and oc create cm do together.

    The same charts give the same bytes, so that the ConfigMap can be kept in Git.
    """
    namespace, slash, name = configmap.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise click.BadParameter(f"{configmap!r} is not NAMESPACE/NAME", param_hint="--configmap")
    faults = Faults()
    packages = []
    for chart in charts:
        folder = Path(chart)
        try:
            if not folder.is_dir():
                raise ChartError(
                    "chart-not-found",
                    f"there is no folder {chart}",
                    hint="name the folder that has Chart.yaml",
                )
            talk.detail(f"read {chart}")
            packages.append(package_chart(read_chart_folder(folder, limits), folder.as_posix(), limits))
        except (SroError, ExceptionGroup) as error:
            faults.add(error)
    faults.raise_if_any()
    manifest = write_chart_configmap(packages, namespace=namespace, name=name)
    for _, refused in check_object(manifest):
        faults.add(refused)
    faults.raise_if_any()
    text = writer.write(manifest)
    if len(text) > MAX_CONFIG_MAP_BYTES:
        raise ChartError(
            "configmap-too-large",
            f"the ConfigMap has {len(text):,} bytes, and Kubernetes takes {MAX_CONFIG_MAP_BYTES:,}",
            hint="keep large files out of the charts (.helmignore), or use a charts folder",
        )
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(Path(out), text.encode())
        talk.note(f"wrote {out}")
