"""Dependencies in `sro-render build`, inside this process.

Matrix: chains and diamonds; where a dependency's SR comes from (specs, the chart's own file, the chart alone);
values of one and of several dependents; conflicts of values, versions and repositories; circles; management
states on both sides; failures with and without `--keep-going`; the order on disk, in the lock and in the
report. What the operator's Go code gives a dependency as `.Values.specialresource` was read from its source.
Left out: `vendor`, which test_vendor.py has, and the law of permutations, which tests/laws has.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

OTHER = "4.18.0-305.19.1.el8_4.x86_64"
KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
STATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Chart.Name }}
data:
  values: {{ omit .Values "clusterUpgradeInfo" "specialresource" "groupName" "proxy" | toJson | quote }}
  sr: {{ .Values.specialresource | toJson | quote }}
"""
Set = dict[str, Any]


def ref(name: str, version: str = "1.0.0", url: str = "file:///charts", repository: str = "r") -> Any:
    return {"name": name, "version": version, "repository": {"name": repository, "url": url}}


def sr(name: str, *dependencies: Any, **spec: Any) -> dict[str, Any]:
    """An SR of the chart of its name; a dependency is a name, or what stands in the spec."""
    entries = [{"chart": ref(each)} if isinstance(each, str) else each for each in dependencies]
    return {
        "apiVersion": "sro.openshift.io/v1beta1",
        "kind": "SpecialResource",
        "metadata": {"name": name},
        "spec": {"chart": ref(name), **({"dependencies": entries} if entries else {}), **spec},
    }


def needs(name: str, values: Set, **chart: str) -> dict[str, Any]:
    """An entry of `dependencies` with values."""
    return {"chart": ref(name, **chart), "set": values}


def write_chart(project: Any, name: str, own: Any = None, state: str = STATE, version: str = "1.0.0") -> None:
    project.write(f"charts/{name}/Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: {version}\n")
    project.write(f"charts/{name}/templates/0000-state.yaml", state)
    if own is not None:
        text = own if isinstance(own, str) else yaml.safe_dump(own, sort_keys=False)
        project.write(f"charts/{name}/{name}.yaml", text)


def write_specs(project: Any, *resources: Any) -> None:
    """One file for each SR, in a folder that is given as SPEC."""
    for path in (project.root / "specs").glob("*"):
        path.unlink()
    for resource in resources:
        name = resource["metadata"]["name"]
        project.write(f"specs/{name}.yaml", yaml.safe_dump(resource, sort_keys=False))


def build(project: Any, *more: str) -> Any:
    arguments = ("--inventory", "nodes.json", "--charts", "charts", "--out", "out")
    return project.run("build", "specs", *arguments, *more)


def lock(project: Any) -> Any:
    return yaml.safe_load(project.files()["cluster/sro.lock.yaml"])


def order(project: Any) -> list[str]:
    """The SRs in the order of application, which is the same in lock and kustomization."""
    locked = [each["name"] for each in lock(project)["specialResources"]]
    root = yaml.safe_load(project.files()["cluster/kustomization.yaml"])["resources"]
    assert locked == root
    return locked


def data(project: Any, name: str) -> dict[str, Any]:
    """What the chart of that name printed: its values, and `.Values.specialresource`."""
    file = project.files()[f"cluster/{name}/0000-state/configmap-{name}.yaml"]
    return {key: json.loads(text) for key, text in yaml.safe_load(file)["data"].items()}


def folders(project: Any) -> set[str]:
    return {path.split("/")[1] for path in project.files() if path.count("/") > 1}


@pytest.fixture
def charts(project: Any) -> Any:
    """Charts a, b, c and d without a SpecialResource of their own."""
    for name in "abcd":
        write_chart(project, name)
    return project


# -- depth and order


def test_a_chain_renders_from_its_end(charts: Any) -> None:
    write_chart(charts, "b", sr("b", "c"))
    write_chart(charts, "c", sr("c", "d"))
    write_specs(charts, sr("a", "b"))
    outcome = build(charts)
    assert (outcome.code, outcome.err) == (0, "")
    assert [line for line in outcome.out.splitlines() if line[0] != " "] == [
        "d: chart d 1.0.0, namespace d, 1 kernel",
        "c: chart c 1.0.0, namespace c, 1 kernel",
        "b: chart b 1.0.0, namespace b, 1 kernel",
        "a: chart a 1.0.0, namespace a, 1 kernel",
        "out/cluster: 22 created, 0 updated, 0 removed, 0 unchanged",
    ]
    assert order(charts) == ["d", "c", "b", "a"]


