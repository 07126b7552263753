"""What a node says of itself.

Matrix: OS strings of both RHCOS eras and of other systems, with and without NFD's labels; kernels
for labels, patch versions and architectures. Expected values: SRO's own (pkg/utils/osversion.go),
each system's /etc/os-release, and NFD's rule for label values. Left out: nodes that lie.
"""

from __future__ import annotations

import pytest

from sro_render.kernels.facts import (
    OperatingSystem,
    is_rhcos_version,
    kernel_architecture,
    kernel_label_value,
    kernel_patch_version,
    operating_system,
    rhcos_version,
)
from sro_render.model.inventory import KernelVersion, Node

RHCOS = "Red Hat Enterprise Linux CoreOS"
SCOS = "CentOS Stream CoreOS"
NFD = "feature.node.kubernetes.io/system-os_release."


def node(os_image: str, **labels: str) -> Node:
    """A node with a system; labels by the last part of NFD's names."""
    return Node(
        name="n",
        kernel=KernelVersion("k"),
        os_image=os_image,
        labels={f"{NFD}{key}": value for key, value in labels.items()},
    )


@pytest.mark.parametrize(
    ("os_image", "labels", "expected"),
    [
        (f"{RHCOS} 49.84.202201102104-0 (Ootpa)", {}, ("rhel", "8.4", "4.9")),
        (f"{RHCOS} 410.84.202203221702-0 (Ootpa)", {}, ("rhel", "8.4", "4.10")),
        (f"{RHCOS} 413.92.202310210500-0 (Plow)", {}, ("rhel", "9.2", "4.13")),
        (f"{RHCOS} 418.94.202501221327-0", {}, ("rhel", "9.4", "4.18")),
        (f"{RHCOS} 9.6.20250121-0 (Plow)", {}, ("rhel", "9.6", "")),
        (f"{RHCOS} 9.6.20250121-0 (Plow)", {"ID": "rhcos", "VERSION_ID": "4.19"}, ("rhel", "9.6", "4.19")),
        (f"{RHCOS} 10.0.20260101-0 (Coughlan)", {}, ("rhel", "10.0", "")),
        (
            f"{RHCOS} 410.84.202203221702-0 (Ootpa)",
            {"ID": "rhcos", "VERSION_ID": "4.10", "RHEL_VERSION": "8.4"},
            ("rhel", "8.4", "4.10"),
        ),
        ("", {"ID": "rhcos", "VERSION_ID": "4.12", "RHEL_VERSION": "8.6"}, ("rhel", "8.6", "4.12")),
        ("Red Hat Enterprise Linux 8.6 (Ootpa)", {}, ("rhel", "8.6", "")),
        ("Red Hat Enterprise Linux 9.4 (Plow)", {"ID": "rhel", "VERSION_ID": "9.4"}, ("rhel", "9.4", "")),
        ("Ubuntu 22.04.3 LTS", {}, ("ubuntu", "22.04", "")),
        ("Ubuntu 22.04.3 LTS", {"ID": "ubuntu", "VERSION_ID": "22.04"}, ("ubuntu", "22.04", "")),
        ("Fedora Linux 38 (Server Edition)", {}, ("fedora", "38", "")),
        ("SUSE Linux Enterprise Server 15 SP4", {}, ("sles", "15.4", "")),
        ("Flatcar Container Linux by Kinvolk 3510.2.1 (Oklo)", {}, ("flatcar", "3510.2.1", "")),
        ("Debian GNU/Linux 12 (bookworm)", {}, ("debian", "12", "")),
        ("Fedora CoreOS 37.20230205.3.0", {"ID": "fedora", "VERSION_ID": "37"}, ("fedora", "37", "")),
        (
            f"{RHCOS} 9.6.20250121-0 (Plow)",
            {"ID": "rhel", "VERSION_ID": "9.6", "OPENSHIFT_VERSION": "4.19"},
            ("rhel", "9.6", "4.19"),
        ),
        (f"{RHCOS} 9.6.20250121-0 (Plow)", {"ID": "rhel", "VERSION_ID": "9.6"}, ("rhel", "9.6", "")),
        # OpenShift 4.8, and what comes after 4.19; the second build of a day.
        (f"{RHCOS} 48.84.202109210859-0 (Ootpa)", {}, ("rhel", "8.4", "4.8")),
        (f"{RHCOS} 9.6.20250826-1 (Plow)", {}, ("rhel", "9.6", "")),
        (f"{RHCOS} 9.8.20260817-0 (Plow)", {}, ("rhel", "9.8", "")),
        (f"{RHCOS} 10.2.20260817-0 (Coughlan)", {}, ("rhel", "10.2", "")),
        ("", {"ID": "rhel", "VERSION_ID": "9.6", "OPENSHIFT_VERSION": "4.19"}, ("rhel", "9.6", "4.19")),
        ("", {"OPENSHIFT_VERSION": "4.19"}, ("rhel", "", "4.19")),
        (
            "Fedora CoreOS 37.20230205.3.0",
            {"ID": "fedora", "VERSION_ID": "37", "OPENSHIFT_VERSION": "4.12"},
            ("fedora", "37", "4.12"),
        ),
        # OKD on CentOS Stream: the version has no minor part.
        (f"{SCOS} 412.9.202211241749-0", {}, ("rhel", "9", "4.12")),
        (f"{SCOS} 412.9.202211241749-0", {"ID": "scos", "VERSION_ID": "4.12"}, ("rhel", "9", "4.12")),
        (f"{SCOS} 421.10.202510231200-0", {}, ("rhel", "10", "4.21")),
        (f"{SCOS} 10.0.20251023-0 (Coughlan)", {}, ("rhel", "10.0", "")),
        # What other nodes report: PRETTY_NAME; beside it ID and VERSION_ID of the same /etc/os-release.
        ("Red Hat Enterprise Linux 8.10 (Ootpa)", {}, ("rhel", "8.10", "")),
        ("Red Hat Enterprise Linux Server 7.9 (Maipo)", {}, ("rhel", "7.9", "")),
        ("Red Hat Enterprise Linux 10.0 (Coughlan)", {}, ("rhel", "10.0", "")),
        ("CentOS Linux 7 (Core)", {}, ("centos", "7", "")),
        ("CentOS Stream 9", {}, ("centos", "9", "")),
        ("Rocky Linux 9.3 (Blue Onyx)", {}, ("rocky", "9.3", "")),
        ("AlmaLinux 9.4 (Seafoam Ocelot)", {}, ("almalinux", "9.4", "")),
        ("Oracle Linux Server 8.9", {}, ("ol", "8.9", "")),
        ("Fedora 23 (Twenty Three)", {}, ("fedora", "23", "")),
        ("Fedora CoreOS 37.20230205.3.0", {}, ("fedora", "37", "")),
        ("Ubuntu 24.04 LTS", {}, ("ubuntu", "24.04", "")),
        ("Ubuntu 24.04.1 LTS", {"ID": "ubuntu", "VERSION_ID": "24.04"}, ("ubuntu", "24.04", "")),
        ("Ubuntu Core 22", {}, ("ubuntu-core", "22", "")),
        ("Debian GNU/Linux trixie/sid", {}, ("debian", "", "")),
        ("Raspbian GNU/Linux 11 (bullseye)", {}, ("raspbian", "11", "")),
        ("SUSE Linux Enterprise Server 15", {}, ("sles", "15", "")),
        ("SUSE Linux Enterprise Server 15 SP6", {"ID": "sles", "VERSION_ID": "15.6"}, ("sles", "15.6", "")),
        ("SUSE Linux Enterprise Server 16.0", {}, ("sles", "16.0", "")),
        ("SUSE Linux Enterprise Micro 5.5", {}, ("sle-micro", "5.5", "")),
        ("SUSE Linux Micro 6.1", {}, ("sl-micro", "6.1", "")),
        ("openSUSE Leap 15.6", {}, ("opensuse-leap", "15.6", "")),
        ("openSUSE Leap Micro 6.2", {}, ("opensuse-leap-micro", "6.2", "")),
        ("openSUSE MicroOS", {}, ("opensuse-microos", "", "")),
        ("openSUSE Tumbleweed", {}, ("opensuse-tumbleweed", "", "")),
        (
            "Harvester v1.0.3",
            {"ID": "sle-micro-rancher", "VERSION_ID": "5.2"},
            ("sle-micro-rancher", "5.2", ""),
        ),
        ("Talos (v1.11.2)", {}, ("talos", "1.11.2", "")),
        ("Talos (v1.11.2)", {"ID": "talos", "VERSION_ID": "v1.11.2"}, ("talos", "1.11.2", "")),
        ("Bottlerocket OS 1.44.0 (aws-k8s-1.33)", {}, ("bottlerocket", "1.44.0", "")),
        ("Amazon Linux 2", {}, ("amzn", "2", "")),
        ("Amazon Linux 2023", {}, ("amzn", "2023", "")),
        ("Amazon Linux 2023.6.20241010", {}, ("amzn", "2023", "")),
        ("Container-Optimized OS from Google", {}, ("cos", "", "")),
        ("Container-Optimized OS from Google", {"ID": "cos", "VERSION_ID": "77"}, ("cos", "77", "")),
        ("CBL-Mariner/Linux", {}, ("mariner", "", "")),
        ("CBL-Mariner/Linux", {"ID": "mariner", "VERSION_ID": "2.0"}, ("mariner", "2.0", "")),
        ("Microsoft Azure Linux 3.0", {}, ("azurelinux", "3.0", "")),
        ("VMware Photon OS/Linux", {}, ("photon", "", "")),
        ("Garden Linux 1443.3", {}, ("gardenlinux", "1443.3", "")),
        ("openEuler 22.03 (LTS-SP1)", {}, ("openEuler", "22.03", "")),
        ("Kylin Linux V10", {"ID": "kylin", "VERSION_ID": "V10"}, ("kylin", "10", "")),
        ("NixOS 24.05 (Uakari)", {}, ("nixos", "24.05", "")),
        ("Arch Linux", {}, ("arch", "", "")),
        ("Linux", {}, ("", "", "")),
        ("Somebody's own", {}, ("", "", "")),
        ("", {}, ("", "", "")),
    ],
)
def test_the_system_of_a_node_is_read_from_labels_and_image(
    os_image: str, labels: dict[str, str], expected: tuple[str, str, str]
) -> None:
    identifier, version, release = expected
    assert operating_system(node(os_image, **labels)) == OperatingSystem(
        id=identifier, version=version, release=release
    )


