"""What `build` and `check` are to do: from the command line, and from `sro.yaml` for what it leaves open.

A command line with SPEC, --inventory and --out says everything itself, and `sro.yaml` is not looked for.
Otherwise what is given on the command line stands in place of what the file says under that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from sro_render.cli.ambient_options import read_seed
from sro_render.cli.git_options import GitArguments
from sro_render.cli.limit_options import TIME_LIMIT_S
from sro_render.cli.render_inputs import RenderArguments, optional_render_options
from sro_render.cli.target_options import TargetArguments, target_options
from sro_render.edges.config_files import ConfigFile, find_config, read_config
from sro_render.errors import Faults, InputError, nearest
from sro_render.model.config import ClusterConfig
from sro_render.model.options import RenderOptions
from sro_render.model.wording import wordlist
from sro_render.targets.options import TargetOptions

_R = TypeVar("_R")
_T = TypeVar("_T")
_SHARD = re.compile("([0-9]{1,9})/([0-9]{1,9})")
_LET_INIT = "or let `sro-render init` write a sro.yaml that says it"


class Run(Struct, frozen=True, kw_only=True):
    """What is to be done for one cluster. strict: whether findings are errors.

    git:    the branch of `sro.yaml` that takes the place of out, which is empty then.
    target: reads who applies the bundle; raises InputError, or a group of them, if it was told wrongly.
    """

    arguments: RenderArguments
    out: str
    strict: bool
    target: Callable[[], TargetOptions]
    git: GitArguments | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """The clusters, one after the other; with a shard, those of the shard alone.

    is_from_file: whether a `sro.yaml` names them, and there may be any number.
    shard:        as it was given, empty if it was not.
    """

    runs: tuple[Run, ...]
    is_from_file: bool
    shard: str


class Shard(Struct, frozen=True):
    """One of `number` equal parts of the clusters, counted from 0."""

    index: int
    number: int

    def __str__(self) -> str:
        return f"{self.index}/{self.number}"

    def of(self, items: Sequence[_T]) -> tuple[_T, ...]:
        """Its part: every `number`th, so that parts differ by one at most."""
        return tuple(items[self.index :: self.number])


def plan_options(body: Callable[..., _R]) -> Callable[..., _R]:
    """Adds --out, --strict, --config and --shard to a render's options; passes a Plan as `plan`."""

    @click.option("--out", metavar="DIR", help="The folder with the bundles: DIR/CLUSTER is ours.")
    @click.option("--strict", is_flag=True, help="Treat findings as errors: write nothing, and exit with 1.")
    @click.option(
        "--config",
        metavar="FILE",
        help="Says what is not given here; else sro.yaml in this folder, or up to the repository's root.",
    )
    @click.option(
        "--shard",
        metavar="I/N",
        callback=_shard,
        help="Do the I-th of N parts of the clusters, counted from 0, and nothing of the others.",
    )
    @optional_render_options
    @target_options
    @click.pass_context
    @wraps(body)
    def with_plan(
        context: click.Context,
        /,
        *,
        arguments: RenderArguments,
        target: TargetArguments,
        out: str | None,
        strict: bool,
        config: str | None,
        shard: Shard | None,
        **others: Any,
    ) -> _R:
        if out is not None and not out:
            raise click.BadParameter("an empty name is no folder", param_hint="--out")
        # Only build can go to Git, and has the option.
        goes_to_git = others.get("git") is not None
        if out is not None and goes_to_git:
            raise click.UsageError("give either --out or --git, to say where to write")
        place = "" if goes_to_git else out
        is_whole = bool(arguments.specs and arguments.inventories and place is not None)
        file = None if is_whole and config is None else config_file(config)
        runs: tuple[Run, ...]
        if file is None:
            runs = (
                Run(
                    arguments=_complete(arguments),
                    out=_needed(place, may_be_git="git" in others),
                    strict=strict,
                    target=target.read,
                ),
            )
        else:
            given = given_names(context)
            told = target if given & {"target_kind", "given"} else None
            runs = complete(file, arguments, given, out=out, strict=strict, target=told)
        if shard is not None:
            runs = shard.of(runs)
        return body(plan=Plan(runs=runs, is_from_file=file is not None, shard=str(shard or "")), **others)

    return with_plan


def _shard(context: click.Context, parameter: click.Parameter, text: str | None) -> Shard | None:
    del context, parameter
    if text is None:
        return None
    found = _SHARD.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is not I/N, such as 0/4")
    numbers = int(found[1]), int(found[2])
    if numbers[0] >= numbers[1]:
        raise click.BadParameter(f"{text!r} is none of the shards, which count from 0: the last is N-1/N")
    return Shard(*numbers)


def config_file(config: str | None) -> ConfigFile | None:
    """The `sro.yaml` that is named, else the one that is for this folder, if there is one.

    Raises: InputError, or a group of them: it is not there, or wrong.
    """
    if config is not None:
        return read_config(Path(config))
    found = find_config()
    return read_config(found) if found else None


