"""What holds for every cluster, whatever its nodes, its SpecialResources and their charts are.

Matrix: generated clusters (RHCOS of both eras, Ubuntu, Debian, Fedora, SUSE, Flatcar, COS; two
architectures; kernels with `+`, `~` and `_`; with and without the labels of node-feature-discovery) by
generated SpecialResources (node selectors, five charts: states, stateless, subchart, Jinja, all kinds of
workloads, selectors and node affinity of the chart's own). The judge of what runs where is this file's
own reading of Kubernetes' rules, over the files as written.
Left out: labels that lie, kernels that no label tells apart, kernels of two systems: these are findings
and errors, with tests of their own.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sro_render.api import Recipe, lay_out, render
from sro_render.charts.chart import Chart, load_chart
from sro_render.cli.main import run
from sro_render.kernels.merging import InventoryDocument
from sro_render.kernels.snapshot import read_inventory
from sro_render.limits import Limits
from sro_render.model.options import RenderOptions
from sro_render.model.specialresource import SpecialResource
from sro_render.source import Source

Json = dict[str, Any]
Tree = dict[str, bytes]

KERNEL_LABEL = "feature.node.kubernetes.io/kernel-version.full"
OS_RELEASE = "feature.node.kubernetes.io/system-os_release."
LAWS = settings(max_examples=80, deadline=None, derandomize=True, database=None)

# -- clusters

RHCOS = "Red Hat Enterprise Linux CoreOS"
SYSTEMS: Sequence[tuple[str, str, str, Json]] = (
    # kernel, osImage, architecture, what NFD says of the system
    (
        "4.18.0-305.45.1.el8_4.x86_64",
        f"{RHCOS} 410.84.202203221702-0 (Ootpa)",
        "amd64",
        {"ID": "rhcos", "VERSION_ID": "4.10", "RHEL_VERSION": "8.4"},
    ),
    (
        "4.18.0-305.45.1.rt7.117.el8_4.x86_64",
        f"{RHCOS} 410.84.202203221702-0 (Ootpa)",
        "amd64",
        {"ID": "rhcos", "VERSION_ID": "4.10", "RHEL_VERSION": "8.4"},
    ),
    (
        "5.14.0-284.57.1.el9_2.aarch64",
        f"{RHCOS} 414.92.202403270157-0 (Plow)",
        "arm64",
        {"ID": "rhcos", "VERSION_ID": "4.14", "RHEL_VERSION": "9.2"},
    ),
    (
        "5.14.0-570.16.1.el9_6.x86_64+rt",
        f"{RHCOS} 9.6.20250523-0 (Plow)",
        "amd64",
        {"ID": "rhel", "VERSION_ID": "9.6", "OPENSHIFT_VERSION": "4.19"},
    ),
    ("5.15.0-113-generic", "Ubuntu 22.04.4 LTS", "amd64", {"ID": "ubuntu", "VERSION_ID": "22.04"}),
    ("6.8.0-1014-aws", "Ubuntu 24.04.1 LTS", "arm64", {"ID": "ubuntu", "VERSION_ID": "24.04"}),
    ("6.10.6-200.fc40.x86_64", "Fedora Linux 40 (Server Edition)", "amd64", {"ID": "fedora"}),
    ("6.4.0-150600.21-default", "SUSE Linux Enterprise Server 15 SP6", "amd64", {}),
    ("6.1.0-0.deb11.21~bpo+1-amd64", "Debian GNU/Linux 12 (bookworm)", "amd64", {}),
    ("6.6.30-flatcar", "Flatcar Container Linux by Kinvolk 3975.2.0 (Oklo)", "amd64", {}),
    ("5.15.154+", "Container-Optimized OS from Google", "amd64", {}),
    ("_6.9.0_custom.+", "", "", {}),
)
ADMIN_LABELS = {"gpu": ["true", "false"], "zone": ["a", "b", "c"], "slots": ["1", "4", "16"]}


@st.composite
def nodes_of(draw: st.DrawFn, least: int = 1, most: int = 10) -> list[Json]:
    """Nodes n0, n1, … with one system per kernel."""
    return [draw(node_named(f"n{index}")) for index in range(draw(st.integers(least, most)))]


@st.composite
def node_named(draw: st.DrawFn, name: str, systems: Sequence[int] = range(len(SYSTEMS))) -> Json:
    kernel, os_image, architecture, release = SYSTEMS[draw(st.sampled_from(systems))]
    labels = {"kubernetes.io/hostname": name}
    for key, values in ADMIN_LABELS.items():
        value = draw(st.sampled_from(["", *values]))
        if value:
            labels[key] = value
    if draw(st.booleans()):
        labels[KERNEL_LABEL] = label_of(kernel)
        labels |= {f"{OS_RELEASE}{key}": value for key, value in release.items()}
    return {
        "name": name,
        "kernelVersion": kernel,
        "osImage": os_image,
        "architecture": architecture,
        "labels": labels,
    }


def label_of(kernel: str) -> str:
    """What node-feature-discovery makes of a kernel's version."""
    return re.sub("[^-A-Za-z0-9_.]", "_", kernel).strip("-_.")


