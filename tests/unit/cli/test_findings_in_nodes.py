"""What `build` finds that only shows in nodes, or between objects: the whole message, and a case without it.

Matrix: node-unserved for each of its reasons; affine-reference-bare, affine-without-selector,
state-label-unset. Left out: kernel-hash-collision (test_kernels_that_differ.py), kernels and toolkits by
themselves (test_grouping.py), the fields that refer (test_references.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

ONE, TWO = "6.1.0-1.x86_64", "6.1.0-2.x86_64"
ONE_HASH, TWO_HASH = "d20741510cef457c", "ecb84eaa0990358b"
LABEL = "feature.node.kubernetes.io/kernel-version.full"
AFFINE = 'annotations: {specialresource.openshift.io/kernel-affine: "true"}'
DRIVER = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: driver, AFFINE}
spec:
  selector: {matchLabels: {app: driver}}
  template:
    metadata: {labels: {app: driver}}
    spec:
      containers: [{name: c, image: "r/driver:{{ .Values.kernelFullVersion }}"}]
""".replace("AFFINE", AFFINE)
BUILD = """\
---
apiVersion: build.openshift.io/v1
kind: BuildConfig
metadata: {name: build, AFFINE}
spec:
  strategy: {dockerStrategy: {from: {kind: DockerImage, name: "{{ .Values.driverToolkitImage }}"}}}
  output: {to: {kind: DockerImage, name: "r/driver:{{ .Values.kernelFullVersion }}"}}
""".replace("AFFINE", AFFINE)
ONE_BUILD = (
    BUILD.replace("{{ .Values.driverToolkitImage }}", "fedora")
    .replace("{{ .Values.kernelFullVersion }}", ONE)
    .replace(f", {AFFINE}", "")
)
STATE = "charts/kmod/templates/0000-state.yaml"


def write_toolkits(project: Any, *kernels: str) -> None:
    toolkits = [{"image": f"dtk/{kernel}", "kernelFullVersion": kernel} for kernel in kernels]
    document = {
        "apiVersion": "sro.openshift.io/v1alpha1",
        "kind": "NodeInventory",
        "cluster": {"version": "4.10.11"},
        "driverToolkits": toolkits,
    }
    project.write("toolkits.json", json.dumps(document))


