"""What becomes of every node under every SpecialResource, as data; `kernels.coverage` defines the words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Status(StrEnum):
    """What becomes of a node that a SpecialResource selects; the module says what each means."""

    SERVED = "served"
    UNSERVED = "unserved"
    EXCLUDED = "excluded"
    FAILED = "failed"
    IDLE = "idle"


class Lack(StrEnum):
    """What is missing."""

    RENDER = "render"
    DRIVER = "driver"
    LABEL = "label"
    TOOLKIT = "toolkit"
    IMAGE = "image"
    BUILD = "build"
    SELECTOR = "selector"
    """A label or name that the chart's own selectors ask for: of excluded nodes."""


class Origin(StrEnum):
    """Where an image comes from, as far as a bundle tells."""

    BUILT = "built"
    UNBUILT = "unbuilt"
    """The bundle builds other tags of it, and not this one."""
    OF_KERNEL = "of-kernel"
    """It names the kernel, and nothing in the bundle builds it: a registry must have it."""
    COMMON = "common"
    """It names no kernel: the same for all of them."""
    EMPTY = "empty"


class Reason(Struct, frozen=True, order=True):
    """Why a node is not served. text: a clause for people."""

    lack: Lack
    text: str


class ImageUse(Struct, frozen=True, kw_only=True):
    """An image of a kernel's drivers. maker: the object that builds it, empty if none does."""

    image: str
    origin: Origin
    maker: str = ""


class Share(Struct, frozen=True, kw_only=True):
    """Nodes of one kernel that fare alike.

    nodes:   names A-Z.
    objects: ids of what will run there, in the order of application.
    images:  of these objects.
    awaits:  labels of nodes that some of these objects wait for.
    """

    nodes: tuple[str, ...]
    status: Status
    reasons: tuple[Reason, ...] = ()
    objects: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()


class KernelCoverage(Struct, frozen=True, kw_only=True):
    """One kernel of a SpecialResource.

    is_planned: no node runs it yet; then `shares` is empty.
    toolkit:    the driver toolkit's image, empty where there is none; `needs_toolkit`: it is built with one.
    builders:   ids of the kernel's objects that build images.
    lacks:      what its drivers lack, whatever the nodes.
    """

    kernel: str
    is_planned: bool
    toolkit: str = ""
    needs_toolkit: bool = False
    drivers: tuple[str, ...] = ()
    builders: tuple[str, ...] = ()
    images: tuple[ImageUse, ...] = ()
    lacks: tuple[Reason, ...] = ()
    shares: tuple[Share, ...] = ()

    def count(self, *statuses: Status) -> int:
        """How many nodes fare so."""
        return sum(len(share.nodes) for share in self.shares if share.status in statuses)


class ResourceCoverage(Struct, frozen=True, kw_only=True):
    """One SpecialResource; kernels in byte order. selector: the labels that it selects nodes by."""

    name: str
    selector: Mapping[str, str]
    kernels: tuple[KernelCoverage, ...]
    has_drivers: bool

    def count(self, *statuses: Status) -> int:
        """How many nodes fare so."""
        return sum(kernel.count(*statuses) for kernel in self.kernels)

    @property
    def wanted(self) -> int:
        """The nodes that it should serve: those that it selects and its chart does not exclude."""
        return self.count(Status.SERVED, Status.UNSERVED, Status.FAILED)


class Coverage(Struct, frozen=True, kw_only=True):
    """All SpecialResources and nodes of one cluster. nodes: name and kernel, A-Z."""

    resources: tuple[ResourceCoverage, ...] = ()
    nodes: tuple[tuple[str, str], ...] = ()

    def resource(self, name: str) -> ResourceCoverage | None:
        """One SpecialResource; None if it was not rendered at all."""
        return next((each for each in self.resources if each.name == name), None)
