"""Ports get the protocol that old servers need to be told, quantities are texts, and nothing else changes.

Matrix: Services, each kind with pods, ports with and without protocol, what is no port; quantities by kind. Judge: tests/cluster
applies both to a server that refuses them otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.planning.defaults import acceptable

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
    assert acceptable(made(api_version, kind, spec)) == made(api_version, kind, named)


def of_pod(resources: Any) -> Any:
    return {"template": {"spec": {"containers": [{"name": "c", "resources": resources}]}}}


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "told"),
    [
        (
            "apps/v1",
            "DaemonSet",
            of_pod({"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": 0.5, "memory": 1073741824.0}}),
            of_pod(
                {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "0.5", "memory": "1073741824"}}
            ),
        ),
        ("v1", "ResourceQuota", {"hard": {"pods": 10}}, {"hard": {"pods": "10"}}),
        (
            "v1",
            "PersistentVolumeClaim",
            {"resources": {"requests": {"storage": 1024}}},
            {"resources": {"requests": {"storage": "1024"}}},
        ),
    ],
)
def test_a_quantity_that_is_a_number_becomes_a_text(
    api_version: str, kind: str, spec: Any, told: Any
) -> None:
    assert acceptable(made(api_version, kind, spec)) == made(api_version, kind, told)


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
        made("apps/v1", "DaemonSet", of_pod({"limits": {"cpu": "1"}, "requests": None})),
        made("apps/v1", "DaemonSet", of_pod({"limits": {"cpu": True}})),
        made("v1", "ResourceQuota", {"scopes": ["Terminating"]}),
        {"apiVersion": "v1", "kind": "Pod"},
    ],
)
def test_what_lacks_nothing_stays_itself(manifest: Any) -> None:
    assert acceptable(manifest) is manifest
