"""`sro-render explain`: which template and which value made an object, or one of its fields."""

from __future__ import annotations

from pathlib import Path

import click

from sro_render.cli.exit_codes import INCOMPLETE, WRONG_INPUT
from sro_render.cli.output_option import output_option
from sro_render.cli.render_inputs import RenderArguments, read_inputs, render_options_with_spec
from sro_render.cli.report import json_text
from sro_render.cli.talk import Talk, printable, talk_options, tell
from sro_render.edges.files import read_source
from sro_render.errors import InputError
from sro_render.explain.account import explain_field, explain_object
from sro_render.explain.query import find_object
from sro_render.explain.records import field_record, object_record
from sro_render.explain.text import field_text, object_text
from sro_render.limits import Limits
from sro_render.model.objects import object_id
from sro_render.yamltext.reader import read_stream


@click.command(
    "explain",
    epilog="""\b
Example:
  sro-render explain DaemonSet/driver spec.template.spec.containers[0].image \\
    --spec specialresource.yaml --inventory nodes.json --charts charts
  sro-render explain out/cluster/driver/1000-driver/daemonset-driver.yaml \\
    'metadata.annotations["example.com/a"]' --spec spec.yaml --inventory nodes.json""",
)
@click.argument("name", metavar="OBJECT")
@click.argument("field", metavar="[FIELD.PATH]", required=False, default="")
@render_options_with_spec
@click.option("--full", is_flag=True, help="Show all lines of the object.")
@output_option()
@talk_options
def command(
    *, talk: Talk, arguments: RenderArguments, name: str, field: str, full: bool, output_format: str
) -> int:
    """Say which template and which value made an object, or a field of it.

    OBJECT is KIND/NAMESPACE/NAME, KIND/NAME, a name, or an object's file in a bundle; the name that the
    template gives it will do, without the suffix for the kernel. FIELD.PATH is a field such as
    spec.containers[0].image; [name=driver] finds an element of a list, ["a.b/c"] is a key with dots.
    """
    inputs = read_inputs(arguments, talk)
    if not inputs.is_usable:
        talk.findings([error.finding for error in inputs.faults_without_nodes()], as_errors=True)
        return WRONG_INPUT
    limits = arguments.options.limits
    sought = _named_by(name, limits)
    outcome = inputs.render(talk, with_accounts=True)
    errors = (*inputs.faults, *outcome.errors)
    talk.findings([error.finding for error in errors], as_errors=True)
    if errors and not outcome.bundle.resources:
        return WRONG_INPUT
    subject = find_object(outcome, sought)
    is_json = output_format == "json"
    if field:
        account = explain_field(subject, field, limits)
        text = (
            json_text(field_record(subject, account))
            if is_json
            else field_text(subject, account, is_full=full)
        )
    else:
        whole = explain_object(subject, limits)
        text = json_text(object_record(whole)) if is_json else object_text(whole, is_full=full)
    if is_json:
        click.echo(text)
    else:
        tell("".join(f"{printable(line)}\n" for line in text.splitlines()))
    return INCOMPLETE if errors else 0


def _named_by(name: str, limits: Limits) -> str:
    """The id of the object in a file, or the name as it is where there is no such file.

    Raises: InputError `not-an-object`; YamlError, or a group of them.
    """
    if not name.endswith((".yaml", ".yml", ".json")) or not Path(name).is_file():
        return name
    documents = read_stream(read_source(Path(name)), limits)
    value = documents[0].value if documents else None
    if not isinstance(value, dict) or not object_id(value).name:
        raise InputError(
            "not-an-object", f"{name} holds no object", hint="name a file that sro-render build wrote"
        )
    return str(object_id(value))
