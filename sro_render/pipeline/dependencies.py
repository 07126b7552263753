"""Dependencies: which SRs there are beside those that specs describe, with what values, in which chart.

Decides what the SR of a dependency is: one of that name among the specs, else the one that the chart brings
along, else one made of the chart alone; and what its dependents may say of it together. Where charts lie and
how their files are read is for the caller. Everything that is wrong is collected.
Source: special-resource-operator controllers/specialresource.go SpecialResourcesReconcile,
getDependencyFrom, createSpecialResourceFrom. Differs: any depth in one run, where SRO needs one run of its
loop for each level; `set` of several dependents is merged, where the last one overwrites the others and the
SR's own; circles are errors; an SR that is Unmanaged or Removed is so as a dependency too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from sro_render.charts.chart import Chart
from sro_render.errors import InputError, SroError, flatten
from sro_render.kernels.spec_places import place_in_spec
from sro_render.model.chart_lock import repository_of
from sro_render.model.objects import JsonObject
from sro_render.model.specialresource import (
    API_VERSION,
    KIND,
    ChartReference,
    Dependency,
    Graft,
    ManagementState,
    SpecialResource,
)
from sro_render.model.wording import format_path
from sro_render.pipeline.build import Recipe, in_spec, rendered_dependents, with_dependents
from sro_render.pipeline.merged_sets import Part, merge_sets
from sro_render.source import Span
from sro_render.validation import check_object

_RENDERED = frozenset({ManagementState.MANAGED, ManagementState.FORCE})


class Charts(Protocol):
    """What the resolver asks its caller for."""

    def find(self, reference: ChartReference) -> Chart:
        """The chart that a reference means.

        Raises: ChartError, or a group of them.
        """
        ...

    def own_spec(self, chart: Chart) -> SpecialResource | None:
        """The SR that a chart brings along in `NAME.yaml` beside its Chart.yaml.

        Raises: InputError, or a group of them.
        """
        ...


class Need(Struct, frozen=True, kw_only=True):
    """A chart that an SR needs before its own: one entry of `spec.dependencies`."""

    owner: SpecialResource
    index: int

    @property
    def dependency(self) -> Dependency:
        """The entry."""
        return self.owner.dependencies[self.index]

    @property
    def reference(self) -> ChartReference:
        """The chart of the entry."""
        return self.dependency.chart

    @property
    def path(self) -> tuple[str | int, ...]:
        """The entry's key path in its owner."""
        return ("spec", "dependencies", self.index)

    def span(self, *inside: str) -> Span | None:
        """The place of a key path in the entry; of a value where it is a name."""
        return place_in_spec(self.owner, (*self.path, *inside), value=inside[-1:] == ("name",)).span

    def place(self, error: SroError) -> SroError:
        """An error about the chart, at its place in the owner's spec."""
        finding = error.finding
        if finding.span is None and finding.path.startswith("spec.chart"):
            path = (*self.path, *finding.path.split(".")[1:])
            place = place_in_spec(self.owner, path)
            error.finding = replace(finding, path=place.path, span=place.span)
        return in_spec(error, self.owner)


class Resolution(Struct, frozen=True, kw_only=True):
    """Every SR with its chart, by name, and everything that is wrong."""

    recipes: tuple[Recipe, ...]
    errors: tuple[SroError, ...]


def resolve(
    specs: Iterable[SpecialResource],
    charts: Charts,
    *,
    broken: Collection[str] = (),
    is_complete: bool = True,
) -> Resolution:
    """Find the charts of SRs, and the SRs and charts of whatever they need, at any depth.

    Args: broken: names of SRs whose specs have faults; nobody else's SR takes their place.
          is_complete: whether specs and `broken` name every SR; if not, one made up here may be another
          than that of the specs, and is rendered for its errors alone.
    """
    resolver = _Resolver(charts, frozenset(broken), is_complete=is_complete)
    resolver.run(sorted(specs, key=lambda each: each.name))
    recipes = tuple(resolver.recipes[name] for name in sorted(resolver.recipes))
    dependents = rendered_dependents(recipes)
    for name, errors in resolver.errors.items():
        with_dependents(errors, dependents.get(name, ()))
    return Resolution(
        recipes=recipes, errors=tuple(error for errors in resolver.errors.values() for error in errors)
    )


