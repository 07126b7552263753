"""`sro-render verify`: renders again from the inputs that a lock names, and compares every byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from sro_render.cli.ambient_options import seed_option
from sro_render.cli.build import made_from
from sro_render.cli.exit_codes import INCOMPLETE, WRONG_INPUT
from sro_render.cli.limit_options import limit_options
from sro_render.cli.output_option import output_option
from sro_render.cli.render_inputs import RenderArguments, collect, read_inputs
from sro_render.cli.report import count, json_text
from sro_render.cli.talk import Talk, printable, talk_options
from sro_render.cli.target_options import target_of_lock
from sro_render.edges.files import similar_file
from sro_render.edges.lazy_files import folder_files
from sro_render.edges.verification import (
    CHANGED,
    Bundled,
    Differences,
    against_inputs,
    against_lock,
    changed_charts,
    changed_inputs,
    find_bundles,
    is_input_file,
    is_own_version,
    place_of,
    told_faults,
)
from sro_render.errors import Faults, InputError, SignatureError, SroError, some
from sro_render.limits import Limits
from sro_render.model.file_names import LOCK_NAME, SIGNATURE_NAME
from sro_render.model.options import RenderOptions
from sro_render.review.records import finding_mapping
from sro_render.version import __version__

MAX_SHOWN = 20
_WORDS = (
    ("missing", "is missing"),
    ("unlisted", "is not in the lock"),
    ("edited", "is not what the lock says"),
    ("rendered", "is not what the inputs give"),
)


class Verified(Struct, frozen=True, kw_only=True):
    """What became of one bundle. signer: who signed it, empty where nobody was asked."""

    bundled: Bundled
    differences: Differences
    errors: tuple[SroError, ...]
    signer: str = ""

    @property
    def is_right(self) -> bool:
        """Whether every byte is what the inputs give."""
        return not self.differences and not self.errors


class VerifyArguments(Struct, frozen=True, kw_only=True):
    """What beside the lock is needed to render again."""

    inventories: Sequence[str]
    charts: str | None
    seed: bytes | None
    limits: Limits
    seconds: int
    signers: str | None


@click.command(
    "verify",
    epilog="""\b
