"""Events as lines: for people, or as JSON for programs."""

from __future__ import annotations

from typing import assert_never

from sro_apply.events import (
    Applied,
    Awaited,
    Cleared,
    Delayed,
    Event,
    Failed,
    Finished,
    Kept,
    Labelled,
    Leading,
    Leaving,
    Listening,
    Loaded,
    Pruned,
    PruneStopped,
    Pruning,
    Readied,
    Rejected,
    Result,
    StoodBy,
    Warned,
)
from sro_apply.reporting.json_text import json_text
from sro_render.model.wording import counted, name_some


def text_line(event: Event) -> str:
    """One line, without its end; after a failure the end of a log and what to do, each line of it set in."""
    match event:
        case Applied():
            unchecked = event.result is Result.UNCHECKED
            result = "would be created, unchecked: its namespace or kind is not there yet"
            return f"{event.step}: {event.object} {result if unchecked else event.result}"
        case Readied():
            return f"{event.step}: ready ({counted(event.objects, 'object')})"
        case Awaited():
            return f"{event.step}: waiting for {event.object}: {event.reason}"
        case Failed():
            return _failed(event)
        case Delayed():
            return f"{event.reason}; again in {event.retry_s:g} s"
        case StoodBy():
            return f"waiting for {event.lease}: {event.holder} has it, and works in this cluster"
        case Leading():
            return f"{event.lease} is ours, as {event.holder}"
        case Listening():
            return f"metrics, probes and a page on http://{event.address}"
        case Loaded():
            return (
                f"{event.source}: {counted(event.objects, 'object')} for {event.cluster}, at {event.revision}"
            )
        case Rejected():
            return f"{event.source}: not taken, what was there before stays: {event.reason}"
        case Labelled():
            nodes = f"{counted(len(event.nodes), 'node')}: {name_some(event.nodes)}"
            did = "set on" if event.is_ready else "taken from"
            return f"{event.specialresource} / {event.state}: label {did} {nodes}"
        case Warned():
            return _warned(event)
        case Finished():
            return _finished(event)
        case Pruned() | Kept() | Leaving() | PruneStopped() | Cleared():
            return _pruning(event)
    assert_never(event)


def json_line(event: Event, at: str = "") -> str:
    """One JSON object. Keys are stable. Args: at: the time, which goes first; empty for none."""
    line = json_text(event)
    return f'{{"time":"{at}",{line[1:]}' if at else line


def _warned(event: Warned) -> str:
    place = f"{event.subject}: " if event.subject else ""
    notes = f" ({'; '.join(event.notes)})" if event.notes else ""
    hint = f"; {event.hint}" if event.hint else ""
    return f"warning[{event.code}]: {place}{event.message}{notes}{hint}"


def _failed(event: Failed) -> str:
    reason, *log = event.reason.split("\n")
    again = f"; again in {event.retry_s:g} s" if event.retry_s else ""
    line = f"{event.step}: failed: {event.object}: {reason}{again}"
    return "\n    ".join([line, *log, *([f"help: {event.hint}"] if event.hint else [])])


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


def _pruning(event: Pruning) -> str:
    match event:
        case Pruned():
            verb = "would be deleted" if event.is_dry_run else "deleted"
            return f"{event.specialresource}: {event.object} {verb}: {event.reason}"
        case Kept():
            return f"{event.specialresource}: {event.object} stays: {event.reason}{_hint(event.hint)}"
        case Leaving():
            return f"{event.specialresource}: waiting for {event.object} to go: {event.reason}"
        case PruneStopped():
            objects = f" ({name_some(event.objects)})" if event.objects else ""
            return f"{event.specialresource}: {event.code}: {event.reason}{objects}{_hint(event.hint)}"
        case Cleared():
            verb = "would be deleted" if event.is_dry_run else "deleted"
            parts = [f"{event.pruned} {verb}", *([f"{event.kept} kept"] if event.kept else [])]
            parts += [f"{event.leaving} still on their way"] if event.leaving else []
            return f"objects: {', '.join(parts)}"
    assert_never(event)


def _hint(hint: str) -> str:
    return f"; {hint}" if hint else ""
