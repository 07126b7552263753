"""What a template wrote, and where each stretch of it comes from: down to the templates that it includes.

Decides which place wrote a character. Runs nothing; what was written is handed over by `runtime`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from msgspec import Struct

from sro_render.gotemplate.reads import Act
from sro_render.source import Span

Mark = tuple[int, Span, Act | None]
"""The index of the piece that is written next, the place that writes it, and its act if reads are kept."""


class Origin(Struct, frozen=True):
    """Where a character comes from.

    place: the innermost place that wrote it.
    acts:  the acts that led to it, outermost first: each but the last includes the template of the next
           one. Empty where nobody kept the reads.
    """

    place: Span
    acts: tuple[Act, ...] = ()


class Traced(Struct, frozen=True):
    """What a template wrote, and which place in it wrote each stretch.

    segments: offset in `text`, in characters, from which on a place wrote; ascending.
    acts:     of each segment, its act if reads were kept.
    silent:   acts that wrote nothing, with their offsets; ascending.
    """

    text: str
    segments: tuple[tuple[int, Span], ...]
    acts: tuple[Act | None, ...] = ()
    silent: tuple[tuple[int, Act], ...] = ()

    @classmethod
    def of(cls, text: str, pieces: Sequence[str], marks: Iterable[Mark]) -> Traced:
        """From the pieces of a text and the marks that were set while it was written."""
        offsets = [0]
        for piece in pieces:
            offsets.append(offsets[-1] + len(piece))
        # What wrote nothing is overwritten by what comes next at the same offset.
        segments: dict[int, tuple[Span, Act | None]] = {}
        silent: list[tuple[int, Act]] = []
        for index, span, act in marks:
            offset = offsets[index]
            before = segments.get(offset, (span, None))[1]
            if before is not None and before.reads:
                silent.append((offset, before))
            segments[offset] = span, act
        return cls(
            text,
            tuple((offset, span) for offset, (span, _) in segments.items()),
            tuple(act for _, act in segments.values()),
            tuple(silent),
        )

    def place_of(self, offset: int) -> Span | None:
        """The place that wrote the character at an offset. In plain text, that very character."""
        index = self._segment(offset)
        if index < 0:
            return None
        start, span = self.segments[index]
        inside = span.start + offset - start
        is_plain = span.source.text.startswith(self.text[start : offset + 1], span.start)
        return span.source.span(inside) if is_plain and inside < span.end else span

    def origin_of(self, offset: int) -> Origin | None:
        """The innermost place that wrote the character at an offset, and the acts that led there.

        What a template wrote inside a call of `include` is looked for in what the action made of it:
        indented or quoted it is still found, otherwise the action itself is the origin.
        """
        place, index = self.place_of(offset), self._segment(offset)
        if place is None:
            return None
        act = self.acts[index] if self.acts else None
        if act is None or act.is_text:
            return Origin(place, () if act is None else (act,))
        start = self.segments[index][0]
        end = self.segments[index + 1][0] if index + 1 < len(self.segments) else len(self.text)
        for inner in act.inner:
            inside = _aligned(self.text[start:end], offset - start, inner.text)
            origin = None if inside is None else inner.origin_of(inside)
            if origin is not None:
                return Origin(origin.place, (act, *origin.acts))
        return Origin(act.span, (act,))

    def origins_between(self, start: int, end: int) -> list[Origin]:
        """The innermost places that wrote a stretch of the text, in their order, each once."""
        found: dict[tuple[int, int, int, int], Origin] = {}
        for index in range(max(self._segment(start), 0), self._segment(end - 1) + 1):
            begin = max(start, self.segments[index][0])
            following = self.segments[index + 1][0] if index + 1 < len(self.segments) else len(self.text)
            for origin in self._origins_in(index, begin, min(end, following)):
                place, act = origin.place, origin.acts[-1] if origin.acts else None
                found.setdefault((id(place.source), place.start, place.end, id(act)), origin)
        return list(found.values())

    def silent_between(self, start: int, end: int) -> list[Origin]:
        """The acts that wrote nothing from one offset up to and with another."""
        return [Origin(act.span, (act,)) for offset, act in self.silent if start <= offset <= end]

    def writers_of(self, word: str, start: int, end: int) -> list[Origin]:
        """The acts between two offsets that wrote just this word."""
        ends = [*(offset for offset, _ in self.segments[1:]), len(self.text)]
        return [
            Origin(span, (act,))
            for (offset, span), act, stop in zip(self.segments, self.acts, ends, strict=False)
            if act is not None and start <= offset and stop <= end and self.text[offset:stop] == word
        ]

    def _origins_in(self, index: int, start: int, end: int) -> list[Origin]:
        """The same of a stretch that one segment wrote."""
        act, first = (self.acts[index] if self.acts else None), self.origin_of(start)
        if first is None:
            return []
        if act is None or act.is_text:
            place = first.place
            length = min(end - start, max(self.segments[index][1].end - place.start, 1))
            return [Origin(place.source.span(place.start, place.start + length), first.acts)]
        begin = self.segments[index][0]
        stop = self.segments[index + 1][0] if index + 1 < len(self.segments) else len(self.text)
        written = self.text[begin:stop]
        for inner in act.inner:
            inside = _aligned(written, start - begin, inner.text)
            last = _aligned(written, end - 1 - begin, inner.text)
            if inside is not None and last is not None:
                deeper = inner.origins_between(inside, max(inside, last) + 1)
                return [Origin(each.place, (act, *each.acts)) for each in deeper]
        return [first]

    def _segment(self, offset: int) -> int:
        return bisect_right(self.segments, offset, key=_offset) - 1


def _offset(segment: tuple[int, Span]) -> int:
    return segment[0]


def _aligned(written: str, offset: int, inner: str) -> int | None:
    """The offset in `inner` of what stands at an offset of what an action made of it."""
    core = inner.strip()
    at = written.find(core) if core else -1
    if at >= 0:
        before = len(inner) - len(inner.lstrip())
        # Quotes and the like around it belong to it.
        return before + min(max(offset - at, 0), len(core) - 1)
    return _aligned_line(written, offset, inner)


def _aligned_line(written: str, offset: int, inner: str) -> int | None:
    """The same of one line: the one that has become the line at the offset, or a part of it."""
    start = written.rfind("\n", 0, offset) + 1
    line = _line(written, start)
    sought = line.strip()
    same = [place for place in _line_starts(written) if _line(written, place).strip() == sought]
    inside = [place for place in _line_starts(inner) if _line(inner, place).strip() == sought]
    if sought and len(same) == len(inside):
        found = inside[same.index(start)]
        shift = _indent(_line(inner, found)) - _indent(line)
        return found + min(max(offset - start + shift, 0), max(len(_line(inner, found)) - 1, 0))
    # Quoted, several lines are one.
    parts = [(place, _line(inner, place).strip()) for place in _line_starts(inner)]
    spots = [(part, place, line.find(part)) for place, part in parts if len(part) > 1 and part in line]
    around = [each for each in spots if each[2] <= offset - start < each[2] + len(each[0])]
    if not around:
        return None
    _, place, at = max(around, key=lambda each: len(each[0]))
    return place + _indent(_line(inner, place)) + offset - start - at


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _line_starts(text: str) -> list[int]:
    return [0, *(index + 1 for index, character in enumerate(text) if character == "\n")]


def _line(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : None if end < 0 else end]