def test_what_two_need_is_rendered_once_with_the_values_of_both(charts: Any) -> None:
    write_specs(
        charts,
        sr("a", "b", "c"),
        sr("b", needs("d", {"build": {"mode": "fast", "jobs": 4}})),
        sr("c", needs("d", {"build": {"arch": ["x"], "jobs": 4}, "debug": False})),
    )
    outcome = build(charts)
    assert (outcome.code, outcome.err) == (0, "")
    assert order(charts) == ["d", "b", "c", "a"]
    values = data(charts, "d")["values"]
    assert values["build"] == {"mode": "fast", "jobs": 4, "arch": ["x"]}
    assert values["debug"] is False
    locked = lock(charts)
    assert [each.get("dependencies") for each in locked["specialResources"]] == [
        None,
        ["d"],
        ["d"],
        ["b", "c"],
    ]
    assert [
        (each["specialResource"], each["name"], each["source"]) for each in locked["inputs"]["charts"]
    ] == [(name, name, "file:///charts") for name in "abcd"]


def test_what_needs_nothing_of_each_other_goes_by_name(charts: Any) -> None:
    write_specs(charts, sr("c"), sr("a", "d"), sr("b"))
    assert build(charts).code == 0
    assert order(charts) == ["b", "c", "d", "a"]


def test_the_report_for_programs_names_dependencies(charts: Any) -> None:
    write_specs(charts, sr("a", "b"))
    report = json.loads(build(charts, "-o", "json").out)
    assert [(each["name"], each["dependencies"]) for each in report["specialResources"]] == [
        ("b", []),
        ("a", ["b"]),
    ]


# -- which SR a dependency is


def test_a_dependency_without_a_spec_is_what_the_operator_makes_of_its_chart(charts: Any) -> None:
    entry = {"chart": {**ref("b", repository="mine"), "tags": ["t"]}, "set": {"mode": "x"}}
    write_specs(charts, sr("a", entry))
    assert build(charts).code == 0
    assert data(charts, "b")["sr"] == {
        "apiVersion": "sro.openshift.io/v1beta1",
        "kind": "SpecialResource",
        "metadata": {"name": "b", "creationTimestamp": None},
        "spec": {
            "chart": {
                "name": "b",
                "version": "1.0.0",
                "repository": {
                    "name": "mine",
                    "url": "file:///charts",
                    "username": "",
                    "password": "",
                    "certFile": "",
                    "keyFile": "",
                    "caFile": "",
                    "insecure_skip_tls_verify": False,
                },
                "tags": [],
            },
            "namespace": "b",
            "forceUpgrade": False,
            "debug": False,
            "set": {"mode": "x", "kind": "Values", "apiVersion": "sro.openshift.io/v1beta1"},
            "driverContainer": {"source": {"git": {"ref": "", "uri": ""}}, "artifacts": {}},
        },
        "status": {"state": ""},
    }


def test_the_spec_of_the_chart_says_what_the_dependency_is(charts: Any) -> None:
    own = sr("b", "c", namespace="drivers", nodeSelector={"role": "worker"}, set={"mode": "own"})
    write_chart(charts, "b", own)
    write_specs(charts, sr("a", needs("b", {"more": 1})))
    assert build(charts).code == 0
    printed = data(charts, "b")
    assert (printed["values"]["mode"], printed["values"]["more"]) == ("own", 1)
    spec = printed["sr"]["spec"]
    assert (spec["namespace"], spec["nodeSelector"]) == ("drivers", {"role": "worker"})
    assert spec["set"] == {
        "mode": "own",
        "more": 1,
        "kind": "Values",
        "apiVersion": "sro.openshift.io/v1beta1",
    }
    assert [each["chart"]["name"] for each in spec["dependencies"]] == ["c"]
    assert order(charts) == ["c", "b", "a"]


def test_a_dependency_takes_no_node_selector_of_its_dependent(charts: Any) -> None:
    charts.write_nodes(KERNEL, OTHER)
    write_specs(charts, sr("a", "b", nodeSelector={"kubernetes.io/hostname": "n0"}))
    outcome = build(charts)
    assert [line for line in outcome.out.splitlines() if line[0] != " "][:2] == [
        "b: chart b 1.0.0, namespace b, 2 kernels",
        "a: chart a 1.0.0, namespace a, 1 kernel",
    ]
    assert "nodeSelector" not in data(charts, "b")["sr"]["spec"]


