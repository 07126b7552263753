"""Fields of objects against Kubernetes' own schemas, of the version that the cluster has.

Kinds that Kubernetes has no schema for (custom resources, OpenShift's kinds) are counted and listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sro_render.errors import nearest, only_meant, some
from sro_render.lint.api_versions import find_retired
from sro_render.lint.interface import Hit, KindSchema, Subject
from sro_render.lint.rules import API_UNKNOWN, KIND_NOT_CHECKED, OBJECT_SCHEMA, UNKNOWN_FIELD
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import JsonValue, mapping_of
from sro_render.model.wording import KeyPath, format_path, type_hint, type_name, wanted_types

_MOST_KINDS = 20
# The groups of https://kubernetes.io/docs/reference/kubernetes-api/; all other kinds are someone's own.
_OWN_GROUPS = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"}) | {
    f"{name}.k8s.io"
    for name in (
        *("admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization"),
        *("certificates", "coordination", "discovery", "events", "flowcontrol.apiserver", "networking"),
        *("node", "rbac.authorization", "resource", "scheduling", "storage", "storagemigration"),
    )
}


def check_fields(subject: Subject) -> Iterator[Hit]:
    """What an API server of this version would refuse, as far as its schemas say."""
    if subject.schemas is None:
        return
    unknown: Counter[tuple[str, str]] = Counter()
    for rendered in subject.objects():
        identity = rendered.id
        schema = subject.schemas.of(identity.api_version, identity.kind)
        if schema is not None:
            for fault in schema.faults(rendered.manifest):
                yield from _hits(rendered, schema, fault)
        elif find_retired(identity.api_version, identity.kind) is not None:
            continue
        elif identity.group in _OWN_GROUPS and subject.schemas.version == subject.kube_version:
            yield _not_served(rendered, subject.kube_version, subject.schemas.served(identity.kind))
        else:
            unknown[identity.kind, identity.api_version] += 1
    if unknown:
        kinds = [
            f"{number} of kind {kind} ({version})" for (kind, version), number in sorted(unknown.items())
        ]
        total = sum(unknown.values())
        yield Hit(
            rule=KIND_NOT_CHECKED,
            message=f"the fields of {total} object{'' if total == 1 else 's'} were not checked: "
            "Kubernetes has no schema for their kinds",
            notes=some(kinds, _MOST_KINDS),
        )


def _not_served(rendered: RenderedObject, version: tuple[int, int], served: Sequence[str]) -> Hit:
    identity = rendered.id
    return Hit(
        rule=API_UNKNOWN,
        message=f"Kubernetes {version[0]}.{version[1]} has no {identity.kind} in {identity.api_version}",
        rendered=rendered,
        path=("apiVersion",),
        hint=f"it has one in {', '.join(served)}"
        if served
        else "another version may have it; OpenShift's kinds are in groups of their own, "
        "such as build.openshift.io/v1",
    )


def _hits(rendered: RenderedObject, schema: KindSchema, fault: Any) -> Iterator[Hit]:
    path: list[str | int] = list(fault.instance_path)
    found = _at(rendered.manifest, path)
    where = format_path(path) or f"the {rendered.id.kind}"
    match fault.kind.name:
        case "additionalProperties":
            known = schema.known_fields(path)
            for key in fault.kind.unexpected:
                near = nearest(key, known)
                free = [each for each in known if each not in mapping_of(found)]
                yield Hit(
                    rule=UNKNOWN_FIELD,
                    message=f"{where} has no field {key!r} in Kubernetes",
                    rendered=rendered,
                    path=(*path, key),
                    of_key=True,
                    hint=f"did you mean {near!r}?" if near else "",
                    mend=only_meant(key, free),
                )
            return
        case "required":
            missing = fault.kind.property
            message, hint = f"{where} lacks {missing!r}, which Kubernetes requires", ""
        case "type":
            message = f"{format_path(path)} must be {wanted_types(_types(fault))}, and is {type_name(found)}"
            hint = type_hint(found, _types(fault)) or _number_hint(found, _types(fault))
        case "enum":
            options = ", ".join(repr(each) for each in fault.kind.options if each)
            message, hint = f"{format_path(path)} is {found!r}, and must be one of {options}", ""
        case "anyOf" | "oneOf":
            message = f"{format_path(path)} must be a string or a number, and is {type_name(found)}"
            hint = ""
        case _:
            message, hint = f"{format_path(path)}: {fault.message}", ""
    yield Hit(rule=OBJECT_SCHEMA, message=message, rendered=rendered, path=path, hint=hint)


def _types(fault: Any) -> list[str]:
    """What may stand there; null, which the schemas let stand nearly everywhere, is nothing to write."""
    types = [str(each) for each in fault.kind.types]
    return [each for each in types if each != "null"] or types


def _number_hint(found: JsonValue, wanted: list[str]) -> str:
    if isinstance(found, str) and {"integer", "number"} & set(wanted):
        return "write it without quotes"
    return ""


def _at(manifest: JsonValue, path: KeyPath) -> JsonValue:
    value = manifest
    for key in path:
        if isinstance(value, list) and isinstance(key, int):
            value = value[key]
        else:
            value = mapping_of(value).get(str(key))
    return value
