"""Text to values: YAML and JSON, with the place of every fault.

Decides what a document means: keys, duplicates, anchors, merges, tags, and how its faults are told.
What a plain scalar means is decided in `scalars`; where rendered text is cut into documents, in
`documents`. Two readers: the manifest side reads as sigs.k8s.io/yaml does and refuses what would
lose data; the chart side reads exactly as Helm v4 does (pkg/chart/v2/loader/load.go `LoadValues`).
libyaml parses, and its events become values in one loop without recursion, so that no nesting can
exhaust the stack.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, NoReturn, TypeAlias

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

from sro_render.errors import Faults, YamlError
from sro_render.limits import Limits, or_more
from sro_render.model.objects import JsonValue
from sro_render.source import Source, Span
from sro_render.yamltext.documents import SPACE
from sro_render.yamltext.json_text import NotJson, read_json
from sro_render.yamltext.places import locate, locate_nearest
from sro_render.yamltext.scalars import STARTS, TAG_PREFIX, key_text, parse_number, resolve, resolve_tagged
from sro_render.yamltext.syntax import syntax_fault

__all__ = [
    "Document",
    "decode",
    "locate",
    "locate_nearest",
    "read_manifest",
    "read_metadata",
    "read_stream",
    "read_value",
    "read_values",
]

_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text has, in whatever encoding of ASCII's kin."""
_GZIP = b"\x1f\x8b"
_NO_KEY: Any = object()
_MERGE: Any = object()
_MERGE_TAG = TAG_PREFIX + "merge"
_COLLECTIONS = (dict, list)
# PyYAML's stubs take every mark for optional, which libyaml's are not.
_Event: TypeAlias = Any
_Frame: TypeAlias = "tuple[Any, Any, dict[str, _Event] | None]"
"""A collection that is being read, the key whose value comes next, and its keys (`None`: a list)."""


class Document(Struct, frozen=True, kw_only=True):
    """One document of a stream: its value, and the place of its text."""

    value: JsonValue
    span: Span


def decode(data: bytes, name: str) -> Source:
    """The text of a file: UTF-8, or UTF-16 that begins with a byte order mark, which is dropped.

    Raises: YamlError: the bytes are no such text; says at which byte.
    """
    encoding, skipped = "utf-8", 0
    for mark, marked in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            encoding, skipped = marked, len(mark)
    try:
        return Source(name, data[skipped:].decode(encoding))
    except UnicodeDecodeError as fault:
        if encoding == "utf-8" and _BINARY.search(data, 0, 1024):
            raise YamlError(
                "yaml-encoding",
                f"{name} is no text, but {'a gzip archive' if data.startswith(_GZIP) else 'a binary file'}",
                hint="name a text file here",
            ) from None
        readable = Source(name, data[skipped:].decode(encoding, "replace"))
        before = data[skipped : skipped + fault.start].decode(encoding, "replace")
        raise YamlError(
            "yaml-encoding",
            f"byte {fault.start + skipped} is no {encoding[:6].upper()}: 0x{data[fault.start + skipped]:02x}",
            span=readable.span(len(before)),
            hint="save the file as UTF-8",
        ) from None


def read_metadata(source: Source, limits: Limits) -> JsonValue:
    """What Helm reads from Chart.yaml: as `read_manifest`, but of equal keys the last one counts."""
    documents = _Reader(source, limits, last_key_counts=True).documents(most=1)
    return documents[0].value if documents else None


def read_manifest(source: Source, limits: Limits) -> JsonValue:
    """The value of a text that holds at most one document; `None` if it holds none or only comments.

    Raises: YamlError: one fault; ExceptionGroup of YamlError: several. A fault that hides what
            follows it ends the search.
    """
    documents = read_stream(source, limits)
    if len(documents) > 1:
        raise YamlError(
            "yaml-many-documents",
            f"one document is expected here, but the text has {len(documents)}",
            span=documents[1].span,
            hint="write each document into a file of its own",
        )
    return documents[0].value if documents else None


