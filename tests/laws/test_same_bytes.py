"""The same inputs give the same bytes, lock included, whatever surrounds the run.

Matrix: hash seed, order of nodes and files, working directory, umask, locale, chart from a folder or
from its ConfigMap, against one build of the documentation's example. The laws in between are tried
with generated inventories. Left out: other systems and other Pythons, which run this whole suite.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sro_render.api import Recipe, lay_out, render
from sro_render.edges.chart_files import load_chart_at
from sro_render.kernels.merging import InventoryDocument
from sro_render.kernels.snapshot import read_inventory
from sro_render.limits import Limits
from sro_render.model.options import RenderOptions
from sro_render.model.specialresource import SpecialResource
from sro_render.source import Source

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-simple-kmod"
Tree = dict[str, bytes]


def copy_example(folder: Path) -> None:
    """The example's inputs as they are, in a folder of this test's own."""
    for path in EXAMPLE.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(EXAMPLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())


def build(
    folder: Path,
    *,
    inventories: tuple[str, ...] = ("cluster.yaml", "driver-toolkits.yaml"),
    charts: bool = True,
    cwd: Path | None = None,
    umask: int = -1,
    **environment: str,
) -> Tree:
    """Build the example that lies in `folder` into `folder`/out, and read the tree."""
    at = cwd or folder
    place = Path(os.path.relpath(folder, at))
    arguments = [str(place / "specialresource.yaml"), "--out", str(place / "out")]
    for name in inventories:
        arguments += ["--inventory", str(place / name)]
    if charts:
        arguments += ["--charts", str(place / "charts")]
    subprocess.run(
        [sys.executable, "-m", "sro_render", "-q", "build", *arguments],
        check=True,
        cwd=at,
        umask=umask,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )
    out = folder / "out"
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    folder = tmp_path_factory.mktemp("reference")
    copy_example(folder)
    return build(folder, PYTHONHASHSEED="0")


@pytest.mark.parametrize("seed", ["1", "2", "4294967295"])
def test_the_hash_seed_does_not_matter(reference: Tree, tmp_path: Path, seed: str) -> None:
    copy_example(tmp_path)
    assert build(tmp_path, PYTHONHASHSEED=seed) == reference


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_nodes_does_not_matter(reference: Tree, tmp_path: Path, seed: int) -> None:
    copy_example(tmp_path)
    path = tmp_path / "cluster.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    random.Random(seed).shuffle(document["items"])
    path.write_text(yaml.safe_dump(document))
    assert build(tmp_path) == reference


def test_the_order_of_inventory_files_does_not_matter(reference: Tree, tmp_path: Path) -> None:
    copy_example(tmp_path)
    assert build(tmp_path, inventories=("driver-toolkits.yaml", "cluster.yaml")) == reference


def test_json_and_yaml_are_the_same(reference: Tree, tmp_path: Path) -> None:
    copy_example(tmp_path)
    path = tmp_path / "cluster.yaml"
    path.write_text(json.dumps(yaml.safe_load(path.read_text("utf-8"))))
    assert build(tmp_path) == reference


def test_what_a_node_reports_anew_each_minute_does_not_matter(reference: Tree, tmp_path: Path) -> None:
    copy_example(tmp_path)
    path = tmp_path / "cluster.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    for item in document["items"]:
        item["metadata"]["resourceVersion"] = "12345"
        if item["kind"] == "Node":
            item["status"]["conditions"] = [{"lastHeartbeatTime": "2026-01-01T00:00:00Z"}]
    path.write_text(yaml.safe_dump(document))
    assert build(tmp_path) == reference


def test_the_working_directory_does_not_matter(reference: Tree, tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    copy_example(inner)
    other = tmp_path / "elsewhere"
    other.mkdir()
    assert build(inner, cwd=other) == reference


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_umask_does_not_matter(reference: Tree, tmp_path: Path, umask: int) -> None:
    copy_example(tmp_path)
    assert build(tmp_path, umask=umask) == reference


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.UTF-8", "tr_TR.UTF-8"])
def test_the_locale_does_not_matter(reference: Tree, tmp_path: Path, locale: str) -> None:
    copy_example(tmp_path)
    assert build(tmp_path, LC_ALL=locale, LANG=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") == reference


def test_a_chart_from_its_config_map_is_the_chart_from_its_folder(reference: Tree, tmp_path: Path) -> None:
    copy_example(tmp_path)
    arguments = ["charts/simple-kmod", "--configmap", "simple-kmod/simple-kmod-chart", "--out", "chart.yaml"]
    subprocess.run([sys.executable, "-m", "sro_render", "package", *arguments], check=True, cwd=tmp_path)
    inventories = ("cluster.yaml", "driver-toolkits.yaml", "chart.yaml")
    assert build(tmp_path, inventories=inventories, charts=False) == reference


KERNELS = ["4.18.0-305.el8.x86_64", "5.14.0-70.el9.x86_64", "6.1.0+deb-amd64", "5.15.0-91-generic"]


@st.composite
def clusters(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Nodes with few kernels and labels, one system per kernel."""
    count = draw(st.integers(1, 12))
    return [
        {
            "name": f"n{index}",
            "kernelVersion": draw(st.sampled_from(KERNELS)),
            "osImage": "Red Hat Enterprise Linux 8.4 (Ootpa)",
            "labels": draw(st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["", "1"]))),
        }
        for index in range(count)
    ]


def tree_of(nodes: list[dict[str, Any]]) -> Tree:
    """The manifests of the example for these nodes."""
    value: Any = {"kind": "NodeInventory", "nodes": nodes}
    inventory = read_inventory([InventoryDocument(source=Source("n", ""), value=value)])
    resource = SpecialResource.from_mapping(yaml.safe_load((EXAMPLE / "specialresource.yaml").read_text()))
    chart = load_chart_at(EXAMPLE / "charts" / "simple-kmod", Limits())
    rendered = render([Recipe(resource=resource, chart=chart)], inventory, RenderOptions())
    assert rendered.errors == ()
    return lay_out(rendered.bundle)


@settings(max_examples=25, deadline=None)
@given(nodes=clusters(), data=st.data())
def test_permuting_nodes_changes_no_byte(nodes: list[dict[str, Any]], data: st.DataObject) -> None:
    assert tree_of(data.draw(st.permutations(nodes))) == tree_of(nodes)


@settings(max_examples=25, deadline=None)
@given(nodes=clusters(), data=st.data())
def test_a_node_with_a_known_kernel_changes_no_manifest(
    nodes: list[dict[str, Any]], data: st.DataObject
) -> None:
    added = {**data.draw(st.sampled_from(nodes)), "name": "new"}
    assert tree_of([*nodes, added]) == tree_of(nodes)


@settings(max_examples=25, deadline=None)
@given(nodes=clusters())
def test_a_kernel_adds_and_takes_its_own_objects_alone(nodes: list[dict[str, Any]]) -> None:
    new = {**nodes[0], "name": "new", "kernelVersion": "7.0.0-new"}
    before, after = tree_of(nodes), tree_of([*nodes, new])
    listings = "kustomization.yaml"
    assert before.keys() <= after.keys()
    assert all("/7.0.0-new/" in path for path in after.keys() - before.keys())
    assert {path for path in before if before[path] != after[path] and not path.endswith(listings)} == set()
