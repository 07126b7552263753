"""SpecialResources of a test's own, of a few objects each, and what is in a cluster of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import simple_kmod
import yaml
from clusters import Cluster
from kubernetes.client.exceptions import ApiException
from raw_api import Object
from simple_kmod import Synced

NODES = {"n1": "5.1", "n2": "5.2"}
DRIVER = """\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: driver
  annotations: {specialresource.openshift.io/kernel-affine: "true"}
spec:
  selector: {matchLabels: {app: driver}}
  template:
    metadata: {labels: {app: driver}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: driver, image: "driver:{{ .Values.kernelFullVersion }}"}]
"""
PARENT = "/api/v1/namespaces/default/configmaps/sro-apply-little"
MAPS = "/api/v1/namespaces/little/configmaps"

Templates = Mapping[str, str]
"""A file's name in the chart's templates to its text."""


def inventory(folder: Path, nodes: Mapping[str, str]) -> Path:
    """The file with these nodes: name to kernel."""
    items = [simple_kmod.node(name, kernel) for name, kernel in nodes.items()]
    file = folder / "nodes.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8")
    return file


def build(
    folder: Path,
    resources: Mapping[str, Templates],
    nodes: Mapping[str, str],
    *,
    removed: Collection[str] = (),
) -> Path:
    """The bundle of SpecialResources, each with its chart's templates, in an empty folder."""
    for name, templates in resources.items():
        chart = folder / "charts" / name
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.0.1\n", encoding="utf-8")
        for file, text in templates.items():
            (chart / "templates" / file).write_text(text, encoding="utf-8")
    specs = [
        {
            "apiVersion": "sro.openshift.io/v1beta1",
            "kind": "SpecialResource",
            "metadata": {"name": name},
            "spec": {
                "namespace": name,
                "managementState": "Removed" if name in removed else "Managed",
                "chart": {
                    "name": name,
                    "version": "0.0.1",
                    "repository": {"name": "x", "url": f"file:///charts/{name}"},
                },
            },
        }
        for name in resources
    ]
    (folder / "specs.yaml").write_text(yaml.safe_dump_all(specs), encoding="utf-8")
    inputs: list[str | Path] = ["--inventory", inventory(folder, nodes), "--charts", folder / "charts"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sro_render",
            "build",
            folder / "specs.yaml",
            *inputs,
            "--out",
            folder / "out",
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder / "out" / "cluster"


def yaml_of(*objects: Object) -> str:
    """Objects as a template: what would be an action stays as it is."""
    return "---\n".join(yaml.safe_dump(json.loads(json.dumps(each))) for each in objects)


def config_map(name: str, namespace: str = "", **more: Any) -> Object:
    metadata: Object = {"name": name, **({"namespace": namespace} if namespace else {}), **more}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"x": "1"}}


def play(cluster: Cluster, folder: Path, nodes: dict[str, str] | None = None) -> None:
    cluster.play_nodes(inventory(folder / "played", nodes or NODES))


def names(cluster: Cluster, path: str) -> list[str]:
    return sorted(
        each["metadata"]["name"]
        for each in cluster.api.items(path)
        if each["metadata"]["name"] != "kube-root-ca.crt"
    )


def is_there(cluster: Cluster, path: str) -> bool:
    try:
        cluster.api.get(path)
    except ApiException as fault:
        if fault.status == 404:
            return False
        raise
    return True


def pruned(done: Synced) -> list[str]:
    return [each["object"] for each in done.of("pruned")]


def kept(done: Synced) -> dict[str, str]:
    """Each object that stays, with the reason and what to do."""
    return {each["object"]: f"{each['reason']}; {each['hint']}" for each in done.of("kept")}


def delete(cluster: Cluster, resource: str, *options: str, kubeconfig: Path | None = None) -> Synced:
    """`sro-apply delete`."""
    given = str(kubeconfig or cluster.admin)
    program = [sys.executable, "-m", "sro_apply", "delete", resource, "--kubeconfig", given]
    return Synced(
        subprocess.run(
            [*program, "-o", "json", *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
            stdin=subprocess.DEVNULL,
        )
    )


def claim(name: str) -> Object:
    """A PersistentVolumeClaim that nobody fulfils."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "none",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def definition() -> Object:
    """The CRD of a kind `Thing`."""
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