def test_an_sr_among_the_specs_wins_over_that_of_the_chart(charts: Any) -> None:
    write_chart(charts, "b", sr("b", "c", namespace="from-chart"))
    write_specs(charts, sr("a", "b"), sr("b", namespace="from-spec"))
    assert build(charts).code == 0
    assert data(charts, "b")["sr"]["spec"]["namespace"] == "from-spec"
    assert folders(charts) == {"a", "b"}


def test_the_spec_of_a_chart_that_nobody_needs_is_not_read(charts: Any) -> None:
    write_chart(charts, "a", "kind: SpecialResource\nspec: wrong\n")
    write_specs(charts, sr("a"))
    assert build(charts).err == ""


def test_a_file_of_that_name_may_be_anything_else(charts: Any) -> None:
    write_chart(charts, "b", "{{ not: yaml")
    write_specs(charts, sr("a", "b"))
    assert build(charts).err == ""


def test_a_chart_in_a_config_map_brings_its_spec_along(charts: Any) -> None:
    write_chart(charts, "b", sr("b", namespace="drivers"))
    assert charts.run("package", "charts/b", "--configmap", "ns/b", "--out", "b-chart.yaml").code == 0
    (charts.root / "charts/b/b.yaml").unlink()
    write_specs(charts, sr("a", {"chart": ref("b", url="cm://ns/b")}))
    assert build(charts, "--inventory", "b-chart.yaml").code == 0
    assert data(charts, "b")["sr"]["spec"]["namespace"] == "drivers"
    sources = [each["source"] for each in lock(charts)["inputs"]["charts"]]
    assert sources == ["file:///charts", "cm://ns/b"]


def test_other_objects_beside_the_spec_of_a_chart_are_named(charts: Any) -> None:
    other = "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n---\n"
    write_chart(charts, "b", other + yaml.safe_dump(sr("b")))
    write_specs(charts, sr("a", "b"))
    outcome = build(charts)
    assert outcome.code == 0
    assert outcome.err == (
        "warning[spec-ignored]: Namespace/x is not a SpecialResource, and is not rendered\n"
        "  --> charts/b/b.yaml:1:1\n"
        "  1 | apiVersion: v1\n"
        "    | ^\n"
        "  help: keep other objects out of the folder of specs, or apply them by other means\n"
    )


def test_values_of_a_dependency_are_templates_over_its_own_runtime_values(charts: Any) -> None:
    values = {
        "who": "{{ .Values.specialresource.metadata.name }}",
        "kernel": "{{ .Values.kernelFullVersion }}",
    }
    write_specs(charts, sr("a", needs("b", values)))
    assert build(charts).code == 0
    printed = data(charts, "b")["values"]
    assert (printed["who"], printed["kernel"]) == ("b", KERNEL)


# -- what is wrong


def refuse(project: Any, *expected: str) -> None:
    """The build is refused with exactly these errors, and writes nothing."""
    outcome = build(project)
    what = "1 error" if len(expected) == 1 else f"{len(expected)} errors"
    assert outcome.err == f"{''.join(expected)}nothing was written: {what}\n"
    assert outcome.code == 2
    assert project.files() == {}


def test_two_values_for_one_key_are_shown_with_both_places(charts: Any) -> None:
    write_specs(
        charts,
        sr("a", needs("d", {"build": {"version": "1.2"}})),
        sr("b", "c", needs("d", {"build": {"version": 1.2}})),
    )
    refuse(
        charts,
        'error[dependency-conflict]: two values of build.version for d: "1.2" and 1.2\n'
        "  --> specs/b.yaml:27:9 (spec.dependencies[1].set.build.version)\n"
        "  27 |         version: 1.2\n"
        "     |         ^^^^^^^\n"
        "  in: b\n"
        '  note: "1.2" is at specs/a.yaml:21:9, in a\n'
        "  note: needed by a and b, which are rendered all the same\n"
        "  help: d is rendered once for all that need it: write one value, or leave it to one of them\n",
    )


def test_values_of_the_specs_own_set_conflict_too(charts: Any) -> None:
    write_specs(charts, sr("a", needs("b", {"list": [1, 2]})), sr("b", set={"list": [1], "kind": "x"}))
    refuse(
        charts,
        "error[dependency-conflict]: two values of list for b: [1] and [1, 2]\n"
        "  --> specs/a.yaml:20:7 (spec.dependencies[0].set.list)\n"
        "  20 |       list:\n"
        "     |       ^^^^\n"
        "  in: a\n"
        "  note: [1] is at specs/b.yaml:13:5, in b\n"
        "  note: needed by a, which is rendered all the same\n"
        "  help: b is rendered once for all that need it: write one value, or leave it to one of them\n",
    )


