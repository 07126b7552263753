"""The pods that objects make, for the rules about them, and what objects are called without their kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from sro_render.kernels.affinity import pod_spec_path
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of
from sro_render.model.wording import KeyPath

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


class Part(Struct, frozen=True):
    """A part of an object, such as a container, and its key path."""

    value: JsonObject
    path: KeyPath

    def below(self, *path: str | int) -> KeyPath:
        """The key path of something inside the part."""
        return (*self.path, *path)


def pod_of(manifest: Mapping[str, JsonValue]) -> Part | None:
    """The spec of the pods that an object makes, or that it is."""
    path = pod_spec_path(text_of(manifest.get("kind")))
    if path is None:
        return None
    value: JsonValue = dict(manifest)
    for key in path:
        value = mapping_of(value).get(key)
    return Part(value, path) if isinstance(value, dict) else None


def containers_of(pod: Part) -> Iterator[Part]:
    """The pod's containers, in the order in which they run."""
    for kind in _CONTAINERS:
        yield from entries(pod, kind)


def entries(part: Part, key: str) -> Iterator[Part]:
    """The mappings in a list of a part."""
    listed = part.value.get(key)
    for index, each in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(each, dict):
            yield Part(each, part.below(key, index))


def base_name(rendered: RenderedObject) -> str:
    """The object's name without the suffix for its kernel."""
    name = rendered.id.name
    return name.rpartition("-")[0] if rendered.kernel else name


def label_of(rendered: RenderedObject) -> str:
    """How people name the object, for all kernels alike."""
    identity = rendered.id
    return "/".join(part for part in (identity.kind, identity.namespace, base_name(rendered)) if part)
