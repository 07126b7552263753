"""Where each object of a bundle lies: `SR/STATE/[KERNEL/]FILE`, below OUT/CLUSTER.

Decides the names of folders and files, and which objects are written once for several SRs. What
stands in the files, and what else lies beside them, is the targets' matter. All names are ASCII,
differ without regard to case, and mean nothing to Windows or Git, so that a bundle can be checked
out anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from sro_render.errors import Faults, RenderError
from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource, State
from sro_render.model.file_names import LOCK_NAME
from sro_render.model.objects import JsonObject, JsonValue, ObjectId, mapping_of
from sro_render.yamltext import writer

SHARED = "_shared"
"""The pseudo SR of objects that several SRs render alike. No SR has this name: Kubernetes allows no `_`."""
KUSTOMIZATION = "kustomization.yaml"

PROVENANCE = ("sro.openshift.io/state", "sro.openshift.io/kernel", "sro.openshift.io/digest")
"""Annotations that say where an object comes from. They do not count when two SRs' objects are compared."""

MAX_NAME_BYTES = 200
"""File systems allow 255 bytes; the rest is left for tools that copy to a name with a suffix."""

_FIRST_STATES = ("namespace", "crds", "pre-install")
_LAST_STATES = ("stateless", "post-install")
_OWN_GROUPS = frozenset({"", "apps", "batch", "autoscaling", "policy", "extensions"})
_HASH_DIGITS = 16
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: these name devices, also with an ending.
_DEVICE = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)")
_PLAIN_FILE = re.compile(r"[a-z0-9._-]*")
_OTHER_IN_FILE = re.compile(r"[^a-z0-9._-]")
_OTHER_IN_FOLDER = re.compile(r"[^A-Za-z0-9._+~-]")
_CUT_ESCAPE = re.compile(r"%[0-9A-F]?$")

READY_AT_ONCE = "common"
"""Of a state with kernels: the folder of what exists once and is there as soon as it is created."""
READY_LATER = "workloads"
"""The folder of what else exists once in such a state: it may wait for the kernels, and they for it."""

# By kind: what no controller has to make ready.
_PASSIVE_KINDS = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "CustomResourceDefinition",
        "ImageStream",
        "LimitRange",
        "Namespace",
        "NetworkPolicy",
        "PriorityClass",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "RuntimeClass",
        "Secret",
        "SecurityContextConstraints",
        "ServiceAccount",
    }
)

ObjectKey = tuple[str, str, str, str]
"""(group, kind, namespace, name): what an API server keeps one object of, whatever version it is read in."""


class PlacedObject(Struct, frozen=True, kw_only=True):
    """An object and the name of its file."""

    file: str
    object: RenderedObject


class PlacedKernel(Struct, frozen=True, kw_only=True):
    """The folder of one kernel's objects in a state. folder: one name, not a path.

    Where folders are split, `READY_AT_ONCE` and `READY_LATER` are such folders too, of no kernel.
    """

    folder: str
    kernel: str
    objects: tuple[PlacedObject, ...]


class PlacedState(Struct, frozen=True, kw_only=True):
    """The folder of a state: objects that are not kernel-affine, then kernels in byte order."""

    folder: str
    state: State
    objects: tuple[PlacedObject, ...]
    kernels: tuple[PlacedKernel, ...]


class PlacedResource(Struct, frozen=True, kw_only=True):
    """The folder of an SR. States without objects have no folder."""

    folder: str
    resource: RenderedResource
    states: tuple[PlacedState, ...]


def place(bundle: Bundle, *, is_split: bool = False) -> tuple[PlacedResource, ...]:
    """Give every object its file, every state and SR its folder, all in the order of application.

    Args:    bundle: as `share` returns it; SRs without objects have no folder. is_split: whether what
             exists once lies in folders of its own in states with kernels. Kustomize reads no file
             outside of its folder, so that whoever applies it apart from the kernels needs that.
    Returns: names that are unique in their folder, without regard to case. An object's file depends
             on its own id alone, unless two objects would meet in one file.
    """
    filled = [resource for resource in bundle.resources if any(state.objects for state in resource.states)]
    folders = _unique_names(
        [(_resource_folder(resource.name), resource.name) for resource in filled],
        taken=(KUSTOMIZATION, LOCK_NAME),
    )
    return tuple(
        PlacedResource(folder=folder, resource=resource, states=_place_states(resource, is_split=is_split))
        for folder, resource in zip(folders, filled, strict=True)
    )