@pytest.mark.parametrize(
    ("one", "two", "shown"),
    [
        ({"x": 1}, {"x": True}, "x for d: 1 and true"),
        ({"x": {"z": 1}}, {"x": None}, 'x for d: {"z": 1} and null'),
        ({"x": "a" * 99}, {"x": "b"}, f'x for d: "{"a" * 59}… and "b"'),
        ({"x": {"password": "s3cret"}}, {"x": {"password": "t0p"}}, "x.password for d: *** and ***"),
        ({"x": "{{ .Values.a }}"}, {"x": "{{ .Values.b }}"}, '"{{ .Values.a }}" and "{{ .Values.b }}"'),
    ],
)
def test_conflicting_values_are_shown_as_what_they_are(charts: Any, one: Set, two: Set, shown: str) -> None:
    write_specs(charts, sr("a", needs("d", one)), sr("b", needs("d", two)))
    outcome = build(charts)
    assert shown in outcome.err.splitlines()[0]
    assert "s3cret" not in outcome.err
    assert "t0p" not in outcome.err


def test_each_value_that_differs_from_the_first_is_an_error(charts: Any) -> None:
    write_specs(charts, *(sr(name, needs("d", {"x": name, "y": 1})) for name in "abc"))
    outcome = build(charts)
    assert [line for line in outcome.err.splitlines() if line.startswith("error")] == [
        'error[dependency-conflict]: two values of x for d: "a" and "b"',
        'error[dependency-conflict]: two values of x for d: "a" and "c"',
    ]


def test_two_versions_of_a_dependency_are_an_error_that_names_both_ends(charts: Any) -> None:
    write_specs(charts, sr("a", "d"), sr("b", {"chart": ref("d", "2.0.0")}))
    refuse(
        charts,
        "error[dependency-conflict]: d is wanted as chart d 1.0.0 of file:///charts, and as chart d 2.0.0 "
        "of file:///charts\n"
        "  --> specs/b.yaml:13:5 (spec.dependencies[0].chart)\n"
        "  13 |   - chart:\n"
        "     |     ^^^^^\n"
        "  in: b\n"
        "  note: the other is at specs/a.yaml:13:5\n"
        "  note: needed by a and b, which are rendered all the same\n"
        "  help: one chart is rendered for all that need it: name the same version and repository\n",
    )


def test_another_repository_than_that_of_the_spec_is_an_error(charts: Any) -> None:
    url = "https://ann:s3cret@example.com/charts/"
    write_specs(charts, sr("a", {"chart": ref("b", url=url)}), sr("b"))
    refuse(
        charts,
        "error[dependency-conflict]: b is wanted as chart b 1.0.0 of file:///charts, and as chart b 1.0.0 "
        "of https://example.com/charts\n"
        "  --> specs/a.yaml:13:5 (spec.dependencies[0].chart)\n"
        "  13 |   - chart:\n"
        "     |     ^^^^^\n"
        "  in: a\n"
        "  note: the other is at specs/b.yaml:6:3\n"
        "  note: needed by a, which is rendered all the same\n"
        "  help: one chart is rendered for all that need it: name the same version and repository\n",
    )


def test_names_of_repositories_and_slashes_make_no_difference(charts: Any) -> None:
    write_specs(
        charts,
        sr("a", {"chart": ref("c", url="cm:///ns/c", repository="z")}),
        sr("b", {"chart": ref("c", url="cm://ns/c/", repository="m")}),
    )
    assert build(charts).err == ""
    assert data(charts, "c")["sr"]["spec"]["chart"]["repository"]["name"] == "m"


def test_a_chart_that_brings_along_the_spec_of_another_version_is_told(charts: Any) -> None:
    write_chart(charts, "b", sr("b", chart=ref("b", "0.9.0")))
    write_specs(charts, sr("a", "b"))
    refuse(
        charts,
        "error[dependency-conflict]: b is wanted as chart b 1.0.0, and its own SpecialResource wants chart "
        "b 0.9.0\n"
        "  --> charts/b/b.yaml:6:3 (spec.chart)\n"
        "  6 |   chart:\n"
        "    |   ^^^^^\n"
        "  in: b\n"
        "  note: the SpecialResource lies in charts/b\n"
        "  note: needed by a, which is rendered all the same\n"
        "  help: let it name the chart that it lies in, or write a SpecialResource b among the specs\n",
    )


