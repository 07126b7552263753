"""How a bundle falls into parts, steps and lanes, and what the tools' own objects are called.

Matrix: states that are not affine before, between and after affine ones; what exists once in an affine
state; names that would be alike. Left out: what waits for what, which tests/laws/test_target_laws.py shows.
"""

from __future__ import annotations

import pytest

from sro_render.model.lock import LockedResource, LockedState
from sro_render.model.objects import JsonObject
from sro_render.targets.parts import object_name, read_parts


def thing(kernel: str = "") -> JsonObject:
    annotations: JsonObject = {"sro.openshift.io/kernel": kernel} if kernel else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "annotations": annotations}}


def steps(*paths: str) -> list[tuple[list[str], dict[str, list[str]]]]:
    """Folders of what exists once and of each lane, step by step, of an SR with the states 0 to 4."""
    objects = {f"a/{path}/x.yaml": thing(path.partition("/")[2] if "/k" in path else "") for path in paths}
    states = tuple(LockedState(name=str(number)) for number in range(5))
    resource = LockedResource(name="a", namespace="a", chart_digest="", states=states)
    found = read_parts(objects, [resource])
    return [
        (
            [part.folder.removeprefix("a/") for part in step.common],
            {lane.kernel: [part.folder.removeprefix("a/") for part in lane.parts] for lane in step.lanes},
        )
        for step in (found[0].steps if found else ())
    ]


def test_a_lane_goes_through_all_affine_states_and_what_is_not_affine_comes_between() -> None:
    assert steps("0", "1/k1", "1/k2", "2/k1", "3", "4/k2") == [
        (["0"], {"k1": ["1/k1", "2/k1"], "k2": ["1/k2"]}),
        (["3"], {"k2": ["4/k2"]}),
    ]


def test_what_is_there_at_once_comes_before_the_lanes_and_workloads_beside_them() -> None:
    assert steps("0", "1/common", "1/workloads", "1/k1", "2/common", "2/k1", "3") == [
        (["0", "1/common", "2/common"], {"": ["1/workloads"], "k1": ["1/k1", "2/k1"]}),
        (["3"], {}),
    ]


def test_an_affine_state_may_be_the_first() -> None:
    assert steps("0/k1", "1") == [([], {"k1": ["0/k1"]}), (["1"], {})]


def test_a_resource_without_files_has_no_parts() -> None:
    assert steps() == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a-b", "c"), ("a", "b-c")),
        (("a", "5.14.x86_64"), ("a", "5.14.x86-64")),
        (("a", "b" * 90 + "c"), ("a", "b" * 90 + "d")),
    ],
)
def test_names_that_read_alike_differ(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    names = object_name(*one), object_name(*other)
    assert names[0] != names[1]
    assert all(len(name) <= 63 for name in names)


def test_a_name_says_what_it_is_of() -> None:
    name = object_name("lab", "orion", "", "5.14.0-284.el9_2.x86_64")
    assert name.startswith("lab-orion-5.14.0-284.el9-2.x86-64-")
