"""Events as lines: for people, or as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

import msgspec

from sro_apply.events import (
    Applied,
    Awaited,
    Delayed,
    Event,
    Failed,
    Finished,
    Labelled,
    Leading,
    Readied,
    Result,
    StoodBy,
    Warned,
)

_MOST_NAMES: Final = 5


def text_line(event: Event) -> str:
    """One line, without its end."""
    match event:
        case Applied():
            unchecked = event.result is Result.UNCHECKED
            result = "would be created, unchecked: its namespace or kind is not there yet"
            return f"{event.step}: {event.object} {result if unchecked else event.result}"
        case Readied():
            return f"{event.step}: ready ({_count(event.objects, 'object')})"
        case Awaited():
            return f"{event.step}: waiting for {event.object}: {event.reason}"
        case Failed():
            return f"{event.step}: failed: {event.object}: {event.reason}; again in {event.retry_s:g} s"
        case Delayed():
            return f"{event.reason}; again in {event.retry_s:g} s"
        case StoodBy():
            return f"waiting for {event.lease}: {event.holder} has it, and works in this cluster"
        case Leading():
            return f"{event.lease} is ours, as {event.holder}"
        case Labelled():
            return f"labels of states changed on {_count(len(event.nodes), 'node')}: {_names(event.nodes)}"
        case Warned():
            return _warned(event)
        case Finished():
            return _finished(event)
    assert_never(event)


def json_line(event: Event) -> str:
    """One JSON object. Keys are stable."""
    return msgspec.json.encode(event).decode()


def _warned(event: Warned) -> str:
    place = f"{event.subject}: " if event.subject else ""
    notes = f" ({'; '.join(event.notes)})" if event.notes else ""
    hint = f"; {event.hint}" if event.hint else ""
    return f"warning[{event.code}]: {place}{event.message}{notes}{hint}"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"


def _finished(event: Finished) -> str:
    if event.is_dry_run:
        return f"dry run: {event.written} would be written, {event.unchanged} unchanged"
    parts = [f"{event.ready} ready"]
    parts += [
        f"{number} {what}"
        for number, what in (
            (event.waiting, "not ready"),
            (event.failed, "failed"),
            (event.held, "held back by what is not ready"),
        )
        if number
    ]
    words = f"steps: {', '.join(parts)}; objects: {event.written} written, {event.unchanged} unchanged"
    return f"out of time: {words}" if event.is_out_of_time else words


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
