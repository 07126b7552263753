"""The command `sro-render`: its subcommands, and what every exception becomes for the user.

Exit codes: 0 fine; 1 findings under `--strict`, or partly done; 2 wrong input or usage; 3 our bug;
4 a server refused or cannot be reached; 130 interrupted.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click

from sro_render.cli.exit_codes import INTERRUPTED, OUR_BUG, WRONG_INPUT
from sro_render.cli.talk import CONTRADICTION, Talk, leave_stdout, printable
from sro_render.errors import SroError, nearest
from sro_render.version import __version__

_COMMANDS = {
    "build": "Render SpecialResources for every kernel, to disk or Git.",
    "check": "Say whether the committed bundles are what their inputs give.",
    "completion": "Print the completion script of a shell.",
    "coverage": "Show which nodes are served, by what, and what is missing.",
    "diff": "Say what differs between two bundles, and on which nodes.",
    "explain": "Say which template and which value made an object or a field.",
    "init": "Write a first sro.yaml, from what lies in a repository.",
    "inventory": "Look at snapshots of the nodes: show, normalize, diff.",
    "lint": "Find mistakes in specs, charts and objects, and mend some.",
    "package": "Pack charts into the ConfigMap that cm:// names.",
    "schema": "Print the JSON Schema of a kind.",
    "template": "Render one chart as helm template does.",
    "vendor": "Fetch the charts of repositories and registries, and lock them.",
    "verify": "Say whether a bundle is what its inputs give, and who signed it.",
}
"""Each command has a module of its own, which is imported when the command runs and not before."""


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"sro_render.cli.{cmd_name}").command
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
    epilog="Example: sro-render build spec.yaml --inventory nodes.json --charts charts --out out",
)
@click.version_option(__version__, prog_name="sro-render")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Say what is read, and show tracebacks of our bugs.")
@click.pass_context
def cli(ctx: click.Context, *, quiet: bool, verbose: bool) -> None:
    """Render OpenShift SpecialResources into per-kernel manifests: offline, the same bytes every time."""
    if quiet and verbose:
        raise click.UsageError(CONTRADICTION)
    ctx.obj = Talk(quiet=quiet, verbose=verbose)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; every message has gone to standard error."""
    try:
        code = cli.main(list(arguments), prog_name="sro-render", standalone_mode=False)
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
        leave_stdout()
        return 1
    except (SroError, ExceptionGroup) as error:
        if not isinstance(error, SroError) and error.split(SroError)[1] is not None:
            return _our_bug(error, arguments)
        Talk().errors(error)
        return WRONG_INPUT
    except OSError as error:
        # What has no name is standard output: files are opened by name, and talk does not fail.
        what = error.filename if isinstance(error.filename, str) else "standard output"
        if what != error.filename:
            leave_stdout()
        click.echo(f"error[system]: {printable(what)}: {error.strerror}", err=True)
        return WRONG_INPUT
    except Exception as error:  # noqa: BLE001 - the last resort: a bug, said as one
        return _our_bug(error, arguments)
    return code if isinstance(code, int) else 0


def _our_bug(error: BaseException, arguments: Sequence[str]) -> int:
    click.echo(
        f"internal error: {type(error).__name__}: {error}\n"
        "  This is a bug of sro-render and not your mistake.\n"
        "  help: please report it, with the output of the same command with -v",
        err=True,
    )
    if "-v" in arguments or "--verbose" in arguments:
        import traceback  # noqa: PLC0415  # for bugs alone

        click.echo("".join(traceback.format_exception(error)), err=True)
    return OUR_BUG
