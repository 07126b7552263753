"""Go's values in Python.

Matrix: each class of value x kind, type name, truth; bytes of strings; integer overflow. What
templates do with values stands in the tests of the compiler.
"""

from __future__ import annotations

import pytest

from sro_render.gotemplate.values import (
    NIL,
    GoObject,
    Int8,
    Int64,
    Kind,
    Missing,
    NamedMap,
    StringList,
    StringMap,
    Uint8,
    from_bytes,
    go_method,
    kind_of,
    plain,
    sorted_items,
    to_bytes,
    type_label,
    type_name,
    wrap_integer,
)
from sro_render.source import Source


class Struct(GoObject):
    go_type = "*chart.Metadata"


class Named(GoObject):
    go_type = "engine.files"

    def __init__(self, entries: dict[str, object]) -> None:
        self.entries = entries

    def go_underlying(self) -> dict[str, object]:
        return self.entries

    @go_method("Get", "(string) string")
    def get(self, name: str) -> str:
        return str(self.entries.get(name, ""))


MISSING = Missing(Source("a", "{{ .x }}").span(3, 5), ".x", "x", {"b": 1, "a": 2})


@pytest.mark.parametrize(
    ("value", "kind", "name", "truth"),
    [
        (None, Kind.INVALID, "<nil>", False),
        (NIL, Kind.INVALID, "<nil>", False),
        (MISSING, Kind.INVALID, "<nil>", False),
        (True, Kind.BOOL, "bool", True),
        (0, Kind.INT, "int", False),
        (Int64(3), Kind.INT, "int64", True),
        (Uint8(0), Kind.UINT, "uint8", False),
        (0.5, Kind.FLOAT, "float64", True),
        ("", Kind.STRING, "string", False),
        (b"a", Kind.SLICE, "[]uint8", True),
        ({}, Kind.MAP, "map[string]interface {}", False),
        (NamedMap(a=1), Kind.MAP, "common.Values", True),
        (StringMap(), Kind.MAP, "map[string]string", False),
        ([None], Kind.SLICE, "[]interface {}", True),
        (StringList(), Kind.SLICE, "[]string", False),
        (Struct(), Kind.STRUCT, "*chart.Metadata", True),
        (Named({}), Kind.MAP, "engine.files", False),
        (Named({"a": 1}), Kind.MAP, "engine.files", True),
        (object(), Kind.STRUCT, "struct {}", True),
    ],
)
def test_a_value_has_the_kind_type_and_truth_that_go_sees(
    value: object, kind: Kind, name: str, truth: bool
) -> None:
    assert kind_of(value) is kind
    assert type_name(value) == name
    assert bool(value) is truth


def test_messages_call_the_empty_interface_any() -> None:
    assert type_label({}) == "map[string]any"


def test_a_go_string_is_its_bytes_even_where_they_are_no_text() -> None:
    assert to_bytes("é\udcff") == b"\xc3\xa9\xff"
    assert from_bytes(b"\xc3\xa9\xff") == "é\udcff"
    assert to_bytes("\ud800") == "\ufffd".encode()


@pytest.mark.parametrize(
    ("number", "bits", "signed", "kept"),
    [(2**63, 64, True, -(2**63)), (-1, 8, False, 255), (200, 8, True, -56), (5, 16, True, 5)],
)
def test_integers_overflow_as_in_go(number: int, bits: int, signed: bool, kept: int) -> None:
    assert wrap_integer(number, bits, signed=signed) == kept


def test_a_sized_integer_wraps_into_its_own_type() -> None:
    wrapped = Int8.wrap(130)
    assert (type(wrapped), wrapped) == (Int8, -126)


def test_maps_are_gone_through_in_the_order_of_their_keys() -> None:
    assert [key for key, _ in sorted_items({"b": 1, "é": 2, "B": 3, "a": 4})] == ["B", "a", "b", "é"]


def test_a_missing_value_knows_what_stands_beside_it() -> None:
    assert MISSING.candidates == ("a", "b")
    assert repr(MISSING) == "Missing(.x)"


def test_declared_methods_are_inherited_and_nothing_else_is_a_method() -> None:
    class Child(Named):
        @go_method("Lines", "(string) []string")
        def lines(self, name: str) -> StringList:
            return StringList(self.get(name).split())

    assert list(Child.go_methods) == ["Get", "Lines"]
    assert list(Struct.go_methods) == []


def test_the_map_behind_a_named_type_can_be_had() -> None:
    assert plain(Named({"a": 1})) == {"a": 1}
    struct = Struct()
    assert plain(struct) is struct
