"""Which word a misspelt one can only be meant for, so that it may be mended without asking.

Matrix: case and dashes, each slip of the fingers, lengths, several candidates. Left out: `nearest`, which
only suggests (its hints are asserted wherever one is given).
"""

from __future__ import annotations

import pytest

from sro_render.errors import only_meant

WORDS = ("kernelFullVersion", "driverToolkitImage", "nodeSelector", "chart", "set", "name", "names")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("KernelFullVersion", "kernelFullVersion"),
        ("kernel_full-version", "kernelFullVersion"),
        ("kernelFullVersoin", "kernelFullVersion"),  # swapped
        ("kernelFulVersion", "kernelFullVersion"),  # left out
        ("kernelFullVersionn", "kernelFullVersion"),  # added
        ("kernelFullVersjon", "kernelFullVersion"),  # replaced
        ("nodeSelektr", "nodeSelector"),  # two of them in a long word
        ("nodeSelcktr", None),  # three
        ("chatr", "chart"),
        ("chrat", "chart"),
        ("carth", None),  # two in a short word
        ("SET", "set"),
        ("sat", None),  # a word of three letters is too short to guess
        ("namex", None),  # name and names, as far each
        ("Names", "names"),  # the same letters come before slips
        ("chart", None),  # is one itself
        ("somethingElse", None),
        ("", None),
    ],
)
def test_a_word_is_meant_if_nothing_else_can_be(word: str, meant: str | None) -> None:
    found = only_meant(word, WORDS)
    assert (found.right if found else None) == meant
    assert found is None or found.wrong == word


def test_two_words_of_the_same_letters_are_not_told_apart() -> None:
    assert only_meant("NodeSelector", ["nodeSelector", "node-selector"]) is None


def test_there_is_nothing_to_mean_among_no_words() -> None:
    assert only_meant("chart", []) is None
