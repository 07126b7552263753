"""A render as files: the manifests, the lock beside them, and what an earlier build leaves there.

Decides what of the old tree stays: files of Unmanaged SRs, and with `--keep-going` those of what
failed. The tree may lie in a folder or in a commit: how it is replaced without a moment in between is
the matter of `tree` and of `git`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from sro_render.edges.owned import OwnTree, TreeChange
from sro_render.edges.tree import open_tree
from sro_render.errors import OutputError
from sro_render.model.bundle import Bundle, InputFile
from sro_render.model.file_names import LOCK_NAME, SIGNATURE_NAME
from sro_render.model.lock import (
    Lock,
    LockedChart,
    LockedResource,
    LockedState,
    StaleFiles,
    digest_of,
)
from sro_render.model.objects import JsonValue
from sro_render.pipeline.build import Render
from sro_render.targets.interface import Target
from sro_render.targets.kept import Kept, keep, locked_kernels, locked_resources, manifest_of, with_kept
from sro_render.targets.layout import KUSTOMIZATION, SHARED, paths_of, share, shared_files
from sro_render.targets.layout import place as lay_places
from sro_render.targets.parts import read_parts
from sro_render.targets.plain import PlainTarget, lay_out
from sro_render.version import __version__
from sro_render.yamltext import writer


class BuildInputs(Struct, frozen=True, kw_only=True):
    """What a build was made from, for the lock. Paths as the user gave them.

    repositories: of each SR's chart, dependencies included; empty or not, the names are all that are known.
    broken: names of SRs whose specs have faults. is_complete: whether the specs name every SR; if
    not, SRs of the last lock that they do not name fail too.
    """

    specs: Sequence[InputFile]
    inventories: Sequence[InputFile]
    repositories: Mapping[str, str]
    options: Mapping[str, JsonValue]
    broken: Sequence[str] = ()
    is_complete: bool = True
    target: Target = field(default_factory=PlainTarget)


class Composed(Struct, frozen=True, kw_only=True):
    """A bundle's files, before they are written.

    files:   path to content, the lock among them; staying: paths of the old tree that stay beside them.
    failed:  (SR, kernel) of what could not be made; an empty kernel is the whole SR.
    stale:   files that an earlier build wrote for that.
    """

    files: Mapping[str, bytes]
    staying: Sequence[str]
    failed: tuple[tuple[str, str], ...]
    stale: tuple[StaleFiles, ...]
    lock: Lock


class Written(Struct, frozen=True, kw_only=True):
    """What a build did. place: the tree, in words; failed, stale: as in `Composed`."""

    place: str
    change: TreeChange
    failed: tuple[tuple[str, str], ...]
    stale: tuple[StaleFiles, ...]
    lock: Lock


def write_bundle(
    render: Render,
    inputs: BuildInputs,
    out: Path,
    *,
    sign: Callable[[bytes], bytes] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Written:
    """Replace OUT/CLUSTER by what was rendered.

    Raises: OutputError, or a group of them: see `tree.open_tree` and `write_into`.
    """
    folder = out / render.bundle.cluster
    with open_tree(out, render.bundle.cluster, say=say) as tree:
        return write_into(tree, render, inputs, folder, place=folder.as_posix(), sign=sign)


def write_into(
    tree: OwnTree,
    render: Render,
    inputs: BuildInputs,
    folder: Path,
    *,
    place: str,
    sign: Callable[[bytes], bytes] | None = None,
) -> Written:
    """Replace a tree by what was rendered.

    Args:   folder: where the tree lies or would lie: inputs are named relative to it; place: the tree's
            name in messages; sign: makes the signature of a lock. One that is there stays as long as the
            lock does, and goes with it.
    Raises: OutputError: see `tree.OutputTree.replace`; RenderError: two SRs render one object differently.
    """
    made = compose(tree, render, inputs, folder, place=place)
    files, staying = dict(made.files), list(made.staying)
    if tree.read(LOCK_NAME) == files[LOCK_NAME] and tree.read(SIGNATURE_NAME) is not None:
        staying.append(SIGNATURE_NAME)
    elif sign is not None:
        files[SIGNATURE_NAME] = sign(files[LOCK_NAME])
    change = tree.replace(files, keep=staying)
    return Written(place=place, change=change, stale=made.stale, failed=made.failed, lock=made.lock)


def compose(
    tree: OwnTree, render: Render, inputs: BuildInputs, folder: Path, *, place: str, old: Lock | None = None
) -> Composed:
    """The files of a bundle, and what of an earlier build stays beside them; writes nothing.

    Args: as `write_into`; old: the tree's lock, for who knows it.
    """
    old = old or tree.read_lock() or Lock(cluster=render.bundle.cluster)
    failed = (*render.failed, *((name, "") for name in _broken(inputs, old)))
    failed = (*failed, *((name, "") for name in _lost(failed, inputs, old)))
    kept = keep(
        share(render.bundle),
        failed,
        render.unmanaged,
        old,
        lambda path: _listed_file(tree, place, path),
        inputs.target.undress,
    )
    _refuse_another_target(inputs.target, kept, old)
    kept = replace(kept, bundle=inputs.target.dress(kept.bundle))
    shared = {**shared_files(kept.bundle, is_split=inputs.target.is_split), **kept.shared}
    lock = _lock(replace(render, failed=failed), kept, inputs, folder, old)
    names = [resource.name for resource in lock.resources]
    files = with_kept(lay_out(kept.bundle, is_split=inputs.target.is_split), kept.files, names)
    files |= _own_files(inputs.target, kept, lock, lambda path: _listed_file(tree, place, path))
    staying = [path for path in kept.files if path not in files]
    digests = {path: digest_of(data) for path, data in files.items()}
    digests |= {path: old.files[path] for path in staying}
    lock = replace(lock, files=digests, shared=shared)
    files[LOCK_NAME] = writer.write(lock.to_mapping()).encode()
    return Composed(files=files, staying=staying, stale=kept.stale, failed=failed, lock=lock)


def _refuse_another_target(target: Target, kept: Kept, old: Lock) -> None:
    """Files that stay say what they were written for, and to whom they would say nothing.

    Raises: OutputError: they were written for another target.
    """
    before = old.options.get("target", "plain")
    if kept.files and before != target.name:
        raise OutputError(
            "output-target-changed",
            f"files that stay as they are were written for the target {before}, not for {target.name}",
            notes=tuple(kept.files[:1]),
            hint="render everything once for the new target: without --keep-going, and with managementState "
            "Managed",
        )


def _own_files(target: Target, kept: Kept, lock: Lock, read: Callable[[str], bytes]) -> Mapping[str, bytes]:
    """The target's own objects, over all that the bundle will hold."""
    if not target.is_split:
        return {}
    objects = {path: each.manifest for path, each in paths_of(lay_places(kept.bundle, is_split=True))}
    for path in kept.files:
        if not path.endswith(f"/{KUSTOMIZATION}"):
            objects[path] = manifest_of(path, read(path))
    return target.own_files(lock.cluster, read_parts(objects, lock.resources))


