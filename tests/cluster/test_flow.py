"""The documentation's flow from its first to its last step, and what becomes of a node that moves on.

Matrix: 24 nodes on 3 kernels; snapshot, build, sync, what is seen of it at every step, delete; a node that
runs a fourth kernel, with the bundle from before and with a new one. Left out: what goes wrong on the way, which
the tests of each command have.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import playing
import playing_openshift
import yaml
from clusters import Cluster, until
from running import Start
from simple_kmod import (
    DRIVER,
    EXAMPLE,
    KERNELS,
    NEW,
    OLD,
    build_config,
    daemon_set,
    label_count,
    ready_pods,
)

FOURTH = "4.18.0-305.57.1.el8_4.x86_64"
STATES = "sro_states_completed_info"
APPS = "/apis/apps/v1/namespaces/simple-kmod/daemonsets"


def apply(cluster: Cluster, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run sro-apply against the cluster."""
    return subprocess.run(
        [sys.executable, "-m", "sro_apply", *map(str, arguments), "--kubeconfig", str(cluster.admin)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def render(cluster: Cluster, folder: Path) -> Path:
    """Take a snapshot, and build the bundle from it alone."""
    folder.mkdir(exist_ok=True)
    nodes, spec = folder / "nodes.yaml", EXAMPLE / "specialresource.yaml"
    taken = apply(cluster, "snapshot", spec, "--cluster", "lab", "--out", nodes)
    # The chart is not in the cluster but in a folder, of which it warns.
    assert taken.returncode == 0, taken.stderr
    subprocess.run(
        [
            *(sys.executable, "-m", "sro_render", "build", spec),
            *("--inventory", nodes, "--charts", EXAMPLE / "charts", "--out", folder / "out"),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "out" / "lab"


def create_resource(cluster: Cluster) -> None:
    """The documentation's SpecialResource, as the operator's users have it."""
    spec = yaml.safe_load((EXAMPLE / "specialresource.yaml").read_text(encoding="utf-8"))
    cluster.api.create(spec)


def conditions(cluster: Cluster) -> list[str]:
    """The conditions of the SpecialResource that are true."""
    live = cluster.api.get("/apis/sro.openshift.io/v1beta1/specialresources/simple-kmod")
    found = live.get("status", {}).get("conditions") or []
    return [each["type"] for each in found if each["status"] == "True"]


def comes_to(wanted: object, ask: Callable[[], object]) -> None:
    until(lambda: ask() == wanted, seconds=60)


def names(cluster: Cluster, path: str) -> set[str]:
    return {each["metadata"]["name"] for each in cluster.api.items(path)}


def test_from_a_snapshot_to_running_drivers_and_back_to_nothing(
    openshift: Cluster, start: Start, tmp_path: Path
) -> None:
    before = names(openshift, "/api/v1/namespaces")
    bundle = render(openshift, tmp_path)
    create_resource(openshift)
    openshift.builds.rule("*", playing_openshift.BUILDING)
    openshift.kubelet.rule("*", playing.NOT_READY)
    loop = start(bundle)

    # Builds run, and nothing else has begun.
    until(lambda: len(loop.of("waiting")) >= 3, seconds=60)
    assert not openshift.api.items(APPS)
    comes_to(["Progressing"], lambda: conditions(openshift))
    assert label_count(openshift, "0000") == 0
    comes_to(0, lambda: loop.metric(STATES, state="templates/0000-buildconfig.yaml"))

    # One build after the other: its own kernel goes on, and no other.
    done = nodes = 0
    for kernel, count in KERNELS.items():
        done, nodes = done + 1, nodes + count
        openshift.builds.rule(build_config(kernel, bundle), playing_openshift.COMPLETE)
        comes_to(done, lambda: len(openshift.api.items(APPS)))
        comes_to(nodes, lambda: label_count(openshift, "0000"))
        assert label_count(openshift, "1000") == 0
    comes_to(1, lambda: loop.metric(STATES, state="templates/0000-buildconfig.yaml"))

    # Driver pods become ready, kernel after kernel.
    nodes = 0
    for kernel, count in KERNELS.items():
        nodes += count
        openshift.kubelet.rule(f"*/{DRIVER}:v{kernel}", playing.RUNNING)
        comes_to(nodes, lambda: label_count(openshift, "1000"))
        name = daemon_set(kernel, bundle)
        assert ready_pods(openshift, name) == count
        comes_to(1, partial(loop.metric, "sro_kind_completed_info", kind="DaemonSet", name=name))
    comes_to(1, lambda: loop.metric(STATES, state="templates/1000-driver-container.yaml"))
    comes_to(["Ready"], lambda: conditions(openshift))
    assert loop.metric("sro_managed_resources_total") == 1
    assert loop.metric("sro_upgrade_alert", cr="simple-kmod") == 0
    assert loop.stop() == (0, "")
    told = apply(openshift, "status", bundle)
    assert (told.returncode, told.stderr) == (0, "")

    gone = apply(openshift, "delete", "simple-kmod", "--yes")

    assert (gone.returncode, gone.stderr) == (0, "")
    assert names(openshift, "/api/v1/namespaces") == before
    assert (label_count(openshift, "0000"), label_count(openshift, "1000")) == (0, 0)
    assert not any(
        name.startswith("sro-apply") for name in names(openshift, "/api/v1/namespaces/default/configmaps")
    )


def test_a_node_that_moves_on_is_missed_until_a_new_bundle_serves_it(
    openshift: Cluster, start: Start, tmp_path: Path
) -> None:
    bundle = render(openshift, tmp_path / "a")
    source = tmp_path / "source"
    shutil.copytree(bundle, source)
    loop = start(source)
    until(loop.is_ready, seconds=60)
    moving = [f"w2-{number:02}" for number in range(KERNELS[NEW])]
    stale = daemon_set(NEW, bundle)

    # Stale: the nodes run what the bundle does not know.
    playing.change_kernel(openshift.api, moving[0], FOURTH)
    (warned,) = until(lambda: loop.of("warning", code="stale-nodes"), seconds=30)
    assert warned["notes"] == [moving[0]]
    assert FOURTH in warned["message"]
    until(lambda: loop.metric("sro_upgrade_alert", cr="simple-kmod") == 1, seconds=30)

    # With a new bundle the new lane comes up; the old driver stays while a node runs its kernel.
    newer = render(openshift, tmp_path / "b")
    shutil.rmtree(source)
    shutil.copytree(newer, source)
    fresh = daemon_set(FOURTH, newer)
    until(lambda: fresh in names(openshift, APPS) and ready_pods(openshift, fresh) == 1, seconds=60)
    until(lambda: loop.metric("sro_upgrade_alert", cr="simple-kmod") == 0, seconds=30)
    assert stale in names(openshift, APPS)
    assert daemon_set(NEW, newer) == stale

    # The others follow: once nobody runs the kernel, and the bundle has it no more, its driver goes.
    for node in moving[1:]:
        playing.change_kernel(openshift.api, node, FOURTH)
    newest = render(openshift, tmp_path / "c")
    shutil.rmtree(source)
    shutil.copytree(newest, source)
    until(lambda: stale not in names(openshift, APPS), seconds=60)
    until(lambda: ready_pods(openshift, fresh) == KERNELS[NEW], seconds=60)
    assert {daemon_set(kernel, newest) for kernel in (OLD, FOURTH)} <= names(openshift, APPS)


def test_a_driver_that_the_bundle_has_no_longer_stays_while_a_node_needs_it(
    openshift: Cluster, start: Start, tmp_path: Path
) -> None:
    """The bundle is ahead of the nodes: it was rendered for a cluster in which they have moved already."""
    bundle = render(openshift, tmp_path / "a")
    source = tmp_path / "source"
    shutil.copytree(bundle, source)
    loop = start(source)
    until(loop.is_ready, seconds=60)
    moving = [f"w2-{number:02}" for number in range(KERNELS[NEW])]
    for node in moving:
        playing.change_kernel(openshift.api, node, FOURTH)
    ahead = render(openshift, tmp_path / "b")
    for node in moving:
        playing.change_kernel(openshift.api, node, NEW)
    shutil.rmtree(source)
    shutil.copytree(ahead, source)
    stale = daemon_set(NEW, bundle)

    (kept, *_) = until(lambda: [e for e in loop.of("kept") if stale in e["object"]], seconds=60)

    assert moving[0] in kept["reason"]
    assert stale in names(openshift, APPS)
    for node in moving:
        playing.change_kernel(openshift.api, node, FOURTH)
    until(lambda: stale not in names(openshift, APPS), seconds=60)
