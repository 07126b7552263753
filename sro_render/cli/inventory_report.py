"""Snapshots and their differences in print: tables for people, on 100 columns, and JSON for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from sro_render.cli.report import count, json_text
from sro_render.cli.talk import printable
from sro_render.kernels.inventory_diff import Change, InventoryDiff
from sro_render.kernels.inventory_summary import KernelRow, Summary, system_name
from sro_render.model.inventory import DriverToolkit
from sro_render.review.records import finding_mapping

WIDTH = 100
_KERNEL_WIDTH = 44
"""A longer kernel has a line for itself: it may have 64 characters."""
_DIGEST_SHOWN = 19
"""`sha256:` and twelve digits, as docker and podman show them."""


# -- show


def show_text(summary: Summary) -> str:
    """What the snapshot says, then what it lacks."""
    # Where nothing is built in a toolkit, there is no need to say so for each kernel.
    has_toolkits = any(row.toolkit for row in summary.kernels)
    has_toolkits |= any(lack.code == "driver-toolkit" for lack in summary.lacks)
    lines = [_headline(summary), "", *_table(summary.kernels, has_toolkits=has_toolkits), ""]
    for label, counts in (
        ("system", summary.systems),
        ("architecture", summary.architectures),
        ("role", summary.roles),
    ):
        shown = [f"{value or 'unknown'} {number}" for value, number in counts.items()]
        if shown:
            lines.extend(_wrapped(f"{label:<14}", shown))
    if summary.lacks:
        lines += ["", "What the snapshot lacks:"]
    for lack in summary.lacks:
        lines.extend(_paragraph("- ", lack.message))
        lines.extend(_paragraph("  > ", lack.hint))
    return "".join(f"{printable(line).rstrip()}\n" for line in lines)


def _headline(summary: Summary) -> str:
    cluster = summary.cluster
    running = sum(1 for row in summary.kernels if row.nodes)
    planned = len(summary.kernels) - running
    parts = [
        f"OpenShift {cluster.version}" if cluster.version else "",
        f"Kubernetes {cluster.kubernetes_version}" if cluster.kubernetes_version else "",
        f"{count(summary.node_count, 'node')} on {count(running, 'kernel')}",
        f"{count(planned, 'planned kernel')}" if planned else "",
    ]
    return f"{cluster.name or 'cluster'}: {', '.join(part for part in parts if part)}"


def _table(rows: Sequence[KernelRow], *, has_toolkits: bool) -> Iterator[str]:
    """A line for each kernel, with its nodes and its toolkit below."""
    head = ("KERNEL", "NODES", "ARCHITECTURE", "SYSTEM")
    cells = [
        (
            str(row.kernel),
            str(len(row.nodes)) if row.nodes else "planned",
            ", ".join(row.architectures) or "unknown",
            ", ".join(map(system_name, row.systems)) or "unknown",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    widths[0] = min(widths[0], _KERNEL_WIDTH)
    yield _table_line(head, widths)
    for row, (kernel, *others) in zip(rows, cells, strict=True):
        is_long = len(kernel) > widths[0]
        if is_long:
            yield kernel
        yield _table_line(("" if is_long else kernel, *others), widths)
        if row.nodes:
            yield from _names("    nodes    ", row.nodes)
            roles = [f"{role} {number}" for role, number in row.roles.items()]
            yield from _wrapped("    roles    ", roles)
        if has_toolkits:
            yield f"    toolkit  {_toolkit(row.toolkit)}"


def _table_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    kernel, nodes, *others = cells
    rest = "  ".join(f"{cell:<{width}}" for cell, width in zip(others, widths[2:], strict=True))
    return f"{kernel:<{widths[0]}}  {nodes:>{widths[1]}}  {rest}"


def _toolkit(toolkit: DriverToolkit | None) -> str:
    if toolkit is None:
        return "none"
    by = f"by tag {toolkit.tag}" if toolkit.tag else "by kernel"
    return f"{_short_image(toolkit.image, WIDTH - 16 - len(by))} ({by})"


def _short_image(image: str, width: int) -> str:
    """An image's reference with the beginning of its digest; if that is too long, its end."""
    name, at, digest = image.partition("@")
    short = f"{name}{at}{digest[:_DIGEST_SHOWN]}"
    return short if len(short) <= width else f"…{short[1 - width :]}"


def _names(label: str, names: Sequence[str]) -> Iterator[str]:
    """One line of names, as many as fit, then how many more there are."""
    room = WIDTH - len(label) - len(" and 99999 more")
    shown: list[str] = []
    for name in names:
        if shown and len(", ".join([*shown, name])) > room:
            break
        shown.append(name)
    rest = len(names) - len(shown)
    yield f"{label}{', '.join(shown)}{f' and {rest} more' if rest else ''}"


def _wrapped(label: str, parts: Sequence[str]) -> list[str]:
    return _paragraph(label, ", ".join(parts))


def _paragraph(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )


