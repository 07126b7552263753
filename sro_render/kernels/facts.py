"""What a node says of itself: operating system, OpenShift release, and the label that selects its kernel.

Source: special-resource-operator pkg/utils/osversion.go and pkg/kernel/kernel.go; node-feature-discovery
for the kernel label. Differs: labels come before `osImage`, RHCOS's newer version strings are
understood, and so are other distributions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sro_render.model.inventory import KernelVersion, Node

KERNEL_LABEL = "feature.node.kubernetes.io/kernel-version.full"
_OS_RELEASE = "feature.node.kubernetes.io/system-os_release."

_RHCOS = ("Red Hat Enterprise Linux CoreOS", "CentOS Stream CoreOS")
_NOT_IN_LABEL = re.compile(r"[^-A-Za-z0-9_.]")
# RHCOS until OpenShift 4.18: 410.84.202203221702-0 is OpenShift 4.10 on RHEL 8.4.
_RHCOS_BY_RELEASE = re.compile(r"\b(\d)(\d+)\.(\d+)\.\d{12}-\d+")
# RHCOS since OpenShift 4.19: 9.6.20250121-0 is RHEL 9.6; OpenShift's version is not in it.
_RHCOS_BY_RHEL = re.compile(r"\b(\d{1,2}\.\d{1,2})\.\d{8}-\d+")
_VERSION = re.compile(r"\d+(?:\.\d+)*")
_SUSE_SERVICE_PACK = re.compile(r"\b(\d+) SP(\d+)\b")

# First words of osImage, and ID in that system's /etc/os-release.
_SYSTEMS = (
    ("Red Hat Enterprise Linux", "rhel"),
    ("CentOS", "centos"),
    ("Fedora", "fedora"),
    ("Ubuntu", "ubuntu"),
    ("Debian", "debian"),
    ("SUSE Linux Enterprise", "sles"),
    ("openSUSE Leap", "opensuse-leap"),
    ("Flatcar", "flatcar"),
    ("Rocky Linux", "rocky"),
    ("AlmaLinux", "almalinux"),
    ("Oracle Linux", "ol"),
    ("Amazon Linux", "amzn"),
    ("Talos", "talos"),
    ("Bottlerocket", "bottlerocket"),
)

# Go's names of architectures, and the kernel's.
_KERNEL_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686"} | {
    name: name for name in ("ppc64le", "riscv64", "s390x")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """A node's system. id: `rhel`, `ubuntu`…; version: `8.4`, `22.04`, empty where unknown.

    release: OpenShift's `major.minor` that the node's image belongs to, empty elsewhere.
    """

    id: str = ""
    version: str = ""
    release: str = ""

    @property
    def major(self) -> str:
        """Id and major version together, as SRO writes them: `rhel8`."""
        return self.id + self.version.split(".", 1)[0]

    @property
    def major_minor(self) -> str:
        """Id and version together: `rhel8.4`."""
        return self.id + self.version


def operating_system(node: Node) -> OperatingSystem:
    """The node's system, from NFD's labels where it has them, else from `osImage`."""
    if node.os_image.startswith(_RHCOS) or node.labels.get(f"{_OS_RELEASE}ID") in {"rhcos", "scos"}:
        return _rhcos(node)
    identifier = node.labels.get(f"{_OS_RELEASE}ID", "")
    version = node.labels.get(f"{_OS_RELEASE}VERSION_ID", "")
    if identifier and version:
        return OperatingSystem(id=identifier, version=version)
    guessed = _from_os_image(node.os_image)
    return OperatingSystem(id=identifier or guessed.id, version=version or guessed.version)


def _rhcos(node: Node) -> OperatingSystem:
    """RHCOS: its label VERSION_ID is OpenShift's version, and RHEL_VERSION is the system's."""
    rhel = node.labels.get(f"{_OS_RELEASE}RHEL_VERSION", "")
    release = ".".join(_release_label(node).split(".")[:2])
    old = _RHCOS_BY_RELEASE.search(node.os_image)
    if old:
        major, minor, system = old.groups()
        # 84 is 8.4, 92 is 9.2; RHEL 10 has a major version of two digits.
        digits = 2 if system.startswith("1") and len(system) > 2 else 1
        image_version = f"{system[:digits]}.{system[digits:]}"
        return OperatingSystem(
            id="rhel", version=rhel or image_version, release=release or f"{major}.{minor}"
        )
    new = _RHCOS_BY_RHEL.search(node.os_image)
    return OperatingSystem(id="rhel", version=rhel or (new.group(1) if new else ""), release=release)


def _release_label(node: Node) -> str:
    """OpenShift's version: its own label, or VERSION_ID where /etc/os-release is RHCOS's own."""
    if node.labels.get(f"{_OS_RELEASE}ID") in {"rhcos", "scos"}:
        version = node.labels.get(f"{_OS_RELEASE}VERSION_ID", "")
        # Since 4.19 the file is RHEL's: then the version is the system's, and no release of OpenShift.
        if version != node.labels.get(f"{_OS_RELEASE}RHEL_VERSION"):
            return version
    return node.labels.get(f"{_OS_RELEASE}OPENSHIFT_VERSION", "")


def _from_os_image(os_image: str) -> OperatingSystem:
    """Id and version as the system's /etc/os-release has them, guessed from its pretty name."""
    identifier = next((name for words, name in _SYSTEMS if os_image.startswith(words)), "")
    service_pack = _SUSE_SERVICE_PACK.search(os_image)
    if service_pack and identifier == "sles":
        return OperatingSystem(id=identifier, version=".".join(service_pack.groups()))
    found = _VERSION.search(os_image)
    version = found.group() if found else ""
    if identifier == "ubuntu":
        # The pretty name has the point release (22.04.3), VERSION_ID has not (22.04).
        version = ".".join(version.split(".")[:2])
    return OperatingSystem(id=identifier, version=version)


def kernel_label_value(kernel: KernelVersion) -> str:
    """What NFD writes for a kernel: characters that no label may have become `_`, ends are trimmed."""
    return _NOT_IN_LABEL.sub("_", kernel).strip("-_.")


def kernel_patch_version(kernel: str) -> str:
    """`4.18.0-305` of `4.18.0-305.45.1.el8_4.x86_64`; without a dash, the first three numbers.

    Source: kernel.go PatchVersion. Differs: fewer than three numbers are no error.
    """
    version, dash, rest = kernel.partition("-")
    if not dash:
        return ".".join(kernel.split(".")[:3])
    return f"{version}-{rest.split('-', 1)[0].split('.', 1)[0]}"


def kernel_architecture(architecture: str) -> str:
    """The kernel's name of an architecture: `x86_64` of `amd64`."""
    return _KERNEL_ARCHITECTURES.get(architecture, architecture)


def architecture_suffix(kernel: str, architecture: str) -> str:
    """What stands behind the last dot of a node's kernel: `x86_64`; empty if nothing tells.

    Args: architecture: Go's name; if it is empty, the kernel itself may tell.
    """
    if architecture:
        return kernel_architecture(architecture)
    ending = kernel.rpartition(".")[2]
    return ending if ending in _KERNEL_ARCHITECTURES.values() else ""
