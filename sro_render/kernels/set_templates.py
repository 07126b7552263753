"""Templates inside a spec: strings of `set` (and its keys) that read the runtime values.

Source: special-resource-operator controllers/specialresource.go TemplateFragment, plain
text/template without Sprig. Differs: each string is a template of its own instead of the whole
JSON text, so that quotes inside an action work, and it runs for each kernel.
"""

from __future__ import annotations

from msgspec.structs import replace

from sro_render.errors import Faults, Finding, SroError, flatten
from sro_render.gotemplate.builtin_functions import BUILTINS
from sro_render.gotemplate.program import Program, parse_file
from sro_render.gotemplate.runtime import Run
from sro_render.kernels.spec_places import place_in_spec
from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, JsonValue
from sro_render.model.specialresource import SpecialResource
from sro_render.source import Source, Span

_NAME = "spec"
_QUOTES = ("", '"', "'")


class SpecTemplates:
    """A value whose strings may be templates: parsed once, filled in for each kernel."""

    def __init__(
        self, value: JsonValue, *, resource: SpecialResource, path: tuple[str | int, ...], limits: Limits
    ) -> None:
        """Parse every template in `value`.

        Args:   resource and path: where it stands, for messages: the SR, and a key path in it.
        Raises: TemplateError, or a group of them: a string is not a template.
        """
        self._value = value
        self._resource = resource
        self._limits = limits
        self._programs: dict[str, Program] = {}
        self._places: dict[Source, tuple[tuple[str | int, ...], bool]] = {}
        faults = Faults()
        self._parse(value, path, faults)
        faults.raise_if_any()

    @property
    def has_templates(self) -> bool:
        """Whether the value can differ from kernel to kernel."""
        return bool(self._programs)

    def fill(self, values: JsonObject) -> tuple[JsonValue, tuple[Finding, ...]]:
        """The value for one kernel, with `values` as `.Values`; the same value where it has no template."""
        if not self._programs:
            return self._value, ()
        findings: list[Finding] = []
        return self._filled(self._value, {"Values": values}, findings), tuple(findings)

    def _parse(
        self, value: JsonValue, path: tuple[str | int, ...], faults: Faults, *, is_key: bool = False
    ) -> None:
        if isinstance(value, str):
            if "{{" in value and value not in self._programs:
                source = Source(self._resource.name, value)
                self._places[source] = path, is_key
                try:
                    self._programs[value] = Program(
                        [parse_file(source, _NAME, BUILTINS, self._limits)], BUILTINS
                    )
                except (SroError, ExceptionGroup) as error:
                    for each in flatten(error):
                        each.finding = self._placed(each.finding)
                        faults.add(each)
        elif isinstance(value, dict):
            for key, item in value.items():
                self._parse(key, (*path, key), faults, is_key=True)
                self._parse(item, (*path, key), faults)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self._parse(item, (*path, index), faults)

    def _placed(self, finding: Finding) -> Finding:
        """A finding about a template, with its place in the spec file instead of that in the string.

        A string that stands in the file as it is has a place inside it; of one with escapes or over
        several lines the whole is shown.
        """
        span, resource = finding.span, self._resource
        if span is None or span.source not in self._places:
            return finding
        path, is_key = self._places[span.source]
        place = place_in_spec(resource, path, value=not is_key)
        if place.span is None and resource.source is None:
            return replace(finding, path=place.path)
        return replace(finding, path=place.path, span=place.span and _inside(place.span, span))

    def _filled(self, value: JsonValue, dot: JsonObject, findings: list[Finding]) -> JsonValue:
        if isinstance(value, str):
            return self._text(value, dot, findings)
        if isinstance(value, dict):
            return {
                self._text(key, dot, findings): self._filled(item, dot, findings)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._filled(item, dot, findings) for item in value]
        return value

    def _text(self, text: str, dot: JsonObject, findings: list[Finding]) -> str:
        program = self._programs.get(text)
        if program is None:
            return text
        run = Run(program, self._limits)
        try:
            filled = program.execute(_NAME, dot, run)
        except SroError as error:
            error.finding = self._placed(error.finding)
            raise
        findings.extend(self._placed(each) for each in run.findings)
        return filled


def _inside(whole: Span, inner: Span) -> Span:
    """The place in a file of a stretch of a scalar: `whole` is the scalar's, `inner` that in its value."""
    for quote in _QUOTES:
        if whole.text == f"{quote}{inner.source.text}{quote}":
            start = whole.start + len(quote)
            return whole.source.span(start + inner.start, start + inner.end)
    return whole
