"""The charts of SRs and their dependencies, and the SpecialResource that a chart brings along.

Decides what counts as one: a document with its kind in `NAME.yaml` beside Chart.yaml, where NAME is the
chart's. It is read as spec files are, with the same faults.
Source: special-resource-operator pkg/utils/slice.go FindCRFile. Differs: a file without a SpecialResource is
one of the chart's other files, and other objects in it are not applied.
"""

from __future__ import annotations

from msgspec import Struct

from sro_render.charts.chart import Chart
from sro_render.edges.chart_store import ChartStore
from sro_render.edges.specs import (
    DocumentPlace,
    check_names,
    hide_credentials,
    ignored_finding,
    spec_document,
    unpacked,
)
from sro_render.errors import Faults, Finding, InputError, SroError
from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, mapping_of
from sro_render.model.specialresource import KIND, ChartReference, SpecialResource
from sro_render.yamltext.reader import decode, read_stream


class StoredCharts(Struct, frozen=True):
    """What `pipeline.dependencies.resolve` asks for, out of a store. findings: of the charts' own specs."""

    store: ChartStore
    findings: list[Finding] = []

    def find(self, reference: ChartReference) -> Chart:
        """The chart that a reference means."""
        return self.store.find(reference).chart

    def own_spec(self, chart: Chart) -> SpecialResource | None:
        """The SR that a chart brings along."""
        return read_own_spec(chart, self.store.limits, self.findings)


def read_own_spec(chart: Chart, limits: Limits, findings: list[Finding]) -> SpecialResource | None:
    """The SR in `NAME.yaml` of a chart, None where it has none.

    Args:   findings: what is found there is added.
    Raises: InputError, or a group of them: everything that is wrong in the file.
    """
    file = next((each for each in chart.files if each.name == f"{chart.name}.yaml"), None)
    if file is None or KIND.encode() not in file.data:
        return None
    faults = Faults()
    resources: list[SpecialResource] = []
    ignored: list[tuple[JsonObject, DocumentPlace]] = []
    source = decode(file.data, file.source_name)
    for index, document in enumerate(read_stream(source, limits)):
        for value, prefix in unpacked(document.value):
            place = DocumentPlace(source=source, document=index, prefix=prefix, whole=document.span)
            try:
                resource = spec_document(value, place)
            except (SroError, ExceptionGroup) as error:
                faults.add(error)
                continue
            if resource is None:
                ignored.append((mapping_of(value), place))
                continue
            resources.append(resource)
            if resource.name != chart.name:
                faults.add(_other_name(chart, resource, place))
    check_names(resources, faults)
    if ignored and (resources or faults):
        findings.append(ignored_finding(ignored))
    hide_credentials(faults)
    faults.raise_if_any()
    return resources[0] if resources else None


def _other_name(chart: Chart, resource: SpecialResource, place: DocumentPlace) -> InputError:
    return InputError(
        "chart-spec-name",
        f"chart {chart.name} brings along SpecialResource {resource.name}",
        span=place.of(["metadata", "name"], value=True),
        path="metadata.name",
        hint=f"a dependency is named after its chart: {chart.name}; or write a SpecialResource {chart.name} "
        "among the specs",
    )
