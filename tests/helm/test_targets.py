"""The targets argocd and flux as kubectl reads them, and their own objects as their schemas judge them.

Matrix: both targets over the examples with builds in the cluster (03), a Job that builds (04) and
dependencies (05), and over a chart with hooks; `kubectl kustomize` in every folder; the schemas of npm's
@kubernetes-models packages over every Application, ApplicationSet and Kustomization; what is applied by
them, put together again. What the tools make of it in a cluster is left out: neither can be had here.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CASES = {
    "03-accelerator-stack": ("examples", "cluster.yaml"),
    "04-network-driver": ("examples", "nodes.yaml"),
    "05-dependencies": ("examples", "cluster.yaml"),
    "hooks": ("tests/parity", None),
}
TOLD = {
    "plain": [],
    "argocd": ["repoURL=https://git.example.com/gitops.git", "path=clusters/all"],
    "flux": ["sourceRef.name=gitops", "sourceRef.kind=OCIRepository", "sourceRef.namespace=f", "path=."],
}
NODES = {"apiVersion": "sro.openshift.io/v1alpha1", "kind": "NodeInventory", "metadata": {"name": "c"}}
PLACES = {"argocd": "_argocd", "flux": "_flux"}

Identity = tuple[str, str, str]


def build(case: str, target: str, out: Path) -> Path:
    home, inventory = CASES[case]
    folder = ROOT / home / case
    nodes = out / "nodes.yaml"
    if inventory is None:
        kernels: list[dict[str, Any]] = [
            {"name": name, "kernelVersion": f"{name}.el8_4.x86_64", "osImage": "RHEL 8.4", "labels": {}}
            for name in ("4.18.0-1", "4.18.0-2")
        ]
        nodes.write_text(yaml.safe_dump({**NODES, "nodes": kernels}))
    told = [word for option in TOLD[target] for word in ("--target-option", option)]
    options = [
        *("--inventory", str(folder / inventory if inventory else nodes)),
        *("--charts", str(folder / "charts"), "--out", str(out / "out"), "--target", target, *told),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "sro_render", "-q", "build", folder / "specialresource.yaml", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return next(path.parent for path in (out / "out").glob("*/sro.lock.yaml"))


@pytest.fixture(scope="module", params=[(c, t) for c in CASES for t in ("argocd", "flux")], ids="-".join)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    case, target = request.param
    return case, target, build(case, target, tmp_path_factory.mktemp("out"))


def objects_in(folder: Path) -> list[Any]:
    paths = (path for path in folder.rglob("*.yaml") if path.name != "kustomization.yaml")
    return [yaml.safe_load(path.read_text("utf-8")) for path in paths if path.name != "sro.lock.yaml"]


def bundle_objects(bundle: Path) -> list[Any]:
    folders = [path for path in bundle.iterdir() if path.is_dir() and path.name not in PLACES.values()]
    return [each for folder in folders for each in objects_in(folder)]


def identity(manifest: Any) -> Identity:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def kustomize(kubectl: Path, folder: Path) -> list[Any]:
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def applied_folder(own: Any, bundle: Path) -> Path:
    """The folder that an object of the target applies."""
    source: str = own["spec"].get("source", own["spec"])["path"]
    return bundle.parent / source.removeprefix("./").removeprefix("clusters/all/")


def test_every_folder_can_be_built_by_itself(kubectl: Path, built: tuple[str, str, Path]) -> None:
    case, _, bundle = built
    if case != "03-accelerator-stack":
        return  # the other tests read what differs from case to case
    for path in bundle.rglob("kustomization.yaml"):
        assert kustomize(kubectl, path.parent), path


def test_the_schemas_find_nothing_wrong(
    schema_faults: Callable[[list[Any]], list[list[str]]], built: tuple[str, str, Path]
) -> None:
    _, target, bundle = built
    objects = objects_in(bundle / PLACES[target])
    assert len(objects) > 3
    assert {identity(each): faults for each, faults in zip(objects, schema_faults(objects), strict=True)} == {
        identity(each): [] for each in objects
    }


def test_the_schemas_would_find_a_misspelt_field_and_a_missing_one(
    schema_faults: Callable[[list[Any]], list[list[str]]], tmp_path: Path
) -> None:
    application = objects_in(build("04-network-driver", "argocd", tmp_path) / "_argocd" / "netfast")[0]
    application["spec"]["syncPolicy"]["automatic"] = {"prune": True}
    del application["spec"]["project"]
    (faults,) = schema_faults([application])
    assert any("required" in fault for fault in faults)
    assert "/spec/syncPolicy/automatic is unknown" in faults


def test_what_is_applied_is_every_object_once(kubectl: Path, built: tuple[str, str, Path]) -> None:
    _, target, bundle = built
    place = bundle / PLACES[target]
    own = [each for each in objects_in(place) if each["kind"] in {"Application", "Kustomization"}]
    applied = Counter(
        identity(each)
        for one in own
        for each in kustomize(kubectl, applied_folder(one, bundle))
        if each["apiVersion"].split("/")[0] not in {"argoproj.io", "kustomize.toolkit.fluxcd.io"}
    )
    assert applied == Counter(map(identity, bundle_objects(bundle)))


def test_every_object_of_the_target_is_reached_from_its_first_folder(
    kubectl: Path, built: tuple[str, str, Path]
) -> None:
    _, target, bundle = built
    waiting, found = [bundle / PLACES[target]], set()
    while waiting:
        for each in kustomize(kubectl, waiting.pop()):
            if each["kind"] in {"Application", "Kustomization"}:
                found.add(identity(each))
                if PLACES[target] in each["spec"].get("source", each["spec"])["path"]:
                    waiting.append(applied_folder(each, bundle))
    bootstrap = {identity(each) for each in objects_in(bundle / PLACES[target] / "bootstrap")}
    assert found | bootstrap == {identity(each) for each in objects_in(bundle / PLACES[target])}


def test_a_target_changes_nothing_but_its_annotations(built: tuple[str, str, Path], tmp_path: Path) -> None:
    case, _, bundle = built
    ours = ("argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/")
    plain = {identity(each): each for each in bundle_objects(build(case, "plain", tmp_path))}
    dressed = {identity(each): each for each in bundle_objects(bundle)}
    for each in dressed.values():
        annotations = each["metadata"].get("annotations", {})
        kept = {key: value for key, value in annotations.items() if not key.startswith(ours)}
        each["metadata"]["annotations"] = kept
    added = {key for key in dressed if key not in plain}
    assert {key: each for key, each in dressed.items() if key in plain} == plain
    assert all(name.startswith("wait-") for _, _, name in added)
    assert bool(added) == (case == "03-accelerator-stack")