def share(bundle: Bundle) -> Bundle:
    """Write an object that is rendered several times once.

    Rendered by one SR: in the state that has it first. By several SRs: as the first of them renders
    it, in the pseudo SR `_shared`, which comes before all others. Two objects are one if an API
    server would keep them as one, and they are alike if they differ in nothing but `PROVENANCE`.

    A bundle that has a `_shared` went through this and is returned as it is.

    Raises: RenderError: `object-conflict` for each object that is rendered twice and differs; several
            as an ExceptionGroup.
    """
    if any(resource.name == SHARED for resource in bundle.resources):
        return bundle
    copies = _copies(bundle)
    if not copies:
        return bundle
    _refuse_conflicts(copies)
    moved = [_with_users(several) for several in copies if len({copy.resource for copy in several}) > 1]
    dropped = {copy.position for _, *later in copies for copy in later} | {copy.position for copy in moved}
    rest = tuple(
        replace(
            resource,
            states=tuple(
                replace(
                    state,
                    objects=tuple(
                        item
                        for third, item in enumerate(state.objects)
                        if (first, second, third) not in dropped
                    ),
                )
                for second, state in enumerate(resource.states)
            ),
        )
        for first, resource in enumerate(bundle.resources)
    )
    return replace(bundle, resources=(*([_shared_resource(moved)] if moved else []), *rest))


def paths_of(resources: Iterable[PlacedResource]) -> Iterator[tuple[str, RenderedObject]]:
    """Each object with its file's path, relative to OUT/CLUSTER, in the order of application."""
    for resource in resources:
        for state in resource.states:
            folder = f"{resource.folder}/{state.folder}"
            yield from ((f"{folder}/{each.file}", each.object) for each in state.objects)
            for kernel in state.kernels:
                inner = f"{folder}/{kernel.folder}"
                yield from ((f"{inner}/{each.file}", each.object) for each in kernel.objects)


def shared_files(bundle: Bundle, *, is_split: bool = False) -> dict[str, tuple[str, ...]]:
    """The objects' files in `_shared`, with the SRs that render each.

    Args: bundle: as `share` returns it. is_split: as for `place`.
    """
    shared = replace(bundle, resources=tuple(each for each in bundle.resources if each.name == SHARED))
    return {path: each.users for path, each in paths_of(place(shared, is_split=is_split))}


def file_name(object_id: ObjectId, home: str) -> str:
    """`kind[.group]-name[@namespace].yaml`, cut to `MAX_NAME_BYTES`.

    Args: home: the SR's namespace, which is not named.
    """
    group = object_id.group
    is_own = group in _OWN_GROUPS or group.endswith(".k8s.io")
    stem = _encode_file_part(object_id.kind.lower())
    if not is_own:
        stem += "." + _encode_file_part(group.lower())
    stem += "-" + _encode_file_part(object_id.name)
    if object_id.namespace and object_id.namespace != home:
        stem += "@" + _encode_file_part(object_id.namespace)
    return _fit(_defuse(stem), "\0".join(object_key(object_id)), ending=".yaml")


def folder_name(name: str) -> str:
    """A state's or kernel's name as a folder: kept as it is but for characters that may do harm."""
    return _fit(_defuse(_encode(name, _OTHER_IN_FOLDER)), name, ending="")


def possible_folders(name: str) -> tuple[str, str]:
    """The folders that an SR, a state or a kernel may have: its name, or with a hash beside another's.

    No other one of its sort can have any of the two.
    """
    wanted = folder_name(name)
    return wanted, _other_name(wanted, name, 0)


def _resource_folder(name: str) -> str:
    return SHARED if name == SHARED else folder_name(name)


def _place_states(resource: RenderedResource, *, is_split: bool) -> tuple[PlacedState, ...]:
    filled = [state for state in resource.states if state.objects]
    folders = _unique_names(
        [(folder_name(state.name), state.name) for state in filled],
        taken=(KUSTOMIZATION,),
    )
    return tuple(
        _place_state(folder, state, resource.namespace, is_split=is_split)
        for folder, state in zip(folders, filled, strict=True)
    )


