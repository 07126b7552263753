"""What the tests of the template engine share: a handful of functions, and one call that renders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from sro_render.errors import Finding
from sro_render.gotemplate.functions import Function, go_function
from sro_render.gotemplate.printing import sprintf
from sro_render.gotemplate.program import Program, parse_file
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import Int64, StringList, StringMap, Uint8, to_bytes
from sro_render.limits import Limits
from sro_render.source import Source

FUNCTIONS: dict[str, Function] = {}


@go_function(FUNCTIONS, "quote", "(...any) string")
def quote(*values: object) -> str:
    return " ".join(sprintf("%q", [sprintf("%v", [value])]) for value in values if value is not None)


@go_function(FUNCTIONS, "default", "(any, ...any) any", tolerant=True)
def default(fallback: object, *values: object) -> object:
    return values[0] if values and values[0] else fallback


@go_function(FUNCTIONS, "trunc", "(int, string) string")
def trunc(length: int, text: str) -> str:
    return text[:length]


@go_function(FUNCTIONS, "list", "(...any) []any")
def make_list(*values: object) -> list[object]:
    return list(values)


@go_function(FUNCTIONS, "strings", "(...string) []string")
def make_strings(*values: str) -> StringList:
    return StringList(values)


@go_function(FUNCTIONS, "dict", "(...any) map[string]any")
def make_dict(*values: object) -> dict[str, object]:
    return {str(values[n]): values[n + 1] for n in range(0, len(values), 2)}


@go_function(FUNCTIONS, "set", "(map[string]any, string, any) map[string]any", mutates=True)
def set_key(mapping: dict[str, object], key: str, value: object) -> dict[str, object]:
    mapping[key] = value
    return mapping


@go_function(FUNCTIONS, "nindent", "(int, string) string")
def nindent(width: int, text: str) -> str:
    return "\n" + "\n".join(" " * width + line for line in text.split("\n"))


@go_function(FUNCTIONS, "include", "(string, any) string", wants_run=True)
def include(run: Run, name: str, dot: object) -> str:
    return run.render(name, dot)


@go_function(FUNCTIONS, "tpl", "(string, any) string", wants_run=True)
def tpl(run: Run, text: str, dot: object) -> str:
    return run.render_text(text, dot)


FUNCTIONS["keyCount"] = Function("keyCount", len, "(map[string]any) int")
FUNCTIONS["int64"] = Function("int64", Int64, "(int64) int64")
FUNCTIONS["float64"] = Function("float64", float, "(float64) float64")
FUNCTIONS["flag"] = Function("flag", bool, "(bool) bool")
FUNCTIONS["byte"] = Function("byte", Uint8, "(int) uint8")
FUNCTIONS["bytes"] = Function("bytes", to_bytes, "(string) []byte")
FUNCTIONS["labels"] = Function("labels", lambda: StringMap(app="a"), "() map[string]string")


@dataclass(frozen=True)
class Rendered:
    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Engine:
    """Renders the template `main`; `others` are further templates by name."""

    others: Mapping[str, str] = field(default_factory=dict)

    def program(self, text: str) -> Program:
        texts = {**self.others, "main.yaml": text}
        files = [parse_file(Source(name, body), name, FUNCTIONS) for name, body in texts.items()]
        return Program(files, FUNCTIONS)

    def render(self, text: str, dot: object = None, limits: Limits | None = None) -> Rendered:
        program = self.program(text)
        run = Run(program, limits or Limits())
        return Rendered(program.execute("main.yaml", dot, run), run.findings)


@pytest.fixture
def engine() -> Callable[..., Engine]:
    return Engine


@pytest.fixture
def render() -> Callable[..., str]:
    """Renders a template with `dot` and gives the text."""

    def render_text(text: str, dot: object = None) -> str:
        return Engine().render(text, dot).text

    return render_text
