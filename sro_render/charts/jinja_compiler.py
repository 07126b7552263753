"""From a Jinja template's text to Python code in which every operation on values has its place.

Decides where tokens and nodes stand in the text, which of Jinja's constructs charts may use, and which
method of the environment (`jinja_environment.Environment`) the code calls for each. Runs nothing.
Source: jinja2 3.1 `compiler.CodeGenerator`, whose visitors for expressions are all replaced.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn, Self

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.lexer import Lexer

from sro_render.charts.jinja_filters import FILTERS, INSTEAD, TESTS, library
from sro_render.charts.jinja_values import Site
from sro_render.errors import LimitError, TemplateError, nearest
from sro_render.gotemplate.numbers import MAX_INT
from sro_render.source import Source, Span

MAX_TOKENS: Final = 50_000
"""Words and signs of one template: Python's compiler, which nothing can stop, gets no more than this."""
MAX_CODE: Final = 60


class Place(int):
    """A line number, as Jinja passes it from token to token, that knows the offset too."""

    offset: int

    def __new__(cls, line: int, offset: int) -> Self:
        """A line, from 1, and an offset in the text."""
        place = super().__new__(cls, line)
        place.offset = offset
        return place


class Tokens:
    """The tokens of a text, and where each of them stands."""

    def __init__(self, source: Source, lexer: Lexer) -> None:
        self.source = source
        self.lexer = lexer
        self.text = re.sub(r"\r\n|\r", "\n", source.text)
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.closed: dict[int, int] = {}
        """Offset of an opening bracket -> offset behind the one that closes it."""
        self.opened: dict[int, int] = {}
        """The other way round."""

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        position = 0
        open_brackets: list[int] = []
        line, kind, text = 1, "", ""
        try:
            for line, kind, text in self.lexer.tokeniter(self.text, None):
                # Between two tokens stands only what Jinja took away.
                start = self.text.find(text, position)
                position = start + len(text)
                if kind != "whitespace":
                    self.starts.append(start)
                    self.ends.append(position)
                    if len(self.starts) > MAX_TOKENS:
                        message = f"the template has more than {MAX_TOKENS:,} words and signs"
                        raise LimitError("limit-template-size", message, span=self.span(start))
                if kind == "operator" and text in "([{":
                    open_brackets.append(start)
                elif kind == "operator" and text in ")]}":
                    self.closed[open_brackets[-1]] = position
                    self.opened[position] = open_brackets.pop()
                yield Place(line, start), kind, text
            if kind in {"comment_begin", "raw_begin"}:
                # Jinja takes this for the end of the template.
                raise jinja2.TemplateSyntaxError(f"{text.strip()} is never closed", line)
        except jinja2.TemplateSyntaxError as error:
            rest = self.text[position:]
            error.lineno = Place(error.lineno, position + len(rest) - len(rest.lstrip()))
            raise

    def span(self, start: int, end: int | None = None) -> Span:
        """A place in the text as it was before its line ends were changed."""
        end = start + 1 if end is None else max(end, start + 1)
        if self.text == self.source.text:
            return self.source.span(start, end)
        return self.source.span(self._original(start), self._original(end))

    def _original(self, offset: int) -> int:
        line = self.text.count("\n", 0, offset) + 1
        return self.source.span_at(line, offset - self.text.rfind("\n", 0, offset)).start

    def end_of(self, offset: int, following: int = 0) -> int:
        """Where the token at an offset ends, or one that follows it."""
        index = min(bisect_left(self.starts, offset) + following, len(self.ends) - 1)
        return self.ends[index]

    def extent(self, node: nodes.Node) -> tuple[int, int]:
        """From where to where the code of a node goes."""
        inner = [self.extent(child) for child in node.iter_child_nodes()]
        place = node.lineno
        if isinstance(place, Place) and not isinstance(node, nodes.BinExpr | nodes.Compare | nodes.Concat):
            inner.append((place.offset, self._own_end(node, place.offset)))
        if not inner:
            return 0, 1
        return self._balanced(min(start for start, _ in inner), max(end for _, end in inner))

    def _balanced(self, start: int, end: int) -> tuple[int, int]:
        """The same with the brackets that are only half in it."""
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        low, high = start, end
        for index in range(first, last):
            high = max(high, self.closed.get(self.starts[index], high))
            low = min(low, self.opened.get(self.ends[index], low))
        return low, high

    def _own_end(self, node: nodes.Node, offset: int) -> int:
        match node:
            case nodes.Call():
                return self.closed.get(offset, offset + 1)
            case nodes.Getitem():
                return self.closed.get(offset) or self.end_of(offset, 1)
            case nodes.Getattr() | nodes.Test():
                return self.end_of(offset, 1)
            case nodes.Filter():
                end = self.end_of(offset)
                return self.closed.get(end, end)
        return self.end_of(offset)