# -- charts

AFFINE = 'specialresource.openshift.io/kernel-affine: "true"'
POD = 'containers: [{name: c, image: \'i:{{ .Values.kernelFullVersion | replace "+" "_" }}\'}]'


def affine(kind: str, name: str, spec: str, group: str = "apps/v1") -> str:
    return f"apiVersion: {group}\nkind: {kind}\nmetadata:\n  name: {name}\n  annotations:\n    {AFFINE}\n{spec}\n"


def workload(kind: str, name: str, pod: str = POD, more: str = "") -> str:
    selector = f"  selector: {{matchLabels: {{app: {name}}}}}\n" if kind != "Job" else ""
    group = "batch/v1" if kind == "Job" else "apps/v1"
    template = f"  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      {pod}\n{more}"
    return affine(kind, name, f"spec:\n{selector}{template}", group)


def config(name: str, data: str, is_affine: bool = False) -> str:
    annotations = f"  annotations:\n    {AFFINE}\n" if is_affine else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{annotations}data:\n  {data}\n"


BUILD = affine("BuildConfig", "build", "spec:\n  output: {}", "build.openshift.io/v1")
CRON_JOB = affine(
    "CronJob",
    "sweep",
    'spec:\n  schedule: "0 1 * * *"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n'
    f"          restartPolicy: Never\n          {POD}",
    "batch/v1",
)
NODE_AFFINITY = """\
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - {key: zone, operator: NotIn, values: [c]}
              - {key: slots, operator: Gt, values: ["2"]}
            - matchExpressions:
              - {key: zone, operator: In, values: [c]}
              - {key: gpu, operator: Exists}
"""
JINJA = workload("DaemonSet", "driver").replace(
    '{{ .Values.kernelFullVersion | replace "+" "_" }}', "{{ Values.kernelFullVersion }}"
)
SECOND = "---\n"


@dataclass(frozen=True)
class Recipes:
    """A chart. affine: (kind, name) of its kernel-affine objects. workloads: those that run pods or builds,
    with the labels that the chart itself demands of their nodes."""

    files: Mapping[str, str]
    affine: frozenset[tuple[str, str]]
    workloads: Mapping[tuple[str, str], Json]

    def chart(self, name: str) -> Chart:
        files = {path: text.encode() for path, text in self.all_files(name).items()}
        return load_chart(files, name, Limits())

    def all_files(self, name: str) -> dict[str, str]:
        return {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n", **self.files}


def chart_with(files: Mapping[str, str], *others: tuple[str, str], **own: Json) -> Recipes:
    """A chart; `own` names its workloads as KIND_NAME, with the labels that each demands itself."""
    workloads = {tuple(each.split("_", 1)): wanted for each, wanted in own.items()}
    pairs = {(kind, name): wanted for (kind, name), wanted in workloads.items()}
    return Recipes(files=files, affine=frozenset(pairs) | set(others), workloads=pairs)


CHARTS: Mapping[str, Recipes] = {
    "driver": chart_with(
        {
            "templates/0000-build.yaml": config("common", "a: b") + SECOND + BUILD,
            "templates/1000-driver.yaml": workload("DaemonSet", "driver"),
        },
        BuildConfig_build={},
        DaemonSet_driver={},
    ),
    "jobs": chart_with(
        {
            "templates/0000-job.yaml": workload("Job", "compile") + SECOND + CRON_JOB,
            "templates/agent.yaml": workload(
                "Deployment", "agent", more="      nodeSelector: {gpu: 'true'}\n"
            )
            + SECOND
            + config("kernel", "k: '{{ .Values.kernelFullVersion }}'", is_affine=True),
        },
        ("ConfigMap", "kernel"),
        Job_compile={},
        CronJob_sweep={},
        Deployment_agent={"gpu": "true"},
    ),
    "choosy": chart_with(
        {
            "templates/0000_set.yaml": workload("StatefulSet", "store", more=NODE_AFFINITY),
            "templates/2000-pod.yaml": affine(
                "Pod", "probe", f"spec:\n  nodeSelector: {{zone: a}}\n  {POD}", "v1"
            ),
        },
        StatefulSet_store={},
        Pod_probe={"zone": "a"},
    ),
    "layers": chart_with(
        {
            "templates/1000-parent.yaml": config("parent", "a: b"),
            "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
            "charts/sub/templates/1000-driver.yaml": workload(
                "DaemonSet", "driver", "containers: [{name: c, image: i}]"
            ),
            "charts/sub/templates/more.yaml": workload(
                "ReplicaSet", "helper", "containers: [{name: c, image: i}]"
            ),
        },
        DaemonSet_driver={},
        ReplicaSet_helper={},
    ),
    "jinja": chart_with({"templates/0000-driver.yaml.j2": JINJA}, DaemonSet_driver={}),
}


@st.composite
def specs_for(draw: st.DrawFn, nodes: Sequence[Json]) -> list[Json]:
    """One to three SpecialResources, each with its chart's name; each selects some node."""
    specs = []
    for index in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from(sorted(ADMIN_LABELS)))
        wanted = {key: draw(st.sampled_from(ADMIN_LABELS[key]))} if draw(st.booleans()) else {}
        is_met = any(has_labels(node["labels"], wanted) for node in nodes)
        specs.append(spec(f"sr{index}", draw(st.sampled_from(sorted(CHARTS))), wanted if is_met else {}))
    return specs


