"""Helm's hooks as Jobs of a real control plane: they run once, in their place, and go when their policy says so.

Matrix: a hook that is deleted after it succeeded, one that stays, each changed and unchanged; one that fails, and what
makes it run again. Left out: policies that are parsed (tests/unit/apply/test_hook_rules.py), the program killed
(test_kills.py), and times to live, which this server has switched off.
"""

from __future__ import annotations

from pathlib import Path

import playing
from clusters import Cluster
from little import MAPS, NODES, build, inventory
from raw_api import Object
from simple_kmod import sync

JOBS = "/apis/batch/v1/namespaces/little/jobs"
JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: prepare
  annotations: {{helm.sh/hook: pre-install{policy}}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: prepare, image: "prepare:{version}"}}]
"""
MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: after}
data: {a: b}
"""
SUCCEEDED = ", helm.sh/hook-delete-policy: hook-succeeded"


def bundle(folder: Path, *, version: int = 1, policy: str = "") -> Path:
    job = JOB.format(policy=policy, version=version)
    return build(folder, {"little": {"hook.yaml": job, "0000-map.yaml": MAP}}, NODES)


def jobs(cluster: Cluster) -> list[Object]:
    return [each for each in cluster.api.items(JOBS) if "deletionTimestamp" not in each["metadata"]]


def test_a_hook_runs_before_the_states_and_once_for_each_revision(cluster: Cluster, tmp_path: Path) -> None:
    cluster.play_nodes(inventory(tmp_path / "nodes", NODES))
    one = bundle(tmp_path / "one")
    first = sync(cluster, one)
    assert first.code == 0, first.events
    assert first.place("ready", "little / pre-install") < first.place("applied", "little / 0000-map")
    (ran,) = jobs(cluster)

    # Whoever tidies up makes nothing run again.
    cluster.api.delete(f"{JOBS}/prepare", propagationPolicy="Background")
    again = sync(cluster, one)
    assert (again.code, again.finished["written"], cluster.api.items(JOBS)) == (0, 0, [])

    two = bundle(tmp_path / "two", version=2)
    assert sync(cluster, two).code == 0
    (changed,) = jobs(cluster)
    three = bundle(tmp_path / "three", version=3)
    dry = sync(cluster, three, "--dry-run")
    results = {each["object"]: each["result"] for each in dry.of("applied")}
    assert (dry.code, results["Job/little/prepare"]) == (0, "created"), dry.events
    assert sync(cluster, three).code == 0
    (replaced,) = jobs(cluster)
    assert len({each["metadata"]["uid"] for each in (ran, changed, replaced)}) == 3
    assert replaced["spec"]["template"]["spec"]["containers"][0]["image"] == "prepare:3"


def test_a_hook_that_goes_when_it_succeeded_is_not_run_again(cluster: Cluster, tmp_path: Path) -> None:
    cluster.play_nodes(inventory(tmp_path / "nodes", NODES))
    one = bundle(tmp_path / "one", policy=SUCCEEDED)
    done = sync(cluster, one)
    assert (done.code, jobs(cluster)) == (0, []), done.events
    again = sync(cluster, one)
    assert (again.code, again.finished["written"], jobs(cluster)) == (0, 0, [])


def test_a_hook_that_fails_holds_up_the_states(cluster: Cluster, tmp_path: Path) -> None:
    cluster.play_nodes(inventory(tmp_path / "nodes", NODES))
    cluster.kubelet.rule("prepare:*", playing.failed())
    done = sync(cluster, bundle(tmp_path / "one"), "--no-wait")
    assert (done.code, done.finished["failed"], done.finished["held"]) == (1, 1, 1)
    (failed,) = done.of("failed")
    assert failed["object"] == "Job/little/prepare"
    assert "BackoffLimitExceeded" in failed["reason"]
    assert "after" not in {each["metadata"]["name"] for each in cluster.api.items(MAPS)}


def test_a_hook_that_failed_runs_again_with_the_next_sync(cluster: Cluster, tmp_path: Path) -> None:
    cluster.play_nodes(inventory(tmp_path / "nodes", NODES))
    given = bundle(tmp_path / "one")
    cluster.kubelet.rule("prepare:*", playing.failed())
    (failed,) = sync(cluster, given).of("failed")
    assert failed["reason"].endswith(
        "; it runs again with the next sync, or after kubectl delete -n little job prepare"
    )
    assert failed["retry_s"] == 0
    (before,) = jobs(cluster)
    assert sync(cluster, given).code == 1
    (again,) = jobs(cluster)
    assert again["metadata"]["uid"] != before["metadata"]["uid"]

    cluster.kubelet.rule("prepare:*", playing.SUCCEEDED)
    done = sync(cluster, given)

    assert (done.code, done.errors) == (0, ""), done.events
    assert "after" in {each["metadata"]["name"] for each in cluster.api.items(MAPS)}
    assert sync(cluster, given).finished["written"] == 0


def test_a_hook_that_failed_stays_where_its_policy_keeps_it(cluster: Cluster, tmp_path: Path) -> None:
    cluster.play_nodes(inventory(tmp_path / "nodes", NODES))
    given = bundle(tmp_path / "one", policy=SUCCEEDED)
    cluster.kubelet.rule("prepare:*", playing.failed())
    assert sync(cluster, given).code == 1
    (before,) = jobs(cluster)
    cluster.kubelet.rule("prepare:*", playing.SUCCEEDED)

    (failed,) = sync(cluster, given).of("failed")

    assert failed["reason"].endswith("; it runs again after kubectl delete -n little job prepare")
    (still,) = jobs(cluster)
    assert still["metadata"]["uid"] == before["metadata"]["uid"]
    cluster.api.delete(f"{JOBS}/prepare", propagationPolicy="Background")
    assert sync(cluster, given).code == 0
