"""Names and labels inside objects that Kubernetes refuses.

The objects' own names and labels are errors of the render already. The rules for names and labels
themselves are in `validation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sro_render.lint.interface import Hit, Subject
from sro_render.lint.pods import Part, containers_of, entries, pod_of
from sro_render.lint.rules import LABEL_REFUSED, NAME_REFUSED, SELECTOR_MISMATCH
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of
from sro_render.model.wording import KeyPath
from sro_render.validation import check_texts, is_dns_label

_OWN_SELECTORS = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
_LABEL_RULE = "lower-case letters, digits and '-', at most 63, a letter or digit at both ends"


def check_names(subject: Subject) -> Iterator[Hit]:
    """Containers and volumes with names that are none, labels of pods, and selectors."""
    for rendered in subject.objects():
        pod = pod_of(rendered.manifest)
        if pod is not None:
            yield from _check_pod(rendered, pod)
        yield from _check_selectors(rendered)


def _check_pod(rendered: RenderedObject, pod: Part) -> Iterator[Hit]:
    for what, parts in (("container", containers_of(pod)), ("volume", entries(pod, "volumes"))):
        seen: set[str] = set()
        for part in parts:
            name = text_of(part.value.get("name"))
            if not name:
                # The kind's schema says so.
                continue
            if not is_dns_label(name):
                yield Hit(
                    rule=NAME_REFUSED,
                    message=f"{name!r} cannot be the name of a {what}",
                    rendered=rendered,
                    path=part.below("name"),
                    hint=_LABEL_RULE,
                )
            elif name in seen:
                yield Hit(
                    rule=NAME_REFUSED,
                    message=f"two {what}s of a pod are named {name}",
                    rendered=rendered,
                    path=part.below("name"),
                    hint="give one of them another name",
                )
            seen.add(name)
    around = pod.path[:-1]
    if around:  # A Pod's own labels are checked with its name.
        metadata = mapping_of(mapping_of(_at(rendered.manifest, around)).get("metadata"))
        for key, what in (("labels", "label"), ("annotations", "annotation")):
            yield from _check_texts(rendered, metadata.get(key), (*around, "metadata", key), what)
    yield from _check_texts(rendered, pod.value.get("nodeSelector"), pod.below("nodeSelector"), "label")


def _check_selectors(rendered: RenderedObject) -> Iterator[Hit]:
    kind, spec = rendered.id.kind, mapping_of(rendered.manifest.get("spec"))
    if kind == "Service":
        yield from _check_texts(rendered, spec.get("selector"), ("spec", "selector"), "label")
    if kind not in _OWN_SELECTORS or rendered.id.group != "apps":
        return
    selector = mapping_of(spec.get("selector"))
    wanted = mapping_of(selector.get("matchLabels"))
    yield from _check_texts(
        rendered, selector.get("matchLabels"), ("spec", "selector", "matchLabels"), "label"
    )
    labels = mapping_of(mapping_of(mapping_of(spec.get("template")).get("metadata")).get("labels"))
    lacking = [f"{key}={value}" for key, value in wanted.items() if labels.get(key) != value]
    if lacking:
        yield Hit(
            rule=SELECTOR_MISMATCH,
            message=f"the pods of this {kind} lack labels that it selects them by: {', '.join(lacking)}",
            rendered=rendered,
            path=("spec", "selector", "matchLabels"),
            hint="spec.template.metadata.labels must have everything that spec.selector asks for",
        )


def _check_texts(rendered: RenderedObject, texts: JsonValue, path: KeyPath, what: str) -> Iterator[Hit]:
    if isinstance(texts, dict):
        # Inside an object, null is an empty text to the API server.
        texts = {key: "" if value is None else value for key, value in texts.items()}
    for where, fault in check_texts(texts, path, what):
        finding = fault.finding
        yield Hit(
            rule=LABEL_REFUSED, message=finding.message, rendered=rendered, path=where, hint=finding.hint
        )


def _at(manifest: JsonObject, path: KeyPath) -> JsonValue:
    value: JsonValue = manifest
    for key in path:
        value = mapping_of(value).get(str(key))
    return value
