"""Objects on their shelves: each once, placed, in the state and the order in which it is applied.

Decides what happens when an object is rendered more than once: for each kernel, or by two templates.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from sro_render.charts.manifests import hook_weight
from sro_render.charts.values import merge_files
from sro_render.errors import Faults, Finding, RenderError, SroError
from sro_render.kernels.affinity import Placement, place
from sro_render.kernels.grouping import KernelGroup
from sro_render.model.bundle import RenderedObject, StateName
from sro_render.model.objects import JsonObject, ObjectId, annotations_of, object_id
from sro_render.pipeline.manifests import Manifest
from sro_render.pipeline.provenance import Provenance
from sro_render.validation import check_object

NAMESPACE_STATE = StateName("namespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """What an object was made of.

    group:        the kernel that it is for; None for an object that is not kernel-affine.
    rendered_for: the kernel whose values its template had, empty if no template made it.
    """

    manifest: Manifest
    state: StateName
    placement: Placement
    group: KernelGroup | None
    rendered_for: str


@dataclass(slots=True)
class Shelves:
    """The objects of one SR by state."""

    resource: str
    provenance: Provenance
    cluster_kinds: Collection[tuple[str, str]]
    faults: Faults = field(default_factory=Faults)
    findings: list[Finding] = field(default_factory=list)
    shelved: dict[ObjectId, Shelved] = field(default_factory=dict)
    _states: dict[StateName, list[RenderedObject]] = field(default_factory=dict)
    _places: dict[ObjectId, tuple[Manifest, RenderedObject, JsonObject]] = field(default_factory=dict)
    _texts: set[tuple[str, str]] = field(default_factory=set)
    _refused: dict[tuple[object, ...], list[SroError]] = field(default_factory=dict)
    _rendered_for: dict[ObjectId, str] = field(default_factory=dict)
    _weights: dict[ObjectId, int] = field(default_factory=dict)

    def add(
        self,
        state: StateName,
        manifest: Manifest,
        placement: Placement,
        group: KernelGroup | None,
        rendered_for: str = "",
    ) -> None:
        """Place an object and put it at the end of its state.

        Args: group: given for an object that is kernel-affine; rendered_for: the kernel of the render.
        """
        text = (manifest.template, manifest.text)
        if group is None and manifest.text:
            # The same text again, for another kernel: it is there already.
            if text in self._texts:
                return
            self._texts.add(text)
        placement = replace(placement, cluster_kinds=self.cluster_kinds)
        try:
            placed = place(manifest.value, placement, group)
        except SroError as error:
            self.faults.add(error.about(self.resource))
            return
        if group is not None and not self._is_accepted(placed, manifest):
            return
        rendered = RenderedObject(
            id=object_id(placed),
            manifest=self.provenance.mark(placed, state, group),
            kernel=group.kernel if group else "",
            template=manifest.template,
        )
        first_for = self._rendered_for.setdefault(rendered.id, rendered_for)
        known = self._places.setdefault(rendered.id, (manifest, rendered, placed))
        if known[1] is rendered:
            self._weights[rendered.id] = hook_weight(annotations_of(manifest.value))
            self._states.setdefault(state, []).append(rendered)
            self._remember(rendered, manifest, state, placement, group, rendered_for)
        elif not known[0].template:
            self._replace_ours(known[1], placed)
            self._remember(known[1], manifest, NAMESPACE_STATE, placement, group, rendered_for)
        elif known[2] != placed:
            self._conflict(known, rendered, is_same_render=first_for == rendered_for)

    def _remember(
        self,
        rendered: RenderedObject,
        manifest: Manifest,
        state: StateName,
        placement: Placement,
        group: KernelGroup | None,
        rendered_for: str,
    ) -> None:
        self.shelved[rendered.id] = Shelved(
            manifest=manifest, state=state, placement=placement, group=group, rendered_for=rendered_for
        )

    def objects(self, state: StateName) -> tuple[RenderedObject, ...]:
        """A state's objects: those of no kernel first, then kernel by kernel; hooks by weight and name."""
        objects = self._states.get(state, [])
        if state in {"pre-install", "post-install"}:
            objects = sorted(objects, key=lambda each: (self._weights[each.id], each.id.name))
        return tuple(sorted(objects, key=lambda each: each.kernel.encode()))

    def raise_if_wrong(self) -> None:
        """Raise what was collected; what Kubernetes refuses of one object for many kernels comes once.

        Raises: RenderError, or a group of them.
        """
        for first, *others in self._refused.values():
            if others:
                finding = first.finding
                first.finding = replace(
                    finding, notes=(*finding.notes, f"and so for {len(others)} more of its kernels")
                )
            self.faults.add(first)
        self.faults.raise_if_any()

    def _replace_ours(self, ours: RenderedObject, placed: JsonObject) -> None:
        """The chart renders the SR's namespace itself: what it says goes over what we say."""
        merged = merge_files(ours.manifest, placed)
        objects = self._states[NAMESPACE_STATE]
        objects[objects.index(ours)] = replaced = replace(ours, manifest=merged)
        first, _, plain = self._places[ours.id]
        self._places[ours.id] = (first, replaced, plain)

    def _is_accepted(self, placed: JsonObject, manifest: Manifest) -> bool:
        """Whether Kubernetes takes the object with its kernel's suffix; if not, that is an error."""
        faults = list(check_object(placed))
        for path, fault in faults:
            finding = fault.finding
            hint = f"the suffix for the kernel makes it longer; {finding.hint}"
            fault.finding = replace(finding, hint=hint, notes=(f"rendered by {manifest.template}",))
            # Its message has the kernel's suffix.
            place = (manifest.template, object_id(manifest.value), finding.code, *path)
            self._refused.setdefault(place, []).append(fault.about(self.resource))
        return not faults

    def _conflict(
        self,
        known: tuple[Manifest, RenderedObject, JsonObject],
        again: RenderedObject,
        *,
        is_same_render: bool,
    ) -> None:
        first, earlier, _ = known
        if again.kernel and earlier.kernel and again.kernel != earlier.kernel:
            kernels = f"for kernel {earlier.kernel} and for kernel {again.kernel}"
            message = f"{again.id} is rendered {kernels}, with different content"
            hint = (
                "the names of the two kernels differ only in what the suffix does not tell apart; "
                "give each a SpecialResource with a nodeSelector of its own"
            )
        elif again.kernel:
            message = f"{again.id} is rendered twice for kernel {again.kernel}, with different content"
            hint = "two objects that are kernel-affine have the same name; give one of them another"
        elif first.template == again.template and not is_same_render:
            self.findings.append(
                Finding(
                    code="object-depends-on-kernel",
                    message=f"{again.id} differs from kernel to kernel, but is not kernel-affine",
                    subject=f"{self.resource} / {again.template}",
                    hint="it is rendered once, for the first kernel; annotate it "
                    'specialresource.openshift.io/kernel-affine: "true"',
                )
            )
            return
        else:
            message = (
                f"{again.id} is rendered by {first.template} and by {again.template}, with different content"
            )
            hint = "the later one would overwrite the earlier one; keep one of them"
        self.faults.add(RenderError("object-twice", message, subject=self.resource, hint=hint))
