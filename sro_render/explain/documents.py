"""Where the fields of an object stand in the text that its template rendered, and what wrote them there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from sro_render.charts.engine import Trace
from sro_render.errors import SroError
from sro_render.explain.interface import Subject
from sro_render.gotemplate.reads import Path
from sro_render.gotemplate.traced import Origin
from sro_render.limits import Limits
from sro_render.model.objects import JsonValue
from sro_render.source import Source, Span
from sro_render.yamltext.documents import split_manifests
from sro_render.yamltext.reader import decode, locate, read_manifest


class RenderedDocument(Struct, frozen=True):
    """One object's document: a text of its own, inside of what the template rendered.

    start:  its offset there. prefix: the object's path in the document: empty, or that of a list's item.
    trace:  what wrote it; None for a file that is no template, which `whole` is then.
    """

    source: Source
    start: int
    prefix: Path
    trace: Trace | None
    whole: Source

    def span(self, path: Sequence[str | int], *, value: bool = True) -> Span | None:
        """Where a field stands in the document."""
        return locate(self.source, [*self.prefix, *path], value=value)

    def origins(self, path: Sequence[str | int]) -> list[Origin]:
        """Who wrote a field's value; of an empty one, its key and who might have written there."""
        span, key = self.span(path), self.span(path, value=False)
        if span is None or key is None:
            return []
        if span.text.strip("\"' \n"):
            return self._between(span.start, span.end)
        end = self.source.text.find("\n", key.end)
        end = len(self.source.text) if end < 0 else end
        silent = self.trace.silent_between(self.start + key.end, self.start + end) if self.trace else []
        return silent or self._between(key.start, key.end)

    def _between(self, start: int, end: int) -> list[Origin]:
        start, end = self.start + start, self.start + max(end, start + 1)
        if self.trace is None:
            return [Origin(self.whole.span(start, end))]
        return self.trace.origins_between(start, end)

    def origin(self, span: Span) -> Origin | None:
        """Who wrote the first character of a stretch."""
        if self.trace is None:
            return Origin(self.whole.span(self.start + span.start, self.start + span.end))
        return self.trace.origin_of(self.start + span.start)


def find_document(subject: Subject, limits: Limits) -> RenderedDocument | None:
    """The document that an object was read from, with what wrote it; None if no template made it."""
    manifest = subject.accounts.shelved[subject.rendered.id].manifest
    if not manifest.template:
        return None
    crd = next((each for each in subject.accounts.chart.crds if each.name == manifest.template), None)
    if crd is not None:
        trace, whole = None, decode(crd.data, crd.source_name)
    else:
        trace = subject.accounts.record(manifest.template, subject.kernel).traces[manifest.template]
        whole = Source(manifest.template, trace.text)
    for document in split_manifests(whole.text):
        index, separator, rest = manifest.text.partition(":")
        is_item = separator and index.isdigit() and rest == document.text
        if document.text == manifest.text or is_item:
            source = Source(f"rendered {manifest.template}", document.text)
            start = whole.text.index(document.text, whole.span_at(document.line, 1).start)
            prefix = _item_path(source, int(index) if is_item else 0, limits)
            return RenderedDocument(source, start, prefix, trace, whole)
    return None


def _item_path(source: Source, index: int, limits: Limits) -> Path:
    """The path of the object at a position among those of a document."""
    try:
        value = read_manifest(source, limits)
    except (SroError, ExceptionGroup):
        return ()
    return list(_item_paths(value, ()))[index]


def _item_paths(value: JsonValue, path: Path) -> Iterator[Path]:
    """The objects of a document in the order of `pipeline.manifests`, which takes lists apart."""
    items = value.get("items") if isinstance(value, dict) else None
    kind = value.get("kind") if isinstance(value, dict) else None
    is_item_of_typed = bool(path) and kind is None
    if isinstance(items, list) and isinstance(kind, str) and kind.endswith("List") and not is_item_of_typed:
        for number, item in enumerate(items):
            yield from _item_paths(item, (*path, "items", number))
    else:
        yield path
