"""Turns nodes into Python closures: `step(dot, frame)` writes what a statement writes.

Decides which stretches of text are written in one go, and how loops, conditions and calls of
templates run. A program is compiled once and run for a thousand kernels.

Source: text/template/exec.go, `walk` and what it calls up to the pipelines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, assert_never

from sro_render.gotemplate.functions import (
    Function,
    FunctionError,
)
from sro_render.gotemplate.nodes import (
    Action,
    Body,
    Break,
    Continue,
    If,
    Node,
    Range,
    Statement,
    Template,
    Text,
    With,
)
from sro_render.gotemplate.parser import Definition
from sro_render.gotemplate.pipelines import PipeCompiler, constant, dug
from sro_render.gotemplate.printing import NO_VALUE, to_text
from sro_render.gotemplate.runtime import RUN, WRITE, Frame, Getter, Step
from sro_render.gotemplate.values import (
    NIL,
    Kind,
    Missing,
    Uint8,
    kind_of,
    plain,
    sorted_items,
    type_label,
)
from sro_render.source import Source, Span


class _Break(Exception):  # noqa: N818 - a jump, not an error
    """Leaves the innermost range."""


class _Continue(Exception):  # noqa: N818
    """Goes on with the next round of the innermost range."""


def compile_definition(definition: Definition, functions: Mapping[str, Function]) -> Step:
    """The body of a template as a closure.

    Args:
        definition: the template.
        functions: by name; those of text/template itself need not be among them.
    """
    return Compiler(definition.source, PipeCompiler(definition.source, functions)).body(definition.body)


def nothing(dot: Any, frame: Frame) -> None:
    """An empty body."""


class Compiler:
    """Compiles the statements of one source, their pipelines with `pipes`."""

    def __init__(self, source: Source, pipes: PipeCompiler) -> None:
        self.source = source
        self.pipe = pipes.pipe

    def span(self, node: Node) -> Span:
        """The place of a node."""
        return self.source.span(node.start, max(node.end, node.start + 1))

    # Statements

    def body(self, nodes: Body) -> Step:
        """Statements in their order; neighbouring texts and plain actions share one closure."""
        steps: list[Step] = []
        parts: list[tuple[str, Getter, Action]] = []
        text = ""
        for node in nodes:
            if isinstance(node, Text):
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
        return sequence(tuple(steps))

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
        """One statement alone."""
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
        """`{{if}}`."""
        cases = tuple((self.pipe(branch.pipe), self.body(branch.body)) for branch in node.branches)
        otherwise = nothing if node.otherwise is None else self.body(node.otherwise)
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
        """`{{with}}`."""
        cases = tuple((self.pipe(branch.pipe), self.body(branch.body)) for branch in node.branches)
        otherwise = nothing if node.otherwise is None else self.body(node.otherwise)

        def first_that_holds(dot: Any, frame: Frame) -> None:
            for condition, body in cases:
                value = condition(dot, frame)
                if value:
                    body(value, frame)
                    return
            otherwise(dot, frame)

        return first_that_holds

    def range_step(self, node: Range) -> Step:
        """`{{range}}`, with what leaves it or goes on with the next round."""
        loop = self.loop(node)
        if not node.jumps:
            return loop

        def loop_until_break(dot: Any, frame: Frame) -> None:
            try:
                loop(dot, frame)
            except _Break:
                return

        return loop_until_break

    def loop(self, node: Range) -> Step:
        """All rounds of a range."""
        get = self.pipe(node.pipe)
        round_ = self.round(node)
        otherwise = nothing if node.otherwise is None else self.body(node.otherwise)
        has_index = len(node.pipe.variables) > 1

        def loop(dot: Any, frame: Frame) -> None:
            value = get(dot, frame)
            run = frame[RUN]
            try:
                rounds = rounds_of(value, has_index)
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

        return loop

    def round(self, node: Range) -> Callable[[Any, Any, Frame], None]:
        """One round of a range: sets its variables to index and element, then does its body."""
        body = self.body(node.body)
        if node.jumps:
            body = until_continue(body)
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
        """`{{template}}`."""
        get = constant(None) if node.pipe is None else self.pipe(node.pipe)
        name, span = node.name, self.span(node)

        def call_template(dot: Any, frame: Frame) -> None:
            run = frame[RUN]
            code = run.program.lookup(name)
            if code is None:
                raise run.error(run.unknown_template(name), span)
            value = dug(get(dot, frame))
            run.enter(span)
            code.body(value, run.frame(code, value, frame[WRITE]))
            run.leave()

        return call_template


def sequence(steps: tuple[Step, ...]) -> Step:
    """Several steps in their order."""
    if not steps:
        return nothing
    if len(steps) == 1:
        return steps[0]

    def do_all(dot: Any, frame: Frame) -> None:
        for step in steps:
            step(dot, frame)

    return do_all


def _break(dot: Any, frame: Frame) -> None:  # noqa: ARG001
    raise _Break


def _continue(dot: Any, frame: Frame) -> None:  # noqa: ARG001
    raise _Continue


def until_continue(body: Step) -> Step:
    """A body that a continue leaves."""

    def do_body(dot: Any, frame: Frame) -> None:
        try:
            body(dot, frame)
        except _Continue:
            return

    return do_body


def rounds_of(value: object, has_index: bool) -> Iterable[tuple[object, object]] | None:
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
