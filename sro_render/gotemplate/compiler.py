"""Turns nodes into Python closures: `step(dot, frame)` writes, `get(dot, frame)` gives a value.

Everything that does not depend on values is decided here once: the slots of variables, the checks
that a parameter's type asks for, which stretches of text are written in one go. A program is compiled
once and run for a thousand kernels.

What Go finds out only when an action runs (a wrong number of arguments, a variable that is assigned
but was never declared) becomes a closure that raises, so that a branch that is not taken does no harm.

Source: text/template/exec.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, NoReturn, assert_never

from sro_render.gotemplate.builtin_functions import BUILTINS, absent_key
from sro_render.gotemplate.fields import FieldChain
from sro_render.gotemplate.functions import (
    ANY_TYPES,
    Function,
    FunctionError,
    assign,
    exact_class,
    is_nilable,
    zero_of,
)
from sro_render.gotemplate.nodes import (
    Action,
    Body,
    Bool,
    Break,
    Chain,
    Command,
    Continue,
    Dot,
    Field,
    Identifier,
    If,
    Nil,
    Node,
    Number,
    Operand,
    Pipe,
    Range,
    Statement,
    String,
    Template,
    Text,
    Variable,
    With,
)
from sro_render.gotemplate.numbers import MAX_INT
from sro_render.gotemplate.parser import Definition
from sro_render.gotemplate.printing import NO_VALUE, to_text
from sro_render.gotemplate.runtime import LARGE_TEXT, RUN, WRITE, Frame, Getter, Step
from sro_render.gotemplate.values import (
    NIL,
    NIL_CLASSES,
    GoObject,
    Int8,
    Int16,
    Int32,
    Int64,
    Kind,
    Missing,
    SizedInt,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    kind_of,
    plain,
    sorted_items,
    type_label,
)
from sro_render.source import Source, Span

_SIZED: Final[dict[str, type[SizedInt]]] = {
    kind.go_type: kind for kind in (Int8, Int16, Int32, Int64, Uint, Uint8, Uint16, Uint32, Uint64)
}
_STOPPING: Final = {BUILTINS["and"]: False, BUILTINS["or"]: True}
"""The functions that stop early, and the truth that stops them."""


class _Break(Exception):  # noqa: N818 - a jump, not an error
    """Leaves the innermost range."""


class _Continue(Exception):  # noqa: N818
    """Goes on with the next round of the innermost range."""


def compile_definition(definition: Definition, functions: Mapping[str, Function], *, traced: bool) -> Step:
    """The body of a template as a closure.

    Args:
        definition: the template.
        functions: by name; those of text/template itself need not be among them.
        traced: the closure tells the run which place writes next.
    """
    return _Compiler(definition.source, functions, traced).body(definition.body)


def _nothing(dot: Any, frame: Frame) -> None:
    """An empty body."""


def _dot(dot: Any, frame: Frame) -> Any:  # noqa: ARG001
    return dot


def _constant(value: object) -> Getter:
    return lambda dot, frame: value  # noqa: ARG005


class _Compiler:
    def __init__(self, source: Source, functions: Mapping[str, Function], traced: bool) -> None:
        self.source = source
        self.functions = functions
        self.traced = traced

    def span(self, node: Node) -> Span:
        return self.source.span(node.start, max(node.end, node.start + 1))

    def failing(self, node: Node, fault: FunctionError, before: Getter | None = None) -> Getter:
        """A closure that raises; `before` is evaluated first."""

        def fail(dot: Any, frame: Frame) -> NoReturn:
            if before is not None:
                before(dot, frame)
            raise frame[RUN].error(fault, self.span(node))

        return fail

    # Statements

    def body(self, nodes: Body) -> Step:
        """Statements in their order; neighbouring texts and plain actions share one closure."""
        steps: list[Step] = []
        parts: list[tuple[str, Getter, Action]] = []
        text = ""
        for node in nodes:
            if self.traced and isinstance(node, Text | Action):
                steps.append(self.marked(node))
            elif isinstance(node, Text):
                text += node.text
            elif isinstance(node, Action) and not node.pipe.variables:
                parts.append((text, self.pipe(node.pipe), node))
                text = ""
            else:
                if parts or text:
                    steps.append(self.writer(tuple(parts), text))
                parts, text = [], ""
                steps.append(self.statement(node))
        if parts or text:
            steps.append(self.writer(tuple(parts), text))
        return _sequence(tuple(steps))

    def marked(self, node: Text | Action) -> Step:
        """One text or action that tells the run its place first."""
        span = self.span(node)
        if isinstance(node, Text):
            step = self.writer((), node.text)
        elif node.pipe.variables:
            step = self.statement(node)
        else:
            step = self.writer((("", self.pipe(node.pipe), node),), "")

        def mark(dot: Any, frame: Frame) -> None:
            frame[RUN].mark(span)
            step(dot, frame)

        return mark

    def writer(self, parts: tuple[tuple[str, Getter, Action], ...], tail: str) -> Step:
        """Texts and the values between them."""
        if not parts:

            def write_text(dot: Any, frame: Frame) -> None:  # noqa: ARG001
                frame[WRITE](tail)

            return write_text
        shown = self.shown

        def write_parts(dot: Any, frame: Frame) -> None:
            write = frame[WRITE]
            for text, get, action in parts:
                write(text)
                value = get(dot, frame)
                write(value if value.__class__ is str else shown(value, action, frame))
            write(tail)

        return write_parts

    def shown(self, value: object, action: Action, frame: Frame) -> str:
        """What an action writes for a value that is no string."""
        if isinstance(value, Missing):
            frame[RUN].report_missing(value)
            return NO_VALUE
        try:
            return to_text(value)
        except FunctionError as fault:
            raise frame[RUN].error(fault, self.span(action)) from None

    def statement(self, node: Statement) -> Step:
        match node:
            case Action():
                return self.pipe(node.pipe)
            case If():
                return self.if_step(node)
            case With():
                return self.with_step(node)
            case Range():
                return self.range_step(node)
            case Template():
                return self.template_step(node)
            case Break():
                return _break
            case Continue():
                return _continue
            case Text():
                return self.writer((), node.text)
        assert_never(node)

    def if_step(self, node: If) -> Step:
        cases = tuple((self.pipe(branch.pipe), self.body(branch.body)) for branch in node.branches)
        otherwise = _nothing if node.otherwise is None else self.body(node.otherwise)
        if len(cases) > 1:

            def first_that_holds(dot: Any, frame: Frame) -> None:
                for condition, body in cases:
                    if condition(dot, frame):
                        body(dot, frame)
                        return
                otherwise(dot, frame)

            return first_that_holds
        [(condition, body)] = cases

        def either(dot: Any, frame: Frame) -> None:
            if condition(dot, frame):
                body(dot, frame)
            else:
                otherwise(dot, frame)

        return either

    def with_step(self, node: With) -> Step:
        cases = tuple((self.pipe(branch.pipe), self.body(branch.body)) for branch in node.branches)
        otherwise = _nothing if node.otherwise is None else self.body(node.otherwise)

        def first_that_holds(dot: Any, frame: Frame) -> None:
            for condition, body in cases:
                value = condition(dot, frame)
                if value:
                    body(value, frame)
                    return
            otherwise(dot, frame)

        return first_that_holds

    def range_step(self, node: Range) -> Step:
        get = self.pipe(node.pipe)
        round_ = self.round(node)
        otherwise = _nothing if node.otherwise is None else self.body(node.otherwise)
        has_index = len(node.pipe.variables) > 1

        def loop(dot: Any, frame: Frame) -> None:
            value = get(dot, frame)
            run = frame[RUN]
            try:
                rounds = _rounds(value, has_index)
            except FunctionError as fault:
                raise run.error(fault, self.span(node.pipe)) from None
            if rounds is None:
                otherwise(dot, frame)
                return
            for index, element in rounds:
                run.rounds += 1
                if run.rounds > run.next_check:
                    run.check_rounds(lambda: self.span(node))
                round_(index, NIL if element is None else element, frame)

        if not node.jumps:
            return loop

        def loop_until_break(dot: Any, frame: Frame) -> None:
            try:
                loop(dot, frame)
            except _Break:
                pass

        return loop_until_break

    def round(self, node: Range) -> Callable[[Any, Any, Frame], None]:
        """One round of a range: sets its variables to index and element, then does its body."""
        body = self.body(node.body)
        if node.jumps:
            body = _until_continue(body)
        match [variable.slot for variable in node.pipe.variables]:
            case [int(index_slot), int(element_slot)]:

                def round_with_both(index: Any, element: Any, frame: Frame) -> None:
                    frame[index_slot] = index
                    frame[element_slot] = element
                    body(element, frame)

                return round_with_both
            case [int(element_slot)]:

                def round_with_element(index: Any, element: Any, frame: Frame) -> None:  # noqa: ARG001
                    frame[element_slot] = element
                    body(element, frame)

                return round_with_element
        # Without variables; or with one that is not declared, at which the pipeline has failed before.
        return lambda index, element, frame: body(element, frame)  # noqa: ARG005

    def template_step(self, node: Template) -> Step:
        get = _constant(None) if node.pipe is None else self.pipe(node.pipe)
        name, span, traced = node.name, self.span(node), self.traced

        def call_template(dot: Any, frame: Frame) -> None:
            run = frame[RUN]
            code = run.program.lookup(name)
            if code is None:
                raise run.error(run.unknown_template(name), span)
            value = _dug(get(dot, frame))
            run.enter(span)
            body = code.traced_body if traced else code.body
            body(value, run.frame(code, value, frame[WRITE]))
            run.leave()

        return call_template

    # Pipelines

    def pipe(self, pipe: Pipe) -> Getter:
        """The value of a pipeline; variables that it declares or assigns get it too."""
        get: Getter | None = None
        for command in pipe.commands:
            get = self.command(command, get)
        if get is None:
            return _constant(None)
        for variable in pipe.variables:
            get = self.setter(variable, get)
        return get

    def setter(self, variable: Variable, get: Getter) -> Getter:
        slot = variable.slot
        if slot is None:
            return self.failing(variable, _undeclared(variable), get)

        def set_variable(dot: Any, frame: Frame) -> Any:
            frame[slot] = value = _dug(get(dot, frame))
            return value

        return set_variable

    def command(self, command: Command, final: Getter | None) -> Getter:
        """A command; `final` is what the pipeline before it gives, as its last argument."""
        first, arguments = command.operands[0], command.operands[1:]
        if isinstance(first, Identifier):
            return self.call(self.function(first), command, arguments, final)
        if not arguments and final is None:
            if isinstance(first, Nil):
                return self.failing(
                    first, FunctionError("nil alone is no value", hint="leave the action out")
                )
            return self.operand(first)
        names = first.names if isinstance(first, Field | Variable | Chain) else ()
        if names:
            return self.chain(first, self.method_caller(command, arguments, final))
        return self.failing(first, FunctionError(f"{_code(first)} is no function, but has arguments"), final)

    def operand(self, node: Operand) -> Getter:
        """The value of an operand without arguments."""
        match node:
            case Dot():
                return _dot
            case Field() | Chain():
                return self.chain(node, None)
            case Variable():
                return self.chain(node, None) if node.names else self.variable(node)
            case Pipe():
                return self.pipe(node)
            case Identifier():
                return self.call(self.function(node), node, (), None)
            case Bool() | String():
                return _constant(node.value)
            case Number():
                return self.number(node)
            case Nil():
                return _constant(None)
        assert_never(node)

    def number(self, node: Number) -> Getter:
        if node.is_float:
            return _constant(node.real)
        if node.integer is None or node.integer > MAX_INT:
            return self.failing(node, FunctionError(f"{node.text} does not fit into an int"))
        return _constant(node.integer)

    def variable(self, node: Variable) -> Getter:
        slot = node.slot
        if slot is None:
            return self.failing(node, _undeclared(node))
        return lambda dot, frame: frame[slot]  # noqa: ARG005

    def chain(self, node: Operand, call_method: Any) -> Getter:
        match node:
            case Field():
                return FieldChain(self.source, node.start, node.end, "", node.names, call_method).getter(None)
            case Variable():
                start = self.variable(node)
                chain = FieldChain(self.source, node.start, node.end, node.name, node.names, call_method)
                return chain.getter(start)
            case Chain():
                get = self.operand(node.operand)
                chain = FieldChain(
                    self.source, node.start, node.end, _code(node.operand), node.names, call_method
                )
                return chain.getter(lambda dot, frame: _dug(get(dot, frame)))
        raise AssertionError(node)

    # Calls

    def function(self, node: Identifier) -> Function:
        return self.functions.get(node.name) or BUILTINS[node.name]

    def call(
        self, function: Function, node: Node, arguments: tuple[Operand, ...], final: Getter | None
    ) -> Getter:
        """A call of a function; the place is the whole command."""
        try:
            function.check_count(len(arguments) + (final is not None))
        except FunctionError as fault:
            return self.failing(node, fault, final)
        if function in _STOPPING:
            return self.stopping(_STOPPING[function], arguments, final)
        getters = tuple(self.argument(function, n, argument) for n, argument in enumerate(arguments))
        last = None if final is None else self.final(function, len(arguments), final, node)
        if function is BUILTINS["index"]:
            function = replace(function, call=self.remembering_index(node))
        return self.caller(function, node, getters, last)

    def caller(
        self, function: Function, node: Node, getters: tuple[Getter, ...], last: Getter | None
    ) -> Getter:
        """Evaluates the arguments, calls the function, and gives its faults their place."""
        body, span = function.call, self.span(node)
        if len(getters) == 1 and last is None and not function.wants_run:
            [only] = getters

            def call_with_one(dot: Any, frame: Frame) -> Any:
                try:
                    result = body(only(dot, frame))
                except FunctionError as fault:
                    raise frame[RUN].error(fault, span) from None
                if result.__class__ is str and len(result) > LARGE_TEXT:
                    frame[RUN].count_text(len(result), span)
                return result

            return call_with_one
        wants_run = function.wants_run

        def call(dot: Any, frame: Frame) -> Any:
            # The pipeline before a command runs before the command's own arguments do.
            tail = () if last is None else (last(dot, frame),)
            arguments = [get(dot, frame) for get in getters]
            try:
                if wants_run:
                    run = frame[RUN]
                    run.span = span
                    result = body(run, *arguments, *tail)
                else:
                    result = body(*arguments, *tail)
            except FunctionError as fault:
                raise frame[RUN].error(fault, span) from None
            if result.__class__ is str and len(result) > LARGE_TEXT:
                frame[RUN].count_text(len(result), span)
            return result

        return call

    def remembering_index(self, node: Node) -> Callable[..., Any]:
        """`index`, which like a field remembers the key that a map did not have."""
        span, name = self.span(node), f"({_code(node)})"

        def index(*arguments: Any) -> Any:
            result = BUILTINS["index"].call(*arguments)
            absent = absent_key(*arguments) if result is None else None
            return result if absent is None else Missing(span, name, absent[1], absent[0])

        return index

    def stopping(self, stop: bool, arguments: tuple[Operand, ...], final: Getter | None) -> Getter:
        """`and`, `or`: arguments from the left, up to the first that decides."""
        getters = [self.operand(argument) for argument in arguments]

        def decide(dot: Any, frame: Frame) -> Any:
            last = None if final is None else final(dot, frame)
            value = None
            for get in getters:
                value = get(dot, frame)
                if bool(value) is stop:
                    return value
            return value if final is None else last

        return decide

    def method_caller(self, command: Command, arguments: tuple[Operand, ...], final: Getter | None) -> Any:
        """Gives a method the arguments that stand behind a chain; which method, only the value tells."""
        known: dict[Function, Getter] = {}

        def call_method(function: Function, receiver: GoObject, dot: Any, frame: Frame) -> Any:
            call = known.get(function)
            if call is None:
                call = known[function] = self.method(function, command, arguments, final)
            return call((receiver, dot), frame)

        return call_method

    def method(
        self, function: Function, command: Command, arguments: tuple[Operand, ...], final: Getter | None
    ) -> Getter:
        """Like `call`, for dots that are pairs of receiver and dot."""
        try:
            function.check_count(len(arguments) + (final is not None))
        except FunctionError as fault:
            return self.failing(command, fault)
        getters = [self.argument(function, n, argument) for n, argument in enumerate(arguments)]
        last = None if final is None else self.final(function, len(arguments), final, command)
        inner = tuple(_of_pair(get) for get in getters)
        return self.caller(function, command, (_receiver, *inner), None if last is None else _of_pair(last))

    # Arguments

    def argument(self, function: Function, position: int, node: Operand) -> Getter:
        """An argument as the parameter at `position` takes it."""
        go_type = function.types.parameter(position)
        if isinstance(node, Bool | Number | String | Nil):
            try:
                return self.literal(node, go_type)
            except FunctionError as fault:
                return self.failing(node, _about_argument(fault, function, position))
        get = self.operand(node)
        if go_type in ANY_TYPES:
            return self.settled(get, function) if self.may_be_nil(node) else get
        return self.typed(function, position, get, node)

    def final(self, function: Function, position: int, get: Getter, node: Node) -> Getter:
        """What the pipeline gives, as the parameter at `position` takes it."""
        go_type = function.types.parameter(position)
        if go_type in ANY_TYPES:
            return self.settled(get, function)
        return self.typed(function, position, get, node)

    def may_be_nil(self, node: Operand) -> bool:
        """Whether an operand can give `Missing` or `NIL`: functions do not, apart from three."""
        if isinstance(node, Pipe) and isinstance(node.commands[-1].operands[0], Identifier):
            node = node.commands[-1].operands[0]
        return not isinstance(node, Identifier) or node.name in ("and", "or", "index")

    def settled(self, get: Getter, function: Function) -> Getter:
        """For a parameter of any type: nil in all its forms becomes None."""
        tolerant = function.tolerant

        def settle(dot: Any, frame: Frame) -> Any:
            value = get(dot, frame)
            if value.__class__ in NIL_CLASSES:
                if value.__class__ is Missing and not tolerant:
                    frame[RUN].report_missing(value)
                return None
            return value

        return settle

    def typed(self, function: Function, position: int, get: Getter, node: Node) -> Getter:
        """For a parameter with a type of its own."""
        go_type = function.types.parameter(position)
        wanted = exact_class(go_type)

        def check(dot: Any, frame: Frame) -> Any:
            value = get(dot, frame)
            if value.__class__ is wanted:
                return value
            try:
                fitting = assign(value, go_type, is_interface=_is_interface(node, value, dot, frame))
            except FunctionError as fault:
                raise frame[RUN].error(_about_argument(fault, function, position), self.span(node)) from None
            if isinstance(value, Missing) and not function.tolerant:
                frame[RUN].report_missing(value)
            return fitting

        return check

    def literal(self, node: Bool | Number | String | Nil, go_type: str) -> Getter:
        """A constant for a parameter: Go gives untyped constants the parameter's type."""
        if isinstance(node, Nil):
            if not is_nilable(go_type):
                raise FunctionError(f"must be of type {go_type}, not nil")
            return _constant(None) if go_type in ANY_TYPES else lambda dot, frame: zero_of(go_type)  # noqa: ARG005
        if go_type in ANY_TYPES:
            return self.operand(node)
        if isinstance(node, Number):
            if go_type == "float64" and node.real is not None:
                return _constant(node.real)
            sized = _SIZED.get(go_type)
            if node.integer is not None:
                if go_type == "int" and node.integer <= MAX_INT:
                    return _constant(node.integer)
                if sized is not None and sized.wrap(node.integer) == node.integer:
                    return _constant(sized(node.integer))
        elif go_type == {True: "bool", False: "string"}[isinstance(node, Bool)]:
            return _constant(node.value)
        raise FunctionError(f"must be of type {go_type}, not {_code(node)}")


