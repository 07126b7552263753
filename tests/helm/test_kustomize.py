"""The output as kubectl reads it.

Judge: `kubectl kustomize` at every level of the documentation's example, and over the bundle of every
example as tests/golden has it. Every object comes out, each once, equal to its file, in the order of
states.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-simple-kmod"
GOLDEN = Path(__file__).parents[1] / "golden"
BUNDLES = sorted(path.parent for path in GOLDEN.glob("*/*/sro.lock.yaml"))


def kustomize(kubectl: Path, folder: Path) -> list[Any]:
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def manifests(folder: Path) -> list[Any]:
    return [
        yaml.safe_load(path.read_text("utf-8"))
        for path in folder.rglob("*.yaml")
        if path.name not in {"kustomization.yaml", "sro.lock.yaml"}
    ]


def identity(manifest: Any) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    inputs: list[str | Path] = [
        "--inventory",
        EXAMPLE / "cluster.yaml",
        "--inventory",
        EXAMPLE / "driver-toolkits.yaml",
    ]
    options: list[str | Path] = [*inputs, "--charts", EXAMPLE / "charts", "--out", out]
    subprocess.run(
        [sys.executable, "-m", "sro_render", "-q", "build", EXAMPLE / "specialresource.yaml", *options],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return out / "cluster"


def test_kubectl_gives_every_object_of_the_bundle_once(kubectl: Path, bundle: Path) -> None:
    built = kustomize(kubectl, bundle)
    assert sorted(built, key=identity) == sorted(manifests(bundle), key=identity)
    assert len(built) == 9


def test_kubectl_gives_the_objects_in_the_order_of_states(kubectl: Path, bundle: Path) -> None:
    states = [
        each["metadata"]["annotations"]["sro.openshift.io/state"] for each in kustomize(kubectl, bundle)
    ]
    assert states == ["namespace", *["0000-buildconfig"] * 3, *["1000-driver-container"] * 5]


def test_every_folder_can_be_built_by_itself(kubectl: Path, bundle: Path) -> None:
    folders = sorted(path.parent for path in bundle.rglob("kustomization.yaml"))
    assert len(folders) == 9
    for folder in folders:
        assert sorted(kustomize(kubectl, folder), key=identity) == sorted(manifests(folder), key=identity)


@pytest.mark.parametrize("golden", BUNDLES, ids=[path.parent.name for path in BUNDLES])
def test_kubectl_gives_every_object_of_an_example_once(kubectl: Path, golden: Path) -> None:
    built = kustomize(kubectl, golden)
    assert sorted(built, key=identity) == sorted(manifests(golden), key=identity)
    assert len(set(map(identity, built))) == len(built)
