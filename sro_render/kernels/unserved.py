"""The finding on nodes that a SpecialResource is for and does not serve.

Which nodes these are, and why, is decided in `coverage`; here it is told, all nodes of one SpecialResource
in one finding. A SpecialResource of which nothing could be rendered has an error instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sro_render.errors import Finding, some
from sro_render.model.coverage import KernelCoverage, Lack, ResourceCoverage, Share, Status
from sro_render.model.wording import name_some

MAX_NOTES = 10
MISSED = frozenset({Status.UNSERVED, Status.FAILED})

_HINTS: Mapping[Lack, str] = MappingProxyType(
    {
        Lack.RENDER: "see the errors of these kernels",
        Lack.DRIVER: "render a driver for these kernels too, or keep their nodes out with spec.nodeSelector",
        Lack.LABEL: "let node-feature-discovery label the nodes again, and take the snapshot again",
        Lack.TOOLKIT: "add the toolkits of these kernels to driverToolkits of a NodeInventory",
        Lack.IMAGE: "let each kernel's build push what its driver runs, with the kernel in the tag",
        Lack.BUILD: "let the build's nodeSelector select a node, or build outside of the cluster",
    }
)


def unserved_nodes(resource: ResourceCoverage) -> Iterator[Finding]:
    """One finding with all nodes that are not served, by kernel and reason.

    None for a SpecialResource without drivers: there, a kernel that failed lacks what serves no node.
    """
    missed = [
        (kernel, share) for kernel in resource.kernels for share in kernel.shares if share.status in MISSED
    ]
    if not missed or not resource.has_drivers:
        return
    count = sum(len(share.nodes) for _, share in missed)
    lacks = {reason.lack for _, share in missed for reason in share.reasons}
    verb = "is" if count == 1 else "are"
    yield Finding(
        code="node-unserved",
        message=f"{count} of {resource.wanted} {nodes_word(resource.wanted)} that {resource.name} is for "
        f"{verb} not served",
        subject=resource.name,
        notes=some([_note(kernel, share) for kernel, share in missed], MAX_NOTES),
        hint=_HINTS[lacks.pop()] if len(lacks) == 1 else "sro-render coverage lists what each node lacks",
    )


def nodes_word(count: int) -> str:
    """`node` or `nodes`."""
    return "node" if count == 1 else "nodes"


def _note(kernel: KernelCoverage, share: Share) -> str:
    reasons = "; ".join(reason.text for reason in share.reasons)
    return f"{name_some(share.nodes)} with kernel {kernel.kernel}: {reasons}"
