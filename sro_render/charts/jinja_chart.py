"""Charts whose templates are written in Jinja2: a template's text to code that runs beside Go templates.

Decides when a template is compiled, how it is run, and how Jinja's faults are said.

- `f(a, b)` takes its arguments in Go's order; `b | f(a)` is Go's `b | f a`: the value comes last. Where
  Jinja has a filter of the same name, the library's function wins.
- What templates see at the top: what Go templates see as `.`, each by its name, and `ctx` for all of it.
- `include`, `import` and `extends` find the chart's own Jinja templates; `include("name", ctx)` finds
  named templates of both syntaxes. `tpl` takes a text in Jinja's syntax.
- Blocks take the line break behind them and the blanks before them; line ends become line feeds.

Jinja itself is known only here, in `jinja_compiler` and in `jinja_environment`.
Source: jinja2 3.1; differs as said there and here.
"""

from __future__ import annotations

from functools import cache
from types import TracebackType
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from sro_render.charts.jinja_compiler import Generator, Place, Tokens
from sro_render.charts.jinja_environment import Compiled, CompiledTemplate, Environment
from sro_render.charts.jinja_tracing import TracingEnvironment
from sro_render.errors import LimitError, TemplateError
from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.program import MAX_KEPT_TEXTS, TEXT_NAME
from sro_render.gotemplate.runtime import RUN, WRITE, Frame, Run, Step
from sro_render.limits import Limits, allow_more
from sro_render.source import Source, Span

_CODE_NAME: Final = "sro_render.charts.jinja_template"


@cache
def _environment() -> Environment:
    return Environment()


@cache
def _tracing_environment() -> Environment:
    return TracingEnvironment()


class JinjaCode(Compiled):
    """A Jinja template, compiled; runs beside Go templates in one program.

    Args:
        source: the text, and what messages call it.
        name: Helm's name of the template.
        chart_path: that of its chart, whose templates it finds without a path.

    Raises:
        TemplateError: with the place of the fault; LimitError: it is too large.
    """

    def __init__(self, source: Source, name: str, chart_path: str, limits: Limits) -> None:
        self.source = source
        self.name = name
        self.chart_path = chart_path
        self.limits = limits
        self.uses: frozenset[str] = frozenset()
        self._texts: dict[str, JinjaCode] = {}
        self._traced: CompiledTemplate | None = None
        self._template = self._compile(traced=False)

    def template(self, *, traced: bool) -> CompiledTemplate:
        """Jinja's template; `traced` tells the run what writes."""
        if not traced:
            return self._template
        if self._traced is None:
            self._traced = self._compile(traced=True)
        return self._traced

    @property
    def body(self) -> Step:
        """Runs the template."""
        return self._step(self._template)

    @property
    def traced_body(self) -> Step:
        """Runs it and tells what writes."""
        return self._step(self.template(traced=True))

    def text_code(self, text: str) -> JinjaCode:
        """A text that this template gives to `tpl`, compiled; kept for the next kernel."""
        if text not in self._texts:
            if len(self._texts) >= MAX_KEPT_TEXTS:
                self._texts.clear()
            code = JinjaCode(Source(TEXT_NAME, text), TEXT_NAME, self.chart_path, self.limits)
            self._texts[text] = code
        return self._texts[text]

    def _step(self, template: CompiledTemplate) -> Step:
        def run_template(dot: Any, frame: Frame) -> None:
            run, write = frame[RUN], frame[WRITE]
            depth = len(run.calls)
            try:
                for piece in template.root_render_func(template.context(dot, run)):
                    write(piece)
            except _FAULTS as error:
                raise _translated(run, error) from None
            del run.calls[depth:]

        return run_template

    def _compile(self, *, traced: bool) -> CompiledTemplate:
        if len(self.source.text) > self.limits.max_template_bytes:
            message = f"the template has more than {self.limits.max_template_bytes:,} bytes"
            hint = allow_more("template-bytes")
            raise LimitError("limit-template-size", message, span=self.source.span(0), hint=hint)
        environment = _tracing_environment() if traced else _environment()
        tokens = Tokens(self.source, environment.lexer)
        generator = Generator(environment, self.name, self.name, optimized=False)
        generator.prepare(self, tokens, traced=traced)
        try:
            tree = self._parsed(environment, tokens)
            generator.visit(tree)
            python = compile(generator.stream.getvalue(), f"<{self.name}>", "exec", dont_inherit=True)  # type: ignore[attr-defined]
        except jinja2.TemplateSyntaxError as error:
            raise _syntax_error(error, tokens) from None
        except SyntaxError as error:
            # What Python's compiler refuses in the generated code.
            raise _python_error(error, generator, tokens) from None
        except (RecursionError, MemoryError):
            raise _too_deep(tokens.span(tokens.starts[-1] if tokens.starts else 0)) from None
        except ValueError:
            place = tokens.span(tokens.starts[-1] if tokens.starts else 0)
            raise TemplateError("template-syntax", "this number is too long", span=place) from None
        self.uses = frozenset(generator.uses)
        namespace: dict[str, Any] = {f"site_{index}": site for index, site in enumerate(generator.sites)}
        # By this name the limit of time knows that rendering runs, and may be stopped.
        namespace.update(environment=environment, __file__=f"<{self.name}>", __name__=_CODE_NAME)
        exec(python, namespace)  # noqa: S102 - the code that Generator wrote
        template: CompiledTemplate = CompiledTemplate._from_namespace(environment, namespace, {})  # type: ignore[assignment]  # noqa: SLF001
        template.owner = self
        return template

    def _parsed(self, environment: Environment, tokens: Tokens) -> nodes.Template:
        parser = Parser(environment, "", self.name)
        parser.stream = TokenStream(environment.lexer.wrap(tokens, self.name), self.name, None)
        tree = parser.parse()
        tree.set_environment(environment)
        return tree