def _receiver(pair: tuple[GoObject, Any], frame: Frame) -> GoObject:  # noqa: ARG001
    return pair[0]


def _of_pair(get: Getter) -> Getter:
    return lambda pair, frame: get(pair[1], frame)


def _sequence(steps: tuple[Step, ...]) -> Step:
    if not steps:
        return _nothing
    if len(steps) == 1:
        return steps[0]

    def do_all(dot: Any, frame: Frame) -> None:
        for step in steps:
            step(dot, frame)

    return do_all


def _break(dot: Any, frame: Frame) -> None:
    raise _Break


def _continue(dot: Any, frame: Frame) -> None:
    raise _Continue


def _until_continue(body: Step) -> Step:
    def do_body(dot: Any, frame: Frame) -> None:
        try:
            body(dot, frame)
        except _Continue:
            pass

    return do_body


def _rounds(value: object, has_index: bool) -> Iterable[tuple[object, object]] | None:
    """What a range goes over, as (index or key, element); None where there is nothing.

    Raises:
        FunctionError: nothing can go over such a value.
    """
    value = plain(value)
    match kind_of(value):
        case Kind.SLICE:
            if not value:
                return None
            return enumerate(map(Uint8, value) if isinstance(value, bytes) else value)  # type: ignore[arg-type]
        case Kind.MAP:
            return sorted_items(value) if value else None  # type: ignore[arg-type]
        case Kind.INVALID:
            return None
        case Kind.INT | Kind.UINT:
            if has_index:
                raise FunctionError("range over a number has no index", hint="declare one variable only")
            number: Any = value
            kind = int if type(number) is bool else type(number)
            return ((None, kind(element)) for element in range(number)) if number > 0 else None
    hint = "a number from a values file is float64; convert it with int" if isinstance(value, float) else ""
    raise FunctionError(f"range cannot go over a value of type {type_label(value)}", hint=hint)


