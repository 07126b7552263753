"""One field: the places that wrote it, the values that they read, the steps and the kernels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from msgspec import Struct

from sro_render.charts.values import GLOBAL
from sro_render.explain.documents import RenderedDocument, find_document
from sro_render.explain.interface import (
    ABSENT,
    ByKernel,
    Condition,
    FieldAccount,
    MaybeValue,
    Subject,
    Touched,
    Value,
    Writer,
)
from sro_render.explain.listing import listing
from sro_render.explain.paths import value_at
from sro_render.explain.secrets import is_secret, masked, masked_field
from sro_render.explain.settings import Settings
from sro_render.gotemplate.reads import Act, Path, Read
from sro_render.gotemplate.traced import Origin
from sro_render.kernels.affinity import place
from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, JsonValue, object_id
from sro_render.pipeline.manifests import Manifest

MAX_VALUES: Final = 8
"""Of the values that one place read, so many are shown where nothing tells which of them is in the field."""


class Explainer(Struct, frozen=True, dict=True):
    """Explains the fields of one object."""

    subject: Subject
    limits: Limits

    @cached_property
    def document(self) -> RenderedDocument | None:
        """What the object's template rendered."""
        return find_document(self.subject, self.limits)

    @cached_property
    def settings(self) -> Settings:
        """Where values were set."""
        accounts = self.subject.accounts
        return Settings(accounts, accounts.values[self.subject.kernel], self.limits)

    @cached_property
    def steps(self) -> tuple[tuple[str, JsonObject], ...]:
        """What was done to the object after templating."""
        return self.subject.accounts.steps(self.subject.rendered)

    @property
    def raw(self) -> JsonObject:
        """The object as its template rendered it; nothing where none did."""
        manifest = self.subject.accounts.shelved[self.subject.rendered.id].manifest
        return manifest.value if manifest.template else {}

    def field(self, path: Path) -> FieldAccount:
        """Everything about one field, which must be there."""
        value = value_at(self.subject.rendered.manifest, path)
        if value is ABSENT:
            raise AssertionError(path)
        origins = self.origins(path)
        is_scalar = not isinstance(value, dict | list) or not value
        manifest = self.subject.rendered.manifest
        shown = value_at(masked(manifest), path)
        account = FieldAccount(
            path=path,
            value=value,  # type: ignore[arg-type]
            writers=_joined([self._writer(each, path if is_scalar else None) for each in origins]),
            conditions=self._conditions(origins),
            steps=self.touched(path),
            by_kernel=tuple(self._by_kernel(path)),
            lines=() if is_scalar else tuple(listing(shown, self, path)),  # type: ignore[arg-type]
        )
        return masked_field(account) if is_secret(manifest, path) else account

    def origins(self, path: Path) -> list[Origin]:
        """Who wrote a field as the template rendered it; nobody if it is not there."""
        value = value_at(self.raw, path)
        if self.document is None or value is ABSENT:
            return []
        if isinstance(value, dict | list) and value:
            key = self.document.span(path, value=False)
            origin = self.document.origin(key) if key else None
            return [origin] if origin else []
        return self.document.origins(path)

    def touched(self, path: Path) -> tuple[Touched, ...]:
        """The steps that changed a field."""
        found = []
        before = value_at(self.raw, path)
        for step, manifest in self.steps:
            after = value_at(manifest, path)
            if not _same(before, after):
                found.append(Touched(step=step, before=before, after=after))
            before = after
        return tuple(found)

    # -- who wrote it

    def _writer(self, origin: Origin, path: Path | None) -> Writer:
        reads = [] if path is None else _relevant(list(_reads_of(origin)), path, value_at(self.raw, path))
        act = origin.acts[-1] if origin.acts else None
        return Writer(
            place=origin.place,
            calls=tuple(reversed(act.calls)) if act else (),
            values=tuple(self._value(each) for each in reads[:MAX_VALUES]),
            more=max(len(reads) - MAX_VALUES, 0),
        )

    def _value(self, read: Read) -> Value:
        return self.settings.value(read)

    def _conditions(self, origins: Iterable[Origin]) -> tuple[Condition, ...]:
        """What the field depends on beside its values, outermost first."""
        guards: dict[tuple[int, int], Act] = {}
        for origin in origins:
            for guard in origin.acts[-1].guards if origin.acts else ():
                guards.setdefault((id(guard.span.source), guard.span.start), guard)
        return tuple(
            Condition(place=guard.span, values=tuple(self._value(each) for each in _outermost(guard.reads)))
            for guard in guards.values()
        )

    # -- kernels

    def _by_kernel(self, path: Path) -> Iterator[ByKernel]:
        groups: list[tuple[MaybeValue, list[str]]] = []
        for kernel, manifest in self._twins():
            value = ABSENT if manifest is None else value_at(manifest, path)
            same = next((kernels for known, kernels in groups if _same(known, value)), None)
            if same is None:
                groups.append((value, [kernel]))
            else:
                same.append(kernel)
        for value, kernels in groups:
            yield ByKernel(value=value, kernels=tuple(kernels))

    def _twins(self) -> Iterator[tuple[str, JsonObject | None]]:
        """The object as each kernel's render has it, whether or not it is written for each kernel."""
        accounts, own = self.subject.accounts, self.subject.accounts.shelved[self.subject.rendered.id]
        if not own.manifest.template:
            for kernel in accounts.values:
                yield kernel, self.subject.rendered.manifest
            return
        position = _position(accounts.rendered[self.subject.kernel], own.manifest)
        for kernel, manifests in accounts.rendered.items():
            twin = _twin(manifests, own.manifest, position)
            if twin is None:
                yield kernel, None
                continue
            group = accounts.values[kernel].group if own.group is not None else None
            placed = place(twin.value, own.placement, group)
            yield kernel, accounts.provenance.mark(placed, own.state, group)


