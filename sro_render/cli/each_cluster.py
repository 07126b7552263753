"""One cluster after the other: a command that goes on after one that failed, and reports them together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import click
from msgspec.structs import replace

from sro_render.cli.config_options import Plan, Run
from sro_render.cli.report import json_text
from sro_render.cli.talk import Talk

Say: TypeAlias = Callable[[dict[str, Any]], None]
"""Takes a cluster's report for programs."""


def each_cluster(plan: Plan, do: Callable[[Run, Talk, Say], int], talk: Talk, *, is_json: bool) -> list[int]:
    """Do something for each cluster of a plan; the exit code of each.

    Reports for programs are printed as they are, or together as `clusters` where a `sro.yaml` names the
    clusters, however many there are; a shard that has none of them says so too. What is said of one of
    several clusters says its name.
    """
    documents: list[dict[str, Any]] = []
    codes = []

    def say(name: str, document: dict[str, Any]) -> None:
        documents.append({"cluster": name, **document} if plan.is_from_file else document)

    if not plan.runs:
        talk.note(f"shard {plan.shard} has no cluster: there is nothing to do")
    for run in plan.runs:
        name = run.arguments.options.cluster
        inner = replace(talk, cluster=name) if len(plan.runs) > 1 else talk
        codes.append(do(run, inner, partial(say, name)))
    if is_json and (plan.is_from_file or not plan.runs):
        documents = [{"clusters": documents}]
    for document in documents:
        click.echo(json_text(document))
    return codes
