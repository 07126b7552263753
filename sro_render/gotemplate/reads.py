"""Who reads what: which values a run read, at which place of a template, for whoever asks.

A run that is to know it gets values in `watched` maps and lists. These are dicts and lists that stand for
the same Go types as the plain ones, and note each key that is asked for; whatever Python code goes through
them is seen, so that no function of templates has to say what it reads. A run without a recorder has plain
values, and pays nothing.

What a variable or the dot holds may be a text that was read elsewhere: the act that set it is remembered,
and what it read counts again for the act that uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias, cast

from msgspec import Struct, field

from sro_render.source import Span

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indices below `.Values` of the chart that is rendered, whichever sub-chart reads."""


class Read(Struct, frozen=True):
    """A place of a template reads a value.

    path:     where the value stands.
    place:    the innermost action, condition or loop that reads it.
    is_set:   whether there is such a key; asking for one that is absent is a read too.
    is_table: the value is a map or list, and only its presence or emptiness was asked for here: what is
              read inside it has reads of its own.
    """

    path: Path
    place: Span
    is_set: bool = True
    is_table: bool = False


Known: TypeAlias = dict[Path, Read]


class Home(Struct, frozen=True):
    """Where a value stands, and what inside it stands elsewhere: a sub-chart's globals are its parent's.

    inner: by key, the homes of those values that do not stand below `path`.
    """

    path: Path = ()
    inner: Mapping[str, Home] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, key: str | int) -> Home:
        """Where the value of a key, or an element, stands."""
        inner = self.inner.get(key) if isinstance(key, str) else None
        return Home((*self.path, key)) if inner is None else inner


class Act(Struct, eq=False):
    """One execution of an action, a condition or the head of a loop.

    span:   its place.
    calls:  the calls of templates that led to it, outermost first.
    guards: the conditions and loops around it, outermost first.
    reads:  by path, everything that was read until it was done, by templates that it includes too.
    inner:  what the templates wrote that it includes, `traced.Traced` each.
    is_text: it writes a text of the template itself.
    """

    span: Span
    calls: tuple[Span, ...] = ()
    guards: tuple[Act, ...] = ()
    reads: Known = {}
    inner: list[Any] = []
    is_text: bool = False


class Reads:
    """The reads of a run, and of the runs after it that are given the same recorder."""

    def __init__(self) -> None:
        self._found: dict[tuple[Path, int, int, int], Read] = {}
        self._open: list[Act] = []
        self._guards: list[Act] = []
        self._dots: list[Known] = [{}]
        self._variables: dict[tuple[int, int], Known] = {}
        self._made: dict[int, tuple[object, Known]] = {}

    @property
    def all(self) -> tuple[Read, ...]:
        """Every read, each path and place once, in the order of reading."""
        return tuple(self._found.values())

    # What is going on

    def begin(self, span: Span, calls: Iterable[Span]) -> Act:
        """An act begins, perhaps inside another one; it lasts until `end`."""
        act = Act(span, tuple(calls), tuple(self._guards))
        self._open.append(act)
        return act

    def text(self, span: Span, calls: Iterable[Span]) -> Act:
        """A text of the template is written: an act that reads nothing."""
        return Act(span, tuple(calls), tuple(self._guards), is_text=True)

    def end(self) -> None:
        """The act that began last is done."""
        self._open.pop()

    @property
    def current(self) -> Act | None:
        """The innermost act."""
        return self._open[-1] if self._open else None

    def read_so_far(self) -> Known:
        """What the innermost act has read up to now."""
        return dict(self._open[-1].reads) if self._open else {}

    def enter_guards(self, acts: Iterable[Act], dot: Known | None) -> tuple[int, int]:
        """What follows happens only because of `acts`; `dot` is what its dot was made of, if that changes.

        Returns: what `leave_guards` takes.
        """
        depth = len(self._guards), len(self._dots)
        self._guards.extend(acts)
        if dot is not None:
            self._dots.append(dot)
        return depth

    def leave_guards(self, depth: tuple[int, int]) -> None:
        """And that is over."""
        del self._guards[depth[0] :], self._dots[depth[1] :]

    # Reading

    def note(self, path: Path, value: object, *, is_set: bool = True) -> None:
        """A value is read by the acts that are open; nobody else's reads count."""
        if not self._open:
            return
        place = self._open[-1].span
        key = (path, id(place.source), place.start, place.end)
        read = self._found.get(key)
        if read is None:
            read = self._found[key] = Read(path, place, is_set, isinstance(value, dict | list))
        self._add(path, read)
        if not read.is_table:
            self.remember(value, {path: read})

    def again(self, known: Known) -> None:
        """What was read before counts for the acts that are open, too."""
        for path, read in known.items():
            self._add(path, read)

    def _add(self, path: Path, read: Read) -> None:
        for act in self._open:
            act.reads.setdefault(path, read)

    # Variables and the dot, whose values may have been read elsewhere

    def keep_variable(self, frame: object, slot: int, known: Known) -> None:
        """A variable of a frame holds what was made of these reads."""
        self._variables[id(frame), slot] = known

    def use_variable(self, frame: object, slot: int) -> None:
        """Its value is used."""
        self.again(self._variables.get((id(frame), slot), {}))

    def enter_dot(self, known: Known) -> None:
        """The dot is from now on what was made of these reads."""
        self._dots.append(known)

    def leave_dot(self) -> None:
        """And is what it was before."""
        self._dots.pop()

    def remember(self, value: object, known: Known) -> None:
        """A value that some name may get was made of these reads; told by the object that it is."""
        # Python has one object only of what is short.
        if known and not isinstance(value, bool | None) and not (isinstance(value, str) and len(value) < 2):
            self._made[id(value)] = value, known

    def use_made(self, value: object) -> None:
        """It is used."""
        made, known = self._made.get(id(value), (None, {}))
        if made is value:
            self.again(known)

    def use_dot(self) -> None:
        """Its value is used."""
        self.again(self._dots[-1])