def show_json(summary: Summary) -> str:
    """The same for programs, with all names. Keys are stable; the command's help lists them."""
    cluster = summary.cluster
    return json_text(
        {
            "cluster": {
                "name": cluster.name,
                "version": cluster.version,
                "kubernetesVersion": cluster.kubernetes_version,
                "platform": cluster.platform,
            },
            "nodes": summary.node_count,
            "kernels": list(map(_kernel_mapping, summary.kernels)),
            "systems": dict(summary.systems),
            "architectures": dict(summary.architectures),
            "roles": dict(summary.roles),
            "lacks": [
                {"code": lack.code, "message": lack.message, "hint": lack.hint} for lack in summary.lacks
            ],
            "findings": list(map(finding_mapping, summary.findings)),
        }
    )


def _kernel_mapping(row: KernelRow) -> dict[str, object]:
    toolkit = row.toolkit
    return {
        "kernel": row.kernel,
        "planned": not row.nodes,
        "nodes": list(row.nodes),
        "architectures": list(row.architectures),
        "systems": [
            {"id": each.id, "version": each.version, "release": each.release} for each in row.systems
        ],
        "roles": dict(row.roles),
        "driverToolkit": {**_toolkit_mapping(toolkit), "tag": toolkit.tag} if toolkit else None,
    }


def _toolkit_mapping(toolkit: DriverToolkit) -> dict[str, object]:
    return {
        "image": toolkit.image,
        "kernelFullVersion": toolkit.kernel,
        "rtKernelFullVersion": toolkit.rt_kernel,
        "osVersion": toolkit.os_version,
        "architecture": toolkit.architecture,
    }


# -- diff


def diff_text(diff: InventoryDiff) -> str:
    """What comes (+), what goes (-) and what changes (~), each with its nodes."""
    lines: list[str] = []
    for sign, kernels in (("+", diff.kernels_added), ("-", diff.kernels_removed)):
        for kernel in kernels:
            lines.append(f"{sign} kernel {kernel.kernel}: {count(len(kernel.nodes), 'node')}")
            lines.extend(_names("    ", kernel.nodes))
    lines.extend(f"+ planned kernel {kernel}" for kernel in diff.planned_added)
    lines.extend(f"- planned kernel {kernel}" for kernel in diff.planned_removed)
    for sign, nodes in (("+", diff.nodes_added), ("-", diff.nodes_removed)):
        by_kernel: dict[str, list[str]] = {}
        for node in nodes:
            by_kernel.setdefault(node.kernel, []).append(node.node)
        for name, members in by_kernel.items():
            lines.append(f"{sign} {count(len(members), 'node')} with kernel {name}")
            lines.extend(_names("    ", members))
    for change in diff.nodes_changed:
        lines.append(f"~ {_change(change)}: {count(len(change.nodes), 'node')}")
        lines.extend(_names("    ", change.nodes))
    for sign, toolkits in (("+", diff.toolkits_added), ("-", diff.toolkits_removed)):
        for toolkit in toolkits:
            kernels_of = " and ".join(each for each in (toolkit.kernel, toolkit.rt_kernel) if each)
            image = _short_image(toolkit.image, WIDTH)
            lines.append(f"{sign} driver toolkit {image}{f' for {kernels_of}' if kernels_of else ''}")
    lines.extend(f"~ driver toolkit's tag {_change(change)}" for change in diff.tags_changed)
    lines.extend(f"~ cluster's {_change(change)}" for change in diff.cluster_changed)
    return "".join(f"{printable(line)}\n" for line in lines)


def _change(change: Change) -> str:
    before, after = (
        _short_image(each, WIDTH) if "@" in each else each for each in (change.before, change.after)
    )
    return f"{change.fact} {before or 'none'} -> {after or 'none'}"


def diff_json(diff: InventoryDiff) -> str:
    """The same for programs, with all names. Keys are stable; the command's help lists them."""
    return json_text(
        {
            "kernelsAdded": [
                {"kernel": each.kernel, "nodes": list(each.nodes)} for each in diff.kernels_added
            ],
            "kernelsRemoved": [
                {"kernel": each.kernel, "nodes": list(each.nodes)} for each in diff.kernels_removed
            ],
            "plannedAdded": list(diff.planned_added),
            "plannedRemoved": list(diff.planned_removed),
            "nodesAdded": [{"node": each.node, "kernel": each.kernel} for each in diff.nodes_added],
            "nodesRemoved": [{"node": each.node, "kernel": each.kernel} for each in diff.nodes_removed],
            "nodesChanged": [
                {**_change_mapping(each), "nodes": list(each.nodes)} for each in diff.nodes_changed
            ],
            "toolkitsAdded": list(map(_toolkit_mapping, diff.toolkits_added)),
            "toolkitsRemoved": list(map(_toolkit_mapping, diff.toolkits_removed)),
            "tagsChanged": list(map(_change_mapping, diff.tags_changed)),
            "clusterChanged": list(map(_change_mapping, diff.cluster_changed)),
        }
    )


def _change_mapping(change: Change) -> Mapping[str, object]:
    return {"fact": change.fact, "before": change.before, "after": change.after}
