"""What one render produces for one cluster: objects with their place, and what the lock says of them."""

from __future__ import annotations

from typing import NewType

from msgspec import Struct, field

from sro_render.errors import Finding
from sro_render.model.objects import JsonObject, ObjectId

StateName = NewType("StateName", str)
"""`namespace`, `crds`, `pre-install`, a template's name without its ending, `stateless`, `post-install`."""


class RenderedObject(Struct, frozen=True, kw_only=True):
    """An object as it is written.

    kernel:    the kernel that it serves; empty for an object that is not kernel-affine.
    template:  Helm's name of the template that made it, empty for what the tool adds itself.
    users:     the SRs that render it alike, A-Z; empty where it is one SR's alone.
    """

    id: ObjectId
    manifest: JsonObject
    kernel: str = ""
    template: str = ""
    users: tuple[str, ...] = ()


class State(Struct, frozen=True, kw_only=True):
    """One step of an SR's way: its objects in the order in which they are applied."""

    name: StateName
    template: str = ""
    """The template's path in the chart, such as `templates/0000-a.yaml`; empty for our own states."""
    is_affine: bool = False
    objects: tuple[RenderedObject, ...] = ()


class RenderedResource(Struct, frozen=True, kw_only=True):
    """One SpecialResource, rendered: its states in the order in which they are applied."""

    name: str
    namespace: str
    states: tuple[State, ...]
    chart_name: str
    chart_version: str
    chart_digest: str
    kernels: tuple[str, ...] = ()
    """In byte order."""
    dependencies: tuple[str, ...] = ()
    """The SRs that come before this one, A-Z; only those that it names itself."""


class InputFile(Struct, frozen=True, kw_only=True):
    """An input as the lock names it. digest: `sha256:` and 64 hex digits, over the file's bytes."""

    path: str
    digest: str


class Bundle(Struct, frozen=True, kw_only=True):
    """One cluster's render. SRs in the order in which they are applied."""

    cluster: str
    resources: tuple[RenderedResource, ...]
    kernels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Each kernel that some SR selects, with the names of the selected nodes; both sorted."""
    removed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
