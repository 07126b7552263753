"""A set of templates that know each other, ready to be run.

Decides which definition a name stands for (Go's rules for redefinition), and compiles a definition
when it is first used.

Source: text/template/template.go `AddParseTree`, `associate`, `Clone`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sro_render.gotemplate.builtin_functions import BUILTINS
from sro_render.gotemplate.compiler import compile_definition
from sro_render.gotemplate.functions import Function
from sro_render.gotemplate.parser import Definition, ParsedFile, parse
from sro_render.gotemplate.runtime import Code, Run, Step
from sro_render.gotemplate.traced import Traced
from sro_render.gotemplate.tracing import trace_definition
from sro_render.limits import Limits
from sro_render.source import Source

TEXT_NAME: Final = "(text given to tpl)"
"""What messages call a text that a template gives to `tpl`."""
MAX_KEPT_TEXTS: Final = 256
"""Texts of `tpl` that stay parsed, since the next kernel gives them again."""


def parse_file(
    source: Source, name: str, function_names: Collection[str], limits: Limits | None = None
) -> ParsedFile:
    """Parse the text of a file.

    Args:
        source: the text, and what messages call it.
        name: what other templates call it.
        function_names: those that the program will have; text/template's own need not be among them.
        limits: for the size of the text.

    Raises:
        TemplateError: with the place of the fault.
    """
    return parse(source, name, {*function_names, *BUILTINS}, (limits or Limits()).max_template_bytes)


class _Code:
    """A definition, compiled when it is first used."""

    __slots__ = ("_body", "_functions", "_traced_body", "definition", "slots")

    def __init__(self, definition: Definition, functions: Mapping[str, Function]) -> None:
        self.definition = definition
        self.slots = definition.slots
        self._functions = functions
        self._body: Step | None = None
        self._traced_body: Step | None = None

    @property
    def body(self) -> Step:
        if self._body is None:
            self._body = compile_definition(self.definition, self._functions)
        return self._body

    @property
    def traced_body(self) -> Step:
        if self._traced_body is None:
            self._traced_body = trace_definition(self.definition, self._functions)
        return self._traced_body


class Program:
    """Templates by name, with the functions that they may call.

    Args:
        files: in the order in which they are added: of two definitions with one name the later one
            stands, unless it is empty.
        functions: by name, text/template's own aside.
        others: templates of another syntax, by name.
    """

    def __init__(
        self,
        files: Iterable[ParsedFile],
        functions: Mapping[str, Function],
        others: Mapping[str, Code] | None = None,
    ) -> None:
        self.functions: Final = functions
        self._codes: dict[str, Code] = dict(others or {})
        self._texts: dict[str, tuple[Program, _Code]] = {}
        for file in files:
            self._add(file)

    def _add(self, file: ParsedFile) -> None:
        for definition in file.definitions:
            if definition.name not in self._codes or not definition.is_empty:
                self._codes[definition.name] = _Code(definition, self.functions)

    def lookup(self, name: str) -> Code | None:
        """The template of that name."""
        return self._codes.get(name)

    def template_names(self) -> tuple[str, ...]:
        """All names, A-Z."""
        return tuple(sorted(self._codes))

    def with_text(self, text: str) -> tuple[Program, _Code]:
        """A program that also knows what `text` defines, and the template that `text` itself is.

        Nothing that the text defines becomes known to this program.

        Raises:
            TemplateError: the text cannot be parsed.
        """
        known = self._texts.get(text)
        if known is None:
            file = parse_file(Source(TEXT_NAME, text), TEXT_NAME, self.functions)
            child = Program((), self.functions)
            child._codes.update(self._codes)
            child._add(file)
            if len(self._texts) >= MAX_KEPT_TEXTS:
                self._texts.clear()
            known = self._texts[text] = child, _Code(file.main, self.functions)
        return known

    def execute(self, name: str, dot: object, run: Run) -> str:
        """Execute the template `name` with `dot`; see `Run.execute`."""
        return run.execute(name, dot)

    def execute_traced(self, name: str, dot: object, run: Run) -> Traced:
        """Like `execute`, and tells which place wrote what; see `Run.execute_traced`."""
        return run.execute_traced(name, dot)
