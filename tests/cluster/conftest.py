"""A real control plane for tests of what speaks with a cluster: one per session, clean for every test.

Where it comes from, the first that is set: SRO_TEST_KUBECONFIG (a cluster that runs already; tests that need
to stop its server are then skipped), KUBEBUILDER_ASSETS (a folder with the programs), JUDGES (a folder that
tests/control_plane.py filled). Without any, tests are skipped with the reason; with CI set they fail.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import playing
import pytest
import servers
import simple_kmod
import yaml
from clusters import Cluster, until
from fault_proxy import FaultProxy
from kubelet_logs import KubeletLogs
from raw_api import RawApi
from running import Running, Start

FOLDER_NAME = "control-plane-1.20.2"
"""As tests/control_plane.py names it."""
CLUSTER_KINDS = (
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    "/api/v1/namespaces",
    "/api/v1/nodes",
)
"""What tests make beside namespaced objects; for a cluster that we may not wipe."""

PLANE = pytest.StashKey[servers.ControlPlane]()


def _do_without(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def programs_folder() -> Path:
    """The folder with the programs of a control plane; ends the test where there is none."""
    assets, judges = os.environ.get("KUBEBUILDER_ASSETS", ""), os.environ.get("JUDGES", "")
    if assets:
        folder, remedy = Path(assets), "KUBEBUILDER_ASSETS must name a folder with all of them"
    elif judges:
        folder, remedy = Path(judges) / FOLDER_NAME, f"run python tests/control_plane.py {judges}"
    else:
        _do_without(
            "a control plane is not here: run python tests/control_plane.py FOLDER and set JUDGES=FOLDER"
        )
    missing = servers.missing_of(folder)
    if missing:
        _do_without(f"{', '.join(missing)} not in {folder}: {remedy}")
    return folder.absolute()


@pytest.fixture(scope="session")
def control_plane(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[servers.ControlPlane | None]:
    """The servers, started once; None where SRO_TEST_KUBECONFIG names a cluster."""
    if os.environ.get("SRO_TEST_KUBECONFIG"):
        yield None
        return
    programs = programs_folder()
    certificates = request.getfixturevalue("certificates")
    plane = servers.ControlPlane(
        programs=programs,
        folder=tmp_path_factory.mktemp("control-plane"),
        ca=certificates.ca,
        certificate=certificates.server,
    )
    request.config.stash[PLANE] = plane
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows the ends of the servers' logs; the logs themselves stay where they are."""
    report = yield
    plane = item.config.stash.get(PLANE, None)
    if plane is not None and report.failed and "control_plane" in getattr(item, "fixturenames", ()):
        report.sections.append(("control plane", plane.logs_tail()))
    return report


@pytest.fixture(scope="session")
def _kubelet(control_plane: servers.ControlPlane | None) -> Iterator[playing.Kubelet]:
    admin = control_plane.kubeconfig("admin") if control_plane else Path(os.environ["SRO_TEST_KUBECONFIG"])
    kubelet = playing.Kubelet(RawApi(admin))
    kubelet.start()
    yield kubelet
    kubelet.stop()


@pytest.fixture(scope="session")
def _logs(certificates: Any, _kubelet: playing.Kubelet) -> Iterator[KubeletLogs]:
    logs = KubeletLogs(certificates.server, _kubelet.log)
    logs.start()
    yield logs
    logs.stop()


@pytest.fixture
def cluster(
    control_plane: servers.ControlPlane | None, _kubelet: playing.Kubelet, _logs: KubeletLogs
) -> Iterator[Cluster]:
    """A cluster with nothing in it but what a new one has: no node, no namespace of anybody's."""
    admin = control_plane.kubeconfig("admin") if control_plane else Path(os.environ["SRO_TEST_KUBECONFIG"])
    api = RawApi(admin)
    before = {path: _names(api, path) for path in CLUSTER_KINDS} if control_plane is None else {}
    made = Cluster(api=api, admin=admin, kubelet=_kubelet, kubelet_port=_logs.port, _plane=control_plane)
    yield made
    made.stop()
    if control_plane is not None:
        control_plane.revive()
        control_plane.clean()
    for path, names in before.items():
        for name in _names(api, path) - names:
            api.delete(f"{path}/{name}")
        until(partial(_has_no_others, api, path, names), seconds=120)


@pytest.fixture(scope="session")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 nodes on 3 kernels."""
    nodes = [
        simple_kmod.node(f"w{group}-{number:02}", kernel)
        for group, (kernel, count) in enumerate(simple_kmod.KERNELS.items())
        for number in range(count)
    ]
    file = tmp_path_factory.mktemp("inventory") / "nodes.yaml"
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": nodes}), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def bundle(inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation's SpecialResource, rendered for them."""
    return simple_kmod.build(inventory, simple_kmod.EXAMPLE / "charts", tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def removed(inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle when the documentation's SpecialResource is removed."""
    folder = tmp_path_factory.mktemp("removed")
    return simple_kmod.build_removed(inventory, folder)


@pytest.fixture
def openshift(cluster: Cluster, inventory: Path) -> Cluster:
    """The 24 nodes, and OpenShift's builds."""
    cluster.play_openshift()
    assert len(cluster.play_nodes(inventory)) == 24
    return cluster


@pytest.fixture
def fault_proxy(cluster: Cluster, certificates: Any) -> Iterator[FaultProxy]:
    """A proxy before the API server, which lets everything through until a test says otherwise."""
    proxy = FaultProxy(upstream=cluster.servers.url, ca=certificates.ca, certificate=certificates.server)
    proxy.start()
    yield proxy
    proxy.stop()


def _has_no_others(api: RawApi, path: str, names: set[str]) -> bool:
    return _names(api, path) <= names


def _names(api: RawApi, path: str) -> set[str]:
    return {item["metadata"]["name"] for item in api.items(path)}


@pytest.fixture
def start(openshift: Cluster) -> Iterator[Start]:
    """Starts a loop; all of them are stopped in the end, and must end well."""
    running: list[Running] = []

    def begin(source: str | Path, *options: str) -> Running:
        running.append(
            Running(
                [
                    str(source),
                    "--kubeconfig",
                    str(openshift.admin),
                    "--interval",
                    "1",
                    "--listen",
                    "127.0.0.1:0",
                    *options,
                ]
            )
        )
        return running[-1]

    yield begin
    for each in running:
        if each.process.returncode is None:
            assert each.stop() == (0, "")