def change_node(project: Any, index: int, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((project.root / "nodes.json").read_text())
    change(document["items"][index])
    project.write("nodes.json", json.dumps(document))


@pytest.fixture
def two(project: Any) -> Any:
    """Two nodes with a kernel each, and a chart with a driver that nothing here builds."""
    project.write_nodes(ONE, TWO)
    project.write(STATE, DRIVER)
    return project


def test_nodes_that_a_driver_runs_on_are_served(two: Any) -> None:
    outcome = two.build()
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[0] == (
        "kmod: chart kmod 1.0.0, namespace kmod, 2 kernels, 2 of 2 nodes served"
    )


def unserved(note: str, hint: str) -> str:
    return (
        "warning[node-unserved]: 1 of 2 nodes that kmod is for is not served\n"
        f"  in: kmod\n  note: {note}\n  help: {hint}\n"
    )


def test_a_kernel_that_the_chart_renders_no_driver_for(two: Any) -> None:
    two.write(STATE, '{{ if eq .Values.kernelFullVersion "6.1.0-1.x86_64" }}\n' + DRIVER + "{{ end }}\n")
    outcome = two.build()
    assert outcome.code == 0
    assert outcome.err == unserved(
        "n1 with kernel 6.1.0-2.x86_64: the chart renders no driver for this kernel (DaemonSet driver for others)",
        "render a driver for these kernels too, or keep their nodes out with spec.nodeSelector",
    )
    assert "1 of 2 nodes served" in outcome.out


def test_a_node_whose_kernel_label_is_another_kernels(two: Any) -> None:
    def relabel(node: dict[str, Any]) -> None:
        node["metadata"]["labels"][LABEL] = ONE

    change_node(two, 1, relabel)
    outcome = two.build()
    assert outcome.code == 0
    assert outcome.err == (
        f"warning[kernel-label-stale]: the label {LABEL} is '6.1.0-1.x86_64', but the node runs 6.1.0-2.x86_64\n"
        "  in: node n1\n"
        "  help: objects for this kernel will not run there until node-feature-discovery sets the label to "
        "6.1.0-2.x86_64\n"
    ) + unserved(
        f"n1 with kernel 6.1.0-2.x86_64: DaemonSet/kmod/driver-{TWO_HASH} does not run there: "
        "the node's kernel label is '6.1.0-1.x86_64'",
        "let node-feature-discovery label the nodes again, and take the snapshot again",
    )


def test_what_several_resources_find_in_the_same_nodes_is_said_once(project: Any) -> None:
    project.write_nodes(ONE, TWO)

    def relabel(node: dict[str, Any]) -> None:
        node["metadata"]["labels"][LABEL] = ONE

    change_node(project, 1, relabel)
    text = (project.root / "spec.yaml").read_text()
    project.write("spec.yaml", f"{text}---\n{text.replace('name: kmod', 'name: other', 1)}")
    project.write(STATE, "# {{ .Values.nothing }}\n")
    assert project.build().err == (
        f"warning[kernel-label-stale]: the label {LABEL} is '6.1.0-1.x86_64', but the node runs 6.1.0-2.x86_64\n"
        "  in: node n1\n"
        "  note: found in kmod, other\n"
        "  help: objects for this kernel will not run there until node-feature-discovery sets the label to "
        "6.1.0-2.x86_64\n"
        "warning[missing-value]: .Values.nothing is not set\n"
        "  --> charts/kmod/templates/0000-state.yaml:1:6\n"
        "  1 | # {{ .Values.nothing }}\n"
        "    |      ^^^^^^^^^^^^^^^\n"
        "  note: found in kmod, other\n"
    )


def test_a_kernel_without_the_toolkit_that_its_build_needs(two: Any) -> None:
    two.write(STATE, DRIVER + BUILD)
    write_toolkits(two, ONE)
    outcome = two.build("--inventory", "toolkits.json")
    assert outcome.code == 0
    assert outcome.err == (
        "warning[toolkit-missing]: 1 of 2 kernels without a driver toolkit: driverToolkitImage is empty there\n"
        "  in: kmod\n"
        "  note: kernel 6.1.0-2.x86_64 on n1\n"
        "  help: add the toolkits of these kernels to driverToolkits of a NodeInventory\n"
    ) + unserved(
        f"n1 with kernel 6.1.0-2.x86_64: there is no driver toolkit for BuildConfig/kmod/build-{TWO_HASH}",
        "add the toolkits of these kernels to driverToolkits of a NodeInventory",
    )


def test_a_kernel_with_the_toolkit_that_its_build_needs(two: Any) -> None:
    two.write(STATE, DRIVER + BUILD)
    write_toolkits(two, ONE, TWO)
    assert two.build("--inventory", "toolkits.json").err == ""


def test_a_build_of_shipwright_that_needs_a_toolkit(two: Any) -> None:
    build = BUILD.replace("build.openshift.io/v1", "shipwright.io/v1beta1").replace("BuildConfig", "Build")
    output = 'output: {to: {kind: DockerImage, name: "r/driver:{{ .Values.kernelFullVersion }}"}}'
    assert output in build
    two.write(
        STATE, DRIVER + build.replace(output, 'output: {image: "r/driver:{{ .Values.kernelFullVersion }}"}')
    )
    write_toolkits(two, ONE)
    err = two.build("--inventory", "toolkits.json").err
    assert f"there is no driver toolkit for Build/kmod/build-{TWO_HASH}\n" in err


def test_a_cluster_that_knows_no_toolkit_serves_nobody_whose_build_needs_one(two: Any) -> None:
    two.write(STATE, DRIVER + BUILD)
    write_toolkits(two)
    err = two.build("--inventory", "toolkits.json").err
    assert "warning[node-unserved]: 2 of 2 nodes that kmod is for are not served\n" in err


def test_a_cluster_that_is_no_openshift_has_no_toolkits_and_lacks_none(two: Any) -> None:
    two.write(STATE, DRIVER + BUILD)
    assert "node-unserved" not in two.build().err


def test_a_build_that_does_not_need_the_toolkit_lacks_none(two: Any) -> None:
    own = BUILD.replace("{{ .Values.driverToolkitImage }}", "fedora")
    two.write(STATE, DRIVER + own + "---\n# {{ .Values.driverToolkitImage }}\n")
    write_toolkits(two, ONE)
    assert "node-unserved" not in two.build("--inventory", "toolkits.json").err


def test_a_tag_that_no_build_pushes_although_others_are_pushed(two: Any) -> None:
    two.write(STATE, DRIVER + ONE_BUILD)
    assert two.build().err == unserved(
        f"n1 with kernel 6.1.0-2.x86_64: no build makes the image r/driver:6.1.0-2.x86_64 of DaemonSet/kmod/driver-{TWO_HASH}",
        "let each kernel's build push what its driver runs, with the kernel in the tag",
    )


def test_builds_of_several_kernels_that_push_one_image(two: Any) -> None:
    text = DRIVER + BUILD.replace("{{ .Values.driverToolkitImage }}", "fedora")
    two.write(STATE, text.replace("r/driver:{{ .Values.kernelFullVersion }}", "r/driver:latest"))
    reason = "the builds of 2 kernels push one image, r/driver:latest, where the last one stays"
    assert two.build().err == (
        "warning[node-unserved]: 2 of 2 nodes that kmod is for are not served\n"
        f"  in: kmod\n  note: n0 with kernel {ONE}: {reason}\n  note: n1 with kernel {TWO}: {reason}\n"
        "  help: let each kernel's build push what its driver runs, with the kernel in the tag\n"
    )


def test_a_sidecar_whose_repository_holds_other_images_too(two: Any) -> None:
    sidecar = DRIVER.replace("containers: [", 'containers: [{name: s, image: "r/driver:sidecar-1"}, ')
    two.write(STATE, sidecar + BUILD.replace("{{ .Values.driverToolkitImage }}", "fedora"))
    assert two.build().err == ""


def test_a_container_without_an_image(two: Any) -> None:
    two.write(STATE, DRIVER.replace("{{ .Values.kernelFullVersion }}", "1").replace('"r/driver:1"', '""'))
    assert two.build().err == (
        "warning[node-unserved]: 2 of 2 nodes that kmod is for are not served\n"
        "  in: kmod\n"
        f"  note: n0 with kernel {ONE}: DaemonSet/kmod/driver-{ONE_HASH} has a container without an image\n"
        f"  note: n1 with kernel {TWO}: DaemonSet/kmod/driver-{TWO_HASH} has a container without an image\n"
        "  help: let each kernel's build push what its driver runs, with the kernel in the tag\n"
    )


def test_many_kernels_without_a_toolkit_are_named_in_part(project: Any) -> None:
    project.write_nodes(*(f"6.1.0-{number}" for number in range(7)), *["6.1.0-0"] * 6)
    project.write(STATE, "# {{ .Values.driverToolkitImage }}\n")
    assert project.build().err == (
        "warning[toolkit-missing]: 7 of 7 kernels without a driver toolkit: driverToolkitImage is empty there\n"
        "  in: kmod\n"
        "  note: kernel 6.1.0-0 on n0, n10, n11, n12, n7 and 2 more\n"
        "  note: kernel 6.1.0-1 on n1\n"
        "  note: kernel 6.1.0-2 on n2\n"
        "  note: kernel 6.1.0-3 on n3\n"
        "  note: kernel 6.1.0-4 on n4\n"
        "  note: and 2 more kernels\n"
        "  help: add the toolkits of these kernels to driverToolkits of a NodeInventory\n"
    )


def test_a_build_that_fits_on_no_node(two: Any) -> None:
    build = BUILD.replace("{{ .Values.driverToolkitImage }}", "fedora")
    two.write(STATE, DRIVER + build + "  nodeSelector: {only: here}\n")

    def label(node: dict[str, Any]) -> None:
        node["metadata"]["labels"]["only"] = "here"

    change_node(two, 0, label)
    assert two.build().err == unserved(
        f"n1 with kernel 6.1.0-2.x86_64: no node fits the selectors of BuildConfig/kmod/build-{TWO_HASH}",
        "let the build's nodeSelector select a node, or build outside of the cluster",
    )


def test_a_kernel_that_failed_with_another_that_did_not(two: Any) -> None:
    fails = '{{ if eq .Values.kernelFullVersion "6.1.0-2.x86_64" }}{{ fail "no" }}{{ end }}\n'
    two.write(STATE, fails + DRIVER)
    outcome = two.build("--keep-going")
    assert outcome.code == 1
    assert (
        unserved(
            "n1 with kernel 6.1.0-2.x86_64: rendering failed for this kernel",
            "see the errors of these kernels",
        )
        in outcome.err
    )
    assert "1 of 2 nodes served" in outcome.out


def test_a_kernel_that_failed_where_nothing_serves_nodes(two: Any) -> None:
    fails = f'{{{{ if eq .Values.kernelFullVersion "{TWO}" }}}}{{{{ fail "no" }}}}{{{{ end }}}}\n'
    two.write(STATE, fails + MAP)
    outcome = two.build("--keep-going")
    assert outcome.code == 1
    assert "node-unserved" not in outcome.err
    assert outcome.out.splitlines()[0] == "kmod: chart kmod 1.0.0, namespace kmod, 1 kernel"


def test_a_resource_that_failed_as_a_whole_has_its_error_and_no_finding(two: Any) -> None:
    two.write(STATE, "{{ .Values.a.b }}")
    assert "node-unserved" not in two.build().err


def test_several_reasons_are_all_told_and_the_command_that_lists_them(project: Any) -> None:
    project.write_nodes(ONE, TWO, "6.1.0-3.x86_64")
    project.write(
        STATE,
        '{{ if ne .Values.kernelFullVersion "6.1.0-3.x86_64" }}\n' + DRIVER + "{{ end }}\n" + ONE_BUILD,
    )
    assert project.build().err == (
        "warning[node-unserved]: 2 of 3 nodes that kmod is for are not served\n"
        "  in: kmod\n"
        "  note: n1 with kernel 6.1.0-2.x86_64: no build makes the image r/driver:6.1.0-2.x86_64 of "
        f"DaemonSet/kmod/driver-{TWO_HASH}\n"
        "  note: n2 with kernel 6.1.0-3.x86_64: the chart renders no driver for this kernel (DaemonSet driver for others)\n"
        "  help: sro-render coverage lists what each node lacks\n"
    )


def test_many_nodes_are_named_in_part(project: Any) -> None:
    project.write_nodes(*[TWO] * 7, ONE)
    project.write(STATE, '{{ if eq .Values.kernelFullVersion "6.1.0-1.x86_64" }}\n' + DRIVER + "{{ end }}\n")
    err = project.build().err
    assert "7 of 8 nodes that kmod is for are not served" in err
    assert "  note: n0, n1, n2, n3, n4 and 2 more with kernel 6.1.0-2.x86_64: " in err


def test_a_node_that_the_chart_does_not_want_is_not_unserved(two: Any) -> None:
    selector = "      nodeSelector: {role: other}\n"
    two.write(STATE, DRIVER + selector)
    outcome = two.build()
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[0] == "kmod: chart kmod 1.0.0, namespace kmod, 2 kernels"


def test_under_strict_an_unserved_node_stops_the_build(two: Any) -> None:
    two.write(STATE, '{{ if eq .Values.kernelFullVersion "6.1.0-1.x86_64" }}\n' + DRIVER + "{{ end }}\n")
    outcome = two.build("--strict")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (1, "nothing was written: 1 error")


# -- references

MAP = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, {AFFINE}}}\n---\n"
VOLUME = DRIVER + "      volumes: [{name: v, configMap: {name: settings}}]\n"


