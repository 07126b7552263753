"""Go's values in Python: which class stands for which Go type, and what Go knows of each.

| Go                        | here                                                                    |
| ------------------------- | ----------------------------------------------------------------------- |
| no value, nil             | `None`                                                                  |
| bool, string, float64     | `bool`, `str`, `float`                                                  |
| int; int64, uint8, …      | `int`; its subclasses `Int64`, `Uint8`, …                               |
| []byte                    | `bytes`                                                                 |
| map[string]any            | `dict`; other map types are subclasses with a `go_type`                 |
| []any                     | `list`; []string and others are subclasses with a `go_type`             |
| structs, types with methods | subclasses of `GoObject`                                              |

A Go string is a sequence of bytes. Here it is a `str`; bytes that are not UTF-8 stand in it as lone
surrogates (PEP 383), and whatever counts or cuts bytes goes through `to_bytes` and `from_bytes`.

Two kinds of nil exist only while a template runs and never inside a container: `Missing` for a key
that a map does not have, `NIL` for an element that is there and null.

Source: Go's reflect package, and text/template's `isTrue`, `indirect`, `printableValue`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, ClassVar, Final, TypeVar

from msgspec import Struct

from sro_render.source import Span

SIZED_INTS: Final[dict[str, type[SizedInt]]] = {}
"""Go's name -> class, of all integer types other than int, also of those with a name of their own."""


class SizedInt(int):
    """An integer of a Go type other than int."""

    __slots__ = ()
    go_type: ClassVar[str]
    bits: ClassVar[int]
    signed: ClassVar[bool]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        SIZED_INTS[cls.go_type] = cls

    @classmethod
    def wrap(cls, number: int) -> SizedInt:
        """The value that Go's conversion keeps: the low bits, as two's complement where signed."""
        return cls(wrap_integer(number, cls.bits, signed=cls.signed))


class Int8(SizedInt):
    """Go's int8."""

    go_type, bits, signed = "int8", 8, True


class Int16(SizedInt):
    """Go's int16."""

    go_type, bits, signed = "int16", 16, True


class Int32(SizedInt):
    """Go's int32, of which rune is another name."""

    go_type, bits, signed = "int32", 32, True


class Int64(SizedInt):
    """Go's int64."""

    go_type, bits, signed = "int64", 64, True


class Uint(SizedInt):
    """Go's uint."""

    go_type, bits, signed = "uint", 64, False


class Uint8(SizedInt):
    """Go's uint8, of which byte is another name."""

    go_type, bits, signed = "uint8", 8, False


class Uint16(SizedInt):
    """Go's uint16."""

    go_type, bits, signed = "uint16", 16, False


class Uint32(SizedInt):
    """Go's uint32."""

    go_type, bits, signed = "uint32", 32, False


class Uint64(SizedInt):
    """Go's uint64."""

    go_type, bits, signed = "uint64", 64, False


def wrap_integer(number: int, bits: int = 64, *, signed: bool = True) -> int:
    """`number` as Go's integer of that size keeps it when it overflows."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if signed and number >> (bits - 1) else number


class StringList(list[str]):
    """Go's []string."""

    go_type: ClassVar[str] = "[]string"


class NilList(list[Any]):
    """A []interface {} that is nil: a list without entries that JSON shows as null."""

    go_type: ClassVar[str] = "[]interface {}"
    is_nil: ClassVar[bool] = True


class ListList(list[list[Any]]):
    """Go's [][]interface {}."""

    go_type: ClassVar[str] = "[][]interface {}"


class NilMap(dict[str, Any]):
    """A map[string]interface {} that is nil: a map without entries that JSON shows as null."""

    go_type: ClassVar[str] = "map[string]interface {}"
    is_nil: ClassVar[bool] = True


class NilStringList(StringList):
    """A []string that is nil: a list without entries that JSON shows as null."""

    is_nil: ClassVar[bool] = True


class IntList(list[int]):
    """Go's []int."""

    go_type: ClassVar[str] = "[]int"


class StringMap(dict[str, str]):
    """Go's map[string]string: a key that is absent reads as the empty string."""

    go_type: ClassVar[str] = "map[string]string"
    zero: ClassVar[str] = ""


class NilStringMap(StringMap):
    """A map[string]string that was never made: empty, and null in JSON."""

    is_nil: ClassVar[bool] = True


class BytesMap(dict[str, bytes]):
    """Go's map[string][]byte: a key that is absent reads as no bytes, which are printed as `[]`."""

    go_type: ClassVar[str] = "map[string][]uint8"
    zero: ClassVar[bytes] = b""


class GoMethod(Struct, frozen=True):
    """A method that templates may call.

    name:      as templates write it.
    signature: in Go's words, without the receiver.
    call:      the Python function; gets the receiver, then the run where it wants it, then the arguments.
    """

    name: str
    signature: str
    call: Callable[..., object]
    wants_run: bool = False


_Body = TypeVar("_Body", bound=Callable[..., object])


def go_method(name: str, signature: str, *, wants_run: bool = False) -> Callable[[_Body], _Body]:
    """Declare a Python method of a GoObject or a NamedMap as the Go method `name`; see `GoMethod`."""

    def declare(body: _Body) -> _Body:
        body.__dict__["go_method"] = GoMethod(name, signature, body, wants_run)
        return body

    return declare


def _own_methods(cls: type) -> dict[str, GoMethod]:
    """The methods that a class declares itself."""
    return {m.name: m for m in (getattr(body, "go_method", None) for body in vars(cls).values()) if m}


