"""Helm's hooks on a real control plane: each runs once for each revision.

Matrix: a pre-install Job before the first state, run again when it has changed and not otherwise; one that fails.
Left out: which objects are waited for, which test_waits has; Jobs that are removed when their time is over, which
Kubernetes 1.20 does not do by itself: test_runner_faults has them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import playing
import pytest
import yaml
from clusters import Cluster
from simple_kmod import OLD, node, sync

JOBS = "/apis/batch/v1/namespaces/hooked/jobs"
SPEC = """\
apiVersion: sro.openshift.io/v1beta1
kind: SpecialResource
metadata:
  name: hooked
spec:
  chart:
    name: hooked
    version: 1.0.0
    repository:
      name: r
      url: file:///charts
"""
JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: prepare
  annotations:
    helm.sh/hook: pre-install
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: c
        image: example.com/prepare:1
"""
STATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: after
"""


def build(folder: Path, **templates: str) -> Path:
    """A bundle of these templates, for one node."""
    chart = folder / "charts" / "hooked"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: hooked\nversion: 1.0.0\n", encoding="utf-8")
    for name, text in templates.items():
        (chart / "templates" / f"{name.replace('n', '', 1)}.yaml").write_text(text, encoding="utf-8")
    (folder / "spec.yaml").write_text(SPEC, encoding="utf-8")
    (folder / "nodes.yaml").write_text(yaml.safe_dump(node("w", OLD)), encoding="utf-8")
    inputs: list[str | Path] = [
        "--inventory",
        folder / "nodes.yaml",
        "--charts",
        folder / "charts",
        "--out",
        folder / "out",
    ]
    program: list[str | Path] = [sys.executable, "-m", "sro_render", "build", folder / "spec.yaml"]
    subprocess.run([*program, *inputs], check=True, capture_output=True)
    return folder / "out" / "cluster"


@pytest.fixture
def one_node(cluster: Cluster, tmp_path: Path) -> Cluster:
    (tmp_path / "nodes.yaml").write_text(yaml.safe_dump(node("w", OLD)), encoding="utf-8")
    cluster.play_nodes(tmp_path / "nodes.yaml")
    cluster.kubelet.rule("example.com/*", playing.SUCCEEDED)
    return cluster


def test_a_hook_runs_before_the_first_state_and_again_only_when_it_has_changed(
    one_node: Cluster, tmp_path: Path
) -> None:
    bundle = build(tmp_path, n0000_after=STATE, hook=JOB)
    done = sync(one_node, bundle)
    assert done.code == 0, done.events
    assert done.place("ready", "hooked / pre-install") < done.place("applied", "hooked / 0000_after")
    (first,) = one_node.api.items(JOBS)
    assert sync(one_node, bundle).code == 0
    (same,) = one_node.api.items(JOBS)
    assert same["metadata"]["uid"] == first["metadata"]["uid"]

    bundle = build(tmp_path, n0000_after=STATE, hook=JOB.replace("prepare:1", "prepare:2"))
    done = sync(one_node, bundle)

    assert done.code == 0, done.events
    (second,) = one_node.api.items(JOBS)
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    (container,) = second["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "example.com/prepare:2"


def test_a_hook_that_fails_holds_up_what_comes_after_it_and_says_why(
    one_node: Cluster, tmp_path: Path
) -> None:
    one_node.kubelet.rule("example.com/prepare:1", playing.failed(3, "no space left on device"))
    done = sync(one_node, build(tmp_path, n0000_after=STATE, hook=JOB), "--no-wait")
    assert done.code == 1
    (failed, *_) = done.of("failed")
    assert failed["step"] == "hooked / pre-install"
    assert "ConfigMap/hooked/after" not in done.applied
