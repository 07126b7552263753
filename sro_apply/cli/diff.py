"""`sro-apply diff`: its options, and the forms of its report, which are those of `sro-render diff`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import click

from sro_apply.bundle import root_of
from sro_apply.cli.exit_codes import INCOMPLETE
from sro_apply.cli.options import output_option, source_argument, target_options, terms_options
from sro_apply.cli.talk import warn
from sro_apply.config import Terms
from sro_apply.controller.connecting import Target
from sro_apply.controller.live_diff import DiffRequest
from sro_apply.controller.live_diff import diff as find_diff
from sro_apply.files import write_if_changed
from sro_apply.sources import GIT_PREFIX
from sro_render.diff.records import Diff
from sro_render.review.diff_github import diff_github_report
from sro_render.review.diff_json import diff_json_report
from sro_render.review.diff_markdown import markdown_report
from sro_render.review.diff_text import text_report

_PROGRAM = "sro-apply"


def _html(diff: Diff) -> str:
    # The page's parts and markupsafe take longer to import than a small comparison takes.
    from sro_apply.files import page_assets  # noqa: PLC0415
    from sro_render.review.diff_html import html_report  # noqa: PLC0415

    return html_report(diff, page_assets(), program=_PROGRAM)


def _github(diff: Diff) -> str:
    """Annotations, at files as they are named from the folder that the command runs in."""
    if diff.after.name.startswith(GIT_PREFIX):
        return diff_github_report(diff, None, program=_PROGRAM)
    folder = root_of(Path(diff.after.name)).as_posix()
    return diff_github_report(diff, "" if folder == "." else folder, program=_PROGRAM)


FORMATS: Mapping[str, Callable[[Diff], str]] = MappingProxyType(
    {
        "text": text_report,
        "json": diff_json_report,
        "markdown": lambda diff: markdown_report(diff, program=_PROGRAM),
        "html": _html,
        "github": _github,
    }
)


@click.command(
    "diff",
    epilog="""\b
Exit codes: 0 a sync would change nothing; 1 it would; 2 wrong input; 4 the server does not let us compare.

\b
Example:
  sro-apply diff out/cluster
  sro-apply diff out/cluster -o markdown --out diff.md""",
)
@source_argument
@target_options
@click.option(
    "--ignore",
    "rules",
    multiple=True,
    metavar="RULE",
    help="Hide changes: Kind/namespace/name:field.path, with * and ? in every part; can be repeated.",
)
@terms_options
@output_option(tuple(FORMATS), help="How to report.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write; else standard output.",
)
def command(
    *,
    source: str,
    target: Target,
    terms: Terms,
    rules: tuple[str, ...],
    output_format: str,
    out: Path | None,
) -> int:
    """Say what a sync of SOURCE would change in the cluster, by object and field, and on which nodes.

    SOURCE is what sro-render build wrote, OUT/CLUSTER, or git+URL@REF:PATH. The server says what applying
    each object would make of it, by dry runs: its defaults and its refusals are in the answer. Nothing is
    written. What a sync leaves and only sync --prune deletes is shown as removed, with a mark; what that
    keeps nevertheless as kept, with the reason and what to do.
    """
    found, findings = find_diff(DiffRequest(source=source, target=target, terms=terms, rules=rules))
    warn(findings)
    report = FORMATS[output_format](found)
    if out is None:
        click.echo(report, nl=False)
    else:
        write_if_changed(out, report.encode("utf-8", "backslashreplace"))
        click.echo(f"wrote {out}", err=True)
    return 0 if found.is_empty else INCOMPLETE
