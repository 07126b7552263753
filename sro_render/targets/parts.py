"""A bundle as a GitOps tool sees it: the folders that are applied as a whole, and what waits for what.

Decides how the states of an SR fall into steps: what exists once, then the kernels beside each other,
each through all states up to the next one that is not affine. It works on the files of a bundle, those
that stay from an earlier build included. How a tool says it is the targets' matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Final

from msgspec import Struct

from sro_render.model.lock import LockedResource
from sro_render.model.objects import JsonObject, annotations_of, text_of
from sro_render.targets.layout import READY_AT_ONCE, READY_LATER, SHARED, possible_folders

MAX_OBJECT_NAME: Final = 63
"""Both tools write the names of their objects into labels of what they apply."""
_HASH_DIGITS = 8
_NOT_IN_LABEL = re.compile(r"[^a-z0-9]+")


class Part(Struct, frozen=True, kw_only=True):
    """A folder that is applied as a whole: a state, or of a state with kernels one kernel or the rest.

    folder: relative to OUT/CLUSTER. kernel: empty for what exists once.
    """

    state: str
    folder: str
    kernel: str = ""
    objects: tuple[JsonObject, ...] = ()

    @property
    def name(self) -> str:
        """The last part of its folder."""
        return self.folder.rpartition("/")[2]


class Lane(Struct, frozen=True, kw_only=True):
    """A kernel's way through the states of a step, or that of workloads which exist once: no kernel."""

    kernel: str
    parts: tuple[Part, ...]


class Step(Struct, frozen=True, kw_only=True):
    """What exists once, in order, and then the lanes: each by itself, in byte order of the kernels."""

    common: tuple[Part, ...] = ()
    lanes: tuple[Lane, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them."""
        return (*self.common, *(part for lane in self.lanes for part in lane.parts))


class ResourceParts(Struct, frozen=True, kw_only=True):
    """An SR: its steps one after the other, and the SRs that are ready before, `_shared` included."""

    name: str
    folder: str
    steps: tuple[Step, ...]
    dependencies: tuple[str, ...] = ()


def read_parts(
    objects: Mapping[str, JsonObject], resources: Sequence[LockedResource]
) -> tuple[ResourceParts, ...]:
    """The parts of a bundle, SRs in the order given.

    Args:    objects: the objects by their files' paths, relative to OUT/CLUSTER, laid out split.
             resources: SRs and their states in the order in which they are applied.
    Returns: SRs that have files. What `resources` does not know is left out.
    """
    by_state: dict[tuple[str, str], dict[str, list[JsonObject]]] = {}
    for path, manifest in objects.items():
        folder = path.rpartition("/")[0]
        names = (*folder.split("/"), "")[:2]
        by_state.setdefault((names[0], names[1]), {}).setdefault(folder, []).append(manifest)
    found = [
        (resource, folder, _steps(_states_of(resource, folder, by_state)))
        for resource in resources
        for folder in _folders(resource.name)
    ]
    present = {resource.name for resource, _, steps in found if steps}
    return tuple(
        ResourceParts(
            name=resource.name,
            folder=folder,
            steps=steps,
            dependencies=tuple(
                name for name in (SHARED, *resource.dependencies) if name in present and name != resource.name
            ),
        )
        for resource, folder, steps in found
        if steps
    )


def _folders(name: str) -> tuple[str, ...]:
    return (SHARED,) if name == SHARED else possible_folders(name)


def _states_of(
    resource: LockedResource, folder: str, by_state: Mapping[tuple[str, str], Mapping[str, list[JsonObject]]]
) -> Iterable[tuple[Part, ...]]:
    """The parts of each state that has files, in order."""
    for state in resource.states:
        for name in possible_folders(state.name):
            parts = by_state.get((folder, name))
            if parts:
                yield tuple(_part(state.name, path, parts[path]) for path in sorted(parts))


def _part(state: str, folder: str, objects: Sequence[JsonObject]) -> Part:
    is_kernel = folder.count("/") > 1 and folder.rpartition("/")[2] not in {READY_AT_ONCE, READY_LATER}
    kernel = text_of(annotations_of(objects[0]).get("sro.openshift.io/kernel")) if is_kernel else ""
    return Part(state=state, folder=folder, kernel=kernel, objects=tuple(objects))


def _steps(states: Iterable[tuple[Part, ...]]) -> tuple[Step, ...]:
    """Runs of states without kernels and of states with them, by turns."""
    steps: list[Step] = []
    for is_affine, run in groupby(states, lambda parts: any(part.folder.count("/") > 1 for part in parts)):
        parts = [part for state in run for part in state]
        if not is_affine:
            steps.append(Step(common=tuple(parts)))
            continue
        lanes: dict[str, list[Part]] = {}
        for part in parts:
            if part.name != READY_AT_ONCE:
                lanes.setdefault(part.kernel, []).append(part)
        before = steps.pop().common if steps else ()
        steps.append(
            Step(
                common=(*before, *(part for part in parts if part.name == READY_AT_ONCE)),
                lanes=tuple(Lane(kernel=kernel, parts=tuple(lanes[kernel])) for kernel in sorted(lanes)),
            )
        )
    return tuple(steps)


def object_name(*parts: str) -> str:
    """A name for an object of the tool's own: the parts that are not empty, and a hash of all of them.

    Unlike the readable half, the hash tells `a-b`, `c` from `a`, `b-c`, and `x86_64` from `x86-64`.
    """
    labels = "-".join(part for part in parts if part).lower().split(".")
    readable = ".".join(filter(None, (_NOT_IN_LABEL.sub("-", label).strip("-") for label in labels)))
    digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return f"{readable[: MAX_OBJECT_NAME - _HASH_DIGITS - 1].rstrip('.-')}-{digest}".lstrip("-")
