"""How a sync compares with `kubectl apply --server-side`, on one control plane, in one run: `tox -e bench`.

Bundles of 500 and of 3,000 objects (ConfigMaps, Roles, RoleBindings, DaemonSets that no node runs) are applied to
an empty cluster, and again unchanged, by each program in turn, as a user starts it; both without waiting for
anything to be ready. kubectl gets the same files. Requests are counted in runs of their own, by a proxy before
the server. `run` is then left alone with the 3,000 objects until nothing changes, and its memory read.

Beside the table it asserts what is promised: the first sync at least as fast as kubectl, the unchanged one at
least 5 times faster and without a write, `run` in 200 MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import measure

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cluster"))  # the control plane of its tests

import certificates  # noqa: E402 - it lies there
import fault_proxy  # noqa: E402
import servers  # noqa: E402

SIZES = (500, 3_000)
KINDS = 5
"""Objects of one unit of the chart."""
AGAIN = 3
"""Unchanged runs of each program in a round: short ones, which whatever else the machine does spoils easily."""
MAX_MIB = 200
MIN_RATIO_UNCHANGED = 5

CHART = """\
{{- range $index := until (int .Values.units) }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "settings-{{ $index }}"}
data: {firmware: "device-{{ $index }}.bin", options: "debug=0 timeout=30"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "scripts-{{ $index }}"}
data:
  load.sh: |
    #!/bin/sh
    set -e
    modprobe -d /opt -S "$(uname -r)" "kmod-{{ $index }}"
    exec sleep infinity
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: "driver-{{ $index }}"}
rules: [{apiGroups: [security.openshift.io], resources: [securitycontextconstraints], verbs: [use]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: "driver-{{ $index }}"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "driver-{{ $index }}"}
subjects: [{kind: ServiceAccount, name: default, namespace: bench}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: "driver-{{ $index }}"}
spec:
  selector: {matchLabels: {app: "driver-{{ $index }}"}}
  template:
    metadata: {labels: {app: "driver-{{ $index }}"}}
    spec:
      serviceAccountName: default
      nodeSelector: {node-role.kubernetes.io/none: ""}
      containers:
      - name: driver
        image: "registry.example.com/drivers/kmod-{{ $index }}@sha256:{{ printf "%064d" $index }}"
        command: [/scripts/load.sh]
        env: [{name: KMOD, value: "kmod-{{ $index }}"}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        lifecycle: {preStop: {exec: {command: [/bin/sh, -c, "modprobe -r kmod-{{ $index }}"]}}}
        resources: {requests: {cpu: 10m, memory: 32Mi}}
        securityContext: {privileged: true}
        volumeMounts: [{name: scripts, mountPath: /scripts}, {name: settings, mountPath: /etc/kmod}]
      volumes:
      - {name: scripts, configMap: {name: "scripts-{{ $index }}", defaultMode: 493}}
      - {name: settings, configMap: {name: "settings-{{ $index }}"}}
{{- end }}
"""


@dataclass(frozen=True)
class Bundle:
    """One size. files: the same objects without what is no object, for kubectl."""

    objects: int
    folder: Path
    files: Path


def build(objects: int, folder: Path) -> Bundle:
    """Render a bundle of so many objects, and a namespace."""
    chart = folder / "charts" / "bench"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: bench\nversion: 0.1.0\n")
    (chart / "templates" / "0000-all.yaml").write_text(CHART)
    spec = {
        "apiVersion": "sro.openshift.io/v1beta1",
        "kind": "SpecialResource",
        "metadata": {"name": "bench"},
        "spec": {
            "namespace": "bench",
            "chart": {"name": "bench", "version": "0.1.0", "repository": {"name": "r", "url": "file:///c"}},
            "set": {"units": objects // KINDS},
        },
    }
    node = {
        "name": "n",
        "labels": {"feature.node.kubernetes.io/kernel-version.full": "5.14.0-427.1.1.el9_4.x86_64"},
        "kernelVersion": "5.14.0-427.1.1.el9_4.x86_64",
        "osImage": "Red Hat Enterprise Linux CoreOS 418.94.202505062142-0",
        "architecture": "amd64",
    }
    inventory = {"apiVersion": "sro.openshift.io/v1alpha1", "kind": "NodeInventory", "nodes": [node]}
    (folder / "spec.yaml").write_text(json.dumps(spec))
    (folder / "inventory.yaml").write_text(json.dumps(inventory))
    options = [
        "--charts",
        folder / "charts",
        "--inventory",
        folder / "inventory.yaml",
        "--out",
        folder / "out",
    ]
    command = [sys.executable, "-m", "sro_render", "-q", "build", folder / "spec.yaml", *options]
    subprocess.run(list(map(str, command)), check=True, cwd=ROOT)
    made = folder / "out" / "cluster"
    shutil.copytree(
        made,
        folder / "files",
        ignore=shutil.ignore_patterns("kustomization.yaml", "sro.lock.yaml", "namespace"),
    )
    return Bundle(objects, made, folder / "files")


class Side:
    """One of the two programs."""

    def __init__(self, kubectl: Path) -> None:
        self.kubectl = kubectl

    def ours(self, bundle: Bundle, kubeconfig: Path) -> list[str]:
        program = [sys.executable, "-m", "sro_apply", "sync", str(bundle.folder), "--no-wait"]
        return [*program, "--kubeconfig", str(kubeconfig)]

    def theirs(self, bundle: Bundle, kubeconfig: Path) -> list[str]:
        program = [str(self.kubectl), "apply", "--server-side", "--force-conflicts", "--recursive"]
        return [*program, f"--filename={bundle.files}", f"--kubeconfig={kubeconfig}", "--namespace=bench"]


@contextmanager
def control_plane(folder: Path, programs: Path) -> Any:
    made = certificates.make_certificates(folder)
    plane = servers.ControlPlane(
        programs=programs, folder=folder / "plane", ca=made.ca, certificate=made.server
    )
    try:
        plane.start()
        proxy = fault_proxy.FaultProxy(upstream=plane.url, ca=made.ca, certificate=made.server)
        proxy.start()
        try:
            yield plane, proxy
        finally:
            proxy.stop()
    finally:
        plane.stop()


def empty(plane: servers.ControlPlane, kubectl: Path) -> None:
    """A cluster with nothing in it but the namespace, and controllers that are done with what was there."""
    plane.clean()
    kubeconfig = f"--kubeconfig={plane.kubeconfig('admin')}"
    subprocess.run(
        [kubectl, kubeconfig, "create", "namespace", "bench"], check=True, stdout=subprocess.DEVNULL
    )
    time.sleep(2)


def say(*cells: str) -> None:
    sys.stdout.write(
        "".join(cell.rjust(width) for cell, width in zip(cells, (9, 11, 12, 12, 9, 12, 12), strict=False))
    )
    sys.stdout.write("\n")
    sys.stdout.flush()


def counted(command: list[str], proxy: fault_proxy.FaultProxy) -> tuple[int, int]:
    """How many requests a run sends, and how many of them are writes; the Lease's are none."""
    proxy.asked.clear()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return len(proxy.work()), len(proxy.writes())


def compare(
    bundle: Bundle, plane: servers.ControlPlane, proxy: fault_proxy.FaultProxy, kubectl: Path, rounds: int
) -> list[measure.Target]:
    """Both programs in turns; the fastest of each counts."""
    side, output = Side(kubectl), bundle.folder.parent / "printed"
    admin = plane.kubeconfig("admin")
    first: dict[str, measure.Cost] = {}
    again: dict[str, measure.Cost] = {}
    for _ in range(rounds):
        for name, command in (
            ("kubectl", side.theirs(bundle, admin)),
            ("sro-apply", side.ours(bundle, admin)),
        ):
            empty(plane, kubectl)
            first[name] = measure.run(command, output).best(first.get(name))
            for _ in range(AGAIN):
                time.sleep(2)
                again[name] = measure.run(command, output).best(again.get(name))
    through = plane.kubeconfig("admin", proxy.url)
    requests: dict[tuple[str, str], tuple[int, int]] = {}
    for name, command in (
        ("kubectl", side.theirs(bundle, through)),
        ("sro-apply", side.ours(bundle, through)),
    ):
        empty(plane, kubectl)
        requests[name, "first"] = counted(command, proxy)
        requests[name, "unchanged"] = counted(command, proxy)
    for which, costs in (("first", first), ("unchanged", again)):
        ratio = costs["kubectl"].wall_s / costs["sro-apply"].wall_s
        for name, cost in costs.items():
            asked, written = requests[name, which]
            faster = f"{ratio:.2f}x" if name == "sro-apply" else ""
            size = f"{bundle.objects:,}"
            say(size, which, name, f"{cost.wall_s:.2f} s", faster, f"{asked:,}", f"{written:,}")
    return [
        measure.Target(
            name=f"first sync of {bundle.objects:,}, beside kubectl",
            figure=first["kubectl"].wall_s / first["sro-apply"].wall_s,
            limit=1,
            unit="x",
            is_least=True,
        ),
        measure.Target(
            name=f"unchanged sync of {bundle.objects:,}, beside kubectl",
            figure=again["kubectl"].wall_s / again["sro-apply"].wall_s,
            limit=MIN_RATIO_UNCHANGED,
            unit="x",
            is_least=True,
        ),
        measure.Target(
            name=f"writes of an unchanged sync of {bundle.objects:,}",
            figure=requests["sro-apply", "unchanged"][1],
            limit=0,
            unit="",
        ),
    ]


def memory_of_run(
    bundle: Bundle, plane: servers.ControlPlane, kubectl: Path, proxy: fault_proxy.FaultProxy
) -> float:
    """MiB that `run` held at most, when it has applied a bundle and neither writes nor lists any more."""
    empty(plane, kubectl)
    program = [
        sys.executable,
        "-m",
        "sro_apply",
        "run",
        str(bundle.folder),
        "--interval",
        "5",
        "--listen",
        "127.0.0.1:0",
    ]
    command = [*program, "--kubeconfig", str(plane.kubeconfig("admin", proxy.url))]
    proxy.asked.clear()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        calm = 0
        before = -1
        while calm < 10:
            time.sleep(2)
            asked = sum(each.is_write or "limit=" in each.path for each in proxy.work())
            calm = calm + 1 if asked == before else 0
            before = asked
            if process.poll() is not None:
                sys.exit(f"bench: run ended with {process.returncode}")
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        process.terminate()
    figures = dict(line.split(":", 1) for line in status.splitlines())
    return int(figures["VmHWM"].split()[0]) / 1024


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="of which the fastest counts")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    given = parser.parse_args(arguments)
    judges = Path(os.environ["JUDGES"])
    with (
        TemporaryDirectory(prefix="apply-") as name,
        control_plane(Path(name), judges / "control-plane-1.20.2") as (plane, proxy),
    ):
        say("objects", "sync", "program", "time", "faster", "requests", "writes")
        targets = []
        for size in given.sizes:
            bundle = build(size, Path(name) / str(size))
            targets += compare(bundle, plane, proxy, judges / "kubectl", given.rounds)
        held_mib = memory_of_run(bundle, plane, judges / "kubectl", proxy)
        targets.append(
            measure.Target(
                name=f"run with {bundle.objects:,} objects, at its peak",
                figure=held_mib,
                limit=MAX_MIB,
                unit="MiB",
            )
        )
    for target in targets:
        sys.stdout.write(f"{target}\n")
    if any(target.is_met is False for target in targets):
        sys.exit("a target was missed")


if __name__ == "__main__":
    main(sys.argv[1:])
