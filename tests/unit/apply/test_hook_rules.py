"""Hooks that run once: which they are, when they go, and what is remembered of them.

Matrix: kinds and annotations; policies; revisions; records that are there, not there and damaged. Left out: Jobs that
run (tests/cluster/test_hooks.py).
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.planning.hooks import (
    RAN,
    goes_now,
    is_in_the_way,
    judge_hook,
    policies_of,
    read_record,
    record_patch,
    revision_of,
    runs_anew,
    runs_once,
    with_run_revision,
)
from sro_apply.planning.verdict import READY, Verdict, failure, progress

Object = dict[str, Any]


def hook(kind: str = "Job", *, policy: str | None = None, version: str = "", image: str = "a") -> Object:
    annotations = {"helm.sh/hook": "pre-install"}
    if policy is not None:
        annotations["helm.sh/hook-delete-policy"] = policy
    return {
        "apiVersion": version or {"Job": "batch/v1", "Pod": "v1"}.get(kind, "v1"),
        "kind": kind,
        "metadata": {"name": "h", "annotations": annotations},
        "spec": {"image": image},
    }


def test_jobs_and_pods_run_once_and_other_hooks_stay() -> None:
    assert runs_once(hook("Job"))
    assert runs_once(hook("Pod"))
    assert not runs_once(hook("ConfigMap"))
    assert not runs_once(hook("Job", version="example.com/v1"))
    job = {**hook("Job"), "metadata": {"name": "h"}}
    assert not runs_once(job)
    passing = {**job, "spec": {"ttlSecondsAfterFinished": 60}}
    assert runs_once(passing)
    assert not policies_of(passing)


def test_only_what_a_hook_does_is_its_revision() -> None:
    marked = with_run_revision(hook())
    assert revision_of(marked)
    assert revision_of(with_run_revision(hook(policy="hook-failed"))) == revision_of(marked)
    assert revision_of(with_run_revision(hook(image="b"))) != revision_of(marked)
    other = hook("ConfigMap")
    assert with_run_revision(other) is other


@pytest.mark.parametrize(
    ("policy", "policies"),
    [
        (None, {"before-hook-creation"}),
        ("", {"before-hook-creation"}),
        ("hook-succeeded", {"hook-succeeded"}),
        ("before-hook-creation, hook-failed", {"before-hook-creation", "hook-failed"}),
    ],
)
def test_without_a_policy_the_one_before_it_goes(policy: str | None, policies: set[str]) -> None:
    assert policies_of(hook(policy=policy)) == policies


@pytest.mark.parametrize(
    ("kind", "status", "policy", "anew"),
    [
        ("Job", {"conditions": [{"type": "Failed", "status": "True"}]}, None, True),
        ("Job", {"conditions": [{"type": "Failed", "status": "True"}]}, "hook-succeeded", False),
        ("Job", {"conditions": [{"type": "Failed", "status": "False"}], "failed": 1}, None, False),
        ("Job", {"conditions": [{"type": "Complete", "status": "True"}]}, None, False),
        ("Pod", {"phase": "Failed"}, None, True),
        ("Pod", {"phase": "Failed"}, "hook-failed", False),
        ("Pod", {"phase": "Running"}, None, False),
    ],
)
def test_what_failed_in_an_earlier_run_makes_way_where_it_may_go(
    kind: str, status: Object, policy: str | None, anew: bool
) -> None:
    wanted = with_run_revision(hook(kind, policy=policy))
    assert runs_anew({**wanted, "status": status}, wanted) == anew


def test_what_failed_and_is_none_of_ours_stays() -> None:
    failed = {**hook(), "status": {"conditions": [{"type": "Failed", "status": "True"}]}}
    assert not runs_anew(failed, with_run_revision(hook()))


def test_only_another_revision_is_in_the_way_and_only_where_it_may_go() -> None:
    one, two = with_run_revision(hook()), with_run_revision(hook(image="b"))
    assert not is_in_the_way(one, one)
    assert is_in_the_way(one, two)
    assert not is_in_the_way(one, with_run_revision(hook(image="b", policy="hook-succeeded")))
    # One from before it had a revision is taken for this one.
    assert not is_in_the_way(hook(), two)
    going = {**one, "metadata": {**one["metadata"], "deletionTimestamp": "now"}}  # type: ignore[dict-item]
    assert is_in_the_way(going, one)


@pytest.mark.parametrize(
    ("policy", "found", "goes"),
    [
        ("hook-succeeded", READY, True),
        ("hook-succeeded", failure("x"), False),
        ("hook-failed", failure("x"), True),
        ("hook-succeeded,hook-failed", progress("x"), False),
        # Its pod has yet to get its image.
        ("hook-failed", failure("x", is_retried=True), False),
        (None, READY, False),
    ],
)
def test_a_hook_goes_when_its_policy_says_so(policy: str | None, found: Verdict, goes: bool) -> None:
    assert goes_now(hook(policy=policy), found) is goes


def test_a_pod_has_run_when_it_has_ended() -> None:
    running, ended = (
        {**hook("Pod"), "status": {"phase": "Running"}},
        {**hook("Pod"), "status": {"phase": "Succeeded"}},
    )
    assert judge_hook(running, READY) == progress("the pod has not completed")
    assert judge_hook(ended, READY) == READY
    assert judge_hook(running, failure("x")) == failure("x")
    assert judge_hook(hook("Job"), READY) == READY


@pytest.mark.parametrize("text", [None, "", "{", "[]", "7"])
def test_a_record_that_is_damaged_is_none(text: str | None) -> None:
    parent: Any = {"metadata": {"annotations": {RAN: text} if text is not None else {}}}
    assert read_record(parent) == {}
    assert read_record(None) == {}


def test_what_ran_is_remembered_as_long_as_the_bundle_has_it() -> None:
    patch: Any = record_patch(
        {"b.yaml": "1", "a.yaml": "2", "gone.yaml": "3"}, {"a.yaml", "b.yaml", "c.yaml"}
    )
    assert read_record(patch) == {"a.yaml": "2", "b.yaml": "1"}