@pytest.mark.parametrize(
    ("os_image", "version"),
    [
        (f"{RHCOS} 48.84.202109210859-0 (Ootpa)", "48.84.202109210859-0"),
        (f"{RHCOS} 410.84.202203221702-0 (Ootpa)", "410.84.202203221702-0"),
        (f"{RHCOS} 9.6.20250826-1 (Plow)", "9.6.20250826-1"),
        (f"{RHCOS} 10.2.20260817-0 (Coughlan)", "10.2.20260817-0"),
        (f"{SCOS} 412.9.202211241749-0", "412.9.202211241749-0"),
        (RHCOS, ""),
        ("Fedora CoreOS 37.20230205.3.0", ""),
        ("Somebody's 9.6.20250826-1", ""),
        ("Red Hat Enterprise Linux 9.4 (Plow)", ""),
    ],
)
def test_the_version_of_an_rhcos_image_is_a_tag_of_its_toolkit(os_image: str, version: str) -> None:
    assert rhcos_version(node(os_image)) == version
    assert is_rhcos_version(version) == bool(version)


def test_a_system_is_written_as_sro_writes_it() -> None:
    system = OperatingSystem(id="rhel", version="8.4")
    assert (system.major, system.major_minor) == ("rhel8", "rhel8.4")


@pytest.mark.parametrize(
    ("kernel", "label"),
    [
        ("4.18.0-305.45.1.el8_4.x86_64", "4.18.0-305.45.1.el8_4.x86_64"),
        ("6.5.0-1+deb12", "6.5.0-1_deb12"),
        ("5.15.0~rc1-generic", "5.15.0_rc1-generic"),
        ("6.1.0-custom+", "6.1.0-custom"),
        ("5.10.0-_.", "5.10.0"),
        ("6.6.28+rpt-rpi-2712", "6.6.28_rpt-rpi-2712"),
        ("6.6.105+", "6.6.105"),
        ("5.14.0-427.el9_4.aarch64+64k", "5.14.0-427.el9_4.aarch64_64k"),
        ("6.1.0-0.deb11.21~bpo+1-amd64", "6.1.0-0.deb11.21_bpo_1-amd64"),
        ("6.12.48-talos", "6.12.48-talos"),
    ],
)
def test_the_label_of_a_kernel_is_what_node_feature_discovery_writes(kernel: str, label: str) -> None:
    assert kernel_label_value(KernelVersion(kernel)) == label


