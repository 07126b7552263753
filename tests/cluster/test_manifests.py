"""What `sro-apply manifests` prints, before a real server: it takes all kinds that it knows, by the real kubectl.

Matrix: installed at once, and once more; the CRD with SpecialResources that are right, wrong and hold much; the table of
kinds against the server's own discovery. Left out: kinds of the Prometheus operator, which this server does not have
(promtool judges what is in them); whether the rights suffice (test_rights.py); pods that start, for there is no image.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import rights
import yaml
from clusters import Cluster
from kubernetes.client.exceptions import ApiException
from msgspec.structs import replace
from raw_api import Object
from simple_kmod import EXAMPLE

from sro_apply.kube.builtin import BUILT_IN
from sro_apply.kube.client import Client
from sro_apply.kube.connection import connect
from sro_apply.planning.kinds import plural_of
from sro_apply.planning.special_resource_crd import special_resource_crd

SPECIAL_RESOURCES = "/apis/sro.openshift.io/v1beta1/specialresources"
ALL = (
    *("--image", "registry.example.com/sro-apply:1"),
    *("--source", "git+https://git.example.com/fleet.git@main:out/cluster"),
)
OF_PROMETHEUS = {"PrometheusRule", "ServiceMonitor"}


WRONG: list[tuple[Object, str]] = [
    ({"managementState": "Maybe"}, "spec.managementState"),
    ({"nodeSelector": {"a": 1}}, "spec.nodeSelector.a"),
    ({"chart": {"name": "kmod"}}, "spec.chart.version"),
    (
        {"chart": {"name": "k", "version": "1", "repository": {"name": "r", "url": "ftp://r"}}},
        "spec.chart.repository.url",
    ),
]
RICH: Object = {
    "set": {"kernels": {"a": [1, "two", {"three": None}]}, "apiVersion": "anything"},
    "nodeSelector": None,
    "managementState": "Unmanaged",
    "debug": True,
    "driverContainer": {
        "source": {"git": {"ref": "main", "uri": "https://git.example.com/kmod.git"}},
        "artifacts": {
            "images": [{"name": "a", "path": [{"sourcePath": "/a", "destinationDir": "/b"}]}],
            "claims": None,
        },
    },
}


def special_resource(spec: Object) -> Object:
    manifest: Object = yaml.safe_load((EXAMPLE / "specialresource.yaml").read_text("utf-8"))
    return {**manifest, "spec": {**manifest["spec"], **spec}}


def conditions(**statuses: str) -> list[Object]:
    at = {"lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "Tried", "message": "tried"}
    return [{"type": kind, "status": status, **at} for kind, status in statuses.items()]


def test_a_server_takes_all_of_it_at_once_and_once_more(
    cluster: Cluster, bundle: Path, kubectl: Path
) -> None:
    manifests = [each for each in rights.printed(bundle, *ALL) if each["kind"] not in OF_PROMETHEUS]
    rights.install(kubectl, cluster, manifests)
    before = {cluster.api.path_of(each): cluster.api.get(cluster.api.path_of(each)) for each in manifests}
    rights.install(kubectl, cluster, manifests)
    for path, each in before.items():
        now = cluster.api.get(path)
        assert now.get("spec") == each.get("spec")
        assert now["metadata"].get("generation") == each["metadata"].get("generation")


def test_the_kind_special_resource_keeps_what_is_right_and_refuses_what_is_not(
    cluster: Cluster, kubectl: Path
) -> None:
    cluster.play_kinds([special_resource_crd()])
    kept = cluster.api.create(special_resource(RICH))
    assert kept["spec"] == special_resource(RICH)["spec"]
    for spec, field in WRONG:
        with pytest.raises(ApiException) as raised:
            cluster.api.create(special_resource(spec))
        assert raised.value.status == 422
        assert field in str(raised.value.body)

    name = kept["metadata"]["name"]
    status = {"state": "x", "conditions": conditions(Ready="True", Progressing="False", Errored="Unknown")}
    cluster.api.patch(f"{SPECIAL_RESOURCES}/{name}/status", {"status": status})
    done = subprocess.run(
        [kubectl, "--kubeconfig", cluster.admin, "get", "sr"], capture_output=True, text=True, check=True
    )
    header, line = done.stdout.splitlines()
    assert header.split() == ["NAME", "READY", "PROGRESSING", "ERRORED"]
    assert line.split() == [name, "True", "False", "Unknown"]


def served(cluster: Cluster) -> Iterator[tuple[str, str, str]]:
    """Group, kind and plural of all that the server has."""
    groups = cluster.api.get("/apis")["groups"]
    roots = [
        ("", "/api/v1"),
        *((g["name"], f"/apis/{v['groupVersion']}") for g in groups for v in g["versions"]),
    ]
    for group, root in roots:
        for resource in cluster.api.get(root)["resources"]:
            if "/" not in resource["name"]:
                yield group, resource["kind"], resource["name"]


def test_kinds_are_called_what_the_server_calls_them(openshift: Cluster) -> None:
    known = {(group, kind): plural for group, kind, plural in served(openshift)}
    ours = {key: plural_of(*key) for key in known if plural_of(*key)}
    assert ours == {key: known[key] for key in ours}
    # What the table lacks of a plain server: reviews, which are no objects, and what bundles do not hold.
    missing = {kind for (group, kind) in known if not plural_of(group, kind)}
    assert {kind for kind in missing if not kind.endswith("Review")} == {
        "Binding",
        "ComponentStatus",
        "Ingress",  # of the group extensions, which has long gone
    }


def test_kinds_that_every_server_has_are_called_what_the_server_calls_them(cluster: Cluster) -> None:
    """What the client takes for granted instead of asking for it."""
    kube = Client(connect(str(cluster.kubeconfig("admin")), None))
    asked = {each.kind: each for each in kube.resources().resources}
    assert {kind: replace(asked[kind], verbs=()) for kind in BUILT_IN} == BUILT_IN
