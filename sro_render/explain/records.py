"""Explanations for programs, as JSON values. Keys are stable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sro_render.explain.interface import (
    Absent,
    FieldAccount,
    Line,
    MaybeValue,
    ObjectAccount,
    Setting,
    Subject,
    Value,
    Writer,
)
from sro_render.explain.paths import show, tidy
from sro_render.source import Span

Record = dict[str, object]


def object_record(account: ObjectAccount) -> Record:
    """An object."""
    return {
        **_head(account.subject),
        "place": _place(account.start),
        "hook": account.hook,
        "steps": [
            {"step": each.step, "paths": [show(path) for path in each.paths]} for each in account.steps
        ],
        "lines": _lines(account.lines),
    }


def field_record(subject: Subject, account: FieldAccount) -> Record:
    """A field."""
    return {
        **_head(subject),
        "field": show(account.path),
        "value": account.value,
        "writers": [_writer(each) for each in account.writers],
        "conditions": [
            {**_placed(each.place), "values": [_value(value) for value in each.values]}
            for each in account.conditions
        ],
        "steps": [
            {"step": each.step, **_maybe("before", each.before), **_maybe("after", each.after)}
            for each in account.steps
        ],
        "dependsOnKernel": len(account.by_kernel) > 1,
        "byKernel": [
            {**_maybe("value", each.value), "kernels": list(each.kernels)} for each in account.by_kernel
        ],
        **({"lines": _lines(account.lines)} if account.lines else {}),
    }


def _head(subject: Subject) -> Record:
    resource, group = subject.resource, subject.accounts.shelved[subject.rendered.id].group
    return {
        "object": str(subject.rendered.id),
        "specialResource": resource.name,
        "chart": {"name": resource.chart_name, "version": resource.chart_version},
        "template": subject.rendered.template,
        "state": subject.state.name,
        "kernel": group.kernel if group else "",
    }


def _writer(writer: Writer) -> Record:
    return {
        "place": _place(writer.place),
        "text": "" if writer.is_secret else writer.place.text,
        "includedFrom": [_place(each) for each in writer.calls],
        "values": [_value(each) for each in writer.values],
        "moreValues": writer.more,
    }


def _value(value: Value) -> Record:
    return {
        "path": show(value.path),
        **_maybe("value", value.value),
        "isSet": not isinstance(value.value, Absent),
        "hasDefault": value.has_default,
        "readAt": _place(value.place),
        "settings": [_setting(each) for each in value.settings],
    }


def _setting(setting: Setting) -> Record:
    return {
        "layer": setting.layer,
        "value": tidy(setting.value),
        "detail": setting.detail,
        "place": _place(setting.span),
        "reads": [_value(each) for each in setting.reads],
    }


def _lines(lines: Sequence[Line]) -> list[Record]:
    return [{"text": each.text, "place": _place(each.place), "steps": list(each.steps)} for each in lines]


def _placed(span: Span) -> Record:
    return {"place": _place(span), "text": span.text}


def _place(span: Span | None) -> Mapping[str, object] | None:
    return {"file": span.source.name, "line": span.line, "column": span.column} if span else None


def _maybe(key: str, value: MaybeValue) -> Record:
    return {} if isinstance(value, Absent) else {key: tidy(value)}
