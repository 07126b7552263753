"""Finds where a value stands in a text, for messages about what was read long before.

Decides places only, and never fails: a text or a path that leads nowhere has no place. A text is read
again when it is first asked about, and once only: one file may hold thousands of faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import yaml
from msgspec import Struct
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
_NODES: tuple[Any, ...] = (ScalarEvent, AliasEvent, *_STARTS)
_MERGE = None
"""The step that leads to what `<<` brings: any key that the mapping itself does not have."""


class _Node(Struct):
    """A value's place, and the values inside it: by key or index, the place of the key and the value."""

    start: int
    end: int
    is_alias: bool
    inner: dict[str | int | None, tuple[_Node, _Node]] = {}


_read: WeakKeyDictionary[Source, list[_Node]] = WeakKeyDictionary()
"""The documents of the texts that were asked about and are still in use."""


def locate(
    source: Source, path: Sequence[str | int], document: int = 0, *, value: bool = False
) -> Span | None:
    """Where the last step of a key path stands: a mapping's key (or its value), a list's entry.

    What an alias or a merge brings is said to stand at the alias or at `<<`.

    Args:    path: keys and list indices (from 0); empty for the document itself.
             document: the index in what `read_stream` returns.
    Returns: `None` if there is no such place.
    """
    documents = _read.get(source)
    if documents is None:
        documents = _read[source] = _documents(source.text)
    if document >= len(documents):
        return None
    place = node = documents[document]
    for step in path:
        if node.is_alias:
            break
        found = node.inner.get(step) or node.inner.get(_MERGE)
        if found is None:
            return None
        place, node = found
    shown = node if value else place
    start = shown.start + source.text.startswith("\ufeff")
    return source.span(start, max(start + shown.end - shown.start, start + 1))


def locate_nearest(
    source: Source, path: Sequence[str | int], document: int = 0, *, value: bool = False
) -> Span | None:
    """The same, of the longest part of the path that has a place: what is absent is missing there."""
    for length in range(len(path), -1, -1):
        span = locate(source, path[:length], document, value=value)
        if span is not None:
            return span
    return None


def _events(text: str) -> Iterator[_Event]:
    """The events of a text up to its first fault."""
    try:
        parser = CParser(text)
        while not isinstance(event := parser.get_event(), StreamEndEvent):
            yield event
    except (yaml.YAMLError, UnicodeError):
        return


def _documents(text: str) -> list[_Node]:
    """The first node of each document; those without content are left out, as in `read_stream`."""
    documents: list[_Node] = []
    around: list[_Mapping | _List] = []
    is_first = False
    event: _Event
    for event in _events(text):
        if isinstance(event, DocumentStartEvent):
            is_first = True
        elif isinstance(event, _ENDS):
            around.pop()
        elif isinstance(event, _NODES):
            node = _Node(event.start_mark.index, event.end_mark.index, isinstance(event, AliasEvent))
            if around:
                around[-1].add(node, event)
            elif is_first and not _is_empty(event):
                documents.append(node)
            is_first = False
            if isinstance(event, _STARTS):
                around.append(_Mapping(node) if isinstance(event, MappingStartEvent) else _List(node))
    return documents


def _is_empty(event: _Event) -> bool:
    return isinstance(event, ScalarEvent) and event.value == "" and bool(event.implicit[0])


class _List(Struct):
    """A list whose end was not yet met."""

    node: _Node

    def add(self, entry: _Node, event: _Event) -> None:
        """Take the next entry."""
        del event
        self.node.inner[len(self.node.inner)] = entry, entry


class _Mapping(Struct):
    """A mapping whose end was not yet met. key: what was read of the pair whose value comes next."""

    node: _Node
    key: tuple[_Node, _Event] | None = None

    def add(self, node: _Node, event: _Event) -> None:
        """Take the next key, or the value of the last one; of equal keys the first counts."""
        if self.key is None:
            self.key = node, event
            return
        (key, named), self.key = self.key, None
        if isinstance(named, ScalarEvent):
            name = key_text(resolve(named.value)) if named.implicit[0] else named.value
            if named.value == "<<" and named.implicit[0]:
                self.node.inner[_MERGE] = key, key
            if name is not None:
                self.node.inner.setdefault(name, (key, node))
