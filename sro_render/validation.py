"""Checks against a JSON Schema, and against the rules that Kubernetes has for names and labels.

Turns what is wrong into errors with a key path, the nearest known name and, where there is a text,
the place. Reads no schema itself: the caller brings the validator.
Source of the rules for names: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Protocol

from sro_render.errors import InputError, RenderError, nearest, only_meant
from sro_render.model.objects import JsonObject, JsonValue, annotations_of, mapping_of, object_id, text_of
from sro_render.model.wording import KeyPath, format_path, type_hint, type_name, wanted_types
from sro_render.source import Source, Span
from sro_render.yamltext.reader import locate_nearest

_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_API_VERSION = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")

PLAIN_SECRET_ANNOTATION = "sro.openshift.io/plain-secret"  # noqa: S105 - an annotation's key
PLAIN_SECRET_HINT = (
    "create the Secret by other means (External Secrets, Sealed Secrets), "
    f'annotate it {PLAIN_SECRET_ANNOTATION}: "allowed", or use --secrets allow'
)

# Kinds whose names are stricter, or freer, than a DNS subdomain.
_LABEL_KINDS = frozenset({"Namespace"})
_RELEASE_KINDS = frozenset({"SpecialResource"})
"""Their name is that of a Helm release too, which has 53 characters at most."""
_SERVICE_KINDS = frozenset({"Service"})
_PATH_SEGMENT_KINDS = frozenset(
    {
        *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
        # OpenShift's: `x:latest`, `x@sha256:…`, names of people and their identities.
        *("ImageStreamTag", "ImageTag", "ImageStreamImage", "User", "Group", "Identity"),
        "UserIdentityMapping",
    }
)


class SchemaValidator(Protocol):
    """A compiled JSON Schema, such as `jsonschema_rs.Draft202012Validator`."""

    def iter_errors(self, instance: Any) -> Iterator[Any]:
        """Every fault of the instance, each with `instance_path`, `kind` and `message`."""
        ...


def check_schema(
    value: JsonObject,
    validator: SchemaValidator,
    schema: Mapping[str, Any],
    *,
    source: Source,
    document: int = 0,
    prefix: KeyPath = (),
) -> tuple[InputError, ...]:
    """Every fault of a value by its schema, in the order in which they stand there.

    Args: document and prefix: where the value stands: which document of the source, from 0, and the
          key path inside it, such as `items[0]`.
    """

    def place(path: KeyPath, of_key: bool) -> Span | None:
        return locate_nearest(source, [*prefix, *path], document, value=not of_key)

    errors = [
        error for fault in validator.iter_errors(value) for error in _faults(fault, value, schema, place)
    ]
    return tuple(sorted(errors, key=lambda error: error.finding.span.start if error.finding.span else 0))


def _faults(
    fault: Any, value: JsonObject, schema: Mapping[str, Any], place: Callable[[KeyPath, bool], Span | None]
) -> Iterator[InputError]:
    """One error for each unexpected key, one for any other fault."""
    path: list[str | int] = list(fault.instance_path)
    name = fault.kind.name
    if name == "additionalProperties":
        known = _known_keys(schema, path)
        there = mapping_of(_at(value, path))
        for key in fault.kind.unexpected:
            meant = nearest(key, known)
            yield InputError(
                "unknown-key",
                f"{key!r} is not a key of {format_path(path) or 'this document'}",
                span=place([*path, key], True),
                path=format_path([*path, key]),
                hint=f"did you mean {meant!r}?" if meant else f"known keys: {', '.join(sorted(known))}",
                mend=only_meant(key, [each for each in known if each not in there]),
            )
        return
    if name == "required":
        missing = fault.kind.property
        yield InputError(
            "missing-key",
            f"{missing!r} is missing",
            span=place(path, True),
            path=format_path([*path, missing]),
            hint=_description(schema, [*path, missing]) or f"write {missing}: and its value",
        )
        return
    found = _at(value, path)
    yield InputError(
        "wrong-type" if name == "type" else "wrong-value",
        _wrong(name, fault, found, is_secret="repository" in path),
        span=place(path, False),
        path=format_path(path),
        hint=_hint(name, fault, found, _schema_at(schema, path), path),
    )


def _hint(name: str, fault: Any, found: JsonValue, schema: Mapping[str, Any], path: KeyPath) -> str:
    """What to write instead of a wrong value."""
    if name == "const":
        return f"write {path[-1]}: {fault.kind.expected_value}"
    if name != "type":
        return str(schema.get("description", ""))
    needed = schema.get("required", ())
    if len(needed) == 1 and isinstance(found, str):
        # The only thing that must be said was said, without its key.
        return f"write {'- ' if isinstance(path[-1], int) else ''}{needed[0]}: {found}"
    return type_hint(found, fault.kind.types) or str(schema.get("description", _HOW[fault.kind.types[0]]))


def _wrong(name: str, fault: Any, found: JsonValue, *, is_secret: bool) -> str:
    """What is wrong with a value; one that may be a credential is not shown."""
    match name:
        case "type":
            wanted = wanted_types(fault.kind.types)
            return f"this must be {wanted}, and is {'something else' if is_secret else type_name(found)}"
        case "enum":
            options = ", ".join(repr(option) for option in fault.kind.options if option != "")
            return f"{found!r} is none of {options}"
        case "const":
            return f"{found!r} must be {fault.kind.expected_value!r}"
        case "minLength":
            return "this must not be empty"
        case "maxLength":
            return f"this has {len(text_of(found))} characters, and may have {fault.kind.limit}"
        case "pattern":
            return f"{found!r} is not of the form that is wanted here"
    return str(fault.message)


_HOW = {
    "object": "write keys below it, each with its value",
    "array": "write each entry on a line of its own, behind '- '",
    "string": "write a text",
    "integer": "write digits, without quotes",
    "number": "write digits, without quotes",
    "boolean": "write true or false, without quotes",
    "null": "leave it out",
}
"""For a key that its schema does not describe."""


def _at(value: JsonValue, path: KeyPath) -> JsonValue:
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key]
    return value


def _schema_at(schema: Mapping[str, Any], path: KeyPath) -> Mapping[str, Any]:
    """The part of our own schemas (no `$ref`) that describes a key path."""
    for key in path:
        if isinstance(key, int):
            schema = schema.get("items", {})
        else:
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            schema = inner if isinstance(inner, Mapping) else {}
    return schema


def _known_keys(schema: Mapping[str, Any], path: KeyPath) -> list[str]:
    return list(_schema_at(schema, path).get("properties", ()))


def _description(schema: Mapping[str, Any], path: KeyPath) -> str:
    return str(_schema_at(schema, path).get("description", ""))


def check_object(manifest: Mapping[str, JsonValue]) -> Iterator[tuple[KeyPath, RenderError]]:
    """What Kubernetes would refuse about an object's identity and labels, whatever its kind.

    Yields: the key path of each fault, and the fault, which names the object but not yet a place.
    """
    identity = object_id(manifest)
    metadata = mapping_of(manifest.get("metadata"))
    for key, text, pattern, rule in (
        ("apiVersion", identity.api_version, _API_VERSION, "write VERSION or GROUP/VERSION, such as apps/v1"),
        ("kind", identity.kind, _KIND, "write a word of letters and digits, such as ConfigMap"),
    ):
        if text and not pattern.fullmatch(text):
            yield _fault("object-incomplete", [key], f"{text!r} cannot be {key} of an object", rule)
        if not text:
            yield _fault(
                "object-incomplete",
                [key],
                f"the object has no {key}",
                "every Kubernetes object has apiVersion, kind and metadata.name",
            )
    yield from _check_name(identity.kind, metadata)
    namespace = metadata.get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        yield _fault(
            "object-name",
            ["metadata", "namespace"],
            f"the namespace of an object must be a string, and is {type_name(namespace)}",
            "put it into quotes: {{ ... | quote }}",
        )
    if identity.namespace and not is_namespace_name(identity.namespace):
        yield _fault(
            "object-name",
            ["metadata", "namespace"],
            f"{identity.namespace!r} cannot be the name of a namespace",
            "lower-case letters, digits and '-', at most 63, a letter or digit at both ends",
        )
    yield from check_texts(metadata.get("labels"), ["metadata", "labels"], "label")
    yield from check_texts(metadata.get("annotations"), ["metadata", "annotations"], "annotation")


def _fault(code: str, path: KeyPath, message: str, hint: str) -> tuple[KeyPath, RenderError]:
    return path, RenderError(code, message, path=format_path(path), hint=hint)


def _check_name(kind: str, metadata: JsonObject) -> Iterator[tuple[KeyPath, RenderError]]:
    path = ["metadata", "name"]
    name = metadata.get("name")
    if name is None or name == "":
        what = "generateName, but no name" if metadata.get("generateName") else "no name"
        yield _fault(
            "object-incomplete",
            path,
            f"the {kind or 'object'} has {what}",
            "set metadata.name; a template that reads a missing value renders an empty name",
        )
        return
    if not isinstance(name, str):
        yield _fault(
            "object-name",
            path,
            f"the name of an object must be a string, and is {type_name(name)}",
            "put it into quotes: {{ ... | quote }}",
        )
        return
    if kind in _PATH_SEGMENT_KINDS:
        fits = "/" not in name and "%" not in name and name not in {".", ".."}
        rule = "it must have no '/' and no '%', and not be '.' or '..'"
    else:
        pattern, limit, letters = _SUBDOMAIN, 253, "lower-case letters, digits, '-' and '.'"
        if kind in _LABEL_KINDS:
            pattern, limit, letters = _DNS_LABEL, 63, "lower-case letters, digits and '-'"
        elif kind in _RELEASE_KINDS:
            limit = 53
        elif kind in _SERVICE_KINDS:
            pattern, limit, letters = _SERVICE_NAME, 63, "lower-case letters, digits and '-', a letter first"
        fits = _fits(pattern, name, limit)
        rule = f"{letters}, at most {limit} (it has {len(name)}), a letter or digit at both ends"
    if not fits:
        shown = name if len(name) <= 80 else f"{name[:80]}…"
        yield _fault("object-name", path, f"{shown!r} cannot be the name of a {kind}", rule)


def check_texts(texts: JsonValue, path: KeyPath, what: str) -> Iterator[tuple[KeyPath, RenderError]]:
    """Labels or annotations: both have strings for values, and labels are short ones."""
    if texts is None:
        return
    if not isinstance(texts, dict):
        message = f"this must be a mapping, and is {type_name(texts)}"
        yield _fault("object-shape", path, message, _HOW["object"])
        return
    for key, value in texts.items():
        prefix, slash, name = key.rpartition("/")
        if not _fits(_LABEL_NAME, name, 63) or (slash and not _fits(_SUBDOMAIN, prefix.lower(), 253)):
            yield _fault(
                f"object-{what}",
                [*path, key],
                f"{key!r} cannot be the key of {'an' if what == 'annotation' else 'a'} {what}",
                "an optional DNS name and '/', then at most 63 letters, digits, '-', '_' and '.'",
            )
        if not isinstance(value, str):
            yield _fault(
                f"object-{what}",
                [*path, key],
                f"the value of {what} {key!r} must be a string, and is {type_name(value)}",
                "put it into quotes: {{ ... | quote }}",
            )
        elif what == "label" and value and not _fits(_LABEL_NAME, value, 63):
            yield _fault(
                "object-label",
                [*path, key],
                f"{value!r} cannot be the value of label {key!r}",
                "letters, digits, '-', '_' and '.', at most 63 "
                f"(it has {len(value)}), a letter or digit at both ends",
            )


def is_release_name(name: str) -> bool:
    """Whether Helm takes it for the name of a release."""
    return _fits(_SUBDOMAIN, name, 53)


def is_namespace_name(name: str) -> bool:
    """Whether Kubernetes takes it for the name of a namespace."""
    return is_dns_label(name)


def is_dns_label(name: str) -> bool:
    """Whether it is a label of RFC 1123, as namespaces, containers and volumes are named."""
    return _fits(_DNS_LABEL, name, 63)


def is_open_secret(manifest: Mapping[str, JsonValue]) -> bool:
    """Whether it is a Secret with data in it that is not annotated as one that may be read."""
    if (manifest.get("apiVersion"), manifest.get("kind")) != ("v1", "Secret"):
        return False
    if annotations_of(manifest).get(PLAIN_SECRET_ANNOTATION) == "allowed":
        return False
    return bool(mapping_of(manifest.get("data")) or mapping_of(manifest.get("stringData")))


# Kernels have the same labels with other values.
@lru_cache(maxsize=4096)
def _fits(pattern: re.Pattern[str], text: str, limit: int) -> bool:
    return len(text) <= limit and pattern.fullmatch(text) is not None
