"""How an SR that its lock lists as removed goes on a real control plane: by `sync --prune`, and by `run`.

Matrix: a driver that selects on the label of the state before it, and whose pods take their time; a sync that does
not wait for so long, the next one, a loop. Judge: the server for what is there. Left out: `delete`, which does the
same (test_delete.py), and an SR that goes at once (test_prune.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from clusters import Cluster, until
from little import DRIVER, MAPS, NODES, build, config_map, kept, names, play, pruned, yaml_of
from raw_api import Object
from running import Running
from simple_kmod import sync

SETS = "/apis/apps/v1/namespaces/little/daemonsets"
PODS = "/api/v1/namespaces/little/pods"
LABEL = "specialresource.openshift.io/state-little-1000"
FOLLOWER = f"""\
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: follower}}
spec:
  selector: {{matchLabels: {{app: follower}}}}
  template:
    metadata: {{labels: {{app: follower}}}}
    spec:
      terminationGracePeriodSeconds: 0
      nodeSelector: {{{LABEL}: Ready}}
      containers: [{{name: follower, image: follower}}]
"""
RESOURCES = {
    "little": {
        "0000-x.yaml": yaml_of(config_map("a")),
        "1000-driver.yaml": DRIVER,
        "2000-follower.yaml": FOLLOWER,
    }
}


@pytest.fixture
def removed(cluster: Cluster, tmp_path: Path) -> Path:
    """The bundle that takes the SR away, while a pod of what stands on its driver does not go."""
    play(cluster, tmp_path)
    assert sync(cluster, build(tmp_path / "1", RESOURCES, NODES)).code == 0
    pod = followers(cluster)[0]["metadata"]["name"]
    cluster.api.patch(f"{PODS}/{pod}", {"metadata": {"finalizers": ["example.com/hold"]}})
    return build(tmp_path / "2", RESOURCES, NODES, removed=["little"])


@pytest.fixture
def loop(cluster: Cluster, removed: Path) -> Iterator[Running]:
    options = ["--kubeconfig", str(cluster.admin), "--listen", "127.0.0.1:0", "-o", "json"]
    running = Running([str(removed), *options])
    yield running
    assert running.stop() == (0, "")


def followers(cluster: Cluster) -> list[Object]:
    return [each for each in cluster.api.items(PODS) if each["metadata"]["labels"]["app"] == "follower"]


def let_go(cluster: Cluster) -> None:
    for each in followers(cluster):
        cluster.api.patch(f"{PODS}/{each['metadata']['name']}", {"metadata": {"finalizers": None}})


def are_drivers_there(cluster: Cluster) -> bool:
    """All that was applied before the follower, untouched."""
    labelled = [each for each in cluster.api.items("/api/v1/nodes") if LABEL in each["metadata"]["labels"]]
    drivers = [
        each
        for each in cluster.api.items(SETS)
        if each["metadata"]["name"] != "follower" and "deletionTimestamp" not in each["metadata"]
    ]
    return (len(labelled), len(drivers), names(cluster, MAPS)) == (2, 2, ["a"])


def test_a_sync_deletes_no_driver_while_pods_that_stand_on_it_are_there(
    cluster: Cluster, removed: Path
) -> None:
    plain = sync(cluster, removed)
    assert (plain.code, pruned(plain)) == (0, [])
    assert are_drivers_there(cluster)
    assert len(followers(cluster)) == 2

    done = sync(cluster, removed, "--prune", "--wait-timeout", "4")

    assert (done.code, pruned(done)) == (1, ["DaemonSet/little/follower"])
    assert kept(done) == {
        "DaemonSet/little/follower": "it is being deleted, and waits for what belongs to it to go first; "
    }
    until(lambda: len(followers(cluster)) == 1)
    assert are_drivers_there(cluster)

    let_go(cluster)
    done = sync(cluster, removed, "--prune")
    assert done.code == 0, done.events
    assert [each.partition("/")[0] for each in pruned(done)][-4:] == [
        "DaemonSet",
        "DaemonSet",
        "ConfigMap",
        "Namespace",
    ]
    assert "little" not in names(cluster, "/api/v1/namespaces")
    assert names(cluster, "/api/v1/namespaces/default/configmaps") == []
    assert not any(LABEL in each["metadata"]["labels"] for each in cluster.api.items("/api/v1/nodes"))


def test_a_loop_deletes_no_driver_while_pods_that_stand_on_it_are_there(
    cluster: Cluster, loop: Running
) -> None:
    until(lambda: loop.of("pruned", object="DaemonSet/little/follower"), seconds=60)
    until(lambda: len(followers(cluster)) == 1)
    time.sleep(7)  # it has looked again, after 5 s
    assert are_drivers_there(cluster)
    assert len(loop.of("pruned")) == len(loop.of("leaving")) == 1

    let_go(cluster)

    until(lambda: names(cluster, "/api/v1/namespaces/default/configmaps") == [], seconds=60)
    assert "little" not in names(cluster, "/api/v1/namespaces")
    assert not any(LABEL in each["metadata"]["labels"] for each in cluster.api.items("/api/v1/nodes"))