@pytest.mark.parametrize(
    ("kernel", "patch"),
    [
        ("4.18.0-305.45.1.el8_4.x86_64", "4.18.0-305"),
        ("4.18.0-305.45.1.rt7.117.el8_4.x86_64", "4.18.0-305"),
        ("5.14.0-70-generic", "5.14.0-70"),
        ("5.10.201", "5.10.201"),
        ("6.1.62.local", "6.1.62"),
        ("6.1", "6.1"),
        ("5.14.0-427.el9_4.x86_64+rt", "5.14.0-427"),
        ("6.4.0-150600.21-default", "6.4.0-150600"),
        ("6.6.150.1-1.azl3", "6.6.150.1-1"),
        ("6.6.28+rpt-rpi-2712", "6.6.28+rpt-rpi"),
        ("6.1.0-0.deb11.21~bpo+1-amd64", "6.1.0-0"),
        ("6.6.105+", "6.6.105+"),
        ("5.10.230-223.885.amzn2.x86_64", "5.10.230-223"),
    ],
)
def test_the_patch_version_is_version_and_first_number_behind_the_dash(kernel: str, patch: str) -> None:
    assert kernel_patch_version(kernel) == patch


@pytest.mark.parametrize(("go", "kernel"), [("amd64", "x86_64"), ("arm64", "aarch64"), ("s390x", "s390x")])
def test_architectures_have_the_kernels_names(go: str, kernel: str) -> None:
    assert kernel_architecture(go) == kernel
