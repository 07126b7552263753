"""The real helm as judge of `values.schema.json`.

Matrix: which draft is taken, keywords of the drafts 4, 6, 7, 2019-09 and 2020-12, what is kept from one
draft to the next, formats, patterns in Go's dialect, numbers, nulls, references inside the file, ids and
anchors, files that are no schema; defaults, globals, aliases, sub-charts that take no part. Each case is
a sub-chart of one chart, so that one helm process judges a whole table. Left out: messages
(tests/unit/charts/test_schemas.py), references out of the file but for the proof that Helm follows them.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.schemas import SchemaChecker
from sro_render.errors import ChartError, SroError, flatten
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext.reader import read_values

LIMITS = Limits()
D4 = "http://json-schema.org/draft-04/schema#"
D6 = "http://json-schema.org/draft-06/schema#"
D7 = "http://json-schema.org/draft-07/schema#"
D19 = "https://json-schema.org/draft/2019-09/schema"
D20 = "https://json-schema.org/draft/2020-12/schema"
DRAFTS = (D4, D6, D7, D19, D20, None)

Case = tuple[str, str]
"""A whole schema file and the value `v` in `values.yaml`, as texts."""


def of(draft: str | None, schema: object, *values: str, **beside: object) -> list[Case]:
    """A schema for `v`, put to several values."""
    head = {"$schema": draft} if draft else {}
    text = json.dumps({**head, "properties": {"v": schema}, **beside})
    return [(text, value) for value in values]


def each(schema: object, *values: str, **beside: object) -> list[Case]:
    """The same in every draft."""
    return [case for draft in DRAFTS for case in of(draft, schema, *values, **beside)]


def raw(text: str, *values: str) -> list[Case]:
    return [(text, value) for value in values]


DRAFT_NAMES = [
    case
    for name in (
        *(D4, D6, D7, D19, D20),
        "http://json-schema.org/schema#",
        "https://json-schema.org/schema",
        "https://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft/2020-12/schema#",
        "http://json-schema.org/draft-03/schema#",
        "http://json-schema.org/draft-07/schema#/properties",
        "draft-07",
        "",
    )
    for case in of(name, {"format": "ipv4", "const": 1, "if": True, "then": {"minimum": 2}}, "'x'", "1", "2")
]

KEYWORDS = [
    *each({"type": "integer"}, "1", "1.0", "1.5", "'1'", "1e300", "9007199254740993", "true", "-0"),
    *each({"type": ["string", "null"]}, "a", "null", "~", "1", "[]"),
    *each({"type": "number"}, "1", "1.5", "'1'", ".5e3"),
    *each(
        {"enum": [1, "a", None, [1], {"a": 1.0}]}, "1", "1.0", "a", "[1]", "{a: 1}", "{a: 2}", "b", "[1.0]"
    ),
    *each({"const": {"a": [1]}}, "{a: [1.0]}", "{a: [2]}", "1"),
    *each({"minimum": 2, "exclusiveMinimum": True}, "2", "3"),
    *each({"minimum": 2, "exclusiveMinimum": False}, "2", "1"),
    *each({"exclusiveMinimum": 2}, "2", "3"),
    *each({"exclusiveMaximum": 2.5, "maximum": 9}, "2.5", "2.4"),
    *each({"multipleOf": 0.1}, "0.3", "0.35", "4.35", "1e3"),
    *each({"multipleOf": 0.01}, "4.35", "0.07", "1.005", "19.99"),
    *each({"minLength": 2, "maxLength": 2.0}, "a", "ab", "abc", "é€", "'😀'", "'😀😀'", "7"),
    *each({"items": [{"type": "string"}], "additionalItems": False}, "[a]", "[1]", "[a, b]", "[]"),
    *each({"items": {"type": "string"}, "additionalItems": False}, "[a]", "[1]", "[a, b]"),
    *each({"prefixItems": [{"type": "string"}], "items": False}, "[a]", "[1]", "[a, b]", "[]"),
    *each({"additionalItems": False}, "[a]"),
    *each({"contains": {"const": 1}, "minContains": 2, "maxContains": 2}, "[1]", "[1, 1]", "[1, 1, 1]", "[]"),
    *each({"contains": {"const": 1}, "minContains": 0}, "[]", "[2]", "[1]"),
    *each({"uniqueItems": True}, "[1, 1.0]", "[1, 2]", "[1, true]", "[{a: 1}, {a: 1}]", "[0, false]"),
    *each({"minProperties": 1, "maxProperties": 1, "minItems": 1}, "{}", "{a: 1}", "{a: 1, b: 1}", "[]"),
    *each({"required": ["a"], "additionalProperties": {"type": "string"}}, "{}", "{a: b}", "{a: 1}"),
    *each({"required": []}, "{}"),
    *each({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}, "{a: 1}", "{a: 1, b: 1}", "{c: 1}"),
    *each(
        {"dependentRequired": {"a": ["b"]}, "dependencies": {"c": ["d"]}}, "{a: 1}", "{c: 1}", "{c: 1, d: 1}"
    ),
    *each({"dependentSchemas": {"a": {"required": ["b"]}}}, "{a: 1}", "{a: 1, b: 1}"),
    *each({"propertyNames": {"maxLength": 2}}, "{abc: 1}", "{ab: 1}"),
    *each({"properties": {"a": True}, "patternProperties": {"^b": False}}, "{a: 1}", "{b: 1}"),
    *each({"properties": {"8080": {"type": "string"}}}, "{8080: 1}", "{'8080': a}"),
    *each({"if": {"const": 1}, "then": False, "else": {"const": 2}}, "1", "2", "3"),
    *each({"then": False, "else": False}, "1"),
    *each({"not": {"type": "string"}, "anyOf": [{"minimum": 3}, {"type": "array"}]}, "a", "4", "1", "[]"),
    *each({"oneOf": [{"minimum": 3}, {"maximum": 5}]}, "4", "1", "9", "a"),
    *each({"allOf": [{"minimum": 3}, {"maximum": 5}]}, "4", "1", "9"),
    *each({"enum": []}, "1"),
    *each({"allOf": []}, "1"),
    *each(
        {"allOf": [{"properties": {"a": {}}}], "properties": {"b": {}}, "unevaluatedProperties": False},
        "{a: 1, b: 1}",
        "{c: 1}",
    ),
    *each(
        {"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "unevaluatedProperties": False},
        "{a: 1}",
        "{a: 2}",
    ),
    *each({"contains": {"const": 1}, "unevaluatedItems": False}, "[1]", "[1, 2]"),
    *each({"contentEncoding": "base64", "contentMediaType": "application/json"}, "'!'", "'{'"),
    *each({"contentMediaType": "application/json", "contentSchema": {"type": "object"}}, "'1'"),
    *each({"contains": {"const": 1}, "items": {"type": "number"}, "unevaluatedItems": False}, "[1]", "[2]"),
    *each({"minLength": -1}, "1"),
    *each({"title": 5}, "1"),
    *each({"x-unknown": {"type": "strnig"}, "examples": [1]}, "1"),
    *each({}, "1", "null"),
    *each(True, "1"),
    *each(False, "1", "null"),
]

WRONG: Sequence[object] = (
    *(
        {"type": "strnig"},
        {"type": []},
        {"type": ["string", "string"]},
        {"minLength": -1},
        {"minLength": "1"},
    ),
    *(
        {"title": 5},
        {"description": []},
        {"enum": 1},
        {"enum": [1, 1]},
        {"required": "a"},
        {"required": [1]},
    ),
    *(
        {"required": ["a", "a"]},
        {"properties": []},
        {"items": 5},
        {"items": []},
        {"items": [5]},
        {"allOf": {}},
    ),
    *({"anyOf": []}, {"not": 5}, {"multipleOf": 0}, {"maximum": "1"}, {"pattern": 5}, {"format": 5}),
    *(
        {"exclusiveMinimum": True},
        {"exclusiveMinimum": "1"},
        {"uniqueItems": 1},
        {"default": 1},
        {"const": None},
    ),
    *(
        {"additionalProperties": 5},
        {"additionalItems": "a"},
        {"dependencies": {"a": 1}},
        {"if": 1},
        {"$id": 5},
    ),
    *(
        {"dependencies": {"a": []}},
        {"dependentRequired": {"a": [1]}},
        {"contains": []},
        {"propertyNames": 1},
    ),
    *({"$comment": 1}, {"readOnly": 1}, {"id": 5}, {"$anchor": "1 a"}, {"$anchor": 5}, {"$defs": 1}),
    *(
        {"definitions": 5},
        {"definitions": {"a": 5}},
        {"definitions": {"a": {"type": "x"}}},
        {"$schema": 5},
    ),
    *(
        {"$id": "a b"},
        {"$id": "%zz"},
        {"$id": "a#b"},
        {"patternProperties": {"a": 5}},
        {"prefixItems": []},
    ),
    *(
        {"unevaluatedItems": 5},
        {"minContains": -1},
        {"contentMediaType": 5},
        {"deprecated": "yes"},
        {"type": None},
    ),
    *(
        {"$vocabulary": {}},
        {"$recursiveAnchor": 5},
        {"$dynamicAnchor": "1"},
        {"$ref": "a b"},
        {"$ref": "#/a b"},
    ),
    *([], 5, "a", None),
)
WRONG_SCHEMAS = [case for schema in WRONG for case in each(schema, "1")]


FORMAT_VALUES: Mapping[str, Sequence[str]] = {
    "date": ("2024-02-29", "2023-02-29", "2024-2-29", "1900-02-29", "2000-02-29", "0000-01-01", "2024-13-01"),
    "time": (
        "12:00:00Z",
        "23:59:60Z",
        "12:00:60Z",
        "12:00:00",
        "12:00:00.5+01:00",
        "24:00:00Z",
        "00:59:60+01:00",
        "12:00:00.Z",
        "12:00:00+24:00",
        "23:59:60-00:30",
        "+1:00:00Z",
    ),
    "date-time": ("2024-01-01T00:00:00Z", "2024-01-01 00:00:00Z", "2024-01-01t00:00:00z", "2024-01-01"),
    "duration": (
        "P1Y2M3DT4H5M6S",
        "P4W",
        "P",
        "PT",
        "P1YT",
        "P1M1Y",
        "PT1S",
        "P1W1D",
        "1Y",
        "P-1D",
        "PT1H2S",
    ),
    "period": ("2024-01-01T00:00:00Z/P1D", "P1D/2024-01-01T00:00:00Z", "P1D/P1D", "2024-01-01T00:00:00Z"),
    "ipv4": ("1.2.3.4", "1.2.3", "01.2.3.4", "256.1.1.1", "1.2.3.4.5", "1.2.3.x", "1..2.3", "1.2.3.4."),
    "ipv6": (
        "::1",
        "::ffff:1.2.3.4",
        "fe80::1%eth0",
        "1::2::3",
        "1.2.3.4",
        "12345::",
        "1:2:3:4:5:6:7:8",
        ":::",
    ),
    "hostname": ("a.b", "-a", "a-", "a_b", "a.", "a..b", "", "é", f"{'a' * 64}", "1", "A-1.c"),
    "email": (
        "a@b",
        "a",
        "a@b@c",
        '"a b"@c',
        ".a@b",
        "a..b@c",
        "a@[1.2.3.4]",
        "a@[IPv6:::1]",
        "a@-b",
        "@b",
        "é@b",
    ),
    "uri": (
        "http://a",
        "a",
        "mailto:a@b",
        "http://[::1]:80/",
        "http://[::1",
        "http://a:b",
        "http://a/%zz",
        "a:b",
        "http://a b",
        "//a",
        "1a:b",
        "http://ü/",
        "http://a/ b",
        "urn:x:y",
        "http://a?q=%zz",
        "file:///x",
        ":a",
    ),
    "iri": ("http://ü/", "a"),
    "uri-reference": ("a", "a\\b", "//a:x", "#%zz", "a:b:c", "./a:b", "", "?a", "1:b", "//u:p@h/", "//[::1]"),
    "iri-reference": ("é", "a\\b"),
    "uri-template": ("/a/{b}", "/a/{b", "/a/{{b}}", "/a/}b{", "http://x/{a}{b}", "x", "/%zz"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000", "x", "{1}"),
    "json-pointer": ("/a/b~0~1", "a", "/~2", "", "/~", "/a//b"),
    "relative-json-pointer": ("1/a", "0#", "01/a", "/a", "1", "1a"),
    "regex": ("a+", "(?=a)", "a**", "(", "\\d", "\\Z", "(?i)a"),
    "semver": (
        "1.2.3",
        "1.2",
        "01.2.3",
        "1.2.3-rc.1+b",
        "1.2.3-01",
        "v1.2.3",
        "1.2.3-",
        "1.2.3+",
        "1.2.3-0a",
    ),
    "idn-hostname": ("..",),
    "idn-email": ("..",),
    "color": ("..",),
}
FORMATS = [
    case
    for name, texts in FORMAT_VALUES.items()
    for case in of(D7, {"format": name}, *(json.dumps(text) for text in texts), "5", "[]")
] + [case for draft in DRAFTS for case in of(draft, {"format": "ipv4"}, "x", "1.2.3.4", "7")]

PATTERN_TEXTS = (
    "a",
    "AB",
    "12\n",
    "٣",
    "é",
    "a-b",
    "{2}",
    "{{",
    "\u00a0",
    "\v",
    "a\nb",
    "a\rb",
    "a\u2028b",
    "_",
    "",
    "]",
    "&",
    "\\",
)
PATTERNS = [
    case
    for pattern in (
        *(
            r"^\d+$",
            r"\w",
            r"\s",
            r"\W",
            r"[\s\d]",
            r"[^\w]",
            r"\bb",
            r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            "{2}",
        ),
        *(
            "a{,3}",
            r"\{\{",
            "(?i)ab",
            "(?i:A)B",
            "(?P<n>a)",
            "(?<n>a)",
            r"\pL",
            r"\p{Greek}",
            r"\P{L}",
            "[[:alpha:]]",
        ),
        *(
            "[[:^alpha:]]",
            r"\Aa\z",
            r"\Qa.\E",
            "(?s)a.b",
            "(?s:a.)b|a.b",
            "(?s)(?-s:a.)b",
            "((?s)a.)b|(?si)A.B",
            "^.$",
            "(?m)^b",
            "[&&a]",
            "[a--b]",
            "[[]",
            "[]a]",
            r"\_",
            r"\-",
        ),
        *(
            "(?=a)",
            "(?!a)",
            "(?<=a)",
            r"(a)\1",
            r"\u0041",
            r"\Z",
            r"\x{1F600}",
            r"\x41",
            "a**",
            "a{1001}",
            "[b-a]",
        ),
        *(
            "(",
            ")",
            "[a",
            "*a",
            r"\8",
            "(?P<1a>a)",
            "(?P<a b>a)",
            "((a{10}){11}){11}",
            "(a{10}){10}",
            r"\07",
            "a|*",
        ),
    )
    for case in of(None, {"pattern": pattern}, *(json.dumps(text) for text in PATTERN_TEXTS))
]
PATTERN_KEYS = [
    *each(
        {"patternProperties": {r"^\d$": {"type": "string"}, "^[0-9]$": {"minLength": 2}}},
        "{'1': a}",
        "{'1': ab}",
    ),
    *each({"patternProperties": {"(": {}}}, "{}"),
    *each({"patternProperties": {r"\w": True}, "additionalProperties": False}, "{a: 1}", "{é: 1}"),
]

STRING = {"s": {"type": "string"}}
REFERENCES = [
    *each({"$ref": "#/definitions/s"}, "a", "1", definitions=STRING),
    *each({"$ref": "#/$defs/s"}, "a", "1", **{"$defs": STRING}),
    *each({"$ref": "#/definitions/s", "minLength": 2}, "a", "ab", definitions=STRING),
    *each({"$ref": "#/definitions/s", "const": "b"}, "a", "b", definitions=STRING),
    *each({"$ref": "#/x-own/s"}, "a", "1", **{"x-own": STRING}),
    *each({"$ref": "#/x-own/s"}, "a", **{"x-own": {"s": {"type": "strnig"}}}),
    *each({"$ref": "#/definitions/t"}, "a", definitions=STRING),
    *each({"$ref": "#/definitions/a%20b~1c~0d%25"}, "a", "1", definitions={"a b/c~d%": {"type": "string"}}),
    *each({"$ref": "#/anyOf/0"}, "{}", anyOf=[True]),
    *each({"$ref": "#nowhere"}, "a"),
    *each(True, "a", definitions={"unused": {"$ref": "#/definitions/nowhere"}}),
    *each(True, "a", definitions={"unused": {"pattern": "(?=a)"}}),
    *each(True, "a", definitions={"unused": {"$ref": "http://127.0.0.1:9/x.json"}}),
    *each(
        {"$ref": "#/definitions/node"},
        "{n: {n: {}}}",
        "{n: {n: 1}}",
        definitions={"node": {"type": "object", "properties": {"n": {"$ref": "#/definitions/node"}}}},
    ),
    *each({"$ref": "#/properties/v"}, "a"),
    *each({"allOf": [{"$ref": "#/properties/v"}]}, "a"),
    *each(
        {"$ref": "#/definitions/a"},
        "a",
        definitions={"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
    ),
    *each({"$ref": "#s"}, "a", "1", definitions={"s": {"$id": "#s", "type": "string"}}),
    *each({"$ref": "#s"}, "a", "1", definitions={"s": {"id": "#s", "type": "string"}}),
    *each({"$ref": "#s"}, "a", "1", definitions={"s": {"$anchor": "s", "type": "string"}}),
    *each({"$ref": "#s"}, "a", definitions={"s": {"$anchor": "s"}, "t": {"$anchor": "s"}}),
    *each(
        {"$ref": "http://e.org/s"}, "a", "1", definitions={"s": {"$id": "http://e.org/s", "type": "string"}}
    ),
    *each({"$ref": "s.json"}, "a", "1", definitions={"s": {"$id": "s.json", "type": "string"}}),
    *each(
        {"$ref": "s.json#/definitions/t"},
        "a",
        "1",
        definitions={"s": {"$id": "s.json", "definitions": {"t": {"type": "string"}}}},
    ),
    *each({"$id": "#/properties/v", "type": "string"}, "a", "1"),
    *each(True, "a", **{"$id": "http://e.org/root.json"}),
    *each(
        {"$ref": "root.json#/definitions/s"},
        "a",
        "1",
        definitions=STRING,
        **{"$id": "http://e.org/d/root.json"},
    ),
    *each({"$ref": "values.schema.json#/definitions/s"}, "a", "1", definitions=STRING),
    *each({"$ref": "file:///values.schema.json#/definitions/s"}, "a", "1", definitions=STRING),
    *each(True, "a", definitions={"s": {"$id": "http://e.org/x"}, "t": {"$id": "http://e.org/x"}}),
    *each({"$ref": D20}, "{type: string}", "{type: strnig}"),
    *each({"$dynamicRef": "#s"}, "a", "1", definitions={"s": {"$dynamicAnchor": "s", "type": "string"}}),
    *each({"properties": {"n": {"$recursiveRef": "#"}}}, "{n: {v: {n: 1}}}"),
    *each(
        {"$ref": "#/definitions/s"},
        "1.2.3",
        "1.2.3.4",
        definitions={"s": {"$schema": D20, "$id": "x.json", "format": "ipv4"}},
    ),
    *each({"$ref": "#/definitions/s"}, "1.2.3", definitions={"s": {"$schema": D20, "format": "ipv4"}}),
    *each(
        {"$ref": "#/definitions/s"},
        "[1]",
        "[a]",
        definitions={"s": {"$schema": D7, "$id": "x.json", "items": [{"type": "string"}]}},
    ),
    *each({"$ref": "%zz"}, "1"),
    *each({"$ref": 5}, "1"),
    *each({"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}}, "{$ref: a}", "{$ref: 1}"),
]

FILES = [
    *raw("", "1"),
    *raw("{", "1"),
    *raw("{} {}", "1"),
    *raw("a: b", "1"),
    *raw("null", "1"),
    *raw("[]", "1"),
    *raw('"a"', "1"),
    *raw("5", "1"),
    *raw("{}", "1"),
    *raw("true", "1"),
    *raw("false", "1"),
    *raw('{"properties": {"v": false}, "properties": {}}', "1"),
    *raw('{"maximum": NaN}', "1"),
    *raw('{"title": "a\tb"}', "1"),
    *raw("// comment\n{}", "1"),
    *raw('{"properties": {"v": {"maximum": 1e2}}}', "100", "101"),
    *raw('{"properties": {"v": {"maxLength": 1e0}}}', "a", "ab"),
    *raw('{"properties": {"v": {"maxLength": 1.5}}}', "a", "ab"),
    *raw('{"additionalProperties": false}', "1"),
    *raw('{"properties": {"v": {}}, "additionalProperties": false}', "1"),
    *raw('{"properties": {"v": {}, "global": {"maxProperties": 0}}, "additionalProperties": false}', "1"),
    *raw('{"required": ["global"]}', "1"),
    *raw('{"required": ["v"]}', "1", "null"),
    *raw('{"$ref": "#"}', "1"),
    *raw('{"$ref": "#/definitions/r", "definitions": {"r": {"required": ["x"]}}}', "1"),
    *raw('{"type": "array"}', "1"),
]

TABLES = {
    "draft names": DRAFT_NAMES,
    "keywords": KEYWORDS,
    "wrong schemas": WRONG_SCHEMAS,
    "formats": FORMATS,
    "patterns": PATTERNS,
    "pattern keys": PATTERN_KEYS,
    "references": REFERENCES,
    "files": FILES,
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def chart_of(name: str, **more: str) -> dict[str, str]:
    return {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n", **more}


def helm_refuses(helm: Path, folder: Path, *arguments: str) -> set[str]:
    """The names of the charts whose values helm finds wrong."""
    done = subprocess.run(
        [helm, "template", folder, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode == 0:
        return set()
    assert "values don't meet the specifications of the schema(s)" in done.stderr, done.stderr[:2000]
    return set(re.findall(r"(c[0-9]{5}):\n", done.stderr))


def we_refuse(folder: Path, values: str = "{}") -> set[str]:
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    prepared = Engine(load_chart(files, "p", LIMITS), LIMITS).prepare(
        read_values(Source("values", values), LIMITS)
    )
    try:
        SchemaChecker(LIMITS).check(prepared.chart, prepared.values)
    except (SroError, ExceptionGroup) as error:
        faults = flatten(error)
        assert all(
            isinstance(fault, ChartError) and fault.finding.code == "values-schema" for fault in faults
        )
        return {fault.finding.subject.removeprefix("chart ").rpartition("/")[2] for fault in faults}
    return set()


@pytest.mark.parametrize("table", TABLES)
def test_helm_and_we_refuse_the_same_values(helm: Path, tmp_path: Path, table: str) -> None:
    cases = TABLES[table]
    write(tmp_path, chart_of("parent"))
    for number, (schema, value) in enumerate(cases):
        name = f"c{number:05}"
        files = chart_of(name, **{"values.schema.json": schema, "values.yaml": f"v: {value}\n"})
        write(tmp_path / "charts" / name, files)
    theirs, ours = helm_refuses(helm, tmp_path), we_refuse(tmp_path)
    assert [cases[int(name[1:])] for name in sorted(theirs - ours)] == [], "only helm refuses"
    assert [cases[int(name[1:])] for name in sorted(ours - theirs)] == [], "only we refuse"
    assert theirs
    assert len(theirs) < len(cases)


SUBCHART_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"replicas": {"type": "integer"}, "global": {"type": "object", "required": ["zone"]}},
        "required": ["replicas"],
        "additionalProperties": False,
    }
)
PARENT = """\
apiVersion: v2
name: c00001
version: 0.1.0
dependencies:
  - {name: c00002, version: 0.1.0, condition: c00002.enabled}
  - {name: c00002, version: 0.1.0, alias: c00003, condition: third.enabled}
  - {name: c00004, version: 0.1.0, tags: [back]}
