"""Nodes by kernel.

Matrix: selection; order; mixed systems and architectures; labels that lie or are too long. Left out:
how a toolkit is found (test_toolkits.py), texts of coverage.
"""

from __future__ import annotations

import pytest

from sro_render.errors import Finding
from sro_render.kernels.grouping import group_by_kernel, select_nodes
from sro_render.model.inventory import DriverToolkit, KernelVersion, Node

EL8 = "4.18.0-305.45.1.el8_4.x86_64"
LABEL = "feature.node.kubernetes.io/kernel-version.full"


def node(name: str, kernel: str = EL8, *, version: str = "8.4", arch: str = "amd64", **labels: str) -> Node:
    return Node(
        name=name,
        kernel=KernelVersion(kernel),
        os_image=f"Red Hat Enterprise Linux {version} (Ootpa)",
        architecture=arch,
        labels=labels,
    )


@pytest.mark.parametrize(
    ("selector", "names"),
    [({}, ["a", "b"]), ({"role": "w"}, ["a", "b"]), ({"gpu": ""}, ["b"]), ({"gpu": "x"}, [])],
)
def test_a_selector_takes_the_nodes_that_have_all_its_labels(
    selector: dict[str, str], names: list[str]
) -> None:
    nodes = [node("a", role="w"), node("b", role="w", gpu="")]
    assert [each.name for each in select_nodes(nodes, selector)] == names


def test_groups_go_in_byte_order_of_the_kernel_and_nodes_a_to_z() -> None:
    nodes = [node("c", "5.9"), node("b", "5.10"), node("a", "5.9"), node("d", "5.9a"), node("e", "5.9Z")]
    groups, errors, findings = group_by_kernel(nodes, [], [])
    assert [(group.kernel, group.nodes) for group in groups] == [
        ("5.10", ("b",)),
        ("5.9", ("a", "c")),
        ("5.9Z", ("e",)),
        ("5.9a", ("d",)),
    ]
    assert (errors, findings) == ((), ())


def test_no_nodes_give_no_groups() -> None:
    assert group_by_kernel([], [], []) == ((), (), ())


def test_a_planned_kernel_is_a_group_without_nodes() -> None:
    groups, _, _ = group_by_kernel([node("a")], [node("", "5.14.0-1.el9")], [])
    assert [(group.kernel, group.is_planned) for group in groups] == [(EL8, False), ("5.14.0-1.el9", True)]


def test_one_kernel_with_two_systems_is_an_error_of_that_kernel_alone() -> None:
    nodes = [node("a"), node("b", version="8.6"), node("c", "5.9")]
    groups, errors, _ = group_by_kernel(nodes, [], [])
    assert [group.kernel for group in groups] == ["5.9"]
    (error,) = errors
    assert str(error) == (
        "error[kernel-mixed-os]: nodes with this kernel report different OS versions: 8.4 on a, 8.6 on b\n"
        f"  in: kernel {EL8}\n"
        "  help: one kernel string belongs to one OS version; take the snapshot again, "
        "or mend the nodes' labels feature.node.kubernetes.io/system-os_release.*"
    )


def finding_codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


def test_one_kernel_on_two_architectures_is_a_finding() -> None:
    _, errors, findings = group_by_kernel([node("a"), node("b", arch="arm64")], [], [])
    assert (errors, finding_codes(findings)) == ((), ["kernel-mixed-architecture"])


@pytest.mark.parametrize(
    ("kernel", "label", "codes"),
    [
        (EL8, EL8, []),
        ("6.1.0+deb", "6.1.0_deb", []),
        (EL8, "4.18.0-305.19.1.el8_4.x86_64", ["kernel-label-stale"]),
    ],
)
def test_a_kernel_label_that_is_not_of_the_kernel_is_a_finding(
    kernel: str, label: str, codes: list[str]
) -> None:
    _, _, findings = group_by_kernel([node("a", kernel, **{LABEL: label})], [], [])
    assert finding_codes(findings) == codes


@pytest.mark.parametrize(("length", "codes"), [(63, []), (64, ["kernel-label-too-long"])])
def test_a_kernel_too_long_for_a_label_is_a_finding(length: int, codes: list[str]) -> None:
    _, _, findings = group_by_kernel([node("a", "5." + "1" * (length - 2))], [], [])
    assert finding_codes(findings) == codes


TOOLKIT = DriverToolkit(
    image="dtk@sha256:1",
    kernel="4.18.0-305.45.1.el8_4",
    rt_kernel="4.18.0-305.45.1.rt7.117.el8_4",
    os_version="8.4",
)


def test_a_toolkit_for_another_system_is_a_finding() -> None:
    _, _, findings = group_by_kernel([node("a", version="8.6")], [], [TOOLKIT])
    assert finding_codes(findings) == ["toolkit-os-mismatch"]


def test_a_planned_kernel_that_a_node_runs_is_that_nodes() -> None:
    planned = Node(name="", kernel=KernelVersion(EL8))
    groups, errors, _ = group_by_kernel([node("a")], [planned], [])
    assert (errors, [group.nodes for group in groups]) == ((), [("a",)])
    assert groups[0].system.version == "8.4"


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_the_release_of_a_kernel_does_not_hang_on_the_names_of_nodes(names: tuple[str, str]) -> None:
    def rhcos(name: str, release: str) -> Node:
        image = f"Red Hat Enterprise Linux CoreOS {release}.86.202301311516-0 (Ootpa)"
        return Node(name=name, kernel=KernelVersion(EL8), os_image=image)

    groups, errors, findings = group_by_kernel([rhcos(names[0], "412"), rhcos(names[1], "49")], [], [])
    assert (errors, groups[0].system.release) == ((), "4.9")
    assert finding_codes(findings) == ["kernel-mixed-release"]


@pytest.mark.parametrize("release", ["4.²", "4." + "9" * 5000, "four"])
def test_a_release_that_is_no_number_comes_first(release: str) -> None:
    def rhcos(name: str, release: str) -> Node:
        labels = {
            "feature.node.kubernetes.io/system-os_release.RHEL_VERSION": "8.4",
            "feature.node.kubernetes.io/system-os_release.OPENSHIFT_VERSION": release,
            "feature.node.kubernetes.io/system-os_release.ID": "rhcos",
            "feature.node.kubernetes.io/system-os_release.VERSION_ID": release,
        }
        return Node(name=name, kernel=KernelVersion(EL8), labels=labels)

    groups, errors, _ = group_by_kernel([rhcos("a", "4.10"), rhcos("b", release), node("c")], [], [])
    assert (errors, groups[0].system.release) == ((), release)
