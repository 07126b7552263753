"""Functions that templates call: their Go signatures, and how arguments are checked against these.

What a function does stands elsewhere; here stands what text/template's `evalCall` and `validateType`
decide: how many arguments, of which types. A function says that it cannot do its work by raising
`FunctionError`; the place is added by whoever called it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import cache, cached_property
from importlib import import_module
from typing import Any, Final, TypeVar

from msgspec import Struct

from sro_render.gotemplate.values import (
    GoMethod,
    GoObject,
    Missing,
    NamedMap,
    NilList,
    NilMap,
    plain,
    type_label,
    type_name,
)


class FunctionError(Exception):
    """A function cannot do its work: one sentence without the place, and what may help."""

    def __init__(self, message: str, *, hint: str = "", code: str = "template-runtime") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


class Signature(Struct, frozen=True):
    """Parameter types and result type in Go's words; `variadic` is the type behind `...`."""

    parameters: tuple[str, ...]
    variadic: str | None
    result: str

    def parameter(self, index: int) -> str:
        """The type of the argument at `index`, from 0."""
        if index < len(self.parameters):
            return self.parameters[index]
        return self.variadic or "any"

    def __str__(self) -> str:
        parameters = [*self.parameters, *([f"...{self.variadic}"] if self.variadic else [])]
        return f"({', '.join(parameters)}) {self.result}"


@cache
def parse_signature(text: str) -> Signature:
    """Read `(string, ...any) string`.

    Raises:
        ValueError: the text is no signature; a mistake in our own code.
    """
    match = re.fullmatch(r"\(([^()]*)\)\s*(.+)", text)
    if match is None:
        raise ValueError(f"not a signature: {text}")
    types = [_canonical(part) for part in match[1].split(",") if part.strip()]
    variadic = None
    if types and types[-1].startswith("..."):
        variadic = _canonical(types.pop().removeprefix("..."))
    return Signature(tuple(types), variadic, _canonical(match[2]))


def _canonical(go_type: str) -> str:
    return re.sub(r"interface ?\{\}", "any", go_type.strip()).replace("[]byte", "[]uint8")


class Function(Struct, frozen=True, eq=False, dict=True):
    """A function of the template language.

    name:      as templates write it.
    call:      the Python function; gets the arguments, checked, in order.
    signature: in Go's words, such as `(int, string) string`.
    tolerant:  made for values that are not there: an absent key among its arguments is no finding.
    wants_run: gets the `Run` as first Python argument.
    mutates:   changes an argument, as `set` and `unset` do.
    """

    name: str
    call: Callable[..., Any]
    signature: str
    tolerant: bool = False
    wants_run: bool = False
    mutates: bool = False

    @cached_property
    def types(self) -> Signature:
        """The signature, read."""
        return parse_signature(self.signature)

    def check_count(self, count: int) -> None:
        """Raise FunctionError unless the function takes `count` arguments."""
        fixed, variadic = len(self.types.parameters), self.types.variadic is not None
        if count == fixed or (variadic and count > fixed):
            return
        wanted = f"at least {fixed}" if variadic else str(fixed)
        noun = "argument" if fixed == 1 else "arguments"
        raise FunctionError(
            f"{self.name} takes {wanted} {noun}, not {count}",
            hint=f"its signature is {self.name}{self.types}",
        )


Table = MutableMapping[str, Function]
_Body = TypeVar("_Body", bound=Callable[..., Any])


def go_function(
    table: Table,
    name: str,
    signature: str,
    *,
    tolerant: bool = False,
    wants_run: bool = False,
    mutates: bool = False,
) -> Callable[[_Body], _Body]:
    """Enter a Python function into `table` as the template function `name`; see `Function`."""

    def enter(body: _Body) -> _Body:
        table[name] = Function(name, body, signature, tolerant, wants_run, mutates)
        return body

    return enter


class Families(Mapping[str, Function]):
    """The functions of several modules by name; a module is imported when one of its functions is asked for.

    Most charts call a dozen functions, and importing all families takes as long as a small render.

    Args: names: by module, with blanks between them; each is a key of the module's table `FUNCTIONS`.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._modules = {name: module for module, text in names.items() for name in text.split()}

    def __getitem__(self, name: str) -> Function:
        table: Mapping[str, Function] = import_module(self._modules[name]).FUNCTIONS
        return table[name]

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


@cache
def function_of(method: GoMethod) -> Function:
    """The method as a function whose first argument is its receiver."""
    body = method.call
    if not method.wants_run:
        return Function(method.name, body, method.signature)

    def call(run: object, receiver: object, *arguments: object) -> object:
        return body(receiver, run, *arguments)

    return Function(method.name, call, method.signature, wants_run=True)


_CLASSES: Final[dict[str, type]] = {
    "string": str,
    "int": int,
    "float64": float,
    "bool": bool,
    "[]any": list,
    "map[string]any": dict,
    "[]uint8": bytes,
}
ANY_TYPES: Final = frozenset({"any", "reflect.Value"})


def exact_class(go_type: str) -> type | None:
    """The class whose instances need no further check for a parameter of that type."""
    return _CLASSES.get(go_type)


def zero_of(go_type: str) -> object:
    """A new zero value of a type that may be nil: a nil map or list, or None."""
    if go_type.startswith("map["):
        return NilMap()
    if go_type == "[]uint8":
        return b""
    return NilList() if go_type.startswith("[]") else None


def is_nilable(go_type: str) -> bool:
    """Whether nil may be given for a parameter of that type."""
    return go_type in ANY_TYPES or go_type.startswith(("map[", "[]", "*", "func("))


def assign(value: object, go_type: str, *, is_interface: bool = False) -> object:
    """`value` for a parameter of type `go_type`.

    `is_interface` says that a nil stands in a container or is absent from one; Go gives such a nil
    to no parameter with a type of its own, not even to a map or slice.

    Raises:
        FunctionError: the type does not fit. The message continues the words "argument N".
    Source: text/template `validateType`.
    """
    if go_type in ANY_TYPES:
        return value
    name = type_name(value)
    if name == "<nil>":
        if is_nilable(go_type) and not is_interface:
            return zero_of(go_type)
        subject = f"{value.name} is not set" if isinstance(value, Missing) else "it has no value"
        raise FunctionError(f"must be of type {go_type}, but {subject}")
    wanted = _CLASSES.get(go_type)
    if type(value) is wanted or name.replace("interface {}", "any") == go_type:
        return value
    if go_type == "map[string]any" and isinstance(value, NamedMap):
        return value
    if wanted is not None and isinstance(value, GoObject) and type(plain(value)) is wanted:
        return plain(value)
    raise FunctionError(f"must be of type {go_type}, not {type_label(value)}")
