"""`sro-render template`: one chart with values in, what `helm template` prints out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from sro_render.charts.scope import Release
from sro_render.charts.set_values import SetOption
from sro_render.cli.ambient_options import ambient_options
from sro_render.cli.exit_codes import INCOMPLETE, WRONG_INPUT
from sro_render.cli.limit_options import limit_options
from sro_render.cli.set_options import set_options
from sro_render.cli.talk import Talk, talk_options, tell
from sro_render.cli.time_limit import time_limit
from sro_render.edges.release_inputs import load_chart_named, read_given_values, write_files
from sro_render.errors import Faults, SroError
from sro_render.gotemplate.values import to_bytes
from sro_render.limits import Limits
from sro_render.pipeline.template import Templated, TemplateOptions, release_name_of, template
from sro_render.sprig.ambient import Ambient
from sro_render.validation import is_release_name

DEFAULT_NAME = "release-name"


@click.command(
    "template",
    epilog="""\b
Example:
  sro-render template my-release charts/gpu-operator -n gpu -f values.yaml --set driver.enabled=false""",
)
@click.argument("arguments", metavar="[NAME] CHART", nargs=-1, required=True)
@click.option("-n", "--namespace", metavar="NAME", default="default", help="Namespace of the release.")
@click.option(
    "-f",
    "--values",
    "values_files",
    metavar="FILE",
    multiple=True,
    help="Values; - is standard input.",
)
@set_options
@click.option("--kube-version", metavar="VERSION", default="", help="For .Capabilities.KubeVersion.")
@click.option(
    "-a",
    "--api-versions",
    metavar="VERSION",
    multiple=True,
    help="For .Capabilities.APIVersions; several with commas, or several times.",
)
@click.option("--include-crds", is_flag=True, help="Print the CRDs of the folder crds/ too.")
@click.option("--no-hooks", is_flag=True, help="Leave hooks out.")
@click.option("--skip-tests", is_flag=True, help="Leave hooks that are tests out.")
@click.option(
    "-s",
    "--show-only",
    metavar="TEMPLATE",
    multiple=True,
    help="Print only what this template renders, such as templates/a.yaml; several with commas.",
)
@click.option("--is-upgrade", is_flag=True, help="Set .Release.IsUpgrade instead of .Release.IsInstall.")
@click.option("-g", "--generate-name", is_flag=True, help="Make a name from the chart's and --now.")
@click.option("--name-template", metavar="TEMPLATE", default="", help="A template for the release's name.")
@click.option("--skip-schema-validation", is_flag=True, help="Do not check values by values.schema.json.")
@click.option("--output-dir", metavar="DIR", help="Write a file for each template instead of printing.")
@click.option("--release-name", "in_named_folder", is_flag=True, help="Write below DIR/NAME.")
@click.option("--strict", is_flag=True, help="Treat findings as errors: print nothing, and exit with 1.")
@ambient_options
@limit_options
@talk_options
def command(
    *,
    talk: Talk,
    arguments: Sequence[str],
    namespace: str,
    values_files: Sequence[str],
    sets: Sequence[SetOption],
    kube_version: str,
    api_versions: Sequence[str],
    include_crds: bool,
    no_hooks: bool,
    skip_tests: bool,
    show_only: Sequence[str],
    is_upgrade: bool,
    generate_name: bool,
    name_template: str,
    skip_schema_validation: bool,
    output_dir: str | None,
    in_named_folder: bool,
    strict: bool,
    now: datetime | None,
    seed: bytes | None,
    limits: Limits,
    seconds: int,
) -> int:
    """Render one chart as helm template does, to the byte: offline, and the same every time.

    CHART is a folder or an archive.
    """
    name, chart_name = _name_and_chart(arguments, name_template, is_generated=generate_name)
    ambient = Ambient(now=now, seed=seed)
    faults = Faults()
    outcome = Templated()
    try:
        name = name or release_name_of(name_template, chart_name, ambient, limits)
        if not is_release_name(name):
            raise click.UsageError(
                f"{name!r} is not the name of a release: lower-case letters, digits, '-' and '.', at most 53"
            )
        chart = load_chart_named(chart_name, limits)
        talk.detail(f"chart {chart.name} {chart.version} of {chart.origin}, {chart.digest}")
        for file in values_files:
            talk.detail(f"values of {file}")
        given = read_given_values(values_files, sets, limits)
        options = TemplateOptions(
            release=Release(name=name, namespace=namespace, is_install=not is_upgrade, is_upgrade=is_upgrade),
            kube_version=kube_version,
            api_versions=_split(api_versions),
            include_crds=include_crds,
            no_hooks=no_hooks,
            skip_tests=skip_tests,
            show_only=_split(show_only),
            skip_schema_validation=skip_schema_validation,
            place=given.place,
            ambient=ambient,
            limits=limits,
        )
        outcome = template(chart, given.values, options, partial(time_limit, seconds))
    except (SroError, ExceptionGroup) as error:
        faults.add(error)
    talk.findings(outcome.findings, as_errors=strict)
    for each in (*faults, *outcome.errors):
        talk.errors(each)
    if faults or outcome.errors:
        return WRONG_INPUT
    if strict and outcome.findings:
        return INCOMPLETE
    _put_out(outcome, name, output_dir, in_named_folder=in_named_folder)
    return 0


def _name_and_chart(arguments: Sequence[str], name_template: str, *, is_generated: bool) -> tuple[str, str]:
    """The release's name, empty if it is to be made, and the chart."""
    if len(arguments) > 2:
        raise click.UsageError(f"at most a name and a chart are expected, not {' '.join(arguments)}")
    if len(arguments) == 2:
        if is_generated or name_template:
            option = "--generate-name" if is_generated else "--name-template"
            raise click.UsageError(f"{option} and a name contradict each other: give one of them")
        return arguments[0], arguments[1]
    return "" if is_generated or name_template else DEFAULT_NAME, arguments[0]


def _split(given: Sequence[str]) -> tuple[str, ...]:
    """Several values in one, with commas, as Helm takes them."""
    return tuple(part for text in given for part in text.split(","))


def _put_out(outcome: Templated, name: str, output_dir: str | None, *, in_named_folder: bool) -> None:
    if output_dir is None:
        click.echo(to_bytes(outcome.text), nl=False)
        return
    folder = Path(output_dir, name) if in_named_folder else Path(output_dir)
    write_files(folder, outcome.files)
    tell("".join(f"wrote {folder / path}\n" for path in outcome.files))
