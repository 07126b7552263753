"""Options that several commands have: how to reach the cluster, and what a bundle may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from sro_apply.cli.durations import Duration

Decorated = Callable[..., Any]


def connection_options(command: Decorated) -> Decorated:
    """`--kubeconfig` and `--context`, which are `kubeconfig` and `context`, None where not given."""
    kubeconfig = click.option(
        "--kubeconfig", metavar="FILE", help="How to reach the cluster; as for kubectl."
    )
    context = click.option(
        "--context", metavar="NAME", help="Which context of the kubeconfig; its current one by default."
    )
    return kubeconfig(context(command))


def allow_options(command: Decorated) -> Decorated:
    """`--allow-kinds` and `--allow-namespaces`; see `listed`."""
    kinds = click.option("--allow-kinds", metavar="KIND[.GROUP],...", help="Refuse bundles with other kinds.")
    namespaces = click.option(
        "--allow-namespaces", metavar="NAME,...", help="Refuse bundles that reach into other namespaces."
    )
    return kinds(namespaces(command))


def pace_options(command: Decorated) -> Decorated:
    """`--concurrency` and `--qps`.

    A server that has priority and fairness looks after itself, and says so with 429 where it must: a limit
    of our own would only make the first sync of many objects slow.
    """
    concurrency = click.option(
        "--concurrency",
        metavar="NUMBER",
        type=click.IntRange(1, 64),
        default=8,
        show_default=True,
        help="How many objects to send at once.",
    )
    qps = click.option(
        "--qps",
        metavar="NUMBER",
        type=click.FloatRange(min=0),
        default=0.0,
        show_default="as many as the server takes",
        help="How many requests to send in a second at most.",
    )
    return concurrency(qps(command))


def prune_limit_option(command: Decorated) -> Decorated:
    """`--prune-limit`."""
    return click.option(
        "--prune-limit",
        metavar="SHARE",
        type=click.FloatRange(0, 1),
        default=0.5,
        show_default=True,
        help="The share of a SpecialResource's objects that may be deleted at once, if it is more than 5.",
    )(command)


def adopt_option(command: Decorated) -> Decorated:
    """`--adopt`."""
    return click.option(
        "--adopt",
        "adopts",
        is_flag=True,
        help="Take over what the Special Resource Operator made, so that deleting its SpecialResource does "
        "not take it along, and what another sro-apply has.",
    )(command)


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


def conflict_option(command: Decorated) -> Decorated:
    """`--on-conflict`, which is `force` or `fail`."""
    return click.option(
        "--on-conflict",
        type=click.Choice(["force", "fail"]),
        default="force",
        show_default=True,
        help="What to do with fields that another manager has set: take them over, or fail.",
    )(command)


def listed(text: str | None) -> tuple[str, ...]:
    """The parts of a list with commas; none of an option that was not given."""
    return tuple(each.strip() for each in (text or "").split(",") if each.strip())
