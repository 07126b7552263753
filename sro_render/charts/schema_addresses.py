"""The addresses in a schema: which draft each part is of, ids, anchors, and where pointers lead.

Decides what a reference may mean inside one file; never looks outside of it. What the keywords ask for is
for `schema_document.py`.
Source: github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 draft.go, roots.go, root.go and util.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from msgspec import Struct

from sro_render.limits import Limits, or_more

BASE = "file:///values.schema.json"
"""The address that Helm gives the file."""
LATEST = 2020
META_URLS: Mapping[int, str] = {
    4: "http://json-schema.org/draft-04/schema",
    6: "http://json-schema.org/draft-06/schema",
    7: "http://json-schema.org/draft-07/schema",
    2019: "https://json-schema.org/draft/2019-09/schema",
    2020: "https://json-schema.org/draft/2020-12/schema",
}
"""The schemas of schemas, by draft; the validator carries them."""


def draft_at(url: str) -> int | None:
    """The draft whose schema of schemas has this address, whether `http:` or `https:`."""
    return _DRAFTS.get(re.sub(r"^https?://", "", url))


def meta_url(draft: int) -> str:
    """The address of a draft's schema of schemas, as its schemas write it."""
    return META_URLS[draft] + ("#" if draft < 2019 else "")


_DRAFTS = {url.partition("://")[2]: draft for draft, url in META_URLS.items()} | {
    "json-schema.org/schema": LATEST
}

ONE, LIST, MAP = "one", "list", "map"
INNER: tuple[tuple[int, str, str], ...] = (
    (4, "definitions", MAP),
    (4, "not", ONE),
    (4, "allOf", LIST),
    (4, "anyOf", LIST),
    (4, "oneOf", LIST),
    (4, "properties", MAP),
    (4, "additionalProperties", ONE),
    (4, "patternProperties", MAP),
    (4, "items", ONE),
    (4, "items", LIST),
    (4, "additionalItems", ONE),
    (4, "dependencies", MAP),
    (6, "propertyNames", ONE),
    (6, "contains", ONE),
    (7, "if", ONE),
    (7, "then", ONE),
    (7, "else", ONE),
    (2019, "$defs", MAP),
    (2019, "dependentSchemas", MAP),
    (2019, "unevaluatedProperties", ONE),
    (2019, "unevaluatedItems", ONE),
    (2019, "contentSchema", ONE),
    (2020, "prefixItems", LIST),
)
"""Where schemas stand inside schemas: since which draft, under which key, how many."""


