"""Patterns for paths.

Matrix: patterns of .helmignore and of .Files.Glob beyond those that helm judges (tests/helm); that no
pattern takes long.
"""

from __future__ import annotations

import pytest

from sro_render.charts.ignore import without_ignored
from sro_render.charts.patterns import matches
from sro_render.charts.scope import parse_glob


@pytest.mark.parametrize(
    ("pattern", "fitting", "other"),
    [
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]),
        ("**/c", ["a/c", "a/b/c"], ["c"]),
        ("a?c", ["abc"], ["a/c", "ac"]),
        ("{a,b{c,d*}}/x", ["a/x", "bc/x", "bde/x"], ["b/x", "bd/e/x"]),
        ("[!a-c]", ["d"], ["a", "b"]),
        ("[abc\\]]", ["]", "c"], ["d"]),
        ("\\*", ["*"], ["a"]),
        ("", [""], ["a"]),
    ],
)
def test_globs_fit_what_they_should(pattern: str, fitting: list[str], other: list[str]) -> None:
    parts = parse_glob(pattern)
    assert [path for path in [*fitting, *other] if matches(parts, path)] == fitting


@pytest.mark.parametrize("pattern", ["{a", "a}", "[a", "\\"])
def test_what_is_no_glob_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_glob(pattern)


def test_patterns_that_regular_expressions_despair_of_are_answered() -> None:
    assert not matches(parse_glob("**a" * 60 + "b"), "a" * 1_000)
    files = {"a" * 1_000: b"", ".helmignore": b"*a" * 60 + b"b"}
    assert "a" * 1_000 in without_ignored(files, "c")
