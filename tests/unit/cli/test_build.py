"""`sro-render build` as a whole, inside this process.

Matrix: what is written for one and more kernels; builds that change something; strict, keep-going,
management states, Secrets, shared objects; reports. Left out: wrong inputs, sameness, kills.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

OTHER = "4.18.0-305.19.1.el8_4.x86_64"
KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
FAILS_FOR_OTHER = """\
{{- if eq .Values.kernelFullVersion "4.18.0-305.19.1.el8_4.x86_64" }}{{ fail "no driver" }}{{ end }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: kmod
  annotations:
    specialresource.openshift.io/kernel-affine: "true"
"""


def paths(project: Any) -> list[str]:
    return [path for path in project.files() if not path.endswith(("kustomization.yaml", "sro.lock.yaml"))]


def lock(project: Any) -> Any:
    return yaml.safe_load(project.files()["cluster/sro.lock.yaml"])


def test_each_kernel_has_its_objects_in_a_folder_of_its_own(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER, KERNEL)
    outcome = project.build()
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "kmod: chart kmod 1.0.0, namespace kmod, 2 kernels\n"
        f"  {OTHER}  1 node, 1 object\n"
        f"  {KERNEL}  2 nodes, 1 object\n"
        "out/cluster: 10 created, 0 updated, 0 removed, 0 unchanged\n"
    )
    assert paths(project) == [
        f"cluster/kmod/0000-state/{OTHER}/configmap-kmod-bfb16b50984f16f0.yaml",
        f"cluster/kmod/0000-state/{KERNEL}/configmap-kmod-b657a71de7fad62f.yaml",
        "cluster/kmod/namespace/namespace-kmod.yaml",
    ]


def test_the_lock_names_inputs_files_states_and_nodes(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER, KERNEL)
    project.build()
    locked = lock(project)
    assert [entry["path"] for entry in locked["inputs"]["specs"]] == ["../../spec.yaml"]
    assert [entry["path"] for entry in locked["inventory"]["inputs"]] == ["../../nodes.json"]
    assert locked["inventory"]["kernels"] == {OTHER: ["n1"], KERNEL: ["n0", "n2"]}
    assert [state["name"] for state in locked["specialResources"][0]["states"]] == ["namespace", "0000-state"]
    assert {f"cluster/{path}" for path in locked["files"]} == project.files().keys() - {
        "cluster/sro.lock.yaml"
    }


def test_a_second_build_touches_nothing(project: Any) -> None:
    project.build()
    times = {path: path.stat().st_mtime_ns for path in (project.root / "out").rglob("*")}
    assert project.build().out.splitlines()[-1] == "out/cluster: up to date, 8 files"
    assert {path: path.stat().st_mtime_ns for path in (project.root / "out").rglob("*")} == times


def test_a_kernel_that_goes_takes_its_files_along_and_no_others(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    project.build()
    before = project.files()
    project.write_nodes(KERNEL)
    project.build()
    after = project.files()
    assert {path for path in before.keys() - after.keys() if "kustomization" not in path} == {
        f"cluster/kmod/0000-state/{OTHER}/configmap-kmod-bfb16b50984f16f0.yaml"
    }
    assert after.keys() <= before.keys()


def test_a_new_node_with_a_known_kernel_changes_the_lock_alone(project: Any) -> None:
    project.build()
    before = project.files()
    project.write_nodes(KERNEL, KERNEL)
    project.build()
    after = project.files()
    assert [path for path in before if before[path] != after[path]] == ["cluster/sro.lock.yaml"]


def test_every_object_says_where_it_comes_from(project: Any) -> None:
    project.build()
    path = f"cluster/kmod/0000-state/{KERNEL}/configmap-kmod-b657a71de7fad62f.yaml"
    annotations = yaml.safe_load(project.files()[path])["metadata"]["annotations"]
    assert annotations["sro.openshift.io/state"] == "0000-state"
    assert annotations["sro.openshift.io/kernel"] == KERNEL
    assert annotations["sro.openshift.io/digest"].startswith("sha256:")


MISSING = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: {{ .Values.kernelfullversion }}\n"
)
MISSING_TEXT = """\
[missing-value]: .Values.kernelfullversion is not set
  --> charts/kmod/templates/0000-state.yaml:6:9
  6 |   x: {{ .Values.kernelfullversion }}
    |         ^^^^^^^^^^^^^^^^^^^^^^^^^
  help: did you mean kernelFullVersion?
"""


def test_a_missing_value_is_a_finding(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", MISSING)
    outcome = project.build()
    assert (outcome.code, outcome.err) == (0, f"warning{MISSING_TEXT}")


def test_under_strict_a_finding_is_an_error_and_nothing_is_written(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", MISSING)
    outcome = project.build("--strict")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == f"error{MISSING_TEXT}nothing was written: 1 error\n"
    assert not (project.root / "out").exists()


def test_a_failing_kernel_stops_the_build_and_every_error_is_shown(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    project.write("charts/kmod/templates/0000-state.yaml", FAILS_FOR_OTHER)
    outcome = project.build()
    assert outcome.code == 2
    assert f"  in: kmod / kernel {OTHER}\n" in outcome.err
    assert not (project.root / "out").exists()


def test_with_keep_going_what_is_right_is_written_and_what_failed_stays(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    project.build()
    before = project.files()
    project.write("charts/kmod/templates/0000-state.yaml", FAILS_FOR_OTHER)
    outcome = project.build("--keep-going")
    after = project.files()
    old = f"cluster/kmod/0000-state/{OTHER}/configmap-kmod-bfb16b50984f16f0.yaml"
    new = f"cluster/kmod/0000-state/{KERNEL}/configmap-kmod-b657a71de7fad62f.yaml"
    assert outcome.code == 1
    assert f"kmod: kernel {OTHER} is stale, 2 files kept\n" in outcome.out
    assert after[old] == before[old]
    assert after[new] != before[new]
    state = yaml.safe_load(after["cluster/kmod/0000-state/kustomization.yaml"])
    assert state["resources"] == [OTHER, KERNEL]
    assert [(entry["specialResource"], entry["kernel"]) for entry in lock(project)["stale"]] == [
        ("kmod", OTHER)
    ]


def test_a_stale_kernel_that_is_mended_is_stale_no_more(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    project.build()
    before = project.files()
    text = (project.root / "charts/kmod/templates/0000-state.yaml").read_text()
    project.write("charts/kmod/templates/0000-state.yaml", FAILS_FOR_OTHER)
    project.build("--keep-going")
    project.write("charts/kmod/templates/0000-state.yaml", text)
    assert project.build().code == 0
    assert project.files() == before


def test_with_keep_going_a_resource_that_fails_as_a_whole_stays_as_it_was(project: Any) -> None:
    add_second(project)
    project.build()
    before = project.files()
    project.write("charts/other/templates/0000-state.yaml", "{{ .Values.a.b }}\n")
    outcome = project.build("--keep-going")
    after = project.files()
    assert outcome.code == 1
    assert "other: kernel 4.18.0-305.45.1.el8_4.x86_64 is stale" not in outcome.out
    assert "other: everything is stale, 6 files kept\n" in outcome.out
    assert {p: d for p, d in after.items() if p.startswith("cluster/other/")} == {
        p: d for p, d in before.items() if p.startswith("cluster/other/")
    }
    assert after["cluster/kustomization.yaml"] == before["cluster/kustomization.yaml"]
    project.write("charts/other/templates/0000-state.yaml", "a: {{ .Values.a.b }}\n")
    assert project.build("--keep-going").code == 1
    assert project.files() == after


def test_with_keep_going_the_report_says_what_failed_and_that_something_did(project: Any) -> None:
    add_second(project)
    project.write_nodes(KERNEL, OTHER)
    project.write("charts/kmod/templates/0000-state.yaml", FAILS_FOR_OTHER)
    project.write("charts/other/templates/0000-state.yaml", "{{ .Values.a.b }}\n")
    outcome = project.build("--keep-going")
    assert outcome.code == 1
    assert outcome.out == (
        "kmod: chart kmod 1.0.0, namespace kmod, 1 kernel\n"
        f"  {KERNEL}  1 node, 1 object\n"
        f"kmod: kernel {OTHER} failed, and has no files\n"
        "other: failed, and has no files\n"
        "out/cluster: 8 created, 0 updated, 0 removed, 0 unchanged\n"
    )
    assert outcome.err.splitlines()[-1] == "not everything was written: 2 errors"


def test_with_keep_going_a_resource_whose_spec_is_broken_is_among_what_failed(project: Any) -> None:
    add_second(project)
    specs = list(yaml.safe_load_all((project.root / "spec.yaml").read_text()))
    specs[1]["spec"]["debug"] = "yes"
    project.write("spec.yaml", yaml.safe_dump_all(specs))
    outcome = project.build("--keep-going")
    assert outcome.code == 1
    assert outcome.out.splitlines()[2] == "other: failed, and has no files"
    assert outcome.err.splitlines()[-1] == "not everything was written: 1 error"


@pytest.mark.parametrize("options", [["--strict"], ["--strict", "--keep-going"]])
def test_under_strict_every_report_counts_findings_as_errors(project: Any, options: list[str]) -> None:
    add_second(project)
    project.write("charts/kmod/templates/0000-state.yaml", MISSING)
    project.write("charts/other/templates/0000-state.yaml", "{{ .Values.a.b }}\n")
    text, data = project.build(*options), project.build(*options, "-o", "json")
    assert [line for line in text.err.splitlines() if not line.startswith(" ")] == [
        "error[missing-value]: .Values.kernelfullversion is not set",
        "error[template-nil-pointer]: .Values.a is not set, so it has no field b",
        "nothing was written: 2 errors",
    ]
    report = json.loads(data.out)
    assert [each["code"] for each in report["errors"]] == ["missing-value", "template-nil-pointer"]
    assert report["findings"] == []
    assert data.err == "nothing was written: 2 errors\n"
    assert text.code == data.code == 2


def add_second(project: Any) -> None:
    """Another SR, `other`, with a chart of its own, in the same spec file."""
    spec = yaml.safe_load((project.root / "spec.yaml").read_text())
    other = json.loads(json.dumps(spec).replace('"kmod"', '"other"'))
    project.write("spec.yaml", yaml.safe_dump_all([spec, other]))
    chart = project.root / "charts" / "kmod"
    for name in ("Chart.yaml", "templates/0000-state.yaml"):
        text = (chart / name).read_text()
        project.write(f"charts/other/{name}", text.replace("name: kmod", "name: other"))


def test_an_unmanaged_resource_is_left_exactly_as_it_is(project: Any) -> None:
    add_second(project)
    project.build()
    before, locked = project.files(), lock(project)
    specs = list(yaml.safe_load_all((project.root / "spec.yaml").read_text()))
    specs[1]["spec"]["managementState"] = "Unmanaged"
    project.write("spec.yaml", yaml.safe_dump_all(specs))
    project.write("charts/other/templates/0000-state.yaml", "broken: {{")
    outcome = project.build()
    assert outcome.code == 0
    assert "other: unmanaged, left as it is\n" in outcome.out
    assert project.files().keys() == before.keys()
    changed = [path for path, data in project.files().items() if data != before[path]]
    assert changed == ["cluster/sro.lock.yaml"]
    assert lock(project)["specialResources"] == locked["specialResources"]
    assert lock(project)["inputs"]["charts"] == locked["inputs"]["charts"]


def test_a_removed_resource_renders_nothing_and_is_recorded(project: Any) -> None:
    project.build()
    project.write_spec(managementState="Removed")
    outcome = project.build()
    assert outcome.code == 0
    assert "kmod: removed, nothing rendered\n" in outcome.out
    assert project.files().keys() == {"cluster/kustomization.yaml", "cluster/sro.lock.yaml"}
    assert lock(project)["removed"] == ["kmod"]


@pytest.mark.parametrize("how", ["option", "annotation"])
def test_a_secret_is_written_where_it_is_allowed(project: Any, how: str) -> None:
    annotation = '\n  annotations: {sro.openshift.io/plain-secret: "allowed"}' if how == "annotation" else ""
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: a{annotation}\nstringData: {{x: y}}\n",
    )
    outcome = project.build(*(["--secrets", "allow"] if how == "option" else []))
    assert outcome.code == 0
    assert "cluster/kmod/0000-state/secret-a.yaml" in project.files()


def test_an_object_of_two_resources_is_written_once(project: Any) -> None:
    add_second(project)
    specs = list(yaml.safe_load_all((project.root / "spec.yaml").read_text()))
    for spec in specs:
        spec["spec"]["namespace"] = "drivers"
    project.write("spec.yaml", yaml.safe_dump_all(specs))
    outcome = project.build()
    assert outcome.code == 0
    assert [path for path in paths(project) if "namespace" in path] == [
        "cluster/_shared/namespace/namespace-drivers.yaml"
    ]
    assert project.build().out.splitlines()[-1].startswith("out/cluster: up to date")


def test_a_state_that_differs_by_kernel_without_being_affine_is_a_finding(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: {{ .Values.kernelFullVersion }}}\n",
    )
    outcome = project.build()
    assert outcome.err == (
        f"warning[state-depends-on-kernel]: state 0000-state renders differently for kernels {OTHER} "
        f"and {KERNEL}, but nothing in it is kernel-affine\n"
        "  in: kmod\n"
        f"  help: it is rendered once, for {OTHER}; annotate what differs "
        'specialresource.openshift.io/kernel-affine: "true"\n'
    )
    assert yaml.safe_load(project.files()["cluster/kmod/0000-state/configmap-a.yaml"])["data"] == {"k": OTHER}


def test_an_object_that_differs_by_kernel_in_an_affine_state_is_a_finding(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    plain = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: {{ .Values.kernelFullVersion }}}\n"
    )
    text = (project.root / "charts/kmod/templates/0000-state.yaml").read_text()
    project.write("charts/kmod/templates/0000-state.yaml", f"{text}---\n{plain}")
    outcome = project.build()
    assert outcome.err == (
        "warning[object-depends-on-kernel]: ConfigMap/kmod/a differs from kernel to kernel, "
        "but is not kernel-affine\n"
        "  in: kmod / kmod/templates/0000-state.yaml\n"
        "  help: it is rendered once, for the first kernel; annotate it "
        'specialresource.openshift.io/kernel-affine: "true"\n'
    )


def test_an_object_that_is_the_same_for_every_kernel_is_none(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: {{ .Release.Name }}}\n"
    text = (project.root / "charts/kmod/templates/0000-state.yaml").read_text()
    project.write("charts/kmod/templates/0000-state.yaml", f"{text}---\n{plain}")
    project.write("charts/kmod/templates/0001-state.yaml", plain.replace("name: a", "name: b"))
    assert project.build().err == ""


def test_templates_in_set_run_for_each_kernel(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    project.write_spec(set={"tag": 'v{{ printf "%s" .Values.kernelPatchVersion }}', "big": 9007199254740993})
    text = (project.root / "charts/kmod/templates/0000-state.yaml").read_text()
    project.write(
        "charts/kmod/templates/0000-state.yaml", f"{text}  tag: {{{{ .Values.tag }}}}-{{{{ .Values.big }}}}\n"
    )
    project.build()
    path = f"cluster/kmod/0000-state/{KERNEL}/configmap-kmod-b657a71de7fad62f.yaml"
    assert yaml.safe_load(project.files()[path])["data"]["tag"] == "v4.18.0-305-9007199254740993"


def test_a_planned_kernel_is_rendered_before_a_node_runs_it(project: Any) -> None:
    project.write(
        "next.yaml",
        f"apiVersion: sro.openshift.io/v1alpha1\nkind: NodeInventory\nplannedKernels:\n- kernelVersion: {OTHER}\n"
        "  osImage: Red Hat Enterprise Linux 8.4 (Ootpa)\n",
    )
    outcome = project.build("--inventory", "next.yaml")
    assert f"  {OTHER}  planned, 1 object\n" in outcome.out


def test_the_cluster_may_be_named(project: Any) -> None:
    project.build("--cluster", "east")
    assert (project.root / "out" / "east" / "sro.lock.yaml").is_file()


def test_credentials_of_a_repository_are_nowhere(project: Any) -> None:
    repository = {"name": "r", "url": "file:///charts", "username": "u5er", "password": "hunter2"}
    project.write_spec(chart={"name": "kmod", "version": "1.0.0", "repository": repository})
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {all: {{ .Values | toJson | quote }}}\n",
    )
    outcome = project.build("-o", "json")
    everything = outcome.out + outcome.err + b"".join(project.files().values()).decode()
    assert "u5er" not in everything
    assert "hunter2" not in everything


@pytest.mark.parametrize(
    ("version", "tag"),
    [
        ("1.0.0", "{{ .Values.a.b }}"),
        ("1.0.0", "{{ .Values.nothing }}"),
        ("2.0.0", ""),
        ("2.0.0", "no nodes"),
    ],
)
def test_a_message_about_a_spec_shows_no_credential_of_the_same_line(
    project: Any, version: str, tag: str
) -> None:
    repository = {"name": "r", "url": "file:///charts", "username": "u5er", "password": "hunter2"}
    project.write_spec(set={"tag": tag}, chart={"name": "kmod", "version": version, "repository": repository})
    if tag == "no nodes":
        project.write("nodes.json", "")
    spec = yaml.safe_load((project.root / "spec.yaml").read_text())
    project.write("spec.yaml", json.dumps(spec))
    outcome = project.build()
    assert "spec.yaml:1:" in outcome.err
    assert "hunter2" not in outcome.err
    assert "u5er" not in outcome.err


def test_the_json_report_has_everything_a_program_needs(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", MISSING)
    report = json.loads(project.build("-o", "json").out)
    (finding,) = report["findings"]
    assert (report["written"], report["errors"], report["cluster"], report["folder"]) == (
        True,
        [],
        "cluster",
        "out/cluster",
    )
    assert finding == {
        "code": "missing-value",
        "message": ".Values.kernelfullversion is not set",
        "file": "charts/kmod/templates/0000-state.yaml",
        "line": 6,
        "column": 9,
        "path": "",
        "subject": "",
        "hint": "did you mean kernelFullVersion?",
        "notes": [],
    }
    (resource,) = report["specialResources"]
    assert [(each["kernel"], each["nodes"]) for each in resource["kernels"]] == [(KERNEL, ["n0"])]
    assert sorted(report["files"]["created"]) == sorted(
        path.removeprefix("cluster/") for path in project.files()
    )


def test_the_json_report_of_a_refused_build_has_its_errors(project: Any) -> None:
    project.write_spec(nodeSelector={"gpu": "yes"})
    outcome = project.build("-o", "json")
    report = json.loads(outcome.out)
    assert (outcome.code, report["written"]) == (2, False)
    assert [error["code"] for error in report["errors"]] == ["selector-matches-none"]


def test_faults_of_specs_inventories_and_charts_come_in_one_run(project: Any) -> None:
    project.write_spec(debug="yes")
    project.write("nodes.json", '{"apiVersion": "v1", "kind": "List", "items": []}')
    outcome = project.run(
        "build", "spec.yaml", "nowhere", "--inventory", "nodes.json", "--charts", "chart", "--out", "out"
    )
    assert [line for line in outcome.err.splitlines() if line.startswith("error")] == [
        "error[no-such-file]: there is no file or folder nowhere",
        "error[wrong-type]: this must be true or false, and is the string 'yes'",
        "error[inventory-empty]: no nodes in nodes.json",
        "error[no-such-file]: there is no folder chart",
    ]


def test_a_broken_inventory_does_not_hide_that_a_template_cannot_be_parsed(project: Any) -> None:
    project.write("nodes.json", "{")
    project.write("charts/kmod/templates/0000-state.yaml", "{{ .Values.a")
    project.write("charts/kmod/templates/0001-state.yaml", "{{ end }}")
    outcome = project.build()
    assert outcome.code == 2
    assert [line for line in outcome.err.splitlines() if line.startswith(("error", "  -->", "  in:"))] == [
        "error[yaml-syntax]: the text ends where a value is expected",
        "  --> nodes.json:1:2",
        "error[template-syntax]: this action is never closed",
        "  --> charts/kmod/templates/0000-state.yaml:1:1",
        "  in: kmod",
        "error[template-syntax]: {{ end }} belongs to no block",
        "  --> charts/kmod/templates/0001-state.yaml:1:4",
        "  in: kmod",
    ]


def test_a_list_of_secrets_is_refused_like_a_secret(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: SecretList\nmetadata: {name: x}\n"
        "items:\n- metadata: {name: a}\n  stringData: {password: hunter2}\n",
    )
    outcome = project.build()
    assert outcome.code == 2
    assert outcome.err.startswith("error[plain-secret]: Secret/a holds data in plain text")
    assert "hunter2" not in outcome.err


def test_items_of_a_typed_list_are_objects_of_their_own(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n",
    )
    assert project.build().code == 0
    assert [path.rpartition("/")[2] for path in paths(project)] == [
        "configmap-a.yaml",
        "configmap-b.yaml",
        "namespace-kmod.yaml",
    ]


def test_the_same_object_in_two_states_is_one(project: Any) -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n"
    project.write("charts/kmod/templates/1000-a.yaml", account)
    project.write("charts/kmod/templates/2000-b.yaml", f"# again\n{account}")
    assert project.build().code == 0
    assert [path for path in paths(project) if "serviceaccount" in path] == [
        "cluster/kmod/1000-a/serviceaccount-a.yaml"
    ]


def test_a_namespace_of_the_charts_own_goes_over_ours(project: Any) -> None:
    project.write(
        "charts/kmod/templates/1000-a.yaml",
        'apiVersion: v1\nkind: Namespace\nmetadata: {name: kmod, labels: {own: "1"}}\n',
    )
    assert project.build().code == 0
    labels = yaml.safe_load(project.files()["cluster/kmod/namespace/namespace-kmod.yaml"])["metadata"][
        "labels"
    ]
    assert (labels["own"], labels["openshift.io/cluster-monitoring"]) == ("1", "true")


def test_an_affine_object_wherever_its_annotation_comes_from_exists_for_each_kernel(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n"
        '    {{ printf "specialresource.openshift.io/kernel-%s" "affine" }}: "true"\n'
        "data: {k: {{ .Values.kernelFullVersion }}}\n",
    )
    assert project.build().code == 0
    assert len([path for path in paths(project) if "configmap-a-" in path]) == 2


def test_a_name_that_only_its_kernel_makes_too_long_is_refused(project: Any) -> None:
    name = "d" * 50
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        f"apiVersion: apps/v1\nkind: DaemonSet\nmetadata:\n  name: {name}\n  annotations:\n"
        '    specialresource.openshift.io/kernel-affine: "true"\n',
    )
    outcome = project.build()
    assert outcome.code == 2
    assert outcome.err.startswith(
        f"error[object-label]: '{name}-b657a71de7fad62f' cannot be the value of label 'app'\n"
    )


def test_a_hook_that_nobody_runs_is_a_finding(project: Any) -> None:
    hook = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, annotations: {helm.sh/hook: %s}}\n"
    project.write("charts/kmod/templates/b.yaml", hook % ("b", "pre-delete"))
    project.write("charts/kmod/templates/c.yaml", hook % ("c", "test"))
    outcome = project.build()
    assert outcome.err == (
        "warning[hook-not-run]: ConfigMap/b is a hook for pre-delete, and is not rendered\n"
        "  in: kmod / kmod/templates/b.yaml\n"
        "  help: only pre-install and post-install hooks are run: make it one of them, or run it by other means\n"
    )
    project.write("charts/kmod/templates/b.yaml", hook % ("b", '"pre-install,pre-delete"'))
    assert project.build().err == ""


def test_a_hook_for_an_event_that_does_not_exist_is_a_finding_that_names_it(project: Any) -> None:
    hook = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, annotations: {helm.sh/hook: pre-instal}}\n"
    project.write("charts/kmod/templates/b.yaml", hook)
    assert project.build().err == (
        "warning[hook-not-run]: ConfigMap/b is a hook for 'pre-instal', which is no event of Helm's, "
        "and is not rendered\n"
        "  in: kmod / kmod/templates/b.yaml\n"
        "  help: only pre-install and post-install hooks are run: make it one of them, or run it by other means\n"
    )


def test_several_hooks_of_a_template_that_nobody_runs_are_one_finding(project: Any) -> None:
    hook = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, annotations: {helm.sh/hook: pre-rollback}}\n"
    project.write("charts/kmod/templates/b.yaml", hook % "b" + hook % "c")
    assert project.build().err == (
        "warning[hook-not-run]: 2 objects are hooks for pre-rollback, and are not rendered\n"
        "  in: kmod / kmod/templates/b.yaml\n"
        "  note: ConfigMap/b\n"
        "  note: ConfigMap/c\n"
        "  help: only pre-install and post-install hooks are run: make it one of them, or run it by other means\n"
    )


def test_a_list_of_specs_as_kubectl_prints_it_is_read(project: Any) -> None:
    spec = yaml.safe_load((project.root / "spec.yaml").read_text())
    project.write("spec.yaml", yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [spec]}))
    assert project.build().code == 0
    spec["spec"]["debgu"] = True
    project.write("spec.yaml", yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [spec]}))
    assert "--> spec.yaml:14:5 (spec.debgu)" in project.build().err


@pytest.mark.parametrize(
    "repository",
    [
        {"url": "https://bob:hunter2@charts.example.com"},
        {"url": "file:///c", "password": 123456},
        {"url": "file:///c", "pasword": "hunter2"},
    ],
)
def test_credentials_are_in_no_message_and_no_file(project: Any, repository: dict[str, Any]) -> None:
    chart = {"name": "kmod", "version": "1.0.0", "repository": {"name": "r", **repository}}
    project.write_spec(chart=chart)
    last = "kubectl.kubernetes.io/last-applied-configuration"
    spec = yaml.safe_load((project.root / "spec.yaml").read_text())
    spec["metadata"]["annotations"] = {last: '{"password": "hunter2"}'}
    project.write("spec.yaml", yaml.safe_dump(spec))
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {all: {{ .Values | toJson | quote }}}\n",
    )
    outcome = project.build()
    everything = outcome.out + outcome.err + b"".join(project.files().values()).decode()
    assert "hunter2" not in everything
    assert "123456" not in everything


def test_lists_that_double_are_stopped(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "{{ $l := list 1 }}{{ range until 40 }}{{ $l = concat $l $l }}{{ end }}",
    )
    outcome = project.build()
    assert outcome.code == 2
    assert outcome.err.startswith("error[limit-loop-iterations]: a list of 1,048,576 items is longer")


def test_one_object_twice_in_one_render_is_an_error(project: Any) -> None:
    one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: %s}\n"
    project.write("charts/kmod/templates/0000-state.yaml", f"{one % 'x'}---\n{one % 'y'}")
    outcome = project.build()
    assert outcome.code == 2
    assert outcome.err.startswith(
        "error[object-twice]: ConfigMap/kmod/a is rendered by kmod/templates/0000-state.yaml "
        "and by kmod/templates/0000-state.yaml, with different content\n"
    )


def test_a_misspelt_kind_of_inventory_names_the_right_one(project: Any) -> None:
    project.write("more.yaml", "apiVersion: sro.openshift.io/v1alpha1\nkind: NodeInventroy\n")
    assert project.build("--inventory", "more.yaml").err == (
        "error[unknown-kind]: 'NodeInventroy' is not a kind of inventory\n"
        "  --> more.yaml:2:7 (kind)\n"
        "  2 | kind: NodeInventroy\n"
        "    |       ^^^^^^^^^^^^^\n"
        "  help: did you mean NodeInventory?\n"
        "nothing was written: 1 error\n"
    )


def test_a_broken_chart_file_says_what_is_broken(project: Any) -> None:
    project.write("charts/kmod/Chart.yaml", "apiVersion: [\nname: kmod\nversion: 1.0.0\n")
    outcome = project.build()
    assert outcome.code == 2
    assert "--> charts/kmod/Chart.yaml:" in outcome.err
    assert "yaml-syntax" in outcome.err


def test_a_version_that_is_a_number_is_the_version_that_helm_reads(project: Any) -> None:
    project.write("charts/kmod/Chart.yaml", "apiVersion: v2\nname: kmod\nversion: 1.0\n")
    outcome = project.build()
    assert outcome.code == 2
    assert outcome.err.startswith("error[chart-version-not-found]: chart kmod has no version 1.0.0\n")
    assert "  help: versions there: 1\n" in outcome.err


@pytest.mark.parametrize("option", ["--out", "--cluster"])
def test_an_empty_name_is_refused(project: Any, option: str) -> None:
    outcome = project.build(option, "")
    assert outcome.code == 2
    assert "an empty name is no" in outcome.err


def test_a_document_of_comments_alone_is_skipped(project: Any) -> None:
    text = (project.root / "charts/kmod/templates/0000-state.yaml").read_text()
    project.write("charts/kmod/templates/0000-state.yaml", f"# nothing here\n---\n{text}---\n# nor here\n")
    outcome = project.build()
    assert (outcome.code, outcome.err) == (0, "")
    assert len(paths(project)) == 2


def test_a_kernel_affine_hook_exists_for_each_kernel(project: Any) -> None:
    project.write_nodes(KERNEL, OTHER)
    project.write(
        "charts/kmod/templates/hook.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hook\n  annotations:\n"
        '    helm.sh/hook: pre-install\n    specialresource.openshift.io/kernel-affine: "true"\n',
    )
    assert project.build().code == 0
    assert [path for path in paths(project) if "/pre-install/" in path] == [
        f"cluster/kmod/pre-install/{OTHER}/configmap-hook-bfb16b50984f16f0.yaml",
        f"cluster/kmod/pre-install/{KERNEL}/configmap-hook-b657a71de7fad62f.yaml",
    ]


def test_hooks_of_every_state_are_rendered(project: Any) -> None:
    hook = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, annotations: {helm.sh/hook: pre-install}}\n"
    project.write("charts/kmod/templates/1000-a.yaml", hook % "a")
    project.write("charts/kmod/templates/2000-b.yaml", hook % "b")
    assert project.build().code == 0
    assert [path for path in paths(project) if "/pre-install/" in path] == [
        "cluster/kmod/pre-install/configmap-a.yaml",
        "cluster/kmod/pre-install/configmap-b.yaml",
    ]


def test_inside_a_spec_the_toolkit_is_the_kernels(project: Any) -> None:
    project.write_spec(set={"from": "{{ .Values.driverToolkitImage }}"})
    project.write(
        "toolkits.yaml",
        "apiVersion: sro.openshift.io/v1alpha1\nkind: NodeInventory\n"
        f"driverToolkits: [{{image: toolkit.example/dtk, kernelFullVersion: {KERNEL}}}]\n",
    )
    project.write(
        "charts/kmod/templates/1000-a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {image: {{ .Values.from }}}\n",
    )
    assert project.build("--inventory", "toolkits.yaml").code == 0
    written = project.files()["cluster/kmod/1000-a/configmap-a.yaml"]
    assert b"image: toolkit.example/dtk\n" in written


def test_values_that_the_charts_schema_refuses_stop_the_build_at_their_place(project: Any) -> None:
    project.write_spec(set={"replicas": "2"})
    schema = '{"properties": {"replicas": {"type": "integer"}}, "additionalProperties": false}'
    project.write("charts/kmod/values.schema.json", schema)
    outcome = project.build()
    assert outcome.code == 2
    assert outcome.err == (
        "error[values-schema]: this must be an integer, and is the string '2'\n"
        "  --> spec.yaml:13:5 (replicas)\n"
        "  13 |     replicas: '2'\n"
        "     |     ^^^^^^^^\n"
        f"  in: kmod / kernel {KERNEL} / chart kmod\n"
        "  note: says charts/kmod/values.schema.json:1, at #/properties/replicas/type\n"
        "nothing was written: 1 error\n"
    )
    assert project.files() == {}


def test_a_schema_that_knows_no_runtime_values_does_not_stop_the_build(project: Any) -> None:
    project.write("charts/kmod/values.schema.json", '{"additionalProperties": false}')
    assert project.build().code == 0
