"""`sro-apply completion`: the shell's own script, made by click."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from sro_apply.cli.main import cli


@click.command("completion", epilog='Example: eval "$(sro-apply completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL."""
    complete = get_completion_class(shell)
    if complete is None:
        raise click.ClickException(f"click has no completion for {shell}")
    click.echo(complete(cli, {}, "sro-apply", "_SRO_APPLY_COMPLETE").source())
