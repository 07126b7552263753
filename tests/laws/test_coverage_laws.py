"""Coverage tells of each node what evaluating every written object against that one node tells.

Matrix: nodes and workloads with labels, affinities and names that do and do not fit, kernels whose labels
are right, missing or another's. Left out: lacks of images and toolkits (tests/unit).
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sro_render.kernels.affinity import AFFINE_ANNOTATION, kernel_suffix
from sro_render.kernels.coverage import cover
from sro_render.kernels.facts import KERNEL_LABEL
from sro_render.kernels.grouping import group_by_kernel, select_nodes
from sro_render.kernels.selectors import node_labels, pod_selector
from sro_render.kernels.workloads import Expansion
from sro_render.model.bundle import RenderedObject, RenderedResource, State, StateName
from sro_render.model.coverage import Coverage, Status
from sro_render.model.inventory import Inventory, KernelVersion, Node
from sro_render.model.objects import object_id

KERNELS = ("6.1.0-1", "6.1.0-2")
KEYS = ("a", "b", "kubernetes.io/hostname")
VALUES = ("1", "2", "10", "n0", "n1")

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3)
kernel_labels = st.sampled_from([{}, {}, *({KERNEL_LABEL: kernel} for kernel in KERNELS)])
nodes = st.lists(
    st.builds(
        lambda kernel, own, known: {"kernel": kernel, "labels": {**own, **known}},
        st.sampled_from(KERNELS),
        labels,
        kernel_labels,
    ),
    min_size=1,
    max_size=8,
).map(
    lambda each: tuple(
        Node(name=f"n{index}", kernel=KernelVersion(node["kernel"]), labels=node["labels"])
        for index, node in enumerate(each)
    )
)
expressions = st.one_of(
    st.builds(
        lambda key, operator, values: {"key": key, "operator": operator, "values": values},
        st.sampled_from(KEYS),
        st.sampled_from(["In", "NotIn"]),
        st.lists(st.sampled_from(VALUES), min_size=1, max_size=2),
    ),
    st.builds(
        lambda key, operator: {"key": key, "operator": operator},
        st.sampled_from(KEYS),
        st.sampled_from(["Exists", "DoesNotExist"]),
    ),
    st.builds(
        lambda key, operator: {"key": key, "operator": operator, "values": ["3"]},
        st.sampled_from(KEYS),
        st.sampled_from(["Gt", "Lt"]),
    ),
)
fields = st.builds(
    lambda operator, name: {"key": "metadata.name", "operator": operator, "values": [name]},
    st.sampled_from(["In", "NotIn"]),
    st.sampled_from(["n0", "n1", "n9"]),
)
terms = st.builds(
    lambda labels, names: {"matchExpressions": labels, "matchFields": names},
    st.lists(expressions, max_size=2),
    st.lists(fields, max_size=1),
)
pods = st.builds(
    lambda selector, required, name: {
        **({"nodeSelector": selector} if selector else {}),
        **({"affinity": {"nodeAffinity": _required(required)}} if required else {}),
        **({"nodeName": name} if name else {}),
        "containers": [{"image": "i"}],
    },
    labels,
    st.lists(terms, max_size=2),
    st.sampled_from(["", "", "", "n1"]),
)
workloads = st.lists(
    st.tuples(st.sampled_from(["DaemonSet", "Deployment"]), st.booleans(), pods), min_size=1, max_size=4
)


def _required(given: Any) -> Any:
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": given}}


def an_object(index: int, kind: str, pod: Any, kernel: str) -> RenderedObject:
    """A workload as it is written: bound to its kernel and named after it where it has one."""
    suffix = f"-{kernel_suffix('', kernel)}" if kernel else ""
    bound = {**pod.get("nodeSelector", {}), **({KERNEL_LABEL: kernel} if kernel else {})}
    manifest: Any = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {
            "name": f"w{index}{suffix}",
            "namespace": "ns",
            "annotations": {AFFINE_ANNOTATION: "true"} if kernel else {},
        },
        "spec": {"template": {"spec": {**pod, **({"nodeSelector": bound} if bound else {})}}},
    }
    return RenderedObject(id=object_id(manifest), manifest=manifest, kernel=kernel)


def expand(found: tuple[Node, ...], drawn: Any, selector: dict[str, str]) -> Expansion:
    groups, _, _ = group_by_kernel(select_nodes(found, selector), [], [])
    kernels = [str(group.kernel) for group in groups]
    objects = tuple(
        an_object(index, kind, pod, kernel)
        for index, (kind, affine, pod) in enumerate(drawn)
        for kernel in (kernels if affine else [""])
    )
    rendered = RenderedResource(
        name="sr",
        namespace="ns",
        states=(State(name=StateName("0000-a"), objects=objects),),
        chart_name="c",
        chart_version="1",
        chart_digest="",
        kernels=tuple(kernels),
    )
    return Expansion(name="sr", node_selector=selector, groups=groups, rendered=rendered)


def fates(coverage: Coverage) -> dict[str, tuple[Status, tuple[str, ...]]]:
    (resource,) = coverage.resources
    shares = [share for kernel in resource.kernels for share in kernel.shares]
    assert sum(len(share.nodes) for share in shares) == len(
        {name for share in shares for name in share.nodes}
    )
    return {name: (share.status, share.objects) for share in shares for name in share.nodes}


@given(nodes, workloads, labels)
def test_a_node_runs_what_its_own_labels_and_name_fit(
    found: tuple[Node, ...], drawn: Any, selector: dict[str, str]
) -> None:
    expansion = expand(found, drawn, selector)
    covered = fates(cover([expansion], Inventory(nodes=found)))
    assert covered.keys() == {node.name for node in select_nodes(found, selector)}
    assert expansion.rendered is not None
    objects = expansion.rendered.states[0].objects
    for node in select_nodes(found, selector):
        fitting = []
        for each in objects:
            pod = pod_selector(each.manifest)
            if pod is not None and pod.matches(node_labels(node), node.name):
                fitting.append(str(each.id))
        assert covered[node.name][1] == tuple(fitting)


@given(nodes, workloads)
def test_a_served_node_runs_every_driver_of_its_kernel_that_would_fit_but_for_the_kernel(
    found: tuple[Node, ...], drawn: Any
) -> None:
    expansion = expand(found, drawn, {})
    assert expansion.rendered is not None
    objects = expansion.rendered.states[0].objects
    kinds = [
        each for each in ("DaemonSet", "Deployment") if any(o.kernel and o.id.kind == each for o in objects)
    ]
    if not kinds:
        return
    covered = fates(cover([expansion], Inventory(nodes=found)))
    for node in found:
        status, running = covered[node.name]
        wanted = set()
        for each in objects:
            pod = pod_selector(each.manifest)
            own = each.kernel == node.kernel and each.id.kind == kinds[0]
            if own and pod is not None and pod.without(KERNEL_LABEL).matches(node_labels(node), node.name):
                wanted.add(str(each.id))
        if status is Status.EXCLUDED:
            assert not wanted
        else:
            assert wanted
            assert (status is Status.SERVED) == (wanted <= set(running))


@given(nodes, workloads, st.randoms(use_true_random=False))
def test_the_order_of_nodes_changes_nothing(
    found: tuple[Node, ...], drawn: Any, chance: random.Random
) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    expansion = expand(found, drawn, {})
    one = cover([expansion], Inventory(nodes=found))
    other = cover([expansion], Inventory(nodes=tuple(shuffled)))
    assert one.resources == other.resources


@given(nodes, workloads)
def test_a_node_like_another_fares_like_it(found: tuple[Node, ...], drawn: Any) -> None:
    # Unless a selector names it: hostnames and names are told apart.
    first = found[0]
    twin = replace(first, name="zz", labels={**first.labels, "kubernetes.io/hostname": "zz"})
    other = replace(twin, name="zy", labels={**twin.labels, "kubernetes.io/hostname": "zy"})
    everyone = (*found, other, twin)
    covered = fates(cover([expand(everyone, drawn, {})], Inventory(nodes=everyone)))
    assert covered["zz"] == covered["zy"]
