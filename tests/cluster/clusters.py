"""What a test of a cluster holds in its hands, whichever cluster it is (see conftest.py)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import playing
import playing_openshift
import pytest
import servers
from kubernetes.client.exceptions import ApiException
from raw_api import Object, RawApi

WAIT_S = 30.0
T = TypeVar("T")


@dataclass
class Cluster:
    """What a test holds: an administrator's view of the cluster, its users, and the players."""

    api: RawApi
    admin: Path
    """The administrator's kubeconfig."""
    kubelet: playing.Kubelet
    kubelet_port: int
    _plane: servers.ControlPlane | None
    _builds: playing_openshift.BuildController | None = None

    @property
    def servers(self) -> servers.ControlPlane:
        """To stop and start the API server, or to name its address."""
        if self._plane is None:
            pytest.skip("the cluster of SRO_TEST_KUBECONFIG is not ours to stop")
        return self._plane

    @property
    def builds(self) -> playing_openshift.BuildController:
        """The build controller, which `play_openshift` starts."""
        assert self._builds is not None, "play_openshift comes first"
        return self._builds

    def kubeconfig(self, user: str, url: str = "") -> Path:
        """The kubeconfig of `alice` or `bob`, who may do nothing until a test lets them, or of `admin`.

        Args:
            user: as above.
            url: of a fault proxy, if the user is to speak through one.
        """
        return self.servers.kubeconfig(user, url)

    def service_account(self, namespace: str, name: str, url: str = "") -> Path:
        """The kubeconfig of a ServiceAccount; url as above."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = self.api.request("POST", path, request)["status"]["token"]
        return self.servers.kubeconfig_of(f"{namespace}.{name}", token, url)

    def play_nodes(self, *inventories: Path) -> list[str]:
        """Create the nodes of inventory files; their names."""
        nodes = playing.nodes_of(playing.documents_of(*inventories), self.kubelet_port)
        for node in nodes:
            self.api.create(node)
        return [node["metadata"]["name"] for node in nodes]

    def play_openshift(self) -> None:
        """OpenShift's kinds are there, and its builds work."""
        self.play_kinds(playing_openshift.crds())
        self._builds = playing_openshift.BuildController(self.api)
        self._builds.start()

    def play_kinds(self, crds: Sequence[Object]) -> None:
        """Create kinds, such as `playing_openshift.crd` describes, and wait until they are served.

        The garbage collector looks for new kinds every 30 seconds: only then does the end of one of their
        objects take along what belongs to it.
        """
        for each in crds:
            self.api.create(each)
        for each in crds:
            until(partial(self.is_established, each))

    def is_established(self, crd: Object) -> bool:
        """Whether a CRD is served: its condition, and an answer, which comes a little later."""
        found = self.api.get(self.api.path_of(crd))
        listed = found.get("status", {}).get("conditions") or []  # null, for a moment
        conditions = {each["type"]: each["status"] for each in listed}
        spec = crd["spec"]
        if conditions.get("Established") != "True":
            return False
        try:
            self.api.get(f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}")
        except ApiException as fault:
            if fault.status == 404:
                return False
            raise
        return True

    def namespace(self, name: str) -> str:
        """Create a namespace; its name."""
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def stop(self) -> None:
        self.kubelet.reset()
        if self._builds is not None:
            self._builds.stop()


def until(ask: Callable[[], T], *, seconds: float = WAIT_S) -> T:
    """Ask until the answer is true, and return it; an AssertionError or a 404 counts as not yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            answer = ask()
            if answer:
                return answer
            last: object = answer
        except AssertionError as fault:
            last = fault
        except ApiException as fault:
            if fault.status != 404:
                raise
            last = fault
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s; the last answer: {last}")
        time.sleep(0.05)
