"""What a node says of itself: operating system, OpenShift release, and the label that selects its kernel.

Source: special-resource-operator pkg/utils/osversion.go and pkg/kernel/kernel.go; node-feature-discovery
for the kernel label. Differs: labels come before `osImage`, RHCOS's newer version strings are
understood, and so are other distributions.
"""

from __future__ import annotations

import re

from msgspec import Struct

from sro_render.model.inventory import KernelVersion, Node

KERNEL_LABEL = "feature.node.kubernetes.io/kernel-version.full"
_OS_RELEASE = "feature.node.kubernetes.io/system-os_release."

_RHCOS = "Red Hat Enterprise Linux CoreOS"
_SCOS = "CentOS Stream CoreOS"
_NOT_IN_LABEL = re.compile(r"[^-A-Za-z0-9_.]")
# RHCOS until OpenShift 4.18: 410.84.202203221702-0 is OpenShift 4.10 on RHEL 8.4.
# OKD's SCOS has the major version alone: 412.9.202211241749-0.
_RHCOS_BY_RELEASE = re.compile(r"\b(\d)(\d+)\.(\d+)\.\d{12}-\d+")
# RHCOS since OpenShift 4.19: 9.6.20250121-0 is RHEL 9.6; OpenShift's version is not in it.
_RHCOS_BY_RHEL = re.compile(r"\b(\d{1,2}\.\d{1,2})\.\d{8}-\d+")
_VERSION = re.compile(r"\d+(?:\.\d+)*")
_SUSE_SERVICE_PACK = re.compile(r"\b(\d+) SP(\d+)\b")

# First words of osImage, ID in that system's /etc/os-release, and how many numbers of those in osImage
# its VERSION_ID has: `Amazon Linux 2023.6.20241010` has 2023. The longer words come first.
_ALL = 9
_SYSTEMS = (
    ("Red Hat Enterprise Linux", "rhel", _ALL),
    ("CentOS", "centos", _ALL),
    ("Fedora", "fedora", 1),
    ("Ubuntu Core", "ubuntu-core", 1),
    ("Ubuntu", "ubuntu", 2),
    ("Debian", "debian", 1),
    ("Raspbian", "raspbian", 1),
    ("SUSE Linux Enterprise Micro", "sle-micro", _ALL),
    ("SUSE Linux Enterprise", "sles", _ALL),
    ("SUSE Linux Micro", "sl-micro", _ALL),
    ("openSUSE Leap Micro", "opensuse-leap-micro", _ALL),
    ("openSUSE Leap", "opensuse-leap", _ALL),
    ("openSUSE MicroOS", "opensuse-microos", _ALL),
    ("openSUSE Tumbleweed", "opensuse-tumbleweed", _ALL),
    ("Flatcar", "flatcar", _ALL),
    ("Rocky Linux", "rocky", _ALL),
    ("AlmaLinux", "almalinux", _ALL),
    ("Oracle Linux", "ol", _ALL),
    ("Amazon Linux", "amzn", 1),
    ("Talos", "talos", _ALL),
    ("Bottlerocket", "bottlerocket", _ALL),
    ("Container-Optimized OS", "cos", _ALL),
    ("CBL-Mariner", "mariner", _ALL),
    ("Microsoft Azure Linux", "azurelinux", 2),
    ("VMware Photon OS", "photon", _ALL),
    ("Garden Linux", "gardenlinux", _ALL),
    ("openEuler", "openEuler", _ALL),
    ("Alpine Linux", "alpine", _ALL),
    ("NixOS", "nixos", 2),
    ("Arch Linux", "arch", _ALL),
)

# Go's names of architectures, and the kernel's.
_KERNEL_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686"} | {
    name: name for name in ("ppc64le", "riscv64", "s390x")
}


class OperatingSystem(Struct, frozen=True, kw_only=True):
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
    if is_rhcos(node):
        return _rhcos(node)
    identifier = node.labels.get(f"{_OS_RELEASE}ID", "")
    version = _number(node.labels.get(f"{_OS_RELEASE}VERSION_ID", ""))
    release = _major_minor(_release_label(node))
    guessed = _from_os_image(node.os_image)
    return OperatingSystem(id=identifier or guessed.id, version=version or guessed.version, release=release)


