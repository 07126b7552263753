"""Files given in the wrong place, or that are something else than what was asked for.

Matrix: what stands among specs, as inventory, as charts and as output, each with its whole message.
Left out: mistakes inside a file of the right kind (test_wrong_inputs).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from yaml._yaml import CParser

from sro_render.yamltext import places

SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: s"


def build(project: Any, **options: str) -> Any:
    """A build with another place for some of its inputs: specs=, inventory=, charts=, out=."""
    given = {"specs": "spec.yaml", "inventory": "nodes.json", "charts": "charts", "out": "out"} | options
    specs = given.pop("specs")
    return project.run("build", specs, *(f"--{name}={value}" for name, value in given.items()))


def test_one_other_object_among_specs_is_named(project: Any) -> None:
    spec = (project.root / "spec.yaml").read_text()
    project.write("spec.yaml", f"{spec}---\n{SERVICE}\n")
    assert (
        project.build().err
        == """\
warning[spec-ignored]: Service/s is not a SpecialResource, and is not rendered
  --> spec.yaml:13:1
  13 | apiVersion: v1
     | ^
  help: keep other objects out of the folder of specs, or apply them by other means
"""
    )


def test_many_other_objects_in_one_file_are_one_finding(project: Any) -> None:
    spec = (project.root / "spec.yaml").read_text()
    others = "".join(f"---\n{SERVICE}{number}\n" for number in range(12))
    project.write("spec.yaml", f"{spec}{others}")
    outcome = project.build()
    assert outcome.code == 0
    assert (
        outcome.err
        == """\
warning[spec-ignored]: 12 objects of this file are not SpecialResources, and are not rendered
  --> spec.yaml:13:1
  13 | apiVersion: v1
     | ^
  note: Service/s0
  note: Service/s1
  note: Service/s2
  note: Service/s3
  note: Service/s4
  note: and 7 more
  help: keep other objects out of the folder of specs, or apply them by other means
"""
    )


def test_a_text_is_read_once_however_many_of_its_places_are_shown(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = json.dumps({"apiVersion": "sro.openshift.io/v1beta1", "kind": "SpecialResource", "spek": 1})
    project.write("spec.yaml", f'{{"kind": "List", "items": [{", ".join([spec] * 20)}]}}')
    read: list[str] = []

    def parser(text: str) -> Any:
        read.append(text)
        return CParser(text)

    monkeypatch.setattr(places, "CParser", parser)
    outcome = project.build()
    assert outcome.err.count("error[unknown-key]: 'spek' is not a key of this document") == 20
    assert len(read) == 1  # once for all of them, so that the time is in proportion


def test_nodes_as_spec_are_sent_to_the_right_option(project: Any) -> None:
    assert (
        build(project, specs="nodes.json").err
        == """\
error[spec-empty]: no SpecialResource in nodes.json
  note: there is 1 object of kind Node
  help: nodes.json has nodes: give it with --inventory
nothing was written: 1 error
"""
    )


def test_another_object_as_spec_is_named(project: Any) -> None:
    project.write("service.yaml", SERVICE)
    assert (
        build(project, specs="service.yaml").err
        == """\
error[spec-empty]: no SpecialResource in service.yaml
  note: there is 1 object of kind Service
  help: a spec is YAML with kind: SpecialResource, apiVersion: sro.openshift.io/v1beta1
nothing was written: 1 error
"""
    )


def test_a_chart_among_specs_is_not_taken_for_a_misspelt_spec(project: Any) -> None:
    assert (
        build(project, specs="charts/kmod/Chart.yaml").err
        == """\
error[unknown-kind]: this document has no kind
  --> charts/kmod/Chart.yaml:1:1 (kind)
  1 | apiVersion: v2
    | ^
  help: a spec is YAML with kind: SpecialResource, apiVersion: sro.openshift.io/v1beta1
nothing was written: 1 error
"""
    )


def test_an_empty_inventory_is_named(project: Any) -> None:
    project.write("nodes.json", "")
    assert (
        project.build().err
        == """\
error[inventory-empty]: no nodes in nodes.json
  note: nodes.json is empty
  help: make one with: kubectl get nodes -o json > nodes.json