def test_a_bare_reference_of_an_object_of_a_kernel(two: Any) -> None:
    two.write(STATE, MAP + VOLUME)
    assert two.build().err == (
        f"warning[affine-reference-bare]: DaemonSet/kmod/driver-{ONE_HASH} refers to ConfigMap settings, "
        "which is kernel-affine and gets another name\n"
        "  --> spec.template.spec.volumes[0].configMap.name\n"
        "  in: kmod / kmod/templates/0000-state.yaml\n"
        f"  note: for kernel 6.1.0-1.x86_64 it is settings-{ONE_HASH}\n"
        "  help: no template knows the suffix: take the annotation kernel-affine from ConfigMap settings, "
        'name it settings-{{ .Values.kernelFullVersion | replace "_" "-" }}, and write that name here too\n'
    )


def test_a_reference_by_the_name_that_the_help_proposes(two: Any) -> None:
    name = '{{ .Values.kernelFullVersion | replace "_" "-" }}'
    plain = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings-{name}}}\n---\n"
    two.write(STATE, plain + VOLUME.replace("name: settings", f"name: settings-{name}"))
    assert (two.build().err, len([p for p in two.files() if "configmap" in p])) == ("", 2)


def test_a_bare_reference_of_an_object_that_is_there_once(two: Any) -> None:
    account = MAP.replace("ConfigMap", "ServiceAccount")
    binding = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\n"
        "roleRef: {kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: settings, namespace: kmod}]\n---\n"
    )
    two.write(STATE, account + binding + DRIVER)
    assert two.build().err == (
        "warning[affine-reference-bare]: RoleBinding/kmod/b refers to ServiceAccount settings, which is "
        "kernel-affine and gets another name\n"
        "  --> subjects[0].name\n"
        "  in: kmod / kmod/templates/0000-state.yaml\n"
        f"  note: for kernel 6.1.0-1.x86_64 it is settings-{ONE_HASH}\n"
        "  help: an object that is there once cannot name one for each kernel: make RoleBinding b "
        "kernel-affine too and give ServiceAccount settings a name with the kernel in it, or take the "
        "annotation kernel-affine from ServiceAccount settings\n"
    )


