"""Nodes by kernel.

Matrix: selection; order; each finding with all that is said, and a case without it: mixed systems,
architectures and releases; labels that lie, are too long or are not one kernel's; toolkits of another
system. Left out: how a toolkit is found (test_toolkits.py), texts of coverage.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sro_render.errors import describe
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


def said(nodes: list[Node], *toolkits: DriverToolkit) -> str:
    """All that is said of nodes, in full; their kernels have no errors."""
    _, errors, findings = group_by_kernel(nodes, [], toolkits)
    assert errors == ()
    return "".join(f"{describe(finding, severity='warning')}\n" for finding in findings)


def test_one_kernel_on_two_architectures_is_a_finding() -> None:
    nodes = [node("c"), node("b", arch="arm64"), node("a")]
    assert (
        said(nodes)
        == f"""\
warning[kernel-mixed-architecture]: one kernel string runs on several architectures: amd64, arm64
  in: kernel {EL8}
  note: amd64 on a, c
  note: arm64 on b
  help: an image for one of them does not run on the other; give each a SpecialResource with a nodeSelector on kubernetes.io/arch
"""
    )


def test_two_kernels_on_two_architectures_are_none() -> None:
    assert said([node("a"), node("b", EL8.replace("x86_64", "aarch64"), arch="arm64")]) == ""
    assert said([node("a"), node("b", arch="")]) == ""


OLD = "4.18.0-305.19.1.el8_4.x86_64"


def test_a_kernel_label_that_is_not_of_the_kernel_is_a_finding() -> None:
    assert (
        said([node("a"), node("b", **{LABEL: OLD})])
        == f"""\
warning[kernel-label-stale]: the label {LABEL} is '{OLD}', but the node runs {EL8}
  in: node b
  help: objects for this kernel will not run there until node-feature-discovery sets the label to {EL8}
"""
    )


def test_many_nodes_with_one_wrong_label_are_one_finding() -> None:
    nodes = [node(f"n{number}", **{LABEL: OLD}) for number in range(7)]
    assert (
        said(nodes)
        == f"""\
warning[kernel-label-stale]: the label {LABEL} is '{OLD}' on 7 nodes that run {EL8}
  in: kernel {EL8}
  note: on n0, n1, n2, n3, n4 and 2 more
  help: objects for this kernel will not run there until node-feature-discovery sets the label to {EL8}
"""
    )


def test_nodes_with_different_wrong_labels_are_told_apart() -> None:
    nodes = [node("a", **{LABEL: OLD}), node("b", **{LABEL: "x"})]
    _, _, findings = group_by_kernel(nodes, [], [])
    assert [finding.subject for finding in findings] == ["node a", "node b"]


def test_a_planned_kernel_with_a_wrong_label_is_named_for_it_has_no_node() -> None:
    _, _, findings = group_by_kernel([], [node("", **{LABEL: OLD})] * 2, [])
    assert [(finding.subject, finding.notes) for finding in findings] == [(f"kernel {EL8}", ())]


@pytest.mark.parametrize(("kernel", "label"), [(EL8, EL8), ("6.1.0+deb", "6.1.0_deb")])
def test_a_kernel_label_as_node_feature_discovery_writes_it_is_none(kernel: str, label: str) -> None:
    assert said([node("a", kernel, **{LABEL: label})]) == ""


def test_a_kernel_too_long_for_a_label_is_a_finding() -> None:
    kernel = "5." + "1" * 62
    assert (
        said([node("a", kernel)])
        == f"""\
warning[kernel-label-too-long]: the kernel's label value has 64 characters, and Kubernetes allows 63
  in: kernel {kernel}
  help: no node can carry this label, so that nothing for this kernel can be scheduled: give the kernel a shorter version string, or keep its nodes out with spec.nodeSelector
"""
    )
    assert said([node("a", kernel[:63])]) == ""


def test_two_kernels_of_one_label_are_a_finding() -> None:
    assert (
        said([node("a", "5.1+a"), node("b", "5.1~a")])
        == f"""\
warning[kernel-label-ambiguous]: the label {LABEL} is '5.1_a' for 5.1+a and for 5.1~a
  in: kernel 5.1+a
  help: a driver for one of them would run on the other's nodes: give each a SpecialResource with a nodeSelector of its own
"""
    )
    assert said([node("a", "5.1+a"), node("b", "5.1~b")]) == ""


TOOLKIT = DriverToolkit(
    image="dtk@sha256:1",
    kernel="4.18.0-305.45.1.el8_4",
    rt_kernel="4.18.0-305.45.1.rt7.117.el8_4",
    os_version="8.4",
)


def test_a_toolkit_for_another_system_is_a_finding() -> None:
    assert (
        said([node("a", version="8.6")], TOOLKIT)
        == f"""\
warning[toolkit-os-mismatch]: the driver toolkit is for OS version 8.4, but the nodes report 8.6
  in: kernel {EL8}
  help: add the toolkit of the nodes' OS version to driverToolkits of a NodeInventory, or mend the osVersion of dtk@sha256:1 there
"""
    )


@pytest.mark.parametrize("os_version", ["8.4", ""])
def test_a_toolkit_for_the_nodes_system_or_for_none_is_none(os_version: str) -> None:
    assert said([node("a")], replace(TOOLKIT, os_version=os_version)) == ""


def test_a_planned_kernel_that_a_node_runs_is_that_nodes() -> None:
    planned = Node(name="", kernel=KernelVersion(EL8))
    groups, errors, _ = group_by_kernel([node("a")], [planned], [])
    assert (errors, [group.nodes for group in groups]) == ((), [("a",)])
    assert groups[0].system.version == "8.4"


def rhcos(name: str, release: str) -> Node:
    image = f"Red Hat Enterprise Linux CoreOS {release}.86.202301311516-0 (Ootpa)"
    return Node(name=name, kernel=KernelVersion(EL8), os_image=image)


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_the_release_of_a_kernel_does_not_hang_on_the_names_of_nodes(names: tuple[str, str]) -> None:
    groups, errors, _ = group_by_kernel([rhcos(names[0], "412"), rhcos(names[1], "49")], [], [])
    assert (errors, groups[0].system.release) == ((), "4.9")


def test_one_kernel_on_two_releases_is_a_finding() -> None:
    nodes = [rhcos("a", "412"), rhcos("b", "49"), rhcos("c", "412")]
    assert (
        said(nodes)
        == f"""\
warning[kernel-mixed-release]: nodes with this kernel belong to several OpenShift releases: 4.9, 4.12
  in: kernel {EL8}
  note: 4.9 on b
  note: 4.12 on a, c
  help: clusterVersionMajorMinor is 4.9 for all of them; finish the update, or give each release a SpecialResource of its own
"""
    )
    assert said(nodes[::2]) == ""


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
