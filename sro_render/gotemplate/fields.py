"""Field chains: what `.a.b`, `$x.a.b` and `(f).a.b` reach, and how a chain that breaks is reported.

Only keys of maps and what a `GoObject` declares can be reached; Python's attributes never.

Source: text/template/exec.go `evalFieldChain`, `evalField`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sro_render.errors import nearest
from sro_render.gotemplate.functions import Function, FunctionError, function_of
from sro_render.gotemplate.runtime import RUN, Frame, Getter
from sro_render.gotemplate.values import NIL, GoMethod, GoObject, Missing, NamedMap, type_label
from sro_render.source import Source, Span

CallMethod = Callable[[Function, object, Any, Frame], Any]
"""Calls a method with the arguments that stand behind a chain: method, receiver, context, frame."""

_ABSENT: Final = object()


class FieldChain:
    """The names of one chain, at its place.

    Args:
        source: the template's text.
        start, end: where the chain stands in it.
        prefix: what stands before the first dot, as messages show it: ``, `$x` or `(…)`.
        names: the fields, at least one.
        call_method: where arguments follow the chain: gives them to the method that it ends in.
    """

    __slots__ = ("call_method", "end", "names", "prefix", "source", "start")

    def __init__(
        self,
        source: Source,
        start: int,
        end: int,
        prefix: str,
        names: tuple[str, ...],
        *,
        call_method: CallMethod | None = None,
    ) -> None:
        self.source: Final = source
        self.start: Final = start
        self.end: Final = end
        self.prefix: Final = prefix
        self.names: Final = names
        self.call_method: Final = call_method

    def getter(self, start: Getter | None) -> Getter:
        """The chain without arguments, from what `start` gives; from dot where that is None."""
        names, walk = self.names, self.walk
        if not NamedMap.method_names.isdisjoint(names):
            return lambda dot, frame: walk(start(dot, frame) if start else dot, dot, frame)
        # Only maps answer to a string in brackets: whatever else comes, comes by the slow way.
        if start is not None:

            def get_from(dot: Any, frame: Frame) -> Any:
                value = first = start(dot, frame)
                try:
                    for name in names:
                        value = value[name]
                except (KeyError, TypeError):
                    return walk(first, dot, frame)
                return value

            return get_from
        if len(names) == 1:
            only = names[0]

            def get_one(dot: Any, frame: Frame) -> Any:
                try:
                    return dot[only]
                except (KeyError, TypeError):
                    return walk(dot, dot, frame)

            return get_one

        def get(dot: Any, frame: Frame) -> Any:
            value = dot
            try:
                for name in names:
                    value = value[name]
            except (KeyError, TypeError):
                return walk(dot, dot, frame)
            return value

        return get

    def walk(self, value: Any, context: Any, frame: Frame) -> Any:
        """Follow the chain step by step; `context` goes to `call_method` as it is."""
        if value is None or value.__class__ is Missing:
            # A value that was nil before the chain began has no fields, but no error either.
            return value
        for index in range(len(self.names)):
            value = self.field(value, index, context, frame)
        return value

    def field(self, value: Any, index: int, context: Any, frame: Frame) -> Any:
        """The field at `index` of the chain, of `value`."""
        name, has_arguments = self.names[index], self.call_method is not None and index == len(self.names) - 1
        if isinstance(value, dict):
            method = value.go_methods.get(name) if isinstance(value, NamedMap) else None
            if method is not None:
                return self.call_found(method, value, index, context, frame)
            if has_arguments:
                self.fail(frame, index, f"{self.path(index)} is no method, but has arguments")
            found = value.get(name, _ABSENT)
            if found is not _ABSENT:
                return found
            zero = getattr(type(value), "zero", None)
            return Missing(self.span(index), self.path(index), name, value) if zero is None else zero
        if isinstance(value, GoObject):
            return self.member(value, index, context, frame)
        if value is None or value is NIL or value.__class__ is Missing:
            self.fail_nil(value, index, frame)
        self.fail(
            frame,
            index,
            f"{self.path(index - 1) or '.'} is of type {type_label(value)}, which has no field {name}",
        )
        return None

    def member(self, value: GoObject, index: int, context: Any, frame: Frame) -> Any:
        """A method, field or key of a Go object, in this order."""
        name, has_arguments = self.names[index], self.call_method is not None and index == len(self.names) - 1
        method = value.go_methods.get(name)
        if method is not None:
            return self.call_found(method, value, index, context, frame)
        fields = value.go_fields()
        if name in fields:
            if has_arguments:
                self.fail(frame, index, f"{self.path(index)} is no method, but has arguments")
            return fields[name]
        underlying = value.go_underlying()
        if isinstance(underlying, dict):
            return self.field(underlying, index, context, frame)
        near = nearest(name, [*fields, *value.go_methods])
        message = f"{self.path(index - 1) or '.'} is of type {value.go_type}, which has no field {name}"
        self.fail(frame, index, message, hint=f"did you mean {near}?" if near else "")
        return None

    def call_found(self, method: GoMethod, receiver: object, index: int, context: Any, frame: Frame) -> Any:
        """A method that the chain names at `index`; only the last of the chain has arguments."""
        function = function_of(method)
        if self.call_method is not None and index == len(self.names) - 1:
            return self.call_method(function, receiver, context, frame)
        return self.call_alone(function, receiver, index, frame)

    def call_alone(self, function: Function, receiver: object, index: int, frame: Frame) -> Any:
        """A method without arguments."""
        run = frame[RUN]
        span = self.span(index)
        try:
            function.check_count(0)
            if not function.wants_run:
                return function.call(receiver)
            run.span = span
            return function.call(run, receiver)
        except FunctionError as fault:
            raise run.error(fault, span) from None

    def path(self, index: int) -> str:
        """The chain up to the name at `index`; -1 gives what stands before it."""
        return self.prefix + "".join(f".{name}" for name in self.names[: index + 1])

    def span(self, index: int) -> Span:
        """The place of the chain up to the name at `index`."""
        behind = sum(len(name) + 1 for name in self.names[index + 1 :])
        return self.source.span(self.start, max(self.end - behind, self.start + 1))

    def fail_nil(self, value: object, index: int, frame: Frame) -> None:
        """A field of nil is asked for."""
        name, path = self.names[index], self.path(index - 1) or "."
        if isinstance(value, Missing):
            near = nearest(value.key, value.candidates)
            hint = (
                f"did you mean {near}?" if near else f"set it, or guard this place with {{{{ with {path} }}}}"
            )
            message = f"{path} is not set, so it has no field {name}"
        else:
            hint, message = (
                f"guard this place with {{{{ with {path} }}}}",
                f"{path} is null, so it has no field {name}",
            )
        self.fail(frame, max(index - 1, 0), message, hint=hint, code="template-nil-pointer")

    def fail(
        self, frame: Frame, index: int, message: str, *, hint: str = "", code: str = "template-runtime"
    ) -> None:
        """The one way out for faults."""
        raise frame[RUN].error(FunctionError(message, hint=hint, code=code), self.span(index))