def test_a_service_that_selects_pods_by_the_label_that_they_lose(two: Any) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {app: driver}, ports: [{port: 80}]}\n---\n"
    two.write(STATE, service + DRIVER)
    assert two.build().err == (
        "warning[affine-reference-bare]: Service/kmod/s selects pods by app: driver, but DaemonSet driver is "
        "kernel-affine and its pods get another label app\n"
        "  --> spec.selector.app\n"
        "  in: kmod / kmod/templates/0000-state.yaml\n"
        f"  note: for kernel 6.1.0-1.x86_64 it is driver-{ONE_HASH}\n"
        "  help: give the pods one more label, and select them by that\n"
    )
    two.write(
        STATE,
        service.replace("app:", "name:")
        + DRIVER.replace("{app: driver}}\n    spec", "{name: driver}}\n    spec"),
    )
    assert two.build().err == ""


def test_a_reference_to_an_object_that_is_there_once_too(two: Any) -> None:
    plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n---\n"
    two.write(STATE, MAP + plain + VOLUME)
    assert two.build().err == ""


def test_the_output_of_a_build_goes_to_an_image_stream_that_is_there_once(two: Any) -> None:
    stream = (
        f"---\napiVersion: image.openshift.io/v1\nkind: ImageStream\nmetadata: {{name: driver, {AFFINE}}}\n"
    )
    build = BUILD.replace("{{ .Values.driverToolkitImage }}", "fedora").replace(
        'kind: DockerImage, name: "r/driver:', 'kind: ImageStreamTag, name: "driver:'
    )
    two.write(STATE, DRIVER + build + stream)
    assert (
        f"BuildConfig/kmod/build-{ONE_HASH} refers to ImageStream driver, which is kernel-affine"
        in two.build().err
    )
    two.write(STATE, DRIVER + build + stream.replace(f", {AFFINE}", ""))
    assert two.build().err == ""


