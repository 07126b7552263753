"""Texts that are the same but for some words, such as the manifests of many kernels: read once.

Decides when that is right. The words are replaced by placeholders, and what is left is read; the next text
with the same rest is made of that, with its own words. A word must mean the same wherever it stands: it has
letters, digits and `.-_+~` alone, and by itself it is a text in YAML, not a number. Digests behind
`sha256:` are such words too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from sro_render.limits import Limits
from sro_render.model.objects import JsonValue
from sro_render.source import Source
from sro_render.yamltext.reader import read_stream
from sro_render.yamltext.scalars import resolve

_WORD = re.compile(r"[A-Za-z0-9._+~-]{6,}")
# Behind `sha256:` no digits are a number. The pattern begins with plain characters, which are found fast.
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})(?![0-9A-Za-z_])")
# Of the private use area: they mean nothing to YAML, and a text that has some itself is not taken.
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACEHOLDER = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_TAKEN = re.compile(f"[{_OPEN}{_CLOSE}]")


class RepeatedTexts:
    """Reads texts of one document each, and remembers what they have in common."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # None: the text has no value, or several.
        self._known: dict[str, str | None] = {}

    def read(self, text: str, words: Sequence[str]) -> JsonValue:
        """The value of the one document of a text, made of another text's if it can be; None if it cannot.

        Args:   words: what differs from text to text, the longest first.
        Raises: YamlError, or a group of them: the first text of its kind is no YAML; its places are not the
                text's own.
        """
        if _TAKEN.search(text):
            return None
        template, found = _template(text, words)
        if template not in self._known:
            documents = read_stream(Source("", template), self._limits)
            self._known[template] = (
                json.dumps(documents[0].value, ensure_ascii=False) if len(documents) == 1 else None
            )
        known = self._known[template]
        if known is None:
            return None
        value: JsonValue = json.loads(_PLACEHOLDER.sub(lambda place: found[int(place[1])], known))
        return value


def _template(text: str, words: Sequence[str]) -> tuple[str, list[str]]:
    """The text with placeholders, and what they stand for; equal words have one placeholder."""
    numbers: dict[str, int] = {}
    for word in words:
        if _WORD.fullmatch(word) and isinstance(resolve(word), str) and word in text:
            text = text.replace(word, _placeholder(numbers.setdefault(word, len(numbers))))
    text = _DIGEST.sub(
        lambda found: f"sha256:{_placeholder(numbers.setdefault(found[1], len(numbers)))}", text
    )
    return text, list(numbers)


def _placeholder(number: int) -> str:
    return f"{_OPEN}{number}{_CLOSE}"
