"""The snapshot of a cluster: all that rendering needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NewType

from msgspec import Struct, field

KernelVersion = NewType("KernelVersion", str)
"""What `uname -r` prints on a node, such as `4.18.0-305.45.1.el8_4.x86_64`."""


class Node(Struct, frozen=True, kw_only=True):
    """A node, or a planned kernel (then `name` is empty)."""

    name: str
    kernel: KernelVersion
    labels: Mapping[str, str] = {}
    os_image: str = ""
    architecture: str = ""
    """Go's name, as the kubelet reports it: amd64, arm64."""
    kubelet_version: str = ""


class DriverToolkit(Struct, frozen=True, kw_only=True):
    """What `/etc/driver-toolkit-release.json` in a driver-toolkit image says, and the image itself."""

    image: str
    tag: str = ""
    """The image stream's tag by which a kernel found it; empty if it was found by its kernels."""
    kernel: str = ""
    """With or without the architecture's suffix."""
    rt_kernel: str = ""
    os_version: str = ""
    architecture: str = ""


class Proxy(Struct, frozen=True, kw_only=True):
    """The cluster's egress proxy."""

    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    trusted_ca: str = ""


class Cluster(Struct, frozen=True, kw_only=True):
    """Facts that hold for the whole cluster; what plain Kubernetes lacks is empty."""

    name: str = ""
    version: str = ""
    """OpenShift's version, of the newest completed update."""
    kubernetes_version: str = ""
    api_versions: tuple[str, ...] = ()
    platform: str = ""
    """`OCP` on OpenShift, `K8S` elsewhere."""
    os_image_url: str = ""
    proxy: Proxy = field(default_factory=Proxy)


class ToolkitTag(Struct, frozen=True, kw_only=True):
    """A tag of the image stream `openshift/driver-toolkit` and the image that it names now.

    A tag names one image, or one for each architecture.
    """

    tag: str
    image: str


class Inventory(Struct, frozen=True, kw_only=True):
    """All inventory files of one run, merged. Order: nodes A-Z, planned kernels and toolkits as given."""

    cluster: Cluster = field(default_factory=Cluster)
    nodes: tuple[Node, ...] = ()
    planned: tuple[Node, ...] = ()
    toolkits: tuple[DriverToolkit, ...] = ()
    toolkit_tags: tuple[ToolkitTag, ...] = ()
    push_secrets: Mapping[str, str] = {}
    """Namespace to the name of the Secret that the builder pushes with."""