# -- pods that nothing binds to their kernel

CUSTOM = """\
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, AFFINE}
spec:
  template:
    spec:
      containers: [{name: c, image: i}]
""".replace("AFFINE", AFFINE)


def unbound(what: str, path: str) -> str:
    return (
        f"warning[affine-without-selector]: {what} is kernel-affine, but its pods are not bound to their "
        "kernel's nodes\n"
        f"  --> {path}\n"
        "  in: kmod / kmod/templates/0000-state.yaml\n"
        f'  help: write nodeSelector: {{{LABEL}: "{{{{ .Values.kernelFullVersion }}}}"}} there: '
        "only workloads that are no hooks, Pods and BuildConfigs get it by themselves\n"
    )


def test_a_custom_resource_with_pods_is_not_bound_to_its_kernel(two: Any) -> None:
    two.write(STATE, CUSTOM)
    assert two.build().err == unbound(f"Widget/kmod/w-{ONE_HASH}", "spec.template.spec")


def test_a_hook_of_each_kernel_is_not_bound_to_it(two: Any) -> None:
    annotations = AFFINE.replace("{", "{helm.sh/hook: pre-install, ")
    head = f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j, {annotations}}}\n"
    spec = "spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n"
    two.write(STATE, head + spec)
    assert two.build().err == unbound(f"Job/kmod/j-{ONE_HASH}", "spec.template.spec")


