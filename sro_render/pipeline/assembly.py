"""The objects of one SpecialResource put together: every state in the order in which it is applied.

Decides which state an object goes to, and whether it is there once or for each kernel. How objects are
rendered is `resource`'s matter, and what one of them looks like `kernels.affinity`'s.
Source: special-resource-operator controllers/resources.go; differs as the README's table says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from sro_render.charts.chart import Chart
from sro_render.charts.manifests import HOOK, hook_events, is_hook
from sro_render.errors import Finding, some
from sro_render.kernels.affinity import Placement, declared_cluster_kinds, is_affine
from sro_render.kernels.grouping import KernelGroup
from sro_render.kernels.states import StateTemplates
from sro_render.model.bundle import RenderedResource, State, StateName
from sro_render.model.install_order import install_rank
from sro_render.model.objects import JsonObject, annotations_of, object_id, text_of
from sro_render.model.specialresource import SpecialResource
from sro_render.pipeline.manifests import Manifest
from sro_render.pipeline.provenance import Provenance
from sro_render.pipeline.shelves import NAMESPACE_STATE, Shelves

CRDS_STATE = StateName("crds")
PRE_INSTALL_STATE = StateName("pre-install")
POST_INSTALL_STATE = StateName("post-install")

_MAX_NOTES = 5


class StateOutput(Struct):
    """The manifests of one state by kernel, hooks apart; kernels that failed are absent."""

    templates: StateTemplates
    by_kernel: dict[str, tuple[Manifest, ...]] = {}
    is_affine: bool = False

    def texts(self, kernel: str) -> list[str]:
        """What was rendered for a kernel; objects with equal texts are equal."""
        return [each.text for each in self.by_kernel[kernel]]


class Assembly(Struct, frozen=True, kw_only=True):
    """The SR with all its states. shelves: the objects one by one, with what is wrong with them."""

    resource: RenderedResource
    shelves: Shelves
    findings: tuple[Finding, ...]


def assemble(
    resource: SpecialResource,
    chart: Chart,
    places: Sequence[tuple[KernelGroup, Placement]],
    crds: Sequence[Manifest],
    outputs: Sequence[StateOutput],
    provenance: Provenance,
) -> Assembly:
    """Put all objects into their states.

    Args: places: the kernels that did not fail, in byte order, one at least; each output has them all.
    """
    shelves = Shelves(
        resource=resource.name,
        provenance=provenance,
        cluster_kinds=declared_cluster_kinds(each.value for each in _all_manifests(crds, outputs)),
    )
    findings: list[Finding] = []
    unused: list[Manifest] = []
    kernels = tuple(group.kernel for group, _ in places)
    _, first = places[0]
    namespace = Manifest(value=namespace_object(first.namespace), text="", template="")
    shelves.add(NAMESPACE_STATE, namespace, first, None)
    for manifest in crds:
        shelves.add(CRDS_STATE, manifest, first, None)
    for output in outputs:
        if not output.is_affine:
            findings.extend(_kernel_dependence(resource, output, kernels))
        unused.extend(_shelve(shelves, output, places))
    findings.extend(_unused_hooks(resource, unused))
    shelves.tell_collisions()
    rendered = RenderedResource(
        name=resource.name,
        namespace=first.namespace,
        states=tuple(_states(shelves, outputs)),
        chart_name=chart.name,
        chart_version=chart.version,
        chart_digest=chart.digest,
        dependencies=resource.needs,
        kernels=kernels,
    )
    return Assembly(resource=rendered, shelves=shelves, findings=(*findings, *shelves.findings))


def namespace_object(name: str) -> JsonObject:
    """The namespace that SRO creates first; OpenShift's monitoring reads a label, SRO sets an annotation."""
    monitoring: JsonObject = {"openshift.io/cluster-monitoring": "true"}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "annotations": {**monitoring, "specialresource.openshift.io/wait": "true"},
            "labels": monitoring,
        },
    }


def _all_manifests(crds: Iterable[Manifest], outputs: Iterable[StateOutput]) -> Iterator[Manifest]:
    yield from crds
    for output in outputs:
        for manifests in output.by_kernel.values():
            yield from manifests


def _shelve(
    shelves: Shelves, output: StateOutput, places: Sequence[tuple[KernelGroup, Placement]]
) -> Iterator[Manifest]:
    """Shelve what a state rendered; gives the hooks that nothing runs."""
    for group, placement in places if output.is_affine else places[:1]:
        for manifest in sorted(output.by_kernel[group.kernel], key=_install_order):
            target = _state_of(manifest, output.templates.name)
            if target is None:
                yield manifest
            else:
                own = group if is_affine(manifest.value) else None
                shelves.add(target, manifest, placement, own, group.kernel)


def _states(shelves: Shelves, outputs: Sequence[StateOutput]) -> Iterator[State]:
    """The chart's states, and those of our own that have objects."""
    by_name = {output.templates.name: output for output in outputs}
    for name in (NAMESPACE_STATE, CRDS_STATE, PRE_INSTALL_STATE, *by_name, POST_INSTALL_STATE):
        objects = shelves.objects(name)
        output = by_name.get(name)
        if objects or output:
            yield State(
                name=name,
                template=output.templates.path if output else "",
                is_affine=output is not None and output.is_affine,
                objects=objects,
            )


def _unused_hooks(resource: SpecialResource, unused: Iterable[Manifest]) -> Iterator[Finding]:
    """SRO runs hooks before and after an installation, and no others; tests are nobody's surprise."""
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for manifest in unused:
        annotations = annotations_of(manifest.value)
        events = hook_events(annotations)
        if "test" not in events:
            what = ", ".join(events) or f"{annotations[HOOK]!r}, which is no event of Helm's"
            groups.setdefault((manifest.template, what), {})[str(object_id(manifest.value))] = None
    for (template, event), names in groups.items():
        first = next(iter(names))
        is_one = len(names) == 1
        yield Finding(
            code="hook-not-run",
            message=f"{first} is a hook for {event}, and is not rendered"
            if is_one
            else f"{len(names)} objects are hooks for {event}, and are not rendered",
            subject=f"{resource.name} / {template}",
            notes=() if is_one else some(tuple(names), _MAX_NOTES),
            hint="only pre-install and post-install hooks are run: make it one of them, "
            "or run it by other means",
        )


def _kernel_dependence(
    resource: SpecialResource, output: StateOutput, kernels: Sequence[str]
) -> Iterator[Finding]:
    first, *others = kernels
    expected = output.texts(first)
    other = next((each for each in others if output.texts(each) != expected), None)
    if other is not None:
        yield Finding(
            code="state-depends-on-kernel",
            message=f"state {output.templates.name} renders differently for kernels {first} "
            f"and {other}, but nothing in it is kernel-affine",
            subject=resource.name,
            hint=f"it is rendered once, for {first}; annotate what differs "
            'specialresource.openshift.io/kernel-affine: "true"',
        )


def _install_order(manifest: Manifest) -> tuple[int, str]:
    return install_rank(text_of(manifest.value.get("kind")))


def _state_of(manifest: Manifest, state: StateName) -> StateName | None:
    """The state that an object goes to: hooks have their own, and hooks that SRO does not run have none."""
    annotations = annotations_of(manifest.value)
    if not is_hook(annotations):
        return state
    events = hook_events(annotations)
    if "pre-install" in events:
        return PRE_INSTALL_STATE
    return POST_INSTALL_STATE if "post-install" in events else None
