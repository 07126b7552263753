"""The applier is killed after every single write, and each time followed by a run to the end: it comes to the same.

Matrix:

| killed         | after each write of                                                                     |
|----------------|-----------------------------------------------------------------------------------------|
| a first `sync` | the set's parent, objects, a hook and its end, starts of builds, labels, status, Events  |
| `sync --prune` | objects that changed and that go, an SR that is removed, labels of both, their parents; |
| `--adopt`      | what belonged to a SpecialResource                                                      |
| `delete`       | each object, the Namespace, labels, the parent                                          |

For each write there is a place of its own, where one process is killed right after the server has done it and the
next goes on to the end; in one more place every process is killed after its first write, until one has none to make.
Judges: what a run that nobody killed has left, and has written. The same state is all of the place's objects, of any
kind, with generations and managed fields, and the labels of nodes: so nothing is lost, and nothing orphaned. Nothing
twice is that no write was made that the calm run did not make, and none of them again: one start for each build,
one run of the hook, each deletion once. Of Events some are lost with who would have told them, for they tell what
somebody saw; what has come about is told once. Left out: kills between a request and its end (test_builds.py), and the
time that a Lease takes to run out (test_lease.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from clusters import Cluster, until
from killing import KILLED, NAME, Left, Place, Write, left_in, placed, told_in
from little import DRIVER, NODES, build, config_map, play, yaml_of
from raw_api import Object

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: prepare
  annotations: {helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-succeeded}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: prepare, image: prepare}]
"""
# Without a trigger, so that each build is started by us.
BUILD = """\
apiVersion: build.openshift.io/v1
kind: BuildConfig
metadata:
  name: driver
  annotations:
    specialresource.openshift.io/kernel-affine: "true"
    specialresource.openshift.io/wait: "true"
spec:
  source: {type: Git, git: {uri: "https://example.com/driver.git", ref: "{{ .Values.kernelFullVersion }}"}}
  strategy: {dockerStrategy: {}}
"""
FORCED = DRIVER.replace('"true"}', '"true", sro.openshift.io/prune: force}')
"""A driver that goes although nodes run its kernel."""
ACCOUNT: Object = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "account"}}
RESOURCE = {"apiVersion": "sro.openshift.io/v1beta1", "kind": "SpecialResource"}
RESOURCES = "/apis/sro.openshift.io/v1beta1/specialresources"
ONE_AFTER_THE_OTHER = ("--concurrency", "1")
SIDE_BY_SIDE = 12
"""So many places at once: most of the time they wait."""

Begin: TypeAlias = Callable[[Place], list[str | Path]]
"""Makes a place ready, and gives the arguments of what is killed in it."""


@pytest.fixture
def places(cluster: Cluster, certificates: Any, tmp_path: Path) -> Iterator[Callable[[], Place]]:
    """Each call gives a new place, where somebody wants to hear of a SpecialResource."""
    cluster.play_openshift()
    play(cluster, tmp_path)
    numbers = count()
    with ExitStack() as stack:

        def make() -> Place:
            place = stack.enter_context(placed(cluster, certificates, next(numbers), tmp_path))
            cluster.api.create({**RESOURCE, "metadata": {"name": place.name}})
            return place

        yield make


def test_a_first_sync_that_is_killed_after_any_write_is_finished_by_the_next(
    cluster: Cluster, places: Callable[[], Place], tmp_path: Path
) -> None:
    templates = {
        "hook.yaml": JOB,
        "0000-build.yaml": f"{yaml_of(config_map('a'))}---\n{BUILD}",
        "1000-driver.yaml": f"{yaml_of(ACCOUNT)}---\n{DRIVER}",
    }
    bundle = build(tmp_path / "one", {NAME: templates}, NODES)

    def begin(place: Place) -> list[str | Path]:
        return ["sync", place.bundle(bundle), *ONE_AFTER_THE_OTHER]

    calm = comes_to_the_same(cluster, places, begin)
    # The parent, and that the hook ran; Namespace, hook, ConfigMap, BuildConfigs, account, DaemonSets; two builds,
    # the hook's end, and two labels on each of two nodes.
    assert len(calm) - len([*filter(is_told, calm)]) == 2 + 8 + 2 + 1 + 4