class OwnedSite(Site, frozen=True, eq=False):
    """A site that knows the template that it stands in."""

    owner: Any


# Compiling


class Generator(CodeGenerator):
    """Writes Python code that leaves every operation on values to `Environment`, with its place."""

    tokens: Tokens
    owner: Any
    traced: bool

    def prepare(self, owner: Any, tokens: Tokens, *, traced: bool) -> None:
        """Say what is compiled. Jinja makes the object itself, with arguments of its own."""
        self.owner, self.tokens, self.traced = owner, tokens, traced
        self.sites: list[OwnedSite] = []
        self.uses: set[str] = set()

    def site(self, node: nodes.Node, *, start: int | None = None) -> str:
        """The name of the variable that holds the place of a node."""
        first, end = self.tokens.extent(node)
        span = self.tokens.span(first if start is None else start, end)
        code = " ".join(span.text.split())
        code = code if len(code) <= MAX_CODE else f"{code[: MAX_CODE - 1]}…"
        self.sites.append(OwnedSite(span, code, self.owner))
        return f"site_{len(self.sites) - 1}"

    def refuse(
        self, node: nodes.Node, message: str, *, hint: str = "", code: str = "template-syntax"
    ) -> NoReturn:
        """The one way out for what Jinja's parser lets through."""
        offset = node.lineno.offset if isinstance(node.lineno, Place) else 0
        span = self.tokens.span(offset, self.tokens.end_of(offset))
        raise TemplateError(code, message, span=span, hint=hint)

    def call(self, frame: Frame, method: str, site: str, *parts: nodes.Node | str, end: str = ")") -> None:
        """Write a call of a method of the environment."""
        self.write(f"environment.{method}(context, {site}")
        for part in parts:
            self.write(", ")
            if isinstance(part, str):
                self.write(part)
            else:
                self.visit(part, frame)
        self.write(end)

    def pull_dependencies(self, nodes: Iterable[nodes.Node]) -> None:
        """Nothing: filters and tests are found by the environment."""

    # Output

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        """Texts and values; what goes into a buffer is counted."""
        if frame.require_output_check:
            if self.has_known_extends:
                return
            self.writeline("if parent_template is None:")
            self.indent()
        if frame.buffer is not None:
            self.writeline(f"{frame.buffer}.extend(environment.kept(context, {self.site(node)}, (", node)
            for child in node.nodes:
                self.shown(child, frame)
                self.write(", ")
            self.write(")))")
        else:
            for child in node.nodes:
                if self.traced:
                    site = self.site(child)
                    begins = "begins_text" if isinstance(child, nodes.TemplateData) else "begins_output"
                    self.writeline(f"environment.{begins}(context, {site})")
                    self.writeline("shown = ", child)
                    self.shown(child, frame)
                    self.writeline("environment.mark(context)")
                    self.writeline("yield shown")
                else:
                    self.writeline("yield ", child)
                    self.shown(child, frame)
        if frame.require_output_check:
            self.outdent()

    def shown(self, node: nodes.Expr, frame: Frame) -> None:
        """A text, or what an output writes for a value."""
        if isinstance(node, nodes.TemplateData):
            self.write(repr(node.data))
        else:
            self.call(frame, "show", self.site(node), node)

    def simple_write(self, s: str, frame: Frame, node: nodes.Node | None = None) -> None:
        """What an include or a block gives, piece by piece."""
        if frame.buffer is None:
            self.writeline(f"yield {s}", node)
        else:
            site = f"site_{len(self.sites) - 1}"
            self.writeline(f"{frame.buffer}.extend(environment.kept(context, {site}, ({s},)))", node)

    # Statements

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        """Loops count their rounds."""
        names = len(node.target.items) if isinstance(node.target, nodes.Tuple) else 1
        node.iter = self.own("rounds", node.iter, nodes.Const(names))
        super().visit_For(node, frame)

    def own(self, method: str, node: nodes.Node, *arguments: nodes.Expr) -> nodes.Call:
        """A node that calls a method of the environment; see `visit_Call`."""
        called = nodes.EnvironmentAttribute(method)
        given: list[Any] = [node, *arguments]
        return nodes.Call(called, given, [], None, None, lineno=node.lineno)

    def visit_Block(self, node: nodes.Block, frame: Frame) -> None:
        """A block; the site is for what `simple_write` counts."""
        self.site(node)
        super().visit_Block(node, frame)

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:
        """Another template of the chart, which sees all variables."""
        if not node.with_context:
            self.refuse(node, "an include always sees the variables", hint="leave out: without context")
        self.nested(node, frame, super().visit_Include, ignore_missing=node.ignore_missing)

    def visit_Import(self, node: nodes.Import, frame: Frame) -> None:
        """The macros of another template."""
        self.nested(node, frame, super().visit_Import)

    def visit_FromImport(self, node: nodes.FromImport, frame: Frame) -> None:
        """Some macros of another template."""
        self.nested(node, frame, super().visit_FromImport)

    def visit_Extends(self, node: nodes.Extends, frame: Frame) -> None:
        """The template whose blocks this one fills."""
        self.writeline(f"environment.begin(context, {self.site(node)})")
        node.template = self.own("found", node.template, nodes.Const(False), nodes.Const(self.traced))
        super().visit_Extends(node, frame)

    def nested(
        self,
        node: nodes.Include | nodes.Import | nodes.FromImport,
        frame: Frame,
        visit: Callable[[Any, Frame], None],
        *,
        ignore_missing: bool = False,
    ) -> None:
        """Look the template up, and count how deep templates are inside each other."""
        self.writeline(f"calls_before = environment.begin(context, {self.site(node)})")
        node.template = self.own(
            "found", node.template, nodes.Const(ignore_missing), nodes.Const(self.traced)
        )
        visit(node, frame)
        self.writeline("environment.end(context, calls_before)")

    def visit_ScopedEvalContextModifier(self, node: nodes.ScopedEvalContextModifier, frame: Frame) -> None:
        """`autoescape`, which has no meaning in YAML."""
        del frame
        self.refuse(
            node, "autoescape is not known here", hint="nothing is escaped: write html(x) where needed"
        )

    # Expressions

    def visit_Name(self, node: nodes.Name, frame: Frame) -> None:
        """A variable, or a function of the library."""
        if node.ctx != "load":
            super().visit_Name(node, frame)
            return
        self.uses.add(node.name)
        ref = frame.symbols.ref(node.name)
        known = f"environment.named(context, {ref})" if self.traced else ref
        self.write(f"(environment.unknown(context, {self.site(node)}, {node.name!r})")
        self.write(f" if {ref} is missing else {known})")

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:
        """A number, text, true, false or none."""
        if isinstance(node.value, int) and node.value > MAX_INT:
            self.refuse(node, f"{node.value} does not fit into 64 bits")
        if isinstance(node.value, float) and node.value in {float("inf"), float("-inf")}:
            self.refuse(node, "the number is too large")
        super().visit_Const(node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        """A list; or the names that a list is taken apart into."""
        if node.ctx == "store":
            super().visit_Tuple(node, frame)
        else:
            self.call(frame, "listed", self.site(node), *node.items)

    def visit_List(self, node: nodes.List, frame: Frame) -> None:
        """A list."""
        self.call(frame, "listed", self.site(node), *node.items)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        """A map."""
        parts: list[nodes.Node | str] = []
        for pair in node.items:
            parts += [pair.key, pair.value]
        self.call(frame, "mapped", self.site(node), *parts)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        """`a ~ b`."""
        self.call(frame, "joined", self.site(node), *node.nodes)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        """`a < b`, `a < b < c`, `a in b`."""
        rest: list[nodes.Node | str] = []
        for operand in node.ops:
            rest += [repr(operand.op), operand.expr]
        self.call(frame, "compared", self.site(node), node.expr, *rest)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """`a.b`."""
        self.call(frame, "field", self.site(node), node.node, repr(node.attr))

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        """`a[b]`, `a[b:c]`."""
        if isinstance(node.arg, nodes.Slice):
            bounds = [bound or "None" for bound in (node.arg.start, node.arg.stop, node.arg.step)]
            self.call(frame, "part", self.site(node), node.node, *bounds)
        else:
            self.call(frame, "element", self.site(node), node.node, node.arg)

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:
        """`a | f(b)`."""
        if node.name not in library() and node.name not in FILTERS:
            instead = INSTEAD.get(node.name)
            near = nearest(node.name, [*library(), *FILTERS])
            hint = f"write {instead}" if instead else f"did you mean {near}?" if near else ""
            code = "template-function-unknown"
            self.refuse(node, f"there is no function or filter {node.name}", hint=hint, code=code)
        self.check_arguments(node)
        self.uses.add(node.name)
        start = node.lineno.offset if isinstance(node.lineno, Place) else None
        value = f"concat({frame.buffer})" if node.node is None else node.node
        site = self.site(node, start=start)
        self.call(frame, "filtered", site, repr(node.name), value, end="")
        self.signature(node, frame)
        self.write(")")

    def check_arguments(self, node: nodes.Call | nodes.Filter) -> None:
        """Refuse what Python would refuse without a place; `*list` and `**map` are checked while running."""
        if node.dyn_args is not None:
            node.dyn_args = self.own("spread", node.dyn_args)
        if node.dyn_kwargs is not None:
            node.dyn_kwargs = self.own("spread_map", node.dyn_kwargs)
        seen: set[object] = set()
        for keyword in node.kwargs:
            if keyword.key in seen:
                self.refuse(keyword, f"the argument {keyword.key} is given twice")
            seen.add(keyword.key)

    def visit_Test(self, node: nodes.Test, frame: Frame) -> None:
        """`a is t`."""
        arity = TESTS.get(node.name, (0, None))[0]
        if node.name not in TESTS:
            near = nearest(node.name, TESTS)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(sorted(TESTS))}"
            self.refuse(node, f"there is no test {node.name}", hint=hint, code="template-function-unknown")
        if node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) != arity:
            self.refuse(node, f"the test {node.name} takes {arity or 'no'} argument{'s'[: arity != 1]}")
        self.call(frame, "tested", self.site(node), repr(node.name), node.node, *node.args)

    def visit_CondExpr(self, node: nodes.CondExpr, frame: Frame) -> None:
        """`a if b else c`; without else it gives null."""
        super().visit_CondExpr(
            nodes.CondExpr(node.test, node.expr1, node.expr2 or nodes.Const(None), lineno=node.lineno), frame
        )

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        """`f(a)`, `a.f(b)`, and what `own` makes."""
        if isinstance(node.node, nodes.EnvironmentAttribute):
            self.call(frame, node.node.name, self.site(node.args[0]), *node.args)
            return
        self.check_arguments(node)
        site = self.site(node)
        if isinstance(node.node, nodes.Getattr):
            self.call(frame, "method", site, node.node.node, repr(node.node.attr), end="")
        else:
            self.call(frame, "invoked", site, node.node, end="")
        self.signature(node, frame, {"caller": "caller"} if forward_caller else None)
        self.write(")")


def _binary(sign: str) -> Callable[[Generator, nodes.BinExpr, Frame], None]:
    def visit(self: Generator, node: nodes.BinExpr, frame: Frame) -> None:
        self.call(frame, "calculated", self.site(node), repr(sign), node.left, node.right)

    return visit


def _unary(sign: str) -> Callable[[Generator, nodes.UnaryExpr, Frame], None]:
    def visit(self: Generator, node: nodes.UnaryExpr, frame: Frame) -> None:
        self.call(frame, "signed", self.site(node), repr(sign), node.node)

    return visit


for _name, _sign in (
    *(("Add", "+"), ("Sub", "-"), ("Mul", "*"), ("Div", "/"), ("FloorDiv", "//"), ("Mod", "%")),
    ("Pow", "**"),
):
    setattr(Generator, f"visit_{_name}", _binary(_sign))
for _name, _sign in (("Neg", "-"), ("Pos", "+")):
    setattr(Generator, f"visit_{_name}", _unary(_sign))
