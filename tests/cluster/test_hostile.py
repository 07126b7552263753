"""Hostile bundles before a real server: each is refused before the first write.

Matrix: one of each sort of harm. Left out: all others of a sort (tests/unit/apply/test_hostile_bundles.py).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from clusters import Cluster
from fault_proxy import FaultProxy
from raw_api import Object
from simple_kmod import changed, sync


def test_nothing_is_written_of_a_bundle_that_goes_too_far(
    cluster: Cluster, bundle: Path, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    kubeconfig = cluster.kubeconfig("admin", fault_proxy.url)
    copies = (Path(shutil.copytree(bundle, tmp_path / f"copy-{number}")) for number in range(9))

    linked = next(copies)
    (linked / "simple-kmod").rename(tmp_path / "elsewhere")
    (linked / "simple-kmod").symlink_to(tmp_path / "elsewhere")
    differing = next(copies)
    with next(differing.rglob("role-*.yaml")).open("a", encoding="utf-8") as file:
        file.write("rules: []\n")
    waiting = next(copies)
    os.mkfifo(waiting / "pipe.yaml")
    large = next(copies)
    with (large / "large.yaml").open("wb") as sparse:
        sparse.truncate(2**35)

    def into_the_control_plane(manifest: Object) -> None:
        manifest["metadata"]["namespace"] = "kube-system"

    def over_the_parent(manifest: Object) -> None:
        manifest |= {"apiVersion": "v1", "kind": "ConfigMap"}
        manifest["metadata"] |= {"name": "sro-apply-simple-kmod", "namespace": "default"}

    refused = [
        (linked, "bundle-link"),
        (differing, "bundle-differs"),
        (waiting, "bundle-link"),
        (large, "bundle-large"),
        (changed(bundle, tmp_path / "kube", "role", into_the_control_plane), "bundle-not-allowed"),
        (changed(bundle, tmp_path / "own", "role", over_the_parent), "bundle-not-ours"),
    ]
    for folder, code in refused:
        done = sync(cluster, folder, kubeconfig=kubeconfig)
        assert (done.code, done.events) == (2, [])
        assert f"error[{code}]: " in done.errors
    for options in (("--allow-kinds", "Namespace"), ("--allow-namespaces", "other")):
        done = sync(cluster, bundle, *options, kubeconfig=kubeconfig)
        assert (done.code, done.events) == (2, [])
        assert "error[bundle-not-allowed]: " in done.errors
    assert fault_proxy.writes() == []
