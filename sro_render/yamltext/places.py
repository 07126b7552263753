"""Finds where a value stands in a text, for messages about what was read long before.

Decides places only, and never fails: a text or a path that leads nowhere has no place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import yaml
from yaml import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml._yaml import CParser

from sro_render.source import Source, Span
from sro_render.yamltext.scalars import key_text, resolve

# PyYAML's stubs take every mark for optional, which libyaml's are not.
_Event: TypeAlias = Any
_STARTS = (MappingStartEvent, SequenceStartEvent)
_ENDS = (MappingEndEvent, SequenceEndEvent)


def locate(
    source: Source, path: Sequence[str | int], document: int = 0, *, value: bool = False
) -> Span | None:
    """Where the last step of a key path stands: a mapping's key (or its value), a list's entry.

    The text is read again, so this is for messages only. What an alias or a merge brings is said to
    stand at the alias or at `<<`.

    Args:    path: keys and list indices (from 0); empty for the document itself.
             document: the index in what `read_stream` returns.
    Returns: `None` if there is no such place.
    """
    events = _events(source.text)
    try:
        place = node = _start_of(events, document)
        for step in path:
            if isinstance(node, AliasEvent):
                break
            place, node = _child(events, node, step)
    except LookupError:
        return None
    event = node if value else place
    start = event.start_mark.index + source.text.startswith("\ufeff")
    return source.span(start, max(start + event.end_mark.index - event.start_mark.index, start + 1))


def _events(text: str) -> Iterator[_Event]:
    """The events of a text up to its first fault."""
    try:
        parser = CParser(text)
        while not isinstance(event := parser.get_event(), StreamEndEvent):
            yield event
    except (yaml.YAMLError, UnicodeError):
        return


def _next(events: Iterator[_Event]) -> _Event:
    event = next(events, None)
    if event is None:
        raise LookupError
    return event


def _start_of(events: Iterator[_Event], document: int) -> _Event:
    """The first node of a document; those without content are not counted."""
    while True:
        if isinstance(_next(events), DocumentStartEvent):
            node = _next(events)
            empty = isinstance(node, ScalarEvent) and node.value == "" and node.implicit[0]
            document -= not empty
            if document < 0:
                return node


def _skip(events: Iterator[_Event], node: _Event) -> None:
    """Go past a node whose first event is `node`."""
    depth = int(isinstance(node, _STARTS))
    while depth:
        event = _next(events)
        depth += isinstance(event, _STARTS) - isinstance(event, _ENDS)


def _child(events: Iterator[_Event], node: _Event, step: str | int) -> tuple[_Event, _Event]:
    """Key and value of one step into a collection; for a list's entry both are the entry."""
    merge: tuple[_Event, _Event] | None = None
    index = 0
    while isinstance(node, _STARTS) and not isinstance(first := _next(events), _ENDS):
        if isinstance(node, SequenceStartEvent):
            if index == step:
                return first, first
            index += 1
            _skip(events, first)
            continue
        _skip(events, first)
        content = _next(events)
        if isinstance(first, ScalarEvent):
            if step == (key_text(resolve(first.value)) if first.implicit[0] else first.value):
                return first, content
            if first.value == "<<" and first.implicit[0]:
                merge = first, first
        _skip(events, content)
    if merge is None:
        raise LookupError
    return merge