BOUND = """\
      nodeSelector: {LABEL: "{{ .Values.kernelFullVersion }}"}
""".replace("LABEL", LABEL)
REQUIRED = """\
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions: [{key: LABEL, operator: In, values: ["{{ .Values.kernelFullVersion }}"]}]
""".replace("LABEL", LABEL)


@pytest.mark.parametrize("selector", [BOUND, REQUIRED])
def test_a_custom_resource_that_selects_its_kernel_itself_is_bound(two: Any, selector: str) -> None:
    two.write(STATE, CUSTOM + selector)
    assert two.build().err == ""


def test_a_service_of_each_kernel_has_no_pods_to_bind(two: Any) -> None:
    two.write(
        STATE,
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: s, {AFFINE}}}\nspec: {{ports: [{{port: 80}}]}}\n",
    )
    assert two.build().err == ""


# -- labels of states

WAITS = DRIVER + "      nodeSelector: {specialresource.openshift.io/state-kmod-0000: Ready}\n"


def test_pods_that_wait_for_a_label_that_files_do_not_set(two: Any) -> None:
    two.write(STATE, WAITS)
    assert two.build().err == (
        "warning[state-label-unset]: 2 objects wait for the label "
        "specialresource.openshift.io/state-kmod-0000, which no node has and which files alone do not set\n"
        "  in: kmod\n"
        f"  note: DaemonSet/kmod/driver-{ONE_HASH}\n"
        f"  note: DaemonSet/kmod/driver-{TWO_HASH}\n"
        "  help: the operator set it once that state was done: label the nodes by other means, or order the "
        "objects by what applies them\n"
    )


def test_one_pod_that_waits_for_a_label_that_files_do_not_set(project: Any) -> None:
    project.write(STATE, WAITS.replace(f", {AFFINE}", ""))
    assert project.build().err == (
        "warning[state-label-unset]: 1 object waits for the label "
        "specialresource.openshift.io/state-kmod-0000, which no node has and which files alone do not set\n"
        "  in: kmod\n"
        "  note: DaemonSet/kmod/driver\n"
        "  help: the operator set it once that state was done: label the nodes by other means, or order the "
        "objects by what applies them\n"
    )


def test_pods_that_wait_for_a_label_that_a_node_has(two: Any) -> None:
    two.write(STATE, WAITS)

    def label(node: dict[str, Any]) -> None:
        node["metadata"]["labels"]["specialresource.openshift.io/state-kmod-0000"] = "Ready"

    for index in range(2):
        change_node(two, index, label)
    assert two.build().err == ""
