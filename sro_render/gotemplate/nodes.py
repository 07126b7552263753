"""What a template means, as frozen data with offsets into its text.

Every node knows `start` and `end` in characters. `str` gives template text that parses to a node that is
equal but for these, comments and trim markers aside.

Source: text/template/parse/node.go; differs: branches of else-if chains lie side by side instead of
inside each other, variables are resolved to slots, numbers that are not real are refused.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class Node(Struct, frozen=True):
    """A place in the text."""

    start: int
    end: int


class Dot(Node, frozen=True):
    """`.`."""

    def __str__(self) -> str:
        return "."


class Nil(Node, frozen=True):
    """`nil`."""

    def __str__(self) -> str:
        return "nil"


class Bool(Node, frozen=True):
    """`true` or `false`."""

    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


class Number(Node, frozen=True):
    """A number or character constant, with the values that it may stand for.

    `integer` and `real` are None where the constant has no exact value of that kind; `is_float` says
    that it is a float64 where nothing else decides.
    """

    text: str
    integer: int | None
    real: float | None
    is_float: bool

    def __str__(self) -> str:
        return self.text


class String(Node, frozen=True):
    """A string literal: as written, and its value."""

    literal: str
    value: str

    def __str__(self) -> str:
        return self.literal


class Field(Node, frozen=True):
    """`.a.b`."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


class Variable(Node, frozen=True):
    """`$x` or `$x.a.b`. `slot` is its place in the frame, or None where no declaration reaches it."""

    name: str
    names: tuple[str, ...]
    slot: int | None

    def __str__(self) -> str:
        return ".".join((self.name, *self.names))


class Identifier(Node, frozen=True):
    """A function's name."""

    name: str

    def __str__(self) -> str:
        return self.name


class Chain(Node, frozen=True):
    """Fields of something in parentheses or of a function's result: `(f .x).a.b`."""

    operand: Pipe | Identifier
    names: tuple[str, ...]

    def __str__(self) -> str:
        operand = f"({self.operand})" if isinstance(self.operand, Pipe) else str(self.operand)
        return ".".join((operand, *self.names))


class Command(Node, frozen=True):
    """An operand and its arguments: `printf "%s" .x`."""

    operands: tuple[Operand, ...]

    def __str__(self) -> str:
        return " ".join(f"({o})" if isinstance(o, Pipe) else str(o) for o in self.operands)


class Pipe(Node, frozen=True):
    """`$x := command | command`, the variables being optional; `assigns` is True for `=`."""

    variables: tuple[Variable, ...]
    assigns: bool
    commands: tuple[Command, ...]

    def __str__(self) -> str:
        names = ", ".join(map(str, self.variables))
        sign = (" = " if self.assigns else " := ") if names else ""
        return names + sign + " | ".join(map(str, self.commands))


Operand: TypeAlias = Dot | Nil | Bool | Number | String | Field | Variable | Identifier | Chain | Pipe


class Text(Node, frozen=True):
    """Text outside of actions, trimmed as the markers beside it ask."""

    text: str

    def __str__(self) -> str:
        return self.text


class Action(Node, frozen=True):
    """`{{ pipe }}`: printed, unless it declares or assigns variables."""

    pipe: Pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


class Branch(Node, frozen=True):
    """One condition of an `if` or `with`, and what is done where it holds."""

    pipe: Pipe
    body: Body


class If(Node, frozen=True):
    """`{{if}}`, any number of `{{else if}}`, and `{{else}}` (None where there is none)."""

    branches: tuple[Branch, ...]
    otherwise: Body | None

    def __str__(self) -> str:
        return _branches("if", self.branches, self.otherwise)


class With(Node, frozen=True):
    """`{{with}}`, any number of `{{else with}}`, and `{{else}}`."""

    branches: tuple[Branch, ...]
    otherwise: Body | None

    def __str__(self) -> str:
        return _branches("with", self.branches, self.otherwise)


class Range(Node, frozen=True):
    """`{{range}}` with its optional `{{else}}`. `jumps` says that the body holds break or continue."""

    pipe: Pipe
    body: Body
    otherwise: Body | None
    jumps: bool

    def __str__(self) -> str:
        return _branches("range", (Branch(self.start, self.end, self.pipe, self.body),), self.otherwise)


class Template(Node, frozen=True):
    """`{{template "name" pipe}}`; also what stays of a `{{block}}` at its place."""

    literal: str
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return f"{{{{template {self.literal}{'' if self.pipe is None else f' {self.pipe}'}}}}}"


class Break(Node, frozen=True):
    """`{{break}}`."""

    def __str__(self) -> str:
        return "{{break}}"


class Continue(Node, frozen=True):
    """`{{continue}}`."""

    def __str__(self) -> str:
        return "{{continue}}"


Statement: TypeAlias = Text | Action | If | With | Range | Template | Break | Continue
Body: TypeAlias = tuple[Statement, ...]


def show_body(body: Body) -> str:
    """The template text of a body."""
    return "".join(map(str, body))


def is_empty(body: Body) -> bool:
    """Whether a body holds nothing but blanks: such a definition replaces no other."""
    return all(isinstance(node, Text) and not node.text.strip() for node in body)


def _branches(keyword: str, branches: tuple[Branch, ...], otherwise: Body | None) -> str:
    parts = [f"{{{{{keyword} {branch.pipe}}}}}{show_body(branch.body)}" for branch in branches]
    last = "" if otherwise is None else "{{else}}" + show_body(otherwise)
    return "{{else ".join(part if n == 0 else part[2:] for n, part in enumerate(parts)) + last + "{{end}}"
