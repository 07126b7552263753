"""`sro-apply diff` against a real API server: what it shows, what it marks, and that nothing is written.

Matrix: right after a sync; drift by hand, judged by kubectl's own diff of the same objects; another bundle, with an
object that it lacks; before the first sync; refusals (an immutable field, a conflict, a missing right, a server that is
busy for long); objects of an operator; what a pruning deletes and keeps, judged by `sync --prune`; stale nodes; each
form of the report. Left out: how changes are worded and folded, which sro-render's tests have.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from clusters import Cluster, until
from fault_proxy import FaultProxy, failure
from little import DRIVER, NODES, claim, config_map, play, pruned, yaml_of
from little import build as build_little
from little import kept as kept_by
from simple_kmod import EXAMPLE, KERNELS, MIDDLE, OLD, build, daemon_set, sync

from sro_apply.applying import Applier
from sro_apply.bundle import load_bundle
from sro_apply.config import SyncSettings
from sro_apply.kube.client import Client
from sro_apply.kube.connection import connect
from sro_apply.kube.view import View

FOLDER = "/apis/apps/v1/namespaces/simple-kmod/daemonsets"
ROLE = "/apis/rbac.authorization.k8s.io/v1/namespaces/simple-kmod/roles/simple-kmod-driver-container"


def diff(cluster: Cluster, bundle: Path, *options: str, kubeconfig: Path | None = None) -> Any:
    return subprocess.run(
        [
            *(sys.executable, "-m", "sro_apply", "diff", str(bundle)),
            *("--kubeconfig", str(kubeconfig or cluster.admin), *options),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def changes(cluster: Cluster, bundle: Path, *options: str, kubeconfig: Path | None = None) -> Any:
    """What a diff that finds something says, as JSON."""
    done = diff(cluster, bundle, "-o", "json", *options, kubeconfig=kubeconfig)
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    return json.loads(done.stdout)


def named(change: Any) -> str:
    ref = change["after"] or change["before"]
    return f"{ref['kind']}/{ref['name']}"


def marks_of(change: Any) -> dict[str, str]:
    fields = [mark for field in change["fields"] for mark in field["marks"]]
    return {mark["code"]: mark["message"] for mark in (*change["marks"], *fields)}


@pytest.fixture
def synced(openshift: Cluster, bundle: Path) -> Cluster:
    assert sync(openshift, bundle, "--no-wait").code == 0
    return openshift


def kubectl_diff(kubectl: Path, cluster: Cluster, bundle: Path, scratch: Path) -> set[str]:
    """The objects in which kubectl sees a difference, applying as sro-apply does."""
    client, loaded = Client(connect(str(cluster.admin), None)), load_bundle(bundle)
    settings = SyncSettings(namespace="default", version="1", timeout_s=0)
    applier = Applier(client, View(client), loaded, settings)
    (resource,) = loaded.resources
    manifests = [applier.wanted(resource.name, each) for each in loaded.objects]
    file = scratch / "wanted.yaml"
    file.write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
    program = scratch / "differ"
    copies = f"cp -r $1 {scratch}/live\ncp -r $2 {scratch}/merged\nexit 1\n"
    program.write_text(f"#!/bin/sh\n{copies}", encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        [
            *(kubectl, f"--kubeconfig={cluster.admin}", "diff", "--server-side", "--force-conflicts"),
            *("--field-manager=sro-apply", f"--filename={file}"),
        ],
        env={**os.environ, "KUBECTL_EXTERNAL_DIFF": str(program)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    live, merged = (
        {file.name: content(file) for file in (scratch / side).iterdir()} for side in ("live", "merged")
    )
    differing = [each for name, each in merged.items() if live.get(name) != each]
    return {f"{each['kind']}/{each['metadata']['name']}" for each in differing}


def content(file: Path) -> Any:
    """What of an object controllers do not write while kubectl asks for one side after the other."""
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    if found is None:  # it is not there
        return None
    metadata = {key: value for key, value in found["metadata"].items() if key != "resourceVersion"}
    return {**{key: value for key, value in found.items() if key != "status"}, "metadata": metadata}


def test_right_after_a_sync_nothing_differs_and_nothing_is_sent(
    synced: Cluster, bundle: Path, fault_proxy: FaultProxy
) -> None:
    done = diff(synced, bundle, kubeconfig=synced.kubeconfig("admin", fault_proxy.url))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "A: live (cluster cluster)\n"
        f"B: {bundle} (cluster cluster)\n"
        "\n"
        "objects: 0 added, 0 changed, 0 removed, 0 rolled over\n"
        "nodes touched: 0\n"
        "nodes left without a driver: 0\n"
    )
    assert fault_proxy.writes() == []


def test_drift_is_what_kubectl_sees_folded_by_kernel_and_with_its_nodes(
    synced: Cluster, bundle: Path, kubectl: Path, tmp_path: Path, fault_proxy: FaultProxy
) -> None:
    image = {"name": "simple-kmod-driver-container", "image": "example.com/other:1"}
    for kernel in (OLD, MIDDLE):
        path = f"{FOLDER}/{daemon_set(kernel, bundle)}"
        live = synced.api.get(path)
        containers = [{**live["spec"]["template"]["spec"]["containers"][0], **image}]
        synced.api.patch(path, {"spec": {"template": {"spec": {"containers": containers}}}})
    synced.api.delete(ROLE)
    account = "/api/v1/namespaces/simple-kmod/serviceaccounts/simple-kmod-driver-container"
    synced.api.patch(account, {"metadata": {"labels": {"specialresource.openshift.io/owned": None}}})

    found = changes(synced, bundle, kubeconfig=synced.kubeconfig("admin", fault_proxy.url))

    assert all("dryRun=All" in asked.path for asked in fault_proxy.writes())
    assert len(fault_proxy.writes()) == 4
    assert {named(each) for each in found["changes"]} == kubectl_diff(kubectl, synced, bundle, tmp_path)
    assert found["summary"] == {
        "added": 1,
        "changed": 3,
        "removed": 0,
        "rolledOver": 0,
        "kept": 0,
        "nodesTouched": KERNELS[OLD] + KERNELS[MIDDLE],
        "nodesWithoutDriver": 0,
    }
    (folded,) = [each for each in found["folded"] if len(each["changes"]) > 1]
    assert folded["kernels"] == [OLD, MIDDLE]
    (field,) = found["changes"][folded["shown"]]["fields"]
    assert field["field"] == "spec.template.spec.containers[name=simple-kmod-driver-container].image"
    assert field["before"] == "example.com/other:1"
    assert field["after"].endswith(f"/simple-kmod-driver-container:v{OLD}")
    (role,) = [each for each in found["changes"] if each["change"] == "added"]
    assert marks_of(role) == {"widens-rbac": "a role is new"}

    text = diff(synced, bundle).stdout
    assert f"~ DaemonSet/simple-kmod/simple-kmod-driver-container in 2 kernels: {OLD}, {MIDDLE}" in text
    for form, start in (
        ("markdown", "### 4 objects to review, 19 nodes touched"),
        ("html", "<!DOCTYPE html>"),
        ("github", "::warning title=widens-rbac,file="),
    ):
        assert diff(synced, bundle, "-o", form).stdout.startswith(start)
    ignored = diff(synced, bundle, "--ignore", "*")
    assert ignored.returncode == 0
    assert "hidden by *\n" in ignored.stdout


def test_another_bundle_is_compared_as_the_server_would_make_it(
    synced: Cluster, inventory: Path, kubectl: Path, tmp_path: Path
) -> None:
    charts = shutil.copytree(EXAMPLE / "charts", tmp_path / "charts")
    (template,) = charts.rglob("1000-driver-container.yaml")
    text = template.read_text(encoding="utf-8")
    parts = [part for part in text.split("---\n") if "kind: RoleBinding" not in part]
    changed = "---\n".join(parts).replace("imagePullPolicy: Always", "imagePullPolicy: IfNotPresent")
    changed = changed.replace(
        "privileged: true", "privileged: true\n          allowPrivilegeEscalation: true"
    )
    assert changed.count("IfNotPresent") == 1
    template.write_text(changed, encoding="utf-8")
    other = build(inventory, charts, tmp_path / "out")

    found = changes(synced, other)

    kinds = {(each["change"], (each["after"] or each["before"])["kind"]) for each in found["changes"]}
    assert kinds == {("changed", "DaemonSet"), ("removed", "RoleBinding")}
    for each in found["changes"]:
        assert each["change"] == "removed" or [*marks_of(each)] == ["new-privilege"]
    (removed,) = [each for each in found["changes"] if each["change"] == "removed"]
    assert removed["before"]["state"] == "1000-driver-container"
    assert marks_of(removed) == {
        "needs-prune": "a sync leaves it where it is; --prune deletes it: the bundle has it no longer"
    }
    (hidden,) = found["hidden"]
    # What else kubectl sees are digests of the chart, of every other object.
    seen = kubectl_diff(kubectl, synced, other, tmp_path)
    assert {named(each) for each in found["changes"]} - seen == {named(removed)}
    assert hidden["count"] == len(seen)


def test_before_the_first_sync_all_is_new_and_what_cannot_be_asked_is_marked(
    openshift: Cluster, bundle: Path
) -> None:
    found = changes(openshift, bundle)
    assert found["summary"]["added"] == len(found["changes"]) == 11
    unchecked = {named(each) for each in found["changes"] if "unchecked" in marks_of(each)}
    assert len(unchecked) == 10
    assert "Namespace/simple-kmod" not in unchecked


def test_what_the_server_refuses_is_marked_with_its_words(cluster: Cluster, bundle: Path) -> None:
    """A DaemonSet of somebody else, whose selector is another."""
    cluster.namespace("simple-kmod")
    name = daemon_set(OLD, bundle)
    (file,) = bundle.rglob(f"daemonset-{name}.yaml")
    other = yaml.safe_load(file.read_text(encoding="utf-8"))
    other["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    other["spec"]["template"]["metadata"]["labels"]["app"] = "other"
    cluster.api.create(other)

    for choice, words in (("force", "field is immutable"), ("fail", "conflict")):
        found = changes(cluster, bundle, "--on-conflict", choice)
        (change,) = [each for each in found["changes"] if named(each) == f"DaemonSet/{name}"]
        assert change["change"] == "changed"
        assert marks_of(change).keys() == {"server-refuses", "immutable-field"}
        assert words in marks_of(change)["server-refuses"]
        assert {each["field"] for each in change["fields"]} == {
            "metadata.labels[applyset.kubernetes.io/part-of]",
            "spec.selector.matchLabels.app",
            "spec.template.metadata.labels.app",
        }

    (failed,) = sync(cluster, bundle, "--dry-run").of("failed")
    assert failed["object"] == f"DaemonSet/simple-kmod/{name}"
    assert failed["hint"].startswith("a field that cannot be changed has another value: ")


def test_objects_of_an_operator_are_marked_and_what_may_not_be_read_is_named(
    synced: Cluster, bundle: Path
) -> None:
    version, kind = "sro.openshift.io/v1beta1", "SpecialResource"
    special = synced.api.create({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}})
    owner = {"apiVersion": version, "kind": kind, "name": "x", "uid": special["metadata"]["uid"]}
    synced.api.patch(ROLE, {"metadata": {"ownerReferences": [owner]}})
    (change,) = changes(synced, bundle)["changes"]
    assert named(change) == "Role/simple-kmod-driver-container"
    assert marks_of(change) == {
        "owned-by-operator": "it belongs to SpecialResource/x, whose deletion takes it along: a sync refuses it, "
        "and sync --adopt takes it over"
    }
    (change,) = changes(synced, bundle, "--adopt")["changes"]
    assert (named(change), marks_of(change)) == ("Role/simple-kmod-driver-container", {})
    assert [field["field"] for field in change["fields"]] == ["metadata.ownerReferences"]

    group = "rbac.authorization.k8s.io"
    synced.api.create(
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "alice", "namespace": "default"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "alice"}],
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"},
        }
    )
    done = until(lambda: diff_that_lists(synced, bundle))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("error[diff-forbidden]: a diff takes rights that are missing\n  note: ")
    assert 'cannot list resource "nodes" in API group "" at the cluster scope' in done.stderr
    assert (
        'cannot list resource "daemonsets" in API group "apps" in the namespace "simple-kmod"' in done.stderr
    )


def diff_that_lists(cluster: Cluster, bundle: Path) -> Any:
    """Alice's, as soon as she may read the parent of the set."""
    done = diff(cluster, bundle, kubeconfig=cluster.kubeconfig("alice"))
    return done if "server-forbidden" not in done.stderr else None


