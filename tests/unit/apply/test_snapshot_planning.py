"""What a snapshot brings for which specs, and what of a cluster becomes of it, in memory.

Matrix: each form of `cm://`, dependencies, SRs that are removed, ConfigMaps among the specs, lists, no specs; files and
folders; a proxy with a password, a server that does not know its version, a kernel that cannot be one; writing a file
that is the same. Left out: what a server answers, which tests/cluster has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sro_apply.files import read_sources, write_if_changed
from sro_apply.planning.snapshot import ReadCluster, snapshot
from sro_apply.planning.specs import Needs, read_needs
from sro_render.errors import InputError, OutputError
from sro_render.source import Source

SPEC = """\
apiVersion: sro.openshift.io/v1beta1
kind: SpecialResource
metadata: {name: a}
spec:
"""


def needs(*specs: str) -> Needs:
    return read_needs([Source(f"{number}.yaml", text) for number, text in enumerate(specs)])


@pytest.mark.parametrize(
    "url", ["cm://ns/charts", "cm:///ns/charts", "cm://ns/charts/", "cm://ns/charts/x.tgz"]
)
def test_each_form_of_a_config_maps_address_is_understood(url: str) -> None:
    found = needs(f"{SPEC}  chart: {{name: c, version: 1.0.0, repository: {{name: r, url: {url}}}}}")
    assert found == Needs(namespaces=("a",), charts=(("ns", "charts"),))


@pytest.mark.parametrize("url", ["file:///charts", "https://host/ns/charts", "cm://ns", "cm:///"])
def test_other_addresses_need_no_config_map(url: str) -> None:
    assert not needs(
        f"{SPEC}  chart: {{name: c, version: 1.0.0, repository: {{name: r, url: {url}}}}}"
    ).charts


def test_dependencies_need_their_own_namespaces_and_charts() -> None:
    found = needs(
        f"""{SPEC}  namespace: drivers
  chart: {{name: c, repository: {{url: cm://one/x}}}}
  dependencies:
  - chart: {{name: d, repository: {{url: cm://two/x}}}}
  - chart: {{name: e, repository: {{url: cm://one/x}}}}
"""
    )
    assert found == Needs(namespaces=("d", "drivers", "e"), charts=(("one", "x"), ("two", "x")))


def test_what_is_removed_needs_nothing() -> None:
    assert needs(f"{SPEC}  managementState: Removed\n  chart: {{repository: {{url: cm://n/x}}}}") == Needs()


def test_a_config_map_among_the_specs_need_not_be_brought() -> None:
    given = "kind: ConfigMap\napiVersion: v1\nmetadata: {namespace: ns, name: x}"
    assert needs(f"{SPEC}  chart: {{repository: {{url: cm://ns/x}}}}", given).charts == ()


def test_specs_as_kubectl_lists_them_are_understood() -> None:
    item = "{kind: SpecialResource, metadata: {name: b}, spec: {}}"
    assert needs(f"kind: List\napiVersion: v1\nitems: [{item}]") == Needs(namespaces=("b",))


def test_no_specs_need_nothing() -> None:
    assert needs() == Needs()


def test_files_without_a_spec_are_a_mistake() -> None:
    with pytest.raises(InputError) as raised:
        needs("kind: Pod\napiVersion: v1\nmetadata: {name: p}")
    assert str(raised.value) == (
        "error[spec-empty]: no SpecialResource in 0.yaml\n"
        "  note: there is 1 object of kind Pod\n"
        "  help: a spec is YAML with kind: SpecialResource, apiVersion: sro.openshift.io/v1beta1"
    )


def test_a_folder_stands_for_its_specs_and_not_for_what_was_rendered_below_it(tmp_path: Path) -> None:
    for name in (
        "a.yaml",
        "b/c.yml",
        ".git/x.yaml",
        "out/prod/sro.lock.yaml",
        "out/prod/a/x.yaml",
        "sro.yaml",
        "t.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}", encoding="utf-8")
    read = read_sources([tmp_path, tmp_path / "t.txt"])
    names = [Path(each.name).relative_to(tmp_path).as_posix() for each in read]
    assert names == ["a.yaml", "b/c.yml", "t.txt"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file or folder .*gone\.yaml"):
        read_sources([tmp_path / "gone.yaml"])


def node(name: str, kernel: str = "5.14.0-1.el9.x86_64") -> Any:
    info = {"kernelVersion": kernel, "kubeletVersion": "v1.30.1"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"nodeInfo": info}}


def test_passwords_of_a_proxy_stay_out() -> None:
    proxy: Any = {
        "apiVersion": "config.openshift.io/v1",
        "kind": "Proxy",
        "metadata": {"name": "cluster"},
        "spec": {"httpProxy": "http://me:hunter2@proxy:3128"},
    }
    taken = snapshot(ReadCluster(nodes=(node("a"),), facts=(proxy,)), "")
    assert taken.documents[0]["cluster"] == {
        "kubernetesVersion": "v1.30.1",
        "proxy": {"httpProxy": "http://proxy:3128"},
    }
    assert [each.code for each in taken.findings] == ["proxy-password-dropped"]


@pytest.mark.parametrize(
    ("version", "written"),
    [
        ("v1.29.3", "v1.29.3"),
        ("v1.23.5+3afdacb", "v1.23.5+3afdacb"),
        ("v0.0.0-master+$Format:%H$", "v1.30.1"),
        ("", "v1.30.1"),
    ],
)
def test_a_server_that_does_not_know_its_version_leaves_it_to_the_kubelets(
    version: str, written: str
) -> None:
    (inventory,) = snapshot(ReadCluster(nodes=(node("a"),), version=version), "").documents
    assert inventory["cluster"] == {"kubernetesVersion": written}


def test_a_kernel_that_cannot_be_one_is_told_with_its_node() -> None:
    with pytest.raises(InputError) as raised:
        snapshot(ReadCluster(nodes=(node("a"), node("b", "../etc"))), "")
    assert str(raised.value).startswith(
        "error[inventory-kernel]: '../etc' cannot be a kernel's version\n  in: node b\n"
    )


def test_a_cluster_whose_nodes_are_all_silent_is_refused_with_their_names() -> None:
    with pytest.raises(InputError) as raised:
        snapshot(ReadCluster(nodes=(node("b", ""), node("a", ""))), "")
    assert raised.value.finding.message == "no node reports its kernel"
    assert raised.value.finding.notes == ("a", "b")


def test_a_file_that_is_the_same_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "x"
    assert write_if_changed(file, b"1")
    file.chmod(0o640)
    time = file.stat().st_mtime_ns
    assert not write_if_changed(file, b"1")
    assert file.stat().st_mtime_ns == time
    assert write_if_changed(file, b"2")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"2", 0o640)
    assert [*tmp_path.iterdir()] == [file]


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    assert write_if_changed(tmp_path / "new" / "folder" / "x", b"1")
    assert (tmp_path / "new" / "folder" / "x").read_bytes() == b"1"


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="x cannot be written: File exists"):
        write_if_changed(tmp_path / "file" / "x", b"1")
