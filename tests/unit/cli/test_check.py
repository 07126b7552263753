"""`check`: whether the committed bundle is what its inputs give, what differs, and what mends it.

Matrix: nothing differs; each state that a file can be in, alone and together, with the whole report; what does
not count (nodes, the tool's version, times); damaged and foreign bundles; Secrets; `--strict`, `--keep-going`,
wrong inputs, several clusters, JSON, `-q`; that the command which is printed mends; that nothing is written
or parsed needlessly. Left out: the words of the differences of objects, which have tests of their own, and how
long it takes (tests/bench/check.py).
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from sro_render.edges.tree import OutputTree
from sro_render.model.lock import Lock
from sro_render.version import __version__

KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
OTHER = "4.18.0-305.19.1.el8_4.x86_64"
ARGUMENTS = ("spec.yaml", "--inventory", "nodes.json", "--charts", "charts", "--out", "out")
COMMAND = "sro-render build spec.yaml --inventory nodes.json --charts charts --out out"
OBJECT = f"kmod/0000-state/{KERNEL}/configmap-kmod-b657a71de7fad62f.yaml"
PLAIN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n"


@pytest.fixture
def built(project: Any) -> Any:
    """A project with a fresh bundle of eight files."""
    assert project.build().code == 0
    return project


def check(project: Any, *more: str) -> Any:
    return project.run("check", *ARGUMENTS, *more)


def states(project: Any) -> dict[str, str]:
    """Path to state, as programs see them."""
    return {each["path"]: each["state"] for each in json.loads(check(project, "-o", "json").out)["files"]}


def test_a_fresh_bundle_is_up_to_date(built: Any) -> None:
    outcome = check(built)
    assert (outcome.code, outcome.out, outcome.err) == (0, "out/cluster: up to date, 8 files\n", "")
    assert check(built, "-q").out == ""


def test_without_a_bundle_everything_is_new(project: Any) -> None:
    outcome = check(project)
    assert outcome.code == 1
    assert outcome.out.startswith("new (not built yet): 8 files\n  kmod/0000-state/")
    assert outcome.out.endswith(f"\nout/cluster: 8 new, 0 as they should be\nmend it with: {COMMAND}\n")
    assert not (project.root / "out").exists()


def test_a_changed_chart_is_told_by_objects_and_the_command_mends_it(built: Any) -> None:
    state = built.root / "charts/kmod/templates/0000-state.yaml"
    state.write_text(state.read_text() + "  more: 'yes'\n")
    outcome = check(built)
    assert outcome.code == 1
    assert outcome.out == (
        "stale (the inputs changed): 3 files\n"
        "\n"
        "A: out/cluster (cluster cluster)\n"
        "B: out/cluster as its inputs give it (cluster cluster)\n"
        "\n"
        "kmod 0000-state\n"
        f"  ~ ConfigMap/kmod/kmod in kernel {KERNEL}\n"
        '      data.more: + "yes"\n'
        "      on 1 node: n0\n"
        "\n"
        "2 changes hidden by *:metadata.annotations[sro.openshift.io/digest]\n"
        "objects: 0 added, 1 changed, 0 removed, 0 rolled over\n"
        "nodes touched: 1: n0\n"
        "nodes left without a driver: 0\n"
        "\n"
        "out/cluster: 3 stale, 5 as they should be\n"
        f"mend it with: {COMMAND}\n"
    )
    mended = built.run(*shlex.split(outcome.out.rpartition("mend it with: sro-render ")[2]))
    assert (mended.code, check(built).code) == (0, 0)


def test_a_file_that_was_edited_is_told_from_a_stale_one(built: Any) -> None:
    path = built.root / "out/cluster" / OBJECT
    path.write_text(path.read_text().replace(f"kernel: {KERNEL}", "kernel: mine", 1))
    outcome = check(built)
    assert outcome.code == 1
    assert outcome.out.startswith(
        "edited (changed by hand: put the change into the chart or the spec, it will be lost): 1 file\n"
        f"  {OBJECT}\n"
        "\n"
        "A: out/cluster (cluster cluster)\n"
    )
    assert outcome.out.endswith(f"\nout/cluster: 1 edited, 7 as they should be\nmend it with: {COMMAND}\n")


def test_an_edit_that_changes_no_object_is_shown_by_lines(built: Any) -> None:
    path = built.root / "out/cluster/kustomization.yaml"
    path.write_text("# mine\n" + path.read_text())
    outcome = check(built)
    assert outcome.out == (
        "edited (changed by hand: put the change into the chart or the spec, it will be lost): 1 file\n"
        "  kustomization.yaml\n"
        "\n"
        "--- a/out/cluster/kustomization.yaml\n"
        "+++ b/out/cluster/kustomization.yaml\n"
        "@@ -1,4 +1,3 @@\n"
        "-# mine\n"
        " apiVersion: kustomize.config.k8s.io/v1beta1\n"
        " kind: Kustomization\n"
        " resources:\n"
        "\n"
        "out/cluster: 1 edited, 7 as they should be\n"
        f"mend it with: {COMMAND}\n"
    )


def test_a_file_that_is_executable_was_edited(built: Any) -> None:
    (built.root / "out/cluster/kustomization.yaml").chmod(0o755)
    outcome = check(built)
    assert outcome.code == 1
    assert "\nout/cluster/kustomization.yaml: the same bytes, but executable\n" in outcome.out
    assert built.run(*shlex.split(COMMAND)[1:]).code == 0
    assert check(built).code == 0


def test_an_edit_that_is_no_yaml_is_shown_by_lines(built: Any) -> None:
    (built.root / "out/cluster" / OBJECT).write_text("{\n")
    outcome = check(built)
    assert outcome.code == 1
    assert f"--- a/out/cluster/{OBJECT}\n" in outcome.out
    assert outcome.out.endswith(f"mend it with: {COMMAND}\n")


def test_a_missing_file_is_told_from_a_new_one(built: Any) -> None:
    (built.root / "out/cluster" / OBJECT).unlink()
    built.write("charts/kmod/templates/0001-plain.yaml", PLAIN)
    found = states(built)
    assert found[OBJECT] == "missing"
    assert found["kmod/0001-plain/configmap-plain.yaml"] == "new"
    assert check(built).out.startswith("stale (the inputs changed): 3 files\n")
    built.build()
    assert check(built).code == 0


def test_what_is_not_rendered_any_more_is_left_over(project: Any) -> None:
    plain = project.write("charts/kmod/templates/0001-plain.yaml", PLAIN)
    project.build()
    plain.unlink()
    assert states(project)["kmod/0001-plain/configmap-plain.yaml"] == "left over"
    assert (
        "left over (not rendered any more): 2 files\n  kmod/0001-plain/configmap-plain.yaml\n"
        in check(project).out
    )
    project.build()
    assert check(project).code == 0


def test_a_file_of_somebody_else_is_additional_and_the_command_moves_it_out_of_the_way(built: Any) -> None:
    built.write("out/cluster/a b.txt", "notes")
    outcome = check(built)
    assert outcome.code == 1
    assert outcome.out == (
        "additional (not in the lock: move it elsewhere, build stops at it): 1 file\n"
        "  a b.txt\n"
        "\n"
        "out/cluster: 1 additional, 8 as they should be\n"
        f"mend it with: rm -- 'out/cluster/a b.txt' && {COMMAND}\n"
    )


def test_a_file_that_is_rendered_but_that_the_lock_does_not_list_is_additional(built: Any) -> None:
    built.write("charts/kmod/templates/0001-plain.yaml", PLAIN)
    built.write("out/cluster/kmod/0001-plain/configmap-plain.yaml", "mine")
    assert states(built)["kmod/0001-plain/configmap-plain.yaml"] == "additional"


def test_neither_the_nodes_nor_the_version_count(built: Any) -> None:
    lock = built.root / "out/cluster/sro.lock.yaml"
    lock.write_text(lock.read_text().replace(f"  version: {__version__}\n", "  version: '0'\n"))
    assert "version: '0'" in lock.read_text()
    # One more node with the same kernel changes no manifest.
    built.write_nodes(KERNEL, KERNEL)
    before = lock.read_bytes()
    outcome = check(built)
    assert (outcome.code, outcome.out) == (0, "out/cluster: up to date, 8 files\n")
    assert lock.read_bytes() == before


def test_the_signature_of_a_lock_is_ours_and_no_difference(built: Any) -> None:
    built.write("out/cluster/sro.lock.yaml.sig", "signature")
    outcome = check(built)
    assert (outcome.code, outcome.out) == (0, "out/cluster: up to date, 8 files\n")
    built.write("charts/kmod/templates/0001-plain.yaml", PLAIN)
    assert "sro.lock.yaml.sig" not in states(built)


def test_a_lock_alone_is_shown_by_lines(built: Any) -> None:
    outcome = check(built, "-a", "x/v1")
    assert outcome.code == 1
    assert outcome.out.startswith(
        "stale (the inputs changed): 1 file\n  sro.lock.yaml\n\n--- a/out/cluster/sro.lock.yaml\n"
    )
    assert "-  apiVersions: []\n" in outcome.out
    assert outcome.out.endswith(f"mend it with: {COMMAND} -a x/v1\n")


def test_a_damaged_lock_is_wrong_input(built: Any) -> None:
    lock = built.root / "out/cluster/sro.lock.yaml"
    lock.write_text("kind: Other\n")
    outcome = check(built)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[lock-damaged]: out/cluster/sro.lock.yaml cannot be used, so that nobody knows which files beside it are ours: this is not a BundleLock of sro-render\n"
        "  help: take the committed one back (git checkout), or remove out/cluster and build again\n"
        "nothing was compared: the inputs are wrong\n"
    )


def test_a_link_in_the_bundle_is_refused(built: Any) -> None:
    (built.root / "out/cluster/link").symlink_to("/etc/passwd")
    outcome = check(built)
    assert outcome.code == 2
    assert outcome.err.startswith(
        "error[output-not-plain]: out/cluster has something that is neither a file nor a folder\n"
    )


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: %s}\n"


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "kind", ['"kind" : "Secret"', 'kind: "\\u0053ecret"', "kind: >-\n  Secret", "kind: Secret\nbroken: ]"]
)
def test_no_data_of_a_secret_is_shown(project: Any, form: str, kind: str) -> None:
    project.write("charts/kmod/templates/0001-s.yaml", SECRET % "old-hunter2")
    project.build("--secrets", "allow")
    project.write("charts/kmod/templates/0001-s.yaml", SECRET % "new-hunter2")
    edited = next((project.root / "out").rglob("secret-s.yaml"))
    edited.write_text(edited.read_text().replace("old", "own").replace("kind: Secret", kind))
    outcome = check(project, "--secrets", "allow", "-o", form)
    assert outcome.code == 1
    assert "secret-s.yaml" in outcome.out
    assert "hunter2" not in outcome.out + outcome.err


def test_no_data_of_a_secret_in_disguise_is_shown(built: Any) -> None:
    edited = built.root / "out/cluster" / OBJECT
    edited.write_text((SECRET % "hunter2").replace("kind: Secret", 'kind: "\\u0053ecret"'))
    document = json.loads(check(built, "-o", "json").out)
    assert [(each["path"], each["diff"]) for each in document["files"]] == [
        (OBJECT, "(a Secret, which is not shown)\n")
    ]


def test_hostile_names_do_not_steer_the_terminal(built: Any) -> None:
    built.write("out/cluster/\x1b[31mred", "")
    outcome = check(built)
    assert "\x1b" not in outcome.out
    assert "  \\x1b[31mred\n" in outcome.out


def test_wrong_inputs_are_told_and_nothing_is_compared(built: Any) -> None:
    built.write("spec.yaml", "kind: Nothing\n")
    outcome = check(built)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.endswith("nothing was compared: the inputs are wrong\n")
    document = json.loads(check(built, "-o", "json").out)
    assert (document["current"], len(document["errors"])) == (None, 1)


def test_findings_are_errors_under_strict_and_the_bundle_is_compared_nevertheless(built: Any) -> None:
    built.write("charts/kmod/templates/0001-b.yaml", "# {{ .Values.nothing }}\n")
    outcome = check(built, "--strict")
    assert outcome.code == 1
    assert outcome.err.startswith("error[missing-value]: .Values.nothing is not set\n")
    assert outcome.out.endswith(f"mend it with: {COMMAND} --strict\n")
    built.build()
    assert (check(built).code, check(built, "--strict").code) == (0, 1)


def test_what_failed_and_was_kept_is_as_it_should_be_when_one_keeps_going(built: Any) -> None:
    built.write("two/spec.yaml", (built.root / "spec.yaml").read_text().replace("name: kmod", "name: two", 1))
    arguments = ["two", "--inventory", "nodes.json", "--charts", "charts", "--out", "out"]
    built.write("two/kmod.yaml", (built.root / "spec.yaml").read_bytes())
    assert built.run("build", *arguments).code == 0
    built.write("two/kmod.yaml", "kind: SpecialResource\n")
    assert built.run("check", *arguments).code == 2
    assert built.run("build", *arguments, "--keep-going").code == 1
    outcome = built.run("check", *arguments, "--keep-going")
    assert outcome.code == 1  # for the error, not for a difference
    assert outcome.out.startswith("out/cluster: up to date, ")


def test_the_report_for_programs(built: Any) -> None:
    (built.root / "out/cluster/kustomization.yaml").unlink()
    document = json.loads(check(built, "-o", "json").out)
    assert document == {
        "cluster": "cluster",
        "folder": "out/cluster",
        "current": False,
        "files": [{"path": "kustomization.yaml", "state": "missing", "diff": ""}],
        "same": 7,
        "mend": COMMAND,
        "errors": [],
        "findings": [],
    }
    built.build()
    document = json.loads(check(built, "-ojson").out)
    assert (document["current"], document["files"], document["mend"]) == (True, [], "")


def test_the_command_leaves_out_what_is_about_the_report(built: Any) -> None:
    (built.root / "out/cluster/kustomization.yaml").unlink()
    outcome = check(built, "--output=text", "--secrets", "allow", "-q")
    assert outcome.out.endswith(f"mend it with: {COMMAND} --secrets allow\n")


def test_several_clusters_are_checked_and_one_that_is_stale_hides_no_other(project: Any) -> None:
    (project.root / ".git").mkdir()
    clusters = "".join(f"- name: {name}\n  inventory: [nodes.json]\n" for name in "abc")
    project.write(
        "sro.yaml",
        f"apiVersion: sro.openshift.io/v1alpha1\nkind: Config\nspecs: [spec.yaml]\ncharts: charts\nclusters:\n{clusters}output: {{dir: out}}\n",
    )
    project.run("build")
    (project.root / "out/a/kustomization.yaml").unlink()
    outcome = project.run("check")
    assert outcome.code == 1
    assert outcome.out == (
        "missing (in the lock, and gone): 1 file\n"
        "  kustomization.yaml\n"
        "\n"
        "out/a: 1 missing, 7 as they should be\n"
        "mend it with: sro-render build\n"
        "out/b: up to date, 8 files\n"
        "out/c: up to date, 8 files\n"
    )
    assert project.run("check", "--shard", "1/3").code == 0
    assert [each["current"] for each in json.loads(project.run("check", "-o", "json").out)["clusters"]] == [
        False,
        True,
        True,
    ]
    (project.root / "out/b/sro.lock.yaml").write_text("{")
    assert project.run("check").code == 2


def test_nothing_is_written(built: Any) -> None:
    def everything() -> dict[str, tuple[int, int]]:
        found = sorted(built.root.rglob("*"))
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in [built.root, *found]}

    (built.root / "out/cluster" / OBJECT).unlink()
    before = everything()
    check(built)
    assert everything() == before


def test_no_committed_yaml_is_parsed_while_its_bytes_are_right(
    built: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Lock:
        raise AssertionError

    monkeypatch.setattr(OutputTree, "read_lock", refuse)
    assert check(built).code == 0
