"""How the objects of one SR came about: what their templates rendered, and what was done to it then.

Answers with what was rendered, rendering a template once more where places and reads are asked for. Decides
nothing: the steps are those of `kernels.affinity` and `provenance`, done again one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from sro_render.charts.chart import Chart
from sro_render.charts.engine import PreparedValues, Recording
from sro_render.kernels.affinity import place_steps
from sro_render.kernels.grouping import KernelGroup
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import JsonObject, ObjectId
from sro_render.model.specialresource import SpecialResource
from sro_render.pipeline.manifests import Manifest
from sro_render.pipeline.provenance import Provenance
from sro_render.pipeline.shelves import Shelved

PROVENANCE = "provenance"
OUR_NAMESPACE = "our-namespace"
"""Steps beside those of `affinity.Step`: annotations, and the namespace that we add for an SR."""


class KernelValues(Struct, frozen=True, kw_only=True):
    """The values of one kernel, before and after they were put together.

    given:    `spec.set` with its templates filled in; runtime: what is added at run time.
    in_spec:  what the strings of the spec see.
    prepared: what the templates got.
    """

    group: KernelGroup
    given: JsonObject
    runtime: JsonObject
    in_spec: JsonObject
    prepared: PreparedValues


class Accounts(Struct, kw_only=True):
    """Gives account of one SR's objects.

    values:   by kernel, of those that did not fail; in byte order.
    rendered: by kernel, all manifests of all states as templates rendered them, and the chart's CRDs.
    record:   from a template's name and a kernel to the record of the state that the template is in.
    """

    resource: SpecialResource
    chart: Chart
    values: Mapping[str, KernelValues]
    rendered: Mapping[str, Sequence[Manifest]]
    provenance: Provenance
    record: Callable[[str, str], Recording]
    shelved: Mapping[ObjectId, Shelved] = {}

    def steps(self, rendered: RenderedObject) -> tuple[tuple[str, JsonObject], ...]:
        """What was done to an object after templating, in order, with the object after each step."""
        shelved = self.shelved[rendered.id]
        steps: list[tuple[str, JsonObject]] = []
        placed = shelved.manifest.value
        if not shelved.manifest.template:
            steps.append((OUR_NAMESPACE, placed))
        for step, placed in place_steps(shelved.manifest.value, shelved.placement, shelved.group):
            steps.append((step, placed))
        placed = self.provenance.mark(placed, shelved.state, shelved.group)
        steps.append((PROVENANCE, placed))
        if placed != rendered.manifest:
            # A chart that renders the SR's namespace itself: the two are put together.
            steps.append((OUR_NAMESPACE, rendered.manifest))
        return tuple(steps)
