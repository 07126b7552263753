"""Which API versions are retired, judged by the OpenAPI documents of Kubernetes' own releases.

Matrix: every release that the package kubernetes-validate has schemas of, in pairs: what the next one does
not have any more. Left out: releases before 1.25, for which the deprecation guide is the source, and alpha
versions, which clusters do not serve.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from sro_render.lint.api_versions import RETIRED, find_retired

SPEC = find_spec("kubernetes_validate")
assert SPEC is not None
assert SPEC.submodule_search_locations is not None
FOLDER = Path(SPEC.submodule_search_locations[0]) / "kubernetes-json-schema"
RELEASES = sorted(
    int(match[1]) for path in FOLDER.iterdir() if (match := re.match(r"v1\.(\d+)\.0-local$", path.name))
)
# Answers and helpers of the protocol, which belong to every group.
PROTOCOL = {"DeleteOptions", "Status", "WatchEvent"}


@cache
def kinds(minor: int) -> frozenset[tuple[str, str]]:
    """(API version, kind) of everything that a release serves, alpha versions and lists aside."""
    found: set[tuple[str, str]] = set()
    for path in (FOLDER / f"v1.{minor}.0-local").iterdir():
        schema = json.loads(path.read_text("utf-8"))
        for each in schema.get("x-kubernetes-group-version-kind", ()) if path.name != "all.json" else ():
            version = f"{each['group']}/{each['version']}".removeprefix("/")
            if "alpha" not in version and not each["kind"].endswith("List") and each["kind"] not in PROTOCOL:
                found.add((version, each["kind"]))
    return frozenset(found)


@pytest.mark.parametrize("minor", RELEASES[1:])
def test_what_a_release_dropped_is_known_with_that_release(minor: int) -> None:
    dropped = kinds(minor - 1) - kinds(minor)
    known = {
        (each.api_version, kind) for each in RETIRED if each.removed == (1, minor) for kind in each.kinds
    }
    assert known == dropped


def test_the_oldest_release_has_nothing_that_was_removed_by_then() -> None:
    oldest = RELEASES[0]
    known = {
        (each.api_version, kind)
        for each in RETIRED
        if each.removed and each.removed <= (1, oldest)
        for kind in each.kinds
    }
    assert known & kinds(oldest) == set()


@pytest.mark.parametrize("minor", RELEASES)
def test_a_replacement_is_served_from_the_release_that_is_named(minor: int) -> None:
    """Of what is older than the schemas, only that it is served."""
    wrong = [
        (each, kind)
        for each in RETIRED
        if each.replacement and not each.changes
        for kind in each.kinds
        if ((each.replacement, kind) in kinds(minor)) != (minor >= each.since[1])
    ]
    assert wrong == []


def test_each_api_version_and_kind_stands_in_the_table_once_and_is_removed_after_it_was_deprecated() -> None:
    pairs = [(each.api_version, kind) for each in RETIRED for kind in each.kinds]
    assert len(pairs) == len(set(pairs))
    assert all(each.removed is None or each.removed > each.deprecated for each in RETIRED)


def test_what_is_not_retired_is_not_found() -> None:
    assert find_retired("apps/v1", "Deployment") is None
    assert find_retired("example.com/v1beta1", "CronJob") is None
