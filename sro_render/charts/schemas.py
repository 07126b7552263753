"""Values checked against `values.schema.json` of a chart and of its sub-charts, as Helm checks them.

Decides which schema is put to which values, and turns what is wrong into errors with chart, key path and
keyword. What a schema means is for `schema_document.py`; the library behind jsonschema-rs does the rest.
Never loads anything: no network, no disk.
Source: helm pkg/chart/common/util/jsonschema.go; differs: references out of the file are refused, where
Helm loads `http:`, `https:` and `file:` and lets `urn:` pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from sro_render.charts.chart import Chart, ChartFile
from sro_render.charts.schema_addresses import SchemaError, meta_url
from sro_render.charts.schema_cost import CostGuard
from sro_render.charts.schema_document import SchemaDocument, parse_schema, read_schema
from sro_render.charts.schema_formats import FORMATS
from sro_render.errors import ChartError, Faults, nearest
from sro_render.limits import Limits
from sro_render.model.wording import format_path, type_hint, type_name, wanted_types
from sro_render.source import Source, Span
from sro_render.yamltext.reader import locate

CODE = "values-schema"
MAX_FAULTS = 50
"""Of one chart's values; a list with a wrong type of item has as many faults as items."""
_MAX_LOCATED = 2**20
"""Characters of a schema in which places are looked for, which reads it once for each fault."""
_MAX_SHOWN = 80
_MAX_BRANCHES = 5

Place = Callable[[Sequence[str | int]], Span | None]
"""Where the value at a key path stands in what the user wrote, if it stands there."""

_OTHER_NAMES = {
    "prefixItems": "items",
    "items": "additionalItems",
    "dependentRequired": "dependencies",
    "dependentSchemas": "dependencies",
    "exclusiveMinimum": "minimum",
    "exclusiveMaximum": "maximum",
}
"""Keywords as the validator gets them -> as older drafts call them."""


