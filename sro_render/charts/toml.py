r"""Helm's `toToml`, `mustToToml` and `fromToml`.

Decides the text that a value has in TOML, byte for byte as BurntSushi/toml writes it, and the values that
a text means. `toToml` writes Go's own words where a value has no form in TOML, as Helm does, with a
finding. Differs: documents are read by TOML 1.0, where Helm also takes TOML 1.1 (trailing commas and
line breaks in inline tables, \e and \x escapes, times without seconds); the text under `Error` is ours.
Source: helm pkg/engine/funcs.go; BurntSushi/toml v1.6.0 encode.go, decode.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Final, NoReturn

from sro_render.errors import Finding
from sro_render.gotemplate.floats import format_float
from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import GoObject, Int64, Uint8, plain, to_bytes
from sro_render.limits import MAX_WRITTEN, TooLargeError
from sro_render.sprig.calls import HAS_ERROR, fault_as_text
from sro_render.sprig.clock import DAY_S, days_before
from sro_render.sprig.durations import Duration
from sro_render.sprig.gotime import RFC_3339_NANO, Time
from sro_render.sprig.zones import LOCAL, Zone, fixed_zone

FUNCTIONS: dict[str, Function] = {}

Key = tuple[str, ...]

_ESCAPES: Final = {
    **{code: f"\\u{code:04x}" for code in [*range(0x20), 0x7F]},
    **dict(zip(map(ord, '"\\\b\t\n\f\r'), ('\\"', "\\\\", "\\b", "\\t", "\\n", "\\f", "\\r"), strict=True)),
}
_BARE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_LOCAL_FORMS: Final = {
    "datetime-local": "2006-01-02T15:04:05.999999999",
    "date-local": "2006-01-02",
    "time-local": "15:04:05.999999999",
}


class TomlError(ValueError):
    """A value has no form in TOML; the message is Go's."""


# Writing


def marshal(value: object) -> str:
    """The TOML document of a value. Raises TomlError."""
    encoder = _Encoder()
    try:
        encoder.encode((), value)
    except RecursionError:
        raise TomlError("the value contains itself, or its collections are nested too deep") from None
    return "".join(encoder.out)


def _table_of(value: object) -> Mapping[str, object] | None:
    """The entries of a map or struct."""
    value = plain(value)
    if isinstance(value, dict):
        return value
    if isinstance(value, int) or not isinstance(value, GoObject) or _has_text(value):
        return None
    # A struct keeps the order of its fields; only maps are sorted.
    return MappingProxyType(dict(value.go_fields()))


def _has_text(value: GoObject) -> bool:
    return isinstance(value, Time) or value.go_text() is not None


def _list_of(value: object) -> list[object] | None:
    value = plain(value)
    if isinstance(value, bytes):
        return [Uint8(byte) for byte in value]
    return value if isinstance(value, list) else None


def _is_nil(value: object) -> bool:
    return value is None or getattr(value, "is_nil", False)


def _is_table_array(items: list[object]) -> bool:
    """Whether a list has nothing but tables. Raises TomlError for nil anywhere in it."""
    are_tables = bool(items)
    for item in items:
        if _is_nil(item):
            raise TomlError("toml: cannot encode array with nil element")
        inner = _list_of(item)
        if inner is not None:
            _is_table_array(inner)
        are_tables = are_tables and _table_of(item) is not None
    return are_tables


def _is_table(value: object) -> bool:
    """Whether a value becomes a table, or an array of them, with a header of its own."""
    if _is_nil(value):
        return False
    items = _list_of(value)
    return _is_table_array(items) if items is not None else _table_of(value) is not None


def _quoted(text: str) -> str:
    return '"' + text.translate(_ESCAPES) + '"'


def _key_text(name: str) -> str:
    return name if name and _BARE.issuperset(name) else _quoted(name)


def _bytes_of(name: str) -> bytes:
    return to_bytes(name)


_NODE_COST = 32
"""What each value counts beside its characters."""


