"""`sro-apply run` against a real control plane: the loop that keeps a bundle in a cluster.

Matrix: a bundle, another one, a damaged one; from a folder and from a Git repository; drift; a cause that is
mended; a graceful stop. Left out: who of several replicas works, which test_lease has.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import playing
from clusters import Cluster, until
from running import Start
from simple_kmod import (
    DRIVER,
    EXAMPLE,
    KERNELS,
    MIDDLE,
    NEW,
    build,
    daemon_set,
    everything,
    label_count,
    ready_pods,
    sync,
)


def test_it_brings_a_bundle_into_the_cluster_and_keeps_it_there(
    openshift: Cluster, bundle: Path, start: Start
) -> None:
    loop = start(bundle)
    until(loop.is_ready, seconds=60)
    assert {kernel: ready_pods(openshift, daemon_set(kernel, bundle)) for kernel in KERNELS} == KERNELS
    assert (loop.read("/healthz"), loop.read("/readyz")) == ("ok\n", "ok\n")
    until(lambda: label_count(openshift, "1000") == 24, seconds=30)
    until(lambda: "sro_managed_resources_total 1.0" in loop.read("/metrics"), seconds=30)
    assert "sro_apply_requests_total" in loop.read("/metrics")
    roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/simple-kmod/roles"
    apps = "/apis/apps/v1/namespaces/simple-kmod/daemonsets"

    openshift.api.patch(f"{roles}/{DRIVER}", {"rules": []})
    openshift.api.delete(f"{apps}/{daemon_set(NEW, bundle)}")

    until(lambda: openshift.api.get(f"{roles}/{DRIVER}")["rules"], seconds=30)
    until(lambda: len(openshift.api.items(apps)) == 3, seconds=30)
    until(lambda: ready_pods(openshift, daemon_set(NEW, bundle)) == KERNELS[NEW], seconds=30)
    before = everything(openshift)
    assert loop.stop() == (0, "")
    assert everything(openshift) == before
    (lease,) = openshift.api.items("/apis/coordination.k8s.io/v1/namespaces/default/leases")
    assert not lease["spec"].get("holderIdentity"), "the next one need not wait"
    # Nothing is told again and again.
    assert len(loop.of("applied")) == 11 + 2


def test_what_failed_is_well_once_its_cause_is_mended(openshift: Cluster, bundle: Path, start: Start) -> None:
    image = f"*/{DRIVER}:v{MIDDLE}"
    openshift.kubelet.rule(image, playing.image_pull_back_off("driver:middle"))
    loop = start(bundle)
    (failed,) = until(lambda: loop.of("failed"), seconds=60)
    assert "ImagePullBackOff" in failed["reason"]
    openshift.kubelet.rule(image, playing.RUNNING)
    until(loop.is_ready, seconds=60)


def test_a_new_bundle_is_taken_and_a_damaged_one_is_not(
    openshift: Cluster, bundle: Path, inventory: Path, start: Start, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(bundle, source)
    loop = start(source)
    until(loop.is_ready, seconds=60)
    (first,) = loop.of("loaded")
    assert (first["cluster"], first["objects"]) == ("cluster", 11)

    (file,) = source.glob("simple-kmod/1000-driver-container/role-*")
    lock = (source / "sro.lock.yaml").read_bytes()
    file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    (source / "sro.lock.yaml").write_bytes(lock + b"\n")
    (rejected,) = until(lambda: loop.of("rejected"), seconds=30)
    assert "bundle-differs" in rejected["reason"]
    assert loop.process.poll() is None

    charts = tmp_path / "charts"
    shutil.copytree(EXAMPLE / "charts", charts)
    (template,) = charts.rglob("1000-driver-container.yaml")
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("  - use\n", "  - use\n  - get\n"), encoding="utf-8")
    newer = build(inventory, charts, tmp_path / "newer")
    shutil.rmtree(source)
    shutil.copytree(newer, source)

    until(lambda: len(loop.of("loaded")) == 2, seconds=30)
    roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/simple-kmod/roles"
    until(lambda: "get" in str(openshift.api.get(f"{roles}/{DRIVER}")["rules"]), seconds=30)


def test_two_replicas_take_turns_and_the_second_takes_over_at_once_when_the_first_stops(
    bundle: Path, start: Start
) -> None:
    first = start(bundle)
    until(lambda: first.of("leading"), seconds=30)
    second = start(bundle)
    until(lambda: second.of("standby"), seconds=30)
    until(first.is_ready, seconds=60)
    assert not second.of("applied")

    assert first.stop() == (0, "")

    until(lambda: second.of("leading"), seconds=10)
    until(second.is_ready, seconds=30)
    assert not second.of("applied", result="created")
    assert not second.of("applied", result="configured")


def test_the_second_takes_over_within_the_lease_s_time_when_the_first_is_killed(
    bundle: Path, start: Start
) -> None:
    first = start(bundle)
    until(lambda: first.of("leading"), seconds=30)
    second = start(bundle)
    until(lambda: second.of("standby"), seconds=30)

    first.kill()

    until(lambda: second.of("leading"), seconds=15 + 5)
    until(second.is_ready, seconds=60)


def test_a_repository_that_others_push_to_is_followed(bundle: Path, start: Start, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "nothing yet")
    loop = start(f"git+{tmp_path.as_uri()}@main:out/cluster")
    (rejected,) = until(lambda: loop.of("rejected"), seconds=30)
    assert "no-bundle" in rejected["reason"]

    shutil.copytree(bundle, tmp_path / "out" / "cluster")
    git("add", "-A")
    git("commit", "-q", "-m", "a bundle")

    until(loop.is_ready, seconds=60)


def test_a_repository_that_cannot_be_reached_ends_no_loop(start: Start) -> None:
    loop = start("git+https://127.0.0.1:1/fleet.git@main:out/cluster")
    (rejected,) = until(lambda: loop.of("rejected"), seconds=30)
    assert rejected["reason"].startswith("source-unreachable: https://127.0.0.1:1/fleet.git@main: ")
    assert loop.read("/readyz") == "ok\n"
    assert loop.stop() == (0, "")


def test_an_observer_writes_no_manifest_and_tells_of_those_that_another_applies(
    openshift: Cluster, bundle: Path, start: Start
) -> None:
    loop = start(bundle, "--observe")
    until(lambda: loop.of("loaded"), seconds=30)
    until(
        lambda: 'sro_apply_steps{specialresource="simple-kmod",status="ready"} 0.0' in loop.read("/metrics")
    )
    assert not any("simple-kmod" in path for path in everything(openshift))

    assert loop.stop() == (0, "")
    assert sync(openshift, bundle).code == 0
    written = everything(openshift)
    loop = start(bundle, "--observe")

    until(
        lambda: 'sro_apply_steps{specialresource="simple-kmod",status="ready"} 9.0' in loop.read("/metrics")
    )
    assert loop.stop() == (0, "")
    assert everything(openshift) == written
    assert not loop.of("applied")


def test_a_source_that_can_be_none_is_told_before_anything(openshift: Cluster) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sro_apply", "run", "git+ftp://x@y", "--kubeconfig", str(openshift.admin)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error[source-address]: git+ftp://x@y names no bundle in a Git repository")