def read_stream(source: Source, limits: Limits, *, strict: bool = True) -> list[Document]:
    """The documents of a text in their order; those without content are left out.

    Args:   strict: without it the last of two equal keys wins in JSON, which is read faster then.
    Raises: as `read_manifest`.
    """
    try:
        value = read_json(source, limits, strict=strict)
    except NotJson:
        pass
    else:
        return [Document(value=value, span=source.span(0, len(source.text)))]
    return _Reader(source, limits).documents()


def read_value(source: Source, limits: Limits) -> Any:
    """What Helm's fromYaml and fromYamlArray read: the first document, whatever it is, else `None`.

    Returns: numbers are floats, and of equal keys the last one counts, as in `read_values`.
    Raises:  as `read_manifest`.
    """
    documents = _Reader(source, limits, chart_side=True).documents(most=1)
    return documents[0].value if documents else None


def read_values(source: Source, limits: Limits) -> dict[str, Any]:
    """What Helm reads from values.yaml, Chart.yaml or a file given with -f.

    Returns: the documents of the text, merged; every number a float, as Go's JSON has it; of equal
             keys the last.
    Raises:  YamlError: as `read_manifest`, and if a document is no mapping.
    Source:  Helm pkg/chart/v2/loader/load.go `LoadValues`, `MergeMaps`.
    """
    values: dict[str, Any] = {}
    if not source.text.endswith("\n"):
        # As Helm does, which shows where the file ends in a block of lines.
        source = Source(source.name, source.text + "\n")
    for start, end in _values_parts(source):
        # Helm looks at the first YAML document of each part, and takes null for nothing.
        for document in _Reader(source, limits, start=start, end=end, chart_side=True).documents(most=1):
            if isinstance(document.value, dict):
                values = _merged(values, document.value)
            elif document.value is not None:
                raise YamlError(
                    "yaml-no-mapping",
                    f"values must be a mapping, but this is {_kind_of(document.value)}",
                    span=document.span,
                    hint="write KEY: VALUE lines",
                )
    return values


def _values_parts(source: Source) -> Iterator[tuple[int, int]]:
    """The stretches of a values file that Helm reads one by one.

    Source: apimachinery pkg/util/yaml/decoder.go `YAMLReader`, which cuts at lines of three dashes
            that only a comment may follow. Such a line at the beginning of a part belongs to it.
    """
    start = 0
    for separator in _SEPARATOR.finditer(source.text):
        rest = separator[1].strip(SPACE)
        if rest and rest[0] != "#":
            raise YamlError(
                "yaml-separator",
                "only a comment may stand behind --- in a values file",
                span=source.span(*separator.span(1)),
                hint="begin the next line with it, or quote a text that begins with ---",
            )
        if separator.start() > start:
            yield start, separator.start()
            start = separator.end()
    yield start, len(source.text)


_SEPARATOR = re.compile(r"^---([^\n]*)(?:\n|\Z)", re.MULTILINE)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Both mappings in one; `above` wins, mappings inside are merged likewise."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _kind_of(value: JsonValue) -> str:
    """What a value is, in the words of the messages."""
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return "a text"
        case bool():
            return "a boolean"
        case None:
            return "null"
    return "a number"


