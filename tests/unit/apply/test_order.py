"""What of a bundle may be applied when.

Matrix: first states, states with and without kernels, what is not affine in a state with kernels, kernels that
are in some states only, dependencies, what SRs share; each by what may start, step after step. Left out: all
combinations of failures, which tests/laws/test_apply_laws.py makes up.
"""

from __future__ import annotations

from msgspec import structs

from sro_apply.planning.order import Step, may_start, plan
from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.progress import Status, StepKey
from sro_render.model.objects import ObjectId


def state(name: str, *kernels: str) -> BundleState:
    """A state with one object for each kernel; an empty one stands for what is not affine."""
    return BundleState(
        name=name,
        objects=tuple(
            BundleObject(
                id=ObjectId("v1", "ConfigMap", "a", f"{name}-{kernel}"), manifest={}, file="", kernel=kernel
            )
            for kernel in kernels
        ),
    )


def resource(name: str, *states: BundleState, needs: tuple[str, ...] = ()) -> BundleResource:
    return BundleResource(name=name, namespace="a", states=states, dependencies=needs)


def steps_of(*resources: BundleResource) -> tuple[Step, ...]:
    return plan(RenderedBundle(cluster="c", resources=resources))


def startable(steps: tuple[Step, ...], *written: StepKey, **statuses: str) -> list[str]:
    """What may start, by `state` or `state/kernel`. Args: statuses: of `SR__state__kernel`."""
    table = {}
    for words, status in statuses.items():
        name, state_name, kernel = words.rsplit("__", 2)
        table[StepKey(name, state_name, kernel)] = Status(status)
    return [
        "/".join(part for part in (step.key.state, step.key.kernel) if part)
        for step in steps
        if step.key not in table and may_start(step, table, written)
    ]


def test_a_namespace_comes_before_all_states() -> None:
    steps = steps_of(resource("sr", state("namespace", ""), state("s0", "k1", "k2")))
    assert startable(steps) == ["namespace"]
    assert startable(steps, sr__namespace__="applied") == []
    assert startable(steps, sr__namespace__="ready") == ["s0/k1", "s0/k2"]


def test_what_the_chart_waits_for_holds_up_the_kernels_beside_it() -> None:
    made = state("s0", "", "k1")
    asking = {"metadata": {"annotations": {"specialresource.openshift.io/wait": "true"}}}
    beside = structs.replace(made.objects[0], manifest=asking)
    steps = steps_of(resource("sr", BundleState(name="s0", objects=(beside, *made.objects[1:]))))
    assert startable(steps, sr__s0__="applied") == []
    assert startable(steps, sr__s0__="ready") == ["s0/k1"]
    assert startable(steps_of(resource("sr", made)), sr__s0__="applied") == ["s0/k1"]


def test_crds_come_after_the_namespace_and_before_all_states() -> None:
    steps = steps_of(resource("sr", state("namespace", ""), state("crds", ""), state("s0", "")))
    assert startable(steps) == ["namespace"]
    assert startable(steps, sr__namespace__="ready") == ["crds"]
    assert startable(steps, sr__namespace__="ready", sr__crds__="ready") == ["s0"]


def test_a_kernel_goes_on_as_soon_as_its_own_objects_are_ready() -> None:
    steps = steps_of(resource("sr", state("s0", "k1", "k2"), state("s1", "k1", "k2")))
    assert startable(steps, sr__s0__k1="ready", sr__s0__k2="applied") == ["s1/k1"]
    assert startable(steps, sr__s0__k1="ready", sr__s0__k2="failed") == ["s1/k1"]
    assert startable(steps, sr__s0__k1="failed", sr__s0__k2="failed") == []


def test_what_is_not_affine_goes_with_the_first_kernel_that_enters_the_state_and_before_it() -> None:
    steps = steps_of(resource("sr", state("s0", "k1", "k2"), state("s1", "", "k1", "k2")))
    assert startable(steps, sr__s0__k1="applied", sr__s0__k2="applied") == []
    assert startable(steps, sr__s0__k1="applied", sr__s0__k2="ready") == ["s1"]
    assert startable(steps, sr__s0__k1="applied", sr__s0__k2="ready", sr__s1__="applied") == ["s1/k2"]
    assert startable(steps, sr__s0__k1="applied", sr__s0__k2="ready", sr__s1__="failed") == []