def is_rhcos(node: Node) -> bool:
    """Whether the node runs the system that OpenShift (RHCOS) or OKD (SCOS) brings along.

    Its /etc/os-release names OpenShift's version; its ID is RHEL's since OpenShift 4.19.
    """
    identifier = node.labels.get(f"{_OS_RELEASE}ID", "")
    if node.os_image.startswith((_RHCOS, _SCOS)) or identifier in {"rhcos", "scos"}:
        return True
    # OKD on Fedora CoreOS has such a label too.
    has_release = f"{_OS_RELEASE}OPENSHIFT_VERSION" in node.labels
    return has_release and not node.os_image and identifier in {"", "rhel"}


def rhcos_version(node: Node) -> str:
    """The version string of the node's RHCOS image, as a tag of openshift/driver-toolkit has it.

    Returns: `410.84.202203221702-0` or `9.6.20250121-0`; empty elsewhere.
    """
    if not is_rhcos(node):
        return ""
    found = _RHCOS_BY_RELEASE.search(node.os_image) or _RHCOS_BY_RHEL.search(node.os_image)
    return found.group() if found else ""


def is_rhcos_version(text: str) -> bool:
    """Whether a tag is the version of an RHCOS image."""
    return bool(_RHCOS_BY_RELEASE.fullmatch(text) or _RHCOS_BY_RHEL.fullmatch(text))


def _rhcos(node: Node) -> OperatingSystem:
    """RHCOS: its label VERSION_ID is OpenShift's version, and RHEL_VERSION is the system's."""
    rhel = node.labels.get(f"{_OS_RELEASE}RHEL_VERSION", "")
    release = _major_minor(_release_label(node))
    old = _RHCOS_BY_RELEASE.search(node.os_image)
    if old:
        major, minor, system = old.groups()
        is_rhel = not node.os_image.startswith(_SCOS)
        return OperatingSystem(
            id="rhel",
            version=rhel or (_rhel_version(system) if is_rhel else system),
            release=release or f"{major}.{minor}",
        )
    new = _RHCOS_BY_RHEL.search(node.os_image)
    version = rhel or (new.group(1) if new else "")
    if not version and node.labels.get(f"{_OS_RELEASE}ID") == "rhel":
        # Since 4.19 the file is RHEL's, and so is its VERSION_ID.
        version = node.labels.get(f"{_OS_RELEASE}VERSION_ID", "")
    return OperatingSystem(id="rhel", version=version, release=release)


def _rhel_version(digits: str) -> str:
    """`8.4` of `84`; RHEL 10 has a major version of two digits: `10.0` of `100`."""
    major = 2 if digits.startswith("1") and len(digits) > 2 else 1
    return f"{digits[:major]}.{digits[major:]}"


def _release_label(node: Node) -> str:
    """OpenShift's version: its own label, or VERSION_ID where /etc/os-release is RHCOS's own."""
    if node.labels.get(f"{_OS_RELEASE}ID") in {"rhcos", "scos"}:
        version = node.labels.get(f"{_OS_RELEASE}VERSION_ID", "")
        # Since 4.19 the file is RHEL's: then the version is the system's, and no release of OpenShift.
        if version != node.labels.get(f"{_OS_RELEASE}RHEL_VERSION"):
            return version
    return node.labels.get(f"{_OS_RELEASE}OPENSHIFT_VERSION", "")


def _major_minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _from_os_image(os_image: str) -> OperatingSystem:
    """Id and version as the system's /etc/os-release has them, guessed from its pretty name."""
    identifier, numbers = next(
        ((name, numbers) for words, name, numbers in _SYSTEMS if os_image.startswith(words)), ("", _ALL)
    )
    service_pack = _SUSE_SERVICE_PACK.search(os_image)
    if service_pack and identifier == "sles":
        return OperatingSystem(id=identifier, version=".".join(service_pack.groups()))
    found = _VERSION.search(os_image)
    version = ".".join(found.group().split(".")[:numbers]) if found else ""
    return OperatingSystem(id=identifier, version=version)


def _number(version: str) -> str:
    """VERSION_ID without the letter that Talos (`v1.7.0`) and Kylin (`V10`) put before the number."""
    return version[1:] if version[:1] in {"v", "V"} and version[1:2].isdigit() else version


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
