"""Turns pipelines into Python closures: `get(dot, frame)` gives the value.

Everything that does not depend on values is decided here once: the slots of variables, the checks
that a parameter's type asks for. What Go finds out only when an action runs (a wrong number of
arguments, a variable that is assigned but was never declared) becomes a closure that raises, so that
a branch that is not taken does no harm.

Source: text/template/exec.go, from `evalPipeline` on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, assert_never

from msgspec.structs import replace

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
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Nil,
    Node,
    Number,
    Operand,
    Pipe,
    String,
    Variable,
)
from sro_render.gotemplate.numbers import MAX_INT
from sro_render.gotemplate.runtime import LARGE, MADE_FACTOR, RUN, SIZED, Frame, Getter
from sro_render.gotemplate.values import (
    NIL,
    NIL_CLASSES,
    SIZED_INTS,
    Int64,
    Missing,
    Uint64,
)
from sro_render.limits import TooLargeError
from sro_render.source import Source, Span

_STOPPING: Final = {BUILTINS["and"]: False, BUILTINS["or"]: True}
"""The functions that stop early, and the truth that stops them."""


class PipeCompiler:
    """Compiles pipelines of one source.

    Args:
        source: the template's text.
        functions: by name; those of text/template itself need not be among them.
    """

    def __init__(self, source: Source, functions: Mapping[str, Function]) -> None:
        self.source = source
        self.functions = functions

    def span(self, node: Node) -> Span:
        """The place of a node."""
        return self.source.span(node.start, max(node.end, node.start + 1))

    def failing(self, node: Node, fault: FunctionError, before: Getter | None = None) -> Getter:
        """A closure that raises; `before` is evaluated first."""

        def fail(dot: Any, frame: Frame) -> NoReturn:
            if before is not None:
                before(dot, frame)
            raise frame[RUN].error(fault, self.span(node))

        return fail

    def pipe(self, pipe: Pipe) -> Getter:
        """The value of a pipeline; variables that it declares or assigns get it too."""
        get: Getter | None = None
        for command in pipe.commands:
            get = self.command(command, get)
        if get is None:
            return constant(None)
        for variable in pipe.variables:
            get = self.setter(variable, get)
        return get

    def setter(self, variable: Variable, get: Getter) -> Getter:
        """Keeps a pipeline's value in a variable."""
        slot = variable.slot
        if slot is None:
            return self.failing(variable, _undeclared(variable), get)

        def set_variable(dot: Any, frame: Frame) -> Any:
            frame[slot] = value = dug(get(dot, frame))
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
        if isinstance(first, Field | Chain) or (isinstance(first, Variable) and first.names):
            return self.method_call(command, first, final)
        return self.failing(first, FunctionError(f"{_code(first)} is no function, but has arguments"), final)

    def operand(self, node: Operand) -> Getter:
        """The value of an operand without arguments."""
        match node:
            case Dot():
                return _dot
            case Field() | Chain():
                return self.chain(node)
            case Variable():
                return self.chain(node) if node.names else self.variable(node)
            case Pipe():
                return self.pipe(node)
            case Identifier():
                return self.call(self.function(node), node, (), None)
            case Bool() | String():
                return constant(node.value)
            case Number():
                return self.number(node)
            case Nil():
                return constant(None)
        assert_never(node)

    def number(self, node: Number) -> Getter:
        """A number where nothing asks for a type: its form decides."""
        if node.is_float:
            return constant(node.real)
        if node.integer is None or node.integer > MAX_INT:
            return self.failing(node, FunctionError(f"{node.text} does not fit into an int"))
        return constant(node.integer)

    def variable(self, node: Variable) -> Getter:
        """A variable without its fields."""
        slot = node.slot
        if slot is None:
            return self.failing(node, _undeclared(node))
        return lambda dot, frame: frame[slot]  # noqa: ARG005

    def chain(self, node: Field | Variable | Chain) -> Getter:
        """A chain of fields without arguments."""
        prefix, start = self.chain_start(node)
        return FieldChain(self.source, node.start, node.end, prefix, node.names).getter(start)

    def chain_start(self, node: Field | Variable | Chain) -> tuple[str, Getter | None]:
        """What a chain begins with, as messages show it and as a closure; dot is ``, None."""
        match node:
            case Field():
                return "", None
            case Variable():
                return node.name, self.variable(node)
            case Chain():
                get = self.operand(node.operand)
                return _code(node.operand), lambda dot, frame: dug(get(dot, frame))
        assert_never(node)

    def method_call(self, command: Command, node: Field | Variable | Chain, final: Getter | None) -> Getter:
        """A chain with arguments: they go to the method that it ends in, which only the value tells."""
        arguments = command.operands[1:]
        known: dict[Function, Getter] = {}

        def call_method(function: Function, receiver: object, context: tuple[Any, Any], frame: Frame) -> Any:
            call = known.get(function)
            if call is None:
                call = known[function] = self.method(
                    function, command, arguments, has_final=final is not None
                )
            return call((receiver, *context), frame)

        prefix, start = self.chain_start(node)
        chain = FieldChain(self.source, node.start, node.end, prefix, node.names, call_method=call_method)

        def get(dot: Any, frame: Frame) -> Any:
            given = None if final is None else final(dot, frame)
            return chain.walk(dot if start is None else start(dot, frame), (dot, given), frame)

        return get

    def method(
        self, function: Function, command: Command, arguments: tuple[Operand, ...], *, has_final: bool
    ) -> Getter:
        """Like `call`; its closure gets (receiver, dot, what the pipeline gives) in the place of dot."""
        try:
            function.check_count(len(arguments) + has_final)
        except FunctionError as fault:
            return self.failing(command, fault)
        getters = (self.argument(function, n, argument) for n, argument in enumerate(arguments))
        on_dot = tuple(_of_dot(get) for get in getters)
        last = self.final(function, len(arguments), _item(2), command) if has_final else None
        return self.caller(function, command, (_item(0), *on_dot), last)

    # Calls

    def function(self, node: Identifier) -> Function:
        """The function of that name, which the parser has seen to exist."""
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
                    result: Any = body(only(dot, frame))
                except FunctionError as fault:
                    raise frame[RUN].error(fault, span) from None
                except OverflowError as fault:
                    raise frame[RUN].error(_too_large(fault), span) from None
                kind: type = result.__class__
                if kind in SIZED and len(result) > LARGE:
                    frame[RUN].count_made(result, span)
                return result

            return call_with_one
        wants_run, has_many = function.wants_run, len(getters) >= MADE_FACTOR

        def call(dot: Any, frame: Frame) -> Any:
            # The pipeline before a command runs before the command's own arguments do.
            tail = () if last is None else (last(dot, frame),)
            arguments = [get(dot, frame) for get in getters]
            if has_many:
                frame[RUN].check_given(arguments, span)
            try:
                if wants_run:
                    run = frame[RUN]
                    run.span = span
                    result: Any = body(run, *arguments, *tail)
                else:
                    result = body(*arguments, *tail)
            except FunctionError as fault:
                raise frame[RUN].error(fault, span) from None
            except OverflowError as fault:
                raise frame[RUN].error(_too_large(fault), span) from None
            kind: type = result.__class__
            if kind in SIZED and len(result) > LARGE:
                frame[RUN].count_made(result, span)
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
            return constant(None) if go_type in ANY_TYPES else lambda dot, frame: zero_of(go_type)  # noqa: ARG005
        if go_type in ANY_TYPES:
            return self.operand(node)
        if isinstance(node, Number):
            if go_type == "float64" and node.real is not None:
                return constant(node.real)
            sized = SIZED_INTS.get(go_type)
            if node.integer is not None:
                if go_type == "int" and node.integer <= MAX_INT:
                    return constant(node.integer)
                # Go reads it with 64 bits and keeps the low ones.
                widest = None if sized is None else Int64 if sized.signed else Uint64
                if sized is not None and widest is not None and widest.wrap(node.integer) == node.integer:
                    return constant(sized.wrap(node.integer))
        elif go_type == {True: "bool", False: "string"}[isinstance(node, Bool)]:
            return constant(node.value)
        raise FunctionError(f"must be of type {go_type}, not {_code(node)}")


def _too_large(fault: OverflowError) -> FunctionError:
    """What Python says of a number beyond its bounds is no message for users."""
    if isinstance(fault, TooLargeError):
        return FunctionError(str(fault), hint="look for values that hold each other", code="limit-output")
    return FunctionError("a number is too large for this function", hint="numbers have 64 bits in Go")


def _of_dot(get: Getter) -> Getter:
    return lambda context, frame: get(context[1], frame)


def _item(index: int) -> Getter:
    """Gives an item of the tuple that stands in the place of dot."""
    return lambda context, frame: context[index]  # noqa: ARG005


def _dot(dot: Any, frame: Frame) -> Any:  # noqa: ARG001
    return dot


def constant(value: object) -> Getter:
    """Gives always the same value."""
    return lambda dot, frame: value  # noqa: ARG005


def dug(value: Any) -> Any:
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
