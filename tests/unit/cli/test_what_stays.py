"""Files of an earlier build beside a new one.

Matrix: Unmanaged and failed SRs against shared objects, states that are gone, objects that another SR
renders now, stale entries of the lock. Judge of reachability: kubectl kustomize on every tree.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

OTHER = "4.18.0-305.19.1.el8_4.x86_64"
KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
FAILS_FOR_OTHER = (
    '{{- if eq .Values.kernelFullVersion "4.18.0-305.19.1.el8_4.x86_64" }}{{ fail "no driver" }}{{ end }}\n'
)


def write_specs(project: Any, *resources: dict[str, Any], namespace: str = "shared") -> None:
    """spec.yaml with an SR for each mapping: its name, and what goes over its spec."""
    documents = []
    for resource in resources:
        spec = {
            "namespace": namespace,
            "chart": {
                "name": "kmod",
                "version": "1.0.0",
                "repository": {"name": "r", "url": "file:///charts"},
            },
            **{key: value for key, value in resource.items() if key != "name"},
        }
        documents.append(
            {
                "apiVersion": "sro.openshift.io/v1beta1",
                "kind": "SpecialResource",
                "metadata": {"name": resource["name"]},
                "spec": spec,
            }
        )
    project.write("spec.yaml", yaml.safe_dump_all(documents))


STATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  annotations:
    specialresource.openshift.io/kernel-affine: "true"
"""


@pytest.fixture
def two(project: Any) -> Any:
    """Two SRs in one namespace, built once: the namespace is shared."""
    project.write("charts/kmod/templates/0000-state.yaml", STATE)
    write_specs(project, {"name": "a"}, {"name": "b"})
    assert project.build().code == 0
    assert "cluster/_shared/namespace/namespace-shared.yaml" in project.files()
    return project


Identities = Callable[[Any], list[str]]


