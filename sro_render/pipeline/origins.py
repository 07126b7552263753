"""Which place of a template wrote a field of a rendered object.

Renders the template once more, slowly, when it is first asked about, and finds the object in the text.
Never fails: what was not written by a template, or cannot be found any more, has no place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from sro_render.charts.chart import Chart, ChartFile
from sro_render.charts.engine import Trace
from sro_render.errors import SroError
from sro_render.gotemplate.reads import Read
from sro_render.limits import Limits
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, object_id
from sro_render.model.wording import KeyPath
from sro_render.source import Source, Span
from sro_render.yamltext.documents import split_manifests
from sro_render.yamltext.reader import decode, locate, read_manifest


class _Document(Struct, frozen=True, kw_only=True):
    """A document of a rendered text, from which offset on it stands there, and what wrote the text."""

    value: JsonValue
    source: Source
    start: int
    blame: Callable[[int], Span | None]


class Origins(Struct, kw_only=True):
    """Finds the origins of one SR's objects.

    trace:  from a template's name, and a kernel or an empty text for the first one, to what it writes.
    record: which values the templates read for the first kernel, and where; raises SroError.
    """

    chart: Chart
    trace: Callable[[str, str], Trace]
    record: Callable[[], tuple[Read, ...]]
    limits: Limits
    _read: dict[tuple[str, str], tuple[_Document, ...]] = {}

    def place_of(self, rendered: RenderedObject, path: KeyPath, *, of_key: bool = False) -> Span | None:
        """The place that wrote a field's value (or its key), or what comes closest to it.

        Returns: the place of the innermost field around it that the template wrote, the beginning of the
                 object, or of the template; None for objects that no template wrote.
        """
        if not rendered.template:
            return None
        for document in self._documents(rendered.template, rendered.kernel):
            prefix = _find(document.value, rendered)
            if prefix is not None:
                return self._in_document(document, [*prefix, *path], of_key=of_key)
        file = next(
            (each for name, each in _files(self.chart, self.chart.name) if name == rendered.template), None
        )
        return file.source().span(0) if file else None

    def _in_document(self, document: _Document, path: KeyPath, *, of_key: bool) -> Span | None:
        for length in range(len(path), 0, -1):
            # Of a mapping that lacks the field, the key says more than its first entry.
            is_value = not of_key and length == len(path)
            span = locate(document.source, path[:length], value=is_value)
            if span is not None:
                return _written(document, span)
        text = document.source.text
        return document.blame(document.start + len(text) - len(text.lstrip()))

    def _documents(self, template: str, kernel: str) -> tuple[_Document, ...]:
        key = (template, kernel)
        if key not in self._read:
            self._read[key] = tuple(self._read_documents(template, kernel))
        return self._read[key]

    def _read_documents(self, template: str, kernel: str) -> Iterator[_Document]:
        crd = next((file for file in self.chart.crds if file.name == template), None)
        try:
            if crd is not None:
                whole = decode(crd.data, crd.source_name)
                blame: Callable[[int], Span | None] = whole.span
            else:
                trace = self.trace(template, kernel)
                whole, blame = Source(template, trace.text), trace.place_of
        except (SroError, ExceptionGroup):
            return
        for document in split_manifests(whole.text):
            source = Source(f"rendered {template}", document.text)
            try:
                value = read_manifest(source, self.limits)
            except (SroError, ExceptionGroup):
                continue
            start = whole.span_at(document.line, 1).start
            yield _Document(value=value, source=source, start=start, blame=blame)


def _written(document: _Document, span: Span) -> Span | None:
    """The place that wrote a stretch of the text; all of it where the template has it literally."""
    text, offset = span.text, document.start + span.start
    place = document.blame(offset)
    if place is None or place.source.text.startswith(text, place.start):
        return (
            place.source.span(place.start, place.start + len(text)) if place and "\n" not in text else place
        )
    # What stands behind a quote says more than the quote.
    return document.blame(offset + 1) if len(text) > 2 and text[0] in "'\"" else place


def _find(value: JsonValue, rendered: RenderedObject, prefix: KeyPath = ()) -> list[str | int] | None:
    """The key path of the object in a document: empty, or that of a list's item."""
    manifest = mapping_of(value)
    items = manifest.get("items")
    if isinstance(items, list) and str(manifest.get("kind")).endswith("List"):
        common: JsonObject = {"kind": str(manifest["kind"]).removesuffix("List")}
        found = (
            _find({**common, **mapping_of(item)}, rendered, [*prefix, "items", index])
            for index, item in enumerate(items)
        )
        return next((each for each in found if each is not None), None)
    own, sought = object_id(manifest), rendered.id
    if own.kind != sought.kind or (own.namespace and own.namespace != sought.namespace):
        return None
    # The suffix for the kernel is 16 hex digits behind a dash, at most.
    suffix = sought.name.removeprefix(f"{own.name}-") if rendered.kernel else ""
    is_same = own.name == sought.name or (own.name and len(suffix) < len(sought.name) and "-" not in suffix)
    return list(prefix) if is_same else None


def _files(chart: Chart, path: str) -> Iterable[tuple[str, ChartFile]]:
    for file in chart.templates:
        yield f"{path}/{file.name}", file
    for subchart in chart.dependencies:
        yield from _files(subchart, f"{path}/charts/{subchart.name}")
