"""Findings on the objects of one SpecialResource as they are written, one by one and side by side.

Decides what will not work on the cluster although each object by itself is right: references to names that
the kernel's suffix changed, kernel-affine pods that nothing ties to their kernel, and selectors on labels
that nobody sets.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from sro_render.errors import Finding, some
from sro_render.kernels.affinity import kernel_suffix
from sro_render.kernels.facts import KERNEL_LABEL
from sro_render.kernels.grouping import KernelGroup
from sro_render.kernels.references import Reference, is_reference_to, references_of, selected_apps
from sro_render.kernels.selectors import BUILD_KINDS, PodSelector, pod_selector, read_pod_selector
from sro_render.kernels.workloads import STATE_LABEL
from sro_render.model.bundle import RenderedObject, RenderedResource
from sro_render.model.objects import JsonObject, JsonValue, ObjectId, mapping_of
from sro_render.model.wording import KeyPath
from sro_render.source import Span


class Place(Protocol):
    """Finds the line of a template that wrote a field."""

    def __call__(self, rendered: RenderedObject, path: KeyPath, *, of_key: bool = False) -> Span | None:
        """The place that wrote a field's value, or its key, or what comes closest to it."""


_MAX_NOTES = 5
_RENAMED_LABELS = frozenset({"DaemonSet", "Deployment", "StatefulSet"})


def check_written(
    resource: RenderedResource,
    groups: Sequence[KernelGroup],
    known_labels: Collection[str],
    place: Place | None = None,
) -> Iterator[Finding]:
    """All findings on a SpecialResource's objects.

    Args: known_labels: the keys of labels that some node has already.
          place: without it, what is found has a key path and no line.
    """
    objects = [each for state in resource.states for each in state.objects]
    suffixes: dict[str, str] = {
        each.kernel: kernel_suffix(each.system.version, each.kernel) for each in groups
    }
    by_kernel = {str(each.kernel): each for each in groups}
    bases = {each.id: _base(each, suffixes) for each in objects}
    for each, found in (
        *_bare_references(resource.name, objects, bases),
        *_unbound(resource.name, objects, bases, by_kernel),
    ):
        # Of a pod's spec, which is a mapping, the key says more than its first entry.
        is_key = found.code == "affine-without-selector"
        yield replace(found, span=place(each, _keys(found.path), of_key=is_key)) if place else found
    yield from _unset_labels(resource.name, objects, known_labels)


def _base(each: RenderedObject, suffixes: Mapping[str, str]) -> str:
    """The name that the template gave; of an object that is not kernel-affine, its name."""
    return each.id.name.removesuffix(f"-{suffixes[each.kernel]}") if each.kernel else each.id.name


def _keys(path: str) -> KeyPath:
    """The keys of `spec.volumes[0].name`; one with a dot in it is not found, and what is around it is."""
    return [int(index) if index else key for index, key in re.findall(r"\[(\d+)\]|([^.[]+)", path)]


# -- references


def _bare_references(
    name: str, objects: Sequence[RenderedObject], bases: Mapping[ObjectId, str]
) -> Iterator[tuple[RenderedObject, Finding]]:
    """References to kernel-affine objects by the names that their templates gave them."""
    affine: dict[tuple[str, str], list[RenderedObject]] = {}
    for each in objects:
        if each.kernel:
            affine.setdefault((each.id.kind, bases[each.id]), []).append(each)
    plain = {(each.id.kind, each.id.name) for each in objects if not each.kernel}
    pods = _pod_labels(objects)
    apps = {
        base: targets
        for (kind, base), targets in affine.items()
        if kind in _RENAMED_LABELS and base not in pods
    }
    seen: set[tuple[str, ...]] = set()
    for each in objects if affine else ():
        user = f"{each.id.kind}/{bases[each.id]}"
        for reference in references_of(each.manifest):
            key = (reference.kind, reference.name)
            targets = affine.get(key, ()) if key not in plain else ()
            target = _of_kernel(each.kernel, targets, each.manifest, reference)
            if target is not None and (once := (user, reference.path, *key)) not in seen:
                seen.add(once)
                yield each, _bare(name, each, target, reference)
        for reference in selected_apps(each.manifest):
            target = next(iter(apps.get(reference.name, ())), None)
            if target is not None and (where := (user, reference.path, reference.name)) not in seen:
                seen.add(where)
                yield each, _bare_app(name, each, target, reference)


def _of_kernel(
    kernel: str, targets: Iterable[RenderedObject], user: JsonObject, reference: Reference
) -> RenderedObject | None:
    """The object that was meant: that of the same kernel, if there is one."""
    meant = [each for each in targets if is_reference_to(reference, user, each.manifest, reference.name)]
    return next((each for each in meant if each.kernel == kernel), meant[0] if meant else None)


