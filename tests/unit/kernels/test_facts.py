"""What a node says of itself.

Matrix: OS strings of both RHCOS eras and of other systems, with and without NFD's labels; kernels
for labels, patch versions and architectures. Expected values: SRO's own (pkg/utils/osversion.go),
each system's /etc/os-release, and NFD's rule for label values. Left out: nodes that lie.
"""

from __future__ import annotations

import pytest

from sro_render.kernels.facts import (
    OperatingSystem,
    kernel_architecture,
    kernel_label_value,
    kernel_patch_version,
    operating_system,
)
from sro_render.model.inventory import KernelVersion, Node

RHCOS = "Red Hat Enterprise Linux CoreOS"
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
    ],
)
def test_the_patch_version_is_version_and_first_number_behind_the_dash(kernel: str, patch: str) -> None:
    assert kernel_patch_version(kernel) == patch


@pytest.mark.parametrize(("go", "kernel"), [("amd64", "x86_64"), ("arm64", "aarch64"), ("s390x", "s390x")])
def test_architectures_have_the_kernels_names(go: str, kernel: str) -> None:
    assert kernel_architecture(go) == kernel
