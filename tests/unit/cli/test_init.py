"""`init`: a first `sro.yaml` from what lies in a repository.

Matrix: each example, alone and all together, builds at once from what is written; snapshots by name, by folder,
several in one folder, with toolkits beside them; specs in a folder of their own and not; charts as folders,
archives and in ConfigMaps; an earlier bundle with its options; what is passed over; nothing there; a file that
is there; `--dry-run`. Judge: `build` and `check` on the result. Left out: what may stand in a `sro.yaml`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMES = ["01-simple-kmod", "02-jinja", "03-accelerator-stack", "04-network-driver", "05-dependencies"]
HEADER = (
    "# What sro-render build, check, diff and lint do without arguments.\n"
    "# `sro-render schema Config` says what may stand here.\n"
    "apiVersion: sro.openshift.io/v1alpha1\n"
    "kind: Config\n"
)


def clusters(project: Any, *arguments: str) -> dict[str, Any]:
    """What init would write, as YAML: the clusters by name, with what is outside of them."""
    outcome = project.run("init", "--dry-run", *arguments)
    assert outcome.code == 0, outcome.err
    document = yaml.safe_load(outcome.out)
    outer = {key: document[key] for key in ("specs", "charts") if key in document}
    return {each["name"]: {**outer, **each} for each in document["clusters"]}


def inventory(name: str = "", *, nodes: bool = True) -> str:
    metadata = f"metadata: {{name: {name}}}\n" if name else ""
    listed = (
        "nodes:\n- {name: n0, kernelVersion: 5.14.0-1.el9.x86_64, architecture: amd64}\n" if nodes else ""
    )
    return f"apiVersion: sro.openshift.io/v1alpha1\nkind: NodeInventory\n{metadata}{listed}"


def test_a_file_is_written_that_builds_and_says_what_was_taken(project: Any) -> None:
    outcome = project.run("init")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == (
        "cluster cluster: it has nodes, and names no cluster\n"
        "  inventory nodes.json: Node\n"
        "  specs spec.yaml: SpecialResource kmod\n"
        "  charts charts: kmod\n"
        "output rendered: there is no bundle yet\n"
        "wrote sro.yaml\n"
        "next: sro-render build\n"
    )
    assert (project.root / "sro.yaml").read_text() == (
        f"{HEADER}"
        "specs:\n"
        "- spec.yaml\n"
        "charts: charts\n"
        "clusters:\n"
        "- name: cluster\n"
        "  inventory:\n"
        "  - nodes.json\n"
        "output:\n"
        "  dir: rendered\n"
    )
    assert (project.run("build").code, project.run("check").code) == (0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_builds_at_once_from_what_is_written(
    name: str, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shutil.copytree(EXAMPLES / name, project.root / name))
    outcome = project.run("init")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (0, "next: sro-render build")
    assert (project.run("build").code, project.run("check").code) == (0, 0)


def test_all_examples_together_are_a_cluster_each(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        shutil.copytree(EXAMPLES / name, project.root / "all" / name)
    outcome = project.run("init", "all")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (0, "next: cd all && sro-render build")
    monkeypatch.chdir(project.root / "all")
    assert (project.run("build").code, project.run("check").code) == (0, 0)
    built = sorted(path.parent.name for path in Path("rendered").rglob("sro.lock.yaml"))
    assert built == ["01-simple-kmod", "02-jinja", "04-network-driver", "lab", "storage"]


def test_a_file_that_is_there_is_never_overwritten(project: Any) -> None:
    project.write("sro.yaml", "mine")
    outcome = project.run("init")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[init-exists]: sro.yaml is there already, and stays as it is\n"
        "  help: edit it, or remove it first; --dry-run prints what would be written\n"
    )
    assert project.run("init", "--dry-run").out.startswith(HEADER)
    assert (project.root / "sro.yaml").read_text() == "mine"


def test_a_dry_run_prints_and_writes_nothing(project: Any) -> None:
    outcome = project.run("init", "--dry-run")
    assert outcome.out.startswith(HEADER)
    assert outcome.err.endswith("output rendered: there is no bundle yet\n")
    assert not (project.root / "sro.yaml").exists()
    project.run("-q", "init")
    assert (project.root / "sro.yaml").read_text() == outcome.out


def test_without_specs_nothing_is_written(project: Any) -> None:
    (project.root / "spec.yaml").unlink()
    outcome = project.run("init")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[init-nothing]: there is no SpecialResource here\n"
        "  help: a spec is YAML with kind: SpecialResource; name the folder of the repository that has it\n"
    )
    assert not (project.root / "sro.yaml").exists()


def test_without_nodes_nothing_is_written(project: Any) -> None:
    project.write("nodes.json", "{}")
    outcome = project.run("init")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[init-nothing]: there is no snapshot of a cluster's nodes here\n"
        "  help: make one with: kubectl get nodes -o json > nodes.json\n"
    )


def test_a_folder_that_is_not_there_is_named(project: Any) -> None:
    outcome = project.run("init", "gone")
    assert outcome.code == 2
    assert (
        outcome.err == "error[no-such-file]: there is no folder gone\n  help: name the repository's folder\n"
    )


def test_snapshots_are_told_apart_by_their_names_and_share_what_names_none(project: Any) -> None:
    (project.root / "nodes.json").unlink()
    for name in ("lab", "prod"):
        project.write(f"clusters/{name}.yaml", inventory(name))
    project.write("clusters/toolkits.yaml", inventory(nodes=False))
    found = clusters(project)
    assert {name: each["inventory"] for name, each in found.items()} == {
        "lab": ["clusters/lab.yaml", "clusters/toolkits.yaml"],
        "prod": ["clusters/prod.yaml", "clusters/toolkits.yaml"],
    }
    assert found["lab"]["specs"] == found["prod"]["specs"] == ["spec.yaml"]


def test_snapshots_without_a_name_in_one_folder_are_clusters_named_after_their_files(project: Any) -> None:
    nodes = (project.root / "nodes.json").read_bytes()
    (project.root / "nodes.json").unlink()
    for name in ("north", "a b"):
        project.write(f"clusters/{name}.json", nodes)
    found = clusters(project)
    assert {name: each["inventory"] for name, each in found.items()} == {
        "north": ["clusters/north.json"],
        "a-b": ["clusters/a b.json"],
    }


def test_a_folder_with_one_snapshot_names_its_cluster(project: Any) -> None:
    (project.root / "nodes.json").rename(project.root / "nodes.txt")
    for name in ("east/eu", "west/EU"):
        project.write(f"{name}/nodes.json", (project.root / "nodes.txt").read_bytes())
    # Two names that differ in case alone would be one folder on some systems.
    assert sorted(clusters(project)) == ["EU-2", "eu"]


def test_a_folder_of_specs_is_taken_as_a_whole_unless_it_holds_something_else(project: Any) -> None:
    spec = (project.root / "spec.yaml").read_text()
    (project.root / "spec.yaml").unlink()
    for name in ("one", "two"):
        project.write(f"specs/{name}.yaml", spec.replace("name: kmod", f"name: {name}", 1))
    assert clusters(project)["cluster"]["specs"] == ["specs"]
    project.write("specs/other.yaml", "kind: ConfigMap\n")
    assert clusters(project)["cluster"]["specs"] == ["specs/one.yaml", "specs/two.yaml"]


def test_specs_and_charts_of_a_clusters_own_folder_are_its_own(project: Any) -> None:
    project.write("special/nodes.json", (project.root / "nodes.json").read_bytes())
    project.write("special/spec.yaml", (project.root / "spec.yaml").read_bytes())
    shutil.copytree(project.root / "charts", project.root / "special/mine")
    found = clusters(project)
    assert (found["special"]["specs"], found["special"]["charts"]) == (["special/spec.yaml"], "special/mine")
    project.run("init")
    assert project.run("build", "--cluster", "special").code == 0


def test_charts_in_the_outermost_folder_and_archives_are_found(project: Any) -> None:
    shutil.move(project.root / "charts/kmod", project.root / "kmod")
    project.write("lib/other-1.0.0.tgz", b"")
    assert clusters(project)["cluster"]["charts"] == "."


def test_an_earlier_bundle_says_its_inputs_options_and_place(project: Any) -> None:
    project.write("old.json", (project.root / "nodes.json").read_bytes())
    built = project.run(
        *("build", "spec.yaml", "--inventory", "old.json", "--charts", "charts", "--out", "deploy/x"),
        *("--cluster", "prod", "--secrets", "allow", "-a", "b/v1"),
    )
    assert built.code == 0
    (project.root / "nodes.json").unlink()
    outcome = project.run("init")
    assert outcome.err.startswith(
        "cluster prod: deploy/x/prod was built from it\n  inventory old.json: Node\n"
    )
    assert outcome.err.endswith(
        "output deploy/x: there is a bundle, deploy/x/prod\nwrote sro.yaml\nnext: sro-render build\n"
    )
    check = project.run("check")
    assert (check.code, check.out) == (0, "deploy/x/prod: up to date, 8 files\n")


def test_a_bundle_whose_inputs_went_is_passed_over(project: Any) -> None:
    project.run(
        "build",
        "spec.yaml",
        "--inventory",
        "nodes.json",
        "--charts",
        "charts",
        "--out",
        "out",
        "--cluster",
        "gone",
    )
    (project.root / "nodes.json").rename(project.root / "new.json")
    assert list(clusters(project)) == ["cluster"]


@pytest.mark.parametrize("outside", ["spec.yaml", "nodes.json"])
def test_inputs_of_a_bundle_that_lie_elsewhere_are_not_taken(
    project: Any, outside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = project.root / "home"
    home.mkdir()
    for name in ("spec.yaml", "nodes.json", "charts"):
        (project.root / name).rename(home / name)
    (project.root / outside).write_bytes((home / outside).read_bytes())
    monkeypatch.chdir(home)
    inputs = {name: f"../{name}" if name == outside else name for name in ("spec.yaml", "nodes.json")}
    built = project.run(
        "build",
        inputs["spec.yaml"],
        "--inventory",
        inputs["nodes.json"],
        "--charts",
        "charts",
        "--out",
        "out",
    )
    assert built.code == 0
    outcome = project.run("init")
    assert (outcome.code, outcome.err.splitlines()[1:3]) == (
        0,
        ["  inventory nodes.json: Node", "  specs spec.yaml: SpecialResource kmod"],
    )
    assert "../" not in (home / "sro.yaml").read_text()


def test_what_is_no_yaml_hidden_or_inside_a_chart_is_passed_over(project: Any) -> None:
    spec = (project.root / "spec.yaml").read_bytes()
    for path in (".hidden/spec.yaml", "charts/kmod/kmod.yaml", ".spec.yaml"):
        project.write(path, spec)
    project.write("broken.yaml", "kind: SpecialResource\n  x: {{ .Values }}")
    project.write("binary.json", b"\xff\xfekind")
    assert clusters(project)["cluster"]["specs"] == ["spec.yaml"]


def test_hostile_names_do_not_steer_the_terminal(project: Any) -> None:
    (project.root / "nodes.json").rename(project.root / "a\x1b[31m.json")
    outcome = project.run("init", "--dry-run")
    assert "\x1b" not in outcome.err + outcome.out
