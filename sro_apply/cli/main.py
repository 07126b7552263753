"""The command `sro-apply`: its subcommands, and what every exception becomes for the user.

Exit codes: 0 all is applied and ready; 1 not all of it is; 2 wrong input or usage; 3 our bug; 4 a server
refused or cannot be reached; 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import os
import traceback
from collections.abc import Sequence

import click

from sro_apply.cli.exit_codes import INCOMPLETE, INTERRUPTED, OUR_BUG, SERVER_REFUSED, WRONG_INPUT
from sro_apply.cli.talk import printable, printable_lines
from sro_apply.kube.errors import last_word
from sro_render.errors import ServerError, SroError, describe, flatten, nearest
from sro_render.version import __version__

_COMMANDS = {
    "snapshot": "Write what rendering needs to know of the cluster, for Git.",
    "diff": "Say what a sync would change in the cluster.",
    "sync": "Apply a bundle once: in order, waiting until all is ready.",
    "status": "Say how a cluster stands against a bundle: what is ready, and what is in the way.",
    "run": "Keep a bundle in the cluster: the loop that runs there.",
    "delete": "Remove a SpecialResource with all that was applied of it.",
    "manifests": "Print what to install so that a bundle can be brought into a cluster.",
    "completion": "Print a completion script for bash, zsh or fish.",
}
"""Each command has a module of its own, which is imported when the command runs and not before."""
_FULL = frozenset({errno.EDQUOT, errno.EIO, errno.ENOSPC})
"""What a system says of an output that takes nothing more."""


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"sro_apply.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        meant = nearest(args[0], _COMMANDS) if args[0] not in _COMMANDS else None
        if meant:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {meant}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: sro-apply sync out/cluster",
)
@click.version_option(__version__, prog_name="sro-apply")
def cli() -> None:
    """Bring bundles of sro-render into a cluster: in order, waiting, and never by surprise."""


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
            click.echo(printable_lines(describe(last_word(each.finding))), err=True)
        return SERVER_REFUSED if isinstance(error, ServerError) else WRONG_INPUT
    except OSError as error:
        # What has a name is a file of the user's; the system says what it has against it.
        if isinstance(error.filename, str):
            what = error.filename
        elif error.errno in _FULL:
            what = "standard output"
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        else:
            return _our_bug(error)
        click.echo(f"error[system]: {printable(what)}: {error.strerror}", err=True)
        return WRONG_INPUT
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