def test_the_repository_in_the_spec_of_a_chart_does_not_count(charts: Any) -> None:
    write_chart(charts, "b", sr("b", chart=ref("b", url="https://example.com/author")))
    write_specs(charts, sr("a", "b"))
    assert build(charts).err == ""
    assert [each["source"] for each in lock(charts)["inputs"]["charts"]] == ["file:///charts"] * 2


def test_every_fault_of_the_spec_of_a_chart_has_its_place(charts: Any) -> None:
    text = yaml.safe_dump(sr("b", password="s3cret"), sort_keys=False)
    write_chart(charts, "b", text.replace("  name: b\nspec", "  name: x\n  lable: y\nspec"))
    write_specs(charts, sr("a", "b", "c"))
    write_chart(charts, "c", sr("d"))
    refuse(
        charts,
        "error[unknown-key]: 'lable' is not a key of metadata\n"
        "  --> charts/b/b.yaml:5:3 (metadata.lable)\n"
        "  5 |   lable: y\n"
        "    |   ^^^^^\n"
        "  in: b\n"
        "  note: needed by a, which is rendered all the same\n"
        "  help: did you mean 'labels'?\n",
        "error[unknown-key]: 'password' is not a key of spec\n"
        "  --> charts/b/b.yaml:13:3 (spec.password)\n"
        "  13 |   password: ******\n"
        "     |   ^^^^^^^^\n"
        "  in: b\n"
        "  help: known keys: chart, debug, dependencies, driverContainer, forceUpgrade, managementState, "
        "namespace, nodeSelector, set\n",
        "error[chart-spec-name]: chart c brings along SpecialResource d\n"
        "  --> charts/c/c.yaml:4:9 (metadata.name)\n"
        "  4 |   name: d\n"
        "    |         ^\n"
        "  in: c\n"
        "  note: needed by a, which is rendered all the same\n"
        "  help: a dependency is named after its chart: c; or write a SpecialResource c among the specs\n",
    )


def test_a_dependency_whose_chart_is_nowhere_is_told_with_all_that_need_it(charts: Any) -> None:
    write_specs(charts, sr("a", "e"), sr("b", "e"))
    refuse(
        charts,
        "error[chart-not-found]: chart e 1.0.0 was not found\n"
        "  --> specs/a.yaml:13:5 (spec.dependencies[0].chart)\n"
        "  13 |   - chart:\n"
        "     |     ^^^^^\n"
        "  in: a\n"
        "  note: looked in charts: a 1.0.0, b 1.0.0, c 1.0.0, d 1.0.0, kmod 1.0.0\n"
        "  note: needed by a and b, which are rendered all the same\n"
        "  help: put the chart, as a folder or .tgz, below the --charts folder\n",
    )


def test_a_name_that_no_object_can_have_is_refused_at_its_place(charts: Any) -> None:
    write_chart(charts, "My_Chart")
    write_specs(charts, sr("a", "My_Chart"))
    refuse(
        charts,
        "error[object-name]: 'My_Chart' cannot be the name of a SpecialResource\n"
        "  --> specs/a.yaml:14:13 (spec.dependencies[0].chart.name)\n"
        "  14 |       name: My_Chart\n"
        "     |             ^^^^^^^^\n"
        "  in: a\n"
        "  note: needed by a, which is rendered all the same\n"
        "  help: a dependency is named after its chart; lower-case letters, digits, '-' and '.', at most 53 "
        "(it has 8), a letter or digit at both ends\n",
        "error[namespace-name]: 'My_Chart' cannot be the name of a namespace\n"
        "  --> specs/a.yaml:14:7 (spec.dependencies[0].chart.name)\n"
        "  14 |       name: My_Chart\n"
        "     |       ^^^^\n"
        "  in: My_Chart\n"
        "  note: needed by a, which is rendered all the same\n"
        "  help: lower-case letters, digits and '-', at most 63, a letter or digit at both ends; without "
        "spec.namespace, the SpecialResource's name is taken\n",
    )


