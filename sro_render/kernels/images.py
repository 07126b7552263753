"""Images: which ones pods run, which builds make them, and what of that a bundle says.

Decides what builds an image and whether a reference names a kernel. What that means for a node is
decided in `coverage`. Whether a registry has an image is never asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from sro_render.kernels.affinity import pod_spec_path
from sro_render.kernels.facts import kernel_patch_version
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, object_id, text_of

_INTERNAL = "image-registry.openshift-image-registry.svc:5000/"
# OpenShift's own registry: its names inside the cluster, the last two until OpenShift 3.11.
_INTERNAL_NAMES = (
    "image-registry.openshift-image-registry.svc.cluster.local:5000/",
    _INTERNAL,
    "docker-registry.default.svc.cluster.local:5000/",
    "docker-registry.default.svc:5000/",
)
_CONTAINERS = ("initContainers", "containers")


class Builder(Struct, frozen=True, kw_only=True):
    """An object that makes images.

    outputs: references that it pushes to, as `image_reference` writes them.
    texts:   what a Job's containers are told, where the reference that it pushes to is somewhere inside.
    """

    outputs: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()

    def makes(self, image: str) -> bool:
        """Whether it makes the image."""
        return image in self.outputs or (
            bool(image) and any(_names(text, image.removesuffix(":latest")) for text in self.texts)
        )


class BuilderIndex(Struct):
    """All builders of a bundle, by what they make. A builder is known by its object's id and its kernel."""

    _by_output: dict[str, dict[str, str]] = {}
    _repositories: set[str] = set()
    _jobs: dict[str, list[tuple[str, Builder]]] = {}
    _known: dict[tuple[str, str], str] = {}

    def add(self, identity: str, builder: Builder, kernel: str = "") -> None:
        """Keep a builder; `kernel` is empty for one that is there once."""
        for output in builder.outputs:
            self._by_output.setdefault(output, {}).setdefault(kernel, identity)
            self._repositories.add(repository_of(output))
        if builder.texts:
            self._jobs.setdefault(kernel, []).append((identity, builder))

    def maker_of(self, image: str, kernel: str) -> str:
        """The object that makes an image for a kernel, one of its own if there is any; else empty."""
        known = self._known.get((image, kernel))
        if known is None:
            known = self._known[image, kernel] = self._find_maker(image, kernel)
        return known

    def _find_maker(self, image: str, kernel: str) -> str:
        pushed = self._by_output.get(image, {})
        own = pushed.get(kernel) or pushed.get("")
        if own:
            return own
        # A Job of another kernel would push an image of its own, if the name says of which kernel it is.
        kernels = (kernel, "") if names_kernel(image, kernel) else (kernel, "", *self._jobs)
        jobs = (job for each in kernels for job in self._jobs.get(each, ()))
        return next((identity for identity, job in jobs if job.makes(image)), next(iter(pushed.values()), ""))

    def kernels_of(self, image: str) -> tuple[str, ...]:
        """The kernels whose builds push an image: of several, the last one to push wins."""
        return tuple(kernel for kernel in self._by_output.get(image, ()) if kernel)

    def should_make(self, image: str, kernel: str) -> bool:
        """Whether this tag is the builders' to make: they push others, and it says that it is one of them.

        In a registry outside of the cluster a repository may hold all kinds of images.
        """
        is_theirs = image.startswith(_INTERNAL) or names_kernel(image, kernel)
        return is_theirs and repository_of(image) in self._repositories


def builder_of(manifest: JsonObject) -> Builder | None:
    """What an object builds: BuildConfigs, Shipwright's Builds, and Jobs that are told where to push."""
    identity = object_id(manifest)
    spec = mapping_of(manifest.get("spec"))
    output = mapping_of(spec.get("output"))
    if identity.kind == "BuildConfig":
        to = mapping_of(output.get("to"))
        name = text_of(to.get("name"))
        if text_of(to.get("kind")) == "ImageStreamTag" and name:
            namespace = text_of(to.get("namespace")) or identity.namespace
            name = f"{_INTERNAL}{namespace}/{name}"
        return Builder(outputs=frozenset({image_reference(name)} - {""}))
    if identity.kind == "Build" and identity.group == "shipwright.io":
        return Builder(outputs=frozenset({image_reference(text_of(output.get("image")))} - {""}))
    if identity.kind == "Job":
        return Builder(texts=tuple(_told(manifest)))
    return None


def images_of(manifest: JsonObject) -> tuple[str, ...]:
    """The images that a workload's pods run, each once, init containers first."""
    containers = _containers(manifest)
    return tuple(dict.fromkeys(image_reference(text_of(each.get("image"))) for each in containers))


def image_reference(text: str) -> str:
    """A reference with one name for the cluster's own registry, and with its tag."""
    reference = _with_one_registry(text)
    return reference if not reference or _has_tag(reference) else f"{reference}:latest"


def repository_of(reference: str) -> str:
    """The reference without tag and digest."""
    name = reference.partition("@")[0]
    return name.rpartition(":")[0] if _has_tag(name) else name


def names_kernel(reference: str, kernel: str) -> bool:
    """Whether a tag or name says which kernel it is for, in whatever spelling tags allow."""
    spelt = _plain(reference)
    return any(f"-{_plain(each)}-" in f"-{spelt}-" for each in (kernel, kernel_patch_version(kernel)))


def _plain(text: str) -> str:
    # A tag such as v4.18.0 begins with a letter of its own.
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<![a-z0-9])v(?=[0-9])", "", text.lower())).strip("-")


def _names(text: str, image: str) -> bool:
    """Whether a text has the reference, and not only a longer one that begins with it."""
    return re.search(rf"(?<![-\w./]){re.escape(image)}(?![-\w.])", text) is not None


def _has_tag(reference: str) -> bool:
    return "@" in reference or ":" in reference.rpartition("/")[2]


def _containers(manifest: JsonObject) -> Iterator[JsonObject]:
    path = pod_spec_path(text_of(manifest.get("kind")))
    spec: JsonObject = manifest if path else {}
    for key in path or ():
        spec = mapping_of(spec.get(key))
    for name in _CONTAINERS:
        given = spec.get(name)
        yield from map(mapping_of, given if isinstance(given, list) else ())


def _told(manifest: JsonObject) -> Iterator[str]:
    """Commands, arguments and variables of a Job's containers: there it is said what to build."""
    for container in _containers(manifest):
        for name in ("command", "args"):
            given = container.get(name)
            yield from _texts(given if isinstance(given, list) else ())
        variables = container.get("env")
        entries = map(mapping_of, variables if isinstance(variables, list) else ())
        yield from _texts(each.get("value") for each in entries)


def _texts(values: Iterable[JsonValue]) -> Iterator[str]:
    return (_with_one_registry(each) for each in values if isinstance(each, str))


def _with_one_registry(text: str) -> str:
    for name in _INTERNAL_NAMES:
        text = text.replace(name, _INTERNAL)
    return text


def holds_text(value: JsonValue | Mapping[str, JsonValue], text: str) -> bool:
    """Whether a text is part of any string in a value."""
    match value:
        case str():
            return text in value
        case list():
            return any(holds_text(each, text) for each in value)
        case Mapping():
            return any(holds_text(each, text) for each in value.values())
        case _:
            return False
