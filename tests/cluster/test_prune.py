"""`sro-apply sync --prune` on a real control plane: what goes, and what of it is left.

Matrix: an object that left the bundle; a driver with its kernel running, gone, and forced; objects that move
between SRs; SRs that are unknown or removed; a dry run. Judges: the server for what is there, and kubectl's own
`--prune` for what goes. Left out: which plans there are (tests/laws), guards (test_prune_guards.py), `delete`.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import playing
import yaml
from clusters import Cluster
from little import (
    DRIVER,
    MAPS,
    NODES,
    PARENT,
    build,
    config_map,
    kept,
    names,
    play,
    pruned,
    yaml_of,
)
from raw_api import Object
from simple_kmod import sync


def test_what_left_the_bundle_goes_and_the_parent_forgets_its_kind(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    secret_like: Object = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "old"}}
    one = build(tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(config_map("a"), secret_like)}}, NODES)
    two = build(tmp_path / "2", {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}, NODES)
    assert sync(cluster, one, "--prune").code == 0
    # Somebody's copy of it is no member.
    cluster.api.create({**secret_like, "metadata": {"name": "mine", "namespace": "little"}})

    dry = sync(cluster, two, "--prune", "--dry-run")
    assert (dry.code, pruned(dry)) == (0, ["ServiceAccount/little/old"])
    assert dry.of("pruned")[0]["is_dry_run"]
    assert "old" in names(cluster, "/api/v1/namespaces/little/serviceaccounts")
    without = sync(cluster, two)
    assert (without.code, pruned(without)) == (0, [])

    done = sync(cluster, two, "--prune")

    assert (done.code, done.errors) == (0, "")
    assert done.of("pruned") == [
        {
            "event": "pruned",
            "specialresource": "little",
            "object": "ServiceAccount/little/old",
            "reason": "the bundle has it no longer",
            "is_dry_run": False,
        }
    ]
    assert names(cluster, "/api/v1/namespaces/little/serviceaccounts") == ["default", "mine"]
    annotations = cluster.api.get(PARENT)["metadata"]["annotations"]
    assert annotations["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap,Namespace"
    again = sync(cluster, two, "--prune")
    assert (again.code, pruned(again)) == (0, [])
    assert {each["result"] for each in again.of("applied")} == {"unchanged"}


def test_a_driver_goes_only_when_no_node_runs_its_kernel(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path, {"n1": "5.1", "n2": "5.1"})
    templates = {"0000-x.yaml": yaml_of(config_map("a")), "1000-driver.yaml": DRIVER}
    old = build(tmp_path / "1", {"little": templates}, {"n1": "5.1", "n2": "5.1"})
    new = build(tmp_path / "2", {"little": templates}, {"n1": "5.2", "n2": "5.2"})
    sets = "/apis/apps/v1/namespaces/little/daemonsets"
    assert sync(cluster, old, "--prune").code == 0
    (old_driver,) = names(cluster, sets)
    playing.change_kernel(cluster.api, "n1", "5.2")

    # One node is still to come: the bundle is ahead of it, and the SR not ready.
    done = sync(cluster, new, "--prune", "--timeout", "4")

    assert done.code == 1
    assert pruned(done) == []
    assert kept(done) == {
        f"DaemonSet/little/{old_driver}": "it is a driver for a kernel that a node runs (n2), and deleting it "
        "unloads the module; it goes when no node runs that kernel, or after "
        f"kubectl annotate -n little daemonset {old_driver} sro.openshift.io/prune=force"
    }
    assert len(names(cluster, sets)) == 2

    playing.change_kernel(cluster.api, "n2", "5.2")
    done = sync(cluster, new, "--prune")

    assert done.code == 0
    assert [(each["object"], each["reason"]) for each in done.of("pruned")] == [
        (f"DaemonSet/little/{old_driver}", "no node runs 5.1")
    ]
    assert old_driver not in names(cluster, sets)


def test_a_driver_whose_kernel_runs_goes_if_somebody_says_so(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    common = yaml_of(config_map("a"))
    one = build(tmp_path / "1", {"little": {"0000-x.yaml": common, "1000-driver.yaml": DRIVER}}, NODES)
    two = build(tmp_path / "2", {"little": {"0000-x.yaml": common}}, NODES)
    sets = "/apis/apps/v1/namespaces/little/daemonsets"
    assert sync(cluster, one).code == 0
    first, second = names(cluster, sets)
    cluster.api.patch(f"{sets}/{first}", {"metadata": {"annotations": {"sro.openshift.io/prune": "force"}}})

    done = sync(cluster, two, "--prune")

    assert done.code == 0
    assert pruned(done) == [f"DaemonSet/little/{first}"]
    assert [*kept(done)] == [f"DaemonSet/little/{second}"]
    assert names(cluster, sets) == [second]


def test_an_object_that_moves_to_another_sr_stays_and_an_unknown_sr_is_left_alone(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    moving, staying = config_map("moving", "little"), config_map("staying")
    one = build(
        tmp_path / "1",
        {"little": {"0000-x.yaml": yaml_of(staying, moving)}, "other": {"0000-x.yaml": yaml_of(staying)}},
        NODES,
    )
    two = build(
        tmp_path / "2",
        {"little": {"0000-x.yaml": yaml_of(staying)}, "other": {"0000-x.yaml": yaml_of(staying, moving)}},
        NODES,
    )
    alone = build(tmp_path / "3", {"little": {"0000-x.yaml": yaml_of(staying)}}, NODES)
    assert sync(cluster, one, "--prune").code == 0

    done = sync(cluster, two, "--prune")
    assert (done.code, pruned(done)) == (0, [])
    assert names(cluster, MAPS) == ["moving", "staying"]

    done = sync(cluster, alone, "--prune")
    assert (done.code, pruned(done)) == (0, [])
    (stop,) = done.of("prune-stopped")
    assert (stop["code"], stop["reason"], stop["hint"]) == (
        "unknown-set",
        "3 objects of other stay: the bundle neither has it nor lists it as removed",
        "build with managementState: Removed in other, or run sro-apply delete other",
    )
    assert names(cluster, MAPS) == ["moving", "staying"]


def test_what_is_shared_no_longer_stays_with_who_has_it_and_nothing_is_left_of_the_sharing(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    both, staying = config_map("both", "little"), config_map("staying")
    templates = {"0000-x.yaml": yaml_of(staying, both)}
    one = build(tmp_path / "1", {"little": templates, "other": templates}, NODES)
    two = build(tmp_path / "2", {"little": templates, "other": {"0000-x.yaml": yaml_of(staying)}}, NODES)
    parents = "/api/v1/namespaces/default/configmaps"
    assert sync(cluster, one, "--prune").code == 0
    assert "sro-apply--shared" in names(cluster, parents)

    done = sync(cluster, two, "--prune")

    assert (done.code, pruned(done), done.of("prune-stopped")) == (0, [], [])
    assert names(cluster, MAPS) == ["both", "staying"]
    assert names(cluster, parents) == ["sro-apply-little", "sro-apply-other"]


def test_a_removed_sr_goes_with_its_drivers_its_namespace_and_its_labels(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    resources = {
        "little": {"0000-x.yaml": yaml_of(config_map("a")), "1000-driver.yaml": DRIVER},
        "other": {"0000-x.yaml": yaml_of(config_map("b"))},
    }
    one = build(tmp_path / "1", resources, NODES)
    two = build(tmp_path / "2", resources, NODES, removed=["little"])
    assert sync(cluster, one).code == 0
    label = "specialresource.openshift.io/state-little-0000"
    cluster.api.patch("/api/v1/nodes/n1", {"metadata": {"labels": {label: "Ready"}}})

    done = sync(cluster, two, "--prune")

    assert done.code == 0, done.events
    gone = pruned(done)
    assert [each.partition("/")[0] for each in gone] == ["DaemonSet", "DaemonSet", "ConfigMap", "Namespace"]
    assert {each["reason"] for each in done.of("pruned")} == {"little is removed"}
    assert "little" not in names(cluster, "/api/v1/namespaces")
    assert names(cluster, "/api/v1/namespaces/default/configmaps") == ["sro-apply-other"]
    assert label not in cluster.api.get("/api/v1/nodes/n1")["metadata"]["labels"]
    assert names(cluster, "/api/v1/namespaces/other/configmaps") == ["b"]


def test_kubectl_would_delete_the_same_where_no_guard_holds(cluster: Cluster, tmp_path: Path) -> None:
    """kubectl has sets in one namespace only: the applier's is the SpecialResource's own here."""
    play(cluster, tmp_path)
    cluster.namespace("little")
    config = yaml.safe_load(cluster.admin.read_text(encoding="utf-8"))
    config["contexts"][0]["context"]["namespace"] = "little"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
    account: Object = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "old"}}
    maps = [config_map("a"), config_map("b"), config_map("c")]
    one = build(
        tmp_path / "1",
        {"little": {"0000-x.yaml": yaml_of(*maps, account), "1000-driver.yaml": DRIVER}},
        {"n0": "5.0", **NODES},
    )
    two = build(
        tmp_path / "2",
        {"little": {"0000-x.yaml": yaml_of(*maps[:2]), "1000-driver.yaml": DRIVER}},
        NODES,
    )
    assert sync(cluster, one, "--no-wait", kubeconfig=kubeconfig).code == 0
    # Somebody's object, with the label of ours, in a set that nobody owns.
    cluster.api.create(config_map("mine", "little", labels={"specialresource.openshift.io/owned": "true"}))
    ours = sync(cluster, two, "--prune", "--dry-run", kubeconfig=kubeconfig)
    cluster.api.patch(
        "/api/v1/namespaces/little/configmaps/sro-apply-little",
        {"metadata": {"annotations": {"applyset.kubernetes.io/tooling": "kubectl/v1.37.1"}}},
    )
    skipped = {"kustomization.yaml", "sro.lock.yaml"}
    files = [f"--filename={each}" for each in sorted(two.rglob("*.yaml")) if each.name not in skipped]

    done = subprocess.run(
        [
            Path(os.environ["JUDGES"]) / "kubectl",
            "apply",
            "--server-side",
            "--force-conflicts",
            "--dry-run=server",
            "--namespace=little",
            f"--kubeconfig={kubeconfig}",
            "--prune",
            "--applyset=configmaps/sro-apply-little",
            *files,
        ],
        env={**os.environ, "KUBECTL_APPLYSET": "true"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    theirs = set(re.findall(r"(?m)^(\S+) pruned", done.stdout))
    assert len(theirs) == 3
    assert theirs == {
        each.replace("DaemonSet", "daemonset.apps").replace("/little/", "/").lower()
        if each.startswith("DaemonSet")
        else each.replace("/little/", "/").lower()
        for each in pruned(ours)
    }