nothing was written: 1 error
"""
    )


NO_RENDER = '{{ fail "this is not to be rendered" }}\n'


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("spec.yaml", "spec.yaml is a file, not a folder"),
        ("spec.yaml/a/b", "spec.yaml is a file, not a folder"),
        ("dangling", "dangling is a link, and leads to no folder"),
    ],
)
def test_an_out_that_is_no_folder_is_refused_before_anything_is_rendered(
    project: Any, out: str, message: str
) -> None:
    (project.root / "dangling").symlink_to("nowhere")
    project.write("charts/kmod/templates/0000-state.yaml", NO_RENDER)
    outcome = build(project, out=out)
    assert outcome.code == 2
    assert outcome.err == (
        f"error[output-no-folder]: {message}\n"
        "  --> --out\n"
        "  help: name a folder; it is made if it does not exist\n"
        "nothing was written: 1 error\n"
    )


@pytest.mark.parametrize("origin", ["--cluster", "metadata.name of the NodeInventory"])
def test_a_clusters_name_that_is_no_folders_is_refused_before_anything_is_rendered(
    project: Any, origin: str
) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", NO_RENDER)
    inventory = {
        "apiVersion": "sro.openshift.io/v1alpha1",
        "kind": "NodeInventory",
        "metadata": {"name": "../x"},
        "nodes": [{"name": "n", "kernelVersion": "5.1"}],
    }
    options = {"cluster": "../x"}
    if origin != "--cluster":
        project.write("nodes.json", json.dumps(inventory))
        options = {}
    outcome = build(project, **options)
    assert outcome.code == 2
    assert outcome.err == (
        "error[output-cluster-name]: '../x' cannot be the name of a cluster's folder\n"
        f"  --> {origin}\n"
        "  help: use letters, digits, '.', '_' and '-', a letter or digit first, no dot at the end, "
        "200 characters at most, and no device's name such as CON\n"
        "nothing was written: 1 error\n"
    )


def test_a_file_as_folder_of_charts_is_called_a_file(project: Any) -> None:
    assert (
        build(project, charts="spec.yaml").err
        == """\
error[no-such-file]: spec.yaml is a file, not a folder
  --> --charts
  help: name the folder in which charts lie, as folders or .tgz
nothing was written: 1 error
"""
    )


def test_a_misspelt_folder_of_charts_gets_the_name_of_a_folder(project: Any) -> None:
    project.write("chart.yaml", "")
    assert (
        build(project, charts="chart").err
        == """\
error[no-such-file]: there is no folder chart
  --> --charts
  help: did you mean charts?
nothing was written: 1 error
"""
    )


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("miss.yaml", ""),  # not api.yaml: what they share is their ending
        ("spce.yaml", "  help: did you mean spec.yaml?\n"),
        ("spec.yml", "  help: did you mean spec.yaml?\n"),
        ("nodes.yaml", "  help: did you mean nodes.json?\n"),
    ],
)
def test_a_misspelt_file_gets_the_nearest_name_but_none_that_only_ends_alike(
    project: Any, given: str, hint: str
) -> None:
    project.write("api.yaml", "")
    assert build(project, specs=given).err == (
        f"error[no-such-file]: there is no file or folder {given}\n{hint}nothing was written: 1 error\n"
    )


def test_a_misspelt_command_gets_the_nearest_name(project: Any) -> None:
    outcome = project.run("biuld", "spec.yaml")
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1] == "Error: No such command 'biuld'. Did you mean build?"
    assert project.run("zzz").err.splitlines()[-1] == "Error: No such command 'zzz'."


def test_earlier_output_inside_the_folder_of_specs_is_no_spec(project: Any) -> None:
    project.write("specs/spec.yaml", (project.root / "spec.yaml").read_bytes())
    first = build(project, specs="specs", out="specs/out")
    second = build(project, specs="specs", out="specs/out")
    assert (first.code, first.err) == (second.code, second.err) == (0, "")
    assert second.out.splitlines()[-1] == "specs/out/cluster: up to date, 8 files"


def test_output_that_is_given_as_spec_is_read_and_refused(project: Any) -> None:
    project.build()
    assert build(project, specs="out/cluster/kmod/namespace").err.splitlines()[1] == (
        "  note: there is 1 object of kind Kustomization, 1 object of kind Namespace"
    )