def _dug(value: Any) -> Any:
    """A value that leaves a pipeline: what was nil inside a container is now plain nil."""
    return None if value is NIL else value


def _is_interface(node: Node, value: object, dot: object, frame: Frame) -> bool:
    """Whether a nil argument stands in a container or is absent from one, as the chain `node` found it."""
    if value is NIL:
        return not isinstance(node, Pipe | Command)
    if isinstance(value, Missing):
        return isinstance(node, Field | Variable | Chain) and value.span.start == node.start
    if value is None and isinstance(node, Identifier):
        return True
    if value is None and isinstance(node, Field):
        return dot is not None
    if value is None and isinstance(node, Variable) and node.names and node.slot is not None:
        return frame[node.slot] is not None
    return False


def _about_argument(fault: FunctionError, function: Function, position: int) -> FunctionError:
    message = f"argument {position + 1} of {function.name} {fault.message}"
    hint = fault.hint or f"its signature is {function.name}{function.types}"
    return FunctionError(message, hint=hint, code=fault.code)


def _undeclared(variable: Variable) -> FunctionError:
    return FunctionError(
        f"the variable {variable.name} is not declared here",
        hint=f"declare it before, with {{{{ {variable.name} := VALUE }}}}",
        code="template-variable-unknown",
    )


def _code(node: object) -> str:
    """A node as messages show it, cut to a readable length."""
    text = f"({node})" if isinstance(node, Pipe) else str(node)
    return text if len(text) <= 60 else f"{text[:59]}…"
