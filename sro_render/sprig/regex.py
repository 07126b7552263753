"""Sprig's regular expressions: matching, finding, replacing, splitting.

Decides what each function returns, and what it does with an expression that is none: `regexMatch`
answers false, as Sprig does, with a finding; all others end the render, with must or without, for
Sprig's panic does so too. The language of expressions stands in `go_regexp`.
Source: Sprig v3 regex.go; Go regexp/regexp.go `replaceAll`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sro_render.errors import Finding
from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import NilStringList, StringList
from sro_render.limits import allow_more
from sro_render.sprig.go_regexp import (
    Pattern,
    Spans,
    compile_pattern,
    expand,
    matches,
    quote_meta,
    split,
)

FUNCTIONS: dict[str, Function] = {}


@go_function(FUNCTIONS, "mustRegexMatch", "(string, string) bool")
def must_regex_match(expression: str, text: str) -> bool:
    """Whether the text has a match in it."""
    return any(True for _ in matches(compile_pattern(expression), text))


@go_function(FUNCTIONS, "regexMatch", "(string, string) bool", wants_run=True)
def regex_match(run: Run, expression: str, text: str) -> bool:
    """The same; false for what is no expression, as in Sprig, and a finding."""
    try:
        return must_regex_match(expression, text)
    except FunctionError as fault:
        run.report(
            Finding(
                code="bad-pattern",
                message=f"regexMatch is false: {fault.message}",
                span=run.span,
                hint=fault.hint,
                notes=run.notes(),
            )
        )
        return False


@go_function(FUNCTIONS, "regexFind", "(string, string) string", wants_run=True)
@go_function(FUNCTIONS, "mustRegexFind", "(string, string) string", wants_run=True)
def regex_find(run: Run, expression: str, text: str) -> str:
    """The first match; empty where there is none."""
    return "".join(regex_find_all(run, expression, text, 1))


@go_function(FUNCTIONS, "regexFindAll", "(string, string, int) []string", wants_run=True)
@go_function(FUNCTIONS, "mustRegexFindAll", "(string, string, int) []string", wants_run=True)
def regex_find_all(run: Run, expression: str, text: str, limit: int) -> StringList:
    """The matches, at most `limit` unless that is negative; a nil list where there are none."""
    spans_of_all = _counted(run, matches(compile_pattern(expression), text, limit))
    found = StringList(text[spans[0][0] : spans[0][1]] for spans in spans_of_all)
    return found or NilStringList()


@go_function(FUNCTIONS, "regexReplaceAll", "(string, string, string) string", wants_run=True)
@go_function(FUNCTIONS, "mustRegexReplaceAll", "(string, string, string) string", wants_run=True)
def regex_replace_all(run: Run, expression: str, text: str, template: str) -> str:
    """The text with each match replaced; `$1`, `${name}` in the replacement stand for groups."""
    pattern = compile_pattern(expression)
    if "$" not in template:
        return _replaced(run, pattern, text, lambda spans: template)  # noqa: ARG005
    return _replaced(run, pattern, text, lambda spans: expand(pattern, template, text, spans))


@go_function(FUNCTIONS, "regexReplaceAllLiteral", "(string, string, string) string", wants_run=True)
@go_function(FUNCTIONS, "mustRegexReplaceAllLiteral", "(string, string, string) string", wants_run=True)
def regex_replace_all_literal(run: Run, expression: str, text: str, replacement: str) -> str:
    """The text with each match replaced by the replacement as it stands."""
    return _replaced(run, compile_pattern(expression), text, lambda spans: replacement)  # noqa: ARG005


def _replaced(run: Run, pattern: Pattern, text: str, replacement: Callable[[Spans], str]) -> str:
    parts: list[str] = []
    end = size = 0
    for spans in _counted(run, matches(pattern, text)):
        new = replacement(spans)
        parts += text[end : spans[0][0]], new
        end = spans[0][1]
        size += len(new)
        if size > run.limits.max_output_bytes:
            message = f"the text grows beyond the {run.limits.max_output_bytes:,} bytes of all output"
            raise FunctionError(message, code="limit-output", hint=allow_more("output-bytes"))
    return "".join([*parts, text[end:]])


@go_function(FUNCTIONS, "regexSplit", "(string, string, int) []string", wants_run=True)
@go_function(FUNCTIONS, "mustRegexSplit", "(string, string, int) []string", wants_run=True)
def regex_split(run: Run, expression: str, text: str, limit: int) -> StringList:
    """The parts between the matches, at most `limit` unless that is negative; a nil list for 0."""
    pattern = compile_pattern(expression)
    found = _counted(run, matches(pattern, text, limit))
    return StringList(split(pattern, text, limit, found)) if limit else NilStringList()


def _counted(run: Run, found: Iterable[Spans]) -> Iterator[Spans]:
    """The matches, no more than loops may make rounds."""
    allowed = run.limits.max_loop_iterations
    for number, spans in enumerate(found):
        if number >= allowed:
            message = f"the text has more than {allowed:,} matches"
            raise FunctionError(message, code="limit-loop-iterations", hint=allow_more("loop-iterations"))
        yield spans


@go_function(FUNCTIONS, "regexQuoteMeta", "(string) string")
def regex_quote_meta(text: str) -> str:
    """An expression that matches the text itself."""
    return quote_meta(text)