def test_what_a_pruning_deletes_is_removed_and_what_it_keeps_says_why(
    cluster: Cluster, tmp_path: Path
) -> None:
    """The judge is the same bundle's `sync --prune`, object by object and word by word."""
    play(cluster, tmp_path)
    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("lonely", "shared")
    ]
    going = [config_map(f"goes-{number}") for number in range(4)]
    old = yaml_of(config_map("a"), *spaces, *going, config_map("inside", "lonely"), claim("data"))
    first = build_little(tmp_path / "1", {"little": {"0000-x.yaml": old, "1000-driver.yaml": DRIVER}}, NODES)
    new = {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}
    second = build_little(tmp_path / "2", new, {"n1": "5.1"})
    assert sync(cluster, first, "--no-wait").code == 0
    cluster.api.create(config_map("stranger", "shared"))

    limited = diff(cluster, second, "-o", "json", "--prune-limit", "0.1")
    assert limited.returncode == 0
    found = json.loads(limited.stdout)
    assert {each["change"] for each in found["changes"]} == {"kept"}
    assert "prune-limit" in {code for each in found["changes"] for code in marks_of(each)}

    found = changes(cluster, second, "--prune-limit", "1")
    done = sync(cluster, second, "--prune", "--prune-limit", "1")

    assert done.code == 0
    removed = [each for each in found["changes"] if each["change"] == "removed"]
    kept = [each for each in found["changes"] if each["change"] == "kept"]
    assert {full_name(each) for each in removed} == {*pruned(done)}
    assert len(removed) == 6
    assert {full_name(each): marks_of(each)["kept"] for each in kept} == kept_by(done)
    assert {each["before"]["kind"] for each in kept} == {"DaemonSet", "Namespace", "PersistentVolumeClaim"}
    assert found["summary"]["nodesWithoutDriver"] == 0
    after = diff(cluster, second)
    assert after.returncode == 0
    assert "objects: 0 added, 0 changed, 0 removed, 0 rolled over, 4 kept\n" in after.stdout


