"""A render onto disk: the files, the lock beside them, and what an earlier build leaves there.

Decides what of the old tree stays: files of Unmanaged SRs, and with `--keep-going` those of what
failed. How a tree is replaced without a moment in between is `tree`'s matter.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sro_render.api import Render, lay_out
from sro_render.edges.tree import OutputTree, TreeChange, open_tree
from sro_render.model.bundle import Bundle, InputFile
from sro_render.model.lock import (
    LOCK_NAME,
    Lock,
    LockedChart,
    LockedResource,
    LockedState,
    StaleFiles,
    digest_of,
)
from sro_render.model.objects import JsonValue
from sro_render.model.specialresource import SpecialResource
from sro_render.targets.kept import with_kept
from sro_render.targets.layout import SHARED, folder_name, share
from sro_render.version import __version__
from sro_render.yamltext import writer


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInputs:
    """What a build was made from, for the lock. Paths as the user gave them."""

    specs: Sequence[InputFile]
    inventories: Sequence[InputFile]
    resources: Sequence[SpecialResource]
    options: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a build did. stale: files that an earlier build wrote for what failed in this one."""

    folder: Path
    change: TreeChange
    stale: tuple[StaleFiles, ...]


def write_bundle(
    render: Render, inputs: BuildInputs, out: Path, *, say: Callable[[str], None] = lambda _: None
) -> Written:
    """Replace OUT/CLUSTER by what was rendered.

    Raises: OutputError, or a group of them: see `tree.open_tree` and `tree.OutputTree.replace`;
            RenderError: two SRs render one object differently.
    """
    bundle = share(render.bundle)
    render = replace(render, bundle=bundle)
    rendered = lay_out(bundle)
    folder = out / bundle.cluster
    with open_tree(out, bundle.cluster, say=say) as tree:
        old = _old_lock(tree, render)
        stale = _stale_files(render, old)
        unmanaged = [path for name in render.unmanaged for path in _below(old, f"{folder_name(name)}/")]
        kept = sorted({*unmanaged, *(path for entry in stale for path in entry.files)} - rendered.keys())
        files = with_kept(rendered, kept)
        kept = [path for path in kept if path not in files]
        digests = {path: digest_of(data) for path, data in files.items()}
        digests |= {path: old.files[path] for path in kept}
        lock = replace(_lock(render, inputs, folder, old), files=digests, stale=stale)
        files[LOCK_NAME] = writer.write(lock.to_mapping()).encode()
        return Written(folder=folder, change=tree.replace(files, keep=kept), stale=stale)


def _old_lock(tree: OutputTree, render: Render) -> Lock:
    old = tree.read_lock()
    if old is None:
        return Lock(cluster=render.bundle.cluster)
    return old


def _below(lock: Lock, prefix: str) -> list[str]:
    return [path for path in lock.files if path.startswith(prefix)]


def _stale_files(render: Render, old: Lock) -> tuple[StaleFiles, ...]:
    """The old files of what failed now; a whole SR that failed has one entry without a kernel."""
    entries = []
    for name, kernel in render.failed:
        prefix = f"{folder_name(name)}/"
        files = _below(old, prefix)
        if kernel:
            part = folder_name(kernel)
            files = [path for path in files if path.removeprefix(prefix).split("/")[1:2] == [part]]
        if files:
            entries.append(StaleFiles(special_resource=name, kernel=kernel, files=tuple(sorted(files))))
    return tuple(entries)


def _lock(render: Render, inputs: BuildInputs, folder: Path, old: Lock) -> Lock:
    """The lock, still without its files."""
    bundle = render.bundle
    present = {resource.name for resource in bundle.resources}
    whole = {name for name, kernel in render.failed if not kernel}
    # Entries of SRs whose files stay as they are stay as they are too.
    carried = {*render.unmanaged, *whole} - present
    urls = {resource.name: resource.chart.url for resource in inputs.resources}
    charts = [
        LockedChart(
            special_resource=resource.name,
            name=resource.chart_name,
            version=resource.chart_version,
            source=urls.get(resource.name, ""),
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
        resources=(
            *_locked_resources(bundle),
            *(each for each in old.resources if each.name in carried),
        ),
        inventory=_relative(inputs.inventories, folder),
        kernels=bundle.kernels,
        removed=bundle.removed,
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
