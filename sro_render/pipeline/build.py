"""All SRs of one cluster, to one bundle; what is wrong with one hides nothing of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import chain

from sro_render.charts.chart import Chart
from sro_render.charts.engine import Engine
from sro_render.errors import Finding, InputError, SroError, flatten
from sro_render.gotemplate.reads import Read
from sro_render.kernels.grouping import KernelGroup
from sro_render.limits import Limits, TimeLimit
from sro_render.model.bundle import Bundle
from sro_render.model.inventory import Inventory
from sro_render.model.options import RenderOptions
from sro_render.model.specialresource import ManagementState, SpecialResource
from sro_render.pipeline.accounts import Accounts
from sro_render.pipeline.resource import Progress, render_resource
from sro_render.yamltext.reader import locate

DEFAULT_CLUSTER = "cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """An SR and its chart; None where the chart is not needed or was not found."""

    resource: SpecialResource
    chart: Chart | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """The outcome of one run.

    errors:    everything that is wrong; the bundle lacks what they concern.
    failed:    (SR, kernel) of what the bundle lacks; an empty kernel is the whole SR.
    unmanaged: SRs whose committed files stay as they are.
    groups:    the kernels of each SR, with their nodes.
    reads:     of each SR, which values its templates read, and where; empty unless that was asked for.
    accounts:  of each SR, what gives account of its objects; empty unless that was asked for.
    """

    bundle: Bundle
    errors: tuple[SroError, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    unmanaged: tuple[str, ...] = ()
    groups: Mapping[str, tuple[KernelGroup, ...]] = field(default_factory=dict)
    reads: Mapping[str, tuple[Read, ...]] = field(default_factory=dict)
    accounts: Mapping[str, Accounts] = field(default_factory=dict)


def build(
    recipes: Sequence[Recipe],
    inventory: Inventory,
    options: RenderOptions,
    progress: Progress | None = None,
    time_limit: TimeLimit = nullcontext,
    *,
    with_reads: bool = False,
    with_accounts: bool = False,
) -> Render:
    """Render every SR for every kernel that its nodes run; SRs in byte order of their names.

    Args:   time_limit: entered for each SR; ends one that takes too long, as an error of that SR.
            with_reads: keep which values the templates read; many times slower.
            with_accounts: keep what it takes to give account of the objects.
    """
    errors: list[SroError] = []
    findings: list[Finding] = []
    failed: list[tuple[str, str]] = []
    resources = []
    groups: dict[str, tuple[KernelGroup, ...]] = {}
    reads: dict[str, tuple[Read, ...]] = {}
    accounts: dict[str, Accounts] = {}
    for recipe in sorted(recipes, key=lambda each: each.resource.name):
        resource = recipe.resource
        if resource.management_state in {ManagementState.REMOVED, ManagementState.UNMANAGED}:
            continue
        if resource.dependencies:
            errors.append(in_spec(_dependencies(resource), resource))
        if recipe.chart is None or resource.dependencies:
            failed.append((resource.name, ""))
            continue
        result = render_resource(
            resource,
            recipe.chart,
            inventory,
            options,
            progress,
            time_limit,
            with_reads=with_reads,
            with_accounts=with_accounts,
        )
        if result.accounts is not None:
            accounts[resource.name] = result.accounts
        groups[resource.name] = result.groups
        reads[resource.name] = result.reads
        errors.extend(in_spec(error, resource) for error in result.errors)
        findings.extend(result.findings)
        if result.rendered is None:
            failed.append((resource.name, ""))
        else:
            resources.append(result.rendered)
            failed.extend((resource.name, kernel) for kernel in sorted(result.failed))
    bundle = Bundle(
        cluster=options.cluster or inventory.cluster.name or DEFAULT_CLUSTER,
        resources=tuple(resources),
        kernels=_nodes_by_kernel(groups.values()),
        removed=_named(recipes, ManagementState.REMOVED),
        findings=tuple(findings),
    )
    return Render(
        bundle=bundle,
        errors=fold(errors),
        failed=tuple(failed),
        unmanaged=_named(recipes, ManagementState.UNMANAGED),
        groups=groups,
        reads=reads,
        accounts=accounts,
    )


def check_charts(recipes: Iterable[Recipe], limits: Limits) -> tuple[SroError, ...]:
    """What is wrong with the charts whatever the nodes are: for when the nodes are not known."""
    errors: list[SroError] = []
    for recipe in recipes:
        if recipe.chart is not None:
            try:
                Engine(recipe.chart, limits).check(recipe.resource.set or {})
            except (SroError, ExceptionGroup) as error:
                errors.extend(in_spec(each, recipe.resource) for each in flatten(error))
    return fold(errors)


def in_spec(error: SroError, resource: SpecialResource) -> SroError:
    """The same error, placed in the SR's spec by its key path where it has no place yet."""
    finding = error.finding
    if finding.span is None and finding.path.startswith("spec") and resource.source is not None:
        path = [*resource.prefix, *finding.path.split(".")]
        span = locate(resource.source, path, resource.document)
        error.finding = replace(finding, span=span)
    return error.about(resource.name)


def _named(recipes: Sequence[Recipe], state: ManagementState) -> tuple[str, ...]:
    return tuple(sorted(each.resource.name for each in recipes if each.resource.management_state is state))


def _nodes_by_kernel(
    groups: Iterable[tuple[KernelGroup, ...]],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every kernel that some SR selects, with the selected nodes; both in byte order."""
    nodes: dict[str, set[str]] = {}
    for group in chain.from_iterable(groups):
        nodes.setdefault(group.kernel, set()).update(group.nodes)
    return tuple((kernel, tuple(sorted(nodes[kernel]))) for kernel in sorted(nodes, key=str.encode))


def _dependencies(resource: SpecialResource) -> InputError:
    names = ", ".join(str(each.chart) for each in resource.dependencies)
    return InputError(
        "dependencies-not-supported",
        f"{resource.name} depends on {names}, and dependencies are not rendered by this version",
        path="spec.dependencies",
        hint="write a SpecialResource for each dependency, and remove spec.dependencies",
    )


def fold(errors: Sequence[SroError]) -> tuple[SroError, ...]:
    """One error for those that differ only in subject: a template fails for every kernel alike."""
    groups: dict[tuple[object, ...], list[SroError]] = {}
    for error in errors:
        finding = error.finding
        place = (finding.span.source.name, finding.span.start) if finding.span else ()
        groups.setdefault((finding.code, finding.message, finding.path, *place), []).append(error)
    folded = []
    for same in groups.values():
        first, *others = same
        subjects = sorted({each.finding.subject for each in others} - {first.finding.subject})
        if subjects:
            shown = ", ".join(subjects[:3]) + (f" and {len(subjects) - 3} more" if len(subjects) > 3 else "")
            finding = first.finding
            first.finding = replace(finding, notes=(*finding.notes, f"the same in {shown}"))
        folded.append(first)
    return tuple(folded)
