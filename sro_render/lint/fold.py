"""Hits to findings: one for each rule, message and place, however many objects and kernels share it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from sro_render.errors import Finding, some
from sro_render.lint.api_versions import find_retired
from sro_render.lint.interface import Hit, Places
from sro_render.lint.pods import label_of
from sro_render.model.bundle import RenderedObject
from sro_render.model.problem import Problem
from sro_render.model.wording import format_path
from sro_render.source import Source, Span

_MOST_OBJECTS = 5


def fold_hits(special_resource: str, hits: Iterable[Hit], places: Places | None) -> list[Problem]:
    """The problems of one SR, in the order in which they were hit first."""
    groups: dict[tuple[object, ...], list[tuple[Hit, Span | None]]] = {}
    # Finding a place takes a render, and what differs only in its kernel was written at the same one.
    known: dict[tuple[object, ...], Span | None] = {}
    for hit in hits:
        span = None
        if places is not None and hit.rendered is not None:
            one = (hit.message, label_of(hit.rendered), hit.rendered.template, *hit.path)
            if one not in known:
                known[one] = places.place_of(hit.rendered, hit.path, of_key=hit.of_key)
            span = known[one]
        # Without a place, the object itself is the place.
        place = () if hit.is_one else (span.source.name, span.start) if span else (_path(hit),)
        groups.setdefault((hit.rule.code, hit.message, *place), []).append((hit, span))
    return [_problem(special_resource, same) for same in groups.values()]


def merge_equal(problems: Iterable[Problem]) -> list[Problem]:
    """One problem for those of several SRs that have the same place: SRs may share a chart."""
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for problem in problems:
        finding = problem.finding
        span = finding.span
        place = (span.source.name, span.start) if span else (finding.subject, finding.path)
        groups.setdefault((finding.code, finding.message, *place), []).append(problem)
    merged = []
    for first, *others in groups.values():
        names = dict.fromkeys(each.finding.special_resource for each in others)
        names.pop(first.finding.special_resource, None)
        notes = (
            *first.finding.notes,
            *some([f"the same in {name}" for name in names if name], _MOST_OBJECTS),
        )
        merged.append(replace(first, finding=replace(first.finding, notes=notes)))
    return merged


def _problem(special_resource: str, same: Sequence[tuple[Hit, Span | None]]) -> Problem:
    hit, span = same[0]
    mend = hit.mend if span is not None and _is_alone(span, hit) else None
    if span is not None and hit.hidden:
        # The stars have the length of what they hide, so that places stay.
        text = span.source.text.replace(hit.hidden, "*" * len(hit.hidden))
        span = Source(span.source.name, text).span(span.start, span.end)
    objects = [each.rendered for each, _ in same if each.rendered is not None]
    finding = Finding(
        code=hit.rule.code,
        message=hit.message,
        span=span,
        path=_path(hit),
        subject=special_resource,
        hint=hit.hint,
        notes=(*hit.notes, *_objects(objects)),
        mend=mend,
        special_resource=special_resource,
    )
    return Problem(finding=finding, severity=hit.rule.severity)


def _path(hit: Hit) -> str:
    path = format_path(hit.path)
    if hit.rendered is None or hit.rendered.template:
        return path
    return f"{hit.rendered.id} {path}".strip()


def _is_alone(span: Span, hit: Hit) -> bool:
    """Whether the word stands there for itself.

    A template that asks what the cluster can do has an older API version on purpose.
    """
    if hit.rendered is None or find_retired(hit.rendered.id.api_version, hit.rendered.id.kind) is None:
        return True
    return "Capabilities" not in span.source.text


def _objects(objects: Sequence[RenderedObject]) -> tuple[str, ...]:
    """Which objects, and for how many kernels each."""
    kernels: dict[str, set[str]] = {}
    for rendered in objects:
        kernels.setdefault(label_of(rendered), set()).add(rendered.kernel)
    lines = [
        f"in {label}" + (f", for {len(of)} kernels" if len(of) > 1 else "") for label, of in kernels.items()
    ]
    return some(lines, _MOST_OBJECTS)
