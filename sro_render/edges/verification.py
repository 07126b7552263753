"""Reads a bundle that is to be verified, and compares it with what its inputs give now.

Decides what counts as a difference: a file that the lock does not list, one that is gone, one with
another content than the lock says, and one with another content than a new render gives; and an input
with another digest than the lock's. The version of the tool is not compared, but told.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from sro_render.edges.bundles import BuildInputs, compose
from sro_render.edges.lazy_files import LazyFiles
from sro_render.edges.owned import Place, TreeChange, parse_lock
from sro_render.errors import InputError, SroError
from sro_render.model.bundle import Bundle, InputFile
from sro_render.model.file_names import LOCK_NAME, SIGNATURE_NAME
from sro_render.model.lock import Lock, digest_of
from sro_render.pipeline.build import Render
from sro_render.source import Span
from sro_render.version import __version__
from sro_render.yamltext import writer

CHANGED = "it changed"


class Bundled(Struct, frozen=True, kw_only=True):
    """A bundle to verify.

    name:   for people; folder: where it lies or would lie: the lock names inputs relative to it.
    commit: the commit that it was read from, empty for a folder.
    """

    name: str
    folder: Path
    files: LazyFiles
    lock: Lock
    commit: str = ""


class Differences(Struct, frozen=True, kw_only=True):
    """What is not as it should be: paths, A-Z; nothing where all is well.

    inputs: (path, why) of each input that is not what the lock says; unlisted: what is there and in no
    lock; rendered: files that are as the lock says, and not as the inputs give them.
    """

    inputs: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    rendered: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inputs or self.missing or self.unlisted or self.edited or self.rendered)


class _Fixed:
    """A bundle as the tree of an earlier build, which nothing is written to."""

    def __init__(self, bundled: Bundled) -> None:
        self._bundled = bundled

    def read_lock(self) -> Lock:
        return self._bundled.lock

    def read(self, path: str) -> bytes | None:
        return self._bundled.files.get(path)

    def replace(self, files: Mapping[str, bytes], *, keep: Collection[str] = ()) -> TreeChange:
        raise NotImplementedError


def find_bundles(name: str, folder: Path, files: LazyFiles, commit: str = "") -> tuple[Bundled, ...]:
    """The bundle in a folder, or those of each cluster below it.

    Raises: InputError: `no-bundle`; OutputError: `lock-damaged`.
    """
    prefixes = [""] if LOCK_NAME in files else []
    if not prefixes:
        ending = f"/{LOCK_NAME}"
        # What is hidden is a build's that is not done yet, or never was.
        prefixes = sorted(
            path.removesuffix(LOCK_NAME)
            for path in files
            if path.endswith(ending) and path.count("/") == 1 and not path.startswith(".")
        )
    if not prefixes:
        raise InputError(
            "no-bundle",
            f"there is no {LOCK_NAME} in {name}, nor in a folder of it",
            hint="name what sro-render build wrote: OUT, OUT/CLUSTER, or REV:PATH",
        )
    return tuple(_bundled(name, folder, files, prefix, commit) for prefix in prefixes)


def _bundled(name: str, folder: Path, files: LazyFiles, prefix: str, commit: str) -> Bundled:
    own = files.below(prefix)
    separator = "" if not prefix or name.endswith(":") else "/"
    full = f"{name}{separator}{prefix.rstrip('/')}"
    lock_file = f"{full}{'' if full.endswith(':') else '/'}{LOCK_NAME}"
    return Bundled(
        name=full,
        folder=folder / prefix,
        files=own,
        lock=parse_lock(lock_file, own[LOCK_NAME], Place(name=full, option="")),
        commit=commit,
    )


def place_of(bundled: Bundled, file: InputFile) -> str:
    """Where an input lies that the lock names."""
    if file.path == "-":
        return file.path
    place = os.path.normpath(bundled.folder.resolve() / file.path)
    # As short as people would write it.
    near = os.path.relpath(place)
    return place if near.startswith("../..") else near


def against_lock(bundled: Bundled) -> Differences:
    """What is not as the lock says, without any input."""
    lock, files = bundled.lock, bundled.files
    listed = {*lock.files, LOCK_NAME, SIGNATURE_NAME}
    return Differences(
        missing=tuple(sorted(path for path in lock.files if path not in files)),
        unlisted=tuple(sorted({*files, *files.others} - listed)),
        edited=tuple(
            sorted(
                path
                for path, digest in lock.files.items()
                if path in files and digest_of(files[path]) != digest
            )
        ),
    )


def against_inputs(
    bundled: Bundled, render: Render, inputs: BuildInputs, known: Differences
) -> tuple[str, ...]:
    """The files that are not as the inputs give them; those that are known to differ are left out.

    Raises: OutputError, RenderError: as `bundles.compose`.
    """
    made = compose(_Fixed(bundled), render, inputs, bundled.folder, place=bundled.name)
    lock = replace(made.lock, tool_version=bundled.lock.tool_version)
    files = {**made.files, LOCK_NAME: writer.write(lock.to_mapping()).encode()}
    others = {path for path, data in files.items() if bundled.files.get(path) != data}
    if bundled.folder.resolve().name != bundled.lock.cluster:
        others.add(LOCK_NAME)
    others |= {path for path in bundled.lock.files if path not in files and path not in made.staying}
    return tuple(sorted(others.difference(known.missing, known.unlisted, known.edited)))


def changed_inputs(
    bundled: Bundled, found: Sequence[InputFile], faults: Iterable[SroError]
) -> tuple[tuple[str, str], ...]:
    """The input files that are not what the lock says.

    Args:   found: as they are now, by the paths of `place_of`; faults: of reading them.
    """
    now = {os.path.normpath(file.path): file.digest for file in found}
    broken = {os.path.normpath(span.source.name): span.line for span in _spans(faults)}
    changed = []
    for file in (*bundled.lock.specs, *bundled.lock.inventory):
        place = place_of(bundled, file)
        digest = now.get(os.path.normpath(place))
        if digest and digest != file.digest:
            changed.append((place, CHANGED))
        elif place == "-":
            changed.append((place, "standard input cannot be read again"))
        elif not os.path.lexists(place):
            changed.append((place, "it is missing"))
        elif not is_input_file(place):
            changed.append((place, "it is no file"))
        elif not digest and os.path.normpath(place) in broken:
            changed.append((place, f"it cannot be read, see line {broken[os.path.normpath(place)]}"))
    return tuple(changed)


def is_input_file(place: str) -> bool:
    """Whether there is a file. A lock may be anybody's: for it, no folder, pipe or device is touched."""
    return Path(place).is_file()


def told_faults(faults: Iterable[SroError], changed: Sequence[tuple[str, str]]) -> Iterator[SroError]:
    """The faults without those in files that changed.

    A lock may name any file of this machine, and a fault quotes the text that it is in: only who knows a
    file's digest may read in it.
    """
    places = {os.path.normpath(place) for place, _ in changed}
    for fault in faults:
        span = fault.finding.span
        if span is None or os.path.normpath(span.source.name) not in places:
            yield fault


def _spans(faults: Iterable[SroError]) -> Iterator[Span]:
    for fault in faults:
        if fault.finding.span is not None:
            yield fault.finding.span


def changed_charts(bundled: Bundled, bundle: Bundle) -> tuple[tuple[str, str], ...]:
    """The charts that are not what the lock says."""
    now = {each.name: each.chart_digest for each in bundle.resources}
    return tuple(
        (f"chart {each.name} {each.version} of {each.special_resource}", CHANGED)
        for each in bundled.lock.charts
        if now.get(each.special_resource, each.digest) != each.digest
    )


def is_own_version(bundled: Bundled) -> bool:
    """Whether this version of the tool made the bundle."""
    return bundled.lock.tool_version == __version__
