"""Objects on their shelves: each once, placed, in the state and the order in which it is applied.

Decides what happens when an object is rendered more than once: for each kernel, or by two templates.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct, field
from msgspec.structs import replace

from sro_render.charts.manifests import hook_weight
from sro_render.charts.values import merge_files
from sro_render.errors import Faults, Finding, RenderError, SroError, some
from sro_render.kernels.affinity import Placement, place
from sro_render.kernels.grouping import KernelGroup
from sro_render.model.bundle import RenderedObject, StateName
from sro_render.model.objects import JsonObject, ObjectId, annotations_of, object_id
from sro_render.pipeline.manifests import Manifest
from sro_render.pipeline.provenance import Provenance
from sro_render.validation import check_object

NAMESPACE_STATE = StateName("namespace")


class Shelved(Struct, frozen=True, kw_only=True):
    """What an object was made of.

    group:        the kernel that it is for; None for an object that is not kernel-affine.
    rendered_for: the kernel whose values its template had, empty if no template made it.
    """

    manifest: Manifest
    state: StateName
    placement: Placement
    group: KernelGroup | None
    rendered_for: str


class _Collision(Struct):
    """Objects of two kernels that have one name, since their hashes are equal."""

    alike: list[ObjectId] = []
    unlike: list[ObjectId] = []


class Shelves(Struct):
    """The objects of one SR by state."""

    resource: str
    provenance: Provenance
    cluster_kinds: Collection[tuple[str, str]]
    faults: Faults = field(default_factory=Faults)
    findings: list[Finding] = []
    shelved: dict[ObjectId, Shelved] = {}
    _states: dict[StateName, list[RenderedObject]] = {}
    _places: dict[ObjectId, tuple[Manifest, RenderedObject, JsonObject]] = {}
    _texts: set[tuple[str, str]] = set()
    _refused: dict[tuple[object, ...], list[SroError]] = {}
    _rendered_for: dict[ObjectId, str] = {}
    _weights: dict[ObjectId, int] = {}
    _collisions: dict[tuple[str, str], _Collision] = {}

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
        elif rendered.kernel and known[1].kernel and rendered.kernel != known[1].kernel:
            kernels = (known[1].kernel, rendered.kernel)
            collision = self._collisions.setdefault(kernels, _Collision())
            (collision.alike if known[2] == placed else collision.unlike).append(rendered.id)
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

    def tell_collisions(self) -> None:
        """Two kernels of one hash: an error if an object of one would overwrite another's."""
        for (first, second), collision in self._collisions.items():
            digest = (collision.unlike or collision.alike)[0].name.rpartition("-")[2]
            message = f"kernels {first} and {second} have the same hash {digest}, so that names collide"
            hint = (
                "the two kernels differ only in what the hash does not tell apart; "
                "give each a SpecialResource with a nodeSelector of its own"
            )
            if collision.unlike:
                notes = some([f"{each} has different content for them" for each in collision.unlike], 5)
                self.faults.add(
                    RenderError(
                        "kernel-hash-collision", message, subject=self.resource, notes=notes, hint=hint
                    )
                )
            else:
                notes = some([f"{each} is written once for both" for each in collision.alike], 5)
                self.findings.append(
                    Finding(
                        code="kernel-hash-collision",
                        message=message,
                        subject=self.resource,
                        notes=notes,
                        hint=hint,
                    )
                )

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
        first, _, _ = known
        if again.kernel:
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