class _Resolver:
    """Finds SR after SR; a name that is known is not looked for again, so that circles end."""

    def __init__(self, charts: Charts, broken: frozenset[str], *, is_complete: bool) -> None:
        self.charts = charts
        self.broken = broken
        self.is_complete = is_complete
        self.recipes: dict[str, Recipe] = {}
        self.needs: dict[str, list[Need]] = {}
        self.errors: dict[str, list[SroError]] = {}
        """By the SR that fails for them."""

    def run(self, specs: Sequence[SpecialResource]) -> None:
        for resource in specs:
            self.add(Recipe(resource=resource, chart=self.chart_of(resource)))
        while missing := sorted(self.needs.keys() - self.recipes.keys() - self.broken):
            for name in missing:
                self.add(self.implied(name))
        for needs in self.needs.values():
            needs.sort(key=lambda need: (need.owner.name, need.index))
        for name in sorted(self.needs.keys() - self.broken):
            self.check(name)
        self.check_circles()

    def add(self, recipe: Recipe) -> None:
        """Take an SR in, and note what it needs. What is Removed needs nothing any more."""
        resource = recipe.resource
        self.recipes[resource.name] = recipe
        if resource.management_state is not ManagementState.REMOVED:
            for index, dependency in enumerate(resource.dependencies):
                self.needs.setdefault(dependency.chart.name, []).append(Need(owner=resource, index=index))

    def fail(self, name: str, error: SroError) -> None:
        """Note that an SR fails; what it renders is not used."""
        self.errors.setdefault(name, []).append(error)
        self.recipes[name] = replace(self.recipes[name], is_sound=False)

    # -- which SR, which chart

    def chart_of(self, resource: SpecialResource) -> Chart | None:
        """The chart of an SR among the specs; None where it is not needed or was not found."""
        if resource.management_state not in _RENDERED:
            return None
        try:
            return self.charts.find(resource.chart)
        except (SroError, ExceptionGroup) as error:
            self.errors.setdefault(resource.name, []).extend(
                in_spec(each, resource) for each in flatten(error)
            )
            return None

    def implied(self, name: str) -> Recipe:
        """The SR of a dependency that no spec describes."""
        need = min(self.needs[name], key=lambda each: (each.owner.name, each.index))
        resource = _of_chart_alone(name, self.needs[name])
        errors = self.errors.setdefault(name, [])
        errors.extend(_name_faults(resource, need))
        try:
            chart = self.charts.find(need.reference)
        except (SroError, ExceptionGroup) as error:
            errors.extend(need.place(each) for each in flatten(error))
            return Recipe(resource=resource, chart=None, reference=need.reference)
        resource = replace(resource, chart=replace(resource.chart, version=chart.version))
        try:
            own = self.charts.own_spec(chart)
        except (SroError, ExceptionGroup) as error:
            errors.extend(each.about(name) for each in flatten(error))
            return Recipe(resource=resource, chart=None, reference=need.reference)
        if own is not None:
            resource = own
            if (own.chart.name, own.chart.version) not in {
                (chart.name, chart.version),
                (name, need.reference.version),
            }:
                errors.append(_other_chart_inside(own, chart))
        return Recipe(
            resource=resource,
            chart=chart if resource.management_state in _RENDERED else None,
            reference=need.reference,
            is_sound=self.is_complete and not errors,
        )

    # -- what dependents say together

    def check(self, name: str) -> None:
        """Compare what is said of a dependency in several places, and merge its values."""
        recipe, needs = self.recipes[name], self.needs[name]
        state = recipe.resource.management_state
        if state is ManagementState.REMOVED:
            for need in needs:
                self.fail(name, _removed(need, recipe.resource))
        if state not in _RENDERED:
            return
        conflicts = [*self.chart_conflicts(name), *self.merge_sets(name)]
        for error in conflicts:
            self.fail(name, error)
        if conflicts:
            # Values of one of the two would make errors that nobody made.
            self.recipes[name] = replace(self.recipes[name], chart=None)

    def chart_conflicts(self, name: str) -> Iterator[InputError]:
        """The dependents that want another chart than the SR's spec, else than the first of them."""
        recipe, needs = self.recipes[name], self.needs[name]
        if recipe.reference is None:
            wanted = recipe.resource.chart
            first = place_in_spec(recipe.resource, ("spec", "chart"))
        else:
            wanted = needs[0].reference
            first = place_in_spec(needs[0].owner, (*needs[0].path, "chart"))
        for need in needs:
            if _identity(need.reference) != _identity(wanted):
                yield InputError(
                    "dependency-conflict",
                    f"{name} is wanted as chart {_chart_text(wanted)}, and as chart "
                    f"{_chart_text(need.reference)}",
                    span=need.span("chart"),
                    path=format_path((*need.path, "chart")),
                    subject=need.owner.name,
                    notes=(f"the other is at {first.span or first.path}",),
                    hint="one chart is rendered for all that need it: name the same version and repository",
                )

    def merge_sets(self, name: str) -> list[InputError]:
        """Give the SR the values of its own spec and of all dependents; returns the conflicts."""
        recipe = self.recipes[name]
        resource = recipe.resource
        parts = [Part(owner=resource, at=("spec", "set"), values=resource.set or {})]
        parts += [
            Part(owner=need.owner, at=(*need.path, "set"), values=need.dependency.set)
            for need in self.needs[name]
        ]
        given = [part for part in parts if part.values]
        merged, conflicts = merge_sets(name, given)
        grafts = tuple(
            Graft(path=("spec", "set"), owner=part.owner, at=part.at)
            for part in given
            if part.owner is not resource
        )
        if grafts:
            resource = replace(resource, set=merged, grafts=(*resource.grafts, *grafts))
            self.recipes[name] = replace(recipe, resource=resource)
        return conflicts

    # -- circles

    def check_circles(self) -> None:
        for resource in (recipe.resource for recipe in tuple(self.recipes.values())):
            for need in self.needs_of(resource.name):
                is_own = _identity(need.reference) == _identity(resource.chart)
                if is_own and need.reference.name != resource.name:
                    self.fail(resource.name, _circle([need]))
        for circle in _circles({name: self.needs_of(name) for name in sorted(self.recipes)}):
            self.fail(circle[0].owner.name, _circle(circle))
            for need in circle[1:]:
                name = need.owner.name
                self.recipes[name] = replace(self.recipes[name], is_sound=False)

    def needs_of(self, name: str) -> list[Need]:
        """What an SR needs, A-Z, each once."""
        resource = self.recipes[name].resource
        if resource.management_state is ManagementState.REMOVED:
            return []
        entries = {each.chart.name: index for index, each in reversed([*enumerate(resource.dependencies)])}
        return [
            Need(owner=resource, index=entries[other]) for other in sorted(entries) if other in self.recipes
        ]