class NamedMap(dict[str, Any]):
    """A named type of Go whose underlying type is map[string]interface {}, such as Helm's Values.

    Methods are Python methods under `@go_method`, as in `GoObject`; in Go they come before keys.
    """

    go_type: ClassVar[str] = "common.Values"
    go_methods: ClassVar[Mapping[str, GoMethod]] = {}
    method_names: ClassVar[set[str]] = set()
    """Of all such types: a chain with none of these names needs to look at keys alone."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.go_methods = {**cls.go_methods, **_own_methods(cls)}
        cls.method_names.update(cls.go_methods)


class GoObject:
    """A Go struct, or a Go type with methods: what it declares here is all that templates reach.

    `go_type` is Go's name of the type, with `*` where Go holds a pointer. Methods are Python methods
    under `@go_method`.
    """

    __slots__ = ()
    go_type: ClassVar[str] = "struct {}"
    go_methods: ClassVar[Mapping[str, GoMethod]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.go_methods = {**cls.go_methods, **_own_methods(cls)}

    def go_fields(self) -> Mapping[str, object]:
        """Exported fields in the order of the struct."""
        return {}

    def go_printed_fields(self) -> Mapping[str, object]:
        """What Go prints of the struct: its fields, those that are not exported included."""
        return self.go_fields()

    def go_underlying(self) -> dict[str, Any] | list[Any] | None:
        """The map or list that this is, where the Go type is one; range, index and len go over it."""
        return None

    def go_string(self) -> str | None:
        """What Go's String method returns, where the type has one."""
        return None

    def go_string_of_pointer(self) -> str | None:
        """The same where only pointers have the method: a template makes one of what it prints."""
        return self.go_string()

    def go_text(self) -> str | None:
        """What Go's MarshalText returns, where the type has one: its form in JSON, YAML and TOML.

        Raises: ValueError: this value has no such form.
        """
        return None

    def __bool__(self) -> bool:
        underlying = self.go_underlying()
        return underlying is None or bool(underlying)


class Missing:
    """What a key that is absent from a map evaluates to: nil, with a memory of where that happened.

    span:      the field chain in the template.
    name:      as written, up to the absent key, such as `.Values.KernelFullVersion`.
    key:       the absent key alone.
    container: the map that was asked.
    """

    __slots__ = ("container", "key", "name", "span")

    def __init__(self, span: Span, name: str, key: str, container: Mapping[str, object]) -> None:
        self.span: Final = span
        self.name: Final = name
        self.key: Final = key
        self.container: Final = container

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"Missing({self.name})"

    @property
    def candidates(self) -> tuple[str, ...]:
        """The keys that the map has, A-Z; looking at them is no read of theirs."""
        container = self.container
        return tuple(sorted(map(str, dict.keys(container) if isinstance(container, dict) else container)))


class _Nil:
    """The type of `NIL`."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NIL"


NIL: Final = _Nil()
"""A null element that `range` reached: unlike no value at all, asking it for a field is an error."""

NIL_CLASSES: Final = frozenset({Missing, _Nil})


class Kind(Enum):
    """Go's reflect.Kind, as far as templates can tell kinds apart."""

    INVALID = "invalid"
    BOOL = "bool"
    INT = "int"
    UINT = "uint"
    FLOAT = "float"
    STRING = "string"
    MAP = "map"
    SLICE = "slice"
    STRUCT = "struct"


def class_of(value: object) -> type:
    """The class that says which Go type a value has: watched maps and lists stand for plain ones."""
    kind = type(value)
    return getattr(kind, "stands_for", kind)


_KINDS: Final[dict[type, Kind]] = {
    type(None): Kind.INVALID,
    Missing: Kind.INVALID,
    _Nil: Kind.INVALID,
    bool: Kind.BOOL,
    int: Kind.INT,
    float: Kind.FLOAT,
    str: Kind.STRING,
    bytes: Kind.SLICE,
    dict: Kind.MAP,
    list: Kind.SLICE,
}


def kind_of(value: object) -> Kind:
    """The kind of a value. What is none of Go's values counts as a struct without fields."""
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    if isinstance(value, SizedInt):
        return Kind.INT if value.signed else Kind.UINT
    if isinstance(value, GoObject):
        underlying = value.go_underlying()
        return Kind.STRUCT if underlying is None else kind_of(underlying)
    for base in (dict, list, str):
        if isinstance(value, base):
            return _KINDS[base]
    return Kind.STRUCT


def plain(value: object) -> object:
    """The map or list behind a GoObject that is one; every other value as it is."""
    if isinstance(value, GoObject):
        underlying = value.go_underlying()
        return value if underlying is None else underlying
    return value


_TYPE_NAMES: Final[dict[type, str]] = {
    type(None): "<nil>",
    Missing: "<nil>",
    _Nil: "<nil>",
    bool: "bool",
    int: "int",
    float: "float64",
    str: "string",
    bytes: "[]uint8",
    dict: "map[string]interface {}",
    list: "[]interface {}",
}


def type_name(value: object) -> str:
    """Go's name for the type of a value, as %T prints it: `map[string]interface {}`."""
    name = _TYPE_NAMES.get(type(value))
    if name is not None:
        return name
    declared = getattr(type(value), "go_type", None)
    return declared if isinstance(declared, str) else "struct {}"


def type_label(value: object) -> str:
    """The type of a value as messages call it: `map[string]any`."""
    return type_name(value).replace("interface {}", "any")


_LONE_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def to_bytes(text: str) -> bytes:
    """The bytes of a Go string. Code points that UTF-8 has no bytes for become U+FFFD, as in Go."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    """The Go string with these bytes."""
    return data.decode("utf-8", "surrogateescape")


def sorted_items(mapping: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    """Entries in the order in which Go prints and ranges over a map: by the bytes of the key."""
    return sorted(mapping.items(), key=_key)


def _key(item: tuple[str, object]) -> str:
    # Code points sort as the bytes of UTF-8 do; escaped bytes sort behind them, which no chart sees.
    return item[0]