def _place_state(folder: str, state: State, home: str, *, is_split: bool) -> PlacedState:
    by_kernel: dict[str, list[RenderedObject]] = {}
    for item in state.objects:
        by_kernel.setdefault(item.kernel, []).append(item)
    common = by_kernel.pop("", [])
    kernels = sorted(by_kernel)
    parts: tuple[PlacedKernel, ...] = ()
    if is_split and kernels:
        parts, common = _place_parts(common, home), []
    # Files and kernels' folders lie side by side, so that they must not share a name either.
    names = _unique_names(
        [
            *((file_name(item.id, home), "\0".join(object_key(item.id))) for item in common),
            *((folder_name(kernel), kernel) for kernel in kernels),
        ],
        taken=(KUSTOMIZATION, *((READY_AT_ONCE, READY_LATER) if is_split else ())),
    )
    return PlacedState(
        folder=folder,
        state=state,
        objects=_placed(names[: len(common)], common),
        kernels=(
            *parts,
            *(
                PlacedKernel(folder=name, kernel=kernel, objects=_place_files(by_kernel[kernel], home))
                for name, kernel in zip(names[len(common) :], kernels, strict=True)
            ),
        ),
    )


def _place_parts(common: Sequence[RenderedObject], home: str) -> tuple[PlacedKernel, ...]:
    """What exists once, in the folders of what is ready at once and of what is not; none that is empty."""
    passive = [item for item in common if item.id.kind in _PASSIVE_KINDS]
    active = [item for item in common if item.id.kind not in _PASSIVE_KINDS]
    return tuple(
        PlacedKernel(folder=folder, kernel="", objects=_place_files(objects, home))
        for folder, objects in ((READY_AT_ONCE, passive), (READY_LATER, active))
        if objects
    )


def _place_files(objects: Sequence[RenderedObject], home: str) -> tuple[PlacedObject, ...]:
    wanted = [(file_name(item.id, home), "\0".join(object_key(item.id))) for item in objects]
    return _placed(_unique_names(wanted, taken=(KUSTOMIZATION,)), objects)


def _placed(names: Sequence[str], objects: Sequence[RenderedObject]) -> tuple[PlacedObject, ...]:
    return tuple(PlacedObject(file=name, object=item) for name, item in zip(names, objects, strict=True))


def _unique_names(wanted: Sequence[tuple[str, str]], taken: Iterable[str]) -> tuple[str, ...]:
    """Names for one folder, in the order given: the wanted one, or with a hash where two would meet.

    Args: wanted: (name, what it stands for). The plain name goes to whom comes first in byte order
          of what it stands for, so that the order of application has no part in it.
    """
    used = {name.lower() for name in taken}
    chosen = [name for name, _ in wanted]
    for index in sorted(range(len(wanted)), key=lambda index: wanted[index][1]):
        name, identity = wanted[index]
        attempt = 0
        while chosen[index].lower() in used:
            chosen[index] = _other_name(name, identity, attempt)
            attempt += 1
        used.add(chosen[index].lower())
    return tuple(chosen)


def _other_name(name: str, identity: str, attempt: int) -> str:
    stem, ending = (name[:-5], ".yaml") if name.endswith(".yaml") else (name, "")
    return _hashed(stem, f"{identity}\0{attempt}", ending=ending)


def _encode_file_part(part: str) -> str:
    return part if _PLAIN_FILE.fullmatch(part) else _encode(part, _OTHER_IN_FILE)


def _encode(name: str, others: re.Pattern[str]) -> str:
    """Percent-encode, as URLs do, each character that `others` finds, as its UTF-8 bytes."""
    return others.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass")), name
    )


def _defuse(name: str) -> str:
    """Encode what a name must not be: a device, hidden, `.` or `..`, or with a dot at its end."""
    if name.endswith("."):
        name = f"{name[:-1]}%2E"
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if not name or _DEVICE.match(name):
        name = f"%{ord(name[0]):02X}{name[1:]}" if name else "%"
    return name


def _fit(name: str, identity: str, *, ending: str) -> str:
    if len(name) + len(ending) <= MAX_NAME_BYTES:
        return name + ending
    return _hashed(name, identity, ending=ending)


def _hashed(name: str, identity: str, *, ending: str) -> str:
    """The name, cut if need be, completed with a hash of what it stands for."""
    digest = sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    room = MAX_NAME_BYTES - len(ending) - _HASH_DIGITS - 1
    return f"{_CUT_ESCAPE.sub('', name[:room])}-{digest}{ending}"


class _Copy(Struct, frozen=True, kw_only=True):
    """One rendering of an object that has several. position: of SR, state and object, each from 0."""

    position: tuple[int, int, int]
    resource: str
    state: State
    object: RenderedObject

    def __str__(self) -> str:
        return "/".join(part for part in (self.resource, self.state.name, self.object.kernel) if part)


def object_key(object_id: ObjectId) -> ObjectKey:
    """See `ObjectKey`."""
    return object_id.group, object_id.kind, object_id.namespace, object_id.name


