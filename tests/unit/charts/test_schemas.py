"""What is said about values that a chart's schema refuses, and how much a schema may cost.

Matrix: a message for each kind of fault, its key path and place in the schema; several charts at once;
references out of the file, which are never followed; schemas that cannot be used; strangers; bounds.
Left out: which values are refused (tests/helm/test_schemas.py).
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest

from sro_render.charts.chart import Chart, load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.schemas import MAX_FAULTS, SchemaChecker, check_values
from sro_render.errors import SroError, describe, flatten
from sro_render.limits import Limits

LIMITS = Limits()
D7 = "http://json-schema.org/draft-07/schema#"


def chart_with(schema: object, *, name: str = "c", **more: str) -> Chart:
    text = schema if isinstance(schema, str) else json.dumps(schema, indent=1)
    files = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n",
        "values.schema.json": text,
        **more,
    }
    return load_chart({path: content.encode() for path, content in files.items()}, f"charts/{name}", LIMITS)


def faults(chart: Chart, values: dict[str, Any], limits: Limits = LIMITS, **more: Any) -> list[str]:
    engine = Engine(chart, limits)
    try:
        engine.check_values(engine.prepare(values), **more)
    except (SroError, ExceptionGroup) as error:
        return [describe(fault.finding) for fault in flatten(error)]
    return []


def only(chart: Chart, values: dict[str, Any], limits: Limits = LIMITS) -> str:
    (text,) = faults(chart, values, limits)
    return text


def of(schema: object) -> Chart:
    return chart_with({"properties": {"v": schema}})


def test_a_fault_names_chart_key_path_and_the_place_in_the_schema() -> None:
    chart = chart_with({"properties": {"image": {"properties": {"tag": {"type": "string"}}}}})
    assert only(chart, {"image": {"tag": 1.5}}) == (
        "error[values-schema]: this must be a string, and is the number 1.5\n"
        "  --> image.tag\n"
        "  in: chart c\n"
        "  note: says charts/c/values.schema.json:6, at #/properties/image/properties/tag/type\n"
        "  help: put it into quotes to make it a string"
    )


def test_faults_of_all_charts_come_together() -> None:
    inner = {
        "charts/d/Chart.yaml": "apiVersion: v2\nname: d\nversion: 1.0.0\n",
        "charts/d/values.schema.json": '{"properties": {"a": {"items": {"maximum": 3}}}}',
        "charts/d/values.yaml": "a: [1, 4]\n",
    }
    chart = chart_with({"required": ["x", "y"]}, **inner)
    assert "\n".join(faults(chart, {})) == (
        "error[values-schema]: 'x' is missing\n"
        "  in: chart c\n"
        "  note: says charts/c/values.schema.json:2, at #/required\n"
        "error[values-schema]: 'y' is missing\n"
        "  in: chart c\n"
        "  note: says charts/c/values.schema.json:2, at #/required\n"
        "error[values-schema]: this is greater than the maximum of 3\n"
        "  --> d.a[1]\n"
        "  in: chart c/d\n"
        "  note: says charts/c/charts/d/values.schema.json:1, at #/properties/a/items/maximum"
    )


MESSAGES: list[tuple[object, object, str]] = [
    ({"enum": ["a", 1]}, "b", "'b' is none of 'a', 1"),
    ({"const": "a"}, "b", "'b' must be 'a'"),
    ({"pattern": "^a"}, "b", "'b' does not match the pattern of the schema"),
    ({"minLength": 3}, "b", "this is shorter than 3 characters"),
    ({"minimum": 3}, 1, "this is less than the minimum of 3"),
    ({"minItems": 1}, [], "this has less than 1 item"),
    ({"not": {}}, 1, "this is what the schema does not allow"),
    (False, 1, "the schema allows nothing here"),
    ({"oneOf": [{}, {}]}, 1, "this fits more than one of the alternatives, and may fit only one"),
    (
        {"propertyNames": {"maxLength": 1}},
        {"ab": 1},
        "a key is not one that the schema allows: this is longer than 1 character",
    ),
    (
        {"type": ["null", "string", "boolean"]},
        1,
        "this must be true or false or a string or null, and is the number 1",
    ),
]


@pytest.mark.parametrize(("schema", "value", "message"), MESSAGES)
def test_each_kind_of_fault_has_its_message(schema: object, value: object, message: str) -> None:
    assert only(of(schema), {"v": value}).split("\n")[:2] == [f"error[values-schema]: {message}", "  --> v"]


def test_an_unknown_key_is_named_with_the_key_that_was_meant() -> None:
    chart = of({"properties": {"replicas": {}, "image": {}}, "additionalProperties": False})
    assert only(chart, {"v": {"Replicas": 1}}) == (
        "error[values-schema]: 'Replicas' is not a key that the schema knows here\n"
        "  --> v.Replicas\n"
        "  in: chart c\n"
        "  note: says charts/c/values.schema.json:8, at #/properties/v/additionalProperties\n"
        "  help: did you mean 'replicas'?"
    )
    assert "  help: known keys: image, replicas" in only(chart, {"v": {"x": 1}})


def test_alternatives_are_told_apart() -> None:
    chart = of({"anyOf": [{"type": "string"}, {"properties": {"a": {"type": "boolean"}}}]})
    assert only(chart, {"v": {"a": "true"}}).split("\n")[2:5] == [
        "  in: chart c",
        "  note: alternative 1: this must be a string, and is a mapping",
        "  note: alternative 2: a: this must be true or false, and is the string 'true'",
    ]


def test_a_fault_behind_a_reference_names_the_definition() -> None:
    chart = chart_with(
        {
            "$schema": D7,
            "properties": {"v": {"$ref": "#/definitions/a~1b"}},
            "definitions": {"a/b": {"dependencies": {"x": ["y"]}}},
        }
    )
    assert "at #/definitions/a~1b/dependencies" in only(chart, {"v": {"x": 1}})


def test_keys_that_look_like_numbers_are_keys() -> None:
    chart = of({"properties": {"8080": {"items": {"type": "string"}}}})
    assert "  --> v.8080[0]\n" in only(chart, {"v": {"8080": [1]}})


OUTSIDE = [
    ("http://127.0.0.1:9/x.json", "another server"),
    ("https://example.com/x.json#/definitions/a", "another server"),
    ("file:///etc/hostname", "another file"),
    ("other.json", "another file"),
    ("../x/values.schema.json#/definitions/a", "another file"),
    ("//example.com/x.json", "another file"),
    ("urn:example:x", "a name that stands for another schema"),
    ("oci://example.com/x", "another document"),
]


@pytest.mark.parametrize(("reference", "what"), OUTSIDE)
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_a_reference_out_of_the_file_is_refused_and_not_followed(
    keyword: str, reference: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("something was opened")

    monkeypatch.setattr(socket, "socket", fail)
    monkeypatch.setattr("builtins.open", fail)
    text = only(of({keyword: reference}), {"v": 1})
    assert text == (
        f"error[values-schema]: the schema of the chart's values cannot be used: {reference!r} refers to {what}, "
        "and nothing is ever loaded for a schema\n"
        f"  --> charts/c/values.schema.json:4:4 (#/properties/v/{keyword})\n"
        f'  4 |    "{keyword}": "{reference}"\n'
        f"    |    {'^' * (len(keyword) + 2)}\n"
        "  in: chart c\n"
        "  help: copy what it refers to into this file, below $defs"
    )


def test_an_unknown_draft_is_refused_and_not_loaded() -> None:
    text = only(chart_with({"$schema": "https://example.com/my-draft"}), {})
    assert text.startswith(
        "error[values-schema]: the schema of the chart's values cannot be used: "
        "$schema is 'https://example.com/my-draft', which is no draft that Helm knows without loading it\n"
        "  --> charts/c/values.schema.json:2:2 (#/$schema)\n"
    )
    assert text.endswith(
        "help: write one of http://json-schema.org/draft-04/schema#, http://json-schema.org/draft-06/schema#, "
        "http://json-schema.org/draft-07/schema#, https://json-schema.org/draft/2019-09/schema, "
        "https://json-schema.org/draft/2020-12/schema"
    )


UNUSABLE = [
    (
        "{",
        "the file is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    ('{"maximum": NaN}', "the file is not JSON: NaN is no number"),
    ('{"maximum": 1e999}', "the file is not JSON: 1e999 is too large"),
    ('{"required": "a"}', 'it is no schema of its draft: "a" is not of type "array"'),
    ('{"pattern": "(?=a)"}', 'it is no schema of its draft: "(?=a)" is not a "regex"'),
    ('{"$ref": "#/x"}', "'#/x' leads nowhere: there is no 'x'"),
    ('{"$ref": "#x"}', "'#x' leads nowhere: there is no such anchor"),
    ('{"$ref": "#"}', "a reference leads back to itself without going into the value"),
    ('{"not": ' * 300 + "{}" + "}" * 300, "it is nested deeper than 200 levels"),
    ('{"not": ' * 99_999 + "{}" + "}" * 99_999, "it is nested deeper than 200 levels"),
]


@pytest.mark.parametrize(("text", "message"), UNUSABLE)
def test_a_schema_that_cannot_be_used_says_why(text: str, message: str) -> None:
    headline = only(chart_with(text), {}).split("\n")[0]
    assert headline == f"error[values-schema]: the schema of the chart's values cannot be used: {message}"


def test_strangers_are_not_asked_about_where_the_schema_does_not_know_them() -> None:
    strict = {"properties": {"platform": {"type": "string"}}, "additionalProperties": False}
    assert faults(chart_with({"additionalProperties": False}), {"a": 1, "b": 2}, strangers=["a", "b"]) == []
    assert "  --> a\n" in only(chart_with({"additionalProperties": False}), {"a": 1})
    for schema in (
        strict,
        {"anyOf": [strict, False]},
        {"unevaluatedProperties": False, "allOf": [{"properties": {"platform": {"type": "string"}}}]},
        {"$ref": "#/$defs/a", "$defs": {"a": strict}},
    ):
        chart = chart_with(schema)
        runtime = {"kernelFullVersion": "5", "platform": "x"}
        assert faults(chart, runtime, strangers=runtime) == []
        assert len(faults(chart, {**runtime, "typo": 1}, strangers=runtime)) == 1
        assert faults(chart, {**runtime, "platform": 5}, strangers=runtime)
        assert len(faults(chart, runtime)) == 1


def test_a_value_that_was_not_utf_8_is_checked_like_any_other() -> None:
    assert faults(of({"maxLength": 2}), {"v": "a\udc80"}) == []
    assert len(faults(of({"maxLength": 1}), {"v": "a\udc80"})) == 1


def test_a_long_value_is_not_repeated_in_full() -> None:
    assert len(only(of({"pattern": "^b"}), {"v": "a" * 100_000})) < 500


def test_faults_that_are_not_listed_are_mentioned() -> None:
    chart = of({"items": {"type": "string"}})
    assert len(faults(chart, {"v": [1] * MAX_FAULTS})) == MAX_FAULTS
    more = faults(chart, {"v": [1] * (MAX_FAULTS + 1)})
    assert "\n".join(more[MAX_FAULTS:]) == (
        "error[values-schema]: there are more than the 50 faults that are listed\n"
        "  in: chart c\n"
        "  help: correct those that are listed first"
    )
    many = faults(of({"items": {"anyOf": [{"type": "string"}] * 300}}), {"v": [1] * 2000})
    assert "\n".join(many[1:]) == (
        "error[values-schema]: there may be more faults: these values are too large to list them\n"
        "  in: chart c\n"
        "  help: correct those that are listed first"
    )


def test_each_schema_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = of({"type": "string"})
    checker = SchemaChecker(LIMITS)
    checker.check(chart, {"v": "a"})
    monkeypatch.setattr("sro_render.charts.schemas.parse_schema", None)
    checker.check(chart, {"v": "b"})


def test_values_can_be_checked_without_an_engine() -> None:
    check_values(of({"type": "string"}), {"v": "a"})
    with pytest.raises(SroError):
        check_values(of({"type": "string"}), {"v": 1})


def doubling(keyword: str, steps: int) -> dict[str, Any]:
    definitions: dict[str, Any] = {
        f"a{n}": {keyword: [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(steps)
    }
    return {"$ref": "#/$defs/a0", "$defs": {**definitions, f"a{steps}": {"type": "array"}}}


BOMBS: list[tuple[object, object, str]] = [
    (doubling("allOf", 60), 1, "takes more than 1000000 steps"),
    (doubling("anyOf", 60), 1, "takes more than 1000000 steps"),
    (
        {"$ref": "#/$defs/n", "$defs": {"n": {"allOf": [{"properties": {"v": {"$ref": "#/$defs/n"}}}] * 3}}},
        {"v": {"v": {"v": {"v": {"v": {"v": {"v": {"v": {"v": {"v": {"v": {"v": {"v": {}}}}}}}}}}}}}},
        "takes more than 1000000 steps",
    ),
    ({"properties": {str(n): {} for n in range(60_000)}}, 1, "has more than 50000 schemas in it"),
    (
        {
            "$ref": "#/$defs/a0",
            "$defs": {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(5000)} | {"a5000": {}},
        },
        1,
        "lead through hundreds of others",
    ),
    ({"properties": {"v": {"pattern": "^(a+)+$"}}}, "a" * 200_000 + "b", "does not match the pattern"),
    ({"properties": {"v": {"items": {"type": "string"}}}}, [1] * 100_000, "must be a string"),
    ({"properties": {"v": {"items": {"anyOf": [{"type": "string"}] * 300}}}}, [1] * 20_000, "fits none"),
]


@pytest.mark.parametrize(("schema", "value", "message"), BOMBS)
def test_a_schema_from_a_stranger_is_bounded(schema: object, value: object, message: str) -> None:
    started = time.process_time()
    texts = faults(chart_with(schema), {"v": value})
    assert time.process_time() - started < 5
    assert 1 <= len(texts) <= MAX_FAULTS + 1
    assert message in texts[0].split("\n")[0]


def test_a_schema_that_refers_to_itself_is_fine_where_the_values_end() -> None:
    node = {"properties": {"v": {"$ref": "#/$defs/n"}, "x": {"type": "string"}}}
    chart = chart_with({"$ref": "#/$defs/n", "$defs": {"n": node}})
    assert faults(chart, {"v": {"v": {"x": "a"}}}) == []
    assert "  --> v.v.x\n" in only(chart, {"v": {"v": {"x": 1}}})
