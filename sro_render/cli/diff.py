"""`sro-render diff`: what a change does to the objects of a bundle, and to which nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import click

from sro_render.cli.diff_inputs import choose_sides, ignored
from sro_render.cli.exit_codes import INCOMPLETE
from sro_render.cli.talk import Talk, talk_options
from sro_render.diff.bundles import diff_bundles
from sro_render.diff.records import Diff
from sro_render.edges.diff_sides import load_sides
from sro_render.edges.files import write_file
from sro_render.review.diff_github import diff_github_report
from sro_render.review.diff_json import diff_json_report
from sro_render.review.diff_markdown import MAX_CHARACTERS, MIN_CHARACTERS, markdown_report
from sro_render.review.diff_text import text_report


def _html(diff: Diff) -> str:
    # The page's parts and markupsafe take longer to import than a small comparison takes.
    from sro_render.edges.page_assets import page_assets  # noqa: PLC0415
    from sro_render.review.diff_html import html_report  # noqa: PLC0415

    return html_report(diff, page_assets())


def _github(diff: Diff) -> str:
    """Annotations, at files as they are named from the folder that the command runs in."""
    if diff.after.name == "-":
        return diff_github_report(diff, None)
    # What the inputs give lies nowhere yet, and takes the place of what lies there.
    after = next((path for path in map(Path, (diff.after.name, diff.before.name)) if path.exists()), None)
    if after is None:
        return diff_github_report(diff, None)
    folder = (after.parent if after.is_file() else after).as_posix()
    return diff_github_report(diff, "" if folder == "." else folder)


FORMATS: Mapping[str, Callable[[Diff, int], str]] = MappingProxyType(
    {
        "text": lambda diff, _: text_report(diff),
        "json": lambda diff, _: diff_json_report(diff),
        "markdown": lambda diff, most: markdown_report(diff, max_characters=most),
        "html": lambda diff, _: _html(diff),
        "github": lambda diff, _: _github(diff),
    }
)
"""Each form of the report, made of a diff and the limit on its size."""
_SEVERAL = frozenset({"text", "markdown", "github"})
"""The forms in which the reports of several clusters can stand one after the other."""


@click.command(
    "diff",
    short_help="Say what differs between two bundles, by object, field and node.",
    epilog="""\b
Exit codes: 0 nothing differs but what is ignored; 1 something does; 2 wrong input.

\b
Example:
  sro-render diff
  sro-render diff next-nodes.json --cluster lab
  sro-render diff main:out/cluster out/cluster
  sro-render diff old new --ignore 'DaemonSet/*:spec.template.metadata.annotations' -o markdown""",
)
@click.argument("given", metavar="[A [B]]", nargs=-1)
@click.option("--config", metavar="FILE", help="Says what is left out; else the repository's sro.yaml.")
@click.option("--cluster", metavar="NAME", default="", help="The cluster of sro.yaml that is meant.")
@click.option(
    "--ignore",
    "rules",
    multiple=True,
    metavar="RULE",
    help="Hide changes: Kind/namespace/name:field.path, with * and ? in every part; can be repeated.",
)
@click.option(
    "-o",
    "--output",
    "output_format",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option("--out", metavar="FILE", help="Where to write; else standard output.")
@click.option(
    "--max-characters",
    type=click.IntRange(min=MIN_CHARACTERS),
    default=MAX_CHARACTERS,
    show_default=True,
    metavar="NUMBER",
    help="How long Markdown may be: GitHub's limit for a comment. The rest is left out, and counted.",
)
@talk_options
def command(
    *,
    talk: Talk,
    given: Sequence[str],
    config: str | None,
    cluster: str,
    rules: Sequence[str],
    output_format: str,
    out: str | None,
    max_characters: int,
) -> int:
    """Say what differs between A and B: by object and field, not by line, and on which nodes.

    A and B are each a bundle (OUT/CLUSTER of a build, with its sro.lock.yaml), a folder of YAML such as
    helm template's output, or one file; or REV:PATH, the same in a Git commit. A change that repeats in
    many kernels is shown once. The order of keys, documents and list items that have keys means nothing.
    Data of Secrets is never shown: marks say whether it changed. What an API server refuses, what widens
    rights and what unloads a module is marked with !.

    With a sro.yaml a side may be a snapshot of nodes too: what the inputs give with it. B left out is what
    the inputs give now, and A left out the committed bundle: without both, what a build would change, for
    each cluster. Its rules under ignore hold for every diff.
    """
    if out is not None and not out:
        raise click.BadParameter("an empty name is no file", param_hint="--out")
    if len(given) > 2:
        raise click.UsageError(f"there are two sides, A and B, and not {len(given)}")
    rules = (*ignored(config), *rules)
    diffs = []
    for chosen in choose_sides(given, config, cluster, talk):
        sides = load_sides(chosen.name_before, chosen.before, chosen.name_after, chosen.after)
        diffs.append(
            diff_bundles(sides.before, sides.after, sides.pairs, rules, digests_only=sides.digests_only)
        )
    if len(diffs) > 1 and output_format not in _SEVERAL:
        raise click.UsageError(
            f"-o {output_format} is for one cluster, and there are {len(diffs)}: add --cluster NAME"
        )
    most = max(MIN_CHARACTERS, max_characters // len(diffs))
    report = ("" if output_format == "github" else "\n").join(
        FORMATS[output_format](diff, most) for diff in diffs
    )
    if out is None:
        click.echo(report, nl=False)
    else:
        write_file(Path(out), report.encode("utf-8", "backslashreplace"))
        talk.note(f"wrote {out}")
    return 0 if all(diff.is_empty for diff in diffs) else INCOMPLETE