def full_name(change: Any) -> str:
    ref = change["before"]
    return "/".join(part for part in (ref["kind"], ref["namespace"], ref["name"]) if part)


def test_stale_nodes_are_told_and_a_busy_server_is_no_difference(
    cluster: Cluster, tmp_path: Path, fault_proxy: FaultProxy
) -> None:
    play(cluster, tmp_path, {"n1": "5.1", "n2": "5.3"})
    bundle = build_little(tmp_path / "1", {"little": {"1000-driver.yaml": DRIVER}}, {"n1": "5.1"})
    assert sync(cluster, bundle, "--no-wait").code == 0
    done = diff(cluster, bundle)
    assert done.returncode == 0
    assert done.stderr == (
        "warning[stale-nodes]: 1 node runs 5.3, for which the bundle has nothing\n"
        "  in: little\n"
        "  note: n2\n"
        "  help: take a new snapshot and build the bundle again: sro-apply snapshot, sro-render build\n"
    )

    fault_proxy.decide = lambda _: failure(503, "ServiceUnavailable", "not now")
    done = diff(cluster, bundle, kubeconfig=cluster.kubeconfig("admin", fault_proxy.url))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "error[server-busy]: list ConfigMap in default: not now\n"
        "  help: see what keeps the server busy, and run the command again when it answers\n"
    )