def _of_chart_alone(name: str, needs: Sequence[Need]) -> SpecialResource:
    """The SR that SRO makes for a chart that brings none along: no values, all nodes, its own namespace."""
    chart = min((need.reference for need in needs), key=lambda each: (each.repository_name, each.url))
    first = min(needs, key=lambda each: (each.owner.name, each.index))
    at = (*first.path, "chart")
    return SpecialResource(
        name=name,
        namespace=name,
        chart=replace(chart, tags=()),
        grafts=(
            Graft(path=("spec", "chart"), owner=first.owner, at=at),
            Graft(path=("spec", "namespace"), owner=first.owner, at=(*at, "name")),
        ),
    )


def _name_faults(resource: SpecialResource, need: Need) -> Iterator[SroError]:
    """What Kubernetes would refuse about the name: a chart's may be one that no object can have."""
    manifest: JsonObject = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": resource.name}}
    for _, fault in check_object(manifest):
        fault.finding = replace(
            fault.finding,
            span=need.span("chart", "name"),
            path=format_path((*need.path, "chart", "name")),
            hint=f"a dependency is named after its chart; {fault.finding.hint}",
        )
        yield fault.about(need.owner.name)


def _other_chart_inside(own: SpecialResource, chart: Chart) -> InputError:
    place = place_in_spec(own, ("spec", "chart"))
    return InputError(
        "dependency-conflict",
        f"{own.name} is wanted as chart {chart.name} {chart.version}, and its own SpecialResource wants "
        f"chart {own.chart}",
        span=place.span,
        path=place.path,
        subject=own.name,
        notes=(f"the SpecialResource lies in {chart.origin}",),
        hint=f"let it name the chart that it lies in, or write a SpecialResource {own.name} among the specs",
    )


