"""A chart's `values.schema.json`, read as Helm reads it and written anew for the validator.

Decides which draft a schema is of, what its references mean, what is refused, and what each keyword
asks for in that draft. The result says the same in one draft, 2020-12, without ids: whatever the
validator's own ideas of drafts, references, formats and patterns are, they play no part. Only what the
root leads to is taken over, as Helm compiles only that. Loads nothing: a reference that leaves the file
is a fault. Values are checked in `schemas.py`.
Source: github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 objcompiler.go and validator.go as helm
pkg/chart/common/util/jsonschema.go uses it; differs: remote references.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from sro_render.charts.schema_addresses import (
    BASE,
    INNER,
    LATEST,
    LIST,
    MAP,
    ONE,
    Addresses,
    SchemaError,
    draft_at,
    escape,
    join,
    meta_url,
)
from sro_render.charts.schema_formats import FORMATS
from sro_render.charts.schema_patterns import PatternError, to_rust
from sro_render.limits import Limits, or_more

_PLAIN = (
    *("type", "enum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties", "required"),
)
"""Keywords that mean the same in every draft."""

MetaCheck = Callable[[int, Any, str], None]
"""Called with a draft, a schema and its pointer; raises SchemaError if it is no schema of that draft."""


class SchemaDocument(Struct, frozen=True, kw_only=True):
    """A schema for the validator.

    schema:   in draft 2020-12; what references lead to is under `$defs`.
    pointers: key in `$defs` -> the pointer in the file.
    """

    schema: dict[str, Any] | bool
    pointers: Mapping[str, str]


def parse_schema(text: str, limits: Limits) -> Any:
    """The JSON value that a schema file holds; whole numbers as integers.

    Raises: SchemaError: it is no JSON, or nested too deep.
    """
    try:
        value = json.loads(text, parse_float=_number, parse_constant=_refuse_constant)
    except RecursionError:
        value = None
        depth = limits.max_yaml_depth + 1
    except ValueError as error:
        raise SchemaError(
            f"the file is not JSON: {error}", hint="a schema of values is JSON, also beside values in YAML"
        ) from None
    else:
        depth = _depth(value)
    if depth > limits.max_yaml_depth:
        raise SchemaError(
            f"it is nested deeper than {limits.max_yaml_depth} levels",
            hint=or_more("use definitions and $ref", "yaml-depth"),
        )
    return value


def _number(text: str) -> float | int:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(f"{text} is too large")
    return int(value) if value.is_integer() else value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        inner = [list(each.values()) if isinstance(each, dict) else each for each in level]
        level = [
            one for each in inner if isinstance(each, list) for one in each if isinstance(one, dict | list)
        ]
    return depth


def read_schema(document: Any, limits: Limits, check_meta: MetaCheck) -> SchemaDocument:
    """What a schema file says, for the validator.

    Args:   document: what `parse_schema` returned.
    Raises: SchemaError.
    """
    return _Reader(document, limits, check_meta).read()


class _Reader:
    """Reads one file, from the root on, with what references lead to."""

    def __init__(self, document: Any, limits: Limits, check_meta: MetaCheck) -> None:
        self.addresses = Addresses(document, limits)
        self.check_meta = check_meta
        self.keys: dict[str, str] = {}
        """Pointer -> key in `$defs`, of everything that a reference leads to."""

    def read(self) -> SchemaDocument:
        self.check_resources()
        root = self.translate(self.addresses.document, "")
        definitions: dict[str, Any] = {}
        while len(definitions) < len(self.keys):
            pointer, key = list(self.keys.items())[len(definitions)]
            definitions[key] = self.translate(self.addresses.look_up(pointer, pointer), pointer)
        if definitions and isinstance(root, dict):
            root["$defs"] = definitions
        return SchemaDocument(schema=root, pointers={key: pointer for pointer, key in self.keys.items()})

    def check_resources(self) -> None:
        """Each schema with an address by its own draft."""
        for pointer, resource in self.addresses.resources.items():
            around = self.addresses.resource_of(pointer.rpartition("/")[0]) if pointer else None
            if around is None or around.draft != resource.draft:
                others = [
                    inner
                    for inner, other in self.addresses.resources.items()
                    if inner.startswith(f"{pointer}/") and other.draft != resource.draft
                ]
                schema = _without(
                    self.addresses.look_up(pointer, pointer), [one[len(pointer) :] for one in others]
                )
                self.check_meta(resource.draft, schema, pointer)

    # -- references

    def reference(self, schema: Mapping[str, Any], keyword: str, pointer: str) -> dict[str, Any]:
        """A `$ref` for the validator. Raises SchemaError if it leads nowhere, or out of the file."""
        written = schema[keyword]
        place = f"{pointer}/{keyword}"
        address, _, fragment = written.partition("#")
        fragment = unquote(fragment)
        url = join(self.addresses.resource_of(pointer).url, address)
        resource = self.addresses.resources[""] if url == BASE else self.addresses.by_url.get(url)
        if resource is None:
            if draft_at(url) == LATEST and not fragment:
                return {"$ref": meta_url(LATEST)}  # the validator has it
            self.refuse_outside(written, url, place)
        if keyword == "$dynamicRef" and len(self.addresses.resources) > 1 and fragment in resource.dynamic:
            raise SchemaError(
                "$dynamicRef in a file with several ids is not supported", place, "write $ref instead"
            )
        if fragment and not fragment.startswith("/"):
            if fragment not in resource.anchors:
                raise SchemaError(f"{written!r} leads nowhere: there is no such anchor", place, "define it")
            target = resource.anchors[fragment]
        else:
            target = resource.pointer + fragment
        value = self.addresses.look_up(target, place)
        if not target:
            return {"$ref": "#"}
        if target not in self.keys:
            if target not in self.addresses.collected:
                own = self.addresses.resource_of(target)
                self.addresses.collect(value, target, own.url, own.draft)
                self.check_meta(self.addresses.resource_of(target).draft, value, target)
            self.keys[target] = f"d{len(self.keys)}"
        return {"$ref": f"#/$defs/{self.keys[target]}"}

    def refuse_outside(self, written: str, url: str, place: str) -> NoReturn:
        scheme = urlsplit(url).scheme
        what = {
            "file": "another file",
            "http": "another server",
            "https": "another server",
            "urn": "a name that stands for another schema",
        }.get(scheme, "another document")
        raise SchemaError(
            f"{written!r} refers to {what}, and nothing is ever loaded for a schema",
            place,
            "copy what it refers to into this file, below "
            + ("definitions" if self.addresses.resources[""].draft < 2019 else "$defs"),
        )

    # -- keywords

    def translate(self, schema: Any, pointer: str) -> Any:
        """A schema in draft 2020-12."""
        if not isinstance(schema, dict):
            return schema if isinstance(schema, bool) else True
        draft = self.addresses.resource_of(pointer).draft
        if draft < 2019 and isinstance(schema.get("$ref"), str):
            reference = self.reference(schema, "$ref", pointer)
            if draft >= 6 and "const" in schema:  # what else stands beside it is ignored
                return {"allOf": [reference, {"const": schema["const"]}]}
            return reference
        out: dict[str, Any] = {key: schema[key] for key in _PLAIN if key in schema}
        self.add_bounds(out, schema)
        if isinstance(schema.get("pattern"), str):
            out["pattern"] = self.pattern(schema["pattern"], f"{pointer}/pattern")
        if draft < 2019 and schema.get("format") in FORMATS:
            out["format"] = schema["format"]
        self.add_inner(out, schema, pointer, draft)
        if draft >= 6 and "const" in schema:
            out["const"] = schema["const"]
        self.add_references(out, schema, pointer, draft)
        return out

    def add_bounds(self, out: dict[str, Any], schema: Mapping[str, Any]) -> None:
        for plain, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            strict = schema.get(exclusive)
            if plain in schema:  # draft 4 says with true and false which of the two it is
                out[exclusive if strict is True else plain] = schema[plain]
            if exclusive in schema and not isinstance(strict, bool):
                out[exclusive] = strict

    def pattern(self, text: str, place: str) -> str:
        try:
            return to_rust(text)
        except PatternError as error:
            raise SchemaError(
                f"the pattern {text!r} is not one that Helm takes: {error}",
                place,
                "patterns are of Go's dialect, without lookaround and back references",
            ) from None

    def add_inner(self, out: dict[str, Any], schema: Mapping[str, Any], pointer: str, draft: int) -> None:
        for since, key, many in INNER:
            value = schema.get(key)
            if draft < since or key in {"definitions", "$defs", "contentSchema"} or key not in schema:
                continue
            place = f"{pointer}/{key}"
            if key in {"items", "additionalItems", "prefixItems"}:
                continue
            if key == "patternProperties" and isinstance(value, dict):
                self.add_patterns(out, value, place)
            elif key == "dependencies" and isinstance(value, dict):
                self.add_dependencies(out, value, place)
            elif key in {"then", "else"}:
                if "if" in schema:
                    out[key] = self.translate(value, place)
            elif many == ONE:
                out[key] = self.translate(value, place)
            elif many == LIST and isinstance(value, list):
                out[key] = [self.translate(each, f"{place}/{n}") for n, each in enumerate(value)]
            elif many == MAP and isinstance(value, dict):
                old = out.get(key, {})
                out[key] = old | {k: self.translate(v, f"{place}/{escape(k)}") for k, v in value.items()}
        self.add_items(out, schema, pointer, draft)
        if draft >= 2019:
            keys = ("minContains", "maxContains") if "contains" in schema else ()
            out.update({key: schema[key] for key in keys if key in schema})
            if isinstance(schema.get("dependentRequired"), dict):
                out.setdefault("dependentRequired", {}).update(schema["dependentRequired"])
        if draft == 2019 and "contains" in out and self.addresses.has_unevaluated_items:
            # In this draft, what it finds does not count as evaluated; nothing does below a `not`.
            hidden = {key: out.pop(key) for key in ("contains", "minContains", "maxContains") if key in out}
            out["allOf"] = [*out.get("allOf", ()), {"not": {"not": hidden}}]

    def add_items(self, out: dict[str, Any], schema: Mapping[str, Any], pointer: str, draft: int) -> None:
        first, rest = ("prefixItems", "items") if draft >= 2020 else ("items", "additionalItems")
        items = schema.get(first)
        if isinstance(items, list):
            out["prefixItems"] = [self.translate(v, f"{pointer}/{first}/{n}") for n, v in enumerate(items)]
        elif draft < 2020:
            rest = "items"  # additionalItems counts only beside a list
        if rest in schema:
            out["items"] = self.translate(schema[rest], f"{pointer}/{rest}")

    def add_patterns(self, out: dict[str, Any], patterns: Mapping[str, Any], place: str) -> None:
        done: dict[str, Any] = {}
        for text, value in patterns.items():
            inner = f"{place}/{escape(text)}"
            pattern = self.pattern(text, inner)
            schema = self.translate(value, inner)
            # Two spellings of one pattern count both.
            done[pattern] = {"allOf": [done[pattern], schema]} if pattern in done else schema
        out["patternProperties"] = done

    def add_dependencies(self, out: dict[str, Any], value: Mapping[str, Any], place: str) -> None:
        """Taken apart, as it is since draft 2019-09; Helm still takes the old form there too."""
        for key, wanted in value.items():
            if isinstance(wanted, list):
                out.setdefault("dependentRequired", {})[key] = wanted
            else:
                inner = self.translate(wanted, f"{place}/{escape(key)}")
                out.setdefault("dependentSchemas", {})[key] = inner

    def add_references(
        self, out: dict[str, Any], schema: Mapping[str, Any], pointer: str, draft: int
    ) -> None:
        keywords = ["$ref"]
        keywords += ["$recursiveRef"] if draft >= 2019 else []
        keywords += ["$dynamicRef"] if draft >= 2020 else []
        found = [self.reference(schema, key, pointer) for key in keywords if isinstance(schema.get(key), str)]
        if found:
            out.update(found[0])
        if found[1:]:
            out["allOf"] = [*out.get("allOf", ()), *found[1:]]


def _without(schema: Any, pointers: Sequence[str]) -> Any:
    """A copy in which what stands at pointers allows everything."""
    for pointer in pointers:
        token, _, rest = pointer[1:].partition("/")
        name = token.replace("~1", "/").replace("~0", "~")
        inner = _without(_child(schema, name), [f"/{rest}"]) if rest else {}
        if isinstance(schema, list):
            schema = [inner if str(index) == name else each for index, each in enumerate(schema)]
        else:
            schema = {**schema, name: inner}
    return schema


def _child(value: Any, name: str) -> Any:
    return value[int(name)] if isinstance(value, list) else value[name]