def given_names(context: click.Context) -> set[str]:
    """The parameters that stand on the command line."""
    return {
        name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }


def runs_of(file: ConfigFile, cluster: str) -> tuple[Run, ...]:
    """What `sro.yaml` alone says: for every cluster, or for the one that is named.

    Raises: InputError, or a group of them: there is no such cluster, or a file that it names cannot be read.
    """
    arguments = RenderArguments(
        specs=(), inventories=(), charts=None, options=RenderOptions(cluster=cluster), seconds=TIME_LIMIT_S
    )
    return complete(file, arguments, set())


def _complete(arguments: RenderArguments) -> RenderArguments:
    if not arguments.specs:
        raise click.UsageError(f"Missing argument 'SPEC...': name the specs, {_LET_INIT}")
    if not arguments.inventories:
        raise click.UsageError(f"Missing option '--inventory': name a snapshot of the nodes, {_LET_INIT}")
    return arguments


def _needed(out: str | None, *, may_be_git: bool) -> str:
    if out is None:
        what = "give either --out or --git, to say where to write" if may_be_git else "Missing option '--out'"
        raise click.UsageError(f"{what}, {_LET_INIT}")
    return out


def complete(
    file: ConfigFile,
    arguments: RenderArguments,
    given: set[str],
    *,
    out: str | None = None,
    strict: bool = False,
    target: TargetArguments | None = None,
) -> tuple[Run, ...]:
    """One run for each cluster of the file, or for the one that `--cluster` names.

    Args:   given: as `given_names` says it: what stands in place of what the file says.
    Raises: as `runs_of`.
    """
    clusters = file.config.clusters
    if arguments.options.cluster:
        clusters = _named(file, arguments.options.cluster)
    if arguments.inventories and len(clusters) > 1:
        raise click.UsageError(
            f"--inventory is for one cluster, and {file.source.name} has {len(clusters)}: add --cluster NAME"
        )
    faults = Faults()
    runs = []
    for cluster in clusters:
        options = _options(file, cluster, arguments.options, given, faults)
        of_file = cluster.options
        runs.append(
            Run(
                arguments=RenderArguments(
                    specs=arguments.specs or [file.shown(path) for path in cluster.specs],
                    inventories=arguments.inventories or [file.shown(path) for path in cluster.inventory],
                    charts=_charts(file, cluster) if arguments.charts is None else arguments.charts,
                    options=options,
                    seconds=_either("seconds", arguments.seconds, of_file.seconds, given),
                ),
                out=out or (file.shown(file.config.folder) if file.config.folder else ""),
                git=None if out else _git(file),
                strict=strict or of_file.strict is True,
                target=partial(target.read, cluster.target)
                if target
                else partial(file.targets.__getitem__, cluster.name),
            )
        )
    faults.raise_if_any()
    return tuple(runs)


def _git(file: ConfigFile) -> GitArguments | None:
    said = file.config.branch
    if said is None:
        return None
    return GitArguments(
        repository=file.shown(said.repository),
        branch=said.branch,
        path=said.path,
        remote=said.remote,
        sign_key=said.sign_key,
        author=said.author,
        message=said.message,
        trailers=said.trailers,
        dry_sha="",
    )


def _named(file: ConfigFile, name: str) -> tuple[ClusterConfig, ...]:
    """The cluster of that name, as a tuple of one."""
    known = {each.name: each for each in file.config.clusters}
    if name not in known:
        meant = nearest(name, known)
        raise InputError(
            "unknown-cluster",
            f"{file.source.name} has no cluster {name!r}",
            span=file.place(["clusters"], value=False),
            path="--cluster",
            hint=f"did you mean {meant}?" if meant else f"there is {wordlist(sorted(known))}",
        )
    return (known[name],)


def _charts(file: ConfigFile, cluster: ClusterConfig) -> str | None:
    return None if cluster.charts is None else file.shown(cluster.charts)


def _options(
    file: ConfigFile, cluster: ClusterConfig, options: RenderOptions, given: set[str], faults: Faults
) -> RenderOptions:
    said = cluster.options
    seed = options.seed
    if isinstance(said.seed_file, str) and "seed" not in given:
        try:
            seed = read_seed(file.shown(said.seed_file))
        except InputError as error:
            faults.add(error)
    return replace(
        options,
        cluster=cluster.name,
        api_versions=_either("api_versions", options.api_versions, said.api_versions, given),
        allow_secrets=_either("secrets", options.allow_secrets, _allowed(said.secrets), given),
        now=_either("now", options.now, said.now, given),
        seed=seed,
        limits=_either("limits", options.limits, said.limits, given),
    )


def _allowed(secrets: str | UnsetType) -> bool | UnsetType:
    return UNSET if isinstance(secrets, UnsetType) else secrets == "allow"


def _either(name: str, argument: _T, said: _T | UnsetType, given: set[str]) -> _T:
    """The argument if it was given on the command line, else what the file says, else its default."""
    return argument if name in given or isinstance(said, UnsetType) else said