class _Reader:
    """Turns the events of a text, or of a stretch of it, into values and faults."""

    def __init__(
        self,
        source: Source,
        limits: Limits,
        *,
        start: int = 0,
        end: int | None = None,
        chart_side: bool = False,
        last_key_counts: bool = False,
    ) -> None:
        self._source = source
        self._limits = limits
        self._text = source.text[start:end]
        # libyaml does not count a byte order mark.
        self._marks_from = int(self._text.startswith("\ufeff"))
        self._start = start + self._marks_from
        self._chart_side = chart_side
        self._last_key_counts = chart_side or last_key_counts
        self._faults = Faults()
        self._alias_nodes = 0

    def documents(self, most: int | None = None) -> list[Document]:
        """Those of the documents, or of the first `most`, that have content; raises all faults together."""
        found: list[Document] = []
        try:
            parser = CParser(self._text)
            read = 0
            while read != most:
                event = parser.get_event()
                if event.__class__ is StreamEndEvent:
                    break
                if event.__class__ is DocumentStartEvent:
                    if event.version not in _VERSIONS:
                        self._fail_version(event)
                    document = self._document(parser)
                    read += 1
                    if document is not None:
                        found.append(document)
        except YamlError as fault:
            self._faults.add(fault)
        except (yaml.YAMLError, UnicodeError) as fault:
            self._faults.add(syntax_fault(fault, self._source, self._start))
        self._faults.raise_if_any()
        return found

    def _document(self, parser: CParser) -> Document | None:  # noqa: PLR0915 (flat: a case for each event)
        """One document, after its start event; `None` if nothing stands in it.

        `keys` has the event of each key of the open mapping, and is `None` in a list. `key` is the
        key whose value comes next. `stack` has both, and the collection, of everything around.
        """
        next_event = parser.get_event
        chart_side, last_key_counts = self._chart_side, self._last_key_counts
        deepest = self._limits.max_yaml_depth
        top: list[Any] = []
        open_: Any = top
        keys: dict[str, _Event] | None = None
        key: Any = _NO_KEY
        stack: list[_Frame] = []
        anchors: dict[str, Any] = {}
        first: _Event = None
        flow = 0  # how many of the open collections are in brackets
        while True:
            event: _Event = next_event()
            kind = event.__class__
            if first is None:
                first = event
            if kind is ScalarEvent:
                text = event.value
                if event.implicit[0]:
                    if flow and "?" in text and not event.style:
                        self._fail_question_mark(event)
                    value = text if text[:1] not in STARTS else resolve(text)
                    if value.__class__ is not str and self._has_bang(event):
                        value = text
                elif event.tag is None:
                    value = text
                else:
                    value = self._tagged(event)
                if event.anchor is not None:
                    anchors[event.anchor] = _signed_zero(value, text) if chart_side else value
                if keys is not None and key is _NO_KEY:
                    if text == "<<" and (event.implicit[0] or event.tag == _MERGE_TAG):
                        key = _MERGE
                        name = "<<"
                    else:
                        key = name = value if value.__class__ is str else self._key_text(value, event)
                    if name in keys and not last_key_counts:
                        self._check_duplicate(name, keys[name], event, [*stack, (open_, name, keys)])
                    keys[name] = event
                    continue
                if value.__class__ is float and not isfinite(value):
                    self._add_not_finite(event, [*stack, (open_, key, keys)])
                if chart_side and value.__class__ is int:
                    value = _as_float(value, text)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if keys is not None and key is _NO_KEY:
                    self._fail_complex_key(event)
                stack.append((open_, key, keys))
                if len(stack) > deepest:
                    self._fail_depth(event)
                if flow or event.flow_style:
                    flow += 1
                if kind is MappingStartEvent:
                    open_, keys = {}, {}
                else:
                    open_, keys = [], None
                key = _NO_KEY
                if event.anchor is not None:
                    anchors[event.anchor] = open_
                if event.tag is not None and not chart_side:
                    self._check_collection_tag(event)
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value = open_
                open_, key, keys = stack.pop()
                if flow:
                    flow -= 1
            elif kind is AliasEvent:
                if event.anchor not in anchors:
                    self._fail_alias(event)
                value = anchors[event.anchor]
                if keys is not None and key is _NO_KEY:
                    key = self._alias_key(value, event)
                    if key in keys and not last_key_counts:
                        self._check_duplicate(key, keys[key], event, [*stack, (open_, key, keys)])
                    keys[key] = event
                    continue
                if value.__class__ in _COLLECTIONS and any(value is frame[0] for frame in (*stack, (open_,))):
                    self._fail_recursion(event)
                value = self._copied(value, event, len(stack))
                if chart_side and value.__class__ is int:
                    value = _as_float(value, str(value))
            else:  # the document's end
                start, end = first.start_mark.index, event.end_mark.index
                if first.__class__ is ScalarEvent and first.value == "" and top[0] is None:
                    return None
                return Document(value=top[0], span=self._span(start, max(end, start + 1)))
            if keys is None:
                open_.append(value)
            elif key is _MERGE:
                self._merge(open_, keys, value)
            else:
                open_[key] = value
            key = _NO_KEY

    def _span(self, start: int, end: int) -> Span:
        return self._source.span(self._start + start, self._start + end)

    def _span_of(self, event: _Event) -> Span:
        """The place of an event, at least one character long."""
        start = event.start_mark.index
        return self._span(start, max(event.end_mark.index, start + 1))

    def _has_bang(self, event: _Event) -> bool:
        """Whether a lone `!`, which makes a text of anything, stands before a scalar.

        libyaml does not tell; but then the scalar's place is wider than its text.
        """
        start, end = event.start_mark.index, event.end_mark.index
        if end - start == len(event.value):
            return False
        return _BANG.match(self._text, self._marks_from + start) is not None

    def _tagged(self, event: _Event) -> Any:
        """The value of a scalar with a tag. Helm ignores tags that it does not know."""
        tag = event.tag.removeprefix(TAG_PREFIX)
        try:
            if tag != event.tag:
                return resolve_tagged(tag, event.value)
        except (ValueError, binascii.Error):
            self._faults.add(
                YamlError(
                    "yaml-tag",
                    f"this is no value for the tag !!{tag}",
                    span=self._span_of(event),
                    hint="remove the tag, or write a value that fits it",
                )
            )
            return event.value
        except KeyError:
            pass
        if not self._chart_side and event.tag != _MERGE_TAG:
            self._add_unknown_tag(event)
        return event.value

    def _check_collection_tag(self, event: _Event) -> None:
        expected = "map" if isinstance(event, MappingStartEvent) else "seq"
        if event.tag not in ("!", TAG_PREFIX + expected):
            self._add_unknown_tag(event)

    def _add_unknown_tag(self, event: _Event) -> None:
        tag = event.tag
        written = "!!" + tag.removeprefix(TAG_PREFIX) if tag.startswith(TAG_PREFIX) else tag
        self._faults.add(
            YamlError(
                "yaml-tag",
                f"the tag {written} is not supported here",
                span=self._span_of(event),
                hint="remove the tag; a text that begins with ! needs quotes",
            )
        )

    def _key_text(self, value: Any, event: _Event) -> str:
        """The key as a string; null is a fault, and on the chart side what Go's uint64 must hold."""
        number = parse_number(event.value) if value.__class__ in (int, float) and event.value else None
        if number is not None:
            value = number
        too_large = self._chart_side and value.__class__ is int and not -(2**63) <= value < 2**63
        text = key_text(_as_float(value, event.value) if too_large and not 0 < value < 2**64 else value)
        if text is None or (too_large and 0 < value < 2**64):
            self._faults.add(
                YamlError(
                    "yaml-key",
                    "a key cannot be null"
                    if text is None
                    else "Helm takes no number beyond 64 bits for a key",
                    span=self._span_of(event),
                    hint="write the key in quotes",
                )
            )
        return text or ""

    def _alias_key(self, value: Any, event: _Event) -> str:
        """The key that an alias stands for."""
        if isinstance(value, _COLLECTIONS):
            self._fail_complex_key(event)
        event.value = ""
        return self._key_text(value, event)

    def _check_duplicate(self, name: str, first: _Event, event: _Event, stack: Sequence[_Frame]) -> None:
        """Keep a fault, unless both keys are spellings of one boolean, where go-yaml takes the last."""
        if _is_other_spelling(first, event):
            return
        place = self._span_of(first)
        self._faults.add(
            YamlError(
                "yaml-duplicate-key",
                f'the key "{name}" stands here for the second time',
                span=self._span_of(event),
                path=_path(stack),
                notes=(f"the first one is at line {place.line}, column {place.column}",),
                hint="use a list, <<: [*A, *B]" if name == "<<" else "remove or rename one of them",
            )
        )

    def _add_not_finite(self, event: _Event, stack: Sequence[_Frame]) -> None:
        self._faults.add(
            YamlError(
                "yaml-not-finite",
                f"{event.value} is no number that JSON knows",
                span=self._span_of(event),
                path=_path(stack),
                hint="write it in quotes if it is a text",
            )
        )

    def _merge(self, into: dict[str, Any], keys: dict[str, _Event], merged: Any) -> None:
        """Take over what `<<` brings; of several mappings the first wins.

        It replaces keys that stand above it, and keys below replace what it brings: so do go-yaml
        v2, and with it kubectl, Helm and SRO, where YAML would let all keys of the mapping win.
        """
        sources = merged if isinstance(merged, list) else [merged]
        if not all(isinstance(source, dict) for source in sources):
            raise YamlError(
                "yaml-merge",
                "<< takes a mapping or a list of mappings",
                span=self._span_of(keys["<<"]),
                hint='write "<<" in quotes if a key of that name is meant',
            )
        for source in reversed(sources):
            into.update(source)

    def _copied(self, value: Any, event: _Event, depth: int) -> Any:
        """A copy of an anchor's value, counted, so that no two places share one collection."""
        self._alias_nodes += 1
        if self._alias_nodes > self._limits.max_yaml_alias_nodes:
            raise YamlError(
                "yaml-aliases",
                f"aliases add more than {self._limits.max_yaml_alias_nodes:,} values to this text",
                span=self._span_of(event),
                hint=or_more("write the values out", "yaml-alias-nodes"),
            )
        if isinstance(value, _COLLECTIONS) and depth >= self._limits.max_yaml_depth:
            self._fail_depth(event)
        if isinstance(value, dict):
            return {name: self._copied(inner, event, depth + 1) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._copied(inner, event, depth + 1) for inner in value]
        return value

    def _fail_depth(self, event: _Event) -> NoReturn:
        raise YamlError(
            "yaml-depth",
            f"more than {self._limits.max_yaml_depth} collections stand inside each other",
            span=self._span_of(event),
            hint=or_more("split the value up", "yaml-depth"),
        )

    def _fail_alias(self, event: _Event) -> NoReturn:
        raise YamlError(
            "yaml-syntax",
            f"no anchor &{event.anchor} stands before this alias",
            span=self._span_of(event),
            hint="quote a text that begins with *",
        )

    def _fail_recursion(self, event: _Event) -> NoReturn:
        raise YamlError(
            "yaml-aliases",
            f"the value of &{event.anchor} contains itself",
            span=self._span_of(event),
            hint="write the inner value out",
        )

    def _fail_version(self, event: _Event) -> NoReturn:
        raise YamlError(
            "yaml-syntax",
            "only YAML 1.1 is read here",
            span=self._span_of(event),
            hint="remove the line %YAML",
        )

    def _fail_question_mark(self, event: _Event) -> NoReturn:
        """In brackets go-yaml takes every question mark for the beginning of a key; libyaml does not."""
        raise YamlError(
            "yaml-syntax",
            "a text with a question mark needs quotes in brackets",
            span=self._span_of(event),
            hint="put the text in quotes",
        )

    def _fail_complex_key(self, event: _Event) -> NoReturn:
        raise YamlError(
            "yaml-key",
            "a key must be a text, not a list or mapping",
            span=self._span_of(event),
            hint="write the key in quotes; template braces need quotes too",
        )