@pytest.fixture
def identities(kubectl: Path) -> Identities:
    """What kubectl makes of the whole bundle."""

    def build(project: Any) -> list[str]:
        done = subprocess.run(
            [kubectl, "kustomize", project.root / "out" / "cluster"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return sorted(
            f"{each['kind']}/{each['metadata']['name']}" for each in yaml.safe_load_all(done.stdout)
        )

    return build


def test_shared_objects_stay_when_all_their_resources_are_unmanaged(two: Any, identities: Identities) -> None:
    before = identities(two)
    write_specs(
        two, {"name": "a", "managementState": "Unmanaged"}, {"name": "b", "managementState": "Unmanaged"}
    )
    assert two.build().code == 0
    assert identities(two) == before
    assert two.build().out.splitlines()[-1].startswith("out/cluster: up to date")


def test_shared_objects_stay_when_all_their_resources_fail(two: Any, identities: Identities) -> None:
    before = identities(two)
    two.write("charts/fine/Chart.yaml", "apiVersion: v2\nname: fine\nversion: 1.0.0\n")
    two.write("charts/fine/templates/0000-x.yaml", STATE)
    two.write("charts/kmod/templates/0000-state.yaml", "{{ .Values.a.b }}")
    text = (two.root / "spec.yaml").read_text()
    write_specs(
        two,
        {
            "name": "z",
            "namespace": "zz",
            "chart": {"name": "fine", "version": "1.0.0", "repository": {"name": "r", "url": "file:///c"}},
        },
    )
    two.write("spec.yaml", f"{text}---\n{(two.root / 'spec.yaml').read_text()}")
    assert two.build("--keep-going").code == 1
    assert set(before) < set(identities(two))


def test_an_object_of_an_unmanaged_resource_is_not_written_again_by_another(
    project: Any, identities: Identities
) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", STATE)
    write_specs(project, {"name": "a"})
    project.build()
    write_specs(project, {"name": "a", "managementState": "Unmanaged"}, {"name": "b"})
    assert project.build().code == 0
    assert identities(project).count("Namespace/shared") == 1


def test_an_object_that_differs_from_what_stays_is_an_error(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", STATE.replace("{{ .Release.Name }}", "same"))
    write_specs(project, {"name": "a"})
    project.build()
    text = STATE.replace("{{ .Release.Name }}", "same") + "data: {a: b}\n"
    project.write("charts/kmod/templates/0000-state.yaml", text)
    write_specs(project, {"name": "a", "managementState": "Unmanaged"}, {"name": "b"})
    outcome = project.build()
    assert outcome.code == 2
    assert outcome.err.splitlines()[0] == (
        "error[object-conflict]: ConfigMap/shared/same-b657a71de7fad62f is rendered by "
        "kmod/templates/0000-state.yaml, and a/0000-state/4.18.0-305.45.1.el8_4.x86_64/"
        "configmap-same-b657a71de7fad62f.yaml, which stays as it is, has it with other content"
    )


def test_a_stale_kernel_in_a_state_that_is_gone_can_still_be_applied(
    project: Any, identities: Identities
) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", STATE)
    project.write_nodes(KERNEL, OTHER)
    project.build()
    (project.root / "charts/kmod/templates/0000-state.yaml").unlink()
    project.write("charts/kmod/templates/2000-state.yaml", FAILS_FOR_OTHER + STATE)
    assert project.build("--keep-going").code == 1
    assert identities(project) == [
        "ConfigMap/kmod-b657a71de7fad62f",
        "ConfigMap/kmod-bfb16b50984f16f0",
        "Namespace/kmod",
    ]
    files = project.files()
    listed = yaml.safe_load(files["cluster/kmod/kustomization.yaml"])["resources"]
    assert listed == ["namespace", "0000-state", "2000-state"]
    lock = yaml.safe_load(files["cluster/sro.lock.yaml"])
    assert [each["name"] for each in lock["specialResources"][0]["states"]] == [
        "namespace",
        "0000-state",
        "2000-state",
    ]
    assert set(lock["inventory"]["kernels"]) == {KERNEL, OTHER}


def test_stale_entries_of_an_unmanaged_resource_stay_in_the_lock(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", STATE)
    project.write_nodes(KERNEL, OTHER)
    project.build()
    project.write("charts/kmod/templates/0000-state.yaml", FAILS_FOR_OTHER + STATE)
    project.build("--keep-going")
    stale = yaml.safe_load(project.files()["cluster/sro.lock.yaml"])["stale"]
    assert [each["kernel"] for each in stale] == [OTHER]
    project.write_spec(managementState="Unmanaged")
    project.build()
    assert yaml.safe_load(project.files()["cluster/sro.lock.yaml"])["stale"] == stale


def test_a_file_that_must_stay_and_is_gone_stops_the_build(two: Any) -> None:
    write_specs(two, {"name": "a", "managementState": "Unmanaged"}, {"name": "b"})
    path = next(path for path in two.files() if path.startswith("cluster/a/0000-state/4.18"))
    (two.root / "out" / path).unlink()
    outcome = two.build()
    assert outcome.code == 2
    assert outcome.err.splitlines()[0] == (
        f"error[output-kept-missing]: out/{path} is to stay as it is, but it is gone"
    )


SHARED_ROLE = "cluster/_shared/0001-role/clusterrole-both.yaml"
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: both
rules: []
"""


def chart(name: str) -> dict[str, Any]:
    return {"name": name, "version": "1.0.0", "repository": {"name": "r", "url": "file:///c"}}


@pytest.fixture
def roles(project: Any) -> Any:
    """Two SRs with a chart of their own each, built once: both render one ClusterRole."""
    for name in ("a", "b"):
        project.write(f"charts/{name}/Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
        project.write(f"charts/{name}/templates/0000-state.yaml", STATE)
        project.write(f"charts/{name}/templates/0001-role.yaml", ROLE)
    write_specs(project, {"name": "a", "chart": chart("a")}, {"name": "b", "chart": chart("b")})
    assert project.build().code == 0
    assert SHARED_ROLE in project.files()
    return project


def test_what_an_unmanaged_resource_shares_stays_where_it_is_as_long_as_that_is_unmanaged(roles: Any) -> None:
    before = roles.files()[SHARED_ROLE]
    unmanaged = {"name": "a", "chart": chart("a"), "managementState": "Unmanaged"}
    write_specs(roles, unmanaged, {"name": "b", "chart": chart("b")})
    for _ in range(2):
        assert roles.build().code == 0
        assert roles.files()[SHARED_ROLE] == before
        lock = yaml.safe_load(roles.files()["cluster/sro.lock.yaml"])
        assert lock["shared"]["_shared/0001-role/clusterrole-both.yaml"] == ["a", "b"]
    write_specs(roles, unmanaged, {"name": "b", "chart": chart("b"), "managementState": "Removed"})
    for _ in range(2):
        assert roles.build().code == 0
        assert roles.files()[SHARED_ROLE] == before
        lock = yaml.safe_load(roles.files()["cluster/sro.lock.yaml"])
        assert lock["shared"]["_shared/0001-role/clusterrole-both.yaml"] == ["a"]
    write_specs(roles, {**unmanaged, "managementState": "Removed"}, {"name": "b", "chart": chart("b")})
    assert roles.build().code == 0
    assert [path for path in roles.files() if "both" in path] == ["cluster/b/0001-role/clusterrole-both.yaml"]


def test_what_a_failed_resource_shares_stays_when_the_other_one_goes(roles: Any) -> None:
    before = roles.files()[SHARED_ROLE]
    roles.write("charts/a/templates/0000-state.yaml", "{{ .Values.a.b }}")
    assert roles.build("--keep-going").code == 1
    assert roles.files()[SHARED_ROLE] == before
    write_specs(
        roles,
        {"name": "a", "chart": chart("a")},
        {"name": "b", "chart": chart("b"), "managementState": "Removed"},
    )
    assert roles.build("--keep-going").code == 1
    assert roles.files()[SHARED_ROLE] == before


def test_another_content_for_what_an_unmanaged_resource_shares_is_an_error(roles: Any) -> None:
    before = roles.files()
    write_specs(
        roles,
        {"name": "a", "chart": chart("a"), "managementState": "Unmanaged"},
        {"name": "b", "chart": chart("b")},
    )
    roles.write("charts/b/templates/0001-role.yaml", ROLE.replace("[]", "[{verbs: [get]}]"))
    outcome = roles.build()
    assert outcome.code == 2
    assert outcome.err.splitlines()[0] == (
        "error[object-conflict]: ClusterRole/both is rendered by b/templates/0001-role.yaml, and "
        "_shared/0001-role/clusterrole-both.yaml, which stays as it is, has it with other content"
    )
    assert roles.files() == before


def test_what_others_share_changes_beside_an_unmanaged_resource(roles: Any) -> None:
    roles.write("charts/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")
    roles.write("charts/c/templates/0000-state.yaml", STATE)
    others = [{"name": "a", "chart": chart("a")}, {"name": "b", "chart": chart("b")}]
    write_specs(roles, *others, {"name": "c", "namespace": "c", "chart": chart("c")})
    assert roles.build().code == 0
    for name in ("a", "b"):
        roles.write(f"charts/{name}/templates/0001-role.yaml", ROLE.replace("[]", "[{verbs: [get]}]"))
    unmanaged = {"name": "c", "namespace": "c", "chart": chart("c"), "managementState": "Unmanaged"}
    write_specs(roles, *others, unmanaged)
    assert roles.build().code == 0
    assert b"get" in roles.files()[SHARED_ROLE]


def test_what_stays_of_a_failed_kernel_is_found_where_its_folder_has_a_hash(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", STATE)
    project.write_nodes("6.1.0-RC", "6.1.0-rc")
    assert project.build().code == 0
    before = {path: data for path, data in project.files().items() if "/6.1.0-rc-" in path}
    assert len(before) == 2
    fails = FAILS_FOR_OTHER.replace(OTHER, "6.1.0-rc")
    project.write("charts/kmod/templates/0000-state.yaml", fails + STATE)
    assert project.build("--keep-going").code == 1
    files = project.files()
    assert {path: files.get(path) for path in before} == before
    (stale,) = yaml.safe_load(files["cluster/sro.lock.yaml"])["stale"]
    assert stale["kernel"] == "6.1.0-rc"
    assert {f"cluster/{path}" for path in stale["files"]} == set(before)


@pytest.mark.parametrize("name", ["kustomization.yaml", "con", "sro.lock.yaml"])
def test_an_unmanaged_resource_whose_folder_has_another_name_stays(project: Any, name: str) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", STATE.replace("{{ .Release.Name }}", "one"))
    write_specs(project, {"name": name, "namespace": "x"})
    assert project.build().code == 0
    before = project.files()
    write_specs(project, {"name": name, "namespace": "x", "managementState": "Unmanaged"})
    assert project.build().code == 0
    after = project.files()
    assert after.keys() == before.keys()
    locks = [yaml.safe_load(files["cluster/sro.lock.yaml"]) for files in (before, after)]
    assert locks[0]["specialResources"] == locks[1]["specialResources"]
    assert locks[0]["files"] == locks[1]["files"]


BROKEN = "kind: SpecialResource\napiVersion: sro.openshift.io/v1beta1\nmetadata: {name: a}\nspec: {set: {}, x: 1}\n"


@pytest.mark.parametrize(
    ("broken", "code"), [(BROKEN, "missing-key"), ("a: {\n", "yaml-syntax"), ("- a\n", "not-an-object")]
)
def test_a_broken_spec_keeps_its_files_and_holds_up_no_other(roles: Any, broken: str, code: str) -> None:
    before = {path: data for path, data in roles.files().items() if "/a/" in path or "/_shared/" in path}
    write_specs(roles, {"name": "b", "chart": chart("b")})
    roles.write("broken.yaml", broken)
    roles.write("charts/b/templates/0002-new.yaml", STATE.replace("name: {{", "name: new-{{"))
    arguments = ("build", "spec.yaml", "broken.yaml", "--inventory", "nodes.json", "--charts", "charts")
    refused = roles.run(*arguments, "--out", "out")
    assert refused.code == 2
    outcome = roles.run(*arguments, "--out", "out", "--keep-going")
    assert outcome.code == 1
    assert outcome.err.startswith(f"error[{code}]")
    after = roles.files()
    assert {path: after.get(path) for path in before} == before
    assert "cluster/b/0002-new/kustomization.yaml" in after
    (stale,) = yaml.safe_load(after["cluster/sro.lock.yaml"])["stale"]
    assert (stale["specialResource"], stale["kernel"]) == ("a", "")


def test_two_specs_of_one_name_keep_the_files_of_that_name(roles: Any) -> None:
    before = {path: data for path, data in roles.files().items() if "/a/" in path}
    write_specs(
        roles,
        {"name": "a", "chart": chart("a")},
        {"name": "a", "chart": chart("b")},
        {"name": "b", "chart": chart("b")},
    )
    outcome = roles.build("--keep-going")
    assert outcome.code == 1
    assert "error[duplicate-resource]" in outcome.err
    assert {path: roles.files().get(path) for path in before} == before


def test_a_fault_of_a_spec_hides_none_of_another_one(roles: Any) -> None:
    write_specs(roles, {"name": "b", "chart": chart("b"), "nodeSelector": {"none": "has-it"}})
    roles.write("broken.yaml", BROKEN.replace("name: a", "name: c"))
    write_more = (roles.root / "spec.yaml").read_text() + "---\n"
    write_specs(roles, {"name": "a", "chart": chart("nowhere")})
    roles.write("spec.yaml", write_more + (roles.root / "spec.yaml").read_text())
    outcome = roles.run(
        "build", "spec.yaml", "broken.yaml", "--inventory", "nodes.json", "--charts", "charts", "--out", "out"
    )
    assert outcome.code == 2
    codes = [line.split("]")[0] for line in outcome.err.splitlines() if line.startswith("error")]
    assert codes == [
        "error[missing-key",
        "error[unknown-key",
        "error[chart-not-found",
        "error[selector-matches-none",
    ]
