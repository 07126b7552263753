"""The functions that Helm adds to Sprig: templates inside templates, required values, YAML and JSON.

Decides what these functions return and when they fail. Where Helm turns a failure into an empty or
odd value, the value is Helm's and a finding says so. What needs a cluster or a name server gives what
Helm gives without one. Not here: TOML (`toml`) and durations (`helm_durations`).
Source: helm pkg/engine/engine.go and pkg/engine/funcs.go; Sprig v3 defaults.go for its JSON functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sro_render.charts.scope import JsonObject
from sro_render.errors import Finding, YamlError, flatten
from sro_render.gotemplate.functions import Families, Function, FunctionError, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import GoObject, NilList, NilMap
from sro_render.source import Source
from sro_render.sprig.calls import HAS_ERROR
from sro_render.sprig.registry import FAMILIES
from sro_render.yamltext import go_json, go_yaml, go_yaml_pretty
from sro_render.yamltext.go_json_reader import GoJsonRangeError, read_go_json
from sro_render.yamltext.reader import read_value

FUNCTIONS: dict[str, Function] = {}
NO_VALUE = "<no value>"
"""What Go writes for nil; Helm takes it out of everything that it renders."""


_ALL = Families(
    {
        **FAMILIES,
        "sro_render.charts.helm_durations": """
        durationDays durationHours durationMicroseconds durationMilliseconds durationMinutes
        durationNanoseconds durationRoundTo durationSeconds durationTruncateTo durationWeeks
        mustToDuration
    """,
        "sro_render.charts.helm_functions": """
        fail fromJson fromJsonArray fromYaml fromYamlArray getHostByName include lookup mustFromJson
        mustToJson mustToPrettyJson mustToRawJson mustToYaml required toJson toPrettyJson toRawJson
        toYaml toYamlPretty tpl
    """,
        "sro_render.charts.toml": "fromToml mustToToml toToml",
    }
)


def functions() -> Mapping[str, Function]:
    """All functions that a chart's templates may call, besides those of the language itself."""
    return _ALL


@go_function(FUNCTIONS, "include", "(string, any) string", wants_run=True, tolerant=True)
def include(run: Run, name: str, data: object) -> str:
    """What a named template writes."""
    return run.render(name, data)


@go_function(FUNCTIONS, "tpl", "(string, any) string", wants_run=True, mutates=True)
def tpl(run: Run, text: str, data: object) -> str:
    """What a text writes as a template. It may do anything, so it counts as one that changes values."""
    return run.render_text(text, data).replace(NO_VALUE, "")


@go_function(FUNCTIONS, "required", "(string, any) any", tolerant=True)
def required(message: str, value: object) -> object:
    """The value, unless it is nil or the empty text."""
    if value is None or value == "":
        raise FunctionError(message, code="required-value", hint="set this value")
    return value


@go_function(FUNCTIONS, "fail", "(string) string")
def fail(message: str) -> str:
    """Ends the render with the chart's own message."""
    raise FunctionError(message, code="chart-fails")


@go_function(FUNCTIONS, "lookup", "(string, string, string, string) map[string]any", wants_run=True)
def lookup(run: Run, api_version: str, kind: str, namespace: str, name: str) -> dict[str, object]:
    """Nothing, as without a cluster."""
    what = "/".join(part for part in (kind, namespace, name) if part)
    _report(
        run,
        "offline-lookup",
        f"lookup of {api_version} {what} finds nothing: rendering asks no cluster",
        "hand the fact in as a value",
    )
    return {}


@go_function(FUNCTIONS, "getHostByName", "(string) string", wants_run=True)
def get_host_by_name(run: Run, name: str) -> str:
    """Nothing, as without --enable-dns."""
    _report(
        run,
        "offline-lookup",
        f"getHostByName of {name} finds nothing: rendering asks no name server",
        "hand the address in as a value",
    )
    return ""


def _report(run: Run, code: str, message: str, hint: str) -> None:
    run.report(Finding(code=code, message=message, span=run.span, hint=hint, notes=run.notes()))


def _plain(value: object) -> object:
    """The JSON value of an object that templates hold."""
    if isinstance(value, JsonObject):
        return value.as_json()
    if isinstance(value, GoObject):
        text = value.go_text()
        return go_json.Struct(value.go_fields()) if text is None else text
    raise ValueError(f"a value of the type {type(value).__name__} cannot be written")


def _to_yaml(value: object) -> str:
    return go_yaml.marshal(value, default=_plain).removesuffix("\n")


def _to_yaml_pretty(value: object) -> str:
    return go_yaml_pretty.marshal(value, default=_struct).removesuffix("\n")


def _struct(value: object) -> object:
    """The value that Go's yaml/v3, which knows no JSON, makes of an object that templates hold."""
    # Only functions of time make such objects: without them their modules are not needed.
    from sro_render.sprig.durations import Duration  # noqa: PLC0415
    from sro_render.sprig.gotime import RFC_3339_NANO, Time  # noqa: PLC0415

    if isinstance(value, Duration):
        return value.go_string()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Time):
        return go_yaml_pretty.Plain(value.format(RFC_3339_NANO))
    if isinstance(value, GoObject):
        if (text := value.go_text()) is not None:
            return text
        underlying = value.go_underlying()
        fields = {name.lower(): item for name, item in value.go_fields().items()}
        return go_json.Struct(fields) if underlying is None else underlying
    raise ValueError(f"a value of the type {type(value).__name__} cannot be written")


def _to_json(value: object) -> str:
    return go_json.marshal(value, default=_plain)


def _to_pretty_json(value: object) -> str:
    return go_json.marshal(value, indent="  ", default=_plain)


def _to_raw_json(value: object) -> str:
    return go_json.marshal(value, escape_html=False, default=_plain)


