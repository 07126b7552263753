"""One SpecialResource, from its nodes to its objects in the order in which they are applied.

group nodes by kernel -> values for each kernel -> render each state for each kernel -> parse ->
decide what is affine -> place -> order. A failure of one kernel is collected and hides no other.
Source: special-resource-operator controllers/resources.go; differs as the README's table says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from msgspec import Struct

from sro_render.charts.chart import Chart
from sro_render.charts.engine import Engine, PreparedValues, Recording, Rendering, Trace
from sro_render.charts.scope import Capabilities, Release
from sro_render.charts.values import merge_files
from sro_render.errors import Faults, Finding, InputError, LimitError, OutOfTimeError, SroError, flatten
from sro_render.gotemplate.reads import Read, Reads
from sro_render.kernels.affinity import Placement, is_affine
from sro_render.kernels.grouping import KernelGroup, group_by_kernel, select_nodes
from sro_render.kernels.runtime_values import common_values, kernel_values, values_in_spec
from sro_render.kernels.set_templates import SpecTemplates
from sro_render.kernels.spec_places import place_in_spec
from sro_render.kernels.states import StateTemplates, plan_states
from sro_render.limits import Deadline, TimeLimit
from sro_render.model.bundle import RenderedResource
from sro_render.model.inventory import Inventory, KernelVersion
from sro_render.model.objects import JsonObject, mapping_of, text_of
from sro_render.model.options import RenderOptions
from sro_render.model.specialresource import API_VERSION, SpecialResource
from sro_render.pipeline.accounts import Accounts, KernelValues
from sro_render.pipeline.assembly import StateOutput, assemble
from sro_render.pipeline.manifests import Manifest, ManifestReader
from sro_render.pipeline.origins import Origins
from sro_render.pipeline.provenance import Provenance
from sro_render.source import Span
from sro_render.sprig.ambient import Ambient
from sro_render.validation import is_namespace_name
from sro_render.yamltext.reader import decode

MAX_NOTES = 5
"""Of what may be thousands, messages name so many and count the rest."""

Progress = Callable[[int, int], None]
"""Called with the renders that are done and the renders that there are."""


class ResourceResult(Struct):
    """What became of one SR.

    errors:  with the kernel in `subject` where only that kernel is concerned.
    failed:  the kernels that have an error of their own.
    origins: finds which place of a template wrote what; None unless that was asked for.
    reads:   which values its templates read, and where; empty unless that was asked for.
    accounts: gives account of its objects; None unless that was asked for.
    """

    rendered: RenderedResource | None = None
    groups: tuple[KernelGroup, ...] = ()
    errors: list[SroError] = []
    findings: list[Finding] = []
    failed: set[str] = set()
    origins: Origins | None = None
    reads: tuple[Read, ...] = ()
    accounts: Accounts | None = None


class _KernelInputs(Struct, frozen=True, kw_only=True):
    """What one kernel's renders start from. names: the templates that its subcharts leave."""

    group: KernelGroup
    parts: KernelValues
    values: PreparedValues
    names: frozenset[str]
    placement: Placement


def render_resource(
    resource: SpecialResource,
    chart: Chart,
    inventory: Inventory,
    options: RenderOptions,
    progress: Progress | None = None,
    time_limit: TimeLimit = nullcontext,
    *,
    with_origins: bool = False,
    with_reads: bool = False,
    with_accounts: bool = False,
) -> ResourceResult:
    """Expand one SR for every kernel that its nodes run.

    Args:   with_origins: keep what it takes to find the origins of objects: all kernels' values.
            with_reads: keep which values the templates read; many times slower.
            with_accounts: keep what it takes to give account of the objects: all kernels' renders.

    Never raises SroError: everything that is wrong is in the result.
    """
    reads = Reads() if with_reads else None
    expansion = _Expansion(
        resource,
        chart,
        inventory,
        options,
        reads,
        with_origins=with_origins,
        with_accounts=with_accounts,
    )
    try:
        with time_limit() as deadline:
            expansion.run(progress or _no_progress, deadline)
    except OutOfTimeError as late:
        expansion.result.rendered = None
        expansion.result.errors.append(
            LimitError(
                "limit-time",
                f"rendering took longer than {late.limit_s} s",
                subject=resource.name,
                notes=(f"it was at {expansion.step}",),
                hint="look for long loops in what the chart does there, or raise --time-limit",
            )
        )
    except (SroError, ExceptionGroup) as error:
        expansion.result.errors.extend(each.about(resource.name) for each in flatten(error))
    return expansion.result


def _no_progress(done: int, total: int) -> None:
    """Nobody watches."""


