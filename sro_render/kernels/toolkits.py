"""Which driver toolkit has a kernel's headers.

Decides by what a toolkit is found: by its kernels, where they are known; else by the image stream's
tags, of which one names the nodes' OS image or their release. What is written about a toolkit is read
in `snapshot`.
Source: special-resource-operator pkg/upgrade/upgrade.go and pkg/cluster/cluster.go. Differs: all
toolkits and tags are looked at, and not only the newest image of the tag `latest`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from sro_render.errors import Finding
from sro_render.kernels.facts import (
    OperatingSystem,
    architecture_suffix,
    is_rhcos,
    is_rhcos_version,
    kernel_architecture,
    rhcos_version,
)
from sro_render.model.inventory import DriverToolkit, Node, ToolkitTag

_LATEST = "latest"
_REAL_TIME = re.compile(r"[.+-]rt(?:\d|\Z)")
"""4.18.0-305.45.1.rt7.117.el8_4, 5.14.0-427.el9_4.x86_64+rt, 5.14.21-150400.15.5-rt."""


class Toolkits(Struct, frozen=True, kw_only=True):
    """All toolkits of a cluster, by what they are found by: thousands of kernels look for theirs.

    by_kernel: toolkits by each of their kernels, with or without the architecture's suffix.
    by_image:  what is known of an image; an image may be one for several architectures.
    by_tag:    the images that a tag names, A-Z: one, or one for each architecture.
    version:   OpenShift's version that the cluster runs; empty elsewhere.
    """

    by_kernel: Mapping[str, Sequence[DriverToolkit]]
    by_image: Mapping[str, Sequence[DriverToolkit]]
    by_tag: Mapping[str, Sequence[str]]
    version: str

    @classmethod
    def of(cls, toolkits: Iterable[DriverToolkit], tags: Iterable[ToolkitTag], version: str) -> Toolkits:
        """Any order of toolkits and tags gives the same."""
        by_kernel: dict[str, list[DriverToolkit]] = {}
        by_image: dict[str, list[DriverToolkit]] = {}
        by_tag: dict[str, list[str]] = {}
        for toolkit in toolkits:
            by_image.setdefault(toolkit.image, []).append(toolkit)
            for kernel in {toolkit.kernel, toolkit.rt_kernel} - {""}:
                by_kernel.setdefault(kernel, []).append(toolkit)
        for tag in sorted(tags, key=lambda each: (each.tag, each.image)):
            by_tag.setdefault(tag.tag, []).append(tag.image)
        return cls(by_kernel=by_kernel, by_image=by_image, by_tag=by_tag, version=version)

    def for_kernel(self, kernel: str, architecture: str) -> list[DriverToolkit]:
        """Those whose standard or real-time kernel this is, by image, their kernels as nodes report them.

        Source: upgrade.go updateInfo: the kernels of a toolkit come without the architecture.
        """
        suffix = architecture_suffix(kernel, architecture)
        names = {kernel, kernel.replace(f".{suffix}", "")} if suffix else {kernel}
        fitting = {
            full: None
            for name in sorted(names)
            for toolkit in self.by_kernel.get(name, ())
            if _fits(toolkit, suffix)
            and kernel in {(full := _with_architecture(toolkit, suffix)).kernel, full.rt_kernel}
        }
        # One that names its architecture comes before one that may be for any.
        return sorted(fitting, key=lambda each: (not each.architecture, each.image))

    def for_tags(self, tags: Iterable[str], suffix: str) -> Iterator[tuple[str, str, DriverToolkit | None]]:
        """The images of tags that are for an architecture, each with its tag and what is known of it."""
        for tag in tags:
            for image in self.by_tag.get(tag, ()):
                known = self.by_image.get(image, ())
                fitting = [each for each in known if _fits(each, suffix)]
                if fitting or not known:
                    said = (each for each in fitting if each.kernel or each.rt_kernel)
                    yield tag, image, next(said, None)

    def release_tags(self, members: Sequence[Node], system: OperatingSystem) -> Iterator[str]:
        """Tags that mean the release that a kernel's nodes run; `latest` means the cluster's."""
        release = ".".join(self.version.split(".")[:2])
        is_current = bool(release) and system.release in {"", release}
        if is_current and any(node.name for node in members):
            yield self.version
            if not self._is_for_another_image(_LATEST):
                yield _LATEST
        if system.release:
            yield system.release

    def _is_for_another_image(self, tag: str) -> bool:
        """Whether another tag of the same image says which OS image it is for."""
        images = set(self.by_tag.get(tag, ()))
        return any(is_rhcos_version(other) and images & {*named} for other, named in self.by_tag.items())


def choose_toolkit(
    kernel: str,
    members: Sequence[Node],
    architecture: str,
    system: OperatingSystem,
    toolkits: Toolkits,
) -> tuple[DriverToolkit | None, tuple[Finding, ...]]:
    """The toolkit for a kernel, from the nodes that run it, and what is odd about it.

    Returns: the toolkit with the tag that it was found by, empty if it was found by its kernel. The
             choice hangs on no other kernel.
    """
    suffix = architecture_suffix(kernel, architecture)
    images = sorted({rhcos_version(node) for node in members} - {""})
    by_kernel = toolkits.for_kernel(kernel, architecture)
    if by_kernel:
        current = [_LATEST, toolkits.version]
        by_kernel = _narrowed(by_kernel, {image for _, image, _ in toolkits.for_tags(images, suffix)})
        by_kernel = _narrowed(by_kernel, {image for _, image, _ in toolkits.for_tags(current, suffix)})
        return by_kernel[0], _several(kernel, by_kernel)
    by_image = list(toolkits.for_tags(images, suffix))
    others = tuple(_other_kernel(kernel, tag, known) for tag, _, known in by_image if known)
    unknown = [_toolkit_of_tag(kernel, tag, image, system) for tag, image, known in by_image if not known]
    if unknown:
        return unknown[0], (*others, *_several(kernel, unknown))
    if any(map(is_rhcos, members)) and not others:
        for tag in toolkits.release_tags(members, system):
            for _, image, known in toolkits.for_tags([tag], suffix):
                if not known:
                    return _toolkit_of_tag(kernel, tag, image, system), ()
    return None, others


def doubtful_toolkits(chosen: Iterable[tuple[str, DriverToolkit | None]]) -> Iterator[Finding]:
    """Toolkits that were found by a tag for several kernels: each has one standard kernel's headers.

    Args: chosen: each kernel with its toolkit, in the order of kernels.
    """
    by_image: dict[tuple[str, bool], list[str]] = {}
    tags: dict[str, str] = {}
    for kernel, toolkit in chosen:
        if toolkit and toolkit.tag:
            by_image.setdefault((toolkit.image, _is_real_time(kernel)), []).append(kernel)
            tags.setdefault(toolkit.image, toolkit.tag)
    for (image, _), kernels in by_image.items():
        if len(kernels) > 1:
            yield Finding(
                code="toolkit-ambiguous",
                message=f"the driver toolkit with the tag {tags[image]} is for one of the kernels "
                f"{' and '.join(kernels)}, and nothing tells for which",
                subject=f"kernel {kernels[0]}",
                notes=(f"it is {image}",),
                hint="add it with its kernelFullVersion to driverToolkits of a NodeInventory; "
                "/etc/driver-toolkit-release.json in the image has it",
            )


def _several(kernel: str, toolkits: Sequence[DriverToolkit]) -> tuple[Finding, ...]:
    images = sorted({each.image for each in toolkits})
    if len(images) == 1:
        return ()
    return (
        Finding(
            code="toolkit-ambiguous",
            message=f"several driver toolkits are for this kernel: {' and '.join(images)}",
            subject=f"kernel {kernel}",
            notes=(f"{toolkits[0].image} is taken",),
            hint="leave one of them in driverToolkits of the NodeInventory, or add the image stream "
            "openshift/driver-toolkit, whose tags tell which belongs to the nodes' OS image",
        ),
    )


def _other_kernel(kernel: str, tag: str, known: DriverToolkit) -> Finding:
    has = " and ".join(each for each in (known.kernel, known.rt_kernel) if each)
    return Finding(
        code="toolkit-other-kernel",
        message=f"the driver toolkit of the nodes' OS image {tag} is for {has}",
        subject=f"kernel {kernel}",
        notes=(f"it is {known.image}",),
        hint="these nodes run another kernel than their OS image brings: add the toolkit of this kernel to "
        "driverToolkits of a NodeInventory",
    )


def _narrowed(toolkits: list[DriverToolkit], images: set[str]) -> list[DriverToolkit]:
    """Those of the images, if there are any, else all."""
    return [each for each in toolkits if each.image in images] or toolkits


def _toolkit_of_tag(kernel: str, tag: str, image: str, system: OperatingSystem) -> DriverToolkit:
    """What can be said of an image that only a tag tells of: it is made for the nodes' system."""
    which = {"rt_kernel": kernel} if _is_real_time(kernel) else {"kernel": kernel}
    return DriverToolkit(image=image, tag=tag, os_version=system.version, **which)


def _is_real_time(kernel: str) -> bool:
    return bool(_REAL_TIME.search(kernel))


def _fits(toolkit: DriverToolkit, suffix: str) -> bool:
    return not suffix or kernel_architecture(toolkit.architecture) in {"", suffix}


def _with_architecture(toolkit: DriverToolkit, suffix: str) -> DriverToolkit:
    """The toolkit with `.x86_64` and the like on both of its kernels, as nodes report them."""
    if not suffix:
        return toolkit
    return replace(
        toolkit,
        kernel=_kernel_with_architecture(toolkit.kernel, suffix),
        rt_kernel=_kernel_with_architecture(toolkit.rt_kernel, suffix),
    )


def _kernel_with_architecture(kernel: str, suffix: str) -> str:
    """`5.14.0-427.el9_4.x86_64+rt` of `5.14.0-427.el9_4+rt`: the flavour comes behind the architecture.

    Real-time kernels have a flavour since RHEL 9.3, and then toolkits write them with architecture.
    """
    version, plus, flavour = kernel.partition("+")
    if version.endswith(f".{suffix}"):
        return kernel
    return f"{version}.{suffix}{plus}{flavour}"