class _Encoder:
    """Source: BurntSushi/toml encode.go, method by method."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._room = MAX_WRITTEN

    def encode(self, key: Key, value: object) -> None:
        self._count(value)
        items, table = _list_of(value), _table_of(value)
        if items is not None:
            if _is_table_array(items):
                self._table_array(key, items)
            else:
                self._key_value(key, value)
        elif table is not None:
            self._table(key, table)
        elif value is None:
            raise FunctionError("null has no form in TOML", hint="give it a map")
        else:
            self._key_value(key, value)

    def _count(self, value: object) -> None:
        self._room -= _NODE_COST + (len(value) if isinstance(value, str) else 0)
        if self._room < 0:
            raise TooLargeError

    def _newline(self) -> None:
        if self.out:
            self.out.append("\n")

    def _header(self, key: Key, brackets: str) -> None:
        name = ".".join(map(_key_text, key))
        self.out.append("  " * (len(key) - 1) + brackets[: len(brackets) // 2] + name)
        self.out.append(brackets[len(brackets) // 2 :] + "\n")

    def _table_array(self, key: Key, items: list[object]) -> None:
        if not key:
            raise TomlError("toml: top-level values must be Go maps or structs")
        for item in items:
            self._newline()
            self._header(key, "[[]]")
            self._entries(key, _table_of(item) or {})

    def _table(self, key: Key, table: Mapping[str, object]) -> None:
        if len(key) == 1:
            self._newline()
        if key:
            self._header(key, "[]")
        self._entries(key, table)

    def _entries(self, key: Key, table: Mapping[str, object]) -> None:
        for name in self._ordered(table):
            if not _is_nil(table[name]):
                self.encode((*key, name), table[name])

    @staticmethod
    def _ordered(table: Mapping[str, object]) -> list[str]:
        """Names with plain values first, then those that become tables."""
        names: Iterable[str] = sorted(table, key=_bytes_of) if isinstance(table, dict) else table
        is_table = {name: _is_table(table[name]) for name in names}
        return sorted(is_table, key=is_table.__getitem__)

    def _key_value(self, key: Key, value: object) -> None:
        if not key:
            self.out.append(self._element(value))
            return
        self.out.append("  " * (len(key) - 1) + f"{_key_text(key[-1])} = {self._element(value)}\n")

    def _element(self, value: object) -> str:
        self._count(value)
        items, table = _list_of(value), _table_of(value)
        if items is not None:
            return f"[{', '.join(map(self._element, items))}]"
        if table is not None:
            return self._inline_table(table)
        if isinstance(value, Time):
            return _time_text(value)
        return _scalar(value)

    def _inline_table(self, table: Mapping[str, object]) -> str:
        """Commas stand where Go writes them: also before a nil that is left out, but for the last one."""
        names = self._ordered(table)
        parts = []
        for index, name in enumerate(names):
            if _is_nil(table[name]):
                continue
            comma = ", " if index < len(names) - 1 else ""
            parts.append(f"{_key_text(name)} = {self._element(table[name])}{comma}")
        return "{" + "".join(parts) + "}"


def _scalar(value: object) -> str:
    match value:
        case Duration():
            return _quoted(value.go_string())
        case GoObject() if (text := value.go_text()) is not None:
            return _quoted(text)
        case str():
            return _quoted(value)
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case float():
            text = format_float(value, "g").replace("NaN", "nan").replace("+Inf", "inf").replace("Inf", "inf")
            return text if any(mark in text for mark in ".en") else text + ".0"
    raise TomlError(f"unexpected type: {type(value).__name__}")


def _time_text(value: Time) -> str:
    form = _LOCAL_FORMS.get(value.zone.name)
    return value.format(form or RFC_3339_NANO)


@go_function(FUNCTIONS, "toToml", "(any) string", wants_run=True)
def to_toml(run: Run, value: object) -> str:
    """A value as TOML; Go's words on why it has none."""
    try:
        return marshal(value)
    except TomlError as fault:
        return fault_as_text(run, str(fault), "end the render where this happens: mustToToml")


@go_function(FUNCTIONS, "mustToToml", "(any) string")
def must_to_toml(value: object) -> str:
    """The same; the render ends where the value has no form in TOML."""
    try:
        return marshal(value)
    except TomlError as fault:
        raise FunctionError(str(fault)) from None


def _report(run: Run, code: str, message: str, hint: str) -> None:
    run.report(Finding(code=code, message=message, span=run.span, hint=hint, notes=run.notes()))


# Reading


@go_function(FUNCTIONS, "fromToml", "(string) map[string]any", wants_run=True)
def from_toml(run: Run, text: str) -> dict[str, object]:
    """The values of a TOML document; of what is none, a mapping with the key Error, and a finding."""
    # Only charts that read TOML pay for the library.
    import tomllib  # noqa: PLC0415

    try:
        read = tomllib.loads(text)
        return {name: _go_value(value) for name, value in read.items()}
    except (ValueError, RecursionError) as fault:
        # Python's words for too deep a nesting differ from release to release.
        reason = "its collections are nested too deep" if isinstance(fault, RecursionError) else str(fault)
        _report(run, "not-readable", f"fromToml cannot read its text: {reason}", HAS_ERROR)
        return {"Error": f"toml: {reason}"}


def _go_value(value: object) -> object:
    """A value as Go's decoder gives it: int64, float64, time.Time."""
    match value:
        case dict():
            return {name: _go_value(item) for name, item in value.items()}
        case list():
            return [_go_value(item) for item in value]
        case bool():
            return value
        case int():
            if not -(2**63) <= value < 2**63:
                _refuse(value)
            return Int64(value)
        case datetime():
            return _moment(value, value.time(), _zone_of(value))
        case date():
            return _moment(value, time(), fixed_zone("date-local", 0))
        case time():
            return _moment(None, value, fixed_zone("time-local", 0))
    return value


def _refuse(number: int) -> NoReturn:
    raise ValueError(f"{number} is out of the range of int64")


def _zone_of(value: datetime) -> Zone:
    offset = value.utcoffset()
    if offset is None:
        return fixed_zone("datetime-local", 0)
    seconds = int(offset.total_seconds())
    return fixed_zone("", seconds) if seconds else LOCAL


def _moment(day: date | None, clock: time, zone: Zone) -> Time:
    """A moment; a time without a day is in the year 0."""
    days = days_before(day.year, day.month, day.day) if day else days_before(0, 1, 1)
    wall = days * DAY_S + clock.hour * 3600 + clock.minute * 60 + clock.second
    return Time(wall - zone.at(0)[1], clock.microsecond * 1000, zone)