def spec(name: str, chart: str, selector: Json) -> Json:
    return {
        "apiVersion": "sro.openshift.io/v1beta1",
        "kind": "SpecialResource",
        "metadata": {"name": name},
        "spec": {
            "nodeSelector": selector,
            "chart": {
                "name": chart,
                "version": "1.0.0",
                "repository": {"name": "r", "url": "file:///charts"},
            },
        },
    }


def tree_of(specs: Sequence[Json], nodes: Sequence[Json]) -> Tree:
    """The manifests, without the lock."""
    value: Json = {"kind": "NodeInventory", "nodes": list(nodes)}
    inventory = read_inventory([InventoryDocument(source=Source("n", ""), value=value)])
    recipes = [
        Recipe(resource=SpecialResource.from_mapping(each), chart=CHARTS[name].chart(name))
        for each in specs
        for name in [each["spec"]["chart"]["name"]]
    ]
    rendered = render(recipes, inventory, RenderOptions())
    assert rendered.errors == ()
    return lay_out(rendered.bundle)


def objects_in(tree: Tree) -> dict[str, Json]:
    """What is written, by file, without kustomizations: read by another reader than ours."""
    return {
        path: yaml.load(data, yaml.CSafeLoader)
        for path, data in tree.items()
        if not path.endswith("kustomization.yaml")
    }


# -- what runs where


def has_labels(labels: Json, wanted: Json) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


def labels_of(node: Json) -> Json:
    """A node's labels once node-feature-discovery runs there."""
    return {**node["labels"], KERNEL_LABEL: label_of(node["kernelVersion"])}


def is_met(expression: Json, labels: Json) -> bool:
    """One expression of a nodeSelectorTerm."""
    value, operator = labels.get(expression["key"]), expression["operator"]
    values = expression.get("values", [])
    if operator == "DoesNotExist":
        return value is None
    if operator == "NotIn":
        return value not in values
    if value is None:
        return False
    if operator in {"Gt", "Lt"}:
        return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
    return {"In": value in values, "Exists": True}[operator]