def test_a_fault_of_a_merged_value_is_shown_where_it_was_given(charts: Any) -> None:
    write_specs(charts, sr("a", needs("b", {"x": "{{ fail }}"})), sr("b", set={"y": 1}))
    refuse(
        charts,
        "error[template-function-unknown]: there is no function fail\n"
        "  --> specs/a.yaml:20:14 (spec.dependencies[0].set.x)\n"
        "  20 |       x: '{{ fail }}'\n"
        "     |              ^^^^\n"
        "  in: b\n"
        "  note: needed by a, which is rendered all the same\n"
        "  help: a value is written with a dot, as in .fail\n",
    )


def test_a_value_that_the_schema_of_the_chart_refuses_is_shown_where_it_was_given(charts: Any) -> None:
    charts.write("charts/b/values.schema.json", '{"properties": {"jobs": {"type": "integer"}}}')
    write_specs(charts, sr("a", needs("b", {"jobs": "many"})))
    refuse(
        charts,
        "error[values-schema]: this must be an integer, and is the string 'many'\n"
        "  --> specs/a.yaml:20:7 (jobs)\n"
        "  20 |       jobs: many\n"
        "     |       ^^^^\n"
        f"  in: b / kernel {KERNEL} / chart b\n"
        "  note: says charts/b/values.schema.json:1, at #/properties/jobs/type\n"
        "  note: needed by a, which is rendered all the same\n",
    )


# -- circles


def test_a_circle_is_named_with_all_its_places(charts: Any) -> None:
    write_chart(charts, "b", sr("b", "c"))
    write_specs(charts, sr("c", "d", "a"), sr("a", "b"))
    refuse(
        charts,
        "error[dependency-circle]: SpecialResources need each other in a circle: a -> b -> c -> a\n"
        "  --> specs/a.yaml:14:13 (spec.dependencies[0].chart.name)\n"
        "  14 |       name: b\n"
        "     |             ^\n"
        "  in: a\n"
        "  note: b needs c at charts/b/b.yaml:14:13\n"
        "  note: c needs a at specs/c.yaml:20:13\n"
        "  help: one of them must be able to start without the others: take it out of the dependencies there\n",
    )


def test_an_sr_that_needs_itself_or_its_own_chart_is_told(charts: Any) -> None:
    write_specs(charts, sr("a", "a"), sr("driver", "b", chart=ref("b")))
    refuse(
        charts,
        "error[dependency-circle]: driver needs its own chart b 1.0.0\n"
        "  --> specs/driver.yaml:14:13 (spec.dependencies[0].chart.name)\n"
        "  14 |       name: b\n"
        "     |             ^\n"
        "  in: driver\n"
        "  help: one of them must be able to start without the others: take it out of the dependencies there\n",
        "error[dependency-circle]: a needs itself: a -> a\n"
        "  --> specs/a.yaml:14:13 (spec.dependencies[0].chart.name)\n"
        "  14 |       name: a\n"
        "     |             ^\n"
        "  in: a\n"
        "  help: one of them must be able to start without the others: take it out of the dependencies there\n",
    )


def test_all_circles_are_told_in_one_run(charts: Any) -> None:
    write_specs(charts, sr("a", "b", "c"), sr("b", "a"), sr("c", "a", "d"), sr("d", "c"))
    outcome = build(charts)
    assert [line for line in outcome.err.splitlines() if line.startswith("error")] == [
        "error[dependency-circle]: SpecialResources need each other in a circle: a -> b -> a",
        "error[dependency-circle]: SpecialResources need each other in a circle: a -> c -> a",
        "error[dependency-circle]: SpecialResources need each other in a circle: c -> d -> c",
    ]


def test_a_circle_hides_no_other_error_and_holds_up_nobody_else(charts: Any) -> None:
    write_chart(charts, "b", state='{{ fail "no b" }}')
    write_specs(charts, sr("a", "b"), sr("b", "a"), sr("c", "a"), sr("d"))
    outcome = build(charts, "--keep-going")
    assert outcome.code == 1
    assert [line for line in outcome.err.splitlines() if line.startswith("error")] == [
        "error[dependency-circle]: SpecialResources need each other in a circle: a -> b -> a",
        "error[chart-fails]: no b",
    ]
    assert order(charts) == ["d", "c"]
    assert "a: failed, and has no files; needed by c\n" in outcome.out


# -- management states


