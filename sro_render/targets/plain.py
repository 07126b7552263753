"""The target `plain`: manifests for kubectl, and for every tool that reads a kustomization.

Decides what the files of OUT/CLUSTER hold, the lock aside. `layout` decides where they lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sro_render.errors import Finding
from sro_render.model.bundle import Bundle
from sro_render.model.objects import JsonObject
from sro_render.targets.layout import KUSTOMIZATION, PlacedObject, PlacedState, place, share
from sro_render.targets.parts import ResourceParts
from sro_render.yamltext import writer


class PlainTarget:
    """Files and kustomizations are all there is: whoever applies them has the states as folders, in order."""

    name = "plain"
    is_split = False

    def dress(self, bundle: Bundle) -> Bundle:
        """See `Target`."""
        return bundle

    def undress(self, manifest: JsonObject) -> JsonObject:
        """See `Target`."""
        return manifest

    def own_files(self, cluster: str, resources: Sequence[ResourceParts]) -> Mapping[str, bytes]:  # noqa: ARG002
        """See `Target`."""
        return {}

    def findings(self, bundle: Bundle) -> tuple[Finding, ...]:  # noqa: ARG002
        """See `Target`."""
        return ()


def lay_out(bundle: Bundle, *, is_split: bool = False) -> dict[str, bytes]:
    """The files of a bundle: path relative to OUT/CLUSTER, with `/` between its parts, to content.

    Every folder has a `kustomization.yaml` that lists what it holds in the order of application, so
    that each of them can be built and applied by itself. Files come in the order of application too,
    a folder's kustomization before what it lists.

    Args:   is_split: as for `layout.place`.
    Raises: RenderError: `object-conflict`, as `layout.share` does; a bundle that went through it is
            laid out as it is.
    """
    resources = place(share(bundle), is_split=is_split)
    files = {KUSTOMIZATION: kustomization(resource.folder for resource in resources)}
    for resource in resources:
        states = resource.states
        files[f"{resource.folder}/{KUSTOMIZATION}"] = kustomization(state.folder for state in states)
        for state in states:
            _lay_out_state(files, f"{resource.folder}/{state.folder}", state)
    return files


def _lay_out_state(files: dict[str, bytes], folder: str, state: PlacedState) -> None:
    files[f"{folder}/{KUSTOMIZATION}"] = kustomization(
        (*(placed.file for placed in state.objects), *(kernel.folder for kernel in state.kernels))
    )
    _lay_out_objects(files, folder, state.objects)
    for kernel in state.kernels:
        inner = f"{folder}/{kernel.folder}"
        files[f"{inner}/{KUSTOMIZATION}"] = kustomization(placed.file for placed in kernel.objects)
        _lay_out_objects(files, inner, kernel.objects)


def _lay_out_objects(files: dict[str, bytes], folder: str, objects: Iterable[PlacedObject]) -> None:
    for placed in objects:
        files[f"{folder}/{placed.file}"] = writer.write(placed.object.manifest).encode()


def kustomization(names: Iterable[str]) -> bytes:
    """The kustomization of a folder: its files and folders in order.

    Kustomize sorts what it builds by kind unless `sortOptions` of the outermost kustomization says
    `fifo`, and any folder may be the outermost, so that each says it.
    """
    document: JsonObject = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(names),
        "sortOptions": {"order": "fifo"},
    }
    return writer.write(document).encode()
