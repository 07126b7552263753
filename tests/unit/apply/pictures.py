"""A small bundle and nodes for it, as tests of surveying, labels, metrics and status want them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_render.kernels.facts import KERNEL_LABEL
from sro_render.model.objects import object_id

Object = dict[str, Any]
OLD, NEW = "4.18.0-305.19.1.el8_4.x86_64", "4.18.0-305.45.1.el8_4.x86_64"
DIGEST = "sro.openshift.io/digest"


def node(name: str, kernel: str = OLD, **labels: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {KERNEL_LABEL: kernel, **labels}},
        "status": {"nodeInfo": {"kernelVersion": kernel}},
    }


def manifest(api_version: str, kind: str, name: str, spec: Object | None = None) -> Object:
    metadata = {"name": name, "namespace": "sr", "annotations": {DIGEST: "1"}}
    made = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    return made if spec is None else {**made, "spec": spec}


def config_map(name: str) -> Object:
    return manifest("v1", "ConfigMap", name)


def daemon_set(name: str, kernel: str = "", **selector: str) -> Object:
    where = {KERNEL_LABEL: kernel, **selector} if kernel else selector
    spec = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"spec": {"nodeSelector": where}},
    }
    return manifest("apps/v1", "DaemonSet", name, spec)


def pod(name: str, app: str, where: str, *, ready: bool = True) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "sr", "labels": {"app": app}},
        "spec": {"nodeName": where},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def running(made: Object, count: int, *, ready: int | None = None) -> Object:
    """A DaemonSet as its controller reports it."""
    number = count if ready is None else ready
    status = {
        "observedGeneration": 1,
        "desiredNumberScheduled": count,
        "updatedNumberScheduled": count,
        "numberReady": number,
    }
    return {**made, "metadata": {**made["metadata"], "generation": 1}, "status": status}


def in_bundle(made: Object, kernel: str = "") -> BundleObject:
    return BundleObject(id=object_id(made), manifest=made, file=made["metadata"]["name"], kernel=kernel)


def state(name: str, *objects: BundleObject) -> BundleState:
    return BundleState(name=name, objects=objects)


BUILD = "0000-build"
DRIVER = "1000-driver"
LAST = "2000-last"


def bundle(*states: BundleState, **more: Any) -> RenderedBundle:
    """An SR `sr` with a build and a driver for each of two kernels, and something after them."""
    made = states or (
        state(BUILD, in_bundle(config_map("build-old"), OLD), in_bundle(config_map("build-new"), NEW)),
        state(
            DRIVER,
            in_bundle(config_map("common")),
            in_bundle(daemon_set("driver-old", OLD), OLD),
            in_bundle(daemon_set("driver-new", NEW), NEW),
        ),
        state(LAST, in_bundle(config_map("last"))),
    )
    templates = {("sr", each.name): f"templates/{each.name}.yaml" for each in made if each.name[:1].isdigit()}
    chosen: Object = {
        "kernels": MappingProxyType({OLD: ("a", "b"), NEW: ("c",)}),
        "templates": MappingProxyType(templates),
        **more,
    }
    resource = BundleResource(name="sr", namespace="sr", states=made)
    return RenderedBundle(cluster="lab", resources=(resource,), **chosen)


NODES = (node("a"), node("b"), node("c", NEW))
