"""One run of templates: its output, findings, limits, and the calls that led to where it is.

Decides what ends a run (limits, deadline) and how faults get their place and notes. What templates
mean is the compiler's.

A compiled template is a closure `step(dot, frame)`. The frame is a list: the run, the function that
takes output, `$`, and then the template's variables, each in its slot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from typing import Any, Final, Protocol, TypeAlias

from sro_render.errors import Finding, LimitError, TemplateError, nearest, only_meant
from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.printing import ADDRESS
from sro_render.gotemplate.reads import Act, Reads
from sro_render.gotemplate.traced import Mark, Traced
from sro_render.gotemplate.values import (
    IntList,
    Missing,
    NamedMap,
    StringList,
    StringMap,
    from_bytes,
    to_bytes,
)
from sro_render.limits import Limits, allow_more, or_more
from sro_render.source import Span

Frame: TypeAlias = list[Any]
Step: TypeAlias = Callable[[Any, Frame], None]
Getter: TypeAlias = Callable[[Any, Frame], Any]

RUN: Final = 0
WRITE: Final = 1
ROOT: Final = 2

ROUNDS_BETWEEN_CHECKS: Final = 256
"""Rounds of loops between two looks at the clock and at the size of the output."""
LARGE: Final = 256
"""Texts and collections that functions make count from this length on."""
MADE_FACTOR: Final = 8
"""How much functions may make in all: text as a multiple of the largest output, items of collections as
one of the rounds that loops may make."""
SIZED: Final[frozenset[type]] = frozenset({str, bytes, list, dict, StringList, IntList, NamedMap, StringMap})
MAX_NOTES: Final = 10


class Code(Protocol):
    """A template that can be executed."""

    @property
    def body(self) -> Step:
        """The compiled body."""

    @property
    def traced_body(self) -> Step:
        """The body, compiled so that it tells `Run.mark` what it is about to write."""

    @property
    def slots(self) -> int:
        """How long its frame is."""


class Templates(Protocol):
    """A name space of templates."""

    def lookup(self, name: str) -> Code | None:
        """The template of that name."""

    def template_names(self) -> Iterable[str]:
        """All names that `lookup` knows."""

    def with_text(self, text: str) -> tuple[Templates, Code]:
        """A name space that also knows the definitions in `text`, and the template that `text` is."""


class Run:
    """The state of one run; a program is compiled once and run with many of these.

    Args:
        program: the templates.
        limits: what ends the run.
        deadline: called now and then; raises to end the run.
        state: whatever functions that want the run need to find in it.
        reads: where reads are kept; only `execute_traced` keeps them, and only of watched values.
    """

    def __init__(
        self,
        program: Templates,
        limits: Limits,
        deadline: Callable[[], None] | None = None,
        state: object = None,
        reads: Reads | None = None,
    ) -> None:
        self.reads = reads
        self.program = program
        self._root = program
        self.limits = limits
        self.deadline = deadline
        self.state = state
        self.span: Span | None = None
        """The call of the function that runs now, where that function wants the run."""
        self.calls: list[Span] = []
        self.rounds = 0
        self.next_check = 0
        self._findings: dict[object, Finding] = {}
        self._made = 0
        self._items = 0
        self._pieces: list[str] = []
        self._counted = 0
        self._size = 0
        self._outer_size = 0
        self._done_size = 0
        self._marks: list[Mark] | None = None
        self.template = ""
        """The template that was executed from outside, whatever it calls."""
        self._call_counts: dict[tuple[str, str], int] = {}
        self._plan_check()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the run found, each place once, in the order of finding."""
        return tuple(self._findings.values())

    def report(self, finding: Finding) -> None:
        """Add a finding, unless the same code was reported for the same place."""
        span = finding.span
        key = (finding.code, span and (id(span.source), span.start, span.end), finding.message)
        self._findings.setdefault(key, finding)

    def count_calls(self, function: str) -> int:
        """How often a function asked before in this template; for functions that differ by call."""
        key = (self.template, function)
        count = self._call_counts[key] = self._call_counts.get(key, -1) + 1
        return count

    def report_missing(self, missing: Missing) -> None:
        """A key that no map had, where a value was needed."""
        span = missing.span
        key = ("missing-value", id(span.source), span.start, span.end)
        if key not in self._findings:
            near = nearest(missing.key, missing.candidates)
            self._findings[key] = Finding(
                code="missing-value",
                message=f"{missing.name} is not set",
                span=span,
                hint=f"did you mean {near}?" if near else "",
                notes=self.notes(),
                mend=only_meant(missing.key, missing.candidates),
            )

    # Executing

    def execute(self, name: str, dot: object) -> str:
        """Execute a template into a string, from outside of all templates.

        Raises:
            TemplateError: with place and notes; `LimitError` where a limit was reached.
        """
        self.template = name
        return self._outermost(self._known(name).body, self._known(name), dot)

    def execute_traced(self, name: str, dot: object) -> Traced:
        """Execute a template, and keep which place wrote what; many times slower than `execute`."""
        code = self._known(name)
        marks: list[Mark] = []
        self.template = name
        self._marks = marks
        try:
            text = self._outermost(code.traced_body, code, dot)
        finally:
            self._marks = None
        return Traced.of(text, self._pieces, marks)

    def render(self, name: str, dot: object) -> str:
        """Execute a template into a string from inside a function, as `include` does.

        Raises:
            FunctionError: there is no such template.
        """
        code = self.program.lookup(name)
        if code is None:
            raise self.unknown_template(name)
        return self._inner(code, dot)

    def render_text(self, text: str, dot: object) -> str:
        """Execute a text as a template from inside a function, as `tpl` does.

        The text sees all templates of the program; what it defines is seen only while it runs.
        """
        if len(text) > self.limits.max_template_bytes:
            raise FunctionError(
                f"the template text has more than {self.limits.max_template_bytes:,} bytes",
                code="limit-template-size",
                hint=allow_more("template-bytes"),
            )
        program = self.program
        try:
            self.program, code = program.with_text(text)
        except TemplateError as error:
            raise type(error)(
                error.finding.code,
                error.finding.message,
                span=error.finding.span,
                hint=error.finding.hint,
                notes=(*error.finding.notes, *self.notes(self.span)),
            ) from None
        written = self._inner(code, dot)
        self.program = program
        return written

    def _known(self, name: str) -> Code:
        code = self.program.lookup(name)
        if code is None:
            error = self.unknown_template(name)
            raise TemplateError(error.code, error.message, hint=error.hint)
        return code

    def unknown_template(self, name: str) -> FunctionError:
        """The error for a name that no template has."""
        near = nearest(name, self.program.template_names())
        hint = f"did you mean {near}?" if near else ""
        return FunctionError(f'there is no template "{name}"', hint=hint, code="template-unknown")

    def _outermost(self, body: Step, code: Code, dot: object) -> str:
        pieces: list[str] = []
        self._pieces = pieces
        self._counted = self._size = 0
        self._outer_size = self._done_size
        self.calls.clear()
        self.program = self._root
        try:
            body(dot, self.frame(code, dot, pieces.append))
        except RecursionError:
            span = self.calls[-1] if self.calls else None
            raise LimitError(
                "limit-call-depth",
                "templates call each other, or hold pipelines and blocks, too deeply",
                span=span,
                hint=or_more("look for a template that calls itself without end", "call-depth"),
                notes=self.notes()[1:],
            ) from None
        except MemoryError:
            raise LimitError("limit-output", "the templates need more memory than there is") from None
        self.check_size()
        text = "".join(pieces)
        try:
            size = len(text) if text.isascii() else len(text.encode())
        except UnicodeEncodeError:
            # Bytes that were written one by one may add up to characters.
            data = to_bytes(text)
            size, text = len(data), from_bytes(data)
        if f"{ADDRESS:#x}" in text:
            self.report(
                Finding(
                    code="address-printed",
                    message="the output has the address of a value, which in Helm differs from run to run",
                    subject=self.template,
                    hint="print fields of the value instead of the whole",
                )
            )
        self._done_size += size
        if self._done_size > self.limits.max_output_bytes:
            self._fail_size()
        return text

    def _inner(self, code: Code, dot: object) -> str:
        """What a template writes, collected apart from what is being written around it."""
        # First, so that what it counts stays counted: else the next call counts it again.
        self.enter(self.span)
        outer = self._pieces, self._counted, self._size, self._outer_size, self._marks, self.span
        self._outer_size += self._size
        self._pieces = []
        self._counted = self._size = 0
        # What is written here is the value of the call around it, which has its own mark.
        self._marks = None
        if self.reads is None:
            code.body(dot, self.frame(code, dot, self._pieces.append))
        else:
            self._inner_traced(code, dot, self.reads)
        pieces = self._pieces
        self._pieces, self._counted, self._size, self._outer_size, self._marks, self.span = outer
        self.leave()
        return pieces[0] if len(pieces) == 1 else "".join(pieces)

    def _inner_traced(self, code: Code, dot: object, reads: Reads) -> None:
        """The same for whoever wants to know who read what: the act around it keeps what was written."""
        marks: list[Mark] = []
        self._marks = marks
        known = reads.read_so_far()
        frame = self.frame(code, dot, self._pieces.append)
        reads.keep_variable(frame, ROOT, known)
        reads.enter_dot(known)
        code.traced_body(dot, frame)
        reads.leave_dot()
        if reads.current is not None:
            reads.current.inner.append(Traced.of("".join(self._pieces), self._pieces, marks))

    def frame(self, code: Code, dot: object, write: Callable[[str], None]) -> Frame:
        """A new frame for a template."""
        return [self, write, dot] + [None] * (code.slots - 3)

    # Limits

    def enter(self, span: Span | None) -> None:
        """A template is called at `span`."""
        if span is not None:
            self.calls.append(span)
        if len(self.calls) >= self.limits.max_call_depth:
            raise LimitError(
                "limit-call-depth",
                f"templates call each other more than {self.limits.max_call_depth} levels deep",
                span=span,
                hint=or_more("look for a template that calls itself without end", "call-depth"),
                notes=self.notes()[1:],
            )
        self.check_size(span)
        if self.deadline is not None:
            self.deadline()

    def leave(self) -> None:
        """The template that was called last is done."""
        if self.calls:
            self.calls.pop()

    def check_rounds(self, span: Callable[[], Span]) -> None:
        """Called when a loop has reached `next_check` rounds."""
        if self.rounds > self.limits.max_loop_iterations:
            raise LimitError(
                "limit-loop-iterations",
                f"the loops of this render make more than {self.limits.max_loop_iterations:,} rounds",
                span=span(),
                notes=self.notes(),
                hint=allow_more("loop-iterations"),
            )
        self.check_size(span())
        if self.deadline is not None:
            self.deadline()
        self._plan_check()

    def _plan_check(self) -> None:
        self.next_check = min(self.rounds + ROUNDS_BETWEEN_CHECKS, self.limits.max_loop_iterations)

    def check_size(self, span: Span | None = None) -> None:
        """Count what was written since the last time; `span` is where the run is now."""
        pieces = self._pieces
        self._size += sum(map(len, pieces[self._counted :]))
        self._counted = len(pieces)
        if self._size + self._outer_size > self.limits.max_output_bytes:
            self._fail_size(span)

    def _fail_size(self, span: Span | None = None) -> None:
        raise LimitError(
            "limit-output",
            f"the output has more than {self.limits.max_output_bytes:,} bytes",
            span=span,
            notes=self.notes() if span else (f"at the end of {self.template}",),
            hint=allow_more("output-bytes"),
        )

    def count_made(self, made: Sized, span: Span | None) -> None:
        """A function made a large text or collection."""
        if isinstance(made, str | bytes):
            self.count_text(len(made), span)
        else:
            self.count_items(len(made), span)

    def count_items(self, count: int, span: Span | None) -> None:
        """A function made collections with so many items."""
        self._items += count
        most = MADE_FACTOR * self.limits.max_loop_iterations
        if self._items > most:
            raise LimitError(
                "limit-loop-iterations",
                f"functions made lists and maps of more than {most:,} items in this render",
                span=span,
                notes=self.notes(),
                hint=allow_more("loop-iterations"),
            )

    def count_text(self, length: int, span: Span | None) -> None:
        """A function made a large text."""
        self._made += length
        most = MADE_FACTOR * self.limits.max_output_bytes
        if self._made > most:
            raise LimitError(
                "limit-output",
                f"functions made more than {most:,} characters of text in this render",
                span=span,
                notes=self.notes(),
                hint=allow_more("output-bytes"),
            )

    def check_given(self, arguments: list[Any], span: Span | None) -> None:
        """A function is about to get so many texts that what it makes may be too large even to be counted."""
        length = sum(len(each) for each in arguments if isinstance(each, str))
        if length > MADE_FACTOR * self.limits.max_output_bytes:
            self.count_text(length, span)

    # Faults

    def notes(self, innermost: Span | None = None) -> tuple[str, ...]:
        """The calls that led here, innermost first; long chains are cut in the middle."""
        calls = [*self.calls, innermost] if innermost is not None else self.calls
        lines = [f"included from {span}" for span in reversed(calls)]
        if len(lines) > MAX_NOTES:
            half = MAX_NOTES // 2
            skipped = len(lines) - 2 * half
            lines[half:-half] = [f"… {skipped} more"]
        return tuple(lines)

    def error(self, fault: FunctionError, span: Span) -> TemplateError:
        """The error for a fault at a place, with the calls that led there."""
        kind = LimitError if fault.code.startswith("limit-") else TemplateError
        return kind(fault.code, fault.message, span=span, hint=fault.hint, notes=self.notes())

    # Tracing

    def mark(self, span: Span, act: Act | None = None) -> None:
        """The place that writes next, where someone wants to know."""
        if self._marks is not None:
            self._marks.append((len(self._pieces), span, act))