def test_an_unmanaged_dependency_stays_as_it_is_and_counts_as_there(charts: Any) -> None:
    write_specs(charts, sr("a", "d"), sr("b"), sr("d"))
    assert build(charts).code == 0
    before = {path: text for path, text in charts.files().items() if path.startswith("cluster/d/")}
    entry = lock(charts)["specialResources"]
    write_chart(charts, "d", state="changed: {{ fail }}")
    write_specs(charts, sr("a", needs("d", {"x": 1})), sr("b"), sr("d", managementState="Unmanaged"))
    outcome = build(charts)
    assert (outcome.code, outcome.err) == (0, "")
    after = charts.files()
    assert {path: text for path, text in after.items() if path.startswith("cluster/d/")} == before
    assert order(charts) == ["b", "d", "a"]
    assert lock(charts)["specialResources"][1] == entry[1]
    assert outcome.out.splitlines()[-2] == "d: unmanaged, left as it is"


def test_an_unmanaged_dependency_that_was_never_rendered_counts_as_there_too(charts: Any) -> None:
    write_chart(charts, "b", sr("b", managementState="Unmanaged"))
    write_specs(charts, sr("a", "b"))
    outcome = build(charts)
    assert (outcome.code, outcome.err) == (0, "")
    assert order(charts) == ["a"]
    assert outcome.out.splitlines()[-2] == "b: unmanaged, left as it is"


def test_what_an_unmanaged_sr_needs_goes_on_being_rendered(charts: Any) -> None:
    write_specs(charts, sr("a", "b"))
    assert build(charts).code == 0
    write_specs(charts, sr("a", "b", managementState="Unmanaged"))
    outcome = build(charts)
    assert (outcome.code, outcome.err) == (0, "")
    assert order(charts) == ["b", "a"]
    assert outcome.out.splitlines()[-1] == "out/cluster: 0 created, 1 updated, 0 removed, 11 unchanged"


@pytest.mark.parametrize("state", ["Managed", "Force", "Unmanaged"])
def test_what_is_needed_cannot_be_removed(charts: Any, state: str) -> None:
    write_specs(charts, sr("a", "b", managementState=state), sr("b", managementState="Removed"), sr("c"))
    note = "" if state == "Unmanaged" else "  note: needed by a, which is rendered all the same\n"
    refuse(
        charts,
        "error[dependency-removed]: a needs b, which is to be removed\n"
        "  --> specs/a.yaml:14:13 (spec.dependencies[0].chart.name)\n"
        "  14 |       name: b\n"
        "     |             ^\n"
        "  in: a\n"
        "  note: managementState: Removed is at specs/b.yaml:12:3\n"
        f"{note}"
        "  help: take b out of the dependencies, or write managementState: Managed\n",
    )


def test_with_keep_going_what_is_needed_is_not_removed(charts: Any) -> None:
    write_specs(charts, sr("a", "b"), sr("b"))
    assert build(charts).code == 0
    before = charts.files()
    write_specs(charts, sr("a", "b"), sr("b", managementState="Removed"))
    outcome = build(charts, "--keep-going")
    assert outcome.code == 1
    assert lock(charts)["removed"] == []
    assert [each["specialResource"] for each in lock(charts)["stale"]] == ["b"]
    assert {path for path in before if path.startswith("cluster/b/")} <= charts.files().keys()
    assert order(charts) == ["b", "a"]


def test_what_a_removed_sr_needs_is_needed_no_more(charts: Any) -> None:
    write_specs(charts, sr("a", "b"))
    assert build(charts).code == 0
    write_specs(charts, sr("a", "b", managementState="Removed"), sr("c"))
    outcome = build(charts)
    assert (outcome.code, outcome.err) == (0, "")
    assert folders(charts) == {"c"}
    assert lock(charts)["removed"] == ["a"]


def test_a_removed_sr_may_need_a_removed_one(charts: Any) -> None:
    write_specs(charts, sr("a", "b", managementState="Removed"), sr("b", managementState="Removed"), sr("c"))
    assert build(charts).err == ""
    assert lock(charts)["removed"] == ["a", "b"]


# -- failures


def test_dependents_of_what_fails_are_rendered(charts: Any) -> None:
    write_chart(charts, "d", state='{{ fail "no driver" }}')
    write_specs(charts, sr("a", "b"), sr("b", "d"), sr("c", "d"))
    outcome = build(charts, "--keep-going")
    assert outcome.code == 1
    assert outcome.err == (
        "error[chart-fails]: no driver\n"
        "  --> charts/d/templates/0000-state.yaml:1:4\n"
        '  1 | {{ fail "no driver" }}\n'
        "    |    ^^^^^^^^^^^^^^^^\n"
        f"  in: d / kernel {KERNEL}\n"
        "  note: needed by b and c, which are rendered all the same\n"
        "not everything was written: 1 error\n"
    )
    assert order(charts) == ["b", "a", "c"]
    assert "d: failed, and has no files; needed by b and c\n" in outcome.out


