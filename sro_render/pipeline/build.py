"""All SRs of one cluster, to one bundle; what is wrong with one hides nothing of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain

from msgspec import Struct, field
from msgspec.structs import replace

from sro_render.charts.chart import Chart
from sro_render.charts.engine import Engine
from sro_render.errors import Finding, SroError, flatten
from sro_render.gotemplate.reads import Read
from sro_render.kernels.coverage import cover
from sro_render.kernels.grouping import KernelGroup
from sro_render.kernels.spec_places import place_in_spec
from sro_render.kernels.unserved import unserved_nodes
from sro_render.kernels.workloads import Expansion
from sro_render.kernels.written_objects import check_written
from sro_render.limits import Limits, TimeLimit
from sro_render.model.bundle import Bundle
from sro_render.model.coverage import Coverage
from sro_render.model.inventory import Inventory
from sro_render.model.options import RenderOptions
from sro_render.model.order import in_order
from sro_render.model.specialresource import ChartReference, ManagementState, SpecialResource
from sro_render.model.wording import wordlist
from sro_render.pipeline.accounts import Accounts
from sro_render.pipeline.origins import Origins
from sro_render.pipeline.resource import Progress, ResourceResult, render_resource, uses_toolkit

DEFAULT_CLUSTER = "cluster"


class Recipe(Struct, frozen=True, kw_only=True):
    """An SR and its chart.

    chart:     None where it is not needed or was not found.
    reference: what the chart was looked for by, where that is not `spec.chart` of the SR.
    is_sound:  whether what is rendered may be used; if not, an error about the SR was told already, and
               it is rendered for further ones alone.
    """

    resource: SpecialResource
    chart: Chart | None
    reference: ChartReference | None = None
    is_sound: bool = True

    @property
    def url(self) -> str:
        """The chart's repository, as the spec that asks for it names it."""
        return (self.reference or self.resource.chart).url


