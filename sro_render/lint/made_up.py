"""The cluster that lint renders for where none is given: two kernels, so that what depends on them shows."""

from __future__ import annotations

from sro_render.model.inventory import Cluster, DriverToolkit, Inventory, KernelVersion, Node

KERNELS = ("5.14.0-284.11.1.el9_2.x86_64", "5.14.0-427.13.1.el9_4.x86_64")
_RELEASES = (("4.13", "9.2"), ("4.16", "9.4"))

INVENTORY = Inventory(
    cluster=Cluster(
        version="4.16.0", platform="OCP", os_image_url="registry.invalid/os@sha256:0", kubernetes_version=""
    ),
    # Planned kernels without labels: every SR is for them, whatever its nodeSelector.
    planned=tuple(
        Node(
            name="",
            kernel=KernelVersion(kernel),
            os_image=f"Red Hat Enterprise Linux CoreOS {release.replace('.', '')}."
            f"{system.replace('.', '')}.202401010000-0",
            architecture="amd64",
        )
        for kernel, (release, system) in zip(KERNELS, _RELEASES, strict=True)
    ),
    toolkits=tuple(
        DriverToolkit(
            image=f"registry.invalid/driver-toolkit@sha256:{number:064x}",
            kernel=kernel,
            os_version=system,
            architecture="amd64",
        )
        for number, (kernel, (_, system)) in enumerate(zip(KERNELS, _RELEASES, strict=True), start=1)
    ),
)
