"""Texts that are the same but for some words, read once.

Matrix: words that may be replaced and those that may not, digests, texts that are not taken.
Left out: that what is read is right (tests/laws/test_diff_laws.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sro_render.errors import YamlError
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext.reader import Document, read_stream
from sro_render.yamltext.repeated import RepeatedTexts


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are read in full."""
    texts: list[str] = []

    def record(source: Source, limits: Limits) -> list[Document]:
        texts.append(source.text)
        return read_stream(source, limits)

    monkeypatch.setattr("sro_render.yamltext.repeated.read_stream", record)
    return texts


DIGESTS = [f"sha256:{digit * 64}" for digit in "0a"]


@pytest.mark.parametrize(
    ("texts", "words", "times"),
    [
        (
            ["a: driver-5.14.0-1.x86_64", "a: driver-5.14.0-2.x86_64"],
            ["5.14.0-1.x86_64", "5.14.0-2.x86_64"],
            1,
        ),
        # A number by itself: with it, a text could be a number.
        (["a: 123456", "a: abcdef"], ["123456", "abcdef"], 2),
        (["a: driver-1e0001", "a: driver-bcdef123"], ["1e0001", "bcdef123"], 2),
        # What is no word may mean something to YAML.
        (["a: 'x y z w'", "a: 'x: y: z'"], ["x y z w", "x: y: z"], 2),
        ([f"a: {DIGESTS[0]}", f"a: {DIGESTS[1]}"], ["", ""], 1),
        # The same digest twice is not two digests.
        ([f"{DIGESTS[0]}: 1\n{DIGESTS[1]}: 2", f"{DIGESTS[0]}: 1\nx: 2"], ["", ""], 2),
    ],
)
def test_what_repeats_is_read_once(
    parsed: list[str], texts: Sequence[str], words: Sequence[str], times: int
) -> None:
    known = RepeatedTexts(Limits())
    for text, word in zip(texts, words, strict=True):
        value = known.read(text, [word])
        assert isinstance(value, dict)
        for key, item in value.items():
            assert key in text
            assert str(item) in text
    assert len(parsed) == times


@pytest.mark.parametrize("text", ["a: \ue000", "", "a: 1\n---\nb: 2", "# nothing"])
def test_what_is_not_one_document_is_not_taken(text: str) -> None:
    assert RepeatedTexts(Limits()).read(text, []) is None


def test_a_fault_is_not_remembered() -> None:
    known = RepeatedTexts(Limits())
    for _ in range(2):
        with pytest.raises(YamlError):
            known.read("a: [", [])