class SchemaError(Exception):
    """Something is wrong with a schema, at a JSON pointer; `hint` says what to do."""

    def __init__(self, message: str, pointer: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer
        self.hint = hint


class Resource(Struct, kw_only=True):
    """A schema with an address of its own: the root, or one with an id."""

    pointer: str
    url: str
    draft: int
    anchors: dict[str, str] = {}
    dynamic: set[str] = set()


class Addresses:
    """The addresses of one file."""

    def __init__(self, document: Any, limits: Limits) -> None:
        self.document = document
        self.limits = limits
        self.resources: dict[str, Resource] = {}
        self.by_url: dict[str, Resource] = {}
        self.collected: set[str] = set()
        self.parts = 0
        self.has_unevaluated_items = False
        self.collect(document, "", BASE, LATEST)

    def collect(self, schema: Any, pointer: str, base: str, fallback: int) -> None:
        """Note the ids and anchors of a schema and of those inside it."""
        if pointer in self.collected:
            return
        self.collected.add(pointer)
        self.parts += 1
        if self.parts > self.limits.max_schema_parts:
            raise SchemaError(
                f"it has more than {self.limits.max_schema_parts} schemas in it",
                hint=or_more("leave out definitions that nothing refers to", "schema-parts"),
            )
        if not isinstance(schema, dict):
            if not pointer:
                self._add_resource(Resource(pointer="", url=base, draft=fallback))
            return
        self.has_unevaluated_items |= "unevaluatedItems" in schema
        draft = self._draft_of(schema, pointer, fallback)
        own = _id_of(schema, draft)
        if not own and pointer:
            draft = fallback  # `$schema` counts only beside an id
            own = _id_of(schema, draft)
        if own or not pointer:
            base = join(base, own)
            self._add_resource(Resource(pointer=pointer, url=base, draft=draft))
        resource = self.by_url[base]
        _check_keywords(schema, pointer, resource.draft)
        self._collect_anchors(schema, pointer, resource)
        for inner, value in inner_schemas(schema, pointer, draft):
            self.collect(value, inner, base, resource.draft)

    def _draft_of(self, schema: Mapping[str, Any], pointer: str, fallback: int) -> int:
        name = schema.get("$schema")
        if not isinstance(name, str) or (pointer and not _id_of(schema, LATEST) and "id" not in schema):
            return fallback
        address, _, fragment = name.partition("#")
        draft = draft_at(address)
        if draft is None or fragment:
            raise SchemaError(
                f"$schema is {name!r}, which is no draft that Helm knows without loading it",
                f"{pointer}/$schema",
                f"write one of {', '.join(map(meta_url, META_URLS))}",
            )
        return draft

    def _add_resource(self, resource: Resource) -> None:
        if resource.url in self.by_url:
            raise SchemaError(
                f"two schemas have the id {resource.url!r}", resource.pointer, "give each its own"
            )
        self.by_url[resource.url] = resource
        self.resources[resource.pointer] = resource

    def _collect_anchors(self, schema: Mapping[str, Any], pointer: str, resource: Resource) -> None:
        draft = resource.draft
        names = []
        if draft >= 2019:
            names.append(schema.get("$anchor"))
        elif "$ref" not in schema:
            address = schema.get("id" if draft == 4 else "$id")
            fragment = unquote(address.partition("#")[2]) if isinstance(address, str) else ""
            names.append("" if fragment.startswith("/") else fragment)
        if draft >= 2020:
            dynamic = schema.get("$dynamicAnchor")
            names.append(dynamic)
            if isinstance(dynamic, str):
                resource.dynamic.add(dynamic)
        for name in names:
            if not isinstance(name, str) or not name:
                continue
            if resource.anchors.setdefault(name, pointer) != pointer:
                raise SchemaError(f"two schemas have the anchor {name!r}", pointer, "give each its own")

    def resource_of(self, pointer: str) -> Resource:
        """The nearest schema around a place that has an address of its own."""
        while pointer not in self.resources:
            pointer = pointer.rpartition("/")[0]
        return self.resources[pointer]

    def look_up(self, pointer: str, place: str) -> Any:
        """What stands at a pointer. Raises SchemaError, said to be at `place`, where there is nothing."""
        value = self.document
        for token in pointer.split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and name in value:
                value = value[name]
            elif isinstance(value, list) and re.fullmatch("[0-9]+", name) and int(name) < len(value):
                value = value[int(name)]
            else:
                raise SchemaError(
                    f"'#{pointer}' leads nowhere: there is no {token!r}", place, "correct the reference"
                )
        return value


def inner_schemas(schema: Mapping[str, Any], pointer: str, draft: int) -> Iterator[tuple[str, Any]]:
    """The schemas that stand right inside a schema, with their pointers."""
    for since, key, many in INNER:
        value = schema.get(key)
        if draft < since or key not in schema:
            continue
        if many == ONE:
            yield f"{pointer}/{key}", value
        elif many == LIST and isinstance(value, list):
            yield from ((f"{pointer}/{key}/{n}", each) for n, each in enumerate(value))
        elif many == MAP and isinstance(value, dict):
            yield from ((f"{pointer}/{key}/{escape(name)}", each) for name, each in value.items())


def _check_keywords(schema: Mapping[str, Any], pointer: str, draft: int) -> None:
    """What Helm's schemas of the older drafts refuse, and the validator's let pass."""
    values = schema.get("enum")
    if draft < 2019 and isinstance(values, list):
        texts = [json.dumps(value, sort_keys=True) for value in values]
        if not texts or len(set(texts)) < len(texts):
            raise SchemaError(
                f"an enum of draft {draft} lists each value once, and at least one",
                f"{pointer}/enum",
                "remove what is there twice",
            )
    if draft == 4 and not isinstance(schema.get("$ref", ""), str):
        raise SchemaError("$ref must be a string", f"{pointer}/$ref", "write it as '#/definitions/NAME'")


def _id_of(schema: Mapping[str, Any], draft: int) -> str:
    """The address that a schema gives itself, without a fragment."""
    address = schema.get("id" if draft == 4 else "$id")
    if not isinstance(address, str) or (draft < 2019 and "$ref" in schema):
        return ""
    return address.partition("#")[0]


def escape(name: str) -> str:
    """A key as a JSON pointer writes it."""
    return name.replace("~", "~0").replace("/", "~1")


def join(base: str, address: str) -> str:
    """The address seen from `base`."""
    if not address:
        return base
    if urlsplit(address).scheme:
        return address
    scheme, _, rest = base.partition(":")
    if scheme in {"file", "http", "https"}:
        return urljoin(base, address)
    # `urn:x`: Go keeps the base. urljoin joins only below schemes that it knows.
    return scheme + urljoin(f"http:{rest}", address).removeprefix("http") if rest.startswith("/") else base
