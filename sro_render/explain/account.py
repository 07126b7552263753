"""Answers a question about an object or one of its fields."""

from __future__ import annotations

from sro_render.charts.manifests import hook_events, is_hook
from sro_render.explain.fields import Explainer
from sro_render.explain.interface import FieldAccount, ObjectAccount, StepAccount, Subject
from sro_render.explain.listing import listing
from sro_render.explain.paths import changes, parse_field, resolve
from sro_render.explain.secrets import masked
from sro_render.limits import Limits
from sro_render.model.objects import annotations_of


def explain_field(subject: Subject, field: str, limits: Limits) -> FieldAccount:
    """A field by its path.

    Raises: InputError: there is no such field.
    """
    path = resolve(subject.rendered.manifest, parse_field(field))
    return Explainer(subject, limits).field(path)


def explain_object(subject: Subject, limits: Limits) -> ObjectAccount:
    """The object as a whole."""
    explainer = Explainer(subject, limits)
    annotations = annotations_of(subject.rendered.manifest)
    steps, before = [], explainer.raw
    for step, after in explainer.steps:
        changed = tuple(changes(before, after))
        if changed:
            steps.append(StepAccount(step=step, paths=changed))
        before = after
    document = explainer.document
    start = document.span(()) if document else None
    origin = document.origin(start) if document and start else None
    return ObjectAccount(
        subject=subject,
        start=origin.place if origin else None,
        hook=", ".join(hook_events(annotations)) if is_hook(annotations) else "",
        steps=tuple(steps),
        lines=tuple(listing(masked(subject.rendered.manifest), explainer)),
    )
