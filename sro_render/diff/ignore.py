"""Rules that hide changes: which they are, and which changes each one hides.

A rule is `OBJECT:PATH` or `OBJECT`. OBJECT is a pattern of `Kind/namespace/name` (`Kind/name` for what has no
namespace) in which `*`, `?` and `[…]` mean what they mean to a shell, and `*` also stands for `/`. PATH is
a field's, as it is shown: `spec.template.spec.containers[*].image`; keys with dots stand in brackets, each
part may be a pattern, and all below the field is hidden too. Without PATH the whole object is.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from msgspec import Struct

from sro_render.diff.records import FieldPath, ListKey, ObjectRef
from sro_render.errors import InputError

BUILT_IN = "*:metadata.annotations[sro.openshift.io/digest]"
"""What is hidden unasked: it differs in each object of an SR whenever anything in its chart or spec does."""

_PART = re.compile(r"\[((?:[^][]|\[[^][]*\])+)\]|([^.\[\]]+)")


class IgnoreRule(Struct, frozen=True):
    """A rule. parts: patterns of the path's parts; empty for whole objects."""

    text: str
    object_pattern: re.Pattern[str]
    parts: tuple[re.Pattern[str], ...]

    def hides_object(self, ref: ObjectRef) -> bool:
        """Whether it is about an object."""
        return self.object_pattern.match(str(ref.id)) is not None

    def hides_field(self, path: FieldPath) -> bool:
        """Whether it is about a field of such an object."""
        return len(path) >= len(self.parts) and all(
            pattern.match(_part_text(part)) for pattern, part in zip(self.parts, path, strict=False)
        )


def parse_rule(text: str) -> IgnoreRule:
    """Read a rule.

    Raises: InputError: it is none.
    """
    at = _colon(text)
    pattern, path = (text, "") if at is None else (text[:at], text[at + 1 :])
    parts = _parts(path)
    is_open = text.count("[") != text.count("]")
    if not pattern.strip() or (at is not None and not path) or parts is None or is_open:
        raise InputError(
            "ignore-rule",
            f"{text!r} is no rule of what to ignore",
            hint="write Kind/namespace/name:field.path, such as 'DaemonSet/*:metadata.annotations'",
        )
    return IgnoreRule(text, _pattern(pattern), parts)


def rules_for(rules: Sequence[IgnoreRule], ref: ObjectRef) -> list[IgnoreRule]:
    """The rules that are about an object, in their order."""
    return [rule for rule in rules if rule.hides_object(ref)]


def _colon(text: str) -> int | None:
    """The place of the last colon outside of brackets: names of roles have colons too."""
    depth = 0
    for index in range(len(text) - 1, -1, -1):
        depth += (text[index] == "]") - (text[index] == "[")
        if text[index] == ":" and not depth:
            return index
    return None


def _parts(path: str) -> tuple[re.Pattern[str], ...] | None:
    """The patterns of a path's parts; None if it is no path."""
    found = []
    end = 0
    while end < len(path):
        if end and path[end] == ".":
            end += 1
        part = _PART.match(path, end)
        if part is None:
            return None
        found.append(_pattern(part[1] or part[2]))
        end = part.end()
    return tuple(found)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(text))


def _part_text(part: str | int | ListKey) -> str:
    """A part as a pattern sees it: without the brackets around it."""
    return str(part)[1:-1] if isinstance(part, ListKey) else str(part)