POD_SPECS = {
    "Pod": ("spec",),
    "BuildConfig": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def may_run_on(manifest: Json, labels: Json) -> bool:
    """Whether the scheduler may put the object's pods, or builds, on a node with these labels."""
    pod = manifest
    for key in POD_SPECS.get(manifest["kind"], ("spec", "template", "spec")):
        pod = pod[key]
    required = (pod.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (required.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms")
    return has_labels(labels, pod.get("nodeSelector") or {}) and (
        terms is None or any(all(is_met(each, labels) for each in term["matchExpressions"]) for term in terms)
    )


def meets_store(labels: Json) -> bool:
    """`NODE_AFFINITY` in words of Python: the chart's own demand, which `may_run_on` has to find."""
    if labels.get("zone") == "c":
        return "gpu" in labels
    return int(labels.get("slots", "0")) > 2


@LAWS
@given(data=st.data())
def test_each_selected_node_is_matched_by_one_object_of_each_affine_workload(data: st.DataObject) -> None:
    nodes = data.draw(nodes_of())
    specs = data.draw(specs_for(nodes))
    written = list(objects_in(tree_of(specs, nodes)).values())
    for each in specs:
        selector, chart = each["spec"]["nodeSelector"], CHARTS[each["spec"]["chart"]["name"]]
        own = [m for m in written if m["metadata"].get("namespace") == each["metadata"]["name"]]
        for (kind, name), demanded in chart.workloads.items():
            objects = [m for m in own if m["kind"] == kind and base_name(m) == name]
            for node in nodes:
                labels = labels_of(node)
                wanted = has_labels(labels, {**selector, **demanded})
                wanted = wanted and (name != "store" or meets_store(labels))
                matching = [m for m in objects if may_run_on(m, labels)]
                assert len(matching) == int(wanted)
                kernels = [m["metadata"]["annotations"]["sro.openshift.io/kernel"] for m in matching]
                assert kernels == [node["kernelVersion"]][: len(matching)]


def base_name(manifest: Json) -> str:
    """An affine object's name without the hash of its kernel."""
    name: str = manifest["metadata"]["name"]
    return name.rpartition("-")[0]


# -- what changes with the nodes


@LAWS
@given(data=st.data())
def test_a_node_with_a_known_kernel_changes_no_manifest(data: st.DataObject) -> None:
    nodes = data.draw(nodes_of())
    specs = data.draw(specs_for(nodes))
    known = data.draw(st.sampled_from(nodes))
    told = {key: value for key, value in known["labels"].items() if key not in ADMIN_LABELS}
    admin = data.draw(
        st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in ADMIN_LABELS.items()})
    )
    added = {**known, "name": "new", "labels": {**told, **admin, "kubernetes.io/hostname": "new"}}
    # A kernel is known to an SR only if the SR selects a node that runs it.
    for selector in [each["spec"]["nodeSelector"] for each in specs]:
        same = [node for node in nodes if node["kernelVersion"] == known["kernelVersion"]]
        is_known = any(has_labels(node["labels"], selector) for node in same)
        assume(is_known or not has_labels(added["labels"], selector))
    assert tree_of(specs, [*nodes, added]) == tree_of(specs, nodes)


@LAWS
@given(data=st.data())
def test_a_kernel_adds_its_own_objects_alone_and_takes_them_along(data: st.DataObject) -> None:
    nodes = data.draw(nodes_of())
    specs = data.draw(specs_for(nodes))
    running = {node["kernelVersion"] for node in nodes}
    others = [index for index, (kernel, *_) in enumerate(SYSTEMS) if kernel not in running]
    added = data.draw(node_named("new", others or [0]))
    kernel = added["kernelVersion"]
    before, after = objects_in(tree_of(specs, nodes)), objects_in(tree_of(specs, [*nodes, added]))
    assert {path: after[path] for path in before} == before
    came = [after[path] for path in after.keys() - before.keys()]
    expected = [
        (each["metadata"]["name"], *one)
        for each in specs
        if has_labels(added["labels"], each["spec"]["nodeSelector"]) and kernel not in running
        for one in CHARTS[each["spec"]["chart"]["name"]].affine
    ]
    assert sorted((m["metadata"]["namespace"], m["kind"], base_name(m)) for m in came) == sorted(expected)
    assert {m["metadata"]["annotations"]["sro.openshift.io/kernel"] for m in came} <= {kernel}


@LAWS
@given(data=st.data())
def test_a_spec_adds_its_own_objects_alone(data: st.DataObject) -> None:
    nodes = data.draw(nodes_of())
    first, *rest = data.draw(specs_for(nodes))
    whole, without = objects_in(tree_of([first, *rest], nodes)), objects_in(tree_of(rest, nodes))
    assert {path: whole[path] for path in without} == without
    assert {path.split("/")[0] for path in whole.keys() - without.keys()} == {first["metadata"]["name"]}


# -- what changes with their order


@settings(LAWS, max_examples=25)
@given(data=st.data())
def test_permuting_nodes_specs_and_files_changes_no_byte_and_the_lock_neither(data: st.DataObject) -> None:
    nodes = data.draw(nodes_of(least=2))
    specs = data.draw(specs_for(nodes))
    shuffled = data.draw(st.permutations(nodes))
    cut = data.draw(st.integers(1, len(nodes) - 1))
    files = [{"first.json": nodes[:cut], "second.json": nodes[cut:]}]
    members = {node["name"] for node in nodes[:cut]}
    first = [node for node in shuffled if node["name"] in members]
    second = [node for node in shuffled if node["name"] not in members]
    files.append({"second.json": second, "first.json": first})
    order = data.draw(st.permutations(specs))
    assert build(order, files[1]) == build(specs, files[0])


def build(specs: Sequence[Json], inventories: Mapping[str, Sequence[Json]]) -> Tree:
    """The whole of OUT, lock included, by the command; each spec and inventory has a file of its own."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        arguments = ["-q", "build", "--charts", str(root / "charts"), "--out", str(root / "out")]
        for each in specs:
            file = f"{each['metadata']['name']}.yaml"
            write(root, {file: json.dumps(each)})
            arguments.append(str(root / file))
            chart = each["spec"]["chart"]["name"]
            write(root / "charts" / chart, CHARTS[chart].all_files(chart))
        for file, nodes in inventories.items():
            inventory = {"apiVersion": "sro.openshift.io/v1alpha1", "kind": "NodeInventory", "nodes": nodes}
            write(root, {file: json.dumps(inventory)})
            arguments += ["--inventory", str(root / file)]
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run(arguments)
        assert code == 0, said.getvalue()
        out = root / "out"
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in files_in(out)}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def files_in(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
