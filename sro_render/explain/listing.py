"""The lines of an object as they are written, each with what made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from sro_render.explain.interface import Line, Touched
from sro_render.explain.paths import leaves
from sro_render.gotemplate.reads import Path
from sro_render.gotemplate.traced import Origin
from sro_render.model.objects import JsonValue
from sro_render.source import Source
from sro_render.yamltext.reader import locate
from sro_render.yamltext.writer import write


class _Origins(Protocol):
    def origins(self, path: Path) -> Sequence[Origin]:
        """Who wrote a field as the template rendered it."""

    def touched(self, path: Path) -> Sequence[Touched]:
        """The steps that changed a field."""


def listing(value: JsonValue, explainer: _Origins, prefix: Path = ()) -> Iterator[Line]:
    """The canonical text of a value that stands at `prefix` of an object."""
    source = Source("", write(value))
    made: dict[int, tuple[Sequence[Origin], Sequence[Touched]]] = {}
    for path, _ in leaves(value):
        span = locate(source, path)
        if span is not None:
            whole = (*prefix, *path)
            made.setdefault(span.line, (explainer.origins(whole), explainer.touched(whole)))
    for number, text in enumerate(source.text.removesuffix("\n").split("\n"), start=1):
        origins, touched = made.get(number, ((), ()))
        # What a value is made of says more than the text around it.
        chosen = [each for each in origins if each.acts and not each.acts[-1].is_text] or list(origins)
        place = chosen[0].place if chosen else None
        yield Line(text=text, place=place, steps=tuple(each.step for each in touched))
