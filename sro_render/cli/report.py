"""The report of a build, for people and for programs: what will run on which nodes, what was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from sro_render.cli.coverage_data import coverage_counts, share_mapping
from sro_render.cli.talk import printable
from sro_render.edges.bundles import Written
from sro_render.errors import Finding
from sro_render.kernels.affinity import kernel_suffix
from sro_render.model.bundle import RenderedResource
from sro_render.model.coverage import Status
from sro_render.model.wording import wordlist
from sro_render.pipeline.build import Render
from sro_render.review.records import finding_mapping

MAX_KERNELS_SHOWN = 20


def count(number: int, what: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def text_report(render: Render, written: Written) -> str:
    """Each SR with its kernels and nodes, then what happened to the files."""
    lines: list[str] = []
    for resource in render.bundle.resources:
        lines.append(
            f"{resource.name}: chart {resource.chart_name} {resource.chart_version}, "
            f"namespace {resource.namespace}, {count(len(resource.kernels), 'kernel')}"
            f"{_served(render, resource.name)}"
        )
        lines.extend(_kernel_lines(render, resource))
    lines.extend(f"{name}: removed, nothing rendered" for name in render.bundle.removed)
    lines.extend(f"{name}: unmanaged, left as it is" for name in render.unmanaged)
    stale = {(entry.special_resource, entry.kernel) for entry in written.stale}
    for name, kernel in written.failed:
        if (name, kernel) not in stale:
            what = f"kernel {kernel} " if kernel else ""
            lines.append(f"{name}: {what}failed, and has no files{_needed_by(render, name)}")
    for entry in written.stale:
        what = f"kernel {entry.kernel}" if entry.kernel else "everything"
        needed = _needed_by(render, entry.special_resource)
        lines.append(
            f"{entry.special_resource}: {what} is stale, {count(len(entry.files), 'file')} kept{needed}"
        )
    change = written.change
    place = written.place
    if change:
        lines.append(
            f"{place}: {len(change.created)} created, {len(change.updated)} updated, "
            f"{len(change.removed)} removed, {len(change.unchanged)} unchanged"
        )
    else:
        lines.append(f"{place}: up to date, {count(len(change.unchanged), 'file')}")
    return "".join(f"{printable(line)}\n" for line in lines)


def _needed_by(render: Render, name: str) -> str:
    """Who was rendered although what it needs failed; empty where nobody was."""
    others = sorted(each.name for each in render.bundle.resources if name in each.dependencies)
    return f"; needed by {wordlist(others)}" if others else ""


def _served(render: Render, name: str) -> str:
    """How many of the nodes that an SR is for it serves, where it has something that serves."""
    covered = render.coverage.resource(name)
    if covered is None or not covered.has_drivers or not covered.wanted:
        return ""
    return f", {covered.count(Status.SERVED)} of {count(covered.wanted, 'node')} served"


def _kernel_lines(render: Render, resource: RenderedResource) -> Iterator[str]:
    objects = _objects_by_kernel(resource)
    groups = [group for group in render.groups.get(resource.name, ()) if group.kernel in resource.kernels]
    shown = groups[:MAX_KERNELS_SHOWN]
    width = max((len(group.kernel) for group in shown), default=0)
    for group in shown:
        nodes = count(len(group.nodes), "node") if group.nodes else "planned"
        made = count(objects.get(group.kernel, 0), "object")
        yield f"  {group.kernel:<{width}}  {nodes}, {made}"
    if len(groups) > len(shown):
        yield f"  and {len(groups) - len(shown)} more kernels"


def _objects_by_kernel(resource: RenderedResource) -> dict[str, int]:
    objects: dict[str, int] = {}
    for state in resource.states:
        for each in state.objects:
            if each.kernel:
                objects[each.kernel] = objects.get(each.kernel, 0) + 1
    return objects


def report_mapping(
    render: Render | None,
    written: Written | None,
    errors: Sequence[Finding],
    findings: Sequence[Finding],
    more: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The same, with every error and finding, for programs. Keys are stable. Args: more: further keys."""
    document: dict[str, object] = {
        "written": written is not None,
        "errors": [finding_mapping(error) for error in errors],
        "findings": [finding_mapping(finding) for finding in findings],
    }
    if render is not None and written is not None:
        change = written.change
        document |= {
            "cluster": render.bundle.cluster,
            "folder": written.place,
            "specialResources": [_resource(render, each) for each in render.bundle.resources],
            "removed": list(render.bundle.removed),
            "unmanaged": list(render.unmanaged),
            "stale": [
                {"specialResource": each.special_resource, "kernel": each.kernel, "files": list(each.files)}
                for each in written.stale
            ],
            "files": {
                "created": list(change.created),
                "updated": list(change.updated),
                "removed": list(change.removed),
                "unchanged": list(change.unchanged),
            },
        }
    return document | dict(more or {})


def json_text(document: dict[str, object]) -> str:
    """A report as it is printed."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def _resource(render: Render, resource: RenderedResource) -> dict[str, object]:
    objects = _objects_by_kernel(resource)
    covered = render.coverage.resource(resource.name)
    shares = {each.kernel: each.shares for each in covered.kernels} if covered else {}
    return {
        "name": resource.name,
        "namespace": resource.namespace,
        "dependencies": list(resource.dependencies),
        "chart": {
            "name": resource.chart_name,
            "version": resource.chart_version,
            "digest": resource.chart_digest,
        },
        "states": [
            {"name": state.name, "affine": state.is_affine, "objects": len(state.objects)}
            for state in resource.states
            if state.objects
        ],
        "nodes": coverage_counts(covered) if covered else {},
        "kernels": [
            {
                "kernel": group.kernel,
                "suffix": kernel_suffix(group.system.version, group.kernel),
                "nodes": list(group.nodes),
                "objects": objects.get(group.kernel, 0),
                "driverToolkit": group.toolkit.image if group.toolkit else "",
                "coverage": [share_mapping(each) for each in shares.get(group.kernel, ())],
            }
            for group in render.groups.get(resource.name, ())
            if group.kernel in resource.kernels
        ],
    }
