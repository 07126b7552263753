"""Rendered text is cut where Helm cuts it.

Matrix: separators with and without text behind them, white space around documents, lines counted.
Left out: the meaning of a document; Helm itself as judge (tests/helm).
"""

from __future__ import annotations

import pytest

from sro_render.yamltext.documents import ManifestText, split_manifests


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("", []),
        (" \n\t\n", []),
        ("a: 1\n", [("a: 1\n", 1)]),
        ("---\na: 1\n---\nb: 2\n", [("a: 1\n", 2), ("b: 2\n", 4)]),
        ("\n\n---\n\n\na: 1\n\n---   \n\n  b: 2", [("a: 1\n\n", 6), ("b: 2", 10)]),
        ("---\n---\n\n---\na: 1", [("a: 1", 5)]),
        ("---apiVersion: v1\n---kind: A\n", [("apiVersion: v1\n", 1), ("kind: A\n", 2)]),
        ("--- # first\na: 1\n", [("# first\na: 1\n", 1)]),
        ("------\n", [("---\n", 1)]),
        ("a: |\n  ---\n  b\n", [("a: |\n  ---\n  b\n", 1)]),
        ("a: 1\r\n---\r\nb: 2\r\n", [("a: 1\r\n", 1), ("b: 2\r\n", 3)]),
        ("# only\n# comments\n---\na: 1\n", [("# only\n# comments\n", 1), ("a: 1\n", 4)]),
        ("\x85\xa0\u2003---\na", [("a", 2)]),
        ("\x1c\n---\na", [("\x1c\n", 1), ("a", 3)]),
    ],
)
def test_documents_are_cut_at_lines_that_begin_with_three_dashes(
    text: str, documents: list[tuple[str, int]]
) -> None:
    assert split_manifests(text) == [ManifestText(part, line) for part, line in documents]
