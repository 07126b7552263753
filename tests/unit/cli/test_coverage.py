"""`sro-render coverage`: the matrix, what becomes of each node, and what the next release lacks.

Matrix: each status of a node; each kind of driver; images by origin; several SpecialResources and the width
of a screen; JSON by node; --next with nodes and with planned kernels alone; exit codes; wrong inputs;
colour. Left out: reasons and findings (test_findings_in_nodes.py), selectors (test_selectors.py).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from sro_render.cli.coverage_text import coverage_text
from sro_render.model.coverage import Coverage, KernelCoverage, ResourceCoverage, Share, Status

ONE, TWO, THREE = "6.1.0-1.x86_64", "6.1.0-2.x86_64", "6.1.0-3.x86_64"
AFFINE = 'annotations: {specialresource.openshift.io/kernel-affine: "true"}'
STATE = "charts/kmod/templates/0000-state.yaml"
LEGEND = (
    "N/M: N of M nodes are served, ! not all of them. +N: nodes that the chart's own selectors exclude.\n"
    "planned: no node runs the kernel yet. idle: nothing there serves a node. -: no node is selected.\n"
)


def workload(kind: str, name: str, *, affine: bool = True, pod: str = "", image: str = "") -> str:
    """A workload's YAML; pod: more of its pod's spec, in flow style."""
    api = {"Pod": "v1", "Job": "batch/v1"}.get(kind, "apps/v1")
    image = image or "r/driver:{{ .Values.kernelFullVersion }}"
    spec = f'{{restartPolicy: Never, containers: [{{name: c, image: "{image}"}}]{pod and ", "}{pod}}}'
    if kind != "Pod":
        selector = "" if kind == "Job" else f"selector: {{matchLabels: {{app: {name}}}}}, "
        spec = f"{{{selector}template: {{metadata: {{labels: {{app: {name}}}}}, spec: {spec}}}}}"
    metadata = f"{{name: {name}{', ' + AFFINE if affine else ''}}}"
    return f"---\napiVersion: {api}\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}\n"


def coverage(project: Any, *more: str) -> Any:
    return project.run("coverage", "spec.yaml", "--inventory", "nodes.json", "--charts", "charts", *more)


def report(project: Any, *more: str) -> Any:
    return json.loads(coverage(project, "-o", "json", *more).out)


def statuses(project: Any, *more: str) -> dict[str, str]:
    """What becomes of each node under the SR kmod."""
    nodes = report(project, *more)["nodes"]
    return {each["name"]: each["specialResources"][0].get("status", "not selected") for each in nodes}


@pytest.fixture
def three(project: Any) -> Any:
    """Three nodes on two kernels, and a driver for each."""
    project.write_nodes(ONE, TWO, TWO)
    project.write(STATE, workload("DaemonSet", "driver"))
    return project


def label(project: Any, index: int, **labels: str) -> None:
    document = json.loads((project.root / "nodes.json").read_text())
    document["items"][index]["metadata"]["labels"].update(labels)
    project.write("nodes.json", json.dumps(document))


# -- what becomes of a node


def test_a_node_is_served_excluded_failed_unserved_or_not_selected(project: Any) -> None:
    project.write_spec(nodeSelector={"role": "worker"})
    project.write_nodes(ONE, ONE, TWO, THREE, ONE)
    label(project, 1, out="yes")
    label(project, 4, role="infra")
    affinity = (
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
        "{nodeSelectorTerms: [{matchExpressions: [{key: out, operator: DoesNotExist}]}]}}}"
    )
    fails = f'{{{{ if eq .Values.kernelFullVersion "{TWO}" }}}}{{{{ fail "no" }}}}{{{{ end }}}}\n'
    only = f'{{{{ if ne .Values.kernelFullVersion "{THREE}" }}}}\n'
    project.write(STATE, fails + only + workload("DaemonSet", "driver", pod=affinity) + "{{ end }}\n")
    assert statuses(project) == {
        "n0": "served",
        "n1": "excluded",
        "n2": "failed",
        "n3": "unserved",
        "n4": "not selected",
    }
    outcome = coverage(project)
    assert outcome.code == 1
    assert outcome.out == (
        "kernel          kmod\n"
        f"{ONE}  1/1 +1\n"
        f"{TWO}  0/1 ! failed\n"
        f"{THREE}  0/1 !\n"
        "all kernels     1/3 ! failed +1\n"
        "\n" + LEGEND + "\n"
        "kmod: 4 nodes selected by role=worker, 1 of 3 served, 1 excluded by the chart\n"
        f"  not served: n2 with kernel {TWO}: rendering failed for this kernel\n"
        f"  not served: n3 with kernel {THREE}: the chart renders no driver for this kernel "
        "(DaemonSet driver for others)\n"
        "  excluded: DaemonSet driver wants what its node affinity requires\n"
    )
    assert outcome.err.splitlines()[-1] == "not everything is right: 1 error"


@pytest.mark.parametrize(
    ("workloads", "is_served"),
    [
        # A chart's drivers are the first of: its affine DaemonSets, …
        ([("DaemonSet", True, "role: worker"), ("Deployment", True, "role: none")], True),
        ([("DaemonSet", True, "role: none"), ("Deployment", True, "role: worker")], False),
        # … its other affine workloads that stay, …
        ([("Deployment", True, "role: worker"), ("DaemonSet", False, "role: none")], True),
        ([("Pod", True, "role: none"), ("DaemonSet", False, "role: worker")], False),
        ([("StatefulSet", True, "role: worker"), ("Job", True, "role: none")], True),
        # … its DaemonSets, …
        ([("DaemonSet", False, "role: worker"), ("Job", True, "role: none")], True),
        ([("DaemonSet", False, "role: none"), ("Job", True, "role: worker")], False),
        # … its affine Jobs.
        ([("Job", True, "role: worker"), ("Deployment", False, "role: none")], True),
        # Of several drivers those count that the chart lets run there.
        ([("DaemonSet", True, "role: worker"), ("DaemonSet", True, "role: none")], True),
    ],
)
def test_what_serves_is_what_the_chart_has_for_each_kernel(
    three: Any, workloads: list[tuple[str, bool, str]], is_served: bool
) -> None:
    texts = [
        workload(kind, f"w{index}", affine=affine, pod=f"nodeSelector: {{{selector}}}")
        for index, (kind, affine, selector) in enumerate(workloads)
    ]
    three.write(STATE, "".join(texts))
    expected = "served" if is_served else "excluded"
    assert statuses(three) == dict.fromkeys(("n0", "n1", "n2"), expected)


@pytest.mark.parametrize(
    "text",
    ["", workload("Deployment", "d", affine=False, image="i"), workload("Job", "j", affine=False, image="i")],
)
def test_a_chart_without_drivers_leaves_nodes_idle(three: Any, text: str) -> None:
    three.write(STATE, text)
    assert statuses(three) == dict.fromkeys(("n0", "n1", "n2"), "idle")
    outcome = coverage(three)
    assert (outcome.code, outcome.err) == (0, "")
    assert "all kernels     3 idle\n" in outcome.out
    assert outcome.out.endswith("kmod: all nodes selected (3), 3 idle, for it has no drivers\n")


def test_labels_that_every_kubelet_sets_need_not_be_in_the_snapshot(three: Any) -> None:
    selector = "nodeSelector: {kubernetes.io/arch: amd64, kubernetes.io/os: linux}"
    three.write(STATE, workload("DaemonSet", "driver", pod=selector))
    assert set(statuses(three).values()) == {"served"}
    three.write(STATE, workload("DaemonSet", "driver", pod=selector.replace("amd64", "arm64")))
    assert set(statuses(three).values()) == {"excluded"}


def test_a_pod_that_names_its_node_runs_there_alone(three: Any) -> None:
    three.write(STATE, workload("Pod", "driver", pod="nodeName: n1"))
    assert statuses(three) == {"n0": "excluded", "n1": "served", "n2": "excluded"}


def test_pods_that_wait_for_a_state_run_once_the_applier_has_labelled_the_node(three: Any) -> None:
    selector = "nodeSelector: {specialresource.openshift.io/state-kmod-0000: Ready}"
    three.write(
        STATE, workload("DaemonSet", "driver") + workload("DaemonSet", "plugin", affine=False, pod=selector)
    )
    (first, *_) = report(three)["nodes"]
    (fate,) = first["specialResources"]
    assert fate["awaits"] == ["specialresource.openshift.io/state-kmod-0000"]
    assert [each.split("/")[2].split("-")[0] for each in fate["objects"]] == ["plugin", "driver"]
    assert coverage(three).out.endswith(
        "  some pods wait for the label specialresource.openshift.io/state-kmod-0000\n"
    )


def test_a_node_runs_what_its_label_says_even_if_that_is_for_another_kernel(three: Any) -> None:
    label(three, 2, **{"feature.node.kubernetes.io/kernel-version.full": ONE})
    nodes = report(three)["nodes"]
    fates = {each["name"]: each["specialResources"][0] for each in nodes}
    assert fates["n2"]["objects"] == fates["n0"]["objects"] != fates["n1"]["objects"]
    assert [fates[name]["status"] for name in ("n0", "n1", "n2")] == ["served", "served", "unserved"]


# -- JSON


def test_programs_learn_of_every_node_what_will_run_there(three: Any) -> None:
    three.write_spec(nodeSelector={"role": "worker"})
    label(three, 2, role="infra")
    document = report(three)
    assert (document["errors"], document["findings"], document["cluster"]) == ([], [], "cluster")
    first, second, last = document["nodes"]
    (fate,) = first["specialResources"]
    (name,) = fate.pop("objects")
    assert re.fullmatch(r"DaemonSet/kmod/driver-[0-9a-f]+", name)
    assert (first["name"], first["kernel"]) == ("n0", ONE)
    assert fate == {
        "name": "kmod",
        "selected": True,
        "driverToolkit": "",
        "status": "served",
        "reasons": [],
        "images": [f"r/driver:{ONE}"],
        "awaits": [],
    }
    assert second["specialResources"][0]["status"] == "served"
    assert last["specialResources"] == [{"name": "kmod", "selected": False}]
    (resource,) = document["specialResources"]
    assert (resource["nodeSelector"], resource["hasDrivers"]) == ({"role": "worker"}, True)
    assert resource["nodes"] == {"served": 2, "unserved": 0, "excluded": 0, "failed": 0, "idle": 0}
    kernel = resource["kernels"][0]
    assert (kernel["drivers"], kernel["builders"], kernel["lacks"]) == ([name], [], [])
    assert kernel["images"] == [{"image": f"r/driver:{ONE}", "origin": "of-kernel", "builder": ""}]


def test_the_report_of_a_build_has_the_same_by_kernel(three: Any) -> None:
    document = json.loads(three.build("-o", "json").out)
    (resource,) = document["specialResources"]
    assert resource["nodes"]["served"] == 3
    (share,) = resource["kernels"][1]["coverage"]
    assert (share["nodes"], share["status"]) == (["n1", "n2"], "served")
    assert share["images"] == [f"r/driver:{TWO}"]


# -- the screen


def a_resource(name: str, kernels: int, *, unserved: int = 0) -> ResourceCoverage:
    return ResourceCoverage(
        name=name,
        selector={},
        has_drivers=True,
        kernels=tuple(
            KernelCoverage(
                kernel=f"5.14.0-{index:03}.11.1.rt7.117.el9_5.x86_64",
                is_planned=False,
                shares=(
                    Share(
                        nodes=(f"{index}",),
                        status=Status.UNSERVED if index < unserved else Status.SERVED,
                    ),
                ),
            )
            for index in range(kernels)
        ),
    )


def test_forty_kernels_and_five_resources_fit_on_a_screen_in_as_many_blocks_as_it_takes() -> None:
    resources = tuple(a_resource(f"accelerator-driver-{index}", 40, unserved=index) for index in range(5))
    text = coverage_text(Coverage(resources=resources))
    matrix = text.partition("N/M")[0]
    assert max(map(len, matrix.splitlines())) <= 100
    blocks = matrix.strip().split("\n\n")
    heads = [block.splitlines()[0].split() for block in blocks]
    assert heads == [
        ["kernel", "accelerator-driver-0", "accelerator-driver-1"],
        ["kernel", "accelerator-driver-2", "accelerator-driver-3"],
        ["kernel", "accelerator-driver-4"],
    ]
    assert [len(block.splitlines()) for block in blocks] == [42, 42, 42]
    assert [block.splitlines()[-1].split()[2:] for block in blocks] == [
        ["40/40", "39/40", "!"],
        ["38/40", "!", "37/40", "!"],
        ["36/40", "!"],
    ]


def test_five_resources_with_short_names_fit_into_one_block() -> None:
    text = coverage_text(Coverage(resources=tuple(a_resource(f"kmod-{index}", 40) for index in range(5))))
    assert len(text.partition("N/M")[0].strip().split("\n\n")) == 1


def test_what_is_marked_stands_out_and_nothing_else_does() -> None:
    text = coverage_text(Coverage(resources=(a_resource("kmod", 2, unserved=1),)), lambda cell: f"<{cell}>")
    assert re.findall("<.*?>", text) == ["<0/1 !>", "<1/2 !>"]


def test_long_lists_end_with_what_is_not_shown() -> None:
    text = coverage_text(Coverage(resources=(a_resource("kmod", 13, unserved=13),)))
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    assert (len(lines), lines[-1]) == (11, "  and 3 more")


def test_colour_is_for_terminals(three: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'{{{{ if ne .Values.kernelFullVersion "{TWO}" }}}}\n' + workload("DaemonSet", "d") + "{{ end }}"
    three.write(STATE, text)
    assert f"{TWO}  0/2 !\n" in coverage(three).out
    monkeypatch.setattr("sro_render.cli.coverage.has_colour", lambda _: True)
    assert f"{TWO}  \x1b[31m\x1b[1m0/2 !\x1b[0m\n" in coverage(three).out


def test_a_name_that_would_steer_the_terminal_does_not() -> None:
    resource = a_resource("k\x1b[31m", 1)
    assert "\x1b" not in coverage_text(Coverage(resources=(resource,)))


def test_resources_that_are_removed_or_unmanaged_are_told(three: Any) -> None:
    spec = yaml.safe_load((three.root / "spec.yaml").read_text())
    texts = [yaml.safe_dump(spec)]
    for name, state in (("gone", "Removed"), ("left", "Unmanaged")):
        other = json.loads(json.dumps(spec))
        other["metadata"]["name"], other["spec"]["managementState"] = name, state
        texts.append(yaml.safe_dump(other))
    three.write("spec.yaml", "---\n".join(texts))
    assert coverage(three).out.endswith("gone: removed, nothing rendered\nleft: unmanaged, not looked at\n")


# -- what comes next

BUILD = f"""\
---
apiVersion: build.openshift.io/v1
kind: BuildConfig
metadata: {{name: build, {AFFINE}}}
spec:
  strategy: {{dockerStrategy: {{from: {{kind: DockerImage, name: "{{{{ .Values.driverToolkitImage }}}}"}}}}}}
  output: {{to: {{kind: DockerImage, name: "r/driver:{{{{ .Values.kernelFullVersion }}}}"}}}}