def test_a_sync_that_adopts_and_prunes_and_is_killed_after_any_write_is_finished_by_the_next(
    cluster: Cluster, places: Callable[[], Place], tmp_path: Path
) -> None:
    old, common = f"{NAME}-old", yaml_of(config_map("a"))
    wide = {
        "0000-first.yaml": yaml_of(config_map("a"), ACCOUNT),
        "1000-driver.yaml": FORCED,
        "2000-after.yaml": yaml_of(config_map("b")),
    }
    narrow = {
        "0000-first.yaml": yaml_of(config_map("a"), config_map("operators")),
        "1000-driver.yaml": FORCED,
    }
    more = build(tmp_path / "more", {NAME: wide, old: {"0000-x.yaml": common}}, NODES)
    less = build(
        tmp_path / "less", {NAME: narrow, old: {"0000-x.yaml": common}}, {"n1": "5.1"}, removed=[old]
    )

    def begin(place: Place) -> list[str | Path]:
        assert place.run("sync", place.bundle(more)) == 0, place.end()
        place.writes.clear()
        uid = cluster.api.get(f"{RESOURCES}/{place.name}")["metadata"]["uid"]
        owner = {**RESOURCE, "name": place.name, "uid": uid}
        labels = {"specialresource.openshift.io/owned": "true"}
        cluster.api.create(config_map("operators", place.name, labels=labels, ownerReferences=[owner]))
        return ["sync", place.bundle(less), "--adopt", "--prune", *ONE_AFTER_THE_OTHER]

    calm = comes_to_the_same(cluster, places, begin)
    assert len([write for (write, *_) in calm if "/configmaps/operators" in write]) == 2
    deleted = [write for (write, *_) in calm if write.startswith("DELETE")]
    # ConfigMap, account and driver; ConfigMap, Namespace and parent of the other SR.
    assert len(deleted) == 3 + 3


def test_a_deletion_that_is_killed_after_any_write_is_finished_by_the_next(
    cluster: Cluster, places: Callable[[], Place], tmp_path: Path
) -> None:
    templates = {"0000-first.yaml": yaml_of(config_map("a"), ACCOUNT), "1000-driver.yaml": DRIVER}
    bundle = build(tmp_path / "one", {NAME: templates}, NODES)

    def begin(place: Place) -> list[str | Path]:
        assert place.run("sync", place.bundle(bundle)) == 0, place.end()
        place.writes.clear()
        return ["delete", place.name, "--yes"]

    calm = comes_to_the_same(cluster, places, begin)
    # Two ConfigMaps, one of them the parent, account, two drivers, Namespace; the labels of two nodes.
    assert len(calm) == 6 + 2


def comes_to_the_same(cluster: Cluster, places: Callable[[], Place], begin: Begin) -> list[Write]:
    """Kill after every write of a run that nobody kills, and compare; what that run has written."""
    calm = places()

    def killed_by_nobody() -> list[Write]:
        arguments = begin(calm)
        finish(calm, arguments)
        writes = [*calm.writes]
        finish(calm, arguments)
        assert calm.writes == writes, "a second run has nothing left to write"
        assert len(set(writes)) == len(writes), "each write is known by what it does"
        return writes

    def killed_once(write: Write) -> Place:
        place = places()
        arguments = begin(place)
        assert place.run(*arguments, dies_after=write) == KILLED, (write, place.end())
        finish(place, arguments)
        return place

    def killed_each_time() -> Place:
        place = places()
        arguments = begin(place)
        while (code := place.run(*arguments, dies_at_once=True)) == KILLED:
            assert len(place.writes) < 99, place.writes
        assert is_over(place, code), (code, place.end())
        return place

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        longest = pool.submit(killed_each_time)
        writes = killed_by_nobody()
        killed = dict(zip(writes, pool.map(killed_once, writes), strict=True))
        places_of = {**killed, ("each",): longest.result()}

    def differences() -> dict[Write, list[str]]:
        left, told = left_in(cluster), told_in(cluster)
        found = {
            write: [
                *unlike_in_state(left.get(place.name, {}), left.get(calm.name, {})),
                *unlike_in_writes(place.writes, writes),
                *told_again(told.get(place.name, {})),
            ]
            for write, place in places_of.items()
        }
        return {write: each for write, each in found.items() if each}

    # Pods, and what is in a Namespace, go a moment later.
    until(lambda: not_any(differences()), seconds=60)
    return writes


def not_any(found: dict[Write, list[str]]) -> bool:
    assert found == {}
    return True


def finish(place: Place, arguments: list[str | Path]) -> None:
    code = place.run(*arguments)
    assert is_over(place, code), (code, place.end())


def is_over(place: Place, code: int) -> bool:
    """Who deletes what has gone is told so."""
    return code == 0 or (code == 2 and f"error[no-set]: nothing of {place.name} is in" in place.end())


def is_told(write: Write) -> bool:
    """Whether it tells of what was done: status and Events."""
    return "/status " in write[0] or "/events " in write[0]


def told_again(events: Left) -> list[str]:
    """Events that came more often than once; that somebody waits is said once more by who comes after them."""
    return [
        f"{text}: {counts}"
        for text, counts in events.items()
        if counts != [1] and not (counts == [2] and text.startswith("Waiting: "))
    ]


def unlike_in_state(found: Left, expected: Left) -> list[str]:
    keys = sorted({*found, *expected})
    return [
        f"{key}: {found.get(key)}, not {expected.get(key)}"
        for key in keys
        if found.get(key) != expected.get(key)
    ]


def unlike_in_writes(found: list[Write], expected: list[Write]) -> list[str]:
    """What was written other than by a calm run; one request may set two labels that had one each."""
    lines, known = (
        Counter(line for write in writes if not is_told(write) for line in write)
        for writes in (found, expected)
    )
    return [*(f"too often: {each}" for each in lines - known), *(f"never: {each}" for each in known - lines)]
