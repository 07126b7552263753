"""Hostile YAML, JSON and schemas, wherever a text of a stranger is read.

Matrix: aliases that grow, nesting without end, aliases to themselves and huge numbers, in every file of a
chart, in values files, single values, specs, inventories, an index and what templates print; schemas that
refer elsewhere, to themselves, or are large; files that hold something else than they should. Left out:
the reader's own faults (tests/unit/yamltext), the texts of functions (test_templates.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

V1 = "apiVersion: v1\nname: kmod\nversion: 1.0.0\n"
TOO_MANY = "aliases add more than 1,000,000 values to this text"
TOO_DEEP = "more than 200 collections stand inside each other"
RENDERED = "[rendered-yaml]: kmod/templates/0000-state.yaml renders text that is not YAML: "


# CVE-2019-11253 (Kubernetes): aliases that stand for more and more values took all memory.
@pytest.mark.parametrize("path", ["Chart.yaml", "values.yaml", "requirements.yaml"])
@pytest.mark.parametrize("attack", ["aliases", "depth", "flow", "itself"])
def test_yaml_of_a_chart_does_not_grow(
    victim: Any, laughs: Callable[..., str], path: str, attack: str
) -> None:
    head = V1 if path == "Chart.yaml" else ""
    text, message = {
        "aliases": (laughs(), f"[yaml-aliases]: {TOO_MANY}"),
        "depth": ("x: " + "[" * 100_000, f"[yaml-depth]: {TOO_DEEP}"),
        "flow": ("x: " + "{a: " * 100_000, f"[yaml-depth]: {TOO_DEEP}"),
        "itself": ("x: &a [*a]\n", "[yaml-aliases]: the value of &a contains itself"),
    }[attack]
    victim.write({"Chart.yaml": V1, path: head + text})
    if path == "Chart.yaml":  # whose chart it is, `build` cannot tell from it, but from the folder
        assert victim.run("build").code == 2
    victim.assert_refused(message, command="template" if path == "Chart.yaml" else "")


@pytest.mark.parametrize("attack", ["aliases", "depth"])
def test_yaml_that_templates_print_does_not_grow(
    victim: Any, laughs: Callable[..., str], attack: str
) -> None:
    text, message = {"aliases": (laughs(), TOO_MANY), "depth": ("[" * 100_000, TOO_DEEP)}[attack]
    victim.write({"templates/0000-state.yaml": text})
    victim.assert_refused(RENDERED + message)


@pytest.mark.parametrize("attack", ["aliases", "depth"])
def test_yaml_of_a_crd_does_not_grow(victim: Any, laughs: Callable[..., str], attack: str) -> None:
    text, message = {"aliases": (laughs(), TOO_MANY), "depth": ("[" * 100_000, TOO_DEEP)}[attack]
    victim.write({"crds/a.yaml": text})
    outcome = victim.run("build")
    assert outcome.code == 2
    assert message in outcome.err.split("\n")[0]


@pytest.mark.parametrize("file", ["spec.yaml", "nodes.json"])
@pytest.mark.parametrize("attack", ["aliases", "depth"])
def test_yaml_of_specs_and_inventories_does_not_grow(
    victim: Any, laughs: Callable[..., str], file: str, attack: str
) -> None:
    text, message = {
        "aliases": (laughs(), f"[yaml-aliases]: {TOO_MANY}"),
        "depth": ("[" * 100_000, f"[yaml-depth]: {TOO_DEEP}"),
    }[attack]
    victim.project.write(file, text)
    victim.assert_refused(message, command="build")


def test_yaml_of_an_index_does_not_grow(victim: Any, laughs: Callable[..., str]) -> None:
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "charts", "namespace": "ns"},
        "data": {"index.yaml": f"apiVersion: v1\n{laughs()}"},
    }
    victim.project.write("cm.json", json.dumps(config_map))
    spec = (victim.root / "spec.yaml").read_text().replace("file:///charts", "cm://ns/charts")
    victim.project.write("spec.yaml", spec)
    victim.assert_refused(f"[yaml-aliases]: {TOO_MANY}", "--inventory", "cm.json", command="build")


# CVE-2022-23524 and CVE-2022-36055 (Helm): single values took all stack, and all memory.
@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--set", "a." * 50_000 + "b=1", "[set-limit]: a name has at most 30 points"),
        ("--set", "a[1000000000]=1", "[set-limit]: the index 1000000000 is greater than 65536"),
        ("--set", "a=" + "{" * 50_000, "[set-syntax]: the list that begins here is not closed"),
        ("--set-json", "a=" + "[" * 50_000, "[set-json]: the collections are nested too deep"),
        ("--set-json", "a=" + '{"a":' * 20_000, "[set-json]: the collections are nested too deep"),
        ("-f", "laughs.yaml", f"[yaml-aliases]: {TOO_MANY}"),
        ("-f", "deep.yaml", f"[yaml-depth]: {TOO_DEEP}"),
    ],
)
def test_values_of_the_command_line_do_not_grow(
    victim: Any, laughs: Callable[..., str], option: str, text: str, message: str
) -> None:
    victim.project.write("laughs.yaml", laughs())
    victim.project.write("deep.yaml", "a: " + "[" * 100_000)
    victim.assert_refused(message, option, text, command="template")


@pytest.mark.parametrize("number", ["9" * 100_000, "1e999999999", "0x" + "f" * 10_000, "-" + "9" * 5_000])
def test_huge_numbers_are_no_work(victim: Any, number: str) -> None:
    victim.write({"values.yaml": f"n: {number}\n"})
    state = (victim.root / "charts/kmod/templates/0000-state.yaml").read_text()
    shown = "{{ $_ := add .Values.n 1 }}{{ $_ := mul .Values.n .Values.n }}{{ int .Values.n | quote }}"
    victim.write({"templates/0000-state.yaml": f"{state}  n: {shown}\n"})
    assert [victim.run(command).code for command in ("template", "build")] == [0, 0]


UNUSABLE = "[values-schema]: the schema of the chart's values cannot be used: "
# CVE-2025-55199 (Helm): a `$ref` to a file without end took all memory.
REFERENCES = {
    "http://127.0.0.1:9/x": "another server",
    "https://example.org/x.json": "another server",
    "file:///dev/zero": "another file",
    "file:///etc/passwd": "another file",
    "../../../secret.yaml": "another file",
    "/etc/passwd": "another file",
    "other.json": "another file",
    "urn:x:y": "a name that stands for another schema",
}


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
@pytest.mark.parametrize("reference", REFERENCES)
def test_a_schema_loads_nothing(victim: Any, reference: str, keyword: str) -> None:
    victim.write({"values.schema.json": json.dumps({"properties": {"a": {keyword: reference}}})})
    what = REFERENCES[reference]
    message = f"{UNUSABLE}'{reference}' refers to {what}, and nothing is ever loaded for a schema"
    victim.assert_refused(message)


CHAIN = {f"d{number}": {"$ref": f"#/$defs/d{number + 1}"} for number in range(5_000)}
SCHEMAS: dict[str, tuple[str, str]] = {
    "a schema that is itself": (
        '{"$ref": "#"}',
        UNUSABLE + "a reference leads back to itself without going into the value",
    ),
    # CVE-2025-32387 (Helm): references in a chain took all stack.
    "a chain of references": (
        json.dumps({"$defs": {**CHAIN, "d5000": {}}, "$ref": "#/$defs/d0"}),
        UNUSABLE + "its references lead through hundreds of others",
    ),
    "nesting without end": ("[" * 100_000, UNUSABLE + "it is nested deeper than 200 levels"),
    "objects without end": ('{"not":' * 100_000, UNUSABLE + "it is nested deeper than 200 levels"),
    "many schemas": (
        json.dumps({"allOf": [{}] * 60_000}),
        UNUSABLE + "it has more than 50000 schemas in it",
    ),
    "a draft of nobody": (
        '{"$schema": "file:///etc/passwd"}',
        UNUSABLE + "$schema is 'file:///etc/passwd', which is no draft that Helm knows without loading it",
    ),
    "a pattern that takes long elsewhere": (
        json.dumps({"properties": {"a": {"pattern": "^(a+)+$"}}}),
        f"[values-schema]: '{'a' * 79}… does not match the pattern of the schema",
    ),
}


@pytest.mark.parametrize("attack", SCHEMAS)
def test_a_schema_takes_no_more_than_its_share(victim: Any, attack: str) -> None:
    text, message = SCHEMAS[attack]
    victim.write({"values.schema.json": text, "values.yaml": f"a: {'a' * 200}b\n"})
    victim.assert_refused(message)


def test_a_schema_that_doubles_at_each_level_of_the_values_ends(victim: Any) -> None:
    twice = {"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}
    values = "{}"
    for _ in range(40):
        values = f"{{a: {values}}}"
    victim.write({"values.schema.json": json.dumps(twice), "values.yaml": f"{values}\n"})
    victim.assert_refused(f"{UNUSABLE}checking the values takes more than 1000000 steps")


# CVE-2024-26147, CVE-2025-55198 and CVE-2022-23526 (Helm): files that held something else ended helm.
OTHERWISE = {
    "an empty Chart.yaml": ("Chart.yaml", ""),
    "a list as Chart.yaml": ("Chart.yaml", "[]"),
    "nothing in maintainers": ("Chart.yaml", V1 + "maintainers: [null]\n"),
    "nothing in dependencies": ("Chart.yaml", V1 + "dependencies: [null]\n"),
    "a text as dependencies": ("Chart.yaml", V1 + "dependencies: x\n"),
    "a list as annotations": ("Chart.yaml", V1 + "annotations: [x]\n"),
    "a list as requirements": ("requirements.yaml", "[1]"),
    "a list as values": ("values.yaml", "[1]"),
    "a text as values": ("values.yaml", "x"),
    "bytes as values": ("values.yaml", b"\x00\xff\xfe"),
    "an empty schema": ("values.schema.json", ""),
    "a number as schema": ("values.schema.json", "1"),
    "nothing as schema": ("values.schema.json", "null"),
    "bytes as schema": ("values.schema.json", b"\xff\xff"),
    "a schema with nothing in properties": ("values.schema.json", '{"properties": {"a": null}}'),
    "bytes as template": ("templates/0000-state.yaml", b"\xff\x00\xfe"),
}


@pytest.mark.parametrize("attack", OTHERWISE)
def test_a_file_that_holds_something_else_is_an_error_with_its_name(victim: Any, attack: str) -> None:
    path, content = OTHERWISE[attack]
    if path == "requirements.yaml":
        victim.write({"Chart.yaml": V1})
    victim.write({path: content})
    outcome = victim.run("template")
    assert outcome.code == 2
    assert path in outcome.err
    assert victim.run("build").code == 2