class SchemaChecker:
    """Checks values against schemas; compiles each schema once, for as long as it is kept."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._compiled: dict[bytes, _Compiled | SchemaError] = {}

    def check(
        self,
        chart: Chart,
        values: Mapping[str, Any],
        *,
        strangers: Collection[str] = (),
        place: Place | None = None,
    ) -> None:
        """Check the values of a chart and of all charts in it.

        Args:   chart: with just the sub-charts that take part, under the names that they are used by.
                values: what the templates get as `.Values`, defaults included.
                strangers: keys at the top that come neither from the user nor from the chart: a schema
                that does not know them is not asked about them.
        Raises: ChartError `values-schema`, or a group of them: all faults of all charts.
        """
        faults = Faults()
        for name, path, inner, inner_values in _charts(chart, values, chart.name, ()):
            if inner.schema is None:
                continue
            try:
                compiled = self._compile(inner.schema)
                own_strangers = () if path else strangers
                found = compiled.errors(inner_values, own_strangers)
            except SchemaError as fault:
                faults.add(_broken(fault, inner.schema, name))
                continue
            for error in _in_words(found[:MAX_FAULTS], compiled, inner_values, path, place):
                faults.add(error.about(f"chart {name}"))
            if len(found) > MAX_FAULTS:
                faults.add(_more(name, f"there are more than the {MAX_FAULTS} faults that are listed"))
            elif compiled.has_stopped:
                faults.add(_more(name, "there may be more faults: these values are too large to list them"))
        faults.raise_if_any()

    def _compile(self, file: ChartFile) -> _Compiled:
        if file.data not in self._compiled:
            try:
                self._compiled[file.data] = _Compiled(file, self.limits)
            except SchemaError as fault:
                self._compiled[file.data] = fault
        compiled = self._compiled[file.data]
        if isinstance(compiled, SchemaError):
            raise compiled
        return compiled


def check_values(chart: Chart, values: Mapping[str, Any], limits: Limits | None = None) -> None:
    """Check values once. Whoever checks several times keeps a SchemaChecker.

    Raises: as `SchemaChecker.check`.
    """
    SchemaChecker(limits or Limits()).check(chart, values)


def _charts(
    chart: Chart, values: Any, name: str, path: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...], Chart, Any]]:
    """Each chart with its full name, the path of its values from the top, and its values."""
    yield name, path, chart, values
    for subchart in chart.dependencies:
        inner = values.get(subchart.name)
        if isinstance(inner, dict):
            yield from _charts(subchart, inner, f"{name}/{subchart.name}", (*path, subchart.name))


class _Compiled:
    """One schema, ready to be put to values."""

    def __init__(self, file: ChartFile, limits: Limits) -> None:
        # Only charts with a schema pay for loading it.
        import jsonschema_rs  # noqa: PLC0415

        self.file = file
        self.source = file.source()
        self.document = parse_schema(self.source.text, limits)
        self.read: SchemaDocument = read_schema(self.document, limits, _check_meta)
        self.guard = CostGuard(self.read, limits)
        self.has_stopped = False
        """Whether the last check stopped at the first fault."""
        self._unknown: set[str] = set()
        """The strangers that the schema has turned out not to know; the next kernel has them too."""
        try:
            self.validator = jsonschema_rs.Draft202012Validator(
                self.read.schema,
                formats=dict(FORMATS),
                validate_formats=True,
                offline=True,
                mask="this",  # values may be secret
                pattern_options=jsonschema_rs.RegexOptions(),  # linear time, and Go's dialect nearly
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            message = getattr(error, "message", None) or str(error)
            raise SchemaError(message.partition("\n")[0], hint="correct the schema") from None

    def errors(self, values: Any, strangers: Collection[str]) -> list[Any]:
        """What the validator finds wrong, at most one more than `MAX_FAULTS` things. Raises SchemaError."""
        skipped = self._unknown & set(strangers)
        found = self._errors(_except(values, skipped))
        unexpected = _unexpected(found, values) & set(strangers) if found and strangers else set()
        # A branch that refuses a key's value makes it look unknown to what stands around the branch.
        unknown = unexpected and unexpected - self.guard.keys_at_top()
        if unknown:
            self._unknown |= unknown
            found = self._errors(_except(values, skipped | unknown))
        return found

    def _list(self, values: Any) -> list[Any]:
        self.has_stopped = False
        if self.validator.is_valid(values):
            return []
        if self.guard.is_cheap(values):
            return list(islice(self.validator.iter_errors(values), MAX_FAULTS + 1))
        self.has_stopped = True
        return [self._first(values)]

    def _first(self, values: Any) -> Any:
        """The only fault that is looked for in huge values."""
        import jsonschema_rs  # noqa: PLC0415

        try:
            self.validator.validate(values)
        except jsonschema_rs.ValidationError as error:
            return error
        raise AssertionError("what is not valid has a fault")

    def _errors(self, values: Any) -> list[Any]:
        self.guard.check(values)
        try:
            try:
                return self._list(values)
            except UnicodeEncodeError:
                return self._list(_encodable(values))
        except ValueError as error:
            raise SchemaError(
                f"the values cannot be checked: {error}", hint="look for values that are nested very deep"
            ) from None


@cache
def _meta_validator(draft: int) -> Any:
    """The validator of schemas of a draft; formats count there in every draft."""
    import jsonschema_rs  # noqa: PLC0415

    classes = {
        4: jsonschema_rs.Draft4Validator,
        6: jsonschema_rs.Draft6Validator,
        7: jsonschema_rs.Draft7Validator,
        2019: jsonschema_rs.Draft201909Validator,
        2020: jsonschema_rs.Draft202012Validator,
    }
    return classes[draft](
        {"$ref": meta_url(draft)},
        formats=dict(FORMATS),
        validate_formats=True,
        offline=True,
    )


def _check_meta(draft: int, schema: Any, pointer: str) -> None:
    """Raise SchemaError if something is no schema of a draft."""
    try:
        error = next(iter(_meta_validator(draft).iter_errors(schema)), None)
    except ValueError as why:  # a text that is no Unicode
        raise SchemaError(f"it cannot be read: {why}", pointer, "correct the schema") from None
    if error is not None:
        inside = "".join(f"/{_token(step)}" for step in error.instance_path)
        raise SchemaError(
            f"it is no schema of its draft: {_shorten(error.message)}", pointer + inside, "correct the schema"
        )


def _token(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def _more(chart: str, message: str) -> ChartError:
    return ChartError(CODE, message, subject=f"chart {chart}", hint="correct those that are listed first")


def _broken(fault: SchemaError, file: ChartFile, chart: str) -> ChartError:
    """A schema that cannot be used."""
    span = _span(file.source(), fault.pointer)
    path = "" if span is not None else file.source_name
    return ChartError(
        CODE,
        f"the schema of the chart's values cannot be used: {fault}",
        span=span,
        path=path if not fault.pointer else f"{path}#{fault.pointer}",
        subject=f"chart {chart}",
        hint=fault.hint,
    )


def _span(source: Source, pointer: str) -> Span | None:
    """The place of a JSON pointer in a schema file."""
    if not pointer or len(source.text) > _MAX_LOCATED:
        return None
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    steps: list[str | int] = []
    for token in tokens:
        step = token if locate(source, [*steps, token]) is not None or not token.isdecimal() else int(token)
        steps.append(step)
    return locate(source, steps)


def _except(values: Mapping[str, Any], keys: Collection[str]) -> Mapping[str, Any]:
    return {key: value for key, value in values.items() if key not in keys} if keys else values


def _unexpected(errors: Sequence[Any], values: Mapping[str, Any]) -> set[str]:
    """The keys at the top that a schema does not know, branches included."""
    found: set[str] = set()
    for error in errors:
        if error.instance_path:
            if error.kind.name == "falseSchema" and len(error.instance_path) == 1:
                found.add(str(error.instance_path[0]))
            continue
        found |= set(_unknown_keys(error, values))
        for branch in getattr(error.kind, "context", None) or ():
            if isinstance(branch, list):
                found |= _unexpected(branch, values)
    return found


def _unknown_keys(error: Any, value: Any) -> list[str]:
    """The keys of a mapping that a schema does not know, if that is what is wrong with it."""
    if error.kind.name in {"additionalProperties", "unevaluatedProperties"}:
        return list(error.kind.unexpected)
    # Beside no other keyword for keys, the library says that nothing is allowed.
    keyword = error.schema_path[-1] if error.schema_path else ""
    is_closed = error.kind.name == "falseSchema" and isinstance(value, dict)
    return list(value) if is_closed and keyword in {"additionalProperties", "unevaluatedProperties"} else []


def _encodable(value: Any) -> Any:
    """A copy without bytes that are no UTF-8, each one character as Go counts them."""
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, str):
        return "".join("\ufffd" if 0xD800 <= ord(each) <= 0xDFFF else each for each in value)
    return value


# -- what is wrong, in words


def _in_words(
    errors: Sequence[Any], compiled: _Compiled, values: Any, path: Sequence[str | int], place: Place | None
) -> Iterator[ChartError]:
    """One error for each unexpected key, one for any other fault."""
    for error in errors:
        inside = _steps(values, error.instance_path)
        found = _at(values, inside)
        keys: list[str | None] = [*_unknown_keys(error, found)] or [None]
        pointer, schema_note = _schema_place(compiled, error)
        for key in keys:
            whole = [*path, *inside, *([] if key is None else [key])]
            yield ChartError(
                CODE,
                _wrong(error, found) if key is None else f"{key!r} is not a key that the schema knows here",
                span=place(whole) if place else None,
                path=format_path(whole),
                hint=_hint(error, found, key, compiled.document, pointer),
                notes=(*_branch_notes(error, found, inside), schema_note),
            )


def _steps(value: Any, path: Sequence[str | int]) -> list[str | int]:
    """A path with keys as texts, also those that look like numbers."""
    steps: list[str | int] = []
    for step in path:
        steps.append(str(step) if isinstance(value, dict) else step)
        value = _at(value, steps[-1:])
    return steps


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    return value


def _shorten(text: str) -> str:
    return text if len(text) <= 2 * _MAX_SHOWN else f"{text[: 2 * _MAX_SHOWN]}…"


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else type_name(value).removeprefix("the ")
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _wrong(error: Any, found: Any) -> str:
    """What is wrong with one value."""
    kind = error.kind
    match kind.name:
        case "type":
            return f"this must be {wanted_types(kind.types)}, and is {_shorten(type_name(found))}"
        case "required":
            return f"{kind.property!r} is missing"
        case "enum":
            options = ", ".join(repr(option) for option in kind.options)
            return f"{_shown(found)} is none of {_shorten(options)}"
        case "const":
            return f"{_shown(found)} must be {_shorten(repr(kind.expected_value))}"
        case "pattern":
            return f"{_shown(found)} does not match the pattern of the schema"
        case "format":
            return f"{_shown(found)} is not of the format {kind.format!r}"
        case "anyOf" | "oneOfNotValid" | "oneOf":
            if kind.name == "oneOf" and "more than one" in error.message:
                return "this fits more than one of the alternatives, and may fit only one"
            return "this fits none of the alternatives"
        case "oneOfMultipleValid":
            return "this fits more than one of the alternatives, and may fit only one"
        case "not":
            return "this is what the schema does not allow"
        case "falseSchema":
            return "the schema allows nothing here"
        case "propertyNames":
            return _shorten(f"a key is not one that the schema allows: {kind.error.message}")
    return _shorten(str(error.message))


def _hint(error: Any, found: Any, key: str | None, schema: Any, pointer: str) -> str:
    if key is not None:
        around = _at(schema, _pointer_steps(schema, pointer.rpartition("/")[0]))
        properties = around.get("properties") if isinstance(around, dict) else None
        known = [each for each in properties if isinstance(each, str)] if isinstance(properties, dict) else []
        meant = nearest(key, known)
        if meant:
            return f"did you mean {meant!r}?"
        return f"known keys: {_shorten(', '.join(sorted(known)))}" if known else "remove it"
    if error.kind.name == "type":
        return type_hint(found, error.kind.types)
    if error.kind.name == "pattern":
        return f"it must match {_shorten(error.kind.pattern)}"
    return ""


def _branch_notes(error: Any, found: Any, inside: Sequence[str | int]) -> Iterator[str]:
    """What is wrong by each alternative: the first thing of each."""
    branches = getattr(error.kind, "context", None)
    if not branches or not isinstance(branches[0], list):
        return
    for number, branch in enumerate(branches[:_MAX_BRANCHES], start=1):
        if branch:
            first = branch[0]
            steps = list(first.instance_path)[len(inside) :]
            value = _at(found, _steps(found, steps))
            where = f"{format_path(_steps(found, steps))}: " if steps else ""
            yield f"alternative {number}: {where}{_wrong(first, value)}"


def _pointer_steps(document: Any, pointer: str) -> list[str | int]:
    steps: list[str | int] = []
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        steps.append(int(name) if isinstance(_at(document, steps), list) and name.isdecimal() else name)
    return steps


def _schema_place(compiled: _Compiled, error: Any) -> tuple[str, str]:
    """The pointer of a fault's keyword in the file, and a note that names it."""
    path = list(error.schema_path)
    pointer = ""
    if path[:1] == ["$defs"] and len(path) > 1:
        pointer = compiled.read.pointers[str(path[1])]
        path = path[2:]
    value = _at(compiled.document, _pointer_steps(compiled.document, pointer))
    for step in path:
        if isinstance(value, list):
            if not isinstance(step, int) or step >= len(value):
                break
            value = value[step]
            pointer += f"/{step}"
        elif isinstance(value, dict):
            name = str(step)
            if name not in value:
                name = _OTHER_NAMES.get(name, name)
            if name not in value:
                break
            value = value[name]
            pointer += f"/{_token(name)}"
    span = _span(compiled.source, pointer)
    line = f":{span.line}" if span else ""
    return pointer, f"says {compiled.file.source_name}{line}, at #{pointer}"
