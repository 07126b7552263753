"""`sro-render init`: a first sro.yaml, from what lies in a repository."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from sro_render.cli.talk import Talk, printable, talk_options
from sro_render.edges.files import write_new_file
from sro_render.edges.survey import look_around
from sro_render.errors import InputError
from sro_render.model.file_names import CONFIG_NAME
from sro_render.pipeline.first_config import first_config


@click.command("init", epilog="Example: sro-render init")
@click.argument("folder", metavar="[DIR]", default=".")
@click.option("--dry-run", is_flag=True, help="Print the file, and write nothing.")
@talk_options
def command(*, talk: Talk, folder: str, dry_run: bool) -> None:
    """Write DIR/sro.yaml, with which build, check, diff and lint need no arguments.

    Looks for specs, snapshots of nodes, charts and bundles below DIR, the current folder if it is not given,
    and says what was taken and why. A sro.yaml that is there is never overwritten.
    """
    root = Path(folder)
    target = root / CONFIG_NAME
    if not root.is_dir():
        raise InputError("no-such-file", f"there is no folder {folder}", hint="name the repository's folder")
    if target.exists() and not dry_run:
        raise InputError(
            "init-exists",
            f"{target.as_posix()} is there already, and stays as it is",
            hint="edit it, or remove it first; --dry-run prints what would be written",
        )
    made = first_config(look_around(root))
    for line in made.reasons:
        talk.note(printable(line))
    if dry_run:
        click.echo(made.text, nl=False)
        return
    write_new_file(target, made.text.encode())
    talk.note(f"wrote {target.as_posix()}")
    change = f"cd {shlex.quote(folder)} && " if root != Path() else ""
    talk.note(f"next: {change}sro-render build")