def test_without_keep_going_a_failed_dependency_hides_no_error_of_its_dependents(charts: Any) -> None:
    write_chart(charts, "a", state='{{ fail "no a" }}')
    write_chart(charts, "b", state='{{ fail "no b" }}')
    write_specs(charts, sr("a", "b"))
    outcome = build(charts)
    assert outcome.code == 2
    errors = [line for line in outcome.err.splitlines() if line.startswith("error")]
    assert errors == ["error[chart-fails]: no b", "error[chart-fails]: no a"]


def test_a_kernel_that_fails_in_a_dependency_fails_there_alone(charts: Any) -> None:
    charts.write_nodes(KERNEL, OTHER)
    fails = f'{{{{ if eq .Values.kernelFullVersion "{OTHER}" }}}}{{{{ fail "no" }}}}{{{{ end }}}}\n'
    write_chart(charts, "b", state=fails + STATE)
    write_specs(charts, sr("a", "b"))
    outcome = build(charts, "--keep-going")
    assert outcome.code == 1
    assert "  note: needed by a, which is rendered all the same\n" in outcome.err
    assert f"b: kernel {OTHER} failed, and has no files; needed by a\n" in outcome.out
    assert order(charts) == ["b", "a"]


def test_what_stays_of_a_failed_dependency_stays_in_its_place(charts: Any) -> None:
    write_specs(charts, sr("a", "d"), sr("b"), sr("c", "a"))
    assert build(charts).code == 0
    assert order(charts) == ["b", "d", "a", "c"]
    write_chart(charts, "d", state='{{ fail "no driver" }}')
    outcome = build(charts, "--keep-going")
    assert "d: everything is stale, 5 files kept; needed by a\n" in outcome.out
    assert order(charts) == ["b", "d", "a", "c"]


def test_a_broken_spec_is_not_replaced_by_that_of_the_chart(charts: Any) -> None:
    write_chart(charts, "b", sr("b", namespace="from-chart"))
    write_specs(charts, sr("a", "b"), sr("b", namespace="from-spec"))
    assert build(charts).code == 0
    before = charts.files()
    write_specs(charts, sr("a", "b"), sr("b", namespace="from-spec", sett={}))
    outcome = build(charts, "--keep-going")
    assert outcome.code == 1
    assert [line for line in outcome.err.splitlines() if line.startswith("error")] == [
        "error[unknown-key]: 'sett' is not a key of spec"
    ]
    path = "cluster/b/0000-state/configmap-b.yaml"
    assert charts.files()[path] == before[path]
    assert "b: everything is stale, 5 files kept; needed by a\n" in outcome.out


@pytest.mark.parametrize("broken", ["spec", "chart", "circle"])
def test_what_a_failed_sr_needed_stays_with_it(charts: Any, broken: str) -> None:
    write_chart(charts, "b", sr("b", "c"))
    write_chart(charts, "c", sr("c", "d"))
    write_specs(charts, sr("a", "b"))
    assert build(charts).code == 0
    before = folders(charts)
    write_specs(charts, sr("a", "b", **({"sett": {}} if broken == "spec" else {})), sr("kmod"))
    if broken == "chart":
        write_chart(charts, "b", sr("b", "c", sett={}))
    elif broken == "circle":
        write_chart(charts, "b", sr("b", "c", "a"))
    outcome = build(charts, "--keep-going")
    assert outcome.code == 1
    assert folders(charts) == before | {"kmod"}
    assert order(charts) == ["d", "c", "b", "a", "kmod"]
    assert build(charts, "--keep-going").out.splitlines()[-1].startswith("out/cluster: up to date")


def test_specs_that_cannot_be_read_are_not_replaced_by_those_of_charts(charts: Any) -> None:
    write_chart(charts, "b", sr("b", namespace="from-chart"))
    write_specs(charts, sr("a", "b"), sr("b", namespace="from-spec"))
    assert build(charts).code == 0
    before = charts.files()
    charts.write("specs/b.yaml", "a: [")
    outcome = build(charts, "--keep-going")
    assert outcome.code == 1
    path = "cluster/b/0000-state/configmap-b.yaml"
    assert charts.files()[path] == before[path]
    assert order(charts) == ["b", "a"]
