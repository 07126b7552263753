"""What a schema does with values, before the validator does it: how much work, and to which keys.

A schema of a few lines can ask for more than any machine can do: references that double at each step,
or lead back to where they came from. The validator cannot be interrupted, so what it would do is counted
first. Schemas that are small when all references are written out need no counting, and that is nearly
all. Works on what `schema_document.py` writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sro_render.charts.schema_addresses import SchemaError
from sro_render.charts.schema_document import SchemaDocument
from sro_render.limits import Limits, or_more

_SMALL = 50_000
"""Schemas, all references written out, that are put to values without counting."""
_LISTED = 200_000
"""How often schemas are put to values where all faults are listed; beyond, only the first is."""
_HERE_ONE = ("not", "if", "then", "else")
_HERE_LIST = ("allOf", "anyOf", "oneOf")
_BELOW_ONE = ("additionalProperties", "propertyNames", "unevaluatedProperties")
_ITEMS_ONE = ("items", "contains", "unevaluatedItems")

Schema = Mapping[str, Any]


class CostGuard:
    """Knows one schema, with all that it refers to."""

    def __init__(self, document: SchemaDocument, limits: Limits) -> None:
        self.limits = limits
        self.root: Any = document.schema
        self.definitions: Mapping[str, Any] = (
            document.schema.get("$defs", {}) if isinstance(document.schema, dict) else {}
        )
        self._sizes: dict[int, int] = {}
        self._here: dict[int, Counter[int]] = {}
        self._schemas: dict[int, Schema] = {}
        self._left = self._ignored = 0
        try:
            self.is_small = not isinstance(self.root, dict) or self._size(self.root) <= _SMALL
        except RecursionError:
            raise _too_deep() from None

    def check(self, value: Any) -> None:
        """Raise SchemaError if checking this value would take too long, or never end."""
        if not self.is_small:
            self._count(value, self.limits.max_schema_checks, _SMALL)

    def keys_at_top(self) -> frozenset[str]:
        """The keys that the schema, with all its branches, has properties for at the top."""
        found: set[str] = set()
        seen: set[int] = set()
        open_ends: list[Schema] = [self.root] if isinstance(self.root, dict) else []
        while open_ends:
            schema = open_ends.pop()
            if id(schema) not in seen:
                seen.add(id(schema))
                found |= set(schema.get("properties", ()))
                open_ends.extend(self._inner_here(schema))
        return frozenset(found)

    def is_cheap(self, value: Any) -> bool:
        """Whether all faults of a value can be listed, which costs much more than finding one."""
        try:
            self._count(value, _LISTED, 0)
        except SchemaError:
            return False
        return True

    def _count(self, value: Any, allowed: int, ignored: int) -> None:
        self._left, self._ignored = allowed, ignored
        self._here = {}
        if isinstance(self.root, dict):
            self._schemas[id(self.root)] = self.root
            try:
                self._walk(value, Counter({id(self.root): 1}))
            except RecursionError:
                raise _too_deep() from None

    def _size(self, schema: Schema) -> int:
        """Schemas in a schema with all references written out; more than `_SMALL` where it has no end."""
        known = self._sizes.get(id(schema))
        if known is not None:
            return known
        self._sizes[id(schema)] = _SMALL + 1  # for whatever leads back here
        size = 1 + sum(self._size(inner) for inner in (*self._inner_here(schema), *_inner_below(schema)))
        self._sizes[id(schema)] = min(size, _SMALL + 1)
        return size

    def _inner_here(self, schema: Schema) -> Iterator[Schema]:
        """What is put to the same value: branches, and what references lead to."""
        reference = schema.get("$ref")
        if reference == "#":
            yield self.root
        elif isinstance(reference, str) and reference.startswith("#/$defs/"):
            target = self.definitions[reference.removeprefix("#/$defs/")]
            if isinstance(target, dict):
                yield target
        inner = [schema.get(key) for key in _HERE_ONE]
        inner += [one for key in _HERE_LIST for one in schema.get(key, ())]
        inner += schema.get("dependentSchemas", {}).values()
        yield from (one for one in inner if isinstance(one, dict))

    def _closure(self, schema: Schema) -> Counter[int]:
        """All schemas that are put to a value with this one, and how often each."""
        key = id(schema)
        if key not in self._here:
            self._schemas[key] = schema
            self._here[key] = Counter({key: -1})  # stands for: on the way
            closure = Counter({key: 1})
            for inner in self._inner_here(schema):
                if self._sizes[id(inner)] > self._ignored:
                    closure.update(self._closure(inner))
            self._spend(len(closure))
            self._here[key] = closure
        if self._here[key][key] < 0:
            raise SchemaError(
                "a reference leads back to itself without going into the value",
                hint="remove the reference that closes the circle",
            )
        return self._here[key]

    def _walk(self, value: Any, counts: Counter[int]) -> None:
        closure: Counter[int] = Counter()
        for start, count in counts.items():
            for key, times in self._closure(self._schemas[start]).items():
                closure[key] += count * times
        self._spend(sum(closure.values()))
        items: list[tuple[Any, Any]] = []
        if isinstance(value, dict):
            items = list(value.items())
        elif isinstance(value, list):
            items = list(enumerate(value))
        for name, item in items:
            below: Counter[int] = Counter()
            for key, count in closure.items():
                for inner in _put_to(self._schemas[key], name):
                    if self._sizes[id(inner)] > self._ignored:
                        self._schemas[id(inner)] = inner
                        below[id(inner)] += count
            if below:
                self._walk(item, below)

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise SchemaError(
                f"checking the values takes more than {self.limits.max_schema_checks} steps",
                hint=or_more("look for definitions that refer to each other several times", "schema-checks"),
            )


def _too_deep() -> SchemaError:
    return SchemaError(
        "its references lead through hundreds of others", hint="refer to what is meant, not to a reference"
    )


def _inner_below(schema: Schema) -> Iterator[Schema]:
    """What is put to the values inside a value."""
    inner = [schema.get(key) for key in (*_BELOW_ONE, *_ITEMS_ONE)]
    inner += schema.get("properties", {}).values()
    inner += schema.get("patternProperties", {}).values()
    inner += schema.get("prefixItems", ())
    yield from (one for one in inner if isinstance(one, dict))


def _put_to(schema: Schema, name: str | int) -> Iterator[Schema]:
    """What is put to the value under a key or at an index; perhaps more than the validator does."""
    if isinstance(name, int):
        inner = [schema.get(key) for key in _ITEMS_ONE]
        inner += schema.get("prefixItems", ())[name : name + 1]
    else:
        properties = schema.get("properties", {})
        inner = [schema.get(key) for key in _BELOW_ONE]
        inner += [properties[name]] if name in properties else []
        inner += schema.get("patternProperties", {}).values()
    yield from (one for one in inner if isinstance(one, dict))