def _copies(bundle: Bundle) -> list[list[_Copy]]:
    """The objects that are rendered more than once, each with all its renderings in order."""
    seen: dict[ObjectKey, list[tuple[int, int, int]]] = {}
    for first, resource in enumerate(bundle.resources):
        for second, state in enumerate(resource.states):
            for third, item in enumerate(state.objects):
                seen.setdefault(object_key(item.id), []).append((first, second, third))
    return [[_copy_at(bundle, at) for at in several] for several in seen.values() if len(several) > 1]


def _copy_at(bundle: Bundle, position: tuple[int, int, int]) -> _Copy:
    first, second, third = position
    resource = bundle.resources[first]
    state = resource.states[second]
    return _Copy(position=position, resource=resource.name, state=state, object=state.objects[third])


def _with_users(several: Sequence[_Copy]) -> _Copy:
    """The first rendering of an object, which knows of the others."""
    users = tuple(sorted({copy.resource for copy in several}))
    return replace(several[0], object=replace(several[0].object, users=users))


def _refuse_conflicts(copies: Iterable[Sequence[_Copy]]) -> None:
    faults = Faults()
    for first, *others in copies:
        expected = without_provenance(first.object.manifest)
        text = writer.write(expected)
        for other in others:
            found = without_provenance(other.object.manifest)
            # Texts and not values are compared: in Python 1, 1.0 and True are equal.
            if writer.write(found) != text:
                faults.add(_conflict(first, other, _first_difference(expected, found)))
                break
    faults.raise_if_any()


def _conflict(first: _Copy, other: _Copy, path: str) -> RenderError:
    if first.resource == other.resource:
        who = f"SpecialResource {first.resource} renders it twice"
        hint = "give one of the two another name, or render it in one state only"
    else:
        who = f"SpecialResources {first.resource} and {other.resource} both render it"
        hint = "render it in one of the two only, give one another name, or make both render the same"
    # Only the place of the difference is told: the object may be a Secret.
    return RenderError(
        "object-conflict",
        f"{who}, but not the same: {first} and {other} differ",
        path=path,
        subject=str(first.object.id),
        hint=hint,
    )


def without_provenance(manifest: JsonObject) -> JsonObject:
    """The manifest without the annotations that say where it comes from."""
    metadata = mapping_of(manifest.get("metadata"))
    annotations = mapping_of(metadata.get("annotations"))
    kept: JsonObject = {key: value for key, value in annotations.items() if key not in PROVENANCE}
    return {**manifest, "metadata": {**metadata, "annotations": kept}}


def _first_difference(left: JsonValue, right: JsonValue) -> str:
    """The key path of the first place where two values differ, such as `spec.ports[0].port`."""
    return next(_differences(left, right, ""), "")


def _differences(left: JsonValue, right: JsonValue, path: str) -> Iterator[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            inner = f"{path}.{key}" if path else key
            if key in left and key in right:
                yield from _differences(left[key], right[key], inner)
            else:
                yield inner
    elif isinstance(left, list) and isinstance(right, list):
        for index, (one, two) in enumerate(zip(left, right, strict=False)):
            yield from _differences(one, two, f"{path}[{index}]")
        if len(left) != len(right):
            yield f"{path}[{min(len(left), len(right))}]"
    elif type(left) is not type(right) or left != right:
        yield path


def _shared_resource(moved: Collection[_Copy]) -> RenderedResource:
    """The pseudo SR: each object in the state in which the first SR has it.

    States that every SR has come in their own order, templates' states by name: the numbers at
    their start say the same in every chart.
    """
    states: dict[str, State] = {}
    objects: dict[str, list[RenderedObject]] = {}
    for copy in moved:
        states.setdefault(copy.state.name, copy.state)
        objects.setdefault(copy.state.name, []).append(copy.object)
    return RenderedResource(
        name=SHARED,
        namespace="",
        states=tuple(
            replace(
                states[name],
                is_affine=any(item.kernel for item in objects[name]),
                objects=tuple(objects[name]),
            )
            for name in sorted(states, key=state_rank)
        ),
        chart_name="",
        chart_version="",
        chart_digest="",
        kernels=tuple(sorted({copy.object.kernel for copy in moved} - {""})),
    )


def state_rank(name: str) -> tuple[int, str]:
    """A key that sorts states, or their folders, in the order in which they are applied."""
    if name in _FIRST_STATES:
        return _FIRST_STATES.index(name) - len(_FIRST_STATES), ""
    if name in _LAST_STATES:
        return _LAST_STATES.index(name) + 1, ""
    return 0, name
