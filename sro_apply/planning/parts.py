"""A bundle as the applier sees it: SpecialResources, their states, and each state's objects by kernel.

Only data: what goes before what is decided in `order`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field

from sro_render.model.objects import JsonObject, ObjectId


class BundleObject(Struct, frozen=True, kw_only=True):
    """An object of a bundle.

    file: relative to the lock; kernel: empty for one that is not kernel-affine; sharers: the SRs that render
    it, where several do, A-Z.
    """

    id: ObjectId
    manifest: JsonObject
    file: str
    kernel: str = ""
    sharers: tuple[str, ...] = ()


class BundleState(Struct, frozen=True, kw_only=True):
    """A state with its objects in the order in which they are applied."""

    name: str
    objects: tuple[BundleObject, ...]


class BundleResource(Struct, frozen=True, kw_only=True):
    """A SpecialResource; `_shared` is one too, and comes before all others.

    states: in the order in which they are applied; dependencies: SRs that are finished before.
    """

    name: str
    namespace: str
    states: tuple[BundleState, ...]
    dependencies: tuple[str, ...] = ()

    @property
    def objects(self) -> tuple[BundleObject, ...]:
        """All of them, in order."""
        return tuple(each for state in self.states for each in state.objects)


class RenderedBundle(Struct, frozen=True, kw_only=True):
    """One cluster's bundle.

    kernels:   each kernel with the nodes that ran it when it was rendered.
    templates: of each SR and state the template as SRO writes it, `templates/0000-buildconfig.yaml`; states
    of our own, such as `namespace`, have none. States without objects are among them.
    removed:   SRs whose `managementState` is Removed.
    """

    cluster: str
    resources: tuple[BundleResource, ...]
    kernels: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    templates: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    removed: tuple[str, ...] = ()

    @property
    def objects(self) -> tuple[BundleObject, ...]:
        """All of them, in order."""
        return tuple(each for resource in self.resources for each in resource.objects)
