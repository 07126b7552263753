"""Explanations for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sro_render.explain.interface import (
    Absent,
    ByKernel,
    FieldAccount,
    Line,
    MaybeValue,
    ObjectAccount,
    Setting,
    Subject,
    Touched,
    Value,
    Writer,
)
from sro_render.explain.paths import show, tidy
from sro_render.source import Span

MAX_LINES: Final = 80
MAX_VALUES: Final = 10
"""Values by kernel."""
MAX_KERNELS: Final = 3
MAX_TEXT: Final = 120
MAX_PATHS: Final = 3
WIDEST: Final = 72
"""Where the origin of a line begins, at most; longer lines push theirs to the right."""


def object_text(account: ObjectAccount, *, is_full: bool = False) -> str:
    """An object: where it comes from, its steps, its lines."""
    subject = account.subject
    lines = [str(subject.rendered.id), *_head(subject, account.start)]
    if account.hook:
        lines.append(f"  hook      {account.hook}")
    lines += ["", "steps after templating"]
    width = max((len(each.step) for each in account.steps), default=0)
    lines += [f"  {each.step:<{width}}  {_some_paths(each.paths)}" for each in account.steps]
    lines += ["", "lines"]
    lines += _listing(account.lines, subject, None if is_full else MAX_LINES)
    return "".join(f"{line}\n" for line in lines)


def field_text(subject: Subject, account: FieldAccount, *, is_full: bool = False) -> str:
    """A field: its value, its places, the values that they read, what changed it, and the kernels."""
    lines = [f"{show(account.path)} of {subject.rendered.id}", *_head(subject, None)]
    if not account.lines:
        lines.append(f"  value     {_value(account.value)}")
    if account.writers:
        lines += ["", "written by"]
        for writer in account.writers:
            lines += _writer(writer)
    values = {value.path: value for writer in account.writers for value in writer.values}
    if values:
        lines += ["", "values", *_values(values.values(), "  ")]
        hidden = sum(writer.more for writer in account.writers)
        lines += [f"  and {hidden} more"] if hidden else []
    if account.conditions:
        lines += ["", "only because of"]
        for condition in account.conditions:
            lines += [
                f"  {condition.place}: {_one_line(condition.place.text)}",
                *_values(condition.values, "    "),
            ]
    if account.steps:
        lines += ["", "steps after templating"]
        lines += [f"  {each.step}: {_change(each)}" for each in account.steps]
    lines += ["", "kernels", *_by_kernel(subject, account.by_kernel)]
    if account.lines:
        lines += ["", "lines", *_listing(account.lines, subject, None if is_full else MAX_LINES)]
    return "".join(f"{line}\n" for line in lines)


def _head(subject: Subject, start: Span | None) -> Iterator[str]:
    resource, shelved = subject.resource, subject.accounts.shelved[subject.rendered.id]
    yield f"  resource  {resource.name}, chart {resource.chart_name} {resource.chart_version}"
    template = subject.rendered.template or "none: the tool adds it"
    yield f"  template  {start or template}"
    yield f"  state     {subject.state.name}"
    if shelved.group is None:
        yield "  kernel    none: the object is not kernel-affine"
    else:
        others = f", one of {subject.twins} such objects" if subject.twins > 1 else ""
        yield f"  kernel    {shelved.group.kernel}{others}"


def _some_paths(paths: Sequence[Sequence[str | int]]) -> str:
    shown = [show(path) for path in paths[:MAX_PATHS]]
    more = len(paths) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _listing(lines: Sequence[Line], subject: Subject, most: int | None) -> Iterator[str]:
    shown = lines[:most]
    width = min(max((len(line.text) for line in shown), default=0), WIDEST)
    for line in shown:
        marks = [_short(line.place, subject)] if line.place else []
        marks += [f"+{step}" for step in line.steps]
        yield f"  {line.text:<{width}}  {' '.join(marks)}".rstrip()
    if len(lines) > len(shown):
        yield f"  and {len(lines) - len(shown)} more lines: see --full"


def _short(place: Span, subject: Subject) -> str:
    """A place with the path inside the chart."""
    origin = subject.accounts.chart.origin
    name = place.source.name.removeprefix(origin).lstrip("/!")
    return f"{name}:{place.line}"


def _writer(writer: Writer) -> Iterator[str]:
    yield f"  --> {writer.place}"
    if writer.is_secret:
        yield "  (not shown: it may be secret)"
        return
    number, *_ = writer.place.excerpt().split(" |", 1)
    yield f"  {' ' * len(number)} |"
    yield from (f"  {line}" for line in writer.place.excerpt().split("\n"))
    yield from (f"  included from {call}" for call in writer.calls)


def _values(values: Iterable[Value], indent: str, lead: str = "") -> Iterator[str]:
    for value in values:
        name = f"{indent}{lead}{show(value.path)}"
        if isinstance(value.value, Absent):
            default = "; the template says what counts then" if value.has_default else ""
            yield f"{name} is not set{default}"
        else:
            yield f"{name} = {_value(value.value)}"
        for number, setting in enumerate(value.settings):
            is_over = number > 0
            yield f"{indent}  {'over ' if is_over else ''}{_setting(setting, with_value=is_over)}"
            yield from _values(setting.reads, f"{indent}    ", "reads ")


def _setting(setting: Setting, *, with_value: bool) -> str:
    text = setting.layer
    if with_value:
        text += f" {_value(setting.value)}"
    if setting.detail:
        text += f": {setting.detail}"
    return f"{text}, at {setting.span}" if setting.span else text


def _change(touched: Touched) -> str:
    if isinstance(touched.before, Absent):
        return f"set to {_value(touched.after)}"
    if isinstance(touched.after, Absent):
        return f"{_value(touched.before)} removed"
    return f"{_value(touched.before)} became {_value(touched.after)}"


def _by_kernel(subject: Subject, groups: Sequence[ByKernel]) -> Iterator[str]:
    kernels = sum(len(each.kernels) for each in groups)
    is_affine = subject.accounts.shelved[subject.rendered.id].group is not None
    if len(groups) == 1:
        yield "  the same for all of them" if kernels > 1 else "  there is one kernel"
        return
    yield f"  {len(groups)} values for {kernels} kernels" + (
        "" if is_affine else f"; the object is rendered once, for {subject.kernel}"
    )
    for each in groups[:MAX_VALUES]:
        names = ", ".join(each.kernels[:MAX_KERNELS])
        more = len(each.kernels) - MAX_KERNELS
        yield f"  {names}{f' and {more} more' if more > 0 else ''}: {_value(each.value)}"
    if len(groups) > MAX_VALUES:
        yield f"  and {len(groups) - MAX_VALUES} more"


def _value(value: MaybeValue) -> str:
    """A value in one line, cut where it is long."""
    if isinstance(value, Absent):
        return "not there"
    return _cut(json.dumps(tidy(value), ensure_ascii=False))


def _one_line(text: str) -> str:
    return _cut(" ".join(text.split()))


def _cut(text: str) -> str:
    # Images differ in their ends, names in their beginnings.
    half = MAX_TEXT // 2
    return text if len(text) <= MAX_TEXT else f"{text[:half]}…{text[1 - half :]}"
