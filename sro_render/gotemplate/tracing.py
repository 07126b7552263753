"""Templates that tell what they do: which place writes next, and who reads what under which conditions.

Writes exactly what `compiler` writes, many times slower; only the telling is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sro_render.gotemplate.compiler import Compiler, nothing, rounds_of, sequence
from sro_render.gotemplate.functions import Function, FunctionError
from sro_render.gotemplate.nodes import Action, Body, Branch, If, Range, Template, Text, With
from sro_render.gotemplate.parser import Definition
from sro_render.gotemplate.pipelines import dug
from sro_render.gotemplate.reading_pipes import ReadingPipes
from sro_render.gotemplate.reads import Act, Known, Reads, WatchedList, WatchedMap
from sro_render.gotemplate.runtime import ROOT, RUN, WRITE, Frame, Getter, Run, Step
from sro_render.gotemplate.values import NIL
from sro_render.source import Source, Span


def trace_definition(definition: Definition, functions: Mapping[str, Function]) -> Step:
    """The body of a template as a closure that tells; see `compiler.compile_definition`."""
    pipes = ReadingPipes(definition.source, functions)
    return _Tracing(definition.source, pipes).body(definition.body)


class _Tracing(Compiler):
    """Compiles statements that tell."""

    def __init__(self, source: Source, pipes: ReadingPipes) -> None:
        super().__init__(source, pipes)
        self.pipes = pipes

    def body(self, nodes: Body) -> Step:
        return sequence(
            tuple(
                self.marked(node) if isinstance(node, Text | Action) else self.statement(node)
                for node in nodes
            )
        )

    def marked(self, node: Text | Action) -> Step:
        """One text or action that tells the run its place first."""
        span = self.span(node)
        if isinstance(node, Text):
            write = self.writer((), node.text)

            def mark_text(dot: Any, frame: Frame) -> None:
                run = frame[RUN]
                run.mark(span, run.reads and run.reads.text(span, run.calls))
                write(dot, frame)

            return mark_text
        has_variables = bool(node.pipe.variables)
        step = self.statement(node) if has_variables else self.writer((("", self.pipe(node.pipe), node),), "")

        def mark_action(dot: Any, frame: Frame) -> None:
            run = frame[RUN]
            act = _begin(run, span)
            run.mark(span, act)
            step(dot, frame)
            if act is not None:
                run.reads.end()

        return mark_action

    # Conditions

    def if_step(self, node: If) -> Step:
        return self.first_that_holds(node.branches, node.otherwise, changes_dot=False)

    def with_step(self, node: With) -> Step:
        return self.first_that_holds(node.branches, node.otherwise, changes_dot=True)

    def first_that_holds(
        self, branches: Iterable[Branch], otherwise: Body | None, *, changes_dot: bool
    ) -> Step:
        """The first branch whose condition holds, or what is done otherwise."""
        cases = tuple((self.span(each.pipe), self.pipe(each.pipe), self.body(each.body)) for each in branches)
        else_body = nothing if otherwise is None else self.body(otherwise)

        def choose(dot: Any, frame: Frame) -> None:
            run: Run = frame[RUN]
            conditions: list[Act] = []
            for span, get, body in cases:
                value, act = _evaluate(get, dot, frame, span)
                if act is not None:
                    conditions.append(act)
                if value:
                    _guarded(run.reads, conditions, body, value if changes_dot else dot, frame, changes_dot)
                    return
            _guarded(run.reads, conditions, else_body, dot, frame, False)

        return choose

    # Loops

    def loop(self, node: Range) -> Step:
        get, round_, span = self.pipe(node.pipe), self.round(node), self.span(node.pipe)
        otherwise = nothing if node.otherwise is None else self.body(node.otherwise)
        slots = [variable.slot for variable in node.pipe.variables]

        def evaluate(dot: Any, frame: Frame) -> tuple[Any, Any]:
            value = get(dot, frame)
            try:
                return value, rounds_of(value, len(slots) > 1)
            except FunctionError as fault:
                raise frame[RUN].error(fault, span) from None

        def loop(dot: Any, frame: Frame) -> None:
            run: Run = frame[RUN]
            (value, rounds), act = _evaluate(evaluate, dot, frame, span)
            if rounds is None:
                otherwise(dot, frame)
                return
            for index, element in rounds:
                run.rounds += 1
                if run.rounds > run.next_check:
                    run.check_rounds(lambda: self.span(node))
                given = NIL if element is None else element
                if act is None or run.reads is None:
                    round_(index, given, frame)
                    continue
                known = _known_of(value, index, act)
                for slot in slots:
                    if slot is not None:
                        run.reads.keep_variable(frame, slot, known)
                _guarded_round(run.reads, act, known, lambda: round_(index, given, frame))  # noqa: B023

        return loop

    # Templates

    def template_step(self, node: Template) -> Step:
        get: Getter = (lambda dot, frame: None) if node.pipe is None else self.pipe(node.pipe)  # noqa: ARG005
        name, span = node.name, self.span(node)

        def call_template(dot: Any, frame: Frame) -> None:
            run: Run = frame[RUN]
            code = run.program.lookup(name)
            if code is None:
                raise run.error(run.unknown_template(name), span)
            value, act = _evaluate(get, dot, frame, span)
            value = dug(value)
            run.enter(span)
            inner = run.frame(code, value, frame[WRITE])
            if act is not None and run.reads is not None:
                run.reads.keep_variable(inner, ROOT, act.reads)
                run.reads.enter_dot(act.reads)
            code.traced_body(value, inner)
            if act is not None and run.reads is not None:
                run.reads.leave_dot()
            run.leave()

        return call_template


def _begin(run: Run, span: Span) -> Act | None:
    return None if run.reads is None else run.reads.begin(span, run.calls)


def _evaluate(get: Getter, dot: Any, frame: Frame, span: Span) -> tuple[Any, Act | None]:
    """A value, and the act that reads what it is made of."""
    run: Run = frame[RUN]
    act = _begin(run, span)
    value = get(dot, frame)
    if run.reads is not None:
        run.reads.end()
    return value, act


def _guarded(
    reads: Reads | None, conditions: list[Act], body: Step, dot: Any, frame: Frame, changes_dot: bool
) -> None:
    """Run a body for which these conditions were decisive."""
    if reads is None:
        body(dot, frame)
        return
    depth = reads.enter_guards(conditions, conditions[-1].reads if changes_dot else None)
    try:
        body(dot, frame)
    finally:
        # A break or continue passes here.
        reads.leave_guards(depth)


def _guarded_round(reads: Reads, act: Act, known: Known, round_: Callable[[], None]) -> None:
    depth = reads.enter_guards([act], known)
    try:
        round_()
    finally:
        reads.leave_guards(depth)


def _known_of(value: object, index: Any, act: Act) -> Known:
    """What is known of an element that a loop has reached."""
    if isinstance(value, WatchedMap | WatchedList):
        return value.known(index, act)
    return act.reads
