"""A diff for programs.

Matrix: the schema that ships as judge of every sample; that folding loses nothing; fields that are not set.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import diff_samples
import pytest
from msgspec import UNSET

from sro_render.diff.records import ChangeKind, Diff, FieldChange, ListKey
from sro_render.edges.schemas import validator
from sro_render.review.diff_json import KIND_NAMES, diff_json_report

SAMPLES = [diff_samples.upgrade, diff_samples.hostile, lambda: diff_samples.large(50)]


def document(diff: Diff) -> Any:
    return json.loads(diff_json_report(diff))


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_schema_accepts_it(sample: Callable[[], Diff]) -> None:
    assert [str(error) for error in validator("Diff").iter_errors(document(sample()))] == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_folded_changes_name_each_change_once(sample: Callable[[], Diff]) -> None:
    found = document(sample())
    places = [place for folded in found["folded"] for place in folded["changes"]]
    assert sorted(places) == list(range(len(found["changes"])))
    assert all(folded["shown"] in folded["changes"] for folded in found["folded"])


def test_the_summary_counts_objects_and_nodes() -> None:
    assert document(diff_samples.upgrade())["summary"] == {
        "added": 1,
        "changed": 6,
        "removed": 1,
        "rolledOver": 1,
        "kept": 0,
        "nodesTouched": 8,
        "nodesWithoutDriver": 1,
    }


def test_a_side_that_is_not_set_has_no_key_and_null_is_a_value() -> None:
    change = diff_samples.changed(
        diff_samples.ref("ConfigMap", "a", "1000-a"),
        FieldChange(path=("data", 0, ListKey((("name", "a"), ("kind", "b")))), before=UNSET, after=None),
    )
    diff = diff_samples.upgrade()
    (field,) = document(
        Diff(before=diff.before, after=diff.after, changes=(change,), folded=(diff_samples.folded(change),))
    )["changes"][0]["fields"]
    assert field == {
        "path": ["data", 0, {"name": "a", "kind": "b"}],
        "field": "data[0][name=a,kind=b]",
        "after": None,
        "masked": False,
        "followsKernel": False,
        "marks": [],
    }


def test_every_kind_of_change_has_its_name_in_the_schema() -> None:
    assert set(KIND_NAMES) == set(ChangeKind)


def test_text_that_utf_8_cannot_carry_is_escaped() -> None:
    diff_json_report(diff_samples.hostile()).encode()
