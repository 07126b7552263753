"""The environment of Jinja templates that are traced: it tells the run's recorder where reads happen.

Does what `jinja_environment` does, and nothing else where the run has no recorder. Reads are noted by the
watched values themselves; here every operation on values says its place while it lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar

from sro_render.charts.jinja_compiler import OwnedSite
from sro_render.charts.jinja_environment import Environment
from sro_render.gotemplate.reads import WatchedList, is_watched

_R = TypeVar("_R")


def _telling(operation: Callable[..., _R]) -> Callable[..., _R]:
    """An operation of the environment that is an act at its site."""

    @wraps(operation)
    def act(self: Environment, context: Any, site: OwnedSite, /, *arguments: Any, **keywords: Any) -> _R:
        run = context.run
        if run.reads is None:
            return operation(self, context, site, *arguments, **keywords)
        run.reads.begin(site.span, run.calls)
        # Arguments were read before, each by an act of its own.
        for argument in (*arguments, *keywords.values()):
            run.reads.use_made(argument)
        try:
            result = operation(self, context, site, *arguments, **keywords)
            run.reads.remember(result, run.reads.read_so_far())
            return result
        finally:
            run.reads.end()

    return act


class TracingEnvironment(Environment):
    """What traced templates call."""

    show = _telling(Environment.show)
    field = _telling(Environment.field)
    element = _telling(Environment.element)
    part = _telling(Environment.part)
    listed = _telling(Environment.listed)
    mapped = _telling(Environment.mapped)
    joined = _telling(Environment.joined)
    calculated = _telling(Environment.calculated)
    signed = _telling(Environment.signed)
    compared = _telling(Environment.compared)
    spread = _telling(Environment.spread)
    spread_map = _telling(Environment.spread_map)
    tested = _telling(Environment.tested)
    filtered = _telling(Environment.filtered)
    method = _telling(Environment.method)
    invoked = _telling(Environment.invoked)

    def begins_text(self, context: Any, site: OwnedSite, /) -> None:
        """A text of the template is written next."""
        run = context.run
        context.writes.append((site.span, run.reads and run.reads.text(site.span, run.calls)))

    def begins_output(self, context: Any, site: OwnedSite, /) -> None:
        """An output begins: what it reads until `mark` belongs to what it writes."""
        run = context.run
        context.writes.append((site.span, run.reads and run.reads.begin(site.span, run.calls)))

    def mark(self, context: Any, /) -> None:
        """What began last is written next."""
        span, act = context.writes.pop()
        context.run.mark(span, act)
        if act is not None and not act.is_text:
            context.run.reads.end()

    def named(self, context: Any, value: Any, /) -> Any:
        """The value of a variable, which may have been read elsewhere."""
        if context.run.reads is not None and not is_watched(value):
            context.run.reads.use_made(value)
        return value

    def rounds(self, context: Any, site: OwnedSite, value: Any, names: int, /) -> Iterator[Any]:
        """What a loop goes over, all of it read when the loop begins."""
        rounds, reads = super().rounds(context, site, value, names), context.run.reads
        if reads is None:
            return rounds
        act = reads.begin(site.span, context.run.calls)
        elements = list(rounds)
        reads.end()
        is_list = isinstance(value, WatchedList)
        for index, element in enumerate(elements):
            reads.remember(element, value.known(index, act) if is_list else act.reads)
        return iter(elements)
