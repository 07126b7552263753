"""Each single right that `sro-apply manifests` prints is taken away once, and what lacks it says so.

Matrix: every right (verb, resource, name) for sync, for run (with --delete-namespaces) and for run --observe, one
after the other, before the real authorizer: an event, a warning or the error names the rule. What only tells of the
work (labels of nodes, status, Events), or sees whether the operator works, is missed once and stops nothing; without
the nodes nothing is pruned.
Left out: that the rights suffice, and that nothing else is asked for (test_rights.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import in_process
import little
import pytest
import rights
from clusters import Cluster, until
from raw_api import Object
from rights import IN_CLUSTER, OWN, Right
from simple_kmod import KERNELS, SPECIAL_RESOURCE, daemon_set, ready_pods
from taking import Taking, rule_of

NAMESPACE = "/api/v1/namespaces/simple-kmod"
PARENT = f"/api/v1/namespaces/{OWN}/configmaps/sro-apply-simple-kmod"
Begin = Callable[..., Taking]

NODES = Right("", "", "nodes", "patch")
OPERATOR = Right("", "apps", "deployments", "list", "special-resource-controller-manager")
STATUS = Right("", "sro.openshift.io", "specialresources/status", "patch", "simple-kmod")
EVENTS = tuple(Right("default", "", "events", verb) for verb in ("create", "get", "patch"))
NODES_LIST = Right("", "", "nodes", "list")
TELLING = (NODES, OPERATOR, STATUS, *EVENTS, Right("", "sro.openshift.io", "specialresources", "list"))
"""Without these the work is done, and only not told of."""
REMOVING = (
    Right("", "", "namespaces", "delete", "simple-kmod"),
    Right("", "", "namespaces", "get", "simple-kmod"),
    Right(OWN, "", "configmaps", "delete", "sro-apply-simple-kmod"),
)
"""In the order in which a SpecialResource's removal needs them."""


@pytest.fixture
def begin(openshift: Cluster, bundle: Path, kubectl: Path, tmp_path: Path) -> Begin:
    """Installs what `sro-apply manifests` prints."""

    def made(*options: str) -> Taking:
        manifests = rights.printed(bundle, *options)
        rights.install(kubectl, openshift, manifests)
        openshift.api.create(SPECIAL_RESOURCE)
        return Taking(openshift, bundle, manifests, tmp_path)

    return made


def naming(told: list[Object], right: Right) -> list[str]:
    """What of all that was told names the rule of a right."""
    texts = (" ".join(map(str, each.values())) for each in told)
    return [each for each in texts if re.search(rule_of(right), each)]


def enough_of(right: Right, *, steps: int = 0) -> Callable[[list[Object]], bool]:
    """Whether the lack of a right was said. Args: steps: that get ready without those that only tell."""

    def is_enough(told: list[Object]) -> bool:
        if right in TELLING and sum(each["event"] == "ready" for each in told) < steps:
            return False
        if right == NODES_LIST:  # of the whole round, in which pruning comes last
            return bool(naming([each for each in told if each["event"] == "delayed"], right))
        return bool(naming(told, right))

    return is_enough


def test_who_may_not_tell_of_the_work_does_it_and_says_each_lack_once(begin: Begin) -> None:
    given = begin("--for", "sync")
    lacking = (NODES, OPERATOR, STATUS, EVENTS[0])
    with given.without(*lacking):
        done = in_process.sync(given.account, given.bundle, "--timeout", "60s")
    assert (done.code, done.errors) == (0, ""), done.events
    assert [len(naming(done.of("warning"), each)) for each in lacking] == [1] * 4
    assert len(done.of("warning")) == 4
    for kernel, nodes in KERNELS.items():
        assert ready_pods(given.cluster, daemon_set(kernel, given.bundle)) == nodes


def test_a_sync_says_which_right_it_lacks(begin: Begin) -> None:
    given = begin("--for", "sync")
    given.mend()
    unsaid = {}
    for right in given.rights:
        give_back = given.need(right)
        with given.without(right):
            # Long enough for one round.
            done = in_process.sync(given.account, given.bundle, "--prune", "--timeout", "0.01s")
        said = naming([*done.events, {"errors": done.errors}], right)
        goes_well = (done.code, len(said)) == (0, 1)
        if not (goes_well if right in TELLING else done.code and said):
            unsaid[right] = done.code, said, done.events, done.errors
        if right == NODES_LIST:
            assert given.has_stale
        give_back()
    assert not unsaid


@pytest.mark.parametrize("options", [("--delete-namespaces",), ("--for", "observe")], ids=["run", "observe"])
def test_a_loop_says_which_right_it_lacks(begin: Begin, options: tuple[str, ...]) -> None:
    given, observes = begin(*IN_CLUSTER, *options), "observe" in options
    given.mend()
    unsaid = {}
    for right in given.rights:
        if right in REMOVING:
            continue
        is_enough = enough_of(right, steps=0 if observes else 9)
        give_back = given.need(right)
        with given.without(right):
            told = in_process.run(given.account, given.bundle, is_enough, observes=observes)
        said = naming(told, right)
        if len(said) != 1 if right in TELLING or observes else not said:
            unsaid[right] = said, told
        if right == NODES_LIST:
            assert given.has_stale
        give_back()
    assert not unsaid


def test_a_loop_says_which_right_it_lacks_to_remove(begin: Begin, removed: Path) -> None:
    given = begin(*IN_CLUSTER, "--delete-namespaces")
    given.mend()
    for right in REMOVING:
        with given.without(right):
            told = in_process.run(given.account, removed, enough_of(right))
        assert naming(told, right), told
        if right.verb == "get":
            until(lambda: not little.is_there(given.cluster, NAMESPACE))
    done = in_process.sync(given.account, removed, "--prune", "--timeout", "60s")
    assert (done.code, done.errors) == (0, ""), done.events
    assert not little.is_there(given.cluster, PARENT)
