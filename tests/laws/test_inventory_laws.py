"""What holds for every snapshot: its compact form says the same, and in one order.

Matrix: generated clusters as kubectl prints them and as NodeInventories (RHCOS of both eras and plain
Kubernetes, labels that YAML readers like to misread, toolkits with and without tags and architectures,
planned kernels), in any order and cut into any files; and builds of the documentation's example and of
the parity kit, where it lies beside the checkout. The judge is equality of what is read back, or of the
bytes of two builds.
Left out: proxies with passwords, which normalize leaves out (tests/unit/cli/test_inventory.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sro_render.kernels.compact import compact_inventory, lasting_labels
from sro_render.kernels.grouping import group_by_kernel
from sro_render.kernels.inventory_diff import diff_inventories
from sro_render.kernels.inventory_summary import summarize
from sro_render.kernels.merging import InventoryDocument
from sro_render.kernels.snapshot import merge_documents
from sro_render.limits import Limits
from sro_render.model.inventory import Inventory
from sro_render.source import Source
from sro_render.yamltext import writer
from sro_render.yamltext.reader import read_manifest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
KIT = ROOT.parent / "shared" / "parity"
LAWS = settings(max_examples=150, deadline=None, derandomize=True, database=None)
Json = dict[str, Any]

RHCOS = "Red Hat Enterprise Linux CoreOS"
SYSTEMS = (
    ("4.18.0-305.45.1.el8_4.x86_64", f"{RHCOS} 410.84.202203221702-0 (Ootpa)", "amd64"),
    ("4.18.0-305.45.1.rt7.117.el8_4.x86_64", f"{RHCOS} 410.84.202203221702-0 (Ootpa)", "amd64"),
    ("5.14.0-570.16.1.el9_6.aarch64", f"{RHCOS} 9.6.20250523-0 (Plow)", "arm64"),
    ("5.14.0-570.16.1.el9_6.aarch64+64k", f"{RHCOS} 9.6.20250523-0 (Plow)", "arm64"),
    ("6.8.0-1014-aws", "Ubuntu 24.04.1 LTS", "arm64"),
    ("6.6.105+", "Container-Optimized OS from Google", "amd64"),
    ("6.1.0-0.deb11.21~bpo+1-amd64", "", ""),
)
TAGS = ("latest", "4.10", "4.10.11", "410.84.202203221702-0", "9.6.20250523-0")
LABELS = {
    "gpu": ("true", "no", "1e3", "0x1", ""),
    "node-role.kubernetes.io/worker": ("",),
    "feature.node.kubernetes.io/kernel-version.full": ("5.1", "4.18.0-305.45.1.el8_4.x86_64"),
    "feature.node.kubernetes.io/system-os_release.VERSION_ID": ("4.10", "24.04"),
    "specialresource.openshift.io/state-kmod-0000": ("Ready",),
}


@st.composite
def nodes(draw: st.DrawFn, name: str) -> Json:
    kernel, os_image, architecture = draw(st.sampled_from(SYSTEMS))
    labels = draw(st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in LABELS.items()}))
    info = {"kernelVersion": kernel, "osImage": os_image, "architecture": architecture}
    info["kubeletVersion"] = draw(st.sampled_from(["v1.23.5", "v1.32.4-gke.1106000", "v1.9.10+k3s1"]))
    if draw(st.booleans()):
        return {"kind": "NodeInventory", "nodes": [{"name": name, "labels": labels, **info}]}
    return {"kind": "Node", "metadata": {"name": name, "labels": labels}, "status": {"nodeInfo": info}}


@st.composite
def toolkits(draw: st.DrawFn, image: str) -> Json:
    kernel, _, architecture = draw(st.sampled_from(SYSTEMS))
    toolkit = {"image": image}
    if draw(st.booleans()):
        toolkit |= {"kernelFullVersion": kernel.rpartition(".")[0] or kernel, "osVersion": "8.4"}
    if draw(st.booleans()):
        toolkit["architecture"] = architecture or "amd64"
    return {"kind": "NodeInventory", "driverToolkits": [toolkit]}


@st.composite
def documents(draw: st.DrawFn) -> list[Json]:
    """Documents that do not contradict each other: each tag names one image, each name one node."""
    found = [draw(nodes(f"n{index}")) for index in range(draw(st.integers(0, 5)))]
    images = [f"dtk@sha256:{index}" for index in range(draw(st.integers(0, 4)))]
    found += [draw(toolkits(image)) for image in images]
    for tag in draw(st.lists(st.sampled_from(TAGS), unique=True)) if images else ():
        image = draw(st.sampled_from(images))
        items = [{"dockerImageReference": image, "created": "2022-09-01T00:00:00Z"}]
        stream = {"status": {"tags": [{"tag": tag, "items": items}]}}
        by_stream = {"kind": "ImageStream", "metadata": {"name": "driver-toolkit", "namespace": "openshift"}}
        by_entry = {"kind": "NodeInventory", "driverToolkits": [{"image": image, "tag": tag}]}
        found.append(draw(st.sampled_from([{**by_stream, **stream}, by_entry])))
    for kernel, os_image, architecture in draw(st.lists(st.sampled_from(SYSTEMS), max_size=3, unique=True)):
        planned = {"kernelVersion": kernel, "osImage": os_image, "architecture": architecture}
        found.append({"kind": "NodeInventory", "plannedKernels": [planned]})
    for fact in draw(st.lists(st.sampled_from(FACTS), unique_by=json.dumps)):
        found.append({"kind": "NodeInventory", **fact})
    return found


FACTS: Sequence[Json] = (
    {"metadata": {"name": "east"}},
    {"cluster": {"version": "4.10.11"}},
    {"cluster": {"platform": "OCP"}},
    {"cluster": {"kubernetesVersion": "v1.31.0"}},
    {"cluster": {"apiVersions": ["z/v1", "a/v1"], "osImageURL": "quay.io/os@sha256:1"}},
    {"cluster": {"proxy": {"httpProxy": "http://p:3128", "noProxy": ".svc,10.0.0.0/16", "trustedCA": "ca"}}},
    {"pushSecrets": {"b": "yes", "a": "push"}},
)


def merged(values: Sequence[Json]) -> Inventory:
    return merge_documents([InventoryDocument(source=Source("f", ""), value=value) for value in values])


def normalized(inventory: Inventory) -> str:
    value, findings = compact_inventory(inventory)
    assert findings == ()
    return writer.write(value)


def reread(text: str) -> Inventory:
    value = read_manifest(Source("nodes.yaml", text), Limits())
    assert isinstance(value, dict)
    return merged([value])


def without_what_changes(inventory: Inventory) -> Inventory:
    """What normalize promises to keep, and nothing else."""

    def lasting(nodes: Any) -> Any:
        return tuple(replace(n, labels=lasting_labels(n.labels), kubelet_version="") for n in nodes)

    planned = tuple(sorted(lasting(inventory.planned), key=lambda each: str(each.kernel)))
    return replace(inventory, nodes=lasting(inventory.nodes), planned=planned)


@LAWS
@given(values=documents())
def test_the_compact_form_says_what_the_snapshot_says(values: list[Json]) -> None:
    inventory = merged(values)
    again = reread(normalized(inventory))
    assert without_what_changes(again) == without_what_changes(inventory)
    assert diff_inventories(inventory, again).is_empty
    assert diff_inventories(again, inventory).is_empty


@LAWS
@given(values=documents())
def test_normalize_is_idempotent_and_the_lasting_labels_too(values: list[Json]) -> None:
    text = normalized(merged(values))
    assert normalized(reread(text)) == text


@LAWS
@given(data=st.data())
def test_the_order_of_files_documents_and_nodes_changes_no_byte(data: st.DataObject) -> None:
    values = data.draw(documents())
    shuffled = data.draw(st.permutations(values))
    listed = {"kind": "List", "items": shuffled[: data.draw(st.integers(0, len(values)))]}
    text = normalized(merged(values))
    assert normalized(merged(shuffled)) == text
    assert normalized(merged([*shuffled[len(listed["items"]) :], listed])) == text


@LAWS
@given(values=documents())
def test_kernels_find_the_same_toolkits_in_the_compact_form(values: list[Json]) -> None:
    inventory = merged(values)
    again = reread(normalized(inventory))
    assert grouped(again) == grouped(inventory)


def grouped(inventory: Inventory) -> Any:
    """What rendering takes from the nodes: groups with their toolkits, errors and findings."""
    groups, errors, findings = group_by_kernel(
        inventory.nodes,
        inventory.planned,
        inventory.toolkits,
        inventory.toolkit_tags,
        inventory.cluster.version,
    )
    return groups, [str(error) for error in errors], findings


@LAWS
@given(values=documents())
def test_each_node_is_in_one_row_and_counted_once(values: list[Json]) -> None:
    inventory = merged(values)
    summary = summarize(inventory)
    names = [name for row in summary.kernels for name in row.nodes]
    assert sorted(names) == [node.name for node in inventory.nodes]
    assert sum(summary.systems.values()) == sum(summary.architectures.values()) == len(names)


@LAWS
@given(before=documents(), after=documents())
def test_a_difference_turned_round_is_the_difference_the_other_way(
    before: list[Json], after: list[Json]
) -> None:
    old, new = merged(before), merged(after)
    there, back = diff_inventories(old, new), diff_inventories(new, old)
    for what in ("kernels", "planned", "nodes", "toolkits"):
        assert getattr(there, f"{what}_added") == getattr(back, f"{what}_removed")
        assert getattr(there, f"{what}_removed") == getattr(back, f"{what}_added")
    for what in ("nodes_changed", "tags_changed", "cluster_changed"):
        turned = {replace(each, before=each.after, after=each.before) for each in getattr(back, what)}
        assert set(getattr(there, what)) == turned
    assert there.is_empty == back.is_empty
    assert diff_inventories(old, old).is_empty


# -- whole builds


def run(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "sro_render", "-q", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def tree(folder: Path) -> tuple[Mapping[str, bytes], Json]:
    """The files of one cluster's bundle but the lock, and the lock without its inventories."""
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    (lock,) = (path for path in files if path.endswith("sro.lock.yaml"))
    locked = yaml.safe_load(files.pop(lock))
    assert locked["inventory"].pop("inputs")
    return files, locked


CASES = {
    f"example {name}": (EXAMPLES / name, EXAMPLES / name / "charts")
    for name in ("01-simple-kmod", "02-jinja")
} | (
    {path.name: (path, KIT / "charts") for path in sorted((KIT / "cases").iterdir())} if KIT.is_dir() else {}
)


@pytest.mark.parametrize("case", CASES)
def test_a_build_with_the_compact_form_gives_the_same_bundle(case: str, tmp_path: Path) -> None:
    folder, charts = CASES[case]
    files = [folder / "cluster.yaml", folder / "driver-toolkits.yaml"]
    compact = tmp_path / "nodes.yaml"
    run("inventory", "normalize", *files, "--out", compact)
    spec = folder / "specialresource.yaml"
    given = [part for file in files for part in ("--inventory", file)]
    run("build", spec, *given, "--charts", charts, "--out", tmp_path / "one")
    run("build", spec, "--inventory", compact, "--charts", charts, "--out", tmp_path / "two")
    assert tree(tmp_path / "two") == tree(tmp_path / "one")
