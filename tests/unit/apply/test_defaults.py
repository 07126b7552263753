"""Ports get the protocol that old servers need to be told, and nothing else changes.

Matrix: Services, each kind with pods, ports with and without protocol, what is no port. Judge: tests/cluster
applies both to a server that refuses them otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.planning.defaults import with_keys

PODS: Any = {"containers": [{"name": "c", "ports": [{"containerPort": 1}]}, {"name": "d"}]}
NAMED: Any = {
    "containers": [{"name": "c", "ports": [{"containerPort": 1, "protocol": "TCP"}]}, {"name": "d"}]
}


def made(api_version: str, kind: str, spec: Any) -> Any:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "named"),
    [
        ("v1", "Service", {"ports": [{"port": 1}]}, {"ports": [{"port": 1, "protocol": "TCP"}]}),
        (
            "v1",
            "Service",
            {"ports": [{"port": 1, "protocol": None}]},
            {"ports": [{"port": 1, "protocol": "TCP"}]},
        ),
        ("v1", "Pod", PODS, NAMED),
        ("v1", "Pod", {"initContainers": PODS["containers"]}, {"initContainers": NAMED["containers"]}),
        ("apps/v1", "DaemonSet", {"template": {"spec": PODS}}, {"template": {"spec": NAMED}}),
        ("batch/v1", "Job", {"template": {"spec": PODS}}, {"template": {"spec": NAMED}}),
        (
            "batch/v1beta1",
            "CronJob",
            {"jobTemplate": {"spec": {"template": {"spec": PODS}}}},
            {"jobTemplate": {"spec": {"template": {"spec": NAMED}}}},
        ),
    ],
)
def test_a_port_without_protocol_is_one_of_tcp(api_version: str, kind: str, spec: Any, named: Any) -> None:
    assert with_keys(made(api_version, kind, spec)) == made(api_version, kind, named)


@pytest.mark.parametrize(
    "manifest",
    [
        made("v1", "Service", {"ports": [{"port": 1, "protocol": "UDP"}]}),
        made("v1", "Service", {"type": "ExternalName"}),
        made("v1", "Service", None),
        made("v1", "Service", {"ports": "none"}),
        made("apps/v1", "DaemonSet", {"template": {"spec": NAMED}}),
        made("apps/v1", "DaemonSet", {"template": {"spec": {"containers": ["no container"]}}}),
        made("example.com/v1", "Service", {"ports": [{"port": 1}]}),
        {"apiVersion": "v1", "kind": "Pod"},
    ],
)
def test_what_lacks_nothing_stays_itself(manifest: Any) -> None:
    assert with_keys(manifest) is manifest
