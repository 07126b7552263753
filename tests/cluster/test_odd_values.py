"""What charts write in odd ways on a real control plane: zeros that no server keeps, and quantities as numbers.

Matrix: both in a DaemonSet, a second sync with its requests counted, a zero that somebody takes away. Left out:
each form of them (tests/unit/apply/test_defaults.py, test_planning_parts.py).
"""

from __future__ import annotations

from pathlib import Path

from clusters import Cluster
from fault_proxy import FaultProxy
from little import DRIVER, NODES, build, play
from simple_kmod import sync

ODD = DRIVER.replace(
    "containers: [{",
    """hostPID: false
      automountServiceAccountToken: false
      priorityClassName: ""
      containers: [{tty: false, env: [{name: A, value: ""}], resources: {limits: {cpu: 1, memory: 1024}}, """,
)
SETS = "/apis/apps/v1/namespaces/little/daemonsets"


def test_zeros_that_no_server_keeps_are_not_sent_again_but_where_somebody_took_one_away(
    cluster: Cluster, tmp_path: Path, fault_proxy: FaultProxy
) -> None:
    play(cluster, tmp_path)
    bundle = build(tmp_path / "1", {"little": {"0000-x.yaml": ODD}}, NODES)
    done = sync(cluster, bundle)
    assert done.code == 0, done.events
    made = cluster.api.items(SETS)
    assert ["hostPID" in each["spec"]["template"]["spec"] for each in made] == [False, False]

    again = sync(cluster, bundle, kubeconfig=cluster.kubeconfig("admin", fault_proxy.url))
    assert (again.code, fault_proxy.writes()) == (0, [])

    path = f"{SETS}/{made[0]['metadata']['name']}"
    cluster.api.patch(path, {"spec": {"template": {"spec": {"automountServiceAccountToken": None}}}})
    assert sync(cluster, bundle).finished["written"] == 1
    assert cluster.api.get(path)["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