def _broken(inputs: BuildInputs, old: Lock) -> Sequence[str]:
    """The SRs whose specs could not be read, as far as they are known."""
    if inputs.is_complete:
        return inputs.broken
    known = {SHARED, *inputs.repositories, *inputs.broken}
    return (*inputs.broken, *(each.name for each in old.resources if each.name not in known))


def _lost(failed: Iterable[tuple[str, str]], inputs: BuildInputs, old: Lock) -> Sequence[str]:
    """What failed SRs needed when they were rendered last, and what nobody knows of any more.

    Only they could have said that it is still needed; their files stay, and so must these.
    """
    needs = {each.name: each.dependencies for each in old.resources}
    known = {*inputs.repositories, *inputs.broken}
    lost: list[str] = []
    waiting = [name for name, kernel in failed if not kernel]
    for name in waiting:
        for other in needs.get(name, ()):
            if other in needs and other not in known:
                known.add(other)
                lost.append(other)
                waiting.append(other)
    return sorted(lost)


def _listed_file(tree: OwnTree, place: str, path: str) -> bytes:
    """A file that the last lock lists.

    Raises: OutputError: it is gone, or is no plain file.
    """
    data = tree.read(path)
    if data is None:
        raise OutputError(
            "output-kept-missing",
            f"{place}/{path} is to stay as it is, but it is gone",
            hint="take it back (git checkout), or render it again",
        )
    return data


def _lock(render: Render, kept: Kept, inputs: BuildInputs, folder: Path, old: Lock) -> Lock:
    """The lock, still without its files and what is shared."""
    bundle = kept.bundle
    present = {resource.name for resource in bundle.resources}
    whole = {name for name, kernel in render.failed if not kernel}
    # Entries of SRs whose files stay as they are stay as they are too.
    carried = {*render.unmanaged, *whole} - present
    charts = [
        LockedChart(
            special_resource=resource.name,
            name=resource.chart_name,
            version=resource.chart_version,
            source=inputs.repositories.get(resource.name, ""),
            digest=resource.chart_digest,
        )
        for resource in bundle.resources
        if resource.name != SHARED
    ]
    return Lock(
        cluster=bundle.cluster,
        tool_version=__version__,
        options=inputs.options,
        specs=_relative(inputs.specs, folder),
        charts=tuple(
            sorted(
                [*charts, *(each for each in old.charts if each.special_resource in carried)],
                key=lambda each: each.special_resource,
            )
        ),
        resources=locked_resources(_locked_resources(bundle), old, kept.files, render.needs),
        inventory=_relative(inputs.inventories, folder),
        kernels=locked_kernels(bundle.kernels, old, kept.files),
        removed=bundle.removed,
        stale=kept.stale,
    )


def _locked_resources(bundle: Bundle) -> tuple[LockedResource, ...]:
    return tuple(
        LockedResource(
            name=resource.name,
            namespace=resource.namespace,
            chart_digest=resource.chart_digest,
            states=tuple(
                LockedState(name=state.name, template=state.template, is_affine=state.is_affine)
                for state in resource.states
                if state.objects
            ),
            dependencies=resource.dependencies,
        )
        for resource in bundle.resources
    )


def _relative(files: Sequence[InputFile], folder: Path) -> tuple[InputFile, ...]:
    """Inputs named relative to the lock, in the order of those names."""
    named = {}
    for file in files:
        path = file.path
        if path != "-":
            try:
                path = Path(os.path.relpath(Path(path).resolve(), folder.resolve())).as_posix()
            except ValueError:  # another drive
                path = Path(path).resolve().as_posix()
        named[path] = InputFile(path=path, digest=file.digest)
    return tuple(named[path] for path in sorted(named))
