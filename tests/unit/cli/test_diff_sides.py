"""The sides of `diff` that `sro.yaml` stands for, and its rules of what to ignore.

Matrix: no side, one (a bundle, a snapshot of nodes), two (of which one or both are snapshots), with one cluster
and several; without a `sro.yaml`; wrong inputs; `ignore`. Left out: how differences are found and shown, and
sides that are folders, which have tests of their own.
"""

from __future__ import annotations

from typing import Any

import pytest

KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
NEXT = "4.18.0-305.57.1.el8_4.x86_64"
CONFIG = """\
apiVersion: sro.openshift.io/v1alpha1
kind: Config
specs: [spec.yaml]
charts: charts
clusters:
- name: lab
  inventory: [nodes.json]
{more}output: {{dir: out}}
"""
SECOND = "- name: prod\n  inventory: [nodes.json]\n"


@pytest.fixture
def built(project: Any) -> Any:
    """A repository with a cluster, its bundle, and a snapshot of what comes next."""
    (project.root / ".git").mkdir()
    project.write_nodes(NEXT)
    (project.root / "nodes.json").rename(project.root / "next.json")
    project.write_nodes(KERNEL)
    project.write("sro.yaml", CONFIG.format(more=""))
    assert project.run("build").code == 0
    return project


def change(project: Any) -> None:
    state = project.root / "charts/kmod/templates/0000-state.yaml"
    state.write_text(state.read_text() + "  more: 'yes'\n")


def test_without_sides_it_is_what_a_build_would_change(built: Any) -> None:
    outcome = built.run("diff")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "A: out/lab (cluster lab)\n"
        "B: what the inputs give (cluster lab)\n"
        "\n"
        "objects: 0 added, 0 changed, 0 removed, 0 rolled over\n"
        "nodes touched: 0\n"
        "nodes left without a driver: 0\n"
    )
    change(built)
    outcome = built.run("diff")
    assert outcome.code == 1
    assert f'  ~ ConfigMap/kmod/kmod in kernel {KERNEL}\n      data.more: + "yes"\n' in outcome.out


def test_every_cluster_is_shown_one_after_the_other(built: Any) -> None:
    built.write("sro.yaml", CONFIG.format(more=SECOND))
    outcome = built.run("diff")
    assert outcome.code == 1
    assert outcome.out.startswith("A: out/lab (cluster lab)\n")
    assert "\n\nA: out/prod\nB: what the inputs give (cluster prod)\n" in outcome.out
    assert built.run("diff", "--cluster", "lab").code == 0


def test_one_bundle_is_compared_with_what_the_inputs_of_its_cluster_give(built: Any) -> None:
    built.write("sro.yaml", CONFIG.format(more=SECOND))
    outcome = built.run("diff", "out/lab")
    assert outcome.code == 0
    assert outcome.out.startswith("A: out/lab (cluster lab)\nB: what the inputs give (cluster lab)\n")


def test_a_snapshot_alone_is_what_comes_after_the_bundle(built: Any) -> None:
    outcome = built.run("diff", "next.json")
    assert outcome.code == 1
    assert outcome.out.startswith(
        "A: out/lab (cluster lab)\nB: what the inputs give with next.json (cluster lab)\n"
    )
    assert f"  > ConfigMap/kmod/kmod: kernel {KERNEL} -> {NEXT}\n" in outcome.out
    assert f"from kernel {KERNEL} to {NEXT}: n0\n" in outcome.out


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("nodes.json", "next.json", 1),
        ("next.json", "out/lab", 1),
        ("out/lab", "nodes.json", 0),
        ("next.json", "next.json", 0),
    ],
)
def test_either_side_may_be_a_snapshot(built: Any, before: str, after: str, code: int) -> None:
    outcome = built.run("diff", before, after)
    assert (outcome.code, outcome.err) == (code, "")


def test_a_snapshot_must_be_of_one_cluster(built: Any) -> None:
    built.write("sro.yaml", CONFIG.format(more=SECOND))
    outcome = built.run("diff", "next.json")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[unknown-cluster]: sro.yaml has 2 clusters, and nothing says which is meant\n"
        "  help: add --cluster NAME\n"
    )
    assert built.run("diff", "next.json", "--cluster", "lab").code == 1
    # Beside a bundle it is that of the bundle.
    assert built.run("diff", "out/lab", "next.json").code == 1


@pytest.mark.parametrize("sides", [(), ("out/lab",), ("next.json", "out/lab")])
def test_without_a_file_both_sides_must_be_named(built: Any, sides: tuple[str, ...]) -> None:
    (built.root / "sro.yaml").unlink()
    outcome = built.run("diff", *sides)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.endswith(
        "Error: without a sro.yaml there must be two sides, A and B, and none a snapshot of nodes: `sro-render init` writes one\n"
    )
    assert built.run("diff", "out/lab", "out/lab").code == 0


def test_three_sides_are_too_many(built: Any) -> None:
    outcome = built.run("diff", "a", "b", "c")
    assert outcome.code == 2
    assert outcome.err.endswith("Error: there are two sides, A and B, and not 3\n")


def test_inputs_that_are_wrong_are_told(built: Any) -> None:
    built.write("charts/kmod/templates/0000-state.yaml", "{{ fail `no` }}")
    outcome = built.run("diff")
    assert (outcome.code, outcome.out) == (2, "")
    assert "charts/kmod/templates/0000-state.yaml:1:" in outcome.err


def test_rules_of_the_file_are_ignored_and_counted_beside_those_that_are_given(built: Any) -> None:
    change(built)
    built.write("sro.yaml", CONFIG.format(more="") + "ignore: ['ConfigMap/*:data.more']\n")
    for arguments in ((), ("out/lab",)):
        outcome = built.run("diff", *arguments)
        assert outcome.code == 0
        assert "1 change hidden by ConfigMap/*:data.more\n" in outcome.out
    outcome = built.run("diff", "--ignore", "Pod/*:spec")
    assert "these rules hide nothing: Pod/*:spec\n" in outcome.out


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_form_that_is_one_document_is_for_one_cluster(built: Any, form: str) -> None:
    built.write("sro.yaml", CONFIG.format(more=SECOND))
    outcome = built.run("diff", "-o", form)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.endswith(f"Error: -o {form} is for one cluster, and there are 2: add --cluster NAME\n")
    assert built.run("diff", "-o", form, "--cluster", "lab").code == 0


POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: c, image: "example.com/c:1", securityContext: {privileged: IS}}
"""


def test_annotations_are_at_the_files_that_lie_there(built: Any) -> None:
    built.write("charts/kmod/templates/0001-p.yaml", POD.replace("IS", "false"))
    built.run("build")
    built.write("charts/kmod/templates/0001-p.yaml", POD.replace("IS", "true"))
    outcome = built.run("diff", "-o", "github")
    assert outcome.code == 1
    assert "file=out/lab/kmod/0001-p/pod-p.yaml::Pod/kmod/p, " in outcome.out
