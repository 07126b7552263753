"""What an explanation says, as data; how it reads is for `text` and `records`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from sro_render.gotemplate.reads import Path
from sro_render.model.bundle import RenderedObject, RenderedResource, State
from sro_render.model.objects import JsonValue
from sro_render.pipeline.accounts import Accounts
from sro_render.source import Span


class Absent:
    """The type of `ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
"""What stands at a path where nothing does."""
MaybeValue: TypeAlias = "JsonValue | Absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The object that is asked about.

    twins: how many objects the same template rendered of it, one for each kernel; 1 if it has no kernel.
    """

    resource: RenderedResource
    state: State
    rendered: RenderedObject
    accounts: Accounts
    twins: int = 1

    @property
    def kernel(self) -> str:
        """The kernel whose values the template had; the first one if no template made the object."""
        shelved = self.accounts.shelved[self.rendered.id]
        return shelved.rendered_for or next(iter(self.accounts.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A layer of values that has a value at a path.

    layer:  such as `spec.set`, `runtime value`, `values of the chart`.
    detail: what it is, in words: the fact that a runtime value is, the key path in the spec.
    span:   where it is written, if it is written anywhere.
    reads:  the runtime values that a template in the spec reads.
    """

    layer: str
    value: JsonValue
    detail: str = ""
    span: Span | None = None
    reads: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value that was read.

    place:    where the template reads it.
    settings: the layers that have it, the one that counts first; empty if it is not set anywhere.
    has_default: it is not set, and the template says itself what counts then.
    """

    path: Path
    value: MaybeValue
    place: Span
    settings: tuple[Setting, ...] = ()
    has_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A place that wrote (a part of) a field.

    calls:  the calls of templates that led there, innermost first.
    values: what it read, only what is in the field where that can be told.
    more:   how many more values it read.
    is_secret: it wrote a Secret's data, which is not shown.
    """

    place: Span
    calls: tuple[Span, ...] = ()
    values: tuple[Value, ...] = ()
    more: int = 0
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition or loop without which the field would not be there."""

    place: Span
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A step after templating changed the field."""

    step: str
    before: MaybeValue
    after: MaybeValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ByKernel:
    """A value of the field, and the kernels that have it, in byte order."""

    value: MaybeValue
    kernels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the object as it is written, and what made it: a template's place, or steps."""

    text: str
    place: Span | None = None
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldAccount:
    """A field: who wrote it, of what, and what changed it.

    by_kernel: one entry if it is the same for every kernel.
    lines:     of a mapping or list, its lines as they are written.
    """

    path: Path
    value: JsonValue
    writers: tuple[Writer, ...]
    conditions: tuple[Condition, ...]
    steps: tuple[Touched, ...]
    by_kernel: tuple[ByKernel, ...]
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAccount:
    """A step that changed the object, and the paths that it changed."""

    step: str
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectAccount:
    """An object: where it comes from, what was done to it, and each line's origin."""

    subject: Subject
    start: Span | None
    hook: str
    steps: tuple[StepAccount, ...]
    lines: tuple[Line, ...]
