"""What an explanation says, as data; how it reads is for `text` and `records`."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

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


class Subject(Struct, frozen=True, kw_only=True):
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


class Setting(Struct, frozen=True, kw_only=True):
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


class Value(Struct, frozen=True, kw_only=True):
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


class Writer(Struct, frozen=True, kw_only=True):
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


class Condition(Struct, frozen=True, kw_only=True):
    """A condition or loop without which the field would not be there."""

    place: Span
    values: tuple[Value, ...] = ()


class Touched(Struct, frozen=True, kw_only=True):
    """A step after templating changed the field."""

    step: str
    before: MaybeValue
    after: MaybeValue


class ByKernel(Struct, frozen=True, kw_only=True):
    """A value of the field, and the kernels that have it, in byte order."""

    value: MaybeValue
    kernels: tuple[str, ...]


class Line(Struct, frozen=True, kw_only=True):
    """A line of the object as it is written, and what made it: a template's place, or steps."""

    text: str
    place: Span | None = None
    steps: tuple[str, ...] = ()


class FieldAccount(Struct, frozen=True, kw_only=True):
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


class StepAccount(Struct, frozen=True, kw_only=True):
    """A step that changed the object, and the paths that it changed."""

    step: str
    paths: tuple[Path, ...]


class ObjectAccount(Struct, frozen=True, kw_only=True):
    """An object: where it comes from, what was done to it, and each line's origin."""

    subject: Subject
    start: Span | None
    hook: str
    steps: tuple[StepAccount, ...]
    lines: tuple[Line, ...]
