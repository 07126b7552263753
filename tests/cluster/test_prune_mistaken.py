"""What looks as if the bundle had it no longer, and is not ours or not gone, on a real control plane.

Matrix: a kind without namespaces that is rendered with one; an object that moves to another group under which
the server has it too; a copy that somebody made with all labels; Endpoints that have the labels of their
Service; a Namespace with a Service in it, which goes with both; labels that a driver
selects which stays; APIs that are down, or listed and not there yet. Judge: uids, so that what was deleted and made
again does not pass. Left out: guards that are rules (test_prune_guards.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from clusters import Cluster, until
from kubernetes.client.exceptions import ApiException
from little import (
    DRIVER,
    MAPS,
    NODES,
    build,
    config_map,
    definition,
    delete,
    is_there,
    kept,
    names,
    play,
    pruned,
    yaml_of,
)
from raw_api import Object
from simple_kmod import sync

PODS = "/api/v1/namespaces/little/pods"


def _wide() -> Object:
    made = definition()
    return {**made, "spec": {**made["spec"], "scope": "Cluster"}}


def _service(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": "x"}, "ports": [{"port": 80}]},
    }


def _endpoints(name: str) -> Object:
    subset = {"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name}, "subsets": [subset]}


def test_an_object_whose_kind_has_no_namespaces_is_known_again_though_it_was_rendered_with_one(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    cluster.play_kinds([_wide()])
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "whole"}}
    bundle = build(tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(config_map("a"), thing)}}, NODES)
    assert sync(cluster, bundle).code == 0
    path = "/apis/example.com/v1/things/whole"
    before = cluster.api.get(path)["metadata"]["uid"]

    done = sync(cluster, bundle, "--prune")

    assert (done.code, pruned(done)) == (0, [])
    assert cluster.api.get(path)["metadata"]["uid"] == before
    assert [each["result"] for each in done.of("applied")] == ["unchanged"] * 3


def test_an_object_that_moves_to_another_group_stays_the_same(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    ingress: Object = {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "way"}}
    ingress["spec"] = {"rules": [{"host": "a.example.com"}]}
    later = {**ingress, "apiVersion": "networking.k8s.io/v1"}
    one = build(tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(config_map("a"), ingress)}}, NODES)
    two = build(tmp_path / "2", {"little": {"0000-x.yaml": yaml_of(config_map("a"), later)}}, NODES)
    assert sync(cluster, one).code == 0
    path = "/apis/networking.k8s.io/v1/namespaces/little/ingresses/way"
    before = cluster.api.get(path)["metadata"]["uid"]

    done = sync(cluster, two, "--prune")

    assert (done.code, pruned(done)) == (0, [])
    assert cluster.api.get(path)["metadata"]["uid"] == before


def test_what_only_has_the_labels_of_ours_is_somebody_else_s(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    objects = yaml_of(config_map("a"), _service("door"), _endpoints("outside"))
    bundle = build(tmp_path / "1", {"little": {"0000-x.yaml": objects}}, NODES)
    assert sync(cluster, bundle).code == 0
    ours = cluster.api.get(f"{MAPS}/a")["metadata"]["labels"]
    cluster.api.create(config_map("copy", "little", labels=ours))

    done = sync(cluster, bundle, "--prune")

    assert (done.code, pruned(done)) == (0, [])
    assert names(cluster, MAPS) == ["a", "copy"]
    assert names(cluster, "/api/v1/namespaces/little/endpoints") == ["door", "outside"]
    gone = delete(cluster, "little", "--yes")
    assert (gone.code, set(kept(gone))) == (1, {"Namespace/little"})
    assert names(cluster, MAPS) == ["copy"]


@pytest.mark.parametrize(
    "server",
    [
        {"service": {"name": "none", "namespace": "default"}},  # a metrics server that is down: 503
        {},  # what the API server lists as its own, and has not: 404, as of any API while a server starts
    ],
    ids=["down", "not-yet"],
)
def test_an_api_that_does_not_answer_holds_up_only_what_may_have_something_of_it(
    cluster: Cluster, tmp_path: Path, server: Object
) -> None:
    play(cluster, tmp_path)
    bundle = build(tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}, NODES)
    assert sync(cluster, bundle).code == 0
    silent: Object = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.silent.example.com"},
        "spec": {
            "group": "silent.example.com",
            "version": "v1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            **server,
        },
    }
    cluster.api.create(silent)
    path = "/apis/apiregistration.k8s.io/v1/apiservices/v1.silent.example.com"
    try:
        until(lambda: _is_listed(cluster) and _status_of(cluster) == (503 if server else 404))
        gone = delete(cluster, "little", "--yes")
    finally:
        cluster.api.delete(path)
    assert pruned(gone) == ["ConfigMap/little/a"]
    assert kept(gone)["Namespace/little"].startswith("what is in it cannot be seen (silent.example.com/v1); ")
    until(lambda: not _is_listed(cluster))
    assert is_there(cluster, "/api/v1/namespaces/little")
    # Now that it can be seen what is in it, the same command ends what it began.
    assert gone.code == 1
    again = delete(cluster, "little", "--yes")
    assert (again.code, pruned(again)) == (0, ["Namespace/little"])


def _is_listed(cluster: Cluster) -> bool:
    return "silent.example.com" in {group["name"] for group in cluster.api.get("/apis")["groups"]}


def _status_of(cluster: Cluster) -> int:
    try:
        cluster.api.get("/apis/silent.example.com/v1")
    except ApiException as fault:
        return int(fault.status)
    return 200


def test_a_driver_that_stays_keeps_the_labels_of_states_that_it_selects(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    marks = {"specialresource.openshift.io/kernel-affine": "true"}
    driver = DRIVER.replace(
        "      terminationGracePeriodSeconds",
        "      nodeSelector: {specialresource.openshift.io/state-little-0000: Ready}\n"
        "      terminationGracePeriodSeconds",
    )
    templates = {"0000-x.yaml": yaml_of(config_map("a", annotations=marks)), "1000-driver.yaml": driver}
    one = build(tmp_path / "1", {"little": templates}, NODES)
    # A snapshot in which a node was missing.
    two = build(tmp_path / "2", {"little": templates}, {"n1": "5.1"})
    assert sync(cluster, one).code == 0
    before = {pod["spec"]["nodeName"]: pod["metadata"]["uid"] for pod in cluster.api.items(PODS)}
    assert before.keys() == {"n1", "n2"}

    done = sync(cluster, two, "--prune")

    assert (done.code, done.of("labelled")) == (0, [])
    (stays,) = [each for each in kept(done).values() if "deleting it unloads the module" in each]
    assert "a node runs (n2)" in stays
    assert {pod["spec"]["nodeName"]: pod["metadata"]["uid"] for pod in cluster.api.items(PODS)} == before


def test_a_namespace_goes_with_the_endpoints_of_its_services(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "doors"}}
    service = _service("door")
    service["metadata"]["namespace"] = "doors"
    first = yaml_of(config_map("a"), config_map("b"))
    one = build(
        tmp_path / "1", {"little": {"0000-x.yaml": first, "0100-y.yaml": yaml_of(space, service)}}, NODES
    )
    two = build(tmp_path / "2", {"little": {"0000-x.yaml": first}}, NODES)
    assert sync(cluster, one).code == 0

    done = sync(cluster, two, "--prune")

    assert (done.code, kept(done)) == (0, {})
    assert pruned(done) == ["Service/doors/door", "Namespace/doors"]
    assert not is_there(cluster, "/api/v1/namespaces/doors")