"""
SUBCHART_CASES = (
    "global: {zone: a}",
    "{}",
    "{global: {zone: a}, c00002: {replicas: 1.5}}",
    "{global: {zone: a}, c00002: {replicas: null}}",
    "{global: {zone: a}, c00002: {other: 1}}",
    "{global: {zone: a}, c00002: {other: null}}",
    "{global: {zone: a}, c00003: {other: 1}, third: {enabled: false}}",
    "{global: {zone: a}, c00003: {other: 1}}",
    "{global: {zone: a}, c00004: {inner: x}, tags: {back: false}}",
    "{global: {zone: a}, c00004: {inner: x}}",
    "{global: {zone: a}, c00004: {c00005: {deep: x}}}",
    "{global: {zone: 5}, word: 1}",
    "{global: {zone: a}, word: null}",
    "{global: {zone: a}, c00002: null}",
)


def subchart_files() -> dict[str, str]:
    inner = json.dumps({"properties": {"inner": {"type": "number"}}})
    deep = json.dumps({"properties": {"deep": {"const": 1}, "fromLibrary": {"type": "null"}}})
    files = chart_of("c00001", **{"values.yaml": "word: a\nc00002: {replicas: 2}\n"})
    files["Chart.yaml"] = PARENT
    files["values.schema.json"] = json.dumps(
        {"properties": {"word": {"type": "string"}}, "required": ["word"]}
    )
    for name, schema, values in (
        ("charts/c00002", SUBCHART_SCHEMA, "replicas: 1\n"),
        ("charts/c00004", inner, "inner: 1\n"),
        ("charts/c00004/charts/c00005", deep, "deep: 1\n"),
    ):
        inside = chart_of(name.rpartition("/")[2], **{"values.schema.json": schema, "values.yaml": values})
        files |= {f"{name}/{path}": text for path, text in inside.items()}
    return files


@pytest.mark.parametrize("values", SUBCHART_CASES)
def test_subcharts_are_checked_with_their_values_and_globals(helm: Path, tmp_path: Path, values: str) -> None:
    folder, given = tmp_path / "chart", tmp_path / "values.yaml"
    write(folder, subchart_files())
    given.write_text(values)
    assert we_refuse(folder, values) == helm_refuses(helm, folder, "-f", str(given))


def test_helm_loads_files_that_we_never_touch(helm: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"type": "string"}')
    schema = json.dumps({"properties": {"v": {"$ref": f"file://{tmp_path}/secret.json"}}})
    write(tmp_path / "c", chart_of("c00001", **{"values.schema.json": schema, "values.yaml": "v: a\n"}))
    assert helm_refuses(helm, tmp_path / "c") == set()
    assert we_refuse(tmp_path / "c") == {"c00001"}


def test_helm_lets_names_pass_that_we_refuse(helm: Path, tmp_path: Path) -> None:
    schema = json.dumps({"properties": {"v": {"$ref": "urn:example:v"}}})
    write(tmp_path, chart_of("c00001", **{"values.schema.json": schema, "values.yaml": "v: a\n"}))
    assert helm_refuses(helm, tmp_path) == set()
    assert we_refuse(tmp_path) == {"c00001"}


def test_skipping_the_check_renders_what_the_schema_refuses(helm: Path, tmp_path: Path) -> None:
    write(tmp_path, chart_of("c00001", **{"values.schema.json": "false", "templates/a.yaml": "a: 1\n"}))
    assert helm_refuses(helm, tmp_path) == {"c00001"}
    assert helm_refuses(helm, tmp_path, "--skip-schema-validation") == set()
