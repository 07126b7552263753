"""What differs between two objects: fields, items of lists, and their keys.

Matrix: each list that Kubernetes gives keys and that is known here, judged by the keys in Kubernetes' own
schemas; lists without keys, with doubled and missing ones; types that Python takes for equal; order.
Left out: what holds for all objects (tests/laws/test_diff_laws.py).
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from sro_render.diff.compare import compare
from sro_render.diff.keyed_lists import _KEYS, _SETS
from sro_render.review.diff_words import path_text

Change = tuple[str, Any, Any]


def changes(before: Any, after: Any) -> list[Change]:
    return [(path_text(each.path), each.before, each.after) for each in compare(before, after)]


def keys_of_kubernetes() -> list[tuple[str, tuple[str, ...]]]:
    """(field, keys) of each list with keys in the newest schemas; no keys for a set."""
    spec = find_spec("kubernetes_validate")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema" / "v1.33.0-local-strict"
    definitions = json.loads((folder / "_definitions.json").read_text("utf-8"))
    found: set[tuple[str, tuple[str, ...]]] = set()
    for definition in (definitions.get("definitions") or definitions.get("$defs")).values():
        for name, schema in definition.get("properties", {}).items():
            if schema.get("x-kubernetes-list-type") == "set":
                found.add((name, ()))
            elif "x-kubernetes-list-map-keys" in schema:
                found.add((name, tuple(schema["x-kubernetes-list-map-keys"])))
    return sorted(found)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        (name, keys)
        for name, keys in keys_of_kubernetes()
        # Of owners the uid is the server's own; resources and items with these keys are those of a status.
        if (name in _KEYS or name in _SETS)
        and (name, keys)
        not in {("ownerReferences", ("uid",)), ("resources", ("resourceID",)), ("items", ("type",))}
    ],
)
def test_items_are_matched_by_the_keys_of_kubernetes(name: str, keys: tuple[str, ...]) -> None:
    if not keys:
        assert changes({name: ["a", "b"]}, {name: ["b", "a"]}) == []
        return
    one, two = ({key: f"{key}-{which}" for key in keys} for which in "ab")
    before: Any = {name: [one, two]}
    after: Any = {name: [{**two, "x": 1}, one]}
    found = compare(before, after)
    assert [(each.path[-1], each.before, each.after) for each in found] == [("x", UNSET, 1)]


def test_a_field_is_added_changed_or_removed() -> None:
    found = changes({"a": 1, "b": {"c": "x"}, "d": None}, {"b": {"c": "y"}, "d": None, "e": []})
    assert found == [("a", 1, UNSET), ("b.c", "x", "y"), ("e", UNSET, [])]


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, ""), ({}, [])]
)
def test_values_of_different_types_differ(before: Any, after: Any) -> None:
    assert changes({"a": before}, {"a": after}) == [("a", before, after)]


def test_null_is_not_the_same_as_nothing() -> None:
    assert changes({"a": None}, {}) == [("a", None, UNSET)]


def test_items_go_by_their_place_where_two_have_one_key_or_one_has_none() -> None:
    a, b = {"name": "a", "value": "1"}, {"name": "a", "value": "2"}
    assert changes({"env": [a, b]}, {"env": [b, a]}) == [
        ("env[0].value", "1", "2"),
        ("env[1].value", "2", "1"),
    ]
    assert changes({"env": [a, {"value": "2"}]}, {"env": [a]}) == [("env[1]", {"value": "2"}, UNSET)]


def test_the_order_of_arguments_counts() -> None:
    assert changes({"args": ["a", "b"]}, {"args": ["b", "a"]}) == [
        ("args[0]", "a", "b"),
        ("args[1]", "b", "a"),
    ]


def test_init_containers_go_by_name_until_their_order_changes() -> None:
    a, b = {"name": "a", "image": "1"}, {"name": "b", "image": "1"}
    assert changes({"initContainers": [a, b]}, {"initContainers": [a, {**b, "image": "2"}]}) == [
        ("initContainers[name=b].image", "1", "2")
    ]
    assert changes({"initContainers": [a, b]}, {"initContainers": [b, a]}) == [
        ("initContainers[0].name", "a", "b"),
        ("initContainers[1].name", "b", "a"),
    ]


def test_a_port_without_protocol_is_one_with_tcp() -> None:
    before = {"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]}
    after = {"ports": [{"containerPort": 80, "protocol": "UDP"}, {"containerPort": 80, "name": "web"}]}
    assert changes(before, after) == [("ports[containerPort=80,protocol=TCP].name", UNSET, "web")]


def test_rules_of_a_role_go_by_what_they_are_about() -> None:
    pods = {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get"]}
    other = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get"]}
    more = {**pods, "resources": ["nodes", "pods"], "verbs": ["delete", "get"]}
    assert changes({"rules": [pods, other]}, {"rules": [other, more]}) == [
        ("rules[apiGroups=,resources=nodes,pods].verbs[item=delete]", UNSET, "delete")
    ]


def test_alerts_go_by_name_and_hosts_by_host() -> None:
    alert = {"alert": "Hot", "labels": {"severity": "warning"}, "expr": "a > 1"}
    crit = {"alert": "Hot", "labels": {"severity": "critical"}, "expr": "a > 2"}
    found = changes({"rules": [alert, crit]}, {"rules": [crit, {**alert, "expr": "a > 3"}]})
    assert found == [("rules[alert=Hot,labels.severity=warning].expr", "a > 1", "a > 3")]
    hosts = {"rules": [{"host": "a"}, {"host": "b"}]}
    assert changes(hosts, {"rules": [{"host": "b"}, {"host": "a"}]}) == []


def test_keys_with_dots_stand_in_brackets() -> None:
    found = changes({"metadata": {"labels": {}}}, {"metadata": {"labels": {"a.b/c": "1", "": "2"}}})
    assert [path for path, _, _ in found] == ["metadata.labels[]", "metadata.labels[a.b/c]"]