def _position(manifests: Sequence[Manifest], own: Manifest) -> int:
    together = [each for each in manifests if each.template == own.template]
    return next(index for index, each in enumerate(together) if each.value is own.value or each == own)


def _twin(manifests: Sequence[Manifest], own: Manifest, position: int) -> Manifest | None:
    """The object of another kernel: of the same id, or in the same place where the kernel is in its name."""
    together = [each for each in manifests if each.template == own.template]
    same = next((each for each in together if object_id(each.value) == object_id(own.value)), None)
    if same is None and position < len(together):
        found = together[position]
        return found if found.value.get("kind") == own.value.get("kind") else None
    return same


def _same(one: MaybeValue, other: MaybeValue) -> bool:
    return type(one) is type(other) and one == other


def _joined(writers: Iterable[Writer]) -> tuple[Writer, ...]:
    """Places that follow each other in one line as one: text and actions beside each other."""
    joined: list[Writer] = []
    for each in writers:
        last = joined[-1] if joined else None
        if last and last.place.source is each.place.source and last.place.line == each.place.line:
            start, end = min(last.place.start, each.place.start), max(last.place.end, each.place.end)
            known = {value.path for value in last.values}
            joined[-1] = Writer(
                place=each.place.source.span(start, end),
                calls=last.calls,
                values=(*last.values, *(value for value in each.values if value.path not in known)),
                more=last.more + each.more,
            )
        else:
            joined.append(each)
    return tuple(joined)


# -- which reads count


def _reads_of(origin: Origin) -> Iterator[Read]:
    """What the innermost act read, and what the acts around it read themselves, such as arguments."""
    if not origin.acts or origin.acts[-1].is_text:
        return
    *outer, innermost = origin.acts
    yield from _innermost(innermost.reads)
    for act in reversed(outer):
        own = {path: read for path, read in act.reads.items() if _is_at(read, act)}
        yield from (read for read in _innermost(own) if read.path not in innermost.reads)


def _is_at(read: Read, act: Act) -> bool:
    return read.place.source is act.span.source and read.place.start == act.span.start


def _innermost(reads: Mapping[Path, Read]) -> Iterator[Read]:
    """The reads without those of maps and lists on the way to another one."""
    ways = {path[:length] for path in reads for length in range(len(path))}
    # A sub-chart's globals are looked for among its parent's first.
    globals_ = [path[path.index(GLOBAL) :] for path in reads if GLOBAL in path]
    ways |= {path[:length] for path in globals_ for length in range(len(path))}
    yield from (read for path, read in reads.items() if path not in ways)


def _outermost(reads: Mapping[Path, Read]) -> Iterator[Read]:
    """The same of a condition or loop: the list itself, and not each of its elements."""
    lists = {path[:-1] for path in reads if path and isinstance(path[-1], int)}
    inside = {path for path in reads if any(path[:length] in lists for length in range(len(path)))}
    yield from _innermost({path: read for path, read in reads.items() if path not in inside})


def _relevant(reads: list[Read], path: Path, value: MaybeValue) -> list[Read]:
    """Of many values that a place read, those that are in the field: by their key and what they say."""
    if len(reads) < 2 or not isinstance(value, str | int | float | bool):
        return reads
    matching = {read: _common_end(read.path, path) for read in reads}
    best = max(matching.values())
    return [read for read in reads if matching[read] == best] if best else reads


def _common_end(one: Path, other: Path) -> int:
    """How many steps two paths have in common, from their ends."""
    count = 0
    for mine, its in zip(reversed(one), reversed(other), strict=False):
        if mine != its:
            break
        count += 1
    return count


def scalar_paths(value: JsonValue, path: Path = ()) -> Iterator[Path]:
    """Every scalar of an object."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from scalar_paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from scalar_paths(item, (*path, index))
    else:
        yield path
