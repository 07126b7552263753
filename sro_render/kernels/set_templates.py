"""Templates inside a spec: strings of `set` (and its keys) that read the runtime values.

Source: special-resource-operator controllers/specialresource.go TemplateFragment, plain
text/template without Sprig. Differs: each string is a template of its own instead of the whole
JSON text, so that quotes inside an action work, and it runs for each kernel.
"""

from __future__ import annotations

from sro_render.errors import Finding
from sro_render.gotemplate.builtin_functions import BUILTINS
from sro_render.gotemplate.program import Program, parse_file
from sro_render.gotemplate.runtime import Run
from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, JsonValue
from sro_render.source import Source

_NAME = "spec"


class SpecTemplates:
    """A value whose strings may be templates: parsed once, filled in for each kernel."""

    def __init__(self, value: JsonValue, *, file: str, path: str, limits: Limits) -> None:
        """Parse every template in `value`.

        Args:   file and path: where it stands, for messages: `specs/a.yaml`, `spec.set`.
        Raises: TemplateError: a string is not a template.
        """
        self._value = value
        self._limits = limits
        self._programs: dict[str, Program] = {}
        self._parse(value, file, path)

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

    def _parse(self, value: JsonValue, file: str, path: str) -> None:
        if isinstance(value, str):
            if "{{" in value and value not in self._programs:
                parsed = parse_file(Source(f"{file} ({path})", value), _NAME, BUILTINS, self._limits)
                self._programs[value] = Program([parsed], BUILTINS)
        elif isinstance(value, dict):
            for key, item in value.items():
                self._parse(key, file, path)
                self._parse(item, file, f"{path}.{key}")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self._parse(item, file, f"{path}[{index}]")

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
        filled = program.execute(_NAME, dot, run)
        findings.extend(run.findings)
        return filled
