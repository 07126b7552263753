"""`sro-render schema`: the JSON Schemas, for editors and for validation elsewhere."""

from __future__ import annotations

import click

from sro_render.edges.schemas import KINDS, schema_text


@click.command("schema", epilog="Example: sro-render schema SpecialResource > specialresource.schema.json")
@click.argument("kind", required=False)
def command(kind: str | None) -> None:
    """Print the JSON Schema (draft 2020-12) of KIND; without KIND, the kinds that there are."""
    if kind is None:
        click.echo("\n".join(KINDS))
    else:
        click.echo(schema_text(kind), nl=False)
