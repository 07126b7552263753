"""Options that several commands have: each group in one place, and as the value that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce, wraps
from typing import Any

import click

from sro_apply.cli.durations import Duration
from sro_apply.cli.numbers import Rate, Share
from sro_apply.config import Terms
from sro_apply.controller.connecting import Target

Decorated = Callable[..., Any]


def target_options(command: Decorated) -> Decorated:
    """`--kubeconfig` and `--context`, and `--qps` where a command has it, which are `target`."""

    @wraps(command)
    def with_target(*, kubeconfig: str | None, context: str | None, qps: float = 0.0, **others: Any) -> Any:
        return command(target=Target(kubeconfig=kubeconfig, context=context, qps=qps), **others)

    return _with(
        with_target,
        click.option("--kubeconfig", metavar="FILE", help="How to reach the cluster; as for kubectl."),
        click.option(
            "--context", metavar="NAME", help="Which context of the kubeconfig; its current one by default."
        ),
    )


def terms_options(command: Decorated) -> Decorated:
    """The options of `Terms`, which are `terms`, and `--qps`, which `target_options` above takes."""

    @wraps(command)
    def with_terms(
        *,
        on_conflict: str,
        adopts: bool,
        prune_limit: float,
        concurrency: int,
        allow_kinds: tuple[str, ...],
        allow_namespaces: tuple[str, ...],
        **others: Any,
    ) -> Any:
        terms = Terms(
            takes_over=on_conflict == "force",
            adopts=adopts,
            prune_limit=prune_limit,
            concurrency=concurrency,
            kinds=allow_kinds,
            namespaces=allow_namespaces,
        )
        return command(terms=terms, **others)

    return _with(with_terms, *_CONFLICTS, *_PACE, *_ALLOWED)


def wait_timeout_option(command: Decorated) -> Decorated:
    """`--wait-timeout`."""
    return click.option(
        "--wait-timeout",
        "wait_s",
        metavar="DURATION",
        type=Duration(0.001),
        default="20m",
        show_default=True,
        help="How long one object may take to become ready before its kernel counts as failed.",
    )(command)


def timeout_option(default: str, *, help: str) -> Callable[[Decorated], Decorated]:  # noqa: A002 - click's name
    """`--timeout`, which is `timeout_s`."""
    return click.option(
        "--timeout",
        "timeout_s",
        metavar="DURATION",
        type=Duration(0.001),
        default=default,
        show_default=True,
        help=help,
    )


def output_option(
    formats: Sequence[str],
    *,
    help: str,  # noqa: A002 - click's name
    default: str = "",
) -> Callable[[Decorated], Decorated]:
    """`--output`, which is `output_format`. Args: default: the first of the formats where empty."""
    return click.option(
        "-o",
        "--output",
        "output_format",
        type=click.Choice(formats),
        default=default or formats[0],
        show_default=True,
        help=help,
    )


def _with(command: Decorated, *options: Callable[[Decorated], Decorated]) -> Decorated:
    """The command with options, which its help lists in this order."""
    return reduce(lambda made, option: option(made), reversed(options), command)


def _listed(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    """The parts of a list with commas; none of an option that was not given.

    A list with nothing in it is a variable that is not set: it must not mean that all is allowed.
    """
    del context, option
    parts = tuple(each.strip() for each in (value or "").split(",") if each.strip())
    if value is not None and not parts:
        raise click.BadParameter("it names nothing: name what is allowed, or leave the option out")
    return parts


_CONFLICTS = (
    click.option(
        "--on-conflict",
        type=click.Choice(["force", "fail"]),
        default="force",
        show_default=True,
        help="What to do with fields that another manager has set: take them over, or fail.",
    ),
    click.option(
        "--prune-limit",
        metavar="SHARE",
        type=Share(),
        default=0.5,
        show_default=True,
        help="The share of a SpecialResource's objects that may be deleted at once, if it is more than 5.",
    ),
    click.option(
        "--adopt",
        "adopts",
        is_flag=True,
        help="Take over what the Special Resource Operator made, so that deleting its SpecialResource does "
        "not take it along, and what another sro-apply has.",
    ),
)
# A server that has priority and fairness looks after itself, and says so with 429 where it must: a limit of
# our own would only make the first sync of many objects slow.
_PACE = (
    click.option(
        "--concurrency",
        metavar="NUMBER",
        type=click.IntRange(1, 64),
        default=8,
        show_default=True,
        help="How many objects to send at once.",
    ),
    click.option(
        "--qps",
        metavar="NUMBER",
        type=Rate(),
        default=0.0,
        show_default="as many as the server takes",
        help="How many requests to send in a second at most.",
    ),
)
_ALLOWED = (
    click.option(
        "--allow-kinds",
        metavar="KIND[.GROUP],...",
        callback=_listed,
        help="Refuse bundles with other kinds.",
    ),
    click.option(
        "--allow-namespaces",
        metavar="NAME,...",
        callback=_listed,
        help="Refuse bundles that reach into other namespaces.",
    ),
)
