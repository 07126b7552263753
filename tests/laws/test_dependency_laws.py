"""Permuting specs and dependency lists changes no byte, lock included.

Matrix: acyclic graphs over six charts, some SRs among the specs and some in their charts, values from
several dependents. Left out: conflicts, whose messages name places in the files.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sro_render.cli.main import run

NAMES = "abcdef"
NODES = {
    "kind": "NodeInventory",
    "apiVersion": "sro.openshift.io/v1alpha1",
    "nodes": [
        {
            "name": "n",
            "kernelVersion": "4.18.0-305.el8.x86_64",
            "osImage": "Red Hat Enterprise Linux 8.4 (Ootpa)",
            "architecture": "amd64",
        }
    ],
}
STATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data: {mode: "{{ .Values.mode }}", from: {{ .Values.from | toJson | quote }}}
"""


def chart(name: str) -> dict[str, Any]:
    return {"name": name, "version": "1.0.0", "repository": {"name": "r", "url": "file:///charts"}}


@st.composite
def stacks(draw: st.DrawFn) -> tuple[list[dict[str, Any]], set[str]]:
    """The SRs of all charts, and the names of those that are among the specs."""
    ranks = draw(st.permutations(NAMES))
    resources = []
    for rank, name in enumerate(ranks):
        needed = draw(st.lists(st.sampled_from(ranks[rank + 1 :]), unique=True)) if ranks[rank + 1 :] else []
        dependencies = [
            {"chart": chart(each), "set": {"mode": f"{each} mode", "from": {name: draw(st.integers(0, 2))}}}
            for each in needed
        ]
        resources.append(
            {
                "apiVersion": "sro.openshift.io/v1beta1",
                "kind": "SpecialResource",
                "metadata": {"name": name},
                "spec": {
                    "chart": chart(name),
                    "set": {"mode": f"{name} mode", "from": {}},
                    "dependencies": dependencies,
                },
            }
        )
    return resources, {ranks[0], *draw(st.sets(st.sampled_from(NAMES)))}


def tree_of(specs: list[dict[str, Any]], brought: list[dict[str, Any]]) -> dict[str, bytes]:
    """The bundle of specs, and of charts that bring along their own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in NAMES:
            (root / "charts" / name / "templates").mkdir(parents=True)
            text = f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n"
            (root / "charts" / name / "Chart.yaml").write_text(text)
            (root / "charts" / name / "templates" / "0000-state.yaml").write_text(STATE)
        for each in brought:
            name = each["metadata"]["name"]
            (root / "charts" / name / f"{name}.yaml").write_text(yaml.safe_dump(each))
        (root / "spec.yaml").write_text(yaml.safe_dump_all(specs))
        (root / "nodes.json").write_text(json.dumps(NODES))
        arguments = ["--inventory", "nodes.json", "--charts", "charts", "--out", "out"]
        places = [
            str(root / each) if "." in each or each in {"charts", "out"} else each for each in arguments
        ]
        assert run(["-q", "build", str(root / "spec.yaml"), *places]) == 0
        out = root / "out"
        return {
            path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()
        }


@settings(max_examples=20, deadline=None)
@given(stack=stacks(), data=st.data())
def test_permuting_specs_and_dependencies_changes_no_byte(
    stack: tuple[list[dict[str, Any]], set[str]], data: st.DataObject
) -> None:
    resources, described = stack
    specs = [each for each in resources if each["metadata"]["name"] in described]
    brought = [each for each in resources if each["metadata"]["name"] not in described]
    expected = tree_of(specs, brought)
    for each in specs:
        spec = each["spec"]
        spec["dependencies"] = data.draw(st.permutations(spec["dependencies"]))
    assert tree_of(data.draw(st.permutations(specs)), brought) == expected
    names = [each["name"] for each in yaml.safe_load(expected["cluster/sro.lock.yaml"])["specialResources"]]
    places = {name: index for index, name in enumerate(names)}
    for each in resources:
        for dependency in each["spec"]["dependencies"]:
            if each["metadata"]["name"] in places:
                assert places[dependency["chart"]["name"]] < places[each["metadata"]["name"]]
