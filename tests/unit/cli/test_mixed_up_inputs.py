"""Files given in the wrong place, or that are something else than what was asked for.

Matrix: what stands among specs, as inventory, as charts and as output, each with its whole message.
Left out: mistakes inside a file of the right kind (test_wrong_inputs).
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
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
        # not api.yaml: what they share is their ending
        (
            "miss.yaml",
            "  help: in the current folder there are api.yaml, charts, nodes.json, spec.yaml\n",
        ),
        ("charts/miss.yaml", "  help: in charts there is kmod\n"),
        (
            "charts/kmod/templates/none/miss.yaml",
            "  help: there is no folder charts/kmod/templates/none either\n",
        ),
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


def test_a_folder_of_charts_that_is_not_there_is_told_with_the_folders_that_are(project: Any) -> None:
    for name in "bcdefg":
        project.write(f"{name}/x", "")
    assert (
        build(project, charts="MISSING").err
        == """\
error[no-such-file]: there is no folder MISSING
  --> --charts
  help: in the current folder there are the folders b, c, charts, d, e and 2 more
nothing was written: 1 error
"""
    )
    project.write("one/kmod/x", "")
    assert "  help: in one there is the folder kmod\n" in build(project, charts="one/charts").err
    (project.root / "empty").mkdir()
    assert "  help: there is no folder in empty\n" in build(project, charts="empty/charts").err
    assert "  help: there is nothing in empty\n" in build(project, inventory="empty/nodes.json").err


def test_a_folder_where_values_are_read_is_no_misspelt_one(project: Any) -> None:
    outcome = project.run("template", "x", "charts/kmod", "--set-file", "a=charts")
    assert outcome.err.startswith(
        "error[unreadable-file]: charts cannot be read: Is a directory\n"
        "  help: check that it is a file, and the disk that it lies on\n"
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


def test_the_wrong_version_of_an_api_gets_the_right_one(project: Any) -> None:
    text = (project.root / "spec.yaml").read_text()
    project.write("spec.yaml", text.replace("v1beta1", "v1alpha1"))
    assert (
        project.build().err
        == """\
error[wrong-value]: 'sro.openshift.io/v1alpha1' must be 'sro.openshift.io/v1beta1'
  --> spec.yaml:1:13 (apiVersion)
  1 | apiVersion: sro.openshift.io/v1alpha1
    |             ^^^^^^^^^^^^^^^^^^^^^^^^^
  help: write apiVersion: sro.openshift.io/v1beta1
nothing was written: 1 error
"""
    )


def test_a_planned_kernel_without_its_key_is_shown_with_it(project: Any) -> None:
    project.write(
        "nodes.json",
        "apiVersion: sro.openshift.io/v1alpha1\nkind: NodeInventory\nplannedKernels: [5.14.0-70.el9]\n",
    )
    assert (
        project.build().err
        == """\
error[wrong-type]: this must be a mapping, and is the string '5.14.0-70.el9'
  --> nodes.json:3:18 (plannedKernels[0])
  3 | plannedKernels: [5.14.0-70.el9]
    |                  ^^^^^^^^^^^^^
  help: write - kernelVersion: 5.14.0-70.el9
nothing was written: 1 error
"""
    )


@pytest.mark.parametrize(
    ("number", "way_out"),
    [
        (errno.EACCES, "give yourself the right to read it: chmod u+r spec.yaml"),
        (errno.EIO, "check that it is a file, and the disk that it lies on"),
    ],
)
def test_a_file_that_cannot_be_read_comes_with_a_way_out(
    project: Any, monkeypatch: pytest.MonkeyPatch, number: int, way_out: str
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "spec.yaml":
            raise OSError(number, os.strerror(number), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert project.build().err == (
        f"error[unreadable-file]: spec.yaml cannot be read: {os.strerror(number)}\n"
        f"  help: {way_out}\n"
        "nothing was written: 1 error\n"
    )


def test_an_archive_that_nobody_names_is_not_read_and_that_is_said_on_demand(project: Any) -> None:
    project.write("charts/broken.tgz", b"no archive")
    assert project.build().err == ""
    assert "did not look into charts/broken.tgz: no spec names it\n" in project.build("-v").err


def test_an_empty_api_version_is_refused(project: Any) -> None:
    outcome = project.build("-a", "")
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1] == (
        "Error: Invalid value for --api-versions: an empty text is no API version"
    )


def test_a_limit_says_how_to_raise_it(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", "{{ range 20 }}{{ end }}\n")
    assert (
        project.build("--limit", "loop-iterations=10").err
        == """\
error[limit-loop-iterations]: the loops of this render make more than 10 rounds
  --> charts/kmod/templates/0000-state.yaml:1:4
  1 | {{ range 20 }}{{ end }}
    |    ^^^^^^^^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  help: if the chart needs more, allow it: --limit loop-iterations=NUMBER
nothing was written: 1 error
"""
    )