"""


def write_next(project: Any, **parts: Any) -> None:
    document = {"apiVersion": "sro.openshift.io/v1alpha1", "kind": "NodeInventory", **parts}
    project.write("next.yaml", yaml.safe_dump(document))


def next_node(name: str, kernel: str) -> dict[str, Any]:
    image = "Red Hat Enterprise Linux 8.6 (Ootpa)"
    return {"name": name, "kernelVersion": kernel, "osImage": image, "architecture": "amd64"}


def after_legend(text: str) -> str:
    return text.partition(LEGEND + "\n")[2]


def test_the_next_release_says_what_is_missing_before_a_node_runs_it(three: Any) -> None:
    three.write(STATE, workload("DaemonSet", "driver") + BUILD)
    now = {"driverToolkits": [{"image": f"dtk/{each}", "kernelFullVersion": each} for each in (ONE, TWO)]}
    document = {"apiVersion": "sro.openshift.io/v1alpha1", "kind": "NodeInventory", **now}
    three.write("toolkits.yaml", yaml.safe_dump(document))
    write_next(three, nodes=[next_node("n0", THREE), next_node("n9", THREE)])
    outcome = coverage(three, "--inventory", "toolkits.yaml", "--next", "next.yaml")
    assert outcome.code == 1
    build = re.findall("BuildConfig/kmod/build-[0-9a-f]+", outcome.out)[0]
    assert after_legend(outcome.out) == (
        "kmod: all nodes selected (3), 3 of 3 served\n"
        f"  planned kernel {THREE}: there is no driver toolkit for {build}\n"
        "\n"
        "next: 1 new kernel, 2 nodes with another kernel\n"
        "\n"
        f"{THREE}\n"
        f"  nodes: n0 (from {ONE})\n"
        "  nodes: n9 (new)\n"
        f"  kmod: build {build}\n"
        f"  kmod: image r/driver:{THREE}, built by {build}\n"
        f"  kmod: MISSING there is no driver toolkit for {build}\n"
        "\n"
        f"no node will run {ONE} any more\n"
    )


def test_the_next_release_with_its_toolkit_lacks_nothing(three: Any) -> None:
    three.write(STATE, workload("DaemonSet", "driver") + BUILD)
    toolkits = [{"image": f"dtk/{each}", "kernelFullVersion": each} for each in (ONE, TWO, THREE)]
    write_next(
        three, plannedKernels=[{"kernelVersion": THREE, "architecture": "amd64"}], driverToolkits=toolkits
    )
    outcome = coverage(three, "--next", "next.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    build = re.findall("BuildConfig/kmod/build-[0-9a-f]+", outcome.out)[0]
    assert after_legend(outcome.out) == (
        "kmod: all nodes selected (3), 3 of 3 served\n"
        "\n"
        "next: 1 new kernel, 0 nodes with another kernel\n"
        "\n"
        f"{THREE}\n"
        "  nodes: not said; give an inventory with nodes to see which ones will run it\n"
        f"  kmod: toolkit dtk/{THREE}\n"
        f"  kmod: build {build}\n"
        f"  kmod: image r/driver:{THREE}, built by {build}\n"
    )


@pytest.mark.parametrize(
    ("image", "origin"),
    [
        ("r/driver:1", "one for all kernels"),
        ("r/driver:{{ .Values.kernelFullVersion }}", "not built here: it must be in its registry"),
    ],
)
def test_an_image_that_nothing_here_builds_is_told_and_not_called_missing(
    three: Any, image: str, origin: str
) -> None:
    three.write(STATE, workload("DaemonSet", "driver", image=image))
    write_next(three, plannedKernels=[{"kernelVersion": THREE}])
    outcome = coverage(three, "--next", "next.yaml")
    assert outcome.code == 0
    assert outcome.out.splitlines()[-1].partition(", ")[2] == origin


def test_a_job_that_builds_on_a_node_of_the_kernel_waits_for_the_first_one(three: Any) -> None:
    job = workload("Job", "build", image="kaniko").replace(
        "name: c,", 'name: c, args: ["--destination=r/driver:{{ .Values.kernelFullVersion }}"],'
    )
    three.write(STATE, workload("DaemonSet", "driver") + job)
    write_next(three, plannedKernels=[{"kernelVersion": THREE}])
    outcome = coverage(three, "--next", "next.yaml")
    assert outcome.code == 0
    assert re.fullmatch(
        rf"  kmod: image r/driver:{THREE}, built by Job/kmod/build-[0-9a-f]+", outcome.out.splitlines()[-1]
    )


def test_a_kernel_that_fails_is_missing_for_the_next_release(three: Any) -> None:
    fails = f'{{{{ if eq .Values.kernelFullVersion "{THREE}" }}}}{{{{ fail "no" }}}}{{{{ end }}}}\n'
    three.write(STATE, fails + workload("DaemonSet", "driver"))
    write_next(three, plannedKernels=[{"kernelVersion": THREE}])
    outcome = coverage(three, "--next", "next.yaml")
    assert outcome.code == 1
    assert f"{THREE}  planned !\n" in outcome.out
    assert outcome.out.splitlines()[-1] == "  kmod: MISSING rendering failed for this kernel"


def test_a_node_that_moves_to_a_kernel_that_others_run_is_told(three: Any) -> None:
    write_next(three, nodes=[next_node("n0", TWO)])
    outcome = coverage(three, "--next", "next.yaml")
    assert outcome.code == 0
    lines = after_legend(outcome.out).splitlines()
    assert lines[2:6] == [
        "next: 0 new kernels, 1 node with another kernel",
        "",
        f"{TWO} (some node runs it already)",
        f"  nodes: n0 (from {ONE})",
    ]
    assert lines[-1] == f"no node will run {ONE} any more"


def test_programs_learn_what_the_next_release_lacks(three: Any) -> None:
    three.write(
        STATE,
        f'{{{{ if ne .Values.kernelFullVersion "{THREE}" }}}}\n' + workload("DaemonSet", "d") + "{{ end }}",
    )
    write_next(three, nodes=[next_node("n0", THREE)])
    assert report(three, "--next", "next.yaml")["next"] == {
        "kernels": [THREE],
        "leavingKernels": [ONE],
        "moves": [{"node": "n0", "before": ONE, "after": THREE}],
        "missing": [
            {
                "specialResource": "kmod",
                "kernel": THREE,
                "lack": "driver",
                "text": "the chart renders no driver for this kernel (DaemonSet d for others)",
            }
        ],
    }


# -- exit codes and wrong inputs


def test_nothing_is_written(three: Any) -> None:
    before = sorted(three.root.rglob("*"))
    assert coverage(three).code == 0
    assert sorted(three.root.rglob("*")) == before


def test_an_unserved_node_is_an_error_under_strict_alone(three: Any) -> None:
    text = f'{{{{ if ne .Values.kernelFullVersion "{TWO}" }}}}\n' + workload("DaemonSet", "d") + "{{ end }}"
    three.write(STATE, text)
    assert (coverage(three).code, coverage(three).err) == (0, "")
    outcome = coverage(three, "--strict")
    assert outcome.code == 1
    assert outcome.err == (
        "error[node-unserved]: 2 of 3 nodes that kmod is for are not served\n"
        "  in: kmod\n"
        f"  note: n1, n2 with kernel {TWO}: the chart renders no driver for this kernel (DaemonSet d for others)\n"
        "  help: render a driver for these kernels too, or keep their nodes out with spec.nodeSelector\n"
        "not everything is right: 1 error\n"
    )
    assert [each["code"] for each in report(three, "--strict")["errors"]] == ["node-unserved"]


@pytest.mark.parametrize("name", ["nodes.json", "next.yaml", "spec.yaml"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_input_that_is_wrong_is_told_and_nothing_else(three: Any, name: str, form: str) -> None:
    write_next(three, plannedKernels=[{"kernelVersion": THREE}])
    three.write(name, "a: [")
    outcome = coverage(three, "--next", "next.yaml", "-o", form)
    assert outcome.code == 2
    if form == "text":
        assert outcome.out == ""
        assert f"--> {name}:" in outcome.err
    else:
        assert [each["file"] for each in json.loads(outcome.out)["errors"]] == [name]