def test_what_fails_after_it_was_applied_holds_up_no_kernel_beside_it() -> None:
    steps = steps_of(resource("sr", state("s0", "", "k1"), state("s1", "k1")))
    assert startable(steps, sr__s0__="failed") == []
    assert startable(steps, StepKey("sr", "s0"), sr__s0__="failed") == ["s0/k1"]
    assert startable(steps, StepKey("sr", "s0"), sr__s0__="failed", sr__s0__k1="ready") == []


def test_what_goes_with_the_kernels_must_be_ready_before_they_go_on() -> None:
    steps = steps_of(resource("sr", state("s0", "", "k1"), state("s1", "k1")))
    assert startable(steps) == ["s0"]
    assert startable(steps, sr__s0__="applied", sr__s0__k1="ready") == []
    assert startable(steps, sr__s0__="ready", sr__s0__k1="ready") == ["s1/k1"]


def test_a_state_without_kernels_waits_until_each_is_ready_or_has_failed_and_one_is_ready() -> None:
    steps = steps_of(resource("sr", state("s0", "k1", "k2"), state("s1", "")))
    assert startable(steps, sr__s0__k1="ready", sr__s0__k2="applied") == []
    assert startable(steps, sr__s0__k1="ready", sr__s0__k2="failed") == ["s1"]
    assert startable(steps, sr__s0__k1="ready", sr__s0__k2="ready") == ["s1"]
    assert startable(steps, sr__s0__k1="failed", sr__s0__k2="failed") == []


def test_kernels_go_on_after_a_state_without_them_and_one_that_failed_does_not() -> None:
    steps = steps_of(resource("sr", state("s0", "k1", "k2"), state("s1", ""), state("s2", "k1", "k2")))
    assert startable(steps, sr__s0__k1="ready", sr__s0__k2="failed", sr__s1__="ready") == ["s2/k1"]


def test_a_kernel_that_a_state_does_not_have_goes_past_it() -> None:
    steps = steps_of(resource("sr", state("s0", "k1", "k2"), state("s1", "k2"), state("s2", "k1")))
    assert startable(steps, sr__s0__k1="ready", sr__s0__k2="applied") == ["s2/k1"]


def test_a_dependency_is_ready_before_its_dependents_but_for_their_namespaces() -> None:
    steps = steps_of(
        resource("base", state("namespace", ""), state("b0", "k1", "k2")),
        resource("sr", state("namespace", ""), state("s0", ""), needs=("base",)),
    )
    assert startable(steps) == ["namespace", "namespace"]
    namespaces = {"base__namespace__": "ready", "sr__namespace__": "ready"}
    assert startable(steps, **namespaces) == ["b0/k1", "b0/k2"]
    assert startable(steps, **namespaces, base__b0__k1="ready", base__b0__k2="applied") == []
    assert startable(steps, **namespaces, base__b0__k1="ready", base__b0__k2="failed") == ["s0"]


def test_what_srs_share_comes_after_all_namespaces_and_before_all_states() -> None:
    steps = steps_of(
        resource("_shared", state("s9", "")),
        resource("sr", state("namespace", ""), state("s0", ""), needs=("_shared",)),
        resource("to", state("namespace", ""), needs=("_shared",)),
    )
    assert startable(steps, sr__namespace__="ready") == ["namespace"]
    assert startable(steps, sr__namespace__="ready", to__namespace__="ready") == ["s9"]
    assert startable(steps, sr__namespace__="ready", to__namespace__="ready", _shared__s9__="ready") == ["s0"]


def test_namespaces_and_crds_of_all_srs_come_first_among_what_may_start_at_once() -> None:
    steps = steps_of(
        resource("a", state("a0", "k2", "k1")), resource("b", state("namespace", ""), state("b0", ""))
    )
    assert [str(step.key) for step in steps] == [
        "b / namespace",
        "a / a0 / k1",
        "a / a0 / k2",
        "b / b0",
    ]
