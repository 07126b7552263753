"""The sides of `diff`: what is named, and in place of what is left out what `sro.yaml` says.

Left out are, from the right: what the inputs give now, and then the committed bundle. A side that is a
snapshot of nodes stands for what the inputs give with it in place of the cluster's own inventory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from sro_render.cli.build import made_from, place_of
from sro_render.cli.config_options import Run, config_file, runs_of
from sro_render.cli.destination import branch_of
from sro_render.cli.render_inputs import collect, read_inputs
from sro_render.cli.talk import Talk
from sro_render.edges.committed import expected_files
from sro_render.edges.config_files import ConfigFile
from sro_render.edges.diff_sides import Files, read_files
from sro_render.edges.survey import is_snapshot
from sro_render.edges.tree import OutputTree
from sro_render.errors import InputError
from sro_render.model.config import Config
from sro_render.model.file_names import LOCK_NAME

_NOW = "what the inputs give"


class Sides(Struct, frozen=True, kw_only=True):
    """Both sides, each with its name for people and its files."""

    name_before: str
    before: Files
    name_after: str
    after: Files


def choose_sides(given: Sequence[str], config: str | None, cluster: str, talk: Talk) -> Iterator[Sides]:
    """The sides to compare; several pairs where both are left out and there are several clusters.

    Raises: InputError and its kin: a side cannot be read, or not be rendered.
    """
    snapshots = [each for each in given if is_snapshot(Path(each))]
    if len(given) == 2 and not snapshots:
        first, second = given
        yield Sides(name_before=first, before=read_files(first), name_after=second, after=read_files(second))
        return
    file = config_file(config)
    if file is None:
        raise click.UsageError(
            "without a sro.yaml there must be two sides, A and B, and none a snapshot of nodes: "
            "`sro-render init` writes one"
        )
    if not given:
        for run in runs_of(file, cluster):
            yield _changes(run, talk)
        return
    run = _one(file, cluster, [each for each in given if each not in snapshots])
    if len(given) == 2:
        before, after = (_side(each, run, snapshots, talk) for each in given)
    elif snapshots:
        before, after = _committed(run), _side(given[0], run, snapshots, talk)
    else:
        before, after = (given[0], read_files(given[0])), (_NOW, _rendered(run, talk))
    yield Sides(name_before=before[0], before=before[1], name_after=after[0], after=after[1])


def ignored(config: str | None) -> Sequence[str]:
    """The rules of `sro.yaml`, where there is one."""
    file = config_file(config)
    return file.config.ignore if file else ()


def _changes(run: Run, talk: Talk) -> Sides:
    """What a build would change."""
    name, before = _committed(run)
    return Sides(name_before=name, before=before, name_after=_NOW, after=_rendered(run, talk))


def _side(name: str, run: Run, snapshots: Sequence[str], talk: Talk) -> tuple[str, Files]:
    if name not in snapshots:
        return name, read_files(name)
    other = replace(run, arguments=replace(run.arguments, inventories=(name,)))
    return f"{_NOW} with {name}", _rendered(other, talk)


def _committed(run: Run) -> tuple[str, Files]:
    """The bundle as it lies there, or on its branch; nothing where there is none yet."""
    cluster = run.arguments.options.cluster
    if run.git is not None:
        # Only a bundle on a branch needs what calls git.
        from sro_render.edges.git.reading import open_revision  # noqa: PLC0415

        path = "/".join(each for each in (run.git.path.strip("/"), cluster) if each)
        name = f"{run.git.branch}:{path}"
        try:
            with open_revision(name, run.git.repository) as files:
                return name, {path: files[path] for path in files}
        except InputError:
            return name, {}
    folder = Path(run.out) / cluster
    return folder.as_posix(), read_files(str(folder)) if folder.is_dir() else {}


def _rendered(run: Run, talk: Talk) -> Mapping[str, bytes]:
    inputs = read_inputs(run.arguments, talk)
    target = collect(inputs.faults, run.target)
    if not inputs.is_usable or target is None:
        for error in inputs.faults_without_nodes():
            inputs.faults.add(error)
        inputs.faults.raise_if_any()
        raise AssertionError
    outcome = inputs.render(talk)
    for error in outcome.errors:
        inputs.faults.add(error)
    inputs.faults.raise_if_any()
    made, cluster = made_from(inputs, target), outcome.bundle.cluster
    if run.git is None:
        folder = place_of(run.out, cluster, inputs.inventory) / cluster
        tree = OutputTree(folder.parent, cluster, LOCK_NAME)
        return expected_files(tree, outcome, made, folder, place=folder.as_posix())
    # As in `_committed`.
    from sro_render.edges.git.publish import look_at  # noqa: PLC0415

    branch = branch_of(run.git)
    with look_at(branch, cluster) as on_branch:
        folder = branch.folder_of(cluster, next((file.path for file in made.specs), ""))
        return expected_files(on_branch, outcome, made, folder, place=branch.place_of(cluster))


def _one(file: ConfigFile, cluster: str, bundles: Sequence[str]) -> Run:
    """The cluster that is meant: the one that is named, that of the bundles, or the only one."""
    if not cluster:
        locks = [OutputTree(Path(each).parent, Path(each).name, LOCK_NAME).read_lock() for each in bundles]
        names = {lock.cluster for lock in locks if lock} & _names(file.config)
        cluster = min(names, default="")
    runs = runs_of(file, cluster)
    if len(runs) > 1:
        raise InputError(
            "unknown-cluster",
            f"{file.source.name} has {len(runs)} clusters, and nothing says which is meant",
            hint="add --cluster NAME",
        )
    return runs[0]


def _names(config: Config) -> set[str]:
    return {each.name for each in config.clusters}
