"""The documentation's simple-kmod, rendered for 24 nodes on 3 kernels and synced: what tests of it share."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from clusters import Cluster
from raw_api import Object

from sro_render.model.lock import digest_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-simple-kmod"
SPECIAL_RESOURCE: Object = yaml.safe_load((EXAMPLE / "specialresource.yaml").read_text("utf-8"))
KERNELS = {
    "4.18.0-305.19.1.el8_4.x86_64": 7,
    "4.18.0-305.45.1.el8_4.x86_64": 12,
    "4.18.0-305.49.1.el8_4.x86_64": 5,
}
OLD, MIDDLE, NEW = KERNELS
LABEL = "feature.node.kubernetes.io/kernel-version.full"
DRIVER = "simple-kmod-driver-container"


def node(name: str, kernel: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/os": "linux",
                LABEL: kernel,
                "node-role.kubernetes.io/worker": "",
            },
        },
        "spec": {},
        "status": {
            "nodeInfo": {
                "kernelVersion": kernel,
                "osImage": "Red Hat Enterprise Linux CoreOS 410.84.202203221702-0 (Ootpa)",
                "architecture": "amd64",
                "operatingSystem": "linux",
                "kubeletVersion": "v1.23.5",
                "containerRuntimeVersion": "cri-o://1.23.2",
                "bootID": "",
                "machineID": "",
                "systemUUID": "",
                "kubeProxyVersion": "v1.23.5",
            }
        },
    }


def build(inventory: Path, charts: Path, out: Path) -> Path:
    spec, toolkits = EXAMPLE / "specialresource.yaml", EXAMPLE / "driver-toolkits.yaml"
    inputs: list[str | Path] = ["--inventory", inventory, "--inventory", toolkits, "--charts", charts]
    subprocess.run(
        [sys.executable, "-m", "sro_render", "build", spec, *inputs, "--out", out],
        check=True,
        capture_output=True,
    )
    return out / "cluster"


def changed(bundle: Path, folder: Path, kind: str, change: Callable[[Object], object]) -> Path:
    """A copy of a bundle in which each object of a kind was changed, as if a chart had made it so.

    Args: kind: as files are named, in lower case; `*` for all.
    """
    made = Path(shutil.copytree(bundle, folder))
    lock = made / "sro.lock.yaml"
    text = lock.read_text(encoding="utf-8")
    for file in made.rglob(f"{kind}-*.yaml"):
        before = file.read_bytes()
        manifest = yaml.safe_load(before)
        change(manifest)
        file.write_text(yaml.safe_dump(manifest), encoding="utf-8")
        text = text.replace(digest_of(before), digest_of(file.read_bytes()))
    lock.write_text(text, encoding="utf-8")
    return made


def build_removed(inventory: Path, folder: Path) -> Path:
    """The bundle when the SpecialResource is removed."""
    manifest = {**SPECIAL_RESOURCE, "spec": {**SPECIAL_RESOURCE["spec"], "managementState": "Removed"}}
    (folder / "spec.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    subprocess.run(
        [
            *(sys.executable, "-m", "sro_render", "build", folder / "spec.yaml", "--out", folder / "out"),
            *("--inventory", inventory, "--charts", EXAMPLE / "charts"),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "out" / "cluster"


class Synced:
    """What a sync printed, and its exit code."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.errors = done.stderr
        self.events: list[Object] = [json.loads(line) for line in done.stdout.splitlines()]

    def of(self, event: str) -> list[Object]:
        return [each for each in self.events if each["event"] == event]

    @property
    def applied(self) -> list[str]:
        return [each["object"] for each in self.of("applied")]

    @property
    def finished(self) -> Object:
        return self.events[-1]

    def place(self, event: str, step: str) -> int:
        """Where in the events the first of this kind about a step is."""
        found = (
            index
            for index, each in enumerate(self.events)
            if (each["event"], each.get("step")) == (event, step)
        )
        return next(found)


HURRIED = (str(Path(__file__).with_name("hurried.py")), "2", "1.5", "0.3")
"""Arguments of Python: the program with a Lease that others need not wait long for."""


def command(
    kubeconfig: Path, bundle: Path, *options: str, program: Sequence[str] = ("-m", "sro_apply")
) -> list[str]:
    given = [sys.executable, *program, "sync", str(bundle)]
    return [*given, "--kubeconfig", str(kubeconfig), "-o", "json", *options]


def sync(cluster: Cluster, bundle: Path, *options: str, kubeconfig: Path | None = None) -> Synced:
    return Synced(
        subprocess.run(
            command(kubeconfig or cluster.admin, bundle, "--timeout", "60", *options),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    )


def build_config(kernel: str, bundle: Path) -> str:
    """The name of a kernel's BuildConfig."""
    (file,) = (bundle / "simple-kmod" / "0000-buildconfig" / kernel).glob("buildconfig*")
    return str(yaml.safe_load(file.read_text(encoding="utf-8"))["metadata"]["name"])


def daemon_set(kernel: str, bundle: Path) -> str:
    (file,) = (bundle / "simple-kmod" / "1000-driver-container" / kernel).glob("daemonset*")
    return str(yaml.safe_load(file.read_text(encoding="utf-8"))["metadata"]["name"])


def everything(cluster: Cluster) -> dict[str, str]:
    """Each object of ours with its resourceVersion."""
    paths = (
        "/api/v1/namespaces",
        "/api/v1/namespaces/simple-kmod/serviceaccounts",
        "/api/v1/namespaces/default/configmaps",
        "/apis/apps/v1/namespaces/simple-kmod/daemonsets",
        "/apis/build.openshift.io/v1/namespaces/simple-kmod/buildconfigs",
        "/apis/image.openshift.io/v1/namespaces/simple-kmod/imagestreams",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/simple-kmod/roles",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/simple-kmod/rolebindings",
    )
    return {
        f"{path}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for path in paths
        for item in cluster.api.items(path)
    }


def ready_pods(cluster: Cluster, name: str) -> int:
    path = f"/apis/apps/v1/namespaces/simple-kmod/daemonsets/{name}"
    return int(cluster.api.get(path)["status"].get("numberReady", 0))


def label_count(cluster: Cluster, state: str) -> int:
    """How many nodes have the label of a state."""
    label = f"specialresource.openshift.io/state-simple-kmod-{state}"
    nodes = cluster.api.items("/api/v1/nodes")
    return sum(node["metadata"]["labels"].get(label) == "Ready" for node in nodes)
