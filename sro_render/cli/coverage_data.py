"""Coverage for programs: every node under every SpecialResource. Keys are stable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sro_render.model.coverage import (
    Coverage,
    ImageUse,
    KernelCoverage,
    Reason,
    ResourceCoverage,
    Share,
    Status,
)


def coverage_mapping(coverage: Coverage) -> dict[str, object]:
    """The SpecialResources with their kernels, and the nodes with what becomes of each."""
    return {
        "specialResources": [_resource(each) for each in coverage.resources],
        "nodes": list(_nodes(coverage)),
    }


def coverage_counts(resource: ResourceCoverage) -> dict[str, int]:
    """How many nodes fare how."""
    return {status.value: resource.count(status) for status in Status}


def share_mapping(share: Share) -> dict[str, object]:
    """Nodes that fare alike."""
    return {"nodes": list(share.nodes), **_fate(share)}


def reason_mapping(reason: Reason) -> dict[str, str]:
    """Why a node is not served."""
    return {"lack": reason.lack.value, "text": reason.text}


def _fate(share: Share) -> dict[str, object]:
    return {
        "status": share.status.value,
        "reasons": [reason_mapping(reason) for reason in share.reasons],
        "objects": list(share.objects),
        "images": list(share.images),
        "awaits": list(share.awaits),
    }


def _resource(resource: ResourceCoverage) -> dict[str, object]:
    return {
        "name": resource.name,
        "nodeSelector": dict(resource.selector),
        "hasDrivers": resource.has_drivers,
        "nodes": coverage_counts(resource),
        "kernels": [_kernel(each) for each in resource.kernels],
    }


def _kernel(kernel: KernelCoverage) -> dict[str, object]:
    return {
        "kernel": kernel.kernel,
        "planned": kernel.is_planned,
        "driverToolkit": kernel.toolkit,
        "needsToolkit": kernel.needs_toolkit,
        "drivers": list(kernel.drivers),
        "builders": list(kernel.builders),
        "images": [_image(each) for each in kernel.images],
        "lacks": [reason_mapping(reason) for reason in kernel.lacks],
        "nodes": {status.value: kernel.count(status) for status in Status},
    }


def _image(use: ImageUse) -> dict[str, str]:
    return {"image": use.image, "origin": use.origin.value, "builder": use.maker}


def _nodes(coverage: Coverage) -> Iterator[dict[str, object]]:
    fates: dict[str, dict[str, dict[str, object]]] = {}
    for resource in coverage.resources:
        for kernel in resource.kernels:
            for share in kernel.shares:
                # One mapping for all nodes that fare alike: there may be thousands.
                fate = {"name": resource.name, "selected": True, "driverToolkit": kernel.toolkit}
                _note(fates, share.nodes, resource.name, fate | _fate(share))
    names = [resource.name for resource in coverage.resources]
    unselected = {name: {"name": name, "selected": False} for name in names}
    for node, running in coverage.nodes:
        known: Mapping[str, dict[str, object]] = fates.get(node, {})
        yield {"name": node, "kernel": running, "specialResources": _in_order(names, known, unselected)}


def _note(
    fates: dict[str, dict[str, dict[str, object]]],
    nodes: Iterable[str],
    resource: str,
    fate: dict[str, object],
) -> None:
    for node in nodes:
        fates.setdefault(node, {})[resource] = fate


def _in_order(
    names: Sequence[str],
    known: Mapping[str, dict[str, object]],
    unselected: Mapping[str, Mapping[str, object]],
) -> list[object]:
    return [known.get(name, unselected[name]) for name in names]