class Render(Struct, frozen=True, kw_only=True):
    """The outcome of one run.

    errors:    everything that is wrong; the bundle lacks what they concern.
    failed:    (SR, kernel) of what the bundle lacks; an empty kernel is the whole SR.
    unmanaged: SRs whose committed files stay as they are.
    groups:    the kernels of each SR, with their nodes.
    needs:     the SRs with those that come before each, failed and unmanaged ones too.
    coverage:  what becomes of each node.
    origins:   finds what wrote the objects of each SR; empty unless that was asked for.
    reads:     of each SR, which values its templates read, and where; empty unless that was asked for.
    accounts:  of each SR, what gives account of its objects; empty unless that was asked for.
    """

    bundle: Bundle
    errors: tuple[SroError, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    unmanaged: tuple[str, ...] = ()
    groups: Mapping[str, tuple[KernelGroup, ...]] = {}
    needs: Mapping[str, tuple[str, ...]] = {}
    coverage: Coverage = field(default_factory=Coverage)
    origins: Mapping[str, Origins] = {}
    reads: Mapping[str, tuple[Read, ...]] = {}
    accounts: Mapping[str, Accounts] = {}


def build(
    recipes: Sequence[Recipe],
    inventory: Inventory,
    options: RenderOptions,
    progress: Progress | None = None,
    time_limit: TimeLimit = nullcontext,
    *,
    with_origins: bool = False,
    with_reads: bool = False,
    with_accounts: bool = False,
) -> Render:
    """Render every SR for every kernel that its nodes run; dependencies first, else by name.

    Args:   time_limit: entered for each SR; ends one that takes too long, as an error of that SR.
            with_origins: keep what it takes to find the template's place that wrote a field.
            with_reads: keep which values the templates read; many times slower.
            with_accounts: keep what it takes to give account of the objects.
    """
    errors: list[SroError] = []
    findings: list[Finding] = []
    failed: list[tuple[str, str]] = []
    resources = []
    groups: dict[str, tuple[KernelGroup, ...]] = {}
    origins: dict[str, Origins] = {}
    reads: dict[str, tuple[Read, ...]] = {}
    accounts: dict[str, Accounts] = {}
    expansions: list[Expansion] = []
    named = {recipe.resource.name: recipe for recipe in recipes}
    needs = {name: each.resource.needs for name, each in sorted(named.items()) if not _is_removed(each)}
    dependents = rendered_dependents(recipes)
    for name in in_order(needs):
        recipe = named[name]
        resource = recipe.resource
        if resource.management_state is ManagementState.UNMANAGED:
            continue
        if recipe.chart is None:
            failed.append((name, ""))
            continue
        result = render_resource(
            resource,
            recipe.chart,
            inventory,
            options,
            progress,
            time_limit,
            with_origins=with_origins,
            with_reads=with_reads,
            with_accounts=with_accounts,
        )
        if result.accounts is not None:
            accounts[name] = result.accounts
        groups[name] = result.groups
        reads[name] = result.reads
        if result.origins is not None:
            origins[name] = result.origins
        wrong = [in_spec(error, resource) for error in result.errors]
        errors.extend(with_dependents(wrong, dependents.get(name, ())))
        findings.extend(replace(each, special_resource=name) for each in result.findings)
        if recipe.is_sound:
            expansions.append(_expansion(resource, recipe.chart, result, inventory))
        if result.rendered is None or not recipe.is_sound:
            failed.append((name, ""))
        else:
            resources.append(result.rendered)
            failed.extend((name, kernel) for kernel in sorted(result.failed))
    removed = sorted(name for name, each in named.items() if _is_removed(each))
    failed.extend((name, "") for name in removed if not named[name].is_sound)
    coverage = cover(expansions, inventory)
    findings.extend(_find_in_written(expansions, coverage, inventory, origins))
    bundle = Bundle(
        cluster=options.cluster or inventory.cluster.name or DEFAULT_CLUSTER,
        resources=tuple(resources),
        kernels=_nodes_by_kernel(groups.values()),
        removed=tuple(name for name in removed if named[name].is_sound),
        findings=tuple(findings),
    )
    return Render(
        bundle=bundle,
        errors=fold(errors),
        failed=tuple(failed),
        unmanaged=tuple(
            name
            for name in sorted(named)
            if named[name].resource.management_state is ManagementState.UNMANAGED
        ),
        groups=groups,
        needs=needs,
        coverage=coverage,
        origins=origins,
        reads=reads,
        accounts=accounts,
    )


def rendered_dependents(recipes: Iterable[Recipe]) -> Mapping[str, tuple[str, ...]]:
    """Each SR that others need, with those of them that are rendered, A-Z."""
    dependents: dict[str, set[str]] = {}
    for recipe in recipes:
        if recipe.chart is not None and recipe.is_sound:
            for name in recipe.resource.needs:
                dependents.setdefault(name, set()).add(recipe.resource.name)
    return {name: tuple(sorted(others)) for name, others in dependents.items()}


def with_dependents(errors: Sequence[SroError], dependents: Sequence[str]) -> Sequence[SroError]:
    """Errors of one SR, the first of which says that its dependents are rendered nevertheless."""
    if errors and dependents:
        finding = errors[0].finding
        verb = "is" if len(dependents) == 1 else "are"
        note = f"needed by {wordlist(dependents)}, which {verb} rendered all the same"
        errors[0].finding = replace(finding, notes=(*finding.notes, note))
    return errors


def _expansion(
    resource: SpecialResource, chart: Chart, result: ResourceResult, inventory: Inventory
) -> Expansion:
    # Without OpenShift there are no toolkits: a chart that can use one has another way there.
    may_lack = bool(inventory.toolkits or inventory.toolkit_tags) or inventory.cluster.platform == "OCP"
    return Expansion(
        name=resource.name,
        node_selector=resource.node_selector,
        groups=result.groups,
        rendered=result.rendered,
        uses_toolkit=may_lack and uses_toolkit(chart),
    )


def _find_in_written(
    expansions: Sequence[Expansion],
    coverage: Coverage,
    inventory: Inventory,
    origins: Mapping[str, Origins],
) -> Iterator[Finding]:
    """What the objects as they are written say of themselves, and of the nodes."""
    labels = frozenset(key for node in inventory.nodes for key in node.labels)
    for expansion, covered in zip(expansions, coverage.resources, strict=True):
        if expansion.rendered is not None:
            places = origins.get(expansion.name)
            place = places.place_of if places else None
            written = check_written(expansion.rendered, expansion.groups, labels, place)
            for finding in (*written, *unserved_nodes(covered)):
                yield replace(finding, special_resource=expansion.name)


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
    if finding.span is None and finding.path.startswith("spec"):
        place = place_in_spec(resource, finding.path.split("."))
        error.finding = replace(finding, span=place.span, path=place.path if place.span else finding.path)
    return error.about(resource.name)


def _is_removed(recipe: Recipe) -> bool:
    return recipe.resource.management_state is ManagementState.REMOVED


def _nodes_by_kernel(
    groups: Iterable[tuple[KernelGroup, ...]],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every kernel that some SR selects, with the selected nodes; both in byte order."""
    nodes: dict[str, set[str]] = {}
    for group in chain.from_iterable(groups):
        nodes.setdefault(group.kernel, set()).update(group.nodes)
    return tuple((kernel, tuple(sorted(nodes[kernel]))) for kernel in sorted(nodes, key=str.encode))


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
            more = dict.fromkeys(note for each in others for note in each.finding.notes)
            notes = (*finding.notes, *(note for note in more if note not in finding.notes))
            first.finding = replace(finding, notes=(*notes, f"the same in {shown}"))
        folded.append(first)
    return tuple(folded)