Example:
  sro-render verify out/cluster --charts charts
  sro-render verify rendered:cluster --charts charts --signers allowed_signers""",
)
@click.argument("given", metavar="DIR|REV[:PATH]")
@click.option("--git", "repository", metavar="REPO", default=".", help="The repository that REV is in.")
@click.option("--charts", metavar="DIR", help="Where charts lie, as for build.")
@click.option(
    "--inventory",
    "inventories",
    metavar="FILE",
    multiple=True,
    help="A file that build was given and the lock does not name, as those with nothing but charts.",
)
@click.option(
    "--signers",
    metavar="FILE",
    help="Check the signature too: who may have made it, as ssh-keygen reads it (allowed_signers).",
)
@seed_option
@limit_options
@output_option()
@talk_options
def command(
    *,
    talk: Talk,
    given: str,
    repository: str,
    charts: str | None,
    inventories: Sequence[str],
    signers: str | None,
    seed: bytes | None,
    limits: Limits,
    seconds: int,
    output_format: str,
) -> int:
    """Say whether a bundle is what its inputs give.

    DIR is what build wrote: OUT, or OUT/CLUSTER; REV:PATH is the same in a commit. The inputs are read
    where the lock names them, rendered again, and every byte is compared. What differs is listed:
    inputs that changed or are missing, files that were edited, are missing, or in no lock.
    """
    arguments = VerifyArguments(
        inventories=inventories, charts=charts, seed=seed, limits=limits, seconds=seconds, signers=signers
    )
    with _bundles(given, repository) as bundles:
        outcomes = [_verify(bundled, arguments, talk, repository) for bundled in bundles]
    if output_format == "json":
        click.echo(json_text({"bundles": [_mapping(each) for each in outcomes]}))
    else:
        for each in outcomes:
            talk.findings((error.finding for error in each.errors), as_errors=True)
            if not (talk.quiet and each.is_right):
                click.echo(_text(each), nl=False)
    errors = [error for each in outcomes for error in each.errors]
    if any(not isinstance(error, SignatureError) for error in errors):
        return WRONG_INPUT
    return 0 if all(each.is_right for each in outcomes) else INCOMPLETE


@contextmanager
def _bundles(given: str, repository: str) -> Iterator[Sequence[Bundled]]:
    """The bundles that are meant: a folder's, if there is one of that name, else a commit's."""
    if Path(given).is_dir():
        yield find_bundles(Path(given).as_posix(), Path(given), folder_files(Path(given)))
        return
    # Only who reads a commit calls git.
    from sro_render.edges.git.reading import open_revision  # noqa: PLC0415

    try:
        opened = open_revision(given, repository)
    except SroError as error:
        if ":" in given or error.finding.code not in {"no-such-revision", "git-no-repository"}:
            raise
        raise InputError(
            "no-such-folder",
            f"there is neither a folder nor a commit {given}",
            hint="name what sro-render build wrote: OUT, OUT/CLUSTER, or REV:PATH",
        ) from error
    with opened as revision:
        name = given.rstrip("/") if ":" in given else f"{given}:"
        folder = revision.repository.top / revision.folder
        yield find_bundles(name, folder, revision, revision.commit)


def _verify(bundled: Bundled, arguments: VerifyArguments, talk: Talk, repository: str) -> Verified:
    faults = Faults()
    differences = against_lock(bundled)
    signer = ""
    if arguments.signers is not None:
        checked = collect(faults, lambda: _signer(bundled, arguments.signers or "", repository))
        signer = checked or ""
    inputs = read_inputs(_render_arguments(bundled, arguments), talk)
    found = (*inputs.specs.files, *(inputs.inventory.files if inputs.inventory else ()))
    changed = changed_inputs(bundled, found, inputs.faults)
    if changed and any(why != CHANGED for _, why in changed):
        differences = replace(differences, inputs=changed)
        return Verified(bundled=bundled, differences=differences, errors=tuple(faults), signer=signer)
    if not inputs.is_usable:
        for fault in told_faults(inputs.faults_without_nodes(), changed):
            faults.add(fault)
        return Verified(bundled=bundled, differences=differences, errors=tuple(faults), signer=signer)
    outcome = inputs.render(talk)
    # What failed when the bundle was made may fail again.
    if not bundled.lock.stale:
        for fault in told_faults((*inputs.faults, *outcome.errors), changed):
            faults.add(fault)
    rendered: tuple[str, ...] | None = ()
    options = bundled.lock.options
    target = collect(faults, lambda: target_of_lock(options))
    if not faults and target is not None:
        inputs_now = replace(made_from(inputs, target), options=options)
        rendered = collect(faults, lambda: against_inputs(bundled, outcome, inputs_now, differences))
    differences = replace(
        differences,
        inputs=(*changed, *changed_charts(bundled, outcome.bundle)),
        rendered=rendered or (),
    )
    return Verified(bundled=bundled, differences=differences, errors=tuple(faults), signer=signer)


def _render_arguments(bundled: Bundled, arguments: VerifyArguments) -> RenderArguments:
    """What build was given, as far as the lock knows it."""
    lock, options = bundled.lock, bundled.lock.options
    now, versions = options.get("now"), options.get("apiVersions")
    specs, inventories = (
        [
            place
            for place in (place_of(bundled, file) for file in files)
            if place != "-" and is_input_file(place)
        ]
        for files in (lock.specs, lock.inventory)
    )
    return RenderArguments(
        specs=specs,
        inventories=[*inventories, *arguments.inventories],
        charts=arguments.charts,
        options=RenderOptions(
            cluster=lock.cluster,
            api_versions=tuple(str(each) for each in versions) if isinstance(versions, list) else (),
            allow_secrets=options.get("secrets") == "allow",
            now=datetime.fromisoformat(now) if isinstance(now, str) else None,
            seed=arguments.seed,
            limits=arguments.limits,
        ),
        seconds=arguments.seconds,
    )


def _signer(bundled: Bundled, signers: str, repository: str) -> str:
    """Who signed the commit, or the lock of a folder. Raises SignatureError."""
    # Programs are called to check a signature, which few want.
    from sro_render.edges.signing import check_commit, check_signature  # noqa: PLC0415

    if not Path(signers).is_file():
        hint = similar_file(Path(signers))
        raise InputError("no-such-file", f"there is no file {signers}", path="--signers", hint=hint)
    if bundled.commit:
        return check_commit(repository, bundled.commit, signers)
    if SIGNATURE_NAME not in bundled.files:
        raise SignatureError(
            "signature-missing",
            f"there is no {SIGNATURE_NAME} in {bundled.name}",
            hint="build with --sign makes one",
        )
    return check_signature(bundled.files[LOCK_NAME], bundled.files[SIGNATURE_NAME], signers)


def _text(verified: Verified) -> str:
    """One line where all is well; else a line for each difference."""
    bundled, differences = verified.bundled, verified.differences
    lock = bundled.lock
    signed = f", signed by {verified.signer}" if verified.signer else ""
    if verified.is_right:
        inputs = count(len(lock.specs) + len(lock.inventory) + len(lock.charts), "input")
        files = count(len(lock.files) + 1, "file")
        return f"{printable(bundled.name)}: {files} are what {inputs} give{signed}\n"
    lines = [f"{bundled.name}: not verified{signed}"]
    if not is_own_version(bundled):
        made_by = lock.tool_version or "an unknown version"
        lines.append(f"  made by {lock.tool_name} {made_by}, and this is {__version__}")
    shown = [f"  {place}: {why}" for place, why in differences.inputs]
    for name, words in _WORDS:
        shown += [f"  {path} {words}" for path in getattr(differences, name)]
    lines += some(shown, MAX_SHOWN)
    return "".join(f"{printable(line)}\n" for line in lines)


def _mapping(verified: Verified) -> dict[str, object]:
    """The same for programs. Keys are stable."""
    differences = verified.differences
    return {
        "bundle": verified.bundled.name,
        "cluster": verified.bundled.lock.cluster,
        "commit": verified.bundled.commit,
        "verified": verified.is_right,
        "signer": verified.signer,
        "inputs": [{"path": place, "why": why} for place, why in differences.inputs],
        **{name: list(getattr(differences, name)) for name, _ in _WORDS},
        "errors": [finding_mapping(error.finding) for error in verified.errors],
    }
