"""The board that `sync` shows below its events on a terminal: how each lane stands, a line for each.

Decides the lines from the events alone: what was not begun is not there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from itertools import accumulate
from typing import Final
from unicodedata import east_asian_width

from msgspec import Struct

from sro_apply.events import Applied, Awaited, Event, Failed, Readied

_BESIDE: Final = "all kernels"
"""The lane of what exists once."""
_LONG: Final = 16
"""Letters of a name that has a kernel's hash in it; shorter ones may be parts of other words."""
_RESET: Final = "\x1b[0m"


class Mood(StrEnum):
    """How a lane stands."""

    APPLYING = "applying"
    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


_GRAVITY: Final = (Mood.FAILED, Mood.WAITING, Mood.APPLYING, Mood.READY)
_COLOURS: Final = {
    Mood.APPLYING: "",
    Mood.WAITING: "\x1b[33m",
    Mood.READY: "\x1b[32m",
    Mood.FAILED: "\x1b[31m",
}


class _Lane(Struct, frozen=True, kw_only=True):
    """How far a kernel of an SR has come. reason: of its mood, on one line."""

    state: str
    mood: Mood
    reason: str = ""


class LaneBoard:
    """Remembers of each lane what was told last. Args: clean: makes text harmless for a terminal."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        self._clean = clean
        self._lanes: dict[str, dict[str, _Lane]] = {}

    def hear(self, event: Event) -> None:
        """Take what an event says of a lane; most say nothing."""
        match event:
            case Applied():
                self._put(event.step, Mood.APPLYING, f"{event.object} {event.result}")
            case Awaited():
                reason = _first_line(event.reason)
                self._put(event.step, Mood.WAITING, _about(event.step, event.object, reason))
            case Failed():
                again = f"; again in {event.retry_s:g} s" if event.retry_s else ""
                reason = f"{_first_line(event.reason)}{again}"
                self._put(event.step, Mood.FAILED, _about(event.step, event.object, reason))
            case Readied():
                self._put(event.step, Mood.READY, "")
            case _:
                pass

    def lines(self, width: int, height: int, *, has_colours: bool, elapsed: str = "") -> list[str]:
        """The board, SR by SR, in so many columns and lines; where these are few, without what is ready.

        Args: elapsed: the time that it took so far, which a last line gives with how many lanes stand how.
        """
        if elapsed and self._lanes and height > 2:
            above = self.lines(width, height - 1, has_colours=has_colours)
            return [*above, _cut(f"{elapsed}: {self._tally()}", width)]
        if height < 2:
            return []
        rows = [(name, kernel, lane) for name, lanes in self._lanes.items() for kernel, lane in lanes.items()]
        shown = _most_telling(rows, height - len(self._lanes))
        hidden = len(rows) - len(shown)
        left = max((len(kernel) for _, kernel, _ in shown), default=0)
        right = max((len(lane.state) for _, _, lane in shown), default=0)
        made: list[str] = []
        for name in self._lanes:
            own = [(kernel, lane) for of, kernel, lane in shown if of == name]
            made += [_cut(self._clean(name), width)] if own else []
            made += [self._row(kernel, lane, (left, right), width, has_colours) for kernel, lane in own]
        if hidden:
            made.append(_cut(f"and {hidden} more", width))
        return made[:height]

    def _tally(self) -> str:
        moods = [lane.mood for lanes in self._lanes.values() for lane in lanes.values()]
        return ", ".join(f"{count} {mood}" for mood in _GRAVITY if (count := moods.count(mood)))

    def _row(
        self,
        kernel: str,
        lane: _Lane,
        columns: tuple[int, int],
        width: int,
        has_colours: bool,
    ) -> str:
        left, right = columns
        # How it stands goes first: a narrow terminal shows it, too.
        place = f"{self._clean(kernel):{left}}  {self._clean(lane.state):{right}}"
        text = _cut(f"  {lane.mood:8}  {place}  {self._clean(lane.reason)}".rstrip(), width)
        colour, end = _COLOURS[lane.mood], 2 + len(lane.mood)
        if not (has_colours and colour) or len(text) <= end:
            return text
        return f"{text[:2]}{colour}{text[2:end]}{_RESET}{text[end:]}"

    def _put(self, step: str, mood: Mood, reason: str) -> None:
        name, _, rest = step.partition(" / ")
        state, _, kernel = rest.partition(" / ")
        lanes = self._lanes.setdefault(name, {})
        before = lanes.get(kernel or _BESIDE)
        # That an object was written says less than that another is waited for.
        if mood is Mood.APPLYING and before and before.state == state and before.mood is not Mood.READY:
            return
        lanes[kernel or _BESIDE] = _Lane(state=state, mood=mood, reason=_first_line(reason))


def _about(step: str, object_: str, reason: str) -> str:
    """A reason with what it is about: beside a kernel the reason first, for names would leave it no room."""
    if step.count(" / ") < 2:
        return f"{object_}: {reason}"
    kind, *_, name = object_.split("/")
    return f"{reason.replace(name, '…') if len(name) >= _LONG else reason} ({kind})"


def _most_telling(rows: Sequence[tuple[str, str, _Lane]], most: int) -> list[tuple[str, str, _Lane]]:
    """As many rows as there is room for, in their order: failed ones before others, ready ones last."""
    if len(rows) <= most:
        return list(rows)
    ranks = {Mood.FAILED: 0, Mood.WAITING: 1, Mood.APPLYING: 1, Mood.READY: 2}
    order = sorted(range(len(rows)), key=lambda index: ranks[rows[index][2].mood])
    return [rows[index] for index in sorted(order[: max(0, most - 1)])]


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _cut(text: str, width: int) -> str:
    """The text in so many columns; letters of the far east take two."""
    if sum(_columns(text)) <= width:
        return text
    used = accumulate(_columns(text))
    return f"{text[: sum(1 for columns in used if columns < width)]}…" if width > 0 else ""


def _columns(text: str) -> Iterable[int]:
    return (2 if east_asian_width(each) in "WF" else 1 for each in text)