class _Expansion:
    """The steps of one SR, with what they share."""

    def __init__(
        self,
        resource: SpecialResource,
        chart: Chart,
        inventory: Inventory,
        options: RenderOptions,
        reads: Reads | None,
        *,
        with_origins: bool,
        with_accounts: bool,
    ) -> None:
        self.reads = reads
        self.with_origins = with_origins
        self.with_accounts = with_accounts
        self.resource = resource
        self.chart = chart
        self.inventory = inventory
        self.options = options
        cluster = inventory.cluster
        self.capabilities = Capabilities(
            cluster.kubernetes_version, (*cluster.api_versions, *options.api_versions)
        )
        self.result = ResourceResult()
        self.step = "the nodes"
        """What is being done, for messages."""
        self._deadline: Deadline | None = None
        self._seen_findings: set[tuple[object, ...]] = set()

    def run(self, progress: Progress, deadline: Deadline | None) -> None:
        """All steps, the outcome in `result`.

        Raises: SroError, or a group of them: a fault that concerns the SR as a whole.
        """
        self._deadline = deadline
        groups = self._group_nodes()
        self.result.groups = groups
        ambient = Ambient(now=self.options.now, seed=self.options.seed)
        engine = Engine(self.chart, self.options.limits, ambient)
        reader = ManifestReader(self.options.limits, allow_secrets=self.options.allow_secrets)
        crds = self._read_crds(reader)
        inputs = self._kernel_inputs(engine, groups)
        if not inputs:
            return
        plan = plan_states(frozenset().union(*(each.names for each in inputs)))
        if self.with_origins:
            self.result.origins = self._origins(engine, plan, inputs)
        outputs = [StateOutput(templates) for templates in plan]
        total = len(plan) * len(inputs)
        for index, output in enumerate(outputs):
            for number, kernel_inputs in enumerate(inputs, start=1):
                self.step = f"{output.templates.name} for kernel {kernel_inputs.group.kernel}"
                self._render(engine, reader, output, kernel_inputs)
                progress(index * len(inputs) + number, total)
        if self.reads is not None:
            self.result.reads = self.reads.all
        good = [each for each in inputs if each.group.kernel not in self.result.failed]
        if good:
            self.step = "the objects of all kernels"
            provenance = Provenance(self.chart.digest, self.resource)
            if self.with_accounts:
                self.result.accounts = self._accounts(engine, provenance, good, crds, outputs)
            self._assemble(good, crds, outputs, provenance)

    # -- nodes and values

    def _group_nodes(self) -> tuple[KernelGroup, ...]:
        """The SR's kernels in byte order.

        Raises: InputError: the SR selects no node at all.
        """
        selector = self.resource.node_selector
        nodes = select_nodes(self.inventory.nodes, selector)
        # A planned kernel without labels says nothing of its nodes: every SR prepares for it.
        planned = [
            each for each in self.inventory.planned if not each.labels or select_nodes([each], selector)
        ]
        if not nodes and not planned:
            raise self._selects_none()
        inventory = self.inventory
        groups, errors, findings = group_by_kernel(
            nodes, planned, inventory.toolkits, inventory.toolkit_tags, inventory.cluster.version
        )
        for error in errors:
            self._fail(error, kernel=error.finding.subject.removeprefix("kernel "))
        for finding in findings:
            self._find(finding)
        self._find_missing_toolkits(groups)
        return groups

    def _selects_none(self) -> InputError:
        selector = self.resource.node_selector
        lacking = [
            f"{key}={value}"
            for key, value in selector.items()
            if not select_nodes(self.inventory.nodes, {key: value})
        ]
        return InputError(
            "selector-matches-none",
            f"no node of the inventory matches the nodeSelector of {self.resource.name}",
            span=place_in_spec(self.resource, ("spec", "nodeSelector")).span,
            path="spec.nodeSelector",
            notes=(f"no node has {', '.join(lacking)}",) if lacking else ("no node has all of its labels",),
            hint=f"compare the selector with the labels of the {len(self.inventory.nodes)} nodes, "
            "or take the snapshot again",
        )

    def _find_missing_toolkits(self, groups: Sequence[KernelGroup]) -> None:
        """A chart that builds in the driver toolkit needs one for each kernel."""
        if not uses_toolkit(self.chart):
            return
        lacking = [group for group in groups if group.toolkit is None]
        if not lacking:
            return
        shown = [f"kernel {each.kernel} on {_on_nodes(each)}" for each in lacking[:MAX_NOTES]]
        if len(lacking) > len(shown):
            shown.append(f"and {len(lacking) - len(shown)} more kernels")
        self._find(
            Finding(
                code="toolkit-missing",
                message=f"{len(lacking)} of {len(groups)} kernels without a driver toolkit: "
                "driverToolkitImage is empty there",
                subject=self.resource.name,
                notes=tuple(shown),
                hint="add the toolkits of these kernels to driverToolkits of a NodeInventory",
            )
        )

    def _kernel_inputs(self, engine: Engine, groups: Sequence[KernelGroup]) -> tuple[_KernelInputs, ...]:
        """Values and placement of each kernel; a kernel whose spec templates fail is left out."""
        limits = self.options.limits
        given = {**(self.resource.set or {}), "kind": "Values", "apiVersion": API_VERSION}
        values = SpecTemplates(given, resource=self.resource, path=("spec", "set"), limits=limits)
        selector: JsonObject = dict(self.resource.node_selector)
        place_texts = SpecTemplates(
            {"namespace": self.resource.namespace, "nodeSelector": selector},
            resource=self.resource,
            path=("spec",),
            limits=limits,
        )
        common = common_values(self.resource, self.inventory, groups)
        spec_only = values_in_spec(self.inventory)
        inputs = []
        for group in groups:
            self.step = f"the values for kernel {group.kernel}"
            runtime = {**common, **kernel_values(group)}
            try:
                in_spec = {**runtime, **spec_only}
                filled, findings = values.fill(in_spec)
                where, more = place_texts.fill(in_spec)
                prepared = engine.prepare(merge_files(mapping_of(filled), runtime))
                # A chart that knows nothing of SRO may have a schema that knows no other keys.
                engine.check_values(prepared, strangers=runtime, place=self._place_in_set)
            except (SroError, ExceptionGroup) as error:
                for each in flatten(error):
                    self._fail(each, kernel=group.kernel)
                continue
            for finding in (*findings, *more):
                self._find(finding)
            inputs.append(
                _KernelInputs(
                    group=group,
                    parts=KernelValues(
                        group=group,
                        given=mapping_of(filled),
                        runtime=runtime,
                        in_spec=in_spec,
                        prepared=prepared,
                    ),
                    values=prepared,
                    names=frozenset(engine.template_names(prepared)),
                    placement=self._placement(mapping_of(where)),
                )
            )
        namespaces = {each.placement.namespace for each in inputs}
        for namespace in sorted(namespaces):
            if not is_namespace_name(namespace):
                raise InputError(
                    "namespace-name",
                    f"{namespace!r} cannot be the name of a namespace",
                    path="spec.namespace",
                    hint="lower-case letters, digits and '-', at most 63, a letter or digit at both ends; "
                    "without spec.namespace, the SpecialResource's name is taken",
                )
        if len(namespaces) > 1:
            raise InputError(
                "namespace-differs",
                f"the namespace of {self.resource.name} is another one for each kernel",
                path="spec.namespace",
                hint="use only values in it that are the same for every kernel",
            )
        return tuple(inputs)

    def _place_in_set(self, path: Sequence[str | int]) -> Span | None:
        """Where the SR sets a value; None where the value is the chart's, or added at run time."""
        return place_in_spec(self.resource, ("spec", "set", *path)).span if path else None

    def _placement(self, where: JsonObject) -> Placement:
        return Placement(
            namespace=text_of(where.get("namespace")),
            node_selector={
                key: text_of(value) for key, value in mapping_of(where.get("nodeSelector")).items()
            },
            proxy=self.inventory.cluster.proxy,
        )

    # -- templates

    def _read_crds(self, reader: ManifestReader) -> tuple[Manifest, ...]:
        """The chart's `crds/`, which are no templates.

        Raises: RenderError, or a group of them.
        """
        faults = Faults()
        manifests: list[Manifest] = []
        for file in self.chart.crds:
            try:
                source = decode(file.data, file.source_name)
                manifests.extend(reader.read(source.text, file.name, source.span, remember=False))
            except (SroError, ExceptionGroup) as error:
                faults.add(error)
        faults.raise_if_any()
        return tuple(manifests)

    def _render(
        self, engine: Engine, reader: ManifestReader, output: StateOutput, inputs: _KernelInputs
    ) -> None:
        """Render one state for one kernel into `output`; what is wrong goes to the result."""
        kernel = inputs.group.kernel
        is_first = not output.by_kernel
        release = Release(name=self.resource.name, namespace=inputs.placement.namespace)
        names = [name for name in output.templates.templates if name in inputs.names]
        faults = Faults()
        manifests: list[Manifest] = []
        try:
            rendering = self._rendered(engine, inputs, release, names)
        except (SroError, ExceptionGroup) as error:
            for each in flatten(error):
                self._fail(each, kernel=kernel)
            return
        for finding in rendering.findings:
            self._find(finding)
        for template, text in rendering.texts.items():

            def blame(offset: int, template: str = template) -> Span | None:
                # Slow, and only needed to point at what is wrong.
                trace = engine.trace(template, inputs.values, release, self.capabilities, names)
                return trace.place_of(offset)

            try:
                manifests.extend(reader.read(text, template, blame, remember=is_first))
            except (SroError, ExceptionGroup) as error:
                faults.add(error)
        if faults:
            for each in faults:
                self._fail(each, kernel=kernel)
            return
        output.is_affine = output.is_affine or any(is_affine(each.value) for each in manifests)
        output.by_kernel[kernel] = tuple(manifests)

    def _origins(
        self, engine: Engine, plan: Sequence[StateTemplates], inputs: Sequence[_KernelInputs]
    ) -> Origins:
        by_kernel = {each.group.kernel: each for each in inputs}

        def trace(template: str, kernel: str) -> Trace:
            """What a template writes for a kernel; of no kernel, for the first."""
            chosen = by_kernel[KernelVersion(kernel)] if kernel else inputs[0]
            together = next(state.templates for state in plan if template in state.templates)
            names = [name for name in together if name in chosen.names]
            release = Release(name=self.resource.name, namespace=chosen.placement.namespace)
            return engine.trace(template, chosen.values, release, self.capabilities, names)

        def record() -> tuple[Read, ...]:
            """What the templates read for the first kernel."""
            chosen, reads = inputs[0], Reads()
            release = Release(name=self.resource.name, namespace=chosen.placement.namespace)
            for state in plan:
                names = [name for name in state.templates if name in chosen.names]
                engine.record(chosen.values, release, self.capabilities, names, reads=reads)
            return reads.all

        return Origins(chart=self.chart, trace=trace, record=record, limits=self.options.limits)

    def _rendered(
        self, engine: Engine, inputs: _KernelInputs, release: Release, names: Sequence[str]
    ) -> Rendering | Recording:
        given = (inputs.values, release, self.capabilities, names, self._deadline)
        return engine.render(*given) if self.reads is None else engine.record(*given, self.reads)

    # -- objects

    def _accounts(
        self,
        engine: Engine,
        provenance: Provenance,
        good: Sequence[_KernelInputs],
        crds: Sequence[Manifest],
        outputs: Sequence[StateOutput],
    ) -> Accounts:
        by_kernel = {str(each.group.kernel): each for each in good}

        def record(template: str, kernel: str) -> Recording:
            inputs = by_kernel[kernel]
            together = next(
                each.templates.templates for each in outputs if template in each.templates.templates
            )
            names = [name for name in together if name in inputs.names]
            release = Release(name=self.resource.name, namespace=inputs.placement.namespace)
            return engine.record(inputs.values, release, self.capabilities, names)

        return Accounts(
            resource=self.resource,
            chart=self.chart,
            values={kernel: each.parts for kernel, each in by_kernel.items()},
            rendered={
                kernel: [*crds, *(each for output in outputs for each in output.by_kernel[kernel])]
                for kernel in by_kernel
            },
            provenance=provenance,
            record=record,
        )

    def _assemble(
        self,
        good: Sequence[_KernelInputs],
        crds: Sequence[Manifest],
        outputs: Sequence[StateOutput],
        provenance: Provenance,
    ) -> None:
        """All states in order, for the kernels that did not fail, into the result.

        Raises: RenderError, or a group of them: objects that exclude each other.
        """
        places = [(each.group, each.placement) for each in good]
        assembly = assemble(self.resource, self.chart, places, crds, outputs, provenance)
        for finding in assembly.findings:
            self._find(finding)
        assembly.shelves.raise_if_wrong()
        if self.result.accounts is not None:
            self.result.accounts.shelved = assembly.shelves.shelved
        self.result.rendered = assembly.resource

    # -- what is wrong

    def _fail(self, error: SroError, *, kernel: str) -> None:
        self.result.failed.add(kernel)
        self.result.errors.append(error.about(f"{self.resource.name} / kernel {kernel}"))

    def _find(self, finding: Finding) -> None:
        """Keep a finding once, though every kernel's render makes it again."""
        span = finding.span
        place = (span.source.name, span.start) if span else (finding.subject,)
        key = (finding.code, finding.message, *place)
        if key not in self._seen_findings:
            self._seen_findings.add(key)
            self.result.findings.append(finding)


def uses_toolkit(chart: Chart) -> bool:
    """Whether a template asks for the driver toolkit."""
    return any(b"driverToolkitImage" in file.data for file in chart.templates)


def _on_nodes(group: KernelGroup) -> str:
    """The nodes of a kernel, for a note: all of few, else some."""
    if group.is_planned:
        return "no node yet"
    names = ", ".join(group.nodes[:MAX_NOTES])
    return names + (f" and {len(group.nodes) - MAX_NOTES} more" if len(group.nodes) > MAX_NOTES else "")
