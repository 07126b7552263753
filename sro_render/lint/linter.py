"""All rules over all SRs, and what the render itself found, to one review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from sro_render.errors import Finding
from sro_render.lint.api_versions import check_api_versions
from sro_render.lint.builds import check_builds
from sro_render.lint.fields import check_fields
from sro_render.lint.fold import fold_hits, merge_equal
from sro_render.lint.images import check_images
from sro_render.lint.interface import Check, Places, Subject
from sro_render.lint.mending import mark_mendable, settle
from sro_render.lint.names import check_names
from sro_render.lint.privileges import check_privileges
from sro_render.lint.rules import RENDER_FINDINGS, RULES, SCHEMAS_MISSING
from sro_render.lint.secrets import check_secrets
from sro_render.lint.silence import silenced_codes, unknown_codes, without_silenced
from sro_render.lint.unused import Usage, unused_values
from sro_render.model.problem import Problem, Review, Rule, Severity
from sro_render.model.specialresource import SpecialResource

CHECKS: tuple[Check, ...] = (
    check_api_versions,
    check_fields,
    check_names,
    check_secrets,
    check_privileges,
    check_images,
    check_builds,
)


def review(
    subjects: Sequence[Subject],
    *,
    resources: Sequence[SpecialResource],
    places: Mapping[str, Places],
    usages: Mapping[str, Usage],
    errors: Iterable[Finding],
    findings: Iterable[Finding],
    skip: frozenset[str] = frozenset(),
    notes: Sequence[str] = (),
) -> Review:
    """What is wrong with specs, charts and rendered objects.

    Args:   resources: all SRs that could be read; they say what is silent.
            places:    by SR. usages: by SR, of those whose reads are known.
            errors:    what build stops at; findings: what build says.
            skip:      codes that the options silence, without count.
    """
    problems = chain(
        (Problem(finding=each, severity=Severity.ERROR) for each in errors),
        (Problem(finding=each, severity=Severity.WARNING) for each in findings),
        _about_schemas(subjects),
        chain.from_iterable(unknown_codes(resource) for resource in resources),
        chain.from_iterable(_unused(resource, usages) for resource in resources),
        chain.from_iterable(_check(subject, places) for subject in subjects),
    )
    left, silenced = without_silenced(
        (each for each in problems if each.finding.code not in skip), _silence(resources)
    )
    settled = settle(merge_equal(sorted(left, key=_order)), resources)
    return Review(
        problems=mark_mendable(settled),
        rules=all_rules(),
        silenced=silenced,
        notes=tuple(notes),
    )


def _about_schemas(subjects: Sequence[Subject]) -> Iterator[Problem]:
    """That fields were not checked, or by the schemas of another version: once for a run."""
    for subject in subjects[:1]:
        wanted, schemas = ".".join(map(str, subject.kube_version)), subject.schemas
        if schemas is None:
            message = "Kubernetes' schemas are not installed, so that the fields of objects were not checked"
            hint = "pip install 'sro-render[lint]', or pip install kubernetes-validate"
        elif schemas.version != subject.kube_version:
            used = ".".join(map(str, schemas.version))
            message = f"there are no schemas of Kubernetes {wanted}: fields were checked by those of {used}"
            hint = "the package kubernetes-validate brings schemas: older versions of it, of older releases"
        else:
            continue
        finding = Finding(code=SCHEMAS_MISSING.code, message=message, hint=hint)
        yield Problem(finding=finding, severity=SCHEMAS_MISSING.severity)


def all_rules() -> tuple[Rule, ...]:
    """Every rule that has a severity, by its code."""
    found = (Rule(code, Severity.WARNING, summary) for code, summary in RENDER_FINDINGS.items())
    return tuple(sorted((*RULES, *found), key=lambda rule: rule.code))


def _unused(resource: SpecialResource, usages: Mapping[str, Usage]) -> Iterator[Problem]:
    """Of dependencies too, which are SRs themselves."""
    usage = usages.get(resource.name)
    if usage is not None:
        yield from unused_values(resource, usage)


def _silence(resources: Sequence[SpecialResource]) -> dict[str, frozenset[str]]:
    """The codes that each SR silences; what others give a dependency they silence too."""
    silence = {resource.name: frozenset(silenced_codes(resource)) for resource in resources}
    grafted = {resource.name for resource in resources if resource.grafts}
    for resource in resources:
        for name in resource.needs:
            if name in grafted:
                silence[name] |= silence[resource.name]
    return silence


def _check(subject: Subject, places: Mapping[str, Places]) -> Iterator[Problem]:
    name = subject.resource.name
    for check in CHECKS:
        yield from fold_hits(name, check(subject), places.get(name))


def _order(problem: Problem) -> tuple[object, ...]:
    """By file and place; what has no place comes first."""
    finding = problem.finding
    span = finding.span
    place = (span.source.name, span.start) if span else ("", 0)
    return (*place, finding.special_resource, finding.code, finding.message)