def _pod_labels(objects: Iterable[RenderedObject]) -> frozenset[str]:
    """The values of `app` of all pods, as they are written."""
    found = set()
    for each in objects:
        template = mapping_of(mapping_of(each.manifest.get("spec")).get("template"))
        source = each.manifest if each.id.kind == "Pod" else template
        label = mapping_of(mapping_of(source.get("metadata")).get("labels")).get("app")
        if isinstance(label, str):
            found.add(label)
    return frozenset(found)


def _bare(name: str, user: RenderedObject, target: RenderedObject, reference: Reference) -> Finding:
    kind, bare = reference.kind, reference.name
    return Finding(
        code="affine-reference-bare",
        message=f"{user.id} refers to {kind} {bare}, which is kernel-affine and gets another name",
        path=reference.path,
        subject=_subject(name, user),
        notes=(f"for kernel {target.kernel} it is {target.id.name}",),
        hint=f"no template knows the suffix: take the annotation kernel-affine from {kind} {bare}, name it "
        f'{bare}-{{{{ .Values.kernelFullVersion | replace "_" "-" }}}}, and write that name here too'
        if user.kernel
        else f"an object that is there once cannot name one for each kernel: make {user.id.kind} "
        f"{user.id.name} kernel-affine too and give {kind} {bare} a name with the kernel in it, "
        f"or take the annotation kernel-affine from {kind} {bare}",
    )


def _bare_app(name: str, user: RenderedObject, target: RenderedObject, reference: Reference) -> Finding:
    return Finding(
        code="affine-reference-bare",
        message=f"{user.id} selects pods by app: {reference.name}, but {target.id.kind} {reference.name} is "
        "kernel-affine and its pods get another label app",
        path=reference.path,
        subject=_subject(name, user),
        notes=(f"for kernel {target.kernel} it is {target.id.name}",),
        hint="give the pods one more label, and select them by that",
    )


# -- selectors


def _unbound(
    name: str,
    objects: Iterable[RenderedObject],
    bases: Mapping[ObjectId, str],
    groups: Mapping[str, KernelGroup],
) -> Iterator[tuple[RenderedObject, Finding]]:
    """Kernel-affine objects whose pods run on nodes of any kernel."""
    seen: set[tuple[str, str, str]] = set()
    for each in objects:
        group = groups.get(each.kernel)
        base = (each.template, each.id.kind, bases[each.id])
        if group is None or base in seen or each.id.kind in BUILD_KINDS:
            continue
        own = pod_selector(each.manifest)
        for path, spec in _pod_specs(each.manifest, ()):
            selector = own or read_pod_selector(spec)
            if not _is_bound(selector, group.selector):
                seen.add(base)
                yield each, _unbound_pods(name, each, path)
                break


def _unbound_pods(name: str, each: RenderedObject, path: str) -> Finding:
    return Finding(
        code="affine-without-selector",
        message=f"{each.id} is kernel-affine, but its pods are not bound to their kernel's nodes",
        path=path,
        subject=_subject(name, each),
        hint=f"write nodeSelector: {{{KERNEL_LABEL}: "
        f'"{{{{ .Values.kernelFullVersion }}}}"}} there: '
        "only workloads that are no hooks, Pods and BuildConfigs get it by themselves",
    )


def _is_bound(selector: PodSelector, value: str) -> bool:
    """Whether a pod runs on nodes with this label alone: it does with it, and not with another."""
    if selector.labels.get(KERNEL_LABEL) == value:
        return True
    return bool(selector.terms) and all(
        any(
            each.key == KERNEL_LABEL and each.operator == "In" and each.values == (value,)
            for each in term.labels
        )
        for term in selector.terms or ()
    )


def _pod_specs(value: JsonValue, path: tuple[str, ...]) -> Iterator[tuple[str, JsonObject]]:
    """Everything that looks like a pod's spec: it has containers with images."""
    if isinstance(value, dict):
        containers = value.get("containers")
        if isinstance(containers, list) and any("image" in mapping_of(each) for each in containers):
            yield ".".join(path), value
            return
        for key, inner in value.items():
            yield from _pod_specs(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _pod_specs(inner, (*path[:-1], f"{path[-1]}[{index}]"))


def _unset_labels(
    name: str, objects: Iterable[RenderedObject], known_labels: Collection[str]
) -> Iterator[Finding]:
    """Selectors on labels of states, which nobody sets who only applies files."""
    users: dict[str, dict[str, None]] = {}
    for each in objects:
        selector = pod_selector(each.manifest)
        for key in selector.keys() if selector else ():
            if key.startswith(STATE_LABEL) and key not in known_labels:
                users.setdefault(key, {})[str(each.id)] = None
    for key, names in users.items():
        yield Finding(
            code="state-label-unset",
            message=f"{len(names)} {'object waits' if len(names) == 1 else 'objects wait'} "
            f"for the label {key}, which no node has and which files alone do not set",
            subject=name,
            notes=some(list(names), _MAX_NOTES),
            hint="the operator set it once that state was done: label the nodes by other means, "
            "or order the objects by what applies them",
        )


def _subject(name: str, each: RenderedObject) -> str:
    return f"{name} / {each.template}" if each.template else name
