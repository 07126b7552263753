"""How a cluster stands against its bundle at one moment: what reports, labels and metrics are made of.

Only data. Whoever looks at the cluster makes one after each round; whoever reports reads nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field

from sro_apply.planning.progress import Status, StepKey
from sro_apply.planning.verdict import Readiness
from sro_render.errors import Finding
from sro_render.model.objects import JsonObject, ObjectId


class SeenObject(Struct, frozen=True, kw_only=True):
    """An object of the bundle as it was found.

    id:        with the namespace that it is applied to.
    sharers:   the SRs that render it, where several do, A-Z.
    live:      as the server has it; None where it is not there.
    readiness: None where nobody looked, since its step has not begun.
    reason:    why it is not ready.
    nodes:     those of the lock that it must run on, A-Z; only DaemonSets have any.
    fitting:   live ones that it should run on, A-Z, whether the lock has them or not.
    used:      those that its pods are on, A-Z; of DaemonSets, Deployments and StatefulSets.
    served:    those of `used` on which a pod is ready.
    running:   those of `used` on which a pod runs as far as its kubelet has said.
    fault:     why it could not be looked at, where no runner tells of that.
    """

    id: ObjectId
    sharers: tuple[str, ...] = ()
    live: JsonObject | None = None
    readiness: Readiness | None = None
    reason: str = ""
    nodes: tuple[str, ...] = ()
    fitting: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    served: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    fault: Finding | None = None


class SeenStep(Struct, frozen=True, kw_only=True):
    """A step as it was found. reason: why it is neither ready nor just begun; retry_s: until the next try."""

    key: StepKey
    status: Status
    objects: tuple[SeenObject, ...] = ()
    reason: str = ""
    retry_s: float | None = None


class SeenNode(Struct, frozen=True, kw_only=True):
    """A live node."""

    name: str
    kernel: str
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class SeenResource(Struct, frozen=True, kw_only=True):
    """A SpecialResource of the bundle; what several of them share is none.

    lanes: the kernels that it has objects for, in byte order; nodes: live ones that it takes, whatever their
    kernel, A-Z; held: live ones of which the bundle does not know how they stand, A-Z: those on which drivers
    run that it has no longer, or all where it was rendered without nodes or to nothing.
    """

    name: str
    lanes: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


class Picture(Struct, frozen=True, kw_only=True):
    """All of a bundle. steps: in the order of the plan; nodes: live ones, A-Z.

    templates: of each SR and state the template's name as SRO writes it, `templates/0000-buildconfig.yaml`;
    a state of our own, such as `namespace`, has none.
    removed:   SRs that the lock lists as removed, where nobody else takes their labels.
    kernels:   each kernel with the nodes that ran it when the bundle was rendered.
    """

    cluster: str
    steps: tuple[SeenStep, ...] = ()
    nodes: tuple[SeenNode, ...] = ()
    resources: tuple[SeenResource, ...] = ()
    kernels: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    templates: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    removed: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Why objects could not be looked at, each once."""
        found = (each.fault for step in self.steps for each in step.objects)
        return tuple(dict.fromkeys(each for each in found if each))
