"""Pipelines of traced templates: they tell the run's recorder what variables and the dot stand for.

Gives every value that `pipelines` gives; decides only what is told beside it, and does nothing but pass
values on where the run has no recorder.
"""

from __future__ import annotations

from typing import Any

from sro_render.gotemplate.nodes import Chain, Dot, Field, Operand, Variable
from sro_render.gotemplate.pipelines import PipeCompiler
from sro_render.gotemplate.reads import is_watched
from sro_render.gotemplate.runtime import RUN, Frame, Getter
from sro_render.gotemplate.values import NamedMap


class ReadingPipes(PipeCompiler):
    """Compiles pipelines that tell."""

    def setter(self, variable: Variable, get: Getter) -> Getter:
        """A variable stands for what its pipeline read."""
        set_variable, slot = super().setter(variable, get), variable.slot
        if slot is None:
            return set_variable

        def tell_set(dot: Any, frame: Frame) -> Any:
            value, reads = set_variable(dot, frame), frame[RUN].reads
            if reads is not None:
                reads.keep_variable(frame, slot, {} if is_watched(value) else reads.read_so_far())
            return value

        return tell_set

    def variable(self, node: Variable) -> Getter:
        """A variable whose value does not tell itself that it is read."""
        get_variable, slot = super().variable(node), node.slot
        if slot is None:
            return get_variable

        first = node.names[0] if node.names else None

        def tell_variable(dot: Any, frame: Frame) -> Any:
            value, reads = get_variable(dot, frame), frame[RUN].reads
            if reads is not None and not _tells(value, first):
                reads.use_variable(frame, slot)
            return value

        return tell_variable

    def operand(self, node: Operand) -> Getter:
        """The dot, likewise."""
        get = super().operand(node)
        return _telling_dot(get) if isinstance(node, Dot) else get

    def chain(self, node: Field | Variable | Chain) -> Getter:
        """A field of a dot that is a map of the template's own."""
        get = super().chain(node)
        return _telling_dot(get, node.names[0]) if isinstance(node, Field) else get


def _tells(value: object, field: str | None = None) -> bool:
    """Whether reading from a value, or a field of it, is noted by the value or what it holds.

    Watched values note it, and the scope holds them. `dict "root" $ "name" NAME` is read by its field.
    """
    if field is not None and type(value) is dict and field in value:
        return _tells(value[field])
    return is_watched(value) or isinstance(value, NamedMap)


def _telling_dot(get: Getter, field: str | None = None) -> Getter:
    def tell_dot(dot: Any, frame: Frame) -> Any:
        reads = frame[RUN].reads
        if reads is not None and not _tells(dot, field):
            reads.use_dot()
        return get(dot, frame)

    return tell_dot