def _writer(name: str, write: Callable[[object], str], *, is_strict: bool) -> None:
    """Register a function that writes a value; where it cannot, it fails or returns nothing."""

    def call(run: Run, value: object) -> str:
        try:
            return write(value)
        except ValueError as fault:
            if is_strict:
                raise FunctionError(str(fault)) from None
            strict = "mustToYaml" if name == "toYamlPretty" else f"must{name[0].upper()}{name[1:]}"
            hint = f"end the render where this happens: {strict}"
            _report(run, "not-written", f"{name} writes nothing: {fault}", hint)
            return ""

    FUNCTIONS[name] = Function(name, call, "(any) string", tolerant=False, wants_run=True)


for _name, _write, _is_strict in (
    ("toYaml", _to_yaml, False),
    ("mustToYaml", _to_yaml, True),
    ("toYamlPretty", _to_yaml_pretty, False),
    ("toJson", _to_json, False),
    ("mustToJson", _to_json, True),
    ("toPrettyJson", _to_pretty_json, False),
    ("mustToPrettyJson", _to_pretty_json, True),
    ("toRawJson", _to_raw_json, True),
    ("mustToRawJson", _to_raw_json, True),
):
    _writer(_name, _write, is_strict=_is_strict)


_AS_MAP = "map[string]interface {}"
_AS_LIST = "[]interface {}"
_HOLDS_ERROR = "the list that it gives holds the fault alone: mend the text"


def _mismatch(value: object, go_type: str) -> str:
    """What Go says to a JSON value of another kind than is wanted."""
    match value:
        case bool():
            kind = "bool"
        case str():
            kind = "string"
        case dict():
            kind = "object"
        case list():
            kind = "array"
        case _:
            kind = "number"
    return f"json: cannot unmarshal {kind} into Go value of type {go_type}"


def _yaml_mismatch(value: object, go_type: str) -> ValueError:
    # sigs.k8s.io/yaml makes JSON of the text and reads that.
    return ValueError(f"error unmarshaling JSON: while decoding JSON: {_mismatch(value, go_type)}")


@go_function(FUNCTIONS, "fromYaml", "(string) map[string]any", wants_run=True)
def from_yaml(run: Run, text: str) -> dict[str, object]:
    """A YAML mapping; of what is none, a mapping with the key Error, and a finding."""
    try:
        value = read_value(Source("the text given to fromYaml", text), run.limits)
    except (YamlError, ExceptionGroup) as fault:
        return {"Error": _unreadable(run, "fromYaml", fault)}
    if value is None or isinstance(value, dict):
        return value or {}
    return {"Error": _unreadable(run, "fromYaml", _yaml_mismatch(value, _AS_MAP))}


@go_function(FUNCTIONS, "fromYamlArray", "(string) []any", wants_run=True)
def from_yaml_array(run: Run, text: str) -> list[object]:
    """A YAML list; of what is none, a list with the error, and a finding."""
    try:
        value = read_value(Source("the text given to fromYamlArray", text), run.limits)
    except (YamlError, ExceptionGroup) as fault:
        return [_unreadable(run, "fromYamlArray", fault)]
    if value is None or isinstance(value, list):
        return value or []
    return [_unreadable(run, "fromYamlArray", _yaml_mismatch(value, _AS_LIST))]


@go_function(FUNCTIONS, "fromJson", "(string) map[string]any", wants_run=True)
def from_json(run: Run, text: str) -> dict[str, object]:
    """A JSON object; of what is none, a mapping with the key Error, and a finding."""
    try:
        value = read_go_json(text, max_depth=run.limits.max_yaml_depth)
    except GoJsonRangeError as fault:
        if isinstance(fault.value, dict):
            return fault.value | {"Error": _unreadable(run, "fromJson", fault)}
        value = fault.value
    except ValueError as fault:
        return {"Error": _unreadable(run, "fromJson", fault)}
    if value is None:
        return NilMap()
    if isinstance(value, dict):
        return value
    return {"Error": _unreadable(run, "fromJson", ValueError(_mismatch(value, _AS_MAP)))}


@go_function(FUNCTIONS, "fromJsonArray", "(string) []any", wants_run=True)
def from_json_array(run: Run, text: str) -> list[object]:
    """A JSON array; of what is none, a list with the error, and a finding."""
    try:
        value = read_go_json(text, max_depth=run.limits.max_yaml_depth)
    except GoJsonRangeError as fault:
        if isinstance(fault.value, list):
            return [_unreadable(run, "fromJsonArray", fault)]
        value = fault.value
    except ValueError as fault:
        return [_unreadable(run, "fromJsonArray", fault)]
    if value is None:
        return NilList()
    if isinstance(value, list):
        return value
    return [_unreadable(run, "fromJsonArray", ValueError(_mismatch(value, _AS_LIST)))]


@go_function(FUNCTIONS, "mustFromJson", "(string) any", wants_run=True)
def must_from_json(run: Run, text: str) -> object:
    """Any JSON value; the render ends where the text is none."""
    try:
        return read_go_json(text, max_depth=run.limits.max_yaml_depth)
    except ValueError as fault:
        raise FunctionError(f"mustFromJson cannot read its text: {fault}") from None


def _unreadable(run: Run, name: str, fault: Exception) -> str:
    """Report that a text could not be read; returns the message that Helm would put into the value."""
    if isinstance(fault, YamlError | ExceptionGroup):
        first = flatten(fault)[0].finding
        message = first.message + (f" (line {first.span.line})" if first.span else "")
    else:
        message = str(fault)
    hint = _HOLDS_ERROR if name.endswith("Array") else HAS_ERROR
    _report(run, "not-readable", f"{name} cannot read its text: {message}", hint)
    return message