class Watched:
    """What watched maps and lists have in common."""

    stands_for: ClassVar[type]
    """The class that Go's types are told by; see `values.class_of`."""


class WatchedMap(Watched, dict[str, Any]):
    """A map that notes which of its keys are read. Made by `watch`; a copy by its class is not watched."""

    go_type: ClassVar[str] = "map[string]interface {}"
    stands_for: ClassVar[type] = dict

    _reads: Reads | None = None
    _home: Home
    _foreign: dict[str, Known]
    """What was read to make the values that templates themselves put here."""

    def placed(self, reads: Reads, home: Home, foreign: Mapping[str, Known] | None = None) -> WatchedMap:
        """The same map, watched from now on."""
        self._reads, self._home, self._foreign = reads, home, dict(foreign or {})
        return self

    def known(self, key: str, act: Act) -> Known:
        """What is known of the value of a key that a loop, `act`, has reached."""
        if self._reads is None or key in self._foreign:
            return act.reads if self._reads is None else self._foreign[key]
        path = self._home.of(key).path
        return {path: act.reads[path]}

    def copied(self, copy: Callable[[Any], Any]) -> WatchedMap:
        """A copy that stands at the same place; copying reads nothing."""
        twin = type(self)({key: copy(item) for key, item in dict.items(self)})
        if self._reads is not None:
            twin.placed(self._reads, self._home, self._foreign)
        return twin

    def _note(self, key: object, *, is_set: bool = True) -> None:
        if self._reads is None or not isinstance(key, str):
            return
        known = self._foreign.get(key)
        if known is not None:
            self._reads.again(known)
        else:
            self._reads.note(self._home.of(key).path, dict.get(self, key), is_set=is_set)

    def _note_all(self) -> None:
        if self._reads is not None:
            for key in dict.keys(self):
                self._note(key)

    def __getitem__(self, key: str) -> Any:
        self._note(key, is_set=dict.__contains__(self, key))
        return dict.__getitem__(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        """A key's value."""
        self._note(key, is_set=dict.__contains__(self, key))
        return dict.get(self, key, default)

    def __contains__(self, key: object) -> bool:
        found = dict.__contains__(self, key)
        self._note(key, is_set=found)
        return found

    def __iter__(self) -> Iterator[str]:
        self._note_all()
        return dict.__iter__(self)

    def __reversed__(self) -> Iterator[str]:
        self._note_all()
        return dict.__reversed__(self)

    def keys(self) -> Any:
        """All keys."""
        self._note_all()
        return dict.keys(self)

    def values(self) -> Any:
        """All values."""
        self._note_all()
        return dict.values(self)

    def items(self) -> Any:
        """All keys with their values."""
        self._note_all()
        return dict.items(self)

    def copy(self) -> dict[str, Any]:
        """A plain copy."""
        self._note_all()
        return dict(dict.items(self))

    def __eq__(self, other: object) -> bool:
        self._note_all()
        return dict.__eq__(self, other)

    __hash__: ClassVar[None]

    def __setitem__(self, key: str, value: Any) -> None:
        if self._reads is not None:
            self._foreign[key] = self._reads.read_so_far()
        dict.__setitem__(self, key, value)

    def pop(self, key: str, *default: Any) -> Any:
        """Take a key out."""
        if self._reads is not None:
            self._foreign.setdefault(key, self._reads.read_so_far())
        return dict.pop(self, key, *default)


class WatchedList(Watched, list[Any]):
    """A list that notes which of its elements are read. Made by `watch`; nothing changes it."""

    go_type: ClassVar[str] = "[]interface {}"
    stands_for: ClassVar[type] = list

    _reads: Reads | None = None
    _path: Path

    def placed(self, reads: Reads, path: Path) -> WatchedList:
        """The same list, watched from now on."""
        self._reads, self._path = reads, path
        return self

    def copied(self, copy: Callable[[Any], Any]) -> WatchedList:
        """A copy that stands at the same place; copying reads nothing."""
        twin = type(self)(copy(item) for item in list.__iter__(self))
        return twin if self._reads is None else twin.placed(self._reads, self._path)

    def known(self, index: int, act: Act) -> Known:
        """What is known of an element that a loop, `act`, has reached."""
        if self._reads is None:
            return act.reads
        path = (*self._path, index)
        return {path: act.reads[path]}

    def _note(self, index: int) -> None:
        if self._reads is not None:
            self._reads.note((*self._path, index), list.__getitem__(self, index))

    def _note_all(self) -> None:
        for index in range(len(self)):
            self._note(index)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            for index in range(*key.indices(len(self))):
                self._note(index)
        elif -len(self) <= key < len(self):
            self._note(key % len(self))
        return list.__getitem__(self, key)

    def __iter__(self) -> Iterator[Any]:
        self._note_all()
        return list.__iter__(self)

    def __reversed__(self) -> Iterator[Any]:
        self._note_all()
        return list.__reversed__(self)

    def __contains__(self, item: object) -> bool:
        self._note_all()
        return list.__contains__(self, item)

    def __add__(self, other: Any) -> list[Any]:
        return [*self, *other]

    def __radd__(self, other: Any) -> list[Any]:
        return [*other, *self]

    def copy(self) -> list[Any]:
        """A plain copy."""
        return [*self]

    def index(self, *arguments: Any) -> int:
        """Where an element stands."""
        self._note_all()
        return list.index(self, *arguments)

    def count(self, item: Any) -> int:
        """How often it is there."""
        self._note_all()
        return list.count(self, item)

    def __eq__(self, other: object) -> bool:
        self._note_all()
        return list.__eq__(self, other)

    __hash__: ClassVar[None]


def watch(value: Any, reads: Reads, home: Home) -> Any:
    """A deep copy of a value whose reads `reads` notes as those of what stands at `home`."""
    if isinstance(value, dict):
        made = _class_for(type(value))({key: watch(item, reads, home.of(key)) for key, item in value.items()})
        return made.placed(reads, home)
    if isinstance(value, list):
        items = (watch(item, reads, home.of(index)) for index, item in enumerate(value))
        return WatchedList(items).placed(reads, home.path)
    return value


@cache
def _class_for(kind: type) -> Callable[[dict[str, Any]], WatchedMap]:
    """The watched form of a class of maps: of `dict`, or of a type that has methods."""
    if kind is dict:
        return WatchedMap
    body = {"stands_for": kind, "go_type": cast("Any", kind).go_type}
    made: type[WatchedMap] = type(f"Watched{kind.__name__}", (WatchedMap, kind), body)
    return made


def is_watched(value: object) -> bool:
    """Whether a value notes its own reads."""
    return isinstance(value, Watched)
