"""The operator's own objects, side by side with ours.

The documentation's case is here, and a folder for each family of rules: hooks, CRDs, affine kinds, paths
of states, subcharts, capabilities, several OS releases, selectors, annotations, numbers, templates in
specs. Their objects were made by the operator's own reconciler and packages (v1beta1, Helm 3.7.1), with a
client that records what is created, on the cluster of examples/01-simple-kmod unless a case has its own.
Beforehand the operator was mended where the README's table says that it is wrong: kernels in sorted order
with facts of their own, StatefulSet spelt right, no namespace on cluster-scoped kinds, no build left out.

The whole parity kit is compared too where it lies beside the checkout. What may differ is what the kit's
README lists as free.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "01-simple-kmod"
KIT = ROOT.parent / "shared" / "parity"

CASES = sorted(path.parent.name for path in Path(__file__).parent.glob("*/charts"))
FREE_LABELS = {"app.kubernetes.io/managed-by", "openshift.io/cluster-monitoring"}


def build(spec: Path, inventories: list[Path], charts: Path, out: Path) -> None:
    arguments = [str(spec), "--charts", str(charts), "--out", str(out)]
    for path in inventories:
        arguments += ["--inventory", str(path)]
    subprocess.run([sys.executable, "-m", "sro_render", "-q", "build", *arguments], check=True)


def objects(folder: Path) -> dict[str, Any]:
    """Objects by identity, as JSON text, without what the tool may add."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            if not isinstance(document, dict) or document.get("kind") in {"Kustomization", "BundleLock"}:
                continue
            metadata = document["metadata"]
            for field in ("labels", "annotations"):
                kept = {
                    key: value
                    for key, value in (metadata.pop(field, None) or {}).items()
                    if key not in FREE_LABELS and not key.startswith("sro.openshift.io/")
                }
                if kept:
                    metadata[field] = kept
            key = f"{document['kind']}/{metadata.get('namespace', '')}/{metadata['name']}"
            found[key] = json.dumps(document, sort_keys=True)
    return found


def test_the_documented_case_is_what_the_operator_makes_of_it(tmp_path: Path) -> None:
    inventories = [EXAMPLE / "cluster.yaml", EXAMPLE / "driver-toolkits.yaml"]
    build(EXAMPLE / "specialresource.yaml", inventories, EXAMPLE / "charts", tmp_path)
    expected = objects(Path(__file__).parent / "01-simple-kmod" / "expected")
    rendered = objects(tmp_path)
    assert len(expected) == 9
    assert rendered == expected


@pytest.mark.parametrize("case", CASES)
def test_a_case_of_our_own_is_what_the_operator_makes_of_it(case: str, tmp_path: Path) -> None:
    folder = Path(__file__).parent / case
    own = folder / "cluster.yaml"
    cluster = own if own.is_file() else EXAMPLE / "cluster.yaml"
    inventories = [cluster, EXAMPLE / "driver-toolkits.yaml"]
    build(folder / "specialresource.yaml", inventories, folder / "charts", tmp_path)
    assert objects(tmp_path) == objects(folder / "expected")


@pytest.mark.skipif(not KIT.is_dir(), reason="the parity kit does not lie beside this checkout")
@pytest.mark.parametrize(
    "case", sorted(path.name for path in (KIT / "cases").iterdir()) if KIT.is_dir() else ["none"]
)
def test_a_case_of_the_kit_is_what_the_operator_makes_of_it(case: str, tmp_path: Path) -> None:
    folder = KIT / "cases" / case
    inventories = [folder / "cluster.yaml", folder / "driver-toolkits.yaml"]
    build(folder / "specialresource.yaml", inventories, KIT / "charts", tmp_path)
    compare = subprocess.run(
        [sys.executable, str(KIT / "compare.py"), str(folder), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert compare.stdout.splitlines()[-1].endswith(" 0 different"), compare.stdout
