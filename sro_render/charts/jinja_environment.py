"""What compiled Jinja templates call: every operation on values, with its place in the template.

Decides what `a.b`, `a(b)`, `a | f(b)` and `include` reach, and puts the run behind each. Holds no state
of any chart: the run stands in the context that the code hands over. What values do stands in
`jinja_values`, how code is made in `jinja_compiler`.
Source: jinja2 3.1 `sandbox` and `runtime`; its sandbox lets through no attribute and no call at all
here, since every access goes another way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, NoReturn

import jinja2
from jinja2.environment import TemplateModule
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, TemplateReference, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing
from msgspec import Struct

from sro_render.charts import jinja_values as values
from sro_render.charts.jinja_compiler import Generator, OwnedSite
from sro_render.charts.jinja_filters import FILTERS, TESTS, library
from sro_render.charts.jinja_filters import Call as FilterCall
from sro_render.errors import nearest
from sro_render.gotemplate.functions import Function, FunctionError
from sro_render.gotemplate.reads import Act
from sro_render.gotemplate.runtime import LARGE, Code, Run, Step, Templates
from sro_render.gotemplate.values import NIL, Missing
from sro_render.source import Source, Span

PIECES_BETWEEN_CHECKS: Final = 256
_STATE: Final = " state"
"""Where a context keeps the run; no name in a template can be written like this."""
_LOOP_FIELDS: Final = (
    *("depth", "depth0", "first", "index", "index0", "last", "length", "nextitem", "previtem"),
    *("revindex", "revindex0"),
)
_ONE_ARGUMENT: Final = frozenset({"default"})
"""Functions that quietly take more in a filter than Jinja's users mean by it."""


class Compiled(ABC):
    """A Jinja template that other templates find by its name; see `jinja_chart.JinjaCode`."""

    slots: Final = 3
    source: Source
    chart_path: str

    @abstractmethod
    def template(self, *, traced: bool) -> CompiledTemplate:
        """Jinja's template; `traced` tells the run what writes."""

    @abstractmethod
    def text_code(self, text: str) -> Compiled:
        """A text that this template gives to `tpl`."""

    @property
    @abstractmethod
    def body(self) -> Step:
        """Runs the template."""

    @property
    @abstractmethod
    def traced_body(self) -> Step:
        """Runs it and tells what writes."""


class _Undefined(Undefined):
    """What Jinja calls where it finds nothing: gives its mark for that, which loads of names see."""

    def __new__(cls, hint: str | None = None, *_: Any, **__: Any) -> Any:
        if hint and "does not export" in hint:
            raise FunctionError("the imported template has no macro or variable of that name")
        return missing


class _State(Struct, frozen=True):
    """One run of one template from outside: the run, and the variables at its start."""

    run: Run
    scope: dict[str, Any]


class _Context(Context):
    """Variables, and behind them the library of functions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.run: Run = self.parent[_STATE].run
        self.writes: list[tuple[Span, Act | None]] = []
        """The outputs that are being made in a template that is traced, with their acts."""

    def resolve_or_missing(self, key: str) -> Any:
        """A variable or function of that name."""
        found = super().resolve_or_missing(key)
        return _globals().get(key, missing) if found is missing else found


class CompiledTemplate(jinja2.Template):
    """A compiled template, and the code that it is of."""

    owner: Compiled

    def context(self, dot: Any, run: Run) -> Context:
        """The variables for a run with `dot`."""
        scope = dict(dot) if isinstance(dot, dict) else {}
        scope["ctx"] = None if dot is NIL else dot
        scope[_STATE] = _State(run, scope)
        return self.new_context(scope, shared=True)

    def make_module(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002 - Jinja's name
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> TemplateModule:
        """The macros and variables of the template; what it writes is dropped."""
        context = self.new_context(vars, shared, locals)
        for _ in self.root_render_func(context):
            pass
        return TemplateModule(self, context, ())

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        return self.make_module({} if ctx is None else ctx.parent[_STATE].scope, shared=True)


class _Global(Struct, frozen=True):
    """A function under its name; `call` is None for Jinja's own `range` and `namespace`."""

    name: str
    function: Function | None


