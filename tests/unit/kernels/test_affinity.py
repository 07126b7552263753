"""What happens to an object after templating.

Matrix: every workload kind against names, labels, selectors, proxy; scopes; hooks; planned kernels;
fields of the wrong shape. Expected hashes are those of the operator (`b657a71de7fad62f` and
`bfb16b50984f16f0` are in its documented case); FNV's own test vector is from its authors.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from sro_render.errors import RenderError
from sro_render.kernels.affinity import (
    Placement,
    declared_cluster_kinds,
    is_affine,
    is_cluster_scoped,
    kernel_suffix,
    place,
    place_steps,
)
from sro_render.kernels.facts import OperatingSystem
from sro_render.kernels.grouping import KernelGroup
from sro_render.model.inventory import KernelVersion, Proxy
from sro_render.model.objects import JsonObject

KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
HASH = "b657a71de7fad62f"
KERNEL_LABEL = "feature.node.kubernetes.io/kernel-version.full"
OWNED = {"specialresource.openshift.io/owned": "true"}
GROUP = KernelGroup(
    kernel=KernelVersion(KERNEL),
    nodes=("w1",),
    system=OperatingSystem(id="rhel", version="8.4"),
    architecture="amd64",
    selector=KERNEL,
)
PLANNED = KernelGroup(
    kernel=KernelVersion(KERNEL),
    nodes=(),
    system=OperatingSystem(id="rhel", version="8.4"),
    architecture="amd64",
    selector=KERNEL,
)
PLACEMENT = Placement(namespace="ns", node_selector=MappingProxyType({"role": "w"}), proxy=Proxy())
PROXIED = Placement(
    namespace="ns",
    node_selector=MappingProxyType({}),
    proxy=Proxy(http_proxy="http://p:1", https_proxy="http://p:2", no_proxy=".svc"),
)
PROXY_ON: JsonObject = {"specialresource.openshift.io/proxy": "true"}


def manifest(kind: str, api_version: str = "apps/v1", **fields: Any) -> JsonObject:
    metadata = {"name": "a", **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def at(value: Any, *path: str) -> Any:
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize(
    ("system", "kernel", "suffix"),
    [
        ("8.4", KERNEL, HASH),
        ("8.4", "4.18.0-305.19.1.el8_4.x86_64", "bfb16b50984f16f0"),
        # FNV-1a 64 of "-": offset basis and prime by hand, no leading zero is written.
        ("", "", f"{((0xCBF29CE484222325 ^ 0x2D) * 0x100000001B3) % 2**64:x}"),
    ],
)
def test_the_suffix_is_the_operators_hash(system: str, kernel: str, suffix: str) -> None:
    assert kernel_suffix(system, kernel) == suffix


@pytest.mark.parametrize(
    ("value", "affine"), [("true", True), ("false", False), (True, False), ("True", False), (None, False)]
)
def test_only_the_string_true_makes_an_object_affine(value: Any, affine: bool) -> None:
    annotations = {"specialresource.openshift.io/kernel-affine": value}
    assert is_affine(manifest("Pod", metadata={"annotations": annotations})) is affine


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment", "StatefulSet"])
def test_a_workload_is_renamed_with_its_labels_and_selectors(kind: str) -> None:
    placed = place(manifest(kind, spec={"template": {"spec": {}}}), PLACEMENT, GROUP)
    assert placed == {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": f"a-{HASH}", "namespace": "ns", "labels": {**OWNED, "app": f"a-{HASH}"}},
        "spec": {
            "selector": {"matchLabels": {"app": f"a-{HASH}"}},
            "template": {
                "metadata": {"labels": {**OWNED, "app": f"a-{HASH}"}},
                "spec": {"nodeSelector": {"role": "w", KERNEL_LABEL: KERNEL}},
            },
        },
    }


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", ("spec", "nodeSelector")),
        ("BuildConfig", ("spec", "nodeSelector")),
        ("Job", ("spec", "template", "spec", "nodeSelector")),
        ("CronJob", ("spec", "jobTemplate", "spec", "template", "spec", "nodeSelector")),
        ("ReplicaSet", ("spec", "template", "spec", "nodeSelector")),
    ],
)
def test_every_workload_kind_gets_both_selectors_over_its_own(kind: str, path: tuple[str, ...]) -> None:
    given: JsonObject = {"own": "1", "role": "other"}
    spec: JsonObject = given
    for key in reversed(path[1:]):
        spec = {key: spec}
    placed = place(manifest(kind, spec=spec), PLACEMENT, GROUP)
    assert at(placed, *path) == {"own": "1", "role": "w", KERNEL_LABEL: KERNEL}


def test_a_build_of_a_planned_kernel_may_run_anywhere() -> None:
    placed = place(manifest("BuildConfig", "build.openshift.io/v1"), PLACEMENT, PLANNED)
    assert at(placed, "spec") == {"nodeSelector": {"role": "w"}}


def test_a_driver_of_a_planned_kernel_waits_for_its_nodes() -> None:
    placed = place(manifest("DaemonSet"), PLACEMENT, PLANNED)
    assert at(placed, "spec", "template", "spec", "nodeSelector") == {"role": "w", KERNEL_LABEL: KERNEL}


def test_a_hook_gets_no_selector() -> None:
    hook = manifest("Job", "batch/v1", metadata={"annotations": {"helm.sh/hook": "pre-install"}}, spec={})
    assert at(place(hook, PLACEMENT, None), "spec") == {}


@pytest.mark.parametrize(
    ("api_version", "kind", "path"),
    [
        ("v1", "Pod", ("spec",)),
        ("build.openshift.io/v1", "BuildConfig", ("spec",)),
        ("apps/v1", "DaemonSet", ("spec", "template", "spec")),
        ("apps/v1", "Deployment", ("spec", "template", "spec")),
        ("apps/v1", "StatefulSet", ("spec", "template", "spec")),
    ],
)
@pytest.mark.parametrize("annotations", [{}, {"helm.sh/hook": "post-install"}])
def test_an_operators_kind_has_a_selector_even_if_nothing_is_selected(
    api_version: str, kind: str, path: tuple[str, ...], annotations: JsonObject
) -> None:
    everywhere = Placement(namespace="ns", node_selector={}, proxy=Proxy())
    given = manifest(kind, api_version, metadata={"annotations": annotations})
    assert at(place(given, everywhere, None), *path)["nodeSelector"] == {}


@pytest.mark.parametrize("kind", ["Job", "CronJob", "ReplicaSet"])
def test_another_kind_has_none_if_nothing_is_selected(kind: str) -> None:
    everywhere = Placement(namespace="ns", node_selector={}, proxy=Proxy())
    assert "spec" not in place(manifest(kind), everywhere, None)


def test_a_build_run_refers_to_the_build_of_its_kernel() -> None:
    run = manifest("BuildRun", "shipwright.io/v1alpha1", spec={"buildRef": {"name": "other", "x": 1}})
    assert at(place(run, PLACEMENT, GROUP), "spec") == {"buildRef": {"name": f"a-{HASH}", "x": 1}}


def test_an_object_that_is_not_affine_keeps_its_name_and_gets_no_kernel() -> None:
    placed = place(manifest("DaemonSet", spec={"template": {}}), PLACEMENT, None)
    assert at(placed, "metadata", "name") == "a"
    assert at(placed, "spec", "template", "spec", "nodeSelector") == {"role": "w"}


def test_the_given_manifest_is_not_changed() -> None:
    given = manifest("DaemonSet", spec={"template": {"spec": {"containers": [{"name": "c"}]}}})
    before = repr(given)
    place(given, PROXIED, GROUP)
    assert repr(given) == before


@pytest.mark.parametrize(
    ("api_version", "kind", "namespace"),
    [
        ("v1", "ConfigMap", "ns"),
        ("v1", "Namespace", None),
        ("storage.k8s.io/v1", "StorageClass", None),
        ("scheduling.k8s.io/v1", "PriorityClass", None),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", None),
        ("security.openshift.io/v1", "SecurityContextConstraints", None),
        ("example.com/v1", "Unknown", "ns"),
        ("example.com/v1", "ClusterThing", None),
        ("build.openshift.io/v1", "Build", "ns"),
        ("config.openshift.io/v1", "Build", None),
    ],
)
def test_only_namespaced_kinds_get_the_namespace(api_version: str, kind: str, namespace: str | None) -> None:
    placement = Placement(
        namespace="ns",
        node_selector={},
        proxy=Proxy(),
        cluster_kinds=frozenset({("example.com", "ClusterThing")}),
    )
    placed = place(manifest(kind, api_version), placement, None)
    assert at(placed, "metadata").get("namespace") == namespace


def test_a_namespace_that_the_chart_sets_stays() -> None:
    placed = place(manifest("ConfigMap", "v1", metadata={"namespace": "other"}), PLACEMENT, None)
    assert at(placed, "metadata", "namespace") == "other"


def test_custom_resource_definitions_declare_cluster_scoped_kinds() -> None:
    def definition(kind: str, scope: str) -> JsonObject:
        spec: JsonObject = {"group": "example.com", "scope": scope, "names": {"kind": kind}}
        return manifest("CustomResourceDefinition", "apiextensions.k8s.io/v1", spec=spec)

    declared = declared_cluster_kinds([definition("A", "Cluster"), definition("B", "Namespaced")])
    assert declared == {("example.com", "A")}
    assert is_cluster_scoped("example.com", "A", declared)
    assert not is_cluster_scoped("example.com", "B", declared)


PROXY_ENV = [
    {"name": "HTTP_PROXY", "value": "http://p:1"},
    {"name": "HTTPS_PROXY", "value": "http://p:2"},
    {"name": "NO_PROXY", "value": ".svc"},
]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", ("spec",)),
        ("DaemonSet", ("spec", "template", "spec")),
        ("Deployment", ("spec", "template", "spec")),
        ("StatefulSet", ("spec", "template", "spec")),
        ("Job", ("spec", "template", "spec")),
        ("CronJob", ("spec", "jobTemplate", "spec", "template", "spec")),
    ],
)
def test_the_proxy_reaches_every_container_of_every_workload(kind: str, path: tuple[str, ...]) -> None:
    pod: JsonObject = {
        "containers": [{"name": "c"}, {"name": "d", "env": [{"name": "NO_PROXY", "value": "own"}]}],
        "initContainers": [{"name": "i", "env": [{"name": "A", "value": "1"}]}],
    }
    spec: JsonObject = pod
    for key in reversed(path[1:]):
        spec = {key: spec}
    annotations = {"specialresource.openshift.io/proxy": "true"}
    placed = place(manifest(kind, spec=spec, metadata={"annotations": annotations}), PROXIED, None)
    assert {key: at(placed, *path)[key] for key in pod} == {
        "containers": [
            {"name": "c", "env": PROXY_ENV},
            {"name": "d", "env": [{"name": "NO_PROXY", "value": "own"}, *PROXY_ENV[:2]]},
        ],
        "initContainers": [{"name": "i", "env": [{"name": "A", "value": "1"}, *PROXY_ENV]}],
    }


@pytest.mark.parametrize("annotations", [{}, {"specialresource.openshift.io/proxy": "false"}])
def test_without_the_annotation_no_container_changes(annotations: JsonObject) -> None:
    pod = manifest("Pod", "v1", spec={"containers": [{"name": "c"}]}, metadata={"annotations": annotations})
    assert at(place(pod, PROXIED, None), "spec", "containers") == [{"name": "c"}]


@pytest.mark.parametrize(
    ("broken", "path", "message", "subject"),
    [
        (
            {"spec": {"template": ["x"]}},
            "spec.template",
            "template is a list, and must be a mapping",
            "DaemonSet/ns/a",
        ),
        (
            {"metadata": {"labels": "x"}},
            "metadata.labels",
            "labels is the scalar 'x', and must be a mapping",
            "DaemonSet/a",
        ),
    ],
)
def test_a_field_of_the_wrong_shape_is_named(
    broken: dict[str, Any], path: str, message: str, subject: str
) -> None:
    with pytest.raises(RenderError) as caught:
        place(manifest("DaemonSet", **broken), PLACEMENT, GROUP)
    assert str(caught.value) == (
        f"error[object-shape]: {message}\n  --> {path}\n  in: {subject}\n"
        f"  help: write keys below {path.rpartition('.')[2]}:, or leave it out"
    )


@pytest.mark.parametrize(
    ("kind", "annotations", "placement", "group", "steps"),
    [
        ("ConfigMap", {}, PLACEMENT, None, ""),
        ("ConfigMap", {}, PLACEMENT, GROUP, "kernel-name"),
        ("DaemonSet", {}, PLACEMENT, None, "node-selector"),
        ("DaemonSet", {}, PLACEMENT, GROUP, "kernel-name app-label node-selector kernel-selector"),
        ("DaemonSet", PROXY_ON, PROXIED, GROUP, "kernel-name app-label node-selector kernel-selector proxy"),
        ("Job", {}, PLACEMENT, None, "node-selector"),
        ("Job", {}, PROXIED, GROUP, "kernel-name kernel-selector"),
        ("Job", {"helm.sh/hook": "pre-install"}, PLACEMENT, GROUP, "kernel-name"),
        ("BuildConfig", {}, PROXIED, PLANNED, "kernel-name node-selector"),
        ("BuildRun", {}, PLACEMENT, GROUP, "kernel-name"),
    ],
)
def test_the_steps_are_those_that_the_kind_takes_and_lead_to_what_place_gives(
    kind: str, annotations: JsonObject, placement: Placement, group: KernelGroup | None, steps: str
) -> None:
    pod: JsonObject = {"template": {"spec": {"containers": [{"name": "c"}]}}}
    given = manifest(kind, metadata={"annotations": annotations}, spec=pod)
    done = list(place_steps(given, placement, group))
    assert [step for step, _ in done] == ["namespace", "owned-label", *steps.split()]
    assert done[-1][1] == place(given, placement, group)
    # Each step gives a new object.
    assert len({id(each) for _, each in done}) == len(done)