def _removed(need: Need, removed: SpecialResource) -> InputError:
    place = place_in_spec(removed, ("spec", "managementState"))
    return InputError(
        "dependency-removed",
        f"{need.owner.name} needs {removed.name}, which is to be removed",
        span=need.span("chart", "name"),
        path=format_path((*need.path, "chart", "name")),
        subject=need.owner.name,
        notes=(f"managementState: Removed is at {place.span or place.path}",),
        hint=f"take {removed.name} out of the dependencies, or write managementState: Managed",
    )


def _identity(chart: ChartReference) -> tuple[str, str, str]:
    """What makes two references one. `cm:///NAMESPACE/NAME` is `cm://NAMESPACE/NAME`."""
    return chart.name, chart.version, repository_of(chart).replace("cm:///", "cm://", 1)


def _chart_text(chart: ChartReference) -> str:
    return f"{chart} of {repository_of(chart)}"


def _circle(circle: Sequence[Need]) -> InputError:
    """The error for needs, each of what owns the next one, the last of what owns the first."""
    first, *others = circle
    if not others and first.reference.name != first.owner.name:
        message = f"{first.owner.name} needs its own chart {first.reference}"
    elif not others:
        message = f"{first.owner.name} needs itself: {first.owner.name} -> {first.owner.name}"
    else:
        names = [need.owner.name for need in circle]
        message = f"SpecialResources need each other in a circle: {' -> '.join([*names, names[0]])}"
    return InputError(
        "dependency-circle",
        message,
        span=first.span("chart", "name"),
        path=format_path((*first.path, "chart", "name")),
        subject=first.owner.name,
        notes=tuple(
            f"{need.owner.name} needs {need.reference.name} at "
            f"{need.span('chart', 'name') or format_path(need.path)}"
            for need in others
        ),
        hint="one of them must be able to start without the others: take it out of the dependencies there",
    )


def _circles(needs: Mapping[str, Sequence[Need]]) -> Iterator[list[Need]]:
    """So many circles that without the last need of each there is none; each from its first name on."""
    done: set[str] = set()
    for start in needs:
        if start in done:
            continue
        # The way that is being gone: where it stands, what is still ahead there, how it got on from there.
        names, ahead, taken = [start], [iter(needs[start])], list[Need]()
        while names:
            need = next(ahead[-1], None)
            if need is None:
                done.add(names.pop())
                ahead.pop()
                del taken[-1:]
                continue
            name = need.reference.name
            if name in names:
                yield _from_first_name([*taken[names.index(name) :], need])
            elif name not in done:
                names.append(name)
                ahead.append(iter(needs[name]))
                taken.append(need)


def _from_first_name(circle: list[Need]) -> list[Need]:
    first = min(range(len(circle)), key=lambda at: circle[at].owner.name)
    return [*circle[first:], *circle[:first]]
