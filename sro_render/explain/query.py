"""Which object a question is about, told by its id, its name, or the name that its template gave it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from sro_render.errors import InputError, some
from sro_render.explain.interface import Subject
from sro_render.model.objects import ObjectId, object_id
from sro_render.pipeline.build import Render


def find_object(render: Render, text: str) -> Subject:
    """The object that `Kind/namespace/name`, `Kind/name` or a name means.

    A name without the kernel's suffix means the object of the first kernel.
    Raises: InputError `object-unknown`, `object-ambiguous`.
    """
    known = list(_subjects(render))
    for names in (_own_names, _template_names):
        found = [each for each in known if _folded(text) in map(_folded, names(each))]
        twins = {_source(each) for each in found}
        if len(twins) == 1:
            # One object of one template, perhaps for several kernels: in byte order.
            return min(found, key=lambda each: each.rendered.kernel.encode())
        if found:
            raise InputError(
                "object-ambiguous",
                f"{text} means {len(found)} objects",
                notes=some([str(each.rendered.id) for each in found]),
                hint="name the kind and the namespace too: KIND/NAMESPACE/NAME",
            )
    raise _unknown(text, known)


def _subjects(render: Render) -> Iterator[Subject]:
    for resource in render.bundle.resources:
        accounts = render.accounts.get(resource.name)
        if accounts is None:
            continue
        twins: dict[object, int] = {}
        subjects = [
            Subject(resource=resource, state=state, rendered=rendered, accounts=accounts)
            for state in resource.states
            for rendered in state.objects
            if rendered.id in accounts.shelved
        ]
        for each in subjects:
            twins[_source(each)] = twins.get(_source(each), 0) + 1
        for each in subjects:
            yield Subject(
                resource=each.resource,
                state=each.state,
                rendered=each.rendered,
                accounts=accounts,
                twins=twins[_source(each)],
            )


def _source(subject: Subject) -> object:
    """What the objects of all kernels have in common."""
    shelved = subject.accounts.shelved[subject.rendered.id]
    if shelved.group is None:
        return subject.resource.name, subject.rendered.id
    return subject.resource.name, shelved.manifest.template, _raw_id(subject)


def _raw_id(subject: Subject) -> ObjectId:
    return object_id(subject.accounts.shelved[subject.rendered.id].manifest.value)


def _names_of(identity: ObjectId) -> Iterator[str]:
    yield str(identity)
    yield f"{identity.kind}/{identity.name}"
    yield identity.name


def _own_names(subject: Subject) -> Iterator[str]:
    return _names_of(subject.rendered.id)


def _template_names(subject: Subject) -> Iterator[str]:
    raw, own = _raw_id(subject), subject.rendered.id
    yield from _names_of(raw)
    yield str(ObjectId(own.api_version, own.kind, own.namespace, raw.name))


def _folded(text: str) -> str:
    """The kind in any spelling; names as they are."""
    kind, slash, rest = text.partition("/")
    return f"{kind.lower()}{slash}{rest}" if slash else text


def _unknown(text: str, known: list[Subject]) -> InputError:
    first: dict[object, str] = {}
    by_word: dict[str, str] = {}
    for each in known:
        # Of the objects of all kernels, one is enough to show.
        shown = first.setdefault(_source(each), str(each.rendered.id))
        for word in (*_own_names(each), *_template_names(each)):
            by_word.setdefault(word, shown)
    near = dict.fromkeys(by_word[word] for word in get_close_matches(text, by_word, n=9, cutoff=0.6))
    ids = list(near)[:3] or list(dict.fromkeys(first.values()))
    return InputError(
        "object-unknown",
        f"{text} is not rendered",
        notes=some([f"there is {each}" for each in ids], 3),
        hint="name it as KIND/NAMESPACE/NAME, KIND/NAME, by its name, or by its file in a bundle",
    )