def _too_deep(span: Span) -> LimitError:
    return LimitError(
        "limit-template-depth",
        "the template holds blocks or expressions too deep inside each other",
        span=span,
        hint="move inner parts into macros or templates of their own",
    )


def _python_error(error: SyntaxError, generator: Generator, tokens: Tokens) -> TemplateError:
    lines = [line for line, code_line in generator.debug_info if code_line <= (error.lineno or 0)]
    span = tokens.source.span_at(lines[-1] if lines else 1, 1)
    if "loop" in (error.msg or ""):
        return TemplateError("template-syntax", "break and continue stand in a loop only", span=span)
    return _too_deep(span)


def _syntax_error(error: jinja2.TemplateSyntaxError, tokens: Tokens) -> TemplateError:
    offset = error.lineno.offset if isinstance(error.lineno, Place) else 0
    if not isinstance(error.lineno, Place):
        offset = tokens.source.span_at(error.lineno, 1).start
    hint = ""
    if tokens.text.startswith((".", "$"), offset):
        hint = "this file is Jinja2, by its ending: write Values.x for Go's .Values.x"
    message = (error.message or "this is not Jinja2").rstrip(".")
    return TemplateError("template-syntax", message, span=tokens.span(offset), hint=hint)


_FAULTS: Final = (
    *(jinja2.TemplateError, FunctionError, TypeError, ValueError, ArithmeticError, LookupError),
    AttributeError,
)
"""What generated code may raise that is no error of ours."""


def _translated(run: Run, error: Exception) -> Exception:
    """The error with its place; as it is where our own code is to blame."""
    template, line = None, 0
    innermost: TracebackType | None = None
    trace = error.__traceback__
    while trace is not None:
        innermost = trace
        found = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(found, CompiledTemplate):
            template, line = found, found.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    module = str(innermost.tb_frame.f_globals.get("__name__", "")) if innermost is not None else ""
    is_ours = (
        module.startswith("sro_render")
        and module != _CODE_NAME
        and not isinstance(error, FunctionError | jinja2.TemplateError)
    )
    if template is None or is_ours:
        return error
    source = template.owner.source
    start = source.span_at(line, 1).start
    text = source.line_text(line)
    span = source.span(start + len(text) - len(text.lstrip()), start + max(len(text), 1))
    hint = ""
    match error:
        case FunctionError() | jinja2.TemplateError():
            message = str(error.message) or "the template fails here"
        case ValueError() | TypeError() if "unpack" in str(error):
            message, hint = "this cannot be taken apart into so many names", "use a list of that length"
        case _:
            message = "this cannot be done with these values"
    return run.error(FunctionError(message, hint=hint), span)
