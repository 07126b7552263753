"""From the operator to sro-apply, on a real control plane with the real garbage collector.

Matrix: drivers that belong to a SpecialResource, with and without `--adopt`, dry too, and then the end of that
SpecialResource; an operator that runs, that is scaled to 0, and that nobody may look for. Judge: the garbage
collector. Left out: what the operator does (nothing here runs it).
"""

from __future__ import annotations

from pathlib import Path

import playing_openshift
import yaml
from clusters import Cluster, until
from little import DRIVER, MAPS, NODES, build, config_map, names, play, yaml_of
from raw_api import Object
from simple_kmod import sync

SETS = "/apis/apps/v1/namespaces/little/daemonsets"
PODS = "/api/v1/namespaces/little/pods"


def special_resource(cluster: Cluster) -> Object:
    """What an object of the SpecialResource `old` names as its owner."""
    kinds = [each for each in playing_openshift.crds() if each["spec"]["group"] == "sro.openshift.io"]
    cluster.play_kinds(kinds)
    made: Object = {
        "apiVersion": "sro.openshift.io/v1beta1",
        "kind": "SpecialResource",
        "metadata": {"name": "old"},
    }
    uid = cluster.api.create(made)["metadata"]["uid"]
    return {
        "apiVersion": made["apiVersion"],
        "kind": made["kind"],
        "name": "old",
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def test_what_belongs_to_a_special_resource_is_taken_over_only_on_request_and_then_survives_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    owner = special_resource(cluster)
    bundle = build(tmp_path / "1", {"little": {"1000-driver.yaml": DRIVER}}, NODES)
    cluster.namespace("little")
    for file in sorted(bundle.rglob("daemonset*.yaml")):
        manifest = yaml.safe_load(file.read_text(encoding="utf-8"))
        cluster.api.create({**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [owner]}})
    cluster.api.create(config_map("left", "little", ownerReferences=[owner]))
    until(lambda: len(cluster.api.items(PODS)) == 2)
    before = {each["metadata"]["name"]: each["metadata"]["uid"] for each in cluster.api.items(PODS)}

    refused = sync(cluster, bundle, "--timeout", "2")
    assert refused.code == 1
    assert {each["reason"] for each in refused.of("failed")} == {
        "it belongs to SpecialResource/old, whose deletion would take it along: --adopt takes it over"
    }
    dry = sync(cluster, bundle, "--adopt", "--dry-run")
    assert dry.code == 0
    assert all(each["metadata"]["ownerReferences"] == [owner] for each in cluster.api.items(SETS))

    done = sync(cluster, bundle, "--adopt")

    assert (done.code, done.errors) == (0, "")
    assert [each["result"] for each in done.of("applied") if each["object"].startswith("DaemonSet")] == [
        "adopted",
        "adopted",
    ]
    assert all("ownerReferences" not in each["metadata"] for each in cluster.api.items(SETS))
    cluster.api.delete("/apis/sro.openshift.io/v1beta1/specialresources/old")
    until(lambda: names(cluster, MAPS) == [], seconds=90)
    assert len(cluster.api.items(SETS)) == 2
    # The very pods: no module was unloaded.
    assert {each["metadata"]["name"]: each["metadata"]["uid"] for each in cluster.api.items(PODS)} == before


def test_a_running_operator_is_refused_before_the_first_write(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    bundle = build(tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}, NODES)
    cluster.namespace("operators")
    template: Object = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "a", "image": "i"}]},
    }
    cluster.api.create(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "special-resource-controller-manager", "namespace": "operators"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
        }
    )

    refused = sync(cluster, bundle)

    assert refused.code == 2
    assert refused.errors == (
        "error[operator-running]: the Special Resource Operator runs in this cluster "
        "(Deployment/operators/special-resource-controller-manager), and would change back what is applied\n"
        "  help: scale it to 0, then sync once with --adopt, which takes its objects over\n"
    )
    assert "little" not in names(cluster, "/api/v1/namespaces")
    assert names(cluster, "/api/v1/namespaces/default/configmaps") == []

    warned = sync(cluster, bundle, "--adopt")
    assert warned.code == 0
    assert [each["code"] for each in warned.of("warning")] == ["operator-running"]
    path = "/apis/apps/v1/namespaces/operators/deployments/special-resource-controller-manager"
    cluster.api.patch(path, {"spec": {"replicas": 0}})
    done = sync(cluster, bundle)
    assert (done.code, done.of("warning")) == (0, [])


def test_a_bundle_that_is_stale_for_nodes_is_told_refused_or_applied_as_the_user_says(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path, {"n1": "5.1", "n2": "5.3"})
    bundle = build(
        tmp_path / "1",
        {"little": {"0000-x.yaml": yaml_of(config_map("a")), "1000-driver.yaml": DRIVER}},
        NODES,
    )

    refused = sync(cluster, bundle, "--on-stale", "fail")
    assert refused.code == 2
    assert refused.errors == (
        "error[stale-nodes]: 1 node runs 5.3, for which the bundle has nothing\n"
        "  in: little\n"
        "  note: n2\n"
        "  help: take a new snapshot and build the bundle again: sro-apply snapshot, sro-render build\n"
    )
    assert "little" not in names(cluster, "/api/v1/namespaces")

    told = sync(cluster, bundle, "--no-wait")
    assert told.code == 0
    (warning,) = told.of("warning")
    assert (warning["code"], warning["subject"], warning["notes"]) == ("stale-nodes", "little", ["n2"])
    ignored = sync(cluster, bundle, "--no-wait", "--on-stale", "ignore")
    assert (ignored.code, ignored.of("warning")) == (0, [])


def test_what_another_applier_has_is_taken_over_only_on_request(cluster: Cluster, tmp_path: Path) -> None:
    """The same bundle, once more with a kubeconfig of another namespace, as from a laptop beside a loop."""
    play(cluster, tmp_path)
    bundle = build(tmp_path / "1", {"little": {"1000-driver.yaml": DRIVER}}, NODES)
    assert sync(cluster, bundle).code == 0
    cluster.namespace("ops")
    config = yaml.safe_load(cluster.admin.read_text(encoding="utf-8"))
    config["contexts"][0]["context"]["namespace"] = "ops"
    elsewhere = tmp_path / "kubeconfig"
    elsewhere.write_text(yaml.safe_dump(config), encoding="utf-8")
    before = [each["metadata"]["resourceVersion"] for each in cluster.api.items(SETS)]

    refused = sync(cluster, bundle, "--timeout", "2", kubeconfig=elsewhere)

    assert refused.code == 1
    assert not refused.applied
    (reason,) = {each["reason"] for each in refused.of("failed")}
    assert reason.startswith("it belongs to a set that is not in namespace ops (applyset-")
    assert [each["metadata"]["resourceVersion"] for each in cluster.api.items(SETS)] == before

    assert sync(cluster, bundle, "--adopt", kubeconfig=elsewhere).code == 0
    assert sync(cluster, bundle, "--timeout", "2").code == 1


def test_a_set_s_label_that_somebody_changed_by_hand_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    bundle = build(tmp_path / "1", {"little": {"1000-driver.yaml": DRIVER}}, NODES)
    assert sync(cluster, bundle).code == 0
    (live, *_) = cluster.api.items(SETS)
    path = f"{SETS}/{live['metadata']['name']}"
    label = "applyset.kubernetes.io/part-of"
    cluster.api.patch(path, {"metadata": {"labels": {label: "applyset-of-nobody-v1"}}})

    assert sync(cluster, bundle).code == 0

    assert cluster.api.get(path)["metadata"]["labels"][label] == live["metadata"]["labels"][label]
