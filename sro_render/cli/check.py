"""`sro-render check`: whether the committed bundle is what its inputs give now; nothing is written."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

import click
from msgspec import Struct

from sro_render.cli.build import made_from, place_of
from sro_render.cli.config_options import Plan, Run, plan_options
from sro_render.cli.destination import branch_of
from sro_render.cli.each_cluster import Say, each_cluster
from sro_render.cli.exit_codes import INCOMPLETE, WRONG_INPUT
from sro_render.cli.output_option import output_option
from sro_render.cli.render_inputs import RenderInputs, collect, read_inputs
from sro_render.cli.talk import Talk, printable, talk_options
from sro_render.edges.bundles import BuildInputs
from sro_render.edges.committed import Compared, compare_committed, compare_tree
from sro_render.errors import Finding, SroError
from sro_render.model.committed import BundleCheck, FileState
from sro_render.model.file_names import LOCK_NAME
from sro_render.pipeline.build import Render
from sro_render.review.committed import check_mapping, check_text
from sro_render.review.records import finding_mapping
from sro_render.targets.choose import target_of

_GIVEN = "sro_render.given"
_MOST_REMOVED = 20
"""Additional files that the command names."""


class _Check(click.Command):
    """Remembers its arguments: the command that mends has the same ones."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_GIVEN] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(
    "check",
    cls=_Check,
    epilog="""\b
Example:
  sro-render check
  sro-render check specialresource.yaml --inventory nodes.json --charts charts --out out""",
)
@plan_options
@click.option(
    "--keep-going", is_flag=True, help="Compare what is right: for a bundle that was built with --keep-going."
)
@output_option()
@talk_options
@click.pass_context
def command(
    context: click.Context, /, *, talk: Talk, plan: Plan, keep_going: bool, output_format: str
) -> int:
    """Say whether the committed bundles are what their inputs give now.

    The arguments are those of build, or stand in sro.yaml. Everything is rendered again and compared with
    OUT/CLUSTER, the nodes' part of the lock and the tool's version aside. The exit code is 1 if anything
    differs; the command that mends it is printed.
    """
    is_json = output_format == "json"
    mend = shlex.join(("sro-render", "build", *build_arguments(context.meta[_GIVEN])))

    def check(run: Run, talk: Talk, say: Say) -> int:
        checked = _check(run, talk, mend, keep_going=keep_going)
        _report(checked, talk, say if is_json else None)
        return checked.code

    return max(each_cluster(plan, check, talk, is_json=is_json), default=0)


def build_arguments(given: Sequence[str]) -> list[str]:
    """The arguments without those that say how check reports."""
    kept = []
    rest = iter(given)
    for each in rest:
        if each in {"-o", "--output"}:
            next(rest, None)
        elif each not in {"-q", "-v", "--quiet", "--verbose"} and not each.startswith(("-o", "--output=")):
            kept.append(each)
    return kept


class _Checked(Struct, frozen=True, kw_only=True):
    """check: None where nothing could be compared. objects: as `check_text` takes it."""

    check: BundleCheck | None
    objects: str | None = None
    errors: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    code: int


def _check(run: Run, talk: Talk, mend: str, *, keep_going: bool) -> _Checked:
    inputs = read_inputs(run.arguments, talk)
    place = collect(inputs.faults, lambda: _place(run, inputs))
    target = collect(inputs.faults, run.target)
    if not inputs.is_usable or place is None or target is None:
        return _refused(inputs.faults_without_nodes(), ())
    outcome = inputs.render(talk)
    errors = (*inputs.faults, *outcome.errors)
    findings = (*inputs.findings(outcome), *target_of(target).findings(outcome.bundle))
    is_empty = not outcome.bundle.resources and not outcome.bundle.removed and not outcome.unmanaged
    if errors and (not keep_going or is_empty):
        return _refused(errors, findings)
    try:
        compared = place(outcome, made_from(inputs, target))
    except (SroError, ExceptionGroup) as error:
        inputs.faults.add(error)
        return _refused((*outcome.errors, *inputs.faults), findings)
    wrong = tuple(error.finding for error in errors)
    if run.strict:
        wrong, findings = (*findings, *wrong), ()
    folder = compared.place
    additional = [
        f"{folder}/{each.path}" for each in compared.differences if each.state is FileState.ADDITIONAL
    ]
    if run.git is None and 0 < len(additional) <= _MOST_REMOVED:
        mend = f"{shlex.join(('rm', '--', *additional))} && {mend}"
    checked = BundleCheck(
        cluster=outcome.bundle.cluster,
        folder=folder,
        differences=compared.differences,
        same=compared.same,
        mend=mend,
    )
    return _Checked(
        check=checked,
        objects=_objects(compared),
        errors=wrong,
        findings=findings,
        code=INCOMPLETE if wrong or checked.differences else 0,
    )


def _place(run: Run, inputs: RenderInputs) -> Callable[[Render, BuildInputs], Compared]:
    """What compares with the folder or the branch; raises OutputError if there can be none."""
    if run.git is None:
        place = place_of(run.out, run.arguments.options.cluster, inputs.inventory)
        return lambda outcome, made: compare_committed(outcome, made, place)
    branch = branch_of(run.git)

    def compare(outcome: Render, made: BuildInputs) -> Compared:
        # A check of a folder starts without what calls programs.
        from sro_render.edges.git.publish import look_at  # noqa: PLC0415

        cluster = outcome.bundle.cluster
        first = next((file.path for file in (*made.specs, *made.inventories)), "")
        with look_at(branch, cluster) as tree:
            folder = branch.folder_of(cluster, first)
            return compare_tree(tree, outcome, made, folder, place=branch.place_of(cluster))

    return compare


def _objects(compared: Compared) -> str | None:
    """What differs by objects, fields and nodes; None if nothing does, or a file is no YAML any more."""
    if all(each.path == LOCK_NAME for each in compared.differences):
        return None
    # A bundle that is as it should be does not pay for it.
    from sro_render.diff.bundles import diff_bundles  # noqa: PLC0415
    from sro_render.edges.diff_sides import load_sides  # noqa: PLC0415
    from sro_render.review.diff_text import text_report  # noqa: PLC0415

    name = compared.place
    try:
        sides = load_sides(name, compared.before, f"{name} as its inputs give it", compared.after)
        diff = diff_bundles(sides.before, sides.after, sides.pairs, digests_only=sides.digests_only)
    except (SroError, ExceptionGroup):
        return None
    return None if diff.is_empty else text_report(diff)


def _refused(errors: Sequence[SroError], findings: tuple[Finding, ...]) -> _Checked:
    wrong = tuple(error.finding for error in errors)
    return _Checked(check=None, errors=wrong, findings=findings, code=WRONG_INPUT)


def _report(checked: _Checked, talk: Talk, say: Say | None) -> None:
    if say:
        document: dict[str, object] = (
            {"current": None} if checked.check is None else check_mapping(checked.check)
        )
        document |= {
            "errors": [finding_mapping(each) for each in checked.errors],
            "findings": [finding_mapping(each) for each in checked.findings],
        }
        say(document)
    else:
        talk.findings(checked.findings)
        talk.findings(checked.errors, as_errors=True)
        if checked.check is not None and (checked.check.differences or not talk.quiet):
            # Hostile text must not steer the terminal.
            text = check_text(checked.check, checked.objects)
            click.echo("\n".join(map(printable, text.split("\n"))), nl=False)
    if checked.check is None:
        talk.note("nothing was compared: the inputs are wrong")