@cache
def _globals() -> Mapping[str, _Global]:
    own = {name: _Global(name, None) for name in ("range", "namespace")}
    return own | {name: _Global(name, function) for name, function in library().items()}


class Environment(ImmutableSandboxedEnvironment):
    """What compiled templates call. Holds no state of any chart."""

    context_class = _Context
    template_class = CompiledTemplate
    code_generator_class = Generator

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            extensions=("jinja2.ext.do", "jinja2.ext.loopcontrols"),
            optimized=False,  # its optimizer would calculate while it compiles, without any bounds
            undefined=_Undefined,
            autoescape=False,
            cache_size=0,
        )
        for table in (self.globals, self.filters, self.tests):
            table.clear()

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """No attribute is: reading goes through `field`."""
        del obj, attr, value
        return False

    def is_safe_callable(self, obj: Any) -> bool:
        """No callable is: calls go through `invoked`."""
        del obj
        return False

    # Output

    def show(self, context: _Context, site: OwnedSite, value: Any, /) -> str:
        """What an output writes."""
        return value if value.__class__ is str else values.show(context.run, site, value)

    def kept(self, context: _Context, site: OwnedSite, pieces: tuple[str, ...], /) -> tuple[str, ...]:
        """Count what goes into a buffer."""
        context.run.count_text(sum(map(len, pieces)), site.span)
        return pieces

    # Other templates

    def begin(self, context: _Context, site: OwnedSite, /) -> int:
        """A template begins inside another one; gives what `end` takes."""
        before = len(context.run.calls)
        context.run.enter(site.span)
        return before

    def end(self, context: _Context, before: int, /) -> None:
        """It is done, and so are the templates that it extended."""
        del context.run.calls[before:]

    def found(
        self, context: _Context, site: OwnedSite, name: Any, is_optional: bool, traced: bool, /
    ) -> CompiledTemplate:
        """The template of that name, or the first that there is of several; in the own chart first."""
        run = context.run
        names = name if isinstance(name, list) and name else [name]
        own = f"{site.owner.chart_path}/templates/"
        for each in names:
            if not isinstance(each, str):
                values.fail(run, site, "the name of a template is a text")
            code = run.program.lookup(own + each) or run.program.lookup(each)
            if isinstance(code, Compiled):
                return code.template(traced=traced)
            if code is not None:
                hint = f'write {{{{ include("{each}", ctx) }}}}'
                values.fail(run, site, f"{each} is a Go template", hint=hint, code="template-unknown")
        if is_optional:
            raise jinja2.TemplateNotFound(str(names[0]))
        known = [known.removeprefix(own) for known in run.program.template_names() if known.endswith(".j2")]
        near = nearest(names[0], known)
        message = f'the chart has no template "{names[0]}"'
        hint = f"did you mean {near}?" if near else ""
        return values.fail(run, site, message, hint=hint, code="template-unknown")

    # Values

    def unknown(self, context: _Context, site: OwnedSite, name: str, /) -> Missing:
        """A name that nothing has."""
        known = {key: None for key in context.get_all() if key != _STATE}
        return Missing(site.span, site.code, name, known)

    def field(self, context: _Context, site: OwnedSite, value: Any, name: str, /) -> Any:
        """`value.name`."""
        if isinstance(value, dict) and name in value:
            return value[name]
        run = context.run
        match value:
            case LoopContext():
                if name in _LOOP_FIELDS:
                    found = getattr(value, name)
                    return None if found is missing else found
                known: Mapping[str, Any] = dict.fromkeys([*_LOOP_FIELDS, "cycle", "changed"])
            case Namespace():
                known = object.__getattribute__(value, "_Namespace__attrs")
                return known[name] if name in known else Missing(site.span, site.code, name, known)
            case TemplateModule():
                known = {key: item for key, item in vars(value).items() if not key.startswith("_")}
                if name in known:
                    return known[name]
            case _Global():
                near = nearest(value.name, [key for key in context.get_all() if key != _STATE])
                hint = f"did you mean {near}?" if near else ""
                values.fail(run, site, f"{value.name} is a function, so it has no {name}", hint=hint)
            case Macro() | BlockReference() | TemplateReference():
                known = {}
            case _:
                return values.read_field(run, site, value, name)
        near = None if name in known else nearest(name, known)
        hint = f"did you mean {near}?" if near else ""
        return values.fail(run, site, f"{site.code}: there is no {name}", hint=hint)

    def element(self, context: _Context, site: OwnedSite, value: Any, key: Any, /) -> Any:
        """`value[key]`."""
        if isinstance(value, Namespace) and isinstance(key, str):
            return self.field(context, site, value, key)
        values.settled(context.run, site, None if isinstance(value, Missing) else value)
        return values.read_element(context.run, site, value, key)

    def part(self, context: _Context, site: OwnedSite, value: Any, /, *bounds: Any) -> Any:
        """`value[start:stop:step]`."""
        values.settled(context.run, site, None if isinstance(value, Missing) else value)
        return values.read_part(context.run, site, value, bounds)

    def listed(self, context: _Context, site: OwnedSite, /, *items: Any) -> list[Any]:
        """`[a, b]`."""
        return values.make_list(context.run, site, items)

    def mapped(self, context: _Context, site: OwnedSite, /, *items: Any) -> dict[str, Any]:
        """`{a: b}`; keys and values in turn."""
        return values.make_map(context.run, site, list(zip(items[::2], items[1::2], strict=True)))

    def joined(self, context: _Context, site: OwnedSite, /, *parts: Any) -> str:
        """`a ~ b`."""
        return values.join_texts(context.run, site, parts)

    def calculated(self, context: _Context, site: OwnedSite, sign: str, left: Any, right: Any, /) -> Any:
        """`a + b`."""
        return values.calculate(context.run, site, sign, left, right)

    def signed(self, context: _Context, site: OwnedSite, sign: str, value: Any, /) -> Any:
        """`-a`."""
        return values.sign_of(context.run, site, sign, value)

    def compared(self, context: _Context, site: OwnedSite, first: Any, /, *rest: Any) -> bool:
        """`a < b`; names of comparisons and values in turn."""
        return values.compare(context.run, site, first, list(zip(rest[::2], rest[1::2], strict=True)))

    def rounds(self, context: _Context, site: OwnedSite, value: Any, names: int, /) -> Iterator[Any]:
        """What a loop goes over."""
        return values.rounds(context.run, site, value, names)

    # Calls

    def spread(self, context: _Context, site: OwnedSite, value: Any, /) -> list[Any]:
        """`*value` among arguments."""
        return list(values.rounds(context.run, site, value, 1))

    def spread_map(self, context: _Context, site: OwnedSite, value: Any, /) -> dict[str, Any]:
        """`**value` among arguments."""
        if not isinstance(value, dict):
            values.fail(context.run, site, f"{site.code}: ** needs a map")
        return dict(value)

    def tested(self, context: _Context, site: OwnedSite, name: str, value: Any, /, *arguments: Any) -> bool:
        """`a is t`."""
        return TESTS[name][1](context.run, site, value, arguments)

    def filtered(
        self, context: _Context, site: OwnedSite, name: str, value: Any, /, *arguments: Any, **keywords: Any
    ) -> Any:
        """`a | f(b)`."""
        function = library().get(name)
        if function is None:
            return FILTERS[name](self._filter_call(context, site, name, arguments, keywords), value)
        if keywords:
            values.fail(context.run, site, f"{name} takes no arguments by name")
        if name in _ONE_ARGUMENT and len(arguments) != 1:
            hint = "it replaces empty values as well as those that are not set"
            values.fail(context.run, site, f"{name} takes 1 argument as a filter", hint=hint)
        return self._library(context, site, function, (*arguments, value), is_piped=True)

    def _filter_call(
        self,
        context: _Context,
        site: OwnedSite,
        name: str,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> FilterCall:
        def apply(filter_name: str, value: Any, given: tuple[Any, ...]) -> Any:
            if filter_name not in library() and filter_name not in FILTERS:
                values.fail(context.run, site, f"there is no function or filter {filter_name}")
            return self.filtered(context, site, filter_name, value, *given)

        def test(test_name: str, value: Any, given: tuple[Any, ...]) -> bool:
            arity, body = TESTS.get(test_name, (-1, None))
            if body is None or len(given) != arity:
                values.fail(context.run, site, f"there is no test {test_name} with {len(given)} arguments")
            return body(context.run, site, value, given)

        return FilterCall(context.run, site, name, arguments, keywords, apply, test)

    def _library(
        self,
        context: _Context,
        site: OwnedSite,
        function: Function,
        arguments: tuple[Any, ...],
        *,
        is_piped: bool,
    ) -> Any:
        run = context.run
        if function.name != "tpl":
            return values.call_function(run, site, function, arguments, is_piped=is_piped)
        before = run.program
        run.program = _Texts(before, site.owner)
        result = values.call_function(run, site, function, arguments, is_piped=is_piped)
        run.program = before
        return result

    def method(
        self, context: _Context, site: OwnedSite, value: Any, name: str, /, *arguments: Any, **keywords: Any
    ) -> Any:
        """`a.f(b)`."""
        run = context.run
        match value:
            case LoopContext() if name == "cycle" and arguments and not keywords:
                return arguments[value.index0 % len(arguments)]
            case LoopContext() if name == "changed" and not keywords:
                before, now = value._last_changed_value, values.make_list(run, site, arguments)  # noqa: SLF001
                value._last_changed_value = now  # noqa: SLF001
                return before is missing or not values.same(run, site, before, now)
            case TemplateReference():
                blocks: dict[str, Any] = value._TemplateReference__context.blocks  # type: ignore[attr-defined]  # noqa: SLF001
                if name not in blocks:
                    near = nearest(name, blocks)
                    values.fail(
                        run, site, f"there is no block {name}", hint=f"did you mean {near}?" if near else ""
                    )
                return self.invoked(context, site, value[name], *arguments, **keywords)
            case LoopContext() | Namespace() | TemplateModule() | Macro() | BlockReference() | _Global():
                callee = self.field(context, site, value, name)
                return self.invoked(context, site, callee, *arguments, **keywords)
        return values.call_method(run, site, value, name, arguments, keywords)

    def invoked(
        self, context: _Context, site: OwnedSite, callee: Any, /, *arguments: Any, **keywords: Any
    ) -> Any:
        """`f(a)`."""
        run = context.run
        before = len(run.calls)
        match callee:
            case _Global():
                return self._global(context, site, callee, arguments, keywords)
            case Macro():
                _check_macro(run, site, callee, arguments, keywords)
                self.begin(context, site)
                text = callee(*arguments, **keywords)
            case BlockReference():
                if arguments or keywords:
                    values.fail(run, site, "a block takes no arguments")
                self.begin(context, site)
                text = _collected(run, site, callee._stack[callee._depth](callee._context))  # noqa: SLF001
            case LoopContext():
                if callee._recurse is None or len(arguments) != 1 or keywords:  # noqa: SLF001
                    hint = "write {% for x in LIST recursive %}, and loop(OTHER_LIST) in it"
                    values.fail(run, site, "this loop cannot be called so", hint=hint)
                self.begin(context, site)
                text = callee(values.rounds(run, site, arguments[0], 1))
            case _:
                self._refuse_call(context, site, callee)
        self.end(context, before)
        if len(text) > LARGE:
            run.count_text(len(text), site.span)
        return text

    def _refuse_call(self, context: _Context, site: OwnedSite, callee: Any) -> NoReturn:
        if isinstance(callee, Missing):
            near = nearest(callee.key, [*_globals(), *map(str, callee.container)])
            message, hint = f"there is no function {callee.name}", f"did you mean {near}?" if near else ""
            values.fail(context.run, site, message, hint=hint, code="template-function-unknown")
        values.fail(context.run, site, f"{site.code}: this is no function, but has arguments")

    def _global(
        self,
        context: _Context,
        site: OwnedSite,
        called: _Global,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Any:
        run = context.run
        if called.name == "namespace" and called.function is None:
            given = [
                dict(values.make_map(run, site, list(table.items())))
                for table in arguments
                if isinstance(table, dict)
            ]
            if len(given) != len(arguments) or len(given) > 1:
                values.fail(run, site, "namespace takes names with values", hint="namespace(count=0)")
            return Namespace(*given, **keywords)
        if keywords:
            hint = 'keys and values in turn: dict("key", value)' if called.name == "dict" else ""
            values.fail(run, site, f"{called.name} takes no arguments by name", hint=hint)
        if called.function is None:
            return _numbers(run, site, arguments)
        return self._library(context, site, called.function, arguments, is_piped=False)


def _numbers(run: Run, site: OwnedSite, arguments: tuple[Any, ...]) -> list[int]:
    """`range(start, stop, step)`, no longer than loops may go on."""
    if not 1 <= len(arguments) <= 3 or any(type(number) is not int for number in arguments):
        hint = "convert numbers from values with int: range(int(x))"
        values.fail(run, site, "range takes 1 to 3 integers", hint=hint)
    if len(arguments) == 3 and arguments[2] == 0:
        values.fail(run, site, "range needs a step other than 0")
    numbers = range(*arguments)
    allowed = run.limits.max_loop_iterations
    # len() of a range fails beyond 63 bits.
    if numbers and abs(numbers[-1] - numbers[0]) // abs(numbers.step) + 1 > allowed:
        message = f"a range with more numbers than the {allowed:,} rounds that loops may make"
        values.fail(run, site, message, code="limit-loop-iterations")
    return list(numbers)


def _check_macro(
    run: Run, site: OwnedSite, macro: Macro, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    """Say what does not fit before Jinja's own code does."""
    names = macro.arguments
    signature = f"it is {macro.name}({', '.join(names)})"
    if len(arguments) > len(names) and not macro.catch_varargs:
        values.fail(run, site, f"the macro {macro.name} takes at most {len(names)} arguments", hint=signature)
    for name in keywords:
        if name in names[: len(arguments)]:
            values.fail(run, site, f"the macro {macro.name} gets {name} twice", hint=signature)
        if name == "caller" and not macro.caller:
            values.fail(
                run, site, f"the macro {macro.name} does not call caller()", hint="call it without a block"
            )
        if name != "caller" and name not in names and not macro.catch_kwargs:
            values.fail(run, site, f"the macro {macro.name} has no argument {name}", hint=signature)


def _collected(run: Run, site: OwnedSite, pieces: Iterable[str]) -> str:
    """The text of a block, counted while it grows."""
    texts: list[str] = []
    size = 0
    for piece in pieces:
        texts.append(piece)
        size += len(piece)
        if len(texts) % PIECES_BETWEEN_CHECKS == 0:
            run.count_text(size, site.span)
            size = 0
    run.count_text(size, site.span)
    return "".join(texts)


class _Texts:
    """A name space whose `tpl` takes Jinja's syntax."""

    def __init__(self, program: Templates, owner: Compiled) -> None:
        self.program = program
        self.owner = owner

    def lookup(self, name: str) -> Code | None:
        """The template of that name."""
        return self.program.lookup(name)

    def template_names(self) -> Iterable[str]:
        """All names."""
        return self.program.template_names()

    def with_text(self, text: str) -> tuple[Templates, Code]:
        """The text as a template of the same chart."""
        return self.program, self.owner.text_code(text)
