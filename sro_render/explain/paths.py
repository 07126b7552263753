"""Key paths: how they are written in a question, and what stands at them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sro_render.errors import InputError, nearest
from sro_render.explain.interface import ABSENT, MaybeValue
from sro_render.gotemplate.reads import Path
from sro_render.model.objects import JsonValue
from sro_render.model.wording import type_name

_STEP = re.compile(
    r"""
    \[ (?: (?P<index> \d+ ) | "(?P<quoted> [^"]* )" | '(?P<single> [^']* )'
         | (?P<by> [^]=\[]+ ) = (?P<is> [^]]* ) | (?P<bare> [^]=\["']+ ) ) \]
    | \.? (?P<key> [^.\[\]]+ )
    """,
    re.VERBOSE,
)
_KEYS = ("quoted", "single", "bare", "key")
_PLAIN_KEY = re.compile(r"[^.\[\]\"' ]+")
_Step = str | int | tuple[str, str]


def parse_field(text: str) -> tuple[_Step, ...]:
    """`spec.containers[0].env[name=A].value`, `metadata.annotations["a.b/c"]`, without the quotes too.

    Returns: keys, positions, and (key, value) for the element of a list that has this value.
    Raises:  InputError `field-path`.
    """
    steps: list[_Step] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise InputError(
                "field-path",
                f"{text!r} is not the path of a field: nothing can be read from {text[position:]!r} on",
                hint='write it as spec.containers[0].image, [name=driver], or annotations["a.b/c"]',
            )
        if match["index"] is not None:
            steps.append(int(match["index"]))
        elif match["by"] is not None:
            steps.append((match["by"], match["is"]))
        else:
            steps.append(
                next(
                    each
                    for each in (match["quoted"], match["single"], match["bare"], match["key"])
                    if each is not None
                )
            )
        position = match.end()
    return tuple(steps)


def resolve(manifest: JsonValue, steps: Sequence[_Step]) -> Path:
    """The path of keys and indices that is meant; keys with dots need no quotes where they are there.

    Raises: InputError `field-unknown`, with what is there instead.
    """
    path: list[str | int] = []
    value, left = manifest, list(steps)
    while left:
        found = _step(value, left, path)
        key, used = found
        path.append(key)
        value = value[key]  # type: ignore[index]
        del left[:used]
    return tuple(path)


def _step(value: JsonValue, steps: Sequence[_Step], path: Sequence[str | int]) -> tuple[Any, int]:
    """The key or index that the next steps mean, and how many of them."""
    first = steps[0]
    if isinstance(value, list):
        if isinstance(first, str) and first.isdigit():
            first = int(first)
        if isinstance(first, int) and first < len(value):
            return first, 1
        if isinstance(first, tuple):
            by, wanted = first
            for index, item in enumerate(value):
                if isinstance(item, dict) and str(item.get(by)) == wanted:
                    return index, 1
        raise _unknown(value, first, path)
    if isinstance(value, dict):
        names = [each for each in steps if isinstance(each, str)][: _leading_texts(steps)]
        for used in range(len(names), 0, -1):
            key = ".".join(names[:used])
            if key in value:
                return key, used
    raise _unknown(value, first, path)


def _leading_texts(steps: Sequence[_Step]) -> int:
    return next((count for count, each in enumerate(steps) if not isinstance(each, str)), len(steps))


def _unknown(value: JsonValue, step: _Step, path: Sequence[str | int]) -> InputError:
    where = show(path) or "the object"
    shown = (
        f"[{'='.join(step)}]" if isinstance(step, tuple) else f"[{step}]" if isinstance(step, int) else step
    )
    hint = ""
    if isinstance(value, dict):
        near = nearest(step, value) if isinstance(step, str) else None
        hint = f"did you mean {near}?" if near else f"it has {', '.join(sorted(value))}"
    elif isinstance(value, list):
        hint = f"it is a list with {len(value)} elements"
        if isinstance(step, tuple):
            names = [str(item.get(step[0])) for item in value if isinstance(item, dict) and step[0] in item]
            hint = f"{step[0]} is {', '.join(names)} there" if names else hint
    else:
        hint = f"it is {type_name(value)}"
    return InputError("field-unknown", f"{where} has no {shown}", hint=hint)


def show(path: Sequence[str | int]) -> str:
    """A path as it is written in a question."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN_KEY.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f'["{key}"]'
    return text


def value_at(value: Any, path: Sequence[str | int]) -> MaybeValue:
    """What stands at a path; `ABSENT` if nothing does."""
    for key in path:
        if isinstance(value, Mapping):
            value = value.get(key, ABSENT)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return ABSENT
    found: MaybeValue = value
    return found


def tidy(value: JsonValue) -> JsonValue:
    """A value as people write it: values files have float64 only, and 2.0 is written 2 there."""
    if isinstance(value, dict):
        return {key: tidy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [tidy(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def leaves(value: JsonValue, path: Path = ()) -> Iterator[tuple[Path, JsonValue]]:
    """The scalars of a value, and its empty mappings and lists, in the order in which they are written."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from leaves(value[key], (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def changes(before: JsonValue, after: JsonValue, path: Path = ()) -> Iterator[Path]:
    """The outermost paths at which two values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            if key in before and key in after:
                yield from changes(before[key], after[key], (*path, key))
            else:
                yield (*path, key)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            if index < len(before) and index < len(after):
                yield from changes(before[index], after[index], (*path, index))
            else:
                yield (*path, index)
    elif before != after or type(before) is not type(after):
        yield path
