"""Builds of a real BuildConfig kind: one for each revision, whoever starts it and whatever is killed meanwhile.

Matrix: a first build with and without OpenShift's own trigger; a changed BuildConfig; the program killed around
the request that starts a build, before, after and between; a failed build, its log and its next try; a
BuildConfig from before. `instantiate` is answered by a proxy, as its rules are in openshift-apiserver; builds
are played. Left out: what those rules are (tests/unit/apply/test_build_outlook.py).
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import playing
import playing_openshift
import pytest
import yaml
from clusters import Cluster
from fault_proxy import Answer, Asked, Cut, FaultProxy
from instantiating import instantiated, instantiating
from raw_api import Object
from simple_kmod import HURRIED, KERNELS, OLD, build_config, changed, command, sync

BUILDS = "/apis/build.openshift.io/v1/namespaces/simple-kmod/builds"
CONFIGS = "/apis/build.openshift.io/v1/namespaces/simple-kmod/buildconfigs"


@pytest.fixture
def kubeconfig(openshift: Cluster, fault_proxy: FaultProxy) -> Path:
    """Through a proxy that knows how to start builds."""
    fault_proxy.decide = instantiating(openshift)
    return openshift.kubeconfig("admin", fault_proxy.url)


def with_spec(bundle: Path, folder: Path, **spec: Any) -> Path:
    """The bundle with other BuildConfigs."""
    return changed(bundle, folder, "buildconfig*", lambda manifest: manifest["spec"].update(spec))


def builds(cluster: Cluster) -> dict[str, str]:
    """Each Build with its phase."""
    return {each["metadata"]["name"]: each["status"]["phase"] for each in cluster.api.items(BUILDS)}


def numbered(bundle: Path, *numbers: int) -> dict[str, str]:
    """Complete builds of these numbers of every BuildConfig."""
    return {
        f"{build_config(kernel, bundle)}-{number}": "Complete" for kernel in KERNELS for number in numbers
    }


def test_the_first_build_is_openshifts_own_and_every_change_after_it_gets_one_of_ours(
    openshift: Cluster, bundle: Path, kubeconfig: Path, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    assert sync(openshift, bundle, kubeconfig=kubeconfig).code == 0
    assert builds(openshift) == numbered(bundle, 1)
    assert not any(map(instantiated, fault_proxy.asked))

    other = with_spec(bundle, tmp_path / "other", postCommit={"script": "make check"})
    done = sync(openshift, other, kubeconfig=kubeconfig)
    assert (done.code, builds(openshift)) == (0, numbered(bundle, 1, 2)), done.events
    again = sync(openshift, other, kubeconfig=kubeconfig)
    assert (again.code, builds(openshift)) == (0, numbered(bundle, 1, 2))

    # Where it is built is no matter of the image; what was built between is.
    elsewhere = with_spec(other, tmp_path / "elsewhere", nodeSelector={"kubernetes.io/arch": "amd64"})
    assert sync(openshift, elsewhere, kubeconfig=kubeconfig).code == 0
    assert builds(openshift) == numbered(bundle, 1, 2)
    assert sync(openshift, bundle, kubeconfig=kubeconfig).code == 0
    assert builds(openshift) == numbered(bundle, 1, 2, 3)


def test_without_a_trigger_builds_are_started_also_where_nobody_waits(
    openshift: Cluster, bundle: Path, kubeconfig: Path, tmp_path: Path
) -> None:
    openshift.builds.rule("*", playing_openshift.BUILDING)
    manual = with_spec(bundle, tmp_path / "manual", triggers=[])
    assert sync(openshift, manual, "--no-wait", kubeconfig=kubeconfig).code == 0
    assert set(builds(openshift)) == set(numbered(bundle, 1))
    openshift.builds.rule("*", playing_openshift.COMPLETE)
    assert sync(openshift, manual, kubeconfig=kubeconfig).code == 0
    assert builds(openshift) == numbered(bundle, 1)


@pytest.mark.parametrize("moment", ["before", "after", "answered"])
def test_a_sync_that_is_killed_around_its_request_for_a_build_leaves_one_build_of_each_revision(
    openshift: Cluster, bundle: Path, fault_proxy: FaultProxy, tmp_path: Path, moment: str
) -> None:
    """One of three requests is killed in each run: before it is heard, after it, or with its answer."""
    kubeconfig = openshift.kubeconfig("admin", fault_proxy.url)
    answer = instantiating(openshift)
    running: list[subprocess.Popen[bytes]] = []
    killed: list[str] = []

    def decide(asked: Asked) -> Answer | str | None:
        name = instantiated(asked)
        if not name or name in killed:
            return answer(asked)
        killed.append(name)
        given = Cut.BEFORE if moment == "before" else answer(asked)
        running[-1].kill()
        running[-1].wait(10)
        return Cut.BEFORE if moment == "after" else given

    fault_proxy.decide = decide
    manual = with_spec(bundle, tmp_path / "manual", triggers=[])
    for _ in range(12):
        running.append(
            subprocess.Popen(
                command(kubeconfig, manual, "--timeout", "60", program=HURRIED), stdout=subprocess.DEVNULL
            )
        )
        if running[-1].wait(60) == 0:
            break

    assert (running[-1].returncode, len(killed)) == (0, len(KERNELS))
    assert builds(openshift) == numbered(bundle, 1)


def test_a_failed_build_shows_the_end_of_its_log_and_is_started_again_until_its_cause_is_mended(
    openshift: Cluster, bundle: Path, kubeconfig: Path
) -> None:
    name = build_config(OLD, bundle)
    openshift.builds.rule(name, playing_openshift.build_failed("(cut)"))
    openshift.kubelet.rule(
        "builder", playing.Outcome(phase="Failed", log="cc -c x.c\nx.c:1: error: no header\n")
    )
    openshift.namespace("simple-kmod")
    openshift.api.create(build_pod(f"{name}-1-build"))

    done = sync(openshift, bundle, kubeconfig=kubeconfig)

    assert (done.code, done.finished["failed"]) == (1, 1), done.events
    reasons = [each["reason"] for each in done.of("failed")]
    expected = f"build {name}-1 is Failed: DockerBuildFailed: Docker build strategy has failed"
    assert reasons[0] == f"{expected}\ncc -c x.c\nx.c:1: error: no header"
    # The pods of later builds were never there: what OpenShift keeps in the status will do.
    advice = (
        f"; so are those before it: mend the cause, then start one with oc start-build {name} -n simple-kmod"
    )
    assert reasons[-1] == f"{expected.replace('-1', '-4')}{advice}\n(cut)"
    assert [each["retry_s"] for each in done.of("failed")][-1] == 0
    assert [number for number in builds(openshift) if number.startswith(name)] == [
        f"{name}-{number}" for number in (1, 2, 3, 4)
    ]

    openshift.builds.rule(name, playing_openshift.COMPLETE)
    mended = sync(openshift, bundle, kubeconfig=kubeconfig)
    assert mended.code == 0
    assert builds(openshift)[f"{name}-5"] == "Complete"


def build_pod(name: str) -> Object:
    """The pod of a build on one of the nodes."""
    container = {"name": "docker-build", "image": "builder"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "simple-kmod"},
        "spec": {"nodeName": "w0-00", "restartPolicy": "Never", "containers": [container]},
    }


def test_a_build_config_from_before_is_built_once_more_and_then_never_again(
    openshift: Cluster, bundle: Path, kubeconfig: Path
) -> None:
    """Of what its builds were made nobody knows."""
    openshift.namespace("simple-kmod")
    for file in bundle.rglob("buildconfig*.yaml"):
        config = yaml.safe_load(file.read_text(encoding="utf-8")) | {"status": {"lastVersion": 6}}
        openshift.api.create(playing_openshift.build_of(openshift.api.create(config), 6))

    for _ in range(2):
        assert sync(openshift, bundle, kubeconfig=kubeconfig).code == 0
        assert builds(openshift) == numbered(bundle, 6, 7)