_VERSIONS = (None, (1, 1))
"""What may stand behind %YAML, if that stands there. Source: go-yaml parserc.go."""
_BANG = re.compile(r"(?:&[^\s]+\s+)?!(?:\s|\Z)")


def _as_float(value: int, text: str) -> float | str:
    """The number as Go's float64; beyond its range go-yaml keeps the text."""
    if not value:
        value = _signed_zero(value, text)
    try:
        return float(value)
    except OverflowError:
        return text


def _signed_zero(value: Any, text: str) -> Any:
    """The value, but of `-0.0` the float with that sign, which only whole numbers lose."""
    is_float = value.__class__ is int and not value and isinstance(parse_number(text), float)
    return -0.0 if is_float and text[:1] == "-" else value


def _is_other_spelling(first: _Event, second: _Event) -> bool:
    """Whether two keys are one boolean in two spellings, such as `yes` and `true`."""
    both = (first, second)
    if not all(isinstance(event, ScalarEvent) and event.implicit[0] for event in both):
        return False
    return first.value != second.value and isinstance(resolve(first.value), bool)


def _path(stack: Sequence[_Frame]) -> str:
    """The key path to the place inside the collections of `stack`, such as `spec.containers[0].name`."""
    path = ""
    for collection, key, keys in stack[1:]:
        if keys is None:
            path += f"[{len(collection)}]"
        elif _PLAIN_STEP.fullmatch(str(key)):
            path += f".{key}" if path else key
        else:
            path += f'["{key}"]'
    return path


_PLAIN_STEP = re.compile(r"[A-Za-z0-9_-]+")
