"""What changes and objects are called without their kernel: that is how they are seen to be the same.

Decides what is a kernel's own: its string, the label's value and the name's part made of it, its hash, and
digests of images, which are another kernel's toolkit or driver. Each is replaced in the text of a value by a
placeholder that no text has; what is the same then is the same change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct, UnsetType

from sro_render.diff.records import FieldChange, FieldPath, ListKey, ObjectRef
from sro_render.kernels.facts import kernel_label_value
from sro_render.model.inventory import KernelVersion
from sro_render.model.objects import JsonValue

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
# In JSON a NUL is written \u0000: no text has the character itself.
_KERNEL, _LABEL, _NAME, _BARE, _SUFFIX, _DIGEST_NUMBER = "\0K", "\0L", "\0N", "\0B", "\0S", "\0D"
_SHORTEST_WORD = 6
_ABSENT = "\0-"


class KernelWords(Struct, frozen=True):
    """What is an object's own kernel's, longest first, and what stands for it."""

    words: tuple[tuple[str, str], ...]

    def without(self, text: str) -> str:
        """A JSON text with placeholders."""
        for word, placeholder in self.words:
            text = text.replace(word, placeholder)
        return text


def kernel_words(*refs: ObjectRef | None) -> KernelWords:
    """The words of the kernels of an object before and after; none for an object that exists once."""
    return _words(*((ref.kernel, ref.suffix) for ref in refs if ref is not None))


@lru_cache(maxsize=4096)
def _words(*kernels: tuple[str, str]) -> KernelWords:
    found: dict[str, str] = {}
    for side, (kernel, suffix) in enumerate(kernels):
        if kernel:
            bare, dot, _ = kernel.rpartition(".")
            for word, placeholder in (
                (suffix, _SUFFIX),
                (kernel, _KERNEL),
                (kernel_label_value(KernelVersion(kernel)), _LABEL),
                (kernel.replace("_", "-"), _NAME),
                (bare if dot else "", _BARE),
            ):
                if len(word) >= _SHORTEST_WORD:
                    # One kernel on both sides has one placeholder, two kernels have two.
                    found.setdefault(json.dumps(word, ensure_ascii=False)[1:-1], f"{placeholder}{side}")
    return KernelWords(tuple(sorted(found.items(), key=lambda item: (-len(item[0]), item[0]))))


def value_text(value: JsonValue | UnsetType) -> str:
    """A value as JSON that depends on the value alone."""
    if isinstance(value, UnsetType):
        return _ABSENT
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def path_text(path: FieldPath) -> str:
    """A path as JSON."""
    parts = [list(each.fields) if isinstance(each, ListKey) else each for each in path]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def fields_text(fields: Sequence[FieldChange]) -> str:
    """All that changes as one text."""
    return "\n".join(
        f"{path_text(each.path)} {value_text(each.before)} {value_text(each.after)}" for each in fields
    )


def without_digests(text: str) -> tuple[str, tuple[str, ...]]:
    """A text with digests by their number in it, so that equal ones are still equal; and the digests."""
    numbers: dict[str, str] = {}
    text = _DIGEST.sub(lambda found: numbers.setdefault(found[0], f"{_DIGEST_NUMBER}{len(numbers)}"), text)
    return text, tuple(numbers)


def follows_kernel(change: FieldChange, before: KernelWords, after: KernelWords) -> bool:
    """Whether a field of a rollover differs by the two kernels' words alone.

    Args: before, after: of the object before alone, and of that after alone.
    """
    if isinstance(change.before, UnsetType) or isinstance(change.after, UnsetType):
        return False
    return before.without(value_text(change.before)) == after.without(value_text(change.after))
